/* app/intake.c - `mimamori intake`: log lines in, durable and numbered. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "app/confine.h"
#include "app/intake_bulk.h"
#include "app/intake_relay.h"
#include "app/intake_table.h"
#include "app/tables.h"
#include "base/time.h"
#include "intake/ingest.h"
#include "intake/net.h"
#include "os/file.h"
#include "os/log.h"
#include "os/loop.h"
#include "os/notify.h"
#include "register/auth.h"
#include "serve/config.h"
#include "serve/state.h"
#include "web/http.h"

enum {
    TICK_US = 1000000,
    DRAIN_MS = 2000,  /* of the ten seconds that a stop may take */
    COMMIT_MS = 5000, /* likewise */
    HTTP_CONNS = 32,  /* each may hold a body as sent and unpacked: 40 MiB */
};

struct args {
    const char *state, *config, *bindings;
};

struct app {
    const struct args *args;
    struct mm_loop *loop;
    struct mm_records *records;
    struct mm_tables *tables;
    struct mm_key key;
    struct mm_intake *core;
    struct mm_net *net;
    struct mm_ingest *ingest;
    struct mm_intake_relay *relay;
    struct mm_http *http;
    struct mm_hits *hits;
    struct mm_timer tick;
    struct mm_endpoint tcp, udp; /* where listeners of single sources are opened */
    bool private;
    enum mm_code condition; /* as it was said last */
};

/* ---- HTTP ---- */

struct sender {
    uint32_t company, source;
};

static struct mm_slice source_name(const struct mm_http_req *req)
{
    const struct mm_slice prefix = MM_S("/v1/ingest/");

    return mm_slice_starts(req->path, prefix) ? mm_slice_sub(req->path, prefix.n, SIZE_MAX)
                                              : (struct mm_slice){0};
}

static void answer(struct mm_http_req *req, const struct mm_ingest_answer *a)
{
    struct mm_buf *out;
    char seconds[16];

    if (a->retry_after_s > 0) {
        (void)snprintf(seconds, sizeof(seconds), "%d", a->retry_after_s);
        mm_http_set(req, "Retry-After", seconds);
    }
    if (a->status == 401)
        mm_http_set(req, "WWW-Authenticate", "Bearer");
    out = mm_http_reply(req, a->status, "application/json");
    mm_ingest_json(a, out);
}

static void refuse(struct mm_http_req *req, int status, const char *why)
{
    struct mm_ingest_answer a = {.status = status, .why = why};

    answer(req, &a);
}

/* Who sends is found out before a byte of the body is taken. */
static void on_head(void *user, struct mm_http_req *req)
{
    struct app *app = user;
    struct mm_slice name = source_name(req), token = {0};
    struct sender *s;
    int status;

    if (mm_intake_relay_path(req)) {
        mm_intake_relay_head(app->relay, req);
        return;
    }
    if (mm_intake_bulk_path(req)) {
        mm_intake_bulk_head(app->tables, req);
        return;
    }
    if (name.n == 0 || mm_slice_find(name, '/', 0) != SIZE_MAX) {
        refuse(req, 404, "ingest.path");
        return;
    }
    if (req->method != MM_HTTP_POST) {
        mm_http_set(req, "Allow", "POST");
        refuse(req, 405, "ingest.method");
        return;
    }
    s = mm_arena_alloc(&req->arena, sizeof(*s));
    if (s == NULL) {
        refuse(req, 503, "ingest.memory");
        return;
    }
    (void)mm_http_bearer(req, &token);
    status = mm_tables_auth(app->tables, name, token, &s->company, &s->source);
    if (status != 200) {
        refuse(req, status, status == 401 ? "ingest.token" : "ingest.source");
        return;
    }
    req->state = s;
    req->body_max = MM_INGEST_BODY;
}

static void on_request(void *user, struct mm_http_req *req)
{
    struct app *app = user;
    const struct sender *s = req->state;
    struct mm_ingest_call call = {.body = req->body, .peer = req->peer, .received_us = mm_now_us()};
    struct mm_ingest_answer a;

    if (mm_intake_relay_path(req)) {
        mm_intake_relay_handle(app->relay, req);
        return;
    }
    if (mm_intake_bulk_path(req)) {
        mm_intake_bulk_handle(app->core, app->ingest, req);
        return;
    }
    if (s == NULL) { /* head has answered */
        refuse(req, 500, "ingest.state");
        return;
    }
    call.company = s->company;
    call.source = s->source;
    (void)mm_http_header(req, "Idempotency-Key", &call.key);
    (void)mm_http_header(req, "Content-Encoding", &call.encoding);
    mm_ingest_call(app->ingest, &call, &a);
    answer(req, &a);
}

