/* app/format.c - `mimamori format`: formats of log lines are checked, tried, made and taken in. */
#include "app/format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/content.h"
#include "app/language.h"
#include "base/time.h"
#include "base/utf8.h"
#include "codec/ext/yaml.h"
#include "os/file.h"
#include "parse/explain.h"
#include "parse/testfile.h"

enum { SHOW_MAX = 20, OUT_MAX = 16 * 1024 * 1024 };

static int usage(const struct mm_format_cmd *c)
{
    mm_format_say(c, stderr, "format.cli.usage",
                  (struct mm_format_arg[]){{"mark", MM_S("{user.name=bob}"), 0}, {0}});
    return MM_FORMAT_USAGE;
}

static bool read_args(struct mm_format_cmd *c, int argc, char **argv)
{
    const struct {
        const char *name;
        const char **to;
    } options[] = {
        {"--state", &c->state}, {"--name", &c->name},         {"--from", &c->from},
        {"--title", &c->title}, {"--category", &c->category}, {"--outcome", &c->outcome},
        {"--to", &c->to},       {"--format", &c->format},
    };

    for (int i = 2; i < argc; i++) {
        const char **to = NULL;

        for (size_t k = 0; k < MM_COUNT(options); k++) {
            if (strcmp(argv[i], options[k].name) == 0)
                to = options[k].to;
        }
        if (strcmp(argv[i], "--mark") == 0 && c->marks < MM_FORMAT_ARGS)
            to = &c->mark[c->marks++];
        if (to != NULL && i + 1 == argc)
            return false;
        if (to != NULL)
            *to = argv[++i];
        else if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc &&
                 mm_lang_parse(mm_slice_str(argv[i + 1]), &c->lang))
            i++;
        else if (strcmp(argv[i], "--json") == 0)
            c->json = true;
        else if (strcmp(argv[i], "--accept") == 0)
            c->accept = true;
        else if (strcmp(argv[i], "--yes") == 0)
            c->yes = true;
        else if ((argv[i][0] == '-' && argv[i][1] == '-') || c->paths == MM_FORMAT_ARGS)
            return false;
        else
            c->path[c->paths++] = argv[i];
    }
    return true;
}

void mm_format_print(struct mm_slice s)
{
    struct mm_buf out;

    mm_buf_init(&out, OUT_MAX);
    mm_utf8_clean(&out, s);
    for (size_t i = 0; mm_buf_ok(&out) && i < out.n; i++)
        putchar(out.p[i] < 0x20 || out.p[i] == 0x7f ? ' ' : out.p[i]);
    mm_buf_done(&out);
}

const char *mm_format_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

/* What the system says of a file. */
static bool no_file(const struct mm_format_cmd *c, const char *key, const char *path)
{
    const char *why = strerror(errno);

    fputs("mimamori: ", stderr);
    mm_format_say(c, stderr, key,
                  (struct mm_format_arg[]){
                      {"what", mm_slice_str(path), 0}, {"why", mm_slice_str(why), 0}, {0}});
    return false;
}

bool mm_format_read(const struct mm_format_cmd *c, const char *path, struct mm_buf *out)
{
    mm_buf_reset(out);
    return mm_file_read(path, out) == MM_OK || no_file(c, "format.cli.read", path);
}

bool mm_format_words(const struct mm_format_cmd *c, struct mm_buf *out)
{
    char path[MM_MAX_PATH];

    return mm_content_path("outcomes.yaml", path) == MM_OK && mm_format_read(c, path, out);
}

bool mm_format_write(const struct mm_format_cmd *c, const char *path, struct mm_slice bytes)
{
    return mm_file_replace(path, bytes, 0644) == MM_OK || no_file(c, "format.cli.write", path);
}

bool mm_format_load_but(struct mm_format_cmd *c, const char *but_ours, const char *but_own)
{
    char content[MM_MAX_PATH], own[MM_MAX_PATH];

    mm_formats_free(&c->set);
    memset(&c->errors, 0, sizeof(c->errors));
    c->set = mm_formats_new();
    if (c->set == NULL || mm_content_path("formats", content) != MM_OK ||
        mm_formats_load_but(c->set, content, but_ours, &c->errors) != MM_OK)
        return mm_format_complain(c, "format.cli.content", (struct mm_slice){0});
    mm_formats_own(c->set);
    if (mm_path_join(own, c->state, "formats") == MM_OK && access(own, R_OK) == 0 &&
        mm_formats_load_but(c->set, own, but_own, &c->errors) != MM_OK)
        (void)mm_format_complain(c, "format.cli.own", mm_slice_str(own));
    return true;
}

