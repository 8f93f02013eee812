/* triage/triage_test.c - alerts become one finding each, one case an entity; repeats count. */
#include "triage/triage.h"

#include <stdio.h>

#include <stdlib.h>

#include "job/job.h"
#include "store/records/system_scope.h"
#include "tests/harness/records.h"
#include "tests/harness/test.h"
#include "triage/case.h"
#include "triage/triage_priv.h"

static struct mm_records *open_records(void)
{
    static const struct mm_feature *const features[] = {&mm_test_companies, &mm_job_feature,
                                                        &mm_triage_feature};

    return mm_test_records(features, MM_COUNT(features));
}

struct batch {
    struct mm_alert *alerts;
    size_t n;
    struct mm_opened opened[MM_TRIAGE_RUNS_MAX];
    size_t opened_n;
};

/* As many as one transaction may hold, which is all in these tests. */
static enum mm_code apply(struct mm_tx *tx, void *arg)
{
    struct batch *b = arg;
    struct mm_triage_plan plan;
    size_t to = 0;
    enum mm_code code = mm_triage_plan(tx, b->alerts, b->n, 1000, &plan);

    b->opened_n = 0;
    if (code != MM_OK)
        return code;
    if (mm_triage_steps(&plan) > 0)
        code = mm_triage_alerts(tx, &plan, 0, 1000, &to, b->opened, &b->opened_n);
    CHECK_NUM(to, mm_triage_steps(&plan));
    mm_triage_plan_done(&plan);
    return code;
}

static struct mm_alert alert(uint32_t company, uint64_t seq, enum mm_level level, const char *rule,
                             const char *entity)
{
    return (struct mm_alert){.seq = seq,
                             .queue = 0,
                             .company = company,
                             .source = 3,
                             .received_us = 500,
                             .time_us = (int64_t)seq * 10,
                             .events = 1,
                             .level = level,
                             .rule_id = mm_slice_str(rule),
                             .title = mm_slice_str(rule),
                             .author = MM_S("Mimamori"),
                             .entity_field = MM_S("host.name"),
                             .entity = mm_slice_str(entity),
                             .doc = MM_S("{}"),
                             .event = MM_S("{\"event.original\":\"x\"}")};
}

static void run(struct mm_records *rec, struct batch *b)
{
    qsort(b->alerts, b->n, sizeof(*b->alerts), mm_alert_order);
    CHECK_NUM(mm_records_write(rec, mm_system_scope(), apply, b), MM_OK);
}

static size_t cases(struct mm_records *rec, uint32_t company, struct mm_arena *a,
                    struct mm_case **ret)
{
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    size_t n = 0;

    CHECK(mm_records_read(rec, mm_system_company(&hold, company), &tx) == MM_OK);
    CHECK(mm_case_list(tx, true, 0, 100, a, ret, &n) == MM_OK);
    mm_records_read_done(&tx);
    return n;
}

/* How many jobs of this kind wait for the case. */
static size_t waiting(struct mm_records *rec, int64_t case_id, const char *kind)
{
    struct mm_job_row *rows;
    struct mm_tx *tx = NULL;
    struct mm_arena a;
    size_t n = 0, found = 0;

    mm_arena_init(&a, 1 << 20);
    CHECK(mm_records_read(rec, mm_system_scope(), &tx) == MM_OK);
    CHECK(mm_job_list(tx, &(struct mm_job_filter){.max = 100}, &a, &rows, &n) == MM_OK);
    mm_records_read_done(&tx);
    for (size_t i = 0; i < n; i++)
        found += rows[i].subject == case_id && mm_slice_eq(rows[i].kind, mm_slice_str(kind));
    mm_arena_done(&a);
    return found;
}

