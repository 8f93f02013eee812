/*
 * tests/portal/site.h - a whole portal over the fixture's records, and a browser's part of HTTP.
 *
 * Purpose   What the tests of pages share: open a site, log in, ask, look at the answer.
 * Owns      A site owns its records, portal and last answer until site_close.
 * Threads   One.
 * Trust     Test code only. Functions are inline: each test file uses some of them.
 */
#ifndef MM_TESTS_PORTAL_SITE_H
#define MM_TESTS_PORTAL_SITE_H

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "assess/feature.h"
#include "base/time.h"
#include "coverage/coverage.h"
#include "desk/desk.h"
#include "exception/feature.h"
#include "register/feature.h"
#include "tailor/feature.h"
#include "tests/harness/test.h"
#include "tests/portal/fixture.h"
#include "tests/portal/schema.h"
#include "triage/triage.h"
#include "web/portal/feature.h"
#include "web/portal/portal.h"

enum { ANSWER_MAX = 2 * 1024 * 1024, COOKIE_MAX = 512 };
#define NOW INT64_C(1795138440000000) /* 2026-11-20T01:34:00Z */

static const struct mm_key site_key = {.b = {9}};

static inline int64_t test_now(void)
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

static inline struct mm_records *open_records(void)
{
    static const struct mm_feature *const features[] = {
        &mm_register_feature, &mm_job_feature,    &mm_triage_feature,
        &mm_coverage_feature, &mm_desk_feature,   &mm_exception_feature,
        &mm_tailor_feature,   &mm_assess_feature, &mm_portal_feature};
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

static inline void site_open(struct site *s)
{
    static char formats[1024], rules[1024]; /* mm_test_source has one buffer */
    static char quests[1024], controls[1024], guides[1024];
    static char own_formats[1024], own_rules[1024], format[1024], rules_program[1024];
    struct mm_http_handler handler;
    struct mm_fault fault = {0};

    (void)snprintf(formats, sizeof(formats), "%s", mm_test_source("content/formats"));
    (void)snprintf(rules, sizeof(rules), "%s", mm_test_source("tests/portal/rules"));
    (void)snprintf(quests, sizeof(quests), "%s", mm_test_source("content/questionnaires"));
    (void)snprintf(controls, sizeof(controls), "%s", mm_test_source("content/controls"));
    (void)snprintf(guides, sizeof(guides), "%s", mm_test_source("content/guides"));
    (void)snprintf(own_formats, sizeof(own_formats), "%s/formats", mm_test_dir());
    (void)snprintf(own_rules, sizeof(own_rules), "%s/rules", mm_test_dir());
    (void)snprintf(rules_program, sizeof(rules_program), "%.*s/mimamori-rules",
                   (int)(strrchr(MM_PROGRAM, '/') - MM_PROGRAM), MM_PROGRAM);
    (void)snprintf(format, sizeof(format), "%.*s/mimamori-format",
                   (int)(strrchr(MM_PROGRAM, '/') - MM_PROGRAM), MM_PROGRAM);
    *s = (struct site){.f = {.now_us = NOW}, .answer = malloc(ANSWER_MAX)};
    CHECK(s->answer != NULL);
    s->f.records = open_records();
    CHECK_NUM(mm_auth_open(s->f.records, &site_key, &s->f.auth), MM_OK);
    fixture_fill(&s->f, 12);
    CHECK_NUM(mm_portal_open(&(struct mm_portal_cfg){.records = s->f.records,
                                                     .auth = s->f.auth,
                                                     .key = &site_key,
                                                     .state_dir = mm_test_dir(),
                                                     .service_name = "Sample service",
                                                     .desk_tel = "000-0000-0100",
                                                     .desk_hours = "9-17",
                                                     .rule_dirs = {rules, own_rules},
                                                     .format_dir = formats,
                                                     .own_format_dir = own_formats,
                                                     .quest_dir = quests,
                                                     .control_dir = controls,
                                                     .guide_dir = guides,
                                                     .intake_tcp = "0.0.0.0:6514",
                                                     .intake_address = "192.168.1.5",
                                                     .intake_private = true,
                                                     .format_program = format,
                                                     .rules_program = rules_program,
                                                     .version = "1.0.0",
                                                     .now_us = test_now},
                             &s->portal, &fault),
              MM_OK);
    mm_portal_handler(s->portal, &handler);
    CHECK_NUM(
        mm_http_start(&(struct mm_http_cfg){.listen = "127.0.0.1:0"}, &handler, &s->http, &fault),
        MM_OK);
}

static inline void site_close(struct site *s)
{
    mm_http_stop(&s->http);
    mm_portal_close(&s->portal);
    mm_auth_close(&s->f.auth);
    mm_records_close(&s->f.records);
    free(s->answer);
}

/* One request on a connection of its own; status, head and body are left in the site. Without a
 * body the headers may announce one that never comes. */
static inline void ask_bytes(struct site *s, const char *method, const char *path,
                             const char *headers, const struct mm_slice *body)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(mm_http_port(s->http))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct mm_buf out;
    size_t n = 0, at = 0;

    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0);
    mm_buf_init(&out, 65536 + (body == NULL ? 0 : body->n));
    mm_buf_fmt(&out, "%s %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n%s", method, path, headers);
    if (s->cookie[0] != 0)
        mm_buf_fmt(&out, "Cookie: %s\r\n", s->cookie);
    if (body != NULL)
        mm_buf_fmt(&out, "Content-Length: %zu\r\n", body->n);
    mm_buf_str(&out, "\r\n");
    if (body != NULL)
        mm_buf_add(&out, *body);
    CHECK(mm_buf_ok(&out));
    while (at < out.n) {
        ssize_t sent = send(fd, out.p + at, out.n - at, MSG_NOSIGNAL);

        CHECK(sent > 0);
        at += (size_t)sent;
    }
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

