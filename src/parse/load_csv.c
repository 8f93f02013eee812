/* parse/load_csv.c - the `csv` part of a format file. */
#include "parse/load.h"

static bool load_columns(struct mm_loader *l, const struct mm_yaml *node, struct mm_csv_set *set)
{
    if (node == NULL || node->kind != MM_YAML_LIST || node->count > MM_WIRE_MAX)
        return mm_load_fail(l, node, "format.csv", MM_S("columns"));
    set->slot = mm_load_alloc(l, node->count + 1, sizeof(*set->slot));
    if (set->slot == NULL)
        return false;
    for (const struct mm_yaml *c = node->first; c != NULL; c = c->next) {
        uint16_t *slot = &set->slot[set->count];

        *slot = MM_SYM_NONE;
        if (!mm_yaml_is_null(c) && !mm_load_slot(l, c, c->text, slot))
            return false;
        set->count++;
    }
    return true;
}

/* Conditions name columns of their own set. */
static bool load_where(struct mm_loader *l, const struct mm_yaml *node,
                       const struct mm_yaml *columns, struct mm_csv_set *set)
{
    if (node != NULL && node->kind != MM_YAML_MAP)
        return mm_load_fail(l, node, "format.needs_map", MM_S("where"));
    for (const struct mm_yaml *m = node == NULL ? NULL : node->first; m != NULL; m = m->next) {
        struct mm_csv_where *where = mm_load_alloc(l, 1, sizeof(*where));
        const struct mm_yaml *c = columns->first;

        if (where == NULL)
            return false;
        for (; c != NULL && !mm_slice_eq(c->text, m->key); c = c->next)
            where->column++;
        if (c == NULL)
            return mm_load_fail(l, m, "format.csv", m->key);
        where->word = mm_load_alloc(l, m->count + 1, sizeof(*where->word));
        if (where->word == NULL || !mm_load_words(l, m, where->word, m->count + 1, &where->count))
            return false;
        where->next = set->where;
        set->where = where;
    }
    return true;
}

static bool load_set(struct mm_loader *l, const struct mm_yaml *node, struct mm_csv_set *set)
{
    static const char *const known[] = {"name", "columns", "where", "least", NULL};
    const struct mm_yaml *columns = mm_yaml_get(node, "columns");
    uint64_t least = 0;

    if (!mm_load_keys(l, node, known) || !load_columns(l, columns, set) ||
        !mm_load_number(l, node, "least", set->count, &least))
        return false;
    set->least = (size_t)least; /* at most set->count */
    return load_where(l, mm_yaml_get(node, "where"), columns, set) &&
           mm_load_dup(l, mm_yaml_text(node, "name"), &set->name);
}

static bool load_header(struct mm_loader *l, const struct mm_yaml *node)
{
    struct mm_csv_style *csv = &l->f->csv;

    if (node == NULL)
        return true;
    if (mm_slice_eq(node->text, MM_S("names")))
        csv->header = MM_CSV_NAMES;
    else if (mm_slice_eq(node->text, MM_S("directives")))
        csv->header = MM_CSV_DIRECTIVES;
    else
        return mm_load_fail(l, node, "format.csv", node->text);
    return true;
}

/* Names that the decoder itself fills. */
static bool load_own(struct mm_loader *l, const struct mm_yaml *node)
{
    struct mm_csv_style *csv = &l->f->csv;

    if (!mm_load_slot(l, node, MM_S("csv.header"), &csv->slot_header) ||
        !mm_load_slot(l, node, MM_S("csv.value"), &csv->slot_value) ||
        !mm_load_slot(l, node, MM_S("csv.set"), &csv->slot_set) ||
        !mm_load_slot(l, node, MM_S("csv.title"), &csv->slot_title))
        return false;
    l->f->slot[csv->slot_header].dropped = true;
    l->f->slot[csv->slot_value].dropped = true;
    l->f->slot[csv->slot_set].dropped = true;
    l->f->slot[csv->slot_title].dropped = true;
    return true;
}

bool mm_load_csv(struct mm_loader *l, const struct mm_yaml *node)
{
    static const char *const known[] = {"gap",    "quotes",  "columns", "sets",
                                        "header", "message", "json",    NULL};
    const struct mm_yaml *columns = mm_yaml_get(node, "columns"), *sets = mm_yaml_get(node, "sets");
    const struct mm_yaml *message = mm_yaml_get(node, "message"), *json = mm_yaml_get(node, "json");
    struct mm_csv_style *csv = &l->f->csv;
    struct mm_csv_set **tail = &csv->sets;

    csv->gap = ',';
    csv->quotes = true;
    csv->slot_message = csv->slot_json = MM_SYM_NONE;
    if (node == NULL)
        return true;
    if (!mm_load_keys(l, node, known) || !mm_load_byte(l, node, "gap", &csv->gap) ||
        !mm_load_flag(l, node, "quotes", &csv->quotes) ||
        !load_header(l, mm_yaml_get(node, "header")) || !load_own(l, node))
        return false;
    if (message != NULL && !mm_load_slot(l, message, message->text, &csv->slot_message))
        return false;
    if (json != NULL && !mm_load_slot(l, json, json->text, &csv->slot_json))
        return false;
    if (csv->gap == 0 || csv->gap == '"' || (sets != NULL && sets->kind != MM_YAML_LIST) ||
        (columns == NULL && sets == NULL && csv->header == MM_CSV_NO_HEADER))
        return mm_load_fail(l, node, "format.csv", (struct mm_slice){0});
    for (const struct mm_yaml *m = sets == NULL ? NULL : sets->first; m != NULL; m = m->next) {
        *tail = mm_load_alloc(l, 1, sizeof(**tail));
        if (*tail == NULL || !load_set(l, m, *tail))
            return false;
        tail = &(*tail)->next;
    }
    if (columns == NULL)
        return true;
    *tail = mm_load_alloc(l, 1, sizeof(**tail));
    if (*tail == NULL)
        return false;
    (*tail)->any = true;
    return load_columns(l, columns, *tail);
}
