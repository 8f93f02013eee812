/*
 * serve/supervise.h - keeps a fixed set of programs running and ends them in order.
 *
 * Purpose   Start in order, wait for readiness where asked, restart with growing pauses, end a
 *           program whose watchdog fell silent, stop all within ten seconds; stand still while
 *           somebody has to work on the state alone.
 * Owns      The child processes and the notify socket.
 * Threads   One; signals are read, not handled.
 * Trust     Programs are ours. Their notify datagrams are matched by the kernel's sender pid.
 */
#ifndef MM_SERVE_SUPERVISE_H
#define MM_SERVE_SUPERVISE_H

#include "base/base.h"

/* In run_dir: who holds its lock has everything stand still. */
#define MM_SUP_PAUSE "pause"

enum {
    MM_SUP_PROGRAMS_MAX = 16,
    MM_SUP_ARGS_MAX = 32,
    MM_SUP_READY_S = 30,    /* eventd replays parts of its log after a crash */
    MM_SUP_WATCHDOG_S = 30, /* programs that send WATCHDOG=1 do so every 5 s */
    MM_SUP_SAY_AT = 3,      /* deaths before readiness after which it is said in plain words */
    MM_SUP_STOP_S = 8,      /* then SIGKILL; with the last round all is over within 10 s */
};

struct mm_sup_program {
    const char *name;
    const char *argv[MM_SUP_ARGS_MAX]; /* argv[0] is the path; NULL ends it */
    bool wait_ready;                   /* the next one starts when this one has said READY=1 */
    bool stop_last;                    /* is stopped when all others are gone */
    bool silent;                       /* never says READY=1: counts as ready once started */
};

struct mm_sup_options {
    const char *run_dir;
    uint32_t pause_max_s; /* longest pause before a program that keeps dying is started again */
    void (*on_ready)(void *arg);
    /* SIGHUP came: set ret[i] for each of the n programs that has to be started anew. May be NULL:
     * none has. */
    void (*on_hup)(void *arg, bool *ret, size_t n);
    void *arg;
};

/*
 * Run until SIGTERM or SIGINT. SIGHUP asks on_hup which programs to end and start anew, and is
 * passed on to the others (but not to one that stops last). options->run_dir exists; the
 * notify socket and `serve.json` (serve/vitals.h) are made in it. on_ready
 * (may be NULL) is called when every program runs and has said READY=1, after a pause again; a
 * supervisor of ours ($NOTIFY_SOCKET) is told the same, that we live, and that we stop. A program
 * that keeps dying holds back neither the others nor its own next try. Returns MM_OK after a clean
 * stop, MM_E_IO when it could not begin, MM_E_BUSY when another supervisor holds run_dir.
 *
 * While another process holds the lock of `run_dir`/pause (mm_file_lock), all programs are stopped
 * and serve.lock is free; when that lock is gone, however its holder ended, they are started again.
 */
MM_MUST_USE enum mm_code mm_supervise(const struct mm_sup_program *programs, size_t n,
                                      const struct mm_sup_options *options);

#endif
