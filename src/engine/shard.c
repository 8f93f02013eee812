/* engine/shard.c - see shard.h for the contract. */
#include "engine/shard.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/rd.h"
#include "codec/ext/yaml.h"
#include "codec/syslog.h"
#include "detect/filter.h"
#include "detect/tuning.h"
#include "engine/headers.h"
#include "engine/merge.h"
#include "model/alert.h"
#include "os/file.h"
#include "os/log.h"
#include "parse/parse.h"
#include "store/events/native.h"

struct prepared {
    struct mm_formats *formats;
    struct mm_ruleset *rules;
};

/* An alert of the record being worked on, to be counted once the record is taken. */
struct pending {
    size_t slot;
    struct mm_alert alert; /* of its texts only those of the rule set are used */
};

/* How many alerts of one rule and company the chunk has. */
struct load {
    uint32_t company, rule, n; /* n 0: a free place */
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
    struct pending pending[MM_SHARD_HITS_MAX];
    size_t pending_n;
    struct mm_merge *merge;
    /* Of the chunk being worked on. */
    struct mm_cluster unread; /* as the chunk's, by index */
    struct mm_buf shape;
    uint32_t looked;   /* unread lines */
    uint32_t *alerted; /* per rule: alerts, hidden ones as well */
    struct load load[MM_SHARD_LOADS];
    uint64_t undecided;
    uint64_t fields[MM_CHUNK_FORMATS][MM_F_WORDS];
};

static void release(void *prepared)
{
    struct prepared *p = prepared;

    mm_rules_unref(&p->rules);
    mm_formats_free(&p->formats);
    free(p);
}

/* A broken format is refused alone; one of a name that the content has, too. */
static bool load_formats(struct prepared *p, const struct mm_shard_content *c)
{
    const char *own = c->own_formats_dir, *dir = c->formats_dir;

    static struct mm_format_errors errors; /* 20 KB; the master prepares one at a time */

    memset(&errors, 0, sizeof(errors));
    p->formats = mm_formats_new();
    if (p->formats == NULL || mm_formats_load(p->formats, dir, &errors) != MM_OK) {
        mm_log_error("engine", "formats not read: dir=%s", dir);
        return false;
    }
    mm_formats_own(p->formats);
    if (own != NULL && access(own, R_OK) == 0 && mm_formats_load(p->formats, own, &errors) != MM_OK)
        mm_log_warn("engine", "formats not all read: dir=%s", own);
    for (size_t i = 0; i < errors.count && i < MM_FORMATS_MAX_ERRORS; i++)
        mm_log_warn("engine", "format refused: %s:%u:%u %s: %s", errors.error[i].file,
                    errors.error[i].line, errors.error[i].column,
                    mm_formats_reason(errors.error[i].what), errors.error[i].detail);
    return mm_formats_count(p->formats) > 0;
}

/* What companies say about rules: NULL where there is no such file. False when it is not read. */
static bool load_tuning(const struct mm_shard_content *c, struct mm_tuning **ret)
{
    struct mm_fault fault = {.what = "err.io"};
    struct mm_buf text;
    bool ok;

    *ret = NULL;
    if (c->tailor == NULL || (access(c->tailor, F_OK) != 0 && errno == ENOENT))
        return true;
    mm_buf_init(&text, 2 * MM_YAML_MAX_SIZE);
    ok = mm_file_read(c->tailor, &text) == MM_OK &&
         mm_tuning_read(mm_buf_slice(&text), ret, &fault) == MM_OK;
    mm_buf_done(&text);
    if (!ok)
        mm_log_error("engine", "lists and levels of companies not read: %s:%zu: %s", c->tailor,
                     fault.at, mm_rules_reason(fault.what));
    return ok;
}

/*
 * Without what companies say, rules that they have switched off alert and those that wait for
 * their values are silent: rather go on with what was read before, where there is that.
 */
