/* web/http.c - see http.h for the contract. The only file that knows libmicrohttpd. */
#include "web/http.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/rd.h"
#include "web/form.h"
#include "web/guard.h"
#include "web/listen.h"

enum {
    CONNS_MAX = 256, /* a thread each, 512 KiB of stack at most: people of 100 companies */
    PEER_MAX = 64,   /* one office behind one address */
    HEAD_MS = 10000,
    PACE_MS = 20000,
    IDLE_S = 30, /* libmicrohttpd closes a quiet connection */
    THREAD_STACK = 512 * 1024,
    STREAM_BLOCK = 8 * 1024,
    DISCARD_MAX = 1024 * 1024, /* read on after a refusal, so that the answer arrives */
    CONN_MEMORY = 64 * 1024,   /* a head of MM_FRAMING_MAX_HEAD parsed, and the head of an answer */
};

/* 0.9.71 changed int to enum MHD_Result; Debian 12 and 13 both have the enum. */
static_assert(MHD_VERSION >= 0x00097100, "libmicrohttpd older than Debian 12's");

struct header {
    const char *name;
    const char *value;
};

struct mm_http_reply {
    int status; /* 0: no answer yet */
    const char *type;
    struct mm_buf body;
    struct mm_slice fixed; /* instead of body */
    size_t (*next)(void *ctx, uint8_t *to, size_t size);
    void (*end)(void *ctx);
    void *ctx;
    struct header headers[MM_HTTP_MAX_HEADERS];
    size_t header_n;
};

struct request {
    struct mm_http_req pub;
    struct mm_http_reply reply;
    struct MHD_Connection *conn;
    struct mm_buf body;
    bool begun;      /* head was called */
    bool refused;    /* an answer is waiting for the end of the body */
    uint64_t thrown; /* bytes of body read since then */
};

struct mm_http {
    struct MHD_Daemon *daemon;
    struct mm_guard *guard;
    struct mm_tls *tls;
    struct mm_http_handler handler;
    struct mm_hits *hits;
    uint64_t body_max;
    uint16_t port;
    atomic_bool stopping;
};

/* Sent with every answer unless a handler has set one of that name. */
static const struct header always[] = {
    {"Content-Security-Policy",
     "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
     "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
};
static const struct header hsts = {"Strict-Transport-Security", "max-age=31536000"};

/* ---- the answer ---- */

bool mm_http_answered(const struct mm_http_req *req)
{
    return req->reply->status != 0;
}

static bool has_header(const struct mm_http_reply *r, const char *name)
{
    for (size_t i = 0; i < r->header_n; i++) {
        if (mm_slice_ieq(mm_slice_str(r->headers[i].name), mm_slice_str(name)))
            return true;
    }
    return false;
}

void mm_http_set(struct mm_http_req *req, const char *name, const char *value)
{
    struct mm_http_reply *r = req->reply;
    char *own = mm_arena_cstr(&req->arena, mm_slice_str(value));
    size_t at = r->header_n;

    for (const char *c = value; *c != 0; c++)
        MM_ASSERT((uint8_t)*c >= 0x20 && *c != 0x7f);
    if (own == NULL)
        return; /* out of memory: the answer will fail as a whole */
    for (size_t i = 0; i < r->header_n && strcmp(name, "Set-Cookie") != 0; i++) {
        if (mm_slice_ieq(mm_slice_str(r->headers[i].name), mm_slice_str(name)))
            at = i;
    }
    MM_ASSERT(at < MM_HTTP_MAX_HEADERS);
    r->headers[at] = (struct header){.name = name, .value = own};
    if (at == r->header_n)
        r->header_n++;
}

static struct mm_http_reply *begin(struct mm_http_req *req, int status, const char *type)
{
    struct mm_http_reply *r = req->reply;

    MM_ASSERT(status >= 200 && status <= 599 && type != NULL);
    MM_ASSERT(r->next == NULL); /* a stream is the last word */
    mm_buf_reset(&r->body);
    r->fixed = (struct mm_slice){0};
    r->status = status;
    r->type = type;
    return r;
}

struct mm_buf *mm_http_reply(struct mm_http_req *req, int status, const char *type)
{
    return &begin(req, status, type)->body;
}

void mm_http_text(struct mm_http_req *req, int status, const char *text)
{
    mm_buf_str(mm_http_reply(req, status, "text/plain; charset=utf-8"), text);
}

void mm_http_static(struct mm_http_req *req, int status, const char *type, struct mm_slice body)
{
    begin(req, status, type)->fixed = body;
}

void mm_http_redirect(struct mm_http_req *req, const char *to)
{
    MM_ASSERT(to[0] == '/' && to[1] != '/');
    mm_http_set(req, "Location", to);
    mm_http_text(req, 303, "");
}

void mm_http_stream(struct mm_http_req *req, int status, const char *type,
                    size_t (*next)(void *ctx, uint8_t *to, size_t size), void (*end)(void *ctx),
                    void *ctx)
{
    struct mm_http_reply *r = begin(req, status, type);

    MM_ASSERT(next != NULL && end != NULL);
    r->next = next;
    r->end = end;
    r->ctx = ctx;
}

/* ---- the request ---- */

struct wanted {
    const char *name;
    struct mm_slice value;
    int seen;
};

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *key,
                                 const char *value)
{
    struct wanted *w = cls;

    (void)kind;
    if (mm_slice_ieq(mm_slice_str(key), mm_slice_str(w->name))) {
        w->value = mm_slice_str(value);
        w->seen++;
    }
    return MHD_YES;
}

