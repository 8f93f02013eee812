/*
 * codec/evtx_priv.h - what evtx.c and binxml.c share.
 *
 * Purpose   The binary XML of one record, read against its chunk. Nothing else includes this.
 * Owns      Nothing.
 * Threads   As evtx.h.
 * Trust     As evtx.h.
 */
#ifndef MM_CODEC_EVTX_PRIV_H
#define MM_CODEC_EVTX_PRIV_H

#include "codec/evtx.h"

/* The element below `top` from the chunk's bytes [from, to); false when they are no BinXml. */
bool mm_binxml_read(struct mm_evtx *e, struct mm_slice chunk, size_t from, size_t to,
                    struct mm_tree *top);

static inline uint16_t mm_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t mm_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t mm_le64(const uint8_t *p)
{
    return (uint64_t)mm_le32(p) | (uint64_t)mm_le32(p + 4) << 32;
}

/* FILETIME (100 ns since 1601) as microseconds since 1970; 0 for what is outside 1970 to 2106. */
static inline int64_t mm_filetime_us(uint64_t t)
{
    const uint64_t epoch = UINT64_C(116444736000000000);

    return t < epoch || t > epoch + UINT64_C(42949672960000000) ? 0 : (int64_t)((t - epoch) / 10);
}

#endif
