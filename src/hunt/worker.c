/* hunt/worker.c - see worker.h for the contract. */
#include "hunt/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "hunt/packed.h"
#include "hunt/worker_priv.h"

enum {
    ARENA_MAX = 64 * 1024 * 1024,
    OUT_FULL = 64 * 1024,    /* written when it holds this much */
    HITS_MAX = 1024,         /* rules that match one event; SigmaHQ's most is 30 */
    MOVED_BYTES = 1 << 20,   /* progress is told this often */
    TELLS_MAX = 8,           /* telling fields of one alert */
    TELLS_ENOUGH = 4,        /* from here on, values without a name of ours are left out */
    LEARN_BYTES = 64 * 1024, /* first lines of a file that its later parts are told */
    TELL_LENGTH = 1000,      /* bytes of one; MM_HF_MAX_TEXT is the frame's limit */
};

struct mm_hunt_worker *mm_hunt_worker_new(const struct mm_hunt_rules *rules)
{
    struct mm_hunt_worker *w = calloc(1, sizeof(*w));

    if (w == NULL)
        return NULL;
    w->rules = *rules;
    mm_arena_init(&w->arena, ARENA_MAX);
    mm_buf_init(&w->out, 4 * (size_t)MM_HF_MAX);
    mm_buf_init(&w->tells, MM_HF_MAX_TELLS);
    mm_buf_init(&w->json, MM_HF_MAX_EVENT);
    w->scratch = mm_scratch_new();
    w->matcher = mm_matcher_new(rules->set);
    w->ev = calloc(1, sizeof(*w->ev));
    w->evtx = calloc(1, sizeof(*w->evtx));
    w->check = mm_json_new(MM_MAX_LINE);
    w->block = malloc(MM_FEED_BLOCK);
    w->text = malloc(mm_utf16_room(MM_FEED_BLOCK));
    w->line = calloc(1, MM_MAX_LINE + MM_PADDING);
    w->shown = calloc(mm_rules_count(rules->set) + 1, sizeof(*w->shown));
    if (w->scratch == NULL || w->matcher == NULL || w->ev == NULL || w->evtx == NULL ||
        w->check == NULL || w->block == NULL || w->text == NULL || w->line == NULL ||
        w->shown == NULL)
        mm_hunt_worker_free(&w);
    return w;
}

void mm_hunt_worker_free(struct mm_hunt_worker **w)
{
    if (*w == NULL)
        return;
    mm_scratch_free(&(*w)->scratch);
    mm_matcher_free(&(*w)->matcher);
    mm_arena_done(&(*w)->arena);
    mm_buf_done(&(*w)->out);
    mm_buf_done(&(*w)->tells);
    mm_buf_done(&(*w)->json);
    free((*w)->ev);
    free((*w)->evtx);
    mm_json_free(&(*w)->check);
    free((*w)->block);
    free((*w)->text);
    free((*w)->line);
    free((*w)->shown);
    free(*w);
    *w = NULL;
}

/* ---- frames ---- */

static void flush(struct mm_hunt_worker *w)
{
    size_t at = 0;

    while (at < w->out.n && !w->failed) {
        ssize_t n = write(w->to, w->out.p + at, w->out.n - at);

        if (n < 0 && errno != EINTR)
            w->failed = true;
        at += n > 0 ? (size_t)n : 0;
    }
    w->failed = w->failed || !mm_buf_ok(&w->out);
    mm_buf_reset(&w->out);
}

void mm_hunt_put(struct mm_hunt_worker *w, const struct mm_hunt_frame *f)
{
    mm_hunt_frame_put(&w->out, f);
    if (w->out.n >= OUT_FULL)
        flush(w);
}

void mm_hunt_begin_sums(struct mm_hunt_worker *w)
{
    w->sums = (struct mm_hunt_sums){0};
    w->told_bytes = w->told_events = 0;
}

void mm_hunt_begin(struct mm_hunt_worker *w, uint32_t part, struct mm_slice member)
{
    struct mm_hunt_frame f = {.kind = MM_HF_BEGIN, .part = part, .name = member};

    mm_hunt_begin_sums(w);
    w->hint = w->rules.hint;
    mm_hunt_put(w, &f);
    /* Whoever dies over this file must have named it. */
    flush(w);
}

