/* app/rules_cli_test.c - `mimamori rules` as a person or a script runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/cli.h"
#include "tests/harness/test.h"

#include "base/limits.h"
#include "text/lang.h"

enum { OUT_MAX = 64 * 1024 };

#define GOOD                                                                                       \
    "title: Good\nid: 1\nlevel: high\nauthor: Someone\nlogsource: {product: windows}\n"            \
    "detection: {s: {Image|endswith: '\\cmd.exe'}, condition: s}\n"
#define BAD                                                                                        \
    "title: Bad\nlogsource: {product: windows}\n"                                                  \
    "detection:\n  s: {A|frobnicate: x}\n  condition: s\n"

static void put(const char *name, const char *text)
{
    FILE *f = fopen(name, "we");

    CHECK(f != NULL && fputs(text, f) >= 0);
    CHECK(fclose(f) == 0);
}

/* A folder with one good file, one bad, one of both; this test's own directory becomes current. */
static void rules_folder(void)
{
    CHECK(chdir(mm_test_dir()) == 0);
    CHECK(mkdir("set", 0700) == 0 && mkdir("set/win", 0700) == 0 && mkdir("state", 0700) == 0);
    put("set/bad.yml", BAD);
    put("set/win/good.yml", GOOD);
}

/* Run with these words; standard output (and errors) into out. Returns the exit status. */
static int run(char out[OUT_MAX], const char *const *words)
{
    return mm_cli_say(MM_PROGRAM, MM_S(""), words, out, OUT_MAX);
}

#define RUN(out, ...) run(out, (const char *const[]){__VA_ARGS__, NULL})

TEST(check_names_file_line_and_reason)
{
    char out[OUT_MAX];

    rules_folder();
    CHECK_NUM(RUN(out, "check", "set"), 1);
    CHECK_SLICE(mm_slice_str(out), "set/bad.yml:4: unknown modifier: frobnicate\n"
                                   "1 rules: 1 active, 0 without a source that writes such "
                                   "events, 0 need values for placeholders, 0 for correlation; "
                                   "0 filters; 1 refused\n");
    CHECK_NUM(RUN(out, "check", "set/win"), 0);
    CHECK_NUM(RUN(out, "check", "--json", "set"), 1);
    CHECK_SLICE(mm_slice_str(out),
                "{\"rules\":1,\"active\":1,\"no_source\":0,\"needs_values\":0,\"next_stage\":0,"
                "\"filters\":0,\"pipelines\":[],\"refused\":[{\"line\":4,\"file\":\"set/"
                "bad.yml\",\"reason\":"
                "\"rule.modifier.unknown\",\"text\":\"unknown modifier\",\"detail\":"
                "\"frobnicate\"}],\"warnings\":[]}\n");
    put("bomb.yml", "a: &a [x, x]\nb: [*a, *a]\n");
    CHECK_NUM(RUN(out, "check", "bomb.yml"), 1);
    CHECK(strstr(out, "bomb.yml:1:4: ") != NULL &&
          strstr(out, ": anchors are not taken\n") != NULL);
    CHECK_NUM(RUN(out, "check", "nowhere"), 1);
    CHECK(strstr(out, "cannot read nowhere") != NULL);
    CHECK_NUM(RUN(out, "check"), 2);
    CHECK_NUM(RUN(out, "frob"), 2);
    CHECK_NUM(RUN(out, "check", "--frob", "set"), 2);
}

#define PIPELINE                                                                                   \
    "name: Acme\npriority: 10\ntransformations:\n"                                                 \
    "  - {type: field_name_mapping, mapping: {Image: acme.program}}\n"

