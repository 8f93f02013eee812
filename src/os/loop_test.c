/* os/loop_test.c - descriptors, timers, signals and wakes reach their callbacks, removed ones
 * never. */
#include "os/loop.h"

#include <pthread.h>
#include <unistd.h>

#include "base/time.h"
#include "tests/harness/test.h"

struct seen {
    struct mm_loop *loop;
    struct mm_watch *other;
    struct mm_timer *timer;
    int count;
    int order[8];
    int signo;
};

static struct mm_loop *loop_of_test(void)
{
    struct mm_loop *loop = NULL;

    CHECK(mm_loop_new(&loop) == MM_OK);
    return loop;
}

static void reads(void *ctx, struct mm_watch *w, uint32_t events)
{
    struct seen *s = ctx;
    char c;

    CHECK(events & EPOLLIN);
    CHECK(read(w->fd, &c, 1) == 1);
    s->count++;
}

static void removes_other(void *ctx, struct mm_watch *w, uint32_t events)
{
    struct seen *s = ctx;

    s->count++;
    mm_loop_remove(s->loop, s->other);
    mm_loop_remove(s->loop, w);
}

TEST(loop_calls_who_is_ready)
{
    struct mm_loop *loop = loop_of_test();
    struct seen s = {0};
    struct mm_watch w = {.ready = reads, .ctx = &s};
    int fd[2];

    CHECK(pipe(fd) == 0);
    CHECK(mm_loop_add(loop, &w, fd[0], EPOLLIN) == MM_OK);
    CHECK(mm_loop_once(loop, 0) == MM_OK);
    CHECK_NUM(s.count, 0);
    CHECK(write(fd[1], "ab", 2) == 2);
    CHECK(mm_loop_once(loop, 0) == MM_OK);
    CHECK_NUM(s.count, 1);
    mm_loop_change(loop, &w, 0);
    CHECK(mm_loop_once(loop, 0) == MM_OK);
    CHECK_NUM(s.count, 1);
    mm_loop_change(loop, &w, EPOLLIN);
    CHECK(mm_loop_once(loop, 0) == MM_OK);
    CHECK_NUM(s.count, 2);
    mm_loop_remove(loop, &w);
    mm_loop_free(&loop);
    CHECK(loop == NULL);
}

TEST(loop_never_calls_a_watch_that_another_callback_removed)
{
    struct mm_loop *loop = loop_of_test();
    struct seen s = {.loop = loop};
    struct mm_watch a = {.ready = removes_other, .ctx = &s}, b = a;
    struct seen s2 = {.loop = loop, .other = &a};
    int one[2], two[2];

    s.other = &b;
    b.ctx = &s2;
    CHECK(pipe(one) == 0 && pipe(two) == 0);
    CHECK(mm_loop_add(loop, &a, one[0], EPOLLIN) == MM_OK);
    CHECK(mm_loop_add(loop, &b, two[0], EPOLLIN) == MM_OK);
    CHECK(write(one[1], "x", 1) == 1 && write(two[1], "x", 1) == 1);
    CHECK(mm_loop_once(loop, 0) == MM_OK);
    CHECK_NUM(s.count + s2.count, 1);
    mm_loop_free(&loop);
}

static void fires(void *ctx, struct mm_timer *t)
{
    struct seen *s = ctx;

    s->order[s->count++] = (int)(t - s->timer);
    if (s->count == 3)
        mm_loop_stop(s->loop);
}

TEST(loop_fires_timers_in_time_and_once)
{
    struct mm_loop *loop = loop_of_test();
    struct mm_timer t[3];
    struct seen s = {.loop = loop, .timer = t};
    int64_t from = mm_mono_us(), at[3];

    for (int i = 0; i < 3; i++) {
        t[i] = (struct mm_timer){.fire = fires, .ctx = &s};
        CHECK(mm_loop_timer(loop, &t[i], (3 - i) * 5000) == MM_OK);
        at[i] = t[i].at_us;
    }
    CHECK(mm_loop_run(loop) == MM_OK);
    CHECK(mm_mono_us() - from >= 15000);
    /* On a busy machine setting three timers can take longer than lies between them. */
    CHECK(at[s.order[0]] <= at[s.order[1]] && at[s.order[1]] <= at[s.order[2]]);
    CHECK(!t[0].in_loop);
    CHECK(mm_loop_once(loop, 0) == MM_OK);
    CHECK_NUM(s.count, 3);
    mm_loop_free(&loop);
}

static void cancels_both(void *ctx, struct mm_timer *t)
{
    struct seen *s = ctx;

    s->count++;
    mm_loop_cancel(s->loop, &s->timer[0]);
    mm_loop_cancel(s->loop, &s->timer[1]);
}

TEST(loop_never_fires_a_cancelled_timer_and_limits_their_number)
{
    struct mm_loop *loop = loop_of_test();
    static struct mm_timer t[MM_LOOP_TIMERS + 1];
    struct seen s = {.loop = loop, .timer = t};

    for (int i = 0; i < 2; i++) {
        t[i] = (struct mm_timer){.fire = cancels_both, .ctx = &s};
        CHECK(mm_loop_timer(loop, &t[i], 0) == MM_OK);
    }
    CHECK(mm_loop_once(loop, 10) == MM_OK);
    CHECK_NUM(s.count, 1);
    for (int i = 0; i < MM_LOOP_TIMERS; i++) {
        t[i] = (struct mm_timer){.fire = fires, .ctx = &s};
        CHECK(mm_loop_timer(loop, &t[i], MM_US_PER_DAY) == MM_OK);
    }
    t[MM_LOOP_TIMERS] = t[0];
    t[MM_LOOP_TIMERS].in_loop = false;
    CHECK(mm_loop_timer(loop, &t[MM_LOOP_TIMERS], 0) == MM_E_LIMIT);
    CHECK(mm_loop_timer(loop, &t[0], 0) == MM_OK); /* moving one needs no room */
    mm_loop_free(&loop);
}

static void got_signal(void *ctx, int signo)
{
    struct seen *s = ctx;

    s->signo = signo;
    mm_loop_stop(s->loop);
}

TEST(loop_turns_signals_into_calls)
{
    struct mm_loop *loop = loop_of_test();
    struct seen s = {.loop = loop};
    sigset_t set;

    CHECK(sigemptyset(&set) == 0 && sigaddset(&set, SIGTERM) == 0);
    CHECK(mm_loop_signals(loop, &set, got_signal, &s) == MM_OK);
    CHECK(kill(getpid(), SIGTERM) == 0);
    CHECK(mm_loop_run(loop) == MM_OK);
    CHECK_NUM(s.signo, SIGTERM);
    mm_loop_free(&loop);
}

static void woken(void *ctx)
{
    struct seen *s = ctx;

    s->count++;
    mm_loop_stop(s->loop);
}

static void *wake_it(void *loop)
{
    mm_loop_wake(loop);
    return NULL;
}

TEST(loop_is_woken_by_another_thread)
{
    struct mm_loop *loop = loop_of_test();
    struct seen s = {.loop = loop};
    pthread_t t;

    CHECK(mm_loop_on_wake(loop, woken, &s) == MM_OK);
    CHECK(pthread_create(&t, NULL, wake_it, loop) == 0);
    CHECK(mm_loop_run(loop) == MM_OK);
    CHECK(pthread_join(t, NULL) == 0);
    CHECK_NUM(s.count, 1);
    mm_loop_free(&loop);
}
