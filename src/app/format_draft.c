/*
 * app/format_draft.c - `mimamori format draft`: a line that nobody reads becomes a format, for the
 * portal's page.
 *
 * One JSON document in: {"title", "category", "outcome", "shape" (of the kind of line), "yaml" and
 * "test" (of a format that is added to), "lines": [bytes in hexadecimal; the first is the one that
 * was marked, the others are tried as well], "marks": [{"from", "n", "field"}], "words": [{"word",
 * "outcome"}]}. One out: the first line's pieces and what each line gives; with a --name also the
 * file, its test, what is wrong with it, and what words of a part marked event.outcome mean.
 *
 * The portal keeps everybody's data and this reads what devices write: it gives away files, network
 * and processes before it reads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/format.h"
#include "app/question.h"
#include "base/time.h"
#include "codec/ext/json.h"
#include "codec/pattern_scan.h"
#include "codec/syslog.h"
#include "os/sandbox.h"
#include "parse/draft.h"
#include "parse/explain.h"
#include "parse/testfile.h"
#include "parse/text.h"
#include "text/doc.h"

enum {
    IN_MAX = 2 * 1024 * 1024,
    OUT_MAX = 4 * 1024 * 1024,
    LINES_MAX = 40, /* shown on one page */
    MEMORY_MAX = 1024 * 1024 * 1024,
    AROUND = 30, /* bytes shown before and behind the place where a line was not read */
};

struct work {
    struct mm_format_cmd *c;
    struct mm_arena arena;
    struct mm_json_doc in;
    struct mm_doc *out;
    struct mm_slice line[LINES_MAX];
    size_t lines;
    struct mm_draft_mark mark[MM_DRAFT_MARKS];
    size_t marks;
    struct mm_draft_word word[MM_DRAFT_WORDS]; /* that a person has spoken of */
    size_t words;
    struct mm_buf known; /* content/outcomes.yaml */
    struct mm_buf yaml, test;
};

/* A text of the request; empty when it is none. */
static struct mm_slice text_of(const struct work *w, size_t object, const char *key)
{
    const struct mm_json_item *it = mm_json_get(&w->in, object, mm_slice_str(key));

    return it != NULL && it->type == MM_JSON_STRING ? it->text : (struct mm_slice){0};
}

static bool number_of(const struct work *w, size_t object, const char *key, size_t *ret)
{
    const struct mm_json_item *it = mm_json_get(&w->in, object, mm_slice_str(key));
    uint64_t v;

    if (it == NULL || it->type != MM_JSON_NUMBER || !mm_slice_u64(it->text, &v) || v > MM_MAX_LINE)
        return false;
    *ret = (size_t)v;
    return true;
}

