/*
 * detect/filter.h - Sigma filters: exceptions that hide what rules found, and never silently.
 *
 * Purpose   A filter is a document of a rule set like any other (`filter:` instead of
 *           `detection:`). It stands at the rules that it names, or at all of its logsource, is
 *           asked only when such a rule has matched, and says that the match is hidden. Which
 *           filter hid what is told for each event and counted for each filter.
 * Owns      The set owns its filters; slices live as long as the set.
 * Threads   As detect.h: a set is shared, a matcher belongs to one thread.
 * Trust     Filters come from operators and are bounded as rules are. What a filter cannot decide
 *           is not hidden.
 * Spec      Sigma filters specification 2.1.0. The part under `mimamori:` is ours: companies, an
 *           end, a reason. docs/en/sigma.md says how `condition` is read.
 */
#ifndef MM_DETECT_FILTER_H
#define MM_DETECT_FILTER_H

#include "base/buf.h"
#include "detect/detect.h"

enum {
    MM_FILTERS_MAX = 20000,          /* of one set: 1,000 companies with 20 exceptions each */
    MM_FILTER_COMPANIES_MAX = 10000, /* that one filter names */
    MM_FILTER_REFS_MAX = 2000000,    /* pairs of a filter and a rule in one set */
};

/* No end: the filter hides for ever. */
#define MM_FILTER_NO_END INT64_MAX

struct mm_filter {
    struct mm_slice id; /* its UUID, or its name or title where it has none */
    struct mm_slice title, description, author;
    struct mm_slice product, category, service; /* a rule must agree with those that are set */
    struct mm_slices rules;                     /* ids or names; none: any of the logsource */
    const uint32_t *company; /* only events of these, rising; none: every company's */
    size_t company_n;
    int64_t until_us; /* hides events received before this moment */
    struct mm_slice reason;
    /* Filled when it is read; mm_filter_write does not look at them. */
    struct mm_slice file;
    uint32_t line;
    size_t rule_n; /* rules of the set that it stands at */
};

size_t mm_filters_count(const struct mm_ruleset *set);
/* index < mm_filters_count. Filters follow the order of loading. */
const struct mm_filter *mm_filters_get(const struct mm_ruleset *set, size_t index);

/* A match that is no alert, and the filter that made it so. */
struct mm_hidden {
    uint32_t rule, filter;
};

/*
 * What filters hid of the event that mm_rules_match was asked about last, each rule once.
 * *ret borrows the matcher until its next question.
 */
size_t mm_matcher_hidden(const struct mm_matcher *m, const struct mm_hidden **ret);
/* How many matches filter `index` has hidden from this matcher. */
uint64_t mm_matcher_filter_hits(const struct mm_matcher *m, size_t index);
/*
 * Would filter `index` hide the event if one of its rules matched it? Companies and end count,
 * logsources do not: for trying an exception on events of the past.
 */
bool mm_filter_holds(struct mm_matcher *m, size_t index, const struct mm_event *ev);

/* How a term compares; all but CIDR take the value as it stands, wildcards in it are escaped. */
enum mm_filter_how {
    MM_FILTER_EQUALS,
    MM_FILTER_CONTAINS,
    MM_FILTER_STARTS,
    MM_FILTER_ENDS,
    MM_FILTER_CIDR,
    MM_FILTER_HOW_COUNT
};

/* One thing that must be so: an ECS name or the name that the rules use, and a value. */
struct mm_filter_term {
    struct mm_slice field;
    enum mm_filter_how how;
    struct mm_slice value;
};

/*
 * Append a filter as Sigma YAML that reads back as the same filter: all terms must hold, those
 * of one field and `how` are alternatives. Without terms it hides all that its rules find. Take
 * product, category and service from a rule that is named: fields are called as they are there.
 * MM_E_SYNTAX names a term (fault.at) that cannot be written: not UTF-8, or no name of a field;
 * MM_E_LIMIT one that is too long. out then ends where it did before.
 */
MM_MUST_USE enum mm_code mm_filter_write(const struct mm_filter *f,
                                         const struct mm_filter_term *term, size_t term_n,
                                         struct mm_buf *out, struct mm_fault *fault);

#endif
