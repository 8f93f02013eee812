/*
 * bench/rules.c - what detection costs: Windows events against all of SigmaHQ, text logs against
 * our own rules.
 *
 *     rules [EVENTS]
 *
 * Events are parsed and matched in batches that stay in the cache, both timed in CPU time of this
 * thread. Windows events come from $MIMAMORI_CORPORA/otrf, taken evenly from all of its files: all
 * of them, then those of Sysmon alone; rules from $MIMAMORI_CORPORA/sigma; text lines are those of
 * content/formats (NAME.test). The checksum is that of all (rule, event) pairs: equal sums, equal
 * answers. Ends in one line.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/time.h"
#include "detect/detect.h"
#include "os/file.h"
#include "parse/parse.h"

enum { BATCH = 32, FILES_MAX = 1024, EVENTS = 200 * 1000, LINES_MAX = 4096, TEXT_ROUNDS = 400 };

struct bench {
    struct mm_formats *formats;
    struct mm_scratch *scratch;
    struct mm_arena arena;
    struct mm_ruleset *set;
    struct mm_slice only;  /* lines without this are passed over */
    struct mm_slice *line; /* BATCH */
    struct mm_event *ev;   /* BATCH */
    size_t ev_n;
    uint64_t events, bytes, hits, sum;
    int64_t parse_us, match_us;
};

static int64_t cpu_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * MM_US_PER_S + t.tv_nsec / 1000;
}

/* Resident bytes of this process, in MiB. */
static double rss_mib(void)
{
    struct mm_buf b;
    struct mm_slice s;
    uint64_t pages = 0;
    size_t at;

    mm_buf_init(&b, 4096);
    if (mm_file_read("/proc/self/statm", &b) == MM_OK) {
        s = mm_buf_slice(&b);
        at = mm_slice_find(s, ' ', 0);
        s = mm_slice_sub(s, at == SIZE_MAX ? s.n : at + 1, SIZE_MAX);
        (void)mm_slice_u64(mm_slice_sub(s, 0, mm_slice_find(s, ' ', 0)), &pages);
    }
    mm_buf_done(&b);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1024.0 * 1024.0);
}

/* A number of the pair; sums of them do not depend on the order. */
static uint64_t pair_number(const struct bench *b, uint32_t rule, uint64_t event)
{
    struct mm_slice id = mm_rules_get(b->set, rule)->id;
    uint64_t h = mm_hash((struct mm_seed){1, event}, id);

    return h ^ h >> 31;
}

/* Parse and match what is in the batch and empty it. */
static void flush(struct bench *b, struct mm_matcher *m)
{
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    uint32_t hits[64];
    int64_t began = cpu_us(), parsed;

    for (size_t i = 0; i < b->ev_n; i++) {
        struct mm_raw raw = {.body = b->line[i], .received_us = INT64_C(1795147800000000)};

        mm_parse(b->formats, b->scratch, &b->arena, &raw, &hint, &b->ev[i]);
    }
    parsed = cpu_us();
    for (size_t i = 0; i < b->ev_n; i++) {
        size_t n = mm_rules_match(m, &b->ev[i], hits, MM_COUNT(hits));

        for (size_t k = 0; k < n && k < MM_COUNT(hits); k++)
            b->sum += pair_number(b, hits[k], b->events + i);
        b->hits += n;
    }
    b->match_us += cpu_us() - parsed;
    b->parse_us += parsed - began;
    b->events += b->ev_n;
    b->ev_n = 0;
    mm_arena_reset(&b->arena);
}

static void take(struct bench *b, struct mm_matcher *m, struct mm_slice line)
{
    if (line.n == 0 || line.n > MM_MAX_LINE || mm_slice_search(line, b->only) == SIZE_MAX)
        return;
    b->line[b->ev_n++] = line;
    b->bytes += line.n;
    if (b->ev_n == BATCH)
        flush(b, m);
}

static bool bench_init(struct bench *b, struct mm_ruleset *set, struct mm_slice only)
{
    struct mm_format_errors errors = {0};

    *b = (struct bench){.formats = mm_formats_new(),
                        .scratch = mm_scratch_new(),
                        .set = set,
                        .only = only,
                        .line = calloc(BATCH, sizeof(*b->line)),
                        .ev = calloc(BATCH, sizeof(*b->ev))};
    mm_arena_init(&b->arena, 256 * 1024 * 1024);
    return b->formats != NULL && b->scratch != NULL && b->line != NULL && b->ev != NULL &&
           mm_formats_load(b->formats, MM_SOURCE_DIR "/content/formats", &errors) == MM_OK &&
           errors.count == 0;
}

