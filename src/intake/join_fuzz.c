/*
 * intake/join_fuzz.c - no lines may break these promises: every line comes out once, in order, and
 * records keep their limits.
 */
#include "intake/join.h"

#include "base/hash.h"
#include "tests/harness/test.h"

enum { LINES_MAX = 3 };

struct sum {
    uint64_t hash;
    size_t lines;
};

static bool blank(void *ctx, struct mm_slice line)
{
    return line.p[0] == ' ' || line.p[0] == '\t';
}

static void add_line(void *ctx, struct mm_slice line, bool cut)
{
    struct sum *s = ctx;

    s->hash = mm_hash((struct mm_seed){s->hash, 0}, line);
    s->lines++;
}

static void add_record(void *ctx, struct mm_slice record, bool cut)
{
    size_t from = 0, lines = 0;

    MM_ASSERT(record.n > 0 && record.n <= MM_MAX_LINE);
    while (from <= record.n) {
        size_t end = mm_slice_find(record, '\n', from);
        size_t n = (end == SIZE_MAX ? record.n : end) - from;

        MM_ASSERT(lines == 0 || blank(NULL, mm_slice_sub(record, from, n)));
        add_line(ctx, mm_slice_sub(record, from, n), cut);
        lines++;
        from = end == SIZE_MAX ? record.n + 1 : end + 1;
    }
    MM_ASSERT(lines <= LINES_MAX);
}

FUZZ(in)
{
    struct mm_stream a, b;
    struct mm_join j;
    struct sum lines = {0}, joined = {0};

    mm_stream_init(&a, true);
    mm_stream_init(&b, true);
    MM_ASSERT(mm_join_init(&j, blank, NULL, LINES_MAX, add_record, &joined) == MM_OK);
    MM_ASSERT(mm_stream_feed(&a, in, add_line, &lines) == MM_OK);
    MM_ASSERT(mm_stream_feed(&b, in, mm_join_line, &j) == MM_OK);
    mm_stream_end(&a, add_line, &lines);
    mm_stream_end(&b, mm_join_line, &j);
    mm_join_end(&j);
    MM_ASSERT(lines.lines == joined.lines && lines.hash == joined.hash);
    mm_join_done(&j);
    mm_stream_done(&a);
    mm_stream_done(&b);
}
