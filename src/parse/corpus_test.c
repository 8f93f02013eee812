/*
 * parse/corpus_test.c - Windows events that nobody here wrote, from $MIMAMORI_CORPORA.
 *
 * otrf/ *.json (JSON lines) and sigma/regression_data (pretty-printed documents), as
 * tests/corpora.sh lays them out. Prints how much of every channel is parsed.
 */
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rd.h"
#include "base/time.h"
#include "codec/ext/json.h"
#include "decode/winevent.h"
#include "parse/parse.h"
#include "tests/harness/test.h"

enum {
    LINES_A_FILE = 1500, /* 139 logs: 200,000 events */
    CHANNELS_MAX = 64,
    READ_MAX = 32 * 1024 * 1024, /* of one log */
    ARENA_MAX = 16 * 1024 * 1024,
    DEPTH_MAX = 16,
};

struct channel {
    char name[96];
    size_t events, parsed;
};

struct count {
    struct mm_formats *formats;
    struct mm_scratch *scratch;
    struct mm_arena arena;
    uint16_t windows; /* the format's number */
    struct mm_json *json;
    struct mm_winevent *tables;
    struct channel channel[CHANNELS_MAX];
    size_t channels;
    size_t lines, events, parsed, actions;
    size_t shown;
};

static struct count counts;

static void begin(const char *part)
{
    const char *corpora = getenv("MIMAMORI_CORPORA");
    struct mm_format_errors *errors = calloc(1, sizeof(*errors));
    char path[MM_MAX_PATH];
    DIR *d;

    if (corpora == NULL)
        mm_test_skip("no corpus");
    (void)snprintf(path, sizeof(path), "%s/%s", corpora, part);
    d = opendir(path);
    if (d == NULL)
        mm_test_skip("no corpus");
    (void)closedir(d);
    counts = (struct count){.formats = mm_formats_new(), .scratch = mm_scratch_new()};
    counts.json = mm_json_new(MM_MAX_LINE);
    counts.tables = mm_winevent_new();
    mm_arena_init(&counts.arena, ARENA_MAX);
    CHECK(errors != NULL && counts.formats != NULL && counts.scratch != NULL);
    CHECK(mm_formats_load(counts.formats, mm_test_source("content/formats"), errors) == MM_OK);
    counts.windows = mm_formats_find(counts.formats, MM_S("windows"));
    CHECK(counts.windows != MM_FORMAT_NONE);
    free(errors);
}

static void end(void)
{
    for (size_t i = 0; i < counts.channels; i++)
        printf("# %7zu events, %7zu parsed  %s\n", counts.channel[i].events,
               counts.channel[i].parsed, counts.channel[i].name);
    printf("# %zu lines, %zu Windows events, %zu parsed (%.3f %%), %zu with an action\n",
           counts.lines, counts.events, counts.parsed,
           100.0 * (double)counts.parsed / (double)(counts.events == 0 ? 1 : counts.events),
           counts.actions);
    mm_arena_done(&counts.arena);
    mm_scratch_free(&counts.scratch);
    mm_formats_free(&counts.formats);
    mm_json_free(&counts.json);
    mm_winevent_free(&counts.tables);
}

static struct channel *channel_of(const struct mm_event *ev)
{
    char name[96];

    (void)snprintf(name, sizeof(name), "%s", "(none)");
    if (mm_event_has(ev, MM_F_WINLOG_CHANNEL))
        (void)snprintf(name, sizeof(name), "%.*s", MM_S_ARG(ev->val[MM_F_WINLOG_CHANNEL].text));
    for (size_t i = 0; i < counts.channels; i++) {
        if (strcmp(counts.channel[i].name, name) == 0)
            return &counts.channel[i];
    }
    if (counts.channels == CHANNELS_MAX)
        return &counts.channel[CHANNELS_MAX - 1];
    (void)snprintf(counts.channel[counts.channels].name, sizeof(name), "%s", name);
    return &counts.channel[counts.channels++];
}

/* Why an event did not count as parsed. */
static void show(const char *file, struct mm_slice line)
{
    struct mm_decode_env env = {.arena = &counts.arena};
    static struct mm_event ev;
    struct mm_json_doc doc;
    struct mm_fault f = {0};

    if (counts.shown++ >= 10)
        return;
    mm_event_reset(&ev);
    if (mm_json_parse(counts.json, line, &counts.arena, &doc, &f) == MM_OK &&
        mm_winevent_decode(counts.tables, &doc, &env, &ev, &f) == MM_OK && f.what == NULL)
        f.what = "parsed by the decoder, not by the engine";
    printf("# %s: %s at %zu, %zu extras: %.*s\n", file, f.what == NULL ? "-" : f.what, f.at,
           ev.extra_n, MM_S_ARG(mm_slice_sub(line, 0, 300)));
}

