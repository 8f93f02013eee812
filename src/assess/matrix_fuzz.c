/*
 * assess/matrix_fuzz.c - any bytes as a matrix.
 *
 * No input may break these promises: a file is taken, or refused with reasons inside of it; of what
 * was taken every pair of levels has a cell that agrees with itself, and every value a band of
 * those there are.
 */
#include <stdlib.h>

#include "assess/matrix.h"
#include "tests/harness/test.h"

static void walk(const struct mm_matrix *m)
{
    MM_ASSERT(m->row.levels >= 2 && m->column.levels >= 2);
    for (size_t i = 0; i < m->row.levels; i++) {
        MM_ASSERT(mm_matrix_level(&m->row, m->row.level[i].id) == (int)i);
        for (size_t k = 0; k < m->column.levels; k++) {
            struct mm_matrix_cell c = mm_matrix_at(m, i, k);
            int band = mm_matrix_band(m, c.milli);

            MM_ASSERT(mm_matrix_check(m, i, k, c.milli) ==
                      (c.assumed ? MM_MATRIX_ASSUMED : MM_MATRIX_AGREES));
            MM_ASSERT(band >= -1 && band < (int)m->bands && (m->bands == 0) == (band == -1));
        }
    }
}

FUZZ(in)
{
    struct mm_quest_errors *e = calloc(1, sizeof(*e));
    struct mm_matrix *m = NULL;
    enum mm_code code;

    MM_ASSERT(e != NULL);
    code = mm_matrix_read(in, &m, e);
    if (code == MM_OK) {
        walk(m);
        mm_matrix_free(&m);
    } else if (code == MM_E_SYNTAX) {
        MM_ASSERT(m == NULL && e->count > 0 && e->error[0].line <= in.n + 2);
    }
    free(e);
}
