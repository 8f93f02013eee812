/* assess/averages_test.c - published means: read, refused, and compared only with their own kind.
 */
#include "assess/averages.h"

#include "assess/peers.h"
#include "tests/harness/test.h"

#include "assess/testkit.h"

#define HEAD                                                                                       \
    "averages: a\nquestionnaire: pilot-three\nversion: 1\nas-of: 2021-03-01\ncohort: " KIT_W       \
    "\nsource: " KIT_W "\nn: 22\nitems:\n"

static struct mm_quest_errors *errors(void)
{
    struct mm_quest_errors *e = calloc(1, sizeof(*e));

    CHECK(e != NULL);
    return e;
}

TEST(published_means_give_a_deviation_value)
{
    struct mm_quest *q = kit_file("tests/golden/pilot-three.yaml");
    struct mm_quest_errors *e = errors();
    struct mm_averages *a = NULL;
    const struct mm_average *mean;
    struct mm_ratio d;

    CHECK_NUM(mm_averages_read(MM_S(HEAD "  - {of: total, mean: 1.85, sd: 0.5}\n"
                                         "  - {of: section, id: incident, mean: 1.5, n: 21}\n"
                                         "  - {of: total, at-least: 2, k: 4}\n"),
                               &a, e),
              MM_OK);
    CHECK_NUM(mm_averages_check(a, q, e), MM_OK);
    mean = mm_averages_mean(a, MM_AVERAGE_TOTAL, MM_S(""));
    CHECK(mean != NULL && mean->n == 22);
    CHECK(mm_deviation_from(mm_ratio_milli(mean->milli), mm_ratio_milli(mean->sd_milli),
                            (struct mm_ratio){2, 1}, &d));
    CHECK_RATIO(d, 53, 1);
    CHECK_NUM(mm_averages_mean(a, MM_AVERAGE_SECTION, MM_S("incident"))->n, 21);
    CHECK(mm_averages_mean(a, MM_AVERAGE_SECTION, MM_S("devices")) == NULL);
    CHECK(a->row[2].kind == MM_AVERAGE_AT_LEAST && a->row[2].k == 4);
    mm_averages_free(&a);
    mm_quest_free(&q);
    free(e);
}

TEST(means_of_another_questionnaire_are_never_compared)
{
    struct mm_quest *q = kit_file("tests/golden/pilot-five.yaml");
    struct mm_quest_errors *e = errors();
    struct mm_averages *a = NULL;

    CHECK_NUM(mm_averages_read(MM_S(HEAD "  - {of: total, mean: 1.85}\n"
                                         "  - {of: section, id: devices, mean: 1}\n"
                                         "  - {of: question, id: q99, mean: 1}\n"),
                               &a, e),
              MM_OK);
    CHECK_NUM(mm_averages_check(a, q, e), MM_E_SYNTAX);
    CHECK_NUM(e->count, 3);
    CHECK(strcmp(e->error[0].what, "other") == 0);
    mm_averages_free(&a);
    mm_quest_free(&q);
    free(e);
}

TEST(averages_that_are_none_are_refused_with_the_reason)
{
    static const struct {
        const char *yaml, *what;
    } cases[] = {
        {"averages: a\n", "missing"},
        {HEAD "  - {of: moon, mean: 1}\n", "choice"},
        {HEAD "  - {of: section, mean: 1}\n", "missing"},
        {HEAD "  - {of: total, id: x, mean: 1}\n", "missing"},
        {HEAD "  - {of: total}\n", "either"},
        {HEAD "  - {of: total, mean: 1, at-least: 2}\n", "either"},
        {HEAD "  - {of: total, mean: 1, k: 2}\n", "either"},
        {HEAD "  - {of: total, at-least: 2}\n", "either"},
        {HEAD "  - {of: total, at-least: 2, k: 23}\n", "whole"},
        {HEAD "  - {of: total, mean: 1, sd: 0}\n", "number"},
        {"averages: a\nquestionnaire: q\nversion: 1\nas-of: 2021-02-30\ncohort: " KIT_W
         "\nsource: " KIT_W "\nn: 1\nitems: [{of: total, mean: 1}]\n",
         "day"},
    };
    struct mm_quest_errors *e = errors();

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_averages *a = NULL;

        CHECK_NUM(mm_averages_read(mm_slice_str(cases[i].yaml), &a, e), MM_E_SYNTAX);
        CHECK(a == NULL && strcmp(e->error[0].what, cases[i].what) == 0);
    }
    free(e);
}
