/* app/assess_cli_test.c - `mimamori assess` and `benchmark` as a person or a script runs them. */
#include <stdio.h>
#include <string.h>

#include "tests/harness/cli.h"

static const char *program(const char *name)
{
    static char path[MM_MAX_PATH]; /* tidy: global allowed, a path of this test. */

    (void)snprintf(path, sizeof(path), "%.*s/mimamori-%s",
                   (int)(strrchr(MM_PROGRAM, '/') - MM_PROGRAM), MM_PROGRAM, name);
    return path;
}

static void ask(const char *name, const char *const *args, int status, const char *says)
{
    struct mm_ran r = mm_cli_run(program(name), MM_S(""), args);

    if (r.status != status || (strstr(r.out, says) == NULL && strstr(r.err, says) == NULL))
        printf("# %s: %d, not \"%s\"\n# %s\n# %s\n", name, r.status, says, r.out, r.err);
    CHECK_NUM(r.status, status);
    CHECK(strstr(r.out, says) != NULL || strstr(r.err, says) != NULL);
    CHECK(strchr(r.out, 0x1b) == NULL); /* a file does not command the terminal */
    mm_ran_done(&r);
}
#define ASK(name, status, says, ...)                                                               \
    ask((name), (const char *const[]){__VA_ARGS__, NULL}, (status), (says))

#define HEAD "questionnaire: first-look\nversion: 1\nanswers:\n"

static const char *put(const char *name, const char *text, char path[MM_MAX_PATH])
{
    mm_cli_put(name, mm_slice_str(text));
    return mm_cli_path(name, path);
}

#define AVERAGES(of)                                                                               \
    "averages: a\nquestionnaire: " of "\nversion: 1\nas-of: 2026-03-31\ncohort: {ja: j, en: e}\n"  \
    "source: {ja: j, en: e}\nn: 22\nitems:\n  - {of: total, mean: 61.5}\n"

TEST(answers_of_a_file_are_scored_without_the_records)
{
    char good[MM_MAX_PATH], bad[MM_MAX_PATH];

    put("good.yaml",
        HEAD "  list: yes\n  updates: yes\n  antivirus: yes\n  mail-report: no\n  mfa: no\n"
             "  router: unknown\n  backup: {level: partly, comment: \"\\e[31m\"}\n",
        good);
    put("bad.yaml", HEAD "  list: yes\n  moon: yes\n  mfa: perhaps\n", bad);
    /* Weights 1 3 2 2 3 3 3 of yes yes yes no no - and partly: 7.5 of 17. */
    ASK("assess", 0, "total\t44\tof 7 (don't know 1", "score", "first-look", good, "--lang", "en");
    ASK("assess", 0, "\"exact\":{\"num\":750,\"den\":17}", "score", "first-look", good, "--json");
    ASK("assess", 0, "partners\tnot measured", "score", "first-look", good, "--lang", "en");
    ASK("assess", 1, "bad.yaml:5:", "score", "first-look", bad, "--lang", "en");
    ASK("assess", 1, "a question that this questionnaire has not: moon", "score", "first-look", bad,
        "--lang", "en");
    ASK("assess", 1, "is no answer to this question: perhaps", "score", "first-look", bad, "--lang",
        "en");
    ASK("assess", 2, "mimamori assess score", "score", "first-look");
    ASK("assess", 0, "mimamori assess score", "--help");
}

TEST(answers_are_taken_in_given_out_again_and_compared)
{
    char state[MM_MAX_PATH], good[MM_MAX_PATH], code[16];

    (void)mm_cli_path("state", state);
    put("good.yaml",
        HEAD "  list: yes\n  updates: no\n  antivirus: yes\n  mail-report: no\n"
             "  mfa: no\n  router: {state: unknown, comment: asked the IT firm}\n",
        good);
    for (int c = 'a'; c <= 'b'; c++) {
        (void)snprintf(code, sizeof(code), "com-%c", c);
        ASK("company", 0, "", "add", "--code", code, "--name", "Made-up works", "--state", state);
        ASK("assess", 0, "6 answers taken in", "import", "first-look", good, "--company", code,
            "--state", state, "--lang", "en");
    }
    ASK("assess", 0, "1\t1\tfirst-look\t1\tbeing answered", "list", "--company", "com-a", "--state",
        state, "--lang", "en");
    ASK("assess", 0, "\"assessment\":2,\"company\":2", "list", "--json", "--state", state);
    ASK("assess", 0, "\"router\":{\"state\":\"unknown\",\"comment\":\"asked the IT firm\"",
        "export", "1", "--state", state);
    ASK("assess", 1, "no assessment 1", "export", "1", "--company", "com-b", "--state", state,
        "--lang", "en");
    ASK("assess", 1, "no assessment 9", "export", "9", "--state", state, "--lang", "en");
    ASK("assess", 2, "mimamori assess score", "import", "first-look", good, "--state", state);
    ASK("assess", 1, "mimamori", "import", "first-look", good, "--company", "nobody", "--state",
        state);
    /* Nobody has handed in, and two would be too few to show. */
    ASK("benchmark", 0, "total\t0 companies: too few", "first-look", "--state", state, "--lang",
        "en");
    ASK("benchmark", 0, "{\"part\":\"total\",\"id\":\"\",\"n\":0}", "first-look", "--json",
        "--state", state);
    ASK("benchmark", 2, "mimamori benchmark", "first-look", "--floor", "4", "--state", state);
    put("means.yaml", AVERAGES("first-look"), good);
    ASK("benchmark", 0, "total\t0 companies: too few to show\t(published: 62, 22 companies)",
        "first-look", "--averages", good, "--state", state, "--lang", "en");
    put("means.yaml", AVERAGES("other"), good);
    ASK("benchmark", 1, "answers to another questionnaire or version: other", "first-look",
        "--averages", good, "--state", state, "--lang", "en");
}
