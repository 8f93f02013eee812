/* store/events/column.c - see column.h for the contract. */
#include "store/events/column.h"

#include <stdlib.h>

enum {
    PROBES_MAX = 16,
    SLOTS_MIN = 64,
    /* The table stops growing here; further new words are repeated in the block instead. */
    SLOTS_MAX = 1 << 20,
    INDEXES_AT_ONCE = 4096, /* narrowed on the stack, then handed out */
    LC_VERSION = 1,         /* SharedDictionariesWithAdditionalKeys */
    LC_FLAGS = 0x600,       /* HasAdditionalKeys | NeedUpdateDictionary; low byte: index width */
};

size_t mm_varint(uint64_t v, uint8_t tmp[10])
{
    size_t n = 0;

    while (v >= 0x80) {
        tmp[n++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    tmp[n++] = (uint8_t)v;
    return n;
}

/* The quick way into a buffer that has room; out of line when it must grow. */
static inline uint8_t *room(struct mm_buf *b, size_t n)
{
    if (MM_LIKELY(n <= b->cap - b->n && !b->failed))
        return b->p + b->n;
    return mm_buf_room(b, n);
}

static inline void put_string(struct mm_buf *b, struct mm_slice v)
{
    uint8_t *p = room(b, v.n + 10);
    size_t head;

    if (p == NULL)
        return;
    head = mm_varint(v.n, p);
    if (v.n > 0)
        memcpy(p + head, v.p, v.n);
    b->n += head + v.n;
}

static inline void put_u32(struct mm_buf *b, uint32_t v)
{
    uint8_t *p = room(b, sizeof(v));

    if (p == NULL)
        return;
    memcpy(p, &v, sizeof(v)); /* native order: read back by this file only */
    b->n += sizeof(v);
}

static inline uint64_t load8(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

static inline uint64_t load4(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

/* Multiply-and-fold in the manner of wyhash; the caller's seed and PROBES_MAX bound what
 * chosen collisions can do. */
static inline uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 u128;
    u128 m = (u128)a * b;

    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static uint32_t hash_of(uint64_t seed, struct mm_slice s)
{
    static const uint64_t k1 = 0xa0761d6478bd642f, k2 = 0xe7037ed1a0b428db;
    uint64_t h = seed ^ s.n, a, b;
    size_t i = 0;

    MM_ASSERT(s.n > 0);
    for (; s.n - i > 16; i += 16)
        h = mix(load8(s.p + i) ^ k1, load8(s.p + i + 8) ^ h);
    /* The last 1 to 16 bytes; reads overlap rather than branch. s.n is in h already. */
    if (s.n >= 8) {
        a = load8(s.p + (s.n - i >= 8 ? i : s.n - 8));
        b = load8(s.p + s.n - 8);
    } else if (s.n >= 4) {
        a = load4(s.p);
        b = load4(s.p + s.n - 4);
    } else {
        a = s.p[0];
        b = (uint64_t)s.p[s.n / 2] << 8 | s.p[s.n - 1];
    }
    h = mix(mix(a ^ k1, b ^ h), k2);
    return (uint32_t)(h ^ h >> 32);
}

static void words_reset(struct mm_words *w)
{
    mm_buf_reset(&w->text);
    mm_buf_reset(&w->at);
    if (w->cap > 0)
        memset(w->slot, 0, w->cap * sizeof(*w->slot));
    w->n = 1; /* the empty word */
    put_u32(&w->at, 0);
    mm_buf_byte(&w->text, 0);
}

static struct mm_slice word_at(const struct mm_words *w, uint32_t index)
{
    uint32_t at, end;

    MM_ASSERT(index < w->n);
    memcpy(&at, w->at.p + index * sizeof(at), sizeof(at));
    if (index + 1 < w->n)
        memcpy(&end, w->at.p + (index + 1) * sizeof(end), sizeof(end));
    else
        end = (uint32_t)w->text.n;
    return mm_slice_of(w->text.p + at, end - at);
}

/* Do the stored bytes (varint and text) stand for s? */
static bool same_word(const struct mm_words *w, uint32_t index, struct mm_slice s)
{
    struct mm_slice stored = word_at(w, index);
    uint8_t head[10];
    size_t n = mm_varint(s.n, head);

    return stored.n == n + s.n && stored.p[0] == head[0] &&
           memcmp(stored.p + n, s.p, s.n) == 0; /* same size: the rest of the varint is too */
}

static void words_grow(struct mm_words *w)
{
    uint32_t cap = w->cap == 0 ? SLOTS_MIN : w->cap * 2;
    struct mm_words_slot *slot;

    if (cap > SLOTS_MAX)
        return;
    slot = calloc(cap, sizeof(*slot));
    if (slot == NULL)
        return; /* the table stays as it is: more words are repeated */
    for (uint32_t i = 0; i < w->cap; i++) {
        if (w->slot[i].index == 0)
            continue;
        for (uint32_t k = 0; k < PROBES_MAX; k++) {
            struct mm_words_slot *to = &slot[(w->slot[i].hash + k) & (cap - 1)];

            if (to->index == 0) {
                *to = w->slot[i];
                break;
            }
        }
    }
    free(w->slot);
    w->slot = slot;
    w->cap = cap;
}

/* The index of word s, which is added when it is new. */
static uint32_t words_index(struct mm_words *w, struct mm_slice s)
{
    uint32_t h;

    if (s.n == 0)
        return 0;
    if (MM_UNLIKELY(w->n * 2 >= w->cap))
        words_grow(w);
    h = hash_of(w->seed, s);
    for (uint32_t k = 0; k < PROBES_MAX && w->cap > 0; k++) {
        struct mm_words_slot *slot = &w->slot[(h + k) & (w->cap - 1)];

        if (slot->index == 0) {
            *slot = (struct mm_words_slot){.hash = h, .index = w->n};
            break;
        }
        if (slot->hash == h && same_word(w, slot->index, s))
            return slot->index;
    }
    put_u32(&w->at, (uint32_t)w->text.n);
    put_string(&w->text, s);
    return w->n++;
}

void mm_column_init(struct mm_column *c, enum mm_ecol_type type, uint64_t seed)
{
    MM_ASSERT(type < MM_EC_TYPE_COUNT);
    *c = (struct mm_column){.type = type, .words = {.seed = seed}};
    mm_buf_init(&c->bytes, MM_COLUMN_BYTES_MAX);
    mm_buf_init(&c->index, MM_COLUMN_BYTES_MAX);
    mm_buf_init(&c->offset, MM_COLUMN_BYTES_MAX);
    mm_buf_init(&c->words.text, MM_COLUMN_BYTES_MAX);
    mm_buf_init(&c->words.at, MM_COLUMN_BYTES_MAX);
    words_reset(&c->words);
}

void mm_column_done(struct mm_column *c)
{
    mm_buf_done(&c->bytes);
    mm_buf_done(&c->index);
    mm_buf_done(&c->offset);
    mm_buf_done(&c->words.text);
    mm_buf_done(&c->words.at);
    free(c->words.slot);
    *c = (struct mm_column){0};
}

void mm_column_reset(struct mm_column *c)
{
    c->rows = 0;
    c->pairs = 0;
    mm_buf_reset(&c->bytes);
    mm_buf_reset(&c->index);
    mm_buf_reset(&c->offset);
    words_reset(&c->words);
}

bool mm_column_ok(const struct mm_column *c)
{
    return mm_buf_ok(&c->bytes) && mm_buf_ok(&c->index) && mm_buf_ok(&c->offset) &&
           mm_buf_ok(&c->words.text) && mm_buf_ok(&c->words.at);
}

static size_t width_of(enum mm_ecol_type type)
{
    switch (type) {
    case MM_EC_U8:
    case MM_EC_STRING: /* the empty string is one zero byte */
        return 1;
    case MM_EC_U16:
        return 2;
    case MM_EC_U32:
    case MM_EC_WORD: /* index 0 is the empty word */
        return 4;
    case MM_EC_U64:
    case MM_EC_TIME:
        return 8;
    case MM_EC_IP:
        return 16;
    case MM_EC_MAP:
    case MM_EC_TYPE_COUNT:
        break;
    }
    MM_ASSERT(!"a column of fixed width");
    return 0;
}

static void pad_map(struct mm_column *c, uint32_t row)
{
    while (c->rows < row) {
        uint64_t pairs = c->pairs;
        uint8_t *p = room(&c->offset, sizeof(pairs));

        if (p != NULL) {
            memcpy(p, &pairs, sizeof(pairs));
            c->offset.n += sizeof(pairs);
        }
        c->rows++;
    }
}

void mm_column_pad(struct mm_column *c, uint32_t row)
{
    size_t n;
    uint8_t *p;

    MM_ASSERT(row >= c->rows);
    if (row == c->rows)
        return;
    if (c->type == MM_EC_MAP) {
        pad_map(c, row);
        return;
    }
    n = (size_t)(row - c->rows) * width_of(c->type);
    p = room(&c->bytes, n);
    if (p != NULL) {
        memset(p, 0, n);
        c->bytes.n += n;
    }
    c->rows = row;
}

void mm_column_uint(struct mm_column *c, uint32_t row, uint64_t v)
{
    size_t n = width_of(c->type);
    uint8_t *p;

    MM_ASSERT(n <= 8 && c->type != MM_EC_STRING && c->type != MM_EC_WORD);
    mm_column_pad(c, row);
    p = room(&c->bytes, n);
    c->rows++;
    if (p == NULL)
        return;
    memcpy(p, &v, n); /* little-endian machines only: see native.c */
    c->bytes.n += n;
}

void mm_column_ip(struct mm_column *c, uint32_t row, const struct mm_ip *v)
{
    uint8_t *p;

    MM_ASSERT(c->type == MM_EC_IP);
    mm_column_pad(c, row);
    p = room(&c->bytes, sizeof(v->b));
    c->rows++;
    if (p == NULL)
        return;
    memcpy(p, v->b, sizeof(v->b));
    c->bytes.n += sizeof(v->b);
}

void mm_column_text(struct mm_column *c, uint32_t row, struct mm_slice v)
{
    MM_ASSERT(c->type == MM_EC_WORD || c->type == MM_EC_STRING);
    mm_column_pad(c, row);
    if (c->type == MM_EC_WORD)
        put_u32(&c->bytes, words_index(&c->words, v));
    else
        put_string(&c->bytes, v);
    c->rows++;
}

void mm_column_pair(struct mm_column *c, uint32_t row, struct mm_slice key, struct mm_slice value)
{
    MM_ASSERT(c->type == MM_EC_MAP && c->pairs < UINT32_MAX);
    mm_column_pad(c, row);
    put_u32(&c->index, words_index(&c->words, key));
    put_string(&c->bytes, value);
    c->pairs++;
}

void mm_column_pairs_end(struct mm_column *c, uint32_t row)
{
    mm_column_pad(c, row + 1);
}

static void put_u64le(mm_bytes_fn *put, void *ctx, uint64_t v)
{
    uint8_t le[8];

    for (size_t i = 0; i < sizeof(le); i++)
        le[i] = (uint8_t)(v >> (8 * i));
    put(ctx, mm_slice_of(le, sizeof(le)));
}

/* Our u32 indexes in the narrowest width that holds them all. */
static void write_indexes(struct mm_slice indexes, unsigned width_log2, mm_bytes_fn *put, void *ctx)
{
    size_t n = indexes.n / sizeof(uint32_t), width = (size_t)1 << width_log2;
    uint8_t out[INDEXES_AT_ONCE * sizeof(uint32_t)];

    for (size_t from = 0; from < n; from += INDEXES_AT_ONCE) {
        size_t count = mm_min_size(INDEXES_AT_ONCE, n - from);

        for (size_t i = 0; i < count; i++) {
            uint32_t v;

            memcpy(&v, indexes.p + (from + i) * sizeof(v), sizeof(v));
            for (size_t k = 0; k < width; k++)
                out[i * width + k] = (uint8_t)(v >> (8 * k));
        }
        put(ctx, mm_slice_of(out, count * width));
    }
}

static void write_words(const struct mm_words *w, struct mm_slice indexes, mm_bytes_fn *put,
                        void *ctx)
{
    unsigned width_log2 = w->n <= 0x100 ? 0 : w->n <= 0x10000 ? 1 : 2;

    if (indexes.n == 0)
        return; /* no rows: ClickHouse reads nothing here */
    put_u64le(put, ctx, LC_FLAGS | width_log2);
    put_u64le(put, ctx, w->n);
    put(ctx, mm_buf_slice(&w->text));
    put_u64le(put, ctx, indexes.n / sizeof(uint32_t));
    write_indexes(indexes, width_log2, put, ctx);
}

void mm_column_write(const struct mm_column *c, mm_bytes_fn *put, void *ctx)
{
    MM_ASSERT(c->rows > 0 && mm_column_ok(c));
    switch (c->type) {
    case MM_EC_WORD:
        put_u64le(put, ctx, LC_VERSION);
        write_words(&c->words, mm_buf_slice(&c->bytes), put, ctx);
        return;
    case MM_EC_MAP:
        put_u64le(put, ctx, LC_VERSION);
        put(ctx, mm_buf_slice(&c->offset)); /* little-endian machines only: see native.c */
        write_words(&c->words, mm_buf_slice(&c->index), put, ctx);
        put(ctx, mm_buf_slice(&c->bytes));
        return;
    default:
        put(ctx, mm_buf_slice(&c->bytes));
        return;
    }
}
