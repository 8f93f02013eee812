/* codec/ext/yaml.c - see yaml.h for the contract. */
#include "codec/ext/yaml.h"

#include <yaml.h>

#include "base/utf8.h"

struct builder {
    struct mm_arena *arena;
    struct mm_yaml *stack[MM_YAML_MAX_DEPTH];     /* open lists and maps */
    struct mm_yaml *last[MM_YAML_MAX_DEPTH];      /* their newest member */
    const struct mm_yaml *key[MM_YAML_MAX_DEPTH]; /* a map's key that waits for its value */
    bool has_key[MM_YAML_MAX_DEPTH];
    size_t depth;
    size_t nodes;
    struct mm_yaml *docs;
    struct mm_yaml *last_doc;
    struct mm_yaml_fault fault;
};

static enum mm_code refuse(struct builder *b, enum mm_code code, yaml_mark_t at, const char *what)
{
    b->fault = (struct mm_yaml_fault){
        .line = (uint32_t)at.line + 1, .column = (uint32_t)at.column + 1, .what = what};
    return code;
}

static bool has_member(const struct mm_yaml *map, struct mm_slice key)
{
    for (const struct mm_yaml *m = map->first; m != NULL; m = m->next) {
        if (mm_slice_eq(m->key, key))
            return true;
    }
    return false;
}

/* Hang a finished or opened node where it belongs: document, list or map. */
static enum mm_code attach(struct builder *b, struct mm_yaml *node, yaml_mark_t at)
{
    struct mm_yaml *parent;
    size_t d;

    if (b->depth == 0) {
        if (b->last_doc != NULL)
            b->last_doc->next = node;
        else
            b->docs = node;
        b->last_doc = node;
        return MM_OK;
    }
    d = b->depth - 1;
    parent = b->stack[d];
    if (parent->kind == MM_YAML_MAP) {
        if (!b->has_key[d]) {
            if (node->kind != MM_YAML_SCALAR)
                return refuse(b, MM_E_SYNTAX, at, "yaml.key_not_text");
            /* Long maps would make this quadratic; content maps have tens of keys. */
            if (parent->count < 4096 && has_member(parent, node->text))
                return refuse(b, MM_E_SYNTAX, at, "yaml.duplicate_key");
            b->key[d] = node;
            b->has_key[d] = true;
            return MM_OK;
        }
        node->key = b->key[d]->text;
        node->key_line = b->key[d]->line;
        node->key_column = b->key[d]->column;
        b->has_key[d] = false;
    }
    if (b->last[d] != NULL)
        b->last[d]->next = node;
    else
        parent->first = node;
    b->last[d] = node;
    parent->count++;
    return MM_OK;
}

static enum mm_code add(struct builder *b, enum mm_yaml_kind kind, const yaml_event_t *ev,
                        struct mm_yaml **ret)
{
    struct mm_yaml *node;

    if (++b->nodes > MM_YAML_MAX_NODES)
        return refuse(b, MM_E_LIMIT, ev->start_mark, "yaml.too_many_nodes");
    node = mm_arena_alloc(b->arena, sizeof(*node));
    if (node == NULL)
        return refuse(b, MM_E_NOMEM, ev->start_mark, "yaml.memory");
    node->kind = kind;
    /* Input is at most 4 MiB: lines and columns fit. */
    node->line = (uint32_t)ev->start_mark.line + 1;
    node->column = (uint32_t)ev->start_mark.column + 1;
    *ret = node;
    return MM_OK;
}

static enum mm_code scalar(struct builder *b, const yaml_event_t *ev)
{
    struct mm_yaml *node;
    enum mm_code c;

    if (ev->data.scalar.anchor != NULL)
        return refuse(b, MM_E_SYNTAX, ev->start_mark, "yaml.anchor");
    c = add(b, MM_YAML_SCALAR, ev, &node);
    if (c != MM_OK)
        return c;
    node->plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (!mm_arena_dup(b->arena, mm_slice_of(ev->data.scalar.value, ev->data.scalar.length),
                      &node->text))
        return refuse(b, MM_E_NOMEM, ev->start_mark, "yaml.memory");
    return attach(b, node, ev->start_mark);
}

static enum mm_code open_node(struct builder *b, enum mm_yaml_kind kind, const yaml_event_t *ev,
                              const yaml_char_t *anchor)
{
    struct mm_yaml *node;
    enum mm_code c;

    if (anchor != NULL)
        return refuse(b, MM_E_SYNTAX, ev->start_mark, "yaml.anchor");
    if (b->depth >= MM_YAML_MAX_DEPTH)
        return refuse(b, MM_E_LIMIT, ev->start_mark, "yaml.too_deep");
    c = add(b, kind, ev, &node);
    if (c == MM_OK)
        c = attach(b, node, ev->start_mark);
    if (c != MM_OK)
        return c;
    b->stack[b->depth] = node;
    b->last[b->depth] = NULL;
    b->has_key[b->depth] = false;
    b->depth++;
    return MM_OK;
}

static enum mm_code take(struct builder *b, const yaml_event_t *ev)
{
    switch (ev->type) {
    case YAML_SCALAR_EVENT:
        return scalar(b, ev);
    case YAML_SEQUENCE_START_EVENT:
        return open_node(b, MM_YAML_LIST, ev, ev->data.sequence_start.anchor);
    case YAML_MAPPING_START_EVENT:
        return open_node(b, MM_YAML_MAP, ev, ev->data.mapping_start.anchor);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        MM_ASSERT(b->depth > 0);
        b->depth--;
        return MM_OK;
    case YAML_ALIAS_EVENT:
        return refuse(b, MM_E_SYNTAX, ev->start_mark, "yaml.alias");
    default:
        return MM_OK;
    }
}

