/*
 * codec/pattern_scan.h - what one typed capture takes from the input.
 *
 * Purpose   The scanners behind codec/pattern.h, apart from its trie.
 * Owns      Nothing.
 * Threads   Pure functions.
 * Trust     Input is hostile: each scanner reads its own token and one byte more,
 *           `to` and `last` read up to their literal.
 * Spec      codec/pattern.h. Fuzzed by pattern_fuzz.c.
 */
#ifndef MM_CODEC_PATTERN_SCAN_H
#define MM_CODEC_PATTERN_SCAN_H

#include "base/base.h"
#include "codec/when.h"

/* In the order in which they are tried where several may stand; before them the time forms, which
 * are the values of enum mm_when_form. */
enum mm_scan {
    MM_SCAN_MAC = MM_WHEN_COUNT,
    MM_SCAN_IP_DOT_PORT,
    MM_SCAN_IP_COLON_PORT,
    MM_SCAN_IP_HASH_PORT,
    MM_SCAN_IP_ANY_PORT,
    MM_SCAN_IP,
    MM_SCAN_PORT,
    MM_SCAN_INT,
    MM_SCAN_NUM,
    MM_SCAN_HEX,
    MM_SCAN_QUOTED,
    MM_SCAN_IDENT,
    MM_SCAN_HOST,
    MM_SCAN_WORD,
    MM_SCAN_BLANKS,
    MM_SCAN_TO,
    MM_SCAN_LAST,
    MM_SCAN_REST,
    MM_SCAN_COUNT
};

struct mm_scanned {
    size_t end;             /* first byte not taken */
    struct mm_slice text;   /* the capture */
    struct mm_slice second; /* the port of ip.port and its kin; may be empty for addrport */
};

/* A type by its name, or MM_SCAN_COUNT. */
enum mm_scan mm_scan_find(struct mm_slice name);
/* Its name in a template. */
struct mm_slice mm_scan_name(enum mm_scan scan);
/* It captures two things. */
static inline bool mm_scan_pair(enum mm_scan scan)
{
    return scan >= MM_SCAN_IP_DOT_PORT && scan <= MM_SCAN_IP_ANY_PORT;
}

/* It reads (part of) a moment. */
static inline bool mm_scan_time(enum mm_scan scan)
{
    return (int)scan < (int)MM_WHEN_COUNT;
}

/* Whether a capture of that type may begin with this byte; false is certain. */
bool mm_scan_may_begin(enum mm_scan scan, uint8_t first);

/*
 * The types that may stand at `at`, by their first bytes: one bit a type (1 << scan). A type whose
 * bit is not set does not stand there; types of any bytes (ident, host, word, ...) are not looked
 * for, their bits are set. Costs a look at a few bytes, for who would try one type after another.
 */
uint64_t mm_scan_may(struct mm_slice in, size_t at);
static_assert(MM_SCAN_COUNT <= 64, "a bit a type");

/*
 * Take one capture at `at`. `next` is the literal that follows in the template (empty: none).
 * False when that type does not stand there; *ret and *when are untouched then.
 */
MM_MUST_USE bool mm_scan_take(enum mm_scan scan, struct mm_slice next, struct mm_slice in,
                              size_t at, struct mm_when *when, struct mm_scanned *ret);

#endif
