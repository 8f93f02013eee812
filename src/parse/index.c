/* parse/index.c - see index.h for the contract. */
#include "parse/index.h"

#include "base/limits.h"
#include "parse/columns.h"
#include "parse/format.h"

enum {
    BUCKETS = 1024, /* a hundred formats have some hundred texts */
    FILTER = 16384, /* bits: of pieces that are none of ours one in fifty passes */
};

/* A text that witnesses ask for, found by one piece of it. */
struct text {
    struct text *next;
    uint32_t bytes; /* the piece */
    uint16_t number;
    uint16_t piece_at; /* where it stands in the text */
    struct mm_slice whole;
    struct mm_index_set formats; /* whose key it is */
};

struct mm_index {
    struct mm_arena *arena;
    struct mm_symtab apps;
    struct mm_index_set app[MM_SYM_MAX]; /* by symbol of apps */
    struct mm_index_set app_first[256];  /* of names `a*`: by their first byte */
    struct mm_index_set app_last[256];   /* of names `*a`: by their last byte */
    struct mm_index_set first[256];      /* by the first byte of a text */
    struct mm_index_set nothing;         /* of an empty one */
    struct mm_index_set headed;          /* when this thread knows any header line */
    struct mm_index_set always;
    struct text *bucket[BUCKETS];
    uint64_t filter[FILTER / 64]; /* hashes of pieces */
    uint16_t texts;
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

static uint32_t hash_of(uint32_t bytes)
{
    return (bytes * UINT32_C(2654435761)) >> 18; /* the upper 14 bits: below FILTER */
}
static_assert(FILTER == 1 << 14, "hash_of keeps 14 bits");

/* How rarely a byte stands in logs: letters and blanks are common. */
static unsigned rarity(uint8_t c)
{
    if (c == ' ' || c == '"' || c == '=' || c == ':')
        return 0;
    return c >= 'a' && c <= 'z' ? 1 : c >= '0' && c <= '9' ? 1 : 3;
}

/* Where the rarest piece of a text stands. */
static size_t rarest(struct mm_slice text)
{
    unsigned best = 0;
    size_t at = 0;

    for (size_t i = 0; i + MM_INDEX_PIECE <= text.n; i++) {
        unsigned score = 1;

        for (size_t k = 0; k < MM_INDEX_PIECE; k++)
            score += rarity(text.p[i + k]);
        if (score > best) {
            best = score;
            at = i;
        }
    }
    return at;
}

/* The entry of a text, made when it is new; NULL when there is no room. */
static struct text *add_text(struct mm_index *x, struct mm_slice whole)
{
    size_t at = rarest(whole);
    uint32_t bytes, hash;
    struct text **head, *t;

