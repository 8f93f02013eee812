/* assess/score.c - see score.h for the contract. */
#include "assess/score.h"

static const char *const states[MM_ANSWER_STATES] = {"blank", "given", "unknown", "not-applicable"};

const char *mm_answer_state_name(enum mm_answer_state state)
{
    MM_ASSERT(state < MM_ANSWER_STATES);
    return states[state];
}

bool mm_answer_state_find(struct mm_slice name, enum mm_answer_state *ret)
{
    for (int i = 0; i < MM_ANSWER_STATES; i++) {
        if (mm_slice_eq(name, mm_slice_str(states[i]))) {
            *ret = (enum mm_answer_state)i;
            return true;
        }
    }
    return false;
}

int mm_answer_level(const struct mm_answer *a)
{
    return a->state != MM_ANSWER_GIVEN || a->levels == 0 ? -1 : __builtin_ctz(a->levels);
}

bool mm_answer_check(const struct mm_question *u, const struct mm_answer *a)
{
    const struct mm_scale *s = u->scale;

    if (a->met >> u->criteria != 0 || (a->met != 0 && !a->ticked))
        return false;
    if (a->state != MM_ANSWER_GIVEN && a->levels != 0)
        return false;
    switch (a->state) {
    case MM_ANSWER_UNKNOWN:
        return s == NULL || s->unknown.kind != MM_POLICY_REFUSED;
    case MM_ANSWER_NOT_APPLICABLE:
        return s == NULL || s->not_applicable.kind != MM_POLICY_REFUSED;
    case MM_ANSWER_GIVEN:
        if (s == NULL)
            return a->levels == 0;
        return a->levels >> s->levels == 0 &&
               (u->kind == MM_QUEST_MANY || __builtin_popcount(a->levels) == 1);
    case MM_ANSWER_BLANK:
    case MM_ANSWER_STATES:
        break;
    }
    return a->state == MM_ANSWER_BLANK;
}

/* ---- which are asked ---- */

static bool holds(const struct mm_quest_cond *c, const struct mm_answer *a, bool asked)
{
    if (!asked)
        return false;
    switch (a->state) {
    case MM_ANSWER_UNKNOWN:
        return c->unknown;
    case MM_ANSWER_NOT_APPLICABLE:
        return c->not_applicable;
    case MM_ANSWER_GIVEN:
        return c->kind == MM_QCOND_OTHER ? (a->levels & c->levels) == 0
                                         : (a->levels & c->levels) != 0;
    case MM_ANSWER_BLANK:
    case MM_ANSWER_STATES:
        break;
    }
    return false;
}

static bool is_asked(const struct mm_quest *q, const struct mm_answer *answer, size_t i,
                     const struct mm_item *before)
{
    const struct mm_question *u = &q->question[i];

    for (size_t k = 0; k < u->conds; k++) {
        const struct mm_quest_cond *c = &u->cond[k];

        MM_ASSERT(c->question < i);
        if (!holds(c, &answer[c->question], before[c->question].asked))
            return false;
    }
    return true;
}

void mm_score_asked(const struct mm_quest *q, const struct mm_answer *answer, bool *ret)
{
    for (size_t i = 0; i < q->questions; i++) {
        ret[i] = true;
        for (size_t k = 0; k < q->question[i].conds && ret[i]; k++) {
            const struct mm_quest_cond *c = &q->question[i].cond[k];

            ret[i] = holds(c, &answer[c->question], ret[c->question]);
        }
    }
}

/* ---- one question ---- */

/* The highest level up to `level` of which all criteria are met. */
static int capped(const struct mm_question *u, const struct mm_answer *a, int level)
{
    for (size_t i = 0; i < u->criteria && a->ticked; i++) {
        if ((a->met >> i & 1) == 0 && (int)u->criterion[i].from <= level)
            level = (int)u->criterion[i].from - 1;
    }
    return level < 0 ? 0 : level; /* the lowest level is what nobody can miss */
}

/* What the answer counts as, in thousandths; false: it is left out. */
static bool milli_of(const struct mm_quest *q, const struct mm_question *u,
                     const struct mm_answer *a, struct mm_item *it, int64_t *ret)
{
    const struct mm_scale *s = u->scale;
    struct mm_policy p = q->score.not_asked;
    int level;

    if (it->asked && a->state == MM_ANSWER_GIVEN) {
        level = mm_answer_level(a);
        it->level = capped(u, a, level);
        it->criteria = it->level != level;
        if (!q->score.criteria_cap)
            it->level = level;
        *ret = s->level[it->level].milli;
        return true;
    }
    if (it->asked)
        p = a->state == MM_ANSWER_UNKNOWN          ? s->unknown
            : a->state == MM_ANSWER_NOT_APPLICABLE ? s->not_applicable
                                                   : s->blank;
    switch (p.kind) {
    case MM_POLICY_LOWEST:
        *ret = s->level[0].milli;
        return true;
    case MM_POLICY_HIGHEST:
        *ret = s->level[s->levels - 1].milli;
        return true;
    case MM_POLICY_VALUE:
        *ret = p.milli;
        return true;
    case MM_POLICY_REFUSED:
    case MM_POLICY_LEFT_OUT:
        break;
    }
    return false;
}

