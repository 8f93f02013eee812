/* parse/draft_test.c - from lines to a format that reads them. */
#include "parse/draft.h"

#include "parse/parse.h"
#include "tests/harness/test.h"

static void make(struct mm_draft *d, struct mm_buf *yaml)
{
    struct mm_draft_head head = {
        .name = MM_S("door"), .category = MM_S("host"), .outcome = MM_S("success")};

    CHECK(mm_draft_yaml(d, &head, yaml));
}

static const char *line_of(struct mm_buf *yaml, const char *with)
{
    size_t at = mm_slice_search(mm_buf_slice(yaml), mm_slice_str(with));

    if (at == SIZE_MAX)
        printf("# %.*s\n", MM_S_ARG(mm_buf_slice(yaml)));
    return at == SIZE_MAX ? NULL : with;
}

TEST(draft_names_what_it_can_and_its_file_reads_the_lines)
{
    static const char *const lines[] = {
        "<13>Nov 20 10:00:00 h doord[1]: opened by user alice from 192.0.2.7 port 4711",
        "<13>Nov 20 10:00:01 h doord[1]: opened by user bob from 192.0.2.8 port 4712",
        "<13>Nov 20 10:00:02 h doord[1]: it's 12 degrees {cold}",
    };
    struct mm_formats *set = mm_formats_new();
    struct mm_scratch *scratch = mm_scratch_new();
    struct mm_format_errors errors = {0};
    static struct mm_event ev;
    static struct mm_draft d;
    struct mm_arena arena;
    struct mm_buf yaml;

    CHECK(mm_draft_init(&d) == MM_OK);
    mm_arena_init(&arena, 1 << 20);
    mm_buf_init(&yaml, MM_DRAFT_YAML);
    for (size_t i = 0; i < MM_COUNT(lines); i++)
        CHECK(mm_draft_add(&d, mm_slice_str(lines[i]), NULL, 0) == MM_OK);
    make(&d, &yaml);
    CHECK(line_of(&yaml, "  - is: 'opened by user {user.name:word} from {source.ip:ip} port "
                         "{source.port:int}'\n") != NULL);
    CHECK(line_of(&yaml, "  - is: 'it''s {s:int} degrees {{cold}'\n") != NULL);
    CHECK(line_of(&yaml, "  - app: ['doord']\n") != NULL);
    CHECK(mm_formats_add(set, "door.yaml", mm_buf_slice(&yaml), &errors) == MM_OK);
    for (size_t i = 0; i < MM_COUNT(lines); i++) {
        struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
        struct mm_raw raw = {.body = mm_slice_str(lines[i]),
                             .received_us = INT64_C(1795147200000000)};

        mm_parse(set, scratch, &arena, &raw, &hint, &ev);
        CHECK((ev.flags & MM_EV_UNPARSED) == 0);
        CHECK_SLICE(ev.val[MM_F_HOST_NAME].text, "h"); /* as of a line that nobody reads */
    }
    mm_buf_done(&yaml);
    mm_draft_done(&d);
    mm_scratch_free(&scratch);
    mm_formats_free(&set);
    mm_arena_done(&arena);
}

TEST(draft_takes_marks_out_of_the_text)
{
    struct mm_draft_mark marks[MM_DRAFT_MARKS];
    struct mm_slice line = {0};
    static struct mm_draft d;
    struct mm_buf yaml;
    size_t n = 0;

    CHECK(mm_draft_init(&d) == MM_OK);
    mm_buf_init(&yaml, MM_DRAFT_YAML);
    CHECK(mm_draft_marks(&d,
                         MM_S("{@timestamp=2026-11-20 10:00:00} {{x} {user.name=Taro Y} was let in "
                              "by {host.name=gate-1}/{mine=7}"),
                         &line, marks, &n) == MM_OK);
    CHECK_SLICE(line, "2026-11-20 10:00:00 {x} Taro Y was let in by gate-1/7");
    CHECK_NUM(n, 4);
    CHECK(mm_draft_add(&d, line, marks, n) == MM_OK);
    make(&d, &yaml);
    CHECK(line_of(&yaml, "  - is: '{:ymd} {{x} {user.name:last} was let in by "
                         "{host.name:word}/{mine:int}'\n") != NULL);
    CHECK(line_of(&yaml, "  - like: ['{:ymd} {{x}") != NULL);
    CHECK(mm_draft_marks(&d, MM_S("{no value}"), &line, marks, &n) == MM_E_SYNTAX);
    CHECK(mm_draft_marks(&d, MM_S("{a=}"), &line, marks, &n) == MM_E_SYNTAX);
    CHECK(mm_draft_marks(&d, MM_S("{a=1"), &line, marks, &n) == MM_E_SYNTAX);
    mm_buf_done(&yaml);
    mm_draft_done(&d);
}

