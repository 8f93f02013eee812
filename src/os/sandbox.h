/*
 * os/sandbox.h - a process gives away what it does not need.
 *
 * Purpose   Before the first foreign byte is read: no new privileges, no capabilities, resource
 *           limits, only these paths (landlock), only these system calls (seccomp).
 * Owns      Nothing; what was given away never comes back, also not in children.
 * Threads   Call before threads are made: paths and capabilities are the calling thread's and those
 *           it makes. Only mm_sandbox_calls binds threads that exist already.
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
    MM_MAY_READ_FILES = 1 << 0,  /* open for reading, stat, list */
    MM_MAY_WRITE_FILES = 1 << 1, /* open, create, rename, unlink, sync; includes reading */
    MM_MAY_TELL = 1 << 2,        /* datagrams on unix sockets: a supervisor, no connections */
    MM_MAY_UNIX = 1 << 3,        /* connections on unix sockets; includes telling */
    MM_MAY_ACCEPT = 1 << 4,      /* connections to sockets that listen already */
    MM_MAY_LISTEN = 1 << 5,      /* new internet sockets that listen; no raw ones, no connecting */
    MM_MAY_NET = 1 << 6,         /* unix and internet sockets of any direction; no raw ones */
    MM_MAY_THREADS = 1 << 7,
    MM_MAY_CHILDREN = 1 << 8, /* wait for and end processes that are there already */
    MM_MAY_FORK = 1 << 9, /* copies of itself, which may give away more; includes the two above */
    MM_MAY_RUN = 1 << 10, /* other programs, where paths let it; includes forking */
    MM_MAY_MAKE_CODE = 1 << 11, /* executable memory, as compilers of patterns need */
};

enum mm_sandbox_reach {
    MM_REACH_READ,  /* of a directory: also what lies below, and its names */
    MM_REACH_WRITE, /* also make, rename and remove below; no devices, sockets, pipes */
    MM_REACH_BIND,  /* write, and make sockets that have a path */
    MM_REACH_RUN,   /* read, and execute as a program */
};

/* A file or a directory with all below it; unless it may lack, it must exist. */
struct mm_sandbox_path {
    const char *path;
    enum mm_sandbox_reach reach;
    bool may_lack;
};

struct mm_sandbox {
    unsigned may; /* enum mm_sandbox_may together */
    /* With files: nothing but these. Without MM_MAY_*_FILES no path at all. */
    const struct mm_sandbox_path *paths;
    size_t paths_n;
    /* TCP ports to connect to with MM_MAY_NET; none named: any. Kernels before 6.7: any. */
    const uint16_t *ports;
    size_t ports_n;
    uint64_t memory_max;    /* bytes of address space; 0: as it is. Sanitizers: no limit */
    uint64_t files_max;     /* open descriptors; 0: as it is */
    uint64_t file_size_max; /* bytes of one file written; 0: as it is */
    bool kill;              /* a forbidden system call ends the process instead of failing */
    bool low_ports;         /* CAP_NET_BIND_SERVICE stays, where it is there */
};

enum mm_sandbox_layer { MM_LAYER_PATHS = 1, MM_LAYER_CALLS = 2 };

enum { MM_SANDBOX_PATHS_MAX = 40 }; /* a program of ours needs up to 24 */

/* All steps below in their order. *ret_missing: layers (mm_sandbox_layer) this kernel lacks. */
MM_MUST_USE enum mm_code mm_sandbox_enter(const struct mm_sandbox *box, unsigned *ret_missing);

/* The steps. Each sets no_new_privs first where it needs it. */
MM_MUST_USE enum mm_code mm_sandbox_limits(const struct mm_sandbox *box); /* and no core files */
MM_MUST_USE enum mm_code mm_sandbox_no_capabilities(const struct mm_sandbox *box);
/* MM_E_NOTFOUND: this kernel has no landlock, or it is switched off. MM_E_CONFIG: a path that must
 * be there is not. */
MM_MUST_USE enum mm_code mm_sandbox_paths(const struct mm_sandbox *box);
/* MM_E_NOTFOUND: this kernel has no seccomp filters. */
MM_MUST_USE enum mm_code mm_sandbox_calls(const struct mm_sandbox *box);

#endif
