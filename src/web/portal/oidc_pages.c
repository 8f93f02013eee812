/*
 * web/portal/oidc_pages.c - logging in with the operator's provider of identities.
 *
 * A browser that begins gets a ticket: state, nonce and the verifier of PKCE, sealed, in a cookie
 * of its own. Whoever comes back has to bring that ticket with the same state, so nobody can be
 * led into somebody else's login. The pages only wait: the worker asks the provider.
 */
#include "codec/ext/sha256.h"
#include "codec/url.h"
#include "register/access.h"
#include "register/oidc.h"
#include "web/portal/access_view.h"
#include "web/portal/oidc_view.h"
#include "web/portal/pages.h"
#include "web/portal/session.h"

enum {
    TICKET_MINUTES = 10, /* to find one's telephone and log in over there */
    TICKET_BOX = 360,    /* the ticket, sealed */
    URL_MAX = MM_OIDC_URL_MAX + 2048,
    FLAG_MAX = 16,
};

enum purpose { LOG_IN = 1, TIE, TAKE_INVITATION };

struct ticket {
    int64_t until_us;
    uint32_t purpose;
    uint32_t user; /* TIE: whose account */
    char state[MM_OIDC_RANDOM], nonce[MM_OIDC_RANDOM], verifier[MM_OIDC_RANDOM];
    char invitation[MM_INVITE_TEXT + 12]; /* as it was typed */
};
static_assert(sizeof(struct ticket) + MM_SEAL_EXTRA <= TICKET_BOX &&
                  TICKET_BOX / 3 * 4 + 4 <= MM_SESSION_TICKET,
              "a ticket fits its cookie");

bool mm_oidc_on(const struct mm_page *p)
{
    return p->portal->cfg.oidc.issuer != NULL;
}

void mm_oidc_label(struct mm_page *p)
{
    const char *label;

    if (!mm_oidc_on(p))
        return;
    label = p->portal->cfg.oidc.label[p->lang];
    mm_doc_str(p->chrome, "oidc_label",
               label != NULL && label[0] != 0 ? label
                                              : mm_lang_text(p->lang, MM_S("oidc.label"), 1));
}

static struct mm_slice issuer_of(const struct mm_page *p)
{
    return mm_slice_str(p->portal->cfg.oidc.issuer);
}

/* What the page is about: "go", "wait", "digits", "tie", "failed", "done". */
static void say(struct mm_page *p, const char *at)
{
    char *flag = mm_arena_alloc(p->arena, FLAG_MAX);

    p->template = "oidc";
    mm_oidc_label(p);
    mm_doc_str(p->doc, "at", at);
    if (flag == NULL)
        return;
    (void)snprintf(flag, FLAG_MAX, "at_%s", at);
    mm_doc_bool(p->chrome, flag, true);
}

static enum mm_code fail(struct mm_page *p, int status, struct mm_slice why)
{
    p->status = status;
    say(p, "failed");
    mm_doc_text(p->doc, "why", why);
    return MM_OK;
}

/* ---- the ticket ---- */

static bool give_ticket(struct mm_page *p, const struct ticket *t)
{
    char text[MM_SESSION_TICKET];
    struct mm_buf box;
    bool ok;

    mm_buf_init(&box, TICKET_BOX);
    ok = mm_seal(&p->portal->forms, mm_slice_of(t, sizeof(*t)), &box);
    if (ok) {
        mm_base64url(mm_buf_slice(&box), text, sizeof(text));
        mm_session_ticket(p, text);
    }
    mm_buf_done(&box);
    return ok;
}

/* False when there is none, or it is too old. */
static bool find_ticket(struct mm_page *p, struct ticket *ret)
{
    struct mm_slice text;
    struct mm_buf plain;
    uint8_t box[MM_SESSION_TICKET];
    size_t n;
    bool ok;

    if (!mm_session_ticket_find(p, &text) || !mm_base64url_read(text, box, sizeof(box), &n))
        return false;
    mm_buf_init(&plain, TICKET_BOX);
    ok = mm_unseal(&p->portal->forms, mm_slice_of(box, n), &plain) == MM_OK &&
         plain.n == sizeof(*ret);
    if (ok)
        memcpy(ret, plain.p, sizeof(*ret));
    mm_buf_done(&plain);
    return ok && ret->until_us > p->now_us;
}