/* Those named and those of folders change what the rules ask, and say of how many. */
TEST(pipelines_are_checked_and_change_rules)
{
    char out[OUT_MAX];

    rules_folder();
    put("p.yml", PIPELINE);
    put("bad.yml", PIPELINE "  - {type: nest, items: []}\n");
    put("event.json", "{\"winlog.channel\":\"Security\",\"acme.program\":\"C:\\\\cmd.exe\"}");
    CHECK_NUM(RUN(out, "check", "--pipeline", "p.yml"), 0);
    CHECK(strstr(out, "pipeline p.yml changes 0 of them\n") != NULL);
    CHECK_NUM(RUN(out, "check", "--pipeline", "p.yml", "set/win"), 0);
    CHECK(strstr(out, "pipeline p.yml changes 1 of them\n") != NULL);
    CHECK_NUM(RUN(out, "check", "--json", "--pipeline", "p.yml", "set/win"), 0);
    CHECK(strstr(out, "\"pipelines\":[{\"priority\":10,\"rules\":1,\"name\":\"Acme\",\"file\":"
                      "\"p.yml\"}]") != NULL);
    CHECK_NUM(RUN(out, "check", "--pipeline", "bad.yml", "set/win"), 1);
    CHECK(strstr(out, "bad.yml:5:12: this transformation is not done here: nest\n") != NULL);
    CHECK_NUM(RUN(out, "check", "--pipeline", "none.yml", "set/win"), 1);
    CHECK(strstr(out, "cannot read none.yml") != NULL);
    CHECK_NUM(RUN(out, "why", "set/win/good.yml", "event.json"), 1);
    CHECK_NUM(RUN(out, "why", "--pipeline", "p.yml", "set/win/good.yml", "event.json"), 0);
}

/* `add` takes a folder's pipelines along; `update` refuses a set that brings some. */
TEST(pipelines_go_with_the_folder_that_is_added)
{
    char out[OUT_MAX];
    struct stat st;

    rules_folder();
    CHECK(mkdir("set/win/pipelines", 0700) == 0);
    put("set/win/pipelines/p.yml", PIPELINE);
    CHECK_NUM(RUN(out, "add", "--state", "state", "set/win"), 0);
    CHECK(strstr(out, "2 files copied to state/rules\n") != NULL);
    CHECK(stat("state/rules/win/pipelines/p.yml", &st) == 0);
    CHECK_NUM(RUN(out, "list", "--state", "state"), 0);
    CHECK(strstr(out, "pipeline state/rules/win/pipelines/p.yml changes 1 of them\n") != NULL);
    CHECK_NUM(RUN(out, "update", "--yes", "--state", "state", "set/win"), 1);
    CHECK(strstr(out, "a set brings no pipelines") != NULL);
}

TEST(add_copies_the_good_ones_and_says_which_are_not)
{
    char out[OUT_MAX];
    struct stat st;

    rules_folder();
    CHECK_NUM(RUN(out, "add", "--state", "state", "set/"), 1);
    CHECK(strstr(out, "set//bad.yml:4: unknown modifier: frobnicate\n") != NULL ||
          strstr(out, "set/bad.yml:4: unknown modifier: frobnicate\n") != NULL);
    CHECK(strstr(out, "1 files copied to state/rules\n") != NULL);
    CHECK(stat("state/rules/set/win/good.yml", &st) == 0);
    CHECK_NUM(st.st_size, strlen(GOOD));
    CHECK(stat("state/rules/set/bad.yml", &st) != 0);
    CHECK(stat("state/rules/set/win/good.yml.new", &st) != 0);
    /* Once more, and one file by name: nothing doubles. */
    CHECK_NUM(RUN(out, "add", "--state", "state", "set"), 1);
    CHECK_NUM(RUN(out, "list", "--state", "state"), 0);
    CHECK(strstr(out, "high          active       Good (1)\n") != NULL);
    CHECK_NUM(RUN(out, "list", "--json", "--state", "state"), 0);
    CHECK_SLICE(mm_slice_str(out),
                "[{\"line\":1,\"level\":\"high\",\"state\":\"active\",\"id\":\"1\",\"title\":"
                "\"Good\",\"author\":\"Someone\",\"file\":\"state/rules/set/win/good.yml\","
                "\"product\":\"windows\",\"category\":\"\",\"service\":\"\"}]\n");
}

TEST(add_keeps_to_the_state_directory)
{
    char out[OUT_MAX];
    struct stat st;

    rules_folder();
    CHECK(chdir("set/win") == 0);
    CHECK_NUM(RUN(out, "add", "--state", "../../state", "../win/good.yml"), 0);
    CHECK_NUM(RUN(out, "add", "--state", "../../state", "."), 0);
    CHECK_NUM(RUN(out, "add", "--state", "../../state", ".."), 1);
    CHECK(stat("../../state/rules/good.yml", &st) == 0);
    CHECK(stat("../../state/rules/win/good.yml", &st) == 0);
    CHECK(stat("../../state/win", &st) != 0);
}

