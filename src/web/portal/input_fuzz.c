/*
 * web/portal/input_fuzz.c - no input may break these promises: what was read is valid UTF-8 without
 * controls, bounded in number; a refusal leaves the list as it was.
 */
#include "base/utf8.h"
#include "tests/harness/test.h"
#include "web/form.h"
#include "web/portal/input.h"

/* kind 2: a form with files. */
static void check(struct mm_slice body, int kind)
{
    struct mm_arena arena;
    struct mm_input in = {0};
    enum mm_code code;

    mm_arena_init(&arena, 16 * 1024 * 1024);
    code = kind == 2 ? mm_input_read_files(&arena, MM_S("multipart/form-data; boundary=X"), body,
                                           &in, NULL)
                     : mm_input_read(&arena, (enum mm_input_kind)kind, body, &in, NULL);
    if (code != MM_OK) {
        MM_ASSERT(in.n == 0 && in.pair == NULL && in.file.name.n == 0);
    } else {
        MM_ASSERT(mm_utf8_valid(in.file.file_name) && in.file.bytes.n <= body.n);
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
    check(in, 2);
}