static bool load_rules(struct prepared *p, const struct mm_shard_content *c, bool whole)
{
    const char *dirs[MM_SHARD_RULE_DIRS];
    struct mm_rules_options options = {0};
    struct mm_tuning *tuning = NULL;
    struct mm_fault fault = {0};
    enum mm_code code;
    size_t n = 0;

    if (!load_tuning(c, &tuning) && whole)
        return false;
    options.tuning = tuning;
    for (size_t i = 0; i < c->rule_dirs_n; i++) {
        if (access(c->rule_dirs[i], R_OK) == 0)
            dirs[n++] = c->rule_dirs[i];
    }
    code = mm_rules_load(dirs, n, &options, &p->rules, &fault);
    mm_tuning_free(&tuning);
    if (code != MM_OK) {
        mm_log_error("engine", "rules not read: %s", fault.what == NULL ? "?" : fault.what);
        return false;
    }
    mm_log_info("engine", "rules: loaded=%zu refused=%zu formats=%zu", mm_rules_count(p->rules),
                mm_rules_refused(p->rules), mm_formats_count(p->formats));
    return true;
}

static void *prepare(void *arg, bool whole)
{
    const struct mm_shard_content *c = arg;
    struct prepared *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return NULL;
    if (!load_formats(p, c) || !load_rules(p, c, whole)) {
        release(p);
        return NULL;
    }
    return p;
}

static uint32_t unasked(const void *prepared)
{
    const struct prepared *p = prepared;

    return (uint32_t)mm_rules_unasked(p->rules); /* at most MM_TUNING_RULES_MAX */
}

static void *start(void *prepared)
{
    struct shard *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->p = prepared;
    s->scratch = mm_scratch_new();
    s->matcher = mm_matcher_new(s->p->rules);
    s->alerted = calloc(mm_rules_count(s->p->rules) + 1, sizeof(*s->alerted));
    s->merge = mm_merge_new();
    if (s->scratch == NULL || s->matcher == NULL || s->alerted == NULL || s->merge == NULL ||
        mm_native_new(MM_ET_EVENTS, &s->rows) != MM_OK ||
        mm_cluster_init(&s->unread, MM_CHUNK_UNREAD) != MM_OK)
        return NULL; /* NOLINT(clang-analyzer-unix.Malloc): the process ends, all is given back */
    mm_arena_init(&s->arena, 64 * 1024 * 1024);
    mm_buf_init(&s->event, MM_ALERT_MAX_EVENT);
    mm_buf_init(&s->alerts, MM_CHUNK_ALERTS);
    mm_buf_init(&s->shape, MM_CLUSTER_TEXT);
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
    ev->flags = (raw->flags & (uint16_t)~MM_EV_CHARSET) | MM_EV_UNPARSED;
    ev->keep_days = raw->keep_days;
    ev->company = raw->company;
    ev->source = raw->source;
    ev->received_us = ev->time_us = raw->received_us;
    ev->time_quality = MM_TQ_RECEIVED;
    ev->original = raw->body;
}

/* The event as JSON, made once. One too long for it still alerts; the store's row has all of it. */
static struct mm_slice event_json(struct shard *s)
{
    if (s->event.n == 0)
        mm_event_json(&s->event, &s->ev, true);
    return mm_buf_ok(&s->event) ? mm_buf_slice(&s->event) : (struct mm_slice){0};
}

/* One more of this rule and company: how many that makes, or 0 where nobody knows. */
static uint32_t load_one(struct shard *s, uint32_t company, uint32_t rule)
{
    enum { PROBES = 8 };
    uint32_t at = (company * 0x9e3779b1u) ^ (rule * 0x85ebca6bu);

    for (uint32_t i = 0; i < PROBES; i++) {
        struct load *l = &s->load[(at + i) % MM_SHARD_LOADS];

        if (l->n == 0)
            *l = (struct load){.company = company, .rule = rule};
        if (l->company == company && l->rule == rule)
            return ++l->n;
    }
    return 0;
}

