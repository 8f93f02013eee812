/* app/ingest.c - `mimamori ingest`: a file's lines into the spool, each once. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/evtx_lines.h"
#include "app/ingest_format.h"
#include "app/tables.h"
#include "base/time.h"
#include "intake/import.h"
#include "os/log.h"
#include "os/sandbox.h"
#include "register/entity.h"
#include "serve/state.h"
#include "store/records/system_scope.h"

enum { MM_FORMAT_WORD = 65 }; /* register/fields.def: 64 */

struct args {
    const char *state, *company, *source, *format, *charset, *file;
    bool again, json;
};

static int usage(void)
{
    fputs("usage: mimamori ingest --company CODE [--source NAME] [--charset NAME] [--again] "
          "[--json]\n"
          "                       [--state DIR] FILE|-\n"
          "Takes the lines of a file, plain, gzip or zstd, or the records of a Windows event\n"
          "log (.evtx), and ends when they are durable.\n"
          "Interrupted and called again it goes on where it was; a file that has grown brings\n"
          "only its new lines.\n"
          "  --company CODE  whose lines they are (code or number)\n"
          "  --source NAME   the source they belong to (name or number)\n"
          "  --format NAME   what is one record when it has several lines (default: the source's)\n"
          "  --charset NAME  what they are written in (default: found out): " MM_CHARSETS "\n"
          "  --again         store them although they were imported before\n"
          "  --json          the result as one JSON object\n"
          "  --state DIR     where everything is kept (default " MM_STATE_DEFAULT ")\n",
          stderr);
    return 2;
}

/* ---- whose ---- */

struct wanted {
    struct mm_slice name;
    uint64_t number; /* 0: it is no number */
    uint32_t found;
    char format[MM_FORMAT_WORD]; /* that it is said to send, or "" */
};

static bool same_source(void *arg, const struct mm_rec *rec)
{
    struct wanted *w = arg;

    if ((w->number != 0 && rec->id == w->number) ||
        (!rec->v[MM_F_source_name].null && mm_slice_eq(rec->v[MM_F_source_name].s, w->name)))
        w->found = rec->id;
    if (w->found != 0 && !rec->v[MM_F_source_format].null &&
        rec->v[MM_F_source_format].s.n < sizeof(w->format))
        memcpy(w->format, rec->v[MM_F_source_format].s.p, rec->v[MM_F_source_format].s.n);
    return w->found == 0;
}

static enum mm_code find_source(struct mm_tx *tx, uint32_t company, const char *text,
                                uint32_t *ret_source, char ret_format[MM_FORMAT_WORD])
{
    struct wanted w = {.name = mm_slice_str(text)};
    struct mm_rec_filter all = {0};
    enum mm_code c = mm_tx_narrow(tx, company);

    if (c != MM_OK)
        return c;
    (void)mm_slice_u64(w.name, &w.number);
    c = mm_rec_each(tx, mm_entity(MM_REG_SOURCE), &all, same_source, &w);
    mm_tx_widen(tx);
    if (c == MM_OK && w.found == 0)
        c = MM_E_NOTFOUND;
    if (c == MM_OK) {
        *ret_source = w.found;
        memcpy(ret_format, w.format, sizeof(w.format));
    }
    return c;
}

static bool look_up(const struct args *a, uint32_t *ret_company, uint32_t *ret_source,
                    char ret_format[MM_FORMAT_WORD])
{
    struct mm_records *records = NULL;
    struct mm_tx *tx = NULL;
    enum mm_code c = mm_app_records(a->state, &records);

    if (c != MM_OK)
        return false;
    c = mm_records_read(records, mm_system_scope(), &tx);
    if (c == MM_OK) {
        c = mm_app_company(tx, a->company, ret_company);
        if (c == MM_E_NOTFOUND)
            mm_log_error("ingest", "no company \"%s\"; `mimamori company list` shows them",
                         a->company);
    }
    *ret_source = 0;
    if (c == MM_OK && a->source != NULL) {
        c = find_source(tx, *ret_company, a->source, ret_source, ret_format);
        if (c == MM_E_NOTFOUND)
            mm_log_error("ingest", "company \"%s\" has no source \"%s\"", a->company, a->source);
    }
    mm_records_read_done(&tx);
    mm_records_close(&records);
    if (c != MM_OK && c != MM_E_NOTFOUND)
        mm_log_error("ingest", "records: %s", mm_code_key(c));
    return c == MM_OK;
}

/* ---- reading ---- */

struct stopping {
    int fd;    /* signals */
    bool said; /* that the disk is full */
};

/* Between groups: has somebody asked to stop? */
static bool asked_to_stop(void *ctx, bool full)
{
    struct stopping *s = ctx;
    struct pollfd p = {.fd = s->fd, .events = POLLIN};

    if (full && !s->said)
        mm_log_error("ingest", "the disk is full; waiting for room");
    s->said = full;
    return poll(&p, 1, 0) == 1;
}

static enum mm_code open_queue(const struct args *a, struct mm_import_options *o,
                               struct mm_import **ret)
{
    enum mm_code c = mm_import_open(o, ret);

    if (c != MM_E_BUSY)
        return c;
    mm_log_info("ingest", "another import runs; waiting for its end");
    o->wait = true;
    return mm_import_open(o, ret);
}

static bool lock_in(const char *state)
{
    const struct mm_sandbox_path paths[] = {{state, true}};
    struct mm_sandbox box = {.may = MM_MAY_WRITE_FILES, .paths = paths, .paths_n = MM_COUNT(paths)};
    unsigned missing = 0;
    enum mm_code c = mm_sandbox_enter(&box, &missing);

    if (c != MM_OK)
        mm_log_error("ingest", "cannot lock itself in: %s", mm_code_key(c));
    return c == MM_OK;
}