TEST(hidden_alerts_make_no_finding_and_no_case)
{
    struct mm_records *rec = open_records();
    struct mm_alert alerts[] = {
        alert(1, 1, MM_LEVEL_HIGH, "rule-a", "PC-1"),
        alert(1, 2, MM_LEVEL_HIGH, "rule-a", "PC-2"),
        alert(1, 3, MM_LEVEL_HIGH, "rule-a", "PC-1"),
    };
    struct batch b = {.alerts = alerts, .n = 3};
    struct mm_arena a;
    struct mm_case *list;

    mm_arena_init(&a, 1 << 20);
    alerts[0].hidden_by = MM_S("filter");
    alerts[1].hidden_by = MM_S("filter");
    run(rec, &b);
    CHECK_NUM(b.opened_n, 1);
    CHECK_NUM(cases(rec, 1, &a, &list), 1);
    CHECK_SLICE(list[0].entity, "PC-1");
    b.n = 2;
    alerts[0].hidden_by = alerts[1].hidden_by = MM_S("filter");
    run(rec, &b);
    CHECK_NUM(b.opened_n, 0);
    mm_arena_done(&a);
    mm_records_close(&rec);
}

TEST(findings_of_one_entity_become_one_case_and_repeats_raise_a_counter)
{
    struct mm_records *rec = open_records();
    struct mm_alert alerts[] = {
        alert(1, 1, MM_LEVEL_MEDIUM, "rule-a", "PC-1"),
        alert(1, 2, MM_LEVEL_MEDIUM, "rule-a", "PC-1"),
        alert(1, 3, MM_LEVEL_CRITICAL, "rule-b", "PC-1"),
        alert(1, 4, MM_LEVEL_HIGH, "rule-a", "PC-2"),
        alert(2, 5, MM_LEVEL_HIGH, "rule-a", "PC-1"),
        alert(9, 6, MM_LEVEL_HIGH, "rule-a", "gone"),
    };
    struct batch b = {.alerts = alerts, .n = MM_COUNT(alerts)};
    struct mm_arena a;
    struct mm_case *list;

    mm_arena_init(&a, 1 << 20);
    run(rec, &b);
    CHECK_NUM(b.opened_n, 3);
    CHECK_NUM(cases(rec, 1, &a, &list), 2);
    CHECK_SLICE(list[1].entity, "PC-1");
    CHECK_SLICE(list[1].title, "rule-b"); /* the gravest names it */
    CHECK_SLICE(list[1].act, "now");
    CHECK_NUM(list[1].confidence, 95);
    CHECK_NUM(list[1].number, 1);
    CHECK_NUM(list[0].number, 2);
    CHECK_NUM(cases(rec, 2, &a, &list), 1);
    CHECK_NUM(list[0].number, 1);
    for (int64_t id = 1; id <= 3; id++)
        CHECK(waiting(rec, id, "look") == 1 && waiting(rec, id, "tell") == 1);
    mm_arena_done(&a);
    mm_records_close(&rec);
}

struct counted {
    int64_t count;
    size_t events;
    int64_t first_us, last_us;
};

static struct counted look(struct mm_records *rec, int64_t case_id)
{
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    struct mm_arena a;
    struct mm_case_event *events;
    struct mm_finding *findings;
    struct counted c = {0};
    size_t n = 0;

    mm_arena_init(&a, 1 << 20);
    CHECK(mm_records_read(rec, mm_system_company(&hold, 1), &tx) == MM_OK);
    CHECK(mm_case_events(tx, case_id, &a, &events, &c.events) == MM_OK);
    CHECK(mm_case_findings(tx, case_id, &a, &findings, &n) == MM_OK && n == 1);
    c.count = (int64_t)findings[0].count;
    c.first_us = findings[0].first_us;
    c.last_us = findings[0].last_us;
    mm_records_read_done(&tx);
    mm_arena_done(&a);
    return c;
}

