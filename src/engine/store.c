/* engine/store.c - the storing half of the sink; see sink.h for the contract. */
#include <poll.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/time.h"
#include "engine/sink_priv.h"
#include "os/log.h"
#include "store/events/exactly_once.h"
#include "store/records/system_scope.h"
#include "triage/triage.h"

enum {
    PAUSE_MS = 200,  /* after "not now"; an eventd that restarts takes about a second */
    TRIM_EVERY = 20, /* batches; segments are 64 MiB, so more often finds nothing */
    COUNTS_PER_WRITE = 100,
};

/* What one write transaction does of a batch. */
struct part {
    struct mm_batch *b;
    const struct mm_alert *alerts;
    size_t alerts_n, alerts_at;
    size_t counts_at, formats_at, unread_at, asides_at;
    bool done;
};

struct refusing {
    struct mm_sink *s;
    struct mm_batch *b;
};

static bool stopped(struct mm_sink *s)
{
    bool yes;

    (void)pthread_mutex_lock(&s->lock);
    yes = s->stopping;
    (void)pthread_mutex_unlock(&s->lock);
    return yes;
}

/* What a refused row was made of, read from the spool once more. */
static void refused(void *ctx, uint64_t seq, struct mm_slice why)
{
    struct refusing *k = ctx;
    struct mm_spool_reader *reader = NULL;
    struct mm_spool_record r = {0};
    size_t n = 0;

    mm_log_error("engine", "row refused by the store: queue=%u seq=%llu %.*s", k->b->queue,
                 (unsigned long long)seq, (int)mm_min_size(why.n, 200), (const char *)why.p);
    if (mm_spool_reader_open(k->s->spool_dir, k->b->queue, seq, &reader) != MM_OK ||
        mm_spool_read(reader, &r, 1, MM_MAX_LINE, &n) != MM_OK || n == 0 || r.seq != seq)
        r = (struct mm_spool_record){.received_us = mm_now_us()};
    mm_batch_aside(k->b, r.company, r.source, seq, r.received_us, "store_refused", r.body);
    mm_spool_reader_close(&reader);
}

/* Blocks of one table into the store; false when the sink stops before the store took them. */
static bool store_rows(struct mm_sink *s, struct mm_batch *b, enum mm_etable table,
                       const struct mm_slice *blocks, size_t n)
{
    struct refusing refusing = {.s = s, .b = b};
    struct mm_once once;
    bool told = false;

    mm_once_init(&once, table, b->queue, b->from, b->to, blocks, n, b->unsure);
    while (mm_once_step(&once, s->client, refused, &refusing) != MM_OK) {
        if (!told)
            mm_log_warn("engine", "store of events not ready: code=%d %.*s", once.answer.exception,
                        (int)mm_min_size(once.answer.text_n, 300), once.answer.text);
        told = true;
        if (stopped(s))
            return false;
        (void)poll(NULL, 0, PAUSE_MS);
    }
    return true;
}

/*
 * All alerts of a batch, in triage's order. MM_E_NOMEM: the batch cannot be stored now; without its
 * alerts it must not be.
 */
static enum mm_code decode_alerts(const struct mm_batch *b, struct mm_alert **ret, size_t *ret_n)
{
    struct mm_rd rd = mm_rd_of(mm_buf_slice(&b->alerts));
    struct mm_alert *list = NULL;
    size_t n = 0, cap = 0;

    while (mm_rd_left(&rd) > 0) {
        if (n == cap) {
            size_t more = cap == 0 ? 256 : cap * 2;
            struct mm_alert *grown = realloc(list, more * sizeof(*grown));

            if (grown == NULL) {
                free(list);
                return MM_E_NOMEM;
            }
            list = grown;
            cap = more;
        }
        /* A shard that writes no alert where one should be has been taken over: stop reading it. */
        MM_ASSERT(mm_alert_decode(&rd, &list[n]));
        MM_ASSERT(list[n].queue == b->queue && list[n].seq >= b->from && list[n].seq < b->to);
        n++;
    }
    if (n > 1)
        qsort(list, n, sizeof(*list), mm_alert_order);
    *ret = list;
    *ret_n = n;
    return MM_OK;
}

