/*
 * store/events/events_contract_test.c - what any store of events must do behind client.h. Runs
 * against a real eventd over its unix socket, or against MIMAMORI_EVENTS_ADDRESS ("tcp:host:port")
 * with the key of MIMAMORI_EVENTS_KEY, where the tables may hold what earlier runs left.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "store/events/exactly_once.h"
#include "store/events/native.h"
#include "store/events/search.h"
#include "tests/harness/eventd.h"
#include "tests/harness/sample.h"
#include "tests/harness/test.h"

enum { TIMEOUT_MS = 20 * 1000, ROWS = 2000 };

struct bed {
    struct mm_test_eventd eventd;
    struct mm_events_client *client;
    struct mm_native *native;
    struct mm_buf out;  /* blocks */
    struct mm_buf text; /* results */
    struct mm_events_answer answer;
    uint16_t queue; /* of this test alone */
};

static void bed_up(struct bed *b, uint16_t queue)
{
    const char *address = getenv("MIMAMORI_EVENTS_ADDRESS");
    const char *key = getenv("MIMAMORI_EVENTS_KEY");
    char state[128];

    *b = (struct bed){.queue = queue};
    if (address == NULL) {
        if (mm_test_eventd_program() == NULL)
            mm_test_skip("no libchdb");
        (void)snprintf(state, sizeof(state), "%s/state", mm_test_dir());
        CHECK(mm_test_eventd_start(&b->eventd, state));
        address = b->eventd.address;
    }
    CHECK(mm_events_new(mm_slice_str(address), TIMEOUT_MS, &b->client) == MM_OK);
    if (key != NULL)
        CHECK(mm_events_key(b->client, mm_slice_str(key)) == MM_OK);
    CHECK(mm_native_new(MM_ET_EVENTS, &b->native) == MM_OK);
    mm_buf_init(&b->out, 1 << 28);
    mm_buf_init(&b->text, 1 << 28);
}

static void bed_down(struct bed *b)
{
    mm_events_free(&b->client);
    mm_native_free(&b->native);
    mm_buf_done(&b->out);
    mm_buf_done(&b->text);
    if (b->eventd.pid > 0)
        CHECK(mm_test_eventd_stop(&b->eventd));
}

static enum mm_code to_text(void *ctx, struct mm_slice piece)
{
    mm_buf_add(ctx, piece);
    return MM_OK;
}

/* The answer to a piece of SQL as text. */
static struct mm_slice ask(struct bed *b, const char *sql, const struct mm_events_param *p,
                           size_t n)
{
    enum mm_code code;

    mm_buf_reset(&b->text);
    code = mm_events_sql(b->client, mm_slice_str(sql), "TSV", p, n, to_text, &b->text, &b->answer);
    if (code != MM_OK)
        printf("# %.*s\n", (int)b->answer.text_n, b->answer.text);
    CHECK(code == MM_OK);
    return mm_slice_trim(mm_buf_slice(&b->text));
}

/* "rows<TAB>different rows" of [from, to) in this test's queue. */
static void want_rows(struct bed *b, uint64_t from, uint64_t to, uint64_t rows)
{
    char tmp[3][24], want[64];
    struct mm_events_param p[] = {{"queue", mm_events_u64(b->queue, tmp[0])},
                                  {"from", mm_events_u64(from, tmp[1])},
                                  {"to", mm_events_u64(to, tmp[2])}};

    (void)snprintf(want, sizeof(want), "%llu\t%llu\n", (unsigned long long)rows,
                   (unsigned long long)rows);
    mm_buf_reset(&b->text);
    CHECK(mm_events_run(b->client, MM_ST_COUNT_RANGE, p, MM_COUNT(p), to_text, &b->text,
                        &b->answer) == MM_OK);
    CHECK_SLICE(mm_buf_slice(&b->text), want);
}

/* Blocks with the rows [from, to), a block every `block` rows. */
static struct mm_slice rows(struct bed *b, uint64_t from, uint64_t to, uint64_t block)
{
    static struct mm_sample sample;
    static struct mm_event ev;

