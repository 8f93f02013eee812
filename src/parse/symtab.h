/*
 * parse/symtab.h - a small table from known words to numbers, asked many times a line.
 *
 * Purpose   Wire names to slots, values of a field to symbols.
 * Owns      Lives in the arena it was made in; words are copied there.
 * Threads   Built by one thread, then read by any number.
 * Trust     Words come from our content; what is looked up is hostile. The table
 *           is never more than half full of trusted words and is not changed by
 *           lookups, so a plain hash without a seed cannot be flooded.
 */
#ifndef MM_PARSE_SYMTAB_H
#define MM_PARSE_SYMTAB_H

#include "base/arena.h"
#include "base/base.h"

enum { MM_SYM_NONE = UINT16_MAX, MM_SYM_MAX = 4096 };

struct mm_symtab_slot {
    uint32_t hash;
    uint16_t sym; /* MM_SYM_NONE: free */
};

struct mm_symtab {
    struct mm_arena *arena;
    struct mm_symtab_slot *slot;
    struct mm_slice *word; /* by symbol */
    size_t cap;            /* power of two, or 0 */
    size_t room;           /* of word */
    size_t count;
};

void mm_symtab_init(struct mm_symtab *t, struct mm_arena *arena);
/* The symbol of word, which is added when new. MM_E_LIMIT or MM_E_NOMEM leave the table as it was.
 */
MM_MUST_USE enum mm_code mm_symtab_add(struct mm_symtab *t, struct mm_slice word, uint16_t *ret);

/* Length, first and last eight bytes: words that differ only in the middle of more share a hash. */
static inline uint32_t mm_symtab_hash(struct mm_slice s)
{
    uint64_t a = 0, b = 0;

    if (s.n >= 8) {
        memcpy(&a, s.p, 8);
        memcpy(&b, s.p + s.n - 8, 8);
    } else if (s.n >= 4) {
        uint32_t lo, hi;

        memcpy(&lo, s.p, 4);
        memcpy(&hi, s.p + s.n - 4, 4);
        a = lo;
        b = hi;
    } else if (s.n > 0) {
        a = s.p[0];
        b = (uint64_t)s.p[s.n / 2] << 8 | s.p[s.n - 1];
    }
    a = (a ^ (uint64_t)s.n * UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xD6E8FEB86659FD93);
    b = (b ^ a >> 29) * UINT64_C(0xC2B2AE3D27D4EB4F);
    return (uint32_t)(b >> 32);
}

/* Equality without a call for the short words that names and values mostly are. */
static inline bool mm_symtab_same(struct mm_slice a, struct mm_slice b)
{
    if (a.n != b.n)
        return false;
    if (a.n >= 8 && a.n <= 16) {
        uint64_t x, y, z, w;

        memcpy(&x, a.p, 8);
        memcpy(&y, b.p, 8);
        memcpy(&z, a.p + a.n - 8, 8);
        memcpy(&w, b.p + b.n - 8, 8);
        return x == y && z == w;
    }
    if (a.n >= 4 && a.n < 8) {
        uint32_t x, y, z, w;

        memcpy(&x, a.p, 4);
        memcpy(&y, b.p, 4);
        memcpy(&z, a.p + a.n - 4, 4);
        memcpy(&w, b.p + b.n - 4, 4);
        return x == y && z == w;
    }
    for (size_t i = 0; i < a.n && a.n < 4; i++) {
        if (a.p[i] != b.p[i])
            return false;
    }
    return a.n < 4 || memcmp(a.p, b.p, a.n) == 0;
}

/* The symbol of word, or MM_SYM_NONE. */
static inline uint16_t mm_symtab_get(const struct mm_symtab *t, struct mm_slice word)
{
    uint32_t hash;
    size_t at;

    if (t->cap == 0)
        return MM_SYM_NONE;
    hash = mm_symtab_hash(word);
    for (at = hash & (t->cap - 1); t->slot[at].sym != MM_SYM_NONE; at = (at + 1) & (t->cap - 1)) {
        if (t->slot[at].hash == hash && mm_symtab_same(t->word[t->slot[at].sym], word))
            return t->slot[at].sym;
    }
    return MM_SYM_NONE;
}

#endif
