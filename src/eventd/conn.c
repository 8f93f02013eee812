/* eventd/conn.c - see conn.h for the contract. */
#include "eventd/conn.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/time.h"
#include "eventd/answer.h"
#include "eventd/sql.h"

enum {
    /* What is still read of a request that was refused, so that the peer reads the refusal. */
    DRAIN_BYTES_MAX = 64 * 1024 * 1024,
    DRAIN_MS = 2000,
    IDLE_MS = 10 * 60 * 1000, /* between requests */
    POLL_MS = 200,            /* how soon an idle connection sees that the server stops */
    KEEP_DATA_MS = 1000,      /* its memory file waits for the next insert so long */
};

/* One request while it is being served. */
struct serving {
    struct mm_conn *c;
    struct mm_http1_head head;
    struct mm_request r;
    struct mm_http1_body body;
    struct mm_answer answer;
    struct mm_buf sql;
    bool data_place; /* an insert: its data are in the connection's memory file */
};

static void consume(struct mm_conn *c, size_t n)
{
    MM_ASSERT(n <= c->in_n);
    memmove(c->in, c->in + n, c->in_n - n);
    c->in_n -= n;
}

/* More bytes; false at the end, on errors and after timeout_ms. */
static bool receive(struct mm_conn *c, int timeout_ms)
{
    for (;;) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        ssize_t n = recv(c->fd, c->in + c->in_n, sizeof(c->in) - c->in_n, MSG_DONTWAIT);

        if (n > 0) {
            c->in_n += (size_t)n;
            return true;
        }
        if (n == 0 || (errno != EINTR && errno != EAGAIN))
            return false;
        if (errno == EAGAIN && poll(&p, 1, timeout_ms) <= 0)
            return false;
    }
}

/* Wait for the first byte of a request; false when the connection or the server ends. */
static void give_data_back(struct mm_conn *c)
{
    if (c->has_data)
        (void)close(c->data_fd);
    c->has_data = false;
}

static bool wait_request(struct mm_conn *c)
{
    for (int waited = 0; c->in_n == 0 && waited < IDLE_MS; waited += POLL_MS) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        int n;

        if (atomic_load(&c->e->stopping))
            return false;
        if (waited >= KEEP_DATA_MS)
            give_data_back(c);
        n = poll(&p, 1, POLL_MS);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0 && !receive(c, 0))
            return false;
    }
    return c->in_n > 0;
}

/* Refuse and make sure that the refusal is read: closing with unread bytes would reset it away. */
static void refuse(struct mm_conn *c, int status, int exception, const char *text)
{
    struct mm_answer a;
    int64_t until = mm_mono_us() + DRAIN_MS * 1000;
    size_t drained = 0;

    mm_answer_init(&a, c->fd, true);
    mm_answer_error(&a, status, exception, mm_slice_str(text));
    mm_answer_done(&a);
    (void)shutdown(c->fd, SHUT_WR);
    while (drained < DRAIN_BYTES_MAX && mm_mono_us() < until) {
        drained += c->in_n;
        c->in_n = 0;
        if (!receive(c, DRAIN_MS))
            break;
    }
}

static bool read_head(struct serving *s)
{
    struct mm_conn *c = s->c;
    struct mm_fault fault = {0};
    int64_t until = mm_mono_us() + MM_EVENTD_HEAD_MS * INT64_C(1000);
    size_t scan = 0, length = 0;
    enum mm_code code;

    for (;;) {
        code = mm_http1_head_end(mm_slice_of(c->in, c->in_n), &scan, &length, &fault);
        if (code != MM_E_MORE)
            break;
        if (mm_mono_us() > until || !receive(c, MM_EVENTD_HEAD_MS))
            return false;
    }
    if (code == MM_OK)
        code = mm_http1_head_parse(mm_slice_of(c->in, length), MM_HTTP1_REQUEST, &s->head, &fault);
    if (code != MM_OK) {
        refuse(c, 400, 0, fault.what);
        return false;
    }
    return true;
}

/* Compared in constant time: it is a secret. */
static bool key_fits(struct mm_slice want, struct mm_slice got)
{
    uint8_t differ = 0;

    if (want.n == 0)
        return true;
    if (got.n != want.n)
        return false;
    for (size_t i = 0; i < want.n; i++)
        differ |= (uint8_t)(want.p[i] ^ got.p[i]);
    return differ == 0;
}

