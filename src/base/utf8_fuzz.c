/*
 * base/utf8_fuzz.c - no input may break these promises: what clean writes is valid; what is
 * valid stays as it was; a cut never exceeds its limit and never splits a character.
 */
#include "base/utf8.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    struct mm_buf b;

    mm_buf_init(&b, 4 * 1024 * 1024);
    mm_utf8_clean(&b, in);
    MM_ASSERT(mm_buf_ok(&b));
    MM_ASSERT(mm_utf8_valid(mm_buf_slice(&b)));
    if (mm_utf8_valid(in)) {
        MM_ASSERT(mm_slice_eq(in, mm_buf_slice(&b)));
        for (size_t max = 0; max < in.n && max < 16; max++) {
            struct mm_slice cut = mm_utf8_cut(in, max);
            MM_ASSERT(cut.n <= max && mm_utf8_valid(cut));
        }
    }
    mm_buf_reset(&b);
    mm_utf8_json(&b, in);
    MM_ASSERT(mm_utf8_valid(mm_buf_slice(&b)));
    mm_buf_done(&b);
}