TEST(a_line_that_stands_for_many_events_counts_as_many)
{
    struct mm_records *rec = open_records();
    struct mm_alert alerts[] = {alert(1, 1, MM_LEVEL_HIGH, "r", "PC-1"),
                                alert(1, 2, MM_LEVEL_HIGH, "r", "PC-1")};
    struct batch b = {.alerts = alerts, .n = MM_COUNT(alerts)};
    struct counted c;

    alerts[1].events = 40;
    run(rec, &b);
    run(rec, &b); /* the batch again */
    c = look(rec, 1);
    CHECK_NUM(c.count, 41);
    CHECK_NUM(c.events, 2);
    mm_records_close(&rec);
}

TEST(what_was_stopped_is_less_urgent_and_less_sure_until_something_comes_through)
{
    struct mm_records *rec = open_records();
    struct mm_alert alerts[] = {
        alert(1, 1, MM_LEVEL_CRITICAL, "virus", "PC-1"),
        alert(1, 2, MM_LEVEL_CRITICAL, "virus", "PC-1"),
        alert(1, 3, MM_LEVEL_MEDIUM, "scan", "PC-2"), /* still a case */
        alert(1, 4, MM_LEVEL_CRITICAL, "virus", "PC-1"),
    };
    struct batch stopped = {.alerts = alerts, .n = 3}, through = {.alerts = alerts + 3, .n = 1};
    struct mm_case *list;
    struct mm_arena a;

    mm_arena_init(&a, 1 << 20);
    for (size_t i = 0; i < 3; i++)
        alerts[i].prevented = true;
    run(rec, &stopped);
    CHECK_NUM(stopped.opened_n, 2);
    CHECK_NUM(cases(rec, 1, &a, &list), 2);
    CHECK_SLICE(list[1].entity, "PC-2");
    CHECK_SLICE(list[1].act, "meeting");
    CHECK_NUM(list[1].confidence, 40);
    CHECK_SLICE(list[0].act, "today");
    CHECK_NUM(list[0].confidence, 80);
    alerts[3].seq = 9;
    run(rec, &through);
    CHECK_NUM(through.opened_n, 0);
    CHECK_NUM(cases(rec, 1, &a, &list), 2);
    CHECK_SLICE(list[0].act, "now");
    CHECK_NUM(list[0].confidence, 95);
    mm_arena_done(&a);
    mm_records_close(&rec);
}

TEST(a_batch_done_again_changes_nothing_and_a_longer_one_adds_the_rest)
{
    struct mm_records *rec = open_records();
    struct mm_alert alerts[20];
    struct batch b = {.alerts = alerts, .n = 4};
    struct counted c;
    struct mm_arena a;
    struct mm_case *list;

    for (uint64_t i = 0; i < 20; i++)
        alerts[i] = alert(1, i + 1, MM_LEVEL_HIGH, "r", "PC-1");
    mm_arena_init(&a, 1 << 20);
    run(rec, &b);
    run(rec, &b);
    CHECK_NUM(b.opened_n, 0);
    CHECK_NUM(cases(rec, 1, &a, &list), 1);
    c = look(rec, list[0].case_id);
    CHECK_NUM(c.count, 4);
    CHECK_NUM(c.events, 4);
    CHECK_NUM(c.first_us, alerts[0].time_us);
    CHECK_NUM(c.last_us, alerts[3].time_us);
    b.n = 20; /* cut at another place after a crash: 1..20 instead of 1..4 */
    run(rec, &b);
    c = look(rec, list[0].case_id);
    CHECK_NUM(c.count, 20);
    CHECK_NUM(c.first_us, alerts[0].time_us);
    CHECK_NUM(c.last_us, alerts[19].time_us);
    CHECK_NUM(c.events, 4 + MM_FINDING_EVENTS_MAX);
    mm_arena_done(&a);
    mm_records_close(&rec);
}

TEST(what_is_only_worth_counting_never_becomes_a_case)
{
    struct mm_records *rec = open_records();
    struct mm_alert alerts[] = {alert(1, 1, MM_LEVEL_LOW, "p2p", "PC-1"),
                                alert(1, 2, MM_LEVEL_INFORMATIONAL, "neutralised", "PC-1")};
    struct batch b = {.alerts = alerts, .n = 2};
    struct mm_arena a;
    struct mm_case *list;

    mm_arena_init(&a, 1 << 20);
    run(rec, &b);
    CHECK_NUM(b.opened_n, 0);
    CHECK_NUM(cases(rec, 1, &a, &list), 0);
    mm_arena_done(&a);
    mm_records_close(&rec);
}

