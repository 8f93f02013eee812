/* codec/ext/bzip2_test.c - what bzip2(1) wrote is read back in any pieces; the rest is refused. */
#include "codec/ext/bzip2.h"

#define UNZIP(what) mm_bzip2##what
#include "codec/ext/unzip_test.h"

/* printf 'first line\nsecond line\nthird line\n' | bzip2 */
static const uint8_t three_lines[] = {
    0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0x70, 0x59, 0x17, 0x03, 0x00, 0x00,
    0x06, 0xd1, 0x80, 0x00, 0x10, 0x40, 0x00, 0x0f, 0x65, 0x9c, 0x00, 0x20, 0x00, 0x22, 0x34, 0x4d,
    0x34, 0x36, 0x9a, 0x84, 0x00, 0x00, 0x91, 0x29, 0xe3, 0x0b, 0x32, 0xaa, 0xc0, 0x4d, 0x84, 0x82,
    0x76, 0xe9, 0xb8, 0xf8, 0xbb, 0x92, 0x29, 0xc2, 0x84, 0x83, 0x82, 0xc8, 0xb8, 0x18};
static const char text[] = "first line\nsecond line\nthird line\n";

TEST(bzip2_reads_in_any_pieces)
{
    expect_in_any_pieces(mm_slice_of(three_lines, sizeof(three_lines)), text);
}

TEST(bzip2_reads_what_follows_as_the_same_stream)
{
    expect_to_go_on(mm_slice_of(three_lines, sizeof(three_lines)), text);
}

TEST(bzip2_sees_damage)
{
    expect_damage_to_be_seen(mm_slice_of(three_lines, sizeof(three_lines)), text, 0,
                             sizeof(three_lines));
}

TEST(bzip2_refuses_what_is_none)
{
    expect_others_refused();
}

TEST(bzip2_passes_over_zeros_behind_the_last_stream)
{
    expect_padding(mm_slice_of(three_lines, sizeof(three_lines)), text);
}
