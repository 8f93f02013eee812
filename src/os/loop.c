/* os/loop.c - see loop.h for the contract. */
#include "os/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/time.h"
#include "os/file.h"

struct mm_loop {
    int epoll;
    bool stop;
    struct mm_timer *timer[MM_LOOP_TIMERS];
    size_t timers;
    /* The batch being handed out, so that _remove can take entries out of it. */
    struct epoll_event event[MM_LOOP_EVENTS];
    size_t event_n;

    struct mm_watch signal_watch;
    void (*got_signal)(void *ctx, int signo);
    void *signal_ctx;

    struct mm_watch wake_watch;
    void (*woken)(void *ctx);
    void *wake_ctx;
};

enum mm_code mm_loop_new(struct mm_loop **ret)
{
    struct mm_loop *loop = calloc(1, sizeof(*loop));

    if (loop == NULL)
        return MM_E_NOMEM;
    loop->signal_watch.fd = loop->wake_watch.fd = -1;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) {
        enum mm_code c = mm_code_of_errno(errno);
        free(loop);
        return c;
    }
    *ret = loop;
    return MM_OK;
}

void mm_loop_free(struct mm_loop **loop)
{
    if (*loop == NULL)
        return;
    if ((*loop)->signal_watch.fd >= 0)
        (void)close((*loop)->signal_watch.fd);
    if ((*loop)->wake_watch.fd >= 0)
        (void)close((*loop)->wake_watch.fd);
    (void)close((*loop)->epoll);
    free(*loop);
    *loop = NULL;
}

enum mm_code mm_loop_add(struct mm_loop *loop, struct mm_watch *w, int fd, uint32_t events)
{
    struct epoll_event ev = {.events = events, .data.ptr = w};

    MM_ASSERT(!w->in_loop && w->ready != NULL && fd >= 0);
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &ev) != 0)
        return mm_code_of_errno(errno);
    w->fd = fd;
    w->events = events;
    w->in_loop = true;
    return MM_OK;
}

void mm_loop_change(struct mm_loop *loop, struct mm_watch *w, uint32_t events)
{
    struct epoll_event ev = {.events = events, .data.ptr = w};

    MM_ASSERT(w->in_loop);
    if (w->events == events)
        return;
    /* Only a descriptor that isn't there can fail here, and this one is. */
    MM_ASSERT(epoll_ctl(loop->epoll, EPOLL_CTL_MOD, w->fd, &ev) == 0);
    w->events = events;
}

void mm_loop_remove(struct mm_loop *loop, struct mm_watch *w)
{
    if (!w->in_loop)
        return;
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, w->fd, NULL);
    w->in_loop = false;
    for (size_t i = 0; i < loop->event_n; i++) {
        if (loop->event[i].data.ptr == w)
            loop->event[i].data.ptr = NULL;
    }
}

enum mm_code mm_loop_timer(struct mm_loop *loop, struct mm_timer *t, int64_t delay_us)
{
    MM_ASSERT(t->fire != NULL && delay_us >= 0);
    if (!t->in_loop) {
        if (loop->timers == MM_LOOP_TIMERS)
            return MM_E_LIMIT;
        loop->timer[loop->timers++] = t;
        t->in_loop = true;
    }
    t->at_us = mm_mono_us() + delay_us;
    return MM_OK;
}

void mm_loop_cancel(struct mm_loop *loop, struct mm_timer *t)
{
    if (!t->in_loop)
        return;
    for (size_t i = 0; i < loop->timers; i++) {
        if (loop->timer[i] == t) {
            loop->timer[i] = loop->timer[--loop->timers];
            break;
        }
    }
    t->in_loop = false;
}

