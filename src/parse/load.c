/* parse/load.c - one format file from YAML to struct mm_format: everything but its mapping. */
#include "parse/load.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "parse/index.h"

enum { KEY_NEAR = 2 }; /* letters by which a key may differ from the one that is meant */

bool mm_load_fail(struct mm_loader *l, const struct mm_yaml *node, const char *what,
                  struct mm_slice detail)
{
    struct mm_format_errors *e = l->errors;
    struct mm_format_error *one;

    l->failed = true;
    if (e->count++ >= MM_FORMATS_MAX_ERRORS)
        return false;
    one = &e->error[e->count - 1];
    (void)snprintf(one->file, sizeof(one->file), "%s", l->file);
    one->line = node == NULL ? 0 : node->line;
    one->column = node == NULL ? 0 : node->column;
    one->what = what;
    (void)snprintf(one->detail, sizeof(one->detail), "%.*s", MM_S_ARG(mm_slice_sub(detail, 0, 90)));
    return false;
}

void *mm_load_alloc(struct mm_loader *l, size_t count, size_t size)
{
    void *p = mm_arena_array(l->arena, count, size);

    if (p == NULL)
        (void)mm_load_fail(l, NULL, "format.memory", (struct mm_slice){0});
    return p;
}

bool mm_load_dup(struct mm_loader *l, struct mm_slice text, struct mm_slice *ret)
{
    return mm_arena_dup(l->arena, text, ret) || mm_load_fail(l, NULL, "format.memory", text);
}

bool mm_load_slot(struct mm_loader *l, const struct mm_yaml *node, struct mm_slice name,
                  uint16_t *ret)
{
    uint16_t slot;

    if (name.n == 0 || name.n > MM_MAX_FIELD_NAME)
        return mm_load_fail(l, node, "format.name", name);
    if (mm_symtab_add(&l->f->names, name, &slot) != MM_OK || slot >= MM_WIRE_MAX)
        return mm_load_fail(l, node, "format.limit", name);
    l->f->slot[slot].symbols.arena = l->arena;
    *ret = slot;
    return true;
}

bool mm_load_words(struct mm_loader *l, const struct mm_yaml *node, struct mm_slice *words,
                   size_t max, size_t *ret_count)
{
    const struct mm_yaml *one = node->kind == MM_YAML_LIST ? node->first : node;
    size_t n = 0;

    for (; one != NULL; one = node->kind == MM_YAML_LIST ? one->next : NULL) {
        if (one->kind != MM_YAML_SCALAR)
            return mm_load_fail(l, one, "format.needs_words", node->key);
        if (n >= max)
            return mm_load_fail(l, one, "format.limit", one->text);
        if (!mm_load_dup(l, one->text, &words[n++]))
            return false;
    }
    *ret_count = n;
    return true;
}

/* Where the key stands, and the one that was probably meant. */
static bool unknown_key(struct mm_loader *l, const struct mm_yaml *m, const char *const *known)
{
    const struct mm_yaml at = {.line = m->key_line, .column = m->key_column};
    const char *best = NULL;
    size_t least = KEY_NEAR + 1;
    char text[sizeof(l->errors->error[0].detail)];

    for (size_t i = 0; known[i] != NULL; i++) {
        size_t d = mm_slice_distance(m->key, mm_slice_str(known[i]));

        if (d < least && 3 * d <= m->key.n) { /* of two letters any word is near */
            least = d;
            best = known[i];
        }
    }
    (void)snprintf(text, sizeof(text), best == NULL ? "%.*s%s" : "%.*s (%s?)",
                   MM_S_ARG(mm_slice_sub(m->key, 0, 60)), best == NULL ? "" : best);
    return mm_load_fail(l, &at, "format.unknown_key", mm_slice_str(text));
}

bool mm_load_keys(struct mm_loader *l, const struct mm_yaml *map, const char *const *known)
{
    if (map->kind != MM_YAML_MAP)
        return mm_load_fail(l, map, "format.needs_map", map->key);
    for (const struct mm_yaml *m = map->first; m != NULL; m = m->next) {
        size_t i = 0;

        while (known[i] != NULL && !mm_slice_eq(mm_slice_str(known[i]), m->key))
            i++;
        if (known[i] == NULL)
            return unknown_key(l, m, known);
    }
    return true;
}

