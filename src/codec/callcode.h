/*
 * codec/callcode.h - a code that is read over the telephone.
 *
 * Purpose   Sixteen digits in groups of four: four that say which code is meant, eleven that are
 *           secret, and one that finds what was misheard: every wrong digit, and every two
 *           neighbours that changed places. Digits alone are the same in every language.
 * Owns      Nothing.
 * Threads   Pure functions.
 * Trust     Texts come from people and from the network. Linear, bounded.
 * Spec      The last digit after H. M. Damm, "Total anti-symmetric quasigroups" (2004), order 10.
 *           Fuzzed by callcode_fuzz.c.
 */
#ifndef MM_CODEC_CALLCODE_H
#define MM_CODEC_CALLCODE_H

#include "base/base.h"

enum {
    MM_CALLCODE_ID = 4,
    MM_CALLCODE_SECRET = 11, /* 36 bits; guessing is counted, and stretched where it is not */
    MM_CALLCODE_DIGITS = MM_CALLCODE_ID + MM_CALLCODE_SECRET + 1,
    MM_CALLCODE_TEXT = MM_CALLCODE_DIGITS + 3 + 1, /* "1234-5678-9012-3456" and a NUL */
};

struct mm_callcode {
    char id[MM_CALLCODE_ID + 1]; /* NUL-terminated digits */
    char secret[MM_CALLCODE_SECRET + 1];
};

/*
 * As somebody types it: digits, also the wide ones of Japanese keyboards, with blanks, hyphens and
 * long marks anywhere. MM_E_LIMIT: too few or too many digits; MM_E_RANGE: the last digit says that
 * one was misheard; MM_E_SYNTAX: other signs.
 */
MM_MUST_USE enum mm_code mm_callcode_parse(struct mm_slice text, struct mm_callcode *ret);
/* The code with the last digit, in groups. */
void mm_callcode_text(const struct mm_callcode *code, char ret[MM_CALLCODE_TEXT]);
/* A code of random bytes: one for each digit but the last; a byte of 250 and above is refused. */
MM_MUST_USE bool mm_callcode_of(const uint8_t bytes[MM_CALLCODE_DIGITS - 1],
                                struct mm_callcode *ret);

#endif
