/*
 * codec/ext/zstd.h - Zstandard, from bytes to bytes in pieces (the one wrapper of libzstd).
 *
 * Purpose   Read compressed files. Frames that follow each other are one stream.
 * Owns      A reader owns its window, at most 8 MiB.
 * Threads   One reader, one thread.
 * Trust     Input is hostile; frames that ask for a larger window are refused (MM_E_LIMIT).
 * Spec      RFC 8878. Fuzzed by zstd_fuzz.c.
 */
#ifndef MM_CODEC_EXT_ZSTD_H
#define MM_CODEC_EXT_ZSTD_H

#include "base/base.h"

enum { MM_ZSTD_WINDOW_LOG = 23 /* 8 MiB: what every level up to 19 asks for */ };

struct mm_zstd;

MM_MUST_USE enum mm_code mm_zstd_new(struct mm_zstd **ret);
void mm_zstd_free(struct mm_zstd **z);
/* As mm_gzip_read. */
MM_MUST_USE enum mm_code mm_zstd_read(struct mm_zstd *z, struct mm_slice *in, uint8_t *out,
                                      size_t size, size_t *ret_n);
/* Between frames: all that came in was whole. */
bool mm_zstd_whole(const struct mm_zstd *z);

#endif
