/* engine/headers.c - see headers.h for the contract. */
#include "engine/headers.h"

#include <stdlib.h>

#include "base/rd.h"
#include "codec/syslog.h"

enum { CHAINS = 4096 }; /* one for two sources: the table is asked about every record */

struct kept {
    uint64_t used; /* 0: free */
    uint32_t company, source;
    uint32_t next; /* in its chain: as in `chain` */
    bool changed;
    int8_t lean; /* what its line of ours says */
    size_t n;
    uint8_t *text; /* MM_HEADERS_TEXT bytes of the table's, touched when they are needed */
};

struct
try {
    uint32_t company, source;
    uint32_t waits; /* how many times it was read and not answered */
    bool is;        /* an answer has said so */
    size_t n;
    uint8_t text[MM_HEADERS_TRY];
};

/* Who had to make room, and was written once. */
struct gone {
    uint32_t company, source;
};

struct mm_headers {
    uint64_t clock;         /* 0: nothing has been kept */
    size_t kept_n;          /* those behind have never been used */
    uint32_t chain[CHAINS]; /* 1 and where in kept[]; 0: ends */
    struct kept kept[MM_HEADERS_SOURCES];
    uint8_t text[MM_HEADERS_SOURCES][MM_HEADERS_TEXT];
    struct try try[MM_HEADERS_TRIES];
    size_t tries_n;
    struct gone gone[MM_HEADERS_SOURCES]; /* as many as changed in one batch; later ones stay */
    size_t gone_n;
    uint8_t all[MM_HEADERS_TEXT + MM_HEADERS_TRIES * (MM_HEADERS_TRY + 1)];
};

struct mm_headers *mm_headers_new(void)
{
    return calloc(1, sizeof(struct mm_headers));
}

void mm_headers_free(struct mm_headers **headers)
{
    free(*headers);
    *headers = NULL;
}

bool mm_headers_is(struct mm_slice line)
{
    size_t at = mm_slice_find(mm_slice_sub(line, 0, MM_HEADERS_LOOK), '#', 0);
    struct mm_slice rest = mm_slice_sub(line, at, SIZE_MAX);

    /* The whole line is looked at only when it is one: nearly all are not. */
    return at != SIZE_MAX &&
           (mm_slice_starts(rest, MM_S("#Fields:")) || mm_slice_starts(rest, MM_S("#fields")) ||
            mm_slice_starts(rest, MM_S("#path"))) &&
           mm_slice_find(line, '\n', 0) == SIZE_MAX;
}

/* Lines of ours, by how far a source leans to one of two character sets. */
#define LEAN_MARK "#charset "
static const struct mm_slice leans[] = {
    MM_S_INIT(LEAN_MARK "-3"), MM_S_INIT(LEAN_MARK "-2"), MM_S_INIT(LEAN_MARK "-1"),
    MM_S_INIT(LEAN_MARK "0"),  MM_S_INIT(LEAN_MARK "1"),  MM_S_INIT(LEAN_MARK "2"),
    MM_S_INIT(LEAN_MARK "3"),
};
static_assert(MM_COUNT(leans) == 2 * MM_CHARSET_LEAN + 1, "one each");

/* Leave out the oldest line. */
static void drop_first(struct kept *k)
{
    size_t end = mm_slice_find(mm_slice_of(k->text, k->n), '\n', 0);

    MM_ASSERT(end != SIZE_MAX);
    if (mm_slice_starts(mm_slice_of(k->text, end), MM_S(LEAN_MARK)))
        k->lean = 0;
    k->n -= end + 1;
    memmove(k->text, k->text + end + 1, k->n);
}

/* Do they say the same? The header that a relay put in front has another time each time; of what
 * was seen the newest counts. */
static bool same_line(struct mm_slice a, struct mm_slice b)
{
    struct mm_syslog x, y;
    struct mm_charset_seen seen;

    if (mm_slice_eq(a, b) || (mm_headers_seen_of(a, &seen) && mm_headers_seen_of(b, &seen)))
        return true;
    return mm_syslog_parse(a, &x, NULL) == MM_OK && mm_syslog_parse(b, &y, NULL) == MM_OK &&
           mm_slice_eq(x.text, y.text) && mm_slice_eq(x.msg, y.msg) && mm_slice_eq(x.app, y.app) &&
           mm_slice_eq(x.host, y.host);
}

/* Where the same line stands already, or SIZE_MAX; *ret_n is how long it is there. */
static size_t find_line(const struct kept *k, struct mm_slice line, size_t *ret_n)
{
    for (size_t at = 0; at < k->n;) {
        size_t end = mm_slice_find(mm_slice_of(k->text, k->n), '\n', at);

        MM_ASSERT(end != SIZE_MAX);
        *ret_n = end - at;
        if (same_line(mm_slice_of(k->text + at, *ret_n), line))
            return at;
        at = end + 1;
    }
    return SIZE_MAX;
}

static size_t chain_of(uint32_t company, uint32_t source)
{
    return ((source * UINT32_C(2654435761)) ^ (company * UINT32_C(2246822519))) >> 20;
}
static_assert(CHAINS == 1 << 12, "chain_of keeps 12 bits");

