/*
 * intake/quota.h - how many bytes a second one source, one company and strangers may send.
 *
 * Purpose   An allowance each, refilled steadily. Who has used it up waits where it can (TCP, HTTP)
 *           and is dropped where it cannot (UDP); the caller does that, and counts it. Strangers,
 *           whom nobody registered, have one each and one together, so that the quarantine of one
 *           machine gone wrong, or of an attacker, neither fills the disk nor hides the others'.
 * Owns      Fixed tables. Of more strangers than MM_QUOTA_STRANGERS the quietest is forgotten.
 * Threads   One lock holder at a time.
 * Trust     Addresses of strangers may be forged: then what all of them may send together counts.
 */
#ifndef MM_INTAKE_QUOTA_H
#define MM_INTAKE_QUOTA_H

#include "base/base.h"
#include "base/ip.h"

enum {
    MM_QUOTA_PLACES = 4097,    /* MM_INTAKE_SOURCES and one for the rest; companies likewise */
    MM_QUOTA_STRANGERS = 1024, /* four times what the page of counters shows */
    MM_QUOTA_BURST_S = 10,     /* an allowance holds so many seconds: a PC that has just started */
    MM_QUOTA_RATE_MAX = 1 << 30, /* 1 GiB/s: more than a disk takes */
};

/* Bytes a second, at most MM_QUOTA_RATE_MAX; 0: no limit. */
struct mm_quota_rates {
    uint32_t source, company; /* each of them */
    uint32_t stranger;        /* each address */
    uint32_t strangers;       /* all together */
};

struct mm_quota;

MM_MUST_USE enum mm_code mm_quota_new(const struct mm_quota_rates *rates, struct mm_quota **ret);
void mm_quota_free(struct mm_quota **q);
/*
 * Has the source (at `slot`) or its company (at `company_at`) used up its allowance? Places are the
 * caller's indexes below MM_QUOTA_PLACES; times are of a clock that does not go backwards.
 */
bool mm_quota_over(const struct mm_quota *q, size_t slot, size_t company_at, int64_t mono_us);
/* It sent so much. What was taken although the allowance was used up delays what comes next. */
void mm_quota_add(struct mm_quota *q, size_t slot, size_t company_at, size_t bytes,
                  int64_t mono_us);
/* The same of a stranger. */
bool mm_quota_stranger_over(const struct mm_quota *q, const struct mm_ip *ip, int64_t mono_us);
void mm_quota_stranger_add(struct mm_quota *q, const struct mm_ip *ip, size_t bytes,
                           int64_t mono_us);

#endif
