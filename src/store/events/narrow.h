/*
 * store/events/narrow.h - a search reads only events whose sieve may hold its words.
 *
 * Purpose   Two halves around one question: the SQL that asks a company's sieves (sieve.h) which
 *           of them rule a query out, and the condition that leaves out what they speak for.
 * Owns      Nothing: text goes to the caller's buffers.
 * Threads   Pure functions.
 * Trust     A query's texts reach the SQL as numbers of ours (hashes, bits) and nothing else. The
 *           condition is never needed for a right answer: it only leaves out what cannot match.
 */
#ifndef MM_STORE_EVENTS_NARROW_H
#define MM_STORE_EVENTS_NARROW_H

#include "base/buf.h"
#include "codec/query.h"

enum {
    /* Texts of a query that are asked for; each is up to 5 KiB of SQL. */
    MM_NARROW_TEXTS_MAX = 8,
    MM_NARROW_QUEUES_MAX = 4, /* of whose events something is left out; of others nothing is */
    /* Stretches of numbers that have to be read: the store holds each granule against all of them;
     * blocks it finds by halving. */
    MM_NARROW_STRETCHES_MAX = 16,
    MM_NARROW_BLOCKS_MAX = 3000, /* of all queues: some 27 KiB of SQL */
    MM_NARROW_BLOCK = 1024,      /* numbers; doubled while there are too many */
    /* Sieves ruled out that are looked at, the newest: of 2,000 million lines of 250 bytes. */
    MM_NARROW_ROWS_MAX = 500 * 1000,
};

/*
 * Append the SELECT for a query; {company:UInt32} is to be bound, the format is RowBinary. now_us
 * as in the search. False, and nothing appended: the sieves cannot tell anything about it.
 */
bool mm_narrow_ask(const struct mm_query *q, int64_t now_us, struct mm_buf *out);

/*
 * Append to a WHERE clause what the answer leaves to be read: nothing, or a condition on queue and
 * seq. MM_E_SYNTAX: not such an answer.
 */
MM_MUST_USE enum mm_code mm_narrow_put(struct mm_slice answer, struct mm_buf *out);

#endif
