/* codec/cut.c - see cut.h for the contract. */
#include "codec/cut.h"

#include <stdlib.h>

enum { TAG_MAX = 4096 }; /* around records; the longest names a few schemas */

static const struct mm_slice bom = MM_S_INIT("\xEF\xBB\xBF");
static const struct mm_slice xml_open = MM_S_INIT("<Event");
static const struct mm_slice xml_close = MM_S_INIT("</Event>");

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct mm_slice skip_space(struct mm_slice s)
{
    while (s.n > 0 && is_space(s.p[0]))
        s = mm_slice_sub(s, 1, SIZE_MAX);
    return s;
}

/* Behind a byte order mark and white space. */
static struct mm_slice begin_of(struct mm_slice head)
{
    return skip_space(mm_slice_starts(head, bom) ? mm_slice_sub(head, bom.n, SIZE_MAX) : head);
}

/* The string that s begins with, quotes and all; empty when it does not end in s. */
static struct mm_slice string_of(struct mm_slice s)
{
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '"')
            return mm_slice_sub(s, 0, i + 1);
    }
    return (struct mm_slice){0};
}

static bool is_one_of(struct mm_slice quoted, const struct mm_slice *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (mm_slice_eq(quoted, names[i]))
            return true;
    }
    return false;
}

/* Names under which interfaces hand out lists; the last two are words of events as well, and count
 * only behind what says that this is an answer. */
static bool is_list_name(struct mm_slice quoted, bool answer)
{
    static const struct mm_slice names[] = {
        MM_S_INIT("\"value\""), MM_S_INIT("\"Records\""), MM_S_INIT("\"records\""),
        MM_S_INIT("\"items\""), MM_S_INIT("\"results\""),
    };

    return is_one_of(quoted, names, MM_COUNT(names) - (answer ? 0 : 2));
}

/* What interfaces say of a list in front of it. Anything else is part of an event, which has a list
 * in it. */
static bool is_about_list(struct mm_slice quoted)
{
    static const struct mm_slice names[] = {
        MM_S_INIT("\"kind\""),     MM_S_INIT("\"etag\""),      MM_S_INIT("\"nextPageToken\""),
        MM_S_INIT("\"count\""),    MM_S_INIT("\"total\""),     MM_S_INIT("\"next\""),
        MM_S_INIT("\"nextLink\""), MM_S_INIT("\"nextToken\""),
    };

    return mm_slice_starts(quoted, MM_S("\"@odata.")) || is_one_of(quoted, names, MM_COUNT(names));
}

static bool begins_list(struct mm_slice s)
{
    if (s.n == 0 || s.p[0] != '[')
        return false;
    s = skip_space(mm_slice_sub(s, 1, SIZE_MAX));
    return s.n > 0 && s.p[0] == '{';
}

/* Is the object a list of others with little around it: {"Records": [{ or {"kind": 1, "items": [{ ?
 * `first`: its first member may have any name. */
static bool holds_list(struct mm_slice s, bool first)
{
    for (bool answer = false;; answer = true, first = false) {
        struct mm_slice name, value;

        s = skip_space(mm_slice_sub(s, 1, SIZE_MAX)); /* behind the brace or the comma */
        name = s.n > 0 && s.p[0] == '"' ? string_of(s) : (struct mm_slice){0};
        s = skip_space(mm_slice_sub(s, name.n, SIZE_MAX));
        if (name.n == 0 || s.n == 0 || s.p[0] != ':')
            return false;
        s = skip_space(mm_slice_sub(s, 1, SIZE_MAX));
        if (begins_list(s))
            return first || is_list_name(name, answer);
        if (s.n == 0 || s.p[0] == '[' || s.p[0] == '{' || !is_about_list(name))
            return false;
        value = s.p[0] == '"' ? string_of(s) : mm_slice_sub(s, 0, mm_slice_find(s, ',', 0));
        s = skip_space(mm_slice_sub(s, value.n, SIZE_MAX));
        if (value.n == 0 || s.n == 0 || s.p[0] != ',')
            return false;
    }
}

/* Does what stands before the first line's end stay open, and the next line go on with it? Then
 * objects are written over lines. */
static bool open_at_line_end(struct mm_slice s)
{
    size_t end = mm_slice_find(s, '\n', 0);
    struct mm_slice next = skip_space(mm_slice_sub(s, end, SIZE_MAX));

    s = mm_slice_trim(mm_slice_sub(s, 0, end));
    return end != SIZE_MAX && s.n > 0 && (s.p[s.n - 1] == '{' || s.p[s.n - 1] == ',') &&
           (next.n == 0 || next.p[0] == '"' || next.p[0] == '}');
}

