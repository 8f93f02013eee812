/* detect/why.c - see why.h for the contract. */
#include "detect/why.h"

#include "base/utf8.h"
#include "detect/matcher.h"
#include "detect/tuning.h"

/* What is printed of one value, of one test: a rule may list 20,000 hashes. */
enum { VALUE_SHOWN = 400, TESTS_SHOWN = 100, TEXT_MAX = 64 };

struct teller {
    struct mm_matcher *m;
    struct mm_arena *a;
};

/* The truth of `kind` when it was v so far and its next part is `one`. */
static enum mm_verdict join(enum mm_expr_kind kind, enum mm_verdict v, enum mm_verdict one)
{
    if (kind == MM_X_NOT)
        return one == MM_UNDECIDED ? one : one == MM_YES ? MM_NO : MM_YES;
    if (kind == MM_X_AND)
        return one == MM_NO || v == MM_NO ? MM_NO : one == MM_YES ? v : one;
    return one == MM_YES || v == MM_YES ? MM_YES : one == MM_NO ? v : one;
}

/* A glob as it may be written: its pieces with wildcards between. */
static bool glob_text(struct mm_arena *a, const struct mm_glob *g, struct mm_slice *ret)
{
    size_t n = 2;
    uint8_t *p;

    for (size_t i = 0; i < g->part_n; i++)
        n += g->part[i].n + 1;
    p = mm_arena_bytes(a, n);
    if (p == NULL)
        return false;
    n = 0;
    for (size_t i = 0; i < g->part_n; i++) {
        if (i > 0 || g->open_front)
            p[n++] = '*';
        for (size_t k = 0; k < g->part[i].n; k++)
            p[n++] = g->part[i].t[k] == MM_PAT_ONE ? '?' : (uint8_t)g->part[i].t[k];
    }
    if (g->open_back)
        p[n++] = '*';
    *ret = mm_slice_of(p, n);
    return true;
}

static void cidr_text(const struct mm_cidr *c, char ret[TEXT_MAX])
{
    unsigned bits = mm_ip_is_v4(&c->net) && c->bits >= 96 ? c->bits - 96U : c->bits;
    char ip[MM_IP_TEXT];

    mm_ip_text(&c->net, ip);
    (void)snprintf(ret, TEXT_MAX, "%s/%u", ip, bits);
}

static const char *op_name(const struct mm_atom *a)
{
    static const char *const ops[] = {
        [MM_A_EXACT] = "equals",      [MM_A_PREFIX] = "startswith", [MM_A_SUFFIX] = "endswith",
        [MM_A_CONTAINS] = "contains", [MM_A_GLOB] = "equals",       [MM_A_REGEX] = "re",
        [MM_A_CIDR] = "cidr",         [MM_A_NUMBER] = "eq",         [MM_A_TIME] = "hour",
        [MM_A_PRESENT] = "exists",    [MM_A_ABSENT] = "absent",     [MM_A_REF] = "fieldref"};
    static const char *const compares[] = {"eq", "lt", "lte", "gt", "gte"};
    static const char *const units[] = {"minute", "hour", "day", "week", "month", "year"};

    if (a->op == MM_A_NUMBER)
        return compares[a->cmp];
    return a->op == MM_A_TIME ? units[a->unit] : ops[a->op];
}

/* What the atom compares with, as text. */
static bool atom_value(const struct teller *t, const struct mm_atom *a, struct mm_slice *ret)
{
    static const char *const signs[] = {"", "< ", "<= ", "> ", ">= "};
    char text[TEXT_MAX];

    switch ((enum mm_atom_op)a->op) {
    case MM_A_GLOB:
        return glob_text(t->a, &a->glob, ret);
    case MM_A_REGEX:
        *ret = a->src;
        return true;
    case MM_A_CIDR:
        cidr_text(&a->cidr, text);
        return mm_arena_dup(t->a, mm_slice_str(text), ret);
    case MM_A_NUMBER:
        (void)snprintf(text, sizeof(text), "%.17g", a->num);
        return mm_arena_dup(t->a, mm_slice_str(text), ret);
    case MM_A_TIME:
        (void)snprintf(text, sizeof(text), "%s%.17g", signs[a->cmp], a->num);
        return mm_arena_dup(t->a, mm_slice_str(text), ret);
    case MM_A_REF:
        *ret = t->m->set->slot[a->ref].name;
        return true;
    case MM_A_PRESENT:
    case MM_A_ABSENT:
        *ret = (struct mm_slice){0};
        return true;
    default:
        *ret = a->lit;
        return true;
    }
}

