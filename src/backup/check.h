/*
 * backup/check.h - is this backup whole, ours, and readable?
 *
 * Purpose   What `mimamori backup verify` says and what a restore asks before it touches anything:
 *           every file as the manifest says, records without damage, as many rows as were taken.
 * Owns      struct mm_backup owns the manifest and its text.
 * Threads   One.
 * Trust     Nothing of a backup is believed before its digest was looked at. Names of files come
 *           from the manifest only, never from the directory, and links are not followed. Who can
 *           write to the backup can make a manifest that fits: only the seal tells, to who has the
 *           key of the state directory (manifest.h).
 */
#ifndef MM_BACKUP_CHECK_H
#define MM_BACKUP_CHECK_H

#include "backup/files.h"
#include "backup/manifest.h"
#include "store/records/records.h"

struct mm_backup {
    char dir[MM_MAX_PATH];
    struct mm_buf text;
    struct mm_manifest m;
};

/*
 * The backup that `dir` is, or the newest in it. MM_E_NOTFOUND: there is none, or it was never
 * finished; MM_E_VERSION: made by a newer release; MM_E_SYNTAX: its list is damaged. why says so.
 */
MM_MUST_USE enum mm_code mm_backup_open(const char *dir, struct mm_backup *ret, struct mm_buf *why);
/* Safe on a zeroed one. */
void mm_backup_close(struct mm_backup *b);

/*
 * Read all of it. key: of the state directory, to ask whether the list is ours, or NULL; the key
 * that is in the backup is asked in any case. `tables` are all that this program knows. Nothing is
 * written. MM_E_SYNTAX: damaged or changed, MM_E_VERSION: records of a newer release.
 */
MM_MUST_USE enum mm_code mm_backup_check(const struct mm_backup *b, const struct mm_key *key,
                                         const struct mm_records_options *tables,
                                         struct mm_buf *why);

/*
 * Have a store of events open what is below `state` and count its rows: as many as the list says,
 * or fewer when the oldest have passed their time since. MM_E_SYNTAX: not so.
 */
MM_MUST_USE enum mm_code mm_backup_count(const struct mm_backup *b, const char *state,
                                         int64_t now_us, struct mm_buf *why);
/*
 * The same for the backup itself, in a directory of links beside it that is gone afterwards.
 * MM_E_DENIED: no such directory can be made there.
 */
MM_MUST_USE enum mm_code mm_backup_count_here(const struct mm_backup *b, int64_t now_us,
                                              struct mm_buf *why);

/*
 * Tell a store of events below `eventd` (…/eventd), whose files are in place, where its tables are.
 * MM_E_NOTFOUND: the backup has no events.
 */
MM_MUST_USE enum mm_code mm_backup_name_tables(const struct mm_backup *b, const char *eventd);
/* Load the key of a state directory: 32 bytes. MM_E_NOTFOUND, MM_E_SYNTAX: no key. */
MM_MUST_USE enum mm_code mm_backup_key(const char *path, struct mm_key *ret);

#endif
