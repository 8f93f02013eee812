/* tests/portal/fixture.c - see fixture.h. */
#include "tests/portal/fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "codec/cluster.h"
#include "coverage/coverage.h"
#include "register/entity.h"
#include "store/records/system_scope.h"
#include "triage/case.h"
#include "triage/triage.h"

#define HOUR (3600 * MM_US_PER_S)

static void must(enum mm_code code, const char *what)
{
    if (code == MM_OK)
        return;
    fprintf(stderr, "fixture: %s: %s\n", what, mm_code_key(code));
    abort();
}

struct adding {
    struct mm_rec rec;
    uint32_t id;
    int64_t now_us;
};

static enum mm_code do_add(struct mm_tx *tx, void *arg)
{
    struct adding *w = arg;

    return mm_rec_add(tx, &w->rec, w->now_us, &w->id);
}

/* Field name and text in turn, then NULL. */
static uint32_t add(struct fixture *f, uint32_t company, enum mm_entity_id entity, ...)
{
    struct adding w = {.now_us = f->now_us - 30 * MM_US_PER_DAY};
    const struct mm_entity *e = mm_entity(entity);
    struct mm_scope_hold hold;
    const char *name;
    va_list ap;

    mm_rec_init(&w.rec, e);
    va_start(ap, entity);
    while ((name = va_arg(ap, const char *)) != NULL)
        must(mm_rec_put(&w.rec, mm_entity_field(e, mm_slice_str(name)),
                        mm_slice_str(va_arg(ap, const char *)), NULL),
             name);
    va_end(ap);
    must(mm_records_write(f->records,
                          e->owner == MM_OWNER_COMPANY ? mm_system_company(&hold, company)
                                                       : mm_system_scope(),
                          do_add, &w),
         e->name);
    return w.id;
}

/* ---- people ---- */

static uint32_t add_user(struct fixture *f, uint32_t company, const char *login, const char *name,
                         const char *role, bool must_change)
{
    uint32_t id = add(f, company, MM_REG_USER, "login", login, "name", name, "role", role, NULL);
    struct mm_scope_hold hold;
    unsigned broken = 0;

    must(mm_account_password(f->auth, mm_system_company(&hold, company), id, MM_S(FIXTURE_PASSWORD),
                             must_change, MM_S(""), f->now_us, &broken),
         login);
    return id;
}

void fixture_totp(const char base32[MM_TOTP_BASE32], int64_t now_s, char ret[7])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint8_t secret[MM_TOTP_SECRET];
    uint32_t bits = 0, held = 0;
    size_t n = 0;

    for (const char *c = base32; *c != 0 && n < sizeof(secret); c++) {
        held = held << 5 | (uint32_t)(strchr(letters, *c) - letters);
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            secret[n++] = (uint8_t)(held >> bits);
        }
    }
    mm_totp_code(secret, now_s, ret);
}

/* The first login of an operator: the app is set up and confirmed, a while ago. */
static void set_up_app(struct fixture *f, const char *login, char secret[MM_TOTP_BASE32])
{
    int64_t then_us = f->now_us - 10 * 60 * MM_US_PER_S, wait_s;
    char token[MM_AUTH_TEXT], digits[7];
    struct mm_session session;
    struct mm_arena arena;
    const struct mm_login l = {.login = mm_slice_str(login),
                               .secret = MM_S(FIXTURE_PASSWORD),
                               .peer = MM_S("127.0.0.1"),
                               .now_us = then_us};

    mm_arena_init(&arena, 1024 * 1024);
    must(mm_auth_login(f->auth, &l, token, &wait_s), "first login");
    must(mm_auth_session(f->auth, mm_slice_str(token), then_us, &arena, &session), "session");
    must(mm_account_totp_self(f->auth, &session, then_us, secret), "app");
    fixture_totp(secret, then_us / MM_US_PER_S, digits);
    must(mm_account_totp_confirm(f->auth, &session, mm_slice_str(token), mm_slice_str(digits),
                                 then_us),
         "confirm");
    must(mm_auth_logout(f->auth, mm_slice_str(token)), "logout");
    mm_arena_done(&arena);
}

