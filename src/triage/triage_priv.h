/*
 * triage/triage_priv.h - the feature's statements; for src/triage only.
 *
 * Purpose   Names for the rows of statements.def.
 * Owns      Nothing.
 * Threads   Constants.
 * Trust     SQL is ours.
 */
#ifndef MM_TRIAGE_TRIAGE_PRIV_H
#define MM_TRIAGE_TRIAGE_PRIV_H

#include "store/records/query.h"

enum mm_triage_stmt {
#define MM_STMT(id, kind, sql) MM_TRIAGE_##id,
#include "triage/statements.def"
#undef MM_STMT
    MM_TRIAGE_STMTS
};

extern const struct mm_stmt mm_triage_stmts[MM_TRIAGE_STMTS];

#endif
