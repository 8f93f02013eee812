/*
 * backup/erase.h - one company out of a state directory, so that nothing of it is left on the disk.
 *
 * Purpose   What a contract or a person's right asks for, at rest: while programs run they would
 *           write what was just erased.
 * Owns      Nothing after return; while it works, the locks of serve and of the queues.
 * Threads   One.
 * Trust     Whoever may run this may do anything to the state; the program asks twice.
 *
 * Order: spool, events, files, records last, since these say who the company was: whatever dies in
 * between, the same command ends it. What stays: the row of the company without its words (others
 * cite its number), its audit chain without texts (register/erase.h), numbers of lines in the
 * spool.
 */
#ifndef MM_BACKUP_ERASE_H
#define MM_BACKUP_ERASE_H

#include "base/base.h"
#include "base/buf.h"

/* What there is, or what was erased: "records finding", "events", "spool", and how many. */
typedef void mm_erase_tell(void *ctx, const char *what, const char *which, uint64_t n);

/* What would be erased. The system may run. */
MM_MUST_USE enum mm_code mm_company_holds(const char *state, uint32_t company, mm_erase_tell *tell,
                                          void *ctx, struct mm_buf *why);

/*
 * Erase it. MM_E_BUSY: something runs on this state. All is durable when this returns, and no file
 * of the state holds anything of it but what is named above, and files that are made of the records
 * (engine/mirror.h), which the caller has made anew. company > 0.
 */
MM_MUST_USE enum mm_code mm_company_erase(const char *state, uint32_t company, mm_erase_tell *tell,
                                          void *ctx, struct mm_buf *why);

#endif
