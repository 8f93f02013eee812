/* codec/tree.c - see tree.h for the contract. */
#include "codec/tree.h"

#include "base/utf8.h"

struct mm_tree *mm_tree_child(struct mm_arena *a, struct mm_tree *parent, struct mm_slice name)
{
    struct mm_tree *t = mm_arena_alloc(a, sizeof(*t));

    if (t == NULL)
        return NULL;
    t->name = name;
    if (parent->last == NULL)
        parent->child = t;
    else
        parent->last->next = t;
    parent->last = t;
    return t;
}

struct mm_tree *mm_tree_attr(struct mm_arena *a, struct mm_tree *element, struct mm_slice name)
{
    struct mm_tree *t = mm_arena_alloc(a, sizeof(*t));

    if (t == NULL)
        return NULL;
    t->name = name;
    if (element->last_attr == NULL)
        element->attr = t;
    else
        element->last_attr->next = t;
    element->last_attr = t;
    return t;
}

bool mm_tree_text(struct mm_arena *a, struct mm_tree *node, struct mm_slice text)
{
    uint8_t *p;

    if (node->text.p == NULL) {
        node->text = text.p == NULL ? MM_S("") : text;
        return true;
    }
    /* Numbers beside other text are text. */
    node->kind = MM_TREE_TEXT;
    if (text.n == 0)
        return true;
    /* Room for as much again, so that a text of many pieces is not copied for each of them. */
    if (node->room == 0 || node->room - node->text.n < text.n) {
        size_t room = 2 * (node->text.n + text.n); /* parts of one input */

        p = mm_arena_bytes(a, room);
        if (p == NULL)
            return false;
        if (node->text.n > 0)
            memcpy(p, node->text.p, node->text.n);
        node->text.p = p;
        node->grown = p;
        node->room = room;
    }
    memcpy(node->grown + node->text.n, text.p, text.n);
    node->text.n += text.n;
    return true;
}

static void put_text(struct mm_buf *out, const struct mm_tree *t)
{
    if (t->text.p == NULL)
        mm_buf_str(out, "null");
    else if (t->kind == MM_TREE_RAW)
        mm_buf_add(out, t->text);
    else
        mm_utf8_json(out, t->text);
}

static void put_object(struct mm_buf *out, const struct mm_tree *t, const struct mm_tree *left_out);

/* The Name of a <Data Name="...">, or NULL. */
static const struct mm_tree *data_name(const struct mm_tree *t)
{
    if (!mm_slice_eq(t->name, MM_S("Data")))
        return NULL;
    for (const struct mm_tree *a = t->attr; a != NULL; a = a->next) {
        if (mm_slice_eq(a->name, MM_S("Name")) && a->text.n > 0)
            return a;
    }
    return NULL;
}

/* One element without its name. `known`: the attribute that became its name. */
static void put_value(struct mm_buf *out, const struct mm_tree *t, const struct mm_tree *known)
{
    bool attrs = false;

    for (const struct mm_tree *a = t->attr; a != NULL; a = a->next)
        attrs = attrs || (a != known && a->text.p != NULL);
    if (attrs || t->child != NULL)
        put_object(out, t, known);
    else
        put_text(out, t);
}

static void put_attributes(struct mm_buf *out, const struct mm_tree *t, const struct mm_tree *known)
{
    const char *before = "\"#attributes\":{";

    for (const struct mm_tree *a = t->attr; a != NULL; a = a->next) {
        if (a == known || a->text.p == NULL)
            continue;
        mm_buf_str(out, before);
        mm_utf8_json(out, a->name);
        mm_buf_byte(out, ':');
        put_text(out, a);
        before = ",";
    }
    if (before[0] == ',')
        mm_buf_byte(out, '}');
}

/* Neighbours of one name, from t on; returns the last of them. */
static const struct mm_tree *put_run(struct mm_buf *out, const struct mm_tree *t)
{
    const struct mm_tree *name = data_name(t);
    bool list = name == NULL && t->next != NULL && mm_slice_eq(t->next->name, t->name) &&
                data_name(t->next) == NULL;

    mm_utf8_json(out, name != NULL ? name->text : t->name);
    mm_buf_byte(out, ':');
    if (!list) {
        put_value(out, t, name);
        return t;
    }
    mm_buf_byte(out, '[');
    for (;; t = t->next) {
        put_value(out, t, NULL);
        if (t->next == NULL || !mm_slice_eq(t->next->name, t->name) || data_name(t->next) != NULL)
            break;
        mm_buf_byte(out, ',');
    }
    mm_buf_byte(out, ']');
    return t;
}

static void put_object(struct mm_buf *out, const struct mm_tree *t, const struct mm_tree *known)
{
    size_t from;

    mm_buf_byte(out, '{');
    from = out->n;
    put_attributes(out, t, known);
    if (t->text.p != NULL && (t->text.n > 0 || t->child == NULL)) {
        if (out->n > from)
            mm_buf_byte(out, ',');
        mm_buf_str(out, "\"#text\":");
        put_text(out, t);
    }
    for (const struct mm_tree *c = t->child; c != NULL; c = c->next) {
        if (out->n > from)
            mm_buf_byte(out, ',');
        c = put_run(out, c);
    }
    mm_buf_byte(out, '}');
}

void mm_tree_json(struct mm_buf *out, const struct mm_tree *top)
{
    put_object(out, top, NULL);
}
