/* engine/master.c - see master.h for the contract. */
#include "engine/master.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"

/* Shared between sink, master and shards. */
struct shared {
    struct mm_master_stats stats;
    _Atomic uint32_t wanted;  /* preparations the sink has asked for */
    _Atomic uint32_t started; /* 1: first preparation worked, 2: it did not */
};

struct mm_master {
    struct shared *shared;
    struct mm_ring *ring[MM_MASTER_SHARDS_MAX];
    size_t shards;
    int wake; /* eventfd: the sink wants something of the master */
    int wake_sink;
    pid_t pid;
};

enum { EXIT_NO_START = 3 }; /* of a shard that never came to its first record */

/* The master's own view of one shard. */
struct shard {
    pid_t pid;
    uint32_t generation; /* what it was forked with */
    /* Hang watch: the position last seen and since when. */
    uint64_t number;
    uint32_t at;
    int64_t since_us;
    bool leaving; /* told to end after its chunk */
};

struct life {
    struct mm_master *m;
    const struct mm_shard_ops *ops;
    void *prepared;
    uint32_t generation;
    uint32_t seen_wanted;
    struct shard shard[MM_MASTER_SHARDS_MAX];
};

/* tidy: global allowed, a signal handler reaches nothing else; set by SIGTERM in a shard. */
static volatile sig_atomic_t shard_leave;

static void on_term(int sig)
{
    (void)sig;
    shard_leave = 1;
}

MM_NORETURN static void shard_main(struct life *l, size_t at)
{
    struct mm_ring *ring = l->m->ring[at];
    struct sigaction sa = {.sa_handler = on_term};
    sigset_t none, term;
    void *self;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)sigaction(SIGTERM, &sa, NULL);
    (void)sigemptyset(&term);
    (void)sigaddset(&term, SIGTERM);
    (void)sigemptyset(&none);
    self = l->ops->start(l->prepared);
    if (self == NULL || (l->ops->confine != NULL && !l->ops->confine()))
        _exit(EXIT_NO_START);
    while (shard_leave == 0) {
        struct mm_chunk *c = mm_ring_take(ring);
        struct pollfd pfd = {.fd = ring->wake_shard, .events = POLLIN};
        uint64_t n;

        if (c == NULL) {
            /* SIGTERM is blocked but for this wait: it never cuts a chunk in two. */
            if (ppoll(&pfd, 1, NULL, &none) > 0)
                (void)!read(ring->wake_shard, &n, sizeof(n));
            continue;
        }
        l->ops->work(self, c);
        mm_ring_finish(ring, c);
        (void)sigprocmask(SIG_UNBLOCK, &term, NULL);
        (void)sigprocmask(SIG_BLOCK, &term, NULL);
    }
    _exit(0);
}

static void shard_fork(struct life *l, size_t at)
{
    struct shard *s = &l->shard[at];
    pid_t pid = fork();

    if (pid == 0)
        shard_main(l, at);
    *s = (struct shard){.pid = pid, .generation = l->generation, .since_us = mm_mono_us()};
    if (pid > 0)
        atomic_fetch_add(&l->m->shared->stats.ready, 1);
}

/* Which record a dead shard was at; the second death at the same one sets it aside. */
static void blame(struct life *l, size_t at)
{
    struct mm_chunk *c = mm_ring_take(l->m->ring[at]);
    uint32_t rec;

    atomic_fetch_add(&l->m->shared->stats.deaths, 1);
    if (c == NULL)
        return;
    rec = atomic_load(&c->at);
    if (rec >= c->records_n)
        return;
    if (c->deaths > 0 && c->death_at == rec) {
        c->rec[rec].flags |= MM_CHUNK_ASIDE;
        c->deaths = 0;
        atomic_fetch_add(&l->m->shared->stats.set_aside, 1);
    } else {
        c->deaths = 1;
        c->death_at = rec;
    }
}

static void reap(struct life *l)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < l->m->shards; i++) {
            if (l->shard[i].pid != pid)
                continue;
            atomic_fetch_sub(&l->m->shared->stats.ready, 1);
            if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_START) {
                /* No record's fault; watch() tries again at its next round, not at once. */
                atomic_fetch_add(&l->m->shared->stats.deaths, 1);
                l->shard[i].pid = 0;
                continue;
            }
            if (!l->shard[i].leaving || !WIFEXITED(status))
                blame(l, i);
            shard_fork(l, i);
        }
    }
}

/* A shard that stays at one record too long is ended like one that crashed there. */
static void watch(struct life *l)
{
    int64_t now = mm_mono_us();
    int64_t hang_us = l->ops->hang_us > 0 ? l->ops->hang_us : MM_MASTER_HANG_S * MM_US_PER_S;

    for (size_t i = 0; i < l->m->shards; i++) {
        struct shard *s = &l->shard[i];
        struct mm_chunk *c = mm_ring_take(l->m->ring[i]);
        uint32_t at = c == NULL ? 0 : atomic_load(&c->at);
        uint64_t number = c == NULL ? UINT64_MAX : c->number;

        if (c == NULL || number != s->number || at != s->at) {
            s->number = number;
            s->at = at;
            s->since_us = now;
        } else if (now - s->since_us > hang_us && s->pid > 0) {
            s->leaving = false;
            (void)kill(s->pid, SIGKILL);
            s->since_us = now;
        }
        if (s->pid <= 0)
            shard_fork(l, i); /* an earlier fork failed */
    }
}

/* Try the preparation in a child first: what crashes there never happens here. */
static void *try_prepare(struct life *l, bool whole)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)alarm(60);
        _exit(l->ops->prepare(l->ops->arg, whole) == NULL ? 1 : 0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
        WEXITSTATUS(status) != 0)
        return NULL;
    return l->ops->prepare(l->ops->arg, whole);
}

