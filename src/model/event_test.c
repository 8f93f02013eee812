/* model/event_test.c - promises of the event struct. */
#include "base/time.h"
#include "model/event.h"
#include "tests/harness/test.h"

TEST(event_sets_fields_by_name_with_their_type)
{
    static struct mm_event ev;
    struct mm_buf b;

    mm_event_reset(&ev);
    CHECK(mm_event_name(&ev, MM_S("source.ip"), MM_S("192.168.1.9")));
    CHECK(!mm_event_name(&ev, MM_S("source.port"), MM_S("http")));
    CHECK(!mm_event_has(&ev, MM_F_SOURCE_PORT));
    CHECK(mm_event_name(&ev, MM_S("destination.port"), MM_S("443")));
    CHECK(mm_event_name(&ev, MM_S("fortinet.policyid"), MM_S("7")));
    CHECK_SLICE(*mm_event_extra(&ev, MM_S("fortinet.policyid")), "7");
    ev.time_us = 1 * MM_US_PER_S;
    mm_buf_init(&b, 1000);
    mm_event_json(&b, &ev, false);
    CHECK_SLICE(mm_buf_slice(&b),
                "{\"@timestamp\":\"1970-01-01T00:00:01Z\",\"source.ip\":\"192.168.1.9\","
                "\"destination.port\":443,\"fortinet.policyid\":\"7\"}");
    mm_buf_done(&b);
}

TEST(event_keeps_at_most_its_extras_and_says_so)
{
    static struct mm_event ev;

    mm_event_reset(&ev);
    for (size_t i = 0; i < MM_MAX_EXTRA; i++)
        CHECK(mm_event_name(&ev, MM_S("x"), MM_S("y")));
    CHECK(ev.flags == 0);
    CHECK(!mm_event_name(&ev, MM_S("x"), MM_S("y")));
    CHECK(ev.flags == MM_EV_EXTRA_FULL && ev.extra_n == MM_MAX_EXTRA);
}

TEST(every_field_name_is_found_once)
{
    for (size_t i = 0; i < MM_F_COUNT; i++)
        CHECK(mm_field_find(mm_field_name((enum mm_field)i)) == (enum mm_field)i);
    CHECK(mm_field_find(MM_S("no.such.field")) == MM_F_NONE);
}

TEST(event_says_prevented_only_where_the_refusal_ends_the_harm)
{
    static const struct {
        const char *category, *type, *outcome;
        bool prevented;
    } cases[] = {
        {"malware", "denied", "failure", true},  {"intrusion_detection", "denied", "failure", true},
        {"malware", "info", "failure", false}, /* perhaps the cleaning failed */
        {"malware", "denied", "success", false}, {"malware", "allowed", "success", false},
        {"network", "denied", "failure", false}, {"authentication", "denied", "failure", false},
        {NULL, "denied", "failure", false},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        static struct mm_event ev;
        const struct {
            enum mm_field f;
            const char *text;
        } set[] = {{MM_F_EVENT_CATEGORY, cases[i].category},
                   {MM_F_EVENT_TYPE, cases[i].type},
                   {MM_F_EVENT_OUTCOME, cases[i].outcome}};

        mm_event_reset(&ev);
        for (size_t k = 0; k < MM_COUNT(set); k++) {
            if (set[k].text != NULL)
                mm_event_text(&ev, set[k].f, mm_slice_str(set[k].text));
        }
        CHECK(mm_event_prevented(&ev) == cases[i].prevented);
    }
}

TEST(event_lets_in_only_by_a_login_that_succeeded)
{
    static const struct {
        const char *category, *outcome;
        bool let_in;
    } cases[] = {{"authentication", "success", true},
                 {"authentication", "failure", false},
                 {"network", "success", false},
                 {NULL, "success", false},
                 {"authentication", NULL, false}};

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        static struct mm_event ev;

        mm_event_reset(&ev);
        if (cases[i].category != NULL)
            mm_event_text(&ev, MM_F_EVENT_CATEGORY, mm_slice_str(cases[i].category));
        if (cases[i].outcome != NULL)
            mm_event_text(&ev, MM_F_EVENT_OUTCOME, mm_slice_str(cases[i].outcome));
        CHECK(mm_event_let_in(&ev) == cases[i].let_in);
    }
}

TEST(event_stands_for_as_many_as_it_says_within_reason)
{
    static const struct {
        uint64_t says;
        uint32_t counts;
    } cases[] = {{0, 1}, {1, 1}, {40, 40}, {1000001, MM_EVENT_STANDS_MAX}, {UINT64_MAX, 1000000}};
    static struct mm_event ev;

    mm_event_reset(&ev);
    CHECK_NUM(mm_event_stands_for(&ev), 1);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        mm_event_uint(&ev, MM_F_EVENT_COUNT, cases[i].says);
        CHECK_NUM(mm_event_stands_for(&ev), cases[i].counts);
    }
}