static void signal_ready(void *ctx, struct mm_watch *w, uint32_t events)
{
    struct mm_loop *loop = ctx;
    struct signalfd_siginfo info;

    while (read(w->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        loop->got_signal(loop->signal_ctx, (int)info.ssi_signo);
}

enum mm_code mm_loop_signals(struct mm_loop *loop, const sigset_t *set,
                             void (*got)(void *ctx, int signo), void *ctx)
{
    int fd;

    MM_ASSERT(loop->signal_watch.fd < 0 && got != NULL);
    if (sigprocmask(SIG_BLOCK, set, NULL) != 0)
        return mm_code_of_errno(errno);
    fd = signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return mm_code_of_errno(errno);
    loop->got_signal = got;
    loop->signal_ctx = ctx;
    loop->signal_watch = (struct mm_watch){.ready = signal_ready, .ctx = loop, .fd = fd};
    return mm_loop_add(loop, &loop->signal_watch, fd, EPOLLIN);
}

static void wake_ready(void *ctx, struct mm_watch *w, uint32_t events)
{
    struct mm_loop *loop = ctx;
    uint64_t count;

    if (read(w->fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
        loop->woken(loop->wake_ctx);
}

enum mm_code mm_loop_on_wake(struct mm_loop *loop, void (*woken)(void *ctx), void *ctx)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

    MM_ASSERT(loop->wake_watch.fd < 0 && woken != NULL);
    if (fd < 0)
        return mm_code_of_errno(errno);
    loop->woken = woken;
    loop->wake_ctx = ctx;
    loop->wake_watch = (struct mm_watch){.ready = wake_ready, .ctx = loop, .fd = fd};
    return mm_loop_add(loop, &loop->wake_watch, fd, EPOLLIN);
}

void mm_loop_wake(struct mm_loop *loop)
{
    const uint64_t one = 1;

    MM_ASSERT(loop->wake_watch.fd >= 0);
    /* Fails only when 2^64 - 2 wakes wait already. */
    (void)!write(loop->wake_watch.fd, &one, sizeof(one));
}

/* Milliseconds until the first timer, at most limit_ms (-1: no limit); rounded up. */
static int wait_ms(const struct mm_loop *loop, int limit_ms)
{
    int64_t now = loop->timers > 0 ? mm_mono_us() : 0, best = limit_ms;

    for (size_t i = 0; i < loop->timers; i++) {
        int64_t left = loop->timer[i]->at_us - now;
        int64_t ms = left <= 0 ? 0 : (left + 999) / 1000;

        if (best < 0 || ms < best)
            best = ms;
    }
    return best > INT32_MAX ? INT32_MAX : (int)best;
}

static void fire_timers(struct mm_loop *loop)
{
    struct mm_timer *due[MM_LOOP_TIMERS];
    size_t n = 0;
    int64_t now;

    if (loop->timers == 0)
        return;
    now = mm_mono_us();
    for (size_t i = 0; i < loop->timers; i++) {
        size_t at = n;

        if (loop->timer[i]->at_us > now)
            continue;
        /* In the order of their moments, also when a late wake-up finds several due. */
        for (n++; at > 0 && due[at - 1]->at_us > loop->timer[i]->at_us; at--)
            due[at] = due[at - 1];
        due[at] = loop->timer[i];
    }
    for (size_t i = 0; i < n; i++) {
        /* One that fired before may have cancelled it (and given its memory back), or set it
         * anew: then the loop's own list doesn't hold it as due any more. */
        bool still = false;

        for (size_t k = 0; k < loop->timers && !still; k++)
            still = loop->timer[k] == due[i] && due[i]->at_us <= now;
        if (!still)
            continue;
        mm_loop_cancel(loop, due[i]);
        due[i]->fire(due[i]->ctx, due[i]);
    }
}

enum mm_code mm_loop_once(struct mm_loop *loop, int timeout_ms)
{
    int n = epoll_wait(loop->epoll, loop->event, MM_LOOP_EVENTS, wait_ms(loop, timeout_ms));

    if (n < 0 && errno != EINTR)
        return mm_code_of_errno(errno);
    loop->event_n = n < 0 ? 0 : (size_t)n;
    for (size_t i = 0; i < loop->event_n; i++) {
        struct mm_watch *w = loop->event[i].data.ptr;

        if (w != NULL)
            w->ready(w->ctx, w, loop->event[i].events);
    }
    loop->event_n = 0;
    fire_timers(loop);
    return MM_OK;
}

enum mm_code mm_loop_run(struct mm_loop *loop)
{
    enum mm_code c = MM_OK;

    loop->stop = false;
    while (c == MM_OK && !loop->stop)
        c = mm_loop_once(loop, -1);
    return c;
}

void mm_loop_stop(struct mm_loop *loop)
{
    loop->stop = true;
}
