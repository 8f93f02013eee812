/* status/doc.c - a reading as a document; see status.h for the contract. */
#include <stdio.h>

#include "status/status.h"
#include "text/mustache.h"

void mm_status_words(struct mm_arena *a, enum mm_lang lang, const struct mm_status_line *line,
                     const char *prefix, const char *key, struct mm_buf *out)
{
    struct mm_doc *doc = mm_doc_new(a);
    struct mm_tpl_render r = {.lang = lang, .mode = MM_TPL_PLAIN, .doc = doc, .out = out};
    char full[96];

    mm_doc_text(doc, "name", mm_slice_str(line->name));
    mm_doc_int(doc, "n", line->n);
    (void)snprintf(full, sizeof(full), "%s%s", prefix, key);
    mm_tpl_words(&r, mm_slice_str(full));
}

enum { HITTERS_SHOWN = 3 }; /* of one limit: a page is no list of addresses */

static void write_lines(const struct mm_status_line *line, size_t n, struct mm_doc *list)
{
    for (size_t i = 0; i < n; i++) {
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_str(d, "what", line[i].what);
        mm_doc_text(d, "name", mm_slice_str(line[i].name));
        mm_doc_str(d, "state", mm_status_state_name(line[i].state));
        if (line[i].why != NULL)
            mm_doc_str(d, "why", line[i].why);
        mm_doc_int(d, "n", line[i].n);
    }
}

static void write_programs(const struct mm_status *s, struct mm_doc *list)
{
    for (size_t i = 0; s->served && i < s->vitals.n; i++) {
        const struct mm_vital *p = &s->vitals.program[i];
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_text(d, "name", mm_slice_str(p->name));
        mm_doc_bool(d, "ready", p->ready);
        mm_doc_time(d, "started", p->started_us);
        mm_doc_int(d, "restarts", p->restarts);
        mm_doc_int(d, "cpu_ms", p->cpu_us / 1000);
        mm_doc_int(d, "rss_bytes", (int64_t)(p->rss_bytes & INT64_MAX));
        mm_doc_int(d, "processes", p->processes);
    }
}

static void write_queues(const struct mm_status *s, struct mm_doc *list)
{
    for (size_t i = 0; i < s->queues_n; i++) {
        const struct mm_status_queue *q = &s->queue[i];
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_int(d, "queue", q->queue);
        mm_doc_int(d, "waiting", (int64_t)(q->waiting & INT64_MAX));
        mm_doc_int(d, "bytes", (int64_t)(q->bytes & INT64_MAX));
        mm_doc_time(d, "oldest", q->oldest_us);
    }
}

/* Sums over all sources: how much came, how much was read, how much was lost. */
static void write_lines_of_sources(const struct mm_status *s, struct mm_doc *d)
{
    uint64_t received = 0, spooled = 0, dropped = 0, parsed = 0, unparsed = 0;

    for (size_t i = 0; i < s->sources_n; i++) {
        received += s->source[i].received;
        spooled += s->source[i].spooled;
        dropped += s->source[i].dropped;
        parsed += s->source[i].parsed;
        unparsed += s->source[i].unparsed;
    }
    mm_doc_int(d, "sources", (int64_t)s->sources_n);
    mm_doc_int(d, "received", (int64_t)(received & INT64_MAX));
    mm_doc_int(d, "spooled", (int64_t)(spooled & INT64_MAX));
    mm_doc_int(d, "dropped", (int64_t)(dropped & INT64_MAX));
    mm_doc_int(d, "parsed", (int64_t)(parsed & INT64_MAX));
    mm_doc_int(d, "unparsed", (int64_t)(unparsed & INT64_MAX));
}

/* The upper bound of the bucket in which the given share of all lies. */
static int64_t share_us(const struct mm_durations *d, uint64_t total, uint64_t percent)
{
    uint64_t below = 0;

    for (size_t b = 0; b < MM_METER_BOUNDS; b++) {
        below += d->count[b];
        if (below * 100 >= total * percent)
            return mm_meter_bound(b);
    }
    return mm_meter_bound(MM_METER_BOUNDS - 1);
}

