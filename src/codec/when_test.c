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
        {MM_WHEN_CLF, "20/Nov/2026:13:00:01"},
        {MM_WHEN_EPOCH, "x1"},
        {MM_WHEN_EPOCH, "17951472018270019991"},
        {MM_WHEN_ZONE, "+9"},
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
