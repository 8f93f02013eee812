/* app/portal_exception_test.c - an exception is made, tried, agreed to and ended on pages. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/eventd.h"
#include "tests/harness/test.h"
#include "tests/portal/alerts.h"
#include "tests/portal/site.h"

/* The rule of the fixture's cases, and the event that case 1 of company 1 has kept. */
#define RULE FIXTURE_RULE
#define LIST "/companies/1/exceptions"
#define FORM LIST "/new?rule=" RULE "&queue=0&seq=1"
#define SAID "rule=" RULE "&queue=0&seq=1&days=30"
#define ONE_PC "&use=source.ip&how.source.ip=equals&value.source.ip=192.0.2.31"
#define ALL_PCS "&use=source.ip&how.source.ip=cidr&value.source.ip=192.0.2.0%2F24"

static void send_form(struct site *s, const char *path, const char *fields)
{
    send_form_of(s, FORM, path, fields);
}

static void store_up(struct mm_test_eventd *eventd)
{
    if (mm_test_eventd_program() == NULL)
        mm_test_skip("no libchdb");
    CHECK(mm_test_eventd_start(eventd, mm_test_dir()));
    CHECK(fixture_alerts(eventd->address, NOW));
}

TEST(an_exception_is_tried_on_the_past_and_kept_with_its_reason)
{
    struct mm_test_eventd eventd = {0};
    struct people who;
    struct site s;

    site_open(&s);
    store_up(&eventd);
    log_both_in(&s, &who);
    get(&s, "/companies/1/cases/1");
    CHECK(has(s.body, "href=\"" LIST "/new?rule=" RULE "&amp;queue=0&amp;seq=1\""));
    fits_schema(&s, FORM, "exception_new");
    CHECK(has(s.body, "{\"name\":\"source.ip\",\"value\":\"192.0.2.31\",\"used\":false"));
    fits_schema(&s, LIST "/new?rule=" RULE, "exception_new"); /* the newest that is kept */

    /* Tried: numbers and examples; nothing is kept, and no reason is needed yet. */
    send_form(&s, LIST "/new", SAID "&do=try" ONE_PC);
    CHECK_NUM(s.status, 200);
    CHECK(has(s.body, "このルールの検知は10件ありました。"));
    CHECK(has(s.body, "隠れるもの: 9件（うち最も重い「最高」: 0件）"));
    CHECK(has(s.body, "href=\"/companies/1/events/0/101\""));
    CHECK(has(s.body, "value=\"source.ip\" checked"));
    get_json(&s, LIST);
    CHECK(has(s.body, "\"proposed\":[],\"active\":[],\"ended\":[]"));

    /* Saved without a reason: the word stands beside the field, and nothing is kept. */
    send_form(&s, LIST "/new", SAID "&do=save" ONE_PC);
    CHECK_NUM(s.status, 422);
    CHECK(has(s.body, "id=\"reason-error\""));

    send_form(&s, LIST "/new", SAID "&do=save&reason=backup+of+PC-31" ONE_PC);
    CHECK_NUM(s.status, 303);
    fits_schema(&s, LIST, "exceptions");
    CHECK(has(s.body, "\"active\":[{\"exception\":1,"));
    CHECK(has(s.body, "\"value\":\"192.0.2.31\"}],\"reason\":\"backup of PC-31\""));
    CHECK(has(s.body, "\"days_left\":30,") && has(s.body, "\"tried\":9,\"tried_critical\":0,"));
    CHECK(has(s.body, "\"hidden\":{\"v\":1},\"mine\":true,\"made_by\":\"見守 花\""));
    get(&s, LIST);
    CHECK(has(s.body, "あと30日") && has(s.body, LIST "/1/end"));
    get(&s, "/companies/1/audit");
    CHECK(has(s.body, "例外を登録") && has(s.body, "例外 1"));
    CHECK(has(s.body, "backup of PC-31\nsource.ip equals 192.0.2.31"));
    get(&s, "/rules");
    CHECK(has(s.body, "href=\"" LIST "\"") && has(s.body, "有効1件、承認待ち0件"));
    fits_schema(&s, "/companies/1/events/0/101", "event");
    CHECK(has(s.body, "\"alerts\":[{\"rule\":\"" RULE "\",") && has(s.body, "\"hidden_by\":\"\""));
    get(&s, "/companies/1/events/0/101");
    CHECK(has(s.body, "/new?rule=" RULE "&amp;queue=0&amp;seq=101\""));
    get_json(&s, LIST "/new?rule=" RULE "&queue=0&seq=101"); /* no case has kept it */
    CHECK(has(s.body, "{\"name\":\"host.name\",\"value\":\"PC-31\""));
    site_close(&s);
    CHECK(mm_test_eventd_stop(&eventd));
}

