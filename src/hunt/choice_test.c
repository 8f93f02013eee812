/* hunt/choice_test.c - which rules and machines a hunt is about. */
#include "hunt/choice.h"
#include "tests/harness/test.h"

#define RULE(id, title, status, level, tags)                                                       \
    "title: " title "\nid: " id "\nstatus: " status "\nlevel: " level "\ntags: [" tags "]\n"       \
    "logsource: {product: windows}\ndetection: {s: {A: 1}, condition: s}\n---\n"

static struct mm_ruleset *load(void)
{
    struct mm_ruleset *set = NULL;

    CHECK(mm_rules_load_text(
              MM_S("r"),
              MM_S(RULE("a1", "One", "stable", "high", "attack.credential-access, attack.t1003.001")
                       RULE("b2", "Two", "experimental", "low", "attack.t1059, cve.2021.44228")
                           RULE("c3", "Three", "test", "low", "attack.t10031")),
              NULL, &set) == MM_OK);
    CHECK_NUM(mm_rules_count(set), 3);
    return set;
}

/* The numbers of the rules that are looked for, as text: "12". */
static const char *kept(const struct mm_hunt_choice *c, char ret[4])
{
    struct mm_ruleset *set = load();
    bool pass[3];
    size_t n = 0, passed = mm_hunt_choice_rules(c, set, pass);

    for (size_t i = 0; i < 3; i++) {
        if (!pass[i])
            ret[n++] = (char)('1' + (char)i);
    }
    ret[n] = 0;
    CHECK_NUM(passed, 3 - n);
    mm_rules_unref(&set);
    return ret;
}

TEST(choice_of_rules_is_by_tag_status_level_and_id)
{
    static const struct {
        const char *only[3], *without[3], *kept;
    } rows[] = {
        {{NULL}, {NULL}, "123"},
        {{"tag:T1003"}, {NULL}, "1"}, /* and what is below it, but not t10031 */
        {{"tag:attack.t1003"}, {NULL}, "1"},
        {{"tag:credential_access"}, {NULL}, "1"},
        {{"tag:cve.2021"}, {NULL}, "2"},
        {{"tag:t1003", "tag:t1059"}, {NULL}, "12"},
        {{"status:stable", "status:TEST"}, {NULL}, "13"},
        {{"level:low"}, {NULL}, "23"},
        {{"level:low", "status:test"}, {NULL}, "3"}, /* both kinds */
        {{NULL}, {"status:experimental"}, "13"},
        {{NULL}, {"rule:a1", "rule:three"}, "2"},
        {{"level:low"}, {"tag:t1059"}, "3"},
        {{"tag:t9"}, {NULL}, ""},
        {{"host:pc"}, {"host:pc2"}, "123"},
    };

    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        struct mm_hunt_choice c = {0};
        char text[4];

        for (size_t k = 0; k < 3 && rows[i].only[k] != NULL; k++)
            CHECK(mm_hunt_choice_add(&c, mm_slice_str(rows[i].only[k]), true) == MM_OK);
        for (size_t k = 0; k < 3 && rows[i].without[k] != NULL; k++)
            CHECK(mm_hunt_choice_add(&c, mm_slice_str(rows[i].without[k]), false) == MM_OK);
        printf("# %zu\n", i);
        CHECK_SLICE(mm_slice_str(kept(&c, text)), rows[i].kept);
        mm_hunt_choice_done(&c);
    }
}

TEST(choice_refuses_words_that_mean_nothing)
{
    static const char *const words[] = {"", "t1003", "tag:", "level:terrible", "colour:red"};
    struct mm_hunt_choice c = {0};

    for (size_t i = 0; i < MM_COUNT(words); i++)
        CHECK(mm_hunt_choice_add(&c, mm_slice_str(words[i]), true) == MM_E_SYNTAX);
    CHECK_NUM(c.n, 0);
    mm_hunt_choice_done(&c);
}

TEST(choice_of_machines_is_by_name_with_or_without_the_domain)
{
    struct mm_hunt_choice c = {0};

    CHECK(mm_hunt_choice_host(&c, MM_S("PC1.example.co.jp")));
    CHECK(mm_hunt_choice_add(&c, MM_S("host:pc1"), true) == MM_OK);
    CHECK(mm_hunt_choice_host(&c, MM_S("PC1.example.co.jp")) &&
          mm_hunt_choice_host(&c, MM_S("pc1")));
    CHECK(!mm_hunt_choice_host(&c, MM_S("pc10")) && !mm_hunt_choice_host(&c, MM_S("")));
    CHECK(mm_hunt_choice_add(&c, MM_S("host:pc1.example.com"), false) == MM_OK);
    CHECK(!mm_hunt_choice_host(&c, MM_S("pc1.example.com")));
    mm_hunt_choice_done(&c);
}

static void put_file(const char *name, struct mm_slice text, char path[MM_MAX_PATH])
{
    FILE *f;

    (void)snprintf(path, MM_MAX_PATH, "%s/%s", mm_test_dir(), name);
    f = fopen(path, "we");
    CHECK(f != NULL && fwrite(text.p, 1, text.n, f) == text.n && fclose(f) == 0);
}

/* Ids of two files: the second may move the first one's text. */
TEST(choice_takes_ids_from_files)
{
    struct mm_hunt_choice c = {0};
    char path[MM_MAX_PATH], text[4];
    struct mm_buf big;

    put_file("a", MM_S("# noisy\na1 # one\n\n"), path);
    CHECK(mm_hunt_choice_file(&c, path, false) == MM_OK);
    mm_buf_init(&big, 1024 * 1024);
    for (int i = 0; i < 20000; i++)
        mm_buf_str(&big, "x\n");
    mm_buf_str(&big, "c3");
    put_file("b", mm_buf_slice(&big), path);
    CHECK(mm_hunt_choice_file(&c, path, false) == MM_OK);
    CHECK_NUM(c.n, 20002);
    CHECK_SLICE(mm_slice_str(kept(&c, text)), "2");
    CHECK(mm_hunt_choice_file(&c, "/nowhere", false) != MM_OK);
    mm_buf_done(&big);
    mm_hunt_choice_done(&c);
}
