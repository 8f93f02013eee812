/*
 * web/framing_fuzz.c - no input may break these promises: what is taken lies inside the input;
 * where a stream is cut by reads never changes what is taken or refused; a refusal names a byte.
 */
#include "tests/harness/test.h"
#include "web/framing.h"

struct run {
    size_t taken;
    uint64_t requests;
    enum mm_code code;
    const char *what;
};

/* Feed `in` in pieces of `step` bytes. */
static struct run feed(struct mm_slice in, size_t step)
{
    struct mm_framing f = {0};
    struct run r = {0};
    size_t have = 0;

    while (r.code == MM_OK) {
        size_t take = 0;
        struct mm_fault fault = {0};
        struct mm_slice part = mm_slice_sub(in, r.taken, have - r.taken);

        r.code = mm_framing_next(&f, part, &take, &fault);
        r.requests = f.requests;
        if (r.code != MM_OK) {
            MM_ASSERT(fault.what != NULL && fault.at <= part.n);
            r.what = fault.what;
            break;
        }
        MM_ASSERT(take <= part.n);
        MM_ASSERT(take > 0 || part.n < MM_FRAMING_MAX_HEAD);
        r.taken += take;
        if (take > 0)
            continue;
        if (have == in.n)
            break;
        have = mm_min_size(in.n, have + step);
    }
    return r;
}

FUZZ(in)
{
    struct run whole = feed(in, SIZE_MAX / 2), single = feed(in, 1), seven = feed(in, 7);

    MM_ASSERT(whole.requests == single.requests && whole.requests == seven.requests);
    MM_ASSERT(whole.taken == single.taken && whole.taken == seven.taken);
    MM_ASSERT((whole.code == MM_OK) == (single.code == MM_OK));
    MM_ASSERT((whole.code == MM_OK) == (seven.code == MM_OK));
}
