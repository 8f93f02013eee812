/*
 * intake/lag.h - who has filled the queue that the engine has still to work off?
 *
 * Purpose   When the engine cannot keep up because one company storms, that company's senders
 *           wait, so that the lines of all others find a short queue. Companies that send alike
 *           are never held back: then the spool takes what comes, as it does while the engine is
 *           down.
 * Owns      A fixed table.
 * Threads   One lock holder at a time.
 * Trust     Numbers of companies only.
 */
#ifndef MM_INTAKE_LAG_H
#define MM_INTAKE_LAG_H

#include "base/base.h"

enum {
    MM_LAG_COMPANIES = 4097, /* MM_INTAKE_SOURCES and one for the rest */
    MM_LAG_SOFT = 100000,    /* lines to do below which nobody waits: half a second of engine */
    /* Lines to do that storms together may cause: the batch that the engine stores and the next
     * one, so that it never waits for lines; 3 s at 200,000 lines/s. */
    MM_LAG_ALL = 600000,
    MM_LAG_EPOCH_US = 100000,   /* counts are kept in pieces of this length */
    MM_LAG_STILL_US = 10000000, /* no progress for so long: the engine is down, nobody waits */
};

struct mm_lag;

MM_MUST_USE enum mm_code mm_lag_new(struct mm_lag **ret);
void mm_lag_free(struct mm_lag **lag);
/* `lines` of company number `at` (an index of the caller's) became durable. */
void mm_lag_add(struct mm_lag *lag, size_t at, uint32_t lines);
/* Everything below `next` is durable now; after the _add calls of a commit. */
void mm_lag_durable(struct mm_lag *lag, uint64_t next, int64_t mono_us);
/* The engine has done everything below `done`. */
void mm_lag_done(struct mm_lag *lag, uint64_t done, int64_t mono_us);
/* Should this company's senders wait? */
bool mm_lag_over(const struct mm_lag *lag, size_t at, int64_t mono_us);

#endif