bool mm_format_load(struct mm_format_cmd *c, const char *file)
{
    const char *but = file == NULL ? NULL : mm_format_base(file);
    struct mm_buf text;
    bool ok;

    if (!mm_format_load_but(c, but, but))
        return false;
    if (file == NULL)
        return true;
    mm_buf_init(&text, MM_YAML_MAX_SIZE + 65536);
    ok = mm_format_read(c, file, &text);
    if (ok) /* what is wrong with it stands in errors */
        (void)!mm_formats_add(c->set, file, mm_buf_slice(&text), &c->errors);
    mm_buf_done(&text);
    return ok;
}

void mm_format_done(struct mm_format_cmd *c)
{
    mm_formats_free(&c->set);
}

size_t mm_format_tell(const struct mm_format_cmd *c)
{
    for (size_t i = 0; i < c->errors.count && i < MM_FORMATS_MAX_ERRORS; i++) {
        const struct mm_format_error *e = &c->errors.error[i];

        printf("%s:%u:%u: %s", e->file, e->line, e->column, mm_format_reason(c, e->what));
        if (e->detail[0] != 0) {
            fputs(": ", stdout);
            mm_format_print(mm_slice_str(e->detail));
        }
        putchar('\n');
    }
    return c->errors.count;
}

static void tell_json(const struct mm_format_cmd *c)
{
    struct mm_buf out;

    mm_buf_init(&out, OUT_MAX);
    for (size_t i = 0; i < c->errors.count && i < MM_FORMATS_MAX_ERRORS; i++) {
        const struct mm_format_error *e = &c->errors.error[i];

        mm_buf_fmt(&out, "{\"line\":%u,\"column\":%u,\"reason\":\"%s\",\"file\":", e->line,
                   e->column, e->what);
        mm_utf8_json(&out, mm_slice_str(e->file));
        mm_buf_str(&out, ",\"detail\":");
        mm_utf8_json(&out, mm_slice_str(e->detail));
        mm_buf_str(&out, "}\n");
    }
    if (mm_buf_ok(&out))
        (void)fwrite(out.p, 1, out.n, stdout);
    mm_buf_done(&out);
}

static int check(struct mm_format_cmd *c)
{
    size_t bad = 0;

    if (c->paths == 0)
        return usage(c);
    for (size_t i = 0; i < c->paths; i++) {
        if (!mm_format_load(c, c->path[i]))
            return MM_FORMAT_BAD;
        bad += c->errors.count;
        if (c->json)
            tell_json(c);
        else
            (void)mm_format_tell(c);
    }
    if (!c->json)
        mm_format_say(
            c, stdout, "format.cli.checked",
            (struct mm_format_arg[]){{"files", {0}, c->paths}, {"errors", {0}, bad}, {0}});
    return bad == 0 ? 0 : MM_FORMAT_BAD;
}

static void put_about(struct mm_buf *out, const char *name, const struct mm_formats *set,
                      uint16_t i, enum mm_about what)
{
    mm_buf_fmt(out, ",\"%s\":{\"ja\":", name);
    mm_utf8_json(out, mm_formats_about(set, i, what, "ja"));
    mm_buf_str(out, ",\"en\":");
    mm_utf8_json(out, mm_formats_about(set, i, what, "en"));
    mm_buf_byte(out, '}');
}

static int list(struct mm_format_cmd *c)
{
    struct mm_buf out;

    if (c->paths > 0)
        return usage(c);
    if (!mm_format_load(c, NULL))
        return MM_FORMAT_BAD;
    mm_buf_init(&out, OUT_MAX);
    for (size_t at = 0; at < mm_formats_count(c->set); at++) {
        uint16_t i = (uint16_t)at;
        struct mm_slice name = mm_formats_name(c->set, i);

        if (c->json) {
            mm_buf_str(&out, "{\"format\":");
            mm_utf8_json(&out, name);
            mm_buf_str(&out, ",\"ja\":");
            mm_utf8_json(&out, mm_formats_title(c->set, i, "ja"));
            mm_buf_str(&out, ",\"en\":");
            mm_utf8_json(&out, mm_formats_title(c->set, i, "en"));
            put_about(&out, "covers", c->set, i, MM_ABOUT_COVERS);
            put_about(&out, "reads", c->set, i, MM_ABOUT_READS);
            put_about(&out, "tested", c->set, i, MM_ABOUT_TESTED);
            mm_buf_str(&out, "}\n");
        } else {
            mm_buf_fmt(&out, "%-20.*s ", MM_S_ARG(name));
            mm_utf8_clean(&out, mm_formats_title(c->set, i, mm_lang_tag(c->lang)));
            mm_buf_byte(&out, '\n');
        }
    }
    if (mm_buf_ok(&out))
        (void)fwrite(out.p, 1, out.n, stdout);
    mm_buf_done(&out);
    return mm_format_tell(c) == 0 ? 0 : MM_FORMAT_BAD;
}

/* ---- test ---- */

