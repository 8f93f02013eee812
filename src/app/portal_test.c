/* app/portal_test.c - the portal over real records, seen through its sockets. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "store/records/system_scope.h"
#include "tests/harness/test.h"
#include "tests/portal/site.h"
#include "web/portal/router.h"

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

TEST(portal_shows_an_operator_every_page_and_its_document)
{
    static const struct visit pages[] = {
        {"/today", "today"},
        {"/today?kind=silent", "today"},
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
        {"/companies/1/sources/1", "source"},
        {"/companies/1/cases", "cases"},
        {"/companies/1/cases/1", "case"},
        {"/companies/2/cases/3", "case"},
        {"/companies/6/cases/4", "case"},
        {"/companies/1/users", "users"},
        {"/rules", "rules"},
        {"/rules/noise", "noise"},
        {"/rules/try", "rule_try"},
        {"/rules/sets", "rule_sets"},
        {"/companies/1/attack", "attack"},
        {"/companies/1/noise", "noise"},
        {"/companies/1/exceptions", "exceptions"},
        {"/companies/1/rules", "rules_here"},
        {"/formats", "formats"},
        {"/coverage", "coverage"},
        {"/coverage?programme=shien", "coverage"},
        {"/companies/1/coverage", "coverage"},
        {"/companies/1/report", "report"},
        {"/companies/1/events", "events"},
        {"/companies/1/privacy", "privacy"},
        {"/companies/1/notice", "notice"},
        {"/second-factor", "second_factor"},
        {"/password", "password"},
        {"/report", "report_company"},
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
        {"/companies/1", "home"},
        {"/companies/1/sources", "sources"},
        {"/companies/1/cases", "cases"},
        {"/companies/1/cases/1", "case"},
        {"/companies/1/report", "report"},
        {"/companies/1/attack", "attack"},
        {"/companies/1/privacy", "privacy"},
        {"/companies/1/notice", "notice"},
    };
    static const struct {
        const char *path;
        int status;
    } shut[] = {
        {"/today", 403},
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
        {"/companies/2/privacy", 404},
        {"/companies/2/notice", 404},
        {"/rules", 403},
        {"/companies/1/exceptions", 403},
        {"/companies/1/rules", 403},
        {"/rules/adjust?rule=x", 403},
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

static bool body_has(const struct site *s, const char *text)
{
    return mm_slice_search(s->body, mm_slice_str(text)) != SIZE_MAX;
}

TEST(portal_tells_a_company_who_looked_at_it_and_what_for)
{
    struct site s;

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    get(&s, "/companies/1/cases/1");
    CHECK_NUM(s.status, 200);
    get(&s, "/companies/2/cases/1"); /* not there: nothing was shown */
    CHECK_NUM(s.status, 404);
    /* Noted before the store is asked, which does not run here. */
    get(&s, "/companies/1/events?q=user.name%3Ahanako");
    CHECK(s.status >= 500);
    get(&s, "/companies/1/events?q=%28broken");
    CHECK_NUM(s.status, 422);
    ask(&s, "GET", "/companies/2/privacy", "Accept: application/json\r\n", NULL);
    CHECK(s.status == 200 && !body_has(&s, "look."));
    s.cookie[0] = 0;
    CHECK(login(&s, "hanako", PASSWORD_FORM));
    get(&s, "/companies/1/cases/1"); /* one's own: no matter for the list */
    CHECK_NUM(s.status, 200);
    ask(&s, "GET", "/companies/1/privacy", "Accept: application/json\r\n", NULL);
    CHECK_NUM(s.status, 200);
    CHECK(body_has(&s, "\"actor\":\"soc\",\"action\":\"look.case\",\"known\":true,"
                       "\"object\":\"case 1\""));
    CHECK(body_has(&s, "\"actor\":\"soc\",\"action\":\"look.search\",\"known\":true"));
    CHECK(body_has(&s, "\"text\":\"user.name:hanako\""));
    CHECK(!body_has(&s, "\"actor\":\"hanako\"") && !body_has(&s, "broken"));
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
        "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: cross-site\r\n", form);
    CHECK_NUM(s.status, 403);
    ask(&s, "POST", "/companies/1/cases/1/note",
        "Content-Type: application/x-www-form-urlencoded\r\nOrigin: https://elsewhere.example\r\n",
        form);
    CHECK_NUM(s.status, 403);
    ask(&s, "POST", "/companies/1/cases/1/note", "Content-Type: text/plain\r\n", form);
    CHECK_NUM(s.status, 415);
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

