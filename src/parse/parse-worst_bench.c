/*
 * parse/parse-worst_bench.c - the line that costs most for its length, for each format.
 *
 * Starts from the lines of content/formats/NAME.test and climbs: a line is changed (runs of quotes,
 * gaps, brackets and digits, beginnings of other wires, pieces of itself and of other lines) and
 * the change is kept when the line costs more for its length. Seeded: every run tries the same
 * changes.
 *
 * What a line of n bytes should cost is c + r n. c is what the engine needs for the shortest line
 * it knows (measured here with a format of one word), r the median over the format's own lines of
 * what they cost a byte beyond c. A hostile line is told as a multiple of that: so a short one is
 * not blamed for what every line costs, and a long one not excused by it. `work` is how much of
 * what one format may spend on a line (parse/format.h) the neediest of the format's own lines
 * spends, all steps together.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "parse/format.h"
#include "parse/testfile.h"
#include "tests/harness/test.h"

enum {
    SAMPLES = 512,
    LINE_MAX_N = 4096,
    LINE_MIN_N = 32, /* shorter ones are broken samples */
    TEXT_MAX = 2 * 1024 * 1024,
    CLIMBS = 2,    /* from that many of the costliest samples */
    CHANGES = 300, /* tried in each climb */
    REPEAT = 20,
    AGAIN = 5, /* the worst line at the end of each climb */
};

/* The shortest line that is known, and read in full. */
#define LEAST                                                                                      \
    "format: benchleast\nrecognise: [{app: [benchleast]}]\nwrap: syslog\ntimeless: true\n"         \
    "decode: pattern\npatterns: [{is: x}]\n"                                                       \
    "set: {event.category: host, event.outcome: success}\n"

struct line {
    uint8_t p[LINE_MAX_N + MM_PADDING];
    size_t n;
    double cost;  /* ns */
    double times; /* as much as a line of this length should cost */
};

struct search {
    const struct mm_formats *formats;
    struct mm_scratch *scratch;
    struct mm_arena arena;
    struct mm_event *ev;
    struct line *sample;
    size_t samples;
    uint64_t seed;
    double least; /* ns: what any line costs */
    double rate;  /* ns a byte beyond that */
};

struct figures {
    char name[64];
    double rate;   /* ns a byte */
    double worst;  /* times what a line should cost */
    double lines;  /* a second, of average samples as bad as that */
    double length; /* of a sample, on average */
    double work;   /* share of what a format may spend that a sample needs */
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
static double measure_line(struct search *s, const struct line *line)
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
    return (double)best / REPEAT;
}

static void weigh(struct search *s, struct line *line)
{
    line->cost = measure_line(s, line);
    line->times = line->cost / (s->least + s->rate * (double)line->n);
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
        weigh(s, &tried);
        if (tried.times > best.times * 1.02)
            weigh(s, &tried); /* it may have been the machine */
        if (tried.times > best.times * 1.02)
            best = tried;
    }
    /* Of hundreds of lines the one is kept whose weighing was disturbed most: weigh it again. */
    for (int i = 0; i < AGAIN; i++) {
        tried = best;
        weigh(s, &tried);
        if (tried.times < best.times)
            best = tried;
    }
    if (best.times > ret->times)
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

static double rate_of(const struct search *s, const struct line *line)
{
    return line->cost > s->least ? (line->cost - s->least) / (double)line->n : 0;
}

static int by_times(const void *a, const void *b)
{
    double x = ((const struct line *)a)->times, y = ((const struct line *)b)->times;

    return x < y ? 1 : x > y ? -1 : 0;
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y ? 1 : 0;
}

/* What the format's own lines cost a byte, and from that, how costly each of them is. */
static void weigh_samples(struct search *s, struct figures *ret)
{
    static const char least[] = "<13>benchleast: x";
    static double rate[SAMPLES];
    static struct line line;

    memcpy(line.p, least, sizeof(least));
    line.n = sizeof(least) - 1;
    s->least = measure_line(s, &line);
    for (size_t i = 0; i < s->samples; i++) {
        double work;

        (void)measure_line(s, &s->sample[i]); /* what the source sends is known when it counts */
        s->sample[i].cost = measure_line(s, &s->sample[i]);
        rate[i] = rate_of(s, &s->sample[i]);
        ret->length += (double)s->sample[i].n / (double)s->samples;
        work = (double)mm_scratch_work(s->scratch) / mm_work_of_try(s->sample[i].n);
        ret->work = work > ret->work ? work : ret->work;
    }
    qsort(rate, s->samples, sizeof(rate[0]), by_number);
    s->rate = ret->rate = rate[s->samples / 2];
    for (size_t i = 0; i < s->samples; i++)
        s->sample[i].times = s->sample[i].cost / (s->least + s->rate * (double)s->sample[i].n);
    qsort(s->sample, s->samples, sizeof(*s->sample), by_times);
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
    weigh_samples(&s, ret);
    worst.times = 0;
    for (size_t i = 0; i < CLIMBS && i < s.samples; i++)
        climb(&s, &s.sample[i], &worst);
    climb(&s, &s.sample[s.samples / 2], &worst);
    ret->worst = worst.times;
    ret->lines = 1e9 / (worst.times * (s.least + s.rate * ret->length));
    printf(
        "%-17s %3.0f ns + %4.1f ns a byte, worst %4.1f x (%5.0f ns, %4zu bytes), %8.0f lines/s of "
        "%4.0f bytes, work %2.0f %%\n",
        ret->name, s.least, ret->rate, ret->worst, worst.cost, worst.n, ret->lines, ret->length,
        100 * ret->work);
    if (ret->worst > 5 || ret->lines < 100000)
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
    size_t above = 0, below = 0;
    int n;

    (void)snprintf(dir, sizeof(dir), "%s/content/formats", MM_SOURCE_DIR);
    CHECK(formats != NULL && text != NULL);
    CHECK(mm_formats_load(formats, dir, &errors) == MM_OK && errors.count == 0);
    CHECK(mm_formats_add(formats, "least", MM_S(LEAST), &errors) == MM_OK);
    n = scandir(dir, &list, only_tests, alphasort);
    CHECK(n > 0);
    for (int i = 0; i < n; i++) {
        struct figures f = {0};

        if (mm_slice_starts(mm_slice_str(list[i]->d_name), mm_slice_str(only))) {
            (void)snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
            (void)snprintf(f.name, sizeof(f.name), "%.*s", (int)(strlen(list[i]->d_name) - 5),
                           list[i]->d_name);
            measure(formats, read_test(path, text), &f);
            above += f.worst > 5 ? 1 : 0;
            below += f.lines < 100000 ? 1 : 0;
            if (f.worst > ratio) {
                ratio = f.worst;
                memcpy(ratio_name, f.name, sizeof(f.name));
            }
            if (f.lines < rate) {
                rate = f.lines;
                memcpy(rate_name, f.name, sizeof(f.name));
            }
        }
        free(list[i]);
    }
    free(list);
    free(text);
    mm_formats_free(&formats);
    CHECK(ratio > 0);
    printf(
        "parse-worst: worst %.1f x what a line of its length should cost (%s), %zu formats above "
        "5 x; least %.0f lines/s (%s), %zu below 100,000\n",
        ratio, ratio_name, above, rate, rate_name, below);
    return 0;
}

void mm_test_fail(const char *file, int line, const char *what)
{
    printf("%s:%d: %s\n", file, line, what);
    exit(1);
}
