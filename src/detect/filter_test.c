/* detect/filter_test.c - what filters hide, at which rules, for whom and until when. */
#include "base/time.h"
#include "base/utf8.h"
#include "tests/harness/test.h"

#include "detect/filter.h"
#include "detect/testkit.h"

#define RULE_A                                                                                     \
    "title: A\nid: 11111111-0000-4000-8000-000000000001\nname: rule_a\n"                           \
    "logsource: {product: windows, service: security}\n"                                           \
    "detection: {s: {Image|endswith: '\\a.exe'}, condition: s}\n---\n"
#define RULE_B                                                                                     \
    "title: B\nid: 11111111-0000-4000-8000-000000000002\n"                                         \
    "logsource: {product: windows}\ndetection: {s: {User: bob}, condition: s}\n---\n"
#define FILTER(rules, rest)                                                                        \
    "title: F\nid: 22222222-0000-4000-8000-000000000001\nlogsource: {product: windows}\n"          \
    "filter:\n  rules: " rules "\n" rest

/* One event against rules and filters: how many alert, how many are hidden. */
static void ask(const char *text, const char *image, const char *user, size_t hits, size_t hidden)
{
    struct mm_ruleset *set = kit_load(text);
    struct mm_matcher *m = mm_matcher_new(set);
    const struct mm_hidden *h;
    struct mm_event ev;
    uint32_t out[8];

    CHECK(m != NULL);
    kit_event(&ev, KIT_NV("process.executable", image, "winlog.event_data.User", user));
    CHECK_NUM(mm_rules_match(m, &ev, out, 8), hits);
    CHECK_NUM(mm_matcher_hidden(m, &h), hidden);
    CHECK_NUM(mm_matcher_stats(m).hits, hits);
    CHECK_NUM(mm_matcher_stats(m).hidden, hidden);
    for (size_t i = 0; i < hidden; i++)
        CHECK(h[i].rule < mm_rules_count(set) && h[i].filter < mm_filters_count(set));
    mm_matcher_free(&m);
    mm_rules_unref(&set);
}

TEST(filter_hides_matches_of_the_rules_it_names)
{
    const char *by_id =
        RULE_A RULE_B FILTER("[11111111-0000-4000-8000-000000000001]",
                             "  selection: {User|startswith: adm_}\n  condition: not selection\n");
    const char *by_name = RULE_A RULE_B FILTER(
        "rule_a", "  selection: {User|startswith: adm_}\n  condition: not selection\n");

    ask(by_id, "C:\\a.exe", "adm_x", 0, 1);
    ask(by_name, "C:\\a.exe", "ADM_X", 0, 1);
    ask(by_id, "C:\\a.exe", "bob", 2, 0);
    ask(by_id, "C:\\b.exe", "adm_x", 0, 0); /* nothing matched: nothing is hidden */
}

TEST(filter_before_its_rules_holds_as_well)
{
    ask(FILTER("any", "  selection: {User: bob}\n  condition: not selection\n---\n") RULE_A RULE_B,
        "C:\\a.exe", "bob", 0, 2);
}

TEST(filter_for_any_rule_stays_within_its_logsource)
{
    ask(RULE_A RULE_B "title: F\nlogsource: {product: windows, service: security}\nfilter:\n"
                      "  rules: ANY\n  selection: {User: bob}\n  condition: not selection\n",
        "C:\\a.exe", "bob", 1, 1);
}

TEST(filter_condition_is_read_as_hiding_in_both_spellings)
{
    static const struct {
        const char *condition;
        size_t hidden_bob, hidden_eve;
    } rows[] = {
        {"selection", 1, 0},
        {"not selection", 1, 0},
        {"not (selection or other)", 1, 1},
        {"selection or other", 1, 1},
        {"not selection and not other", 1, 1},
        {"not 1 of them", 1, 1},
        {"all of them", 0, 0},
        {"not all of them", 0, 0},
        {"not selection or not other", 0, 0},
        {"selection and not other", 1, 0},
    };

    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        char text[2048];

        (void)snprintf(text, sizeof(text),
                       RULE_A FILTER("rule_a", "  selection: {User: [bob, zoe]}\n"
                                               "  other: {User: eve}\n  condition: %s\n"),
                       rows[i].condition);
        printf("# %s\n", rows[i].condition);
        ask(text, "C:\\a.exe", "bob", 1 - rows[i].hidden_bob, rows[i].hidden_bob);
        ask(text, "C:\\a.exe", "eve", 1 - rows[i].hidden_eve, rows[i].hidden_eve);
    }
}

TEST(filter_of_everything_turns_its_rules_off)
{
    ask(RULE_A FILTER("rule_a", "  selection: '*'\n  condition: not selection\n"), "C:\\a.exe",
        "bob", 0, 1);
}

