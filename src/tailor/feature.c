/* tailor/feature.c - what this feature brings to the records. */
#include "tailor/feature.h"

#include "tailor/tailor_priv.h"

/* Made by the build; uses the types above. */
#include "tailor/migrations.gen.h"

const struct mm_stmt mm_tailor_stmts[MM_TAILOR_STMTS] = {
#define MM_STMT(id, kind, sql) MM_STMT_ROW(MM_TAILOR_STMT_##id, MM_STMT_##kind, sql)
#include "tailor/statements.def"
#undef MM_STMT
};

const struct mm_feature mm_tailor_feature = {
    .name = "tailor",
    .migrations = mm_tailor_migrations,
    .migration_count = MM_COUNT(mm_tailor_migrations),
    .stmts = mm_tailor_stmts,
    .stmt_count = MM_TAILOR_STMTS,
};
