/* detect/pieces.c - see pieces.h for the contract. */
#include "detect/pieces.h"

/*
 * Pieces are compared loosely, with bit 5 of each byte set: that makes letters small, and makes
 * some other bytes equal that are not; the literal is compared in full behind it.
 */
static uint32_t quad_at(const uint8_t *p)
{
    return mm_load32(p) | 0x20202020U;
}

static uint32_t pair_at(const uint8_t *p)
{
    return ((uint32_t)p[0] | (uint32_t)p[1] << 8) | 0x2020U;
}

/* Texts that stand in many values, whatever the rules say. */
static const struct mm_slice everyday[] = {
#define MM_EVERYDAY(text) MM_S_INIT(text),
#include "detect/everyday.def"
#undef MM_EVERYDAY
};

enum {
    WEIGHT_BITS = MM_EVERYDAY_BITS,
    BITS_MAX = 18,
    BITS_MIN = 9,
    BYTES_MAX = 13, /* 8 KiB: a few of them fit the nearest cache */
};

/* Where a piece is in the table of bytes or bits. */
static uint32_t may_slot(const struct mm_pieces *p, const uint8_t *t)
{
    return mm_mix32(quad_at(t)) >> p->shift;
}

static uint32_t weight_slot(const uint8_t *p)
{
    return mm_mix32(quad_at(p)) >> (32 - WEIGHT_BITS);
}

void mm_everyday_init(struct mm_everyday *e)
{
    *e = (struct mm_everyday){0};
    for (size_t i = 0; i < MM_COUNT(everyday); i++) {
        for (size_t k = 0; k + 4 <= everyday[i].n; k++) {
            e->times[weight_slot(everyday[i].p + k)]++; /* there are not 255 of them */
        }
    }
}

static bool is_everyday(const struct mm_everyday *e, const uint8_t *p)
{
    return e->times[weight_slot(p)] != 0;
}

size_t mm_everyday_left(const struct mm_everyday *e, struct mm_slice s)
{
    size_t left = s.n, to = 0; /* bytes before `to` are everyday */

    for (size_t i = 0; i + 4 <= s.n; i++) {
        if (!is_everyday(e, s.p + i))
            continue;
        left -= i + 4 - (i > to ? i : to);
        to = i + 4;
    }
    return left;
}

/* How often each piece occurs in the literals, counted by hash; everyday ones are heavy, those of
 * several the heaviest. NULL when memory is out. The caller frees it. */
static uint16_t *weigh(const struct mm_everyday *e, const struct mm_lit *lit, const uint32_t *which,
                       size_t n)
{
    enum { HEAVY = 1000 };
    uint16_t *weight = calloc((size_t)1 << WEIGHT_BITS, sizeof(*weight));

    if (weight == NULL)
        return NULL;
    for (size_t i = 0; i < (size_t)1 << WEIGHT_BITS; i++)
        weight[i] = (uint16_t)mm_min_size((size_t)e->times[i] * HEAVY, UINT16_MAX);
    for (size_t i = 0; i < n; i++) {
        struct mm_slice s = lit[which[i]].text;

        for (size_t k = 0; k + 4 <= s.n; k++) {
            uint16_t *w = &weight[weight_slot(s.p + k)];

            *w = (uint16_t)(*w + (*w < UINT16_MAX));
        }
    }
    return weight;
}

/* Where in a literal its pieces begin: those that fewest other literals and fewest texts share. */
static uint32_t rarest(struct mm_slice s, unsigned stride, const uint16_t *weight)
{
    uint32_t best = 0, best_weight = UINT32_MAX;

    MM_ASSERT(s.n >= 3 + stride);
    for (size_t i = 0; i + 3 + stride <= s.n && i < UINT16_MAX; i++) {
        uint32_t w = 0;

        for (size_t k = i; k < i + stride; k++)
            w += weight[weight_slot(s.p + k)];
        if (w < best_weight) {
            best = (uint32_t)i;
            best_weight = w;
        }
    }
    return best;
}

