/* detect/index.c - see index.h for the contract. */
#include "detect/index.h"

/* Values are of all lengths in turn: loops and branches by length are what costs here. */
bool mm_text_is_ascii(struct mm_slice s)
{
    const uint64_t high = UINT64_C(0x8080808080808080);
    mm_bytes16 all;

    if (s.n < 8) {
        if (s.n >= 4)
            return ((mm_load32(s.p) | mm_load32(s.p + s.n - 4)) & (uint32_t)high) == 0;
        return s.n == 0 || ((s.p[0] | s.p[s.n / 2] | s.p[s.n - 1]) & 0x80) == 0;
    }
    if (s.n <= 32)
        return ((mm_load64(s.p) | mm_load64(s.p + mm_min_size(8, s.n - 8)) |
                 mm_load64(s.p + mm_min_size(16, s.n - 8)) | mm_load64(s.p + s.n - 8)) &
                high) == 0;
    all = mm_load16(s.p) | mm_load16(s.p + 16) | mm_load16(s.p + s.n - 16);
    for (size_t i = 32; i + 16 < s.n; i += 16)
        all |= mm_load16(s.p + i);
    return !mm_any16(all & 0x80);
}

/* The bytes of a prefix or suffix that its key covers: a power of two, so that few lengths occur.
 */
static struct mm_slice edge_of(const struct mm_lit *l)
{
    size_t n = MM_INDEX_EDGE;

    while (n > l->text.n)
        n /= 2;

    return mm_slice_sub(l->text, l->kind == MM_LIT_SUFFIX ? l->text.n - n : 0, n);
}

static void add_key(struct mm_table *t, struct mm_slice key, struct mm_lit *lit, uint32_t i)
{
    uint32_t k = mm_small_key(key.p, key.n);
    struct mm_bucket *b = mm_table_slot(t, k);

    lit[i].next = b->first;
    *b = (struct mm_bucket){.key = k, .first = i + 1};
}

static void add_edge(struct mm_edges *e, struct mm_lit *lit, uint32_t i)
{
    struct mm_slice edge = edge_of(&lit[i]);
    uint8_t inner = edge.p[lit[i].kind == MM_LIT_SUFFIX ? 0 : edge.n - 1];

    e->length |= UINT64_C(1) << edge.n;
    e->inner[inner / 64] |= UINT64_C(1) << (inner % 64);
    add_key(&e->table, edge, lit, i);
}

/* Can no number and no address hold it? */
static bool is_word(struct mm_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (mm_slice_find(MM_S("0123456789abcdef.:"), s.p[i], 0) == SIZE_MAX)
            return true;
    }
    return false;
}

/* Those that may stand anywhere, in two heaps. */
static bool build_pieces(struct mm_arena *a, const struct mm_everyday *e, struct mm_lits *l,
                         size_t n)
{
    uint32_t *which = malloc((n + 1) * sizeof(*which));
    size_t plain = 0, beyond = n;
    bool ok;

    if (which == NULL)
        return false;
    for (size_t i = 0; i < l->n; i++) {
        if (l->lit[i].kind != MM_LIT_CONTAINS)
            continue;
        if (mm_text_is_ascii(l->lit[i].text))
            which[plain++] = (uint32_t)i; /* below MM_INDEX_MAX */
        else
            which[--beyond] = (uint32_t)i;
    }
    ok = mm_pieces_build(a, e, l->lit, which, plain, &l->plain) &&
         mm_pieces_build(a, e, l->lit, which + plain, n - plain, &l->beyond);
    free(which);
    return ok;
}