bool mm_http_header(const struct mm_http_req *req, const char *name, struct mm_slice *ret)
{
    struct wanted w = {.name = name};
    const struct request *r = req->internal;

    (void)MHD_get_connection_values(r->conn, MHD_HEADER_KIND, on_header, &w);
    if (w.seen != 1)
        return false;
    *ret = w.value;
    return true;
}

bool mm_http_has(const struct mm_http_req *req, const char *name)
{
    struct wanted w = {.name = name};
    const struct request *r = req->internal;

    (void)MHD_get_connection_values(r->conn, MHD_HEADER_KIND, on_header, &w);
    return w.seen > 0;
}

bool mm_http_cookie(const struct mm_http_req *req, const char *name, struct mm_slice *ret)
{
    struct mm_slice header, key, value, found = {0};
    struct mm_rd rd;
    int seen = 0;

    if (!mm_http_header(req, "Cookie", &header))
        return false;
    rd = mm_rd_of(header);
    while (mm_cookie_next(&rd, &key, &value) == MM_OK) {
        if (mm_slice_eq(key, mm_slice_str(name))) {
            found = value;
            seen++;
        }
    }
    if (seen != 1)
        return false;
    *ret = found;
    return true;
}

bool mm_http_bearer(const struct mm_http_req *req, struct mm_slice *ret)
{
    struct mm_slice s;

    if (!mm_http_header(req, "Authorization", &s) || s.n <= 7 ||
        !mm_slice_ieq(mm_slice_sub(s, 0, 7), MM_S("Bearer ")))
        return false;
    *ret = mm_slice_trim(mm_slice_sub(s, 7, SIZE_MAX));
    return ret->n > 0;
}

static enum mm_http_method method_of(const char *method)
{
    static const struct {
        const char *name;
        enum mm_http_method method;
    } rows[] = {
        {"GET", MM_HTTP_GET}, {"HEAD", MM_HTTP_GET},    {"POST", MM_HTTP_POST},
        {"PUT", MM_HTTP_PUT}, {"PATCH", MM_HTTP_PATCH}, {"DELETE", MM_HTTP_DELETE},
    };

    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        if (strcmp(rows[i].name, method) == 0)
            return rows[i].method;
    }
    return MM_HTTP_OTHER;
}

/* No empty, "." or ".." segment: a path has one spelling. */
static bool path_is_plain(struct mm_slice path)
{
    struct mm_rd rd = mm_rd_of(path);
    struct mm_slice seg;

    if (!mm_rd_byte(&rd, '/'))
        return false;
    while (mm_rd_left(&rd) > 0) {
        if (!mm_rd_until(&rd, '/', &seg)) {
            seg = mm_rd_rest(&rd);
            rd.pos = rd.in.n;
        }
        if (seg.n == 0 || mm_slice_eq(seg, MM_S(".")) || mm_slice_eq(seg, MM_S("..")))
            return false;
    }
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] < 0x20)
            return false;
    }
    return true;
}

