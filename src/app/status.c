/*
 * app/status.c - `mimamori status`: is everything well on this machine?
 *
 * Reads what the programs leave in the state directory, so it answers when none of them runs. The
 * portal starts it for its page and for /metrics: it alone may read how far every queue is.
 */
#include <stdio.h>
#include <unistd.h>

#include "app/language.h"
#include "app/tables.h"
#include "base/limits.h"
#include "base/time.h"
#include "os/file.h"
#include "serve/state.h"
#include "serve/vitals.h"
#include "status/status.h"
#include "store/records/system_scope.h"

enum {
    EXIT_BAD = 1,
    EXIT_USAGE = 2,
    ARENA_MAX = 256 * 1024 * 1024, /* 100,000 sources of 100 bytes, doubled while they are read */
    OUT_MAX = 128 * 1024 * 1024,   /* 100,000 sources with nine metrics of 80 bytes */
};

enum form { TEXT, JSON, METRICS, OPENMETRICS, READY };

struct arguments {
    const char *state;
    enum form form;
    enum mm_lang lang;
};

static int usage(void)
{
    fputs("usage: mimamori status [--state DIR] [--json | --metrics | --openmetrics | --ready] "
          "[--lang ja|en]\n"
          "Is everything well on this machine? Ends with 0 when it is, with 1 when something is "
          "not.\n"
          "  --state DIR    what to look at (default " MM_STATE_DEFAULT ")\n"
          "  --json         everything that was measured, as one document\n"
          "  --metrics      the same in Prometheus' text format; --openmetrics: OpenMetrics 1.0\n"
          "  --ready        only this: does everything run? What /healthz says, for who restarts\n",
          stderr);
    return EXIT_USAGE;
}

static bool parse(int argc, char **argv, struct arguments *ret)
{
    struct arguments a = {.state = MM_STATE_DEFAULT, .lang = mm_app_language()};

    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;

        if (strcmp(argv[i], "--state") == 0 && more)
            a.state = argv[++i];
        else if (strcmp(argv[i], "--lang") == 0 && more &&
                 mm_lang_parse(mm_slice_str(argv[i + 1]), &a.lang))
            i++;
        else if (strcmp(argv[i], "--json") == 0 && a.form == TEXT)
            a.form = JSON;
        else if (strcmp(argv[i], "--metrics") == 0 && a.form == TEXT)
            a.form = METRICS;
        else if (strcmp(argv[i], "--openmetrics") == 0 && a.form == TEXT)
            a.form = OPENMETRICS;
        else if (strcmp(argv[i], "--ready") == 0 && a.form == TEXT)
            a.form = READY;
        else
            return false;
    }
    *ret = a;
    return true;
}

static void write_text(const struct arguments *a, struct mm_arena *arena,
                       const struct mm_status_line *line, size_t n, struct mm_buf *out)
{
    for (size_t i = 0; i < n; i++) {
        mm_status_words(arena, a->lang, &line[i], "state.status.",
                        mm_status_state_name(line[i].state), out);
        mm_buf_byte(out, '\t');
        mm_status_words(arena, a->lang, &line[i], "status.what.", line[i].what, out);
        if (line[i].why != NULL) {
            mm_buf_str(out, ": ");
            mm_status_words(arena, a->lang, &line[i], "status.why.", line[i].why, out);
        }
        mm_buf_byte(out, '\n');
    }
}

static void write_out(const struct arguments *a, struct mm_arena *arena, const struct mm_status *s,
                      const struct mm_status_line *line, size_t n, struct mm_buf *out)
{
    struct mm_doc *doc;

    switch (a->form) {
    case TEXT:
        write_text(a, arena, line, n, out);
        break;
    case JSON:
        doc = mm_doc_new(arena);
        mm_status_doc(s, line, n, doc);
        mm_doc_json(out, doc);
        mm_buf_byte(out, '\n');
        out->failed = out->failed || !mm_doc_ok(doc);
        break;
    case METRICS:
    case OPENMETRICS:
        mm_status_metrics(s, line, n, a->form == OPENMETRICS, out);
        break;
    case READY: /* asks nothing that is written here */
        MM_ASSERT(false);
    }
}

static enum mm_code read_status(const struct arguments *a, struct mm_arena *arena,
                                struct mm_status *ret)
{
    struct mm_records *records = NULL;
    struct mm_status_options o = {.state_dir = a->state, .ask_store = true, .now_us = mm_now_us()};
    enum mm_code code = mm_app_records(a->state, &records);

    if (code == MM_OK)
        code = mm_records_read(records, mm_system_scope(), &o.tx);
    if (code == MM_OK)
        code = mm_status_read(&o, arena, ret);
    mm_records_read_done(&o.tx);
    mm_records_close(&records);
    return code;
}

/* Looking must not make what is looked for. */
static bool is_state(const char *dir)
{
    char path[MM_MAX_PATH];

    return mm_path_join(path, dir, "records.db") == MM_OK && access(path, F_OK) == 0;
}

/* Every program that `mimamori serve` has to run is ready. */
static int ready(const char *state)
{
    char run[MM_MAX_PATH];
    struct mm_vitals v;
    bool ok = mm_path_join(run, state, "run") == MM_OK && mm_vitals_read(run, &v) == MM_OK &&
              mm_vitals_ready(&v, mm_now_us());

    return puts(ok ? "ok" : "failing") >= 0 && fflush(stdout) == 0 && ok ? 0 : EXIT_BAD;
}

int main(int argc, char **argv)
{
    static struct mm_status status;
    static struct mm_status_line line[MM_STATUS_LINES_MAX];
    struct arguments a;
    struct mm_arena arena;
    struct mm_buf out;
    enum mm_code code;
    size_t n;
    int rc = EXIT_BAD;

    if (!parse(argc, argv, &a))
        return usage();
    if (!is_state(a.state)) {
        fprintf(stderr, "mimamori: %s: no state directory, or not readable by this user\n",
                a.state);
        return EXIT_BAD;
    }
    if (a.form == READY)
        return ready(a.state);
    mm_arena_init(&arena, ARENA_MAX);
    mm_buf_init(&out, OUT_MAX);
    code = read_status(&a, &arena, &status);
    if (code == MM_OK) {
        n = mm_status_judge(&status, line);
        write_out(&a, &arena, &status, line, n, &out);
        if (mm_buf_ok(&out) && fwrite(out.p, 1, out.n, stdout) == out.n && fflush(stdout) == 0 &&
            (a.form != TEXT || mm_status_worst(line, n) == MM_STATUS_OK))
            rc = 0;
    } else {
        fprintf(stderr, "mimamori: %s: %s\n", a.state, mm_code_key(code));
    }
    mm_buf_done(&out);
    mm_arena_done(&arena);
    return rc;
}