/* ---- parts ---- */

/* Sums of one part while its questions pass by; what it will be worth is made at the end. */
struct part {
    struct mm_answer_counts n;
    struct mm_ratio sum, weights, worst;
    struct mm_ratio lowest, reach; /* of sums in percent: of their ranges */
    size_t k;
    bool bad; /* a value did not fit */
};

struct counted {
    struct mm_ratio value, weight;
    struct mm_ratio lowest, reach;
    bool share; /* it stands at share-at or above */
};

/* Most answers have one denominator; then nothing has to be brought into lowest terms. */
static void add(struct mm_ratio *to, struct mm_ratio v, bool *bad)
{
    if (to->num == 0)
        *to = v;
    else if (to->den == v.den)
        *bad = __builtin_add_overflow(to->num, v.num, &to->num) || *bad;
    else
        *bad = !mm_ratio_add(*to, v, to) || *bad;
}

static bool times(struct mm_ratio a, struct mm_ratio b, struct mm_ratio *ret)
{
    struct mm_ratio r;

    if (!__builtin_mul_overflow(a.num, b.num, &r.num) &&
        !__builtin_mul_overflow(a.den, b.den, &r.den)) {
        *ret = r;
        return true;
    }
    return mm_ratio_mul(a, b, ret);
}

static struct mm_ratio raw(int64_t milli)
{
    return (struct mm_ratio){.num = milli, .den = 1000};
}

static void put(struct part *p, const struct counted *c, enum mm_rollup rollup)
{
    const struct mm_ratio one = {.num = 1, .den = 1};
    struct mm_ratio v = c->value;

    if (rollup == MM_ROLLUP_WEIGHTED_MEAN)
        p->bad = !times(v, c->weight, &v) || p->bad;
    if (p->n.counted == 0 || mm_ratio_cmp(c->value, p->worst) < 0)
        p->worst = c->value;
    add(&p->sum, v, &p->bad);
    add(&p->weights, rollup == MM_ROLLUP_WEIGHTED_MEAN ? c->weight : one, &p->bad);
    if (rollup == MM_ROLLUP_SUM) {
        add(&p->lowest, c->lowest, &p->bad);
        add(&p->reach, c->reach, &p->bad);
    }
    p->k += c->share ? 1 : 0;
    p->n.counted++;
}

static void tell(struct mm_answer_counts *n, const struct mm_item *it, const struct mm_answer *a)
{
    n->questions++;
    if (!it->asked)
        n->not_asked++;
    else if (a->state == MM_ANSWER_GIVEN)
        n->given++;
    else if (a->state == MM_ANSWER_UNKNOWN)
        n->unknown++;
    else if (a->state == MM_ANSWER_NOT_APPLICABLE)
        n->not_applicable++;
    else
        n->blank++;
}

static uint32_t lines_of(const struct mm_quest *q, struct mm_ratio value)
{
    uint32_t mask = 0;

    for (size_t i = 0; i < q->score.lines; i++) {
        const struct mm_quest_line *l = &q->score.line[i];
        int c = mm_ratio_cmp(value, mm_ratio_milli(l->milli));

        if (l->at_least ? c >= 0 : c <= 0)
            mask |= UINT32_C(1) << i;
    }
    return mask;
}

/* What the part is worth when it is measured. `percent`: sums are made one; other values are it
 * already. */
static bool finish(const struct mm_quest *q, const struct part *p, enum mm_rollup rollup,
                   bool percent, bool measured, struct mm_score *ret)
{
    const struct mm_ratio hundred = {.num = 100, .den = 1};
    struct mm_score s = {.n = p->n, .k = p->k, .value = {.num = 0, .den = 1}, .measured = measured};
    bool ok = !p->bad;

    if (!s.measured || !ok) {
        *ret = s;
        return ok;
    }
    switch (rollup) {
    case MM_ROLLUP_MEAN:
    case MM_ROLLUP_WEIGHTED_MEAN:
        ok = mm_ratio_div(p->sum, p->weights, &s.value);
        break;
    case MM_ROLLUP_SUM:
        ok = mm_ratio_make(p->sum.num, p->sum.den, &s.value);
        if (percent)
            ok = ok && mm_ratio_sub(p->sum, p->lowest, &s.value) &&
                 mm_ratio_div(s.value, p->reach, &s.value) &&
                 mm_ratio_mul(s.value, hundred, &s.value);
        break;
    case MM_ROLLUP_WORST:
        ok = mm_ratio_make(p->worst.num, p->worst.den, &s.value);
        break;
    case MM_ROLLUP_SHARE:
        ok = mm_ratio_make((int64_t)p->k, (int64_t)p->n.counted, &s.value) &&
             (!percent || mm_ratio_mul(s.value, hundred, &s.value));
        break;
    case MM_ROLLUPS:
        ok = false;
        break;
    }
    if (ok)
        s.lines = lines_of(q, s.value);
    *ret = s;
    return ok;
}

