/*
 * base/rd.h - a bounded cursor over a slice: the only place a position meets an end.
 *
 * Purpose   Parsers read through these functions and never index foreign bytes.
 * Owns      Nothing; slices handed out borrow the input.
 * Threads   Pure functions.
 * Trust     Input is hostile. A function that returns false has moved nothing
 *           unless it says so.
 */
#ifndef MM_BASE_RD_H
#define MM_BASE_RD_H

#include "base/base.h"

struct mm_rd {
    struct mm_slice in;
    size_t pos;
};

static inline struct mm_rd mm_rd_of(struct mm_slice in)
{
    return (struct mm_rd){.in = in, .pos = 0};
}

static inline size_t mm_rd_left(const struct mm_rd *rd)
{
    MM_ASSERT(rd->pos <= rd->in.n);
    return rd->in.n - rd->pos;
}

/* All that is left, without moving. */
static inline struct mm_slice mm_rd_rest(const struct mm_rd *rd)
{
    return mm_slice_sub(rd->in, rd->pos, SIZE_MAX);
}

/* The next byte without moving, or -1 at the end. */
static inline int mm_rd_peek(const struct mm_rd *rd)
{
    return rd->pos < rd->in.n ? rd->in.p[rd->pos] : -1;
}

/* Consume exactly this byte. */
static inline bool mm_rd_byte(struct mm_rd *rd, uint8_t c)
{
    if (rd->pos >= rd->in.n || rd->in.p[rd->pos] != c)
        return false;
    rd->pos++;
    return true;
}

/* Consume exactly these bytes. */
static inline bool mm_rd_lit(struct mm_rd *rd, struct mm_slice lit)
{
    if (!mm_slice_starts(mm_rd_rest(rd), lit))
        return false;
    rd->pos += lit.n;
    return true;
}

/* Skip every byte c; returns how many. */
static inline size_t mm_rd_skip(struct mm_rd *rd, uint8_t c)
{
    size_t from = rd->pos;

    while (rd->pos < rd->in.n && rd->in.p[rd->pos] == c)
        rd->pos++;
    return rd->pos - from;
}

/* 1..digits_max decimal digits (at most 9) as a number. */
static inline bool mm_rd_dec(struct mm_rd *rd, size_t digits_max, uint32_t *ret)
{
    size_t i = 0;
    uint32_t v = 0;

    MM_ASSERT(digits_max <= 9);
    while (i < digits_max && rd->pos + i < rd->in.n) {
        uint8_t c = rd->in.p[rd->pos + i];
        if (c < '0' || c > '9')
            break;
        v = v * 10 + (uint32_t)(c - '0');
        i++;
    }
    if (i == 0)
        return false;
    rd->pos += i;
    *ret = v;
    return true;
}

/* Exactly `digits` decimal digits. */
static inline bool mm_rd_fixed(struct mm_rd *rd, size_t digits, uint32_t *ret)
{
    size_t from = rd->pos;
    uint32_t v;

    if (!mm_rd_dec(rd, digits, &v))
        return false;
    if (rd->pos - from != digits) {
        rd->pos = from;
        return false;
    }
    *ret = v;
    return true;
}

/* Bytes up to `stop` (which is consumed); 0 bytes are allowed. False when there is no stop. */
static inline bool mm_rd_until(struct mm_rd *rd, uint8_t stop, struct mm_slice *ret)
{
    size_t at = mm_slice_find(rd->in, stop, rd->pos);

    if (at == SIZE_MAX)
        return false;
    *ret = mm_slice_sub(rd->in, rd->pos, at - rd->pos);
    rd->pos = at + 1;
    return true;
}

/* Exactly n bytes. */
static inline bool mm_rd_take(struct mm_rd *rd, size_t n, struct mm_slice *ret)
{
    if (mm_rd_left(rd) < n)
        return false;
    *ret = mm_slice_sub(rd->in, rd->pos, n);
    rd->pos += n;
    return true;
}

/* Bytes up to `stop` (which is consumed). 1..max bytes, all printable ASCII. */
static inline bool mm_rd_token(struct mm_rd *rd, uint8_t stop, size_t max, struct mm_slice *ret)
{
    size_t left = mm_rd_left(rd);

    for (size_t i = 0; i < left && i <= max; i++) {
        uint8_t c = rd->in.p[rd->pos + i];
        if (c == stop && i > 0) {
            *ret = mm_slice_sub(rd->in, rd->pos, i);
            rd->pos += i + 1;
            return true;
        }
        if (c < 0x21 || c > 0x7e)
            return false;
    }
    return false;
}

/* Little-endian numbers, for our own binary formats. */
static inline bool mm_rd_u32le(struct mm_rd *rd, uint32_t *ret)
{
    struct mm_slice s;

    if (!mm_rd_take(rd, 4, &s))
        return false;
    *ret =
        (uint32_t)s.p[0] | (uint32_t)s.p[1] << 8 | (uint32_t)s.p[2] << 16 | (uint32_t)s.p[3] << 24;
    return true;
}

static inline bool mm_rd_u64le(struct mm_rd *rd, uint64_t *ret)
{
    uint32_t lo, hi;

    if (mm_rd_left(rd) < 8 || !mm_rd_u32le(rd, &lo) || !mm_rd_u32le(rd, &hi))
        return false;
    *ret = (uint64_t)hi << 32 | lo;
    return true;
}

#endif
