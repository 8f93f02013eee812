/* codec/cluster.c - see cluster.h for the contract. */
#include "codec/cluster.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "codec/pattern.h"
#include "codec/pattern_scan.h"

enum {
    NOTHING = UINT16_MAX, /* no entry */
    LITERAL = MM_SCAN_COUNT,
    MARK = 0x1f,     /* around a capture in a key; never in a literal, which is printable */
    NAME_MAX_N = 16, /* bytes of a type's name */
    HEX_MIN = 6,     /* shorter runs are words such as "dead" or "a1" */
    CAPTURE_MAX = 8, /* bytes of a type's name that a piece is reckoned with */
    /* Room for `{:rest}`, and for it one capture less than a template may have. */
    TEXT_ROOM = MM_CLUSTER_TEXT - 16,
    CAPTURES_ROOM = MM_PATTERN_MAX_CAPTURES - 1,
};

/* ---- bytes ---- */

/* ALNUM: of a word. GAP ends a word wherever it stands. SOFT ends one when an address or a number
 * follows: if:192.0.2.1/443, user@192.0.2.1. STOP: perhaps the end of a sentence. BEGIN: captures
 * may begin there without being ALNUM. */
enum { ALNUM = 1, GAP = 2, SOFT = 4, STOP = 8, BEGIN = 16 };

static const uint8_t classes[256] = {
    ['0' ... '9'] = ALNUM,
    ['a' ... 'z'] = ALNUM,
    ['A' ... 'Z'] = ALNUM,
    ['_'] = ALNUM,
    [0x80 ... 0xFF] = ALNUM,
    [' '] = GAP,
    ['\t'] = GAP,
    [','] = GAP,
    [';'] = GAP,
    ['='] = GAP,
    ['('] = GAP,
    [')'] = GAP,
    ['['] = GAP | BEGIN,
    [']'] = GAP,
    ['<'] = GAP,
    ['>'] = GAP,
    ['"'] = GAP | BEGIN,
    ['\''] = GAP,
    ['|'] = GAP,
    ['{'] = GAP,
    ['}'] = GAP,
    [':'] = SOFT | STOP | BEGIN,
    ['/'] = SOFT,
    ['@'] = SOFT,
    ['#'] = SOFT,
    ['.'] = STOP,
    ['!'] = STOP,
    ['?'] = STOP,
};

static bool is(uint8_t c, uint8_t class)
{
    return (classes[c] & class) != 0;
}

/* ---- pieces ---- */

/* A text on its way into pieces. */
struct cut {
    struct mm_slice in;
    size_t at;
    bool key; /* captures stand there marked */
    struct mm_shape *to;
    size_t captures; /* what mm_patterns_add counts */
    size_t text;     /* bytes of the template so far */
    /* The last answer of capture_at: what ends a gap or a word is asked for again as a piece. */
    size_t asked, asked_end;
    enum mm_scan asked_scan;
};

/* A capture of a key at `at`: its end, or 0. By name, so that records outlive new types. */
static size_t capture_text(struct mm_slice in, size_t at, enum mm_scan *ret)
{
    size_t end;

    if (at >= in.n || in.p[at] != MARK)
        return 0;
    end = mm_slice_find(mm_slice_sub(in, 0, at + 2 + NAME_MAX_N), MARK, at + 1);
    if (end == SIZE_MAX)
        return 0;
    *ret = mm_scan_find(mm_slice_sub(in, at + 1, end - at - 1));
    return *ret == MM_SCAN_COUNT ? 0 : end + 1;
}

static bool looks_hex(struct mm_slice s)
{
    bool digit = false, letter = false;

    for (size_t i = 0; i < s.n; i++) {
        digit = digit || (s.p[i] >= '0' && s.p[i] <= '9');
        letter = letter || s.p[i] > '9';
    }
    return s.n >= HEX_MIN && digit && letter;
}

