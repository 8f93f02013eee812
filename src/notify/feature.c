/* notify/feature.c - what this feature brings to the records. */
#include "notify/notify.h"
#include "notify/notify_priv.h"

/* Made by the build; uses the types above. */
#include "notify/migrations.gen.h"

const struct mm_stmt mm_notify_stmts[MM_NOTIFY_STMTS] = {
#define MM_STMT(id, kind, sql) MM_STMT_ROW(MM_NOTIFY_##id, MM_STMT_##kind, sql)
#include "notify/statements.def"
#undef MM_STMT
};

const struct mm_feature mm_notify_feature = {
    .name = "notify",
    .migrations = mm_notify_migrations,
    .migration_count = MM_COUNT(mm_notify_migrations),
    .stmts = mm_notify_stmts,
    .stmt_count = MM_NOTIFY_STMTS,
};
