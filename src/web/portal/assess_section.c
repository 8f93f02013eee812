/* web/portal/assess_section.c - one section of an assessment: its questions and their answers. */
#include <stdio.h>

#include "register/audit.h"
#include "web/portal/assess_view.h"
#include "web/portal/pages.h"
#include "web/portal/quests.h"

enum { NAME_MAX = MM_QUEST_ID_MAX + 8 };

/* The form's field of a question: "a-mfa" its levels, "b-mfa" its text, "c-" what is said besides,
 * "m-" the criteria that hold, "n-" that they were looked at, "s-" the answer seen. */
static const char *field(char buf[NAME_MAX], char kind, const struct mm_question *u)
{
    (void)snprintf(buf, NAME_MAX, "%c-%.*s", kind, MM_S_ARG(u->id));
    return buf;
}

struct section {
    struct mm_page *p;
    struct mm_assess_at at;
    size_t number;
    bool *late; /* one a question: somebody else has answered meanwhile */
};

static enum mm_code find(struct mm_page *p, struct section *ret)
{
    enum mm_code code = mm_page_assessment(p, &ret->at);

    ret->p = p;
    if (code != MM_OK)
        return code;
    ret->late = mm_arena_array(p->arena, ret->at.q->questions, sizeof(*ret->late));
    if (ret->late == NULL)
        return MM_E_NOMEM;
    for (size_t i = 0; i < ret->at.q->sections; i++) {
        ret->number = i;
        if (mm_slice_eq(ret->at.q->section[i].id, p->match->param[2]))
            return MM_OK;
    }
    return MM_E_NOTFOUND;
}

/* ---- showing ---- */

static void write_texts(const struct mm_page *p, struct mm_doc *d, const char *key,
                        const struct mm_texts *t)
{
    struct mm_doc *list = mm_doc_array(d, key);

    for (size_t i = 0; i < t->n; i++)
        mm_doc_text(mm_doc_object(list, NULL), "text", mm_words_in(&t->v[i], p->lang));
}

static void write_terms(const struct mm_page *p, struct mm_doc *d, const struct mm_question *u)
{
    const struct mm_controls *c = mm_quest_shelf_controls(p->portal->quests);
    struct mm_doc *list = mm_doc_array(d, "terms");

    for (size_t i = 0; i < u->terms.n; i++) {
        const struct mm_term *t = mm_term_find(c, u->terms.v[i]);
        struct mm_doc *o = t == NULL ? NULL : mm_doc_object(list, NULL);

        if (o == NULL)
            continue;
        mm_doc_text(o, "term", mm_words_in(&t->words, p->lang));
        mm_doc_text(o, "meaning", mm_words_in(&t->meaning, p->lang));
    }
}

static void write_choice(struct mm_doc *list, const char *level, struct mm_slice id,
                         struct mm_slice words, struct mm_slice help, bool chosen)
{
    struct mm_doc *o = mm_doc_object(list, NULL);

    mm_doc_text(o, "level", level != NULL ? mm_slice_str(level) : id);
    if (level != NULL)
        mm_doc_str(o, "offered", level);
    mm_doc_text(o, "words", words);
    mm_doc_text(o, "help", help);
    mm_doc_bool(o, "chosen", chosen);
}

/* Levels, and the answers that are none where they are offered. */
static void write_choices(const struct section *s, struct mm_doc *d, const struct mm_question *u,
                          const struct mm_answer *a)
{
    struct mm_doc *list = mm_doc_array(d, "choices");
    const struct mm_scale *scale = u->scale;
    enum mm_lang lang = s->p->lang;

    for (size_t i = 0; scale != NULL && i < scale->levels; i++) {
        const struct mm_scale_level *l = &scale->level[i];

        write_choice(list, NULL, l->id, mm_words_in(&l->words, lang), mm_words_in(&l->help, lang),
                     a->state == MM_ANSWER_GIVEN && (a->levels & 1u << i) != 0);
    }
    if (scale != NULL && u->kind == MM_QUEST_ONE && scale->unknown.kind != MM_POLICY_REFUSED)
        write_choice(list, "unknown", MM_S(""), MM_S(""), MM_S(""), a->state == MM_ANSWER_UNKNOWN);
    if (scale != NULL && u->kind == MM_QUEST_ONE && scale->not_applicable.kind != MM_POLICY_REFUSED)
        write_choice(list, "not-applicable", MM_S(""), MM_S(""), MM_S(""),
                     a->state == MM_ANSWER_NOT_APPLICABLE);
}

