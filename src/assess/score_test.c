/* assess/score_test.c - the scoring engine: roll-ups, policies, criteria, conditions, tiers, bands.
 */
#include "tests/harness/test.h"

#include "assess/testkit.h"

#define S KIT_SECTION("s")
#define ONE(scales, score, questions) KIT_HEAD scales score "sections:\n" S questions
#define SCORE(how) "score: {" how ", rounding: {rule: half-up, digits: 2}}\n"

static struct mm_arena arena(void)
{
    struct mm_arena a;

    mm_arena_init(&a, 1 << 20);
    return a;
}

TEST(every_rollup_is_exact)
{
    static const struct {
        const char *score;
        const char *answers; /* of weights 1, 2, 0.5 */
        int64_t num, den;
    } cases[] = {
        {SCORE("sections: mean, total: mean"), "123", 2, 1},
        {SCORE("sections: mean, total: mean"), "122", 5, 3},
        {SCORE("sections: mean, total: weighted-mean"), "123", 13, 7}, /* (1 + 4 + 1.5) / 3.5 */
        {SCORE("sections: mean, total: sum"), "223", 7, 1},
        {SCORE("sections: mean, total: worst"), "323", 2, 1},
        {SCORE("sections: share, total: share, share-at: partly"), "123", 2, 3},
        {SCORE("sections: mean, total: mean, show: percent"), "122", 100, 3},
        {SCORE("sections: mean, total: weighted-mean, show: percent"), "123", 300, 7},
        {SCORE("sections: mean, total: sum, show: percent"), "122", 100, 3},
        {SCORE("sections: mean, total: worst, show: percent"), "323", 50, 1},
        {SCORE("sections: share, total: share, share-at: done, show: percent"), "123", 100, 3},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_arena a = arena();
        char yaml[4096];
        struct mm_quest *q;
        struct mm_result r;

        (void)snprintf(yaml, sizeof(yaml), "%s%s%ssections:\n%s", KIT_HEAD, KIT_THREE,
                       cases[i].score,
                       S KIT_Q("a") KIT_QX("b", "weight: 2") KIT_QX("c", "weight: 0.5"));
        q = kit_read(yaml);
        r = kit_score(q, cases[i].answers, &a);
        CHECK(r.total.measured);
        CHECK_RATIO(r.total.value, cases[i].num, cases[i].den);
        CHECK_NUM(r.total.n.counted, 3);
        mm_quest_free(&q);
        mm_arena_done(&a);
    }
}

TEST(unknown_not_applicable_and_blank_are_three_things)
{
    static const struct {
        const char *policy;
        int64_t num, den;
        size_t counted;
    } cases[] = {
        {"", 5, 3, 3}, /* unknown is the lowest, the others are left out: (3 + 1 + 1) / 3 */
        {"    unknown: left-out\n", 2, 1, 2},
        {"    unknown: -1\n", 1, 1, 3},
        {"    not-applicable: highest\n", 2, 1, 4},
        {"    blank: lowest\n", 3, 2, 4},
        {"    blank: 2.5\n    not-applicable: 0.5\n    unknown: highest\n", 2, 1, 5},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_arena a = arena();
        char yaml[4096];
        struct mm_quest *q;
        struct mm_result r;

        (void)snprintf(yaml, sizeof(yaml), "%s%s%s%ssections:\n%s", KIT_HEAD, KIT_THREE,
                       cases[i].policy, KIT_SCORE,
                       S KIT_Q("a") KIT_Q("b") KIT_Q("c") KIT_Q("d") KIT_Q("e"));
        q = kit_read(yaml);
        r = kit_score(q, "31?-.", &a);
        CHECK_RATIO(r.total.value, cases[i].num, cases[i].den);
        CHECK_NUM(r.total.n.counted, cases[i].counted);
        CHECK_NUM(r.total.n.given, 2);
        CHECK_NUM(r.total.n.unknown, 1);
        CHECK_NUM(r.total.n.not_applicable, 1);
        CHECK_NUM(r.total.n.blank, 1);
        mm_quest_free(&q);
        mm_arena_done(&a);
    }
}

