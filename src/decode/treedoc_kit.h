/*
 * decode/treedoc_kit.h - one tree both ways: as a document, and as JSON text that is read.
 *
 * Purpose   What treedoc_test.c and treedoc_fuzz.c hold against each other.
 * Owns      Nothing.
 * Threads   One.
 * Trust     Test code only.
 */
#ifndef MM_DECODE_TREEDOC_KIT_H
#define MM_DECODE_TREEDOC_KIT_H

#include "decode/treedoc.h"

/* Asserts that both ways give the same items; answers whether there is a document at all. */
static inline bool mm_treedoc_same(const struct mm_tree *top, struct mm_arena *arena,
                                   struct mm_json *json)
{
    struct mm_json_doc direct, read;
    struct mm_buf text;
    bool ok, both;

    mm_buf_init(&text, MM_JSON_MAX_SIZE);
    mm_tree_json(&text, top);
    both = mm_buf_ok(&text) && text.n <= 1024 * 1024 &&
           mm_json_parse(json, mm_buf_slice(&text), arena, &read, NULL) == MM_OK;
    ok = mm_tree_doc(top, arena, &direct);
    MM_ASSERT(ok == both || text.n > 1024 * 1024);
    for (size_t i = 0; ok && both && i < read.n; i++) {
        const struct mm_json_item *a = &direct.item[i], *b = &read.item[i];

        MM_ASSERT(i < direct.n && a->type == b->type && a->depth == b->depth && a->end == b->end);
        MM_ASSERT(mm_slice_eq(a->key, b->key));
        MM_ASSERT(mm_slice_eq(a->text, b->text) || (!mm_json_is_scalar(a) && a->text.n == 0));
    }
    MM_ASSERT(!ok || !both || direct.n == read.n);
    mm_buf_done(&text);
    return ok;
}

#endif
