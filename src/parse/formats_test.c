/*
 * parse/formats_test.c - every content/formats/NAME.test: lines and their whole expected event.
 *
 *   # comment
 *   @ received 2026-11-20T04:00:00Z     clock of intake for the lines below
 *   @ zone +0900                        zone of the source
 *   @ format NAME | none                the source's hint
 *   < line                              a line as it comes; "<\ " reads \xHH, \t and \\
 *   = FORMAT QUALITY [FLAG...] {json}   format, time quality and flags, then every field
 *
 * MIMAMORI_TEST_ACCEPT=1 rewrites the "=" lines: read the difference before committing it.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rd.h"
#include "base/time.h"
#include "codec/when.h"
#include "parse/format.h"
#include "tests/harness/test.h"

enum { FILE_MAX = 1024 * 1024, SHOW_MAX = 3, LINES_MIN = 20, BROKEN_MIN = 3 };

static const char *const quality_names[] = {"zone-given", "zone-assumed", "year-assumed",
                                            "received", "implausible"};
static const char *const flag_names[] = {"unparsed", "truncated", "bad-utf8", "imported",
                                         "extra-full"};

struct bench {
    struct mm_formats *formats;
    struct mm_scratch *scratch;
    struct mm_arena arena;
    struct mm_hint hint;
    struct mm_raw raw;
    struct mm_buf line;   /* unescaped bytes of the current "<" line */
    struct mm_buf out;    /* the file with "=" lines as they are now */
    struct mm_slice name; /* of the format that the file tests */
    bool differs;
    size_t lines, broken, shown;
    bool used[MM_PATTERN_MAX]; /* templates of the file's own format that took a line */
};

static struct mm_formats *load_all(void)
{
    struct mm_formats *set = mm_formats_new();
    struct mm_format_errors *errors = calloc(1, sizeof(*errors));

    CHECK(set != NULL && errors != NULL);
    CHECK(mm_formats_load(set, mm_test_source("content/formats"), errors) == MM_OK);
    for (size_t i = 0; i < errors->count && i < MM_FORMATS_MAX_ERRORS; i++)
        printf("# %s:%u: %s %s\n", errors->error[i].file, errors->error[i].line,
               errors->error[i].what, errors->error[i].detail);
    CHECK(errors->count == 0);
    CHECK(mm_formats_count(set) > 0);
    free(errors);
    return set;
}

TEST(every_format_of_the_content_is_accepted)
{
    struct mm_formats *set = load_all();

    mm_formats_free(&set);
    CHECK(set == NULL);
}

static void unescape(struct mm_buf *out, struct mm_slice s)
{
    mm_buf_reset(out);
    for (size_t i = 0; i < s.n; i++) {
        uint64_t v;

        if (s.p[i] != '\\' || i + 1 >= s.n) {
            mm_buf_byte(out, s.p[i]);
        } else if (s.p[i + 1] == 'x' && mm_slice_hex(mm_slice_sub(s, i + 2, 2), &v)) {
            mm_buf_byte(out, (uint8_t)v);
            i += 3;
        } else {
            mm_buf_byte(out, s.p[i + 1] == 't' ? '\t' : s.p[i + 1]);
            i++;
        }
    }
}

static void setting(struct bench *b, struct mm_slice text)
{
    struct mm_rd rd = mm_rd_of(text);
    struct mm_slice name, value;
    struct mm_when when = {0};
    struct mm_rd z;
    bool zone;

    CHECK(mm_rd_until(&rd, ' ', &name));
    value = mm_rd_rest(&rd);
    if (mm_slice_eq(name, MM_S("received"))) {
        CHECK(mm_time_parse(value, 0, &b->raw.received_us, &zone));
    } else if (mm_slice_eq(name, MM_S("zone"))) {
        z = mm_rd_of(value);
        CHECK(mm_when_read(&z, MM_WHEN_ZONE, &when));
        b->hint.offset_s = when.offset_s;
    } else {
        CHECK(mm_slice_eq(name, MM_S("format")));
        b->hint.format = mm_formats_find(b->formats, value);
        CHECK(b->hint.format != MM_FORMAT_NONE || mm_slice_eq(value, MM_S("none")));
    }
}

/* What the line in b->raw.body becomes, in the words of an "=" line. */
static void describe(struct bench *b, struct mm_buf *out)
{
    struct mm_event *ev = malloc(sizeof(*ev));

    CHECK(ev != NULL);
    mm_arena_reset(&b->arena);
    mm_parse(b->formats, b->scratch, &b->arena, &b->raw, &b->hint, ev);
    CHECK(ev->time_quality < MM_TQ_COUNT);
    if (mm_slice_eq(ev->format, b->name) && mm_scratch_pattern(b->scratch) < MM_PATTERN_MAX)
        b->used[mm_scratch_pattern(b->scratch)] = true;
    mm_buf_str(out, "= ");
    if (ev->format.n > 0)
        mm_buf_add(out, ev->format);
    else
        mm_buf_str(out, "none");
    mm_buf_fmt(out, " %s", quality_names[ev->time_quality]);
    for (size_t i = 0; i < MM_COUNT(flag_names); i++) {
        if ((ev->flags >> i & 1) != 0)
            mm_buf_fmt(out, " %s", flag_names[i]);
    }
    mm_buf_byte(out, ' ');
    mm_event_json(out, ev, false);
    b->lines++;
    b->broken += (ev->flags & MM_EV_UNPARSED) != 0 ? 1 : 0;
    free(ev);
}

