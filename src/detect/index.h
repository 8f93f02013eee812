/*
 * detect/index.h - which literals of many stand in one text: exact, in front, behind, anywhere.
 *
 * Purpose   For one logsource and field: find the sets that may hold, without looking at the
 *           others. Exact texts, prefixes and suffixes by a key of their length, first and last
 *           bytes; "anywhere" by pieces (detect/pieces.h). Literals beyond ASCII have pieces of
 *           their own: a text of ASCII alone is not searched for them.
 * Owns      Tables in the arena of the rule set.
 * Threads   Built once, then read only.
 * Trust     Text is hostile. Cost is linear in the text times the literals that share a piece.
 */
#ifndef MM_DETECT_INDEX_H
#define MM_DETECT_INDEX_H

#include "detect/pieces.h"

enum {
    MM_INDEX_EDGE = 32, /* bytes of a prefix or suffix that its key covers; the rest is compared */
    MM_INDEX_MAX = 1000000, /* literals of one index */
};

enum mm_lit_kind { MM_LIT_EXACT, MM_LIT_PREFIX, MM_LIT_SUFFIX, MM_LIT_CONTAINS, MM_LIT_KINDS };

/* Prefixes or suffixes. */
struct mm_edges {
    struct mm_table table;
    uint64_t length;   /* bit k: some have a key of k bytes, k <= MM_INDEX_EDGE */
    uint64_t inner[4]; /* bit c: in some, c is the byte of the key farthest from the text's edge */
};

struct mm_lits {
    struct mm_lit *lit;
    size_t n;
    size_t shortest; /* bytes of the shortest literal */
    bool worded;     /* none can stand in a number or an address */
    bool anywhere;   /* all may stand anywhere */
    struct mm_table exact;
    uint64_t exact_length; /* bit k: some have k bytes, modulo 64 */
    struct mm_edges prefix, suffix;
    struct mm_pieces plain, beyond; /* of ASCII alone, and others */
};

/* Build over lit[0..n), which must live as long as ret. MM_E_NOMEM or MM_E_LIMIT: ret untouched. */
MM_MUST_USE enum mm_code mm_lits_build(struct mm_arena *a, const struct mm_everyday *e,
                                       struct mm_lit *lit, size_t n, struct mm_lits *ret);
/*
 * Find them all in a text of any length. It is folded, or, where `ascii` says that no byte is above
 * 0x7f, it may be as it came: then folding would change nothing but A to Z.
 */
void mm_lits_find(const struct mm_lits *l, struct mm_slice text, bool ascii, mm_lits_fn *fn,
                  void *ctx);
/* Is no byte above 0x7f? */
bool mm_text_is_ascii(struct mm_slice s);

#endif
