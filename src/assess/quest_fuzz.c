/*
 * assess/quest_fuzz.c - any bytes as a questionnaire, and answers made of the same bytes.
 *
 * No input may break these promises: a file is taken, or refused with reasons that name a line and
 * a column of it; what was taken can be found by id, asks only for earlier questions, and scores
 * any answers the same way twice: every question is given, unknown, not applicable, blank or not
 * asked, and no more are counted than there are.
 */
#include <stdlib.h>

#include "assess/score.h"
#include "tests/harness/test.h"

enum { ARENA_MAX = 64 * 1024 * 1024 };

static void check_errors(const struct mm_quest_errors *e, struct mm_slice in)
{
    size_t lines = in.n + 2; /* libyaml also counts NEL, LS and PS as line ends */

    MM_ASSERT(e->count > 0);
    for (size_t i = 0; i < e->count && i < MM_QUEST_ERRORS_MAX; i++) {
        MM_ASSERT(e->error[i].what != NULL && e->error[i].line <= lines);
        MM_ASSERT(strlen(e->error[i].detail) < sizeof(e->error[i].detail));
        MM_ASSERT(strlen(e->error[i].expected) < sizeof(e->error[i].expected));
    }
}

/* Some answer that this question can have, chosen by a byte. */
static struct mm_answer answer_of(const struct mm_question *u, uint8_t c)
{
    struct mm_answer a = {.state = (enum mm_answer_state)(c % MM_ANSWER_STATES)};

    if (a.state == MM_ANSWER_GIVEN && u->scale != NULL)
        a.levels = UINT32_C(1) << (c / MM_ANSWER_STATES % u->scale->levels);
    if ((c & 0x80) != 0 && u->criteria > 0) {
        a.ticked = true;
        a.met = (uint32_t)c & ((UINT32_C(1) << u->criteria) - 1);
    }
    if (!mm_answer_check(u, &a))
        a = (struct mm_answer){.state = MM_ANSWER_BLANK};
    return a;
}

static void check_counts(const struct mm_answer_counts *n)
{
    MM_ASSERT(n->given + n->unknown + n->not_applicable + n->blank + n->not_asked == n->questions);
    MM_ASSERT(n->counted <= n->questions);
}

static void check_result(const struct mm_quest *q, const struct mm_result *r)
{
    size_t counted = 0;

    for (size_t i = 0; i < q->questions; i++) {
        counted += r->item[i].counted ? 1 : 0;
        MM_ASSERT(q->question[i].counts || !r->item[i].counted);
        for (size_t k = 0; k < q->question[i].conds; k++)
            MM_ASSERT(q->question[i].cond[k].question < i);
    }
    check_counts(&r->total.n);
    MM_ASSERT(r->total.n.counted == counted);
    for (size_t i = 0; i < q->sections; i++)
        check_counts(&r->section[i].n);
    MM_ASSERT(!r->total.measured || r->total.value.den > 0);
    MM_ASSERT(r->band >= -1 && r->band < (int)q->score.bands);
    for (size_t i = 0; i < q->tiers; i++) {
        MM_ASSERT(r->tier[i].k <= r->tier[i].n);
        MM_ASSERT(i == 0 || r->tier[i].n >= r->tier[i - 1].n);
    }
}

static void score(const struct mm_quest *q, struct mm_slice in)
{
    struct mm_answer *answer = calloc(q->questions, sizeof(*answer));
    struct mm_arena a;
    struct mm_result r = {0}, again = {0};
    enum mm_code code;

    MM_ASSERT(answer != NULL);
    for (size_t i = 0; i < q->questions; i++) {
        MM_ASSERT(mm_quest_find(q, q->question[i].id) == i);
        answer[i] = answer_of(&q->question[i], in.p[(i * 7 + 3) % in.n]);
    }
    mm_arena_init(&a, ARENA_MAX);
    code = mm_score(q, answer, &a, &r);
    if (code == MM_OK) {
        check_result(q, &r);
        MM_ASSERT(mm_score(q, answer, &a, &again) == MM_OK);
        MM_ASSERT(r.total.measured == again.total.measured &&
                  memcmp(&r.total.value, &again.total.value, sizeof(r.total.value)) == 0);
    }
    MM_ASSERT(code == MM_OK || code == MM_E_RANGE);
    mm_arena_done(&a);
    free(answer);
}

FUZZ(in)
{
    struct mm_quest_errors *e = calloc(1, sizeof(*e));
    struct mm_quest *q = NULL;
    enum mm_code code;

    MM_ASSERT(e != NULL);
    code = mm_quest_read(in, &q, e);
    if (code == MM_OK) {
        score(q, in);
        mm_quest_free(&q);
    } else if (code == MM_E_SYNTAX) {
        MM_ASSERT(q == NULL);
        check_errors(e, in);
    }
    free(e);
}
