/*
 * cost/cost_priv.h - the feature's statements; for src/cost only.
 *
 * Purpose   Names for the rows of statements.def.
 * Owns      Nothing.
 * Threads   Constants.
 * Trust     SQL is ours.
 */
#ifndef MM_COST_COST_PRIV_H
#define MM_COST_COST_PRIV_H

#include "store/records/query.h"

enum mm_cost_stmt {
#define MM_STMT(id, kind, sql) MM_COST_##id,
#include "cost/statements.def"
#undef MM_STMT
    MM_COST_STMTS
};

extern const struct mm_stmt mm_cost_stmts[MM_COST_STMTS];

#endif
