/* store/events/sieve.c - see sieve.h for the contract. */
#include "store/events/sieve.h"

#include <stdlib.h>

#include "store/events/native.h"

enum {
    WORDS_MIN = 8, /* of a filter: smaller ones save nothing */
    PROBES = 16,   /* places that a company may have */
    /* Lines of a company in a row before marks are worth gathering: that costs some 8 us. */
    RUN_MIN = 64,
    STRIDE_FOURS = 1,
    STRIDE_EIGHTS = 2,
    /* Rows that wait because nobody writes them: 2,000 rows are 80 MiB. Later ones are dropped. */
    WAITING_MAX = 2000,
};

static_assert((MM_SIEVE_COMPANIES_MAX & (MM_SIEVE_COMPANIES_MAX - 1)) == 0, "a mask is used");
static_assert((int)STRIDE_FOURS <= (int)MM_SIEVE_ALIGNMENTS_MAX &&
                  (int)STRIDE_EIGHTS <= (int)MM_SIEVE_ALIGNMENTS_MAX,
              "room for every alignment");

/* Bit k is bit k & 63 of word k >> 6; as bytes, in the machine's order, bit k & 7 of byte k >> 3.
 */
struct bits {
    uint64_t fours[MM_SIEVE_FOURS_BITS / 64];
    uint64_t eights[MM_SIEVE_EIGHTS_BITS / 64];
};

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words of bits are written as bytes");

struct filter {
    struct bits *bits; /* NULL: the place was never used */
    uint32_t company;
    uint16_t keep_days;
    uint64_t from, to; /* numbers it speaks for */
    int64_t received_us;
    size_t text_bytes; /* 0: no lines since it was closed */
};

struct mm_sieve {
    uint16_t queue;
    struct mm_native *rows;
    struct filter *last; /* whose lines are coming, … */
    size_t run;          /* … so many one after the other */
    bool marked;         /* there are marks, of its lines */
    struct filter filter[MM_SIEVE_COMPANIES_MAX];
    /* A byte for each bit of `fours`: setting one costs half of what a bit costs. */
    uint8_t mark[MM_SIEVE_FOURS_BITS];
};

enum mm_code mm_sieve_new(uint16_t queue, struct mm_sieve **ret)
{
    struct mm_sieve *s = calloc(1, sizeof(*s));

    MM_ASSERT(ret != NULL);
    if (s == NULL || mm_native_new(MM_ET_SIEVES, &s->rows) != MM_OK) {
        free(s);
        return MM_E_NOMEM;
    }
    s->queue = queue;
    *ret = s;
    return MM_OK;
}

void mm_sieve_free(struct mm_sieve **s)
{
    MM_ASSERT(s != NULL);
    if (*s == NULL)
        return;
    for (size_t i = 0; i < MM_SIEVE_COMPANIES_MAX; i++)
        free((*s)->filter[i].bits);
    mm_native_free(&(*s)->rows);
    free(*s);
    *s = NULL;
}

/* ---- pieces ---- */

/* Eight bytes with both cases alike, the first in the lowest byte. */
static inline uint64_t piece(const uint8_t *p, size_t n)
{
    uint64_t v = 0;

    memcpy(&v, p, n);
    return v | UINT64_C(0x2020202020202020);
}

static inline uint32_t hash_four(uint64_t v)
{
    return ((uint32_t)v * UINT32_C(0x9e3779b1)) >> 16; /* the lower four bytes are meant */
}

static inline uint32_t hash_eight(uint64_t v)
{
    return (uint32_t)((v * UINT64_C(0x9e3779b97f4a7c15)) >> 46); /* 18 bits are left */
}

static_assert(MM_SIEVE_FOURS_BITS == 1 << (32 - 16) && MM_SIEVE_EIGHTS_BITS == 1 << (64 - 46),
              "hashes are as long as filters");

static inline void set(uint64_t *bits, uint32_t hash)
{
    bits[hash >> 6] |= UINT64_C(1) << (hash & 63);
}

/* put_pieces with marks for the fours. Four offsets a round: four fours, two eights. */
static void mark_pieces(uint8_t *mark, struct bits *b, struct mm_slice t)
{
    size_t i = 0;

    for (; i + 10 <= t.n; i += 4) {
        uint64_t v = piece(t.p + i, 8), w = piece(t.p + i + 2, 8);

        mark[hash_four(v)] = 1;
        mark[hash_four(v >> 8)] = 1;
        mark[hash_four(v >> 16)] = 1;
        mark[hash_four(v >> 24)] = 1;
        set(b->eights, hash_eight(v));
        set(b->eights, hash_eight(w));
    }
    for (size_t k = i; k + 8 <= t.n; k += STRIDE_EIGHTS)
        set(b->eights, hash_eight(piece(t.p + k, 8)));
    for (; i + 4 <= t.n; i += STRIDE_FOURS)
        mark[hash_four(piece(t.p + i, 4))] = 1;
}

