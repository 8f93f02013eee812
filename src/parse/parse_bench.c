/*
 * parse/parse_bench.c - how many lines one core turns into events, for each format.
 *
 * From the "<" lines of content/formats/NAME.test, LINES distinct lines are made by changing
 * addresses, clocks, ports and counts (seeded: every run measures the same bytes). A pass parses
 * them all; CPU time of the thread counts, so that other work on the machine does not. A changed
 * line must be parsed when its original is, or there is no figure (one of the broken ones may be
 * mended by the change). In the same run the
 * same bytes are copied and split at newlines: the ceiling that the figures are held against.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/rd.h"
#include "base/time.h"
#include "parse/parse.h"
#include "tests/harness/test.h"

enum { LINES = 100000, PASSES = 5, BATCH = 1000, FILE_MAX = 2 * 1024 * 1024, TRIES = 20 };

struct sample {
    struct mm_slice line;
    uint32_t source; /* header lines and what they name columns of: another file, another source */
    bool parsed;
};

struct set {
    struct mm_buf text;    /* all lines, one newline behind each, padding at the end */
    struct mm_slice *line; /* LINES of them */
    uint16_t *from;        /* which sample each was made from */
    struct sample sample[512];
    size_t samples;
    uint8_t *file;
};

struct rates {
    char name[64];
    double parse, split, copy; /* per second of CPU */
    double bytes;              /* a line, on average */
    double parsed;             /* share */
};

static double cpu_s(void)
{
    struct timespec ts;

    MM_ASSERT(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts) == 0);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint64_t next(uint64_t *state) /* SplitMix64 */
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static bool digit(struct mm_slice s, size_t at)
{
    return at < s.n && s.p[at] >= '0' && s.p[at] <= '9';
}

static size_t run_of(struct mm_slice s, size_t at)
{
    size_t n = 0;

    while (digit(s, at + n))
        n++;
    return n;
}

/* Length of a dotted quad at `at`, or 0. */
static size_t quad(struct mm_slice s, size_t at)
{
    size_t from = at;

    for (int i = 0; i < 4; i++) {
        size_t n = run_of(s, at);

        if (n == 0 || n > 3)
            return 0;
        at += n;
        if (i < 3 && (at >= s.n || s.p[at++] != '.'))
            return 0;
    }
    return at - from;
}

/* Also behind a syslog header. */
static bool is_json(struct mm_slice s)
{
    return mm_slice_search(s, MM_S("{\"")) != SIZE_MAX;
}

/* A number that may change without changing what the line means. */
static bool free_number(struct mm_slice s, bool json, size_t at, size_t n)
{
    uint8_t before, behind = at + n < s.n ? s.p[at + n] : ' ';

    if (at == 0)
        return false; /* the number of the message, in CSV */
    before = s.p[at - 1];
    if (n == 4 && (s.p[at] == '1' || s.p[at] == '2'))
        return false; /* a year, perhaps */
    if (behind == '-' || behind == '/' || behind == ':' || behind == '.' || behind == '_' ||
        (behind >= 'A' && behind <= 'Z') || (behind >= 'a' && behind <= 'z'))
        return false; /* a date, a part of a word */
    if (before == '=' && at >= 3 && s.p[at - 2] == 'm' && s.p[at - 3] == ' ')
        return false; /* SonicWall's number of the message */
    if (json) /* also the last group of a GUID: records of cloud services have no other number */
        return n >= 6 &&
               (before == ':' || before == '"' || before == ' ' || (before == '-' && n == 12));
    return n >= 3 && n <= 9 && (before == '=' || before == ':' || before == ' ' || before == '[');
}

/* "12:34:56" that is not part of a MAC address; in JSON the clock of an RFC 3339 time. */
static bool clock_at(struct mm_slice s, bool json, size_t at)
{
    return (!json || (at > 0 && s.p[at - 1] == 'T')) && at + 8 <= s.n && s.p[at + 2] == ':' &&
           run_of(s, at + 3) == 2 && s.p[at + 5] == ':' && run_of(s, at + 6) == 2 &&
           (at == 0 || s.p[at - 1] != ':') &&
           (at + 8 == s.n || s.p[at + 8] != ':' || (at + 9 < s.n && s.p[at + 9] == ' '));
}

