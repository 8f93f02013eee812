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

#define TYPE "multipart/form-data; boundary=X"
#define PART(name, rest) "--X\r\nContent-Disposition: form-data; name=\"" name "\"" rest "\r\n\r\n"

TEST(input_reads_a_form_with_a_file)
{
    struct mm_arena arena;
    struct mm_input in = {0};

    mm_arena_init(&arena, 1 << 20);
    CHECK(mm_input_read(&arena, MM_INPUT_FORM, MM_S("q=1"), &in, NULL) == MM_OK);
    CHECK(mm_input_read_files(&arena, MM_S(TYPE),
                              MM_S(PART("set", "") " mine \r\n" PART(
                                  "file", "; filename=\"C:\\Temp\\a.zip\"") "PK\x00\x01\r\n--X--"),
                              &in, NULL) == MM_OK);
    CHECK_SLICE(mm_input_get(&in, "q"), "1");
    CHECK_SLICE(mm_input_get(&in, "set"), "mine");
    CHECK_SLICE(in.file.name, "file");
    CHECK_SLICE(in.file.file_name, "a.zip");
    CHECK(mm_slice_eq(in.file.bytes, MM_S("PK\x00\x01")));
    mm_arena_done(&arena);
}

TEST(input_refuses_files_that_are_torn_or_too_many)
{
    static const struct {
        struct mm_slice type, body;
        enum mm_code code;
    } cases[] = {
        {MM_S_INIT("text/plain"), MM_S_INIT("x"), MM_E_NOTFOUND},
        {MM_S_INIT("multipart/form-data"), MM_S_INIT("x"), MM_E_SYNTAX},
        {MM_S_INIT(TYPE), MM_S_INIT(""), MM_E_SYNTAX},
        {MM_S_INIT(TYPE), MM_S_INIT(PART("a", "") "x"), MM_E_SYNTAX},
        {MM_S_INIT(TYPE), MM_S_INIT(PART("a", "") "\x01\r\n--X--"), MM_E_SYNTAX},
        {MM_S_INIT(TYPE), MM_S_INIT(PART("a", "; filename=\"\xff\"") "\r\n--X--"), MM_E_SYNTAX},
        {MM_S_INIT(TYPE),
         MM_S_INIT(PART("a", "; filename=b") "\r\n" PART("c", "; filename=d") "\r\n--X--"),
         MM_E_LIMIT},
        {MM_S_INIT(TYPE), MM_S_INIT(PART("a", "; filename=\"\"") "\r\n--X--"), MM_OK},
        {MM_S_INIT(TYPE), MM_S_INIT("--X--"), MM_OK},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_arena arena;
        struct mm_input in = {0};

        mm_arena_init(&arena, 1 << 20);
        CHECK_NUM(mm_input_read_files(&arena, cases[i].type, cases[i].body, &in, NULL),
                  cases[i].code);
        CHECK(in.n == 0 && in.file.name.n == 0);
        mm_arena_done(&arena);
    }
}
