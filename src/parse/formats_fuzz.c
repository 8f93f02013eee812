/*
 * parse/formats_fuzz.c - format files and lines. An input that begins with a byte from 0x80 on is
 * decisions: a format and lines are made up from them (parse/fuzzkit.h). Any other is a format
 * file, a line of "--", then log lines.
 *
 * No input may break these promises: a file is taken or refused with a reason, a line and a column
 * that it has; a refused one leaves the set as it was; a made-up one is taken, and its lines become
 * the events that were meant; what stands in memory behind a line changes nothing; no line costs
 * more work than its length allows; whatever was taken reads any line without harm and explains it
 * without leaving it.
 */
#include <stdlib.h>

#include "base/rd.h"
#include "parse/explain.h"
#include "parse/format.h"
#include "tests/harness/test.h"

#include "parse/fuzzkit.h"

enum {
    LINES_MAX = 16,
    YAML_MAX = 16 * 1024,
    LINE_MAX_N = 4096,
    SETS = 64, /* made-up formats that are kept: most inputs differ from another in their lines */
    JSON_MAX = 4 * 1024 * 1024,
};

/* Memory of the target, made once: an execution costs tens of microseconds. */
struct bench {
    struct mm_scratch *scratch;
    struct mm_arena arena;
    struct mm_event ev;
    struct mm_buf json[2];
    struct mm_formats *set[SETS]; /* of made-up formats */
    struct kit made[SETS];
    uint8_t line[LINE_MAX_N + MM_PADDING];
};

static struct bench *bench(void)
{
    static struct bench b;

    if (b.scratch == NULL) {
        b.scratch = mm_scratch_new();
        MM_ASSERT(b.scratch != NULL);
        mm_arena_init(&b.arena, 4 * 1024 * 1024);
        mm_buf_init(&b.json[0], JSON_MAX);
        mm_buf_init(&b.json[1], JSON_MAX);
    }
    return &b;
}

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

/* The line with MM_PADDING bytes behind it that are no part of it; into ev, and as JSON. */
static void parse(struct bench *b, const struct mm_formats *set, struct mm_slice line,
                  uint8_t behind, struct mm_buf *json)
{
    struct mm_hint hint = {.format = 0, .offset_s = MM_PARSE_JST_S};
    struct mm_raw raw = {.company = 1, .source = 1, .received_us = INT64_C(1795147200000000)};

    MM_ASSERT(line.n <= LINE_MAX_N);
    if (line.n > 0)
        memcpy(b->line, line.p, line.n);
    memset(b->line + line.n, behind, MM_PADDING);
    raw.body = mm_slice_of(b->line, line.n);
    mm_arena_reset(&b->arena);
    mm_parse(set, b->scratch, &b->arena, &raw, &hint, &b->ev);
    MM_ASSERT(mm_scratch_work(b->scratch) <= mm_work_of_line(3 * line.n));
    mm_buf_reset(json);
    mm_event_json(json, &b->ev, true);
}

static void explain(struct bench *b, const struct mm_formats *set, struct mm_slice line)
{
    struct mm_explained e[MM_EXPLAIN_MAX];
    struct mm_hint hint = {.format = 0, .offset_s = MM_PARSE_JST_S};
    struct mm_raw raw = {.body = line, .company = 1, .source = 1};
    size_t n;

    mm_arena_reset(&b->arena);
    n = mm_explain(set, b->scratch, &b->arena, &raw, &hint, e);
    for (size_t i = 0; i < n; i++) {
        MM_ASSERT(e[i].format < mm_formats_count(set));
        MM_ASSERT(e[i].stop == SIZE_MAX || e[i].stop <= e[i].text.n);
        MM_ASSERT(e[i].envelope == MM_FORMAT_NONE || e[i].envelope < mm_formats_count(set));
    }
}

/* Any line at all. What is behind it must not matter: there, another sender's line may stand. */
static void read_line(struct bench *b, const struct mm_formats *set, struct mm_slice line)
{
    parse(b, set, line, 0, &b->json[0]);
    MM_ASSERT((b->ev.flags & MM_EV_UNPARSED) != 0 || (mm_event_has(&b->ev, MM_F_EVENT_CATEGORY) &&
                                                      mm_event_has(&b->ev, MM_F_EVENT_OUTCOME)));
    parse(b, set, line, line.n % 2 == 0 ? '1' : '"', &b->json[1]);
    MM_ASSERT(mm_slice_eq(mm_buf_slice(&b->json[0]), mm_buf_slice(&b->json[1])));
    explain(b, set, mm_slice_of(b->line, line.n));
}

/* The set with the made-up format, from those kept or made now. */
static const struct mm_formats *set_of(struct bench *b, const struct kit *k)
{
    static struct mm_format_errors errors;
    size_t at = 0;

    for (size_t i = 0; i < k->yaml_n; i++)
        at = at * 31 + (uint8_t)k->yaml[i];
    at %= SETS;
    if (b->set[at] != NULL && b->made[at].yaml_n == k->yaml_n &&
        memcmp(b->made[at].yaml, k->yaml, k->yaml_n) == 0)
        return b->set[at];
    mm_formats_free(&b->set[at]);
    b->set[at] = mm_formats_new();
    b->made[at] = *k;
    errors.count = 0;
    MM_ASSERT(b->set[at] != NULL);
    MM_ASSERT(mm_formats_add(b->set[at], "kit", mm_slice_of((const uint8_t *)k->yaml, k->yaml_n),
                             &errors) == MM_OK);
    return b->set[at];
}

static void made_up(struct bench *b, struct mm_slice in)
{
    static struct kit k;
    struct kit_dice d = {.in = in};
    const struct mm_formats *set;

    kit_format(&k, &d);
    set = set_of(b, &k);
    for (size_t i = 0; i < LINES_MAX && (i == 0 || d.at < in.n); i++) {
        static const uint8_t behind[] = {0, '0', 'a', '"', ',', ' ', '}'};

        kit_line(&k, &d);
        parse(b, set, mm_slice_of((const uint8_t *)k.line, k.line_n),
              behind[kit_roll(&d, MM_COUNT(behind))], &b->json[0]);
        kit_check(&k, &b->ev);
        kit_spoil(&k, &d);
        read_line(b, set, mm_slice_of((const uint8_t *)k.line, k.line_n));
    }
}

static void written(struct bench *b, struct mm_slice in)
{
    static struct mm_format_errors errors;
    size_t at = mm_slice_search(in, MM_S("\n--\n"));
    struct mm_slice yaml = mm_slice_sub(in, 0, at == SIZE_MAX ? in.n : at + 1), line;
    struct mm_rd rd = mm_rd_of(mm_slice_sub(in, at == SIZE_MAX ? in.n : at + 4, SIZE_MAX));
    struct mm_formats *set = mm_formats_new();
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
    MM_ASSERT(errors.count == 0);
    for (size_t i = 0; i < LINES_MAX && mm_formats_count(set) > 0; i++) {
        if (!mm_rd_until(&rd, '\n', &line))
            break;
        read_line(b, set, mm_slice_sub(line, 0, LINE_MAX_N));
    }
    mm_formats_free(&set);
}

FUZZ(in)
{
    struct bench *b = bench();

    if (in.n > 0 && in.p[0] >= 0x80)
        made_up(b, mm_slice_sub(in, 1, SIZE_MAX));
    else
        written(b, in);
}
