/*
 * app/eventd_kill_test.c - however eventd dies, what was sent is stored, and stored once.
 *
 * Batches are sent one after the other as the engine sends them, each until it is stored, while
 * eventd is killed: at random moments, between the data and the answer, and at its own writes. Then
 * every number must be there once. MIMAMORI_KILLS says how often (default 6); the seed is printed,
 * MIMAMORI_SEED repeats it.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "eventd/server.h"
#include "store/events/exactly_once.h"
#include "store/events/native.h"
#include "tests/harness/eventd.h"
#include "tests/harness/sample.h"
#include "tests/harness/test.h"

enum {
    TIMEOUT_MS = 20 * 1000,
    QUEUE = 3,
    ROWS_MAX = 20000,    /* of a batch: an insert takes about as long as kills are apart */
    KILL_MS_MAX = 400,   /* between two kills */
    ALERT_EVERY = 100,   /* rows */
    SECONDS_A_KILL = 20, /* before the test is given up */
};

struct bed {
    struct mm_test_eventd eventd;
    struct mm_events_client *client;
    struct mm_native *events, *alerts;
    struct mm_buf block[2];
    uint64_t random;
    uint64_t next; /* number of the next row */
    uint64_t alert_count;
    unsigned kills, kills_wanted;
    char state[64];
};

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    uint64_t v;

    return text != NULL && mm_slice_u64(mm_slice_str(text), &v) ? v : otherwise;
}

static uint64_t below(struct bed *b, uint64_t max)
{
    b->random ^= b->random << 13;
    b->random ^= b->random >> 7;
    b->random ^= b->random << 17;
    return b->random % max;
}

static void bed_up(struct bed *b)
{
    uint64_t seed = 0;

    *b = (struct bed){.next = 1};
    if (mm_test_eventd_program() == NULL)
        mm_test_skip("no libchdb");
    CHECK(getrandom(&seed, sizeof(seed), 0) == (ssize_t)sizeof(seed));
    seed = number_of("MIMAMORI_SEED", seed | 1);
    printf("# MIMAMORI_SEED=%llu\n", (unsigned long long)seed);
    b->random = seed;
    b->kills_wanted = (unsigned)number_of("MIMAMORI_KILLS", 6);
    (void)alarm(60 + b->kills_wanted * SECONDS_A_KILL);
    (void)snprintf(b->state, sizeof(b->state), "%s/state", mm_test_dir());
    CHECK(mm_native_new(MM_ET_EVENTS, &b->events) == MM_OK);
    CHECK(mm_native_new(MM_ET_ALERTS, &b->alerts) == MM_OK);
    mm_buf_init(&b->block[0], 1 << 28);
    mm_buf_init(&b->block[1], 1 << 28);
    CHECK(mm_test_eventd_start(&b->eventd, b->state));
    CHECK(mm_events_new(mm_slice_str(b->eventd.address), TIMEOUT_MS, &b->client) == MM_OK);
}

static enum mm_code to_text(void *ctx, struct mm_slice piece)
{
    mm_buf_add(ctx, piece);
    return MM_OK;
}

static void want(struct bed *b, enum mm_statement st, uint64_t rows)
{
    char tmp[3][24], text[64];
    struct mm_events_param p[] = {{"queue", mm_events_u64(QUEUE, tmp[0])},
                                  {"from", mm_events_u64(1, tmp[1])},
                                  {"to", mm_events_u64(b->next, tmp[2])}};
    struct mm_events_answer answer;
    struct mm_buf out;

    (void)snprintf(text, sizeof(text), "%llu\t%llu\n", (unsigned long long)rows,
                   (unsigned long long)rows);
    mm_buf_init(&out, 1024);
    CHECK(mm_events_run(b->client, st, p, MM_COUNT(p), to_text, &out, &answer) == MM_OK);
    CHECK_SLICE(mm_buf_slice(&out), text);
    mm_buf_done(&out);
}

