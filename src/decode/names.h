/*
 * decode/names.h - from a member's name to its row in a table of ours, quickly.
 *
 * Purpose   Every member of every JSON event is looked up by name; a table that is known at start
 *           needs neither a keyed hash nor deletion.
 * Owns      The slots; names are borrowed and must outlive the table (they are literals).
 * Threads   Filled once, then read-only: any number of threads may look up.
 * Trust     Looked-up names are hostile, but only names of ours are ever inserted, so that the
 *           longest probe is fixed when the table is built.
 */
#ifndef MM_DECODE_NAMES_H
#define MM_DECODE_NAMES_H

#include "base/base.h"

enum {
    MM_NAMES_SLOTS = 1024, /* power of two, more than twice the rows of the largest table */
    MM_NAMES_MAX = 400,
};

struct mm_names {
    struct {
        struct mm_slice name;
        uint32_t value;
    } slot[MM_NAMES_SLOTS];
    size_t count;
};

static inline uint64_t mm_names_load(const uint8_t *p, size_t n)
{
    uint64_t v = 0;

    memcpy(&v, p, n < 8 ? n : 8);
    return v;
}

/* Length, first eight and last eight bytes tell our names apart well enough. */
static inline size_t mm_names_hash(struct mm_slice s)
{
    uint64_t a = s.n == 0 ? 0 : mm_names_load(s.p, s.n);
    uint64_t b = s.n < 8 ? 0 : mm_names_load(s.p + s.n - 8, 8);
    uint64_t h = (a ^ (b * UINT64_C(0x9E3779B97F4A7C15)) ^ s.n) * UINT64_C(0xC2B2AE3D27D4EB4F);

    return (size_t)(h >> 32) & (MM_NAMES_SLOTS - 1);
}

/* Add a name; a name that is there keeps its first value. At most MM_NAMES_MAX names. */
static inline void mm_names_add(struct mm_names *t, struct mm_slice name, uint32_t value)
{
    size_t i = mm_names_hash(name);

    MM_ASSERT(name.n > 0 && t->count < MM_NAMES_MAX);
    while (t->slot[i].name.n > 0) {
        if (mm_slice_eq(t->slot[i].name, name))
            return;
        i = (i + 1) & (MM_NAMES_SLOTS - 1);
    }
    t->slot[i].name = name;
    t->slot[i].value = value;
    t->count++;
}

/* The value of name; false when it has none. */
static inline bool mm_names_get(const struct mm_names *t, struct mm_slice name, uint32_t *ret)
{
    for (size_t i = mm_names_hash(name); t->slot[i].name.n > 0;
         i = (i + 1) & (MM_NAMES_SLOTS - 1)) {
        if (mm_slice_eq(t->slot[i].name, name)) {
            *ret = t->slot[i].value;
            return true;
        }
    }
    return false;
}

#endif
