/* app/portal_test.c - the portal over real records, seen through its sockets. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "desk/desk.h"
#include "register/feature.h"
#include "tests/harness/test.h"
#include "tests/portal/fixture.h"
#include "tests/portal/schema.h"
#include "triage/triage.h"
#include "web/portal/feature.h"
#include "web/portal/portal.h"
#include "web/portal/router.h"

enum { ANSWER_MAX = 2 * 1024 * 1024, COOKIE_MAX = 512 };
#define NOW INT64_C(1795138440000000) /* 2026-11-20T01:34:00Z */

static const struct mm_key key = {.b = {9}};

static int64_t test_now(void)
{
    return NOW;
}

struct site {
    struct fixture f;
    struct mm_portal *portal;
    struct mm_http *http;
    char cookie[COOKIE_MAX]; /* "a=b; c=d" of who is logged in */
    char *answer;
    struct mm_slice head, body;
    int status;
};

static struct mm_records *open_records(void)
{
    static const struct mm_feature *const features[] = {&mm_register_feature, &mm_triage_feature,
                                                        &mm_desk_feature, &mm_portal_feature};
    struct mm_records_fault fault = {0};
    struct mm_records *rec = NULL;

    CHECK_NUM(mm_records_open(&(struct mm_records_options){.dir = mm_test_dir(),
                                                           .features = features,
                                                           .feature_count = MM_COUNT(features),
                                                           .version = "1.0.0"},
                              &rec, &fault),
              MM_OK);
    return rec;
}

static void site_open(struct site *s)
{
    struct mm_http_handler handler;
    struct mm_fault fault = {0};

    *s = (struct site){.f = {.now_us = NOW}, .answer = malloc(ANSWER_MAX)};
    CHECK(s->answer != NULL);
    s->f.records = open_records();
    CHECK_NUM(mm_auth_open(s->f.records, &key, &s->f.auth), MM_OK);
    fixture_fill(&s->f, 12);
    CHECK_NUM(
        mm_portal_open(&(struct mm_portal_cfg){.records = s->f.records,
                                               .auth = s->f.auth,
                                               .key = &key,
                                               .state_dir = mm_test_dir(),
                                               .service_name = "Sample service",
                                               .desk_tel = "000-0000-0100",
                                               .desk_hours = "9-17",
                                               .rule_dirs = {mm_test_source("tests/portal/rules")},
                                               .version = "1.0.0",
                                               .now_us = test_now},
                       &s->portal, &fault),
        MM_OK);
    mm_portal_handler(s->portal, &handler);
    CHECK_NUM(
        mm_http_start(&(struct mm_http_cfg){.listen = "127.0.0.1:0"}, &handler, &s->http, &fault),
        MM_OK);
}

static void site_close(struct site *s)
{
    mm_http_stop(&s->http);
    mm_portal_close(&s->portal);
    mm_auth_close(&s->f.auth);
    mm_records_close(&s->f.records);
    free(s->answer);
}

/* One request on a connection of its own; status, head and body are left in the site. */
static void ask(struct site *s, const char *method, const char *path, const char *headers,
                const char *body)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(mm_http_port(s->http))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct mm_buf out;
    size_t n = 0, at;

    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0);
    mm_buf_init(&out, 65536);
    mm_buf_fmt(&out, "%s %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n%s", method, path, headers);
    if (s->cookie[0] != 0)
        mm_buf_fmt(&out, "Cookie: %s\r\n", s->cookie);
    if (body != NULL)
        mm_buf_fmt(&out, "Content-Length: %zu\r\n", strlen(body));
    mm_buf_fmt(&out, "\r\n%s", body == NULL ? "" : body);
    CHECK(send(fd, out.p, out.n, MSG_NOSIGNAL) == (ssize_t)out.n);
    mm_buf_done(&out);
    for (;;) {
        ssize_t got = recv(fd, s->answer + n, ANSWER_MAX - n, 0);

        CHECK(got >= 0);
        if (got == 0)
            break;
        n += (size_t)got;
    }
    (void)close(fd);
    at = mm_slice_search(mm_slice_of(s->answer, n), MM_S("\r\n\r\n"));
    CHECK(at != SIZE_MAX);
    s->head = mm_slice_of(s->answer, at + 2);
    s->body = mm_slice_of(s->answer + at + 4, n - at - 4);
    s->status = (s->answer[9] - '0') * 100 + (s->answer[10] - '0') * 10 + (s->answer[11] - '0');
}

