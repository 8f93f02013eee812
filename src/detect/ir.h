/*
 * detect/ir.h - rules between YAML and the index: slots, atoms, sets, expressions.
 *
 * Purpose   The words that item.c, rule.c, compile.c, index.c and match.c share.
 *           slot: where an event keeps a field of a rule. atom: one comparison. set: "any of these
 *           atoms on one slot", the smallest thing that is true or false. expression: sets joined.
 * Owns      Everything lives in the set's arena, compiled regexes apart (freed with the set).
 * Threads   Built by one thread, then read only.
 * Trust     Sizes come from rules and are bounded here.
 */
#ifndef MM_DETECT_IR_H
#define MM_DETECT_IR_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/ip.h"
#include "base/vec.h"
#include "codec/ext/yaml.h"
#include "detect/correlation.h"
#include "detect/filter.h"
#include "detect/index.h"
#include "detect/logsource.h"
#include "detect/pattern.h"
#include "detect/pipeline.h"
#include "detect/regex.h"

enum {
    MM_SLOT_MAX = 4096,     /* distinct fields of all rules; SigmaHQ: about 900 */
    MM_SLOT_CAND_MAX = 4,   /* places where one field may lie */
    MM_EXTRA_MAX = 4096,    /* distinct names beyond fields.def */
    MM_ATOMS_MAX = 2000000, /* comparisons of one set of rules; SigmaHQ: 46,000 */
    MM_SETS_MAX = 500000,   /* distinct sets */
    MM_EXPR_MAX_DEPTH = 80, /* conditions (64) plus detection, list, item */
    MM_CODE_MAX = 2000000,  /* tests of all rules */
    /* One rule's share, so that a monstrous one goes and the others stay; SigmaHQ: 1,100 values
     * and 130 tests at most. */
    MM_RULE_ATOMS_MAX = 100000,
    MM_RULE_STEPS_MAX = 20000,
    MM_RULE_REGEX_MAX = 500,
    MM_VALUES_MAX = 20000,   /* values of one item; SigmaHQ: about 900 hashes */
    MM_SET_LITS_MIN = 6,     /* literals of a set that are quicker looked for all at once */
    MM_RULE_WANTED_MAX = 32, /* placeholders of one rule; SigmaHQ: 2 */
};

/* A candidate place: a field of fields.def, an extra by number, or one of the specials. */
enum {
    MM_CAND_EXTRA = 0x4000,
    /* Worked out of other fields. */
    MM_CAND_URL_PATH = 0x7ffd,      /* of url.original, from its first slash, without the query */
    MM_CAND_URL_EXTENSION = 0x7ffe, /* behind the last dot of the path's last part */
    MM_CAND_TIME = 0x7fff,          /* the event's own time */
    MM_CAND_MADE = MM_CAND_URL_PATH,
    MM_CAND_MADE_N = MM_CAND_TIME - MM_CAND_MADE + 1,
};

enum mm_slot_kind {
    MM_SLOT_FIELD, /* the first candidate that the event has */
    MM_SLOT_ALL,   /* keywords: the whole event */
};

struct mm_slot {
    enum mm_slot_kind kind;
    uint16_t cand[MM_SLOT_CAND_MAX];
    uint16_t cand_n;
    struct mm_slice name; /* as the rule says it, for `rules why` */
};

enum mm_atom_op {
    MM_A_EXACT,    /* lit */
    MM_A_PREFIX,   /* lit */
    MM_A_SUFFIX,   /* lit */
    MM_A_CONTAINS, /* lit */
    MM_A_GLOB,     /* glob; lit is its longest piece without wildcards, maybe empty */
    MM_A_REGEX,    /* re; lit is a text that stands in whatever it matches, maybe empty */
    MM_A_CIDR,     /* cidr */
    MM_A_NUMBER,   /* cmp num */
    MM_A_TIME,     /* unit cmp num */
    MM_A_PRESENT,  /* there, any value */
    MM_A_ABSENT,   /* not there */
    MM_A_REF,      /* compared with slot `ref`, `how` */
};