static void tell_moved(struct mm_hunt_worker *w)
{
    struct mm_hunt_frame f = {.kind = MM_HF_MOVED};

    f.sums.bytes = w->sums.bytes - w->told_bytes;
    f.sums.events = w->sums.events - w->told_events;
    w->told_bytes = w->sums.bytes;
    w->told_events = w->sums.events;
    mm_hunt_put(w, &f);
    flush(w);
}

void mm_hunt_moved(struct mm_hunt_worker *w, size_t n)
{
    w->sums.bytes += n;
    if (w->sums.bytes - w->told_bytes >= MOVED_BYTES)
        tell_moved(w);
}

void mm_hunt_end(struct mm_hunt_worker *w, enum mm_hunt_state state)
{
    struct mm_hunt_frame f = {.kind = MM_HF_END, .state = state};

    tell_moved(w);
    f.sums = w->sums;
    mm_hunt_put(w, &f);
    flush(w);
}

void mm_hunt_tell_broken(struct mm_hunt_worker *w, uint64_t record, uint64_t at, const char *why)
{
    struct mm_hunt_frame f = {
        .kind = MM_HF_BROKEN, .record = record, .at = at, .name = mm_slice_str(why)};

    mm_hunt_put(w, &f);
}

/* ---- events ---- */

static struct mm_slice text_of(const struct mm_event *ev, enum mm_field f, char tmp[MM_FIELD_TEXT])
{
    return mm_event_has(ev, f) ? mm_event_as_text(ev, f, tmp) : (struct mm_slice){0};
}

static bool is(const struct mm_event *ev, enum mm_field f, const char *word)
{
    return mm_event_has(ev, f) && mm_slice_ieq(ev->val[f].text, mm_slice_str(word));
}

/* Which kinds of record there are is said in reports: what was never written cannot be found. */
static uint32_t kinds_of(const struct mm_event *ev)
{
    static const struct {
        const char *channel;
        uint32_t seen;
    } channels[] = {
        {"Security", MM_SEEN_SECURITY},
        {"System", MM_SEEN_SYSTEM},
        {"Microsoft-Windows-Sysmon/Operational", MM_SEEN_SYSMON},
        {"Microsoft-Windows-PowerShell/Operational", MM_SEEN_POWERSHELL},
        {"Windows PowerShell", MM_SEEN_POWERSHELL},
        {"Microsoft-Windows-Windows Defender/Operational", MM_SEEN_DEFENDER},
    };
    uint32_t seen = 0;

    if (mm_event_has(ev, MM_F_PROCESS_COMMAND_LINE))
        seen |= MM_SEEN_PROCESS;
    if (mm_event_has(ev, MM_F_WINLOG_CHANNEL)) {
        for (size_t i = 0; i < MM_COUNT(channels); i++)
            seen |= is(ev, MM_F_WINLOG_CHANNEL, channels[i].channel) ? channels[i].seen : 0;
        return seen;
    }
    if (is(ev, MM_F_EVENT_CATEGORY, "network") || is(ev, MM_F_EVENT_CATEGORY, "web") ||
        is(ev, MM_F_EVENT_CATEGORY, "intrusion_detection"))
        seen |= MM_SEEN_NETWORK;
    else if (ev->format.n > 0)
        seen |= MM_SEEN_UNIX;
    return seen;
}

static const enum mm_field tell_fields[] = {
#define MM_TELL(field) MM_F_##field,
#include "hunt/tells.def"
#undef MM_TELL
#undef MM_TELL_DATA
#undef MM_TELL_NOT
};

#define EVENT_DATA "winlog.event_data."

static const struct mm_slice tell_data[] = {
#define MM_TELL_DATA(name) MM_S_INIT(EVENT_DATA name),
#include "hunt/tells.def"
#undef MM_TELL
#undef MM_TELL_DATA
#undef MM_TELL_NOT
};

