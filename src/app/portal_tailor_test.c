/* app/portal_tailor_test.c - rules by company on pages: values, switches, levels. */
#include <stdio.h>
#include <sys/stat.h>

#include "tests/harness/test.h"
#include "tests/portal/site.h"

#define RULE "5f0e7d1c-2a3b-4c5d-8e6f-0123456789ab" /* high */
#define ASKS "5f1f6c2e-0a57-4b5c-9a56-0d8a4e4d7a12" /* critical, asks for %Admins% */
#define HERE "/companies/1/rules"
#define THERE "/companies/2/rules"
#define ADJUST "/rules/adjust"

TEST(values_are_entered_on_the_page_of_a_company_and_are_its_own)
{
    char form[512];
    struct site s;

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    fits_schema(&s, HERE, "rules_here");
    CHECK(has(s.body, "\"waiting\":1,"));
    CHECK(has(s.body, "{\"name\":\"Admins\",\"at\":0,\"rules\":1,\"examples\":[{\"rule\":\"" ASKS));
    CHECK(has(s.body, "\"from\":\"none\",\"missing\":true,"));
    send_form_of(&s, HERE, HERE "/values", "name=Admins&values=+alice%0D%0Abob*%0D%0Aalice%0D%0A");
    CHECK_NUM(s.status, 303);
    fits_schema(&s, HERE, "rules_here");
    CHECK(has(s.body, "\"waiting\":0,"));
    CHECK(
        has(s.body, "\"from\":\"own\",\"missing\":false,\"programme_name\":null,\"values_n\":2,"));
    CHECK(has(s.body, "\"own\":\"alice\\nbob*\\n\""));
    get_json(&s, THERE);
    CHECK(has(s.body, "\"from\":\"none\"") && !has(s.body, "alice"));
    get(&s, "/companies/1/audit");
    CHECK(has(s.body, "ルールが使う値を登録") && has(s.body, "alice"));

    /* What is wrong is said, and what was typed stays. */
    (void)snprintf(form, sizeof(form), "name=Admins&values=a%0260d", 1); /* 261 bytes */
    send_form_of(&s, HERE, HERE "/values", form);
    CHECK_NUM(s.status, 422);
    CHECK(has(s.body, "aria-invalid=\"true\">a"));
    send_form_of(&s, HERE, HERE "/values", "name=A+b&values=x");
    CHECK_NUM(s.status, 422);
    post(&s, HERE "/values", "name=Admins&values=x&csrf=forged");
    CHECK_NUM(s.status, 403);
    send_form_of(&s, HERE, HERE "/values", "name=Admins&values=");
    CHECK_NUM(s.status, 303);
    get_json(&s, HERE);
    CHECK(has(s.body, "\"waiting\":1,") && !has(s.body, "alice"));
    site_close(&s);
}

TEST(rule_is_adjusted_for_one_company_with_a_reason)
{
    struct site s;

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    fits_schema(&s, ADJUST "?rule=" RULE, "rule_adjust");
    CHECK(has(s.body, "\"adjusts\":[],\"companies\":[{\"where\":\"c1\","));
    send_form_of(&s, ADJUST "?rule=" RULE, ADJUST,
                 "rule=" RULE "&where=c1&switch=on&level=low&reason=");
    CHECK_NUM(s.status, 422);
    CHECK(has(s.body, "role=\"alert\""));
    send_form_of(&s, ADJUST "?rule=" RULE, ADJUST,
                 "rule=" RULE "&where=x&switch=on&level=low&reason=r");
    CHECK_NUM(s.status, 422);
    send_form_of(&s, ADJUST "?rule=" RULE, ADJUST,
                 "rule=" RULE "&where=c999&switch=on&level=low&reason=r");
    CHECK_NUM(s.status, 404);
    send_form_of(&s, ADJUST "?rule=" RULE, ADJUST,
                 "rule=" RULE "&where=c1&switch=on&level=low&reason=night+shift");
    CHECK_NUM(s.status, 303);
    fits_schema(&s, HERE, "rules_here");
    CHECK(has(s.body, "\"relevelled\":1,") && has(s.body, "\"reason\":\"night shift\""));
    CHECK(has(s.body, "\"enabled\":true,\"level\":\"low\","));
    get_json(&s, THERE);
    CHECK(has(s.body, "\"relevelled\":0,") && has(s.body, "\"adjusts\":[]"));
    fits_schema(&s, ADJUST "?rule=" RULE, "rule_adjust");
    CHECK(has(s.body, "\"state\":\"active\",\"proposed\":false,"));
    get(&s, HERE);
    CHECK(has(s.body, "action=\"/rules/adjusts/1/1/end\""));
    send_form_of(&s, HERE, "/rules/adjusts/2/1/end", "why="); /* not that company's */
    CHECK_NUM(s.status, 404);
    send_form_of(&s, HERE, "/rules/adjusts/1/1/end", "why=");
    CHECK_NUM(s.status, 303);
    get_json(&s, HERE);
    CHECK(has(s.body, "\"adjusts\":[]"));
    get(&s, "/companies/1/audit");
    CHECK(has(s.body, "ルールの調整を取り消し") && has(s.body, "night shift"));
    site_close(&s);
}

