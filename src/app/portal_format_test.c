/* app/portal_format_test.c - a helper without C makes a kind of line readable, and takes it back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "coverage/wish.h"
#include "store/records/system_scope.h"
#include "tests/harness/test.h"
#include "tests/portal/site.h"

/* The fixture's second kind of line: "link of 192.0.2.7 port 3 is down" of backupd. */
#define LINE "/companies/1/sources/1/unread/2"
#define SAID "title=Nas&category=host&outcome=failure&base="

static void put_text(const char *name, struct mm_slice text)
{
    char path[1100];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/formats", mm_test_dir());
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof(path), "%s/formats/%s", mm_test_dir(), name);
    f = fopen(path, "we");
    CHECK(f != NULL && fwrite(text.p, 1, text.n, f) == text.n);
    CHECK(fclose(f) == 0);
}

static void put_file(const char *name, const char *text)
{
    put_text(name, mm_slice_str(text));
}

static void send_form(struct site *s, const char *path, const char *fields)
{
    send_form_of(s, LINE, path, fields);
}

/* The field's name of the piece that stands behind this text of the line. */
static void piece_of(struct site *s, const char *text, char ret[32])
{
    char label[64];

    get(s, LINE);
    (void)snprintf(label, sizeof(label), "<code>%s</code></label>\n<select id=\"", text);
    cut(s->body, label, "\"", ret, 32);
    CHECK(ret[0] == 'm');
}

static struct mm_wish newest(struct site *s, struct mm_arena *a)
{
    struct mm_scope_hold hold;
    struct mm_wish *list = NULL, full = {0};
    struct mm_tx *tx = NULL;
    size_t n = 0;

    CHECK(mm_records_read(s->f.records, mm_system_company(&hold, MM_COMPANY_OPERATOR), &tx) ==
          MM_OK);
    CHECK(mm_wish_list(tx, MM_WISH_FORMAT, a, &list, &n) == MM_OK);
    if (n > 0)
        CHECK(mm_wish_get(tx, list[0].wish, a, &full) == MM_OK);
    mm_records_read_done(&tx);
    return full;
}

TEST(a_kind_of_line_is_cut_named_tried_and_wished_for)
{
    char fields[512], user[32], port[32];
    struct mm_arena a;
    struct mm_wish wish;
    struct site s;

    site_open(&s);
    mm_arena_init(&a, 1 << 20);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    get(&s, "/companies/1/sources/1");
    CHECK(has(s.body, "href=\"" LINE "\""));
    fits_schema(&s, LINE, "readable");
    CHECK(has(s.body, "\"readable_now\":false"));
    piece_of(&s, "192.0.2.7", user);
    piece_of(&s, "3", port);

    /* Tried: shown, nothing is kept. */
    (void)snprintf(fields, sizeof(fields), SAID "&name=nas&do=try&%s=source.ip&%s=value", user,
                   port);
    send_form(&s, LINE, fields);
    CHECK_NUM(s.status, 200);
    CHECK(has(s.body, "link of {source.ip:ip} port {value:int} is down"));
    CHECK(has(s.body, "<dt><code>nas.value</code></dt><dd>3</dd>"));
    CHECK(has(s.body, "<option value=\"source.ip\" selected>"));
    CHECK_NUM(newest(&s, &a).wish, 0);

    (void)snprintf(fields, sizeof(fields), SAID "&name=nas&do=save&%s=source.ip&%s=value", user,
                   port);
    send_form(&s, LINE, fields);
    CHECK_NUM(s.status, 303);
    wish = newest(&s, &a);
    CHECK_SLICE(wish.name, "nas");
    CHECK_SLICE(wish.who, "soc");
    CHECK_SLICE(wish.state, "waiting");
    CHECK(has(wish.yaml, "format: nas\ntitle: {ja: 'Nas', en: 'Nas'}\n"));
    CHECK(has(wish.test, "\n= nas year-assumed {"));
    get(&s, "/formats");
    CHECK(has(s.body, "<code>nas</code>"));
    get(&s, "/companies/0/audit");
    CHECK(has(s.body, "ログの形式 nas"));
    mm_arena_done(&a);
    site_close(&s);
}

