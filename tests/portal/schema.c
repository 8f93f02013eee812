/* tests/portal/schema.c - see schema.h. */
#include "tests/portal/schema.h"

#include "codec/ext/json.h"

struct check {
    struct mm_json_doc schema, doc;
    struct mm_buf *why;
    char path[256];
};

static bool fault(struct check *c, const char *what, struct mm_slice name)
{
    mm_buf_str(c->why, c->path);
    mm_buf_str(c->why, ": ");
    mm_buf_str(c->why, what);
    mm_buf_byte(c->why, ' ');
    mm_buf_add(c->why, name);
    mm_buf_byte(c->why, '\n');
    return false;
}

static const char *type_of(const struct mm_json_item *it)
{
    static const char *const names[] = {"null",   "boolean", "boolean", "integer",
                                        "string", "object",  "array"};

    return names[it->type];
}

/* "type": "x" or ["x", "y"]. */
static bool type_fits(const struct check *c, const struct mm_json_item *type,
                      const struct mm_json_item *it)
{
    struct mm_slice have = mm_slice_str(type_of(it));

    if (type->type == MM_JSON_STRING)
        return mm_slice_eq(type->text, have);
    for (size_t i = mm_json_index(&c->schema, type) + 1; i < type->end; i++) {
        if (mm_slice_eq(c->schema.item[i].text, have))
            return true;
    }
    return false;
}

static bool in_enum(const struct check *c, const struct mm_json_item *list,
                    const struct mm_json_item *it)
{
    for (size_t i = mm_json_index(&c->schema, list) + 1; i < list->end; i++) {
        if (mm_slice_eq(c->schema.item[i].text, it->text))
            return true;
    }
    return false;
}

static size_t follow(const struct check *c, size_t at)
{
    const struct mm_json_item *ref = mm_json_get(&c->schema, at, MM_S("$ref"));
    const struct mm_json_item *defs, *def = NULL;

    if (ref == NULL)
        return at;
    defs = mm_json_get(&c->schema, 0, MM_S("$defs"));
    if (defs != NULL && mm_slice_starts(ref->text, MM_S("#/$defs/")))
        def = mm_json_get(&c->schema, mm_json_index(&c->schema, defs),
                          mm_slice_sub(ref->text, 8, SIZE_MAX));
    return def == NULL ? SIZE_MAX : mm_json_index(&c->schema, def);
}

static bool fits(struct check *c, size_t at, size_t item);

static bool members_fit(struct check *c, size_t at, size_t item)
{
    const struct mm_json_item *props = mm_json_get(&c->schema, at, MM_S("properties"));
    const struct mm_json_item *need = mm_json_get(&c->schema, at, MM_S("required"));
    size_t path_n = strlen(c->path);
    bool ok = true;

    if (props == NULL)
        return fault(c, "no properties for", c->doc.item[item].key);
    for (size_t i = item + 1; i < c->doc.item[item].end; i = c->doc.item[i].end) {
        struct mm_slice key = c->doc.item[i].key;
        const struct mm_json_item *p =
            mm_json_get(&c->schema, mm_json_index(&c->schema, props), key);

        (void)snprintf(c->path + path_n, sizeof(c->path) - path_n, "/%.*s", MM_S_ARG(key));
        ok &= p == NULL ? fault(c, "not described", key) : fits(c, mm_json_index(&c->schema, p), i);
        c->path[path_n] = 0;
    }
    if (need == NULL)
        return ok;
    for (size_t i = mm_json_index(&c->schema, need) + 1; i < need->end; i++) {
        if (mm_json_get(&c->doc, item, c->schema.item[i].text) == NULL)
            ok = fault(c, "misses", c->schema.item[i].text);
    }
    return ok;
}

/* Recursion: documents nest 6 deep, the JSON reader refuses more than 24. */
static bool fits(struct check *c, size_t at, size_t item)
{
    const struct mm_json_item *it = &c->doc.item[item], *rule;
    bool ok = true;

    at = follow(c, at);
    if (at == SIZE_MAX)
        return fault(c, "a $ref to nothing", it->key);
    rule = mm_json_get(&c->schema, at, MM_S("type"));
    if (rule == NULL || !type_fits(c, rule, it))
        return fault(c, "has the type", mm_slice_str(type_of(it)));
    rule = mm_json_get(&c->schema, at, MM_S("enum"));
    if (rule != NULL && it->type != MM_JSON_NULL && !in_enum(c, rule, it))
        return fault(c, "is not in the enum:", it->text);
    if (it->type == MM_JSON_OBJECT)
        return members_fit(c, at, item);
    rule = mm_json_get(&c->schema, at, MM_S("items"));
    if (it->type != MM_JSON_ARRAY)
        return true;
    if (rule == NULL)
        return fault(c, "has no items", it->key);
    for (size_t i = item + 1; i < it->end; i = c->doc.item[i].end)
        ok &= fits(c, mm_json_index(&c->schema, rule), i);
    return ok;
}

bool schema_fits(struct mm_arena *arena, struct mm_slice schema, struct mm_slice document,
                 struct mm_buf *why)
{
    struct mm_json *one = mm_json_new(1024 * 1024), *other = mm_json_new(8 * 1024 * 1024);
    struct check *c = mm_arena_alloc(arena, sizeof(*c));
    struct mm_fault f = {0};
    bool ok = false;

    MM_ASSERT(one != NULL && other != NULL && c != NULL);
    c->why = why;
    if (mm_json_parse(one, schema, arena, &c->schema, &f) != MM_OK)
        (void)fault(c, "the schema is no JSON:", mm_slice_str(f.what));
    else if (mm_json_parse(other, document, arena, &c->doc, &f) != MM_OK)
        (void)fault(c, "the document is no JSON:", mm_slice_str(f.what));
    else
        ok = fits(c, 0, 0);
    mm_json_free(&one);
    mm_json_free(&other);
    return ok;
}
