/* web/portal/assess_view.c - see assess_view.h for the contract. */
#include "web/portal/assess_view.h"

#include <stdio.h>
#include <stdlib.h>

#include "web/portal/looks.h"

enum {
    FIRST = 3,       /* these to begin with */
    ACTIONS_MAX = 6, /* more than six at a time nobody begins */
};

enum mm_code mm_assess_at_read(struct mm_page *p, struct mm_assess_at *at)
{
    enum mm_code code = mm_assess_text_read(p->tx, at->a.questionnaire, &at->q);

    if (code != MM_OK)
        return code;
    at->answer = mm_arena_array(p->arena, at->q->questions, sizeof(*at->answer));
    at->asked = mm_arena_array(p->arena, at->q->questions, sizeof(*at->asked));
    if (at->answer == NULL || at->asked == NULL)
        return MM_E_NOMEM;
    code = mm_assess_said(p->tx, at->a.assessment, p->arena, &at->said, &at->said_n);
    if (code != MM_OK)
        return code;
    mm_assess_count(at->q, at->said, at->said_n, true, at->answer);
    mm_score_asked(at->q, at->answer, at->asked);
    return MM_OK;
}

/* Staff that reads a company's answers is seen by the company. */
static enum mm_code note_look(struct mm_page *p, int64_t assessment)
{
    char object[40];

    if (!mm_page_staff(p))
        return MM_OK;
    (void)snprintf(object, sizeof(object), "assessment %lld", (long long)assessment);
    return mm_page_look(p, &(struct mm_page_looked){.action = "look.assess", .object = object});
}

enum mm_code mm_page_assessment(struct mm_page *p, struct mm_assess_at *ret)
{
    int64_t number = 0;
    enum mm_code code = mm_page_company(p);

    *ret = (struct mm_assess_at){0};
    if (code == MM_OK)
        code = mm_page_row(p, 1, &number);
    if (code == MM_OK)
        code = mm_assess_get(p->tx, number, p->arena, &ret->a);
    if (code == MM_OK)
        code = note_look(p, number);
    return code == MM_OK ? mm_assess_at_read(p, ret) : code;
}

void mm_assess_at_done(struct mm_assess_at *at)
{
    mm_quest_free(&at->q);
}

const struct mm_said *mm_assess_own(const struct mm_assess_at *at, size_t question)
{
    for (size_t i = 0; i < at->said_n; i++) {
        if (at->said[i].side == MM_SIDE_SELF &&
            mm_slice_eq(at->said[i].question, at->q->question[question].id))
            return &at->said[i];
    }
    return NULL;
}

struct mm_assess_progress mm_assess_progress(const struct mm_assess_at *at, size_t section)
{
    struct mm_assess_progress n = {0};

    for (size_t i = 0; i < at->q->questions; i++) {
        const struct mm_question *u = &at->q->question[i];
        const struct mm_said *own;

        if ((section != SIZE_MAX && u->section != section) || !at->asked[i])
            continue;
        own = mm_assess_own(at, i);
        n.questions++;
        n.unconfirmed += own != NULL && own->provisional ? 1 : 0;
        n.answered +=
            at->answer[i].state != MM_ANSWER_BLANK && (own == NULL || !own->provisional) ? 1 : 0;
        n.unknown += at->answer[i].state == MM_ANSWER_UNKNOWN ? 1 : 0;
    }
    return n;
}

bool mm_assess_may_answer(const struct mm_page *p, const struct mm_assess_at *at)
{
    bool self = at->a.state == MM_ASSESS_OPEN || at->a.state == MM_ASSESS_INTERVIEW;

    return self && mm_page_may(p, MM_MAY_ASSESS);
}

