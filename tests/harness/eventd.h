/*
 * tests/harness/eventd.h - a real eventd for a test or a bench.
 *
 * Purpose   Start it on a directory, wait until it answers, stop or kill it.
 * Owns      The process: stop or kill it; nothing else does.
 * Threads   One eventd, one thread.
 * Trust     Test code only.
 */
#ifndef MM_TESTS_HARNESS_EVENTD_H
#define MM_TESTS_HARNESS_EVENTD_H

#include <sys/types.h>

#include "base/base.h"

struct mm_test_eventd {
    pid_t pid;         /* 0: not running */
    pid_t tracer;      /* strace around it, or 0 */
    char state[256];   /* its state directory */
    char address[320]; /* "unix:…" for mm_events_new */
};

/* Where the program is, or NULL when it was not built (no libchdb, sanitizers). */
const char *mm_test_eventd_program(void);
/* Start it on that state directory and wait until it is ready. False: it did not come up. */
bool mm_test_eventd_start(struct mm_test_eventd *e, const char *state);
/*
 * As above, under strace, which kills it at the when-th call of `call` ("rename", "fsync") made by
 * any one of its threads. False also when that came before it was ready.
 */
bool mm_test_eventd_start_doomed(struct mm_test_eventd *e, const char *state, const char *call,
                                 unsigned when);
/* Is it still there? Collects it when it is not. */
bool mm_test_eventd_alive(struct mm_test_eventd *e);
/* kill -9, and wait until it is gone. */
void mm_test_eventd_kill(struct mm_test_eventd *e);
/* Ask it to stop and wait; true when it ended well. */
bool mm_test_eventd_stop(struct mm_test_eventd *e);

/* Delete its state directory and its log; it must not run. */
void mm_test_eventd_remove(const struct mm_test_eventd *e);

struct mm_test_usage {
    double cpu_s;
    uint64_t rss, rss_peak; /* bytes */
};

/* What it has used so far. */
struct mm_test_usage mm_test_eventd_usage(const struct mm_test_eventd *e);

#endif
