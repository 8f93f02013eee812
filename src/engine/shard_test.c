/* engine/shard_test.c - what a shard notes of its chunk beside rows and alerts. */
#include "engine/merge.h"
#include "engine/shard.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rd.h"
#include "engine/batch.h"
#include "engine/headers.h"
#include "model/alert.h"
#include "tests/harness/test.h"

struct bench {
    struct mm_shard_ops ops;
    void *prepared, *shard;
    struct mm_ring *ring;
    struct mm_chunk *chunk;
    uint64_t seq;
};

static void begin(struct bench *b)
{
    static char formats[1024];
    static struct mm_shard_content content = {.formats_dir = formats};

    (void)snprintf(formats, sizeof(formats), "%s", mm_test_source("content/formats"));
    content.rule_dirs[0] = mm_test_dir();
    content.rule_dirs_n = 1;
    *b = (struct bench){.ops = mm_shard_ops(&content), .seq = 1};
    b->prepared = b->ops.prepare(b->ops.arg, true);
    CHECK(b->prepared != NULL);
    b->shard = b->ops.start(b->prepared);
    CHECK(b->shard != NULL);
    CHECK(mm_ring_new(-1, &b->ring) == MM_OK);
    b->chunk = mm_ring_begin(b->ring, 3, 1);
    CHECK(b->chunk != NULL);
}

static void add(struct bench *b, uint32_t source, const char *line)
{
    struct mm_chunk_source from = {.company = 1, .source = source, .tz_offset_s = 9 * 3600};
    struct mm_chunk_rec rec = {.seq = b->seq++, .received_us = INT64_C(1795147200000000)};

    CHECK(mm_chunk_add(b->chunk, &from, &rec, mm_slice_str(line)));
}

#define SQUID                                                                                      \
    "1795147200.123 5 192.168.1.9 TCP_MISS/200 512 GET http://example.com/ bob "                   \
    "HIER_DIRECT/192.0.2.1 text/html"

#define ZEEK                                                                                       \
    "1795147200.000000\tC1\t192.168.1.9\t51000\t203.0.113.10\t443\ttcp\tssl\t1."                   \
    "5\t10\t20\tSF\tlast"
#define ZEEK_FIELDS                                                                                \
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t"     \
    "orig_bytes\tresp_bytes\tconn_state\tx"

static bool prepares(const struct mm_shard_ops *ops, bool whole)
{
    void *prepared = ops->prepare(ops->arg, whole);

    if (prepared != NULL)
        ops->release(prepared);
    return prepared != NULL;
}

static void put_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* Only where there is nothing else rules are as their authors wrote them. */
TEST(shard_does_without_what_companies_say_only_when_told_to)
{
    static struct mm_shard_content content;
    static char formats[1024], tailor[1024];
    struct mm_shard_ops ops = mm_shard_ops(&content);

    (void)snprintf(formats, sizeof(formats), "%s", mm_test_source("content/formats"));
    (void)snprintf(tailor, sizeof(tailor), "%s/tailor.yml", mm_test_dir());
    content.formats_dir = formats;
    content.tailor = tailor;
    CHECK(prepares(&ops, true)); /* nobody has said anything */
    put_text(tailor, "list: [broken\n");
    CHECK(!prepares(&ops, true) && prepares(&ops, false));
    put_text(tailor, "list: Admins\ncompany: [1]\nvalues: [alice]\n");
    CHECK(prepares(&ops, true));
    CHECK(unlink(tailor) == 0 && mkdir(tailor, 0700) == 0); /* there, and not to be read */
    CHECK(!prepares(&ops, true) && prepares(&ops, false));
}

TEST(shard_counts_lines_that_would_cost_too_much)
{
    static struct bench b;
    static char line[6000] =
        "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"ecs.version\":\"8\",\"a\":[0";
    size_t n = strlen(line);

    begin(&b);
    for (; n + 4 < sizeof(line); n += 2)
        memcpy(line + n, ",0", 2);
    memcpy(line + n, "]}", 3);
    add(&b, 6, line);
    add(&b, 6, "nobody reads this");
    b.ops.work(b.shard, b.chunk);
    CHECK_NUM(b.chunk->count[0].unparsed, 2);
    CHECK_NUM(b.chunk->count[0].costly, 1);
}

