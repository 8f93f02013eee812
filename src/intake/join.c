/* intake/join.c - see join.h for the contract. */
#include "intake/join.h"

#include <stdlib.h>

enum mm_code mm_join_init(struct mm_join *j, mm_join_continues *continues, void *ctx,
                          size_t lines_max, mm_stream_emit *emit, void *emit_ctx)
{
    uint8_t *record = malloc(MM_MAX_LINE);

    MM_ASSERT(continues != NULL && emit != NULL && lines_max > 0);
    if (record == NULL)
        return MM_E_NOMEM;
    *j = (struct mm_join){.continues = continues,
                          .ctx = ctx,
                          .lines_max = lines_max,
                          .emit = emit,
                          .emit_ctx = emit_ctx,
                          .record = record};
    return MM_OK;
}

void mm_join_done(struct mm_join *j)
{
    free(j->record);
    *j = (struct mm_join){0};
}

void mm_join_line(void *join, struct mm_slice line, bool cut)
{
    struct mm_join *j = join;
    bool more;

    MM_ASSERT(line.n <= MM_MAX_LINE);
    more = j->lines > 0 && j->lines < j->lines_max && !j->cut && j->n + 1 + line.n <= MM_MAX_LINE &&
           j->continues(j->ctx, line);
    if (!more)
        mm_join_end(j);
    else
        j->record[j->n++] = '\n';
    if (line.n > 0)
        memcpy(j->record + j->n, line.p, line.n);
    j->n += line.n;
    j->cut = cut;
    j->lines++;
}

void mm_join_end(struct mm_join *j)
{
    if (j->lines > 0)
        j->emit(j->emit_ctx, mm_slice_of(j->record, j->n), j->cut);
    j->n = j->lines = 0;
    j->cut = false;
}
