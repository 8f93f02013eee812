/* hunt/show_test.c - promises of what is shown of foreign texts. */
#include "hunt/show.h"

#include "tests/harness/test.h"

TEST(show_lets_no_character_through_that_moves_or_hides_others)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"plain \xE3\x82\xA2 \xE2\x80\xA9 \xE2\x81\xA5",
         "plain \xE3\x82\xA2 \xE2\x80\xA9 \xE2\x81\xA5"},
        {"a\x1B[2Jb\x7F\n\xC2\x9B", "a [2Jb    "},
        {"gpj\xE2\x80\xAE.exe\xE2\x80\xAA", "gpj\xEF\xBF\xBD.exe\xEF\xBF\xBD"},
        {"\xE2\x81\xA6x\xE2\x81\xA9", "\xEF\xBF\xBDx\xEF\xBF\xBD"},
        {"torn \xE2\x80", "torn \xEF\xBF\xBD\xEF\xBF\xBD"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_buf out;

        mm_buf_init(&out, 1024);
        mm_hunt_clean(&out, mm_slice_str(cases[i].in));
        CHECK_SLICE(mm_buf_slice(&out), cases[i].want);
        mm_buf_done(&out);
    }
}