struct handle {
    int64_t case_id;
    enum mm_code other, range;
};

static enum mm_code handle(struct mm_tx *tx, void *arg)
{
    struct handle *h = arg;
    enum mm_code code;

    h->range = mm_case_close(tx, h->case_id, 7, MM_S("blamed"), MM_S(""), 2000);
    code = mm_case_take(tx, h->case_id, 7, 2000);
    if (code == MM_OK)
        code = mm_case_ask(tx, h->case_id, 7, MM_S("pull the LAN cable"), 2001);
    if (code == MM_OK)
        code = mm_case_answer(tx, h->case_id, 1, 8, MM_S("cannot"), MM_S("which one?"), 2002);
    if (code == MM_OK)
        code = mm_case_close(tx, h->case_id, 7, MM_S("unknown"), MM_S("not enough logs"), 2003);
    return code;
}

static enum mm_code meddle(struct mm_tx *tx, void *arg)
{
    struct handle *h = arg;

    h->other = mm_case_take(tx, h->case_id, 9, 3000);
    CHECK_NUM(mm_case_step_add(tx, h->case_id, 9, "note", MM_S("whose?"), 3000), MM_E_NOTFOUND);
    CHECK_NUM(mm_case_step_add(tx, 999, 9, "note", MM_S("whose?"), 3000), MM_E_NOTFOUND);
    return MM_OK;
}

TEST(a_case_is_handled_to_its_end_and_only_by_its_company)
{
    struct mm_records *rec = open_records();
    struct mm_alert one[] = {alert(1, 1, MM_LEVEL_HIGH, "r", "PC-1")};
    struct batch b = {.alerts = one, .n = 1};
    struct mm_scope_hold hold;
    struct handle h = {0};
    struct mm_arena a;
    struct mm_case *list;
    struct mm_case_step *steps;
    struct mm_case_request *requests;
    struct mm_tx *tx = NULL;
    size_t n = 0;

    mm_arena_init(&a, 1 << 20);
    run(rec, &b);
    h.case_id = b.opened[0].case_id;
    CHECK(mm_records_write(rec, mm_system_company(&hold, 2), meddle, &h) == MM_OK);
    CHECK_NUM(h.other, MM_E_NOTFOUND);
    CHECK_NUM(mm_records_write(rec, mm_system_company(&hold, 1), handle, &h), MM_OK);
    CHECK_NUM(h.range, MM_E_RANGE);
    CHECK_NUM(cases(rec, 1, &a, &list), 1);
    CHECK_SLICE(list[0].state, "closed");
    CHECK_SLICE(list[0].outcome, "unknown");
    CHECK(mm_records_read(rec, mm_system_company(&hold, 1), &tx) == MM_OK);
    CHECK(mm_case_steps(tx, h.case_id, &a, &steps, &n) == MM_OK);
    CHECK_NUM(n, 6); /* opened, finding, taken, asked, answered, closed */
    CHECK(mm_case_requests(tx, h.case_id, &a, &requests, &n) == MM_OK && n == 1);
    CHECK_SLICE(requests[0].state, "cannot");
    mm_records_read_done(&tx);
    /* The same thing happening again is a new case. */
    one[0].seq = 2;
    run(rec, &b);
    CHECK_NUM(b.opened_n, 1);
    CHECK_NUM(b.opened[0].number, 2);
    mm_arena_done(&a);
    mm_records_close(&rec);
}

struct moved {
    uint64_t before, after;
    struct mm_opened opened;
};