static void get(struct site *s, const char *path)
{
    ask(s, "GET", path, "Accept: text/html\r\nAccept-Language: ja\r\n", NULL);
}

static void get_json(struct site *s, const char *path)
{
    ask(s, "GET", path, "Accept: application/json\r\n", NULL);
}

static void post(struct site *s, const char *path, const char *form)
{
    ask(s, "POST", path, "Accept: text/html\r\nContent-Type: application/x-www-form-urlencoded\r\n",
        form);
}

static bool has(struct mm_slice in, const char *what)
{
    return mm_slice_search(in, mm_slice_str(what)) != SIZE_MAX;
}

/* What stands between `before` and the next of `stops`, or the empty text. */
static void cut(struct mm_slice in, const char *before, const char *stops, char *ret, size_t size)
{
    size_t at = mm_slice_search(in, mm_slice_str(before)), n = 0;

    ret[0] = 0;
    if (at == SIZE_MAX)
        return;
    at += strlen(before);
    while (at + n < in.n && strchr(stops, in.p[at + n]) == NULL && n + 1 < size) {
        ret[n] = (char)in.p[at + n];
        n++;
    }
    ret[n] = 0;
}

static void csrf_of(struct site *s, char ret[128])
{
    cut(s->body, "name=\"csrf\" value=\"", "\"", ret, 128);
    CHECK(ret[0] != 0);
}

/* Log in as a browser does. False when the portal refuses. */
static bool login(struct site *s, const char *name, const char *secret)
{
    char csrf[128], visit[128], form[512], digits[7], ticket[8192], *long_form;
    bool in;

    s->cookie[0] = 0;
    get(s, "/login");
    csrf_of(s, csrf);
    cut(s->head, "Set-Cookie: ", ";\r", visit, sizeof(visit));
    (void)snprintf(s->cookie, sizeof(s->cookie), "%s", visit);
    (void)snprintf(form, sizeof(form), "csrf=%s&login=%s&secret=%s", csrf, name, secret);
    post(s, "/login", form);
    cut(s->body, "name=\"ticket\" value=\"", "\"", ticket, sizeof(ticket));
    if (ticket[0] != 0) {
        fixture_totp(s->f.totp, NOW / MM_US_PER_S, digits);
        long_form = malloc(sizeof(ticket) + 256);
        CHECK(long_form != NULL);
        (void)snprintf(long_form, sizeof(ticket) + 256, "csrf=%s&ticket=%s&digits=%s", csrf, ticket,
                       digits);
        post(s, "/login", long_form);
        free(long_form);
    }
    in = s->status == 303;
    cut(s->head, "Set-Cookie: ", ";\r", s->cookie, sizeof(s->cookie));
    return in;
}

#define PASSWORD_FORM "Blue-lamp+4+desks"

TEST(portal_statements_keep_the_rules_of_records)
{
    struct mm_records *rec = open_records();
    const struct mm_stmt *bad = NULL;
    char why[300] = "";

    if (mm_records_check(rec, &bad, why, sizeof(why)) != MM_OK) {
        printf("# %s: %s\n", bad == NULL ? "?" : bad->name, why);
        CHECK(!"a statement is refused");
    }
    mm_records_close(&rec);
}

static void key_exists(void *user, const char *tpl, struct mm_slice text, bool whole)
{
    int *missing = user;
    bool there =
        whole ? mm_lang_text(MM_LANG_JA, text, 1) != NULL : text.n == 0 || mm_lang_has_prefix(text);

    if (!there) {
        printf("# %s: %.*s is in no catalogue\n", tpl, MM_S_ARG(text));
        (*missing)++;
    }
}

