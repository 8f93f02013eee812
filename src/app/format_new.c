/* app/format_new.c - `mimamori format new` and `add`: a format from example lines; taking it in. */
#include <stdio.h>
#include <stdlib.h>

#include "app/format.h"
#include "base/rd.h"
#include "codec/ext/yaml.h"
#include "os/file.h"
#include "parse/draft.h"
#include "parse/testfile.h"

enum { FILE_MAX = 4 * 1024 * 1024 };

/* Marks of the command line, wherever their text stands in this line; in the line's order. */
static size_t find_marks(const struct mm_format_cmd *c, struct mm_slice line,
                         struct mm_draft_mark *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < c->marks && n < MM_DRAFT_MARKS; i++) {
        struct mm_slice mark = mm_slice_str(c->mark[i]);
        size_t equals = mm_slice_find(mark, '=', 0), at, k;
        struct mm_slice value = mm_slice_sub(mark, equals + 1, SIZE_MAX);

        at = equals == SIZE_MAX ? SIZE_MAX : mm_slice_search(line, value);
        if (at == SIZE_MAX || value.n == 0)
            continue;
        for (k = n; k > 0 && ret[k - 1].from > at; k--)
            ret[k] = ret[k - 1];
        ret[k] = (struct mm_draft_mark){at, value.n, mm_slice_sub(mark, 0, equals)};
        n++;
    }
    return n;
}

static enum mm_code add_line(const struct mm_format_cmd *c, struct mm_draft *d,
                             struct mm_slice text)
{
    struct mm_draft_mark marks[MM_DRAFT_MARKS];
    struct mm_slice line = text;
    size_t n = find_marks(c, text, marks), in_text = 0;
    struct mm_draft_mark own[MM_DRAFT_MARKS];
    struct mm_slice without;

    /* Marks in the text win; a line whose braces are no marks is taken as it is. */
    if (mm_draft_marks(d, text, &without, own, &in_text) == MM_OK && in_text > 0) {
        line = without;
        memcpy(marks, own, sizeof(marks));
        n = in_text;
    }
    return mm_draft_add(d, line, marks, n);
}

static bool add_lines(const struct mm_format_cmd *c, struct mm_draft *d, struct mm_slice text)
{
    struct mm_rd rd = mm_rd_of(text);
    struct mm_slice line;
    size_t number = 0;

    while (mm_rd_left(&rd) > 0) {
        enum mm_code code = MM_OK;

        if (!mm_rd_until(&rd, '\n', &line)) {
            line = mm_rd_rest(&rd);
            rd.pos = rd.in.n;
        }
        number++;
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        if (line.n > 0)
            code = add_line(c, d, line);
        if (code == MM_E_LIMIT) {
            fprintf(stderr,
                    "mimamori: lines from %zu on were left out: give one line of each kind\n",
                    number);
            return true;
        }
        if (code != MM_OK) {
            fprintf(stderr, "mimamori: %s:%zu: marks must lie apart, inside of the message\n",
                    c->from, number);
            return false;
        }
    }
    return true;
}

struct counted {
    size_t lines, parsed;
};

static void count(void *arg, const struct mm_testfile_line *l)
{
    struct counted *n = arg;

    n->lines++;
    n->parsed += (l->ev->flags & MM_EV_UNPARSED) == 0 ? 1 : 0;
}

/* Try what was written on its own lines; the test gets what came out. */
static int try_out(struct mm_format_cmd *c, struct mm_draft *d, const char *yaml, const char *test)
{
    struct counted n = {0};
    struct mm_fault fault = {0};
    struct mm_buf lines, out;
    bool good;

    if (!mm_format_load(c, yaml) || mm_format_tell(c) > 0)
        return MM_FORMAT_BAD;
    mm_buf_init(&lines, MM_TESTFILE_MAX);
    mm_buf_init(&out, 4 * MM_TESTFILE_MAX);
    mm_draft_test(d, &lines);
    good = mm_buf_ok(&lines) &&
           mm_testfile_run(c->set, mm_buf_slice(&lines), true, count, &n, &out, &fault) == MM_OK;
    good = good && mm_format_write(test, mm_buf_slice(&out));
    mm_buf_done(&lines);
    mm_buf_done(&out);
    if (!good)
        return MM_FORMAT_BAD;
    printf("%s: %zu kinds of line\n%s: %zu lines, %zu wholly read\n"
           "Now read both, give fields their names (docs/en/formats.md), then:\n"
           "  mimamori format test %s\n  mimamori format add %s\n",
           yaml, d->patterns, test, n.lines, n.parsed, yaml, yaml);
    return n.lines == n.parsed ? 0 : MM_FORMAT_BAD;
}

