/* exception/trial_test.c - what an exception would have hidden, asked of a real store. */
#include "exception/trial.h"

#include <stdio.h>

#include "base/time.h"
#include "store/events/native.h"
#include "tests/harness/eventd.h"
#include "tests/harness/test.h"

enum { TIMEOUT_MS = 20 * 1000, COMPANY = 3 };

struct bed {
    struct mm_test_eventd eventd;
    struct mm_events_client *client;
    int64_t now_us;
};

/* Alerts: rule-1 forty times about PC-1 (one of them critical, one long ago, one hidden already)
 * and twenty times about PC-2, in COMPANY; rule-2 and another company beside them. */
static void put_alerts(struct bed *b)
{
    struct mm_native *n = NULL;
    struct mm_events_answer said;
    struct mm_slice block;
    struct mm_buf out;

    CHECK_NUM(mm_native_new(MM_ET_ALERTS, &n), MM_OK);
    mm_buf_init(&out, 1 << 24);
    for (uint64_t seq = 1; seq <= 70; seq++) {
        bool second = seq > 40;
        struct mm_alert a = {.seq = seq,
                             .queue = 1,
                             .company = seq > 65 ? COMPANY + 1 : COMPANY,
                             .source = 1,
                             .received_us = b->now_us - (int64_t)seq * MM_US_PER_S,
                             .time_us = b->now_us - (int64_t)seq * MM_US_PER_S,
                             .events = 1,
                             .level = seq == 7 ? MM_LEVEL_CRITICAL : MM_LEVEL_HIGH,
                             .rule_id = seq > 60 && seq <= 65 ? MM_S("rule-2") : MM_S("rule-1"),
                             .title = MM_S("t"),
                             .entity_field = MM_S("host.name"),
                             .entity = second ? MM_S("PC-2") : MM_S("PC-1"),
                             .event = second ? MM_S("{\"host.name\":\"PC-2\"}")
                                             : MM_S("{\"host.name\":\"PC-1\",\"source.ip\":"
                                                    "\"192.0.2.9\"}")};

        if (seq == 8)
            a.received_us = b->now_us - (MM_TRIAL_DAYS + 1) * MM_US_PER_DAY;
        if (seq == 9)
            a.hidden_by = MM_S("exception-1");
        if (seq == 10)
            a.event = MM_S("no JSON");
        CHECK_NUM(mm_native_alert(n, &a, 3650), MM_OK);
    }
    CHECK_NUM(mm_native_write(n, &out), MM_OK);
    block = mm_buf_slice(&out);
    CHECK_NUM(mm_events_insert(b->client, MM_ST_INSERT_ALERTS, "mimamori-test", NULL, 0, &block, 1,
                               &said),
              MM_OK);
    mm_buf_done(&out);
    mm_native_free(&n);
}

static void bed_up(struct bed *b)
{
    char state[128];

    if (mm_test_eventd_program() == NULL)
        mm_test_skip("no libchdb");
    *b = (struct bed){.now_us = mm_now_us()};
    (void)snprintf(state, sizeof(state), "%s/state", mm_test_dir());
    CHECK(mm_test_eventd_start(&b->eventd, state));
    CHECK_NUM(mm_events_new(mm_slice_str(b->eventd.address), TIMEOUT_MS, &b->client), MM_OK);
    put_alerts(b);
}

static void bed_down(struct bed *b)
{
    mm_events_free(&b->client);
    CHECK(mm_test_eventd_stop(&b->eventd));
}

TEST(a_trial_says_what_of_the_last_thirty_days_would_be_hidden)
{
    static const struct mm_filter_term pc1[] = {
        {MM_S_INIT("host.name"), MM_FILTER_EQUALS, MM_S_INIT("pc-1")}};
    static const struct mm_filter_term net[] = {
        {MM_S_INIT("source.ip"), MM_FILTER_CIDR, MM_S_INIT("192.0.2.0/24")}};
    static const struct mm_filter_term bad[] = {
        {MM_S_INIT("source.ip"), MM_FILTER_CIDR, MM_S_INIT("192.0.2.0/99")}};
    struct mm_exception e = {.company = COMPANY,
                             .rule = MM_S("rule-1"),
                             .title = MM_S("t"),
                             .product = MM_S("windows"),
                             .term = pc1,
                             .term_n = 1,
                             .reason = MM_S("r")};
    struct mm_fault fault = {0};
    struct mm_arena a;
    struct mm_trial t;
    struct bed b;

    bed_up(&b);
    mm_arena_init(&a, 1 << 20);
    CHECK_NUM(mm_exception_try(b.client, &e, b.now_us, &a, &t, &fault), MM_OK);
    CHECK_NUM(t.found, 58); /* 60 without the old and the hidden one */
    CHECK_NUM(t.tried, 58);
    CHECK_NUM(t.hidden, 37); /* 40 without those and without the one that cannot be read */
    CHECK_NUM(t.hidden_critical, 1);
    CHECK_NUM(t.hides_n, MM_TRIAL_EXAMPLES_MAX);
    CHECK_NUM(t.keeps_n, MM_TRIAL_EXAMPLES_MAX);
    CHECK_NUM(t.unread, 1);
    CHECK_NUM(t.stays, 20);
    CHECK_NUM(t.found_critical, 1);
    CHECK(mm_trial_second(&t, MM_LEVEL_HIGH));
    CHECK_NUM(t.hides[0].seq, 1);
    CHECK_SLICE(t.hides[0].entity, "PC-1");
    e.term = net;
    CHECK_NUM(mm_exception_try(b.client, &e, b.now_us, &a, &t, &fault), MM_OK);
    CHECK_NUM(t.hidden, 37);
    e.rule = MM_S("rule-2");
    CHECK_NUM(mm_exception_try(b.client, &e, b.now_us, &a, &t, &fault), MM_OK);
    CHECK_NUM(t.found, 5);
    CHECK_NUM(t.hidden, 0);
    CHECK(!mm_trial_second(&t, MM_LEVEL_HIGH));
    CHECK(mm_trial_second(&t, MM_LEVEL_CRITICAL)); /* whatever it has found so far */
    e.term = bad;
    CHECK_NUM(mm_exception_try(b.client, &e, b.now_us, &a, &t, &fault), MM_E_SYNTAX);
    CHECK(strcmp(fault.what, "exception.value") == 0);
    mm_arena_done(&a);
    bed_down(&b);
}
