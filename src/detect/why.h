/*
 * detect/why.h - why a rule matches an event, or does not: every part of it worked out.
 *
 * Purpose   A tree for people and pages: conditions, items as the rule writes them, what the event
 *           holds there, and each comparison's answer.
 * Owns      Nodes live in the arena that was passed; slices borrow the set, the event and it.
 * Threads   As a matcher: one.
 * Trust     Values of events are hostile bytes: who prints them makes them printable.
 */
#ifndef MM_DETECT_WHY_H
#define MM_DETECT_WHY_H

#include "base/arena.h"
#include "detect/filter.h"
#include "detect/regex.h"

/* One comparison. */
struct mm_why_test {
    const char *op;         /* equals, startswith, endswith, contains, re, cidr, lt, hour, … */
    struct mm_slice value;  /* what is compared with; texts as they are compared: folded */
    bool cased;             /* letters of both cases differ */
    enum mm_verdict answer; /* MM_NO as well when the event has no such field */
};

enum mm_why_kind { MM_WHY_TEST, MM_WHY_NOT, MM_WHY_ALL, MM_WHY_ANY };

struct mm_why {
    enum mm_why_kind kind;
    enum mm_verdict answer;
    struct mm_slice label; /* name of a detection, or a key as written; may be empty */
    struct mm_why *first, *next;
    /* MM_WHY_TEST: any of the comparisons must hold. */
    bool keywords;         /* compared with every text of the event */
    bool present;          /* the event has the field */
    struct mm_slice place; /* where it was found, or would first be looked for */
    struct mm_slice value; /* what the event holds there */
    struct mm_why_test *test;
    size_t test_n;
};

struct mm_why_rule {
    bool routed;            /* the rule's logsource names the event */
    enum mm_verdict answer; /* of the condition alone */
    bool alerts;            /* routed, yes and not hidden */
    size_t hidden_by;       /* index of a filter, or SIZE_MAX */
    bool waits;             /* for values of the event's company: detect/tuning.h */
    bool off;               /* switched off there */
    enum mm_level level;    /* there */
    struct mm_why *tree;    /* NULL for what has no condition */
};

/* Work out rule `index` for the event. MM_E_NOMEM leaves *ret untouched. */
MM_MUST_USE enum mm_code mm_rules_why(struct mm_matcher *m, size_t index, const struct mm_event *ev,
                                      struct mm_arena *arena, struct mm_why_rule *ret);
/* The same as one JSON object, texts cut to 400 bytes and 100 comparisons shown of each test. */
void mm_why_json(const struct mm_ruleset *set, size_t index, const struct mm_why_rule *why,
                 struct mm_buf *out);

#endif
