/* decode/treedoc.c - see treedoc.h for the contract. */
#include "decode/treedoc.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/utf8.h"

enum {
    PARTS = 3, /* items that one element makes itself: its value, "#attributes", "#text" */
    RENDERED_MAX = 8 * MM_MAX_LINE,
};

struct making {
    struct mm_arena *arena;
    struct mm_json_item *item;
    size_t n, max;
    size_t depth;
    bool system; /* below Event.System, whose containers nobody reads as text */
    bool failed;
};

/* Upper bound of the items below t, its attributes included. */
static size_t count(const struct mm_tree *t)
{
    size_t n = PARTS;

    for (const struct mm_tree *a = t->attr; a != NULL; a = a->next)
        n++;
    /* Each child may begin a list, which is one more item. */
    for (const struct mm_tree *c = t->child; c != NULL && n <= PARTS * MM_JSON_MAX_ITEMS;
         c = c->next)
        n += 1 + count(c);
    return n;
}

static struct mm_slice clean(struct making *m, struct mm_slice s)
{
    struct mm_slice own = {0};
    struct mm_buf out;

    if (MM_LIKELY(mm_utf8_valid(s)))
        return s;
    mm_buf_init(&out, 3 * s.n); /* U+FFFD has three bytes */
    mm_utf8_clean(&out, s);
    if (!mm_buf_ok(&out) || !mm_arena_dup(m->arena, mm_buf_slice(&out), &own))
        m->failed = true;
    mm_buf_done(&out);
    return own;
}

static struct mm_json_item *put(struct making *m, struct mm_slice key, uint8_t type)
{
    struct mm_json_item *it = &m->item[m->n];

    if (m->n >= m->max || m->depth > MM_JSON_MAX_DEPTH ||
        (m->depth == MM_JSON_MAX_DEPTH && type >= MM_JSON_OBJECT)) {
        m->failed = true;
        return NULL;
    }
    m->n++;
    *it = (struct mm_json_item){
        .key = key, .type = type, .depth = (uint8_t)m->depth, .end = (uint32_t)m->n};
    return it;
}

static void put_text(struct making *m, struct mm_slice key, const struct mm_tree *t)
{
    struct mm_json_item *it;
    uint8_t type = MM_JSON_STRING;

    if (t->text.p == NULL)
        type = MM_JSON_NULL;
    else if (t->kind == MM_TREE_RAW)
        type = mm_slice_eq(t->text, MM_S("true"))    ? MM_JSON_TRUE
               : mm_slice_eq(t->text, MM_S("false")) ? MM_JSON_FALSE
                                                     : MM_JSON_NUMBER;
    it = put(m, key, type);
    if (it != NULL)
        it->text = type == MM_JSON_NULL ? MM_S("null") : clean(m, t->text);
}

static void put_object(struct making *m, struct mm_slice key, const struct mm_tree *t,
                       const struct mm_tree *known);

static void put_value(struct making *m, struct mm_slice key, const struct mm_tree *t,
                      const struct mm_tree *known)
{
    bool attrs = false;

    for (const struct mm_tree *a = t->attr; a != NULL; a = a->next)
        attrs = attrs || (a != known && a->text.p != NULL);
    if (attrs || t->child != NULL)
        put_object(m, key, t, known);
    else
        put_text(m, key, t);
}

static void put_attributes(struct making *m, const struct mm_tree *t, const struct mm_tree *known)
{
    struct mm_json_item *it = NULL;

    for (const struct mm_tree *a = t->attr; a != NULL && !m->failed; a = a->next) {
        if (a == known || a->text.p == NULL)
            continue;
        if (it == NULL) {
            it = put(m, MM_S("#attributes"), MM_JSON_OBJECT);
            m->depth++;
        }
        put_text(m, clean(m, a->name), a);
    }
    if (it != NULL) {
        m->depth--;
        it->end = (uint32_t)m->n;
    }
}

/* Can the decoder ask for the source text of this container? */
static bool needs_source(const struct making *m, struct mm_slice key)
{
    return m->depth >= 3 && !m->system && !mm_slice_eq(key, MM_S("Data"));
}