/* An API token with which "jugyoin" may write. */
static void add_token(struct fixture *f, uint32_t user)
{
    struct adding w = {.now_us = f->now_us};
    const struct mm_entity *e = mm_entity(MM_REG_TOKEN);
    struct mm_scope_hold hold;
    struct mm_digest digest;
    char ref[16];

    (void)snprintf(ref, sizeof(ref), "%u", user);
    mm_rec_init(&w.rec, e);
    must(mm_rec_put(&w.rec, MM_F_token_name, MM_S("button on the desktop"), NULL), "token");
    must(mm_rec_put(&w.rec, MM_F_token_user, mm_slice_str(ref), NULL), "token");
    must(mm_rec_put(&w.rec, MM_F_token_rights, MM_S("write"), NULL), "token");
    must(mm_account_token(f->auth, &w.rec, &digest, f->token), "token");
    must(mm_records_write(f->records, mm_system_company(&hold, 1), do_add, &w), "token");
}

/* A programme of the first companies, and its owner. */
static void add_programme(struct fixture *f, const char *code, const char *name, uint32_t companies,
                          const char *owner, char secret[MM_TOTP_BASE32])
{
    uint32_t id = add(f, 0, MM_REG_PROGRAMME, "code", code, "name", name, "name_en", code, "owner",
                      "見本県", NULL);
    struct mm_scope_hold hold;
    unsigned broken = 0;
    char ref[16];

    (void)snprintf(ref, sizeof(ref), "%u", id);
    for (uint32_t c = 1; c <= companies; c++)
        (void)add(f, c, MM_REG_MEMBER, "programme", ref, NULL);
    id = add(f, 0, MM_REG_USER, "login", owner, "name", owner, "role", "owner", "programme", ref,
             NULL);
    must(mm_account_password(f->auth, mm_system_company(&hold, 0), id, MM_S(FIXTURE_PASSWORD),
                             false, MM_S(""), f->now_us, &broken),
         owner);
    set_up_app(f, owner, secret);
}

static void add_people(struct fixture *f)
{
    char codes[5][MM_CODE_TEXT];
    struct mm_scope_hold hold;
    uint32_t hanako;

    (void)add_user(f, 0, "soc", "見守 花", "administrator", false);
    set_up_app(f, "soc", f->totp);
    (void)add_user(f, 0, "bunseki", "分析 二郎", "analyst", false);
    set_up_app(f, "bunseki", f->analyst_totp);
    (void)add_user(f, 0, "kansa", "監査 一郎", "auditor", false);
    set_up_app(f, "kansa", f->auditor_totp);
    hanako = add_user(f, 1, "hanako", "総務 花子", "charge", false);
    (void)add_user(f, 1, "shacho", "社長 太郎", "president", false);
    add_token(f, add_user(f, 1, "jugyoin", "製造 次郎", "employee", false));
    (void)add_user(f, 1, "newbie", "新任 三郎", "charge", true);
    must(mm_account_codes(f->auth, mm_system_company(&hold, 1), hanako, MM_COUNT(codes), f->now_us,
                          codes),
         "codes");
    memcpy(f->code, codes[0], sizeof(f->code));
    add_programme(f, "shien", "見本県 支援事業", f->companies, "jigyo", f->owner_totp);
    add_programme(f, "few", "小さな支援事業", f->companies < 4 ? f->companies : 4, "shokibo",
                  f->few_totp);
}

/* ---- companies, devices, sources ---- */

static enum mm_code do_health(struct mm_tx *tx, void *arg)
{
    const struct mm_health *h = arg;
    enum mm_code code = mm_health_intake(tx, h);

    return code == MM_OK ? mm_health_parsed(tx, h) : code;
}

/* What of a source is read: a month of days, two formats, two kinds of line that nobody reads. */
static enum mm_code do_coverage(struct mm_tx *tx, void *arg)
{
    const struct mm_health *h = arg;
    static const char *const lines[] = {
        "<13>Nov 20 10:00:00 nas backupd[7]: 共有フォルダー docs <b>job 12</b> failed",
        "<13>Nov 20 10:00:00 nas backupd[7]: link of 192.0.2.7 port 3 is down"};
    struct mm_source_format f = {.company = h->company,
                                 .source = h->source,
                                 .format = MM_S("fortigate"),
                                 .parsed = h->parsed,
                                 .topics = 0x1e7,
                                 .first_us = h->last_seen_us - HOUR,
                                 .last_us = h->last_seen_us};
    struct mm_buf key;
    enum mm_code code = mm_source_format_add(tx, &f);

