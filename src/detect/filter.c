/* detect/filter.c - see filter.h for the contract: reading, joining to rules, writing. */
#include "detect/filter.h"

#include "base/time.h"
#include "base/utf8.h"
#include "detect/ir.h"

/* A value as it is written: every byte may need a backslash. */
enum { VALUE_MAX = MM_PAT_MAX / 2 };

static enum mm_code refuse(struct mm_build *b, const struct mm_yaml *node, const char *what)
{
    return mm_rule_refuse(b, MM_E_SYNTAX, node->line, what,
                          node->kind == MM_YAML_SCALAR ? node->text : (struct mm_slice){0});
}

static int by_number(const void *pa, const void *pb)
{
    uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

    return a < b ? -1 : a > b ? 1 : 0;
}

/* The companies that the filter is for, one number or a list of them. */
static enum mm_code read_companies(struct mm_build *b, const struct mm_yaml *node,
                                   struct mm_filter *f)
{
    bool list = node != NULL && node->kind == MM_YAML_LIST;
    size_t n = list ? node->count : 1;
    uint32_t *company;
    uint64_t u;

    if (node == NULL)
        return MM_OK;
    if (node->kind == MM_YAML_MAP || n == 0 || n > MM_FILTER_COMPANIES_MAX)
        return refuse(b, node, "filter.company");
    company = mm_arena_array(&b->set->arena, n, sizeof(*company));
    if (company == NULL)
        return mm_rule_refuse(b, MM_E_NOMEM, node->line, "err.nomem", (struct mm_slice){0});
    for (const struct mm_yaml *m = list ? node->first : node; m != NULL;
         m = list ? m->next : NULL) {
        if (m->kind != MM_YAML_SCALAR || !mm_slice_u64(m->text, &u) || u > UINT32_MAX)
            return refuse(b, m, "filter.company");
        company[f->company_n++] = (uint32_t)u;
    }
    qsort(company, n, sizeof(*company), by_number);
    f->company = company;
    return MM_OK;
}

/* A moment, or a day: its beginning in UTC. */
static enum mm_code read_until(struct mm_build *b, const struct mm_yaml *node, int64_t *ret)
{
    struct mm_slice text = node->text;
    char day[sizeof("2027-01-31T00:00:00Z")];
    bool zone;

    if (node->kind == MM_YAML_SCALAR && text.n == 10) {
        (void)snprintf(day, sizeof(day), "%.10sT00:00:00Z", (const char *)text.p);
        text = mm_slice_str(day);
    }
    if (node->kind != MM_YAML_SCALAR || !mm_time_parse(text, 0, ret, &zone))
        return refuse(b, node, "filter.until");
    return MM_OK;
}

static enum mm_code read_own(struct mm_build *b, const struct mm_yaml *doc, struct mm_filter *f)
{
    const struct mm_yaml *own = mm_yaml_get(doc, "mimamori");
    const struct mm_yaml *until = mm_yaml_get(own, "until");
    enum mm_code code = MM_OK;

    f->until_us = MM_FILTER_NO_END;
    if (own != NULL && own->kind != MM_YAML_MAP)
        return refuse(b, own, "rule.own");
    if (until != NULL)
        code = read_until(b, until, &f->until_us);
    if (code == MM_OK)
        code = read_companies(b, mm_yaml_get(own, "company"), f);
    return code == MM_OK ? mm_rule_dup(b, mm_yaml_get(own, "reason"), &f->reason) : code;
}

/* `rules: any`, one rule, or a list of them by id or name. */
static enum mm_code read_rules(struct mm_build *b, const struct mm_yaml *map, struct mm_filter *f)
{
    const struct mm_yaml *rules = mm_yaml_get(map, "rules");
    enum mm_code code;

