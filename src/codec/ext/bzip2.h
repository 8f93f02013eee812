/*
 * codec/ext/bzip2.h - bzip2, from bytes to bytes in pieces (the one wrapper of libbz2).
 *
 * Purpose   Read compressed files. Streams that follow each other are one stream.
 * Owns      A reader owns at most 4 MB, whatever comes.
 * Threads   One reader, one thread.
 * Trust     Input is hostile: it may be torn, wrong, or grow a thousandfold. The caller bounds
 *           what comes out. Zeros behind the last stream are passed over (tape padding).
 * Spec      What bzip2(1) 1.0 writes. Fuzzed by bzip2_fuzz.c.
 */
#ifndef MM_CODEC_EXT_BZIP2_H
#define MM_CODEC_EXT_BZIP2_H

#include "base/base.h"

struct mm_bzip2;

MM_MUST_USE enum mm_code mm_bzip2_new(struct mm_bzip2 **ret);
void mm_bzip2_free(struct mm_bzip2 **b);
/* As mm_gzip_read. */
MM_MUST_USE enum mm_code mm_bzip2_read(struct mm_bzip2 *b, struct mm_slice *in, uint8_t *out,
                                       size_t size, size_t *ret_n);
/* Between streams: all that came in was whole and its checksums were right. */
bool mm_bzip2_whole(const struct mm_bzip2 *b);

#endif
