/* detect/cases_test.c - tests/sigma/cases.txt: Sigma by example. */
#include <stdlib.h>

#include "tests/harness/test.h"

#include "codec/ext/json.h"
#include "detect/testkit.h"

enum { CASES_MIN = 100 };

struct cases {
    struct mm_json *json;
    struct mm_arena arena;
    struct mm_ruleset *set;
    struct mm_slice detection;
    size_t rules, events, wrong;
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

    CHECK(n > 0 && (size_t)n < sizeof(text));
    mm_rules_unref(&c->set);
    c->set = kit_load(text);
    c->detection = detection;
    c->rules++;
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
    CHECK(c.rules >= CASES_MIN && c.events > 2 * c.rules - c.rules / 10);
    mm_rules_unref(&c.set);
    mm_arena_done(&c.arena);
    mm_json_free(&c.json);
}
