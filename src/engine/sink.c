/* engine/sink.c - the reading half; see sink.h for the contract. */
#include "engine/sink.h"

#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/time.h"
#include "engine/sink_priv.h"
#include "model/event.h"
#include "os/log.h"
#include "os/notify.h"
#include "store/records/system_scope.h"
#include "triage/triage.h"

enum {
    READ_BYTES = 4 * 1024 * 1024, /* of one read: a chunk's worth */
    TICK_MS = 20,                 /* how long a new record may wait to be seen, of many queues */
    IDLE_MS = 500,                /* how long a signal may wait while there is nothing to do */
    GIVE_BACK_RECORDS = 50 * 1000,
    STORE_MS = 60 * 1000,
};

#define HOUSEKEEPING_US (MM_US_PER_S)
#define RETRY_US (60 * MM_US_PER_S) /* of what could not be taken in */
#define BEHIND_US (MM_US_PER_S / 2) /* records wait this long for shards: we cannot keep up */

static void put_header(void *ctx, uint32_t company, uint32_t source, struct mm_slice lines)
{
    struct mm_sink *s = ctx;

    mm_headers_put(s->headers, company, source, lines);
    mm_headers_put(s->headers_stored, company, source, lines);
}

/* What sources had said of their columns before the position. */
static enum mm_code load_headers(struct mm_sink *s)
{
    struct mm_tx *tx = NULL;
    enum mm_code code = mm_records_read(s->o.records, mm_system_scope(), &tx);

    if (code != MM_OK)
        return code;
    code = mm_triage_headers(tx, MM_HEADERS_SOURCES, put_header, s);
    mm_records_read_done(&tx);
    mm_headers_written(s->headers_stored);
    return code;
}

enum mm_code mm_sink_new(const struct mm_sink_options *options, struct mm_sink **ret)
{
    struct mm_sink *s = calloc(1, sizeof(*s));
    enum mm_code code;

    if (s == NULL)
        return MM_E_NOMEM;
    s->o = *options;
    if (s->o.batch_records == 0)
        s->o.batch_records = MM_BATCH_RECORDS;
    if (s->o.batch_age_us == 0)
        s->o.batch_age_us = MM_US_PER_S;
    (void)snprintf(s->spool_dir, sizeof(s->spool_dir), "%s/spool", options->state_dir);
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_cond_init(&s->ready.more, NULL);
    (void)pthread_cond_init(&s->in_store.more, NULL);
    code = mm_events_new(mm_slice_str(options->events_address), STORE_MS, &s->client);
    if (code == MM_OK)
        code = mm_events_new(mm_slice_str(options->events_address), STORE_MS, &s->alert_client);
    if (code == MM_OK)
        code = mm_native_new(MM_ET_ALERTS, &s->alert_rows);
    if (code == MM_OK)
        code = mm_sources_load(options->records, options->keep_days, &s->sources);
    if (code == MM_OK)
        code = mm_watch_new(options->records, options->state_dir, &s->watch);
    mm_exceptions_init(&s->exceptions, options->records, options->state_dir);
    mm_mirror_init(&s->tailor, MM_MIRROR_TAILOR, options->records, options->state_dir);
    s->headers = mm_headers_new();
    s->headers_stored = mm_headers_new();
    if (code == MM_OK && (s->headers == NULL || s->headers_stored == NULL))
        code = MM_E_NOMEM;
    if (code == MM_OK)
        code = load_headers(s);
    if (code != MM_OK) {
        mm_sink_free(&s);
        return code;
    }
    *ret = s;
    return MM_OK;
}

static void free_batches(struct mm_batch *b)
{
    while (b != NULL) {
        struct mm_batch *next = b->next;

        mm_batch_free(&b);
        b = next;
    }
}

void mm_sink_free(struct mm_sink **sink)
{
    struct mm_sink *s = *sink;

    if (s == NULL)
        return;
    for (size_t i = 0; i < s->queues_n; i++) {
        mm_spool_reader_close(&s->queue[i]->reader);
        mm_sift_free(&s->queue[i]->sift);
        free(s->queue[i]);
    }
    free_batches(s->open);
    free_batches(s->closing);
    free_batches(s->ready.first);
    free_batches(s->in_store.first);
    mm_headers_free(&s->headers);
    mm_headers_free(&s->headers_stored);
    mm_sources_free(&s->sources);
    mm_watch_free(&s->watch);
    mm_events_free(&s->client);
    mm_events_free(&s->alert_client);
    mm_native_free(&s->alert_rows);
    (void)pthread_mutex_destroy(&s->lock);
    (void)pthread_cond_destroy(&s->ready.more);
    (void)pthread_cond_destroy(&s->in_store.more);
    free(s);
    *sink = NULL;
}