static const struct kept *find(const struct mm_headers *h, uint32_t company, uint32_t source)
{
    uint32_t at = h->chain[chain_of(company, source)];

    while (at != 0 && (h->kept[at - 1].company != company || h->kept[at - 1].source != source))
        at = h->kept[at - 1].next;
    return at == 0 ? NULL : &h->kept[at - 1];
}

/* A place that nobody uses: a new one, else that of the source that was silent for longest. */
static struct kept *make_room(struct mm_headers *h)
{
    struct kept *oldest = &h->kept[0];
    uint32_t *link;

    if (h->kept_n < MM_HEADERS_SOURCES) {
        h->kept[h->kept_n].text = h->text[h->kept_n];
        return &h->kept[h->kept_n++];
    }
    for (size_t i = 1; i < MM_HEADERS_SOURCES; i++) {
        if (h->kept[i].used < oldest->used)
            oldest = &h->kept[i];
    }
    if (h->gone_n < MM_COUNT(h->gone))
        h->gone[h->gone_n++] = (struct gone){oldest->company, oldest->source};
    link = &h->chain[chain_of(oldest->company, oldest->source)];
    while (&h->kept[*link - 1] != oldest)
        link = &h->kept[*link - 1].next;
    *link = oldest->next;
    return oldest;
}

/* The source's place, with nothing in it when it is new. */
static struct kept *place(struct mm_headers *h, uint32_t company, uint32_t source)
{
    const struct kept *known = find(h, company, source);
    struct kept *k;
    uint32_t *link;

    if (known != NULL)
        return &h->kept[known - h->kept];
    k = make_room(h);
    link = &h->chain[chain_of(company, source)];
    *k = (struct kept){.company = company, .source = source, .next = *link, .text = k->text};
    *link = (uint32_t)(k - h->kept) + 1; /* at most MM_HEADERS_SOURCES */
    return k;
}

void mm_headers_note(struct mm_headers *h, uint32_t company, uint32_t source, struct mm_slice line)
{
    struct mm_charset_seen seen;
    struct kept *k;
    size_t at, n = 0;

    if (line.n == 0 || line.n >= MM_HEADERS_TEXT)
        return;
    k = place(h, company, source);
    k->used = ++h->clock;
    k->changed = true;
    /* A log that begins again says what it said before: the line becomes the newest. "#path" stands
     * in front of its "#fields", so both move, one after the other. */
    at = find_line(k, line, &n);
    if (at != SIZE_MAX) {
        memmove(k->text + at, k->text + at + n + 1, k->n - at - n - 1);
        k->n -= n + 1;
    }
    while (k->n + line.n + 1 > MM_HEADERS_TEXT)
        drop_first(k);
    memcpy(k->text + k->n, line.p, line.n);
    k->text[k->n + line.n] = '\n';
    k->n += line.n + 1;
    if (mm_headers_seen_of(line, &seen))
        k->lean = seen.lean;
}

bool mm_headers_seen_of(struct mm_slice line, struct mm_charset_seen *ret)
{
    for (int i = 0; i < (int)MM_COUNT(leans) && mm_slice_starts(line, MM_S(LEAN_MARK)); i++) {
        if (mm_slice_eq(line, leans[i])) {
            ret->lean = (int8_t)(i - MM_CHARSET_LEAN); /* the same way back */
            return true;
        }
    }
    return false;
}

struct mm_charset_seen mm_headers_seen(const struct mm_headers *h, uint32_t company,
                                       uint32_t source)
{
    const struct kept *k = find(h, company, source);

    return (struct mm_charset_seen){.lean = k == NULL ? 0 : k->lean};
}

struct mm_slice mm_headers_lean(struct mm_headers *h, uint32_t company, uint32_t source,
                                struct mm_charset_seen seen)
{
    MM_ASSERT(seen.lean >= -MM_CHARSET_LEAN && seen.lean <= MM_CHARSET_LEAN);
    if (mm_headers_seen(h, company, source).lean == seen.lean)
        return (struct mm_slice){0};
    mm_headers_note(h, company, source, leans[seen.lean + MM_CHARSET_LEAN]);
    return leans[seen.lean + MM_CHARSET_LEAN];
}

void mm_headers_put(struct mm_headers *h, uint32_t company, uint32_t source, struct mm_slice lines)
{
    struct mm_rd rd = mm_rd_of(lines);
    struct mm_slice line;

    while (mm_rd_until(&rd, '\n', &line))
        mm_headers_note(h, company, source, line);
}

/* ---- first lines of CSV files ---- */

/* Words between gaps, none of which looks like a value. */
static bool are_names(struct mm_slice line)
{
    size_t cells = 1, cell = 0, blanks = 0;
    uint8_t gap = 0;

    for (size_t i = 0; i < line.n; i++) {
        uint8_t c = line.p[i];

        if (c == '=' || c == '{' || c == '<' || c == '\n' || (i == 0 && (c == '#' || c == '[')))
            return false;
        if (c == ',' || c == '\t' || c == ';') {
            gap = gap == 0 ? c : gap;
            cells += c == gap;
            cell = c == gap ? 0 : cell + 1;
            blanks = 0;
            continue;
        }
        blanks += c == ' ';
        if ((cell == 0 && c >= '0' && c <= '9') || ++cell > MM_HEADERS_CELL ||
            blanks > MM_HEADERS_BLANKS)
            return false; /* a value; prose */
    }
    return cells >= 3;
}

