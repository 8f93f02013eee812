/* parse/testfile.c - see testfile.h for the contract. */
#include "parse/testfile.h"

#include <stdlib.h>

#include "base/rd.h"
#include "base/time.h"
#include "codec/when.h"
#include "parse/format.h"

struct run {
    const struct mm_formats *formats;
    struct mm_scratch *scratch;
    struct mm_event *ev;
    struct mm_arena arena;
    struct mm_hint hint;
    struct mm_raw raw;
    struct mm_buf line; /* bytes of the current "<" line, and MM_PADDING behind them */
    struct mm_buf got;
    struct mm_buf *out;
    mm_testfile_each *each;
    void *arg;
    bool pending; /* a "<" line waits for its "=" line */
};

static void unescape(struct mm_buf *out, struct mm_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint64_t v;

        if (s.p[i] != '\\' || i + 1 >= s.n) {
            mm_buf_byte(out, s.p[i]);
        } else if (s.p[i + 1] == 'x' && mm_slice_hex(mm_slice_sub(s, i + 2, 2), &v)) {
            mm_buf_byte(out, (uint8_t)v); /* two digits */
            i += 3;
        } else {
            mm_buf_byte(out, s.p[i + 1] == 't' ? '\t' : s.p[i + 1]);
            i++;
        }
    }
}

static bool setting(struct run *r, struct mm_slice text)
{
    struct mm_rd rd = mm_rd_of(text), z;
    struct mm_slice name, value;
    struct mm_when when = {0};
    bool zone;

    if (!mm_rd_until(&rd, ' ', &name))
        return false;
    value = mm_rd_rest(&rd);
    if (mm_slice_eq(name, MM_S("received")))
        return mm_time_parse(value, 0, &r->raw.received_us, &zone);
    if (mm_slice_eq(name, MM_S("zone"))) {
        z = mm_rd_of(value);
        if (!mm_when_read(&z, MM_WHEN_ZONE, &when))
            return false;
        r->hint.offset_s = when.offset_s;
        return true;
    }
    if (!mm_slice_eq(name, MM_S("format")))
        return false;
    r->hint.format = mm_formats_find(r->formats, value);
    return r->hint.format != MM_FORMAT_NONE || mm_slice_eq(value, MM_S("none"));
}

/* What the current line becomes, in the words of an "=" line. */
static void describe(struct run *r)
{
    static const char *const qualities[] = {"zone-given", "zone-assumed", "year-assumed",
                                            "received", "implausible"};
    static const char *const flags[] = {"unparsed", "truncated",  "bad-utf8",
                                        "imported", "extra-full", "costly"};

    mm_arena_reset(&r->arena);
    mm_parse(r->formats, r->scratch, &r->arena, &r->raw, &r->hint, r->ev);
    MM_ASSERT(r->ev->time_quality < MM_COUNT(qualities));
    mm_buf_reset(&r->got);
    mm_buf_str(&r->got, "= ");
    mm_buf_add(&r->got, r->ev->format.n > 0 ? r->ev->format : MM_S("none"));
    mm_buf_fmt(&r->got, " %s", qualities[r->ev->time_quality]);
    for (size_t i = 0; i < MM_COUNT(flags); i++) {
        if ((r->ev->flags >> i & 1) != 0)
            mm_buf_fmt(&r->got, " %s", flags[i]);
    }
    mm_buf_byte(&r->got, ' ');
    mm_event_json(&r->got, r->ev, false);
}

static void expectation(struct run *r, struct mm_slice want, size_t number)
{
    struct mm_testfile_line line = {
        .number = number, .line = r->raw.body, .want = want, .ev = r->ev};

    describe(r);
    line.got = mm_buf_slice(&r->got);
    line.pattern = mm_scratch_pattern(r->scratch);
    r->each(r->arg, &line);
    mm_buf_add(r->out, line.got);
    mm_buf_byte(r->out, '\n');
    r->pending = false;
}

static void take_line(struct run *r, struct mm_slice line)
{
    bool escaped = line.p[1] == '\\';

    mm_buf_reset(&r->line);
    if (escaped)
        unescape(&r->line, mm_slice_sub(line, 3, SIZE_MAX));
    else
        mm_buf_add(&r->line, mm_slice_sub(line, 2, SIZE_MAX));
    r->raw.body.n = mm_min_size(r->line.n, MM_MAX_LINE);
    for (int i = 0; i < MM_PADDING; i++) /* the spool's promise to decoders */
        mm_buf_byte(&r->line, 0);
    r->raw.body.p = r->line.p;
    r->pending = true;
}

/* One line of the file; false when it is none. */
static bool step(struct run *r, struct mm_slice line, size_t number, bool accept)
{
    bool is = mm_slice_starts(line, MM_S("= "));

    if (is && !r->pending)
        return false;
    if (r->pending && !is && !accept)
        return false;
    if (r->pending) {
        expectation(r, is ? line : (struct mm_slice){0}, number);
        if (is)
            return true;
    }
    mm_buf_add(r->out, line);
    mm_buf_byte(r->out, '\n');
    if (mm_slice_starts(line, MM_S("@ ")))
        return setting(r, mm_slice_sub(line, 2, SIZE_MAX));
    if (mm_slice_starts(line, MM_S("< ")) || mm_slice_starts(line, MM_S("<\\ ")))
        take_line(r, line);
    else
        return line.n == 0 || line.p[0] == '#';
    return true;
}

enum mm_code mm_testfile_run(const struct mm_formats *formats, struct mm_slice text, bool accept,
                             mm_testfile_each *each, void *arg, struct mm_buf *out,
                             struct mm_fault *fault)
{
    struct run r = {.formats = formats,
                    .scratch = mm_scratch_new(),
                    .ev = calloc(1, sizeof(*r.ev)),
                    .hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S},
                    .out = out,
                    .each = each,
                    .arg = arg};
    struct mm_rd rd = mm_rd_of(text);
    enum mm_code code = r.scratch == NULL || r.ev == NULL ? MM_E_NOMEM : MM_OK;
    struct mm_slice line;
    size_t number = 0;

    mm_arena_init(&r.arena, 16 * 1024 * 1024);
    mm_buf_init(&r.line, MM_TESTFILE_MAX + MM_PADDING);
    mm_buf_init(&r.got, MM_TESTFILE_MAX);
    while (code == MM_OK && mm_rd_until(&rd, '\n', &line)) {
        number++;
        if (!step(&r, line, number, accept))
            code = mm_fail(fault, MM_E_SYNTAX, number, "testfile.line");
    }
    if (code == MM_OK && r.pending && accept)
        expectation(&r, (struct mm_slice){0}, number);
    if (code == MM_OK && (r.pending || mm_rd_left(&rd) > 0))
        code = mm_fail(fault, MM_E_SYNTAX, number, "testfile.end");
    if (code == MM_OK && (!mm_buf_ok(&r.line) || !mm_buf_ok(&r.got) || !mm_buf_ok(out)))
        code = MM_E_NOMEM;
    mm_scratch_free(&r.scratch);
    free(r.ev);
    mm_arena_done(&r.arena);
    mm_buf_done(&r.line);
    mm_buf_done(&r.got);
    return code;
}
