/* web/portal/pace_test.c - buckets empty, fill again, and are each their own. */
#include "web/portal/pace.h"

#include "base/time.h"
#include "tests/harness/test.h"

static int until_refused(struct mm_pace *p, uint64_t key, int64_t now_us, int64_t *ret_wait_s)
{
    int n = 0;

    while (mm_pace_take(p, key, now_us, ret_wait_s) == MM_OK && n < 100000)
        n++;
    return n;
}

TEST(pace_lets_a_burst_through_and_then_its_rate)
{
    struct mm_pace *p = NULL;
    struct mm_pace_stats stats;
    int64_t now = 5 * MM_US_PER_S, wait = 0;

    CHECK_NUM(mm_pace_new(10, &p), MM_OK);
    CHECK_NUM(until_refused(p, 7, now, &wait), 10 * MM_PACE_BURST_S);
    CHECK_NUM(wait, 1);
    CHECK_NUM(until_refused(p, 7, now + MM_US_PER_S, &wait), 10);
    CHECK_NUM(until_refused(p, 8, now + MM_US_PER_S, &wait), 10 * MM_PACE_BURST_S);
    CHECK_NUM(until_refused(p, 7, now + 3600 * MM_US_PER_S, &wait), 10 * MM_PACE_BURST_S);
    mm_pace_stats(p, &stats);
    CHECK_NUM(stats.allowed, 10 * MM_PACE_BURST_S * 3 + 10);
    CHECK_NUM(stats.refused, 4);
    mm_pace_free(&p);
    CHECK(p == NULL);
}

TEST(pace_remembers_who_is_loud_among_many_who_are_not)
{
    struct mm_pace *p = NULL;
    int64_t now = MM_US_PER_S, wait = 0;

    CHECK_NUM(mm_pace_new(1, &p), MM_OK);
    CHECK_NUM(until_refused(p, 7, now, &wait), MM_PACE_BURST_S);
    for (uint64_t key = 1000; key < 1000 + 10 * MM_PACE_KEYS; key++)
        CHECK_NUM(mm_pace_take(p, key, now, &wait), MM_OK);
    CHECK_NUM(mm_pace_take(p, 7, now, &wait), MM_E_PACE);
    mm_pace_free(&p);
}

TEST(pace_of_no_rate_lets_all_through)
{
    struct mm_pace *p = NULL;
    int64_t wait = 0;

    CHECK_NUM(mm_pace_new(0, &p), MM_OK);
    CHECK_NUM(until_refused(p, 7, 1, &wait), 100000);
    mm_pace_free(&p);
}
