/*
 * detect/expand.c - %placeholders%: an item as a choice between the values of companies.
 *
 * Each company's values are put where the placeholder stands and go through the modifiers as
 * values of the rule do. Companies that have the same lists share what is made of them.
 */
#include "detect/item.h"
#include "detect/tuning.h"

enum {
    NAMES_MAX = 8, /* different placeholders of one item; SigmaHQ: 2 */
    /* Values that companies' lists may put into one rule, a tenth of that where a modifier makes
     * several texts of one: less than MM_RULE_ATOMS_MAX. */
    LISTED_MAX = 80000,
};

#define NO_LIST UINT32_MAX

/* Which list a company has. */
struct owner {
    uint32_t company, list;
};

struct name {
    struct mm_slice text;
    struct owner *owner; /* rising by company */
    size_t owner_n;
    uint32_t other; /* of all that are not named */
};

/* The item with the values of some lists. */
struct variant {
    uint32_t list[NAMES_MAX];
    uint32_t *set; /* one a group; NULL: these lists are no good here */
};

struct expanding {
    struct mm_item *it;
    struct mm_slice modifiers;
    uint16_t slot;
    uint32_t groups;
    struct name name[NAMES_MAX];
    size_t name_n;
    uint32_t *company; /* all that some list names, rising */
    uint32_t *of;      /* each one's variant, or NO_LIST: a list is missing */
    size_t company_n;
    uint32_t other; /* everybody else's variant */
    struct variant *variant;
    size_t variant_n, variant_cap;
};

static enum mm_code nomem(struct mm_item *it)
{
    return mm_rule_refuse(it->b, MM_E_NOMEM, it->line, "err.nomem", (struct mm_slice){0});
}

/* The first %name% of raw at or after `from`, its first percent sign not behind a backslash. */
static bool find_placeholder(struct mm_slice raw, size_t from, size_t *ret_at,
                             struct mm_slice *ret_name)
{
    for (size_t i = from; i < raw.n; i++) {
        size_t end;

        if (raw.p[i] != '%' || (i > 0 && raw.p[i - 1] == '\\'))
            continue;
        end = mm_slice_find(raw, '%', i + 1);
        if (end == SIZE_MAX)
            return false;
        if (end == i + 1)
            continue;
        *ret_at = i;
        *ret_name = mm_slice_sub(raw, i + 1, end - i - 1);
        return true;
    }
    return false;
}

bool mm_item_expands(const struct mm_item *it)
{
    struct mm_slice name;
    size_t at;

    for (size_t i = 0; i < it->n; i++) {
        if (find_placeholder(it->v[i].raw, 0, &at, &name))
            return true;
    }
    return false;
}

/* ---- whose lists there are ---- */

static int by_company(const void *pa, const void *pb)
{
    const struct owner *a = pa, *b = pb;

    if (a->company != b->company)
        return a->company < b->company ? -1 : 1;
    return a->list < b->list ? -1 : a->list > b->list ? 1 : 0;
}

/* Who has a list of that name: of two for one company the first. */
static bool find_owners(struct expanding *x, struct name *name)
{
    const struct mm_tuning *t = x->it->b->options == NULL ? NULL : x->it->b->options->tuning;
    size_t from = 0, n = t == NULL ? 0 : mm_tuning_named(t, name->text, &from), all = 0, kept = 0;

    name->other = NO_LIST;
    for (size_t i = from; i < from + n; i++)
        all += t->list[i].company_n;
    name->owner = mm_arena_array(&x->it->b->tmp, all, sizeof(*name->owner));
    if (name->owner == NULL)
        return false;
    all = 0;
    for (size_t i = from; i < from + n; i++) {
        uint32_t list = (uint32_t)i; /* below MM_TUNING_LISTS_MAX */

        if (t->list[i].company_n == 0 && name->other == NO_LIST)
            name->other = list;
        for (size_t k = 0; k < t->list[i].company_n; k++)
            name->owner[all++] = (struct owner){.company = t->list[i].company[k], .list = list};
    }
    if (all > 1)
        qsort(name->owner, all, sizeof(*name->owner), by_company);
    for (size_t i = 0; i < all; i++) {
        if (kept == 0 || name->owner[kept - 1].company != name->owner[i].company)
            name->owner[kept++] = name->owner[i];
    }
    name->owner_n = kept;
    return true;
}

/* Remember the name for the rule: what it asks for. */
static enum mm_code want(struct mm_item *it, struct mm_slice name)
{
    struct mm_build *b = it->b;
    struct mm_slice *v;

