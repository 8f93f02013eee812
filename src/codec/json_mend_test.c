/* codec/json_mend_test.c - promises of mended documents. */
#include "codec/json_mend.h"

#include <stdio.h>

#include "tests/harness/test.h"

TEST(json_mend_closes_what_was_cut_off)
{
    static const struct {
        const char *in;
        const char *want; /* NULL: refused */
    } cases[] = {
        {"{\"a\":1}", "{\"a\":1}"},
        {"{\"a\":1,\"b\":{\"c\":[1,2", "{\"a\":1,\"b\":{\"c\":[1]}}"},
        {"{\"a\":\"long te", "{\"a\":\"long te\"}"},
        {"{\"a\":\"x\",\"b\":\"", "{\"a\":\"x\",\"b\":\"\"}"},
        {"{\"a\":\"x\",\"na", "{\"a\":\"x\"}"},
        {"{\"a\":\"x\",\"name\"", "{\"a\":\"x\"}"},
        {"{\"a\":\"x\",\"name\":", "{\"a\":\"x\"}"},
        {"{\"a\":\"x\",\"name\":tru", "{\"a\":\"x\"}"},
        {"{\"a\":[", "{\"a\":[]}"},
        {"{\"a\":[{\"b\":\"\\\"}", "{\"a\":[{\"b\":\"\\\"}\"}]}"},
        /* half an escape and half a character go */
        {"{\"a\":\"x\\", "{\"a\":\"x\"}"},
        {"{\"a\":\"x\\u30", "{\"a\":\"x\"}"},
        {"{\"a\":\"x\\u3042", "{\"a\":\"x\\u3042\"}"},
        {"{\"a\":\"x\xE3\x81", "{\"a\":\"x\"}"},
        {"{\"a\":\"x\xE3\x81\x82", "{\"a\":\"x\xE3\x81\x82\"}"},
        {"  [", "  []"},
        /* not the beginning of an object or a list */
        {"", NULL},
        {"  ", NULL},
        {"\"text", NULL},
        {"{\"a\":\"\\x", NULL},
        {"{\"a\":\"\\u00g", NULL},
        {"{]", NULL},
        {"{}}", NULL},
        {"1,2", NULL},
    };
    struct mm_arena arena;

    mm_arena_init(&arena, 64 * 1024);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_slice got = {0};

        printf("# case %zu\n", i);
        CHECK(mm_json_mend(&arena, mm_slice_str(cases[i].in), &got) == (cases[i].want != NULL));
        if (cases[i].want != NULL)
            CHECK_SLICE(got, cases[i].want);
        else
            CHECK(got.p == NULL);
    }
    mm_arena_done(&arena);
}

TEST(json_mend_bounds_depth_and_memory)
{
    static const char deep[] = "[[[[[[[[[[[[[[[[[[[[[[[[[";
    struct mm_arena arena;
    struct mm_slice got = {0};

    mm_arena_init(&arena, 60);
    CHECK(mm_json_mend(&arena, mm_slice_of(deep, MM_JSON_MEND_DEPTH), &got));
    CHECK_NUM(got.n, 2 * MM_JSON_MEND_DEPTH);
    CHECK(!mm_json_mend(&arena, mm_slice_of(deep, MM_JSON_MEND_DEPTH + 1), &got));
    CHECK(!mm_json_mend(&arena, MM_S("{\"a\":\"no room left for this one at all\""), &got));
    mm_arena_done(&arena);
}