/* A rule of the operator's, of this level. */
static void put_rule(const char *level)
{
    char path[1200];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/rules", mm_test_dir());
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof(path), "%s/rules/turns.yml", mm_test_dir());
    f = fopen(path, "we");
    CHECK(f != NULL);
    fprintf(f,
            "title: Turns\nid: turns\nlevel: %s\nlogsource: {category: proxy}\n"
            "detection: {s: {host.name: x}, condition: s}\n",
            level);
    CHECK(fclose(f) == 0);
}

TEST(rule_that_became_critical_says_that_nobody_was_asked)
{
    struct site s;

    put_rule("low");
    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    send_form_of(&s, ADJUST "?rule=turns", ADJUST,
                 "rule=turns&where=c1&switch=off&level=&reason=quiet");
    CHECK_NUM(s.status, 303);
    get_json(&s, HERE);
    CHECK(has(s.body, "\"rule_level\":\"low\",\"made_level\":null,\"unasked\":false,"));
    put_rule("critical"); /* an update brings it so */
    s.portal->rules_us = 0;
    fits_schema(&s, HERE, "rules_here");
    CHECK(has(s.body, "\"rule_level\":\"critical\",\"made_level\":\"low\",\"unasked\":true,"));
    get(&s, ADJUST "?rule=turns");
    CHECK(has(s.body, "作者がこのルールの危険度を「最高」に上げました"));
    site_close(&s);
}

TEST(critical_rule_is_weakened_by_two_persons)
{
    struct people who;
    struct site s;

    site_open(&s);
    log_both_in(&s, &who);
    send_form_of(&s, ADJUST "?rule=" ASKS, ADJUST,
                 "rule=" ASKS "&where=c1&switch=off&level=&reason=test");
    CHECK_NUM(s.status, 303);
    fits_schema(&s, "/rules?q=ASKS+for", "rules");
    CHECK(has(s.body, "\"found\":1,") && has(s.body, "\"state\":\"proposed\""));
    get(&s, "/rules");
    CHECK(has(s.body, "/rules/adjust?rule=" ASKS "\"") && has(s.body, "/rules/adjusts/1/1/end"));
    get_json(&s, HERE);
    CHECK(has(s.body, "\"off\":0,") && has(s.body, "\"state\":\"proposed\",\"proposed\":true,"));
    send_form_of(&s, HERE, "/rules/adjusts/1/1/agree", "why=");
    CHECK_NUM(s.status, 403); /* nobody agrees to what they proposed */
    become(&s, who.analyst);
    send_form_of(&s, HERE, "/rules/adjusts/1/1/agree", "why=");
    CHECK_NUM(s.status, 303);
    get_json(&s, HERE);
    CHECK(has(s.body, "\"off\":1,") && has(s.body, "\"state\":\"active\""));
    site_close(&s);
}

TEST(programme_is_adjusted_for_its_members_and_a_company_goes_before)
{
    struct site s;

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    send_form_of(&s, ADJUST "?rule=" RULE, ADJUST,
                 "rule=" RULE "&where=p1&switch=off&level=&reason=noise");
    CHECK_NUM(s.status, 303);
    get_json(&s, THERE);
    CHECK(has(s.body, "\"off\":1,") && has(s.body, "\"programme\":1,\"programme_name\":"));
    send_form_of(&s, ADJUST "?rule=" RULE, ADJUST,
                 "rule=" RULE "&where=c2&switch=on&level=&reason=wanted");
    CHECK_NUM(s.status, 303);
    get_json(&s, THERE);
    CHECK(has(s.body, "\"off\":0,"));
    get_json(&s, HERE);
    CHECK(has(s.body, "\"off\":1,") && !has(s.body, "wanted"));
    get(&s, "/companies/0/audit");
    CHECK(has(s.body, "支援事業 1 " RULE));
    site_close(&s);
}

TEST(rules_of_companies_are_seen_by_the_operator_and_changed_by_who_keeps_rules)
{
    static const struct {
        const char *login;
        int see, change;
    } people[] = {{"bunseki", 200, 303}, {"kansa", 200, 403}, {"hanako", 403, 403}};

    struct site s;

    site_open(&s);
    for (size_t i = 0; i < MM_COUNT(people); i++) {
        CHECK(login(&s, people[i].login, PASSWORD_FORM));
        get(&s, HERE);
        CHECK_NUM(s.status, people[i].see);
        CHECK(has(s.body, HERE "/values\"") == (people[i].change == 303));
        get(&s, ADJUST "?rule=" RULE);
        CHECK_NUM(s.status, people[i].see);
        send_form_of(&s, "/password", HERE "/values", "name=Admins&values=x");
        CHECK_NUM(s.status, people[i].change);
    }
    site_close(&s);
}
