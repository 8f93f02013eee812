/* web/http_test.c - promises of web/http.h and web/guard.h, seen from raw sockets. */
#include "web/http.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "tests/harness/test.h"
#include "web/listen.h"
#include "web/tls.h"

enum { READ_MS = 5000, ANSWER_MAX = 256 * 1024 };

struct site {
    struct mm_http *http;
    atomic_int handled, done, streams_ended;
    uint64_t part_bytes;
};

static size_t count_down(void *ctx, uint8_t *to, size_t size)
{
    int *left = ctx;

    (void)size;
    if (*left == 0)
        return 0;
    (*left)--;
    memcpy(to, "tick\n", 5);
    return 5;
}

static size_t tick_until_stopped(void *ctx, uint8_t *to, size_t size)
{
    struct site *site = ctx;

    (void)size;
    if (mm_http_stopping(site->http))
        return 0;
    (void)poll(NULL, 0, 20);
    memcpy(to, ": quiet\n", 8);
    return 8;
}

static void forget(void *ctx)
{
    (void)ctx;
}

static void stream_over(void *ctx)
{
    struct site *site = ctx;

    atomic_fetch_add(&site->streams_ended, 1);
}

static void head(void *user, struct mm_http_req *req)
{
    struct site *site = user;
    struct mm_slice token;

    if (mm_slice_eq(req->path, MM_S("/echo")))
        req->body_max = 100000;
    if (mm_slice_eq(req->path, MM_S("/eat"))) {
        req->body_max = UINT64_C(1) << 32;
        req->streamed = true;
        site->part_bytes = 0;
    }
    if (mm_slice_eq(req->path, MM_S("/secret")) &&
        !(mm_http_bearer(req, &token) && mm_slice_eq(token, MM_S("letmein"))))
        mm_http_text(req, 401, "who are you\n");
}

static bool part(void *user, struct mm_http_req *req, struct mm_slice bytes)
{
    struct site *site = user;

    if (mm_slice_search(bytes, MM_S("poison")) != SIZE_MAX) {
        mm_http_text(req, 400, "poisoned\n");
        return false;
    }
    site->part_bytes += bytes.n;
    return true;
}

static void handle(void *user, struct mm_http_req *req)
{
    struct site *site = user;
    struct mm_buf *out;
    struct mm_slice cookie;

    atomic_fetch_add(&site->handled, 1);
    if (mm_slice_eq(req->path, MM_S("/echo"))) {
        mm_buf_add(mm_http_reply(req, 200, "application/octet-stream"), req->body);
    } else if (mm_slice_eq(req->path, MM_S("/eat"))) {
        out = mm_http_reply(req, 200, "text/plain");
        mm_buf_fmt(out, "ate %llu\n", (unsigned long long)site->part_bytes);
    } else if (mm_slice_eq(req->path, MM_S("/stream"))) {
        int *left = mm_arena_alloc(&req->arena, sizeof(*left));

        *left = 3;
        mm_http_stream(req, 200, "text/event-stream", count_down, forget, left);
    } else if (mm_slice_eq(req->path, MM_S("/endless"))) {
        mm_http_stream(req, 200, "text/event-stream", tick_until_stopped, stream_over, site);
    } else if (mm_slice_eq(req->path, MM_S("/cookie"))) {
        out = mm_http_reply(req, 200, "text/plain");
        mm_buf_add(out, mm_http_cookie(req, "s", &cookie) ? cookie : MM_S("none"));
    } else if (mm_slice_eq(req->path, MM_S("/go"))) {
        mm_http_set(req, "Set-Cookie", "a=1");
        mm_http_set(req, "Set-Cookie", "b=2");
        mm_http_redirect(req, "/elsewhere");
    } else {
        out = mm_http_reply(req, 200, "text/plain");
        mm_buf_add(out, req->path);
        mm_buf_str(out, "|");
        mm_buf_add(out, req->query);
    }
}