TEST(filter_ends_and_is_for_its_companies_only)
{
    struct mm_ruleset *set =
        kit_load(RULE_A FILTER("rule_a", "  selection: {User: bob}\n  condition: not selection\n"
                                         "mimamori: {company: [9, 7], until: 2026-12-01, "
                                         "reason: backup}\n"));
    const struct mm_filter *f = mm_filters_get(set, 0);
    struct mm_matcher *m = mm_matcher_new(set);
    struct mm_event ev;
    uint32_t out[4];
    int64_t end;
    bool zone;

    CHECK(mm_time_parse(MM_S("2026-12-01T00:00:00Z"), 0, &end, &zone));
    CHECK_NUM(f->until_us, end);
    CHECK_NUM(f->company_n, 2);
    CHECK_NUM(f->company[0], 7);
    CHECK_NUM(f->rule_n, 1);
    CHECK_SLICE(f->reason, "backup");
    CHECK_SLICE(f->rules.v[0], "rule_a");
    kit_event(&ev, KIT_NV("process.executable", "\\a.exe", "winlog.event_data.User", "bob"));
    for (uint32_t company = 6; company <= 10; company++) {
        bool meant = company == 7 || company == 9;

        ev.company = company;
        ev.received_us = end - 1;
        CHECK_NUM(mm_rules_match(m, &ev, out, 4), !meant);
        CHECK(mm_filter_holds(m, 0, &ev) == meant);
        ev.received_us = end;
        CHECK_NUM(mm_rules_match(m, &ev, out, 4), 1);
        CHECK(!mm_filter_holds(m, 0, &ev));
    }
    CHECK_NUM(mm_matcher_filter_hits(m, 0), 2);
    mm_matcher_free(&m);
    mm_rules_unref(&set);
}

/* A search that meets its limit says neither yes nor no: what cannot be decided is not hidden. */
TEST(filter_that_cannot_decide_hides_nothing)
{
    static char text[64 * 1024];

    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 2] = 'b';
    ask(RULE_B FILTER("any", "  selection: {Image|re: '(a|aa)+$'}\n  condition: not selection\n"),
        text, "bob", 1, 0);
}

TEST(filter_names_what_is_wrong_with_it)
{
    static const struct {
        const char *text, *what;
    } rows[] = {
        {"title: F\nfilter: {rules: any, selection: {A: b}, condition: selection}\n",
         "rule.logsource"},
        {"title: F\nlogsource: {product: x}\nfilter: any\n", "filter.map"},
        {"title: F\nlogsource: {product: x}\nfilter: {selection: {A: b}, condition: selection}\n",
         "filter.rules"},
        {FILTER("[]", "  selection: {A: b}\n  condition: selection\n"), "filter.rules"},
        {FILTER("[[a]]", "  selection: {A: b}\n  condition: selection\n"), "filter.rules"},
        {FILTER("any", "  selection: {A: b}\n"), "filter.condition"},
        {FILTER("any", "  selection: {A: b}\n  condition: [selection]\n"), "filter.condition"},
        {FILTER("any", "  selection: {A: b}\n  condition: other\n"), "rule.condition.unknown"},
        {FILTER("any", "  selection: {A: b}\n  condition: selection\nmimamori: {until: soon}\n"),
         "filter.until"},
        {FILTER("any", "  selection: {A: b}\n  condition: selection\nmimamori: {company: x}\n"),
         "filter.company"},
        {FILTER("any", "  selection: {A: b}\n  condition: selection\nmimamori: {company: []}\n"),
         "filter.company"},
        {FILTER("any", "  selection: {A: b}\n  condition: selection\n---\n")
             FILTER("any", "  selection: {A: b}\n  condition: selection\n"),
         "rule.double"},
    };

    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        struct mm_ruleset *set = NULL;

        CHECK(mm_rules_load_text(MM_S("t.yml"), mm_slice_str(rows[i].text), NULL, &set) == MM_OK);
        CHECK_NUM(mm_rules_refused(set), 1);
        CHECK_SLICE(mm_slice_str(mm_rules_refusal(set, 0)->what), rows[i].what);
        CHECK_NUM(mm_filters_count(set), i + 1 == MM_COUNT(rows));
        mm_rules_unref(&set);
    }
}

TEST(filter_that_stands_nowhere_is_warned_of)
{
    static const struct {
        const char *text, *what;
    } rows[] = {
        {RULE_A FILTER("[nobody]", "  selection: {A: b}\n  condition: selection\n"),
         "filter.rule.unknown"},
        {RULE_A "title: F\nlogsource: {product: linux}\nfilter: {rules: [rule_a], s: {A: b}, "
                "condition: s}\n",
         "filter.rule.logsource"},
        {FILTER("any", "  selection: {A: b}\n  condition: selection\n"), "filter.nothing"},
        {RULE_A FILTER("any", "  selection: {A|expand: '%who%'}\n  condition: selection\n"),
         "filter.values"},
    };

    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        struct mm_ruleset *set = kit_load(rows[i].text);

        CHECK_NUM(mm_rules_warnings(set), 1);
        CHECK_SLICE(mm_slice_str(mm_rules_warning(set, 0)->what), rows[i].what);
        CHECK_NUM(mm_filters_count(set), 1);
        mm_rules_unref(&set);
    }
}