    if (rules == NULL || rules->kind == MM_YAML_MAP)
        return refuse(b, rules == NULL ? map : rules, "filter.rules");
    if (rules->kind == MM_YAML_SCALAR && mm_slice_ieq(rules->text, MM_S("any")))
        return MM_OK;
    for (const struct mm_yaml *m = rules->first; m != NULL; m = m->next) {
        if (m->kind != MM_YAML_SCALAR)
            return refuse(b, m, "filter.rules");
    }
    code = mm_rule_dup_list(b, rules, &f->rules);
    if (code == MM_OK && f->rules.n == 0) /* an empty list must not come to mean every rule */
        return refuse(b, rules, "filter.rules");
    return code;
}

/* The tree of what the filter hides. */
static enum mm_code read_hides(struct mm_build *b, const struct mm_yaml *map, struct mm_expr **ret)
{
    const struct mm_yaml *cond = mm_yaml_get(map, "condition");
    struct mm_expr *x, *not_x;
    bool rests;
    enum mm_code code;

    if (cond == NULL || cond->kind != MM_YAML_SCALAR)
        return refuse(b, cond == NULL ? map : cond, "filter.condition");
    code = mm_rule_detections(b, map, "rules", &x, &rests);
    if (code != MM_OK || !rests) {
        *ret = x;
        return code;
    }
    /*
     * The specification's example says `selection` for what is suppressed, its reference
     * implementation wants `not selection` for what stays. Both mean that the selection is hidden;
     * read the other way, either would silence a rule nearly everywhere.
     */
    not_x = mm_expr_new(b, MM_X_NOT);
    if (not_x == NULL)
        return mm_rule_refuse(b, MM_E_NOMEM, map->line, "err.nomem", (struct mm_slice){0});
    mm_expr_adopt(not_x, x);
    *ret = not_x;
    return MM_OK;
}

enum mm_code mm_filter_read(struct mm_build *b, const struct mm_yaml *doc, struct mm_rule *head,
                            struct mm_filter *f, struct mm_expr **ret_expr)
{
    const struct mm_yaml *map = mm_yaml_get(doc, "filter");
    enum mm_code code = mm_rule_head(b, doc, head);

    if (code == MM_OK && map->kind != MM_YAML_MAP)
        code = refuse(b, map, "filter.map");
    if (code == MM_OK)
        code = read_own(b, doc, f);
    if (code == MM_OK)
        code = read_rules(b, map, f);
    if (code == MM_OK)
        code = read_hides(b, map, ret_expr);
    f->line = head->line;
    f->id = head->id;
    f->title = head->title;
    f->description = head->description;
    f->author = head->author;
    f->product = head->product;
    f->category = head->category;
    f->service = head->service;
    return code;
}

/* Is the rule's logsource one that the filter speaks of? */
static bool covers(const struct mm_filter *f, const struct mm_rule *r)
{
    return (f->product.n == 0 || mm_slice_eq(f->product, r->product)) &&
           (f->category.n == 0 || mm_slice_eq(f->category, r->category)) &&
           (f->service.n == 0 || mm_slice_eq(f->service, r->service));
}

struct pair {
    uint32_t rule, filter;
};

struct pairs {
    struct pair *v;
    size_t n, cap;
};

static enum mm_code add_pair(struct mm_build *b, struct pairs *p, size_t rule, size_t filter)
{
    if (!MM_VEC_ROOM(p->v, p->n, p->cap, MM_FILTER_REFS_MAX))
        return mm_rule_refuse(b, MM_E_LIMIT, 0, "rule.set.full", (struct mm_slice){0});
    /* Below MM_RULES_MAX and MM_FILTERS_MAX. */
    p->v[p->n++] = (struct pair){.rule = (uint32_t)rule, .filter = (uint32_t)filter};
    return MM_OK;
}

/* The rules that `ref` means: one by its id, else all of that name. */
static enum mm_code join_ref(struct mm_build *b, size_t filter, struct mm_slice ref,
                             struct pairs *p)
{
    struct mm_ruleset *s = b->set;
    const struct mm_filter *f = &s->filter[filter];
    const uint64_t *id = mm_map_get(&b->ids, ref);
    size_t from = id == NULL || *id >= MM_ID_FILTER ? 0 : (size_t)*id, before = p->n;
    size_t to = id == NULL || *id >= MM_ID_FILTER ? s->rule_n : from + 1;
    enum mm_code code = MM_OK;
    bool known = false;

