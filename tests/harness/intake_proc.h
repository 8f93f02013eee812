/*
 * tests/harness/intake_proc.h - a real intake as a process of its own, and simple senders to it.
 *
 * Purpose   Kill tests, hostile senders and full disks need the program, not the library.
 * Owns      The child process; ports are free ones, the same for all its lives.
 * Threads   One intake, one thread; requests may come from several.
 * Trust     Test code only. Talks to loopback only.
 */
#ifndef MM_TESTS_HARNESS_INTAKE_PROC_H
#define MM_TESTS_HARNESS_INTAKE_PROC_H

#include <sys/types.h>

#include "base/base.h"
#include "base/limits.h"
#include "os/sock.h"

struct mm_intake_proc {
    pid_t pid;
    char state[MM_MAX_PATH]; /* its state directory; the spool is below */
    struct mm_endpoint tcp, udp, http;
};

/*
 * Start it (zeroed, or for its next life) in `state` (made when missing), with company 1, source 11
 * "web" bound to the token "s3cret" and company 2, source 21 to every loopback address. Returns
 * when it is ready.
 */
void mm_intake_proc_start(struct mm_intake_proc *p, const char *state);
void mm_intake_proc_kill(struct mm_intake_proc *p); /* -9 */
/* SIGTERM; its exit code. */
int mm_intake_proc_stop(struct mm_intake_proc *p);

/*
 * POST body to the source "web"; key and encoding may be NULL. The status, or 0 when no answer
 * came. ret (may be NULL, 4 KiB) is the answer as it came, NUL-terminated.
 */
int mm_intake_proc_post(const struct mm_intake_proc *p, const char *key, const char *encoding,
                        struct mm_slice body, char *ret);
/* A TCP connection to the syslog port, blocking, with a small send buffer; -1 when refused. */
int mm_intake_proc_connect(const struct mm_intake_proc *p);

/* Let time pass: processes that are killed at random moments must have had moments. */
void mm_pass_ms(int ms);
/* All of s; false when the connection broke. */
bool mm_send_all(int fd, struct mm_slice s);

#endif
