/* engine/headers.c - see headers.h for the contract. */
#include "engine/headers.h"

#include <stdlib.h>

struct kept {
    uint64_t used; /* 0: free */
    uint32_t company, source;
    size_t n;
    uint8_t text[MM_HEADERS_TEXT];
};

struct mm_headers {
    uint64_t clock; /* 0: nothing has been kept */
    struct kept kept[MM_HEADERS_SOURCES];
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

/* Leave out the oldest line. */
static void drop_first(struct kept *k)
{
    size_t end = mm_slice_find(mm_slice_of(k->text, k->n), '\n', 0);

    MM_ASSERT(end != SIZE_MAX);
    k->n -= end + 1;
    memmove(k->text, k->text + end + 1, k->n);
}

/* Where the same line stands already, or SIZE_MAX. */
static size_t find_line(const struct kept *k, struct mm_slice line)
{
    for (size_t at = 0; at < k->n;) {
        size_t end = mm_slice_find(mm_slice_of(k->text, k->n), '\n', at);

        MM_ASSERT(end != SIZE_MAX);
        if (mm_slice_eq(mm_slice_of(k->text + at, end - at), line))
            return at;
        at = end + 1;
    }
    return SIZE_MAX;
}

static struct kept *place(struct mm_headers *h, uint32_t company, uint32_t source)
{
    struct kept *oldest = &h->kept[0];

    for (size_t i = 0; i < MM_HEADERS_SOURCES; i++) {
        struct kept *k = &h->kept[i];

        if (k->used != 0 && k->company == company && k->source == source)
            return k;
        if (k->used < oldest->used)
            oldest = k;
    }
    oldest->company = company;
    oldest->source = source;
    oldest->n = 0;
    return oldest;
}

void mm_headers_note(struct mm_headers *h, uint32_t company, uint32_t source, struct mm_slice line)
{
    struct kept *k;
    size_t at;

    if (line.n == 0 || line.n >= MM_HEADERS_TEXT)
        return;
    k = place(h, company, source);
    k->used = ++h->clock;
    /* A log that begins again says what it said before: the line becomes the newest. "#path" stands
     * in front of its "#fields", so both move, one after the other. */
    at = find_line(k, line);
    if (at != SIZE_MAX) {
        memmove(k->text + at, k->text + at + line.n + 1, k->n - at - line.n - 1);
        k->n -= line.n + 1;
    }
    while (k->n + line.n + 1 > MM_HEADERS_TEXT)
        drop_first(k);
    memcpy(k->text + k->n, line.p, line.n);
    k->text[k->n + line.n] = '\n';
    k->n += line.n + 1;
}

struct mm_slice mm_headers_of(const struct mm_headers *h, uint32_t company, uint32_t source)
{
    for (size_t i = 0; i < MM_HEADERS_SOURCES && h->clock > 0 && h->kept[i].used > 0; i++) {
        if (h->kept[i].company == company && h->kept[i].source == source)
            return mm_slice_of(h->kept[i].text, h->kept[i].n);
    }
    return (struct mm_slice){0};
}
