/* triage/distinct.c - see distinct.h for the contract. */
#include "triage/distinct.h"

#include <math.h>

enum { RANK_MAX = 64 - MM_DISTINCT_BITS + 1 };

void mm_distinct_init(struct mm_distinct *d, struct mm_seed seed)
{
    *d = (struct mm_distinct){.seed = seed};
}

void mm_distinct_add(struct mm_distinct *d, uint64_t hash)
{
    uint64_t rest = hash << MM_DISTINCT_BITS;
    uint8_t *reg = &d->reg[hash >> (64 - MM_DISTINCT_BITS)];
    /* Where the first one stands; counting zeros of zero is undefined. */
    int rank = rest == 0 ? RANK_MAX : __builtin_clzll(rest) + 1;

    if (*reg < rank)
        *reg = (uint8_t)rank; /* <= RANK_MAX */
}

uint64_t mm_distinct_count(const struct mm_distinct *d)
{
    const double m = MM_DISTINCT_REGISTERS, alpha = 0.7213 / (1 + 1.079 / m);
    double sum = 0, estimate;
    size_t empty = 0;

    for (size_t i = 0; i < MM_DISTINCT_REGISTERS; i++) {
        sum += 1.0 / (double)(UINT64_C(1) << d->reg[i]);
        empty += d->reg[i] == 0;
    }
    estimate = alpha * m * m / sum;
    if (estimate <= 2.5 * m && empty > 0)
        estimate = m * log(m / (double)empty);
    return (uint64_t)(estimate + 0.5); /* at most 2^53 times m */
}

void mm_distinct_write(const struct mm_distinct *d, uint8_t ret[MM_DISTINCT_SIZE])
{
    memcpy(ret, &d->seed, sizeof(d->seed));
    memcpy(ret + sizeof(d->seed), d->reg, sizeof(d->reg));
}

bool mm_distinct_read(struct mm_slice kept, struct mm_distinct *ret)
{
    static_assert(sizeof(ret->seed) + sizeof(ret->reg) == MM_DISTINCT_SIZE, "nothing in between");

    if (kept.n != MM_DISTINCT_SIZE)
        return false;
    for (size_t i = sizeof(ret->seed); i < kept.n; i++) {
        if (kept.p[i] > RANK_MAX)
            return false;
    }
    memcpy(&ret->seed, kept.p, sizeof(ret->seed));
    memcpy(ret->reg, kept.p + sizeof(ret->seed), sizeof(ret->reg));
    return true;
}
