/*
 * base/buf.h - a growing byte buffer with a mandatory maximum.
 *
 * Purpose   Build output whose size is not known before.
 * Owns      Its bytes; mm_buf_slice borrows them until the next write.
 * Threads   One buffer, one thread.
 * Trust     Past the maximum or out of memory the buffer becomes `failed`,
 *           ignores further writes and says so once at the end: callers check
 *           mm_buf_ok when they are done, not after every write.
 */
#ifndef MM_BASE_BUF_H
#define MM_BASE_BUF_H

#include "base/base.h"

struct mm_buf {
    uint8_t *p;
    size_t n;
    size_t cap;
    size_t max;
    bool failed;
};

/* An empty buffer that never grows past max bytes. Allocates nothing yet. */
void mm_buf_init(struct mm_buf *b, size_t max);
/* Give the bytes back. Safe on a zeroed buffer. */
void mm_buf_done(struct mm_buf *b);
/* Empty it, keep the memory, forget a failure. */
void mm_buf_reset(struct mm_buf *b);
static inline bool mm_buf_ok(const struct mm_buf *b)
{
    return !b->failed;
}
static inline struct mm_slice mm_buf_slice(const struct mm_buf *b)
{
    return mm_slice_of(b->p, b->n);
}
/* What mm_buf_room does when there is not enough yet. */
uint8_t *mm_buf_grow(struct mm_buf *b, size_t n);
/* Room for n more bytes at the end, or NULL (and failed). The caller then adds to b->n. */
static inline uint8_t *mm_buf_room(struct mm_buf *b, size_t n)
{
    return b->p != NULL && !b->failed && n <= b->cap - b->n ? b->p + b->n : mm_buf_grow(b, n);
}
static inline void mm_buf_add(struct mm_buf *b, struct mm_slice s)
{
    uint8_t *p = s.n == 0 ? NULL : mm_buf_room(b, s.n);

    if (p == NULL)
        return;
    memcpy(p, s.p, s.n);
    b->n += s.n;
}
static inline void mm_buf_byte(struct mm_buf *b, uint8_t c)
{
    uint8_t *p = mm_buf_room(b, 1);

    if (p == NULL)
        return;
    *p = c;
    b->n++;
}
void mm_buf_str(struct mm_buf *b, const char *s); /* text of ours */
void mm_buf_u64(struct mm_buf *b, uint64_t v);    /* decimal */
void mm_buf_i64(struct mm_buf *b, int64_t v);
void mm_buf_u32le(struct mm_buf *b, uint32_t v);
void mm_buf_u64le(struct mm_buf *b, uint64_t v);
void mm_buf_fmt(struct mm_buf *b, const char *fmt, ...) MM_PRINTF(2, 3);

#endif
