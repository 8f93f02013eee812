/* detect/correlation.c - see correlation.h for the contract. */
#include "detect/correlation.h"

#include "base/time.h"
#include "detect/ir.h"
#include "detect/number.h"

static const struct {
    struct mm_slice name;
    bool value, count;
} types[] = {
#define MM_CORR(id, name, value, count) {MM_S_INIT(name), value, count},
#include "detect/correlation.def"
#undef MM_CORR
};

static const struct mm_slice op_names[] = {MM_S_INIT("gt"),  MM_S_INIT("gte"), MM_S_INIT("lt"),
                                           MM_S_INIT("lte"), MM_S_INIT("eq"),  MM_S_INIT("neq")};
static_assert(MM_COUNT(op_names) == MM_CORR_OP_COUNT, "one name a comparison");

static enum mm_code refuse(struct mm_build *b, const struct mm_yaml *node, const char *what)
{
    return mm_rule_refuse(b, MM_E_SYNTAX, node->line, what,
                          node->kind == MM_YAML_SCALAR ? node->text : node->key);
}

static enum mm_code read_type(struct mm_build *b, const struct mm_yaml *map,
                              struct mm_correlation *c)
{
    const struct mm_yaml *node = mm_yaml_get(map, "type");
    struct mm_slice name = mm_yaml_text(map, "type");

    for (size_t i = 0; i < MM_COUNT(types); i++) {
        if (!mm_slice_eq(types[i].name, name))
            continue;
        c->type = (enum mm_corr_type)i;
        return MM_OK;
    }
    return refuse(b, node == NULL ? map : node, "correlation.type");
}

/* A list of texts, or one text; `wanted` says that there must be one. */
static enum mm_code read_texts(struct mm_build *b, const struct mm_yaml *map, const char *key,
                               bool wanted, const char *what, struct mm_slices *ret)
{
    const struct mm_yaml *node = mm_yaml_get(map, key);
    enum mm_code code;

    if (node == NULL)
        return wanted ? refuse(b, map, what) : MM_OK;
    if (node->kind == MM_YAML_MAP || node->count > MM_CORR_REFS_MAX)
        return refuse(b, node, what);
    for (const struct mm_yaml *m = node->first; m != NULL; m = m->next) {
        if (m->kind != MM_YAML_SCALAR)
            return refuse(b, m, what);
    }
    code = mm_rule_dup_list(b, node, ret);
    return code == MM_OK && wanted && ret->n == 0 ? refuse(b, node, what) : code;
}

/* "15m": a number and one of s, m, h, d. */
static enum mm_code read_timespan(struct mm_build *b, const struct mm_yaml *map, int64_t *ret)
{
    static const struct {
        uint8_t letter;
        int64_t us;
    } units[] = {{'s', MM_US_PER_S},
                 {'m', 60 * MM_US_PER_S},
                 {'h', 3600 * MM_US_PER_S},
                 {'d', MM_US_PER_DAY}};
    const struct mm_yaml *node = mm_yaml_get(map, "timespan");
    struct mm_slice text = mm_yaml_text(map, "timespan");
    uint64_t n;

    if (text.n > 1 && mm_slice_u64(mm_slice_sub(text, 0, text.n - 1), &n) && n > 0 &&
        n <= MM_CORR_DAYS_MAX * UINT64_C(86400)) {
        for (size_t i = 0; i < MM_COUNT(units); i++) {
            if (text.p[text.n - 1] != units[i].letter)
                continue;
            *ret = (int64_t)n * units[i].us; /* at most a year of days */
            if (*ret <= MM_CORR_DAYS_MAX * MM_US_PER_DAY)
                return MM_OK;
        }
    }
    return refuse(b, node == NULL ? map : node, "correlation.timespan");
}

/* One member of the condition: a comparison, or what belongs to it. */
static enum mm_code read_comparison(struct mm_build *b, const struct mm_yaml *m,
                                    struct mm_correlation *c)
{
    double value;

    if (mm_slice_eq(m->key, MM_S("field")))
        return MM_OK; /* read by read_condition */
    if (m->kind != MM_YAML_SCALAR || !mm_number_parse(m->text, &value))
        return refuse(b, m, "correlation.condition");
    if (mm_slice_eq(m->key, MM_S("percentile"))) {
        c->percentile = value;
        return value >= 0 && value <= 100 ? MM_OK : refuse(b, m, "correlation.condition");
    }
    for (size_t i = 0; i < MM_COUNT(op_names); i++) {
        if (!mm_slice_eq(m->key, op_names[i]))
            continue;
        c->condition[c->condition_n].op = (enum mm_corr_op)i;
        c->condition[c->condition_n++].value = value; /* keys are unique: each comparison once */
        return MM_OK;
    }
    return mm_rule_refuse(b, MM_E_SYNTAX, m->line, "correlation.condition", m->key);
}

static enum mm_code read_condition(struct mm_build *b, const struct mm_yaml *map,
                                   struct mm_correlation *c)
{
    const struct mm_yaml *node = mm_yaml_get(map, "condition");
    enum mm_code code = MM_OK;

