/*
 * coverage/coverage_priv.h - the feature's statements; for src/coverage only.
 *
 * Purpose   Names for the rows of statements.def.
 * Owns      Nothing.
 * Threads   Constants.
 * Trust     SQL is ours.
 */
#ifndef MM_COVERAGE_COVERAGE_PRIV_H
#define MM_COVERAGE_COVERAGE_PRIV_H

#include "store/records/query.h"

enum mm_coverage_stmt {
#define MM_STMT(id, kind, sql) MM_COVERAGE_##id,
#include "coverage/statements.def"
#undef MM_STMT
    MM_COVERAGE_STMTS
};

extern const struct mm_stmt mm_coverage_stmts[MM_COVERAGE_STMTS];

/* Narrow tx to the company; *ret says whether it exists. mm_tx_widen is due after MM_OK. */
MM_MUST_USE enum mm_code mm_coverage_enter(struct mm_tx *tx, uint32_t company, bool *ret);

#endif