/* Items [at, end) as JSON text; what is written so is what a reader of text would have seen. */
static void write_item(struct mm_buf *out, const struct making *m, size_t at)
{
    const struct mm_json_item *it = &m->item[at];
    bool array = it->type == MM_JSON_ARRAY;
    const char *before = "";

    if (it->type == MM_JSON_STRING)
        mm_utf8_json(out, it->text);
    else if (mm_json_is_scalar(it))
        mm_buf_add(out, it->text);
    if (mm_json_is_scalar(it))
        return;
    mm_buf_byte(out, array ? '[' : '{');
    for (size_t i = at + 1; i < it->end; i = m->item[i].end) {
        mm_buf_str(out, before);
        if (!array) {
            mm_utf8_json(out, m->item[i].key);
            mm_buf_byte(out, ':');
        }
        write_item(out, m, i);
        before = ",";
    }
    mm_buf_byte(out, array ? ']' : '}');
}

/* All members are there: the container's end, and its source text where it can be asked for. */
static void close_container(struct making *m, struct mm_json_item *it)
{
    struct mm_buf out;

    it->end = (uint32_t)m->n; /* at most MM_JSON_MAX_ITEMS */
    if (!needs_source(m, it->key) || m->failed)
        return;
    mm_buf_init(&out, RENDERED_MAX);
    write_item(&out, m, (size_t)(it - m->item));
    if (!mm_buf_ok(&out) || !mm_arena_dup(m->arena, mm_buf_slice(&out), &it->text))
        m->failed = true;
    mm_buf_done(&out);
}

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

/* Does t's neighbour stand in one list with it? */
static bool in_run(const struct mm_tree *t)
{
    return t->next != NULL && mm_slice_eq(t->next->name, t->name) && data_name(t->next) == NULL;
}

/* Neighbours of one name, from t on; returns the last of them. */
static const struct mm_tree *put_run(struct making *m, const struct mm_tree *t)
{
    const struct mm_tree *name = data_name(t);
    struct mm_slice key = clean(m, name != NULL ? name->text : t->name);
    struct mm_json_item *it;

    if (name != NULL || !in_run(t)) {
        put_value(m, key, t, name);
        return t;
    }
    it = put(m, key, MM_JSON_ARRAY);
    if (it == NULL)
        return t;
    m->depth++;
    for (;; t = t->next) {
        put_value(m, (struct mm_slice){0}, t, NULL);
        if (!in_run(t) || m->failed)
            break;
    }
    m->depth--;
    close_container(m, it);
    return t;
}

static void put_object(struct making *m, struct mm_slice key, const struct mm_tree *t,
                       const struct mm_tree *known)
{
    struct mm_json_item *it = put(m, key, MM_JSON_OBJECT);
    bool system = m->system;

    if (it == NULL)
        return;
    m->system = system || (m->depth == 2 && mm_slice_eq(key, MM_S("System")));
    m->depth++;
    put_attributes(m, t, known);
    if (t->text.p != NULL && (t->text.n > 0 || t->child == NULL))
        put_text(m, MM_S("#text"), t);
    for (const struct mm_tree *c = t->child; c != NULL && !m->failed; c = c->next)
        c = put_run(m, c);
    m->depth--;
    m->system = system;
    close_container(m, it);
}

bool mm_tree_doc(const struct mm_tree *top, struct mm_arena *arena, struct mm_json_doc *ret)
{
    struct making m = {.arena = arena};

    MM_ASSERT(top != NULL && arena != NULL && ret != NULL);
    m.max = mm_min_size(count(top), MM_JSON_MAX_ITEMS);
    m.item = mm_arena_array(arena, m.max, sizeof(*m.item));
    if (m.item == NULL)
        return false;
    put_object(&m, (struct mm_slice){0}, top, NULL);
    if (m.failed)
        return false;
    *ret = (struct mm_json_doc){.item = m.item, .n = m.n};
    return true;
}
