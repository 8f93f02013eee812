/* codec/ext/xz.c - see xz.h for the contract. */
#include "codec/ext/xz.h"

#include <lzma.h>
#include <stdlib.h>

struct mm_xz {
    lzma_stream z;
    bool begun; /* inside a stream */
    bool any;   /* a stream was read to its end */
};

enum mm_code mm_xz_new(struct mm_xz **ret)
{
    struct mm_xz *x = calloc(1, sizeof(*x));

    if (x == NULL)
        return MM_E_NOMEM;
    x->z = (lzma_stream)LZMA_STREAM_INIT;
    if (lzma_stream_decoder(&x->z, MM_XZ_MEMORY, 0) != LZMA_OK) {
        mm_xz_free(&x);
        return MM_E_NOMEM;
    }
    *ret = x;
    return MM_OK;
}

void mm_xz_free(struct mm_xz **x)
{
    if (*x == NULL)
        return;
    lzma_end(&(*x)->z);
    free(*x);
    *x = NULL;
}

bool mm_xz_whole(const struct mm_xz *x)
{
    return x->any && !x->begun;
}

static enum mm_code code_of(lzma_ret rc)
{
    switch (rc) {
    case LZMA_OK:
    case LZMA_STREAM_END:
    case LZMA_BUF_ERROR: /* it wants more input, or more room */
        return MM_OK;
    case LZMA_MEM_ERROR:
        return MM_E_NOMEM;
    case LZMA_MEMLIMIT_ERROR:
        return MM_E_LIMIT;
    default:
        return MM_E_SYNTAX;
    }
}

enum mm_code mm_xz_read(struct mm_xz *x, struct mm_slice *in, uint8_t *out, size_t size,
                        size_t *ret_n)
{
    enum mm_code c;
    lzma_ret rc;

    MM_ASSERT(out != NULL && size > 0);
    while (!x->begun && x->any && in->n > 0 && in->p[0] == 0) /* padding between streams */
        *in = mm_slice_sub(*in, 1, SIZE_MAX);
    if (in->n == 0 && !x->begun) {
        *ret_n = 0;
        return MM_OK;
    }
    x->begun = true;
    x->z.next_in = in->p;
    x->z.avail_in = in->n;
    x->z.next_out = out;
    x->z.avail_out = size;
    rc = lzma_code(&x->z, LZMA_RUN);
    c = code_of(rc);
    if (c != MM_OK)
        return c;
    *in = mm_slice_sub(*in, in->n - x->z.avail_in, SIZE_MAX);
    *ret_n = size - x->z.avail_out;
    if (rc == LZMA_STREAM_END) {
        x->begun = false;
        x->any = true;
        if (lzma_stream_decoder(&x->z, MM_XZ_MEMORY, 0) != LZMA_OK)
            return MM_E_NOMEM;
    }
    return MM_OK;
}
