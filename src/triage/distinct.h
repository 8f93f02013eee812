/*
 * triage/distinct.h - about how many different texts there were, in 4 KiB.
 *
 * Purpose   A flood has any number of entities; how many decides what it is. Below some hundreds
 *           the answer is all but exact, beyond it is off by 1.6 % (one standard error).
 * Owns      Nothing; a sketch is bytes that can be kept.
 * Threads   Pure functions.
 * Trust     Texts are hostile: hashes are seeded by chance, so that nobody can choose texts that
 *           look like few.
 * Spec      HyperLogLog (Flajolet, Fusy, Gandouet, Meunier 2007) with 2^12 registers and 64-bit
 *           hashes, linear counting below 2.5 times the registers.
 */
#ifndef MM_TRIAGE_DISTINCT_H
#define MM_TRIAGE_DISTINCT_H

#include "base/hash.h"

enum {
    MM_DISTINCT_BITS = 12,
    MM_DISTINCT_REGISTERS = 1 << MM_DISTINCT_BITS,
    MM_DISTINCT_SIZE = 16 + MM_DISTINCT_REGISTERS, /* bytes kept: the seed, then the registers */
};

struct mm_distinct {
    struct mm_seed seed;
    uint8_t reg[MM_DISTINCT_REGISTERS];
};

/* An empty sketch. */
void mm_distinct_init(struct mm_distinct *d, struct mm_seed seed);
/* Hash of a text, for _add. */
static inline uint64_t mm_distinct_hash(const struct mm_distinct *d, struct mm_slice text)
{
    return mm_hash(d->seed, text);
}
/* Adding a text again changes nothing. */
void mm_distinct_add(struct mm_distinct *d, uint64_t hash);
/* About how many different ones were added. */
uint64_t mm_distinct_count(const struct mm_distinct *d);
/* The bytes to keep. */
void mm_distinct_write(const struct mm_distinct *d, uint8_t ret[MM_DISTINCT_SIZE]);
/* Read them again; false, with *ret untouched, when they are none. */
MM_MUST_USE bool mm_distinct_read(struct mm_slice kept, struct mm_distinct *ret);

#endif