enum mm_cmp { MM_CMP_EQ, MM_CMP_LT, MM_CMP_LTE, MM_CMP_GT, MM_CMP_GTE };
enum mm_unit {
    MM_UNIT_MINUTE,
    MM_UNIT_HOUR,
    MM_UNIT_DAY,
    MM_UNIT_WEEK,
    MM_UNIT_MONTH,
    MM_UNIT_YEAR
};

struct mm_atom {
    uint8_t op;   /* enum mm_atom_op */
    bool cased;   /* compare the text as it is, not folded */
    uint8_t cmp;  /* enum mm_cmp */
    uint8_t unit; /* enum mm_unit */
    uint8_t how;  /* REF: MM_A_EXACT, _PREFIX, _SUFFIX or _CONTAINS */
    uint16_t ref; /* REF: slot */
    struct mm_slice lit;
    union {
        struct mm_glob glob;
        struct {
            struct mm_regex *re;
            struct mm_slice src; /* as the rule wrote it */
        };
        struct mm_cidr cidr;
        double num;
    };
};

/* Which set holds the values of the event's company. */
struct mm_choice {
    const uint32_t *company; /* rising */
    const uint32_t *set;     /* one each, or MM_SET_NONE: it has no values */
    uint32_t n;
    uint32_t other; /* of every other company, or MM_SET_NONE */
};
#define MM_SET_NONE UINT32_MAX

static inline uint32_t mm_choice_of(const struct mm_choice *c, uint32_t company)
{
    uint32_t lo = 0, hi = c->n;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (c->company[mid] < company)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < c->n && c->company[lo] == company ? c->set[lo] : c->other;
}

struct mm_set {
    uint16_t slot;
    bool literal; /* every atom has a literal that the index can find */
    bool absent;  /* may hold when the field is not there */
    uint32_t atom, atom_n;
    uint32_t home; /* an index that finds all of its atoms, or MM_HOME_NONE */
    float odds;    /* guessed share of events in which it holds, for choosing witnesses */
    /* All of its atoms at once, for sets of many that no index finds; or NULL. */
    const struct mm_lits *lits;
    const struct mm_choice *choice; /* NULL; else it has no atoms: one of these holds or not */
};

enum mm_expr_kind { MM_X_SET, MM_X_NOT, MM_X_AND, MM_X_OR };

struct mm_expr {
    enum mm_expr_kind kind;
    uint32_t set;
    struct mm_slice label; /* a detection's name or an item's key, for `rules why` */
    struct mm_expr *first, *last, *next;
};

#define MM_HOME_NONE UINT32_MAX
#define MM_ID_FILTER (UINT64_C(1) << 32)

/* One test of a rule's program: which set to ask, where to go on. */
struct mm_test_step {
    uint32_t set;
    uint32_t yes, no; /* index of a step, or MM_STEP_TRUE / MM_STEP_FALSE */
};
#define MM_STEP_TRUE UINT32_MAX
#define MM_STEP_FALSE (UINT32_MAX - 1)
#define MM_STEP_FAIL (UINT32_MAX - 2) /* no room while compiling */

/* Sets that choose by company (part of mm_ruleset.waits): where one has nothing to choose, the rule
 * waits for values. */
struct mm_waits {
    uint32_t at, n;
};

struct mm_rule_code {
    uint32_t start; /* first step, or MM_STEP_TRUE / MM_STEP_FALSE */
    uint16_t group; /* its logsource group, or MM_GROUP_NONE */
    struct mm_expr *expr;
    uint32_t filter, filter_n; /* its filters: part of mm_ruleset.filter_ref */
    uint32_t adjust, adjust_n; /* part of mm_ruleset.adjust */
    struct mm_waits waits;
    struct mm_correlation *correlation; /* or NULL */
};

/* What a filter hides, as a program and as a tree. */
struct mm_filter_code {
    uint32_t start;
    struct mm_waits waits;
    struct mm_expr *expr;
};

/* A rule as some companies want it: mm_tuning_rule. */
struct mm_adjust {
    uint32_t rule;
    bool off, has_level;
    enum mm_level level;
    const uint32_t *company; /* rising; none: every company */
    size_t company_n;
};

enum { MM_GROUP_MAX = 2048, MM_GROUP_NONE = 0xffff }; /* SigmaHQ has 140 logsources */

