/* base/buf.c - see buf.h for the contract. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUF_MIN = 256 };

void mm_buf_init(struct mm_buf *b, size_t max)
{
    MM_ASSERT(b != NULL && max > 0);
    *b = (struct mm_buf){.max = max};
}

void mm_buf_done(struct mm_buf *b)
{
    free(b->p);
    *b = (struct mm_buf){0};
}

void mm_buf_reset(struct mm_buf *b)
{
    b->n = 0;
    b->failed = false;
}

uint8_t *mm_buf_grow(struct mm_buf *b, size_t n)
{
    size_t cap = b->cap;
    uint8_t *p;

    MM_ASSERT(b->max > 0);
    if (b->failed || n > b->max - b->n) {
        b->failed = true;
        return NULL;
    }
    /* Room for nothing in a new buffer is a pointer too: NULL means that there is none. */
    if (cap < BUF_MIN)
        cap = BUF_MIN;
    while (cap < b->n + n)
        cap = cap > b->max / 2 ? b->max : cap * 2;
    if (cap > b->max)
        cap = b->max;
    p = realloc(b->p, cap);
    if (p == NULL) {
        b->failed = true;
        return NULL;
    }
    b->p = p;
    b->cap = cap;
    return b->p + b->n;
}

void mm_buf_str(struct mm_buf *b, const char *s)
{
    mm_buf_add(b, mm_slice_str(s));
}

void mm_buf_u64(struct mm_buf *b, uint64_t v)
{
    uint8_t digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (uint8_t)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    mm_buf_add(b, mm_slice_of(digits + at, sizeof(digits) - at));
}

void mm_buf_i64(struct mm_buf *b, int64_t v)
{
    if (v < 0)
        mm_buf_byte(b, '-');
    mm_buf_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void mm_buf_u32le(struct mm_buf *b, uint32_t v)
{
    uint8_t le[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};

    mm_buf_add(b, mm_slice_of(le, sizeof(le)));
}

void mm_buf_u64le(struct mm_buf *b, uint64_t v)
{
    mm_buf_u32le(b, (uint32_t)v);
    mm_buf_u32le(b, (uint32_t)(v >> 32));
}

void mm_buf_fmt(struct mm_buf *b, const char *fmt, ...)
{
    va_list ap;
    int n;
    uint8_t *p;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    MM_ASSERT(n >= 0);
    p = mm_buf_room(b, (size_t)n + 1);
    if (p == NULL)
        return;
    va_start(ap, fmt);
    (void)vsnprintf((char *)p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->n += (size_t)n;
}
