/*
 * app/intake_table.h - who sends what, as intake looks it up, kept up to date.
 *
 * Purpose   Read sources and tokens from the records (or from a file for tests and very small
 *           set-ups) in a thread of its own, so that a slow disk there never stops lines.
 * Owns      The current table and its successor.
 * Threads   One thread reads; _take in the loop's thread; _auth in any.
 * Trust     The records are ours; rows that make no sense are passed over and said once.
 */
#ifndef MM_APP_INTAKE_TABLE_H
#define MM_APP_INTAKE_TABLE_H

#include "intake/binding.h"
#include "intake/relayed.h"
#include "store/records/records.h"

struct mm_tables;

/*
 * Read for the first time. One of records and file is NULL; both must outlive _free. MM_E_CONFIG:
 * the file is wrong (a sentence went to stderr). MM_E_NOTFOUND: it is not there.
 */
MM_MUST_USE enum mm_code mm_tables_new(struct mm_records *records, const char *file,
                                       const struct mm_key *key, struct mm_tables **ret);
void mm_tables_free(struct mm_tables **t);
/*
 * Look for changes from now on: of the records five times a second, telling how far the engine is
 * in queue 0 (called in the reading thread); of the file each second. A file that became wrong
 * changes nothing.
 */
MM_MUST_USE enum mm_code mm_tables_watch(struct mm_tables *t, void (*done)(void *ctx, uint64_t seq),
                                         void *ctx);
/* The newest table, for the loop's thread; valid until its next _take. */
const struct mm_binding_table *mm_tables_take(struct mm_tables *t);
/* mm_ingest_auth against the newest table taken. */
int mm_tables_auth(struct mm_tables *t, struct mm_slice name, struct mm_slice token,
                   uint32_t *ret_company, uint32_t *ret_source);
/* mm_relayed_auth likewise. */
int mm_tables_relay(struct mm_tables *t, struct mm_slice token, struct mm_arena *arena,
                    struct mm_relayed_who *ret);
/* The signed settings of a relay, from the records, in any thread. MM_E_NOTFOUND: none. */
MM_MUST_USE enum mm_code mm_tables_settings(struct mm_tables *t, uint32_t relay,
                                            struct mm_buf *out);

#endif
