/* app/format_new.c - `mimamori format new`, `add`, `remove`: from example lines; in and out. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/format.h"
#include "app/format_store.h"
#include "app/format_uses.h"
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
            fputs("mimamori: ", stderr);
            mm_format_say(c, stderr, "format.cli.left_out",
                          (struct mm_format_arg[]){{"line", {0}, number}, {0}});
            return true;
        }
        if (code != MM_OK) {
            fputs("mimamori: ", stderr);
            mm_format_say(c, stderr, "format.cli.marks",
                          (struct mm_format_arg[]){
                              {"file", mm_slice_str(c->from), 0}, {"line", {0}, number}, {0}});
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
    good = good && mm_format_write(c, test, mm_buf_slice(&out));
    mm_buf_done(&lines);
    mm_buf_done(&out);
    if (!good)
        return MM_FORMAT_BAD;
    mm_format_say(c, stdout, "format.cli.made",
                  (struct mm_format_arg[]){{"yaml", mm_slice_str(yaml), 0},
                                           {"kinds", {0}, d->patterns},
                                           {"test", mm_slice_str(test), 0},
                                           {"lines", {0}, n.lines},
                                           {"read", {0}, n.parsed},
                                           {0}});
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
    struct mm_buf words, text, out;
    int rc = MM_FORMAT_BAD;

    if (c->name == NULL || c->from == NULL || c->paths > 0)
        return MM_FORMAT_USAGE;
    if (head.category.n == 0)
        head.category = MM_S("host");
    if (head.outcome.n == 0)
        head.outcome = MM_S("unknown");
    if (!mm_draft_name_ok(head.name)) {
        (void)mm_format_complain(c, "format.cli.name", head.name);
        return MM_FORMAT_USAGE;
    }
    if ((size_t)snprintf(yaml, sizeof(yaml), "%s/%s.yaml", c->to, c->name) >= sizeof(yaml) ||
        (size_t)snprintf(test, sizeof(test), "%s/%s.test", c->to, c->name) >= sizeof(test) ||
        mm_draft_init(&d) != MM_OK)
        return MM_FORMAT_BAD;
    mm_buf_init(&words, FILE_MAX);
    mm_buf_init(&text, FILE_MAX);
    mm_buf_init(&out, MM_DRAFT_YAML);
    if (mm_format_words(c, &words) && mm_draft_known(&d, mm_buf_slice(&words)) == MM_OK &&
        mm_format_read(c, c->from, &text) && add_lines(c, &d, mm_buf_slice(&text))) {
        if (!mm_draft_yaml(&d, &head, &out))
            (void)mm_format_complain(c, "format.cli.no_lines", mm_slice_str(c->from));
        else if (mm_format_write(c, yaml, mm_buf_slice(&out)))
            rc = try_out(c, &d, yaml, test);
    }
    mm_buf_done(&words);
    mm_buf_done(&text);
    mm_buf_done(&out);
    mm_draft_done(&d);
    return rc;
}

/* The file of a format and, when there is one, its test beside it. */
static enum mm_code store_one(const struct mm_format_cmd *c, const char *path)
{
    struct mm_slice base = mm_slice_str(mm_format_base(path));
    char test[MM_MAX_PATH];
    struct mm_buf yaml, lines;
    enum mm_code code = MM_E_IO;

    (void)snprintf(test, sizeof(test), "%.*s.test", (int)(strlen(path) - 5), path);
    mm_buf_init(&yaml, MM_YAML_MAX_SIZE + 65536);
    mm_buf_init(&lines, MM_TESTFILE_MAX);
    if (access(test, F_OK) == 0 && !mm_format_read(c, test, &lines))
        mm_buf_reset(&lines);
    if (mm_format_read(c, path, &yaml))
        code = mm_format_store(c->state, mm_slice_sub(base, 0, base.n - 5), mm_buf_slice(&yaml),
                               mm_buf_slice(&lines));
    mm_buf_done(&yaml);
    mm_buf_done(&lines);
    return code;
}

int mm_format_add(struct mm_format_cmd *c)
{
    if (c->paths == 0)
        return MM_FORMAT_USAGE;
    /* All are looked at before the first is copied: a broken one changes nothing. */
    for (size_t i = 0; i < c->paths; i++) {
        struct mm_slice name = mm_slice_str(mm_format_base(c->path[i]));

        if (!mm_slice_ends(name, MM_S(".yaml"))) {
            (void)mm_format_complain(c, "format.cli.yaml", mm_slice_str(c->path[i]));
            return MM_FORMAT_USAGE;
        }
        if (!mm_format_load(c, c->path[i]) || mm_format_tell(c) > 0)
            return MM_FORMAT_BAD;
    }
    for (size_t i = 0; i < c->paths; i++) {
        enum mm_code code = store_one(c, c->path[i]);

        if (code != MM_OK) {
            (void)mm_format_complain(c,
                                     code == MM_E_EXISTS  ? "format.cli.ours"
                                     : code == MM_E_RANGE ? "format.cli.name"
                                                          : mm_code_key(code),
                                     mm_slice_str(c->path[i]));
            return MM_FORMAT_BAD;
        }
        if (mm_format_note(c->state, "format.add", mm_slice_str(mm_format_base(c->path[i]))) !=
            MM_OK)
            (void)mm_format_complain(c, "format.cli.audit", (struct mm_slice){0});
    }
    mm_format_say(c, stdout, "format.cli.added",
                  (struct mm_format_arg[]){
                      {"files", {0}, c->paths}, {"state", mm_slice_str(c->state), 0}, {0}});
    return 0;
}

/* What becomes of sources is said before it is done. */
static bool may_go(const struct mm_format_cmd *c, struct mm_slice name)
{
    struct mm_buf uses;
    size_t n = 0;
    enum mm_code code;

    mm_buf_init(&uses, FILE_MAX);
    code = mm_format_uses(c->state, c->lang, name, &uses, &n);
    for (size_t i = 0; i < uses.n; i++)
        putchar(uses.p[i] < 0x20 && uses.p[i] != '\n' ? ' ' : uses.p[i]);
    mm_buf_done(&uses);
    if (n > 0)
        mm_format_say(c, stdout, c->yes ? "format.cli.used" : "format.cli.used.ask",
                      (struct mm_format_arg[]){{"sources", {0}, n}, {0}});
    return (code == MM_OK || code == MM_E_NOTFOUND) && (n == 0 || c->yes);
}

int mm_format_remove(struct mm_format_cmd *c)
{
    struct mm_slice name;
    enum mm_code code;

    if (c->paths != 1)
        return MM_FORMAT_USAGE;
    name = mm_slice_str(c->path[0]);
    if (!may_go(c, name))
        return MM_FORMAT_BAD;
    code = mm_format_discard(c->state, name);
    if (code != MM_OK) {
        (void)mm_format_complain(c,
                                 code == MM_E_NOTFOUND ? "format.cli.not_own"
                                 : code == MM_E_RANGE  ? "format.cli.name"
                                                       : mm_code_key(code),
                                 name);
        return MM_FORMAT_BAD;
    }
    if (mm_format_note(c->state, "format.remove", name) != MM_OK)
        (void)mm_format_complain(c, "format.cli.audit", (struct mm_slice){0});
    mm_format_say(c, stdout, "format.cli.removed",
                  (struct mm_format_arg[]){{"what", name, 0}, {0}});
    return 0;
}
