/*
 * codec/journal_fuzz.c - no input may break these promises: names and values lie inside the input,
 * in order; a walk moves on and ends; a refusal names an offset inside the input.
 */
#include "codec/journal.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    struct mm_journal j;
    struct mm_journal_field f;
    struct mm_fault fault = {0};
    size_t before;
    enum mm_code code;

    mm_journal_init(&j, in);
    before = j.pos;
    while ((code = mm_journal_next(&j, &f, &fault)) == MM_OK) {
        MM_ASSERT(f.name.n > 0 && f.name.p == in.p + before);
        MM_ASSERT(f.value.n == 0 || (f.value.p > f.name.p && f.value.p + f.value.n <= in.p + in.n));
        MM_ASSERT(j.pos > before && j.pos <= in.n);
        before = j.pos;
    }
    MM_ASSERT(code == MM_E_NOTFOUND || (fault.what != NULL && fault.at <= in.n));
}