static void one(const char *file, struct mm_slice line)
{
    static struct mm_event ev;
    struct mm_raw raw = {.body = line, .received_us = INT64_C(1700000000) * MM_US_PER_S};
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = 0};
    struct channel *c;
    bool parsed;

    counts.lines++;
    mm_arena_reset(&counts.arena);
    mm_parse(counts.formats, counts.scratch, &counts.arena, &raw, &hint, &ev);
    if (!mm_slice_eq(ev.format, MM_S("windows")))
        return;
    parsed = (ev.flags & MM_EV_UNPARSED) == 0;
    c = channel_of(&ev);
    c->events++;
    c->parsed += parsed ? 1 : 0;
    counts.events++;
    counts.parsed += parsed ? 1 : 0;
    counts.actions += mm_event_has(&ev, MM_F_EVENT_ACTION) ? 1 : 0;
    if (!parsed)
        show(file, line);
}

static struct mm_slice read_some(const char *path)
{
    static uint8_t *text;
    FILE *f = fopen(path, "rb");
    size_t n;

    if (text == NULL)
        text = malloc(READ_MAX);
    CHECK(f != NULL && text != NULL);
    n = fread(text, 1, READ_MAX, f);
    (void)fclose(f);
    return mm_slice_of(text, n);
}

static int only_json(const struct dirent *d)
{
    return d->d_name[0] != '.' && mm_slice_ends(mm_slice_str(d->d_name), MM_S(".json"));
}

TEST(windows_events_of_the_otrf_corpus_are_parsed)
{
    const char *corpora = getenv("MIMAMORI_CORPORA");
    struct dirent **list;
    char path[MM_MAX_PATH + 256];
    int n;

    begin("otrf");
    (void)snprintf(path, sizeof(path), "%s/otrf", corpora);
    n = scandir(path, &list, only_json, alphasort);
    CHECK(n > 0);
    for (int i = 0; i < n; i++) {
        struct mm_rd rd;
        struct mm_slice line;

        (void)snprintf(path, sizeof(path), "%s/otrf/%s", corpora, list[i]->d_name);
        rd = mm_rd_of(read_some(path));
        for (size_t k = 0; k < LINES_A_FILE && mm_rd_until(&rd, '\n', &line); k++) {
            if (line.n > 0 && line.n <= MM_MAX_LINE)
                one(list[i]->d_name, line);
        }
        free(list[i]);
    }
    free(list);
    end();
    CHECK(counts.events * 100 >= counts.lines * 97); /* the rest is cloud and Linux logs */
    CHECK(counts.parsed * 1000 >= counts.events * 995);
    CHECK(counts.actions * 100 >= counts.events * 90);
}

/* The end of the JSON document at `from`: strings are skipped, braces counted. */
static size_t document_end(struct mm_slice s, size_t from)
{
    size_t depth = 0;
    bool inside = false;

    for (size_t i = from; i < s.n; i++) {
        uint8_t c = s.p[i];

        if (inside) {
            if (c == '\\')
                i++;
            inside = c != '"';
        } else if (c == '"') {
            inside = true;
        } else if (c == '{') {
            depth++;
        } else if (c == '}' && --depth == 0) {
            return i + 1;
        }
    }
    return s.n;
}

static int regression_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    struct mm_slice text;
    size_t at = 0;

    (void)st, (void)ftw;
    if (type != FTW_F || !mm_slice_ends(mm_slice_str(path), MM_S(".json")))
        return 0;
    text = read_some(path);
    while ((at = mm_slice_find(text, '{', at)) != SIZE_MAX) {
        size_t stop = document_end(text, at);

        one(path, mm_slice_sub(text, at, stop - at));
        at = stop;
    }
    return 0;
}

TEST(windows_events_of_the_sigma_regression_data_are_parsed)
{
    const char *corpora = getenv("MIMAMORI_CORPORA");
    char path[MM_MAX_PATH];

    begin("sigma/regression_data");
    (void)snprintf(path, sizeof(path), "%s/sigma/regression_data", corpora);
    CHECK(nftw(path, regression_file, DEPTH_MAX, FTW_PHYS) == 0);
    end();
    CHECK(counts.lines >= 200);
    CHECK(counts.events == counts.lines);
    CHECK(counts.parsed == counts.events);
    CHECK(counts.actions * 100 >= counts.events * 95);
}
