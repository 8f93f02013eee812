/* codec/callcode_test.c - what is read aloud comes back, what is misheard is found. */
#include "codec/callcode.h"

#include "tests/harness/test.h"

static void example(char text[MM_CALLCODE_TEXT])
{
    const uint8_t bytes[MM_CALLCODE_DIGITS - 1] = {4, 8, 12, 1, 7, 0, 9, 3, 5, 5, 6, 1, 2, 249, 8};
    struct mm_callcode code;

    CHECK(mm_callcode_of(bytes, &code));
    mm_callcode_text(&code, text);
}

TEST(callcode_comes_back_as_people_type_it)
{
    char text[MM_CALLCODE_TEXT], plain[MM_CALLCODE_TEXT];
    struct mm_callcode code, again;
    size_t n = 0;

    example(text);
    CHECK_SLICE(mm_slice_sub(mm_slice_str(text), 0, 18), "4821-7093-5561-298");
    CHECK(mm_callcode_parse(mm_slice_str(text), &code) == MM_OK);
    CHECK_SLICE(mm_slice_str(code.id), "4821");
    CHECK_SLICE(mm_slice_str(code.secret), "70935561298");
    for (size_t i = 0; text[i] != 0; i++) {
        if (text[i] != '-')
            plain[n++] = text[i];
    }
    CHECK(mm_callcode_parse(mm_slice_of(plain, n), &again) == MM_OK);
    CHECK(memcmp(&code, &again, sizeof(code)) == 0);
}

TEST(callcode_takes_wide_digits)
{
    struct mm_buf_like {
        uint8_t b[3 * MM_CALLCODE_TEXT];
        size_t n;
    } wide = {.n = 0};
    char text[MM_CALLCODE_TEXT];
    struct mm_callcode code;

    example(text);
    for (size_t i = 0; text[i] != 0; i++) {
        const uint8_t sign[3] = {0xEF, 0xBC,
                                 text[i] == '-' ? 0x8D : (uint8_t)(0x90 + text[i] - '0')};

        memcpy(wide.b + wide.n, sign, 3);
        wide.n += 3;
    }
    CHECK(mm_callcode_parse(mm_slice_of(wide.b, wide.n), &code) == MM_OK);
    CHECK_SLICE(mm_slice_str(code.id), "4821");
}

TEST(callcode_finds_what_was_misheard)
{
    char text[MM_CALLCODE_TEXT], wrong[MM_CALLCODE_TEXT];
    struct mm_callcode code = {.id = "same"};

    example(text);
    for (size_t i = 0; text[i] != 0; i++) {
        size_t other = text[i + 1] == '-' ? i + 2 : i + 1;

        if (text[i] == '-')
            continue;
        for (int d = '0'; d <= '9'; d++) {
            memcpy(wrong, text, sizeof(wrong));
            wrong[i] = (char)d;
            CHECK(mm_callcode_parse(mm_slice_str(wrong), &code) ==
                  (d == text[i] ? MM_OK : MM_E_RANGE));
        }
        if (text[other] == 0 || text[i] == text[other])
            continue;
        memcpy(wrong, text, sizeof(wrong));
        wrong[i] = text[other];
        wrong[other] = text[i];
        CHECK(mm_callcode_parse(mm_slice_str(wrong), &code) == MM_E_RANGE);
    }
}

TEST(callcode_says_what_is_wrong)
{
    const uint8_t high[MM_CALLCODE_DIGITS - 1] = {250};
    struct mm_callcode code = {.id = "same"};

    CHECK(mm_callcode_parse(MM_S(""), &code) == MM_E_LIMIT);
    CHECK(mm_callcode_parse(MM_S("1234-5678"), &code) == MM_E_LIMIT);
    CHECK(mm_callcode_parse(MM_S("1234-5678-9012-3456-7"), &code) == MM_E_LIMIT);
    CHECK(mm_callcode_parse(MM_S("1234-5678-9012-345x"), &code) == MM_E_SYNTAX);
    CHECK(!mm_callcode_of(high, &code));
    CHECK_SLICE(mm_slice_str(code.id), "same");
}
