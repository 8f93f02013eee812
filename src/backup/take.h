/*
 * backup/take.h - a backup of a running system into a directory.
 *
 * Purpose   DIR/20261120T140000Z is one backup: complete in itself, named when everything in it is
 *           durable. What has not changed since the one before is the same file (a hard link), so
 *           that a daily backup costs what is new.
 * Owns      Nothing after return; what a backup that failed has written is removed.
 * Threads   One; the system runs on. The caller has lowered its own priority.
 * Trust     DIR is the operator's. An earlier backup in it is believed as far as its manifest is
 *           whole; `mimamori backup verify` reads every byte.
 *
 * Layout of a backup:
 *     manifest               what is in it (manifest.h), written last
 *     records.db             one SQLite file
 *     eventd/store/...       parts of events, as they lie in the state directory
 *     spool/qN/...           what the engine had not done, and some before that
 *     state/...              everything else: rules, formats, exceptions ...
 *     keys/key, keys/tls/... only when asked for
 */
#ifndef MM_BACKUP_TAKE_H
#define MM_BACKUP_TAKE_H

#include "backup/manifest.h"
#include "store/records/records.h"

#define MM_BACKUP_MANIFEST "manifest"

enum { MM_BACKUP_NAME = 32 }; /* "20261120T140000Z" and what is behind it while it is written */

struct mm_backup_options {
    const char *state;
    const char *dir; /* made when missing */
    struct mm_records *records;
    const char *program; /* our version */
    int64_t now_us;
    bool keys;
};

struct mm_backup_taken {
    char name[MM_BACKUP_NAME];
    uint64_t files, bytes;         /* in it */
    uint64_t new_files, new_bytes; /* of these written now */
    uint64_t rows;                 /* of the table of events */
};

/* Take one. When it fails, why says what to do in a sentence; DIR is then what it was. */
MM_MUST_USE enum mm_code mm_backup_take(const struct mm_backup_options *o,
                                        struct mm_backup_taken *ret, struct mm_buf *why);

/*
 * The backup that `dir` is, or the newest that is in it: its path. MM_E_NOTFOUND: there is none; a
 * half-written one does not count.
 */
MM_MUST_USE enum mm_code mm_backup_find(const char *dir, char ret[MM_MAX_PATH]);

#endif
