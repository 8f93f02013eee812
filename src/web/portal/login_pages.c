/* web/portal/login_pages.c - in, out, the second factor, the password, the language. */
#include "web/portal/access_view.h"
#include "web/portal/oidc_view.h"
#include "web/portal/pages.h"
#include "web/portal/session.h"

enum {
    TICKET_MINUTES = 5, /* to type six digits */
    TICKET_MAX = 2048,
    SECRET_MAX = MM_PASSWORD_MAX,
};

enum mm_code mm_page_start(struct mm_page *p)
{
    if (mm_page_staff(p))
        mm_page_go(p, "/companies");
    else if (mm_page_may(p, MM_MAY_SEE) && mm_scope_kind(p->me.scope) == MM_SCOPE_COMPANY)
        mm_page_go(p, "/companies/%u", p->me.company);
    else if (mm_scope_kind(p->me.scope) == MM_SCOPE_COMPANY)
        mm_page_go(p, "/companies/%u/report", p->me.company);
    else
        mm_page_go(p, "/programmes");
    mm_doc_str(p->doc, "go", p->go);
    return MM_OK;
}

enum mm_code mm_page_login(struct mm_page *p)
{
    mm_oidc_label(p);
    mm_doc_bool(p->doc, "again", false);
    return MM_OK;
}

/* ---- the ticket: login and password, sealed, between the two steps of a login ---- */

struct ticket {
    int64_t until_us;
    uint16_t login_n, secret_n;
    uint8_t bytes[MM_AUTH_LOGIN_MAX + SECRET_MAX];
};

static void hex_add(struct mm_buf *out, struct mm_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        mm_buf_fmt(out, "%02x", s.p[i]);
}

static bool hex_read(struct mm_slice hex, struct mm_buf *out)
{
    for (size_t i = 0; i + 1 < hex.n; i += 2) {
        uint64_t b;

        if (!mm_slice_hex(mm_slice_sub(hex, i, 2), &b))
            return false;
        mm_buf_byte(out, (uint8_t)b);
    }
    return hex.n % 2 == 0 && mm_buf_ok(out);
}

static bool give_ticket(struct mm_page *p, const struct mm_login *login)
{
    struct ticket t = {.until_us = p->now_us + TICKET_MINUTES * INT64_C(60000000)};
    struct mm_buf box, hex;
    bool ok;

    if (login->login.n > MM_AUTH_LOGIN_MAX || login->secret.n > SECRET_MAX)
        return false;
    t.login_n = (uint16_t)login->login.n;
    t.secret_n = (uint16_t)login->secret.n;
    memcpy(t.bytes, login->login.p, login->login.n);
    memcpy(t.bytes + login->login.n, login->secret.p, login->secret.n);
    mm_buf_init(&box, sizeof(t) + MM_SEAL_EXTRA);
    mm_buf_init(&hex, 2 * (sizeof(t) + MM_SEAL_EXTRA) + 1); /* and room for mm_buf_fmt's NUL */
    ok = mm_seal(&p->portal->forms, mm_slice_of(&t, sizeof(t)), &box);
    hex_add(&hex, mm_buf_slice(&box));
    ok = ok && mm_buf_ok(&hex);
    if (ok)
        mm_doc_text(p->doc, "ticket", mm_buf_slice(&hex));
    mm_wipe(&t, sizeof(t));
    mm_buf_done(&hex);
    mm_buf_done(&box);
    return ok;
}

/* Login and password out of a ticket; false when it is none or too old. */
static bool take_ticket(struct mm_page *p, struct mm_login *login)
{
    struct mm_slice hex = mm_input_get(&p->in, "ticket"), own;
    struct mm_buf box, plain;
    struct ticket t;
    bool ok;

    mm_buf_init(&box, TICKET_MAX);
    mm_buf_init(&plain, TICKET_MAX);
    ok = hex.n <= 2 * TICKET_MAX && hex_read(hex, &box) &&
         mm_unseal(&p->portal->forms, mm_buf_slice(&box), &plain) == MM_OK && plain.n == sizeof(t);
    if (ok) {
        memcpy(&t, plain.p, sizeof(t));
        ok = t.until_us > p->now_us && t.login_n <= MM_AUTH_LOGIN_MAX && t.secret_n <= SECRET_MAX &&
             mm_arena_dup(p->arena, mm_slice_of(t.bytes, (size_t)t.login_n + t.secret_n), &own);
        if (ok) {
            login->login = mm_slice_sub(own, 0, t.login_n);
            login->secret = mm_slice_sub(own, t.login_n, t.secret_n);
        }
        mm_wipe(&t, sizeof(t));
        mm_wipe(plain.p, plain.n);
    }
    mm_buf_done(&plain);
    mm_buf_done(&box);
    return ok;
}

/* "123 456" in full or half width as people type it: digits only. Empty stays empty. */
static struct mm_slice digits_only(struct mm_page *p, struct mm_slice s)
{
    uint8_t *out = mm_arena_bytes(p->arena, s.n);
    size_t n = 0;

