/*
 * codec/leef_fuzz.c - no input may break these promises: parts lie inside the input, in order;
 * keys are never empty and pairs move on; a refusal names an offset inside the input.
 */
#include "codec/leef.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    struct mm_fault fault = {0};
    struct mm_leef leef;
    struct mm_leef_walk walk;
    struct mm_leef_pair pair;
    const uint8_t *at = in.p;
    size_t stray = 0;

    if (mm_leef_parse(in, &leef, &fault) != MM_OK) {
        MM_ASSERT(fault.what != NULL && fault.at <= in.n);
        return;
    }
    for (size_t i = 0; i < MM_LEEF_PARTS; i++) {
        MM_ASSERT(leef.part[i].p >= at && leef.part[i].p + leef.part[i].n <= in.p + in.n);
        at = leef.part[i].p + leef.part[i].n;
    }
    mm_leef_walk(&walk, &leef);
    while (mm_leef_next(&walk, &pair, &stray)) {
        MM_ASSERT(pair.key.n > 0 && pair.key.p >= at);
        MM_ASSERT(pair.value.p > pair.key.p && pair.value.p + pair.value.n <= in.p + in.n);
        at = pair.value.p + pair.value.n;
    }
    MM_ASSERT(stray <= in.n);
}
