/* detect/tuning.c - see tuning.h for the contract: reading and writing the text. */
#include "detect/tuning.h"

#include "base/arena.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "codec/ext/yaml.h"

enum {
    NODES_MAX = 128 * 1024 * 1024, /* MM_YAML_MAX_NODES of them */
    TEXTS_MAX = 64 * 1024 * 1024,
};

struct reading {
    struct mm_tuning *t;
    size_t list_cap, rule_cap;
    size_t values, companies; /* so far */
    struct mm_fault *fault;
};

static enum mm_code refuse(const struct reading *rd, const struct mm_yaml *node, const char *what)
{
    return mm_fail(rd->fault, MM_E_SYNTAX, node->line, what);
}

static bool printable(struct mm_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    }
    return mm_utf8_valid(s);
}

bool mm_tuning_name_good(struct mm_slice name)
{
    return name.n > 0 && name.n <= MM_TUNING_NAME_MAX && printable(name) &&
           mm_slice_find(name, '%', 0) == SIZE_MAX && mm_slice_find(name, ' ', 0) == SIZE_MAX;
}

bool mm_tuning_value_good(struct mm_slice value)
{
    return value.n > 0 && value.n <= MM_TUNING_VALUE_MAX && printable(value);
}

static int by_number(const void *pa, const void *pb)
{
    uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

    return a < b ? -1 : a > b ? 1 : 0;
}

static enum mm_code read_companies(struct reading *rd, const struct mm_yaml *doc,
                                   const uint32_t **ret, size_t *ret_n)
{
    const struct mm_yaml *node = mm_yaml_get(doc, "company");
    uint32_t *company;
    uint64_t u;
    size_t n = 0;

    if (node == NULL)
        return MM_OK;
    /* An empty list must not come to mean every company. */
    if (node->kind != MM_YAML_LIST || node->count == 0)
        return refuse(rd, node, "tuning.company");
    rd->companies += node->count;
    if (rd->companies > MM_TUNING_COMPANIES_MAX)
        return mm_fail(rd->fault, MM_E_LIMIT, node->line, "tuning.many");
    company = mm_arena_array(rd->t->arena, node->count, sizeof(*company));
    if (company == NULL)
        return mm_fail(rd->fault, MM_E_NOMEM, node->line, "err.nomem");
    for (const struct mm_yaml *m = node->first; m != NULL; m = m->next) {
        if (m->kind != MM_YAML_SCALAR || !mm_slice_u64(m->text, &u) || u > UINT32_MAX)
            return refuse(rd, m, "tuning.company");
        company[n++] = (uint32_t)u;
    }
    qsort(company, n, sizeof(*company), by_number);
    *ret = company;
    *ret_n = n;
    return MM_OK;
}

static enum mm_code read_values(struct reading *rd, const struct mm_yaml *doc,
                                struct mm_slices *ret)
{
    const struct mm_yaml *node = mm_yaml_get(doc, "values");
    struct mm_slice *v;
    size_t n = 0;

    if (node == NULL || node->kind != MM_YAML_LIST || node->count == 0)
        return refuse(rd, node == NULL ? doc : node, "tuning.values");
    rd->values += node->count;
    if (node->count > MM_TUNING_LIST_MAX || rd->values > MM_TUNING_VALUES_MAX)
        return mm_fail(rd->fault, MM_E_LIMIT, node->line, "tuning.many");
    v = mm_arena_array(rd->t->arena, node->count, sizeof(*v));
    if (v == NULL)
        return mm_fail(rd->fault, MM_E_NOMEM, node->line, "err.nomem");
    for (const struct mm_yaml *m = node->first; m != NULL; m = m->next) {
        if (m->kind != MM_YAML_SCALAR || !mm_tuning_value_good(m->text))
            return refuse(rd, m, "tuning.value");
        if (!mm_arena_dup(rd->t->arena, m->text, &v[n++]))
            return mm_fail(rd->fault, MM_E_NOMEM, m->line, "err.nomem");
    }
    *ret = (struct mm_slices){.v = v, .n = n};
    return MM_OK;
}

