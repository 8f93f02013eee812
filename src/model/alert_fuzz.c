/*
 * model/alert_fuzz.c - no input may break these promises: texts lie inside the input, and what
 * was decoded encodes to bytes that decode to the same.
 */
#include "model/alert.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    struct mm_rd rd = mm_rd_of(in);
    struct mm_alert a, b;
    struct mm_buf out;

    mm_buf_init(&out, 1024 * 1024);
    while (mm_alert_decode(&rd, &a)) {
        struct mm_rd again;

        MM_ASSERT(a.event.p >= in.p && a.event.p + a.event.n <= in.p + in.n);
        mm_buf_reset(&out);
        mm_alert_encode(&out, &a);
        again = mm_rd_of(mm_buf_slice(&out));
        MM_ASSERT(mm_alert_decode(&again, &b));
        MM_ASSERT(b.seq == a.seq && b.level == a.level && b.prevented == a.prevented);
        MM_ASSERT(b.rule_level == a.rule_level && b.succeeded == a.succeeded);
        MM_ASSERT(mm_slice_eq(a.entity, b.entity));
    }
    mm_buf_done(&out);
}
