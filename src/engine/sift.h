/*
 * engine/sift.h - a queue's records on their way to the shards, put into its sieve as well.
 *
 * Purpose   Company by company, so that one filter at a time is in the processor's nearest cache:
 *           a line costs half of what it does in the order of its number.
 * Owns      A sift owns its sieve.
 * Threads   The sink's reading thread.
 * Trust     As store/events/sieve.h.
 */
#ifndef MM_ENGINE_SIFT_H
#define MM_ENGINE_SIFT_H

#include "engine/ring.h"
#include "store/events/sieve.h"

enum {
    /* An insert costs the store milliseconds however small it is, and each of these rows takes a
     * MiB of lines: nothing is lost by waiting for a few of them. */
    MM_SIFT_ROWS = 32,
};

struct mm_sift {
    struct mm_sieve *sieve;
    uint16_t group[MM_CHUNK_RECORDS]; /* of each record: the first source of its company */
    uint16_t order[MM_CHUNK_RECORDS];
};

MM_MUST_USE enum mm_code mm_sift_new(uint16_t queue, struct mm_sift **ret);
/* Frees and sets *s to NULL; *s may be NULL. */
void mm_sift_free(struct mm_sift **s);
/* The records of a chunk that is about to be submitted. Chunks come in the order of their numbers.
 */
void mm_sift_chunk(struct mm_sift *s, const struct mm_chunk *c);
/* Append rows of table sieves to out when there are enough of them, or any and `all` is said. */
void mm_sift_take(struct mm_sift *s, bool all, struct mm_buf *out);

#endif