    mm_sample_init(&sample, 5, b->queue, mm_now_us());
    mm_buf_reset(&b->out);
    for (uint64_t seq = from; seq < to; seq++) {
        mm_sample_fill(&sample, seq, &ev);
        CHECK(mm_native_event(b->native, &ev) == MM_OK);
        if ((seq - from + 1) % block == 0)
            CHECK(mm_native_write(b->native, &b->out) == MM_OK);
    }
    CHECK(mm_native_write(b->native, &b->out) == MM_OK);
    return mm_buf_slice(&b->out);
}

static void no_refusal(void *ctx, uint64_t seq, struct mm_slice why)
{
    (void)ctx, (void)seq;
    printf("# %.*s\n", MM_S_ARG(why));
    CHECK(!"no row is refused");
}

static void note_refusal(void *ctx, uint64_t seq, struct mm_slice why)
{
    CHECK(why.n > 0);
    mm_buf_fmt(ctx, "%llu ", (unsigned long long)seq);
}

static void store(struct bed *b, uint64_t from, uint64_t to, struct mm_slice blocks, bool maybe)
{
    struct mm_once once;
    enum mm_code code;

    mm_once_init(&once, MM_ET_EVENTS, b->queue, from, to, &blocks, 1, maybe);
    code = mm_once_step(&once, b->client, no_refusal, NULL);
    if (code != MM_OK)
        printf("# %.*s\n", (int)once.answer.text_n, once.answer.text);
    CHECK(code == MM_OK);
}

TEST(events_come_back_as_they_were_put_in)
{
    static struct mm_event ev;
    struct bed b;
    struct mm_ip ip = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}};

    bed_up(&b, 100);
    mm_event_reset(&ev);
    ev.company = 31;
    ev.queue = b.queue;
    ev.seq = UINT64_MAX - 1;
    ev.source = 4;
    ev.keep_days = 90;
    ev.received_us = mm_now_us();
    ev.time_us = INT64_C(1608687240123456);
    ev.time_quality = MM_TQ_ZONE_ASSUMED;
    ev.flags = MM_EV_TRUNCATED | MM_EV_IMPORTED;
    ev.format = MM_S("test");
    ev.original = MM_S("line\twith\n\\ everything\0 and \xff\xfe");
    mm_event_ip(&ev, MM_F_SOURCE_IP, &ip);
    mm_event_uint(&ev, MM_F_SOURCE_BYTES, 0);
    mm_event_uint(&ev, MM_F_DESTINATION_BYTES, UINT64_MAX);
    mm_event_text(&ev, MM_F_EVENT_ACTION, MM_S("deny"));
    mm_event_text(&ev, MM_F_USER_NAME, MM_S(""));
    mm_event_text(&ev, MM_F_MESSAGE, MM_S("in the map"));
    ev.extra[ev.extra_n++] = (struct mm_extra){MM_S("vendor.x"), MM_S("y")};
    CHECK(mm_native_event(b.native, &ev) == MM_OK);
    CHECK(mm_native_write(b.native, &b.out) == MM_OK);
    store(&b, ev.seq, ev.seq + 1, mm_buf_slice(&b.out), true);
    CHECK_SLICE(ask(&b,
                    "SELECT company, seq, source, keep_days, toUnixTimestamp64Micro(time), "
                    "time_quality, flags, format, hex(original), toString(source_ip), "
                    "source_bytes, destination_bytes, event_action, user_name, "
                    "bitCount(present), more FROM events WHERE queue = 100",
                    NULL, 0),
                "31\t18446744073709551614\t4\t90\t1608687240123456\t1\t10\ttest\t"
                "6C696E6509776974680A5C2065766572797468696E670020616E6420FFFE\t"
                "::ffff:10.0.0.1\t0\t18446744073709551615\tdeny\t\t5\t"
                "{'message':'in the map','vendor.x':'y'}");
    bed_down(&b);
}

TEST(events_bind_parameters_of_any_bytes)
{
    struct bed b;
    struct mm_events_param p = {"x", MM_S("a\tb\nc\\d'e\r\0f\xff%41+&=\xe6\x97\xa5")};

    bed_up(&b, 101);
    CHECK_SLICE(ask(&b, "SELECT hex({x:String})", &p, 1),
                "6109620A635C6427650D0066FF2534312B263DE697A5");
    p.value = MM_S("'; DROP TABLE events; --");
    CHECK_SLICE(ask(&b, "SELECT length({x:String})", &p, 1), "24");
    bed_down(&b);
}

