/* tests/portal/alerts.c - see alerts.h. */
#include "tests/portal/alerts.h"

#include "base/time.h"
#include "store/events/client.h"
#include "store/events/native.h"

static bool insert(struct mm_events_client *c, enum mm_statement st, struct mm_native *n)
{
    struct mm_events_answer said;
    struct mm_slice block;
    struct mm_buf out;
    bool good;

    mm_buf_init(&out, 1 << 24);
    good = mm_native_write(n, &out) == MM_OK;
    block = mm_buf_slice(&out);
    good = good && mm_events_insert(c, st, "mimamori-test", NULL, 0, &block, 1, &said) == MM_OK;
    mm_buf_done(&out);
    return good;
}

bool fixture_low_alert(const char *address, uint32_t company, uint64_t seq, int64_t now_us)
{
    const struct mm_alert a = {.seq = seq,
                               .company = company,
                               .source = 1,
                               .received_us = now_us - MM_US_PER_S,
                               .time_us = now_us - MM_US_PER_S,
                               .events = 1,
                               .level = MM_LEVEL_LOW,
                               .rule_id = MM_S(FIXTURE_RULE),
                               .title = MM_S("Of a level that opens no case"),
                               .entity_field = MM_S("host.name"),
                               .entity = MM_S("PC-3"),
                               .event = MM_S("{\"host.name\":\"PC-3\"}")};
    struct mm_events_client *c = NULL;
    struct mm_native *n = NULL;
    bool good = mm_events_new(mm_slice_str(address), 20000, &c) == MM_OK &&
                mm_native_new(MM_ET_ALERTS, &n) == MM_OK && mm_native_alert(n, &a, 3650) == MM_OK &&
                insert(c, MM_ST_INSERT_ALERTS, n);

    mm_native_free(&n);
    mm_events_free(&c);
    return good;
}

static bool put_alerts(struct mm_events_client *c, int64_t now_us)
{
    struct mm_native *n = NULL;
    bool good = mm_native_new(MM_ET_ALERTS, &n) == MM_OK;

    for (uint64_t seq = 101; seq <= 112 && good; seq++) {
        const struct mm_alert a = {.seq = seq,
                                   .company = seq == 112 ? 2 : 1,
                                   .source = 1,
                                   .received_us = now_us - (int64_t)seq * MM_US_PER_S,
                                   .time_us = now_us - (int64_t)seq * MM_US_PER_S,
                                   .events = 1,
                                   .level = seq == 110 ? MM_LEVEL_CRITICAL : MM_LEVEL_HIGH,
                                   .rule_id = MM_S(FIXTURE_RULE),
                                   .title = MM_S("What the fixture's cases were found by"),
                                   .entity_field = MM_S("source.ip"),
                                   .entity = seq == 110 ? MM_S("192.0.2.32") : MM_S("192.0.2.31"),
                                   .hidden_by = seq == 111 ? MM_S("exception-1") : MM_S(""),
                                   .event = seq == 110 ? MM_S("{\"source.ip\":\"192.0.2.32\"}")
                                                       : MM_S("{\"source.ip\":\"192.0.2.31\"}")};

        good = mm_native_alert(n, &a, 3650) == MM_OK;
    }
    good = good && insert(c, MM_ST_INSERT_ALERTS, n);
    mm_native_free(&n);
    return good;
}

static bool put_event(struct mm_events_client *c, int64_t now_us)
{
    struct mm_native *n = NULL;
    struct mm_event ev;
    bool good = mm_native_new(MM_ET_EVENTS, &n) == MM_OK;

    mm_event_reset(&ev);
    ev.company = 1;
    ev.source = 1;
    ev.seq = 101;
    ev.received_us = ev.time_us = now_us - 101 * MM_US_PER_S;
    ev.keep_days = 3650;
    ev.format = MM_S("squid");
    ev.original = MM_S("a line of PC-31");
    mm_event_text(&ev, MM_F_HOST_NAME, MM_S("PC-31"));
    good = good && mm_native_event(n, &ev) == MM_OK && insert(c, MM_ST_INSERT_EVENTS, n);
    mm_native_free(&n);
    return good;
}

bool fixture_alerts(const char *address, int64_t now_us)
{
    struct mm_events_client *c = NULL;
    bool good = mm_events_new(mm_slice_str(address), 20000, &c) == MM_OK && put_alerts(c, now_us) &&
                put_event(c, now_us);

    mm_events_free(&c);
    return good;
}