bool mm_load_byte(struct mm_loader *l, const struct mm_yaml *map, const char *key, uint8_t *byte)
{
    const struct mm_yaml *node = mm_yaml_get(map, key);

    if (node == NULL)
        return true;
    if (mm_slice_eq(node->text, MM_S("tab")))
        *byte = '\t';
    else if (mm_yaml_is_null(node))
        *byte = 0;
    else if (node->text.n == 1)
        *byte = node->text.p[0];
    else
        return mm_load_fail(l, node, "format.needs_byte", node->text);
    return true;
}

bool mm_load_flag(struct mm_loader *l, const struct mm_yaml *map, const char *key, bool *flag)
{
    const struct mm_yaml *node = mm_yaml_get(map, key);

    return node == NULL || mm_yaml_bool(node, flag) ||
           mm_load_fail(l, node, "format.bool", node->text);
}

bool mm_load_number(struct mm_loader *l, const struct mm_yaml *map, const char *key, uint64_t max,
                    uint64_t *ret)
{
    const struct mm_yaml *node = mm_yaml_get(map, key);

    return node == NULL || (mm_slice_u64(node->text, ret) && *ret <= max) ||
           mm_load_fail(l, node, "format.number", node->text);
}

static bool load_kv(struct mm_loader *l, const struct mm_yaml *node)
{
    static const char *const known[] = {"gap",    "assign", "quote", "quote2", "escape",
                                        "spaces", "strict", "words", NULL};
    struct mm_kv_style *s = &l->f->kv;

    *s = (struct mm_kv_style){.gap = ' ', .assign = '=', .quote = '"', .escape = '\\'};
    l->f->kv_strict = true;
    if (node == NULL)
        return true;
    if (!mm_load_keys(l, node, known) || !mm_load_byte(l, node, "gap", &s->gap) ||
        !mm_load_byte(l, node, "assign", &s->assign) ||
        !mm_load_byte(l, node, "quote", &s->quote) ||
        !mm_load_byte(l, node, "quote2", &s->quote2) ||
        !mm_load_byte(l, node, "escape", &s->escape) ||
        !mm_load_flag(l, node, "spaces", &s->spaces) ||
        !mm_load_flag(l, node, "words", &s->words) ||
        !mm_load_flag(l, node, "strict", &l->f->kv_strict))
        return false;
    /* Neither may be a byte that keys are made of. */
    if (mm_kv_is_key(s->gap) || mm_kv_is_key(s->assign) || s->gap == 0 || s->assign == 0 ||
        s->gap == s->assign || (s->quote != 0 && s->quote == s->escape) ||
        (s->quote2 != 0 && (s->quote2 == s->escape || s->quote == 0)) ||
        (s->words && (s->gap == ' ' || s->assign == ' ' || s->spaces)))
        return mm_load_fail(l, node, "format.kv", (struct mm_slice){0});
    return true;
}

bool mm_load_pattern(struct mm_loader *l, struct mm_patterns *set, const struct mm_yaml *node,
                     uint16_t number)
{
    struct mm_fault fault = {0};

    if (node->kind != MM_YAML_SCALAR)
        return mm_load_fail(l, node, "format.needs_words", node->key);
    if (mm_patterns_add(set, node->text, number, &fault) != MM_OK)
        return mm_load_fail(l, node, fault.what, mm_slice_sub(node->text, fault.at, SIZE_MAX));
    return true;
}