    for (size_t i = 0; i < b->wanted.n; i++) {
        if (mm_slice_eq(b->wanted.v[i], name))
            return MM_OK;
    }
    if (b->wanted.n == MM_RULE_WANTED_MAX)
        return mm_rule_refuse(b, MM_E_LIMIT, it->line, "rule.placeholders.many", name);
    v = mm_arena_array(&b->set->arena, b->wanted.n + 1, sizeof(*v));
    if (v == NULL)
        return nomem(it);
    if (b->wanted.n > 0)
        memcpy(v, b->wanted.v, b->wanted.n * sizeof(*v));
    if (!mm_arena_dup(&b->set->arena, name, &v[b->wanted.n]))
        return nomem(it);
    b->wanted = (struct mm_slices){.v = v, .n = b->wanted.n + 1};
    return MM_OK;
}

static enum mm_code add_name(struct expanding *x, struct mm_slice text)
{
    for (size_t i = 0; i < x->name_n; i++) {
        if (mm_slice_eq(x->name[i].text, text))
            return MM_OK;
    }
    if (x->name_n == NAMES_MAX)
        return mm_rule_refuse(x->it->b, MM_E_LIMIT, x->it->line, "rule.placeholders.many", text);
    x->name[x->name_n].text = text;
    if (!find_owners(x, &x->name[x->name_n++]))
        return nomem(x->it);
    return want(x->it, text);
}

static enum mm_code find_names(struct expanding *x)
{
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < x->it->n && code == MM_OK; i++) {
        struct mm_slice raw = x->it->v[i].raw, name;
        size_t at = 0;

        while (code == MM_OK && find_placeholder(raw, at, &at, &name)) {
            code = add_name(x, name);
            at += name.n + 2;
        }
    }
    return code;
}

static uint32_t list_of(const struct name *name, uint32_t company)
{
    size_t lo = 0, hi = name->owner_n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (name->owner[mid].company < company)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < name->owner_n && name->owner[lo].company == company ? name->owner[lo].list
                                                                    : name->other;
}

static int by_number(const void *pa, const void *pb)
{
    uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

    return a < b ? -1 : a > b ? 1 : 0;
}

static bool find_companies(struct expanding *x)
{
    size_t all = 0, kept = 0;

    for (size_t i = 0; i < x->name_n; i++)
        all += x->name[i].owner_n;
    x->company = mm_arena_array(&x->it->b->tmp, all, sizeof(*x->company));
    x->of = mm_arena_array(&x->it->b->tmp, all, sizeof(*x->of));
    if (x->company == NULL || x->of == NULL)
        return false;
    all = 0;
    for (size_t i = 0; i < x->name_n; i++) {
        for (size_t k = 0; k < x->name[i].owner_n; k++)
            x->company[all++] = x->name[i].owner[k].company;
    }
    if (all > 1)
        qsort(x->company, all, sizeof(*x->company), by_number);
    for (size_t i = 0; i < all; i++) {
        if (kept == 0 || x->company[kept - 1] != x->company[i])
            x->company[kept++] = x->company[i];
    }
    x->company_n = kept;
    return true;
}

/* ---- the item with the values of one company ---- */

/* v with the placeholder at `at` (name and two percent signs) replaced by `by`. */
static enum mm_code substitute(struct mm_item *it, const struct mm_value *v, size_t at,
                               size_t name_n, struct mm_slice by, struct mm_value *ret)
{
    size_t tail = at + name_n + 2, n = at + by.n + (v->raw.n - tail);
    uint8_t *p;

    if (n > MM_PAT_MAX)
        return mm_rule_refuse(it->b, MM_E_LIMIT, v->line, "rule.value.long", v->raw);
    p = mm_arena_bytes(&it->b->tmp, n + 1);
    if (p == NULL)
        return nomem(it);
    memcpy(p, v->raw.p, at);
    if (by.n > 0)
        memcpy(p + at, by.p, by.n);
    memcpy(p + at + by.n, v->raw.p + tail, v->raw.n - tail);
    *ret = *v;
    ret->raw = mm_slice_of(p, n);
    ret->listed = at == 0 && n == by.n;
    ret->scanned = at + by.n; /* what was put in is a value, not looked into again */
    return MM_OK;
}

static struct mm_slices values_of(const struct expanding *x, const struct variant *v,
                                  struct mm_slice name)
{
    size_t i = 0;

