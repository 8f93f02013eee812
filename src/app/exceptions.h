/*
 * app/exceptions.h - exceptions as documents, for the command line.
 *
 * Purpose   What `mimamori exception` says and does, apart from how it is asked: words of rules and
 *           of the register's fields collide in one file.
 * Owns      Nothing; texts live in the documents.
 * Threads   As the transaction.
 * Trust     Values come from events: who prints them escapes them.
 */
#ifndef MM_APP_EXCEPTIONS_H
#define MM_APP_EXCEPTIONS_H

#include "store/records/query.h"
#include "text/doc.h"

/* Append all that tx sees to an array, proposed ones first; at most max. */
MM_MUST_USE enum mm_code mm_exceptions_write(struct mm_tx *tx, bool ended_too, size_t max,
                                             struct mm_doc *items);
/* Fill an object with one of them, and with its text as a Sigma filter; MM_E_NOTFOUND. */
MM_MUST_USE enum mm_code mm_exceptions_write_one(struct mm_tx *tx, int64_t exception,
                                                 struct mm_doc *d);
/* Take one back, with its audit entry by actor. System scope. MM_E_NOTFOUND when it has ended. */
MM_MUST_USE enum mm_code mm_exceptions_end(struct mm_tx *tx, int64_t exception,
                                           struct mm_slice actor, int64_t now_us);

#endif