TEST(events_are_stored_once_however_often_they_are_sent)
{
    struct bed b;
    struct mm_slice blocks;

    bed_up(&b, 102);
    blocks = rows(&b, 1, ROWS + 1, 300);
    store(&b, 1, ROWS + 1, blocks, false);
    want_rows(&b, 1, ROWS + 1, ROWS);
    store(&b, 1, ROWS + 1, blocks, true);
    want_rows(&b, 1, ROWS + 1, ROWS);
    /* Half of the next batch is there already: an insert that died between two parts. */
    blocks = rows(&b, ROWS + 1, ROWS + ROWS / 2 + 1, 300);
    store(&b, ROWS + 1, ROWS + ROWS / 2 + 1, blocks, false);
    blocks = rows(&b, ROWS + 1, 2 * ROWS + 1, 300);
    store(&b, ROWS + 1, 2 * ROWS + 1, blocks, true);
    want_rows(&b, 1, 2 * ROWS + 1, 2 * ROWS);
    bed_down(&b);
}

/* An engine died with an insert on its way; its successor cuts batches at other positions. What the
 * dead one sent, and eventd has not begun, must never begin. (A ClickHouse server knows no such
 * fence: there a request is begun when it arrives.) */
TEST(events_of_a_dead_sender_are_not_stored_behind_its_successor)
{
    struct bed b;
    struct mm_events_client *dead;
    struct mm_slice blocks;

    bed_up(&b, 109);
    if (b.eventd.pid <= 0)
        mm_test_skip("another server's");
    CHECK(mm_events_new(mm_slice_str(b.eventd.address), TIMEOUT_MS, &dead) == MM_OK);
    /* It has its connection before the successor comes. */
    CHECK(mm_events_sql(dead, MM_S("SELECT 1"), "TSV", NULL, 0, to_text, &b.text, &b.answer) ==
          MM_OK);
    blocks = rows(&b, 1, 31, 300);
    store(&b, 1, 31, blocks, true);
    blocks = rows(&b, 1, 21, 300);
    CHECK(mm_events_insert(dead, MM_ST_INSERT_EVENTS, "mimamori-events-109-1-21-0", NULL, 0,
                           &blocks, 1, &b.answer) != MM_OK);
    CHECK_NUM(b.answer.exception, 394);
    want_rows(&b, 1, 31, 30);
    mm_events_free(&dead);
    bed_down(&b);
}

TEST(events_of_all_times_are_stored_whole)
{
    static struct mm_sample sample;
    static struct mm_event ev;
    struct bed b;

    bed_up(&b, 103);
    mm_sample_init(&sample, 3, b.queue, mm_now_us());
    for (uint64_t seq = 1; seq <= ROWS; seq++) {
        mm_sample_fill(&sample, seq, &ev);
        /* 1970-01-01 to 2106-02-07, a different month each. */
        ev.time_us = (int64_t)(seq * (UINT64_C(4294967295) / ROWS)) * MM_US_PER_S;
        CHECK(mm_native_event(b.native, &ev) == MM_OK);
    }
    CHECK(mm_native_write(b.native, &b.out) == MM_OK);
    store(&b, 1, ROWS + 1, mm_buf_slice(&b.out), false);
    want_rows(&b, 1, ROWS + 1, ROWS);
    CHECK_SLICE(ask(&b,
                    "SELECT toYear(min(time)), toYear(max(time)), uniqExact(_partition_id) <= 2 "
                    "FROM events WHERE queue = 103",
                    NULL, 0),
                "1970\t2106\t1");
    bed_down(&b);
}

TEST(events_of_three_years_ago_outlive_a_forced_expiry)
{
    static struct mm_sample sample;
    static struct mm_event ev;
    const int64_t year_us = 365 * MM_US_PER_DAY;
    struct bed b;

    bed_up(&b, 104);
    mm_sample_init(&sample, 3, b.queue, mm_now_us() - MM_US_PER_DAY);
    for (uint64_t seq = 1; seq <= 200; seq++) {
        mm_sample_fill(&sample, seq, &ev);
        ev.keep_days = 30;
        if (seq <= 100) {
            ev.flags = MM_EV_IMPORTED; /* old, but received yesterday */
            ev.time_us = ev.received_us - 3 * year_us;
        } else {
            ev.received_us -= 40 * MM_US_PER_DAY; /* received too long ago */
        }
        CHECK(mm_native_event(b.native, &ev) == MM_OK);
    }
    CHECK(mm_native_write(b.native, &b.out) == MM_OK);
    store(&b, 1, 201, mm_buf_slice(&b.out), false);
    (void)ask(&b, "OPTIMIZE TABLE events FINAL", NULL, 0);
    want_rows(&b, 1, 101, 100);
    want_rows(&b, 101, 201, 0);
    bed_down(&b);
}