/* Write the line with other values; false when it holds none that can change. */
static bool vary(struct mm_slice s, uint64_t *seed, struct mm_buf *out)
{
    bool changed = false, json = is_json(s);

    for (size_t at = 0; at < s.n;) {
        size_t n = run_of(s, at), q = at == 0 || !digit(s, at - 1) ? quad(s, at) : 0;

        if (q > 0) {
            size_t last = q;

            while (s.p[at + last - 1] != '.')
                last--;
            mm_buf_add(out, mm_slice_sub(s, at, last));
            mm_buf_u64(out, 1 + next(seed) % 254);
            at += q;
            changed = true;
        } else if (n == 2 && clock_at(s, json, at)) {
            mm_buf_fmt(out, "%02u:%02u:%02u", (unsigned)(next(seed) % 24),
                       (unsigned)(next(seed) % 60), (unsigned)(next(seed) % 60));
            at += 8;
            changed = true;
        } else if (n > 0 && free_number(s, json, at, n)) {
            uint8_t first = (uint8_t)('1' + next(seed) % (n == 5 ? 5 : 9));

            mm_buf_byte(out, n >= 10 ? s.p[at] : first); /* an epoch stays in its century */
            for (size_t i = 1; i < n; i++)
                mm_buf_byte(out, (uint8_t)('0' + next(seed) % 10));
            at += n;
            changed = true;
        } else {
            n = n == 0 ? 1 : n;
            mm_buf_add(out, mm_slice_sub(s, at, n));
            at += n;
        }
    }
    return changed;
}

/* The text of a "<\\ " line, its escapes made plain where it stands; empty when it has bytes that
 * are no ASCII. */
static struct mm_slice made_plain(uint8_t *file, struct mm_slice text)
{
    uint8_t *p = file + (text.p - file);
    uint64_t byte;
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (p[i] != '\\' || i + 1 == text.n) {
            p[n++] = p[i];
            continue;
        }
        i++;
        if (p[i] != 'x') {
            p[n++] = p[i] == 't' ? '\t' : p[i];
            continue;
        }
        if (!mm_slice_hex(mm_slice_sub(text, i + 1, 2), &byte) || byte >= 0x80)
            return mm_slice_sub(text, 0, 0);
        p[n++] = (uint8_t)byte;
        i += 2;
    }
    return mm_slice_sub(text, 0, n);
}

static bool read_samples(struct set *set, const char *path)
{
    FILE *f = fopen(path, "rb");
    struct mm_rd rd;
    struct mm_slice line;
    bool pending = false, header = false;
    uint32_t source = 1;

    set->file = malloc(FILE_MAX);
    if (f == NULL || set->file == NULL)
        return false;
    rd = mm_rd_of(mm_slice_of(set->file, fread(set->file, 1, FILE_MAX, f)));
    (void)fclose(f);
    while (mm_rd_until(&rd, '\n', &line) && set->samples < MM_COUNT(set->sample)) {
        struct mm_slice text = mm_slice_sub(line, 2, SIZE_MAX);

        if (mm_slice_starts(line, MM_S("<\\ ")))
            text = made_plain(set->file, mm_slice_sub(line, 3, SIZE_MAX));
        if (line.n > 0 && line.p[0] == '<')
            pending = false;
        if (line.n > 0 && line.p[0] == '<' && text.n > 0) {
            set->sample[set->samples++] = (struct sample){.line = text, .source = source};
            pending = true;
        } else if (pending && mm_slice_starts(line, MM_S("= "))) {
            struct sample *s = &set->sample[set->samples - 1];
            bool is_header = mm_slice_search(line, MM_S("\"log-header\"")) != SIZE_MAX;

            source += is_header && !header ? 1 : 0;
            header = is_header;
            s->source = source;
            s->parsed = mm_slice_search(mm_slice_sub(line, 0, 100), MM_S(" unparsed")) == SIZE_MAX;
            pending = false;
        }
    }
    return set->samples > 0;
}

