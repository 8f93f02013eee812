/*
 * status/metrics.c - a reading as metrics; see status.h for the contract.
 *
 * One order of writing for two formats that differ in little. OpenMetrics 1.0 has units and an end
 * mark, and names a counter without its _total; the older text format of Prometheus (0.0.4) names
 * it with that, and knows no info.
 */
#include <inttypes.h>

#include "base/time.h"
#include "status/status.h"

enum metric {
#define MM_METRIC(id, type, name, unit, help) M_##id,
#include "status/metrics.def"
#undef MM_METRIC
    METRICS
};

enum type { GAUGE, COUNTER, HISTOGRAM, INFO };

static const struct {
    enum type type;
    const char *name, *unit, *help;
} metrics[METRICS] = {
#define MM_METRIC(id, type, name, unit, help) {type, name, unit, help},
#include "status/metrics.def"
#undef MM_METRIC
};

struct writing {
    struct mm_buf *out;
    bool open; /* OpenMetrics */
    enum metric m;
};

/* Head of a family; its samples follow. */
static void begin(struct writing *w, enum metric m)
{
    static const char *const types[] = {"gauge", "counter", "histogram", "info"};
    enum type type = metrics[m].type;
    const char *suffix = w->open || type != COUNTER ? "" : "_total";

    w->m = m;
    if (!w->open && type == INFO) {
        type = GAUGE;
        suffix = "_info";
    }
    mm_buf_fmt(w->out, "# TYPE %s%s %s\n", metrics[m].name, suffix, types[type]);
    if (w->open && metrics[m].unit[0] != 0)
        mm_buf_fmt(w->out, "# UNIT %s %s\n", metrics[m].name, metrics[m].unit);
    mm_buf_fmt(w->out, "# HELP %s%s %s\n", metrics[m].name, suffix, metrics[m].help);
}

static void name(struct writing *w)
{
    mm_buf_str(w->out, metrics[w->m].name);
    if (metrics[w->m].type == COUNTER)
        mm_buf_str(w->out, "_total");
    else if (metrics[w->m].type == INFO)
        mm_buf_str(w->out, "_info");
}

static void whole(struct writing *w, uint64_t v)
{
    mm_buf_fmt(w->out, " %" PRIu64 "\n", v);
}

/* Microseconds as seconds. */
static void seconds(struct writing *w, int64_t us)
{
    mm_buf_fmt(w->out, " %" PRId64 ".%06" PRId64 "\n", us / MM_US_PER_S, us % MM_US_PER_S);
}

/* A family of one sample without labels. */
static void single(struct writing *w, enum metric m, uint64_t v)
{
    begin(w, m);
    name(w);
    whole(w, v);
}

static void single_seconds(struct writing *w, enum metric m, int64_t us)
{
    begin(w, m);
    name(w);
    seconds(w, us);
}

/* ---- programs ---- */

static void program_sample(struct writing *w, const struct mm_vital *p)
{
    name(w);
    mm_buf_fmt(w->out, "{program=\"%s\"}", p->name); /* letters a to z: vitals.c */
    switch (w->m) {
    case M_PROGRAM_UP:
        whole(w, p->ready);
        break;
    case M_PROGRAM_START:
        seconds(w, p->started_us);
        break;
    case M_PROGRAM_RESTARTS:
        whole(w, p->restarts);
        break;
    case M_PROGRAM_CPU:
        seconds(w, p->cpu_us);
        break;
    case M_PROGRAM_RSS:
        whole(w, p->rss_bytes);
        break;
    default:
        whole(w, p->processes);
        break;
    }
}

static void write_programs(struct writing *w, const struct mm_status *s)
{
    bool up = s->served;

    for (size_t i = 0; i < s->vitals.n; i++)
        up = up && s->vitals.program[i].ready;
    single(w, M_UP, up);
    for (enum metric m = M_PROGRAM_UP; s->served && m <= M_PROGRAM_PROCESSES; m++) {
        begin(w, m);
        for (size_t i = 0; i < s->vitals.n; i++)
            program_sample(w, &s->vitals.program[i]);
    }
}

static void write_lines(struct writing *w, const struct mm_status_line *line, size_t n)
{
    begin(w, M_STATE);
    for (size_t i = 0; i < n; i++) {
        name(w);
        mm_buf_fmt(w->out, "{line=\"%s\",name=\"%s\"}", line[i].what, line[i].name);
        whole(w, (uint64_t)line[i].state);
    }
}

/* ---- sources ---- */

static uint64_t source_value(enum metric m, const struct mm_health *h)
{
    switch (m) {
    case M_RECEIVED:
        return h->received;
    case M_SPOOLED:
        return h->spooled;
    case M_DROPPED:
        return h->dropped;
    case M_PARSED:
        return h->parsed;
    default:
        return h->unparsed;
    }
}

static uint64_t sender_value(enum metric m, const struct mm_status_sender *s)
{
    switch (m) {
    case M_BYTES:
        return s->bytes;
    case M_REFUSED:
        return s->refused;
    case M_OVER:
        return s->over;
    case M_HELD_BACK:
        return s->held_back;
    default:
        return s->connections;
    }
}

/* Numbers of company and source, no names: a monitoring system need not know who they are. */
static void labels(struct writing *w, uint32_t company, uint32_t source)
{
    name(w);
    mm_buf_fmt(w->out, "{company=\"%u\",source=\"%u\"}", company, source);
}