/* Up to `max` lines of a file, spread over its first 64 MiB. */
static void take_file(struct bench *b, struct mm_matcher *m, const char *path, size_t max)
{
    size_t map_n, at = 0, step;
    struct mm_slice all;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *p;

    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0) {
        if (fd >= 0)
            (void)close(fd);
        return;
    }
    map_n = mm_min_size((size_t)st.st_size, 64 * 1024 * 1024);
    p = mmap(NULL, map_n, PROT_READ, MAP_PRIVATE, fd, 0);
    (void)close(fd);
    if (p == MAP_FAILED)
        return;
    all = mm_slice_of(p, map_n);
    step = map_n / max;
    for (size_t i = 0; i < max && at < map_n; i++) {
        size_t end = mm_slice_find(all, '\n', at);

        if (end == SIZE_MAX)
            break;
        take(b, m, mm_slice_sub(all, at, end - at));
        at = end + 1;
        if (at < i * step)
            at = mm_slice_find(all, '\n', i * step) + 1;
    }
    flush(b, m); /* events borrow the mapping */
    (void)munmap(p, map_n);
}

static bool windows(struct bench *b, struct mm_matcher *m, size_t events)
{
    char dir[MM_MAX_PATH], path[MM_MAX_PATH];
    struct dirent **list = NULL;
    int n;

    (void)snprintf(dir, sizeof(dir), "%s/otrf", getenv("MIMAMORI_CORPORA"));
    n = scandir(dir, &list, NULL, alphasort);
    if (n <= 2)
        return false;
    for (int i = 0; i < n; i++) {
        if (list[i]->d_name[0] != '.' && mm_path_join(path, dir, list[i]->d_name) == MM_OK)
            take_file(b, m, path, events / (size_t)(n - 2) + 1);
        free(list[i]);
    }
    free(list);
    return b->events > 0;
}

/* The "< " lines of content/formats/NAME.test, again and again. */
static void text(struct bench *b, struct mm_matcher *m)
{
    static const char *const names[] = {"fortigate", "yamaha-rtx", "linux-auth", "squid",
                                        "isc-dhcpd"};
    struct mm_slice line[LINES_MAX];
    struct mm_buf file[MM_COUNT(names)];
    size_t n = 0;

    for (size_t i = 0; i < MM_COUNT(names); i++) {
        char path[MM_MAX_PATH];
        struct mm_slice rest;

        mm_buf_init(&file[i], 4 * 1024 * 1024);
        (void)snprintf(path, sizeof(path), "%s/content/formats/%s.test", MM_SOURCE_DIR, names[i]);
        if (mm_file_read(path, &file[i]) != MM_OK)
            continue;
        rest = mm_buf_slice(&file[i]);
        while (rest.n > 0 && n < LINES_MAX) {
            size_t at = mm_slice_find(rest, '\n', 0);
            struct mm_slice one = mm_slice_sub(rest, 0, at);

            rest = at == SIZE_MAX ? (struct mm_slice){0} : mm_slice_sub(rest, at + 1, SIZE_MAX);
            if (mm_slice_starts(one, MM_S("< ")))
                line[n++] = mm_slice_sub(one, 2, SIZE_MAX);
        }
    }
    for (size_t round = 0; round < TEXT_ROUNDS; round++) {
        for (size_t i = 0; i < n; i++)
            take(b, m, line[i]);
    }
    flush(b, m);
    for (size_t i = 0; i < MM_COUNT(names); i++)
        mm_buf_done(&file[i]);
}

static struct mm_ruleset *load_sigma(void)
{
    static const char *const dirs[] = {"rules", "rules-emerging-threats", "rules-threat-hunting"};
    char path[MM_COUNT(dirs)][MM_MAX_PATH];
    const char *list[MM_COUNT(dirs)];
    struct mm_ruleset *set = NULL;

