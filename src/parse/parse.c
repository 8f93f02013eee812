/* parse/parse.c - one line through recognition, decoding, mapping and time. */
#include "parse/parse.h"

#include <stdlib.h>

#include "codec/ext/json.h"
#include "codec/json_mend.h"
#include "codec/repeat.h"
#include "decode/winevent.h"
#include "parse/columns.h"
#include "parse/format.h"
#include "parse/index.h"
#include "parse/text.h"

enum {
    MEMORY_SLOTS = 4096, /* sources remembered; a colliding one replaces, which costs only time */
    MEMORY_FORMATS = 4,  /* formats one source mixes */
    BEFORE_MAX = 4096,   /* bytes of a line that may be repeated; syslog's own limit is 1024 */
    /* Architecture, "Time": further away than this, an event is marked and correlated by receipt.
     */
    AHEAD_DAYS = 1,
    BEHIND_DAYS = 400,
};

#define YEAR_1990_US (INT64_C(631152000) * MM_US_PER_S)

/* What a source has sent before, newest first. */
struct memory {
    uint32_t company;
    uint32_t source;
    struct mm_charset_seen charset;
    uint16_t format[MEMORY_FORMATS];
};

/* The line read last, for a next one that says it was repeated. */
struct before {
    uint64_t seq;
    uint16_t queue;
    uint32_t company;
    uint32_t source;
    size_t n; /* 0: none, or longer than what loggers fold, or too costly to read again */
    uint8_t body[BEFORE_MAX];
};

struct mm_scratch {
    uint64_t serial; /* of the formats the memory speaks of */
    struct before before;
    struct mm_wire wire;
    struct mm_look look;
    struct mm_event second; /* what another format makes of the line */
    struct mm_event inner;  /* of the line that this one carries */
    struct mm_json *json;
    struct mm_winevent *win;
    struct memory memory[MEMORY_SLOTS];
};

struct mm_scratch *mm_scratch_new(void)
{
    struct mm_scratch *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->json = mm_json_new(MM_MAX_LINE + MM_JSON_MEND_MORE);
    s->win = mm_winevent_new();
    s->wire.json = s->json;
    s->wire.win = s->win;
    s->wire.look = &s->look;
    s->wire.columns = mm_columns_new();
    if (s->json == NULL || s->win == NULL || s->wire.columns == NULL)
        mm_scratch_free(&s);
    return s;
}

void mm_scratch_free(struct mm_scratch **scratch)
{
    if (*scratch == NULL)
        return;
    mm_json_free(&(*scratch)->json);
    mm_winevent_free(&(*scratch)->win);
    mm_columns_free(&(*scratch)->wire.columns);
    free(*scratch);
    *scratch = NULL;
}

uint16_t mm_scratch_pattern(const struct mm_scratch *scratch)
{
    return scratch->wire.pattern;
}

uint32_t mm_scratch_work(const struct mm_scratch *scratch)
{
    const struct mm_wire *w = &scratch->wire;

    return w->spent + w->given - w->work.left;
}

static struct memory *recall(struct mm_scratch *s, const struct mm_formats *formats,
                             const struct mm_raw *raw)
{
    uint32_t at = (raw->source * UINT32_C(2654435761) ^ raw->company * UINT32_C(40503)) >> 16;
    struct memory *m;

    if (s->serial != formats->serial) {
        memset(s->memory, 0xFF, sizeof(s->memory));
        mm_columns_reset(s->wire.columns);
        s->serial = formats->serial;
    }
    m = &s->memory[at % MEMORY_SLOTS];
    if (m->company != raw->company || m->source != raw->source) {
        memset(m, 0xFF, sizeof(*m));
        m->charset = (struct mm_charset_seen){0};
        m->company = raw->company;
        m->source = raw->source;
    }
    return m;
}
static_assert(MM_FORMAT_NONE == 0xFFFF, "an emptied memory holds no formats");

/* Move a format to the front. */
static void remember(struct memory *m, uint16_t format)
{
    size_t i = 0;

    while (i < MEMORY_FORMATS - 1 && m->format[i] != format)
        i++;
    for (; i > 0; i--)
        m->format[i] = m->format[i - 1];
    m->format[0] = format;
}

