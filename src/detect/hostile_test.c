/* detect/hostile_test.c - rules made to hurt: each is refused alone, in bounded time and memory. */
#include <stdlib.h>

#include "base/time.h"
#include "tests/harness/test.h"

#include "detect/testkit.h"

enum { TEXT_MAX = 12 * 1024 * 1024, SOON_US = 2 * 1000 * 1000 };

/* A text that is written piece by piece. */
struct text {
    char *p;
    size_t n;
};

static void put(struct text *t, const char *piece, size_t times)
{
    size_t n = strlen(piece);

    for (size_t i = 0; i < times; i++) {
        CHECK(t->n + n < TEXT_MAX);
        memcpy(t->p + t->n, piece, n);
        t->n += n;
    }
}

static struct text begin(void)
{
    struct text t = {.p = malloc(TEXT_MAX)};

    CHECK(t.p != NULL);
    return t;
}

/* The text is refused as `what`, soon, and a good rule beside it loads; detail NULL: any. */
static void refused(struct text *t, const char *what, const char *detail)
{
    struct mm_rules_text texts[] = {
        {MM_S("bad.yml"), mm_slice_of(t->p, t->n)},
        {MM_S("good.yml"), MM_S(KIT_HEAD "  s: {A: x}\n  condition: s\n")},
    };
    struct mm_rules_options options = {.text = texts, .text_n = 2};
    struct mm_ruleset *set = NULL;
    int64_t began = mm_mono_us();

    CHECK(mm_rules_load(NULL, 0, &options, &set, NULL) == MM_OK);
    CHECK(mm_mono_us() - began < SOON_US);
    CHECK_NUM(mm_rules_refused(set), 1);
    printf("# %s: %.*s\n", mm_rules_refusal(set, 0)->what,
           MM_S_ARG(mm_rules_refusal(set, 0)->detail));
    CHECK_SLICE(mm_slice_str(mm_rules_refusal(set, 0)->what), what);
    if (detail != NULL)
        CHECK_SLICE(mm_rules_refusal(set, 0)->detail, detail);
    CHECK_SLICE(mm_rules_refusal(set, 0)->file, "bad.yml");
    CHECK_NUM(mm_rules_count(set), 1);
    mm_rules_unref(&set);
    free(t->p);
}

TEST(yaml_bombs_and_circles_are_refused)
{
    struct text t = begin();

    /* Nine levels of nine aliases would be 387 million values. */
    put(&t, KIT_HEAD "  a: &a [x, x, x, x, x, x, x, x, x]\n", 1);
    put(&t, "  b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n", 1);
    put(&t, "  c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\n  condition: c\n", 1);
    refused(&t, "rule.yaml", "yaml.anchor");
    t = begin();
    put(&t, KIT_HEAD "  a: &a {A: *a}\n  condition: a\n", 1);
    refused(&t, "rule.yaml", "yaml.anchor");
    t = begin();
    put(&t, KIT_HEAD "  a: ", 1);
    put(&t, "[", 10000);
    refused(&t, "rule.yaml", "yaml.too_deep");
    t = begin();
    put(&t, KIT_HEAD "  a: {A: [", 1);
    put(&t, "x,", 3 * 1000 * 1000);
    put(&t, "]}\n  condition: a\n", 1);
    refused(&t, "rule.yaml", "yaml.too_large");
    t = begin();
    put(&t, KIT_HEAD "  a: {A: [", 1);
    put(&t, "x,", 450 * 1000);
    put(&t, "]}\n  condition: a\n", 1);
    refused(&t, "rule.yaml", "yaml.too_many_nodes");
    t = begin();
    put(&t, KIT_HEAD "  a: {A: 1, A: 2}\n  condition: a\n", 1);
    refused(&t, "rule.yaml", "yaml.duplicate_key");
}

/* Not cut and read as if it were whole. */
TEST(file_that_is_too_long_is_refused_and_not_cut)
{
    char path[MM_MAX_PATH];
    const char *paths[] = {path};
    struct mm_ruleset *set = NULL;
    struct text t = begin();
    FILE *f;

    put(&t, KIT_HEAD "  a: {A: x}\n  condition: a\n", 1);
    put(&t, "# a remark\n", 5 * 1024 * 1024 / 11);
    (void)snprintf(path, sizeof(path), "%s/long.yml", mm_test_dir());
    f = fopen(path, "we");
    CHECK(f != NULL && fwrite(t.p, 1, t.n, f) == t.n && fclose(f) == 0);
    CHECK(mm_rules_load(paths, 1, NULL, &set, NULL) == MM_OK);
    CHECK_NUM(mm_rules_count(set), 0);
    CHECK_NUM(mm_rules_refused(set), 1);
    CHECK_SLICE(mm_rules_refusal(set, 0)->detail, "yaml.too_large");
    mm_rules_unref(&set);
    free(t.p);
}