static void write_criteria(const struct section *s, struct mm_doc *d, const struct mm_question *u,
                           const struct mm_answer *a)
{
    struct mm_doc *list = mm_doc_array(d, "criteria");

    for (size_t i = 0; i < u->criteria; i++) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, "criterion", u->criterion[i].id);
        mm_doc_text(o, "words", mm_words_in(&u->criterion[i].words, s->p->lang));
        mm_doc_bool(o, "met", (a->met & 1u << i) != 0);
    }
    mm_doc_bool(d, "has_criteria", u->criteria > 0);
}

/* What somebody else said while this form was open. */
static void write_theirs(const struct section *s, struct mm_doc *d, const struct mm_question *u,
                         const struct mm_said *own)
{
    struct mm_doc *o = mm_doc_object(d, "theirs");
    struct mm_doc *levels = mm_doc_array(o, "levels");

    mm_doc_text(o, "by", own->by_name);
    mm_doc_time(o, "made", own->made_us);
    mm_doc_str(o, "state", mm_answer_state_name(own->state));
    for (size_t i = 0; u->scale != NULL && i < u->scale->levels; i++) {
        struct mm_answer a;

        if (mm_said_answer(u, own, &a) && (a.levels & 1u << i) != 0)
            mm_doc_text(mm_doc_object(levels, NULL), "words",
                        mm_words_in(&u->scale->level[i].words, s->p->lang));
    }
    mm_doc_text(o, "body", own->body);
    mm_doc_text(o, "comment", own->comment);
}

/* How the question stands: as answered, or as just entered when it was refused. */
static void write_said(const struct section *s, struct mm_doc *d, size_t at,
                       const struct mm_answer *a, const struct mm_said *own)
{
    const struct mm_question *u = &s->at.q->question[at];
    const struct mm_input *in = &s->p->in;
    char name[NAME_MAX];

    write_choices(s, d, u, a);
    write_criteria(s, d, u, a);
    mm_doc_text(d, "body",
                s->late[at]   ? mm_input_get(in, field(name, 'b', u))
                : own == NULL ? MM_S("")
                              : own->body);
    mm_doc_text(d, "comment",
                s->late[at]   ? mm_input_get(in, field(name, 'c', u))
                : own == NULL ? MM_S("")
                              : own->comment);
    mm_doc_int(d, "seen", own == NULL ? 0 : own->answer);
    mm_doc_bool(d, "unconfirmed", own != NULL && own->provisional);
    mm_doc_bool(d, "answered", a->state != MM_ANSWER_BLANK && (own == NULL || !own->provisional));
    mm_doc_text(d, "by", own == NULL ? MM_S("") : own->by_name);
    mm_doc_time(d, "made", own == NULL ? 0 : own->made_us);
}

static bool entered(const struct section *s, const struct mm_question *u, struct mm_said *ret,
                    struct mm_answer *ret_answer);

static void write_question(const struct section *s, struct mm_doc *list, size_t at)
{
    const struct mm_question *u = &s->at.q->question[at];
    const struct mm_said *own = mm_assess_own(&s->at, at);
    struct mm_doc *d = mm_doc_object(list, NULL);
    enum mm_lang lang = s->p->lang;
    struct mm_answer a = s->at.answer[at];
    struct mm_said mine;

    mm_doc_text(d, "question", u->id);
    mm_doc_int(d, "number", (int64_t)at + 1);
    mm_doc_text(d, "ask", mm_words_in(&u->ask, lang));
    mm_doc_text(d, "help", mm_words_in(&u->help, lang));
    mm_doc_text(d, "where", mm_words_in(&u->where, lang));
    mm_doc_text(d, "audience", mm_words_in(&u->audience, lang));
    mm_doc_text(d, "evidence", mm_words_in(&u->evidence, lang));
    write_texts(s->p, d, "enough", &u->enough);
    write_texts(s->p, d, "not_enough", &u->not_enough);
    mm_doc_bool(d, "has_enough", u->enough.n > 0);
    mm_doc_bool(d, "has_not_enough", u->not_enough.n > 0);
    write_terms(s->p, d, u);
    mm_doc_str(d, "kind", mm_quest_kind_name(u->kind));
    mm_doc_bool(d, "is_one", u->kind == MM_QUEST_ONE);
    mm_doc_bool(d, "is_many", u->kind == MM_QUEST_MANY);
    mm_doc_bool(d, "is_open", u->kind > MM_QUEST_MANY);
    if (s->late[at])
        (void)entered(s, u, &mine, &a);
    write_said(s, d, at, &a, own);
    if (s->late[at] && own != NULL)
        write_theirs(s, d, u, own);
    else
        mm_doc_null(d, "theirs");
}