static void wire_begin(struct mm_wire *w, struct mm_arena *arena, const struct mm_raw *raw)
{
    w->company = raw->company;
    w->source = raw->source;
    w->arena = arena;
    w->has_syslog = false;
    w->names = NULL;
    for (size_t i = 0; i < MM_WIRE_TEXTS; i++)
        w->begin[i].text = (struct mm_slice){0};
}

/* Forget what another format read of this line. */
static void wire_reset(struct mm_wire *w, const struct mm_format *f)
{
    if (++w->line == 0) { /* every 4 billion lines old stamps could look fresh */
        memset(w->stamp, 0, sizeof(w->stamp));
        memset(w->sym_stamp, 0, sizeof(w->sym_stamp));
        memset(w->extra_stamp, 0, sizeof(w->extra_stamp));
        w->line = 1;
    }
    w->names = &f->names;
    w->put_count = 0;
    w->unknown_count = 0;
    w->unknown_full = false;
    w->has_when = false;
    w->whole = false;
    w->timed = false;
    w->mended = false;
    w->header = false;
    w->wrong = w->wrong_name = (struct mm_slice){0};
    w->stray = NULL;
    w->pattern = MM_FORMAT_NONE;
}

static void put_engine(struct mm_wire *w, uint16_t slot, struct mm_slice value)
{
    if (slot != MM_SYM_NONE && value.n > 0)
        mm_wire_slot(w, slot, value);
}

/* A time whose parts stand in fields of their own; *ret is set when all of them can be read. */
static bool read_parts(const struct mm_time_spec *t, const struct mm_wire *w, struct mm_when *ret)
{
    struct mm_when when = {0};

    for (size_t i = 0; i < t->count; i++) {
        struct mm_rd rd;

        /* A zone may be missing; the parts before it may not. */
        if (!mm_wire_has(w, t->part[i].slot)) {
            if (t->part[i].form == MM_WHEN_ZONE)
                continue;
            return false;
        }
        rd = mm_rd_of(w->value[t->part[i].slot]);
        if (!mm_when_read(&rd, t->part[i].form, &when) || mm_rd_left(&rd) > 0)
            return false;
    }
    if (t->has_zone && !when.has_zone) {
        when.has_zone = true;
        when.offset_s = t->offset_s;
    }
    *ret = when;
    return true;
}

/* The first time of the format's list that stands in the line, or NULL. */
static const struct mm_time_spec *find_time(const struct mm_time_spec *t, const struct mm_wire *w,
                                            struct mm_when *ret, bool *ret_bad)
{
    for (; t != NULL; t = t->next) {
        if (t->from == MM_TIME_DECODER && w->has_when) {
            *ret = w->when;
            return t;
        }
        if (t->from == MM_TIME_SYSLOG && w->has_syslog && w->syslog.has_time) {
            *ret = w->syslog.when;
            return t;
        }
        if (t->from != MM_TIME_SLOTS || !mm_wire_has(w, t->part[0].slot) ||
            w->value[t->part[0].slot].n == 0) /* an empty column holds no time */
            continue;
        if (read_parts(t, w, ret))
            return t;
        *ret_bad = true;
    }
    return NULL;
}

/*
 * The header of a device whose clock runs in the source's zone or in another, as its administrator
 * likes: the moment nearer to receipt is meant.
 */
static void nearer_zone(const struct mm_time_spec *t, const struct mm_when *when,
                        struct mm_event *ev)
{
    int64_t other, gap = ev->time_us - ev->received_us;

    if (t->from != MM_TIME_SYSLOG || !t->has_zone || when->has_zone || when->is_epoch ||
        !mm_when_resolve(when, ev->received_us, t->offset_s, &other))
        return;
    if (llabs(other - ev->received_us) < llabs(gap))
        ev->time_us = other;
}

static void mark_implausible(struct mm_event *ev)
{
    /* Both lie between 1970 and 2107: the difference cannot overflow. */
    int64_t gap = ev->time_us - ev->received_us;
    /* A file may be of any age; only clocks that were never set say what is before 1990. */
    bool early = (ev->flags & MM_EV_IMPORTED) != 0 ? ev->time_us < YEAR_1990_US
                                                   : gap < -BEHIND_DAYS * MM_US_PER_DAY;

    if (gap > AHEAD_DAYS * MM_US_PER_DAY || early)
        ev->time_quality = MM_TQ_IMPLAUSIBLE;
}