TEST(portal_names_devices_and_formats_as_people_do)
{
    const struct mm_entity *device = mm_entity(MM_REG_DEVICE);
    const char *kinds = device->fields[MM_F_device_kind].extra;
    struct mm_slice left = mm_slice_str(kinds);
    struct site s;

    while (left.n > 0) {
        size_t end = mm_min_size(mm_slice_find(left, '|', 0), left.n);
        char key[64];

        (void)snprintf(key, sizeof(key), "device.kind.%.*s", MM_S_ARG(mm_slice_sub(left, 0, end)));
        CHECK(mm_lang_text(MM_LANG_JA, mm_slice_str(key), 1) != NULL);
        left = mm_slice_sub(left, end + 1, SIZE_MAX);
    }
    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    get(&s, "/companies/1/sources");
    CHECK(has(s.body, mm_lang_text(MM_LANG_JA, MM_S("device.kind.router"), 1)));
    CHECK(has(s.body, "FortiGate (UTM") && !has(s.body, "fortigate") && !has(s.body, "router"));
    get_json(&s, "/companies/1/sources");
    CHECK(has(s.body, "\"format\":\"fortigate\",\"format_title\":\"FortiGate (UTM"));
    CHECK(has(s.body, "\"kind\":\"router\""));
    site_close(&s);
}

/* ---- one source ---- */

/* As the engine does: lines to the format, what they tell to the day. */
static enum mm_code add_format(struct mm_tx *tx, void *arg)
{
    const struct mm_source_format *f = arg;
    const struct mm_cover_day day = {.day = mm_cover_day_of(f->last_us), .topics = f->topics};
    enum mm_code code = mm_source_format_add(tx, f);

    return code == MM_OK ? mm_cover_day_add(tx, f->company, f->source, &day) : code;
}

static void sends(struct site *s, const char *name, uint64_t parsed, int64_t ago_us)
{
    struct mm_source_format f = {.company = 1,
                                 .source = 1,
                                 .format = mm_slice_str(name),
                                 .parsed = parsed,
                                 .topics = 1u << MM_TOPIC_URL,
                                 .first_us = NOW - ago_us,
                                 .last_us = NOW - ago_us};

    CHECK_NUM(mm_records_write(s->f.records, mm_system_scope(), add_format, &f), MM_OK);
}

static void put_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");

    CHECK(f != NULL && fputs(text, f) >= 0);
    CHECK(fclose(f) == 0);
}

TEST(portal_says_when_a_device_is_not_what_was_entered_and_what_it_cannot_tell)
{
    char path[1100];
    struct site s;

    (void)snprintf(path, sizeof(path), "%s/formats", mm_test_dir());
    CHECK(mkdir(path, 0700) == 0);
    (void)snprintf(path, sizeof(path), "%s/formats/door.yaml", mm_test_dir());
    put_file(path, "format: door\ntitle: {ja: 'Tobira', en: 'Door lock'}\nrecognise:\n"
                   "  - app: [doord]\ndecode: pattern\npatterns:\n  - is: '{user.name:word}'\n");
    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    get_json(&s, "/companies/1/sources/1");
    CHECK(has(s.body, "\"notices\":[]"));
    CHECK(has(s.body, "{\"topic\":\"user\",\"told\":\"told\"}"));
    CHECK(has(s.body, "{\"topic\":\"url\",\"told\":\"not_seen\"}"));
    CHECK(has(s.body, "{\"topic\":\"program\",\"told\":\"cannot\"}"));

    /* Ten times as many lines of another format, which an operator has made. */
    sends(&s, "door", 100 * 1000 * 1000, 0);
    get_json(&s, "/companies/1/sources/1");
    CHECK(has(s.body, "\"notices\":[{\"kind\":\"other\",\"was\":\"fortigate\""));
    CHECK(has(s.body, "\"is\":\"door\",\"is_title\":\"Tobira\""));
    CHECK(has(s.body, "{\"topic\":\"url\",\"told\":\"told\"}"));
    get(&s, "/companies/1/sources/1");
    CHECK(has(s.body, "Tobira"));
    CHECK(has(s.body, "<svg class=\"bars\""));
    site_close(&s);
}
