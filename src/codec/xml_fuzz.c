/*
 * codec/xml_fuzz.c - no input may break these promises: a refusal names a byte of the input; what
 * is accepted holds one element and can be written as one line of JSON.
 */
#include "codec/xml.h"

#include "base/utf8.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    struct mm_fault fault = {0};
    struct mm_arena a;
    struct mm_tree *top = NULL;
    struct mm_buf out;

    mm_arena_init(&a, 16 * 1024 * 1024);
    mm_buf_init(&out, 64 * 1024 * 1024);
    if (mm_xml_parse(in, NULL, &a, &top, &fault) != MM_OK) {
        MM_ASSERT(fault.what != NULL && fault.at <= in.n);
    } else {
        MM_ASSERT(top->child != NULL && top->child->next == NULL);
        mm_tree_json(&out, top);
        MM_ASSERT(mm_buf_ok(&out) && mm_utf8_valid(mm_buf_slice(&out)));
        MM_ASSERT(mm_slice_find(mm_buf_slice(&out), '\n', 0) == SIZE_MAX);
    }
    mm_buf_done(&out);
    mm_arena_done(&a);
}
