/* assess/matrix.c - see matrix.h for the contract. */
#include "assess/matrix.h"

#include <stdlib.h>

#include "assess/read.h"

enum { ARENA_MAX = 96 * 1024 * 1024 }; /* the tree of the largest file, as of questionnaires */

static void axis_read(struct mm_reader *r, const struct mm_yaml *doc, const char *key,
                      struct mm_matrix_axis *axis)
{
    const struct mm_yaml *map = mm_yaml_get(doc, key), *list;

    if (map == NULL || !mm_read_map(r, map, "title! levels!"))
        return;
    (void)mm_read_words(r, map, "title", &axis->title);
    list = mm_read_list(r, map, "levels", 2, MM_MATRIX_LEVELS_MAX);
    axis->level = list == NULL ? NULL : mm_read_alloc(r, list->count, sizeof(*axis->level));
    if (axis->level == NULL)
        return;
    for (const struct mm_yaml *m = list->first; m != NULL; m = m->next) {
        struct mm_scale_level *l = &axis->level[axis->levels++];

        if (!mm_read_map(r, m, "level! value! words!"))
            continue;
        (void)mm_read_id(r, m, "level", &l->id);
        (void)mm_read_words(r, m, "words", &l->words);
        (void)mm_read_milli(r, m, "value", -MM_QUEST_MILLI_MAX, MM_QUEST_MILLI_MAX, &l->milli);
    }
    (void)mm_read_unique(r, list, "level");
}

int mm_matrix_level(const struct mm_matrix_axis *axis, struct mm_slice id)
{
    for (size_t i = 0; i < axis->levels; i++) {
        if (mm_slice_eq(axis->level[i].id, id))
            return (int)i;
    }
    return -1;
}

static void product(struct mm_matrix *m)
{
    for (size_t i = 0; i < m->row.levels; i++) {
        for (size_t k = 0; k < m->column.levels; k++)
            /* Two numbers of at most 1000 with three digits each: their product loses none that
             * counts, since values of axes are whole (checked). */
            m->cell[i * m->column.levels + k].milli =
                m->row.level[i].milli / 1000 * m->column.level[k].milli;
    }
}

static bool whole(const struct mm_matrix_axis *axis)
{
    for (size_t i = 0; i < axis->levels; i++) {
        if (axis->level[i].milli % 1000 != 0)
            return false;
    }
    return true;
}

static void cells_read(struct mm_reader *r, const struct mm_yaml *doc, struct mm_matrix *m)
{
    const struct mm_yaml *list = mm_read_list(r, doc, "cells", m->row.levels, m->row.levels);
    size_t at = 0;

    if (list == NULL)
        return;
    for (const struct mm_yaml *row = list->first; row != NULL; row = row->next) {
        if (row->kind != MM_YAML_LIST || row->count != m->column.levels) {
            (void)mm_read_fail(r, row, "cells", row->text, NULL);
            return;
        }
        for (const struct mm_yaml *c = row->first; c != NULL; c = c->next, at++) {
            int64_t v;

            if (c->kind == MM_YAML_SCALAR && mm_milli_parse(c->text, &v) &&
                v <= MM_QUEST_MILLI_MAX && v >= -MM_QUEST_MILLI_MAX)
                m->cell[at].milli = v;
            else
                (void)mm_read_fail(r, c, "number", c->text, NULL);
        }
    }
}

static void assumed_read(struct mm_reader *r, const struct mm_yaml *doc, struct mm_matrix *m)
{
    const struct mm_yaml *list =
        mm_read_list(r, doc, "assumed", 1, (size_t)MM_MATRIX_LEVELS_MAX * MM_MATRIX_LEVELS_MAX);

    if (list == NULL)
        return;
    for (const struct mm_yaml *p = list->first; p != NULL; p = p->next) {
        int row = -1, column = -1;

        if (p->kind == MM_YAML_LIST && p->count == 2) {
            row = mm_matrix_level(&m->row, p->first->text);
            column = mm_matrix_level(&m->column, p->first->next->text);
        }
        if (row < 0 || column < 0)
            (void)mm_read_fail(r, p, "cells", p->text, NULL);
        else
            m->cell[(size_t)row * m->column.levels + (size_t)column].assumed = true;
    }
}

static void doc_read(struct mm_reader *r, const struct mm_yaml *doc, struct mm_matrix *m)
{
    bool multiply = false;

    if (!mm_read_map(r, doc, "matrix! title! source! rows! columns! cells product assumed bands") &&
        doc->kind != MM_YAML_MAP)
        return;
    (void)mm_read_id(r, doc, "matrix", &m->id);
    (void)mm_read_words(r, doc, "title", &m->title);
    (void)mm_read_words(r, doc, "source", &m->source);
    (void)mm_read_flag(r, doc, "product", &multiply);
    mm_read_bands(r, doc, &m->band, &m->bands);
    axis_read(r, doc, "rows", &m->row);
    axis_read(r, doc, "columns", &m->column);
    if (r->errors->count > 0 || r->nomem)
        return; /* the cells are counted by the axes */
    m->cell = mm_read_alloc(r, m->row.levels * m->column.levels, sizeof(*m->cell));
    if (m->cell == NULL)
        return;
    if (multiply == (mm_yaml_get(doc, "cells") != NULL))
        (void)mm_read_fail(r, doc, "either", (struct mm_slice){0}, "cells product");
    else if (multiply && !(whole(&m->row) && whole(&m->column)))
        (void)mm_read_fail(r, doc, "product", (struct mm_slice){0}, NULL);
    else if (multiply)
        product(m);
    else
        cells_read(r, doc, m);
    assumed_read(r, doc, m);
}

enum mm_code mm_matrix_read(struct mm_slice yaml, struct mm_matrix **ret,
                            struct mm_quest_errors *errors)
{
    struct mm_matrix *m = calloc(1, sizeof(*m));
    struct mm_reader r = {.errors = errors};
    const struct mm_yaml *doc = NULL;
    enum mm_code code;

    MM_ASSERT(ret != NULL && errors != NULL);
    if (m == NULL)
        return MM_E_NOMEM;
    mm_arena_init(&m->arena, ARENA_MAX);
    r.arena = &m->arena;
    code = mm_read_doc(&r, yaml, &doc);
    if (code == MM_OK)
        doc_read(&r, doc, m);
    code = mm_read_end(&r, code);
    if (code == MM_OK)
        *ret = m;
    else
        mm_matrix_free(&m);
    return code;
}

void mm_matrix_free(struct mm_matrix **m)
{
    if (*m == NULL)
        return;
    mm_arena_done(&(*m)->arena);
    free(*m);
    *m = NULL;
}

struct mm_matrix_cell mm_matrix_at(const struct mm_matrix *m, size_t row, size_t column)
{
    MM_ASSERT(row < m->row.levels && column < m->column.levels);
    return m->cell[row * m->column.levels + column];
}

int mm_matrix_band(const struct mm_matrix *m, int64_t milli)
{
    return mm_bands_find(m->band, m->bands, mm_ratio_milli(milli));
}

enum mm_matrix_verdict mm_matrix_check(const struct mm_matrix *m, size_t row, size_t column,
                                       int64_t milli)
{
    struct mm_matrix_cell c = mm_matrix_at(m, row, column);

    if (c.milli != milli)
        return MM_MATRIX_CONTRADICTS;
    return c.assumed ? MM_MATRIX_ASSUMED : MM_MATRIX_AGREES;
}
