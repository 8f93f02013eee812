/*
 * web/portal/pace.h - how many requests one user, token or address may make.
 *
 * Purpose   A program in a loop, or somebody who collects pages, does not take the portal from the
 *           others: a bucket each, refilled steadily. Logins have a slower one (register/auth.h).
 * Owns      A fixed table; who has been quiet longest makes room, and begins with a full bucket.
 * Threads   Every function from every thread.
 * Trust     Keys are made by the caller, of what was proven (user, token) or of an address.
 */
#ifndef MM_WEB_PORTAL_PACE_H
#define MM_WEB_PORTAL_PACE_H

#include "base/base.h"

enum {
    MM_PACE_KEYS = 4096, /* who is remembered: 1,000 companies with four people at once */
    MM_PACE_BURST_S =
        20, /* a bucket holds so many seconds: a page with its parts, a script's start */
    MM_PACE_RATE_MAX = 100000,
};

struct mm_pace;

struct mm_pace_stats {
    uint64_t allowed, refused; /* since opening */
};

/* `rate` requests a second each, at most MM_PACE_RATE_MAX; 0: no limit. */
MM_MUST_USE enum mm_code mm_pace_new(uint32_t rate, struct mm_pace **ret);
void mm_pace_free(struct mm_pace **pace);
/* One request of that key, at a time that does not go backwards. MM_E_PACE with the whole seconds
 * to wait when the bucket is empty. */
MM_MUST_USE enum mm_code mm_pace_take(struct mm_pace *pace, uint64_t key, int64_t mono_us,
                                      int64_t *ret_wait_s);
void mm_pace_stats(struct mm_pace *pace, struct mm_pace_stats *ret);

#endif