static void write_durations(const struct mm_status *s, struct mm_doc *list)
{
    static const char *const names[MM_METERS] = {
        [MM_METER_INSERT] = "insert", [MM_METER_RECORDS] = "records", [MM_METER_LAG] = "lag",
        [MM_METER_SEARCH] = "search", [MM_METER_REQUEST] = "request",
    };

    for (size_t i = 0; i < MM_METERS; i++) {
        const struct mm_durations *one = &s->duration[i];
        struct mm_doc *d = mm_doc_object(list, NULL);
        uint64_t n = 0;

        for (size_t b = 0; b <= MM_METER_BOUNDS; b++)
            n += one->count[b];
        mm_doc_str(d, "name", names[i]);
        mm_doc_int(d, "n", (int64_t)(n & INT64_MAX));
        if (n == 0) {
            mm_doc_none(d, "mean_ms", "not_measured");
            mm_doc_none(d, "half_ms", "not_measured");
            mm_doc_none(d, "most_ms", "not_measured");
            continue;
        }
        mm_doc_measured(d, "mean_ms", (int64_t)(one->sum_us / n / 1000));
        mm_doc_measured(d, "half_ms", share_us(one, n, 50) / 1000);
        mm_doc_measured(d, "most_ms", share_us(one, n, 95) / 1000);
    }
}

/* Limits that were hit, and by whom most. */
static void write_hits(const struct mm_status_hits *h, struct mm_doc *list)
{
    for (size_t i = 0; i < MM_HITS; i++) {
        struct mm_doc *d, *by;

        if (h->read.count[i] == 0)
            continue;
        d = mm_doc_object(list, NULL);
        mm_doc_str(d, "program", h->program);
        mm_doc_str(d, "limit", mm_hit_name((enum mm_hit)i));
        mm_doc_int(d, "n", (int64_t)(h->read.count[i] & INT64_MAX));
        mm_doc_time(d, "last", h->read.last_us[i]);
        by = mm_doc_array(d, "by");
        for (size_t k = 0, shown = 0; k < h->read.hitters && shown < HITTERS_SHOWN; k++) {
            const struct mm_hitter *w = &h->read.hitter[k];
            char address[MM_IP_TEXT];
            struct mm_doc *one;

            if (w->hit != (enum mm_hit)i)
                continue;
            mm_ip_text(&w->owner, address);
            one = mm_doc_object(by, NULL);
            mm_doc_text(one, "address", mm_slice_str(address));
            mm_doc_int(one, "n", (int64_t)(w->count & INT64_MAX));
            shown++;
        }
    }
}

static void measured(struct mm_doc *d, const char *key, bool known, uint64_t v)
{
    if (known)
        mm_doc_measured(d, key, (int64_t)(v & INT64_MAX));
    else
        mm_doc_none(d, key, "not_measured");
}

void mm_status_doc(const struct mm_status *s, const struct mm_status_line *line, size_t n,
                   struct mm_doc *doc)
{
    struct mm_doc *d;

    mm_doc_str(doc, "state", mm_status_state_name(mm_status_worst(line, n)));
    mm_doc_time(doc, "at", s->now_us);
    mm_doc_str(doc, "version", MM_VERSION);
    write_lines(line, n, mm_doc_array(doc, "lines"));
    write_programs(s, mm_doc_array(doc, "programs"));
    write_queues(s, mm_doc_array(doc, "queues"));
    write_lines_of_sources(s, mm_doc_object(doc, "logs"));
    write_durations(s, mm_doc_array(doc, "durations"));
    d = mm_doc_array(doc, "limits");
    for (size_t i = 0; i < s->hits_n; i++)
        write_hits(&s->hits[i], d);
    d = mm_doc_object(doc, "store");
    measured(d, "events", s->store_there, s->store_rows);
    measured(d, "bytes", s->store_there, s->store_bytes);
    d = mm_doc_object(doc, "disk");
    measured(d, "size_bytes", s->disk_size > 0, s->disk_size);
    measured(d, "free_bytes", s->disk_size > 0, s->disk_free);
    measured(d, "days_left", s->disk_days >= 0, s->disk_days < 0 ? 0 : (uint64_t)s->disk_days);
    mm_doc_time(mm_doc_object(doc, "backup"), "last", s->backup_us);
    d = mm_doc_object(doc, "jobs");
    mm_doc_int(d, "waiting", (int64_t)s->jobs_waiting);
    mm_doc_int(d, "failed", (int64_t)s->jobs_failed);
}
