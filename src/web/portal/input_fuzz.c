/*
 * web/portal/input_fuzz.c - no input may break these promises: what was read is valid UTF-8 without
 * controls, bounded in number; a refusal leaves the list as it was.
 */
#include "base/utf8.h"
#include "tests/harness/test.h"
#include "web/form.h"
#include "web/portal/input.h"

static void check(struct mm_slice body, enum mm_input_kind kind)
{
    struct mm_arena arena;
    struct mm_input in = {0};

    mm_arena_init(&arena, 16 * 1024 * 1024);
    if (mm_input_read(&arena, kind, body, &in, NULL) != MM_OK) {
        MM_ASSERT(in.n == 0 && in.pair == NULL);
    } else {
        MM_ASSERT(in.n <= MM_FORM_MAX_PAIRS);
        for (size_t i = 0; i < in.n; i++) {
            MM_ASSERT(mm_utf8_valid(in.pair[i].name) && mm_utf8_valid(in.pair[i].value));
            for (size_t k = 0; k < in.pair[i].value.n; k++)
                MM_ASSERT(in.pair[i].value.p[k] != 0 && in.pair[i].value.p[k] != 0x1b);
        }
    }
    mm_arena_done(&arena);
}

FUZZ(in)
{
    check(in, MM_INPUT_FORM);
    check(in, MM_INPUT_JSON);
}
