/* detect/adjust.c - see tuning.h: rules that are off or of another level in some companies. */
#include "detect/ir.h"
#include "detect/tuning.h"

static bool meant(const struct mm_adjust *a, uint32_t company)
{
    size_t lo = 0, hi = a->company_n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (a->company[mid] < company)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < a->company_n && a->company[lo] == company;
}

/* What counts for the company: one that names it, else one for all; NULL when nothing does. */
static const struct mm_adjust *adjusted(const struct mm_ruleset *s, size_t rule, uint32_t company)
{
    const struct mm_rule_code *c = &s->code[rule];
    const struct mm_adjust *all = NULL;

    for (uint32_t i = 0; i < c->adjust_n; i++) {
        const struct mm_adjust *a = &s->adjust[c->adjust + i];

        if (a->company_n > 0 && meant(a, company))
            return a;
        if (a->company_n == 0 && all == NULL)
            all = a;
    }
    return all;
}

bool mm_rules_off(const struct mm_ruleset *set, size_t index, uint32_t company)
{
    const struct mm_adjust *a;

    MM_ASSERT(index < set->rule_n);
    a = adjusted(set, index, company);
    return a != NULL && a->off;
}

enum mm_level mm_rules_level(const struct mm_ruleset *set, size_t index, uint32_t company)
{
    const struct mm_adjust *a;

    MM_ASSERT(index < set->rule_n);
    a = adjusted(set, index, company);
    return a != NULL && a->has_level ? a->level : set->rule[index].level;
}

bool mm_rules_waits(const struct mm_ruleset *set, size_t index, uint32_t company)
{
    const struct mm_waits *w;

    MM_ASSERT(index < set->rule_n);
    w = &set->code[index].waits;
    for (uint32_t i = 0; i < w->n; i++) {
        if (mm_choice_of(set->sets[set->waits[w->at + i]].choice, company) == MM_SET_NONE)
            return true;
    }
    return false;
}

size_t mm_rules_unasked(const struct mm_ruleset *set)
{
    return set->unasked;
}

static bool unasked(const struct mm_tuning_rule *r, enum mm_level today)
{
    return r->has_made && r->made != MM_LEVEL_CRITICAL && today == MM_LEVEL_CRITICAL &&
           (r->off || (r->has_level && r->level != MM_LEVEL_CRITICAL));
}

/* By rule, those of one rule as they were read: that is the order of memory. */
static int by_rule(const void *pa, const void *pb)
{
    const struct mm_adjust *const *a = pa, *const *b = pb;

    if ((*a)->rule != (*b)->rule)
        return (*a)->rule < (*b)->rule ? -1 : 1;
    return *a < *b ? -1 : *a > *b ? 1 : 0;
}

static bool copy(struct mm_build *b, const struct mm_tuning_rule *r, uint32_t rule,
                 struct mm_adjust *ret)
{
    uint32_t *company = mm_arena_array(&b->set->arena, r->company_n, sizeof(*company));

    if (company == NULL)
        return false;
    if (r->company_n > 0)
        memcpy(company, r->company, r->company_n * sizeof(*company));
    *ret = (struct mm_adjust){.rule = rule,
                              .off = r->off,
                              .has_level = r->has_level,
                              .level = r->level,
                              .company = company,
                              .company_n = r->company_n};
    return true;
}

enum mm_code mm_adjust_join(struct mm_build *b)
{
    const struct mm_tuning *t = b->options == NULL ? NULL : b->options->tuning;
    struct mm_ruleset *s = b->set;
    struct mm_adjust *found, **order;
    size_t n = 0;

    if (t == NULL || t->rule_n == 0)
        return MM_OK;
    mm_arena_reset(&b->tmp);
    found = mm_arena_array(&b->tmp, t->rule_n, sizeof(*found));
    order = mm_arena_array(&b->tmp, t->rule_n, sizeof(*order));
    s->adjust = mm_arena_array(&s->arena, t->rule_n, sizeof(*s->adjust));
    if (found == NULL || order == NULL || s->adjust == NULL)
        return mm_rule_refuse(b, MM_E_NOMEM, 0, "err.nomem", (struct mm_slice){0});
    for (size_t i = 0; i < t->rule_n; i++) {
        const uint64_t *id = mm_map_get(&b->ids, t->rule[i].rule);

        if (id == NULL || *id >= MM_ID_FILTER) /* of a rule that is not installed (any more) */
            continue;
        if (!copy(b, &t->rule[i], (uint32_t)*id, &found[n]))
            return mm_rule_refuse(b, MM_E_NOMEM, 0, "err.nomem", (struct mm_slice){0});
        s->unasked += unasked(&t->rule[i], s->rule[*id].level) ? 1 : 0;
        order[n] = &found[n];
        n++;
    }
    if (n > 1)
        qsort(order, n, sizeof(*order), by_rule);
    for (size_t i = 0; i < n; i++) {
        struct mm_rule_code *c = &s->code[order[i]->rule];

        if (c->adjust_n++ == 0)
            c->adjust = (uint32_t)i; /* below MM_TUNING_RULES_MAX */
        s->adjust[i] = *order[i];
    }
    return MM_OK;
}