void mm_assess_write_head(struct mm_page *p, struct mm_doc *d, const struct mm_assess_at *at)
{
    struct mm_assess_progress n = mm_assess_progress(at, SIZE_MAX);

    mm_doc_int(d, "assessment", at->a.assessment);
    mm_doc_text(d, "name", at->a.name);
    mm_doc_int(d, "version", at->a.version);
    mm_doc_text(d, "title", mm_words_in(&at->q->title, p->lang));
    mm_doc_str(d, "state", mm_assess_state_name(at->a.state));
    mm_doc_time(d, "opened", at->a.opened_us);
    mm_doc_time(d, "due", at->a.due_us);
    mm_doc_time(d, "submitted", at->a.submitted_us);
    mm_doc_int(d, "questions", (int64_t)n.questions);
    mm_doc_int(d, "answered", (int64_t)n.answered);
    mm_doc_int(d, "unknown", (int64_t)n.unknown);
    mm_doc_int(d, "unconfirmed", (int64_t)n.unconfirmed);
    mm_doc_bool(d, "may_answer", mm_assess_may_answer(p, at));
}

struct todo {
    size_t question;
    struct mm_ratio effect;
};

static int by_effect(const void *pa, const void *pb)
{
    const struct todo *a = pa, *b = pb;
    int cmp = mm_ratio_cmp(b->effect, a->effect);

    return cmp != 0 ? cmp : a->question < b->question ? -1 : 1;
}

static void write_texts(struct mm_page *p, struct mm_doc *d, const char *key,
                        const struct mm_texts *t)
{
    struct mm_doc *list = mm_doc_array(d, key);

    for (size_t i = 0; i < t->n; i++)
        mm_doc_text(mm_doc_object(list, NULL), "text", mm_words_in(&t->v[i], p->lang));
}

static void write_action(struct mm_page *p, struct mm_doc *d, const struct mm_question *u)
{
    const struct mm_action *x = u->action;

    mm_doc_text(d, "question", u->id);
    mm_doc_text(d, "ask", mm_words_in(&u->ask, p->lang));
    mm_doc_text(d, "title", mm_words_in(&x->title, p->lang));
    write_texts(p, d, "steps", &x->steps);
    mm_doc_text(d, "who", x->who);
    mm_doc_int(d, "minutes", x->minutes);
    mm_doc_int(d, "yen_low", (int64_t)x->yen_low);
    mm_doc_int(d, "yen_likely", (int64_t)x->yen_likely);
    mm_doc_int(d, "yen_high", (int64_t)x->yen_high);
    mm_doc_bool(d, "costs", x->yen_high > 0);
    mm_doc_text(d, "per", x->per);
    mm_doc_int(d, "ease", x->ease);
    mm_doc_text(d, "forward", mm_words_in(&x->forward, p->lang));
}

enum mm_code mm_assess_write_actions(struct mm_page *p, struct mm_doc *d, const char *key,
                                     const struct mm_assess_at *at, const struct mm_result *r)
{
    struct todo *todo = mm_arena_array(p->arena, at->q->questions, sizeof(*todo));
    struct mm_doc *list = mm_doc_array(d, key);
    size_t n = 0;

    if (todo == NULL)
        return MM_E_NOMEM;
    for (size_t i = 0; i < at->q->questions; i++) {
        const struct mm_question *u = &at->q->question[i];
        struct mm_ratio gap, ease = {u->action == NULL ? 1 : (int64_t)u->action->ease, 1};

        if (u->action == NULL || at->answer[i].state == MM_ANSWER_BLANK)
            continue;
        if (!mm_score_gap(r, i, &gap) || !mm_ratio_mul(gap, ease, &gap))
            return MM_E_RANGE;
        if (gap.num > 0)
            todo[n++] = (struct todo){i, gap};
    }
    if (n > 1)
        qsort(todo, n, sizeof(*todo), by_effect);
    for (size_t i = 0; i < n && i < ACTIONS_MAX; i++) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_int(o, "number", (int64_t)i + 1);
        mm_doc_bool(o, "first", i < FIRST);
        write_action(p, o, &at->q->question[todo[i].question]);
    }
    mm_doc_bool(d, "more", n > FIRST);
    return MM_OK;
}
