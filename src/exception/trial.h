/*
 * exception/trial.h - what an exception would have hidden of the past, before it is kept.
 *
 * Purpose   Asks the store what the rule has found in the company, and the exception's filter about
 *           each of these events: who wants an exception sees what it takes away.
 * Owns      Nothing; the arena holds the examples.
 * Threads   As the client.
 * Trust     Alerts of the store hold foreign texts.
 */
#ifndef MM_EXCEPTION_TRIAL_H
#define MM_EXCEPTION_TRIAL_H

#include "exception/exception.h"
#include "store/events/client.h"

enum {
    MM_TRIAL_DAYS = 30,
    MM_TRIAL_ALERTS_MAX = 2000, /* the newest are asked about */
    MM_TRIAL_EXAMPLES_MAX = 5,  /* of what would be hidden, and of what would not */
};

/* One alert of the past. */
struct mm_trial_example {
    int64_t time_us;
    uint16_t queue;
    uint64_t seq;
    struct mm_slice entity;
};

struct mm_trial {
    uint64_t found, found_critical;   /* alerts of the rule in the company, in MM_TRIAL_DAYS */
    uint64_t tried;                   /* the newest of them, that were asked about */
    uint64_t unread;                  /* of those: without an event that could be asked */
    uint64_t hidden, hidden_critical; /* of those: would be hidden, ... */
    uint64_t stays, stays_critical;   /* ... would not */
    struct mm_trial_example hides[MM_TRIAL_EXAMPLES_MAX], keeps[MM_TRIAL_EXAMPLES_MAX];
    size_t hides_n, keeps_n;
};

/*
 * Try *e (company, rule, logsource, terms count) on the alerts before now_us. MM_OK fills *ret;
 * MM_E_SYNTAX and MM_E_LIMIT as mm_filter_write says (fault.at: the term), or MM_E_SYNTAX with
 * fault.what "exception.value" for a term that cannot be asked (no such network); other codes are
 * the store's.
 */
MM_MUST_USE enum mm_code mm_exception_try(struct mm_events_client *events,
                                          const struct mm_exception *e, int64_t now_us,
                                          struct mm_arena *a, struct mm_trial *ret,
                                          struct mm_fault *fault);

/*
 * Must a second person agree? Always about a rule that is critical, whatever it has found so far:
 * otherwise who means harm would make the exception before the deed. Else when a critical alert of
 * the past would be hidden, or nobody can say that it would not.
 */
bool mm_trial_second(const struct mm_trial *t, enum mm_level rule_level);

#endif
