/* intake/core.c - see core.h for the contract. */
#include "intake/core.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/time.h"
#include "intake/hoard.h"
#include "intake/lag.h"

enum {
    SHARE_MIN = 256 * 1024, /* of a group: a company may always send this much */
    ITEM_MAX = 128,         /* bytes of an item around its body, at most */
    QUOTA_LOOK_US = 100000, /* who waits for its allowance looks this often */
};

/* What the lines of one source and of its company put into the two groups in flight. */
struct tally {
    uint32_t fill, flush; /* lines */
    uint32_t company_at;  /* index into share */
};

struct share {
    uint32_t company;
    uint64_t group; /* that bytes stands for */
    uint64_t bytes;
    uint32_t waiting; /* calls that wait for their turn */
};

static_assert((int)MM_LAG_COMPANIES > (int)MM_INTAKE_SOURCES &&
                  (int)MM_HOARD_COMPANIES > (int)MM_INTAKE_SOURCES &&
                  (int)MM_QUOTA_PLACES > (int)MM_SLOT_NONE,
              "each company and each source has its place");

struct mm_intake {
    pthread_mutex_t lock;
    pthread_cond_t work;    /* for the committer */
    pthread_cond_t settled; /* after each try to commit */
    pthread_t thread;
    bool stop;
    bool idle;       /* the committer has nothing to do */
    unsigned urgent; /* threads that wait for an answer */

    struct mm_spool *spool;
    struct mm_keys *keys;
    struct mm_places *places;
    struct mm_intake_page *page;
    size_t pending_max;
    uint64_t spool_max;     /* bytes that wait; 0: what the disk has */
    uint64_t durable;       /* numbers below this */
    uint64_t group;         /* being filled; counts from 1 */
    uint64_t durable_group; /* groups below this are durable */
    uint64_t tries;         /* of the committer, so that waiters see that one has ended */
    enum mm_code condition;

    struct tally tally[MM_INTAKE_SOURCES + 1];
    uint16_t dirty[MM_INTAKE_SOURCES + 1]; /* slots with lines in fill */
    size_t dirty_n;
    uint16_t flushed[MM_INTAKE_SOURCES + 1];
    size_t flushed_n;
    struct share share[MM_INTAKE_SOURCES + 1];
    size_t shares;
    size_t active, active_before; /* companies in this group and in the one before */
    struct mm_lag *lag;           /* by index into share */
    struct mm_hoard *hoard;       /* likewise */
    struct mm_quota *quota;       /* by slot, and by index into share */
    struct mm_quota_rates rates;
    struct mm_hits *hits;

    void (*committed)(void *ctx);
    void *ctx;
};

void mm_intake_lock(struct mm_intake *in)
{
    MM_ASSERT(pthread_mutex_lock(&in->lock) == 0);
}

void mm_intake_unlock(struct mm_intake *in)
{
    MM_ASSERT(pthread_mutex_unlock(&in->lock) == 0);
}

struct mm_intake_page *mm_intake_page(struct mm_intake *in)
{
    return in->page;
}

struct mm_keys *mm_intake_keys_locked(struct mm_intake *in)
{
    return in->keys;
}

struct mm_places *mm_intake_places_locked(struct mm_intake *in)
{
    return in->places;
}

uint64_t mm_intake_next_locked(const struct mm_intake *in)
{
    return mm_spool_next(in->spool);
}

uint64_t mm_intake_group_locked(const struct mm_intake *in)
{
    return in->group;
}

uint64_t mm_intake_durable_group_locked(const struct mm_intake *in)
{
    return in->durable_group;
}

enum mm_code mm_intake_condition(const struct mm_intake *in)
{
    switch (atomic_load_explicit(&in->page->state, memory_order_relaxed)) {
    case MM_INTAKE_FULL:
        return MM_E_FULL;
    case MM_INTAKE_FAILING:
        return MM_E_IO;
    default:
        return MM_OK;
    }
}

/* ---- sources ---- */

static uint32_t share_of(struct mm_intake *in, uint32_t company)
{
    for (size_t i = 0; i < in->shares; i++) {
        if (in->share[i].company == company)
            return (uint32_t)i;
    }
    MM_ASSERT(in->shares < MM_COUNT(in->share));
    in->share[in->shares] = (struct share){.company = company};
    return (uint32_t)in->shares++;
}