static int digit_of(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A line from its bytes in hexadecimal, as the text that formats read; false without memory. What
 * is no digit ends it. */
static bool take_line(struct work *w, struct mm_slice hex)
{
    uint8_t *bytes = mm_arena_bytes(&w->arena, hex.n / 2 + 1);
    struct mm_charset_seen seen = {0};
    struct mm_text text;
    size_t n = 0;

    if (bytes == NULL)
        return false;
    for (size_t i = 0; i + 1 < hex.n && n < MM_MAX_LINE; i += 2) {
        int high = digit_of(hex.p[i]), low = digit_of(hex.p[i + 1]);

        if (high < 0 || low < 0)
            break;
        bytes[n++] = (uint8_t)(high << 4 | low);
    }
    mm_text_of(&w->arena, mm_slice_of(bytes, n), MM_CS_UNKNOWN, &seen, &text);
    w->line[w->lines++] = mm_slice_trim(text.read);
    return true;
}

/* The members of a list of the request, one by one: *at is 0 at first; false at the end. */
static bool next_member(const struct work *w, const char *list, size_t *at)
{
    const struct mm_json_item *it = mm_json_get(&w->in, 0, mm_slice_str(list));

    if (it == NULL || it->type != MM_JSON_ARRAY)
        return false;
    *at = *at == 0 ? mm_json_index(&w->in, it) + 1 : w->in.item[*at].end;
    return *at < it->end;
}

static bool read_words(struct work *w)
{
    for (size_t at = 0; next_member(w, "words", &at);) {
        struct mm_draft_word word = {.outcome = MM_DRAFT_OUTCOMES};

        if (w->in.item[at].type != MM_JSON_OBJECT)
            return false;
        word.word = text_of(w, at, "word");
        word.outcome = mm_draft_outcome_of(text_of(w, at, "outcome"));
        if (word.outcome == MM_DRAFT_OUTCOMES || w->words == MM_DRAFT_WORDS)
            return false;
        w->word[w->words++] = word;
    }
    return true;
}

static bool read_request(struct work *w)
{
    const struct mm_json_item *lines = mm_json_get(&w->in, 0, MM_S("lines"));

    if (lines == NULL || lines->type != MM_JSON_ARRAY)
        return false;
    for (size_t i = mm_json_index(&w->in, lines) + 1; i < lines->end; i = w->in.item[i].end) {
        if (w->lines < LINES_MAX && w->in.item[i].type == MM_JSON_STRING &&
            !take_line(w, w->in.item[i].text))
            return false;
    }
    for (size_t at = 0; next_member(w, "marks", &at);) {
        struct mm_draft_mark m = {.field = {0}};

        if (w->in.item[at].type != MM_JSON_OBJECT || w->marks == MM_DRAFT_MARKS ||
            !number_of(w, at, "from", &m.from) || !number_of(w, at, "n", &m.n))
            return false;
        m.field = text_of(w, at, "field");
        w->mark[w->marks++] = m;
    }
    return read_words(w) && w->lines > 0;
}

/* ---- pieces ---- */

static const char *kind_of(const struct mm_shape_piece *p, const struct mm_shape_piece *t)
{
    enum mm_scan scan = (enum mm_scan)p->scan;

    if (p->gap)
        return "gap";
    if (scan == MM_SCAN_COUNT)
        return t != NULL && t->scan != MM_SCAN_COUNT ? "varies" : "text";
    if (mm_scan_time(scan))
        return "time";
    if (mm_scan_pair(scan))
        return "end";
    return scan == MM_SCAN_IP ? "ip" : scan == MM_SCAN_MAC ? "mac" : "value";
}

/* The message of a line as draft.c sees it. */
static struct mm_slice message_of(struct mm_slice line)
{
    struct mm_syslog syslog;

    if (mm_syslog_parse(line, &syslog, NULL) != MM_OK)
        return mm_slice_trim(line);
    return mm_slice_trim(syslog.app.n > 0 ? syslog.msg : syslog.text);
}

/* The first line cut where a device's values may stand; the kind of line says which words vary. */
static void write_pieces(struct work *w)
{
    struct mm_slice line = w->line[0], text = message_of(line);
    size_t head = (size_t)(text.p - line.p); /* both are one line's bytes */
    struct mm_doc *list = mm_doc_array(w->out, "pieces");
    struct mm_shape shape, kind;
    bool like = mm_shape_read(text_of(w, 0, "shape"), &kind);

    mm_shape_of(text, &shape);
    like = like && kind.count == shape.count;
    mm_doc_text(w->out, "head", mm_slice_sub(line, 0, head));
    for (size_t i = 0; i < shape.count; i++) {
        const struct mm_shape_piece *p = &shape.piece[i];
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_int(o, "from", (int64_t)(head + p->from));
        mm_doc_int(o, "n", p->size);
        mm_doc_text(o, "text", mm_slice_sub(text, p->from, p->size));
        mm_doc_str(o, "kind", kind_of(p, like ? &kind.piece[i] : NULL));
    }
}

/* ---- the file and its test ---- */

/* What words are known to mean, and what a person has said of them. */
static enum mm_code say_words(struct work *w, struct mm_draft *d)
{
    enum mm_code code = mm_draft_known(d, mm_buf_slice(&w->known));

    for (size_t i = 0; i < w->words && code == MM_OK; i++)
        code = mm_draft_say(d, w->word[i].word, w->word[i].outcome);
    return code;
}

/* Words of the part that tells how it ended, when there is one. */
static void write_words(struct work *w, const struct mm_draft *d)
{
    struct mm_doc *list = mm_doc_array(w->out, "words");
    bool has = false;

    for (size_t i = 0; i < d->patterns; i++)
        has = has || d->pattern[i].result.n > 0;
    for (size_t i = 0; i < d->words && has; i++) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, "word", d->word[i].word);
        mm_doc_str(o, "outcome", mm_draft_outcome(d->word[i].outcome));
    }
}

