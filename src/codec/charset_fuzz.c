/*
 * codec/charset_fuzz.c - no input may break these promises: what is decoded is UTF-8 of at most
 * three bytes for each byte read, and stops between characters when there is no more room; a set
 * that was detected decodes; UTF-16 in two pieces reads as in one.
 */
#include <stdlib.h>

#include "base/utf8.h"
#include "codec/charset.h"
#include "tests/harness/test.h"

static void check_utf16(struct mm_slice in, enum mm_charset cs)
{
    struct mm_utf16 one = {.cs = cs}, two = {.cs = cs};
    size_t cut = in.n / 3, n, m;
    uint8_t *a = malloc(mm_utf16_room(in.n)), *b = malloc(2 * mm_utf16_room(in.n));

    MM_ASSERT(a != NULL && b != NULL);
    n = mm_utf16_feed(&one, in, a);
    m = mm_utf16_feed(&two, mm_slice_sub(in, 0, cut), b);
    m += mm_utf16_feed(&two, mm_slice_sub(in, cut, SIZE_MAX), b + m);
    MM_ASSERT(n <= mm_utf16_room(in.n));
    MM_ASSERT(mm_slice_eq(mm_slice_of(a, n), mm_slice_of(b, m)));
    MM_ASSERT(mm_utf8_valid(mm_slice_of(a, n)));
    free(a);
    free(b);
}

FUZZ(in)
{
    struct mm_charset_seen seen = {0};
    enum mm_charset found = mm_charset_detect(in, &seen);
    uint8_t *out = malloc(3 * in.n + 1);
    bool whole;

    MM_ASSERT(out != NULL && found < MM_CS_UTF_16LE);
    MM_ASSERT(!mm_charset_plain(in) || (seen.lean == 0 && mm_utf8_valid(in)));
    for (int i = MM_CS_UTF8; i < MM_CS_COUNT; i++) {
        enum mm_charset cs = (enum mm_charset)i;
        size_t n = mm_charset_decode(cs, in, out, 3 * in.n, &whole), less;

        MM_ASSERT(mm_utf8_valid(mm_slice_of(out, n)));
        if (cs == MM_CS_UTF8 && mm_utf8_valid(in))
            MM_ASSERT(whole || mm_slice_search(in, MM_S("\xEF\xBF\xBD")) != SIZE_MAX);
        less = mm_charset_decode(cs, in, out, n / 2, &whole);
        MM_ASSERT(less <= n / 2 && mm_utf8_valid(mm_slice_of(out, less)));
    }
    free(out);
    check_utf16(in, MM_CS_UTF_16LE);
    check_utf16(in, MM_CS_UTF_16BE);
}