size_t mm_intake_slot_locked(struct mm_intake *in, uint32_t company, uint32_t source)
{
    size_t n = atomic_load_explicit(&in->page->sources, memory_order_relaxed);
    struct mm_intake_source *s;

    for (size_t i = 0; i < n; i++) {
        s = &in->page->source[i];
        if (s->company == company && s->source == source)
            return i;
    }
    if (n == MM_INTAKE_SOURCES)
        return MM_SLOT_NONE;
    s = &in->page->source[n];
    s->company = company;
    s->source = source;
    atomic_store_explicit(&s->used, 1, memory_order_release);
    atomic_store_explicit(&in->page->sources, (uint32_t)n + 1, memory_order_release);
    in->tally[n].company_at = share_of(in, company);
    return n;
}

size_t mm_intake_room_locked(const struct mm_intake *in)
{
    size_t pending = mm_spool_filling(in->spool);

    return pending >= in->pending_max ? 0 : in->pending_max - pending;
}

bool mm_intake_over_spool_locked(const struct mm_intake *in, size_t slot)
{
    MM_ASSERT(slot <= MM_SLOT_NONE);
    return mm_hoard_over(in->hoard, in->tally[slot].company_at);
}

void mm_intake_disk(struct mm_intake *in, uint64_t free_bytes)
{
    uint64_t room = free_bytes;

    mm_intake_lock(in);
    if (in->spool_max != 0) {
        uint64_t all = mm_hoard_all(in->hoard), left = in->spool_max - all;

        room = all >= in->spool_max ? 0 : left < room ? left : room;
    }
    mm_hoard_room(in->hoard, room);
    mm_intake_unlock(in);
}

bool mm_intake_over_share_locked(const struct mm_intake *in, size_t slot)
{
    const struct share *s;
    size_t companies = in->active > in->active_before ? in->active : in->active_before;
    size_t part = in->pending_max / 2 / (companies == 0 ? 1 : companies);

    MM_ASSERT(slot <= MM_SLOT_NONE);
    if (mm_intake_over_spool_locked(in, slot) ||
        mm_lag_over(in->lag, in->tally[slot].company_at, mm_mono_us()) ||
        mm_quota_over(in->quota, slot, in->tally[slot].company_at, mm_mono_us()))
        return true;
    s = &in->share[in->tally[slot].company_at];
    if (s->group != in->group || mm_spool_filling(in->spool) < in->pending_max / 4)
        return false;
    return s->bytes > (part < SHARE_MIN ? SHARE_MIN : part);
}

bool mm_intake_over_quota_locked(const struct mm_intake *in, size_t slot, const struct mm_ip *peer)
{
    int64_t now = mm_mono_us();

    MM_ASSERT(slot <= MM_SLOT_NONE);
    if (slot == MM_SLOT_QUARANTINE)
        return mm_quota_stranger_over(in->quota, peer, now);
    return mm_quota_over(in->quota, slot, in->tally[slot].company_at, now);
}

void mm_intake_note_over_locked(struct mm_intake *in, size_t slot, const struct mm_ip *peer)
{
    bool spool = mm_intake_over_spool_locked(in, slot);
    struct mm_intake_source *s = &in->page->source[slot];

    mm_intake_hit(in, spool ? MM_HIT_SPOOL_SHARE : MM_HIT_ALLOWANCE, peer);
    if (slot == MM_SLOT_NONE)
        return;
    mm_count(spool ? &s->held_back : &s->over, 1);
    if (spool)
        atomic_store_explicit(&s->held_back_us, mm_now_us(), memory_order_relaxed);
}

void mm_intake_hit(struct mm_intake *in, enum mm_hit hit, const struct mm_ip *peer)
{
    mm_hit_add(in->hits, hit, peer);
}

/* Counts against the allowance of its source and company, or of a stranger. */
static void use_quota(struct mm_intake *in, size_t slot, const struct mm_spool_record *rec)
{
    if (slot == MM_SLOT_QUARANTINE && (in->rates.stranger != 0 || in->rates.strangers != 0))
        mm_quota_stranger_add(in->quota, &rec->peer, rec->body.n, mm_mono_us());
    else if (in->rates.source != 0 || in->rates.company != 0) /* else the clock costs more */
        mm_quota_add(in->quota, slot, in->tally[slot].company_at, rec->body.n, mm_mono_us());
}

