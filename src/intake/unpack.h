/*
 * intake/unpack.h - the ways in which files are packed, told by their first bytes.
 *
 * Purpose   One reader for plain bytes, gzip, zstd, xz and bzip2, so that who reads a file does not
 *           ask which it is.
 * Owns      A reader owns what its library does (at most 68 MiB, xz).
 * Threads   One reader, one thread.
 * Trust     Input is hostile; the libraries' wrappers (codec/ext) are what meets it.
 */
#ifndef MM_INTAKE_UNPACK_H
#define MM_INTAKE_UNPACK_H

#include "base/base.h"

enum { MM_UNPACK_HEAD = 8 /* bytes that tell */ };

enum mm_packing { MM_PLAIN, MM_GZIP, MM_ZSTD, MM_XZ, MM_BZIP2, MM_PACKINGS };

/* How is a file packed that begins with these MM_UNPACK_HEAD bytes, or has no more? */
enum mm_packing mm_packing_of(struct mm_slice head);

struct mm_unpack;

MM_MUST_USE enum mm_code mm_unpack_new(enum mm_packing packing, struct mm_unpack **ret);
void mm_unpack_free(struct mm_unpack **u);
/* As mm_gzip_read (codec/ext/gzip.h). */
MM_MUST_USE enum mm_code mm_unpack_read(struct mm_unpack *u, struct mm_slice *in, uint8_t *out,
                                        size_t size, size_t *ret_n);
/* Was all that came in whole? Plain bytes always are. */
bool mm_unpack_whole(const struct mm_unpack *u);

#endif
