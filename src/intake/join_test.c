/* intake/join_test.c - lines become records, and none is lost at the limits. */
#include "intake/join.h"

#include "base/buf.h"
#include "tests/harness/test.h"

static bool blank(void *ctx, struct mm_slice line)
{
    return line.p[0] == ' ';
}

static void take(void *ctx, struct mm_slice record, bool cut)
{
    struct mm_buf *out = ctx;

    mm_buf_add(out, mm_slice_sub(record, 0, 40));
    if (record.n > 40)
        mm_buf_fmt(out, "(%zu)", record.n);
    mm_buf_str(out, cut ? "*|" : "|");
}

static void expect(size_t lines_max, struct mm_slice text, const char *want)
{
    struct mm_stream stream;
    struct mm_join j;
    struct mm_buf out;

    mm_buf_init(&out, 4096);
    mm_stream_init(&stream, true);
    CHECK(mm_join_init(&j, blank, NULL, lines_max, take, &out) == MM_OK);
    CHECK(mm_stream_feed(&stream, text, mm_join_line, &j) == MM_OK);
    mm_stream_end(&stream, mm_join_line, &j);
    mm_join_end(&j);
    CHECK_SLICE(mm_buf_slice(&out), want);
    mm_join_done(&j);
    mm_stream_done(&stream);
    mm_buf_done(&out);
}

TEST(join_puts_lines_that_go_on_into_one_record)
{
    expect(10, MM_S("a\n b\r\n c\nd\n\ne\n f"), "a\n b\n c|d|e\n f|");
    expect(10, MM_S(" first\n b\n"), " first\n b|");
    expect(10, MM_S(""), "");
}

TEST(join_ends_a_record_at_its_limits_and_loses_nothing)
{
    static uint8_t big[MM_MAX_LINE + 100];

    expect(2, MM_S("a\n b\n c\n d\n e\n"), "a\n b| c\n d| e|");
    memset(big, 'x', sizeof(big));
    memcpy(big, "a\n ", 3);
    big[1000] = '\n';
    big[1001] = ' ';
    big[MM_MAX_LINE - 1] = '\n';
    big[MM_MAX_LINE] = ' ';
    expect(10, mm_slice_of(big, sizeof(big)),
           "a\n xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx(65535)| "
           "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx(100)|");
}

TEST(join_keeps_apart_what_was_cut)
{
    static uint8_t big[MM_MAX_LINE + 100];

    memset(big, 'x', sizeof(big));
    memcpy(big + sizeof(big) - 6, "\n b\nc\n", 6);
    expect(10, mm_slice_of(big, sizeof(big)),
           "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx(65536)*| b|c|");
}
