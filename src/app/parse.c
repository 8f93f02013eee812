/*
 * app/parse.c - `mimamori parse FILE`: what Mimamori reads out of log lines, without a server.
 *
 * Exit status: 0 when every line was parsed, 1 when some were not (or there were none), 2 when the
 * command, the formats or the file are wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/content.h"
#include "app/evtx_lines.h"
#include "base/rd.h"
#include "base/time.h"
#include "base/utf8.h"
#include "codec/when.h"
#include "intake/lines.h"
#include "intake/unpack.h"
#include "parse/parse.h"

enum {
    READ_SIZE = 256 * 1024,
    HEAD_SIZE = 512, /* tells UTF-16 */
    ARENA_SIZE = 64 * 1024 * 1024,
    OUT_SIZE = 8 * 1024 * 1024, /* one event as JSON: a line, escaped six-fold, and its copy */
    EXIT_UNPARSED = 1,
    EXIT_USE = 2,
};

struct run {
    struct mm_formats *formats;
    struct mm_scratch *scratch;
    struct mm_arena arena;
    struct mm_event *ev;
    struct mm_hint hint;
    struct mm_buf out;
    int64_t received_us;
    uint8_t *line; /* a line with room behind it: MM_MAX_LINE + MM_PADDING */
    bool failed;
    bool json, original;
    uint64_t lines, parsed, cut;
    uint64_t by_format[MM_FORMATS_MAX + 1]; /* the last one: no format */
    uint64_t unparsed[MM_FORMATS_MAX + 1];
};

struct options {
    const char *format;
    const char *formats;
    const char *received;
    const char *zone;
    const char *charset;
    const char *file;
    bool json, original, list;
};

static const char *quality_name(uint8_t quality)
{
    static const char *const names[] = {"zone-given", "zone-assumed", "year-assumed", "received",
                                        "implausible"};
    static_assert(MM_COUNT(names) == MM_TQ_COUNT, "one word per quality");

    MM_ASSERT(quality < MM_TQ_COUNT);
    return names[quality];
}

/* The event's own JSON object with three fields of ours behind the others. */
static void put_json(struct run *run, const struct mm_event *ev)
{
    mm_event_json(&run->out, ev, run->original);
    run->out.n -= run->out.n > 0 ? 1 : 0;
    mm_buf_str(&run->out, ",\"mimamori.format\":");
    if (ev->format.n > 0)
        mm_utf8_json(&run->out, ev->format);
    else
        mm_buf_str(&run->out, "null");
    mm_buf_fmt(&run->out, ",\"mimamori.parsed\":%s%s,\"mimamori.time_quality\":\"%s\"}\n",
               (ev->flags & MM_EV_UNPARSED) == 0 ? "true" : "false",
               (ev->flags & MM_EV_COSTLY) != 0 ? ",\"mimamori.costly\":true" : "",
               quality_name(ev->time_quality));
}

static void put_text(struct run *run, const struct mm_event *ev)
{
    char when[MM_TIME_TEXT], tmp[MM_FIELD_TEXT];

    mm_time_text(ev->time_us, when);
    mm_buf_fmt(&run->out, "%s  %s  %s\n", when,
               (ev->flags & MM_EV_UNPARSED) == 0 ? "parsed"
               : (ev->flags & MM_EV_COSTLY) != 0 ? "NOT PARSED (would cost too much)"
                                                 : "NOT PARSED",
               quality_name(ev->time_quality));
    mm_buf_str(&run->out, "  format = ");
    mm_utf8_json(&run->out, ev->format);
    mm_buf_byte(&run->out, '\n');
    for (int i = 0; i < MM_F_COUNT; i++) {
        enum mm_field f = (enum mm_field)i;

        if (!mm_event_has(ev, f))
            continue;
        mm_buf_str(&run->out, "  ");
        mm_buf_add(&run->out, mm_field_name(f));
        mm_buf_str(&run->out, " = ");
        mm_utf8_json(&run->out, mm_event_as_text(ev, f, tmp));
        mm_buf_byte(&run->out, '\n');
    }
    for (size_t i = 0; i < ev->extra_n; i++) {
        mm_buf_str(&run->out, "  ");
        mm_utf8_clean(&run->out, ev->extra[i].name);
        mm_buf_str(&run->out, " = ");
        mm_utf8_json(&run->out, ev->extra[i].value);
        mm_buf_byte(&run->out, '\n');
    }
    if (run->original || (ev->flags & MM_EV_UNPARSED) != 0) {
        mm_buf_str(&run->out, "  line = ");
        mm_utf8_json(&run->out, ev->original);
        mm_buf_byte(&run->out, '\n');
    }
}

