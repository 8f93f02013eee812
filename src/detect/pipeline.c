/* detect/pipeline.c - see pipeline.h for the contract: reading and checking. */
#include "detect/pipeline.h"

#include "base/utf8.h"
#include "detect/ir.h"

static const struct {
    struct mm_slice type, keys;
} does[MM_PIPELINE_OP_COUNT] = {
#define MM_PIPELINE_DOES(id, type, keys) {MM_S_INIT(type), MM_S_INIT(keys)},
#include "detect/pipeline.def"
#undef MM_PIPELINE_DOES
#undef MM_PIPELINE_NOT
};

static const struct mm_slice does_not[] = {
#define MM_PIPELINE_NOT(type) MM_S_INIT(type),
#include "detect/pipeline.def"
#undef MM_PIPELINE_DOES
#undef MM_PIPELINE_NOT
};

/* Keys of a transformation besides its own, of a document, of the conditions. */
#define ITEM_KEYS                                                                                  \
    "id type rule_conditions rule_cond_op rule_cond_not field_name_conditions field_name_cond_op"
#define DOCUMENT_KEYS "name priority transformations"

static enum mm_code refuse(struct mm_build *b, const struct mm_yaml *node, const char *what,
                           struct mm_slice detail)
{
    enum mm_code code = mm_rule_refuse(b, MM_E_SYNTAX, node->line, what, detail);

    b->fault.column = node->column;
    return code;
}

static enum mm_code nomem(struct mm_build *b, const struct mm_yaml *node)
{
    return mm_rule_refuse(b, MM_E_NOMEM, node->line, "err.nomem", (struct mm_slice){0});
}

/* Is word one of the words of list? */
static bool among(struct mm_slice list, struct mm_slice word)
{
    while (list.n > 0) {
        size_t at = mm_slice_find(list, ' ', 0);

        if (mm_slice_eq(mm_slice_sub(list, 0, at), word))
            return true;
        list = at == SIZE_MAX ? (struct mm_slice){0} : mm_slice_sub(list, at + 1, SIZE_MAX);
    }
    return false;
}

/* A map that has no keys but those of the two lists. */
static enum mm_code check_keys(struct mm_build *b, const struct mm_yaml *map, struct mm_slice keys,
                               struct mm_slice more)
{
    for (const struct mm_yaml *m = map->first; m != NULL; m = m->next) {
        if (!among(keys, m->key) && !among(more, m->key))
            return refuse(b, m, "pipeline.key", m->key);
    }
    return MM_OK;
}

static bool is_text(const struct mm_yaml *node)
{
    return node != NULL && node->kind == MM_YAML_SCALAR && !mm_yaml_is_null(node);
}

/* The text of a key that must be there; MM_E_SYNTAX where it is not one. */
static enum mm_code text_of(struct mm_build *b, const struct mm_yaml *map, const char *key,
                            struct mm_slice *ret)
{
    const struct mm_yaml *node = mm_yaml_get(map, key);

    if (!is_text(node))
        return refuse(b, node == NULL ? map : node, "pipeline.value", mm_slice_str(key));
    *ret = node->text;
    return MM_OK;
}

/* A truth, false where the key is not there. */
static enum mm_code truth_of(struct mm_build *b, const struct mm_yaml *map, const char *key,
                             bool *ret)
{
    const struct mm_yaml *node = mm_yaml_get(map, key);

    if (node != NULL && !mm_yaml_bool(node, ret))
        return refuse(b, node, "pipeline.value", mm_slice_str(key));
    return MM_OK;
}

static enum mm_code read_cond(struct mm_build *b, const struct mm_yaml *node,
                              struct mm_pipeline_cond *c)
{
    struct mm_slice type = mm_yaml_text(node, "type");
    enum mm_code code;

    if (node->kind != MM_YAML_MAP)
        return refuse(b, node, "pipeline.condition", node->text);
    if (mm_slice_eq(type, MM_S("logsource"))) {
        c->kind = MM_PIPELINE_LOGSOURCE;
        c->product = mm_yaml_text(node, "product");
        c->category = mm_yaml_text(node, "category");
        c->service = mm_yaml_text(node, "service");
        code = check_keys(b, node, MM_S("type product category service"), MM_S(""));
        if (code == MM_OK && c->product.n + c->category.n + c->service.n == 0)
            code = refuse(b, node, "pipeline.condition", type);
        return code;
    }
    if (mm_slice_eq(type, MM_S("contains_field"))) {
        c->kind = MM_PIPELINE_FIELD;
        code = check_keys(b, node, MM_S("type field"), MM_S(""));
        return code == MM_OK ? text_of(b, node, "field", &c->name) : code;
    }
    if (mm_slice_eq(type, MM_S("tag"))) {
        c->kind = MM_PIPELINE_TAG;
        code = check_keys(b, node, MM_S("type tag"), MM_S(""));
        return code == MM_OK ? text_of(b, node, "tag", &c->name) : code;
    }
    return refuse(b, node, "pipeline.condition", type);
}