/* Fill time and its quality; false when the line should have had one and has not. */
static bool set_time(const struct mm_time_spec *spec, bool timeless, const struct mm_wire *w,
                     int32_t offset_s, struct mm_event *ev)
{
    struct mm_when when;
    bool bad = false;

    if (w->timed) {
        mark_implausible(ev);
        return true;
    }
    ev->time_us = ev->received_us;
    ev->time_quality = MM_TQ_RECEIVED;
    spec = find_time(spec, w, &when, &bad);
    if (spec == NULL)
        return timeless && !bad;
    if (!mm_when_resolve(&when, ev->received_us, offset_s, &ev->time_us)) {
        ev->time_us = ev->received_us;
        return false;
    }
    nearer_zone(spec, &when, ev);
    ev->time_quality = when.is_epoch || when.has_zone ? MM_TQ_ZONE_GIVEN : MM_TQ_ZONE_ASSUMED;
    if (!when.is_epoch && !when.has_year)
        ev->time_quality = MM_TQ_YEAR_ASSUMED;
    mark_implausible(ev);
    return !bad;
}

static void event_begin(const struct mm_raw *raw, const struct mm_text *text, struct mm_event *ev)
{
    mm_event_reset(ev);
    ev->seq = raw->seq;
    ev->queue = raw->queue;
    ev->flags = (raw->flags & (uint16_t)~MM_EV_CHARSET) | text->flags;
    ev->keep_days = raw->keep_days;
    ev->company = raw->company;
    ev->source = raw->source;
    ev->received_us = raw->received_us;
    ev->time_us = raw->received_us;
    ev->time_quality = MM_TQ_RECEIVED;
    ev->original = text->original;
    for (size_t i = 0; i < text->extra_n; i++)
        ev->extra[ev->extra_n++] = text->extra[i];
}

static void set_syslog(const struct mm_wire *w, struct mm_event *ev)
{
    if (!w->has_syslog || !w->syslog.has_pri)
        return;
    mm_event_uint(ev, MM_F_SYSLOG_FACILITY, w->syslog.facility);
    mm_event_uint(ev, MM_F_SYSLOG_SEVERITY, w->syslog.severity);
}

/* What stands around the body becomes fields; what is left is the decoder's. False when no template
 * takes the text: then it holds the fields of as much as could be read. */
static bool take_around(const struct mm_format *f, struct mm_wire *w, struct mm_slice *text)
{
    MM_UNINIT struct mm_pattern_hit hit;
    bool whole = mm_patterns_match(f->around, mm_slice_trim(*text), &w->work, &hit);

    *text = (struct mm_slice){0};
    for (size_t i = 0; i < hit.count; i++) {
        if (hit.capture[i].name == f->around_body)
            *text = hit.capture[i].text;
        else
            mm_wire_slot(w, f->around_slot[hit.capture[i].name], hit.capture[i].text);
    }
    if (hit.has_when) {
        w->when = hit.when;
        w->has_when = true;
    }
    return whole;
}

/* What stands in the header is known before the format reads anything. */
static void take_header(const struct mm_format *f, struct mm_wire *w, struct mm_event *ev)
{
    ev->format = f->name;
    if (!w->has_syslog)
        return;
    set_syslog(w, ev);
    put_engine(w, f->slot_host, w->syslog.host);
    put_engine(w, f->slot_app, w->syslog.app);
    put_engine(w, f->slot_proc, w->syslog.proc);
    put_engine(w, f->slot_msgid, w->syslog.msgid);
}

bool mm_format_try(const struct mm_format *f, struct mm_wire *w, const struct mm_raw *raw,
                   struct mm_slice text, const struct mm_hint *hint, struct mm_event *ev)
{
    static const struct mm_time_spec syslog_time = {.from = MM_TIME_SYSLOG};
    bool had = w->has_syslog, whole;