/* Another shard has seen the line that names the columns; a second round begins behind one. */
TEST(shard_reads_lines_whose_header_came_before_its_chunk)
{
    struct mm_chunk_source from = {.company = 1, .source = 7, .tz_offset_s = 9 * 3600};
    static struct bench b; /* a shard's memory ends with its process */
    static void *first;

    begin(&b);
    add(&b, 6, ZEEK);
    CHECK(mm_chunk_head(b.chunk, &from, MM_S("#path\tconn\n" ZEEK_FIELDS "\n")));
    add(&b, 7, ZEEK);
    CHECK(mm_chunk_head(b.chunk, &from, MM_S("#fields\tts\n")));
    add(&b, 8, ZEEK_FIELDS);
    add(&b, 8, ZEEK);
    b.ops.work(b.shard, b.chunk);
    CHECK_NUM(b.chunk->done_n, 4);
    CHECK_NUM(b.chunk->count[0].unparsed, 1);
    CHECK_NUM(b.chunk->count[1].parsed, 1);
    CHECK_NUM(b.chunk->count[2].parsed, 2);

    first = b.shard;
    b.shard = b.ops.start(b.prepared);
    CHECK(b.shard != NULL && b.shard != first);
    b.chunk->from_n = 3;
    b.ops.work(b.shard, b.chunk);
    CHECK_NUM(b.chunk->count[2].parsed, 1);
    CHECK_NUM(b.chunk->count[2].unparsed, 0);
}

#define EUC_CLEAR "\xC0\xDF\xC4\xEA"    /* setting */
#define EUC_OR_CP932 "\xB5\xAD\xCF\xBF" /* record, or half-width kana */

/* How often the rows of a chunk that this shard has worked on name that set. */
static size_t named(struct bench *b, void *shard, uint32_t from, struct mm_slice set)
{
    struct mm_slice rest;
    size_t n = 0, at;

    b->chunk->from_n = from;
    b->ops.work(shard, b->chunk);
    CHECK_NUM(b->chunk->done_n, b->chunk->records_n);
    rest = mm_slice_of(b->chunk->out, b->chunk->out_n);
    for (; (at = mm_slice_search(rest, set)) != SIZE_MAX; n++)
        rest = mm_slice_sub(rest, at + set.n, SIZE_MAX);
    return n;
}

static void another_chunk(struct bench *b, struct mm_headers *h)
{
    struct mm_chunk_source from = {.company = 1, .source = 7, .tz_offset_s = 9 * 3600};

    mm_ring_submit(b->ring);
    CHECK(mm_ring_take(b->ring) == b->chunk);
    mm_ring_finish(b->ring, b->chunk);
    CHECK(mm_ring_collect(b->ring) == b->chunk);
    mm_ring_release(b->ring);
    b->chunk = mm_ring_begin(b->ring, 3, 1);
    CHECK(b->chunk != NULL && mm_chunk_head(b->chunk, &from, mm_headers_of(h, 1, 7)));
}

