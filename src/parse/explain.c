/* parse/explain.c - see explain.h for the contract. */
#include "parse/explain.h"

#include <stdlib.h>

#include "parse/format.h"

enum { EXPECTED_MAX = 400 }; /* bytes of what could have stood there: a screen's width or four */

/* Where templates stopped fitting. */
static void ask_patterns(struct mm_arena *arena, const struct mm_patterns *set,
                         struct mm_slice text, struct mm_slice body, struct mm_explained *e)
{
    struct mm_buf words;
    size_t at = 0;

    mm_buf_init(&words, 64 * 1024);
    text = mm_slice_trim(text);
    if (mm_patterns_expected(set, text, &at, &words)) {
        /* The text is a part of the body. */
        e->stop = text.n == 0 ? body.n : (size_t)(text.p - body.p) + at;
        if (mm_buf_ok(&words) &&
            !mm_arena_dup(arena, mm_slice_sub(mm_buf_slice(&words), 0, EXPECTED_MAX), &e->expected))
            e->expected = (struct mm_slice){0};
    }
    mm_buf_done(&words);
}

/* One line on its way through the formats. */
struct asked {
    const struct mm_formats *formats;
    struct mm_wire *w;
    const struct mm_raw *raw;
    struct mm_event *ev; /* what the format asked last made of it */
    struct mm_explained *e;
    size_t n; /* of e */
};

static void explain_one(const struct asked *a, const struct mm_hint *hint, struct mm_explained *e)
{
    const struct mm_format *f = a->formats->format[e->format];
    struct mm_slice body = e->text, text = mm_format_text(f, a->w, body);
    struct mm_wire *w = a->w;

    e->stop = SIZE_MAX;
    mm_wire_account(w, mm_work_of_line(body.n)); /* each format as if it were the only one */
    e->parsed = mm_format_try(f, w, a->raw, text, hint, a->ev);
    e->read = w->read;
    e->costly = mm_wire_spent(w);
    e->whole = w->read && w->whole;
    e->dated = w->dated;
    e->category = mm_event_has(a->ev, MM_F_EVENT_CATEGORY);
    e->outcome = mm_event_has(a->ev, MM_F_EVENT_OUTCOME);
    e->wrong = w->mapped ? (struct mm_slice){0} : w->wrong;
    e->wrong_name = w->wrong_name;
    if (e->whole)
        return;
    if (w->stray != NULL && w->stray >= body.p && w->stray <= body.p + body.n)
        e->stop = (size_t)(w->stray - body.p);
    else if (f->around != NULL && !w->read)
        ask_patterns(w->arena, f->around, text, body, e);
    else if (f->patterns != NULL && f->around == NULL)
        ask_patterns(w->arena, f->patterns, text, body, e);
}

/* Ask the format at this place of their order; NULL when it does not know the text. */
static const struct mm_explained *ask(struct asked *a, size_t place, uint16_t envelope,
                                      struct mm_slice text, const struct mm_hint *hint)
{
    uint16_t at = a->formats->sorted[place];
    struct mm_explained *e = &a->e[a->n];

    mm_wire_account(a->w, mm_work_of_line(text.n));
    mm_wire_give(a->w, mm_work_of_find(text.n));
    if (!mm_format_fits(a->formats->format[at], a->w, NULL, text) && at != hint->format)
        return NULL;
    a->n++;
    *e = (struct mm_explained){.format = at, .envelope = envelope, .text = text};
    explain_one(a, hint, e);
    return e;
}

/* What `outer` has just read may carry a line of its own: who knows that? */
static void ask_inner(struct asked *a, const struct mm_explained *outer, const struct mm_hint *hint)
{
    const struct mm_format *f = a->formats->format[outer->format];
    const struct mm_hint plain = {
        .format = MM_FORMAT_NONE, .offset_s = hint->offset_s, .charset = hint->charset};
    const struct mm_syslog own = a->w->syslog;
    const bool had = a->w->has_syslog;
    struct mm_inner_line line;

    if (f->inner == NULL || outer->parsed || !mm_inner_take(f, a->w, a->ev, &line))
        return;
    a->w->syslog = line.head;
    a->w->has_syslog = line.has_head;
    for (size_t i = 0; i < a->formats->count && a->n < MM_EXPLAIN_MAX; i++)
        (void)ask(a, i, outer->format, line.text, &plain);
    a->w->syslog = own;
    a->w->has_syslog = had;
}

size_t mm_explain(const struct mm_formats *formats, struct mm_scratch *scratch,
                  struct mm_arena *arena, const struct mm_raw *raw, const struct mm_hint *hint,
                  struct mm_explained ret[MM_EXPLAIN_MAX])
{
    struct mm_slice body = {0};
    struct asked a = {.formats = formats,
                      .w = mm_scratch_begin(scratch, formats, arena, raw, hint, &body),
                      .raw = raw,
                      .ev = mm_arena_alloc(arena, sizeof(*a.ev)),
                      .e = ret};

    if (a.w == NULL)
        return 0;
    for (size_t i = 0; a.ev != NULL && i < formats->count && a.n < MM_EXPLAIN_MAX; i++) {
        const struct mm_explained *e = ask(&a, i, MM_FORMAT_NONE, body, hint);

        if (e != NULL)
            ask_inner(&a, e, hint);
    }
    a.w->text = NULL;
    return a.n;
}
