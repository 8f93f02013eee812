/*
 * engine/ring.h - chunks of records between the sink and one shard, in shared memory.
 *
 * Purpose   The sink fills a chunk, the shard turns it into rows and alerts in place, the sink
 *           takes them. Nothing else passes between the two.
 * Owns      An anonymous shared mapping, inherited by fork; the sink frees it. It outlives any
 *           shard, so that a new shard goes on where a dead one stopped.
 * Threads   One filler and collector (sink), one worker (shard); the master may look at a chunk
 *           while no shard is alive.
 * Trust     The sink does not believe what it reads from the output half: every length is held
 *           against its area. Record bodies are hostile bytes.
 */
#ifndef MM_ENGINE_RING_H
#define MM_ENGINE_RING_H

#include <stdatomic.h>

#include "base/base.h"
#include "base/buf.h"
#include "codec/cluster.h"
#include "coverage/coverage.h"

enum {
    MM_RING_SLOTS = 3,                 /* one filled, one worked on, one collected */
    MM_CHUNK_RECORDS = 16 * 1024,      /* a Native block of this size costs eventd no extra */
    MM_CHUNK_SOURCES = 512,            /* different senders in one chunk */
    MM_CHUNK_IN = 4 * 1024 * 1024,     /* bytes of bodies */
    MM_CHUNK_OUT = 24 * 1024 * 1024,   /* rows; what does not fit is handed back undone */
    MM_CHUNK_RULE_ID = 64,             /* a UUID has 36 */
    MM_CHUNK_ALERTS = 4 * 1024 * 1024, /* alerts; likewise */
    MM_FORMAT_NAME = 48,               /* name of a format file, NUL included */
    MM_CHUNK_UNREAD = 64,        /* templates of unread lines; what is beyond is counted only */
    MM_CHUNK_UNREAD_LOOK = 2048, /* unread lines looked at: a storm costs no more than that */
    MM_CHUNK_FORMATS = 1024,     /* different (sender, format); beyond: not noted this time */
};

/* What parsing has to know of a sender; looked up by the sink, since shards have no records. */
struct mm_chunk_source {
    uint32_t company;
    uint32_t source;
    int32_t tz_offset_s;
    uint16_t keep_days;
    uint8_t charset;             /* enum mm_charset, told or MM_CS_UNKNOWN */
    char format[MM_FORMAT_NAME]; /* told format, or "" to recognise */
    uint32_t head_at, head_n; /* its header lines before this chunk, in the chunk's input bytes */
};

enum mm_chunk_flag {
    MM_CHUNK_ASIDE = 0x8000,  /* a shard died twice at this record: store it raw, look no closer */
    MM_CHUNK_HEADER = 0x4000, /* the shard's: it names columns of the lines behind it */
};

struct mm_chunk_rec {
    uint64_t seq;
    int64_t received_us;
    uint32_t source_at; /* index into the chunk's sources */
    uint32_t body_at;   /* offset into the chunk's input bytes */
    uint32_t body_n;
    uint16_t flags; /* enum mm_event_flag, MM_CHUNK_ASIDE */
};

/* Counted per sender by the shard. */
struct mm_chunk_count {
    uint32_t parsed;
    uint32_t unparsed;
    uint32_t costly; /* of those: they would have cost more than a line may */
};

/* Unread lines of one kind, as the shard gathered them. */
struct mm_chunk_unread {
    uint32_t source_at;
    uint32_t count;
    uint32_t rec[MM_UNREAD_EXAMPLES]; /* first, second and newest of them */
    uint32_t recs_n;
    uint32_t app_n, shape_n;
    char format[MM_FORMAT_NAME]; /* of the newest; "" when none knew it */
    uint8_t app[MM_CLUSTER_APP];
    uint8_t shape[MM_CLUSTER_TEXT];
};

/* Lines of one sender that one format recognised; "" counts those that none did. */
struct mm_chunk_format {
    uint32_t source_at;
    uint32_t parsed, unparsed;
    uint32_t topics;
    char name[MM_FORMAT_NAME];
};

enum mm_chunk_state { MM_CHUNK_FREE, MM_CHUNK_FILLED, MM_CHUNK_DONE };

/* A rule worth a word to the operator; count 0: none. */
struct mm_chunk_rule {
    uint32_t count;
    char id[MM_CHUNK_RULE_ID];
};