    for (size_t r = from; r < to && code == MM_OK; r++) {
        const struct mm_rule *rule = &s->rule[r];

        if (!mm_slice_eq(rule->id, ref) && !mm_slice_eq(rule->name, ref))
            continue;
        known = true;
        if (covers(f, rule))
            code = add_pair(b, p, r, filter);
    }
    if (code == MM_OK && p->n == before)
        code = mm_rule_warn(b, f->file, f->line,
                            known ? "filter.rule.logsource" : "filter.rule.unknown", ref);
    return code;
}

static enum mm_code join_filter(struct mm_build *b, size_t filter, struct pairs *p)
{
    struct mm_ruleset *s = b->set;
    struct mm_filter *f = &s->filter[filter];
    size_t before = p->n;
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < f->rules.n && code == MM_OK; i++)
        code = join_ref(b, filter, f->rules.v[i], p);
    for (size_t r = 0; f->rules.n == 0 && r < s->rule_n && code == MM_OK; r++) {
        if (covers(f, &s->rule[r]))
            code = add_pair(b, p, r, filter);
    }
    f->rule_n = p->n - before;
    if (code == MM_OK && f->rules.n == 0 && f->rule_n == 0)
        code = mm_rule_warn(b, f->file, f->line, "filter.nothing", f->title);
    return code;
}

static int by_rule(const void *pa, const void *pb)
{
    const struct pair *a = pa, *b = pb;

    if (a->rule != b->rule)
        return a->rule < b->rule ? -1 : 1;
    return a->filter < b->filter ? -1 : a->filter > b->filter ? 1 : 0;
}

enum mm_code mm_filters_join(struct mm_build *b)
{
    struct mm_ruleset *s = b->set;
    struct pairs p = {0};
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < s->filter_n && code == MM_OK; i++)
        code = join_filter(b, i, &p);
    if (code == MM_OK) {
        s->filter_ref = mm_arena_array(&s->arena, p.n, sizeof(*s->filter_ref));
        if (s->filter_ref == NULL)
            code = mm_rule_refuse(b, MM_E_NOMEM, 0, "err.nomem", (struct mm_slice){0});
    }
    if (code == MM_OK && p.n > 0)
        qsort(p.v, p.n, sizeof(*p.v), by_rule);
    for (size_t i = 0; i < p.n && code == MM_OK; i++) {
        struct mm_rule_code *c = &s->code[p.v[i].rule];

        if (c->filter_n++ == 0)
            c->filter = (uint32_t)i;
        s->filter_ref[i] = p.v[i].filter;
    }
    free(p.v);
    return code;
}

size_t mm_filters_count(const struct mm_ruleset *set)
{
    return set->filter_n;
}

const struct mm_filter *mm_filters_get(const struct mm_ruleset *set, size_t index)
{
    MM_ASSERT(index < set->filter_n);
    return &set->filter[index];
}

/* The value with its wildcards and backslashes escaped as Sigma wants it. */
static void put_value(struct mm_buf *out, const struct mm_filter_term *t)
{
    struct mm_buf text;

    mm_buf_init(&text, MM_PAT_MAX);
    for (size_t i = 0; i < t->value.n; i++) {
        uint8_t c = t->value.p[i];

        if (t->how != MM_FILTER_CIDR && (c == '*' || c == '?' || c == '\\'))
            mm_buf_byte(&text, '\\');
        mm_buf_byte(&text, c);
    }
    mm_yaml_quote(out, mm_buf_slice(&text));
    mm_buf_done(&text);
}

static bool same_key(const struct mm_filter_term *a, const struct mm_filter_term *b)
{
    return a->how == b->how && mm_slice_eq(a->field, b->field);
}

