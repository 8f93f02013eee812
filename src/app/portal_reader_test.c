/* app/portal_reader_test.c - what each kind of reader is shown, and what it is never shown. */
#include "tests/portal/site.h"

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
