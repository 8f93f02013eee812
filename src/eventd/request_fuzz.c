/*
 * eventd/request_fuzz.c - no input may break these promises: what is accepted has a format of plain
 * letters, an id without anything that could end a header line, and bounded parameters; a refusal
 * has a name.
 */
#include "eventd/request.h"
#include "tests/harness/test.h"

static void only_plain(struct mm_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        MM_ASSERT(s.p[i] > ' ' && s.p[i] < 0x7f && s.p[i] != '\'');
}

FUZZ(in)
{
    struct mm_http1_head head;
    struct mm_request r;
    struct mm_fault f = {0};
    struct mm_arena arena;
    size_t scan = 0, length = 0;

    if (mm_http1_head_end(in, &scan, &length, NULL) != MM_OK ||
        mm_http1_head_parse(mm_slice_sub(in, 0, length), MM_HTTP1_REQUEST, &head, NULL) != MM_OK)
        return;
    mm_arena_init(&arena, MM_REQUEST_ARENA_MAX);
    if (mm_request_parse(&head, &arena, &r, &f) != MM_OK) {
        MM_ASSERT(f.what != NULL);
    } else if (!r.ping) {
        MM_ASSERT(r.format.n > 0 && r.param_n <= MM_STORE_PARAMS_MAX);
        MM_ASSERT(r.id.n <= MM_REQUEST_ID_MAX);
        only_plain(r.format);
        only_plain(r.id);
        for (size_t i = 0; i < r.param_n; i++) {
            MM_ASSERT(r.param[i].name.n > 0);
            only_plain(r.param[i].name);
        }
    }
    mm_arena_done(&arena);
}
