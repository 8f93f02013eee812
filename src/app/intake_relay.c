/* app/intake_relay.c - see intake_relay.h for the contract. */
#include "app/intake_relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/time.h"
#include "codec/relayset.h"
#include "intake/relayed.h"
#include "os/file.h"

struct mm_intake_relay {
    struct mm_tables *tables;
    struct mm_relay_page *page;
    struct mm_relayed *relayed;
};

static enum mm_code make_page(const char *state_dir, int64_t epoch_us, struct mm_relay_page **ret)
{
    char path[MM_MAX_PATH];
    struct mm_relay_page *page;
    struct mm_fs fs = mm_fs_real();
    enum mm_code c = mm_path_join(path, state_dir, MM_RELAY_PAGE_NAME);
    int fd = -1;

    if (c != MM_OK)
        return c;
    (void)unlink(path); /* a new file: who maps the old one sees a relay that is silent */
    c = mm_fs_open(fs, path, O_RDWR | O_CREAT | O_EXCL, 0600, &fd);
    if (c != MM_OK)
        return c;
    /* Blocks are taken now: a hole would kill the process when the disk is full. */
    page = posix_fallocate(fd, 0, (off_t)sizeof(*page)) != 0
               ? MAP_FAILED
               : mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    mm_fs_close(fs, &fd);
    if (page == MAP_FAILED)
        return MM_E_FULL;
    page->version = MM_RELAY_PAGE_VERSION;
    page->size = sizeof(*page);
    page->epoch = (uint64_t)epoch_us;
    atomic_thread_fence(memory_order_release);
    memcpy(page->magic, "MMRELAYS", 8);
    *ret = page;
    return MM_OK;
}

enum mm_code mm_intake_relay_new(const char *state_dir, int64_t epoch_us, struct mm_intake *core,
                                 struct mm_tables *tables, struct mm_intake_relay **ret)
{
    struct mm_intake_relay *r = calloc(1, sizeof(*r));
    enum mm_code c;

    if (r == NULL)
        return MM_E_NOMEM;
    r->tables = tables;
    c = make_page(state_dir, epoch_us, &r->page);
    if (c == MM_OK)
        c = mm_relayed_new(core, r->page, &r->relayed);
    if (c != MM_OK) {
        mm_intake_relay_free(&r);
        return c;
    }
    *ret = r;
    return MM_OK;
}

void mm_intake_relay_free(struct mm_intake_relay **rp)
{
    struct mm_intake_relay *r = *rp;

    if (r == NULL)
        return;
    mm_relayed_free(&r->relayed);
    if (r->page != NULL)
        (void)munmap(r->page, sizeof(*r->page));
    free(r);
    *rp = NULL;
}

bool mm_intake_relay_path(const struct mm_http_req *req)
{
    return mm_slice_starts(req->path, MM_S("/v1/relay/"));
}

static void answer(struct mm_http_req *req, const struct mm_relayed_answer *a)
{
    struct mm_buf *out;
    char seconds[16];

    if (a->retry_after_s > 0) {
        (void)snprintf(seconds, sizeof(seconds), "%d", a->retry_after_s);
        mm_http_set(req, "Retry-After", seconds);
    }
    if (a->status == 401)
        mm_http_set(req, "WWW-Authenticate", "Bearer");
    out = mm_http_reply(req, a->status, "application/json");
    mm_relayed_json(a, out);
}

static void refuse(struct mm_http_req *req, int status, const char *why)
{
    answer(req, &(struct mm_relayed_answer){.status = status, .why = why});
}

void mm_intake_relay_head(struct mm_intake_relay *r, struct mm_http_req *req)
{
    struct mm_relayed_who *who;
    struct mm_slice token = {0};
    int status;

    bool settings = mm_slice_eq(req->path, MM_S("/v1/relay/settings"));

    if (!settings && !mm_slice_eq(req->path, MM_S("/v1/relay/lines"))) {
        refuse(req, 404, "relay.path");
        return;
    }
    if (req->method != (settings ? MM_HTTP_GET : MM_HTTP_POST)) {
        mm_http_set(req, "Allow", settings ? "GET" : "POST");
        refuse(req, 405, "relay.method");
        return;
    }
    (void)mm_http_bearer(req, &token);
    who = mm_arena_alloc(&req->arena, sizeof(*who));
    status = who == NULL ? 503 : mm_tables_relay(r->tables, token, &req->arena, who);
    if (status != 200) {
        refuse(req, status, status == 401 ? "relay.token" : "ingest.memory");
        return;
    }
    req->state = who;
    req->body_max = settings ? 0 : MM_RELAY_MAX;
}

static void give_settings(struct mm_intake_relay *r, struct mm_http_req *req,
                          const struct mm_relayed_who *who)
{
    struct mm_buf text;
    enum mm_code c;

    mm_buf_init(&text, MM_RELAYSET_MAX);
    c = mm_tables_settings(r->tables, who->relay->relay, &text);
    if (c == MM_OK && mm_buf_ok(&text))
        mm_buf_add(mm_http_reply(req, 200, "text/plain"), mm_buf_slice(&text));
    else
        refuse(req, c == MM_E_NOTFOUND ? 404 : 503, "relay.settings");
    mm_buf_done(&text);
}

void mm_intake_relay_handle(struct mm_intake_relay *r, struct mm_http_req *req)
{
    const struct mm_relayed_who *who = req->state;
    struct mm_relayed_call call = {.body = req->body, .peer = req->peer};
    struct mm_relayed_answer a;

    MM_ASSERT(who != NULL); /* else _head has answered */
    if (req->method == MM_HTTP_GET) {
        give_settings(r, req, who);
        return;
    }
    call.who = *who;
    call.received_us = mm_now_us();
    call.mono_us = mm_mono_us();
    mm_relayed_call(r->relayed, &call, &a);
    answer(req, &a);
}