/* `is` of every pattern; what patterns set is read when the fields are known. */
static bool load_patterns(struct mm_loader *l, const struct mm_yaml *node)
{
    static const char *const known[] = {"is", "class", "set", "rules", NULL};
    struct mm_format *f = l->f;

    if (node == NULL)
        return true;
    if (node->kind != MM_YAML_LIST || node->count > MM_PATTERN_MAX)
        return mm_load_fail(l, node, "format.needs_list", MM_S("patterns"));
    f->patterns = mm_patterns_new(l->arena);
    f->pattern_rule = mm_load_alloc(l, node->count + 1, sizeof(struct mm_rule *));
    if (f->patterns == NULL || f->pattern_rule == NULL)
        return mm_load_fail(l, node, "format.memory", (struct mm_slice){0});
    for (const struct mm_yaml *p = node->first; p != NULL; p = p->next) {
        const struct mm_yaml *is = mm_yaml_get(p, "is");
        const struct mm_yaml *one = is != NULL && is->kind == MM_YAML_LIST ? is->first : is;

        if (!mm_load_keys(l, p, known))
            return false;
        if (is == NULL)
            return mm_load_fail(l, p, "format.needs_is", (struct mm_slice){0});
        for (; one != NULL; one = is->kind == MM_YAML_LIST ? one->next : NULL) {
            if (!mm_load_pattern(l, f->patterns, one, (uint16_t)f->pattern_count))
                return false;
        }
        f->pattern_count++;
    }
    f->pattern_pairs = MM_PATTERN_MAX_NAMES;
    for (size_t i = 0; i < mm_patterns_names(f->patterns); i++) {
        if (mm_slice_eq(mm_patterns_name(f->patterns, i), MM_S("pairs")))
            f->pattern_pairs = (uint16_t)i; /* below MM_PATTERN_MAX_NAMES */
        else if (!mm_load_slot(l, node, mm_patterns_name(f->patterns, i), &f->pattern_slot[i]))
            return false;
    }
    return true;
}

/* Every template must name the body, and name it alike. */
static bool load_around(struct mm_loader *l, const struct mm_yaml *node)
{
    const struct mm_yaml *one;
    struct mm_format *f = l->f;
    size_t names;

    if (node == NULL)
        return true;
    f->around = mm_patterns_new(l->arena);
    if (f->around == NULL)
        return mm_load_fail(l, node, "format.memory", (struct mm_slice){0});
    one = node->kind == MM_YAML_LIST ? node->first : node;
    for (; one != NULL; one = node->kind == MM_YAML_LIST ? one->next : NULL) {
        if (mm_slice_search(one->text, MM_S("{body:")) == SIZE_MAX)
            return mm_load_fail(l, one, "format.around", one->text);
        if (!mm_load_pattern(l, f->around, one, 0))
            return false;
    }
    names = mm_patterns_names(f->around);
    f->around_slot = mm_load_alloc(l, names + 1, sizeof(*f->around_slot));
    if (f->around_slot == NULL)
        return false;
    for (size_t i = 0; i < names; i++) {
        struct mm_slice name = mm_patterns_name(f->around, i);

        if (mm_slice_eq(name, MM_S("body")))
            f->around_body = (uint16_t)i; /* below MM_PATTERN_MAX_NAMES */
        else if (!mm_load_slot(l, node, name, &f->around_slot[i]))
            return false;
    }
    return true;
}

static bool load_pattern_rules(struct mm_loader *l, const struct mm_yaml *node)
{
    size_t i = 0;

    for (const struct mm_yaml *p = node == NULL ? NULL : node->first; p != NULL; p = p->next, i++) {
        struct mm_rule *r;

        r = mm_load_alloc(l, 1, sizeof(*r));
        if (r == NULL || !mm_load_class(l, p, &r->sets) ||
            !mm_load_rules(l, mm_yaml_get(p, "rules"), &r->rules))
            return false;
        l->f->pattern_rule[i] = r;
    }
    return true;
}

/* The longest text of a template outside of captures and optional parts; `ret` gets the bytes of
 * all such text. */
static struct mm_slice template_text(struct mm_slice template, bool ret[256])
{
    struct mm_slice best = {0};
    size_t from = 0, depth = 0;

    memset(ret, 0, 256 * sizeof(ret[0]));

    for (size_t i = 0; i <= template.n; i++) {
        uint8_t c = i < template.n ? template.p[i] : '{';

        if (depth == 0 && c == '{' && i - from > best.n)
            best = mm_slice_sub(template, from, i - from);
        if (depth == 0 && c != '{' && c != '}')
            ret[c] = true;
        if (i + 1 < template.n && c == '{' && template.p[i + 1] == '{')
            i++; /* a brace: text that the template writes in another way */
        else if (c == '{')
            depth++;
        else if (c == '}' && depth > 0)
            depth--;
        else
            continue;
        from = i + 1;
    }
    return best;
}

/* Of the bytes that stand in every template those that are rare in lines. */
static void load_needs(struct mm_witness *wit, const bool every[256])
{
    static const char rare[] = "\"%[]()<>#@/=|;,'{}\t:-.";

    for (size_t i = 0; i < sizeof(rare) - 1 && wit->need_count < MM_WITNESS_MAX; i++) {
        if (every[(uint8_t)rare[i]])
            wit->need[wit->need_count++] = (uint8_t)rare[i];
    }
}

