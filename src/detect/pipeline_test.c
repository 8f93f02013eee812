/* detect/pipeline_test.c - transformations of rules; each is refused with its line and column. */
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/harness/test.h"

#include "detect/filter.h"
#include "detect/pipeline.h"
#include "detect/testkit.h"

#define HEAD "name: p\ntransformations:\n"

static struct mm_ruleset *load(const char *pipeline, const char *rules)
{
    struct mm_rules_text text = {MM_S("p.yml"), mm_slice_str(pipeline)};
    struct mm_rules_options options = {.pipeline = &text, .pipeline_n = 1};
    struct mm_ruleset *set = NULL;

    CHECK(mm_rules_load_text(MM_S("r.yml"), mm_slice_str(rules), &options, &set) == MM_OK);
    return set;
}

/* A good pipeline and a rule of these detection lines: does it match the event? */
static bool hit(const char *transformations, const char *detection, const char *const *nv)
{
    char pipeline[4096], rules[4096];
    struct mm_ruleset *set;
    struct mm_event ev;
    size_t n;

    (void)snprintf(pipeline, sizeof(pipeline), HEAD "%s", transformations);
    (void)snprintf(rules, sizeof(rules), KIT_HEAD "%s", detection);
    set = load(pipeline, rules);
    for (size_t i = 0; i < mm_rules_refused(set); i++)
        printf("# %u:%u %s %.*s\n", mm_rules_refusal(set, i)->line,
               mm_rules_refusal(set, i)->column, mm_rules_refusal(set, i)->what,
               MM_S_ARG(mm_rules_refusal(set, i)->detail));
    CHECK_NUM(mm_rules_refused(set), 0);
    CHECK_NUM(mm_rules_pipelines(set), 1);
    kit_event(&ev, nv);
    n = kit_match(set, &ev);
    mm_rules_unref(&set);
    return n == 1;
}

#define P_HIT(pipeline, detection, ...) CHECK(hit(pipeline, detection, KIT_NV(__VA_ARGS__)))
#define P_MISS(pipeline, detection, ...) CHECK(!hit(pipeline, detection, KIT_NV(__VA_ARGS__)))

TEST(pipeline_maps_names_of_fields)
{
    static const char map[] = "  - {type: field_name_mapping, mapping: {A: x, B: y, C: c}}\n";

    P_HIT(map, "  s: {A|contains: q, B: 1}\n  condition: s\n", "x", "aqa", "y", "1");
    P_MISS(map, "  s: {A|contains: q, B: 1}\n  condition: s\n", "A", "aqa", "B", "1");
    P_HIT(map, "  s: [{A: q}, {Z: 1}]\n  condition: s\n", "x", "q");
    P_HIT(map, "  s: [{A: q}, {Z: 1}]\n  condition: s\n", "Z", "1");
    P_HIT(map, "  s: [{A: q}, word]\n  condition: s\n", "Z", "a word");
    P_HIT(map, "  s: {A|fieldref: B}\n  condition: s\n", "x", "q", "y", "q");
    P_MISS(map, "  s: {A|fieldref: B}\n  condition: s\n", "x", "q", "y", "r");
    P_HIT(map, "  s: {A|endswithfield: [B, C]}\n  condition: s\n", "x", "aq", "y", "z", "c", "q");
}

/* One name to several: any of them, whatever else the map asks for. */
TEST(pipeline_maps_a_name_to_several)
{
    static const char map[] =
        "  - {type: field_name_mapping, mapping: {A: [x, y, z], B: [p, q]}}\n";
    static const char rule[] = "  s: {A: 1, C: 3, B: 2}\n  condition: s\n";

    P_HIT(map, rule, "x", "1", "q", "2", "C", "3");
    P_HIT(map, rule, "z", "1", "p", "2", "C", "3");
    P_MISS(map, rule, "z", "1", "p", "2");
    P_MISS(map, rule, "z", "1", "C", "3");
    P_HIT(map, "  s: [{D: 1}, {A: 1}, {B: 1}]\n  condition: s\n", "y", "1");
    P_HIT(map, "  s: [{D: 1}, {A: 1}, {B: 1}]\n  condition: s\n", "q", "1");
    P_HIT(map, "  s: [{D: 1}, {A: 1}, {B: 1}]\n  condition: s\n", "D", "1");
    P_MISS(map, "  s: {D: 1}\n  f: {A: 1}\n  condition: s and not f\n", "D", "1", "y", "1");
}

