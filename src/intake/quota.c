/* intake/quota.c - see quota.h for the contract. */
#include "intake/quota.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/time.h"

enum { WAYS = 8 }; /* places that a stranger may have */
static_assert(MM_QUOTA_STRANGERS % WAYS == 0, "whole sets");

/* An allowance is told by the moment at which it will be whole again. */
struct stranger {
    struct mm_ip ip;
    int64_t whole_us; /* 0: free */
};

struct mm_quota {
    struct mm_quota_rates rates;
    int64_t source[MM_QUOTA_PLACES], company[MM_QUOTA_PLACES];
    int64_t strangers;
    struct stranger stranger[MM_QUOTA_STRANGERS];
};

enum mm_code mm_quota_new(const struct mm_quota_rates *rates, struct mm_quota **ret)
{
    struct mm_quota *q = calloc(1, sizeof(*q));

    MM_ASSERT(rates->source <= MM_QUOTA_RATE_MAX && rates->company <= MM_QUOTA_RATE_MAX &&
              rates->stranger <= MM_QUOTA_RATE_MAX && rates->strangers <= MM_QUOTA_RATE_MAX);
    if (q == NULL)
        return MM_E_NOMEM;
    q->rates = *rates;
    *ret = q;
    return MM_OK;
}

void mm_quota_free(struct mm_quota **q)
{
    free(*q);
    *q = NULL;
}

static bool used_up(uint32_t rate, int64_t whole_us, int64_t mono_us)
{
    return rate != 0 && whole_us - mono_us >= MM_QUOTA_BURST_S * MM_US_PER_S;
}

static void take(uint32_t rate, int64_t *whole_us, size_t bytes, int64_t mono_us)
{
    if (rate == 0)
        return;
    if (*whole_us < mono_us)
        *whole_us = mono_us;
    /* bytes are at most one chunk of MM_NET_CHUNK or one body: no overflow in 64 bits */
    *whole_us += (int64_t)((uint64_t)bytes * (uint64_t)MM_US_PER_S / rate);
}

bool mm_quota_over(const struct mm_quota *q, size_t slot, size_t company_at, int64_t mono_us)
{
    MM_ASSERT(slot < MM_QUOTA_PLACES && company_at < MM_QUOTA_PLACES);
    return used_up(q->rates.source, q->source[slot], mono_us) ||
           used_up(q->rates.company, q->company[company_at], mono_us);
}

void mm_quota_add(struct mm_quota *q, size_t slot, size_t company_at, size_t bytes, int64_t mono_us)
{
    MM_ASSERT(slot < MM_QUOTA_PLACES && company_at < MM_QUOTA_PLACES);
    take(q->rates.source, &q->source[slot], bytes, mono_us);
    take(q->rates.company, &q->company[company_at], bytes, mono_us);
}

/* ---- strangers ---- */

static size_t set_of(const struct mm_ip *ip)
{
    uint32_t crc = mm_crc32c(0, mm_slice_of(ip, sizeof(*ip)));

    return crc % (MM_QUOTA_STRANGERS / WAYS) * WAYS;
}

static const struct stranger *find(const struct mm_quota *q, const struct mm_ip *ip)
{
    const struct stranger *set = &q->stranger[set_of(ip)];

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].whole_us != 0 && memcmp(&set[i].ip, ip, sizeof(*ip)) == 0)
            return &set[i];
    }
    return NULL;
}

bool mm_quota_stranger_over(const struct mm_quota *q, const struct mm_ip *ip, int64_t mono_us)
{
    const struct stranger *s = find(q, ip);

    return used_up(q->rates.strangers, q->strangers, mono_us) ||
           (s != NULL && used_up(q->rates.stranger, s->whole_us, mono_us));
}

void mm_quota_stranger_add(struct mm_quota *q, const struct mm_ip *ip, size_t bytes,
                           int64_t mono_us)
{
    size_t at = set_of(ip), quiet = at;
    const struct stranger *s = find(q, ip);

    take(q->rates.strangers, &q->strangers, bytes, mono_us);
    if (s != NULL) {
        take(q->rates.stranger, &q->stranger[s - q->stranger].whole_us, bytes, mono_us);
        return;
    }
    for (size_t i = at; i < at + WAYS; i++) {
        if (q->stranger[i].whole_us < q->stranger[quiet].whole_us)
            quiet = i;
    }
    q->stranger[quiet] = (struct stranger){.ip = *ip};
    take(q->rates.stranger, &q->stranger[quiet].whole_us, bytes, mono_us);
}
