/* detect/rule.c - one YAML document as a rule: metadata, detections, condition. */
#include "base/buf.h"
#include "base/utf8.h"
#include "detect/cond.h"
#include "detect/ir.h"

enum {
    TEXT_MAX = 32 * 1024, /* one text of a rule; SigmaHQ's longest description: 2 KiB */
    DOC_MAX = MM_ALERT_MAX_DOC,
    DETECTIONS_MAX = 1000, /* SigmaHQ: 60 */
};

struct named {
    struct mm_slice name;
    struct mm_expr *x;
};

struct reader {
    struct mm_build *b;
    struct named *det;
    size_t det_n;
    uint32_t line; /* of the condition being resolved */
    bool rests;    /* the condition is made of nothing but `not` */
};

static enum mm_code refuse(struct mm_build *b, uint32_t line, const char *what, struct mm_slice s)
{
    return mm_rule_refuse(b, MM_E_SYNTAX, line, what, s);
}

static enum mm_code nomem(struct mm_build *b, uint32_t line)
{
    return mm_rule_refuse(b, MM_E_NOMEM, line, "err.nomem", (struct mm_slice){0});
}

enum mm_code mm_rule_dup(struct mm_build *b, const struct mm_yaml *node, struct mm_slice *ret)
{
    if (node == NULL || node->kind != MM_YAML_SCALAR || mm_yaml_is_null(node))
        return MM_OK;
    if (node->text.n > TEXT_MAX)
        return mm_rule_refuse(b, MM_E_LIMIT, node->line, "rule.text.long", node->key);
    return mm_arena_dup(&b->set->arena, node->text, ret) ? MM_OK : nomem(b, node->line);
}

/* The scalars of a list (or one scalar) as slices of ours. */
enum mm_code mm_rule_dup_list(struct mm_build *b, const struct mm_yaml *node, struct mm_slices *ret)
{
    const struct mm_yaml *m;
    struct mm_slice *v;
    size_t n = 0;

    if (node == NULL || (node->kind == MM_YAML_SCALAR && mm_yaml_is_null(node)))
        return MM_OK;
    v = mm_arena_array(&b->set->arena, node->kind == MM_YAML_LIST ? node->count : 1, sizeof(*v));
    if (v == NULL)
        return nomem(b, node->line);
    for (m = node->kind == MM_YAML_LIST ? node->first : node; m != NULL;
         m = node->kind == MM_YAML_LIST ? m->next : NULL) {
        enum mm_code code = mm_rule_dup(b, m, &v[n]);

        if (code != MM_OK)
            return code;
        n += v[n].n > 0;
    }
    *ret = (struct mm_slices){.v = v, .n = n};
    return MM_OK;
}

static enum mm_code read_words(struct mm_build *b, const struct mm_yaml *m, const char *lang,
                               struct mm_rule_words *ret)
{
    const struct mm_yaml *w = mm_yaml_get(m, lang);
    enum mm_code code = mm_rule_dup(b, mm_yaml_get(w, "title"), &ret->title);

    if (code == MM_OK)
        code = mm_rule_dup(b, mm_yaml_get(w, "what"), &ret->what);
    return code == MM_OK ? mm_rule_dup(b, mm_yaml_get(w, "first"), &ret->first) : code;
}

static void json_words(struct mm_buf *out, const char *lang, const struct mm_rule_words *w)
{
    if (w->title.n == 0 && w->what.n == 0 && w->first.n == 0)
        return;
    mm_buf_fmt(out, "\"%s\":{\"title\":", lang);
    mm_utf8_json(out, w->title);
    mm_buf_str(out, ",\"what\":");
    mm_utf8_json(out, w->what);
    mm_buf_str(out, ",\"first\":");
    mm_utf8_json(out, w->first);
    mm_buf_str(out, "},");
}

static void json_list(struct mm_buf *out, const char *name, const struct mm_slices *list)
{
    mm_buf_fmt(out, "\"%s\":[", name);
    for (size_t i = 0; i < list->n; i++) {
        if (i > 0)
            mm_buf_byte(out, ',');
        mm_utf8_json(out, list->v[i]);
    }
    mm_buf_byte(out, ']');
}