/* What is worth masking although it stands in one line only, in the order of trying. */
#define BIT(scan) (UINT64_C(1) << (scan))
static const uint64_t masks =
    BIT(MM_WHEN_YMD) | BIT(MM_WHEN_BSD) | BIT(MM_WHEN_CLF) | BIT(MM_WHEN_CTIME) |
    BIT(MM_WHEN_DMONY) | BIT(MM_WHEN_MDY) | BIT(MM_WHEN_COMPACT) | BIT(MM_WHEN_JP) |
    BIT(MM_WHEN_DATE) | BIT(MM_WHEN_CLOCK) | BIT(MM_WHEN_JP_DATE) | BIT(MM_SCAN_MAC) |
    BIT(MM_SCAN_IP_COLON_PORT) | BIT(MM_SCAN_IP_HASH_PORT) | BIT(MM_SCAN_IP) | BIT(MM_SCAN_INT) |
    BIT(MM_SCAN_NUM) | BIT(MM_SCAN_HEX) | BIT(MM_SCAN_QUOTED);

/* End of what is masked at `at`, or 0. */
static size_t masked(struct mm_slice in, size_t at, enum mm_scan *ret)
{
    if (at >= in.n || !is(in.p[at], ALNUM | BEGIN))
        return 0;
    for (uint64_t may = mm_scan_may(in, at) & masks; may != 0; may &= may - 1) {
        enum mm_scan scan = (enum mm_scan)__builtin_ctzll(may); /* below MM_SCAN_COUNT */
        struct mm_when when = {0};
        struct mm_scanned got;

        if (!mm_scan_take(scan, (struct mm_slice){0}, in, at, &when, &got))
            continue;
        if (got.end < in.n && is(in.p[got.end], ALNUM) && is(in.p[got.end - 1], ALNUM))
            continue;
        if (scan == MM_SCAN_INT && got.end + 1 < in.n && in.p[got.end] == '.' &&
            in.p[got.end + 1] >= '0' && in.p[got.end + 1] <= '9')
            continue; /* a fraction or a version follows */
        if (scan == MM_SCAN_HEX && !looks_hex(got.text))
            continue;
        /* A quoted word keeps its text until lines differ in it; a sentence is masked. */
        if (scan == MM_SCAN_QUOTED && mm_slice_find(got.text, ' ', 0) == SIZE_MAX)
            continue;
        *ret = scan;
        return got.end;
    }
    return 0;
}

/* The full stop of a sentence, not a dot in a name. */
static bool stops(const struct cut *c, size_t at)
{
    return is(c->in.p[at], STOP) &&
           (at + 1 == c->in.n || is(c->in.p[at + 1], GAP) || (c->key && c->in.p[at + 1] == MARK));
}

static size_t capture_at(struct cut *c, size_t at, enum mm_scan *ret)
{
    if (c->asked != at) {
        c->asked = at;
        c->asked_end =
            c->key ? capture_text(c->in, at, &c->asked_scan) : masked(c->in, at, &c->asked_scan);
    }
    if (c->asked_end != 0)
        *ret = c->asked_scan;
    return c->asked_end;
}

static void add_capture(struct cut *c, enum mm_scan scan, size_t n)
{
    c->to->piece[c->to->count++] = (struct mm_shape_piece){
        .from = (uint16_t)c->at, .size = (uint16_t)n, .scan = (uint8_t)scan}; /* of a short text */
    c->captures += mm_scan_pair(scan) ? 2 : 1;
    c->text += CAPTURE_MAX + 4;
}

static void add_literal(struct cut *c, struct mm_slice text, bool gap)
{
    struct mm_shape *s = c->to;

    MM_ASSERT(text.n > 0 && text.n <= sizeof(s->text) - s->text_n);
    memcpy(s->text + s->text_n, text.p, text.n);
    s->piece[s->count++] = (struct mm_shape_piece){.at = (uint16_t)s->text_n,
                                                   .n = (uint16_t)text.n, /* <= MM_CLUSTER_TEXT */
                                                   .from = (uint16_t)c->at,
                                                   .size = (uint16_t)text.n,
                                                   .scan = LITERAL,
                                                   .gap = gap};
    s->text_n += text.n;
    for (size_t i = 0; i < text.n; i++)
        c->text += text.p[i] == '{' ? 2 : 1;
}