static bool load_like(struct mm_loader *l, const struct mm_yaml *node, struct mm_witness *wit)
{
    struct mm_patterns *set;
    const struct mm_yaml *one;
    bool all = true, every[256], these[256];

    if (node == NULL)
        return true;
    memset(every, true, sizeof(every));
    set = mm_patterns_new(l->arena);
    if (set == NULL)
        return mm_load_fail(l, node, "format.memory", (struct mm_slice){0});
    one = node->kind == MM_YAML_LIST ? node->first : node;
    for (; one != NULL; one = node->kind == MM_YAML_LIST ? one->next : NULL) {
        struct mm_slice text = template_text(one->text, these);

        for (size_t i = 0; i < MM_COUNT(every); i++)
            every[i] = every[i] && these[i];
        if (!mm_load_pattern(l, set, one, 0))
            return false;
        all = all && text.n >= MM_INDEX_PIECE && wit->like_count < MM_WITNESS_MAX;
        if (all && !mm_load_dup(l, text, &wit->like_text[wit->like_count++]))
            return false;
    }
    wit->like_count = all ? wit->like_count : 0;
    wit->like = set;
    load_needs(wit, every);
    return true;
}

/* Words that are there must not be empty, and a program may not be any. */
static bool witness_words(struct mm_loader *l, const struct mm_yaml *m, struct mm_witness *wit)
{
    const struct mm_yaml *app = mm_yaml_get(m, "app"), *has = mm_yaml_get(m, "has");
    const struct mm_yaml *starts = mm_yaml_get(m, "starts");

    if ((app != NULL && !mm_load_words(l, app, wit->app, MM_WITNESS_MAX, &wit->app_count)) ||
        (has != NULL && !mm_load_words(l, has, wit->has, MM_WITNESS_MAX, &wit->has_count)) ||
        (starts != NULL &&
         !mm_load_words(l, starts, wit->starts, MM_WITNESS_MAX, &wit->start_count)))
        return false;
    for (size_t i = 0; i < wit->app_count; i++) {
        if (mm_slice_eq(wit->app[i], MM_S("*")))
            return mm_load_fail(l, app, "format.empty_witness", wit->app[i]);
    }
    for (size_t i = 0; i < wit->has_count; i++) {
        if (wit->has[i].n == 0)
            return mm_load_fail(l, has, "format.needs_words", MM_S("has"));
    }
    return true;
}

static bool load_witness(struct mm_loader *l, const struct mm_yaml *m, struct mm_witness *wit)
{
    static const char *const known[] = {"app", "starts", "has", "within", "like", "headed", NULL};
    uint64_t within = 512;

    if (!mm_load_keys(l, m, known) || !witness_words(l, m, wit) ||
        !mm_load_number(l, m, "within", MM_MAX_LINE, &within) ||
        !load_like(l, mm_yaml_get(m, "like"), wit) || !mm_load_flag(l, m, "headed", &wit->headed))
        return false;
    wit->within = (size_t)within; /* at most MM_MAX_LINE */
    if (wit->app_count + wit->has_count + wit->start_count == 0 && wit->like == NULL &&
        !wit->headed)
        return mm_load_fail(l, m, "format.empty_witness", (struct mm_slice){0});
    return true;
}

static bool load_recognise(struct mm_loader *l, const struct mm_yaml *node)
{
    struct mm_witness **tail = &l->f->witness;

    if (node == NULL || node->kind != MM_YAML_LIST || node->count == 0)
        return mm_load_fail(l, node, "format.needs_list", MM_S("recognise"));
    for (const struct mm_yaml *m = node->first; m != NULL; m = m->next) {
        struct mm_witness *wit = mm_load_alloc(l, 1, sizeof(*wit));

        if (wit == NULL || !load_witness(l, m, wit))
            return false;
        l->f->searches = l->f->searches || wit->has_count > 0 || wit->like_count > 0;
        *tail = wit;
        tail = &wit->next;
    }
    return true;
}

static bool load_time_zone(struct mm_loader *l, const struct mm_yaml *zone, struct mm_time_spec *t)
{
    struct mm_when when = {0};
    struct mm_rd rd;

    if (zone == NULL)
        return true;
    rd = mm_rd_of(zone->text);
    if (!mm_when_read(&rd, MM_WHEN_ZONE, &when) || mm_rd_left(&rd) > 0)
        return mm_load_fail(l, zone, "format.time", zone->text);
    t->has_zone = true;
    t->offset_s = when.offset_s;
    return true;
}