struct mm_chunk {
    _Atomic uint32_t state;
    /* Written by the sink before FILLED. */
    uint16_t queue;
    uint64_t batch;  /* the sink's own number for the batch this chunk belongs to */
    uint64_t number; /* chunks are worked in this order */
    uint32_t records_n;
    uint32_t sources_n;
    uint32_t in_n;
    uint32_t from_n; /* first record of this round; > 0 when an earlier round's output was full */
    /* Written by the shard while it works. */
    _Atomic uint32_t at; /* record being worked on: says at which one a shard died */
    uint32_t done_n;     /* records wholly turned into output; < records_n when it was full */
    uint32_t out_n;      /* bytes of rows */
    uint32_t alerts_n;   /* bytes of alerts */
    uint32_t unread_n;
    uint32_t formats_n;
    struct mm_chunk_rule loud;      /* matched more than half of the records */
    struct mm_chunk_rule undecided; /* conditions left open, and the rule of the last */
    /* Written by the master when a shard dies. */
    uint32_t death_at;
    uint32_t deaths;
    struct mm_chunk_source source[MM_CHUNK_SOURCES];
    struct mm_chunk_count count[MM_CHUNK_SOURCES];
    struct mm_chunk_unread unread[MM_CHUNK_UNREAD];
    struct mm_chunk_format format[MM_CHUNK_FORMATS];
    struct mm_chunk_rec rec[MM_CHUNK_RECORDS];
    uint8_t in[MM_CHUNK_IN + 64]; /* + MM_PADDING: simdjson reads past the last body */
    uint8_t alerts[MM_CHUNK_ALERTS];
    uint8_t out[MM_CHUNK_OUT];
};

struct mm_ring {
    int wake_shard;  /* eventfd: chunks were filled */
    int wake_sink;   /* eventfd shared by all rings: chunks are done */
    uint64_t filled; /* sink: chunks handed to the shard, ever */
    uint64_t taken;  /* sink: chunks taken back, ever */
    struct mm_chunk slot[MM_RING_SLOTS];
};

/* A ring in shared memory; wake_sink stays the caller's. */
MM_MUST_USE enum mm_code mm_ring_new(int wake_sink, struct mm_ring **ret);
void mm_ring_free(struct mm_ring **ring);

/* Sink: an empty chunk to fill, or NULL while all slots are busy. The same one until submitted. */
struct mm_chunk *mm_ring_begin(struct mm_ring *ring, uint16_t queue, uint64_t batch);
/*
 * Sink: copy one record in. False when it does not fit: submit and begin another chunk. An empty
 * chunk takes any record of up to MM_MAX_LINE bytes.
 */
bool mm_chunk_add(struct mm_chunk *c, const struct mm_chunk_source *source,
                  const struct mm_chunk_rec *rec, struct mm_slice body);
/* Sink: copy the header lines of a source in, before its first record; nothing happens when the
 * chunk knows the source already. False when they do not fit, as above. */
bool mm_chunk_head(struct mm_chunk *c, const struct mm_chunk_source *source, struct mm_slice head);
/* Sink: hand the begun chunk to the shard. It must hold at least one record. */
void mm_ring_submit(struct mm_ring *ring);
/* Sink: the oldest finished chunk, or NULL. Its lengths have been checked. */
struct mm_chunk *mm_ring_collect(struct mm_ring *ring);
/* Sink: give the collected chunk's slot back. */
void mm_ring_release(struct mm_ring *ring);
/* Sink: the collected chunk was only done in part (its output was full): have the rest done. */
void mm_ring_again(struct mm_ring *ring);
/* Sink: are all chunks back? */
bool mm_ring_idle(const struct mm_ring *ring);

/* Shard: the oldest chunk to work on, or NULL when there is none (then wait on wake_shard). */
struct mm_chunk *mm_ring_take(struct mm_ring *ring);
/* Shard: done_n, out_n and alerts_n are written; tell the sink. */
void mm_ring_finish(struct mm_ring *ring, struct mm_chunk *c);

/*
 * Sink: a copy of one record. A shard that was taken over may write to it at any time, so what was
 * checked must not be fetched again: it is read once, and its source is within the chunk's table.
 */
static inline struct mm_chunk_rec mm_chunk_rec_once(const struct mm_chunk *c, uint32_t i)
{
    struct mm_chunk_rec r;

    MM_ASSERT(i < MM_CHUNK_RECORDS);
    r = *(const volatile struct mm_chunk_rec *)&c->rec[i];
    MM_ASSERT(r.source_at < MM_CHUNK_SOURCES);
    return r;
}

/* The bytes of a record: of a copy, where a shard may write to the original. */
static inline struct mm_slice mm_chunk_body(const struct mm_chunk *c, const struct mm_chunk_rec *r)
{
    MM_ASSERT(r->body_at <= MM_CHUNK_IN && r->body_n <= MM_CHUNK_IN - r->body_at);
    return mm_slice_of(c->in + r->body_at, r->body_n);
}

#endif
