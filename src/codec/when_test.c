/* codec/when_test.c - the forms of time, and what is assumed where they leave something out. */
#include "codec/when.h"
#include "tests/harness/test.h"

enum { JST = 9 * 3600 };

static int64_t at(const char *iso)
{
    int64_t us;
    bool zone;

    CHECK(mm_time_parse(mm_slice_str(iso), 0, &us, &zone) && zone);
    return us;
}

TEST(when_reads_every_form)
{
    static const struct {
        enum mm_when_form form;
        const char *text;
        size_t taken;
        const char *want;
    } cases[] = {
        {MM_WHEN_YMD, "2026-11-20T13:00:01.5+09:00", 27, "2026-11-20T04:00:01.5Z"},
        {MM_WHEN_YMD, "2026-11-20T04:00:01Z rest", 20, "2026-11-20T04:00:01Z"},
        {MM_WHEN_YMD, "2026/11/20 13:00:01: x", 19, "2026-11-20T04:00:01Z"},
        {MM_WHEN_YMD, "2026-11-20 13:00:01 +0100 x", 25, "2026-11-20T12:00:01Z"},
        {MM_WHEN_YMD, "2026-11-20 13:00:01,250 INFO", 23, "2026-11-20T04:00:01.25Z"},
        {MM_WHEN_BSD, "Nov 20 13:00:01 host", 15, "2026-11-20T04:00:01Z"},
        {MM_WHEN_BSD, "nov  2 13:00:01", 15, "2026-11-02T04:00:01Z"},
        {MM_WHEN_BSD, "NOV 20 2024 13:00:01", 20, "2024-11-20T04:00:01Z"},
        {MM_WHEN_BSD, "Nov 20 13:00:01 2024 host", 20, "2024-11-20T04:00:01Z"},
        {MM_WHEN_BSD, "Nov 20 13:00:01.123456 h", 22, "2026-11-20T04:00:01.123456Z"},
        {MM_WHEN_BSD, "Nov 20 13:00:01 20245 h", 15, "2026-11-20T04:00:01Z"},
        {MM_WHEN_CLF, "20/Nov/2026:13:00:01 +0900] ", 26, "2026-11-20T04:00:01Z"},
        {MM_WHEN_CLF, "20/Nov/2026:13:00:01.250] ", 24, "2026-11-20T04:00:01.250000Z"},
        {MM_WHEN_YMD, "2026-11-20 04:00:01 UTC x", 23, "2026-11-20T04:00:01Z"},
        {MM_WHEN_YMD, "2026-11-20 13:00:01 JST-fw1 x", 19, "2026-11-20T04:00:01Z"},
        {MM_WHEN_YMD, "2026-11-20 13:00:01 GMTX", 19, "2026-11-20T04:00:01Z"},
        {MM_WHEN_YMD, "2026-11-20 13:00:01 UTC+9 x", 25, "2026-11-20T04:00:01Z"},
        {MM_WHEN_CTIME, "Fri Nov 20 13:00:01 2026 x", 24, "2026-11-20T04:00:01Z"},
        {MM_WHEN_CTIME, "Fri Nov 20 13:00:01.123456 2026] ", 31, "2026-11-20T04:00:01.123456Z"},
        {MM_WHEN_CTIME, "Thu Nov  5 13:00:01 JST 2026", 28, "2026-11-05T04:00:01Z"},
        {MM_WHEN_CTIME, "Fri Nov 20 2026 13:00:01 x", 24, "2026-11-20T04:00:01Z"},
        {MM_WHEN_DMONY, "Fri, 20 Nov 2026 04:00:01 GMT", 29, "2026-11-20T04:00:01Z"},
        {MM_WHEN_DMONY, "Thu,  5 Nov 2026 13:00:01 +0900", 31, "2026-11-05T04:00:01Z"},
        {MM_WHEN_DMONY, "20Nov2026 13:00:01 x", 18, "2026-11-20T04:00:01Z"},
        {MM_WHEN_DMONY, "20-Nov-26 13:00:01.5 x", 20, "2026-11-20T04:00:01.5Z"},
        {MM_WHEN_DMONY, "20 Nov 2026 13:00", 17, "2026-11-20T04:00:00Z"},
        {MM_WHEN_MDY, "11/20/26 13:00:01 x", 17, "2026-11-20T04:00:01Z"},
        {MM_WHEN_MDY, "11/20/2026 1:00:01 PM,", 21, "2026-11-20T04:00:01Z"},
        {MM_WHEN_MDY, "11-20-2026 12:30 AM", 19, "2026-11-19T15:30:00Z"},
        {MM_WHEN_MDY, "11/20/2026, 12:30 pm", 20, "2026-11-20T03:30:00Z"},
        {MM_WHEN_MDY, "7/4/99 00:00:00", 15, "1999-07-03T15:00:00Z"},
        {MM_WHEN_DMY, "20.11.2026 13:00:01", 19, "2026-11-20T04:00:01Z"},
        {MM_WHEN_IDS, "11/20-13:00:01.5 x", 16, "2026-11-20T04:00:01.5Z"},
        {MM_WHEN_IDS, "12/31-13:00:01", 14, "2026-12-31T04:00:01Z"},
        {MM_WHEN_IDS, "11/20/25-13:00:01", 17, "2025-11-20T04:00:01Z"},
        {MM_WHEN_IDS, "11/20/2025-13:00:01", 19, "2025-11-20T04:00:01Z"},
        {MM_WHEN_IDS, "25/11/20-13:00:01.25", 20, "2025-11-20T04:00:01.25Z"},
        {MM_WHEN_COMPACT, "20261120130001", 14, "2026-11-20T04:00:01Z"},
        {MM_WHEN_COMPACT, "20261120130001250 x", 17, "2026-11-20T04:00:01.25Z"},
        {MM_WHEN_COMPACT, "20261120T040001Z", 16, "2026-11-20T04:00:01Z"},
        {MM_WHEN_COMPACT, "20261120-13:00:01.5 x", 19, "2026-11-20T04:00:01.5Z"},
        {MM_WHEN_COMPACT, "20261120 13:00:01", 17, "2026-11-20T04:00:01Z"},
        {MM_WHEN_FILETIME, "134396208015000000", 18, "2026-11-20T04:00:01.5Z"},
        {MM_WHEN_FILETIME, "0x1dd78a39de4c1c0 x", 17, "2026-11-20T04:00:01.5Z"},
        {MM_WHEN_EPOCH, "1795147201.827    12", 14, "2026-11-20T04:00:01.827Z"},
        {MM_WHEN_EPOCH, "1795147201", 10, "2026-11-20T04:00:01Z"},
        {MM_WHEN_EPOCH, "1795147201827", 13, "2026-11-20T04:00:01.827Z"},
        {MM_WHEN_EPOCH, "1795147201827001", 16, "2026-11-20T04:00:01.827001Z"},
        {MM_WHEN_EPOCH, "1795147201827001999", 19, "2026-11-20T04:00:01.827001Z"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_rd rd = mm_rd_of(mm_slice_str(cases[i].text));
        struct mm_when when = {0};
        int64_t us;

        CHECK(mm_when_read(&rd, cases[i].form, &when));
        CHECK_NUM(rd.pos, cases[i].taken);
        CHECK(mm_when_resolve(&when, at("2026-11-20T04:00:00Z"), JST, &us));
        CHECK_NUM(us, at(cases[i].want));
    }
}

#define NEN "\xE5\xB9\xB4"
#define GATSU "\xE6\x9C\x88"
#define NICHI "\xE6\x97\xA5"
#define JI "\xE6\x99\x82"
#define FUN "\xE5\x88\x86"
#define BYOU "\xE7\xA7\x92"
#define REIWA "\xE4\xBB\xA4\xE5\x92\x8C"
#define HEISEI "\xE5\xB9\xB3\xE6\x88\x90"
#define SHOWA "\xE6\x98\xAD\xE5\x92\x8C"
#define GAN "\xE5\x85\x83"
#define GOZEN "\xE5\x8D\x88\xE5\x89\x8D"
#define GOGO "\xE5\x8D\x88\xE5\xBE\x8C"
#define KIN "\xE9\x87\x91"

TEST(when_reads_japanese_dates)
{
    static const struct {
        const char *text, *behind, *want;
    } cases[] = {
        {"2026/11/20 13:00:01", " x", "2026-11-20T04:00:01Z"},
        {"2026/1/5 9:05", ",x", "2026-01-05T00:05:00Z"},
        {"2026/1/5  9:05:02", "", "2026-01-05T00:05:02Z"},
        {"26/11/20 13:00:01.25", "", "2026-11-20T04:00:01.25Z"},
        {"2026-11-20 1:00:01 PM", " x", "2026-11-20T04:00:01Z"},
        {"2026/11/20 PM 1:00:01", "", "2026-11-20T04:00:01Z"},
        {"2026/11/20 " GOGO " 1:00:01", " x", "2026-11-20T04:00:01Z"},
        {"2026/11/20 " GOGO "12:30", "", "2026-11-20T03:30:00Z"},
        {"2026/11/20 " GOGO "0:30", "", "2026-11-20T03:30:00Z"},
        {"2026/11/20 " GOZEN "12:30", "", "2026-11-19T15:30:00Z"},
        {"2026/11/20 " GOZEN "11:59:59", "", "2026-11-20T02:59:59Z"},
        {"2026/11/20(" KIN ") 13:00:01", "", "2026-11-20T04:00:01Z"},
        {"2026/11/20 (Fri) 13:00", NULL, NULL},
        {"2026" NEN "11" GATSU "20" NICHI " 13:00:01", "", "2026-11-20T04:00:01Z"},
        {"2026" NEN "1" GATSU "5" NICHI "\xEF\xBC\x88" KIN "\xEF\xBC\x89 " GOGO "1" JI "5" FUN,
         " x", "2026-01-05T04:05:00Z"},
        {"2026" NEN "11" GATSU "20" NICHI "13" JI "00" FUN "01" BYOU, "", "2026-11-20T04:00:01Z"},
        {REIWA "8" NEN "11" GATSU "20" NICHI " 13:00:01", "", "2026-11-20T04:00:01Z"},
        {REIWA GAN NEN "5" GATSU "1" NICHI " 00:00:00", "", "2019-04-30T15:00:00Z"},
        {REIWA "1" NEN "4" GATSU "30" NICHI " 00:00:00", NULL, NULL},
        {HEISEI "31" NEN "4" GATSU "30" NICHI " 23:59:59", "", "2019-04-30T14:59:59Z"},
        {HEISEI "38" NEN "11" GATSU "20" NICHI " 13:00:01", "", "2026-11-20T04:00:01Z"},
        {HEISEI GAN NEN "1" GATSU "7" NICHI " 00:00:00", NULL, NULL},
        {HEISEI GAN NEN "1" GATSU "8" NICHI " 09:00:00", "", "1989-01-08T00:00:00Z"},
        {SHOWA "64" NEN "1" GATSU "7" NICHI " 09:00:00", "", "1989-01-07T00:00:00Z"},
        {"R8.11.20 13:00:01", "", "2026-11-20T04:00:01Z"},
        {"R01/05/01 09:00", "", "2019-05-01T00:00:00Z"},
        {"R01/04/30 09:00", NULL, NULL},
        {"H31/4/30 9:00", "", "2019-04-30T00:00:00Z"},
        {"H01/01/07 9:00", NULL, NULL},
        {"R0.1.1 9:00", NULL, NULL},
        {"2026/11/20", NULL, NULL},
        {"2026/11-20 13:00", NULL, NULL},
        {"226/11/20 13:00", NULL, NULL},
        {"2026" NEN "11" GATSU "20 13:00", NULL, NULL},
        {"2026/11/20 " GOZEN "13:00", NULL, NULL},
        {"2026/11/20 13:0", NULL, NULL},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        char line[256];
        struct mm_rd rd;
        struct mm_when when = {0};
        int64_t us;

        (void)snprintf(line, sizeof(line), "%s%s", cases[i].text,
                       cases[i].behind == NULL ? "" : cases[i].behind);
        rd = mm_rd_of(mm_slice_str(line));
        CHECK_NUM(i * 2 + mm_when_read(&rd, MM_WHEN_JP, &when), i * 2 + (cases[i].want != NULL));
        if (cases[i].want == NULL)
            continue;
        CHECK_NUM(rd.pos, strlen(cases[i].text));
        CHECK(mm_when_resolve(&when, 0, JST, &us));
        CHECK_NUM(us, at(cases[i].want));
    }
}

TEST(when_reads_parts_of_every_form)
{
    static const struct {
        enum mm_when_form date, clock;
        const char *day, *time, *want;
    } cases[] = {
        {MM_WHEN_JP_DATE, MM_WHEN_JP_CLOCK, "R8.11.20", "1:00:01 PM", "2026-11-20T04:00:01Z"},
        {MM_WHEN_MDY_DATE, MM_WHEN_CLOCK, "11/20/26", "13:00:01", "2026-11-20T04:00:01Z"},
        {MM_WHEN_DMY_DATE, MM_WHEN_JP_CLOCK, "20/11/26", "13:00", "2026-11-20T04:00:00Z"},
        {MM_WHEN_DMONY_DATE, MM_WHEN_CLOCK, "20Nov2026", "13:00:01", "2026-11-20T04:00:01Z"},
        {MM_WHEN_COMPACT_DATE, MM_WHEN_COMPACT_CLOCK, "20261120", "130001", "2026-11-20T04:00:01Z"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_rd day = mm_rd_of(mm_slice_str(cases[i].day));
        struct mm_rd time = mm_rd_of(mm_slice_str(cases[i].time));
        struct mm_when when = {0};
        int64_t us;

        CHECK(mm_when_read(&day, cases[i].date, &when) && mm_rd_left(&day) == 0);
        CHECK(mm_when_read(&time, cases[i].clock, &when) && mm_rd_left(&time) == 0);
        CHECK(mm_when_resolve(&when, 0, JST, &us));
        CHECK_NUM(us, at(cases[i].want));
    }
}

TEST(when_refuses_without_moving)
{
    static const struct {
        enum mm_when_form form;
        const char *text;
    } cases[] = {
        {MM_WHEN_YMD, "2026-11-20"},
        {MM_WHEN_YMD, "2026-11/20 13:00:01"},
        {MM_WHEN_YMD, "26-11-20 13:00:01"},
        {MM_WHEN_BSD, "Nox 20 13:00:01"},
        {MM_WHEN_BSD, "Nov 20 13:00"},
        {MM_WHEN_BSD, ""},
        {MM_WHEN_CLF, "20/Nov/2026 13:00:01"},
        {MM_WHEN_EPOCH, "x1"},
        {MM_WHEN_EPOCH, "17951472018270019991"},
        {MM_WHEN_CTIME, "Fri Nov 20 13:00:01 host"},
        {MM_WHEN_CTIME, "Nov 20 13:00:01 2026"},
        {MM_WHEN_DMONY, "5 November 2026 13:00"},
        {MM_WHEN_DMONY, "20-Nov 2026 13:00:01"},
        {MM_WHEN_DMONY, "20 Nov 202 13:00:01"},
        {MM_WHEN_MDY, "11/20-26 13:00:01"},
        {MM_WHEN_MDY, "11/20/26"},
        {MM_WHEN_IDS, "11/20 13:00:01"},
        {MM_WHEN_IDS, "1/2-13:00:01"},
        {MM_WHEN_IDS, "26/11/-13:00:01"},
        {MM_WHEN_IDS, "11/20/261-13:00:01"},
        {MM_WHEN_COMPACT, "20261320130001"},
        {MM_WHEN_COMPACT, "2026112013000122"},
        {MM_WHEN_COMPACT, "20261120246060"},
        {MM_WHEN_FILETIME, "1343962080150000"},
        {MM_WHEN_FILETIME, "13439620801500000000"},
        {MM_WHEN_FILETIME, "0x1dd78a39de"},
        {MM_WHEN_JP_CLOCK, "AM 1"},
        {MM_WHEN_ZONE, "+9"},
        {MM_WHEN_ZONE, "JSTX"},
        {MM_WHEN_ZONE, "PST"},
        {MM_WHEN_ZONE, "+1960"},
        {MM_WHEN_CLOCK, "1:00:00"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_rd rd = mm_rd_of(mm_slice_str(cases[i].text));
        struct mm_when when = {.offset_s = 77};

        CHECK(!mm_when_read(&rd, cases[i].form, &when));
        CHECK_NUM(rd.pos, 0);
        CHECK_NUM(when.offset_s, 77);
    }
}

TEST(when_joins_parts_that_stand_apart)
{
    struct mm_rd date = mm_rd_of(MM_S("2026-11-20")), clock = mm_rd_of(MM_S("13:00:01"));
    struct mm_rd zone = mm_rd_of(MM_S("+0200"));
    struct mm_when when = {0};
    int64_t us;

    CHECK(mm_when_read(&date, MM_WHEN_DATE, &when));
    CHECK(mm_when_read(&clock, MM_WHEN_CLOCK, &when));
    CHECK(mm_when_resolve(&when, 0, JST, &us));
    CHECK_NUM(us, at("2026-11-20T04:00:01Z"));
    CHECK(mm_when_read(&zone, MM_WHEN_ZONE, &when));
    CHECK(mm_when_resolve(&when, 0, JST, &us));
    CHECK_NUM(us, at("2026-11-20T11:00:01Z"));
}

TEST(when_takes_the_year_nearest_to_receipt)
{
    static const struct {
        const char *text, *near, *want;
    } cases[] = {
        {"Dec 31 23:59:59", "2027-01-01T00:00:10Z", "2026-12-31T14:59:59Z"},
        {"Jan  1 00:00:01", "2026-12-31T14:00:00Z", "2026-12-31T15:00:01Z"},
        {"Jul  1 00:00:00", "2026-01-02T00:00:00Z", "2026-06-30T15:00:00Z"},
        {"Aug  1 00:00:00", "2026-01-02T00:00:00Z", "2025-07-31T15:00:00Z"},
        {"Feb 29 12:00:00", "2028-03-01T00:00:00Z", "2028-02-29T03:00:00Z"},
        {"Feb 29 12:00:00", "2026-11-20T00:00:00Z", "2028-02-29T03:00:00Z"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_rd rd = mm_rd_of(mm_slice_str(cases[i].text));
        struct mm_when when = {0};
        int64_t us;

        CHECK(mm_when_read(&rd, MM_WHEN_BSD, &when));
        CHECK(!when.has_year && !when.has_zone);
        CHECK(mm_when_resolve(&when, at(cases[i].near), JST, &us));
        CHECK_NUM(us, at(cases[i].want));
    }
}

TEST(when_refuses_days_that_do_not_exist)
{
    static const char *const cases[] = {"2026-02-30 00:00:00", "2026-13-01 00:00:00",
                                        "2026-11-20 24:00:00", "1969-12-31 00:00:00"};

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_rd rd = mm_rd_of(mm_slice_str(cases[i]));
        struct mm_when when = {0};
        int64_t us = 5;

        CHECK(mm_when_read(&rd, MM_WHEN_YMD, &when));
        CHECK(!mm_when_resolve(&when, 0, JST, &us));
        CHECK_NUM(us, 5);
    }
}

TEST(when_names_its_forms)
{
    for (int i = 0; i < MM_WHEN_COUNT; i++)
        CHECK(mm_when_form_find(mm_when_form_name((enum mm_when_form)i)) == (enum mm_when_form)i);
    CHECK(mm_when_form_find(MM_S("nope")) == MM_WHEN_COUNT);
}
