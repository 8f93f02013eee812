/*
 * codec/when_fuzz.c - no input may break these promises: a form takes at most MM_WHEN_MAX bytes and
 * moves only when it reads; what resolves lies between 1970 and 2107 or within a day of that.
 */
#include "codec/when.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    for (int form = 0; form < MM_WHEN_COUNT; form++) {
        struct mm_rd rd = mm_rd_of(in);
        struct mm_when when = {0};
        int64_t us;

        if (!mm_when_read(&rd, (enum mm_when_form)form, &when)) {
            MM_ASSERT(rd.pos == 0 && !when.has_date && !when.is_epoch);
            continue;
        }
        MM_ASSERT(rd.pos > 0 && rd.pos <= in.n && rd.pos <= MM_WHEN_MAX);
        if (mm_when_resolve(&when, INT64_C(1795147200000000), 9 * 3600, &us))
            MM_ASSERT(us > -MM_US_PER_DAY && us < 138 * 366 * MM_US_PER_DAY);
    }
}