    while (!mm_slice_eq(x->name[i].text, name))
        i++;
    MM_ASSERT(i < x->name_n && v->list[i] != NO_LIST);
    return x->it->b->options->tuning->list[v->list[i]].values;
}

/* Every value with placeholders becomes one for each combination of their values. */
static enum mm_code put_in(const struct expanding *x, const struct variant *variant,
                           struct mm_item *it)
{
    for (size_t i = 0; i < it->n; i++) { /* values that are added are looked at in their turn */
        struct mm_slice name;
        size_t at;

        while (find_placeholder(it->v[i].raw, it->v[i].scanned, &at, &name)) {
            struct mm_slices by = values_of(x, variant, name);
            struct mm_value v = it->v[i], w;
            enum mm_code code = MM_OK;

            for (size_t k = 0; k < by.n && code == MM_OK; k++) {
                code = substitute(it, &v, at, name.n, by.v[k], &w);
                if (code == MM_OK && k == 0)
                    it->v[i] = w;
                else if (code == MM_OK)
                    code = mm_item_add(it, w);
            }
            if (code != MM_OK)
                return code;
        }
    }
    return MM_OK;
}

/* A copy of the item as the rule wrote it, its values in memory of their own. */
static enum mm_code copy_item(const struct expanding *x, struct mm_item *ret)
{
    *ret = *x->it;
    ret->v = mm_arena_array(&x->it->b->tmp, x->it->n, sizeof(*ret->v));
    if (ret->v == NULL)
        return nomem(x->it);
    memcpy(ret->v, x->it->v, x->it->n * sizeof(*ret->v));
    ret->cap = ret->n;
    return MM_OK;
}

/* Take from the rule's share what the values of these lists need; false when it is used up. */
static bool take_share(const struct expanding *x, const struct mm_item *it)
{
    struct mm_build *b = it->b;
    size_t need = it->n * (it->multiplies ? 10 : 1);

    if (need > LISTED_MAX - b->listed)
        return false;
    b->listed += need;
    return true;
}

/* The fault of one company's values: what it says of the list, the rule goes on without it. */
static enum mm_code set_aside(struct expanding *x, const struct variant *v)
{
    struct mm_build *b = x->it->b;
    const struct mm_tuning_list *l = &b->options->tuning->list[v->list[0]];
    uint32_t line = b->fault.line;

    b->fault = (struct mm_rule_fault){0};
    return mm_rule_warn(b, b->rule->file, line, "rule.list", l->name);
}

/* Its values go through the modifiers as the rule's own do. */
static enum mm_code make_sets(struct expanding *x, const struct variant *v, uint32_t *set)
{
    struct mm_item it;
    enum mm_code code = copy_item(x, &it);

    if (code == MM_OK)
        code = put_in(x, v, &it);
    if (code == MM_OK && !take_share(x, &it))
        code = mm_rule_refuse(x->it->b, MM_E_LIMIT, it.line, "rule.large", it.field);
    if (code == MM_OK)
        code = mm_item_finish(&it, x->modifiers);
    return code == MM_OK ? mm_item_sets(&it, x->slot, x->groups, set) : code;
}

/* Make the sets of a variant; what is wrong with its lists leaves it without. */
static enum mm_code make_variant(struct expanding *x, struct variant *v)
{
    struct mm_build *b = x->it->b;
    uint32_t *set = mm_arena_array(&b->tmp, x->groups, sizeof(*set));
    struct mm_arena document = b->tmp;
    enum mm_code code;

    if (set == NULL)
        return nomem(x->it);
    b->tmp = b->listing; /* what 1,000 companies need on the way is more than a document may */
    code = make_sets(x, v, set);
    b->listing = b->tmp;
    b->tmp = document;
    mm_arena_reset(&b->listing);
    if (code == MM_OK)
        v->set = set;
    return code == MM_OK || code == MM_E_NOMEM ? code : set_aside(x, v);
}

/* The variant for a company's lists, made when it is new; NO_LIST when one is missing. */
static enum mm_code variant_of(struct expanding *x, bool other, uint32_t company, uint32_t *ret)
{
    struct variant v = {.set = NULL};
    struct variant *more;
    size_t at;