static inline void ask(struct site *s, const char *method, const char *path, const char *headers,
                       const char *body)
{
    struct mm_slice text = mm_slice_str(body);

    ask_bytes(s, method, path, headers, body == NULL ? NULL : &text);
}

static inline void get(struct site *s, const char *path)
{
    ask(s, "GET", path, "Accept: text/html\r\nAccept-Language: ja\r\n", NULL);
}

static inline void get_json(struct site *s, const char *path)
{
    ask(s, "GET", path, "Accept: application/json\r\n", NULL);
}

static inline void post(struct site *s, const char *path, const char *form)
{
    ask(s, "POST", path, "Accept: text/html\r\nContent-Type: application/x-www-form-urlencoded\r\n",
        form);
}

static inline bool has(struct mm_slice in, const char *what)
{
    return mm_slice_search(in, mm_slice_str(what)) != SIZE_MAX;
}

/* What stands between `before` and the next of `stops`, or the empty text. */
static inline void cut(struct mm_slice in, const char *before, const char *stops, char *ret,
                       size_t size)
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

static inline void csrf_of(struct site *s, char ret[128])
{
    cut(s->body, "name=\"csrf\" value=\"", "\"", ret, 128);
    CHECK(ret[0] != 0);
}

static inline const char *totp_of(const struct site *s, const char *name)
{
    return strcmp(name, "bunseki") == 0   ? s->f.analyst_totp
           : strcmp(name, "kansa") == 0   ? s->f.auditor_totp
           : strcmp(name, "jigyo") == 0   ? s->f.owner_totp
           : strcmp(name, "shokibo") == 0 ? s->f.few_totp
                                          : s->f.totp;
}

/* Log in as a browser does. False when the portal refuses. */
static inline bool login(struct site *s, const char *name, const char *secret)
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
        fixture_totp(totp_of(s, name), NOW / MM_US_PER_S, digits);
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

/* Fill the form of a page: its secret, then these fields, sent to `path`. */
static inline void send_form_of(struct site *s, const char *page, const char *path,
                                const char *fields)
{
    char csrf[128], form[2048];

    get(s, page);
    CHECK_NUM(s->status, 200);
    csrf_of(s, csrf);
    CHECK(snprintf(form, sizeof(form), "csrf=%s&%s", csrf, fields) < (int)sizeof(form));
    post(s, path, form);
}

#define PASSWORD_FORM "Blue-lamp+4+desks"

/* Cookies of two who are logged in at once: one proposes, the other agrees. */
struct people {
    char admin[COOKIE_MAX], analyst[COOKIE_MAX];
};

static inline void become(struct site *s, const char *cookie)
{
    (void)snprintf(s->cookie, sizeof(s->cookie), "%s", cookie);
}

/* Whoever uses the site afterwards is the admin. */
static inline void log_both_in(struct site *s, struct people *who)
{
    CHECK(login(s, "bunseki", PASSWORD_FORM));
    (void)snprintf(who->analyst, sizeof(who->analyst), "%s", s->cookie);
    CHECK(login(s, "soc", PASSWORD_FORM));
    (void)snprintf(who->admin, sizeof(who->admin), "%s", s->cookie);
}

/* The document that was answered is as its schema has it. */
static inline void fits(struct site *s, const char *path, const char *name)
{
    char file[128];
    static uint8_t schema[256 * 1024];
    struct mm_arena arena;
    struct mm_buf why;
    FILE *f;
    size_t n;

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

static inline void fits_schema(struct site *s, const char *path, const char *name)
{
    get_json(s, path);
    fits(s, path, name);
}

struct visit {
    const char *path, *schema;
};

static inline void visit_all(struct site *s, const struct visit *list, size_t n)
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

#endif