static bool write_file(struct work *w, struct mm_draft *d)
{
    struct mm_slice base = text_of(w, 0, "yaml"), lines = text_of(w, 0, "test");
    struct mm_draft_head head = {.name = mm_slice_str(w->c->name),
                                 .title = text_of(w, 0, "title"),
                                 .category = text_of(w, 0, "category"),
                                 .outcome = text_of(w, 0, "outcome")};
    struct mm_buf own;
    enum mm_code code = say_words(w, d);

    if (code == MM_OK)
        code = mm_draft_add(d, w->line[0], w->mark, w->marks);
    for (size_t i = 1; i < w->lines && code == MM_OK; i++)
        code = mm_draft_example(d, w->line[i]);
    mm_doc_bool(w->out, "marks_ok", code == MM_OK);
    write_words(w, d);
    if (code != MM_OK ||
        !(base.n > 0 ? mm_draft_extend(d, base, &w->yaml) : mm_draft_yaml(d, &head, &w->yaml)))
        return false;
    mm_buf_init(&own, MM_TESTFILE_MAX);
    mm_draft_test(d, &own);
    mm_buf_reset(&w->test);
    mm_buf_add(&w->test, lines);
    mm_buf_add(&w->test, mm_buf_slice(&own));
    mm_buf_done(&own);
    return mm_buf_ok(&w->test);
}

static void write_errors(struct work *w)
{
    struct mm_doc *list = mm_doc_array(w->out, "errors");
    char own[MM_DRAFT_NAME + 8];

    (void)snprintf(own, sizeof(own), "%s.yaml", w->c->name);
    for (size_t i = 0; i < w->c->errors.count && i < MM_FORMATS_MAX_ERRORS; i++) {
        const struct mm_format_error *e = &w->c->errors.error[i];
        struct mm_doc *o;

        if (strcmp(e->file, own) != 0)
            continue; /* of a file that somebody else has broken */
        o = mm_doc_object(list, NULL);
        mm_doc_int(o, "line", e->line);
        mm_doc_int(o, "column", e->column);
        mm_doc_str(o, "code", e->what);
        mm_doc_str(o, "reason", mm_formats_reason(e->what));
        mm_doc_text(o, "detail", mm_slice_str(e->detail));
    }
}

static void keep_test(void *arg, const struct mm_testfile_line *l)
{
    (void)arg;
    (void)l;
}

/* ---- what lines give ---- */

static void write_field(struct mm_doc *list, struct mm_slice name, struct mm_slice value)
{
    struct mm_doc *o = mm_doc_object(list, NULL);

    mm_doc_text(o, "name", name);
    mm_doc_text(o, "value", value);
}

static void write_fields(struct mm_doc *o, const struct mm_event *ev)
{
    struct mm_doc *list = mm_doc_array(o, "fields");
    char tmp[MM_FIELD_TEXT];

    for (int i = 0; i < MM_F_COUNT; i++) {
        if (mm_event_has(ev, (enum mm_field)i) && i != MM_F_SYSLOG_FACILITY &&
            i != MM_F_SYSLOG_SEVERITY)
            write_field(list, mm_field_name((enum mm_field)i),
                        mm_event_as_text(ev, (enum mm_field)i, tmp));
    }
    for (size_t i = 0; i < ev->extra_n; i++)
        write_field(list, ev->extra[i].name, ev->extra[i].value);
}

static void write_stop(struct mm_doc *o, const struct mm_explained *e)
{
    size_t from = e->stop > AROUND ? e->stop - AROUND : 0;

    if (e->stop == SIZE_MAX)
        return;
    mm_doc_int(o, "column", (int64_t)e->stop + 1);
    mm_doc_text(o, "before", mm_slice_sub(e->text, from, e->stop - from));
    mm_doc_text(o, "behind", mm_slice_sub(e->text, e->stop, AROUND));
    mm_doc_text(o, "expected", e->expected);
}

static bool write_line(struct work *w, struct mm_doc *list, struct mm_scratch *scratch,
                       struct mm_slice line)
{
    struct mm_explained e[MM_EXPLAIN_MAX];
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    struct mm_doc *o = mm_doc_object(list, NULL);
    struct mm_raw raw = {.received_us = mm_now_us()};
    uint8_t *padded = mm_arena_alloc(&w->arena, line.n + MM_PADDING);
    struct mm_event *ev = mm_arena_alloc(&w->arena, sizeof(*ev));
    uint16_t own =
        w->c->name == NULL ? MM_FORMAT_NONE : mm_formats_find(w->c->set, mm_slice_str(w->c->name));
    size_t n;