TEST(portal_templates_name_only_words_that_exist)
{
    struct site s;
    int missing = 0;
    char title[96];

    site_open(&s);
    mm_tpl_keys(s.portal->templates, key_exists, &missing);
    for (size_t i = 0; mm_route_at(i) != NULL; i++) {
        const struct mm_route *r = mm_route_at(i);

        (void)snprintf(title, sizeof(title), "page.%s.title", r->name);
        if ((r->flags & MM_ROUTE_PAGE) != 0 && strncmp(r->name, "company_", 8) != 0)
            key_exists(&missing, r->path, mm_slice_str(title), true);
    }
    CHECK_NUM(missing, 0);
    site_close(&s);
}

static void fits_schema(struct site *s, const char *path, const char *name)
{
    char file[128];
    static uint8_t schema[256 * 1024];
    struct mm_arena arena;
    struct mm_buf why;
    FILE *f;
    size_t n;

    get_json(s, path);
    CHECK_NUM(s->status, 200);
    CHECK(has(s->head, "Content-Type: application/json"));
    CHECK(has(s->head, "Vary: Accept, Cookie, Accept-Language"));
    (void)snprintf(file, sizeof(file), "docs/api/%s.json", name);
    f = fopen(mm_test_source(file), "rb");
    if (f == NULL)
        mm_test_fail(__FILE__, __LINE__, file);
    n = fread(schema, 1, sizeof(schema), f);
    (void)fclose(f);
    mm_arena_init(&arena, 32 * 1024 * 1024);
    mm_buf_init(&why, 16384);
    if (!schema_fits(&arena, mm_slice_of(schema, n), s->body, &why)) {
        printf("# %s %s: %.*s\n", path, file, MM_S_ARG(mm_buf_slice(&why)));
        CHECK(!"the document breaks its schema");
    }
    mm_buf_done(&why);
    mm_arena_done(&arena);
}

struct visit {
    const char *path, *schema;
};

static void visit_all(struct site *s, const struct visit *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        get(s, list[i].path);
        if (s->status != 200)
            printf("# %s: %d\n", list[i].path, s->status);
        CHECK_NUM(s->status, 200);
        CHECK(has(s->body, "<h1>") && has(s->body, "</html>"));
        CHECK(has(s->head, "Content-Language: ja"));
        CHECK(!has(s->body, "<script>") && !has(s->body, "<img src=x")); /* planted in names */
        fits_schema(s, list[i].path, list[i].schema);
    }
}

TEST(portal_shows_an_operator_every_page_and_its_document)
{
    static const struct visit pages[] = {
        {"/companies", "companies"},
        {"/cases", "cases"},
        {"/cases?show=all", "cases"},
        {"/quarantine", "quarantine"},
        {"/users", "users"},
        {"/companies/0/audit", "audit"},
        {"/companies/1", "home"},
        {"/companies/4", "home"},
        {"/companies/7", "home"},
        {"/companies/1/sources", "sources"},
        {"/companies/1/cases", "cases"},
        {"/companies/1/cases/1", "case"},
        {"/companies/2/cases/3", "case"},
        {"/companies/6/cases/4", "case"},
        {"/companies/1/users", "users"},
        {"/rules", "rules"},
        {"/companies/1/report", "report"},
        {"/companies/1/events", "events"},
        {"/second-factor", "second_factor"},
        {"/password", "password"},
        {"/programme", "programme"},
    };
    struct site s;

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    visit_all(&s, pages, MM_COUNT(pages));
    site_close(&s);
}

