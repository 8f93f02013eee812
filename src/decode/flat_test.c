/* decode/flat_test.c - promises of flat names. */
#include "decode/flat.h"

#include "base/buf.h"
#include "tests/harness/test.h"

static void flatten(const char *text, size_t from, struct mm_buf *out, size_t *ret_left_out)
{
    struct mm_json *j = mm_json_new(64 * 1024);
    struct mm_arena arena;
    struct mm_json_doc doc;
    struct mm_flat f;
    struct mm_slice name;
    const struct mm_json_item *it;

    mm_arena_init(&arena, 1024 * 1024);
    CHECK(mm_json_parse(j, mm_slice_str(text), &arena, &doc, NULL) == MM_OK);
    mm_flat_init(&f, &doc, from);
    while (mm_flat_next(&f, &name, &it)) {
        mm_buf_add(out, name);
        mm_buf_byte(out, '=');
        mm_buf_add(out, it->text);
        mm_buf_byte(out, ';');
    }
    *ret_left_out = f.left_out;
    mm_arena_done(&arena);
    mm_json_free(&j);
}

TEST(flat_names_join_the_keys_on_the_way)
{
    static const struct {
        const char *in;
        size_t from;
        const char *want;
    } cases[] = {
        {"{\"a\":1,\"b\":{\"c\":{\"d\":\"x\"},\"e\":null},\"f\":[1,{\"g\":2}],\"h\":{}}", 0,
         "a=1;b.c.d=x;b.e=null;f=[1,{\"g\":2}];"},
        {"{\"a\":1,\"b\":{\"c\":{\"d\":\"x\"},\"e\":2},\"f\":3}", 2, "b.c.d=x;b.e=2;"},
        {"{\"source.ip\":\"10.0.0.1\",\"\":{\"x\":1}}", 0, "source.ip=10.0.0.1;x=1;"},
        {"{\"q\":[{\"n\":\"a\",\"l\":[{\"z\":0}]},{\"n\":\"b\"}],\"r\":1}", 0,
         "q=[{\"n\":\"a\",\"l\":[{\"z\":0}]},{\"n\":\"b\"}];q.n=a;q.l=[{\"z\":0}];r=1;"},
        {"{\"q\":[{}],\"p\":[{\"x\":1}]}", 0, "q=[{}];p=[{\"x\":1}];p.x=1;"},
        {"[1,2]", 0, "=[1,2];"},
        {"7", 0, "=7;"},
    };
    struct mm_buf out;
    size_t left_out;

    mm_buf_init(&out, 1000);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        mm_buf_reset(&out);
        flatten(cases[i].in, cases[i].from, &out, &left_out);
        CHECK_SLICE(mm_buf_slice(&out), cases[i].want);
        CHECK_NUM(left_out, 0);
    }
    mm_buf_done(&out);
}

TEST(flat_hands_out_objects_that_can_be_skipped)
{
    struct mm_json *j = mm_json_new(1000);
    struct mm_arena arena;
    struct mm_json_doc doc;
    struct mm_flat f;
    struct mm_slice name;
    const struct mm_json_item *it;

    mm_arena_init(&arena, 1000);
    CHECK(mm_json_parse(j, MM_S("{\"a\":{\"b\":{\"c\":1},\"d\":2},\"e\":3}"), &arena, &doc, NULL) ==
          MM_OK);
    mm_flat_init(&f, &doc, 0);
    f.objects = true;
    CHECK(mm_flat_next(&f, &name, &it) && it->type == MM_JSON_OBJECT);
    CHECK_SLICE(name, "a");
    CHECK(mm_flat_next(&f, &name, &it) && it->type == MM_JSON_OBJECT);
    CHECK_SLICE(name, "a.b");
    mm_flat_skip(&f, it);
    CHECK(mm_flat_next(&f, &name, &it));
    CHECK_SLICE(name, "a.d");
    CHECK(mm_flat_next(&f, &name, &it));
    CHECK_SLICE(name, "e");
    CHECK(!mm_flat_next(&f, &name, &it));
    mm_arena_done(&arena);
    mm_json_free(&j);
}

TEST(flat_leaves_out_names_that_are_too_long_and_counts_them)
{
    struct mm_buf in, out;
    size_t left_out;

    mm_buf_init(&in, 1000);
    mm_buf_init(&out, 1000);
    mm_buf_str(&in, "{\"");
    for (size_t i = 0; i < MM_MAX_FIELD_NAME; i++)
        mm_buf_byte(&in, 'n');
    mm_buf_str(&in, "\":{\"x\":1},\"y\":2}");
    mm_buf_byte(&in, 0);
    flatten((const char *)in.p, 0, &out, &left_out);
    CHECK_SLICE(mm_buf_slice(&out), "y=2;");
    CHECK_NUM(left_out, 1);
    mm_buf_done(&in);
    mm_buf_done(&out);
}