static void add_pieces(struct mm_pieces *p, const struct mm_lit *lit, uint32_t i,
                       const uint16_t *weight)
{
    struct mm_slice s = lit[i].text;
    uint32_t at = rarest(s, p->stride, weight);

    for (uint32_t k = at; k < at + p->stride; k++) {
        uint32_t quad = quad_at(s.p + k), h = may_slot(p, s.p + k);
        struct mm_bucket *b = mm_table_slot(&p->table, quad);

        if (p->bytes != NULL)
            p->bytes[h] = 1;
        else
            p->bits[h / 64] |= UINT64_C(1) << (h % 64);
        p->piece[p->n++] = (struct mm_piece){.lit = i, .next = b->first, .offset = k};
        *b = (struct mm_bucket){.key = quad, .first = (uint32_t)p->n};
    }
}

/* The pieces of literals of four bytes and more, the shortest first. */
static bool build_quads(struct mm_arena *a, const struct mm_everyday *e, struct mm_pieces *p,
                        const struct mm_lit *lit, const uint32_t *which, size_t n)
{
    size_t pieces;
    unsigned bits = BITS_MIN;
    uint16_t *weight;

    if (n == 0)
        return true;
    p->stride = (unsigned)mm_min_size(lit[which[0]].text.n - 3, MM_PIECES_STRIDE_MAX);
    pieces = n * p->stride;
    while (bits < BITS_MAX && ((size_t)1 << bits) < pieces * (bits < 16 ? 64 : 16))
        bits++;
    p->shift = 32 - bits;
    if (bits <= BYTES_MAX)
        p->bytes = mm_arena_array(a, (size_t)1 << bits, sizeof(*p->bytes));
    else
        p->bits = mm_arena_array(a, ((size_t)1 << bits) / 64, sizeof(*p->bits));
    p->piece = mm_arena_array(a, pieces, sizeof(*p->piece));
    if ((p->bytes == NULL && p->bits == NULL) || p->piece == NULL ||
        !mm_table_init(a, &p->table, pieces))
        return false;
    weight = weigh(e, lit, which, n);
    if (weight == NULL)
        return false;
    for (size_t i = 0; i < n; i++)
        add_pieces(p, lit, which[i], weight);
    free(weight);
    return true;
}

/* Literals of one to three bytes. */
static bool build_short(struct mm_arena *a, struct mm_pieces *p, struct mm_lit *lit,
                        const uint32_t *which, size_t n)
{
    if (n == 0)
        return true;
    p->single = mm_arena_array(a, 256, sizeof(*p->single));
    p->pair_bits = mm_arena_array(a, 65536 / 64, sizeof(*p->pair_bits));
    if (p->single == NULL || p->pair_bits == NULL || !mm_table_init(a, &p->pair, n))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct mm_lit *l = &lit[which[i]];
        uint32_t *first = &p->single[l->text.p[0]];

        if (l->text.n > 1) {
            uint32_t pair = pair_at(l->text.p);
            struct mm_bucket *b = mm_table_slot(&p->pair, pair);

            p->pair_bits[pair / 64] |= UINT64_C(1) << (pair % 64);
            b->key = pair;
            first = &b->first;
        }
        l->next = *first;
        *first = which[i] + 1;
    }
    return true;
}

/* What a look through a text costs when `few` literals are looked for one by one, in parts. */
static size_t cost(const struct mm_lit *lit, const uint32_t *which, size_t n, size_t few)
{
    enum { LOOK = 24, ONE = 3 }; /* a look at each position; the same for one literal alone */
    size_t parts = few * ONE, i = few;

    if (i < n && lit[which[i]].text.n < 4)
        parts += LOOK;
    while (i < n && lit[which[i]].text.n < 4)
        i++;
    return i == n ? parts
                  : parts + LOOK / mm_min_size(lit[which[i]].text.n - 3, MM_PIECES_STRIDE_MAX);
}

/* which[0..n) by length. Lengths beyond 255 count as 255: these all take the longest stride. */
static bool sort_by_length(const struct mm_lit *lit, uint32_t *which, size_t n)
{
    size_t at[257] = {0};
    uint32_t *from = malloc((n + 1) * sizeof(*from));

    if (from == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        from[i] = which[i];
        at[mm_min_size(lit[which[i]].text.n, 255) + 1]++;
    }
    for (size_t i = 1; i < MM_COUNT(at); i++)
        at[i] += at[i - 1];
    for (size_t i = 0; i < n; i++)
        which[at[mm_min_size(lit[from[i]].text.n, 255)]++] = from[i];
    free(from);
    return true;
}