static void done(void *user, struct mm_http_req *req, bool whole)
{
    struct site *site = user;

    (void)req, (void)whole;
    atomic_fetch_add(&site->done, 1);
}

static void site_open(struct site *site, const struct mm_http_cfg *more)
{
    struct mm_http_cfg cfg = *more;
    const struct mm_http_handler h = {
        .user = site, .head = head, .part = part, .handle = handle, .done = done};
    struct mm_fault fault = {0};

    if (cfg.listen == NULL)
        cfg.listen = "127.0.0.1:0";
    CHECK_NUM(mm_http_start(&cfg, &h, &site->http, &fault), MM_OK);
}

/* From 127.0.0.`from`. */
static int dial_from(const struct site *site, uint8_t from)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(mm_http_port(site->http))};
    struct sockaddr_in own = {.sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + from)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval tv = {.tv_sec = READ_MS / 1000};

    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(fd >= 0);
    CHECK(bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
    CHECK(connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0);
    return fd;
}

static int dial(const struct site *site)
{
    return dial_from(site, 1);
}

static void put(int fd, struct mm_slice s)
{
    CHECK(send(fd, s.p, s.n, MSG_NOSIGNAL) == (ssize_t)s.n);
}

/* All that comes until the other side closes. */
static struct mm_slice slurp(int fd)
{
    static uint8_t answer[ANSWER_MAX];
    size_t n = 0;

    for (;;) {
        ssize_t got = recv(fd, answer + n, sizeof(answer) - n, 0);

        if (got < 0 && errno == ECONNRESET)
            break;
        CHECK(got >= 0);
        if (got == 0)
            break;
        n += (size_t)got;
        CHECK(n < sizeof(answer));
    }
    (void)close(fd);
    return mm_slice_of(answer, n);
}

static struct mm_slice ask(const struct site *site, struct mm_slice request)
{
    int fd = dial(site);

    put(fd, request);
    return slurp(fd);
}

static size_t count(struct mm_slice in, struct mm_slice what)
{
    size_t n = 0, at;

    while ((at = mm_slice_search(in, what)) != SIZE_MAX) {
        n++;
        in = mm_slice_sub(in, at + what.n, SIZE_MAX);
    }
    return n;
}

#define HAS(in, lit) (mm_slice_search((in), MM_S(lit)) != SIZE_MAX)
#define CLOSE "Host: t\r\nConnection: close\r\n"
#define KEEP "Host: t\r\n"

TEST(http_answers_with_security_headers)
{
    struct site site = {0};
    struct mm_slice a;

    site_open(&site, &(struct mm_http_cfg){0});
    a = ask(&site, MM_S("GET /a%20b?x=1 HTTP/1.1\r\n" CLOSE "\r\n"));
    CHECK(mm_slice_starts(a, MM_S("HTTP/1.1 200 ")));
    CHECK(HAS(a, "default-src 'none'") && HAS(a, "frame-ancestors 'none'"));
    CHECK(!HAS(a, "unsafe-inline") && HAS(a, "nosniff") && HAS(a, "no-store"));
    CHECK(HAS(a, "Referrer-Policy") && HAS(a, "Permissions-Policy"));
    CHECK(!HAS(a, "Strict-Transport-Security")); /* plain HTTP */
    CHECK(mm_slice_ends(a, MM_S("/a b|x=1")));
    a = ask(&site, MM_S("HEAD /a HTTP/1.1\r\n" CLOSE "\r\n"));
    CHECK(HAS(a, "Content-Length: 3") && mm_slice_ends(a, MM_S("\r\n\r\n")));
    a = ask(&site, MM_S("GET /go HTTP/1.1\r\n" CLOSE "\r\n"));
    CHECK(HAS(a, " 303 ") && HAS(a, "Location: /elsewhere") && HAS(a, "a=1") && HAS(a, "b=2"));
    mm_http_stop(&site.http);
    CHECK_NUM(atomic_load(&site.done), 3);
}

