/* assess/doc.c - see doc.h for the contract. */
#include "assess/doc.h"

void mm_words_doc(struct mm_doc *at, const char *key, const struct mm_words *w)
{
    struct mm_doc *o;

    if (w->in[MM_LANG_JA].n == 0)
        return;
    o = mm_doc_object(at, key);
    mm_doc_text(o, "ja", w->in[MM_LANG_JA]);
    mm_doc_text(o, "en", w->in[MM_LANG_EN]);
}

static void texts_doc(struct mm_doc *at, const char *key, const struct mm_texts *t)
{
    struct mm_doc *list = t->n == 0 ? NULL : mm_doc_array(at, key);

    for (size_t i = 0; i < t->n; i++)
        mm_words_doc(list, NULL, &t->v[i]);
}

static void names_doc(struct mm_doc *at, const char *key, const struct mm_names *t)
{
    struct mm_doc *list = t->n == 0 ? NULL : mm_doc_array(at, key);

    for (size_t i = 0; i < t->n; i++)
        mm_doc_text(list, NULL, t->v[i]);
}

/* A number in thousandths as text, so that no reader makes a float of it: "1.5", "-1". */
static void milli_doc(struct mm_doc *at, const char *key, int64_t milli)
{
    unsigned digits = milli % 1000 == 0 ? 0 : milli % 100 == 0 ? 1 : milli % 10 == 0 ? 2 : 3;
    struct mm_buf out;

    mm_buf_init(&out, 64);
    mm_ratio_print(&out, mm_ratio_milli(milli), MM_ROUND_HALF_UP, digits);
    mm_doc_text(at, key, mm_buf_slice(&out));
    mm_buf_done(&out);
}

static void policy_doc(struct mm_doc *at, const char *key, const struct mm_policy *p)
{
    static const char *const names[] = {"refused", "left-out", "lowest", "highest"};

    if (p->kind == MM_POLICY_VALUE)
        milli_doc(at, key, p->milli);
    else
        mm_doc_str(at, key, names[p->kind]);
}

static void scale_doc(struct mm_doc *at, const struct mm_scale *s)
{
    struct mm_doc *levels;

    if (s->id.n > 0)
        mm_doc_text(at, "scale", s->id);
    mm_words_doc(at, "title", &s->title);
    levels = mm_doc_array(at, "levels");
    for (size_t i = 0; i < s->levels; i++) {
        struct mm_doc *o = mm_doc_object(levels, NULL);

        mm_doc_text(o, "level", s->level[i].id);
        if (s->scored)
            milli_doc(o, "value", s->level[i].milli);
        mm_words_doc(o, "words", &s->level[i].words);
        mm_words_doc(o, "help", &s->level[i].help);
    }
    policy_doc(at, "unknown", &s->unknown);
    policy_doc(at, "not_applicable", &s->not_applicable);
    policy_doc(at, "blank", &s->blank);
}

static void action_doc(struct mm_doc *at, const struct mm_action *a)
{
    struct mm_doc *o = mm_doc_object(at, "action"), *yen;

    mm_words_doc(o, "title", &a->title);
    texts_doc(o, "steps", &a->steps);
    mm_doc_text(o, "who", a->who);
    mm_doc_int(o, "minutes", a->minutes);
    yen = mm_doc_object(o, "yen");
    mm_doc_int(yen, "low", (int64_t)a->yen_low); /* the reader keeps them below 10^9 */
    mm_doc_int(yen, "likely", (int64_t)a->yen_likely);
    mm_doc_int(yen, "high", (int64_t)a->yen_high);
    mm_doc_text(yen, "per", a->per);
    mm_doc_int(o, "ease", a->ease);
    mm_words_doc(o, "forward", &a->forward);
    names_doc(o, "service", &a->service);
    names_doc(o, "template", &a->template);
}

static void checks_doc(struct mm_doc *at, const struct mm_question *u)
{
    struct mm_doc *list = u->checks == 0 ? NULL : mm_doc_array(at, "checks");

    for (size_t i = 0; i < u->checks; i++) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, "by", u->check[i].by);
        mm_doc_text(o, "check", u->check[i].check);
        if (u->check[i].pass >= 0)
            mm_doc_text(o, "pass", u->scale->level[u->check[i].pass].id);
        if (u->check[i].fail >= 0)
            mm_doc_text(o, "fail", u->scale->level[u->check[i].fail].id);
    }
}

static void criteria_doc(struct mm_doc *at, const struct mm_question *u)
{
    struct mm_doc *list = u->criteria == 0 ? NULL : mm_doc_array(at, "criteria");

    for (size_t i = 0; i < u->criteria; i++) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, "criterion", u->criterion[i].id);
        mm_words_doc(o, "words", &u->criterion[i].words);
        mm_doc_text(o, "from", u->scale->level[u->criterion[i].from].id);
    }
}

