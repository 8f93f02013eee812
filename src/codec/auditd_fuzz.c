/*
 * codec/auditd_fuzz.c - no input may break these promises: parts lie inside the input; keys are
 * never empty; text is never longer than its value; a refusal names an offset inside the input.
 */
#include "codec/auditd.h"
#include "tests/harness/test.h"

static void inside(struct mm_slice in, struct mm_slice part)
{
    MM_ASSERT(part.n == 0 || (part.p >= in.p && part.p + part.n <= in.p + in.n));
}

FUZZ(in)
{
    struct mm_fault fault = {0};
    struct mm_arena arena;
    struct mm_auditd a;
    struct mm_auditd_walk walk;
    struct mm_auditd_pair pair;
    size_t pairs = 0;

    if (mm_auditd_parse(in, &a, &fault) != MM_OK) {
        MM_ASSERT(fault.what != NULL && fault.at <= in.n);
        return;
    }
    inside(in, a.node);
    inside(in, a.type);
    inside(in, a.time);
    inside(in, a.serial);
    inside(in, a.avc);
    inside(in, a.permissions);
    inside(in, a.pairs);
    mm_arena_init(&arena, 1024 * 1024);
    mm_auditd_walk(&walk, a.pairs);
    while (mm_auditd_next(&walk, &pair)) {
        struct mm_slice text;

        MM_ASSERT(pair.key.n > 0 && ++pairs <= in.n);
        inside(in, pair.key);
        inside(in, pair.value);
        if (mm_auditd_text(&arena, &pair, &text))
            MM_ASSERT(text.n <= pair.value.n);
    }
    MM_ASSERT(walk.stray <= in.n);
    mm_arena_done(&arena);
}
