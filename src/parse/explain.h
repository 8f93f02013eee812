/*
 * parse/explain.h - why a line was read as it was, or was not.
 *
 * Purpose   For somebody who writes a format: which formats know the line, what each makes of it,
 *           and the first byte that did not fit.
 * Owns      Texts borrow the line, the formats and the arena passed.
 * Threads   As mm_parse: a scratch belongs to one thread.
 * Trust     As mm_parse.
 */
#ifndef MM_PARSE_EXPLAIN_H
#define MM_PARSE_EXPLAIN_H

#include "parse/parse.h"

enum { MM_EXPLAIN_MAX = 8 }; /* formats that know one line; more are not told */

struct mm_explained {
    uint16_t format;
    uint16_t envelope;          /* the format whose line carried the text, or MM_FORMAT_NONE */
    struct mm_slice text;       /* what was read: the line, as UTF-8, or what an envelope carried */
    bool parsed;                /* all of it */
    bool read;                  /* the decoder took the line for its own */
    bool whole;                 /* and understood all of it */
    bool dated;                 /* there is a time, or need not be one */
    bool category, outcome;     /* they are set */
    bool costly;                /* reading it would cost more than a line may: nothing was read */
    size_t stop;                /* offset in text of the first byte that did not fit, or SIZE_MAX */
    struct mm_slice expected;   /* what could have stood there: codec/pattern.h; may be empty */
    struct mm_slice wrong;      /* the first value that was not of its type; p NULL: none */
    struct mm_slice wrong_name; /* of its wire field; empty: made by a rule */
};

/*
 * Try every format whose witness holds, in their order, at most MM_EXPLAIN_MAX. Behind an envelope
 * that is not read by itself come those that know the line in it (SCHEMA.md, "Envelopes"). Answers
 * how many; what mm_parse would take of them is found by mm_parse.
 */
size_t mm_explain(const struct mm_formats *formats, struct mm_scratch *scratch,
                  struct mm_arena *arena, const struct mm_raw *raw, const struct mm_hint *hint,
                  struct mm_explained ret[MM_EXPLAIN_MAX]);

#endif