static enum mm_code read_list(struct reading *rd, const struct mm_yaml *doc)
{
    const struct mm_yaml *name = mm_yaml_get(doc, "list");
    struct mm_tuning *t = rd->t;
    struct mm_tuning_list l = {0};
    enum mm_code code;

    if (name->kind != MM_YAML_SCALAR || !mm_tuning_name_good(name->text))
        return refuse(rd, name, "tuning.name");
    code = read_companies(rd, doc, &l.company, &l.company_n);
    if (code == MM_OK)
        code = read_values(rd, doc, &l.values);
    if (code != MM_OK)
        return code;
    if (t->list_n == MM_TUNING_LISTS_MAX)
        return mm_fail(rd->fault, MM_E_LIMIT, doc->line, "tuning.many");
    if (!mm_arena_dup(t->arena, name->text, &l.name) ||
        !MM_VEC_ROOM_IN(t->arena, t->list, t->list_n, rd->list_cap))
        return mm_fail(rd->fault, MM_E_NOMEM, doc->line, "err.nomem");
    t->list[t->list_n++] = l;
    return MM_OK;
}

static enum mm_code read_rule(struct reading *rd, const struct mm_yaml *doc)
{
    const struct mm_yaml *id = mm_yaml_get(doc, "rule"), *level = mm_yaml_get(doc, "level"),
                         *enabled = mm_yaml_get(doc, "enabled"), *made = mm_yaml_get(doc, "made");
    struct mm_tuning *t = rd->t;
    struct mm_tuning_rule r = {.has_level = level != NULL, .has_made = made != NULL};
    bool on = true;
    enum mm_code code;

    if (id->kind != MM_YAML_SCALAR || id->text.n == 0 || id->text.n > MM_ALERT_MAX_TEXT)
        return refuse(rd, id, "tuning.rule");
    if (level != NULL && (level->kind != MM_YAML_SCALAR || !mm_level_find(level->text, &r.level)))
        return refuse(rd, level, "rule.level");
    if (made != NULL && (made->kind != MM_YAML_SCALAR || !mm_level_find(made->text, &r.made)))
        return refuse(rd, made, "rule.level");
    if (enabled != NULL && !mm_yaml_bool(enabled, &on))
        return refuse(rd, enabled, "tuning.enabled");
    r.off = !on;
    if (!r.off && !r.has_level)
        return refuse(rd, doc, "tuning.nothing");
    code = read_companies(rd, doc, &r.company, &r.company_n);
    if (code != MM_OK)
        return code;
    if (t->rule_n == MM_TUNING_RULES_MAX)
        return mm_fail(rd->fault, MM_E_LIMIT, doc->line, "tuning.many");
    if (!mm_arena_dup(t->arena, id->text, &r.rule) ||
        !MM_VEC_ROOM_IN(t->arena, t->rule, t->rule_n, rd->rule_cap))
        return mm_fail(rd->fault, MM_E_NOMEM, doc->line, "err.nomem");
    t->rule[t->rule_n++] = r;
    return MM_OK;
}

static enum mm_code read_document(struct reading *rd, const struct mm_yaml *doc)
{
    bool list = mm_yaml_get(doc, "list") != NULL, rule = mm_yaml_get(doc, "rule") != NULL;

    if (doc->kind == MM_YAML_SCALAR && mm_yaml_is_null(doc))
        return MM_OK; /* "---" behind the last document */
    if (list == rule)
        return refuse(rd, doc, "tuning.document");
    return list ? read_list(rd, doc) : read_rule(rd, doc);
}

/* By name; of one name in the order of reading, which is that of memory. */
static int by_name(const void *pa, const void *pb)
{
    const struct mm_tuning_list *const *a = pa, *const *b = pb;
    int c = mm_slice_cmp((*a)->name, (*b)->name);

    return c != 0 ? c : *a < *b ? -1 : *a > *b ? 1 : 0;
}