/* Sent = stored, by number, none twice: in what runs now, and after a start in good order. */
static void bed_down(struct bed *b)
{
    printf("# %u kills, %llu rows, %llu alerts\n", b->kills, (unsigned long long)b->next - 1,
           (unsigned long long)b->alert_count);
    if (!mm_test_eventd_alive(&b->eventd))
        CHECK(mm_test_eventd_start(&b->eventd, b->state));
    mm_test_eventd_kill(&b->eventd);
    CHECK(mm_test_eventd_start(&b->eventd, b->state));
    want(b, MM_ST_COUNT_RANGE, b->next - 1);
    want(b, MM_ST_COUNT_ALERTS_RANGE, b->alert_count);
    CHECK(mm_test_eventd_stop(&b->eventd));
    mm_events_free(&b->client);
    mm_native_free(&b->events);
    mm_native_free(&b->alerts);
    mm_buf_done(&b->block[0]);
    mm_buf_done(&b->block[1]);
}

static void no_refusal(void *ctx, uint64_t seq, struct mm_slice why)
{
    (void)ctx, (void)seq;
    printf("# %.*s\n", MM_S_ARG(why));
    CHECK(!"no row is refused");
}

/* The rows [from, to) as blocks of both tables. */
static void make_batch(struct bed *b, uint64_t from, uint64_t to)
{
    static struct mm_sample sample;
    static struct mm_event ev;

    mm_sample_init(&sample, 4, QUEUE, mm_now_us());
    mm_buf_reset(&b->block[0]);
    mm_buf_reset(&b->block[1]);
    for (uint64_t seq = from; seq < to; seq++) {
        mm_sample_fill(&sample, seq, &ev);
        CHECK(mm_native_event(b->events, &ev) == MM_OK);
        if (seq % ALERT_EVERY == 0) {
            const struct mm_alert a = {.seq = seq,
                                       .queue = QUEUE,
                                       .company = ev.company,
                                       .received_us = ev.received_us,
                                       .rule_id = MM_S("rule")};

            CHECK(mm_native_alert(b->alerts, &a, 90) == MM_OK);
            b->alert_count++;
        }
    }
    CHECK(mm_native_write(b->events, &b->block[0]) == MM_OK);
    CHECK(mm_native_write(b->alerts, &b->block[1]) == MM_OK);
}

/* Until it is stored; `revive` is called whenever it is not yet. */
static void store(struct bed *b, enum mm_etable table, uint64_t from, uint64_t to,
                  void (*revive)(struct bed *b))
{
    struct mm_slice block = mm_buf_slice(&b->block[table]);
    struct mm_once once;

    if (block.n == 0)
        return;
    mm_once_init(&once, table, QUEUE, from, to, &block, 1, false);
    while (mm_once_step(&once, b->client, no_refusal, NULL) != MM_OK) {
        revive(b);
        /* As if the engine had died too: it knows nothing of its earlier attempts. */
        if (below(b, 4) == 0)
            mm_once_init(&once, table, QUEUE, from, to, &block, 1, true);
    }
}

static void one_batch(struct bed *b, uint64_t rows, void (*revive)(struct bed *b))
{
    uint64_t to = b->next + rows;

    make_batch(b, b->next, to);
    store(b, MM_ET_EVENTS, b->next, to, revive);
    store(b, MM_ET_ALERTS, b->next, to, revive);
    b->next = to;
}

static void restart(struct bed *b)
{
    if (mm_test_eventd_alive(&b->eventd))
        return;
    CHECK(mm_test_eventd_start(&b->eventd, b->state));
}

/* A process that kills eventd after a while. */
static pid_t send_killer(struct bed *b)
{
    int wait_ms = (int)below(b, KILL_MS_MAX);
    pid_t victim = b->eventd.pid, killer;

    fflush(stdout);
    killer = fork();
    CHECK(killer >= 0);
    if (killer == 0) {
        (void)poll(NULL, 0, wait_ms);
        (void)kill(victim, SIGKILL);
        _exit(0);
    }
    return killer;
}

TEST(kill_at_random_moments_loses_and_doubles_nothing)
{
    struct bed b;

    bed_up(&b);
    while (b.kills < b.kills_wanted) {
        pid_t killer = send_killer(&b);

        while (waitpid(killer, NULL, WNOHANG) == 0)
            one_batch(&b, 1 + below(&b, ROWS_MAX), restart);
        b.kills++;
        restart(&b);
    }
    bed_down(&b);
}

/* Passes bytes between the client and eventd; when armed it kills eventd as soon as that answers,
 * and the client never sees the answer. */