/* Rules that must be worked out when one of the index's sets holds. */
struct mm_posting {
    uint32_t id; /* among all postings */
    uint32_t set;
    uint32_t rule, rule_n; /* part of mm_index.rules */
};

/* What the tag of a literal stands for. */
struct mm_entry {
    uint32_t atom;
    uint32_t posting;
    bool verify; /* the literal is only part of the atom, or of its case */
};

/* The witnesses of one logsource group on one slot. */
struct mm_index {
    uint16_t slot;
    uint32_t id;
    struct mm_lits lits;
    struct mm_posting *posting;
    struct mm_entry *entry;
    uint32_t *rules;
    uint32_t *present; /* rules to work out whenever the slot has a value */
    size_t present_n;
};

/* All rules of one logsource, and how to find those that an event may match. */
struct mm_group {
    struct mm_slice product, category, service;
    struct mm_source_bits rows; /* of logsource.def */
    uint32_t *rule;
    size_t rule_n;
    uint32_t *always; /* rules without a witness */
    size_t always_n;
    struct mm_index *index;
    size_t index_n;
};

struct mm_ruleset {
    uint32_t refs; /* atomic */
    struct mm_arena arena;
    struct mm_rule *rule;
    struct mm_rule_code *code; /* as many as rules */
    size_t rule_n, rule_cap, code_cap;
    struct mm_filter *filter;
    struct mm_filter_code *filter_code; /* as many as filters */
    size_t filter_n, filter_cap, filter_code_cap;
    uint32_t *filter_ref; /* filters of the rules, one rule's behind the other's */
    uint32_t *waits;      /* sets, likewise */
    size_t waits_n, waits_cap;
    struct mm_adjust *adjust; /* likewise */
    size_t unasked;           /* of those: mm_rules_unasked */
    struct mm_rule_refusal *refusal, *warning;
    size_t refusal_n, refusal_cap, warning_n, warning_cap;
    struct mm_slot *slot;
    size_t slot_n, slot_cap;
    struct mm_slice *extra_name; /* by number */
    size_t extra_n, extra_cap;
    struct mm_table extra; /* by the key of the name */
    uint32_t *extra_next;  /* number + 1 of another name of the same key, or 0 */
    struct mm_atom *atom;
    size_t atom_n, atom_cap;
    struct mm_set *sets;
    size_t set_n, set_cap;
    struct mm_test_step *step;
    size_t step_n, step_cap;
    struct mm_regex **regex;
    size_t regex_n, regex_cap;
    struct mm_group *group;
    size_t group_n, group_cap;
    size_t index_n, posting_n; /* of all groups */
    struct mm_rules_pipeline *pipeline;
    size_t pipeline_n, pipeline_cap;
    struct mm_sources sources;
    uint64_t digest;
};

/* Why a document is refused. */
struct mm_rule_fault {
    uint32_t line, column;
    const char *what;
    char detail[MM_RULE_DETAIL];
};

/* What one load needs and then forgets. */
struct mm_build {
    struct mm_ruleset *set;
    struct mm_arena tmp;     /* of one document */
    struct mm_arena listing; /* of one company's values in one item */
    struct mm_arena names;   /* keys of the maps below, pipelines */
    struct mm_map slots, sets, extras;
    struct mm_map ids; /* of rules and filters, to their numbers; MM_ID_FILTER marks filters */
    struct mm_everyday everyday;
    const struct mm_rules_options *options;
    const struct mm_rule *rule; /* being read: its logsource names the fields */
    struct mm_slices wanted;    /* placeholders of the document, in the set's arena */
    struct mm_slice missing;    /* one for which no company at all has values */
    size_t listed;              /* values of lists in the document */
    struct mm_rule_fault fault;
    struct mm_pipelines pipelines;                           /* in force where the load is */
    struct mm_pipeline *pipeline;                            /* all that were read */
    size_t atom_first, regex_first, step_first, waits_first; /* where the rule being read begins */
};

/* Note why the document is refused; detail may be foreign bytes. Returns code. */
enum mm_code mm_rule_refuse(struct mm_build *b, enum mm_code code, uint32_t line, const char *what,
                            struct mm_slice detail);
