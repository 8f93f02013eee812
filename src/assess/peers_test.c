/* assess/peers_test.c - statistics that are exact, and what of them is hidden. */
#include "assess/peers.h"
#include "tests/harness/test.h"

#include "assess/testkit.h"

TEST(a_score_enters_in_millionths_and_no_larger_than_its_squares_fit)
{
    int64_t v = 7;

    CHECK(mm_micro_of((struct mm_ratio){2, 3}, &v));
    CHECK_NUM(v, 666667);
    CHECK(mm_micro_of((struct mm_ratio){1, 2000000}, &v)); /* half-even */
    CHECK_NUM(v, 0);
    CHECK(!mm_micro_of((struct mm_ratio){100001, 1}, &v));
    CHECK(!mm_micro_of((struct mm_ratio){-100001, 1}, &v));
}

TEST(statistics_of_nobody_one_and_equals_are_not_defined_rather_than_zero)
{
    static const int64_t same[] = {3 * MM_MICRO, 3 * MM_MICRO};
    struct mm_stats s;
    int64_t v = 7;

    mm_stats_of(NULL, 0, &s);
    CHECK(!mm_stats_sd(&s, MM_DEVIATION_POPULATION, 1, &v));
    CHECK(!mm_stats_deviation(&s, MM_DEVIATION_POPULATION, 0, 1, &v));
    mm_stats_of(same, 1, &s);
    CHECK(!mm_stats_sd(&s, MM_DEVIATION_SAMPLE, 1, &v));
    CHECK(mm_stats_sd(&s, MM_DEVIATION_POPULATION, 1, &v));
    CHECK_NUM(v, 0);
    mm_stats_of(same, 2, &s);
    v = 7;
    CHECK(!mm_stats_deviation(&s, MM_DEVIATION_POPULATION, MM_MICRO, 1, &v));
    CHECK_NUM(v, 7);
}

TEST(deviation_values_round_half_up_on_both_sides_of_the_mean)
{
    /* Mean 0, standard deviation 4: 0.01 is 0.025 of it. */
    static const int64_t v[] = {-4 * MM_MICRO, 4 * MM_MICRO};
    static const struct {
        int64_t x;
        int64_t want; /* tenths */
    } cases[] = {{20000, 501},  {-20000, 500},       {20001, 501},
                 {-20001, 499}, {4 * MM_MICRO, 600}, {-4 * MM_MICRO, 400}};
    struct mm_stats s;

    mm_stats_of(v, 2, &s);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        int64_t got = 0;

        CHECK(mm_stats_deviation(&s, MM_DEVIATION_POPULATION, cases[i].x, 1, &got));
        CHECK_NUM(got, cases[i].want);
    }
}

TEST(the_largest_cohort_of_the_largest_scores_fits)
{
    int64_t *v = calloc(MM_PEERS_MAX, sizeof(*v)), got = 0;
    struct mm_stats s;

    CHECK(v != NULL);
    for (size_t i = 0; i < MM_PEERS_MAX; i++)
        v[i] = i % 2 == 0 ? MM_MICRO_MAX : -MM_MICRO_MAX;
    mm_stats_of(v, MM_PEERS_MAX, &s);
    CHECK_RATIO(mm_stats_mean(&s), 0, 1);
    CHECK(mm_stats_sd(&s, MM_DEVIATION_POPULATION, 0, &got));
    CHECK_NUM(got, 100000);
    CHECK(mm_stats_deviation(&s, MM_DEVIATION_POPULATION, MM_MICRO_MAX, 1, &got));
    CHECK_NUM(got, 600);
    free(v);
}

TEST(quartiles_are_those_of_spreadsheets)
{
    int64_t v[] = {4 * MM_MICRO, MM_MICRO, 3 * MM_MICRO, 2 * MM_MICRO};

    mm_micro_sort(v, 4);
    CHECK_RATIO(mm_quantile(v, 4, 1, 4), 7, 4); /* QUARTILE.INC(1..4; 1) is 1.75 */
    CHECK_RATIO(mm_quantile(v, 4, 1, 2), 5, 2);
    CHECK_RATIO(mm_quantile(v, 4, 3, 4), 13, 4);
    CHECK_RATIO(mm_quantile(v, 4, 0, 4), 1, 1);
    CHECK_RATIO(mm_quantile(v, 4, 4, 4), 4, 1);
    CHECK_RATIO(mm_quantile(v, 1, 3, 4), 1, 1);
}

TEST(a_percentile_counts_half_of_those_equal)
{
    static const int64_t v[] = {1, 2, 2, 2, 5};

    CHECK_RATIO(mm_percentile(v, 5, 2), 1, 2);
    CHECK_RATIO(mm_percentile(v, 5, 5), 9, 10);
    CHECK_RATIO(mm_percentile(v, 5, 0), 0, 1);
    CHECK_RATIO(mm_percentile(v, 5, 9), 1, 1);
}

TEST(sites_fold_to_their_worst_or_best)
{
    uint64_t owner[] = {1, 1, 2, 3, 3};
    int64_t v[] = {5, 3, 9, 1, 2};

    CHECK_NUM(mm_micro_fold(owner, v, 5, MM_FOLD_WORST), 3);
    CHECK(v[0] == 3 && v[1] == 9 && v[2] == 1);
    CHECK(owner[0] == 1 && owner[1] == 2 && owner[2] == 3);
    CHECK_NUM(mm_micro_fold(owner, v, 0, MM_FOLD_BEST), 0);
}

