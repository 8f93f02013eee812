/* assess/said.c - answers in the records: see assess.h for the contract. */
#include "assess/assess.h"
#include "assess/assess_priv.h"
#include "base/utf8.h"
#include "base/vec.h"

enum { SAID_MAX = 2 * MM_QUEST_QUESTIONS_MAX, STATE_ARENA = 1024 * 1024 };

/* The next id of a list with blanks between them; false behind the last. */
static bool next_id(struct mm_slice *list, struct mm_slice *ret)
{
    size_t n;

    *list = mm_slice_trim(*list);
    if (list->n == 0)
        return false;
    n = mm_slice_find(*list, ' ', 0);
    *ret = mm_slice_sub(*list, 0, n);
    *list = mm_slice_sub(*list, n == SIZE_MAX ? list->n : n, list->n);
    return true;
}

static bool met_mask(const struct mm_question *u, struct mm_slice met, uint32_t *ret)
{
    struct mm_slice id;
    uint32_t mask = 0;

    while (next_id(&met, &id)) {
        size_t i = 0;

        while (i < u->criteria && !mm_slice_eq(u->criterion[i].id, id))
            i++;
        if (i == u->criteria)
            return false;
        mask |= UINT32_C(1) << i;
    }
    *ret = mask;
    return true;
}

bool mm_said_answer(const struct mm_question *u, const struct mm_said *s, struct mm_answer *ret)
{
    struct mm_answer a = {.state = s->state, .ticked = s->ticked};
    struct mm_slice levels = s->levels, id;

    while (next_id(&levels, &id)) {
        int level = u->scale == NULL ? -1 : mm_scale_level(u->scale, id);

        if (level < 0)
            return false;
        a.levels |= UINT32_C(1) << level;
    }
    if (!met_mask(u, s->met, &a.met) || !mm_answer_check(u, &a))
        return false;
    /* A text is what a question without a scale is answered with, and nothing else is. */
    if ((s->body.n > 0) != (u->scale == NULL && s->state == MM_ANSWER_GIVEN))
        return false;
    *ret = a;
    return true;
}

void mm_assess_count(const struct mm_quest *q, const struct mm_said *said, size_t n,
                     bool with_provisional, struct mm_answer *ret)
{
    memset(ret, 0, q->questions * sizeof(*ret));
    for (int side = 0; side < MM_SIDES; side++) { /* the interviewer's comes last and stays */
        for (size_t i = 0; i < n; i++) {
            size_t at = mm_quest_find(q, said[i].question);
            struct mm_answer a;

            if (at == SIZE_MAX || said[i].side != (enum mm_assess_side)side ||
                (said[i].provisional && !with_provisional) ||
                (side == MM_SIDE_INTERVIEWER && said[i].state == MM_ANSWER_BLANK) ||
                !mm_said_answer(&q->question[at], &said[i], &a))
                continue;
            ret[at] = a;
        }
    }
}

/* ---- reading ---- */

static enum mm_assess_side side_of(struct mm_slice word)
{
    return mm_slice_eq(word, mm_slice_str(mm_assess_side_name(MM_SIDE_INTERVIEWER)))
               ? MM_SIDE_INTERVIEWER
               : MM_SIDE_SELF;
}

/* ANSWER_COLUMNS. */
static void read_row(struct mm_q *st, struct mm_arena *a, struct mm_said *ret)
{
    *ret = (struct mm_said){.answer = mm_q_col_int(st, 0),
                            .question = mm_q_col_dup(st, 1, a),
                            .side = side_of(mm_q_col_text(st, 2)),
                            .levels = mm_q_col_dup(st, 4, a),
                            .body = mm_q_col_dup(st, 5, a),
                            .ticked = !mm_q_col_null(st, 6),
                            .met = mm_q_col_dup(st, 6, a),
                            .comment = mm_q_col_dup(st, 7, a),
                            .provisional = mm_q_col_int(st, 9) != 0,
                            .reason = mm_q_col_dup(st, 10, a),
                            .by = mm_q_col_u32(st, 11),
                            .by_name = mm_q_col_dup(st, 12, a),
                            .made_us = mm_q_col_int(st, 13)};
    (void)!mm_answer_state_find(mm_q_col_text(st, 3), &ret->state);
    (void)!mm_assess_origin_find(mm_q_col_text(st, 8), &ret->origin);
}

