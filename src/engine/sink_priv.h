/*
 * engine/sink_priv.h - the sink's two halves: reading (sink.c) and storing (store.c).
 *
 * Purpose   What both threads share, and which of them may touch it.
 * Owns      See sink.h.
 * Threads   `lock` guards the lists of batches and the counters.
 * Trust     As sink.h.
 */
#ifndef MM_ENGINE_SINK_PRIV_H
#define MM_ENGINE_SINK_PRIV_H

#include <pthread.h>

#include "engine/batch.h"
#include "engine/exceptions.h"
#include "engine/headers.h"
#include "engine/sift.h"
#include "engine/sink.h"
#include "engine/sources.h"
#include "engine/watch.h"
#include "store/events/client.h"
#include "store/events/native.h"
#include "store/spool/spool.h"

enum {
    MM_SINK_READ_MAX = 1024,  /* records of one read */
    MM_SINK_WAITING_MAX = 3,  /* batches that are ready or being stored when another begins */
    MM_SINK_CROWD = 1000,     /* senders of one batch whose counters cost more than their lines */
    MM_SINK_NOISY_MAX = 16,   /* rules of one batch that are named to the operator */
    MM_SINK_NOISY_MIN = 1000, /* events of one company in a batch; an attack has tens of a kind */
};

/* A rule of which one company has so many alerts that they are counted instead of kept. */
struct mm_sink_noisy {
    char rule[MM_CHUNK_RULE_ID];
    uint32_t company;
    uint64_t events;  /* in this batch */
    int64_t noted_us; /* when its finding was written */
};

static_assert(MM_SINK_WAITING_MAX + 3 <= MM_SINK_IN_FLIGHT, "ready, being stored, open, closing");

struct mm_sink_queue {
    uint16_t queue;
    struct mm_spool_reader *reader;
    struct mm_sift *sift;
    uint64_t unsure_below;     /* numbers that an earlier process may have stored */
    struct mm_counted counted; /* what it has counted of the next batch */
    /* Records that were read and not yet given to a chunk. */
    struct mm_spool_record recs[MM_SINK_READ_MAX];
    size_t at, n;
};

/* Batches that one thread hands to another, oldest first. */
struct mm_batch_list {
    struct mm_batch *first;
    bool over;           /* there will be no more */
    pthread_cond_t more; /* one came, or over */
};

struct mm_sink {
    struct mm_sink_options o;
    /* Reading thread. */
    char spool_dir[1024];
    struct mm_sink_queue *queue[MM_SPOOL_QUEUES_READ];
    size_t queues_n, turn;
    bool many_queues; /* more than are read: said so */
    struct mm_sources sources;
    struct mm_watch *watch;
    uint64_t sources_seen;
    struct mm_batch *open;
    struct mm_batch *closing; /* closed, chunks still out; oldest first */
    struct mm_chunk *chunk;   /* being filled */
    struct mm_ring *chunk_ring;
    size_t ring_turn;
    struct mm_exceptions exceptions;
    struct mm_mirror tailor;
    struct mm_headers *headers; /* what sources have said of their columns, as far as is read */
    uint64_t next_id;
    int64_t housekept_us, retried_us;
    int64_t loud_us, undecided_us; /* when a word was last said about such a rule */
    uint64_t given_back;           /* `stored` when memory was last given back */
    /* Shared. */
    pthread_mutex_t lock;
    struct mm_batch_list ready;    /* for mm_sink_store */
    struct mm_batch_list in_store; /* for mm_sink_finish */
    size_t senders;                /* of the batch whose counters were written last */
    size_t waiting;                /* in these, and in the hands of those */
    bool stopping;
    int64_t stop_until_us;
    enum mm_code failed;
    uint64_t stored; /* records of batches that are wholly stored */
    /* mm_sink_store. */
    struct mm_events_client *client;
    /* mm_sink_finish. */
    struct mm_headers *headers_stored; /* the same, as far as is stored */
    struct mm_events_client *alert_client;
    struct mm_native *alert_rows;
    struct mm_sink_noisy noted[MM_SINK_NOISY_MAX]; /* not again for an hour */
};

/* Put a batch at the end of a list; nothing more will come into it. */
void mm_sink_pass(struct mm_sink *s, struct mm_batch_list *list, struct mm_batch *b);
void mm_sink_over(struct mm_sink *s, struct mm_batch_list *list);

/*
 * Bodies of the two storing threads; arg is the sink. The first stores the events of one batch
 * after another; the second what comes behind them: alerts, then the records, then the sieve. So
 * the next batch's events are on their way while this one's position is written: one after the
 * other, half a core of two was idle while a backlog was worked off.
 */
void *mm_sink_store(void *arg);
void *mm_sink_finish(void *arg);
#endif
