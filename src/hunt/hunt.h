/*
 * hunt/hunt.h - rules over files of evidence, without a server.
 *
 * Purpose   Portions of the files go to children, one a core; what they find is counted and kept
 *           until all is read.
 * Owns      A hunt owns its plan, counts and kept alerts.
 * Threads   One; it starts processes. Call before threads are made.
 * Trust     What is in the files is read by children, each locked in before its first byte; only
 * the plan looks at their first bytes (hunt/plan.h). A child that dies, or takes out of all
 *           proportion long, costs the file it was at, which is told, and the rest goes on.
 */
#ifndef MM_HUNT_HUNT_H
#define MM_HUNT_HUNT_H

#include "hunt/hits.h"
#include "hunt/plan.h"
#include "hunt/tally.h"
#include "hunt/worker.h"

enum {
    MM_HUNT_CHILDREN_MAX = 64,
    MM_HUNT_BROKEN_MAX = 1000, /* broken places that are told one by one */
};

struct mm_hunt_broken {
    uint32_t file;
    uint64_t record, at;
    char why[32];
};

struct mm_hunt_child;

struct mm_hunt {
    struct mm_hunt_rules rules;
    struct mm_hunt_plan plan;
    struct mm_tally tally;
    struct mm_hits hits;
    struct mm_hunt_worker *worker;
    struct mm_hunt_child *child;
    size_t child_max, child_n;
    size_t next_unit;
    uint64_t moved, events; /* so far, for progress */
    struct mm_hunt_broken *broken;
    size_t broken_n;
    uint64_t broken_more; /* places beyond the list */
    int64_t began_us;     /* monotonic */
    int64_t took_us;
    int saved_errno; /* of what made it fail */
};

/* Called about ten times a second while files are read. */
typedef void mm_hunt_progress(void *ctx, const struct mm_hunt *h);

/*
 * children 0: one a core. tmp: folder for what is kept meanwhile. The rules' set and formats must
 * outlive the hunt. MM_E_IO: nothing can be kept in tmp (errno).
 */
MM_MUST_USE enum mm_code mm_hunt_init(struct mm_hunt *h, const struct mm_hunt_rules *rules,
                                      unsigned children, const char *tmp);
/* Safe on zeroes. */
void mm_hunt_done(struct mm_hunt *h);
/* Read everything in the plan. MM_OK also when files could not be read: they say so themselves. */
MM_MUST_USE enum mm_code mm_hunt_run(struct mm_hunt *h, mm_hunt_progress *progress, void *ctx);
/* Sums over all files. */
struct mm_hunt_sums mm_hunt_total(const struct mm_hunt *h);
/* Were there records, and all files read to their end? (Lines that no format reads are read.) */
bool mm_hunt_whole(const struct mm_hunt *h);

#endif
