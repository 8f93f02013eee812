/*
 * assess/controls_fuzz.c - any bytes as a file of controls.
 *
 * No input may break these promises: a file is taken, or refused with reasons inside of it; of what
 * was taken every id finds its own entry, and when it is whole every reference names a standard of
 * the map.
 */
#include <stdlib.h>

#include "assess/controls.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    struct mm_quest_errors *e = calloc(1, sizeof(*e));
    struct mm_controls *c = mm_controls_new();
    enum mm_code code;

    MM_ASSERT(e != NULL && c != NULL);
    code = mm_controls_add(c, in, e);
    MM_ASSERT(code != MM_E_SYNTAX || (e->count > 0 && e->error[0].line <= in.n + 2));
    for (size_t i = 0; code == MM_OK && i < c->controls; i++)
        MM_ASSERT(mm_control_find(c, c->control[i].id) == &c->control[i]);
    code = code == MM_OK ? mm_controls_end(c, e) : code;
    for (size_t i = 0; code == MM_OK && i < c->controls; i++) {
        for (size_t k = 0; k < c->control[i].refs; k++)
            MM_ASSERT(mm_standard_find(c, c->control[i].ref[k].standard) != NULL);
    }
    for (size_t i = 0; code == MM_OK && i < c->terms; i++)
        MM_ASSERT(mm_term_find(c, c->term[i].id) == &c->term[i]);
    mm_controls_free(&c);
    free(e);
}
