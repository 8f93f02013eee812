/*
 * base/time_fuzz.c - no input may break these promises: a time that was read lies between 1970
 * and the start of 2107, and its text reads back as the same moment.
 */
#include "base/time.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    int64_t us, again;
    bool zone;
    char text[MM_TIME_TEXT];

    if (!mm_time_parse(in, 9 * 3600, &us, &zone))
        return;
    MM_ASSERT(us > -MM_US_PER_DAY && us < 137 * 366 * MM_US_PER_DAY);
    if (us < 0)
        return;
    mm_time_text(us, text);
    if (strncmp(text, "2107", 4) == 0)
        return;
    MM_ASSERT(mm_time_parse(mm_slice_str(text), 0, &again, &zone));
    MM_ASSERT(zone && again == us);
}
