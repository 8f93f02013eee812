/*
 * codec/json_mend_fuzz.c - no input may break these promises:
 * the mended text begins as the input did and grows by a bound; mending it again changes nothing.
 * That it is JSON when the input was the beginning of JSON is codec/ext/json_fuzz.c's promise.
 */
#include "codec/json_mend.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    struct mm_arena arena;
    struct mm_slice once, twice;

    mm_arena_init(&arena, 8 * 1024 * 1024);
    if (in.n <= 1024 * 1024 && mm_json_mend(&arena, in, &once)) {
        size_t same = 0;

        while (same < once.n && same < in.n && once.p[same] == in.p[same])
            same++;
        MM_ASSERT(once.n - same <= MM_JSON_MEND_MORE);
        MM_ASSERT(mm_json_mend(&arena, once, &twice));
        MM_ASSERT(mm_slice_eq(once, twice));
    }
    mm_arena_done(&arena);
}
