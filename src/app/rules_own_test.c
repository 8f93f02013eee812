/* app/rules_own_test.c - our own rules: complete, and right about the lines beside them. */
#include <dirent.h>

#include "tests/harness/test.h"

#include "detect/detect.h"
#include "os/file.h"
#include "parse/parse.h"

struct bench {
    struct mm_formats *formats;
    struct mm_scratch *scratch;
    struct mm_ruleset *set;
    struct mm_matcher *matcher;
    struct mm_arena arena;
    struct mm_event ev;
    bool *fired, *quiet; /* per rule: has a line that must and one that must not */
    size_t wrong;
};

static void bench_init(struct bench *b)
{
    struct mm_format_errors errors = {0};
    char rules[MM_MAX_PATH];
    const char *path = rules;

    *b = (struct bench){.formats = mm_formats_new(), .scratch = mm_scratch_new()};
    CHECK(b->formats != NULL && b->scratch != NULL);
    CHECK(mm_formats_load(b->formats, mm_test_source("content/formats"), &errors) == MM_OK);
    CHECK_NUM(errors.count, 0);
    (void)snprintf(rules, sizeof(rules), "%s", mm_test_source("content/rules"));
    CHECK(mm_rules_load(&path, 1, NULL, &b->set, NULL) == MM_OK);
    CHECK_NUM(mm_rules_refused(b->set), 0);
    b->matcher = mm_matcher_new(b->set);
    b->fired = calloc(mm_rules_count(b->set), sizeof(bool));
    b->quiet = calloc(mm_rules_count(b->set), sizeof(bool));
    CHECK(b->matcher != NULL && b->fired != NULL && b->quiet != NULL);
    mm_arena_init(&b->arena, 16 * 1024 * 1024);
}

static void bench_done(struct bench *b)
{
    mm_matcher_free(&b->matcher);
    mm_rules_unref(&b->set);
    mm_scratch_free(&b->scratch);
    mm_formats_free(&b->formats);
    mm_arena_done(&b->arena);
    free(b->fired);
    free(b->quiet);
}

/* Number of the rule, SIZE_MAX for "*". */
static size_t rule_of(const struct bench *b, struct mm_slice id)
{
    if (mm_slice_eq(id, MM_S("*")))
        return SIZE_MAX;
    for (size_t i = 0; i < mm_rules_count(b->set); i++) {
        if (mm_slice_eq(mm_rules_get(b->set, i)->id, id))
            return i;
    }
    printf("# no rule %.*s\n", MM_S_ARG(id));
    CHECK(!"the test names a rule that is not there");
    return 0;
}

/* Does the rule (or any) match the line? Lines that our formats cannot read prove nothing. */
static bool matches(struct bench *b, size_t rule, struct mm_slice line)
{
    struct mm_raw raw = {.body = line, .received_us = INT64_C(1795147800000000)};
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    uint32_t hits[64];
    size_t n;

    mm_arena_reset(&b->arena);
    mm_parse(b->formats, b->scratch, &b->arena, &raw, &hint, &b->ev);
    if (b->ev.flags & MM_EV_UNPARSED) {
        printf("# not parsed: %.*s\n", MM_S_ARG(line));
        b->wrong++;
    }
    n = mm_rules_match(b->matcher, &b->ev, hits, MM_COUNT(hits));
    for (size_t i = 0; i < n; i++) {
        if (rule == SIZE_MAX || hits[i] == rule)
            return true;
    }
    return false;
}

static void try_line(struct bench *b, size_t rule, bool must, struct mm_slice line)
{
    if (matches(b, rule, line) != must) {
        printf("# %s: %.*s\n", must ? "silent" : "fired", MM_S_ARG(line));
        b->wrong++;
    }
    if (rule != SIZE_MAX && must)
        b->fired[rule] = true;
    else if (rule != SIZE_MAX)
        b->quiet[rule] = true;
}

static void try_file(struct bench *b, const char *path)
{
    struct mm_buf text;
    struct mm_slice rest;
    size_t rule = SIZE_MAX;

    mm_buf_init(&text, 4 * 1024 * 1024);
    CHECK(mm_file_read(path, &text) == MM_OK);
    rest = mm_buf_slice(&text);
    while (rest.n > 0) {
        size_t at = mm_slice_find(rest, '\n', 0);
        struct mm_slice line = mm_slice_sub(rest, 0, at);

        rest = at == SIZE_MAX ? (struct mm_slice){0} : mm_slice_sub(rest, at + 1, SIZE_MAX);
        if (mm_slice_starts(line, MM_S("> ")))
            rule = rule_of(b, mm_slice_sub(line, 2, SIZE_MAX));
        else if (mm_slice_starts(line, MM_S("+ ")) || mm_slice_starts(line, MM_S("- ")))
            try_line(b, rule, line.p[0] == '+', mm_slice_sub(line, 2, SIZE_MAX));
        else
            CHECK(line.n == 0 || line.p[0] == '#');
    }
    mm_buf_done(&text);
}

TEST(own_rules_say_what_their_examples_say)
{
    struct bench b;
    struct dirent **list = NULL;
    int n;

    bench_init(&b);
    n = scandir(mm_test_source("content/rules"), &list, NULL, alphasort);
    CHECK(n > 0);
    for (int i = 0; i < n; i++) {
        char path[MM_MAX_PATH];

        if (mm_slice_ends(mm_slice_str(list[i]->d_name), MM_S(".test"))) {
            (void)snprintf(path, sizeof(path), "%s/%s", mm_test_source("content/rules"),
                           list[i]->d_name);
            try_file(&b, path);
        }
        free(list[i]);
    }
    free(list);
    for (size_t i = 0; i < mm_rules_count(b.set); i++) {
        if (!b.fired[i] || !b.quiet[i]) {
            printf("# without an example of each kind: %.*s\n",
                   MM_S_ARG(mm_rules_get(b.set, i)->id));
            b.wrong++;
        }
    }
    CHECK_NUM(b.wrong, 0);
    bench_done(&b);
}

static bool complete(const struct mm_rule_words *w)
{
    return w->title.n > 0 && w->what.n > 0 && w->first.n > 0;
}

TEST(own_rules_are_complete_in_both_languages)
{
    static const struct mm_slice classes[] = {
        MM_S_INIT("c2"),      MM_S_INIT("malware"), MM_S_INIT("p2p"),
        MM_S_INIT("login"),   MM_S_INIT("account"), MM_S_INIT("intrusion"),
        MM_S_INIT("service"), MM_S_INIT("log"),     MM_S_INIT("protection")};
    struct bench b;

    bench_init(&b);
    for (size_t i = 0; i < mm_rules_count(b.set); i++) {
        const struct mm_rule *r = mm_rules_get(b.set, i);
        bool known = false;

        printf("# %.*s\n", MM_S_ARG(r->title));
        CHECK(r->state == MM_RULE_ACTIVE);
        CHECK(complete(&r->ja) && complete(&r->en));
        CHECK_SLICE(r->author, "Mimamori");
        CHECK_SLICE(r->license, "Apache-2.0");
        CHECK(r->falsepositives.n > 0 && r->description.n > 0);
        CHECK_NUM(r->id.n, 36);
        CHECK(r->doc.n > 2); /* fits into an alert */
        for (size_t k = 0; k < MM_COUNT(classes); k++)
            known |= mm_slice_eq(classes[k], r->klass);
        CHECK(known);
    }
    bench_done(&b);
}
