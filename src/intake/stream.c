/* intake/stream.c - see framing.h for the contract. */
#include "intake/stream.h"

#include <stdlib.h>

enum { PART_MIN = 512 };

void mm_stream_init(struct mm_stream *f, bool lines_only)
{
    *f = (struct mm_stream){.mode = lines_only ? MM_STREAM_LF : MM_STREAM_GUESS,
                            .lines_only = lines_only};
}

void mm_stream_done(struct mm_stream *f)
{
    free(f->part);
    *f = (struct mm_stream){0};
}

/* Keep bytes of a frame that is not whole; what goes beyond the limit is not kept. */
static bool keep(struct mm_stream *f, struct mm_slice s)
{
    size_t n = mm_min_size(s.n, MM_MAX_LINE - f->n);

    if (f->n + n > f->cap) {
        size_t cap = f->cap == 0 ? PART_MIN : f->cap;
        uint8_t *p;

        while (cap < f->n + n)
            cap *= 2;
        p = realloc(f->part, cap);
        if (p == NULL)
            return false;
        f->part = p;
        f->cap = cap;
    }
    if (n > 0)
        memcpy(f->part + f->n, s.p, n);
    f->n += n;
    return true;
}

/* A connection that sent one long line must not keep 64 KiB for good. */
static void forget_part(struct mm_stream *f)
{
    f->n = 0;
    if (f->cap > 4 * PART_MIN) {
        free(f->part);
        f->part = NULL;
        f->cap = 0;
    }
}

