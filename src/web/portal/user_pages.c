/* web/portal/user_pages.c - one user, for administrators: entering, inviting, shutting doors. */
#include "register/audit.h"
#include "register/oidc.h"
#include "web/portal/access_view.h"
#include "web/portal/pages.h"

enum { BASE_MAX = 64 };

/* ---- one user ---- */

enum mm_code mm_user_find(struct mm_page *p, struct mm_rec *ret)
{
    uint64_t user;
    enum mm_code code = mm_page_company(p);

    if (code == MM_OK)
        code = mm_page_number(p, 1, &user);
    if (code == MM_OK && user > UINT32_MAX)
        code = MM_E_NOTFOUND;
    if (code == MM_OK)
        code = mm_rec_get(p->tx, mm_entity(MM_REG_USER), (uint32_t)user, p->arena, ret);
    return code == MM_OK && ret->ended_us != 0 ? MM_E_NOTFOUND : code;
}

enum mm_code mm_page_user(struct mm_page *p)
{
    char base[BASE_MAX];
    struct mm_access x;
    struct mm_rec rec;
    enum mm_code code = mm_user_find(p, &rec);

    if (code == MM_OK)
        code = mm_access_of(p->portal->cfg.auth, p->tx, rec.id, p->token, p->now_us, p->arena, &x);
    if (code != MM_OK)
        return code;
    mm_doc_int(p->doc, "user", rec.id);
    mm_doc_text(p->doc, "login", rec.v[MM_F_user_login].s);
    mm_doc_text(p->doc, "name", rec.v[MM_F_user_name].s);
    mm_doc_text(p->doc, "mail", rec.v[MM_F_user_mail].s);
    mm_doc_text(p->doc, "role", rec.v[MM_F_user_role].s);
    (void)snprintf(base, sizeof(base), "/companies/%u/users/%u", p->company, rec.id);
    mm_access_write(p, &x, base);
    return MM_OK;
}

/* ---- inviting ---- */

/* A slip with a code for the user, who may be new. */
static enum mm_code invite(struct mm_page *p, uint32_t user, struct mm_slice login,
                           struct mm_slice name)
{
    char text[MM_INVITE_TEXT];
    struct mm_slice host = {0};
    int64_t until_us = 0;
    enum mm_code code =
        mm_access_invite(p->portal->cfg.auth, p->narrow, user, p->now_us, text, &until_us);

    if (code != MM_OK)
        return code;
    mm_access_slip(p, "invitation", login);
    mm_doc_text(p->doc, "name", name);
    mm_doc_int(p->doc, "user", user);
    mm_doc_str(p->doc, "code", text);
    mm_doc_time(p->doc, "until", until_us);
    if (mm_http_header(p->req, "Host", &host)) /* where the administrator's browser found us */
        mm_doc_text(p->doc, "host", host);
    mm_doc_bool(p->doc, "tls", p->req->tls);
    mm_wipe(text, sizeof(text));
    return MM_OK;
}

enum mm_code mm_page_user_invite(struct mm_page *p)
{
    struct mm_rec rec = {0};
    enum mm_code code = mm_user_find(p, &rec);

    mm_records_read_done(&p->tx);
    if (code != MM_OK)
        return code;
    return invite(p, rec.id, rec.v[MM_F_user_login].s, rec.v[MM_F_user_name].s);
}

/* ---- a new user ---- */

struct adding {
    struct mm_page *p;
    struct mm_rec rec;
    uint32_t id;
};

static enum mm_code do_add(struct mm_tx *tx, void *arg)
{
    struct adding *w = arg;
    char object[32];
    enum mm_code code = mm_rec_add(tx, &w->rec, w->p->now_us, &w->id);

    if (code != MM_OK)
        return code;
    (void)snprintf(object, sizeof(object), "user %u", w->id);
    return mm_audit_add(tx, &(struct mm_audit){.time_us = w->p->now_us,
                                               .user = w->p->me.user,
                                               .actor = w->p->me.login,
                                               .action = MM_S("user.add"),
                                               .object = mm_slice_str(object)});
}

