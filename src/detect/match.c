/* detect/match.c - which rules an event matches: route, search, work out. */
#include "detect/fold.h"
#include "detect/matcher.h"
#include "detect/tuning.h"

static void add_candidate(struct mm_matcher *m, uint32_t rule)
{
    if (m->rule_mark[rule] == m->gen)
        return;
    m->rule_mark[rule] = m->gen;
    m->candidate[m->candidate_n++] = rule;
}

static void wake(struct mm_matcher *m, const struct mm_posting *post)
{
    if (m->posting_mark[post->id] == m->gen)
        return;
    m->posting_mark[post->id] = m->gen;
    for (uint32_t i = 0; i < post->rule_n; i++)
        add_candidate(m, m->index->rules[post->rule + i]);
}

/* A literal of the index stands in the value. */
static void found(void *ctx, uint32_t tag)
{
    struct mm_matcher *m = ctx;
    const struct mm_entry *e = &m->index->entry[tag];
    const struct mm_posting *post = &m->index->posting[e->posting];
    uint32_t old = m->set_mark[post->set];
    enum mm_verdict v = MM_YES;

    old = old / 4 == m->gen ? old % 4 : MM_NO;
    if (old != MM_YES && e->verify && m->atom_mark[e->atom] == m->search)
        return;
    if (old != MM_YES && e->verify) {
        m->atom_mark[e->atom] = m->search;
        v = mm_match_atom(m, &m->set->atom[e->atom], m->value);
    }
    if (old == MM_NO && v == MM_NO)
        return;
    if (old != MM_YES && v != MM_NO)
        m->set_mark[post->set] = m->gen * 4 + (uint32_t)v;
    wake(m, post); /* also when another group's index found it first */
}

/* Search one value; what can't be searched wakes everything. */
static void search_value(struct mm_matcher *m, struct mm_place *p)
{
    const struct mm_lits *l = &m->index->lits;
    struct mm_slice text;

    if (!p->lost && p->raw.n * MM_FOLD_GROW_NUM / MM_FOLD_GROW_DEN < l->shortest)
        return;
    text = mm_match_look(m, p);
    m->search++;
    m->value = p;
    if (!p->lost) {
        mm_lits_find(l, text, p->ascii, found, m);
        return;
    }
    for (size_t i = 0; i < l->n; i++)
        wake(m, &m->index->posting[m->index->entry[i].posting]);
}

static void search_keywords(struct mm_matcher *m, const struct mm_index *ix, bool *ret_lost)
{
    /* Keywords stand in few events. */
    if (ix->lits.worded && ix->lits.anywhere && mm_match_no_word(m, &ix->lits))
        return;
    if (ix->lits.worded)
        mm_match_words(m);
    else
        mm_match_texts(m);
    for (size_t i = 0; i < m->text_n; i++) {
        search_value(m, m->text[i]);
        *ret_lost |= m->text[i]->lost;
    }
}

static void search_index(struct mm_matcher *m, const struct mm_index *ix)
{
    bool all = m->set->slot[ix->slot].kind == MM_SLOT_ALL, lost = false;
    struct mm_place *p = NULL;

    m->index = ix;
    if (all) {
        search_keywords(m, ix, &lost);
    } else {
        p = mm_match_value(m, ix->slot);
        if (p == NULL)
            return;
        if (ix->lits.n > 0)
            search_value(m, p);
        lost = p->lost;
    }
    for (size_t i = 0; i < ix->present_n; i++)
        add_candidate(m, ix->present[i]);
    if (!lost)
        m->index_mark[ix->id] = m->gen;
}

/* Walk the rule's program; tests that can't be decided count as `assume`. */
static bool run(struct mm_matcher *m, uint32_t start, bool assume, bool *io_undecided)
{
    uint32_t at = start;

    while (at < MM_STEP_FAIL) { /* programs only go forward, so this ends */
        const struct mm_test_step *s = &m->set->step[at];
        enum mm_verdict v = mm_match_set(m, s->set);

        if (v == MM_UNDECIDED) {
            *io_undecided = true;
            v = assume ? MM_YES : MM_NO;
        }
        at = v == MM_YES ? s->yes : s->no;
    }
    return at == MM_STEP_TRUE;
}

/* Has the event's company values for all that is asked for? */
static bool filled(const struct mm_matcher *m, const struct mm_waits *w)
{
    bool all = true;

    for (uint32_t i = 0; i < w->n && all; i++)
        all = mm_choice_of(m->set->sets[m->set->waits[w->at + i]].choice, m->ev->company) !=
              MM_SET_NONE;
    return all;
}

