/*
 * codec/ext/unzip_test.h - one body of tests for all decompressors.
 *
 * Purpose   gzip_test.c and its like define UNZIP(name) and include this.
 * Owns      Nothing.
 * Threads   Test code.
 * Trust     Test code only.
 */
#ifndef MM_CODEC_EXT_UNZIP_TEST_H
#define MM_CODEC_EXT_UNZIP_TEST_H

#include "base/buf.h"
#include "tests/harness/test.h"

/* Everything that comes out of `in`, fed in pieces of `step`, taken in pieces of `room`. */
MM_UNUSED static enum mm_code unzip_all(struct mm_slice in, size_t step, size_t room,
                                        struct mm_buf *out, bool *ret_whole)
{
    struct UNZIP() *z = NULL;
    enum mm_code c = UNZIP(_new)(&z);
    uint8_t part[4096];

    CHECK(c == MM_OK && room <= sizeof(part));
    for (size_t at = 0; at < in.n && c == MM_OK; at += step) {
        struct mm_slice piece = mm_slice_sub(in, at, step);

        for (size_t n = 1; c == MM_OK && (piece.n > 0 || n > 0);) {
            n = 0;
            c = UNZIP(_read)(z, &piece, part, room, &n);
            if (c == MM_OK)
                mm_buf_add(out, mm_slice_of(part, n));
        }
    }
    *ret_whole = UNZIP(_whole)(z);
    UNZIP(_free)(&z);
    CHECK(z == NULL);
    return c;
}

MM_UNUSED static void expect_in_any_pieces(struct mm_slice in, const char *want)
{
    for (size_t step = 1; step <= in.n; step += 3) {
        for (size_t room = 1; room < 40; room += 13) {
            struct mm_buf out;
            bool whole = false;

            mm_buf_init(&out, 1 << 20);
            CHECK(unzip_all(in, step, room, &out, &whole) == MM_OK);
            CHECK(whole);
            CHECK_SLICE(mm_buf_slice(&out), want);
            mm_buf_done(&out);
        }
    }
}

/* Every way to shorten it is seen; every flipped byte is refused, or at least not whole. */
MM_UNUSED static void expect_damage_to_be_seen(struct mm_slice in, const char *want, size_t from,
                                               size_t below)
{
    uint8_t bad[256];
    struct mm_buf out;
    bool whole = false;

    CHECK(in.n <= sizeof(bad));
    mm_buf_init(&out, 1 << 20);
    for (size_t n = 1; n < in.n; n++) {
        enum mm_code c = unzip_all(mm_slice_sub(in, 0, n), 7, 100, &out, &whole);

        CHECK(c != MM_OK || !whole);
        mm_buf_reset(&out);
    }
    for (size_t i = from; i < below; i++) {
        enum mm_code c;

        memcpy(bad, in.p, in.n);
        bad[i] ^= 0x55;
        c = unzip_all(mm_slice_of(bad, in.n), in.n, 4096, &out, &whole);
        CHECK(c != MM_OK || !whole || mm_slice_eq(mm_buf_slice(&out), mm_slice_str(want)));
        mm_buf_reset(&out);
    }
    mm_buf_done(&out);
}

/* What follows is read as the same stream: twice in, twice out. */
MM_UNUSED static void expect_to_go_on(struct mm_slice in, const char *want)
{
    uint8_t twice[512];
    char both[256];
    size_t n = strlen(want);

    CHECK(2 * in.n <= sizeof(twice) && 2 * n < sizeof(both));
    for (size_t i = 0; i < 2; i++) {
        memcpy(twice + i * in.n, in.p, in.n);
        memcpy(both + i * n, want, n);
    }
    both[2 * n] = 0;
    expect_in_any_pieces(mm_slice_of(twice, 2 * in.n), both);
}

/* Zeros behind the end are passed over. */
MM_UNUSED static void expect_padding(struct mm_slice in, const char *want)
{
    uint8_t padded[256] = {0};

    CHECK(in.n + 10 <= sizeof(padded));
    memcpy(padded, in.p, in.n);
    expect_in_any_pieces(mm_slice_of(padded, in.n + 10), want);
}

MM_UNUSED static void expect_refused(struct mm_slice in, enum mm_code want)
{
    struct mm_buf out;
    bool whole = true;

    mm_buf_init(&out, 4096);
    CHECK_NUM(unzip_all(in, 100, 100, &out, &whole), want);
    CHECK(!whole);
    CHECK_NUM(out.n, 0);
    mm_buf_done(&out);
}

/* Text is none; nothing at all is no error and nothing whole. */
MM_UNUSED static void expect_others_refused(void)
{
    expect_refused(MM_S("plain text, no magic"), MM_E_SYNTAX);
    expect_refused(MM_S(""), MM_OK);
}

#endif