static bool load_time_parts(struct mm_loader *l, const struct mm_yaml *m, struct mm_time_spec *t)
{
    const struct mm_yaml *from = mm_yaml_get(m, "from"), *form = mm_yaml_get(m, "form");
    struct mm_slice name[MM_COUNT(t->part)], forms[MM_COUNT(t->part)];
    size_t count = 0;

    if (from != NULL && form == NULL && mm_slice_eq(from->text, MM_S("syslog"))) {
        t->from = MM_TIME_SYSLOG;
        return true;
    }
    if (from == NULL || form == NULL)
        return mm_load_fail(l, m, "format.time", (struct mm_slice){0});
    if (!mm_load_words(l, from, name, MM_COUNT(name), &t->count) ||
        !mm_load_words(l, form, forms, MM_COUNT(forms), &count))
        return false;
    if (t->count != count || count == 0)
        return mm_load_fail(l, m, "format.time", (struct mm_slice){0});
    for (size_t i = 0; i < count; i++) {
        t->part[i].form = mm_when_form_find(forms[i]);
        if (t->part[i].form == MM_WHEN_COUNT)
            return mm_load_fail(l, form, "format.time_form", forms[i]);
        if (!mm_load_slot(l, from, name[i], &t->part[i].slot))
            return false;
        l->f->slot[t->part[i].slot].dropped = true;
    }
    t->from = MM_TIME_SLOTS;
    return true;
}

/* Without `time`: what the decoder read, else the syslog header's. */
static bool load_time(struct mm_loader *l, const struct mm_yaml *node)
{
    static const char *const known[] = {"from", "form", "zone", NULL};
    struct mm_time_spec **tail = &l->f->time;

    if (node != NULL && node->kind != MM_YAML_LIST)
        return mm_load_fail(l, node, "format.needs_list", MM_S("time"));
    for (const struct mm_yaml *m = node == NULL ? NULL : node->first; m != NULL; m = m->next) {
        struct mm_time_spec *t = mm_load_alloc(l, 1, sizeof(*t));

        if (t == NULL || !mm_load_keys(l, m, known) || !load_time_parts(l, m, t) ||
            !load_time_zone(l, mm_yaml_get(m, "zone"), t))
            return false;
        *tail = t;
        tail = &t->next;
    }
    for (int i = 0; i < 2; i++) {
        struct mm_time_spec *t = mm_load_alloc(l, 1, sizeof(*t));

        if (t == NULL)
            return false;
        t->from = i == 0 ? MM_TIME_DECODER : MM_TIME_SYSLOG;
        *tail = t;
        tail = &t->next;
    }
    return true;
}

static bool load_absent(struct mm_loader *l, const struct mm_yaml *node)
{
    for (const struct mm_yaml *m = node == NULL ? NULL : node->first; m != NULL; m = m->next) {
        uint16_t sym;

        if (m->kind != MM_YAML_SCALAR || m->text.n == 0)
            return mm_load_fail(l, m, "format.needs_words", MM_S("absent"));
        if (mm_symtab_add(&l->f->absent, m->text, &sym) != MM_OK)
            return mm_load_fail(l, m, "format.limit", m->text);
        l->f->absent_first[m->text.p[0]] = true;
    }
    return true;
}

static bool load_drop(struct mm_loader *l, const struct mm_yaml *node)
{
    for (const struct mm_yaml *m = node == NULL ? NULL : node->first; m != NULL; m = m->next) {
        uint16_t slot;

        if (m->kind != MM_YAML_SCALAR)
            return mm_load_fail(l, m, "format.needs_words", MM_S("drop"));
        if (!mm_load_slot(l, m, m->text, &slot))
            return false;
        l->f->slot[slot].dropped = true;
    }
    return true;
}

/* Names the device is known to use and nothing maps: their extras are made ready here. */
static bool load_keep(struct mm_loader *l, const struct mm_yaml *node)
{
    for (const struct mm_yaml *m = node == NULL ? NULL : node->first; m != NULL; m = m->next) {
        uint16_t slot;

        if (m->kind != MM_YAML_SCALAR)
            return mm_load_fail(l, m, "format.needs_words", MM_S("keep"));
        if (!mm_load_slot(l, m, m->text, &slot))
            return false;
    }
    return true;
}