static const struct mm_slice tell_not[] = {
#define MM_TELL_NOT(name) MM_S_INIT(EVENT_DATA name),
#include "hunt/tells.def"
#undef MM_TELL
#undef MM_TELL_DATA
#undef MM_TELL_NOT
};

static bool listed(const struct mm_slice *list, size_t n, struct mm_slice name)
{
    for (size_t i = 0; i < n; i++) {
        if (mm_slice_eq(list[i], name))
            return true;
    }
    return false;
}

static void put_tells(struct mm_hunt_worker *w)
{
    const struct mm_event *ev = w->ev;
    char tmp[MM_FIELD_TEXT];
    size_t n = 0;

    mm_buf_reset(&w->tells);
    for (size_t i = 0; i < MM_COUNT(tell_fields) && n < TELLS_MAX; i++) {
        struct mm_slice v = text_of(ev, tell_fields[i], tmp);

        if (v.n == 0)
            continue;
        mm_hunt_frame_put_tell(&w->tells, mm_field_name(tell_fields[i]),
                               mm_slice_sub(v, 0, TELL_LENGTH));
        n++;
    }
    for (size_t i = 0; i < MM_COUNT(tell_data) && n < TELLS_MAX; i++) {
        const struct mm_slice *v = mm_event_extra(ev, tell_data[i]);

        if (v == NULL || v->n == 0)
            continue;
        mm_hunt_frame_put_tell(&w->tells, tell_data[i], mm_slice_sub(*v, 0, TELL_LENGTH));
        n++;
    }
    for (size_t i = 0; i < ev->extra_n && n < TELLS_MAX && n < TELLS_ENOUGH + 2; i++) {
        struct mm_slice name = ev->extra[i].name;

        if (ev->extra[i].value.n == 0 || listed(tell_data, MM_COUNT(tell_data), name) ||
            listed(tell_not, MM_COUNT(tell_not), name))
            continue;
        mm_hunt_frame_put_tell(&w->tells, name, mm_slice_sub(ev->extra[i].value, 0, TELL_LENGTH));
        n++;
    }
}

/* Which machine the alert is about: what the rule says when that is a machine, else who the event
 * is of, and last who reported it. A firewall that tells of a PC is not to be taken off the
 * network. */
static struct mm_slice machine(const struct mm_event *ev, const struct mm_alert *alert,
                               char tmp[MM_FIELD_TEXT])
{
    static const enum mm_field fields[] = {MM_F_HOST_NAME, MM_F_HOST_IP, MM_F_OBSERVER_NAME};
    struct mm_slice v = {0};

    if (alert->entity.n > 0 && (mm_slice_starts(alert->entity_field, MM_S("host.")) ||
                                mm_slice_starts(alert->entity_field, MM_S("source.")) ||
                                mm_slice_starts(alert->entity_field, MM_S("destination."))))
        return alert->entity;
    for (size_t i = 0; i < MM_COUNT(fields) && v.n == 0; i++)
        v = text_of(ev, fields[i], tmp);
    return v;
}

static void put_hit(struct mm_hunt_worker *w, uint32_t rule, uint64_t record)
{
    char host[MM_FIELD_TEXT], user[MM_FIELD_TEXT], entity[MM_FIELD_TEXT];
    struct mm_event *ev = w->ev;
    struct mm_alert alert;
    struct mm_hunt_frame f = {
        .kind = MM_HF_HIT, .rule = rule, .record = record, .time_us = ev->time_us};

    mm_rules_alert(w->rules.set, rule, ev, entity, &alert);
    f.host = machine(ev, &alert, host);
    if (w->rules.choice != NULL && !mm_hunt_choice_host(w->rules.choice, f.host))
        return;
    f.user = text_of(ev, MM_F_USER_NAME, user);
    f.prevented = alert.prevented ? 1 : 0;
    if (w->rules.most == 0 || w->shown[rule] < w->rules.most) {
        w->shown[rule]++;
        f.shown = 1;
        f.entity_field = alert.entity_field;
        f.entity = alert.entity;
        if (w->tells.n == 0)
            put_tells(w);
        if (w->json.n == 0)
            mm_event_json(&w->json, ev, false);
        f.tells = mm_buf_slice(&w->tells);
        f.event = mm_buf_ok(&w->json) ? mm_buf_slice(&w->json) : (struct mm_slice){0};
    }
    w->sums.hits++;
    mm_hunt_put(w, &f);
}

