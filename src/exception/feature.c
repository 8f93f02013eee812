/* exception/feature.c - what this feature brings to the records. */
#include "exception/feature.h"

#include "exception/exception_priv.h"

/* Made by the build; uses the types above. */
#include "exception/migrations.gen.h"

const struct mm_stmt mm_exception_stmts[MM_EXCEPTION_STMTS] = {
#define MM_STMT(id, kind, sql) MM_STMT_ROW(MM_EXCEPTION_STMT_##id, MM_STMT_##kind, sql)
#include "exception/statements.def"
#undef MM_STMT
};

const struct mm_feature mm_exception_feature = {
    .name = "exception",
    .migrations = mm_exception_migrations,
    .migration_count = MM_COUNT(mm_exception_migrations),
    .stmts = mm_exception_stmts,
    .stmt_count = MM_EXCEPTION_STMTS,
};
