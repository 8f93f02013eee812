/* app/portal_upload_test.c - rules come as a file: looked at, taken by a second yes, or refused. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

#include "app/rule_store.h"
#include "coverage/wish.h"
#include "store/records/system_scope.h"
#include "tests/harness/cli.h"
#include "tests/harness/tar.h"
#include "tests/harness/test.h"
#include "tests/portal/site.h"

#define SETS "/rules/sets"
#define TYPE "Content-Type: multipart/form-data; boundary=XX\r\n"
#define HTML "Accept: text/html\r\nAccept-Language: ja\r\n" TYPE
#define RULE(id, title)                                                                            \
    "title: " title "\nid: " id "\nlogsource: {category: proxy}\n"                                 \
    "detection: {s: {host.name: x}, condition: s}\n"
#define BAD                                                                                        \
    "title: Bad\nlogsource: {category: proxy}\ndetection: {s: {a|frobnicate: x}, condition: s}\n"

/* A browser's form: secret, set, file. */
static void put_form(struct mm_buf *out, const char *csrf, const char *set, const char *file,
                     struct mm_slice bytes)
{
    mm_buf_fmt(out,
               "--XX\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n%s\r\n"
               "--XX\r\nContent-Disposition: form-data; name=\"set\"\r\n\r\n%s\r\n"
               "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\n"
               "Content-Type: application/octet-stream\r\n\r\n",
               csrf, set, file);
    mm_buf_add(out, bytes);
    mm_buf_str(out, "\r\n--XX--\r\n");
}

static void send_file(struct site *s, const char *headers, const char *set, const char *file,
                      struct mm_slice bytes)
{
    char csrf[128];
    struct mm_buf form;
    struct mm_slice body;

    get(s, SETS);
    csrf_of(s, csrf);
    mm_buf_init(&form, bytes.n + 4096);
    put_form(&form, csrf, set, file, bytes);
    body = mm_buf_slice(&form);
    ask_bytes(s, "POST", SETS, headers, &body);
    mm_buf_done(&form);
}

static void send_set(struct site *s, const char *headers, const struct tar_member *m, size_t n)
{
    struct mm_buf tar;

    mm_buf_init(&tar, 1 << 20);
    tar_put_all(&tar, m, n);
    send_file(s, headers, "", "my rules-1.tar", mm_buf_slice(&tar));
    mm_buf_done(&tar);
}

static const struct tar_member before[] = {{"one.yml", RULE("one", "First")}, {"bad.yml", BAD}};
static const struct tar_member after[] = {{"one.yml", RULE("one", "First again")},
                                          {"two.yml", RULE("two", "Second")}};

static bool there(const char *name)
{
    char path[MM_MAX_PATH];
    struct stat st;

    return stat(mm_cli_path(name, path), &st) == 0;
}

/* The newest wish about sets is granted, as by a worker that died before it could say so. */
static void grant_twice(struct site *s)
{
    struct mm_scope_hold hold;
    struct mm_wish *list = NULL, wish;
    struct mm_tx *tx = NULL;
    struct mm_arena a;
    size_t n = 0;

    mm_arena_init(&a, 1 << 20);
    CHECK_NUM(mm_records_read(s->f.records, mm_system_company(&hold, MM_COMPANY_OPERATOR), &tx),
              MM_OK);
    CHECK_NUM(mm_wish_list(tx, MM_WISH_SET, &a, &list, &n), MM_OK);
    CHECK(n > 0 && !list[0].remove);
    CHECK_NUM(mm_wish_get(tx, list[0].wish, &a, &wish), MM_OK);
    mm_records_read_done(&tx);
    for (int i = 0; i < 2; i++)
        CHECK_NUM(mm_rule_set_take(mm_test_dir(), wish.name, wish.test, wish.who), MM_OK);
    mm_arena_done(&a);
}

/* Say yes on the page that was answered. */
static void take(struct site *s)
{
    char csrf[128], upload[128], form[512];

    CHECK_NUM(s->status, 200);
    csrf_of(s, csrf);
    cut(s->body, "name=\"upload\" value=\"", "\"", upload, sizeof(upload));
    CHECK(upload[0] != 0);
    (void)snprintf(form, sizeof(form), "csrf=%s&upload=%s", csrf, upload);
    post(s, SETS "/my_rules-1/take", form);
    CHECK_NUM(s->status, 303);
    CHECK(has(s->head, "Location: /rules/sets#wishes"));
    grant_twice(s);
    post(s, SETS "/my_rules-1/take", form); /* once */
    CHECK_NUM(s->status, 422);
}

