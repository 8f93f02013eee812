/*
 * assess/golden_test.c - figures that documents print, computed again from tests/golden; and
 * readings of them that have to be refused.
 */
#include "assess/matrix.h"
#include "assess/peers.h"
#include "tests/harness/test.h"

#include "assess/testkit.h"

enum { ROWS_MAX = 64, COLUMNS_MAX = 10 };

struct table {
    char *text;
    struct mm_slice cell[ROWS_MAX][COLUMNS_MAX]; /* without the row of names */
    size_t rows;
};

static struct mm_slice cut(struct mm_slice *s, uint8_t at)
{
    size_t n = mm_slice_find(*s, at, 0);
    struct mm_slice first = mm_slice_sub(*s, 0, n);

    *s = mm_slice_sub(*s, n == SIZE_MAX ? s->n : n + 1, s->n);
    return first;
}

static struct table *table(const char *path)
{
    struct table *t = calloc(1, sizeof(*t));
    struct mm_slice text;

    CHECK(t != NULL);
    text = kit_text(path, &t->text);
    (void)cut(&text, '\n');
    while (text.n > 0) {
        struct mm_slice line = cut(&text, '\n');

        CHECK(t->rows < ROWS_MAX);
        for (size_t i = 0; line.n > 0; i++) {
            CHECK(i < COLUMNS_MAX);
            t->cell[t->rows][i] = cut(&line, ',');
        }
        t->rows++;
    }
    return t;
}

static void table_free(struct table *t)
{
    free(t->text);
    free(t);
}

static int64_t number(struct mm_slice s)
{
    int64_t v = 0;

    CHECK(mm_slice_i64(s, &v));
    return v;
}

#define CHECK_SCALED(call, want)                                                                   \
    do {                                                                                           \
        int64_t got_ = -99999;                                                                     \
        CHECK(call);                                                                               \
        CHECK_NUM(got_, (want));                                                                   \
    } while (0)

/* ---- G1: 32 sites with score, rank and factors ---- */

static const char grades[] =
    "matrix: grades\ntitle: " KIT_W "\nsource: " KIT_W "\nproduct: true\n"
    "rows: {title: " KIT_W ", levels: [{level: a, value: 1, words: " KIT_W
    "}, {level: b, value: 2, words: " KIT_W "}]}\n"
    "columns: {title: " KIT_W ", levels: [{level: a, value: 1, words: " KIT_W
    "}, {level: b, value: 2, words: " KIT_W "}]}\n"
    "bands:\n  - {band: a, from: 90, words: " KIT_W "}\n  - {band: b, from: 80, words: " KIT_W
    "}\n  - {band: c, words: " KIT_W "}\n";

static size_t count(const struct table *t, size_t column, const char *what)
{
    size_t n = 0;

    for (size_t i = 0; i < t->rows; i++)
        n += mm_slice_eq(t->cell[i][column], mm_slice_str(what)) ? 1 : 0;
    return n;
}

static size_t scores(const struct table *t, int64_t *ret)
{
    for (size_t i = 0; i < t->rows; i++)
        ret[i] = number(t->cell[i][1]) * MM_MICRO;
    return t->rows;
}

TEST(g1_mean_median_spread_and_deviation_of_32_sites)
{
    struct table *t = table("tests/golden/figure45.csv");
    int64_t v[ROWS_MAX];
    size_t n = scores(t, v);
    struct mm_stats s;

    mm_stats_of(v, n, &s);
    CHECK_NUM(s.n, 32);
    CHECK_NUM(s.sum, 2793 * MM_MICRO);
    CHECK_NUM(s.min, 70 * MM_MICRO);
    CHECK_NUM(s.max, 97 * MM_MICRO);
    CHECK_RATIO(mm_stats_mean(&s), 2793, 32); /* 87.28125 */
    CHECK_SCALED(mm_stats_sd(&s, MM_DEVIATION_POPULATION, 4, &got_), 68293);
    CHECK_SCALED(mm_stats_sd(&s, MM_DEVIATION_SAMPLE, 4, &got_), 69386);
    CHECK_SCALED(mm_stats_deviation(&s, MM_DEVIATION_POPULATION, 70 * MM_MICRO, 1, &got_), 247);
    CHECK_SCALED(mm_stats_deviation(&s, MM_DEVIATION_POPULATION, 97 * MM_MICRO, 1, &got_), 642);
    CHECK_SCALED(mm_stats_deviation(&s, MM_DEVIATION_POPULATION, 89 * MM_MICRO, 1, &got_), 525);
    mm_micro_sort(v, n);
    CHECK_RATIO(mm_quantile(v, n, 1, 2), 89, 1);
    table_free(t);
}

