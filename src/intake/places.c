/* intake/places.c - see places.h for the contract. */
#include "intake/places.h"

#include <stdlib.h>

#include "base/rd.h"
#include "intake/keys.h"

enum {
    CARRY_SIZE = 32,          /* as an entry of keys.c, */
    CARRY_STORED = 0,         /* which has stored no line, and so is none */
    CARRY_TOTAL = 0x594C5252, /* "RRLY" */
};

#define OF_RELAY (UINT64_C(1) << 63)

struct mm_places {
    size_t n, last; /* last: met last, as lines of one relay come together */
    struct mm_relay_place place[MM_PLACES_MAX];
};

static_assert((size_t)(MM_PLACES_MAX + MM_KEYS_MAX) * CARRY_SIZE < MM_SPOOL_CARRY,
              "all places and keys fit into a carry");
/* A number of a key's line never has the bit by which a relay's is known. */
static_assert(MM_KEY_LINES_MAX < 1 << 30, "lines of a request");

enum mm_code mm_places_new(struct mm_places **ret)
{
    struct mm_places *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return MM_E_NOMEM;
    *ret = p;
    return MM_OK;
}

void mm_places_free(struct mm_places **p)
{
    free(*p);
    *p = NULL;
}

static bool same(const struct mm_relay_place_id *a, const struct mm_relay_place_id *b)
{
    return a->relay == b->relay && a->queue == b->queue && a->epoch == b->epoch;
}

struct mm_relay_place *mm_places_find(struct mm_places *p, const struct mm_relay_place_id *id)
{
    if (p->last < p->n && same(&p->place[p->last].id, id))
        return &p->place[p->last];
    for (size_t i = 0; i < p->n; i++) {
        if (same(&p->place[i].id, id)) {
            p->last = i;
            return &p->place[i];
        }
    }
    return NULL;
}

struct mm_relay_place *mm_places_get(struct mm_places *p, const struct mm_relay_place_id *id)
{
    struct mm_relay_place *place = mm_places_find(p, id);

    if (place != NULL || p->n == MM_PLACES_MAX)
        return place;
    place = &p->place[p->n++];
    *place = (struct mm_relay_place){.id = *id};
    return place;
}

static void put64(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> 8 * i & 0xFF);
}

static uint64_t get64(const uint8_t *p)
{
    uint64_t v = 0;

    for (int i = 7; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

/* Seven bytes that name a place, and one more. */
static uint64_t word_of(const struct mm_relay_place_id *id, uint8_t more)
{
    return (uint64_t)id->relay | (uint64_t)id->queue << 32 | (uint64_t)id->epoch << 48 |
           (uint64_t)more << 56;
}

static struct mm_relay_place_id id_of(uint64_t word)
{
    return (struct mm_relay_place_id){.relay = (uint32_t)(word & UINT32_MAX),
                                      .queue = (uint16_t)(word >> 32 & UINT16_MAX),
                                      .epoch = (uint8_t)(word >> 48 & UINT8_MAX)};
}

struct mm_spool_origin mm_places_origin(const struct mm_relay_place_id *id, uint64_t seq,
                                        uint8_t via, int64_t received_us)
{
    struct mm_spool_origin o = {.kind = MM_ORIGIN_HTTP, .at = OF_RELAY | seq};

    MM_ASSERT((seq & OF_RELAY) == 0);
    put64(o.id, word_of(id, via));
    put64(o.id + 8, (uint64_t)received_us);
    return o;
}

bool mm_places_received(const struct mm_spool_origin *origin, int64_t *ret_us)
{
    if (origin->kind != MM_ORIGIN_HTTP || (origin->at & OF_RELAY) == 0)
        return false;
    *ret_us = (int64_t)get64(origin->id + 8);
    return true;
}

void mm_places_replay(struct mm_places *p, const struct mm_spool_record *rec)
{
    struct mm_relay_place_id id;
    struct mm_relay_place *place;
    int64_t received_us;
    uint64_t seq;

    if (!mm_places_received(&rec->origin, &received_us))
        return;
    id = id_of(get64(rec->origin.id));
    seq = rec->origin.at & ~OF_RELAY;
    place = mm_places_get(p, &id);
    if (place == NULL || seq < place->next)
        return;
    place->next = seq + 1;
    place->print = mm_relay_print(seq, received_us, &rec->peer, rec->body);
}

void mm_places_carry(const struct mm_places *p, struct mm_buf *out)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct mm_relay_place *place = &p->place[i];

        if (place->next == 0)
            continue;
        mm_buf_u64le(out, word_of(&place->id, 0));
        mm_buf_u64le(out, place->print);
        mm_buf_u32le(out, CARRY_STORED);
        mm_buf_u32le(out, CARRY_TOTAL);
        mm_buf_u64le(out, place->next);
    }
}

void mm_places_restore(struct mm_places *p, struct mm_slice carried)
{
    struct mm_rd rd = mm_rd_of(carried);
    uint64_t word, print, next;
    uint32_t stored, total;

    while (mm_rd_u64le(&rd, &word) && mm_rd_u64le(&rd, &print) && mm_rd_u32le(&rd, &stored) &&
           mm_rd_u32le(&rd, &total) && mm_rd_u64le(&rd, &next)) {
        struct mm_relay_place_id id = id_of(word);
        struct mm_relay_place *place;

        if (stored != CARRY_STORED || total != CARRY_TOTAL || next == 0 || (next & OF_RELAY) != 0)
            continue;
        place = mm_places_get(p, &id);
        if (place == NULL || next < place->next)
            continue;
        place->next = next;
        place->print = print;
    }
}
