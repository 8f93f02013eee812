/*
 * desk/desk_priv.h - the feature's statements; for src/desk only.
 *
 * Purpose   Names for the rows of statements.def.
 * Owns      Nothing.
 * Threads   Constants.
 * Trust     SQL is ours.
 */
#ifndef MM_DESK_DESK_PRIV_H
#define MM_DESK_DESK_PRIV_H

#include "store/records/query.h"

enum mm_desk_stmt {
#define MM_STMT(id, kind, sql) MM_DESK_##id,
#include "desk/statements.def"
#undef MM_STMT
    MM_DESK_STMTS
};

extern const struct mm_stmt mm_desk_stmts[MM_DESK_STMTS];

#endif
