/*
 * store/spool/snapshot.h - a queue as it is at one moment, while its writer goes on.
 *
 * Purpose   What a backup takes of a queue: every segment that still stands, the newest one only as
 *           far as it is durable, and a commit page that says just that.
 * Owns      The hold is a descriptor of the caller's; the kernel drops it with the process.
 * Threads   Any process. Writers and readers of the queue do not notice.
 * Trust     As spool.h: what is not whole is not taken for a record.
 */
#ifndef MM_STORE_SPOOL_SNAPSHOT_H
#define MM_STORE_SPOOL_SNAPSHOT_H

#include "store/spool/spool.h"

/*
 * From here until *ret_fd is closed no segment of any queue below dir is deleted: mm_spool_trim
 * does nothing. Waits for one that runs, or for another hold.
 */
MM_MUST_USE enum mm_code mm_spool_hold(const char *dir, int *ret_fd);

/*
 * Make "to/q<queue>" (which must not be there) the queue as it is now below dir, on the same file
 * system: finished segments are hard links, the newest is copied up to what is durable, its size
 * kept as a hole. Under a hold. *ret says what was taken; oldest is 0 when no segment was written
 * yet. Not synced. MM_E_NOTFOUND: there is no such queue, or no writer ever opened it.
 */
MM_MUST_USE enum mm_code mm_spool_snapshot(const char *dir, uint16_t queue, const char *to,
                                           struct mm_spool_bounds *ret);

#endif
