/*
 * detect/index.h - which literals of many stand in one text: exact, in front, behind, anywhere.
 *
 * Purpose   For one logsource and field: find the sets that may hold, without looking at the
 *           others. Exact texts, prefixes and suffixes by hash, "anywhere" by a rare piece of four
 *           bytes of each literal and a bitmap that rejects most positions. Literals of seven
 *           bytes and more enter four pieces one byte apart, so that every fourth position of the
 *           text is enough.
 * Owns      Tables in the arena of the rule set.
 * Threads   Built once, then read only.
 * Trust     Text is hostile. Cost is linear in the text times the literals that share a piece.
 */
#ifndef MM_DETECT_INDEX_H
#define MM_DETECT_INDEX_H

#include "base/arena.h"
#include "base/base.h"

enum {
    MM_INDEX_EDGE = 48, /* bytes of a prefix or suffix that its hash covers; the rest is compared */
    MM_INDEX_MAX = 1000000, /* literals of one index */
    MM_INDEX_STRIDE = 4,
    MM_INDEX_LOOSE_MAX = 128, /* literals; of more, a piece stands in most texts */
    MM_INDEX_LOOSE_STRIDE = 8,
};

enum mm_lit_kind { MM_LIT_EXACT, MM_LIT_PREFIX, MM_LIT_SUFFIX, MM_LIT_CONTAINS, MM_LIT_KINDS };

/* One literal, already folded as the text will be. */
struct mm_lit {
    struct mm_slice text; /* n > 0, except for EXACT */
    uint32_t tag;         /* handed back: the caller's number */
    uint32_t next;        /* in the same bucket, 0 for none, else index + 1 */
    uint8_t kind;         /* enum mm_lit_kind */
};

struct mm_bucket {
    uint32_t key;
    uint32_t first; /* index + 1 of a literal, 0 when the bucket is empty */
};

struct mm_table {
    struct mm_bucket *bucket; /* power of two of them, or none */
    uint32_t mask;
};

/* Four bytes of a literal, by which it is found. */
struct mm_piece {
    uint32_t lit;    /* index of the literal */
    uint32_t next;   /* in the same bucket, 0 for none, else index + 1 */
    uint32_t offset; /* in the literal */
};

/* The pieces of literals that are looked for at every stride-th position. */
struct mm_pieces {
    struct mm_piece *piece;
    size_t n;
    struct mm_table table;
    uint64_t *bits; /* by hash: is there such a piece? NULL when there are none */
    unsigned shift; /* hash >> shift is a bit */
    unsigned stride;
};

/*
 * The pieces of few literals with letters and their like made one: bit 5 of each byte is set. By
 * them a text is looked through before it is folded.
 */
struct mm_loose {
    uint64_t *bits; /* NULL: there is nothing to tell by */
    struct mm_table table;
    size_t shortest; /* bytes of the shortest literal */
    unsigned shift, stride;
};

struct mm_lits {
    struct mm_lit *lit;
    size_t n;
    struct mm_table exact, prefix, suffix, pair;
    struct mm_pieces near, far;      /* literals of 4 to 6 bytes, and longer ones */
    uint64_t prefix_len, suffix_len; /* bit k: some edge of k bytes, k <= MM_INDEX_EDGE */
    uint64_t *pair_bits;
    uint32_t single[256]; /* literals of one byte: index + 1 */
    bool has_single;
    struct mm_loose loose;
};

/* Called for each literal that stands in the text; may be called several times for one. */
typedef void mm_lits_fn(void *ctx, uint32_t tag);

/* Build over lit[0..n), which must live as long as ret. MM_E_NOMEM or MM_E_LIMIT: ret untouched. */
MM_MUST_USE enum mm_code mm_lits_build(struct mm_arena *a, struct mm_lit *lit, size_t n,
                                       struct mm_lits *ret);
/*
 * May some literal stand in the text once it is folded? False is certain, and much cheaper than to
 * fold and search; true says little.
 */
bool mm_lits_may(const struct mm_lits *l, struct mm_slice raw);
/* Find them all in a text of any length. */
void mm_lits_find(const struct mm_lits *l, struct mm_slice text, mm_lits_fn *fn, void *ctx);

#endif