static bool store_alerts(struct mm_sink *s, struct mm_batch *b, const struct mm_alert *alerts,
                         size_t n)
{
    struct mm_buf rows;
    struct mm_slice block;
    bool ok = true;

    if (n == 0)
        return true;
    mm_native_reset(s->alert_rows);
    mm_buf_init(&rows, (size_t)MM_BATCH_ALERTS_MAX * 2);
    for (size_t i = 0; i < n && ok; i++) {
        enum mm_code code = mm_native_alert(s->alert_rows, &alerts[i], s->o.keep_days);

        if (code == MM_E_LIMIT) {
            ok = mm_native_write(s->alert_rows, &rows) == MM_OK;
            i--;
        } else {
            ok = code == MM_OK;
        }
    }
    ok = ok && mm_native_write(s->alert_rows, &rows) == MM_OK;
    block = mm_buf_slice(&rows);
    ok = ok && store_rows(s, b, MM_ET_ALERTS, &block, 1);
    mm_buf_done(&rows);
    return ok;
}

static enum mm_code write_counts(struct mm_tx *tx, struct part *p)
{
    enum mm_code code = MM_OK;
    size_t end = mm_min_size(p->counts_at + COUNTS_PER_WRITE, p->b->counts_n);

    for (; p->counts_at < end && code == MM_OK; p->counts_at++) {
        const struct mm_batch_count *c = &p->b->counts[p->counts_at];
        struct mm_health h = {.company = c->company,
                              .source = c->source,
                              .parsed = c->parsed,
                              .unparsed = c->unparsed,
                              .last_seen_us = c->last_seen_us,
                              .updated_us = mm_now_us()};
        struct mm_cover_day day = {
            .day = mm_cover_day_of(c->last_seen_us), .parsed = c->parsed, .unparsed = c->unparsed};

        code = mm_health_parsed(tx, &h);
        if (code == MM_OK && c->parsed + c->unparsed > 0)
            code = mm_cover_day_add(tx, c->company, c->source, &day);
    }
    return code;
}

static enum mm_code write_formats(struct mm_tx *tx, struct part *p)
{
    enum mm_code code = MM_OK;
    size_t end = mm_min_size(p->formats_at + COUNTS_PER_WRITE, p->b->formats_n);

    for (; p->formats_at < end && code == MM_OK; p->formats_at++) {
        const struct mm_batch_format *f = &p->b->formats[p->formats_at];
        struct mm_source_format row = {.company = f->company,
                                       .source = f->source,
                                       .format = mm_slice_str(f->name),
                                       .parsed = f->parsed,
                                       .unparsed = f->unparsed,
                                       .topics = f->topics,
                                       .first_us = f->last_us,
                                       .last_us = f->last_us};

        code = mm_source_format_add(tx, &row);
    }
    return code;
}

static int by_source(const void *pa, const void *pb)
{
    const struct mm_unread *a = &(*(struct mm_batch_unread *const *)pa)->u;
    const struct mm_unread *b = &(*(struct mm_batch_unread *const *)pb)->u;

    if (a->company != b->company)
        return a->company < b->company ? -1 : 1;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    return a->seq < b->seq ? -1 : a->seq > b->seq;
}

/* Templates of one source. */
static enum mm_code write_unread(struct mm_tx *tx, struct part *p)
{
    struct mm_unread list[MM_UNREAD_PUT_MAX];
    size_t n = 0;

    while (n < MM_UNREAD_PUT_MAX && p->unread_at < p->b->unread_n) {
        const struct mm_unread *u = &p->b->unread[p->unread_at]->u;

        if (n > 0 && (u->company != list[0].company || u->source != list[0].source))
            break;
        list[n++] = *u;
        p->unread_at++;
    }
    return n == 0 ? MM_OK : mm_unread_put(tx, list, n, mm_now_us());
}

static enum mm_code write_asides(struct mm_tx *tx, struct part *p)
{
    enum mm_code code = MM_OK;
    size_t end = mm_min_size(p->asides_at + 20, p->b->asides_n);

    for (; p->asides_at < end && code == MM_OK; p->asides_at++) {
        const struct mm_batch_aside *a = &p->b->asides[p->asides_at];

        code = mm_triage_aside(tx, a->company, p->b->queue, a->seq, a->source, a->received_us,
                               a->why, mm_slice_of(a->bytes, a->bytes_n));
    }
    return code;
}

/*
 * One transaction of a batch: alerts first, then counters and asides, the position last, so that
 * the position is never ahead of what it stands for.
 */
static enum mm_code write_part(struct mm_tx *tx, void *arg)
{
    struct part *p = arg;
    struct mm_opened opened[MM_TRIAGE_RUNS_MAX];
    size_t used = 0, opened_n = 0;
    enum mm_code code;

