/*
 * tailor/tailor_priv.h - the feature's statements and rows; for src/tailor only.
 *
 * Purpose   Names for the rows of statements.def, readers of their columns.
 * Owns      Nothing.
 * Threads   As the transaction.
 * Trust     SQL is ours.
 */
#ifndef MM_TAILOR_TAILOR_PRIV_H
#define MM_TAILOR_TAILOR_PRIV_H

#include "tailor/tailor.h"

enum mm_tailor_stmt {
#define MM_STMT(id, kind, sql) MM_TAILOR_STMT_##id,
#include "tailor/statements.def"
#undef MM_STMT
    MM_TAILOR_STMTS
};

extern const struct mm_stmt mm_tailor_stmts[MM_TAILOR_STMTS];

static inline void mm_tailor_begin(struct mm_q *q, struct mm_tx *tx, enum mm_tailor_stmt st)
{
    mm_q_begin(q, tx, &mm_tailor_stmts[st]);
}

/* May this transaction write for the programme? MM_OK for none. */
MM_MUST_USE enum mm_code mm_tailor_check_programme(struct mm_tx *tx, uint32_t programme);

/* All rows of q, at most max; ends q. */
MM_MUST_USE enum mm_code mm_tailor_read_lists(struct mm_q *q, size_t max, struct mm_arena *a,
                                              struct mm_tailor_list **ret, size_t *ret_n);
MM_MUST_USE enum mm_code mm_tailor_read_adjusts(struct mm_q *q, size_t max, struct mm_arena *a,
                                                struct mm_tailor_adjust **ret, size_t *ret_n);

#endif
