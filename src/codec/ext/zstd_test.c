/* codec/ext/zstd_test.c - what zstd(1) wrote is read back in any pieces; the rest is refused. */
#include "codec/ext/zstd.h"

#define UNZIP(what) mm_zstd##what
#include "codec/ext/unzip_test.h"

/* printf 'first line\nsecond line\nthird line\n' | zstd --check */
static const uint8_t three_lines[] = {
    0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x11, 0x01, 0x00, 0x66, 0x69, 0x72, 0x73, 0x74, 0x20, 0x6c,
    0x69, 0x6e, 0x65, 0x0a, 0x73, 0x65, 0x63, 0x6f, 0x6e, 0x64, 0x20, 0x6c, 0x69, 0x6e, 0x65, 0x0a,
    0x74, 0x68, 0x69, 0x72, 0x64, 0x20, 0x6c, 0x69, 0x6e, 0x65, 0x0a, 0x5d, 0x7d, 0xaa, 0x0e};
static const char text[] = "first line\nsecond line\nthird line\n";

TEST(zstd_reads_in_any_pieces)
{
    expect_in_any_pieces(mm_slice_of(three_lines, sizeof(three_lines)), text);
}

TEST(zstd_reads_what_follows_as_the_same_stream)
{
    expect_to_go_on(mm_slice_of(three_lines, sizeof(three_lines)), text);
}

TEST(zstd_sees_damage)
{
    expect_damage_to_be_seen(mm_slice_of(three_lines, sizeof(three_lines)), text, 0,
                             sizeof(three_lines));
}

TEST(zstd_refuses_what_is_none)
{
    expect_others_refused();
}

TEST(zstd_refuses_a_window_that_is_too_large)
{
    /* Frame header that asks for a window of 128 MiB. */
    static const uint8_t wide[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x01, 0x00, 0x00};

    expect_refused(mm_slice_of(wide, sizeof(wide)), MM_E_LIMIT);
}
