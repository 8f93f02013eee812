/* app/quests.c - see quests.h for the contract. */
#include "app/quests.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/content.h"
#include "app/say.h"
#include "base/utf8.h"
#include "os/file.h"

enum { OUT_MAX = 64 * 1024 * 1024, FILES_MAX = 1000 };

bool mm_quests_file(const struct mm_quests *x, const char *path, struct mm_buf *out)
{
    mm_buf_reset(out);
    if (mm_file_read(path, out) == MM_OK)
        return true;
    MM_COMPLAIN(x->lang, "quest.cli.read", MM_SAY_TEXT("what", mm_slice_str(path)),
                MM_SAY_TEXT("why", mm_slice_str(strerror(errno))));
    return false;
}

bool mm_quests_path(const struct mm_quests *x, const char *what, char ret[MM_MAX_PATH])
{
    char part[MM_MAX_PATH];
    int n;

    if (strchr(what, '/') != NULL || mm_slice_ends(mm_slice_str(what), MM_S(".yaml"))) {
        n = snprintf(ret, MM_MAX_PATH, "%s", what);
        if (n > 0 && n < MM_MAX_PATH)
            return true;
    } else {
        n = snprintf(part, sizeof(part), "questionnaires/%s.yaml", what);
        if (n > 0 && n < MM_MAX_PATH && mm_content_path(part, ret) == MM_OK)
            return true;
    }
    MM_COMPLAIN(x->lang, "quest.cli.none", MM_SAY_TEXT("what", mm_slice_str(what)));
    return false;
}

bool mm_quests_read(struct mm_quests *x, const char *what, struct mm_quest **ret,
                    struct mm_buf *ret_text)
{
    char path[MM_MAX_PATH];
    struct mm_buf own, *text = ret_text;
    bool ok;

    mm_buf_init(&own, MM_QUEST_SIZE_MAX);
    if (text == NULL)
        text = &own;
    ok = mm_quests_path(x, what, path) && mm_quests_file(x, path, text);
    if (ok && mm_quest_read(mm_buf_slice(text), ret, &x->errors) != MM_OK) {
        mm_quests_tell(x, path);
        ok = false;
    }
    mm_buf_done(&own);
    return ok;
}

struct names {
    char *name[FILES_MAX];
    size_t n;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names below a folder of the content that end in .yaml, sorted. */
static bool names_of(const char *dir, struct names *ret)
{
    DIR *d = opendir(dir);

    if (d == NULL)
        return false;
    for (struct dirent *e = readdir(d); e != NULL && ret->n < FILES_MAX; e = readdir(d)) {
        if (!mm_slice_ends(mm_slice_str(e->d_name), MM_S(".yaml")))
            continue;
        ret->name[ret->n] = strdup(e->d_name);
        ret->n += ret->name[ret->n] != NULL ? 1 : 0;
    }
    (void)closedir(d);
    qsort(ret->name, ret->n, sizeof(ret->name[0]), by_name);
    return true;
}

static bool each(const struct mm_quests *x, const char *part,
                 void (*take)(void *arg, const char *path), void *arg)
{
    struct names *names = calloc(1, sizeof(*names));
    char dir[MM_MAX_PATH], path[MM_MAX_PATH];
    bool ok = names != NULL && mm_content_path(part, dir) == MM_OK && names_of(dir, names);

    if (!ok)
        MM_COMPLAIN(x->lang, "quest.cli.read", MM_SAY_TEXT("what", mm_slice_str(part)),
                    MM_SAY_TEXT("why", mm_slice_str(strerror(errno))));
    for (size_t i = 0; names != NULL && i < names->n; i++) {
        if (ok && mm_path_join(path, dir, names->name[i]) == MM_OK)
            take(arg, path);
        free(names->name[i]);
    }
    free(names);
    return ok;
}

bool mm_quests_each(const struct mm_quests *x, void (*take)(void *arg, const char *path), void *arg)
{
    return each(x, "questionnaires", take, arg);
}

struct controls {
    struct mm_quests *x;
    struct mm_controls *c;
    bool ok;
};

static void take_controls(void *arg, const char *path)
{
    struct controls *k = arg;
    struct mm_buf text;

    mm_buf_init(&text, MM_QUEST_SIZE_MAX);
    if (k->ok && !mm_quests_file(k->x, path, &text))
        k->ok = false;
    if (k->ok && mm_controls_add(k->c, mm_buf_slice(&text), &k->x->errors) != MM_OK) {
        mm_quests_tell(k->x, path);
        k->ok = false;
    }
    mm_buf_done(&text);
}

bool mm_quests_controls(struct mm_quests *x, struct mm_controls **ret)
{
    struct controls k = {.x = x, .c = mm_controls_new()};

    k.ok = k.c != NULL;
    k.ok = k.ok && each(x, "controls", take_controls, &k) && k.ok;
    if (k.ok && mm_controls_end(k.c, &x->errors) != MM_OK) {
        mm_quests_tell(x, "controls");
        k.ok = false;
    }
    if (k.ok)
        *ret = k.c;
    else
        mm_controls_free(&k.c);
    return k.ok;
}

void mm_quests_put(struct mm_slice s)
{
    struct mm_buf out;

    mm_buf_init(&out, OUT_MAX);
    mm_utf8_clean(&out, s);
    for (size_t i = 0; mm_buf_ok(&out) && i < out.n; i++)
        putchar(out.p[i] < 0x20 || out.p[i] == 0x7f ? ' ' : out.p[i]);
    mm_buf_done(&out);
}

/* "quest.error.WHAT" in words. */
static const char *words_of(const struct mm_quests *x, const char *what)
{
    char key[64];
    const char *words;

    (void)snprintf(key, sizeof(key), "quest.error.%s", what);
    words = mm_lang_text(x->lang, mm_slice_str(key), 1);
    return words == NULL ? what : words;
}

void mm_quests_tell(const struct mm_quests *x, const char *path)
{
    for (size_t i = 0; i < x->errors.count && i < MM_QUEST_ERRORS_MAX; i++) {
        const struct mm_quest_error *e = &x->errors.error[i];

        mm_quests_put(mm_slice_str(path));
        printf(":%u:%u: %s", e->line, e->column, words_of(x, e->what));
        if (e->detail[0] != 0) {
            fputs(": ", stdout);
            mm_quests_put(mm_slice_str(e->detail));
        }
        if (e->expected[0] != 0)
            printf(" (%s)", e->expected);
        putchar('\n');
    }
}

void mm_quests_tell_doc(const struct mm_quests *x, const char *path, struct mm_doc *list)
{
    for (size_t i = 0; i < x->errors.count && i < MM_QUEST_ERRORS_MAX; i++) {
        const struct mm_quest_error *e = &x->errors.error[i];
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, "file", mm_slice_str(path));
        mm_doc_int(o, "line", e->line);
        mm_doc_int(o, "column", e->column);
        mm_doc_str(o, "reason", e->what);
        mm_doc_text(o, "detail", mm_slice_str(e->detail));
        mm_doc_text(o, "expected", mm_slice_str(e->expected));
    }
}

void mm_quests_print(const struct mm_doc *doc)
{
    struct mm_buf out;

    mm_buf_init(&out, OUT_MAX);
    mm_doc_json(&out, doc);
    if (mm_buf_ok(&out))
        (void)fwrite(out.p, 1, out.n, stdout);
    putchar('\n');
    mm_buf_done(&out);
}
