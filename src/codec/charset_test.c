/* codec/charset_test.c - Japanese character sets: decoding, telling them apart, torn input. */
#include "base/utf8.h"
#include "codec/charset.h"
#include "tests/harness/test.h"

static struct mm_slice decode(enum mm_charset cs, const char *in, uint8_t out[256], bool *whole)
{
    return mm_slice_of(out, mm_charset_decode(cs, mm_slice_str(in), out, 256, whole));
}

TEST(charset_decodes_each_set)
{
    static const struct {
        enum mm_charset cs;
        const char *in, *want;
        bool whole;
    } cases[] = {
        {MM_CS_CP932, "\x83\x8D\x83\x4F \x90\xDD\x92\xE8", "ログ 設定", true},
        {MM_CS_CP932, "\x95\x5C\x8E\xA6 \\ ~", "表示 \\ ~",
         true}, /* a second byte like a backslash */
        {MM_CS_CP932, "\xCC\xA7\xB2\xD9", "ﾌｧｲﾙ", true},
        {MM_CS_CP932, "\x87\x40\xFA\xB1\xED\x95\xF0\x40", "①﨑﨑\xEE\x80\x80", true},
        {MM_CS_CP932, "a\x83", "a\xEF\xBF\xBD", false},
        {MM_CS_CP932, "\x83\x20\x81\xAD", "\xEF\xBF\xBD \xEF\xBF\xBD", false},
        {MM_CS_EUC_JP, "\xA5\xED\xA5\xB0 \xC0\xDF\xC4\xEA", "ログ 設定", true},
        {MM_CS_EUC_JP, "\x8E\xCC\x8E\xA7\x8E\xB2\x8E\xD9 \xAD\xA1", "ﾌｧｲﾙ ①", true},
        {MM_CS_EUC_JP, "\x8F\xB0\xA1x", "\xEF\xBF\xBDx", false},
        {MM_CS_EUC_JP, "\xC0", "\xEF\xBF\xBD", false},
        {MM_CS_ISO_2022_JP, "a \x1B$B%m%0\x1B(B b", "a ログ b", true},
        {MM_CS_ISO_2022_JP, "\x1B$@@_Dj\x1B(J!", "設定!", true},
        {MM_CS_ISO_2022_JP, "\x1B(IL'2Y\x1B(B \x0EL'\x0F.", "ﾌｧｲﾙ ﾌｧ.", true},
        {MM_CS_ISO_2022_JP, "\x1B[31mred", "\x1B[31mred", true},
        {MM_CS_ISO_2022_JP, "\x1B$B%", "\xEF\xBF\xBD", false},
        {MM_CS_UTF8,
         "\xEF\xBB\xBF"
         "a\xE3\x83",
         "a\xEF\xBF\xBD\xEF\xBF\xBD", false},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        uint8_t out[256];
        bool whole;

        CHECK_SLICE(decode(cases[i].cs, cases[i].in, out, &whole), cases[i].want);
        CHECK(whole == cases[i].whole);
    }
}

TEST(charset_decodes_utf16_in_pieces_of_any_size)
{
    static const uint8_t le[] = {0xFF, 0xFE, 'a',  0,    0xED, 0x30, 0x3D, 0xD8,
                                 0x00, 0xDE, 0x3D, 0xD8, '\n', 0,    0};
    static const uint8_t be[] = {0xFE, 0xFF, 0,    'a',  0x30, 0xED, 0xD8, 0x3D,
                                 0xDE, 0x00, 0xD8, 0x3D, 0,    '\n', 0};
    struct mm_slice text[] = {mm_slice_of(le, sizeof(le)), mm_slice_of(be, sizeof(be))};

    for (size_t piece = 1; piece <= sizeof(le); piece++) {
        for (size_t k = 0; k < 2; k++) {
            struct mm_utf16 u = {.cs = k == 0 ? MM_CS_UTF_16LE : MM_CS_UTF_16BE};
            uint8_t out[128];
            size_t n = 0;

            for (size_t at = 0; at < text[k].n; at += piece)
                n += mm_utf16_feed(&u, mm_slice_sub(text[k], at, piece), out + n);
            CHECK_SLICE(mm_slice_of(out, n), "aロ😀\xEF\xBF\xBD\n");
            CHECK(u.damaged && u.n == 1);
        }
    }
}

