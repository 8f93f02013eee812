/* detect/compile.c - groups of rules, their programs, their witnesses and their indexes. */
#include "detect/fold.h"
#include "detect/ir.h"

enum { WITNESS_MAX = 20000 }; /* sets of one rule's witness; SigmaHQ: 60 */

/* Sets of which at least one holds whenever the rule does. */
struct witness {
    uint32_t *set;
    size_t n;
    float odds;
    bool ok;
};

/* A set that wakes a rule. */
struct wake {
    uint32_t slot, set, rule;
};

static enum mm_code full(struct mm_build *b)
{
    return mm_rule_refuse(b, MM_E_LIMIT, 0, "rule.set.full", (struct mm_slice){0});
}

/* 0.7 to the power of n: how much rarer a text gets with each byte that tells something. */
static float rarity(size_t n)
{
    float v = 1;

    for (size_t i = 0; i < n && i < 40; i++)
        v *= 0.7F;
    return v;
}

/* Whole values: of short ones, of words and of small numbers a field often has but a few. */
static float exact_odds(struct mm_slice s)
{
    size_t letters = 0;
    uint64_t number;

    for (size_t i = 0; i < s.n; i++)
        letters += s.p[i] >= 'a' && s.p[i] <= 'z';
    if (s.n == 0)
        return 0.02F;
    if (s.n <= 2 || mm_slice_eq(s, MM_S("true")) || mm_slice_eq(s, MM_S("false")))
        return 0.4F;
    if (s.n <= 8 && mm_slice_starts(s, MM_S("0x"))) /* a mask of rights, a code */
        return 0.2F;
    return s.n <= 5 || mm_slice_u64(s, &number) || (letters == s.n && s.n <= 12) ? 0.1F : 0.01F;
}

static float atom_odds(const struct mm_everyday *e, const struct mm_atom *a)
{
    size_t n = mm_everyday_tells(e, a->lit);

    switch ((enum mm_atom_op)a->op) {
    case MM_A_EXACT:
        return exact_odds(a->lit);
    case MM_A_PREFIX: /* paths begin alike */
        return 0.05F + rarity(n);
    case MM_A_SUFFIX:
    case MM_A_CONTAINS:
        return rarity(n);
    case MM_A_GLOB:
    case MM_A_REGEX:
        return a->lit.n == 0 ? 0.9F : 0.1F + rarity(n);
    case MM_A_CIDR:
        return 0.2F;
    case MM_A_NUMBER:
    case MM_A_TIME:
    case MM_A_REF:
    case MM_A_PRESENT:
    case MM_A_ABSENT:
        return 0.9F;
    }
    MM_ASSERT(false);
    return 1;
}

void mm_set_judge(const struct mm_build *b, struct mm_set *set)
{
    set->literal = true;
    set->absent = false;
    set->odds = 0;
    set->home = MM_HOME_NONE;
    for (uint32_t i = 0; i < set->atom_n; i++) {
        const struct mm_atom *a = &b->set->atom[set->atom + i];

        set->literal &= a->op == MM_A_EXACT || (a->op <= MM_A_REGEX && a->lit.n > 0);
        set->absent |= a->op == MM_A_ABSENT;
        set->odds += atom_odds(&b->everyday, a);
    }
    if (!set->literal)
        set->odds += 0.5F; /* has to be worked out whenever the field is there */
}

static struct witness find_witness(struct mm_build *b, const struct mm_expr *x, bool negated);

/* Any of the children must hold: all their witnesses together. */
static struct witness join_witness(struct mm_build *b, const struct mm_expr *x, bool negated)
{
    struct witness all = {.ok = true}, one;

