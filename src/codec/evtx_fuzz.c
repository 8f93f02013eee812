/*
 * codec/evtx_fuzz.c - no input may break these promises: reading ends; offsets lie in the file and
 * never go back; a record holds an element; what is written of it is one line of UTF-8.
 */
#include "codec/evtx.h"

#include "base/utf8.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    static struct mm_evtx e;
    struct mm_evtx_item item;
    struct mm_buf out;
    size_t at = 0;

    mm_buf_init(&out, 64 * 1024 * 1024);
    mm_evtx_init(&e, in);
    for (size_t n = 0;; n++) {
        MM_ASSERT(n <= in.n / 8 + 8);
        mm_evtx_next(&e, &item);
        MM_ASSERT(item.at >= at && item.at <= in.n);
        at = item.at;
        if (item.kind == MM_EVTX_END)
            break;
        MM_ASSERT((item.kind == MM_EVTX_BROKEN) == (item.why != NULL));
        if (item.kind == MM_EVTX_BROKEN)
            continue;
        MM_ASSERT(item.top->child != NULL);
        mm_buf_reset(&out);
        mm_tree_json(&out, item.top);
        if (!mm_buf_ok(&out))
            continue;
        MM_ASSERT(mm_slice_find(mm_buf_slice(&out), '\n', 0) == SIZE_MAX);
        MM_ASSERT(mm_utf8_valid(mm_buf_slice(&out)));
    }
    mm_evtx_next(&e, &item);
    MM_ASSERT(item.kind == MM_EVTX_END);
    mm_evtx_done(&e);
    mm_buf_done(&out);
}