    for (size_t i = 0; i < x->name_n; i++) {
        v.list[i] = other ? x->name[i].other : list_of(&x->name[i], company);
        if (v.list[i] == NO_LIST) {
            *ret = NO_LIST;
            return MM_OK;
        }
    }
    for (at = 0; at < x->variant_n; at++) {
        if (memcmp(x->variant[at].list, v.list, sizeof(v.list)) == 0)
            break;
    }
    *ret = (uint32_t)at; /* at most one a company and one more */
    if (at < x->variant_n)
        return MM_OK;
    if (x->variant_n == x->variant_cap) {
        more = mm_arena_array(&x->it->b->tmp, x->company_n + 1, sizeof(*more));
        if (more == NULL)
            return nomem(x->it);
        x->variant = more;
        x->variant_cap = x->company_n + 1;
    }
    x->variant[x->variant_n] = v;
    return make_variant(x, &x->variant[x->variant_n++]);
}

static enum mm_code make_variants(struct expanding *x)
{
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < x->company_n && code == MM_OK; i++)
        code = variant_of(x, false, x->company[i], &x->of[i]);
    return code == MM_OK ? variant_of(x, true, 0, &x->other) : code;
}

/* ---- the choice ---- */

static uint32_t set_of(const struct expanding *x, uint32_t variant, uint32_t group)
{
    const uint32_t *set = variant == NO_LIST ? NULL : x->variant[variant].set;

    return set == NULL ? MM_SET_NONE : set[group];
}

static enum mm_code make_choice(struct expanding *x, uint32_t group, uint32_t *ret)
{
    struct mm_arena *a = &x->it->b->set->arena;
    struct mm_choice *c = mm_arena_alloc(a, sizeof(*c));
    uint32_t *company = mm_arena_array(a, x->company_n, sizeof(*company));
    uint32_t *set = mm_arena_array(a, x->company_n, sizeof(*set));

    if (c == NULL || company == NULL || set == NULL)
        return nomem(x->it);
    for (size_t i = 0; i < x->company_n; i++) {
        company[i] = x->company[i];
        set[i] = set_of(x, x->of[i], group);
    }
    *c = (struct mm_choice){.company = company,
                            .set = set,
                            .n = (uint32_t)x->company_n, /* at most MM_TUNING_COMPANIES_MAX */
                            .other = set_of(x, x->other, group)};
    return mm_set_choose(x->it->b, x->slot, c, ret);
}

/* When the rule waits in every company: for what? */
static void note_missing(const struct expanding *x)
{
    struct mm_build *b = x->it->b;
    bool any = set_of(x, x->other, 0) != MM_SET_NONE;
    size_t at = 0;

    for (size_t i = 0; i < x->company_n && !any; i++)
        any = set_of(x, x->of[i], 0) != MM_SET_NONE;
    if (any || b->missing.n > 0)
        return;
    while (at + 1 < x->name_n && (x->name[at].owner_n > 0 || x->name[at].other != NO_LIST))
        at++;
    for (size_t i = 0; i < b->wanted.n; i++) { /* where it lives as long as the set */
        if (mm_slice_eq(b->wanted.v[i], x->name[at].text))
            b->missing = b->wanted.v[i];
    }
}

/* The rule's own faults, which no list could mend: it is read as it stands, and forgotten. */
static enum mm_code check_modifiers(struct expanding *x)
{
    struct mm_build *b = x->it->b;
    struct mm_item it;
    enum mm_code code = copy_item(x, &it);

    if (code == MM_OK)
        code = mm_item_finish(&it, x->modifiers);
    if (code == MM_E_NOMEM || b->fault.what == NULL)
        return code;
    /* "%name%" is no network, but values may be. */
    if (!mm_slice_starts(mm_slice_str(b->fault.what), MM_S("rule.value.")))
        return code;
    b->fault = (struct mm_rule_fault){0};
    return MM_OK;
}

enum mm_code mm_item_expand(struct mm_item *it, struct mm_slice modifiers, uint16_t slot,
                            uint32_t groups, uint32_t *set)
{
    struct expanding x = {
        .it = it, .modifiers = modifiers, .slot = slot, .groups = groups, .other = NO_LIST};
    struct mm_ruleset *s = it->b->set;
    enum mm_code code = check_modifiers(&x);

    if (code == MM_OK)
        code = find_names(&x);
    if (code == MM_OK && !find_companies(&x))
        code = nomem(it);
    if (code == MM_OK)
        code = make_variants(&x);
    for (uint32_t g = 0; g < groups && code == MM_OK; g++)
        code = make_choice(&x, g, &set[g]);
    if (code != MM_OK)
        return code;
    note_missing(&x);
    if (!MM_VEC_ROOM(s->waits, s->waits_n, s->waits_cap, MM_SETS_MAX))
        return nomem(it);
    s->waits[s->waits_n++] = set[0];
    return MM_OK;
}
