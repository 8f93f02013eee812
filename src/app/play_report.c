/* app/play_report.c - see play_report.h for the contract. */
#include "app/play_report.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/time.h"
#include "base/utf8.h"
#include "register/account.h"
#include "serve/state.h"
#include "store/records/system_scope.h"

enum { ANSWER_MAX = 64 * 1024, CONNECT_S = 10, WHOLE_S = 30 };

struct reporter {
    struct mm_auth *auth;
    const char *login, *name;
    char token[MM_AUTH_TEXT];
    struct mm_digest digest;
};

static enum mm_code put(struct mm_rec *rec, const char *field, struct mm_slice text)
{
    int at = mm_entity_field(rec->entity, mm_slice_str(field));

    MM_ASSERT(at >= 0);
    return mm_rec_put(rec, at, text, NULL);
}

/* An employee who may report, and a token of theirs. */
static enum mm_code enter(struct mm_tx *tx, void *arg)
{
    struct reporter *r = arg;
    struct mm_rec user, token;
    char number[16];
    uint32_t id = 0;
    enum mm_code code;

    mm_rec_init(&user, mm_entity(MM_REG_USER));
    code = put(&user, "login", mm_slice_str(r->login));
    if (code == MM_OK)
        code = put(&user, "name", mm_slice_str(r->name));
    if (code == MM_OK)
        code = put(&user, "role", MM_S("employee"));
    if (code == MM_OK)
        code = mm_rec_add(tx, &user, mm_now_us(), &id);
    if (code != MM_OK)
        return code;
    (void)snprintf(number, sizeof(number), "%u", id);
    mm_rec_init(&token, mm_entity(MM_REG_TOKEN));
    code = put(&token, "name", MM_S("report"));
    if (code == MM_OK)
        code = put(&token, "user", mm_slice_str(number));
    if (code == MM_OK)
        code = put(&token, "rights", MM_S("write"));
    if (code == MM_OK)
        code = mm_account_token(r->auth, &token, &r->digest, r->token);
    return code == MM_OK ? mm_rec_add(tx, &token, mm_now_us(), &id) : code;
}

static enum mm_code make_reporter(struct mm_records *records, const char *state_dir,
                                  uint32_t company, struct reporter *r)
{
    struct mm_scope_hold hold;
    char path[MM_MAX_PATH];
    struct mm_key key;
    enum mm_code code = mm_state_key(state_dir, path);

    if (code == MM_OK)
        code = mm_key_load(path, &key);
    if (code == MM_OK)
        code = mm_auth_open(records, &key, &r->auth);
    explicit_bzero(&key, sizeof(key));
    if (code == MM_OK)
        code = mm_records_write(records, mm_system_company(&hold, company), enter, r);
    mm_auth_close(&r->auth);
    return code;
}

static void write_body(struct mm_buf *b, const struct mm_plan *plan,
                       const struct mm_enrolled *enrolled)
{
    const struct mm_plan_incident *in = &plan->incident[MM_INCIDENT_REPORT];
    const struct mm_pc *pc = &plan->world->company[in->company].pcs[in->pc];
    struct mm_civil c;

    mm_civil_of_us(in->time_us, 9 * 3600, &c);
    mm_buf_fmt(b, "{\"noticed_day\":\"%04d-%02d-%02d\",\"noticed_clock\":\"%02d:%02d\",", c.year,
               c.month, c.day, c.hour, c.minute);
    mm_buf_fmt(b, "\"who\":\"%s\",\"pc\":\"%s\",\"place\":", pc->user, pc->name);
    mm_utf8_json(b, mm_slice_str(enrolled->report_place));
    mm_buf_str(b, ",\"symptoms\":[\"icons_moved\",\"files_gone\",\"windows_open\"],"
                  "\"done\":[\"lan_unplugged\",\"shut_down\"],\"needed\":\"yes\",\"text\":");
    mm_utf8_json(b, mm_slice_str(enrolled->report_text));
    mm_buf_byte(b, '}');
}

static size_t gather(char *bytes, size_t size, size_t n, void *arg)
{
    struct mm_buf *b = arg;

    mm_buf_add(b, mm_slice_of(bytes, size * n));
    return mm_buf_ok(b) ? size * n : 0;
}

static bool post(const char *url, const char *ca_file, const char *token, struct mm_slice body)
{
    char bearer[MM_AUTH_TEXT + 32], error[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = NULL;
    struct mm_buf answer;
    CURL *c = curl_easy_init();
    long status = 0;
    CURLcode rc;

    if (c == NULL)
        return false;
    (void)snprintf(bearer, sizeof(bearer), "Authorization: Bearer %s", token);
    headers = curl_slist_append(headers, bearer);
    headers = curl_slist_append(headers, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Accept: application/json");
    mm_buf_init(&answer, ANSWER_MAX);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)WHOLE_S);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, (const char *)body.p);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)body.n);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, gather);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
    if (access(ca_file, R_OK) == 0)
        curl_easy_setopt(c, CURLOPT_CAINFO, ca_file);
    rc = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    if (rc != CURLE_OK || status >= 400)
        fprintf(stderr, "mimamori: the report was not taken: %s %ld %.*s\n",
                error[0] != 0 ? error : curl_easy_strerror(rc), status,
                MM_S_ARG(mm_slice_sub(mm_buf_slice(&answer), 0, 300)));
    curl_slist_free_all(headers);
    curl_easy_cleanup(c);
    mm_buf_done(&answer);
    return rc == CURLE_OK && status < 400;
}

bool mm_play_report(struct mm_records *records, const char *state_dir, const char *portal_url,
                    const struct mm_plan *plan, const struct mm_enrolled *enrolled)
{
    const struct mm_plan_incident *in = &plan->incident[MM_INCIDENT_REPORT];
    const struct mm_play_company *company = &plan->world->company[in->company];
    struct reporter r = {.name = company->pcs[in->pc].user};
    char login[40], url[512], ca_file[MM_MAX_PATH];
    struct mm_buf body;
    enum mm_code code;
    bool ok;

    (void)snprintf(login, sizeof(login), "reporter.%s", company->tag);
    r.login = login;
    code = make_reporter(records, state_dir, enrolled->company[in->company], &r);
    if (code != MM_OK) {
        fprintf(stderr, "mimamori: the reporter cannot be entered: %s\n", mm_code_key(code));
        return false;
    }
    (void)snprintf(url, sizeof(url), "%s/v1/companies/%u/report", portal_url,
                   enrolled->company[in->company]);
    (void)snprintf(ca_file, sizeof(ca_file), "%s/tls/cert.pem", state_dir);
    mm_buf_init(&body, 64 * 1024);
    write_body(&body, plan, enrolled);
    ok = mm_buf_ok(&body) && post(url, ca_file, r.token, mm_buf_slice(&body));
    mm_buf_done(&body);
    explicit_bzero(r.token, sizeof(r.token));
    return ok;
}
