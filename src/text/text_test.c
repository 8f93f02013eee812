/* text/text_test.c - promises of text/. */
#include "tests/harness/test.h"
#include "text/chart.h"
#include "text/doc.h"
#include "text/lang.h"
#include "text/mustache.h"

enum { JST = 9 * 3600 };
#define AT INT64_C(1787276040000000) /* 2026-08-21T01:34:00Z, a Friday; 10:34 in Japan */

struct fix {
    struct mm_arena arena;
    struct mm_buf out;
    struct mm_doc *doc, *base;
    struct mm_tpl_render r;
};

static void fix_open(struct fix *f)
{
    mm_arena_init(&f->arena, 4 * 1024 * 1024);
    mm_buf_init(&f->out, 65536);
    f->doc = mm_doc_new(&f->arena);
    f->base = mm_doc_new(&f->arena);
    f->r = (struct mm_tpl_render){
        .doc = f->doc, .base = f->base, .out = &f->out, .now_us = AT, .offset_s = JST};
}

static void fix_close(struct fix *f)
{
    mm_buf_done(&f->out);
    mm_arena_done(&f->arena);
}

/* Compile `text` (as "page", beside "part") and render it. */
static struct mm_slice render(struct fix *f, const char *text, const char *part)
{
    const struct mm_tpl_source src[] = {{"page", mm_slice_str(text)}, {"part", mm_slice_str(part)}};
    struct mm_fault fault = {0};
    size_t at;

    CHECK_NUM(mm_tpl_load(&f->arena, src, 2, &f->r.set, &at, &fault), MM_OK);
    mm_buf_reset(&f->out);
    CHECK_NUM(mm_tpl_render(&f->r, "page"), MM_OK);
    return mm_buf_slice(&f->out);
}

TEST(doc_keeps_zero_and_the_three_kinds_of_nothing_apart)
{
    struct fix f;
    struct mm_doc *list, *o;

    fix_open(&f);
    mm_doc_int(f.doc, "zero", 0);
    mm_doc_measured(f.doc, "m", 0);
    mm_doc_none(f.doc, "n", "not_measured");
    mm_doc_null(f.doc, "x");
    mm_doc_time(f.doc, "t", AT);
    mm_doc_time(f.doc, "never", 0);
    mm_doc_bool(f.doc, "b", true);
    mm_doc_text(f.doc, "s", MM_S("\"\xff<"));
    list = mm_doc_array(f.doc, "list");
    o = mm_doc_object(list, NULL);
    mm_doc_str(o, "k", "v");
    (void)mm_doc_array(list, NULL);
    mm_doc_int(list, NULL, -5);
    mm_doc_json(&f.out, f.doc);
    CHECK_SLICE(mm_buf_slice(&f.out),
                "{\"zero\":0,\"m\":{\"v\":0},\"n\":{\"v\":null,\"why\":\"not_measured\"},"
                "\"x\":null,\"t\":\"2026-08-21T01:34:00Z\",\"never\":null,\"b\":true,"
                "\"s\":\"\\\"\xef\xbf\xbd<\",\"list\":[{\"k\":\"v\"},[],-5]}");
    CHECK(mm_doc_ok(f.doc));
    fix_close(&f);
}

TEST(doc_says_when_memory_was_out)
{
    struct mm_arena arena;
    struct mm_doc *doc;

    mm_arena_init(&arena, 8192);
    doc = mm_doc_new(&arena);
    for (int i = 0; i < 10000; i++)
        mm_doc_str(mm_doc_object(doc, "o"), "k", "some text that takes room");
    CHECK(!mm_doc_ok(doc));
    mm_arena_done(&arena);
    mm_arena_init(&arena, 16);
    CHECK(!mm_doc_ok(mm_doc_new(&arena)));
    mm_arena_done(&arena);
}

TEST(template_escapes_whatever_comes)
{
    struct fix f;

    fix_open(&f);
    mm_doc_text(f.doc, "x", MM_S("<script>\"'&\x01\xff{{y}}"));
    mm_doc_str(f.doc, "y", "never");
    CHECK_SLICE(render(&f, "a{{x}}b", ""),
                "a&lt;script&gt;&quot;&#39;&amp;\xef\xbf\xbd\xef\xbf\xbd{{y}}b");
    CHECK_SLICE(render(&f, "/q/{{#url}}x{{/url}}", ""),
                "/q/%3Cscript%3E%22%27%26%01%FF%7B%7By%7D%7D");
    fix_close(&f);
}

