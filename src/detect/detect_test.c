/* detect/detect_test.c - rules from YAML to hits, and what a set tells about itself. */
#include <malloc.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/harness/test.h"

#include "detect/testkit.h"

TEST(rule_matches_when_all_items_of_a_map_hold)
{
    const char *d = "  s:\n    Image|endswith: '\\cmd.exe'\n    CommandLine|contains: whoami\n"
                    "  condition: s\n";

    HIT(d, "process.executable", "C:\\Windows\\System32\\CMD.EXE", "process.command_line",
        "cmd /c WHOAMI");
    MISS(d, "process.executable", "C:\\Windows\\System32\\cmd.exe", "process.command_line", "dir");
    MISS(d, "process.executable", "C:\\Windows\\System32\\cmd.exe");
    MISS(d, "process.command_line", "whoami");
}

TEST(condition_excludes_filters)
{
    const char *d = "  sel_a:\n    A: x\n  sel_b:\n    B: y\n  filter_main:\n    C: z\n"
                    "  condition: 1 of sel_* and not 1 of filter_*\n";

    HIT(d, "A", "x");
    HIT(d, "B", "Y");
    MISS(d, "A", "x", "C", "z");
    MISS(d, "C", "z");
}

TEST(list_of_maps_is_any_of_them)
{
    const char *d = "  s:\n    - A: x\n      B: y\n    - C|startswith: z\n  condition: s\n";

    HIT(d, "A", "x", "B", "y");
    HIT(d, "C", "zzz");
    MISS(d, "A", "x");
}

TEST(absent_field_is_null_and_present_field_exists)
{
    HIT("  s:\n    A: x\n    B: null\n  condition: s\n", "A", "x");
    MISS("  s:\n    A: x\n    B: null\n  condition: s\n", "A", "x", "B", "");
    HIT("  s:\n    A: x\n    B: ''\n  condition: s\n", "A", "x", "B", "");
    MISS("  s:\n    A: x\n    B: ''\n  condition: s\n", "A", "x");
    HIT("  s:\n    B|exists: true\n  condition: s\n", "B", "");
    MISS("  s:\n    B|exists: true\n  condition: s\n", "A", "x");
    HIT("  s:\n    A: x\n    B|exists: false\n  condition: s\n", "A", "x");
    MISS("  s:\n    A: x\n    B|exists: no\n  condition: s\n", "A", "x", "B", "1");
    HIT("  s:\n    B: '*'\n  condition: s\n", "B", "anything");
    MISS("  s:\n    B: '*'\n  condition: s\n", "A", "anything");
}

/* How many rules of the set match a Windows event of this channel and number with one field. */
static size_t routed(struct mm_ruleset *set, const char *channel, const char *code,
                     const char *name, const char *value)
{
    struct mm_event ev;

    mm_event_reset(&ev);
    CHECK(mm_event_name(&ev, MM_S("winlog.channel"), mm_slice_str(channel)));
    CHECK(mm_event_name(&ev, MM_S("event.code"), mm_slice_str(code)));
    CHECK(mm_event_name(&ev, mm_slice_str(name), mm_slice_str(value)));
    return kit_match(set, &ev);
}

#define SYSMON "Microsoft-Windows-Sysmon/Operational"
#define CATEGORY(t, c, item)                                                                       \
    "title: " t "\nlogsource: {product: windows, category: " c "}\ndetection: {s: {" item          \
    "}, condition: s}\n"

