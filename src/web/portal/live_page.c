/* web/portal/live_page.c - server-sent events: "something changed", nothing else. */
#include <poll.h>

#include "base/time.h"
#include "web/portal/pages.h"

enum {
    LOOK_MS = 500,
    QUIET_US = 12 * 1000 * 1000, /* then a comment, so that a reader who has gone is noticed */
    PAUSE_US = 3 * 1000 * 1000,  /* at least between two events: counters change all the time */
    LIVE_US = 600 * 1000 * 1000, /* then the browser comes again, and its session is looked at */
};

struct live {
    struct mm_http *server;
    struct mm_records *records;
    uint64_t seen;
    int64_t begun_us, sent_us, told_us;
};

static size_t put(uint8_t *to, size_t size, const char *text)
{
    size_t n = strlen(text);

    MM_ASSERT(n <= size);
    memcpy(to, text, n);
    return n;
}

static size_t next(void *ctx, uint8_t *to, size_t size)
{
    struct live *l = ctx;

    if (l->sent_us == 0) {
        (void)mm_records_changed(l->records, &l->seen); /* what is there is on the page already */
        l->sent_us = mm_mono_us();
        return put(to, size, "retry: 5000\n\n");
    }
    while (!mm_http_stopping(l->server)) {
        int64_t now = mm_mono_us();

        if (now - l->begun_us > LIVE_US)
            return 0;
        if (now - l->told_us > PAUSE_US && mm_records_changed(l->records, &l->seen)) {
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
    l->begun_us = mm_mono_us();
    mm_http_stream(p->req, 200, "text/event-stream; charset=utf-8", next, end, l);
    return MM_OK;
}