/* Is the event's own time known, and outside what was asked for? */
static bool outside(struct mm_hunt_worker *w)
{
    int64_t t = w->ev->time_us;

    if (w->ev->time_quality == MM_TQ_RECEIVED)
        return false;
    if (w->sums.first_us == 0 || t < w->sums.first_us)
        w->sums.first_us = t;
    if (t > w->sums.last_us)
        w->sums.last_us = t;
    return (w->rules.from_us != 0 && t < w->rules.from_us) ||
           (w->rules.to_us != 0 && t >= w->rules.to_us);
}

void mm_hunt_event(struct mm_hunt_worker *w, uint64_t record)
{
    uint32_t hits[HITS_MAX];
    size_t n;

    w->sums.events++;
    w->sums.unread += (w->ev->flags & MM_EV_UNPARSED) != 0 ? 1 : 0;
    w->sums.seen |= kinds_of(w->ev);
    if (outside(w)) {
        w->sums.outside++;
        return;
    }
    n = mm_min_size(mm_rules_match(w->matcher, w->ev, hits, HITS_MAX), HITS_MAX);
    mm_buf_reset(&w->tells);
    mm_buf_reset(&w->json);
    for (size_t i = 0; i < n; i++) {
        if (mm_rules_get(w->rules.set, hits[i])->level >= w->rules.level &&
            (w->rules.pass == NULL || !w->rules.pass[hits[i]]))
            put_hit(w, hits[i], record);
    }
}

void mm_hunt_parse(struct mm_hunt_worker *w, struct mm_slice line, bool cut)
{
    struct mm_raw raw = {.seq = w->sums.events + 1,
                         .source = w->file,
                         .received_us = w->received_us,
                         .flags = MM_EV_IMPORTED | (cut ? MM_EV_TRUNCATED : 0)};

    MM_ASSERT(line.n > 0 && line.n <= MM_MAX_LINE);
    memcpy(w->line, line.p, line.n);
    raw.body = mm_slice_of(w->line, line.n);
    mm_arena_reset(&w->arena);
    mm_parse(w->rules.formats, w->scratch, &w->arena, &raw, &w->hint, w->ev);
}

void mm_hunt_line(void *worker, struct mm_slice line, bool cut)
{
    struct mm_hunt_worker *w = worker;

    while (line.n > 0 && line.p[0] == 0) /* space that was never written */
        line = mm_slice_sub(line, 1, SIZE_MAX);
    if (line.n == 0)
        return;
    mm_hunt_parse(w, line, cut);
    w->sums.cut += cut ? 1 : 0;
    mm_hunt_event(w, w->sums.events + 1);
}

/* ---- files ---- */

/* A part of an open file. */
struct span {
    int fd;
    bool pipe;
    uint64_t from, at, to;
};

static ssize_t read_span(void *ctx, uint8_t *p, size_t n)
{
    struct span *s = ctx;
    ssize_t got;

    if (s->to > 0 && n > s->to - s->at)
        n = (size_t)(s->to - s->at);
    do {
        got = s->pipe ? read(s->fd, p, n) : pread(s->fd, p, n, (off_t)s->at);
    } while (got < 0 && errno == EINTR);
    if (got > 0)
        s->at += (uint64_t)got;
    return got;
}

static int64_t seek_span(void *ctx, int64_t offset, int whence)
{
    struct span *s = ctx;
    off_t at;

    if (whence == SEEK_CUR)
        offset += (int64_t)s->at;
    at = lseek(s->fd, (off_t)offset, whence == SEEK_CUR ? SEEK_SET : whence);
    if (at >= 0)
        s->at = (uint64_t)at;
    return at;
}

/* What the feed has looked at already comes first: a pipe cannot go back. */
static ssize_t read_feed(void *ctx, uint8_t *p, size_t n)
{
    struct mm_feed *f = ctx;
    size_t got = mm_feed_fill(f, p, n);

    return got == 0 && f->failed ? -1 : (ssize_t)got;
}