/* Does the piece at c->at go on with its byte at `at`, as a gap or as a word? */
static bool goes_on(struct cut *c, size_t at, bool gap)
{
    uint8_t b = c->in.p[at];
    enum mm_scan scan = MM_SCAN_REST;

    if (is(b, GAP) || stops(c, at) || (is(b, SOFT) && capture_at(c, at + 1, &scan) != 0))
        return gap;
    return !gap && (!c->key || b != MARK);
}

/* Blanks and punctuation at c->at, where no capture stands; ends there when it is a word. */
static size_t gap_end(struct cut *c)
{
    size_t at = c->at;
    enum mm_scan scan = MM_SCAN_REST;

    while (at < c->in.n && goes_on(c, at, true) && (at == c->at || capture_at(c, at, &scan) == 0))
        at++;
    return at;
}

static size_t word_end(struct cut *c)
{
    size_t at = c->at;

    while (at < c->in.n && goes_on(c, at, false))
        at++;
    return at;
}

static bool printable(struct mm_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    }
    return mm_utf8_valid(s);
}

/* The next piece; false when there is no room for it and what follows. */
static bool cut_one(struct cut *c)
{
    enum mm_scan scan = MM_SCAN_REST;
    size_t end = capture_at(c, c->at, &scan);
    bool gap = false;
    struct mm_slice text;

    if (c->to->count + 1 >= MM_CLUSTER_PIECES || c->captures + 2 > CAPTURES_ROOM)
        return false;
    if (end == 0) {
        end = gap_end(c);
        gap = end > c->at;
        end = gap ? end : word_end(c);
    }
    MM_ASSERT(end > c->at);
    text = mm_slice_sub(c->in, c->at, end - c->at);
    if (scan == MM_SCAN_REST && !gap && !c->key && !printable(text))
        scan = MM_SCAN_WORD;
    if (c->text + 2 * text.n + CAPTURE_MAX + 4 > TEXT_ROOM)
        return false;
    if (scan != MM_SCAN_REST)
        add_capture(c, scan, text.n);
    else
        add_literal(c, text, gap);
    c->at = end;
    return true;
}

/* Words that a cut at the end may have fallen into are not kept. */
static void drop_last_word(struct mm_shape *s)
{
    const struct mm_shape_piece *last = s->count > 0 ? &s->piece[s->count - 1] : NULL;

    if (last == NULL || last->gap)
        return;
    if (last->scan == LITERAL)
        s->text_n = last->at;
    s->count--;
}

void mm_shape_of(struct mm_slice line, struct mm_shape *ret)
{
    struct cut c = {.to = ret, .asked = SIZE_MAX};

    line = mm_slice_trim(line);
    c.in = mm_slice_sub(line, 0, MM_CLUSTER_LINE);
    ret->count = ret->text_n = 0;
    while (c.at < c.in.n && cut_one(&c))
        continue;
    if (c.at == c.in.n && line.n == c.in.n)
        return;
    if (c.at == c.in.n)
        drop_last_word(ret);
    ret->piece[ret->count++] = (struct mm_shape_piece){
        .from = (uint16_t)c.at, .size = (uint16_t)(c.in.n - c.at), .scan = MM_SCAN_REST};
}

bool mm_shape_read(struct mm_slice key, struct mm_shape *ret)
{
    struct cut c = {.in = key, .key = true, .to = ret, .asked = SIZE_MAX};

    ret->count = ret->text_n = 0;
    if (key.n > MM_CLUSTER_TEXT)
        return false;
    while (c.at < c.in.n) {
        enum mm_scan scan;

        if (capture_at(&c, c.at, &scan) == key.n && scan == MM_SCAN_REST) {
            ret->piece[ret->count++] = (struct mm_shape_piece){.scan = MM_SCAN_REST};
            return true;
        }
        if (key.p[c.at] == MARK && capture_at(&c, c.at, &scan) == 0)
            return false;
        if (!cut_one(&c))
            return false;
    }
    return true;
}