static struct mm_slice place_name(const struct mm_ruleset *s, uint16_t cand)
{
    if (cand < MM_F_COUNT)
        return mm_field_name((enum mm_field)cand);
    if (cand == MM_CAND_TIME)
        return MM_S("@timestamp");
    if (cand >= MM_CAND_MADE)
        return MM_S("url.original");
    return s->extra_name[cand - MM_CAND_EXTRA];
}

/* Where the slot's value lies, or would first be looked for. */
static struct mm_place *find_value(const struct teller *t, uint16_t slot, struct mm_why *w)
{
    const struct mm_slot *s = &t->m->set->slot[slot];
    struct mm_place *p = mm_match_value(t->m, slot);

    w->place = place_name(t->m->set, s->cand[0]);
    for (size_t i = 0; p != NULL && i < s->cand_n; i++) {
        if (mm_match_place(t->m, s->cand[i]) != p)
            continue;
        w->place = place_name(t->m->set, s->cand[i]);
        break;
    }
    return p;
}

static enum mm_verdict atom_answer(const struct teller *t, const struct mm_atom *a,
                                   struct mm_why *w, struct mm_place *p)
{
    enum mm_verdict v = MM_NO, one;

    if (!w->keywords) {
        if (p == NULL)
            return a->op == MM_A_ABSENT ? MM_YES : MM_NO;
        return mm_match_atom(t->m, a, p);
    }
    for (size_t i = 0; i < t->m->text_n && v != MM_YES; i++) {
        one = mm_match_atom(t->m, a, t->m->text[i]);
        v = one == MM_NO ? v : one;
    }
    return v;
}

static bool tell_set(const struct teller *t, uint32_t id, struct mm_why *w)
{
    const struct mm_ruleset *s = t->m->set;
    const struct mm_set *set = &s->sets[id];
    struct mm_place *p = NULL;
    uint32_t one;

    w->kind = MM_WHY_TEST;
    w->answer = mm_match_set(t->m, id);
    w->keywords = s->slot[set->slot].kind == MM_SLOT_ALL;
    if (w->keywords)
        mm_match_texts(t->m);
    else
        p = find_value(t, set->slot, w);
    w->present = p != NULL;
    w->value = p == NULL ? (struct mm_slice){0} : p->raw;
    if (w->label.n == 0)
        w->label = s->slot[set->slot].name;
    /* Of a placeholder the values of the event's company are shown; none while the rule waits. */
    one = set->choice == NULL ? MM_SET_NONE : mm_choice_of(set->choice, t->m->ev->company);
    if (one != MM_SET_NONE)
        set = &s->sets[one];
    w->test = mm_arena_array(t->a, set->atom_n, sizeof(*w->test));
    if (w->test == NULL)
        return false;
    for (uint32_t i = 0; i < set->atom_n; i++) {
        const struct mm_atom *a = &s->atom[set->atom + i];
        struct mm_why_test *test = &w->test[w->test_n++];

        *test = (struct mm_why_test){.op = op_name(a), .answer = atom_answer(t, a, w, p)};
        /* Regular expressions fold by their own flag. */
        test->cased = a->op == MM_A_REGEX ? (a->how & MM_REGEX_ICASE) == 0 : a->cased;
        if (!atom_value(t, a, &test->value))
            return false;
    }
    return true;
}

/* Everything is asked: for people, not for speed. Recursion is bounded by MM_EXPR_MAX_DEPTH. */
static bool tell(const struct teller *t, const struct mm_expr *x, struct mm_why **ret)
{
    static const enum mm_why_kind kinds[] = {[MM_X_SET] = MM_WHY_TEST,
                                             [MM_X_NOT] = MM_WHY_NOT,
                                             [MM_X_AND] = MM_WHY_ALL,
                                             [MM_X_OR] = MM_WHY_ANY};
    struct mm_why *w = mm_arena_alloc(t->a, sizeof(*w)), **next;

    if (w == NULL)
        return false;
    *w = (struct mm_why){
        .kind = kinds[x->kind], .label = x->label, .answer = x->kind == MM_X_AND ? MM_YES : MM_NO};
    if (x->kind == MM_X_SET && !tell_set(t, x->set, w))
        return false;
    next = &w->first;
    for (const struct mm_expr *c = x->first; c != NULL; c = c->next) {
        if (!tell(t, c, next))
            return false;
        w->answer = join(x->kind, w->answer, (*next)->answer);
        next = &(*next)->next;
    }
    *ret = w;
    return true;
}

