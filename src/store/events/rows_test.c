/* store/events/rows_test.c - what rows.h promises; whole rows come back in the contract test. */
#include "store/events/rows.h"

#include "tests/harness/test.h"

TEST(rows_refuse_torn_bytes)
{
    struct mm_event ev;
    struct mm_alert alert;
    uint8_t zeroes[4096] = {0};
    struct mm_rd rd = mm_rd_of(mm_slice_of(zeroes, sizeof(zeroes)));

    CHECK(mm_rows_event(&rd, &ev) == MM_OK); /* an event of nothing but zeroes and empty texts */
    for (size_t n = 0; n < rd.pos; n++) {
        struct mm_rd torn = mm_rd_of(mm_slice_of(zeroes, n));

        CHECK(mm_rows_event(&torn, &ev) == MM_E_SYNTAX);
    }
    rd = mm_rd_of(mm_slice_of(zeroes, sizeof(zeroes)));
    CHECK(mm_rows_alert(&rd, &alert) == MM_E_SYNTAX); /* "" is no level */
}
