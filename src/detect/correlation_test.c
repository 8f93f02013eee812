/* detect/correlation_test.c - correlation rules as they are read, and what is refused. */
#include "base/time.h"
#include "tests/harness/test.h"

#include "detect/correlation.h"
#include "detect/testkit.h"

#define BASE                                                                                       \
    KIT_TITLE("Login failed")                                                                      \
    "  s: {EventID: 4625}\n  condition: s\nname: failed\n---\n" KIT_TITLE(                         \
        "Login") "  s: {EventID: 4624}\n  condition: s\nname: login\n---\n"

TEST(correlation_is_kept_as_numbers_and_rules)
{
    struct mm_ruleset *set = kit_load(
        BASE "title: Guessed\nname: guessed\nlevel: high\ncorrelation:\n  type: temporal_ordered\n"
             "  rules: [failed, login]\n  group-by: [user, host.name]\n  timespan: 15m\n"
             "  generate: true\n  aliases:\n    user: {failed: TargetUserName, login: User}\n---\n"
             "title: Many\ncorrelation:\n  type: value_count\n  rules: failed\n  timespan: 1d\n"
             "  condition: {field: TargetUserName, gte: 10, lt: 100}\n---\n"
             "title: Chain\ncorrelation: {type: event_count, rules: [guessed], timespan: 90s, "
             "condition: {gt: 3}}\n---\n"
             "title: Slow\ncorrelation: {type: value_percentile, rules: [login], timespan: 2h, "
             "condition: {field: event.duration, percentile: 95, gt: 1.5}}\n");
    const struct mm_correlation *c = mm_rules_correlation(set, 2);

    CHECK_NUM(mm_rules_warnings(set), 0);
    CHECK(mm_rules_correlation(set, 0) == NULL);
    CHECK(mm_rules_get(set, 2)->state == MM_RULE_NEXT_STAGE);
    CHECK(c->type == MM_CORR_TEMPORAL_ORDERED && c->generate);
    CHECK_NUM(c->timespan_us, 15 * 60 * MM_US_PER_S);
    CHECK(c->rule_n == 2 && c->rule[0] == 0 && c->rule[1] == 1);
    CHECK_NUM(c->group_by.n, 2);
    CHECK_NUM(c->condition_n, 0);
    CHECK_NUM(c->alias_n, 2);
    CHECK_SLICE(c->alias[1].alias, "user");
    CHECK_SLICE(c->alias[1].rule, "login");
    CHECK_SLICE(c->alias[1].field, "User");
    c = mm_rules_correlation(set, 3);
    CHECK(c->type == MM_CORR_VALUE_COUNT && !c->generate && c->condition_n == 2);
    CHECK(c->condition[0].op == MM_CORR_GTE && c->condition[0].value == 10);
    CHECK(c->condition[1].op == MM_CORR_LT && c->condition[1].value == 100);
    CHECK_SLICE(c->fields.v[0], "TargetUserName");
    CHECK_NUM(c->timespan_us, MM_US_PER_DAY);
    c = mm_rules_correlation(set, 4);
    CHECK(c->rule_n == 1 && c->rule[0] == 2 && c->timespan_us == 90 * MM_US_PER_S);
    c = mm_rules_correlation(set, 5);
    CHECK(c->percentile == 95 && c->condition[0].value == 1.5);
    mm_rules_unref(&set);
}

TEST(correlation_of_a_rule_that_is_not_there_is_warned_of)
{
    struct mm_ruleset *set = kit_load(
        BASE "title: C\nname: c\ncorrelation: {type: temporal, rules: [failed, nobody, c], "
             "timespan: 5m}\n");

    CHECK_NUM(mm_rules_correlation(set, 2)->rule_n, 1);
    CHECK_NUM(mm_rules_warnings(set), 2);
    CHECK_SLICE(mm_slice_str(mm_rules_warning(set, 0)->what), "correlation.rule.unknown");
    CHECK_SLICE(mm_rules_warning(set, 0)->detail, "nobody");
    mm_rules_unref(&set);
}

TEST(correlation_names_what_is_wrong_with_it)
{
    static const struct {
        const char *correlation, *what;
    } rows[] = {
        {"temporal", "correlation.map"},
        {"{rules: [a], timespan: 5m}", "correlation.type"},
        {"{type: often, rules: [a], timespan: 5m}", "correlation.type"},
        {"{type: temporal, timespan: 5m}", "correlation.rules"},
        {"{type: temporal, rules: [], timespan: 5m}", "correlation.rules"},
        {"{type: temporal, rules: [[a]], timespan: 5m}", "correlation.rules"},
        {"{type: temporal, rules: [a]}", "correlation.timespan"},
        {"{type: temporal, rules: [a], timespan: 5}", "correlation.timespan"},
        {"{type: temporal, rules: [a], timespan: 5M}", "correlation.timespan"},
        {"{type: temporal, rules: [a], timespan: 0m}", "correlation.timespan"},
        {"{type: temporal, rules: [a], timespan: 367d}", "correlation.timespan"},
        {"{type: temporal, rules: [a], timespan: 99999999999999999999d}", "correlation.timespan"},
        {"{type: temporal, rules: [a], timespan: 5m, group-by: {a: b}}", "correlation.group"},
        {"{type: event_count, rules: [a], timespan: 5m}", "correlation.condition"},
        {"{type: event_count, rules: [a], timespan: 5m, condition: 5}", "correlation.condition"},
        {"{type: event_count, rules: [a], timespan: 5m, condition: {}}", "correlation.condition"},
        {"{type: event_count, rules: [a], timespan: 5m, condition: {gte: many}}",
         "correlation.condition"},
        {"{type: event_count, rules: [a], timespan: 5m, condition: {above: 5}}",
         "correlation.condition"},
        {"{type: value_sum, rules: [a], timespan: 5m, condition: {gte: 5}}", "correlation.field"},
        {"{type: value_percentile, rules: [a], timespan: 5m, condition: {field: a, percentile: "
         "101, "
         "gte: 5}}",
         "correlation.condition"},
        {"{type: temporal, rules: [a], timespan: 5m, aliases: [a]}", "correlation.aliases"},
        {"{type: temporal, rules: [a], timespan: 5m, aliases: {a: {b: [c]}}}",
         "correlation.aliases"},
        {"{type: temporal, rules: [a], timespan: 5m, generate: maybe}", "correlation.generate"},
    };

    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        struct mm_ruleset *set = NULL;
        char text[512];

        (void)snprintf(text, sizeof(text), "title: C\ncorrelation: %s\n", rows[i].correlation);
        CHECK(mm_rules_load_text(MM_S("t.yml"), mm_slice_str(text), NULL, &set) == MM_OK);
        CHECK_NUM(mm_rules_refused(set), 1);
        printf("# %s\n", rows[i].correlation);
        CHECK_SLICE(mm_slice_str(mm_rules_refusal(set, 0)->what), rows[i].what);
        CHECK(mm_rules_reason(rows[i].what) != rows[i].what);
        mm_rules_unref(&set);
    }
}
