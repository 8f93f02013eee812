/*
 * app/rules_try.h - `mimamori rules try`: how often would a rule have fired on what is stored?
 *
 * Purpose   Asks the store for what companies' sources sent in the last days, newest first, at most
 *           so many and for so long, and the rule about each of them. Days are those of arrival,
 *           as in the lists of noisy rules and of what exceptions hide: what the engine was asked.
 * Owns      The caller's arena holds the lists of a trial.
 * Threads   As the client.
 * Trust     Events are hostile: counts and lists are bounded.
 */
#ifndef MM_APP_RULES_TRY_H
#define MM_APP_RULES_TRY_H

#include "base/arena.h"
#include "detect/detect.h"
#include "store/events/client.h"
#include "text/lang.h"

enum {
    MM_RULES_TRY_DAYS_MAX = 366,
    MM_RULES_TRY_EVENTS_MAX = 200 * 1000, /* the newest are asked about */
    MM_RULES_TRY_ABOUT_MAX = 10 * 1000,   /* different ones that are told apart */
    MM_RULES_TRY_TOP_MAX = 10,            /* of them in the answer */
    MM_RULES_TRY_EXAMPLES_MAX = 5,
    MM_RULES_TRY_LINE_MAX = 200, /* bytes of an example's line */
    MM_RULES_TRY_COMPANIES_MAX = 10 * 1000,
};

struct mm_rules_try_ask {
    const uint32_t *company; /* each gets its share of what is read */
    size_t company_n;        /* 1..MM_RULES_TRY_COMPANIES_MAX */
    struct mm_ruleset *set;  /* one rule, and filters, which hide as in the engine */
    int64_t now_us;
    uint32_t days;
    uint64_t events_max;   /* of all companies together */
    int64_t until_mono_us; /* no page is asked for after it; 0: whenever */
};

/* Why older events were not looked at. */
enum mm_rules_try_cut { MM_RULES_TRY_WHOLE, MM_RULES_TRY_ROWS, MM_RULES_TRY_TIME };

/* What alerts would be about: a computer, an address. */
struct mm_rules_try_about {
    struct mm_slice text;
    uint64_t matches;
};

struct mm_rules_try_company {
    uint32_t company;
    uint64_t matches;
};

struct mm_rules_try_example {
    uint32_t company;
    int64_t time_us;
    uint16_t queue;
    uint64_t seq;
    struct mm_slice line; /* its beginning, foreign */
};

struct mm_rules_try {
    uint64_t events; /* that the rule was asked about */
    enum mm_rules_try_cut cut;
    int64_t since_us;          /* of every company, what was received since then was looked at */
    int64_t first_us, last_us; /* when the events happened by their own clocks; 0: no events */
    uint64_t matches, hidden, undecided;
    struct mm_rules_try_about top[MM_RULES_TRY_TOP_MAX]; /* most matches first */
    size_t top_n;
    struct mm_rules_try_example example[MM_RULES_TRY_EXAMPLES_MAX]; /* newest first */
    size_t example_n;
    struct mm_rules_try_company company[MM_RULES_TRY_TOP_MAX]; /* most matches first */
    size_t company_n;                                          /* of them */
    size_t companies;                                          /* with a match */
};

/*
 * Try it. MM_OK fills *ret, also when it was cut short; other codes are the store's, in its words
 * in *said.
 */
MM_MUST_USE enum mm_code mm_rules_try(struct mm_events_client *client,
                                      const struct mm_rules_try_ask *ask, struct mm_arena *a,
                                      struct mm_rules_try *ret, struct mm_events_answer *said);

/* `mimamori rules try`. */
struct mm_rules_try_cli {
    const char *state, *company;
    uint32_t days;
    bool json;
    enum mm_lang lang;
    const char *const *path; /* of one rule, and filters */
    size_t path_n;
    const struct mm_rules_options *options;
};

/* Load, ask, print. Exit status: 0 the rule was tried, 1 it was not, see why. */
int mm_rules_cli_try(const struct mm_rules_try_cli *t);

#endif
