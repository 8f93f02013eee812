/*
 * engine/batch.h - records [from, to) of one queue on their way into the stores.
 *
 * Purpose   Collects what shards made of a batch's chunks; once closed and complete it is stored
 *           whole: events, alerts, then findings, counters and position.
 * Owns      Everything in it, until mm_batch_free.
 * Threads   The sink's until it is handed to the storing thread, then that one's.
 * Trust     Bytes come from shards: lengths were checked by the ring, alerts are decoded with care.
 */
#ifndef MM_ENGINE_BATCH_H
#define MM_ENGINE_BATCH_H

#include "engine/ring.h"
#include "triage/triage.h"

enum {
    MM_BATCH_RECORDS = 300 * 1000,      /* where a row costs eventd least (measured) */
    MM_BATCH_BYTES = 128 * 1024 * 1024, /* of rows */
    /* Encoded alerts. A batch that has so many takes no more records; what is with the shards by
     * then, three chunks each, comes on top: some 30 MiB a chunk where every line alerts about
     * somebody else, with the words of a rule of ours. */
    MM_BATCH_ALERTS_FULL = 32 * 1024 * 1024,
    MM_BATCH_ALERTS_MAX = 512 * 1024 * 1024,
    MM_BATCH_SIEVES_MAX = 128 * 1024 * 1024, /* 2,000 rows that waited, of 48 KiB */
    MM_BATCH_COUNTS_MAX = 512 * 1024,        /* different senders; a register holds 200,000 */
    MM_BATCH_FORMATS_MAX = 1024 * 1024,      /* a register's sources with some formats each */
    MM_BATCH_UNREAD_MAX = 2000,  /* templates; what is beyond is counted only. They cost a write
                                    some milliseconds, all of one sender's among its 100 kept */
    MM_BATCH_ASIDES_MAX = 1000,  /* what is beyond is in the events only */
    MM_BATCH_HEADERS_MAX = 4096, /* header lines; a restart forgets those beyond */
};

struct mm_batch_count {
    uint32_t company, source;
    uint64_t parsed, unparsed, costly;
    uint64_t bytes; /* of these lines */
    int64_t last_seen_us;
};

/* Lines of a sender that one format recognised. */
struct mm_batch_format {
    uint32_t company, source;
    char name[MM_FORMAT_NAME];
    uint64_t parsed, unparsed;
    uint32_t topics;
    int64_t last_us;
};

/* Unread lines of one kind, copied from a chunk. */
struct mm_batch_unread {
    struct mm_unread u;
    uint8_t bytes[]; /* what the slices of u borrow */
};

struct mm_batch_aside {
    uint32_t company, source;
    uint64_t seq;
    int64_t received_us;
    const char *why;
    uint8_t *bytes;
    size_t bytes_n;
};

/* A line that names columns, and where it stands. */
struct mm_batch_header {
    uint32_t company, source;
    uint64_t seq;
    struct mm_slice line; /* malloc'ed */
};

struct mm_batch {
    struct mm_batch *next;
    uint64_t id;
    uint16_t queue;
    uint64_t from, to;
    size_t records;
    size_t bytes; /* of rows so far */
    size_t chunks_out;
    bool closed;
    bool unsure; /* an earlier process may have stored some of it */
    /* to > 0: an earlier process has counted a part of these records, and the batch ends there. */
    struct mm_counted counted;
    int64_t opened_us;
    int64_t newest_us;       /* received time of the record that was put in last */
    struct mm_slice *blocks; /* each malloc'ed */
    size_t blocks_n, blocks_cap;
    struct mm_buf alerts;
    struct mm_buf sieves; /* rows of that table, of these and earlier records */
    /* Of these three each is sorted by company and source once the batch is complete. */
    struct mm_batch_count *counts;
    size_t counts_n, counts_cap;
    struct mm_batch_format *formats;
    size_t formats_n, formats_cap;
    struct mm_batch_unread **unread;
    size_t unread_n;
    struct mm_batch_header *headers; /* by number once the batch is complete */
    size_t headers_n, headers_cap;
    struct mm_batch_aside *asides;
    size_t asides_n;
};

MM_MUST_USE enum mm_code mm_batch_new(uint64_t id, uint16_t queue, uint64_t from, int64_t now_us,
                                      struct mm_batch **ret);
void mm_batch_free(struct mm_batch **b);
/* Give back what its rows take, which are in the store; the rest stays. */
void mm_batch_drop_rows(struct mm_batch *b);
/* Take over what a finished chunk holds (copied). */
MM_MUST_USE enum mm_code mm_batch_absorb(struct mm_batch *b, const struct mm_chunk *c);
/* Remember a record that could not be read. */
void mm_batch_aside(struct mm_batch *b, uint32_t company, uint32_t source, uint64_t seq,
                    int64_t received_us, const char *why, struct mm_slice bytes);
/* Remember a line that names columns. */
MM_MUST_USE enum mm_code mm_batch_header(struct mm_batch *b, uint32_t company, uint32_t source,
                                         uint64_t seq, struct mm_slice line);
/* Bring counters into the order in which they are written, by company, then source, one a sender;
 * header lines into that of their numbers. */
void mm_batch_sort(struct mm_batch *b);
static inline bool mm_batch_complete(const struct mm_batch *b)
{
    return b->closed && b->chunks_out == 0;
}

#endif
