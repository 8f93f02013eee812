/* detect/cases_test.c - tests/sigma/cases.txt: Sigma by example. */
#include <stdlib.h>

#include "tests/harness/test.h"

#include "codec/ext/json.h"
#include "detect/testkit.h"
#include "detect/tuning.h"

enum { CASES_MIN = 140 };

static const struct mm_slice modifiers[] = {
#define MM_MODIFIER(id, name) MM_S_INIT(name),
#include "detect/modifiers.def"
#undef MM_MODIFIER
};

/* Forms of conditions, by two texts that stand in one that has it. */
static const struct {
    const char *one, *other;
} forms[] = {
    {"not ", ""},        {" and ", ""},       {" or ", ""},       {"(", ")"},
    {"1 of ", "*"},      {"any of ", "*"},    {"all of ", "*"},   {"1 of them", ""},
    {"any of them", ""}, {"all of them", ""}, {"not 1 of ", "*"}, {"not any of ", "*"},
    {"not all of ", ""}, {"1 of _", "*"},     {"[", "]"},
};

/* How often something was in a rule whose event matched, and in one whose event did not. */
struct seen {
    size_t yes, no;
};

struct cases {
    struct mm_json *json;
    struct mm_arena arena;
    struct mm_ruleset *set;
    struct mm_tuning *values;
    struct mm_slice detection, condition;
    size_t rules, events, wrong;
    struct seen modifier[MM_COUNT(modifiers)], form[MM_COUNT(forms)];
};

static struct mm_slice next_line(struct mm_slice *io)
{
    size_t at = mm_slice_find(*io, '\n', 0);
    struct mm_slice line = mm_slice_sub(*io, 0, at);

    *io = at == SIZE_MAX ? (struct mm_slice){0} : mm_slice_sub(*io, at + 1, SIZE_MAX);
    return line;
}

static void begin(struct cases *c, struct mm_slice detection)
{
    char text[1024];
    int n =
        snprintf(text, sizeof(text), "title: t\nlogsource: {product: windows}\ndetection: %.*s\n",
                 MM_S_ARG(detection));

    size_t at = mm_slice_search(detection, MM_S("condition: "));
    struct mm_rules_options options = {.tuning = c->values};

    CHECK(n > 0 && (size_t)n < sizeof(text) && at != SIZE_MAX);
    mm_rules_unref(&c->set);
    CHECK(mm_rules_load_text(MM_S("t"), mm_slice_str(text), &options, &c->set) == MM_OK);
    CHECK_NUM(mm_rules_refused(c->set), 0);
    c->detection = detection;
    c->condition = mm_slice_sub(detection, at, SIZE_MAX);
    c->rules++;
}

static bool has(struct mm_slice text, const char *part)
{
    return mm_slice_search(text, mm_slice_str(part)) != SIZE_MAX;
}

static bool has_modifier(struct mm_slice detection, struct mm_slice name)
{
    static const char *const ends[] = {"|", ":", "'"};

    for (size_t i = 0; i < MM_COUNT(ends); i++) {
        char text[32];

        (void)snprintf(text, sizeof(text), "|%.*s%s", MM_S_ARG(name), ends[i]);
        if (has(detection, text))
            return true;
    }
    return false;
}

static void note(struct cases *c, bool must)
{
    for (size_t i = 0; i < MM_COUNT(modifiers); i++) {
        if (has_modifier(c->detection, modifiers[i]))
            (must ? &c->modifier[i].yes : &c->modifier[i].no)[0]++;
    }
    for (size_t i = 0; i < MM_COUNT(forms); i++) {
        if (has(c->condition, forms[i].one) && has(c->condition, forms[i].other))
            (must ? &c->form[i].yes : &c->form[i].no)[0]++;
    }
}

/* Every modifier and every form of a condition: in a rule that matched, in one that did not. */
static size_t unused(const struct cases *c)
{
    size_t n = 0;

    for (size_t i = 0; i < MM_COUNT(modifiers); i++) {
        if (c->modifier[i].yes > 0 && c->modifier[i].no > 0)
            continue;
        printf("# no example of both kinds: |%.*s\n", MM_S_ARG(modifiers[i]));
        n++;
    }
    for (size_t i = 0; i < MM_COUNT(forms); i++) {
        if (c->form[i].yes > 0 && c->form[i].no > 0)
            continue;
        printf("# no example of both kinds: condition '%s%s'\n", forms[i].one, forms[i].other);
        n++;
    }
    return n;
}

static void ask(struct cases *c, bool must, struct mm_slice event)
{
    struct mm_json_doc doc;
    struct mm_event ev;

    mm_arena_reset(&c->arena);
    kit_event(&ev, KIT_NV("winlog.channel", "Security"));
    CHECK(mm_json_parse(c->json, event, &c->arena, &doc, NULL) == MM_OK);
    for (size_t i = 1; i < doc.n; i = doc.item[i].end) {
        if (mm_slice_eq(doc.item[i].key, MM_S("original")))
            ev.original = doc.item[i].text;
        else
            CHECK(mm_event_name(&ev, doc.item[i].key, doc.item[i].text));
    }
    c->events++;
    note(c, must);
    if (kit_match(c->set, &ev) == (must ? 1 : 0))
        return;
    printf("# %s: %.*s %.*s\n", must ? "silent" : "fired", MM_S_ARG(c->detection), MM_S_ARG(event));
    c->wrong++;
}

TEST(sigma_by_example)
{
    struct cases c = {.json = mm_json_new(64 * 1024)};
    struct mm_slice rest, line;
    static char text[256 * 1024];
    FILE *f = fopen(mm_test_source("tests/sigma/cases.txt"), "re");
    size_t n;

    CHECK(f != NULL && c.json != NULL);
    CHECK(mm_tuning_read(MM_S("list: names\nvalues: [alpha, 'b?ta']\n"), &c.values, NULL) == MM_OK);
    n = fread(text, 1, sizeof(text), f);
    CHECK(n > 0 && n < sizeof(text));
    (void)fclose(f);
    mm_arena_init(&c.arena, 1024 * 1024);
    for (rest = mm_slice_of(text, n); rest.n > 0;) {
        line = next_line(&rest);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (line.p[0] == '+' || line.p[0] == '-')
            ask(&c, line.p[0] == '+', mm_slice_sub(line, 2, SIZE_MAX));
        else
            begin(&c, mm_slice_sub(line, mm_slice_find(line, '{', 0), SIZE_MAX));
    }
    printf("# %zu rules, %zu events\n", c.rules, c.events);
    CHECK_NUM(c.wrong, 0);
    CHECK_NUM(unused(&c), 0);
    CHECK(c.rules >= CASES_MIN && c.events > 2 * c.rules - c.rules / 10);
    mm_rules_unref(&c.set);
    mm_tuning_free(&c.values);
    mm_arena_done(&c.arena);
    mm_json_free(&c.json);
}