/* The texts as one JSON object; without the lists, then without anything, when it is too long. */
static enum mm_code make_doc(struct mm_build *b, struct mm_rule *r)
{
    struct mm_buf out;
    bool ok;

    mm_buf_init(&out, DOC_MAX);
    mm_buf_byte(&out, '{');
    json_words(&out, "ja", &r->ja);
    json_words(&out, "en", &r->en);
    mm_buf_str(&out, "\"class\":");
    mm_utf8_json(&out, r->klass);
    mm_buf_str(&out, ",\"description\":");
    mm_utf8_json(&out, mm_utf8_cut(r->description, 2000));
    mm_buf_byte(&out, ',');
    json_list(&out, "tags", &r->tags);
    mm_buf_byte(&out, ',');
    json_list(&out, "falsepositives", &r->falsepositives);
    mm_buf_byte(&out, '}');
    if (!mm_buf_ok(&out)) {
        mm_buf_reset(&out);
        mm_buf_str(&out, "{}");
    }
    ok = mm_arena_dup(&b->set->arena, mm_buf_slice(&out), &r->doc);
    mm_buf_done(&out);
    return ok ? MM_OK : nomem(b, r->line);
}

static enum mm_field default_entity(const struct mm_rule *r)
{
    static const struct mm_slice hosts[] = {MM_S_INIT("windows"), MM_S_INIT("linux"),
                                            MM_S_INIT("macos")};

    for (size_t i = 0; i < MM_COUNT(hosts); i++) {
        if (mm_slice_eq(r->product, hosts[i]))
            return MM_F_HOST_NAME;
    }
    return MM_F_SOURCE_IP;
}

/* The custom part of our own rules. */
static enum mm_code read_own(struct mm_build *b, const struct mm_yaml *doc, struct mm_rule *r)
{
    const struct mm_yaml *own = mm_yaml_get(doc, "mimamori");
    struct mm_slice entity = mm_yaml_text(own, "entity");
    enum mm_code code;

    r->entity = default_entity(r);
    if (own == NULL)
        return MM_OK;
    if (own->kind != MM_YAML_MAP)
        return refuse(b, own->line, "rule.own", own->text);
    if (entity.n > 0) {
        r->entity = mm_field_find(entity);
        if (r->entity == MM_F_NONE)
            return refuse(b, mm_yaml_get(own, "entity")->line, "rule.entity", entity);
    }
    code = mm_rule_dup(b, mm_yaml_get(own, "class"), &r->klass);
    if (code == MM_OK)
        code = read_words(b, own, "ja", &r->ja);
    return code == MM_OK ? read_words(b, own, "en", &r->en) : code;
}

static enum mm_code read_meta(struct mm_build *b, const struct mm_yaml *doc, struct mm_rule *r)
{
    const struct {
        const char *key;
        struct mm_slice *dst;
    } texts[] = {
        {"id", &r->id},
        {"title", &r->title},
        {"name", &r->name},
        {"status", &r->status},
        {"description", &r->description},
        {"license", &r->license},
    };
    const struct mm_yaml *author = mm_yaml_get(doc, "author"), *level = mm_yaml_get(doc, "level");
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < MM_COUNT(texts) && code == MM_OK; i++)
        code = mm_rule_dup(b, mm_yaml_get(doc, texts[i].key), texts[i].dst);
    if (code == MM_OK && author != NULL && author->kind == MM_YAML_LIST)
        author = author->first; /* the schema says text; some write a list: the first is named */
    if (code == MM_OK)
        code = mm_rule_dup(b, author, &r->author);
    if (code == MM_OK)
        code = mm_rule_dup_list(b, mm_yaml_get(doc, "tags"), &r->tags);
    if (code == MM_OK)
        code = mm_rule_dup_list(b, mm_yaml_get(doc, "references"), &r->references);
    if (code == MM_OK)
        code = mm_rule_dup_list(b, mm_yaml_get(doc, "falsepositives"), &r->falsepositives);
    if (code != MM_OK)
        return code;
    if (r->title.n == 0)
        return refuse(b, doc->line, "rule.title", (struct mm_slice){0});
    if (r->id.n == 0)
        r->id = r->name.n > 0 ? r->name : r->title;
    r->level = MM_LEVEL_MEDIUM; /* a rule may leave its level out */
    if (level != NULL && !mm_level_find(mm_yaml_text(doc, "level"), &r->level))
        return refuse(b, level->line, "rule.level", level->text);
    return MM_OK;
}

