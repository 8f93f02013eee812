/* app/portal_rule_test.c - a rule is checked, tried on stored events, added and taken away. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "app/rule_store.h"
#include "coverage/wish.h"
#include "store/records/system_scope.h"
#include "tests/harness/cli.h"
#include "tests/harness/eventd.h"
#include "tests/harness/test.h"
#include "tests/portal/alerts.h"
#include "tests/portal/site.h"

#define PAGE "/rules/try"
#define ID "0b5d6a1e-7c55-4e0c-9a57-6f2d1c8e4a10"
/* "title: ..." as a form sends it; the fixture's store has one event, on PC-31 of company 1. */
#define HEAD "rule=title%3A+Found+it%0D%0Aid%3A+" ID "%0D%0Astatus%3A+test%0D%0Alevel%3A+high%0D%0A"
#define SOURCE "logsource%3A+%7Bcategory%3A+proxy%7D%0D%0A"
#define LOOKS(what) "detection%3A%0D%0A++s%3A+%7Bhost.name%3A+" what "%7D%0D%0A++condition%3A+s"
#define GOOD HEAD SOURCE LOOKS("PC-31")

static void send_form(struct site *s, const char *fields)
{
    send_form_of(s, PAGE, PAGE, fields);
}

static void store_up(struct mm_test_eventd *eventd)
{
    if (mm_test_eventd_program() == NULL)
        mm_test_skip("no libchdb");
    CHECK(mm_test_eventd_start(eventd, mm_test_dir()));
    CHECK(fixture_alerts(eventd->address, mm_now_us()));
}

static struct mm_wish newest(struct site *s, struct mm_arena *a)
{
    struct mm_scope_hold hold;
    struct mm_wish *list = NULL, full = {0};
    struct mm_tx *tx = NULL;
    size_t n = 0;

    CHECK_NUM(mm_records_read(s->f.records, mm_system_company(&hold, MM_COMPANY_OPERATOR), &tx),
              MM_OK);
    CHECK_NUM(mm_wish_list(tx, MM_WISH_RULE, a, &list, &n), MM_OK);
    if (n > 0)
        CHECK_NUM(mm_wish_get(tx, list[0].wish, a, &full), MM_OK);
    mm_records_read_done(&tx);
    return full;
}

TEST(a_rule_is_tried_on_what_is_stored_and_the_examples_are_linked)
{
    struct mm_test_eventd eventd = {0};
    struct site s;

    site_open(&s);
    store_up(&eventd);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    send_form(&s, GOOD "&do=try&days=30");
    CHECK_NUM(s.status, 200);
    CHECK(has(s.body, "30日間に届いたログで1回検知したはずです。"));
    CHECK(has(s.body, "href=\"/companies/1/events/0/101\""));
    CHECK(has(s.body, "a line of PC-31"));
    send_form(&s, GOOD "&do=try&days=30&company=2"); /* another's event */
    CHECK_NUM(s.status, 200);
    CHECK(has(s.body, "30日間に届いたログで0回検知したはずです。"));
    CHECK(has(s.body, "<option value=\"2\" selected>"));
    send_form(&s, HEAD SOURCE LOOKS("PC-32") "&do=try&days=30");
    CHECK(has(s.body, "30日間に届いたログで0回検知したはずです。"));
    site_close(&s);
    CHECK(mm_test_eventd_stop(&eventd));
}

