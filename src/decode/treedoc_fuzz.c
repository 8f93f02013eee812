/*
 * decode/treedoc_fuzz.c - whatever the XML: the document of its tree is the one that the tree's
 * JSON text is read as, or neither exists.
 */
#include "decode/treedoc_kit.h"

#include "codec/xml.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    struct mm_json *json = mm_json_new(1024 * 1024);
    struct mm_arena arena;
    struct mm_tree *top;

    mm_arena_init(&arena, 64 * 1024 * 1024);
    if (json != NULL && in.n < 64 * 1024 && mm_xml_parse(in, NULL, &arena, &top, NULL) == MM_OK)
        (void)mm_treedoc_same(top, &arena, json);
    mm_arena_done(&arena);
    mm_json_free(&json);
}
