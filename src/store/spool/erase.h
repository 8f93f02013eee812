/*
 * store/spool/erase.h - the lines of one company out of a queue at rest.
 *
 * Purpose   Segments stay for a while after their lines were done, the newest one always. When a
 *           company is erased, its lines go out of them: their numbers stay, empty, of company 0.
 * Owns      Nothing after return.
 * Threads   One; it has the queue's lock, so no writer is there. No reader may be either.
 * Trust     As spool.h. A segment is written anew beside the old one and renamed: a crash leaves
 * the one or the other, and erasing again ends it.
 */
#ifndef MM_STORE_SPOOL_ERASE_H
#define MM_STORE_SPOOL_ERASE_H

#include "store/spool/spool.h"

/*
 * Erase the records of a company in queue `queue` below dir. *ret_erased counts them. MM_E_BUSY: a
 * writer has the queue; MM_E_NOTFOUND: no such queue. Durable when this returns.
 */
MM_MUST_USE enum mm_code mm_spool_erase(const char *dir, uint16_t queue, uint32_t company,
                                        uint64_t *ret_erased);

#endif
