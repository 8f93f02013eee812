/*
 * hunt/tally.h - counts of what a hunt found, by rule, host, user and hour.
 *
 * Purpose   Every hit is counted here, also those that are not listed one by one. What a control
 *           stopped weighs one level less (mm_level_weigh).
 * Owns      The tables and copies of the names in them.
 * Threads   One.
 * Trust     Names are foreign; a table that is full counts the rest as `others`, so that made-up
 *           names cannot take all memory.
 */
#ifndef MM_HUNT_TALLY_H
#define MM_HUNT_TALLY_H

#include "base/arena.h"
#include "base/hash.h"
#include "detect/detect.h"
#include "hunt/frame.h"

enum {
    MM_TALLY_ROWS_MAX = 100 * 1000, /* names of one table; 150 bytes each */
    MM_TALLY_MEMORY = 64 * 1024 * 1024,
};

struct mm_tally_row {
    struct mm_slice name; /* of a pair: rule and name */
    uint32_t rule;        /* of a pair */
    uint64_t n;
    uint64_t level[MM_LEVEL_COUNT];
    int64_t first_us, last_us; /* hours: the hour */
};

struct mm_tally_table {
    struct mm_map map; /* bytes of the key -> row */
    struct mm_tally_row *row;
    size_t n, cap;
    uint64_t others; /* hits whose name found no room */
};

struct mm_tally_rule {
    uint64_t n, prevented;
    enum mm_level worst; /* of its hits, as they weigh */
    int64_t first_us, last_us;
};

struct mm_tally {
    struct mm_arena arena;
    const struct mm_ruleset *set;
    struct mm_tally_rule *rule;                         /* one a rule of the set */
    struct mm_tally_table hosts, users, hours, on_host; /* on_host: a rule on a host */
    uint64_t n, level[MM_LEVEL_COUNT];
    int64_t first_us, last_us;
};

/* The set must outlive the tally. */
MM_MUST_USE enum mm_code mm_tally_init(struct mm_tally *t, const struct mm_ruleset *set);
void mm_tally_done(struct mm_tally *t);
/* Count a hit. False: there is no such rule. */
MM_MUST_USE bool mm_tally_add(struct mm_tally *t, const struct mm_hunt_frame *hit);
/* Rows by level and count, the worst first; the table's order afterwards. */
void mm_tally_sort(struct mm_tally_table *table);
/* Rows by time. */
void mm_tally_sort_time(struct mm_tally_table *table);
/* The highest level that was found; false when nothing was. */
bool mm_tally_worst(const struct mm_tally *t, enum mm_level *ret);

#endif
