/* register/feature.c - see feature.h for the contract. */
#include "register/feature.h"

#include "register/migrations.inc"

const struct mm_stmt mm_register_stmts[MM_R_COUNT] = {
#define MM_STMT(id, kind, sql) MM_STMT_ROW(MM_R_##id, kind, sql)
#include "register/statements.def"
#undef MM_STMT
};

static const char *const shared[] = {"programme", "provider", "sign_in", "throttle", NULL};

const struct mm_feature mm_register_feature = {
    .name = "register",
    .migrations = mm_register_migrations,
    .migration_count = MM_COUNT(mm_register_migrations),
    .stmts = mm_register_stmts,
    .stmt_count = MM_R_COUNT,
    .shared = shared,
};