TEST(http_refuses_smuggling_in_the_first_request)
{
    static const struct {
        struct mm_slice in;
        const char *what;
    } cases[] = {
        {MM_S_INIT("POST /echo HTTP/1.1\r\n" KEEP
                   "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
         "http.length_and_encoding"},
        {MM_S_INIT("POST /echo HTTP/1.1\r\n" KEEP "Content-Length: 4\r\nContent-Length: 5\r\n\r\n"
                   "abcde"),
         "http.two_lengths"},
        {MM_S_INIT("POST /echo HTTP/1.1\r\n" KEEP "Content-Length: 4\nX: y\r\n\r\nabcd"),
         "http.bare_lf"},
        {MM_S_INIT("GET /a HTTP/1.1\r\n" KEEP "X: y\r\n Content-Length: 4\r\n\r\n"), "http.folded"},
        {MM_S_INIT("GET /a HTTP/1.1\r\n" KEEP "X : y\r\n\r\n"), "http.field_name"},
    };
    struct site site = {0};

    site_open(&site, &(struct mm_http_cfg){0});
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_slice a = ask(&site, cases[i].in);

        CHECK(mm_slice_starts(a, MM_S("HTTP/1.1 400 ")));
        CHECK(mm_slice_search(a, mm_slice_str(cases[i].what)) != SIZE_MAX);
    }
    mm_http_stop(&site.http);
    CHECK_NUM(atomic_load(&site.handled), 0);
}

TEST(http_refuses_smuggling_in_a_pipelined_request)
{
    struct site site = {0};
    struct mm_slice a;
    int fd;

    site_open(&site, &(struct mm_http_cfg){0});
    a = ask(&site, MM_S("GET /one HTTP/1.1\r\n" KEEP "\r\n"
                        "POST /echo HTTP/1.1\r\n" KEEP "Content-Length: 2\r\n\r\nok"
                        "POST /echo HTTP/1.1\r\n" KEEP
                        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                        "GET /three HTTP/1.1\r\n" KEEP "\r\n"));
    CHECK_NUM(count(a, MM_S("HTTP/1.1 200 ")), 2);
    CHECK_NUM(count(a, MM_S("HTTP/1.1 400 ")), 1);
    CHECK(HAS(a, "http.length_and_encoding") && !HAS(a, "/three"));
    CHECK_NUM(atomic_load(&site.handled), 2);
    /* The same, but the second request comes after the answer to the first. */
    fd = dial(&site);
    put(fd, MM_S("GET /one HTTP/1.1\r\n" KEEP "\r\n"));
    while (atomic_load(&site.done) < 3)
        (void)poll(NULL, 0, 2);
    put(fd, MM_S("GET /two HTTP/1.1\n\n"));
    a = slurp(fd);
    CHECK(HAS(a, "/one|") && HAS(a, "http.bare_lf") && !HAS(a, "/two|"));
    mm_http_stop(&site.http);
}

TEST(http_reads_heads_and_bodies_torn_anywhere)
{
    static const char whole[] = "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n"
                                "\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
                                "GET /last HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";
    struct site site = {0};
    struct mm_slice a;
    int fd;

    site_open(&site, &(struct mm_http_cfg){0});
    fd = dial(&site);
    for (size_t i = 0; i < sizeof(whole) - 1; i++)
        put(fd, mm_slice_of(whole + i, 1));
    a = slurp(fd);
    CHECK(HAS(a, "hello world") && HAS(a, "/last|"));
    mm_http_stop(&site.http);
}