static bool prepare(struct life *l)
{
    struct mm_master_stats *stats = &l->m->shared->stats;
    void *fresh = try_prepare(l, true);

    atomic_store(&stats->behind, fresh == NULL);
    if (fresh == NULL)
        atomic_fetch_add(&stats->refused, 1);
    if (fresh == NULL && l->prepared == NULL)
        fresh = try_prepare(l, false);
    if (fresh == NULL)
        return false;
    if (l->prepared != NULL)
        l->ops->release(l->prepared);
    l->prepared = fresh;
    l->generation++;
    atomic_store(&stats->unasked, l->ops->unasked == NULL ? 0 : l->ops->unasked(fresh));
    atomic_store(&stats->generation, l->generation);
    return true;
}

static void reload_if_wanted(struct life *l)
{
    uint32_t wanted = atomic_load(&l->m->shared->wanted);

    if (wanted == l->seen_wanted)
        return;
    l->seen_wanted = wanted;
    if (!prepare(l))
        return;
    for (size_t i = 0; i < l->m->shards; i++) {
        l->shard[i].leaving = true;
        if (l->shard[i].pid > 0)
            (void)kill(l->shard[i].pid, SIGTERM);
    }
}

MM_NORETURN static void master_main(struct mm_master *m, const struct mm_shard_ops *ops)
{
    struct life l = {.m = m, .ops = ops};
    sigset_t set;
    int sig;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)prctl(PR_SET_NAME, "mm-shards");
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigaddset(&set, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)sigdelset(&set, SIGTERM);
    sig = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    /* SIGINT reaches the whole terminal group: the sink decides when shards end. */
    (void)signal(SIGINT, SIG_IGN);
    if (sig < 0 || (ops->settle != NULL && !ops->settle(ops->state)) || !prepare(&l)) {
        atomic_store(&m->shared->started, 2);
        _exit(1);
    }
    for (size_t i = 0; i < m->shards; i++)
        shard_fork(&l, i);
    atomic_store(&m->shared->started, 1);
    for (;;) {
        struct pollfd pfd[] = {{.fd = sig, .events = POLLIN}, {.fd = m->wake, .events = POLLIN}};
        struct signalfd_siginfo info;
        uint64_t n;

        (void)poll(pfd, 2, ops->hang_us > 0 ? (int)(ops->hang_us / 4000) : 1000);
        while (read(sig, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        }
        if ((pfd[1].revents & POLLIN) != 0)
            (void)!read(m->wake, &n, sizeof(n));
        reload_if_wanted(&l);
        reap(&l);
        watch(&l);
    }
}

static void free_master(struct mm_master *m)
{
    for (size_t i = 0; i < m->shards; i++)
        mm_ring_free(&m->ring[i]);
    if (m->shared != NULL)
        (void)munmap(m->shared, sizeof(*m->shared));
    if (m->wake >= 0)
        (void)close(m->wake);
    free(m);
}

enum mm_code mm_master_start(const struct mm_shard_ops *ops, size_t shards, int wake_sink,
                             struct mm_master **ret)
{
    struct mm_master *m = calloc(1, sizeof(*m));
    enum mm_code c = MM_OK;
    int64_t until;

    MM_ASSERT(shards >= 1 && shards <= MM_MASTER_SHARDS_MAX);
    if (m == NULL)
        return MM_E_NOMEM;
    m->shards = shards;
    m->wake_sink = wake_sink;
    m->wake = eventfd(0, EFD_CLOEXEC);
    m->shared =
        mmap(NULL, sizeof(*m->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (m->shared == MAP_FAILED)
        m->shared = NULL;
    if (m->wake < 0 || m->shared == NULL)
        c = MM_E_IO;
    for (size_t i = 0; i < shards && c == MM_OK; i++)
        c = mm_ring_new(wake_sink, &m->ring[i]);
    if (c == MM_OK) {
        m->pid = fork();
        if (m->pid == 0)
            master_main(m, ops);
        c = m->pid < 0 ? MM_E_IO : MM_OK;
    }
    until = mm_mono_us() + 60 * MM_US_PER_S;
    while (c == MM_OK && atomic_load(&m->shared->started) != 1) {
        if (!mm_master_alive(m) || mm_mono_us() > until)
            c = MM_E_CONFIG;
        else
            (void)usleep(2000);
    }
    if (c != MM_OK) {
        mm_master_stop(&m);
        return c;
    }
    *ret = m;
    return MM_OK;
}

struct mm_ring *mm_master_ring(struct mm_master *m, size_t shard)
{
    MM_ASSERT(shard < m->shards);
    return m->ring[shard];
}

const struct mm_master_stats *mm_master_stats(const struct mm_master *m)
{
    return &m->shared->stats;
}

void mm_master_reload(struct mm_master *m)
{
    uint64_t one = 1;

    atomic_fetch_add(&m->shared->wanted, 1);
    (void)!write(m->wake, &one, sizeof(one));
}

bool mm_master_alive(struct mm_master *m)
{
    int status;

    if (m->pid > 0 && waitpid(m->pid, &status, WNOHANG) == m->pid)
        m->pid = 0;
    return m->pid > 0;
}

void mm_master_stop(struct mm_master **m)
{
    int status;

    if (*m == NULL)
        return;
    if ((*m)->pid > 0) {
        /* Shards die with their parent (PR_SET_PDEATHSIG). */
        (void)kill((*m)->pid, SIGKILL);
        while (waitpid((*m)->pid, &status, 0) < 0 && errno == EINTR) {
        }
    }
    free_master(*m);
    *m = NULL;
}
