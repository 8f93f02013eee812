/* app/portal_reader_test.c - what each kind of reader is shown, and what it is never shown. */
#include <ctype.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/un.h>

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
                                       "/today",
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
    /* Lines of three companies only were read. */
    CHECK(has(s.body, "\"coverage\":{\"parsed\":{\"v\":null,\"why\":\"too_few\"}"));
    CHECK(has(s.body, "\"sensors\":{\"groups\":[],\"left_out\":12}"));
    CHECK(!has(s.body, "\"cases\"") && !has(s.body, "\"what\""));
    get(&s, "/programmes/shien");
    CHECK(s.status == 200 && has(s.body, "(非表示)"));
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

/* ---- a store of events that counts the same in every company ---- */

struct store {
    pthread_t thread;
    int fd;
    int asked, companies; /* the thread's until it was joined */
};

/* How many numbers stand in the parameter "companies": an array, percent-encoded. */
static int companies_of(struct mm_slice head)
{
    char list[4096];
    int n = 1;

    cut(head, "param_companies=", "& ", list, sizeof(list));
    CHECK(list[0] != 0);
    for (const char *at = list; (at = strstr(at, "%2C")) != NULL; at++)
        n++;
    return n;
}

/* Read one request: about how many companies? 0 when the other side has closed. */
static int store_request(int fd)
{
    char buf[65536];
    size_t n = 0, head = SIZE_MAX, body = 0;

    while (head == SIZE_MAX || n < head + body) {
        ssize_t got = recv(fd, buf + n, sizeof(buf) - n, 0);

        if (got <= 0)
            return 0;
        n += (size_t)got;
        if (head == SIZE_MAX &&
            (head = mm_slice_search(mm_slice_of(buf, n), MM_S("\r\n\r\n"))) != SIZE_MAX) {
            char length[24];
            uint64_t v = 0;

            cut(mm_slice_of(buf, n), "Content-Length: ", "\r", length, sizeof(length));
            CHECK(mm_slice_u64(mm_slice_str(length), &v) && v < sizeof(buf) / 2);
            head += 4;
            body = (size_t)v;
        }
    }
    return companies_of(mm_slice_of(buf, head));
}

static void *store_main(void *arg)
{
    struct store *store = arg;
    char row[100], answer[200];
    int fd, n;

    while ((fd = accept(store->fd, NULL, NULL)) >= 0) {
        while ((n = store_request(fd)) > 0) {
            store->asked++;
            store->companies += n;
            /* Blocked URLs, those that are no advertising, malware, P2P, command and control. */
            (void)snprintf(row, sizeof(row), "%d\t%d\t%d\t%d\t%d\n", 10 * n, 2 * n, 3 * n, 4 * n,
                           n);
            n = snprintf(answer, sizeof(answer), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                         strlen(row), row);
            CHECK(send(fd, answer, (size_t)n, MSG_NOSIGNAL) > 0);
        }
        (void)close(fd);
    }
    return NULL;
}

