/* codec/csv.c - see csv.h for the contract. */
#include "codec/csv.h"

#include "base/near.h"

void mm_csv_init(struct mm_csv *csv, struct mm_slice in, uint8_t gap, bool quotes)
{
    MM_ASSERT(gap != 0 && gap != '"');
    *csv = (struct mm_csv){.in = in, .gap = gap, .quotes = quotes};
}

static size_t quoted_cell(const struct mm_csv *csv, size_t at, struct mm_csv_cell *cell)
{
    const uint8_t *p = csv->in.p;
    size_t from = at, n = csv->in.n;

    while ((at = mm_near_find(csv->in, '"', at)) + 1 < n && p[at + 1] == '"') {
        cell->doubled = true;
        at += 2;
    }
    cell->text = mm_slice_sub(csv->in, from, at - from);
    if (at >= n) {
        cell->torn = true;
        return at;
    }
    at++;
    cell->torn = at < n && p[at] != csv->gap;
    while (at < n && p[at] != csv->gap)
        at++;
    return at;
}

bool mm_csv_next(struct mm_csv *csv, struct mm_csv_cell *ret)
{
    struct mm_csv_cell cell = {0};
    size_t at = csv->pos, n = csv->in.n;

    MM_ASSERT(at <= n);
    if (csv->ended)
        return false;
    if (csv->quotes && at < n && csv->in.p[at] == '"') {
        at = quoted_cell(csv, at + 1, &cell);
    } else {
        size_t gap = mm_slice_find(csv->in, csv->gap, at);

        gap = gap == SIZE_MAX ? n : gap;
        cell.text = mm_slice_sub(csv->in, at, gap - at);
        at = gap;
    }
    csv->ended = at >= n;
    csv->pos = csv->ended ? n : at + 1;
    *ret = cell;
    return true;
}

bool mm_csv_unquote(struct mm_arena *arena, struct mm_slice raw, struct mm_slice *ret)
{
    uint8_t *out = mm_arena_bytes(arena, raw.n);
    size_t n = 0;

    if (out == NULL)
        return false;
    for (size_t at = 0; at < raw.n;) {
        size_t run = mm_near_copy(out + n, raw, at, '"');

        n += run;
        at += run;
        if (at >= raw.n)
            break;
        out[n++] = '"';
        at += at + 1 < raw.n && raw.p[at + 1] == '"' ? 2 : 1;
    }
    *ret = mm_slice_of(out, n);
    return true;
}