/* LINES different lines; false when the samples cannot give that many. */
static bool make_lines(struct set *set)
{
    size_t *start = calloc(LINES + 1, sizeof(*start));
    uint64_t seed = 2020;
    struct mm_map seen;
    bool ok = start != NULL;

    mm_buf_init(&set->text, 1024 * 1024 * 1024);
    mm_map_init(&seen, (struct mm_seed){1, 2}, LINES + 1);
    set->line = calloc(LINES, sizeof(*set->line));
    set->from = calloc(LINES, sizeof(*set->from));
    ok = ok && set->line != NULL && set->from != NULL;
    for (size_t i = 0; i < LINES && ok; i++) {
        for (int t = 0; t < TRIES; t++) {
            size_t which = (i + (size_t)t) % set->samples;
            uint64_t sum[1];

            set->text.n = start[i];
            if (!vary(set->sample[which].line, &seed, &set->text))
                continue;
            sum[0] = mm_hash((struct mm_seed){3, 4},
                             mm_slice_sub(mm_buf_slice(&set->text), start[i], SIZE_MAX));
            /* The map borrows its keys: the hashes are kept where the slices will stand. */
            memcpy(&set->line[i].n, sum, sizeof(*sum));
            if (mm_map_get(&seen, mm_slice_of(&set->line[i].n, 8)) == NULL) {
                ok = mm_map_set(&seen, mm_slice_of(&set->line[i].n, 8), 1) == MM_OK;
                set->from[i] = (uint16_t)which; /* below 512 */
                break;
            }
            if (t == TRIES - 1)
                ok = false;
        }
        mm_buf_byte(&set->text, '\n');
        start[i + 1] = set->text.n;
    }
    for (int i = 0; i < MM_PADDING; i++)
        mm_buf_byte(&set->text, 0);
    ok = ok && mm_buf_ok(&set->text);
    for (size_t i = 0; i < LINES && ok; i++)
        set->line[i] = mm_slice_of(set->text.p + start[i], start[i + 1] - start[i] - 1);
    mm_map_done(&seen);
    free(start);
    return ok;
}

/* One pass; false when a line was read otherwise than its original. */
static bool parse_all(const struct mm_formats *formats, struct mm_scratch *scratch,
                      struct mm_arena *arena, struct mm_event *ev, const struct set *set,
                      struct rates *rates)
{
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    struct mm_raw raw = {.company = 1};
    size_t parsed = 0;
    bool zone, ok = true;
    double from;

    CHECK(mm_time_parse(MM_S("2026-11-20T04:10:00Z"), 0, &raw.received_us, &zone));
    from = cpu_s();
    for (size_t i = 0; i < LINES; i++) {
        if (i % BATCH == 0)
            mm_arena_reset(arena);
        raw.body = set->line[i];
        raw.source = set->sample[set->from[i]].source;
        raw.seq = i;
        mm_parse(formats, scratch, arena, &raw, &hint, ev);
        parsed += (ev->flags & MM_EV_UNPARSED) == 0 ? 1 : 0;
        if (set->sample[set->from[i]].parsed && (ev->flags & MM_EV_UNPARSED) != 0 && ok) {
            printf("%.*s\n", MM_S_ARG(raw.body));
            ok = false;
        }
    }
    from = LINES / (cpu_s() - from);
    rates->parse = from > rates->parse ? from : rates->parse;
    rates->parsed = (double)parsed / LINES;
    return ok;
}

static void ceilings(const struct set *set, struct rates *rates)
{
    struct mm_slice all = mm_slice_sub(mm_buf_slice(&set->text), 0, set->text.n - MM_PADDING);
    uint8_t *copy = malloc(all.n);
    double from = cpu_s();
    size_t count = 0;

    CHECK(copy != NULL);
    for (size_t at = 0; at < all.n; count++)
        at = mm_slice_find(all, '\n', at) + 1;
    CHECK(count >= LINES); /* records of several lines */
    rates->split = LINES / (cpu_s() - from);
    memcpy(copy, all.p, all.n); /* once, so that its pages are there */
    from = cpu_s();
    memcpy(copy, all.p, all.n);
    rates->copy = LINES / (cpu_s() - from);
    rates->bytes = (double)all.n / LINES;
    CHECK(copy[all.n - 1] == '\n');
    free(copy);
}

