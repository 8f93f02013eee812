/*
 * os/proc.h - what a process and those that it started use of the machine, from /proc.
 *
 * Purpose   Processor time, memory and number of processes of one of our programs, its children
 *           included: the engine is a dozen processes.
 * Owns      Nothing after return.
 * Threads   Any; no state.
 * Trust     The kernel's text; a process may end while it is looked at, and then counts as gone.
 * Spec      proc(5): /proc/PID/stat, /proc/PID/task/TID/children.
 */
#ifndef MM_OS_PROC_H
#define MM_OS_PROC_H

#include <sys/types.h>

#include "base/base.h"

enum {
    MM_PROC_TREE_MAX = 256
}; /* processes of one program: shards, their masters, jailed readers */

struct mm_proc_use {
    int64_t cpu_us;     /* of all that live, and of their children that have ended */
    uint64_t rss_bytes; /* what is shared counts in each process */
    uint32_t processes;
};

/* MM_E_NOTFOUND: there is no such process. *ret is untouched then. */
MM_MUST_USE enum mm_code mm_proc_use(pid_t pid, struct mm_proc_use *ret);

#endif
