/* detect/fold.c - see fold.h for the contract. */
#include "detect/fold.h"

#include "base/utf8.h"

static const struct {
    uint32_t first, last;
    uint16_t step;
    int32_t delta;
} ranges[] = {
#define MM_FOLD(first, last, step, delta) {first, last, step, delta},
#include "detect/fold.def"
#undef MM_FOLD
};

uint32_t mm_fold_point(uint32_t c)
{
    size_t lo = 0, hi = MM_COUNT(ranges);

    if (c < 0x80)
        return c >= 'A' && c <= 'Z' ? c + 32 : c;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (ranges[mid].last < c)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == MM_COUNT(ranges) || c < ranges[lo].first ||
        (c - ranges[lo].first) % ranges[lo].step != 0)
        return c;
    return (uint32_t)((int32_t)c + ranges[lo].delta); /* both within 0..0x10FFFF: the table's */
}

size_t mm_fold_room(size_t n)
{
    MM_ASSERT(n <= SIZE_MAX / 4);
    return n / MM_FOLD_GROW_DEN * MM_FOLD_GROW_NUM + 8; /* 8: the ASCII loop writes whole words */
}

static size_t decode(const uint8_t *p, size_t len, uint32_t *ret)
{
    switch (len) {
    case 2:
        *ret = (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3fU);
        break;
    case 3:
        *ret = (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3fU);
        break;
    default:
        *ret = (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 |
               (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3fU);
        break;
    }
    return len;
}

static size_t encode(uint8_t *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xc0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xe0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (c & 0x3f));
    return 4;
}

/* Eight ASCII bytes at once: bit 5 is set where a byte lies in A..Z. All bytes are < 0x80. */
static uint64_t fold8(uint64_t w)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t above = w + (0x80 - 'A') * ones;    /* high bit: byte >= 'A' */
    uint64_t past = w + (0x80 - 'Z' - 1) * ones; /* high bit: byte > 'Z' */

    return w | ((above & ~past & 0x80 * ones) >> 2);
}

enum { BLOCK = 32 };

static bool ascii_block(const uint8_t *p)
{
    uint64_t w[BLOCK / 8], all = 0;

    memcpy(w, p, BLOCK);
    for (size_t i = 0; i < MM_COUNT(w); i++)
        all |= w[i];
    return (all & UINT64_C(0x8080808080808080)) == 0;
}

/* A fixed number of bytes, so that the compiler makes vectors of them. */
static void fold_block(uint8_t *restrict out, const uint8_t *restrict in)
{
    for (size_t i = 0; i < BLOCK; i++)
        out[i] = (uint8_t)(in[i] + ((uint8_t)(in[i] - 'A') < 26 ? 32 : 0));
}

size_t mm_fold(uint8_t *out, struct mm_slice s)
{
    size_t i = 0, n = 0;

    MM_ASSERT(out != NULL || s.n == 0);
    while (i < s.n) {
        uint64_t w;
        size_t len;
        uint32_t c;

        if (s.n - i >= BLOCK && ascii_block(s.p + i)) {
            fold_block(out + n, s.p + i);
            i += BLOCK;
            n += BLOCK;
            continue;
        }
        if (s.n - i >= 8) {
            memcpy(&w, s.p + i, 8);
            if ((w & UINT64_C(0x8080808080808080)) == 0) {
                w = fold8(w);
                memcpy(out + n, &w, 8);
                i += 8;
                n += 8;
                continue;
            }
        }
        if (s.p[i] < 0x80) {
            out[n++] = (uint8_t)(s.p[i] + ((uint8_t)(s.p[i] - 'A') < 26 ? 32 : 0));
            i++;
            continue;
        }
        len = mm_utf8_len(s, i);
        if (len == 0) {
            out[n++] = s.p[i++];
            continue;
        }
        i += decode(s.p + i, len, &c);
        n += encode(out + n, mm_fold_point(c));
    }
    return n;
}