/* All rows of st, at most max; ends it. */
static enum mm_code read_rows(struct mm_q *st, size_t max, struct mm_arena *a, struct mm_said **ret,
                              size_t *ret_n)
{
    struct mm_said *list = NULL;
    size_t n = 0, cap = 0;
    enum mm_code code;
    bool room = true;

    while (n < max && mm_q_row(st)) {
        room = MM_VEC_ROOM_IN(a, list, n, cap);
        if (!room)
            break;
        read_row(st, a, &list[n++]);
    }
    code = mm_q_end(st);
    if (!room)
        return MM_E_NOMEM;
    if (code == MM_OK) {
        *ret = list;
        *ret_n = n;
    }
    return code;
}

enum mm_code mm_assess_said_now(struct mm_tx *tx, int64_t assessment, struct mm_slice question,
                                enum mm_assess_side side, struct mm_arena *a, struct mm_said *ret)
{
    struct mm_said s = {0};
    struct mm_q st;
    enum mm_code code;

    mm_assess_begin(&st, tx, MM_ASSESS_STMT_ANSWER_NOW);
    mm_q_int(&st, ":assessment", assessment);
    mm_q_text(&st, ":question", question);
    mm_q_text(&st, ":side", mm_slice_str(mm_assess_side_name(side)));
    if (mm_q_row(&st))
        read_row(&st, a, &s);
    code = mm_q_end(&st);
    if (code == MM_OK)
        *ret = s;
    return code;
}

enum mm_code mm_assess_said(struct mm_tx *tx, int64_t assessment, struct mm_arena *a,
                            struct mm_said **ret, size_t *ret_n)
{
    struct mm_q st;

    mm_assess_begin(&st, tx, MM_ASSESS_STMT_ANSWERS);
    mm_q_int(&st, ":assessment", assessment);
    mm_q_int(&st, ":max", SAID_MAX);
    return read_rows(&st, SAID_MAX, a, ret, ret_n);
}

enum mm_code mm_assess_history(struct mm_tx *tx, int64_t assessment, struct mm_slice question,
                               struct mm_arena *a, struct mm_said **ret, size_t *ret_n)
{
    struct mm_q st;

    mm_assess_begin(&st, tx, MM_ASSESS_STMT_HISTORY);
    mm_q_int(&st, ":assessment", assessment);
    mm_q_text(&st, ":question", question);
    mm_q_int(&st, ":max", MM_ASSESS_HISTORY_MAX);
    return read_rows(&st, MM_ASSESS_HISTORY_MAX, a, ret, ret_n);
}

/* ---- saying ---- */

static enum mm_code check(const struct mm_quest *q, const struct mm_said *s, struct mm_fault *fault)
{
    const struct {
        struct mm_slice text;
        size_t max;
        const char *what;
    } texts[] = {{s->body, MM_ASSESS_BODY_MAX, "assess.body"},
                 {s->comment, MM_ASSESS_COMMENT_MAX, "assess.comment"},
                 {s->reason, MM_ASSESS_REASON_MAX, "assess.reason"},
                 {s->by_name, MM_ASSESS_NAME_MAX, "assess.name"}};
    size_t at = mm_quest_find(q, s->question);
    struct mm_answer a;

    if (at == SIZE_MAX)
        return mm_fail(fault, MM_E_RANGE, 0, "assess.question");
    for (size_t i = 0; i < MM_COUNT(texts); i++) {
        if (texts[i].text.n > texts[i].max || !mm_utf8_valid(texts[i].text))
            return mm_fail(fault, MM_E_RANGE, 0, texts[i].what);
    }
    if (!mm_said_answer(&q->question[at], s, &a))
        return mm_fail(fault, MM_E_RANGE, 0, "assess.answer");
    return MM_OK;
}

