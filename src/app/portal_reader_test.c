/* app/portal_reader_test.c - what each kind of reader is shown, and what it is never shown. */
#include "tests/portal/site.h"
#include "web/portal/router.h"

TEST(portal_takes_a_report_into_ones_own_company)
{
    struct site s;
    char csrf[128], form[400], bearer[200];

    site_open(&s);
    CHECK(login(&s, "jugyoin", PASSWORD_FORM));
    get(&s, "/report");
    CHECK_NUM(s.status, 200);
    CHECK(has(s.body, "action=\"/companies/1/report\""));
    csrf_of(&s, csrf);
    (void)snprintf(form, sizeof(form), "csrf=%s&pc=PC-21", csrf);
    post(&s, "/report", form);
    CHECK(s.status == 200 && has(s.body, "No.3"));
    (void)snprintf(form, sizeof(form), "csrf=%s&pc=", csrf); /* neither PC nor words */
    post(&s, "/report", form);
    CHECK(s.status == 422 && has(s.body, "role=\"alert\""));
    fits_schema(&s, "/report", "report");
    /* A program with a token needs no form of ours. */
    s.cookie[0] = 0;
    (void)snprintf(bearer, sizeof(bearer),
                   "Authorization: Bearer %s\r\nContent-Type: application/json\r\n", s.f.token);
    ask(&s, "POST", "/v1/report", bearer, "{\"pc\":\"PC-22\",\"needed\":\"yes\"}");
    CHECK(s.status == 200 && has(s.body, "\"number\":4"));
    ask(&s, "POST", "/v1/report", bearer, "{\"pc\":\"PC-22\",\"company\":2}");
    CHECK_NUM(s.status, 404);
    ask(&s, "POST", "/v1/report", "Content-Type: application/json\r\n", "{\"pc\":\"PC-23\"}");
    CHECK(s.status == 401 || s.status == 403);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    get_json(&s, "/companies/1/cases");
    CHECK(has(s.body, "PC-21") && has(s.body, "PC-22") && !has(s.body, "PC-23"));
    site_close(&s);
}

TEST(portal_asks_an_operator_whose_report_it_is)
{
    struct site s;
    char csrf[128], form[400];

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    get(&s, "/report");
    CHECK(s.status == 200 && has(s.body, "<option value=\"2\">"));
    csrf_of(&s, csrf);
    fits_schema(&s, "/report", "report_company");
    get(&s, "/report?company=2");
    CHECK(s.status == 200 && has(s.body, "action=\"/companies/2/report\""));
    get(&s, "/report?company=999");
    CHECK_NUM(s.status, 404);
    (void)snprintf(form, sizeof(form), "csrf=%s&pc=PC-31", csrf);
    post(&s, "/report", form);
    CHECK(s.status == 422 && has(s.body, "どの会社の連絡か"));
    (void)snprintf(form, sizeof(form), "{\"csrf\":\"%s\",\"pc\":\"PC-31\",\"company\":0}", csrf);
    ask(&s, "POST", "/v1/report", "Content-Type: application/json\r\nAccept-Language: en\r\n",
        form);
    CHECK(s.status == 422 && has(s.body, "\"code\":\"report.company\""));
    CHECK(has(s.body, "\"field\":\"company\"") && has(s.body, "Give its number"));
    (void)snprintf(form, sizeof(form), "{\"csrf\":\"%s\",\"pc\":\"PC-32\",\"company\":2}", csrf);
    ask(&s, "POST", "/v1/report", "Content-Type: application/json\r\n", form);
    CHECK_NUM(s.status, 200);
    get_json(&s, "/cases");
    CHECK(has(s.body, "PC-32") && !has(s.body, "PC-31"));
    site_close(&s);
}

/* ---- programmes ---- */

TEST(portal_shows_an_operator_both_tables_of_a_programme)
{
    static const struct visit pages[] = {
        {"/programmes", "programmes"},
        {"/programmes/shien", "programme"},
        {"/programmes/few", "programme"},
        {"/programmes/shien?first=2026-11-01&last=2026-11-30", "programme"},
    };
    struct site s;

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    visit_all(&s, pages, MM_COUNT(pages));
    get(&s, "/programmes/shien");
    /* The five classes under their full names with direction; attacks from outside are counted by
     * neither kind of sensor, and the store of events does not run here. */
    CHECK(has(s.body, "外部からの不正アクセス検知および防御 (外→内)"));
    CHECK(has(s.body, "内部不正プログラム検知および防御 (内⇄外)"));
    CHECK(has(s.body, "不正サイトへのアクセスブロック (内→外)"));
    CHECK(has(s.body, "マルウェアの検知および無害化") && has(s.body, "その他 (P2P)"));
    CHECK(has(s.body, ">—</td>") && has(s.body, ">不明</td>") && has(s.body, "role=\"status\""));
    CHECK(has(s.body, "href=\"/companies/1/cases/1\"") && has(s.body, "検知"));
    get_json(&s, "/v1/programmes/shien");
    CHECK(has(s.body, "\"class\":\"inbound\",\"inline\":{\"v\":null,\"why\":\"not_measured\"}"));
    CHECK(has(s.body, "\"companies\":{\"inline\":11,\"mirror\":1,\"none\":0}"));
    CHECK(has(s.body, "\"elapsed_ms\":"));
    get_json(&s, "/programmes/shien?first=2027-01-01"); /* behind every case */
    CHECK(s.status == 200 && has(s.body, "\"cases\":[]"));
    get(&s, "/programmes/none");
    CHECK_NUM(s.status, 404);
    get(&s, "/programmes/shien?first=yesterday");
    CHECK(s.status == 422 && has(s.body, "role=\"alert\""));
    get(&s, "/programmes/shien?first=2026-11-30&last=2026-11-01");
    CHECK_NUM(s.status, 422);
    CHECK(login(&s, "hanako", PASSWORD_FORM));
    get(&s, "/programmes");
    CHECK_NUM(s.status, 403);
    get(&s, "/programmes/shien");
    CHECK_NUM(s.status, 403);
    site_close(&s);
}