    for (const struct mm_expr *m = x->first; m != NULL; m = m->next) {
        uint32_t *set;

        one = find_witness(b, m, negated);
        if (!one.ok || all.n + one.n > WITNESS_MAX)
            return (struct witness){0};
        set = mm_arena_array(&b->tmp, all.n + one.n, sizeof(*set));
        if (set == NULL)
            return (struct witness){0}; /* slower, not wrong */
        if (all.n > 0)
            memcpy(set, all.set, all.n * sizeof(*set));
        if (one.n > 0)
            memcpy(set + all.n, one.set, one.n * sizeof(*set));
        all.set = set;
        all.n += one.n;
        all.odds += one.odds;
    }
    return all;
}

/* All of the children must hold: the rarest of their witnesses. */
static struct witness best_witness(struct mm_build *b, const struct mm_expr *x, bool negated)
{
    struct witness best = {0}, one;

    for (const struct mm_expr *m = x->first; m != NULL; m = m->next) {
        one = find_witness(b, m, negated);
        if (one.ok && (!best.ok || one.odds < best.odds))
            best = one;
    }
    return best;
}

/* Recursion is bounded by the depth of conditions (cond.h). */
static struct witness find_witness(struct mm_build *b, const struct mm_expr *x, bool negated)
{
    struct witness w = {0};

    switch (x->kind) {
    case MM_X_SET:
        if (negated || b->set->sets[x->set].absent)
            return w;
        w.set = mm_arena_array(&b->tmp, 1, sizeof(*w.set));
        if (w.set == NULL)
            return w;
        w.set[0] = x->set;
        w.n = 1;
        w.odds = b->set->sets[x->set].odds;
        w.ok = true;
        return w;
    case MM_X_NOT:
        return find_witness(b, x->first, !negated);
    case MM_X_AND:
        return negated ? join_witness(b, x, negated) : best_witness(b, x, negated);
    case MM_X_OR:
        return negated ? best_witness(b, x, negated) : join_witness(b, x, negated);
    }
    MM_ASSERT(false);
    return w;
}

/* A guess how often x holds, as if its parts had nothing to do with each other. */
static float expr_odds(const struct mm_build *b, const struct mm_expr *x)
{
    float all = 1, none = 1;

    if (x->kind == MM_X_SET)
        return b->set->sets[x->set].odds < 0.9F ? b->set->sets[x->set].odds : 0.9F;
    for (const struct mm_expr *m = x->first; m != NULL; m = m->next) {
        float odds = expr_odds(b, m);

        all *= odds;
        none *= 1 - odds;
    }
    return x->kind == MM_X_NOT ? none : x->kind == MM_X_AND ? all : 1 - none;
}

/* In the order in which they decide most: what hardly holds first among all, last among any. */
static bool sort_children(struct mm_build *b, const struct mm_expr **child, size_t n, bool and)
{
    float *odds = mm_arena_array(&b->tmp, n, sizeof(*odds));

    if (odds == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct mm_expr *x = child[i];
        float v = expr_odds(b, x);
        size_t k = i;

        for (; k > 0 && (and? v < odds[k - 1] : v > odds[k - 1]); k--) {
            child[k] = child[k - 1];
            odds[k] = odds[k - 1];
        }
        child[k] = x;
        odds[k] = v;
    }
    return true;
}

/*
 * Append the tests of x: go on at `yes` when it holds, at `no` otherwise. Written from the end to
 * the beginning. Returns where to start, MM_STEP_FAIL when there is no room.
 */
static uint32_t emit(struct mm_build *b, const struct mm_expr *x, uint32_t yes, uint32_t no)
{
    struct mm_ruleset *s = b->set;
    const struct mm_expr **child;
    bool and = x->kind == MM_X_AND;
    uint32_t at = and? yes : no;
    size_t n = 0;

    if (x->kind == MM_X_NOT)
        return emit(b, x->first, no, yes);
    if (x->kind == MM_X_SET) {
        if (s->step_n - b->step_first >= MM_RULE_STEPS_MAX ||
            !MM_VEC_ROOM(s->step, s->step_n, s->step_cap, MM_CODE_MAX))
            return MM_STEP_FAIL;
        s->step[s->step_n] = (struct mm_test_step){.set = x->set, .yes = yes, .no = no};
        return (uint32_t)s->step_n++; /* below MM_CODE_MAX */
    }
    for (const struct mm_expr *m = x->first; m != NULL; m = m->next)
        n++;
    child = mm_arena_array(&b->tmp, n, sizeof(*child));
    if (child == NULL)
        return MM_STEP_FAIL;
    n = 0;
    for (const struct mm_expr *m = x->first; m != NULL; m = m->next)
        child[n++] = m;
    if (!sort_children(b, child, n, and))
        return MM_STEP_FAIL;
    while (n > 0 && at != MM_STEP_FAIL) {
        n--;
        at = and? emit(b, child[n], at, no) : emit(b, child[n], yes, at);
    }
    return at;
}

