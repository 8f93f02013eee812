/*
 * codec/kv_fuzz.c - no input may break these promises: keys and values lie inside the input, in
 * order, and a pair always moves on; a key is never empty; unescaping never makes anything longer.
 */
#include "codec/kv.h"
#include "tests/harness/test.h"

static void walk(struct mm_slice in, struct mm_kv_style style, struct mm_arena *arena)
{
    struct mm_kv kv;
    struct mm_kv_pair pair;
    size_t stray = 0, before = 0;

    mm_kv_init(&kv, in, style);
    while (mm_kv_next(&kv, &pair, &stray)) {
        struct mm_slice text;

        MM_ASSERT(pair.key.n > 0 && pair.key.p >= in.p + before);
        MM_ASSERT(pair.value.p > pair.key.p && pair.value.p + pair.value.n <= in.p + in.n);
        MM_ASSERT(kv.pos > before && kv.pos <= in.n);
        before = kv.pos;
        if (pair.escaped && mm_kv_unescape(arena, pair.value, style.escape, &text))
            MM_ASSERT(text.n <= pair.value.n);
    }
    MM_ASSERT(stray <= in.n);
}

FUZZ(in)
{
    static const struct mm_kv_style styles[] = {
        {.gap = ' ', .assign = '=', .quote = '"', .escape = '\\'},
        {.gap = ' ', .assign = '=', .escape = '\\', .spaces = true},
        {.gap = ',', .assign = ':', .quote = '\''},
        {.gap = ',', .assign = ':', .quote = '"', .quote2 = '\'', .spaces = true},
        {.gap = '\t', .assign = '=', .quote = '"', .spaces = true},
        {.gap = ',', .assign = ':', .quote = '"', .words = true},
    };
    struct mm_arena arena;

    mm_arena_init(&arena, 1024 * 1024);
    for (size_t i = 0; i < MM_COUNT(styles); i++)
        walk(in, styles[i], &arena);
    mm_arena_done(&arena);
}
