/* web/portal/page.c - see page.h for the contract. */
#include "web/portal/page.h"

#include <stdarg.h>

#include "base/limits.h"
#include "base/time.h"
#include "web/portal/feature.h"
#include "web/portal/president.h"
#include "web/portal/session.h"

enum {
    GO_MAX = 512,
    EVENTS_WAIT_MS = 20000, /* as long as a query may run */
    EVENTS_SOON_MS = 3000,
};

/* ---- helpers for handlers ---- */

enum mm_code mm_page_number(const struct mm_page *p, size_t at, uint64_t *ret)
{
    MM_ASSERT(at < p->match->param_n);
    return mm_slice_u64(p->match->param[at], ret) ? MM_OK : MM_E_NOTFOUND;
}

enum mm_code mm_page_row(const struct mm_page *p, size_t at, int64_t *ret)
{
    uint64_t number;
    enum mm_code code = mm_page_number(p, at, &number);

    if (code == MM_OK && number > INT64_MAX)
        code = MM_E_NOTFOUND;
    if (code == MM_OK)
        *ret = (int64_t)number;
    return code;
}

bool mm_page_may(const struct mm_page *p, enum mm_right right)
{
    return p->signed_in && p->me.scope != NULL && (p->me.rights & right) != 0;
}

bool mm_page_staff(const struct mm_page *p)
{
    /* An auditor of one company has that company's scope: it sees what the company sees. */
    return p->signed_in && p->me.scope != NULL && mm_scope_kind(p->me.scope) == MM_SCOPE_OPERATOR;
}

bool mm_page_machine(const struct mm_page *p)
{
    return mm_page_staff(p) && mm_scope_programme(p->me.scope) == 0;
}

void mm_page_go(struct mm_page *p, const char *fmt, ...)
{
    char *to = mm_arena_alloc(p->arena, GO_MAX);
    va_list ap;

    if (to == NULL)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(to, GO_MAX, fmt, ap);
    va_end(ap);
    p->go = to;
}

enum mm_code mm_page_read(struct mm_page *p)
{
    MM_ASSERT(p->signed_in && p->me.scope != NULL && p->tx == NULL);
    return mm_records_read(p->portal->cfg.records, p->me.scope, &p->tx);
}

const struct mm_known_formats *mm_page_known(struct mm_page *p)
{
    if (p->formats == NULL)
        p->formats = mm_formats_hold(p->portal->formats, p->now_us);
    return p->formats;
}

static enum mm_code events_client(const struct mm_page *p, int wait_ms,
                                  struct mm_events_client **ret)
{
    char address[MM_MAX_PATH + 32];
    int n = snprintf(address, sizeof(address), "unix:%s/run/eventd-read.sock",
                     p->portal->cfg.state_dir);

    return mm_events_new(mm_slice_of(address, (size_t)n), wait_ms, ret);
}

enum mm_code mm_page_events_client(const struct mm_page *p, struct mm_events_client **ret)
{
    return events_client(p, EVENTS_WAIT_MS, ret);
}

enum mm_code mm_page_events_soon(const struct mm_page *p, struct mm_events_client **ret)
{
    return events_client(p, EVENTS_SOON_MS, ret);
}

static enum mm_code name_company(struct mm_page *p)
{
    struct mm_doc *c = mm_doc_object(p->doc, "company");
    struct mm_q q;
    bool found = false;

    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_COMPANY]);
    mm_q_int(&q, ":id", p->company);
    if (mm_q_row(&q)) {
        found = true;
        mm_doc_int(c, "company", p->company);
        mm_doc_text(c, "code", mm_q_col_text(&q, 0));
        mm_doc_text(c, "name", mm_q_col_text(&q, 1));
        mm_doc_text(c, "area", mm_q_col_text(&q, 2));
        mm_doc_text(c, "sensor", mm_q_col_text(&q, 3));
        mm_doc_text(p->chrome, "company_name", mm_q_col_text(&q, 1));
        mm_doc_int(p->chrome, "company_id", p->company);
        mm_doc_bool(p->chrome, "inside", true);
    }
    return mm_q_end(&q) != MM_OK ? MM_E_IO : found ? MM_OK : MM_E_NOTFOUND;
}

