/*
 * store/events/attach_fuzz.c - no input may break these promises: what is taken for a table of ours
 * has one statement, no comment and no engine but ours; what is refused names a byte in it.
 */
#include "store/events/attach.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    for (int t = 0; t < MM_ET_COUNT; t++) {
        struct mm_fault fault = {.at = SIZE_MAX};

        if (mm_attach_check(in, (enum mm_etable)t, &fault) != MM_OK) {
            MM_ASSERT(fault.what != NULL && fault.at <= in.n);
            continue;
        }
        MM_ASSERT(mm_slice_find(in, ';', 0) == SIZE_MAX);
        MM_ASSERT(mm_slice_search(in, MM_S("--")) == SIZE_MAX ||
                  mm_slice_search(in, MM_S("--")) < 60); /* in the number of the table */
        MM_ASSERT(mm_slice_search(in, MM_S("/*")) == SIZE_MAX);
        MM_ASSERT(mm_slice_search(in, MM_S("\nENGINE = MergeTree\n")) != SIZE_MAX);
    }
}