TEST(charset_tells_utf16_by_its_mark_or_its_zeroes)
{
    CHECK(mm_charset_utf16(MM_S("\xFF\xFE\x42\x30")) == MM_CS_UTF_16LE);
    CHECK(mm_charset_utf16(MM_S("\xFE\xFF\x30\x42")) == MM_CS_UTF_16BE);
    CHECK(mm_charset_utf16(MM_S("2\0000\0002\0006\0\xED\x30\xB0\x30")) == MM_CS_UTF_16LE);
    CHECK(mm_charset_utf16(MM_S("\0002\0000\0002\0006\x30\xED\x30\xB0")) == MM_CS_UTF_16BE);
    CHECK(mm_charset_utf16(MM_S("2026-11-20 plain text")) == MM_CS_UNKNOWN);
    CHECK(mm_charset_utf16(MM_S("a\0\0\0b\0\0\0")) == MM_CS_UNKNOWN);
    CHECK(mm_charset_utf16(MM_S("")) == MM_CS_UNKNOWN);
}

TEST(charset_tells_short_lines_apart)
{
    static const struct {
        const char *in;
        enum mm_charset want;
    } cases[] = {
        {"plain", MM_CS_UTF8},
        {"ログ", MM_CS_UTF8},
        {"\x83\x8D\x83\x4F", MM_CS_CP932}, /* the same */
        {"\xA5\xED\xA5\xB0", MM_CS_EUC_JP},
        {"\x90\xDD\x92\xE8", MM_CS_CP932}, /* settings */
        {"\xC0\xDF\xC4\xEA", MM_CS_EUC_JP},
        {"\x82\xCC", MM_CS_CP932}, /* one letter */
        {"\xA4\xCE", MM_CS_EUC_JP},
        {"user \xCC\xA7\xB2\xD9 x", MM_CS_CP932}, /* half-width kana */
        {"user \xCA\xDF\xBD\xDC\xB0\xC4\xDE", MM_CS_CP932},
        {"\x1B$B%m%0\x1B(B", MM_CS_ISO_2022_JP},
        {"\x1B[31mred\x1B[0m", MM_CS_UTF8},
        {"\xE3\x83\xAD\xE3\x82\xB0\xE3\x82", MM_CS_UNKNOWN}, /* cut off in a letter */
        {"\xFF\xFF\x80", MM_CS_UNKNOWN},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_charset_seen seen = {0};

        CHECK_NUM(i * 100 + mm_charset_detect(mm_slice_str(cases[i].in), &seen),
                  i * 100 + cases[i].want);
    }
}

TEST(charset_of_a_source_decides_where_a_line_leaves_a_choice)
{
    struct mm_charset_seen seen = {0};

    CHECK(mm_charset_detect(MM_S("\xB5\xAD\xCF\xBF"), &seen) == MM_CS_CP932); /* record, in EUC */
    CHECK(mm_charset_detect(MM_S("\xC7\xAF"), &seen) == MM_CS_UTF8);          /* year, in EUC */
    CHECK(mm_charset_detect(MM_S("\xC0\xDF\xC4\xEA"), &seen) == MM_CS_EUC_JP);
    CHECK_NUM(seen.lean, -1);
    CHECK(mm_charset_detect(MM_S("\xB5\xAD\xCF\xBF"), &seen) == MM_CS_EUC_JP);
    CHECK(mm_charset_detect(MM_S("\xC7\xAF"), &seen) == MM_CS_EUC_JP);
    CHECK(mm_charset_detect(MM_S("ログ"), &seen) == MM_CS_UTF8);
    CHECK(mm_charset_detect(MM_S("plain"), &seen) == MM_CS_UTF8);
}

