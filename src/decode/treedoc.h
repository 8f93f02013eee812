/*
 * decode/treedoc.h - a tree of elements as the JSON document it stands for.
 *
 * Purpose   Windows events that come as XML or binary XML go to the decoder of JSON shapes without
 *           being written and read as text.
 * Owns      Nothing: items and what has to be rewritten live in the arena, texts in the tree.
 * Threads   Pure functions.
 * Trust     Texts are hostile: what is not UTF-8 is replaced. Depth and items are bounded as those
 *           of read documents; recursion is as deep as the tree (codec bounds it).
 * Spec      The same items as codec/ext/json reads out of codec/tree's JSON, but for the source
 *           text of containers: it is there only where a value of an event can be one, below
 *           EventData, UserData and RenderingInfo. A test holds both ways against each other.
 */
#ifndef MM_DECODE_TREEDOC_H
#define MM_DECODE_TREEDOC_H

#include "codec/ext/json.h"
#include "codec/tree.h"

/* The children of `top` as one object. False: too deep, too many, or the arena is full. */
MM_MUST_USE bool mm_tree_doc(const struct mm_tree *top, struct mm_arena *arena,
                             struct mm_json_doc *ret);

#endif
