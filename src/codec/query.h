/*
 * codec/query.h - the search language, from text to a tree.
 *
 * Purpose   What a person types to find events. The tree knows nothing of fields and types: that is
 *           store/events/search.h.
 * Owns      Nothing: texts lie in the caller's arena.
 * Threads   Pure functions.
 * Trust     Input is hostile: length, terms and depth are bounded, cost is linear.
 * Spec      A query is terms with and, or, not (any case; nothing between terms means and) and
 *           parentheses. A term is one of
 *             word  "some words"          anywhere in the original line
 *             field:value field=value     * and ? stand for any bytes / any one, \ takes their
 * sense field:"value"               no wildcards between quotes; \" and \\ there field:(a or b) one
 * of several values field:*                     the field is there field:[a to b]              both
 * ends included, * for an open end field:>=a field>=a  > < <= last 24h                    s m h d
 * w: how far back from now An ideographic space (U+3000) separates like any other blank.
 */
#ifndef MM_CODEC_QUERY_H
#define MM_CODEC_QUERY_H

#include "base/arena.h"
#include "base/buf.h"

enum {
    MM_QUERY_TEXT_MAX = 4096, /* bytes of a query; a person types some hundred */
    MM_QUERY_NODES_MAX = 128, /* terms and what joins them */
    MM_QUERY_TERMS_MAX = 48,  /* each may need a parameter of the 64 a statement has */
    MM_QUERY_DEPTH_MAX = 16,  /* parentheses and nots inside one another */
};

enum mm_query_kind {
    MM_QUERY_AND, /* left, right */
    MM_QUERY_OR,
    MM_QUERY_NOT, /* left */
    MM_QUERY_TERM,
};

enum mm_query_op {
    MM_QUERY_WORD,   /* value anywhere in the original line; no field */
    MM_QUERY_IS,     /* field is value */
    MM_QUERY_EXISTS, /* field is there */
    MM_QUERY_GE,
    MM_QUERY_GT,
    MM_QUERY_LE,
    MM_QUERY_LT,
    MM_QUERY_BETWEEN, /* value <= field <= value2; an empty one is an open end */
    MM_QUERY_LAST,    /* seconds */
};

struct mm_query_node {
    enum mm_query_kind kind;
    enum mm_query_op op;   /* TERM */
    uint16_t left, right;  /* AND, OR, NOT: nodes before this one */
    bool wild;             /* value is a pattern: \ before a * ? or \ that stands for itself */
    uint32_t seconds;      /* LAST */
    size_t at;             /* where it stands in the text */
    struct mm_slice field; /* TERM with a field: as typed */
    struct mm_slice value;
    struct mm_slice value2;
};

struct mm_query {
    size_t n; /* 0: everything matches; the last node is the root */
    size_t terms;
    struct mm_query_node node[MM_QUERY_NODES_MAX];
};

/*
 * Parse a query. MM_E_SYNTAX with the byte's offset in *fault: query.value (a field without one),
 * query.quote, query.paren, query.range, query.operator (and/or without something after it),
 * query.escape; MM_E_LIMIT: query.size, query.terms, query.depth. *ret is untouched then.
 * MM_E_NOMEM when the arena is full.
 */
MM_MUST_USE enum mm_code mm_query_parse(struct mm_slice text, struct mm_arena *arena,
                                        struct mm_query *ret, struct mm_fault *fault);

/* Append the tree as text that parses to the same tree: for tests and for showing what was read. */
void mm_query_print(struct mm_buf *out, const struct mm_query *q);

#endif