/* From the path; where it names none, from the field "company", else that of who asks. */
static enum mm_code company_number(const struct mm_page *p, uint64_t *ret)
{
    if (p->match->param_n > 0)
        return mm_page_number(p, 0, ret);
    *ret = p->me.company;
    if (mm_input_has(&p->in, "company") && !mm_slice_u64(mm_input_get(&p->in, "company"), ret))
        return MM_E_RANGE;
    return MM_OK;
}

enum mm_code mm_page_company(struct mm_page *p)
{
    uint64_t number;
    enum mm_code code = company_number(p, &number);

    if (code != MM_OK || number > UINT32_MAX)
        return MM_E_NOTFOUND;
    p->company = (uint32_t)number;
    code = mm_scope_narrow(p->me.scope, p->company, &p->hold, &p->narrow);
    if (code == MM_OK)
        code = mm_records_read(p->portal->cfg.records, p->narrow, &p->tx);
    return code == MM_OK ? name_company(p) : code;
}

void mm_page_retry(struct mm_page *p, int64_t seconds)
{
    char text[24];

    if (seconds <= 0)
        return;
    (void)snprintf(text, sizeof(text), "%lld", (long long)seconds);
    mm_http_set(p->req, "Retry-After", text);
}

static struct mm_doc *errors_of(struct mm_page *p)
{
    const struct mm_doc *d = mm_doc_get(p->doc, MM_S("errors"));

    /* A member of a document of ours: it may be added to. */
    return d == NULL ? mm_doc_array(p->doc, "errors") : (struct mm_doc *)(uintptr_t)d;
}

void mm_page_refuse(struct mm_page *p, const char *field, const char *key)
{
    struct mm_doc *e = mm_doc_object(errors_of(p), NULL);

    mm_doc_str(e, "field", field);
    mm_doc_str(e, "code", key);
    p->status = 422;
}

bool mm_page_refused(const struct mm_page *p)
{
    return p->status == 422;
}

void mm_page_echo(struct mm_page *p, const char *const *names, size_t n)
{
    struct mm_doc *form = mm_doc_object(p->doc, "form");

    for (size_t i = 0; i < n; i++)
        mm_doc_text(form, names[i], mm_input_get(&p->in, names[i]));
}

/* ---- answering ---- */

/* Whether an Accept header likes JSON better than HTML. */
static bool wants_json(const struct mm_http_req *req, bool v1)
{
    struct mm_slice accept;
    size_t json, html;

    if (!mm_http_header(req, "Accept", &accept))
        return v1;
    json = mm_slice_search(accept, MM_S("application/json"));
    html = mm_slice_search(accept, MM_S("text/html"));
    if (json == SIZE_MAX && html == SIZE_MAX)
        return v1;
    return json < html;
}

static void send_json(struct mm_page *p)
{
    struct mm_buf *out = mm_http_reply(p->req, p->status, "application/json; charset=utf-8");

    /* Never shown as anything else, whatever a browser makes of it. */
    mm_http_set(p->req, "Content-Disposition", "attachment; filename=\"mimamori.json\"");

    mm_doc_json(out, p->doc);
    mm_buf_byte(out, '\n');
}

/*
 * The page's name in the words of who reads it (requirements.md 6.4): a case is "case" to the
 * operator only.
 */
static void name_title(struct mm_page *p)
{
    static const char *const readers[] = {".president", ".company", ""};
    size_t first = !p->signed_in || mm_page_staff(p) ? 2 : mm_page_president(p) ? 0 : 1;
    char *key = mm_arena_alloc(p->arena, 96);

    if (key == NULL)
        return;
    for (size_t i = first; i < MM_COUNT(readers); i++) {
        (void)snprintf(key, 96, "page.%s.title%s", p->template, readers[i]);
        if (mm_lang_text(p->lang, mm_slice_str(key), 1) != NULL)
            break;
    }
    mm_doc_str(p->chrome, "title_key", key);
}

/* The chrome knows which page it stands around: for its title, and for "you are here". */
static void name_page(struct mm_page *p)
{
    char *at = mm_arena_alloc(p->arena, 64);

    mm_doc_str(p->chrome, "page", p->template);
    name_title(p);
    if (at == NULL)
        return;
    (void)snprintf(at, 64, "at_%s",
                   strcmp(p->template, "case") == 0        ? "cases"
                   : strcmp(p->template, "programme") == 0 ? "programmes"
                                                           : p->template);
    mm_doc_bool(p->chrome, at, true);
}