void mm_shape_key(const struct mm_shape *s, struct mm_buf *ret)
{
    mm_buf_reset(ret);
    for (size_t i = 0; i < s->count; i++) {
        const struct mm_shape_piece *p = &s->piece[i];

        if (p->scan == LITERAL) {
            mm_buf_add(ret, mm_slice_of(s->text + p->at, p->n));
        } else {
            mm_buf_byte(ret, MARK);
            mm_buf_add(ret, mm_scan_name((enum mm_scan)p->scan));
            mm_buf_byte(ret, MARK);
        }
    }
}

void mm_shape_template(const struct mm_shape *s, struct mm_buf *ret)
{
    mm_buf_reset(ret);
    for (size_t i = 0; i < s->count; i++) {
        const struct mm_shape_piece *p = &s->piece[i];

        if (p->scan != LITERAL) {
            mm_buf_str(ret, "{:");
            mm_buf_add(ret, mm_scan_name((enum mm_scan)p->scan));
            mm_buf_byte(ret, '}');
        }
        for (size_t k = 0; k < p->n; k++) {
            if (s->text[p->at + k] == '{')
                mm_buf_byte(ret, '{');
            mm_buf_byte(ret, s->text[p->at + k]);
        }
    }
}

/* ---- sets ---- */

static struct mm_slice literal(const struct mm_shape *s, size_t at)
{
    return mm_slice_of(s->text + s->piece[at].at, s->piece[at].n);
}

/* The first word, when it says what kind of line this is: no digits, no capture. */
static struct mm_slice leading(const struct mm_shape *s)
{
    struct mm_slice word;

    if (s->count == 0 || s->piece[0].scan != LITERAL || s->piece[0].gap)
        return (struct mm_slice){0};
    word = literal(s, 0);
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] >= '0' && word.p[i] <= '9')
            return (struct mm_slice){0};
    }
    return word;
}

static uint32_t bucket_key(uint32_t owner, struct mm_slice app, const struct mm_shape *s)
{
    uint32_t crc = mm_crc32c((uint32_t)s->count, mm_slice_of(&owner, sizeof(owner)));

    return mm_crc32c(mm_crc32c(crc, app), leading(s));
}

/* Are at least half of the words of a and b the same? Drain's own threshold is 0.4, of words
 * without a first one in common. False also when their gaps differ, so that they can't be one
 * template. Says how many words are the same. */
static bool alike(const struct mm_shape *a, const struct mm_shape *b, size_t *ret_same)
{
    size_t same = 0, words = 0;

    for (size_t i = 0; i < a->count; i++) {
        const struct mm_shape_piece *p = &a->piece[i], *q = &b->piece[i];
        bool equal =
            p->scan == q->scan && (p->scan != LITERAL || mm_slice_eq(literal(a, i), literal(b, i)));

        if (p->gap != q->gap || (p->gap && !equal) ||
            (p->scan != q->scan && (p->scan == MM_SCAN_REST || q->scan == MM_SCAN_REST)))
            return false;
        words += p->gap ? 0 : 1;
        same += !p->gap && equal ? 1 : 0;
    }
    *ret_same = same;
    return same * 2 >= words && (same > 0 || words == 0);
}

/* Make a the template of both; true when that changed it. */
static bool join(struct mm_shape *a, const struct mm_shape *b)
{
    bool changed = false;

    for (size_t i = 0; i < a->count; i++) {
        struct mm_shape_piece *p = &a->piece[i];
        const struct mm_shape_piece *q = &b->piece[i];

        if (p->scan == MM_SCAN_WORD ||
            (p->scan == q->scan &&
             (p->scan != LITERAL || mm_slice_eq(literal(a, i), literal(b, i)))))
            continue;
        *p = (struct mm_shape_piece){.scan = MM_SCAN_WORD};
        changed = true;
    }
    return changed;
}

