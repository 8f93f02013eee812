/* engine/shard.c - see shard.h for the contract. */
#include "engine/shard.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "detect/detect.h"
#include "model/alert.h"
#include "os/log.h"
#include "os/sandbox.h"
#include "parse/parse.h"
#include "store/events/native.h"

/* Address space of one shard: rings, rules, rows of a chunk, an arena; then some. */
#define SHARD_MEMORY (UINT64_C(4) * 1024 * 1024 * 1024)

struct prepared {
    struct mm_formats *formats;
    struct mm_ruleset *rules;
};

struct shard {
    const struct prepared *p;
    struct mm_scratch *scratch;
    struct mm_matcher *matcher;
    struct mm_native *rows;
    struct mm_arena arena;
    struct mm_buf event;  /* one event as JSON */
    struct mm_buf alerts; /* alerts of one record */
    struct mm_event ev;
    uint32_t hits[MM_SHARD_HITS_MAX];
};

static void release(void *prepared)
{
    struct prepared *p = prepared;

    mm_rules_unref(&p->rules);
    mm_formats_free(&p->formats);
    free(p);
}

static bool load_formats(struct prepared *p, const char *dir)
{
    static struct mm_format_errors errors; /* 20 KB; the master prepares one at a time */

    memset(&errors, 0, sizeof(errors));
    p->formats = mm_formats_new();
    if (p->formats == NULL || mm_formats_load(p->formats, dir, &errors) != MM_OK) {
        mm_log_error("engine", "formats not read: dir=%s", dir);
        return false;
    }
    for (size_t i = 0; i < errors.count && i < MM_FORMATS_MAX_ERRORS; i++)
        mm_log_warn("engine", "format refused: %s:%u %s %s", errors.error[i].file,
                    errors.error[i].line, errors.error[i].what, errors.error[i].detail);
    return mm_formats_count(p->formats) > 0;
}

static bool load_rules(struct prepared *p, const struct mm_shard_content *c)
{
    const char *dirs[MM_SHARD_RULE_DIRS];
    struct mm_fault fault = {0};
    size_t n = 0;

    for (size_t i = 0; i < c->rule_dirs_n; i++) {
        if (access(c->rule_dirs[i], R_OK) == 0)
            dirs[n++] = c->rule_dirs[i];
    }
    if (mm_rules_load(dirs, n, NULL, &p->rules, &fault) != MM_OK) {
        mm_log_error("engine", "rules not read: %s", fault.what == NULL ? "?" : fault.what);
        return false;
    }
    mm_log_info("engine", "rules: loaded=%zu refused=%zu formats=%zu", mm_rules_count(p->rules),
                mm_rules_refused(p->rules), mm_formats_count(p->formats));
    return true;
}

static void *prepare(void *arg)
{
    const struct mm_shard_content *c = arg;
    struct prepared *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return NULL;
    if (!load_formats(p, c->formats_dir) || !load_rules(p, c)) {
        release(p);
        return NULL;
    }
    return p;
}

static void *start(void *prepared)
{
    struct shard *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->p = prepared;
    s->scratch = mm_scratch_new();
    s->matcher = mm_matcher_new(s->p->rules);
    if (s->scratch == NULL || s->matcher == NULL || mm_native_new(MM_ET_EVENTS, &s->rows) != MM_OK)
        return NULL; /* NOLINT(clang-analyzer-unix.Malloc): the process ends, all is given back */
    mm_arena_init(&s->arena, 64 * 1024 * 1024);
    mm_buf_init(&s->event, MM_ALERT_MAX_EVENT);
    mm_buf_init(&s->alerts, MM_CHUNK_ALERTS);
    return s;
}

#ifdef MM_TEST_BUILD
/* Is one of the marks that only builds for tests know in this record? */
static bool planted(struct mm_slice body, const char *name)
{
    const char *mark = getenv(name);

    return mark != NULL && mark[0] != 0 && mm_slice_search(body, mm_slice_str(mark)) != SIZE_MAX;
}

/* A planted record that kills its shard, or at which it stays. */
static void die_if_planted(struct mm_slice body)
{
    if (planted(body, "MM_TEST_CRASH_MARK"))
        abort();
    if (planted(body, "MM_TEST_HANG_MARK")) {
        for (;;)
            __asm__ volatile(""); /* the sandbox allows no call to sleep in */
    }
}
#endif

static void raw_event(struct mm_event *ev, const struct mm_raw *raw)
{
    mm_event_reset(ev);
    ev->queue = raw->queue;
    ev->seq = raw->seq;
    ev->flags = raw->flags | MM_EV_UNPARSED;
    ev->keep_days = raw->keep_days;
    ev->company = raw->company;
    ev->source = raw->source;
    ev->received_us = ev->time_us = raw->received_us;
    ev->time_quality = MM_TQ_RECEIVED;
    ev->original = raw->body;
}