enum mm_code mm_program_make(struct mm_build *b, const struct mm_expr *x, uint32_t *ret_start)
{
    uint32_t start;

    b->step_first = b->set->step_n;
    start = emit(b, x, MM_STEP_TRUE, MM_STEP_FALSE);
    if (start == MM_STEP_FAIL) {
        b->set->step_n = b->step_first; /* the rule goes, its tests as well */
        return mm_rule_refuse(b, MM_E_LIMIT, b->rule->line, "rule.large", (struct mm_slice){0});
    }
    *ret_start = start;
    return MM_OK;
}

/* The group of a rule's logsource; NO_SOURCE rules have none. */
static enum mm_code join_group(struct mm_build *b, size_t rule)
{
    struct mm_ruleset *s = b->set;
    struct mm_rule *r = &s->rule[rule];
    struct mm_group g = {.product = r->product, .category = r->category, .service = r->service};
    size_t i;

    s->code[rule].group = MM_GROUP_NONE;
    if (r->state != MM_RULE_ACTIVE)
        return MM_OK;
    if (!mm_sources_select(&s->sources, r->product, r->category, r->service, &g.rows)) {
        r->state = MM_RULE_NO_SOURCE;
        return MM_OK;
    }
    for (i = 0; i < s->group_n; i++) { /* the rows are what counts, not the words */
        if (memcmp(&s->group[i].rows, &g.rows, sizeof(g.rows)) == 0)
            break;
    }
    if (i == s->group_n) {
        if (!MM_VEC_ROOM(s->group, s->group_n, s->group_cap, MM_GROUP_MAX))
            return full(b);
        s->group[s->group_n++] = g;
    }
    s->group[i].rule_n++;
    s->code[rule].group = (uint16_t)i; /* below MM_GROUP_MAX */
    return MM_OK;
}

static int wake_order(const void *pa, const void *pb)
{
    const struct wake *a = pa, *b = pb;

    if (a->slot != b->slot)
        return a->slot < b->slot ? -1 : 1;
    if (a->set != b->set)
        return a->set < b->set ? -1 : 1;
    return a->rule < b->rule ? -1 : a->rule > b->rule ? 1 : 0;
}

static uint8_t lit_kind(const struct mm_atom *a)
{
    switch ((enum mm_atom_op)a->op) {
    case MM_A_EXACT:
        return MM_LIT_EXACT;
    case MM_A_PREFIX:
        return MM_LIT_PREFIX;
    case MM_A_SUFFIX:
        return MM_LIT_SUFFIX;
    default:
        return MM_LIT_CONTAINS;
    }
}

/* One literal for every atom of a set. */
static bool add_literals(struct mm_build *b, struct mm_index *ix, uint32_t posting,
                         struct mm_lit *lit, size_t *n)
{
    struct mm_ruleset *s = b->set;
    const struct mm_set *set = &s->sets[ix->posting[posting].set];