static void make_random(char ret[MM_OIDC_RANDOM])
{
    uint8_t random[32];

    mm_random(random, sizeof(random));
    mm_base64url(mm_slice_of(random, sizeof(random)), ret, MM_OIDC_RANDOM);
}

/* ---- going there ---- */

static void add(struct mm_buf *url, const char *name, const char *value)
{
    mm_buf_byte(url, '&');
    mm_buf_str(url, name);
    mm_buf_byte(url, '=');
    mm_url_encode(url, mm_slice_str(value));
}

/* RFC 7636 4.2: what the provider keeps, so that a code without the verifier is worth nothing. */
static bool challenge_of(const char *verifier, char ret[MM_OIDC_RANDOM])
{
    struct mm_sha256 *h = mm_sha256_new();
    uint8_t digest[MM_SHA256];

    if (h == NULL)
        return false;
    mm_sha256_add(h, mm_slice_str(verifier));
    mm_sha256_take(h, digest);
    mm_sha256_free(&h);
    mm_base64url(mm_slice_of(digest, sizeof(digest)), ret, MM_OIDC_RANDOM);
    return true;
}

static bool write_url(const struct mm_page *p, const struct ticket *t, struct mm_slice authorize,
                      struct mm_buf *url)
{
    const struct mm_portal_oidc *o = &p->portal->cfg.oidc;
    char challenge[MM_OIDC_RANDOM];

    if (!challenge_of(t->verifier, challenge))
        return false;
    mm_buf_add(url, authorize);
    mm_buf_str(url, mm_slice_find(authorize, '?', 0) == SIZE_MAX ? "?" : "&");
    mm_buf_str(url, "response_type=code");
    add(url, "client_id", o->client);
    add(url, "redirect_uri", o->redirect);
    add(url, "scope", "openid");
    add(url, "state", t->state);
    add(url, "nonce", t->nonce);
    add(url, "code_challenge", challenge);
    add(url, "code_challenge_method", "S256");
    return mm_buf_ok(url);
}

/*
 * A page that leads on, not a redirection: the policy of our pages lets no form end up elsewhere,
 * and that shall stay so.
 */
static enum mm_code lead_on(struct mm_page *p, const struct ticket *t, struct mm_slice authorize)
{
    struct mm_buf url, refresh;
    bool ok;

    mm_buf_init(&url, URL_MAX);
    mm_buf_init(&refresh, URL_MAX + 16);
    ok = write_url(p, t, authorize, &url) && give_ticket(p, t);
    mm_buf_str(&refresh, "0; url=");
    mm_buf_add(&refresh, mm_buf_slice(&url));
    mm_buf_byte(&refresh, 0);
    ok = ok && mm_buf_ok(&refresh);
    if (ok) {
        mm_http_set(p->req, "Refresh", (const char *)refresh.p);
        say(p, "go");
        mm_doc_text(p->doc, "go", mm_buf_slice(&url));
    }
    mm_buf_done(&refresh);
    mm_buf_done(&url);
    return ok ? MM_OK : MM_E_NOMEM;
}

static enum mm_code begin(struct mm_page *p, enum purpose purpose, struct mm_slice invitation)
{
    struct ticket t = {.until_us = p->now_us + TICKET_MINUTES * INT64_C(60000000),
                       .purpose = (uint32_t)purpose,
                       .user = purpose == TIE ? p->me.user : 0};
    struct mm_slice authorize;
    enum mm_code code = mm_oidc_provider(p->portal->cfg.auth, issuer_of(p), p->arena, &authorize);

    if (code == MM_E_NOTFOUND)
        return fail(p, 503, MM_S("oidc.why.away"));
    if (code != MM_OK)
        return code;
    if (invitation.n >= sizeof(t.invitation))
        return MM_E_RANGE;
    if (invitation.n > 0)
        memcpy(t.invitation, invitation.p, invitation.n);
    make_random(t.state);
    make_random(t.nonce);
    make_random(t.verifier);
    code = lead_on(p, &t, authorize);
    mm_wipe(&t, sizeof(t));
    return code;
}

enum mm_code mm_page_oidc_begin(struct mm_page *p)
{
    return mm_oidc_on(p) ? begin(p, LOG_IN, MM_S("")) : MM_E_NOTFOUND;
}

enum mm_code mm_page_account_oidc(struct mm_page *p)
{
    if (!mm_oidc_on(p))
        return MM_E_NOTFOUND;
    return p->me.company == MM_COMPANY_OPERATOR ? begin(p, TIE, MM_S("")) : MM_E_DENIED;
}

