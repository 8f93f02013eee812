/* detect/tuning_test.c - rules that differ by company: placeholders, on and off, levels. */
#include "tests/harness/test.h"

#include "detect/filter.h"
#include "detect/testkit.h"
#include "detect/tuning.h"
#include "detect/why.h"

static struct mm_tuning *tuning(const char *text)
{
    struct mm_tuning *t = NULL;
    struct mm_fault f = {0};

    CHECK(mm_tuning_read(mm_slice_str(text), &t, &f) == MM_OK);
    if (t == NULL)
        printf("# %zu: %s\n", f.at, f.what);
    return t;
}

static struct mm_ruleset *load(const char *rules, const char *lists)
{
    struct mm_tuning *t = tuning(lists);
    struct mm_rules_options with = {.tuning = t};
    struct mm_ruleset *set = NULL;

    CHECK(mm_rules_load_text(MM_S("t.yml"), mm_slice_str(rules), &with, &set) == MM_OK);
    for (size_t i = 0; i < mm_rules_refused(set); i++)
        printf("# %s\n", mm_rules_refusal(set, i)->what);
    CHECK_NUM(mm_rules_refused(set), 0);
    mm_tuning_free(&t); /* the set has all it needs */
    return set;
}

/* How many rules match A=a in the company. */
static size_t hits(struct mm_ruleset *set, uint32_t company, const char *a)
{
    struct mm_event ev;

    kit_event(&ev, KIT_NV("A", a));
    ev.company = company;
    return kit_match(set, &ev);
}

#define RULE(title, detection) KIT_TITLE(title) detection "---\n"
#define ADMINS RULE("t", "  s:\n    A|expand: '%Admins%'\n  condition: s\n")

TEST(placeholder_stands_for_the_values_of_the_events_company)
{
    struct mm_ruleset *set = load(ADMINS, "list: Admins\ncompany: [3]\nvalues: [alice, b*b]\n---\n"
                                          "list: Admins\ncompany: [4]\nvalues: [carol]\n");

    CHECK(mm_rules_get(set, 0)->state == MM_RULE_ACTIVE);
    CHECK_NUM(mm_rules_get(set, 0)->wanted.n, 1);
    CHECK_SLICE(mm_rules_get(set, 0)->wanted.v[0], "Admins");
    CHECK_NUM(hits(set, 3, "ALICE"), 1);
    CHECK_NUM(hits(set, 3, "bob"), 1);
    CHECK_NUM(hits(set, 3, "carol"), 0);
    CHECK_NUM(hits(set, 4, "carol"), 1);
    CHECK_NUM(hits(set, 4, "alice"), 0);
    CHECK_NUM(hits(set, 5, "alice"), 0);
    CHECK_NUM(hits(set, 5, "%Admins%"), 0);
    CHECK(!mm_rules_waits(set, 0, 3) && !mm_rules_waits(set, 0, 4) && mm_rules_waits(set, 0, 5));
    mm_rules_unref(&set);
}

TEST(list_of_a_company_stands_before_that_of_all)
{
    struct mm_ruleset *set = load(ADMINS, "list: Admins\nvalues: [everyone]\n---\n"
                                          "list: Admins\ncompany: [4]\nvalues: [carol]\n---\n"
                                          "list: Admins\ncompany: [4]\nvalues: [late]\n");

    CHECK_NUM(hits(set, 3, "everyone"), 1);
    CHECK_NUM(hits(set, 4, "everyone"), 0);
    CHECK_NUM(hits(set, 4, "carol"), 1);
    CHECK_NUM(hits(set, 4, "late"), 0);
    mm_rules_unref(&set);
}

/* A list that says what is good must be there, or everything would be bad. */
TEST(rule_is_silent_where_a_list_is_missing_also_behind_not)
{
    struct mm_ruleset *set =
        load(RULE("t", "  s:\n    A|startswith: 'a'\n  f:\n    A|expand: '%Good%'\n"
                       "  g:\n    A|contains|expand: 'x%Fine%'\n  condition: s and not 1 of f* and "
                       "not g\n"),
             "list: Good\ncompany: [3, 4]\nvalues: [alice]\n---\n"
             "list: Fine\ncompany: [4, 5]\nvalues: [yy]\n");

    CHECK_NUM(hits(set, 4, "alice"), 0);
    CHECK_NUM(hits(set, 4, "axyy"), 0);
    CHECK_NUM(hits(set, 4, "abc"), 1);
    CHECK_NUM(hits(set, 3, "abc"), 0);
    CHECK_NUM(hits(set, 5, "abc"), 0);
    CHECK_NUM(hits(set, 6, "abc"), 0);
    mm_rules_unref(&set);
}

