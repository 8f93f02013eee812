/*
 * codec/cluster.h - lines that no format reads, gathered into a few message templates.
 *
 * Purpose   Say "this device sends these twelve kinds of line that nobody reads" instead of
 *           showing a million lines. A line becomes a template in the language of codec/pattern.h
 *           (`login of {:word} from {:ip}`): what is a time, an address, a number or unreadable is
 *           masked at once, other words when two lines differ there. Templates hang in a tree of
 *           two levels (owner, program, number of pieces and first word; then likeness), after
 *           Drain (He, Zhu, Zheng, Lyu 2017).
 * Owns      A set owns its entries, all allocated at once.
 * Threads   One set, one thread.
 * Trust     Lines are hostile: each costs one pass over at most MM_CLUSTER_LINE bytes and one
 *           comparison with each template of its bucket; a set never grows past its size, and
 *           what finds no room is told so. Same lines in the same order give the same templates.
 * Spec      Fuzzed by cluster_fuzz.c.
 */
#ifndef MM_CODEC_CLUSTER_H
#define MM_CODEC_CLUSTER_H

#include "base/base.h"
#include "base/buf.h"

enum {
    MM_CLUSTER_LINE = 768,   /* bytes of a line that are looked at: FortiGate's run to 900 */
    MM_CLUSTER_PIECES = 128, /* words, gaps and captures of one template */
    MM_CLUSTER_TEXT = 1024,  /* bytes of a template: what mm_patterns_add takes */
    MM_CLUSTER_APP = 48,     /* RFC 5424: a program's name */
    MM_CLUSTER_SET = 256,    /* templates a set may be made for */
};

/* One piece: literal bytes of the template's own text, or a capture. */
struct mm_shape_piece {
    uint16_t at, n;      /* literal: in text */
    uint16_t from, size; /* where it stood in the (trimmed) line that the shape was made of */
    uint8_t scan;        /* enum mm_scan, or MM_SCAN_COUNT: literal */
    bool gap;            /* literal of blanks and punctuation, which never becomes a capture */
};

/* A line or a template, cut into pieces. */
struct mm_shape {
    size_t count;
    struct mm_shape_piece piece[MM_CLUSTER_PIECES];
    size_t text_n;
    uint8_t text[MM_CLUSTER_TEXT];
};

/* What a line looks like. Any bytes give a shape. */
void mm_shape_of(struct mm_slice line, struct mm_shape *ret);
/* As text that only mm_shape_read reads, at most MM_CLUSTER_TEXT bytes; ret is reset first. */
void mm_shape_key(const struct mm_shape *shape, struct mm_buf *ret);
/* Back from such a text; false when it is none, *ret is spoilt then. */
MM_MUST_USE bool mm_shape_read(struct mm_slice key, struct mm_shape *ret);
/* As a template for mm_patterns_add and for people, valid UTF-8; ret is reset first. */
void mm_shape_template(const struct mm_shape *shape, struct mm_buf *ret);

struct mm_cluster_entry {
    uint32_t owner; /* whose line: a source */
    uint8_t app_n;
    uint8_t app[MM_CLUSTER_APP]; /* the program that wrote it, as far as a header said */
    struct mm_shape shape;
    uint32_t key;  /* of its bucket */
    uint16_t next; /* in its bucket */
    bool changed;  /* since it was loaded: new, or some word has become a capture */
};

struct mm_cluster {
    struct mm_cluster_entry *entry;
    uint16_t head[64]; /* buckets */
    size_t count, max;
};

/* A set of at most max (1..MM_CLUSTER_SET) templates; MM_E_NOMEM. */
MM_MUST_USE enum mm_code mm_cluster_init(struct mm_cluster *set, size_t max);
void mm_cluster_done(struct mm_cluster *set);
/* Forget all entries. */
void mm_cluster_reset(struct mm_cluster *set);
/*
 * Put a shape to the template of this owner and program that is most like it, which then covers
 * both, or make it a template of its own. Answers the entry's index, SIZE_MAX when the set is
 * full. Of app the first MM_CLUSTER_APP bytes count.
 */
size_t mm_cluster_put(struct mm_cluster *set, uint32_t owner, struct mm_slice app,
                      const struct mm_shape *shape);
/* Add a known template as it is; SIZE_MAX when the set is full. */
size_t mm_cluster_load(struct mm_cluster *set, uint32_t owner, struct mm_slice app,
                       const struct mm_shape *shape);

#endif