/* ---- the whole ---- */

static bool enough(const struct mm_quest *q, size_t counted)
{
    return q->score.given && counted >= q->score.least;
}

struct work {
    const struct mm_quest *q;
    const struct mm_answer *answer;
    struct mm_result r;
    struct part total, *section, *category, *pillar, *measure;
};

static bool room(struct mm_arena *a, size_t n, struct part **parts, struct mm_score **scores)
{
    *parts = mm_arena_array(a, n, sizeof(**parts));
    *scores = mm_arena_array(a, n, sizeof(**scores));
    for (size_t i = 0; *parts != NULL && i < n; i++)
        (*parts)[i] =
            (struct part){.sum = {0, 1}, .weights = {0, 1}, .lowest = {0, 1}, .reach = {0, 1}};
    return *parts != NULL && *scores != NULL;
}

/* A counted answer in the units of `show`; sums stay raw until their end. */
static void count(const struct mm_quest *q, const struct mm_question *u, int64_t milli,
                  struct mm_item *it, struct counted *ret)
{
    const struct mm_scale *s = u->scale;
    int64_t low = s->level[0].milli, high = s->level[s->levels - 1].milli;
    int at = q->score.share_at.n > 0 ? mm_scale_level(s, q->score.share_at) : -1;

    *ret = (struct counted){.value = raw(milli),
                            .weight = raw(u->weight),
                            .lowest = raw(low),
                            .reach = raw(high - low),
                            .share = at >= 0 && milli >= s->level[at].milli};
    it->counted = true;
    it->value = ret->value;
    if (q->score.percent) /* the loader has seen that a scored scale is not flat */
        it->value = (struct mm_ratio){.num = (milli - low) * 100, .den = high - low};
}

static void put_all(struct work *w, size_t i, const struct counted *c)
{
    const struct mm_question *u = &w->q->question[i];
    const struct mm_quest_score *s = &w->q->score;
    /* Of sums the raw value is added, of all else what is shown. */
    struct counted shown = *c;

    shown.value = w->r.item[i].value;
    put(&w->section[u->section], s->sections == MM_ROLLUP_SUM ? c : &shown, s->sections);
    if (u->category >= 0)
        put(&w->category[u->category], s->sections == MM_ROLLUP_SUM ? c : &shown, s->sections);
    if (u->pillar >= 0)
        put(&w->pillar[u->pillar], s->sections == MM_ROLLUP_SUM ? c : &shown, s->sections);
    if (u->measure >= 0)
        put(&w->measure[u->measure], s->sections == MM_ROLLUP_SUM ? c : &shown, s->sections);
    if (!s->of_sections)
        put(&w->total, s->total == MM_ROLLUP_SUM ? c : &shown, s->total);
}

static void one(struct work *w, size_t i)
{
    const struct mm_quest *q = w->q;
    const struct mm_question *u = &q->question[i];
    struct mm_item *it = &w->r.item[i];
    struct counted c;
    int64_t milli = 0;

    MM_ASSERT(mm_answer_check(u, &w->answer[i]));
    it->level = -1;
    it->asked = is_asked(q, w->answer, i, w->r.item);
    if (!u->counts)
        return;
    tell(&w->total.n, it, &w->answer[i]);
    tell(&w->section[u->section].n, it, &w->answer[i]);
    if (u->category >= 0)
        tell(&w->category[u->category].n, it, &w->answer[i]);
    if (u->pillar >= 0)
        tell(&w->pillar[u->pillar].n, it, &w->answer[i]);
    if (u->measure >= 0)
        tell(&w->measure[u->measure].n, it, &w->answer[i]);
    if (!milli_of(q, u, &w->answer[i], it, &milli))
        return;
    count(q, u, milli, it, &c);
    put_all(w, i, &c);
}

