/* app/rules_try_test.c - how often a rule would have fired, asked of a real store. */
#include "app/rules_try.h"

#include <stdio.h>

#include "base/time.h"
#include "store/events/native.h"
#include "tests/harness/eventd.h"
#include "tests/harness/test.h"

enum { TIMEOUT_MS = 20 * 1000, COMPANY = 3, EVENTS = 1500 };

#define OLD_US INT64_C(1608687240000000) /* in December 2020, as the pilot's lines */

#define RULE                                                                                       \
    "title: T\nid: t\nlogsource: {product: windows}\n"                                             \
    "detection: {s: {Image|endswith: '\\bad.exe'}, condition: s}\nmimamori: {entity: host.name}\n"
#define FILTER                                                                                     \
    "---\ntitle: F\nid: f\nlogsource: {product: windows}\n"                                        \
    "filter: {rules: [t], s: {host.name: PC-2}, condition: not s}\n"

/* Every tenth is one that the rule finds; PC-0 has most. The oldest two: long ago, another's. */
static void put_events(struct mm_events_client *client, int64_t now_us)
{
    static struct mm_event ev;
    struct mm_events_answer said;
    struct mm_native *n = NULL;
    struct mm_slice block;
    struct mm_buf out;

    CHECK_NUM(mm_native_new(MM_ET_EVENTS, &n), MM_OK);
    mm_buf_init(&out, 1 << 24);
    for (uint64_t seq = 1; seq <= EVENTS + 2; seq++) {
        char host[8];
        bool bad = seq % 10 == 0 || seq > EVENTS;

        (void)snprintf(host, sizeof(host), "PC-%d", seq % 100 == 0 ? 1 : seq % 50 == 0 ? 2 : 0);
        mm_event_reset(&ev);
        ev.seq = seq;
        ev.queue = 1;
        ev.source = 1;
        ev.keep_days = 365;
        ev.company = seq == EVENTS + 2 ? COMPANY + 1 : COMPANY;
        ev.received_us = ev.time_us = now_us - (int64_t)(EVENTS + 9 - seq) * MM_US_PER_S;
        if (seq == 1)
            ev.time_us = OLD_US; /* it happened long ago and came with the others */
        if (seq == EVENTS + 1)
            ev.received_us = now_us - 8 * MM_US_PER_DAY;
        ev.format = MM_S("windows");
        ev.original = bad ? MM_S(" a bad line\n") : MM_S("a good line");
        mm_event_text(&ev, MM_F_WINLOG_CHANNEL, MM_S("System"));
        mm_event_text(&ev, MM_F_HOST_NAME, mm_slice_str(host));
        mm_event_text(&ev, MM_F_PROCESS_EXECUTABLE,
                      bad ? MM_S("C:\\bad.exe") : MM_S("C:\\good.exe"));
        CHECK_NUM(mm_native_event(n, &ev), MM_OK);
    }
    CHECK_NUM(mm_native_write(n, &out), MM_OK);
    block = mm_buf_slice(&out);
    CHECK_NUM(
        mm_events_insert(client, MM_ST_INSERT_EVENTS, "mimamori-test", NULL, 0, &block, 1, &said),
        MM_OK);
    mm_buf_done(&out);
    mm_native_free(&n);
}

static struct mm_ruleset *rules(const char *text)
{
    struct mm_ruleset *set = NULL;

    CHECK_NUM(mm_rules_load_text(MM_S("t"), mm_slice_str(text), NULL, &set), MM_OK);
    CHECK_NUM(mm_rules_refused(set), 0);
    return set;
}

static const uint32_t company[] = {COMPANY, COMPANY + 7, COMPANY + 1};

/* Of several companies, and without time. */
static void cut_short(struct mm_events_client *client, struct mm_rules_try_ask ask,
                      struct mm_arena *a)
{
    struct mm_events_answer said;
    struct mm_rules_try t;
    int64_t now_us = ask.now_us;

