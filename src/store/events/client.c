/* store/events/client.c - see client.h for the contract. */
#include "store/events/client.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/rd.h"
#include "base/time.h"
#include "codec/http1.h"
#include "codec/url.h"

enum {
    RECEIVE_BYTES = 64 * 1024,
    /* A result is streamed to the caller, who stops when it is too much; this only ends a peer
     * that never stops. */
    RESULT_MAX_LOG2 = 40,
    HOST_MAX = 64, /* a numeric address */
    KEY_MAX = 128,
};

struct mm_events_client {
    struct mm_slice address; /* after "unix:" or "tcp:"; own copy */
    bool tcp;
    bool reused; /* this connection has carried a call before */
    int fd;      /* -1: not connected */
    int timeout_ms;
    size_t key_n;
    char key[KEY_MAX];
    struct mm_buf head;
    size_t in_n;
    uint8_t in[RECEIVE_BYTES];
};

/* One call on its way. */
struct call {
    struct mm_events_client *c;
    struct mm_events_answer *answer;
    mm_events_sink *sink;
    void *ctx;
    const struct mm_slice *body;
    size_t body_n;
    bool sent;      /* at least one byte of it may have reached the peer */
    bool reused;    /* on a connection that had carried a call before */
    bool delivered; /* the sink has had a piece */
};

enum mm_code mm_events_new(struct mm_slice address, int timeout_ms, struct mm_events_client **ret)
{
    struct mm_events_client *c;
    bool tcp = mm_slice_starts(address, MM_S("tcp:"));
    uint8_t *copy;

    MM_ASSERT(ret != NULL && timeout_ms > 0);
    if (!tcp && !mm_slice_starts(address, MM_S("unix:")))
        return MM_E_CONFIG;
    address = mm_slice_sub(address, tcp ? 4 : 5, SIZE_MAX);
    if (address.n == 0 || address.n > MM_COUNT(((struct sockaddr_un *)0)->sun_path) - 1 ||
        mm_slice_find(address, 0, 0) != SIZE_MAX)
        return MM_E_CONFIG;
    c = malloc(sizeof(*c));
    copy = malloc(address.n);
    if (c == NULL || copy == NULL) {
        free(c);
        free(copy);
        return MM_E_NOMEM;
    }
    memcpy(copy, address.p, address.n);
    c->address = mm_slice_of(copy, address.n);
    c->tcp = tcp;
    c->reused = false;
    c->fd = -1;
    c->timeout_ms = timeout_ms;
    c->key_n = 0;
    c->in_n = 0;
    mm_buf_init(&c->head, MM_HTTP1_HEAD_MAX);
    *ret = c;
    return MM_OK;
}

enum mm_code mm_events_key(struct mm_events_client *c, struct mm_slice key)
{
    if (key.n > sizeof(c->key))
        return MM_E_LIMIT;
    for (size_t i = 0; i < key.n; i++) {
        if (key.p[i] < 0x21 || key.p[i] > 0x7e)
            return MM_E_LIMIT;
    }
    memcpy(c->key, key.p, key.n);
    c->key_n = key.n;
    return MM_OK;
}

void mm_events_drop(struct mm_events_client *c)
{
    if (c->fd >= 0)
        (void)close(c->fd);
    c->fd = -1;
    c->in_n = 0;
    c->reused = false;
}

void mm_events_free(struct mm_events_client **c)
{
    MM_ASSERT(c != NULL);
    if (*c == NULL)
        return;
    mm_events_drop(*c);
    mm_buf_done(&(*c)->head);
    free((void *)(uintptr_t)(*c)->address.p);
    free(*c);
    *c = NULL;
}

struct mm_slice mm_events_u64(uint64_t v, char tmp[24])
{
    return mm_slice_of(tmp, (size_t)snprintf(tmp, 24, "%llu", (unsigned long long)v));
}

struct mm_slice mm_events_i64(int64_t v, char tmp[24])
{
    return mm_slice_of(tmp, (size_t)snprintf(tmp, 24, "%lld", (long long)v));
}

