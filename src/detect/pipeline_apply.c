/* detect/pipeline_apply.c - see pipeline.h for the contract: changing the tree of a rule. */
#include "detect/ir.h"
#include "detect/pipeline.h"

/* One rule or filter and the transformation that is at it. */
struct work {
    struct mm_build *b;
    struct mm_yaml *doc, *det; /* det: what stands under `detection` or `filter` */
    const struct mm_pipeline *p;
    const struct mm_pipeline_item *it;
    struct mm_regex_ctx *regex;
    bool filter, changed;
    size_t bytes; /* put in so far */
    unsigned conditions;
};

static enum mm_code refuse(struct work *w, enum mm_code code, uint32_t line, const char *what,
                           struct mm_slice detail)
{
    return mm_rule_refuse(w->b, code, line, what, detail);
}

/* n bytes in the document's arena; NULL, with the reason, when the rule has had its share. */
static void *grab(struct work *w, size_t n)
{
    void *p = NULL;

    if (n <= MM_PIPELINE_RULE_BYTES - w->bytes) {
        w->bytes += n;
        p = mm_arena_alloc(&w->b->tmp, n);
    }
    if (p == NULL)
        (void)refuse(w, MM_E_LIMIT, w->doc->line, "pipeline.large", w->p->name);
    return p;
}

static struct mm_yaml *new_node(struct work *w, const struct mm_yaml *like)
{
    struct mm_yaml *n = grab(w, sizeof(*n));

    if (n != NULL) {
        *n = *like;
        n->next = NULL;
    }
    return n;
}

/* a, b and c joined, a NUL behind them. */
static bool join(struct work *w, struct mm_slice a, struct mm_slice b, struct mm_slice c,
                 struct mm_slice *ret)
{
    uint8_t *p = grab(w, a.n + b.n + c.n + 1);

    if (p == NULL)
        return false;
    if (a.n > 0)
        memcpy(p, a.p, a.n);
    if (b.n > 0)
        memcpy(p + a.n, b.p, b.n);
    if (c.n > 0)
        memcpy(p + a.n + b.n, c.p, c.n);
    *ret = mm_slice_of(p, a.n + b.n + c.n);
    return true;
}

static struct mm_slice field_of(struct mm_slice key)
{
    return mm_slice_sub(key, 0, mm_slice_find(key, '|', 0));
}

static struct mm_slice modifiers_of(struct mm_slice key)
{
    size_t bar = mm_slice_find(key, '|', 0);

    return bar == SIZE_MAX ? (struct mm_slice){0} : mm_slice_sub(key, bar, SIZE_MAX);
}

/* Does the key have one of the modifiers in `list` (each between bars)? */
static bool has_modifier(struct mm_slice key, const char *list)
{
    struct mm_slice rest = modifiers_of(key);

    while (rest.n > 0) {
        size_t end = mm_slice_find(rest, '|', 1);
        char word[32]; /* longer than any modifier: item.c refuses others */
        int n = snprintf(word, sizeof(word), "|%.*s|", MM_S_ARG(mm_slice_sub(rest, 1, end - 1)));

        if (n > 0 && (size_t)n < sizeof(word) && strstr(list, word) != NULL)
            return true;
        rest = end == SIZE_MAX ? (struct mm_slice){0} : mm_slice_sub(rest, end, SIZE_MAX);
    }
    return false;
}

/* Names that are compared with another field. */
static bool is_reference(struct mm_slice key)
{
    return has_modifier(key, "|fieldref|equalsfield|endswithfield|");
}

/* Are the item's values texts? Not expressions, networks, numbers to compare with, or names. */
static bool holds_texts(struct mm_slice key)
{
    return !is_reference(key) &&
           !has_modifier(key, "|re|cidr|exists|gt|gte|lt|lte|minute|hour|day|week|month|year|");
}

static bool is_detection(const struct work *w, const struct mm_yaml *m)
{
    return !mm_slice_eq(m->key, MM_S("condition")) &&
           !(w->filter && mm_slice_eq(m->key, MM_S("rules")));
}

/* ---- conditions ---- */