TEST(pipeline_gives_names_prefixes_and_suffixes)
{
    P_HIT("  - {type: field_name_prefix, prefix: 'acme.'}\n", "  s: {A: q}\n  condition: s\n",
          "acme.A", "q");
    P_HIT("  - {type: field_name_suffix, suffix: '.text'}\n",
          "  s: {A|startswith: q}\n  condition: s\n", "A.text", "qq");
    P_HIT("  - {type: field_name_prefix_mapping, mapping: {'w.': 'win.', 'w.x.': 'x.'}}\n",
          "  s: {w.a: 1, w.x.b: 2}\n  condition: s\n", "win.a", "1", "x.b", "2");
    P_HIT("  - type: field_name_prefix\n    prefix: 'p.'\n    field_name_conditions:\n"
          "      - {type: include_fields, fields: [A, B]}\n"
          "      - {type: exclude_fields, fields: [B]}\n",
          "  s: {A: 1, B: 2, C: 3}\n  condition: s\n", "p.A", "1", "B", "2", "C", "3");
}

TEST(pipeline_adds_conditions)
{
    static const char add[] = "  - {type: add_condition, conditions: {Site|startswith: [a, b]}}\n";

    P_HIT(add, "  s: {A: 1}\n  condition: s\n", "A", "1", "Site", "bx");
    P_MISS(add, "  s: {A: 1}\n  condition: s\n", "A", "1", "Site", "cx");
    P_MISS(add, "  s: {A: 1}\n  t: {B: 1}\n  condition: s or t\n", "A", "1");
    P_MISS(add, "  s: {A: 1}\n  t: {B: 1}\n  condition: [s, t]\n", "B", "1");
    P_HIT(add, "  s: {A: 1}\n  t: {B: 1}\n  condition: [s, t]\n", "B", "1", "Site", "a");
    /* The rule's own patterns do not mean it. */
    P_MISS(add, "  s: {A: 1}\n  condition: 1 of them\n", "A", "2", "Site", "a");
    P_HIT("  - {type: add_condition, negated: true, conditions: {Site: a}}\n",
          "  _pipeline_0: {A: 1}\n  condition: _pipeline_0\n", "A", "1", "Site", "b");
    P_MISS("  - {type: add_condition, negated: true, conditions: {Site: a}}\n",
           "  s: {A: 1}\n  condition: s\n", "A", "1", "Site", "a");
    /* What comes later in the pipeline changes it too. */
    P_HIT("  - {type: add_condition, conditions: {Site: a}}\n"
          "  - {type: field_name_mapping, mapping: {Site: place}}\n",
          "  s: {A: 1}\n  condition: s\n", "A", "1", "place", "a");
}