static void write_sources(struct writing *w, const struct mm_status *s)
{
    for (enum metric m = M_RECEIVED; m <= M_LAST_SEEN; m++) {
        begin(w, m);
        for (size_t i = 0; i < s->sources_n; i++) {
            const struct mm_health *h = &s->source[i];

            if (m == M_LAST_SEEN && h->last_seen_us <= 0)
                continue;
            labels(w, h->company, h->source);
            if (m == M_LAST_SEEN)
                seconds(w, h->last_seen_us);
            else
                whole(w, source_value(m, h));
        }
    }
    for (enum metric m = M_BYTES; s->intake_there && m <= M_CONNECTIONS; m++) {
        begin(w, m);
        for (size_t i = 0; i < s->senders_n; i++) {
            labels(w, s->sender[i].company, s->sender[i].source);
            whole(w, sender_value(m, &s->sender[i]));
        }
    }
}

static void write_hits(struct writing *w, const struct mm_status *s)
{
    begin(w, M_LIMIT_HITS);
    for (size_t i = 0; i < s->hits_n; i++) {
        for (size_t k = 0; k < MM_HITS; k++) {
            name(w);
            mm_buf_fmt(w->out, "{program=\"%s\",limit=\"%s\"}", s->hits[i].program,
                       mm_hit_name((enum mm_hit)k));
            whole(w, s->hits[i].read.count[k]);
        }
    }
}

/* ---- queues ---- */

static void write_queues(struct writing *w, const struct mm_status *s)
{
    for (enum metric m = M_WAITING; m <= M_QUEUE_BYTES; m++) {
        begin(w, m);
        for (size_t i = 0; i < s->queues_n; i++) {
            const struct mm_status_queue *q = &s->queue[i];
            int64_t age_us = q->oldest_us == 0 ? 0 : s->now_us - q->oldest_us;

            name(w);
            mm_buf_fmt(w->out, "{queue=\"%u\"}", q->queue);
            if (m == M_OLDEST)
                seconds(w, age_us > 0 ? age_us : 0);
            else
                whole(w, m == M_WAITING ? q->waiting : q->bytes);
        }
    }
    if (!s->intake_there)
        return;
    single(w, M_PENDING, s->pending_bytes);
    single(w, M_COMMITS, s->commits);
    single_seconds(w, M_COMMIT_MAX, (int64_t)(s->commit_max_us & INT64_MAX));
    single(w, M_DAMAGED, s->damaged);
}

static void write_duration(struct writing *w, enum metric m, const struct mm_durations *d)
{
    uint64_t below = 0;

    begin(w, m);
    for (size_t b = 0; b < MM_METER_BOUNDS; b++) {
        below += d->count[b];
        mm_buf_fmt(w->out, "%s_bucket{le=\"%" PRId64 ".%03" PRId64 "\"} %" PRIu64 "\n",
                   metrics[m].name, mm_meter_bound(b) / MM_US_PER_S,
                   mm_meter_bound(b) % MM_US_PER_S / 1000, below);
    }
    below += d->count[MM_METER_BOUNDS];
    mm_buf_fmt(w->out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", metrics[m].name, below);
    mm_buf_fmt(w->out, "%s_sum", metrics[m].name);
    seconds(w, (int64_t)(d->sum_us & INT64_MAX));
    mm_buf_fmt(w->out, "%s_count %" PRIu64 "\n", metrics[m].name, below);
}

static void write_machine(struct writing *w, const struct mm_status *s)
{
    if (s->store_there) {
        single(w, M_STORE_SIZE, s->store_bytes);
        single(w, M_STORE_EVENTS, s->store_rows);
    }
    if (s->disk_size > 0) {
        single(w, M_DISK_SIZE, s->disk_size);
        single(w, M_DISK_FREE, s->disk_free);
    }
    if (s->disk_days >= 0)
        single(w, M_DISK_LEFT, (uint64_t)s->disk_days * 86400);
    if (s->clock >= 0)
        single(w, M_CLOCK, (uint64_t)s->clock);
    if (s->backup_us > 0)
        single_seconds(w, M_BACKUP, s->backup_us);
    single(w, M_JOBS_WAITING, s->jobs_waiting);
    single(w, M_JOBS_FAILED, s->jobs_failed);
}

void mm_status_metrics(const struct mm_status *s, const struct mm_status_line *line, size_t n,
                       bool open, struct mm_buf *out)
{
    static const enum metric of_meter[MM_METERS] = {
        [MM_METER_INSERT] = M_INSERT, [MM_METER_RECORDS] = M_RECORDS, [MM_METER_LAG] = M_LAG,
        [MM_METER_SEARCH] = M_SEARCH, [MM_METER_REQUEST] = M_REQUEST,
    };
    struct writing w = {.out = out, .open = open};

    begin(&w, M_BUILD);
    name(&w);
    mm_buf_str(out, "{version=\"" MM_VERSION "\"} 1\n");
    write_lines(&w, line, n);
    write_programs(&w, s);
    write_sources(&w, s);
    write_hits(&w, s);
    write_queues(&w, s);
    for (size_t i = 0; i < MM_METERS; i++)
        write_duration(&w, of_meter[i], &s->duration[i]);
    write_machine(&w, s);
    if (open)
        mm_buf_str(out, "# EOF\n");
}