/* ---- queues ---- */

static enum mm_code position_of(struct mm_sink *s, uint16_t queue, uint64_t *ret,
                                struct mm_counted *ret_counted)
{
    struct mm_tx *tx = NULL;
    enum mm_code code = mm_records_read(s->o.records, mm_system_scope(), &tx);

    if (code != MM_OK)
        return code;
    code = mm_triage_position(tx, queue, ret);
    if (code == MM_OK)
        code = mm_triage_counted(tx, queue, ret_counted);
    mm_records_read_done(&tx);
    return code;
}

static void open_queue(struct mm_sink *s, uint16_t queue)
{
    struct mm_sink_queue *q;
    struct mm_counted counted;
    uint64_t from = 1;

    if (s->queues_n == MM_SPOOL_QUEUES_READ || position_of(s, queue, &from, &counted) != MM_OK)
        return;
    q = calloc(1, sizeof(*q));
    if (q == NULL)
        return;
    q->queue = queue;
    q->counted = counted;
    q->unsure_below = from + (uint64_t)MM_SINK_IN_FLIGHT * s->o.batch_records;
    if (mm_spool_reader_open(s->spool_dir, queue, from, &q->reader) != MM_OK ||
        mm_sift_new(queue, &q->sift) != MM_OK) {
        /* A queue whose first record is not written yet is looked for again in a second. */
        mm_spool_reader_close(&q->reader);
        free(q);
        return;
    }
    s->queue[s->queues_n++] = q;
}

static void find_queues(struct mm_sink *s)
{
    uint16_t found[MM_SPOOL_QUEUES_READ];
    size_t n = mm_spool_queues(s->spool_dir, found, MM_SPOOL_QUEUES_READ);
    bool many = n > MM_SPOOL_QUEUES_READ;

    for (size_t i = 0; i < n && i < MM_SPOOL_QUEUES_READ; i++) {
        bool known = false;

        for (size_t j = 0; j < s->queues_n; j++)
            known = known || s->queue[j]->queue == found[i];
        if (!known)
            open_queue(s, found[i]);
    }
    if (many && !s->many_queues)
        mm_log_warn("engine", "of %zu queues only the lowest %d are read", n, MM_SPOOL_QUEUES_READ);
    s->many_queues = many;
}

/* Is there something to read? Fills q->recs. */
static bool has_more(struct mm_sink_queue *q)
{
    enum mm_code code;

    if (q->at < q->n)
        return true;
    q->at = q->n = 0;
    code = mm_spool_read(q->reader, q->recs, MM_SINK_READ_MAX, READ_BYTES, &q->n);
    if (code != MM_OK)
        mm_log_error("engine", "queue not read: queue=%u code=%s", q->queue, mm_code_key(code));
    return code == MM_OK && q->n > 0;
}

/* ---- batches ---- */

static size_t waiting(struct mm_sink *s)
{
    size_t n;

    (void)pthread_mutex_lock(&s->lock);
    n = s->waiting;
    (void)pthread_mutex_unlock(&s->lock);
    return n;
}

void mm_sink_pass(struct mm_sink *s, struct mm_batch_list *list, struct mm_batch *b)
{
    struct mm_batch **end = &list->first;

    b->next = NULL;
    (void)pthread_mutex_lock(&s->lock);
    while (*end != NULL)
        end = &(*end)->next;
    *end = b;
    (void)pthread_cond_signal(&list->more);
    (void)pthread_mutex_unlock(&s->lock);
}

void mm_sink_over(struct mm_sink *s, struct mm_batch_list *list)
{
    (void)pthread_mutex_lock(&s->lock);
    list->over = true;
    (void)pthread_cond_signal(&list->more);
    (void)pthread_mutex_unlock(&s->lock);
}