TEST(rule_without_any_list_never_fires_and_says_what_it_waits_for)
{
    struct mm_ruleset *set = load(ADMINS, "list: Others\nvalues: [x]\n");

    CHECK(mm_rules_get(set, 0)->state == MM_RULE_NEEDS_VALUES);
    CHECK_SLICE(mm_rules_get(set, 0)->missing, "Admins");
    CHECK(mm_rules_waits(set, 0, 3));
    CHECK_NUM(hits(set, 3, "%Admins%"), 0);
    mm_rules_unref(&set);
    set = kit_load(ADMINS);
    CHECK(mm_rules_get(set, 0)->state == MM_RULE_NEEDS_VALUES);
    mm_rules_unref(&set);
}

TEST(modifiers_work_on_the_values_of_lists)
{
    struct mm_ruleset *set =
        load(RULE("a", "  s:\n    A|contains|expand: 'x%L%y'\n  condition: s\n")
                 RULE("b", "  s:\n    A|expand: '\\%L\\%'\n  condition: s\n")
                     RULE("c", "  s:\n    A|contains|all|expand: ['%L%', '%M%']\n  condition: s\n")
                         RULE("d", "  s:\n    A|re|expand: '^r%L%$'\n  condition: s\n")
                             RULE("e", "  s:\n    A|neq|expand: '%L%'\n    A|contains: q\n"
                                       "  condition: s\n"),
             "list: L\ncompany: [3]\nvalues: [one, two]\n---\n"
             "list: M\ncompany: [3]\nvalues: [mm]\n");

    CHECK_NUM(hits(set, 3, "..xtwoy.."), 1); /* a */
    CHECK_NUM(hits(set, 3, "\\%L\\%"), 1);   /* b: escaped, of every company */
    CHECK_NUM(hits(set, 7, "\\%L\\%"), 1);
    CHECK_NUM(hits(set, 3, "mm and one"), 1); /* c: one of each list */
    CHECK_NUM(hits(set, 3, "one and two"), 0);
    CHECK_NUM(hits(set, 3, "rtwo"), 1); /* d */
    CHECK_NUM(hits(set, 3, "q"), 1);    /* e */
    CHECK_NUM(hits(set, 7, "q"), 0);
    mm_rules_unref(&set);
}

TEST(network_in_a_list_holds_its_addresses)
{
    struct mm_ruleset *set =
        load(ADMINS, "list: Admins\nvalues: ['192.0.2.0/24', '2001:db8::1']\n");

    CHECK_NUM(hits(set, 3, "192.0.2.77"), 1);
    CHECK_NUM(hits(set, 3, "192.0.3.77"), 0);
    CHECK_NUM(hits(set, 3, "2001:0db8:0:0::1"), 1);
    CHECK_NUM(hits(set, 3, "2001:db8::2"), 0);
    mm_rules_unref(&set);
}

TEST(list_that_does_not_fit_a_rule_stops_it_in_that_company_alone)
{
    struct mm_ruleset *set = load(RULE("t", "  s:\n    A|cidr|expand: '%Nets%'\n  condition: s\n"),
                                  "list: Nets\ncompany: [3]\nvalues: [office]\n---\n"
                                  "list: Nets\ncompany: [4]\nvalues: [192.0.2.0/24]\n");

    CHECK(mm_rules_waits(set, 0, 3));
    CHECK_NUM(hits(set, 4, "192.0.2.9"), 1);
    CHECK_NUM(hits(set, 3, "192.0.2.9"), 0);
    CHECK_NUM(mm_rules_warnings(set), 1);
    CHECK(strcmp(mm_rules_warning(set, 0)->what, "rule.list") == 0);
    CHECK_SLICE(mm_rules_warning(set, 0)->detail, "Nets");
    mm_rules_unref(&set);
}

