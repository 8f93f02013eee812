/*
 * assess/cohort_bench.c - a cohort computed anew: 10,000 companies' answers to the longest
 * questionnaire that ships are scored, and mean, spread, quartiles, deviation values, the answers'
 * distribution and what of 64 cohorts may be shown are worked out.
 */
#include <stdio.h>
#include <stdlib.h>

#include "assess/peers.h"
#include "assess/score.h"
#include "base/time.h"

enum { COMPANIES = 10000, TEXT_MAX = 1 << 20, ROUNDS = 5, AREAS = 20, TRADES = 24, SIZES = 10 };
#define QUESTIONNAIRE MM_SOURCE_DIR "/content/questionnaires/supplier-extended.yaml"

struct cohort {
    struct mm_quest *q;
    struct mm_answer *answer; /* by company, then question */
    uint64_t *member;
    int64_t *micro, *sorted;
    size_t (*spread)[MM_QUEST_LEVELS_MAX]; /* by question: how many at each level */
};

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * UINT32_C(1664525) + UINT32_C(1013904223);
    return *seed >> 8;
}

static struct mm_quest *read_questionnaire(void)
{
    static struct mm_quest_errors errors; /* tidy: global allowed, 23 KiB. */
    struct mm_quest *q = NULL;
    char *text = calloc(1, TEXT_MAX);
    FILE *f = fopen(QUESTIONNAIRE, "rb");
    size_t n = f == NULL || text == NULL ? 0 : fread(text, 1, TEXT_MAX, f);

    if (f != NULL)
        (void)fclose(f);
    if (n > 0 && mm_quest_read(mm_slice_of(text, n), &q, &errors) != MM_OK)
        q = NULL;
    free(text);
    return q;
}

/* Companies answer as they please; one in twelve does not know, one in twenty leaves it blank. */
static void answer(struct cohort *c)
{
    uint32_t seed = 7;

    for (size_t i = 0; i < (size_t)COMPANIES * c->q->questions; i++) {
        const struct mm_question *u = &c->q->question[i % c->q->questions];
        struct mm_answer *a = &c->answer[i];
        uint32_t dice = next(&seed);

        if (u->scale == NULL || dice % 20 == 0)
            continue;
        a->state = dice % 12 == 1 ? MM_ANSWER_UNKNOWN : MM_ANSWER_GIVEN;
        if (a->state == MM_ANSWER_GIVEN)
            a->levels = UINT32_C(1) << (next(&seed) % u->scale->levels);
        if (!mm_answer_check(u, a))
            *a = (struct mm_answer){.state = MM_ANSWER_BLANK};
    }
    for (size_t i = 0; i < COMPANIES; i++)
        c->member[i] = 1 | UINT64_C(2) << next(&seed) % AREAS |
                       UINT64_C(2) << (AREAS + next(&seed) % TRADES) |
                       UINT64_C(2) << (AREAS + TRADES + next(&seed) % SIZES);
}

/* Scores and distributions; false when anything was not as it must be. */
static bool score(struct cohort *c, struct mm_arena *a)
{
    bool ok = true;

    memset(c->spread, 0, c->q->questions * sizeof(*c->spread));
    for (size_t i = 0; i < COMPANIES && ok; i++) {
        struct mm_result r;

        mm_arena_reset(a);
        ok = mm_score(c->q, &c->answer[i * c->q->questions], a, &r) == MM_OK && r.total.measured &&
             mm_micro_of(r.total.value, &c->micro[i]);
        for (size_t k = 0; ok && k < c->q->questions; k++) {
            if (r.item[k].level >= 0)
                c->spread[k][r.item[k].level]++;
        }
    }
    return ok;
}

static bool compare(struct cohort *c)
{
    struct mm_stats s;
    int64_t sd, deviation, sum = 0;
    bool hidden[MM_QUEST_LEVELS_MAX], ok;

    mm_stats_of(c->micro, COMPANIES, &s);
    memcpy(c->sorted, c->micro, COMPANIES * sizeof(*c->sorted));
    mm_micro_sort(c->sorted, COMPANIES);
    ok = mm_stats_sd(&s, MM_DEVIATION_POPULATION, 4, &sd) && sd > 0;
    ok = ok && mm_ratio_cmp(mm_quantile(c->sorted, COMPANIES, 1, 4),
                            mm_quantile(c->sorted, COMPANIES, 3, 4)) < 0;
    for (size_t i = 0; i < COMPANIES && ok; i++) {
        ok = mm_stats_deviation(&s, MM_DEVIATION_POPULATION, c->micro[i], 1, &deviation);
        sum += deviation - 500;
    }
    /* Deviation values lie around 50: rounding moves each by less than a tenth. */
    ok = ok && sum < COMPANIES && sum > -COMPANIES;
    for (size_t k = 0; k < c->q->questions && ok; k++)
        ok = mm_cells_hide(c->spread[k], MM_QUEST_LEVELS_MAX, MM_PEERS_FLOOR, hidden) == 0;
    return ok;
}

static bool fill(struct cohort *c)
{
    c->q = read_questionnaire();
    if (c->q == NULL)
        return false;
    c->answer = calloc((size_t)COMPANIES * c->q->questions, sizeof(*c->answer));
    c->member = calloc(COMPANIES, sizeof(*c->member));
    c->micro = calloc(COMPANIES, sizeof(*c->micro));
    c->sorted = calloc(COMPANIES, sizeof(*c->sorted));
    c->spread = calloc(c->q->questions, sizeof(*c->spread));
    if (c->answer == NULL || c->member == NULL || c->micro == NULL || c->sorted == NULL ||
        c->spread == NULL)
        return false;
    answer(c);
    return true;
}

int main(void)
{
    int64_t best[3] = {INT64_MAX, INT64_MAX, INT64_MAX};
    struct cohort c = {0};
    struct mm_arena a;
    uint64_t shown = 0;
    bool ok = fill(&c);

    mm_arena_init(&a, 16 * 1024 * 1024);
    for (int round = 0; round < ROUNDS && ok; round++) {
        int64_t at[4] = {mm_mono_us(), 0, 0, 0};

        ok = score(&c, &a);
        at[1] = mm_mono_us();
        ok = ok && compare(&c);
        at[2] = mm_mono_us();
        ok = ok && mm_cohorts_show(c.member, COMPANIES, 1 + AREAS + TRADES + SIZES, MM_PEERS_FLOOR,
                                   &shown) == MM_OK;
        at[3] = mm_mono_us();
        for (int i = 0; i < 3; i++)
            best[i] = at[i + 1] - at[i] < best[i] ? at[i + 1] - at[i] : best[i];
    }
    if (ok)
        printf("cohort: %d companies x %zu answers in %.0f ms: %.0f scoring, %.0f comparing, %.0f "
               "what of %d cohorts may be shown (%d)\n",
               COMPANIES, c.q->questions, (double)(best[0] + best[1] + best[2]) / 1000,
               (double)best[0] / 1000, (double)best[1] / 1000, (double)best[2] / 1000,
               1 + AREAS + TRADES + SIZES, __builtin_popcountll(shown));
    mm_arena_done(&a);
    mm_quest_free(&c.q);
    free(c.answer);
    free(c.member);
    free(c.micro);
    free(c.sorted);
    free(c.spread);
    return ok ? 0 : 1;
}