/* `and` where nothing is said; true for `or`. */
static enum mm_code read_link(struct mm_build *b, const struct mm_yaml *map, const char *key,
                              bool *ret_any)
{
    const struct mm_yaml *node = mm_yaml_get(map, key);

    if (node == NULL)
        return MM_OK;
    *ret_any = mm_slice_eq(node->text, MM_S("or"));
    return *ret_any || mm_slice_eq(node->text, MM_S("and"))
               ? MM_OK
               : refuse(b, node, "pipeline.value", mm_slice_str(key));
}

static enum mm_code read_conds(struct mm_build *b, struct mm_pipeline_item *it)
{
    const struct mm_yaml *list = mm_yaml_get(it->node, "rule_conditions");
    enum mm_code code = read_link(b, it->node, "rule_cond_op", &it->cond_any);

    if (code == MM_OK)
        code = truth_of(b, it->node, "rule_cond_not", &it->cond_not);
    if (code != MM_OK || list == NULL)
        return code;
    if (list->kind != MM_YAML_LIST || list->count == 0 || list->count > MM_PIPELINE_CONDS_MAX)
        return refuse(b, list, "pipeline.value", MM_S("rule_conditions"));
    it->cond = mm_arena_array(&b->names, list->count, sizeof(*it->cond));
    if (it->cond == NULL)
        return nomem(b, list);
    for (const struct mm_yaml *m = list->first; m != NULL && code == MM_OK; m = m->next)
        code = read_cond(b, m, &it->cond[it->cond_n++]);
    return code;
}

/* The names under `fields`, into *ret. */
static enum mm_code read_names(struct mm_build *b, const struct mm_yaml *node,
                               struct mm_slice **ret, size_t *ret_n)
{
    const struct mm_yaml *list = mm_yaml_get(node, "fields");
    struct mm_slice *name;
    size_t n = 0;

    if (list == NULL || list->kind != MM_YAML_LIST || list->count == 0 || *ret_n > 0)
        return refuse(b, list == NULL ? node : list, "pipeline.value", MM_S("fields"));
    name = mm_arena_array(&b->names, list->count, sizeof(*name));
    if (name == NULL)
        return nomem(b, list);
    for (const struct mm_yaml *m = list->first; m != NULL; m = m->next) {
        if (!is_text(m))
            return refuse(b, m, "pipeline.value", MM_S("fields"));
        name[n++] = m->text;
    }
    *ret = name;
    *ret_n = n;
    return MM_OK;
}

/* At most one include_fields and one exclude_fields: a name must pass both. */
static enum mm_code read_fields(struct mm_build *b, struct mm_pipeline_item *it)
{
    const struct mm_yaml *list = mm_yaml_get(it->node, "field_name_conditions");
    bool any = false;
    enum mm_code code = read_link(b, it->node, "field_name_cond_op", &any);

    if (code != MM_OK || list == NULL)
        return code;
    if (list->kind != MM_YAML_LIST || list->count == 0 || (any && list->count > 1))
        return refuse(b, list, "pipeline.value", MM_S("field_name_conditions"));
    for (const struct mm_yaml *m = list->first; m != NULL && code == MM_OK; m = m->next) {
        struct mm_slice type = mm_yaml_text(m, "type");

        if (m->kind == MM_YAML_MAP)
            code = check_keys(b, m, MM_S("type fields"), MM_S(""));
        if (code != MM_OK)
            return code;
        if (mm_slice_eq(type, MM_S("include_fields")))
            code = read_names(b, m, &it->only, &it->only_n);
        else if (mm_slice_eq(type, MM_S("exclude_fields")))
            code = read_names(b, m, &it->except, &it->except_n);
        else
            code = refuse(b, m, "pipeline.condition", type);
    }
    return code;
}

static int by_from(const void *pa, const void *pb)
{
    const struct mm_pipeline_pair *a = pa, *b = pb;

    return mm_slice_cmp(a->from, b->from);
}

/* Names to names, or values to values: each to one or to several. */
static enum mm_code read_pairs(struct mm_build *b, struct mm_pipeline_item *it)
{
    const struct mm_yaml *map = it->arg;

