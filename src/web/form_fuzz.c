/*
 * web/form_fuzz.c - no input may break these promises: decoded text is valid UTF-8 and not longer
 * than what it came from; walking ends; cookie pieces lie inside the input.
 */
#include "base/utf8.h"
#include "tests/harness/test.h"
#include "web/form.h"

FUZZ(in)
{
    struct mm_arena arena;
    struct mm_rd rd = mm_rd_of(in);
    struct mm_slice name, value;
    struct mm_fault fault = {0};
    size_t pairs = 0, total = 0;
    enum mm_code code;

    mm_arena_init(&arena, 1024 * 1024);
    while ((code = mm_form_next(&arena, &rd, &name, &value, &fault)) == MM_OK) {
        MM_ASSERT(mm_utf8_valid(name) && mm_utf8_valid(value));
        total += name.n + value.n;
        pairs++;
    }
    MM_ASSERT(pairs <= in.n && total <= in.n);
    MM_ASSERT(code == MM_E_NOTFOUND || fault.what != NULL);
    rd = mm_rd_of(in);
    while (mm_cookie_next(&rd, &name, &value) == MM_OK) {
        MM_ASSERT(name.n > 0 && name.p >= in.p && value.p + value.n <= in.p + in.n);
        MM_ASSERT(rd.pos <= in.n);
    }
    mm_arena_done(&arena);
}
