/*
 * base/utf8.h - is it UTF-8, and how to show it when it isn't.
 *
 * Purpose   Foreign bytes never reach a page or a JSON document raw.
 * Owns      Nothing.
 * Threads   Pure functions.
 * Trust     Input is hostile; cost is linear.
 * Spec      RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#ifndef MM_BASE_UTF8_H
#define MM_BASE_UTF8_H

#include "base/base.h"
#include "base/buf.h"

/* Length 1..4 of the valid sequence at s[at], or 0 when there is none. at < s.n. */
size_t mm_utf8_len(struct mm_slice s, size_t at);
bool mm_utf8_valid(struct mm_slice s);
/* Append s with every byte that isn't part of valid UTF-8 replaced by U+FFFD. */
void mm_utf8_clean(struct mm_buf *out, struct mm_slice s);
/* Append s as a JSON string with quotes; invalid bytes become U+FFFD, controls are escaped. */
void mm_utf8_json(struct mm_buf *out, struct mm_slice s);
/* Characters of s; a byte that is not part of valid UTF-8 counts as one. */
size_t mm_utf8_count(struct mm_slice s);
/* The longest prefix of s of at most max bytes that ends between characters. */
struct mm_slice mm_utf8_cut(struct mm_slice s, size_t max);
/* Code point c (0..0x10FFFF, no surrogate) as 1 to 4 bytes; returns how many. */
size_t mm_utf8_encode(uint32_t c, uint8_t ret[4]);
/* Append code point c (as above). */
void mm_utf8_put(struct mm_buf *out, uint32_t c);

#endif
