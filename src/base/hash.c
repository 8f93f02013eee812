/* base/hash.c - see hash.h for the contract. */
#include "base/hash.h"

#include <stdlib.h>

static uint64_t rotl(uint64_t x, int b)
{
    return x << b | x >> (64 - b);
}

struct sip {
    uint64_t v0, v1, v2, v3;
};

static void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v1 = rotl(s->v1, 13) ^ s->v0;
    s->v0 = rotl(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotl(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotl(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotl(s->v1, 17) ^ s->v2;
    s->v2 = rotl(s->v2, 32);
}

static void sip_word(struct sip *s, uint64_t m)
{
    s->v3 ^= m;
    sip_round(s);
    s->v0 ^= m;
}

uint64_t mm_hash(struct mm_seed seed, struct mm_slice in)
{
    struct sip s = {seed.k0 ^ UINT64_C(0x736f6d6570736575), seed.k1 ^ UINT64_C(0x646f72616e646f6d),
                    seed.k0 ^ UINT64_C(0x6c7967656e657261), seed.k1 ^ UINT64_C(0x7465646279746573)};
    uint64_t last = (uint64_t)(in.n & 0xFF) << 56;
    size_t i = 0;

    for (; in.n - i >= 8; i += 8) {
        uint64_t m;

        memcpy(&m, in.p + i, 8);
        sip_word(&s, m);
    }
    for (size_t shift = 0; i < in.n; i++, shift += 8)
        last |= (uint64_t)in.p[i] << shift;
    sip_word(&s, last);
    s.v2 ^= 0xFF;
    sip_round(&s);
    sip_round(&s);
    sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* Slicing by one nibble: 64 bytes of table, portable; the x86 path below is the fast one. */
MM_UNUSED static uint32_t crc_soft(uint32_t crc, struct mm_slice s)
{
    static const uint32_t table[16] = {
        0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1, 0x417B1DBC, 0x5125DAD3,
        0x61C69362, 0x7198540D, 0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9,
        0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75,
    };

    for (size_t i = 0; i < s.n; i++) {
        crc ^= s.p[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_hard(uint32_t crc, struct mm_slice s)
{
    uint64_t wide = crc;
    size_t i = 0;

    for (; s.n - i >= 8; i += 8) {
        uint64_t m;

        memcpy(&m, s.p + i, 8);
        wide = __builtin_ia32_crc32di(wide, m);
    }
    crc = (uint32_t)wide; /* the instruction leaves the upper half zero */
    for (; i < s.n; i++)
        crc = __builtin_ia32_crc32qi(crc, s.p[i]);
    return crc;
}
#endif

uint32_t mm_crc32c(uint32_t crc, struct mm_slice s)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2"))
        return ~crc_hard(~crc, s);
#endif
    return ~crc_soft(~crc, s);
}

struct mm_map_slot {
    struct mm_slice key;
    uint64_t hash;
    uint64_t value;
    bool used;
};

void mm_map_init(struct mm_map *m, struct mm_seed seed, size_t count_max)
{
    MM_ASSERT(count_max > 0 && count_max < SIZE_MAX / 4);
    *m = (struct mm_map){.seed = seed, .count_max = count_max};
}

void mm_map_done(struct mm_map *m)
{
    free(m->slot);
    *m = (struct mm_map){0};
}

static struct mm_map_slot *find(struct mm_map_slot *slot, size_t cap, struct mm_slice key,
                                uint64_t hash)
{
    size_t at = (size_t)hash & (cap - 1);

    while (slot[at].used && (slot[at].hash != hash || !mm_slice_eq(slot[at].key, key)))
        at = (at + 1) & (cap - 1);
    return &slot[at];
}

uint64_t *mm_map_get(const struct mm_map *m, struct mm_slice key)
{
    struct mm_map_slot *s;

    if (m->cap == 0)
        return NULL;
    s = find(m->slot, m->cap, key, mm_hash(m->seed, key));
    return s->used ? &s->value : NULL;
}

static enum mm_code rehash(struct mm_map *m, size_t cap)
{
    struct mm_map_slot *slot = calloc(cap, sizeof(*slot));

    if (slot == NULL)
        return MM_E_NOMEM;
    for (size_t i = 0; i < m->cap; i++) {
        if (m->slot[i].used)
            *find(slot, cap, m->slot[i].key, m->slot[i].hash) = m->slot[i];
    }
    free(m->slot);
    m->slot = slot;
    m->cap = cap;
    return MM_OK;
}

enum mm_code mm_map_set(struct mm_map *m, struct mm_slice key, uint64_t value)
{
    uint64_t hash = mm_hash(m->seed, key);
    struct mm_map_slot *s;

    MM_ASSERT(m->count_max > 0);
    if (m->cap > 0) {
        s = find(m->slot, m->cap, key, hash);
        if (s->used) {
            s->value = value;
            return MM_OK;
        }
    }
    if (m->count >= m->count_max)
        return MM_E_LIMIT;
    if ((m->count + 1) * 2 > m->cap) {
        enum mm_code c = rehash(m, m->cap == 0 ? 16 : m->cap * 2);
        if (c != MM_OK)
            return c;
    }
    s = find(m->slot, m->cap, key, hash);
    *s = (struct mm_map_slot){.key = key, .hash = hash, .value = value, .used = true};
    m->count++;
    return MM_OK;
}

bool mm_map_next(const struct mm_map *m, size_t *at, struct mm_slice *ret_key, uint64_t *ret_value)
{
    while (*at < m->cap) {
        const struct mm_map_slot *s = &m->slot[(*at)++];
        if (s->used) {
            *ret_key = s->key;
            *ret_value = s->value;
            return true;
        }
    }
    return false;
}
