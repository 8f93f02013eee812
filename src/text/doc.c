/* text/doc.c - see doc.h for the contract. */
#include "text/doc.h"

#include "base/time.h"
#include "base/utf8.h"

enum { DEPTH_MAX = 32 }; /* pages nest 6 deep; deeper is a bug, and JSON readers stop too */

struct mm_doc *mm_doc_new(struct mm_arena *arena)
{
    struct whole {
        struct mm_doc doc;
        struct mm_doc_root root;
    } *w = mm_arena_alloc(arena, sizeof(*w));
    /* Shared by all who got no memory: nothing is ever written to it. */
    static const struct mm_doc_root none_root = {.failed = true};
    static const struct mm_doc none = {.type = MM_DOC_OBJECT,
                                       .root = (struct mm_doc_root *)(uintptr_t)&none_root};

    if (w == NULL)
        return (struct mm_doc *)(uintptr_t)&none;
    w->root.arena = arena;
    w->doc.type = MM_DOC_OBJECT;
    w->doc.root = &w->root;
    return &w->doc;
}

bool mm_doc_ok(const struct mm_doc *doc)
{
    return !doc->root->failed;
}

/* A new last member; NULL when memory is out (and the document says so). */
static struct mm_doc *put(struct mm_doc *at, const char *key, enum mm_doc_type type)
{
    struct mm_doc *d;

    MM_ASSERT(at->type == MM_DOC_OBJECT || at->type == MM_DOC_ARRAY);
    MM_ASSERT(at->type == MM_DOC_ARRAY || key != NULL);
    if (at->root->failed)
        return NULL;
    d = mm_arena_alloc(at->root->arena, sizeof(*d));
    if (d == NULL) {
        at->root->failed = true;
        return NULL;
    }
    d->type = type;
    d->root = at->root;
    d->key = at->type == MM_DOC_OBJECT ? mm_slice_str(key) : (struct mm_slice){0};
    if (at->last == NULL)
        at->first = d;
    else
        at->last->next = d;
    at->last = d;
    at->n++;
    return d;
}

static void put_int(struct mm_doc *at, const char *key, enum mm_doc_type type, int64_t v)
{
    struct mm_doc *d = put(at, key, type);

    if (d != NULL)
        d->i = v;
}

void mm_doc_text(struct mm_doc *at, const char *key, struct mm_slice v)
{
    struct mm_doc *d = put(at, key, MM_DOC_TEXT);

    if (d != NULL && !mm_arena_dup(at->root->arena, v, &d->text))
        at->root->failed = true;
}

void mm_doc_str(struct mm_doc *at, const char *key, const char *v)
{
    if (v == NULL)
        mm_doc_null(at, key);
    else
        mm_doc_text(at, key, mm_slice_str(v));
}

void mm_doc_int(struct mm_doc *at, const char *key, int64_t v)
{
    put_int(at, key, MM_DOC_INT, v);
}

void mm_doc_bool(struct mm_doc *at, const char *key, bool v)
{
    put_int(at, key, MM_DOC_BOOL, v ? 1 : 0);
}

void mm_doc_null(struct mm_doc *at, const char *key)
{
    (void)put(at, key, MM_DOC_NULL);
}

void mm_doc_time(struct mm_doc *at, const char *key, int64_t us)
{
    if (us <= 0)
        mm_doc_null(at, key);
    else
        put_int(at, key, MM_DOC_TIME, us);
}

void mm_doc_measured(struct mm_doc *at, const char *key, int64_t v)
{
    put_int(at, key, MM_DOC_MEASURED, v);
}

void mm_doc_none(struct mm_doc *at, const char *key, const char *why)
{
    struct mm_doc *d = put(at, key, MM_DOC_NONE);

    if (d != NULL)
        d->text = mm_slice_str(why);
}

/* A container that got no memory is the parent itself: what is put there is not seen by anyone,
 * since the document has failed. */