TEST(draft_refuses_marks_outside_of_the_message)
{
    struct mm_draft_mark header = {1, 2, MM_S_INIT("x")}, behind = {60, 9, MM_S_INIT("x")};
    static struct mm_draft d;

    CHECK(mm_draft_init(&d) == MM_OK);
    CHECK(mm_draft_add(&d, MM_S("<13>Nov 20 10:00:00 h doord: hello"), &header, 1) == MM_E_RANGE);
    CHECK(mm_draft_add(&d, MM_S("<13>Nov 20 10:00:00 h doord: hello"), &behind, 1) == MM_E_RANGE);
    CHECK(!mm_draft_name_ok(MM_S("../x")) && !mm_draft_name_ok(MM_S("")) &&
          !mm_draft_name_ok(MM_S("-a")) && mm_draft_name_ok(MM_S("a-1")));
    mm_draft_done(&d);
}

TEST(draft_marks_an_address_with_its_port_and_what_nobody_needs)
{
    static struct mm_draft d;
    struct mm_slice line = MM_S("<13>Nov 20 10:00:00 h gated[1]: deny 192.0.2.7:4711 ticket A-17x "
                                "a b");
    struct mm_draft_mark marks[] = {{.from = 37, .n = 14, .field = MM_S("destination")},
                                    {.from = 59, .n = 5, .field = {0}},
                                    {.from = 65, .n = 1, .field = MM_S("value")},
                                    {.from = 67, .n = 1, .field = MM_S("value")}};
    struct mm_buf yaml;

    CHECK(mm_draft_init(&d) == MM_OK);
    mm_buf_init(&yaml, MM_DRAFT_YAML);
    CHECK_NUM(mm_draft_add(&d, line, marks, MM_COUNT(marks)), MM_OK);
    CHECK_NUM(mm_draft_example(&d, MM_S("another line")), MM_OK);
    make(&d, &yaml);
    CHECK(line_of(
              &yaml,
              "  - is: 'deny {destination:ip:port} ticket {:word} {value:word} {value2:word}'\n") !=
          NULL);
    CHECK(mm_slice_search(mm_buf_slice(&yaml), MM_S("another")) == SIZE_MAX);
    mm_draft_test(&d, &yaml);
    CHECK(line_of(&yaml, "<\\ another line\n") != NULL);
    mm_buf_done(&yaml);
    mm_draft_done(&d);
}

/* One line, marked, gives a file that reads it; `is` stands in it. */
static void reads_marked(const char *line, const struct mm_draft_mark *mark, const char *is)
{
    struct mm_formats *set = mm_formats_new();
    struct mm_scratch *scratch = mm_scratch_new();
    struct mm_format_errors errors = {0};
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    struct mm_raw raw = {.body = mm_slice_str(line), .received_us = INT64_C(1795147200000000)};
    static struct mm_event ev;
    static struct mm_draft d;
    struct mm_arena arena;
    struct mm_buf yaml;

    CHECK(mm_draft_init(&d) == MM_OK);
    mm_arena_init(&arena, 1 << 20);
    mm_buf_init(&yaml, MM_DRAFT_YAML);
    CHECK_NUM(mm_draft_add(&d, raw.body, mark, 1), MM_OK);
    make(&d, &yaml);
    CHECK(line_of(&yaml, is) != NULL);
    CHECK(mm_formats_add(set, "door.yaml", mm_buf_slice(&yaml), &errors) == MM_OK);
    mm_parse(set, scratch, &arena, &raw, &hint, &ev);
    CHECK((ev.flags & MM_EV_UNPARSED) == 0);
    mm_buf_done(&yaml);
    mm_draft_done(&d);
    mm_scratch_free(&scratch);
    mm_formats_free(&set);
    mm_arena_done(&arena);
}

