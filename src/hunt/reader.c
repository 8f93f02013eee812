/* hunt/reader.c - streams taken apart into events; see worker_priv.h. */
#include "base/time.h"
#include "base/utf8.h"
#include "codec/ext/archive.h"
#include "hunt/worker_priv.h"

enum { BROKEN_TOLD = 20 }; /* of one file; the rest is only counted */

void mm_feed_init(struct mm_feed *f, ssize_t (*read)(void *, uint8_t *, size_t), void *ctx)
{
    f->read = read;
    f->ctx = ctx;
    f->head_n = f->head_at = 0;
    f->failed = false;
}

static size_t more(struct mm_feed *f, uint8_t *p, size_t n)
{
    ssize_t got = f->failed ? 0 : f->read(f->ctx, p, n);

    f->failed = f->failed || got < 0;
    return got > 0 ? (size_t)got : 0;
}

struct mm_slice mm_feed_head(struct mm_feed *f)
{
    size_t n;

    while (f->head_n < sizeof(f->head) &&
           (n = more(f, f->head + f->head_n, sizeof(f->head) - f->head_n)) > 0)
        f->head_n += n;
    return mm_slice_of(f->head, f->head_n);
}

/* What is left of the head, then what comes: 0 at the end. */
static size_t some(struct mm_feed *f, uint8_t *p, size_t n)
{
    size_t have = mm_min_size(f->head_n - f->head_at, n);

    if (have == 0)
        return more(f, p, n);
    memcpy(p, f->head + f->head_at, have);
    f->head_at += have;
    return have;
}

size_t mm_feed_fill(struct mm_feed *f, uint8_t *p, size_t n)
{
    size_t at = 0, got;

    while (at < n && (got = some(f, p + at, n - at)) > 0)
        at += got;
    return at;
}

/* ---- event logs ---- */

static void one_record(struct mm_hunt_worker *w, const struct mm_evtx_item *item)
{
    struct mm_raw raw = {.seq = item->record,
                         .source = w->file,
                         .received_us = item->written_us > 0 ? item->written_us : w->received_us,
                         .flags = MM_EV_IMPORTED};

    mm_arena_reset(&w->arena);
    mm_parse_windows(w->rules.formats, w->scratch, &w->arena, &raw, &w->hint, item->top, w->ev);
    w->sums.windows = 1;
    mm_hunt_event(w, item->record);
}

static void all_records(struct mm_hunt_worker *w)
{
    struct mm_evtx_item item;

    for (;;) {
        mm_evtx_next(w->evtx, &item);
        if (item.kind == MM_EVTX_END)
            return;
        if (item.kind == MM_EVTX_RECORD) {
            one_record(w, &item);
        } else {
            if (w->sums.broken++ < BROKEN_TOLD)
                mm_hunt_tell_broken(w, item.record, item.at, item.why);
        }
    }
}

void mm_hunt_read_evtx(struct mm_hunt_worker *w, struct mm_feed *f, uint64_t first, bool head)
{
    size_t n;

    if (head) {
        n = mm_feed_fill(f, w->block, MM_EVTX_HEAD);
        mm_evtx_init(w->evtx, mm_slice_of(w->block, n));
        all_records(w);
        mm_hunt_moved(w, n);
    } else {
        mm_evtx_init(w->evtx, (struct mm_slice){0});
    }
    while (!w->failed && (n = mm_feed_fill(f, w->block, MM_FEED_BLOCK)) > 0) {
        mm_evtx_feed(w->evtx, mm_slice_of(w->block, n), first);
        all_records(w);
        mm_hunt_moved(w, n);
        first += (n + MM_EVTX_CHUNK - 1) / MM_EVTX_CHUNK;
    }
    mm_evtx_done(w->evtx);
}

/* ---- text ---- */

/* From a stream to records: lines, joined where the format says so, or pieces of a document. */
struct taking {
    struct mm_hunt_worker *w;
    bool only_lines;
    enum mm_cut_kind kind;
    struct mm_stream stream;
    struct mm_join join;
    struct mm_cut cut;
    mm_stream_emit *emit;
    void *ctx;
};

static bool continues(void *ctx, struct mm_slice line)
{
    const struct mm_hunt_worker *w = ctx;

    return mm_format_continues(w->rules.formats, w->hint.format, line);
}

static bool take_begin(struct taking *t, struct mm_slice head)
{
    struct mm_hunt_worker *w = t->w;
    uint16_t format = w->hint.format;
    size_t lines = format == MM_FORMAT_NONE ? 1 : mm_format_record_lines(w->rules.formats, format);

    t->kind = t->only_lines ? MM_CUT_LINES : mm_cut_kind_of(head);
    mm_stream_init(&t->stream, true);
    t->emit = lines > 1 ? mm_join_line : mm_hunt_line;
    t->ctx = lines > 1 ? (void *)&t->join : w;
    if (t->kind != MM_CUT_LINES)
        return mm_cut_init(&t->cut, t->kind, head) == MM_OK;
    return lines == 1 || mm_join_init(&t->join, continues, w, lines, mm_hunt_line, w) == MM_OK;
}

