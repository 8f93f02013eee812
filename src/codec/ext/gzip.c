/* codec/ext/gzip.c - see gzip.h for the contract. */
#include "codec/ext/gzip.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

enum { GZIP_ONLY = 16 + MAX_WBITS };

struct mm_gzip {
    z_stream z;
    bool begun; /* inside a member */
    bool any;   /* a member was read to its end */
};

enum mm_code mm_gzip_new(struct mm_gzip **ret)
{
    struct mm_gzip *g = calloc(1, sizeof(*g));

    if (g == NULL)
        return MM_E_NOMEM;
    if (inflateInit2(&g->z, GZIP_ONLY) != Z_OK) {
        free(g);
        return MM_E_NOMEM;
    }
    *ret = g;
    return MM_OK;
}

void mm_gzip_free(struct mm_gzip **g)
{
    if (*g == NULL)
        return;
    (void)inflateEnd(&(*g)->z);
    free(*g);
    *g = NULL;
}

bool mm_gzip_whole(const struct mm_gzip *g)
{
    return g->any && !g->begun;
}

enum mm_code mm_gzip_read(struct mm_gzip *g, struct mm_slice *in, uint8_t *out, size_t size,
                          size_t *ret_n)
{
    size_t take = mm_min_size(in->n, UINT_MAX), room = mm_min_size(size, UINT_MAX);
    int rc;

    MM_ASSERT(out != NULL && size > 0);
    while (!g->begun && g->any && take > 0 && in->p[0] == 0) {
        *in = mm_slice_sub(*in, 1, SIZE_MAX);
        take--;
    }
    if (take == 0 && !g->begun) {
        *ret_n = 0;
        return MM_OK;
    }
    g->begun = true;
    /* zlib promises not to write through next_in. */
    g->z.next_in = (Bytef *)(uintptr_t)in->p;
    g->z.avail_in = (uInt)take;
    g->z.next_out = out;
    g->z.avail_out = (uInt)room;
    rc = inflate(&g->z, Z_NO_FLUSH);
    if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
        return rc == Z_MEM_ERROR ? MM_E_NOMEM : MM_E_SYNTAX;
    *in = mm_slice_sub(*in, take - g->z.avail_in, SIZE_MAX);
    *ret_n = room - g->z.avail_out;
    if (rc == Z_STREAM_END) {
        g->begun = false;
        g->any = true;
        if (inflateReset(&g->z) != Z_OK)
            return MM_E_SYNTAX;
    }
    return MM_OK;
}