    c->percentile = 50;
    if (node == NULL)
        return types[c->type].count ? refuse(b, map, "correlation.condition") : MM_OK;
    if (node->kind != MM_YAML_MAP)
        return refuse(b, node, "correlation.condition");
    for (const struct mm_yaml *m = node->first; m != NULL && code == MM_OK; m = m->next)
        code = read_comparison(b, m, c);
    if (code == MM_OK)
        code = read_texts(b, node, "field", types[c->type].value, "correlation.field", &c->fields);
    if (code == MM_OK && c->condition_n == 0)
        code = refuse(b, node, "correlation.condition");
    return code;
}

/* aliases: {name: {rule: field}} */
static enum mm_code read_aliases(struct mm_build *b, const struct mm_yaml *map,
                                 struct mm_correlation *c)
{
    const struct mm_yaml *node = mm_yaml_get(map, "aliases");
    struct mm_corr_alias *alias;
    size_t n = 0;

    if (node == NULL)
        return MM_OK;
    if (node->kind != MM_YAML_MAP)
        return refuse(b, node, "correlation.aliases");
    for (const struct mm_yaml *m = node->first; m != NULL; m = m->next) {
        if (m->kind != MM_YAML_MAP)
            return refuse(b, m, "correlation.aliases");
        n += m->count;
    }
    alias = n > MM_CORR_ALIASES_MAX ? NULL : mm_arena_array(&b->set->arena, n, sizeof(*alias));
    if (alias == NULL)
        return refuse(b, node, "correlation.aliases");
    for (const struct mm_yaml *m = node->first; m != NULL; m = m->next) {
        for (const struct mm_yaml *f = m->first; f != NULL; f = f->next) {
            struct mm_corr_alias *a = &alias[c->alias_n++];

            if (f->kind != MM_YAML_SCALAR || f->text.n == 0)
                return refuse(b, f, "correlation.aliases");
            if (!mm_arena_dup(&b->set->arena, m->key, &a->alias) ||
                !mm_arena_dup(&b->set->arena, f->key, &a->rule) ||
                !mm_arena_dup(&b->set->arena, f->text, &a->field))
                return mm_rule_refuse(b, MM_E_NOMEM, f->line, "err.nomem", (struct mm_slice){0});
        }
    }
    c->alias = alias;
    return MM_OK;
}

enum mm_code mm_correlation_read(struct mm_build *b, const struct mm_yaml *doc,
                                 struct mm_correlation **ret)
{
    const struct mm_yaml *map = mm_yaml_get(doc, "correlation");
    const struct mm_yaml *generate = mm_yaml_get(map, "generate");
    struct mm_correlation *c = mm_arena_alloc(&b->set->arena, sizeof(*c));
    enum mm_code code;

    if (c == NULL)
        return mm_rule_refuse(b, MM_E_NOMEM, doc->line, "err.nomem", (struct mm_slice){0});
    if (map->kind != MM_YAML_MAP)
        return refuse(b, map, "correlation.map");
    if (generate == NULL)
        generate = mm_yaml_get(doc, "generate");
    code = read_type(b, map, c);
    if (code == MM_OK)
        code = read_texts(b, map, "rules", true, "correlation.rules", &c->refs);
    if (code == MM_OK)
        code = read_texts(b, map, "group-by", false, "correlation.group", &c->group_by);
    if (code == MM_OK)
        code = read_timespan(b, map, &c->timespan_us);
    if (code == MM_OK)
        code = read_condition(b, map, c);
    if (code == MM_OK)
        code = read_aliases(b, map, c);
    if (code == MM_OK && generate != NULL && !mm_yaml_bool(generate, &c->generate))
        code = refuse(b, generate, "correlation.generate");
    if (code == MM_OK)
        *ret = c;
    return code;
}

/* The rule of that id, or the first of that name; SIZE_MAX for none. */
static size_t find_rule(const struct mm_build *b, struct mm_slice ref)
{
    const struct mm_ruleset *s = b->set;
    const uint64_t *id = mm_map_get(&b->ids, ref);

    if (id != NULL && *id < MM_ID_FILTER)
        return (size_t)*id;
    for (size_t r = 0; r < s->rule_n; r++) {
        if (mm_slice_eq(s->rule[r].name, ref))
            return r;
    }
    return SIZE_MAX;
}

enum mm_code mm_correlations_join(struct mm_build *b)
{
    struct mm_ruleset *s = b->set;
    enum mm_code code = MM_OK;

    for (size_t r = 0; r < s->rule_n && code == MM_OK; r++) {
        struct mm_correlation *c = s->code[r].correlation;
        uint32_t *rule;

        if (c == NULL)
            continue;
        rule = mm_arena_array(&s->arena, c->refs.n, sizeof(*rule));
        if (rule == NULL)
            return mm_rule_refuse(b, MM_E_NOMEM, 0, "err.nomem", (struct mm_slice){0});
        for (size_t i = 0; i < c->refs.n && code == MM_OK; i++) {
            size_t at = find_rule(b, c->refs.v[i]);

            if (at == SIZE_MAX || at == r)
                code = mm_rule_warn(b, s->rule[r].file, s->rule[r].line, "correlation.rule.unknown",
                                    c->refs.v[i]);
            else
                rule[c->rule_n++] = (uint32_t)at; /* below MM_RULES_MAX */
        }
        c->rule = rule;
    }
    return code;
}

const struct mm_correlation *mm_rules_correlation(const struct mm_ruleset *set, size_t index)
{
    MM_ASSERT(index < set->rule_n);
    return set->code[index].correlation;
}
