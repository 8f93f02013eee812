/*
 * eventd/server_test.c - what server.h, lanes.h and running.h promise, against a store that is a
 * table of answers: it echoes, streams, fails, waits and reads the data it is given.
 */
#include "eventd/server.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/time.h"
#include "codec/http1.h"
#include "eventd/lanes.h"
#include "eventd/running.h"
#include "tests/harness/test.h"

enum { PIECES = 40, PIECE = 100 * 1000, DEADLINE_MS = 20 * 1000 };

struct fake {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned inserts; /* run so far */
    unsigned waiting; /* statements that wait for `go` now */
    bool go;          /* let them end */
    unsigned lane_in_use[MM_STORE_LANES_MAX];
};

struct bed {
    struct fake fake;
    struct mm_store_ops ops;
    struct mm_eventd_options o;
    struct mm_eventd_listener listener[2];
    int stop[2];
    char path[128], read_path[128];
    pthread_t thread;
};

static void fail_with(struct mm_store_result *r, const char *text)
{
    r->text_n = strlen(text);
    memcpy(r->text, text, r->text_n);
}

/* The bytes of the file that an INSERT names. */
static void echo_data(struct mm_slice sql, mm_store_sink *sink, void *sink_ctx)
{
    char path[64], data[256];
    size_t at = mm_slice_search(sql, MM_S("file('")) + 6;
    size_t end = mm_slice_find(sql, '\'', at);
    ssize_t n;
    int fd;

    (void)snprintf(path, sizeof(path), "%.*s", MM_S_ARG(mm_slice_sub(sql, at, end - at)));
    fd = open(path, O_RDONLY);
    CHECK(fd >= 0);
    n = read(fd, data, sizeof(data));
    CHECK(n >= 0);
    (void)sink(sink_ctx, mm_slice_of(data, (size_t)n));
    (void)close(fd);
}

static void wait_for_go(struct fake *f)
{
    (void)pthread_mutex_lock(&f->lock);
    f->waiting++;
    (void)pthread_cond_broadcast(&f->changed);
    while (!f->go)
        (void)pthread_cond_wait(&f->changed, &f->lock);
    f->waiting--;
    (void)pthread_mutex_unlock(&f->lock);
}

static void stream(const struct mm_store_call *call, mm_store_sink *sink, void *sink_ctx,
                   struct mm_store_result *ret)
{
    static uint8_t piece[PIECE];
    bool torn = mm_slice_search(call->sql, MM_S("torn")) != SIZE_MAX;

    for (int i = 0; i < PIECES; i++) {
        if (torn && i == PIECES / 2) {
            fail_with(ret, "Code: 395. DB::Exception: in the middle");
            return;
        }
        if (!sink(sink_ctx, mm_slice_of(piece, sizeof(piece))))
            return;
    }
}

static void fake_run(void *ctx, const struct mm_store_call *call, mm_store_sink *sink,
                     void *sink_ctx, struct mm_store_result *ret)
{
    struct fake *f = ctx;

    (void)pthread_mutex_lock(&f->lock);
    CHECK_NUM(f->lane_in_use[call->lane]++, 0);
    f->inserts += call->lane == MM_STORE_LANE_INSERT;
    (void)pthread_mutex_unlock(&f->lock);
    ret->read_rows = 7;
    if (mm_slice_search(call->sql, MM_S("fail")) != SIZE_MAX)
        fail_with(ret, "Code: 243. DB::Exception: no space");
    else if (mm_slice_search(call->sql, MM_S("stream")) != SIZE_MAX)
        stream(call, sink, sink_ctx, ret);
    else if (mm_slice_search(call->sql, MM_S("wait")) != SIZE_MAX)
        wait_for_go(f);
    else if (mm_slice_search(call->sql, MM_S("file('")) != SIZE_MAX)
        echo_data(call->sql, sink, sink_ctx);
    else
        (void)sink(sink_ctx, call->sql);
    (void)pthread_mutex_lock(&f->lock);
    f->lane_in_use[call->lane]--;
    (void)pthread_mutex_unlock(&f->lock);
}

static void *serve(void *arg)
{
    struct bed *b = arg;

    CHECK(mm_eventd_serve(&b->o, b->listener, 2, b->stop[0]) == MM_OK);
    return NULL;
}