/* What the sink hands on decides, never what a shard happens to have seen. */
TEST(shard_reads_lines_in_the_character_set_that_their_source_has_shown)
{
    struct mm_headers *h = mm_headers_new();
    static struct bench b;
    static void *other;

    begin(&b);
    other = b.ops.start(b.prepared);
    CHECK(h != NULL && other != NULL && other != b.shard);
    add(&b, 7, "x " EUC_OR_CP932);
    add(&b, 7, "x " EUC_CLEAR);
    add(&b, 7, "x " EUC_OR_CP932);
    CHECK_NUM(named(&b, b.shard, 0, MM_S("euc-jp")), 2);
    CHECK_NUM(named(&b, b.shard, 0, MM_S("cp932")), 1);
    CHECK_NUM(named(&b, other, 2, MM_S("euc-jp")), 1); /* its second round */
    another_chunk(&b, h);
    add(&b, 7, "x " EUC_OR_CP932);
    CHECK_NUM(named(&b, b.shard, 0, MM_S("cp932")), 1);
    CHECK_NUM(named(&b, other, 0, MM_S("cp932")), 1);
    CHECK(mm_headers_lean(h, 1, 7, (struct mm_charset_seen){.lean = -1}).n > 0);
    another_chunk(&b, h);
    add(&b, 7, "x " EUC_OR_CP932);
    add(&b, 8, "x " EUC_OR_CP932);
    CHECK_NUM(named(&b, b.shard, 0, MM_S("euc-jp")), 1);
    CHECK_NUM(named(&b, other, 0, MM_S("euc-jp")), 1);
    CHECK_NUM(named(&b, other, 0, MM_S("cp932")), 1);
    mm_headers_free(&h);
}

TEST(shard_gathers_unread_lines_and_the_formats_of_a_source)
{
    static struct bench b; /* a shard's memory ends with its process */
    struct mm_batch *batch = NULL;
    const struct mm_unread *u;

    begin(&b);
    add(&b, 7, "<13>Nov 20 10:00:00 nas backupd: job 12 of alice failed");
    add(&b, 7, "<13>Nov 20 10:00:01 nas backupd: job 13 of bob failed");
    add(&b, 8, "<13>Nov 20 10:00:01 nas backupd: job 13 of bob failed");
    add(&b, 8, SQUID);
    b.ops.work(b.shard, b.chunk);
    CHECK_NUM(b.chunk->done_n, 4);
    CHECK_NUM(b.chunk->unread_n, 2);
    CHECK_NUM(b.chunk->formats_n, 3);

    CHECK(mm_batch_new(1, 3, 1, 0, &batch) == MM_OK);
    CHECK(mm_batch_absorb(batch, b.chunk) == MM_OK);
    CHECK_NUM(batch->unread_n, 2);
    u = &batch->unread[0]->u;
    CHECK_NUM(u->source, 7);
    CHECK_NUM(u->count, 2);
    CHECK_NUM(u->lines, 2);
    CHECK_NUM(u->queue, 3);
    CHECK_NUM(u->seq, 2);
    CHECK_SLICE(u->app, "backupd");
    CHECK_SLICE(u->shape, "job \x1fint\x1f of \x1fword\x1f failed");
    CHECK_SLICE(u->line[1], "<13>Nov 20 10:00:01 nas backupd: job 13 of bob failed");
    CHECK_NUM(batch->formats_n, 3);
    CHECK(strcmp(batch->formats[0].name, "") == 0);
    CHECK_NUM(batch->formats[0].unparsed, 2);
    CHECK(strcmp(batch->formats[2].name, "squid") == 0);
    CHECK_NUM(batch->formats[2].parsed, 1);
    CHECK((batch->formats[2].topics >> MM_TOPIC_TIME & 1) == 1);
    CHECK((batch->formats[2].topics >> MM_TOPIC_URL & 1) == 1);
    CHECK((batch->formats[2].topics >> MM_TOPIC_MAC & 1) == 0);
    mm_batch_free(&batch);
}

TEST(shard_notes_that_lines_say_when_also_where_the_clock_is_years_behind)
{
    static struct bench b; /* a shard's memory ends with its process */

    begin(&b);
    add(&b, 7, "Nov 20 12:59:58 h sshd[7]: Accepted password for a from 192.0.2.1 port 1 ssh2");
    add(&b, 8, "946684800.123 5 192.168.1.9 TCP_MISS/200 512 GET http://a.example/ - NONE/- x/y");
    add(&b, 9, "<13>unheard-of: a line without a time");
    b.ops.work(b.shard, b.chunk);
    CHECK_NUM(b.chunk->formats_n, 3);
    CHECK((b.chunk->format[0].topics >> MM_TOPIC_TIME & 1) == 1);
    CHECK(strcmp(b.chunk->format[1].name, "squid") == 0);
    CHECK((b.chunk->format[1].topics >> MM_TOPIC_TIME & 1) == 1);
    CHECK((b.chunk->format[2].topics >> MM_TOPIC_TIME & 1) == 0);
}

