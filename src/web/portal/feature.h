/*
 * web/portal/feature.h - the portal's statements, for mm_records_open.
 *
 * Purpose   One line in a program's list of features. The portal owns no table.
 * Owns      Static tables only.
 * Threads   Constants.
 * Trust     SQL is ours.
 */
#ifndef MM_WEB_PORTAL_FEATURE_H
#define MM_WEB_PORTAL_FEATURE_H

#include "store/records/query.h"

enum mm_portal_stmt {
#define MM_STMT(id, kind, sql) MM_P_##id,
#include "web/portal/statements.def"
#undef MM_STMT
    MM_P_COUNT
};

extern const struct mm_stmt mm_portal_stmts[MM_P_COUNT];
extern const struct mm_feature mm_portal_feature;

#endif
