/*
 * serve/state.h - the state directory: its layout, version and key.
 *
 * Purpose   One place that knows where each program keeps its files, makes what is missing and
 *           refuses what a newer release has written.
 * Owns      Nothing after return.
 * Threads   Called by one process at start; making is idempotent.
 * Trust     The directory is the operator's; another user's directory is refused.
 */
#ifndef MM_SERVE_STATE_H
#define MM_SERVE_STATE_H

#include "base/base.h"
#include "base/buf.h"
#include "base/limits.h"
#include "codec/ext/crypt.h"

enum { MM_STATE_VERSION = 1 };
#define MM_STATE_DEFAULT "/var/lib/mimamori"
/* Which key this state was sealed with: a number, not the key. No backup holds it. */
#define MM_STATE_KEY_ID "key.id"
/* The release that worked on this state last: what a refusal names. */
#define MM_STATE_RELEASE "release"
/* When the last backup was made, RFC 3339. In run/, as others may look at that while it is replaced
 * by a new one, and as it is lost without harm. */
#define MM_STATE_BACKUP "run/backup.last"

/*
 * May this program work on the directory? Nothing is made or changed. MM_E_VERSION: VERSION names a
 * newer layout, or holds no number; MM_E_CONFIG: a restore into it was not finished; `why` then
 * says what to do. A directory that is not there, or has no VERSION yet, is fine.
 */
MM_MUST_USE enum mm_code mm_state_check(const char *dir, struct mm_buf *why);

/*
 * Something in the directory was written by a newer release, as VERSION or a file of another form
 * shows: append what to do about it, with the release that worked here last where that is known.
 */
void mm_state_newer(const char *dir, struct mm_buf *why);
/* Note that this release works here; MM_E_IO, MM_E_FULL: it could not be written. */
MM_MUST_USE enum mm_code mm_state_release(const char *dir, const char *version);

/*
 * A restore begins in this directory, which exists: until it is finished every program refuses it,
 * those of earlier releases too. Durable when this returns.
 */
MM_MUST_USE enum mm_code mm_state_restoring(const char *dir);
/* The restore is whole: all it has written is durable. From here the directory has a VERSION. */
MM_MUST_USE enum mm_code mm_state_restored(const char *dir);

/*
 * Where the key lies that seals secrets: what systemd hands over as the credential mimamori.key, or
 * else `key` in the directory. MM_E_LIMIT when that is longer than a path of ours may be.
 */
MM_MUST_USE enum mm_code mm_state_key(const char *dir, char ret[MM_MAX_PATH]);

/*
 * The key at that path. MM_E_NOTFOUND without a word: there is none. MM_E_CONFIG with `why`: others
 * may read it, or it is no key. The caller wipes *ret.
 */
MM_MUST_USE enum mm_code mm_state_key_read(const char *path, struct mm_key *ret,
                                           struct mm_buf *why);

/*
 * Check as above, then make the directory and its parts (VERSION, key, run/, spool/ and those of
 * rules and formats) where they are missing, mode 0700. A key that is not the one this state was
 * sealed with, or is gone, is MM_E_CONFIG before anything else is made. MM_E_IO when something
 * cannot be made; `why` then says what and where.
 */
MM_MUST_USE enum mm_code mm_state_prepare(const char *dir, struct mm_buf *why);

/* The moment that a file of the directory tells (RFC 3339), such as MM_STATE_BACKUP; 0: none. */
int64_t mm_state_moment(const char *dir, const char *name);

#endif