/* Header lines name columns; they hold nothing that varies, so they are not among the lines. */
static void hear(const struct mm_formats *formats, struct mm_scratch *scratch,
                 struct mm_arena *arena, struct mm_event *ev, const struct set *set)
{
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    struct mm_raw raw = {.company = 1};

    for (size_t i = 0; i < set->samples; i++) {
        mm_arena_reset(arena);
        raw.body = set->sample[i].line;
        raw.source = set->sample[i].source;
        mm_parse(formats, scratch, arena, &raw, &hint, ev);
    }
}

static void measure(const struct mm_formats *formats, const char *path, struct rates *rates)
{
    struct set *set = calloc(1, sizeof(*set));
    struct mm_scratch *scratch = mm_scratch_new();
    struct mm_event *ev = malloc(sizeof(*ev));
    struct mm_arena arena;

    CHECK(set != NULL && scratch != NULL && ev != NULL);
    mm_arena_init(&arena, 64 * 1024 * 1024);
    CHECK(read_samples(set, path));
    CHECK(make_lines(set));
    hear(formats, scratch, &arena, ev, set);
    for (int i = 0; i < PASSES; i++)
        CHECK(parse_all(formats, scratch, &arena, ev, set, rates));
    ceilings(set, rates);
    mm_arena_done(&arena);
    mm_scratch_free(&scratch);
    mm_buf_done(&set->text);
    free(set->line);
    free(set->from);
    free(set->file);
    free(set);
    free(ev);
}

static int by_parse(const void *a, const void *b)
{
    double x = ((const struct rates *)a)->parse, y = ((const struct rates *)b)->parse;

    return x < y ? -1 : x > y ? 1 : 0;
}

static int only_tests(const struct dirent *d)
{
    return d->d_name[0] != '.' && mm_slice_ends(mm_slice_str(d->d_name), MM_S(".test"));
}

int main(int argc, char **argv)
{
    struct mm_formats *formats = mm_formats_new();
    struct mm_format_errors *errors = calloc(1, sizeof(*errors));
    struct rates rates[MM_FORMATS_MAX] = {0};
    const char *only = argc > 1 ? argv[1] : NULL;
    char dir[1024], path[1024 + 258];
    struct dirent **list;
    size_t count = 0;
    int n;

    (void)snprintf(dir, sizeof(dir), "%s/content/formats", MM_SOURCE_DIR);
    CHECK(formats != NULL && errors != NULL);
    CHECK(mm_formats_load(formats, dir, errors) == MM_OK && errors->count == 0);
    n = scandir(dir, &list, only_tests, alphasort);
    CHECK(n > 0 && n < MM_FORMATS_MAX);
    for (int i = 0; i < n; i++) {
        struct rates *r = &rates[count];

        if (only == NULL || mm_slice_starts(mm_slice_str(list[i]->d_name), mm_slice_str(only))) {
            (void)snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
            (void)snprintf(r->name, sizeof(r->name), "%.*s", (int)(strlen(list[i]->d_name) - 5),
                           list[i]->d_name);
            measure(formats, path, r);
            printf("%-16s %9.0f lines/s, %5.0f bytes a line, %6.1f MB/s, %.1f %% parsed; "
                   "newline split %9.0f, memcpy %9.0f lines/s\n",
                   r->name, r->parse, r->bytes, r->parse * r->bytes / 1e6, 100 * r->parsed,
                   r->split, r->copy);
            count++;
        }
        free(list[i]);
    }
    free(list);
    CHECK(count > 0);
    qsort(rates, count, sizeof(*rates), by_parse);
    mm_formats_free(&formats);
    free(errors);
    {
        /* Of an even number the lower of the two in the middle. */
        const struct rates *m = &rates[(count - 1) / 2];

        printf("median of %zu formats, %d distinct lines each; %s is %.3f x memcpy of its bytes\n",
               count, LINES, m->name, m->parse / m->copy);
        printf("parse: %.0f lines/s/core median, %.3f x newline split\n", m->parse,
               m->parse / m->split);
    }
    return 0;
}

void mm_test_fail(const char *file, int line, const char *what)
{
    printf("%s:%d: %s\n", file, line, what);
    exit(1);
}