enum mm_code mm_lits_build(struct mm_arena *a, const struct mm_everyday *e, struct mm_lit *lit,
                           size_t n, struct mm_lits *ret)
{
    struct mm_lits l = {.lit = lit, .n = n, .shortest = SIZE_MAX, .worded = true};
    size_t count[MM_LIT_KINDS] = {0};

    if (n > MM_INDEX_MAX)
        return MM_E_LIMIT;
    for (size_t i = 0; i < n; i++) {
        MM_ASSERT(lit[i].kind < MM_LIT_KINDS);
        MM_ASSERT(lit[i].text.n > 0 || lit[i].kind == MM_LIT_EXACT);
        count[lit[i].kind]++;
        l.shortest = mm_min_size(l.shortest, lit[i].text.n);
        l.worded &= is_word(lit[i].text);
    }
    if (!mm_table_init(a, &l.exact, count[MM_LIT_EXACT]) ||
        !mm_table_init(a, &l.prefix.table, count[MM_LIT_PREFIX]) ||
        !mm_table_init(a, &l.suffix.table, count[MM_LIT_SUFFIX]) ||
        !build_pieces(a, e, &l, count[MM_LIT_CONTAINS]))
        return MM_E_NOMEM;
    l.anywhere = count[MM_LIT_CONTAINS] == n;
    for (size_t i = 0; i < n; i++) {
        if (lit[i].kind == MM_LIT_PREFIX) {
            add_edge(&l.prefix, lit, (uint32_t)i);
        } else if (lit[i].kind == MM_LIT_SUFFIX) {
            add_edge(&l.suffix, lit, (uint32_t)i);
        } else if (lit[i].kind == MM_LIT_EXACT) {
            l.exact_length |= UINT64_C(1) << (lit[i].text.n % 64);
            add_key(&l.exact, lit[i].text, lit, (uint32_t)i);
        }
    }
    *ret = l;
    return MM_OK;
}

static void find_exact(const struct mm_lits *l, struct mm_slice text, mm_lits_fn *fn, void *ctx)
{
    uint32_t at;

    if ((l->exact_length >> (text.n % 64) & 1) == 0)
        return;
    for (at = mm_table_get(&l->exact, mm_small_key(text.p, text.n)); at != 0;
         at = l->lit[at - 1].next) {
        struct mm_slice s = l->lit[at - 1].text;

        if (text.n == s.n && mm_small_same(text.p, s.p, s.n))
            fn(ctx, l->lit[at - 1].tag);
    }
}

/* Each length that occurs is looked up only where the byte at its inner end is one of theirs. */
static void find_edges(const struct mm_lits *l, const struct mm_edges *e, bool back,
                       struct mm_slice text, mm_lits_fn *fn, void *ctx)
{
    uint64_t left = e->length;

    for (; left != 0; left &= left - 1) {
        size_t n = (size_t)__builtin_ctzll(left);
        const uint8_t *p;
        uint32_t at;
        uint8_t c;

        if (n > text.n)
            return;
        p = back ? text.p + text.n - n : text.p;
        c = mm_small(back ? p[0] : p[n - 1]);
        if (MM_LIKELY((e->inner[c / 64] >> (c % 64) & 1) == 0))
            continue;
        for (at = mm_table_get(&e->table, mm_small_key(p, n)); at != 0; at = l->lit[at - 1].next) {
            struct mm_slice s = l->lit[at - 1].text;

            if (s.n <= text.n && mm_small_same(back ? text.p + text.n - s.n : p, s.p, s.n))
                fn(ctx, l->lit[at - 1].tag);
        }
    }
}

void mm_lits_find(const struct mm_lits *l, struct mm_slice text, bool ascii, mm_lits_fn *fn,
                  void *ctx)
{
    if (text.n < l->shortest)
        return;
    if (l->exact_length != 0)
        find_exact(l, text, fn, ctx);
    if (l->prefix.length != 0)
        find_edges(l, &l->prefix, false, text, fn, ctx);
    if (l->suffix.length != 0)
        find_edges(l, &l->suffix, true, text, fn, ctx);
    mm_pieces_find(&l->plain, l->lit, text, fn, ctx);
    if (!ascii)
        mm_pieces_find(&l->beyond, l->lit, text, fn, ctx);
}
