/*
 * os/hits.h - how often which limit was hit, and by whom, in a page that others may read.
 *
 * Purpose   Whoever is turned away, waits or loses something because of a limit is counted, so that
 *           an attack, a limit that is too low, and a sender gone wrong can be seen and told apart.
 *           Each program counts into a mapped file of its own, `run/NAME.hits`.
 * Owns      A writer owns its mapping until the process ends.
 * Threads   Adding: any. Each word is atomic, a page as a whole is not a snapshot.
 * Trust     Addresses of senders may be forged over UDP. Of many of them those that hit most stay
 *           known, but counts of single ones may be too high by what those before them had (the
 *           space-saving sketch of Metwally, Agrawal and El Abbadi, 2005): a newcomer takes over
 *           the least.
 */
#ifndef MM_OS_HITS_H
#define MM_OS_HITS_H

#include <stdatomic.h>

#include "base/base.h"
#include "base/ip.h"

enum mm_hit {
#define MM_HIT(id, name) MM_HIT_##id,
#include "os/hits.def"
#undef MM_HIT
    MM_HITS
};

enum {
    MM_HITTERS = 32, /* who is known by address, of all limits together */
    MM_HITS_VERSION = 1,
};

/* "framing"; a word of ours. */
const char *mm_hit_name(enum mm_hit hit);

struct mm_hitter {
    enum mm_hit hit;
    struct mm_ip owner; /* mm_ip_owner: an IPv6 network is one */
    uint64_t count;     /* at most so often */
    int64_t last_us;    /* wall clock */
};

/* What stands in a page. */
struct mm_hits_read {
    uint64_t count[MM_HITS];
    int64_t last_us[MM_HITS];            /* wall clock; 0: never */
    struct mm_hitter hitter[MM_HITTERS]; /* most hits first */
    size_t hitters;
};

struct mm_hits;

/* Make the file at path anew and map it. MM_E_IO when that fails. */
MM_MUST_USE enum mm_code mm_hits_open(const char *path, struct mm_hits **ret);
void mm_hits_close(struct mm_hits **h);
/* Somebody at this address ran into it; NULL or all zero: it is not known who. h may be NULL. */
void mm_hit_add(struct mm_hits *h, enum mm_hit hit, const struct mm_ip *who);

/* What stands in the file at path. MM_E_NOTFOUND: there is none that is whole. */
MM_MUST_USE enum mm_code mm_hits_read(const char *path, struct mm_hits_read *ret);

#endif