TEST(pipeline_changes_values)
{
    static const char slash[] =
        "  - {type: replace_string, regex: '^C:(.*)', replacement: '/mnt\\1'}\n";
    static const char map[] =
        "  - {type: map_string, mapping: {allow: pass, deny: [drop, reject]}}\n";

    P_HIT(slash, "  s: {A: 'C:/x'}\n  condition: s\n", "A", "/mnt/x");
    P_HIT(slash, "  s: {A|endswith: [q, 'C:/x']}\n  condition: s\n", "A", "is /mnt/x");
    P_HIT(slash, "  s: ['C:/x', other]\n  condition: s\n", "A", "see /mnt/x");
    P_HIT(slash, "  s: {A|re: 'C:/x'}\n  condition: s\n", "A", "C:/x"); /* no text */
    P_HIT(slash, "  s: {A: null, B: 1}\n  condition: s\n", "B", "1");
    P_HIT("  - {type: replace_string, regex: 'a(b)?', replacement: '[\\1\\\\\\\\]'}\n",
          "  s: {A: abxa}\n  condition: s\n", "A", "[b\\]x[\\]");
    P_HIT("  - {type: replace_string, regex: 'x*', replacement: '-'}\n",
          "  s: {A: axb}\n  condition: s\n", "A", "-a--b-");
    P_HIT("  - {type: replace_string, regex: '^5$', replacement: '6'}\n",
          "  s: {A: 5}\n  condition: s\n", "A", "6");
    P_HIT(map, "  s: {A: allow}\n  condition: s\n", "A", "pass");
    P_HIT(map, "  s: {A: deny}\n  condition: s\n", "A", "reject");
    P_HIT(map, "  s: {A: [x, deny, allow]}\n  condition: s\n", "A", "drop");
    P_MISS(map, "  s: {A: [x, deny, allow]}\n  condition: s\n", "A", "allow");
    P_HIT("  - {type: set_value, value: 7, field_name_conditions: [{type: include_fields, "
          "fields: [A]}]}\n",
          "  s: {A|contains: [p, q], B: 1}\n  condition: s\n", "A", "7", "B", "1");
    /* A list that the alternatives of a map share is changed once in each. */
    P_HIT("  - {type: field_name_mapping, mapping: {A: [x, y]}}\n"
          "  - {type: replace_string, regex: '^', replacement: 'n'}\n",
          "  s: {A: [p, q]}\n  condition: s\n", "y", "nq");
}

TEST(pipeline_drops_items)
{
    static const char drop[] = "  - type: drop_detection_item\n    field_name_conditions:\n"
                               "      - {type: include_fields, fields: [B]}\n";

    P_HIT(drop, "  s: {A: 1, B: 2}\n  condition: s\n", "A", "1");
    P_HIT(drop, "  s: [{B: 2, A: 1}, {C: 3}]\n  condition: s\n", "A", "1");
}

#define WHERE "    rule_conditions: "

TEST(pipeline_is_for_rules_that_its_conditions_mean)
{
    static const char *const rows[][2] = {
        {WHERE "[{type: logsource, product: windows}]\n", "x"},
        {WHERE "[{type: logsource, product: linux}]\n", "A"},
        {WHERE "[{type: logsource, product: windows, category: dns}]\n", "A"},
        {WHERE "[{type: logsource, product: linux}, {type: contains_field, field: A}]\n", "A"},
        {WHERE "[{type: logsource, product: linux}, {type: contains_field, field: A}]\n"
               "    rule_cond_op: or\n",
         "x"},
        {WHERE "[{type: contains_field, field: B}]\n", "A"},
        {WHERE "[{type: contains_field, field: B}]\n    rule_cond_not: true\n", "x"},
        {WHERE "[{type: tag, tag: attack.t1059}]\n", "x"},
        {WHERE "[{type: tag, tag: attack.t1027}]\n", "A"},
    };

    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        char map[512];

        (void)snprintf(map, sizeof(map), "  - type: field_name_mapping\n    mapping: {A: x}\n%s",
                       rows[i][0]);
        P_HIT(map, "  s: {A|contains: q}\n  condition: s\ntags: [attack.t1059]\n", rows[i][1], "q");
    }
}

