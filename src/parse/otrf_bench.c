/*
 * parse/otrf_bench.c - how many public Windows events one core normalises.
 *
 * Lines of $MIMAMORI_CORPORA/otrf (tests/corpora.sh), LINES_A_FILE of each log, are parsed by the
 * whole engine in PASSES passes; the fastest counts, in CPU time of the thread. Nothing is printed
 * unless at least 99 % were parsed.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/rd.h"
#include "base/time.h"
#include "parse/parse.h"

enum {
    LINES_A_FILE = 800,
    LINES_MAX = 120000,
    READ_MAX = 8 * 1024 * 1024,
    TEXT_MAX = 1024 * 1024 * 1024,
    PASSES = 3,
    BATCH = 1000,
    ARENA_MAX = 64 * 1024 * 1024,
};

struct lines {
    struct mm_buf text;
    size_t *start;
    size_t n;
};

static double cpu_s(void)
{
    struct timespec ts;

    MM_ASSERT(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts) == 0);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void add_file(struct lines *l, const char *path, uint8_t *room)
{
    FILE *f = fopen(path, "rb");
    struct mm_slice line;
    struct mm_rd rd;

    if (f == NULL)
        return;
    rd = mm_rd_of(mm_slice_of(room, fread(room, 1, READ_MAX, f)));
    (void)fclose(f);
    for (size_t i = 0; i < LINES_A_FILE && l->n < LINES_MAX && mm_rd_until(&rd, '\n', &line); i++) {
        if (line.n == 0 || line.n > MM_MAX_LINE ||
            mm_slice_search(line, MM_S("EventID\"")) == SIZE_MAX)
            continue;
        l->start[l->n++] = l->text.n;
        mm_buf_add(&l->text, line);
    }
}

static bool load(struct lines *l)
{
    const char *corpora = getenv("MIMAMORI_CORPORA");
    uint8_t *room = malloc(READ_MAX);
    char path[MM_MAX_PATH + 256];
    struct dirent **list;
    int n;

    mm_buf_init(&l->text, TEXT_MAX);
    l->start = calloc(LINES_MAX + 1, sizeof(*l->start));
    if (corpora == NULL || room == NULL || l->start == NULL)
        return false;
    (void)snprintf(path, sizeof(path), "%s/otrf", corpora);
    n = scandir(path, &list, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        (void)snprintf(path, sizeof(path), "%s/otrf/%s", corpora, list[i]->d_name);
        if (list[i]->d_name[0] != '.')
            add_file(l, path, room);
        free(list[i]);
    }
    if (n >= 0)
        free(list);
    free(room);
    l->start[l->n] = l->text.n;
    return l->n > 0 && mm_buf_ok(&l->text);
}

static size_t pass(const struct mm_formats *formats, struct mm_scratch *scratch,
                   struct mm_arena *arena, const struct lines *l)
{
    static struct mm_event ev;
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    size_t parsed = 0;

    for (size_t i = 0; i < l->n; i++) {
        struct mm_raw raw = {.company = 1,
                             .source = 1,
                             .received_us = INT64_C(1700000000) * MM_US_PER_S,
                             .body = mm_slice_sub(mm_buf_slice(&l->text), l->start[i],
                                                  l->start[i + 1] - l->start[i])};

        if (i % BATCH == 0)
            mm_arena_reset(arena);
        mm_parse(formats, scratch, arena, &raw, &hint, &ev);
        parsed += (ev.flags & MM_EV_UNPARSED) == 0 ? 1 : 0;
    }
    return parsed;
}

int main(void)
{
    struct mm_formats *formats = mm_formats_new();
    struct mm_format_errors *errors = calloc(1, sizeof(*errors));
    struct mm_scratch *scratch = mm_scratch_new();
    struct mm_arena arena;
    struct lines l = {0};
    double best = 1e9;
    size_t parsed = 0;

    if (!load(&l)) {
        printf("skipped, no corpus\n");
        return 0;
    }
    mm_arena_init(&arena, ARENA_MAX);
    MM_ASSERT(formats != NULL && errors != NULL && scratch != NULL);
    MM_ASSERT(mm_formats_load(formats, MM_SOURCE_DIR "/content/formats", errors) == MM_OK);
    for (int i = 0; i < PASSES; i++) {
        double from = cpu_s(), took;

        parsed = pass(formats, scratch, &arena, &l);
        took = cpu_s() - from;
        best = took < best ? took : best;
    }
    if (parsed * 100 < l.n * 99) {
        printf("only %zu of %zu parsed: no figure\n", parsed, l.n);
        return 1;
    }
    printf("otrf: %.0f events/s/core, %zu events of %zu bytes on average, %.1f %% parsed\n",
           (double)l.n / best, l.n, l.text.n / l.n, 100.0 * (double)parsed / (double)l.n);
    mm_arena_done(&arena);
    mm_scratch_free(&scratch);
    mm_formats_free(&formats);
    mm_buf_done(&l.text);
    free(l.start);
    free(errors);
    return 0;
}