static void one_line(void *ctx, struct mm_slice line, bool cut)
{
    struct run *run = ctx;
    struct mm_raw raw = {.body = mm_slice_of(run->line, line.n),
                         .seq = run->lines + 1,
                         .received_us = run->received_us,
                         .flags = MM_EV_IMPORTED | (cut ? MM_EV_TRUNCATED : 0)};
    uint16_t format;

    MM_ASSERT(line.n > 0 && line.n <= MM_MAX_LINE);
    memcpy(run->line, line.p, line.n);
    mm_arena_reset(&run->arena);
    mm_parse(run->formats, run->scratch, &run->arena, &raw, &run->hint, run->ev);
    format = mm_formats_find(run->formats, run->ev->format);
    format = format == MM_FORMAT_NONE ? MM_FORMATS_MAX : format;
    run->lines++;
    run->cut += cut ? 1 : 0;
    run->by_format[format]++;
    if ((run->ev->flags & MM_EV_UNPARSED) == 0)
        run->parsed++;
    else
        run->unparsed[format]++;
    mm_buf_reset(&run->out);
    if (run->json)
        put_json(run, run->ev);
    else
        put_text(run, run->ev);
    if (!mm_buf_ok(&run->out) || fwrite(run->out.p, 1, run->out.n, stdout) != run->out.n)
        run->failed = true;
}

static void summary(const struct run *run)
{
    fprintf(stderr, "%llu lines, %llu parsed, %llu not", (unsigned long long)run->lines,
            (unsigned long long)run->parsed, (unsigned long long)(run->lines - run->parsed));
    if (run->cut > 0)
        fprintf(stderr, ", %llu cut at %d bytes", (unsigned long long)run->cut, MM_MAX_LINE);
    fputc('\n', stderr);
    for (int i = 0; i <= MM_FORMATS_MAX; i++) {
        struct mm_slice name = MM_S("(no format)");

        if (run->by_format[i] == 0)
            continue;
        if (i < MM_FORMATS_MAX)
            name = mm_formats_name(run->formats, (uint16_t)i);
        fprintf(stderr, "  %.*s: %llu lines, %llu not parsed\n", MM_S_ARG(name),
                (unsigned long long)run->by_format[i], (unsigned long long)run->unparsed[i]);
    }
}

static int usage(void)
{
    fputs("usage: mimamori parse [options] FILE|-\n"
          "  --json           one JSON object a line instead of text\n"
          "  --original       show the line itself too\n"
          "  --format NAME    the lines are of this format (others are still recognised)\n"
          "  --formats DIR    read formats from DIR\n"
          "  --zone +0900     zone of times that say none (default +0900)\n"
          "  --charset NAME   what the lines are written in (default: found out)\n"
          "  --received TIME  clock for dates without a year (default: now)\n"
          "  --list           list the formats\n",
          stderr);
    return EXIT_USE;
}

static bool read_options(int argc, char **argv, struct options *o)
{
    static const struct option long_options[] = {
        {"format", required_argument, NULL, 'f'},
        {"formats", required_argument, NULL, 'd'},
        {"received", required_argument, NULL, 'r'},
        {"zone", required_argument, NULL, 'z'},
        {"json", no_argument, NULL, 'j'},
        {"original", no_argument, NULL, 'o'},
        {"list", no_argument, NULL, 'l'},
        {"charset", required_argument, NULL, 'c'},
        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (c) {
        case 'f':
            o->format = optarg;
            break;
        case 'd':
            o->formats = optarg;
            break;
        case 'r':
            o->received = optarg;
            break;
        case 'z':
            o->zone = optarg;
            break;
        case 'c':
            o->charset = optarg;
            break;
        case 'j':
            o->json = true;
            break;
        case 'o':
            o->original = true;
            break;
        case 'l':
            o->list = true;
            break;
        default:
            return false;
        }
    }
    o->file = optind < argc ? argv[optind] : NULL;
    return o->list ? optind == argc : optind == argc - 1;
}

