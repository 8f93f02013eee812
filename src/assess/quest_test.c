/* assess/quest_test.c - what a questionnaire file may say, and how it is refused. */
#include <dirent.h>

#include "tests/harness/test.h"

#include "assess/testkit.h"

TEST(every_questionnaire_that_ships_is_taken)
{
    DIR *d = opendir(mm_test_source("content/questionnaires"));
    size_t files = 0;

    CHECK(d != NULL);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        struct mm_slice name = mm_slice_str(e->d_name);
        struct mm_quest *q;
        char path[512];

        if (!mm_slice_ends(name, MM_S(".yaml")))
            continue;
        (void)snprintf(path, sizeof(path), "content/questionnaires/%s", e->d_name);
        printf("# %s\n", path);
        q = kit_file(path);
        CHECK(mm_slice_eq(q->id, mm_slice_sub(name, 0, name.n - 5)));
        mm_quest_free(&q);
        files++;
    }
    (void)closedir(d);
    CHECK(files >= 1);
}

TEST(the_first_look_asks_twelve_questions)
{
    struct mm_quest *q = kit_file("content/questionnaires/first-look.yaml");
    size_t mfa = mm_quest_find(q, MM_S("mfa"));

    CHECK_NUM(q->questions, 12);
    CHECK_NUM(q->sections, 4);
    CHECK_NUM(q->version, 1);
    CHECK(mfa != SIZE_MAX);
    CHECK_NUM(q->question[mfa].weight, 3000);
    CHECK_NUM(q->question[mfa].action->ease, 3);
    CHECK_SLICE(q->question[mfa].controls.v[0], "auth.mfa");
    CHECK_SLICE(q->tier[q->question[mfa].tier].id, "minimum");
    CHECK(mm_quest_find(q, MM_S("nothing")) == SIZE_MAX);
    for (size_t i = 0; i < q->questions; i++)
        CHECK(q->question[i].action != NULL && q->question[i].controls.n > 0);
    mm_quest_free(&q);
}

TEST(sections_hand_down_what_their_questions_do_not_say)
{
    struct mm_quest *q = kit_read(
        KIT_HEAD "pillars:\n  - {pillar: p, words: " KIT_W "}\n  - {pillar: o, words: " KIT_W
                 "}\n" KIT_THREE KIT_SCORE "sections:\n  - section: s\n    title: " KIT_W
                 "\n    scale: three\n    pillar: p\n    owner: it\n    questions:\n"
                 "      - {question: a, ask: " KIT_W "}\n"
                 "      - {question: b, ask: " KIT_W ", pillar: o, owner: factory}\n"
                 "      - {question: c, ask: " KIT_W ", kind: text}\n");

    CHECK_NUM(q->question[0].pillar, 0);
    CHECK_NUM(q->question[1].pillar, 1);
    CHECK_SLICE(q->question[0].owner, "it");
    CHECK_SLICE(q->question[1].owner, "factory");
    CHECK(q->question[0].counts && !q->question[2].counts && q->question[2].scale == NULL);
    mm_quest_free(&q);
}

/* What stands between head and section, and in the section. */
#define S KIT_SECTION("s")
#define ALL(middle, section) KIT_HEAD middle "sections:\n" section
#define Q1(more) ALL(KIT_THREE KIT_SCORE, S KIT_QX("a", more))

static const struct {
    const char *yaml;
    uint32_t line;
    const char *what;
} refused[] = {
    {"", 0, "documents"},
    {"a: [", 2, "yaml"},
    {"- a", 1, "map"},
    {KIT_HEAD "colour: red\n", 4, "key"},
    {KIT_HEAD, 1, "missing"},
    {ALL("", S KIT_Q("a")), 8, "nowhere"},
    {ALL(KIT_THREE, S "      - {question: a, scale: three, ask: {ja: x}}\n"), 14, "missing"},
    {ALL(KIT_THREE, S KIT_Q("A")), 14, "id"},
    {ALL(KIT_THREE, S KIT_Q("a") KIT_Q("b") KIT_Q("a")), 16, "twice"},
    {ALL(KIT_THREE, S KIT_Q("a") S KIT_Q("b")), 15, "twice"},
    {ALL(KIT_THREE, S), 11, "list"},
    {Q1("weight: 0"), 15, "number"},
    {Q1("weight: 1.2345"), 15, "number"},
    {Q1("counts: perhaps"), 15, "choice"},
    {Q1("tier: minimum"), 15, "nowhere"},
    {Q1("kind: text"), 15, "no-scale"},
    {Q1("asked-if: [{question: a, is: [done]}]"), 15, "earlier"},
    {Q1("asked-if: [{question: z, is: [done]}]"), 15, "earlier"},
    {Q1("checks: [{check: 'moon:x', pass: done}]"), 15, "check"},
    {Q1("checks: [{check: 'probe:x'}]"), 15, "either"},
    {Q1("checks: [{check: 'probe:x', pass: full}]"), 15, "level"},
    {Q1("criteria: [{criterion: c, words: " KIT_W ", from: full}]"), 15, "level"},
    {Q1("owner: nobody"), 15, "choice"},
    {Q1("refs: {iso27002: '8.5'}"), 15, "list"},
    {Q1("levels: [{level: x, words: " KIT_W "}, {level: y, words: " KIT_W "}]"), 15, "either"},
    {ALL(KIT_THREE KIT_SCORE, S KIT_Q("a") KIT_QX("b", "asked-if: [{question: a, is: [full]}]")),
     16, "level"},
    {ALL(KIT_THREE KIT_SCORE,
         S KIT_Q("a") KIT_QX("b", "asked-if: [{question: a, is: [done], not: [none]}]")),
     16, "either"},
    {ALL("scales:\n  - scale: three\n    levels:\n      - {level: a, value: 2, words: " KIT_W
         "}\n      - {level: b, value: 1, words: " KIT_W "}\n",
         S KIT_Q("a")),
     8, "falls"},
    {ALL("scales:\n  - scale: three\n    levels:\n      - {level: a, value: 2, words: " KIT_W
         "}\n      - {level: b, words: " KIT_W "}\n",
         S KIT_Q("a")),
     7, "values"},
    {ALL(KIT_THREE "score: {sections: mean, total: mean, rounding: {rule: near, digits: 2}}\n",
         S KIT_Q("a")),
     10, "choice"},
    {ALL(KIT_THREE "score: {sections: mean, total: mean, rounding: {rule: floor, digits: 4}}\n",
         S KIT_Q("a")),
     10, "whole"},
    {ALL(KIT_THREE "score: {sections: mean, total: share, rounding: {rule: floor, digits: 2}}\n",
         S KIT_Q("a")),
     10, "share-at"},
    {ALL(KIT_THREE KIT_SCORE, S KIT_QX("a", "counts: false")), 10, "nothing-counts"},
};

