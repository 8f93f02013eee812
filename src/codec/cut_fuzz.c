/*
 * codec/cut_fuzz.c - no stream may break these promises: records are not empty and not longer than
 * a record may be, begin and end as their kind says, and do not depend on how the stream came.
 */
#include "codec/cut.h"

#include "base/hash.h"
#include "tests/harness/test.h"

struct sum {
    uint64_t hash;
    enum mm_cut_kind kind;
};

static void add(void *ctx, struct mm_slice record, bool cut)
{
    struct sum *s = ctx;

    MM_ASSERT(record.n > 0 && record.n <= MM_MAX_LINE);
    if (s->kind == MM_CUT_JSON)
        MM_ASSERT(record.p[0] == '{' ? cut || record.p[record.n - 1] == '}'
                                     : mm_slice_find(record, '\n', 0) == SIZE_MAX);
    else
        MM_ASSERT(mm_slice_starts(record, MM_S("<Event")) &&
                  (cut || mm_slice_ends(record, MM_S("</Event>"))));
    s->hash = mm_hash((struct mm_seed){s->hash, cut}, record);
}

static uint64_t run(struct mm_slice in, enum mm_cut_kind kind, size_t step)
{
    struct sum s = {.kind = kind};
    struct mm_cut c;

    MM_ASSERT(mm_cut_init(&c, kind, mm_slice_sub(in, 0, MM_CUT_HEAD)) == MM_OK);
    for (size_t at = 0; at < in.n; at += step)
        mm_cut_feed(&c, mm_slice_sub(in, at, step), add, &s);
    mm_cut_end(&c, add, &s);
    s.hash ^= c.stray + c.stray_at;
    mm_cut_done(&c);
    return s.hash;
}

FUZZ(in)
{
    (void)mm_cut_kind_of(mm_slice_sub(in, 0, MM_CUT_HEAD));
    MM_ASSERT(run(in, MM_CUT_JSON, in.n + 1) == run(in, MM_CUT_JSON, 3));
    MM_ASSERT(run(in, MM_CUT_XML, in.n + 1) == run(in, MM_CUT_XML, 3));
}
