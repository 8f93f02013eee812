/*
 * web/http.h - HTTP/1.1 for our programs: requests in, responses out, over TLS or loopback.
 *
 * Purpose   One small interface over libmicrohttpd, so that nothing else knows it.
 *           web/guard.h stands in front: framing is checked, TLS ends, slow and
 *           many connections are bounded before the library sees a byte.
 * Owns      The server owns its threads and connections. A request and all that is
 *           reached from it lives from `head` to the end of `done`.
 * Threads   Callbacks run on the thread of their connection, many at once; one
 *           request is never on two threads. They may block (queries, disk).
 * Trust     Everything of a request is hostile. Slices may hold any byte except
 *           where it is said otherwise.
 * Spec      RFC 9110, RFC 9112 as narrowed by web/framing.h.
 *
 * A server in four lines:
 *     static void handle(void *user, struct mm_http_req *req)
 *     {
 *         mm_http_text(req, 200, "hello\n");
 *     }
 */
#ifndef MM_WEB_HTTP_H
#define MM_WEB_HTTP_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/ip.h"
#include "os/hits.h"

enum {
    MM_HTTP_MAX_REPLY = 32 * 1024 * 1024, /* one whole page or document; more is streamed */
    MM_HTTP_MAX_ARENA = 64 * 1024 * 1024, /* all that one request may allocate */
    MM_HTTP_MAX_HEADERS = 24,             /* set by handlers; a page sets about 6 */
};

struct mm_http;

enum mm_http_method {
    MM_HTTP_GET, /* HEAD comes as GET; the body of the answer is left out by the server */
    MM_HTTP_POST,
    MM_HTTP_PUT,
    MM_HTTP_PATCH,
    MM_HTTP_DELETE,
    MM_HTTP_OTHER,
};

struct mm_http_req {
    struct mm_http *server;
    enum mm_http_method method;
    /* Percent-decoded, valid UTF-8 without controls, begins with '/', no "//", "." or "..". */
    struct mm_slice path;
    struct mm_slice query; /* raw, what stands behind '?'; web/form.h reads it */
    struct mm_slice body;  /* whole body, in `handle` only; empty when it was streamed */
    uint64_t body_n;       /* bytes of body so far, also when streamed */
    struct mm_ip peer;     /* zero when unknown */
    bool tls;
    struct mm_arena arena;
    void *state;       /* the handler's own */
    uint64_t body_max; /* set by `head`; a longer body is answered 413. 0: none is taken */
    bool streamed;     /* set by `head`: the body goes to `part` as it comes */
    struct mm_http_reply *reply;
    void *internal;
};

/*
 * What a server calls, per request in this order: head once; part any number of times; handle
 * once, unless head or part has answered already; done exactly once. Only `handle` is required.
 */
struct mm_http_handler {
    void *user;
    /* The head is there. Sets body_max and streamed, may answer at once (authentication). */
    void (*head)(void *user, struct mm_http_req *req);
    /* The next bytes of a streamed body. May block: the sender then waits. False: refused, an
     * answer must have been set; the rest of the body is read and thrown away, then it is sent. */
    bool (*part)(void *user, struct mm_http_req *req, struct mm_slice bytes);
    /* The request is whole: answer it. */
    void (*handle)(void *user, struct mm_http_req *req);
    /* The answer is sent or the connection died; `whole` says which. Give `state` back. */
    void (*done)(void *user, struct mm_http_req *req, bool whole);
};

struct mm_http_cfg {
    const char *listen;    /* "127.0.0.1:8080", "[::1]:8443", "0.0.0.0:443"; port 0: any free */
    const char *cert_path; /* PEM chain; NULL: plain HTTP, allowed on loopback addresses only */
    const char *key_path;
    uint32_t conns_max; /* 0: 256 */
    uint32_t peer_max;  /* per address; 0: 64 */
    int64_t head_ms;    /* 0: 10,000 */
    int64_t pace_ms;    /* 0: 20,000; see web/guard.h */
    uint64_t body_max;  /* of routes whose `head` sets none; 0: no body */
    /* Called when all that needs files and addresses is open and no thread was made yet; the server
     * does not start when it answers false. May be NULL. */
    bool (*settle)(void *arg);
    void *settle_arg;
    struct mm_hits *hits; /* where limits that were hit are counted; NULL: nowhere */
    bool remote_plain;    /* plain HTTP on any address: behind a proxy that ends TLS */
};

/*
 * Start listening. MM_E_CONFIG with fault->what when the address, the certificate or the key is
 * wrong or the address is taken; MM_E_NOMEM. The handler is copied, its user must outlive stop.
 */
MM_MUST_USE enum mm_code mm_http_start(const struct mm_http_cfg *cfg,
                                       const struct mm_http_handler *handler, struct mm_http **ret,
                                       struct mm_fault *fault);
/* End every connection and wait for the callbacks that run. */
void mm_http_stop(struct mm_http **server);
/* The port it listens on. */
uint16_t mm_http_port(const struct mm_http *server);
/* Whether stop was called: who waits in a callback looks at it at least twice a second. */
bool mm_http_stopping(const struct mm_http *server);

/* ---- the request ---- */

/* Value of a header that stands there exactly once; false when it is absent or repeated. */
bool mm_http_header(const struct mm_http_req *req, const char *name, struct mm_slice *ret);
/* Whether a header of that name stands there, however often. */
bool mm_http_has(const struct mm_http_req *req, const char *name);
/* Value of a cookie that stands there exactly once, as sent. */
bool mm_http_cookie(const struct mm_http_req *req, const char *name, struct mm_slice *ret);
/* "Authorization: Bearer X": X, or false. */
bool mm_http_bearer(const struct mm_http_req *req, struct mm_slice *ret);

/* ---- the answer ---- */

/* Whether an answer was set. */
bool mm_http_answered(const struct mm_http_req *req);
/*
 * Set a header of the answer, replacing one of that name ("Set-Cookie" adds). Values with controls
 * are a programming error (asserted): encode foreign text first. Security headers are there already
 * (CSP, nosniff, frame-ancestors, referrer, permissions, HSTS under TLS, Cache-Control: no-store).
 */
void mm_http_set(struct mm_http_req *req, const char *name, const char *value);
/* Begin an answer: status, content type; the body is written into the buffer handed back. */
struct mm_buf *mm_http_reply(struct mm_http_req *req, int status, const char *type);
/* A short text/plain answer of ours. */
void mm_http_text(struct mm_http_req *req, int status, const char *text);
/* Whole answer from bytes that outlive the server (embedded files). */
void mm_http_static(struct mm_http_req *req, int status, const char *type, struct mm_slice body);
/* 303 to a path of ours ("/login"); `to` is text of ours, encoded. */
void mm_http_redirect(struct mm_http_req *req, const char *to);
/*
 * Answer with a stream: `next` writes 1..size bytes and returns their number, 0 at the end. It may
 * block, but looks at mm_http_stopping and writes something (an SSE comment) every 15 s, else the
 * server can't notice that the reader has gone. `end` is called once, also when nothing was sent.
 */
void mm_http_stream(struct mm_http_req *req, int status, const char *type,
                    size_t (*next)(void *ctx, uint8_t *to, size_t size), void (*end)(void *ctx),
                    void *ctx);

#endif
