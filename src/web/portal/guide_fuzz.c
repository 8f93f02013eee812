/*
 * web/portal/guide_fuzz.c - any bytes as a guide.
 *
 * No input may break these promises: a file is taken, or refused with reasons inside of it; of what
 * was taken every text is filled without a blank that is left, since values hold none.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "tests/harness/test.h"
#include "web/portal/guide.h"

static void fill(struct mm_slice text)
{
    static const struct mm_guide_values v = {.address = {(const uint8_t *)"a", 1},
                                             .port = {(const uint8_t *)"1", 1}};
    struct mm_buf out;

    mm_buf_init(&out, MM_GUIDE_FILLED_MAX);
    mm_guide_fill(text, &v, &out);
    MM_ASSERT(mm_buf_ok(&out) && mm_buf_slice(&out).n <= text.n);
    mm_buf_done(&out);
}

FUZZ(in)
{
    struct mm_quest_errors *e = calloc(1, sizeof(*e));
    struct mm_guide *g = NULL;
    enum mm_code code;

    MM_ASSERT(e != NULL);
    code = mm_guide_read(in, &g, e);
    MM_ASSERT(code != MM_E_SYNTAX || (g == NULL && e->count > 0 && e->error[0].line <= in.n + 2));
    if (code == MM_OK) {
        MM_ASSERT(g->steps > 0 && g->steps <= MM_GUIDE_STEPS_MAX && g->formats.n > 0);
        for (size_t i = 0; i < g->steps; i++) {
            fill(g->step[i].text.in[MM_LANG_JA]);
            fill(g->step[i].commands);
        }
        for (size_t i = 0; i < g->troubles; i++)
            fill(g->trouble[i].help.in[MM_LANG_EN]);
        mm_guide_free(&g);
    }
    free(e);
}
