/*
 * codec/csv_fuzz.c - no input may break these promises: cells lie inside the input, in order; there
 * is at least one and there are at most as many as bytes plus one; without quotes the cells and the
 * gaps between them are the input.
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

FUZZ(in)
{
    walk(in, true);
    walk(in, false);
}