static void read_peer(struct request *r)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

    if (info != NULL && info->client_addr != NULL)
        r->pub.peer = mm_listen_ip(info->client_addr);
}

/* Called by the library as soon as the request line is read; what we hand back is our request. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *conn)
{
    struct mm_http *s = cls;
    struct request *r = calloc(1, sizeof(*r));
    struct mm_slice target = mm_slice_str(uri), copy;
    size_t q;

    if (r == NULL)
        return NULL;
    r->conn = conn;
    r->pub.server = s;
    r->pub.tls = s->tls != NULL;
    r->pub.reply = &r->reply;
    r->pub.internal = r;
    r->pub.body_max = s->body_max;
    mm_arena_init(&r->pub.arena, MM_HTTP_MAX_ARENA);
    mm_buf_init(&r->reply.body, MM_HTTP_MAX_REPLY);
    read_peer(r);
    if (!mm_arena_dup(&r->pub.arena, target, &copy))
        return r;
    q = mm_slice_find(copy, '?', 0);
    if (q != SIZE_MAX)
        r->pub.query = mm_slice_sub(copy, q + 1, SIZE_MAX);
    if (mm_form_decode(&r->pub.arena, mm_slice_sub(copy, 0, q), false, &r->pub.path, NULL) !=
            MM_OK ||
        !path_is_plain(r->pub.path))
        r->pub.path = (struct mm_slice){0};
    return r;
}

static void on_completed(void *cls, struct MHD_Connection *conn, void **con_cls,
                         enum MHD_RequestTerminationCode why)
{
    struct mm_http *s = cls;
    struct request *r = *con_cls;

    (void)conn;
    if (r == NULL)
        return;
    if (r->begun && s->handler.done != NULL)
        s->handler.done(s->handler.user, &r->pub, why == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    /* A stream that was never handed to the library still has its context. */
    if (r->reply.next != NULL)
        r->reply.end(r->reply.ctx);
    mm_buf_done(&r->reply.body);
    if (r->body.max > 0)
        mm_buf_done(&r->body);
    mm_arena_done(&r->pub.arena);
    free(r);
    *con_cls = NULL;
}

/* ---- sending ---- */

struct stream {
    size_t (*next)(void *ctx, uint8_t *to, size_t size);
    void (*end)(void *ctx);
    void *ctx;
};

static ssize_t stream_next(void *cls, uint64_t pos, char *buf, size_t max)
{
    struct stream *st = cls;
    size_t n = st->next(st->ctx, (uint8_t *)buf, max);

    (void)pos;
    MM_ASSERT(n <= max);
    return n == 0 ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)n;
}

static void stream_end(void *cls)
{
    struct stream *st = cls;

    st->end(st->ctx);
    free(st);
}

static struct MHD_Response *make_response(struct mm_http_reply *r)
{
    struct mm_slice body = r->fixed.p != NULL ? r->fixed : mm_buf_slice(&r->body);
    struct stream *st;
    struct MHD_Response *resp;

    if (r->next == NULL)
        /* The bytes stay until on_completed; the library only reads them. */
        return MHD_create_response_from_buffer(body.n, (void *)(uintptr_t)body.p,
                                               MHD_RESPMEM_PERSISTENT);
    st = calloc(1, sizeof(*st));
    if (st == NULL)
        return NULL;
    *st = (struct stream){.next = r->next, .end = r->end, .ctx = r->ctx};
    resp = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_next, st,
                                             stream_end);
    if (resp == NULL)
        free(st);
    else
        r->next = NULL; /* the library's now */
    return resp;
}

static bool add_headers(struct MHD_Response *resp, const struct request *r)
{
    bool ok = MHD_add_response_header(resp, "Content-Type", r->reply.type) == MHD_YES;

    for (size_t i = 0; i < MM_COUNT(always); i++) {
        if (!has_header(&r->reply, always[i].name))
            ok &= MHD_add_response_header(resp, always[i].name, always[i].value) == MHD_YES;
    }
    if (r->pub.tls)
        ok &= MHD_add_response_header(resp, hsts.name, hsts.value) == MHD_YES;
    for (size_t i = 0; i < r->reply.header_n; i++)
        ok &= MHD_add_response_header(resp, r->reply.headers[i].name, r->reply.headers[i].value) ==
              MHD_YES;
    return ok;
}

