/* codec/directive_test.c - lines that name columns, and lines that do not. */
#include "codec/directive.h"

#include "tests/harness/test.h"

TEST(directive_reads_both_ways_of_writing_it)
{
    struct mm_directive d;

    CHECK(mm_directive_read(MM_S("#Fields: date time c-ip\r"), &d));
    CHECK_SLICE(d.name, "Fields");
    CHECK_SLICE(d.value, "date time c-ip");
    CHECK(mm_directive_read(MM_S("#fields\tts\tuid"), &d));
    CHECK_SLICE(d.name, "fields");
    CHECK_SLICE(d.value, "ts\tuid");
    CHECK(mm_directive_read(MM_S("#separator \\x09"), &d));
    CHECK_SLICE(d.value, "\\x09");
    CHECK(mm_directive_read(MM_S("#Start-Date:"), &d));
    CHECK_SLICE(d.name, "Start-Date");
    CHECK_NUM(d.value.n, 0);
}

TEST(directive_refuses_other_lines_and_leaves_the_result)
{
    static const struct mm_slice cases[] = {
        MM_S_INIT(""),          MM_S_INIT("#"),
        MM_S_INIT("# comment"), MM_S_INIT("Fields: a b"),
        MM_S_INIT("#a=b"),      MM_S_INIT("#abcdefghijklmnopqrstuvwxyzabcdefghij x"),
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_directive d = {.name = MM_S("as before")};

        CHECK(!mm_directive_read(cases[i], &d));
        CHECK_SLICE(d.name, "as before");
    }
}