static void put_terms(struct mm_buf *out, const struct mm_filter_term *term, size_t n)
{
    static const char *const modifiers[MM_FILTER_HOW_COUNT] = {"", "|contains", "|startswith",
                                                               "|endswith", "|cidr"};

    for (size_t i = 0; i < n; i++) {
        struct mm_buf key;
        bool first = true;

        for (size_t k = 0; k < i; k++)
            first &= !same_key(&term[k], &term[i]);
        if (!first)
            continue; /* stands in the list of the first of its kind */
        mm_buf_init(&key, 1024);
        mm_buf_add(&key, term[i].field);
        mm_buf_str(&key, modifiers[term[i].how]);
        mm_buf_str(out, "        ");
        mm_yaml_quote(out, mm_buf_slice(&key));
        mm_buf_done(&key);
        mm_buf_str(out, ":\n");
        for (size_t k = i; k < n; k++) {
            if (!same_key(&term[k], &term[i]))
                continue;
            mm_buf_str(out, "            - ");
            put_value(out, &term[k]);
            mm_buf_byte(out, '\n');
        }
    }
}

/* "key: text" when there is a text. */
static void put_text(struct mm_buf *out, const char *key, struct mm_slice v)
{
    if (v.n == 0)
        return;
    mm_buf_fmt(out, "%s: ", key);
    mm_yaml_quote(out, v);
    mm_buf_byte(out, '\n');
}

static void put_own(struct mm_buf *out, const struct mm_filter *f)
{
    char time[MM_TIME_TEXT];

    if (f->company_n == 0 && f->until_us == MM_FILTER_NO_END && f->reason.n == 0)
        return;
    mm_buf_str(out, "mimamori:\n");
    for (size_t i = 0; i < f->company_n; i++)
        mm_buf_fmt(out, "%s%u", i == 0 ? "    company: [" : ", ", f->company[i]);
    mm_buf_str(out, f->company_n == 0 ? "" : "]\n");
    if (f->until_us != MM_FILTER_NO_END) {
        mm_time_text(f->until_us, time);
        mm_buf_fmt(out, "    until: %s\n", time);
    }
    put_text(out, "    reason", f->reason);
}

static enum mm_code check_terms(const struct mm_filter_term *term, size_t n, struct mm_fault *fault)
{
    for (size_t i = 0; i < n; i++) {
        MM_ASSERT(term[i].how < MM_FILTER_HOW_COUNT);
        if (term[i].value.n > VALUE_MAX || term[i].field.n > MM_MAX_FIELD_NAME)
            return mm_fail(fault, MM_E_LIMIT, i, "rule.value.long");
        if (term[i].field.n == 0 || mm_slice_find(term[i].field, '|', 0) != SIZE_MAX ||
            !mm_utf8_valid(term[i].field) || !mm_utf8_valid(term[i].value))
            return mm_fail(fault, MM_E_SYNTAX, i, "rule.value.encoding");
    }
    return MM_OK;
}

enum mm_code mm_filter_write(const struct mm_filter *f, const struct mm_filter_term *term,
                             size_t term_n, struct mm_buf *out, struct mm_fault *fault)
{
    size_t before = out->n;
    enum mm_code code = check_terms(term, term_n, fault);

    MM_ASSERT(f->title.n > 0 && f->product.n + f->category.n + f->service.n > 0);
    if (code != MM_OK)
        return code;
    put_text(out, "title", f->title);
    put_text(out, "id", f->id);
    put_text(out, "description", f->description);
    put_text(out, "author", f->author);
    mm_buf_str(out, "logsource:\n");
    put_text(out, "    product", f->product);
    put_text(out, "    category", f->category);
    put_text(out, "    service", f->service);
    mm_buf_str(out, f->rules.n == 0 ? "filter:\n    rules: any\n" : "filter:\n    rules:\n");
    for (size_t i = 0; i < f->rules.n; i++) {
        mm_buf_str(out, "        - ");
        mm_yaml_quote(out, f->rules.v[i]);
        mm_buf_byte(out, '\n');
    }
    mm_buf_str(out, term_n == 0 ? "    selection: '*'\n" : "    selection:\n");
    put_terms(out, term, term_n);
    mm_buf_str(out, "    condition: not selection\n");
    put_own(out, f);
    if (mm_buf_ok(out))
        return MM_OK;
    out->n = before;
    return mm_fail(fault, MM_E_NOMEM, 0, "err.nomem");
}