/* Add something that is worth a look, though the document loads. MM_E_NOMEM is the one failure. */
MM_MUST_USE enum mm_code mm_rule_warn(struct mm_build *b, struct mm_slice file, uint32_t line,
                                      const char *what, struct mm_slice detail);
/* A new expression in the arena of the set, NULL when it is full. */
struct mm_expr *mm_expr_new(struct mm_build *b, enum mm_expr_kind kind);
void mm_expr_adopt(struct mm_expr *parent, struct mm_expr *child);

/* The slot of a field of the current rule, or of keywords when name is empty. */
MM_MUST_USE enum mm_code mm_slot_find(struct mm_build *b, struct mm_slice name, uint16_t *ret);
/* One member of a detection: "field|modifiers": values, or keywords when `keywords`. */
MM_MUST_USE enum mm_code mm_item_build(struct mm_build *b, const struct mm_yaml *item,
                                       bool keywords, struct mm_expr **ret);
/* A new set of atoms (the last atom_n of the set's atoms), or an equal one that exists. */
MM_MUST_USE enum mm_code mm_set_intern(struct mm_build *b, uint16_t slot, size_t atom_first,
                                       uint32_t *ret);
/* A set that holds when the one for the event's company does, or an equal one that exists. */
MM_MUST_USE enum mm_code mm_set_choose(struct mm_build *b, uint16_t slot,
                                       const struct mm_choice *choice, uint32_t *ret);
/* Guess how often the set holds and whether an index can find it. */
void mm_set_judge(const struct mm_build *b, struct mm_set *set);
/* Make the rule's program: its tests in order. Refuses a rule that needs too many. */
MM_MUST_USE enum mm_code mm_program_make(struct mm_build *b, const struct mm_expr *x,
                                         uint32_t *ret_start);
/* After all documents: groups, witnesses, indexes. */
MM_MUST_USE enum mm_code mm_compile(struct mm_build *b);
/* Read one document as a rule: metadata and expression. */
MM_MUST_USE enum mm_code mm_rule_read(struct mm_build *b, const struct mm_yaml *doc,
                                      struct mm_rule *rule, struct mm_expr **ret_expr);
/* The part of it that filters have as well: metadata and logsource. */
MM_MUST_USE enum mm_code mm_rule_head(struct mm_build *b, const struct mm_yaml *doc,
                                      struct mm_rule *rule);
/* A scalar's text in the set's arena; nothing for null and for no node. */
MM_MUST_USE enum mm_code mm_rule_dup(struct mm_build *b, const struct mm_yaml *node,
                                     struct mm_slice *ret);
/* The scalars of a list, or one scalar, likewise. */
MM_MUST_USE enum mm_code mm_rule_dup_list(struct mm_build *b, const struct mm_yaml *node,
                                          struct mm_slices *ret);
/*
 * Detections and condition under `det`; `except` is a key that is neither, or NULL. *ret_rests says
 * whether the condition is made of nothing but `not` (filters read this as "what stays").
 */
MM_MUST_USE enum mm_code mm_rule_detections(struct mm_build *b, const struct mm_yaml *det,
                                            const char *except, struct mm_expr **ret,
                                            bool *ret_rests);
/* Read one document as a filter; *ret_expr holds for what it hides. */
MM_MUST_USE enum mm_code mm_filter_read(struct mm_build *b, const struct mm_yaml *doc,
                                        struct mm_rule *head, struct mm_filter *filter,
                                        struct mm_expr **ret_expr);
/* After all documents: which filters stand at which rules. */
MM_MUST_USE enum mm_code mm_filters_join(struct mm_build *b);
/* After all documents: which rules the tuning adjusts. */
MM_MUST_USE enum mm_code mm_adjust_join(struct mm_build *b);
/* Read what a document correlates. */
MM_MUST_USE enum mm_code mm_correlation_read(struct mm_build *b, const struct mm_yaml *doc,
                                             struct mm_correlation **ret);
/* After all documents: which rules the correlations name. */
MM_MUST_USE enum mm_code mm_correlations_join(struct mm_build *b);

#endif
