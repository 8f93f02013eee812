/*
 * register/feature.h - the register's tables and statements, for mm_records_open.
 *
 * Purpose   One line in a program's list of features.
 * Owns      Static tables only.
 * Threads   Constants.
 * Trust     None needed.
 */
#ifndef MM_REGISTER_FEATURE_H
#define MM_REGISTER_FEATURE_H

#include "register/fields.def"
#include "store/records/query.h"

enum mm_register_stmt {
#define MM_STMT(id, kind, sql) MM_R_##id,
#include "register/statements.def"
#undef MM_STMT
    MM_R_COUNT
};

extern const struct mm_stmt mm_register_stmts[MM_R_COUNT];
extern const struct mm_feature mm_register_feature;

#endif
