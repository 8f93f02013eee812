/* engine/headers_test.c - header lines are kept by source, the newest last, within bounds. */
#include "engine/headers.h"

#include <stdio.h>

#include "tests/harness/test.h"

TEST(headers_knows_the_lines_that_name_columns)
{
    static const struct mm_slice yes[] = {
        MM_S_INIT("#Fields: date time"), MM_S_INIT("#fields\tts\tuid"), MM_S_INIT("#path\tconn"),
        MM_S_INIT("<134>Nov 20 13:00:00 gw iis: #Fields: date time")};
    static const struct mm_slice no[] = {MM_S_INIT(""), MM_S_INIT("#Date: 2026-11-20"),
                                         MM_S_INIT("# Fields:"), MM_S_INIT("x #1"),
                                         MM_S_INIT("#Fields: a\nb")};

    for (size_t i = 0; i < MM_COUNT(yes); i++)
        CHECK(mm_headers_is(yes[i]));
    for (size_t i = 0; i < MM_COUNT(no); i++)
        CHECK(!mm_headers_is(no[i]));
}

TEST(headers_keeps_sources_apart_and_the_newest_last)
{
    struct mm_headers *h = mm_headers_new();

    CHECK(h != NULL);
    CHECK_NUM(mm_headers_of(h, 1, 1).n, 0);
    mm_headers_note(h, 1, 1, MM_S("#path a"));
    mm_headers_note(h, 1, 1, MM_S("#fields a"));
    mm_headers_note(h, 1, 1, MM_S("#path b"));
    mm_headers_note(h, 1, 1, MM_S("#fields b"));
    mm_headers_note(h, 1, 2, MM_S("#Fields: x"));
    mm_headers_note(h, 2, 1, MM_S("#Fields: y"));
    mm_headers_note(h, 1, 1, MM_S("#path a"));
    mm_headers_note(h, 1, 1, MM_S("#fields a"));
    CHECK_SLICE(mm_headers_of(h, 1, 1), "#path b\n#fields b\n#path a\n#fields a\n");
    CHECK_SLICE(mm_headers_of(h, 1, 2), "#Fields: x\n");
    CHECK_SLICE(mm_headers_of(h, 2, 1), "#Fields: y\n");
    CHECK_NUM(mm_headers_of(h, 2, 2).n, 0);
    mm_headers_free(&h);
}

TEST(headers_forgets_the_oldest_when_there_is_no_room)
{
    struct mm_headers *h = mm_headers_new();
    char line[1024];

    CHECK(h != NULL);
    for (int i = 0; i < 20; i++) {
        int n = snprintf(line, sizeof(line), "#Fields: %d %0900d", i, i);

        mm_headers_note(h, 1, 1, mm_slice_of(line, (size_t)n));
    }
    CHECK(mm_headers_of(h, 1, 1).n <= MM_HEADERS_TEXT);
    CHECK(mm_slice_starts(mm_headers_of(h, 1, 1), MM_S("#Fields: 12 ")));
    for (uint32_t i = 0; i < MM_HEADERS_SOURCES; i++)
        mm_headers_note(h, 2, i, MM_S("#Fields: x"));
    CHECK_NUM(mm_headers_of(h, 1, 1).n, 0);
    CHECK_SLICE(mm_headers_of(h, 2, 0), "#Fields: x\n");
    mm_headers_free(&h);
}
