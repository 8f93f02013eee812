/*
 * detect/table.h - open hash tables over bytes of rules, made once and asked for every event.
 *
 * Purpose   What index.c, pieces.c and the names of extras share: a key of a text in constant time,
 *           the comparison that goes with it, and a table of keys.
 * Owns      Tables live in the arena of the rule set.
 * Threads   Built once, then read only.
 * Trust     What is in a table comes from rules. What is asked comes from events: an answer takes
 *           as long as the table's fullest run, whatever is asked.
 */
#ifndef MM_DETECT_TABLE_H
#define MM_DETECT_TABLE_H

#include "base/arena.h"
#include "base/base.h"

struct mm_bucket {
    uint32_t key;
    uint32_t first; /* index + 1 of what the caller keeps, 0 when the bucket is empty */
};

struct mm_table {
    struct mm_bucket *bucket; /* power of two of them, or NULL: no keys */
    uint32_t mask;
};

static inline uint32_t mm_mix32(uint32_t x)
{
    return x * 0x9e3779b1U;
}

static inline uint32_t mm_load32(const uint8_t *p)
{
    uint32_t w;

    memcpy(&w, p, sizeof(w));
    return w;
}

static inline uint64_t mm_load64(const uint8_t *p)
{
    uint64_t w;

    memcpy(&w, p, sizeof(w));
    return w;
}

/* Sixteen bytes at once. */
typedef uint8_t mm_bytes16 __attribute__((vector_size(16)));

static inline mm_bytes16 mm_load16(const uint8_t *p)
{
    mm_bytes16 v;

    memcpy(&v, p, sizeof(v));
    return v;
}

static inline bool mm_any16(mm_bytes16 v)
{
    uint64_t w[2];

    memcpy(w, &v, sizeof(v));
    return (w[0] | w[1]) != 0;
}

/* Eight bytes with the letters A to Z made small; bytes above 0x7f stay. */
static inline uint64_t mm_small8(uint64_t w)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t low = w & 0x7f * ones;
    uint64_t above = low + (0x80 - 'A') * ones;    /* high bit: byte >= 'A' */
    uint64_t past = low + (0x80 - 'Z' - 1) * ones; /* high bit: byte > 'Z' */

    return w | ((above & ~past & ~w & 0x80 * ones) >> 2);
}

static inline uint8_t mm_small(uint8_t c)
{
    return (uint8_t)(c + ((uint8_t)(c - 'A') < 26 ? 32 : 0));
}

/*
 * A key of n bytes, the same for large and small ASCII letters. Of long texts the beginning, the
 * middle and the end count.
 */
static inline uint32_t mm_small_key(const uint8_t *p, size_t n)
{
    uint64_t a = 0, b = 0, c = n;

    if (n >= 8) {
        a = mm_small8(mm_load64(p));
        b = mm_small8(mm_load64(p + n - 8));
        c += mm_small8(mm_load64(p + n / 2 - 4));
    } else if (n >= 4) {
        a = mm_small8(mm_load32(p));
        b = mm_small8(mm_load32(p + n - 4));
    } else if (n > 0) {
        a = mm_small8((uint64_t)p[0] | (uint64_t)p[n / 2] << 8 | (uint64_t)p[n - 1] << 16);
    }
    a = a * UINT64_C(0x9e3779b97f4a7c15) ^ c * UINT64_C(0xd6e8feb86659fd93);
    b = (b ^ a >> 31) * UINT64_C(0xff51afd7ed558ccd);
    return (uint32_t)((a ^ b) >> 32);
}

/* Are the n bytes at p `small`, when their ASCII letters are made small? */
static inline bool mm_small_same(const uint8_t *p, const uint8_t *small, size_t n)
{
    if (n < 4) {
        for (size_t i = 0; i < n; i++) {
            if (mm_small(p[i]) != small[i])
                return false;
        }
        return true;
    }
    if (n < 8)
        return mm_small8(mm_load32(p)) == mm_load32(small) &&
               mm_small8(mm_load32(p + n - 4)) == mm_load32(small + n - 4);
    for (size_t i = 0; i + 8 < n; i += 8) {
        if (mm_small8(mm_load64(p + i)) != mm_load64(small + i))
            return false;
    }
    return mm_small8(mm_load64(p + n - 8)) == mm_load64(small + n - 8);
}

/* Room for that many keys; false when memory is out. */
MM_MUST_USE static inline bool mm_table_init(struct mm_arena *a, struct mm_table *t, size_t keys)
{
    size_t n = 4;

    MM_ASSERT(keys <= UINT32_MAX / 4);
    if (keys == 0)
        return true;
    while (n < keys * 2)
        n *= 2;
    t->bucket = mm_arena_array(a, n, sizeof(*t->bucket));
    t->mask = (uint32_t)(n - 1);
    return t->bucket != NULL;
}

/* The bucket of the key, or the empty one where it belongs. */
static inline struct mm_bucket *mm_table_slot(const struct mm_table *t, uint32_t key)
{
    uint32_t at = mm_mix32(key) >> 7 & t->mask;

    while (t->bucket[at].first != 0 && t->bucket[at].key != key)
        at = (at + 1) & t->mask;
    return &t->bucket[at];
}

/* What is kept under the key, 0 for nothing. The table has keys. */
static inline uint32_t mm_table_get(const struct mm_table *t, uint32_t key)
{
    return mm_table_slot(t, key)->first;
}

#endif
