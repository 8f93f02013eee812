/* web/portal/feature.c - see feature.h for the contract. */
#include "web/portal/feature.h"

const struct mm_stmt mm_portal_stmts[MM_P_COUNT] = {
#define MM_STMT(id, kind, sql) MM_STMT_ROW(MM_P_##id, MM_STMT_##kind, sql)
#include "web/portal/statements.def"
#undef MM_STMT
};

const struct mm_feature mm_portal_feature = {
    .name = "portal",
    .stmts = mm_portal_stmts,
    .stmt_count = MM_P_COUNT,
};
