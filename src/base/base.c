/* base/base.c - see base.h for the contract. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static const struct {
    const char *key;
    int http;
} code_table[] = {
#define MM_CODE(name, http_status, i18n_key) {i18n_key, http_status},
#include "base/codes.def"
#undef MM_CODE
};
static_assert(MM_COUNT(code_table) == MM_CODE_COUNT, "one row per code");

const char *mm_code_key(enum mm_code code)
{
    MM_ASSERT((size_t)code < MM_CODE_COUNT);
    return code_table[code].key;
}

int mm_code_http(enum mm_code code)
{
    MM_ASSERT((size_t)code < MM_CODE_COUNT);
    return code_table[code].http;
}

void mm_assert_failed(const char *expr, const char *file, int line)
{
    fprintf(stderr, "mimamori: assertion failed: %s (%s:%d)\n", expr, file, line);
    abort();
}

enum { SHORT_NEEDLE = 32 }; /* longer ones are worth the tables that memmem prepares */

/*
 * A short text: sixteen places are tried at a time for its first and its last byte together, so
 * that a text full of one of them costs no more. At most SHORT_NEEDLE bytes are compared a place.
 */
static size_t search_short(struct mm_slice s, struct mm_slice needle)
{
    size_t i = 0, places = s.n - needle.n + 1;
#if defined(__SSE2__)
    const __m128i first = _mm_set1_epi8((char)needle.p[0]);
    const __m128i last = _mm_set1_epi8((char)needle.p[needle.n - 1]);

    for (; places - i >= 16; i += 16) {
        __m128i a = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i));
        __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i + needle.n - 1));
        unsigned hits = (unsigned)_mm_movemask_epi8(
            _mm_and_si128(_mm_cmpeq_epi8(a, first), _mm_cmpeq_epi8(b, last)));

        for (; hits != 0; hits &= hits - 1) {
            size_t at = i + (unsigned)__builtin_ctz(hits);

            if (memcmp(s.p + at, needle.p, needle.n) == 0)
                return at;
        }
    }
#endif
    for (; i < places; i++) {
        if (s.p[i] == needle.p[0] && memcmp(s.p + i, needle.p, needle.n) == 0)
            return i;
    }
    return SIZE_MAX;
}

size_t mm_slice_search(struct mm_slice s, struct mm_slice needle)
{
    const uint8_t *hit;

    if (needle.n == 0)
        return 0;
    if (s.n < needle.n)
        return SIZE_MAX;
    if (needle.n <= SHORT_NEEDLE)
        return search_short(s, needle);
    hit = memmem(s.p, s.n, needle.p, needle.n);
    return hit == NULL ? SIZE_MAX : (size_t)(hit - s.p);
}

size_t mm_slice_distance(struct mm_slice a, struct mm_slice b)
{
    size_t row[MM_DISTANCE_MAX + 1];

    a = mm_slice_sub(a, 0, MM_DISTANCE_MAX);
    b = mm_slice_sub(b, 0, MM_DISTANCE_MAX);
    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t corner = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t swap = corner + (a.p[i - 1] == b.p[j - 1] ? 0 : 1);

            corner = row[j];
            row[j] = mm_min_size(swap, mm_min_size(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.n];
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct mm_slice mm_slice_trim(struct mm_slice s)
{
    while (s.n > 0 && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool mm_slice_ieq(struct mm_slice a, struct mm_slice b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    }
    return true;
}

bool mm_slice_u64(struct mm_slice s, uint64_t *ret)
{
    uint64_t v = 0;

    if (s.n == 0)
        return false;
    MM_ASSERT(s.p != NULL);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        if (__builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
            return false;
    }
    *ret = v;
    return true;
}

bool mm_slice_i64(struct mm_slice s, int64_t *ret)
{
    bool minus = s.n > 0 && s.p[0] == '-';
    uint64_t v;

    if (!mm_slice_u64(mm_slice_sub(s, minus ? 1 : 0, SIZE_MAX), &v))
        return false;
    if (v > (uint64_t)INT64_MAX + (minus ? 1 : 0))
        return false;
    /* Negating as unsigned is defined and lands on INT64_MIN for 2^63. */
    *ret = minus ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

bool mm_slice_hex(struct mm_slice s, uint64_t *ret)
{
    uint64_t v = 0;

    if (s.n == 0 || s.n > 16)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = lower(s.p[i]);
        unsigned digit;

        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (unsigned)(c - 'a') + 10;
        else
            return false;
        v = v << 4 | digit;
    }
    *ret = v;
    return true;
}
