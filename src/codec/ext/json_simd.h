/*
 * codec/ext/json_simd.h - the one door to simdjson: where are the structural characters?
 *
 * Purpose   simdjson's first stage finds every { } [ ] : , and the start of every string, number
 *           and literal, and checks UTF-8 and quotes. json.c does the rest.
 * Owns      The object owns its index; it is valid until the next call.
 * Threads   One object, one thread. The best implementation for this CPU is chosen at run time.
 * Trust     Input is hostile; reads exactly n bytes.
 * Spec      simdjson 3 (dom_parser_implementation::stage1).
 */
#ifndef MM_CODEC_EXT_JSON_SIMD_H
#define MM_CODEC_EXT_JSON_SIMD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mm_simd;

enum mm_simd_result {
    MM_SIMD_OK,
    MM_SIMD_UTF8,     /* not UTF-8 */
    MM_SIMD_CONTROL,  /* raw control character in a string */
    MM_SIMD_UNCLOSED, /* a string has no end */
    MM_SIMD_EMPTY,    /* white space only */
    MM_SIMD_OTHER,
};

/* For inputs of at most size_max bytes; NULL without memory. */
struct mm_simd *mm_simd_new(size_t size_max);
void mm_simd_free(struct mm_simd *s);
/* Offsets of the structural characters of p[0..n), ascending; n <= size_max. */
enum mm_simd_result mm_simd_index(struct mm_simd *s, const uint8_t *p, size_t n,
                                  const uint32_t **ret_index, size_t *ret_n);

#ifdef __cplusplus
}
#endif

#endif