TEST(a_rule_that_is_wrong_says_in_which_line)
{
    static const struct {
        const char *fields, *says;
        int status;
    } bad[] = {
        {"rule=&do=try", "ルールを入れてください", 422},
        {HEAD SOURCE
         "detection%3A%0D%0A++s%3A+%7Bhost.name%7Cfrobnicate%3A+x%7D%0D%0A++condition%3A+s"
         "&do=try",
         "<h2>7行目</h2>", 422},
        {"rule=%5B1%2C+2&do=save", "このルールには誤りがあります", 422},
        {"rule=a%3A+%26a+x&do=save", "YAMLのアンカー", 422},
        {GOOD "%0D%0A---%0D%0Atitle%3A+B%0D%0Aid%3A+b%0D%0A" SOURCE LOOKS("x") "&do=save",
         "ルールを一つだけ", 422},
        {"rule=title%3A+No+id%0D%0A" SOURCE LOOKS("x") "&do=save", "id（UUID）がありません", 422},
        {GOOD "&do=try&days=0", "日数は1から366", 422},
        {GOOD "&do=try&days=367", "日数は1から366", 422},
        {GOOD "&do=try&company=4711", "会社の選び方", 422},
        {GOOD "&do=try", "試せませんでした", 503}, /* no store runs */
    };
    struct mm_arena a;
    struct site s;

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    for (size_t i = 0; i < MM_COUNT(bad); i++) {
        send_form(&s, bad[i].fields);
        if (s.status != bad[i].status || !has(s.body, bad[i].says))
            printf("# %zu: %d\n", i, s.status);
        CHECK_NUM(s.status, bad[i].status);
        CHECK(has(s.body, bad[i].says));
        CHECK(has(s.body, "<textarea class=\"code\"")); /* and what was typed stands there */
    }
    mm_arena_init(&a, 1 << 20);
    CHECK_NUM(newest(&s, &a).wish, 0);
    mm_arena_done(&a);
    site_close(&s);
}

TEST(a_rule_is_added_by_a_wish)
{
    struct mm_wish wish;
    struct mm_arena a;
    struct site s;

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    mm_arena_init(&a, 1 << 20);
    send_form(&s, GOOD "&do=save");
    CHECK_NUM(s.status, 303);
    CHECK(has(s.head, "Location: /rules#own"));
    wish = newest(&s, &a);
    CHECK(wish.what == MM_WISH_RULE && !wish.remove);
    CHECK_SLICE(wish.name, ID);
    CHECK(mm_slice_starts(wish.yaml, MM_S("title: Found it\nid: " ID "\n")));
    CHECK(has(wish.yaml, "  condition: s\n") && !has(wish.yaml, "\r"));
    fits_schema(&s, "/rules", "rules");
    CHECK(
        has(s.body, "{\"verb\":\"add\",\"rule\":\"" ID "\",\"who\":\"soc\",\"state\":\"waiting\""));
    get(&s, "/companies/0/audit");
    CHECK(has(s.body, "ルールを追加") && has(s.body, "ルール " ID));
    post(&s, "/rules/own/" ID "/remove", "csrf=forged");
    CHECK_NUM(s.status, 403);
    mm_arena_done(&a);
    site_close(&s);
}

/* As the worker would have put it. */
static void put_rule(void)
{
    static const char text[] = "title: Found it\nid: " ID "\nlogsource: {category: proxy}\n"
                               "tags: [attack.execution, attack.t1059.001, attack.T1059.003]\n"
                               "detection: {s: {host.name: PC-31}, condition: s}\n";
    char path[1200];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/rules", mm_test_dir());
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof(path), "%s/rules/pages", mm_test_dir());
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof(path), "%s/rules/pages/" ID ".yml", mm_test_dir());
    f = fopen(path, "we");
    CHECK(f != NULL && fwrite(text, 1, sizeof(text) - 1, f) == sizeof(text) - 1);
    CHECK(fclose(f) == 0);
}

