/* intake/keys.c - see keys.h for the contract. */
#include "intake/keys.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/rd.h"

enum { NONE = UINT32_MAX, CARRY_SIZE = 16 + 4 + 4 + 8 };

/* Keys in a hash table of chains and in a list by age; both by index. */
struct entry {
    struct mm_key_state s;
    uint32_t chain;
    uint32_t older, newer;
};

struct mm_keys {
    struct entry *e;
    uint32_t *bucket;
    uint32_t max, n;
    uint32_t buckets;
    uint32_t oldest, newest;
};

static_assert((size_t)MM_KEYS_MAX * CARRY_SIZE < MM_SPOOL_CARRY, "all keys fit into a carry");

enum mm_code mm_keys_new(size_t max, struct mm_keys **ret)
{
    struct mm_keys *k = calloc(1, sizeof(*k));

    MM_ASSERT(max > 0 && max <= MM_KEYS_MAX);
    if (k == NULL)
        return MM_E_NOMEM;
    k->max = (uint32_t)max;
    k->buckets = 16;
    while (k->buckets < k->max)
        k->buckets *= 2;
    k->e = calloc(max, sizeof(k->e[0]));
    k->bucket = malloc(k->buckets * sizeof(k->bucket[0]));
    if (k->e == NULL || k->bucket == NULL) {
        mm_keys_free(&k);
        return MM_E_NOMEM;
    }
    memset(k->bucket, 0xFF, k->buckets * sizeof(k->bucket[0]));
    k->oldest = k->newest = NONE;
    *ret = k;
    return MM_OK;
}

void mm_keys_free(struct mm_keys **k)
{
    if (*k == NULL)
        return;
    free((*k)->e);
    free((*k)->bucket);
    free(*k);
    *k = NULL;
}

size_t mm_keys_count(const struct mm_keys *k)
{
    return k->n;
}

void mm_keys_id(uint32_t source, struct mm_slice key, uint8_t ret[16])
{
    /* Fixed seeds: the name must be the same after a restart. A sender who finds two keys that
     * meet has found a way to lose its own second request. */
    uint64_t a = mm_hash((struct mm_seed){source, UINT64_C(0x6d696d616d6f7269)}, key);
    uint64_t b = mm_hash((struct mm_seed){a, source}, key);

    memcpy(ret, &a, 8);
    memcpy(ret + 8, &b, 8);
}

static uint32_t *bucket_of(const struct mm_keys *k, const uint8_t id[16])
{
    uint64_t h;

    memcpy(&h, id, 8);
    return &k->bucket[h & (k->buckets - 1)];
}

static uint32_t find(const struct mm_keys *k, const uint8_t id[16])
{
    uint32_t at = *bucket_of(k, id);

    while (at != NONE && memcmp(k->e[at].s.id, id, 16) != 0)
        at = k->e[at].chain;
    return at;
}

const struct mm_key_state *mm_keys_find(const struct mm_keys *k, const uint8_t id[16],
                                        int64_t now_us)
{
    uint32_t at = find(k, id);

    /* One that is not whole stays known: what is missing of it must not come twice. */
    if (at == NONE ||
        (k->e[at].s.stored == k->e[at].s.total && now_us - k->e[at].s.last_us > MM_KEYS_LIFE_US))
        return NULL;
    return &k->e[at].s;
}

static void unlink_age(struct mm_keys *k, uint32_t at)
{
    struct entry *e = &k->e[at];

    if (e->older != NONE)
        k->e[e->older].newer = e->newer;
    else
        k->oldest = e->newer;
    if (e->newer != NONE)
        k->e[e->newer].older = e->older;
    else
        k->newest = e->older;
}

static void link_newest(struct mm_keys *k, uint32_t at)
{
    k->e[at].older = k->newest;
    k->e[at].newer = NONE;
    if (k->newest != NONE)
        k->e[k->newest].newer = at;
    else
        k->oldest = at;
    k->newest = at;
}

static void unlink_chain(struct mm_keys *k, uint32_t at)
{
    uint32_t *from = bucket_of(k, k->e[at].s.id);

    while (*from != at) {
        MM_ASSERT(*from != NONE);
        from = &k->e[*from].chain;
    }
    *from = k->e[at].chain;
}

/* An entry of that name, the newest one afterwards. */
static struct mm_key_state *touch(struct mm_keys *k, const uint8_t id[16])
{
    uint32_t at = find(k, id), *bucket = bucket_of(k, id);

    if (at != NONE) {
        if (at != k->newest) {
            unlink_age(k, at);
            link_newest(k, at);
        }
        return &k->e[at].s;
    }
    if (k->n < k->max) {
        at = k->n++;
    } else {
        at = k->oldest;
        unlink_age(k, at);
        unlink_chain(k, at);
    }
    k->e[at] = (struct entry){.chain = *bucket};
    memcpy(k->e[at].s.id, id, 16);
    *bucket = at;
    link_newest(k, at);
    return &k->e[at].s;
}

void mm_keys_note(struct mm_keys *k, const uint8_t id[16], uint32_t index, uint32_t total,
                  int64_t received_us)
{
    struct mm_key_state *s = touch(k, id);

    MM_ASSERT(index < total);
    if (s->total != total || index == 0)
        s->stored = 0; /* the name is used anew, after its day */
    s->total = total;
    if (index + 1 > s->stored)
        s->stored = index + 1;
    s->last_us = received_us;
}

struct mm_spool_origin mm_keys_origin(const uint8_t id[16], uint32_t index, uint32_t total)
{
    struct mm_spool_origin o = {.kind = MM_ORIGIN_HTTP, .at = (uint64_t)total << 32 | index};

    memcpy(o.id, id, 16);
    return o;
}

void mm_keys_replay(struct mm_keys *k, const struct mm_spool_record *rec)
{
    uint32_t index = (uint32_t)(rec->origin.at & UINT32_MAX);
    uint32_t total = (uint32_t)(rec->origin.at >> 32);

    if (rec->origin.kind == MM_ORIGIN_HTTP && index < total && total <= MM_KEY_LINES_MAX)
        mm_keys_note(k, rec->origin.id, index, total, rec->received_us);
}

void mm_keys_carry(const struct mm_keys *k, struct mm_buf *out)
{
    for (uint32_t at = k->oldest; at != NONE; at = k->e[at].newer) {
        const struct mm_key_state *s = &k->e[at].s;

        mm_buf_add(out, mm_slice_of(s->id, 16));
        mm_buf_u32le(out, s->stored);
        mm_buf_u32le(out, s->total);
        mm_buf_u64le(out, (uint64_t)s->last_us);
    }
}

void mm_keys_restore(struct mm_keys *k, struct mm_slice carried)
{
    struct mm_rd rd = mm_rd_of(carried);
    struct mm_slice id;

    while (mm_rd_take(&rd, 16, &id)) {
        uint32_t stored, total;
        uint64_t last;

        if (!mm_rd_u32le(&rd, &stored) || !mm_rd_u32le(&rd, &total) || !mm_rd_u64le(&rd, &last))
            return;
        if (stored == 0 || stored > total || total > MM_KEY_LINES_MAX)
            continue;
        mm_keys_note(k, id.p, 0, total, (int64_t)last);
        mm_keys_note(k, id.p, stored - 1, total, (int64_t)last);
    }
}