static bool contains_field(const struct work *w, struct mm_slice name)
{
    for (const struct mm_yaml *d = w->det->first; d != NULL; d = d->next) {
        const struct mm_yaml *map = d->kind == MM_YAML_LIST ? d->first : d;

        for (; is_detection(w, d) && map != NULL; map = map == d ? NULL : map->next) {
            for (const struct mm_yaml *m = map->first; m != NULL; m = m->next) {
                if (map->kind == MM_YAML_MAP && mm_slice_eq(field_of(m->key), name))
                    return true;
            }
        }
    }
    return false;
}

static bool has_tag(const struct work *w, struct mm_slice name)
{
    const struct mm_yaml *tags = mm_yaml_get(w->doc, "tags");

    for (const struct mm_yaml *m = tags == NULL ? NULL : tags->first; m != NULL; m = m->next) {
        if (mm_slice_eq(m->text, name))
            return true;
    }
    return false;
}

static bool cond_holds(const struct work *w, const struct mm_pipeline_cond *c)
{
    const struct mm_yaml *ls = mm_yaml_get(w->doc, "logsource");

    if (c->kind == MM_PIPELINE_FIELD)
        return contains_field(w, c->name);
    if (c->kind == MM_PIPELINE_TAG)
        return has_tag(w, c->name);
    return (c->product.n == 0 || mm_slice_eq(c->product, mm_yaml_text(ls, "product"))) &&
           (c->category.n == 0 || mm_slice_eq(c->category, mm_yaml_text(ls, "category"))) &&
           (c->service.n == 0 || mm_slice_eq(c->service, mm_yaml_text(ls, "service")));
}

static bool applies(const struct work *w)
{
    size_t yes = 0;

    for (size_t i = 0; i < w->it->cond_n; i++)
        yes += cond_holds(w, &w->it->cond[i]);
    if (w->it->cond_any ? yes > 0 : yes == w->it->cond_n)
        return !w->it->cond_not;
    return w->it->cond_not;
}

static bool named(const struct mm_slice *list, size_t n, struct mm_slice name)
{
    for (size_t i = 0; i < n; i++) {
        if (mm_slice_eq(list[i], name))
            return true;
    }
    return false;
}

static bool field_meant(const struct work *w, struct mm_slice field)
{
    return (w->it->only_n == 0 || named(w->it->only, w->it->only_n, field)) &&
           !named(w->it->except, w->it->except_n, field);
}

/* ---- names ---- */

static const struct mm_yaml *pair_of(const struct mm_pipeline_item *it, struct mm_slice from)
{
    size_t lo = 0, hi = it->pair_n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = mm_slice_cmp(it->pair[mid].from, from);

        if (c == 0)
            return it->pair[mid].to;
        lo = c < 0 ? mid + 1 : lo;
        hi = c < 0 ? hi : mid;
    }
    return NULL;
}

/* The first pair, by name, whose name the field begins with; the longest of them. */
static const struct mm_pipeline_pair *prefix_of(const struct mm_pipeline_item *it,
                                                struct mm_slice field)
{
    const struct mm_pipeline_pair *best = NULL;

    for (size_t i = 0; i < it->pair_n; i++) {
        if (mm_slice_starts(field, it->pair[i].from) &&
            (best == NULL || it->pair[i].from.n > best->from.n))
            best = &it->pair[i];
    }
    return best;
}

/* What a name becomes: how many names, and the one of that number. */
static size_t names_of(const struct work *w, struct mm_slice field, size_t number,
                       struct mm_slice ret[3])
{
    const struct mm_pipeline_pair *prefix;
    const struct mm_yaml *to = NULL;
    struct mm_slice rest = {0};

