/*
 * codec/ext/gzip.h - gzip, from bytes to bytes in pieces (the one wrapper of zlib).
 *
 * Purpose   Read compressed request bodies and files. Members that follow each other are one
 *           stream, as gzip(1) has it.
 * Owns      A reader owns 40 KiB, whatever comes.
 * Threads   One reader, one thread.
 * Trust     Input is hostile: it may be torn, wrong, or grow a thousandfold. The caller bounds
 *           what comes out. Zeros behind the last member are passed over (tape padding).
 * Spec      RFC 1951, RFC 1952. Fuzzed by gzip_fuzz.c.
 */
#ifndef MM_CODEC_EXT_GZIP_H
#define MM_CODEC_EXT_GZIP_H

#include "base/base.h"

struct mm_gzip;

MM_MUST_USE enum mm_code mm_gzip_new(struct mm_gzip **ret);
void mm_gzip_free(struct mm_gzip **g);
/*
 * Take from the front of *in (which moves on), put up to size bytes into out; *ret_n tells how
 * many. MM_OK: call again, with what is left of *in or with more input. MM_E_SYNTAX: not gzip, or
 * damaged: what came out before was not checked as a whole.
 */
MM_MUST_USE enum mm_code mm_gzip_read(struct mm_gzip *g, struct mm_slice *in, uint8_t *out,
                                      size_t size, size_t *ret_n);
/* Between members: all that came in was whole and its checksum was right. */
bool mm_gzip_whole(const struct mm_gzip *g);

#endif
