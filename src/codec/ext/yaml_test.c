/* codec/ext/yaml_test.c - promises of the YAML reader. */
#include "codec/ext/yaml.h"
#include "tests/harness/test.h"

TEST(yaml_keeps_order_lines_and_quotes)
{
    struct mm_arena a;
    struct mm_yaml *doc;
    const struct mm_yaml *list;
    bool yes = false;

    mm_arena_init(&a, 1 << 20);
    CHECK(mm_yaml_read(&a, MM_S("a: 1\nb:\n  - x\n  - '~'\n  - ~\nc: true\n---\nd: {e: f}\n"), &doc,
                       NULL) == MM_OK);
    CHECK(doc->kind == MM_YAML_MAP && doc->count == 3);
    CHECK_SLICE(mm_yaml_text(doc, "a"), "1");
    list = mm_yaml_get(doc, "b");
    CHECK(list != NULL && list->kind == MM_YAML_LIST && list->count == 3);
    CHECK_SLICE(list->first->text, "x");
    CHECK(list->first->line == 3);
    CHECK(!mm_yaml_is_null(list->first->next) && mm_yaml_is_null(list->first->next->next));
    CHECK(mm_yaml_bool(mm_yaml_get(doc, "c"), &yes) && yes);
    CHECK(doc->next != NULL && doc->next->next == NULL);
    CHECK_SLICE(mm_yaml_text(mm_yaml_get(doc->next, "d"), "e"), "f");
    mm_arena_done(&a);
}

TEST(yaml_refuses_with_line_and_reason)
{
    static const struct {
        struct mm_slice in;
        enum mm_code code;
        uint32_t line;
    } cases[] = {
        {MM_S_INIT("a: 1\nb: [\n"), MM_E_SYNTAX, 3},
        {MM_S_INIT("a: &x 1\nb: 2\n"), MM_E_SYNTAX, 1},
        {MM_S_INIT("a: &x [1]\nb: 2\n"), MM_E_SYNTAX, 1},
        {MM_S_INIT("a:\n  - &x {b: 2}\n"), MM_E_SYNTAX, 2},
        {MM_S_INIT("a: 1\nb: *x\n"), MM_E_SYNTAX, 2},
        {MM_S_INIT("a: 1\na: 2\n"), MM_E_SYNTAX, 2},
        {MM_S_INIT("? [a]\n: 1\n"), MM_E_SYNTAX, 1},
        {MM_S_INIT("a: \xFF\n"), MM_E_SYNTAX, 1},
    };
    static uint8_t deep[100];
    struct mm_arena a;
    struct mm_yaml *doc = (struct mm_yaml *)&a; /* any value: must stay */
    struct mm_yaml_fault f;

    mm_arena_init(&a, 1 << 20);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        f = (struct mm_yaml_fault){0};
        CHECK_NUM(mm_yaml_read(&a, cases[i].in, &doc, &f), cases[i].code);
        CHECK_NUM(f.line, cases[i].line);
        CHECK(f.what != NULL && doc == (struct mm_yaml *)&a);
    }
    memset(deep, '[', sizeof(deep));
    CHECK(mm_yaml_read(&a, mm_slice_of(deep, sizeof(deep)), &doc, &f) == MM_E_LIMIT);
    CHECK(strcmp(f.what, "yaml.too_deep") == 0);
    memset(deep + MM_YAML_MAX_DEPTH, ']', MM_YAML_MAX_DEPTH); /* as deep as may be */
    CHECK(mm_yaml_read(&a, mm_slice_of(deep, 2 * MM_YAML_MAX_DEPTH), &doc, &f) == MM_OK);
    mm_arena_done(&a);
}

TEST(yaml_of_nothing_is_nothing)
{
    struct mm_arena a;
    struct mm_yaml *doc = NULL;

    mm_arena_init(&a, 1 << 20);
    CHECK(mm_yaml_read(&a, (struct mm_slice){0}, &doc, NULL) == MM_OK && doc == NULL);
    CHECK(mm_yaml_get(NULL, "x") == NULL && mm_yaml_text(NULL, "x").n == 0);
    mm_arena_done(&a);
}

TEST(yaml_reads_back_what_it_quoted)
{
    static const struct mm_slice cases[] = {
        MM_S_INIT("door opened"),
        MM_S_INIT(""),
        MM_S_INIT("it's \"so\" \\d: #1, {x} [y]"),
        MM_S_INIT("a\tb\rc\nd\x01\x7f"),
        MM_S_INIT("a\0b"),
        MM_S_INIT("\xC2\x85 \xC2\x9F \xC2\xA0"),
        MM_S_INIT("\xE2\x80\xA8|\xE2\x80\xA9|\xEF\xBB\xBF|\xEF\xBF\xBE|\xEF\xBF\xBF"),
        MM_S_INIT("\xE6\x97\xA5 \xF0\x9F\x9A\xAA"),
    };
    struct mm_arena a;
    struct mm_buf text;

    mm_arena_init(&a, 1 << 20);
    mm_buf_init(&text, 1 << 10);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_yaml *doc = NULL;

        mm_buf_reset(&text);
        mm_yaml_quote(&text, cases[i]);
        CHECK(mm_yaml_read(&a, mm_buf_slice(&text), &doc, NULL) == MM_OK);
        CHECK(mm_slice_eq(doc->text, cases[i]));
        CHECK(mm_yaml_needs_escape(cases[i]) == (i >= 3 && i <= 6));
    }
    mm_buf_reset(&text);
    mm_yaml_quote(&text, MM_S("a\xFFz"));
    CHECK_SLICE(mm_buf_slice(&text), "\"a\\uFFFDz\"");
    CHECK(mm_yaml_needs_escape(MM_S("a\xFFz")));
    mm_buf_done(&text);
    mm_arena_done(&a);
}