TEST(filter_with_a_placeholder_hides_only_where_there_are_values)
{
    struct mm_ruleset *set = load(
        RULE("t",
             "  s:\n    A|contains: a\n  condition: s\n") "title: f\nlogsource: {product: "
                                                          "windows}\nfilter:\n  rules: any\n"
                                                          "  selection: {A|expand: '%Quiet%'}\n  "
                                                          "condition: not selection\n",
        "list: Quiet\ncompany: [3]\nvalues: [alice]\n");

    CHECK_NUM(hits(set, 3, "alice"), 0);
    CHECK_NUM(hits(set, 3, "ada"), 1);
    CHECK_NUM(hits(set, 4, "alice"), 1);
    mm_rules_unref(&set);
}

TEST(rule_is_off_or_of_another_level_where_it_is_said)
{
    struct mm_ruleset *set =
        load("title: t\nid: r1\nlevel: high\nlogsource: {product: windows}\ndetection:\n"
             "  s:\n    A: x\n  condition: s\n",
             "rule: r1\ncompany: [3]\nenabled: false\n---\nrule: r1\nlevel: low\n---\n"
             "rule: r1\ncompany: [4, 5]\nlevel: critical\n---\nrule: gone\nenabled: false\n");
    char tmp[MM_FIELD_TEXT];
    struct mm_matcher *m = mm_matcher_new(set);
    struct mm_why_rule why;
    struct mm_arena a;
    struct mm_alert alert;
    struct mm_event ev;

    CHECK_NUM(hits(set, 3, "x"), 0);
    CHECK_NUM(hits(set, 4, "x"), 1);
    CHECK(mm_rules_off(set, 0, 3) && !mm_rules_off(set, 0, 4));
    CHECK(mm_rules_level(set, 0, 3) == MM_LEVEL_HIGH); /* it says nothing of the level */
    kit_event(&ev, KIT_NV("A", "x"));
    ev.company = 5;
    mm_rules_alert(set, 0, &ev, tmp, &alert);
    CHECK(alert.level == MM_LEVEL_CRITICAL && alert.rule_level == MM_LEVEL_HIGH);
    ev.company = 6;
    mm_rules_alert(set, 0, &ev, tmp, &alert);
    CHECK(alert.level == MM_LEVEL_LOW && alert.rule_level == MM_LEVEL_HIGH);
    ev.company = 3;
    CHECK_NUM(mm_rules_match(m, &ev, NULL, 0), 0);
    CHECK_NUM(mm_matcher_stats(m).off, 1);
    mm_arena_init(&a, 1024 * 1024);
    CHECK(mm_rules_why(m, 0, &ev, &a, &why) == MM_OK);
    CHECK(!why.alerts && why.off && !why.waits && why.answer == MM_YES);
    mm_arena_done(&a);
    mm_matcher_free(&m);
    mm_rules_unref(&set);
}

TEST(why_shows_the_values_of_the_events_company)
{
    struct mm_ruleset *set = load(ADMINS, "list: Admins\ncompany: [3]\nvalues: [alice, bob]\n");
    struct mm_matcher *m = mm_matcher_new(set);
    struct mm_why_rule why;
    struct mm_arena a;
    struct mm_event ev;

    mm_arena_init(&a, 1024 * 1024);
    kit_event(&ev, KIT_NV("A", "bob"));
    ev.company = 3;
    CHECK(mm_rules_why(m, 0, &ev, &a, &why) == MM_OK);
    CHECK(why.alerts && !why.waits);
    CHECK_NUM(why.tree->first->test_n, 2);
    CHECK_SLICE(why.tree->first->test[1].value, "bob");
    ev.company = 4;
    CHECK(mm_rules_why(m, 0, &ev, &a, &why) == MM_OK);
    CHECK(!why.alerts && why.waits);
    CHECK_NUM(why.tree->first->test_n, 0);
    mm_arena_done(&a);
    mm_matcher_free(&m);
    mm_rules_unref(&set);
}

/* Each company with a list of its own, of which many are alike. */
TEST(thousand_companies_share_what_is_alike)
{
    struct mm_ruleset *set;
    struct mm_buf text;

    mm_buf_init(&text, 4 * 1024 * 1024);
    for (uint32_t c = 1; c <= 1000; c++) {
        char value[32];
        int n = snprintf(value, sizeof(value), "host%u", c % 10);
        struct mm_slice v = mm_slice_of(value, (size_t)n);

        mm_tuning_put_list(&text, &(struct mm_tuning_list){.name = MM_S("Admins"),
                                                           .company = &c,
                                                           .company_n = 1,
                                                           .values = {.v = &v, .n = 1}});
    }
    mm_buf_byte(&text, 0);
    set = load(ADMINS, (const char *)text.p);
    CHECK_NUM(hits(set, 997, "host7"), 1);
    CHECK_NUM(hits(set, 998, "host7"), 0);
    CHECK_NUM(hits(set, 1001, "host1"), 0);
    mm_rules_unref(&set);
    mm_buf_done(&text);
}