TEST(events_batch_refused_for_good_is_halved_down_to_its_rows)
{
    struct bed b;
    struct mm_once once;
    struct mm_slice blocks;
    struct mm_buf refused;

    bed_up(&b, 105);
    (void)ask(&b, "ALTER TABLE events ADD CONSTRAINT no_37 CHECK queue != 105 OR seq % 50 != 37",
              NULL, 0);
    blocks = rows(&b, 1, 201, 64);
    mm_buf_init(&refused, 4096);
    mm_once_init(&once, MM_ET_EVENTS, b.queue, 1, 201, &blocks, 1, false);
    for (int i = 1; i < MM_ONCE_SAME_MAX; i++)
        CHECK(mm_once_step(&once, b.client, no_refusal, NULL) == MM_E_BUSY);
    CHECK_NUM(once.answer.exception, 469);
    CHECK(mm_once_step(&once, b.client, note_refusal, &refused) == MM_OK);
    CHECK_SLICE(mm_buf_slice(&refused), "37 87 137 187 ");
    want_rows(&b, 1, 201, 196);
    (void)ask(&b, "ALTER TABLE events DROP CONSTRAINT no_37", NULL, 0);
    mm_buf_done(&refused);
    bed_down(&b);
}

TEST(events_batch_waits_while_the_store_takes_no_row_of_it)
{
    struct bed b;
    struct mm_once once;
    struct mm_slice blocks;
    int steps = 0;

    bed_up(&b, 108);
    (void)ask(&b, "ALTER TABLE events ADD CONSTRAINT none_108 CHECK queue != 108", NULL, 0);
    blocks = rows(&b, 1, 9, 8);
    mm_once_init(&once, MM_ET_EVENTS, b.queue, 1, 9, &blocks, 1, false);
    for (int i = 0; i < 3 * MM_ONCE_SAME_MAX; i++)
        CHECK(mm_once_step(&once, b.client, no_refusal, NULL) == MM_E_BUSY);
    CHECK(once.barren > 0);
    (void)ask(&b, "ALTER TABLE events DROP CONSTRAINT none_108", NULL, 0);
    while (mm_once_step(&once, b.client, no_refusal, NULL) != MM_OK)
        CHECK(++steps < 5);
    want_rows(&b, 1, 9, 8);
    bed_down(&b);
}

/* One row for the table that an INSERT statement is for. */
static struct mm_slice one_row(struct bed *b, enum mm_statement st)
{
    static const struct mm_alert alert = {.queue = 106, .seq = 1, .company = 1};
    static const struct mm_sieve_row sieve = {.queue = 106, .from = 1, .to = 2, .company = 1};
    bool alerts = st == MM_ST_INSERT_ALERTS || st == MM_ST_INSERT_ALERTS_MISSING;
    struct mm_native *n;

    if (st == MM_ST_INSERT_EVENTS || st == MM_ST_INSERT_EVENTS_MISSING)
        return rows(b, 1, 2, 1);
    CHECK(alerts || st == MM_ST_INSERT_SIEVES);
    mm_buf_reset(&b->out);
    CHECK(mm_native_new(alerts ? MM_ET_ALERTS : MM_ET_SIEVES, &n) == MM_OK);
    CHECK((alerts ? mm_native_alert(n, &alert, 1) : mm_native_sieve(n, &sieve)) == MM_OK);
    CHECK(mm_native_write(n, &b->out) == MM_OK);
    mm_native_free(&n);
    return mm_buf_slice(&b->out);
}