/* Fill s->alerts with what the event alerts. Returns how many bytes. */
static size_t match(struct shard *s)
{
    size_t n = mm_rules_match(s->matcher, &s->ev, s->hits, MM_SHARD_HITS_MAX);
    struct mm_slice event;

    mm_buf_reset(&s->alerts);
    if (n == 0)
        return 0;
    mm_buf_reset(&s->event);
    mm_event_json(&s->event, &s->ev, true);
    /* An event too long for its JSON still alerts; the row in the store has all of it. */
    event = mm_buf_ok(&s->event) ? mm_buf_slice(&s->event) : (struct mm_slice){0};
    for (size_t i = 0; i < n && i < MM_SHARD_HITS_MAX; i++) {
        struct mm_alert a;
        char tmp[MM_FIELD_TEXT];

        mm_rules_alert(s->p->rules, s->hits[i], &s->ev, tmp, &a);
        /* 64 copies of the longest event do not fit: later ones point to the first by number. */
        a.event = s->alerts.n < MM_CHUNK_ALERTS / 2 ? event : (struct mm_slice){0};
        mm_alert_encode(&s->alerts, &a);
    }
    MM_ASSERT(mm_buf_ok(&s->alerts));
    return s->alerts.n;
}

static struct mm_hint hint_of(const struct shard *s, const struct mm_chunk_source *src)
{
    return (struct mm_hint){
        .format = src->format[0] == 0 ? MM_FORMAT_NONE
                                      : mm_formats_find(s->p->formats, mm_slice_str(src->format)),
        .offset_s = src->tz_offset_s,
    };
}

/* One record into rows and alerts. False when there is no room left: it was not taken. */
static bool take(struct shard *s, struct mm_chunk *c, const struct mm_chunk_rec *r,
                 const struct mm_hint *hints)
{
    const struct mm_chunk_source *src = &c->source[r->source_at];
    struct mm_raw raw = {.body = mm_chunk_body(c, r),
                         .seq = r->seq,
                         .queue = c->queue,
                         .flags = r->flags & (MM_EV_TRUNCATED | MM_EV_IMPORTED),
                         .keep_days = src->keep_days,
                         .company = src->company,
                         .source = src->source,
                         .received_us = r->received_us};
    size_t alerts = 0;

    if (mm_native_bytes(s->rows) > MM_CHUNK_OUT - MM_SHARD_ROW_MAX)
        return false;
    if ((r->flags & MM_CHUNK_ASIDE) != 0) {
        raw_event(&s->ev, &raw);
    } else {
#ifdef MM_TEST_BUILD
        die_if_planted(raw.body);
#endif
        mm_parse(s->p->formats, s->scratch, &s->arena, &raw, &hints[r->source_at], &s->ev);
        alerts = match(s);
        if (alerts > MM_CHUNK_ALERTS - c->alerts_n)
            return false; /* an empty area takes any record's alerts: this one comes again */
    }
    if (mm_native_event(s->rows, &s->ev) != MM_OK)
        return false;
    if (alerts > 0) {
        memcpy(c->alerts + c->alerts_n, s->alerts.p, alerts);
        c->alerts_n += (uint32_t)alerts; /* <= MM_CHUNK_ALERTS, checked above */
    }
    if ((s->ev.flags & MM_EV_UNPARSED) != 0)
        c->count[r->source_at].unparsed++;
    else
        c->count[r->source_at].parsed++;
    return true;
}

static void put(void *ctx, struct mm_slice bytes)
{
    struct mm_chunk *c = ctx;

    MM_ASSERT(bytes.n <= MM_CHUNK_OUT - c->out_n);
    memcpy(c->out + c->out_n, bytes.p, bytes.n);
    c->out_n += (uint32_t)bytes.n;
}

static void work(void *shard, struct mm_chunk *c)
{
    struct shard *s = shard;
    struct mm_hint hints[MM_CHUNK_SOURCES];
    uint32_t done = c->from_n;

    /* A shard that died here may have left a part: begin this round afresh. */
    c->out_n = 0;
    c->alerts_n = 0;
    memset(c->count, 0, c->sources_n * sizeof(c->count[0]));
    mm_native_reset(s->rows);
    for (uint32_t i = 0; i < c->sources_n; i++)
        hints[i] = hint_of(s, &c->source[i]);
    while (done < c->records_n) {
        atomic_store_explicit(&c->at, done, memory_order_relaxed);
        if (!take(s, c, &c->rec[done], hints))
            break;
        done++;
        mm_arena_reset(&s->arena);
    }
    MM_ASSERT(done > c->from_n); /* an empty output takes any record */
    MM_ASSERT(mm_native_put(s->rows, put, c) == MM_OK);
    c->done_n = done;
}

static bool confine(void)
{
    struct mm_sandbox box = {.may = MM_MAY_COMPUTE, .memory_max = SHARD_MEMORY, .kill = true};
    unsigned missing = 0;
    enum mm_code code = mm_sandbox_enter(&box, &missing);

    if (missing != 0)
        mm_log_warn("engine", "this kernel cannot confine shards wholly: missing=%u", missing);
    return code == MM_OK;
}

struct mm_shard_ops mm_shard_ops(const struct mm_shard_content *content)
{
    return (struct mm_shard_ops){.prepare = prepare,
                                 .release = release,
                                 .start = start,
                                 .confine = confine,
                                 .work = work,
                                 /* The content outlives the master and is only read. */
                                 .arg = (void *)(uintptr_t)content};
}
