/* triage/feature.c - what this feature brings to the records. */
#include "triage/triage.h"
#include "triage/triage_priv.h"

/* Made by the build; uses the types above. */
#include "triage/migrations.gen.h"

const struct mm_stmt mm_triage_stmts[MM_TRIAGE_STMTS] = {
#define MM_STMT(id, kind, sql) MM_STMT_ROW(MM_TRIAGE_##id, MM_STMT_##kind, sql)
#include "triage/statements.def"
#undef MM_STMT
};

static const char *const shared[] = {"engine_position", "engine_counted", NULL};

const struct mm_feature mm_triage_feature = {
    .name = "triage",
    .migrations = mm_triage_migrations,
    .migration_count = MM_COUNT(mm_triage_migrations),
    .stmts = mm_triage_stmts,
    .stmt_count = MM_TRIAGE_STMTS,
    .shared = shared,
};
