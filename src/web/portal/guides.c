/* web/portal/guides.c - see guides.h for the contract. */
#include "web/portal/guides.h"

#include <dirent.h>
#include <stdlib.h>

#include "os/file.h"

enum { SHELF_MAX = 100 }; /* files of one folder; a page lists them all */

struct mm_guide_shelf {
    struct mm_guide *of[SHELF_MAX];
    size_t n, refused;
};

static void take(struct mm_guide_shelf *s, const char *path)
{
    struct mm_quest_errors errors = {0};
    struct mm_buf text;

    mm_buf_init(&text, MM_GUIDE_SIZE_MAX);
    if (s->n < SHELF_MAX && mm_file_read(path, &text) == MM_OK &&
        mm_guide_read(mm_buf_slice(&text), &s->of[s->n], &errors) == MM_OK)
        s->n++;
    else
        s->refused++;
    mm_buf_done(&text);
}

static int by_id(const void *pa, const void *pb)
{
    const struct mm_guide *const *a = pa, *const *b = pb;

    return mm_slice_cmp((*a)->id, (*b)->id);
}

struct mm_guide_shelf *mm_guide_shelf_new(const char *dir)
{
    struct mm_guide_shelf *s = calloc(1, sizeof(*s));
    DIR *d = s == NULL || dir == NULL ? NULL : opendir(dir);
    char path[MM_MAX_PATH];

    if (d == NULL)
        return s;
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (mm_slice_ends(mm_slice_str(e->d_name), MM_S(".yaml")) &&
            mm_path_join(path, dir, e->d_name) == MM_OK)
            take(s, path);
    }
    (void)closedir(d);
    if (s->n > 1)
        qsort(s->of, s->n, sizeof(s->of[0]), by_id);
    return s;
}

void mm_guide_shelf_free(struct mm_guide_shelf **s)
{
    if (*s == NULL)
        return;
    for (size_t i = 0; i < (*s)->n; i++)
        mm_guide_free(&(*s)->of[i]);
    free(*s);
    *s = NULL;
}

size_t mm_guide_shelf_count(const struct mm_guide_shelf *s)
{
    return s->n;
}

size_t mm_guide_shelf_refused(const struct mm_guide_shelf *s)
{
    return s->refused;
}

const struct mm_guide *mm_guide_shelf_get(const struct mm_guide_shelf *s, size_t at)
{
    MM_ASSERT(at < s->n);
    return s->of[at];
}

const struct mm_guide *mm_guide_shelf_find(const struct mm_guide_shelf *s, struct mm_slice id)
{
    for (size_t i = 0; i < s->n; i++) {
        if (mm_slice_eq(s->of[i]->id, id))
            return s->of[i];
    }
    return NULL;
}
