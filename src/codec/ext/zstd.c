/* codec/ext/zstd.c - see zstd.h for the contract. */
#include "codec/ext/zstd.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

struct mm_zstd {
    ZSTD_DStream *z;
    bool whole;
};

enum mm_code mm_zstd_new(struct mm_zstd **ret)
{
    struct mm_zstd *z = calloc(1, sizeof(*z));

    if (z == NULL)
        return MM_E_NOMEM;
    z->z = ZSTD_createDStream();
    if (z->z == NULL ||
        ZSTD_isError(ZSTD_DCtx_setParameter(z->z, ZSTD_d_windowLogMax, MM_ZSTD_WINDOW_LOG))) {
        mm_zstd_free(&z);
        return MM_E_NOMEM;
    }
    *ret = z;
    return MM_OK;
}

void mm_zstd_free(struct mm_zstd **z)
{
    if (*z == NULL)
        return;
    (void)ZSTD_freeDStream((*z)->z);
    free(*z);
    *z = NULL;
}

bool mm_zstd_whole(const struct mm_zstd *z)
{
    return z->whole;
}

enum mm_code mm_zstd_read(struct mm_zstd *z, struct mm_slice *in, uint8_t *out, size_t size,
                          size_t *ret_n)
{
    ZSTD_inBuffer from = {.src = in->p, .size = in->n};
    ZSTD_outBuffer to = {.dst = out, .size = size};
    size_t rc;

    MM_ASSERT(out != NULL && size > 0);
    if (in->n == 0 && z->whole) {
        *ret_n = 0;
        return MM_OK;
    }
    rc = ZSTD_decompressStream(z->z, &to, &from);
    if (ZSTD_isError(rc)) {
        switch (ZSTD_getErrorCode(rc)) {
        case ZSTD_error_memory_allocation:
            return MM_E_NOMEM;
        case ZSTD_error_frameParameter_windowTooLarge:
            return MM_E_LIMIT;
        default:
            return MM_E_SYNTAX;
        }
    }
    *in = mm_slice_sub(*in, from.pos, SIZE_MAX);
    *ret_n = to.pos;
    z->whole = rc == 0;
    return MM_OK;
}