static void send_html(struct mm_page *p)
{
    struct mm_tpl_render r = {
        .set = p->portal->templates,
        .lang = p->lang,
        .now_us = p->now_us,
        .offset_s = MM_PAGE_OFFSET_S,
        .base = p->chrome,
        .doc = p->doc,
        .out = mm_http_reply(p->req, p->status, "text/html; charset=utf-8"),
    };

    name_page(p);
    if (mm_tpl_render(&r, p->template) != MM_OK)
        mm_http_text(p->req, 500, "no such page\n");
    mm_http_set(p->req, "Content-Language", mm_lang_tag(p->lang));
}

static void send_page(struct mm_page *p)
{
    mm_http_set(p->req, "Vary", "Accept, Cookie, Accept-Language");
    if (!mm_doc_ok(p->doc) || !mm_doc_ok(p->chrome)) {
        mm_http_text(p->req, 503, "out of memory\n");
        return;
    }
    if (p->json)
        send_json(p);
    else if (p->go != NULL)
        mm_http_redirect(p->req, p->go);
    else
        send_html(p);
}

static void send_error(struct mm_page *p, enum mm_code code, const char *key)
{
    p->doc = mm_doc_new(p->arena);
    p->status = mm_code_http(code);
    p->template = "error";
    p->go = NULL;
    mm_doc_str(mm_doc_object(p->doc, "error"), "code", key);
    send_page(p);
}

/* ---- what stands around a page ---- */

static void add_asset(struct mm_page *p, const char *key, const char *name)
{
    char path[64];

    for (size_t i = 0; i < p->portal->asset_n; i++) {
        const struct mm_asset *a = &p->portal->asset[i];

        if (strcmp(a->name, name) != 0)
            continue;
        (void)snprintf(path, sizeof(path), "/static/%s?%s", a->name, a->digest);
        mm_doc_text(p->chrome, key, mm_slice_str(path));
    }
}

static void add_person(struct mm_page *p)
{
    struct mm_doc *user = mm_doc_object(p->chrome, "me");

    mm_doc_text(user, "name", p->me.name);
    mm_doc_str(user, "role", p->me.role->name);
    mm_doc_bool(p->chrome, "staff", mm_page_staff(p));
    mm_doc_bool(p->chrome, "machine", mm_page_machine(p));
    mm_doc_bool(p->chrome, "is_president", mm_page_president(p));
    mm_doc_bool(p->chrome, "may_see", mm_page_may(p, MM_MAY_SEE));
    mm_doc_bool(p->chrome, "may_search", mm_page_may(p, MM_MAY_SEARCH));
    mm_doc_bool(p->chrome, "may_enter", mm_page_may(p, MM_MAY_ENTER));
    mm_doc_bool(p->chrome, "may_report", mm_page_may(p, MM_MAY_REPORT));
    mm_doc_bool(p->chrome, "may_rules", mm_page_may(p, MM_MAY_RULES));
    mm_doc_bool(p->chrome, "may_people", mm_page_may(p, MM_MAY_PEOPLE));
    mm_doc_bool(p->chrome, "may_audit", mm_page_may(p, MM_MAY_AUDIT));
    if (p->me.company != MM_COMPANY_OPERATOR)
        mm_doc_int(p->chrome, "my_company", p->me.company);
}

static void add_chrome(struct mm_page *p)
{
    const struct mm_portal_cfg *cfg = &p->portal->cfg;
    const char *service = cfg->service_name;

    p->chrome = mm_doc_new(p->arena);
    if (service == NULL || service[0] == 0)
        service = mm_lang_text(p->lang, MM_S("app.name"), 1);
    mm_doc_str(p->chrome, "service", service);
    mm_doc_str(p->chrome, "desk_tel", cfg->desk_tel);
    mm_doc_str(p->chrome, "desk_hours", cfg->desk_hours);
    mm_doc_str(p->chrome, "lang", mm_lang_tag(p->lang));
    mm_doc_str(p->chrome, "other_lang",
               mm_lang_tag(p->lang == MM_LANG_JA ? MM_LANG_EN : MM_LANG_JA));
    mm_doc_text(p->chrome, "path", p->req->path);
    mm_doc_text(p->chrome, "csrf", p->csrf);
    mm_doc_time(p->chrome, "now", p->now_us);
    add_asset(p, "css", "style.css");
    add_asset(p, "js", "live.js");
    add_asset(p, "icon", "icon.svg");
    mm_doc_bool(p->chrome, "signed_in", p->signed_in);
    if (p->signed_in)
        add_person(p);
}

