/* eventd/running.c - see running.h for the contract. */
#include "eventd/running.h"

#include <errno.h>

void mm_running_init(struct mm_running *r)
{
    pthread_condattr_t attr;

    memset(r, 0, sizeof(*r));
    MM_ASSERT(pthread_mutex_init(&r->lock, NULL) == 0);
    MM_ASSERT(pthread_condattr_init(&attr) == 0);
    MM_ASSERT(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    MM_ASSERT(pthread_cond_init(&r->changed, &attr) == 0);
    (void)pthread_condattr_destroy(&attr);
}

void mm_running_done(struct mm_running *r)
{
    (void)pthread_cond_destroy(&r->changed);
    (void)pthread_mutex_destroy(&r->lock);
}

static struct mm_slice id_slice(const struct mm_running_id *id)
{
    return mm_slice_of(id->text, id->n);
}

static void id_set(struct mm_running_id *id, struct mm_slice s)
{
    MM_ASSERT(s.n <= sizeof(id->text));
    id->n = s.n;
    if (s.n > 0)
        memcpy(id->text, s.p, s.n);
}

static bool id_matches(struct mm_slice id, struct mm_slice wanted, bool prefix)
{
    if (id.n == 0 || wanted.n == 0)
        return false;
    return prefix ? mm_slice_starts(id, wanted) : mm_slice_eq(id, wanted);
}

bool mm_running_begin(struct mm_running *r, size_t slot, uint64_t connection, struct mm_slice id)
{
    bool allowed = true;

    MM_ASSERT(slot < MM_RUNNING_MAX);
    (void)pthread_mutex_lock(&r->lock);
    MM_ASSERT(!r->slot[slot].used);
    for (size_t i = 0; i < MM_FENCES_MAX && allowed; i++) {
        const struct mm_fence *f = &r->fence[i];

        allowed = connection >= f->before || !id_matches(id, id_slice(&f->id), f->prefix);
    }
    if (allowed) {
        r->slot[slot].used = true;
        r->slot[slot].killed = false;
        id_set(&r->slot[slot].id, id);
    }
    (void)pthread_mutex_unlock(&r->lock);
    return allowed;
}

void mm_running_end(struct mm_running *r, size_t slot)
{
    (void)pthread_mutex_lock(&r->lock);
    MM_ASSERT(slot < MM_RUNNING_MAX && r->slot[slot].used);
    r->slot[slot].used = false;
    (void)pthread_cond_broadcast(&r->changed);
    (void)pthread_mutex_unlock(&r->lock);
}

bool mm_running_killed(struct mm_running *r, size_t slot)
{
    bool killed;

    (void)pthread_mutex_lock(&r->lock);
    killed = r->slot[slot].killed;
    (void)pthread_mutex_unlock(&r->lock);
    return killed;
}

/* Mark those that match; returns how many are running. The lock is held. */
static unsigned mark(struct mm_running *r, struct mm_slice id, bool prefix)
{
    unsigned n = 0;

    for (size_t i = 0; i < MM_RUNNING_MAX; i++) {
        struct mm_running_slot *s = &r->slot[i];

        if (s->used && id_matches(id_slice(&s->id), id, prefix)) {
            s->killed = true;
            n++;
        }
    }
    return n;
}

enum mm_code mm_running_kill(struct mm_running *r, uint64_t connection, struct mm_slice id,
                             bool prefix, int wait_ms, unsigned *ret_killed)
{
    struct timespec deadline;
    struct mm_fence *f;
    enum mm_code code = MM_OK;

    MM_ASSERT(ret_killed != NULL && id.n <= MM_REQUEST_ID_MAX);
    (void)clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += wait_ms / 1000;
    (void)pthread_mutex_lock(&r->lock);
    f = &r->fence[r->fence_next];
    r->fence_next = (r->fence_next + 1) % MM_FENCES_MAX;
    *f = (struct mm_fence){.prefix = prefix, .before = connection};
    id_set(&f->id, id);
    *ret_killed = mark(r, id, prefix);
    while (code == MM_OK && mark(r, id, prefix) > 0) {
        if (pthread_cond_timedwait(&r->changed, &r->lock, &deadline) == ETIMEDOUT &&
            mark(r, id, prefix) > 0)
            code = MM_E_BUSY;
    }
    (void)pthread_mutex_unlock(&r->lock);
    return code;
}
