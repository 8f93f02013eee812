/*
 * model/relay_page.h - how each relay was when it spoke last: intake writes it, others read.
 *
 * Purpose   `run/relays.page`: per relay when it was heard, how much waits on its disk, how far its
 *           clock is off, which version it is, and why it was turned away. Nothing of it is a
 *           record: what has to be kept is written by who reads it.
 * Owns      The file belongs to intake, which makes it anew at each start (a new `epoch`).
 * Threads   One writer process, one lock; readers map it read-only. Each word is atomic.
 * Trust     All of it is what a relay says of itself, but company, seen, state and lines.
 */
#ifndef MM_MODEL_RELAY_PAGE_H
#define MM_MODEL_RELAY_PAGE_H

#include <stdatomic.h>

#include "base/base.h"

#define MM_RELAY_PAGE_NAME "run/relays.page" /* below the state directory */

enum {
    MM_RELAY_PAGE_VERSION = 1,
    MM_RELAYS_MAX = 1024, /* of one machine: one for each of 1,000 companies */
};

enum mm_relay_turned {
    MM_RELAY_WELCOME,
    MM_RELAY_CLONED,  /* two relays speak with one token: both are refused until somebody decides */
    MM_RELAY_STOPPED, /* by the operator */
    MM_RELAY_HELD,    /* waits for the operator's word */
};

struct mm_relay_live {
    _Atomic uint32_t relay; /* 0: the entry is free */
    _Atomic uint32_t company;
    _Atomic uint32_t turned;   /* enum mm_relay_turned */
    _Atomic uint32_t epoch;    /* which enrolment this is of */
    _Atomic int64_t seen_us;   /* our clock when it spoke last */
    _Atomic int64_t ahead_us;  /* its clock minus ours at that moment */
    _Atomic int64_t oldest_us; /* by its clock: since when its oldest unsent line waits; 0: none */
    _Atomic uint64_t backlog;  /* lines that wait there */
    _Atomic uint64_t disk_free, disk_all; /* bytes of its disk */
    _Atomic uint64_t version;             /* major << 32 | minor << 16 | patch */
    _Atomic uint64_t serial;              /* of the settings it works with */
    _Atomic uint64_t lines;               /* taken since intake started */
    _Atomic uint64_t lost;                /* numbers that it said are gone for good */
    _Atomic uint64_t peer_high, peer_low; /* struct mm_ip it spoke from */
    _Atomic int64_t copied_us;            /* our clock when a copy of it spoke last; 0: none did */
    uint64_t spare[1];
};
static_assert(sizeof(struct mm_relay_live) == 128, "two cache lines");

struct mm_relay_page {
    uint8_t magic[8]; /* "MMRELAYS", written last */
    uint32_t version;
    uint32_t size;
    uint64_t epoch; /* wall clock when this intake started */
    uint64_t spare[5];
    struct mm_relay_live relay[MM_RELAYS_MAX];
};

/* The page in a mapping of the file, or NULL: not whole, not ours, or of another version. */
static inline const struct mm_relay_page *mm_relay_page_of(struct mm_slice map)
{
    const struct mm_relay_page *page = (const void *)map.p;

    if (map.n < sizeof(*page) || memcmp(page->magic, "MMRELAYS", 8) != 0 ||
        page->version != MM_RELAY_PAGE_VERSION || page->size != sizeof(*page))
        return NULL;
    return page;
}

/* What it says of that relay, or NULL. */
static inline const struct mm_relay_live *mm_relay_live_of(const struct mm_relay_page *page,
                                                           uint32_t relay)
{
    for (size_t i = 0; i < MM_RELAYS_MAX && page->relay[i].relay != 0; i++) {
        if (page->relay[i].relay == relay)
            return &page->relay[i];
    }
    return NULL;
}

#endif
