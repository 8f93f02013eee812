/* os/meter_test.c - durations are counted where they belong, and read by others as they stand. */
#include "os/meter.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/harness/test.h"

TEST(durations_are_counted_in_their_bucket_and_read_back)
{
    char path[300];
    struct mm_meters *m = NULL;
    struct mm_durations d[MM_METERS];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/x.meters", mm_test_dir());
    CHECK(mm_meters_read(path, d) == MM_E_NOTFOUND);
    CHECK(mm_meters_open(path, &m) == MM_OK);
    mm_meter_add(m, MM_METER_SEARCH, -5); /* a clock that went back */
    mm_meter_add(m, MM_METER_SEARCH, 1000);
    mm_meter_add(m, MM_METER_SEARCH, 1001);
    mm_meter_add(m, MM_METER_SEARCH, INT64_C(3600000000));
    mm_meter_add(m, MM_METER_INSERT, 7);
    mm_meter_add(NULL, MM_METER_INSERT, 7);
    CHECK(mm_meters_read(path, d) == MM_OK);
    CHECK_NUM(d[MM_METER_SEARCH].count[0], 2);
    CHECK_NUM(d[MM_METER_SEARCH].count[1], 1);
    CHECK_NUM(d[MM_METER_SEARCH].count[MM_METER_BOUNDS], 1);
    CHECK_NUM(d[MM_METER_SEARCH].sum_us, INT64_C(3600002001));
    CHECK_NUM(d[MM_METER_INSERT].count[0], 1);
    CHECK_NUM(d[MM_METER_LAG].sum_us, 0);
    mm_meters_close(&m);
    /* Another life begins at nothing; what is cut short is none. */
    CHECK(mm_meters_open(path, &m) == MM_OK);
    CHECK(mm_meters_read(path, d) == MM_OK && d[MM_METER_SEARCH].sum_us == 0);
    mm_meters_close(&m);
    f = fopen(path, "w");
    CHECK(f != NULL && fputs("MMMETERS", f) >= 0 && fclose(f) == 0);
    CHECK(mm_meters_read(path, d) == MM_E_NOTFOUND);
}
