/* app/questionnaire.c - `mimamori questionnaire check|list|show`: questionnaires as files. */
#include <stdio.h>
#include <string.h>

#include "app/language.h"
#include "app/quests.h"
#include "app/say.h"
#include "assess/doc.h"

enum { DONE, BAD, USAGE };
enum { ARENA_MAX = 256 * 1024 * 1024 }; /* the document of the largest questionnaire */

struct checked {
    struct mm_quests *x;
    const struct mm_controls *controls;
    struct mm_doc *items, *faults;
    size_t files, bad;
};

static void check_one(void *arg, const char *path)
{
    struct checked *c = arg;
    struct mm_quest *q = NULL;
    struct mm_buf text;
    enum mm_code code = MM_E_IO;

    mm_buf_init(&text, MM_QUEST_SIZE_MAX);
    c->x->errors.count = 0;
    if (mm_quests_file(c->x, path, &text))
        code = mm_quest_read(mm_buf_slice(&text), &q, &c->x->errors);
    if (code == MM_OK)
        code = mm_controls_check(c->controls, q, &c->x->errors);
    if (c->x->json)
        mm_quests_tell_doc(c->x, path, c->faults);
    else
        mm_quests_tell(c->x, path);
    if (q != NULL)
        mm_quest_head_doc(mm_doc_object(c->items, NULL), q);
    c->files++;
    c->bad += code == MM_OK ? 0 : 1;
    mm_quest_free(&q);
    mm_buf_done(&text);
}

static int check(struct mm_quests *x, int n, char **path, struct mm_arena *a)
{
    struct mm_controls *controls = NULL;
    struct mm_doc *doc = mm_doc_new(a);
    struct checked c = {.x = x};

    if (!mm_quests_controls(x, &controls))
        return BAD;
    c.controls = controls;
    c.items = mm_doc_array(doc, "items");
    c.faults = mm_doc_array(doc, "faults");
    for (int i = 0; i < n; i++)
        check_one(&c, path[i]);
    if (n == 0 && !mm_quests_each(x, check_one, &c))
        c.bad++;
    if (x->json) {
        mm_quests_print(doc);
    } else {
        MM_SAY(stdout, x->lang, "quest.cli.checked", MM_SAY_NUMBER("n", c.files),
               MM_SAY_NUMBER("bad", c.bad));
        putchar('\n');
    }
    mm_controls_free(&controls);
    return c.bad == 0 ? DONE : BAD;
}

static void list_one(void *arg, const char *path)
{
    struct checked *c = arg;
    struct mm_quest *q = NULL;

    if (!mm_quests_read(c->x, path, &q, NULL)) {
        c->bad++;
        return;
    }
    if (c->x->json) {
        mm_quest_head_doc(mm_doc_object(c->items, NULL), q);
    } else {
        printf("%.*s\t%u\t%zu\t", MM_S_ARG(q->id), q->version, q->questions);
        mm_quests_put(q->title.in[c->x->lang]);
        putchar('\n');
    }
    mm_quest_free(&q);
}

static int list(struct mm_quests *x, struct mm_arena *a)
{
    struct mm_doc *doc = mm_doc_new(a);
    struct checked c = {.x = x};

    c.items = mm_doc_array(doc, "items");
    if (!mm_quests_each(x, list_one, &c))
        return BAD;
    if (x->json)
        mm_quests_print(doc);
    return c.bad == 0 ? DONE : BAD;
}

static void put_line(const struct mm_quests *x, const char *indent, struct mm_slice id,
                     const struct mm_words *w)
{
    printf("%s%.*s\t", indent, MM_S_ARG(id));
    mm_quests_put(w->in[x->lang]);
    putchar('\n');
}

static int show(struct mm_quests *x, const char *what, struct mm_arena *a)
{
    struct mm_doc *doc = mm_doc_new(a);
    struct mm_quest *q = NULL;

    if (!mm_quests_read(x, what, &q, NULL))
        return BAD;
    if (x->json) {
        mm_quest_doc(doc, q);
        mm_quests_print(doc);
        mm_quest_free(&q);
        return DONE;
    }
    put_line(x, "", q->id, &q->title);
    for (size_t i = 0; i < q->questions; i++) {
        const struct mm_question *u = &q->question[i];

        if (q->section[u->section].first == i)
            put_line(x, "\n", q->section[u->section].id, &q->section[u->section].title);
        put_line(x, "  ", u->id, &u->ask);
        for (size_t k = 0; u->scale != NULL && k < u->scale->levels; k++)
            put_line(x, "      ", u->scale->level[k].id, &u->scale->level[k].words);
    }
    mm_quest_free(&q);
    return DONE;
}

static int usage(const struct mm_quests *x, FILE *to, int code)
{
    mm_say_line(to, x->lang, "quest.cli.usage");
    return code;
}

int main(int argc, char **argv)
{
    static struct mm_quests x; /* tidy: global allowed, its list of errors is 23 KiB. */
    struct mm_arena a;
    char *word[1000];
    int words = 0, code;

    x.lang = mm_app_language();
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            x.json = true;
        else if (strcmp(argv[i], "--help") == 0)
            return usage(&x, stdout, DONE);
        else if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc &&
                 mm_lang_parse(mm_slice_str(argv[i + 1]), &x.lang))
            i++;
        else if (argv[i][0] == '-' || words == (int)MM_COUNT(word))
            return usage(&x, stderr, USAGE);
        else
            word[words++] = argv[i];
    }
    mm_arena_init(&a, ARENA_MAX);
    if (words >= 1 && strcmp(word[0], "check") == 0)
        code = check(&x, words - 1, word + 1, &a);
    else if (words == 1 && strcmp(word[0], "list") == 0)
        code = list(&x, &a);
    else if (words == 2 && strcmp(word[0], "show") == 0)
        code = show(&x, word[1], &a);
    else
        code = usage(&x, stderr, USAGE);
    mm_arena_done(&a);
    return code;
}