enum mm_code mm_rules_why(struct mm_matcher *m, size_t index, const struct mm_event *ev,
                          struct mm_arena *arena, struct mm_why_rule *ret)
{
    struct teller t = {.m = m, .a = arena};
    struct mm_why_rule why = {.hidden_by = SIZE_MAX};
    const struct mm_hidden *hidden;
    const struct mm_expr *x;

    MM_ASSERT(index < m->set->rule_n);
    x = m->set->code[index].expr;
    why.alerts = mm_match_plain(m, ev, index, &why.routed);
    if (mm_matcher_hidden(m, &hidden) > 0)
        why.hidden_by = hidden[0].filter;
    why.waits = mm_rules_waits(m->set, index, ev->company);
    why.off = mm_rules_off(m->set, index, ev->company);
    why.level = mm_rules_level(m->set, index, ev->company);
    if (x != NULL && !tell(&t, x, &why.tree))
        return MM_E_NOMEM;
    why.answer = why.tree == NULL ? MM_NO : why.tree->answer;
    *ret = why;
    return MM_OK;
}

static const char *verdict_word(enum mm_verdict v)
{
    return v == MM_YES ? "yes" : v == MM_NO ? "no" : "undecided";
}

static void put(struct mm_buf *out, const char *key, struct mm_slice v)
{
    mm_buf_fmt(out, ",\"%s\":", key);
    mm_utf8_json(out, mm_utf8_cut(v, VALUE_SHOWN));
}

static void test_json(struct mm_buf *out, const struct mm_why *w)
{
    mm_buf_fmt(out, ",\"keywords\":%s,\"present\":%s", w->keywords ? "true" : "false",
               w->present ? "true" : "false");
    if (!w->keywords)
        put(out, "place", w->place);
    if (w->present) {
        put(out, "value", w->value);
        mm_buf_fmt(out, ",\"value_bytes\":%zu", w->value.n);
    }
    mm_buf_fmt(out, ",\"tests_in_all\":%zu,\"tests\":[", w->test_n);
    for (size_t i = 0, shown = 0; i < w->test_n && shown < TESTS_SHOWN; i++) {
        const struct mm_why_test *t = &w->test[i];

        if (w->test_n > TESTS_SHOWN && w->answer == MM_YES && t->answer != MM_YES)
            continue; /* of very many, those that hold */
        mm_buf_fmt(out, "%s{\"answer\":\"%s\",\"op\":\"%s\",\"cased\":%s", shown++ == 0 ? "" : ",",
                   verdict_word(t->answer), t->op, t->cased ? "true" : "false");
        put(out, "value", t->value);
        mm_buf_byte(out, '}');
    }
    mm_buf_byte(out, ']');
}

static void node_json(struct mm_buf *out, const struct mm_why *w)
{
    static const char *const kinds[] = {"test", "not", "all", "any"};

    mm_buf_fmt(out, "{\"kind\":\"%s\",\"answer\":\"%s\"", kinds[w->kind], verdict_word(w->answer));
    put(out, "label", w->label);
    if (w->kind == MM_WHY_TEST) {
        test_json(out, w);
    } else {
        mm_buf_str(out, ",\"parts\":[");
        for (const struct mm_why *c = w->first; c != NULL; c = c->next) {
            if (c != w->first)
                mm_buf_byte(out, ',');
            node_json(out, c);
        }
        mm_buf_byte(out, ']');
    }
    mm_buf_byte(out, '}');
}

void mm_why_json(const struct mm_ruleset *set, size_t index, const struct mm_why_rule *why,
                 struct mm_buf *out)
{
    const struct mm_rule *r = mm_rules_get(set, index);

    mm_buf_fmt(out, "{\"alerts\":%s,\"answer\":\"%s\",\"logsource\":%s",
               why->alerts ? "true" : "false", verdict_word(why->answer),
               why->routed ? "true" : "false");
    mm_buf_str(out, why->waits ? ",\"waits\":true" : "");
    mm_buf_str(out, why->off ? ",\"off\":true" : "");
    if (why->level != r->level)
        mm_buf_fmt(out, ",\"level\":\"%s\",\"rule_level\":\"%s\"", mm_level_name(why->level),
                   mm_level_name(r->level));
    put(out, "id", r->id);
    put(out, "title", r->title);
    put(out, "product", r->product);
    put(out, "category", r->category);
    put(out, "service", r->service);
    if (why->hidden_by != SIZE_MAX)
        put(out, "hidden_by", mm_filters_get(set, why->hidden_by)->id);
    if (why->tree != NULL) {
        mm_buf_str(out, ",\"condition\":");
        node_json(out, why->tree);
    }
    mm_buf_byte(out, '}');
}
