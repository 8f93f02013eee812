/* app/ingest_format.c - see ingest_format.h for the contract. */
#include "app/ingest_format.h"

#include <stdlib.h>
#include <unistd.h>

#include "app/content.h"
#include "os/file.h"
#include "parse/parse.h"

struct mm_ingest_format {
    struct mm_formats *formats;
    uint16_t index;
};

bool mm_ingest_format_open(const char *name, const char *state, struct mm_ingest_format **ret)
{
    struct mm_ingest_format *f = calloc(1, sizeof(*f));
    struct mm_format_errors *errors = calloc(1, sizeof(*errors));
    char dir[MM_MAX_PATH], own[MM_MAX_PATH];
    bool ok = f != NULL && errors != NULL && mm_content_path("formats", dir) == MM_OK;

    if (ok) {
        f->formats = mm_formats_new();
        ok = f->formats != NULL && mm_formats_load(f->formats, dir, errors) == MM_OK;
    }
    if (ok && mm_path_join(own, state, "formats") == MM_OK && access(own, R_OK) == 0)
        ok = mm_formats_load(f->formats, own, errors) == MM_OK;
    free(errors);
    if (ok) {
        f->index = mm_formats_find(f->formats, mm_slice_str(name));
        ok = f->index != MM_FORMAT_NONE;
    }
    if (ok)
        *ret = f;
    else
        mm_ingest_format_free(&f);
    return ok;
}

void mm_ingest_format_free(struct mm_ingest_format **f)
{
    if (*f == NULL)
        return;
    mm_formats_free(&(*f)->formats);
    free(*f);
    *f = NULL;
}

size_t mm_ingest_format_lines(const struct mm_ingest_format *f)
{
    return mm_format_record_lines(f->formats, f->index);
}

bool mm_ingest_format_continues(void *format, struct mm_slice line)
{
    const struct mm_ingest_format *f = format;

    return mm_format_continues(f->formats, f->index, line);
}