static enum mm_code run(struct builder *b, yaml_parser_t *parser)
{
    for (;;) {
        yaml_event_t ev;
        yaml_event_type_t type;
        enum mm_code c;

        if (!yaml_parser_parse(parser, &ev)) {
            if (parser->error == YAML_MEMORY_ERROR)
                return refuse(b, MM_E_NOMEM, parser->problem_mark, "yaml.memory");
            /* libyaml's problem texts are string literals. */
            return refuse(b, MM_E_SYNTAX, parser->problem_mark,
                          parser->problem == NULL ? "yaml.syntax" : parser->problem);
        }
        type = ev.type;
        c = take(b, &ev);
        yaml_event_delete(&ev);
        if (c != MM_OK)
            return c;
        if (type == YAML_STREAM_END_EVENT)
            return MM_OK;
    }
}

enum mm_code mm_yaml_read(struct mm_arena *arena, struct mm_slice in, struct mm_yaml **ret,
                          struct mm_yaml_fault *fault)
{
    struct builder b = {.arena = arena};
    yaml_parser_t parser;
    enum mm_code c;

    MM_ASSERT(arena != NULL && ret != NULL);
    MM_ASSERT(in.p != NULL || in.n == 0);
    if (in.n > MM_YAML_MAX_SIZE) {
        c = refuse(&b, MM_E_LIMIT, (yaml_mark_t){0}, "yaml.too_large");
    } else if (!yaml_parser_initialize(&parser)) {
        c = refuse(&b, MM_E_NOMEM, (yaml_mark_t){0}, "yaml.memory");
    } else {
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser, in.n == 0 ? (const uint8_t *)"" : in.p, in.n);
        c = run(&b, &parser);
        yaml_parser_delete(&parser);
    }
    if (c != MM_OK) {
        if (fault != NULL)
            *fault = b.fault;
        return c;
    }
    *ret = b.docs;
    return MM_OK;
}

const struct mm_yaml *mm_yaml_get(const struct mm_yaml *map, const char *key)
{
    struct mm_slice k = mm_slice_str(key);

    if (map == NULL || map->kind != MM_YAML_MAP)
        return NULL;
    for (const struct mm_yaml *m = map->first; m != NULL; m = m->next) {
        if (mm_slice_eq(m->key, k))
            return m;
    }
    return NULL;
}

struct mm_slice mm_yaml_text(const struct mm_yaml *map, const char *key)
{
    const struct mm_yaml *m = mm_yaml_get(map, key);

    return m != NULL && m->kind == MM_YAML_SCALAR ? m->text : (struct mm_slice){0};
}

static bool one_of(struct mm_slice s, const char *a, const char *b, const char *c)
{
    return mm_slice_eq(s, mm_slice_str(a)) || mm_slice_eq(s, mm_slice_str(b)) ||
           mm_slice_eq(s, mm_slice_str(c));
}

bool mm_yaml_is_null(const struct mm_yaml *node)
{
    if (node == NULL || node->kind != MM_YAML_SCALAR || !node->plain)
        return false;
    return node->text.n == 0 || mm_slice_eq(node->text, MM_S("~")) ||
           one_of(node->text, "null", "Null", "NULL");
}

bool mm_yaml_bool(const struct mm_yaml *node, bool *ret)
{
    bool yes;

    if (node == NULL || node->kind != MM_YAML_SCALAR || !node->plain)
        return false;
    yes = one_of(node->text, "true", "True", "TRUE");
    if (!yes && !one_of(node->text, "false", "False", "FALSE"))
        return false;
    *ret = yes;
    return true;
}

/* ---- writing ---- */

/* Is the character of n bytes at p one that YAML folds, or does not take as it is? */
static bool awkward(const uint8_t *p, size_t n)
{
    /* U+2028 and U+2029 end lines, U+FEFF, U+FFFE and U+FFFF may not stand there. */
    static const uint8_t three[][3] = {{0xe2, 0x80, 0xa8},
                                       {0xe2, 0x80, 0xa9},
                                       {0xef, 0xbb, 0xbf},
                                       {0xef, 0xbf, 0xbe},
                                       {0xef, 0xbf, 0xbf}};
    bool found = n == 2 && p[0] == 0xc2 && p[1] < 0xa0;

    for (size_t i = 0; i < MM_COUNT(three) && n == 3; i++)
        found |= memcmp(three[i], p, 3) == 0;
    return found;
}

bool mm_yaml_needs_escape(struct mm_slice s)
{
    size_t n;

    for (size_t i = 0; i < s.n; i += n) {
        n = mm_utf8_len(s, i);
        if (n == 0 || s.p[i] < 0x20 || s.p[i] == 0x7f || awkward(s.p + i, n))
            return true;
    }
    return false;
}

void mm_yaml_quote(struct mm_buf *out, struct mm_slice s)
{
    size_t n;

    mm_buf_byte(out, '"');
    for (size_t i = 0; i < s.n; i += n) {
        const uint8_t *p = s.p + i;

        n = mm_utf8_len(s, i);
        if (n == 0) {
            mm_buf_str(out, "\\uFFFD");
            n = 1;
        } else if (*p == '"' || *p == '\\') {
            mm_buf_fmt(out, "\\%c", *p);
        } else if (*p < 0x20 || *p == 0x7f) {
            mm_buf_fmt(out, "\\x%02x", *p);
        } else if (awkward(p, n)) {
            mm_buf_fmt(out, "\\u%04x",
                       n == 2 ? p[1] : (p[0] & 15U) << 12 | (p[1] & 63U) << 6 | (p[2] & 63U));
        } else {
            mm_buf_add(out, mm_slice_of(p, n));
        }
    }
    mm_buf_byte(out, '"');
}
