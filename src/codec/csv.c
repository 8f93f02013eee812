/* codec/csv.c - see csv.h for the contract. */
#include "codec/csv.h"

void mm_csv_init(struct mm_csv *csv, struct mm_slice in, uint8_t gap, bool quotes)
{
    MM_ASSERT(gap != 0 && gap != '"');
    *csv = (struct mm_csv){.in = in, .gap = gap, .quotes = quotes};
}

static size_t quoted_cell(const struct mm_csv *csv, size_t at, struct mm_csv_cell *cell)
{
    const uint8_t *p = csv->in.p;
    size_t from = at, n = csv->in.n;

    while (at < n) {
        if (p[at] != '"') {
            at++;
        } else if (at + 1 < n && p[at + 1] == '"') {
            cell->doubled = true;
            at += 2;
        } else {
            break;
        }
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
    for (size_t i = 0; i < raw.n; i++) {
        if (raw.p[i] == '"' && i + 1 < raw.n && raw.p[i + 1] == '"')
            i++;
        out[n++] = raw.p[i];
    }
    *ret = mm_slice_of(out, n);
    return true;
}