/* Marks become bits of the filter whose lines they are. */
static void gather_marks(struct mm_sieve *s)
{
    uint64_t *fours = s->last->bits->fours;

    for (size_t i = 0; i < MM_SIEVE_FOURS_BITS; i += 8) {
        uint64_t eight;

        memcpy(&eight, s->mark + i, sizeof(eight));
        /* Byte k is 0 or 1: the product has it at bit 56 + k. */
        fours[i / 64] |= (eight * UINT64_C(0x0102040810204080) >> 56) << i % 64;
    }
    memset(s->mark, 0, sizeof(s->mark));
    s->marked = false;
}

static void put_pieces(struct bits *b, struct mm_slice t)
{
    size_t i = 0;

    for (; i + 10 <= t.n; i += 4) {
        uint64_t v = piece(t.p + i, 8), w = piece(t.p + i + 2, 8);

        set(b->fours, hash_four(v));
        set(b->fours, hash_four(v >> 8));
        set(b->fours, hash_four(v >> 16));
        set(b->fours, hash_four(v >> 24));
        set(b->eights, hash_eight(v));
        set(b->eights, hash_eight(w));
    }
    for (size_t k = i; k + 8 <= t.n; k += STRIDE_EIGHTS)
        set(b->eights, hash_eight(piece(t.p + k, 8)));
    for (; i + 4 <= t.n; i += STRIDE_FOURS)
        set(b->fours, hash_four(piece(t.p + i, 4)));
}

/* ---- rows ---- */

/* Halve a filter while not a quarter of its bits would be set: OR the upper half onto the lower. */
static struct mm_slice folded(uint64_t *bits, size_t n)
{
    size_t ones = 0;

    for (size_t i = 0; i < n; i++)
        ones += (size_t)__builtin_popcountll(bits[i]);
    for (; n > WORDS_MIN && ones <= n * sizeof(*bits); n /= 2) {
        for (size_t i = 0; i < n / 2; i++)
            bits[i] |= bits[n / 2 + i];
    }
    return mm_slice_of((const uint8_t *)bits, n * sizeof(*bits));
}

/* The filter's lines become a row; it goes on with the next number. */
static void close_filter(struct mm_sieve *s, struct filter *f)
{
    struct mm_sieve_row row = {.company = f->company,
                               .queue = s->queue,
                               .from = f->from,
                               .to = f->to,
                               .received_us = f->received_us,
                               .keep_days = f->keep_days};

    if (s->marked && f == s->last)
        gather_marks(s);
    if (f->text_bytes > 0 && mm_native_rows(s->rows) < WAITING_MAX) {
        row.fours = folded(f->bits->fours, MM_COUNT(f->bits->fours));
        row.eights = folded(f->bits->eights, MM_COUNT(f->bits->eights));
        /* Not taken for want of memory: the builder is empty then, and these events are read. */
        if (mm_native_sieve(s->rows, &row) != MM_OK)
            mm_native_reset(s->rows);
    }
    memset(f->bits, 0, sizeof(*f->bits));
    f->text_bytes = 0;
    f->keep_days = 0;
    f->from = f->to;
}

/* The place of a company: its own, a free one, or that of one that has fallen silent; or NULL. */
static struct filter *place_of(struct mm_sieve *s, const struct mm_sieve_line *l)
{
    uint32_t at = l->company * UINT32_C(0x9e3779b1) >> 16;
    struct filter *free_one = NULL;

    for (unsigned i = 0; i < PROBES; i++) {
        struct filter *f = &s->filter[(at + i) % MM_SIEVE_COMPANIES_MAX];
        bool idle = f->bits == NULL || f->to + MM_SIEVE_IDLE_NUMBERS < l->seq;

        if (f->bits != NULL && f->company == l->company)
            return f;
        if (free_one == NULL && idle)
            free_one = f;
    }
    if (free_one == NULL)
        return NULL;
    if (free_one->bits != NULL)
        close_filter(s, free_one);
    else
        free_one->bits = calloc(1, sizeof(*free_one->bits));
    free_one->company = l->company;
    free_one->from = free_one->to = l->seq;
    return free_one->bits == NULL ? NULL : free_one;
}

