/*
 * play/rng.h - the generator's random numbers: the same seed gives the same pilot everywhere.
 *
 * Purpose   SplitMix64: one word of state, good enough for made-up traffic.
 * Owns      Nothing.
 * Threads   One state, one thread.
 * Trust     Not for secrets.
 * Spec      Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators".
 */
#ifndef MM_PLAY_RNG_H
#define MM_PLAY_RNG_H

#include "base/base.h"

struct mm_rng {
    uint64_t state;
};

static inline uint64_t mm_rng_next(struct mm_rng *r)
{
    uint64_t z = r->state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* 0..n-1; n > 0. The bias of at most n/2^32 does not matter here. */
static inline uint32_t mm_rng_below(struct mm_rng *r, uint32_t n)
{
    MM_ASSERT(n > 0);
    return (uint32_t)((mm_rng_next(r) >> 32) * n >> 32);
}

/* A generator of its own for one purpose, so that adding one purpose changes no other. */
static inline struct mm_rng mm_rng_for(uint64_t seed, uint64_t purpose)
{
    struct mm_rng r = {seed ^ purpose * UINT64_C(0xD6E8FEB86659FD93)};

    (void)mm_rng_next(&r);
    return r;
}

#endif
