/*
 * codec/query_fuzz.c - no input may break these promises: a refusal names an offset inside the
 * input; what was read prints as text that reads as the same tree; nodes refer only backwards.
 */
#include "codec/query.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    static struct mm_query q, again;
    struct mm_arena arena;
    struct mm_fault f = {0};
    struct mm_buf one, two;

    mm_arena_init(&arena, 1 << 20);
    mm_buf_init(&one, 1 << 18);
    mm_buf_init(&two, 1 << 18);
    if (mm_query_parse(in, &arena, &q, &f) != MM_OK) {
        MM_ASSERT(f.what != NULL && f.at <= in.n);
    } else {
        MM_ASSERT(q.n <= MM_QUERY_NODES_MAX && q.terms <= MM_QUERY_TERMS_MAX);
        for (size_t i = 0; i < q.n; i++)
            MM_ASSERT(q.node[i].at <= in.n && q.node[i].left <= i && q.node[i].right <= i);
        mm_query_print(&one, &q);
        MM_ASSERT(mm_buf_ok(&one));
        /* Printing sets every join between parentheses: only their depth may then be too much. */
        if (mm_query_parse(mm_buf_slice(&one), &arena, &again, &f) == MM_OK) {
            mm_query_print(&two, &again);
            MM_ASSERT(mm_slice_eq(mm_buf_slice(&one), mm_buf_slice(&two)));
        } else {
            MM_ASSERT(strcmp(f.what, "query.depth") == 0 || strcmp(f.what, "query.size") == 0);
        }
    }
    mm_buf_done(&one);
    mm_buf_done(&two);
    mm_arena_done(&arena);
}