TEST(template_walks_sections_partials_and_scopes)
{
    struct fix f;
    struct mm_doc *list;

    fix_open(&f);
    list = mm_doc_array(f.doc, "rows");
    mm_doc_str(mm_doc_object(list, NULL), "name", "one");
    mm_doc_str(mm_doc_object(list, NULL), "name", "two");
    (void)mm_doc_array(f.doc, "none");
    mm_doc_int(f.doc, "count", 0);
    mm_doc_str(f.doc, "name", "outer");
    mm_doc_str(mm_doc_object(f.base, "user"), "name", "base");
    CHECK_SLICE(render(&f,
                       "{{#rows}}[{{name}}{{> part}}]{{/rows}}{{^none}}empty{{/none}}"
                       "{{#count}}x{{/count}}{{name}} {{user.name}}{{absent}}",
                       "/{{user.name}}"),
                "[one/base][two/base]emptyouter base");
    /* Tags alone on a line leave no line behind. */
    CHECK_SLICE(render(&f, "<ul>\n  {{#rows}}\n  <li>{{name}}</li>\n  {{/rows}}\n</ul>\n", ""),
                "<ul>\n  <li>one</li>\n  <li>two</li>\n</ul>\n");
    fix_close(&f);
}

TEST(template_refuses_what_is_not_its_language)
{
    static const char *const bad[] = {
        "{{{raw}}}",
        "{{&raw}}",
        "{{#a}}",
        "{{/a}}",
        "{{#a}}{{/b}}",
        "{{a",
        "{{A b}}",
        "{{> nowhere}}",
        "{{#t}}x",
        "{{#t}}{{/t}}",
        "{{=<% %>=}}",
        "{{> page}}",
        "{{#date}}{{/date}}",
        "{{#t}}{{x}{{/t}}",
        "{{}}",
    };

    for (size_t i = 0; i < MM_COUNT(bad); i++) {
        struct mm_arena arena;
        const struct mm_tpl_source src = {"page", mm_slice_str(bad[i])};
        const struct mm_tpl_set *set = NULL;
        struct mm_fault fault = {0};
        size_t at = 9;

        mm_arena_init(&arena, 4 * 1024 * 1024);
        CHECK_NUM(mm_tpl_load(&arena, &src, 1, &set, &at, &fault), MM_E_SYNTAX);
        CHECK(set == NULL && fault.what != NULL && at == 0);
        mm_arena_done(&arena);
    }
}

TEST(template_formats_by_language)
{
    struct fix f;

    fix_open(&f);
    mm_doc_time(f.doc, "when", AT);
    mm_doc_time(f.doc, "past", AT - INT64_C(185) * 60 * 1000000);
    mm_doc_int(f.doc, "n", 19301698);
    mm_doc_none(f.doc, "gap", "not_measured");
    f.r.mode = MM_TPL_PLAIN;
    CHECK_SLICE(render(&f,
                       "{{#date}}when{{/date}}|{{#date}}when day{{/date}}|"
                       "{{#num}}n{{/num}}|{{#num}}n bytes{{/num}}|{{#date}}past ago{{/date}}",
                       ""),
                "2026\xe5\xb9\xb4"
                "8\xe6\x9c\x88"
                "21\xe6\x97\xa5(\xe9\x87\x91) 10:34|2026\xe5\xb9\xb4"
                "8\xe6\x9c\x88"
                "21\xe6\x97\xa5(\xe9\x87\x91)|19,301,698|19.3 MB|3\xe6\x99\x82\xe9\x96\x93\xe5\x89"
                "\x8d");
    f.r.lang = MM_LANG_EN;
    CHECK_SLICE(render(&f,
                       "{{#date}}when{{/date}}|{{#date}}past ago{{/date}}|{{#num}}gap{{/num}}|"
                       "{{#t}}time.ago.days{{/t}}",
                       ""),
                "Fri 21 Aug 2026, 10:34|3 hours ago|not measured yet|19,301,698 days ago");
    CHECK_NUM(f.r.missing, 0);
    f.r.mode = MM_TPL_HTML;
    CHECK_SLICE(render(&f, "{{#date}}when clock{{/date}}", ""),
                "<time datetime=\"2026-08-21T01:34:00Z\">10:34</time>");
    (void)render(&f, "{{#t}}no.such.key{{/t}}{{#num}}nothing{{/num}}", "");
    CHECK_NUM(f.r.missing, 2);
    fix_close(&f);
}

TEST(template_words_escape_their_arguments)
{
    struct fix f;

    fix_open(&f);
    f.r.lang = MM_LANG_EN;
    mm_doc_text(f.doc, "n", MM_S("<b>"));
    mm_doc_str(f.doc, "unit", "ago.days");
    CHECK_SLICE(render(&f, "{{#t}}time.{{unit}}{{/t}}", ""), "&lt;b&gt; days ago");
    fix_close(&f);
}

