/*
 * notify/notify_priv.h - the feature's statements; for src/notify only.
 *
 * Purpose   Names for the rows of statements.def.
 * Owns      Nothing.
 * Threads   Constants.
 * Trust     SQL is ours.
 */
#ifndef MM_NOTIFY_NOTIFY_PRIV_H
#define MM_NOTIFY_NOTIFY_PRIV_H

#include "store/records/query.h"

enum mm_notify_stmt {
#define MM_STMT(id, kind, sql) MM_NOTIFY_##id,
#include "notify/statements.def"
#undef MM_STMT
    MM_NOTIFY_STMTS
};

extern const struct mm_stmt mm_notify_stmts[MM_NOTIFY_STMTS];

#endif