static void write_section(const struct section *s)
{
    const struct mm_quest_section *of = &s->at.q->section[s->number];
    struct mm_page *p = s->p;
    struct mm_assess_progress n = mm_assess_progress(&s->at, s->number);
    struct mm_doc *list = mm_doc_array(p->doc, "questions");

    mm_assess_write_head(p, mm_doc_object(p->doc, "whole"), &s->at);
    mm_doc_text(p->doc, "section", of->id);
    mm_doc_text(p->doc, "title", mm_words_in(&of->title, p->lang));
    mm_doc_text(p->doc, "intro", mm_words_in(&of->intro, p->lang));
    mm_doc_text(p->doc, "owner", of->owner);
    mm_doc_int(p->doc, "number", (int64_t)s->number + 1);
    mm_doc_int(p->doc, "sections", (int64_t)s->at.q->sections);
    mm_doc_int(p->doc, "asked", (int64_t)n.questions);
    mm_doc_int(p->doc, "answered", (int64_t)n.answered);
    mm_doc_bool(p->doc, "may_answer", mm_assess_may_answer(p, &s->at));
    for (size_t i = of->first; i < of->first + of->count; i++) {
        if (s->at.asked[i])
            write_question(s, list, i);
    }
}

enum mm_code mm_page_assessment_section(struct mm_page *p)
{
    struct section s = {0};
    enum mm_code code = find(p, &s);

    if (code == MM_OK)
        write_section(&s);
    mm_assess_at_done(&s.at);
    return code;
}

/* ---- answering ---- */

static enum mm_answer_state state_of(struct mm_slice level)
{
    return mm_slice_eq(level, MM_S("unknown"))          ? MM_ANSWER_UNKNOWN
           : mm_slice_eq(level, MM_S("not-applicable")) ? MM_ANSWER_NOT_APPLICABLE
                                                        : MM_ANSWER_GIVEN;
}

/* Values that stand under this name, with a blank between them. */
static struct mm_slice joined(const struct section *s, const char *name)
{
    struct mm_slice own = {0};
    struct mm_buf out;

    mm_buf_init(&out, 4096);
    for (size_t i = 0; i < s->p->in.n; i++) {
        const struct mm_input_pair *pair = &s->p->in.pair[i];

        if (!mm_slice_eq(pair->name, mm_slice_str(name)) || pair->value.n == 0)
            continue;
        if (out.n > 0)
            mm_buf_byte(&out, ' ');
        mm_buf_add(&out, pair->value);
    }
    if (!mm_arena_dup(s->p->arena, mm_buf_slice(&out), &own))
        own = (struct mm_slice){0};
    mm_buf_done(&out);
    return own;
}

/* What the form says to this question; false: nothing. */
static bool entered(const struct section *s, const struct mm_question *u, struct mm_said *ret,
                    struct mm_answer *ret_answer)
{
    const struct mm_input *in = &s->p->in;
    char name[NAME_MAX];
    uint64_t seen = 0;

    *ret = (struct mm_said){.question = u->id,
                            .side = MM_SIDE_SELF,
                            .origin = MM_ORIGIN_SELF,
                            .state = MM_ANSWER_GIVEN,
                            .levels = joined(s, field(name, 'a', u)),
                            .body = mm_input_get(in, field(name, 'b', u)),
                            .comment = mm_input_get(in, field(name, 'c', u)),
                            .met = joined(s, field(name, 'm', u)),
                            .ticked = mm_input_has(in, field(name, 'n', u)),
                            .by = s->p->me.user,
                            .by_name = s->p->me.name};
    if (mm_slice_u64(mm_input_get(in, field(name, 's', u)), &seen) && seen <= INT64_MAX)
        ret->answer = (int64_t)seen;
    if (u->kind == MM_QUEST_ONE)
        ret->state = state_of(ret->levels);
    if (ret->state != MM_ANSWER_GIVEN)
        ret->levels = MM_S("");
    if (ret->levels.n == 0 && ret->body.n == 0 && ret->state == MM_ANSWER_GIVEN) {
        if (ret->comment.n == 0 && ret->answer == 0)
            return false;
        ret->state = MM_ANSWER_BLANK; /* a remark alone, or an answer taken back */
    }
    return mm_said_answer(u, ret, ret_answer) || u->kind > MM_QUEST_MANY;
}

