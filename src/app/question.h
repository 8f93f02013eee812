/*
 * app/question.h - the portal's question on standard input, the answer on standard output.
 *
 * Purpose   What the commands share that answer one page's question (app/format_draft,
 *           app/rules_draft).
 * Owns      Nothing; buffer and document are the caller's.
 * Threads   One.
 * Trust     The question is whatever somebody sent to the portal: bytes here, parsed by the caller.
 *           Only read and write are called: both work in the jail.
 */
#ifndef MM_APP_QUESTION_H
#define MM_APP_QUESTION_H

#include "base/buf.h"
#include "text/doc.h"

/* Append standard input to its end. False: it could not be read, or is longer than the buffer. */
MM_MUST_USE bool mm_question_read(struct mm_buf *out);
/* Write the document and a line's end, flushed. False: it is incomplete, takes more than size_max
 * bytes or could not be written. */
MM_MUST_USE bool mm_question_answer(struct mm_doc *doc, size_t size_max);

#endif
