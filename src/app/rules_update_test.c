/* app/rules_update_test.c - `mimamori rules update` and `rollback`: sets change as a whole. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file.h"
#include "tests/harness/cli.h"

#define RULE(id, what)                                                                             \
    "title: Rule " id "\nid: '" id "'\nlogsource: {product: windows}\n"                            \
    "detection: {s: {Image|endswith: '" what "'}, condition: s}\n"
#define BAD                                                                                        \
    "title: Bad\nlogsource: {product: windows}\n"                                                  \
    "detection:\n  s: {A|frobnicate: x}\n  condition: s\n"
#define FILTER                                                                                     \
    "title: May\nid: f\nlogsource: {product: windows}\n"                                           \
    "filter: {rules: ['2'], s: {Image: '*'}, condition: not s}\n"

static void folder(const char *name)
{
    CHECK(mkdir(name, 0700) == 0);
}

/* Three sets, two of them later states of the first; the test's directory becomes current. */
static void three_sets(void)
{
    CHECK(chdir(mm_test_dir()) == 0);
    folder("a"), folder("a/win"), folder("b"), folder("b/win"), folder("c");
    mm_cli_put("a/one.yml", MM_S(RULE("1", "a")));
    mm_cli_put("a/win/two.yml", MM_S(RULE("2", "b")));
    mm_cli_put("a/three.yml", MM_S(RULE("3", "c")));
    mm_cli_put("a/bad.yml", MM_S(BAD));
    mm_cli_put("b/moved.yml", MM_S(RULE("1", "a")));
    mm_cli_put("b/win/two.yml", MM_S(RULE("2", "other")));
    mm_cli_put("b/win/four.yml", MM_S(RULE("4", "d")));
    mm_cli_put("b/may.yml", MM_S(FILTER));
    mm_cli_put("c/one.yml", MM_S(RULE("1", "a")));
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, "--state", "state", NULL})

/* Run, expect this exit status and the text, among errors or not. */
static void expect(int status, const char *text, const char *const *args)
{
    struct mm_ran r = mm_cli_run(MM_PROGRAM, MM_S(""), args);

    CHECK_NUM(r.status, status);
    CHECK(strstr(r.out, text) != NULL || strstr(r.err, text) != NULL);
    mm_ran_done(&r);
}

