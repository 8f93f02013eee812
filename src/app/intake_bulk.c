/* app/intake_bulk.c - see intake_bulk.h for the contract. */
#include "app/intake_bulk.h"

#include <stdio.h>

#include "base/time.h"
#include "intake/bulk.h"

enum {
    CREDENTIALS = 512, /* decoded: a source's name of 63 bytes and a token */
};

/* The version says which protocol is spoken; senders choose by it how they write. 8.x: no types. */
#define ABOUT                                                                                      \
    "{\"name\":\"mimamori\",\"cluster_name\":\"mimamori\",\"version\":{\"number\":\"8.19.0\"}}\n"

struct sender {
    uint32_t company, source;
};

/* ---- which request ---- */

enum what { NOTHING, BULK, VERSION, HEALTH, LICENCE };

static enum what what_of(const struct mm_http_req *req)
{
    static const struct {
        struct mm_slice path;
        enum what what;
    } rows[] = {
        {MM_S_INIT("/"), VERSION},           {MM_S_INIT("/_bulk"), BULK},
        {MM_S_INIT("/_cat/health"), HEALTH}, {MM_S_INIT("/_license"), LICENCE},
        {MM_S_INIT("/_xpack"), LICENCE},
    };

    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        if (mm_slice_eq(req->path, rows[i].path))
            return rows[i].what;
    }
    /* /INDEX/_bulk: the index is the sender's and not looked at. */
    if (mm_slice_ends(req->path, MM_S("/_bulk")) &&
        mm_slice_find(req->path, '/', 1) == req->path.n - strlen("/_bulk"))
        return BULK;
    return NOTHING;
}

bool mm_intake_bulk_path(const struct mm_http_req *req)
{
    return what_of(req) != NOTHING;
}

/* ---- answers ---- */

static struct mm_buf *reply(struct mm_http_req *req, int status, const char *type)
{
    /* Clients of Elastic ask for this header before they send: that it is the same protocol. */
    mm_http_set(req, "X-Elastic-Product", "Elasticsearch");
    return mm_http_reply(req, status, type);
}

/* May the same request be taken later, without a change by who sends it? */
static bool passing(int status)
{
    return status == 401 || status == 403 || status == 409 || status == 429 || status == 503;
}

static void refuse(struct mm_http_req *req, const struct mm_ingest_answer *a)
{
    char seconds[16];

    if (a->retry_after_s > 0) {
        (void)snprintf(seconds, sizeof(seconds), "%d", a->retry_after_s);
        mm_http_set(req, "Retry-After", seconds);
    }
    if (a->status == 401)
        mm_http_set(req, "WWW-Authenticate", "Basic realm=\"mimamori\"");
    /* omelasticsearch (8.2302) looks for items in JSON whatever the status is, and throws lines
     * away when there are none; what is no JSON it sends again. The others go by the status. */
    if (passing(a->status))
        mm_buf_fmt(reply(req, a->status, "text/plain"), "refused: %s\n", a->why);
    else
        mm_buf_fmt(reply(req, a->status, "application/json"),
                   "{\"error\":{\"type\":\"refused\",\"reason\":\"%s\"},\"status\":%d}\n", a->why,
                   a->status);
}

static void refuse_with(struct mm_http_req *req, int status, const char *why)
{
    refuse(req, &(struct mm_ingest_answer){.status = status, .why = why});
}

/* ---- who ---- */

/* "Authorization: Basic X" or "ApiKey X", X being base64 of NAME:TOKEN, decoded into room. */
static bool credentials(const struct mm_http_req *req, uint8_t room[CREDENTIALS],
                        struct mm_slice *ret_name, struct mm_slice *ret_token)
{
    struct mm_slice s, scheme;
    size_t blank, n = 0, colon;

    if (!mm_http_header(req, "Authorization", &s))
        return false;
    blank = mm_slice_find(s, ' ', 0);
    scheme = mm_slice_sub(s, 0, blank);
    if (blank == SIZE_MAX ||
        !(mm_slice_ieq(scheme, MM_S("Basic")) || mm_slice_ieq(scheme, MM_S("ApiKey"))) ||
        !mm_base64_read(mm_slice_trim(mm_slice_sub(s, blank, SIZE_MAX)), room, CREDENTIALS, &n))
        return false;
    s = mm_slice_of(room, n);
    colon = mm_slice_find(s, ':', 0);
    if (colon == SIZE_MAX)
        return false;
    *ret_name = mm_slice_sub(s, 0, colon);
    *ret_token = mm_slice_sub(s, colon + 1, SIZE_MAX);
    return true;
}

static int who(struct mm_tables *tables, const struct mm_http_req *req, struct sender *ret)
{
    uint8_t room[CREDENTIALS];
    struct mm_slice name, token;
    int status = 401;

    if (credentials(req, room, &name, &token))
        status = mm_tables_auth(tables, name, token, &ret->company, &ret->source);
    mm_wipe(room, sizeof(room));
    return status;
}

void mm_intake_bulk_head(struct mm_tables *tables, struct mm_http_req *req)
{
    bool bulk = what_of(req) == BULK;
    struct sender *s = mm_arena_alloc(&req->arena, sizeof(*s));
    int status = s == NULL ? 503 : who(tables, req, s);

    if (status != 200) {
        refuse_with(req, status,
                    status == 401   ? "ingest.token"
                    : status == 403 ? "ingest.source"
                                    : "ingest.memory");
    } else if (what_of(req) == LICENCE) {
        refuse_with(req, 400, "bulk.licence"); /* as Elasticsearch without X-Pack */
    } else if (req->method != (bulk ? MM_HTTP_POST : MM_HTTP_GET)) {
        mm_http_set(req, "Allow", bulk ? "POST" : "GET");
        refuse_with(req, 405, "ingest.method");
    } else {
        req->state = s;
        req->body_max = bulk ? MM_INGEST_BODY : 0;
    }
}

/* ---- what is asked ---- */

static void take(struct mm_ingest *ingest, struct mm_http_req *req, const struct sender *s)
{
    struct mm_buf notes;
    struct mm_ingest_call call = {.company = s->company,
                                  .source = s->source,
                                  .body = req->body,
                                  .bulk = &notes,
                                  .peer = req->peer,
                                  .received_us = mm_now_us()};
    struct mm_ingest_answer a;
    int64_t began = mm_mono_us();

    mm_buf_init(&notes, MM_BULK_ITEMS);
    (void)mm_http_header(req, "Idempotency-Key", &call.key);
    (void)mm_http_header(req, "Content-Encoding", &call.encoding);
    mm_ingest_call(ingest, &call, &a);
    if (a.status == 200)
        mm_bulk_json(mm_buf_slice(&notes), (uint64_t)(mm_mono_us() - began) / 1000,
                     reply(req, 200, "application/json"));
    else
        refuse(req, &a);
    mm_buf_done(&notes);
}

void mm_intake_bulk_handle(struct mm_intake *core, struct mm_ingest *ingest,
                           struct mm_http_req *req)
{
    const struct sender *s = req->state;
    enum what what = what_of(req);

    MM_ASSERT(s != NULL); /* else _head has answered */
    if (what == BULK)
        take(ingest, req, s);
    else if (what == VERSION)
        mm_buf_str(reply(req, 200, "application/json"), ABOUT);
    else if (mm_intake_condition(core) == MM_OK)
        mm_http_text(req, 200, "mimamori green\n");
    else
        refuse_with(req, 503,
                    mm_intake_condition(core) == MM_E_FULL ? "ingest.full" : "ingest.disk");
}
