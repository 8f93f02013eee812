/*
 * codec/tree.h - a small tree of named elements, and how it is written as JSON.
 *
 * Purpose   What Windows event XML and its binary form both are, so that one writer serves both.
 * Owns      Nothing: nodes and their texts live in the reader's arena or borrow its input.
 * Threads   Pure functions.
 * Trust     Texts are hostile (any bytes); depth and count are bounded by whoever builds the tree.
 * Spec      JSON as people know it from exports of event logs: an element with text alone is its
 *           text; attributes stand under "#attributes", the text beside them under "#text";
 *           <Data Name="X">v</Data> is "X": "v"; neighbours of one name are a list; an element
 *           without anything is null.
 */
#ifndef MM_CODEC_TREE_H
#define MM_CODEC_TREE_H

#include "base/arena.h"
#include "base/buf.h"

enum mm_tree_kind {
    MM_TREE_TEXT,
    MM_TREE_RAW, /* the text is a JSON number, true or false */
};

struct mm_tree {
    struct mm_slice name; /* UTF-8, or what stood there */
    struct mm_slice text; /* p NULL: none */
    uint8_t *grown;       /* the same bytes when the text has room of its own to grow */
    size_t room;          /* 0: it has none */
    enum mm_tree_kind kind;
    struct mm_tree *attr, *last_attr; /* of an element: its attributes, linked by next */
    struct mm_tree *child, *last;
    struct mm_tree *next;
};

/* A new last child of parent; NULL without memory. */
struct mm_tree *mm_tree_child(struct mm_arena *a, struct mm_tree *parent, struct mm_slice name);
/* A new last attribute; NULL without memory. */
struct mm_tree *mm_tree_attr(struct mm_arena *a, struct mm_tree *element, struct mm_slice name);
/* Put text behind what the node has already; false without memory. */
MM_MUST_USE bool mm_tree_text(struct mm_arena *a, struct mm_tree *node, struct mm_slice text);

/* The children of `top` as one JSON object. Recursion is as deep as the tree. */
void mm_tree_json(struct mm_buf *out, const struct mm_tree *top);

#endif
