/*
 * os/loop.h - one thread waits for descriptors, moments and signals.
 *
 * Purpose   epoll with timers on the monotonic clock: a wall clock that jumps moves nothing.
 * Owns      The loop owns its epoll descriptor and, when asked for, a signalfd. Watches and
 *           timers belong to the caller and must not move in memory while they are in a loop.
 * Threads   One loop, one thread; mm_loop_wake from any.
 * Trust     Callbacks may remove any watch or timer, also their own.
 */
#ifndef MM_OS_LOOP_H
#define MM_OS_LOOP_H

#include <signal.h>
#include <sys/epoll.h>

#include "base/base.h"

enum {
    MM_LOOP_TIMERS = 64,  /* timers are few and coarse; connections are swept by one */
    MM_LOOP_EVENTS = 256, /* taken from the kernel at once */
};

struct mm_loop;

struct mm_watch {
    /* events: EPOLLIN and so on, as the kernel says. */
    void (*ready)(void *ctx, struct mm_watch *w, uint32_t events);
    void *ctx;
    int fd;
    uint32_t events; /* what is waited for; 0: nothing */
    bool in_loop;
};

struct mm_timer {
    void (*fire)(void *ctx, struct mm_timer *t);
    void *ctx;
    int64_t at_us; /* monotonic; meaningful while in_loop */
    bool in_loop;
};

MM_MUST_USE enum mm_code mm_loop_new(struct mm_loop **ret);
void mm_loop_free(struct mm_loop **loop);

/* Wait for `events` on fd. `ready` and `ctx` are set by the caller before. */
MM_MUST_USE enum mm_code mm_loop_add(struct mm_loop *loop, struct mm_watch *w, int fd,
                                     uint32_t events);
/* Wait for other events from now on. */
void mm_loop_change(struct mm_loop *loop, struct mm_watch *w, uint32_t events);
/* Before the descriptor is closed. Fine when it is not in the loop. No callback comes after it. */
void mm_loop_remove(struct mm_loop *loop, struct mm_watch *w);

/* Fire once in delay_us (0: in the next round). Set again, it moves. MM_E_LIMIT: too many. */
MM_MUST_USE enum mm_code mm_loop_timer(struct mm_loop *loop, struct mm_timer *t, int64_t delay_us);
void mm_loop_cancel(struct mm_loop *loop, struct mm_timer *t);

/* Block these signals in this thread and call `got` in the loop instead. Once per loop. */
MM_MUST_USE enum mm_code mm_loop_signals(struct mm_loop *loop, const sigset_t *set,
                                         void (*got)(void *ctx, int signo), void *ctx);

/* Call `woken` in the loop's thread soon after mm_loop_wake; wakes may fall together. */
MM_MUST_USE enum mm_code mm_loop_on_wake(struct mm_loop *loop, void (*woken)(void *ctx), void *ctx);
void mm_loop_wake(struct mm_loop *loop);

/* Until mm_loop_stop. MM_E_IO when epoll fails. */
MM_MUST_USE enum mm_code mm_loop_run(struct mm_loop *loop);
/* One round: wait at most timeout_ms (-1: until something happens), call what is due. */
MM_MUST_USE enum mm_code mm_loop_once(struct mm_loop *loop, int timeout_ms);
void mm_loop_stop(struct mm_loop *loop);

#endif
