/* parse/recognise.c - cheap witnesses: which format may have written a line. */
#include "parse/columns.h"
#include "parse/format.h"
#include "parse/index.h"

/* Windows of text are short (`within`): a plain search beats one that prepares tables. */
static bool contains(struct mm_slice text, struct mm_slice needle)
{
    size_t at = 0;

    MM_ASSERT(needle.n > 0);
    while (text.n - at >= needle.n) {
        const uint8_t *hit = memchr(text.p + at, needle.p[0], text.n - at - needle.n + 1);

        if (hit == NULL)
            return false;
        at = (size_t)(hit - text.p);
        if (memcmp(hit, needle.p, needle.n) == 0)
            return true;
        at++;
    }
    return false;
}

static bool one_of(const struct mm_slice *list, size_t count, struct mm_slice v)
{
    for (size_t i = 0; i < count; i++) {
        if (mm_slice_eq(list[i], v))
            return true;
    }
    return count == 0;
}

static bool starts_with_one(const struct mm_slice *list, size_t count, struct mm_slice v)
{
    for (size_t i = 0; i < count; i++) {
        if (mm_slice_starts(v, list[i]))
            return true;
    }
    return count == 0;
}

static bool holds(const struct mm_format *f, const struct mm_witness *wit, const struct mm_wire *w,
                  struct mm_slice text)
{
    struct mm_slice window = mm_slice_sub(text, 0, wit->within);

    if (wit->app_count > 0 && !(w->has_syslog && one_of(wit->app, wit->app_count, w->syslog.app)))
        return false;
    if (wit->headed && mm_columns_find(w->columns, f, w, SIZE_MAX, NULL) == NULL)
        return false;
    if (!starts_with_one(wit->starts, wit->start_count, text))
        return false;
    for (size_t i = 0; i < wit->has_count; i++) {
        if (!contains(window, wit->has[i]))
            return false;
    }
    if (wit->like != NULL) {
        MM_UNINIT struct mm_pattern_hit hit;

        if (!mm_patterns_match(wit->like, text, &hit))
            return false;
    }
    return true;
}

bool mm_witness_holds(const struct mm_format *f, const struct mm_wire *w, struct mm_slice text)
{
    for (const struct mm_witness *wit = f->witness; wit != NULL; wit = wit->next) {
        if (holds(f, wit, w, text))
            return true;
    }
    return false;
}

struct mm_slice mm_format_text(const struct mm_format *f, const struct mm_wire *w,
                               struct mm_slice body)
{
    if (!f->wrap_syslog || !w->has_syslog)
        return body;
    return f->keep_tag ? w->syslog.text : w->syslog.msg;
}

bool mm_format_fits(const struct mm_format *f, struct mm_wire *w, struct mm_slice body)
{
    bool had = w->has_syslog;
    bool fit;

    /* A format without a syslog header never sees one. */
    w->has_syslog = had && f->wrap_syslog;
    fit = mm_witness_holds(f, w, mm_format_text(f, w, body));
    w->has_syslog = had;
    return fit;
}

uint16_t mm_recognise(const struct mm_formats *formats, struct mm_wire *w, struct mm_slice body,
                      uint16_t except)
{
    struct mm_index_set may;

    mm_index_look(formats->index, w, body, &may);
    for (size_t i = 0; i < formats->count; i++) {
        uint16_t at = formats->sorted[i];

        if (at != except && mm_index_in(&may, at) && mm_format_fits(formats->format[at], w, body))
            return at;
    }
    return MM_FORMAT_NONE;
}