/* Does the rule match? When the answer hangs on an undecided test, it doesn't, and is counted. */
static bool rule_matches(struct mm_matcher *m, uint32_t rule)
{
    const struct mm_rule_code *c = &m->set->code[rule];
    uint32_t start = c->start;
    bool undecided = false, yes;

    if (c->waits.n > 0 && !filled(m, &c->waits))
        return false;
    yes = run(m, start, true, &undecided);
    m->stats.evaluated++;
    if (!undecided || run(m, start, false, &undecided) == yes)
        return yes;
    m->undecided[rule]++;
    m->stats.undecided++;
    m->stats.undecided_rule = rule;
    return false;
}

/* Does the filter hide this event? Only when that is decided. */
static bool filter_hides(struct mm_matcher *m, uint32_t filter)
{
    const struct mm_filter *f = &m->set->filter[filter];
    uint32_t start = m->set->filter_code[filter].start;
    bool undecided = false, meant = f->company_n == 0;

    for (size_t lo = 0, hi = f->company_n; lo < hi && !meant;) {
        size_t mid = lo + (hi - lo) / 2;

        meant = f->company[mid] == m->ev->company;
        if (f->company[mid] < m->ev->company)
            lo = mid + 1;
        else
            hi = mid;
    }
    return meant && m->ev->received_us < f->until_us &&
           filled(m, &m->set->filter_code[filter].waits) && run(m, start, false, &undecided) &&
           (!undecided || run(m, start, true, &undecided));
}

/* Is the rule switched off in the event's company? That is counted. */
static bool off(struct mm_matcher *m, uint32_t rule)
{
    if (m->set->code[rule].adjust_n == 0 || !mm_rules_off(m->set, rule, m->ev->company))
        return false;
    m->stats.off++;
    return true;
}

/* Is the match of this rule hidden? By which filter is noted and counted. */
static bool hide(struct mm_matcher *m, uint32_t rule)
{
    const struct mm_rule_code *c = &m->set->code[rule];

    for (uint32_t i = 0; i < c->filter_n; i++) {
        uint32_t filter = m->set->filter_ref[c->filter + i];

        if (!filter_hides(m, filter))
            continue;
        m->hidden[m->hidden_n++] = (struct mm_hidden){.rule = rule, .filter = filter};
        m->filter_hits[filter]++;
        m->stats.hidden++;
        return true;
    }
    return false;
}

static void make_route(struct mm_matcher *m, const struct mm_event *ev, struct mm_route *r)
{
    const struct mm_ruleset *s = m->set;
    struct mm_source_bits rows;

    mm_sources_test(&s->sources, ev, &rows);
    r->group_n = 0;
    r->overflow = false;
    for (size_t g = 0; g < s->group_n; g++) {
        uint64_t common = 0;

        for (size_t w = 0; w < MM_SOURCE_WORDS; w++)
            common |= rows.w[w] & s->group[g].rows.w[w];
        if (common == 0)
            continue;
        if (r->group_n == MM_ROUTE_GROUPS_MAX)
            r->overflow = true; /* then the groups are walked for each event */
        else
            r->group[r->group_n++] = (uint16_t)g;
    }
}

/* The groups of the event's logsources, remembered by its route key. */
static struct mm_route *route(struct mm_matcher *m, const struct mm_event *ev)
{
    uint8_t key[MM_ROUTE_KEY_MAX];
    size_t n = mm_sources_key(ev, key);
    struct mm_route *r = &m->once;
    uint64_t h = n, w;

    if (n > 0) {
        memset(key + n, 0, sizeof(key) - n < 8 ? sizeof(key) - n : 8);
        for (size_t i = 0; i < n; i += 8) { /* MM_ROUTE_KEY_MAX is a multiple of 8 */
            memcpy(&w, key + i, 8);
            h = (h ^ w) * UINT64_C(0x9e3779b97f4a7c15);
            h ^= h >> 29;
        }
        r = &m->route[h >> 32 & (MM_ROUTES - 1)];
        if (r->key_n == n && memcmp(r->key, key, n) == 0)
            return r;
        memcpy(r->key, key, n);
    }
    r->key_n = n;
    make_route(m, ev, r);
    return r;
}

static void search_group(struct mm_matcher *m, const struct mm_group *g)
{
    for (size_t i = 0; i < g->index_n; i++)
        search_index(m, &g->index[i]);
    for (size_t i = 0; i < g->always_n; i++)
        add_candidate(m, g->always[i]);
}

static void search_all(struct mm_matcher *m, const struct mm_event *ev)
{
    struct mm_source_bits rows;

    mm_sources_test(&m->set->sources, ev, &rows);
    for (size_t g = 0; g < m->set->group_n; g++) {
        uint64_t common = 0;

        for (size_t w = 0; w < MM_SOURCE_WORDS; w++)
            common |= rows.w[w] & m->set->group[g].rows.w[w];
        if (common != 0)
            search_group(m, &m->set->group[g]);
    }
}