    if (!field_meant(w, field))
        return 0;
    switch (w->it->op) {
    case MM_PIPELINE_FIELD_PREFIX:
        ret[0] = w->it->arg->text;
        ret[1] = field;
        return 1;
    case MM_PIPELINE_FIELD_SUFFIX:
        ret[0] = field;
        ret[1] = w->it->arg->text;
        return 1;
    case MM_PIPELINE_FIELD_MAPPING:
        to = pair_of(w->it, field);
        break;
    default:
        prefix = prefix_of(w->it, field);
        to = prefix == NULL ? NULL : prefix->to;
        rest = prefix == NULL ? rest : mm_slice_sub(field, prefix->from.n, SIZE_MAX);
        break;
    }
    if (to == NULL)
        return 0;
    ret[1] = rest;
    ret[0] = to->text;
    if (to->kind != MM_YAML_LIST)
        return 1;
    for (const struct mm_yaml *v = to->first; v != NULL; v = v->next) {
        if (number-- == 0)
            ret[0] = v->text;
    }
    return to->count;
}

/* The key of an item under its new name. */
static bool rename_item(struct work *w, struct mm_yaml *item, size_t number)
{
    struct mm_slice part[3] = {0};

    if (names_of(w, field_of(item->key), number, part) == 0)
        return true;
    w->changed = true;
    return join(w, part[0], part[1], modifiers_of(item->key), &item->key);
}

/* Names of fields that stand where values do. */
static enum mm_code rename_values(struct work *w, struct mm_yaml *item)
{
    bool list = item->kind == MM_YAML_LIST;
    struct mm_yaml **at = &item->first;

    if (!is_reference(item->key))
        return MM_OK;
    for (struct mm_yaml *v = list ? item->first : item; v != NULL; v = list ? v->next : NULL) {
        struct mm_slice part[3] = {0};
        size_t n = v->kind == MM_YAML_SCALAR ? names_of(w, v->text, 0, part) : 0;
        struct mm_yaml *to = v;

        if (n > 1)
            return refuse(w, MM_E_SYNTAX, v->line, "pipeline.reference", v->text);
        if (list) { /* lists are shared among the alternatives of a map */
            to = new_node(w, v);
            if (to == NULL)
                return MM_E_LIMIT;
            *at = to;
            at = &to->next;
        }
        if (n == 1 && !join(w, part[0], part[1], (struct mm_slice){0}, &to->text))
            return MM_E_LIMIT;
    }
    return MM_OK;
}

/* The map of that number out of all that `map` becomes. */
static struct mm_yaml *alternative(struct work *w, const struct mm_yaml *map, size_t number)
{
    struct mm_yaml *copy = new_node(w, map), **at = copy == NULL ? NULL : &copy->first;

    for (const struct mm_yaml *m = map->first; m != NULL && at != NULL; m = m->next) {
        struct mm_slice part[3] = {0};
        size_t n = names_of(w, field_of(m->key), 0, part);
        struct mm_yaml *item = new_node(w, m);

        if (item == NULL || !rename_item(w, item, n > 1 ? number % n : 0) ||
            rename_values(w, item) != MM_OK)
            return NULL;
        number = n > 1 ? number / n : number;
        *at = item;
        at = &item->next;
    }
    return copy;
}

/* All that the map becomes, linked by ->next. */
static enum mm_code rename_map(struct work *w, const struct mm_yaml *map, struct mm_yaml **ret,
                               size_t *ret_n)
{
    struct mm_yaml **at = ret;
    size_t n = 1;

    for (const struct mm_yaml *m = map->first; m != NULL; m = m->next) {
        struct mm_slice part[3] = {0};
        size_t names = names_of(w, field_of(m->key), 0, part);

        n *= names > 1 ? names : 1;
        if (n > MM_PIPELINE_ALTERNATIVES_MAX)
            return refuse(w, MM_E_LIMIT, m->line, "pipeline.large", w->p->name);
    }
    for (size_t i = 0; i < n; i++) {
        *at = alternative(w, map, i);
        if (*at == NULL)
            return MM_E_LIMIT;
        at = &(*at)->next;
    }
    *ret_n = n;
    return MM_OK;
}

/* A detection under new names: a map that becomes several is a list of them. */
static enum mm_code rename_detection(struct work *w, struct mm_yaml *d)
{
    struct mm_yaml *all = NULL, **at = &all, *next;
    size_t n = 0, one;
    enum mm_code code = MM_OK;