static bool sort_lists(struct mm_tuning *t)
{
    struct mm_tuning_list **order = mm_arena_array(t->arena, t->list_n, sizeof(*order));
    struct mm_tuning_list *list = mm_arena_array(t->arena, t->list_n, sizeof(*list));

    if (order == NULL || list == NULL)
        return false;
    for (size_t i = 0; i < t->list_n; i++)
        order[i] = &t->list[i];
    if (t->list_n > 1)
        qsort(order, t->list_n, sizeof(*order), by_name);
    for (size_t i = 0; i < t->list_n; i++)
        list[i] = *order[i];
    t->list = list;
    return true;
}

static struct mm_tuning *tuning_new(void)
{
    struct mm_tuning *t = calloc(1, sizeof(*t));

    if (t == NULL)
        return NULL;
    t->arena = calloc(1, sizeof(*t->arena));
    if (t->arena == NULL) {
        free(t);
        return NULL;
    }
    mm_arena_init(t->arena, TEXTS_MAX);
    return t;
}

enum mm_code mm_tuning_read(struct mm_slice text, struct mm_tuning **ret, struct mm_fault *fault)
{
    struct reading rd = {.t = tuning_new(), .fault = fault};
    struct mm_yaml_fault bad = {0};
    struct mm_yaml *doc = NULL;
    struct mm_arena nodes;
    enum mm_code code;

    if (rd.t == NULL)
        return mm_fail(fault, MM_E_NOMEM, 0, "err.nomem");
    mm_arena_init(&nodes, NODES_MAX);
    code = mm_yaml_read(&nodes, text, &doc, &bad);
    if (code != MM_OK)
        (void)mm_fail(fault, code, bad.line, bad.what == NULL ? mm_code_key(code) : bad.what);
    for (; code == MM_OK && doc != NULL; doc = doc->next)
        code = read_document(&rd, doc);
    if (code == MM_OK && !sort_lists(rd.t))
        code = mm_fail(fault, MM_E_NOMEM, 0, "err.nomem");
    rd.t->digest = mm_hash((struct mm_seed){1, 2}, text);
    mm_arena_done(&nodes);
    if (code == MM_OK)
        *ret = rd.t;
    else
        mm_tuning_free(&rd.t);
    return code;
}

void mm_tuning_free(struct mm_tuning **pt)
{
    struct mm_tuning *t = *pt;

    *pt = NULL;
    if (t == NULL)
        return;
    mm_arena_done(t->arena);
    free(t->arena);
    free(t);
}

size_t mm_tuning_named(const struct mm_tuning *t, struct mm_slice name, size_t *ret_from)
{
    size_t lo = 0, hi = t->list_n, n = 0;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (mm_slice_cmp(t->list[mid].name, name) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    while (lo + n < t->list_n && mm_slice_eq(t->list[lo + n].name, name))
        n++;
    *ret_from = lo;
    return n;
}

/* ---- writing ---- */

static void put_companies(struct mm_buf *out, const uint32_t *company, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mm_buf_fmt(out, "%s%u", i == 0 ? "company: [" : ", ", company[i]);
    mm_buf_str(out, n == 0 ? "" : "]\n");
}

void mm_tuning_put_list(struct mm_buf *out, const struct mm_tuning_list *l)
{
    mm_buf_str(out, "---\nlist: ");
    mm_yaml_quote(out, l->name);
    mm_buf_byte(out, '\n');
    put_companies(out, l->company, l->company_n);
    mm_buf_str(out, "values:\n");
    for (size_t i = 0; i < l->values.n; i++) {
        mm_buf_str(out, "- ");
        mm_yaml_quote(out, l->values.v[i]);
        mm_buf_byte(out, '\n');
    }
}

void mm_tuning_put_rule(struct mm_buf *out, const struct mm_tuning_rule *r)
{
    mm_buf_str(out, "---\nrule: ");
    mm_yaml_quote(out, r->rule);
    mm_buf_byte(out, '\n');
    put_companies(out, r->company, r->company_n);
    if (r->off)
        mm_buf_str(out, "enabled: false\n");
    if (r->has_level)
        mm_buf_fmt(out, "level: %s\n", mm_level_name(r->level));
    if (r->has_made)
        mm_buf_fmt(out, "made: %s\n", mm_level_name(r->made));
}