static bool there(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

TEST(update_puts_a_set_in_force_and_says_what_it_changes)
{
    struct mm_ran r;

    three_sets();
    r = mm_cli_run(MM_PROGRAM, MM_S(""), ARGS("update", "--yes", "a/"));
    CHECK_NUM(r.status, 0);
    CHECK(strstr(r.out, "bad.yml:4: unknown modifier: frobnicate\n") != NULL);
    CHECK(strstr(r.out, "new      Rule 1 (1)\n") != NULL);
    CHECK(strstr(r.out, "sigmahq: 3 new, 0 changed, 0 removed, 0 as before\n") != NULL);
    CHECK(strstr(r.out, "in force: state/rules/sigmahq; the former set: none\n") != NULL);
    mm_ran_done(&r);
    CHECK(there("state/rules/sigmahq/win/two.yml") && there("state/rules/sigmahq/one.yml"));
    CHECK(!there("state/rules/sigmahq/bad.yml"));
    expect(0, "nothing to do", ARGS("update", "--yes", "a"));
    CHECK(!there("state/rules-sets/sigmahq.old"));

    /* A rule whose file has another name is the rule it was. */
    r = mm_cli_run(MM_PROGRAM, MM_S(""), ARGS("update", "--yes", "--json", "b"));
    CHECK_NUM(r.status, 0);
    CHECK_SLICE(mm_slice_str(r.out),
                "{\"name\":\"sigmahq\",\"installed\":true,\"same\":1,\n"
                "\"new\":[{\"filter\":false,\"id\":\"4\",\"title\":\"Rule 4\"},\n"
                "{\"filter\":true,\"id\":\"f\",\"title\":\"May\"}],\n"
                "\"changed\":[{\"filter\":false,\"id\":\"2\",\"title\":\"Rule 2\"}],\n"
                "\"removed\":[{\"filter\":false,\"id\":\"3\",\"title\":\"Rule 3\"}],\n"
                "\"rules\":3,\"active\":3,\"no_source\":0,\"needs_values\":0,\"next_stage\":0,"
                "\"filters\":1,\"pipelines\":[],\"refused\":[],\"warnings\":[]}\n");
    mm_ran_done(&r);
    CHECK(there("state/rules/sigmahq/may.yml") && !there("state/rules/sigmahq/three.yml"));
    CHECK(there("state/rules-sets/sigmahq.old/three.yml"));
    CHECK(!there("state/rules-sets/sigmahq.new"));
}

TEST(update_asks_and_does_nothing_without_a_yes)
{
    struct mm_ran r;

    three_sets();
    r = mm_cli_run(MM_PROGRAM, MM_S("n\n"), ARGS("update", "a"));
    CHECK_NUM(r.status, 1);
    CHECK(strstr(r.out, "Install? [y/N] nothing changed\n") != NULL);
    mm_ran_done(&r);
    expect(1, "nothing changed", ARGS("update", "a")); /* nobody there to ask */
    expect(0, "\"installed\":false", ARGS("update", "--json", "a"));
    CHECK(!there("state/rules/sigmahq") && !there("state/rules-sets/sigmahq.new"));
    r = mm_cli_run(MM_PROGRAM, MM_S("y\n"), ARGS("update", "--name", "ours-2", "a"));
    CHECK_NUM(r.status, 0);
    mm_ran_done(&r);
    CHECK(there("state/rules/ours-2/one.yml"));
}

TEST(update_refuses_what_would_leave_no_set)
{
    static const char *const names[] = {"", ".", "..", "a/b", "a.new", "-x", "pages"};

    three_sets();
    expect(0, "3 new", ARGS("update", "--yes", "a"));
    folder("empty");
    expect(1, "no good rule under empty", ARGS("update", "--yes", "empty"));
    mm_cli_put("empty/bad.yml", MM_S(BAD));
    expect(1, "frobnicate", ARGS("update", "--yes", "empty"));
    expect(1, "nowhere: no such file or folder", ARGS("update", "--yes", "nowhere"));
    mm_cli_put("rules.txt", MM_S(RULE("1", "a")));
    expect(1, "no archive of rules", ARGS("update", "--yes", "rules.txt"));
    expect(2, "usage", ARGS("update", "--yes"));
    expect(2, "usage", ARGS("update", "a", "b"));
    expect(2, "usage", ARGS("rollback", "a"));
    for (size_t i = 0; i < MM_COUNT(names); i++)
        expect(1, "no name for a set", ARGS("update", "--yes", "--name", names[i], "b"));
    CHECK(there("state/rules/sigmahq/three.yml"));
    /* Something that is no set stands in the place. */
    mm_cli_put("state/rules/file", MM_S("x"));
    expect(1, "state/rules/file: ", ARGS("update", "--yes", "--name", "file", "a"));
}

TEST(rollback_takes_the_former_set_back_and_one_is_kept)
{
    three_sets();
    expect(1, "there is no former set", ARGS("rollback", "--yes"));
    expect(0, "3 new", ARGS("update", "--yes", "a"));
    expect(1, "there is no former set", ARGS("rollback", "--yes"));
    expect(0, "2 new, 1 changed, 1 removed, 1 as before", ARGS("update", "--yes", "b"));
    expect(0, "0 new, 0 changed, 3 removed, 1 as before", ARGS("update", "--yes", "c"));
    CHECK(there("state/rules-sets/sigmahq.old/moved.yml"));
    CHECK(!there("state/rules-sets/sigmahq.old/three.yml"));
    expect(1, "Take the former set back?", ARGS("rollback"));
    expect(0, "3 new, 0 changed, 0 removed, 1 as before", ARGS("rollback", "--yes"));
    CHECK(there("state/rules/sigmahq/win/four.yml"));
    expect(0, "3 removed", ARGS("rollback", "--yes"));
    CHECK(!there("state/rules/sigmahq/win") && there("state/rules/sigmahq/one.yml"));
}

TEST(rollback_that_is_asked_again_does_not_bring_the_set_back)
{
    char away[MM_DIR_ID_MAX];

    three_sets();
    expect(0, "3 new", ARGS("update", "--yes", "a"));
    expect(0, "2 new", ARGS("update", "--yes", "b"));
    CHECK_NUM(mm_dir_id("state/rules/sigmahq", away), MM_OK);
    expect(0, "1 new", ARGS("rollback", "--yes", "--away", away));
    CHECK(there("state/rules/sigmahq/three.yml"));
    expect(0, "done already", ARGS("rollback", "--yes", "--away", away));
    CHECK(there("state/rules/sigmahq/three.yml") && !there("state/rules/sigmahq/may.yml"));
    /* It went for good: what is in force now was not meant. */
    expect(0, "2 removed", ARGS("update", "--yes", "c"));
    expect(1, "neither in force nor", ARGS("rollback", "--yes", "--away", away));
    CHECK(!there("state/rules/sigmahq/three.yml"));
}

/* What the power going out between any two steps of an update leaves behind. */
TEST(update_cut_short_leaves_one_whole_set_in_force)
{
    three_sets();
    expect(0, "3 new", ARGS("update", "--yes", "a"));
    /* While the new set was written. */
    folder("state/rules-sets/sigmahq.new");
    mm_cli_put("state/rules-sets/sigmahq.new/half.yml", MM_S(RULE("9", "x")));
    expect(0, "3 rules: 3 active", ARGS("list"));
    expect(0, "2 new, 1 changed, 1 removed", ARGS("update", "--yes", "b"));
    CHECK(!there("state/rules/sigmahq/half.yml") && !there("state/rules-sets/sigmahq.new"));
    /* After the new set took the former one's place, before it came into force: by hand. */
    CHECK(rename("state/rules-sets/sigmahq.old", "state/rules-sets/sigmahq.new") == 0);
    CHECK(rename("c", "state/rules-sets/sigmahq.old") == 0);
    expect(0, "3 rules: 3 active", ARGS("list"));
    CHECK(there("state/rules/sigmahq/win/four.yml"));
    expect(0, "1 as before", ARGS("rollback", "--yes"));
    expect(0, "1 rules: 1 active", ARGS("list"));
    expect(0, "2 new, 0 changed, 0 removed", ARGS("update", "--yes", "a"));
    CHECK(!there("state/rules-sets/sigmahq.new"));
    CHECK(there("state/rules-sets/sigmahq.old/one.yml"));
    CHECK(!there("state/rules-sets/sigmahq.old/three.yml"));
}
