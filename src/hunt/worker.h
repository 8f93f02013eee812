/*
 * hunt/worker.h - the part of a hunt that reads foreign bytes: files in, frames out.
 *
 * Purpose   Runs in a child that was locked in before: events are read out of each file, rules are
 *           tried, what matched goes to a pipe.
 * Owns      struct mm_hunt_worker: the memory of one reader. It is made before the children are
 *           started, which get it as it is.
 * Threads   One worker, one thread.
 * Trust     Files are hostile and damaged. Memory is bounded whatever they hold; what cannot be
 *           read is told and passed over.
 */
#ifndef MM_HUNT_WORKER_H
#define MM_HUNT_WORKER_H

#include "detect/detect.h"
#include "hunt/choice.h"
#include "hunt/frame.h"
#include "parse/parse.h"

struct mm_hunt_rules {
    struct mm_ruleset *set;
    const struct mm_formats *formats;
    struct mm_hint hint;
    enum mm_level level;    /* alerts below it are left out */
    int64_t from_us, to_us; /* events outside [from, to) are left out; 0: no bound */
    uint32_t most;          /* alerts of one rule that are handed out whole in one unit; 0: all */
    const char *password;   /* of encrypted archives, or NULL */
    const bool *pass;       /* per rule of the set: not looked for; NULL: all are */
    size_t pass_n;          /* how many those are */
    const struct mm_hunt_choice *choice; /* of machines, or NULL */
};

/* One part of a file, open. */
struct mm_hunt_task {
    int fd;
    uint32_t file;     /* number of the file: what is remembered of its lines is its own */
    bool evtx, lines;  /* as in hunt/plan.h */
    uint64_t from, to; /* bytes; to 0: to the end */
    uint64_t size;     /* of the file */
    int64_t changed_us;
};

struct mm_hunt_worker;

/* NULL without memory. */
struct mm_hunt_worker *mm_hunt_worker_new(const struct mm_hunt_rules *rules);
void mm_hunt_worker_free(struct mm_hunt_worker **w);
/* Read the tasks, write frames to `to`; true when all was taken. */
MM_MUST_USE bool mm_hunt_worker_run(struct mm_hunt_worker *w, const struct mm_hunt_task *task,
                                    size_t task_n, int to);

#endif
