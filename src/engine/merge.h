/*
 * engine/merge.h - alerts of a rule that says the same again and again become one that counts.
 *
 * Purpose   A rule that matches everything must cost no row an event, and must not push the alerts
 *           of other rules aside. Of alerts that are alike - company, rule, entity, filter, stopped
 *           or not - the first MM_MERGE_KEEP stay; the rest becomes one alert with the number of
 *           the last, the latest time and the count of all. Shards do it for each round of a
 *           chunk, the sink for the batch: since a round keeps as many as a batch does, what is
 *           left depends on the batch alone, not on how it was cut into chunks.
 * Owns      The shard's table its slots; the list stays the caller's.
 * Threads   One table, one thread.
 * Trust     Entities are foreign texts, compared whole. The table is of fixed size: what finds no
 *           slot is passed on as it is.
 */
#ifndef MM_ENGINE_MERGE_H
#define MM_ENGINE_MERGE_H

#include "model/alert.h"

enum {
    MM_MERGE_KEEP = 20,         /* a reader sees no more in the twenty-first */
    MM_MERGE_SLOTS = 512,       /* different alerts of a round that are counted */
    MM_MERGE_BYTES = 256 * 1024 /* encoded, of all that were merged */
};

struct mm_merge;

/* NULL when memory is out. */
struct mm_merge *mm_merge_new(void);
void mm_merge_free(struct mm_merge **m);
/* A new round. */
void mm_merge_reset(struct mm_merge *m);
/*
 * The slot of alerts like this one, MM_MERGE_SLOTS when there is none left. `rule` and `filter`
 * (0: none) are numbers of the rule set, whose texts in `a` outlive the round. Nothing is counted.
 */
size_t mm_merge_slot(struct mm_merge *m, const struct mm_alert *a, uint32_t rule, uint32_t filter);
/* How many like it are kept by now; 0 for MM_MERGE_SLOTS. */
size_t mm_merge_kept(const struct mm_merge *m, size_t slot);
/* Are there enough of them, so that the next one is to be counted only? */
bool mm_merge_full(const struct mm_merge *m, size_t slot);
/* Count one: it is kept until mm_merge_full, and merged from then on. */
void mm_merge_add(struct mm_merge *m, size_t slot, const struct mm_alert *a);
/* Append what was merged, at most MM_MERGE_BYTES. */
void mm_merge_write(const struct mm_merge *m, struct mm_buf *out);

/*
 * The same for all alerts of a batch, sorted by mm_alert_order: returns how many are left of them,
 * in that order. `said` is called for each that others were merged into, with how many events.
 */
size_t mm_merge_list(struct mm_alert *list, size_t n,
                     void (*said)(void *ctx, const struct mm_alert *a, uint64_t events), void *ctx);

#endif
