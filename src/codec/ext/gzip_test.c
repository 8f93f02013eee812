/* codec/ext/gzip_test.c - what gzip(1) wrote is read back in any pieces; the rest is refused. */
#include "codec/ext/gzip.h"

#define UNZIP(what) mm_gzip##what
#include "codec/ext/unzip_test.h"

/* printf 'first line\nsecond line\nthird line\n' | gzip -n */
static const uint8_t three_lines[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b, 0xcb, 0x2c, 0x2a, 0x2e,
    0x51, 0xc8, 0xc9, 0xcc, 0x4b, 0xe5, 0x2a, 0x4e, 0x4d, 0xce, 0xcf, 0x4b, 0x81, 0xb0, 0x4b,
    0x32, 0x32, 0x8b, 0xa0, 0x4c, 0x00, 0x16, 0x01, 0xc0, 0x59, 0x22, 0x00, 0x00, 0x00};
static const char text[] = "first line\nsecond line\nthird line\n";

TEST(gzip_reads_in_any_pieces)
{
    expect_in_any_pieces(mm_slice_of(three_lines, sizeof(three_lines)), text);
}

TEST(gzip_reads_what_follows_as_the_same_stream)
{
    expect_to_go_on(mm_slice_of(three_lines, sizeof(three_lines)), text);
}

TEST(gzip_sees_damage)
{
    expect_damage_to_be_seen(mm_slice_of(three_lines, sizeof(three_lines)), text, 0,
                             sizeof(three_lines));
}

TEST(gzip_refuses_what_is_none)
{
    expect_others_refused();
}

TEST(gzip_passes_over_zeros_behind_the_last_member)
{
    expect_padding(mm_slice_of(three_lines, sizeof(three_lines)), text);
}
