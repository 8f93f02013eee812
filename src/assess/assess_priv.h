/*
 * assess/assess_priv.h - the feature's statements; for src/assess only.
 *
 * Purpose   Names for the rows of statements.def.
 * Owns      Nothing.
 * Threads   Constants.
 * Trust     SQL is ours.
 */
#ifndef MM_ASSESS_ASSESS_PRIV_H
#define MM_ASSESS_ASSESS_PRIV_H

#include "store/records/query.h"

enum mm_assess_stmt {
#define MM_STMT(id, kind, sql) MM_ASSESS_STMT_##id,
#include "assess/statements.def"
#undef MM_STMT
    MM_ASSESS_STMTS
};

extern const struct mm_stmt mm_assess_stmts[MM_ASSESS_STMTS];

static inline void mm_assess_begin(struct mm_q *q, struct mm_tx *tx, enum mm_assess_stmt st)
{
    mm_q_begin(q, tx, &mm_assess_stmts[st]);
}

#endif
