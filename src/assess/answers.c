/* assess/answers.c - see answers.h for the contract. */
#include "assess/answers.h"

#include "assess/read.h"

#define ORIGINS "self interviewer carried imported proposed"
#define STATES "blank given unknown not-applicable"

/* ["a", "b"] or "a b" as ids with a blank between them. */
static bool ids(struct mm_reader *r, const struct mm_yaml *node, struct mm_slice *ret)
{
    struct mm_buf out;
    bool ok = true;

    if (node->kind == MM_YAML_SCALAR) {
        *ret = mm_slice_trim(node->text);
        return true;
    }
    if (node->kind != MM_YAML_LIST || node->count > MM_QUEST_LEVELS_MAX)
        return mm_read_fail(r, node, "list", node->key, "0..20");
    mm_buf_init(&out, (size_t)MM_QUEST_LEVELS_MAX * (MM_QUEST_ID_MAX + 1));
    for (const struct mm_yaml *m = node->first; m != NULL && ok; m = m->next) {
        ok = (m->kind == MM_YAML_SCALAR && mm_read_is_id(m->text)) ||
             mm_read_fail(r, m, "id", m->text, NULL);
        if (ok && out.n > 0)
            mm_buf_byte(&out, ' ');
        mm_buf_add(&out, m->text);
    }
    if (ok && !mm_arena_dup(r->arena, mm_buf_slice(&out), ret)) {
        r->nomem = true;
        ok = false;
    }
    mm_buf_done(&out);
    return ok;
}

static void said_map(struct mm_reader *r, const struct mm_yaml *m, struct mm_said *s)
{
    const struct mm_yaml *met = mm_yaml_get(m, "met"), *levels = mm_yaml_get(m, "levels");
    size_t which = MM_ANSWER_GIVEN;

    if (!mm_read_map(r, m,
                     "state level levels body met comment origin reason by interviewer at "
                     "provisional"))
        return;
    (void)mm_read_choice(r, m, "state", STATES, &which);
    s->state = (enum mm_answer_state)which;
    (void)mm_read_id(r, m, "level", &s->levels);
    if (levels != NULL)
        (void)ids(r, levels, &s->levels);
    (void)mm_read_scalar(r, m, "body", MM_ASSESS_BODY_MAX, &s->body);
    (void)mm_read_scalar(r, m, "comment", MM_ASSESS_COMMENT_MAX, &s->comment);
    (void)mm_read_scalar(r, m, "reason", MM_ASSESS_REASON_MAX, &s->reason);
    (void)mm_read_scalar(r, m, "by", MM_ASSESS_NAME_MAX, &s->by_name);
    if (met != NULL)
        s->ticked = ids(r, met, &s->met);
}

/* mfa: done; mfa: unknown; mfa: {level: done, comment: ...} */
static void said_read(struct mm_reader *r, const struct mm_quest *q, const struct mm_yaml *m,
                      struct mm_said *ret)
{
    size_t at = mm_quest_find(q, m->key), before = r->errors->count;
    struct mm_said s = {.question = m->key, .state = MM_ANSWER_GIVEN, .origin = MM_ORIGIN_IMPORTED};
    const struct mm_question *u = at == SIZE_MAX ? NULL : &q->question[at];
    struct mm_answer a;

    if (u == NULL) {
        (void)mm_read_fail(r, m, "no-question", m->key, NULL);
        return;
    }
    if (m->kind == MM_YAML_MAP) {
        said_map(r, m, &s);
    } else if (m->kind != MM_YAML_SCALAR) {
        (void)mm_read_fail(r, m, "map", m->key, NULL);
    } else if (u->scale == NULL) {
        s.body = m->text;
    } else if (mm_scale_level(u->scale, m->text) >= 0 || !mm_answer_state_find(m->text, &s.state) ||
               s.state == MM_ANSWER_GIVEN) {
        s.state = MM_ANSWER_GIVEN;
        s.levels = m->text;
    }
    if (r->errors->count == before && !mm_said_answer(u, &s, &a))
        (void)mm_read_fail(r, m, "answer", m->kind == MM_YAML_SCALAR ? m->text : s.levels, NULL);
    *ret = s;
}