enum mm_code mm_page_welcome_oidc(struct mm_page *p)
{
    struct mm_slice invitation = mm_input_get(&p->in, "code");
    char peer[MM_IP_TEXT];
    int64_t wait_s = 0;
    enum mm_code code;

    if (!mm_oidc_on(p))
        return MM_E_NOTFOUND;
    mm_ip_text(&p->req->peer, peer);
    code = mm_oidc_invited(p->portal->cfg.auth, invitation, mm_slice_str(peer), p->now_us, &wait_s);
    if (code == MM_E_BUSY) {
        mm_page_retry(p, wait_s > 0 ? wait_s : 1);
        return fail(p, 429, MM_S("oidc.why.busy"));
    }
    if (code == MM_E_AUTH)
        return fail(p, 422, MM_S("oidc.why.invitation"));
    return code == MM_OK ? begin(p, TAKE_INVITATION, invitation) : code;
}

/* ---- coming back ---- */

/* What the provider says in the address; NULL: that one may go on with the code. */
static const char *reply_fault(struct mm_page *p, const struct ticket *t)
{
    struct mm_slice issuer = mm_input_get(&p->in, "iss");

    /* RFC 9207: where the answer names who gives it. */
    if (issuer.n > 0 && !mm_slice_eq(issuer, issuer_of(p)))
        return "oidc.why.iss";
    if (!mm_same(mm_input_get(&p->in, "state"), mm_slice_str(t->state)))
        return "oidc.why.browser";
    if (mm_slice_eq(mm_input_get(&p->in, "error"), MM_S("access_denied")))
        return "oidc.why.denied";
    return mm_input_get(&p->in, "code").n == 0 ? "oidc.why.provider" : NULL;
}

enum mm_code mm_page_oidc_back(struct mm_page *p)
{
    struct ticket t;
    struct mm_oidc_back back = {.now_us = p->now_us, .code = mm_input_get(&p->in, "code")};
    const struct mm_ip owner = mm_ip_owner(&p->req->peer); /* as guesses are counted */
    char peer[MM_IP_TEXT];
    const char *why;
    enum mm_code code;

    if (!mm_oidc_on(p))
        return MM_E_NOTFOUND;
    if (!find_ticket(p, &t))
        return fail(p, 422, MM_S("oidc.why.browser"));
    why = reply_fault(p, &t);
    if (why != NULL)
        return fail(p, 422, mm_slice_str(why));
    mm_ip_text(&owner, peer);
    back.peer = mm_slice_str(peer);
    back.state = mm_slice_str(t.state);
    back.nonce = mm_slice_str(t.nonce);
    back.verifier = mm_slice_str(t.verifier);
    back.until_us = t.until_us;
    code = mm_oidc_back(p->portal->cfg.auth, &back);
    if (code == MM_E_BUSY) {
        mm_page_retry(p, 60);
        return fail(p, 503, MM_S("oidc.why.busy"));
    }
    if (code == MM_E_LIMIT)
        return fail(p, 422, MM_S("oidc.why.provider"));
    mm_page_go(p, "/login/oidc/wait");
    mm_doc_str(p->doc, "at", "wait");
    /* The same address once more (a button "back"): it is waited for already. */
    return code == MM_E_EXISTS ? MM_OK : code;
}

/* ---- waiting for it ---- */

static enum mm_code finished(struct mm_page *p, const char *to)
{
    mm_session_ticket(p, "");
    mm_doc_str(p->doc, "at", "done");
    mm_page_go(p, "%s", to);
    return MM_OK;
}

static enum mm_code tie(struct mm_page *p, const struct ticket *t)
{
    enum mm_code code;

    if (!p->signed_in || p->me.api || p->me.scope == NULL || p->me.user != t->user)
        return fail(p, 403, MM_S("oidc.why.session"));
    if (p->req->method == MM_HTTP_GET) {
        say(p, "tie"); /* reading a page must not change with what somebody logs in */
        return MM_OK;
    }
    code =
        mm_oidc_tie(p->portal->cfg.auth, &p->me, mm_slice_str(t->state), issuer_of(p), p->now_us);
    if (code == MM_E_EXISTS)
        return fail(p, 409, MM_S("oidc.why.tied"));
    return code == MM_OK ? finished(p, "/account") : code;
}