TEST(http_bounds_bodies_and_streams_them)
{
    struct site site = {0};
    struct mm_slice a;
    static uint8_t block[65536];
    int fd;

    site_open(&site, &(struct mm_http_cfg){0});
    a = ask(&site, MM_S("POST /echo HTTP/1.1\r\n" CLOSE "Content-Length: 100001\r\n\r\n"));
    CHECK(HAS(a, " 413 "));
    a = ask(&site, MM_S("POST /none HTTP/1.1\r\n" CLOSE "Content-Length: 1\r\n\r\nx"));
    CHECK(HAS(a, " 413 "));
    a = ask(&site, MM_S("POST /secret HTTP/1.1\r\n" CLOSE "Content-Length: 9\r\n\r\nx"));
    CHECK(HAS(a, " 401 "));
    a = ask(&site, MM_S("GET /secret HTTP/1.1\r\n" CLOSE "Authorization: bearer letmein\r\n\r\n"));
    CHECK(HAS(a, " 200 "));
    a = ask(&site, MM_S("GET /secret HTTP/1.1\r\n" CLOSE "Authorization: Bearer letmein\r\n"
                        "Authorization: Bearer other\r\n\r\n"));
    CHECK(HAS(a, " 401 "));
    memset(block, 'x', sizeof(block));
    fd = dial(&site);
    put(fd, MM_S("POST /eat HTTP/1.1\r\n" CLOSE "Content-Length: 6553600\r\n\r\n"));
    for (int i = 0; i < 100; i++)
        put(fd, mm_slice_of(block, sizeof(block)));
    a = slurp(fd);
    CHECK(HAS(a, "ate 6553600\n"));
    a = ask(&site, MM_S("POST /eat HTTP/1.1\r\n" CLOSE "Transfer-Encoding: chunked\r\n\r\n"
                        "6\r\npoison\r\n4\r\nmore\r\n0\r\n\r\n"));
    CHECK(HAS(a, " 400 ") && HAS(a, "poisoned"));
    mm_http_stop(&site.http);
}

TEST(http_refuses_paths_with_two_spellings)
{
    static const char *const bad[] = {"//a",  "/a//b", "/a/../b",   "/./a", "/a%2f..%2fb",
                                      "/%00", "/%ff",  "/a%0d%0ab", "/a%"};
    struct site site = {0};

    site_open(&site, &(struct mm_http_cfg){0});
    for (size_t i = 0; i < MM_COUNT(bad); i++) {
        char req[128];

        (void)snprintf(req, sizeof(req), "GET %s HTTP/1.1\r\n" CLOSE "\r\n", bad[i]);
        CHECK(mm_slice_starts(ask(&site, mm_slice_str(req)), MM_S("HTTP/1.1 400 ")));
    }
    CHECK_NUM(atomic_load(&site.handled), 0);
    mm_http_stop(&site.http);
}

TEST(http_cookie_counts_only_when_it_stands_once)
{
    struct site site = {0};

    site_open(&site, &(struct mm_http_cfg){0});
    CHECK(HAS(ask(&site, MM_S("GET /cookie HTTP/1.1\r\n" CLOSE "Cookie: a=b; s=42; c\r\n\r\n")),
              "\r\n\r\n42"));
    CHECK(
        HAS(ask(&site, MM_S("GET /cookie HTTP/1.1\r\n" CLOSE "Cookie: s=1; s=2\r\n\r\n")), "none"));
    CHECK(
        HAS(ask(&site, MM_S("GET /cookie HTTP/1.1\r\n" CLOSE "Cookie: s=1\r\nCookie: s=2\r\n\r\n")),
            "none"));
    mm_http_stop(&site.http);
}

TEST(http_streams_and_stops_in_time)
{
    struct site site = {0};
    struct mm_slice a;
    uint8_t some[512];
    int64_t begun;
    int fd;

    site_open(&site, &(struct mm_http_cfg){0});
    a = ask(&site, MM_S("GET /stream HTTP/1.1\r\n" CLOSE "\r\n"));
    CHECK_NUM(count(a, MM_S("tick\n")), 3);
    fd = dial(&site);
    put(fd, MM_S("GET /endless HTTP/1.1\r\n" KEEP "\r\n"));
    CHECK(recv(fd, some, sizeof(some), 0) > 0);
    begun = mm_mono_us();
    mm_http_stop(&site.http);
    CHECK(mm_mono_us() - begun < 3 * MM_US_PER_S);
    CHECK_NUM(atomic_load(&site.streams_ended), 1);
    (void)close(fd);
}

