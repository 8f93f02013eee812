/* serve/config_check.c - see config.h and config_check.h for the contract. */
#include "serve/config_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rd.h"
#include "os/file.h"
#include "os/sock.h"

#define CREDENTIAL "credential:"

/* Where the value stands, for the beginning of a sentence; then the key. */
static void say_where(const struct mm_config *c, const char *path, enum mm_config_key k,
                      struct mm_buf *why)
{
    char env[MM_CONFIG_ENV];

    if (c->origin[k].from == MM_CFG_FROM_FILE && path != NULL) {
        mm_buf_fmt(why, "%s:%zu: ", path, c->origin[k].line);
    } else if (c->origin[k].from == MM_CFG_FROM_ENVIRONMENT) {
        mm_config_env(k, env);
        mm_buf_fmt(why, "environment %s: ", env);
    }
    mm_buf_fmt(why, "%s = %s ", mm_config_about(k)->key, mm_config_text(c, k));
}

static enum mm_code refuse(const struct mm_config *c, const char *path, enum mm_config_key k,
                           const char *sentence, struct mm_buf *why)
{
    say_where(c, path, k, why);
    mm_buf_str(why, sentence);
    return MM_E_CONFIG;
}

static enum mm_code check_portal(const struct mm_config *c, const char *path, struct mm_buf *why)
{
    struct mm_endpoint at;

    if (!mm_config_on(c, MM_CFG_PORTAL_LISTEN))
        return refuse(c, path, MM_CFG_PORTAL_LISTEN,
                      "cannot be: to run without pages take portal out of serve.programs", why);
    MM_ASSERT(mm_endpoint_parse(mm_slice_str(mm_config_text(c, MM_CFG_PORTAL_LISTEN)), &at));
    if (!mm_config_on(c, MM_CFG_PORTAL_TLS) && !mm_ip_is_loopback(&at.ip))
        return refuse(c, path, MM_CFG_PORTAL_TLS,
                      "is for loopback only; write portal.listen = 127.0.0.1:8443 and let a proxy "
                      "end TLS, or portal.tls = on",
                      why);
    if (mm_config_on(c, MM_CFG_PORTAL_CERT) != mm_config_on(c, MM_CFG_PORTAL_KEY))
        return refuse(c, path,
                      mm_config_on(c, MM_CFG_PORTAL_CERT) ? MM_CFG_PORTAL_CERT : MM_CFG_PORTAL_KEY,
                      "needs its other half: portal.cert and portal.key go together", why);
    return MM_OK;
}

static enum mm_code check_mail(const struct mm_config *c, const char *path, struct mm_buf *why)
{
    struct mm_slice url = mm_slice_str(mm_config_text(c, MM_CFG_MAIL_URL));

    if (!mm_config_on(c, MM_CFG_MAIL_URL))
        return MM_OK;
    if (!mm_slice_starts(url, MM_S("smtp://")) && !mm_slice_starts(url, MM_S("smtps://")))
        return refuse(c, path, MM_CFG_MAIL_URL,
                      "cannot be used; write for example: mail.url = smtps://mail.example.jp:465",
                      why);
    if (mm_slice_find(url, '@', 0) != SIZE_MAX) {
        /* It may hold a password: not shown. */
        mm_buf_str(why, "mail.url holds a user; write it in mail.user and its password into "
                        "mail.password, as `mimamori config seal` prints it");
        return MM_E_CONFIG;
    }
    if (mm_config_on(c, MM_CFG_MAIL_USER) != mm_config_on(c, MM_CFG_MAIL_PASSWORD))
        return refuse(c, path,
                      mm_config_on(c, MM_CFG_MAIL_USER) ? MM_CFG_MAIL_USER : MM_CFG_MAIL_PASSWORD,
                      "needs its other half: mail.user and mail.password go together", why);
    return MM_OK;
}

