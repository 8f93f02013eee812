/* app/format_cli_test.c - `mimamori format` as a helper uses it: from lines to a format in force.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/cli.h"
#include "tests/harness/test.h"

enum { OUT_MAX = 64 * 1024 };

#define LINES                                                                                      \
    "<13>Nov 20 10:00:00 h doord[1]: opened by user alice from 192.0.2.7\n"                        \
    "<13>Nov 20 10:00:01 h doord[1]: opened by user bob from 192.0.2.8\n"                          \
    "<13>Nov 20 10:00:02 h doord[1]: locked {host.name=gate-1} after 20 s\n"

static void put(const char *name, const char *text)
{
    FILE *f = fopen(name, "we");

    CHECK(f != NULL && fputs(text, f) >= 0);
    CHECK(fclose(f) == 0);
}

/* Run with these words; standard output and errors into out. Returns the exit status. */
static int run(char out[OUT_MAX], const char *const *words)
{
    return mm_cli_say(MM_PROGRAM, MM_S(""), words, out, OUT_MAX);
}

#define RUN(out, ...) run(out, (const char *const[]){__VA_ARGS__, NULL})

static bool says(const char *out, const char *what)
{
    bool yes = strstr(out, what) != NULL;

    if (!yes)
        printf("# no \"%s\" in: %s\n", what, out);
    return yes;
}

static void begin(void)
{
    char content[1024];

    CHECK(chdir(mm_test_dir()) == 0);
    (void)snprintf(content, sizeof(content), "%s", mm_test_source("content"));
    CHECK(setenv("MIMAMORI_CONTENT", content, 1) == 0);
    CHECK(mkdir("state", 0700) == 0);
}

TEST(from_example_lines_to_a_format_that_is_taken_in)
{
    char out[OUT_MAX];

    begin();
    put("lines", LINES);
    CHECK_NUM(RUN(out, "new", "--name", "door", "--from", "lines", "--outcome", "success"), 0);
    CHECK(says(out, "door.test: 3 lines, 3 wholly read"));
    CHECK_NUM(RUN(out, "test", "door.yaml"), 0);
    CHECK(says(out, "3 lines, 0 differ, 0 not wholly read"));
    CHECK_NUM(RUN(out, "explain",
                  "<13>Nov 20 10:00:00 h doord[1]: opened by user alice from nowhere", "door.yaml"),
              1);
    CHECK(says(out, "door: cannot read it\n    read up to column "));
    CHECK(says(out, "expected there: {ip}"));
    CHECK_NUM(RUN(out, "add", "--state", "state", "door.yaml"), 0);
    CHECK(access("state/formats/door.yaml", R_OK) == 0);
    CHECK_NUM(RUN(out, "list", "--state", "state"), 0);
    CHECK(says(out, "\ndoor "));
    CHECK(says(out, "\nfortigate "));
}

TEST(a_helper_is_answered_in_the_language_of_the_terminal_or_the_one_asked_for)
{
    char out[OUT_MAX];

    begin();
    CHECK(setenv("LANG", "ja_JP.UTF-8", 1) == 0 && unsetenv("LC_ALL") == 0);
    CHECK(unsetenv("LC_MESSAGES") == 0);
    put("lines", LINES);
    put("bad.yaml", "format: bad\nrecognise:\n  - frobnicate: [a]\ndecode: kv\n");
    CHECK_NUM(RUN(out, "new", "--name", "door", "--from", "lines", "--outcome", "success"), 0);
    CHECK(says(out, "3\xE8\xA1\x8C")); /* 3 lines */
    CHECK(says(out, "docs/ja/formats.md"));
    CHECK_NUM(RUN(out, "check", "bad.yaml"), 1);
    CHECK(says(out, "bad.yaml:3:5: \xE3")); /* kana, not English */
    CHECK(strstr(out, "this key is not known here") == NULL);
    CHECK_NUM(RUN(out, "explain", "what nobody knows"), 1);
    CHECK(strstr(out, "formats know this line") == NULL);
    CHECK_NUM(RUN(out, "explain", "--lang", "en", "what nobody knows"), 1);
    CHECK(says(out, "0 of "));
    CHECK(says(out, "formats know this line"));
    CHECK_NUM(RUN(out, "explain", "--lang", "fr", "what nobody knows"), 2);
}

TEST(explain_looks_into_envelopes_and_says_which_it_opened)
{
    char out[OUT_MAX];

    begin();
    CHECK_NUM(
        RUN(out, "explain",
            "{\"log\":\"Nov 20 12:59:58 pc-1 sshd[7]: Failed password for root from nowhere\\n\","
            "\"stream\":\"stdout\",\"time\":\"2026-11-20T03:59:58.1Z\"}"),
        1);
    CHECK(says(out, "  in the envelope of json-ecs: Nov 20 12:59:58 pc-1 sshd[7]: Failed"));
    CHECK(says(out, "  linux-auth: cannot read it\n    read up to column "));
    CHECK(says(out, " from  >>> nowhere"));
}

TEST(a_word_that_is_marked_as_outcome_becomes_rules)
{
    char out[OUT_MAX];

    begin();
    put("lines",
        "<13>Nov 20 10:00:00 h bk[1]: job 7 ended {event.outcome=\xE6\x88\x90\xE5\x8A\x9F}\n"
        "<13>Nov 20 10:00:01 h bk[1]: link 3 is {event.outcome=down} again\n");
    CHECK_NUM(RUN(out, "new", "--name", "bk", "--from", "lines"), 0);
    CHECK_NUM(RUN(out, "explain",
                  "<13>Nov 20 10:00:02 h bk[1]: job 8 ended \xE6\x88\x90\xE5\x8A\x9F", "bk.yaml"),
              0);
    CHECK(says(out, "  event.outcome = success\n"));
    CHECK_NUM(RUN(out, "explain", "<13>Nov 20 10:00:02 h bk[1]: link 3 is up again", "bk.yaml"), 0);
    CHECK(says(out, "  event.outcome = unknown\n"));
}