    if (d->kind == MM_YAML_MAP) {
        code = rename_map(w, d, &all, &n);
        if (code != MM_OK)
            return code;
        d->kind = n > 1 ? MM_YAML_LIST : MM_YAML_MAP;
        d->first = n > 1 ? all : all->first;
        d->count = n > 1 ? n : d->count;
        return MM_OK;
    }
    for (struct mm_yaml *m = d->first; m != NULL && code == MM_OK; m = next) {
        next = m->next;
        *at = m;
        one = 1;
        if (m->kind == MM_YAML_MAP)
            code = rename_map(w, m, at, &one);
        n += one;
        while (code == MM_OK && *at != NULL && *at != next)
            at = &(*at)->next;
    }
    if (code != MM_OK)
        return code;
    *at = NULL;
    d->first = all;
    d->count = n;
    return MM_OK;
}

/* ---- values ---- */

static enum mm_code copy_value(struct work *w, const struct mm_yaml *v, struct mm_yaml **at)
{
    *at = new_node(w, v);
    return *at == NULL ? MM_E_LIMIT : MM_OK;
}

/* The value, or what the mapping has for it. */
static enum mm_code map_value(struct work *w, const struct mm_yaml *v, struct mm_yaml **at)
{
    const struct mm_yaml *to = pair_of(w->it, v->text);
    bool list = to != NULL && to->kind == MM_YAML_LIST;

    if (to == NULL)
        return copy_value(w, v, at);
    w->changed = true;
    for (const struct mm_yaml *m = list ? to->first : to; m != NULL; m = list ? m->next : NULL) {
        if (copy_value(w, v, at) != MM_OK)
            return MM_E_LIMIT;
        (*at)->text = m->text;
        (*at)->plain = m->plain;
        at = &(*at)->next;
    }
    return MM_OK;
}

static enum mm_code replace_value(struct work *w, const struct mm_yaml *v, struct mm_yaml **at)
{
    struct mm_slice by = mm_yaml_text(w->it->node, "replacement");
    struct mm_buf out;
    enum mm_code code;

    mm_buf_init(&out, MM_PAT_MAX);
    code = mm_regex_replace(w->it->re, w->regex, v->text, by, &out);
    if (code != MM_OK || !mm_buf_ok(&out))
        code = refuse(w, MM_E_LIMIT, v->line, "pipeline.large", w->p->name);
    else
        code = copy_value(w, v, at);
    if (code == MM_OK && !mm_slice_eq(mm_buf_slice(&out), v->text)) {
        w->changed = true;
        (*at)->plain = false; /* a text, whatever it looks like now */
        code = join(w, mm_buf_slice(&out), MM_S(""), MM_S(""), &(*at)->text) ? MM_OK : MM_E_LIMIT;
    }
    mm_buf_done(&out);
    return code;
}

/* One value as new nodes at *at. */
static enum mm_code change_value(struct work *w, const struct mm_yaml *v, struct mm_yaml **at)
{
    if (v->kind != MM_YAML_SCALAR || mm_yaml_is_null(v))
        return copy_value(w, v, at);
    return w->it->op == MM_PIPELINE_MAP_STRING ? map_value(w, v, at) : replace_value(w, v, at);
}

/* The values of an item, or the words of a detection: a scalar that becomes several is a list. */
static enum mm_code change_values(struct work *w, struct mm_yaml *node)
{
    bool list = node->kind == MM_YAML_LIST;
    struct mm_yaml *all = NULL, **at = &all;
    size_t n = 0;

    if (node->kind == MM_YAML_MAP)
        return MM_OK;
    for (const struct mm_yaml *v = list ? node->first : node; v != NULL;
         v = list ? v->next : NULL) {
        enum mm_code code = change_value(w, v, at);

        if (code != MM_OK)
            return code;
        for (; *at != NULL; at = &(*at)->next)
            n++;
    }
    if (list || n > 1) {
        node->kind = MM_YAML_LIST;
        node->first = all;
        node->count = n;
    } else {
        node->text = all->text;
        node->plain = all->plain;
    }
    return MM_OK;
}

/* ---- items ---- */