TEST(pipeline_changes_the_logsource)
{
    struct mm_ruleset *set =
        load(HEAD "  - type: change_logsource\n    category: firewall\n    rule_conditions:\n"
                  "      - {type: logsource, product: paloalto}\n"
                  "  - {type: field_name_mapping, mapping: {app: network.application}, "
                  "rule_conditions: [{type: logsource, category: firewall}]}\n",
             "title: one\nlogsource: {product: paloalto, service: traffic}\n"
             "detection: {s: {app: bittorrent, src_ip: 192.0.2.1}, condition: s}\n---\n"
             "title: two\nlogsource: {product: linux}\n"
             "detection: {s: {app: bittorrent}, condition: s}\n---\n"
             "title: hides\nlogsource: {product: paloalto}\n"
             "filter: {rules: any, s: {src_ip: 192.0.2.9}, condition: not s}\n");

    CHECK_NUM(mm_rules_refused(set), 0);
    CHECK_SLICE(mm_rules_get(set, 0)->product, "");
    CHECK_SLICE(mm_rules_get(set, 0)->category, "firewall");
    CHECK_SLICE(mm_rules_get(set, 0)->service, "");
    CHECK(mm_rules_get(set, 0)->state == MM_RULE_ACTIVE);
    CHECK_SLICE(mm_rules_get(set, 1)->product, "linux");
    CHECK_NUM(mm_filters_get(set, 0)->rule_n, 1); /* it went along with its rule */
    CHECK_SLICE(mm_rules_pipeline(set, 0)->name, "p");
    CHECK_NUM(mm_rules_pipeline(set, 0)->rules, 2);
    mm_rules_unref(&set);
}

TEST(pipeline_refuses_rules)
{
    struct mm_ruleset *set = load(
        HEAD "  - {type: rule_failure, message: not for us, rule_conditions: [{type: tag, tag: "
             "x}]}\n"
             "  - {type: detection_item_failure, message: no hashes, field_name_conditions: "
             "[{type: include_fields, fields: [Hashes]}]}\n",
        KIT_TITLE("a") "  s: {A: 1}\n  condition: s\ntags: [x]\n---\n" KIT_TITLE(
            "b") "  s: {A: 1, Hashes: x}\n  condition: s\n---\n" KIT_TITLE("c") "  s: {A: 1}\n"
                                                                                "  condition: "
                                                                                "s\n");

    CHECK_NUM(mm_rules_count(set), 1);
    CHECK_NUM(mm_rules_refused(set), 2);
    CHECK_SLICE(mm_slice_str(mm_rules_refusal(set, 0)->what), "pipeline.rule");
    CHECK_SLICE(mm_rules_refusal(set, 0)->detail, "not for us");
    CHECK_SLICE(mm_rules_refusal(set, 1)->detail, "no hashes");
    mm_rules_unref(&set);
}

