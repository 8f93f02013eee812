/* engine/store.c - the storing half of the sink; see sink.h for the contract. */
#include <poll.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/time.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "engine/merge.h"
#include "engine/sink_priv.h"
#include "os/log.h"
#include "store/events/exactly_once.h"
#include "store/records/system_scope.h"
#include "triage/triage.h"

enum {
    PAUSE_MS = 200,   /* after "not now"; an eventd that restarts takes about a second */
    COUNT_ROWS = 150, /* of one write, and those of one sender more: 300 are allowed */
    ASIDES_PER_WRITE = 20,
};

#define NOTED_US (3600 * MM_US_PER_S)

/* What one write transaction does of a batch. */
struct part {
    struct mm_batch *b;
    const struct mm_headers *headers;
    const struct mm_triage_plan *plan; /* of its alerts */
    size_t plan_at;
    size_t counts_at, formats_at, unread_at; /* senders before these are counted */
    size_t asides_at;
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
static bool store_rows(struct mm_sink *s, struct mm_events_client *client, struct mm_batch *b,
                       enum mm_etable table, const struct mm_slice *blocks, size_t n)
{
    struct refusing refusing = {.s = s, .b = b};
    struct mm_once once;
    bool told = false;

    mm_once_init(&once, table, b->queue, b->from, b->to, blocks, n, b->unsure);
    while (mm_once_step(&once, client, refused, &refusing) != MM_OK) {
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
        if (!MM_VEC_ROOM(list, n, cap, SIZE_MAX)) {
            free(list);
            return MM_E_NOMEM;
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
        enum mm_code code = mm_native_alert(s->alert_rows, &alerts[i],
                                            mm_sources_alert_days(&s->sources, alerts[i].company));

        if (code == MM_E_LIMIT) {
            ok = mm_native_write(s->alert_rows, &rows) == MM_OK;
            i--;
        } else {
            ok = code == MM_OK;
        }
    }
    ok = ok && mm_native_write(s->alert_rows, &rows) == MM_OK;
    block = mm_buf_slice(&rows);
    ok = ok && store_rows(s, s->alert_client, b, MM_ET_ALERTS, &block, 1);
    mm_buf_done(&rows);
    return ok;
}

/* What came of one sender, and by which days; topics: what stood in it. */
static enum mm_code count_lines(struct mm_tx *tx, const struct mm_batch_count *c, uint32_t topics)
{
    struct mm_health h = {.company = c->company,
                          .source = c->source,
                          .parsed = c->parsed,
                          .unparsed = c->unparsed,
                          .costly = c->costly,
                          .last_seen_us = c->last_seen_us,
                          .updated_us = mm_now_us()};
    struct mm_cover_day day = {.day = mm_cover_day_of(c->last_seen_us),
                               .parsed = c->parsed,
                               .unparsed = c->unparsed,
                               .bytes = c->bytes,
                               .topics = topics};
    enum mm_code code = mm_health_parsed(tx, &h);

    if (code == MM_OK && c->parsed + c->unparsed > 0)
        code = mm_cover_day_add(tx, c->company, c->source, &day);
    return code;
}

/* By which format its lines were read, or not. */
static enum mm_code count_format(struct mm_tx *tx, const struct mm_batch_format *f)
{
    struct mm_source_format row = {.company = f->company,
                                   .source = f->source,
                                   .format = mm_slice_str(f->name),
                                   .parsed = f->parsed,
                                   .unparsed = f->unparsed,
                                   .topics = f->topics,
                                   .first_us = f->last_us,
                                   .last_us = f->last_us};

    return mm_source_format_add(tx, &row);
}

/* Templates of unread lines, [from, to) of the batch's. */
static enum mm_code count_unread(struct mm_tx *tx, const struct mm_batch *b, size_t from, size_t to)
{
    struct mm_unread *list;
    enum mm_code code;

    if (from == to)
        return MM_OK;
    list = calloc(to - from, sizeof(*list));
    if (list == NULL)
        return MM_E_NOMEM;
    for (size_t i = from; i < to; i++)
        list[i - from] = b->unread[i]->u;
    code = mm_unread_put(tx, list, to - from, mm_now_us());
    free(list);
    return code;
}

/* Everything that is counted of the next sender; *rows grows by what that may have written. False
 * in *ret_counted: an earlier process has done it. */
static enum mm_code count_sender(struct mm_tx *tx, struct part *p, size_t *rows, bool *ret_counted)
{
    const struct mm_batch *b = p->b;
    const struct mm_batch_count *c = &b->counts[p->counts_at];
    const struct mm_counted *was = &b->counted;
    bool again =
        was->any && b->to == was->to &&
        (c->company < was->company || (c->company == was->company && c->source <= was->source));
    size_t unread = p->unread_at;
    uint32_t topics = 0;
    enum mm_code code;