    if (map->kind != MM_YAML_MAP || map->count == 0)
        return refuse(b, map, "pipeline.value", MM_S("mapping"));
    it->pair = mm_arena_array(&b->names, map->count, sizeof(*it->pair));
    if (it->pair == NULL)
        return nomem(b, map);
    for (const struct mm_yaml *m = map->first; m != NULL; m = m->next) {
        bool list = m->kind == MM_YAML_LIST;

        if (m->kind == MM_YAML_MAP || (list && m->count == 0) || m->key.n == 0 ||
            (list && m->count > MM_PIPELINE_ALTERNATIVES_MAX))
            return refuse(b, m, "pipeline.value", m->key);
        for (const struct mm_yaml *v = list ? m->first : m; v != NULL; v = list ? v->next : NULL) {
            /* A name must be one; a value may be empty. */
            if (!is_text(v) || (it->op != MM_PIPELINE_MAP_STRING && v->text.n == 0))
                return refuse(b, v, "pipeline.value", m->key);
        }
        it->pair[it->pair_n++] = (struct mm_pipeline_pair){.from = m->key, .to = m};
    }
    qsort(it->pair, it->pair_n, sizeof(*it->pair), by_from);
    return MM_OK;
}

/* Fields and their values, as they stand in a detection. */
static enum mm_code check_conditions(struct mm_build *b, struct mm_pipeline_item *it)
{
    if (it->arg->kind != MM_YAML_MAP || it->arg->count == 0)
        return refuse(b, it->arg, "pipeline.value", MM_S("conditions"));
    for (const struct mm_yaml *m = it->arg->first; m != NULL; m = m->next) {
        if (m->key.n == 0 || m->kind == MM_YAML_MAP || (m->kind == MM_YAML_LIST && m->count == 0))
            return refuse(b, m, "pipeline.value", m->key);
        for (const struct mm_yaml *v = m->first; v != NULL; v = v->next) {
            if (v->kind != MM_YAML_SCALAR)
                return refuse(b, v, "pipeline.value", m->key);
        }
    }
    return truth_of(b, it->node, "negated", &it->negated);
}

static enum mm_code read_regex(struct mm_build *b, struct mm_pipeline_item *it)
{
    const struct mm_yaml *by = mm_yaml_get(it->node, "replacement");
    struct mm_fault fault = {0};
    char why[MM_RULE_DETAIL] = "";
    enum mm_code code;

    if (!is_text(it->arg) || it->arg->text.n == 0)
        return refuse(b, it->arg, "pipeline.value", MM_S("regex"));
    if (by == NULL || by->kind != MM_YAML_SCALAR || by->text.n > MM_PAT_MAX)
        return refuse(b, by == NULL ? it->node : by, "pipeline.value", MM_S("replacement"));
    code = mm_regex_new(it->arg->text, 0, &it->re, &fault, why, sizeof(why));
    if (code == MM_E_NOMEM)
        return nomem(b, it->arg);
    return code == MM_OK ? MM_OK : refuse(b, it->arg, fault.what, mm_slice_str(why));
}

/* What the op alone knows of. */
static enum mm_code read_own(struct mm_build *b, struct mm_pipeline_item *it)
{
    switch (it->op) {
    case MM_PIPELINE_FIELD_MAPPING:
    case MM_PIPELINE_PREFIX_MAPPING:
    case MM_PIPELINE_MAP_STRING:
        return read_pairs(b, it);
    case MM_PIPELINE_ADD_CONDITION:
        return check_conditions(b, it);
    case MM_PIPELINE_REPLACE_STRING:
        return read_regex(b, it);
    case MM_PIPELINE_SET_VALUE:
        return it->arg->kind == MM_YAML_SCALAR
                   ? MM_OK
                   : refuse(b, it->arg, "pipeline.value", MM_S("value"));
    case MM_PIPELINE_DROP_ITEM: /* of every field it would make rules that match everything */
        return it->only_n + it->except_n > 0
                   ? MM_OK
                   : refuse(b, it->node, "pipeline.value", MM_S("field_name_conditions"));
    case MM_PIPELINE_CHANGE_LOGSOURCE:
        return mm_yaml_text(it->node, "product").n + mm_yaml_text(it->node, "category").n +
                           mm_yaml_text(it->node, "service").n >
                       0
                   ? MM_OK
                   : refuse(b, it->node, "pipeline.value", MM_S("product, category, service"));
    default: /* prefix, suffix, message: a text */
        return is_text(it->arg) && it->arg->text.n <= MM_MAX_FIELD_NAME
                   ? MM_OK
                   : refuse(b, it->arg, "pipeline.value", it->arg->key);
    }
}

static enum mm_code find_op(struct mm_build *b, const struct mm_yaml *node,
                            enum mm_pipeline_op *ret)
{
    const struct mm_yaml *at = mm_yaml_get(node, "type");