TEST(monstrous_expressions_are_refused)
{
    struct text t = begin();

    put(&t, KIT_HEAD "  a: {A|re: '", 1);
    put(&t, "(a|b)*c?", 10 * 1024 * 1024 / 8);
    put(&t, "'}\n  condition: a\n", 1);
    refused(&t, "rule.yaml", NULL); /* the file is too long to begin with */
    t = begin();
    put(&t, KIT_HEAD "  a: {A|re: '", 1);
    put(&t, "ab?", 20 * 1024 / 3);
    put(&t, "'}\n  condition: a\n", 1);
    refused(&t, "rule.value.long", NULL);
    t = begin();
    put(&t, KIT_HEAD "  a: {A|re: '", 1);
    put(&t, "(", 1000);
    put(&t, "x", 1);
    put(&t, ")", 1000);
    put(&t, "'}\n  condition: a\n", 1);
    refused(&t, "rule.regex.syntax", NULL);
    t = begin();
    put(&t,
        KIT_HEAD "  a: {A|re: '((((((a{999}){999}){999}){999}){999}){999})'}\n"
                 "  condition: a\n",
        1);
    refused(&t, "rule.regex.syntax", NULL);
    t = begin();
    put(&t, KIT_HEAD "  a:\n    A|re:\n", 1);
    put(&t, "      - a.c\n", 501);
    put(&t, "  condition: a\n", 1);
    refused(&t, "rule.large", NULL);
}

TEST(monstrous_conditions_are_refused)
{
    struct text t = begin();

    put(&t, KIT_HEAD "  a: {A: x}\n  condition: a", 1);
    put(&t, " or a", 10000);
    put(&t, "\n", 1);
    refused(&t, "rule.condition.long", NULL);
    t = begin();
    put(&t, KIT_HEAD "  a: {A: x}\n  condition: ", 1);
    put(&t, "(", 1000);
    put(&t, "a", 1);
    put(&t, ")", 1000);
    put(&t, "\n", 1);
    refused(&t, "rule.condition.deep", NULL);
    t = begin();
    put(&t, KIT_HEAD "  a:\n    A:\n", 1);
    put(&t, "      - value\n", 20001);
    put(&t, "  condition: a\n", 1);
    refused(&t, "rule.values.many", NULL);
    t = begin();
    put(&t, KIT_HEAD "  a: {A: x}\n  condition: ", 1);
    put(&t, "not ", 100); /* fits the operators, not the depth */
    put(&t, "a\n", 1);
    refused(&t, "rule.condition.deep", NULL);
    t = begin();
    put(&t, KIT_HEAD, 1);
    for (int i = 0; i < 1001; i++) {
        char one[32];

        (void)snprintf(one, sizeof(one), "  a%d: {A: x}\n", i);
        put(&t, one, 1);
    }
    put(&t, "  condition: a1\n", 1);
    refused(&t, "rule.detection.many", NULL);
    t = begin();
    put(&t, KIT_HEAD "  a: {A: x}\n  condition: a\ndescription: ", 1);
    put(&t, "words ", 33 * 1024 / 6);
    put(&t, "\n", 1);
    refused(&t, "rule.text.long", NULL);
}

/* Its neighbours are found as ever. */
TEST(rule_that_matches_everything_hides_no_other)
{
    struct mm_ruleset *set =
        kit_load(KIT_TITLE("all") "  s: {A: '*'}\n  condition: s\n---\n" KIT_TITLE(
            "not") "  s: {A: never}\n  condition: not s\n---\n" KIT_TITLE("one") "  s: "
                                                                                 "{A|endswith: "
                                                                                 "xyz}\n  "
                                                                                 "condition: s\n");
    struct mm_event ev;

    kit_event(&ev, KIT_NV("A", "an xyz"));
    CHECK_NUM(kit_match(set, &ev), 3);
    kit_event(&ev, KIT_NV("A", "an abc"));
    CHECK_NUM(kit_match(set, &ev), 2);
    mm_rules_unref(&set);
}