    /* Each company has its share, and what one leaves is the next one's. */
    ask.company_n = MM_COUNT(company);
    CHECK_NUM(mm_rules_try(client, &ask, a, &t, &said), MM_OK);
    CHECK_NUM(t.events, 400 + 1); /* a third, nothing, and the one event of the third */
    CHECK_NUM(t.matches, 40 + 1);
    CHECK_NUM(t.companies, 2);
    CHECK_NUM(t.company[0].company, COMPANY);
    CHECK_NUM(t.company[1].matches, 1);

    ask.until_mono_us = mm_mono_us();
    CHECK_NUM(mm_rules_try(client, &ask, a, &t, &said), MM_OK);
    CHECK_NUM(t.events, 0);
    CHECK_NUM(t.cut, MM_RULES_TRY_TIME);
    CHECK_NUM(t.since_us, now_us); /* nothing was looked at */
}

TEST(a_rule_is_tried_on_what_is_stored)
{
    struct mm_ruleset *rule, *filtered;
    struct mm_events_client *client;
    struct mm_events_answer said;
    struct mm_test_eventd eventd;
    struct mm_rules_try_ask ask;
    struct mm_rules_try t;
    struct mm_arena a;
    char state[128];
    int64_t now_us = mm_now_us();

    if (mm_test_eventd_program() == NULL)
        mm_test_skip("no libchdb");
    (void)snprintf(state, sizeof(state), "%s/state", mm_test_dir());
    CHECK(mm_test_eventd_start(&eventd, state));
    CHECK_NUM(mm_events_new(mm_slice_str(eventd.address), TIMEOUT_MS, &client), MM_OK);
    put_events(client, now_us);
    rule = rules(RULE);
    filtered = rules(RULE FILTER);
    mm_arena_init(&a, 1 << 24);

    ask = (struct mm_rules_try_ask){.company = company,
                                    .company_n = 1,
                                    .set = rule,
                                    .now_us = now_us,
                                    .days = 7,
                                    .events_max = 5000};
    CHECK_NUM(mm_rules_try(client, &ask, &a, &t, &said), MM_OK);
    CHECK_NUM(t.events, EVENTS); /* two pages; not what came long ago, not the other company's */
    CHECK(t.first_us == OLD_US && t.last_us == now_us - 9 * MM_US_PER_S);
    CHECK_NUM(t.cut, MM_RULES_TRY_WHOLE);
    CHECK_NUM(t.since_us, now_us - 7 * MM_US_PER_DAY);
    CHECK_NUM(t.matches, 150);
    CHECK_NUM(t.top_n, 3);
    CHECK_SLICE(t.top[0].text, "PC-0");
    CHECK_NUM(t.top[0].matches, 120);
    CHECK_NUM(t.top[1].matches, 15);
    CHECK_NUM(t.example_n, MM_RULES_TRY_EXAMPLES_MAX);
    CHECK_NUM(t.example[0].seq, EVENTS);
    CHECK_SLICE(t.example[0].line, "a bad line");

    ask.set = filtered;
    ask.days = 9;
    CHECK_NUM(mm_rules_try(client, &ask, &a, &t, &said), MM_OK);
    CHECK_NUM(t.events, EVENTS + 1);
    CHECK_NUM(t.matches, 136);
    CHECK_NUM(t.hidden, 15);

    ask.set = rule;
    ask.days = 7;
    ask.events_max = 1200;
    CHECK_NUM(mm_rules_try(client, &ask, &a, &t, &said), MM_OK);
    CHECK_NUM(t.events, 1200);
    CHECK_NUM(t.cut, MM_RULES_TRY_ROWS);
    CHECK_NUM(t.since_us, now_us - (EVENTS + 9 - 301) * MM_US_PER_S); /* its 1,200th */
    CHECK_NUM(t.matches, 120);

    cut_short(client, ask, &a);

    ask.company = &company[1];
    CHECK_NUM(mm_rules_try(client, &ask, &a, &t, &said), MM_OK);
    CHECK_NUM(t.events, 0);
    CHECK_NUM(t.cut, MM_RULES_TRY_WHOLE);
    mm_arena_done(&a);
    mm_rules_unref(&rule);
    mm_rules_unref(&filtered);
    mm_events_free(&client);
    CHECK(mm_test_eventd_stop(&eventd));
}