static struct mm_doc *container(struct mm_doc *at, const char *key, enum mm_doc_type type)
{
    struct mm_doc *d = put(at, key, type);

    return d == NULL ? at : d;
}

struct mm_doc *mm_doc_array(struct mm_doc *at, const char *key)
{
    return container(at, key, MM_DOC_ARRAY);
}

struct mm_doc *mm_doc_object(struct mm_doc *at, const char *key)
{
    return container(at, key, MM_DOC_OBJECT);
}

const struct mm_doc *mm_doc_get(const struct mm_doc *at, struct mm_slice key)
{
    if (at->type != MM_DOC_OBJECT)
        return NULL;
    for (const struct mm_doc *d = at->first; d != NULL; d = d->next) {
        if (mm_slice_eq(d->key, key))
            return d;
    }
    return NULL;
}

bool mm_doc_truthy(const struct mm_doc *d)
{
    if (d == NULL)
        return false;
    switch (d->type) {
    case MM_DOC_NULL:
        return false;
    case MM_DOC_BOOL:
    case MM_DOC_INT:
        return d->i != 0;
    case MM_DOC_TEXT:
        return d->text.n > 0;
    case MM_DOC_ARRAY:
        return d->n > 0;
    case MM_DOC_TIME:
    case MM_DOC_MEASURED:
    case MM_DOC_NONE:
    case MM_DOC_OBJECT:
        return true;
    }
    return false;
}

static void scalar_json(struct mm_buf *out, const struct mm_doc *d)
{
    char when[MM_TIME_TEXT];

    switch (d->type) {
    case MM_DOC_BOOL:
        mm_buf_str(out, d->i != 0 ? "true" : "false");
        break;
    case MM_DOC_INT:
        mm_buf_i64(out, d->i);
        break;
    case MM_DOC_TEXT:
        mm_utf8_json(out, d->text);
        break;
    case MM_DOC_TIME:
        mm_time_text(d->i, when);
        mm_utf8_json(out, mm_slice_str(when));
        break;
    case MM_DOC_MEASURED:
        mm_buf_str(out, "{\"v\":");
        mm_buf_i64(out, d->i);
        mm_buf_byte(out, '}');
        break;
    case MM_DOC_NONE:
        mm_buf_str(out, "{\"v\":null,\"why\":");
        mm_utf8_json(out, d->text);
        mm_buf_byte(out, '}');
        break;
    case MM_DOC_NULL:
    case MM_DOC_ARRAY:
    case MM_DOC_OBJECT:
        mm_buf_str(out, "null");
        break;
    }
}

static bool is_container(const struct mm_doc *d)
{
    return d->type == MM_DOC_ARRAY || d->type == MM_DOC_OBJECT;
}

static void bracket(struct mm_buf *out, const struct mm_doc *d, bool opens)
{
    static const char signs[2][2] = {{']', '['}, {'}', '{'}};

    mm_buf_byte(out, (uint8_t)signs[d->type == MM_DOC_OBJECT][opens]);
}

/* Without recursion: a stack of the containers that are open. */
void mm_doc_json(struct mm_buf *out, const struct mm_doc *d)
{
    const struct mm_doc *open[DEPTH_MAX];
    size_t depth = 0;

    for (;;) {
        if (is_container(d))
            bracket(out, d, true);
        else
            scalar_json(out, d);
        if (is_container(d) && d->first != NULL && !MM_NEVER(depth == DEPTH_MAX)) {
            open[depth++] = d;
            d = d->first;
        } else {
            if (is_container(d))
                bracket(out, d, false);
            while (depth > 0 && d->next == NULL) {
                d = open[--depth];
                bracket(out, d, false);
            }
            if (depth == 0)
                return;
            mm_buf_byte(out, ',');
            d = d->next;
        }
        if (open[depth - 1]->type == MM_DOC_OBJECT) {
            mm_utf8_json(out, d->key);
            mm_buf_byte(out, ':');
        }
    }
}