TEST(events_statements_all_run)
{
    struct bed b;
    struct mm_events_param p[] = {
        {"company", MM_S("1")},      {"queue", MM_S("106")},       {"from", MM_S("1")},
        {"to", MM_S("2")},           {"seq", MM_S("1")},           {"prefix", MM_S("none-")},
        {"received", MM_S("1")},     {"rule", MM_S("r")},          {"limit", MM_S("10")},
        {"pc", MM_S("PC-1")},        {"ip", MM_S("10.0.0.1")},     {"dest_ip", MM_S("100::")},
        {"dest_domain", MM_S("")},   {"companies", MM_S("[1,2]")}, {"week", MM_S("1")},
        {"before", MM_S("1")},       {"rows", MM_S("100")},        {"day", MM_S("86400")},
        {"field", MM_S("user.name")}};

    bed_up(&b, 106);
    for (int i = 0; i < MM_ST_COUNT; i++) {
        enum mm_statement st = (enum mm_statement)i;
        enum mm_code code;

        if (strncmp(mm_statement_name(st), "INSERT", 6) == 0) {
            struct mm_slice row = one_row(&b, st);

            code = mm_events_insert(b.client, st, "contract", p, MM_COUNT(p), &row, 1, &b.answer);
        } else {
            code = mm_events_run(b.client, st, p, MM_COUNT(p), NULL, NULL, &b.answer);
        }
        if (code != MM_OK)
            printf("# %s: %.*s\n", mm_statement_name(st), (int)b.answer.text_n, b.answer.text);
        CHECK(code == MM_OK);
    }
    bed_down(&b);
}

TEST(events_reader_cannot_write_nor_read_files)
{
    static const char *const forbidden[] = {
        "SELECT * FROM file('/etc/passwd', 'LineAsString', 'line String')",
        "SELECT * FROM url('http://127.0.0.1/', 'LineAsString', 'line String')",
        "SELECT 1 SETTINGS max_execution_time = 0",
    };
    struct bed b;

    bed_up(&b, 107);
    for (size_t i = 0; i < MM_COUNT(forbidden); i++) {
        CHECK(mm_events_sql(b.client, mm_slice_str(forbidden[i]), "TSV", NULL, 0, NULL, NULL,
                            &b.answer) == MM_E_CONFIG);
        CHECK_NUM(b.answer.exception, 164);
    }
    bed_down(&b);
}

TEST(events_alerts_are_stored_once_each)
{
    struct bed b;
    struct mm_native *n;
    struct mm_alert a = {.company = 3,
                         .queue = 108,
                         .events = 4,
                         .source = 2,
                         .level = MM_LEVEL_HIGH,
                         .rule_level = MM_LEVEL_CRITICAL,
                         .title = MM_S("A title"),
                         .author = MM_S("Somebody"),
                         .entity_field = MM_S("host.name"),
                         .entity = MM_S("PC-1"),
                         .event = MM_S("{}")};
    struct mm_slice block;
    struct mm_once once;

    bed_up(&b, 108);
    a.received_us = mm_now_us();
    CHECK(mm_native_new(MM_ET_ALERTS, &n) == MM_OK);
    for (uint64_t seq = 10; seq < 20; seq++) {
        a.seq = seq;
        a.rule_id = MM_S("rule-1");
        CHECK(mm_native_alert(n, &a, 90) == MM_OK);
        a.rule_id = MM_S("rule-2");
        a.hidden_by = seq == 15 ? MM_S("filter-1") : (struct mm_slice){0};
        CHECK(mm_native_alert(n, &a, 90) == MM_OK);
        a.hidden_by = (struct mm_slice){0};
    }
    CHECK(mm_native_write(n, &b.out) == MM_OK);
    block = mm_buf_slice(&b.out);
    for (int i = 0; i < 2; i++) {
        mm_once_init(&once, MM_ET_ALERTS, a.queue, 1, 100, &block, 1, i > 0);
        CHECK(mm_once_step(&once, b.client, no_refusal, NULL) == MM_OK);
    }
    CHECK_SLICE(ask(&b,
                    "SELECT count(), uniqExact(seq), uniqExact(rule_id), any(level), any(entity), "
                    "countIf(hidden_by = 'filter-1'), sum(events), any(rule_level) FROM alerts "
                    "WHERE queue = 108",
                    NULL, 0),
                "20\t10\t2\thigh\tPC-1\t1\t80\tcritical");
    mm_native_free(&n);
    bed_down(&b);
}

