/*
 * web/portal/status_page.c - how the machine is: for people, for a monitoring system, for a load
 * balancer.
 *
 * The page and the metrics come from `mimamori status`, a program of its own: how far each queue is
 * belongs to no company, and no scope of the portal shows it.
 */
#include "base/limits.h"
#include "base/time.h"
#include "os/child.h"
#include "os/file.h"
#include "serve/vitals.h"
#include "web/portal/ask.h"
#include "web/portal/pages.h"

enum {
    WAIT_MS = 10 * 1000,
    ANSWER_MAX = 128 * 1024 * 1024, /* metrics of 100,000 sources; it grows as needed */
};

#define KEEP_US (3 * MM_US_PER_S) /* an answer serves whoever else asks meanwhile */

static const char *const forms[MM_STATUS_FORMS] = {"--json", "--metrics", "--openmetrics"};

/* The program's answer in this form, into out; at most one program runs at a time. */
static enum mm_code ask(struct mm_portal *portal, enum mm_status_form form, struct mm_buf *out)
{
    struct mm_status_kept *kept = &portal->status[form];
    const char *argv[] = {portal->cfg.status_program, forms[form], "--state", portal->cfg.state_dir,
                          NULL};
    enum mm_code code = MM_OK;
    int status = 0;

    if (argv[0] == NULL)
        return MM_E_NOTFOUND;
    (void)pthread_mutex_lock(&portal->status_lock);
    if (kept->text.n == 0 || mm_mono_us() - kept->at_us > KEEP_US) {
        mm_buf_reset(&kept->text);
        kept->text.max = ANSWER_MAX;
        code = mm_child_ask(argv, (struct mm_slice){0}, WAIT_MS, &kept->text, &status);
        if (code == MM_OK && status != 0)
            code = MM_E_IO;
        kept->at_us = mm_mono_us();
        if (code != MM_OK)
            mm_buf_reset(&kept->text);
    }
    if (code == MM_OK)
        mm_buf_add(out, mm_buf_slice(&kept->text));
    (void)pthread_mutex_unlock(&portal->status_lock);
    return code == MM_OK && !mm_buf_ok(out) ? MM_E_NOMEM : code;
}

/* Staff of one programme sees its companies, not what all of them together take. */
enum mm_code mm_page_status(struct mm_page *p)
{
    struct mm_buf answer;
    enum mm_code code;

    if (!mm_page_machine(p))
        return MM_E_DENIED;
    mm_buf_init(&answer, ANSWER_MAX);
    code = ask(p->portal, MM_STATUS_JSON, &answer);
    if (code == MM_OK)
        code = mm_page_typed(p, mm_buf_slice(&answer), p->doc);
    mm_buf_done(&answer);
    return code;
}

/* From this machine itself: not handed on by a proxy that runs here. A proxy that ends TLS in front
 * of a portal without it may not say that it is one. */
static bool is_local(const struct mm_http_req *req)
{
    static const char *const handed_on[] = {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"};

    for (size_t i = 0; i < MM_COUNT(handed_on); i++) {
        if (mm_http_has(req, handed_on[i]))
            return false;
    }
    return req->tls && mm_ip_is_loopback(&req->peer);
}

static bool may_read_metrics(const struct mm_portal_cfg *cfg, const struct mm_http_req *req)
{
    struct mm_slice token, right = mm_slice_str(cfg->metrics_token);

    if (right.n > 0 && mm_http_bearer(req, &token))
        return mm_same(token, right);
    return cfg->metrics_local && is_local(req);
}

enum mm_code mm_page_metrics(struct mm_page *p)
{
    struct mm_slice accept;
    bool open = mm_http_header(p->req, "Accept", &accept) &&
                mm_slice_search(accept, MM_S("application/openmetrics-text")) != SIZE_MAX;
    struct mm_buf answer;
    enum mm_code code;

    if (!may_read_metrics(&p->portal->cfg, p->req)) {
        mm_http_set(p->req, "WWW-Authenticate", "Bearer");
        mm_http_text(p->req, 401,
                     "metrics are for this machine (metrics.local) or for who has the token "
                     "(metrics.token)\n");
        return MM_OK;
    }
    mm_buf_init(&answer, ANSWER_MAX);
    code = ask(p->portal, open ? MM_STATUS_OPENMETRICS : MM_STATUS_METRICS, &answer);
    if (code == MM_OK)
        mm_buf_add(mm_http_reply(p->req, 200,
                                 open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                      : "text/plain; version=0.0.4; charset=utf-8"),
                   mm_buf_slice(&answer));
    else
        mm_http_text(p->req, 503, "nothing can be measured now\n");
    mm_buf_done(&answer);
    return MM_OK;
}

/* Are the programs of this machine ready? Where no supervisor ever was, this one is all there is.
 */
static bool is_healthy(const struct mm_portal *portal, int64_t now_us)
{
    char run[MM_MAX_PATH];
    struct mm_vitals v;
    enum mm_code code;

    if (mm_path_join(run, portal->cfg.state_dir, "run") != MM_OK)
        return false;
    code = mm_vitals_read(run, &v);
    return code == MM_OK ? mm_vitals_ready(&v, now_us) : code == MM_E_NOTFOUND;
}

/* One word, for anybody: what is wrong is for who may log in. */
enum mm_code mm_page_healthz(struct mm_page *p)
{
    bool ok = is_healthy(p->portal, p->now_us);

    mm_http_text(p->req, ok ? 200 : 503, ok ? "ok\n" : "failing\n");
    return MM_OK;
}
