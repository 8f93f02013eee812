/* assess/controls_test.c - the map of controls that ships, and what is refused. */
#include "assess/controls.h"

#include <dirent.h>

#include "tests/harness/test.h"

#include "assess/testkit.h"

static struct mm_quest_errors *errors(void)
{
    struct mm_quest_errors *e = calloc(1, sizeof(*e));

    CHECK(e != NULL);
    return e;
}

/* Every file of content/DIR that ends in .yaml, in no order. */
static void each(const char *dir, void (*take)(void *arg, const char *path), void *arg)
{
    DIR *d = opendir(mm_test_source(dir));

    CHECK(d != NULL);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        char path[512];

        (void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        if (mm_slice_ends(mm_slice_str(e->d_name), MM_S(".yaml")))
            take(arg, path);
    }
    (void)closedir(d);
}

struct taken {
    struct mm_controls *c;
    size_t files;
};

static void take_controls(void *arg, const char *path)
{
    struct taken *t = arg;
    struct mm_quest_errors *e = errors();
    char *text;
    struct mm_slice yaml = kit_text(path, &text);

    printf("# %s\n", path);
    if (mm_controls_add(t->c, yaml, e) != MM_OK)
        kit_tell(e);
    CHECK_NUM(e->count, 0);
    t->files++;
    free(text);
    free(e);
}

static void take_questionnaire(void *arg, const char *path)
{
    struct taken *t = arg;
    struct mm_quest_errors *e = errors();
    struct mm_quest *q = kit_file(path);

    printf("# %s\n", path);
    if (mm_controls_check(t->c, q, e) != MM_OK)
        kit_tell(e);
    CHECK_NUM(e->count, 0);
    t->files++;
    mm_quest_free(&q);
    free(e);
}

TEST(everything_that_questionnaires_name_is_in_the_map)
{
    struct taken t = {.c = mm_controls_new()};
    struct mm_quest_errors *e;
    const struct mm_control *mfa;

    CHECK(t.c != NULL);
    each("content/controls", take_controls, &t);
    e = errors();
    if (mm_controls_end(t.c, e) != MM_OK)
        kit_tell(e);
    CHECK_NUM(e->count, 0);
    free(e);
    each("content/questionnaires", take_questionnaire, &t);
    CHECK(t.files >= 2);
    mfa = mm_control_find(t.c, MM_S("auth.mfa"));
    CHECK(mfa != NULL && mfa->refs >= 2);
    CHECK(mm_term_find(t.c, MM_S("mfa")) != NULL);
    CHECK(mm_category_find(t.c, MM_S("incident")) != NULL);
    CHECK(mm_control_find(t.c, MM_S("nothing")) == NULL);
    mm_controls_free(&t.c);
}

TEST(what_a_questionnaire_names_in_vain_is_told_with_its_line)
{
    struct mm_quest *q =
        kit_read(KIT_HEAD KIT_THREE KIT_SCORE
                 "sections:\n  - section: s\n    title: " KIT_W
                 "\n    category: none\n    questions:\n" KIT_QX(
                     "a", "controls: [no.such], terms: [none], refs: {moon: ['1']}"));
    struct mm_controls *c = mm_controls_new();
    struct mm_quest_errors *e = errors();

    CHECK(c != NULL);
    CHECK_NUM(mm_controls_check(c, q, e), MM_E_SYNTAX);
    CHECK_NUM(e->count, 4);
    CHECK(strcmp(e->error[0].what, "no-category") == 0);
    CHECK(strcmp(e->error[1].what, "no-control") == 0);
    CHECK(strcmp(e->error[1].detail, "no.such") == 0);
    CHECK_NUM(e->error[1].line, q->question[0].line);
    CHECK(strcmp(e->error[2].what, "no-term") == 0);
    CHECK(strcmp(e->error[3].what, "no-standard") == 0);
    mm_controls_free(&c);
    mm_quest_free(&q);
    free(e);
}

TEST(a_map_that_is_none_is_refused_with_the_reason)
{
    static const struct {
        const char *yaml, *what;
    } cases[] = {
        {"colours: [red]\n", "key"},
        {"terms: [{term: a, words: " KIT_W "}]\n", "missing"},
        {"controls: [{control: a, words: " KIT_W "}, {control: a, words: " KIT_W "}]\n", "twice"},
        {"controls: [{control: a, words: " KIT_W
         ", refs: [{standard: x, item: '1', relation: equal}]}]\n",
         "no-standard"},
        {"categories: [{category: a, words: " KIT_W ", same: [b]}]\n", "no-category"},
        {"standards: [{standard: x, title: " KIT_W "}]\ncontrols: [{control: a, words: " KIT_W
         ", refs: [{standard: x, item: '1', relation: near}]}]\n",
         "choice"},
    };
    struct mm_quest_errors *e = errors();

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_controls *c = mm_controls_new();
        enum mm_code code;

        CHECK(c != NULL);
        code = mm_controls_add(c, mm_slice_str(cases[i].yaml), e);
        CHECK_NUM(code == MM_OK ? mm_controls_end(c, e) : code, MM_E_SYNTAX);
        CHECK(strcmp(e->error[0].what, cases[i].what) == 0);
        mm_controls_free(&c);
    }
    free(e);
}
