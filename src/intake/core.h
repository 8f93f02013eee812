/*
 * intake/core.h - what sockets and requests share: the spool, its committer, the counters.
 *
 * Purpose   Take lines over, make groups of them durable in a second thread, tell who waits, and
 *           count everything in the page that others read.
 * Owns      The spool's queue, the tables of idempotency keys and of relays' places, the page, one
 *           thread.
 * Threads   All functions may be called from any thread; those named _locked between _lock and
 *           _unlock. Nothing slow happens under the lock: the disk is waited for outside.
 * Trust     Bodies are hostile and not looked into.
 */
#ifndef MM_INTAKE_CORE_H
#define MM_INTAKE_CORE_H

#include "base/base.h"
#include "intake/keys.h"
#include "intake/places.h"
#include "intake/quota.h"
#include "model/intake_page.h"
#include "os/file.h"
#include "os/hits.h"
#include "store/spool/spool.h"

enum {
    MM_INTAKE_QUEUE = 0, /* live sources */
    MM_INGEST_QUEUE = 1, /* files that are imported */
    MM_SLOT_QUARANTINE = 0,
    /* Slot of a source that came when all were taken: its lines count in the spool only. */
    MM_SLOT_NONE = MM_INTAKE_SOURCES,
    /* Commits are at least this far apart unless somebody waits for an answer: a disk that needs
     * 5 ms itself loses nothing, and a fast one does not cost a core at 1,000 lines/s. */
    MM_COMMIT_PACE_US = 5000,
    MM_COMMIT_AT = 1024 * 1024,  /* bytes that do not wait for the pace */
    MM_COMMIT_RETRY_US = 200000, /* a full disk: one refused write costs nothing */
    /* Requests of one company that wait for its turn: a quarter of those that HTTP takes, so that
     * three companies that send too much still leave one in four to the others. */
    MM_INTAKE_WAITERS = 8,
};

struct mm_intake;

struct mm_intake_options {
    const char *state_dir; /* exists; spool/ and run/ are made below it */
    struct mm_fs fs;       /* zero: the real files */
    size_t pending_max;    /* zero: MM_SPOOL_PENDING */
    size_t segment_max;    /* zero: MM_SPOOL_SEGMENT */
    int64_t epoch_us;      /* wall clock now */
    struct mm_quota_rates rates;
    uint64_t spool_max;   /* bytes of lines that the engine has not done; zero: what the disk has */
    struct mm_hits *hits; /* where limits that were hit are counted; NULL: nowhere */
    /* Called in the committer's thread after each try; must not block. May be NULL. */
    void (*committed)(void *ctx);
    void *ctx;
};

MM_MUST_USE enum mm_code mm_intake_open(const struct mm_intake_options *options,
                                        struct mm_intake **ret);
/*
 * Commit what is pending, stop the thread, close. MM_E_FULL or MM_E_IO: something could not be
 * made durable within timeout_ms and is lost with this process. *in becomes NULL in any case.
 */
MM_MUST_USE enum mm_code mm_intake_close(struct mm_intake **in, int timeout_ms);

void mm_intake_lock(struct mm_intake *in);
void mm_intake_unlock(struct mm_intake *in);

/* The counters' slot of a source, made when it is new; MM_SLOT_NONE when there is no more. */
size_t mm_intake_slot_locked(struct mm_intake *in, uint32_t company, uint32_t source);
/* Bytes of items that may still be appended before a commit. */
size_t mm_intake_room_locked(const struct mm_intake *in);
/* Take over one line. Codes as mm_spool_append; nothing is counted on failure. */
MM_MUST_USE enum mm_code mm_intake_add_locked(struct mm_intake *in, size_t slot,
                                              const struct mm_spool_record *rec, uint64_t *ret_seq);
/*
 * Has this source's company used its share of the group that is being filled, or does it storm
 * while the engine has a long queue, or is an allowance used up (its own, the company's)? Then its
 * senders wait, so that a storm in one company leaves room for the others.
 */
bool mm_intake_over_share_locked(const struct mm_intake *in, size_t slot);
/*
 * Do the company's lines that wait for the engine take more of the disk than is still free
 * (intake/hoard.h)? Then its senders wait, HTTP is told to come again, and datagrams are dropped.
 * Part of _over_share.
 */
bool mm_intake_over_spool_locked(const struct mm_intake *in, size_t slot);
/* So much is free on the disk that holds the spool; about once a second. */
void mm_intake_disk(struct mm_intake *in, uint64_t free_bytes);
/*
 * Has who sends from this address used up an allowance: its source's or company's, or where nobody
 * registered it, its own or that of all strangers? What it sends by UDP is then dropped.
 */
bool mm_intake_over_quota_locked(const struct mm_intake *in, size_t slot, const struct mm_ip *peer);
/*
 * It waits, was turned away, or something of it was dropped, because its company's share of the
 * spool is used up, or else an allowance: counted for its source, and for who sent it.
 */
void mm_intake_note_over_locked(struct mm_intake *in, size_t slot, const struct mm_ip *peer);
/* Somebody ran into another limit. */
void mm_intake_hit(struct mm_intake *in, enum mm_hit hit, const struct mm_ip *peer);
/* Counts the groups: what was added in group g is durable when _durable_group is above g. */
uint64_t mm_intake_group_locked(const struct mm_intake *in);
uint64_t mm_intake_durable_group_locked(const struct mm_intake *in);
/* The number that the next line gets. */
uint64_t mm_intake_next_locked(const struct mm_intake *in);
struct mm_keys *mm_intake_keys_locked(struct mm_intake *in);
struct mm_places *mm_intake_places_locked(struct mm_intake *in);

/* Lines were added: the committer should look. Once after each bunch of lines. */
void mm_intake_kick_locked(struct mm_intake *in);

/* Wait until every number below next is durable. The state's code when the disk refuses. */
MM_MUST_USE enum mm_code mm_intake_wait(struct mm_intake *in, uint64_t next, int timeout_ms);
struct mm_turn {
    size_t slot;
    const struct mm_ip *peer; /* who sends; NULL: nobody in particular */
    size_t bytes;             /* room that is needed */
};
/*
 * Wait for room and for this source's turn, with the lock held, which is given up meanwhile.
 * MM_E_BUSY: the time is over. MM_E_PACE: MM_INTAKE_WAITERS of its company wait already, or its
 * share of the spool is used up. The state's code when the disk refuses.
 */
MM_MUST_USE enum mm_code mm_intake_wait_room_locked(struct mm_intake *in, const struct mm_turn *t,
                                                    int timeout_ms);

/* The engine has done every number below `done`; called often while it makes progress. */
void mm_intake_done(struct mm_intake *in, uint64_t done);
/* MM_OK, MM_E_FULL or MM_E_IO: how the last commit went. */
enum mm_code mm_intake_condition(const struct mm_intake *in);
struct mm_intake_page *mm_intake_page(struct mm_intake *in);

/* Add to a counter of the page that only the lock holder writes. */
static inline void mm_count(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

#endif
