/* codec/cut_test.c - promises of records cut out of documents. */
#include "codec/cut.h"

#include "base/buf.h"
#include "tests/harness/test.h"

static void note(void *ctx, struct mm_slice record, bool cut)
{
    struct mm_buf *out = ctx;

    mm_buf_add(out, record);
    mm_buf_str(out, cut ? "!|" : "|");
}

/* Fed in pieces of `step` bytes. */
static void pieces(struct mm_slice in, size_t step, struct mm_buf *out)
{
    struct mm_slice head = mm_slice_sub(in, 0, MM_CUT_HEAD);
    enum mm_cut_kind kind = mm_cut_kind_of(head);
    struct mm_cut c;

    if (kind == MM_CUT_LINES) {
        mm_buf_str(out, "lines");
        return;
    }
    CHECK(mm_cut_init(&c, kind, head) == MM_OK);
    for (size_t at = 0; at < in.n; at += step)
        mm_cut_feed(&c, mm_slice_sub(in, at, step), note, out);
    mm_cut_end(&c, note, out);
    mm_cut_done(&c);
}

TEST(cut_finds_records_in_documents)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"", "lines"},
        {"Nov 20 line", "lines"},
        {"[2026-11-20 12:00] a line {\n", "lines"},
        {"<134>1 2026 syslog", "lines"},
        {"{\"a\":1}\n{\"a\":2}\n", "lines"},
        {"[{\"a\":1},{\"b\":[{\"c\":2}]}]", "{\"a\":1}|{\"b\":[{\"c\":2}]}|"},
        {"\xEF\xBB\xBF [\n {\"a\":\"}]\\\"{\"},\n {}\n]\n", "{\"a\":\"}]\\\"{\"}|{}|"},
        {"{\n \"a\": {\"b\": 1}\n}\n{\n \"a\": 2\n}\n",
         "{\n \"a\": {\"b\": 1}\n}|{\n \"a\": 2\n}|"},
        {"{\"Records\": [ {\"a\":1}, {\"a\":{}} ], \"more\": {\"x\":1}}", "{\"a\":1}|{\"a\":{}}|"},
        {"{\"@odata.context\":\"https://x/\\\"[{\", \"count\": 1,\n\"value\": "
         "[{\"a\":1},{\"a\":2}]}",
         "{\"a\":1}|{\"a\":2}|"},
        {"{\"Id\":\"1\",\"Properties\":[{\"a\":1}]}\n", "lines"},
        {"{\"Id\":{},\"value\":[{\"a\":1}]}\n", "lines"},
        {"{\"note\": 1,\nNov 20 a line\n", "lines"},
        {"[{}]\nNov 20 a line\r\n{\"a\":{\"b\":1}}\nlast",
         "{}|Nov 20 a line|{\"a\":{\"b\":1}}|last|"},
        {"{\"a\":1,\n\"b\":\"torn\n\"", "{\"a\":1,\n\"b\":\"torn\n\"!|"},
        {"<?xml version='1.0'?>\n<Events><Event xmlns='x'><EventData/></Event>\n"
         "<Event>2</Event><EventX>3</EventX></Events>",
         "<Event xmlns='x'><EventData/></Event>|<Event>2</Event>|"},
        {"<Event><<Event></Eve</Event><Event>torn", "<Event><<Event></Eve</Event>|<Event>torn!|"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        for (size_t step = 1; step < 40; step += 19) {
            struct mm_buf out;

            mm_buf_init(&out, 64 * 1024);
            pieces(mm_slice_str(cases[i].in), step, &out);
            CHECK_SLICE(mm_buf_slice(&out), cases[i].want);
            mm_buf_done(&out);
        }
    }
}

TEST(cut_cuts_what_is_longer_than_a_record_and_goes_on)
{
    struct mm_buf in, out;

    mm_buf_init(&in, 1024 * 1024);
    mm_buf_init(&out, 1024 * 1024);
    mm_buf_str(&in, "[{\"a\":\"");
    for (int i = 0; i < MM_MAX_LINE; i++)
        mm_buf_byte(&in, 'x');
    mm_buf_str(&in, "\"},{\"b\":1}]");
    pieces(mm_buf_slice(&in), 1000, &out);
    CHECK_NUM(out.n, MM_MAX_LINE + sizeof("!|{\"b\":1}|") - 1);
    CHECK_SLICE(mm_slice_sub(mm_buf_slice(&out), MM_MAX_LINE, SIZE_MAX), "!|{\"b\":1}|");
    mm_buf_done(&in);
    mm_buf_done(&out);
}

TEST(cut_counts_places_that_are_no_records)
{
    static const struct {
        const char *in;
        unsigned stray, at;
    } cases[] = {
        {"\xEF\xBB\xBF[{\"a\":1},\n {\"b\":[\"x\"]}]\n", 0, 0},
        {"{\"value\":[{\"a\":1}], \"n\": -1.5e3, \"more\": {\"x\": [true, null]}}\n", 0, 0},
        {"{\n \"a\": 1\n}\n{\n \"a\": 2\n}\n", 0, 0},
        {"<?xml version='1.0'?>\n<!-- made up -->\n<Events>\n<Event>1</Event>\n</Events>\n", 0, 0},
        {"[{}]\nNov 20 a line\nanother\n", 1, 5},
        {"[{},\nNov 20 a line\n{},x]\n", 2, 5},
        {"[{}, \"text\", {}]", 1, 5},
        {"{\"note\": 1,\n\"x\": 2,\nNov 20 a line\n", 1, 0},
        {"{\"value\":[{\"a\":1}]}\n{\"a\":1}\n{\"a\":2}\n", 1, 26},
        {"{\"value\":[{\"a\":1}],\nNov 20 a line\n", 1, 20},
        {"<Event>1</Event>\n<134>Nov 20 a line\n<134>another\n", 1, 22},
        {"<Event>1\n<134>Nov 20 a line\n", 1, 6},
        {"<?xml \nNov 20 a line\n", 1, 20},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_slice in = mm_slice_str(cases[i].in);
        enum mm_cut_kind kind = mm_cut_kind_of(in);
        struct mm_buf out;
        struct mm_cut c;

        mm_buf_init(&out, 64 * 1024);
        CHECK(kind != MM_CUT_LINES && mm_cut_init(&c, kind, in) == MM_OK);
        for (size_t at = 0; at < in.n; at += 5)
            mm_cut_feed(&c, mm_slice_sub(in, at, 5), note, &out);
        mm_cut_end(&c, note, &out);
        CHECK_NUM(c.stray, cases[i].stray);
        CHECK_NUM(c.stray_at, cases[i].at);
        mm_cut_done(&c);
        mm_buf_done(&out);
    }
}