TEST(words_that_tell_how_it_ended_are_asked_for_and_become_rules)
{
    char fields[512], state[32];
    struct mm_arena a;
    struct mm_wish wish;
    struct site s;

    site_open(&s);
    mm_arena_init(&a, 1 << 20);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    piece_of(&s, "down", state);
    CHECK(!has(s.body, "name=\"word-0\""));
    (void)snprintf(fields, sizeof(fields), SAID "&name=nas&do=try&%s=event.outcome", state);
    send_form(&s, LINE, fields);
    CHECK_NUM(s.status, 200);
    CHECK(has(s.body, "<input type=\"hidden\" name=\"word-0\" value=\"down\">"));
    CHECK(has(s.body, "is {result:word}"));

    (void)snprintf(fields, sizeof(fields),
                   SAID "&name=nas&do=save&%s=event.outcome&word-0=down&means-0=good", state);
    send_form(&s, LINE, fields);
    CHECK_NUM(s.status, 422);
    (void)snprintf(fields, sizeof(fields),
                   SAID "&name=nas&do=save&%s=event.outcome&word-0=down&means-0=failure", state);
    send_form(&s, LINE, fields);
    CHECK_NUM(s.status, 303);
    wish = newest(&s, &a);
    CHECK(has(wish.yaml, "      - when: {result: ['down']}\n"
                         "        set: {event.outcome: failure}\n"));
    CHECK(has(wish.test, "\"event.outcome\":\"failure\""));
    mm_arena_done(&a);
    site_close(&s);
}

TEST(a_format_that_cannot_be_is_refused_on_the_page)
{
    static const struct {
        const char *fields, *says;
    } cases[] = {
        {SAID "&name=Nas&do=save", "error.readable.name"},
        {SAID "&name=fortigate&do=save", "error.readable.name.taken"},
        {"category=host&outcome=failure&base=&name=nas&do=save", "error.readable.title"},
        {"title=T&category=host&outcome=failure&base=squid&do=try", "error.readable.base"},
        {"title=T&category=magic&outcome=failure&name=nas&do=try", "error.readable.category"},
        {"title=T&category=host&outcome=good&name=nas&do=try", "error.readable.outcome"},
        {SAID "&name=nas&do=try&m40-3=no.such.field", "error.readable.pieces"},
        {SAID "&name=nas&do=try&m40-3=%2B", "error.readable.pieces"},
        {SAID "&name=nas&do=save&m2-3=user.name", "error.readable.draft"}, /* in the header */
        {SAID "&name=nas&do=save&m900-3=user.name", "error.readable.draft"},
    };
    struct mm_arena a;
    struct site s;

    site_open(&s);
    mm_arena_init(&a, 1 << 20);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        send_form(&s, LINE, cases[i].fields);
        if (s.status != 422)
            printf("# %s: %d\n", cases[i].fields, s.status);
        CHECK_NUM(s.status, 422);
        CHECK(has(s.body, mm_lang_text(MM_LANG_JA, mm_slice_str(cases[i].says), 1)));
    }
    CHECK_NUM(newest(&s, &a).wish, 0);
    mm_arena_done(&a);
    site_close(&s);
}

/* In characters, as a browser counts: 30 of three bytes each are a title. */
TEST(who_only_tries_needs_no_title)
{
    struct site s;

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    send_form(&s, LINE, "category=host&outcome=failure&base=&name=nas&do=try");
    CHECK_NUM(s.status, 200);
    site_close(&s);
}

TEST(a_title_has_thirty_characters_in_any_language)
{
    char fields[1024] = "category=host&outcome=failure&base=&name=nas&do=try&title=";
    size_t n = strlen(fields);
    struct site s;

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    for (int i = 0; i < 30; i++)
        n += (size_t)snprintf(fields + n, sizeof(fields) - n, "%%E9%%96%%80");
    send_form(&s, LINE, fields);
    CHECK_NUM(s.status, 200);
    (void)snprintf(fields + n, sizeof(fields) - n, "x");
    send_form(&s, LINE, fields);
    CHECK_NUM(s.status, 422);
    CHECK(has(s.body, mm_lang_text(MM_LANG_JA, MM_S("error.readable.title"), 1)));
    site_close(&s);
}

