/* web/portal/pace.c - see pace.h for the contract. */
#include "web/portal/pace.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/time.h"

enum { WAYS = 8 }; /* places that a key may have: the quietest of them makes room */
static_assert(MM_PACE_KEYS % WAYS == 0, "whole sets");

struct bucket {
    uint64_t key;    /* 0: free */
    int64_t full_us; /* when it will be full again: a bucket needs no other figure */
};

struct mm_pace {
    pthread_mutex_t lock;
    uint32_t rate;
    struct mm_pace_stats stats;
    struct bucket bucket[MM_PACE_KEYS];
};

enum mm_code mm_pace_new(uint32_t rate, struct mm_pace **ret)
{
    struct mm_pace *p = calloc(1, sizeof(*p));

    MM_ASSERT(rate <= MM_PACE_RATE_MAX);
    if (p == NULL)
        return MM_E_NOMEM;
    p->rate = rate;
    (void)pthread_mutex_init(&p->lock, NULL);
    *ret = p;
    return MM_OK;
}

void mm_pace_free(struct mm_pace **pace)
{
    if (*pace == NULL)
        return;
    (void)pthread_mutex_destroy(&(*pace)->lock);
    free(*pace);
    *pace = NULL;
}

/* The key's bucket; a new one in place of the quietest of its set. */
static struct bucket *find(struct mm_pace *p, uint64_t key)
{
    struct bucket *set = &p->bucket[key % (MM_PACE_KEYS / WAYS) * WAYS], *quiet = set;

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].key == key)
            return &set[i];
        if (set[i].full_us < quiet->full_us)
            quiet = &set[i];
    }
    *quiet = (struct bucket){.key = key};
    return quiet;
}

enum mm_code mm_pace_take(struct mm_pace *pace, uint64_t key, int64_t mono_us, int64_t *ret_wait_s)
{
    int64_t each_us, room_us = MM_PACE_BURST_S * MM_US_PER_S, over_us;
    struct bucket *b;

    if (pace->rate == 0)
        return MM_OK;
    each_us = MM_US_PER_S / (int64_t)pace->rate;
    (void)pthread_mutex_lock(&pace->lock);
    b = find(pace, key == 0 ? 1 : key);
    if (b->full_us < mono_us)
        b->full_us = mono_us;
    over_us = b->full_us + each_us - mono_us - room_us;
    if (over_us <= 0) {
        b->full_us += each_us;
        pace->stats.allowed++;
    } else {
        pace->stats.refused++;
    }
    (void)pthread_mutex_unlock(&pace->lock);
    if (over_us <= 0)
        return MM_OK;
    *ret_wait_s = (over_us + MM_US_PER_S - 1) / MM_US_PER_S;
    return MM_E_PACE;
}

void mm_pace_stats(struct mm_pace *pace, struct mm_pace_stats *ret)
{
    (void)pthread_mutex_lock(&pace->lock);
    *ret = pace->stats;
    (void)pthread_mutex_unlock(&pace->lock);
}