/* A word more as capture must not take more captures than a template may have. */
static bool may_join(const struct mm_shape *a, const struct mm_shape *b)
{
    size_t captures = 0;

    for (size_t i = 0; i < a->count; i++) {
        const struct mm_shape_piece *p = &a->piece[i], *q = &b->piece[i];
        bool literal_both =
            p->scan == LITERAL && q->scan == LITERAL && mm_slice_eq(literal(a, i), literal(b, i));

        captures += literal_both ? 0 : mm_scan_pair((enum mm_scan)p->scan) ? 2 : 1;
    }
    return captures <= MM_PATTERN_MAX_CAPTURES;
}

enum mm_code mm_cluster_init(struct mm_cluster *set, size_t max)
{
    MM_ASSERT(max > 0 && max <= MM_CLUSTER_SET);
    *set = (struct mm_cluster){.entry = calloc(max, sizeof(*set->entry)), .max = max};
    mm_cluster_reset(set);
    return set->entry == NULL ? MM_E_NOMEM : MM_OK;
}

void mm_cluster_done(struct mm_cluster *set)
{
    free(set->entry);
    *set = (struct mm_cluster){0};
}

void mm_cluster_reset(struct mm_cluster *set)
{
    set->count = 0;
    memset(set->head, 0xFF, sizeof(set->head));
}
static_assert(NOTHING == 0xFFFF, "an emptied bucket holds nothing");

static size_t add_entry(struct mm_cluster *set, uint32_t key, uint32_t owner, struct mm_slice app,
                        const struct mm_shape *shape)
{
    uint16_t *head = &set->head[key % MM_COUNT(set->head)];
    struct mm_cluster_entry *e;

    if (set->count == set->max)
        return SIZE_MAX;
    e = &set->entry[set->count];
    e->owner = owner;
    e->app_n = (uint8_t)app.n; /* <= MM_CLUSTER_APP */
    if (app.n > 0)
        memcpy(e->app, app.p, app.n);
    e->shape = *shape;
    e->key = key;
    e->next = *head;
    e->changed = true;
    *head = (uint16_t)set->count; /* below MM_CLUSTER_SET */
    return set->count++;
}

size_t mm_cluster_load(struct mm_cluster *set, uint32_t owner, struct mm_slice app,
                       const struct mm_shape *shape)
{
    size_t at;

    app = mm_slice_sub(app, 0, MM_CLUSTER_APP);
    at = add_entry(set, bucket_key(owner, app, shape), owner, app, shape);
    if (at != SIZE_MAX)
        set->entry[at].changed = false;
    return at;
}

size_t mm_cluster_put(struct mm_cluster *set, uint32_t owner, struct mm_slice app,
                      const struct mm_shape *shape)
{
    struct mm_cluster_entry *best = NULL;
    size_t best_same = 0;
    uint32_t key;

    app = mm_slice_sub(app, 0, MM_CLUSTER_APP);
    key = bucket_key(owner, app, shape);
    for (uint16_t i = set->head[key % MM_COUNT(set->head)]; i != NOTHING; i = set->entry[i].next) {
        struct mm_cluster_entry *e = &set->entry[i];
        size_t same;

        if (e->key != key || e->owner != owner || e->shape.count != shape->count ||
            !mm_slice_eq(mm_slice_of(e->app, e->app_n), app))
            continue;
        /* Of two that are as like, the older one. */
        if (alike(&e->shape, shape, &same) && same >= best_same && may_join(&e->shape, shape)) {
            best = e;
            best_same = same;
        }
    }
    if (best == NULL)
        return add_entry(set, key, owner, app, shape);
    best->changed = join(&best->shape, shape) || best->changed;
    return (size_t)(best - set->entry);
}