struct tried {
    const struct mm_format_cmd *c;
    const char *file;
    size_t lines, differ, unparsed;
    bool quiet;
};

static void show_difference(void *arg, const struct mm_testfile_line *l)
{
    struct tried *t = arg;

    t->lines++;
    t->unparsed += (l->ev->flags & MM_EV_UNPARSED) != 0 ? 1 : 0;
    if (mm_slice_eq(l->got, l->want))
        return;
    if (t->differ++ >= SHOW_MAX || t->quiet)
        return;
    printf("%s:%zu\n", t->file, l->number);
    mm_format_say(t->c, stdout, "format.cli.line",
                  (struct mm_format_arg[]){{"line", l->line, 0}, {0}});
    mm_format_say(t->c, stdout, "format.cli.got",
                  (struct mm_format_arg[]){{"line", l->got, 0}, {0}});
    mm_format_say(t->c, stdout, l->want.n > 0 ? "format.cli.want" : "format.cli.want.none",
                  (struct mm_format_arg[]){{"line", l->want, 0}, {0}});
}

static int test(struct mm_format_cmd *c)
{
    struct tried t = {.c = c, .quiet = c->accept};
    struct mm_fault fault = {0};
    char path[MM_MAX_PATH];
    struct mm_buf text, out;
    enum mm_code code;
    size_t n = c->paths == 1 ? strlen(c->path[0]) : 0;
    bool good;

    if (n <= 5 || n >= sizeof(path) || strcmp(c->path[0] + n - 5, ".yaml") != 0)
        return usage(c);
    (void)snprintf(path, sizeof(path), "%.*s.test", (int)(n - 5), c->path[0]);
    if (!mm_format_load(c, c->path[0]) || mm_format_tell(c) > 0)
        return MM_FORMAT_BAD;
    t.file = path;
    mm_buf_init(&text, MM_TESTFILE_MAX);
    mm_buf_init(&out, 4 * MM_TESTFILE_MAX);
    good = mm_format_read(c, path, &text);
    if (good) {
        code =
            mm_testfile_run(c->set, mm_buf_slice(&text), true, show_difference, &t, &out, &fault);
        good = code == MM_OK;
        if (!good)
            mm_format_say(c, stdout, "format.cli.no_test",
                          (struct mm_format_arg[]){
                              {"file", mm_slice_str(path), 0}, {"line", {0}, fault.at}, {0}});
        else
            mm_format_say(c, stdout, "format.cli.tested",
                          (struct mm_format_arg[]){{"lines", {0}, t.lines},
                                                   {"differ", {0}, t.differ},
                                                   {"unread", {0}, t.unparsed},
                                                   {0}});
        if (good && c->accept && t.differ > 0)
            good = mm_format_write(c, path, mm_buf_slice(&out));
        else
            good = good && t.differ == 0;
    }
    mm_buf_done(&text);
    mm_buf_done(&out);
    return good ? 0 : MM_FORMAT_BAD;
}

/* ---- explain ---- */

static void show_stop(const struct mm_format_cmd *c, const struct mm_explained *e)
{
    size_t from = e->stop > 30 ? e->stop - 30 : 0;

    if (e->stop == SIZE_MAX)
        return;
    mm_format_say(
        c, stdout, "format.cli.stop",
        (struct mm_format_arg[]){{"column", {0}, e->stop + 1},
                                 {"before", mm_slice_sub(e->text, from, e->stop - from), 0},
                                 {"after", mm_slice_sub(e->text, e->stop, 30), 0},
                                 {0}});
    if (e->expected.n > 0)
        mm_format_say(c, stdout, "format.cli.expected",
                      (struct mm_format_arg[]){{"what", e->expected, 0}, {0}});
}

/* `opened`: the line in this envelope is the one that was shown before. */
static void show_one(const struct mm_format_cmd *c, const struct mm_explained *e, bool opened)
{
    struct mm_format_arg name[] = {{"format", mm_formats_name(c->set, e->format), 0}, {0}};

    if (e->envelope != MM_FORMAT_NONE && !opened)
        mm_format_say(c, stdout, "format.cli.envelope",
                      (struct mm_format_arg[]){{"format", mm_formats_name(c->set, e->envelope), 0},
                                               {"line", e->text, 0},
                                               {0}});
    mm_format_say(c, stdout,
                  e->parsed   ? "format.cli.reads.all"
                  : e->costly ? "format.cli.reads.costly"
                  : e->read   ? "format.cli.reads.part"
                              : "format.cli.reads.none",
                  name);
    show_stop(c, e);
    if (e->wrong.p != NULL)
        mm_format_say(
            c, stdout, e->wrong_name.n > 0 ? "format.cli.wrong" : "format.cli.wrong.rule",
            (struct mm_format_arg[]){{"name", e->wrong_name, 0}, {"value", e->wrong, 0}, {0}});
    if (!e->dated)
        mm_format_say(c, stdout, "format.cli.no_time", NULL);
    if (e->whole && !e->category)
        mm_format_say(c, stdout, "format.cli.no_category", NULL);
    if (e->whole && !e->outcome)
        mm_format_say(c, stdout, "format.cli.no_outcome", NULL);
}