static bool start_http(struct app *app, const struct mm_config *config)
{
    const char *listen = mm_config_text(config, MM_CFG_INTAKE_HTTP);
    char cert[MM_MAX_PATH], key[MM_MAX_PATH];
    struct mm_http_cfg cfg = {.listen = listen, .conns_max = HTTP_CONNS, .hits = app->hits};
    struct mm_http_handler handler = {.user = app, .head = on_head, .handle = on_request};
    struct mm_fault fault = {0};
    struct mm_endpoint at;
    enum mm_code c;

    if (!mm_config_on(config, MM_CFG_INTAKE_HTTP))
        return true;
    if (mm_endpoint_parse(mm_slice_str(listen), &at) && !mm_ip_is_private(&at.ip) &&
        mm_path_join(cert, app->args->state, "tls/cert.pem") == MM_OK &&
        mm_path_join(key, app->args->state, "tls/key.pem") == MM_OK) {
        cfg.cert_path = cert;
        cfg.key_path = key;
    }
    cfg.remote_plain = app->private;
    c = mm_http_start(&cfg, &handler, &app->http, &fault);
    if (c != MM_OK)
        mm_log_error("intake", "intake.http = %s: %s", listen,
                     fault.what == NULL ? mm_code_key(c) : fault.what);
    else
        mm_log_info("intake", "http port=%u", mm_http_port(app->http));
    return c == MM_OK;
}

/* ---- sockets ---- */

static bool listen_at(struct app *app, enum mm_transport transport, const struct mm_endpoint *at)
{
    const char *what = transport == MM_TRANSPORT_TCP ? "tcp" : "udp";
    char text[MM_ENDPOINT_TEXT];
    uint16_t port;
    enum mm_code c = mm_net_listen(app->net, transport, at, app->private, &port);

    mm_endpoint_text(at, text);
    if (c == MM_OK)
        mm_log_info("intake", "%s port=%u", what, port);
    else
        mm_log_error("intake", "cannot listen: intake.%s = %s: %s", what, text,
                     c == MM_E_EXISTS ? "another program listens there; end it, or choose another "
                                        "address in the configuration"
                                      : mm_code_key(c));
    return c == MM_OK;
}

/* An address of the configuration; false when it is wrong or taken. */
static bool listen_configured(struct app *app, const struct mm_config *config,
                              enum mm_config_key key, enum mm_transport transport,
                              struct mm_endpoint *ret)
{
    MM_ASSERT(mm_endpoint_parse(MM_S("0.0.0.0:0"), ret));
    if (!mm_config_on(config, key))
        return true;
    if (!mm_endpoint_parse(mm_slice_str(mm_config_text(config, key)), ret)) {
        mm_log_error("intake", "%s: an address in numbers is needed, such as 0.0.0.0:6514",
                     mm_config_text(config, key));
        return false;
    }
    return listen_at(app, transport, ret);
}

/* The newest table, and listeners of sources that have one of their own. */
static void use_table(struct app *app)
{
    const struct mm_binding_table *table = mm_tables_take(app->tables);

    mm_net_bind(app->net, table);
    for (size_t i = 0; i < table->n; i++) {
        const struct mm_binding *b = &table->row[i];
        struct mm_endpoint at = b->transport == MM_TRANSPORT_TCP ? app->tcp : app->udp;

        at.port = b->port;
        if (b->kind == MM_BIND_LISTENER && !mm_net_listens(app->net, b->transport, b->port))
            (void)listen_at(app, b->transport, &at);
    }
    atomic_store(&mm_intake_page(app->core)->bindings, table->n);
}

/* ---- the loop ---- */

/* In the committer's thread. */
static void wake(void *ctx)
{
    struct app *app = ctx;

    mm_loop_wake(app->loop);
}

/* Likewise: how far the engine is. */
static void on_done(void *ctx, uint64_t seq)
{
    struct app *app = ctx;

    mm_intake_done(app->core, seq);
    mm_loop_wake(app->loop);
}

static void on_wake(void *ctx)
{
    struct app *app = ctx;

    mm_net_resume(app->net);
}

static void say_condition(struct app *app)
{
    enum mm_code c = mm_intake_condition(app->core);

    if (c == app->condition)
        return;
    app->condition = c;
    if (c == MM_OK)
        mm_log_info("intake", "the disk takes lines again; senders go on");
    else
        mm_log_error("intake", "%s; nothing is acknowledged, senders wait",
                     c == MM_E_FULL ? "the disk is full" : "the disk answers with errors");
}

static void on_tick(void *ctx, struct mm_timer *t)
{
    struct app *app = ctx;
    struct statvfs fs;

    atomic_store(&mm_intake_page(app->core)->alive_us, mm_mono_us());
    /* Who reads bindings from a file is not told what the engine has done: nothing is a hoard. */
    if (app->args->bindings == NULL && statvfs(app->args->state, &fs) == 0)
        mm_intake_disk(app->core, (uint64_t)fs.f_bavail * fs.f_frsize);
    mm_net_sweep(app->net);
    use_table(app);
    say_condition(app);
    mm_notify("WATCHDOG=1");
    MM_ASSERT(mm_loop_timer(app->loop, t, TICK_US) == MM_OK); /* it had its place */
}

