/*
 * store/events/exactly_once.h - a batch of numbered rows is stored once, whatever dies.
 *
 * Purpose   Insert the rows of spool positions [from, to) of a queue. When the outcome of an
 *           attempt is unknown, first make sure that it is over, then insert only the rows that
 *           are missing. A batch that is refused for good is halved until the refused rows stand
 *           alone.
 * Owns      Nothing: blocks are borrowed until the batch is done.
 * Threads   One batch, one thread; one client.
 * Trust     Rests on (queue, seq) in every row, and on one batch of a queue being stored at a time:
 *           a new process may cut its batches elsewhere than a dead one did. Not on
 *           ClickHouse's deduplication tokens, which turn a retry into nothing when the first
 *           try died between its log and its part.
 *
 *     struct mm_once o;
 *     mm_once_init(&o, MM_ET_EVENTS, queue, from, to, &block, 1, after_a_crash);
 *     while ((c = mm_once_step(&o, client, refused, ctx)) == MM_E_BUSY)
 *         … wait as long as you like (o.answer says why), or stop and go on after the next start
 *           with maybe_stored = true …
 */
#ifndef MM_STORE_EVENTS_EXACTLY_ONCE_H
#define MM_STORE_EVENTS_EXACTLY_ONCE_H

#include "store/events/client.h"
#include "store/events/schema.h"

enum {
    /* Same refusal, not known to be passing, this often in a row: it is for good. */
    MM_ONCE_SAME_MAX = 5,
    /*
     * A store that takes no row at all is broken, and no row is to blame. Only after this many
     * such rounds (some five minutes of a sink that waits 200 ms) are rows given up, so that one
     * bad row alone in its batch cannot hold up a queue for ever.
     */
    MM_ONCE_BARREN_MAX = 300,
};

struct mm_once {
    enum mm_etable table;
    uint16_t queue;
    uint64_t from, to;
    const struct mm_slice *blocks; /* Native blocks (native.h) with rows of [from, to) only */
    size_t block_n;
    bool unsure;                    /* some of it may be stored or be on its way */
    uint32_t attempt;               /* inserts sent so far */
    uint32_t same;                  /* the last refusal, this often in a row */
    int last;                       /* its ClickHouse code */
    uint32_t barren;                /* rounds of halving in which no row was taken */
    uint64_t refused;               /* rows' numbers set aside so far */
    struct mm_events_answer answer; /* to the last attempt */
};

/*
 * Get ready. maybe_stored: an earlier process may have tried this batch (always true for the first
 * batches after a start); costs one look at the numbers stored.
 */
void mm_once_init(struct mm_once *o, enum mm_etable table, uint16_t queue, uint64_t from,
                  uint64_t to, const struct mm_slice *blocks, size_t block_n, bool maybe_stored);

/* Called with every number whose row the store refuses for good; why is the store's text. */
typedef void mm_once_refused(void *ctx, uint64_t seq, struct mm_slice why);

/*
 * Try once. MM_OK: every row is stored exactly once, or was handed to refused. MM_E_BUSY: not yet,
 * call again later. Nothing else is returned.
 */
MM_MUST_USE enum mm_code mm_once_step(struct mm_once *o, struct mm_events_client *c,
                                      mm_once_refused *refused, void *ctx);

#endif