/* What becomes of one item; *ret_drop takes it out of its map. */
static enum mm_code change_item(struct work *w, struct mm_yaml *m, bool *ret_drop)
{
    struct mm_slice field = field_of(m->key);

    if (!field_meant(w, field))
        return MM_OK;
    switch (w->it->op) {
    case MM_PIPELINE_DROP_ITEM:
        *ret_drop = w->changed = true;
        return MM_OK;
    case MM_PIPELINE_ITEM_FAILURE:
        return refuse(w, MM_E_SYNTAX, m->line, "pipeline.rule", w->it->arg->text);
    case MM_PIPELINE_SET_VALUE:
        w->changed = true;
        m->key = field; /* what was compared otherwise is now this value */
        m->kind = MM_YAML_SCALAR;
        m->text = w->it->arg->text;
        m->plain = w->it->arg->plain;
        return MM_OK;
    default:
        return holds_texts(m->key) ? change_values(w, m) : MM_OK;
    }
}

static enum mm_code change_map(struct work *w, struct mm_yaml *map)
{
    struct mm_yaml **at = &map->first;

    while (*at != NULL) {
        bool drop = false;
        enum mm_code code = change_item(w, *at, &drop);

        if (code != MM_OK)
            return code;
        if (drop) {
            *at = (*at)->next;
            map->count--;
        } else {
            at = &(*at)->next;
        }
    }
    return MM_OK;
}

static enum mm_code change_detection(struct work *w, struct mm_yaml *d)
{
    bool words = w->it->only_n == 0 &&
                 (w->it->op == MM_PIPELINE_REPLACE_STRING || w->it->op == MM_PIPELINE_MAP_STRING);
    enum mm_code code = MM_OK;

    if (d->kind == MM_YAML_MAP)
        return change_map(w, d);
    if (words)
        code = change_values(w, d); /* maps among the words are copied as they are */
    for (struct mm_yaml *m = d->first; m != NULL && code == MM_OK && d->kind == MM_YAML_LIST;
         m = m->next) {
        if (m->kind == MM_YAML_MAP)
            code = change_map(w, m);
    }
    return code;
}

/* ---- the rule ---- */

static void put_member(struct mm_yaml *map, struct mm_yaml *m)
{
    struct mm_yaml **at = &map->first;

    while (*at != NULL)
        at = &(*at)->next;
    *at = m;
    map->count++;
}

static bool has_member(const struct mm_yaml *map, struct mm_slice key)
{
    for (const struct mm_yaml *m = map->first; m != NULL; m = m->next) {
        if (mm_slice_eq(m->key, key))
            return true;
    }
    return false;
}

/* "orig" as "[not ]name and (orig)". */
static enum mm_code put_name(struct work *w, struct mm_yaml *cond, struct mm_slice name)
{
    struct mm_slice front;

    if (cond->kind != MM_YAML_SCALAR)
        return MM_OK; /* refused when the rule is read */
    return join(w, w->it->negated ? MM_S("not ") : MM_S(""), name, MM_S(" and ("), &front) &&
                   join(w, front, cond->text, MM_S(")"), &cond->text)
               ? MM_OK
               : MM_E_LIMIT;
}

/* One more detection, and a condition that asks for it too. Filters hide no less for it. */
static enum mm_code add_condition(struct work *w)
{
    struct mm_yaml *cond = w->det->first, *map, **at;
    char name[32];
    struct mm_slice own;

    while (cond != NULL && !mm_slice_eq(cond->key, MM_S("condition")))
        cond = cond->next;
    if (w->filter || cond == NULL)
        return MM_OK;
    do { /* "them" does not mean names with this sign in front */
        (void)snprintf(name, sizeof(name), "_pipeline_%u", w->conditions++);
    } while (has_member(w->det, mm_slice_str(name)));
    map = new_node(w, w->it->arg);
    if (map == NULL || !join(w, mm_slice_str(name), MM_S(""), MM_S(""), &own))
        return MM_E_LIMIT;
    map->key = own;
    map->line = cond->line; /* of this rule's file */
    at = &map->first;
    for (const struct mm_yaml *m = w->it->arg->first; m != NULL; m = m->next) {
        *at = new_node(w, m);
        if (*at == NULL)
            return MM_E_LIMIT;
        (*at)->line = cond->line;
        at = &(*at)->next;
    }
    put_member(w->det, map);
    w->changed = true;
    if (cond->kind != MM_YAML_LIST)
        return put_name(w, cond, own);
    for (struct mm_yaml *m = cond->first; m != NULL; m = m->next) {
        enum mm_code code = put_name(w, m, own);

        if (code != MM_OK)
            return code;
    }
    return MM_OK;
}