/* What the file says of itself to people. */
static bool load_about(struct mm_loader *l, const struct mm_yaml *doc)
{
    static const char *const keys[] = {[MM_ABOUT_TITLE] = "title",
                                       [MM_ABOUT_COVERS] = "covers",
                                       [MM_ABOUT_READS] = "reads",
                                       [MM_ABOUT_TESTED] = "tested"};
    static const char *const languages[] = {"ja", "en", NULL};

    static_assert(MM_COUNT(keys) == MM_ABOUT_COUNT, "a key each");
    for (size_t i = 0; i < MM_COUNT(keys); i++) {
        const struct mm_yaml *node = mm_yaml_get(doc, keys[i]);

        if (node == NULL)
            continue;
        if (!mm_load_keys(l, node, languages) ||
            !mm_load_dup(l, mm_yaml_text(node, "ja"), &l->f->about[i].ja) ||
            !mm_load_dup(l, mm_yaml_text(node, "en"), &l->f->about[i].en))
            return false;
    }
    return mm_load_dup(l, mm_yaml_text(doc, "vendor"), &l->f->vendor) &&
           mm_load_dup(l, mm_yaml_text(doc, "product"), &l->f->product);
}

static bool load_wrap(struct mm_format *f, struct mm_slice word)
{
    static const struct {
        const char *word;
        enum mm_wrap wrap;
    } known[] = {{"none", MM_WRAP_NONE},
                 {"syslog", MM_WRAP_SYSLOG},
                 {"syslog-text", MM_WRAP_SYSLOG},
                 {"syslog-pri", MM_WRAP_PRI}};
    size_t i = 0;

    while (i < MM_COUNT(known) && !mm_slice_eq(word, mm_slice_str(known[i].word)))
        i++;
    if (i == MM_COUNT(known))
        return false;
    f->wrap = known[i].wrap;
    f->keep_tag = mm_slice_eq(word, MM_S("syslog-text"));
    return true;
}

static bool load_head(struct mm_loader *l, const struct mm_yaml *doc)
{
    const struct mm_yaml *name = mm_yaml_get(doc, "format"), *wrap = mm_yaml_get(doc, "wrap");
    const struct mm_yaml *prefix = mm_yaml_get(doc, "prefix");
    const struct mm_yaml *charset = mm_yaml_get(doc, "charset");
    struct mm_format *f = l->f;
    uint64_t order = 500;

    if (name == NULL || name->text.n == 0)
        return mm_load_fail(l, doc, "format.needs_name", (struct mm_slice){0});
    if (mm_formats_find(l->set, name->text) != MM_FORMAT_NONE)
        return mm_load_fail(l, name, "format.exists", name->text);
    if (!mm_load_dup(l, name->text, &f->name) || !load_about(l, doc))
        return false;
    if (wrap != NULL && !load_wrap(f, wrap->text))
        return mm_load_fail(l, wrap, "format.wrap", wrap->text);
    f->keep_unknown = prefix != NULL;
    if (!mm_load_number(l, doc, "order", 999, &order) ||
        !mm_load_flag(l, doc, "timeless", &f->timeless))
        return false;
    f->order = (uint32_t)order; /* at most 999 */
    f->charset = charset == NULL ? MM_CS_UNKNOWN : mm_charset_find(charset->text);
    if (charset != NULL && f->charset == MM_CS_UNKNOWN)
        return mm_load_fail(l, charset, "format.charset", charset->text);
    return prefix == NULL || mm_load_dup(l, prefix->text, &f->prefix);
}

