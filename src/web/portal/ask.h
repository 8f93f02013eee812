/*
 * web/portal/ask.h - ask a short-lived program of ours: a document in, a document out.
 *
 * Purpose   The portal keeps everybody's data and never takes foreign texts apart itself: a
 *           program does that has given away what it does not need (os/child.h), and what it
 *           answers is data for a page.
 * Owns      Nothing; texts live in the request's arena.
 * Threads   One program at a time; others wait for it.
 * Trust     The answer is as hostile as the question: bounded, checked JSON, only shown or bound.
 */
#ifndef MM_WEB_PORTAL_ASK_H
#define MM_WEB_PORTAL_ASK_H

#include "web/portal/page.h"

/*
 * Run argv[0] (NULL ends argv) with the question as JSON on its input, and put its answer, one JSON
 * object, as member `key` of `at`. MM_E_BUSY, MM_E_IO, MM_E_LIMIT: it did not answer as it should.
 */
MM_MUST_USE enum mm_code mm_page_ask(struct mm_page *p, const char *const *argv,
                                     const struct mm_doc *question, int wait_ms, struct mm_doc *at,
                                     const char *key);

#endif