TEST(an_answer_that_cannot_be_is_refused)
{
    struct mm_quest *q = kit_read(
        ONE(KIT_THREE "    unknown: refused\n", KIT_SCORE,
            KIT_QX("a", "criteria: [{criterion: c, words: " KIT_W ", from: done}]")
                KIT_QX("m", "kind: many") "      - {question: t, kind: text, ask: " KIT_W "}\n"));
    static const struct {
        size_t question;
        struct mm_answer a;
        bool good;
    } cases[] = {
        {0, {.state = MM_ANSWER_GIVEN, .levels = 4}, true},
        {0, {.state = MM_ANSWER_GIVEN, .levels = 8}, false},
        {0, {.state = MM_ANSWER_GIVEN, .levels = 3}, false},
        {0, {.state = MM_ANSWER_GIVEN}, false},
        {0, {.state = MM_ANSWER_UNKNOWN}, false},
        {0, {.state = MM_ANSWER_NOT_APPLICABLE}, true},
        {0, {.state = MM_ANSWER_BLANK, .levels = 1}, false},
        {0, {.state = MM_ANSWER_BLANK, .ticked = true, .met = 1}, true},
        {0, {.state = MM_ANSWER_BLANK, .ticked = true, .met = 2}, false},
        {0, {.state = MM_ANSWER_BLANK, .met = 1}, false},
        {1, {.state = MM_ANSWER_GIVEN, .levels = 5}, true},
        {1, {.state = MM_ANSWER_GIVEN}, true}, /* none of them */
        {2, {.state = MM_ANSWER_GIVEN}, true},
        {2, {.state = MM_ANSWER_GIVEN, .levels = 1}, false},
        {0, {.state = MM_ANSWER_STATES}, false},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++)
        CHECK(mm_answer_check(&q->question[cases[i].question], &cases[i].a) == cases[i].good);
    mm_quest_free(&q);
}

TEST(too_few_answers_are_not_measured_and_not_zero)
{
    struct mm_quest *q = kit_read(ONE(KIT_THREE, SCORE("sections: mean, total: mean, least: 2"),
                                      KIT_Q("a") KIT_Q("b") KIT_Q("c")));
    struct mm_arena a = arena();
    struct mm_result r = kit_score(q, "1..", &a);

    CHECK(!r.total.measured);
    CHECK_NUM(r.total.n.counted, 1);
    CHECK_PRINTED(q, &r.total, "");
    r = kit_score(q, "11.", &a);
    CHECK(r.total.measured);
    CHECK_PRINTED(q, &r.total, "1.00");
    mm_quest_free(&q);
    mm_arena_done(&a);
}

/* c1 has to hold from partly on, c2 from done. */
#define CRITERIA                                                                                   \
    "criteria: [{criterion: c1, words: " KIT_W ", from: partly}, {criterion: c2, words: " KIT_W    \
    ", from: done}]"

TEST(criteria_that_were_not_ticked_are_noted_or_cap_the_level)
{
    static const struct {
        uint32_t met;
        bool ticked;
        int level; /* that counts when they cap */
    } cases[] = {{3, true, 2}, {1, true, 1}, {2, true, 0}, {0, true, 0}, {0, false, 2}};
    struct mm_quest *note =
        kit_read(ONE(KIT_THREE, SCORE("sections: mean, total: mean"), KIT_QX("a", CRITERIA)));
    struct mm_quest *cap = kit_read(
        ONE(KIT_THREE, SCORE("sections: mean, total: mean, criteria: cap"), KIT_QX("a", CRITERIA)));
    struct mm_arena a = arena();

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_answer answer = {
            .state = MM_ANSWER_GIVEN, .levels = 4, .ticked = cases[i].ticked, .met = cases[i].met};
        struct mm_result r;

        CHECK(mm_score(note, &answer, &a, &r) == MM_OK);
        CHECK_NUM(r.item[0].level, 2);
        CHECK(r.item[0].criteria == (cases[i].level != 2));
        CHECK(mm_score(cap, &answer, &a, &r) == MM_OK);
        CHECK_NUM(r.item[0].level, cases[i].level);
        CHECK_RATIO(r.total.value, cases[i].level + 1, 1);
    }
    mm_quest_free(&note);
    mm_quest_free(&cap);
    mm_arena_done(&a);
}

TEST(a_question_whose_condition_fails_is_not_asked)
{
    static const struct {
        const char *cond, *answers;
        bool asked;
    } cases[] = {
        {"is: [done]", "31", true},           {"is: [done]", "21", false},
        {"is: [done]", "?1", false},          {"is: [done, unknown]", "?1", true},
        {"is: [not-applicable]", "-1", true}, {"is: [done]", ".1", false},
        {"at-least: partly", "21", true},     {"at-least: partly", "31", true},
        {"at-least: partly", "11", false},    {"not: [none]", "21", true},
        {"not: [none]", "11", false},         {"not: [none]", "?1", false},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_arena a = arena();
        char yaml[4096];
        struct mm_quest *q;
        struct mm_result r;

        (void)snprintf(yaml, sizeof(yaml),
                       "%s%s%ssections:\n%s%s      - {question: b, scale: three, ask: %s, "
                       "asked-if: [{question: a, %s}]}\n",
                       KIT_HEAD, KIT_THREE, KIT_SCORE, S, KIT_Q("a"), KIT_W, cases[i].cond);
        q = kit_read(yaml);
        r = kit_score(q, cases[i].answers, &a);
        CHECK(r.item[1].asked == cases[i].asked);
        CHECK(r.item[1].counted == cases[i].asked);
        CHECK_NUM(r.total.n.not_asked, cases[i].asked ? 0 : 1);
        mm_quest_free(&q);
        mm_arena_done(&a);
    }
}

