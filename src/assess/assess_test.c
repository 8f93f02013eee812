/* assess/assess_test.c - answers in the records: kept, taken over, scored, never another company's.
 */
#include "assess/assess.h"

#include "assess/feature.h"
#include "base/time.h"
#include "store/records/system_scope.h"
#include "tests/harness/records.h"
#include "tests/harness/test.h"

#include "assess/testkit.h"

#define NOW (20000 * MM_US_PER_DAY)
#define YAML                                                                                       \
    KIT_HEAD "tiers: [{tier: minimum, reached-at: partly, words: " KIT_W                           \
             "}]\n" KIT_THREE KIT_SCORE "sections:\n" KIT_SECTION("s")                             \
                 KIT_QX("a", "tier: minimum") KIT_QX("b", "was: [old]")                            \
                     KIT_Q("c") "      - {question: t, kind: text, ask: " KIT_W "}\n"

static struct mm_records *open_records(void)
{
    static const struct mm_feature *const features[] = {&mm_test_companies, &mm_assess_feature};

    return mm_test_records(features, MM_COUNT(features));
}

/* One transaction of a company. */
struct act {
    enum { KEEP, OPEN, SAY, MOVE, SCORE, DUE } what;
    uint32_t company;
    const struct mm_quest *q;
    const char *yaml;
    struct mm_assess_new open;
    struct mm_said said;
    enum mm_assess_state to;
    int64_t assessment, now_us, ret;
    struct mm_fault fault;
};

static enum mm_code change(struct mm_tx *tx, void *arg)
{
    struct act *a = arg;

    switch (a->what) {
    case KEEP:
        return mm_assess_text_keep(tx, a->q, mm_slice_str(a->yaml), a->now_us, &a->ret);
    case OPEN:
        return mm_assess_open(tx, &a->open, a->now_us, &a->ret);
    case SAY:
        return mm_assess_say(tx, a->assessment, a->q, &a->said, a->now_us, &a->ret, &a->fault);
    case MOVE:
        return mm_assess_move(tx, a->assessment, a->to, 7, a->now_us);
    case SCORE:
        return mm_assess_score(tx, a->assessment, a->now_us);
    case DUE:
        return mm_assess_due(tx, a->assessment, a->now_us);
    }
    return MM_E_BUG;
}

static enum mm_code act(struct mm_records *rec, struct act *a)
{
    struct mm_scope_hold hold;

    a->now_us = a->now_us == 0 ? NOW : a->now_us;
    return mm_records_write(rec, mm_system_company(&hold, a->company), change, a);
}

static int64_t keep(struct mm_records *rec, const struct mm_quest *q, const char *yaml)
{
    struct act a = {.what = KEEP, .company = 1, .q = q, .yaml = yaml};

    CHECK_NUM(act(rec, &a), MM_OK);
    return a.ret;
}

static int64_t begin(struct mm_records *rec, uint32_t company, const struct mm_quest *q,
                     int64_t text, int64_t follows)
{
    struct act a = {.what = OPEN,
                    .company = company,
                    .open = {.questionnaire = text, .q = q, .by = 7, .follows = follows}};

    CHECK_NUM(act(rec, &a), MM_OK);
    return a.ret;
}

static struct act say(uint32_t company, int64_t assessment, const struct mm_quest *q,
                      const char *question, const char *level, int64_t seen)
{
    return (struct act){.what = SAY,
                        .company = company,
                        .assessment = assessment,
                        .q = q,
                        .said = {.answer = seen,
                                 .question = mm_slice_str(question),
                                 .state = MM_ANSWER_GIVEN,
                                 .levels = mm_slice_str(level),
                                 .by = 7}};
}

static int64_t said(struct mm_records *rec, uint32_t company, int64_t assessment,
                    const struct mm_quest *q, const char *question, const char *level,
                    enum mm_assess_side side)
{
    struct act a = say(company, assessment, q, question, level, 0);