TEST(a_rule_of_a_page_can_be_taken_away_and_no_other)
{
    struct mm_arena a;
    char csrf[128], form[256];
    struct site s;

    put_rule();
    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    mm_arena_init(&a, 1 << 20);
    fits_schema(&s, "/rules", "rules");
    CHECK(has(s.body, "/rules/pages/" ID ".yml\",\"line\":1,\"own\":true}"));
    send_form(&s, GOOD "&do=save"); /* twice is once too often */
    CHECK_NUM(s.status, 422);
    CHECK(has(s.body, "同じ id のルールがすでにあります"));
    get(&s, "/rules");
    CHECK(has(s.body, "/rules/own/" ID "/remove"));
    CHECK(!has(s.body, "/rules/own/" FIXTURE_RULE "/remove"));
    csrf_of(&s, csrf);
    (void)snprintf(form, sizeof(form), "csrf=%s", csrf);
    post(&s, "/rules/own/" ID "/remove", form); /* not sure */
    CHECK_NUM(s.status, 422);
    (void)snprintf(form, sizeof(form), "csrf=%s&sure=yes", csrf);
    post(&s, "/rules/own/" FIXTURE_RULE "/remove", form); /* one of a folder */
    CHECK_NUM(s.status, 404);
    post(&s, "/rules/own/" ID "/remove", form);
    CHECK_NUM(s.status, 303);
    CHECK(newest(&s, &a).remove);
    mm_arena_done(&a);
    site_close(&s);
}

TEST(rules_are_tried_and_added_by_who_keeps_them)
{
    static const struct {
        const char *who;
        int status;
    } rights[] = {{"bunseki", 200}, {"kansa", 403}, {"hanako", 403}, {"shacho", 403}};
    char csrf[128], form[512];
    struct site s;

    site_open(&s);
    for (size_t i = 0; i < MM_COUNT(rights); i++) {
        CHECK(login(&s, rights[i].who, PASSWORD_FORM));
        get(&s, PAGE);
        CHECK_NUM(s.status, rights[i].status);
        if (rights[i].status == 200)
            continue;
        get(&s, "/companies/1");
        csrf_of(&s, csrf);
        (void)snprintf(form, sizeof(form), "csrf=%s&%s&do=save", csrf, GOOD);
        post(&s, PAGE, form);
        CHECK_NUM(s.status, 403);
        (void)snprintf(form, sizeof(form), "csrf=%s&sure=yes", csrf);
        post(&s, "/rules/own/" ID "/remove", form);
        CHECK_NUM(s.status, 403);
    }
    site_close(&s);
}

TEST(an_attack_is_seen_where_a_rule_looks_and_its_logs_come)
{
    struct mm_test_eventd eventd = {0};
    struct site s;

    put_rule();
    site_open(&s);
    store_up(&eventd);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    /* The fixture's line is a proxy's; of the two rules one looks at such, one at a firewall. */
    fits_schema(&s, "/companies/1/attack", "attack");
    CHECK(has(s.body, "\"answered\":true,\"days\":7,\"cut\":false,\"lines\":1,"
                      "\"rules\":2,\"reached\":1,"));
    CHECK(has(s.body, "{\"technique\":\"T1059\",\"rules\":1,\"reached\":1,\"covered\":true,"
                      "\"needs\":[]}"));
    CHECK(has(s.body, "{\"technique\":\"T1133\",\"rules\":1,\"reached\":0,\"covered\":false,"
                      "\"needs\":[{\"need\":\"firewall\"}]}"));
    CHECK(has(s.body, "\"stages\":3,\"watched\":1,"));
    fits_schema(&s, "/companies/2/attack", "attack"); /* sends nothing */
    CHECK(has(s.body, "\"lines\":0,\"rules\":2,\"reached\":0,"));
    CHECK(has(s.body, "\"watched\":0,"));
    CHECK(login(&s, "hanako", PASSWORD_FORM));
    fits_schema(&s, "/companies/1/attack", "attack");
    CHECK(!has(s.body, "T1059") && has(s.body, "\"tactic\":\"execution\""));
    get(&s, "/companies/1/attack");
    CHECK(has(s.body, "攻撃の3段階のうち、1段階で見つけられるログが届いています。"));
    CHECK(has(s.body, "プログラムを動かす: <strong>見つけられる</strong>"));
    CHECK(has(s.body, "ファイアウォールの通信ログ") && !has(s.body, "ATT&amp;CK"));
    get(&s, "/companies/2/attack");
    CHECK_NUM(s.status, 404);
    site_close(&s);
    CHECK(mm_test_eventd_stop(&eventd));
}