TEST(http_notices_that_a_stream_reader_has_gone)
{
    struct site site = {0};
    uint8_t some[512];
    int fd;

    site_open(&site, &(struct mm_http_cfg){0});
    fd = dial(&site);
    put(fd, MM_S("GET /endless HTTP/1.1\r\n" KEEP "\r\n"));
    CHECK(recv(fd, some, sizeof(some), 0) > 0);
    (void)close(fd);
    for (int i = 0; i < 500 && atomic_load(&site.streams_ended) == 0; i++)
        (void)poll(NULL, 0, 10);
    CHECK_NUM(atomic_load(&site.streams_ended), 1);
    mm_http_stop(&site.http);
}

TEST(http_drops_slow_heads_and_serves_others_meanwhile)
{
    struct site site = {0};
    enum { SLOW = 40 };
    int slow[SLOW];
    int64_t begun = mm_mono_us();

    site_open(&site, &(struct mm_http_cfg){.conns_max = 16, .peer_max = 100, .head_ms = 600});
    for (int i = 0; i < SLOW; i++) {
        slow[i] = dial(&site);
        put(slow[i], MM_S("GET / HTTP/1.1\r\nHost: t\r\nX: "));
    }
    /* 40 slow heads hold 16 places: the oldest make way. */
    CHECK(HAS(ask(&site, MM_S("GET /here HTTP/1.1\r\n" CLOSE "\r\n")), "/here|"));
    CHECK(mm_mono_us() - begun < 600 * 1000);
    for (int i = 0; i < SLOW; i++)
        CHECK(!HAS(slurp(slow[i]), " 200 "));
    CHECK(mm_mono_us() - begun < 5 * MM_US_PER_S);
    mm_http_stop(&site.http);
}

TEST(http_drops_bodies_that_crawl)
{
    struct site site = {0};
    int64_t begun = mm_mono_us();
    int fd;

    site_open(&site, &(struct mm_http_cfg){.pace_ms = 400});
    fd = dial(&site);
    put(fd, MM_S("POST /echo HTTP/1.1\r\n" KEEP "Content-Length: 5000\r\n\r\nabc"));
    CHECK_NUM(slurp(fd).n, 0);
    CHECK(mm_mono_us() - begun < 4 * MM_US_PER_S);
    mm_http_stop(&site.http);
}

TEST(http_bounds_connections_of_one_address)
{
    struct site site = {0};
    int fd[3], over;

    site_open(&site, &(struct mm_http_cfg){.peer_max = 3});
    for (int i = 0; i < 3; i++) {
        fd[i] = dial(&site);
        put(fd[i], MM_S("GET /endless HTTP/1.1\r\n" KEEP "\r\n"));
    }
    while (atomic_load(&site.handled) < 3)
        (void)poll(NULL, 0, 2);
    over = dial(&site);
    CHECK_NUM(slurp(over).n, 0);
    for (int i = 0; i < 3; i++)
        (void)close(fd[i]);
    mm_http_stop(&site.http);
}

TEST(http_lets_nobody_keep_all_places)
{
    enum { PLACES = 8 };
    struct site site = {0};
    int fd[PLACES], other;

    site_open(&site, &(struct mm_http_cfg){.conns_max = PLACES});
    for (int i = 0; i < PLACES; i++) { /* whole requests, whose answers never end */
        fd[i] = dial(&site);
        put(fd[i], MM_S("GET /endless HTTP/1.1\r\n" KEEP "\r\n"));
    }
    while (atomic_load(&site.handled) < PLACES)
        (void)poll(NULL, 0, 2);
    CHECK_NUM(slurp(dial(&site)).n, 0); /* one more of the same address */
    other = dial_from(&site, 2);
    put(other, MM_S("GET /here HTTP/1.1\r\n" CLOSE "\r\n"));
    CHECK(HAS(slurp(other), "/here|"));
    CHECK(atomic_load(&site.handled) == PLACES + 1);
    for (int i = 0; i < PLACES; i++)
        (void)close(fd[i]);
    mm_http_stop(&site.http);
}

