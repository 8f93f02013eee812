/* app/portal_assess_test.c - questionnaires on pages: begun, answered, handed in, carried over. */
#include <stdio.h>

#include "tests/harness/test.h"
#include "tests/portal/site.h"

#define HERE "/companies/1/assessments"
#define ONE HERE "/1"
#define ENTRANCE ONE "/sections/entrance"

/* A questionnaire of company 1 that its person in charge has begun. */
static void begin(struct site *s)
{
    site_open(s);
    CHECK(login(s, "hanako", PASSWORD_FORM));
    fits_schema(s, HERE, "assessments");
    CHECK(has(s->body, "\"items\":[]") && has(s->body, "\"name\":\"first-look\""));
    CHECK(has(s->body, "\"refused\":0"));
    send_form_of(s, HERE, HERE, "name=first-look");
    CHECK_NUM(s->status, 303);
    fits_schema(s, HERE, "assessments");
    CHECK(has(s->body, "\"questions\":12,\"answered\":0,"));
}

TEST(questionnaire_is_begun_answered_and_says_what_to_do_first)
{
    struct site s;

    begin(&s);
    send_form_of(&s, HERE, HERE, "name=first-look"); /* the open one is gone on with */
    get_json(&s, HERE);
    CHECK(!has(s.body, "\"assessment\":2"));
    send_form_of(&s, HERE, HERE, "name=nothing");
    CHECK(s.status >= 400 && s.status < 500);
    fits_schema(&s, ONE, "assessment_whole");
    CHECK(has(s.body, "\"result\":null,\"actions\":[]"));

    fits_schema(&s, ENTRANCE, "assessment_section");
    CHECK(has(s.body, "\"question\":\"mfa\"") && has(s.body, "\"term\":\"多要素認証\""));
    send_form_of(&s, ENTRANCE, ENTRANCE,
                 "s-mfa=0&a-mfa=no&c-mfa=next+year&s-router=0&a-router=unknown&do=home");
    CHECK_NUM(s.status, 303);
    CHECK(has(s.head, "ocation: " ONE "\r\n"));
    fits_schema(&s, ENTRANCE, "assessment_section");
    CHECK(has(s.body, "\"answered\":2,") && has(s.body, "\"comment\":\"next year\""));
    fits_schema(&s, ONE, "assessment_whole");
    CHECK(has(s.body, "\"answered\":2,\"unknown\":1,"));
    /* mfa and router weigh 3 with ease 3: the earlier one comes first. */
    CHECK(has(s.body, "\"actions\":[{\"number\":1,\"first\":true,\"question\":\"mfa\""));
    CHECK(has(s.body, "\"printed\":null")); /* two answers are no score */
    get(&s, ONE);
    CHECK(has(s.body, "まずこの三つ") && has(s.body, "業者にそのまま送れる文"));
    get(&s, "/companies/1/audit");
    CHECK(has(s.body, "問診を始めた") || s.status == 403);
    site_close(&s);
}

TEST(an_answer_that_comes_late_is_shown_beside_the_other)
{
    struct site s;

    begin(&s);
    send_form_of(&s, ENTRANCE, ENTRANCE, "s-mfa=0&a-mfa=yes&do=home");
    CHECK_NUM(s.status, 303);
    send_form_of(&s, ENTRANCE, ENTRANCE, "s-mfa=0&a-mfa=no&s-router=0&a-router=yes&do=home");
    CHECK_NUM(s.status, 422);
    CHECK(has(s.body, "さんが先に答えました") && has(s.body, "ほかの答えは保存しました"));
    CHECK(has(s.body, "name=\"a-mfa\" value=\"no\" checked"));
    get_json(&s, ENTRANCE);
    CHECK(has(s.body, "\"answered\":2,")); /* the other one was kept */
    CHECK(has(s.body, "\"level\":\"yes\",\"words\":\"はい\",\"help\":\"\",\"chosen\":true"));
    send_form_of(&s, ENTRANCE, ENTRANCE, "s-mfa=1&a-mfa=no&do=home"); /* having seen it */
    CHECK_NUM(s.status, 303);
    site_close(&s);
}

TEST(what_is_no_answer_is_refused_and_nothing_of_it_is_kept)
{
    struct site s;

    begin(&s);
    send_form_of(&s, ENTRANCE, ENTRANCE, "s-mfa=0&a-mfa=never&do=home");
    CHECK(s.status == 303 || s.status == 422);
    get_json(&s, ENTRANCE);
    CHECK(has(s.body, "\"answered\":0,"));
    /* A remark alone is kept; an answer can be taken back. */
    send_form_of(&s, ENTRANCE, ENTRANCE, "s-mfa=0&c-mfa=ask+the+IT+firm&do=home");
    CHECK_NUM(s.status, 303);
    get_json(&s, ENTRANCE);
    CHECK(has(s.body, "\"comment\":\"ask the IT firm\"") && has(s.body, "\"answered\":0,"));
    get(&s, ONE "/sections/nowhere");
    CHECK_NUM(s.status, 404);
    get(&s, HERE "/99");
    CHECK_NUM(s.status, 404);
    get(&s, "/companies/2/assessments/1");
    CHECK_NUM(s.status, 404);
    site_close(&s);
}

TEST(staff_that_reads_answers_is_seen_by_the_company)
{
    struct site s;

    begin(&s);
    s.cookie[0] = 0;
    CHECK(login(&s, "soc", PASSWORD_FORM));
    get(&s, "/companies/1/audit");
    CHECK(!has(s.body, "問診の答えを見た"));
    get(&s, ENTRANCE);
    CHECK_NUM(s.status, 200);
    get(&s, "/companies/1/audit");
    CHECK(has(s.body, "問診の答えを見た") && has(s.body, "assessment 1"));
    site_close(&s);
}

TEST(what_was_handed_in_stands_still_and_is_carried_over_to_the_next)
{
    struct site s;

    begin(&s);
    send_form_of(&s, ENTRANCE, ENTRANCE, "s-mfa=0&a-mfa=yes&do=home");
    send_form_of(&s, ONE, ONE "/submit", "");
    CHECK_NUM(s.status, 303);
    get_json(&s, ONE);
    CHECK(has(s.body, "\"state\":\"submitted\"") && has(s.body, "\"may_answer\":false"));
    get(&s, ENTRANCE);
    CHECK(!has(s.body, "value=\"next\""));
    send_form_of(&s, HERE, ENTRANCE, "s-mfa=1&a-mfa=no&do=home");
    CHECK_NUM(s.status, 422);
    CHECK(has(s.body, "提出したあとなので"));
    send_form_of(&s, HERE, HERE, "name=first-look");
    CHECK_NUM(s.status, 303);
    get_json(&s, HERE "/2");
    CHECK(has(s.body, "\"unconfirmed\":1,"));
    get(&s, HERE "/2/sections/entrance");
    CHECK(has(s.body, "前回の答えです"));
    site_close(&s);
}
