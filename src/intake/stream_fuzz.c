/*
 * intake/stream_fuzz.c - no stream may break these promises: the same lines come out whichever
 * way it is cut into pieces; no line is empty or longer than the limit; no byte comes out twice.
 */
#include "intake/stream.h"

#include "base/hash.h"
#include "tests/harness/test.h"

struct sum {
    uint64_t hash;
    size_t lines, bytes;
};

static void add(void *ctx, struct mm_slice line, bool cut)
{
    struct sum *s = ctx;

    MM_ASSERT(line.n > 0 && line.n <= MM_MAX_LINE);
    s->hash = mm_hash((struct mm_seed){s->hash, cut}, line);
    s->lines++;
    s->bytes += line.n;
}

static struct sum run(struct mm_slice in, size_t step, bool lines_only)
{
    struct mm_stream f;
    struct sum s = {0};

    mm_stream_init(&f, lines_only);
    for (size_t at = 0; at < in.n; at += step) {
        MM_ASSERT(mm_stream_feed(&f, mm_slice_sub(in, at, step), add, &s) == MM_OK);
        MM_ASSERT(mm_stream_held(&f) <= MM_MAX_LINE);
    }
    mm_stream_end(&f, add, &s);
    MM_ASSERT(s.bytes <= in.n);
    mm_stream_done(&f);
    return s;
}

FUZZ(in)
{
    for (int lines_only = 0; lines_only < 2; lines_only++) {
        struct sum whole = run(in, in.n + 1, lines_only), one = run(in, 1, lines_only),
                   odd = run(in, 7, lines_only);

        MM_ASSERT(whole.hash == one.hash && whole.lines == one.lines);
        MM_ASSERT(whole.hash == odd.hash && whole.lines == odd.lines);
    }
}