bool mm_headers_may(struct mm_slice line)
{
    struct mm_syslog head;

    if (line.n == 0 || line.n > MM_HEADERS_TRY)
        return false;
    if (are_names(line))
        return !mm_headers_is(line);
    /* Behind the header of a relay? Most lines have no gaps, and end here. */
    return (mm_slice_find(line, ',', 0) != SIZE_MAX || mm_slice_find(line, '\t', 0) != SIZE_MAX ||
            mm_slice_find(line, ';', 0) != SIZE_MAX) &&
           mm_syslog_parse(line, &head, NULL) == MM_OK && are_names(head.msg) &&
           !mm_headers_is(line);
}

static bool try_of(const struct try *t, uint32_t company, uint32_t source)
{
    return t->company == company && t->source == source;
}

void mm_headers_try(struct mm_headers *h, uint32_t company, uint32_t source, struct mm_slice line)
{
    struct try *t;
    size_t i = h->tries_n;

    while (i > 0 && !try_of(&h->try[i - 1], company, source))
        i--;
    if (i > 0 && mm_slice_eq(mm_slice_of(h->try[i - 1].text, h->try[i - 1].n), line)) {
        h->try[i - 1].waits++;
        return;
    }
    if (line.n > MM_HEADERS_TRY || h->tries_n == MM_HEADERS_TRIES)
        return;
    t = &h->try[h->tries_n++];
    *t = (struct try){.company = company, .source = source, .waits = 1, .n = line.n};
    memcpy(t->text, line.p, line.n);
}

/* Forget the source's lines that are none; keep those that are, up to the first that waits. */
static void settle(struct mm_headers *h, uint32_t company, uint32_t source)
{
    bool waits = false;

    for (size_t i = 0; i < h->tries_n;) {
        struct try *t = &h->try[i];
        bool ours = try_of(t, company, source);

        waits = waits || (ours && t->waits > 0);
        if (!ours || t->waits > 0 || (t->is && waits)) {
            i++;
            continue;
        }
        if (t->is)
            mm_headers_note(h, company, source, mm_slice_of(t->text, t->n));
        h->tries_n--;
        memmove(t, t + 1, (h->tries_n - i) * sizeof(*t));
    }
}

void mm_headers_answer(struct mm_headers *h, uint32_t company, uint32_t source,
                       struct mm_slice line, bool is)
{
    for (size_t i = 0; i < h->tries_n; i++) {
        struct try *t = &h->try[i];

        if (t->waits == 0 || !try_of(t, company, source) ||
            !mm_slice_eq(mm_slice_of(t->text, t->n), line))
            continue;
        t->waits--;
        t->is = t->is || is;
        settle(h, company, source);
        return;
    }
    if (is) /* there was no room to try it */
        mm_headers_note(h, company, source, line);
}

bool mm_headers_trying(const struct mm_headers *h)
{
    return h->tries_n > 0;
}

struct mm_slice mm_headers_of(struct mm_headers *h, uint32_t company, uint32_t source)
{
    const struct kept *k = find(h, company, source);
    struct mm_slice kept = k == NULL ? (struct mm_slice){0} : mm_slice_of(k->text, k->n);
    size_t n = 0;

    for (size_t i = 0; i < h->tries_n; i++) {
        const struct try *t = &h->try[i];

        if (t->company != company || t->source != source)
            continue;
        if (n == 0 && kept.n > 0)
            memcpy(h->all, kept.p, n = kept.n);
        memcpy(h->all + n, t->text, t->n);
        h->all[n + t->n] = '\n';
        n += t->n + 1;
    }
    return n == 0 ? kept : mm_slice_of(h->all, n);
}

/* ---- what has changed ---- */

bool mm_headers_changed(const struct mm_headers *h, size_t *at, uint32_t *ret_company,
                        uint32_t *ret_source, struct mm_slice *ret_lines)
{
    for (; *at < h->kept_n + h->gone_n; (*at)++) {
        size_t i = *at;

        if (i < h->gone_n) {
            *ret_company = h->gone[i].company;
            *ret_source = h->gone[i].source;
            *ret_lines = (struct mm_slice){0};
        } else if (h->kept[i - h->gone_n].changed) {
            *ret_company = h->kept[i - h->gone_n].company;
            *ret_source = h->kept[i - h->gone_n].source;
            *ret_lines = mm_slice_of(h->kept[i - h->gone_n].text, h->kept[i - h->gone_n].n);
        } else {
            continue;
        }
        (*at)++;
        return true;
    }
    return false;
}

void mm_headers_written(struct mm_headers *h)
{
    for (size_t i = 0; i < h->kept_n; i++)
        h->kept[i].changed = false;
    h->gone_n = 0;
}