enum mm_code mm_intake_add_locked(struct mm_intake *in, size_t slot,
                                  const struct mm_spool_record *rec, uint64_t *ret_seq)
{
    uint64_t seq = mm_spool_next(in->spool);
    enum mm_code c = mm_spool_append(in->spool, rec, ret_seq);
    struct tally *t = &in->tally[slot];
    struct share *s = &in->share[t->company_at];
    struct mm_intake_source *counters;

    MM_ASSERT(slot <= MM_SLOT_NONE);
    if (c != MM_OK)
        return c;
    if (t->fill++ == 0)
        in->dirty[in->dirty_n++] = (uint16_t)slot;
    if (s->group != in->group) {
        s->group = in->group;
        s->bytes = 0;
        in->active++;
    }
    s->bytes += rec->body.n + ITEM_MAX / 2;
    mm_hoard_add(in->hoard, t->company_at, seq, rec->body.n + ITEM_MAX / 2);
    use_quota(in, slot, rec);
    if (slot == MM_SLOT_NONE)
        return MM_OK;
    counters = &in->page->source[slot];
    mm_count(&counters->received, 1);
    mm_count(&counters->bytes, rec->body.n);
    if (counters->first_us == 0)
        atomic_store_explicit(&counters->first_us, rec->received_us, memory_order_relaxed);
    atomic_store_explicit(&counters->last_us, rec->received_us, memory_order_relaxed);
    return MM_OK;
}

/* ---- committing ---- */

static struct timespec deadline(int64_t from_now_us)
{
    int64_t at = mm_mono_us() + from_now_us;

    return (struct timespec){.tv_sec = at / MM_US_PER_S, .tv_nsec = at % MM_US_PER_S * 1000};
}

/* Wait on a condition for a while; false when the time is over. */
static bool wait_on(pthread_cond_t *cond, struct mm_intake *in, const struct timespec *until)
{
    int rc = pthread_cond_timedwait(cond, &in->lock, until);

    MM_ASSERT(rc == 0 || rc == ETIMEDOUT);
    return rc == 0;
}

static void begin_counts(struct mm_intake *in)
{
    for (size_t i = 0; i < in->dirty_n; i++) {
        struct tally *t = &in->tally[in->dirty[i]];

        if (t->flush == 0)
            in->flushed[in->flushed_n++] = in->dirty[i];
        t->flush += t->fill;
        t->fill = 0;
    }
    in->dirty_n = 0;
    in->active_before = in->active;
    in->active = 0;
    in->group++;
}

static void end_counts(struct mm_intake *in)
{
    for (size_t i = 0; i < in->flushed_n; i++) {
        size_t slot = in->flushed[i];

        if (slot != MM_SLOT_NONE)
            mm_count(&in->page->source[slot].spooled, in->tally[slot].flush);
        mm_lag_add(in->lag, in->tally[slot].company_at, in->tally[slot].flush);
        in->tally[slot].flush = 0;
    }
    in->flushed_n = 0;
    in->durable_group = in->group;
}

static void set_condition(struct mm_intake *in, enum mm_code c)
{
    uint32_t state = c == MM_OK       ? MM_INTAKE_OK
                     : c == MM_E_FULL ? MM_INTAKE_FULL
                                      : MM_INTAKE_FAILING;

    in->condition = c;
    if (atomic_load_explicit(&in->page->state, memory_order_relaxed) == state)
        return;
    atomic_store_explicit(&in->page->state_us, mm_now_us(), memory_order_relaxed);
    atomic_store_explicit(&in->page->state, state, memory_order_relaxed);
}

