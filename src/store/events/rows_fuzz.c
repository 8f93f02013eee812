/*
 * store/events/rows_fuzz.c - no input may break these promises: a row that was read moved the
 * cursor, stays inside the input, and has no more extras than there is room for.
 */
#include "store/events/rows.h"
#include "tests/harness/test.h"

static void inside(struct mm_slice in, struct mm_slice part)
{
    MM_ASSERT(part.n == 0 || (part.p >= in.p && part.p + part.n <= in.p + in.n));
}

FUZZ(in)
{
    static struct mm_event ev;
    struct mm_alert alert;
    struct mm_rows_run run;
    struct mm_rd rd = mm_rd_of(in);

    while (mm_rd_left(&rd) > 0) {
        size_t from = rd.pos;

        if (mm_rows_event(&rd, &ev) != MM_OK)
            break;
        MM_ASSERT(rd.pos > from && ev.extra_n <= MM_MAX_EXTRA);
        inside(in, ev.original);
        inside(in, ev.format);
        for (size_t i = 0; i < ev.extra_n; i++) {
            inside(in, ev.extra[i].name);
            inside(in, ev.extra[i].value);
        }
    }
    rd = mm_rd_of(in);
    while (mm_rd_left(&rd) > 0 && mm_rows_alert(&rd, &alert) == MM_OK) {
        inside(in, alert.event);
        MM_ASSERT(alert.level < MM_LEVEL_COUNT);
    }
    rd = mm_rd_of(in);
    while (mm_rows_run(&rd, &run) == MM_OK)
        MM_ASSERT(rd.pos % MM_ROWS_RUN_BYTES == 0);
    MM_ASSERT(mm_rd_left(&rd) < MM_ROWS_RUN_BYTES);
}
