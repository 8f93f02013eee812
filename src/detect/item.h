/*
 * detect/item.h - one item of a detection between its modifiers and its atoms.
 *
 * Purpose   item.c reads values and applies modifiers, atoms.c makes comparisons of them.
 * Owns      Values live in the build's arena for one document.
 * Threads   One build, one thread.
 * Trust     Values are bounded in number and length by item.c.
 */
#ifndef MM_DETECT_ITEM_H
#define MM_DETECT_ITEM_H

#include "detect/ir.h"

/* One value on its way through the modifiers. */
struct mm_value {
    struct mm_slice raw; /* as written; regular expressions, networks and references use it */
    struct mm_pat pat;   /* texts */
    bool null;
    bool plain;
    uint32_t line;
    size_t scanned; /* expand: what stands before this is done */
    uint32_t group; /* values made of one value: one of them is enough even under `all` */
};

struct mm_item {
    struct mm_build *b;
    struct mm_slice field;
    uint32_t line;
    struct mm_value *v;
    size_t n, cap;
    enum mm_atom_op op; /* EXACT stands for texts */
    bool keywords;      /* searched for in the whole event */
    bool all, neq, cased, modified, compared, timed;
    bool front, back; /* a star wanted in front, behind */
    unsigned re_flags;
    enum mm_cmp cmp;
    enum mm_unit unit;
};

/* Refuse the item with its line; returns MM_E_SYNTAX. */
enum mm_code mm_item_refuse(struct mm_item *it, const char *what, struct mm_slice detail);
/* Make atoms and sets of the values: *ret is the expression of the whole item. */
MM_MUST_USE enum mm_code mm_item_atoms(struct mm_item *it, uint16_t slot, struct mm_expr **ret);

#endif