TEST(what_is_not_asked_may_count_as_the_best)
{
    struct mm_quest *q =
        kit_read(ONE(KIT_THREE, SCORE("sections: mean, total: mean, not-asked: highest"),
                     KIT_Q("a") KIT_QX("b", "asked-if: [{question: a, is: [done]}]")
                         KIT_QX("c", "asked-if: [{question: b, is: [done]}]")));
    struct mm_arena a = arena();
    struct mm_result r = kit_score(q, "133", &a); /* b is not asked, so c is not: (1 + 3 + 3) / 3 */

    CHECK(!r.item[1].asked && !r.item[2].asked && r.item[2].counted);
    CHECK_RATIO(r.total.value, 7, 3);
    CHECK_NUM(r.total.n.not_asked, 2);
    mm_quest_free(&q);
    mm_arena_done(&a);
}

TEST(a_tier_is_reached_when_all_of_it_and_before_it_stand)
{
    struct mm_quest *q =
        kit_read(KIT_HEAD "tiers:\n  - {tier: minimum, reached-at: partly, words: " KIT_W
                          "}\n  - {tier: basic, reached-at: done, words: " KIT_W
                          "}\n" KIT_THREE KIT_SCORE "sections:\n" S KIT_QX("a", "tier: minimum")
                              KIT_QX("b", "tier: minimum") KIT_QX("c", "tier: basic") KIT_Q("d"));
    static const struct {
        const char *answers;
        size_t k0, n0, k1, n1;
    } cases[] = {
        {"2231", 2, 2, 1, 3}, /* basic asks for done, also of the first */
        {"3331", 2, 2, 3, 3}, {"3?31", 1, 2, 2, 3}, {"3-31", 1, 1, 2, 2},
        {"3.31", 1, 2, 2, 3}, {"----", 0, 0, 0, 0},
    };
    struct mm_arena a = arena();

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_result r = kit_score(q, cases[i].answers, &a);

        CHECK_NUM(r.tier[0].k, cases[i].k0);
        CHECK_NUM(r.tier[0].n, cases[i].n0);
        CHECK_NUM(r.tier[1].k, cases[i].k1);
        CHECK_NUM(r.tier[1].n, cases[i].n1);
        CHECK(r.tier[1].reached == (cases[i].n1 > 0 && cases[i].k1 == cases[i].n1));
    }
    mm_quest_free(&q);
    mm_arena_done(&a);
}

TEST(a_total_of_sections_weighs_sections_not_questions)
{
    static const char two[] =
        "  - section: t\n    title: " KIT_W "\n    weight: 3\n    category: c\n    questions:\n";
    struct mm_arena a = arena();
    static const struct {
        const char *score, *answers;
        int64_t num, den;
        bool measured;
    } cases[] = {
        {"sections: mean, total: mean, of: sections", "1113", 2, 1, true},
        {"sections: mean, total: weighted-mean, of: sections", "1113", 5, 2, true},
        {"sections: worst, total: sum, of: sections", "1232", 3, 1, true},
        {"sections: mean, total: worst, of: sections", "113.", 5, 3, true}, /* t is empty */
        {"sections: mean, total: mean, of: sections", "....", 0, 1, false},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        char yaml[4096];
        struct mm_quest *q;
        struct mm_result r;

        (void)snprintf(yaml, sizeof(yaml),
                       "%s%sscore: {%s, rounding: {rule: floor, digits: 1}}\nsections:\n%s%s%s",
                       KIT_HEAD, KIT_THREE, cases[i].score, S KIT_Q("a") KIT_Q("b") KIT_Q("c"), two,
                       KIT_Q("d"));
        q = kit_read(yaml);
        r = kit_score(q, cases[i].answers, &a);
        CHECK(r.total.measured == cases[i].measured);
        CHECK_RATIO(r.total.value, cases[i].num, cases[i].den);
        CHECK_NUM(q->categories, 1);
        CHECK(r.category[0].measured == (cases[i].answers[3] != '.'));
        mm_quest_free(&q);
    }
    mm_arena_done(&a);
}