static bool load_decode(struct mm_loader *l, const struct mm_yaml *doc)
{
    const struct mm_yaml *node = mm_yaml_get(doc, "decode");

    if (node == NULL)
        return mm_load_fail(l, doc, "format.needs_decode", (struct mm_slice){0});
    l->f->decode = mm_decoder_find(node->text);
    if (l->f->decode == NULL)
        return mm_load_fail(l, node, "format.unknown_decoder", node->text);
    l->f->pairs = mm_slice_eq(node->text, MM_S("kv")) || mm_slice_eq(node->text, MM_S("sd"));
    l->f->sd_pairs = mm_slice_eq(node->text, MM_S("sd")) && mm_yaml_get(doc, "kv") != NULL;
    if (mm_slice_eq(node->text, MM_S("pattern")) && mm_yaml_get(doc, "patterns") == NULL)
        return mm_load_fail(l, node, "format.needs_patterns", (struct mm_slice){0});
    if (mm_slice_eq(node->text, MM_S("csv")) && mm_yaml_get(doc, "csv") == NULL)
        return mm_load_fail(l, node, "format.csv", (struct mm_slice){0});
    return load_kv(l, mm_yaml_get(doc, "kv")) && mm_load_csv(l, mm_yaml_get(doc, "csv")) &&
           mm_load_json(l, mm_yaml_get(doc, "json")) &&
           mm_load_inner(l, mm_yaml_get(doc, "inner")) &&
           load_around(l, mm_yaml_get(doc, "around")) &&
           mm_load_multiline(l, mm_yaml_get(doc, "multiline")) &&
           load_patterns(l, mm_yaml_get(doc, "patterns"));
}

/* Names that the engine fills, when the format speaks of them anywhere. */
static void find_engine_slots(struct mm_format *f)
{
    /* Among pairs and in envelopes, "message" is one of the line's own names. */
    f->slot_message =
        f->pairs || f->inner != NULL ? MM_SYM_NONE : mm_symtab_get(&f->names, MM_S("message"));
    f->slot_host = mm_symtab_get(&f->names, MM_S("syslog.host"));
    f->slot_app = mm_symtab_get(&f->names, MM_S("syslog.app"));
    f->slot_proc = mm_symtab_get(&f->names, MM_S("syslog.proc"));
    f->slot_msgid = mm_symtab_get(&f->names, MM_S("syslog.msgid"));
}

static bool load_document(struct mm_loader *l, const struct mm_yaml *doc)
{
    static const char *const known[] = {
        "format",    "title",  "vendor", "product", "order",    "wrap",      "timeless",
        "recognise", "decode", "kv",     "csv",     "patterns", "absent",    "prefix",
        "more",      "drop",   "keep",   "classes", "time",     "fields",    "set",
        "rules",     "note",   "around", "include", "charset",  "multiline", "json",
        "covers",    "reads",  "tested", "inner",   NULL};

    if (!mm_load_keys(l, doc, known))
        return false;
    l->more = mm_yaml_get(doc, "more");
    l->classes = mm_yaml_get(doc, "classes");
    if (!load_head(l, doc) || !load_recognise(l, mm_yaml_get(doc, "recognise")) ||
        !load_decode(l, doc) || !load_absent(l, mm_yaml_get(doc, "absent")) ||
        !mm_load_fields(l, mm_yaml_get(doc, "fields")) || !load_drop(l, mm_yaml_get(doc, "drop")) ||
        !load_keep(l, mm_yaml_get(doc, "keep")) || !load_time(l, mm_yaml_get(doc, "time")) ||
        !mm_load_sets(l, mm_yaml_get(doc, "set"), &l->f->sets) ||
        !load_pattern_rules(l, mm_yaml_get(doc, "patterns")) ||
        !mm_load_rules(l, mm_yaml_get(doc, "rules"), &l->f->rules))
        return false;
    find_engine_slots(l->f);
    return mm_load_json_above(l) && mm_load_rest(l);
}

/* Into the list by order, then by name: the same set is always tried in the same order. */
static void sort_in(struct mm_formats *set, uint16_t index)
{
    const struct mm_format *f = set->format[index];
    size_t at = set->count;

    while (at > 0) {
        const struct mm_format *o = set->format[set->sorted[at - 1]];

        if (o->order < f->order || (o->order == f->order && mm_slice_cmp(o->name, f->name) < 0))
            break;
        set->sorted[at] = set->sorted[at - 1];
        at--;
    }
    set->sorted[at] = index;
}

enum mm_code mm_formats_add(struct mm_formats *formats, const char *file, struct mm_slice text,
                            struct mm_format_errors *errors)
{
    struct mm_arena trees;
    struct mm_loader l = {.set = formats, .arena = &formats->arena, .file = file, .errors = errors};
    struct mm_yaml_fault fault = {0};
    struct mm_yaml *doc = NULL;
    enum mm_code code = MM_E_CONFIG;

