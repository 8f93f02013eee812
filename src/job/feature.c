/* job/feature.c - what this feature brings to the records. */
#include "job/job.h"
#include "job/job_priv.h"

/* Made by the build; uses the types above. */
#include "job/migrations.gen.h"

const struct mm_stmt mm_job_stmts[MM_JOB_STMTS] = {
#define MM_STMT(id, kind, sql) MM_STMT_ROW(MM_JOB_STMT_##id, MM_STMT_##kind, sql)
#include "job/statements.def"
#undef MM_STMT
};

const struct mm_feature mm_job_feature = {
    .name = "job",
    .migrations = mm_job_migrations,
    .migration_count = MM_COUNT(mm_job_migrations),
    .stmts = mm_job_stmts,
    .stmt_count = MM_JOB_STMTS,
};
