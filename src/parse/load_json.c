/* parse/load_json.c - the `json` part of a format file. */
#include "parse/load.h"

/* LIST: [NAME, VALUE...]: the members that hold a name, and what may hold its value. */
static bool load_pairs(struct mm_loader *l, const struct mm_yaml *node,
                       struct mm_json_pairs **ret_tail)
{
    struct mm_json_pairs *p = mm_load_alloc(l, 1, sizeof(*p));
    struct mm_slice word[MM_JSON_VALUE_MAX + 1];
    size_t count = 0;

    if (p == NULL || !mm_load_words(l, node, word, MM_COUNT(word), &count))
        return false;
    if (count < 2)
        return mm_load_fail(l, node, "format.json", node->key);
    p->name = word[0];
    p->value_count = count - 1;
    memcpy(p->value, word + 1, p->value_count * sizeof(*word));
    *ret_tail = p;
    return mm_load_dup(l, node->key, &p->list);
}

bool mm_load_json(struct mm_loader *l, const struct mm_yaml *node)
{
    static const char *const known[] = {"open", "pairs", NULL};
    const struct mm_yaml *open = mm_yaml_get(node, "open"), *pairs = mm_yaml_get(node, "pairs");
    struct mm_json_style *json = &l->f->json;
    struct mm_json_pairs **tail = &json->pairs;

    if (node == NULL)
        return true;
    if (!mm_load_keys(l, node, known) ||
        (open != NULL && !mm_load_words(l, open, json->open, MM_JSON_OPEN_MAX, &json->open_count)))
        return false;
    if (pairs != NULL && pairs->kind != MM_YAML_MAP)
        return mm_load_fail(l, pairs, "format.needs_map", MM_S("pairs"));
    for (const struct mm_yaml *m = pairs == NULL ? NULL : pairs->first; m != NULL; m = m->next) {
        if (!load_pairs(l, m, tail))
            return false;
        tail = &(*tail)->next;
    }
    return true;
}

/* A name, and everything in front of a dot of it. */
static bool add_above(struct mm_loader *l, struct mm_slice name)
{
    uint16_t sym;

    for (size_t at = 0; at != SIZE_MAX; at = at == name.n ? SIZE_MAX : at + 1) {
        at = mm_min_size(mm_slice_find(name, '.', at), name.n);
        if (mm_symtab_add(&l->f->json.above, mm_slice_sub(name, 0, at), &sym) != MM_OK)
            return mm_load_fail(l, NULL, "format.memory", name);
    }
    return true;
}

bool mm_load_json_above(struct mm_loader *l)
{
    const struct mm_format *f = l->f;

    mm_symtab_init(&l->f->json.above, l->arena);
    for (size_t i = 0; i < f->names.count; i++) {
        if (!add_above(l, f->names.word[i]))
            return false;
    }
    for (size_t i = 0; i < f->json.open_count; i++) {
        if (!add_above(l, f->json.open[i]))
            return false;
    }
    return true;
}