/* From the head to what is asked; the head's bytes are gone after that. */
static bool read_request(struct serving *s, struct mm_arena *arena)
{
    struct mm_conn *c = s->c;
    struct mm_fault fault = {0};
    enum mm_code code = mm_request_parse(&s->head, arena, &s->r, &fault);
    size_t scan = 0, length = 0;

    if (code == MM_OK && !key_fits(c->e->o.key, s->r.key)) {
        refuse(c, 401, 516, "Code: 516. DB::Exception: Authentication failed");
        return false;
    }
    if (code == MM_OK)
        code = mm_http1_body_init(&s->body, &s->head, MM_EVENTD_DATA_MAX, &fault);
    if (code != MM_OK) {
        refuse(c, mm_code_http(code), 0, fault.what);
        return false;
    }
    MM_ASSERT(mm_http1_head_end(mm_slice_of(c->in, c->in_n), &scan, &length, NULL) == MM_OK);
    s->answer.close = !s->head.keep_alive || atomic_load(&c->e->stopping);
    s->r.key = (struct mm_slice){0};
    s->head.field_n = 0;
    consume(c, length);
    if (s->head.expect_continue && !s->body.done && c->in_n == 0)
        return mm_answer_send(c->fd, MM_S("HTTP/1.1 100 Continue\r\n\r\n"), MM_EVENTD_IO_MS);
    return true;
}

/* The next piece of the body. MM_E_IO: the peer is gone. Valid until the next call. */
static enum mm_code next_piece(struct serving *s, size_t *used, struct mm_slice *ret)
{
    struct mm_conn *c = s->c;

    consume(c, *used);
    *used = 0;
    if (c->in_n == 0 && !receive(c, MM_EVENTD_IO_MS))
        return MM_E_IO;
    return mm_http1_body_next(&s->body, mm_slice_of(c->in, c->in_n), used, ret, NULL);
}

