/*
 * parse/parse-worst_bench.c - the line that costs most per byte, for each format.
 *
 * Starts from the lines of content/formats/NAME.test and climbs: a line is changed (runs of quotes,
 * gaps, brackets and digits, beginnings of other wires, pieces of itself and of other lines) and
 * the change is kept when the line costs more per byte. It never gets shorter than it was, so that
 * what a line costs at all does not count as cost of its bytes. Seeded: every run tries the same
 * changes.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "parse/testfile.h"
#include "tests/harness/test.h"

enum {
    SAMPLES = 512,
    LINE_MAX_N = 4096,
    LINE_MIN_N = 64, /* below, what any line costs hides what its bytes cost */
    TEXT_MAX = 2 * 1024 * 1024,
    CLIMBS = 2,    /* from that many of the costliest samples */
    CHANGES = 300, /* tried in each climb */
    REPEAT = 20,
};

struct line {
    uint8_t p[LINE_MAX_N + MM_PADDING];
    size_t n;
    double cost; /* ns a byte */
};

struct search {
    const struct mm_formats *formats;
    struct mm_scratch *scratch;
    struct mm_arena arena;
    struct mm_event *ev;
    struct line *sample;
    size_t samples;
    uint64_t seed;
};

struct figures {
    char name[64];
    double median, worst; /* ns a byte */
    double length;        /* of a sample, on average */
};

static const char bytes[] = "\"= [](){}1,:;\\/-|'<>%#&\t\xE3";
static const char *const pieces[] = {
    "date=",         "CEF:0|",
    "LEEF:2.0|a|b|", "{\"a\":{\"b\":[",
    "<Event ",       "%ASA-6-",
    "type=SYSCALL ", "a=b ",
    "k=\"v\" ",      "\"v\",\"w\",",
    "1,2026/11/20 ", "<13>",
    "192.0.2.1 ",    "2026-11-20 13:00:00 ",
    " user=",        "IN= OUT= ",
    "[a@1 b=\"c\"]", "&amp;",
    "\\\"",          "<a><b>",
};

