/*
 * codec/ext/xz.h - xz, from bytes to bytes in pieces (the one wrapper of liblzma).
 *
 * Purpose   Read compressed files. Streams that follow each other are one stream.
 * Owns      A reader owns its dictionary and some tables, at most MM_XZ_MEMORY bytes.
 * Threads   One reader, one thread.
 * Trust     Input is hostile; a file that asks for more memory is refused (MM_E_LIMIT). The caller
 *           bounds what comes out.
 * Spec      The .xz file format 1.2.1 (tukaani.org). Fuzzed by xz_fuzz.c.
 */
#ifndef MM_CODEC_EXT_XZ_H
#define MM_CODEC_EXT_XZ_H

#include "base/base.h"

enum { MM_XZ_MEMORY = 68 * 1024 * 1024 /* the highest level, xz -9, asks for 65 MiB */ };

struct mm_xz;

MM_MUST_USE enum mm_code mm_xz_new(struct mm_xz **ret);
void mm_xz_free(struct mm_xz **x);
/* As mm_gzip_read. */
MM_MUST_USE enum mm_code mm_xz_read(struct mm_xz *x, struct mm_slice *in, uint8_t *out, size_t size,
                                    size_t *ret_n);
/* Between streams: all that came in was whole and its checksums were right. */
bool mm_xz_whole(const struct mm_xz *x);

#endif
