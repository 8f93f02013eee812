/*
 * detect/pattern.h - Sigma string values: wildcards, escapes, encodings, and how they match.
 *
 * Purpose   A value is parsed into tokens (bytes and wildcards), modified by the rule's modifiers,
 *           and made into a glob that matches without backtracking over more than one star.
 * Owns      Everything lives in the arena that was passed.
 * Threads   Pure functions.
 * Trust     Rules and event text are both hostile. A match costs at most text * pattern steps.
 * Spec      Sigma rules specification 2.1, "Escape Character"; modifiers appendix 2.1.
 */
#ifndef MM_DETECT_PATTERN_H
#define MM_DETECT_PATTERN_H

#include "base/arena.h"
#include "base/base.h"

enum {
    MM_PAT_ANY = 0x100, /* "*": any bytes, also none */
    MM_PAT_ONE = 0x101, /* "?": one character */
    /* Tokens of one value; the longest of SigmaHQ's is 600, and base64 of UTF-16 makes 2.7 of 1. */
    MM_PAT_MAX = 16 * 1024,
    /* windash gives five texts a dash; SigmaHQ has two dashes in a value at most. */
    MM_PAT_MAX_DASHES = 3,
    MM_PAT_MAX_WINDASH = 125,
};

struct mm_pat {
    const uint16_t *t; /* 0..255 a byte, or MM_PAT_ANY, MM_PAT_ONE */
    size_t n;
};

/* The value as written in the rule. MM_E_LIMIT or MM_E_NOMEM leave *ret untouched. */
MM_MUST_USE enum mm_code mm_pat_parse(struct mm_arena *a, struct mm_slice text, struct mm_pat *ret);
/* Is there a wildcard in it? */
bool mm_pat_wild(const struct mm_pat *p);
/* A star in front and/or behind, unless one stands there already. */
MM_MUST_USE enum mm_code mm_pat_wrap(struct mm_arena *a, bool front, bool back, struct mm_pat *io);
/* UTF-16 of the text between wildcards, little or big endian; `bom` puts a byte order mark. */
MM_MUST_USE enum mm_code mm_pat_utf16(struct mm_arena *a, bool big, bool bom, struct mm_pat *io);
/* Base64 of a text without wildcards (with them: MM_E_SYNTAX). */
MM_MUST_USE enum mm_code mm_pat_base64(struct mm_arena *a, struct mm_pat *io);
/* The part of the base64 that doesn't depend on its neighbours when `shift` (0..2) bytes precede.
 */
MM_MUST_USE enum mm_code mm_pat_base64offset(struct mm_arena *a, unsigned shift, struct mm_pat *io);
/*
 * Every text that p becomes when each dash in front of a word is any of - / and three longer
 * dashes. ret holds room for MM_PAT_MAX_WINDASH; MM_E_LIMIT above MM_PAT_MAX_DASHES dashes.
 */
MM_MUST_USE enum mm_code mm_pat_windash(struct mm_arena *a, const struct mm_pat *p,
                                        struct mm_pat *ret, size_t *ret_n);

/* The tokens between two stars. */
struct mm_glob_part {
    const uint16_t *t;
    size_t n;
    struct mm_slice text; /* the same as bytes, when there is no "?" among them */
    bool has_one;
};

/* A pattern ready to match. */
struct mm_glob {
    struct mm_glob_part *part;
    size_t part_n;
    bool open_front; /* begins with a star */
    bool open_back;  /* ends with a star */
};

/* Make a glob of p; unless `cased` the text is folded, and so must be what it matches. */
MM_MUST_USE enum mm_code mm_glob_make(struct mm_arena *a, const struct mm_pat *p, bool cased,
                                      struct mm_glob *ret);
bool mm_glob_match(const struct mm_glob *g, struct mm_slice text);

#endif