static enum MHD_Result send_answer(struct request *r)
{
    struct MHD_Response *resp;
    enum MHD_Result rc = MHD_NO;

    if (r->reply.status == 0)
        mm_http_text(&r->pub, 500, "no answer\n");
    if (!mm_buf_ok(&r->reply.body))
        mm_http_text(&r->pub, 500, "answer too long\n");
    resp = make_response(&r->reply);
    if (resp == NULL)
        return MHD_NO;
    if (add_headers(resp, r))
        rc = MHD_queue_response(r->conn, (unsigned)r->reply.status, resp);
    MHD_destroy_response(resp);
    return rc;
}

/* ---- receiving ---- */

static bool declared_too_long(const struct request *r)
{
    struct mm_slice s;
    uint64_t n;

    return mm_http_header(&r->pub, "Content-Length", &s) && mm_slice_u64(s, &n) &&
           n > r->pub.body_max;
}

static void refuse_body(struct mm_http *s, struct request *r)
{
    mm_hit_add(s->hits, MM_HIT_BODY, &r->pub.peer);
    mm_http_text(&r->pub, 413, "body too long\n");
}

static enum MHD_Result on_head(struct mm_http *s, struct request *r, const char *method)
{
    r->begun = true;
    r->pub.method = method_of(method);
    if (r->pub.path.n == 0)
        mm_http_text(&r->pub, 400, "bad path\n");
    else if (s->handler.head != NULL)
        s->handler.head(s->handler.user, &r->pub);
    if (!mm_http_answered(&r->pub) && declared_too_long(r))
        refuse_body(s, r);
    if (mm_http_answered(&r->pub)) {
        mm_http_set(&r->pub, "Connection", "close"); /* the body was not read */
        return send_answer(r);
    }
    return MHD_YES;
}

static enum MHD_Result on_body(struct mm_http *s, struct request *r, struct mm_slice bytes)
{
    if (r->refused) {
        r->thrown += bytes.n;
        return r->thrown > DISCARD_MAX ? MHD_NO : MHD_YES;
    }
    r->pub.body_n += bytes.n;
    if (r->pub.body_n > r->pub.body_max) {
        r->refused = true;
        refuse_body(s, r);
        return MHD_YES;
    }
    if (r->pub.streamed) {
        MM_ASSERT(s->handler.part != NULL);
        r->refused = !s->handler.part(s->handler.user, &r->pub, bytes);
        return MHD_YES;
    }
    if (r->body.max == 0)
        mm_buf_init(&r->body, (size_t)r->pub.body_max);
    mm_buf_add(&r->body, bytes);
    return mm_buf_ok(&r->body) ? MHD_YES : MHD_NO;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *conn, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_n, void **con_cls)
{
    struct mm_http *s = cls;
    struct request *r = *con_cls;
    enum MHD_Result rc;

    (void)conn, (void)url, (void)version;
    if (r == NULL)
        return MHD_NO;
    if (!r->begun)
        return on_head(s, r, method);
    if (*upload_n > 0) {
        rc = on_body(s, r, mm_slice_of(upload_data, *upload_n));
        *upload_n = 0;
        return rc;
    }
    if (!r->refused) {
        r->pub.body = mm_buf_slice(&r->body);
        s->handler.handle(s->handler.user, &r->pub);
    }
    return send_answer(r);
}

/* ---- the server ---- */

static bool on_connection(void *user, int fd, const struct sockaddr *peer, socklen_t peer_n)
{
    struct mm_http *s = user;

    if (atomic_load(&s->stopping)) {
        (void)close(fd);
        return false;
    }
    return MHD_add_connection(s->daemon, fd, peer, peer_n) == MHD_YES;
}

static void on_log(void *cls, const char *fmt, va_list ap)
{
    /* Library folders never log; what the library says is about peers, and guarded before. */
    (void)cls, (void)fmt, (void)ap;
}

