/* assess/ratio_test.c - exact fractions, and rounding by its name. */
#include "assess/ratio.h"
#include "tests/harness/test.h"

TEST(ratio_stays_in_lowest_terms)
{
    struct mm_ratio r, s;

    CHECK(mm_ratio_make(4, 22, &r));
    CHECK_NUM(r.num, 2);
    CHECK_NUM(r.den, 11);
    CHECK(mm_ratio_make(3, -6, &s));
    CHECK_NUM(s.num, -1);
    CHECK_NUM(s.den, 2);
    CHECK(mm_ratio_sub(r, s, &r));
    CHECK_NUM(r.num, 15);
    CHECK_NUM(r.den, 22);
    CHECK(mm_ratio_mul(r, s, &r));
    CHECK_NUM(r.num, -15);
    CHECK_NUM(r.den, 44);
    CHECK(mm_ratio_div(r, s, &r));
    CHECK(mm_ratio_cmp(r, (struct mm_ratio){15, 22}) == 0);
    CHECK(!mm_ratio_div(r, (struct mm_ratio){0, 1}, &r));
}

TEST(ratio_refuses_what_does_not_fit)
{
    struct mm_ratio r = {7, 9}, big = {INT64_MAX, 1}, small = {1, INT64_MAX};

    CHECK(!mm_ratio_add(big, big, &r));
    CHECK(!mm_ratio_mul(big, big, &r));
    CHECK(!mm_ratio_mul(small, small, &r));
    CHECK(!mm_ratio_sub(big, (struct mm_ratio){INT64_MIN, 1}, &r));
    CHECK(!mm_ratio_make(INT64_MIN, 1, &r));
    CHECK_NUM(r.num, 7);
    CHECK_NUM(r.den, 9);
    CHECK(mm_ratio_cmp(big, small) > 0);
}

TEST(ratio_rounds_by_the_rule_that_is_named)
{
    static const struct {
        int64_t num, den;
        unsigned digits;
        int64_t up, even, floor;
    } cases[] = {
        {1, 2, 0, 1, 0, 0},           {3, 2, 0, 2, 2, 1},       {5, 2, 0, 3, 2, 2},
        {-1, 2, 0, 0, 0, -1},         {-3, 2, 0, -1, -2, -2},   {4, 22, 2, 18, 18, 18},
        {1, 8, 2, 13, 12, 12},        {2, 3, 3, 667, 667, 666}, {-2, 3, 3, -667, -667, -667},
        {185, 100, 2, 185, 185, 185},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_ratio r = {cases[i].num, cases[i].den};
        int64_t got = -99;

        CHECK(mm_ratio_round(r, MM_ROUND_HALF_UP, cases[i].digits, &got));
        CHECK_NUM(got, cases[i].up);
        CHECK(mm_ratio_round(r, MM_ROUND_HALF_EVEN, cases[i].digits, &got));
        CHECK_NUM(got, cases[i].even);
        CHECK(mm_ratio_round(r, MM_ROUND_FLOOR, cases[i].digits, &got));
        CHECK_NUM(got, cases[i].floor);
    }
}

TEST(ratio_prints_decimals)
{
    struct mm_buf out;

    mm_buf_init(&out, 256);
    mm_ratio_print(&out, (struct mm_ratio){-1, 200}, MM_ROUND_HALF_UP, 3);
    mm_buf_byte(&out, ' ');
    mm_ratio_print(&out, (struct mm_ratio){37, 20}, MM_ROUND_HALF_UP, 2);
    mm_buf_byte(&out, ' ');
    mm_ratio_print(&out, (struct mm_ratio){5, 1}, MM_ROUND_FLOOR, 0);
    mm_buf_byte(&out, ' ');
    mm_ratio_print(&out, (struct mm_ratio){INT64_MAX, 3}, MM_ROUND_FLOOR, 3);
    CHECK_SLICE(mm_buf_slice(&out), "-0.005 1.85 5 9223372036854775807/3");
    mm_buf_done(&out);
}

TEST(milli_reads_decimals_of_three_digits)
{
    static const struct {
        const char *text;
        int64_t milli;
    } good[] = {{"1", 1000}, {"0.5", 500}, {"-1", -1000}, {"2.375", 2375}, {"-0.25", -250}};
    static const char *const bad[] = {"",  ".5",  "1.",  "1.2345", "1e3", "+1",
                                      "-", "--1", "1,5", " 1",     "-.5", "9223372036854775807"};
    int64_t v = 7;

    for (size_t i = 0; i < MM_COUNT(bad); i++)
        CHECK(!mm_milli_parse(mm_slice_str(bad[i]), &v));
    CHECK_NUM(v, 7);
    for (size_t i = 0; i < MM_COUNT(good); i++) {
        CHECK(mm_milli_parse(mm_slice_str(good[i].text), &v));
        CHECK_NUM(v, good[i].milli);
    }
}