void mm_events_companies(struct mm_buf *out, const uint32_t *companies, size_t n)
{
    MM_ASSERT(n <= MM_EVENTS_COMPANIES_MAX);
    for (size_t i = 0; i < n; i++)
        mm_buf_fmt(out, "%c%u", i == 0 ? '[' : ',', companies[i]);
    mm_buf_str(out, n == 0 ? "[]" : "]");
}

static void say(struct mm_events_answer *a, const char *what)
{
    a->text_n = mm_min_size(strlen(what), sizeof(a->text));
    memcpy(a->text, what, a->text_n);
}

static int connect_unix(struct mm_slice path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    memcpy(sa.sun_path, path.p, path.n); /* _new checked that it fits with its NUL */
    if (connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static int connect_tcp(struct mm_slice address)
{
    char host[HOST_MAX] = "", port[8] = "";
    size_t colon = address.n;
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int fd, one = 1;

    while (colon > 0 && address.p[colon - 1] != ':')
        colon--;
    if (colon < 2 || colon - 1 >= sizeof(host) || address.n - colon >= sizeof(port))
        return -1;
    memcpy(host, address.p, colon - 1);
    memcpy(port, address.p + colon, address.n - colon);
    if (getaddrinfo(host, port, &hints, &list) != 0)
        return -1;
    fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, list->ai_addr, list->ai_addrlen) != 0) {
        (void)close(fd);
        fd = -1;
    }
    if (fd >= 0)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    freeaddrinfo(list);
    return fd;
}

static enum mm_code open_connection(struct mm_events_client *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};

    /* A kept connection that has something to say without being asked is being closed. */
    if (c->fd >= 0 && poll(&p, 1, 0) != 0)
        mm_events_drop(c);
    c->reused = c->fd >= 0;
    if (c->fd < 0)
        c->fd = c->tcp ? connect_tcp(c->address) : connect_unix(c->address);
    return c->fd < 0 ? MM_E_IO : MM_OK;
}

static bool wait_for(const struct mm_events_client *c, short events)
{
    struct pollfd p = {.fd = c->fd, .events = events};
    int n;

    do {
        n = poll(&p, 1, c->timeout_ms);
    } while (n < 0 && errno == EINTR);
    return n > 0;
}

/* All of s, or false. */
static bool send_all(struct call *call, struct mm_slice s)
{
    size_t at = 0;

    while (at < s.n) {
        ssize_t n = send(call->c->fd, s.p + at, s.n - at, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n > 0) {
            at += (size_t)n;
            call->sent = true;
        } else if (n < 0 && errno != EINTR && (errno != EAGAIN || !wait_for(call->c, POLLOUT))) {
            return false;
        }
    }
    return true;
}

/* More bytes into c->in; false at the end, on an error, after the time limit or when it is full. */
static bool receive(struct mm_events_client *c)
{
    ssize_t n;

    if (c->in_n == sizeof(c->in))
        return false;
    for (;;) {
        n = recv(c->fd, c->in + c->in_n, sizeof(c->in) - c->in_n, MSG_DONTWAIT);
        if (n > 0) {
            c->in_n += (size_t)n;
            return true;
        }
        if (n == 0 || (errno != EINTR && (errno != EAGAIN || !wait_for(c, POLLIN))))
            return false;
    }
}

static void consume(struct mm_events_client *c, size_t n)
{
    MM_ASSERT(n <= c->in_n);
    memmove(c->in, c->in + n, c->in_n - n);
    c->in_n -= n;
}

/* "read_rows":"123" out of the summary, a flat JSON object of ClickHouse's own making. */
static uint64_t summary_number(struct mm_slice summary, struct mm_slice key)
{
    size_t at = mm_slice_search(summary, key);
    struct mm_rd rd;
    struct mm_slice digits;
    uint64_t v = 0;

    if (at == SIZE_MAX)
        return 0;
    rd = mm_rd_of(mm_slice_sub(summary, at + key.n, SIZE_MAX));
    if (!mm_rd_until(&rd, '"', &digits) || !mm_slice_u64(digits, &v))
        return 0;
    return v;
}

