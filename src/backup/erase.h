/*
 * backup/erase.h - one company out of a state directory, so that nothing of it is left on the disk.
 *
 * Purpose   What a contract or a person's right asks for, at rest: while programs run they would
 *           write what was just erased. Where `serve` runs them, they are stopped for as long.
 * Owns      A stillness owns two locks; while it works, it has those of the queues as well.
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

/* Nothing runs on a state directory. */
struct mm_stillness {
    int pause, lock;
};
/*
 * Have everything stand still: a `serve` that runs stops its programs, and starts them again when
 * the stillness ends, also when this process dies. MM_E_BUSY: it does not.
 */
MM_MUST_USE enum mm_code mm_stillness_begin(const char *state, struct mm_stillness *ret,
                                            struct mm_buf *why);
void mm_stillness_end(struct mm_stillness *s);

/*
 * Erase it, in a stillness. MM_E_BUSY: something runs on this state all the same. All is durable
 * when this returns, and no file of the state holds anything of it but what is named above, and
 * files that are made of the records (engine/mirror.h), which the caller has made anew. company >
 * 0.
 */
MM_MUST_USE enum mm_code mm_company_erase(const char *state, uint32_t company, mm_erase_tell *tell,
                                          void *ctx, struct mm_buf *why);

#endif