static enum mm_code move(struct mm_tx *tx, void *arg)
{
    struct moved *m = arg;
    struct mm_note note = {.company = 1,
                           .kind = "source_silent",
                           .entity_field = "observer.name",
                           .entity = MM_S("3"),
                           .level = MM_LEVEL_LOW,
                           .time_us = 9};
    struct mm_health h = {
        .company = 1, .source = 3, .parsed = 5, .unparsed = 1, .costly = 1, .updated_us = 9};
    enum mm_code code = mm_triage_position(tx, 0, &m->before);

    if (code == MM_OK)
        code = mm_triage_position_set(tx, 0, 77);
    if (code == MM_OK)
        code = mm_triage_position(tx, 0, &m->after);
    if (code == MM_OK)
        code = mm_triage_note(tx, &note, 9, &m->opened);
    if (code == MM_OK)
        code = mm_triage_over(tx, &note);
    if (code == MM_OK)
        code = mm_triage_aside(tx, 1, 0, 5, 3, 9, "crash", MM_S("\xFF\x00"));
    if (code == MM_OK) /* a batch that is done again */
        code = mm_triage_aside(tx, 1, 0, 5, 3, 9, "crash", MM_S("\xFF\x00"));
    if (code == MM_OK)
        code = mm_health_parsed(tx, &h);
    if (code == MM_OK)
        code = mm_health_parsed(tx, &h);
    return code;
}

/* How often the operator's finding of records set aside was counted. */
static int64_t asides_counted(struct mm_records *rec)
{
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    int64_t count = -1;
    struct mm_q q;

    CHECK(mm_records_read(rec, mm_system_company(&hold, 0), &tx) == MM_OK);
    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_FINDING_GET]);
    mm_q_text(&q, ":kind", MM_S("set_aside"));
    mm_q_text(&q, ":rule", MM_S(""));
    mm_q_text(&q, ":field", MM_S("event.reason"));
    mm_q_text(&q, ":entity", MM_S("crash"));
    if (mm_q_row(&q))
        count = mm_q_col_int(&q, 1);
    CHECK(mm_q_end(&q) == MM_OK);
    mm_records_read_done(&tx);
    return count;
}

TEST(position_notes_and_health_are_kept)
{
    struct mm_records *rec = open_records();
    struct moved m = {0};
    struct mm_scope_hold hold;
    struct mm_health *health;
    struct mm_arena a;
    struct mm_tx *tx = NULL;
    size_t n = 0;

    mm_arena_init(&a, 1 << 20);
    CHECK_NUM(mm_records_write(rec, mm_system_scope(), move, &m), MM_OK);
    CHECK_NUM(m.before, 1);
    CHECK_NUM(m.after, 77);
    CHECK_NUM(m.opened.case_id, 0);
    CHECK_NUM(asides_counted(rec), 1);
    CHECK(mm_records_read(rec, mm_system_company(&hold, 1), &tx) == MM_OK);
    CHECK(mm_health_list(tx, &a, &health, &n) == MM_OK && n == 1);
    CHECK_NUM(health[0].parsed, 10);
    CHECK_NUM(health[0].unparsed, 2);
    CHECK_NUM(health[0].costly, 2);
    mm_records_read_done(&tx);
    mm_arena_done(&a);
    mm_records_close(&rec);
}

static enum mm_code count_half(struct mm_tx *tx, void *arg)
{
    struct mm_counted *seen = arg;
    struct mm_counted half = {.to = 90, .company = 1, .source = 3};
    enum mm_code code = mm_triage_counted(tx, 4, &seen[0]);

    for (int i = 0; i < 2 && code == MM_OK; i++, half.source = 8) /* a second part of the batch */
        code = mm_triage_counted_set(tx, 4, &half);
    if (code == MM_OK)
        code = mm_triage_position_set(tx, 5, 1000); /* another queue's */
    if (code == MM_OK)
        code = mm_triage_counted(tx, 4, &seen[1]);
    if (code == MM_OK)
        code = mm_triage_position_set(tx, 4, 90);
    return code == MM_OK ? mm_triage_counted(tx, 4, &seen[2]) : code;
}

