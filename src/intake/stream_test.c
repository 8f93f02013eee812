/* intake/stream_test.c - streams become lines, however they are cut into pieces. */
#include "intake/stream.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "tests/harness/test.h"

/* Lines as "a|b|c*|": '*' marks a cut one. */
static void collect(void *ctx, struct mm_slice line, bool cut)
{
    struct mm_buf *out = ctx;

    mm_buf_add(out, line);
    mm_buf_str(out, cut ? "*|" : "|");
}

/* Feed `in` in pieces of `step` bytes. */
static void run(struct mm_stream *f, struct mm_slice in, size_t step, struct mm_buf *out)
{
    for (size_t at = 0; at < in.n; at += step) {
        /* Each piece in memory of its own: reading behind it is seen by sanitizers. */
        struct mm_slice part = mm_slice_sub(in, at, step);
        uint8_t *own = malloc(part.n);

        CHECK(own != NULL);
        memcpy(own, part.p, part.n);
        CHECK(mm_stream_feed(f, mm_slice_of(own, part.n), collect, out) == MM_OK);
        free(own);
    }
    mm_stream_end(f, collect, out);
}

TEST(stream_gives_the_same_lines_for_every_cutting)
{
    static const struct {
        struct mm_slice in;
        const char *want;
        unsigned resyncs;
    } cases[] = {
        {MM_S_INIT("one\ntwo\nthree"), "one|two|three|", 0},
        {MM_S_INIT("crlf\r\n\r\n\n\nnul\0\n"), "crlf|nul|", 0},
        {MM_S_INIT("one\n\0\0\0two\n\0"), "one|two|", 0},
        {MM_S_INIT("\0\0\0<34>1 a\n"), "<34>1 a|", 0},
        {MM_S_INIT("<34>1 a\n<34>1 b\n"), "<34>1 a|<34>1 b|", 0},
        {MM_S_INIT("7 <34>1 a8 <34>1 bb"), "<34>1 a|<34>1 bb|", 0},
        {MM_S_INIT("8 <34>1 a\n7 <34>1 b"), "<34>1 a|<34>1 b|", 0},
        {MM_S_INIT("7 <34>1 a\n7 <34>1 b\n"), "<34>1 a|<34>1 b|", 0},
        {MM_S_INIT("8 {\"a\":\n1}4 text"), "{\"a\":\n1}|text|", 0},
        {MM_S_INIT("1606871645.123 5 10.0.0.1 TCP_MISS\n"), "1606871645.123 5 10.0.0.1 TCP_MISS|",
         0},
        {MM_S_INIT("2020-12-23 10:34 x\n12 monkeys\n"), "2020-12-23 10:34 x|12 monkeys|", 0},
        {MM_S_INIT("12 monkeys\n7 <34>1 a\n"), "12 monkeys|7 <34>1 a|", 0},
        {MM_S_INIT("12345678 <a\n"), "12345678 <a|", 0},
        {MM_S_INIT("0 <a\n"), "0 <a|", 0},
        {MM_S_INIT("7 <34>1 agarbage\n7 <34>1 b"), "<34>1 a|garbage|<34>1 b|", 1},
        {MM_S_INIT("7 <34>1 a99999999 x\n8 <34>1 bb"), "<34>1 a|99999999 x|<34>1 bb|", 1},
        {MM_S_INIT("20 <34>1 half"), "<34>1 half*|", 0},
        {MM_S_INIT("123"), "123|", 0},
        {MM_S_INIT(""), "", 0},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        for (size_t step = 1; step <= cases[i].in.n + 1; step++) {
            struct mm_stream f;
            struct mm_buf out;

            mm_stream_init(&f, false);
            mm_buf_init(&out, 4096);
            run(&f, cases[i].in, step, &out);
            CHECK_SLICE(mm_buf_slice(&out), cases[i].want);
            CHECK_NUM(f.resyncs, cases[i].resyncs);
            mm_buf_done(&out);
            mm_stream_done(&f);
        }
    }
}

TEST(stream_of_files_never_counts)
{
    struct mm_stream f;
    struct mm_buf out;

    mm_stream_init(&f, true);
    mm_buf_init(&out, 4096);
    run(&f, MM_S("7 <34>1 a8 <34>1 bb\nx"), 3, &out);
    CHECK_SLICE(mm_buf_slice(&out), "7 <34>1 a8 <34>1 bb|x|");
    mm_buf_done(&out);
    mm_stream_done(&f);
}

struct tally {
    size_t lines, cut, longest;
};

static void count(void *ctx, struct mm_slice line, bool cut)
{
    struct tally *t = ctx;

    t->lines++;
    t->cut += cut;
    t->longest = line.n > t->longest ? line.n : t->longest;
}

/* A frame of n bytes between two small ones. */
static struct tally oversize(size_t n, bool counted, size_t step)
{
    struct mm_stream f;
    struct mm_buf in;
    struct tally t = {0};

    mm_buf_init(&in, 1 << 20);
    mm_buf_str(&in, counted ? "4 <1>a" : "<1>a\n");
    if (counted)
        mm_buf_fmt(&in, "%zu ", n);
    for (size_t i = 0; i < n; i++)
        mm_buf_byte(&in, 'x');
    mm_buf_str(&in, counted ? "4 <1>b" : "\n<1>b\n");
    CHECK(mm_buf_ok(&in));
    mm_stream_init(&f, false);
    for (size_t at = 0; at < in.n; at += step)
        CHECK(mm_stream_feed(&f, mm_slice_sub(mm_buf_slice(&in), at, step), count, &t) == MM_OK);
    CHECK_NUM(mm_stream_held(&f), 0);
    CHECK_NUM(f.truncated, t.cut);
    CHECK_NUM(f.resyncs, 0);
    mm_stream_end(&f, count, &t);
    mm_stream_done(&f);
    mm_buf_done(&in);
    return t;
}

TEST(stream_cuts_what_is_too_long_marks_it_and_goes_on)
{
    static const size_t steps[] = {1, 1000, 65536, 1 << 20};

    for (size_t i = 0; i < MM_COUNT(steps); i++) {
        for (int counted = 0; counted < 2; counted++) {
            struct tally t = oversize(MM_MAX_LINE, counted, steps[i]);

            CHECK(t.lines == 3 && t.cut == 0 && t.longest == MM_MAX_LINE);
            t = oversize(MM_MAX_LINE + 1, counted, steps[i]);
            CHECK(t.lines == 3 && t.cut == 1 && t.longest == MM_MAX_LINE);
            t = oversize(3 * MM_MAX_LINE, counted, steps[i]);
            CHECK(t.lines == 3 && t.cut == 1 && t.longest == MM_MAX_LINE);
        }
    }
}

TEST(stream_gives_memory_back_after_a_long_line)
{
    struct mm_stream f;
    struct tally t = {0};
    static uint8_t big[40000];

    memset(big, 'y', sizeof(big));
    mm_stream_init(&f, false);
    CHECK(mm_stream_feed(&f, mm_slice_of(big, sizeof(big)), count, &t) == MM_OK);
    CHECK(f.cap >= sizeof(big));
    CHECK(mm_stream_feed(&f, MM_S("\n"), count, &t) == MM_OK);
    CHECK_NUM(t.lines, 1);
    CHECK(f.cap == 0);
    mm_stream_done(&f);
}