TEST(charset_of_a_source_changes_with_its_lines_and_not_by_one_odd_line)
{
    struct mm_charset_seen seen = {0};
    const struct mm_slice euc = MM_S("\xC0\xDF\xC4\xEA"), cp932 = MM_S("\x83\x8D\x83O");

    for (int i = 0; i < 300; i++)
        CHECK(mm_charset_detect(euc, &seen) == MM_CS_EUC_JP);
    CHECK_NUM(seen.lean, -MM_CHARSET_LEAN);
    CHECK(mm_charset_detect(cp932, &seen) == MM_CS_CP932);
    CHECK(mm_charset_detect(MM_S("\xB5\xAD\xCF\xBF"), &seen) == MM_CS_EUC_JP);
    for (int i = 0; i < MM_CHARSET_LEAN; i++)
        CHECK(mm_charset_detect(cp932, &seen) == MM_CS_CP932);
    CHECK(mm_charset_detect(MM_S("\xB5\xAD\xCF\xBF"), &seen) == MM_CS_CP932);
}

TEST(charset_learns_nothing_of_plain_lines)
{
    CHECK(mm_charset_plain(MM_S("")) && mm_charset_plain(MM_S("plain, \x1B$B%m%0\x1B(B")));
    CHECK(!mm_charset_plain(MM_S("0123456\x80")) && !mm_charset_plain(MM_S("01234567\xE3")));
}

TEST(charset_names_itself)
{
    for (int i = MM_CS_UTF8; i < MM_CS_COUNT; i++)
        CHECK(mm_charset_find(mm_charset_name((enum mm_charset)i)) == (enum mm_charset)i);
    CHECK(mm_charset_find(MM_S("Shift_JIS")) == MM_CS_CP932);
    CHECK(mm_charset_find(MM_S("UTF-8")) == MM_CS_UTF8);
    CHECK(mm_charset_find(MM_S("ebcdic")) == MM_CS_UNKNOWN);
    CHECK(mm_charset_find(MM_S("")) == MM_CS_UNKNOWN);
}

/* Every pair of bytes: a cell read through code page 932 and through EUC-JP is the same. */
TEST(charset_rows_are_the_same_in_cp932_and_euc)
{
    size_t known = 0;

    for (unsigned row = 0; row < 94; row++) {
        for (unsigned cell = 0; cell < 94; cell++) {
            unsigned lead = row / 2 + (row / 2 < 0x1F ? 0x81 : 0xC1);
            unsigned trail = row % 2 * 94 + cell + 0x40;
            char sjis[3] = {(char)lead, (char)(trail + (trail >= 0x7F ? 1 : 0)), 0};
            char euc[3] = {(char)(row + 0xA1), (char)(cell + 0xA1), 0};
            uint8_t a[256], b[256];
            bool whole_a, whole_b;
            struct mm_slice left = decode(MM_CS_CP932, sjis, a, &whole_a);
            struct mm_slice right = decode(MM_CS_EUC_JP, euc, b, &whole_b);

            CHECK(whole_a == whole_b && (!whole_a || mm_slice_eq(left, right)));
            CHECK(mm_utf8_valid(left) && mm_utf8_valid(right));
            known += whole_a ? 1 : 0;
        }
    }
    CHECK_NUM(known, 6879 + 83 + 374); /* JIS X 0208, NEC's row 13, NEC's selection of IBM's */
}

TEST(charset_runs_of_ascii_end_where_the_room_ends)
{
    static const char in[] = "0123456789abcdef\x83\x41z"; /* katakana a in CP932 */
    static const struct {
        size_t max;
        const char *out;
        bool whole;
    } cases[] = {
        {0, "", false},
        {9, "012345678", false},
        {16, "0123456789abcdef", false},
        {18, "0123456789abcdef", false},
        {19, "0123456789abcdef\xE3\x82\xA2", false},
        {20, "0123456789abcdef\xE3\x82\xA2z", true},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        uint8_t out[32];
        bool whole;
        size_t n = mm_charset_decode(MM_CS_CP932, mm_slice_str(in), out, cases[i].max, &whole);

        CHECK_SLICE(mm_slice_of(out, n), cases[i].out);
        CHECK(whole == cases[i].whole);
    }
}