/* ---- one request ---- */

static enum mm_code read_body(struct mm_page *p, struct mm_fault *fault)
{
    struct mm_slice type = {0};
    enum mm_code code;

    if (!mm_http_header(p->req, "Content-Type", &type))
        type = MM_S("");
    code = mm_input_read_files(p->arena, type, p->req->body, &p->in, fault);
    if (code != MM_E_NOTFOUND)
        return code;
    type = mm_slice_trim(mm_slice_sub(type, 0, mm_slice_find(type, ';', 0)));
    if (mm_slice_ieq(type, MM_S("application/json")))
        return mm_input_read(p->arena, MM_INPUT_JSON, p->req->body, &p->in, fault);
    if (mm_slice_ieq(type, MM_S("application/x-www-form-urlencoded")))
        return mm_input_read(p->arena, MM_INPUT_FORM, p->req->body, &p->in, fault);
    return MM_E_TYPE;
}

/* A page is asked for by its address, a form is its body: what stands in the address of a form is
 * nobody's field. */
static enum mm_code read_input(struct mm_page *p)
{
    struct mm_fault fault;

    if (p->match->route->method == MM_HTTP_GET)
        return mm_input_read(p->arena, MM_INPUT_FORM, p->req->query, &p->in, &fault);
    return p->req->body.n > 0 ? read_body(p, &fault) : MM_OK;
}

/* What the other side may do with this route; MM_OK, or why not. */
static enum mm_code admit(struct mm_page *p)
{
    uint32_t who = p->match->route->who, rights = who & MM_WHO_RIGHTS;

    if ((who & MM_WHO_ALL) != 0)
        return MM_OK;
    if (!p->signed_in)
        return MM_E_AUTH;
    if ((who & MM_WHO_COOKIE) != 0 && p->me.api)
        return MM_E_DENIED;
    if ((who & MM_WHO_HALF) == 0 && (p->me.scope == NULL || p->me.must_change)) {
        mm_page_go(p, p->me.scope == NULL ? "/second-factor" : "/password");
        return MM_E_DENIED;
    }
    if ((who & MM_WHO_STAFF) != 0 && !mm_page_staff(p))
        return MM_E_DENIED;
    return (p->me.rights & rights) == rights ? MM_OK : MM_E_DENIED;
}

static enum mm_code handle(struct mm_page *p)
{
    enum mm_code code = admit(p);

    if (code == MM_OK)
        code = read_input(p);
    /* Who may come without a session brings no cookie that somebody could abuse. */
    if (code == MM_OK && p->match->route->method != MM_HTTP_GET &&
        (p->match->route->flags & MM_ROUTE_OPEN) == 0)
        code = mm_session_check_form(p);
    if (code == MM_OK)
        code = p->match->route->handle(p);
    mm_records_read_done(&p->tx);
    mm_formats_release(p->portal->formats, &p->formats);
    return code;
}

static void choose_language(struct mm_page *p)
{
    struct mm_slice s;

    if (p->signed_in && mm_lang_parse(p->me.language, &p->lang))
        return;
    if (mm_http_cookie(p->req, "mm_lang", &s) && mm_lang_parse(s, &p->lang))
        return;
    p->lang = mm_http_header(p->req, "Accept-Language", &s) ? mm_lang_accept(s) : MM_LANG_JA;
}

/* Whose request it is: a user, a program with its token, or an address. */
static enum mm_code pace(struct mm_page *p)
{
    const struct mm_ip owner = mm_ip_owner(&p->req->peer);
    uint8_t who[1 + sizeof(owner)] = {p->signed_in ? p->me.api ? 't' : 'u' : 'a'};
    struct mm_digest digest;
    uint64_t key;
    int64_t wait_s = 0;
    enum mm_code code;