TEST(logsource_routes_events_to_their_rules)
{
    struct mm_ruleset *set = kit_load(CATEGORY("a", "process_creation", "Image: x"));

    CHECK_NUM(routed(set, SYSMON, "1", "process.executable", "x"), 1);
    CHECK_NUM(routed(set, "Security", "4688", "process.executable", "x"), 1);
    CHECK_NUM(routed(set, "Security", "4624", "process.executable", "x"), 0);
    CHECK_NUM(routed(set, SYSMON, "7", "process.executable", "x"), 0);
    CHECK_NUM(routed(set, "Application", "1", "process.executable", "x"), 0);
    mm_rules_unref(&set);
    set = kit_load(CATEGORY("a", "registry_add", "EventType: CreateKey") "---\n" CATEGORY(
        "d", "registry_delete", "EventType: DeleteKey"));
    CHECK_NUM(routed(set, SYSMON, "12", "winlog.event_data.EventType", "CreateKey"), 1);
    CHECK_NUM(routed(set, SYSMON, "12", "winlog.event_data.EventType", "DeleteKey"), 1);
    CHECK_NUM(routed(set, SYSMON, "12", "winlog.event_data.EventType", "Other"), 0);
    CHECK_NUM(routed(set, SYSMON, "13", "winlog.event_data.EventType", "CreateKey"), 0);
    mm_rules_unref(&set);
    /* Without a product every product that has the category is meant. */
    set = kit_load("title: a\nlogsource: {category: process_creation}\n"
                   "detection: {s: {CommandLine|contains: x}, condition: s}\n");
    CHECK_NUM(routed(set, SYSMON, "1", "process.command_line", "axb"), 1);
    mm_rules_unref(&set);
}

TEST(logsource_without_events_of_ours_is_listed)
{
    struct mm_ruleset *set =
        kit_load("title: a\nlogsource: {product: okta, service: okta}\n"
                 "detection: {s: {eventName: x}, condition: s}\n---\n"
                 "title: b\nname: c\ncorrelation: {type: temporal, rules: [a], timespan: 5m}\n");

    CHECK_NUM(mm_rules_count(set), 2);
    CHECK(mm_rules_get(set, 0)->state == MM_RULE_NO_SOURCE);
    CHECK(mm_rules_get(set, 1)->state == MM_RULE_NEXT_STAGE);
    CHECK_SLICE(mm_rules_get(set, 1)->id, "c");
    mm_rules_unref(&set);
}

TEST(field_names_reach_values_wherever_they_lie)
{
    const char *d = "  s:\n    ParentProcessName|endswith: x\n    Foo: y\n  condition: s\n";

    HIT(d, "process.parent.executable", "x", "winlog.event_data.Foo", "y");
    HIT(d, "process.parent.executable", "x", "Foo", "y");
    HIT("  s:\n    TargetUserName: a\n  condition: s\n", "winlog.event_data.TargetUserName", "A");
    HIT("  s:\n    source.port: 22\n  condition: s\n", "source.port", "22");
    HIT("  s:\n    SourcePort: '-'\n  condition: s\n", "winlog.event_data.SourcePort", "-");
    /* The decoder puts EventData under these names; a field of its own would hide them. */
    for (size_t i = 0; i < MM_F_COUNT; i++)
        CHECK(!mm_slice_starts(mm_field_name((enum mm_field)i), MM_S("winlog.event_data.")));
}

TEST(rule_tells_what_an_alert_needs)
{
    struct mm_ruleset *set = kit_load(
        "title: Sample\nid: 0d2c0f8e-0000-4000-8000-000000000001\nauthor: Someone\nlevel: high\n"
        "tags: [attack.t1059]\nfalsepositives: [Rare]\n"
        "logsource: {product: windows}\ndetection: {s: {A: x}, condition: s}\n"
        "mimamori:\n  class: c2\n  entity: user.name\n"
        "  ja: {title: t, what: w, first: f}\n  en: {title: T, what: W, first: '\"F\"'}\n");
    const struct mm_rule *r = mm_rules_get(set, 0);
    char tmp[MM_FIELD_TEXT];
    struct mm_alert alert;
    struct mm_event ev;

    kit_event(&ev, KIT_NV("A", "x", "user.name", "sato"));
    ev.seq = 7;
    ev.company = 3;
    mm_rules_alert(set, 0, &ev, tmp, &alert);
    CHECK_SLICE(alert.rule_id, "0d2c0f8e-0000-4000-8000-000000000001");
    CHECK_SLICE(alert.author, "Someone");
    CHECK_SLICE(alert.entity_field, "user.name");
    CHECK_SLICE(alert.entity, "sato");
    CHECK(alert.level == MM_LEVEL_HIGH && alert.seq == 7 && alert.company == 3);
    CHECK_SLICE(r->klass, "c2");
    CHECK_SLICE(r->doc, "{\"ja\":{\"title\":\"t\",\"what\":\"w\",\"first\":\"f\"},"
                        "\"en\":{\"title\":\"T\",\"what\":\"W\",\"first\":\"\\\"F\\\"\"},"
                        "\"class\":\"c2\",\"description\":\"\",\"tags\":[\"attack.t1059\"],"
                        "\"falsepositives\":[\"Rare\"]}");
    mm_rules_unref(&set);
}

