/* engine/ring.c - see ring.h for the contract. */
#include "engine/ring.h"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"

static_assert((int)MM_CHUNK_IN >= (int)MM_MAX_LINE, "an empty chunk takes any record");
static_assert(sizeof(((struct mm_chunk *)0)->in) == MM_CHUNK_IN + MM_PADDING, "padding behind");

enum mm_code mm_ring_new(int wake_sink, struct mm_ring **ret)
{
    struct mm_ring *r;
    int wake = eventfd(0, EFD_CLOEXEC);

    if (wake < 0)
        return MM_E_IO;
    r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
             -1, 0);
    if (r == MAP_FAILED) {
        (void)close(wake);
        return MM_E_NOMEM;
    }
    r->wake_shard = wake;
    r->wake_sink = wake_sink;
    *ret = r;
    return MM_OK;
}

void mm_ring_free(struct mm_ring **ring)
{
    if (*ring == NULL)
        return;
    (void)close((*ring)->wake_shard);
    (void)munmap(*ring, sizeof(**ring));
    *ring = NULL;
}

static void wake(int fd)
{
    uint64_t one = 1;

    /* The counter cannot overflow in practice, and a full one wakes just as well. */
    (void)!write(fd, &one, sizeof(one));
}

struct mm_chunk *mm_ring_begin(struct mm_ring *ring, uint16_t queue, uint64_t batch)
{
    struct mm_chunk *c = &ring->slot[ring->filled % MM_RING_SLOTS];

    if (ring->filled - ring->taken >= MM_RING_SLOTS)
        return NULL;
    MM_ASSERT(atomic_load(&c->state) == MM_CHUNK_FREE);
    if (c->records_n > 0)
        return c;
    c->queue = queue;
    c->batch = batch;
    c->number = ring->filled;
    c->sources_n = 0;
    c->in_n = 0;
    c->from_n = 0;
    c->done_n = 0;
    c->out_n = 0;
    c->alerts_n = 0;
    c->unread_n = 0;
    c->formats_n = 0;
    c->deaths = 0;
    atomic_store(&c->at, 0);
    return c;
}

/* Records of one sender come in runs: look at the newest sources first. */
static bool find_source(struct mm_chunk *c, const struct mm_chunk_source *s, uint32_t *ret_at)
{
    for (uint32_t i = c->sources_n; i > 0; i--) {
        if (c->source[i - 1].source == s->source && c->source[i - 1].company == s->company) {
            *ret_at = i - 1;
            return true;
        }
    }
    if (c->sources_n >= MM_CHUNK_SOURCES)
        return false;
    c->source[c->sources_n] = *s;
    c->count[c->sources_n] = (struct mm_chunk_count){0};
    *ret_at = c->sources_n++;
    return true;
}

bool mm_chunk_add(struct mm_chunk *c, const struct mm_chunk_source *source,
                  const struct mm_chunk_rec *rec, struct mm_slice body)
{
    struct mm_chunk_rec r = *rec;

    MM_ASSERT(atomic_load_explicit(&c->state, memory_order_relaxed) == MM_CHUNK_FREE);
    MM_ASSERT(body.n <= MM_CHUNK_IN);
    if (c->records_n >= MM_CHUNK_RECORDS || body.n > MM_CHUNK_IN - c->in_n)
        return false;
    if (!find_source(c, source, &r.source_at))
        return false;
    r.body_at = c->in_n;
    r.body_n = (uint32_t)body.n; /* <= MM_CHUNK_IN, asserted above */
    if (body.n > 0)
        memcpy(c->in + c->in_n, body.p, body.n);
    c->in_n += r.body_n;
    c->rec[c->records_n++] = r;
    return true;
}