    for (size_t i = p->formats_at; i < b->formats_n && b->formats[i].company == c->company &&
                                   b->formats[i].source == c->source;
         i++)
        topics |= b->formats[i].topics;
    code = again ? MM_OK : count_lines(tx, c, topics);
    *rows += again ? 0 : 3;
    for (; code == MM_OK && p->formats_at < b->formats_n &&
           b->formats[p->formats_at].company == c->company &&
           b->formats[p->formats_at].source == c->source;
         p->formats_at++) {
        *rows += again ? 0 : 1;
        code = again ? MM_OK : count_format(tx, &b->formats[p->formats_at]);
    }
    while (unread < b->unread_n && b->unread[unread]->u.company == c->company &&
           b->unread[unread]->u.source == c->source)
        unread++;
    if (code == MM_OK && !again) {
        *rows += unread - p->unread_at;
        code = count_unread(tx, b, p->unread_at, unread);
    }
    p->unread_at = unread;
    p->counts_at++;
    *ret_counted = !again;
    return code;
}

/* Counters of as many senders as one transaction may hold. Unless these are all, it remembers up
 * to which it came: whoever begins again counts from there. */
static enum mm_code write_counts(struct mm_tx *tx, struct part *p)
{
    size_t rows = 0;
    bool counted = false;
    enum mm_code code = MM_OK;

    while (p->counts_at < p->b->counts_n && rows < COUNT_ROWS && code == MM_OK)
        code = count_sender(tx, p, &rows, &counted);
    if (code == MM_OK && counted) {
        const struct mm_batch_count *c = &p->b->counts[p->counts_at - 1];
        struct mm_counted now = {
            .to = p->b->to, .any = true, .company = c->company, .source = c->source};

        code = mm_triage_counted_set(tx, p->b->queue, &now);
    }
    return code;
}

static enum mm_code write_asides(struct mm_tx *tx, struct part *p)
{
    enum mm_code code = MM_OK;
    size_t end = mm_min_size(p->asides_at + ASIDES_PER_WRITE, p->b->asides_n);

    for (; p->asides_at < end && code == MM_OK; p->asides_at++) {
        const struct mm_batch_aside *a = &p->b->asides[p->asides_at];

        code = mm_triage_aside(tx, a->company, p->b->queue, a->seq, a->source, a->received_us,
                               a->why, mm_slice_of(a->bytes, a->bytes_n));
    }
    return code;
}

/* What has changed of sources' header lines: with the position, since what lies behind it has not
 * heard of them. */
static enum mm_code write_headers(struct mm_tx *tx, const struct mm_headers *h)
{
    enum mm_code code = MM_OK;
    uint32_t company, source;
    struct mm_slice lines;
    size_t at = 0;

    while (code == MM_OK && mm_headers_changed(h, &at, &company, &source, &lines))
        code = mm_triage_header_set(tx, company, source, lines);
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
    size_t opened_n = 0;
    enum mm_code code;