static void refs_doc(struct mm_doc *at, const struct mm_question *u)
{
    struct mm_doc *list = u->refs == 0 ? NULL : mm_doc_array(at, "refs");

    for (size_t i = 0; i < u->refs; i++) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, "standard", u->ref[i].standard);
        names_doc(o, "items", &u->ref[i].items);
    }
}

static void group_name(struct mm_doc *at, const char *key, const struct mm_quest_group *g, int i)
{
    if (i >= 0)
        mm_doc_text(at, key, g[i].id);
}

static void question_doc(struct mm_doc *at, const struct mm_quest *q, const struct mm_question *u)
{
    mm_doc_text(at, "question", u->id);
    mm_doc_str(at, "kind", mm_quest_kind_name(u->kind));
    mm_doc_bool(at, "counts", u->counts);
    mm_words_doc(at, "ask", &u->ask);
    mm_words_doc(at, "help", &u->help);
    mm_words_doc(at, "where", &u->where);
    mm_words_doc(at, "audience", &u->audience);
    mm_words_doc(at, "evidence", &u->evidence);
    texts_doc(at, "enough", &u->enough);
    texts_doc(at, "not_enough", &u->not_enough);
    if (u->scale != NULL && u->scale->id.n > 0)
        mm_doc_text(at, "scale", u->scale->id);
    else if (u->scale != NULL)
        scale_doc(mm_doc_object(at, "own_scale"), u->scale);
    milli_doc(at, "weight", u->weight);
    group_name(at, "tier", q->tier, u->tier);
    group_name(at, "pillar", q->pillar, u->pillar);
    group_name(at, "measure", q->measure, u->measure);
    if (u->owner.n > 0)
        mm_doc_text(at, "owner", u->owner);
    names_doc(at, "terms", &u->terms);
    names_doc(at, "controls", &u->controls);
    mm_doc_int(at, "conditions", (int64_t)u->conds);
    criteria_doc(at, u);
    refs_doc(at, u);
    checks_doc(at, u);
    if (u->action != NULL)
        action_doc(at, u->action);
}

void mm_quest_head_doc(struct mm_doc *at, const struct mm_quest *q)
{
    int64_t scored = 0, mappings = 0;

    for (size_t i = 0; i < q->questions; i++) {
        scored += q->question[i].counts ? 1 : 0;
        mappings += (int64_t)(q->question[i].controls.n + q->question[i].refs);
    }
    mm_doc_text(at, "questionnaire", q->id);
    mm_doc_int(at, "version", q->version);
    mm_doc_text(at, "purpose", q->purpose);
    mm_words_doc(at, "title", &q->title);
    mm_doc_int(at, "nodes", (int64_t)(q->sections + q->questions));
    mm_doc_int(at, "sections_n", (int64_t)q->sections);
    mm_doc_int(at, "questions_n", (int64_t)q->questions);
    mm_doc_int(at, "scored_n", scored);
    mm_doc_int(at, "mappings_n", mappings);
}

static void groups_doc(struct mm_doc *at, const char *key, const char *id,
                       const struct mm_quest_group *g, size_t n)
{
    struct mm_doc *list = n == 0 ? NULL : mm_doc_array(at, key);

    for (size_t i = 0; i < n; i++) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, id, g[i].id);
        mm_words_doc(o, "words", &g[i].words);
        if (g[i].reached_at.n > 0)
            mm_doc_text(o, "reached_at", g[i].reached_at);
    }
}

void mm_quest_doc(struct mm_doc *at, const struct mm_quest *q)
{
    struct mm_doc *list;

    mm_quest_head_doc(at, q);
    mm_words_doc(at, "intro", &q->intro);
    mm_words_doc(at, "source", &q->source);
    if (q->minutes > 0)
        mm_doc_int(at, "minutes", q->minutes);
    groups_doc(at, "tiers", "tier", q->tier, q->tiers);
    groups_doc(at, "pillars", "pillar", q->pillar, q->pillars);
    groups_doc(at, "measures", "measure", q->measure, q->measures);
    list = mm_doc_array(at, "scales");
    for (size_t i = 0; i < q->scales; i++)
        scale_doc(mm_doc_object(list, NULL), &q->scale[i]);
    list = mm_doc_array(at, "sections");
    for (size_t i = 0; i < q->sections; i++) {
        const struct mm_quest_section *s = &q->section[i];
        struct mm_doc *o = mm_doc_object(list, NULL), *questions;

        mm_doc_text(o, "section", s->id);
        mm_words_doc(o, "title", &s->title);
        mm_words_doc(o, "intro", &s->intro);
        group_name(o, "category", q->category, s->category);
        if (s->owner.n > 0)
            mm_doc_text(o, "owner", s->owner);
        questions = mm_doc_array(o, "questions");
        for (size_t k = 0; k < s->count; k++)
            question_doc(mm_doc_object(questions, NULL), q, &q->question[s->first + k]);
    }
}

