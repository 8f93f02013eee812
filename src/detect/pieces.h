/*
 * detect/pieces.h - which literals of many stand anywhere in one text.
 *
 * Purpose   Of each literal some pieces of four bytes are known by hash, one byte apart, so that
 *           every stride-th position of the text is enough. A few short literals, which would make
 *           the steps small for all, are looked for one by one, sixteen positions at once.
 * Owns      Tables in the arena of the rule set.
 * Threads   Built once, then read only.
 * Trust     Text is hostile. Cost is linear in the text times the literals that share a piece.
 */
#ifndef MM_DETECT_PIECES_H
#define MM_DETECT_PIECES_H

#include "detect/table.h"

enum {
    MM_PIECES_STRIDE_MAX = 8,
    MM_PIECES_FEW_MAX = 8, /* literals looked for one by one */
    MM_EVERYDAY_BITS = 14,
};

/* One literal, folded. */
struct mm_lit {
    struct mm_slice text; /* n > 0, except for EXACT */
    uint32_t tag;         /* handed back: the caller's number */
    uint32_t next;        /* in the same bucket, 0 for none, else index + 1 */
    uint8_t kind;         /* enum mm_lit_kind */
};

/* Called for each literal that stands in the text; may be called several times for one. */
typedef void mm_lits_fn(void *ctx, uint32_t tag);

/* Four bytes of a literal, by which it is found. */
struct mm_piece {
    uint32_t lit;    /* index of the literal */
    uint32_t next;   /* in the same bucket, 0 for none, else index + 1 */
    uint32_t offset; /* in the literal */
};

struct mm_pieces {
    struct mm_piece *piece;
    size_t n;
    struct mm_table table;
    /* By hash: is there such a piece? A byte each where they are few, which is quicker to ask, else
     * a bit each; both NULL when there are none. */
    uint8_t *bytes;
    uint64_t *bits;
    unsigned shift; /* behind it the hash is an index into one of them */
    unsigned stride;
    uint32_t few[MM_PIECES_FEW_MAX]; /* indexes of the literals looked for one by one */
    size_t few_n;
    struct mm_table pair; /* literals of two and three bytes, by their first two */
    uint64_t *pair_bits;
    uint32_t *single; /* 256, literals of one byte: index + 1; NULL when there are none */
};

/* Pieces of texts that stand in many values whatever the rules say (everyday.def), by hash: in how
 * many of them. */
struct mm_everyday {
    uint8_t times[1 << MM_EVERYDAY_BITS];
};

void mm_everyday_init(struct mm_everyday *e);
/* Bytes of s that are in no everyday piece: how much it tells. */
size_t mm_everyday_left(const struct mm_everyday *e, struct mm_slice s);

/* How much it tells, everyday bytes for an eighth. */
static inline size_t mm_everyday_tells(const struct mm_everyday *e, struct mm_slice s)
{
    size_t left = mm_everyday_left(e, s);

    return left + (s.n - left) / 8;
}

/* Build over lit[which[0..n)]; `lit` must live as long as ret. False when memory is out. */
MM_MUST_USE bool mm_pieces_build(struct mm_arena *a, const struct mm_everyday *e,
                                 struct mm_lit *lit, uint32_t *which, size_t n,
                                 struct mm_pieces *ret);
/* Find them all in a text that is folded, or that folding would change in no more than A to Z. */
void mm_pieces_find(const struct mm_pieces *p, const struct mm_lit *lit, struct mm_slice text,
                    mm_lits_fn *fn, void *ctx);
/* The same in each of n texts. */
void mm_pieces_find_each(const struct mm_pieces *p, const struct mm_lit *lit,
                         const struct mm_slice *text, size_t n, mm_lits_fn *fn, void *ctx);

#endif
