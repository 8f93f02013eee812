/* assess/feature.c - what this feature brings to the records. */
#include "assess/feature.h"

#include "assess/assess_priv.h"

/* Made by the build; uses the types above. */
#include "assess/migrations.gen.h"

const struct mm_stmt mm_assess_stmts[MM_ASSESS_STMTS] = {
#define MM_STMT(id, kind, sql) MM_STMT_ROW(MM_ASSESS_STMT_##id, MM_STMT_##kind, sql)
#include "assess/statements.def"
#undef MM_STMT
};

static const char *const shared[] = {"questionnaire", NULL};

const struct mm_feature mm_assess_feature = {
    .name = "assess",
    .migrations = mm_assess_migrations,
    .migration_count = MM_COUNT(mm_assess_migrations),
    .stmts = mm_assess_stmts,
    .stmt_count = MM_ASSESS_STMTS,
    .shared = shared,
};