    /* A record of an event log file is no text; none is longer than a line may be. */
    mm_wire_give(w, mm_work_of_try(w->tree != NULL ? MM_MAX_LINE : text.n));
    (void)mm_work_take(&w->work, text.n / 2); /* each byte is looked at, whatever it is */
    event_begin(raw, w->text, ev);
    wire_reset(w, f);
    w->has_syslog = had && mm_format_heeds(f, &w->syslog);
    take_header(f, w, ev);
    w->ev = ev;
    w->offset_s = hint->offset_s;
    w->read = f->around == NULL || take_around(f, w, &text);
    put_engine(w, f->slot_message, text);
    w->read = w->read && f->decode(f, w, text);
    whole = w->read && w->whole;
    w->mapped = mm_map_apply(f, w, ev);
    /* What was read until the work was used up is an accident: nothing of it is kept. */
    if (mm_wire_spent(w)) {
        event_begin(raw, w->text, ev);
        wire_reset(w, f);
        take_header(f, w, ev);
        w->read = false;
    }
    w->dated = set_time(mm_wire_spent(w) ? &syslog_time : f->time, f->timeless || w->header, w,
                        hint->offset_s, ev);
    whole = whole && !mm_wire_spent(w) && w->mapped && w->dated;
    w->has_syslog = had;
    return whole && mm_event_has(ev, MM_F_EVENT_CATEGORY) && mm_event_has(ev, MM_F_EVENT_OUTCOME) &&
           (ev->flags & MM_EV_EXTRA_FULL) == 0;
}

/* Does the line look like this format? What the others cost does not count here: a replay that
 * remembers other formats of the source has to answer the same. `first`: it probably does. Where
 * it does not, the line is looked at before the next format would search it for its texts. */
static bool looks_like(const struct mm_formats *formats, uint16_t format, struct mm_wire *w,
                       struct mm_slice body, bool first)
{
    const struct mm_format *f = formats->format[format];

    if (!first && f->searches)
        mm_recognise_look(formats, w, body);
    if (w->looked && !mm_index_in(&w->look->may, format))
        return false;
    mm_wire_give(w, mm_work_of_find(body.n));
    return mm_format_fits(f, w, w->looked ? w->look : NULL, body);
}

/* What the source sent before or is said to send, if this line looks like it. */
static uint16_t guess(const struct mm_formats *formats, const struct memory *m,
                      const struct mm_hint *hint, struct mm_wire *w, struct mm_slice body)
{
    size_t i = 0;

    for (; i < MEMORY_FORMATS && m->format[i] != MM_FORMAT_NONE; i++) {
        if (looks_like(formats, m->format[i], w, body, i == 0))
            return m->format[i];
    }
    if (hint->format != MM_FORMAT_NONE && looks_like(formats, hint->format, w, body, i == 0))
        return hint->format;
    return MM_FORMAT_NONE;
}

/* No format knows the line: its header is still read. */
static void nameless(struct mm_wire *w, const struct mm_raw *raw, const struct mm_hint *hint,
                     struct mm_event *ev)
{
    static const struct mm_time_spec syslog_time = {.from = MM_TIME_SYSLOG};
    uint64_t pid;

    event_begin(raw, w->text, ev);
    set_syslog(w, ev);
    if (w->has_syslog) {
        if (w->syslog.host.n > 0)
            mm_event_text(ev, MM_F_HOST_NAME, w->syslog.host);
        if (w->syslog.app.n > 0)
            mm_event_text(ev, MM_F_PROCESS_NAME, w->syslog.app);
        if (mm_slice_u64(w->syslog.proc, &pid))
            mm_event_uint(ev, MM_F_PROCESS_PID, pid);
        if (w->syslog.msg.n > 0)
            mm_event_text(ev, MM_F_MESSAGE, w->syslog.msg);
        (void)set_time(&syslog_time, true, w, hint->offset_s, ev);
    }
}

bool mm_scratch_header(const struct mm_scratch *scratch)
{
    return scratch->wire.header;
}

/* The character set that somebody has said: of the record, of the source, of the format that it
 * is said to send. What this thread has seen of it does not count: another has seen less. */
static enum mm_charset charset_said(const struct mm_formats *formats, const struct mm_hint *hint,
                                    const struct mm_raw *raw)
{
    unsigned said = (raw->flags & MM_EV_CHARSET) >> MM_EV_CHARSET_SHIFT;

    if (said != MM_CS_UNKNOWN && said < MM_CS_COUNT)
        return (enum mm_charset)said;
    if (hint->charset != MM_CS_UNKNOWN || hint->format == MM_FORMAT_NONE)
        return hint->charset;
    return formats->format[hint->format]->charset;
}

