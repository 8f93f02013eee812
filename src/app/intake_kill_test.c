/*
 * app/intake_kill_test.c - intake is killed at random moments while senders send: what HTTP
 * acknowledged is in the spool once; TCP loses at most its bounded unread bytes and nothing from
 * the middle; numbers go on. MIMAMORI_KILLS says how often, MIMAMORI_SEED from where.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/time.h"
#include "store/spool/spool.h"
#include "tests/harness/intake_proc.h"
#include "tests/harness/test.h"

enum {
    WEB_SENDERS = 3,
    NET_SENDERS = 3,
    REQUESTS_MAX = 200000,
    LIVES_MAX = 4096,
    /* What intake promises (1 MiB) and what lies in the sender's own kernel. */
    LOST_MAX = 1024 * 1024 + 256 * 1024,
};

struct shared {
    pthread_mutex_t lock; /* the ports change with every life */
    struct mm_intake_proc proc;
    _Atomic bool stop;
};

/* A sender over HTTP: request k has 1 to 40 lines "w<sender> <k> <i> ...". */
struct web {
    struct shared *s;
    uint32_t id;
    uint32_t next;  /* request being sent */
    uint32_t acked; /* requests below this were answered 200 */
    uint32_t again; /* times a request had to be repeated */
};

/* A sender over TCP: connection c carries lines "n<sender> <c> <i> ...". */
struct net {
    struct shared *s;
    uint32_t id;
    uint32_t conns;
    uint32_t sent[LIVES_MAX]; /* lines that send() took, per connection */
    uint64_t bytes[LIVES_MAX];
};

static struct mm_intake_proc proc_now(struct shared *s)
{
    struct mm_intake_proc p;

    CHECK(pthread_mutex_lock(&s->lock) == 0);
    p = s->proc;
    CHECK(pthread_mutex_unlock(&s->lock) == 0);
    return p;
}

static uint32_t lines_of(uint32_t request)
{
    return 1 + request * 7 % 40;
}

static void *web_sender(void *arg)
{
    struct web *w = arg;
    struct mm_buf body;

    mm_buf_init(&body, 1 << 20);
    while (!w->s->stop && w->next < REQUESTS_MAX) {
        struct mm_intake_proc p = proc_now(w->s);
        char key[32];
        int status;

        mm_buf_reset(&body);
        for (uint32_t i = 0; i < lines_of(w->next); i++)
            mm_buf_fmt(&body, "w%u %u %u some words of a log line\n", w->id, w->next, i);
        (void)snprintf(key, sizeof(key), "w%u-%u", w->id, w->next);
        status = mm_intake_proc_post(&p, key, NULL, mm_buf_slice(&body), NULL);
        CHECK(status == 200 || status == 0 || status == 409 || status == 503);
        if (status != 200) {
            w->again++;
            mm_pass_ms(2);
            continue;
        }
        w->next++;
        w->acked = w->next;
    }
    mm_buf_done(&body);
    return NULL;
}

static void *net_sender(void *arg)
{
    struct net *n = arg;
    struct mm_buf line;

    mm_buf_init(&line, 4096);
    while (!n->s->stop && n->conns < LIVES_MAX) {
        struct mm_intake_proc p = proc_now(n->s);
        int fd = mm_intake_proc_connect(&p);
        uint32_t c = n->conns;
        bool ok = fd >= 0;

        if (!ok) {
            mm_pass_ms(2);
            continue;
        }
        n->conns++;
        while (ok && !n->s->stop) {
            mm_buf_reset(&line);
            mm_buf_fmt(&line,
                       "n%u %u %u and the rest of a line as routers write them, more or less",
                       n->id, c, n->sent[c]);
            if (n->id % 2 == 0)
                mm_buf_byte(&line, '\n');
            else { /* the other framing */
                struct mm_buf framed;

                mm_buf_init(&framed, 4096);
                mm_buf_fmt(&framed, "%zu <13>", line.n + 4);
                mm_buf_add(&framed, mm_buf_slice(&line));
                mm_buf_done(&line);
                line = framed;
            }
            ok = mm_send_all(fd, mm_buf_slice(&line));
            if (ok) {
                n->sent[c]++;
                n->bytes[c] += line.n;
            }
        }
        (void)close(fd);
    }
    mm_buf_done(&line);
    return NULL;
}

/* Three numbers of a line "w1 22 3 ...". */
static bool numbers(struct mm_slice line, uint64_t ret[3])
{
    for (int i = 0; i < 3; i++) {
        size_t blank = mm_slice_find(line, ' ', 0);

        if (!mm_slice_u64(mm_slice_sub(line, i == 0 ? 1 : 0, blank - (i == 0 ? 1 : 0)), &ret[i]))
            return false;
        line = mm_slice_sub(line, blank + 1, SIZE_MAX);
    }
    return true;
}

struct found {
    uint32_t web_request[WEB_SENDERS], web_line[WEB_SENDERS]; /* the next one expected */
    uint32_t net[NET_SENDERS][LIVES_MAX];
    uint64_t records;
};

