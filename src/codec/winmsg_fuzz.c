/*
 * codec/winmsg_fuzz.c - no input may break these promises: everything lies inside the input, in
 * order; names and values are never empty; a walk moves on.
 */
#include "codec/winmsg.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    struct mm_winmsg walk;
    struct mm_winmsg_pair pair;
    struct mm_slice title;
    const uint8_t *at = in.p;

    mm_winmsg_init(&walk, in, &title);
    MM_ASSERT(title.n == 0 || (title.p >= in.p && title.p + title.n <= in.p + in.n));
    while (mm_winmsg_next(&walk, &pair)) {
        MM_ASSERT(pair.name.n > 0 && pair.name.p >= at);
        MM_ASSERT(pair.section.n == 0 || pair.section.p < pair.name.p);
        MM_ASSERT(pair.value.n > 0 && pair.value.p > pair.name.p);
        MM_ASSERT(pair.value.p + pair.value.n <= in.p + in.n);
        at = pair.value.p + pair.value.n;
    }
}
