/* intake/lines_test.c - what becomes a record of a file or a body. */
#include "intake/lines.h"

#include "base/buf.h"
#include "tests/harness/test.h"

static void note(void *ctx, struct mm_slice record, bool cut)
{
    struct mm_buf *out = ctx;

    mm_buf_add(out, record);
    mm_buf_str(out, cut ? "!|" : "|");
}

static bool blank(void *ctx, struct mm_slice line)
{
    (void)ctx;
    return line.p[0] == ' ';
}

static void pieces(const char *text, size_t step, bool lists, struct mm_buf *out)
{
    const struct mm_lines_options o = {
        .continues = blank, .lines_max = 9, .lists = lists, .emit = note, .ctx = out};
    struct mm_slice in = mm_slice_str(text);
    struct mm_lines l;

    CHECK(mm_lines_init(&l, &o) == MM_OK);
    for (size_t at = 0; at < in.n; at += step)
        CHECK(mm_lines_feed(&l, mm_slice_sub(in, at, step)) == MM_OK);
    CHECK(mm_lines_end(&l) == MM_OK);
    mm_buf_fmt(out, "%llu", (unsigned long long)mm_lines_stray(&l));
    mm_lines_done(&l);
}

TEST(lines_of_a_list_are_its_records)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"", "0"},
        {"a\nb", "a|b|0"},
        {"\n\n{\"a\":1}\n{\"a\":2}\n", "{\"a\":1}|{\"a\":2}|0"},
        {"{\"Records\":[{\"a\":1},{\"a\":{}}]}", "{\"a\":1}|{\"a\":{}}|0"},
        {"[{\"a\":1},{\"b\":[{\"c\":2}]}]\n", "{\"a\":1}|{\"b\":[{\"c\":2}]}|0"},
        /* A document over lines. */
        {"{\n \"Records\" : [\n {\n  \"a\": 1\n }\n]}\n", "{   \"a\": 1  }|0"},
        {"{\"next\":\"x\",\"value\":[{\"a\":1}],\"n\":3}", "{\"a\":1}|0"},
        /* One behind the other. */
        {"{\"Records\":[{\"a\":1}]}\n{\"Records\":[{\"a\":2},{\"a\":3}]}\n",
         "{\"a\":1}|{\"a\":2}|{\"a\":3}|0"},
        /* Events that have a list of their own stay whole. */
        {"{\"tags\":[{\"k\":1}],\"msg\":\"x\"}\n", "{\"tags\":[{\"k\":1}],\"msg\":\"x\"}|0"},
        {"{\"time\":\"t\",\"user\":\"bob\",\"items\":[{\"sku\":1}]}\n",
         "{\"time\":\"t\",\"user\":\"bob\",\"items\":[{\"sku\":1}]}|0"},
        {"{\"items\":[{\"sku\":1}],\"user\":\"bob\"}\n",
         "{\"items\":[{\"sku\":1}],\"user\":\"bob\"}|0"},
        {"{\"kind\":\"k\",\"etag\":\"e\",\"items\":[{\"a\":1},{\"a\":2}]}",
         "{\"a\":1}|{\"a\":2}|0"},
        {"{\"Records\":[1,2]}\n", "{\"Records\":[1,2]}|0"},
        {"[2026-11-20] x\n y\nz", "[2026-11-20] x\n y|z|0"},
        /* Torn, and with what is no record. */
        {"[{\"a\":1},{\"b\":", "{\"a\":1}|{\"b\":!|1"},
        {"[{\"a\":1}, oops, {\"a\":2}]", "{\"a\":1}|{\"a\":2}|1"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        for (size_t step = 1; step < 100; step += 49) {
            struct mm_buf out;

            mm_buf_init(&out, 4096);
            pieces(cases[i].in, step, true, &out);
            CHECK_SLICE(mm_buf_slice(&out), cases[i].want);
            mm_buf_done(&out);
        }
    }
}

TEST(lines_are_lines_where_no_list_may_be)
{
    struct mm_buf out;

    mm_buf_init(&out, 4096);
    pieces("[{\"a\":1},\n {\"a\":2}]\n", 3, false, &out);
    CHECK_SLICE(mm_buf_slice(&out), "[{\"a\":1},\n {\"a\":2}]|0");
    mm_buf_done(&out);
}

TEST(a_line_that_is_closed_is_not_waited_for)
{
    static const struct {
        const char *in;
        size_t held;
    } cases[] = {{"{\"a\":1}\n", 0}, {"x", 1},          {"x\n", 0}, {"{\"a\":1,\n", 8},
                 {"[\n", 2},         {"\n\n{\"a\"", 6}, {"#\n", 0}};

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_buf out;
        const struct mm_lines_options o = {.lists = true, .emit = note, .ctx = &out};
        struct mm_lines l;

        mm_buf_init(&out, 4096);
        CHECK(mm_lines_init(&l, &o) == MM_OK);
        CHECK(mm_lines_feed(&l, mm_slice_str(cases[i].in)) == MM_OK);
        CHECK_NUM(mm_lines_held(&l), cases[i].held);
        mm_lines_done(&l);
        mm_buf_done(&out);
    }
}
