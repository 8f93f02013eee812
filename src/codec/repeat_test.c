/* codec/repeat_test.c - lines that stand for repetitions, and lines that only look like it. */
#include "codec/repeat.h"
#include "tests/harness/test.h"

TEST(repeat_reads_count_and_message)
{
    static const struct {
        const char *text;
        uint64_t times;
        const char *message;
    } cases[] = {
        {"last message repeated 3 times", 3, ""},
        {"Last message repeated 1 time", 1, ""},
        {"same message repeated 12 times", 12, ""},
        {"--- last message repeated 2 times ---", 2, ""},
        {" last message repeated 2 times.\r\n", 2, ""},
        {"message repeated 4 times: [ Failed password for root]", 4, "Failed password for root"},
        {"message repeated 2 times: [a [b] c]", 2, "a [b] c"},
        {"Last message 'it's' repeated 5 times, suppressed by syslog-ng on h1", 5, "it's"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_repeat r = {0};

        CHECK(mm_repeat_read(mm_slice_str(cases[i].text), &r));
        CHECK_NUM(r.times, cases[i].times);
        CHECK_SLICE(r.message, cases[i].message);
    }
}

TEST(repeat_refuses_what_only_looks_like_it)
{
    static const char *const cases[] = {"",
                                        "last message",
                                        "last message repeated many times",
                                        "last message repeated 0 times",
                                        "last message repeated 3 times by nobody",
                                        "message repeated 3 times",
                                        "message repeated 3 times: [ ]",
                                        "message repeated 3 times: [ text",
                                        "--- last message repeated 3 times",
                                        "Last message 'x' repeated 3 times",
                                        "Last message 'x",
                                        "the last message repeated 3 times"};

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_repeat r = {.times = 7};

        CHECK(!mm_repeat_read(mm_slice_str(cases[i]), &r));
        CHECK_NUM(r.times, 7);
    }
}