enum mm_cut_kind mm_cut_kind_of(struct mm_slice head)
{
    struct mm_slice s = begin_of(head);

    if (s.n == 0)
        return MM_CUT_LINES;
    if (s.p[0] == '[') {
        struct mm_slice in = skip_space(mm_slice_sub(s, 1, SIZE_MAX));

        /* "[2026-11-20 …] text" is a line. */
        return in.n > 0 && in.p[0] == '{' ? MM_CUT_JSON : MM_CUT_LINES;
    }
    if (s.p[0] == '{')
        return holds_list(s, true) || open_at_line_end(s) ? MM_CUT_JSON : MM_CUT_LINES;
    if (mm_slice_starts(s, MM_S("<?xml")) || mm_slice_starts(s, MM_S("<Event")))
        return MM_CUT_XML;
    return MM_CUT_LINES;
}

bool mm_cut_holds_records(struct mm_slice head)
{
    struct mm_slice s = begin_of(head);

    return begins_list(s) || (s.n > 0 && s.p[0] == '{' && holds_list(s, false));
}

enum mm_code mm_cut_init(struct mm_cut *c, enum mm_cut_kind kind, struct mm_slice head)
{
    struct mm_slice s = begin_of(head);

    MM_ASSERT(kind != MM_CUT_LINES);
    *c = (struct mm_cut){.kind = kind};
    if (kind == MM_CUT_JSON && s.n > 0)
        c->base = s.p[0] == '[' ? 1 : s.p[0] == '{' && holds_list(s, true) ? 2 : 0;
    c->part = malloc(MM_MAX_LINE);
    return c->part == NULL ? MM_E_NOMEM : MM_OK;
}

void mm_cut_done(struct mm_cut *c)
{
    free(c->part);
    *c = (struct mm_cut){.part = NULL};
}

static void keep(struct mm_cut *c, uint8_t b)
{
    if (c->n < MM_MAX_LINE)
        c->part[c->n++] = b;
    else
        c->cut = true;
}

/* What stands here is no part of a record. */
static void stray(struct mm_cut *c)
{
    if (c->astray)
        return;
    c->astray = true;
    if (c->stray++ == 0)
        c->stray_at = c->at;
}

static void begin_record(struct mm_cut *c)
{
    c->inside = true;
    c->astray = c->tag = false;
    c->open = c->depth;
    c->began = c->at;
}

static void hand_out(struct mm_cut *c, mm_cut_emit *emit, void *ctx)
{
    if (c->cut) {
        c->at = c->began;
        stray(c);
    }
    for (size_t i = 0; c->one_line && i < c->n; i++) {
        if (c->part[i] == '\n' || c->part[i] == '\r')
            c->part[i] = ' ';
    }
    if (c->n > 0)
        emit(ctx, mm_slice_of(c->part, c->n), c->cut);
    c->n = c->held = 0;
    c->inside = c->cut = c->line = false;
}

/* Nothing: white space, the byte order mark, what is left of space that was never written. */
static bool is_blank(const struct mm_cut *c, uint8_t b)
{
    return is_space(b) || b == 0 || (c->at < bom.n && b == bom.p[c->at]);
}

/* ---- JSON ---- */

/* Bytes from `at` that change nothing: up to a quote, a bracket, or in strings a backslash. */
static size_t plain(const struct mm_cut *c, struct mm_slice in, size_t at)
{
    size_t i = at;

    if (c->string) {
        while (i < in.n && in.p[i] != '"' && in.p[i] != '\\' && in.p[i] != '\n')
            i++;
    } else {
        while (i < in.n && in.p[i] != '"' && (in.p[i] | 0x20) != '{' && (in.p[i] | 0x20) != '}')
            i++;
    }
    return i - at;
}
static_assert(('[' | 0x20) == '{' && (']' | 0x20) == '}', "brackets and braces differ by one bit");

static void keep_run(struct mm_cut *c, struct mm_slice s)
{
    size_t room = MM_MAX_LINE - c->n, n = mm_min_size(room, s.n);

    if (!c->inside || s.n == 0)
        return;
    memcpy(c->part + c->n, s.p, n);
    c->n += n;
    c->cut = c->cut || n < s.n;
}

/* A byte of a string; it cannot hold a line end: its own end was lost. */
static void json_string(struct mm_cut *c, uint8_t b)
{
    if (c->inside)
        keep(c, b);
    else if (b == '\n')
        stray(c);
    if (c->escaped && b != '\n')
        c->escaped = false;
    else if (b == '\\')
        c->escaped = true;
    else if (b == '"' || b == '\n')
        c->string = c->escaped = false;
}