/* Is the alert worth the bytes of the event and of the rule's words? */
static bool carries(struct shard *s, const struct mm_alert *a, uint32_t rule, size_t slot)
{
    return load_one(s, a->company, rule) <= MM_SHARD_RULE_FULL || a->succeeded ||
           mm_merge_kept(s->merge, slot) == 1;
}

/* One alert of the event, as itself or to be counted with others; filter 0: nothing hides it. */
static void put_alert(struct shard *s, uint32_t rule, uint32_t filter)
{
    struct pending *p = &s->pending[s->pending_n++];
    struct mm_alert *a = &p->alert;
    char tmp[MM_FIELD_TEXT];

    mm_rules_alert(s->p->rules, rule, &s->ev, tmp, a);
    if (filter > 0)
        a->hidden_by = mm_filters_get(s->p->rules, filter - 1)->id;
    p->slot = mm_merge_slot(s->merge, a, rule, filter);
    s->alerted[rule]++;
    if (mm_merge_full(s->merge, p->slot))
        return;
    /* 64 copies of the longest event do not fit: later ones point to the first by number. */
    if (!carries(s, a, rule, p->slot))
        a->doc = (struct mm_slice){0};
    else if (s->alerts.n < MM_CHUNK_ALERTS / 2)
        a->event = event_json(s);
    mm_alert_encode(&s->alerts, a);
}

/* Fill s->alerts with what the event alerts, and what filters hide. Returns how many bytes. */
static size_t match(struct shard *s)
{
    size_t n = mm_rules_match(s->matcher, &s->ev, s->hits, MM_SHARD_HITS_MAX), hidden_n;
    const struct mm_hidden *hidden;

    mm_buf_reset(&s->alerts);
    mm_buf_reset(&s->event);
    n = mm_min_size(n, MM_SHARD_HITS_MAX);
    hidden_n = mm_min_size(mm_matcher_hidden(s->matcher, &hidden), MM_SHARD_HITS_MAX - n);
    for (size_t i = 0; i < n; i++)
        put_alert(s, s->hits[i], 0);
    for (size_t i = 0; i < hidden_n; i++)
        put_alert(s, hidden[i].rule, hidden[i].filter + 1);
    MM_ASSERT(mm_buf_ok(&s->alerts));
    return s->alerts.n;
}

static struct mm_hint hint_of(const struct shard *s, const struct mm_chunk_source *src,
                              struct mm_charset_seen *seen)
{
    return (struct mm_hint){
        .format = src->format[0] == 0 ? MM_FORMAT_NONE
                                      : mm_formats_find(s->p->formats, mm_slice_str(src->format)),
        .offset_s = src->tz_offset_s,
        .charset = src->charset < MM_CS_COUNT ? (enum mm_charset)src->charset : MM_CS_UNKNOWN,
        .seen = seen,
    };
}

/* Names of formats are ours: one that is longer than MM_FORMAT_NAME is cut. */
static void put_name(char to[MM_FORMAT_NAME], struct mm_slice name)
{
    name = mm_slice_sub(name, 0, MM_FORMAT_NAME - 1);
    memset(to, 0, MM_FORMAT_NAME);
    if (name.n > 0)
        memcpy(to, name.p, name.n);
}

