/*
 * model/intake_page.h - the page of counters that intake writes and everybody else may read.
 *
 * Purpose   `run/intake.page`: per source what came, what is durable, what was dropped, and when
 *           last; who sends without being known; how the spool is. Nothing of it is a record.
 * Owns      The file belongs to intake, which makes it anew at each start (a new `epoch`): who
 *           adds up takes differences within one epoch.
 * Threads   One writer process; readers map it read-only. Each word is atomic, the page as a
 *           whole is not a snapshot.
 * Trust     Names are not in here; peers are addresses of senders, which may be forged over UDP.
 */
#ifndef MM_MODEL_INTAKE_PAGE_H
#define MM_MODEL_INTAKE_PAGE_H

#include <stdatomic.h>

#include "base/base.h"
#include "base/ip.h"

#define MM_INTAKE_PAGE_NAME "run/intake.page" /* below the state directory */

enum {
    MM_INTAKE_PAGE_VERSION = 1,
    MM_INTAKE_SOURCES = 4096,  /* of one machine; each takes 128 bytes */
    MM_INTAKE_UNKNOWN = 256,   /* senders that nobody registered, newest kept */
    MM_INTAKE_LISTENERS = 256, /* the common ones and those of single sources */
};

enum mm_intake_state {
    MM_INTAKE_OK,
    MM_INTAKE_FULL,    /* no space on the disk: nothing is acknowledged, senders wait */
    MM_INTAKE_FAILING, /* the disk answers with errors: likewise */
    MM_INTAKE_STOPPED, /* ended in order */
};

/* Slot 0 is company 0, source 0: what came from unknown senders (the quarantine). */
struct mm_intake_source {
    _Atomic uint32_t used; /* 1: company and source are set and will not change */
    _Atomic uint32_t company;
    _Atomic uint32_t source;
    _Atomic uint32_t connections; /* open now */
    _Atomic uint64_t received;    /* lines read from a socket or request */
    _Atomic uint64_t spooled;     /* of these durable */
    _Atomic uint64_t dropped;     /* datagrams the kernel dropped at a socket of this source */
    _Atomic uint64_t bytes;       /* of received lines */
    _Atomic uint64_t truncated;   /* lines cut at MM_MAX_LINE */
    _Atomic uint64_t resyncs;     /* times the framing of a stream was lost */
    _Atomic uint64_t repeated;    /* lines of requests that were answered again, not stored */
    _Atomic uint64_t refused;     /* requests and connections turned away (limits, full) */
    _Atomic int64_t first_us;     /* received time of the first and the last line, 0: none */
    _Atomic int64_t last_us;
    _Atomic uint64_t over; /* times that its allowance was used up: senders waited, or datagrams
                              were dropped */
    _Atomic uint64_t held_back;   /* likewise for its company's share of the spool */
    _Atomic int64_t held_back_us; /* wall clock, the last time; 0: never */
    uint8_t spare[128 - 16 - 13 * 8];
};
static_assert(sizeof(struct mm_intake_source) == 128, "two cache lines");

struct mm_intake_unknown {
    _Atomic uint64_t lines; /* 0: the entry is free */
    _Atomic int64_t last_us;
    _Atomic uint64_t peer_high, peer_low; /* struct mm_ip, bytes as they stand */
    _Atomic uint32_t listener;            /* index of the listener it came to */
    uint32_t spare[7];
};
static_assert(sizeof(struct mm_intake_unknown) == 64, "one cache line");

struct mm_intake_listener {
    _Atomic uint32_t used; /* 1: the fields below are set */
    _Atomic uint32_t kind; /* 1 TCP, 2 UDP, 3 HTTP */
    _Atomic uint32_t port;
    _Atomic uint32_t connections;
    _Atomic uint64_t lines;
    _Atomic uint64_t dropped; /* by the kernel, before intake could read it (UDP) */
    _Atomic uint64_t refused; /* connections over a limit; requests without a valid token */
    uint64_t spare[3];
};
static_assert(sizeof(struct mm_intake_listener) == 64, "one cache line");

struct mm_intake_page {
    uint8_t magic[8]; /* "MMINTAKE", written last */
    uint32_t version;
    uint32_t size;            /* of the whole page */
    uint64_t epoch;           /* microseconds of wall clock when this intake started */
    _Atomic int64_t alive_us; /* monotonic clock, every second */
    _Atomic uint32_t state;   /* enum mm_intake_state */
    _Atomic uint32_t sources; /* slots in use */
    _Atomic int64_t state_us; /* wall clock since when */
    _Atomic uint64_t next;    /* queue 0: numbers below this are durable */
    _Atomic uint64_t pending; /* bytes waiting for their commit */
    _Atomic uint64_t commits;
    _Atomic uint64_t commit_max_us; /* longest */
    _Atomic uint64_t damaged;       /* records lost by the disk, found at start */
    _Atomic uint64_t bindings;      /* ways to know a sender that are in use now */
    uint64_t spare[3];
    struct mm_intake_source source[MM_INTAKE_SOURCES];
    struct mm_intake_unknown unknown[MM_INTAKE_UNKNOWN];
    struct mm_intake_listener listener[MM_INTAKE_LISTENERS];
};

/* The page in a mapping of the file, or NULL: not whole, not ours, or of another version. */
static inline const struct mm_intake_page *mm_intake_page_of(struct mm_slice map)
{
    const struct mm_intake_page *page = (const void *)map.p;

    if (map.n < sizeof(*page) || memcmp(page->magic, "MMINTAKE", 8) != 0 ||
        page->version != MM_INTAKE_PAGE_VERSION || page->size != sizeof(*page))
        return NULL;
    return page;
}

#endif
