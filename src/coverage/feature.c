/* coverage/feature.c - what this feature brings to the records. */
#include "coverage/coverage.h"
#include "coverage/coverage_priv.h"

/* Made by the build; uses the types above. */
#include "coverage/migrations.gen.h"

const struct mm_stmt mm_coverage_stmts[MM_COVERAGE_STMTS] = {
#define MM_STMT(id, kind, sql) MM_STMT_ROW(MM_COVERAGE_##id, MM_STMT_##kind, sql)
#include "coverage/statements.def"
#undef MM_STMT
};

const struct mm_feature mm_coverage_feature = {
    .name = "coverage",
    .migrations = mm_coverage_migrations,
    .migration_count = MM_COUNT(mm_coverage_migrations),
    .stmts = mm_coverage_stmts,
    .stmt_count = MM_COVERAGE_STMTS,
};