    for (int i = 0; i < 30 && code == MM_OK; i++) {
        struct mm_cover_day d = {.day = mm_cover_day_of(h->last_seen_us) - i,
                                 .parsed = h->parsed / 30,
                                 .unparsed = (uint64_t)i,
                                 .topics = i == 0 ? f.topics : 0};

        code = mm_cover_day_add(tx, h->company, h->source, &d);
    }
    mm_buf_init(&key, MM_CLUSTER_TEXT);
    for (size_t i = 0; i < MM_COUNT(lines) && code == MM_OK; i++) {
        struct mm_shape shape;
        struct mm_unread u = {.company = h->company,
                              .source = h->source,
                              .app = MM_S("backupd"),
                              .format = MM_S(""),
                              .count = h->unparsed,
                              .first_us = h->last_seen_us - HOUR,
                              .last_us = h->last_seen_us,
                              .seq = i + 1,
                              .line = {mm_slice_str(lines[i])},
                              .lines = 1};

        mm_shape_of(mm_slice_sub(u.line[0], mm_slice_search(u.line[0], MM_S(": ")) + 2, SIZE_MAX),
                    &shape);
        mm_shape_key(&shape, &key);
        u.shape = mm_buf_slice(&key);
        code = mm_unread_put(tx, &u, 1, u.last_us);
    }
    mm_buf_done(&key);
    return code;
}

static uint32_t add_source(struct fixture *f, uint32_t company, const char *name, const char *kind,
                           const char *place, int64_t last_us)
{
    uint32_t device =
        add(f, company, MM_REG_DEVICE, "name", name, "kind", kind, "place", place, "maintainer",
            "設備保守センター", "maintainer_tel", "000-0000-0199", NULL);
    char ref[16];
    uint32_t source;

    (void)snprintf(ref, sizeof(ref), "%u", device);
    source = add(f, company, MM_REG_SOURCE, "name", place, "bind", "token", "device", ref, "format",
                 "fortigate", NULL);
    if (last_us > 0) {
        struct mm_health h = {.company = company,
                              .source = source,
                              .received = 1234567 + company,
                              .spooled = 1234567 + company,
                              .dropped = company % 3,
                              .parsed = 1230000,
                              .unparsed = 4567 + company,
                              .last_seen_us = last_us,
                              .updated_us = f->now_us};

        must(mm_records_write(f->records, mm_system_scope(), do_health, &h), "health");
        if (company <= 3)
            must(mm_records_write(f->records, mm_system_scope(), do_coverage, &h), "coverage");
    }
    return source;
}

static void add_contacts(struct fixture *f, uint32_t company, const char *verified)
{
    uint32_t post = add(f, company, MM_REG_POST, "title", "総務課", "duty", "charge", "call_order",
                        "1", "telephone", "000-0000-0101", "hours", "平日 8:30〜17:30", NULL);
    char ref[16];

    (void)snprintf(ref, sizeof(ref), "%u", post);
    (void)add(f, company, MM_REG_CONTACT, "post", ref, "person", "総務 花子", "verified", verified,
              NULL);
}

static void add_companies(struct fixture *f, uint32_t count)
{
    for (uint32_t i = 1; i <= count; i++) {
        char code[16], name[64];
        uint32_t id;
        bool silent = i % 11 == 4, fresh = i % 13 == 7;

        (void)snprintf(code, sizeof(code), "c%03u", i);
        (void)snprintf(name, sizeof(name), i % 5 == 0 ? "第%u精密部品工業株式会社" : "見本製作所%u",
                       i);
        id = add(f, 0, MM_REG_COMPANY, "code", code, "name", name, "area",
                 i % 3 == 0 ? "広島" : "静岡", "sensor", i % 9 == 0 ? "mirror" : "inline", NULL);
        if (id != i)
            must(MM_E_BUG, "companies count from 1");
        add_contacts(f, id, i % 2 == 0 ? "2026-06-01" : "2024-01-15");
        (void)add_source(f, id, "1階のルーター", "router", "1階 事務所の棚",
                         fresh ? 0 : f->now_us - (silent ? 5 * HOUR : 90 * MM_US_PER_S));
        if (i <= 3)
            (void)add_source(f, id, "サーバー室のファイルサーバー", "server", "2階 サーバー室",
                             f->now_us - 40 * MM_US_PER_S);
    }
}

/* ---- cases ---- */

static const char doc_c2[] =
    "{\"ja\":{\"title\":\"ウイルスが外の指示を待つ通信の疑い\","
    "\"what\":\"社内の機器が、ウイルスの指令サーバーとして知られる相手へ、"
    "決まった間隔で通信していました。\","
    "\"first\":\"その機器の電源は切らず、LANケーブルを抜いてください。\"},"
    "\"en\":{\"title\":\"Signs of a virus waiting for orders\","
    "\"what\":\"A device inside talked at fixed intervals to a known command server.\","
    "\"first\":\"Do not switch it off. Unplug its LAN "
    "cable.\"},\"tags\":[\"attack.command-and-control\",\"attack.t1071\"]}";