static void hand_out(struct mm_stream *f, struct mm_slice line, bool cut, mm_stream_emit *emit,
                     void *ctx)
{
    if (line.n > MM_MAX_LINE) {
        line.n = MM_MAX_LINE;
        cut = true;
    }
    while (!cut && line.n > 0 &&
           (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\n' || line.p[line.n - 1] == 0))
        line.n--;
    if (line.n == 0)
        return;
    f->truncated += cut;
    emit(ctx, line, cut);
}

/* NULs where a line begins: a file was cut to nothing (copytruncate) while its writer went on at
 * the place where it was. */
static size_t hole(struct mm_slice in)
{
    size_t n = 0;

    while (n < in.n && in.p[n] == 0)
        n++;
    return n;
}

/* One LF-terminated frame from in; how many bytes it took, or SIZE_MAX without memory. */
static size_t take_line(struct mm_stream *f, struct mm_slice in, mm_stream_emit *emit, void *ctx)
{
    struct mm_slice line;
    size_t lf;

    if (f->n == 0 && !f->skipping && in.p[0] == 0)
        return hole(in);
    lf = mm_slice_find(in, '\n', 0);
    line = mm_slice_sub(in, 0, lf);
    if (!f->skipping && lf != SIZE_MAX && f->n == 0) {
        hand_out(f, line, false, emit, ctx); /* the usual case: nothing is copied */
    } else if (!f->skipping) {
        bool over = line.n > MM_MAX_LINE - f->n;

        if (!keep(f, line))
            return SIZE_MAX;
        if (over || lf != SIZE_MAX) {
            hand_out(f, mm_slice_of(f->part, f->n), over, emit, ctx);
            forget_part(f);
            f->skipping = over;
        }
    }
    if (lf == SIZE_MAX)
        return in.n;
    f->skipping = false;
    if (f->mode == MM_STREAM_RESYNC)
        f->mode = MM_STREAM_GUESS;
    return lf + 1;
}

/* Bytes of a counted frame; how many it took, or SIZE_MAX. */
static size_t take_counted(struct mm_stream *f, struct mm_slice in, mm_stream_emit *emit, void *ctx)
{
    size_t n = mm_min_size(in.n, f->left);
    bool whole = n == f->left;

    if (f->skipping) {
        f->left -= n;
        f->skipping = f->left > 0;
        return n;
    }
    if (whole && f->n == 0) {
        f->left = 0;
        hand_out(f, mm_slice_sub(in, 0, n), false, emit, ctx);
        return n;
    }
    bool over = n > MM_MAX_LINE - f->n;

    if (!keep(f, mm_slice_sub(in, 0, n)))
        return SIZE_MAX;
    f->left -= n;
    if (whole || over) {
        hand_out(f, mm_slice_of(f->part, f->n), over, emit, ctx);
        forget_part(f);
        f->skipping = over && !whole;
    }
    return n;
}

enum head { HEAD_COUNT, HEAD_MORE, HEAD_NONE };

/* Do these bytes begin with a count? Once a stream counts, anything may follow the blank. */
static enum head read_count(struct mm_slice s, bool counting, size_t *ret_count, size_t *ret_n)
{
    size_t i = 0, count = 0;

    while (i < s.n && i < MM_FRAME_DIGITS && s.p[i] >= '0' && s.p[i] <= '9') {
        if (i == 0 && s.p[0] == '0')
            return HEAD_NONE;
        count = count * 10 + (size_t)(s.p[i] - '0');
        i++;
    }
    if (i == s.n)
        return HEAD_MORE;
    if (i == 0 || s.p[i] != ' ')
        return HEAD_NONE;
    if (!counting && i + 1 == s.n)
        return HEAD_MORE;
    if (!counting && s.p[i + 1] != '<' && s.p[i + 1] != '{')
        return HEAD_NONE;
    *ret_count = count;
    *ret_n = i + 1;
    return HEAD_COUNT;
}

/* The stream is where a frame begins: find out which kind; how many bytes it took, or SIZE_MAX. */
static size_t take_head(struct mm_stream *f, struct mm_slice in)
{
    bool counting = f->mode == MM_STREAM_COUNT;
    size_t had = f->n, count = 0, used = 0, n = 0;
    uint8_t head[MM_FRAME_HEAD];

    MM_ASSERT(had < MM_FRAME_HEAD);
    /* Between counted frames some senders write an LF all the same. */
    if (counting && had == 0 && in.p[0] == '\n')
        return 1;
    if (had > 0)
        memcpy(head, f->part, had);
    n = mm_min_size(sizeof(head) - had, in.n);
    memcpy(head + had, in.p, n);
    switch (read_count(mm_slice_of(head, had + n), counting, &count, &used)) {
    case HEAD_MORE:
        if (had + n < sizeof(head))
            return keep(f, in) ? in.n : SIZE_MAX;
        break; /* as many digits as fit and no end: no count */
    case HEAD_COUNT:
        MM_ASSERT(used >= had);
        f->mode = MM_STREAM_COUNT;
        f->left = count;
        forget_part(f);
        return used - had;
    case HEAD_NONE:
        break;
    }
    /* What was held so far is the beginning of a line. */
    f->mode = counting ? MM_STREAM_RESYNC : MM_STREAM_LF;
    f->resyncs += counting;
    return 0;
}

enum mm_code mm_stream_feed(struct mm_stream *f, struct mm_slice in, mm_stream_emit *emit,
                            void *ctx)
{
    while (in.n > 0) {
        size_t n;

        if (f->mode == MM_STREAM_LF || f->mode == MM_STREAM_RESYNC)
            n = take_line(f, in, emit, ctx);
        else if (f->mode == MM_STREAM_COUNT && f->left > 0)
            n = take_counted(f, in, emit, ctx);
        else
            n = take_head(f, in);
        if (n == SIZE_MAX)
            return MM_E_NOMEM;
        in = mm_slice_sub(in, n, SIZE_MAX);
    }
    return MM_OK;
}

void mm_stream_end(struct mm_stream *f, mm_stream_emit *emit, void *ctx)
{
    /* A counted frame that lacks bytes is cut; a last line without LF is whole. */
    bool cut = f->mode == MM_STREAM_COUNT;

    if (f->n > 0 && !f->skipping)
        hand_out(f, mm_slice_of(f->part, f->n), cut, emit, ctx);
    forget_part(f);
    f->left = 0;
    f->skipping = false;
    f->mode = f->lines_only ? MM_STREAM_LF : MM_STREAM_GUESS;
}