TEST(pipeline_is_refused_where_it_is_wrong)
{
    static const struct {
        const char *text;
        unsigned line, column;
        const char *what, *detail;
    } rows[] = {
        {"- 1\n", 1, 1, "pipeline.map", ""},
        {"name: x\ntransformations: {}\n", 2, 18, "pipeline.map", ""},
        {"transformations: []\n", 1, 18, "pipeline.map", ""},
        {"transformations: [&a x, *a]\n", 1, 19, "rule.yaml", "yaml.anchor"},
        {HEAD "  - {type: set_state, key: a, val: b}\n", 3, 12, "pipeline.not", "set_state"},
        {HEAD "  - {type: http_placeholders}\n", 3, 12, "pipeline.not", "http_placeholders"},
        {HEAD "  - {type: fieldname}\n", 3, 12, "pipeline.type", "fieldname"},
        {HEAD "  - fieldname\n", 3, 5, "pipeline.type", "fieldname"},
        {HEAD "  - {type: field_name_prefix, prefx: a}\n", 3, 38, "pipeline.key", "prefx"},
        {HEAD "  - {type: field_name_prefix}\n", 3, 5, "pipeline.value", "prefix"},
        {HEAD "  - {type: field_name_prefix, prefix: a, detection_item_conditions: []}\n", 3, 69,
         "pipeline.key", "detection_item_conditions"},
        {HEAD "  - {type: field_name_mapping, mapping: {A: {}}}\n", 3, 45, "pipeline.value", "A"},
        {HEAD "  - {type: field_name_mapping, mapping: {A: []}}\n", 3, 45, "pipeline.value", "A"},
        {HEAD "  - {type: field_name_mapping, mapping: {A: null}}\n", 3, 45, "pipeline.value", "A"},
        {HEAD "  - {type: replace_string, regex: '(', replacement: a}\n", 3, 35,
         "rule.regex.syntax", "missing closing parenthesis"},
        {HEAD "  - {type: replace_string, regex: a}\n", 3, 5, "pipeline.value", "replacement"},
        {HEAD "  - {type: drop_detection_item}\n", 3, 5, "pipeline.value", "field_name_conditions"},
        {HEAD "  - {type: change_logsource}\n", 3, 5, "pipeline.value",
         "product, category, service"},
        {HEAD "  - {type: add_condition, conditions: {A: [[]]}}\n", 3, 44, "pipeline.value", "A"},
        {HEAD "  - {type: rule_failure, message: m, rule_conditions: [{type: nest}]}\n", 3, 56,
         "pipeline.condition", "nest"},
        {HEAD "  - {type: rule_failure, message: m, rule_conditions: [{type: logsource}]}\n", 3, 56,
         "pipeline.condition", "logsource"},
        {HEAD "  - {type: rule_failure, message: m, rule_cond_op: xor}\n", 3, 52, "pipeline.value",
         "rule_cond_op"},
        {"priority: high\n" HEAD "  - {type: field_name_prefix, prefix: a}\n", 1, 11,
         "pipeline.value", "priority"},
        {"finalizers: []\n" HEAD "  - {type: field_name_prefix, prefix: a}\n", 1, 13,
         "pipeline.key", "finalizers"},
    };

    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        struct mm_ruleset *set = load(rows[i].text, KIT_HEAD "  s: {A: 1}\n  condition: s\n");
        const struct mm_rule_refusal *r;

        CHECK_NUM(mm_rules_refused(set), 1);
        r = mm_rules_refusal(set, 0);
        printf("# %zu: %u:%u %s %.*s\n", i, r->line, r->column, r->what, MM_S_ARG(r->detail));
        CHECK_SLICE(r->file, "p.yml");
        CHECK_SLICE(mm_slice_str(r->what), rows[i].what);
        CHECK_SLICE(r->detail, rows[i].detail);
        CHECK_NUM(r->line, rows[i].line);
        CHECK_NUM(r->column, rows[i].column);
        CHECK_NUM(mm_rules_pipelines(set), 0);
        CHECK_NUM(mm_rules_count(set), 1); /* read as it stands */
        mm_rules_unref(&set);
    }
}

/* One bad transformation, and the good one in front of it is not in force either. */
TEST(pipeline_with_one_fault_does_nothing)
{
    struct mm_ruleset *set = load(HEAD "  - {type: field_name_mapping, mapping: {A: x}}\n"
                                       "  - {type: nest}\n",
                                  KIT_HEAD "  s: {A: 1}\n  condition: s\n");
    struct mm_event ev;

    kit_event(&ev, KIT_NV("A", "1"));
    CHECK_NUM(kit_match(set, &ev), 1);
    mm_rules_unref(&set);
}

/* The rule that grows goes, and only that one. */
static void too_much(const char *transformations, const char *detection)
{
    char rules[4096];
    struct mm_ruleset *set;

    (void)snprintf(rules, sizeof(rules),
                   KIT_TITLE("big") "%s---\n" KIT_TITLE("small") "  s: {Z: 1}\n  condition: s\n",
                   detection);
    set = load(transformations, rules);
    CHECK_NUM(mm_rules_count(set), 1);
    CHECK_NUM(mm_rules_refused(set), 1);
    CHECK_SLICE(mm_slice_str(mm_rules_refusal(set, 0)->what), "pipeline.large");
    CHECK_SLICE(mm_rules_refusal(set, 0)->file, "r.yml");
    mm_rules_unref(&set);
}