    if (out == NULL)
        return MM_S("");
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] >= '0' && s.p[i] <= '9')
            out[n++] = s.p[i];
        /* U+FF10..U+FF19, the digits of a Japanese keyboard's full width. */
        else if (i + 2 < s.n && s.p[i] == 0xef && s.p[i + 1] == 0xbc && s.p[i + 2] >= 0x90 &&
                 s.p[i + 2] <= 0x99)
            out[n++] = (uint8_t)('0' + (s.p[i + 2] - 0x90));
    }
    return mm_slice_of(out, n);
}

struct mm_slice mm_second_of(struct mm_page *p)
{
    struct mm_slice printed = mm_input_get(&p->in, "printed");

    return printed.n > 0 ? printed : digits_only(p, mm_input_get(&p->in, "digits"));
}

static enum mm_code signed_in(struct mm_page *p, const char *token)
{
    mm_session_cookie(p, token);
    mm_page_go(p, "/");
    mm_doc_bool(p->doc, "signed_in", true);
    return MM_OK;
}

static enum mm_code ask_again(struct mm_page *p, const struct mm_login *login, enum mm_code code,
                              int64_t wait_s)
{
    p->template = "login";
    mm_oidc_label(p);
    p->status = code == MM_E_MORE ? 200 : code != MM_E_BUSY ? 422 : wait_s > 0 ? 429 : 503;
    mm_doc_bool(p->doc, "again", true);
    mm_page_retry(p, code == MM_E_BUSY ? (wait_s > 0 ? wait_s : 1) : 0);
    if (code == MM_E_BUSY)
        mm_hit_add(p->portal->cfg.hits, wait_s > 0 ? MM_HIT_LOGIN_WAIT : MM_HIT_LOGIN_CROWD,
                   &p->req->peer);
    if (code == MM_E_MORE || (code == MM_E_AUTH && login->totp.n > 0)) {
        mm_doc_bool(p->doc, "ask_digits", true);
        mm_doc_bool(p->doc, "wrong_digits", code == MM_E_AUTH);
        if (!give_ticket(p, login))
            return MM_E_LIMIT;
        return MM_OK;
    }
    mm_doc_text(p->doc, "login", login->login);
    mm_doc_bool(p->doc, "wrong", code == MM_E_AUTH);
    mm_doc_bool(p->doc, "wait", code == MM_E_BUSY && wait_s > 0);
    mm_doc_bool(p->doc, "crowd", code == MM_E_BUSY && wait_s == 0);
    mm_doc_int(p->doc, "n", wait_s);
    return MM_OK;
}

enum mm_code mm_page_login_try(struct mm_page *p)
{
    char token[MM_AUTH_TEXT], peer[MM_IP_TEXT];
    int64_t wait_s = 0;
    struct mm_login login = {
        .login = mm_input_get(&p->in, "login"),
        .secret = mm_input_get(&p->in, "secret"),
        .totp = mm_second_of(p),
        .now_us = p->now_us,
    };
    enum mm_code code;

    if (!mm_http_header(p->req, "User-Agent", &login.agent))
        login.agent = MM_S("");
    mm_ip_text(&p->req->peer, peer);
    login.peer = mm_slice_str(peer);
    if (mm_input_has(&p->in, "ticket") && !take_ticket(p, &login)) {
        mm_doc_bool(p->doc, "late", true);
        return ask_again(p, &login, MM_E_NOTFOUND, 0);
    }
    code = mm_auth_login(p->portal->cfg.auth, &login, token, &wait_s);
    if (code == MM_OK)
        return signed_in(p, token);
    if (code == MM_E_AUTH || code == MM_E_MORE || code == MM_E_BUSY)
        return ask_again(p, &login, code, wait_s);
    return code;
}

enum mm_code mm_page_logout(struct mm_page *p)
{
    enum mm_code code = MM_OK;

    if (!p->me.api)
        code = mm_auth_logout(p->portal->cfg.auth, p->token);
    mm_session_cookie(p, "");
    mm_page_go(p, "/login");
    mm_doc_bool(p->doc, "signed_in", false);
    return code;
}

/* A path of ours that a form may send people back to. */
static bool own_path(struct mm_slice s)
{
    if (s.n == 0 || s.n > 300 || s.p[0] != '/' || (s.n > 1 && s.p[1] == '/'))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '/' || c == '-' || c == '_'))
            return false;
    }
    return true;
}

enum mm_code mm_page_language(struct mm_page *p)
{
    struct mm_slice to = mm_input_get(&p->in, "to");
    char cookie[96];
    enum mm_lang lang;

    if (!mm_lang_parse(mm_input_get(&p->in, "lang"), &lang))
        return MM_E_RANGE;
    (void)snprintf(cookie, sizeof(cookie),
                   "mm_lang=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000%s",
                   mm_lang_tag(lang), p->req->tls ? "; Secure" : "");
    mm_http_set(p->req, "Set-Cookie", cookie);
    mm_page_go(p, "%.*s", MM_S_ARG(own_path(to) ? to : MM_S("/")));
    mm_doc_str(p->doc, "lang", mm_lang_tag(lang));
    return MM_OK;
}

