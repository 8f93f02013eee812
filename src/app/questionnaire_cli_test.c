/* app/questionnaire_cli_test.c - `mimamori questionnaire` as a person or a script runs it. */
#include <stdio.h>
#include <string.h>

#include "tests/harness/cli.h"

/* What it says must hold `says`. */
static void ask(const char *const *args, int status, const char *says)
{
    struct mm_ran r = mm_cli_run(MM_PROGRAM, MM_S(""), args);

    if (r.status != status || (strstr(r.out, says) == NULL && strstr(r.err, says) == NULL))
        printf("# %d\n# %s\n# %s\n", r.status, r.out, r.err);
    CHECK_NUM(r.status, status);
    CHECK(strstr(r.out, says) != NULL || strstr(r.err, says) != NULL);
    CHECK(strchr(r.out, 0x1b) == NULL); /* a file does not command the terminal */
    mm_ran_done(&r);
}
#define ASK(status, says, ...) ask((const char *const[]){__VA_ARGS__, NULL}, (status), (says))

TEST(what_ships_is_good_and_listed)
{
    ASK(0, " 0 refused", "check", "--lang", "en");
    ASK(0, "first-look\t1\t12\t", "list");
    ASK(0, "\"nodes\":16,\"sections_n\":4,\"questions_n\":12,\"scored_n\":12", "list", "--json");
    ASK(0, "  mfa\t", "show", "first-look");
    ASK(0, "\"controls\":[\"auth.mfa\"]", "show", "first-look", "--json");
}

TEST(a_file_is_refused_with_line_column_and_what_could_stand_there)
{
    char path[MM_MAX_PATH];

    mm_cli_put("bad.yaml", MM_S("questionnaire: bad\nversion: 1\ntitle: {ja: j, en: e}\n"
                                "colour: \"\\e[31m\"\nsections: []\n"));
    (void)mm_cli_path("bad.yaml", path);
    ASK(1, "bad.yaml:4:", "check", path, "--lang", "en");
    ASK(1, "a key that is not known here: colour (questionnaire version", "check", path, "--lang",
        "en");
    ASK(1, "\"line\":4,\"column\":9,\"reason\":\"key\",\"detail\":\"colour\"", "check", path,
        "--json");
    ASK(1, "1 files checked, 1 refused", "check", path, "--lang", "en");
    ASK(1, "no-such", "show", "no-such");
    ASK(2, "mimamori questionnaire", "show");
    ASK(2, "mimamori questionnaire", "sing");
    ASK(0, "mimamori questionnaire", "--help");
}
