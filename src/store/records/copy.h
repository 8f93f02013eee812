/*
 * store/records/copy.h - the records in one file that stands alone, and whether such a file is
 * good.
 *
 * Purpose   What a backup writes and a restore believes.
 * Owns      Nothing.
 * Threads   As the transaction.
 * Trust     The file that is looked at may be damaged, made up or of a newer version.
 */
#ifndef MM_STORE_RECORDS_COPY_H
#define MM_STORE_RECORDS_COPY_H

#include "store/records/records.h"

/*
 * Write everything that this snapshot sees, of all companies, to `path`, which must not be there;
 * writers go on meanwhile. System scope. Not synced. MM_E_FULL, MM_E_IO: what was written is of no
 * use and the caller's to remove.
 */
MM_MUST_USE enum mm_code mm_records_copy(struct mm_tx *tx, const char *path);

/*
 * Is `path` a whole file of records that this program understands? Nothing is written.
 * MM_E_VERSION: a newer Mimamori has written it, detail names which; MM_E_SYNTAX: damaged, detail
 * says how. options->dir is not used.
 */
MM_MUST_USE enum mm_code mm_records_look(const char *path, const struct mm_records_options *options,
                                         struct mm_records_fault *fault);

#endif