/* The record as text, its header read, the wire ready for a format. Answers the text. */
static struct mm_slice prepare(const struct mm_formats *formats, struct mm_scratch *scratch,
                               struct mm_arena *arena, const struct mm_raw *raw,
                               const struct mm_hint *hint, struct memory *m, struct mm_text *text)
{
    struct mm_wire *w = &scratch->wire;
    struct mm_slice body = raw->body;

    if (MM_NEVER(body.n > MM_MAX_LINE)) /* intake has cut it */
        body = mm_slice_sub(body, 0, MM_MAX_LINE);
    mm_text_of(arena, body, charset_said(formats, hint, raw),
               hint->seen != NULL ? hint->seen : &m->charset, text);
    wire_begin(w, arena, raw);
    w->text = text;
    mm_wire_account(w, mm_work_of_line(text->read.n));
    w->has_syslog = mm_syslog_parse(text->read, &w->syslog, NULL) == MM_OK;
    return text->read;
}

struct mm_wire *mm_scratch_begin(struct mm_scratch *scratch, const struct mm_formats *formats,
                                 struct mm_arena *arena, const struct mm_raw *raw,
                                 const struct mm_hint *hint, struct mm_slice *ret_body)
{
    struct mm_text *text = mm_arena_alloc(arena, sizeof(*text));

    if (text == NULL)
        return NULL;
    *ret_body = prepare(formats, scratch, arena, raw, hint, recall(scratch, formats, raw), text);
    return &scratch->wire;
}

static bool try_one(const struct mm_formats *formats, uint16_t format, struct mm_wire *w,
                    struct mm_slice body, const struct mm_raw *raw, const struct mm_hint *hint,
                    struct mm_event *ret)
{
    const struct mm_format *f = formats->format[format];

    return mm_format_try(f, w, raw, mm_format_text(f, w, body), hint, ret);
}

/* What was made of a line so far. */
struct tried {
    uint16_t format;  /* who has it, or MM_FORMAT_NONE */
    uint16_t other;   /* who was asked after that, or MM_FORMAT_NONE */
    uint16_t pattern; /* of the format that has it */
    bool read;        /* that format could read any of it */
    bool torn;        /* its decoder could not read all of it */
    size_t from;      /* formats before this place in their order do not know the line */
};

/* The line as the format that is most likely: recognised, or as the source is known to send. True
 * when all of it is read. */
static bool try_first(const struct mm_formats *formats, struct mm_scratch *s, struct memory *m,
                      struct mm_slice body, const struct mm_raw *raw, const struct mm_hint *hint,
                      struct mm_event *ret, struct tried *t)
{
    struct mm_wire *w = &s->wire;
    bool parsed;

    w->looked = false;
    *t = (struct tried){.format = guess(formats, m, hint, w, body), .other = MM_FORMAT_NONE};
    if (t->format == MM_FORMAT_NONE)
        t->format = mm_recognise(formats, w, body, MM_FORMAT_NONE, &t->from);
    if (t->format == MM_FORMAT_NONE)
        t->format = hint->format;
    if (t->format == MM_FORMAT_NONE) {
        nameless(w, raw, hint, ret);
        return false;
    }
    parsed = try_one(formats, t->format, w, body, raw, hint, ret);
    t->read = w->read;
    t->torn = w->read && !w->whole;
    t->pattern = w->pattern;
    if (parsed && m->format[0] != t->format)
        remember(m, t->format);
    return parsed;
}

/* Do both read a line by the same decoder, whose doubts have nothing to do with the format? Then
 * what is torn for one is torn for the other: a vendor's CEF and CEF of anybody. */
static bool read_alike(const struct mm_format *a, const struct mm_format *b)
{
    return a->decode == b->decode && (a->decode == mm_decode_cef || a->decode == mm_decode_leef) &&
           a->wrap == b->wrap && a->keep_tag == b->keep_tag && a->around == NULL &&
           b->around == NULL && b->inner == NULL;
}

/* Two formats can look alike: the one that reads the whole line has it, else the first that can
 * read any of it. */
static bool try_second(const struct mm_formats *formats, struct mm_scratch *s, struct memory *m,
                       struct mm_slice body, const struct mm_raw *raw, const struct mm_hint *hint,
                       struct mm_event *ret, struct tried *t)
{
    struct mm_wire *w = &s->wire;
    bool parsed;

