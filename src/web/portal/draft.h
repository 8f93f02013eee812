/*
 * web/portal/draft.h - ask `mimamori format draft` what a line that nobody reads could become.
 *
 * Purpose   The question, from what stands in a form; how it is asked: web/portal/ask.h.
 * Owns      Nothing; texts live in the request's arena.
 * Threads   See web/portal/ask.h.
 * Trust     See web/portal/ask.h.
 */
#ifndef MM_WEB_PORTAL_DRAFT_H
#define MM_WEB_PORTAL_DRAFT_H

#include "coverage/coverage.h"
#include "web/portal/page.h"

enum { MM_DRAFT_MARKS_MAX = 24, MM_DRAFT_WORDS_MAX = 16 }; /* as parse/draft.h */

struct mm_draft_ask {
    const struct mm_unread *line;  /* the kind of line, its first example is the one marked */
    const struct mm_unread *other; /* more kinds of line to try, one example each */
    size_t others;
    struct mm_slice name; /* empty: only how the line is cut */
    struct mm_slice title, category, outcome;
    struct mm_slice yaml, test; /* of the format that is added to; empty: a new one */
    struct {
        uint64_t from, n;
        struct mm_slice field;
    } mark[MM_DRAFT_MARKS_MAX];
    size_t marks;
    struct {
        struct mm_slice word, outcome;
    } word[MM_DRAFT_WORDS_MAX]; /* what words of a part marked event.outcome mean */
    size_t words;
};

/*
 * The answer (app/format_draft.c says what stands in it) as member `key` of `at`. MM_E_NOTFOUND:
 * there is no such program; MM_E_BUSY, MM_E_IO, MM_E_LIMIT: it did not answer as it should.
 */
MM_MUST_USE enum mm_code mm_draft_ask(struct mm_page *p, const struct mm_draft_ask *ask,
                                      struct mm_doc *at, const char *key);

#endif
