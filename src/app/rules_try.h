/*
 * app/rules_try.h - `mimamori rules try`: how often would a rule have fired on what is stored?
 *
 * Purpose   Asks the store for a company's events of the last days, newest first and at most so
 *           many, and the rule about each of them.
 * Owns      The caller's arena holds the lists of a trial.
 * Threads   As the client.
 * Trust     Events are hostile: counts and lists are bounded.
 */
#ifndef MM_APP_RULES_TRY_H
#define MM_APP_RULES_TRY_H

#include "base/arena.h"
#include "detect/detect.h"
#include "store/events/client.h"

enum {
    MM_RULES_TRY_DAYS_MAX = 366,
    MM_RULES_TRY_EVENTS_MAX = 200 * 1000, /* the newest are asked about */
    MM_RULES_TRY_ABOUT_MAX = 10 * 1000,   /* different ones that are told apart */
    MM_RULES_TRY_TOP_MAX = 10,            /* of them in the answer */
    MM_RULES_TRY_EXAMPLES_MAX = 5,
    MM_RULES_TRY_LINE_MAX = 200, /* bytes of an example's line */
};

/* What alerts would be about: a computer, an address. */
struct mm_rules_try_about {
    struct mm_slice text;
    uint64_t matches;
};

struct mm_rules_try_example {
    int64_t time_us;
    uint16_t queue;
    uint64_t seq;
    struct mm_slice line; /* its beginning, foreign */
};

struct mm_rules_try {
    uint64_t events;  /* that the rule was asked about */
    bool more;        /* older ones were not looked at */
    int64_t since_us; /* the oldest that was received; 0: none */
    uint64_t matches, hidden, undecided;
    struct mm_rules_try_about top[MM_RULES_TRY_TOP_MAX]; /* most matches first */
    size_t top_n;
    struct mm_rules_try_example example[MM_RULES_TRY_EXAMPLES_MAX]; /* newest first */
    size_t example_n;
};

/*
 * Try a set with one rule (and filters, which hide as in the engine) on events of the company
 * within so many days before now_us. At most events_max are read. MM_OK fills *ret; other codes
 * are the store's, in its words in *said.
 */
MM_MUST_USE enum mm_code mm_rules_try(struct mm_events_client *client, uint32_t company,
                                      struct mm_ruleset *set, int64_t now_us, uint32_t days,
                                      uint64_t events_max, struct mm_arena *a,
                                      struct mm_rules_try *ret, struct mm_events_answer *said);

/* Load, ask, print. Exit status: 0 the rule was tried, 1 it was not, see why. */
int mm_rules_cli_try(const char *state, const char *company, uint32_t days, bool json,
                     const char *const *path, size_t path_n,
                     const struct mm_rules_options *options);

#endif