    if (getenv("MIMAMORI_CORPORA") == NULL)
        return NULL;
    for (size_t i = 0; i < MM_COUNT(dirs); i++) {
        (void)snprintf(path[i], MM_MAX_PATH, "%s/sigma/%s", getenv("MIMAMORI_CORPORA"), dirs[i]);
        list[i] = path[i];
    }
    return mm_rules_load(list, MM_COUNT(dirs), NULL, &set, NULL) == MM_OK ? set : NULL;
}

static double per_event_us(const struct bench *b)
{
    return b->events == 0 ? 0 : (double)b->match_us / (double)b->events;
}

/* Events a second, parsed and matched. */
static double both_per_s(const struct bench *b)
{
    return 1e6 * (double)b->events / (double)(b->parse_us + b->match_us);
}

/* Our own rules and text lines: microseconds an event. */
static double text_lane(void)
{
    const char *own = MM_SOURCE_DIR "/content/rules";
    struct mm_ruleset *set = NULL;
    struct mm_matcher *m;
    struct bench b;
    double us;

    if (mm_rules_load(&own, 1, NULL, &set, NULL) != MM_OK ||
        !bench_init(&b, set, (struct mm_slice){0}))
        exit(1);
    m = mm_matcher_new(set);
    if (m == NULL)
        exit(1);
    text(&b, m);
    us = per_event_us(&b);
    printf("text: %llu events, %zu rules, %llu hits, %.3f us an event\n",
           (unsigned long long)b.events, mm_rules_count(set), (unsigned long long)b.hits, us);
    mm_matcher_free(&m);
    mm_rules_unref(&set);
    return us;
}

/* Windows events that hold `only`, parsed and matched; false without a corpus. */
static bool windows_lane(const char *name, struct mm_ruleset *set, struct mm_slice only,
                         size_t events, struct bench *ret)
{
    struct mm_matcher *m = mm_matcher_new(set);
    struct mm_matcher_stats st;

    if (m == NULL || !bench_init(ret, set, only))
        exit(1);
    if (!windows(ret, m, events)) {
        mm_matcher_free(&m);
        return false;
    }
    st = mm_matcher_stats(m);
    printf("%s: %llu events of %.0f bytes, %llu routed, %.2f rules worked out an event, %llu "
           "undecided; parsing %.3f us, matching %.3f us (%.0f %% of it)\n",
           name, (unsigned long long)ret->events, (double)ret->bytes / (double)ret->events,
           (unsigned long long)st.routed, (double)st.evaluated / (double)st.events,
           (unsigned long long)st.undecided, (double)ret->parse_us / (double)ret->events,
           per_event_us(ret), 100.0 * (double)ret->match_us / (double)ret->parse_us);
    printf("%s: %llu matches, checksum %016llx\n", name, (unsigned long long)ret->hits,
           (unsigned long long)ret->sum);
    mm_matcher_free(&m);
    return true;
}

int main(int argc, char **argv)
{
    uint64_t events = EVENTS;
    double text_us, before, rss, load_s;
    struct mm_ruleset *set;
    struct mm_matcher *m;
    struct bench all, sysmon;
    int64_t began;

    if (argc > 1 && !mm_slice_u64(mm_slice_str(argv[1]), &events))
        return 2;
    text_us = text_lane();
    before = rss_mib();
    began = cpu_us();
    set = load_sigma();
    load_s = (double)(cpu_us() - began) / 1e6;
    m = set == NULL ? NULL : mm_matcher_new(set);
    rss = rss_mib() - before;
    mm_matcher_free(&m);
    if (set == NULL || !windows_lane("windows", set, (struct mm_slice){0}, (size_t)events, &all) ||
        !windows_lane("sysmon", set, MM_S("Microsoft-Windows-Sysmon"), (size_t)events, &sysmon)) {
        printf("rules: %.3f us a text event; Windows events and SigmaHQ: skipped, no corpus\n",
               text_us);
        return 0;
    }
    printf("rules: %.0f Windows and %.0f Sysmon events/s/core parsed and matched (%.0f and %.0f "
           "matched; %.0f %% of parsing), %zu rules of SigmaHQ, %.3f us a text event, %.3f s to "
           "load, %.0f MiB\n",
           both_per_s(&all), both_per_s(&sysmon), 1e6 / per_event_us(&all),
           1e6 / per_event_us(&sysmon), 100.0 * (double)all.match_us / (double)all.parse_us,
           mm_rules_count(set), text_us, load_s, rss);
    mm_rules_unref(&set);
    return 0;
}