/* One try; the lock is given up while the disk works. */
static void commit_once(struct mm_intake *in)
{
    bool retry = mm_spool_pending(in->spool) > mm_spool_filling(in->spool);
    int64_t took = mm_mono_us();
    enum mm_code c;

    if (!mm_spool_commit_begin(in->spool))
        return;
    if (!retry)
        begin_counts(in);
    mm_intake_unlock(in);
    c = mm_spool_commit_run(in->spool);
    mm_intake_lock(in);
    mm_spool_commit_end(in->spool, c);
    took = mm_mono_us() - took;
    in->tries++;
    if (c == MM_OK) {
        end_counts(in);
        in->durable = mm_spool_durable(in->spool);
        mm_lag_durable(in->lag, in->durable, mm_mono_us());
        atomic_store_explicit(&in->page->next, in->durable, memory_order_relaxed);
        mm_count(&in->page->commits, 1);
        if ((uint64_t)took > in->page->commit_max_us)
            atomic_store_explicit(&in->page->commit_max_us, (uint64_t)took, memory_order_relaxed);
    }
    atomic_store_explicit(&in->page->pending, mm_spool_pending(in->spool), memory_order_relaxed);
    set_condition(in, c);
    MM_ASSERT(pthread_cond_broadcast(&in->settled) == 0);
    if (in->committed != NULL)
        in->committed(in->ctx);
}

/* Let lines gather for a moment, unless somebody waits or many are there. */
static void pace(struct mm_intake *in, int64_t last_us)
{
    int64_t left = last_us + MM_COMMIT_PACE_US - mm_mono_us();
    struct timespec until = deadline(left > 0 ? left : 0);

    while (left > 0 && !in->stop && in->urgent == 0 && mm_spool_filling(in->spool) < MM_COMMIT_AT) {
        if (!wait_on(&in->work, in, &until))
            return;
    }
}

static void *committer(void *arg)
{
    struct mm_intake *in = arg;
    int64_t last = 0;

    mm_intake_lock(in);
    while (!in->stop || (mm_spool_pending(in->spool) > 0 && in->condition == MM_OK)) {
        struct timespec until = deadline(in->condition == MM_OK ? MM_US_PER_S : MM_COMMIT_RETRY_US);

        in->idle = in->condition == MM_OK;
        if (!in->idle || mm_spool_pending(in->spool) == 0)
            (void)wait_on(&in->work, in, &until);
        in->idle = false;
        if (mm_spool_pending(in->spool) == 0)
            continue;
        if (in->condition != MM_OK && !in->stop && mm_mono_us() < last + MM_COMMIT_RETRY_US)
            continue; /* woken by new lines: the disk is left in peace until its time */
        pace(in, last);
        last = mm_mono_us();
        commit_once(in);
    }
    mm_intake_unlock(in);
    return NULL;
}

void mm_intake_kick_locked(struct mm_intake *in)
{
    /* While lines gather or the disk works, waking the committer would only cost. */
    if (in->idle || in->stop || in->urgent > 0 || mm_spool_filling(in->spool) >= MM_COMMIT_AT)
        MM_ASSERT(pthread_cond_signal(&in->work) == 0);
}

void mm_intake_done(struct mm_intake *in, uint64_t done)
{
    mm_intake_lock(in);
    mm_lag_done(in->lag, done, mm_mono_us());
    mm_hoard_done(in->hoard, done);
    MM_ASSERT(pthread_cond_broadcast(&in->settled) == 0);
    mm_intake_unlock(in);
}

enum mm_code mm_intake_wait(struct mm_intake *in, uint64_t next, int timeout_ms)
{
    struct timespec until = deadline((int64_t)timeout_ms * 1000);
    enum mm_code c = MM_OK;
    uint64_t tries;

    mm_intake_lock(in);
    tries = in->tries;
    in->urgent++;
    mm_intake_kick_locked(in);
    while (in->durable < next && c == MM_OK) {
        if (!wait_on(&in->settled, in, &until))
            c = MM_E_BUSY;
        else if (in->tries > tries && in->condition != MM_OK)
            c = in->condition;
    }
    in->urgent--;
    mm_intake_unlock(in);
    return c;
}

/* Wait for the next try, as one of MM_INTAKE_WAITERS of its company. */
static enum mm_code wait_turn(struct mm_intake *in, const struct mm_turn *t, int64_t left_us)
{
    struct timespec until = deadline(left_us < QUOTA_LOOK_US ? left_us : QUOTA_LOOK_US);
    struct share *s = &in->share[in->tally[t->slot].company_at];