TEST(a_set_is_uploaded_looked_at_and_taken)
{
    struct site s;

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    send_set(&s, "Accept: application/json\r\n" TYPE, before, MM_COUNT(before));
    fits(&s, SETS, "rule_upload");
    CHECK(has(s.body, "\"set\":\"my_rules-1\",\"file\":\"my rules-1.tar\","));
    CHECK(has(s.body, "\"new\":[{\"id\":\"one\",\"title\":\"First\"}]"));
    CHECK(has(s.body, "\"refused\":[{\"file\":\"bad.yml\",\"line\":3,"));
    CHECK(!there("rules/my_rules-1") && there("rules-sets/upload"));
    send_set(&s, HTML, before, MM_COUNT(before));
    CHECK(has(s.body, "追加1、変更0、削除0、そのまま0、受け付けない1"));
    CHECK(has(s.body, "<code>bad.yml</code> 3行目"));
    take(&s);
    CHECK(there("rules/my_rules-1/one.yml") && !there("rules/my_rules-1/bad.yml"));
    CHECK(!there("rules-sets/upload"));
    fits_schema(&s, SETS, "rule_sets");
    CHECK(has(s.body, "\"verb\":\"update\",") &&
          has(s.body, "\"by\":\"soc\",\"from\":\"my rules-1.tar\""));
    CHECK(has(s.body, "\"wishes\":[{\"verb\":\"add\",\"set\":\"my_rules-1\",\"who\":\"soc\","));

    send_set(&s, HTML, after, MM_COUNT(after));
    CHECK(has(s.body, "追加1、変更1、削除0、そのまま0、受け付けない0"));
    take(&s);
    CHECK(there("rules/my_rules-1/two.yml"));
    send_set(&s, HTML, after, MM_COUNT(after));
    CHECK(has(s.body, "いまの一式と同じ内容です") && !has(s.body, "/take\""));
    /* The former set has its own note, which comes back with it. */
    CHECK(there("rules-sets/my_rules-1.old/.note.json"));
    get(&s, "/companies/0/audit");
    CHECK(has(s.body, "ルールの一式 my_rules-1"));
    site_close(&s);
}

TEST(an_upload_of_rules_that_are_there_says_so)
{
    char path[MM_MAX_PATH];
    struct site s;

    CHECK(mkdir(mm_cli_path("rules", path), 0700) == 0);
    mm_cli_put("rules/other.yml", MM_S(RULE("one", "Mine")));
    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    send_file(&s, HTML, "", "ルール.yml", MM_S(RULE("one", "First")));
    CHECK(has(s.body, "追加1、変更0") && has(s.body, "<dd>uploaded</dd>"));
    CHECK(has(s.body, "ほかの場所にすでにあります（1個）") && has(s.body, "<li>Mine "));
    site_close(&s);
}

TEST(an_upload_says_what_is_wrong_with_it)
{
    static char large[8 * 1024 * 1024 + 2];
    static const struct tar_member leads[] = {{"../evil.yml", RULE("one", "First")}};
    const struct tar_member bomb[] = {{"one.yml", large}};
    struct mm_buf tar[2];
    struct site s;

    memset(large, '#', sizeof(large) - 1);
    for (size_t i = 0; i < MM_COUNT(tar); i++) {
        mm_buf_init(&tar[i], 16 * 1024 * 1024);
        tar_put_all(&tar[i], i == 0 ? leads : bomb, 1);
    }
    const struct {
        const char *set, *file;
        struct mm_slice bytes;
        const char *says;
    } cases[] = {
        {"", "", MM_S(""), "ファイルを選んでください"},
        {"", "setup.exe", MM_S("MZ"), "この種類のファイルは受け付けられません"},
        {"", "rules.zip.txt", MM_S("PK"), "この種類のファイルは受け付けられません"},
        {"", "a.yml", MM_S(""), "ファイルの中身がありません"},
        {"pages", "a.yml", MM_S(RULE("one", "First")), "一式の名前には"},
        {"a/b", "a.yml", MM_S(RULE("one", "First")), "一式の名前には"},
        {"", "a.zip", MM_S("no archive at all"), "開けませんでした"},
        {"", "a.yml", MM_S(BAD), "使えるルールが一つもありませんでした"},
        {"", "a.tar", mm_buf_slice(&tar[0]), "フォルダーの外を指している"},
        {"", "a.tar", mm_buf_slice(&tar[1]), "展開すると大きくなりすぎる"},
    };

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        send_file(&s, HTML, cases[i].set, cases[i].file, cases[i].bytes);
        if (s.status != 422 || !has(s.body, cases[i].says))
            printf("# %zu: %d\n", i, s.status);
        CHECK_NUM(s.status, 422);
        CHECK(has(s.body, cases[i].says) && !has(s.body, "/take\""));
        CHECK(!there("rules-sets/upload") && !there("evil.yml"));
    }
    send_file(&s, HTML, "", "a.yml", MM_S(BAD)); /* with the line */
    CHECK(has(s.body, "3行目") && has(s.body, "frobnicate"));
    mm_buf_done(&tar[0]);
    mm_buf_done(&tar[1]);
    site_close(&s);
}

