/*
 * intake/places.h - how far the queue of each relay has been taken.
 *
 * Purpose   A line that a relay sends twice is taken once, also when either side died in between.
 *           What is known travels in the spool: each record of a relay says relay, queue, number;
 *           at the start of a segment all places are carried over. So a place is as durable as the
 *           lines it speaks of, and never ahead or behind of them.
 * Owns      A table of fixed size; nothing in it is ever pushed out.
 * Threads   One lock holder at a time.
 * Trust     Carried bytes and records are our own spool's and are checked all the same.
 */
#ifndef MM_INTAKE_PLACES_H
#define MM_INTAKE_PLACES_H

#include "base/base.h"
#include "base/buf.h"
#include "codec/relay.h"
#include "store/spool/spool.h"

enum {
    /* Queues of all relays, also of those that enrolled again: 450 relays with 8 followed files.
     * 128 KiB of carry at most, see keys.h for what it shares that with. */
    MM_PLACES_MAX = 4096,
};

/* A relay that enrols anew begins anew: what it was before is another one. */
struct mm_relay_place_id {
    uint32_t relay;
    uint16_t queue;
    uint8_t epoch;
};

struct mm_relay_place {
    struct mm_relay_place_id id;
    uint64_t next;  /* the number that is expected */
    uint64_t print; /* mm_relay_print of the line before it */
    bool running;   /* a request works on it; not kept */
};

struct mm_places;

MM_MUST_USE enum mm_code mm_places_new(struct mm_places **ret);
void mm_places_free(struct mm_places **p);
/* The place, or NULL: nothing of that queue was ever taken. Valid as long as the table. */
struct mm_relay_place *mm_places_find(struct mm_places *p, const struct mm_relay_place_id *id);
/* The same, made when it is new (next is 0 then); NULL when the table is full. */
struct mm_relay_place *mm_places_get(struct mm_places *p, const struct mm_relay_place_id *id);

/*
 * The origin of a line of a relay. It has the kind of requests that may be repeated, with the
 * highest bit of `at`, which no request with a key has: what reads spools need not tell them apart.
 */
struct mm_spool_origin mm_places_origin(const struct mm_relay_place_id *id, uint64_t seq,
                                        uint8_t via, int64_t received_us);
/* Is it one? When the relay received the line, by its clock. */
bool mm_places_received(const struct mm_spool_origin *origin, int64_t *ret_us);
void mm_places_replay(struct mm_places *p, const struct mm_spool_record *rec);
/* For the start of a segment, and from it: entries that mm_keys_restore passes over. */
void mm_places_carry(const struct mm_places *p, struct mm_buf *out);
void mm_places_restore(struct mm_places *p, struct mm_slice carried);

#endif