static void store_open(struct store *store)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    char dir[256];

    *store = (struct store){.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    (void)snprintf(dir, sizeof(dir), "%s/run", mm_test_dir());
    CHECK(store->fd >= 0 && mkdir(dir, 0700) == 0);
    CHECK(snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/eventd-read.sock", dir) <
          (int)sizeof(sun.sun_path));
    CHECK(bind(store->fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 && listen(store->fd, 4) == 0);
    CHECK(pthread_create(&store->thread, NULL, store_main, store) == 0);
}

static void store_close(struct store *store)
{
    (void)shutdown(store->fd, SHUT_RDWR);
    (void)pthread_join(store->thread, NULL);
    (void)close(store->fd);
}

TEST(portal_counts_events_of_each_company_once_and_adds_what_may_be_added)
{
    struct store store;
    struct site s;

    site_open(&s);
    store_open(&store);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    fits_schema(&s, "/programmes/shien", "programme"); /* 11 in-line, 1 mirror */
    CHECK(has(s.body, "{\"class\":\"c2\",\"inline\":{\"v\":11},\"mirror\":{\"v\":1},"
                      "\"total\":{\"v\":12}}"));
    CHECK(has(s.body, "\"class\":\"url\",\"inline\":{\"v\":110},\"mirror\":{\"v\":null,"));
    CHECK(has(s.body, "\"not_ads\":{\"inline\":{\"v\":22}"));
    CHECK(has(s.body, "\"not_advertising\":{\"v\":22}"));
    get(&s, "/programmes/shien");
    CHECK(has(s.body, ">110</td>") && !has(s.body, ">不明</td>"));
    get_json(&s, "/programmes/few"); /* four in-line companies: the operator may see them */
    CHECK(has(s.body, "\"class\":\"malware\",\"inline\":{\"v\":12}"));
    CHECK(login(&s, "jigyo", PASSWORD_FORM));
    fits_schema(&s, "/programmes/shien", "programme");
    CHECK(has(s.body, "\"total\":{\"v\":110}") && has(s.body, "\"total\":{\"v\":12}"));
    CHECK(has(s.body, "\"class\":\"c2\",\"inline\":{\"v\":null,\"why\":\"too_few\"}"));
    CHECK(!has(s.body, "\"v\":11}") && !has(s.body, "\"mirror\":{\"v\":1}"));
    site_close(&s);
    store_close(&store);
    CHECK_NUM(store.companies, 12 + 12 + 4 + 12);
    CHECK_NUM(store.asked, 2 + 2 + 1 + 2); /* once a kind of sensor, not once a company */
}

/* ---- words ---- */

/* Whether some 'さん' is said of a person and not of a PC or an account. */
static bool blames(struct mm_slice body)
{
    struct mm_slice san = MM_S("さん"), rest = body;
    size_t at;

    while ((at = mm_slice_search(rest, san)) != SIZE_MAX) {
        rest = mm_slice_sub(rest, at + san.n, SIZE_MAX);
        if (!mm_slice_starts(rest, MM_S("のPC")))
            return true;
    }
    return false;
}

/* T1071 and T1071.001, in any case. */
static bool names_attack(struct mm_slice body)
{
    for (size_t i = 0; i + 5 <= body.n; i++) {
        bool digits = (body.p[i] | 0x20) == 't' && (i == 0 || !isalnum(body.p[i - 1]));

        for (size_t k = 1; digits && k < 5; k++)
            digits = isdigit(body.p[i + k]);
        if (digits && (i + 5 == body.n || !isalnum(body.p[i + 5])))
            return true;
    }
    return false;
}

/* A rule id is a UUID. */
static bool names_rule(struct mm_slice body)
{
    static const size_t dash[] = {8, 13, 18, 23};

    for (size_t i = 0; i + 36 <= body.n; i++) {
        bool id = true;

        for (size_t k = 0, d = 0; id && k < 36; k++) {
            bool wants_dash = d < 4 && k == dash[d];

            d += wants_dash;
            id = wants_dash ? body.p[i + k] == '-' : isxdigit(body.p[i + k]) != 0;
        }
        if (id)
            return true;
    }
    return false;
}

/* Words of engineers and of the operator; requirements.md 6.4, columns B and C. */
static const char *const not_for_b[] = {
    "案件",      "検知",       "指摘",           "受信途絶", "横展開",    "C&C",     "C2",
    "管理策",    "内部不正",   "event.",         "rule.",    "source.ip", "attack.", "sigma",
    "Sigma",     "name=\"q\"", "ログ検索",       "所属不明", "空振り",    "解析率",  "botnet",
    "date=2026", "97 %",       "administrators", "rule_id",  "kill",      "MITRE",   "0x",
};
static const char *const not_for_c[] = {
    "気になる動き", "読み取れた割合", "受信",     "プロキシ",   "アドレスが",
    "今すぐ電話",   "今日中",         "192.0.2.", "203.0.113.", "対応中のこと",
    "ウイルスが外", "広告",           "UTM",      "ポート",
};

/* Tokens of forms are random letters and may spell anything; nobody reads them. */
static void hide_tokens(struct site *s)
{
    const struct mm_slice mark = MM_S("name=\"csrf\" value=\"");
    size_t at = 0, hit;

    while ((hit = mm_slice_search(mm_slice_sub(s->body, at, SIZE_MAX), mark)) != SIZE_MAX) {
        char *body = s->answer + (s->body.p - (const uint8_t *)s->answer);

        for (at += hit + mark.n; at < s->body.n && body[at] != '"'; at++)
            body[at] = '-';
    }
}

static size_t wrong_words(struct site *s, const char *path, const char *const *words, size_t n)
{
    size_t wrong = 0;

    hide_tokens(s);

    for (size_t i = 0; i < n; i++) {
        if (has(s->body, words[i])) {
            printf("# %s says \"%s\"\n", path, words[i]);
            wrong++;
        }
    }
    return wrong;
}

/* The address of a route in company 1, with its case number `id`. */
static void page_path(const struct mm_route *r, int id, char *ret, size_t size)
{
    const char *colon = strstr(r->path, "/:company");
    const char *rest = colon == NULL ? "" : colon + strlen("/:company");
    const char *in_case = strstr(rest, "/:case");

    if (colon == NULL)
        (void)snprintf(ret, size, "%s", r->path);
    else if (in_case == NULL)
        (void)snprintf(ret, size, "/companies/1%s%s", rest,
                       strcmp(rest, "/cases") == 0 && id == 2 ? "?show=all" : "");
    else
        (void)snprintf(ret, size, "/companies/1/cases/%d%s", id, in_case + strlen("/:case"));
}

/* The same page for a program: codes stay, but no rule, score, attack or line of a machine. */
static size_t read_document(struct site *s, const char *path)
{
    ask(s, "GET", path, "Accept: application/json\r\n", NULL);
    if (s->status == 200 && !names_rule(s->body) && !names_attack(s->body) &&
        !has(s->body, "\"confidence\"") && !has(s->body, "date=2026") &&
        !has(s->body, "event.original"))
        return 0;
    printf("# %s as JSON: %d, or it holds what is the operator's\n", path, s->status);
    return 1;
}

/* Every page of its own company that this reader may open. */
static size_t read_company(struct site *s, const char *const *more, size_t more_n, size_t *pages)
{
    size_t wrong = 0;
    char path[128];

    for (size_t i = 0; mm_route_at(i) != NULL; i++) {
        const struct mm_route *r = mm_route_at(i);

        if (r->method != MM_HTTP_GET || (r->flags & MM_ROUTE_PAGE) == 0)
            continue;
        for (int id = 1; id <= 2; id++) { /* company 1 has the cases 1 and 2 */
            page_path(r, id, path, sizeof(path));
            get(s, path);
            if (s->status != 200)
                continue;
            (*pages)++;
            wrong += wrong_words(s, path, not_for_b, MM_COUNT(not_for_b));
            wrong += wrong_words(s, path, more, more_n);
            if (blames(s->body) || names_attack(s->body) || names_rule(s->body)) {
                printf("# %s blames a person, or names a rule or an attack by number\n", path);
                wrong++;
            }
            wrong += read_document(s, path);
        }
    }
    return wrong;
}

TEST(portal_speaks_to_the_person_in_charge_in_her_words)
{
    struct site s;
    size_t pages = 0;

    site_open(&s);
    CHECK(login(&s, "hanako", PASSWORD_FORM));
    CHECK_NUM(read_company(&s, NULL, 0, &pages), 0);
    CHECK(pages >= 8);
    get(&s, "/companies/1/cases/2");
    CHECK(has(s.body, "さんのPC"));
    CHECK(login(&s, "jugyoin", PASSWORD_FORM));
    pages = 0;
    CHECK_NUM(read_company(&s, NULL, 0, &pages), 0);
    CHECK(pages >= 2);
    site_close(&s);
}

TEST(portal_speaks_to_the_president_of_dates_and_decisions)
{
    struct site s;
    size_t pages = 0;

    site_open(&s);
    CHECK(login(&s, "shacho", PASSWORD_FORM));
    CHECK_NUM(read_company(&s, not_for_c, MM_COUNT(not_for_c), &pages), 0);
    CHECK(pages >= 8);
    get(&s, "/companies/1");
    CHECK(has(s.body, "社長の判断が要ることが1件あります。"));
    CHECK(has(s.body, "外部からの遠隔操作の疑い") && has(s.body, "2026年11月20日"));
    CHECK(has(s.body, "外と連絡 <strong>いまここ(疑い)</strong>"));
    CHECK(has(s.body, "1件のうち0件にお返事"));
    fits_schema(&s, "/companies/1", "home");
    CHECK(has(s.body, "\"stage\":4") && has(s.body, "\"decisions\":1"));
    fits_schema(&s, "/companies/1/cases/1", "case");
    get(&s, "/companies/2");
    CHECK_NUM(s.status, 404);
    site_close(&s);
}

/* The tests above would not notice if their eyes were shut. */
TEST(portal_word_tests_see_what_they_look_for)
{
    CHECK(blames(MM_S("a 田中さん b")) && !blames(MM_S("田中 さんのPC")) && !blames(MM_S("")));
    CHECK(names_attack(MM_S("x T1071.001")) && names_attack(MM_S("t1190")));
    CHECK(!names_attack(MM_S("AT1071 T10711 T107")));
    CHECK(names_rule(MM_S(" 5f0e7d1c-2a3b-4c5d-8e6f-0123456789ab")));
    CHECK(!names_rule(MM_S("5f0e7d1c-2a3b-4c5d-8e6f-0123456789z")));
}