/* How a process ends that takes record i back: a signal, or 0. */
static int end_of(const struct mm_chunk *c, uint32_t i)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        (void)signal(SIGABRT, SIG_DFL);
        (void)close(STDERR_FILENO);
        (void)mm_chunk_rec_once(c, i);
        _exit(0);
    }
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

/* A shard that was taken over may write what it likes: the sink stops rather than reads on. */
TEST(chunk_gives_no_record_that_points_outside_of_its_tables)
{
    static struct bench b; /* a shard's memory ends with its process */

    begin(&b);
    add(&b, 7, SQUID);
    CHECK_NUM(end_of(b.chunk, 0), 0);
    CHECK_NUM(end_of(b.chunk, MM_CHUNK_RECORDS), SIGABRT);
    b.chunk->rec[0].source_at = MM_CHUNK_SOURCES;
    CHECK_NUM(end_of(b.chunk, 0), SIGABRT);
}

TEST(shard_looks_at_a_bounded_part_of_a_storm_of_unread_lines)
{
    static struct bench b; /* a shard's memory ends with its process */
    uint64_t counted = 0;

    begin(&b);
    for (int i = 0; i < MM_CHUNK_UNREAD_LOOK + 100; i++)
        add(&b, 7, "nobody knows this");
    b.ops.work(b.shard, b.chunk);
    for (uint32_t i = 0; i < b.chunk->unread_n; i++)
        counted += b.chunk->unread[i].count;
    CHECK_NUM(counted, MM_CHUNK_UNREAD_LOOK);
    CHECK_NUM(b.chunk->count[0].unparsed, MM_CHUNK_UNREAD_LOOK + 100);
}

TEST(shard_reads_formats_of_the_operator_and_refuses_a_broken_one_alone)
{
    static char content[1024], own[1024];
    static struct mm_shard_content from = {.formats_dir = content, .own_formats_dir = own};
    struct mm_shard_ops ops = mm_shard_ops(&from);
    char path[1100];
    void *p;
    FILE *f;

    (void)snprintf(content, sizeof(content), "%s", mm_test_source("content/formats"));
    (void)snprintf(own, sizeof(own), "%s", mm_test_dir());
    (void)snprintf(path, sizeof(path), "%s/broken.yaml", own);
    f = fopen(path, "w");
    CHECK(f != NULL && fputs("format: broken\nrecognise: nonsense\n", f) >= 0 && fclose(f) == 0);
    p = ops.prepare(ops.arg, true);
    CHECK(p != NULL);
    ops.release(p);
}

/* What a filter hides is passed on with the filter's name: counted, not silent. */
TEST(shard_passes_on_what_a_filter_hides)
{
    static struct bench b; /* a shard's memory ends with its process */
    struct mm_alert alert;
    char path[1024];
    struct mm_rd rd;
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/proxy.yml", mm_test_dir());
    f = fopen(path, "we");
    CHECK(f != NULL);
    CHECK(fputs("title: Web\nid: rule-1\nlogsource: {category: proxy}\n"
                "detection: {s: {cs-host: example.com}, condition: s}\n---\n"
                "title: Bob may\nid: filter-1\nlogsource: {category: proxy}\n"
                "filter: {rules: [rule-1], s: {cs-username: bob}, condition: not s}\n",
                f) >= 0);
    CHECK(fclose(f) == 0);
    begin(&b);
    add(&b, 8, SQUID);
    add(&b, 8,
        "1795147200.123 5 192.168.1.9 TCP_MISS/200 512 GET http://example.com/ eve "
        "HIER_DIRECT/192.0.2.1 text/html");
    b.ops.work(b.shard, b.chunk);
    rd = mm_rd_of(mm_slice_of(b.chunk->alerts, b.chunk->alerts_n));
    CHECK(mm_alert_decode(&rd, &alert));
    CHECK_SLICE(alert.rule_id, "rule-1");
    CHECK_SLICE(alert.hidden_by, "filter-1");
    CHECK(mm_alert_decode(&rd, &alert));
    CHECK_SLICE(alert.rule_id, "rule-1");
    CHECK_SLICE(alert.hidden_by, "");
    CHECK(mm_rd_left(&rd) == 0);
}