static const char event[] =
    "{\"@timestamp\":\"2026-11-20T01:34:00Z\",\"event.action\":\"blocked\","
    "\"source.ip\":\"192.0.2.31\",\"destination.ip\":\"203.0.113.9\","
    "\"destination.port\":443,\"rule.category\":\"botnet\",\"event.original\":"
    "\"date=2026-11-20 time=10:34:00 <b>x</b> type=utm srcip=192.0.2.31\"}";

struct alerts {
    struct mm_alert list[16];
    size_t n;
    int64_t now_us;
};

static void add_alert(struct alerts *a, uint32_t company, enum mm_level level, const char *title,
                      const char *field, const char *entity, const char *doc)
{
    MM_ASSERT(a->n < MM_COUNT(a->list));
    a->list[a->n] = (struct mm_alert){.seq = a->n + 1,
                                      .company = company,
                                      .source = company,
                                      .received_us = a->now_us - HOUR,
                                      .time_us = a->now_us - HOUR,
                                      .level = level,
                                      .rule_id = MM_S("5f0e7d1c-2a3b-4c5d-8e6f-0123456789ab"),
                                      .title = mm_slice_str(title),
                                      .author = MM_S("Mimamori"),
                                      .entity_field = mm_slice_str(field),
                                      .entity = mm_slice_str(entity),
                                      .doc = mm_slice_str(doc),
                                      .event = mm_slice_str(event)};
    a->n++;
}

static enum mm_code do_alerts(struct mm_tx *tx, void *arg)
{
    struct alerts *a = arg;
    struct mm_opened opened[MM_TRIAGE_RUNS_MAX];
    struct mm_triage_plan plan;
    size_t to, opened_n;
    enum mm_code code = mm_triage_plan(tx, a->list, a->n, a->now_us - HOUR, &plan);

    if (code != MM_OK)
        return code;
    code = mm_triage_alerts(tx, &plan, 0, a->now_us - HOUR, &to, opened, &opened_n);
    mm_triage_plan_done(&plan);
    return code;
}

static enum mm_code do_requests(struct mm_tx *tx, void *arg)
{
    struct fixture *f = arg;
    enum mm_code code = mm_tx_narrow(tx, 1);

    if (code == MM_OK)
        code = mm_case_ask(tx, 1, 0, MM_S("2階のプリンターの横のPCのLANケーブルを抜いてください。"),
                           f->now_us - HOUR / 2);
    mm_tx_widen(tx);
    return code;
}

static enum mm_code do_close(struct mm_tx *tx, void *arg)
{
    struct fixture *f = arg;
    enum mm_code code = mm_tx_narrow(tx, 2);

    if (code == MM_OK)
        code = mm_case_close(tx, 3, 0, MM_S("nothing_found"), MM_S("ログに不審な通信はありません"),
                             f->now_us - HOUR / 2);
    mm_tx_widen(tx);
    return code;
}

static enum mm_code do_aside(struct mm_tx *tx, void *arg)
{
    struct fixture *f = arg;

    return mm_triage_aside(tx, 1, 0, 77, 1, f->now_us - HOUR, "shard_died",
                           mm_slice_of("\x00\xff broken <script>", 18));
}

static void add_cases(struct fixture *f)
{
    struct alerts *a = calloc(1, sizeof(*a));

    MM_ASSERT(a != NULL);
    a->now_us = f->now_us;
    add_alert(a, 1, MM_LEVEL_CRITICAL, "botnet", "host.name", "PC-KEIRI-03", doc_c2);
    add_alert(a, 1, MM_LEVEL_MEDIUM, "User added to local administrators", "user.name", "tanaka",
              "{}");
    add_alert(a, 2, MM_LEVEL_HIGH, "botnet", "source.ip", "192.0.2.31", doc_c2);
    if (f->companies >= 6)
        add_alert(a, 6, MM_LEVEL_MEDIUM, "Rare <script>alert(1)</script> title", "host.name",
                  "<img src=x>", "{}");
    qsort(a->list, a->n, sizeof(a->list[0]), mm_alert_order);
    must(mm_records_write(f->records, mm_system_scope(), do_alerts, a), "alerts");
    must(mm_records_write(f->records, mm_system_scope(), do_requests, f), "requests");
    must(mm_records_write(f->records, mm_system_scope(), do_close, f), "close");
    must(mm_records_write(f->records, mm_system_scope(), do_aside, f), "aside");
    free(a);
}

void fixture_fill(struct fixture *f, uint32_t companies)
{
    MM_ASSERT(companies >= 2);
    f->companies = companies;
    add_companies(f, companies);
    add_people(f);
    add_cases(f);
}