/* Can this byte stand between the records of a document? Around a list other values do. */
static bool json_between(const struct mm_cut *c, uint8_t b)
{
    static const struct mm_slice list = MM_S_INIT("[]{},"), other = MM_S_INIT("\":+-.Etrufalsen");

    return is_blank(c, b) || mm_slice_find(list, b, 0) != SIZE_MAX ||
           (c->base == 2 && c->depth > 0 &&
            ((b >= '0' && b <= '9') || mm_slice_find(other, b, 0) != SIZE_MAX));
}

static void json_outside(struct mm_cut *c, uint8_t b)
{
    if (b == '{' && (c->depth == c->base || (c->depth == 0 && c->base == 1))) {
        begin_record(c);
        c->found = true;
        return;
    }
    if (c->depth == 0)
        c->found = false;
    if (b == '}' && c->depth == 1 && c->base == 2 && !c->found)
        stray(c);
    if (json_between(c, b))
        return;
    stray(c);
    c->line = c->inside = c->depth == 0;
}

static void json_line(struct mm_cut *c, uint8_t b, mm_cut_emit *emit, void *ctx)
{
    if (b == '\n')
        hand_out(c, emit, ctx);
    else if (b != '\r')
        keep(c, b);
}

static void json_byte(struct mm_cut *c, uint8_t b, mm_cut_emit *emit, void *ctx)
{
    if (c->string) {
        json_string(c, b);
        return;
    }
    if (!c->inside)
        json_outside(c, b);
    if (c->line) {
        json_line(c, b, emit, ctx);
        return;
    }
    if (c->inside)
        keep(c, b);
    if (b == '"')
        c->string = true;
    else if (b == '{' || b == '[')
        c->depth++;
    else if ((b == '}' || b == ']') && c->depth > 0)
        c->depth--;
    if (c->inside && c->depth <= c->open && b == '}')
        hand_out(c, emit, ctx);
}

static void feed_json(struct mm_cut *c, struct mm_slice in, mm_cut_emit *emit, void *ctx)
{
    for (size_t i = 0; i < in.n; i++) {
        if (c->inside && !c->line && !c->escaped) {
            size_t n = plain(c, in, i);

            keep_run(c, mm_slice_sub(in, i, n));
            i += n;
            if (i == in.n)
                break;
        }
        c->at = c->fed + i;
        json_byte(c, in.p[i], emit, ctx);
    }
}

/* ---- XML ---- */

/* Only tags may stand around records, text may not. */
static void xml_around(struct mm_cut *c, uint8_t b)
{
    if (b == '<' ? c->tag : !c->tag && !is_blank(c, b))
        stray(c);
    c->held = b == '<' ? 0 : c->held + 1;
    c->tag = b == '<' || (c->tag && b != '>' && c->held < TAG_MAX);
}

/* `part` ends in what may be the beginning of <Event: does b go on with it? */
static void xml_outside(struct mm_cut *c, uint8_t b)
{
    xml_around(c, b);
    if (c->n == xml_open.n && (b == '>' || is_space(b))) {
        begin_record(c);
        c->held = 0;
        keep(c, b);
    } else if (c->n < xml_open.n && b == xml_open.p[c->n]) {
        keep(c, b);
    } else {
        c->n = 0;
        if (b == '<')
            keep(c, b);
    }
}

static void feed_xml(struct mm_cut *c, struct mm_slice in, mm_cut_emit *emit, void *ctx)
{
    for (size_t i = 0; i < in.n; i++) {
        uint8_t b = in.p[i];

        c->at = c->fed + i;
        if (!c->inside) {
            xml_outside(c, b);
            continue;
        }
        keep(c, b);
        /* How much of the closing tag stands at the end; no part of it but the first byte is '<'.
         */
        c->held = b == xml_close.p[c->held] ? c->held + 1 : b == '<' ? 1 : 0;
        if (c->held == xml_close.n)
            hand_out(c, emit, ctx);
    }
}

void mm_cut_feed(struct mm_cut *c, struct mm_slice in, mm_cut_emit *emit, void *ctx)
{
    MM_ASSERT(c->part != NULL && emit != NULL);
    if (c->kind == MM_CUT_JSON)
        feed_json(c, in, emit, ctx);
    else
        feed_xml(c, in, emit, ctx);
    c->fed += in.n;
}

void mm_cut_end(struct mm_cut *c, mm_cut_emit *emit, void *ctx)
{
    if (c->inside) {
        c->cut = c->cut || !c->line;
        hand_out(c, emit, ctx);
    } else if (c->tag || c->string) {
        stray(c);
    }
    c->n = c->held = 0;
    c->inside = c->tag = c->string = c->escaped = false;
}
