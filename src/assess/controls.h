/*
 * assess/controls.h - our controls, what they are called elsewhere, and the words of the glossary.
 *
 * Purpose   The files of content/controls as one map: the key between questions, checks and
 *           remedies; categories by which questionnaires meet; terms that pages explain.
 * Owns      struct mm_controls owns its texts until mm_controls_free.
 * Threads   Immutable once all files are in.
 * Trust     As quest.h.
 * Spec      content/questionnaires/SCHEMA.md, "content/controls". Fuzzed by controls_fuzz.c.
 */
#ifndef MM_ASSESS_CONTROLS_H
#define MM_ASSESS_CONTROLS_H

#include "assess/quest.h"

enum { MM_CONTROLS_MAX = 5000 }; /* of each kind; ISO 27002 has 93 controls, our map some hundred */

struct mm_standard {
    struct mm_slice id, edition;
    struct mm_words title;
};

struct mm_category {
    struct mm_slice id;
    struct mm_words words;
    struct mm_names same, partly; /* categories elsewhere that mean the same, or part of it */
    uint32_t line;
};

struct mm_term {
    struct mm_slice id;
    struct mm_words words, meaning;
};

struct mm_control_ref {
    struct mm_slice standard, item;
    struct mm_slice relation; /* equal, subset, superset, intersect: ours to the item */
};

struct mm_control {
    struct mm_slice id;
    struct mm_words words;
    struct mm_slice measure; /* p NULL: not said */
    struct mm_control_ref *ref;
    size_t refs;
    uint32_t line;
};

struct mm_controls {
    struct mm_arena arena;
    struct mm_standard *standard;
    struct mm_category *category;
    struct mm_term *term;
    struct mm_control *control;
    size_t standards, categories, terms, controls;
    size_t standard_cap, category_cap, term_cap, control_cap;
};

/* An empty map; NULL without memory. */
struct mm_controls *mm_controls_new(void);
void mm_controls_free(struct mm_controls **c);
/* Put one file into it. On errors what was read of it may stay: the map is then thrown away. */
MM_MUST_USE enum mm_code mm_controls_add(struct mm_controls *c, struct mm_slice yaml,
                                         struct mm_quest_errors *errors);

/* When all files are in: every reference of a control names a standard of the map, every category
 * that another names is there. MM_E_SYNTAX with errors, whose lines are those of their own file. */
MM_MUST_USE enum mm_code mm_controls_end(const struct mm_controls *c,
                                         struct mm_quest_errors *errors);

/* By id; NULL: none. */
const struct mm_control *mm_control_find(const struct mm_controls *c, struct mm_slice id);
const struct mm_term *mm_term_find(const struct mm_controls *c, struct mm_slice id);
const struct mm_category *mm_category_find(const struct mm_controls *c, struct mm_slice id);
const struct mm_standard *mm_standard_find(const struct mm_controls *c, struct mm_slice id);

/*
 * Whether everything that a questionnaire names - controls, terms, categories, standards - is in
 * the map. MM_E_SYNTAX with errors (the lines of its questions) otherwise.
 */
MM_MUST_USE enum mm_code mm_controls_check(const struct mm_controls *c, const struct mm_quest *q,
                                           struct mm_quest_errors *errors);

#endif