/* Hand every complete batch to the storing threads, oldest first, never past an incomplete one. */
static void hand_over(struct mm_sink *s)
{
    while (s->closing != NULL && mm_batch_complete(s->closing)) {
        struct mm_batch *b = s->closing;

        s->closing = b->next;
        (void)pthread_mutex_lock(&s->lock);
        s->waiting++;
        (void)pthread_mutex_unlock(&s->lock);
        mm_sink_pass(s, &s->ready, b);
    }
}

static struct mm_sink_queue *queue_of(struct mm_sink *s, uint16_t queue)
{
    for (size_t i = 0; i < s->queues_n; i++) {
        if (s->queue[i]->queue == queue)
            return s->queue[i];
    }
    MM_ASSERT(!"a batch of an unknown queue");
    return NULL;
}

static void submit(struct mm_sink *s)
{
    if (s->chunk == NULL)
        return;
    MM_ASSERT(s->chunk->records_n > 0); /* feed() begins one only for a record in its hands */
    mm_sift_chunk(queue_of(s, s->open->queue)->sift, s->chunk);
    mm_ring_submit(s->chunk_ring);
    s->open->chunks_out++;
    s->chunk = NULL;
}

static void close_batch(struct mm_sink *s, bool stopping)
{
    struct mm_batch **end = &s->closing;

    /* Begun while every ring was full, and then told to stop: there is nothing to store. */
    if (s->open->records == 0) {
        mm_batch_free(&s->open);
        return;
    }
    submit(s);
    mm_sift_take(queue_of(s, s->open->queue)->sift, stopping, &s->open->sieves);
    s->open->closed = true;
    while (*end != NULL)
        end = &(*end)->next;
    *end = s->open;
    s->open = NULL;
}

/* Is it as large as a batch shall become? */
static bool is_full(const struct mm_sink *s, const struct mm_batch *b)
{
    return b->records >= s->o.batch_records || b->bytes >= MM_BATCH_BYTES ||
           b->alerts.n >= MM_BATCH_ALERTS_FULL;
}

/* May the open batch take the next record of its queue, which is there? */
static bool has_room(const struct mm_sink *s, const struct mm_sink_queue *q)
{
    const struct mm_batch *b = s->open;

    if (b->counted.to != 0)
        return q->recs[q->at].seq < b->counted.to;
    return !is_full(s, b);
}

static bool is_crowd(struct mm_sink *s)
{
    bool is;

    (void)pthread_mutex_lock(&s->lock);
    is = s->senders >= MM_SINK_CROWD;
    (void)pthread_mutex_unlock(&s->lock);
    return is;
}

static bool should_close(struct mm_sink *s, int64_t now_us)
{
    const struct mm_batch *b = s->open;
    struct mm_sink_queue *q = queue_of(s, b->queue);
    bool behind = q->at < q->n && mm_now_us() - b->newest_us > BEHIND_US;
    /* A store or shards that are behind get larger batches, because they cost less a row; so does
     * a crowd of senders, each of which has counters of its own in the records. */
    bool quiet = waiting(s) == 0 && !behind && !is_crowd(s);
    int64_t age_us = quiet ? s->o.batch_age_us : 3 * s->o.batch_age_us;

    if (b->records == 0)
        return false;
    if (b->counted.to != 0) /* it was in the queue before; where it is not, a disk has lost it */
        return !has_more(q) || !has_room(s, q);
    return is_full(s, b) || now_us - b->opened_us >= age_us;
}

/* Begin a batch with the next queue, in turn, that has something. */
static bool open_batch(struct mm_sink *s, int64_t now_us)
{
    if (waiting(s) >= MM_SINK_WAITING_MAX)
        return false;
    for (size_t i = 0; i < s->queues_n; i++) {
        struct mm_sink_queue *q = s->queue[(s->turn + i) % s->queues_n];

        if (!has_more(q))
            continue;
        s->turn = (s->turn + i + 1) % s->queues_n;
        if (mm_batch_new(++s->next_id, q->queue, q->recs[q->at].seq, now_us, &s->open) != MM_OK)
            return false;
        s->open->unsure = s->open->from < q->unsure_below;
        if (q->counted.to > s->open->from)
            s->open->counted = q->counted;
        q->counted = (struct mm_counted){0};
        return true;
    }
    return false;
}

