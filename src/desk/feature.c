/* desk/feature.c - what this feature brings to the records. */
#include "desk/desk.h"
#include "desk/desk_priv.h"

/* Made by the build; uses the types above. */
#include "desk/migrations.gen.h"

const struct mm_stmt mm_desk_stmts[MM_DESK_STMTS] = {
#define MM_STMT(id, kind, sql) MM_STMT_ROW(MM_DESK_##id, MM_STMT_##kind, sql)
#include "desk/statements.def"
#undef MM_STMT
};

const struct mm_feature mm_desk_feature = {
    .name = "desk",
    .migrations = mm_desk_migrations,
    .migration_count = MM_COUNT(mm_desk_migrations),
    .stmts = mm_desk_stmts,
    .stmt_count = MM_DESK_STMTS,
};
