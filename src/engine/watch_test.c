/* engine/watch_test.c - when a source counts as silent, and when as no longer understood. */
#include "engine/watch.h"

#include "base/time.h"
#include "tests/harness/test.h"

TEST(a_source_is_silent_only_past_what_was_agreed)
{
    struct mm_source_info s = {.silence_s = 3600, .created_us = 100 * MM_US_PER_S, .active = true};
    int64_t hour = 3600 * MM_US_PER_S;

    CHECK(!mm_watch_silent(&s, 0, 100 * MM_US_PER_S + hour));
    CHECK(mm_watch_silent(&s, 0, 100 * MM_US_PER_S + hour + 1)); /* never came at all */
    CHECK(!mm_watch_silent(&s, 500 * MM_US_PER_S, 500 * MM_US_PER_S + hour));
    CHECK(mm_watch_silent(&s, 500 * MM_US_PER_S, 501 * MM_US_PER_S + hour));
    s.silence_s = 0;
    CHECK(!mm_watch_silent(&s, 500 * MM_US_PER_S, INT64_MAX / 2));
    s.silence_s = 3600;
    s.active = false;
    CHECK(!mm_watch_silent(&s, 0, INT64_MAX / 2));
}

TEST(coverage_fell_needs_enough_lines_before_and_after)
{
    CHECK(mm_watch_fell(1000, 0, 100, 100));
    CHECK(!mm_watch_fell(1000, 0, 195, 5));    /* a few odd lines */
    CHECK(!mm_watch_fell(1000, 100, 0, 1000)); /* it was never well understood */
    CHECK(!mm_watch_fell(100, 0, 0, 1000));    /* too new */
    CHECK(!mm_watch_fell(1000, 0, 0, 100));    /* too few */
    CHECK(mm_watch_fell(980, 20, 179, 21));
}
