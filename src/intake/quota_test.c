/* intake/quota_test.c - allowances are used up, come back, and are each their own. */
#include "intake/quota.h"

#include "base/time.h"
#include "tests/harness/test.h"

enum { CHUNK = 1000 };

static struct mm_ip address(uint32_t n)
{
    struct mm_ip ip;

    memset(&ip, 0, sizeof(ip));
    memcpy(&ip, &n, sizeof(n));
    return ip;
}

/* Chunks that go through at one moment. */
static int until_over(struct mm_quota *q, size_t slot, size_t company, int64_t now_us)
{
    int n = 0;

    while (!mm_quota_over(q, slot, company, now_us) && n < 100000) {
        mm_quota_add(q, slot, company, CHUNK, now_us);
        n++;
    }
    return n;
}

static int stranger_until_over(struct mm_quota *q, uint32_t who, int64_t now_us)
{
    struct mm_ip ip = address(who);
    int n = 0;

    while (!mm_quota_stranger_over(q, &ip, now_us) && n < 100000) {
        mm_quota_stranger_add(q, &ip, CHUNK, now_us);
        n++;
    }
    return n;
}

TEST(quota_of_a_source_is_its_own_and_comes_back)
{
    const struct mm_quota_rates rates = {.source = 5 * CHUNK};
    struct mm_quota *q = NULL;
    int64_t now = 7 * MM_US_PER_S;

    CHECK_NUM(mm_quota_new(&rates, &q), MM_OK);
    CHECK_NUM(until_over(q, 1, 1, now), 5 * MM_QUOTA_BURST_S);
    CHECK_NUM(until_over(q, 1, 1, now), 0);
    CHECK_NUM(until_over(q, 2, 1, now), 5 * MM_QUOTA_BURST_S);
    CHECK_NUM(until_over(q, 1, 1, now + MM_US_PER_S), 5);
    CHECK_NUM(until_over(q, 1, 1, now + 3600 * MM_US_PER_S), 5 * MM_QUOTA_BURST_S);
    mm_quota_free(&q);
    CHECK(q == NULL);
}

TEST(quota_of_a_company_counts_all_its_sources)
{
    const struct mm_quota_rates rates = {.source = 5 * CHUNK, .company = 8 * CHUNK};
    struct mm_quota *q = NULL;
    int64_t now = 7 * MM_US_PER_S;

    CHECK_NUM(mm_quota_new(&rates, &q), MM_OK);
    CHECK_NUM(until_over(q, 1, 1, now), 5 * MM_QUOTA_BURST_S);
    CHECK_NUM(until_over(q, 2, 1, now), 3 * MM_QUOTA_BURST_S);
    CHECK_NUM(until_over(q, 3, 2, now), 5 * MM_QUOTA_BURST_S);
    mm_quota_free(&q);
}

TEST(quota_of_strangers_is_one_each_and_one_together)
{
    const struct mm_quota_rates rates = {.stranger = 2 * CHUNK, .strangers = 5 * CHUNK};
    struct mm_quota *q = NULL;
    int64_t now = 7 * MM_US_PER_S;

    CHECK_NUM(mm_quota_new(&rates, &q), MM_OK);
    CHECK_NUM(stranger_until_over(q, 1, now), 2 * MM_QUOTA_BURST_S);
    CHECK_NUM(stranger_until_over(q, 2, now), 2 * MM_QUOTA_BURST_S);
    CHECK_NUM(stranger_until_over(q, 3, now), 1 * MM_QUOTA_BURST_S);
    CHECK_NUM(stranger_until_over(q, 4, now), 0);
    CHECK_NUM(until_over(q, 1, 1, now), 100000); /* who is known has nothing to do with it */
    mm_quota_free(&q);
}

TEST(quota_remembers_the_loud_stranger_among_many_quiet_ones)
{
    const struct mm_quota_rates rates = {.stranger = 2 * CHUNK};
    struct mm_quota *q = NULL;
    struct mm_ip loud = address(1);
    int64_t now = 7 * MM_US_PER_S;

    CHECK_NUM(mm_quota_new(&rates, &q), MM_OK);
    CHECK_NUM(stranger_until_over(q, 1, now), 2 * MM_QUOTA_BURST_S);
    for (uint32_t i = 100; i < 100 + 20 * MM_QUOTA_STRANGERS; i++) {
        struct mm_ip ip = address(i);

        mm_quota_stranger_add(q, &ip, CHUNK, now);
    }
    CHECK(mm_quota_stranger_over(q, &loud, now));
    mm_quota_free(&q);
}