struct saving {
    struct section *s;
    size_t saved;
    struct mm_fault fault;
};

/* Every answer for itself: one that came too late, or is none, leaves the others. */
static enum mm_code do_save(struct mm_tx *tx, void *arg)
{
    struct saving *v = arg;
    struct section *s = v->s;
    const struct mm_quest_section *of = &s->at.q->section[s->number];
    char object[40];

    for (size_t i = of->first; i < of->first + of->count; i++) {
        const struct mm_question *u = &s->at.q->question[i];
        struct mm_answer a;
        struct mm_said mine;
        int64_t number;
        enum mm_code code;

        if (!s->at.asked[i] || !entered(s, u, &mine, &a))
            continue;
        code =
            mm_assess_say(tx, s->at.a.assessment, s->at.q, &mine, s->p->now_us, &number, &v->fault);
        if (code == MM_E_EXISTS)
            s->late[i] = true;
        else if (code != MM_OK)
            return code;
        else
            v->saved++;
    }
    if (v->saved == 0)
        return MM_OK;
    (void)snprintf(object, sizeof(object), "assessment %lld", (long long)s->at.a.assessment);
    return mm_audit_add(tx, &(struct mm_audit){.time_us = s->p->now_us,
                                               .user = s->p->me.user,
                                               .actor = s->p->me.login,
                                               .action = MM_S("assess.answer"),
                                               .object = mm_slice_str(object),
                                               .text = of->id});
}

static bool any_late(const struct section *s)
{
    for (size_t i = 0; i < s->at.q->questions; i++) {
        if (s->late[i])
            return true;
    }
    return false;
}

/* The answers as they are now, for the questions that they bring up and those that came too late.
 */
static enum mm_code read_again(struct section *s)
{
    int64_t number = s->at.a.assessment;
    struct mm_page *p = s->p;
    enum mm_code code;

    mm_assess_at_done(&s->at);
    code = mm_records_read(p->portal->cfg.records, p->narrow, &p->tx);
    if (code == MM_OK)
        code = mm_assess_get(p->tx, number, p->arena, &s->at.a);
    return code == MM_OK ? mm_assess_at_read(p, &s->at) : code;
}

/* On to the next section; the same one while it still asks something. */
static void go_on(struct section *s)
{
    struct mm_page *p = s->p;
    struct mm_assess_progress n = mm_assess_progress(&s->at, s->number);
    bool home = mm_slice_eq(mm_input_get(&p->in, "do"), MM_S("home"));
    bool last = s->number + 1 >= s->at.q->sections;
    size_t to = n.answered < n.questions ? s->number : s->number + 1;

    if (home || (last && to > s->number))
        mm_page_go(p, "/companies/%u/assessments/%lld", p->company, (long long)s->at.a.assessment);
    else
        mm_page_go(p, "/companies/%u/assessments/%lld/sections/%.*s", p->company,
                   (long long)s->at.a.assessment, MM_S_ARG(s->at.q->section[to].id));
}

static enum mm_code save(struct section *s)
{
    struct mm_page *p = s->p;
    struct saving v = {.s = s};
    enum mm_code code;

    mm_records_read_done(&p->tx);
    code = mm_records_write(p->portal->cfg.records, p->narrow, do_save, &v);
    if (code == MM_E_RANGE && v.fault.what != NULL)
        mm_page_refuse(p, "answer", v.fault.what);
    else if (code == MM_E_DENIED)
        mm_page_refuse(p, "answer", "assess.still");
    else if (code != MM_OK)
        return code;
    code = read_again(s);
    if (code != MM_OK)
        return code;
    if (any_late(s))
        mm_page_refuse(p, "answer", "assess.late");
    if (!mm_page_refused(p))
        go_on(s);
    mm_doc_int(p->doc, "saved", (int64_t)v.saved);
    write_section(s);
    return MM_OK;
}

enum mm_code mm_page_assessment_answer(struct mm_page *p)
{
    struct section s = {0};
    enum mm_code code = find(p, &s);

    p->template = "assessment_section";
    if (code == MM_OK)
        code = save(&s);
    mm_assess_at_done(&s.at);
    return code;
}