TEST(an_attack_is_seen_by_the_rules_as_the_company_has_them)
{
    struct mm_test_eventd eventd = {0};
    struct site s;

    put_rule();
    mm_cli_put("rules/desks.yml", MM_S("title: Desks\nid: desks\nlogsource: {category: proxy}\n"
                                       "tags: [attack.discovery, attack.t1087]\ndetection:\n"
                                       "  s: {host.name|expand: '%Desks%'}\n  condition: s\n"));
    site_open(&s);
    store_up(&eventd);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    fits_schema(&s, "/companies/1/attack", "attack");
    CHECK(has(s.body, "{\"technique\":\"T1059\",\"rules\":1,\"reached\":1,"));
    CHECK(has(s.body, "{\"technique\":\"T1087\",\"rules\":1,\"reached\":0,\"covered\":false,"
                      "\"needs\":[{\"need\":\"values\"}]}"));
    send_form_of(&s, "/rules/adjust?rule=" ID, "/rules/adjust",
                 "rule=" ID "&where=c1&switch=off&level=&reason=noisy");
    CHECK_NUM(s.status, 303);
    send_form_of(&s, "/companies/1/rules", "/companies/1/rules/values", "name=Desks&values=PC-31");
    CHECK_NUM(s.status, 303);
    fits_schema(&s, "/companies/1/attack", "attack");
    CHECK(has(s.body, "{\"technique\":\"T1059\",\"rules\":1,\"reached\":0,\"covered\":false,"
                      "\"needs\":[{\"need\":\"off\"}]}"));
    CHECK(has(s.body, "{\"technique\":\"T1087\",\"rules\":1,\"reached\":1,"));
    CHECK(login(&s, "hanako", PASSWORD_FORM)); /* whom this is no question for */
    fits_schema(&s, "/companies/1/attack", "attack");
    CHECK(!has(s.body, "\"off\"") && !has(s.body, "\"values\""));
    site_close(&s);
    CHECK(mm_test_eventd_stop(&eventd));
}

/* Two states of a set, as `mimamori rules update` leaves them behind. */
static void put_set(void)
{
    static const char rule[] = "title: Of a set\nid: of-a-set\nlogsource: {category: proxy}\n"
                               "detection: {s: {host.name: x}, condition: s}\n";
    char from[1200], state[1200];
    const char *const args[] = {"update", "--yes", "--state", state, "--by", "sato", from, NULL};
    struct mm_ran r;
    char path[MM_MAX_PATH], program[1200];

    (void)snprintf(program, sizeof(program), "%.*s/mimamori-rules",
                   (int)(strrchr(MM_PROGRAM, '/') - MM_PROGRAM), MM_PROGRAM);
    (void)snprintf(state, sizeof(state), "%s", mm_test_dir());
    (void)snprintf(from, sizeof(from), "%s/from", mm_test_dir());
    CHECK(mkdir(from, 0700) == 0);
    mm_cli_put("from/one.yml", MM_S("title: First\nid: first\nlogsource: {category: proxy}\n"
                                    "detection: {s: {host.name: x}, condition: s}\n"));
    r = mm_cli_run(program, MM_S(""), args);
    CHECK_NUM(r.status, 0);
    mm_ran_done(&r);
    CHECK(unlink(mm_cli_path("from/one.yml", path)) == 0);
    mm_cli_put("from/two.yml", mm_slice_of(rule, sizeof(rule) - 1));
    mm_cli_put("from/bad.yml", MM_S("title: Bad\nlogsource: {category: proxy}\n"
                                    "detection: {s: {a|frobnicate: x}, condition: s}\n"));
    r = mm_cli_run(program, MM_S(""), args);
    CHECK_NUM(r.status, 0);
    mm_ran_done(&r);
}

