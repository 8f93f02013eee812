/*
 * codec/relay_fuzz.c - no input may break these promises: a refusal names an offset inside the
 * input; lines lie inside it, in order; what was read is written the same again.
 */
#include "codec/relay.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    struct mm_relay_head h;
    struct mm_relay_line l;
    struct mm_slice rest;
    struct mm_fault fault = {0};
    struct mm_buf again;
    bool whole;

    if (mm_relay_head(in, &h, &rest, &fault) != MM_OK) {
        MM_ASSERT(fault.what != NULL && fault.at <= in.n);
        return;
    }
    whole = mm_relay_whole(&h, rest);
    mm_buf_init(&again, in.n + MM_RELAY_HEAD);
    mm_relay_put_head(&again, &h);
    for (uint32_t i = 0; i < h.count && mm_relay_line(&rest, &l); i++) {
        MM_ASSERT(l.body.p >= in.p && l.body.p + l.body.n <= in.p + in.n);
        MM_ASSERT(rest.p == l.body.p + l.body.n || rest.n == 0);
        mm_relay_put_line(&again, &l);
    }
    MM_ASSERT(!whole || (again.n == in.n && rest.n == 0));
    mm_buf_done(&again);
}