TEST(a_stopped_event_is_prevented_unless_the_rule_finds_a_machine_already_taken)
{
    static const char *const tags[] = {"attack.t1486", "attack.command-and-control",
                                       "attack.Command_and_Control"};

    for (size_t i = 0; i < MM_COUNT(tags); i++) {
        char yaml[300], tmp[MM_FIELD_TEXT];
        struct mm_ruleset *set;
        struct mm_alert alert;
        struct mm_event ev;

        (void)snprintf(yaml, sizeof(yaml),
                       "title: a\nlevel: critical\ntags: [attack.impact, %s]\n"
                       "logsource: {category: antivirus}\n"
                       "detection: {s: {A: x}, condition: s}\n",
                       tags[i]);
        set = kit_load(yaml);
        kit_event(&ev, KIT_NV("A", "x", "event.category", "malware", "event.type", "denied",
                              "event.outcome", "failure"));
        mm_rules_alert(set, 0, &ev, tmp, &alert);
        CHECK(alert.prevented == (i == 0) && alert.level == MM_LEVEL_CRITICAL);
        kit_event(&ev, KIT_NV("A", "x", "event.category", "malware", "event.type", "allowed",
                              "event.outcome", "success"));
        mm_rules_alert(set, 0, &ev, tmp, &alert);
        CHECK(!alert.prevented);
        mm_rules_unref(&set);
    }
}

TEST(regular_expression_that_needs_too_long_is_counted_undecided)
{
    struct mm_ruleset *set = kit_load(KIT_HEAD "  s: {A|re: '^(a|a)*$'}\n  condition: s\n");
    struct mm_matcher *m = mm_matcher_new(set);
    char value[64];
    struct mm_event ev;
    uint32_t hits[4];
    clock_t began;

    memset(value, 'a', sizeof(value));
    value[sizeof(value) - 2] = 'b';
    value[sizeof(value) - 1] = '\0';
    kit_event(&ev, KIT_NV("A", value));
    began = clock();
    CHECK_NUM(mm_rules_match(m, &ev, hits, 4), 0);
    CHECK(clock() - began < CLOCKS_PER_SEC); /* a million steps are some milliseconds */
    CHECK_NUM(mm_matcher_undecided(m, 0), 1);
    CHECK_NUM(mm_matcher_stats(m).undecided, 1);
    mm_matcher_free(&m);
    mm_rules_unref(&set);
}

TEST(hits_are_in_order_and_counted_beyond_their_room)
{
    struct mm_buf text;
    struct mm_ruleset *set;
    struct mm_matcher *m;
    struct mm_event ev;
    uint32_t hits[8];

    mm_buf_init(&text, 64 * 1024);
    for (int i = 0; i < 20; i++) /* of different kinds, so that they are found out of order */
        mm_buf_fmt(&text,
                   "title: r%d\nlogsource: {product: windows}\n"
                   "detection: {s: {A%s: x}, condition: %ss}\n---\n",
                   i,
                   i % 3 == 0   ? "|re"
                   : i % 3 == 1 ? "|contains"
                                : "",
                   i % 5 == 4 ? "not " : "");
    mm_buf_byte(&text, 0);
    set = kit_load((const char *)text.p);
    m = mm_matcher_new(set);
    kit_event(&ev, KIT_NV("A", "x"));
    CHECK_NUM(mm_rules_match(m, &ev, hits, 8), 16);
    for (uint32_t i = 0, want = 0; i < 8; i++, want++) {
        want += want % 5 == 4;
        CHECK_NUM(hits[i], want);
    }
    mm_matcher_free(&m);
    mm_rules_unref(&set);
    mm_buf_done(&text);
}

