/*
 * exception/exception_priv.h - the feature's statements; for src/exception only.
 *
 * Purpose   Names for the rows of statements.def.
 * Owns      Nothing.
 * Threads   Constants.
 * Trust     SQL is ours.
 */
#ifndef MM_EXCEPTION_EXCEPTION_PRIV_H
#define MM_EXCEPTION_EXCEPTION_PRIV_H

#include "store/records/query.h"

enum mm_exception_stmt {
#define MM_STMT(id, kind, sql) MM_EXCEPTION_STMT_##id,
#include "exception/statements.def"
#undef MM_STMT
    MM_EXCEPTION_STMTS
};

extern const struct mm_stmt mm_exception_stmts[MM_EXCEPTION_STMTS];

#endif