/* An address that the provider or a browser goes to: https, or http on this machine for tests. */
static bool web_address(const struct mm_config *c, enum mm_config_key k)
{
    struct mm_slice url = mm_slice_str(mm_config_text(c, k));

    if (mm_slice_find(url, '@', 0) != SIZE_MAX || mm_slice_find(url, '#', 0) != SIZE_MAX ||
        mm_slice_find(url, ' ', 0) != SIZE_MAX)
        return false;
    return mm_slice_starts(url, MM_S("https://")) ||
           (mm_config_on(c, MM_CFG_OIDC_LOOPBACK_HTTP) &&
            (mm_slice_starts(url, MM_S("http://127.0.0.1:")) ||
             mm_slice_starts(url, MM_S("http://[::1]:"))));
}

static enum mm_code check_oidc(const struct mm_config *c, const char *path, struct mm_buf *why)
{
    if (!mm_config_on(c, MM_CFG_OIDC_ISSUER))
        return MM_OK;
    if (!web_address(c, MM_CFG_OIDC_ISSUER))
        return refuse(c, path, MM_CFG_OIDC_ISSUER,
                      "cannot be used; write for example: oidc.issuer = https://id.example.jp",
                      why);
    if (!mm_config_on(c, MM_CFG_OIDC_CLIENT_ID))
        return refuse(c, path, MM_CFG_OIDC_CLIENT_ID,
                      "is missing: the name that the provider has given to this Mimamori", why);
    if (!web_address(c, MM_CFG_OIDC_REDIRECT_URL) ||
        !mm_slice_ends(mm_slice_str(mm_config_text(c, MM_CFG_OIDC_REDIRECT_URL)),
                       MM_S("/login/oidc/callback")))
        return refuse(c, path, MM_CFG_OIDC_REDIRECT_URL,
                      "cannot be used; write the address of these pages as the provider knows it, "
                      "for example: oidc.redirect_url = "
                      "https://mimamori.example.jp/login/oidc/callback",
                      why);
    return MM_OK;
}

/* It is printed in commands that people type. */
static enum mm_code check_address(const struct mm_config *c, const char *path, struct mm_buf *why)
{
    struct mm_slice s = mm_slice_str(mm_config_text(c, MM_CFG_INTAKE_ADDRESS));
    bool ok = s.n <= 253; /* the longest name, RFC 1035 */

    for (size_t i = 0; i < s.n; i++) {
        uint8_t b = s.p[i];

        ok = ok && ((b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') ||
                    b == '.' || b == '-' || b == ':');
    }
    return ok ? MM_OK
              : refuse(
                    c, path, MM_CFG_INTAKE_ADDRESS,
                    "is no name or address alone; write for example: intake.address = 192.168.1.5",
                    why);
}

/* Two that listen for connections at one place: the second could not start. */
static enum mm_code check_listeners(const struct mm_config *c, const char *path, struct mm_buf *why)
{
    static const enum mm_config_key tcp[] = {MM_CFG_PORTAL_LISTEN, MM_CFG_INTAKE_TCP,
                                             MM_CFG_INTAKE_HTTP};

    for (size_t i = 0; i < MM_COUNT(tcp); i++) {
        for (size_t j = 0; j < i; j++) {
            if (!mm_config_on(c, tcp[i]) ||
                strcmp(mm_config_text(c, tcp[i]), mm_config_text(c, tcp[j])) != 0)
                continue;
            say_where(c, path, tcp[i], why);
            mm_buf_fmt(why, "is the address of %s, too; give one of them another port",
                       mm_config_about(tcp[j])->key);
            return MM_E_CONFIG;
        }
    }
    return MM_OK;
}

static bool is_program(struct mm_slice word)
{
    static const char *const programs[] = {"eventd", "engine", "intake", "worker", "portal"};

    for (size_t i = 0; i < MM_COUNT(programs); i++) {
        if (mm_slice_eq(word, mm_slice_str(programs[i])))
            return true;
    }
    return false;
}

static enum mm_code check_programs(const struct mm_config *c, const char *path, struct mm_buf *why)
{
    struct mm_rd rd = mm_rd_of(mm_slice_str(mm_config_text(c, MM_CFG_SERVE_PROGRAMS)));
    struct mm_slice word;
    size_t n = 0;

