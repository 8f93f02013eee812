/* app/portal_today_test.c - what waits today over all companies: listed, counted, gone when done.
 */
#include <stdio.h>

#include "store/records/system_scope.h"
#include "tests/harness/test.h"
#include "tests/portal/site.h"
#include "triage/case.h"

#define CRITICAL "5f1f6c2e-0a57-4b5c-9a56-0d8a4e4d7a12" /* a rule whose weakening two must want */
#define ADJUST "/rules/adjust"
#define NONE_LEFT ",\"chosen\":false,\"left\":0}"

static size_t find(const struct site *s, const char *what)
{
    size_t at = mm_slice_search(s->body, mm_slice_str(what));

    if (at == SIZE_MAX)
        printf("# no %s\n", what);
    CHECK(at != SIZE_MAX);
    return at;
}

TEST(today_says_of_each_company_what_waits_since_when_and_whom_to_call)
{
    struct site s;

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    fits_schema(&s, "/today", "today");
    CHECK(find(&s, "{\"kind\":\"cases\",\"count\":2" NONE_LEFT) <
          find(&s, "{\"kind\":\"requests\",\"count\":1" NONE_LEFT));
    CHECK(find(&s, "{\"kind\":\"silent\",\"count\":1" NONE_LEFT) <
          find(&s, "{\"kind\":\"proposals\",\"count\":0" NONE_LEFT));
    find(&s, "\"count\":4}");
    CHECK(find(&s, "\"is_case\":true,\"company\":1,") < find(&s, "\"is_request\":true"));
    CHECK(find(&s, "\"is_request\":true") < find(&s, "\"is_silent\":true,\"company\":4,"));
    find(&s, "\"path\":\"/companies/1/cases/1#requests\"");
    find(&s, "\"since\":\"2026-11-19T20:34:00Z\""); /* five hours before */
    find(&s, "\"contact\":{\"post\":\"総務課\",\"person\":\"総務 花子\","
             "\"telephone\":\"000-0000-0101\",\"hours\":\"平日 8:30〜17:30\"}");
    get(&s, "/today");
    CHECK(find(&s, "<a href=\"/today\" aria-current=\"page\">今日の対応</a>") <
          find(&s, "<a href=\"/companies\">"));
    find(&s, "href=\"tel:000-0000-0101\"");
    find(&s, "電話で電源とLANを確認");
    site_close(&s);
}

TEST(today_shows_one_kind_where_one_is_chosen_and_counts_all)
{
    struct site s;

    site_open(&s);
    CHECK(login(&s, "kansa", PASSWORD_FORM));
    fits_schema(&s, "/today?kind=silent", "today");
    find(&s, "{\"kind\":\"silent\",\"count\":1,\"chosen\":true,\"left\":0}");
    find(&s, "{\"kind\":\"cases\",\"count\":2" NONE_LEFT);
    CHECK(has(s.body, "\"is_silent\":true") && !has(s.body, "\"is_case\":true"));
    CHECK(!has(s.body, "\"is_request\":true"));
    get(&s, "/today?kind=silent");
    find(&s, "<a href=\"/today?kind=silent\" aria-current=\"true\">");
    get(&s, "/today?kind=proposals");
    find(&s, "今日対応することは、いまありません");
    get_json(&s, "/today?kind=none");
    CHECK(s.status >= 400 && s.status < 500);
    site_close(&s);
}

TEST(what_is_done_leaves_today)
{
    struct site s;

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    send_form_of(&s, "/companies/6/cases/4", "/companies/6/cases/4/take", "");
    CHECK_NUM(s.status, 303);
    get_json(&s, "/today");
    find(&s, "{\"kind\":\"cases\",\"count\":1" NONE_LEFT);
    CHECK(!has(s.body, "/companies/6/cases/4"));
    send_form_of(&s, "/companies/1/cases/1", "/companies/1/cases/1/requests/1",
                 "answer=done&text=by+telephone");
    CHECK_NUM(s.status, 303);
    get_json(&s, "/today");
    find(&s, "{\"kind\":\"requests\",\"count\":0" NONE_LEFT);
    CHECK(!has(s.body, "\"is_request\":true"));
    site_close(&s);
}

TEST(proposals_wait_for_somebody_else_than_who_made_them)
{
    struct people who;
    struct site s;

    site_open(&s);
    log_both_in(&s, &who);
    send_form_of(&s, ADJUST "?rule=" CRITICAL, ADJUST,
                 "rule=" CRITICAL "&where=c2&switch=off&level=&reason=noise");
    CHECK_NUM(s.status, 303);
    send_form_of(&s, ADJUST "?rule=" CRITICAL, ADJUST,
                 "rule=" CRITICAL "&where=p1&switch=off&level=&reason=noise");
    CHECK_NUM(s.status, 303);
    fits_schema(&s, "/today?kind=proposals", "today");
    find(&s, "{\"kind\":\"proposals\",\"count\":2,\"chosen\":true,\"left\":0}");
    find(&s, "\"next\":\"own_proposal\",\"path\":\"/companies/2/rules#adjusts\"");
    find(&s, "\"path\":\"/rules#adjusts\",\"detail\":\"見本県 支援事業\"");
    find(&s, "\"contact\":null"); /* of a programme: no company to call */
    CHECK(!has(s.body, "\"next\":\"proposal\""));
    become(&s, who.analyst);
    get_json(&s, "/today");
    CHECK(has(s.body, "\"next\":\"proposal\"") && !has(s.body, "\"next\":\"own_proposal\""));
    site_close(&s);
}

enum { ASKED = 120 };

static enum mm_code do_ask(struct mm_tx *tx, void *arg)
{
    struct site *s = arg;
    enum mm_code code = mm_tx_narrow(tx, 1);
    char text[400];

    (void)snprintf(text, sizeof(text), "%0300d", 7);
    for (int i = 0; i < ASKED && code == MM_OK; i++)
        code = mm_case_ask(tx, 1, 0, mm_slice_str(text), s->f.now_us - i);
    mm_tx_widen(tx);
    return code;
}

TEST(more_than_a_screen_of_one_kind_is_said_and_shown_where_it_is_chosen)
{
    struct site s;

    site_open(&s);
    CHECK_NUM(mm_records_write(s.f.records, mm_system_scope(), do_ask, &s), MM_OK);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    get_json(&s, "/today");
    find(&s, "{\"kind\":\"requests\",\"count\":121,\"chosen\":false,\"left\":21}");
    find(&s, "0000 ...\""); /* a long request is in its case */
    get(&s, "/today");
    find(&s, "ここに出ていないもの 21件");
    fits_schema(&s, "/today?kind=requests", "today");
    find(&s, "{\"kind\":\"requests\",\"count\":121,\"chosen\":true,\"left\":0}");
    site_close(&s);
}