/* What the session may do has changed: it goes on under another token. */
static enum mm_code renew(struct mm_page *p)
{
    char token[MM_AUTH_TEXT];
    enum mm_code code = mm_auth_renew(p->portal->cfg.auth, p->token, token);

    if (code == MM_OK)
        mm_session_cookie(p, token);
    mm_wipe(token, sizeof(token));
    return code;
}

/* ---- the second factor ---- */

/* Shows a button only: reading a page must not change with what somebody logs in. */
enum mm_code mm_page_second_factor(struct mm_page *p)
{
    mm_doc_bool(p->doc, "must", p->me.scope == NULL);
    mm_doc_bool(p->doc, "begun", false);
    mm_doc_bool(p->doc, "wrong", false);
    return MM_OK;
}

enum mm_code mm_page_second_factor_begin(struct mm_page *p)
{
    char secret[MM_TOTP_BASE32];
    enum mm_code code;

    p->template = "second_factor";
    mm_doc_bool(p->doc, "must", p->me.scope == NULL);
    mm_doc_bool(p->doc, "begun", true);
    mm_doc_bool(p->doc, "wrong", false);
    code = p->me.scope == NULL
               ? mm_account_totp_self(p->portal->cfg.auth, &p->me, p->now_us, secret)
               : mm_account_totp(p->portal->cfg.auth, p->me.scope, p->me.user, p->now_us, secret);
    if (code != MM_OK)
        return code;
    mm_doc_str(p->doc, "secret", secret);
    mm_wipe(secret, sizeof(secret));
    return MM_OK;
}

enum mm_code mm_page_second_factor_set(struct mm_page *p)
{
    enum mm_code code =
        mm_account_totp_confirm(p->portal->cfg.auth, &p->me, p->token,
                                digits_only(p, mm_input_get(&p->in, "digits")), p->now_us);

    if (code == MM_E_AUTH) {
        p->template = "second_factor";
        p->status = 422;
        mm_doc_bool(p->doc, "must", p->me.scope == NULL);
        mm_doc_bool(p->doc, "begun", true);
        mm_doc_bool(p->doc, "wrong", true);
        return MM_OK;
    }
    if (code == MM_OK)
        code = renew(p);
    mm_page_go(p, "/");
    mm_doc_bool(p->doc, "set", code == MM_OK);
    return code;
}

/* ---- the password ---- */

enum mm_code mm_page_password(struct mm_page *p)
{
    mm_doc_bool(p->doc, "must", p->me.must_change);
    mm_password_help(p, p->me.role->second);
    return MM_OK;
}

static enum mm_code refuse_password(struct mm_page *p, bool wrong_old, bool differ, unsigned broken)
{
    p->template = "password";
    p->status = 422;
    mm_doc_bool(p->doc, "must", p->me.must_change);
    mm_doc_bool(p->doc, "wrong_old", wrong_old);
    mm_doc_bool(p->doc, "differ", differ);
    mm_password_help(p, p->me.role->second);
    mm_password_broken(p, broken, p->me.role->second);
    return MM_OK;
}

/* Whether the password is right: a login with it gets as far as the second factor, or a session
 * that is ended at once. Failures slow guessing down as at the login. */
static enum mm_code check_old(struct mm_page *p, const struct mm_login *login)
{
    char token[MM_AUTH_TEXT];
    int64_t wait_s;
    enum mm_code code = mm_auth_login(p->portal->cfg.auth, login, token, &wait_s);

    if (code == MM_OK)
        code = mm_auth_logout(p->portal->cfg.auth, mm_slice_str(token));
    return code == MM_E_MORE ? MM_OK : code;
}

enum mm_code mm_page_password_set(struct mm_page *p)
{
    struct mm_slice fresh = mm_input_get(&p->in, "new");
    struct mm_login login = {
        .login = p->me.login,
        .secret = mm_input_get(&p->in, "old"),
        .now_us = p->now_us,
    };
    char peer[MM_IP_TEXT];
    unsigned broken = 0;
    enum mm_code code;

    if (p->me.scope == NULL)
        return MM_E_DENIED;
    mm_ip_text(&p->req->peer, peer);
    login.peer = mm_slice_str(peer);
    if (!mm_slice_eq(fresh, mm_input_get(&p->in, "again")))
        return refuse_password(p, false, true, 0);
    code = check_old(p, &login);
    if (code == MM_E_AUTH)
        return refuse_password(p, true, false, 0);
    if (code == MM_OK)
        code = mm_account_password(p->portal->cfg.auth, p->me.scope, p->me.user, fresh, false,
                                   p->token, p->now_us, &broken);
    if (code == MM_E_RANGE)
        return refuse_password(p, false, false, broken);
    if (code == MM_OK)
        code = renew(p);
    mm_page_go(p, "/");
    mm_doc_bool(p->doc, "set", code == MM_OK);
    return code;
}
