/* web/portal/assess_pages.c - assessments of a company: the list, beginning one, one as a whole. */
#include <stdio.h>

#include "register/audit.h"
#include "web/portal/assess_view.h"
#include "web/portal/pages.h"
#include "web/portal/quests.h"

enum { LIST_MAX = 20 }; /* of the newest */

static enum mm_code write_one(struct mm_page *p, struct mm_doc *list, const struct mm_assessment *a)
{
    struct mm_assess_at at = {.a = *a};
    enum mm_code code = mm_assess_at_read(p, &at);

    if (code == MM_OK)
        mm_assess_write_head(p, mm_doc_object(list, NULL), &at);
    mm_assess_at_done(&at);
    return code == MM_E_VERSION ? MM_OK : code; /* a text of another release hides itself only */
}

/* What can be begun: all that is on the shelf. */
static void write_choices(struct mm_page *p)
{
    const struct mm_quest_shelf *shelf = p->portal->quests;
    struct mm_doc *list = mm_doc_array(p->doc, "choices");

    mm_doc_bool(p->doc, "may_open", mm_page_may(p, MM_MAY_ASSESS));
    mm_doc_int(p->doc, "refused", (int64_t)mm_quest_shelf_refused(shelf));
    for (size_t i = 0; i < mm_quest_shelf_count(shelf); i++) {
        const struct mm_quest *q = mm_quest_shelf_get(shelf, i)->q;
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_text(d, "name", q->id);
        mm_doc_text(d, "title", mm_words_in(&q->title, p->lang));
        mm_doc_text(d, "intro", mm_words_in(&q->intro, p->lang));
        mm_doc_int(d, "questions", (int64_t)q->questions);
        mm_doc_int(d, "minutes", q->minutes);
    }
}

static enum mm_code write_list(struct mm_page *p)
{
    const struct mm_assess_which which = {.closed_too = true, .max = LIST_MAX};
    struct mm_doc *items = mm_doc_array(p->doc, "items");
    struct mm_assessment *list = NULL;
    size_t n = 0;
    enum mm_code code = mm_assess_list(p->tx, &which, p->arena, &list, &n);

    for (size_t i = 0; i < n && code == MM_OK; i++)
        code = write_one(p, items, &list[i]);
    return code;
}

enum mm_code mm_page_assessments(struct mm_page *p)
{
    enum mm_code code = mm_page_company(p);

    if (code == MM_OK)
        code = write_list(p);
    if (code == MM_OK)
        write_choices(p);
    return code;
}

struct opening {
    struct mm_page *p;
    const struct mm_shelved *from;
    int64_t assessment;
};

static enum mm_code note(struct mm_page *p, struct mm_tx *tx, const char *action,
                         int64_t assessment, struct mm_slice text)
{
    char object[40];

    (void)snprintf(object, sizeof(object), "assessment %lld", (long long)assessment);
    return mm_audit_add(tx, &(struct mm_audit){.time_us = p->now_us,
                                               .user = p->me.user,
                                               .actor = p->me.login,
                                               .action = mm_slice_str(action),
                                               .object = mm_slice_str(object),
                                               .text = text});
}

/* One that is open already is gone on with; the newest one that was not is carried over. */
static enum mm_code do_open(struct mm_tx *tx, void *arg)
{
    struct opening *o = arg;
    struct mm_assess_which which = {.name = o->from->q->id, .max = 1};
    struct mm_assess_new made = {.q = o->from->q, .by = o->p->me.user};
    struct mm_assessment *list = NULL;
    size_t n = 0;
    enum mm_code code = mm_assess_list(tx, &which, o->p->arena, &list, &n);

    if (code != MM_OK)
        return code;
    if (n > 0 && (list[0].state == MM_ASSESS_OPEN || list[0].state == MM_ASSESS_INTERVIEW)) {
        o->assessment = list[0].assessment;
        return MM_OK;
    }
    made.follows = n > 0 ? list[0].assessment : 0;
    code = mm_assess_text_keep(tx, o->from->q, o->from->yaml, o->p->now_us, &made.questionnaire);
    if (code == MM_OK)
        code = mm_assess_open(tx, &made, o->p->now_us, &o->assessment);
    return code == MM_OK ? note(o->p, tx, "assess.open", o->assessment, o->from->q->id) : code;
}

enum mm_code mm_page_assessment_open(struct mm_page *p)
{
    struct opening o = {.p = p};
    enum mm_code code = mm_page_company(p);

    if (code != MM_OK)
        return code;
    mm_records_read_done(&p->tx);
    o.from = mm_quest_shelf_find(p->portal->quests, mm_input_get(&p->in, "name"));
    if (o.from == NULL)
        return MM_E_RANGE;
    code = mm_records_write(p->portal->cfg.records, p->narrow, do_open, &o);
    if (code != MM_OK)
        return code;
    mm_doc_int(p->doc, "assessment", o.assessment);
    mm_page_go(p, "/companies/%u/assessments/%lld", p->company, (long long)o.assessment);
    return MM_OK;
}