int mm_format_new(struct mm_format_cmd *c)
{
    static struct mm_draft d;
    struct mm_draft_head head = {.name = mm_slice_str(c->name),
                                 .title = mm_slice_str(c->title),
                                 .category = mm_slice_str(c->category),
                                 .outcome = mm_slice_str(c->outcome)};
    char yaml[MM_MAX_PATH], test[MM_MAX_PATH];
    struct mm_buf text, out;
    int rc = MM_FORMAT_BAD;

    if (c->name == NULL || c->from == NULL || c->paths > 0)
        return MM_FORMAT_USAGE;
    if (head.category.n == 0)
        head.category = MM_S("host");
    if (head.outcome.n == 0)
        head.outcome = MM_S("unknown");
    if (!mm_draft_name_ok(head.name)) {
        fputs("mimamori: a name is made of a-z, 0-9 and -\n", stderr);
        return MM_FORMAT_USAGE;
    }
    if ((size_t)snprintf(yaml, sizeof(yaml), "%s/%s.yaml", c->to, c->name) >= sizeof(yaml) ||
        (size_t)snprintf(test, sizeof(test), "%s/%s.test", c->to, c->name) >= sizeof(test) ||
        mm_draft_init(&d) != MM_OK)
        return MM_FORMAT_BAD;
    mm_buf_init(&text, FILE_MAX);
    mm_buf_init(&out, MM_DRAFT_YAML);
    if (mm_format_read(c->from, &text) && add_lines(c, &d, mm_buf_slice(&text))) {
        if (!mm_draft_yaml(&d, &head, &out))
            fprintf(stderr, "mimamori: %s holds no lines to make a format of\n", c->from);
        else if (mm_format_write(yaml, mm_buf_slice(&out)))
            rc = try_out(c, &d, yaml, test);
    }
    mm_buf_done(&text);
    mm_buf_done(&out);
    mm_draft_done(&d);
    return rc;
}

int mm_format_add(struct mm_format_cmd *c)
{
    char dir[MM_MAX_PATH], to[MM_MAX_PATH];
    struct mm_buf text;
    bool good = true;

    if (c->paths == 0 || mm_path_join(dir, c->state, "formats") != MM_OK)
        return MM_FORMAT_USAGE;
    /* All are looked at before the first is copied: a broken one changes nothing. */
    for (size_t i = 0; i < c->paths; i++) {
        struct mm_slice name = mm_slice_str(mm_format_base(c->path[i]));

        if (!mm_slice_ends(name, MM_S(".yaml"))) {
            fprintf(stderr, "mimamori: %s: a format is a file NAME.yaml\n", c->path[i]);
            return MM_FORMAT_USAGE;
        }
        if (!mm_format_load(c, c->path[i]) || mm_format_tell(c) > 0)
            return MM_FORMAT_BAD;
    }
    if (mm_fs_mkdirs(mm_fs_real(), dir, 0700) != MM_OK) {
        fprintf(stderr, "mimamori: cannot make %s\n", dir);
        return MM_FORMAT_BAD;
    }
    mm_buf_init(&text, MM_YAML_MAX_SIZE + 65536);
    for (size_t i = 0; i < c->paths && good; i++) {
        good = mm_path_join(to, dir, mm_format_base(c->path[i])) == MM_OK &&
               mm_format_read(c->path[i], &text) && mm_format_write(to, mm_buf_slice(&text));
    }
    mm_buf_done(&text);
    if (good)
        printf("%zu files copied to %s\n", c->paths, dir);
    return good ? 0 : MM_FORMAT_BAD;
}
