/*
 * web/portal/exception_view.h - what an exception may ask of an event, and how pages say it.
 *
 * Purpose   The fields that a form offers, and a term of an exception as a document.
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
/* The rule of that id, or NULL; the set must outlive it. */
const struct mm_rule *mm_exception_rule(const struct mm_ruleset *set, struct mm_slice id);
/* The rule's title in the reader's language. */
struct mm_slice mm_exception_title(const struct mm_page *p, const struct mm_rule *rule);

#endif