TEST(http_refuses_plain_on_public_addresses_and_wrong_configuration)
{
    static const struct {
        struct mm_http_cfg cfg;
        const char *what;
    } cases[] = {
        {{.listen = "0.0.0.0:0"}, "http.plain_remote"},
        {{.listen = "[::]:0"}, "http.plain_remote"},
        {{.listen = "localhost:1"}, "http.listen"},
        {{.listen = "127.0.0.1:65536"}, "http.listen"},
        {{.listen = "::1:80"}, "http.listen"},
        {{.listen = "127.0.0.1:0", .cert_path = "/nowhere"}, "http.cert_and_key"},
        {{.listen = "127.0.0.1:0", .cert_path = "/nowhere", .key_path = "/nowhere"}, "tls.cert"},
    };
    const struct mm_http_handler h = {.handle = handle};

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_http *http = NULL;
        struct mm_fault fault = {0};

        CHECK_NUM(mm_http_start(&cases[i].cfg, &h, &http, &fault), MM_E_CONFIG);
        CHECK_SLICE(mm_slice_str(fault.what), cases[i].what);
        CHECK(http == NULL);
    }
}

static void in_dir(char path[256], const char *name)
{
    (void)snprintf(path, 256, "%s/%s", mm_test_dir(), name);
}

static SSL *tls_dial(const struct site *site, SSL_CTX *ctx, int *ret_fd)
{
    SSL *ssl = SSL_new(ctx);

    *ret_fd = dial(site);
    CHECK(ssl != NULL && SSL_set_fd(ssl, *ret_fd) == 1);
    CHECK(SSL_set1_host(ssl, "localhost") == 1);
    CHECK(SSL_connect(ssl) == 1);
    return ssl;
}

static struct mm_slice tls_slurp(SSL *ssl)
{
    static char answer[65536];
    size_t n = 0;
    int got;

    while ((got = SSL_read(ssl, answer + n, (int)(sizeof(answer) - n))) > 0)
        n += (size_t)got;
    return mm_slice_of(answer, n);
}

TEST(http_guards_framing_inside_tls_too)
{
    static const char smuggled[] = "GET /one HTTP/1.1\r\n" KEEP "\r\nPOST /echo HTTP/1.1\r\n" KEEP
                                   "Content-Length: 4\r\nContent-Length: 5\r\n\r\n";
    char cert[256], key[256];
    struct site site = {0};
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl;
    struct mm_slice a;
    int fd;

    in_dir(cert, "cert.pem");
    in_dir(key, "key.pem");
    CHECK_NUM(mm_tls_self_signed(cert, key, "portal.example"), MM_OK);
    CHECK_NUM(mm_tls_self_signed(cert, key, "portal.example"), MM_E_EXISTS);
    site_open(&site, &(struct mm_http_cfg){.cert_path = cert, .key_path = key});
    /* The client trusts nothing but this certificate, and checks the name. */
    CHECK(SSL_CTX_load_verify_file(ctx, cert) == 1);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    ssl = tls_dial(&site, ctx, &fd);
    CHECK(SSL_write(ssl, smuggled, sizeof(smuggled) - 1) == (int)sizeof(smuggled) - 1);
    a = tls_slurp(ssl);
    CHECK(HAS(a, "/one|") && HAS(a, "http.two_lengths") && HAS(a, "Strict-Transport-Security"));
    SSL_free(ssl);
    (void)close(fd);
    /* Plain bytes at the TLS port get nothing. */
    CHECK(!HAS(ask(&site, MM_S("GET /a HTTP/1.1\r\n" CLOSE "\r\n")), "HTTP/1.1"));
    mm_http_stop(&site.http);
    SSL_CTX_free(ctx);
}