/* Put an unread line to those like it. */
static void note_unread(struct shard *s, struct mm_chunk *c, uint32_t at)
{
    const struct mm_chunk_rec *r = &c->rec[at];
    struct mm_slice line = mm_chunk_body(c, r), app = {0};
    struct mm_chunk_unread *u;
    struct mm_syslog syslog;
    struct mm_shape shape;
    size_t i;

    if (s->looked++ >= MM_CHUNK_UNREAD_LOOK)
        return;
    if (mm_syslog_parse(line, &syslog, NULL) == MM_OK) {
        app = mm_slice_sub(syslog.app, 0, MM_CLUSTER_APP);
        line = app.n > 0 ? syslog.msg : syslog.text;
    }
    mm_shape_of(line, &shape);
    i = mm_cluster_put(&s->unread, r->source_at, app, &shape);
    if (i == SIZE_MAX)
        return;
    u = &c->unread[i];
    if (i == c->unread_n) {
        c->unread_n++;
        *u = (struct mm_chunk_unread){.source_at = r->source_at, .app_n = (uint32_t)app.n};
        if (app.n > 0)
            memcpy(u->app, app.p, app.n);
    }
    u->count++;
    u->rec[u->recs_n < MM_UNREAD_EXAMPLES ? u->recs_n++ : MM_UNREAD_EXAMPLES - 1] = at;
    put_name(u->format, s->ev.format);
}

/* Count the event for its format, and note what stands in it. */
static void note_format(struct shard *s, struct mm_chunk *c, uint32_t source_at, bool parsed)
{
    struct mm_slice name = mm_slice_sub(s->ev.format, 0, MM_FORMAT_NAME - 1);
    uint32_t i = c->formats_n;

    /* Lines of one sender come in runs: the newest entries are looked at first. */
    while (i > 0 && !(c->format[i - 1].source_at == source_at &&
                      mm_slice_eq(mm_slice_str(c->format[i - 1].name), name)))
        i--;
    if (i == 0) {
        if (c->formats_n == MM_CHUNK_FORMATS)
            return;
        i = ++c->formats_n;
        c->format[i - 1] = (struct mm_chunk_format){.source_at = source_at};
        memset(s->fields[i - 1], 0, sizeof(s->fields[0]));
        put_name(c->format[i - 1].name, name);
    }
    c->format[i - 1].parsed += parsed ? 1 : 0;
    c->format[i - 1].unparsed += parsed ? 0 : 1;
    /* A device whose clock is wrong says when as well: only receipt stands in for no time. */
    if (s->ev.time_quality != MM_TQ_RECEIVED)
        c->format[i - 1].topics |= UINT32_C(1) << MM_TOPIC_TIME;
    for (size_t w = 0; w < MM_F_WORDS; w++)
        s->fields[i - 1][w] |= s->ev.has[w];
}

/* What was gathered on the way goes to the chunk. */
static void write_notes(struct shard *s, struct mm_chunk *c)
{
    for (uint32_t i = 0; i < c->unread_n; i++) {
        struct mm_chunk_unread *u = &c->unread[i];

        mm_shape_key(&s->unread.entry[i].shape, &s->shape);
        MM_ASSERT(mm_buf_ok(&s->shape));
        u->shape_n = (uint32_t)s->shape.n; /* <= MM_CLUSTER_TEXT */
        if (u->shape_n > 0)
            memcpy(u->shape, s->shape.p, u->shape_n);
    }
    for (uint32_t i = 0; i < c->formats_n; i++)
        c->format[i].topics |= mm_topics_of(s->fields[i]);
}

