/*
 * codec/url_fuzz.c - no input may break these promises: what was encoded decodes to itself; pieces
 * stay inside the input; decoding never makes anything longer.
 */
#include "codec/url.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    struct mm_buf coded, plain;
    struct mm_slice path, query, name, value;
    struct mm_rd rd;

    mm_buf_init(&coded, in.n * 3 + 1);
    mm_buf_init(&plain, in.n + 1);
    mm_url_encode(&coded, in);
    MM_ASSERT(mm_url_decode(&plain, mm_buf_slice(&coded)));
    MM_ASSERT(mm_slice_eq(mm_buf_slice(&plain), in));
    mm_url_split(in, &path, &query);
    MM_ASSERT(path.n + query.n <= in.n);
    rd = mm_rd_of(query);
    while (mm_url_next(&rd, &name, &value)) {
        MM_ASSERT(name.n + value.n <= query.n);
        mm_buf_reset(&plain);
        if (mm_url_decode(&plain, value))
            MM_ASSERT(mm_buf_ok(&plain) && plain.n <= value.n);
    }
    mm_buf_done(&coded);
    mm_buf_done(&plain);
}