    mm_arena_init(&trees, MM_FORMATS_MAX_MEMORY);
    if (formats->count >= MM_FORMATS_MAX) {
        (void)mm_load_fail(&l, NULL, "format.limit", (struct mm_slice){0});
        goto out;
    }
    if (mm_yaml_read(&trees, text, &doc, &fault) != MM_OK) {
        struct mm_yaml at = {.line = fault.line, .column = fault.column};

        (void)mm_load_fail(&l, &at, fault.what, (struct mm_slice){0});
        goto out;
    }
    l.f = mm_load_alloc(&l, 1, sizeof(*l.f));
    if (l.f == NULL || (l.f->slot = mm_load_alloc(&l, MM_WIRE_MAX, sizeof(*l.f->slot))) == NULL)
        goto out;
    mm_symtab_init(&l.f->names, l.arena);
    mm_symtab_init(&l.f->absent, l.arena);
    mm_symtab_init(&l.f->extras, l.arena);
    mm_symtab_init(&l.f->ecs, l.arena);
    if (doc == NULL || doc->kind != MM_YAML_MAP)
        (void)mm_load_fail(&l, doc, "format.needs_map", (struct mm_slice){0});
    else if (mm_yaml_get(doc, "base") != NULL)
        code = mm_load_base(&l, doc, text) ? MM_OK : MM_E_CONFIG;
    else
        code = mm_load_include(&l, &trees, doc) && load_document(&l, doc) ? MM_OK : MM_E_CONFIG;
    if (code == MM_OK && l.f->name.n > 0 &&
        !mm_index_add(formats->index, l.f, (uint16_t)formats->count)) {
        (void)mm_load_fail(&l, NULL, "format.memory", (struct mm_slice){0});
        code = MM_E_CONFIG;
    } else if (code == MM_OK && l.f->name.n > 0) {
        l.f->own = formats->own;
        formats->format[formats->count] = l.f;
        sort_in(formats, (uint16_t)formats->count); /* below MM_FORMATS_MAX */
        formats->count++;
    }
out:
    mm_arena_done(&trees);
    return code;
}

struct mm_formats *mm_formats_new(void)
{
    static _Atomic uint64_t serial;
    struct mm_formats *set = calloc(1, sizeof(*set));

    if (set == NULL)
        return NULL;
    mm_arena_init(&set->arena, MM_FORMATS_MAX_MEMORY);
    set->serial = atomic_fetch_add(&serial, 1) + 1;
    set->index = mm_index_new(&set->arena);
    if (set->index == NULL)
        mm_formats_free(&set);
    return set;
}

void mm_formats_free(struct mm_formats **formats)
{
    if (*formats == NULL)
        return;
    mm_arena_done(&(*formats)->arena);
    free(*formats);
    *formats = NULL;
}

void mm_formats_own(struct mm_formats *formats)
{
    formats->own = true;
}

size_t mm_formats_count(const struct mm_formats *formats)
{
    return formats->count;
}

struct mm_slice mm_formats_name(const struct mm_formats *formats, uint16_t index)
{
    MM_ASSERT(index < formats->count);
    return formats->format[index]->name;
}

struct mm_slice mm_formats_about(const struct mm_formats *formats, uint16_t index,
                                 enum mm_about what, const char *lang)
{
    const struct mm_format_words *words;

    MM_ASSERT(index < formats->count && what < MM_ABOUT_COUNT);
    words = &formats->format[index]->about[what];
    return strcmp(lang, "ja") == 0 ? words->ja : words->en;
}

bool mm_formats_untested(const struct mm_formats *formats, uint16_t index)
{
    return mm_slice_starts(mm_formats_about(formats, index, MM_ABOUT_TESTED, "en"),
                           MM_S("untested"));
}

struct mm_slice mm_formats_title(const struct mm_formats *formats, uint16_t index, const char *lang)
{
    struct mm_slice title = mm_formats_about(formats, index, MM_ABOUT_TITLE, lang);

    return title.n > 0 ? title : mm_formats_name(formats, index);
}

uint16_t mm_formats_find(const struct mm_formats *formats, struct mm_slice name)
{
    for (size_t i = 0; i < formats->count; i++) {
        if (mm_slice_eq(formats->format[i]->name, name))
            return (uint16_t)i; /* below MM_FORMATS_MAX */
    }
    return MM_FORMAT_NONE;
}