static void take(struct found *f, const struct mm_spool_record *rec)
{
    struct mm_slice line = rec->body;
    uint64_t v[3] = {0};

    CHECK(!rec->damaged);
    f->records++;
    if (mm_slice_starts(line, MM_S("<13>")))
        line = mm_slice_sub(line, 4, SIZE_MAX);
    CHECK(numbers(line, v));
    if (line.p[0] == 'n') {
        CHECK(rec->company == 2 && rec->source == 21);
        /* Each connection is stored from its beginning without a hole. */
        CHECK_NUM(v[2], f->net[v[0]][v[1]]);
        f->net[v[0]][v[1]]++;
        return;
    }
    CHECK(rec->company == 1 && rec->source == 11 && line.p[0] == 'w');
    CHECK_NUM(v[1], f->web_request[v[0]]);
    CHECK_NUM(v[2], f->web_line[v[0]]);
    if (++f->web_line[v[0]] == lines_of((uint32_t)v[1])) {
        f->web_line[v[0]] = 0;
        f->web_request[v[0]]++;
    }
}

static void read_all(const char *state, struct found *f)
{
    struct mm_spool_reader *r = NULL;
    struct mm_spool_record rec[256];
    char dir[MM_MAX_PATH + 16];
    size_t n = 1;

    (void)snprintf(dir, sizeof(dir), "%s/spool", state);
    CHECK(mm_spool_reader_open(dir, 0, 1, &r) == MM_OK);
    while (n > 0) {
        CHECK(mm_spool_read(r, rec, 256, SIZE_MAX, &n) == MM_OK);
        for (size_t i = 0; i < n; i++)
            take(f, &rec[i]);
    }
    CHECK_NUM(f->records + 1, mm_spool_reader_durable(r));
    mm_spool_reader_close(&r);
}

static uint64_t from_env(const char *name, uint64_t preset)
{
    uint64_t v;

    return mm_slice_u64(mm_slice_str(getenv(name)), &v) ? v : preset;
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static void check_found(const struct found *f, struct web *w, struct net *n)
{
    uint64_t lost_most = 0;

    for (uint32_t i = 0; i < WEB_SENDERS; i++) {
        printf("# http sender %u: acknowledged %u requests, repeated %u times, stored %u\n", i,
               w[i].acked, w[i].again, f->web_request[i]);
        CHECK(f->web_request[i] >= w[i].acked);
        CHECK(f->web_request[i] <= w[i].acked + 1);
        CHECK(w[i].acked > 0);
    }
    for (uint32_t i = 0; i < NET_SENDERS; i++) {
        for (uint32_t c = 0; c < n[i].conns; c++) {
            uint64_t each = n[i].sent[c] == 0 ? 0 : n[i].bytes[c] / n[i].sent[c];
            uint64_t lost = (n[i].sent[c] - mm_min_size(n[i].sent[c], f->net[i][c])) * each;

            CHECK(f->net[i][c] <= n[i].sent[c] + 1); /* the last send may have gone through */
            lost_most = lost > lost_most ? lost : lost_most;
        }
        printf("# tcp sender %u: %u connections\n", i, n[i].conns);
    }
    printf("# tcp: most bytes lost by one connection: %llu; records: %llu\n",
           (unsigned long long)lost_most, (unsigned long long)f->records);
    CHECK(lost_most <= LOST_MAX);
}

TEST(intake_killed_at_random_moments_keeps_what_it_acknowledged)
{
    static struct shared s = {.lock = PTHREAD_MUTEX_INITIALIZER};
    static struct web w[WEB_SENDERS];
    static struct net n[NET_SENDERS];
    static struct found f;
    pthread_t thread[WEB_SENDERS + NET_SENDERS];
    uint64_t kills = from_env("MIMAMORI_KILLS", 20);
    uint64_t seed = from_env("MIMAMORI_SEED", (uint64_t)mm_now_us());
    char state[MM_MAX_PATH];

    printf("# MIMAMORI_SEED=%llu MIMAMORI_KILLS=%llu\n", (unsigned long long)seed,
           (unsigned long long)kills);
    (void)alarm((unsigned)(60 + kills * 3));
    (void)snprintf(state, sizeof(state), "%s/state", mm_test_dir());
    mm_intake_proc_start(&s.proc, state);
    for (uint32_t i = 0; i < WEB_SENDERS; i++) {
        w[i] = (struct web){.s = &s, .id = i};
        CHECK(pthread_create(&thread[i], NULL, web_sender, &w[i]) == 0);
    }
    for (uint32_t i = 0; i < NET_SENDERS; i++) {
        n[i].s = &s;
        n[i].id = i;
        CHECK(pthread_create(&thread[WEB_SENDERS + i], NULL, net_sender, &n[i]) == 0);
    }
    for (uint64_t k = 0; k < kills; k++) {
        /* From right after the start to a while of full work. */
        struct mm_intake_proc next = s.proc;

        mm_pass_ms((int)(next_random(&seed) % 120));
        mm_intake_proc_kill(&s.proc);
        mm_intake_proc_start(&next, state);
        CHECK(pthread_mutex_lock(&s.lock) == 0);
        s.proc = next;
        CHECK(pthread_mutex_unlock(&s.lock) == 0);
    }
    {
        mm_pass_ms(200);
    }
    s.stop = true;
    for (size_t i = 0; i < MM_COUNT(thread); i++)
        CHECK(pthread_join(thread[i], NULL) == 0);
    CHECK_NUM(mm_intake_proc_stop(&s.proc), 0);
    read_all(state, &f);
    check_found(&f, w, n);
    /* The last life ended in order: nothing of it is missing. */
    for (uint32_t i = 0; i < NET_SENDERS; i++)
        CHECK_NUM(f.net[i][n[i].conns - 1], n[i].sent[n[i].conns - 1]);
}