/* A record of a document. One that is no JSON may be lines between two braces. */
static void one_piece(void *worker, struct mm_slice piece, bool cut)
{
    struct mm_hunt_worker *w = worker;
    struct mm_json_doc doc;

    mm_hunt_line(w, piece, cut);
    if (cut || piece.p[0] != '{' || (w->ev->flags & MM_EV_UNPARSED) == 0 ||
        mm_json_parse(w->check, piece, &w->arena, &doc, NULL) != MM_E_SYNTAX)
        return;
    if (w->sums.broken++ < BROKEN_TOLD)
        mm_hunt_tell_broken(w, w->sums.events, 0, "no JSON");
    for (size_t at = 0, end; at < piece.n; at = end + 1) {
        end = mm_min_size(mm_slice_find(piece, '\n', at), piece.n);
        mm_hunt_line(w, mm_slice_sub(piece, at, end - at), false);
    }
}

static bool take(struct taking *t, struct mm_slice in)
{
    if (t->kind == MM_CUT_LINES)
        return mm_stream_feed(&t->stream, in, t->emit, t->ctx) == MM_OK;
    mm_cut_feed(&t->cut, in, one_piece, t->w);
    return true;
}

static void take_end(struct taking *t)
{
    if (t->kind == MM_CUT_LINES) {
        mm_stream_end(&t->stream, t->emit, t->ctx);
        if (t->emit == mm_join_line)
            mm_join_end(&t->join);
    } else {
        mm_cut_end(&t->cut, one_piece, t->w);
        if (t->cut.stray > 0)
            mm_hunt_tell_broken(t->w, 0, t->cut.stray_at, "no record");
        t->w->sums.broken += t->cut.stray;
    }
    mm_join_done(&t->join);
    mm_stream_done(&t->stream);
    mm_cut_done(&t->cut);
}

static bool read_text(struct mm_hunt_worker *w, struct mm_feed *f, enum mm_charset wide_cs,
                      bool only_lines)
{
    struct taking t = {.w = w, .only_lines = only_lines};
    struct mm_utf16 wide = {.cs = wide_cs};
    bool ok = true, begun = false;
    size_t n;

    w->sums.lines = 1;
    while (ok && !w->failed && (n = mm_feed_fill(f, w->block, MM_FEED_BLOCK)) > 0) {
        struct mm_slice in = mm_slice_of(w->block, n);

        if (wide.cs != MM_CS_UNKNOWN) {
            w->hint.charset = wide.cs;
            in = mm_slice_of(w->text, mm_utf16_feed(&wide, in, w->text));
        }
        if (!begun)
            ok = take_begin(&t, mm_slice_sub(in, 0, MM_CUT_HEAD));
        begun = true;
        ok = ok && take(&t, in);
        mm_hunt_moved(w, n);
    }
    if (begun)
        take_end(&t);
    return ok;
}

enum mm_hunt_state mm_hunt_read_lines(struct mm_hunt_worker *w, struct mm_feed *f)
{
    return read_text(w, f, MM_CS_UNKNOWN, true) && !f->failed ? MM_HUNT_READ : MM_HUNT_DAMAGED;
}

static void learn_line(void *worker, struct mm_slice line, bool cut)
{
    struct mm_hunt_worker *w = worker;
    struct mm_hunt_sums sums = w->sums;

    (void)cut;
    mm_hunt_parse(w, line, false);
    w->sums = sums;
}

void mm_hunt_learn(struct mm_hunt_worker *w, struct mm_slice head)
{
    struct mm_stream stream;

    mm_stream_init(&stream, true);
    /* Without memory the first lines say less: no more. */
    (void)!mm_stream_feed(&stream, head, learn_line, w);
    mm_stream_done(&stream);
}

/* Text has hardly any control characters; UTF-16 is known by other means. */
static bool is_text(struct mm_slice head)
{
    size_t odd = 0;

    for (size_t i = 0; i < head.n; i++) {
        uint8_t c = head.p[i];

        odd += c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != 0x1B ? 1 : 0;
    }
    return odd <= head.n / 32;
}

/* A log that was cut while its writer kept its place, or that lost its power, begins with NULs. */
static struct mm_slice skip_nuls(struct mm_feed *f)
{
    struct mm_slice head = mm_feed_head(f);

    while (head.n > 0 && head.p[0] == 0) {
        size_t n = 0;

        while (n < head.n && head.p[n] == 0)
            n++;
        f->head_n -= n;
        memmove(f->head, f->head + n, f->head_n);
        head = mm_feed_head(f);
    }
    return head;
}

enum mm_hunt_state mm_hunt_read_stream(struct mm_hunt_worker *w, struct mm_feed *f)
{
    struct mm_slice head = mm_feed_head(f);
    enum mm_charset wide = mm_charset_utf16(head);

    w->hint = w->rules.hint;
    if (wide == MM_CS_UNKNOWN && w->hint.charset == MM_CS_UNKNOWN)
        head = skip_nuls(f);
    if (mm_evtx_is(head)) {
        mm_hunt_read_evtx(w, f, 0, true);
    } else {
        if (wide == MM_CS_UNKNOWN && !is_text(head) && w->hint.charset == MM_CS_UNKNOWN)
            return f->failed                  ? MM_HUNT_DAMAGED
                   : mm_archive_foreign(head) ? MM_HUNT_FOREIGN
                                              : MM_HUNT_NO_LOG;
        if (w->hint.charset == MM_CS_UTF_16LE || w->hint.charset == MM_CS_UTF_16BE)
            wide = w->hint.charset;
        if (!read_text(w, f, wide, false))
            return MM_HUNT_DAMAGED;
    }
    return f->failed ? MM_HUNT_DAMAGED : MM_HUNT_READ;
}