static bool write_all(int fd, struct mm_slice s, off_t at)
{
    size_t done = 0;

    while (done < s.n) {
        ssize_t n = pwrite(fd, s.p + done, s.n - done, at + (off_t)done);

        if (n <= 0 && errno != EINTR)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* The whole body: data into a memory file when there is one, otherwise behind the statement. */
static bool read_body(struct serving *s)
{
    size_t used = 0;
    off_t at = 0;
    struct mm_slice piece;
    enum mm_code code = MM_OK;

    while (!s->body.done && code == MM_OK) {
        code = next_piece(s, &used, &piece);
        if (code != MM_OK)
            break;
        if (!s->data_place)
            mm_buf_add(&s->sql, piece);
        else if (!write_all(s->c->data_fd, piece, at))
            code = MM_E_NOMEM;
        at += (off_t)piece.n;
        if (!mm_buf_ok(&s->sql))
            code = MM_E_LIMIT;
    }
    /* What an earlier, larger insert left behind the end. */
    if (code == MM_OK && s->data_place && ftruncate(s->c->data_fd, at) != 0)
        code = MM_E_NOMEM;
    consume(s->c, used);
    if (code == MM_OK)
        return true;
    if (code != MM_E_IO)
        refuse(s->c, mm_code_http(code), 0, "the body cannot be read");
    return false;
}

static bool sink(void *ctx, struct mm_slice piece)
{
    struct serving *s = ctx;

    return !mm_running_killed(&s->c->e->running, s->c->slot) && mm_answer_piece(&s->answer, piece);
}

static void fail(struct mm_store_result *r, const char *text)
{
    r->text_n = mm_min_size(strlen(text), sizeof(r->text));
    memcpy(r->text, text, r->text_n);
}

static bool reads(enum mm_sql_class class)
{
    return class == MM_SQL_READ || class == MM_SQL_SHOW;
}

/* Run the statement on its lane. */
static void run_on_lane(struct serving *s, enum mm_sql_class class, struct mm_store_result *result)
{
    struct mm_eventd *e = s->c->e;
    struct mm_store_call call = {
        .stream = class == MM_SQL_READ,
        .sql = mm_buf_slice(&s->sql),
        .format = s->r.format,
        .param = s->r.param,
        .param_n = s->r.param_n,
    };
    enum mm_code code;

    if (reads(class)) {
        code = mm_lanes_take_read(&e->lanes, s->r.company, MM_EVENTD_QUEUE_MS, &call.lane);
    } else {
        call.lane = class == MM_SQL_INSERT ? MM_STORE_LANE_INSERT : MM_STORE_LANE_ADMIN;
        code = mm_lanes_take(&e->lanes, call.lane, MM_EVENTD_WRITE_QUEUE_MS);
    }
    if (code != MM_OK) {
        fail(result, "Code: 202. DB::Exception: Too many simultaneous queries");
        return;
    }
    /* The kill may have come while this waited: only now does it begin for good. */
    if (!mm_running_begin(&e->running, s->c->slot, s->c->number, s->r.id)) {
        fail(result, "Code: 394. DB::Exception: Query was cancelled before it began");
    } else {
        e->o.store->run(e->o.store->ctx, &call, sink, s, result);
        if (mm_running_killed(&e->running, s->c->slot) && reads(class))
            fail(result, "Code: 394. DB::Exception: Query was cancelled");
        mm_running_end(&e->running, s->c->slot);
    }
    mm_lanes_give(&e->lanes, call.lane);
}

static void kill_query(struct serving *s, struct mm_store_result *result)
{
    struct mm_sql_kill k;
    const struct mm_slice *param = NULL;
    unsigned killed;

    if (!mm_sql_kill_parse(mm_buf_slice(&s->sql), &k)) {
        fail(result, "Code: 48. DB::Exception: Only KILL QUERY WHERE query_id = … or "
                     "startsWith(query_id, …) is supported");
        return;
    }
    if (k.param.n > 0) {
        param = mm_request_param(&s->r, k.param);
        k.id = param == NULL ? (struct mm_slice){0} : *param;
    }
    if (k.id.n == 0 || k.id.n > MM_REQUEST_ID_MAX)
        fail(result, "Code: 456. DB::Exception: No query id given");
    else if (mm_running_kill(&s->c->e->running, s->c->number, k.id, k.prefix, MM_EVENTD_KILL_MS,
                             &killed) != MM_OK)
        fail(result, "Code: 159. DB::Exception: Timeout exceeded: a killed query is still running");
    else
        for (unsigned i = 0; i < killed; i++)
            (void)mm_answer_piece(&s->answer, MM_S("finished\n"));
}

/*
 * INSERT with its data in the body: name the memory file in the statement. The file is the one of
 * the connection's last insert: making its pages anew costs as much as filling them.
 */
static enum mm_code name_data(struct serving *s)
{
    struct mm_conn *c = s->c;
    char path[64];
    struct mm_buf rewritten;
    enum mm_code code;

    if (!c->has_data)
        c->data_fd = memfd_create("insert", MFD_CLOEXEC);
    c->has_data = c->data_fd >= 0;
    if (!c->has_data)
        return MM_E_NOMEM;
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", c->data_fd);
    mm_buf_init(&rewritten, MM_EVENTD_SQL_MAX);
    code = mm_sql_insert_from(mm_buf_slice(&s->sql), path, &rewritten);
    if (code != MM_OK) {
        mm_buf_done(&rewritten);
        return code;
    }
    mm_buf_done(&s->sql);
    s->sql = rewritten;
    return MM_OK;
}

/* Get the statement and its data together; false when the connection has to end. */
static bool gather(struct serving *s)
{
    enum mm_code code = MM_E_NOTFOUND;

    mm_buf_add(&s->sql, s->r.query);
    if (!s->body.done && mm_sql_classify(s->r.query) == MM_SQL_INSERT) {
        while (sem_wait(&s->c->e->data) != 0) {
        }
        s->data_place = true;
        code = name_data(s);
    }
    if (code != MM_OK && code != MM_E_NOTFOUND) {
        refuse(s->c, mm_code_http(code), 62, "Code: 62. DB::Exception: Syntax error in INSERT");
        return false;
    }
    return read_body(s);
}

/* What was gathered is run and answered; false when the connection has to end. */
static bool run(struct serving *s)
{
    struct mm_store_result result = {0};
    enum mm_sql_class class = mm_sql_classify(mm_buf_slice(&s->sql));

    s->answer.id = s->r.id;
    s->answer.format = s->r.format;
    if (!reads(class) && (s->r.read_only || s->c->read_only))
        fail(&result, "Code: 164. DB::Exception: Cannot execute query in readonly mode");
    else if (class == MM_SQL_KILL)
        kill_query(s, &result);
    else
        run_on_lane(s, class, &result);
    mm_answer_end(&s->answer, &result);
    return !s->answer.broken && !s->answer.close;
}

static bool serve_request(struct serving *s, struct mm_arena *arena)
{
    static const struct mm_store_result none = {0};

    if (!read_head(s) || !read_request(s, arena))
        return false;
    if (s->r.ping) {
        if (!s->body.done) {
            refuse(s->c, 400, 0, "no body is taken here");
            return false;
        }
        (void)mm_answer_piece(&s->answer, MM_S("Ok.\n"));
        mm_answer_end(&s->answer, &none);
        return !s->answer.broken && !s->answer.close;
    }
    return gather(s) && run(s);
}

void mm_conn_run(struct mm_conn *c)
{
    bool more = true;

    while (more && wait_request(c)) {
        struct serving s = {.c = c};
        struct mm_arena arena;

        mm_arena_init(&arena, MM_REQUEST_ARENA_MAX);
        mm_answer_init(&s.answer, c->fd, false);
        mm_buf_init(&s.sql, MM_EVENTD_SQL_MAX);
        more = serve_request(&s, &arena);
        if (s.data_place)
            (void)sem_post(&c->e->data);
        mm_buf_done(&s.sql);
        mm_answer_done(&s.answer);
        mm_arena_done(&arena);
    }
    give_data_back(c);
}