/* The form as a record; what was wrong is noted on the page. */
static void fill(struct mm_page *p, struct mm_rec *rec)
{
    static const char *const names[] = {"login", "name", "mail", "role"};
    struct mm_fault fault = {0};
    int missing;

    mm_rec_init(rec, mm_entity(MM_REG_USER));
    for (size_t i = 0; i < MM_COUNT(names); i++) {
        int at = mm_entity_field(rec->entity, mm_slice_str(names[i]));

        if (mm_rec_put(rec, at, mm_input_get(&p->in, names[i]), &fault) != MM_OK)
            mm_page_refuse(p, names[i], fault.what);
    }
    missing = mm_rec_missing(rec);
    if (missing >= 0 && !mm_page_refused(p))
        mm_page_refuse(p, rec->entity->fields[missing].name, "user.needed");
    if (mm_page_refused(p))
        mm_page_echo(p, names, MM_COUNT(names));
}

static enum mm_code add_user(struct mm_page *p)
{
    struct adding w = {.p = p};
    enum mm_code code;

    fill(p, &w.rec);
    if (mm_page_refused(p))
        return MM_E_SYNTAX;
    code = mm_records_write(p->portal->cfg.records, p->narrow, do_add, &w);
    if (code == MM_E_EXISTS || code == MM_E_RANGE) {
        static const char *const names[] = {"login", "name", "mail", "role"};

        mm_page_refuse(p, code == MM_E_EXISTS ? "login" : "role",
                       code == MM_E_EXISTS ? "user.taken" : "user.place");
        mm_page_echo(p, names, MM_COUNT(names));
        return MM_E_SYNTAX;
    }
    if (code != MM_OK)
        return code;
    return invite(p, w.id, w.rec.v[MM_F_user_login].s, w.rec.v[MM_F_user_name].s);
}

enum mm_code mm_page_user_add(struct mm_page *p)
{
    enum mm_code code = mm_page_company(p);

    mm_records_read_done(&p->tx);
    if (code == MM_OK)
        code = add_user(p);
    if (code != MM_E_SYNTAX)
        return code;
    code = mm_records_read(p->portal->cfg.records, p->narrow, &p->tx);
    return code == MM_OK ? mm_people_list(p) : code;
}

/* ---- shutting doors ---- */

/* Back to the user's page, or why not. */
static enum mm_code done(struct mm_page *p, uint32_t user, enum mm_code code)
{
    if (code != MM_OK)
        return code;
    mm_page_go(p, "/companies/%u/users/%u", p->company, user);
    mm_doc_int(p->doc, "user", user);
    return MM_OK;
}

enum mm_code mm_page_user_invite_end(struct mm_page *p)
{
    struct mm_rec rec = {0};
    enum mm_code code = mm_user_find(p, &rec);

    mm_records_read_done(&p->tx);
    if (code == MM_OK)
        code = mm_access_uninvite(p->portal->cfg.auth, p->narrow, rec.id, p->now_us);
    return done(p, rec.id, code);
}

static enum mm_code end_sessions(struct mm_page *p, struct mm_slice name)
{
    struct mm_rec rec = {0};
    enum mm_code code = mm_user_find(p, &rec);

    mm_records_read_done(&p->tx);
    if (code == MM_OK)
        code = mm_access_end_session(p->portal->cfg.auth, p->narrow, rec.id, name, p->token,
                                     p->now_us);
    return done(p, rec.id, code);
}

enum mm_code mm_page_user_sessions_end(struct mm_page *p)
{
    return end_sessions(p, MM_S(""));
}

enum mm_code mm_page_user_session_end(struct mm_page *p)
{
    return end_sessions(p, p->match->param[2]);
}

enum mm_code mm_page_user_oidc_end(struct mm_page *p)
{
    struct mm_rec rec = {0};
    enum mm_code code = mm_user_find(p, &rec);

    mm_records_read_done(&p->tx);
    if (code == MM_OK)
        code = mm_oidc_untie(p->portal->cfg.auth, p->narrow, rec.id, p->token, p->now_us);
    return done(p, rec.id, code);
}

enum mm_code mm_page_user_token_end(struct mm_page *p)
{
    uint64_t token;
    struct mm_rec rec = {0};
    enum mm_code code = mm_user_find(p, &rec);

    mm_records_read_done(&p->tx);
    if (code == MM_OK)
        code = mm_page_number(p, 2, &token);
    if (code == MM_OK && token > UINT32_MAX)
        code = MM_E_NOTFOUND;
    if (code == MM_OK)
        code =
            mm_access_end_token(p->portal->cfg.auth, p->narrow, rec.id, (uint32_t)token, p->now_us);
    return done(p, rec.id, code);
}
