/*
 * parse/formats_test.c - every content/formats/NAME.test: lines and their whole expected event, as
 * parse/testfile.h says. MIMAMORI_TEST_ACCEPT=NAME rewrites the "=" lines of one file, `all` those
 * of every file: read the difference before committing it.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "parse/format.h"
#include "parse/testfile.h"
#include "tests/harness/test.h"

enum { SHOW_MAX = 3, LINES_MIN = 20, BROKEN_MIN = 3 };

struct bench {
    const struct mm_formats *formats;
    struct mm_slice name; /* of the format that the file tests */
    const char *file;
    bool differs, stray;
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

TEST(an_untested_format_says_so_in_both_languages)
{
    struct mm_formats *set = load_all();
    size_t untested = 0;
    bool same = true;

    for (size_t i = 0; i < mm_formats_count(set); i++) {
        uint16_t at = (uint16_t)i; /* <= MM_FORMATS_MAX */
        bool ja = mm_slice_starts(mm_formats_about(set, at, MM_ABOUT_TESTED, "ja"),
                                  MM_S("\xE6\x9C\xAA\xE7\xA2\xBA\xE8\xAA\x8D"));

        if (ja != mm_formats_untested(set, at)) {
            printf("# %.*s\n", MM_S_ARG(mm_formats_name(set, at)));
            same = false;
        }
        untested += ja ? 1 : 0;
    }
    CHECK(same && untested > 0 && untested < mm_formats_count(set));
    CHECK(mm_formats_untested(set, mm_formats_find(set, MM_S("fujitsu-sir"))));
    CHECK(!mm_formats_untested(set, mm_formats_find(set, MM_S("fortigate"))));
    mm_formats_free(&set);
}

/* What the page of a source says a device cannot tell must never stand in its events. */
static bool gives_all(const struct mm_formats *set, const struct mm_event *ev)
{
    uint16_t index = mm_formats_find(set, ev->format);
    uint64_t gives[MM_F_WORDS];
    bool all = true;

    if (index == MM_FORMAT_NONE)
        return true;
    mm_formats_gives(set, index, gives);
    for (unsigned i = 0; i < MM_F_COUNT; i++) {
        /* Of the syslog header and of repetitions, whatever the format. */
        bool own = i == MM_F_SYSLOG_FACILITY || i == MM_F_SYSLOG_SEVERITY || i == MM_F_EVENT_COUNT;

        if (own || !mm_event_has(ev, (enum mm_field)i) || (gives[i / 64] >> (i % 64) & 1) != 0)
            continue;
        printf("# %.*s gives %.*s\n", MM_S_ARG(ev->format),
               MM_S_ARG(mm_field_name((enum mm_field)i)));
        all = false;
    }
    return all;
}

static void count_line(void *arg, const struct mm_testfile_line *l)
{
    struct bench *b = arg;

    b->stray = b->stray || !gives_all(b->formats, l->ev);
    if (mm_slice_eq(l->ev->format, b->name) && l->pattern < MM_PATTERN_MAX)
        b->used[l->pattern] = true;
    b->lines++;
    b->broken += (l->ev->flags & MM_EV_UNPARSED) != 0 ? 1 : 0;
    if (mm_slice_eq(l->got, l->want))
        return;
    b->differs = true;
    if (b->shown++ < SHOW_MAX)
        printf("# %s:%zu\n#  got  %.*s\n#  want %.*s\n", b->file, l->number, MM_S_ARG(l->got),
               MM_S_ARG(l->want));
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

static void run_file(const struct mm_formats *set, const char *dir, const char *name)
{
    struct bench b = {.formats = set, .file = name};
    const char *wanted = getenv("MIMAMORI_TEST_ACCEPT");
    bool accept;
    struct mm_fault fault = {0};
    char path[1024 + 256 + 2];
    uint8_t *text = malloc(MM_TESTFILE_MAX);
    struct mm_buf out;
    size_t n;
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "rb");
    CHECK(f != NULL && text != NULL);
    n = fread(text, 1, MM_TESTFILE_MAX, f);
    (void)fclose(f);
    CHECK(n > 0 && n < MM_TESTFILE_MAX);
    b.name = mm_slice_sub(mm_slice_str(name), 0, strlen(name) - strlen(".test"));
    accept =
        wanted != NULL && (strcmp(wanted, "all") == 0 || mm_slice_eq(b.name, mm_slice_str(wanted)));
    mm_buf_init(&out, 4 * MM_TESTFILE_MAX);
    if (mm_testfile_run(set, mm_slice_of(text, n), accept, count_line, &b, &out, &fault) != MM_OK) {
        printf("# %s:%zu: %s\n", name, fault.at, fault.what);
        CHECK(!"this is no test file");
    }
    printf("# %s: %zu lines, %zu not whole\n", name, b.lines, b.broken);
    if (accept && b.differs) {
        f = fopen(path, "wb");
        CHECK(f != NULL);
        CHECK(fwrite(out.p, 1, out.n, f) == out.n);
        (void)fclose(f);
    }
    CHECK(accept || !b.differs);
    CHECK(!b.stray);
    every_message_type(&b);
    CHECK(b.lines >= LINES_MIN);
    CHECK(b.broken >= BROKEN_MIN);
    mm_buf_done(&out);
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