bool mm_pieces_build(struct mm_arena *a, const struct mm_everyday *e, struct mm_lit *lit,
                     uint32_t *which, size_t n, struct mm_pieces *ret)
{
    struct mm_pieces p = {0};
    size_t best = 0, i;

    if (!sort_by_length(lit, which, n))
        return false;
    for (size_t few = 1; few <= MM_PIECES_FEW_MAX && few <= n; few++) {
        if (cost(lit, which, n, few) < cost(lit, which, n, best))
            best = few;
    }
    for (; p.few_n < best; p.few_n++)
        p.few[p.few_n] = which[p.few_n];
    for (i = best; i < n && lit[which[i]].text.n < 4; i++)
        continue;
    if (!build_short(a, &p, lit, which + best, i - best) ||
        !build_quads(a, e, &p, lit, which + i, n - i))
        return false;
    *ret = p;
    return true;
}

/* The literals whose piece stands at text[i]. */
static void verify(const struct mm_pieces *p, const struct mm_lit *lit, struct mm_slice text,
                   size_t i, mm_lits_fn *fn, void *ctx)
{
    uint32_t at = mm_table_get(&p->table, quad_at(text.p + i));

    for (; at != 0; at = p->piece[at - 1].next) {
        const struct mm_piece *piece = &p->piece[at - 1];
        const struct mm_lit *l = &lit[piece->lit];

        if (i >= piece->offset && text.n - (i - piece->offset) >= l->text.n &&
            mm_small_same(text.p + (i - piece->offset), l->text.p, l->text.n))
            fn(ctx, l->tag);
    }
}

/* May a piece stand here? */
static bool bit_at(const struct mm_pieces *p, const uint8_t *t)
{
    uint32_t h = may_slot(p, t);

    return (p->bits[h / 64] >> (h % 64) & 1) != 0;
}

/* The first place at or behind text[i] where a piece may stand, or one at or behind end. */
static size_t next_bit(const struct mm_pieces *p, const uint8_t *t, size_t i, size_t end)
{
    size_t s = p->stride;

    for (; i + 3 * s < end; i += 4 * s) {
        if (MM_UNLIKELY(bit_at(p, t + i)))
            return i;
        if (MM_UNLIKELY(bit_at(p, t + i + s)))
            return i + s;
        if (MM_UNLIKELY(bit_at(p, t + i + 2 * s)))
            return i + 2 * s;
        if (MM_UNLIKELY(bit_at(p, t + i + 3 * s)))
            return i + 3 * s;
    }
    while (i < end && !bit_at(p, t + i))
        i += s;
    return i;
}

/*
 * The same by bytes: four places are asked at once. The last few as well, some of them twice, so
 * that the processor has no number of rounds to guess that differs with each text.
 */
static size_t next_byte(const struct mm_pieces *p, const uint8_t *t, size_t i, size_t end)
{
    const uint8_t *may = p->bytes;
    size_t s = p->stride, last = end - 1;
    unsigned shift = p->shift;
    uint8_t any = 0;

    for (; i + 3 * s < end && any == 0; i += 4 * s) {
        any = may[mm_mix32(quad_at(t + i)) >> shift] | may[mm_mix32(quad_at(t + i + s)) >> shift] |
              may[mm_mix32(quad_at(t + i + 2 * s)) >> shift] |
              may[mm_mix32(quad_at(t + i + 3 * s)) >> shift];
    }
    if (any != 0) {
        i -= 4 * s;
    } else if (i < end) {
        any = may[mm_mix32(quad_at(t + i)) >> shift] |
              may[mm_mix32(quad_at(t + mm_min_size(i + s, last))) >> shift] |
              may[mm_mix32(quad_at(t + mm_min_size(i + 2 * s, last))) >> shift];
        if (any == 0)
            return end;
    }
    while (i < end && may[mm_mix32(quad_at(t + i)) >> shift] == 0)
        i += s;
    return i;
}