TEST(tuning_names_the_line_it_refused)
{
    static const struct {
        const char *text;
        size_t line;
        const char *what;
    } cases[] = {
        {"nothing: x\n", 1, "tuning.document"},
        {"list: a\nrule: b\nvalues: [x]\n", 1, "tuning.document"},
        {"list: 'a b'\nvalues: [x]\n", 1, "tuning.name"},
        {"list: 'a%'\nvalues: [x]\n", 1, "tuning.name"},
        {"list: a\n", 1, "tuning.values"},
        {"list: a\nvalues: []\n", 2, "tuning.values"},
        {"list: a\nvalues: ['']\n", 2, "tuning.value"},
        {"list: a\nvalues: [x, \"a\\tb\"]\n", 2, "tuning.value"},
        {"list: a\ncompany: []\nvalues: [x]\n", 2, "tuning.company"},
        {"list: a\ncompany: 3\nvalues: [x]\n", 2, "tuning.company"},
        {"list: a\ncompany: [-3]\nvalues: [x]\n", 2, "tuning.company"},
        {"rule: ''\nenabled: false\n", 1, "tuning.rule"},
        {"rule: r\nenabled: maybe\n", 2, "tuning.enabled"},
        {"rule: r\nenabled: true\n", 1, "tuning.nothing"},
        {"rule: r\nlevel: huge\n", 2, "rule.level"},
        {"rule: r\nlevel: low\nmade: huge\n", 3, "rule.level"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_tuning *t = NULL;
        struct mm_fault f = {0};

        printf("# case %zu\n", i);
        CHECK(mm_tuning_read(mm_slice_str(cases[i].text), &t, &f) == MM_E_SYNTAX);
        CHECK(t == NULL);
        CHECK_NUM(f.at, cases[i].line);
        CHECK_SLICE(mm_slice_str(f.what), cases[i].what);
        CHECK(mm_rules_reason(f.what) != f.what); /* there are words for it */
    }
}

TEST(tuning_refuses_more_values_than_it_may_hold)
{
    struct mm_tuning *t = NULL;
    struct mm_fault f = {0};
    struct mm_buf text;

    mm_buf_init(&text, 1024 * 1024);
    mm_buf_str(&text, "list: a\nvalues:\n");
    for (size_t i = 0; i <= MM_TUNING_LIST_MAX; i++)
        mm_buf_str(&text, "- x\n");
    CHECK(mm_tuning_read(mm_buf_slice(&text), &t, &f) == MM_E_LIMIT);
    CHECK_SLICE(mm_slice_str(f.what), "tuning.many");
    mm_buf_done(&text);
}

TEST(what_one_person_weakened_is_counted_once_the_rule_is_critical)
{
    static const struct {
        const char *level, *adjust;
        size_t n;
    } cases[] = {
        {"critical", "enabled: false\nmade: low", 1},
        {"critical", "level: medium\nmade: high", 1},
        {"high", "enabled: false\nmade: low", 0},
        {"critical", "enabled: false", 0},                 /* a second person has agreed */
        {"critical", "enabled: false\nmade: critical", 0}, /* it was so then */
        {"critical", "level: critical\nmade: low", 0},     /* not weakened */
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        char rule[256], said[128];
        struct mm_ruleset *set;

        (void)snprintf(rule, sizeof(rule),
                       "title: t\nid: r1\nlevel: %s\nlogsource: {product: windows}\ndetection:\n"
                       "  s: {A: x}\n  condition: s\n",
                       cases[i].level);
        (void)snprintf(said, sizeof(said), "rule: r1\ncompany: [3]\n%s\n", cases[i].adjust);
        set = load(rule, said);
        CHECK_NUM(mm_rules_unasked(set), cases[i].n);
        CHECK(mm_rules_off(set, 0, 3) == (strstr(said, "enabled") != NULL)); /* as it was wanted */
        mm_rules_unref(&set);
    }
}
