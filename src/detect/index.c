/* detect/index.c - see index.h for the contract. */
#include "detect/index.h"

#define HASH_MUL UINT64_C(0x9e3779b97f4a7c15)

/* Edge hashes take one byte at a time, so that every length on the way is at hand. */
static uint64_t step(uint64_t h, uint8_t c)
{
    return (h ^ c) * HASH_MUL;
}

static uint32_t key_of(uint64_t h)
{
    return (uint32_t)(h >> 32);
}

static uint64_t hash_front(struct mm_slice s, size_t n)
{
    uint64_t h = n;

    h = 1;
    for (size_t i = 0; i < n; i++)
        h = step(h, s.p[i]);
    return h;
}

static uint64_t hash_back(struct mm_slice s, size_t n)
{
    uint64_t h = 1;

    for (size_t i = 0; i < n; i++)
        h = step(h, s.p[s.n - 1 - i]);
    return h;
}

/* Whole texts: eight bytes at a time. */
static uint64_t hash_all(struct mm_slice s)
{
    uint64_t h = s.n + 1, w;
    size_t i = 0;

    for (; i + 8 <= s.n; i += 8) {
        memcpy(&w, s.p + i, 8);
        h = (h ^ w) * HASH_MUL;
        h ^= h >> 29;
    }
    for (; i < s.n; i++)
        h = step(h, s.p[i]);
    return h * HASH_MUL;
}

static uint32_t quad_at(const uint8_t *p)
{
    uint32_t w;

    memcpy(&w, p, 4);
    return w;
}