static inline void quads_by_bytes(const struct mm_pieces *p, const struct mm_lit *lit,
                                  struct mm_slice text, mm_lits_fn *fn, void *ctx)
{
    size_t end = text.n < 4 ? 0 : text.n - 3;

    for (size_t i = 0; (i = next_byte(p, text.p, i, end)) < end; i += p->stride)
        verify(p, lit, text, i, fn, ctx);
}

static void quads(const struct mm_pieces *p, const struct mm_lit *lit, struct mm_slice text,
                  mm_lits_fn *fn, void *ctx)
{
    size_t end = text.n < 4 ? 0 : text.n - 3;

    if (p->bytes != NULL) {
        quads_by_bytes(p, lit, text, fn, ctx);
        return;
    }
    for (size_t i = 0; (i = next_bit(p, text.p, i, end)) < end; i += p->stride)
        verify(p, lit, text, i, fn, ctx);
}

static void short_ones(const struct mm_pieces *p, const struct mm_lit *lit, struct mm_slice text,
                       mm_lits_fn *fn, void *ctx)
{
    for (size_t i = 0; i < text.n; i++) {
        uint32_t pair = i + 2 <= text.n ? pair_at(text.p + i) : 0;
        uint32_t at = p->single[mm_small(text.p[i])];

        for (; at != 0; at = lit[at - 1].next)
            fn(ctx, lit[at - 1].tag);
        if (MM_LIKELY((p->pair_bits[pair / 64] >> (pair % 64) & 1) == 0))
            continue; /* no literal has a pair 0 */
        for (at = mm_table_get(&p->pair, pair); at != 0; at = lit[at - 1].next) {
            const struct mm_lit *l = &lit[at - 1];

            if (text.n - i >= l->text.n && mm_small_same(text.p + i, l->text.p, l->text.n))
                fn(ctx, l->tag);
        }
    }
}

/* One literal: its first and its last byte, in their loose form, at sixteen positions at once. */
static void look_for(const struct mm_lit *l, struct mm_slice text, mm_lits_fn *fn, void *ctx)
{
    size_t n = l->text.n, i = 0, end = text.n < n ? 0 : text.n - n + 1;
    mm_bytes16 bit = (mm_bytes16){0} + 0x20, first = ((mm_bytes16){0} + l->text.p[0]) | bit,
               last = ((mm_bytes16){0} + l->text.p[n - 1]) | bit;

    while (i < end) {
        size_t to = i + 1;

        if (end - i >= sizeof(mm_bytes16)) {
            mm_bytes16 a = mm_load16(text.p + i) | bit, z = mm_load16(text.p + i + n - 1) | bit;

            to = i + sizeof(mm_bytes16);
            if (MM_LIKELY(!mm_any16((mm_bytes16)((a == first) & (z == last))))) {
                i = to;
                continue;
            }
        }
        for (; i < to; i++) {
            if (mm_small_same(text.p + i, l->text.p, n)) {
                fn(ctx, l->tag);
                return;
            }
        }
    }
}

void mm_pieces_find(const struct mm_pieces *p, const struct mm_lit *lit, struct mm_slice text,
                    mm_lits_fn *fn, void *ctx)
{
    if (p->n > 0)
        quads(p, lit, text, fn, ctx);
    for (size_t i = 0; i < p->few_n; i++)
        look_for(&lit[p->few[i]], text, fn, ctx);
    if (p->pair_bits != NULL)
        short_ones(p, lit, text, fn, ctx);
}

void mm_pieces_find_each(const struct mm_pieces *p, const struct mm_lit *lit,
                         const struct mm_slice *text, size_t n, mm_lits_fn *fn, void *ctx)
{
    if (p->bytes != NULL && p->few_n == 0 && p->pair_bits == NULL) {
        for (size_t i = 0; i < n; i++)
            quads_by_bytes(p, lit, text[i], fn, ctx);
        return;
    }
    for (size_t i = 0; i < n; i++)
        mm_pieces_find(p, lit, text[i], fn, ctx);
}