/* One record into rows and alerts. False when there is no room left: it was not taken. */
static bool take(struct shard *s, struct mm_chunk *c, struct mm_chunk_rec *r,
                 const struct mm_hint *hints)
{
    const struct mm_chunk_source *src = &c->source[r->source_at];
    struct mm_raw raw = {.body = mm_chunk_body(c, r),
                         .seq = r->seq,
                         .queue = c->queue,
                         .flags = r->flags & (MM_EV_TRUNCATED | MM_EV_IMPORTED | MM_EV_CHARSET),
                         .keep_days = src->keep_days,
                         .company = src->company,
                         .source = src->source,
                         .received_us = r->received_us};
    size_t alerts = 0;

    s->pending_n = 0;
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
        if (alerts > MM_CHUNK_ALERTS - MM_MERGE_BYTES - c->alerts_n)
            return false; /* an empty area takes any record's alerts: this one comes again */
    }
    if (mm_native_event(s->rows, &s->ev) != MM_OK)
        return false;
    if (alerts > 0) {
        memcpy(c->alerts + c->alerts_n, s->alerts.p, alerts);
        c->alerts_n += (uint32_t)alerts; /* <= MM_CHUNK_ALERTS, checked above */
    }
    for (size_t i = 0; i < s->pending_n; i++)
        mm_merge_add(s->merge, s->pending[i].slot, &s->pending[i].alert);
    if ((s->ev.flags & MM_EV_UNPARSED) != 0) {
        c->count[r->source_at].unparsed++;
        c->count[r->source_at].costly += (s->ev.flags & MM_EV_COSTLY) != 0 ? 1 : 0;
        note_unread(s, c, (uint32_t)(r - c->rec)); /* below MM_CHUNK_RECORDS */
    } else {
        c->count[r->source_at].parsed++;
    }
    note_format(s, c, r->source_at, (s->ev.flags & MM_EV_UNPARSED) == 0);
    if ((r->flags & MM_CHUNK_ASIDE) == 0 && mm_scratch_header(s->scratch))
        r->flags |= MM_CHUNK_HEADER;
    return true;
}

/* Alerts that stand for many, into the room that was kept for them. */
static void write_merged(struct shard *s, struct mm_chunk *c)
{
    mm_buf_reset(&s->alerts);
    mm_merge_write(s->merge, &s->alerts);
    MM_ASSERT(mm_buf_ok(&s->alerts) && s->alerts.n <= MM_CHUNK_ALERTS - c->alerts_n);
    if (s->alerts.n > 0)
        memcpy(c->alerts + c->alerts_n, s->alerts.p, s->alerts.n);
    c->alerts_n += (uint32_t)s->alerts.n;
}

static void put(void *ctx, struct mm_slice bytes)
{
    struct mm_chunk *c = ctx;

    MM_ASSERT(bytes.n <= MM_CHUNK_OUT - c->out_n);
    if (bytes.n > 0)
        memcpy(c->out + c->out_n, bytes.p, bytes.n);
    c->out_n += (uint32_t)bytes.n;
}

/* A line of which only the parser's memory of the source is wanted; what it shows of the character
 * set is known. */
static void hear(struct shard *s, const struct mm_chunk *c, uint32_t source_at,
                 struct mm_slice line, const struct mm_hint *hints)
{
    struct mm_charset_seen seen = *hints[source_at].seen;
    struct mm_hint hint = hints[source_at];
    struct mm_raw raw = {.body = line,
                         .queue = c->queue,
                         .company = c->source[source_at].company,
                         .source = c->source[source_at].source,
                         .received_us = c->rec[0].received_us};

    hint.seen = &seen;
    mm_parse(s->p->formats, s->scratch, &s->arena, &raw, &hint, &s->ev);
    mm_arena_reset(&s->arena);
}

/* What a sender had said before the chunk. */
static struct mm_rd head_of(const struct mm_chunk *c, uint32_t source_at)
{
    const struct mm_chunk_source *source = &c->source[source_at];

    MM_ASSERT(source->head_at <= c->in_n && source->head_n <= c->in_n - source->head_at);
    return mm_rd_of(mm_slice_of(c->in + source->head_at, source->head_n));
}

/* What holds for the records to come: what was said before the chunk, then, in a later round, what
 * the records say that are done. */
static void read_heads(struct shard *s, const struct mm_chunk *c, const struct mm_hint *hints)
{
    for (uint32_t i = 0; i < c->sources_n; i++) {
        struct mm_charset_seen seen;
        struct mm_slice line;
        struct mm_rd rd;

        /* The set first: a line that names columns may leave a choice, too. */
        for (rd = head_of(c, i); mm_rd_until(&rd, '\n', &line);)
            (void)mm_headers_seen_of(line, hints[i].seen);
        for (rd = head_of(c, i); mm_rd_until(&rd, '\n', &line);) {
            if (!mm_headers_seen_of(line, &seen))
                hear(s, c, i, line, hints);
        }
    }
    for (uint32_t i = 0; i < c->from_n; i++) {
        const struct mm_chunk_rec *r = &c->rec[i];
        struct mm_slice body = mm_chunk_body(c, r);

        if ((r->flags & MM_CHUNK_ASIDE) != 0)
            continue;
        if ((r->flags & MM_CHUNK_HEADER) != 0 || mm_headers_is(body))
            hear(s, c, r->source_at, body, hints);
        /* Where the record says its set, nothing is learned (mm_parse). */
        if ((r->flags & MM_EV_CHARSET) == 0 && !mm_charset_plain(body))
            (void)mm_charset_detect(body, hints[r->source_at].seen);
    }
}