TEST(portal_shows_a_company_itself_and_nothing_else)
{
    static const struct visit pages[] = {
        {"/companies/1", "home"},          {"/companies/1/sources", "sources"},
        {"/companies/1/cases", "cases"},   {"/companies/1/cases/1", "case"},
        {"/companies/1/report", "report"},
    };
    static const struct {
        const char *path;
        int status;
    } shut[] = {
        {"/companies", 403},
        {"/cases", 403},
        {"/quarantine", 403},
        {"/users", 403},
        {"/companies/0", 404},
        {"/companies/2", 404},
        {"/companies/999", 404},
        {"/companies/-1", 404},
        {"/companies/1/cases/3", 404},
        {"/companies/2/cases/3", 404},
        {"/companies/1/audit", 403},
        {"/companies/1/users", 403},
        {"/companies/4294967297", 404},
        {"/companies/1/events", 403},
        {"/companies/2/report", 404},
        {"/rules", 403},
    };
    struct site s;

    site_open(&s);
    CHECK(login(&s, "hanako", PASSWORD_FORM));
    visit_all(&s, pages, MM_COUNT(pages));
    for (size_t i = 0; i < MM_COUNT(shut); i++) {
        get(&s, shut[i].path);
        if (s.status != shut[i].status)
            printf("# %s: %d\n", shut[i].path, s.status);
        CHECK_NUM(s.status, shut[i].status);
        CHECK(!has(s.body, "PC-KEIRI"));
    }
    get(&s, "/companies/1/cases/1"); /* no rule ids, no originals, no query language */
    CHECK(!has(s.body, "event.original") && !has(s.body, "date=2026") && !has(s.body, "botnet<"));
    CHECK(login(&s, "jugyoin", PASSWORD_FORM));
    get(&s, "/companies/1");
    CHECK_NUM(s.status, 403);
    site_close(&s);
}

TEST(portal_refuses_forms_that_were_not_its_own)
{
    struct site s;
    char csrf[128], form[400];

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    get(&s, "/companies/1/cases/1");
    csrf_of(&s, csrf);
    post(&s, "/companies/1/cases/1/note", "text=forged");
    CHECK_NUM(s.status, 403);
    post(&s, "/companies/1/cases/1/note", "csrf=00000000000000000000000000000000&text=forged");
    CHECK_NUM(s.status, 403);
    (void)snprintf(form, sizeof(form), "csrf=%s&text=real+note", csrf);
    ask(&s, "POST", "/companies/1/cases/1/note",
        "Accept: text/html\r\nSec-Fetch-Site: cross-site\r\n", form);
    CHECK_NUM(s.status, 403);
    post(&s, "/companies/1/cases/1/note", form);
    CHECK_NUM(s.status, 303);
    get(&s, "/companies/1/cases/1");
    CHECK(has(s.body, "real note") && !has(s.body, "forged"));
    /* A form may also come as JSON, with the same check. */
    (void)snprintf(form, sizeof(form), "{\"csrf\":\"%s\",\"text\":\"json note\"}", csrf);
    ask(&s, "POST", "/v1/companies/1/cases/1/note", "Content-Type: application/json\r\n", form);
    CHECK_NUM(s.status, 200);
    get(&s, "/companies/1/cases/1");
    CHECK(has(s.body, "json note"));
    ask(&s, "POST", "/v1/companies/1/cases/1/note", "Content-Type: application/json\r\n",
        "{\"text\":");
    CHECK_NUM(s.status, 400);
    site_close(&s);
}

TEST(portal_logs_in_out_and_refuses_the_rest)
{
    struct site s;
    char csrf[128], form[256];

    site_open(&s);
    get(&s, "/companies/1");
    CHECK_NUM(s.status, 303);
    CHECK(has(s.head, "Location: /login"));
    get_json(&s, "/companies/1");
    CHECK_NUM(s.status, 401);
    CHECK(!login(&s, "hanako", "wrong"));
    CHECK_NUM(s.status, 422);
    CHECK(has(s.body, "value=\"hanako\"") && !has(s.body, "wrong\""));
    CHECK(!login(&s, "nobody", PASSWORD_FORM));
    CHECK(login(&s, "hanako", s.f.code)); /* a printed code works once */
    CHECK(has(s.head, "HttpOnly") && has(s.head, "SameSite=Lax"));
    get(&s, "/");
    CHECK(has(s.head, "Location: /companies/1\r"));
    get(&s, "/companies/1");
    csrf_of(&s, csrf);
    (void)snprintf(form, sizeof(form), "csrf=%s", csrf);
    post(&s, "/logout", form);
    CHECK_NUM(s.status, 303);
    get_json(&s, "/companies/1"); /* the cookie is still sent, the session is over */
    CHECK_NUM(s.status, 401);
    CHECK(!login(&s, "hanako", s.f.code));
    /* Who got a password from somebody else sees nothing until it is changed. */
    CHECK(login(&s, "newbie", PASSWORD_FORM));
    get(&s, "/companies/1");
    CHECK(s.status == 303 && has(s.head, "Location: /password"));
    site_close(&s);
}

