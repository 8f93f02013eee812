/* web/portal/account_pages.c - one's own sessions, codes and tokens; coming with an invitation. */
#include "web/portal/access_view.h"
#include "web/portal/oidc_view.h"
#include "web/portal/pages.h"
#include "web/portal/session.h"

enum { SHEET = 10 }; /* codes on one sheet: a year of lost telephones */

/* ---- what one has ---- */

/* Rights that a token of one's own can be narrowed to: those of the role. */
static void write_choices(struct mm_page *p)
{
    struct mm_doc *list = mm_doc_array(p->doc, "choices");

    for (size_t i = 0; i < MM_RIGHTS_COUNT; i++) {
        unsigned bit;
        const char *name = mm_right_at(i, &bit);

        if ((p->me.rights & bit) != 0)
            mm_doc_str(mm_doc_object(list, NULL), "right", name);
    }
}

static enum mm_code show(struct mm_page *p)
{
    struct mm_access x;
    enum mm_code code =
        mm_access_own(p->portal->cfg.auth, &p->me, p->token, p->now_us, p->arena, &x);

    if (code != MM_OK)
        return code;
    p->template = "account";
    mm_doc_text(p->doc, "login", p->me.login);
    mm_doc_text(p->doc, "name", p->me.name);
    mm_doc_str(p->doc, "role", p->me.role->name);
    mm_doc_bool(p->doc, "needs_app", p->me.role->second);
    if (p->me.company == MM_COMPANY_OPERATOR)
        mm_oidc_label(p);
    mm_access_write(p, &x, "/account");
    write_choices(p);
    return MM_OK;
}

enum mm_code mm_page_account(struct mm_page *p)
{
    return show(p);
}

/* ---- printed codes ---- */

enum mm_code mm_page_account_codes(struct mm_page *p)
{
    char codes[SHEET][MM_CODE_TEXT];
    struct mm_doc *list;
    enum mm_code code =
        mm_account_codes(p->portal->cfg.auth, p->me.scope, p->me.user, SHEET, p->now_us, codes);

    if (code != MM_OK)
        return code;
    mm_access_slip(p, "codes", p->me.login);
    list = mm_doc_array(p->doc, "codes");
    for (size_t i = 0; i < SHEET; i++)
        mm_doc_str(mm_doc_object(list, NULL), "code", codes[i]);
    mm_wipe(codes, sizeof(codes));
    return MM_OK;
}

/* ---- tokens ---- */

/* Ticked rights as "see,search". False when they do not fit, which no form of ours sends. */
static bool ticked(const struct mm_page *p, struct mm_buf *out)
{
    for (size_t i = 0; i < MM_RIGHTS_COUNT; i++) {
        unsigned bit = 0;
        const char *name = mm_right_at(i, &bit);

        if ((p->me.rights & bit) == 0 || !mm_input_ticked(&p->in, "scope", mm_slice_str(name)))
            continue;
        if (out->n > 0)
            mm_buf_byte(out, ',');
        mm_buf_add(out, mm_slice_str(name));
    }
    return mm_buf_ok(out);
}

static enum mm_code make_token(struct mm_page *p, struct mm_slice scopes, uint64_t days,
                               struct mm_fault *fault, char token[MM_AUTH_TEXT])
{
    const struct mm_token_wish wish = {
        .name = mm_input_get(&p->in, "name"),
        .rights = mm_input_get(&p->in, "rights"),
        .scopes = scopes,
        .days = (int)days, /* 1..MM_TOKEN_DAYS_MAX */
    };

    if (scopes.n == 0)
        return mm_fail(fault, MM_E_SYNTAX, 0, "token.scopes");
    return mm_access_token(p->portal->cfg.auth, p->me.scope, p->me.user, &wish, p->now_us, token,
                           fault);
}

enum mm_code mm_page_account_token(struct mm_page *p)
{
    static const char *const fields[] = {"name"};
    char token[MM_AUTH_TEXT];
    struct mm_fault fault = {0};
    struct mm_buf scopes;
    uint64_t days;
    enum mm_code code;

