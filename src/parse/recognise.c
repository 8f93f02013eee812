/* parse/recognise.c - cheap witnesses: which format may have written a line. */
#include "parse/columns.h"
#include "parse/format.h"
#include "parse/index.h"

/* Does the text stand in this window of the line? `number` is its own in the look, if there was
 * one and the window is a part of what was looked at. */
static bool stands(const struct mm_look *look, uint16_t number, struct mm_slice text,
                   struct mm_slice window)
{
    size_t from;

    if (look == NULL || number == MM_INDEX_NO_TEXT || window.p < look->body.p ||
        window.p > look->body.p + look->body.n)
        return mm_slice_search(window, text) != SIZE_MAX;
    if (!mm_look_seen(look, number))
        return false;
    from = (size_t)(window.p - look->body.p);
    /* Its first place may be in front of the window: behind it may be another. */
    return look->at[number] < from ? mm_slice_search(window, text) != SIZE_MAX
                                   : look->at[number] + text.n <= from + window.n;
}

/* A program's name; a star in front or behind stands for what an administrator puts there. */
static bool app_is(struct mm_slice word, struct mm_slice app)
{
    if (mm_slice_ends(word, MM_S("*")))
        return mm_slice_starts(app, mm_slice_sub(word, 0, word.n - 1));
    if (mm_slice_starts(word, MM_S("*")))
        return mm_slice_ends(app, mm_slice_sub(word, 1, SIZE_MAX));
    return mm_slice_eq(word, app);
}

static bool app_fits(const struct mm_witness *wit, const struct mm_wire *w)
{
    for (size_t i = 0; i < wit->app_count && w->has_syslog; i++) {
        if (app_is(wit->app[i], w->syslog.app))
            return true;
    }
    return wit->app_count == 0;
}

static bool starts_with_one(const struct mm_slice *list, size_t count, struct mm_slice v)
{
    for (size_t i = 0; i < count; i++) {
        if (mm_slice_starts(v, list[i]))
            return true;
    }
    return count == 0;
}

/* How this text begins, worked out once a line. */
static struct mm_pattern_begin *begin_of(struct mm_wire *w, struct mm_slice text)
{
    for (size_t i = 0; i < MM_WIRE_TEXTS; i++) {
        if (w->begin[i].text.p == text.p && w->begin[i].text.n == text.n)
            return &w->begin[i];
    }
    w->begin_turn = (w->begin_turn + 1) % MM_WIRE_TEXTS;
    mm_patterns_begin(text, &w->begin[w->begin_turn]);
    return &w->begin[w->begin_turn];
}

/* By a byte that is not there or by how the text begins most templates are ruled out; else they
 * need one of these texts. */
static bool may_be_like(const struct mm_witness *wit, struct mm_wire *w, const struct mm_look *look,
                        struct mm_slice text)
{
    for (size_t i = 0; i < wit->need_count && look != NULL; i++) {
        if (!look->byte[wit->need[i]])
            return false;
    }
    if (!mm_patterns_may_take(wit->like, begin_of(w, text)))
        return false;
    for (size_t i = 0; i < wit->like_count && look != NULL; i++) {
        if (stands(look, wit->like_number[i], wit->like_text[i], text))
            return true;
    }
    return wit->like_count == 0 || look == NULL;
}

static bool holds(const struct mm_format *f, const struct mm_witness *wit, struct mm_wire *w,
                  const struct mm_look *look, struct mm_slice text)
{
    struct mm_slice window = mm_slice_sub(text, 0, wit->within);

    if (!app_fits(wit, w))
        return false;
    if (wit->headed && mm_columns_find(w->columns, f, w, SIZE_MAX, NULL) == NULL)
        return false;
    if (!starts_with_one(wit->starts, wit->start_count, text))
        return false;
    for (size_t i = 0; i < wit->has_count; i++) {
        if (!stands(look, wit->has_number[i], wit->has[i], window))
            return false;
    }
    if (wit->like != NULL) {
        MM_UNINIT struct mm_pattern_hit hit;

        if (!may_be_like(wit, w, look, text) || !mm_patterns_match(wit->like, text, &w->work, &hit))
            return false;
    }
    return true;
}

bool mm_format_heeds(const struct mm_format *f, const struct mm_syslog *head)
{
    return f->wrap == MM_WRAP_SYSLOG ||
           (f->wrap == MM_WRAP_PRI && head->has_pri && !head->pri_told);
}

struct mm_slice mm_format_text(const struct mm_format *f, const struct mm_wire *w,
                               struct mm_slice body)
{
    if (!w->has_syslog || !mm_format_heeds(f, &w->syslog))
        return body;
    return f->keep_tag ? w->syslog.text : w->syslog.msg;
}

bool mm_format_fits(const struct mm_format *f, struct mm_wire *w, const struct mm_look *look,
                    struct mm_slice body)
{
    struct mm_slice text = mm_format_text(f, w, body);
    bool had = w->has_syslog, fit = false;

    /* A format without a syslog header never sees one. */
    w->has_syslog = had && mm_format_heeds(f, &w->syslog);
    for (const struct mm_witness *wit = f->witness; wit != NULL && !fit; wit = wit->next)
        fit = holds(f, wit, w, look, text);
    w->has_syslog = had;
    return fit;
}

void mm_recognise_look(const struct mm_formats *formats, struct mm_wire *w, struct mm_slice body)
{
    if (w->looked)
        return;
    mm_index_look(formats->index, w, body, w->look);
    w->looked = true;
}

static void swap(struct mm_work *a, struct mm_work *b)
{
    struct mm_work was = *a;

    *a = *b;
    *b = was;
}

uint16_t mm_recognise(const struct mm_formats *formats, struct mm_wire *w, struct mm_slice body,
                      uint16_t except, size_t *from)
{
    struct mm_work other; /* of the formats that are not asked now */
    bool own = false;
    uint16_t found = MM_FORMAT_NONE;

    mm_recognise_look(formats, w, body);
    /* Ours and the operator's have an account each. */
    mm_wire_give(w, 2 * mm_work_of_find(body.n));
    other = (struct mm_work){.left = w->work.left / 2};
    w->work.left -= other.left;
    while (*from < formats->count && found == MM_FORMAT_NONE) {
        uint16_t at = formats->sorted[(*from)++];

        if (at == except || !mm_index_in(&w->look->may, at))
            continue;
        if (formats->format[at]->own != own) {
            swap(&w->work, &other);
            own = !own;
        }
        if (mm_format_fits(formats->format[at], w, w->look, body))
            found = at;
    }
    w->work.left += other.left;
    w->work.over = w->work.over || other.over;
    return found;
}
