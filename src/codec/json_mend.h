/*
 * codec/json_mend.h - a JSON document that was cut off, closed again.
 *
 * Purpose   Intake cuts records at a limit. An event that was made too long must not hide from
 *           the rules for that: what stands before the cut is still read.
 * Owns      Nothing; the mended copy lives in the arena.
 * Threads   Pure functions.
 * Trust     Input is hostile; cost is linear, nesting is bounded. What was no beginning of a JSON
 *           document stays none: the parser behind this decides.
 * Spec      RFC 8259. A last string value is closed where it was cut; a member without its whole
 *           value is left out. Fuzzed by codec/json_mend_fuzz.c.
 */
#ifndef MM_CODEC_JSON_MEND_H
#define MM_CODEC_JSON_MEND_H

#include "base/arena.h"
#include "base/base.h"

enum {
    MM_JSON_MEND_DEPTH = 24,                    /* as codec/ext/json.h */
    MM_JSON_MEND_MORE = MM_JSON_MEND_DEPTH + 1, /* bytes that mending adds at most */
};

/*
 * Close what is open at the end of `in`. False, and *ret untouched, when `in` begins no object or
 * list, nests too deep, closes what was never opened, holds an escape that is none, or the arena is
 * full.
 */
MM_MUST_USE bool mm_json_mend(struct mm_arena *arena, struct mm_slice in, struct mm_slice *ret);

#endif
