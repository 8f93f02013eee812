/*
 * codec/url.h - percent-encoding and the query part of a URL.
 *
 * Purpose   Names and values out of "a=b&c=d", and into it.
 * Owns      Nothing; pieces borrow the input until they are decoded into a buffer.
 * Threads   Pure functions.
 * Trust     Input is hostile; cost is linear. "%zz" and a torn "%4" are refused.
 * Spec      RFC 3986 2.1; '+' is a blank, as HTML forms send it.
 */
#ifndef MM_CODEC_URL_H
#define MM_CODEC_URL_H

#include "base/buf.h"
#include "base/rd.h"

/* Split "/path?query#…" at the first '?'; the query is empty when there is none. */
void mm_url_split(struct mm_slice target, struct mm_slice *ret_path, struct mm_slice *ret_query);
/* The next "name=value" of a query, still encoded; false at the end. Empty pieces are skipped. */
bool mm_url_next(struct mm_rd *query, struct mm_slice *ret_name, struct mm_slice *ret_value);
/* Append s decoded; false (with part of it appended) when an escape is wrong. */
MM_MUST_USE bool mm_url_decode(struct mm_buf *out, struct mm_slice s);
/* Append s with everything but letters, digits and "-._~" encoded. */
void mm_url_encode(struct mm_buf *out, struct mm_slice s);

#endif