static enum mm_code read_logsource(struct mm_build *b, const struct mm_yaml *doc, struct mm_rule *r)
{
    const struct mm_yaml *ls = mm_yaml_get(doc, "logsource");
    enum mm_code code;

    if (ls == NULL || ls->kind != MM_YAML_MAP)
        return refuse(b, ls == NULL ? doc->line : ls->line, "rule.logsource", (struct mm_slice){0});
    code = mm_rule_dup(b, mm_yaml_get(ls, "product"), &r->product);
    if (code == MM_OK)
        code = mm_rule_dup(b, mm_yaml_get(ls, "category"), &r->category);
    if (code == MM_OK)
        code = mm_rule_dup(b, mm_yaml_get(ls, "service"), &r->service);
    if (code == MM_OK && r->product.n + r->category.n + r->service.n == 0)
        return refuse(b, ls->line, "rule.logsource.empty", (struct mm_slice){0});
    return code;
}

static enum mm_code items_of_map(struct mm_build *b, const struct mm_yaml *map,
                                 struct mm_expr **ret)
{
    struct mm_expr *x = mm_expr_new(b, MM_X_AND), *one;

    if (x == NULL)
        return nomem(b, map->line);
    for (const struct mm_yaml *m = map->first; m != NULL; m = m->next) {
        enum mm_code code = mm_item_build(b, m, false, &one);

        if (code != MM_OK)
            return code;
        mm_expr_adopt(x, one);
    }
    *ret = x;
    return MM_OK;
}

/* A detection: a map (all items), a list of maps (any of them), words to search for (any). */
static enum mm_code read_detection(struct mm_build *b, const struct mm_yaml *node,
                                   struct mm_expr **ret)
{
    struct mm_expr *x, *one;
    bool words = node->kind == MM_YAML_SCALAR;
    enum mm_code code;

    if (node->kind != MM_YAML_SCALAR && node->count == 0)
        return refuse(b, node->line, "rule.detection.empty", node->key);
    if (node->kind == MM_YAML_MAP)
        return items_of_map(b, node, ret);
    x = mm_expr_new(b, MM_X_OR);
    if (x == NULL)
        return nomem(b, node->line);
    for (const struct mm_yaml *m = node->first; m != NULL; m = m->next) {
        words |= m->kind == MM_YAML_SCALAR;
        if (m->kind == MM_YAML_SCALAR)
            continue;
        if (m->kind != MM_YAML_MAP || m->count == 0)
            return refuse(b, m->line, "rule.detection.kind", node->key);
        code = items_of_map(b, m, &one);
        if (code != MM_OK)
            return code;
        mm_expr_adopt(x, one);
    }
    if (words) {
        code = mm_item_build(b, node, true, &one);
        if (code != MM_OK)
            return code;
        mm_expr_adopt(x, one);
    }
    *ret = x;
    return MM_OK;
}

static enum mm_code read_detections(struct reader *rd, const struct mm_yaml *det,
                                    const char *except)
{
    struct mm_build *b = rd->b;

    if (det->count > DETECTIONS_MAX)
        return mm_rule_refuse(b, MM_E_LIMIT, det->line, "rule.detection.many",
                              (struct mm_slice){0});
    rd->det = mm_arena_array(&b->tmp, det->count, sizeof(*rd->det));
    if (rd->det == NULL)
        return nomem(b, det->line);
    for (const struct mm_yaml *m = det->first; m != NULL; m = m->next) {
        struct named *d = &rd->det[rd->det_n];
        enum mm_code code;

        if (mm_slice_eq(m->key, MM_S("condition")) || mm_slice_eq(m->key, mm_slice_str(except)))
            continue;
        if (mm_slice_eq(m->key, MM_S("timeframe")))
            return refuse(b, m->line, "rule.timeframe", m->text);
        code = read_detection(b, m, &d->x);
        if (code != MM_OK)
            return code;
        if (!mm_arena_dup(&b->set->arena, m->key, &d->name))
            return nomem(b, m->line);
        d->x->label = d->name;
        rd->det_n++;
    }
    return MM_OK;
}