/* Keep hits[0..n) in rising order; n counts all, also those that don't fit. */
static void add_hit(uint32_t *hits, size_t max, size_t n, uint32_t rule)
{
    size_t i = mm_min_size(n, max);

    if (i == max) {
        if (max == 0 || hits[max - 1] < rule)
            return;
        i--;
    }
    for (; i > 0 && hits[i - 1] > rule; i--)
        hits[i] = hits[i - 1];
    hits[i] = rule;
}

size_t mm_rules_match(struct mm_matcher *m, const struct mm_event *ev, uint32_t *hits, size_t max)
{
    struct mm_route *r;
    size_t n = 0;

    MM_ASSERT(m != NULL && ev != NULL && (hits != NULL || max == 0));
    m->stats.events++;
    m->hidden_n = 0;
    r = route(m, ev);
    if (r->group_n == 0)
        return 0;
    m->stats.routed++;
    mm_match_begin(m, ev, r);
    if (r->overflow)
        search_all(m, ev);
    for (size_t g = 0; g < r->group_n && !r->overflow; g++)
        search_group(m, &m->set->group[r->group[g]]);
    for (size_t i = 0; i < m->candidate_n; i++) {
        if (rule_matches(m, m->candidate[i]) && !off(m, m->candidate[i]) &&
            !hide(m, m->candidate[i]))
            add_hit(hits, max, n++, m->candidate[i]);
    }
    m->stats.hits += n;
    return n;
}

bool mm_match_plain(struct mm_matcher *m, const struct mm_event *ev, size_t index, bool *ret_routed)
{
    struct mm_route *r = route(m, ev);
    uint16_t group = m->set->code[index].group;

    MM_ASSERT(index < m->set->rule_n);
    *ret_routed = r->overflow && group != MM_GROUP_NONE;
    for (size_t i = 0; i < r->group_n; i++)
        *ret_routed |= r->group[i] == group;
    mm_match_begin(m, ev, r);
    return *ret_routed && rule_matches(m, (uint32_t)index) && !off(m, (uint32_t)index) &&
           !hide(m, (uint32_t)index);
}

size_t mm_matcher_hidden(const struct mm_matcher *m, const struct mm_hidden **ret)
{
    *ret = m->hidden;
    return m->hidden_n;
}

uint64_t mm_matcher_filter_hits(const struct mm_matcher *m, size_t index)
{
    MM_ASSERT(index < m->set->filter_n);
    return m->filter_hits[index];
}

bool mm_filter_holds(struct mm_matcher *m, size_t index, const struct mm_event *ev)
{
    MM_ASSERT(index < m->set->filter_n);
    mm_match_begin(m, ev, route(m, ev));
    return filter_hides(m, (uint32_t)index);
}

struct mm_matcher_stats mm_matcher_stats(const struct mm_matcher *m)
{
    return m->stats;
}

uint64_t mm_matcher_undecided(const struct mm_matcher *m, size_t index)
{
    MM_ASSERT(index < m->set->rule_n);
    return m->undecided[index];
}

/* A machine that asks for orders is taken already, also where its call was refused. */
static bool finds_taken(const struct mm_rule *r)
{
    /* Sigma's tag of this tactic, as it is and as it was written before 2024. */
    static const char *const tags[] = {"attack.command-and-control", "attack.command_and_control"};

    for (size_t i = 0; i < r->tags.n; i++) {
        for (size_t k = 0; k < MM_COUNT(tags); k++) {
            if (mm_slice_ieq(r->tags.v[i], mm_slice_str(tags[k])))
                return true;
        }
    }
    return false;
}

void mm_rules_alert(const struct mm_ruleset *set, uint32_t index, const struct mm_event *ev,
                    char tmp[MM_FIELD_TEXT], struct mm_alert *ret)
{
    const struct mm_rule *r = mm_rules_get(set, index);

    *ret = (struct mm_alert){.seq = ev->seq,
                             .queue = ev->queue,
                             .company = ev->company,
                             .source = ev->source,
                             .received_us = ev->received_us,
                             .time_us = ev->time_us,
                             .events = mm_event_stands_for(ev),
                             .level = mm_rules_level(set, index, ev->company),
                             .rule_level = r->level,
                             .prevented = mm_event_prevented(ev) && !finds_taken(r),
                             .succeeded = mm_event_let_in(ev),
                             .rule_id = r->id,
                             .title = r->title,
                             .author = r->author,
                             .entity_field = mm_field_name(r->entity),
                             .doc = r->doc};
    if (mm_event_has(ev, r->entity))
        ret->entity = mm_event_as_text(ev, r->entity, tmp);
}