TEST(what_exceptions_hide_is_counted_where_alerts_stand)
{
    struct mm_test_eventd eventd = {0};
    struct people who;
    struct site s;

    site_open(&s);
    store_up(&eventd);
    log_both_in(&s, &who);
    fits_schema(&s, "/companies/1/cases/1", "case");
    CHECK(has(s.body, "\"hidden\":[]")); /* no exception, no question to the store */
    send_form(&s, LIST "/new", SAID "&do=save&reason=backup+of+PC-31" ONE_PC);
    CHECK_NUM(s.status, 303);
    fits_schema(&s, "/companies/1/cases/1", "case");
    CHECK(has(s.body, "\"hidden\":[{\"exception\":1,\"state\":\"active\","));
    CHECK(has(s.body, "\"ended\":false,\"n\":{\"v\":1}}]"));
    get(&s, "/companies/1/cases/1");
    CHECK(has(s.body, "#exception-1\">例外1により、お知らせしていません</a> 1"));
    /* Which rules cost most, of one company and of all. */
    fits_schema(&s, "/rules/noise", "noise");
    CHECK(has(s.body, "\"week\":{\"v\":11},\"month\":{\"v\":11}"));
    CHECK(has(s.body, "{\"rule\":\"" RULE "\","));
    CHECK(has(s.body, "\"week\":11,\"before\":0,\"trend\":\"new\",\"month\":11,"
                      "\"share_permille\":1000,\"hidden\":1,\"companies\":2,\"most\":1,"));
    CHECK(has(s.body, "\"exceptions\":1}"));
    fits_schema(&s, "/companies/2/noise", "noise");
    CHECK(has(s.body, "\"week\":{\"v\":1},") && has(s.body, "\"hidden\":0,\"companies\":1,"));
    /* The form begins with what a case of the company has kept; where none has, with what the rule
     * has found there last. */
    get(&s, "/companies/1/noise");
    CHECK(has(s.body, "href=\"/companies/1/exceptions/new?rule=" RULE "\""));
    CHECK(fixture_low_alert(eventd.address, 3, 120, NOW));
    get(&s, "/companies/3/noise");
    CHECK(has(s.body, "href=\"/companies/3/exceptions/new?rule=" RULE "\""));
    fits_schema(&s, "/companies/3/exceptions/new?rule=" RULE, "exception_new");
    CHECK(has(s.body, "\"queue\":0,\"seq\":120,"));
    CHECK(has(s.body, "{\"name\":\"host.name\",\"value\":\"PC-3\""));
    get_json(&s, "/companies/4/exceptions/new?rule=" RULE); /* nothing was found there */
    CHECK_NUM(s.status, 404);
    get(&s, "/rules/noise");
    CHECK(!has(s.body, "/exceptions/new?rule="));
    CHECK(has(s.body, "<strong>新たに増えました</strong>"));
    site_close(&s);
    CHECK(mm_test_eventd_stop(&eventd));
}

TEST(an_exception_that_hides_critical_alerts_waits_for_a_second_person)
{
    struct mm_test_eventd eventd = {0};
    struct people who;
    char csrf[128], form[160];
    struct site s;

    site_open(&s);
    store_up(&eventd);
    log_both_in(&s, &who);
    send_form(&s, LIST "/new", SAID "&do=try" ALL_PCS);
    CHECK(has(s.body, "隠れるもの: 10件（うち最も重い「最高」: 1件）"));
    CHECK(has(s.body, "ほかの人が承認すると有効になります"));
    send_form(&s, LIST "/new", SAID "&do=save&reason=all+of+them" ALL_PCS);
    CHECK_NUM(s.status, 303);
    get(&s, LIST);
    CHECK(has(s.body, "あなたが提案したものです") && !has(s.body, LIST "/1/agree"));
    csrf_of(&s, csrf);
    (void)snprintf(form, sizeof(form), "csrf=%s", csrf);
    post(&s, LIST "/1/agree", form); /* nobody agrees to what they proposed */
    CHECK_NUM(s.status, 422);
    CHECK(has(s.body, "自分では承認できません"));
    get_json(&s, LIST);
    CHECK(has(s.body, "\"proposed\":[{\"exception\":1,") && has(s.body, "\"active\":[]"));
    fits_schema(&s, "/companies", "companies");
    CHECK(has(s.body, "\"exceptions_waiting\":1,\"exceptions_ending\":0,"));
    get(&s, "/companies");
    CHECK(has(s.body, "href=\"/rules#exceptions\"") && has(s.body, "承認を待っているもの 1"));

    become(&s, who.analyst);
    get(&s, LIST);
    CHECK(has(s.body, LIST "/1/agree"));
    csrf_of(&s, csrf);
    (void)snprintf(form, sizeof(form), "csrf=%s", csrf);
    post(&s, "/companies/2/exceptions/1/agree", form); /* not that company's */
    CHECK_NUM(s.status, 404);
    post(&s, LIST "/1/agree", form);
    CHECK_NUM(s.status, 303);
    fits_schema(&s, LIST, "exceptions");
    CHECK(has(s.body, "\"active\":[{\"exception\":1,"));
    CHECK(has(s.body, "\"made_by\":\"見守 花\",\"agreed_by\":\"分析 二郎\""));
    post(&s, "/companies/2/exceptions/1/end", form);
    CHECK_NUM(s.status, 404);
    post(&s, LIST "/1/end", "csrf=forged");
    CHECK_NUM(s.status, 403);
    post(&s, LIST "/1/end", form);
    CHECK_NUM(s.status, 303);
    post(&s, LIST "/1/end", form); /* once */
    CHECK_NUM(s.status, 404);
    fits_schema(&s, LIST, "exceptions");
    CHECK(has(s.body, "\"active\":[],\"ended\":[{\"exception\":1,"));
    CHECK(has(s.body, "\"ran_out\":false") && has(s.body, "\"ended_by\":\"分析 二郎\""));
    become(&s, who.admin);
    get(&s, "/companies/1/audit");
    CHECK(has(s.body, "例外を承認") && has(s.body, "例外を終了"));
    site_close(&s);
    CHECK(mm_test_eventd_stop(&eventd));
}