/* The total from sections: as many are counted as were measured, but n stays that of answers. */
static bool total_of_sections(struct work *w)
{
    const struct mm_quest *q = w->q;
    struct part p = {.sum = {0, 1}, .weights = {0, 1}, .lowest = {0, 1}, .reach = {0, 1}};
    size_t counted = 0;
    bool ok;

    for (size_t i = 0; i < q->sections; i++) {
        struct counted c = {.value = w->r.section[i].value,
                            .weight = mm_ratio_milli(q->section[i].weight),
                            .lowest = {0, 1},
                            .reach = {0, 1}};

        counted += w->section[i].n.counted;
        if (w->r.section[i].measured)
            put(&p, &c, q->score.total);
    }
    ok = finish(q, &p, q->score.total, false, p.n.counted > 0 && enough(q, counted), &w->r.total);
    w->r.total.n = w->total.n;
    w->r.total.n.counted = counted;
    return ok;
}

static void tiers(struct work *w)
{
    for (size_t t = 0; t < w->q->tiers; t++) {
        struct mm_tier_score *s = &w->r.tier[t];

        for (size_t i = 0; i < w->q->questions; i++) {
            const struct mm_question *u = &w->q->question[i];
            const struct mm_item *it = &w->r.item[i];

            if (u->tier < 0 || (size_t)u->tier > t || !u->counts || !it->asked ||
                w->answer[i].state == MM_ANSWER_NOT_APPLICABLE)
                continue;
            s->n++;
            s->k += it->level >= mm_scale_level(u->scale, w->q->tier[t].reached_at) ? 1 : 0;
        }
        s->reached = s->n > 0 && s->k == s->n;
    }
}

static bool parts(const struct mm_quest *q, const struct part *p, size_t n, struct mm_score *ret)
{
    bool ok = true;

    for (size_t i = 0; i < n; i++)
        ok = finish(q, &p[i], q->score.sections, q->score.percent, enough(q, p[i].n.counted),
                    &ret[i]) &&
             ok;
    return ok;
}

enum mm_code mm_score(const struct mm_quest *q, const struct mm_answer *answer, struct mm_arena *a,
                      struct mm_result *ret)
{
    struct work w = {.q = q,
                     .answer = answer,
                     .total = {.sum = {0, 1}, .weights = {0, 1}, .lowest = {0, 1}, .reach = {0, 1}},
                     .r = {.quest = q, .band = -1}};
    bool ok;

    MM_ASSERT(q != NULL && answer != NULL && ret != NULL);
    w.r.item = mm_arena_array(a, q->questions, sizeof(*w.r.item));
    w.r.tier = mm_arena_array(a, q->tiers, sizeof(*w.r.tier));
    if (w.r.item == NULL || w.r.tier == NULL || !room(a, q->sections, &w.section, &w.r.section) ||
        !room(a, q->categories, &w.category, &w.r.category) ||
        !room(a, q->pillars, &w.pillar, &w.r.pillar) ||
        !room(a, q->measures, &w.measure, &w.r.measure))
        return MM_E_NOMEM;
    for (size_t i = 0; i < q->questions; i++)
        one(&w, i);
    ok = parts(q, w.section, q->sections, w.r.section) &&
         parts(q, w.category, q->categories, w.r.category) &&
         parts(q, w.pillar, q->pillars, w.r.pillar) &&
         parts(q, w.measure, q->measures, w.r.measure);
    if (ok)
        ok = q->score.of_sections ? total_of_sections(&w)
                                  : finish(q, &w.total, q->score.total, q->score.percent,
                                           enough(q, w.total.n.counted), &w.r.total);
    if (!ok)
        return MM_E_RANGE;
    tiers(&w);
    w.r.band =
        w.r.total.measured ? mm_bands_find(q->score.band, q->score.bands, w.r.total.value) : -1;
    *ret = w.r;
    return MM_OK;
}

void mm_score_print(struct mm_buf *out, const struct mm_quest *q, const struct mm_score *s)
{
    if (s->measured)
        mm_ratio_print(out, s->value, q->score.rounding, q->score.digits);
}

bool mm_score_gap(const struct mm_result *r, size_t question, struct mm_ratio *ret)
{
    const struct mm_question *u = &r->quest->question[question];
    const struct mm_item *it = &r->item[question];
    const struct mm_scale *s = u->scale;
    struct mm_ratio best, gap, range;

    *ret = (struct mm_ratio){.num = 0, .den = 1};
    if (!u->counts || !it->asked || !it->counted)
        return true;
    best = r->quest->score.percent ? (struct mm_ratio){.num = 100, .den = 1}
                                   : mm_ratio_milli(s->level[s->levels - 1].milli);
    range = r->quest->score.percent
                ? best
                : mm_ratio_milli(s->level[s->levels - 1].milli - s->level[0].milli);
    if (range.num == 0 || mm_ratio_cmp(it->value, best) >= 0)
        return true;
    return mm_ratio_sub(best, it->value, &gap) && mm_ratio_div(gap, range, &gap) &&
           mm_ratio_mul(gap, mm_ratio_milli(u->weight), ret);
}
