/*
 * codec/kv.h - key=value text, one pair at a time.
 *
 * Purpose   FortiGate, SonicWall, Sophos, CEF extensions, key=value syslog: the
 *           same shape with different separators and quoting.
 * Owns      Nothing: keys and values borrow the input. A value with escapes is
 *           handed out raw and marked; mm_kv_unescape makes the plain text.
 * Threads   Pure functions: one cursor, one thread; no allocation but the
 *           passed arena.
 * Trust     Input is hostile: cost is linear, except that `spaces` looks once
 *           at each byte twice.
 * Spec      Fuzzed by kv_fuzz.c.
 */
#ifndef MM_CODEC_KV_H
#define MM_CODEC_KV_H

#include "base/arena.h"
#include "base/base.h"

/* How one format writes its pairs. */
struct mm_kv_style {
    uint8_t gap; /* between pairs: ' ', ',', '\t', '|' … ; blanks around pairs are skipped too */
    uint8_t assign; /* between key and value: '=' or ':' */
    uint8_t quote;  /* '"', or 0 when the format never quotes */
    uint8_t quote2; /* another one that means the same, or 0 */
    uint8_t escape; /* '\\', or 0 */
    bool words;     /* keys may hold blanks ("Source IP: 192.0.2.1, Port: 80"); not with `spaces` */
    bool spaces;    /* an unquoted value may hold the gap: it ends before the next `key=` */
};

struct mm_kv {
    struct mm_slice in;
    size_t pos;
    struct mm_kv_style style;
};

struct mm_kv_pair {
    struct mm_slice key;
    struct mm_slice value; /* without its quotes */
    bool quoted;
    bool escaped; /* holds escapes: see mm_kv_unescape */
    bool torn;    /* the closing quote was missing: the value is what there was */
};

/* Keys are made of letters, digits and _ - . [ ] @ / */
bool mm_kv_is_key(uint8_t c);
/* Neither gap nor assign may be a byte that keys are made of; with `words` the gap is no blank. */
void mm_kv_init(struct mm_kv *kv, struct mm_slice in, struct mm_kv_style style);
/*
 * The next pair; false at the end. Words without an assign sign are skipped and counted in
 * *ret_stray (may be NULL) so that the caller knows that not everything was read.
 */
MM_MUST_USE bool mm_kv_next(struct mm_kv *kv, struct mm_kv_pair *ret, size_t *ret_stray);
/* The value without escapes: `\x` becomes x. False when the arena is full. */
MM_MUST_USE bool mm_kv_unescape(struct mm_arena *arena, struct mm_slice raw, uint8_t escape,
                                struct mm_slice *ret);

#endif
