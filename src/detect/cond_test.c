/* detect/cond_test.c - the condition language. */
#include "tests/harness/test.h"

#include "base/buf.h"
#include "detect/cond.h"

/* The tree as text: (and a (not b)). */
static void show(struct mm_buf *out, const struct mm_cond *c)
{
    static const char *const words[] = {"", "1of:", "allof:", "not", "and", "or"};

    if (c->kind == MM_COND_NAME || c->kind == MM_COND_ONE_OF || c->kind == MM_COND_ALL_OF) {
        mm_buf_str(out, words[c->kind]);
        mm_buf_add(out, c->word);
        return;
    }
    mm_buf_fmt(out, "(%s", words[c->kind]);
    for (const struct mm_cond *m = c->first; m != NULL; m = m->next) {
        mm_buf_byte(out, ' ');
        show(out, m);
    }
    mm_buf_byte(out, ')');
}

static void check_tree(const char *text, const char *want)
{
    struct mm_arena a;
    struct mm_cond *c = NULL;
    struct mm_fault f = {0};
    struct mm_buf out;

    mm_arena_init(&a, 1024 * 1024);
    mm_buf_init(&out, 64 * 1024);
    CHECK(mm_cond_parse(&a, mm_slice_str(text), &c, &f) == MM_OK);
    show(&out, c);
    CHECK_SLICE(mm_buf_slice(&out), want);
    mm_buf_done(&out);
    mm_arena_done(&a);
}

TEST(condition_binds_not_before_and_before_or)
{
    check_tree("a", "a");
    check_tree("a or b and c", "(or a (and b c))");
    check_tree("a and b or c and d", "(or (and a b) (and c d))");
    check_tree("not a and b", "(and (not a) b)");
    check_tree("not a or not b", "(or (not a) (not b))");
    check_tree("not not a", "(not (not a))");
    check_tree("not (a or b) and c", "(and (not (or a b)) c)");
    check_tree("a and (b or c) and d", "(and a (or b c) d)");
    check_tree("((a))", "a");
    check_tree("a AND NOT b", "(and a (not b))");
    check_tree("  a\n and\tb ", "(and a b)");
}

TEST(condition_knows_quantifiers)
{
    check_tree("1 of them", "1of:them");
    check_tree("any of sel*", "1of:sel*");
    check_tree("all of them", "allof:them");
    check_tree("all of selection_* and not 1 of filter_*",
               "(and allof:selection_* (not 1of:filter_*))");
    check_tree("1 of a* or all of b*", "(or 1of:a* allof:b*)");
    check_tree("all and any", "(and all any)"); /* names, no "of" behind them */
    check_tree("sel-1 and _private", "(and sel-1 _private)");
}

TEST(condition_names_the_byte_it_refused)
{
    static const struct {
        const char *text;
        size_t at;
        const char *what;
    } cases[] = {
        {"", 0, "rule.condition.operand"},
        {"a and", 5, "rule.condition.operand"},
        {"and a", 0, "rule.condition.operand"},
        {"a b", 2, "rule.condition.operator"},
        {"a or or b", 5, "rule.condition.operand"},
        {"not", 3, "rule.condition.operand"},
        {"(a", 2, "rule.condition.parenthesis"},
        {"a)", 1, "rule.condition.parenthesis"},
        {"()", 1, "rule.condition.operand"},
        {"a | count() > 5", 2, "rule.condition.aggregation"},
        {"a & b", 2, "rule.condition.character"},
        {"2 of them", 0, "rule.condition.quantifier"},
        {"1 of", 4, "rule.condition.pattern"},
        {"sel*", 0, "rule.condition.pattern.alone"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_arena a;
        struct mm_cond *c = NULL;
        struct mm_fault f = {0};

        mm_arena_init(&a, 1024 * 1024);
        printf("# %s\n", cases[i].text);
        CHECK(mm_cond_parse(&a, mm_slice_str(cases[i].text), &c, &f) == MM_E_SYNTAX);
        CHECK_NUM(f.at, cases[i].at);
        CHECK_SLICE(mm_slice_str(f.what), cases[i].what);
        CHECK(c == NULL);
        mm_arena_done(&a);
    }
}

TEST(condition_depth_and_length_are_bounded)
{
    struct mm_arena a;
    struct mm_cond *c = NULL;
    struct mm_fault f = {0};
    struct mm_buf deep, wide;

    mm_arena_init(&a, 16 * 1024 * 1024);
    mm_buf_init(&deep, 1024 * 1024);
    mm_buf_init(&wide, 1024 * 1024);
    for (size_t i = 0; i < 200; i++)
        mm_buf_str(&deep, "not ");
    mm_buf_str(&deep, "a");
    CHECK(mm_cond_parse(&a, mm_buf_slice(&deep), &c, &f) == MM_E_LIMIT);
    CHECK_SLICE(mm_slice_str(f.what), "rule.condition.deep");
    for (size_t i = 0; i < 1000; i++) /* wide is not deep */
        mm_buf_str(&wide, "a or ");
    mm_buf_str(&wide, "a");
    CHECK(mm_cond_parse(&a, mm_buf_slice(&wide), &c, &f) == MM_OK);
    CHECK_NUM(c->depth, 2);
    for (size_t i = 0; i < 4000; i++)
        mm_buf_str(&wide, " or a");
    CHECK(mm_cond_parse(&a, mm_buf_slice(&wide), &c, &f) == MM_E_LIMIT);
    CHECK_SLICE(mm_slice_str(f.what), "rule.condition.long");
    mm_buf_done(&deep);
    mm_buf_done(&wide);
    mm_arena_done(&a);
}

TEST(pattern_leaves_private_names_out)
{
    CHECK(mm_cond_names(MM_S("them"), MM_S("selection")));
    CHECK(!mm_cond_names(MM_S("them"), MM_S("_private")));
    CHECK(mm_cond_names(MM_S("sel*"), MM_S("selection")));
    CHECK(mm_cond_names(MM_S("sel*_a*"), MM_S("selection_ab")));
    CHECK(!mm_cond_names(MM_S("sel*_a"), MM_S("selection_b")));
    CHECK(!mm_cond_names(MM_S("*"), MM_S("_private")));
    CHECK(mm_cond_names(MM_S("_p*"), MM_S("_private")));
    CHECK(mm_cond_names(MM_S("*a*b*a"), MM_S("aabaaba")));
    CHECK(!mm_cond_names(MM_S("selection"), MM_S("selection_a")));
}