TEST(g1_ranks_follow_from_scores_and_x1_44_44_12_does_not)
{
    static struct mm_quest_errors e; /* tidy: global allowed, 23 KiB are too many for a stack. */
    static const char *const names[] = {"A", "B", "C"};
    struct table *t = table("tests/golden/figure45.csv");
    struct mm_matrix *m = NULL;
    size_t by_band[3] = {0};
    int64_t share[3];

    CHECK(mm_matrix_read(mm_slice_str(grades), &m, &e) == MM_OK);
    for (size_t i = 0; i < t->rows; i++) {
        int band = mm_matrix_band(m, number(t->cell[i][1]) * 1000);

        CHECK_SLICE(t->cell[i][2], names[band]);
        by_band[band]++;
    }
    CHECK_NUM(by_band[0], 12);
    CHECK_NUM(by_band[1], 16);
    CHECK_NUM(by_band[2], 4);
    mm_shares(by_band, 3, 1, share);
    CHECK_NUM(share[0], 375);
    CHECK_NUM(share[1], 500);
    CHECK_NUM(share[2], 125);
    mm_matrix_free(&m);
    table_free(t);
}

TEST(g1_factors_are_counted_and_x3_three_quarters_is_not_reached)
{
    static const struct {
        size_t column;
        size_t a, b, c, d, f;
    } want[] = {{3, 5, 5, 8, 6, 8},
                {4, 25, 2, 2, 0, 3},
                {5, 29, 2, 0, 0, 1},
                {6, 30, 2, 0, 0, 0},
                {7, 31, 0, 1, 0, 0}};
    struct table *t = table("tests/golden/figure45.csv");
    size_t poor;

    for (size_t i = 0; i < MM_COUNT(want); i++) {
        CHECK_NUM(count(t, want[i].column, "A"), want[i].a);
        CHECK_NUM(count(t, want[i].column, "B"), want[i].b);
        CHECK_NUM(count(t, want[i].column, "C"), want[i].c);
        CHECK_NUM(count(t, want[i].column, "D"), want[i].d);
        CHECK_NUM(count(t, want[i].column, "F"), want[i].f);
    }
    poor = count(t, 3, "C") + count(t, 3, "D") + count(t, 3, "F");
    CHECK_NUM(poor, 22);
    CHECK(poor * 4 < t->rows * 3); /* 68.75 %: not "75 % or more" */
    table_free(t);
}

TEST(g1_x22_three_sites_of_one_company_are_its_worst)
{
    struct table *t = table("tests/golden/figure45.csv");
    uint64_t owner[ROWS_MAX];
    int64_t v[ROWS_MAX];
    size_t n = scores(t, v), a = 0, b = 0, c = 0;

    for (size_t i = 0; i < n; i++) {
        struct mm_slice site = t->cell[i][0];

        owner[i] = site.p[0] == 'u' ? 'u' : 1000 + i;
    }
    n = mm_micro_fold(owner, v, n, MM_FOLD_WORST);
    CHECK_NUM(n, 30);
    for (size_t i = 0; i < n; i++) {
        a += v[i] >= 90 * MM_MICRO ? 1 : 0;
        b += v[i] >= 80 * MM_MICRO && v[i] < 90 * MM_MICRO ? 1 : 0;
        c += v[i] < 80 * MM_MICRO ? 1 : 0;
        if (owner[i] == 'u')
            CHECK_NUM(v[i], 88 * MM_MICRO);
    }
    CHECK(a == 11 && b == 15 && c == 4);
    table_free(t);
}