static void show_fields(const struct mm_format_cmd *c, const struct mm_event *ev)
{
    char tmp[MM_FIELD_TEXT];

    mm_format_say(c, stdout,
                  ev->format.n == 0                   ? "format.cli.taken.none"
                  : (ev->flags & MM_EV_UNPARSED) == 0 ? "format.cli.taken.all"
                  : (ev->flags & MM_EV_COSTLY) != 0   ? "format.cli.taken.costly"
                                                      : "format.cli.taken.part",
                  (struct mm_format_arg[]){{"format", ev->format, 0}, {0}});
    for (int i = 0; i < MM_F_COUNT; i++) {
        if (!mm_event_has(ev, (enum mm_field)i))
            continue;
        printf("  %.*s = ", MM_S_ARG(mm_field_name((enum mm_field)i)));
        mm_format_print(mm_event_as_text(ev, (enum mm_field)i, tmp));
        putchar('\n');
    }
    for (size_t i = 0; i < ev->extra_n; i++) {
        fputs("  ", stdout);
        mm_format_print(ev->extra[i].name);
        fputs(" = ", stdout);
        mm_format_print(ev->extra[i].value);
        putchar('\n');
    }
}

static int explain_line(struct mm_format_cmd *c, struct mm_slice line)
{
    struct mm_explained e[MM_EXPLAIN_MAX];
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    struct mm_raw raw = {.received_us = mm_now_us()};
    struct mm_scratch *scratch = mm_scratch_new();
    struct mm_arena arena;
    struct mm_event *ev;
    uint8_t *padded;
    size_t n, outer = 0;

    mm_arena_init(&arena, OUT_MAX);
    line = mm_slice_sub(line, 0, MM_MAX_LINE);
    padded = mm_arena_alloc(&arena, line.n + MM_PADDING);
    ev = mm_arena_alloc(&arena, sizeof(*ev));
    if (scratch == NULL || padded == NULL || ev == NULL)
        return MM_FORMAT_BAD;
    if (line.n > 0)
        memcpy(padded, line.p, line.n);
    raw.body = mm_slice_of(padded, line.n);
    if (c->format != NULL)
        hint.format = mm_formats_find(c->set, mm_slice_str(c->format));
    n = mm_explain(c->set, scratch, &arena, &raw, &hint, e);
    for (size_t i = 0; i < n; i++)
        outer += e[i].envelope == MM_FORMAT_NONE;
    mm_format_say(
        c, stdout, "format.cli.know",
        (struct mm_format_arg[]){{"n", {0}, outer}, {"all", {0}, mm_formats_count(c->set)}, {0}});
    for (size_t i = 0; i < n; i++)
        show_one(c, &e[i], i > 0 && e[i - 1].envelope == e[i].envelope);
    mm_parse(c->set, scratch, &arena, &raw, &hint, ev);
    show_fields(c, ev);
    n = (ev->flags & MM_EV_UNPARSED) != 0;
    mm_scratch_free(&scratch);
    mm_arena_done(&arena);
    return n == 0 ? 0 : MM_FORMAT_BAD;
}

static int explain(struct mm_format_cmd *c)
{
    if (c->paths < 1 || c->paths > 2)
        return usage(c);
    if (!mm_format_load(c, c->paths == 2 ? c->path[1] : NULL) || mm_format_tell(c) > 0)
        return MM_FORMAT_BAD;
    return explain_line(c, mm_slice_str(c->path[0]));
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(struct mm_format_cmd *c);
    } verbs[] = {
        {"new", mm_format_new},
        {"test", test},
        {"explain", explain},
        {"check", check},
        {"list", list},
        {"add", mm_format_add},
        {"remove", mm_format_remove},
        {"draft", mm_format_draft},
    };
    static struct mm_format_cmd c = {.state = "/var/lib/mimamori", .to = "."}; /* 20 KB */
    int rc;

    c.lang = mm_app_language();
    if (argc < 2 || !read_args(&c, argc, argv))
        return usage(&c);
    for (size_t i = 0; i < MM_COUNT(verbs); i++) {
        if (strcmp(argv[1], verbs[i].name) != 0)
            continue;
        rc = verbs[i].run(&c);
        mm_format_done(&c);
        if (rc == MM_FORMAT_USAGE)
            (void)usage(&c);
        return fflush(stdout) == 0 ? rc : MM_FORMAT_BAD;
    }
    return usage(&c);
}
