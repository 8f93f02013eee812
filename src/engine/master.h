/*
 * engine/master.h - the parent of the shards: starts, watches, replaces and reloads them.
 *
 * Purpose   A shard may crash, hang or be taken over; nothing but itself stops. The master is a
 *           process of its own, single-threaded, so that it can fork at any time; it prepares
 *           (formats, rules) before it forks, so that shards share the memory, and every new
 *           preparation is tried in a child first.
 * Owns      The rings (made before the fork, shared) and the shard processes.
 * Threads   The sink calls the functions below from one thread. The master itself has one.
 * Trust     Shards are confined before they see their first byte; the master reads only content
 *           that an operator put there.
 */
#ifndef MM_ENGINE_MASTER_H
#define MM_ENGINE_MASTER_H

#include "engine/ring.h"

enum {
    MM_MASTER_SHARDS_MAX = 32,
    MM_MASTER_HANG_S = 10, /* no record takes longer; simdjson and PCRE2 are bounded far below */
};

/* What a shard does. Called in the master and in shards only, never in the sink. */
struct mm_shard_ops {
    /* In the master, first of all: give up rights for good. False: it ends. May be NULL (tests). */
    bool (*settle)(const char *state);
    const char *state; /* the state directory, for settle */
    /*
     * Build what all shards share. NULL when it cannot be used: the old one stays. Only where there
     * is no old one it is asked again with `whole` false: then what can be left out is left out.
     */
    void *(*prepare)(void *arg, bool whole);
    void (*release)(void *prepared);
    /* How many adjustments of rules in it want a second look (detect/tuning.h). NULL: none ever. */
    uint32_t (*unasked)(const void *prepared);
    /* In a new shard, before confinement: per-shard memory. NULL ends the shard. */
    void *(*start)(void *prepared);
    /* In a new shard: give up rights for good. False ends the shard. May be NULL (tests). */
    bool (*confine)(void);
    /* Work records [c->done_n ...) of the chunk; c->at says which record it is at. */
    void (*work)(void *shard, struct mm_chunk *c);
    void *arg;
    int64_t hang_us; /* a shard this long at one record is ended; 0 = MM_MASTER_HANG_S */
};

/* Shared by sink and master; read-only for the sink. */
struct mm_master_stats {
    _Atomic uint32_t ready;      /* shards running */
    _Atomic uint32_t generation; /* preparations in use, counted from 1 */
    _Atomic uint32_t refused;    /* preparations that were refused */
    _Atomic bool behind;         /* the last one was: an older one is in use, or one not whole */
    _Atomic uint32_t unasked;    /* of the one in use */
    _Atomic uint64_t deaths;     /* shards that died or hung */
    _Atomic uint64_t set_aside;  /* records at which a shard died twice */
};

struct mm_master;

/*
 * Fork the master with `shards` shards (1..MM_MASTER_SHARDS_MAX). wake_sink is an eventfd that is
 * written when chunks are done. MM_E_CONFIG when there is no first preparation, MM_E_IO,
 * MM_E_NOMEM. Call before any thread is started.
 */
MM_MUST_USE enum mm_code mm_master_start(const struct mm_shard_ops *ops, size_t shards,
                                         int wake_sink, struct mm_master **ret);
struct mm_ring *mm_master_ring(struct mm_master *m, size_t shard);
const struct mm_master_stats *mm_master_stats(const struct mm_master *m);
/* Prepare anew; shards are replaced between two chunks. Returns at once. */
void mm_master_reload(struct mm_master *m);
/* Is the master still there? False once: then the engine must end and be started again. */
bool mm_master_alive(struct mm_master *m);
/* End shards and master; chunks not collected are lost with the rings (the spool has them). */
void mm_master_stop(struct mm_master **m);

#endif