/* ---- results ---- */

static void value_doc(struct mm_doc *at, const struct mm_quest *q, const struct mm_score *s)
{
    struct mm_doc *exact;
    struct mm_buf out;

    if (!s->measured) {
        mm_doc_none(at, "score", "not_measured");
        return;
    }
    mm_buf_init(&out, 64);
    mm_score_print(&out, q, s);
    mm_doc_text(at, "score", mm_buf_slice(&out));
    mm_buf_done(&out);
    exact = mm_doc_object(at, "exact");
    mm_doc_int(exact, "num", s->value.num);
    mm_doc_int(exact, "den", s->value.den);
}

static void score_doc(struct mm_doc *at, const struct mm_quest *q, const struct mm_score *s)
{
    struct mm_doc *lines;

    value_doc(at, q, s);
    if (q->score.share_at.n > 0)
        mm_doc_int(at, "k", (int64_t)s->k);
    mm_doc_int(at, "n", (int64_t)s->n.counted);
    mm_doc_int(at, "questions", (int64_t)s->n.questions);
    mm_doc_int(at, "given", (int64_t)s->n.given);
    mm_doc_int(at, "unknown", (int64_t)s->n.unknown);
    mm_doc_int(at, "not_applicable", (int64_t)s->n.not_applicable);
    mm_doc_int(at, "blank", (int64_t)s->n.blank);
    mm_doc_int(at, "not_asked", (int64_t)s->n.not_asked);
    lines = mm_doc_array(at, "lines");
    for (size_t i = 0; i < q->score.lines && s->measured; i++) {
        if ((s->lines >> i & 1) != 0)
            mm_doc_text(lines, NULL, q->score.line[i].id);
    }
}

static void scores_doc(struct mm_doc *at, const char *key, const char *id,
                       const struct mm_result *r, const struct mm_quest_group *g,
                       const struct mm_score *s, size_t n)
{
    struct mm_doc *list = mm_doc_array(at, key);

    for (size_t i = 0; i < n; i++) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, id, g[i].id);
        mm_words_doc(o, "words", &g[i].words);
        score_doc(o, r->quest, &s[i]);
    }
}

static void item_doc(struct mm_doc *at, const struct mm_question *u, const struct mm_item *it)
{
    mm_doc_text(at, "question", u->id);
    mm_doc_bool(at, "asked", it->asked);
    mm_doc_bool(at, "counted", it->counted);
    if (it->counted) {
        struct mm_doc *exact = mm_doc_object(at, "exact");
        struct mm_ratio v = it->value;

        if (!mm_ratio_make(v.num, v.den, &v))
            v = it->value;
        mm_doc_int(exact, "num", v.num);
        mm_doc_int(exact, "den", v.den);
    }
    if (it->level >= 0)
        mm_doc_text(at, "level", u->scale->level[it->level].id);
    if (it->criteria)
        mm_doc_bool(at, "criteria_missing", true);
}

void mm_result_doc(struct mm_doc *at, const struct mm_result *r)
{
    const struct mm_quest *q = r->quest;
    struct mm_doc *list;

    mm_doc_text(at, "questionnaire", q->id);
    mm_doc_int(at, "version", q->version);
    mm_doc_str(at, "show", q->score.percent ? "percent" : "raw");
    mm_doc_str(at, "rounding", mm_rounding_name(q->score.rounding));
    score_doc(mm_doc_object(at, "total"), q, &r->total);
    if (r->band >= 0) {
        struct mm_doc *band = mm_doc_object(at, "band");

        mm_doc_text(band, "band", q->score.band[r->band].id);
        mm_words_doc(band, "words", &q->score.band[r->band].words);
    }
    list = mm_doc_array(at, "sections");
    for (size_t i = 0; i < q->sections; i++) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, "section", q->section[i].id);
        mm_words_doc(o, "words", &q->section[i].title);
        score_doc(o, q, &r->section[i]);
    }
    scores_doc(at, "categories", "category", r, q->category, r->category, q->categories);
    scores_doc(at, "pillars", "pillar", r, q->pillar, r->pillar, q->pillars);
    scores_doc(at, "measures", "measure", r, q->measure, r->measure, q->measures);
    list = mm_doc_array(at, "tiers");
    for (size_t i = 0; i < q->tiers; i++) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, "tier", q->tier[i].id);
        mm_words_doc(o, "words", &q->tier[i].words);
        mm_doc_int(o, "k", (int64_t)r->tier[i].k);
        mm_doc_int(o, "n", (int64_t)r->tier[i].n);
        mm_doc_bool(o, "reached", r->tier[i].reached);
    }
    list = mm_doc_array(at, "items");
    for (size_t i = 0; i < q->questions; i++)
        item_doc(mm_doc_object(list, NULL), &q->question[i], &r->item[i]);
}