static enum mm_code code_of(int exception)
{
    switch (exception) {
    case 243: /* NOT_ENOUGH_SPACE */
        return MM_E_FULL;
    case 173: /* CANNOT_ALLOCATE_MEMORY */
    case 241: /* MEMORY_LIMIT_EXCEEDED */
        return MM_E_NOMEM;
    case 74:   /* CANNOT_READ_FROM_FILE_DESCRIPTOR */
    case 75:   /* CANNOT_WRITE_TO_FILE_DESCRIPTOR: a full disk in the middle of a part */
    case 76:   /* CANNOT_OPEN_FILE */
    case 107:  /* FILE_DOESNT_EXIST: a directory of the store is gone */
    case 159:  /* TIMEOUT_EXCEEDED */
    case 202:  /* TOO_MANY_SIMULTANEOUS_QUERIES */
    case 236:  /* ABORTED */
    case 252:  /* TOO_MANY_PARTS */
    case 373:  /* SESSION_IS_LOCKED */
    case 394:  /* QUERY_WAS_CANCELLED */
    case 439:  /* CANNOT_SCHEDULE_TASK */
    case 1000: /* POCO_EXCEPTION: files, too */
    case 1001: /* STD_EXCEPTION: bad_alloc, filesystem errors */
    case 1002: /* UNKNOWN_EXCEPTION */
        return MM_E_BUSY;
    case 0: /* refused before the store saw it */
        return MM_E_BUG;
    case 10:  /* NOT_FOUND_COLUMN_IN_BLOCK */
    case 16:  /* NO_SUCH_COLUMN_IN_TABLE */
    case 46:  /* UNKNOWN_FUNCTION */
    case 47:  /* UNKNOWN_IDENTIFIER */
    case 60:  /* UNKNOWN_TABLE */
    case 62:  /* SYNTAX_ERROR */
    case 81:  /* UNKNOWN_DATABASE */
    case 164: /* READONLY */
    case 497: /* ACCESS_DENIED */
    case 516: /* AUTHENTICATION_FAILED */
        return MM_E_CONFIG;
    default:
        return MM_E_SYNTAX;
    }
}

/* The answer's head; informational heads before it are skipped. */
static enum mm_code read_head(struct call *call, struct mm_http1_head *ret)
{
    struct mm_events_client *c = call->c;
    size_t scan = 0, length = 0;
    enum mm_code code;

    for (;;) {
        code = mm_http1_head_end(mm_slice_of(c->in, c->in_n), &scan, &length, NULL);
        if (code == MM_E_MORE) {
            if (!receive(c))
                return MM_E_IO;
            continue;
        }
        if (code != MM_OK ||
            mm_http1_head_parse(mm_slice_of(c->in, length), MM_HTTP1_RESPONSE, ret, NULL) != MM_OK)
            return MM_E_IO;
        if (ret->status >= 200)
            break;
        consume(c, length);
        scan = 0;
    }
    const struct mm_slice *e = mm_http1_field(ret, MM_S("x-clickhouse-exception-code"));
    const struct mm_slice *s = mm_http1_field(ret, MM_S("x-clickhouse-summary"));
    uint64_t v;

    if (e != NULL && mm_slice_u64(*e, &v) && v <= INT32_MAX)
        call->answer->exception = (int)v;
    if (s != NULL) {
        call->answer->read_rows = summary_number(*s, MM_S("\"read_rows\":\""));
        call->answer->written_rows = summary_number(*s, MM_S("\"written_rows\":\""));
    }
    /* The head's slices die here: what is needed of them was copied above. */
    ret->field_n = 0;
    consume(c, length);
    return MM_OK;
}

/* A piece of the body: the result, or the text of an error. */
static enum mm_code take_piece(struct call *call, bool good, struct mm_slice piece)
{
    struct mm_events_answer *a = call->answer;
    size_t n;

    if (piece.n == 0)
        return MM_OK;
    if (good) {
        call->delivered = true;
        return call->sink == NULL ? MM_OK : call->sink(call->ctx, piece);
    }
    n = mm_min_size(piece.n, sizeof(a->text) - a->text_n);
    memcpy(a->text + a->text_n, piece.p, n);
    a->text_n += n;
    return MM_OK;
}

/* The answer's body. *ret_sink_code is what the sink said when it stopped. */
static enum mm_code read_body(struct call *call, const struct mm_http1_head *h, bool good,
                              enum mm_code *ret_sink_code)
{
    struct mm_events_client *c = call->c;
    struct mm_http1_body b;