TEST(draft_of_a_line_with_tabs_and_odd_spaces_reads_it)
{
    struct mm_draft_mark mark = {.n = 4, .field = MM_S_INIT("event.action")};

    mark.from = 7;
    reads_marked("ZZZDEV\tdoor opened", &mark,
                 "  - is: \"ZZZDEV\\x09{event.action:word} opened\"\n");
    mark.from = 8;
    reads_marked("ZZZDEV\xC2\x85"
                 "door opened",
                 &mark, "ZZZDEV\\u0085{event.action:word} opened\"\n");
    mark.from = 9;
    reads_marked("ZZZDEV\xE2\x80\xA8"
                 "door opened",
                 &mark, "ZZZDEV\\u2028{event.action:word} opened\"\n");
    reads_marked("ZZZDEV\xEF\xBB\xBF"
                 "door opened",
                 &mark, "ZZZDEV\\ufeff{event.action:word} opened\"\n");
}

TEST(draft_extends_a_file_of_its_own_and_no_other)
{
    static const struct mm_slice own =
        MM_S_INIT("format: door\nwrap: syslog\nrecognise:\n  - app: ['doord']\ndecode: pattern\n"
                  "patterns:\n  - is: 'opened'\n");
    static const char *const others[] = {
        "",
        "format: door\ndecode: pattern\npatterns:\n  - is: 'x'\n",
        "format: door\nrecognise:\n  - app: [x]\ndecode: kv\n",
        "format: door\nrecognise:\n  - app: [x]\npatterns:\n  - is: 'x'",
    };
    static const char *const lines[] = {"<13>Nov 20 10:00:00 h doord[1]: closed by 192.0.2.7",
                                        "<13>Nov 20 10:00:00 h lockd[1]: locked"};
    static struct mm_draft d;
    struct mm_draft_mark mark = {.from = 32, .n = 6, .field = MM_S("event.action")};
    struct mm_buf yaml;

    mm_buf_init(&yaml, MM_DRAFT_YAML);
    CHECK(mm_draft_init(&d) == MM_OK);
    CHECK(!mm_draft_extend(&d, own, &yaml)); /* nothing was added */
    for (size_t i = 0; i < MM_COUNT(lines); i++)
        CHECK_NUM(mm_draft_add(&d, mm_slice_str(lines[i]), &mark, 1), MM_OK);
    for (size_t i = 0; i < MM_COUNT(others); i++)
        CHECK(!mm_draft_extend(&d, mm_slice_str(others[i]), &yaml));
    CHECK(mm_draft_extend(&d, own, &yaml));
    CHECK_SLICE(mm_buf_slice(&yaml),
                "format: door\nwrap: syslog\nrecognise:\n  - app: ['lockd']\n  - app: ['doord']\n"
                "decode: pattern\npatterns:\n  - is: 'opened'\n"
                "  - is: '{event.action:word} by {source.ip:ip}'\n"
                "  - is: '{event.action:word}'\n");
    mm_buf_done(&yaml);
    mm_draft_done(&d);
}