/* A copy of the top node, so that one detection can stand in several places of the tree. */
static struct mm_expr *share(struct mm_build *b, const struct mm_expr *x)
{
    struct mm_expr *copy = mm_expr_new(b, x->kind);

    if (copy != NULL) {
        *copy = *x; /* children are shared: only the tops are linked into lists */
        copy->next = NULL;
    }
    return copy;
}

static enum mm_code resolve_of(struct reader *rd, const struct mm_cond *c, struct mm_expr **ret)
{
    struct mm_expr *x = mm_expr_new(rd->b, c->kind == MM_COND_ALL_OF ? MM_X_AND : MM_X_OR);

    if (x == NULL)
        return nomem(rd->b, rd->line);
    for (size_t i = 0; i < rd->det_n; i++) {
        struct mm_expr *one;

        if (!mm_cond_names(c->word, rd->det[i].name))
            continue;
        one = share(rd->b, rd->det[i].x);
        if (one == NULL)
            return nomem(rd->b, rd->line);
        mm_expr_adopt(x, one);
    }
    if (x->first == NULL)
        return refuse(rd->b, rd->line, "rule.condition.nothing", c->word);
    *ret = x;
    return MM_OK;
}

/* The tree of names as a tree of sets. Depth is bounded by the condition's parser. */
static enum mm_code resolve(struct reader *rd, const struct mm_cond *c, struct mm_expr **ret)
{
    struct mm_expr *x, *one;

    if (c->kind == MM_COND_ONE_OF || c->kind == MM_COND_ALL_OF)
        return resolve_of(rd, c, ret);
    if (c->kind == MM_COND_NAME) {
        for (size_t i = 0; i < rd->det_n; i++) {
            if (!mm_slice_eq(rd->det[i].name, c->word))
                continue;
            *ret = share(rd->b, rd->det[i].x);
            return *ret == NULL ? nomem(rd->b, rd->line) : MM_OK;
        }
        return refuse(rd->b, rd->line, "rule.condition.unknown", c->word);
    }
    x = mm_expr_new(rd->b, c->kind == MM_COND_NOT   ? MM_X_NOT
                           : c->kind == MM_COND_AND ? MM_X_AND
                                                    : MM_X_OR);
    if (x == NULL)
        return nomem(rd->b, rd->line);
    for (const struct mm_cond *m = c->first; m != NULL; m = m->next) {
        enum mm_code code = resolve(rd, m, &one);

        if (code != MM_OK)
            return code;
        mm_expr_adopt(x, one);
    }
    *ret = x;
    return MM_OK;
}

/* "not a", "not a and not b": what is left when something is taken out. */
static bool only_not(const struct mm_cond *c)
{
    bool all = c->kind == MM_COND_AND || c->kind == MM_COND_OR;

    for (const struct mm_cond *m = c->first; m != NULL; m = m->next)
        all &= m->kind == MM_COND_NOT;
    return c->kind == MM_COND_NOT || all;
}

static enum mm_code read_condition(struct reader *rd, const struct mm_yaml *node,
                                   struct mm_expr **ret)
{
    struct mm_cond *c = NULL;
    struct mm_fault fault = {0};
    enum mm_code code;

    if (node->kind != MM_YAML_SCALAR)
        return refuse(rd->b, node->line, "rule.condition.kind", (struct mm_slice){0});
    rd->line = node->line;
    code = mm_cond_parse(&rd->b->tmp, node->text, &c, &fault);
    if (code != MM_OK)
        return mm_rule_refuse(rd->b, code, node->line, fault.what,
                              mm_slice_sub(node->text, fault.at, 40));
    rd->rests = only_not(c);
    return resolve(rd, c, ret);
}

/* The condition, or any of a list of conditions. */
static enum mm_code read_conditions(struct reader *rd, const struct mm_yaml *det,
                                    struct mm_expr **ret)
{
    const struct mm_yaml *node = mm_yaml_get(det, "condition");
    struct mm_expr *x, *one;

