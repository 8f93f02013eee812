/*
 * os/sandbox.h - a process gives away what it does not need.
 *
 * Purpose   Before the first foreign byte is read: no new privileges, no capabilities, resource
 *           limits, only these paths (landlock), only these system calls (seccomp).
 * Owns      Nothing; what was given away never comes back, also not in children.
 * Threads   Call before threads are made. Only mm_sandbox_calls binds threads that exist already.
 * Trust     A step that the kernel lacks is skipped and named in *ret_missing, so that the
 *           program can say so; a step that fails is an error and the program must not go on.
 * Spec      seccomp(2) through libseccomp, landlock(7) by raw system calls (ABI 1 to 6),
 *           capabilities(7), setrlimit(2).
 */
#ifndef MM_OS_SANDBOX_H
#define MM_OS_SANDBOX_H

#include "base/base.h"

/*
 * Groups of system calls. Always allowed: memory, time, synchronisation, signals to itself, and
 * reading, writing and polling descriptors that are open already.
 */
enum mm_sandbox_may {
    MM_MAY_COMPUTE = 0,
    MM_MAY_READ_FILES = 1,  /* open for reading, stat, list */
    MM_MAY_WRITE_FILES = 2, /* open, create, rename, unlink, sync; includes reading */
    MM_MAY_NET = 4,         /* unix and internet sockets; no raw ones; includes accepting */
    MM_MAY_THREADS = 8,
    MM_MAY_PROCESSES = 16, /* fork, exec, wait, kill; includes threads */
    MM_MAY_MAKE_CODE = 32, /* executable memory, as compilers of patterns need */
    MM_MAY_ACCEPT = 64,    /* connections to sockets that listen already, no other sockets */
};

/* A file or a directory with all below it; it must exist. */
struct mm_sandbox_path {
    const char *path;
    bool write;
};

struct mm_sandbox {
    unsigned may; /* enum mm_sandbox_may together */
    /* With files: nothing but these. Without MM_MAY_*_FILES no path at all. */
    const struct mm_sandbox_path *paths;
    size_t paths_n;
    uint64_t memory_max;    /* bytes of address space; 0: as it is. Sanitizers: no limit */
    uint64_t files_max;     /* open descriptors; 0: as it is */
    uint64_t file_size_max; /* bytes of one file written; 0: as it is */
    bool kill;              /* a forbidden system call ends the process instead of failing */
};

enum mm_sandbox_layer { MM_LAYER_PATHS = 1, MM_LAYER_CALLS = 2 };

enum { MM_SANDBOX_PATHS_MAX = 16 }; /* a program of ours needs about 4 */

/* All steps below in their order. *ret_missing: layers (mm_sandbox_layer) this kernel lacks. */
MM_MUST_USE enum mm_code mm_sandbox_enter(const struct mm_sandbox *box, unsigned *ret_missing);

/* The steps. Each sets no_new_privs first where it needs it. */
MM_MUST_USE enum mm_code mm_sandbox_limits(const struct mm_sandbox *box); /* and no core files */
MM_MUST_USE enum mm_code mm_sandbox_no_capabilities(void);
/* MM_E_NOTFOUND: this kernel has no landlock, or it is switched off. */
MM_MUST_USE enum mm_code mm_sandbox_paths(const struct mm_sandbox *box);
/* MM_E_NOTFOUND: this kernel has no seccomp filters. */
MM_MUST_USE enum mm_code mm_sandbox_calls(const struct mm_sandbox *box);

#endif
