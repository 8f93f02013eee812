/*
 * assess/averages_fuzz.c - any bytes as a file of averages.
 *
 * No input may break these promises: a file is taken, or refused with reasons inside of it; of what
 * was taken no share has more companies than there are, and a mean is found by its name.
 */
#include <stdlib.h>

#include "assess/averages.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    struct mm_quest_errors *e = calloc(1, sizeof(*e));
    struct mm_averages *a = NULL;
    enum mm_code code;

    MM_ASSERT(e != NULL);
    code = mm_averages_read(in, &a, e);
    MM_ASSERT(code != MM_E_SYNTAX || (e->count > 0 && e->error[0].line <= in.n + 2));
    for (size_t i = 0; code == MM_OK && i < a->rows; i++) {
        const struct mm_average *row = &a->row[i];

        MM_ASSERT(row->n >= 1 && row->k <= row->n && (!row->has_sd || row->sd_milli > 0));
        if (row->kind == MM_AVERAGE_MEAN)
            MM_ASSERT(mm_averages_mean(a, row->of, row->id) != NULL);
    }
    mm_averages_free(&a);
    free(e);
}