    if (!mm_slice_u64(mm_input_get(&p->in, "days"), &days) || days < 1 || days > MM_TOKEN_DAYS_MAX)
        return MM_E_RANGE;
    mm_buf_init(&scopes, 256);
    code =
        ticked(p, &scopes) ? make_token(p, mm_buf_slice(&scopes), days, &fault, token) : MM_E_RANGE;
    mm_buf_done(&scopes);
    if (code == MM_E_SYNTAX) {
        mm_page_refuse(p, "token", fault.what);
        mm_page_echo(p, fields, MM_COUNT(fields));
        return show(p);
    }
    if (code != MM_OK)
        return code;
    mm_access_slip(p, "token", p->me.login);
    mm_doc_text(p->doc, "token_name", mm_input_get(&p->in, "name"));
    mm_doc_str(p->doc, "token", token);
    mm_wipe(token, sizeof(token));
    return MM_OK;
}

static enum mm_code done(struct mm_page *p, enum mm_code code)
{
    if (code != MM_OK)
        return code;
    mm_page_go(p, "/account");
    mm_doc_bool(p->doc, "ended", true);
    return MM_OK;
}

enum mm_code mm_page_account_token_end(struct mm_page *p)
{
    uint64_t token;
    enum mm_code code = mm_page_number(p, 0, &token);

    if (code == MM_OK && token > UINT32_MAX)
        code = MM_E_NOTFOUND;
    if (code == MM_OK)
        code = mm_access_end_token(p->portal->cfg.auth, p->me.scope, p->me.user, (uint32_t)token,
                                   p->now_us);
    return done(p, code);
}

/* ---- sessions ---- */

enum mm_code mm_page_account_sessions_end(struct mm_page *p)
{
    return done(p, mm_access_end_session(p->portal->cfg.auth, p->me.scope, p->me.user, MM_S(""),
                                         p->token, p->now_us));
}

enum mm_code mm_page_account_session_end(struct mm_page *p)
{
    return done(p, mm_access_end_session(p->portal->cfg.auth, p->me.scope, p->me.user,
                                         p->match->param[0], p->token, p->now_us));
}

/* ---- coming with an invitation ---- */

enum mm_code mm_page_welcome(struct mm_page *p)
{
    mm_doc_text(p->doc, "code", mm_input_get(&p->in, "code"));
    mm_doc_bool(p->doc, "known", false);
    return MM_OK;
}

static enum mm_code ask_again(struct mm_page *p, enum mm_code code, const struct mm_welcomed *who,
                              bool differ)
{
    bool busy = code == MM_E_BUSY, wait = busy && who->wait_s > 0;

    p->template = "welcome";
    if (who->staff)
        mm_oidc_label(p);
    p->status = code == MM_E_MORE && !differ ? 200 : !busy ? 422 : wait ? 429 : 503;
    mm_page_retry(p, !busy ? 0 : wait ? who->wait_s : 1);
    mm_doc_text(p->doc, "code", mm_input_get(&p->in, "code"));
    mm_doc_bool(p->doc, "known", code == MM_E_MORE || code == MM_E_RANGE);
    mm_doc_bool(p->doc, "second", who->second);
    mm_doc_bool(p->doc, "wrong", code == MM_E_AUTH);
    mm_doc_bool(p->doc, "differ", differ);
    mm_doc_bool(p->doc, "wait", wait);
    mm_doc_bool(p->doc, "crowd", busy && !wait);
    mm_doc_int(p->doc, "n", who->wait_s);
    mm_password_help(p, who->second);
    if (code == MM_E_RANGE)
        mm_password_broken(p, who->broken, who->second);
    return MM_OK;
}

enum mm_code mm_page_welcome_set(struct mm_page *p)
{
    struct mm_slice fresh = mm_input_get(&p->in, "new");
    bool differ = !mm_slice_eq(fresh, mm_input_get(&p->in, "again"));
    char peer[MM_IP_TEXT];
    struct mm_welcome w = {
        .code = mm_input_get(&p->in, "code"),
        .password = differ ? MM_S("") : fresh, /* whose it is has to be said in any case */
        .now_us = p->now_us,
    };
    struct mm_welcomed who;
    enum mm_code code;

    mm_ip_text(&p->req->peer, peer);
    w.peer = mm_slice_str(peer);
    code = mm_access_welcome(p->portal->cfg.auth, &w, p->arena, &who);
    mm_doc_text(p->doc, "login", who.login);
    mm_doc_text(p->doc, "name", who.name);
    if (code == MM_E_MORE || code == MM_E_RANGE || code == MM_E_AUTH || code == MM_E_BUSY)
        return ask_again(p, code, &who, differ && code == MM_E_MORE);
    mm_page_go(p, "/login");
    mm_doc_bool(p->doc, "set", code == MM_OK);
    return code;
}
