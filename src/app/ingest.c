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
#include "app/ingest_follow.h"
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
    const char *state, *company, *source, *format, *charset;
    const char *file[MM_FOLLOW_PATHS];
    size_t files;
    bool again, json, follow;
};

static int usage(void)
{
    fputs("usage: mimamori ingest --company CODE [--source NAME] [--charset NAME] [--again] "
          "[--json]\n"
          "                       [--state DIR] FILE|-\n"
          "       mimamori ingest --follow --company CODE --source NAME [--charset NAME] [--json]\n"
          "                       [--state DIR] FILE|DIR|PATTERN ...\n"
          "Takes the lines of a file, plain or packed (gzip, zstd, xz, bzip2), or the records\n"
          "of a Windows event log (.evtx), and ends when they are durable.\n"
          "Interrupted and called again it goes on where it was; a file that has grown brings\n"
          "only its new lines. With --follow it goes on reading what is written to the files\n"
          "until it is told to stop (SIGTERM): renamed, cut and packed ones bring each line once.\n"
          "  --company CODE  whose lines they are (code or number)\n"
          "  --source NAME   the source they belong to (name or number)\n"
          "  --format NAME   what is one record when it has several lines (default: the source's)\n"
          "  --charset NAME  what they are written in (default: found out): " MM_CHARSETS "\n"
          "  --follow        go on reading; of a DIR what is in it, a PATTERN in quotes; up to 8\n"
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

/* From here on only the state, and the directories of files that are followed. */
static bool lock_in(const struct args *a)
{
    char dirs[MM_FOLLOW_PATHS][MM_MAX_PATH];
    struct mm_sandbox_path paths[1 + MM_FOLLOW_PATHS] = {{a->state, MM_REACH_WRITE, false}};
    struct mm_sandbox box = {.may = MM_MAY_WRITE_FILES, .paths = paths, .paths_n = 1};
    unsigned missing = 0;
    enum mm_code c;

    if (a->follow) {
        if (!mm_ingest_follow_dirs(a->file, a->files, dirs, paths + 1))
            return false;
        box.paths_n += a->files;
    }
    c = mm_sandbox_enter(&box, &missing);

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
        mm_log_error("ingest", "%s is damaged; what could be read of it is stored", a->file[0]);
    else if (c != MM_OK)
        mm_log_error("ingest", "%s: %s; call it again to go on", a->file[0], mm_code_key(c));
    else if (r->stopped && !a->follow)
        mm_log_info("ingest", "stopped; call it again to go on");
    return c == MM_OK && (a->follow || !r->stopped) ? 0 : 1;
}

/* How lines are joined: as the named format says, else as the source's does. */
static bool open_format(const struct args *a, const char *of_source, struct mm_import_options *o,
                        struct mm_ingest_format **ret)
{
    const char *name = a->format != NULL ? a->format : of_source;

    if (name[0] == 0)
        return true;
    if (!mm_ingest_format_open(name, a->state, ret)) {
        mm_log_error("ingest", "no format is called \"%s\"", name);
        return a->format == NULL; /* the lines of such a source are records */
    }
    o->lines_max = mm_ingest_format_lines(*ret);
    o->continues = o->lines_max > 1 ? mm_ingest_format_continues : NULL;
    o->continues_ctx = *ret;
    return true;
}

/* The file's lines, or an event log's records; its name said what was wrong when false. */
static bool open_file(const struct args *a, struct mm_evtx_lines *evtx, int *ret_fd)
{
    int fd = STDIN_FILENO;

    if (strcmp(a->file[0], "-") != 0)
        fd = open(a->file[0], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || !mm_evtx_lines_open(fd, evtx)) {
        mm_log_error("ingest", "%s: %s", a->file[0], strerror(errno));
        return false;
    }
    *ret_fd = evtx->fd >= 0 ? evtx->fd : fd;
    return true;
}

static enum mm_code follow(const struct args *a, struct mm_import *im, uint32_t source, int signals,
                           struct mm_import_result *ret)
{
    char places[MM_MAX_PATH], name[32];
    enum mm_code c;

    (void)snprintf(name, sizeof(name), "follow/%u", source);
    c = mm_path_join(places, a->state, name);
    if (c == MM_OK)
        c = mm_ingest_follow(im, places, a->file, a->files, signals);
    *ret = mm_import_result(im);
    return c;
}

/* The queue of a source that is followed, when it has one that is read. */
static bool take_queue(const struct args *a, struct mm_import_options *o)
{
    char dir[MM_MAX_PATH], spool[MM_MAX_PATH];

    if (o->source >= MM_FOLLOW_SOURCES || mm_path_join(dir, a->state, "follow") != MM_OK ||
        mm_path_join(spool, a->state, "spool") != MM_OK ||
        mm_fs_mkdirs(mm_fs_real(), dir, 0700) != MM_OK) {
        mm_log_error("ingest", "nothing can be followed for this source, or below %s", a->state);
        return false;
    }
    if (!mm_follow_has_room(spool, o->source)) {
        mm_log_error("ingest",
                     "%d sources are followed on this machine already, and no more are read: send "
                     "these lines over HTTP or syslog, give the files to a source that is followed "
                     "(up to %d paths each), or bring them in with `mimamori ingest FILE`",
                     MM_FOLLOW_QUEUES, MM_FOLLOW_PATHS);
        return false;
    }
    o->queue = (uint16_t)(MM_FOLLOW_QUEUE + o->source); /* below 61,000 */
    return true;
}

/* Everything that is to be known before the spool is opened; 0, or what the program ends with. */
static int prepare(const struct args *a, struct mm_import_options *o,
                   struct mm_ingest_format **ret_records)
{
    char format[MM_FORMAT_WORD] = "";

    if (a->charset != NULL)
        o->charset = mm_charset_find(mm_slice_str(a->charset));
    if (a->charset != NULL && o->charset == MM_CS_UNKNOWN) {
        mm_log_error("ingest", "\"%s\" is no character set of: " MM_CHARSETS, a->charset);
        return 2;
    }
    if (!look_up(a, &o->company, &o->source, format))
        return 1;
    if (!open_format(a, format, o, ret_records))
        return 2;
    if (!a->follow)
        return 0;
    return take_queue(a, o) ? 0 : 1;
}

static int run(const struct args *a, int signals)
{
    struct stopping stopping = {.fd = signals};
    struct mm_import_options o = {.state_dir = a->state,
                                  .again = a->again,
                                  .stop = asked_to_stop,
                                  .ctx = &stopping,
                                  .stop_fd = signals,
                                  .now_us = mm_now_us};
    struct mm_import_result r = {0};
    struct mm_import *im = NULL;
    struct mm_ingest_format *records = NULL;
    struct mm_evtx_lines evtx = {.fd = -1};
    int fd = -1, rc = prepare(a, &o, &records);
    enum mm_code c;

    if (rc != 0 || (!a->follow && !open_file(a, &evtx, &fd))) {
        mm_ingest_format_free(&records);
        return rc != 0 ? rc : 1;
    }
    if (evtx.fd >= 0)
        o.continues = NULL;
    c = open_queue(a, &o, &im);
    if (c != MM_OK || !lock_in(a)) {
        if (c != MM_OK)
            mm_log_error("ingest", "the spool below %s: %s", a->state, mm_code_key(c));
        mm_import_close(&im);
        mm_ingest_format_free(&records);
        return 1;
    }
    c = a->follow ? follow(a, im, o.source, signals, &r) : mm_import_run(im, fd, &r);
    if (!a->follow && !mm_evtx_lines_close(&evtx) && c == MM_OK && !r.stopped)
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
        else if (strcmp(argv[i], "--follow") == 0)
            a->follow = true;
        else if (a->files < MM_COUNT(a->file) && (argv[i][0] != '-' || argv[i][1] == 0))
            a->file[a->files++] = argv[i];
        else
            return false;
    }
    if (a->follow && (a->source == NULL || a->again))
        return false;
    return a->files >= 1 && (a->follow || a->files == 1) && a->company != NULL;
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