    a.said.side = side;
    a.said.origin = side == MM_SIDE_SELF ? MM_ORIGIN_SELF : MM_ORIGIN_INTERVIEWER;
    CHECK_NUM(act(rec, &a), MM_OK);
    return a.ret;
}

static enum mm_code move(struct mm_records *rec, uint32_t company, int64_t assessment,
                         enum mm_assess_state to)
{
    struct act a = {.what = MOVE, .company = company, .assessment = assessment, .to = to};

    return act(rec, &a);
}

static struct mm_tx *look(struct mm_records *rec, uint32_t company)
{
    static struct mm_scope_hold hold; /* tidy: global allowed, it outlives the transaction. */
    struct mm_tx *tx = NULL;

    CHECK_NUM(mm_records_read(rec, mm_system_company(&hold, company), &tx), MM_OK);
    return tx;
}

static size_t answers(struct mm_records *rec, uint32_t company, int64_t assessment,
                      struct mm_arena *a, struct mm_said **ret)
{
    struct mm_tx *tx = look(rec, company);
    size_t n = 0;

    CHECK_NUM(mm_assess_said(tx, assessment, a, ret, &n), MM_OK);
    mm_records_read_done(&tx);
    return n;
}

TEST(a_text_is_kept_once_and_read_as_it_was)
{
    struct mm_records *rec = open_records();
    struct mm_quest *q = kit_read(YAML), *again = NULL;
    int64_t id = keep(rec, q, YAML);
    struct mm_tx *tx;

    CHECK_NUM(keep(rec, q, YAML), id);
    CHECK(keep(rec, q, YAML "# another digest\n") != id);
    tx = look(rec, 2); /* of nobody: every company sees it */
    CHECK_NUM(mm_assess_text_read(tx, id, &again), MM_OK);
    CHECK_NUM(again->questions, q->questions);
    mm_quest_free(&again);
    CHECK_NUM(mm_assess_text_read(tx, 99, &again), MM_E_NOTFOUND);
    mm_records_read_done(&tx);
    mm_quest_free(&q);
    mm_records_close(&rec);
}

TEST(an_answer_is_replaced_by_who_has_seen_it_and_its_history_stays)
{
    struct mm_records *rec = open_records();
    struct mm_quest *q = kit_read(YAML);
    int64_t id = begin(rec, 1, q, keep(rec, q, YAML), 0);
    struct act first = say(1, id, q, "a", "none", 0), second = say(1, id, q, "a", "done", 0);
    struct mm_said *list = NULL;
    struct mm_arena a;
    struct mm_tx *tx;
    size_t n = 0;

    mm_arena_init(&a, 1 << 20);
    CHECK_NUM(act(rec, &first), MM_OK);
    CHECK_NUM(act(rec, &second), MM_E_EXISTS); /* it has not seen the first */
    second.said.answer = first.ret;
    second.said.comment = MM_S("since May");
    CHECK_NUM(act(rec, &second), MM_OK);
    CHECK(second.ret > first.ret);
    CHECK_NUM(answers(rec, 1, id, &a, &list), 1);
    CHECK_SLICE(list[0].levels, "done");
    CHECK_SLICE(list[0].comment, "since May");
    CHECK(!list[0].ticked && list[0].by == 7 && list[0].made_us == NOW);
    tx = look(rec, 1);
    CHECK_NUM(mm_assess_history(tx, id, MM_S("a"), &a, &list, &n), MM_OK);
    CHECK_NUM(n, 2);
    CHECK_SLICE(list[0].levels, "done");
    CHECK_SLICE(list[1].levels, "none");
    mm_records_read_done(&tx);
    /* The same again is no change, whoever has seen what. */
    first = second;
    first.said.answer = 0;
    CHECK_NUM(act(rec, &first), MM_OK);
    CHECK_NUM(first.ret, second.ret);
    mm_arena_done(&a);
    mm_quest_free(&q);
    mm_records_close(&rec);
}