    MM_ASSERT(whole.n >= MM_INDEX_PIECE && whole.n <= UINT16_MAX);
    bytes = load32(whole.p + at);
    hash = hash_of(bytes);
    head = &x->bucket[hash % BUCKETS];
    for (t = *head; t != NULL && !mm_slice_eq(t->whole, whole); t = t->next)
        continue;
    if (t != NULL)
        return t;
    t = x->texts < MM_INDEX_TEXTS ? mm_arena_alloc(x->arena, sizeof(*t)) : NULL;
    if (t == NULL)
        return NULL;
    *t = (struct text){.next = *head,
                       .bytes = bytes,
                       .number = x->texts++,
                       .piece_at = (uint16_t)at, /* below whole.n */
                       .whole = whole};
    *head = t;
    x->filter[hash / 64] |= UINT64_C(1) << (hash % 64);
    return t;
}

/* A text whose finding makes the format a candidate. */
static bool add_key(struct mm_index *x, struct mm_slice whole, uint16_t number)
{
    struct text *t = add_text(x, whole);

    if (t != NULL)
        put(&t->formats, number);
    return t != NULL;
}

static bool add_apps(struct mm_index *x, const struct mm_witness *wit, uint16_t number)
{
    for (size_t i = 0; i < wit->app_count; i++) {
        struct mm_slice app = wit->app[i];
        uint16_t sym;

        if (app.n > 1 && app.p[app.n - 1] == '*') {
            put(&x->app_first[app.p[0]], number);
            continue;
        }
        if (app.n > 1 && app.p[0] == '*') {
            put(&x->app_last[app.p[app.n - 1]], number);
            continue;
        }
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
    for (size_t i = 0; i < wit->like_count; i++) {
        if (!add_key(x, wit->like_text[i], number))
            return false;
    }
    return true;
}

/* Number a witness' texts; short ones and those there is no room for get none. */
static void number_texts(struct mm_index *x, const struct mm_slice *text, size_t count,
                         uint16_t *ret)
{
    for (size_t i = 0; i < count; i++) {
        const struct text *t = text[i].n < MM_INDEX_PIECE ? NULL : add_text(x, text[i]);

        ret[i] = t == NULL ? MM_INDEX_NO_TEXT : t->number;
    }
}

static bool add_witness(struct mm_index *x, struct mm_witness *wit, uint16_t number)
{
    struct mm_slice literal = longest(wit);
    struct mm_pattern_begin nothing;

    number_texts(x, wit->has, wit->has_count, wit->has_number);
    number_texts(x, wit->like_text, wit->like_count, wit->like_number);
    if (wit->has_count > 0)
        x->within = wit->within > x->within ? wit->within : x->within;
    if (wit->like_count > 0 || wit->need_count > 0)
        x->within = MM_MAX_LINE;
    if (wit->app_count > 0)
        return add_apps(x, wit, number);
    /* A short beginning such as `{` says less than a text that must stand behind it. */
    if (literal.n > 0)
        return add_key(x, literal, number);
    if (wit->start_count > 0)
        return add_starts(x, wit, number);
    if (wit->like_count > 0)
        return add_like(x, wit, number);
    if (wit->headed) {
        put(&x->headed, number);
        return true;
    }
    mm_patterns_begin((struct mm_slice){0}, &nothing);
    if (wit->like == NULL || mm_patterns_may_take(wit->like, &nothing))
        put(&x->nothing, number);
    for (unsigned c = 0; c < 256; c++) {
        if (wit->like == NULL || mm_patterns_may_begin(wit->like, (uint8_t)c))
            put(&x->first[c], number);
    }
    return true;
}

bool mm_index_add(struct mm_index *x, struct mm_format *f, uint16_t number)
{
    for (struct mm_witness *wit = f->witness; wit != NULL; wit = wit->next) {
        if (!add_witness(x, wit, number))
            return false;
    }
    return true;
}

/* A piece of this hash stands at `at`: which texts are there? */
static void look_bucket(const struct mm_index *x, struct mm_slice window, size_t at, uint32_t hash,
                        struct mm_look *ret)
{
    uint32_t bytes = load32(window.p + at);

    for (const struct text *t = x->bucket[hash % BUCKETS]; t != NULL; t = t->next) {
        size_t from = at - t->piece_at;

        if (t->bytes != bytes || mm_look_seen(ret, t->number) || at < t->piece_at ||
            window.n - from < t->whole.n || memcmp(window.p + from, t->whole.p, t->whole.n) != 0)
            continue;
        ret->seen[t->number / 64] |= UINT64_C(1) << (t->number % 64);
        ret->at[t->number] = (uint32_t)from; /* below MM_MAX_LINE */
        join(&ret->may, &t->formats);
    }
}

static void look_texts(const struct mm_index *x, struct mm_slice window, struct mm_look *ret)
{
    size_t i = 0;

    for (; i + MM_INDEX_PIECE <= window.n; i++) {
        uint32_t hash = hash_of(load32(window.p + i));

        ret->byte[window.p[i]] = true;

        if (MM_LIKELY((x->filter[hash / 64] >> (hash % 64) & 1) == 0))
            continue;
        look_bucket(x, window, i, hash, ret);
    }
    for (; i < window.n; i++)
        ret->byte[window.p[i]] = true;
}

static void look_first(const struct mm_index *x, struct mm_slice text, struct mm_index_set *ret)
{
    join(ret, text.n > 0 ? &x->first[text.p[0]] : &x->nothing);
}

static void look_app(const struct mm_index *x, struct mm_slice app, struct mm_index_set *ret)
{
    uint16_t sym = mm_symtab_get(&x->apps, app);

    if (sym != MM_SYM_NONE)
        join(ret, &x->app[sym]);
    if (app.n == 0)
        return;
    join(ret, &x->app_first[app.p[0]]);
    join(ret, &x->app_last[app.p[app.n - 1]]);
}

void mm_index_look(const struct mm_index *x, const struct mm_wire *w, struct mm_slice body,
                   struct mm_look *ret)
{
    size_t header = 0;

    ret->may = x->always;
    if (w->columns != NULL && mm_columns_any(w->columns))
        join(&ret->may, &x->headed);
    ret->body = body;
    memset(ret->seen, 0, sizeof(ret->seen));
    memset(ret->byte, 0, sizeof(ret->byte));
    look_first(x, body, &ret->may);
    if (w->has_syslog) {
        look_app(x, w->syslog.app, &ret->may);
        look_first(x, w->syslog.msg, &ret->may);
        look_first(x, w->syslog.text, &ret->may);
        /* The message is the end of the body, or was taken out of it. */
        if (w->syslog.text.p >= body.p && w->syslog.text.p <= body.p + body.n) {
            header = body.n - mm_min_size(w->syslog.msg.n, body.n);
        } else {
            look_texts(x, w->syslog.text, ret);
            /* What was found there stands nowhere in the body. */
            memset(ret->seen, 0, sizeof(ret->seen));
        }
    }
    look_texts(x, mm_slice_sub(body, 0, header + x->within), ret);
}