    if (p->alerts_at < p->alerts_n) {
        code = mm_triage_alerts(tx, p->alerts + p->alerts_at, p->alerts_n - p->alerts_at,
                                mm_now_us(), &used, opened, &opened_n);
        p->alerts_at += code == MM_OK ? used : 0;
        if (code != MM_OK || p->alerts_at < p->alerts_n)
            return code;
    }
    if (p->counts_at < p->b->counts_n) {
        code = write_counts(tx, p);
        if (code != MM_OK || p->counts_at < p->b->counts_n)
            return code;
    }
    if (p->formats_at < p->b->formats_n) {
        code = write_formats(tx, p);
        if (code != MM_OK || p->formats_at < p->b->formats_n)
            return code;
    }
    code = write_unread(tx, p);
    if (code == MM_OK)
        code = write_asides(tx, p);
    if (code != MM_OK || p->unread_at < p->b->unread_n || p->asides_at < p->b->asides_n)
        return code;
    code = mm_triage_position_set(tx, p->b->queue, p->b->to);
    p->done = code == MM_OK;
    return code;
}

static bool write_records(struct mm_sink *s, struct mm_batch *b, const struct mm_alert *alerts,
                          size_t n)
{
    struct part p = {.b = b, .alerts = alerts, .alerts_n = n};

    if (b->unread_n > 1)
        qsort(b->unread, b->unread_n, sizeof(b->unread[0]), by_source);
    while (!p.done) {
        struct part before = p;
        enum mm_code code = mm_records_write(s->o.records, mm_system_scope(), write_part, &p);

        if (code == MM_OK)
            continue;
        p = before;
        mm_log_warn("engine", "records not written: code=%s", mm_code_key(code));
        if (stopped(s))
            return false;
        (void)poll(NULL, 0, PAUSE_MS);
    }
    return true;
}

/* The index of the search, tried once: what it does not speak for is read (store/events/sieve.h).
 */
static void store_sieves(struct mm_sink *s, const struct mm_batch *b)
{
    struct mm_slice block = mm_buf_slice(&b->sieves);
    struct mm_events_answer answer;
    enum mm_code code;

    if (block.n == 0)
        return;
    code = mm_events_insert(s->client, MM_ST_INSERT_SIEVES, "mimamori-sieves", NULL, 0, &block, 1,
                            &answer);
    if (code != MM_OK)
        mm_log_warn("engine", "sieves not stored: code=%s %.*s", mm_code_key(code),
                    (int)mm_min_size(answer.text_n, 300), answer.text);
}

/* Everything of one batch, in the order that a restart relies on. False: the sink stops. */
static bool store_batch(struct mm_sink *s, struct mm_batch *b)
{
    struct mm_alert *alerts = NULL;
    size_t n = 0;
    bool ok;

    while (decode_alerts(b, &alerts, &n) != MM_OK) {
        mm_log_error("engine", "no memory for the alerts of a batch; trying again");
        if (stopped(s))
            return false;
        (void)poll(NULL, 0, PAUSE_MS);
    }
    ok = store_rows(s, b, MM_ET_EVENTS, b->blocks, b->blocks_n) && store_alerts(s, b, alerts, n) &&
         write_records(s, b, alerts, n);
    if (ok)
        store_sieves(s, b);
    if (ok && b->id % TRIM_EVERY == 0 &&
        mm_spool_trim((struct mm_fs){0}, s->spool_dir, b->queue, b->to, NULL) != MM_OK)
        mm_log_warn("engine", "old segments not deleted: queue=%u", b->queue);
    free(alerts);
    return ok;
}

void *mm_sink_store(void *arg)
{
    struct mm_sink *s = arg;

    for (;;) {
        struct mm_batch *b;
        size_t records;
        bool ok;

        (void)pthread_mutex_lock(&s->lock);
        while (s->ready == NULL && !s->stopping)
            (void)pthread_cond_wait(&s->work, &s->lock);
        b = s->ready;
        if (b != NULL) {
            s->ready = b->next;
            if (s->ready == NULL)
                s->ready_end = &s->ready;
        }
        (void)pthread_mutex_unlock(&s->lock);
        if (b == NULL)
            return NULL;
        ok = store_batch(s, b);
        records = b->records;
        mm_batch_free(&b);
        (void)pthread_mutex_lock(&s->lock);
        s->ready_n--;
        s->stored += ok ? records : 0;
        /* Without being told to stop only memory runs out: the reading half ends, all start anew.
         */
        if (!ok && !s->stopping)
            s->failed = MM_E_NOMEM;
        (void)pthread_mutex_unlock(&s->lock);
        if (!ok)
            return NULL;
    }
}
