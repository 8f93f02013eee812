/*
 * detect/reach.h - rules by logsource, and which of them the events that come can reach.
 *
 * Purpose   A rule that is good finds nothing where nobody sends what it looks at. This says which
 *           logsources the rules are about, which of them a company's events belong to, and what
 *           would have to be sent for the others.
 * Owns      Everything lives in the arena passed.
 * Threads   One at a time.
 * Trust     Events are hostile; only their route (detect/logsource.h) is looked at.
 */
#ifndef MM_DETECT_REACH_H
#define MM_DETECT_REACH_H

#include "base/arena.h"
#include "detect/detect.h"

/* The rules of one logsource. */
struct mm_rule_source {
    const struct mm_rule *rule; /* one of them: its product, category, service */
    size_t count[MM_RULE_STATE_COUNT];
    size_t all;
};

/* All logsources of a set: those that match nothing first, then the largest. Correlations have
 * none. MM_E_NOMEM. */
MM_MUST_USE enum mm_code mm_rule_sources(const struct mm_ruleset *set, struct mm_arena *a,
                                         struct mm_rule_source **ret, size_t *ret_n);

struct mm_reach;

/* Nothing has come yet. NULL without memory. */
struct mm_reach *mm_reach_new(struct mm_arena *a);
/* Such an event comes. */
void mm_reach_event(struct mm_reach *r, const struct mm_event *ev);
/* Does what has come reach this rule? Only one that is active is reached by anything. */
bool mm_reach_rule(const struct mm_reach *r, const struct mm_rule *rule);
/* What has to be sent for it (needs.def): "windows_process" …, "sysmon", "device" for other
 * logsources that formats of ours write, "none" when none does. */
const char *mm_reach_need(const struct mm_rule *rule);

#endif
