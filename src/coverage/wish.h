/*
 * coverage/wish.h - a format that was made or taken away on a page, on its way to the engine.
 *
 * Purpose   The portal writes no file of another's: it writes down what is wished, with a job in
 *           the same transaction, and the worker brings it into STATE/formats.
 * Owns      The table format_wish. Texts handed out live in the arena passed.
 * Threads   As the transaction.
 * Trust     File and test were made of foreign lines and checked before they came here; they are
 *           bound, bounded, and checked again by the engine.
 */
#ifndef MM_COVERAGE_WISH_H
#define MM_COVERAGE_WISH_H

#include "base/arena.h"
#include "store/records/query.h"

enum {
    MM_WISH_YAML = 256 * 1024, /* bytes of a file and of its test */
    MM_WISH_KEEP = 50,         /* rows that are kept for reading */
};

struct mm_wish {
    int64_t wish;
    bool remove;
    struct mm_slice name, yaml, test;
    uint32_t user;
    struct mm_slice who;
    struct mm_slice state, why; /* "waiting", "done", "refused" */
    int64_t wished_us;
};

/*
 * Write down what is wished (wish, state and why are the table's) and the job that does it, in the
 * company that tx is narrowed to, the operator's own. MM_E_LIMIT: the texts are too long.
 */
MM_MUST_USE enum mm_code mm_wish_add(struct mm_tx *tx, const struct mm_wish *w, int64_t now_us);
/* With file and test. MM_E_NOTFOUND. */
MM_MUST_USE enum mm_code mm_wish_get(struct mm_tx *tx, int64_t wish, struct mm_arena *a,
                                     struct mm_wish *ret);
/* It is done; or was refused, with the key of why. */
MM_MUST_USE enum mm_code mm_wish_end(struct mm_tx *tx, int64_t wish, enum mm_code how);
/* Newest first, without file and test. */
MM_MUST_USE enum mm_code mm_wish_list(struct mm_tx *tx, struct mm_arena *a, struct mm_wish **ret,
                                      size_t *ret_n);

#endif