TEST(an_answer_that_is_none_is_refused_with_the_reason)
{
    static char long_text[MM_ASSESS_BODY_MAX + 2]; /* tidy: global allowed, a text of this test. */
    struct mm_records *rec = open_records();
    struct mm_quest *q = kit_read(YAML);
    int64_t id = begin(rec, 1, q, keep(rec, q, YAML), 0);
    const struct {
        const char *question, *levels, *body, *comment, *met, *what;
    } cases[] = {
        {"z", "done", "", "", "", "assess.question"},
        {"a", "full", "", "", "", "assess.answer"},
        {"a", "none done", "", "", "", "assess.answer"},
        {"a", "", "", "", "", "assess.answer"},
        {"a", "done", "words", "", "", "assess.answer"},
        {"a", "done", "", "", "c1", "assess.answer"},
        {"t", "", "", "", "", "assess.answer"},
        {"t", "", long_text, "", "", "assess.body"},
        {"a", "done", "", "\xff", "", "assess.comment"},
    };

    memset(long_text, 'x', sizeof(long_text) - 1);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct act a = say(1, id, q, cases[i].question, cases[i].levels, 0);

        a.said.body = mm_slice_str(cases[i].body);
        a.said.comment = mm_slice_str(cases[i].comment);
        a.said.met = mm_slice_str(cases[i].met);
        a.said.ticked = a.said.met.n > 0;
        CHECK_NUM(act(rec, &a), MM_E_RANGE);
        CHECK(strcmp(a.fault.what, cases[i].what) == 0);
    }
    mm_quest_free(&q);
    mm_records_close(&rec);
}

TEST(states_say_who_may_answer_and_go_on_by_their_steps)
{
    struct mm_records *rec = open_records();
    struct mm_quest *q = kit_read(YAML);
    int64_t id = begin(rec, 1, q, keep(rec, q, YAML), 0);
    struct act self = say(1, id, q, "a", "none", 0), other = say(1, id, q, "b", "done", 0);

    other.said.side = MM_SIDE_INTERVIEWER;
    CHECK_NUM(act(rec, &self), MM_OK);
    CHECK_NUM(act(rec, &other), MM_E_DENIED);
    CHECK_NUM(move(rec, 1, id, MM_ASSESS_SIGNED), MM_E_RANGE);
    CHECK_NUM(move(rec, 1, id, MM_ASSESS_SUBMITTED), MM_OK);
    CHECK_NUM(move(rec, 1, id, MM_ASSESS_SUBMITTED), MM_E_EXISTS);
    self.said.answer = self.ret;
    self.said.levels = MM_S("done");
    CHECK_NUM(act(rec, &self), MM_E_DENIED);
    CHECK_NUM(act(rec, &other), MM_OK);
    CHECK_NUM(move(rec, 1, id, MM_ASSESS_INTERVIEW), MM_OK);
    CHECK_NUM(act(rec, &self), MM_OK);
    CHECK_NUM(move(rec, 1, id, MM_ASSESS_SIGNED), MM_OK);
    self.said.answer = self.ret;
    self.said.levels = MM_S("none");
    CHECK_NUM(act(rec, &self), MM_E_DENIED);
    CHECK_NUM(move(rec, 1, id, MM_ASSESS_INTERVIEW), MM_OK);
    CHECK_NUM(move(rec, 1, 77, MM_ASSESS_OPEN), MM_E_NOTFOUND);
    mm_quest_free(&q);
    mm_records_close(&rec);
}