TEST(an_upload_is_refused_before_its_body_is_read)
{
    static const struct {
        const char *who;
        int status;
    } who[] = {{"kansa", 403}, {"hanako", 403}, {"shacho", 403}, {"soc", 413}};
    static const struct mm_slice torn = MM_S_INIT("--XX\r\nContent-Disp");
    struct site s;

    site_open(&s);
    ask(&s, "POST", SETS, HTML "Content-Length: 100000000\r\n", NULL);
    CHECK_NUM(s.status, 401);
    for (size_t i = 0; i < MM_COUNT(who); i++) {
        CHECK(login(&s, who[i].who, PASSWORD_FORM));
        ask(&s, "POST", SETS, HTML "Content-Length: 100000000\r\n", NULL);
        CHECK_NUM(s.status, who[i].status);
    }
    CHECK(has(s.body, "32MBまでです") && has(s.head, "Content-Language: ja"));
    ask_bytes(&s, "POST", SETS, HTML, &torn);
    CHECK_NUM(s.status, 400);
    ask(&s, "POST", SETS, HTML,
        "--XX\r\nContent-Disposition: form-data; name=csrf\r\n\r\nforged\r\n--XX--");
    CHECK_NUM(s.status, 403);
    site_close(&s);
}

/* ---- side by side ---- */

/* In the place of the program: an upload waits in it until somebody writes into the pipe. */
static const char *waiting_program(const char *real, const char *pipe)
{
    static char path[MM_MAX_PATH];
    char text[3 * MM_MAX_PATH];

    CHECK(mkfifo(pipe, 0600) == 0);
    (void)snprintf(text, sizeof(text),
                   "#!/bin/sh\nif [ \"$1\" = upload ]; then read go <'%s'; fi\nexec '%s' \"$@\"\n",
                   pipe, real);
    mm_cli_put("rules.sh", mm_slice_str(text));
    CHECK(chmod(mm_cli_path("rules.sh", path), 0700) == 0);
    return path;
}

static void *upload(void *arg)
{
    send_file(arg, HTML, "", "a.yml", MM_S(RULE("one", "First")));
    return NULL;
}

TEST(who_uploads_a_set_holds_up_nobody_who_tries_a_rule)
{
    char path[MM_MAX_PATH];
    const char *pipe = mm_cli_path("pipe", path);
    struct site s, other;
    pthread_t thread;
    int fd;

    site_open(&s);
    s.portal->cfg.rules_program = waiting_program(s.portal->cfg.rules_program, pipe);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    other = s;
    other.answer = malloc(ANSWER_MAX);
    CHECK(other.answer != NULL && pthread_create(&thread, NULL, upload, &other) == 0);
    fd = open(pipe, O_WRONLY | O_CLOEXEC); /* from now on the other one's program runs */
    CHECK(fd >= 0);
    send_form_of(&s, "/rules/try", "/rules/try", "rule=%5B1%2C+2&do=save");
    CHECK_NUM(s.status, 422);
    CHECK(has(s.body, "このルールには誤りがあります")); /* the program has read it */
    CHECK(write(fd, "go\n", 3) == 3 && close(fd) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_NUM(other.status, 200);
    CHECK(has(other.body, "/take\""));
    free(other.answer);
    site_close(&s);
}