/* ---- G3, G11: risk ---- */

static struct mm_matrix *matrix(const char *path)
{
    static struct mm_quest_errors e; /* tidy: global allowed, 23 KiB are too many for a stack. */
    struct mm_matrix *m = NULL;
    char *text;
    struct mm_slice yaml = kit_text(path, &text);

    if (mm_matrix_read(yaml, &m, &e) != MM_OK)
        kit_tell(&e);
    CHECK(m != NULL);
    free(text);
    return m;
}

TEST(g3_rows_agree_with_the_matrix_but_x9_is_flagged)
{
    struct mm_matrix *m = matrix("content/matrices/s-company.yaml");
    struct table *t = table("tests/golden/s-company.csv");
    size_t contradicts = 0, assumed = 0;

    CHECK_NUM(t->rows, 15);
    for (size_t i = 0; i < t->rows; i++) {
        int row = mm_matrix_level(&m->row, t->cell[i][0]);
        int column = mm_matrix_level(&m->column, t->cell[i][1]);
        enum mm_matrix_verdict v;

        CHECK(row >= 0 && column >= 0);
        v = mm_matrix_check(m, (size_t)row, (size_t)column, number(t->cell[i][2]) * 1000);
        assumed += v == MM_MATRIX_ASSUMED ? 1 : 0;
        contradicts += v == MM_MATRIX_CONTRADICTS ? 1 : 0;
        CHECK((v == MM_MATRIX_CONTRADICTS) == (i == 13));
    }
    CHECK_NUM(contradicts, 1);
    CHECK_NUM(assumed, 0); /* no printed row fills the two cells that are ours */
    CHECK(mm_matrix_check(m, 1, 0, 1000) == MM_MATRIX_ASSUMED);
    CHECK(mm_matrix_check(m, 2, 0, 2000) == MM_MATRIX_ASSUMED);
    CHECK_NUM(mm_matrix_at(m, 2, 2).milli, 3000);
    mm_matrix_free(&m);
    table_free(t);
}

TEST(g11_importance_threat_and_weakness_make_the_printed_risk)
{
    struct mm_matrix *l = matrix("content/matrices/ipa-likelihood.yaml");
    struct mm_matrix *r = matrix("content/matrices/ipa-risk.yaml");
    struct table *t = table("tests/golden/ipa-appendix7.csv");

    for (size_t i = 0; i < t->rows; i++) {
        size_t importance = (size_t)number(t->cell[i][0]);
        size_t threat = (size_t)number(t->cell[i][1]) - 1;
        size_t weak = (size_t)number(t->cell[i][2]) - 1;
        int64_t likelihood = mm_matrix_at(l, threat, weak).milli;
        struct mm_matrix_cell risk;

        CHECK_NUM(likelihood, number(t->cell[i][3]) * 1000);
        risk = mm_matrix_at(r, importance, (size_t)(likelihood / 1000) - 1);
        CHECK_NUM(risk.milli, number(t->cell[i][4]) * 1000);
        CHECK(mm_slice_eq(r->band[mm_matrix_band(r, risk.milli)].id, t->cell[i][5]));
    }
    mm_matrix_free(&l);
    mm_matrix_free(&r);
    table_free(t);
}

/* ---- G7: k of n ---- */

TEST(g7_shares_keep_k_and_n_and_print_half_up)
{
    struct table *t = table("tests/golden/surveys.csv");

    for (size_t i = 0; i < t->rows; i++) {
        struct mm_buf out;

        mm_buf_init(&out, 32);
        mm_share_print(&out, (size_t)number(t->cell[i][1]), (size_t)number(t->cell[i][2]));
        CHECK(mm_slice_eq(mm_buf_slice(&out), t->cell[i][3]));
        mm_buf_done(&out);
    }
    table_free(t);
}

