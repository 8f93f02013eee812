/*
 * app/tables.h - every feature that has tables, in the order of their migrations.
 *
 * Purpose   One list, so that each program opens the same records.
 * Owns      Nothing.
 * Threads   Constants.
 * Trust     Only programs include this: it names every feature.
 */
#ifndef MM_APP_TABLES_H
#define MM_APP_TABLES_H

#include "store/records/records.h"

/*
 * Open the records of a state directory. On failure a sentence for the operator went to stderr
 * and the code says what kind it is.
 */
MM_MUST_USE enum mm_code mm_app_records(const char *state_dir, struct mm_records **ret);

#endif
