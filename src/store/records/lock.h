/*
 * store/records/lock.h - records.lock: the queue in front of the one write lock.
 *
 * Purpose   A writer sleeps in the kernel until it is its turn, instead of polling SQLite.
 * Owns      Nothing; the descriptor is the caller's. The kernel drops the lock of a killed process.
 * Threads   One descriptor, one thread at a time.
 * Trust     The file's contents are never read.
 */
#ifndef MM_STORE_RECORDS_LOCK_H
#define MM_STORE_RECORDS_LOCK_H

#include "base/base.h"

/* Opens or creates DIR/records.lock (0600). */
MM_MUST_USE enum mm_code mm_lock_open(const char *dir, int *ret_fd);
/* Sleeps until the lock is ours; *ret_wait_us says how long. */
MM_MUST_USE enum mm_code mm_lock_take(int fd, int64_t *ret_wait_us);
void mm_lock_drop(int fd);

#endif