/* How many of company's events match, read page by page; every one of them is handed to check. */
static uint64_t search(struct bed *b, uint32_t company, const char *text, uint32_t page,
                       void (*check)(const struct mm_event *ev))
{
    static struct mm_event ev;
    static struct mm_query query;
    struct mm_search_request r = {
        .company = company, .query = &query, .now_us = mm_now_us(), .limit = page};
    struct mm_arena arena;
    uint64_t n = 0, last_seq = UINT64_MAX;

    mm_arena_init(&arena, 1 << 20);
    CHECK(mm_query_parse(mm_slice_str(text), &arena, &query, NULL) == MM_OK);
    do {
        struct mm_search_result result;

        if (mm_search_run(b->client, &r, &result, NULL) != MM_OK) {
            printf("# %s: %.*s\n", text, (int)result.answer.text_n, result.answer.text);
            CHECK(!"the search runs");
        }
        CHECK(result.count <= page);
        while (mm_search_next(&result, &ev)) {
            CHECK(ev.company == company && ev.seq < last_seq);
            last_seq = ev.seq;
            n++;
            if (check != NULL)
                check(&ev);
        }
        r.has_cursor = result.more;
        r.cursor = result.next;
        mm_search_done(&result);
    } while (r.has_cursor);
    mm_arena_done(&arena);
    return n;
}

static void same_as_sample(const struct mm_event *ev)
{
    static struct mm_sample sample;
    static struct mm_event want;
    struct mm_buf a, b;

    mm_sample_init(&sample, 5, ev->queue, 0);
    mm_sample_fill(&sample, ev->seq, &want);
    /* The sample's clock began somewhere else: only that may differ. */
    want.time_us = ev->time_us;
    mm_buf_init(&a, 1 << 16);
    mm_buf_init(&b, 1 << 16);
    mm_event_json(&a, ev, true);
    mm_event_json(&b, &want, true);
    CHECK(mm_slice_eq(mm_buf_slice(&a), mm_buf_slice(&b)));
    mm_buf_done(&a);
    mm_buf_done(&b);
}

TEST(events_are_found_by_what_they_are)
{
    static const struct {
        const char *query;
        const char *sql; /* the same said by hand */
    } cases[] = {
        {"", "1"},
        {"tcp_tunnel", "original ILIKE '%tcp_tunnel%'"},
        {"\"devname=\\\"FGT60F\"", "original LIKE '%devname=\"FGT60F%'"},
        {"event.action:DENY", "event_action = 'deny'"},
        {"not event.action:deny", "event_action != 'deny'"},
        {"event.action:(deny or timeout)", "event_action IN ('deny', 'timeout')"},
        {"user.name:user1?", "user_name LIKE 'user1_'"},
        {"user.name:* not process.executable:*", "user_name != '' AND process_executable = ''"},
        {"source.bytes<1000", "source_bytes < 1000 AND format = 'fortigate'"},
        {"source.ip:10.0.0.0/8 destination.port:53",
         "destination_port = 53 AND source_ip != toIPv6('::')"},
        {"destination.ip:[203.0.113.0 to 203.0.113.99]",
         "destination_ip BETWEEN toIPv6('::ffff:203.0.113.0') AND "
         "toIPv6('::ffff:203.0.113.99')"},
        {"http.response.status_code:200", "format = 'squid'"},
        {"http.response.status_code>200", "0"},
        {"winlog.event_data.LogonId:0x*", "format = 'windows-sysmon'"},
        {"process.executable:\"C:\\\\Program Files\\\\App\\\\excel.exe\"",
         "process_executable LIKE '%excel.exe'"},
        {"process.executable:C:\\\\Program*excel.exe", "process_executable LIKE '%excel.exe'"},
        {"format:squid or event.code:1", "format != 'fortigate'"},
        {"last 1h", "1"},
        {"time<2020", "0"},
        {"imported:no parsed:yes", "1"},
    };
    struct bed b;
    char sql[512], got[32], query[256];

    bed_up(&b, 110);
    store(&b, 1, ROWS + 1, rows(&b, 1, ROWS + 1, ROWS), true);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        (void)snprintf(sql, sizeof(sql),
                       "SELECT count() FROM events WHERE company = 2 AND queue = 110 AND (%s)",
                       cases[i].sql);
        (void)snprintf(query, sizeof(query),
                       *cases[i].query == 0 ? "queue:110%s" : "queue:110 (%s)", cases[i].query);
        (void)snprintf(
            got, sizeof(got), "%llu",
            (unsigned long long)search(&b, 2, query, 64, i == 0 ? same_as_sample : NULL));
        if (!mm_slice_eq(ask(&b, sql, NULL, 0), mm_slice_str(got)))
            printf("# %s\n", cases[i].query);
        CHECK_SLICE(ask(&b, sql, NULL, 0), got);
    }
    bed_down(&b);
}

