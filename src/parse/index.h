/*
 * parse/index.h - which formats' witnesses could hold for a line, without asking each.
 *
 * Purpose   With a hundred formats, a line of an unknown device would ask a hundred witnesses. Of
 *           each witness one key is indexed, the one that is cheapest and rarest: the program's
 *           name, else a piece of text it must hold, else its first byte. One look at the line
 *           gives a set of candidates, and where each text that some witness asks for stands;
 *           only candidates are asked, and they need not search the line again.
 * Owns      Everything lives in the arena passed to _new.
 * Threads   Built by one thread while formats are added, then read by any number.
 * Trust     Lines are hostile: a look costs one pass over the bytes that witnesses may look at. A
 *           candidate may be too many, never too few: parse_fuzz.c holds it against asking all.
 */
#ifndef MM_PARSE_INDEX_H
#define MM_PARSE_INDEX_H

#include "base/arena.h"
#include "base/base.h"
#include "parse/parse.h"

enum {
    MM_INDEX_PIECE = 4,    /* bytes of a text that are looked for; shorter texts are no key */
    MM_INDEX_TEXTS = 2048, /* different texts of all formats; ours have 250 */
    MM_INDEX_NO_TEXT = UINT16_MAX, /* a text that is not indexed: search for it */
};

struct mm_index;
struct mm_format;
struct mm_wire;

/* A set of formats by their public number. */
struct mm_index_set {
    uint64_t bit[MM_FORMATS_MAX / 64];
};

static inline bool mm_index_in(const struct mm_index_set *set, uint16_t format)
{
    return (set->bit[format / 64] >> (format % 64) & 1) != 0;
}

/* What one look at a line found. */
struct mm_look {
    struct mm_index_set may;            /* formats one of whose witnesses may hold */
    struct mm_slice body;               /* the line that was looked at */
    uint64_t seen[MM_INDEX_TEXTS / 64]; /* texts that stand in it, as far as witnesses look */
    uint32_t at[MM_INDEX_TEXTS];        /* of a seen one: its first place */
    bool byte[256];                     /* bytes that stand in it */
};

/* The text of this number stands in the line. */
static inline bool mm_look_seen(const struct mm_look *look, uint16_t text)
{
    return (look->seen[text / 64] >> (text % 64) & 1) != 0;
}

/* An empty index; NULL when it does not fit. */
struct mm_index *mm_index_new(struct mm_arena *arena);
/* Add a format's witnesses under its number; they learn the numbers of their texts. False when
 * there is no memory: the format must not be used then. */
MM_MUST_USE bool mm_index_add(struct mm_index *index, struct mm_format *f, uint16_t number);
/* Every format one of whose witnesses may hold for this line, and which of their texts stand in
 * it. */
void mm_index_look(const struct mm_index *index, const struct mm_wire *w, struct mm_slice body,
                   struct mm_look *ret);

#endif