TEST(pipeline_cannot_make_monsters)
{
    struct mm_buf p;

    too_much(HEAD "  - {type: field_name_mapping, mapping: {A: [a, b, c, d, e]}}\n",
             "  s: {A: 1, A|contains: 2, A|startswith: 3}\n  condition: s\n");
    /* Ten lists that grow tenfold each. */
    mm_buf_init(&p, 1024 * 1024);
    mm_buf_str(&p, HEAD);
    for (int i = 0; i < 10; i++)
        mm_buf_str(&p, "  - {type: map_string, mapping: {a: [a, a, a, a, a, a, a, a, a, a]}}\n");
    mm_buf_byte(&p, 0);
    too_much((const char *)p.p, "  s: {A: a}\n  condition: s\n");
    mm_buf_reset(&p);
    mm_buf_str(&p, HEAD);
    for (int i = 0; i < 900; i++)
        mm_buf_str(&p, "  - {type: replace_string, regex: a, replacement: aa}\n");
    mm_buf_byte(&p, 0);
    too_much((const char *)p.p, "  s: {A: a}\n  condition: s\n");
    too_much(HEAD "  - {type: replace_string, regex: '^(a+)+$', replacement: x}\n",
             "  s: {A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!}\n  condition: s\n");
    mm_buf_done(&p);
}

/* A hundred places of a value, not more. */
TEST(pipeline_replaces_so_many_places)
{
    static const char by[] = HEAD "  - {type: replace_string, regex: a, replacement: b}\n";
    char detection[256] = "  s: {A: ";
    size_t n = strlen(detection);

    memset(detection + n, 'a', 101);
    (void)snprintf(detection + n + 101, sizeof(detection) - n - 101, "}\n  condition: s\n");
    too_much(by, detection);
    memmove(detection + n, detection + n + 1, strlen(detection + n));
    CHECK(hit(by + strlen(HEAD), detection,
              KIT_NV("A", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
                          "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")));
}

/* `one` as often as may be between the two others is read; once more is refused as `what`. */
static void so_many(const char *front, const char *one, size_t most, const char *behind,
                    const char *what)
{
    for (size_t extra = 0; extra < 2; extra++) {
        struct mm_ruleset *set;
        struct mm_buf p;

        mm_buf_init(&p, 1024 * 1024);
        mm_buf_str(&p, front);
        for (size_t i = 0; i < most + extra; i++)
            mm_buf_str(&p, one);
        mm_buf_str(&p, behind);
        mm_buf_byte(&p, 0);
        set = load((const char *)p.p, KIT_HEAD "  s: {A: 1}\n  condition: s\n");
        CHECK_NUM(mm_rules_refused(set), extra);
        if (extra == 1)
            CHECK_SLICE(mm_slice_str(mm_rules_refusal(set, 0)->what), what);
        mm_rules_unref(&set);
        mm_buf_done(&p);
    }
}

TEST(pipelines_are_bounded)
{
    so_many(HEAD, "  - {type: field_name_mapping, mapping: {Z: z}}\n", MM_PIPELINE_ITEMS_MAX, "",
            "pipeline.many");
    so_many(HEAD "  - {type: field_name_mapping, mapping: {Z: z}, rule_conditions: [",
            "{type: tag, tag: x},", MM_PIPELINE_CONDS_MAX, "]}\n", "pipeline.value");
    so_many(HEAD "  - {type: field_name_mapping, mapping: {Z: [", "z,",
            MM_PIPELINE_ALTERNATIVES_MAX, "]}}\n", "pipeline.value");
    so_many("", HEAD "  - {type: field_name_mapping, mapping: {Z: z}}\n---\n", MM_PIPELINES_MAX, "",
            "pipeline.many");
    so_many(HEAD "  - {type: replace_string, replacement: x, regex: '", "a", MM_REGEX_MAX, "'}\n",
            "rule.regex.long");
    so_many(HEAD "  - {type: field_name_prefix, prefix: '", "a", MM_MAX_FIELD_NAME - 1, "'}\n",
            "rule.field.long");
}