/* As a worker that died before it could write that it was done; programs lie beside this one. */
static void grant_twice(const struct mm_wish *wish)
{
    char path[MM_MAX_PATH];

    for (int i = 0; i < 2; i++) {
        CHECK_NUM(mm_rule_set_back(mm_test_dir(), wish->name, wish->test, wish->who), MM_OK);
        CHECK(access(mm_cli_path("rules/sigmahq/one.yml", path), F_OK) == 0);
        CHECK(access(mm_cli_path("rules/sigmahq/two.yml", path), F_OK) != 0);
    }
}

TEST(a_set_says_what_its_last_update_changed_and_goes_back_by_a_wish)
{
    char csrf[128], form[256];
    struct mm_scope_hold hold;
    struct mm_wish *list = NULL, full;
    struct mm_tx *tx = NULL;
    struct mm_arena a;
    struct site s;
    size_t n = 0;

    put_set();
    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    fits_schema(&s, "/rules/sets", "rule_sets");
    CHECK(has(s.body, "{\"name\":\"sigmahq\",\"former\":true,\"rules\":1,\"active\":1,"));
    CHECK(has(s.body, "\"note\":{\"verb\":\"update\",\"at\":\"2"));
    CHECK(has(s.body, "\"by\":\"sato\",") && has(s.body, "/from\",\"new_n\":1,"));
    CHECK(has(s.body, "\"new\":[{\"id\":\"of-a-set\",\"title\":\"Of a set\"}]"));
    CHECK(has(s.body, "\"removed\":[{\"id\":\"first\",\"title\":\"First\"}]"));
    CHECK(has(s.body, "\"refused\":[{\"file\":\"bad.yml\",\"line\":3,"));
    get(&s, "/rules/sets");
    CHECK(has(s.body, "追加1、変更0、削除1") && has(s.body, "/rules/sets/sigmahq/rollback"));
    csrf_of(&s, csrf);
    (void)snprintf(form, sizeof(form), "csrf=%s", csrf);
    post(&s, "/rules/sets/sigmahq/rollback", form);
    CHECK_NUM(s.status, 422);
    (void)snprintf(form, sizeof(form), "csrf=%s&sure=yes", csrf);
    post(&s, "/rules/sets/pages/rollback", form);
    CHECK_NUM(s.status, 404);
    post(&s, "/rules/sets/..%2Fsigmahq/rollback", form);
    CHECK(s.status == 404 || s.status == 400);
    post(&s, "/rules/sets/sigmahq/rollback", form);
    CHECK_NUM(s.status, 303);
    fits_schema(&s, "/rules/sets", "rule_sets");
    CHECK(has(s.body, "\"wishes\":[{\"verb\":\"remove\",\"set\":\"sigmahq\",\"who\":\"soc\","));
    get(&s, "/companies/0/audit");
    CHECK(has(s.body, "ルールの一式を前に戻す") && has(s.body, "ルールの一式 sigmahq"));
    mm_arena_init(&a, 1 << 20);
    CHECK_NUM(mm_records_read(s.f.records, mm_system_company(&hold, MM_COMPANY_OPERATOR), &tx),
              MM_OK);
    CHECK_NUM(mm_wish_list(tx, MM_WISH_SET, &a, &list, &n), MM_OK);
    CHECK(n == 1 && list[0].what == MM_WISH_SET && list[0].remove);
    CHECK_NUM(mm_wish_get(tx, list[0].wish, &a, &full), MM_OK);
    mm_records_read_done(&tx);
    grant_twice(&full);
    mm_arena_done(&a);
    CHECK(login(&s, "kansa", PASSWORD_FORM)); /* an auditor looks, and changes nothing */
    get(&s, "/rules/sets");
    CHECK(s.status == 200 && !has(s.body, "/rules/sets/sigmahq/rollback"));
    csrf_of(&s, csrf);
    (void)snprintf(form, sizeof(form), "csrf=%s&sure=yes", csrf);
    post(&s, "/rules/sets/sigmahq/rollback", form);
    CHECK_NUM(s.status, 403);
    site_close(&s);
}