    if (t->format == MM_FORMAT_NONE)
        return false;
    t->other = mm_recognise(formats, w, body, t->format, &t->from);
    if (t->other == MM_FORMAT_NONE ||
        (t->torn && read_alike(formats->format[t->format], formats->format[t->other])))
        return false;
    parsed = try_one(formats, t->other, w, body, raw, hint, &s->second);
    if (parsed || (!t->read && w->read)) {
        *ret = s->second;
        t->format = t->other;
    } else {
        w->pattern = t->pattern;
    }
    if (parsed && m->format[0] != t->format)
        remember(m, t->format);
    return parsed;
}

/* A line that is only an envelope is read as the line in it would be, once: what that carries is
 * not opened again. `outer` is what the envelope's format has just made of the line; *ret stays
 * where the inner line says less. */
static bool read_inner(const struct mm_formats *formats, struct mm_scratch *s, uint16_t format,
                       const struct mm_event *outer, const struct mm_raw *raw,
                       const struct mm_hint *hint, struct mm_event *ret)
{
    const struct mm_format *f = format == MM_FORMAT_NONE ? NULL : formats->format[format];
    const struct mm_hint plain = {
        .format = MM_FORMAT_NONE, .offset_s = hint->offset_s, .charset = hint->charset};
    struct mm_wire *w = &s->wire;
    const struct mm_syslog own = w->syslog;
    const bool had = w->has_syslog;
    const uint16_t pattern = w->pattern;
    struct mm_inner_line line;
    struct memory nothing; /* what stands in envelopes says nothing of the source's lines */
    struct tried t;
    bool parsed;

    if (f == NULL || f->inner == NULL || !mm_inner_take(f, w, outer, &line))
        return false;
    memset(&nothing, 0xFF, sizeof(nothing));
    w->syslog = line.head;
    w->has_syslog = line.has_head;
    parsed = try_first(formats, s, &nothing, line.text, raw, &plain, &s->inner, &t) ||
             try_second(formats, s, &nothing, line.text, raw, &plain, &s->inner, &t);
    if (parsed ||
        (mm_event_has(&s->inner, MM_F_EVENT_CATEGORY) && !mm_event_has(ret, MM_F_EVENT_CATEGORY))) {
        mm_inner_add(f, &line, formats->format[t.format], &s->inner);
        *ret = s->inner;
    } else {
        w->pattern = pattern;
    }
    w->syslog = own;
    w->has_syslog = had;
    w->looked = false;
    return parsed;
}

/* True when all of the line is read. */
static bool read_line(const struct mm_formats *formats, struct mm_scratch *s, struct memory *m,
                      struct mm_slice body, const struct mm_raw *raw, const struct mm_hint *hint,
                      struct mm_event *ret)
{
    struct tried t;

    return try_first(formats, s, m, body, raw, hint, ret, &t) ||
           read_inner(formats, s, t.format, ret, raw, hint, ret) ||
           try_second(formats, s, m, body, raw, hint, ret, &t) ||
           read_inner(formats, s, t.other, &s->second, raw, hint, ret);
}

/* Is the line before in the queue, of the same source and host, the one this thread read last?
 * Only then is it what was repeated: between it and this line nothing can stand. Its text in the
 * arena, or an empty slice. */
static struct mm_slice before_line(const struct mm_scratch *s, struct mm_arena *arena,
                                   const struct mm_raw *raw)
{
    const struct before *b = &s->before;
    struct mm_slice own = {0}, host = s->wire.has_syslog ? s->wire.syslog.host : own;
    struct mm_syslog head;

    if (b->n == 0 || b->seq + 1 != raw->seq || b->queue != raw->queue ||
        b->company != raw->company || b->source != raw->source ||
        !mm_arena_dup(arena, mm_slice_of(b->body, b->n), &own))
        return (struct mm_slice){0};
    if (mm_syslog_parse(own, &head, NULL) != MM_OK || !mm_slice_eq(head.host, host))
        return (struct mm_slice){0};
    return own;
}

/* A message that was repeated is read again in its own line's place, at that line's time. */
static bool read_repeated(const struct mm_formats *formats, struct mm_scratch *s, struct memory *m,
                          struct mm_slice body, struct mm_slice before, const struct mm_raw *raw,
                          const struct mm_hint *hint, struct mm_event *ret)
{
    static const struct mm_time_spec syslog_time = {.from = MM_TIME_SYSLOG};
    struct mm_wire *w = &s->wire;
    struct mm_syslog own = w->syslog;
    bool parsed, had = w->has_syslog;

    if (before.n == 0)
        return read_line(formats, s, m, body, raw, hint, ret);
    w->has_syslog = mm_syslog_parse(before, &w->syslog, NULL) == MM_OK;
    mm_wire_account(w, mm_work_of_line(before.n));
    parsed = read_line(formats, s, m, before, raw, hint, ret);
    w->syslog = own;
    w->has_syslog = had;
    w->timed = false;
    (void)set_time(&syslog_time, true, w, hint->offset_s, ret);
    return parsed;
}

