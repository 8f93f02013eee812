/*
 * detect/cond.h - the condition language of Sigma rules, from text to a tree.
 *
 * Purpose   "selection and not 1 of filter_*" -> nodes. Names are not resolved here.
 * Owns      Nodes live in the arena; words borrow the text.
 * Threads   Pure functions.
 * Trust     The text is hostile. No recursion; tokens and depth are bounded.
 * Spec      Sigma rules specification 2.1, "Condition"; precedence not > and > or.
 */
#ifndef MM_DETECT_COND_H
#define MM_DETECT_COND_H

#include "base/arena.h"
#include "base/base.h"

enum {
    MM_COND_MAX_TOKENS = 4096, /* longest condition of SigmaHQ: 60 */
    MM_COND_MAX_DEPTH = 64,    /* nesting of not, and, or; SigmaHQ reaches 6 */
};

enum mm_cond_kind {
    MM_COND_NAME,   /* one detection */
    MM_COND_ONE_OF, /* any of the detections that the pattern names */
    MM_COND_ALL_OF,
    MM_COND_NOT, /* one child */
    MM_COND_AND,
    MM_COND_OR,
};

struct mm_cond {
    enum mm_cond_kind kind;
    struct mm_slice word; /* NAME: the name; *_OF: the pattern, "them" as it stands */
    size_t depth;         /* 1 for a leaf */
    struct mm_cond *first, *last, *next;
};

/*
 * Parse a condition. MM_E_SYNTAX and MM_E_LIMIT name the byte; MM_E_NOMEM when the arena is full.
 * *ret is untouched then.
 */
MM_MUST_USE enum mm_code mm_cond_parse(struct mm_arena *a, struct mm_slice text,
                                       struct mm_cond **ret, struct mm_fault *fault);

/* Does the pattern of a *_OF node name this detection? Names with '_' in front only when it has. */
bool mm_cond_names(struct mm_slice pattern, struct mm_slice name);

#endif
