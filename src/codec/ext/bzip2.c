/* codec/ext/bzip2.c - see bzip2.h for the contract. */
#include "codec/ext/bzip2.h"

#include <bzlib.h>
#include <limits.h>
#include <stdlib.h>

struct mm_bzip2 {
    bz_stream z;
    bool open;  /* z holds memory */
    bool begun; /* inside a stream */
    bool any;   /* a stream was read to its end */
};

static bool begin(struct mm_bzip2 *b)
{
    b->z = (bz_stream){0};
    b->open = BZ2_bzDecompressInit(&b->z, 0, 0) == BZ_OK;
    return b->open;
}

static void end(struct mm_bzip2 *b)
{
    if (b->open)
        (void)BZ2_bzDecompressEnd(&b->z);
    b->open = false;
}

enum mm_code mm_bzip2_new(struct mm_bzip2 **ret)
{
    struct mm_bzip2 *b = calloc(1, sizeof(*b));

    if (b == NULL || !begin(b)) {
        free(b);
        return MM_E_NOMEM;
    }
    *ret = b;
    return MM_OK;
}

void mm_bzip2_free(struct mm_bzip2 **b)
{
    if (*b == NULL)
        return;
    end(*b);
    free(*b);
    *b = NULL;
}

bool mm_bzip2_whole(const struct mm_bzip2 *b)
{
    return b->any && !b->begun;
}

enum mm_code mm_bzip2_read(struct mm_bzip2 *b, struct mm_slice *in, uint8_t *out, size_t size,
                           size_t *ret_n)
{
    size_t take, room = mm_min_size(size, UINT_MAX);
    int rc;

    MM_ASSERT(out != NULL && size > 0);
    while (!b->begun && b->any && in->n > 0 && in->p[0] == 0)
        *in = mm_slice_sub(*in, 1, SIZE_MAX);
    if (in->n == 0 && !b->begun) {
        *ret_n = 0;
        return MM_OK;
    }
    if (!b->open && !begin(b))
        return MM_E_NOMEM;
    b->begun = true;
    take = mm_min_size(in->n, UINT_MAX);
    /* libbz2 does not write through next_in. */
    b->z.next_in = (char *)(uintptr_t)in->p;
    b->z.avail_in = (unsigned)take; /* both bounded above */
    b->z.next_out = (char *)out;
    b->z.avail_out = (unsigned)room;
    rc = BZ2_bzDecompress(&b->z);
    if (rc != BZ_OK && rc != BZ_STREAM_END)
        return rc == BZ_MEM_ERROR ? MM_E_NOMEM : MM_E_SYNTAX;
    *in = mm_slice_sub(*in, take - b->z.avail_in, SIZE_MAX);
    *ret_n = room - b->z.avail_out;
    if (rc == BZ_STREAM_END) {
        end(b);
        b->begun = false;
        b->any = true;
    }
    return MM_OK;
}