    /* A result without an end that can be seen might be torn: not accepted. */
    if (h->framing == MM_HTTP1_UNTIL_CLOSE ||
        mm_http1_body_init(&b, h, UINT64_C(1) << RESULT_MAX_LOG2, NULL) != MM_OK)
        return MM_E_IO;
    while (!b.done) {
        struct mm_slice piece;
        size_t used;

        if (c->in_n == 0 && !receive(c))
            return MM_E_IO;
        if (mm_http1_body_next(&b, mm_slice_of(c->in, c->in_n), &used, &piece, NULL) != MM_OK)
            return MM_E_IO;
        *ret_sink_code = take_piece(call, good, piece);
        if (*ret_sink_code != MM_OK)
            return MM_E_IO;
        MM_ASSERT(used > 0);
        consume(c, used);
    }
    return MM_OK;
}

static enum mm_code read_answer(struct call *call)
{
    struct mm_http1_head h;
    enum mm_code sink_code = MM_OK, code;
    bool good;

    if (read_head(call, &h) != MM_OK) {
        say(call->answer, "no answer from the store of events");
        return MM_E_IO;
    }
    good = h.status == 200 && call->answer->exception == 0;
    code = read_body(call, &h, good, &sink_code);
    if (sink_code != MM_OK)
        return sink_code;
    if (code != MM_OK) {
        say(call->answer, "torn answer from the store of events");
        return MM_E_IO;
    }
    if (!h.keep_alive)
        mm_events_drop(call->c);
    if (!good)
        return code_of(call->answer->exception);
    return MM_OK;
}

/* One try: connect, send, read. The connection is kept only after a whole answer. */
static enum mm_code try_once(struct call *call)
{
    struct mm_events_client *c = call->c;
    enum mm_code code;
    bool whole = true;

    call->sent = false;
    *call->answer = (struct mm_events_answer){0};
    if (open_connection(c) != MM_OK) {
        say(call->answer, "no connection to the store of events");
        return MM_E_IO;
    }
    call->reused = c->reused;
    whole = send_all(call, mm_buf_slice(&c->head));
    for (size_t i = 0; i < call->body_n && whole; i++)
        whole = send_all(call, call->body[i]);
    /* Also after a send that failed: the peer may have said why before it closed. */
    code = read_answer(call);
    if (!whole && code == MM_OK)
        code = MM_E_IO;
    if (!whole || (code != MM_OK && call->answer->exception == 0))
        mm_events_drop(c);
    return code;
}

/* Escaped form, in which ClickHouse reads parameters, and percent-encoded on top. */
static void put_param(struct mm_buf *out, const struct mm_events_param *p)
{
    size_t from = 0;

    mm_buf_str(out, "&param_");
    mm_buf_str(out, p->name);
    mm_buf_byte(out, '=');
    for (size_t i = 0; i < p->value.n; i++) {
        uint8_t c = p->value.p[i];
        const char *esc = c == '\\'   ? "%5C%5C"
                          : c == '\t' ? "%5Ct"
                          : c == '\n' ? "%5Cn"
                          : c == '\r' ? "%5Cr"
                          : c == 0    ? "%5C0"
                                      : NULL;

        if (esc == NULL)
            continue;
        mm_url_encode(out, mm_slice_sub(p->value, from, i - from));
        mm_buf_str(out, esc);
        from = i + 1;
    }
    mm_url_encode(out, mm_slice_sub(p->value, from, SIZE_MAX));
}

struct head_of {
    const char *query_id;
    struct mm_slice url_query; /* the statement when the body is data */
    const char *format;
    const struct mm_events_param *params;
    size_t param_n;
};

static bool build_head(struct mm_events_client *c, const struct head_of *h, uint64_t body_bytes)
{
    mm_buf_reset(&c->head);
    mm_buf_str(&c->head, "POST /?database=default");
    if (h->query_id != NULL) {
        mm_buf_str(&c->head, "&query_id=");
        mm_url_encode(&c->head, mm_slice_str(h->query_id));
    }
    if (h->url_query.n > 0) {
        mm_buf_str(&c->head, "&query=");
        mm_url_encode(&c->head, h->url_query);
    }
    for (size_t i = 0; i < h->param_n; i++)
        put_param(&c->head, &h->params[i]);
    mm_buf_str(&c->head, " HTTP/1.1\r\nHost: events\r\n");
    if (h->format != NULL && h->format[0] != 0)
        mm_buf_fmt(&c->head, "X-ClickHouse-Format: %s\r\n", h->format);
    if (c->key_n > 0)
        mm_buf_fmt(&c->head, "X-ClickHouse-Key: %.*s\r\n", (int)c->key_n, c->key);
    mm_buf_fmt(&c->head, "Content-Length: %llu\r\n\r\n", (unsigned long long)body_bytes);
    return mm_buf_ok(&c->head);
}

