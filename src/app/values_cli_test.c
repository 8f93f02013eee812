/* app/values_cli_test.c - `mimamori values` and `mimamori rules set` as a person runs them. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/cli.h"

static const char rule[] =
    "title: Logon of an admin\nid: 7f2e6a50-54a0-4d25-9e0d-2b3c2c1f8a11\nlevel: high\n"
    "logsource: {product: windows, service: security}\ndetection:\n"
    "  s: {EventID: 4672, SubjectUserName|expand: '%Admins%'}\n  condition: s\n";
#define ID "7f2e6a50-54a0-4d25-9e0d-2b3c2c1f8a11"

static const char event[] = "{\"winlog.channel\":\"Security\",\"event.code\":\"4672\","
                            "\"winlog.event_data.SubjectUserName\":\"alice\"}";

/* `mimamori PROGRAM args... --state STATE --lang en` says `says` (of both outputs). */
static void ask(const char *program, int status, const char *says, const char *const *args)
{
    char path[MM_MAX_PATH], out[64 * 1024];
    const char *all[32];
    size_t n = 0;
    int rc;

    for (; args[n] != NULL; n++)
        all[n] = args[n];
    all[n++] = "--state";
    all[n++] = mm_test_dir();
    all[n++] = "--lang";
    all[n++] = "en";
    all[n] = NULL;
    (void)snprintf(path, sizeof(path), "%.*s/mimamori-%s",
                   (int)(strrchr(MM_PROGRAM, '/') - MM_PROGRAM), MM_PROGRAM, program);
    rc = mm_cli_say(path, MM_S("carol\n"), all, out, sizeof(out));
    if (rc != status || strstr(out, says) == NULL)
        printf("# %s %s: %d, want '%s' in '%.400s'\n", program, args[0], rc, says, out);
    CHECK_NUM(rc, status);
    CHECK(strstr(out, says) != NULL);
}
#define ASK(program, status, says, ...)                                                            \
    ask(program, status, says, (const char *const[]){__VA_ARGS__, NULL})

static void fill(void)
{
    static const char *const codes[] = {"alpha", "beta"};

    for (size_t i = 0; i < 2; i++)
        ASK("company", 0, "", "add", "--code", codes[i], "--name", codes[i]);
    ASK("programme", 0, "", "add", "--code", "pilot", "--name", "Pilot");
    ASK("member", 0, "", "add", "--company", "beta", "--programme", "pilot");
    mm_cli_put("rule.yml", mm_slice_str(rule));
    mm_cli_put("event.json", mm_slice_str(event));
}

TEST(values_are_entered_shown_and_taken_away)
{
    fill();
    ASK("values", 1, "no such list", "show", "Admins", "--company", "alpha");
    ASK("values", 0, "2", "set", "Admins", "--company", "alpha", "alice", "bob*");
    ASK("values", 0, "3", "add", "Admins", "--company", "alpha", "-");
    ASK("values", 0, "bob*\ncarol", "show", "Admins", "--company", "alpha");
    ASK("values", 0, "2", "remove", "Admins", "--company", "alpha", "bob*");
    ASK("values", 0, "\"values\":[\"alice\",\"carol\"]", "list", "--json", "--company", "alpha");
    ASK("values", 0, "{\"items\":[]}", "list", "--json", "--company", "beta");
    ASK("values", 0, "", "remove", "Admins", "--company", "alpha");
    ASK("values", 1, "no such list", "show", "Admins", "--company", "alpha");
    ASK("values", 0, "1", "set", "Admins", "--programme", "pilot", "dora");
    ASK("values", 0, "-\t1\t\"Admins\"\t1", "list");
}

TEST(wrong_values_are_refused_with_what_to_do)
{
    fill();
    ASK("values", 2, "usage", "set");
    ASK("values", 1, "either --company", "show", "Admins");
    ASK("values", 1, "no such company", "set", "Admins", "--company", "gamma", "x");
    ASK("values", 1, "no such programme", "set", "Admins", "--programme", "gamma", "x");
    ASK("values", 1, "without blanks", "set", "Ad mins", "--company", "alpha", "x");
    ASK("values", 1, "at least one value", "set", "Admins", "--company", "alpha");
    ASK("values", 1, "no control characters: \"2\"", "set", "Admins", "--company", "alpha", "x",
        "a\tb");
}

TEST(rule_is_asked_about_with_the_values_of_a_company)
{
    char file[MM_MAX_PATH], ev[MM_MAX_PATH], lists[MM_MAX_PATH];

    fill();
    (void)mm_cli_path("rule.yml", file);
    (void)mm_cli_path("event.json", ev);
    mm_cli_put("lists.yml", MM_S("list: Admins\nvalues: [al*]\n"));
    (void)mm_cli_path("lists.yml", lists);
    ASK("rules", 1, "waits in this company", "why", "--company", "alpha", file, ev);
    ASK("rules", 0, "[yes]", "why", "--lists", lists, file, ev);
    ASK("values", 0, "", "set", "Admins", "--company", "alpha", "alice");
    ASK("rules", 0, "alice", "why", "--company", "alpha", file, ev);
    ASK("rules", 1, "waits in this company", "why", "--company", "beta", file, ev);
    ASK("values", 0, "", "set", "Admins", "--programme", "pilot", "alice");
    ASK("rules", 0, "alice", "why", "--company", "beta", file, ev);
    ASK("rules", 0, "copied", "add", file);
    ASK("values", 0, "\"wait\":0", "wanted", "--json", "--company", "beta");
    ASK("values", 0, "\"Admins\"\t1\t1", "wanted");
}

TEST(rule_is_adjusted_with_a_reason_and_shown_so)
{
    char file[MM_MAX_PATH], ev[MM_MAX_PATH];

    fill();
    (void)mm_cli_path("rule.yml", file);
    (void)mm_cli_path("event.json", ev);
    ASK("values", 0, "", "set", "Admins", "--company", "alpha", "alice");
    ASK("rules", 0, "copied", "add", file);
    ASK("rules", 2, "usage", "set", ID, "--company", "alpha", "--reason", "r");
    ASK("rules", 1, "say why", "set", ID, "--company", "alpha", "--off");
    ASK("rules", 1, "no installed rule", "set", "nobody", "--company", "alpha", "--off", "--reason",
        "r");
    ASK("rules", 0, "in force", "set", ID, "--company", "alpha", "--level", "low", "--reason",
        "many admins");
    ASK("rules", 0, "low           active       Logon of an admin", "list", "--company", "alpha");
    ASK("rules", 0, "author: high", "list", "--company", "alpha");
    ASK("rules", 0, "(b0de1030-78b9-482f-8fc5-1b9005229a6e)", "list", "--company", "alpha");
    ASK("rules", 0, "high          needs values", "list", "--company", "beta");
    ASK("rules", 0, "\"rule_level\":\"high\"", "why", "--json", "--company", "alpha", file, ev);
    ASK("rules", 0, "in force", "set", ID, "--programme", "pilot", "--off", "--reason", "noise");
    ASK("rules", 0, "off          Logon", "list", "--company", "beta");
    ASK("rules", 0, "ended", "unset", ID, "--programme", "pilot", "--reason", "needed");
    ASK("rules", 1, "nothing is adjusted", "unset", ID, "--programme", "pilot", "--reason", "x");
    ASK("rules", 0, "high          needs values", "list", "--company", "beta");
}