/* The repeated message where the line had its wrapping; in front of it stays the tag. */
static void put_message(struct mm_wire *w, struct mm_slice message)
{
    struct mm_syslog *h = &w->syslog;
    size_t tag = (size_t)(h->msg.p - h->text.p); /* msg is the end of text */
    uint8_t *p = tag == 0 ? NULL : mm_arena_bytes(w->arena, tag + message.n + MM_PADDING);

    MM_ASSERT(h->msg.p >= h->text.p && tag <= h->text.n);
    if (p != NULL) {
        memcpy(p, h->text.p, tag);
        memcpy(p + tag, message.p, message.n);
        memset(p + tag + message.n, 0, MM_PADDING);
    }
    h->text = p != NULL ? mm_slice_of(p, tag + message.n) : message;
    h->msg = message;
}

/* A line that was too costly once is not read again for each short line that says it was repeated.
 */
static void keep_line(struct before *b, struct mm_slice body, const struct mm_raw *raw, bool costly)
{
    b->seq = raw->seq;
    b->queue = raw->queue;
    b->company = raw->company;
    b->source = raw->source;
    b->n = body.n <= BEFORE_MAX && !costly ? body.n : 0;
    if (b->n > 0)
        memcpy(b->body, body.p, b->n);
}

void mm_parse(const struct mm_formats *formats, struct mm_scratch *scratch, struct mm_arena *arena,
              const struct mm_raw *raw, const struct mm_hint *hint, struct mm_event *ret)
{
    struct mm_wire *w = &scratch->wire;
    struct memory *m = recall(scratch, formats, raw);
    struct mm_slice body;
    struct mm_repeat repeat;
    struct mm_text text;
    bool parsed;

    MM_ASSERT(hint->format == MM_FORMAT_NONE || hint->format < formats->count);
    body = prepare(formats, scratch, arena, raw, hint, m, &text);
    if (MM_LIKELY(!w->has_syslog || !mm_repeat_read(w->syslog.msg, &repeat))) {
        parsed = read_line(formats, scratch, m, body, raw, hint, ret);
        keep_line(&scratch->before, body, raw, w->costly || mm_wire_spent(w));
    } else {
        struct mm_slice before = {0};

        if (repeat.message.n > 0)
            put_message(w, repeat.message);
        else
            before = before_line(scratch, arena, raw);
        parsed = read_repeated(formats, scratch, m, body, before, raw, hint, ret);
        mm_event_uint(ret, MM_F_EVENT_COUNT, repeat.times);
        scratch->before.seq += before.n > 0 ? 1 : 0; /* it may go on being repeated */
    }
    if (!parsed)
        ret->flags |= MM_EV_UNPARSED;
    if (!parsed && (w->costly || mm_wire_spent(w)))
        ret->flags |= MM_EV_COSTLY;
    w->text = NULL;
}

void mm_parse_windows(const struct mm_formats *formats, struct mm_scratch *scratch,
                      struct mm_arena *arena, const struct mm_raw *raw, const struct mm_hint *hint,
                      const struct mm_tree *tree, struct mm_event *ret)
{
    uint16_t format = mm_formats_find(formats, MM_S("windows"));
    struct mm_wire *w = &scratch->wire;
    struct mm_text text = {0};
    bool parsed = false;

    MM_ASSERT(tree != NULL && raw->body.n == 0);
    wire_begin(w, arena, raw);
    mm_wire_account(w, mm_work_of_line(MM_MAX_LINE));
    w->text = &text;
    w->tree = tree;
    if (format == MM_FORMAT_NONE)
        event_begin(raw, &text, ret);
    else
        parsed = mm_format_try(formats->format[format], w, raw, text.read, hint, ret);
    w->tree = NULL;
    w->text = NULL;
    if (!parsed)
        ret->flags |= MM_EV_UNPARSED;
    if (!parsed && mm_wire_spent(w))
        ret->flags |= MM_EV_COSTLY;
}