/* A chunk with room, of the next ring in turn that has a free slot. */
static bool need_chunk(struct mm_sink *s)
{
    for (size_t i = 0; s->chunk == NULL && i < s->o.shards; i++) {
        size_t at = (s->ring_turn + i) % s->o.shards;
        struct mm_ring *ring = mm_master_ring(s->o.master, at);

        s->chunk = mm_ring_begin(ring, s->open->queue, s->open->id);
        s->chunk_ring = ring;
        if (s->chunk != NULL)
            s->ring_turn = at + 1;
    }
    return s->chunk != NULL;
}

/* The register anew, when anything in the records has changed. */
static enum mm_code look_at_sources(struct mm_sink *s)
{
    return mm_records_changed(s->o.records, &s->sources_seen)
               ? mm_sources_load(s->o.records, s->o.keep_days, &s->sources)
               : MM_OK;
}

static struct mm_chunk_source source_of(struct mm_sink *s, const struct mm_spool_record *r)
{
    const struct mm_source_info *info = mm_sources_find(&s->sources, r->source);
    struct mm_chunk_source unknown = {.company = r->company,
                                      .source = r->source,
                                      .tz_offset_s = 9 * 3600,
                                      .keep_days = s->o.keep_days};

    /* Intake may know a new source before housekeeping here has seen it. */
    if (info == NULL && look_at_sources(s) == MM_OK)
        info = mm_sources_find(&s->sources, r->source);
    /* What intake wrote decides whose record it is, whatever the register says now. */
    return info != NULL && info->parse.company == r->company ? info->parse : unknown;
}

/* What this source has said of its columns before this chunk, in front of its first record. */
static bool give_head(struct mm_sink *s, const struct mm_chunk_source *source)
{
    struct mm_slice head = mm_headers_of(s->headers, source->company, source->source);

    return head.n == 0 || mm_chunk_head(s->chunk, source, head);
}

/* What a record shows of its source's character set, for lines behind it that leave a choice. */
static void hear_charset(struct mm_sink *s, const struct mm_chunk_source *source,
                         const struct mm_spool_record *r)
{
    struct mm_charset_seen seen;
    struct mm_slice line;

    if (source->charset != MM_CS_UNKNOWN || (r->flags & MM_EV_CHARSET) != 0 ||
        mm_charset_plain(r->body))
        return;
    seen = mm_headers_seen(s->headers, source->company, source->source);
    (void)mm_charset_detect(r->body, &seen);
    line = mm_headers_lean(s->headers, source->company, source->source, seen);
    if (line.n > 0) /* without memory for it a restart forgets it */
        (void)!mm_batch_header(s->open, source->company, source->source, r->seq, line);
}

/* A record that names columns, or may, for all shards that get lines of its source. */
static void hear(struct mm_sink *s, const struct mm_chunk_source *source,
                 const struct mm_spool_record *r)
{
    if (mm_headers_is(r->body)) {
        mm_headers_note(s->headers, source->company, source->source, r->body);
        /* Without memory for it a restart forgets it. */
        (void)!mm_batch_header(s->open, source->company, source->source, r->seq, r->body);
    } else if (mm_headers_may(r->body)) {
        mm_headers_try(s->headers, source->company, source->source, r->body);
    }
}

/* What the shard knows now of lines that may name columns. */
static void hear_answers(struct mm_sink *s, struct mm_batch *b, const struct mm_chunk *c)
{
    for (uint32_t i = c->from_n; i < c->done_n; i++) {
        const struct mm_chunk_rec r = mm_chunk_rec_once(c, i);
        const struct mm_chunk_source *source = &c->source[r.source_at];
        bool is = (r.flags & MM_CHUNK_HEADER) != 0;

        if ((!is && !mm_headers_trying(s->headers)) || !mm_headers_may(mm_chunk_body(c, &r)))
            continue;
        mm_headers_answer(s->headers, source->company, source->source, mm_chunk_body(c, &r), is);
        if (is)
            (void)!mm_batch_header(b, source->company, source->source, r.seq, mm_chunk_body(c, &r));
    }
}

