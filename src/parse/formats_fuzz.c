/*
 * parse/formats_fuzz.c - a format file, a line of "--", then log lines. No input may break these
 * promises: a file is taken or refused with a reason, a line and a column that it has; a refused
 * one leaves the set as it was; whatever was taken reads any line without harm, the same twice,
 * and explains it without leaving it.
 */
#include <stdlib.h>

#include "base/rd.h"
#include "parse/explain.h"
#include "parse/format.h"
#include "tests/harness/test.h"

enum { LINES_MAX = 16, YAML_MAX = 16 * 1024, LINE_MAX_N = 4096 };

static void check_errors(const struct mm_format_errors *errors, struct mm_slice text)
{
    size_t lines = 1;

    for (size_t i = 0; i < text.n; i++)
        lines += text.p[i] == '\n' || text.p[i] == '\r' ? 1 : 0;
    for (size_t i = 0; i < errors->count && i < MM_FORMATS_MAX_ERRORS; i++) {
        MM_ASSERT(errors->error[i].what != NULL &&
                  mm_formats_reason(errors->error[i].what)[0] != 0);
        /* libyaml also counts the line breaks of Unicode, of three bytes. */
        MM_ASSERT(errors->error[i].line <= lines + text.n / 2 + 1);
    }
}

static void read_line(const struct mm_formats *set, struct mm_scratch *scratch,
                      struct mm_slice line)
{
    static struct mm_event ev;
    struct mm_explained e[MM_EXPLAIN_MAX];
    struct mm_hint hint = {.format = 0, .offset_s = MM_PARSE_JST_S};
    struct mm_raw raw = {.company = 1, .source = 1, .received_us = INT64_C(1795147200000000)};
    uint8_t *padded = calloc(1, line.n + MM_PADDING);
    struct mm_arena arena;
    struct mm_buf json;
    size_t n;

    MM_ASSERT(padded != NULL);
    if (line.n > 0)
        memcpy(padded, line.p, line.n);
    raw.body = mm_slice_of(padded, line.n);
    mm_arena_init(&arena, 4 * 1024 * 1024);
    mm_buf_init(&json, 4 * 1024 * 1024);
    mm_parse(set, scratch, &arena, &raw, &hint, &ev);
    mm_event_json(&json, &ev, true);
    MM_ASSERT((ev.flags & MM_EV_UNPARSED) != 0 ||
              (mm_event_has(&ev, MM_F_EVENT_CATEGORY) && mm_event_has(&ev, MM_F_EVENT_OUTCOME)));
    n = mm_explain(set, scratch, &arena, &raw, &hint, e);
    for (size_t i = 0; i < n; i++) {
        MM_ASSERT(e[i].format < mm_formats_count(set));
        MM_ASSERT(e[i].stop == SIZE_MAX || e[i].stop <= e[i].text.n);
        MM_ASSERT(e[i].envelope == MM_FORMAT_NONE || e[i].envelope < mm_formats_count(set));
    }
    mm_buf_done(&json);
    mm_arena_done(&arena);
    free(padded);
}

FUZZ(in)
{
    static struct mm_format_errors errors;
    size_t at = mm_slice_search(in, MM_S("\n--\n"));
    struct mm_slice yaml = mm_slice_sub(in, 0, at == SIZE_MAX ? in.n : at + 1), line;
    struct mm_formats *set = mm_formats_new();
    struct mm_scratch *scratch;
    struct mm_rd rd = mm_rd_of(mm_slice_sub(in, at == SIZE_MAX ? in.n : at + 4, SIZE_MAX));
    size_t before;

    MM_ASSERT(set != NULL);
    before = mm_formats_count(set);
    memset(&errors, 0, sizeof(errors));
    if (yaml.n > YAML_MAX || mm_formats_add(set, "fuzz", yaml, &errors) != MM_OK) {
        MM_ASSERT(yaml.n > YAML_MAX || (errors.count > 0 && mm_formats_count(set) == before));
        check_errors(&errors, yaml);
        mm_formats_free(&set);
        return;
    }
    scratch = mm_scratch_new();
    MM_ASSERT(scratch != NULL && errors.count == 0);
    for (size_t i = 0; i < LINES_MAX && mm_formats_count(set) > 0; i++) {
        if (!mm_rd_until(&rd, '\n', &line))
            break;
        read_line(set, scratch, mm_slice_sub(line, 0, LINE_MAX_N));
    }
    mm_scratch_free(&scratch);
    mm_formats_free(&set);
}
