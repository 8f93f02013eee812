/*
 * detect/item.h - one item of a detection between its modifiers and its atoms.
 *
 * Purpose   item.c reads values and applies modifiers, expand.c puts companies' values in the place
 *           of placeholders, atoms.c makes comparisons of them.
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
    bool listed;    /* expand: it is a value of a company's list, whole */
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
    bool all, neq;      /* from the key, before the values are read */
    bool multiplies;    /* a modifier makes several texts of one */
    bool cased, modified, compared, timed;
    bool front, back; /* a star wanted in front, behind */
    unsigned re_flags;
    enum mm_cmp cmp;
    enum mm_unit unit;
};

/* Refuse the item with its line; returns MM_E_SYNTAX. */
enum mm_code mm_item_refuse(struct mm_item *it, const char *what, struct mm_slice detail);
MM_MUST_USE enum mm_code mm_item_add(struct mm_item *it, struct mm_value v);
/* Texts and modifiers: `modifiers` begins with the first bar of the key. */
MM_MUST_USE enum mm_code mm_item_finish(struct mm_item *it, struct mm_slice modifiers);
/* Into how many sets its values go: one, or under `all` one each. */
uint32_t mm_item_groups(const struct mm_item *it);
/* Make atoms and sets of the values, as many as groups. What fails leaves no atoms behind. */
MM_MUST_USE enum mm_code mm_item_sets(struct mm_item *it, uint16_t slot, uint32_t groups,
                                      uint32_t *set);
/* The expression of the whole item over its sets. */
MM_MUST_USE enum mm_code mm_item_expr(struct mm_item *it, const uint32_t *set, uint32_t groups,
                                      struct mm_expr **ret);
/* Has it placeholders? */
bool mm_item_expands(const struct mm_item *it);
/*
 * Instead of _finish and _sets for an item with placeholders: each set is a choice by company, and
 * the rule being read waits where there is none.
 */
MM_MUST_USE enum mm_code mm_item_expand(struct mm_item *it, struct mm_slice modifiers,
                                        uint16_t slot, uint32_t groups, uint32_t *set);

#endif