enum mm_code mm_events_sql(struct mm_events_client *c, struct mm_slice sql, const char *format,
                           const struct mm_events_param *params, size_t param_n,
                           mm_events_sink *sink, void *ctx, struct mm_events_answer *ret)
{
    struct call call = {.c = c, .answer = ret, .sink = sink, .ctx = ctx, .body = &sql, .body_n = 1};
    struct head_of h = {.format = format, .params = params, .param_n = param_n};
    int64_t start = mm_mono_us();
    enum mm_code code;

    MM_ASSERT(ret != NULL && param_n <= MM_EVENTS_PARAMS_MAX);
    if (!build_head(c, &h, sql.n))
        return MM_E_LIMIT;
    code = try_once(&call);
    /* A kept connection may die between the look at it and the call; reading twice is harmless,
     * unless something was handed out already. */
    if (code == MM_E_IO && call.reused && !call.delivered)
        code = try_once(&call);
    ret->elapsed_us = (uint64_t)(mm_mono_us() - start);
    return code;
}

enum mm_code mm_events_run(struct mm_events_client *c, enum mm_statement st,
                           const struct mm_events_param *params, size_t param_n,
                           mm_events_sink *sink, void *ctx, struct mm_events_answer *ret)
{
    struct mm_buf sql;
    enum mm_code code = MM_E_NOMEM;

    mm_buf_init(&sql, MM_EVENTS_SQL_MAX);
    mm_statement_sql(&sql, st);
    if (mm_buf_ok(&sql))
        code = mm_events_sql(c, mm_buf_slice(&sql), mm_statement_format(st), params, param_n, sink,
                             ctx, ret);
    mm_buf_done(&sql);
    return code;
}

enum mm_code mm_events_insert(struct mm_events_client *c, enum mm_statement st,
                              const char *query_id, const struct mm_events_param *params,
                              size_t param_n, const struct mm_slice *blocks, size_t block_n,
                              struct mm_events_answer *ret)
{
    struct call call = {.c = c, .answer = ret, .body = blocks, .body_n = block_n};
    struct head_of h = {.query_id = query_id, .params = params, .param_n = param_n};
    uint64_t bytes = 0;
    int64_t start = mm_mono_us();
    struct mm_buf sql;
    enum mm_code code = MM_E_NOMEM;

    MM_ASSERT(ret != NULL && query_id != NULL && strlen(query_id) <= MM_EVENTS_QUERY_ID_MAX);
    for (size_t i = 0; i < block_n; i++)
        bytes += blocks[i].n;
    mm_buf_init(&sql, MM_EVENTS_SQL_MAX);
    mm_statement_sql(&sql, st);
    h.url_query = mm_buf_slice(&sql);
    if (mm_buf_ok(&sql) && build_head(c, &h, bytes)) {
        code = try_once(&call);
        if (code == MM_E_IO && call.sent)
            code = MM_E_UNKNOWN;
        ret->elapsed_us = (uint64_t)(mm_mono_us() - start);
    }
    mm_buf_done(&sql);
    return code;
}

enum mm_code mm_events_ping(struct mm_events_client *c)
{
    struct mm_events_answer answer;
    struct call call = {.c = c, .answer = &answer};

    mm_buf_reset(&c->head);
    mm_buf_str(&c->head, "GET /ping HTTP/1.1\r\nHost: events\r\n");
    if (c->key_n > 0)
        mm_buf_fmt(&c->head, "X-ClickHouse-Key: %.*s\r\n", (int)c->key_n, c->key);
    mm_buf_str(&c->head, "\r\n");
    return try_once(&call) == MM_OK ? MM_OK : MM_E_IO;
}
