/* store/events/client_test.c - what client.h and exactly_once.h promise, against scripted peers. */
#include "store/events/client.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "codec/http1.h"
#include "store/events/exactly_once.h"
#include "tests/harness/test.h"

enum { CONNECTIONS_MAX = 8, ANSWERS_MAX = 8 };

/* What the peer does on each connection: the answers to give, then it closes. */
struct script {
    const char *answer[CONNECTIONS_MAX][ANSWERS_MAX];
    int listener;
    char address[160];
    struct mm_buf seen; /* all requests */
    pthread_t thread;
};

#define WHOLE(text, n) "HTTP/1.1 200 OK\r\nContent-Length: " n "\r\n\r\n" text
#define FAILED(code)                                                                               \
    "HTTP/1.1 500 X\r\nX-ClickHouse-Exception-Code: " code "\r\nContent-Length: 3\r\n\r\nbad"

/* One request, its body included; false when the client has closed. */
static bool hear(struct script *s, int fd)
{
    static uint8_t in[1 << 16];
    struct mm_http1_head h;
    struct mm_http1_body b;
    size_t n = 0, scan = 0, length;

    for (;;) {
        ssize_t got = recv(fd, in + n, sizeof(in) - n, 0);

        if (got <= 0)
            return false;
        n += (size_t)got;
        if (mm_http1_head_end(mm_slice_of(in, n), &scan, &length, NULL) == MM_OK)
            break;
    }
    CHECK(mm_http1_head_parse(mm_slice_of(in, length), MM_HTTP1_REQUEST, &h, NULL) == MM_OK);
    CHECK(mm_http1_body_init(&b, &h, 1 << 20, NULL) == MM_OK);
    while (!b.done && n - length < h.length) {
        ssize_t got = recv(fd, in + n, sizeof(in) - n, 0);

        if (got <= 0)
            return false;
        n += (size_t)got;
    }
    mm_buf_add(&s->seen, mm_slice_of(in, n));
    return true;
}

static void *play(void *arg)
{
    struct script *s = arg;

    for (int c = 0; c < CONNECTIONS_MAX && s->answer[c][0] != NULL; c++) {
        int fd = accept(s->listener, NULL, NULL);

        for (int i = 0; i < ANSWERS_MAX && s->answer[c][i] != NULL; i++) {
            size_t n = strlen(s->answer[c][i]);

            if (!hear(s, fd))
                break;
            CHECK(send(fd, s->answer[c][i], n, MSG_NOSIGNAL) == (ssize_t)n);
        }
        (void)shutdown(fd, SHUT_WR);
        (void)close(fd);
    }
    return NULL;
}

static struct mm_events_client *begin(struct script *s)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    struct mm_events_client *client;

    mm_buf_init(&s->seen, 1 << 20);
    (void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/peer", mm_test_dir());
    (void)snprintf(s->address, sizeof(s->address), "unix:%s", sa.sun_path);
    s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(s->listener, (const struct sockaddr *)&sa, sizeof(sa)) == 0);
    CHECK(listen(s->listener, 8) == 0);
    CHECK(pthread_create(&s->thread, NULL, play, s) == 0);
    CHECK(mm_events_new(mm_slice_str(s->address), 5000, &client) == MM_OK);
    return client;
}

static void end(struct script *s, struct mm_events_client *client)
{
    mm_events_free(&client);
    CHECK(pthread_join(s->thread, NULL) == 0);
    (void)close(s->listener);
    mm_buf_done(&s->seen);
}

static enum mm_code to_text(void *ctx, struct mm_slice piece)
{
    mm_buf_add(ctx, piece);
    return MM_OK;
}

static enum mm_code ask(struct mm_events_client *c, struct mm_buf *out,
                        struct mm_events_answer *answer)
{
    mm_buf_reset(out);
    return mm_events_sql(c, MM_S("SELECT 1"), "TSV", NULL, 0, to_text, out, answer);
}

TEST(client_asks_again_when_a_kept_connection_was_closed)
{
    static struct script s = {.answer = {{WHOLE("1", "1")}, {WHOLE("2", "1"), WHOLE("3", "1")}}};
    struct mm_events_client *c = begin(&s);
    struct mm_events_answer answer;
    struct mm_buf out;

    mm_buf_init(&out, 100);
    for (int i = 1; i <= 3; i++) {
        CHECK(ask(c, &out, &answer) == MM_OK);
        CHECK_NUM(out.n, 1);
        CHECK_NUM(out.p[0], '0' + i);
    }
    mm_buf_done(&out);
    end(&s, c);
}

