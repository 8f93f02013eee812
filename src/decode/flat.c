/* decode/flat.c - see flat.h for the contract. */
#include "decode/flat.h"

/* Copy a part of a name, which has some bytes mostly: without a call. */
static void copy_name(uint8_t *to, struct mm_slice part)
{
    if (part.n > 16) {
        memcpy(to, part.p, part.n);
    } else if (part.n >= 8) {
        memcpy(to, part.p, 8);
        memcpy(to + part.n - 8, part.p + part.n - 8, 8);
    } else if (part.n >= 4) {
        memcpy(to, part.p, 4);
        memcpy(to + part.n - 4, part.p + part.n - 4, 4);
    } else {
        for (size_t i = 0; i < part.n; i++)
            to[i] = part.p[i];
    }
}

void mm_flat_init(struct mm_flat *f, const struct mm_json_doc *doc, size_t from)
{
    MM_ASSERT(from < doc->n);
    f->doc = doc;
    f->at = from;
    f->end = doc->item[from].end;
    f->base = doc->item[from].depth;
    f->left_out = 0;
    f->objects = false;
    f->len[0] = 0;
    f->list_at = f->jump_at = f->jump_to = 0;
}

/* Behind a list of objects its first object is walked too, under the list's own name. */
static void enter_list(struct mm_flat *f, const struct mm_json_item *list, size_t depth,
                       size_t name_len)
{
    const struct mm_json_item *first = list + 1;

    f->at = list->end;
    if (f->jump_at != 0 || mm_json_index(f->doc, list) + 1 == list->end ||
        first->type != MM_JSON_OBJECT)
        return;
    f->len[depth + 1] = name_len;
    f->at = mm_json_index(f->doc, first);
    f->list_at = mm_json_index(f->doc, list);
    f->jump_at = first->end;
    f->jump_to = list->end;
}

bool mm_flat_next(struct mm_flat *f, struct mm_slice *ret_name, const struct mm_json_item **ret)
{
    while (f->at < f->end) {
        if (f->jump_at != 0 && f->at == f->jump_at) {
            f->at = f->jump_to;
            f->jump_at = 0;
            continue;
        }
        const struct mm_json_item *it = &f->doc->item[f->at];
        size_t depth = it->depth - f->base, n;

        MM_ASSERT(it->depth >= f->base && depth <= MM_JSON_MAX_DEPTH);
        n = f->len[depth];
        if (n + 1 + it->key.n > sizeof(f->name)) {
            f->left_out++;
            f->at = it->end;
            continue;
        }
        if (it->key.n > 0) {
            if (n > 0)
                f->name[n++] = '.';
            copy_name(f->name + n, it->key);
            n += it->key.n;
        }
        if (it->type == MM_JSON_OBJECT) {
            f->len[depth + 1] = n;
            f->at++;
            if (!f->objects || n == 0)
                continue;
            *ret_name = mm_slice_of(f->name, n);
            *ret = it;
            return true;
        }
        enter_list(f, it, depth, n);
        *ret_name = mm_slice_of(f->name, n);
        *ret = it;
        return true;
    }
    return false;
}