TEST(portal_speaks_the_language_that_was_chosen)
{
    struct site s;
    char csrf[128], form[256], visit[128];

    site_open(&s);
    ask(&s, "GET", "/login", "Accept: text/html\r\nAccept-Language: en-GB,en;q=0.9\r\n", NULL);
    CHECK(has(s.body, "<html lang=\"en\">") && has(s.head, "Content-Language: en"));
    get(&s, "/login");
    CHECK(has(s.body, "<html lang=\"ja\">"));
    csrf_of(&s, csrf);
    cut(s.head, "Set-Cookie: ", ";\r", visit, sizeof(visit));
    (void)snprintf(s.cookie, sizeof(s.cookie), "%s", visit);
    (void)snprintf(form, sizeof(form), "csrf=%s&lang=en&to=/login", csrf);
    post(&s, "/language", form);
    CHECK(s.status == 303 && has(s.head, "mm_lang=en") && has(s.head, "Location: /login\r"));
    (void)snprintf(form, sizeof(form), "csrf=%s&lang=en&to=//evil.example", csrf);
    post(&s, "/language", form);
    CHECK(s.status == 303 && has(s.head, "Location: /\r"));
    (void)snprintf(s.cookie, sizeof(s.cookie), "%s; mm_lang=en", visit);
    get(&s, "/login");
    CHECK(has(s.body, "<html lang=\"en\">"));
    site_close(&s);
}

TEST(portal_answers_what_is_wrong_with_a_status)
{
    struct site s;

    site_open(&s);
    get(&s, "/no-such-page");
    CHECK_NUM(s.status, 404);
    ask(&s, "DELETE", "/login", "Accept: text/html\r\n", NULL);
    CHECK_NUM(s.status, 400);
    get(&s, "/static/style.css");
    CHECK(s.status == 200 && has(s.head, "text/css") && has(s.head, "immutable"));
    get(&s, "/static/none.css");
    CHECK_NUM(s.status, 404);
    ask(&s, "GET", "/companies/1", "Authorization: Bearer made-up\r\n", NULL);
    CHECK_NUM(s.status, 401);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    get(&s, "/companies?from=abc");
    CHECK_NUM(s.status, 400);
    get(&s, "/cases?before=99999999999999999999");
    CHECK_NUM(s.status, 400);
    get(&s, "/companies/1?x=%ff");
    CHECK_NUM(s.status, 400);
    get(&s, "/companies/1/cases/9999999999999999999");
    CHECK_NUM(s.status, 404);
    site_close(&s);
}

TEST(portal_follows_a_case_from_request_to_close)
{
    struct site s;
    char csrf[128], form[400];

    site_open(&s);
    CHECK(login(&s, "hanako", PASSWORD_FORM));
    get(&s, "/companies/1/cases/1");
    csrf_of(&s, csrf);
    (void)snprintf(form, sizeof(form), "csrf=%s&answer=done&text=pulled", csrf);
    post(&s, "/companies/1/cases/1/requests/1", form);
    CHECK_NUM(s.status, 303);
    (void)snprintf(form, sizeof(form), "csrf=%s&answer=maybe", csrf);
    post(&s, "/companies/1/cases/1/requests/1", form);
    CHECK_NUM(s.status, 400);
    (void)snprintf(form, sizeof(form), "csrf=%s&outcome=resolved", csrf);
    post(&s, "/companies/1/cases/1/close", form); /* a company does not close cases */
    CHECK_NUM(s.status, 403);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    get(&s, "/companies/1/cases/1");
    CHECK(has(s.body, "pulled"));
    csrf_of(&s, csrf);
    (void)snprintf(form, sizeof(form), "csrf=%s", csrf);
    post(&s, "/companies/1/cases/1/take", form);
    CHECK_NUM(s.status, 303);
    (void)snprintf(form, sizeof(form), "csrf=%s&outcome=unknown&text=nothing+more+to+see", csrf);
    post(&s, "/companies/1/cases/1/close", form);
    CHECK_NUM(s.status, 303);
    get_json(&s, "/v1/companies/1/cases/1");
    CHECK(has(s.body, "\"state\":\"closed\"") && has(s.body, "\"outcome\":\"unknown\""));
    CHECK(has(s.body, "nothing more to see"));
    get_json(&s, "/companies/1/audit");
    CHECK(has(s.body, "case.close") && has(s.body, "case.answer") && has(s.body, "hanako"));
    CHECK(has(s.body, "\"whole\":true"));
    site_close(&s);
}