static void on_signal(void *ctx, int signo)
{
    struct app *app = ctx;

    mm_loop_stop(app->loop);
}

/*
 * The directory of the file of bindings: an editor puts a new file in the old one's place, and a
 * wall knows files, not names. Everything in it can be read, so it is not the state's, nor one that
 * holds it.
 */
static bool bindings_dir(const struct args *args, char ret[PATH_MAX])
{
    char state[PATH_MAX];
    size_t n;

    if (realpath(args->bindings, ret) == NULL || realpath(args->state, state) == NULL) {
        mm_log_error("intake", "%s: cannot be found", args->bindings);
        return false;
    }
    n = (size_t)(strrchr(ret, '/') - ret); /* an absolute path: there is one */
    ret[n] = 0;
    if (strncmp(ret, state, n) == 0 && (state[n] == '/' || state[n] == 0)) {
        mm_log_error("intake", "%s: a file of bindings lies in a directory of its own",
                     args->bindings);
        return false;
    }
    return true;
}

/* Before the first thread. */
static bool enter_places(const struct app *app)
{
    char dir[PATH_MAX];
    struct mm_sandbox_path bindings = {dir, MM_REACH_READ, false};
    const struct mm_confine c = {.who = MM_CONFINED_INTAKE,
                                 .state = app->args->state,
                                 .more = &bindings,
                                 .more_n = app->args->bindings != NULL ? 1 : 0};

    return (app->args->bindings == NULL || bindings_dir(app->args, dir)) && mm_confine_places(&c);
}

static bool enter_calls(void)
{
    return mm_confine_calls(&(struct mm_confine){.who = MM_CONFINED_INTAKE});
}

/* KiB of the configuration as bytes. */
static uint32_t rate_of(const struct mm_config *config, enum mm_config_key key)
{
    uint64_t kib = mm_config_number(config, key);

    return kib > MM_QUOTA_RATE_MAX / 1024 ? MM_QUOTA_RATE_MAX : (uint32_t)kib * 1024;
}

/* Without it nothing is counted, and everything else works. */
static void open_hits(struct app *app)
{
    char run[MM_MAX_PATH], path[MM_MAX_PATH];

    if (mm_path_join(run, app->args->state, "run") != MM_OK ||
        mm_fs_mkdirs(mm_fs_real(), run, 0700) != MM_OK ||
        mm_path_join(path, run, "intake.hits") != MM_OK || mm_hits_open(path, &app->hits) != MM_OK)
        mm_log_warn("intake", "limits are not counted: run/intake.hits cannot be made");
}

static bool open_all(struct app *app, const struct mm_config *config)
{
    struct mm_intake_options o = {
        .state_dir = app->args->state,
        .epoch_us = mm_now_us(),
        .committed = wake,
        .ctx = app,
        .hits = app->hits,
        .spool_max = mm_config_number(config, MM_CFG_INTAKE_SPOOL_MAX) * 1024 * 1024,
        .rates = {.source = rate_of(config, MM_CFG_INTAKE_RATE_SOURCE),
                  .company = rate_of(config, MM_CFG_INTAKE_RATE_COMPANY),
                  .stranger = rate_of(config, MM_CFG_INTAKE_RATE_STRANGER),
                  .strangers = rate_of(config, MM_CFG_INTAKE_RATE_STRANGERS)}};
    struct mm_net_options limits = {0};
    char path[MM_MAX_PATH];
    enum mm_code c = mm_loop_new(&app->loop);

    app->private = mm_config_on(config, MM_CFG_INTAKE_PRIVATE);
    if (c == MM_OK)
        c = mm_loop_on_wake(app->loop, on_wake, app);
    if (c == MM_OK)
        c = mm_crypt_init();
    if (c == MM_OK)
        c = mm_state_key(app->args->state, path);
    if (c == MM_OK)
        c = mm_key_load(path, &app->key);
    if (c == MM_OK && app->args->bindings == NULL)
        c = mm_app_records_held(app->args->state, &app->records);
    if (c == MM_OK)
        c = mm_tables_new(app->records, app->args->bindings, &app->key, &app->tables);
    if (c == MM_OK && !enter_places(app))
        return false;
    if (c == MM_OK)
        c = mm_intake_open(&o, &app->core);
    if (c == MM_OK)
        c = mm_ingest_new(app->core, &app->ingest);
    if (c == MM_OK)
        c = mm_intake_relay_new(app->args->state, o.epoch_us, app->core, app->tables, &app->relay);
    if (c == MM_OK)
        c = mm_net_new(app->loop, app->core, &limits, &app->net);
    if (c != MM_OK)
        mm_log_error("intake", "cannot start in %s: %s%s", app->args->state, mm_code_key(c),
                     c == MM_E_BUSY ? " (another intake runs here)" : "");
    if (c == MM_OK && mm_intake_page(app->core)->damaged > 0)
        mm_log_error("intake", "the disk has lost durable records: count=%llu",
                     (unsigned long long)mm_intake_page(app->core)->damaged);
    return c == MM_OK;
}