TEST(another_companys_assessment_is_not_there)
{
    struct mm_records *rec = open_records();
    struct mm_quest *q = kit_read(YAML);
    int64_t text = keep(rec, q, YAML), id = begin(rec, 1, q, text, 0);
    struct act foreign = say(2, id, q, "a", "none", 0);
    struct act follow = {
        .what = OPEN, .company = 2, .open = {.questionnaire = text, .q = q, .follows = id}};
    struct mm_assessment one;
    struct mm_said *list = NULL;
    struct mm_arena a;
    struct mm_tx *tx;

    mm_arena_init(&a, 1 << 20);
    (void)said(rec, 1, id, q, "a", "none", MM_SIDE_SELF);
    CHECK_NUM(act(rec, &foreign), MM_E_NOTFOUND);
    CHECK_NUM(act(rec, &follow), MM_E_NOTFOUND);
    CHECK_NUM(move(rec, 2, id, MM_ASSESS_CLOSED), MM_E_NOTFOUND);
    tx = look(rec, 2);
    CHECK_NUM(mm_assess_get(tx, id, &a, &one), MM_E_NOTFOUND);
    mm_records_read_done(&tx);
    CHECK_NUM(answers(rec, 2, id, &a, &list), 0);
    mm_arena_done(&a);
    mm_quest_free(&q);
    mm_records_close(&rec);
}

TEST(what_was_answered_before_is_taken_over_and_waits_for_a_yes)
{
    static const char before[] = KIT_HEAD KIT_THREE KIT_SCORE "sections:\n" KIT_SECTION("s")
        KIT_Q("a") KIT_Q("old") KIT_Q("gone");
    struct mm_records *rec = open_records();
    struct mm_quest *p = kit_read(before), *q = kit_read(YAML);
    int64_t last = begin(rec, 1, p, keep(rec, p, before), 0), id;
    struct mm_answer answer[4];
    struct mm_said *list = NULL;
    struct mm_arena a;
    struct act yes;

    mm_arena_init(&a, 1 << 20);
    (void)said(rec, 1, last, p, "a", "done", MM_SIDE_SELF);
    (void)said(rec, 1, last, p, "old", "none", MM_SIDE_SELF);
    (void)said(rec, 1, last, p, "gone", "none", MM_SIDE_SELF);
    CHECK_NUM(move(rec, 1, last, MM_ASSESS_SUBMITTED), MM_OK);
    (void)said(rec, 1, last, p, "a", "partly", MM_SIDE_INTERVIEWER);
    id = begin(rec, 1, q, keep(rec, q, YAML), last);
    CHECK_NUM(answers(rec, 1, id, &a, &list), 2);
    CHECK_SLICE(list[0].question, "a");
    CHECK_SLICE(list[0].levels, "partly"); /* the interviewer's word */
    CHECK(list[0].provisional && list[0].origin == MM_ORIGIN_CARRIED);
    CHECK_SLICE(list[1].question, "b"); /* it was called `old` */
    mm_assess_count(q, list, 2, false, answer);
    CHECK(answer[0].state == MM_ANSWER_BLANK);
    mm_assess_count(q, list, 2, true, answer);
    CHECK_NUM(mm_answer_level(&answer[0]), 1);
    yes = say(1, id, q, "a", "partly", list[0].answer);
    CHECK_NUM(act(rec, &yes), MM_OK);
    CHECK(yes.ret != list[0].answer); /* a yes is a row of its own */
    CHECK_NUM(answers(rec, 1, id, &a, &list), 2);
    mm_assess_count(q, list, 2, false, answer);
    CHECK_NUM(mm_answer_level(&answer[0]), 1);
    CHECK(answer[1].state == MM_ANSWER_BLANK);
    mm_arena_done(&a);
    mm_quest_free(&p);
    mm_quest_free(&q);
    mm_records_close(&rec);
}