static void name_rule(struct mm_chunk_rule *to, const struct shard *s, size_t rule, uint64_t count)
{
    struct mm_slice id = mm_slice_sub(mm_rules_get(s->p->rules, rule)->id, 0, sizeof(to->id) - 1);

    memset(to, 0, sizeof(*to));
    to->count = count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
    if (id.n > 0)
        memcpy(to->id, id.p, id.n);
}

/* Which rule matched nearly everything, and which could not be decided? */
static void note_rules(struct shard *s, struct mm_chunk *c, uint32_t done)
{
    struct mm_matcher_stats st = mm_matcher_stats(s->matcher);
    size_t n = mm_rules_count(s->p->rules), most = 0;

    c->loud = c->undecided = (struct mm_chunk_rule){0};
    for (size_t i = 1; i < n; i++)
        most = s->alerted[i] > s->alerted[most] ? i : most;
    if (n > 0 && done >= MM_SHARD_LOUD_MIN && s->alerted[most] > done / 2)
        name_rule(&c->loud, s, most, s->alerted[most]);
    if (st.undecided > s->undecided)
        name_rule(&c->undecided, s, st.undecided_rule, st.undecided - s->undecided);
    s->undecided = st.undecided;
}

static void work(void *shard, struct mm_chunk *c)
{
    struct shard *s = shard;
    struct mm_charset_seen seen[MM_CHUNK_SOURCES] = {0};
    struct mm_hint hints[MM_CHUNK_SOURCES];
    uint32_t done = c->from_n;

    /* A shard that died here may have left a part: begin this round afresh. */
    c->out_n = 0;
    c->alerts_n = 0;
    c->unread_n = 0;
    c->formats_n = 0;
    s->looked = 0;
    memset(s->alerted, 0, mm_rules_count(s->p->rules) * sizeof(*s->alerted));
    memset(s->load, 0, sizeof(s->load));
    mm_cluster_reset(&s->unread);
    mm_merge_reset(s->merge);
    memset(c->count, 0, c->sources_n * sizeof(c->count[0]));
    mm_native_reset(s->rows);
    for (uint32_t i = 0; i < c->sources_n; i++)
        hints[i] = hint_of(s, &c->source[i], &seen[i]);
    /* Where a shard has died, the lines behind heads may not be what it died of: do without. */
    if (c->deaths == 0)
        read_heads(s, c, hints);
    while (done < c->records_n) {
        atomic_store_explicit(&c->at, done, memory_order_relaxed);
        if (!take(s, c, &c->rec[done], hints))
            break;
        done++;
        mm_arena_reset(&s->arena);
    }
    MM_ASSERT(done > c->from_n); /* an empty output takes any record */
    MM_ASSERT(mm_native_put(s->rows, put, c) == MM_OK);
    write_merged(s, c);
    write_notes(s, c);
    note_rules(s, c, done - c->from_n);
    c->done_n = done;
}

struct mm_shard_ops mm_shard_ops(const struct mm_shard_content *content)
{
    return (struct mm_shard_ops){.prepare = prepare,
                                 .release = release,
                                 .unasked = unasked,
                                 .start = start,
                                 .work = work,
                                 /* The content outlives the master and is only read. */
                                 .arg = (void *)(uintptr_t)content};
}