TEST(coverage_counts_the_rules_of_each_logsource)
{
    char out[OUT_MAX];

    rules_folder();
    put("set/win/other.yml", "title: O\nlogsource: {product: toaster, service: crumbs}\n"
                             "detection: {s: {A: x}, condition: s}\n");
    CHECK_NUM(RUN(out, "coverage", "--json", "set/win"), 0);
    CHECK_SLICE(mm_slice_str(out),
                "[{\"product\":\"toaster\",\"category\":\"\",\"service\":\"crumbs\",\"rules\":1,"
                "\"active\":0,\"no_source\":1,\"needs_values\":0},\n"
                "{\"product\":\"windows\",\"category\":\"\",\"service\":\"\",\"rules\":1,"
                "\"active\":1,\"no_source\":0,\"needs_values\":0}]\n");
    CHECK_NUM(RUN(out, "coverage", "set/win"), 0);
    CHECK(strstr(out, "     1      0      0  toaster      -                        crumbs") !=
          NULL);
    CHECK(strstr(out, "2 logsources, 2 rules: 1 active, 1 of logsources") != NULL);
}

TEST(why_says_which_part_holds)
{
    char out[OUT_MAX];

    rules_folder();
    put("yes.json", "{\"winlog.channel\":\"System\",\"process.executable\":\"C:\\\\cmd.exe\"}");
    put("no.json", "{\"Event\":{\"System\":{\"EventID\":1,\"Channel\":\"System\"},"
                   "\"EventData\":{\"Image\":\"C:\\\\x.exe\"}}}");
    CHECK_NUM(RUN(out, "why", "--lang", "en", "set/win/good.yml", "yes.json"), 0);
    CHECK_SLICE(mm_slice_str(out), "# Good (1)\nThe rule matches: an alert.\n"
                                   "[yes] s: all of\n"
                                   "  [yes] Image|endswith (process.executable): C:\\cmd.exe\n"
                                   "    [yes] endswith \\cmd.exe\n");
    CHECK_NUM(RUN(out, "why", "--lang", "en", "set/win/good.yml", "no.json"), 1);
    CHECK_SLICE(mm_slice_str(out), "# Good (1)\nThe rule does not match.\n"
                                   "[no] s: all of\n"
                                   "  [no] Image|endswith (process.executable): C:\\x.exe\n"
                                   "    [no] endswith \\cmd.exe\n");
    put("filter.yml", "title: May\nlogsource: {product: windows}\n"
                      "filter: {rules: ['1'], s: {Image: '*'}, condition: not s}\n");
    CHECK_NUM(RUN(out, "why", "--lang", "ja", "set/win/good.yml", "filter.yml", "yes.json"), 1);
    CHECK(strstr(out, mm_lang_text(MM_LANG_JA, MM_S("why.rule.hidden"), 1)) != NULL);
    CHECK(strstr(out, " May\n") != NULL);
    CHECK_NUM(RUN(out, "why", "--json", "set/win/good.yml", "yes.json"), 0);
    CHECK(strstr(out, "[{\"alerts\":true,\"answer\":\"yes\",\"logsource\":true,\"id\":\"1\"") ==
          out);
    CHECK_NUM(RUN(out, "why", "--lang", "xx", "set/win/good.yml", "yes.json"), 2);
    put("no.json", "[1]");
    CHECK_NUM(RUN(out, "why", "set/win/good.yml", "no.json"), 1);
    CHECK(strstr(out, "holds no event") != NULL);
    CHECK_NUM(RUN(out, "why", "set/win/good.yml"), 2);
}

TEST(try_asks_for_one_rule_and_a_company)
{
    char out[OUT_MAX];

    rules_folder();
    CHECK_NUM(RUN(out, "try", "--state", "state", "set/win/good.yml"), 2);
    CHECK_NUM(RUN(out, "try", "--state", "state", "--company", "c1"), 2);
    CHECK_NUM(RUN(out, "try", "--company", "c1", "--days", "0", "set/win/good.yml"), 2);
    CHECK_NUM(RUN(out, "try", "--company", "c1", "--days", "367", "set/win/good.yml"), 2);
    CHECK_NUM(RUN(out, "try", "--state", "state", "--company", "c1", "set/bad.yml"), 1);
    CHECK(strstr(out, "set/bad.yml:4: unknown modifier: frobnicate\n") != NULL);
    CHECK(strstr(out, "one rule at a time; here are 0\n") != NULL);
    CHECK_NUM(RUN(out, "try", "--state", "state", "--company", "c1", "set/win/good.yml"), 1);
    CHECK(strstr(out, "no such company") != NULL);
}
