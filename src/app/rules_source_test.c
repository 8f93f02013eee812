/* app/rules_source_test.c - logsources and fields of Sigma's taxonomy reach lines of our formats.
 */
#include "tests/harness/test.h"

#include "detect/detect.h"
#include "os/file.h"
#include "parse/parse.h"

struct bench {
    struct mm_formats *formats;
    struct mm_scratch *scratch;
    struct mm_arena arena;
    struct mm_event ev;
    struct mm_ruleset *set;
    struct mm_slice source;
    size_t rules, lines, wrong;
};

static struct mm_slice next_line(struct mm_slice *io)
{
    size_t at = mm_slice_find(*io, '\n', 0);
    struct mm_slice line = mm_slice_sub(*io, 0, at);

    *io = at == SIZE_MAX ? (struct mm_slice){0} : mm_slice_sub(*io, at + 1, SIZE_MAX);
    return line;
}

static void begin_rule(struct bench *b, struct mm_slice source, struct mm_slice item)
{
    char text[2048];
    int n = snprintf(text, sizeof(text),
                     "title: t\nlogsource: {%.*s}\ndetection: {s: {%.*s}, condition: s}\n",
                     MM_S_ARG(source), MM_S_ARG(item));

    CHECK(n > 0 && (size_t)n < sizeof(text));
    mm_rules_unref(&b->set);
    CHECK(mm_rules_load_text(MM_S("t"), mm_slice_str(text), NULL, &b->set) == MM_OK);
    CHECK_NUM(mm_rules_refused(b->set), 0);
    CHECK(mm_rules_get(b->set, 0)->state == MM_RULE_ACTIVE);
    b->source = source;
    b->rules++;
}

static void try_line(struct bench *b, bool must, struct mm_slice line)
{
    struct mm_raw raw = {.body = line, .received_us = INT64_C(1795147800000000)};
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    struct mm_matcher *m = mm_matcher_new(b->set);
    uint32_t hit;
    bool hits;

    CHECK(m != NULL);
    mm_arena_reset(&b->arena);
    mm_parse(b->formats, b->scratch, &b->arena, &raw, &hint, &b->ev);
    hits = mm_rules_match(m, &b->ev, &hit, 1) > 0;
    if (hits != must || (b->ev.flags & MM_EV_UNPARSED) != 0) {
        printf("# %.*s: %s: %.*s\n", MM_S_ARG(b->source), must ? "silent" : "fired",
               MM_S_ARG(line));
        b->wrong++;
    }
    b->lines++;
    mm_matcher_free(&m);
}

TEST(logsources_reach_lines_of_our_formats)
{
    struct bench b = {.formats = mm_formats_new(), .scratch = mm_scratch_new()};
    struct mm_format_errors errors = {0};
    struct mm_slice rest, line, source = {0};
    struct mm_buf text;

    CHECK(b.formats != NULL && b.scratch != NULL);
    CHECK(mm_formats_load(b.formats, mm_test_source("content/formats"), &errors) == MM_OK);
    mm_arena_init(&b.arena, 16 * 1024 * 1024);
    mm_buf_init(&text, 1024 * 1024);
    CHECK(mm_file_read(mm_test_source("tests/sigma/sources.txt"), &text) == MM_OK);
    for (rest = mm_buf_slice(&text); rest.n > 0;) {
        line = next_line(&rest);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (line.p[0] == '+' || line.p[0] == '-') {
            CHECK(b.set != NULL);
            try_line(&b, line.p[0] == '+', mm_slice_sub(line, 2, SIZE_MAX));
        } else if (source.n == 0) {
            source = line;
        } else {
            begin_rule(&b, source, line);
            source = (struct mm_slice){0};
        }
    }
    printf("# %zu logsources, %zu lines\n", b.rules, b.lines);
    CHECK_NUM(b.wrong, 0);
    CHECK(b.rules >= 10 && b.lines >= 2 * b.rules);
    mm_rules_unref(&b.set);
    mm_buf_done(&text);
    mm_arena_done(&b.arena);
    mm_scratch_free(&b.scratch);
    mm_formats_free(&b.formats);
}
