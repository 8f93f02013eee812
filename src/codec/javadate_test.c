/* codec/javadate_test.c - dates by the form that a record names. */
#include "codec/javadate.h"

#include "tests/harness/test.h"

TEST(javadate_reads_what_the_form_says)
{
    static const struct {
        struct mm_slice text, form;
        const char *want; /* at +09:00, near 2026 */
    } cases[] = {
        {MM_S_INIT("Nov 20 2026 13:00:01"), MM_S_INIT("MMM dd yyyy HH:mm:ss"),
         "2026-11-20T04:00:01Z"},
        {MM_S_INIT("2026-11-20T13:00:01.250+0900"), MM_S_INIT("yyyy-MM-dd'T'HH:mm:ss.SSSZ"),
         "2026-11-20T04:00:01.250000Z"},
        {MM_S_INIT("20/11/26 01:00:01 PM UTC"), MM_S_INIT("dd/MM/yy hh:mm:ss a z"),
         "2026-11-20T13:00:01Z"},
        {MM_S_INIT("12:00:01 am, 5.1.2026"), MM_S_INIT("hh:mm:ss a, d.M.yyyy"),
         "2026-01-04T15:00:01Z"},
        {MM_S_INIT("Friday, November  6 2026 9:05"), MM_S_INIT("EEEE, MMMM d yyyy H:mm"),
         "2026-11-06T00:05:00Z"},
        {MM_S_INIT("Nov 20 24:00:00"), MM_S_INIT("MMM dd kk:mm:ss"), "2026-11-19T15:00:00Z"},
        {MM_S_INIT("20261120130001"), MM_S_INIT("yyyyMMddHHmmss"), "2026-11-20T04:00:01Z"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_when w;
        char text[MM_TIME_TEXT];
        int64_t us;

        CHECK(mm_javadate_read(cases[i].text, cases[i].form, &w));
        CHECK(mm_when_resolve(&w, INT64_C(1795147200000000), 9 * 3600, &us));
        mm_time_text(us, text);
        CHECK_SLICE(mm_slice_str(text), cases[i].want);
    }
}

TEST(javadate_refuses_what_is_not_so_and_leaves_the_result)
{
    static const struct {
        struct mm_slice text, form;
    } cases[] = {
        {MM_S_INIT("2026-11-20"), MM_S_INIT("")},
        {MM_S_INIT("2026-11-20 x"), MM_S_INIT("yyyy-MM-dd")},
        {MM_S_INIT("2026-11"), MM_S_INIT("yyyy-MM-dd")},
        {MM_S_INIT("13:00:00"), MM_S_INIT("HH:mm:ss")},
        {MM_S_INIT("2026-11-20 14 PM"), MM_S_INIT("yyyy-MM-dd HH a")},
        {MM_S_INIT("2026-11-20 3"), MM_S_INIT("yyyy-MM-dd W")},
        {MM_S_INIT("Foo 20 2026"), MM_S_INIT("MMM dd yyyy")},
        {MM_S_INIT("1"),
         MM_S_INIT("ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd")},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_when w = {.epoch_us = 7};

        CHECK(!mm_javadate_read(cases[i].text, cases[i].form, &w));
        CHECK_NUM(w.epoch_us, 7);
    }
}