TEST(client_never_takes_a_torn_result_for_a_whole_one)
{
    static struct script s = {
        .answer = {{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart"},
                   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n"},
                   {"HTTP/1.1 200 OK\r\n\r\nuntil close"},
                   {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx"}}};
    struct mm_events_client *c = begin(&s);
    struct mm_events_answer answer;
    struct mm_buf out;

    mm_buf_init(&out, 100);
    for (int i = 0; i < 4; i++)
        CHECK(ask(c, &out, &answer) == MM_E_IO);
    mm_buf_done(&out);
    end(&s, c);
}

TEST(client_tells_refusals_apart)
{
    static const struct {
        const char *answer;
        enum mm_code code;
        int exception;
    } cases[] = {
        {FAILED("243"), MM_E_FULL, 243},
        {FAILED("241"), MM_E_NOMEM, 241},
        {FAILED("202"), MM_E_BUSY, 202},
        {FAILED("60"), MM_E_CONFIG, 60},
        {FAILED("469"), MM_E_SYNTAX, 469},
        {"HTTP/1.1 413 X\r\nContent-Length: 3\r\n\r\nbad", MM_E_BUG, 0},
    };
    static struct script s;
    struct mm_events_client *c;
    struct mm_events_answer answer;
    struct mm_buf out;

    for (size_t i = 0; i < MM_COUNT(cases); i++)
        s.answer[0][i] = cases[i].answer;
    c = begin(&s);
    mm_buf_init(&out, 100);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        CHECK_NUM(ask(c, &out, &answer), cases[i].code);
        CHECK_NUM(answer.exception, cases[i].exception);
        CHECK_SLICE(mm_slice_of(answer.text, answer.text_n), "bad");
        CHECK_NUM(out.n, 0);
    }
    mm_buf_done(&out);
    end(&s, c);
}

static void refused(void *ctx, uint64_t seq, struct mm_slice why)
{
    (void)seq, (void)why;
    ++*(int *)ctx;
}

TEST(once_settles_before_it_tries_again_and_then_asks_for_what_is_missing)
{
    /* The first insert is answered by nobody; then the kill, then the second insert. */
    static struct script s = {.answer = {{""}, {WHOLE("", "0"), WHOLE("", "0")}}};
    struct mm_events_client *c = begin(&s);
    struct mm_slice block = MM_S("rows"), seen;
    struct mm_once once;
    size_t insert, kill, missing;
    int n = 0;

    mm_once_init(&once, MM_ET_EVENTS, 1, 10, 20, &block, 1, false);
    CHECK(mm_once_step(&once, c, refused, &n) == MM_E_BUSY);
    CHECK(mm_once_step(&once, c, refused, &n) == MM_OK);
    CHECK_NUM(n, 0);
    seen = mm_buf_slice(&s.seen);
    insert = mm_slice_search(seen, MM_S("query_id=mimamori-events-1-10-20-0"));
    /* Of the whole queue: an earlier process may have cut at other positions. */
    kill = mm_slice_search(seen, MM_S("param_prefix=mimamori-events-1- "));
    missing = mm_slice_search(seen, MM_S("query_id=mimamori-events-1-10-20-1"));
    CHECK(insert < kill && kill < missing && missing != SIZE_MAX);
    CHECK(mm_slice_search(mm_slice_sub(seen, missing, SIZE_MAX), MM_S("NOT%20IN")) != SIZE_MAX);
    end(&s, c);
}

TEST(once_never_blames_rows_for_a_store_that_is_not_the_right_one)
{
    static struct script s = {.answer = {{FAILED("60")},
                                         {WHOLE("", "0"), FAILED("60")},
                                         {WHOLE("", "0"), FAILED("60")},
                                         {WHOLE("", "0"), FAILED("60")},
                                         {WHOLE("", "0"), FAILED("60")},
                                         {WHOLE("", "0"), FAILED("60")},
                                         {WHOLE("", "0"), FAILED("60")}}};
    struct mm_events_client *c = begin(&s);
    struct mm_slice block = MM_S("rows");
    struct mm_once once;
    int n = 0;

    mm_once_init(&once, MM_ET_EVENTS, 1, 10, 20, &block, 1, false);
    for (int i = 0; i < 7; i++)
        CHECK(mm_once_step(&once, c, refused, &n) == MM_E_BUSY);
    CHECK_NUM(n, 0);
    end(&s, c);
}
