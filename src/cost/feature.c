/* cost/feature.c - what this feature brings to the records. */
#include "cost/cost.h"
#include "cost/cost_priv.h"

/* Made by the build; uses the types above. */
#include "cost/migrations.gen.h"

const struct mm_stmt mm_cost_stmts[MM_COST_STMTS] = {
#define MM_STMT(id, kind, sql) MM_STMT_ROW(MM_COST_##id, MM_STMT_##kind, sql)
#include "cost/statements.def"
#undef MM_STMT
};

const struct mm_feature mm_cost_feature = {
    .name = "cost",
    .migrations = mm_cost_migrations,
    .migration_count = MM_COUNT(mm_cost_migrations),
    .stmts = mm_cost_stmts,
    .stmt_count = MM_COST_STMTS,
};