TEST(pipeline_of_two_names_has_nothing_to_compare_with)
{
    struct mm_ruleset *set = load(HEAD "  - {type: field_name_mapping, mapping: {B: [x, y]}}\n",
                                  KIT_TITLE("a") "  s: {A|fieldref: B}\n  condition: s\n");

    CHECK_NUM(mm_rules_refused(set), 1);
    CHECK_SLICE(mm_slice_str(mm_rules_refusal(set, 0)->what), "pipeline.reference");
    mm_rules_unref(&set);
}

static void put_file(const char *dir, const char *name, const char *text)
{
    char path[MM_MAX_PATH];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "we");
    CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

static char *make_dir(const char *dir, const char *name)
{
    char *path = NULL;

    CHECK(asprintf(&path, "%s/%s", dir, name) > 0);
    CHECK(mkdir(path, 0700) == 0);
    return path;
}

#define RULE(t) KIT_TITLE(t) "  s: {A: 1}\n  condition: s\n"

/* In force beside and below its folder, by priority, and nowhere else. */
TEST(pipelines_of_a_folder_are_for_its_rules)
{
    char *top = make_dir(mm_test_dir(), "top"), *pipelines = make_dir(top, "pipelines");
    char *acme = make_dir(top, "acme"), *own = make_dir(acme, "pipelines");
    char *other = make_dir(mm_test_dir(), "other");
    const char *paths[] = {top, other};
    struct mm_ruleset *set = NULL;
    struct mm_fault fault = {0};
    struct mm_event ev;

    put_file(pipelines, "a.yml",
             "priority: 20\ntransformations:\n"
             "  - {type: field_name_mapping, mapping: {B: C}}\n");
    put_file(pipelines, "b.yml",
             "priority: 10\ntransformations:\n"
             "  - {type: field_name_mapping, mapping: {A: B}}\n");
    put_file(own, "c.yml",
             "priority: 30\ntransformations:\n"
             "  - {type: field_name_mapping, mapping: {C: D}}\n");
    put_file(own, "bad.yml", RULE("no pipeline"));
    put_file(top, "t.yml", RULE("t"));
    put_file(acme, "u.yml", RULE("u"));
    put_file(other, "v.yml", RULE("v"));
    put_file(other, "p.yml", HEAD "  - {type: field_name_prefix, prefix: a}\n");
    CHECK(mm_rules_load(paths, 2, NULL, &set, &fault) == MM_OK);
    CHECK_NUM(mm_rules_count(set), 3);
    CHECK_NUM(mm_rules_pipelines(set), 3);
    CHECK_NUM(mm_rules_refused(set), 2);
    CHECK_SLICE(mm_slice_str(mm_rules_refusal(set, 0)->what), "pipeline.map");
    CHECK_SLICE(mm_slice_str(mm_rules_refusal(set, 1)->what), "pipeline.place");
    for (size_t i = 0; i < 3; i++) {
        static const char *const field[] = {"D", "C", "A"}; /* of u, t, v: acme comes first */

        kit_event(&ev, KIT_NV(field[i], "1"));
        CHECK_NUM(kit_match(set, &ev), 1);
    }
    mm_rules_unref(&set);
    paths[0] = pipelines; /* its own folder, to see whether they are good */
    CHECK(mm_rules_load(paths, 1, NULL, &set, &fault) == MM_OK);
    CHECK_NUM(mm_rules_pipelines(set), 2);
    CHECK_NUM(mm_rules_refused(set), 0);
    mm_rules_unref(&set);
    free(top);
    free(pipelines);
    free(acme);
    free(own);
    free(other);
}
