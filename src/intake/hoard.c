/* intake/hoard.c - see hoard.h for the contract. */
#include "intake/hoard.h"

#include <stdlib.h>

struct piece {
    uint64_t below; /* all its lines have smaller numbers */
    uint64_t bytes;
    uint64_t of[MM_HOARD_COMPANIES];
};

struct mm_hoard {
    struct piece piece[MM_HOARD_PIECES]; /* oldest first */
    size_t n;
    uint64_t grain;
    uint64_t held[MM_HOARD_COMPANIES];
    uint64_t all;
    uint64_t room;
    bool known; /* how much room there is */
};

static_assert(MM_HOARD_PIECES % 2 == 0, "pieces are put together in pairs");

enum mm_code mm_hoard_new(struct mm_hoard **ret)
{
    struct mm_hoard *h = calloc(1, sizeof(*h));

    if (h == NULL)
        return MM_E_NOMEM;
    h->grain = MM_HOARD_GRAIN;
    *ret = h;
    return MM_OK;
}

void mm_hoard_free(struct mm_hoard **hoard)
{
    free(*hoard);
    *hoard = NULL;
}

void mm_hoard_room(struct mm_hoard *hoard, uint64_t bytes)
{
    hoard->room = bytes;
    hoard->known = true;
}

/* Half as many pieces, each twice as large. */
static void coarsen(struct mm_hoard *h)
{
    MM_ASSERT(h->n == MM_HOARD_PIECES);
    for (size_t i = 0; i < MM_HOARD_PIECES / 2; i++) {
        struct piece *to = &h->piece[i];
        const struct piece *one = &h->piece[2 * i], *two = one + 1;

        for (size_t at = 0; at < MM_HOARD_COMPANIES; at++)
            to->of[at] = one->of[at] + two->of[at];
        to->bytes = one->bytes + two->bytes;
        to->below = two->below;
    }
    h->n = MM_HOARD_PIECES / 2;
    h->grain *= 2;
}

static struct piece *newest(struct mm_hoard *h)
{
    if (h->n > 0 && h->piece[h->n - 1].bytes < h->grain)
        return &h->piece[h->n - 1];
    if (h->n == MM_HOARD_PIECES)
        coarsen(h);
    memset(&h->piece[h->n], 0, sizeof(h->piece[h->n]));
    return &h->piece[h->n++];
}

void mm_hoard_add(struct mm_hoard *hoard, size_t at, uint64_t seq, size_t bytes)
{
    struct piece *p = newest(hoard);

    MM_ASSERT(at < MM_HOARD_COMPANIES && seq >= p->below);
    p->below = seq + 1;
    p->bytes += bytes;
    p->of[at] += bytes;
    hoard->held[at] += bytes;
    hoard->all += bytes;
    /* Between two looks at the disk what was written is gone. */
    hoard->room -= bytes < hoard->room ? bytes : hoard->room;
}

void mm_hoard_done(struct mm_hoard *hoard, uint64_t done)
{
    size_t gone = 0;

    while (gone < hoard->n && hoard->piece[gone].below <= done) {
        const struct piece *p = &hoard->piece[gone++];

        for (size_t at = 0; at < MM_HOARD_COMPANIES; at++)
            hoard->held[at] -= p->of[at];
        MM_ASSERT(hoard->all >= p->bytes);
        hoard->all -= p->bytes;
    }
    if (gone == 0)
        return;
    hoard->n -= gone;
    memmove(hoard->piece, hoard->piece + gone, hoard->n * sizeof(hoard->piece[0]));
    if (hoard->n == 0)
        hoard->grain = MM_HOARD_GRAIN;
}

bool mm_hoard_over(const struct mm_hoard *hoard, size_t at)
{
    MM_ASSERT(at < MM_HOARD_COMPANIES);
    return hoard->known && hoard->held[at] > hoard->room;
}

uint64_t mm_hoard_held(const struct mm_hoard *hoard, size_t at)
{
    MM_ASSERT(at < MM_HOARD_COMPANIES);
    return hoard->held[at];
}

uint64_t mm_hoard_all(const struct mm_hoard *hoard)
{
    return hoard->all;
}