TEST(a_position_ends_what_was_counted_in_part)
{
    struct mm_records *rec = open_records();
    struct mm_counted seen[3] = {{.to = 7}, {0}, {.to = 7}};

    CHECK_NUM(mm_records_write(rec, mm_system_scope(), count_half, seen), MM_OK);
    CHECK_NUM(seen[0].to, 0);
    CHECK_NUM(seen[1].to, 90);
    CHECK_NUM(seen[1].company, 1);
    CHECK_NUM(seen[1].source, 8);
    CHECK_NUM(seen[2].to, 0);
    mm_records_close(&rec);
}

static enum mm_code add_page(struct mm_tx *tx, void *arg)
{
    return mm_health_intake(tx, arg);
}

TEST(a_page_of_counters_that_is_added_again_adds_what_is_new)
{
    struct mm_records *rec = open_records();
    struct mm_health page[] = {
        {.company = 1, .source = 3, .page = 100, .received = 5, .spooled = 4, .dropped = 1},
        {.company = 1, .source = 3, .page = 100, .received = 5, .spooled = 4, .dropped = 1},
        {.company = 1, .source = 3, .page = 100, .received = 9, .spooled = 9, .dropped = 1},
        {.company = 1, .source = 3, .page = 200, .received = 2, .spooled = 2, .dropped = 2},
    };
    struct mm_scope_hold hold;
    struct mm_health *health;
    struct mm_arena a;
    struct mm_tx *tx = NULL;
    size_t n = 0;

    mm_arena_init(&a, 1 << 20);
    for (size_t i = 0; i < MM_COUNT(page); i++)
        CHECK_NUM(mm_records_write(rec, mm_system_scope(), add_page, &page[i]), MM_OK);
    CHECK(mm_records_read(rec, mm_system_company(&hold, 1), &tx) == MM_OK);
    CHECK(mm_health_list(tx, &a, &health, &n) == MM_OK && n == 1);
    CHECK_NUM(health[0].received, 11);
    CHECK_NUM(health[0].spooled, 11);
    CHECK_NUM(health[0].dropped, 3);
    mm_records_read_done(&tx);
    mm_arena_done(&a);
    mm_records_close(&rec);
}

struct kept_lines {
    size_t n;
    uint32_t company, source;
    char lines[32];
};

static void keep_lines(void *ctx, uint32_t company, uint32_t source, struct mm_slice lines)
{
    struct kept_lines *k = ctx;

    k->n++;
    k->company = company;
    k->source = source;
    (void)snprintf(k->lines, sizeof(k->lines), "%.*s", MM_S_ARG(lines));
}

static enum mm_code set_headers(struct mm_tx *tx, void *arg)
{
    struct kept_lines *k = arg;
    enum mm_code code = mm_triage_header_set(tx, 1, 3, MM_S("old\n"));

    if (code == MM_OK)
        code = mm_triage_header_set(tx, 1, 3, MM_S("a\nb\n"));
    if (code == MM_OK)
        code = mm_triage_header_set(tx, 2, 3, MM_S("other\n"));
    if (code == MM_OK)
        code = mm_triage_header_set(tx, 2, 3, (struct mm_slice){0});
    if (code == MM_OK)
        code = mm_triage_header_set(tx, 99, 3, MM_S("of nobody\n"));
    return code == MM_OK ? mm_triage_headers(tx, 100, keep_lines, k) : code;
}

TEST(header_lines_are_kept_and_forgotten_by_source)
{
    struct mm_records *rec = open_records();
    struct kept_lines k = {0};

    CHECK_NUM(mm_records_write(rec, mm_system_scope(), set_headers, &k), MM_OK);
    CHECK_NUM(k.n, 1);
    CHECK(k.company == 1 && k.source == 3);
    CHECK_SLICE(mm_slice_str(k.lines), "a\nb\n");
    mm_records_close(&rec);
}
