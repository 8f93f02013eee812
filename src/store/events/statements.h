/*
 * store/events/statements.h - every statement by name.
 *
 * Purpose   SQL stands in one table (statements.def), callers name it.
 * Owns      Nothing.
 * Threads   Pure functions.
 * Trust     No input comes here: values are bound by the client.
 */
#ifndef MM_STORE_EVENTS_STATEMENTS_H
#define MM_STORE_EVENTS_STATEMENTS_H

#include "base/buf.h"

enum mm_statement {
#define MM_STATEMENT(id, format, sql) MM_ST_##id,
#include "store/events/statements.def"
#undef MM_STATEMENT
    MM_ST_COUNT
};

/* Append the SQL of a statement, its marks replaced. */
void mm_statement_sql(struct mm_buf *out, enum mm_statement st);
/* The output format it is made for; "" when it has no output. */
const char *mm_statement_format(enum mm_statement st);
/* "INSERT_EVENTS" and so on, for query ids and messages. */
const char *mm_statement_name(enum mm_statement st);

#endif