void mm_sieve_add(struct mm_sieve *s, const struct mm_sieve_line *line)
{
    struct filter *f = s->last;

    MM_ASSERT(line->seq < UINT64_MAX);
    if (f == NULL || f->company != line->company) {
        if (s->marked)
            gather_marks(s);
        f = place_of(s, line);
        s->last = f;
        s->run = 0;
    }
    if (f == NULL)
        return;
    if (line->seq < f->to) { /* read once more: what follows speaks for itself */
        close_filter(s, f);
        f->from = line->seq;
    }
    if (s->run++ < RUN_MIN) {
        put_pieces(f->bits, line->text);
    } else {
        mark_pieces(s->mark, f->bits, line->text);
        s->marked = true;
    }
    f->to = line->seq + 1;
    f->received_us = line->received_us;
    f->keep_days = line->keep_days > f->keep_days ? line->keep_days : f->keep_days;
    f->text_bytes += line->text.n + 1; /* empty lines count as well */
    if (f->text_bytes >= MM_SIEVE_TEXT_BYTES)
        close_filter(s, f);
}

void mm_sieve_flush(struct mm_sieve *s)
{
    for (size_t i = 0; i < MM_SIEVE_COMPANIES_MAX; i++) {
        if (s->filter[i].bits != NULL)
            close_filter(s, &s->filter[i]);
    }
}

size_t mm_sieve_rows(const struct mm_sieve *s)
{
    return mm_native_rows(s->rows);
}

enum mm_code mm_sieve_write(struct mm_sieve *s, struct mm_buf *out)
{
    return mm_native_write(s->rows, out);
}

/* ---- asking ---- */

/* Bytes that stand for themselves alone even where letters of all scripts are folded: 'k' and 's'
 * also have the forms U+212A and U+017F. */
static bool plain(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t low = p[i] | 0x20;

        if (p[i] >= 0x80 || low == 'k' || low == 's')
            return false;
    }
    return true;
}

static void ask_width(struct mm_slice text, bool folds, enum mm_sieve_width w,
                      struct mm_sieve_ask *ret)
{
    static const size_t bytes[] = {4, 8}, strides[] = {STRIDE_FOURS, STRIDE_EIGHTS};

    for (size_t a = 0; a < strides[w]; a++) {
        size_t n = 0, all = text.n < a + bytes[w] ? 0 : (text.n - a - bytes[w]) / strides[w] + 1;
        /* Of a long text some pieces, from all of it. */
        size_t step = strides[w] * ((all + MM_SIEVE_PIECES_MAX - 1) / MM_SIEVE_PIECES_MAX);

        for (size_t i = a; i + bytes[w] <= text.n; i += step) {
            const uint8_t *p = text.p + i;

            MM_ASSERT(n < MM_SIEVE_PIECES_MAX);
            if (!folds || plain(p, bytes[w]))
                ret->hash[w][a][n++] =
                    w == MM_SIEVE_FOURS ? hash_four(piece(p, 4)) : hash_eight(piece(p, 8));
        }
        if (n == 0) /* at this alignment it could stand unseen */
            return;
        ret->pieces[w][a] = n;
    }
    ret->alignments[w] = strides[w];
}

bool mm_sieve_ask(struct mm_slice text, bool folds, struct mm_sieve_ask *ret)
{
    memset(ret, 0, sizeof(*ret));
    ask_width(text, folds, MM_SIEVE_FOURS, ret);
    ask_width(text, folds, MM_SIEVE_EIGHTS, ret);
    return ret->alignments[MM_SIEVE_FOURS] + ret->alignments[MM_SIEVE_EIGHTS] > 0;
}

static bool has_pieces(struct mm_slice bits, const uint32_t *hash, size_t n)
{
    bool all = true;

    for (size_t i = 0; i < n; i++)
        all = all && (bits.p[hash[i] >> 3 & (bits.n - 1)] >> (hash[i] & 7) & 1) != 0;
    return all;
}

bool mm_sieve_maybe(const struct mm_sieve_ask *ask, const struct mm_sieve_row *row)
{
    for (size_t w = 0; w < MM_SIEVE_WIDTHS; w++) {
        struct mm_slice bits = w == MM_SIEVE_FOURS ? row->fours : row->eights;
        bool any = ask->alignments[w] == 0;

        for (size_t a = 0; a < ask->alignments[w]; a++)
            any = any || has_pieces(bits, ask->hash[w][a], ask->pieces[w][a]);
        if (!any)
            return false;
    }
    return true;
}