/* Whatever route there is: of one company an owner sees nothing, and not even that it exists. */
static void shut_for_owner(struct site *s)
{
    static const char *const also[] = {"/companies",
                                       "/cases",
                                       "/users",
                                       "/rules",
                                       "/quarantine",
                                       "/report",
                                       "/companies/0/audit",
                                       "/companies/1/cases/1/take"};
    size_t tried = 0;
    char path[128];

    for (size_t i = 0; mm_route_at(i) != NULL; i++) {
        const struct mm_route *r = mm_route_at(i);

        if (r->method != MM_HTTP_GET || strncmp(r->path, "/companies/:company", 19) != 0)
            continue;
        (void)snprintf(path, sizeof(path), "/companies/1%s", r->path + 19);
        for (char *at = path; (at = strchr(at, ':')) != NULL;) {
            size_t n = strcspn(at, "/");

            *at = '1';
            memmove(at + 1, at + n, strlen(at + n) + 1);
        }
        for (int json = 0; json < 2; json++) {
            (json ? get_json : get)(s, path);
            if (s->status != 403 && s->status != 404)
                printf("# %s: %d\n", path, s->status);
            CHECK(s->status == 403 || s->status == 404);
            CHECK(!has(s->body, "PC-KEIRI") && !has(s->body, "見本製作所"));
        }
        tried++;
    }
    CHECK(tried >= 9);
    for (size_t i = 0; i < MM_COUNT(also); i++) {
        get(s, also[i]);
        CHECK(s->status == 400 || s->status == 403 || s->status == 404);
        CHECK(!has(s->body, "PC-KEIRI") && !has(s->body, "見本製作所"));
    }
}

TEST(portal_shows_an_owner_sums_and_no_company)
{
    struct site s;

    site_open(&s);
    CHECK(login(&s, "jigyo", PASSWORD_FORM));
    get(&s, "/");
    CHECK(has(s.head, "Location: /programmes\r"));
    get(&s, "/programmes");
    CHECK(s.status == 200 && has(s.body, "見本県 支援事業") && !has(s.body, "小さな支援事業"));
    fits_schema(&s, "/programmes", "programmes");
    fits_schema(&s, "/programmes/shien", "programme");
    /* 11 in-line, 1 mirror: neither is told apart, all together are. */
    CHECK(has(s.body, "\"monitored\":{\"inline\":{\"v\":null,\"why\":\"too_few\"}"));
    CHECK(has(s.body, "\"total\":{\"v\":12}") && !has(s.body, "\"v\":11}"));
    CHECK(has(s.body, "\"case_sums\":{\"all\":{\"v\":4}"));
    CHECK(has(s.body, "\"sensors\":{\"groups\":[],\"left_out\":12}"));
    CHECK(!has(s.body, "\"cases\"") && !has(s.body, "\"what\""));
    get(&s, "/programmes/shien");
    CHECK(s.status == 200 && has(s.body, "(5社未満)"));
    CHECK(!has(s.body, "/companies/") && !has(s.body, "製作所") && !has(s.body, "c001"));
    CHECK(!has(s.body, "PC-KEIRI") && !has(s.body, "ウイルスが外の指示"));
    get(&s, "/programmes/few"); /* somebody else's */
    CHECK_NUM(s.status, 404);
    shut_for_owner(&s);
    site_close(&s);
}

TEST(portal_shows_nothing_of_a_programme_of_four)
{
    struct site s;

    site_open(&s);
    CHECK(login(&s, "shokibo", PASSWORD_FORM));
    get(&s, "/programmes");
    CHECK(s.status == 200 && has(s.body, "5社に満たない"));
    CHECK(!has(s.body, "小さな支援事業") && !has(s.body, "見本"));
    get_json(&s, "/v1/programmes");
    CHECK(has(s.body, "\"programmes\":[]") && has(s.body, "\"too_few\":true"));
    get(&s, "/programmes/few");
    CHECK_NUM(s.status, 404);
    get_json(&s, "/v1/programmes/few");
    CHECK(s.status == 404 && !has(s.body, "classes"));
    shut_for_owner(&s);
    site_close(&s);
}
