/*
 * codec/http1_fuzz.c - no input may break these promises: slices of a head stay inside it; a
 * refusal names an offset inside the input; a body read in one piece and byte by byte gives the
 * same bytes, the same end and the same refusal; its length never passes the maximum.
 */
#include "codec/http1.h"
#include "tests/harness/test.h"

enum { BODY_MAX = 4096 };

struct outcome {
    enum mm_code code;
    uint32_t crc;
    uint64_t total;
    bool done;
};

static struct outcome read_body(const struct mm_http1_head *h, struct mm_slice in, size_t step)
{
    struct outcome o = {0};
    struct mm_http1_body b;
    size_t at = 0;

    o.code = mm_http1_body_init(&b, h, BODY_MAX, NULL);
    while (o.code == MM_OK && !b.done && at < in.n) {
        struct mm_slice data;
        size_t used;

        o.code = mm_http1_body_next(&b, mm_slice_sub(in, at, step), &used, &data, NULL);
        if (o.code != MM_OK)
            break;
        MM_ASSERT(used > 0 && data.n <= used);
        for (size_t i = 0; i < data.n; i++)
            o.crc = o.crc * 31 + data.p[i];
        o.total += data.n;
        MM_ASSERT(o.total == b.total && o.total <= BODY_MAX);
        at += used;
        o.done = b.done;
    }
    return o;
}

static void inside(struct mm_slice in, struct mm_slice part)
{
    MM_ASSERT(part.n == 0 || (part.p >= in.p && part.p + part.n <= in.p + in.n));
}

FUZZ(in)
{
    struct mm_http1_head h;
    struct mm_fault f = {0};
    size_t scan = 0, length = 0;
    enum mm_http1_kind kind = in.n > 0 && in.p[0] == 'H' ? MM_HTTP1_RESPONSE : MM_HTTP1_REQUEST;
    struct mm_slice head, rest;

    if (mm_http1_head_end(in, &scan, &length, &f) != MM_OK) {
        MM_ASSERT(f.at <= in.n);
        return;
    }
    head = mm_slice_sub(in, 0, length);
    rest = mm_slice_sub(in, length, SIZE_MAX);
    if (mm_http1_head_parse(head, kind, &h, &f) != MM_OK) {
        MM_ASSERT(f.what != NULL && f.at <= head.n);
        return;
    }
    inside(head, h.method);
    inside(head, h.target);
    for (size_t i = 0; i < h.field_n; i++) {
        inside(head, h.field[i].name);
        inside(head, h.field[i].value);
    }
    struct outcome whole = read_body(&h, rest, SIZE_MAX), bytes = read_body(&h, rest, 1);

    MM_ASSERT(whole.code == bytes.code);
    if (whole.code == MM_OK)
        MM_ASSERT(whole.crc == bytes.crc && whole.total == bytes.total && whole.done == bytes.done);
}