enum mm_code mm_answers_read(const struct mm_quest *q, struct mm_slice text, struct mm_arena *a,
                             struct mm_said **ret, size_t *ret_n, struct mm_quest_errors *errors)
{
    struct mm_reader r = {.arena = a, .errors = errors};
    const struct mm_yaml *doc = NULL, *answers;
    struct mm_slice id = {0};
    struct mm_said *list = NULL;
    uint64_t version = 0;
    size_t n = 0;
    enum mm_code code = mm_read_doc(&r, text, &doc);

    if (code == MM_OK &&
        (mm_read_map(&r, doc, "questionnaire! version! answers! company assessment state title") ||
         doc->kind == MM_YAML_MAP)) {
        if (mm_read_id(&r, doc, "questionnaire", &id) && !mm_slice_eq(id, q->id))
            (void)mm_read_fail(&r, mm_yaml_get(doc, "questionnaire"), "other", id, NULL);
        if (mm_read_whole(&r, doc, "version", 1, 9999, &version) && version != q->version)
            (void)mm_read_fail(&r, mm_yaml_get(doc, "version"), "other",
                               mm_yaml_text(doc, "version"), NULL);
        answers = mm_yaml_get(doc, "answers");
        if (answers != NULL && answers->kind == MM_YAML_MAP &&
            answers->count <= MM_QUEST_QUESTIONS_MAX) {
            list = mm_read_alloc(&r, answers->count, sizeof(*list));
            for (const struct mm_yaml *m = answers->first; list != NULL && m != NULL; m = m->next)
                said_read(&r, q, m, &list[n++]);
        } else if (answers != NULL) {
            (void)mm_read_fail(&r, answers, "map", answers->text, NULL);
        }
    }
    code = mm_read_end(&r, code);
    if (code == MM_OK) {
        *ret = list;
        *ret_n = n;
    }
    return code;
}

/* ---- writing ---- */

static void said_doc(struct mm_doc *at, const struct mm_said *s)
{
    mm_doc_str(at, "state", mm_answer_state_name(s->state));
    if (s->levels.n > 0)
        mm_doc_text(at, "levels", s->levels);
    if (s->body.n > 0)
        mm_doc_text(at, "body", s->body);
    if (s->ticked)
        mm_doc_text(at, "met", s->met);
    if (s->comment.n > 0)
        mm_doc_text(at, "comment", s->comment);
    if (s->reason.n > 0)
        mm_doc_text(at, "reason", s->reason);
    mm_doc_str(at, "origin", mm_assess_origin_name(s->origin));
    if (s->provisional)
        mm_doc_bool(at, "provisional", true);
    if (s->by_name.n > 0)
        mm_doc_text(at, "by", s->by_name);
    mm_doc_time(at, "at", s->made_us);
}

void mm_answers_doc(struct mm_doc *at, const struct mm_quest *q, const struct mm_said *said,
                    size_t n)
{
    struct mm_doc *answers;

    mm_doc_text(at, "questionnaire", q->id);
    mm_doc_int(at, "version", q->version);
    answers = mm_doc_object(at, "answers");
    for (size_t i = 0; i < q->questions; i++) {
        const struct mm_said *of[MM_SIDES] = {NULL, NULL};
        struct mm_doc *o;

        for (size_t k = 0; k < n; k++) {
            if (mm_slice_eq(said[k].question, q->question[i].id))
                of[said[k].side] = &said[k];
        }
        if (of[MM_SIDE_SELF] == NULL && of[MM_SIDE_INTERVIEWER] == NULL)
            continue;
        /* Ids of a questionnaire end in a NUL and outlive the document. */
        o = mm_doc_object(answers, (const char *)q->question[i].id.p);
        if (of[MM_SIDE_SELF] != NULL)
            said_doc(o, of[MM_SIDE_SELF]);
        else
            mm_doc_str(o, "state", mm_answer_state_name(MM_ANSWER_BLANK));
        if (of[MM_SIDE_INTERVIEWER] != NULL)
            said_doc(mm_doc_object(o, "interviewer"), of[MM_SIDE_INTERVIEWER]);
    }
}
