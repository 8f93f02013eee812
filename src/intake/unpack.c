/* intake/unpack.c - see unpack.h for the contract. */
#include "intake/unpack.h"

#include <stdlib.h>

#include "codec/ext/bzip2.h"
#include "codec/ext/gzip.h"
#include "codec/ext/xz.h"
#include "codec/ext/zstd.h"

struct mm_unpack {
    enum mm_packing packing;
    union {
        struct mm_gzip *gzip;
        struct mm_zstd *zstd;
        struct mm_xz *xz;
        struct mm_bzip2 *bzip2;
    };
};

enum mm_packing mm_packing_of(struct mm_slice head)
{
    static const struct {
        uint8_t bytes[6];
        uint8_t n;
        enum mm_packing packing;
    } magic[] = {
        {{0x1f, 0x8b}, 2, MM_GZIP},
        {{0x28, 0xb5, 0x2f, 0xfd}, 4, MM_ZSTD},
        {{0xfd, '7', 'z', 'X', 'Z', 0}, 6, MM_XZ},
        {{'B', 'Z', 'h'}, 3, MM_BZIP2},
    };

    for (size_t i = 0; i < MM_COUNT(magic); i++) {
        if (!mm_slice_starts(head, mm_slice_of(magic[i].bytes, magic[i].n)))
            continue;
        /* "BZh" are letters: a block's head, or the end's, must follow the level. */
        if (magic[i].packing == MM_BZIP2 && (head.n < 6 || head.p[3] < '1' || head.p[3] > '9' ||
                                             !((head.p[4] == 0x31 && head.p[5] == 0x41) ||
                                               (head.p[4] == 0x17 && head.p[5] == 0x72))))
            continue;
        return magic[i].packing;
    }
    return MM_PLAIN;
}

enum mm_code mm_unpack_new(enum mm_packing packing, struct mm_unpack **ret)
{
    struct mm_unpack *u = calloc(1, sizeof(*u));
    enum mm_code c = MM_OK;

    MM_ASSERT(packing < MM_PACKINGS);
    if (u == NULL)
        return MM_E_NOMEM;
    u->packing = packing;
    if (packing == MM_GZIP)
        c = mm_gzip_new(&u->gzip);
    else if (packing == MM_ZSTD)
        c = mm_zstd_new(&u->zstd);
    else if (packing == MM_XZ)
        c = mm_xz_new(&u->xz);
    else if (packing == MM_BZIP2)
        c = mm_bzip2_new(&u->bzip2);
    if (c != MM_OK) {
        free(u);
        return c;
    }
    *ret = u;
    return MM_OK;
}

void mm_unpack_free(struct mm_unpack **u)
{
    if (*u == NULL)
        return;
    if ((*u)->packing == MM_GZIP)
        mm_gzip_free(&(*u)->gzip);
    else if ((*u)->packing == MM_ZSTD)
        mm_zstd_free(&(*u)->zstd);
    else if ((*u)->packing == MM_XZ)
        mm_xz_free(&(*u)->xz);
    else if ((*u)->packing == MM_BZIP2)
        mm_bzip2_free(&(*u)->bzip2);
    free(*u);
    *u = NULL;
}

enum mm_code mm_unpack_read(struct mm_unpack *u, struct mm_slice *in, uint8_t *out, size_t size,
                            size_t *ret_n)
{
    switch (u->packing) {
    case MM_GZIP:
        return mm_gzip_read(u->gzip, in, out, size, ret_n);
    case MM_ZSTD:
        return mm_zstd_read(u->zstd, in, out, size, ret_n);
    case MM_XZ:
        return mm_xz_read(u->xz, in, out, size, ret_n);
    case MM_BZIP2:
        return mm_bzip2_read(u->bzip2, in, out, size, ret_n);
    default:
        break;
    }
    MM_ASSERT(u->packing == MM_PLAIN && out != NULL && size > 0);
    *ret_n = mm_min_size(in->n, size);
    if (*ret_n > 0)
        memcpy(out, in->p, *ret_n);
    *in = mm_slice_sub(*in, *ret_n, SIZE_MAX);
    return MM_OK;
}

bool mm_unpack_whole(const struct mm_unpack *u)
{
    return u->packing == MM_PLAIN || (u->packing == MM_GZIP && mm_gzip_whole(u->gzip)) ||
           (u->packing == MM_ZSTD && mm_zstd_whole(u->zstd)) ||
           (u->packing == MM_XZ && mm_xz_whole(u->xz)) ||
           (u->packing == MM_BZIP2 && mm_bzip2_whole(u->bzip2));
}
