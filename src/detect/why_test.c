/* detect/why_test.c - a rule explained: every part, what the event holds, what hides it. */
#include "tests/harness/test.h"

#include "detect/testkit.h"
#include "detect/why.h"

static struct mm_slice why_json(const char *text, const char *const *nv, struct mm_buf *out)
{
    struct mm_ruleset *set = kit_load(text);
    struct mm_matcher *m = mm_matcher_new(set);
    struct mm_why_rule why;
    struct mm_arena arena;
    struct mm_event ev;

    mm_arena_init(&arena, 1024 * 1024);
    kit_event(&ev, nv);
    CHECK(mm_rules_why(m, 0, &ev, &arena, &why) == MM_OK);
    mm_buf_reset(out);
    mm_why_json(set, 0, &why, out);
    CHECK(mm_buf_ok(out));
    mm_arena_done(&arena);
    mm_matcher_free(&m);
    mm_rules_unref(&set);
    return mm_buf_slice(out);
}

#define HEAD(alerts, answer, logsource)                                                            \
    "{\"alerts\":" alerts ",\"answer\":\"" answer "\",\"logsource\":" logsource                    \
    ",\"id\":\"t\",\"title\":\"t\",\"product\":\"windows\",\"category\":\"\",\"service\":\"\""
#define AT(place) "\"keywords\":false,\"present\":true,\"place\":\"" place "\""

TEST(why_says_what_is_compared_with_what)
{
    struct mm_buf out;

    mm_buf_init(&out, 64 * 1024);
    CHECK_SLICE(
        why_json(KIT_HEAD "  sel:\n    Image|endswith: ['\\cmd.exe', \"\\\\p?s*.exe\"]\n"
                          "    User|neq: bob\n  condition: sel\n",
                 KIT_NV("process.executable", "C:\\CMD.exe"), &out),
        HEAD("true", "yes",
             "true") ",\"condition\":{\"kind\":\"all\",\"answer\":\"yes\","
                     "\"label\":\"sel\",\"parts\":[{\"kind\":\"test\",\"answer\":\"yes\",\"label\":"
                     "\"Image|endswith\"," AT(
                         "process.executable") ",\"value\":\"C:\\\\CMD.exe\","
                                               "\"value_bytes\":10,\"tests_in_all\":2,\"tests\":[{"
                                               "\"answer\":\"yes\",\"op\":\"endswith\","
                                               "\"cased\":false,\"value\":\"\\\\cmd.exe\"},{"
                                               "\"answer\":\"no\",\"op\":\"equals\","
                                               "\"cased\":false,\"value\":\"*\\\\p?s*.exe\"}]},{"
                                               "\"kind\":\"not\",\"answer\":\"yes\","
                                               "\"label\":\"User|neq\",\"parts\":[{\"kind\":"
                                               "\"test\",\"answer\":\"no\",\"label\":"
                                               "\"User\",\"keywords\":false,\"present\":false,"
                                               "\"place\":\"winlog.event_data.User\","
                                               "\"tests_in_all\":1,\"tests\":[{\"answer\":\"no\","
                                               "\"op\":\"equals\",\"cased\":false,"
                                               "\"value\":\"bob\"}]}]}]}}");
    mm_buf_done(&out);
}

/* The one test of a detection "s: {KEY: VALUE}" about an event, as far as `tests`. */
static void one(const char *item, const char *field, const char *value, const char *want)
{
    char text[512];
    struct mm_slice all;
    struct mm_buf out;
    size_t at;

    mm_buf_init(&out, 64 * 1024);
    (void)snprintf(text, sizeof(text), KIT_HEAD "  s: {%s}\n  condition: s\n", item);
    all = why_json(text, KIT_NV(field, value), &out);
    at = mm_slice_search(all, MM_S("\"tests\":["));
    CHECK(at != SIZE_MAX);
    CHECK_SLICE(mm_slice_sub(all, at + 9, all.n - at - 9 - 5), want);
    mm_buf_done(&out);
}

#define TEST_IS(answer, op, cased, value)                                                          \
    "{\"answer\":\"" answer "\",\"op\":\"" op "\",\"cased\":" cased ",\"value\":\"" value "\"}"

