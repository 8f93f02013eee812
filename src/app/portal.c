/* app/portal.c - `mimamori portal`: pages and API over HTTPS. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/confine.h"
#include "app/content.h"
#include "app/tables.h"
#include "base/limits.h"
#include "base/time.h"
#include "os/file.h"
#include "os/log.h"
#include "os/notify.h"
#include "os/sock.h"
#include "serve/program.h"
#include "serve/secret.h"
#include "serve/state.h"
#include "web/portal/portal.h"
#include "web/tls.h"

enum {
    WATCHDOG_MS = 5000,
    WHY_MAX = 4096,
};

static int usage(void)
{
    fputs("usage: mimamori portal [--state DIR] [--config FILE]\n"
          "Serves the pages and the API. HTTPS with a certificate of its own unless portal.cert\n"
          "and portal.key name one, or portal.tls is off (loopback only).\n",
          stderr);
    return 2;
}

struct paths {
    char dir[MM_MAX_PATH];
    char cert[MM_MAX_PATH + 16];
    char key[MM_MAX_PATH + 16];
    char relay_url[512], relay_pin[MM_TLS_PIN];
    char cert_set[MM_MAX_PATH], key_set[MM_MAX_PATH]; /* as the configuration has them */
    char secret[MM_MAX_PATH];
    char rules[MM_MAX_PATH]; /* ours */
    char formats[MM_MAX_PATH];
    char quests[MM_MAX_PATH], controls[MM_MAX_PATH], guides[MM_MAX_PATH];
    char own_rules[MM_MAX_PATH + 16]; /* the operator's */
    char own_formats[MM_MAX_PATH + 16];
    char format[MM_MAX_PATH + 32]; /* programs */
    char rule_program[MM_MAX_PATH + 32];
    char status_program[MM_MAX_PATH + 32];
    char cost_program[MM_MAX_PATH + 32];
};

/* The path of a program that lies where this one does. */
static void beside(const char *name, char *ret, size_t size)
{
    char exe[MM_MAX_PATH];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

    exe[n > 0 ? n : 0] = 0;
    if (strrchr(exe, '/') != NULL)
        strrchr(exe, '/')[1] = 0;
    (void)snprintf(ret, size, "%s%s", exe, name);
}

static void name_paths(const char *state, struct paths *ret)
{
    (void)snprintf(ret->dir, sizeof(ret->dir), "%s/tls", state);
    (void)snprintf(ret->cert, sizeof(ret->cert), "%s/cert.pem", ret->dir);
    (void)snprintf(ret->key, sizeof(ret->key), "%s/key.pem", ret->dir);
    (void)snprintf(ret->own_rules, sizeof(ret->own_rules), "%s/rules", state);
    (void)snprintf(ret->own_formats, sizeof(ret->own_formats), "%s/formats", state);
    beside("mimamori-format", ret->format, sizeof(ret->format));
    beside("mimamori-rules", ret->rule_program, sizeof(ret->rule_program));
    beside("mimamori-status", ret->status_program, sizeof(ret->status_program));
    beside("mimamori-cost", ret->cost_program, sizeof(ret->cost_program));
    if (mm_content_path("rules", ret->rules) != MM_OK)
        ret->rules[0] = 0;
    if (mm_content_path("formats", ret->formats) != MM_OK)
        ret->formats[0] = 0;
    if (mm_content_path("questionnaires", ret->quests) != MM_OK)
        ret->quests[0] = 0;
    if (mm_content_path("controls", ret->controls) != MM_OK)
        ret->controls[0] = 0;
    if (mm_content_path("guides", ret->guides) != MM_OK)
        ret->guides[0] = 0;
}

/* The certificate of the first start. A stop between key and certificate is made good here. */
static enum mm_code own_certificate(const struct paths *paths)
{
    char host[256] = "";
    enum mm_code code;

    if (access(paths->cert, R_OK) == 0)
        return MM_OK;
    if (mkdir(paths->dir, 0700) != 0 && errno != EEXIST)
        return MM_E_IO;
    if (unlink(paths->key) != 0 && errno != ENOENT)
        return MM_E_IO;
    if (gethostname(host, sizeof(host) - 1) != 0)
        host[0] = 0;
    code = mm_tls_self_signed(paths->cert, paths->key, host[0] == 0 ? NULL : host);
    if (code == MM_OK)
        mm_log_info("portal", "made a self-signed certificate: %s", paths->cert);
    return code;
}

static enum mm_code http_config(const struct mm_config *config, struct paths *paths,
                                struct mm_http_cfg *ret)
{
    struct mm_http_cfg cfg = {.listen = mm_config_text(config, MM_CFG_PORTAL_LISTEN)};
    enum mm_code code = MM_OK;