    for (uint32_t i = 0; i < set->atom_n; i++, (*n)++) {
        const struct mm_atom *a = &s->atom[set->atom + i];
        struct mm_slice text = a->lit;

        if (a->cased) { /* the index compares folded text */
            uint8_t *p = mm_arena_bytes(&s->arena, mm_fold_room(text.n));

            if (p == NULL)
                return false;
            text = mm_slice_of(p, mm_fold(p, text));
        }
        lit[*n] = (struct mm_lit){.text = text, .tag = (uint32_t)*n, .kind = lit_kind(a)};
        ix->entry[*n] = (struct mm_entry){
            .atom = set->atom + i, .posting = posting, .verify = a->cased || a->op >= MM_A_GLOB};
    }
    return true;
}

/* The index over wake[0..n), all of one slot. */
static bool build_index(struct mm_build *b, const struct wake *wake, size_t n, struct mm_index *ix)
{
    struct mm_ruleset *s = b->set;
    size_t sets = 0, atoms = 0, rules = 0, lits = 0;
    struct mm_lit *lit;

    for (size_t i = 0; i < n; i++) {
        if (!s->sets[wake[i].set].literal)
            continue;
        rules++;
        if (i == 0 || wake[i].set != wake[i - 1].set) {
            sets++;
            atoms += s->sets[wake[i].set].atom_n;
        }
    }
    *ix = (struct mm_index){.slot = (uint16_t)wake[0].slot, .id = (uint32_t)s->index_n++};
    ix->posting = mm_arena_array(&s->arena, sets, sizeof(*ix->posting));
    ix->entry = mm_arena_array(&s->arena, atoms, sizeof(*ix->entry));
    ix->rules = mm_arena_array(&s->arena, rules, sizeof(*ix->rules));
    ix->present = mm_arena_array(&s->arena, n - rules, sizeof(*ix->present));
    lit = mm_arena_array(&s->arena, atoms, sizeof(*lit));
    if (ix->posting == NULL || ix->entry == NULL || ix->rules == NULL || ix->present == NULL ||
        lit == NULL)
        return false;
    sets = rules = 0;
    for (size_t i = 0; i < n; i++) {
        struct mm_set *set = &s->sets[wake[i].set];

        if (!set->literal) {
            ix->present[ix->present_n++] = wake[i].rule;
            continue;
        }
        if (i == 0 || wake[i].set != wake[i - 1].set) {
            ix->posting[sets] = (struct mm_posting){
                .id = (uint32_t)s->posting_n++, .set = wake[i].set, .rule = (uint32_t)rules};
            if (!add_literals(b, ix, (uint32_t)sets, lit, &lits))
                return false;
            if (set->home == MM_HOME_NONE)
                set->home = ix->id;
            sets++;
        }
        ix->posting[sets - 1].rule_n++;
        ix->rules[rules++] = wake[i].rule;
    }
    return mm_lits_build(&s->arena, &b->everyday, lit, lits, &ix->lits) == MM_OK;
}

/* Look for the atoms of a large set all at once, where no index does. */
static enum mm_code index_set(struct mm_build *b, struct mm_set *set)
{
    struct mm_arena *a = &b->set->arena;
    struct mm_lits *lits;
    struct mm_lit *lit;

    if (set->home != MM_HOME_NONE || set->atom_n < MM_SET_LITS_MIN)
        return MM_OK;
    for (uint32_t i = 0; i < set->atom_n; i++) {
        const struct mm_atom *atom = &b->set->atom[set->atom + i];

        if (atom->cased || atom->op > MM_A_CONTAINS)
            return MM_OK;
        if (atom->lit.n == 0 && atom->op != MM_A_EXACT)
            return MM_OK;
    }
    lits = mm_arena_array(a, 1, sizeof(*lits));
    lit = mm_arena_array(a, set->atom_n, sizeof(*lit));
    if (lits == NULL || lit == NULL)
        return full(b);
    for (uint32_t i = 0; i < set->atom_n; i++) {
        const struct mm_atom *atom = &b->set->atom[set->atom + i];

        lit[i] = (struct mm_lit){.text = atom->lit, .tag = i, .kind = lit_kind(atom)};
    }
    if (mm_lits_build(a, &b->everyday, lit, set->atom_n, lits) != MM_OK)
        return full(b);
    set->lits = lits;
    return MM_OK;
}

