/*
 * codec/pattern.h - message templates: literal text with typed captures, many matched as one.
 *
 * Purpose   Read free-text messages of devices. A set of templates is compiled
 *           into one trie, so that fifty cost about as much as one.
 * Owns      A set lives in the arena it was made in and is immutable once
 *           templates are no longer added. Captures borrow the input.
 * Threads   Matching is pure: one set may be used by many threads.
 * Trust     Input is hostile. Matching is linear without backtracking: at every
 *           point the longest literal wins, else the first capture type (in the
 *           order below) that fits and whose successor can begin there; a
 *           capture once taken is never taken back. Templates are trusted as
 *           to intent, not form: a bad one is refused with its column.
 * Spec      The template language below. Fuzzed by pattern_fuzz.c.
 *
 *   text        stands for itself; a blank is exactly one blank; `{{` is a brace
 *   {name:type} a capture; {:type} reads and forgets
 *   {? ... }    an optional part (may be nested; at most 6 in one template)
 *
 *   type        takes
 *   ymd, bsd ...  a time form of codec/when.h (no name needed)
 *   mac         every spelling of base/ip.h
 *   ip.port     192.0.2.1.80 and 2001:db8::1.80: captures name.ip and name.port
 *   ip:port     192.0.2.1:80, [2001:db8::1]:80 and ::ffff:192.0.2.1:80, likewise
 *   ip#port     192.0.2.1#80, likewise
 *   addrport    any of these, 192.0.2.1/80, 192.0.2.1(80), or an address alone
 *   ip          IPv4 or IPv6, the latter also with its zone: fe80::1%eth0
 *   port        0 to 65535
 *   int         decimal digits
 *   num         digits, optionally with a fraction
 *   hex         hexadecimal digits
 *   quoted      "text" with \" inside; captured without its quotes
 *   ident       letters, digits, _ and -
 *   host        letters, digits, _ - . and :
 *   word        no blanks; ends before the first byte of the literal that follows
 *   blanks      one or more blanks or tabs
 *   to          anything (at least one byte) before the first place where the literal that
 *               follows stands
 *   last        the same before the last such place: for names that an attacker chooses
 *   rest        everything up to the end, also nothing
 */
#ifndef MM_CODEC_PATTERN_H
#define MM_CODEC_PATTERN_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/work.h"
#include "codec/when.h"

enum {
    MM_PATTERN_MAX = 1000,        /* templates in a set: the largest device knows about 300 */
    MM_PATTERN_MAX_TEXT = 1024,   /* bytes of one template */
    MM_PATTERN_MAX_CAPTURES = 24, /* in one template; the widest of ours has 12 */
    MM_PATTERN_MAX_TOKENS = 64,   /* pieces of one template */
    MM_PATTERN_MAX_OPTIONS = 6,   /* optional parts: 2^6 variants are added */
    MM_PATTERN_MAX_NAMES = 256,   /* different capture names in a set */
};

struct mm_patterns;

struct mm_pattern_capture {
    uint16_t name; /* index for mm_patterns_name */
    struct mm_slice text;
};

struct mm_pattern_hit {
    bool whole;       /* a template matched up to the end of the input */
    uint16_t pattern; /* the number given to mm_patterns_add, when whole */
    size_t stop;      /* where matching ended: in.n when whole */
    size_t count;
    struct mm_pattern_capture capture[MM_PATTERN_MAX_CAPTURES];
    struct mm_when when; /* from time captures */
    bool has_when;
};

/* An empty set in the arena; NULL when it does not fit. */
struct mm_patterns *mm_patterns_new(struct mm_arena *arena);
/*
 * Add one template under a number of the caller's. MM_E_SYNTAX with the byte refused,
 * MM_E_EXISTS when another template takes the same lines, MM_E_LIMIT, MM_E_NOMEM. A set to which
 * adding failed may only be thrown away.
 */
MM_MUST_USE enum mm_code mm_patterns_add(struct mm_patterns *set, struct mm_slice text,
                                         uint16_t number, struct mm_fault *fault);
/* Names of captures, in the order first seen. */
size_t mm_patterns_names(const struct mm_patterns *set);
struct mm_slice mm_patterns_name(const struct mm_patterns *set, size_t index);

/* Whether some template may take a text that begins with this byte; false is certain. */
bool mm_patterns_may_begin(const struct mm_patterns *set, uint8_t first);

/* How a text begins, worked out once for all the sets that are asked about it. */
struct mm_pattern_begin {
    struct mm_slice text;
    uint64_t may;   /* a bit a type of capture: it may stand in front; not set: it does not */
    uint64_t tried; /* types whose bit is known for certain */
};

void mm_patterns_begin(struct mm_slice in, struct mm_pattern_begin *ret);
/* Whether some template may take that text, by how it begins; false is certain. */
bool mm_patterns_may_take(const struct mm_patterns *set, struct mm_pattern_begin *begin);

/*
 * Match the whole input. True when one template takes all of it. Otherwise hit holds the captures
 * made on the way whose names are the same in every template that shares that way. `work` (may be
 * NULL) pays for what is tried: without any left, matching ends where it is.
 */
bool mm_patterns_match(const struct mm_patterns *set, struct mm_slice in, struct mm_work *work,
                       struct mm_pattern_hit *hit);
/*
 * For a text that no template takes: the furthest byte that some way came to, and what could stand
 * there, as `"text" | {type} | $` ($: the end). False when a template takes it.
 */
bool mm_patterns_expected(const struct mm_patterns *set, struct mm_slice in, size_t *ret_at,
                          struct mm_buf *ret);

#endif