    if (node == NULL)
        return refuse(rd->b, det->line, "rule.condition.none", (struct mm_slice){0});
    if (node->kind != MM_YAML_LIST)
        return read_condition(rd, node, ret);
    x = mm_expr_new(rd->b, MM_X_OR);
    if (x == NULL)
        return nomem(rd->b, node->line);
    for (const struct mm_yaml *m = node->first; m != NULL; m = m->next) {
        enum mm_code code = read_condition(rd, m, &one);

        if (code != MM_OK)
            return code;
        mm_expr_adopt(x, one);
    }
    if (x->first == NULL)
        return refuse(rd->b, node->line, "rule.condition.none", (struct mm_slice){0});
    *ret = x;
    return MM_OK;
}

enum mm_code mm_rule_detections(struct mm_build *b, const struct mm_yaml *det, const char *except,
                                struct mm_expr **ret, bool *ret_rests)
{
    struct reader rd = {.b = b};
    enum mm_code code = read_detections(&rd, det, except);

    if (code == MM_OK)
        code = read_conditions(&rd, det, ret);
    if (code == MM_OK)
        *ret_rests = rd.rests;
    return code;
}

enum mm_code mm_rule_head(struct mm_build *b, const struct mm_yaml *doc, struct mm_rule *r)
{
    enum mm_code code;

    b->rule = r;
    b->missing = (struct mm_slice){0};
    b->wanted = (struct mm_slices){0};
    b->listed = 0;
    r->line = doc->line;
    code = read_meta(b, doc, r);
    if (code == MM_OK && mm_yaml_get(doc, "correlation") == NULL)
        code = read_logsource(b, doc, r);
    return code;
}

/* What a rule says of itself that its reader should hear; the rule loads. */
static enum mm_code warn(struct mm_build *b, const struct mm_yaml *doc, const struct mm_rule *r)
{
    struct mm_slice taxonomy = mm_yaml_text(doc, "taxonomy");
    enum mm_code code = MM_OK;

    /* Names of Sigma's taxonomy and of ECS are known; those of another mean nothing here. */
    if (taxonomy.n > 0 && !mm_slice_ieq(taxonomy, MM_S("sigma")) &&
        !mm_slice_ieq(taxonomy, MM_S("ecs")))
        code = mm_rule_warn(b, r->file, doc->line, "rule.taxonomy", taxonomy);
    if (code == MM_OK && (mm_slice_ieq(r->status, MM_S("unsupported")) ||
                          mm_slice_ieq(r->status, MM_S("deprecated"))))
        code = mm_rule_warn(b, r->file, doc->line, "rule.status", r->status);
    return code;
}

enum mm_code mm_rule_read(struct mm_build *b, const struct mm_yaml *doc, struct mm_rule *r,
                          struct mm_expr **ret_expr)
{
    const struct mm_yaml *det = mm_yaml_get(doc, "detection");
    enum mm_code code;
    bool rests;

    b->rule = r;
    if (doc->kind != MM_YAML_MAP)
        return refuse(b, doc->line, "rule.document", (struct mm_slice){0});
    if (mm_yaml_get(doc, "transformations") != NULL)
        return refuse(b, doc->line, "pipeline.place", mm_yaml_text(doc, "name"));
    if (mm_yaml_get(doc, "action") != NULL)
        return refuse(b, mm_yaml_get(doc, "action")->line, "rule.action",
                      mm_yaml_text(doc, "action"));
    code = mm_rule_head(b, doc, r);
    if (code == MM_OK)
        code = read_own(b, doc, r);
    if (code == MM_OK && mm_yaml_get(doc, "correlation") != NULL) {
        r->state = MM_RULE_NEXT_STAGE;
        *ret_expr = NULL;
        return MM_OK;
    }
    if (code == MM_OK && (det == NULL || det->kind != MM_YAML_MAP))
        code =
            refuse(b, det == NULL ? doc->line : det->line, "rule.detection", (struct mm_slice){0});
    if (code == MM_OK)
        code = mm_rule_detections(b, det, NULL, ret_expr, &rests);
    if (code == MM_OK)
        code = make_doc(b, r);
    if (code == MM_OK)
        code = warn(b, doc, r);
    if (code != MM_OK)
        return code;
    r->wanted = b->wanted;
    r->missing = b->missing;
    r->state = b->missing.n > 0 ? MM_RULE_NEEDS_VALUES : MM_RULE_ACTIVE;
    return MM_OK;
}
