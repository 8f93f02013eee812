/* parse/columns.c - see columns.h for the contract. */
#include "parse/columns.h"

#include <stdlib.h>

struct mm_columns {
    uint64_t clock;
    /* What the next header of a source is of: directives of one file stand together. */
    uint32_t company, source;
    size_t path_n;
    uint8_t path[MM_COLUMNS_PATH];
    struct mm_columns_kept kept[MM_COLUMNS_SETS][MM_COLUMNS_WAYS];
};

struct mm_columns *mm_columns_new(void)
{
    return calloc(1, sizeof(struct mm_columns));
}

void mm_columns_free(struct mm_columns **columns)
{
    free(*columns);
    *columns = NULL;
}

void mm_columns_reset(struct mm_columns *columns)
{
    if (columns->clock == 0)
        return;
    for (size_t i = 0; i < MM_COLUMNS_SETS; i++) {
        for (size_t k = 0; k < MM_COLUMNS_WAYS; k++)
            columns->kept[i][k].used = 0;
    }
    columns->clock = 0;
    columns->path_n = 0;
}

bool mm_columns_any(const struct mm_columns *columns)
{
    return columns->clock > 0;
}

static struct mm_columns_kept *ways(struct mm_columns *c, const struct mm_wire *w)
{
    uint32_t at = (w->source * UINT32_C(2654435761) ^ w->company * UINT32_C(40503)) >> 16;

    return c->kept[at % MM_COLUMNS_SETS];
}

void mm_columns_path(struct mm_columns *c, const struct mm_wire *w, struct mm_slice path)
{
    c->company = w->company;
    c->source = w->source;
    c->path_n = 0;
    if (path.n == 0 || path.n > MM_COLUMNS_PATH)
        return;
    memcpy(c->path, path.p, path.n);
    c->path_n = path.n;
}

static bool is_of(const struct mm_columns_kept *k, const void *format, const struct mm_wire *w)
{
    return k->used != 0 && k->format == format && k->company == w->company &&
           k->source == w->source;
}

/* The place for a header: where the same log's stood, else a free one, else the oldest. */
static struct mm_columns_kept *place(struct mm_columns *c, const void *format,
                                     const struct mm_wire *w, struct mm_slice path, size_t count)
{
    struct mm_columns_kept *set = ways(c, w), *best = &set[0];

    for (size_t i = 0; i < MM_COLUMNS_WAYS; i++) {
        struct mm_columns_kept *k = &set[i];

        if (is_of(k, format, w) && k->count == count &&
            mm_slice_eq(mm_slice_of(k->path, k->path_n), path))
            return k;
        if (k->used < best->used)
            best = k;
    }
    return best;
}

bool mm_columns_note(struct mm_columns *c, const void *format, const struct mm_wire *w,
                     const struct mm_slice *name, size_t count)
{
    bool ours = c->company == w->company && c->source == w->source;
    struct mm_slice path = mm_slice_of(c->path, ours ? c->path_n : 0);
    struct mm_columns_kept *k;
    size_t text = 0;

    for (size_t i = 0; i < count; i++)
        text += name[i].n; /* parts of one line */
    if (count == 0 || count > MM_COLUMNS_MAX || text > MM_COLUMNS_TEXT)
        return false;
    k = place(c, format, w, path, count);
    k->used = ++c->clock;
    k->company = w->company;
    k->source = w->source;
    k->format = format;
    k->count = (uint16_t)count;   /* at most MM_COLUMNS_MAX */
    k->path_n = (uint16_t)path.n; /* at most MM_COLUMNS_PATH */
    if (path.n > 0)
        memcpy(k->path, path.p, path.n);
    text = 0;
    for (size_t i = 0; i < count; i++) {
        k->name[i] = (struct mm_columns_name){
            .slot = mm_symtab_get(w->names, name[i]),
            .at = (uint16_t)text, /* both at most MM_COLUMNS_TEXT */
            .n = (uint16_t)name[i].n,
        };
        if (name[i].n > 0)
            memcpy(k->text + text, name[i].p, name[i].n);
        text += name[i].n;
    }
    return true;
}

const struct mm_columns_kept *mm_columns_find(struct mm_columns *c, const void *format,
                                              const struct mm_wire *w, size_t count,
                                              const struct mm_columns_kept *before)
{
    struct mm_columns_kept *set, *best = NULL;

    if (c->clock == 0)
        return NULL;
    set = ways(c, w);
    for (size_t i = 0; i < MM_COLUMNS_WAYS; i++) {
        struct mm_columns_kept *k = &set[i];

        if (is_of(k, format, w) && (count == SIZE_MAX || k->count == count) &&
            (before == NULL || k->used < before->used) && (best == NULL || k->used > best->used))
            best = k;
    }
    return best;
}