    if (s->waiting >= MM_INTAKE_WAITERS) {
        mm_intake_hit(in, MM_HIT_INGEST_CROWD, t->peer);
        return MM_E_PACE;
    }
    s->waiting++;
    mm_intake_kick_locked(in);
    (void)wait_on(&in->settled, in, &until); /* an allowance comes back without a commit */
    s->waiting--;
    return MM_OK;
}

enum mm_code mm_intake_wait_room_locked(struct mm_intake *in, const struct mm_turn *t,
                                        int timeout_ms)
{
    int64_t end_us = mm_mono_us() + (int64_t)timeout_ms * 1000;
    uint32_t company = in->tally[t->slot].company_at;
    enum mm_code c = MM_OK;
    bool noted = false;

    MM_ASSERT(t->bytes <= in->pending_max);
    while (c == MM_OK &&
           (mm_intake_room_locked(in) < t->bytes || mm_intake_over_share_locked(in, t->slot))) {
        bool spool = mm_intake_over_spool_locked(in, t->slot);
        int64_t left_us = end_us - mm_mono_us();

        if (in->condition != MM_OK)
            return in->condition;
        if (!noted && (spool || mm_quota_over(in->quota, t->slot, company, mm_mono_us()))) {
            mm_intake_note_over_locked(in, t->slot, t->peer);
            noted = true;
        }
        if (spool)
            return MM_E_PACE; /* the engine is away: nothing comes back soon */
        if (left_us <= 0)
            return MM_E_BUSY;
        c = wait_turn(in, t, left_us);
    }
    return c;
}

/* ---- opening and closing ---- */

static void carry(void *ctx, struct mm_buf *out)
{
    struct mm_intake *in = ctx;

    mm_keys_carry(in->keys, out);
    mm_places_carry(in->places, out);
}

static void on_carry(void *ctx, struct mm_slice carried)
{
    struct mm_intake *in = ctx;

    mm_keys_restore(in->keys, carried);
    mm_places_restore(in->places, carried);
}

static void on_record(void *ctx, const struct mm_spool_record *rec)
{
    struct mm_intake *in = ctx;

    mm_keys_replay(in->keys, rec);
    mm_places_replay(in->places, rec);
}

static enum mm_code make_page(struct mm_intake *in, const char *state_dir, int64_t epoch_us)
{
    char path[MM_MAX_PATH], run[MM_MAX_PATH];
    struct mm_fs fs = mm_fs_real();
    enum mm_code c = mm_path_join(path, state_dir, MM_INTAKE_PAGE_NAME);
    int fd = -1;
    void *p;