    if (p->signed_in)
        memcpy(who + 1, &p->me.user, sizeof(p->me.user));
    else
        memcpy(who + 1, &owner, sizeof(owner));
    mm_digest_keyed(&p->portal->forms, mm_slice_of(who, sizeof(who)), &digest);
    memcpy(&key, digest.b, sizeof(key));
    code = mm_pace_take(p->portal->pace, key, mm_mono_us(), &wait_s);
    mm_page_retry(p, wait_s);
    if (code != MM_OK)
        mm_hit_add(p->portal->cfg.hits, MM_HIT_RATE, &p->req->peer);
    return code;
}

/* Who asks, in which language, and what stands around the answer. */
static enum mm_code begin(struct mm_page *p, struct mm_match *m)
{
    const struct mm_http_req *req = p->req;
    enum mm_code code = mm_route_find(req->method, req->path, m), found = MM_OK, paced;

    p->json = wants_json(req, m->v1 || mm_slice_starts(req->path, MM_S("/v1/")));
    p->template = m->route == NULL ? "error" : m->route->name;
    /* Also where there is no page: its forms need a token like those of any other. */
    if (m->route == NULL || (m->route->flags & MM_ROUTE_OPEN) == 0)
        found = mm_session_find(p);
    if (code == MM_OK)
        code = found;
    choose_language(p);
    p->doc = mm_doc_new(p->arena);
    add_chrome(p);
    paced = pace(p);
    return paced == MM_OK ? code : paced;
}

/* Answer with what the handler made, or say why there is nothing. */
static void finish(struct mm_page *p, enum mm_code code, const char *key)
{
    struct mm_slice token;

    if (code == MM_E_AUTH && !p->json && p->req->method == MM_HTTP_GET &&
        !mm_http_bearer(p->req, &token))
        mm_page_go(p, "/login");
    if (code != MM_OK && p->go != NULL && !p->json)
        mm_http_redirect(p->req, p->go);
    else if (code != MM_OK)
        send_error(p, code, key == NULL ? mm_code_key(code) : key);
    else
        send_page(p);
}

static struct mm_page page_of(struct mm_portal *portal, struct mm_http_req *req, struct mm_match *m)
{
    return (struct mm_page){
        .portal = portal,
        .req = req,
        .arena = &req->arena,
        .match = m,
        .now_us = portal->cfg.now_us(),
        .status = 200,
    };
}

bool mm_page_admit_upload(struct mm_portal *portal, struct mm_http_req *req, uint64_t size_max,
                          bool busy)
{
    struct mm_match m = {0};
    struct mm_page p = page_of(portal, req, &m);
    const char *key = NULL;
    struct mm_slice s;
    uint64_t n;
    enum mm_code code = begin(&p, &m);

    if (code == MM_OK)
        code = admit(&p);
    if (code == MM_OK && mm_http_header(req, "Content-Length", &s) && mm_slice_u64(s, &n) &&
        n > size_max) {
        code = MM_E_LIMIT;
        key = "err.upload.large";
        mm_hit_add(portal->cfg.hits, MM_HIT_BODY, &req->peer);
    } else if (code == MM_OK && busy) {
        code = MM_E_BUSY;
        key = "err.upload.busy";
        mm_hit_add(portal->cfg.hits, MM_HIT_UPLOADS, &req->peer);
    }
    if (code != MM_OK)
        finish(&p, code, key);
    return code == MM_OK;
}

static void serve(struct mm_portal *portal, struct mm_http_req *req)
{
    struct mm_match m = {0};
    struct mm_page p = page_of(portal, req, &m);
    enum mm_code code = begin(&p, &m);

    if (code == MM_OK)
        code = handle(&p);
    if (!mm_http_answered(req))
        finish(&p, code, NULL);
}

void mm_page_serve(struct mm_portal *portal, struct mm_http_req *req)
{
    int64_t began_us = mm_mono_us();

    if (mm_slice_starts(req->path, MM_S("/static/"))) {
        if (!mm_portal_asset(portal, mm_slice_sub(req->path, 8, SIZE_MAX), req))
            mm_http_text(req, 404, "no such file\n");
        return;
    }
    serve(portal, req);
    mm_meter_add(portal->cfg.meters, MM_METER_REQUEST, mm_mono_us() - began_us);
}