    if (!mm_config_path(config, MM_CFG_PORTAL_CERT, paths->cert_set) ||
        !mm_config_path(config, MM_CFG_PORTAL_KEY, paths->key_set)) {
        mm_log_error("portal", "portal.cert, portal.key: there is no such credential");
        return MM_E_CONFIG;
    }
    if (mm_config_on(config, MM_CFG_PORTAL_TLS)) {
        cfg.cert_path = paths->cert_set;
        cfg.key_path = paths->key_set;
        if (paths->cert_set[0] == 0) { /* both or none, as the configuration was checked */
            code = own_certificate(paths);
            cfg.cert_path = paths->cert;
            cfg.key_path = paths->key;
        }
    }
    /* Intake's HTTP listener has the one in tls/, whatever the pages have. */
    if (mm_tls_pin(paths->cert, paths->relay_pin) != MM_OK)
        paths->relay_pin[0] = 0;
    if (code != MM_OK)
        mm_log_error("portal", "no certificate can be made in %s", paths->dir);
    else
        *ret = cfg;
    return code;
}

/* Until SIGTERM or SIGINT. */
static void wait_for_end(int signals)
{
    struct pollfd fd = {.fd = signals, .events = POLLIN};

    while (poll(&fd, 1, WATCHDOG_MS) <= 0)
        mm_notify("WATCHDOG=1");
}

/* Between the last file that only this program reads and the first thread. */
static bool lock_in(void *state)
{
    return mm_confine(&(struct mm_confine){.who = MM_CONFINED_PORTAL, .state = state});
}

static int serve(const struct mm_portal_cfg *own, const struct mm_config *config,
                 struct paths *paths, struct mm_portal *portal, int signals)
{
    struct mm_http_handler handler;
    struct mm_http *http = NULL;
    struct mm_http_cfg cfg;
    struct mm_fault fault = {0};

    if (http_config(config, paths, &cfg) != MM_OK)
        return 1;
    cfg.settle = lock_in;
    cfg.settle_arg = (void *)(uintptr_t)own->state_dir; /* only read */
    cfg.hits = own->hits;
    mm_portal_handler(portal, &handler);
    if (mm_http_start(&cfg, &handler, &http, &fault) != MM_OK) {
        mm_log_error("portal", "cannot listen: portal.listen = %s: %s", cfg.listen,
                     fault.what != NULL && strcmp(fault.what, "http.listen_taken") == 0
                         ? "another program listens there; end it, or choose another address in "
                           "the configuration"
                         : fault.what);
        return 1;
    }
    mm_log_info("portal", "listens on %s://%s", cfg.cert_path != NULL ? "https" : "http",
                cfg.listen);
    mm_notify("READY=1");
    wait_for_end(signals);
    mm_http_stop(&http);
    return 0;
}

/* What opens /metrics to others. */
static bool read_metrics_token(const char *state, const struct mm_config *config,
                               char ret[MM_SECRET_MAX])
{
    struct mm_buf why;
    enum mm_code code;

    mm_buf_init(&why, WHY_MAX);
    code = mm_secret_read(config, MM_CFG_METRICS_TOKEN, state, ret, &why);
    if (code != MM_OK)
        mm_log_error("portal", "%.*s", MM_S_ARG(mm_buf_slice(&why)));
    mm_buf_done(&why);
    return code == MM_OK;
}

static struct mm_portal_oidc oidc_config(const struct mm_config *config)
{
    if (!mm_config_on(config, MM_CFG_OIDC_ISSUER))
        return (struct mm_portal_oidc){.issuer = NULL};
    return (struct mm_portal_oidc){
        .issuer = mm_config_text(config, MM_CFG_OIDC_ISSUER),
        .client = mm_config_text(config, MM_CFG_OIDC_CLIENT_ID),
        .redirect = mm_config_text(config, MM_CFG_OIDC_REDIRECT_URL),
        .label = {[MM_LANG_JA] = mm_config_text(config, MM_CFG_OIDC_LABEL_JA),
                  [MM_LANG_EN] = mm_config_text(config, MM_CFG_OIDC_LABEL_EN)},
        .ask_app = mm_config_on(config, MM_CFG_OIDC_ASK_APP),
    };
}

/* Where relays are told to send lines. */
static void name_relay_url(const struct mm_config *config, struct paths *paths)
{
    struct mm_endpoint at;

    (void)snprintf(paths->relay_url, sizeof(paths->relay_url), "%s",
                   mm_config_text(config, MM_CFG_INTAKE_URL));
    if (paths->relay_url[0] == 0 && mm_config_on(config, MM_CFG_INTAKE_HTTP) &&
        mm_endpoint_parse(mm_slice_str(mm_config_text(config, MM_CFG_INTAKE_HTTP)), &at))
        (void)snprintf(paths->relay_url, sizeof(paths->relay_url), ":%u", at.port);
}

static const char *listener(const struct mm_config *config, enum mm_config_key k)
{
    return mm_config_on(config, k) ? mm_config_text(config, k) : NULL;
}