static void bed_up(struct bed *b, struct mm_slice key)
{
    *b = (struct bed){.ops = {.lanes = MM_STORE_LANE_READ + 2, .run = fake_run}};
    b->ops.ctx = &b->fake;
    b->o = (struct mm_eventd_options){.store = &b->ops, .key = key};
    CHECK(pthread_mutex_init(&b->fake.lock, NULL) == 0);
    CHECK(pthread_cond_init(&b->fake.changed, NULL) == 0);
    (void)snprintf(b->path, sizeof(b->path), "%s/sock", mm_test_dir());
    (void)snprintf(b->read_path, sizeof(b->read_path), "%s/read", mm_test_dir());
    b->listener[0] = (struct mm_eventd_listener){.fd = mm_eventd_listen_unix(b->path)};
    b->listener[1] =
        (struct mm_eventd_listener){.fd = mm_eventd_listen_unix(b->read_path), .read_only = true};
    CHECK(b->listener[0].fd >= 0 && b->listener[1].fd >= 0);
    CHECK(pipe2(b->stop, O_CLOEXEC) == 0);
    CHECK(pthread_create(&b->thread, NULL, serve, b) == 0);
}

static void bed_down(struct bed *b)
{
    CHECK(write(b->stop[1], "x", 1) == 1);
    CHECK(pthread_join(b->thread, NULL) == 0);
    for (int i = 0; i < 2; i++) {
        (void)close(b->listener[i].fd);
        (void)close(b->stop[i]);
    }
    (void)pthread_cond_destroy(&b->fake.changed);
    (void)pthread_mutex_destroy(&b->fake.lock);
}

static int dial(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
    CHECK(connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) == 0);
    return fd;
}

static void tell(int fd, const char *text)
{
    CHECK(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

struct reply {
    int status;
    bool whole;
    uint64_t exception;
    struct mm_buf body;
};

/* One answer, head and body; what is not whole says so. */
static void hear(int fd, struct reply *r)
{
    static uint8_t in[64 * 1024];
    struct mm_http1_head h;
    struct mm_http1_body b = {0};
    size_t n = 0, scan = 0, length = 0;
    bool head = false;

    *r = (struct reply){0};
    mm_buf_init(&r->body, 64 << 20);
    while (!r->whole) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t got;

        CHECK(poll(&p, 1, DEADLINE_MS) == 1);
        got = recv(fd, in + n, sizeof(in) - n, 0);
        if (got <= 0)
            return;
        n += (size_t)got;
        if (!head) {
            const struct mm_slice *e;

            if (mm_http1_head_end(mm_slice_of(in, n), &scan, &length, NULL) != MM_OK)
                continue;
            CHECK(mm_http1_head_parse(mm_slice_of(in, length), MM_HTTP1_RESPONSE, &h, NULL) ==
                  MM_OK);
            CHECK(mm_http1_body_init(&b, &h, 64 << 20, NULL) == MM_OK);
            r->status = h.status;
            e = mm_http1_field(&h, MM_S("X-ClickHouse-Exception-Code"));
            CHECK(e == NULL || mm_slice_u64(*e, &r->exception));
            memmove(in, in + length, n - length);
            n -= length;
            head = true;
        }
        for (size_t used = 1; n > 0 && used > 0 && !b.done;) {
            struct mm_slice piece;

            CHECK(mm_http1_body_next(&b, mm_slice_of(in, n), &used, &piece, NULL) == MM_OK);
            mm_buf_add(&r->body, piece);
            memmove(in, in + used, n - used);
            n -= used;
        }
        r->whole = b.done;
    }
}

/* Say, hear, and hold the answer against what is wanted; body may be NULL. */
static void expect(int fd, const char *request, int status, uint64_t exception, const char *body)
{
    struct reply r;

    tell(fd, request);
    hear(fd, &r);
    CHECK_NUM(r.status, status);
    CHECK_NUM(r.exception, exception);
    CHECK(r.whole);
    if (body != NULL)
        CHECK_SLICE(mm_buf_slice(&r.body), body);
    mm_buf_done(&r.body);
}

TEST(server_answers_on_one_connection_again_and_again)
{
    struct bed b;
    int fd;

    bed_up(&b, (struct mm_slice){0});
    fd = dial(b.path);
    expect(fd, "GET /ping HTTP/1.1\r\nHost: h\r\n\r\n", 200, 0, "Ok.\n");
    expect(fd, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\nSELECT 1", 200, 0,
           "SELECT 1");
    expect(fd, "GET /?query=SELECT%202 HTTP/1.1\r\nHost: h\r\n\r\n", 200, 0, "SELECT 2");
    expect(fd, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nfail x", 500, 243,
           "Code: 243. DB::Exception: no space\n");
    expect(fd,
           "POST /?query=INSERT+INTO+t+FORMAT+Native HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
           "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
           200, 0, "abcde");
    /* The next one's data are in the same file: nothing of these is behind them. */
    expect(fd,
           "POST /?query=INSERT+INTO+t+FORMAT+Native HTTP/1.1\r\nHost: h\r\nContent-Length: "
           "2\r\n\r\nxy",
           200, 0, "xy");
    CHECK_NUM(b.fake.inserts, 2);
    (void)close(fd);
    bed_down(&b);
}

TEST(server_streams_large_results_and_never_ends_a_torn_one)
{
    struct bed b;
    struct reply r;
    int fd;

    bed_up(&b, (struct mm_slice){0});
    fd = dial(b.path);
    tell(fd, "GET /?query=SELECT+stream HTTP/1.1\r\nHost: h\r\n\r\n");
    hear(fd, &r);
    CHECK(r.whole && r.status == 200);
    CHECK_NUM(r.body.n, PIECES * PIECE);
    mm_buf_done(&r.body);
    tell(fd, "GET /?query=SELECT+stream+torn HTTP/1.1\r\nHost: h\r\n\r\n");
    hear(fd, &r);
    CHECK(!r.whole && r.status == 200);
    CHECK(r.body.n > 0 && r.body.n < PIECES * PIECE);
    mm_buf_done(&r.body);
    (void)close(fd);
    bed_down(&b);
}

TEST(server_refuses_and_says_why)
{
    static const struct {
        const char *request;
        int status;
        uint64_t exception;
    } cases[] = {
        {"GET / HTTP/1.1\nHost: h\n\n", 400, 0},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         400, 0},
        {"GET /?max_threads=1 HTTP/1.1\r\nHost: h\r\n\r\n", 400, 0},
        {"GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n", 404, 0},
        {"DELETE / HTTP/1.1\r\nHost: h\r\n\r\n", 403, 0},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999999\r\n\r\n", 413, 0},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n", 413, 0},
        {"GET /?query=CREATE+TABLE+t HTTP/1.1\r\nHost: h\r\n\r\n", 500, 164},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\nKILL QUERY WHERE 1=1", 500, 48},
    };
    struct bed b;

    bed_up(&b, (struct mm_slice){0});
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        int fd = dial(b.path);

        if (cases[i].status == 413 && i == 6) {
            static char much[2000000];

            memset(much, ' ', sizeof(much));
            tell(fd, cases[i].request);
            CHECK(send(fd, much, sizeof(much), MSG_NOSIGNAL) == (ssize_t)sizeof(much));
            expect(fd, "", 413, 0, NULL);
        } else {
            expect(fd, cases[i].request, cases[i].status, cases[i].exception, NULL);
        }
        (void)close(fd);
    }
    CHECK_NUM(b.fake.inserts, 0);
    bed_down(&b);
}