/* Where a line names a host itself, the header's is the device that wrote it. */
TEST(draft_of_a_line_with_a_host_leaves_the_headers_to_the_device)
{
    static const char line[] = "<13>Nov 20 10:00:00 h doord[1]: opened at gate-2";
    struct mm_draft_mark mark = {.from = 42, .n = 6, .field = MM_S("host.name")};
    static struct mm_draft d;
    struct mm_buf yaml, more;

    mm_buf_init(&yaml, MM_DRAFT_YAML);
    mm_buf_init(&more, MM_DRAFT_YAML);
    CHECK(mm_draft_init(&d) == MM_OK);
    CHECK_NUM(mm_draft_add(&d, mm_slice_str("<13>Nov 20 10:00:00 h doord[1]: shut"), NULL, 0),
              MM_OK);
    make(&d, &yaml);
    CHECK(line_of(&yaml, "\nfields:\n  syslog.host: host.name\nrecognise:\n") != NULL);
    mm_draft_done(&d);
    CHECK(mm_draft_init(&d) == MM_OK);
    CHECK_NUM(mm_draft_add(&d, mm_slice_str(line), &mark, 1), MM_OK);
    CHECK(mm_draft_extend(&d, mm_buf_slice(&yaml), &more));
    CHECK(line_of(&more, "\nfields:\n  syslog.host: observer.name\nrecognise:\n") != NULL);
    CHECK(line_of(&more, "  - is: 'opened at {host.name:word}'\n") != NULL);
    mm_buf_done(&more);
    mm_buf_done(&yaml);
    mm_draft_done(&d);
}

TEST(draft_turns_words_into_outcomes_that_its_file_reads)
{
    static const struct {
        const char *line, *outcome;
    } cases[] = {{"<13>Nov 20 10:00:00 h bk: job 7 ended OK at once", "success"},
                 {"<13>Nov 20 10:00:01 h bk: job 8 ended NG at once", "failure"},
                 {"<13>Nov 20 10:00:02 h bk: job 9 ended skipped at once", "failure"},
                 {"<13>Nov 20 10:00:03 h bk: job 9 ended '*' at once", "unknown"},
                 {"<13>Nov 20 10:00:04 h bk: job 9 ended later at once", "unknown"}};
    struct mm_slice first = mm_slice_str(cases[0].line);
    const struct mm_draft_mark mark = {
        .from = mm_slice_search(first, MM_S("OK")), .n = 2, .field = MM_S("event.outcome")};
    struct mm_formats *set = mm_formats_new();
    struct mm_scratch *scratch = mm_scratch_new();
    struct mm_format_errors errors = {0};
    static struct mm_event ev;
    static struct mm_draft d;
    struct mm_arena arena;
    struct mm_buf yaml;

    CHECK(mm_draft_init(&d) == MM_OK);
    mm_arena_init(&arena, 1 << 20);
    mm_buf_init(&yaml, MM_DRAFT_YAML);
    CHECK(mm_draft_known(&d, MM_S("success: [ok]\nfailure: [ng]\n")) == MM_OK);
    CHECK(mm_draft_known(&d, MM_S("success: [")) == MM_E_SYNTAX);
    CHECK(mm_draft_say(&d, MM_S("skipped"), MM_DRAFT_FAILURE) == MM_OK);
    CHECK(mm_draft_add(&d, first, &mark, 1) == MM_OK);
    for (size_t i = 1; i < 4; i++)
        CHECK(mm_draft_example(&d, mm_slice_str(cases[i].line)) == MM_OK);
    CHECK(mm_draft_example(&d, MM_S("<13>Nov 20 10:00:00 h bk: something else")) == MM_OK);
    CHECK_NUM(d.words, 4);
    make(&d, &yaml);
    CHECK(line_of(&yaml, "  - is: 'job {job:int} ended {result:word} at once'\n    rules:\n"
                         "      - when: {result: ['OK']}\n"
                         "        set: {event.outcome: success}\n"
                         "      - when: {result: ['skipped', 'NG']}\n"
                         "        set: {event.outcome: failure}\n"
                         "      - when: {result: '*'}\n"
                         "        set: {event.outcome: unknown}\n") != NULL);
    CHECK(mm_formats_add(set, "door.yaml", mm_buf_slice(&yaml), &errors) == MM_OK);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
        struct mm_raw raw = {.body = mm_slice_str(cases[i].line),
                             .received_us = INT64_C(1795147200000000)};

        mm_parse(set, scratch, &arena, &raw, &hint, &ev);
        CHECK((ev.flags & MM_EV_UNPARSED) == 0);
        CHECK_SLICE(ev.val[MM_F_EVENT_OUTCOME].text, cases[i].outcome);
    }
    mm_buf_done(&yaml);
    mm_draft_done(&d);
    mm_scratch_free(&scratch);
    mm_formats_free(&set);
    mm_arena_done(&arena);
}
