/*
 * web/portal/assess_view.h - an assessment of the company on a page, with its text and answers.
 *
 * Purpose   What the pages of assessments share: which questions are asked, what is answered, what
 *           to do first.
 * Owns      struct mm_assess_at owns the questionnaire until mm_assess_at_done; the rest lives in
 *           the request's arena.
 * Threads   As the request.
 * Trust     Answers and questionnaires are foreign text: only put into documents.
 */
#ifndef MM_WEB_PORTAL_ASSESS_VIEW_H
#define MM_WEB_PORTAL_ASSESS_VIEW_H

#include "assess/assess.h"
#include "web/portal/page.h"

struct mm_assess_at {
    struct mm_assessment a;
    struct mm_quest *q;
    struct mm_said *said; /* of the company and the interviewer, in force */
    size_t said_n;
    struct mm_answer *answer; /* one a question: what counts, not yet confirmed ones included */
    bool *asked;              /* one a question */
};

/* What a section, or the whole, is answered to. */
struct mm_assess_progress {
    size_t questions; /* that are asked */
    size_t answered;  /* "don't know" and "does not apply" are answers */
    size_t unknown;
    size_t unconfirmed; /* carried over or proposed: somebody has to say yes */
};

/*
 * The company of the path and the assessment that its second parameter names, read in p->tx.
 * MM_E_NOTFOUND when there is none. _done may be called in any case.
 */
MM_MUST_USE enum mm_code mm_page_assessment(struct mm_page *p, struct mm_assess_at *ret);
/* The same of an assessment that was read already: at->a is set. */
MM_MUST_USE enum mm_code mm_assess_at_read(struct mm_page *p, struct mm_assess_at *at);
void mm_assess_at_done(struct mm_assess_at *at);
/* Of this section; SIZE_MAX: of all. */
struct mm_assess_progress mm_assess_progress(const struct mm_assess_at *at, size_t section);
/* Whether who asks may answer now. */
bool mm_assess_may_answer(const struct mm_page *p, const struct mm_assess_at *at);
/* The latest answer of the company itself to this question; NULL: none. */
const struct mm_said *mm_assess_own(const struct mm_assess_at *at, size_t question);
/* "name", "title", "state", days and progress of it. */
void mm_assess_write_head(struct mm_page *p, struct mm_doc *d, const struct mm_assess_at *at);
/*
 * The most effective actions first, at most six, into array `key`: gap x weight x ease, exact.
 * Questions that are answered "done" have none; blank ones are left out, they come first anyway.
 */
MM_MUST_USE enum mm_code mm_assess_write_actions(struct mm_page *p, struct mm_doc *d,
                                                 const char *key, const struct mm_assess_at *at,
                                                 const struct mm_result *r);

#endif
