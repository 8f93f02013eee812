/*
 * detect/correlation.h - Sigma correlation rules: read, checked and kept.
 *
 * Purpose   What a correlation asks for, in numbers and rule indexes, for the stage that works
 *           it out (ARCHITECTURE.md: not built yet). A document that no such stage could follow
 *           is refused when it is loaded, as any rule is.
 * Owns      The set owns its correlations; slices live as long as the set.
 * Threads   As detect.h.
 * Trust     Documents come from operators: every list is bounded, every number checked.
 * Spec      Sigma correlation rules specification 2.1.0.
 */
#ifndef MM_DETECT_CORRELATION_H
#define MM_DETECT_CORRELATION_H

#include "detect/detect.h"

enum {
    MM_CORR_REFS_MAX = 1000,    /* rules of one correlation */
    MM_CORR_ALIASES_MAX = 1000, /* pairs of a rule and a field */
    MM_CORR_CONDITIONS = 6,     /* each comparison once */
    MM_CORR_DAYS_MAX = 366,     /* of a time span */
};

enum mm_corr_type {
#define MM_CORR(id, name, value, count) MM_CORR_##id,
#include "detect/correlation.def"
#undef MM_CORR
    MM_CORR_COUNT
};

enum mm_corr_op {
    MM_CORR_GT,
    MM_CORR_GTE,
    MM_CORR_LT,
    MM_CORR_LTE,
    MM_CORR_EQ,
    MM_CORR_NEQ,
    MM_CORR_OP_COUNT
};

/* In the events of this rule, `alias` is called `field`. */
struct mm_corr_alias {
    struct mm_slice alias, rule, field;
};

struct mm_correlation {
    enum mm_corr_type type;
    struct mm_slices refs;     /* ids or names, as written */
    const uint32_t *rule;      /* rules or correlations of the set that refs name */
    size_t rule_n;             /* fewer than refs where one is not there: a warning */
    struct mm_slices group_by; /* fields or aliases, joined by AND; may be none */
    int64_t timespan_us;
    struct mm_slices fields; /* value_*: what is counted or summed */
    struct {
        enum mm_corr_op op;
        double value;
    } condition[MM_CORR_CONDITIONS]; /* all must hold */
    size_t condition_n;              /* 0 for temporal ones: every rule at least once */
    double percentile;               /* value_percentile: 0..100 */
    bool generate;                   /* its rules alert by themselves as well */
    const struct mm_corr_alias *alias;
    size_t alias_n;
};

/* What rule `index` correlates, NULL when it is no correlation. */
const struct mm_correlation *mm_rules_correlation(const struct mm_ruleset *set, size_t index);

#endif