static struct MHD_Daemon *start_daemon(struct mm_http *s, uint32_t conns_max)
{
    return MHD_start_daemon(
        MHD_USE_NO_LISTEN_SOCKET | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
            MHD_USE_ITC | MHD_USE_POLL | MHD_USE_ERROR_LOG,
        0, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, on_uri, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
        /* Twice as many: the guard bounds them, and a closed one is reaped a moment later. */
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)conns_max * 2, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_S, MHD_OPTION_THREAD_STACK_SIZE, (size_t)THREAD_STACK,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONN_MEMORY, MHD_OPTION_END);
}

static enum mm_code open_tls(struct mm_http *s, const struct mm_http_cfg *cfg, bool loopback,
                             struct mm_fault *fault)
{
    if (cfg->cert_path != NULL && cfg->key_path != NULL)
        return mm_tls_open(cfg->cert_path, cfg->key_path, &s->tls, fault);
    if (cfg->cert_path != NULL || cfg->key_path != NULL)
        return mm_fail(fault, MM_E_CONFIG, 0, "http.cert_and_key");
    if (!loopback && !cfg->remote_plain)
        return mm_fail(fault, MM_E_CONFIG, 0, "http.plain_remote");
    return MM_OK;
}

static enum mm_code start_guard(struct mm_http *s, const struct mm_http_cfg *cfg, int fd)
{
    const struct mm_guard_cfg g = {
        .listen_fd = fd,
        .tls = s->tls,
        .conns_max = cfg->conns_max > 0 ? cfg->conns_max : CONNS_MAX,
        .peer_max = cfg->peer_max > 0 ? cfg->peer_max : PEER_MAX,
        .head_ms = cfg->head_ms > 0 ? cfg->head_ms : HEAD_MS,
        .pace_ms = cfg->pace_ms > 0 ? cfg->pace_ms : PACE_MS,
        .hand_over = on_connection,
        .user = s,
        .hits = cfg->hits,
    };

    s->daemon = start_daemon(s, g.conns_max);
    if (s->daemon == NULL) {
        (void)close(fd);
        return MM_E_NOMEM;
    }
    return mm_guard_start(&g, &s->guard);
}

enum mm_code mm_http_start(const struct mm_http_cfg *cfg, const struct mm_http_handler *handler,
                           struct mm_http **ret, struct mm_fault *fault)
{
    struct mm_http *s = calloc(1, sizeof(*s));
    struct mm_listen_addr addr;
    enum mm_code code;
    int fd;

    MM_ASSERT(cfg != NULL && cfg->listen != NULL && ret != NULL);
    MM_ASSERT(handler != NULL && handler->handle != NULL);
    if (s == NULL)
        return mm_fail(fault, MM_E_NOMEM, 0, "http.memory");
    s->handler = *handler;
    s->body_max = cfg->body_max;
    s->hits = cfg->hits;
    if (!mm_listen_parse(mm_slice_str(cfg->listen), &addr)) {
        code = mm_fail(fault, MM_E_CONFIG, 0, "http.listen");
        goto failed;
    }
    code = open_tls(s, cfg, mm_listen_is_loopback(&addr), fault);
    if (code != MM_OK)
        goto failed;
    code = mm_listen_open(&addr, &fd, &s->port);
    if (code != MM_OK) {
        (void)mm_fail(fault, code, 0, code == MM_E_BUSY ? "http.listen_taken" : "http.listen");
        goto failed;
    }
    if (cfg->settle != NULL && !cfg->settle(cfg->settle_arg)) {
        (void)close(fd);
        code = mm_fail(fault, MM_E_IO, 0, "http.settle");
        goto failed;
    }
    code = start_guard(s, cfg, fd);
    if (code != MM_OK) {
        (void)mm_fail(fault, code, 0, "http.threads");
        goto failed;
    }
    *ret = s;
    return MM_OK;
failed:
    mm_http_stop(&s);
    return code;
}

void mm_http_stop(struct mm_http **server)
{
    struct mm_http *s = *server;

    if (s == NULL)
        return;
    atomic_store(&s->stopping, true);
    mm_guard_stop(&s->guard);
    if (s->daemon != NULL)
        MHD_stop_daemon(s->daemon);
    mm_tls_close(&s->tls);
    free(s);
    *server = NULL;
}

uint16_t mm_http_port(const struct mm_http *server)
{
    return server->port;
}

bool mm_http_stopping(const struct mm_http *server)
{
    return atomic_load(&server->stopping);
}