static uint64_t next(struct search *s) /* SplitMix64 */
{
    uint64_t z = s->seed += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static int64_t cpu_ns(void)
{
    struct timespec ts;

    MM_ASSERT(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts) == 0);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* The least of three: what else the machine does only adds. */
static double cost(struct search *s, const struct line *line)
{
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    struct mm_raw raw = {.company = 1, .source = 1, .received_us = INT64_C(1795147200000000)};
    int64_t best = INT64_MAX;

    raw.body = mm_slice_of(line->p, line->n);
    for (int turn = 0; turn < 3; turn++) {
        int64_t from = cpu_ns(), spent;

        for (int i = 0; i < REPEAT; i++) {
            mm_arena_reset(&s->arena);
            mm_parse(s->formats, s->scratch, &s->arena, &raw, &hint, s->ev);
        }
        spent = cpu_ns() - from;
        best = spent < best ? spent : best;
    }
    return (double)best / REPEAT / (double)line->n;
}

/* Put `n` bytes of room into the line; false when it would be too long. */
static bool widen(struct line *line, size_t at, size_t n)
{
    if (line->n + n > LINE_MAX_N)
        return false;
    memmove(line->p + at + n, line->p + at, line->n - at);
    line->n += n;
    return true;
}

static void change(struct search *s, struct line *line)
{
    size_t at = next(s) % line->n, n = 1 + next(s) % (next(s) % 2 == 0 ? 8 : 120);
    const struct line *other = &s->sample[next(s) % s->samples];
    const char *piece = pieces[next(s) % MM_COUNT(pieces)];
    uint8_t byte = (uint8_t)bytes[next(s) % (sizeof(bytes) - 1)];
    size_t from = next(s) % other->n, left = other->n - from;

    switch (next(s) % 5) {
    case 0: /* a run over what is there */
        memset(line->p + at, byte, n < line->n - at ? n : line->n - at);
        break;
    case 1: /* a run between */
        if (widen(line, at, n))
            memset(line->p + at, byte, n);
        break;
    case 2: /* what other wires begin with, once or often */
        for (size_t i = next(s) % 8 + 1; i > 0 && widen(line, at, strlen(piece)); i--)
            memcpy(line->p + at, piece, strlen(piece));
        break;
    case 3: /* a piece of itself again */
        n = n < line->n - at ? n : line->n - at;
        if (widen(line, at, n))
            memcpy(line->p + at, line->p + at + n, n);
        break;
    default: /* a piece of another line of the format */
        n = n < left ? n : left;
        if (widen(line, at, n))
            memcpy(line->p + at, other->p + from, n);
        break;
    }
    memset(line->p + line->n, 0, MM_PADDING);
}

static void climb(struct search *s, const struct line *from, struct line *ret)
{
    static struct line best, tried;

    best = *from;
    for (int i = 0; i < CHANGES; i++) {
        tried = best;
        for (size_t k = next(s) % 3 + 1; k > 0; k--)
            change(s, &tried);
        tried.cost = cost(s, &tried);
        if (tried.cost > best.cost * 1.02) {
            double again = cost(s, &tried); /* it may have been the machine */

            tried.cost = again < tried.cost ? again : tried.cost;
        }
        if (tried.cost > best.cost * 1.02)
            best = tried;
    }
    if (best.cost > ret->cost)
        *ret = best;
}

static void take(void *arg, const struct mm_testfile_line *line)
{
    struct search *s = arg;
    struct line *to = &s->sample[s->samples];

    if (s->samples == SAMPLES || line->line.n < LINE_MIN_N || line->line.n > LINE_MAX_N)
        return;
    memset(to->p, 0, sizeof(to->p));
    memcpy(to->p, line->line.p, line->line.n);
    to->n = line->line.n;
    s->samples++;
}

static int costliest(const void *a, const void *b)
{
    double x = ((const struct line *)a)->cost, y = ((const struct line *)b)->cost;

    return x < y ? 1 : x > y ? -1 : 0;
}

static void show(const struct line *line)
{
    printf("  ");
    for (size_t i = 0; i < line->n && i < 240; i++)
        printf(line->p[i] >= ' ' && line->p[i] < 0x7F ? "%c" : "\\x%02x", line->p[i]);
    printf("%s\n", line->n > 240 ? "..." : "");
}

static void measure(const struct mm_formats *formats, struct mm_slice text, struct figures *ret)
{
    static struct mm_event ev;
    static struct line worst;
    struct search s = {.formats = formats, .scratch = mm_scratch_new(), .ev = &ev, .seed = 7};
    struct mm_fault fault = {0};
    struct mm_buf out;

    s.sample = calloc(SAMPLES, sizeof(*s.sample));
    CHECK(s.sample != NULL && s.scratch != NULL);
    mm_arena_init(&s.arena, 64 * 1024 * 1024);
    mm_buf_init(&out, MM_TESTFILE_MAX);
    CHECK(mm_testfile_run(formats, text, false, take, &s, &out, &fault) == MM_OK);
    CHECK(s.samples > 0);
    for (size_t i = 0; i < s.samples; i++) {
        (void)cost(&s, &s.sample[i]); /* what the source sends is known when it counts */
        s.sample[i].cost = cost(&s, &s.sample[i]);
        ret->length += (double)s.sample[i].n / (double)s.samples;
    }
    qsort(s.sample, s.samples, sizeof(*s.sample), costliest);
    ret->median = s.sample[s.samples / 2].cost;
    worst.cost = 0;
    for (size_t i = 0; i < CLIMBS && i < s.samples; i++)
        climb(&s, &s.sample[i], &worst);
    climb(&s, &s.sample[s.samples / 2], &worst);
    ret->worst = worst.cost;
    printf("%-16s median %5.1f ns a byte, worst %6.1f (%4.1f x), %8.0f lines/s of %4.0f bytes\n",
           ret->name, ret->median, ret->worst, ret->worst / ret->median,
           1e9 / (ret->worst * ret->length), ret->length);
    if (ret->worst > 5 * ret->median || 1e9 / (ret->worst * ret->length) < 100000)
        show(&worst);
    mm_buf_done(&out);
    mm_arena_done(&s.arena);
    mm_scratch_free(&s.scratch);
    free(s.sample);
}

static int only_tests(const struct dirent *d)
{
    return d->d_name[0] != '.' && mm_slice_ends(mm_slice_str(d->d_name), MM_S(".test"));
}

static struct mm_slice read_test(const char *path, uint8_t *text)
{
    FILE *f = fopen(path, "rb");
    size_t n;

    CHECK(f != NULL);
    n = fread(text, 1, TEXT_MAX, f);
    (void)fclose(f);
    return mm_slice_of(text, n);
}

int main(int argc, char **argv)
{
    static struct mm_format_errors errors;
    struct mm_formats *formats = mm_formats_new();
    uint8_t *text = malloc(TEXT_MAX);
    const char *only = argc > 1 ? argv[1] : "";
    char dir[1024], path[1024 + 258], ratio_name[64] = "", rate_name[64] = "";
    struct dirent **list;
    double ratio = 0, rate = 1e12;
    int n;

    (void)snprintf(dir, sizeof(dir), "%s/content/formats", MM_SOURCE_DIR);
    CHECK(formats != NULL && text != NULL);
    CHECK(mm_formats_load(formats, dir, &errors) == MM_OK && errors.count == 0);
    n = scandir(dir, &list, only_tests, alphasort);
    CHECK(n > 0);
    for (int i = 0; i < n; i++) {
        struct figures f = {0};

        if (mm_slice_starts(mm_slice_str(list[i]->d_name), mm_slice_str(only))) {
            (void)snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
            (void)snprintf(f.name, sizeof(f.name), "%.*s", (int)(strlen(list[i]->d_name) - 5),
                           list[i]->d_name);
            measure(formats, read_test(path, text), &f);
            if (f.worst / f.median > ratio) {
                ratio = f.worst / f.median;
                memcpy(ratio_name, f.name, sizeof(f.name));
            }
            if (1e9 / (f.worst * f.length) < rate) {
                rate = 1e9 / (f.worst * f.length);
                memcpy(rate_name, f.name, sizeof(f.name));
            }
        }
        free(list[i]);
    }
    free(list);
    free(text);
    mm_formats_free(&formats);
    CHECK(ratio > 0);
    printf("parse-worst: worst per byte %.1f x median (%s), least %.0f lines/s (%s)\n", ratio,
           ratio_name, rate, rate_name);
    return 0;
}

void mm_test_fail(const char *file, int line, const char *what)
{
    printf("%s:%d: %s\n", file, line, what);
    exit(1);
}
