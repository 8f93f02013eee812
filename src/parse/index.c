/* parse/index.c - see index.h for the contract. */
#include "parse/index.h"

#include "base/limits.h"
#include "parse/format.h"

enum {
    BUCKETS = 1024, /* a hundred formats have some hundred literals */
};

struct piece {
    struct piece *next;
    uint32_t bytes;
    struct mm_index_set formats;
};

struct mm_index {
    struct mm_arena *arena;
    struct mm_symtab apps;
    struct mm_index_set app[MM_SYM_MAX]; /* by symbol of apps */
    struct mm_index_set first[256];      /* by the first byte of a text */
    struct mm_index_set always;
    struct piece *bucket[BUCKETS];
    uint64_t hashed[BUCKETS / 64]; /* buckets that hold something */
    bool has_pieces;
    size_t within; /* how far behind its beginning a text is searched */
};

static void put(struct mm_index_set *set, uint16_t format)
{
    set->bit[format / 64] |= UINT64_C(1) << (format % 64);
}

static void join(struct mm_index_set *to, const struct mm_index_set *from)
{
    for (size_t i = 0; i < MM_COUNT(to->bit); i++)
        to->bit[i] |= from->bit[i];
}

struct mm_index *mm_index_new(struct mm_arena *arena)
{
    struct mm_index *x = mm_arena_alloc(arena, sizeof(*x));

    if (x == NULL)
        return NULL;
    x->arena = arena;
    mm_symtab_init(&x->apps, arena);
    return x;
}

static uint32_t load32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

static uint32_t bucket_of(uint32_t bytes)
{
    return (bytes * UINT32_C(2654435761)) >> 22; /* the upper ten bits: below BUCKETS */
}
static_assert(BUCKETS == 1 << 10, "bucket_of keeps ten bits");

/* How rarely a byte stands in logs: letters and blanks are common. */
static unsigned rarity(uint8_t c)
{
    if (c == ' ' || c == '"' || c == '=' || c == ':')
        return 0;
    return c >= 'a' && c <= 'z' ? 1 : c >= '0' && c <= '9' ? 1 : 3;
}

static bool add_piece(struct mm_index *x, struct mm_slice literal, uint16_t number)
{
    unsigned best = 0;
    size_t at = 0;
    struct piece **head, *p;
    uint32_t bytes;

    for (size_t i = 0; i + MM_INDEX_PIECE <= literal.n; i++) {
        unsigned score = 1;

        for (size_t k = 0; k < MM_INDEX_PIECE; k++)
            score += rarity(literal.p[i + k]);
        if (score > best) {
            best = score;
            at = i;
        }
    }
    bytes = load32(literal.p + at);
    head = &x->bucket[bucket_of(bytes)];
    for (p = *head; p != NULL && p->bytes != bytes; p = p->next)
        continue;
    if (p == NULL) {
        p = mm_arena_alloc(x->arena, sizeof(*p));
        if (p == NULL)
            return false;
        p->bytes = bytes;
        p->next = *head;
        *head = p;
        x->hashed[bucket_of(bytes) / 64] |= UINT64_C(1) << (bucket_of(bytes) % 64);
        x->has_pieces = true;
    }
    put(&p->formats, number);
    return true;
}

static bool add_apps(struct mm_index *x, const struct mm_witness *wit, uint16_t number)
{
    for (size_t i = 0; i < wit->app_count; i++) {
        uint16_t sym;

        if (mm_symtab_add(&x->apps, wit->app[i], &sym) != MM_OK || sym >= MM_SYM_MAX)
            return false;
        put(&x->app[sym], number);
    }
    return true;
}

/* The longest text that a witness asks for, when it is long enough to be looked for. */
static struct mm_slice longest(const struct mm_witness *wit)
{
    struct mm_slice best = {0};

    for (size_t i = 0; i < wit->has_count; i++) {
        if (wit->has[i].n > best.n)
            best = wit->has[i];
    }
    return best.n >= MM_INDEX_PIECE ? best : (struct mm_slice){0};
}

static bool add_starts(struct mm_index *x, const struct mm_witness *wit, uint16_t number)
{
    for (size_t i = 0; i < wit->start_count; i++) {
        if (wit->starts[i].n == 0)
            put(&x->always, number);
        else
            put(&x->first[wit->starts[i].p[0]], number);
    }
    return true;
}

/* A text of a template may stand anywhere in the line. */
static bool add_like(struct mm_index *x, const struct mm_witness *wit, uint16_t number)
{
    x->within = MM_MAX_LINE;
    for (size_t i = 0; i < wit->like_count; i++) {
        if (!add_piece(x, wit->like_text[i], number))
            return false;
    }
    return true;
}

static bool add_witness(struct mm_index *x, const struct mm_witness *wit, uint16_t number)
{
    struct mm_slice literal = longest(wit);

    if (wit->app_count > 0)
        return add_apps(x, wit, number);
    /* A short beginning such as `{` says less than a text that must stand behind it. */
    if (literal.n > 0) {
        x->within = wit->within > x->within ? wit->within : x->within;
        return add_piece(x, literal, number);
    }
    if (wit->start_count > 0)
        return add_starts(x, wit, number);
    if (wit->like_count > 0)
        return add_like(x, wit, number);
    for (unsigned c = 0; c < 256; c++) {
        if (wit->like == NULL || mm_patterns_may_begin(wit->like, (uint8_t)c))
            put(&x->first[c], number);
    }
    return true;
}

bool mm_index_add(struct mm_index *x, const struct mm_format *f, uint16_t number)
{
    for (const struct mm_witness *wit = f->witness; wit != NULL; wit = wit->next) {
        if (!add_witness(x, wit, number))
            return false;
    }
    return true;
}

static void look_pieces(const struct mm_index *x, struct mm_slice window, struct mm_index_set *ret)
{
    for (size_t i = 0; i + MM_INDEX_PIECE <= window.n; i++) {
        uint32_t bytes = load32(window.p + i), at = bucket_of(bytes);

        if (MM_LIKELY((x->hashed[at / 64] >> (at % 64) & 1) == 0))
            continue;
        for (const struct piece *p = x->bucket[at]; p != NULL; p = p->next) {
            if (p->bytes == bytes)
                join(ret, &p->formats);
        }
    }
}

static void look_first(const struct mm_index *x, struct mm_slice text, struct mm_index_set *ret)
{
    if (text.n > 0)
        join(ret, &x->first[text.p[0]]);
    for (unsigned c = 0; c < 256 && text.n == 0; c++) /* a template may take nothing at all */
        join(ret, &x->first[c]);
}

void mm_index_look(const struct mm_index *x, const struct mm_wire *w, struct mm_slice body,
                   struct mm_index_set *ret)
{
    size_t header = 0;

    *ret = x->always;
    look_first(x, body, ret);
    if (w->has_syslog) {
        uint16_t sym = mm_symtab_get(&x->apps, w->syslog.app);

        if (sym != MM_SYM_NONE)
            join(ret, &x->app[sym]);
        look_first(x, w->syslog.msg, ret);
        look_first(x, w->syslog.text, ret);
        /* The message is the end of the body, or was taken out of it. */
        if (w->syslog.text.p >= body.p && w->syslog.text.p <= body.p + body.n)
            header = body.n - mm_min_size(w->syslog.msg.n, body.n);
        else if (x->has_pieces)
            look_pieces(x, w->syslog.text, ret);
    }
    if (x->has_pieces)
        look_pieces(x, mm_slice_sub(body, 0, header + x->within), ret);
}
