/*
 * web/portal/ask.h - ask a short-lived program of ours: a document in, a document out.
 *
 * Purpose   The portal keeps everybody's data and never takes foreign texts apart itself: a
 *           program does that has given away what it does not need (os/child.h), and what it
 *           answers is data for a page.
 * Owns      Nothing; texts live in the request's arena.
 * Threads   One program of a lane at a time; others wait for it.
 * Trust     The answer is as hostile as the question: bounded, checked JSON, only shown or bound.
 */
#ifndef MM_WEB_PORTAL_ASK_H
#define MM_WEB_PORTAL_ASK_H

#include "web/portal/page.h"

/*
 * Run argv[0] (NULL ends argv) with the question as JSON on its input, and put its answer, one JSON
 * object, as member `key` of `at`. MM_E_BUSY, MM_E_IO, MM_E_LIMIT: it did not answer as it should.
 */
MM_MUST_USE enum mm_code mm_page_ask(struct mm_page *p, enum mm_ask_lane lane,
                                     const char *const *argv, const struct mm_doc *question,
                                     int wait_ms, struct mm_doc *at, const char *key);

/* The same with any bytes as the question. */
MM_MUST_USE enum mm_code mm_page_ask_bytes(struct mm_page *p, enum mm_ask_lane lane,
                                           const char *const *argv, struct mm_slice question,
                                           int wait_ms, struct mm_doc *at, const char *key);

/* A JSON object of ours as member `key` of `at`; numbers are whole ones. MM_E_IO: it is none. */
MM_MUST_USE enum mm_code mm_page_json(struct mm_page *p, struct mm_slice text, struct mm_doc *at,
                                      const char *key);

/* As above, of a document that mm_doc_json wrote, into `at` itself: what is measured, not measured
 * or a moment becomes that again. */
MM_MUST_USE enum mm_code mm_page_typed(struct mm_page *p, struct mm_slice text, struct mm_doc *at);

/* Reading such a document: what is not there, or of another type, is NULL, empty or 0. */
const struct mm_doc *mm_answer_member(const struct mm_doc *at, const char *key,
                                      enum mm_doc_type type);
struct mm_slice mm_answer_text(const struct mm_doc *at, const char *key);
int64_t mm_answer_number(const struct mm_doc *at, const char *key);
const struct mm_doc *mm_answer_first(const struct mm_doc *at, const char *key); /* of an array */

#endif