TEST(g7_x8_30_of_64_is_no_majority_and_x24_15_of_31_neither)
{
    CHECK(2 * 30 < 64);
    CHECK(2 * 15 < 31);
    CHECK(mm_ratio_cmp((struct mm_ratio){30, 64}, (struct mm_ratio){1, 2}) < 0);
    /* 51.7 % is of those who said either, another n: not the same share. */
    CHECK(mm_ratio_cmp((struct mm_ratio){30, 58}, (struct mm_ratio){30, 64}) != 0);
}

TEST(x13_shares_of_a_whole_add_up_to_100)
{
    static const size_t insured[] = {4, 61};
    static const size_t thirds[] = {1, 1, 1};
    int64_t share[3];

    mm_shares(insured, 2, 1, share);
    CHECK_NUM(share[0], 62); /* the report prints 6.1 and 93.9: no one rule gives both */
    CHECK_NUM(share[1], 938);
    mm_shares(thirds, 3, 1, share);
    CHECK_NUM(share[0] + share[1] + share[2], 1000);
    CHECK_NUM(share[0], 334);
}

TEST(x2_rounding_has_a_name_because_4_of_32_needs_one)
{
    struct mm_ratio r = {.num = 400, .den = 32};
    int64_t v;

    CHECK(mm_ratio_round(r, MM_ROUND_HALF_UP, 0, &v));
    CHECK_NUM(v, 13);
    CHECK(mm_ratio_round(r, MM_ROUND_HALF_EVEN, 0, &v));
    CHECK_NUM(v, 12);
}

/* ---- G10: the two regions ---- */

struct region {
    struct mm_stats stats;
    size_t n, at_least, at_most;
};

static struct region region(const char *name, const char *extra)
{
    struct region g = {0};
    struct mm_arena a;
    char path[128];
    struct mm_quest *q;
    struct table *t;
    int64_t v[ROWS_MAX];

    (void)snprintf(path, sizeof(path), "tests/golden/%s%s.yaml", name, extra);
    q = kit_file(path);
    (void)snprintf(path, sizeof(path), "tests/golden/%s.csv", name);
    t = table(path);
    mm_arena_init(&a, 1 << 20);
    for (size_t i = 0; i < t->rows; i++) {
        char word[64] = {0};
        struct mm_result r;

        CHECK(t->cell[i][1].n < sizeof(word));
        memcpy(word, t->cell[i][1].p, t->cell[i][1].n);
        r = kit_score(q, word, &a);
        CHECK(mm_micro_of(r.total.value, &v[i]));
        g.at_least += r.total.lines & 1;
        g.at_most += r.total.lines >> 1 & 1;
    }
    g.n = t->rows;
    mm_stats_of(v, g.n, &g.stats);
    mm_arena_done(&a);
    mm_quest_free(&q);
    table_free(t);
    return g;
}

TEST(g10_means_and_lines_of_two_regions)
{
    struct region three = region("pilot-three", ""), five = region("pilot-five", "");
    struct mm_buf out;

    CHECK_RATIO(mm_stats_mean(&three.stats), 37, 20); /* 1.85 */
    CHECK_NUM(three.n, 22);
    CHECK_NUM(three.at_least, 4);
    CHECK_NUM(three.at_most, 4);
    CHECK_RATIO(mm_stats_mean(&five.stats), 67, 20); /* 3.35 */
    CHECK_NUM(five.n, 8);
    CHECK_NUM(five.at_least, 2);
    CHECK_NUM(five.at_most, 2);
    mm_buf_init(&out, 64);
    mm_ratio_print(&out, (struct mm_ratio){400, 22}, MM_ROUND_HALF_UP, 0);
    mm_buf_byte(&out, ' ');
    mm_ratio_print(&out, (struct mm_ratio){200, 8}, MM_ROUND_HALF_UP, 0);
    CHECK_SLICE(mm_buf_slice(&out), "18 25");
    mm_buf_done(&out);
}

