/* web/portal/quests.c - see quests.h for the contract. */
#include "web/portal/quests.h"

#include <dirent.h>
#include <stdlib.h>

#include "os/file.h"

enum { SHELF_MAX = 200 }; /* files of one folder; six ship */

struct mm_quest_shelf {
    struct mm_shelved of[SHELF_MAX];
    struct mm_buf text[SHELF_MAX]; /* what the yaml of it borrows */
    size_t n, refused;
    struct mm_controls *controls;
};

typedef void take_fn(struct mm_quest_shelf *s, const char *path);

static void take_quest(struct mm_quest_shelf *s, const char *path)
{
    struct mm_buf *text = &s->text[s->n];
    struct mm_shelved *to = &s->of[s->n];
    struct mm_quest_errors errors = {0};

    if (s->n == SHELF_MAX) {
        s->refused++;
        return;
    }
    mm_buf_init(text, MM_QUEST_SIZE_MAX);
    if (mm_file_read(path, text) == MM_OK &&
        mm_quest_read(mm_buf_slice(text), &to->q, &errors) == MM_OK) {
        to->yaml = mm_buf_slice(text);
        s->n++;
        return;
    }
    s->refused++;
    mm_buf_done(text);
}

static void take_controls(struct mm_quest_shelf *s, const char *path)
{
    struct mm_quest_errors errors = {0};
    struct mm_buf text;

    mm_buf_init(&text, MM_QUEST_SIZE_MAX);
    if (mm_file_read(path, &text) != MM_OK ||
        mm_controls_add(s->controls, mm_buf_slice(&text), &errors) != MM_OK)
        s->refused++;
    mm_buf_done(&text);
}

static void each(struct mm_quest_shelf *s, const char *dir, take_fn *take)
{
    DIR *d = dir == NULL ? NULL : opendir(dir);
    char path[MM_MAX_PATH];

    if (d == NULL)
        return;
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (mm_slice_ends(mm_slice_str(e->d_name), MM_S(".yaml")) &&
            mm_path_join(path, dir, e->d_name) == MM_OK)
            take(s, path);
    }
    (void)closedir(d);
}

static int by_id(const void *pa, const void *pb)
{
    const struct mm_shelved *a = pa, *b = pb;

    return mm_slice_cmp(a->q->id, b->q->id);
}

struct mm_quest_shelf *mm_quest_shelf_new(const char *quest_dir, const char *control_dir)
{
    struct mm_quest_shelf *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->controls = mm_controls_new();
    if (s->controls == NULL) {
        free(s);
        return NULL;
    }
    each(s, control_dir, take_controls);
    each(s, quest_dir, take_quest);
    if (s->n > 1)
        qsort(s->of, s->n, sizeof(s->of[0]), by_id);
    return s;
}

void mm_quest_shelf_free(struct mm_quest_shelf **s)
{
    if (*s == NULL)
        return;
    for (size_t i = 0; i < (*s)->n; i++) {
        mm_quest_free(&(*s)->of[i].q);
        mm_buf_done(&(*s)->text[i]);
    }
    mm_controls_free(&(*s)->controls);
    free(*s);
    *s = NULL;
}

size_t mm_quest_shelf_count(const struct mm_quest_shelf *s)
{
    return s->n;
}

size_t mm_quest_shelf_refused(const struct mm_quest_shelf *s)
{
    return s->refused;
}

const struct mm_shelved *mm_quest_shelf_get(const struct mm_quest_shelf *s, size_t at)
{
    return &s->of[at];
}

const struct mm_shelved *mm_quest_shelf_find(const struct mm_quest_shelf *s, struct mm_slice id)
{
    for (size_t i = 0; i < s->n; i++) {
        if (mm_slice_eq(s->of[i].q->id, id))
            return &s->of[i];
    }
    return NULL;
}

const struct mm_controls *mm_quest_shelf_controls(const struct mm_quest_shelf *s)
{
    return s->controls;
}