static enum mm_code ask_digits(struct mm_page *p, bool wrong)
{
    p->status = wrong ? 422 : 200;
    say(p, "digits");
    mm_doc_bool(p->doc, "wrong_digits", wrong);
    return MM_OK;
}

static enum mm_code enter(struct mm_page *p, const struct ticket *t)
{
    char token[MM_AUTH_TEXT], peer[MM_IP_TEXT];
    int64_t wait_s = 0;
    struct mm_oidc_enter e = {
        .state = mm_slice_str(t->state),
        .issuer = issuer_of(p),
        .ask_app = p->portal->cfg.oidc.ask_app,
        .invitation = mm_slice_str(t->purpose == TAKE_INVITATION ? t->invitation : ""),
        .totp = mm_second_of(p),
        .now_us = p->now_us,
    };
    enum mm_code code;

    if (!mm_http_header(p->req, "User-Agent", &e.agent))
        e.agent = MM_S("");
    mm_ip_text(&p->req->peer, peer);
    e.peer = mm_slice_str(peer);
    code = mm_oidc_enter(p->portal->cfg.auth, &e, token, &wait_s);
    if (code == MM_OK) {
        mm_session_cookie(p, token);
        return finished(p, "/");
    }
    if (code == MM_E_MORE)
        return ask_digits(p, false);
    if (code == MM_E_AUTH)
        return e.totp.n > 0 ? ask_digits(p, true) : fail(p, 422, MM_S("oidc.why.invitation"));
    if (code == MM_E_BUSY) {
        mm_page_retry(p, wait_s > 0 ? wait_s : 1);
        return fail(p, 429, MM_S("oidc.why.busy"));
    }
    if (code == MM_E_DENIED)
        return fail(p, 403, MM_S("oidc.why.stranger"));
    if (code == MM_E_EXISTS)
        return fail(p, 409, MM_S("oidc.why.tied"));
    return code == MM_E_NOTFOUND ? fail(p, 422, MM_S("oidc.why.late")) : code;
}

/* How far it is, for both: a page that is read, and a form that was sent. */
static enum mm_code go_on(struct mm_page *p)
{
    struct mm_oidc_state st;
    struct ticket t;
    enum mm_code code;

    if (!mm_oidc_on(p))
        return MM_E_NOTFOUND;
    if (!find_ticket(p, &t)) /* to look where nothing was begun is no fault */
        return fail(p, p->req->method == MM_HTTP_GET ? 200 : 422, MM_S("oidc.why.browser"));
    code = mm_oidc_look(p->portal->cfg.auth, mm_slice_str(t.state), p->now_us, p->arena, &st);
    if (code == MM_E_NOTFOUND || (code == MM_OK && st.step == MM_OIDC_USED))
        return fail(p, 422, MM_S("oidc.why.late"));
    if (code != MM_OK)
        return code;
    if (st.step == MM_OIDC_REFUSED)
        return fail(p, 422, st.why);
    if (st.step == MM_OIDC_BACK) {
        mm_http_set(p->req, "Refresh", "1; url=/login/oidc/wait");
        say(p, "wait");
        return MM_OK;
    }
    return t.purpose == TIE ? tie(p, &t) : enter(p, &t);
}

enum mm_code mm_page_oidc(struct mm_page *p)
{
    return go_on(p);
}

enum mm_code mm_page_oidc_go_on(struct mm_page *p)
{
    return go_on(p);
}

/* ---- one's own account ---- */

enum mm_code mm_page_account_oidc_end(struct mm_page *p)
{
    enum mm_code code =
        mm_oidc_untie(p->portal->cfg.auth, p->me.scope, p->me.user, p->token, p->now_us);

    if (code == MM_E_RANGE)
        return fail(p, 422, MM_S("oidc.why.only"));
    mm_page_go(p, "/account");
    mm_doc_bool(p->doc, "ended", true);
    return code;
}

enum mm_code mm_page_account_password_login(struct mm_page *p)
{
    bool on = mm_slice_eq(mm_input_get(&p->in, "to"), MM_S("on"));
    enum mm_code code;

    if (!on && !mm_slice_eq(mm_input_get(&p->in, "to"), MM_S("off")))
        return MM_E_RANGE;
    code = mm_oidc_password(p->portal->cfg.auth, p->me.scope, p->me.user, on, p->now_us);
    mm_page_go(p, "/account");
    mm_doc_bool(p->doc, "on", on);
    return code;
}