TEST(no_hidden_cell_is_the_total_minus_the_others)
{
    static const struct {
        size_t k[4];
        const char *hidden; /* x: hidden */
    } cases[] = {
        {{10, 8, 7, 6}, "...."}, {{10, 8, 7, 0}, "...."}, {{10, 8, 7, 3}, "..xx"},
        {{10, 8, 1, 1}, ".xxx"}, {{10, 8, 4, 4}, "..xx"}, {{4, 0, 0, 0}, "x..."},
        {{9, 0, 0, 2}, "x..x"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        bool hidden[4];
        size_t n = mm_cells_hide(cases[i].k, 4, MM_PEERS_FLOOR, hidden), want = 0;

        for (size_t k = 0; k < 4; k++) {
            CHECK(hidden[k] == (cases[i].hidden[k] == 'x'));
            want += hidden[k] ? 1 : 0;
        }
        CHECK_NUM(n, want);
    }
}

/* Members of cohorts: `size` companies with this mask. */
static size_t put(uint64_t *member, size_t n, uint64_t mask, size_t size)
{
    for (size_t i = 0; i < size; i++)
        member[n++] = mask;
    return n;
}

TEST(a_cohort_below_the_floor_is_not_shown_and_neither_is_its_complement)
{
    uint64_t member[64], shown = 0;
    size_t n;

    /* 0: all; 1: 20 of them; 2: the other 3. */
    n = put(member, 0, 1 | 2, 20);
    n = put(member, n, 1 | 4, 3);
    CHECK(mm_cohorts_show(member, n, 3, 5, &shown) == MM_OK);
    CHECK_NUM(shown, 1); /* all minus the 20 would be the 3 */
    /* With 6 others all may be shown. */
    n = put(member, 20, 1 | 4, 6);
    CHECK(mm_cohorts_show(member, n, 3, 5, &shown) == MM_OK);
    CHECK_NUM(shown, 7);
}

TEST(three_cohorts_together_do_not_tell_what_two_of_them_would_not)
{
    uint64_t member[64], shown = 0;
    size_t n;

    /* 0 and 1 overlap in 2 companies; 2 is their union. 0 + 1 - 2 is the overlap. */
    n = put(member, 0, 1 | 4, 10);
    n = put(member, n, 2 | 4, 10);
    n = put(member, n, 1 | 2 | 4, 2);
    CHECK(mm_cohorts_show(member, n, 3, 5, &shown) == MM_OK);
    CHECK_NUM(shown, 3);
    CHECK(mm_cohorts_show(member, n, 2, 5, &shown) == MM_OK);
    CHECK_NUM(shown, 3);
}

/* Whether mask s of shown cohorts tells a group below the floor, by trying small combinations. */
static bool brute(const uint64_t *member, size_t n, size_t cohorts, uint64_t shown, size_t floor)
{
    size_t tries = 1;

    for (size_t c = 0; c < cohorts; c++)
        tries *= 3;
    for (size_t t = 1; t < tries; t++) {
        size_t rest = t, group = 0;
        int factor[8];
        bool ok = true;

        for (size_t c = 0; c < cohorts; c++, rest /= 3) {
            factor[c] = (int)(rest % 3) - 1;
            ok = ok && (factor[c] == 0 || (shown >> c & 1) != 0);
        }
        for (size_t i = 0; i < n && ok; i++) {
            int v = 0;

            for (size_t c = 0; c < cohorts; c++)
                v += (member[i] >> c & 1) != 0 ? factor[c] : 0;
            ok = v == 0 || v == 1;
            group += v == 1 ? 1 : 0;
        }
        if (ok && group > 0 && group < floor)
            return true;
    }
    return false;
}

TEST(no_sum_or_difference_of_shown_cohorts_is_a_small_group)
{
    uint64_t seed = 12345;
    size_t hidden = 0;

    for (size_t round = 0; round < 40; round++) {
        uint64_t member[48], shown = 0;

        for (size_t i = 0; i < MM_COUNT(member); i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            /* Programme 0 holds all; 1-3 areas, 4-5 sizes, one of each. */
            member[i] = 1 | (UINT64_C(2) << (seed >> 33) % 3) |
                        (UINT64_C(16) << ((seed >> 40) % 8 == 0 ? 1 : 0));
        }
        CHECK(mm_cohorts_show(member, MM_COUNT(member), 6, 5, &shown) == MM_OK);
        CHECK((shown & 1) != 0);
        CHECK(!brute(member, MM_COUNT(member), 6, shown, 5));
        hidden += shown != 63 ? 1 : 0;
    }
    CHECK(hidden > 0 && hidden < 40);
}

TEST(more_kinds_of_companies_than_can_be_looked_at_are_refused_not_shown)
{
    size_t n = 20000;
    uint64_t *member = calloc(n, sizeof(*member)), shown = 7;

    CHECK(member != NULL);
    for (size_t i = 0; i < n; i++)
        member[i] = i + 1;
    CHECK_NUM(mm_cohorts_show(member, n, 15, 5, &shown), MM_E_LIMIT);
    CHECK_NUM(shown, 7);
    CHECK_NUM(mm_cohorts_show(NULL, 0, 3, 5, &shown), MM_OK);
    CHECK_NUM(shown, 0);
    free(member);
}
