/*
 * codec/ext/archive_fuzz.c - whatever the bytes: members and their contents come to an end, lengths
 * are what was asked for at most, and nothing but the given bytes is asked for.
 */
#include "codec/ext/archive.h"

#include "tests/harness/test.h"

enum { OUT_MAX = 1024 * 1024, MEMBERS_MAX = 1000 };

struct bytes {
    struct mm_slice all;
    size_t at;
};

static ssize_t take(void *ctx, uint8_t *p, size_t n)
{
    struct bytes *b = ctx;
    struct mm_slice s = mm_slice_sub(b->all, b->at, n);

    if (s.n > 0)
        memcpy(p, s.p, s.n);
    b->at += s.n;
    return (ssize_t)s.n;
}

FUZZ(in)
{
    struct bytes b = {.all = in};
    struct mm_archive_source source = {.read = take, .ctx = &b, .password = "x"};
    struct mm_archive *a = NULL;
    struct mm_archive_member m;
    size_t out = 0;

    (void)mm_archive_is(mm_slice_sub(in, 0, 512));
    if (mm_archive_new(&source, &a) != MM_OK)
        return;
    for (int i = 0; i < MEMBERS_MAX && out < OUT_MAX && mm_archive_next(a, &m) == MM_OK; i++) {
        uint8_t part[4096];
        ssize_t n;

        MM_ASSERT(m.name.n == 0 || m.name.p != NULL);
        while (out < OUT_MAX && (n = mm_archive_read(a, part, sizeof(part))) > 0) {
            MM_ASSERT((size_t)n <= sizeof(part));
            out += (size_t)n;
        }
    }
    mm_archive_free(&a);
}
