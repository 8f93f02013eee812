/*
 * web/portal/exception_view.h - what an exception may ask of an event, and how pages say it.
 *
 * Purpose   The fields that a form offers, a term of an exception as a document, and how much was
 *           hidden.
 * Owns      Nothing; static tables.
 * Threads   See page.h.
 * Trust     Values come from events and from people; documents carry them, templates escape them.
 */
#ifndef MM_WEB_PORTAL_EXCEPTION_VIEW_H
#define MM_WEB_PORTAL_EXCEPTION_VIEW_H

#include "exception/trial.h"
#include "web/portal/page.h"

enum mm_candidate_kind { MM_CANDIDATE_TEXT, MM_CANDIDATE_IP, MM_CANDIDATE_NUMBER };

/* A field of an event that exceptions are made of on pages: "exception.field.NAME" has its words.
 */
struct mm_candidate {
    struct mm_slice name;
    enum mm_candidate_kind kind;
};

/* index counts from 0; NULL behind the last. */
const struct mm_candidate *mm_candidate_at(size_t index);
const struct mm_candidate *mm_candidate_find(struct mm_slice name);
/* Whether a value of that kind can be compared so. */
bool mm_candidate_takes(enum mm_candidate_kind kind, enum mm_filter_how how);

/* Append one term to an array: name, known (it has words), how, value. */
void mm_exception_write_term(struct mm_doc *list, const struct mm_filter_term *term);

enum { MM_HIDDEN_DAYS = 30 };

/* How much each exception of a company has hidden in the last MM_HIDDEN_DAYS days. */
struct mm_hidden_counts {
    struct mm_hidden_row {
        uint64_t exception, n;
    } * row;
    size_t n;
    bool known; /* the store has answered */
};

/* Of the company of p; what the store does not answer soon is not known. */
MM_MUST_USE enum mm_code mm_hidden_ask(struct mm_page *p, struct mm_hidden_counts *ret);
/* As a measured number: 0 where nothing was hidden, "unknown" where nobody knows. */
void mm_hidden_write(struct mm_doc *d, const char *key, const struct mm_hidden_counts *h,
                     int64_t exception);
/* Which exception a filter's id names: "exception-12". */
bool mm_exception_of_filter(struct mm_slice id, int64_t *ret);
/* What stands beside something that it hid: exception, state, until. */
void mm_exception_write_brief(struct mm_doc *d, const struct mm_exception *e);

#endif