TEST(new_rules_are_a_new_set_while_the_old_goes_on)
{
    struct mm_ruleset *old = kit_load(KIT_HEAD "  s: {A: x}\n  condition: s\n");
    struct mm_ruleset *new = kit_load(KIT_HEAD "  s: {A: y}\n  condition: s\n");
    struct mm_matcher *m = mm_matcher_new(old);
    uint64_t digest = mm_rules_digest(old);
    struct mm_event ev;
    uint32_t hits[4];

    mm_rules_unref(&old); /* the matcher holds it */
    kit_event(&ev, KIT_NV("A", "x"));
    CHECK_NUM(mm_rules_match(m, &ev, hits, 4), 1);
    CHECK(mm_rules_digest(new) != digest);
    mm_matcher_free(&m);
    m = mm_matcher_new(new);
    CHECK_NUM(mm_rules_match(m, &ev, hits, 4), 0);
    mm_matcher_free(&m);
    mm_rules_unref(&new);
}

TEST(second_rule_of_an_id_is_refused)
{
    struct mm_ruleset *set = NULL;

    CHECK(mm_rules_load_text(MM_S("t"),
                             MM_S("title: a\nid: 1\nlogsource: {product: windows}\n"
                                  "detection: {s: {A: x}, condition: s}\n---\n"
                                  "title: b\nid: 1\nlogsource: {product: windows}\n"
                                  "detection: {s: {A: x}, condition: s}\n"),
                             NULL, &set) == MM_OK);
    CHECK_NUM(mm_rules_count(set), 1);
    CHECK_SLICE(mm_slice_str(mm_rules_refusal(set, 0)->what), "rule.double");
    mm_rules_unref(&set);
}

TEST(matching_takes_no_memory)
{
    struct mm_ruleset *set =
        kit_load(KIT_HEAD "  s: {A|contains: x, B|re: 'y+$', C|endswith: '?z'}\n"
                          "  k: [word]\n  condition: s or k\n");
    struct mm_matcher *m = mm_matcher_new(set);
    struct mallinfo2 before;
    struct mm_event ev;
    uint32_t hits[4];

    kit_event(&ev, KIT_NV("A", "axa", "B", "yyy", "C", "xyz", "source.ip", "10.0.0.1"));
    CHECK_NUM(mm_rules_match(m, &ev, hits, 4), 1);
    before = mallinfo2();
    for (int i = 0; i < 1000; i++)
        CHECK_NUM(mm_rules_match(m, &ev, hits, 4), 1);
    CHECK_NUM(mallinfo2().uordblks, before.uordblks);
    CHECK_NUM(mallinfo2().hblkhd, before.hblkhd);
    mm_matcher_free(&m);
    mm_rules_unref(&set);
}

static void put_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");

    CHECK(f != NULL && fputs(text, f) >= 0);
    CHECK(fclose(f) == 0);
}

TEST(folder_is_read_in_order_and_what_cannot_be_read_is_refused_alone)
{
    static const char *const names[] = {"b.yml", "a.yaml", ".hidden.yml", "c.txt", "sub/d.yml"};
    char path[MM_MAX_PATH];
    const char *dir = ".";
    struct mm_ruleset *set = NULL;
    struct mm_fault fault = {0};

    CHECK(chdir(mm_test_dir()) == 0 && mkdir("sub", 0700) == 0);
    for (size_t i = 0; i < MM_COUNT(names); i++) {
        (void)snprintf(path, sizeof(path),
                       "title: %zu\nlogsource: {product: windows}\n"
                       "detection: {s: {A: x}, condition: s}\n",
                       i);
        put_file(names[i], path);
    }
    CHECK(symlink("nowhere", "gone.yml") == 0);
    CHECK(symlink(".", "sub/round") == 0);
    CHECK(mm_rules_load(&dir, 1, NULL, &set, &fault) == MM_OK);
    CHECK_NUM(mm_rules_count(set), 3);
    CHECK_SLICE(mm_rules_get(set, 0)->file, "./a.yaml");
    CHECK_SLICE(mm_rules_get(set, 1)->file, "./b.yml");
    CHECK_SLICE(mm_rules_get(set, 2)->file, "./sub/d.yml");
    CHECK_NUM(mm_rules_refused(set), 1);
    CHECK_SLICE(mm_slice_str(mm_rules_refusal(set, 0)->what), "rule.file");
    CHECK_SLICE(mm_rules_refusal(set, 0)->file, "./gone.yml");
    mm_rules_unref(&set);
    dir = "none";
    CHECK(mm_rules_load(&dir, 1, NULL, &set, &fault) == MM_E_IO);
    CHECK_SLICE(mm_slice_str(fault.what), "rules.path");
}

