/*
 * base/near.h - the next byte of a kind where it is near, eight bytes at a time.
 *
 * Purpose   Quotes and backslashes of cells and strings stand some bytes apart: there a call of
 *           memchr costs more than the bytes between them.
 * Owns      Nothing.
 * Threads   Pure functions.
 * Trust     Bytes are hostile; nothing is read or written outside of what is named.
 */
#ifndef MM_BASE_NEAR_H
#define MM_BASE_NEAR_H

#include "base/base.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the lowest byte of a word comes first");

/* Where c stands in these eight bytes: the high bit of its first place is set, none below it. */
static inline uint64_t mm_near_word(uint64_t word, uint8_t c)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t x = word ^ ones * c; /* c is a zero byte now */

    return (x - ones) & ~x & ones << 7;
}

/* Offset of the first byte c at or behind `from`; s.n when there is none. */
static inline size_t mm_near_find(struct mm_slice s, uint8_t c, size_t from)
{
    size_t at = from;

    for (; s.n > at && s.n - at >= 8; at += 8) {
        uint64_t word, hit;

        memcpy(&word, s.p + at, 8);
        hit = mm_near_word(word, c);
        if (hit != 0)
            return at + (size_t)__builtin_ctzll(hit) / 8;
    }
    while (at < s.n && s.p[at] != c)
        at++;
    return at;
}

/*
 * Copy s[at..] up to its next byte c; returns how many. `out` has room for as many bytes as s has
 * from `at` on: whole words are written, never more than that.
 */
static inline size_t mm_near_copy(uint8_t *out, struct mm_slice s, size_t at, uint8_t c)
{
    size_t n = 0;

    MM_ASSERT(at <= s.n);
    for (; s.n - at - n >= 8; n += 8) {
        uint64_t word, hit;

        memcpy(&word, s.p + at + n, 8);
        memcpy(out + n, &word, 8);
        hit = mm_near_word(word, c);
        if (hit != 0)
            return n + (size_t)__builtin_ctzll(hit) / 8;
    }
    while (at + n < s.n && s.p[at + n] != c) {
        out[n] = s.p[at + n];
        n++;
    }
    return n;
}

#endif
