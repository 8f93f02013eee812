/*
 * store/records/migrate.h - bring the file's schema to what this program knows.
 *
 * Purpose   Apply each feature's migrations that are missing, in order, each in its own
 *           transaction; refuse a file that knows more than we do.
 * Owns      The table mm_migration.
 * Threads   The caller holds records.lock.
 * Trust     The file may come from a newer or an edited Mimamori.
 */
#ifndef MM_STORE_RECORDS_MIGRATE_H
#define MM_STORE_RECORDS_MIGRATE_H

#include "store/records/db.h"
#include "store/records/records.h"

/* MM_E_VERSION with the reason in fault; migrations already applied stay applied. */
MM_MUST_USE enum mm_code mm_migrate(struct mm_db *db, const struct mm_records_options *options,
                                    struct mm_records_fault *fault);
/* MM_E_VERSION when the file knows a migration that we don't; nothing is written. */
MM_MUST_USE enum mm_code mm_migrate_known(struct mm_db *db,
                                          const struct mm_records_options *options,
                                          struct mm_records_fault *fault);
/* fault.what and detail, when fault is not NULL; hands back code. */
enum mm_code mm_records_fail(struct mm_records_fault *fault, enum mm_code code, const char *what,
                             const char *fmt, ...) MM_PRINTF(4, 5);

#endif