TEST(monstrous_rule_is_refused_and_its_neighbours_load)
{
    struct mm_buf text;
    struct mm_ruleset *set = NULL;

    mm_buf_init(&text, 8 * 1024 * 1024);
    mm_buf_str(&text, KIT_TITLE("tests") "  s: {A: x");
    for (int i = 0; i < 25; i++)
        mm_buf_fmt(&text, ", F%d: x", i);
    mm_buf_str(&text, "}\n  condition: s");
    for (int i = 0; i < 1000; i++) /* each name stands for 26 tests */
        mm_buf_str(&text, " or s");
    mm_buf_str(&text, "\n---\n" KIT_TITLE("values") "  s:\n");
    for (int k = 0; k < 30; k++) {
        mm_buf_fmt(&text, "    F%d|contains|windash: [", k);
        for (int i = 0; i < 40; i++)
            mm_buf_fmt(&text, "'-a%d -b -c',", i);
        mm_buf_str(&text, "]\n");
    }
    mm_buf_str(&text, "  condition: s\n---\n" KIT_TITLE("good") "  s: {A: x}\n  condition: s\n");
    CHECK(mm_buf_ok(&text));
    CHECK(mm_rules_load_text(MM_S("t"), mm_buf_slice(&text), NULL, &set) == MM_OK);
    CHECK_NUM(mm_rules_refused(set), 2);
    CHECK_SLICE(mm_slice_str(mm_rules_refusal(set, 0)->what), "rule.large");
    CHECK_SLICE(mm_slice_str(mm_rules_refusal(set, 1)->what), "rule.large");
    CHECK_NUM(mm_rules_count(set), 1);
    CHECK_SLICE(mm_rules_get(set, 0)->title, "good");
    mm_rules_unref(&set);
    mm_buf_done(&text);
}

TEST(changed_folder_is_told_once_when_it_has_come_to_rest)
{
    const char *dir = "rules";
    struct mm_rules_watch w = {0};

    CHECK(chdir(mm_test_dir()) == 0);
    CHECK(!mm_rules_changed(&w, &dir, 1)); /* not there yet */
    CHECK(!mm_rules_changed(&w, &dir, 1));
    CHECK(mkdir("rules", 0700) == 0 && mkdir("rules/sub", 0700) == 0);
    put_file("rules/sub/a.yml", "a");
    CHECK(!mm_rules_changed(&w, &dir, 1)); /* new, but perhaps not all of it */
    put_file("rules/b.yml", "b");
    CHECK(!mm_rules_changed(&w, &dir, 1));
    CHECK(mm_rules_changed(&w, &dir, 1));
    CHECK(!mm_rules_changed(&w, &dir, 1)); /* told once */
    put_file("rules/b.yml", "other");
    CHECK(!mm_rules_changed(&w, &dir, 1));
    CHECK(mm_rules_changed(&w, &dir, 1));
    put_file("rules/c.yml", "passing by");
    CHECK(!mm_rules_changed(&w, &dir, 1));
    CHECK(unlink("rules/c.yml") == 0); /* as before: nothing to do */
    CHECK(!mm_rules_changed(&w, &dir, 1));
    CHECK(!mm_rules_changed(&w, &dir, 1));
    CHECK(unlink("rules/sub/a.yml") == 0);
    CHECK(!mm_rules_changed(&w, &dir, 1));
    CHECK(mm_rules_changed(&w, &dir, 1));
}

