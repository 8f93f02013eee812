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

static void explain_one(const struct mm_format *f, struct mm_wire *w, const struct mm_raw *raw,
                        struct mm_slice body, const struct mm_hint *hint, struct mm_event *ev,
                        struct mm_explained *e)
{
    struct mm_slice text = mm_format_text(f, w, body);

    e->stop = SIZE_MAX;
    mm_wire_account(w, mm_work_of_line(body.n)); /* each format as if it were the only one */
    e->parsed = mm_format_try(f, w, raw, text, hint, ev);
    e->read = w->read;
    e->costly = mm_wire_spent(w);
    e->whole = w->read && w->whole;
    e->dated = w->dated;
    e->category = mm_event_has(ev, MM_F_EVENT_CATEGORY);
    e->outcome = mm_event_has(ev, MM_F_EVENT_OUTCOME);
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

size_t mm_explain(const struct mm_formats *formats, struct mm_scratch *scratch,
                  struct mm_arena *arena, const struct mm_raw *raw, const struct mm_hint *hint,
                  struct mm_slice *ret_text, struct mm_explained ret[MM_EXPLAIN_MAX])
{
    struct mm_slice body = {0};
    struct mm_wire *w = mm_scratch_begin(scratch, formats, arena, raw, hint, &body);
    struct mm_event *ev = mm_arena_alloc(arena, sizeof(*ev));
    size_t n = 0;

    for (size_t i = 0; w != NULL && ev != NULL && i < formats->count && n < MM_EXPLAIN_MAX; i++) {
        uint16_t at = formats->sorted[i];

        mm_wire_account(w, mm_work_of_line(body.n));
        mm_wire_give(w, mm_work_of_find(body.n));
        if (!mm_format_fits(formats->format[at], w, NULL, body) && at != hint->format)
            continue;
        ret[n] = (struct mm_explained){.format = at};
        explain_one(formats->format[at], w, raw, body, hint, ev, &ret[n++]);
    }
    if (w != NULL)
        w->text = NULL;
    *ret_text = body;
    return n;
}