bool mm_chunk_head(struct mm_chunk *c, const struct mm_chunk_source *source, struct mm_slice head)
{
    uint32_t before = c->sources_n, at;

    MM_ASSERT(head.n <= MM_CHUNK_IN);
    if (head.n > MM_CHUNK_IN - c->in_n || !find_source(c, source, &at))
        return false;
    if (c->sources_n == before)
        return true;
    c->source[at].head_at = c->in_n;
    c->source[at].head_n = (uint32_t)head.n; /* <= MM_CHUNK_IN, asserted above */
    if (head.n > 0)
        memcpy(c->in + c->in_n, head.p, head.n);
    c->in_n += (uint32_t)head.n;
    return true;
}

void mm_ring_submit(struct mm_ring *ring)
{
    struct mm_chunk *c = &ring->slot[ring->filled % MM_RING_SLOTS];

    MM_ASSERT(ring->filled - ring->taken < MM_RING_SLOTS && c->records_n > 0);
    memset(c->in + c->in_n, 0, MM_PADDING);
    atomic_store_explicit(&c->state, MM_CHUNK_FILLED, memory_order_release);
    ring->filled++;
    wake(ring->wake_shard);
}

struct mm_chunk *mm_ring_collect(struct mm_ring *ring)
{
    struct mm_chunk *c = &ring->slot[ring->taken % MM_RING_SLOTS];

    if (ring->taken == ring->filled ||
        atomic_load_explicit(&c->state, memory_order_acquire) != MM_CHUNK_DONE)
        return NULL;
    /* A shard that lies about lengths has been taken over: the sink stops rather than reads on. */
    MM_ASSERT(c->done_n <= c->records_n && c->records_n <= MM_CHUNK_RECORDS);
    MM_ASSERT(c->out_n <= MM_CHUNK_OUT && c->alerts_n <= MM_CHUNK_ALERTS);
    MM_ASSERT(c->unread_n <= MM_CHUNK_UNREAD && c->formats_n <= MM_CHUNK_FORMATS);
    return c;
}

void mm_ring_release(struct mm_ring *ring)
{
    struct mm_chunk *c = &ring->slot[ring->taken % MM_RING_SLOTS];

    MM_ASSERT(atomic_load(&c->state) == MM_CHUNK_DONE);
    c->records_n = 0;
    atomic_store_explicit(&c->state, MM_CHUNK_FREE, memory_order_relaxed);
    ring->taken++;
}

void mm_ring_again(struct mm_ring *ring)
{
    struct mm_chunk *c = &ring->slot[ring->taken % MM_RING_SLOTS];

    MM_ASSERT(atomic_load(&c->state) == MM_CHUNK_DONE && c->done_n < c->records_n);
    c->from_n = c->done_n;
    c->out_n = 0;
    c->alerts_n = 0;
    c->unread_n = 0;
    c->formats_n = 0;
    memset(c->count, 0, c->sources_n * sizeof(c->count[0]));
    atomic_store_explicit(&c->state, MM_CHUNK_FILLED, memory_order_release);
    wake(ring->wake_shard);
}

bool mm_ring_idle(const struct mm_ring *ring)
{
    return ring->taken == ring->filled;
}

/*
 * A chunk's state is the only truth about it: there is no second counter that a shard killed
 * between two writes could leave behind.
 */
struct mm_chunk *mm_ring_take(struct mm_ring *ring)
{
    struct mm_chunk *oldest = NULL;

    for (size_t i = 0; i < MM_RING_SLOTS; i++) {
        struct mm_chunk *c = &ring->slot[i];

        if (atomic_load_explicit(&c->state, memory_order_acquire) == MM_CHUNK_FILLED &&
            (oldest == NULL || c->number < oldest->number))
            oldest = c;
    }
    return oldest;
}

void mm_ring_finish(struct mm_ring *ring, struct mm_chunk *c)
{
    MM_ASSERT(atomic_load(&c->state) == MM_CHUNK_FILLED);
    atomic_store_explicit(&c->state, MM_CHUNK_DONE, memory_order_release);
    wake(ring->wake_sink);
}