static void expectation(struct bench *b, struct mm_slice line, const char *file, size_t number,
                        bool accept)
{
    struct mm_buf got;

    mm_buf_init(&got, FILE_MAX);
    describe(b, &got);
    if (!mm_slice_eq(mm_buf_slice(&got), line)) {
        b->differs = true;
        if (!accept && b->shown++ < SHOW_MAX)
            printf("# %s:%zu\n#  got  %.*s\n#  want %.*s\n", file, number,
                   MM_S_ARG(mm_buf_slice(&got)), MM_S_ARG(line));
    }
    mm_buf_add(&b->out, mm_buf_slice(&got));
    mm_buf_byte(&b->out, '\n');
    mm_buf_done(&got);
}

static void run_lines(struct bench *b, struct mm_slice text, const char *file, bool accept)
{
    struct mm_rd rd = mm_rd_of(text);
    struct mm_slice line;
    size_t number = 0;
    bool pending = false;

    while (mm_rd_until(&rd, '\n', &line)) {
        number++;
        if (pending && accept && !mm_slice_starts(line, MM_S("= ")))
            expectation(b, (struct mm_slice){0}, file, number, accept);
        else
            CHECK(!pending || mm_slice_starts(line, MM_S("= ")));
        if (mm_slice_starts(line, MM_S("= "))) {
            CHECK(pending);
            expectation(b, line, file, number, accept);
            pending = false;
            continue;
        }
        mm_buf_add(&b->out, line);
        mm_buf_byte(&b->out, '\n');
        pending = mm_slice_starts(line, MM_S("< ")) || mm_slice_starts(line, MM_S("<\\ "));
        if (mm_slice_starts(line, MM_S("@ ")))
            setting(b, mm_slice_sub(line, 2, SIZE_MAX));
        else if (mm_slice_starts(line, MM_S("< ")))
            b->raw.body = mm_slice_sub(line, 2, SIZE_MAX);
        else if (pending)
            unescape(&b->line, mm_slice_sub(line, 3, SIZE_MAX));
        if (mm_slice_starts(line, MM_S("<\\ ")))
            b->raw.body = mm_buf_slice(&b->line);
    }
    if (pending && accept)
        expectation(b, (struct mm_slice){0}, file, number, accept);
}

/* A template that no line of the test uses is a message type without a test. */
static void every_message_type(const struct bench *b)
{
    uint16_t index = mm_formats_find(b->formats, b->name);
    bool all = true;

    CHECK(index != MM_FORMAT_NONE);
    for (size_t i = 0; i < b->formats->format[index]->pattern_count; i++) {
        if (!b->used[i])
            printf("# %.*s: no line uses pattern %zu\n", MM_S_ARG(b->name), i + 1);
        all = all && b->used[i];
    }
    CHECK(all);
}

static void run_file(struct mm_formats *set, const char *dir, const char *name)
{
    struct bench b = {.formats = set, .hint = {MM_FORMAT_NONE, MM_PARSE_JST_S}};
    bool accept = getenv("MIMAMORI_TEST_ACCEPT") != NULL;
    char path[1024 + 256 + 2];
    uint8_t *text = malloc(FILE_MAX);
    size_t n;
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "rb");
    CHECK(f != NULL && text != NULL);
    n = fread(text, 1, FILE_MAX, f);
    (void)fclose(f);
    CHECK(n > 0 && n < FILE_MAX);
    b.name = mm_slice_sub(mm_slice_str(name), 0, strlen(name) - strlen(".test"));
    b.scratch = mm_scratch_new();
    CHECK(b.scratch != NULL);
    mm_arena_init(&b.arena, 16 * 1024 * 1024);
    mm_buf_init(&b.line, FILE_MAX);
    mm_buf_init(&b.out, 4 * FILE_MAX);
    run_lines(&b, mm_slice_of(text, n), name, accept);
    printf("# %s: %zu lines, %zu not whole\n", name, b.lines, b.broken);
    if (accept && b.differs) {
        f = fopen(path, "wb");
        CHECK(f != NULL && mm_buf_ok(&b.out));
        CHECK(fwrite(b.out.p, 1, b.out.n, f) == b.out.n);
        (void)fclose(f);
    }
    CHECK(accept || !b.differs);
    every_message_type(&b);
    CHECK(b.lines >= LINES_MIN);
    CHECK(b.broken >= BROKEN_MIN);
    mm_scratch_free(&b.scratch);
    mm_arena_done(&b.arena);
    mm_buf_done(&b.line);
    mm_buf_done(&b.out);
    free(text);
}

static int only_tests(const struct dirent *d)
{
    return d->d_name[0] != '.' && mm_slice_ends(mm_slice_str(d->d_name), MM_S(".test"));
}

TEST(every_line_of_every_format_test_gives_the_event_written_there)
{
    char dir[1024];
    struct mm_formats *set = load_all();
    struct dirent **list;
    int n;

    (void)snprintf(dir, sizeof(dir), "%s", mm_test_source("content/formats"));
    n = scandir(dir, &list, only_tests, alphasort);
    CHECK(n > 0);
    for (int i = 0; i < n; i++) {
        run_file(set, dir, list[i]->d_name);
        free(list[i]);
    }
    free(list);
    mm_formats_free(&set);
}