struct proxy {
    int listener;
    atomic_bool armed, stop;
    atomic_int victim;
    atomic_uint killed;
    struct sockaddr_un to;
    pthread_t thread;
};

static bool pass(int from, int to)
{
    static uint8_t bytes[1 << 16];
    ssize_t n = recv(from, bytes, sizeof(bytes), 0);

    return n > 0 && send(to, bytes, (size_t)n, MSG_NOSIGNAL) == n;
}

static void serve_one(struct proxy *x, int client)
{
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool open = connect(server, (const struct sockaddr *)&x->to, sizeof(x->to)) == 0;

    while (open && !atomic_load(&x->stop)) {
        struct pollfd p[2] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};

        (void)poll(p, 2, 50);
        if (p[1].revents != 0 && atomic_exchange(&x->armed, false)) {
            (void)kill(atomic_load(&x->victim), SIGKILL);
            atomic_fetch_add(&x->killed, 1);
            break;
        }
        open = (p[0].revents == 0 || pass(client, server)) &&
               (p[1].revents == 0 || pass(server, client));
    }
    (void)close(server);
}

static void *proxy_main(void *arg)
{
    struct proxy *x = arg;

    while (!atomic_load(&x->stop)) {
        struct pollfd p = {.fd = x->listener, .events = POLLIN};
        int client;

        if (poll(&p, 1, 50) <= 0)
            continue;
        client = accept(x->listener, NULL, NULL);
        if (client < 0)
            continue;
        serve_one(x, client);
        (void)close(client);
    }
    return NULL;
}

TEST(kill_between_the_data_and_the_answer_loses_and_doubles_nothing)
{
    struct proxy x = {.to = {.sun_family = AF_UNIX}};
    char path[160], address[200];
    struct bed b;

    bed_up(&b);
    (void)snprintf(path, sizeof(path), "%s/proxy", mm_test_dir());
    (void)snprintf(address, sizeof(address), "unix:%s", path);
    (void)snprintf(x.to.sun_path, sizeof(x.to.sun_path), "%s/run/eventd.sock", b.state);
    x.listener = mm_eventd_listen_unix(path);
    CHECK(x.listener >= 0);
    CHECK(pthread_create(&x.thread, NULL, proxy_main, &x) == 0);
    mm_events_free(&b.client);
    CHECK(mm_events_new(mm_slice_str(address), TIMEOUT_MS, &b.client) == MM_OK);
    for (unsigned i = 0; i < b.kills_wanted; i++) {
        atomic_store(&x.victim, b.eventd.pid);
        atomic_store(&x.armed, true);
        one_batch(&b, 1 + below(&b, ROWS_MAX), restart);
    }
    b.kills = atomic_load(&x.killed);
    CHECK_NUM(b.kills, b.kills_wanted);
    bed_down(&b);
    atomic_store(&x.stop, true);
    CHECK(pthread_join(x.thread, NULL) == 0);
    (void)close(x.listener);
}

static void restart_counted(struct bed *b)
{
    b->kills += !mm_test_eventd_alive(&b->eventd);
    restart(b);
}

/* A life that will end at one of its own writes, maybe before it is ready. */
static bool start_doomed(struct bed *b)
{
    static const char *const calls[] = {"rename", "fsync", "openat", "write", "unlink", "pwrite64"};
    const char *call = calls[below(b, MM_COUNT(calls))];
    bool often = strcmp(call, "openat") == 0 || strcmp(call, "write") == 0;

    mm_test_eventd_kill(&b->eventd);
    return mm_test_eventd_start_doomed(&b->eventd, b->state, call,
                                       /* strace counts thread by thread */
                                       (unsigned)(1 + below(b, often ? 120 : 15)));
}

TEST(kill_at_its_own_writes_loses_and_doubles_nothing)
{
    enum { BATCHES = 2 }; /* a life: a write that is never reached must not last for ever */
    struct bed b;

    if (access("/usr/bin/strace", X_OK) != 0)
        mm_test_skip("no strace");
    bed_up(&b);
    while (b.kills < b.kills_wanted) {
        unsigned before = b.kills;

        if (!start_doomed(&b)) {
            b.kills++;
            continue;
        }
        for (int i = 0; i < BATCHES && b.kills == before; i++)
            one_batch(&b, 1 + below(&b, ROWS_MAX / 4), restart_counted);
    }
    bed_down(&b);
}
