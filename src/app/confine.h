/*
 * app/confine.h - each process gives away what app/confine.def does not list for it.
 *
 * Purpose   From the table to the walls of os/sandbox.h, so that what a process keeps stands in
 *           one place and a test can run into every wall of every process.
 * Owns      Nothing; what was given away never comes back.
 * Threads   Before any thread is made; mm_confine_calls binds those that exist as well.
 * Trust     The table is ours; state and programs are the operator's.
 */
#ifndef MM_APP_CONFINE_H
#define MM_APP_CONFINE_H

#include "os/sandbox.h"

enum mm_confined {
#define PROCESS(id, name, may, kill, low, mib, files) MM_CONFINED_##id,
#define PLACE(who, root, below, reach, must)
#include "app/confine.def"
#undef PLACE
#undef PROCESS
    MM_CONFINED_COUNT
};

struct mm_confine {
    enum mm_confined who;
    const char *state;                  /* the state directory; NULL where no place is of it */
    const struct mm_sandbox_path *more; /* what only the command line knows */
    size_t more_n;
    uint64_t memory_max; /* instead of the table's; 0: the table's */
    const uint16_t *ports;
    size_t ports_n; /* to connect to, see os/sandbox.h */
};

/*
 * All walls. False: this process must not go on; why was logged. What this kernel lacks is logged
 * and is no failure.
 */
MM_MUST_USE bool mm_confine(const struct mm_confine *c);

/* In two steps, for who needs calls in between that it gives away: bounds, capabilities, places
 * before the first thread; then the calls, of all threads. */
MM_MUST_USE bool mm_confine_places(const struct mm_confine *c);
MM_MUST_USE bool mm_confine_calls(const struct mm_confine *c);

#endif