    if (p->plan_at < mm_triage_steps(p->plan)) {
        code =
            mm_triage_alerts(tx, p->plan, p->plan_at, mm_now_us(), &p->plan_at, opened, &opened_n);
        if (code != MM_OK || p->plan_at < mm_triage_steps(p->plan))
            return code;
    }
    if (p->counts_at < p->b->counts_n) {
        code = write_counts(tx, p);
        if (code != MM_OK || p->counts_at < p->b->counts_n)
            return code;
    }
    MM_ASSERT(p->formats_at == p->b->formats_n && p->unread_at == p->b->unread_n);
    code = write_asides(tx, p);
    if (code != MM_OK || p->asides_at < p->b->asides_n)
        return code;
    code = write_headers(tx, p->headers);
    if (code == MM_OK)
        code = mm_triage_position_set(tx, p->b->queue, p->b->to);
    p->done = code == MM_OK;
    return code;
}

/* Which of the batch's alerts become findings of their own. False: the sink stops. */
static bool plan_alerts(struct mm_sink *s, const struct mm_alert *alerts, size_t n,
                        struct mm_triage_plan *ret)
{
    for (;;) {
        struct mm_tx *tx = NULL;
        enum mm_code code = mm_records_read(s->o.records, mm_system_scope(), &tx);

        if (code == MM_OK)
            code = mm_triage_plan(tx, alerts, n, mm_now_us(), ret);
        mm_records_read_done(&tx);
        if (code == MM_OK)
            return true;
        mm_log_warn("engine", "records not read: code=%s", mm_code_key(code));
        if (stopped(s))
            return false;
        (void)poll(NULL, 0, PAUSE_MS);
    }
}

static bool write_records(struct mm_sink *s, struct mm_batch *b, const struct mm_triage_plan *plan)
{
    struct part p = {.b = b, .headers = s->headers_stored, .plan = plan};
    int64_t began_us = mm_mono_us();

    mm_batch_sort(b);
    (void)pthread_mutex_lock(&s->lock);
    s->senders = b->counts_n;
    (void)pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < b->headers_n; i++)
        mm_headers_note(s->headers_stored, b->headers[i].company, b->headers[i].source,
                        b->headers[i].line);
    if (b->counted.to != 0 && b->counted.to != b->to)
        mm_log_warn("engine", "the queue no longer holds what was counted: queue=%u", b->queue);
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
    mm_headers_written(s->headers_stored);
    mm_meter_add(s->o.meters, MM_METER_RECORDS, mm_mono_us() - began_us);
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
    code = mm_events_insert(s->alert_client, MM_ST_INSERT_SIEVES, "mimamori-sieves", NULL, 0,
                            &block, 1, &answer);
    if (code != MM_OK)
        mm_log_warn("engine", "sieves not stored: code=%s %.*s", mm_code_key(code),
                    (int)mm_min_size(answer.text_n, 300), answer.text);
}

/* ---- alerts that say the same again ---- */

/* What was merged in one batch. */
struct merged {
    struct mm_batch *b;
    bool any;
    size_t noisy_n;
    struct mm_sink_noisy noisy[MM_SINK_NOISY_MAX];
};

/* Alerts of one rule and company follow each other, but for those that a filter hides. */
static void add_merged(void *ctx, const struct mm_alert *a, uint64_t events)
{
    struct merged *m = ctx;
    struct mm_slice rule = mm_utf8_cut(a->rule_id, sizeof(m->noisy[0].rule) - 1);
    struct mm_sink_noisy *last = m->noisy_n == 0 ? NULL : &m->noisy[m->noisy_n - 1];

    m->any = true;
    if (last != NULL && last->company == a->company &&
        mm_slice_eq(mm_slice_str(last->rule), rule)) {
        last->events += events;
        return;
    }
    if (last != NULL && last->events < MM_SINK_NOISY_MIN)
        m->noisy_n--;
    if (m->noisy_n == MM_SINK_NOISY_MAX)
        return; /* named in a later batch: these are not, for an hour */
    last = &m->noisy[m->noisy_n++];
    *last = (struct mm_sink_noisy){.company = a->company, .events = events};
    if (rule.n > 0)
        memcpy(last->rule, rule.p, rule.n);
}

/* Where to remember that this rule was named; NULL when it was within the hour. */
static struct mm_sink_noisy *to_note(struct mm_sink *s, const char *rule, int64_t now_us)
{
    struct mm_sink_noisy *oldest = &s->noted[0];

    for (size_t i = 0; i < MM_SINK_NOISY_MAX; i++) {
        struct mm_sink_noisy *was = &s->noted[i];

        if (strcmp(was->rule, rule) == 0 && now_us - was->noted_us < NOTED_US)
            return NULL;
        if (was->noted_us < oldest->noted_us)
            oldest = was;
    }
    return oldest;
}

/* Those of m->noisy that are worth a word now, to the front of it. */
static void choose_noisy(struct mm_sink *s, struct merged *m)
{
    int64_t now_us = mm_now_us();
    size_t n = 0;

    for (size_t i = 0; i < m->noisy_n; i++) {
        struct mm_sink_noisy one = m->noisy[i], *at = to_note(s, one.rule, now_us);

        if (one.events < MM_SINK_NOISY_MIN || at == NULL)
            continue;
        one.noted_us = now_us;
        *at = m->noisy[n++] = one;
        mm_log_warn("engine", "alerts are counted, not kept: rule=%s company=%u times=%llu",
                    one.rule, one.company, (unsigned long long)one.events);
    }
    m->noisy_n = n;
}

static enum mm_code write_merged(struct mm_tx *tx, void *arg)
{
    const struct merged *m = arg;
    struct mm_counted end = {.to = m->b->to};
    enum mm_code code = MM_OK;

