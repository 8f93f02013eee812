/* eventd/answer.c - see answer.h for the contract. */
#include "eventd/answer.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/time.h"
#include "eventd/server.h"
#include "eventd/sql.h"

enum {
    HEAD_MAX = 2048, /* of an answer: fixed fields, an id and a format */
};

void mm_answer_init(struct mm_answer *a, int fd, bool close)
{
    *a = (struct mm_answer){.fd = fd, .close = close, .start_us = mm_mono_us()};
    /* One piece more than is held back: pieces of the store are at most about 1 MiB. */
    mm_buf_init(&a->body, MM_EVENTD_WHOLE_MAX + 64 * 1024 * 1024);
}

void mm_answer_done(struct mm_answer *a)
{
    mm_buf_done(&a->body);
}

bool mm_answer_send(int fd, struct mm_slice s, int timeout_ms)
{
    size_t at = 0;

    while (at < s.n) {
        ssize_t n = send(fd, s.p + at, s.n - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        struct pollfd p = {.fd = fd, .events = POLLOUT};

        if (n > 0)
            at += (size_t)n;
        else if (n < 0 && errno == EAGAIN && poll(&p, 1, timeout_ms) <= 0)
            return false;
        else if (n < 0 && errno != EAGAIN && errno != EINTR)
            return false;
    }
    return true;
}

static bool send_buf(struct mm_answer *a, const struct mm_buf *b)
{
    if (!mm_buf_ok(b) || !mm_answer_send(a->fd, mm_buf_slice(b), MM_EVENTD_IO_MS))
        a->broken = true;
    return !a->broken;
}

static const char *reason_of(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 413:
        return "Content Too Large";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

static void put_head(struct mm_buf *out, const struct mm_answer *a, int status, int exception)
{
    mm_buf_fmt(out, "HTTP/1.1 %d %s\r\nServer: mimamori-eventd\r\n", status, reason_of(status));
    if (a->close)
        mm_buf_str(out, "Connection: close\r\n");
    if (a->id.n > 0)
        mm_buf_fmt(out, "X-ClickHouse-Query-Id: %.*s\r\n", MM_S_ARG(a->id));
    if (a->format.n > 0)
        mm_buf_fmt(out, "X-ClickHouse-Format: %.*s\r\n", MM_S_ARG(a->format));
    if (exception != 0)
        mm_buf_fmt(out, "X-ClickHouse-Exception-Code: %d\r\n", exception);
}

/* The held-back bytes as a chunk; they are gone after that. */
static bool send_chunk(struct mm_answer *a)
{
    struct mm_buf size;

    if (a->body.n == 0)
        return true;
    mm_buf_init(&size, 64);
    mm_buf_fmt(&size, "%zx\r\n", a->body.n);
    if (send_buf(a, &size)) {
        mm_buf_str(&a->body, "\r\n");
        (void)send_buf(a, &a->body);
    }
    mm_buf_done(&size);
    mm_buf_reset(&a->body);
    return !a->broken;
}

bool mm_answer_piece(struct mm_answer *a, struct mm_slice piece)
{
    struct mm_buf head;

    if (a->broken)
        return false;
    mm_buf_add(&a->body, piece);
    if (!mm_buf_ok(&a->body))
        a->broken = true;
    if (a->body.n <= MM_EVENTD_WHOLE_MAX || a->broken)
        return !a->broken;
    if (!a->started) {
        mm_buf_init(&head, HEAD_MAX);
        put_head(&head, a, 200, 0);
        mm_buf_str(&head, "Transfer-Encoding: chunked\r\n\r\n");
        a->started = true;
        (void)send_buf(a, &head);
        mm_buf_done(&head);
    }
    return !a->broken && send_chunk(a);
}

void mm_answer_error(struct mm_answer *a, int status, int exception, struct mm_slice text)
{
    struct mm_buf out;

    MM_ASSERT(!a->started);
    mm_buf_init(&out, HEAD_MAX + MM_STORE_TEXT_MAX);
    put_head(&out, a, status, exception);
    mm_buf_fmt(&out, "Content-Type: text/plain; charset=UTF-8\r\nContent-Length: %zu\r\n\r\n",
               text.n + 1);
    mm_buf_add(&out, text);
    mm_buf_byte(&out, '\n');
    (void)send_buf(a, &out);
    mm_buf_done(&out);
}

static void end_whole(struct mm_answer *a, const struct mm_store_result *r)
{
    struct mm_buf head;

    mm_buf_init(&head, HEAD_MAX);
    put_head(&head, a, 200, 0);
    mm_buf_fmt(&head,
               "X-ClickHouse-Summary: {\"read_rows\":\"%" PRIu64 "\",\"written_rows\":\"%" PRIu64
               "\",\"elapsed_ns\":\"%" PRId64 "\"}\r\nContent-Length: %zu\r\n\r\n",
               r->read_rows, r->written_rows, (mm_mono_us() - a->start_us) * 1000, a->body.n);
    if (send_buf(a, &head))
        (void)send_buf(a, &a->body);
    mm_buf_done(&head);
}

void mm_answer_end(struct mm_answer *a, const struct mm_store_result *result)
{
    struct mm_slice text = mm_slice_of(result->text, result->text_n);

    MM_ASSERT(result->text_n <= sizeof(result->text));
    if (a->broken)
        return;
    if (text.n > 0 && a->started) {
        a->broken = true; /* the peer sees an answer without an end */
    } else if (text.n > 0) {
        mm_answer_error(a, 500, mm_sql_exception_code(text), text);
    } else if (a->started) {
        if (send_chunk(a))
            a->broken = !mm_answer_send(a->fd, MM_S("0\r\n\r\n"), MM_EVENTD_IO_MS);
    } else {
        end_whole(a, result);
    }
}