/* Whether answers of this side are taken in that state. */
static bool takes(enum mm_assess_state state, enum mm_assess_side side)
{
    return state == MM_ASSESS_INTERVIEW ||
           state == (side == MM_SIDE_SELF ? MM_ASSESS_OPEN : MM_ASSESS_SUBMITTED);
}

static bool same(const struct mm_said *a, const struct mm_said *b)
{
    return a->answer != 0 && a->state == b->state && mm_slice_eq(a->levels, b->levels) &&
           mm_slice_eq(a->body, b->body) && a->ticked == b->ticked && mm_slice_eq(a->met, b->met) &&
           mm_slice_eq(a->comment, b->comment) && a->provisional == b->provisional;
}

static enum mm_code add(struct mm_tx *tx, int64_t assessment, const struct mm_said *s,
                        int64_t now_us, int64_t *ret)
{
    struct mm_q st;
    enum mm_code code;

    mm_assess_begin(&st, tx, MM_ASSESS_STMT_ANSWER_ADD);
    mm_q_int(&st, ":assessment", assessment);
    mm_q_text(&st, ":question", s->question);
    mm_q_text(&st, ":side", mm_slice_str(mm_assess_side_name(s->side)));
    mm_q_text(&st, ":state", mm_slice_str(mm_answer_state_name(s->state)));
    mm_q_text(&st, ":levels", s->levels);
    mm_q_text(&st, ":body", s->body);
    if (s->ticked)
        mm_q_text(&st, ":met", s->met);
    else
        mm_q_null(&st, ":met");
    mm_q_text(&st, ":comment", s->comment);
    mm_q_text(&st, ":origin", mm_slice_str(mm_assess_origin_name(s->origin)));
    mm_q_int(&st, ":provisional", s->provisional ? 1 : 0);
    mm_q_text(&st, ":reason", s->reason);
    mm_q_int(&st, ":user", s->by);
    mm_q_text(&st, ":by_name", s->by_name);
    mm_q_int(&st, ":now", now_us);
    code = mm_q_end(&st);
    if (code == MM_OK)
        *ret = mm_tx_last_id(tx);
    return code;
}

static enum mm_code replace(struct mm_tx *tx, int64_t assessment, const struct mm_said *now,
                            const struct mm_said *s, int64_t now_us, int64_t *ret)
{
    struct mm_q st;
    enum mm_code code = MM_OK;

    if (same(now, s)) {
        *ret = now->answer;
        return MM_OK;
    }
    if (now->answer != s->answer)
        return MM_E_EXISTS;
    if (now->answer != 0) {
        mm_assess_begin(&st, tx, MM_ASSESS_STMT_ANSWER_PAST);
        mm_q_int(&st, ":assessment", assessment);
        mm_q_text(&st, ":question", s->question);
        mm_q_text(&st, ":side", mm_slice_str(mm_assess_side_name(s->side)));
        code = mm_q_end_touch(&st);
    }
    return code == MM_OK ? add(tx, assessment, s, now_us, ret) : code;
}

enum mm_code mm_assess_say(struct mm_tx *tx, int64_t assessment, const struct mm_quest *q,
                           const struct mm_said *s, int64_t now_us, int64_t *ret,
                           struct mm_fault *fault)
{
    enum mm_code code = check(q, s, fault);
    struct mm_assessment one;
    struct mm_said now;
    struct mm_arena a;

    if (code != MM_OK)
        return code;
    mm_arena_init(&a, STATE_ARENA);
    code = mm_assess_get(tx, assessment, &a, &one);
    if (code == MM_OK && !takes(one.state, s->side))
        code = MM_E_DENIED;
    if (code == MM_OK)
        code = mm_assess_said_now(tx, assessment, s->question, s->side, &a, &now);
    if (code == MM_OK)
        code = replace(tx, assessment, &now, s, now_us, ret);
    mm_arena_done(&a);
    return code;
}