/* What a programme's page asks: one question for a set of companies, and nothing of any other. */
TEST(events_of_a_set_of_companies_are_counted_together)
{
    static const struct {
        const uint32_t set[3];
        size_t n;
        const char *counts; /* blocked URLs, of these no advertising, malware, P2P, C&C */
    } cases[] = {
        {{901}, 1, "2\t1\t0\t0\t0"},
        {{901, 902, 903}, 3, "1000044\t1000002\t0\t0\t0"},
        {{903, 999}, 2, "1000001\t1000000\t0\t0\t0"},
        {{0}, 0, "0\t0\t0\t0\t0"},
    };
    static struct mm_event ev;
    struct bed b;

    bed_up(&b, 114);
    for (uint64_t seq = 1; seq <= 9; seq++) {
        mm_event_reset(&ev);
        ev.company = 901 + (uint32_t)(seq % 3);
        ev.queue = b.queue;
        ev.seq = seq;
        ev.received_us = ev.time_us = mm_now_us();
        ev.keep_days = 90;
        mm_event_text(&ev, MM_F_EVENT_CATEGORY, MM_S("web"));
        mm_event_text(&ev, MM_F_EVENT_TYPE, seq <= 6 ? MM_S("denied") : MM_S("allowed"));
        if (seq == 1)
            mm_event_uint(&ev, MM_F_EVENT_COUNT, 40); /* a line that stands for so many */
        if (seq == 5)
            mm_event_uint(&ev, MM_F_EVENT_COUNT, UINT64_MAX);
        if (seq == 6)
            mm_event_uint(&ev, MM_F_EVENT_COUNT, 0);
        mm_event_text(&ev, MM_F_RULE_CATEGORY, seq <= 3 ? MM_S("Advertising") : MM_S("Games"));
        CHECK(mm_native_event(b.native, &ev) == MM_OK);
    }
    CHECK(mm_native_write(b.native, &b.out) == MM_OK);
    store(&b, 1, 10, mm_buf_slice(&b.out), false);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_events_param p[] = {
            {"companies", MM_S("")}, {"from", MM_S("0")}, {"to", MM_S("4611686018427387903")}};
        struct mm_buf set;

        mm_buf_init(&set, 100);
        mm_events_companies(&set, cases[i].set, cases[i].n);
        p[0].value = mm_buf_slice(&set);
        mm_buf_reset(&b.text);
        CHECK(mm_events_run(b.client, MM_ST_CLASS_COUNTS, p, MM_COUNT(p), to_text, &b.text,
                            &b.answer) == MM_OK);
        CHECK_SLICE(mm_slice_trim(mm_buf_slice(&b.text)), cases[i].counts);
        mm_buf_done(&set);
    }
    bed_down(&b);
}

TEST(events_are_found_by_their_number_and_only_by_their_company)
{
    static struct mm_event ev;
    struct mm_search_result result;
    struct bed b;
    uint32_t company;

    bed_up(&b, 111);
    store(&b, 1, 11, rows(&b, 1, 11, 10), true);
    company =
        (uint32_t)(ask(&b, "SELECT company FROM events WHERE queue = 111 AND seq = 7", NULL, 0)
                       .p[0] -
                   '0');
    CHECK(mm_search_event(b.client, company, 111, 7, &result, &ev) == MM_OK);
    CHECK_NUM(ev.seq, 7);
    CHECK_NUM(ev.company, company);
    mm_search_done(&result);
    CHECK(mm_search_event(b.client, company + 1, 111, 7, &result, &ev) == MM_E_NOTFOUND);
    mm_search_done(&result);
    bed_down(&b);
}