    while (mm_rd_left(&rd) > 0) {
        if (!mm_rd_until(&rd, ' ', &word)) {
            word = mm_rd_rest(&rd);
            rd.pos = rd.in.n;
        }
        if (word.n > 0 && !is_program(word))
            return refuse(c, path, MM_CFG_SERVE_PROGRAMS,
                          "names something else than eventd, engine, intake, worker, portal", why);
        n += word.n > 0;
    }
    return n > 0 ? MM_OK
                 : refuse(c, path, MM_CFG_SERVE_PROGRAMS,
                          "names none of eventd, engine, intake, worker, portal", why);
}

enum mm_code mm_config_agrees(const struct mm_config *c, const char *path, struct mm_buf *why)
{
    enum mm_code code = check_portal(c, path, why);

    if (code == MM_OK)
        code = check_mail(c, path, why);
    if (code == MM_OK)
        code = check_oidc(c, path, why);
    if (code == MM_OK)
        code = check_address(c, path, why);
    if (code == MM_OK)
        code = check_listeners(c, path, why);
    return code == MM_OK ? check_programs(c, path, why) : code;
}

/* ---- files ---- */

bool mm_config_path(const struct mm_config *c, enum mm_config_key k, char ret[MM_MAX_PATH])
{
    const char *v = mm_config_text(c, k), *dir = getenv("CREDENTIALS_DIRECTORY");
    struct mm_slice s = mm_slice_str(v);
    int n;

    MM_ASSERT(mm_config_about(k)->kind == MM_CFG_PATH || mm_config_about(k)->kind == MM_CFG_SECRET);
    if (!mm_slice_starts(s, MM_S(CREDENTIAL))) {
        n = snprintf(ret, MM_MAX_PATH, "%s", v);
        return n >= 0 && n < MM_MAX_PATH;
    }
    if (dir == NULL || strchr(v + strlen(CREDENTIAL), '/') != NULL)
        return false;
    n = snprintf(ret, MM_MAX_PATH, "%s/%s", dir, v + strlen(CREDENTIAL));
    return n > 0 && n < MM_MAX_PATH;
}

static enum mm_code check_file(const struct mm_config *c, enum mm_config_key k, struct mm_buf *why)
{
    const struct mm_config_about *about = mm_config_about(k);
    char path[MM_MAX_PATH];
    struct stat st;

    if (!mm_config_path(c, k, path)) {
        mm_buf_fmt(why,
                   "%s = %s: there is no such credential; systemd hands it over with "
                   "LoadCredential=NAME:PATH",
                   about->key, mm_config_text(c, k));
        return MM_E_CONFIG;
    }
    if (stat(path, &st) != 0 || access(path, R_OK) != 0) {
        mm_buf_fmt(why, "%s: %s cannot be read: %s", about->key, path, strerror(errno));
        return MM_E_CONFIG;
    }
    if (!S_ISREG(st.st_mode)) {
        mm_buf_fmt(why, "%s: %s is no file", about->key, path);
        return MM_E_CONFIG;
    }
    if (about->kind == MM_CFG_SECRET && !mm_file_private(&st)) {
        mm_buf_fmt(why, "%s: %s must be readable by its owner only (chmod 600)", about->key, path);
        return MM_E_CONFIG;
    }
    return MM_OK;
}

enum mm_code mm_config_files(const struct mm_config *c, struct mm_buf *why)
{
    for (enum mm_config_key i = 0; i < MM_CFG_COUNT; i++) {
        enum mm_config_kind kind = mm_config_about(i)->kind;
        enum mm_code code;

        if ((kind != MM_CFG_PATH && kind != MM_CFG_SECRET) || c->value[i][0] == 0 ||
            mm_slice_starts(mm_slice_str(c->value[i]), MM_S("sealed:")))
            continue;
        code = check_file(c, i, why);
        if (code != MM_OK)
            return code;
    }
    return MM_OK;
}