TEST(test_shows_what_differs)
{
    char out[OUT_MAX];

    begin();
    put("lines", LINES);
    CHECK_NUM(RUN(out, "new", "--name", "door", "--from", "lines"), 0);
    put("door.test", "< <13>Nov 20 10:00:02 h doord[1]: locked gate-2 after 20 s\n= door x {}\n");
    CHECK_NUM(RUN(out, "test", "door.yaml"), 1);
    CHECK(says(out, "door.test:2\n  line <13>Nov 20"));
    CHECK(says(out, "\"host.name\":\"gate-2\""));
    put("door.test", "nonsense\n");
    CHECK_NUM(RUN(out, "test", "door.yaml"), 1);
    CHECK(says(out, "door.test:1: this is no line of a test file"));
}

TEST(a_broken_format_is_refused_with_line_column_and_what_was_expected)
{
    char out[OUT_MAX];

    begin();
    put("good.yaml", "format: good\nrecognise: [{app: [a]}]\ndecode: kv\n");
    put("bad.yaml", "format: bad\nrecognise:\n  - frobnicate: [a]\ndecode: kv\n");
    CHECK_NUM(RUN(out, "check", "good.yaml"), 0);
    CHECK_NUM(RUN(out, "check", "bad.yaml"), 1);
    CHECK(says(out, "bad.yaml:3:5: this key is not known here: frobnicate"));
    CHECK_NUM(RUN(out, "add", "--state", "state", "good.yaml", "bad.yaml"), 1);
    CHECK(access("state/formats/good.yaml", R_OK) != 0); /* nothing of it */
    CHECK_NUM(RUN(out, "add", "--state", "state", "good.yaml"), 0);
    CHECK_NUM(RUN(out, "frobnicate"), 2);
}

TEST(a_format_of_ones_own_is_taken_away_and_ours_are_not)
{
    char out[OUT_MAX];

    begin();
    put("lines", LINES);
    CHECK_NUM(RUN(out, "new", "--name", "door", "--from", "lines", "--outcome", "success"), 0);
    CHECK_NUM(RUN(out, "add", "--state", "state", "door.yaml"), 0);
    CHECK(access("state/formats/door.test", R_OK) == 0);
    CHECK_NUM(RUN(out, "remove", "--state", "state", "fortigate"), 1);
    CHECK(says(out, "no such format of your own"));
    CHECK_NUM(RUN(out, "remove", "--state", "state", "../door"), 1);
    CHECK(says(out, "a name is made of"));
    CHECK_NUM(RUN(out, "remove", "--state", "state"), 2);
    CHECK_NUM(RUN(out, "remove", "--state", "state", "door"), 0);
    CHECK(access("state/formats/door.yaml", F_OK) != 0);
    CHECK(access("state/formats/door.test", F_OK) != 0);
    /* A name of ours is not taken. */
    CHECK(rename("door.yaml", "squid.yaml") == 0 && rename("door.test", "squid.test") == 0);
    CHECK_NUM(RUN(out, "add", "--state", "state", "squid.yaml"), 1);
    CHECK(says(out, "have that name"));
}

/* Ask as the portal does: a document on standard input. */
static int draft(char out[OUT_MAX], const char *question, const char *name)
{
    const char *const words[] = {"draft", "--name", name, NULL};

    return mm_cli_say(MM_PROGRAM, mm_slice_str(question), words, out, OUT_MAX);
}

TEST(draft_answers_a_page_and_ends_at_what_is_no_question)
{
    static const char *const no_questions[] = {
        "",
        "[]",
        "{}",
        "{\"lines\":3}",
        "{\"lines\":[]}",
        "{\"lines\":[\"41\"],\"marks\":[3]}",
        "{\"lines\":[\"41\"],\"marks\":[{\"from\":-1,\"n\":2}]}",
    };
    char out[OUT_MAX];

    begin();
    for (size_t i = 0; i < sizeof(no_questions) / sizeof(no_questions[0]); i++)
        CHECK_NUM(draft(out, no_questions[i], "door"), 1);
    CHECK_NUM(draft(out, "{}", "../door"), 2);
    /* A mark outside of the line, and a line that is no text at all. */
    CHECK_NUM(draft(out, "{\"lines\":[\"4142\"],\"marks\":[{\"from\":1,\"n\":9,\"field\":\"x\"}]}",
                    "door"),
              0);
    CHECK(says(out, "\"marks_ok\":false"));
    CHECK(strstr(out, "\"yaml\"") == NULL);
    CHECK_NUM(draft(out, "{\"lines\":[\"00ff0a1bzz\",\"\"],\"marks\":[]}", "door"), 0);
}

TEST(draft_reads_a_line_in_the_character_set_of_japanese_devices)
{
    char out[OUT_MAX];

    begin();
    /* "login ok user=" and a name of three kana in CP932. */
    CHECK_NUM(draft(out,
                    "{\"category\":\"authentication\",\"outcome\":\"success\",\"title\":\"T\","
                    "\"lines\":[\"6c6f67696e206f6b20757365723d2082bd82c882a9\"],"
                    "\"marks\":[]}",
                    "door"),
              0);
    CHECK(says(out, "\xe3\x81\x9f\xe3\x81\xaa\xe3\x81\x8b"));
    CHECK(says(out, "\"parsed\":true"));
}
