/*
 * intake/lines_fuzz.c - no bytes may break these promises: however they are cut into pieces, the
 * same records come; what is no list comes as lines, each once; records of a list hold no line end,
 * and keep their limit.
 */
#include "intake/lines.h"

#include "base/hash.h"
#include "tests/harness/test.h"

struct sum {
    uint64_t hash;
    size_t n;
    bool listed;
};

static void add(void *ctx, struct mm_slice record, bool cut)
{
    struct sum *s = ctx;

    MM_ASSERT(record.n > 0 && record.n <= MM_MAX_LINE);
    MM_ASSERT(!s->listed || mm_slice_find(record, '\n', 0) == SIZE_MAX);
    s->hash = mm_hash((struct mm_seed){s->hash, cut}, record);
    s->n++;
}

static struct sum walk(struct mm_slice in, size_t step, bool *ret_listed, uint64_t *ret_stray)
{
    struct sum sum = {.listed = *ret_listed};
    const struct mm_lines_options o = {.lists = true, .emit = add, .ctx = &sum};
    struct mm_lines l;

    MM_ASSERT(mm_lines_init(&l, &o) == MM_OK);
    for (size_t at = 0; at < in.n; at += step) {
        MM_ASSERT(mm_lines_feed(&l, mm_slice_sub(in, at, step)) == MM_OK);
        MM_ASSERT(mm_lines_held(&l) <= MM_MAX_LINE);
    }
    MM_ASSERT(mm_lines_end(&l) == MM_OK);
    *ret_listed = l.listed;
    *ret_stray = mm_lines_stray(&l);
    mm_lines_done(&l);
    return sum;
}

FUZZ(in)
{
    struct sum lines = {0}, whole, again;
    bool listed = false, also;
    uint64_t stray, other;
    struct mm_stream stream;

    whole = walk(in, in.n + 1, &listed, &stray);
    also = listed;
    again = walk(in, 7, &also, &other);
    MM_ASSERT(whole.n == again.n && whole.hash == again.hash);
    MM_ASSERT(listed == also && stray == other);
    if (listed)
        return;
    MM_ASSERT(stray == 0);
    mm_stream_init(&stream, true);
    MM_ASSERT(mm_stream_feed(&stream, in, add, &lines) == MM_OK);
    mm_stream_end(&stream, add, &lines);
    mm_stream_done(&stream);
    MM_ASSERT(lines.n == whole.n && lines.hash == whole.hash);
}