static struct mm_portal_cfg portal_config(const char *state, const struct mm_config *config,
                                          const struct paths *paths)
{
    return (struct mm_portal_cfg){
        .state_dir = state,
        .service_name = mm_config_text(config, MM_CFG_PORTAL_SERVICE),
        .desk_tel = mm_config_text(config, MM_CFG_PORTAL_DESK_TEL),
        .desk_hours = mm_config_text(config, MM_CFG_PORTAL_DESK_HOURS),
        .relay_url = paths->relay_url,
        .relay_pin = paths->relay_pin,
        .intake_udp = listener(config, MM_CFG_INTAKE_UDP),
        .intake_tcp = listener(config, MM_CFG_INTAKE_TCP),
        .intake_address = mm_config_text(config, MM_CFG_INTAKE_ADDRESS),
        .intake_private = mm_config_on(config, MM_CFG_INTAKE_PRIVATE),
        .rule_dirs = {paths->rules, paths->own_rules},
        .format_dir = paths->formats,
        .own_format_dir = paths->own_formats,
        .quest_dir = paths->quests,
        .control_dir = paths->controls,
        .guide_dir = paths->guides,
        .format_program = paths->format,
        .rules_program = paths->rule_program,
        .status_program = paths->status_program,
        .cost_program = paths->cost_program,
        .machine_yen = mm_config_number(config, MM_CFG_COST_MACHINE),
        .hour_yen = mm_config_number(config, MM_CFG_COST_HOUR),
        .fee_yen = mm_config_number(config, MM_CFG_COST_FEE),
        .metrics_local = mm_config_on(config, MM_CFG_METRICS_LOCAL),
        .oidc = oidc_config(config),
        .version = MM_VERSION,
        .rate = (uint32_t)mm_config_number(config, MM_CFG_PORTAL_RATE), /* at most 100,000 */
        .now_us = mm_now_us,
    };
}

static struct mm_meters *open_meters(const char *state)
{
    char path[MM_MAX_PATH];
    struct mm_meters *meters = NULL;

    if (mm_path_join(path, state, "run/portal.meters") != MM_OK ||
        mm_meters_open(path, &meters) != MM_OK)
        mm_log_warn("portal", "nothing is measured: run/portal.meters cannot be made");
    return meters;
}

static struct mm_hits *open_hits(const char *state)
{
    char path[MM_MAX_PATH];
    struct mm_hits *hits = NULL;

    if (mm_path_join(path, state, "run/portal.hits") != MM_OK || mm_hits_open(path, &hits) != MM_OK)
        mm_log_warn("portal", "limits are not counted: run/portal.hits cannot be made");
    return hits;
}

static int run(const char *state, const struct mm_config *config, int signals)
{
    struct paths paths;
    struct mm_records *records = NULL;
    struct mm_auth *auth = NULL;
    struct mm_portal *portal = NULL;
    struct mm_portal_cfg cfg;
    struct mm_key key;
    struct mm_fault fault = {0};
    char token[MM_SECRET_MAX];
    int rc = 1;

    name_paths(state, &paths);
    name_relay_url(config, &paths);
    cfg = portal_config(state, config, &paths);
    if (mm_state_key(state, paths.secret) != MM_OK || mm_key_load(paths.secret, &key) != MM_OK) {
        mm_log_error("portal", "%s: no key of 32 bytes that only its owner reads", paths.secret);
        return 1;
    }
    if (!read_metrics_token(state, config, token) || mm_app_records_held(state, &records) != MM_OK)
        goto out;
    if (mm_auth_open(records, &key, &auth) != MM_OK) {
        mm_log_error("portal", "no random bytes from the system");
        goto out;
    }
    cfg.records = records;
    cfg.auth = auth;
    cfg.key = &key;
    cfg.metrics_token = token;
    cfg.meters = open_meters(state);
    cfg.hits = open_hits(state);
    if (mm_portal_open(&cfg, &portal, &fault) == MM_OK)
        rc = serve(&cfg, config, &paths, portal, signals);
    else
        mm_log_error("portal", "cannot begin: %s", fault.what);
    mm_portal_close(&portal);
    mm_meters_close(&cfg.meters);
    mm_hits_close(&cfg.hits);
out:
    mm_auth_close(&auth);
    mm_records_close(&records);
    mm_wipe(&key, sizeof(key));
    mm_wipe(token, sizeof(token));
    return rc;
}

static int start(const char *state, const struct mm_config *config)
{
    sigset_t set;
    int signals;

    /* Before any thread is made, so that all of them have it so. */
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    signals = signalfd(-1, &set, SFD_CLOEXEC);
    return signals < 0 ? 1 : run(state, config, signals);
}

int main(int argc, char **argv)
{
    static const struct mm_program program = {.usage = usage, .run = start};

    return mm_program_main(&program, argc, argv);
}
