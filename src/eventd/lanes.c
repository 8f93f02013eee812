/* eventd/lanes.c - see lanes.h for the contract. */
#include "eventd/lanes.h"

#include <errno.h>

void mm_lanes_init(struct mm_lanes *l, unsigned lanes)
{
    pthread_condattr_t attr;

    MM_ASSERT(lanes > MM_STORE_LANE_READ && lanes <= MM_STORE_LANES_MAX);
    *l = (struct mm_lanes){.n = lanes};
    MM_ASSERT(pthread_mutex_init(&l->lock, NULL) == 0);
    MM_ASSERT(pthread_condattr_init(&attr) == 0);
    MM_ASSERT(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    MM_ASSERT(pthread_cond_init(&l->changed, &attr) == 0);
    (void)pthread_condattr_destroy(&attr);
}

void mm_lanes_done(struct mm_lanes *l)
{
    (void)pthread_cond_destroy(&l->changed);
    (void)pthread_mutex_destroy(&l->lock);
}

static struct timespec deadline_in(int wait_ms)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += wait_ms / 1000;
    t.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_nsec -= 1000000000;
        t.tv_sec++;
    }
    return t;
}

/* Wait for a change; false when the deadline has passed. The lock is held. */
static bool wait_change(struct mm_lanes *l, const struct timespec *deadline)
{
    return pthread_cond_timedwait(&l->changed, &l->lock, deadline) != ETIMEDOUT;
}

enum mm_code mm_lanes_take(struct mm_lanes *l, unsigned lane, int wait_ms)
{
    struct timespec deadline = deadline_in(wait_ms);
    enum mm_code code = MM_OK;

    MM_ASSERT(lane < MM_STORE_LANE_READ);
    (void)pthread_mutex_lock(&l->lock);
    while (l->busy[lane] && code == MM_OK) {
        if (!wait_change(l, &deadline) && l->busy[lane])
            code = MM_E_BUSY;
    }
    if (code == MM_OK)
        l->busy[lane] = true;
    (void)pthread_mutex_unlock(&l->lock);
    return code;
}

static unsigned running_of(const struct mm_lanes *l, uint32_t company)
{
    unsigned n = 0;

    for (unsigned i = MM_STORE_LANE_READ; i < l->n; i++)
        n += l->busy[i] && l->company[i] == company;
    return n;
}

/* Whose turn is it? The index into waiting, or SIZE_MAX when nobody may go. */
static size_t next_waiter(const struct mm_lanes *l)
{
    unsigned lanes = l->n - MM_STORE_LANE_READ, best_running = 0;
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < l->waiting_n; i++) {
        unsigned running = running_of(l, l->waiting[i].company);

        /* One lane stays free for the others. */
        if (lanes > 1 && running >= lanes - 1)
            continue;
        if (best == SIZE_MAX || running < best_running ||
            (running == best_running && l->waiting[i].ticket < l->waiting[best].ticket)) {
            best = i;
            best_running = running;
        }
    }
    return best;
}

/* A read lane for the waiter with that ticket when it is its turn; 0 otherwise. */
static unsigned turn(struct mm_lanes *l, uint64_t ticket)
{
    size_t i = next_waiter(l);

    if (i == SIZE_MAX || l->waiting[i].ticket != ticket)
        return 0;
    for (unsigned lane = MM_STORE_LANE_READ; lane < l->n; lane++) {
        if (!l->busy[lane]) {
            l->busy[lane] = true;
            l->company[lane] = l->waiting[i].company;
            return lane;
        }
    }
    return 0;
}

static void forget(struct mm_lanes *l, uint64_t ticket)
{
    for (size_t i = 0; i < l->waiting_n; i++) {
        if (l->waiting[i].ticket == ticket) {
            l->waiting[i] = l->waiting[--l->waiting_n];
            return;
        }
    }
    MM_ASSERT(!"the waiter was in the queue");
}

enum mm_code mm_lanes_take_read(struct mm_lanes *l, uint32_t company, int wait_ms,
                                unsigned *ret_lane)
{
    struct timespec deadline = deadline_in(wait_ms);
    unsigned lane = 0;
    uint64_t ticket;

    MM_ASSERT(ret_lane != NULL);
    (void)pthread_mutex_lock(&l->lock);
    if (l->waiting_n >= MM_LANES_WAITING_MAX) {
        (void)pthread_mutex_unlock(&l->lock);
        return MM_E_BUSY;
    }
    ticket = l->tickets++;
    l->waiting[l->waiting_n++] = (struct mm_lanes_waiter){.company = company, .ticket = ticket};
    for (;;) {
        lane = turn(l, ticket);
        if (lane != 0)
            break;
        if (!wait_change(l, &deadline)) {
            lane = turn(l, ticket);
            break;
        }
    }
    forget(l, ticket);
    /* Who was behind this one may go now, when there is another lane. */
    (void)pthread_cond_broadcast(&l->changed);
    (void)pthread_mutex_unlock(&l->lock);
    if (lane == 0)
        return MM_E_BUSY;
    *ret_lane = lane;
    return MM_OK;
}

void mm_lanes_give(struct mm_lanes *l, unsigned lane)
{
    (void)pthread_mutex_lock(&l->lock);
    MM_ASSERT(lane < l->n && l->busy[lane]);
    l->busy[lane] = false;
    (void)pthread_cond_broadcast(&l->changed);
    (void)pthread_mutex_unlock(&l->lock);
}
