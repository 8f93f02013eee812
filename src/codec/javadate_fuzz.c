/*
 * codec/javadate_fuzz.c - the first line is the form, the second the date. No input may break these
 * promises: a refusal leaves the result; what is read has a date, and resolves or is refused.
 */
#include "codec/javadate.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    size_t end = mm_slice_find(in, '\n', 0);
    struct mm_when w = {.epoch_us = 7};
    int64_t us = 0;

    if (end == SIZE_MAX)
        return;
    if (!mm_javadate_read(mm_slice_sub(in, end + 1, SIZE_MAX), mm_slice_sub(in, 0, end), &w)) {
        MM_ASSERT(w.epoch_us == 7 && !w.has_date);
        return;
    }
    MM_ASSERT(w.has_date && !w.is_epoch);
    if (mm_when_resolve(&w, INT64_C(1795147200000000), 9 * 3600, &us))
        MM_ASSERT(us > -MM_US_PER_DAY);
}