    for (size_t i = 0; is_text(at) && i < MM_COUNT(does); i++) {
        if (mm_slice_eq(does[i].type, at->text)) {
            *ret = (enum mm_pipeline_op)i;
            return MM_OK;
        }
    }
    for (size_t i = 0; is_text(at) && i < MM_COUNT(does_not); i++) {
        if (mm_slice_eq(does_not[i], at->text))
            return refuse(b, at, "pipeline.not", at->text);
    }
    return refuse(b, at == NULL ? node : at, "pipeline.type", at == NULL ? node->text : at->text);
}

static enum mm_code read_item(struct mm_build *b, const struct mm_yaml *node,
                              struct mm_pipeline_item *it)
{
    struct mm_slice keys, first;
    enum mm_code code;

    it->node = node;
    code = find_op(b, node, &it->op);
    if (code != MM_OK)
        return code;
    keys = does[it->op].keys;
    code = check_keys(b, node, keys, MM_S(ITEM_KEYS));
    first = mm_slice_sub(keys, 0, mm_slice_find(keys, ' ', 0));
    for (const struct mm_yaml *m = node->first; m != NULL; m = m->next) {
        if (mm_slice_eq(m->key, first))
            it->arg = m;
    }
    if (code == MM_OK && it->arg == NULL && !mm_slice_eq(first, MM_S("-")))
        code = refuse(b, node, "pipeline.value", first);
    if (code == MM_OK)
        code = read_conds(b, it);
    if (code == MM_OK)
        code = read_fields(b, it);
    return code == MM_OK ? read_own(b, it) : code;
}

static enum mm_code read_priority(struct mm_build *b, const struct mm_yaml *doc, int64_t *ret)
{
    const struct mm_yaml *node = mm_yaml_get(doc, "priority");

    if (node != NULL && (!is_text(node) || !mm_slice_i64(node->text, ret)))
        return refuse(b, node, "pipeline.value", MM_S("priority"));
    return MM_OK;
}

/* Behind those of the same priority. */
static void put_in_force(struct mm_pipelines *in, struct mm_pipeline *p)
{
    size_t at = in->n;

    MM_ASSERT(in->n < MM_PIPELINES_MAX);
    for (; at > 0 && in->v[at - 1]->priority > p->priority; at--)
        in->v[at] = in->v[at - 1];
    in->v[at] = p;
    in->n++;
}

static enum mm_code list_it(struct mm_build *b, struct mm_slice file, struct mm_pipeline *p)
{
    struct mm_ruleset *s = b->set;
    struct mm_rules_pipeline in = {.file = file, .priority = p->priority};

    if (!mm_arena_dup(&s->arena, p->name, &in.name) ||
        !MM_VEC_ROOM(s->pipeline, s->pipeline_n, s->pipeline_cap, MM_RULES_MAX_FILES))
        return MM_E_NOMEM;
    p->number = s->pipeline_n;
    s->pipeline[s->pipeline_n++] = in;
    return MM_OK;
}

enum mm_code mm_pipeline_read(struct mm_build *b, struct mm_slice file, const struct mm_yaml *doc)
{
    const struct mm_yaml *list = mm_yaml_get(doc, "transformations");
    struct mm_pipeline *p = mm_arena_alloc(&b->names, sizeof(*p));
    enum mm_code code;

    if (p == NULL)
        return nomem(b, doc);
    if (list == NULL || list->kind != MM_YAML_LIST || list->count == 0)
        return refuse(b, list == NULL ? doc : list, "pipeline.map", (struct mm_slice){0});
    if (list->count > MM_PIPELINE_ITEMS_MAX || b->pipelines.n == MM_PIPELINES_MAX)
        return refuse(b, list, "pipeline.many", (struct mm_slice){0});
    p->name = mm_yaml_text(doc, "name");
    p->item = mm_arena_array(&b->names, list->count, sizeof(*p->item));
    if (p->item == NULL)
        return nomem(b, doc);
    p->next = b->pipeline; /* its expressions are freed, also when it is refused */
    b->pipeline = p;
    code = check_keys(b, doc, MM_S(DOCUMENT_KEYS), MM_S(""));
    if (code == MM_OK)
        code = read_priority(b, doc, &p->priority);
    for (const struct mm_yaml *m = list->first; m != NULL && code == MM_OK; m = m->next)
        code = read_item(b, m, &p->item[p->item_n++]);
    if (code == MM_OK)
        code = list_it(b, file, p);
    if (code == MM_OK)
        put_in_force(&b->pipelines, p);
    return code;
}

void mm_pipelines_free(struct mm_build *b)
{
    for (struct mm_pipeline *p = b->pipeline; p != NULL; p = p->next) {
        for (size_t i = 0; i < p->item_n; i++)
            mm_regex_free(&p->item[i].re);
    }
    b->pipeline = NULL;
}