TEST(language_follows_what_the_browser_likes)
{
    CHECK(mm_lang_accept(MM_S("en-US,en;q=0.9,ja;q=0.8")) == MM_LANG_EN);
    CHECK(mm_lang_accept(MM_S("en;q=0.3, ja-JP;q=0.9")) == MM_LANG_JA);
    CHECK(mm_lang_accept(MM_S("fr, de;q=0.9")) == MM_LANG_JA);
    CHECK(mm_lang_accept(MM_S("fr, en;q=0.1")) == MM_LANG_EN);
    CHECK(mm_lang_accept(MM_S("en;q=0, ja;q=0")) == MM_LANG_JA);
    CHECK(mm_lang_accept(MM_S(",,;;q=,en;q=x")) == MM_LANG_JA);
    CHECK(mm_lang_accept(MM_S("")) == MM_LANG_JA);
}

TEST(catalogue_is_sorted_and_whole)
{
    for (size_t i = 0; mm_lang_key(i) != NULL; i++) {
        struct mm_slice key = mm_slice_str(mm_lang_key(i));

        CHECK(i == 0 || strcmp(mm_lang_key(i - 1), mm_lang_key(i)) < 0);
        CHECK(mm_lang_text(MM_LANG_JA, key, 1) != NULL);
        CHECK(mm_lang_text(MM_LANG_EN, key, 1) != NULL);
        CHECK(mm_lang_text(MM_LANG_EN, key, 2) != NULL);
    }
    CHECK(mm_lang_text(MM_LANG_JA, MM_S("no.such"), 1) == NULL);
    CHECK(mm_lang_text(MM_LANG_JA, MM_S("time.ago.day"), 1) == NULL);
    CHECK(mm_lang_has_prefix(MM_S("time.ago.")) && !mm_lang_has_prefix(MM_S("zzz")));
}

/* A document {"list": [{"a": .., "b": ..}, ...]} of three elements, the second without numbers. */
static void draw(struct mm_buf *out, int64_t a, int64_t b, bool share)
{
    struct mm_arena arena;
    struct mm_doc *doc, *list;

    mm_arena_init(&arena, 65536);
    doc = mm_doc_new(&arena);
    list = mm_doc_array(doc, "list");
    for (int i = 0; i < 3; i++) {
        struct mm_doc *e = mm_doc_object(list, NULL);

        if (i == 1) {
            mm_doc_none(e, "a", "not_measured");
            mm_doc_text(e, "b", MM_S("<b>"));
        } else {
            mm_doc_measured(e, "a", i == 0 ? a : 10);
            mm_doc_int(e, "b", i == 0 ? b : 0);
        }
    }
    mm_buf_reset(out);
    mm_chart_bars(out, list, MM_S("a"), MM_S("b"), share);
    mm_arena_done(&arena);
}

TEST(chart_draws_bars_of_numbers_and_nothing_else)
{
    struct mm_buf out;

    mm_buf_init(&out, 65536);
    draw(&out, 15, 5, false);
    CHECK_SLICE(mm_buf_slice(&out),
                "<svg class=\"bars\" viewBox=\"0 0 11 40\" preserveAspectRatio=\"none\" "
                "aria-hidden=\"true\" focusable=\"false\">"
                "<path class=\"low\" d=\"M0 40v-30h3v30zM8 40v-20h3v20z\"/>"
                "<path class=\"high\" d=\"M0 10v-10h3v10z\"/></svg>");
    /* A share of one in a million is seen, and no bar is higher than the picture. */
    draw(&out, 1000000, 1, true);
    CHECK(mm_slice_search(mm_buf_slice(&out), MM_S("\"M0 40v-39h3v39zM8 40v-40")) != SIZE_MAX);
    CHECK(mm_slice_search(mm_buf_slice(&out), MM_S("\"M0 1v-1h3v1z\"")) != SIZE_MAX);
    draw(&out, INT64_MAX, INT64_MAX, false);
    CHECK(mm_slice_search(mm_buf_slice(&out), MM_S("\"M0 40v-19")) != SIZE_MAX);
    draw(&out, -5, -1, true);
    CHECK(mm_slice_search(mm_buf_slice(&out), MM_S("M0")) == SIZE_MAX);
    mm_buf_reset(&out);
    mm_chart_bars(&out, NULL, MM_S("a"), MM_S("b"), false);
    CHECK_NUM(out.n, 0);
    mm_buf_done(&out);
}