TEST(a_form_for_an_exception_says_what_is_wrong_beside_the_field)
{
    static const struct {
        const char *fields, *says;
    } bad[] = {
        {SAID "&do=try", "id=\"terms-error\""},
        {SAID "&do=try&use=user.name&value.user.name=x", "id=\"terms-error\""}, /* not in it */
        {SAID "&do=try" ONE_PC "&use=user.name", "id=\"terms-error\""}, /* nothing is left out */
        {SAID "&do=try&use=source.ip&value.source.ip=+", "id=\"error-source.ip\""},
        {SAID "&do=try&use=source.ip&how.source.ip=contains", "id=\"error-source.ip\""},
        {SAID "&do=try&use=source.ip&how.source.ip=exists", "id=\"error-source.ip\""},
        {SAID "&do=try&use=source.ip&how.source.ip=cidr&value.source.ip=192.0.2.0%2F99",
         "id=\"error-source.ip\""},
        {"rule=" RULE "&queue=0&seq=1&days=366&do=try" ONE_PC, "id=\"days-error\""},
        {"rule=" RULE "&queue=0&seq=1&days=0&do=try" ONE_PC, "id=\"days-error\""},
        {"rule=" RULE "&queue=0&seq=1&days=-1&do=try" ONE_PC, "id=\"days-error\""},
    };
    struct people who;
    struct site s;

    site_open(&s);
    log_both_in(&s, &who);
    for (size_t i = 0; i < MM_COUNT(bad); i++) {
        send_form(&s, LIST "/new", bad[i].fields);
        if (s.status != 422 || !has(s.body, bad[i].says))
            printf("# %s: %d\n", bad[i].fields, s.status);
        CHECK_NUM(s.status, 422);
        CHECK(has(s.body, bad[i].says));
    }
    /* Without the store nobody can say what it would hide: it is not kept, and the page says so. */
    send_form(&s, LIST "/new", SAID "&do=save&reason=r" ONE_PC);
    CHECK_NUM(s.status, 503);
    CHECK(has(s.body, "保存していません"));
    get_json(&s, LIST);
    CHECK(has(s.body, "\"proposed\":[],\"active\":[],\"ended\":[]"));
    get(&s, LIST "/new?rule=no-such-rule&queue=0&seq=1");
    CHECK_NUM(s.status, 404);
    get(&s, LIST "/new?rule=" RULE "&queue=99999&seq=1");
    CHECK_NUM(s.status, 404);
    get(&s, "/companies/0/exceptions/new?rule=" RULE "&queue=0&seq=1");
    CHECK_NUM(s.status, 404);
    site_close(&s);
}

TEST(exceptions_are_seen_by_the_operator_and_made_by_who_keeps_the_rules)
{
    static const struct {
        const char *who;
        int list, form;
    } rights[] = {
        {"bunseki", 200, 200}, {"kansa", 200, 403}, {"hanako", 403, 403}, {"shacho", 403, 403}};
    char csrf[128], form[256];
    struct site s;

    site_open(&s);
    for (size_t i = 0; i < MM_COUNT(rights); i++) {
        CHECK(login(&s, rights[i].who, PASSWORD_FORM));
        get(&s, LIST);
        CHECK_NUM(s.status, rights[i].list);
        get(&s, FORM);
        CHECK_NUM(s.status, rights[i].form);
        get(&s, "/companies/1/cases/1");
        CHECK(has(s.body, LIST "/new") == (rights[i].form == 200));
        if (rights[i].form == 200)
            continue;
        get(&s, "/companies/1");
        csrf_of(&s, csrf);
        (void)snprintf(form, sizeof(form), "csrf=%s&" SAID "&do=save&reason=r" ONE_PC, csrf);
        post(&s, LIST "/new", form);
        CHECK_NUM(s.status, 403);
        post(&s, LIST "/1/agree", form);
        CHECK_NUM(s.status, 403);
        post(&s, LIST "/1/end", form);
        CHECK_NUM(s.status, 403);
    }
    site_close(&s);
}