/* Write a filter of one value, load it behind rule A, ask about the value and about another. */
static void round_trip(struct mm_slice value, enum mm_filter_how how, struct mm_slice other)
{
    struct mm_slice rule = MM_S("rule_a");
    struct mm_filter f = {.title = MM_S("\"quoted\": - title\xff"),
                          .reason = MM_S("line\nbreak"),
                          .product = MM_S("windows"),
                          .rules = {.v = &rule, .n = 1},
                          .until_us = MM_FILTER_NO_END};
    struct mm_filter_term term[] = {{MM_S("user.name"), how, value},
                                    {MM_S("user.name"), how, MM_S("192.0.2.1")}};
    struct mm_rules_text text = {.name = MM_S("exceptions")};
    struct mm_rules_options options = {.text = &text, .text_n = 1};
    struct mm_ruleset *set = NULL;
    struct mm_matcher *m;
    struct mm_event ev;
    struct mm_buf out;
    uint32_t hits[4];

    mm_buf_init(&out, 1024 * 1024);
    mm_buf_str(&out, RULE_A);
    CHECK(mm_filter_write(&f, term, 2, &out, NULL) == MM_OK);
    text.text = mm_buf_slice(&out);
    CHECK(mm_rules_load(NULL, 0, &options, &set, NULL) == MM_OK);
    CHECK_NUM(mm_rules_refused(set), 0);
    CHECK_NUM(mm_rules_warnings(set), 0);
    CHECK_SLICE(mm_filters_get(set, 0)->title, "\"quoted\": - title\xef\xbf\xbd");
    CHECK_SLICE(mm_filters_get(set, 0)->reason, "line\nbreak");
    m = mm_matcher_new(set);
    kit_event(&ev, KIT_NV("process.executable", "\\a.exe"));
    mm_event_text(&ev, MM_F_USER_NAME, value);
    CHECK_NUM(mm_rules_match(m, &ev, hits, 4), 0);
    mm_event_text(&ev, MM_F_USER_NAME, other);
    CHECK_NUM(mm_rules_match(m, &ev, hits, 4), 1);
    mm_matcher_free(&m);
    mm_rules_unref(&set);
    mm_buf_done(&out);
}

TEST(filter_written_hides_the_value_and_no_other)
{
    round_trip(MM_S("bob"), MM_FILTER_EQUALS, MM_S("bobby"));
    round_trip(MM_S("b*b"), MM_FILTER_EQUALS, MM_S("bob"));
    round_trip(MM_S("b?b"), MM_FILTER_EQUALS, MM_S("bob"));
    round_trip(MM_S("C:\\x\\*\\\\"), MM_FILTER_EQUALS, MM_S("C:\\x\\y\\\\"));
    round_trip(MM_S("\\*"), MM_FILTER_CONTAINS, MM_S("\\x"));
    round_trip(MM_S("a\\"), MM_FILTER_ENDS, MM_S("a"));
    round_trip(MM_S("\\\\server\\share"), MM_FILTER_STARTS, MM_S("\\server\\share"));
    round_trip(MM_S("null"), MM_FILTER_EQUALS, MM_S("nul"));
    round_trip(MM_S("0x10"), MM_FILTER_EQUALS, MM_S("16"));
    round_trip(MM_S(" blank \t\r\n'\"%x% "), MM_FILTER_EQUALS, MM_S("blank"));
    round_trip(MM_S("\x01\x7f\xc2\x85\xe2\x80\xa8\xef\xbb\xbf\xef\xbf\xbf\xe3\x81\x82"),
               MM_FILTER_EQUALS, MM_S("\x01"));
    round_trip(MM_S("198.51.100.7"), MM_FILTER_CIDR, MM_S("198.51.100.8"));
}

TEST(filter_that_cannot_be_written_names_the_term)
{
    static uint8_t much[MM_MAX_LINE];
    struct mm_filter f = {
        .title = MM_S("t"), .product = MM_S("windows"), .until_us = MM_FILTER_NO_END};
    const struct mm_filter_term rows[] = {
        {MM_S("a"), MM_FILTER_EQUALS, MM_S("\xff")},
        {MM_S("a|re"), MM_FILTER_EQUALS, MM_S("x")},
        {MM_S(""), MM_FILTER_EQUALS, MM_S("x")},
        {MM_S("a"), MM_FILTER_EQUALS, mm_slice_of(much, sizeof(much))},
    };
    struct mm_buf out;

    mm_buf_init(&out, 1024 * 1024);
    mm_buf_str(&out, "before");
    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        struct mm_filter_term term[] = {{MM_S("b"), MM_FILTER_EQUALS, MM_S("x")}, rows[i]};
        struct mm_fault fault = {0};

        CHECK(mm_filter_write(&f, term, 2, &out, &fault) == (i == 3 ? MM_E_LIMIT : MM_E_SYNTAX));
        CHECK_NUM(fault.at, 1);
        CHECK_SLICE(mm_buf_slice(&out), "before");
    }
    mm_buf_done(&out);
}