    if (padded == NULL || ev == NULL)
        return false;
    memcpy(padded, line.p, line.n);
    raw.body = mm_slice_of(padded, line.n);
    mm_parse(w->c->set, scratch, &w->arena, &raw, &hint, ev);
    mm_doc_text(o, "line", line);
    mm_doc_text(o, "format", ev->format);
    mm_doc_bool(o, "own",
                own != MM_FORMAT_NONE && mm_slice_eq(ev->format, mm_slice_str(w->c->name)));
    mm_doc_bool(o, "parsed", (ev->flags & MM_EV_UNPARSED) == 0);
    write_fields(o, ev);
    n = mm_explain(w->c->set, scratch, &w->arena, &raw, &hint, e);
    for (size_t i = 0; i < n && (ev->flags & MM_EV_UNPARSED) != 0; i++) {
        if (e[i].format == own)
            write_stop(o, &e[i]);
    }
    return true;
}

static bool write_lines(struct work *w)
{
    struct mm_scratch *scratch = mm_scratch_new();
    struct mm_doc *list = mm_doc_array(w->out, "lines");
    bool ok = scratch != NULL;

    for (size_t i = 0; i < w->lines && ok; i++)
        ok = w->line[i].n == 0 || write_line(w, list, scratch, w->line[i]);
    mm_scratch_free(&scratch);
    return ok;
}

static bool try_out(struct work *w)
{
    static struct mm_draft d;
    char file[MM_DRAFT_NAME + 8];
    struct mm_fault fault = {0};
    struct mm_buf test;
    bool ok = mm_draft_init(&d) == MM_OK && write_file(w, &d);

    mm_draft_done(&d);
    if (!ok)
        return true; /* said in marks_ok */
    (void)snprintf(file, sizeof(file), "%s.yaml", w->c->name);
    mm_doc_text(w->out, "yaml", mm_buf_slice(&w->yaml));
    /* What is wrong with it stands in errors. */
    (void)!mm_formats_add(w->c->set, file, mm_buf_slice(&w->yaml), &w->c->errors);
    write_errors(w);
    if (mm_formats_find(w->c->set, mm_slice_str(w->c->name)) == MM_FORMAT_NONE)
        return true;
    mm_buf_init(&test, 4 * MM_TESTFILE_MAX);
    ok = mm_testfile_run(w->c->set, mm_buf_slice(&w->test), true, keep_test, NULL, &test, &fault) ==
         MM_OK;
    mm_doc_text(w->out, "test", ok ? mm_buf_slice(&test) : (struct mm_slice){0});
    mm_buf_done(&test);
    return write_lines(w);
}

int mm_format_draft(struct mm_format_cmd *c)
{
    static const struct mm_sandbox box = {.may = MM_MAY_COMPUTE, .memory_max = MEMORY_MAX};
    static struct work w;
    char but[MM_DRAFT_NAME + 8];
    struct mm_json *json;
    struct mm_buf in;
    unsigned missing = 0;
    bool ok;

    if (c->name != NULL && !mm_draft_name_ok(mm_slice_str(c->name)))
        return MM_FORMAT_USAGE;
    json = mm_json_new(IN_MAX);
    (void)snprintf(but, sizeof(but), "%s.yaml", c->name == NULL ? "" : c->name);
    w.c = c;
    mm_buf_init(&w.known, IN_MAX);
    if (json == NULL || !mm_format_load_but(c, NULL, but) || !mm_format_words(c, &w.known) ||
        mm_sandbox_enter(&box, &missing) != MM_OK) {
        mm_json_free(&json);
        return MM_FORMAT_BAD;
    }
    mm_arena_init(&w.arena, 64 * 1024 * 1024);
    mm_buf_init(&w.yaml, MM_DRAFT_YAML);
    mm_buf_init(&w.test, 2 * MM_TESTFILE_MAX);
    mm_buf_init(&in, IN_MAX);
    w.out = mm_doc_new(&w.arena);
    ok = mm_question_read(&in) &&
         mm_json_parse(json, mm_buf_slice(&in), &w.arena, &w.in, NULL) == MM_OK &&
         w.in.item[0].type == MM_JSON_OBJECT && read_request(&w);
    if (ok)
        write_pieces(&w);
    ok = ok && (c->name == NULL ? write_lines(&w) : try_out(&w)) &&
         mm_question_answer(w.out, OUT_MAX);
    mm_buf_done(&in);
    mm_buf_done(&w.known);
    mm_buf_done(&w.yaml);
    mm_buf_done(&w.test);
    mm_json_free(&json);
    mm_arena_done(&w.arena);
    /* In the jail: what others do at the end of a program (leak detectors) is not allowed here. */
    _exit(ok ? 0 : MM_FORMAT_BAD);
}