/* Formats from DIR or the content; wrong ones are named and the rest is used. */
static bool load_formats(struct run *run, const char *dir)
{
    struct mm_format_errors *errors = calloc(1, sizeof(*errors));
    char path[MM_MAX_PATH];
    bool ok = true;

    run->formats = mm_formats_new();
    if (errors == NULL || run->formats == NULL) {
        free(errors);
        return false;
    }
    if (dir == NULL) {
        ok = mm_content_path("formats", path) == MM_OK;
        dir = path;
    }
    if (!ok || mm_formats_load(run->formats, dir, errors) != MM_OK) {
        fprintf(stderr, "mimamori: no formats can be read from %s\n", ok ? dir : "the content");
        ok = false;
    }
    for (size_t i = 0; i < errors->count && i < MM_FORMATS_MAX_ERRORS; i++)
        fprintf(stderr, "mimamori: %s:%u:%u: %s: %s\n", errors->error[i].file,
                errors->error[i].line, errors->error[i].column,
                mm_formats_reason(errors->error[i].what), errors->error[i].detail);
    if (ok && mm_formats_count(run->formats) == 0) {
        fprintf(stderr, "mimamori: %s holds no formats\n", dir);
        ok = false;
    }
    free(errors);
    return ok;
}

static bool set_hint(struct run *run, const struct options *o)
{
    struct mm_when when = {0};
    struct mm_rd rd = mm_rd_of(mm_slice_str(o->zone));
    bool zone;

    run->hint = (struct mm_hint){.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    run->received_us = mm_now_us();
    if (o->format != NULL) {
        run->hint.format = mm_formats_find(run->formats, mm_slice_str(o->format));
        if (run->hint.format == MM_FORMAT_NONE) {
            fprintf(stderr, "mimamori: no format is called %s (see --list)\n", o->format);
            return false;
        }
    }
    if (o->zone != NULL) {
        if (!mm_when_read(&rd, MM_WHEN_ZONE, &when) || mm_rd_left(&rd) > 0) {
            fprintf(stderr, "mimamori: %s is no zone; write +0900 or Z\n", o->zone);
            return false;
        }
        run->hint.offset_s = when.offset_s;
    }
    if (o->charset != NULL)
        run->hint.charset = mm_charset_find(mm_slice_str(o->charset));
    if (o->charset != NULL && run->hint.charset == MM_CS_UNKNOWN) {
        fprintf(stderr, "mimamori: %s is no character set of: " MM_CHARSETS "\n", o->charset);
        return false;
    }
    if (o->received != NULL &&
        !mm_time_parse(mm_slice_str(o->received), run->hint.offset_s, &run->received_us, &zone)) {
        fprintf(stderr, "mimamori: %s is no time; write 2026-11-20T13:00:00+09:00\n", o->received);
        return false;
    }
    return true;
}

static int list_formats(const struct run *run)
{
    uint16_t n = (uint16_t)mm_formats_count(run->formats); /* at most MM_FORMATS_MAX */

    for (uint16_t i = 0; i < n; i++)
        printf("%-16.*s %.*s\n", MM_S_ARG(mm_formats_name(run->formats, i)),
               MM_S_ARG(mm_formats_title(run->formats, i, "en")));
    return 0;
}

static bool continues(void *ctx, struct mm_slice line)
{
    const struct run *run = ctx;

    return mm_format_continues(run->formats, run->hint.format, line);
}

/* A file, packed or not. */
struct source {
    int fd;
    bool end;
    uint8_t *raw;         /* READ_SIZE */
    struct mm_slice left; /* of raw: not unpacked yet */
    struct mm_unpack *unpack;
};

/* More bytes of the file behind those that are left; false when it cannot be read. */
static bool refill(struct source *s)
{
    ssize_t n;

    memmove(s->raw, s->left.p, s->left.n);
    s->left = mm_slice_of(s->raw, s->left.n);
    while ((n = read(s->fd, s->raw + s->left.n, READ_SIZE - s->left.n)) < 0 && errno == EINTR)
        continue;
    if (n < 0)
        return false;
    s->end = n == 0;
    s->left.n += (size_t)n;
    return true;
}

static bool open_source(struct source *s, int fd, uint8_t *raw)
{
    *s = (struct source){.fd = fd, .raw = raw, .left = mm_slice_of(raw, 0)};
    while (s->left.n < MM_UNPACK_HEAD && !s->end) {
        if (!refill(s))
            return false;
    }
    return mm_unpack_new(mm_packing_of(s->left), &s->unpack) == MM_OK;
}

/* The next unpacked bytes; *ret_n is 0 at the end. False: the file cannot be read or is damaged. */
static bool next_bytes(struct source *s, uint8_t *out, size_t *ret_n)
{
    for (;;) {
        enum mm_code code = mm_unpack_read(s->unpack, &s->left, out, READ_SIZE, ret_n);

        if (code != MM_OK)
            errno = EBADMSG;
        if (code != MM_OK || *ret_n > 0)
            return code == MM_OK;
        if (s->end) {
            errno = EBADMSG; /* when it is not whole */
            return mm_unpack_whole(s->unpack);
        }
        if (s->left.n < READ_SIZE && !refill(s))
            return false;
    }
}

/* All of the source, its text decoded when it is UTF-16. False when it cannot be read. */
static bool read_lines(struct run *run, struct source *source, uint8_t *plain, uint8_t *text)
{
    struct mm_utf16 wide = {.cs = run->hint.charset};
    uint16_t format = run->hint.format;
    size_t lines = format == MM_FORMAT_NONE ? 1 : mm_format_record_lines(run->formats, format);
    const struct mm_lines_options o = {.continues = lines > 1 ? continues : NULL,
                                       .continues_ctx = run,
                                       .lines_max = lines,
                                       .lists = true,
                                       .emit = one_line,
                                       .ctx = run};
    struct mm_lines in;
    bool begun = false, ok = mm_lines_init(&in, &o) == MM_OK, more = true;
    size_t n;

    while (ok && !run->failed && (more = next_bytes(source, plain, &n)) && n > 0) {
        struct mm_slice bytes = mm_slice_of(plain, n);

        if (!begun && wide.cs == MM_CS_UNKNOWN)
            wide.cs = mm_charset_utf16(mm_slice_sub(bytes, 0, HEAD_SIZE));
        begun = true;
        if (wide.cs == MM_CS_UTF_16LE || wide.cs == MM_CS_UTF_16BE) {
            run->hint.charset = wide.cs;
            bytes = mm_slice_of(text, mm_utf16_feed(&wide, bytes, text));
        }
        ok = mm_lines_feed(&in, bytes) == MM_OK;
    }
    ok = ok && mm_lines_end(&in) == MM_OK && more;
    mm_lines_done(&in);
    return ok;
}

static int parse_file(struct run *run, const char *file)
{
    uint8_t *raw = malloc(READ_SIZE), *plain = malloc(READ_SIZE);
    uint8_t *text = malloc(mm_utf16_room(READ_SIZE));
    bool ok = raw != NULL && plain != NULL && text != NULL, damaged = false;
    struct source source = {0};
    struct mm_evtx_lines evtx = {.fd = -1};
    int fd = 0;

    if (ok && strcmp(file, "-") != 0)
        fd = open(file, O_RDONLY | O_CLOEXEC);
    ok = ok && fd >= 0 && mm_evtx_lines_open(fd, &evtx) &&
         open_source(&source, evtx.fd >= 0 ? evtx.fd : fd, raw) &&
         read_lines(run, &source, plain, text);
    if (!ok)
        fprintf(stderr, "mimamori: %s: %s\n", file, strerror(errno));
    mm_unpack_free(&source.unpack);
    free(raw);
    free(plain);
    free(text);
    if (!mm_evtx_lines_close(&evtx)) {
        fprintf(stderr, "mimamori: %s is damaged; what could be read of it stands above\n", file);
        damaged = true;
    }
    if (fd < 0)
        return EXIT_USE;
    if (fd > 0)
        (void)close(fd);
    if (fflush(stdout) != 0 || run->failed) {
        fprintf(stderr, "mimamori: output: %s\n", strerror(errno));
        ok = false;
    }
    summary(run);
    if (!ok)
        return EXIT_USE;
    return run->lines > 0 && run->parsed == run->lines && !damaged ? 0 : EXIT_UNPARSED;
}

int main(int argc, char **argv)
{
    struct run *run = calloc(1, sizeof(*run));
    struct options o = {0};
    int status = EXIT_USE;

    if (run == NULL || !read_options(argc, argv, &o)) {
        free(run);
        return usage();
    }
    run->json = o.json;
    run->original = o.original;
    run->scratch = mm_scratch_new();
    run->ev = calloc(1, sizeof(*run->ev));
    run->line = calloc(1, MM_MAX_LINE + MM_PADDING);
    mm_arena_init(&run->arena, ARENA_SIZE);
    mm_buf_init(&run->out, OUT_SIZE);
    if (run->scratch != NULL && run->ev != NULL && run->line != NULL &&
        load_formats(run, o.formats) && set_hint(run, &o))
        status = o.list ? list_formats(run) : parse_file(run, o.file);
    mm_buf_done(&run->out);
    mm_arena_done(&run->arena);
    mm_scratch_free(&run->scratch);
    mm_formats_free(&run->formats);
    free(run->ev);
    free(run->line);
    free(run);
    return status;
}