/* Give the open batch what its queue holds. True when something was given. */
static bool feed(struct mm_sink *s)
{
    struct mm_sink_queue *q = queue_of(s, s->open->queue);
    struct mm_batch *b = s->open;
    size_t before = b->records;

    while (has_more(q) && has_room(s, q)) {
        const struct mm_spool_record *r = &q->recs[q->at];
        struct mm_chunk_rec rec = {
            .seq = r->seq, .received_us = r->received_us, .flags = r->flags & 0x3FFF};
        struct mm_chunk_source source = source_of(s, r);

        if (r->damaged) {
            mm_batch_aside(b, 0, 0, r->seq, mm_now_us(), "damaged", (struct mm_slice){0});
        } else {
            if (!need_chunk(s))
                break;
            if (!give_head(s, &source) || !mm_chunk_add(s->chunk, &source, &rec, r->body)) {
                submit(s);
                continue;
            }
            hear(s, &source, r);
            hear_charset(s, &source, r);
        }
        q->at++;
        b->records++;
        b->newest_us = r->received_us;
        b->to = r->seq + 1;
    }
    return b->records > before;
}

static struct mm_batch *batch_of(struct mm_sink *s, uint64_t id)
{
    if (s->open != NULL && s->open->id == id)
        return s->open;
    for (struct mm_batch *b = s->closing; b != NULL; b = b->next) {
        if (b->id == id)
            return b;
    }
    MM_ASSERT(!"a chunk of an unknown batch");
    return NULL;
}

/* Say which rule it is, once a minute. The name comes out of a shard: printable or not at all. */
static void say_rule(const struct mm_chunk_rule *r, const char *what, int64_t *io_said_us)
{
    char id[MM_CHUNK_RULE_ID];
    int64_t now_us = mm_mono_us();

    if (r->count == 0 || (*io_said_us != 0 && now_us - *io_said_us < 60 * MM_US_PER_S))
        return;
    *io_said_us = now_us;
    memcpy(id, r->id, sizeof(id));
    id[sizeof(id) - 1] = '\0';
    for (size_t i = 0; id[i] != 0; i++)
        id[i] = id[i] > 0x20 && id[i] < 0x7f ? id[i] : '?';
    mm_log_warn("engine", "%s: rule=%s times=%u", what, id, r->count);
}

/* Take back what shards have finished. */
static enum mm_code collect(struct mm_sink *s, bool *ret_any)
{
    for (size_t i = 0; i < s->o.shards; i++) {
        struct mm_ring *ring = mm_master_ring(s->o.master, i);
        struct mm_chunk *c;

        while ((c = mm_ring_collect(ring)) != NULL) {
            struct mm_batch *b = batch_of(s, c->batch);
            enum mm_code code = mm_batch_absorb(b, c);

            *ret_any = true;
            if (code != MM_OK)
                return code;
            hear_answers(s, b, c);
            say_rule(&c->loud, "a rule matches nearly everything", &s->loud_us);
            say_rule(&c->undecided, "conditions could not be decided", &s->undecided_us);
            if (c->done_n < c->records_n) {
                mm_ring_again(ring);
                break;
            }
            mm_ring_release(ring);
            b->chunks_out--;
        }
    }
    return MM_OK;
}

/* ---- the loop ---- */

/*
 * After a flood the heap keeps what its batches took (measured: 500 MB after 20 M records). Once
 * there is nothing in our hands the pages go back to the machine.
 */
static void give_back(struct mm_sink *s)
{
    uint64_t stored;
    bool rest = s->open == NULL && s->closing == NULL && waiting(s) == 0;

    (void)pthread_mutex_lock(&s->lock);
    stored = s->stored;
    (void)pthread_mutex_unlock(&s->lock);
    if (!rest || stored - s->given_back < GIVE_BACK_RECORDS)
        return;
    s->given_back = stored;
    (void)malloc_trim(0);
}

/* What was not taken in may have been half written, or memory short: it is tried again. */
static void look_at_rules(struct mm_sink *s, int64_t now_us)
{
    bool behind = atomic_load(&mm_master_stats(s->o.master)->behind);

    mm_watch_rules(s->watch, behind, mm_now_us());
    mm_watch_unasked(s->watch, atomic_load(&mm_master_stats(s->o.master)->unasked) > 0,
                     mm_now_us());
    if (!behind || now_us - s->retried_us < RETRY_US)
        return;
    s->retried_us = now_us;
    mm_master_reload(s->o.master);
}