TEST(portal_takes_a_report_and_gives_it_back_when_it_is_refused)
{
    struct site s;
    char csrf[128], form[700];

    site_open(&s);
    CHECK(login(&s, "jugyoin", PASSWORD_FORM));
    get(&s, "/");
    CHECK(has(s.head, "Location: /companies/1/report"));
    get(&s, "/companies/1/report");
    CHECK_NUM(s.status, 200);
    csrf_of(&s, csrf);
    (void)snprintf(
        form, sizeof(form),
        "csrf=%s&noticed_day=2026-11-19&noticed_clock=19%%3A00&place=upstairs&needed=yes", csrf);
    post(&s, "/companies/1/report", form); /* neither PC nor words */
    CHECK_NUM(s.status, 422);
    CHECK(has(s.body, "value=\"upstairs\"") && has(s.body, "value=\"2026-11-19\""));
    CHECK(has(s.body, "role=\"alert\""));
    /* Full-width digits and a slash, as people type them. */
    (void)snprintf(
        form, sizeof(form),
        "csrf=%s&noticed_day=%%EF%%BC%%92026%%2F11%%2F19&noticed_clock=9%%EF%%BC%%9A15&pc=PC-12"
        "&symptoms=icons_moved&symptoms=slow&done=lan_unplugged&needed=no",
        csrf);
    post(&s, "/companies/1/report", form);
    CHECK_NUM(s.status, 200); /* an employee is thanked: it may not read cases */
    CHECK(has(s.body, "No."));
    /* The short way for programs: the company of who asks. */
    (void)snprintf(form, sizeof(form), "{\"csrf\":\"%s\",\"pc\":\"PC-13\"}", csrf);
    ask(&s, "POST", "/v1/report", "Content-Type: application/json\r\n", form);
    CHECK(s.status == 200 && has(s.body, "\"number\":4"));
    (void)snprintf(form, sizeof(form), "{\"csrf\":\"%s\",\"pc\":\"PC-13\",\"company\":2}", csrf);
    ask(&s, "POST", "/v1/report", "Content-Type: application/json\r\n", form);
    CHECK_NUM(s.status, 404); /* of another company there is nothing, not even a refusal */
    CHECK(login(&s, "soc", PASSWORD_FORM));
    get_json(&s, "/companies/1/cases");
    CHECK(has(s.body, "\"how\":\"reported\"") && has(s.body, "PC-12"));
    fits_schema(&s, "/companies/1/cases/5", "case");
    CHECK(has(s.body, "\"noticed\":\"2026-11-19T00:15:00Z\""));
    CHECK(has(s.body, "icons_moved") && has(s.body, "lan_unplugged"));
    site_close(&s);
}

TEST(portal_says_where_a_query_cannot_be_read)
{
    struct site s;

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    get(&s, "/companies/1/events?q=source.ip%3A");
    CHECK_NUM(s.status, 422);
    CHECK(has(s.body, "aria-invalid=\"true\""));
    get_json(&s, "/companies/1/events?q=%28a");
    CHECK(s.status == 422 && has(s.body, "\"code\":\"query.paren\""));
    get(&s, "/companies/1/events?q=x"); /* the store does not run here */
    CHECK_NUM(s.status, 503);
    get(&s, "/companies/1/events/70000/1");
    CHECK_NUM(s.status, 404);
    site_close(&s);
}