static uint32_t pair_at(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t mix(uint32_t x)
{
    return x * 0x9e3779b1U;
}

static bool table_init(struct mm_arena *a, struct mm_table *t, size_t keys)
{
    size_t n = 4;

    if (keys == 0)
        return true;
    while (n < keys * 2)
        n *= 2;
    t->bucket = mm_arena_array(a, n, sizeof(*t->bucket));
    t->mask = (uint32_t)(n - 1);
    return t->bucket != NULL;
}

/* The bucket of the key, or the empty one where it belongs. */
static struct mm_bucket *table_slot(struct mm_table *t, uint32_t key)
{
    uint32_t at = mix(key) >> 7 & t->mask;

    while (t->bucket[at].first != 0 && t->bucket[at].key != key)
        at = (at + 1) & t->mask;
    return &t->bucket[at];
}

static void table_add(struct mm_table *t, uint32_t key, struct mm_lit *lits, uint32_t i)
{
    struct mm_bucket *b = table_slot(t, key);

    lits[i].next = b->first;
    *b = (struct mm_bucket){.key = key, .first = i + 1};
}

static uint32_t table_get(const struct mm_table *t, uint32_t key)
{
    uint32_t at = mix(key) >> 7 & t->mask;

    while (t->bucket[at].first != 0) {
        if (t->bucket[at].key == key)
            return t->bucket[at].first;
        at = (at + 1) & t->mask;
    }
    return 0;
}

/* How often each piece occurs in the literals, to choose rare ones: counted by hash. */
enum { WEIGHT_BITS = 14 };

static uint32_t weight_slot(const uint8_t *p)
{
    return mix(quad_at(p)) >> (32 - WEIGHT_BITS);
}

/* Pieces that stand in many ordinary texts, whatever the rules say. */
static uint32_t common(const uint8_t *p)
{
    static const char everyday[][5] = {".exe",  "\\win", "wind",  "indo", "ndow",  "dows",  "ows\\",
                                       "syst",  "yste",  "stem",  "tem3", "em32",  "m32\\", "c:\\w",
                                       ":\\wi", "\\sys", "http",  "ttp:", "ttps",  "tps:",  "p://",
                                       "s://",  "://w",  "www.",  ".com", "prog",  "rogr",  "ogra",
                                       "gram",  "ram ",  "file",  "iles", "les\\", "\\mic", "micr",
                                       "icro",  "cros",  "roso",  "osof", "soft",  "oft\\", ".dll",
                                       "user",  "sers",  "ers\\", "powe", "ower",  "wers",  "ersh",
                                       "rshe",  "shel",  "hell",  "ell.", "l.ex",  "ll.e",  "hklm",
                                       "\\sof", "ware",  "ftwa",  "twar", "data",  "appd",  "ppda",
                                       "pdat",  "curr",  "urre",  "rren", "rent",  "vers",  "ersi",
                                       "rsio",  "sion",  "    "};
    for (size_t i = 0; i < MM_COUNT(everyday); i++) {
        if (memcmp(everyday[i], p, 4) == 0)
            return 1000;
    }
    return 0;
}

/* Where in a literal its pieces begin: those that fewest other literals and fewest texts share. */
static uint32_t rarest(struct mm_slice s, unsigned stride, const uint16_t *weight)
{
    uint32_t best = 0, best_weight = UINT32_MAX;

    MM_ASSERT(s.n >= 3 + stride);
    for (size_t i = 0; i + 3 + stride <= s.n && i < UINT16_MAX; i++) {
        uint32_t w = 0;

        for (size_t k = i; k < i + stride; k++)
            w += weight[weight_slot(s.p + k)] + common(s.p + k);
        if (w < best_weight) {
            best = (uint32_t)i;
            best_weight = w;
        }
    }
    return best;
}

static bool is_far(const struct mm_lit *lit)
{
    return lit->text.n >= 3 + MM_INDEX_STRIDE;
}

/* Room for `lits` literals with `stride` pieces each. */
static bool pieces_init(struct mm_arena *a, struct mm_pieces *p, unsigned stride, size_t lits)
{
    size_t n = lits * stride;
    unsigned bits = 10;

    p->stride = stride;
    if (n == 0)
        return true;
    while (bits < 18 && ((size_t)1 << bits) < n * 16)
        bits++;
    p->shift = 32 - bits;
    p->bits = mm_arena_array(a, ((size_t)1 << bits) / 64, sizeof(*p->bits));
    p->piece = mm_arena_array(a, n, sizeof(*p->piece));
    return p->bits != NULL && p->piece != NULL && table_init(a, &p->table, n);
}

static void add_pieces(struct mm_lits *l, struct mm_pieces *p, size_t i, const uint16_t *weight)
{
    struct mm_slice s = l->lit[i].text;
    uint32_t at = rarest(s, p->stride, weight);

    for (uint32_t k = at; k < at + p->stride; k++) {
        uint32_t quad = quad_at(s.p + k), h = mix(quad) >> p->shift;
        struct mm_bucket *b = table_slot(&p->table, quad);

        p->bits[h / 64] |= UINT64_C(1) << (h % 64);
        p->piece[p->n++] = (struct mm_piece){.lit = (uint32_t)i, .next = b->first, .offset = k};
        *b = (struct mm_bucket){.key = quad, .first = (uint32_t)p->n};
    }
}

static bool build_quads(struct mm_arena *a, struct mm_lits *l, size_t near, size_t far)
{
    uint16_t *weight = calloc((size_t)1 << WEIGHT_BITS, sizeof(*weight));

    if (weight == NULL || !pieces_init(a, &l->near, 1, near) ||
        !pieces_init(a, &l->far, MM_INDEX_STRIDE, far)) {
        free(weight);
        return false;
    }
    for (size_t i = 0; i < l->n; i++) {
        struct mm_slice s = l->lit[i].text;

        if (l->lit[i].kind != MM_LIT_CONTAINS)
            continue;
        for (size_t k = 0; k + 4 <= s.n; k++) {
            uint16_t *w = &weight[weight_slot(s.p + k)];

            *w = (uint16_t)(*w + (*w < UINT16_MAX));
        }
    }
    for (size_t i = 0; i < l->n; i++) {
        if (l->lit[i].kind == MM_LIT_CONTAINS && l->lit[i].text.n >= 4)
            add_pieces(l, is_far(&l->lit[i]) ? &l->far : &l->near, i, weight);
    }
    free(weight);
    return true;
}

static uint32_t loosen(uint32_t quad)
{
    return quad | 0x20202020U;
}

/* As many pieces of one literal, from byte `at` on, as there are positions between two looks. */
static void add_loose(struct mm_loose *o, struct mm_slice text, size_t at)
{
    at = mm_min_size(at, text.n - 3 - o->stride);
    for (size_t k = at; k < at + o->stride; k++) {
        uint32_t quad = loosen(quad_at(text.p + k)), h = mix(quad) >> o->shift;

        o->bits[h / 64] |= UINT64_C(1) << (h % 64);
        *table_slot(&o->table, quad) = (struct mm_bucket){.key = quad, .first = 1};
    }
}

/* Only where every literal has pieces, and there are few. */
static bool build_loose(struct mm_arena *a, struct mm_lits *l, size_t others)
{
    struct mm_loose o = {.shift = 32 - 13, .shortest = SIZE_MAX}; /* 1 KiB of bits */

    for (size_t i = 0; i < l->n; i++)
        o.shortest = mm_min_size(o.shortest, l->lit[i].text.n);
    if (others > 0 || l->n == 0 || l->n > MM_INDEX_LOOSE_MAX)
        return true;
    o.stride = (unsigned)mm_min_size(o.shortest - 3, MM_INDEX_LOOSE_STRIDE);
    o.bits = mm_arena_array(a, ((size_t)1 << 13) / 64, sizeof(*o.bits));
    if (o.bits == NULL || !table_init(a, &o.table, l->n * o.stride))
        return false;
    for (size_t i = 0; i < l->near.n; i++)
        add_loose(&o, l->lit[l->near.piece[i].lit].text, l->near.piece[i].offset);
    for (size_t i = 0; i < l->far.n; i += MM_INDEX_STRIDE) /* the first of each literal's */
        add_loose(&o, l->lit[l->far.piece[i].lit].text, l->far.piece[i].offset);
    l->loose = o;
    return true;
}

static bool build_pairs(struct mm_arena *a, struct mm_lits *l, size_t n)
{
    l->pair_bits = mm_arena_array(a, 65536 / 64, sizeof(*l->pair_bits));
    if (l->pair_bits == NULL || !table_init(a, &l->pair, n))
        return false;
    for (size_t i = 0; i < l->n; i++) {
        struct mm_lit *lit = &l->lit[i];
        uint32_t pair;

        if (lit->kind != MM_LIT_CONTAINS || lit->text.n < 2 || lit->text.n > 3)
            continue;
        pair = pair_at(lit->text.p);
        l->pair_bits[pair / 64] |= UINT64_C(1) << (pair % 64);
        table_add(&l->pair, pair, l->lit, (uint32_t)i);
    }
    return true;
}

static void add_edge(struct mm_lits *l, size_t i)
{
    struct mm_lit *lit = &l->lit[i];
    size_t edge = mm_min_size(lit->text.n, MM_INDEX_EDGE);

    if (lit->kind == MM_LIT_PREFIX) {
        l->prefix_len |= UINT64_C(1) << edge;
        table_add(&l->prefix, key_of(hash_front(lit->text, edge)), l->lit, (uint32_t)i);
    } else if (lit->kind == MM_LIT_SUFFIX) {
        l->suffix_len |= UINT64_C(1) << edge;
        table_add(&l->suffix, key_of(hash_back(lit->text, edge)), l->lit, (uint32_t)i);
    } else if (lit->kind == MM_LIT_EXACT) {
        table_add(&l->exact, key_of(hash_all(lit->text)), l->lit, (uint32_t)i);
    } else if (lit->text.n == 1) {
        lit->next = l->single[lit->text.p[0]];
        l->single[lit->text.p[0]] = (uint32_t)i + 1;
        l->has_single = true;
    }
}

enum mm_code mm_lits_build(struct mm_arena *a, struct mm_lit *lit, size_t n, struct mm_lits *ret)
{
    struct mm_lits l = {.lit = lit, .n = n};
    size_t count[MM_LIT_KINDS] = {0}, pairs = 0, near = 0, far = 0;

    if (n > MM_INDEX_MAX)
        return MM_E_LIMIT;
    for (size_t i = 0; i < n; i++) {
        MM_ASSERT(lit[i].kind < MM_LIT_KINDS);
        MM_ASSERT(lit[i].text.n > 0 || lit[i].kind == MM_LIT_EXACT);
        count[lit[i].kind]++;
        if (lit[i].kind == MM_LIT_CONTAINS) {
            far += is_far(&lit[i]);
            near += lit[i].text.n >= 4 && !is_far(&lit[i]);
            pairs += lit[i].text.n == 2 || lit[i].text.n == 3;
        }
    }
    if (!table_init(a, &l.exact, count[MM_LIT_EXACT]) ||
        !table_init(a, &l.prefix, count[MM_LIT_PREFIX]) ||
        !table_init(a, &l.suffix, count[MM_LIT_SUFFIX]))
        return MM_E_NOMEM;
    for (size_t i = 0; i < n; i++)
        add_edge(&l, i);
    if (near + far > 0 && !build_quads(a, &l, near, far))
        return MM_E_NOMEM;
    if (pairs > 0 && !build_pairs(a, &l, pairs))
        return MM_E_NOMEM;
    if (!build_loose(a, &l, n - near - far))
        return MM_E_NOMEM;
    *ret = l;
    return MM_OK;
}

static void edges(const struct mm_lits *l, struct mm_slice text, mm_lits_fn *fn, void *ctx)
{
    uint64_t h = 1, left = l->prefix_len;

    for (size_t i = 0; i < text.n && left >> (i + 1) != 0; i++) {
        h = step(h, text.p[i]);
        if ((left >> (i + 1) & 1) == 0)
            continue;
        for (uint32_t at = table_get(&l->prefix, key_of(h)); at != 0; at = l->lit[at - 1].next) {
            if (mm_slice_starts(text, l->lit[at - 1].text))
                fn(ctx, l->lit[at - 1].tag);
        }
    }
    h = 1;
    left = l->suffix_len;
    for (size_t i = 0; i < text.n && left >> (i + 1) != 0; i++) {
        h = step(h, text.p[text.n - 1 - i]);
        if ((left >> (i + 1) & 1) == 0)
            continue;
        for (uint32_t at = table_get(&l->suffix, key_of(h)); at != 0; at = l->lit[at - 1].next) {
            if (mm_slice_ends(text, l->lit[at - 1].text))
                fn(ctx, l->lit[at - 1].tag);
        }
    }
}

/* The literals of a bucket of pairs, standing at text[i]. */
static void verify_pair(const struct mm_lits *l, uint32_t at, struct mm_slice text, size_t i,
                        mm_lits_fn *fn, void *ctx)
{
    for (; at != 0; at = l->lit[at - 1].next) {
        if (mm_slice_starts(mm_slice_sub(text, i, SIZE_MAX), l->lit[at - 1].text))
            fn(ctx, l->lit[at - 1].tag);
    }
}

/* The literals whose piece stands at text[i]. */
static void verify(const struct mm_lits *l, const struct mm_pieces *p, struct mm_slice text,
                   size_t i, mm_lits_fn *fn, void *ctx)
{
    uint32_t at = table_get(&p->table, quad_at(text.p + i));

    for (; at != 0; at = p->piece[at - 1].next) {
        const struct mm_piece *piece = &p->piece[at - 1];
        const struct mm_lit *lit = &l->lit[piece->lit];

        if (i < piece->offset || text.n - (i - piece->offset) < lit->text.n)
            continue;
        if (memcmp(text.p + (i - piece->offset), lit->text.p, lit->text.n) == 0)
            fn(ctx, lit->tag);
    }
}

static void quads(const struct mm_lits *l, const struct mm_pieces *p, struct mm_slice text,
                  mm_lits_fn *fn, void *ctx)
{
    const uint64_t *bits = p->bits;
    unsigned shift = p->shift;

    for (size_t i = 0; i + 4 <= text.n; i += p->stride) {
        uint32_t h = mix(quad_at(text.p + i)) >> shift;

        if (MM_UNLIKELY(bits[h / 64] >> (h % 64) & 1))
            verify(l, p, text, i, fn, ctx);
    }
}

static void pairs(const struct mm_lits *l, struct mm_slice text, mm_lits_fn *fn, void *ctx)
{
    for (size_t i = 0; i + 2 <= text.n; i++) {
        uint32_t pair = pair_at(text.p + i);

        if (MM_UNLIKELY(l->pair_bits[pair / 64] >> (pair % 64) & 1))
            verify_pair(l, table_get(&l->pair, pair), text, i, fn, ctx);
    }
}

/* Is there a byte above 0x7f? Such text may change its letters and length when it is folded. */
static bool has_high(struct mm_slice s)
{
    uint64_t all = 0, w[4];
    size_t i = 0;

    for (; i + sizeof(w) <= s.n; i += sizeof(w)) {
        memcpy(w, s.p + i, sizeof(w));
        all |= w[0] | w[1] | w[2] | w[3];
    }
    for (; i < s.n; i++)
        all |= s.p[i];
    return (all & UINT64_C(0x8080808080808080)) != 0;
}

bool mm_lits_may(const struct mm_lits *l, struct mm_slice raw)
{
    const struct mm_loose *o = &l->loose;
    const uint64_t *bits = o->bits;

    if (bits == NULL || has_high(raw))
        return true;
    if (raw.n < o->shortest)
        return false;
    for (size_t i = 0; i + 4 <= raw.n; i += o->stride) {
        uint32_t quad = loosen(quad_at(raw.p + i)), h = mix(quad) >> o->shift;

        if (MM_UNLIKELY(bits[h / 64] >> (h % 64) & 1) && table_get(&o->table, quad) != 0)
            return true;
    }
    return false;
}

void mm_lits_find(const struct mm_lits *l, struct mm_slice text, mm_lits_fn *fn, void *ctx)
{
    if (l->exact.bucket != NULL) {
        uint32_t at = table_get(&l->exact, key_of(hash_all(text)));

        for (; at != 0; at = l->lit[at - 1].next) {
            if (mm_slice_eq(text, l->lit[at - 1].text))
                fn(ctx, l->lit[at - 1].tag);
        }
    }
    if ((l->prefix_len | l->suffix_len) != 0)
        edges(l, text, fn, ctx);
    if (l->near.bits != NULL)
        quads(l, &l->near, text, fn, ctx);
    if (l->far.bits != NULL)
        quads(l, &l->far, text, fn, ctx);
    if (l->pair_bits != NULL)
        pairs(l, text, fn, ctx);
    for (size_t i = 0; l->has_single && i < text.n; i++) {
        for (uint32_t at = l->single[text.p[i]]; at != 0; at = l->lit[at - 1].next)
            fn(ctx, l->lit[at - 1].tag);
    }
}
