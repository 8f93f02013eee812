/*
 * codec/repeat_fuzz.c - no input may break these promises: a count is 1 or more; the message lies
 * inside the input; a refusal leaves the result alone.
 */
#include "codec/repeat.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    struct mm_repeat r = {.times = 0};

    if (!mm_repeat_read(in, &r)) {
        MM_ASSERT(r.times == 0 && r.message.n == 0);
        return;
    }
    MM_ASSERT(r.times > 0 && r.message.n < in.n);
    if (r.message.n > 0)
        MM_ASSERT(r.message.p >= in.p && r.message.p + r.message.n <= in.p + in.n);
}