TEST(lines_and_bands_compare_the_exact_value)
{
    /* What is printed 2.00 may lie below 2. */
    struct mm_quest *q = kit_read(ONE(
        KIT_THREE,
        "score:\n  sections: mean\n  total: weighted-mean\n  rounding: {rule: half-up, digits: 2}\n"
        "  lines:\n    - {line: up, at-least: 2, words: " KIT_W
        "}\n    - {line: down, at-most: 1.995, words: " KIT_W
        "}\n  bands:\n    - {band: good, from: 2, words: " KIT_W
        "}\n    - {band: rest, words: " KIT_W "}\n",
        KIT_QX("a", "weight: 0.995") KIT_QX("b", "weight: 0.005") KIT_QX("c", "weight: 1")));
    struct mm_arena a = arena();
    struct mm_result r = kit_score(q, "213", &a); /* (1.99 + 0.005 + 3) / 2 */

    CHECK_RATIO(r.total.value, 999, 400);
    CHECK_NUM(r.total.lines, 1);
    CHECK_NUM(r.band, 0);
    r = kit_score(q, "212", &a); /* 3.995 / 2 = 1.9975 */
    CHECK_PRINTED(q, &r.total, "2.00");
    CHECK_NUM(r.total.lines, 0);
    CHECK_NUM(r.band, 1);
    CHECK_NUM(mm_bands_find(q->score.band, q->score.bands, (struct mm_ratio){2, 1}), 0);
    mm_quest_free(&q);
    mm_arena_done(&a);
}

TEST(gaps_are_shares_of_the_scale_times_the_weight)
{
    struct mm_quest *q = kit_read(ONE(KIT_THREE, KIT_SCORE,
                                      KIT_QX("a", "weight: 3") KIT_Q("b") KIT_QX("c", "weight: 2")
                                          KIT_QX("d", "counts: false")));
    struct mm_arena a = arena();
    struct mm_result r = kit_score(q, "23?1", &a);
    struct mm_ratio gap;

    CHECK(mm_score_gap(&r, 0, &gap));
    CHECK_RATIO(gap, 3, 2);
    CHECK(mm_score_gap(&r, 1, &gap));
    CHECK_RATIO(gap, 0, 1);
    CHECK(mm_score_gap(&r, 2, &gap)); /* unknown counts as the lowest */
    CHECK_RATIO(gap, 2, 1);
    CHECK(mm_score_gap(&r, 3, &gap));
    CHECK_RATIO(gap, 0, 1);
    mm_quest_free(&q);
    mm_arena_done(&a);
}

TEST(a_survey_without_a_score_is_not_measured)
{
    struct mm_quest *q = kit_read(ONE(KIT_THREE, "", KIT_Q("a") KIT_QX("b", "kind: many")));
    struct mm_arena a = arena();
    struct mm_result r = kit_score(q, "12", &a);

    CHECK(!r.total.measured && !r.section[0].measured);
    CHECK_NUM(r.total.n.questions, 0);
    CHECK(r.item[0].asked && !r.item[0].counted);
    mm_quest_free(&q);
    mm_arena_done(&a);
}

TEST(what_does_not_fit_exactly_is_refused_not_rounded)
{
    /* Percentages of scales whose ranges are large primes: their common denominator has no room. */
    static const int primes[] = {999983, 999979, 999961, 999959, 999953};
    static char yaml[8192]; /* tidy: global allowed, a text of this test. */
    size_t n = (size_t)snprintf(yaml, sizeof(yaml), "%s%ssections:\n%s", KIT_HEAD,
                                SCORE("sections: mean, total: mean, show: percent"), S);
    struct mm_answer answer[MM_COUNT(primes)];
    struct mm_arena a = arena();
    struct mm_result r = {.band = 77};
    struct mm_quest *q;

    for (size_t i = 0; i < MM_COUNT(primes); i++) {
        n += (size_t)snprintf(yaml + n, sizeof(yaml) - n,
                              "      - {question: q%zu, ask: %s, levels: [{level: a, value: 0, "
                              "words: %s}, {level: b, value: 0.001, words: %s}, {level: c, value: "
                              "%d.%03d, words: %s}]}\n",
                              i, KIT_W, KIT_W, KIT_W, primes[i] / 1000, primes[i] % 1000, KIT_W);
        answer[i] = (struct mm_answer){.state = MM_ANSWER_GIVEN, .levels = 2};
    }
    q = kit_read(yaml);
    CHECK(mm_score(q, answer, &a, &r) == MM_E_RANGE);
    CHECK_NUM(r.band, 77);
    mm_quest_free(&q);
    mm_arena_done(&a);
}