TEST(a_kind_of_line_is_added_to_a_format_of_the_operators)
{
    struct mm_arena a;
    struct mm_wish wish;
    struct site s;

    put_file("nas.yaml", "format: nas\ntitle: {ja: 'N', en: 'N'}\nwrap: syslog\n"
                         "recognise:\n  - app: ['smbd']\ndecode: pattern\n"
                         "set: {event.category: 'file', event.outcome: 'success'}\npatterns:\n"
                         "  - is: 'opened {file.path:rest}'\n");
    put_file("broken.yaml", "format: broken\nrecognise:\n  - apps: [x]\n");
    site_open(&s);
    mm_arena_init(&a, 1 << 20);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    send_form(&s, LINE, "title=&category=host&outcome=failure&base=nas&do=save");
    CHECK_NUM(s.status, 303);
    wish = newest(&s, &a);
    CHECK(has(wish.yaml, "  - app: ['backupd']\n  - app: ['smbd']\n"));
    CHECK(has(wish.yaml, "  - is: 'opened {file.path:rest}'\n  - is: 'link of {source.ip:ip} "));
    /* As the worker does it: then the page says that the line is read already. */
    put_text("nas.yaml", wish.yaml);
    get_json(&s, LINE);
    CHECK(has(s.body, "\"readable_now\":true"));
    /* What is refused is said with its line and column. */
    get(&s, "/formats");
    CHECK(has(s.body, "broken.yaml:3:5"));
    CHECK(has(s.body, mm_lang_text(MM_LANG_JA, MM_S("format.unknown_key"), 1)));
    CHECK(!has(s.body, "this key is not known"));
    CHECK(has(s.body, "action=\"/formats/broken/remove\""));
    fits_schema(&s, "/formats", "formats");
    mm_arena_done(&a);
    site_close(&s);
}

TEST(a_format_is_taken_away_by_who_may_and_only_when_sure)
{
    char csrf[128], form[256];
    struct mm_arena a;
    struct site s;

    put_file("door.yaml", "format: door\nrecognise:\n  - app: [doord]\ndecode: pattern\n"
                          "patterns:\n  - is: '{user.name:word}'\n");
    site_open(&s);
    mm_arena_init(&a, 1 << 20);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    get(&s, "/formats");
    csrf_of(&s, csrf);
    (void)snprintf(form, sizeof(form), "csrf=%s", csrf);
    post(&s, "/formats/door/remove", form);
    CHECK_NUM(s.status, 422);
    (void)snprintf(form, sizeof(form), "csrf=%s&sure=yes", csrf);
    post(&s, "/formats/fortigate/remove", form);
    CHECK_NUM(s.status, 404);
    post(&s, "/formats/..%2Fdoor/remove", form);
    CHECK_NUM(s.status, 400);
    CHECK_NUM(newest(&s, &a).wish, 0);
    post(&s, "/formats/door/remove", form);
    CHECK_NUM(s.status, 303);
    CHECK(newest(&s, &a).remove);
    /* One that is refused goes as well. */
    put_file("broken.yaml", "format: broken\nrecognise:\n  - apps: [x]\n");
    post(&s, "/formats/broken/remove", form);
    CHECK_NUM(s.status, 303);
    CHECK_SLICE(newest(&s, &a).name, "broken");
    post(&s, "/formats/missing/remove", form);
    CHECK_NUM(s.status, 404);

    /* A company sees none of it. */
    CHECK(login(&s, "hanako", PASSWORD_FORM));
    get(&s, "/formats");
    CHECK_NUM(s.status, 403);
    get(&s, LINE);
    CHECK_NUM(s.status, 403);
    post(&s, "/formats/door/remove", form);
    CHECK_NUM(s.status, 403);
    mm_arena_done(&a);
    site_close(&s);
}
