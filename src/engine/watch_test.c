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

static struct mm_source_format format(const char *name, uint64_t parsed, int64_t first_s,
                                      int64_t last_s)
{
    return (struct mm_source_format){.format = mm_slice_str(name),
                                     .parsed = parsed,
                                     .first_us = first_s * MM_US_PER_S,
                                     .last_us = last_s * MM_US_PER_S};
}

TEST(a_source_that_sends_another_format_than_before_is_noticed)
{
    const struct mm_source_format replaced[] = {format("fortigate", 9000, 0, 100000),
                                                format("yamaha-rtx", 30, 100100, 110000)};
    const struct mm_source_format mixed[] = {format("fortigate", 9000, 0, 109000),
                                             format("yamaha-rtx", 30, 100100, 110000)};
    const struct mm_source_format few[] = {format("fortigate", 9000, 0, 100000),
                                           format("yamaha-rtx", 3, 100100, 110000),
                                           format("", 500, 0, 200000)};
    size_t before = 0;

    CHECK_NUM(mm_watch_sends(replaced, 2, &before), 1);
    CHECK_NUM(before, 0);
    CHECK_NUM(mm_watch_sends(mixed, 2, &before), 1);
    CHECK(before == SIZE_MAX);
    CHECK_NUM(mm_watch_sends(few, 3, &before), 0);
    CHECK(before == SIZE_MAX);
    CHECK(mm_watch_sends(few, 0, &before) == SIZE_MAX);
}

TEST(a_source_that_is_entered_as_another_device_is_noticed)
{
    const struct mm_source_format list[] = {format("fortigate", 100, 0, 9),
                                            format("palo-alto", 10, 0, 9)};
    const struct mm_source_format both[] = {format("fortigate", 100, 0, 9),
                                            format("palo-alto", 11, 0, 9)};

    CHECK_NUM(mm_watch_other(list, 2, MM_S("palo-alto")), 0);
    CHECK(mm_watch_other(both, 2, MM_S("palo-alto")) == SIZE_MAX);
    CHECK(mm_watch_other(list, 2, MM_S("fortigate")) == SIZE_MAX);
    CHECK(mm_watch_other(list, 2, MM_S("")) == SIZE_MAX);
    CHECK_NUM(mm_watch_other(list, 2, MM_S("squid")), 0);
}
