/* codec/unit_test.c - sizes and durations: what is read, what is refused. */
#include "codec/unit.h"
#include "tests/harness/test.h"

TEST(unit_reads_sizes)
{
    static const struct {
        const char *text;
        uint64_t kilo, want;
    } cases[] = {
        {"0", 1000, 0},
        {"1234", 1000, 1234},
        {"1,234,567", 1000, 1234567},
        {"512 bytes", 1000, 512},
        {"1 Byte", 1000, 1},
        {"7B", 1000, 7},
        {"12.3 MB", 1000, 12300000},
        {"12.3 MB", 1024, 12897484},
        {"4kB", 1000, 4000},
        {"4KB", 1024, 4096},
        {"10K", 1024, 10240},
        {"1.5GiB", 1000, 1610612736},
        {"2 TiB", 1000, UINT64_C(2199023255552)},
        {"0.001 kb", 1000, 1},
        {" 3 MB ", 1000, 3000000},
        {"15E", 1000, UINT64_C(15000000000000000000)},
        {"0.999999999999E", 1000, UINT64_C(999999999000000000)},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        uint64_t got = 0;

        CHECK(mm_unit_bytes(mm_slice_str(cases[i].text), cases[i].kilo, &got));
        CHECK_NUM(got, cases[i].want);
    }
}

TEST(unit_refuses_what_is_no_size)
{
    static const char *const cases[] = {"",
                                        "MB",
                                        "1.5",
                                        "1.5 B",
                                        "4 kbit",
                                        "8b",
                                        "-1",
                                        "1..2",
                                        "1 2",
                                        "1,23",
                                        "12,34",
                                        "1,2345",
                                        "1MBx",
                                        "19E",
                                        "0x10",
                                        "1e3",
                                        ",123",
                                        "1 M B",
                                        "99999999999999999999",
                                        "99999999999999999999 kB"};

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        uint64_t got = 7;

        CHECK(!mm_unit_bytes(mm_slice_str(cases[i]), 1000, &got));
        CHECK_NUM(got, 7);
    }
}

TEST(unit_reads_durations)
{
    static const struct {
        const char *text;
        uint64_t want_us;
    } cases[] = {
        {"90", 90000000},
        {"1.5", 1500000},
        {"1.5s", 1500000},
        {"250ms", 250000},
        {"250 msec", 250000},
        {"15 us", 15},
        {"15\xC2\xB5s", 15},
        {"1h2m3s", 3723000000},
        {"1h 2min", 3720000000},
        {"3 minutes 2 seconds", 182000000},
        {"00:01:02", 62000000},
        {"0:00:12.345", 12345000},
        {"100:00:00", 360000000000},
        {"1d 02:03:04", 93784000000},
        {"1d02h03m", 93780000000},
        {"0h:50m:05s", 3005000000},
        {"1d 2h:03m:04s", 93784000000},
        {"0d:00h:23m:03s", 1383000000},
        {"2 days, 3:04", 183840000000},
        {"1 day, 2:03:04", 93784000000},
        {"1w2d", 777600000000},
        {"PT1H2M3S", 3723000000},
        {"P1DT2H", 93600000000},
        {"1m 2.5s", 62500000},
        {"3hrs", 10800000000},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        uint64_t got = 0;

        CHECK(mm_unit_duration(mm_slice_str(cases[i].text), &got));
        CHECK_NUM(got, cases[i].want_us * 1000);
    }
}

TEST(unit_refuses_what_is_no_duration)
{
    static const char *const cases[] = {"",
                                        "s",
                                        "12:34",
                                        "1h 12:34",
                                        "1:60:00",
                                        "1m 1h",
                                        "1s 2s",
                                        "1 month",
                                        "P1Y",
                                        "PT",
                                        "1h2",
                                        "1h:2",
                                        "1h:",
                                        "1h,:2m",
                                        "-1s",
                                        "1:2:3:4",
                                        "1.5:00:00",
                                        "1ss",
                                        "3600 x",
                                        "400000w 1000000w",
                                        "99999999999999999999"};

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        uint64_t got = 7;

        CHECK(!mm_unit_duration(mm_slice_str(cases[i]), &got));
        CHECK_NUM(got, 7);
    }
}
