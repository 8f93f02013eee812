/*
 * web/portal/live_page.c - server-sent events: "something that you may see changed", nothing else.
 *
 * A commit of anybody is a reason to look, never to tell: told is who sees other numbers under the
 * scope of its own than the time before. While nobody commits nothing is read, however many
 * companies there are and pages stay open.
 */
#include <poll.h>

#include "base/hash.h"
#include "base/time.h"
#include "web/portal/feature.h"
#include "web/portal/pages.h"

enum {
    LOOK_MS = 500,
    QUIET_US = 12 * 1000 * 1000, /* then a comment, so that a reader who has gone is noticed */
    PAUSE_US = 3 * 1000 * 1000,  /* at least between two events: counters change all the time */
    READ_US = 1000 * 1000,       /* at least between two readings: others may commit all the time */
    LIVE_US = 600 * 1000 * 1000, /* then the browser comes again, and its session is looked at */
};

struct live {
    struct mm_http *server;
    struct mm_records *records;
    const struct mm_scope *scope; /* lives in the request's arena, as this does */
    uint64_t seen, stamp;
    int64_t begun_us, sent_us, told_us, read_us;
};

static size_t put(uint8_t *to, size_t size, const char *text)
{
    size_t n = strlen(text);

    MM_ASSERT(n <= size);
    memcpy(to, text, n);
    return n;
}

/* What the scope shows, as one number. */
static enum mm_code read_stamp(const struct live *l, uint64_t *ret)
{
    struct mm_tx *tx = NULL;
    struct mm_q q;
    uint64_t stamp = 0;
    enum mm_code code = mm_records_read(l->records, l->scope, &tx);

    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_portal_stmts[MM_P_LIVE]);
    while (mm_q_row(&q)) {
        uint64_t row[5] = {stamp};

        for (int i = 0; i < 4; i++)
            row[i + 1] = (uint64_t)mm_q_col_int(&q, i);
        stamp = mm_hash((struct mm_seed){0}, mm_slice_of(row, sizeof(row)));
    }
    code = mm_q_end(&q);
    mm_records_read_done(&tx);
    if (code == MM_OK)
        *ret = stamp;
    return code;
}

/* True when the reader's part has changed; what can't be read now is read the next time. */
static bool changed(struct live *l, int64_t now_us)
{
    uint64_t stamp = l->stamp;
    bool other;

    /* Sums of many companies show nothing that moves by the second, and must not. */
    if (mm_scope_kind(l->scope) == MM_SCOPE_PROGRAMME || now_us - l->read_us < READ_US ||
        !mm_records_changed(l->records, &l->seen))
        return false;
    l->read_us = now_us;
    if (read_stamp(l, &stamp) != MM_OK)
        l->seen = 0;
    other = stamp != l->stamp;
    l->stamp = stamp;
    return other;
}

static size_t next(void *ctx, uint8_t *to, size_t size)
{
    struct live *l = ctx;

    if (l->sent_us == 0) {
        l->sent_us = mm_mono_us();
        (void)changed(l, l->sent_us); /* what is there is on the page already */
        return put(to, size, "retry: 5000\n\n");
    }
    while (!mm_http_stopping(l->server)) {
        int64_t now = mm_mono_us();

        if (now - l->begun_us > LIVE_US)
            return 0;
        if (now - l->told_us > PAUSE_US && changed(l, now)) {
            l->sent_us = l->told_us = now;
            return put(to, size, "event: changed\ndata: {}\n\n");
        }
        if (now - l->sent_us > QUIET_US) {
            l->sent_us = now;
            return put(to, size, ": still here\n\n");
        }
        (void)poll(NULL, 0, LOOK_MS);
    }
    return 0;
}

static void end(void *ctx)
{
    (void)ctx; /* lives in the request's arena */
}

enum mm_code mm_page_live(struct mm_page *p)
{
    struct live *l = mm_arena_alloc(p->arena, sizeof(*l));

    if (l == NULL)
        return MM_E_NOMEM;
    l->server = p->req->server;
    l->records = p->portal->cfg.records;
    l->scope = p->me.scope;
    l->begun_us = mm_mono_us();
    mm_http_stream(p->req, 200, "text/event-stream; charset=utf-8", next, end, l);
    return MM_OK;
}