static bool start(struct app *app, const struct mm_config *config)
{
    sigset_t set;

    app->tick = (struct mm_timer){.fire = on_tick, .ctx = app};
    /* Before any thread is made, so that all of them have these blocked. */
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN); /* of `serve`: nothing here is read anew */
    open_hits(app);
    if (!open_all(app, config) ||
        !listen_configured(app, config, MM_CFG_INTAKE_TCP, MM_TRANSPORT_TCP, &app->tcp) ||
        !listen_configured(app, config, MM_CFG_INTAKE_UDP, MM_TRANSPORT_UDP, &app->udp))
        return false;
    use_table(app);
    if (mm_loop_signals(app->loop, &set, on_signal, app) != MM_OK ||
        mm_loop_timer(app->loop, &app->tick, 0) != MM_OK)
        return false;
    return start_http(app, config) && enter_calls() &&
           mm_tables_watch(app->tables, on_done, app) == MM_OK;
}

/* In order: nobody new, what was read becomes durable, everything is given back. */
static int stop(struct app *app, int rc)
{
    enum mm_code c;

    mm_notify("STOPPING=1");
    if (app->http != NULL)
        mm_http_stop(&app->http);
    if (app->net != NULL && rc == 0)
        mm_net_drain(app->net, DRAIN_MS);
    mm_net_free(&app->net);
    mm_ingest_free(&app->ingest);
    mm_intake_relay_free(&app->relay);
    mm_tables_free(&app->tables); /* its thread tells the core */
    c = mm_intake_close(&app->core, COMMIT_MS);
    if (c != MM_OK) {
        mm_log_error("intake", "lines were read and could not be made durable: %s", mm_code_key(c));
        rc = 1;
    }
    mm_records_close(&app->records);
    mm_loop_free(&app->loop);
    mm_hits_close(&app->hits);
    mm_wipe(&app->key, sizeof(app->key));
    return rc;
}

static int usage(void)
{
    fputs("usage: mimamori intake [--state DIR] [--config FILE] [--bindings FILE]\n"
          "Takes log lines over syslog (TCP, UDP) and HTTP and makes them durable.\n"
          "  --state DIR      where everything is kept (default " MM_STATE_DEFAULT ")\n"
          "  --config FILE    addresses: intake.tcp, intake.udp, intake.http, intake.private\n"
          "  --bindings FILE  who sends what, instead of the records; read again when it changes,\n"
          "                   in a directory of its own; a line is one of\n"
          "                   COMPANY SOURCE NAME token TOKEN\n"
          "                   COMPANY SOURCE NAME listener tcp/PORT\n"
          "                   COMPANY SOURCE NAME address 192.0.2.0/24\n"
          "                   COMPANY SOURCE NAME relay RELAY/TOKEN\n"
          "                   COMPANY SOURCE NAME relayed RELAY/192.168.1.1\n",
          stderr);
    return 2;
}

static int run(const struct args *args, const struct mm_config *config)
{
    static struct app app;
    enum mm_code c = MM_E_IO;

    app.args = args;
    if (start(&app, config)) {
        mm_log_info("intake", "ready");
        mm_notify("READY=1");
        c = mm_loop_run(app.loop);
    }
    return stop(&app, c == MM_OK ? 0 : 1);
}

int main(int argc, char **argv)
{
    struct args args = {.state = MM_STATE_DEFAULT};
    struct mm_config config;
    struct mm_buf why;
    int rc = 1;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--state") == 0 && i + 1 < argc)
            args.state = argv[++i];
        else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            args.config = argv[++i];
        else if (strcmp(argv[i], "--bindings") == 0 && i + 1 < argc)
            args.bindings = argv[++i];
        else
            return usage();
    }
    mm_buf_init(&why, 8192);
    if (mm_config_load(args.config, &config, &why) != MM_OK) {
        fprintf(stderr, "mimamori: %.*s\n", MM_S_ARG(mm_buf_slice(&why)));
    } else {
        if (mm_state_prepare(args.state, &why) != MM_OK)
            fprintf(stderr, "mimamori: %.*s\n", MM_S_ARG(mm_buf_slice(&why)));
        else
            rc = run(&args, &config);
        mm_config_done(&config);
    }
    mm_buf_done(&why);
    return rc;
}
