/*
 * parse/parse_fuzz.c - a line into all formats of the content. No input may break these promises:
 * there is an event; its texts are readable; what counts as parsed has a class and an outcome; the
 * same line from the same source gives the same event again; the index over witnesses finds what
 * asking every format finds; no line costs more work than its length allows.
 */
#include <stdlib.h>

#include "base/utf8.h"
#include "parse/columns.h"
#include "parse/format.h"
#include "parse/index.h"
#include "tests/harness/test.h"

struct bench {
    struct mm_formats *set;
    struct mm_scratch *scratch;
    struct mm_event *ev;
};

/* Formats are loaded once: a run of the fuzzer is millions of lines. */
static const struct bench *bench(void)
{
    static struct bench b;
    static struct mm_format_errors errors;
    const char *dir = getenv("MIMAMORI_CONTENT");
    char path[1024];

    if (b.set != NULL)
        return &b;
    (void)snprintf(path, sizeof(path), "%s/formats", dir != NULL ? dir : MM_SOURCE_DIR "/content");
    b.set = mm_formats_new();
    b.scratch = mm_scratch_new();
    b.ev = malloc(sizeof(*b.ev));
    MM_ASSERT(b.set != NULL && b.scratch != NULL && b.ev != NULL);
    MM_ASSERT(mm_formats_load(b.set, path, &errors) == MM_OK && errors.count == 0);
    return &b;
}

static void index_misses_nothing(const struct mm_formats *set, struct mm_slice body)
{
    static struct mm_wire w;
    static struct mm_look look;

    if (w.columns == NULL)
        w.columns = mm_columns_new();
    MM_ASSERT(w.columns != NULL);
    w.has_syslog = mm_syslog_parse(body, &w.syslog, NULL) == MM_OK;
    mm_index_look(set->index, &w, body, &look);
    for (uint16_t i = 0; i < set->count; i++) {
        bool fits = mm_format_fits(set->format[i], &w, NULL, body);

        MM_ASSERT(mm_index_in(&look.may, i) || !fits);
        MM_ASSERT(mm_format_fits(set->format[i], &w, &look, body) == fits);
    }
}

/* What a line may cost depends on how long it is as text: three bytes for one of half-width kana.
 */
static void work_was_bounded(const struct bench *b, size_t n)
{
    MM_ASSERT(mm_scratch_work(b->scratch) <= mm_work_of_line(mm_min_size(3 * n, MM_MAX_LINE)));
    MM_ASSERT((b->ev->flags & MM_EV_COSTLY) == 0 || (b->ev->flags & MM_EV_UNPARSED) != 0);
}

FUZZ(in)
{
    const struct bench *b = bench();
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    struct mm_raw raw = {.company = 1, .source = 1, .received_us = INT64_C(1795147200000000)};
    struct mm_arena arena;
    struct mm_buf first, second;
    uint8_t *padded;

    if (in.n > MM_MAX_LINE)
        return;
    /* The spool's promise: MM_PADDING readable bytes behind every record. */
    padded = calloc(1, in.n + MM_PADDING);
    MM_ASSERT(padded != NULL);
    if (in.n > 0)
        memcpy(padded, in.p, in.n);
    raw.body = mm_slice_of(padded, in.n);
    mm_arena_init(&arena, 8 * 1024 * 1024);
    mm_buf_init(&first, 8 * 1024 * 1024);
    mm_buf_init(&second, 8 * 1024 * 1024);
    index_misses_nothing(b->set, raw.body);
    mm_parse(b->set, b->scratch, &arena, &raw, &hint, b->ev);
    work_was_bounded(b, in.n);
    /* What was decoded is UTF-8, and the bytes as they came are kept beside it. */
    if (mm_event_extra(b->ev, MM_S("mimamori.raw")) == NULL)
        MM_ASSERT(mm_slice_eq(b->ev->original, raw.body));
    else
        MM_ASSERT(mm_utf8_valid(b->ev->original));
    MM_ASSERT((b->ev->flags & MM_EV_UNPARSED) != 0 || (mm_event_has(b->ev, MM_F_EVENT_CATEGORY) &&
                                                       mm_event_has(b->ev, MM_F_EVENT_OUTCOME)));
    mm_event_json(&first, b->ev, true);
    mm_parse(b->set, b->scratch, &arena, &raw, &hint, b->ev);
    mm_event_json(&second, b->ev, true);
    MM_ASSERT(mm_slice_eq(mm_buf_slice(&first), mm_buf_slice(&second)));
    mm_buf_done(&first);
    mm_buf_done(&second);
    mm_arena_done(&arena);
    free(padded);
}
