/*
 * parse/testkit.h - formats written in a test, and lines held against the whole event they give.
 *
 * Purpose   What the tests of the engine share.
 * Owns      struct bench owns everything it points to.
 * Threads   One test, one thread.
 * Trust     Tests only; include tests/harness/test.h before it.
 */
#ifndef MM_PARSE_TESTKIT_H
#define MM_PARSE_TESTKIT_H

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/time.h"
#include "parse/parse.h"

#define HEAD "format: t\nrecognise:\n  - starts: x\n"

struct bench {
    uint16_t flags; /* of the lines to come: enum mm_event_flag */
    struct mm_formats *set;
    struct mm_format_errors *errors;
    struct mm_scratch *scratch;
    struct mm_arena arena;
    struct mm_event *ev;
};

static inline void begin(struct bench *b)
{
    b->flags = 0;
    b->set = mm_formats_new();
    b->errors = calloc(1, sizeof(*b->errors));
    b->scratch = mm_scratch_new();
    b->ev = calloc(1, sizeof(*b->ev));
    CHECK(b->set != NULL && b->errors != NULL && b->scratch != NULL && b->ev != NULL);
    mm_arena_init(&b->arena, 1024 * 1024);
}

static inline void end(struct bench *b)
{
    mm_formats_free(&b->set);
    mm_scratch_free(&b->scratch);
    mm_arena_done(&b->arena);
    free(b->errors);
    free(b->ev);
}

static inline void add(struct bench *b, const char *yaml)
{
    enum mm_code code = mm_formats_add(b->set, "t.yaml", mm_slice_str(yaml), b->errors);

    if (code != MM_OK)
        printf("# %u: %s %s\n", b->errors->error[0].line, b->errors->error[0].what,
               b->errors->error[0].detail);
    CHECK(code == MM_OK);
}

/* The whole event of a line as JSON, with "!" in front when it is not parsed. */
static inline void expect_of(struct bench *b, uint32_t source, const char *line, const char *want)
{
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    struct mm_raw raw = {
        .body = mm_slice_str(line), .company = 1, .source = source, .flags = b->flags};
    struct mm_buf got;
    bool zone;

    CHECK(mm_time_parse(MM_S("2026-11-20T04:00:00Z"), 0, &raw.received_us, &zone));
    mm_buf_init(&got, 65536);
    mm_arena_reset(&b->arena);
    mm_parse(b->set, b->scratch, &b->arena, &raw, &hint, b->ev);
    if ((b->ev->flags & MM_EV_UNPARSED) != 0)
        mm_buf_byte(&got, '!');
    mm_event_json(&got, b->ev, false);
    CHECK_SLICE(mm_buf_slice(&got), want);
    mm_buf_done(&got);
}

static inline void expect(struct bench *b, const char *line, const char *want)
{
    expect_of(b, 1, line, want);
}

#endif
