/* web/portal/input_test.c - promises of web/portal/input.h. */
#include "base/buf.h"
#include "web/portal/input.h"

#include "tests/harness/test.h"
#include "web/form.h"

TEST(input_reads_forms_and_json_alike)
{
    static const struct {
        enum mm_input_kind kind;
        struct mm_slice body;
    } same[] = {
        {MM_INPUT_FORM, MM_S_INIT("who=%20a%20&tick=x&tick=y&n=12&deep.on=true")},
        {MM_INPUT_JSON, MM_S_INIT("{\"who\":\" a \",\"tick\":[\"x\",\"y\"],\"n\":12,"
                                  "\"deep\":{\"on\":true},\"gone\":null}")},
    };

    for (size_t i = 0; i < MM_COUNT(same); i++) {
        struct mm_arena arena;
        struct mm_input in = {0};

        mm_arena_init(&arena, 1024 * 1024);
        CHECK_NUM(mm_input_read(&arena, same[i].kind, same[i].body, &in, NULL), MM_OK);
        CHECK_NUM(in.n, 5);
        CHECK_SLICE(mm_input_get(&in, "who"), "a");
        CHECK_SLICE(mm_input_get(&in, "tick"), "x");
        CHECK(mm_input_ticked(&in, "tick", MM_S("y")) && !mm_input_ticked(&in, "tick", MM_S("z")));
        CHECK_SLICE(mm_input_get(&in, "n"), "12");
        CHECK_SLICE(mm_input_get(&in, "deep.on"), "true");
        CHECK(!mm_input_has(&in, "gone") && mm_input_get(&in, "gone").n == 0);
        mm_arena_done(&arena);
    }
}

TEST(input_refuses_whole_what_is_not_text)
{
    static const struct {
        enum mm_input_kind kind;
        struct mm_slice body;
    } bad[] = {
        {MM_INPUT_FORM, MM_S_INIT("ok=1&a=%00")},
        {MM_INPUT_FORM, MM_S_INIT("ok=1&a=%ff")},
        {MM_INPUT_JSON, MM_S_INIT("{\"a\":")},
        {MM_INPUT_JSON, MM_S_INIT("[1]")},
        {MM_INPUT_JSON, MM_S_INIT("\"a\"")},
        {MM_INPUT_JSON, MM_S_INIT("{\"a\":\"\\u0000\"}")},
        {MM_INPUT_JSON, MM_S_INIT("{\"a\\u001b\":1}")},
    };

    for (size_t i = 0; i < MM_COUNT(bad); i++) {
        struct mm_arena arena;
        struct mm_input in = {0};

        mm_arena_init(&arena, 1024 * 1024);
        CHECK(mm_input_read(&arena, bad[i].kind, bad[i].body, &in, NULL) != MM_OK);
        CHECK(in.n == 0 && in.pair == NULL);
        mm_arena_done(&arena);
    }
}

TEST(input_bounds_the_number_of_pairs)
{
    struct mm_arena arena;
    struct mm_input in = {0};
    struct mm_buf body;

    mm_buf_init(&body, 65536);
    for (int i = 0; i <= MM_FORM_MAX_PAIRS; i++)
        mm_buf_str(&body, "a=1&");
    mm_arena_init(&arena, 1024 * 1024);
    CHECK_NUM(mm_input_read(&arena, MM_INPUT_FORM, mm_buf_slice(&body), &in, NULL), MM_E_LIMIT);
    CHECK_NUM(in.n, 0);
    mm_arena_done(&arena);
    mm_buf_done(&body);
}