    if (c == MM_OK)
        c = mm_path_join(run, state_dir, "run");
    if (c == MM_OK)
        c = mm_fs_mkdirs(fs, run, 0700);
    if (c != MM_OK)
        return c;
    /* A new file: who still maps the old one sees an intake that stands still, not a mix. */
    (void)unlink(path);
    c = mm_fs_open(fs, path, O_RDWR | O_CREAT | O_EXCL, 0600, &fd);
    if (c != MM_OK)
        return c;
    /* Blocks are taken now: a hole would kill the process when the disk is full. */
    if (posix_fallocate(fd, 0, (off_t)sizeof(*in->page)) != 0)
        c = MM_E_FULL;
    p = c != MM_OK ? MAP_FAILED
                   : mmap(NULL, sizeof(*in->page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (c == MM_OK && p == MAP_FAILED)
        c = mm_code_of_errno(errno);
    mm_fs_close(fs, &fd);
    if (c != MM_OK)
        return c;
    in->page = p;
    in->page->version = MM_INTAKE_PAGE_VERSION;
    in->page->size = sizeof(*in->page);
    in->page->epoch = (uint64_t)epoch_us;
    atomic_store_explicit(&in->page->state_us, epoch_us, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    memcpy(in->page->magic, "MMINTAKE", 8);
    return MM_OK;
}

static enum mm_code open_spool(struct mm_intake *in, const struct mm_intake_options *o)
{
    struct mm_spool_options options = {
        .fs = o->fs,
        .pending_max = in->pending_max,
        .segment_max = o->segment_max,
        .owner = {.ctx = in, .carry = carry, .on_carry = on_carry, .on_record = on_record}};
    char dir[MM_MAX_PATH];
    enum mm_code c = mm_path_join(dir, o->state_dir, "spool");

    if (c == MM_OK)
        c = mm_keys_new(MM_KEYS_MAX, &in->keys);
    if (c == MM_OK)
        c = mm_places_new(&in->places);
    if (c == MM_OK)
        c = mm_spool_open(dir, MM_INTAKE_QUEUE, &options, &in->spool);
    if (c != MM_OK)
        return c;
    in->durable = mm_spool_durable(in->spool);
    atomic_store_explicit(&in->page->next, in->durable, memory_order_relaxed);
    atomic_store_explicit(&in->page->damaged, mm_spool_damaged(in->spool), memory_order_relaxed);
    return MM_OK;
}

static void init_sync(struct mm_intake *in)
{
    pthread_condattr_t attr;

    MM_ASSERT(pthread_mutex_init(&in->lock, NULL) == 0);
    MM_ASSERT(pthread_condattr_init(&attr) == 0);
    /* A wall clock that jumps must not move waits. */
    MM_ASSERT(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    MM_ASSERT(pthread_cond_init(&in->work, &attr) == 0);
    MM_ASSERT(pthread_cond_init(&in->settled, &attr) == 0);
    (void)pthread_condattr_destroy(&attr);
}

static void free_all(struct mm_intake *in)
{
    mm_spool_close(&in->spool);
    mm_keys_free(&in->keys);
    mm_places_free(&in->places);
    mm_lag_free(&in->lag);
    mm_hoard_free(&in->hoard);
    mm_quota_free(&in->quota);
    if (in->page != NULL)
        (void)munmap(in->page, sizeof(*in->page));
    (void)pthread_cond_destroy(&in->work);
    (void)pthread_cond_destroy(&in->settled);
    (void)pthread_mutex_destroy(&in->lock);
    free(in);
}

enum mm_code mm_intake_open(const struct mm_intake_options *o, struct mm_intake **ret)
{
    struct mm_intake *in = calloc(1, sizeof(*in));
    enum mm_code c;

    if (in == NULL)
        return MM_E_NOMEM;
    init_sync(in);
    in->pending_max = o->pending_max != 0 ? o->pending_max : MM_SPOOL_PENDING;
    in->committed = o->committed;
    in->ctx = o->ctx;
    in->group = 1;
    in->durable_group = 1;
    in->rates = o->rates;
    in->spool_max = o->spool_max;
    in->hits = o->hits;
    c = mm_lag_new(&in->lag);
    if (c == MM_OK)
        c = mm_hoard_new(&in->hoard);
    if (c == MM_OK)
        c = mm_quota_new(&o->rates, &in->quota);
    if (c == MM_OK)
        c = make_page(in, o->state_dir, o->epoch_us);
    if (c == MM_OK)
        c = open_spool(in, o);
    if (c == MM_OK) {
        in->tally[MM_SLOT_NONE].company_at = share_of(in, UINT32_MAX);
        MM_ASSERT(mm_intake_slot_locked(in, 0, 0) == MM_SLOT_QUARANTINE);
        if (pthread_create(&in->thread, NULL, committer, in) != 0)
            c = MM_E_NOMEM;
    }
    if (c != MM_OK) {
        free_all(in);
        return c;
    }
    *ret = in;
    return MM_OK;
}

enum mm_code mm_intake_close(struct mm_intake **inp, int timeout_ms)
{
    struct mm_intake *in = *inp;
    struct timespec until = deadline((int64_t)timeout_ms * 1000);
    enum mm_code c = MM_OK;

    if (in == NULL)
        return MM_OK;
    mm_intake_lock(in);
    in->urgent++;
    while (mm_spool_pending(in->spool) > 0) {
        mm_intake_kick_locked(in);
        if (!wait_on(&in->settled, in, &until))
            break;
    }
    in->stop = true;
    mm_intake_kick_locked(in);
    mm_intake_unlock(in);
    MM_ASSERT(pthread_join(in->thread, NULL) == 0);
    if (mm_spool_pending(in->spool) > 0)
        c = in->condition != MM_OK ? in->condition : MM_E_BUSY;
    atomic_store_explicit(&in->page->state, MM_INTAKE_STOPPED, memory_order_relaxed);
    free_all(in);
    *inp = NULL;
    return c;
}