/* The three that the transformation names; what it does not name is gone. */
static enum mm_code change_logsource(struct work *w)
{
    static const struct mm_slice keys[] = {MM_S_INIT("product"), MM_S_INIT("category"),
                                           MM_S_INIT("service")};
    struct mm_yaml *ls = w->doc->first;

    while (ls != NULL && !mm_slice_eq(ls->key, MM_S("logsource")))
        ls = ls->next;
    if (ls == NULL || ls->kind != MM_YAML_MAP)
        return MM_OK;
    ls->first = NULL;
    ls->count = 0;
    for (size_t i = 0; i < MM_COUNT(keys); i++) {
        const struct mm_yaml *to = mm_yaml_get(w->it->node, (const char *)keys[i].p);
        struct mm_yaml *m = to == NULL ? NULL : new_node(w, to);

        if (to != NULL && m == NULL)
            return MM_E_LIMIT;
        if (m != NULL)
            put_member(ls, m);
    }
    w->changed = true;
    return MM_OK;
}

static enum mm_code apply_item(struct work *w)
{
    bool names = w->it->op <= MM_PIPELINE_FIELD_SUFFIX;
    enum mm_code code = MM_OK;

    if (w->it->op == MM_PIPELINE_ADD_CONDITION)
        return add_condition(w);
    if (w->it->op == MM_PIPELINE_CHANGE_LOGSOURCE)
        return change_logsource(w);
    if (w->it->op == MM_PIPELINE_RULE_FAILURE)
        return refuse(w, MM_E_SYNTAX, w->doc->line, "pipeline.rule", w->it->arg->text);
    for (struct mm_yaml *d = w->det->first; d != NULL && code == MM_OK; d = d->next) {
        if (is_detection(w, d))
            code = names ? rename_detection(w, d) : change_detection(w, d);
    }
    return code;
}

/* All of one pipeline. */
static enum mm_code apply_one(struct work *w, const struct mm_pipeline *p)
{
    enum mm_code code = MM_OK;

    w->p = p;
    w->changed = false;
    for (size_t i = 0; i < p->item_n && code == MM_OK; i++) {
        w->it = &p->item[i];
        if (!applies(w))
            continue;
        if (w->it->re != NULL && w->regex == NULL) {
            w->regex = mm_regex_ctx_new();
            if (w->regex == NULL)
                return refuse(w, MM_E_NOMEM, w->doc->line, "err.nomem", (struct mm_slice){0});
        }
        code = apply_item(w);
    }
    w->b->set->pipeline[p->number].rules += w->changed;
    return code;
}

enum mm_code mm_pipelines_apply(struct mm_build *b, struct mm_yaml *doc)
{
    struct work w = {.b = b, .doc = doc};
    enum mm_code code = MM_OK;

    if (doc->kind != MM_YAML_MAP)
        return MM_OK; /* refused when it is read */
    for (struct mm_yaml *m = doc->first; m != NULL; m = m->next) {
        w.filter |= mm_slice_eq(m->key, MM_S("filter"));
        if (mm_slice_eq(m->key, MM_S("filter")) || mm_slice_eq(m->key, MM_S("detection")))
            w.det = m;
    }
    if (w.det == NULL || w.det->kind != MM_YAML_MAP)
        return MM_OK; /* a correlation, or refused likewise */
    for (size_t i = 0; i < b->pipelines.n && code == MM_OK; i++)
        code = apply_one(&w, b->pipelines.v[i]);
    mm_regex_ctx_free(&w.regex);
    return code;
}