TEST(server_lets_a_read_only_socket_only_read)
{
    struct bed b;
    struct stat st;
    int fd;

    bed_up(&b, (struct mm_slice){0});
    CHECK(stat(b.path, &st) == 0 && (st.st_mode & 0777) == 0600);
    fd = dial(b.read_path);
    expect(fd, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\nSELECT 1", 200, 0, NULL);
    expect(fd,
           "POST /?query=INSERT+INTO+t+FORMAT+Native HTTP/1.1\r\nHost: h\r\nContent-Length: "
           "1\r\n\r\nx",
           500, 164, NULL);
    CHECK_NUM(b.fake.inserts, 0);
    (void)close(fd);
    bed_down(&b);
}

TEST(server_asks_for_its_key)
{
    struct bed b;
    int fd;

    bed_up(&b, MM_S("0123456789abcdef"));
    fd = dial(b.path);
    expect(fd,
           "GET /?query=SELECT HTTP/1.1\r\nHost: h\r\nX-ClickHouse-Key: 0123456789abcdeg\r\n\r\n",
           401, 516, NULL);
    (void)close(fd);
    fd = dial(b.path);
    expect(fd,
           "GET /?query=SELECT HTTP/1.1\r\nHost: h\r\nX-ClickHouse-Key: 0123456789abcdef\r\n\r\n",
           200, 0, "SELECT");
    (void)close(fd);
    bed_down(&b);
}

static void wait_until_waiting(struct fake *f, unsigned n)
{
    (void)pthread_mutex_lock(&f->lock);
    while (f->waiting < n)
        (void)pthread_cond_wait(&f->changed, &f->lock);
    (void)pthread_mutex_unlock(&f->lock);
}

static void go(struct fake *f)
{
    (void)pthread_mutex_lock(&f->lock);
    f->go = true;
    (void)pthread_cond_broadcast(&f->changed);
    (void)pthread_mutex_unlock(&f->lock);
}

TEST(server_answers_a_kill_only_when_nothing_runs_and_lets_nothing_old_begin)
{
    static const char kill_a[] =
        "POST /?param_p=a- HTTP/1.1\r\nHost: h\r\nContent-Length: 54\r\n\r\n"
        "KILL QUERY WHERE startsWith(query_id, {p:String}) SYNC";
    static const char data[] = "&query=INSERT+INTO+t+SELECT+wait+FORMAT+Native HTTP/1.1\r\nHost: "
                               "h\r\nContent-Length: 1\r\n\r\n";
    struct bed b;
    struct reply r;
    struct pollfd p;
    int first, second, killer;

    bed_up(&b, (struct mm_slice){0});
    first = dial(b.path);
    second = dial(b.path);
    tell(first, "POST /?query_id=a-1");
    tell(first, data);
    tell(first, "x");
    /* The second has sent its head but not its data: it may not begin after the kill. */
    tell(second, "POST /?query_id=a-2");
    tell(second, data);
    wait_until_waiting(&b.fake, 1);
    killer = dial(b.path);
    tell(killer, kill_a);
    p = (struct pollfd){.fd = killer, .events = POLLIN};
    CHECK_NUM(poll(&p, 1, 200), 0);
    go(&b.fake);
    expect(killer, "", 200, 0, "finished\n");
    tell(second, "x");
    hear(second, &r);
    CHECK_NUM(r.exception, 394);
    mm_buf_done(&r.body);
    CHECK_NUM(b.fake.inserts, 1);
    /* Whoever came with or after the killer may use the name again. */
    expect(killer,
           "POST /?query_id=a-3&query=INSERT+INTO+t+FORMAT+Native HTTP/1.1\r\nHost: "
           "h\r\nContent-Length: 1\r\n\r\ny",
           200, 0, "y");
    (void)close(first);
    (void)close(second);
    (void)close(killer);
    bed_down(&b);
}

TEST(server_survives_peers_that_leave_in_the_middle)
{
    static const char *const starts[] = {
        "GET /", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nSELECT",
        "POST /?query=INSERT+INTO+t+FORMAT+Native HTTP/1.1\r\nHost: h\r\nContent-Length: "
        "9\r\n\r\nxx",
        "GET /?query=SELECT+stream HTTP/1.1\r\nHost: h\r\n\r\n"};
    struct bed b;
    int fd;

    bed_up(&b, (struct mm_slice){0});
    for (int round = 0; round < 10; round++) {
        for (size_t i = 0; i < MM_COUNT(starts); i++) {
            fd = dial(b.path);
            tell(fd, starts[i]);
            (void)close(fd);
        }
    }
    fd = dial(b.path);
    expect(fd, "GET /ping HTTP/1.1\r\nHost: h\r\n\r\n", 200, 0, "Ok.\n");
    CHECK_NUM(b.fake.inserts, 0);
    (void)close(fd);
    bed_down(&b);
}

TEST(lanes_leave_one_for_the_others)
{
    struct mm_lanes l;
    unsigned a, c;

    mm_lanes_init(&l, MM_STORE_LANE_READ + 2);
    CHECK(mm_lanes_take_read(&l, 1, 0, &a) == MM_OK);
    CHECK(mm_lanes_take_read(&l, 1, 1, &c) == MM_E_BUSY);
    CHECK(mm_lanes_take_read(&l, 2, 0, &c) == MM_OK);
    CHECK(a != c);
    mm_lanes_give(&l, a);
    CHECK(mm_lanes_take_read(&l, 1, 0, &a) == MM_OK);
    CHECK(mm_lanes_take(&l, MM_STORE_LANE_INSERT, 0) == MM_OK);
    CHECK(mm_lanes_take(&l, MM_STORE_LANE_INSERT, 1) == MM_E_BUSY);
    mm_lanes_give(&l, MM_STORE_LANE_INSERT);
    mm_lanes_give(&l, a);
    mm_lanes_give(&l, c);
    CHECK_NUM(l.waiting_n, 0);
    mm_lanes_done(&l);
}
