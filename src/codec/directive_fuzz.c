/*
 * codec/directive_fuzz.c - no input may break these promises: name and value lie inside the line,
 * in order; a name is never empty and never too long.
 */
#include "codec/directive.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    struct mm_directive d;

    if (!mm_directive_read(in, &d))
        return;
    MM_ASSERT(d.name.p == in.p + 1 && d.name.n > 0 && d.name.n < MM_DIRECTIVE_MAX_NAME);
    MM_ASSERT(d.value.n == 0 ||
              (d.value.p > d.name.p + d.name.n - 1 && d.value.p + d.value.n <= in.p + in.n));
}