TEST(scores_are_kept_exactly_and_peers_are_those_who_handed_in)
{
    struct mm_records *rec = open_records();
    struct mm_quest *q = kit_read(YAML);
    int64_t text = keep(rec, q, YAML), id[3];
    struct mm_assess_score *scores = NULL;
    struct mm_assess_peer *peer = NULL;
    struct mm_arena a;
    struct mm_tx *tx = NULL;
    size_t n = 0;

    mm_arena_init(&a, 1 << 22);
    for (uint32_t c = 0; c < 3; c++) {
        struct act score = {.what = SCORE, .company = c};

        id[c] = begin(rec, c, q, text, 0);
        (void)said(rec, c, id[c], q, "a", c == 0 ? "none" : "done", MM_SIDE_SELF);
        (void)said(rec, c, id[c], q, "b", "partly", MM_SIDE_SELF);
        if (c != 1)
            (void)said(rec, c, id[c], q, "c", "partly", MM_SIDE_SELF);
        score.assessment = id[c];
        if (c != 1) /* 1 is scored because it is handed in */
            CHECK_NUM(act(rec, &score), MM_OK);
        if (c != 0) /* 2 is scored again, in its place */
            CHECK_NUM(move(rec, c, id[c], MM_ASSESS_SUBMITTED), MM_OK);
    }
    tx = look(rec, 2);
    CHECK_NUM(mm_assess_scores(tx, id[2], &a, &scores, &n), MM_OK);
    CHECK_NUM(n, 3); /* total, section, tier */
    CHECK_SLICE(scores[0].part, "total");
    CHECK(scores[0].measured);
    CHECK_RATIO(scores[0].value, 7, 3);
    CHECK_SLICE(scores[2].id, "minimum");
    CHECK_NUM(scores[2].k, 1);
    mm_records_read_done(&tx);
    CHECK_NUM(mm_records_read(rec, mm_system_scope(), &tx), MM_OK);
    CHECK_NUM(mm_assess_peers(tx, MM_S("kit"), 1, MM_S("total"), MM_S(""), 0, &a, &peer, &n),
              MM_OK);
    CHECK_NUM(n, 2); /* company 0 has not handed in */
    CHECK(peer[0].company == 1 && peer[1].company == 2);
    CHECK_RATIO(peer[0].value, 5, 2);
    CHECK_NUM(mm_assess_peers(tx, MM_S("kit"), 2, MM_S("total"), MM_S(""), 0, &a, &peer, &n),
              MM_OK);
    CHECK_NUM(n, 0);
    mm_records_read_done(&tx);
    mm_arena_done(&a);
    mm_quest_free(&q);
    mm_records_close(&rec);
}

TEST(assessments_are_listed_newest_first)
{
    struct mm_records *rec = open_records();
    struct mm_quest *q = kit_read(YAML);
    int64_t text = keep(rec, q, YAML), one = begin(rec, 1, q, text, 0);
    int64_t two = begin(rec, 1, q, text, one);
    struct act due = {.what = DUE, .company = 1, .assessment = two, .now_us = NOW + 9};
    struct mm_assess_which w = {.name = MM_S("kit"), .max = 10};
    struct mm_assessment *list = NULL;
    struct mm_arena a;
    struct mm_tx *tx;
    size_t n = 0;

    mm_arena_init(&a, 1 << 20);
    CHECK_NUM(act(rec, &due), MM_OK);
    CHECK_NUM(move(rec, 1, one, MM_ASSESS_CLOSED), MM_OK);
    tx = look(rec, 1);
    CHECK_NUM(mm_assess_list(tx, &w, &a, &list, &n), MM_OK);
    CHECK_NUM(n, 1);
    CHECK_NUM(list[0].assessment, two);
    CHECK_NUM(list[0].follows, one);
    CHECK_NUM(list[0].due_us, NOW + 9);
    CHECK(list[0].state == MM_ASSESS_OPEN && list[0].opened_by == 7 && list[0].version == 1);
    w.closed_too = true;
    w.before = two;
    CHECK_NUM(mm_assess_list(tx, &w, &a, &list, &n), MM_OK);
    CHECK_NUM(n, 1);
    CHECK(list[0].assessment == one && list[0].closed_us == NOW);
    w.name = MM_S("other");
    CHECK_NUM(mm_assess_list(tx, &w, &a, &list, &n), MM_OK);
    CHECK_NUM(n, 0);
    mm_records_read_done(&tx);
    mm_arena_done(&a);
    mm_quest_free(&q);
    mm_records_close(&rec);
}
