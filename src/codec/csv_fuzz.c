/*
 * codec/csv_fuzz.c - no input may break these promises: cells lie inside the input, in order; there
 * is at least one and there are at most as many as bytes plus one; without quotes the cells and the
 * gaps between them are the input; unquoting takes one of two quotes that stand together.
 */
#include "codec/csv.h"
#include "tests/harness/test.h"

static void walk(struct mm_slice in, bool quotes)
{
    struct mm_csv csv;
    struct mm_csv_cell cell;
    size_t count = 0, bytes = 0;
    const uint8_t *from = in.p;

    mm_csv_init(&csv, in, ',', quotes);
    while (mm_csv_next(&csv, &cell)) {
        MM_ASSERT(in.n == 0 || (cell.text.p >= from && cell.text.p + cell.text.n <= in.p + in.n));
        from = cell.text.p + cell.text.n;
        bytes += cell.text.n;
        count++;
    }
    MM_ASSERT(count >= 1 && count <= in.n + 1);
    MM_ASSERT(quotes || bytes + count - 1 == in.n);
}

static void unquote(struct mm_slice in)
{
    struct mm_arena arena;
    struct mm_slice got;
    size_t n = 0;

    mm_arena_init(&arena, 4 * 1024 * 1024);
    if (mm_csv_unquote(&arena, in, &got)) {
        for (size_t i = 0; i < in.n; i++) {
            if (in.p[i] == '"' && i + 1 < in.n && in.p[i + 1] == '"')
                i++;
            MM_ASSERT(n < got.n && got.p[n] == in.p[i]);
            n++;
        }
        MM_ASSERT(n == got.n);
    }
    mm_arena_done(&arena);
}

FUZZ(in)
{
    walk(in, true);
    walk(in, false);
    unquote(in);
}
