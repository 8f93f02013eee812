/* detect/reach_test.c - a rule is reached by what is sent, and by nothing else. */
#include "detect/reach.h"

#include "tests/harness/test.h"

#define RULE(id, source)                                                                           \
    "---\ntitle: T" id "\nid: '" id "'\nlogsource: {" source "}\n"                                 \
    "detection: {s: {A: x}, condition: s}\n"

static const char six[] = RULE("1", "product: windows, category: process_creation")
    RULE("2", "product: windows, category: driver_load")
        RULE("3", "product: windows, service: security") RULE("4", "category: proxy")
            RULE("5", "product: windows, category: driver_load")
                RULE("6", "product: nobody, service: writes");

static struct mm_ruleset *rules(void)
{
    struct mm_ruleset *set = NULL;

    CHECK_NUM(mm_rules_load_text(MM_S("t"), mm_slice_str(six), NULL, &set), MM_OK);
    CHECK_NUM(mm_rules_refused(set), 0);
    CHECK_NUM(mm_rules_count(set), 6);
    return set;
}

static void windows(struct mm_event *ev, const char *channel, const char *code)
{
    mm_event_reset(ev);
    ev->format = MM_S("windows");
    mm_event_text(ev, MM_F_WINLOG_CHANNEL, mm_slice_str(channel));
    mm_event_text(ev, MM_F_EVENT_CODE, mm_slice_str(code));
}

/* Which of the six are reached, as bits. */
static unsigned reached(const struct mm_reach *r, const struct mm_ruleset *set)
{
    unsigned bits = 0;

    for (size_t i = 0; i < mm_rules_count(set); i++)
        bits |= mm_reach_rule(r, mm_rules_get(set, i)) ? 1U << i : 0;
    return bits;
}

TEST(rules_are_reached_by_what_is_sent_and_by_nothing_else)
{
    static struct mm_event ev;
    struct mm_ruleset *set = rules();
    struct mm_reach *r;
    struct mm_arena a;

    mm_arena_init(&a, 1 << 20);
    r = mm_reach_new(&a);
    CHECK(r != NULL);
    CHECK_NUM(reached(r, set), 0);
    windows(&ev, "Security", "4624");
    mm_reach_event(r, &ev);
    CHECK_NUM(reached(r, set), 1U << 2);
    windows(&ev, "Security", "4688"); /* a process without Sysmon */
    mm_reach_event(r, &ev);
    CHECK_NUM(reached(r, set), 1U << 2 | 1U << 0);
    mm_event_reset(&ev);
    ev.format = MM_S("squid");
    mm_reach_event(r, &ev);
    CHECK_NUM(reached(r, set), 1U << 2 | 1U << 0 | 1U << 3);
    windows(&ev, "Microsoft-Windows-Sysmon/Operational", "6");
    mm_reach_event(r, &ev);
    CHECK_NUM(reached(r, set), 0x1f); /* the sixth has no source of ours */
    mm_arena_done(&a);
    mm_rules_unref(&set);
}

TEST(rules_say_what_has_to_be_sent)
{
    static const char *const needs[] = {"windows_process", "sysmon", "windows_security",
                                        "proxy",           "sysmon", "none"};
    struct mm_ruleset *set = rules();

    for (size_t i = 0; i < MM_COUNT(needs); i++)
        CHECK(strcmp(mm_reach_need(mm_rules_get(set, i)), needs[i]) == 0);
    mm_rules_unref(&set);
}

TEST(rules_are_listed_by_logsource_what_matches_nothing_first)
{
    struct mm_ruleset *set = rules();
    struct mm_rule_source *row = NULL;
    struct mm_arena a;
    size_t n = 0;

    mm_arena_init(&a, 1 << 20);
    CHECK_NUM(mm_rule_sources(set, &a, &row, &n), MM_OK);
    CHECK_NUM(n, 5);
    CHECK_SLICE(row[0].rule->product, "nobody");
    CHECK_NUM(row[0].count[MM_RULE_NO_SOURCE], 1);
    CHECK_SLICE(row[1].rule->category, "driver_load");
    CHECK_NUM(row[1].all, 2);
    CHECK_NUM(row[1].count[MM_RULE_ACTIVE], 2);
    mm_arena_done(&a);
    mm_rules_unref(&set);
}