    if (m->b->counted.to != m->b->to)
        code = mm_triage_counted_set(tx, m->b->queue, &end);
    for (size_t i = 0; i < m->noisy_n && code == MM_OK; i++) {
        struct mm_opened opened;
        struct mm_note note = {.company = MM_COMPANY_OPERATOR,
                               .kind = "rule_noisy",
                               .entity_field = "rule.id",
                               .entity = mm_slice_str(m->noisy[i].rule),
                               .level = MM_LEVEL_LOW,
                               .time_us = m->noisy[i].noted_us};

        code = mm_triage_note(tx, &note, note.time_us, &opened);
    }
    return code;
}

/*
 * Merge what says the same again. Alerts that stand for many are the same ones only as long as the
 * batch is: its end is fixed in the records before any of them is stored, so that a restart does
 * this very batch. Rules that cause it are named to the operator. False: the sink stops.
 */
static bool merge_alerts(struct mm_sink *s, struct mm_batch *b, struct mm_alert *alerts, size_t *n)
{
    struct merged m = {.b = b};

    *n = mm_merge_list(alerts, *n, add_merged, &m);
    choose_noisy(s, &m);
    while (m.any && mm_records_write(s->o.records, mm_system_scope(), write_merged, &m) != MM_OK) {
        if (stopped(s))
            return false;
        (void)poll(NULL, 0, PAUSE_MS);
    }
    return true;
}

/* What comes behind a batch's events, in the order that a restart relies on. False: the sink stops.
 */
static bool finish_batch(struct mm_sink *s, struct mm_batch *b)
{
    struct mm_alert *alerts = NULL;
    struct mm_triage_plan plan = {.alerts = NULL};
    size_t n = 0;
    bool ok;

    while (decode_alerts(b, &alerts, &n) != MM_OK) {
        mm_log_error("engine", "no memory for the alerts of a batch; trying again");
        if (stopped(s))
            return false;
        (void)poll(NULL, 0, PAUSE_MS);
    }
    ok = merge_alerts(s, b, alerts, &n) && store_alerts(s, b, alerts, n) &&
         plan_alerts(s, alerts, n, &plan) && write_records(s, b, &plan);
    mm_triage_plan_done(&plan);
    if (ok) {
        mm_meter_add(s->o.meters, MM_METER_LAG, mm_now_us() - b->newest_us);
        store_sieves(s, b);
    }
    if (ok && mm_spool_trim((struct mm_fs){0}, s->spool_dir, b->queue, b->to, NULL) != MM_OK)
        mm_log_warn("engine", "old segments not deleted: queue=%u", b->queue);
    free(alerts);
    return ok;
}

/* The next batch of a list, or NULL when there will be none. */
static struct mm_batch *next_batch(struct mm_sink *s, struct mm_batch_list *list)
{
    struct mm_batch *b;

    (void)pthread_mutex_lock(&s->lock);
    while (list->first == NULL && !list->over)
        (void)pthread_cond_wait(&list->more, &s->lock);
    b = list->first;
    if (b != NULL)
        list->first = b->next;
    (void)pthread_mutex_unlock(&s->lock);
    return b;
}

/* A batch leaves the sink. False: it is not stored, and storing ends. */
static bool done_with(struct mm_sink *s, struct mm_batch *b, bool ok)
{
    size_t records = b->records;

    mm_batch_free(&b);
    (void)pthread_mutex_lock(&s->lock);
    s->waiting--;
    s->stored += ok ? records : 0;
    /* Without being told to stop only memory runs out: the reading half ends, all start anew. */
    if (!ok && !s->stopping)
        s->failed = MM_E_NOMEM;
    (void)pthread_mutex_unlock(&s->lock);
    return ok;
}

void *mm_sink_store(void *arg)
{
    struct mm_sink *s = arg;
    struct mm_batch *b;

    while ((b = next_batch(s, &s->ready)) != NULL) {
        int64_t began_us = mm_mono_us();

        if (!store_rows(s, s->client, b, MM_ET_EVENTS, b->blocks, b->blocks_n)) {
            (void)!done_with(s, b, false);
            break;
        }
        mm_meter_add(s->o.meters, MM_METER_INSERT, mm_mono_us() - began_us);
        mm_batch_drop_rows(b);
        mm_sink_pass(s, &s->in_store, b);
    }
    mm_sink_over(s, &s->in_store);
    return NULL;
}

void *mm_sink_finish(void *arg)
{
    struct mm_sink *s = arg;
    struct mm_batch *b;

    while ((b = next_batch(s, &s->in_store)) != NULL && done_with(s, b, finish_batch(s, b)))
        ;
    return NULL;
}