static enum mm_code housekeeping(struct mm_sink *s, int64_t now_us)
{
    if (now_us - s->housekept_us < HOUSEKEEPING_US)
        return MM_OK;
    s->housekept_us = now_us;
    mm_notify("WATCHDOG=1");
    find_queues(s);
    if (look_at_sources(s) != MM_OK)
        mm_log_warn("engine", "sources not read; the ones known stay");
    mm_exceptions_tick(&s->exceptions, mm_now_us(), now_us);
    mm_mirror_tick(&s->tailor, mm_now_us());
    mm_watch_tick(s->watch, &s->sources, mm_now_us(), now_us);
    look_at_rules(s, now_us);
    give_back(s);
    return mm_master_alive(s->o.master) ? MM_OK : MM_E_IO;
}

static enum mm_code step(struct mm_sink *s, bool stopping, bool *ret_worked)
{
    int64_t now = mm_mono_us();
    enum mm_code code = collect(s, ret_worked);

    if (code == MM_OK)
        code = housekeeping(s, now);
    if (code != MM_OK)
        return code;
    if (s->open == NULL && !stopping && open_batch(s, now))
        *ret_worked = true;
    /* What is counted in part is done to its end. */
    if (s->open != NULL && (!stopping || s->open->counted.to != 0) && feed(s))
        *ret_worked = true;
    /* A chunk that is not full goes out when its shard has nothing else to do. */
    if (s->open != NULL && s->chunk != NULL && mm_ring_idle(s->chunk_ring))
        submit(s);
    if (s->open != NULL && ((stopping && s->open->counted.to == 0) || should_close(s, now)))
        close_batch(s, stopping);
    hand_over(s);
    (void)pthread_mutex_lock(&s->lock);
    code = s->failed;
    (void)pthread_mutex_unlock(&s->lock);
    return code;
}

/* Is it time to stop? A reload is passed on. */
static bool told_to_stop(struct mm_sink *s, int signals)
{
    struct signalfd_siginfo info;

    while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo != SIGHUP)
            return true;
        mm_master_reload(s->o.master);
    }
    return false;
}

/* Is nothing on its way, and one queue the only place from which something can come? */
static bool is_idle(struct mm_sink *s)
{
    return s->queues_n == 1 && s->open == NULL && s->closing == NULL && waiting(s) == 0;
}

/* Until there may be something to do. Intake wakes who waits for a queue; fifty looks a second for
 * nothing cost more than all other programs together. */
static void wait_for_more(struct mm_sink *s, int signals)
{
    struct pollfd pfd[] = {{.fd = s->o.wake_fd, .events = POLLIN},
                           {.fd = signals, .events = POLLIN}};
    uint64_t n;

    /* What is there and cannot be read is tried again, but not at once. */
    if (is_idle(s) && !mm_spool_wait(s->queue[0]->reader, 0)) {
        (void)mm_spool_wait(s->queue[0]->reader, IDLE_MS);
        return;
    }
    if (poll(pfd, 2, TICK_MS) > 0 && (pfd[0].revents & POLLIN) != 0)
        (void)!read(s->o.wake_fd, &n, sizeof(n));
}

static enum mm_code loop(struct mm_sink *s, int signals)
{
    int64_t stop_until = INT64_MAX;
    bool stop = false;

    for (;;) {
        bool worked = false;
        enum mm_code code;

        stop = stop || told_to_stop(s, signals);
        code = step(s, stop, &worked);
        if (code != MM_OK)
            return code;
        if (stop) {
            if (stop_until == INT64_MAX)
                stop_until = mm_mono_us() + 5 * MM_US_PER_S;
            if ((s->open == NULL && s->closing == NULL && waiting(s) == 0) ||
                mm_mono_us() > stop_until)
                return MM_OK;
        }
        if (!worked)
            wait_for_more(s, signals);
    }
}

enum mm_code mm_sink_run(struct mm_sink *s, int signals)
{
    pthread_t storing, finishing;
    enum mm_code code = MM_E_NOMEM;

    if (pthread_create(&storing, NULL, mm_sink_store, s) != 0)
        return code;
    if (pthread_create(&finishing, NULL, mm_sink_finish, s) == 0) {
        code = loop(s, signals);
    } else {
        finishing = storing;
    }
    (void)pthread_mutex_lock(&s->lock);
    s->stopping = true;
    (void)pthread_mutex_unlock(&s->lock);
    mm_sink_over(s, &s->ready);
    (void)pthread_join(storing, NULL);
    if (finishing != storing)
        (void)pthread_join(finishing, NULL);
    return code;
}