/* Does a proxy rule of this item match a request for this URL? */
static bool proxied(const char *item, const char *url)
{
    char text[1024];
    struct mm_ruleset *set;
    struct mm_event ev;
    size_t n;

    (void)snprintf(text, sizeof(text),
                   "title: p\nlogsource: {category: proxy}\ndetection: {s: {%s}, condition: s}\n",
                   item);
    set = kit_load(text);
    mm_event_reset(&ev);
    ev.format = MM_S("squid");
    CHECK(mm_event_name(&ev, MM_S("url.original"), mm_slice_str(url)));
    n = kit_match(set, &ev);
    mm_rules_unref(&set);
    return n == 1;
}

TEST(parts_of_urls_are_what_sigma_calls_them)
{
    CHECK(proxied("c-uri-extension: exe", "http://example.com/a/b.EXE?x=1.dll"));
    CHECK(proxied("c-uri-extension: ''", "http://example.com/a.b/c"));
    CHECK(!proxied("c-uri-extension: com", "http://example.com"));
    CHECK(!proxied("c-uri-extension: dll", "http://example.com/b.exe?x=1.dll"));
    CHECK(proxied("c-uri-stem: /a/b.exe", "https://example.com/a/b.exe?q#f"));
    CHECK(proxied("cs-uri-stem|endswith: .aspx", "/x/y.aspx?id=1"));
    CHECK(!proxied("cs-uri-stem|contains: id", "/x/y.aspx?id=1"));
    CHECK(proxied("c-uri-query|contains: id=1", "/x/y.aspx?id=1"));
    CHECK(proxied("c-uri|contains: '//example'", "http://example.com/"));
}

/* Few long literals: text is looked through before it is folded. */
TEST(text_is_found_whatever_its_case_and_where_it_begins)
{
    struct mm_ruleset *set =
        kit_load("title: a\nlogsource: {product: windows}\n"
                 "detection: {k: [kelvinscale, gentleman], condition: k}\n"
                 "---\ntitle: b\nlogsource: {product: windows}\n"
                 "detection: {s: {A|contains: [abcd, wxyz9]}, condition: s}\n");
    static const char *const pads[] = {"", "x", "xx", "xxx", "xxxx", "\xe3\x81\x82"};
    static const struct {
        const char *name, *text;
        size_t n;
    } rows[] = {
        {"B", "KelvinScale", 1},
        {"B",
         "\xe2\x84\xaa"
         "elvinscale",
         1}, /* the sign of the unit folds to k */
        {"B", "gentleMAN!", 1},
        {"B", "gentlem an", 0},
        {"B", "kelvinscal", 0},
        {"A", "ABCD", 1},
        {"A", "wxYZ9", 1},
        {"A", "wxyz\x19", 0}, /* the same but for bit 5 */
        {"A", "abc", 0},
    };

    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        for (size_t k = 0; k < MM_COUNT(pads); k++) {
            char text[64];
            struct mm_event ev;

            (void)snprintf(text, sizeof(text), "%s%s%s", pads[k], rows[i].text, pads[k]);
            kit_event(&ev, KIT_NV(rows[i].name, text));
            ev.original = MM_S("{}");
            CHECK_NUM(kit_match(set, &ev), rows[i].n);
        }
    }
    mm_rules_unref(&set);
}

TEST(rule_of_another_taxonomy_or_given_up_loads_with_a_warning)
{
    static const struct {
        const char *line, *what;
    } rows[] = {
        {"taxonomy: sigma\n", NULL},
        {"taxonomy: ecs\n", NULL},
        {"taxonomy: ours\n", "rule.taxonomy"},
        {"status: stable\n", NULL},
        {"status: deprecated\n", "rule.status"},
        {"status: unsupported\n", "rule.status"},
    };

    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        struct mm_ruleset *set;
        char text[512];

        (void)snprintf(text, sizeof(text), "%s" KIT_HEAD "  s: {A: x}\n  condition: s\n",
                       rows[i].line);
        set = kit_load(text);
        CHECK(mm_rules_get(set, 0)->state == MM_RULE_ACTIVE);
        CHECK_NUM(mm_rules_warnings(set), rows[i].what != NULL);
        if (rows[i].what != NULL)
            CHECK_SLICE(mm_slice_str(mm_rules_warning(set, 0)->what), rows[i].what);
        mm_rules_unref(&set);
    }
}