static void put_rule(const char *text)
{
    char path[1024];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/rule.yml", mm_test_dir());
    f = fopen(path, "we");
    CHECK(f != NULL && fputs(text, f) >= 0);
    CHECK(fclose(f) == 0);
}

/* It is named, its alerts are all counted, few are kept; the other rule goes on. */
TEST(shard_names_a_rule_that_matches_everything)
{
    static struct bench b; /* a shard's memory ends with its process */
    struct mm_alert alert;
    size_t all = 0, kept = 0, full = 0, other = 0;
    struct mm_rd rd;

    put_rule("title: All\nid: rule-all\nlogsource: {category: proxy}\n"
             "detection: {s: {cs-host: '*'}, condition: s}\n---\n"
             "title: Bob\nid: rule-bob\nlogsource: {category: proxy}\n"
             "detection: {s: {cs-username: bob}, condition: s}\n");
    begin(&b);
    for (int i = 0; i < MM_SHARD_LOUD_MIN; i++) {
        add(&b, 8,
            i == MM_SHARD_LOUD_MIN - 1
                ? SQUID
                : "1795147200.123 5 192.168.1.9 TCP_MISS/200 512 GET http://example.com/ eve "
                  "HIER_DIRECT/192.0.2.1 text/html");
    }
    b.ops.work(b.shard, b.chunk);
    CHECK_NUM(b.chunk->done_n, MM_SHARD_LOUD_MIN);
    CHECK_NUM(b.chunk->loud.count, MM_SHARD_LOUD_MIN);
    CHECK_SLICE(mm_slice_str(b.chunk->loud.id), "rule-all");
    CHECK_NUM(b.chunk->undecided.count, 0);
    rd = mm_rd_of(mm_slice_of(b.chunk->alerts, b.chunk->alerts_n));
    while (mm_alert_decode(&rd, &alert)) {
        bool bob = mm_slice_eq(alert.rule_id, MM_S("rule-bob"));

        other += bob && alert.event.n > 0;
        all += bob ? 0 : alert.events;
        kept += !bob;
        full += !bob && alert.event.n > 0;
    }
    CHECK_NUM(all, MM_SHARD_LOUD_MIN);
    CHECK(kept <= 2 * (MM_MERGE_KEEP + 1)); /* of two entities */
    CHECK(full >= MM_MERGE_KEEP && full < kept);
    CHECK_NUM(other, 1);
}

TEST(shard_names_a_rule_that_could_not_be_decided)
{
    static struct bench b; /* a shard's memory ends with its process */
    static char line[40 * 1024];
    int n;

    put_rule("title: Slow\nid: rule-slow\nlogsource: {category: proxy}\n"
             "detection: {s: {c-uri|re: '(a|aa)+$'}, condition: s}\n");
    begin(&b);
    n = snprintf(line, sizeof(line),
                 "1795147200.123 5 192.168.1.9 TCP_MISS/200 512 GET http://example.com/");
    memset(line + n, 'a', sizeof(line) - 200);
    (void)snprintf(line + n + sizeof(line) - 200, 200 - (size_t)n,
                   "b eve HIER_DIRECT/192.0.2.1 x/y");
    add(&b, 8, line);
    add(&b, 8, SQUID);
    b.ops.work(b.shard, b.chunk);
    CHECK_NUM(b.chunk->done_n, 2);
    CHECK_NUM(b.chunk->undecided.count, 1);
    CHECK_SLICE(mm_slice_str(b.chunk->undecided.id), "rule-slow");
    CHECK_NUM(b.chunk->loud.count, 0);
    CHECK_NUM(b.chunk->alerts_n, 0);
}
