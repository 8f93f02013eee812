/* parse/load_base.c - what several formats share: a file with `base: NAME`, and `include: NAME`. */
#include "parse/load.h"

/* A base is kept as text: every format that includes it compiles its own copy. */
struct mm_base {
    struct mm_base *next;
    struct mm_slice name, text;
};

static const struct mm_base *find_base(const struct mm_formats *set, struct mm_slice name)
{
    const struct mm_base *b = set->bases;

    while (b != NULL && !mm_slice_eq(b->name, name))
        b = b->next;
    return b;
}

bool mm_load_base(struct mm_loader *l, const struct mm_yaml *doc, struct mm_slice text)
{
    static const char *const known[] = {"base",   "note",     "decode", "kv",   "wrap",
                                        "prefix", "timeless", "absent", "more", "drop",
                                        "keep",   "classes",  "time",   "set",  "fields",
                                        "rules",  "json",     "inner",  NULL};
    const struct mm_yaml *name = mm_yaml_get(doc, "base");
    struct mm_base *b;

    if (!mm_load_keys(l, doc, known))
        return false;
    if (name->text.n == 0)
        return mm_load_fail(l, name, "format.needs_name", (struct mm_slice){0});
    if (find_base(l->set, name->text) != NULL)
        return mm_load_fail(l, name, "format.exists", name->text);
    b = mm_load_alloc(l, 1, sizeof(*b));
    if (b == NULL || !mm_load_dup(l, name->text, &b->name) || !mm_load_dup(l, text, &b->text))
        return false;
    b->next = l->set->bases;
    l->set->bases = b;
    return true;
}

static struct mm_yaml *member(struct mm_yaml *map, struct mm_slice key)
{
    struct mm_yaml *m = map->first;

    while (m != NULL && !mm_slice_eq(m->key, key))
        m = m->next;
    return m;
}

static void append(struct mm_yaml *to, struct mm_yaml *node)
{
    struct mm_yaml **tail = &to->first;

    while (*tail != NULL)
        tail = &(*tail)->next;
    node->next = NULL;
    *tail = node;
    to->count++;
}

/* Members of base that own lacks go in front of its own. */
static void merge_map(struct mm_yaml *own, struct mm_yaml *base)
{
    struct mm_yaml *front = NULL, **tail = &front, *next;

    for (struct mm_yaml *m = base->first; m != NULL; m = next) {
        next = m->next;
        if (member(own, m->key) != NULL)
            continue;
        *tail = m;
        tail = &m->next;
        own->count++;
    }
    *tail = own->first;
    own->first = front;
}

/* What a base's rules make of a line is there for the format's own rules. */
static void merge_list(struct mm_yaml *own, struct mm_yaml *base, bool first)
{
    struct mm_yaml **tail = first ? &base->first : &own->first;

    while (*tail != NULL)
        tail = &(*tail)->next;
    *tail = first ? own->first : base->first;
    own->first = first ? base->first : own->first;
    own->count += base->count;
}

static void merge(struct mm_yaml *own, struct mm_yaml *base)
{
    struct mm_yaml *next;

    for (struct mm_yaml *m = base->first; m != NULL; m = next) {
        struct mm_yaml *mine = member(own, m->key);

        next = m->next;
        if (mm_slice_eq(m->key, MM_S("base")) || mm_slice_eq(m->key, MM_S("note")))
            continue;
        if (mine == NULL) {
            append(own, m);
        } else if (mine->kind == MM_YAML_MAP && m->kind == MM_YAML_MAP) {
            merge_map(mine, m);
        } else if (mine->kind == MM_YAML_LIST && m->kind == MM_YAML_LIST) {
            merge_list(mine, m, mm_slice_eq(m->key, MM_S("rules")));
        }
    }
}

bool mm_load_include(struct mm_loader *l, struct mm_arena *trees, struct mm_yaml *doc)
{
    const struct mm_yaml *include = mm_yaml_get(doc, "include");
    const struct mm_base *base;
    struct mm_yaml *tree = NULL;

    if (include == NULL)
        return true;
    base = find_base(l->set, include->text);
    if (base == NULL)
        return mm_load_fail(l, include, "format.unknown_base", include->text);
    if (mm_yaml_read(trees, base->text, &tree, NULL) != MM_OK)
        return mm_load_fail(l, include, "format.memory", include->text);
    merge(doc, tree);
    return true;
}