TEST(why_names_every_kind_of_comparison)
{
    one("F: x", "F", "X", TEST_IS("yes", "equals", "false", "x"));
    one("F|cased: X", "F", "x", TEST_IS("no", "equals", "true", "X"));
    one("F|startswith: x", "F", "xy", TEST_IS("yes", "startswith", "false", "x"));
    one("F|contains: x", "F", "axb", TEST_IS("yes", "contains", "false", "x"));
    one("F|re: 'x+'", "F", "X", TEST_IS("no", "re", "true", "x+"));
    one("F|re|i: 'x+'", "F", "X", TEST_IS("yes", "re", "false", "x+"));
    one("source.ip|cidr: 192.0.2.0/24", "source.ip", "192.0.2.9",
        TEST_IS("yes", "cidr", "true", "192.0.2.0/24"));
    one("source.ip|cidr: 2001:db8::/32", "source.ip", "2001:db8::1",
        TEST_IS("yes", "cidr", "true", "2001:db8::/32"));
    one("F|gte: 5", "F", "4", TEST_IS("no", "gte", "true", "5"));
    one("F|hour|gt: 20", "F", "2026-11-20T21:00:00Z", TEST_IS("yes", "hour", "true", "> 20"));
    one("F|exists: true", "F", "", TEST_IS("yes", "exists", "false", ""));
    one("F: null", "F", "x", TEST_IS("no", "absent", "false", ""));
    one("F|fieldref: G", "F", "x", TEST_IS("no", "fieldref", "false", "G"));
}

TEST(why_shows_some_of_very_many_values)
{
    static char text[64 * 1024];
    struct mm_slice all;
    struct mm_buf out;
    size_t n = 0, shown = 0;

    n += (size_t)snprintf(text, sizeof(text), KIT_HEAD "  s:\n    F:\n");
    for (int i = 0; i < 300; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "      - value-%03d\n", i);
    (void)snprintf(text + n, sizeof(text) - n, "  condition: s\n");
    mm_buf_init(&out, 1024 * 1024);
    all = why_json(text, KIT_NV("F", "value-299"), &out);
    CHECK(mm_slice_search(all, MM_S("\"tests_in_all\":300,\"tests\":[" TEST_IS(
                                   "yes", "equals", "false", "value-299") "]")) != SIZE_MAX);
    all = why_json(text, KIT_NV("F", "other"), &out);
    for (size_t at = 0; (at = mm_slice_search(all, MM_S("{\"answer\":\"no\",\"op\""))) != SIZE_MAX;
         shown++)
        all = mm_slice_sub(all, at + 1, SIZE_MAX);
    CHECK_NUM(shown, 100);
    mm_buf_done(&out);
}

TEST(why_names_the_filter_that_hides)
{
    struct mm_buf out;
    struct mm_slice all;

    mm_buf_init(&out, 64 * 1024);
    all = why_json(KIT_HEAD "  s: [word]\n  condition: s\n---\n"
                            "title: F\nid: f-1\nlogsource: {product: windows}\n"
                            "filter: {rules: any, x: {A: '*'}, condition: not x}\n",
                   KIT_NV("A", "a word"), &out);
    CHECK(mm_slice_starts(all, MM_S(HEAD("false", "yes", "true") ",\"hidden_by\":\"f-1\"")));
    CHECK(mm_slice_search(all, MM_S("\"keywords\":true,\"present\":false,\"tests_in_all\":1")) !=
          SIZE_MAX);
    mm_buf_done(&out);
}

TEST(why_knows_an_event_of_another_logsource)
{
    struct mm_buf out;

    mm_buf_init(&out, 64 * 1024);
    CHECK(mm_slice_starts(why_json("title: t\nlogsource: {product: linux}\n"
                                   "detection: {s: {A: x}, condition: s}\n",
                                   KIT_NV("A", "x"), &out),
                          MM_S("{\"alerts\":false,\"answer\":\"yes\",\"logsource\":false")));
    mm_buf_done(&out);
}