TEST(a_refusal_names_line_column_and_what_was_expected)
{
    static struct mm_quest_errors e; /* tidy: global allowed, 23 KiB are too many for a stack. */

    for (size_t i = 0; i < MM_COUNT(refused); i++) {
        struct mm_quest *q = NULL;
        enum mm_code code = mm_quest_read(mm_slice_str(refused[i].yaml), &q, &e);

        if (code != MM_E_SYNTAX || e.error[0].line != refused[i].line ||
            strcmp(e.error[0].what, refused[i].what) != 0) {
            printf("# case %zu\n", i);
            kit_tell(&e);
        }
        CHECK(code == MM_E_SYNTAX && q == NULL && e.count > 0);
        CHECK_NUM(e.error[0].line, refused[i].line);
        CHECK(strcmp(e.error[0].what, refused[i].what) == 0);
        CHECK(e.error[0].line == 0 || e.error[0].column > 0);
    }
}

TEST(a_refusal_lists_all_faults_and_what_could_stand_there)
{
    static struct mm_quest_errors e; /* tidy: global allowed, 23 KiB are too many for a stack. */
    struct mm_quest *q = NULL;

    CHECK(mm_quest_read(mm_slice_str(ALL(KIT_THREE, S KIT_QX("a", "owner: moon, weight: -1")
                                                        KIT_QX("b", "kind: rhyme"))),
                        &q, &e) == MM_E_SYNTAX);
    CHECK_NUM(e.count, 3);
    CHECK(strcmp(e.error[0].detail, "-1") == 0);
    CHECK(strcmp(e.error[0].expected, "0.001..1000.000") == 0);
    CHECK(strcmp(e.error[1].detail, "moon") == 0);
    CHECK(strstr(e.error[1].expected, "factory") != NULL);
    CHECK(strcmp(e.error[2].expected, "one many text number date") == 0);
    CHECK_NUM(e.error[2].line, 15);
}

TEST(scales_of_different_range_are_never_averaged)
{
    static struct mm_quest_errors e; /* tidy: global allowed, 23 KiB are too many for a stack. */
    static const char five[] =
        "  - scale: five\n    levels:\n      - {level: none, value: 1, words: " KIT_W
        "}\n      - {level: done, value: 5, words: " KIT_W "}\n";
    static const struct {
        const char *score;
        bool good;
    } cases[] = {
        {"score: {sections: mean, total: mean, rounding: {rule: floor, digits: 2}}\n", false},
        {"score: {sections: sum, total: worst, rounding: {rule: floor, digits: 2}}\n", false},
        {"score: {sections: sum, total: sum, rounding: {rule: floor, digits: 2}}\n", true},
        {"score: {sections: mean, total: mean, show: percent, rounding: {rule: floor, digits: "
         "2}}\n",
         true},
        {"score: {sections: share, total: share, share-at: done, rounding: {rule: floor, "
         "digits: 2}}\n",
         true},
        {"score: {sections: share, total: share, share-at: partly, rounding: {rule: floor, "
         "digits: 2}}\n",
         false}, /* five has no such level */
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_quest *q = NULL;
        char yaml[4096];
        enum mm_code code;

        (void)snprintf(yaml, sizeof(yaml),
                       "%s%s%s%ssections:\n%s%s      - {question: b, scale: "
                       "five, ask: %s}\n",
                       KIT_HEAD, KIT_THREE, five, cases[i].score, S, KIT_Q("a"), KIT_W);
        code = mm_quest_read(mm_slice_str(yaml), &q, &e);
        CHECK((code == MM_OK) == cases[i].good);
        mm_quest_free(&q);
    }
}