static enum mm_hunt_state read_archive(struct mm_hunt_worker *w, uint32_t part,
                                       struct mm_feed *feed, struct span *span)
{
    struct mm_archive_source source = {.read = read_span, .seek = seek_span, .ctx = span};
    uint64_t packed = span->to;

    if (span->pipe)
        source = (struct mm_archive_source){.read = read_feed, .ctx = feed};
    source.password = w->rules.password;
    span->at = span->from;
    return mm_hunt_read_packed(w, part, &source, packed);
}

/* Where the first line at or behind a byte begins; the file's end where there is none. */
static uint64_t line_at(struct mm_hunt_worker *w, int fd, uint64_t at, uint64_t size)
{
    struct span span = {.fd = fd, .at = at == 0 ? 0 : at - 1, .to = size};

    while (at > 0 && at < size) {
        uint64_t from = span.at;
        ssize_t n = read_span(&span, w->block, MM_FEED_BLOCK);
        size_t end = mm_slice_find(mm_slice_of(w->block, n > 0 ? (size_t)n : 0), '\n', 0);

        if (n <= 0)
            return size;
        if (end != SIZE_MAX)
            return from + end + 1;
        if (span.at >= size)
            return size;
    }
    return at;
}

/* The lines that begin in the task's bytes. */
static enum mm_hunt_state read_lines(struct mm_hunt_worker *w, const struct mm_hunt_task *task)
{
    struct span head = {.fd = task->fd, .to = mm_min_size(task->size, LEARN_BYTES)};
    struct span span = {.fd = task->fd};
    struct mm_feed feed;
    ssize_t n = 0;

    span.from = span.at = line_at(w, task->fd, task->from, task->size);
    span.to = line_at(w, task->fd, task->to, task->size);
    if (span.at >= span.to)
        return MM_HUNT_READ; /* one line is longer than the part */
    if (task->from > 0)
        n = read_span(&head, w->block, LEARN_BYTES);
    if (n > 0)
        mm_hunt_learn(w, mm_slice_of(w->block, (size_t)n));
    mm_feed_init(&feed, read_span, &span);
    return mm_hunt_read_lines(w, &feed);
}

static void read_task(struct mm_hunt_worker *w, uint32_t part, const struct mm_hunt_task *task)
{
    struct span span = {.fd = task->fd, .from = task->from, .at = task->from, .to = task->to};
    enum mm_hunt_state state = MM_HUNT_READ;
    struct mm_feed feed;

    span.pipe = lseek(task->fd, 0, SEEK_CUR) < 0;
    w->file = task->file;
    w->received_us = task->changed_us;
    mm_hunt_begin(w, part, (struct mm_slice){0});
    mm_feed_init(&feed, read_span, &span);
    if (task->lines) {
        state = read_lines(w, task);
    } else if (task->evtx) {
        uint64_t first = task->from == 0 ? 0 : (task->from - MM_EVTX_HEAD) / MM_EVTX_CHUNK;

        mm_hunt_read_evtx(w, &feed, first, task->from == 0);
        state = feed.failed ? MM_HUNT_DAMAGED : MM_HUNT_READ;
    } else if (mm_archive_is(mm_feed_head(&feed))) {
        state = read_archive(w, part, &feed, &span);
    } else {
        state = mm_hunt_read_stream(w, &feed);
    }
    mm_hunt_end(w, state);
}

bool mm_hunt_worker_run(struct mm_hunt_worker *w, const struct mm_hunt_task *task, size_t task_n,
                        int to)
{
    struct mm_hunt_frame done = {.kind = MM_HF_DONE};

    MM_ASSERT(task != NULL && to >= 0);
    w->to = to;
    memset(w->shown, 0, mm_rules_count(w->rules.set) * sizeof(*w->shown));
    for (size_t i = 0; i < task_n && !w->failed; i++)
        read_task(w, (uint32_t)i, &task[i]); /* at most MM_HUNT_UNIT_PARTS */
    mm_hunt_put(w, &done);
    flush(w);
    return !w->failed;
}
