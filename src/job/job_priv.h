/*
 * job/job_priv.h - the feature's statements; for src/job only.
 *
 * Purpose   Names for the rows of statements.def.
 * Owns      Nothing.
 * Threads   Constants.
 * Trust     SQL is ours.
 */
#ifndef MM_JOB_JOB_PRIV_H
#define MM_JOB_JOB_PRIV_H

#include "store/records/query.h"

enum mm_job_stmt {
#define MM_STMT(id, kind, sql) MM_JOB_STMT_##id,
#include "job/statements.def"
#undef MM_STMT
    MM_JOB_STMTS
};

extern const struct mm_stmt mm_job_stmts[MM_JOB_STMTS];

#endif