static int report(const struct args *a, enum mm_code c, const struct mm_import_result *r)
{
    if (a->json)
        printf("{\"stored\":%llu,\"passed\":%llu,\"truncated\":%llu,\"stopped\":%s}\n",
               (unsigned long long)r->stored, (unsigned long long)r->passed,
               (unsigned long long)r->truncated, r->stopped ? "true" : "false");
    else
        printf("stored %llu, there already %llu, cut %llu\n", (unsigned long long)r->stored,
               (unsigned long long)r->passed, (unsigned long long)r->truncated);
    if (c == MM_E_SYNTAX)
        mm_log_error("ingest", "%s is damaged; what could be read of it is stored", a->file);
    else if (c != MM_OK)
        mm_log_error("ingest", "%s: %s; call it again to go on", a->file, mm_code_key(c));
    else if (r->stopped)
        mm_log_info("ingest", "stopped; call it again to go on");
    return c == MM_OK && !r->stopped ? 0 : 1;
}

/* How lines are joined: as the named format says, else as the source's does. */
static bool open_format(const struct args *a, const char *of_source, struct mm_import_options *o,
                        struct mm_ingest_format **ret)
{
    const char *name = a->format != NULL ? a->format : of_source;

    if (name[0] == 0)
        return true;
    if (!mm_ingest_format_open(name, ret)) {
        mm_log_error("ingest", "no format is called \"%s\"", name);
        return a->format == NULL; /* the lines of such a source are records */
    }
    o->lines_max = mm_ingest_format_lines(*ret);
    o->continues = o->lines_max > 1 ? mm_ingest_format_continues : NULL;
    o->continues_ctx = *ret;
    return true;
}

static int run(const struct args *a, int signals)
{
    struct mm_import_options o = {
        .state_dir = a->state, .again = a->again, .stop = asked_to_stop, .now_us = mm_now_us};
    struct mm_import_result r = {0};
    struct mm_import *im = NULL;
    struct stopping stopping = {.fd = signals};
    struct mm_ingest_format *records = NULL;
    struct mm_evtx_lines evtx;
    char format[MM_FORMAT_WORD] = "";
    int fd = STDIN_FILENO;
    enum mm_code c;

    o.ctx = &stopping;
    o.stop_fd = signals;
    if (a->charset != NULL)
        o.charset = mm_charset_find(mm_slice_str(a->charset));
    if (a->charset != NULL && o.charset == MM_CS_UNKNOWN) {
        mm_log_error("ingest", "\"%s\" is no character set of: " MM_CHARSETS, a->charset);
        return 2;
    }
    if (strcmp(a->file, "-") != 0)
        fd = open(a->file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || !mm_evtx_lines_open(fd, &evtx)) {
        mm_log_error("ingest", "%s: %s", a->file, strerror(errno));
        return 1;
    }
    if (!look_up(a, &o.company, &o.source, format))
        return 1;
    if (evtx.fd < 0 && !open_format(a, format, &o, &records))
        return 2;
    c = open_queue(a, &o, &im);
    if (c != MM_OK) {
        mm_log_error("ingest", "the spool below %s: %s", a->state, mm_code_key(c));
        return 1;
    }
    if (!lock_in(a->state)) {
        mm_import_close(&im);
        return 1;
    }
    c = mm_import_run(im, evtx.fd >= 0 ? evtx.fd : fd, &r);
    if (!mm_evtx_lines_close(&evtx) && c == MM_OK && !r.stopped)
        c = MM_E_SYNTAX;
    mm_import_close(&im);
    mm_ingest_format_free(&records);
    return report(a, c, &r);
}

/* Where the value of an option goes; NULL when the word is none that has one. */
static const char **value_of(const char *word, struct args *a)
{
    const struct {
        const char *name;
        const char **value;
    } option[] = {{"--state", &a->state},
                  {"--company", &a->company},
                  {"--source", &a->source},
                  {"--format", &a->format},
                  {"--charset", &a->charset}};

    for (size_t i = 0; i < MM_COUNT(option); i++) {
        if (strcmp(word, option[i].name) == 0)
            return option[i].value;
    }
    return NULL;
}

static bool parse_args(int argc, char **argv, struct args *a)
{
    for (int i = 1; i < argc; i++) {
        const char **value = value_of(argv[i], a);

        if (value != NULL && i + 1 < argc)
            *value = argv[++i];
        else if (strcmp(argv[i], "--again") == 0)
            a->again = true;
        else if (strcmp(argv[i], "--json") == 0)
            a->json = true;
        else if (a->file == NULL && (argv[i][0] != '-' || argv[i][1] == 0))
            a->file = argv[i];
        else
            return false;
    }
    return a->file != NULL && a->company != NULL;
}

int main(int argc, char **argv)
{
    struct args a = {.state = MM_STATE_DEFAULT};
    struct mm_buf why;
    sigset_t set;
    int rc = 1, signals;

    if (!parse_args(argc, argv, &a))
        return usage();
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    signals = signalfd(-1, &set, SFD_CLOEXEC);
    mm_buf_init(&why, 8192);
    if (mm_state_prepare(a.state, &why) != MM_OK)
        fprintf(stderr, "mimamori: %.*s\n", MM_S_ARG(mm_buf_slice(&why)));
    else
        rc = run(&a, signals);
    mm_buf_done(&why);
    return rc;
}
