/*
 * codec/ext/unzip_fuzz.h - one fuzz target for all decompressors.
 *
 * Purpose   gzip_fuzz.c and its like define UNZIP(name) and include this. No input may break
 *           these promises: what comes out does not depend on how it goes in; nothing comes out
 *           beyond what was asked for; the reader always moves on or ends.
 * Owns      Nothing.
 * Threads   Test code.
 * Trust     Test code only.
 */
#ifndef MM_CODEC_EXT_UNZIP_FUZZ_H
#define MM_CODEC_EXT_UNZIP_FUZZ_H

#include "tests/harness/test.h"

enum { OUT_MAX = 4 * 1024 * 1024 };

struct result {
    enum mm_code code;
    uint64_t hash;
    size_t n;
    bool whole;
};

static struct result run(struct mm_slice in, size_t step, size_t room)
{
    struct result r = {0};
    struct UNZIP() *z = NULL;
    uint8_t part[8192];

    MM_ASSERT(UNZIP(_new)(&z) == MM_OK && room <= sizeof(part));
    for (size_t at = 0; at < in.n && r.code == MM_OK && r.n < OUT_MAX; at += step) {
        struct mm_slice piece = mm_slice_sub(in, at, step);

        for (size_t n = 1; r.code == MM_OK && (piece.n > 0 || n > 0) && r.n < OUT_MAX;) {
            size_t before = piece.n;

            n = 0;
            r.code = UNZIP(_read)(z, &piece, part, room, &n);
            MM_ASSERT(n <= room && piece.n <= before);
            if (r.code != MM_OK)
                break;
            MM_ASSERT(n > 0 || piece.n < before || piece.n == 0);
            for (size_t i = 0; i < n; i++)
                r.hash = r.hash * 1099511628211u + part[i] + 1;
            r.n += n;
        }
    }
    r.whole = UNZIP(_whole)(z);
    UNZIP(_free)(&z);
    return r;
}

FUZZ(in)
{
    struct result a = run(in, in.n + 1, 8192), b = run(in, 3, 11);

    /* A damaged stream may end a little earlier or later, depending on what was asked for. */
    if (a.code != MM_OK || b.code != MM_OK || a.n >= OUT_MAX || b.n >= OUT_MAX)
        return;
    MM_ASSERT(a.n == b.n && a.hash == b.hash && a.whole == b.whole);
}

#endif
