/* codec/ext/xz_test.c - what xz(1) wrote is read back in any pieces; the rest is refused. */
#include "codec/ext/xz.h"

#define UNZIP(what) mm_xz##what
#include "codec/ext/unzip_test.h"

/* printf 'first line\nsecond line\nthird line\n' | xz */
static const uint8_t three_lines[] = {
    0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21, 0x01,
    0x16, 0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3, 0xe0, 0x00, 0x21, 0x00, 0x1d, 0x5d, 0x00, 0x33,
    0x1a, 0x4a, 0xac, 0x0c, 0x72, 0xbf, 0x8d, 0x58, 0xf9, 0x4d, 0x6f, 0xbe, 0x9d, 0x69, 0xa7, 0xa5,
    0xc3, 0xe1, 0x4e, 0xf7, 0x93, 0x93, 0xdc, 0xa9, 0x91, 0xd7, 0xbc, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x20, 0xda, 0x40, 0x09, 0x31, 0x04, 0x77, 0x51, 0x00, 0x01, 0x39, 0x22, 0x75, 0x79, 0x62, 0xfb,
    0x1f, 0xb6, 0xf3, 0x7d, 0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a};
static const char text[] = "first line\nsecond line\nthird line\n";

TEST(xz_reads_in_any_pieces)
{
    expect_in_any_pieces(mm_slice_of(three_lines, sizeof(three_lines)), text);
}

TEST(xz_reads_what_follows_as_the_same_stream)
{
    uint8_t twice[2 * sizeof(three_lines)];

    memcpy(twice, three_lines, sizeof(three_lines));
    memcpy(twice + sizeof(three_lines), three_lines, sizeof(three_lines));
    expect_in_any_pieces(mm_slice_of(twice, sizeof(twice)),
                         "first line\nsecond line\nthird line\n"
                         "first line\nsecond line\nthird line\n");
}

TEST(xz_sees_damage)
{
    expect_damage_to_be_seen(mm_slice_of(three_lines, sizeof(three_lines)), text, 0,
                             sizeof(three_lines));
}

TEST(xz_refuses_what_is_none)
{
    struct mm_buf out;
    bool whole = true;

    mm_buf_init(&out, 4096);
    CHECK(unzip_all(MM_S("plain text, no magic"), 100, 100, &out, &whole) == MM_E_SYNTAX);
    CHECK(!whole);
    CHECK(unzip_all(MM_S(""), 100, 100, &out, &whole) == MM_OK);
    CHECK(!whole);
    CHECK_NUM(out.n, 0);
    mm_buf_done(&out);
}

TEST(xz_passes_over_zeros_behind_the_last_stream)
{
    uint8_t padded[sizeof(three_lines) + 10] = {0};

    memcpy(padded, three_lines, sizeof(three_lines));
    expect_in_any_pieces(mm_slice_of(padded, sizeof(padded)), text);
}

TEST(xz_refuses_a_dictionary_that_is_too_large)
{
    /* A block whose dictionary is 1 GiB, checksum and all; nothing behind its header. */
    static const uint8_t wide[] = {0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6,
                                   0xb4, 0x46, 0x02, 0x00, 0x21, 0x01, 0x24, 0x00, 0x00, 0x00,
                                   0x5e, 0x1f, 0xc7, 0xf9, 0xe0, 0x00, 0x00, 0x00};
    struct mm_buf out;
    bool whole = true;

    mm_buf_init(&out, 4096);
    CHECK(unzip_all(mm_slice_of(wide, sizeof(wide)), 100, 100, &out, &whole) == MM_E_LIMIT);
    mm_buf_done(&out);
}
