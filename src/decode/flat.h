/*
 * decode/flat.h - the members of a JSON document under flat names: a.b.c.
 *
 * Purpose   Nested and dotted documents read the same.
 * Owns      The name is built inside struct mm_flat and valid until the next call.
 * Threads   One walk, one thread.
 * Trust     Names are hostile: those longer than MM_MAX_FIELD_NAME are left out and counted.
 * Spec      Lists are handed out whole, as one item; the members of an outer list's first object
 *           follow it under the list's name. Empty objects are left out.
 */
#ifndef MM_DECODE_FLAT_H
#define MM_DECODE_FLAT_H

#include "base/limits.h"
#include "codec/ext/json.h"

struct mm_flat {
    const struct mm_json_doc *doc;
    size_t at;
    size_t end;
    size_t base; /* depth of the first item */
    size_t left_out;
    bool objects;                      /* hand out objects too, before their members */
    size_t list_at;                    /* the list whose first object is being walked */
    size_t jump_at, jump_to;           /* behind that object (0: none), behind the list */
    size_t len[MM_JSON_MAX_DEPTH + 2]; /* length of the name above each depth */
    uint8_t name[MM_MAX_FIELD_NAME];
};

/* Walk the item at index `from`, its own key included (the root has none). */
void mm_flat_init(struct mm_flat *f, const struct mm_json_doc *doc, size_t from);
/* The next scalar or list (or object, when asked for); false at the end. */
bool mm_flat_next(struct mm_flat *f, struct mm_slice *ret_name, const struct mm_json_item **ret);
/* Does the item that was handed out last stand in a list's first object? */
static inline bool mm_flat_in_list(const struct mm_flat *f, const struct mm_json_item *it)
{
    return f->jump_at != 0 && mm_json_index(f->doc, it) > f->list_at;
}
/* Leave out the members of the object or list that was handed out last. */
static inline void mm_flat_skip(struct mm_flat *f, const struct mm_json_item *it)
{
    f->at = it->end;
    if (f->jump_at != 0 && mm_json_index(f->doc, it) == f->list_at)
        f->jump_at = 0;
}

#endif
