/*
 * detect/tuning.h - what companies say about rules: values for placeholders, rules off or of
 * another level.
 *
 * Purpose   One text holds it for all companies, so that rules are compiled once: a placeholder
 *           (%name%) becomes a choice by the event's company, an adjustment is looked up when its
 *           rule has matched.
 * Owns      A tuning owns its texts. A rule set copies what it needs of it (mm_rules_options).
 * Threads   Read only once it was read.
 * Trust     Lists are entered by people and given to `hunt` as files: everything is bounded, and
 *           a list that is no good for a rule makes that rule wait in its companies alone.
 *
 *   list: DomainControllers           rule: 5af54681-df95-4c26-854f-2565e13cfab0
 *   company: [3, 7]                   company: [3]
 *   values: [dc1, dc2]                enabled: false      # or level: low, or both
 *
 * `made: LEVEL` in such a document is the level that the rule's author gave it when one person
 * alone adjusted it.
 *
 * One YAML document each. Without `company` it is for every company. Of two for one company the
 * first counts, and one that names companies before one for all.
 */
#ifndef MM_DETECT_TUNING_H
#define MM_DETECT_TUNING_H

#include "base/buf.h"
#include "detect/detect.h"

enum {
    MM_TUNING_NAME_MAX = 64,          /* bytes of a list's name; SigmaHQ's longest has 27 */
    MM_TUNING_VALUE_MAX = 256,        /* bytes of a value: a name, an address, a path */
    MM_TUNING_LIST_MAX = 1000,        /* values of one list */
    MM_TUNING_LISTS_MAX = 20000,      /* 1,000 companies with 20 each */
    MM_TUNING_RULES_MAX = 20000,      /* adjustments */
    MM_TUNING_VALUES_MAX = 200000,    /* of all lists together */
    MM_TUNING_COMPANIES_MAX = 200000, /* named by all documents together */
};

/* A list of values for %name%. */
struct mm_tuning_list {
    struct mm_slice name;
    const uint32_t *company; /* rising; none: every company */
    size_t company_n;
    struct mm_slices values;
};

/* A rule as some companies want it. */
struct mm_tuning_rule {
    struct mm_slice rule;    /* its id */
    const uint32_t *company; /* rising; none: every company */
    size_t company_n;
    bool off;
    bool has_level; /* `level` stands in place of the author's */
    enum mm_level level;
    bool has_made; /* one person alone has said so, when the author's level was `made` */
    enum mm_level made;
};

struct mm_tuning {
    struct mm_arena *arena;
    struct mm_tuning_list *list; /* by name, those of one name as they were read */
    size_t list_n;
    struct mm_tuning_rule *rule; /* as they were read */
    size_t rule_n;
    uint64_t digest;
};

/*
 * Read all documents. MM_E_SYNTAX or MM_E_LIMIT: fault.at is the line, fault.what a key of
 * detect/reasons.def or libyaml's words; *ret is untouched.
 */
MM_MUST_USE enum mm_code mm_tuning_read(struct mm_slice text, struct mm_tuning **ret,
                                        struct mm_fault *fault);
/* Takes the address and leaves NULL. */
void mm_tuning_free(struct mm_tuning **t);

/* May a list be called so? 1 to MM_TUNING_NAME_MAX bytes of UTF-8 without blanks and '%'. */
bool mm_tuning_name_good(struct mm_slice name);
/* May this be one of its values? UTF-8 of 1 to MM_TUNING_VALUE_MAX bytes, without controls. */
bool mm_tuning_value_good(struct mm_slice value);

/* Append one document that reads back as it is. */
void mm_tuning_put_list(struct mm_buf *out, const struct mm_tuning_list *l);
void mm_tuning_put_rule(struct mm_buf *out, const struct mm_tuning_rule *r);

/*
 * The lists of one name: a part of t->list. 0 when there is none.
 */
size_t mm_tuning_named(const struct mm_tuning *t, struct mm_slice name, size_t *ret_from);

/* ---- what became of it in a rule set ---- */

/* Does the rule wait for values in that company? False for a rule that asks for none. */
bool mm_rules_waits(const struct mm_ruleset *set, size_t index, uint32_t company);
/* Is it switched off there? */
bool mm_rules_off(const struct mm_ruleset *set, size_t index, uint32_t company);
/* Its level there. */
enum mm_level mm_rules_level(const struct mm_ruleset *set, size_t index, uint32_t company);
/* Adjustments that weaken a rule which its author has called critical only since: today a second
 * person would be asked. */
size_t mm_rules_unasked(const struct mm_ruleset *set);

#endif