/* x14: 1.85 of 3 is 42.5 of 100, 3.35 of 5 is 58.75: only so may they stand side by side. */
TEST(x14_scales_of_two_regions_compare_only_in_percent)
{
    static const char raw[] = "  rounding:", percent[] = "  show: percent\n  rounding:";
    static const struct {
        const char *name;
        int64_t num, den;
    } cases[] = {{"pilot-three", 85, 2}, {"pilot-five", 235, 4}};

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        char path[128], *text, *both = malloc(1 << 20), *at;
        struct table *t;
        struct mm_arena a;
        struct mm_quest *q;
        int64_t v[ROWS_MAX];
        struct mm_stats s;

        (void)snprintf(path, sizeof(path), "tests/golden/%s.yaml", cases[i].name);
        (void)kit_text(path, &text);
        at = strstr(text, raw);
        CHECK(at != NULL && both != NULL);
        (void)snprintf(both, 1 << 20, "%.*s%s%s", (int)(at - text), text, percent,
                       at + sizeof(raw) - 1);
        q = kit_read(both);
        (void)snprintf(path, sizeof(path), "tests/golden/%s.csv", cases[i].name);
        t = table(path);
        mm_arena_init(&a, 1 << 20);
        for (size_t k = 0; k < t->rows; k++) {
            char word[64] = {0};

            memcpy(word, t->cell[k][1].p, t->cell[k][1].n);
            CHECK(mm_micro_of(kit_score(q, word, &a).total.value, &v[k]));
        }
        mm_stats_of(v, t->rows, &s);
        CHECK_RATIO(mm_stats_mean(&s), cases[i].num, cases[i].den);
        mm_arena_done(&a);
        mm_quest_free(&q);
        table_free(t);
        free(text);
        free(both);
    }
}

/* ---- rules that are just files ---- */

TEST(points_of_25_questions_run_from_minus_25_to_100)
{
    static const struct {
        const char *answers, *band;
        int64_t points;
    } cases[] = {
        {"3333333333333333333333333", "full", 100}, {"?????????????????????????", "low", -25},
        {"1111111111111111111111111", "low", 0},    {"3333333333333333322222222", "high", 84},
        {"333333333333333331?------", "high", 91},  {"2222222222222222222222222", "middle", 50},
        {"222222222222222222222222?", "low", 47},
    };
    struct mm_quest *q = kit_file("tests/golden/points-25.yaml");
    struct mm_arena a;

    mm_arena_init(&a, 1 << 20);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_result r = kit_score(q, cases[i].answers, &a);

        CHECK_RATIO(r.total.value, cases[i].points, 1);
        CHECK_SLICE(q->score.band[r.band].id, cases[i].band);
    }
    mm_quest_free(&q);
    mm_arena_done(&a);
}

TEST(totals_of_27_levels_run_from_27_to_135_with_a_deviation_value)
{
    struct mm_quest *q = kit_file("tests/golden/levels-27.yaml");
    const struct mm_ratio mean = {.num = 81, .den = 1}, sd = {.num = 18, .den = 1};
    struct mm_ratio d;
    struct mm_arena a;
    struct mm_result r;

    mm_arena_init(&a, 1 << 20);
    r = kit_score(q, "111111111111111111111111111", &a);
    CHECK_RATIO(r.total.value, 27, 1);
    r = kit_score(q, "555555555555555555555555555", &a);
    CHECK_RATIO(r.total.value, 135, 1);
    CHECK(mm_deviation_from(mean, sd, r.total.value, &d));
    CHECK_RATIO(d, 80, 1);
    CHECK(!mm_deviation_from(mean, (struct mm_ratio){0, 1}, r.total.value, &d));
    CHECK(q->score.deviation == MM_DEVIATION_POPULATION);
    mm_quest_free(&q);
    mm_arena_done(&a);
}