/* Indexes over all that wakes the group's rules. */
static enum mm_code build_group(struct mm_build *b, struct mm_group *g, struct wake *wake, size_t n)
{
    struct mm_ruleset *s = b->set;
    size_t slots = 0;

    if (n > 1)
        qsort(wake, n, sizeof(*wake), wake_order);
    for (size_t i = 0; i < n; i++)
        slots += i == 0 || wake[i].slot != wake[i - 1].slot;
    g->index = mm_arena_array(&s->arena, slots, sizeof(*g->index));
    if (g->index == NULL)
        return full(b);
    for (size_t i = 0, to; i < n; i = to) {
        for (to = i + 1; to < n && wake[to].slot == wake[i].slot; to++)
            continue;
        if (!build_index(b, wake + i, to - i, &g->index[g->index_n++]))
            return full(b);
    }
    return MM_OK;
}

static enum mm_code compile_group(struct mm_build *b, size_t group)
{
    struct mm_ruleset *s = b->set;
    struct mm_group *g = &s->group[group];
    size_t n = 0, cap = 0;
    struct wake *wake = NULL;
    enum mm_code code = MM_OK;

    g->rule = mm_arena_array(&s->arena, g->rule_n, sizeof(*g->rule));
    g->always = mm_arena_array(&s->arena, g->rule_n, sizeof(*g->always));
    if (g->rule == NULL || g->always == NULL)
        return full(b);
    g->rule_n = 0;
    for (size_t r = 0; r < s->rule_n && code == MM_OK; r++) {
        struct witness w;

        if (s->code[r].group != group)
            continue;
        g->rule[g->rule_n++] = (uint32_t)r; /* below MM_RULES_MAX */
        mm_arena_reset(&b->tmp);
        w = find_witness(b, s->code[r].expr, false);
        if (!w.ok) {
            g->always[g->always_n++] = (uint32_t)r;
            continue;
        }
        for (size_t i = 0; i < w.n && code == MM_OK; i++) {
            if (!MM_VEC_ROOM(wake, n, cap, MM_ATOMS_MAX))
                code = full(b);
            else
                wake[n++] = (struct wake){
                    .slot = s->sets[w.set[i]].slot, .set = w.set[i], .rule = (uint32_t)r};
        }
    }
    if (code == MM_OK)
        code = build_group(b, g, wake, n);
    free(wake);
    return code;
}

/* The names of extras, to be found by those that events bring. */
static enum mm_code index_extras(struct mm_build *b)
{
    struct mm_ruleset *s = b->set;

    s->extra_next = mm_arena_array(&s->arena, s->extra_n, sizeof(*s->extra_next));
    if (s->extra_next == NULL || !mm_table_init(&s->arena, &s->extra, s->extra_n))
        return full(b);
    for (size_t i = 0; i < s->extra_n; i++) {
        uint32_t key = mm_small_key(s->extra_name[i].p, s->extra_name[i].n);
        struct mm_bucket *at = mm_table_slot(&s->extra, key);

        s->extra_next[i] = at->first;
        *at = (struct mm_bucket){.key = key, .first = (uint32_t)i + 1}; /* <= MM_EXTRA_MAX */
    }
    return MM_OK;
}

enum mm_code mm_compile(struct mm_build *b)
{
    struct mm_ruleset *s = b->set;
    enum mm_code code = index_extras(b);

    for (size_t r = 0; r < s->rule_n && code == MM_OK; r++)
        code = join_group(b, r);
    for (size_t g = 0; g < s->group_n && code == MM_OK; g++)
        code = compile_group(b, g);
    for (size_t i = 0; i < s->set_n && code == MM_OK; i++)
        code = index_set(b, &s->sets[i]);
    if (code == MM_OK)
        code = mm_correlations_join(b);
    if (code == MM_OK)
        code = mm_adjust_join(b);
    return code == MM_OK ? mm_filters_join(b) : code;
}