static void write_sections(struct mm_page *p, const struct mm_assess_at *at)
{
    struct mm_doc *list = mm_doc_array(p->doc, "sections");

    for (size_t i = 0; i < at->q->sections; i++) {
        const struct mm_quest_section *s = &at->q->section[i];
        struct mm_assess_progress n = mm_assess_progress(at, i);
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_text(d, "section", s->id);
        mm_doc_text(d, "title", mm_words_in(&s->title, p->lang));
        mm_doc_text(d, "owner", s->owner);
        mm_doc_int(d, "questions", (int64_t)n.questions);
        mm_doc_int(d, "answered", (int64_t)n.answered);
        mm_doc_int(d, "unknown", (int64_t)n.unknown);
        mm_doc_int(d, "unconfirmed", (int64_t)n.unconfirmed);
        mm_doc_bool(d, "complete", n.answered == n.questions);
    }
}

static void write_score(struct mm_doc *d, const struct mm_quest *q, const struct mm_score *s)
{
    struct mm_buf text;

    mm_buf_init(&text, 64);
    mm_score_print(&text, q, s);
    if (s->measured)
        mm_doc_text(d, "printed", mm_buf_slice(&text));
    else
        mm_doc_null(d, "printed");
    mm_doc_int(d, "counted", (int64_t)s->n.counted);
    mm_doc_int(d, "of", (int64_t)s->n.questions);
    mm_buf_done(&text);
}

/* What the answers of now come to: also before the last one is given. */
static enum mm_code write_result(struct mm_page *p, const struct mm_assess_at *at)
{
    struct mm_doc *d = mm_doc_object(p->doc, "result"), *sections;
    struct mm_result r;
    bool any = false;
    enum mm_code code = mm_score(at->q, at->answer, p->arena, &r);

    if (code != MM_OK)
        return code;
    mm_doc_bool(d, "percent", at->q->score.percent);
    write_score(d, at->q, &r.total);
    if (r.band >= 0)
        mm_doc_text(d, "band", mm_words_in(&at->q->score.band[r.band].words, p->lang));
    for (size_t i = 0; i < at->q->sections; i++)
        any = any || r.section[i].measured;
    mm_doc_bool(d, "by_section", any);
    sections = mm_doc_array(d, "sections");
    for (size_t i = 0; i < at->q->sections; i++) {
        struct mm_doc *o = mm_doc_object(sections, NULL);

        mm_doc_text(o, "title", mm_words_in(&at->q->section[i].title, p->lang));
        write_score(o, at->q, &r.section[i]);
    }
    return mm_assess_write_actions(p, p->doc, "actions", at, &r);
}

static enum mm_code show(struct mm_page *p, const struct mm_assess_at *at)
{
    struct mm_assess_progress n = mm_assess_progress(at, SIZE_MAX);

    mm_assess_write_head(p, p->doc, at);
    mm_doc_text(p->doc, "intro", mm_words_in(&at->q->intro, p->lang));
    mm_doc_bool(p->doc, "complete", n.answered == n.questions);
    mm_doc_bool(p->doc, "may_submit",
                at->a.state == MM_ASSESS_OPEN && mm_assess_may_answer(p, at) && n.answered > 0);
    write_sections(p, at);
    if (!at->q->score.given || n.answered == 0) {
        mm_doc_null(p->doc, "result");
        (void)mm_doc_array(p->doc, "actions");
        mm_doc_bool(p->doc, "more", false);
        return MM_OK;
    }
    return write_result(p, at);
}

enum mm_code mm_page_assessment_whole(struct mm_page *p)
{
    struct mm_assess_at at;
    enum mm_code code = mm_page_assessment(p, &at);

    if (code == MM_OK)
        code = show(p, &at);
    mm_assess_at_done(&at);
    return code;
}

struct submitting {
    struct mm_page *p;
    int64_t assessment;
};

static enum mm_code do_submit(struct mm_tx *tx, void *arg)
{
    struct submitting *s = arg;
    struct mm_assessment one = {0};
    enum mm_code code = mm_assess_get(tx, s->assessment, s->p->arena, &one);

    /* Out of an interview it comes by the interviewer's word only. */
    if (code == MM_OK && one.state != MM_ASSESS_OPEN)
        code = one.state == MM_ASSESS_SUBMITTED ? MM_E_EXISTS : MM_E_RANGE;
    if (code == MM_OK)
        code = mm_assess_move(tx, s->assessment, MM_ASSESS_SUBMITTED, s->p->me.user, s->p->now_us);

    return code == MM_OK ? note(s->p, tx, "assess.submit", s->assessment, MM_S("")) : code;
}

enum mm_code mm_page_assessment_submit(struct mm_page *p)
{
    struct submitting s = {.p = p};
    struct mm_assess_at at;
    enum mm_code code = mm_page_assessment(p, &at);

    s.assessment = at.a.assessment;
    mm_assess_at_done(&at);
    mm_records_read_done(&p->tx);
    if (code == MM_OK)
        code = mm_records_write(p->portal->cfg.records, p->narrow, do_submit, &s);
    if (code != MM_OK)
        return code;
    mm_page_go(p, "/companies/%u/assessments/%lld", p->company, (long long)s.assessment);
    return MM_OK;
}
