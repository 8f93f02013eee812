/* register/access.c - see access.h for the contract. */
#include "register/access.h"

#include <stdio.h>

#include "base/time.h"
#include "register/auth_priv.h"
#include "register/feature.h"
#include "store/records/system_scope.h"

enum { FACT_BYTES = 16384 }; /* of one user's row and old hashes */

/* ---- what there is ---- */

static enum mm_code read_sessions(struct mm_tx *tx, uint32_t user, const struct mm_digest *here,
                                  int64_t now_us, struct mm_arena *a, struct mm_access *ret)
{
    struct mm_q q;

    ret->session = mm_arena_array(a, MM_ACCESS_LIST_MAX, sizeof(*ret->session));
    if (ret->session == NULL)
        return MM_E_NOMEM;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_SESSION_LIST]);
    mm_q_int(&q, ":user", user);
    mm_q_int(&q, ":after", now_us);
    mm_q_int(&q, ":since", now_us - MM_AUTH_IDLE_MIN * 60 * MM_US_PER_S);
    mm_q_int(&q, ":limit", MM_ACCESS_LIST_MAX);
    while (ret->session_n < MM_ACCESS_LIST_MAX && mm_q_row(&q))
        ret->session[ret->session_n++] = (struct mm_access_session){
            .name = mm_q_col_dup(&q, 0, a),
            .begun_us = mm_q_col_int(&q, 1),
            .seen_us = mm_q_col_int(&q, 2),
            .until_us = mm_q_col_int(&q, 3),
            .strong = mm_q_col_int(&q, 4) != 0,
            .peer = mm_q_col_dup(&q, 5, a),
            .agent = mm_q_col_dup(&q, 6, a),
            .here = mm_same(mm_q_col_blob(&q, 7), mm_digest_slice(here)),
            .how = mm_q_col_dup(&q, 8, a),
        };
    return mm_q_end(&q);
}

static enum mm_code read_tokens(struct mm_tx *tx, uint32_t user, struct mm_arena *a,
                                struct mm_access *ret)
{
    struct mm_q q;

    ret->token = mm_arena_array(a, MM_ACCESS_LIST_MAX, sizeof(*ret->token));
    if (ret->token == NULL)
        return MM_E_NOMEM;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_TOKEN_LIST_OF]);
    mm_q_int(&q, ":user", user);
    mm_q_int(&q, ":limit", MM_ACCESS_LIST_MAX);
    while (ret->token_n < MM_ACCESS_LIST_MAX && mm_q_row(&q))
        ret->token[ret->token_n++] = (struct mm_access_token){
            .token = mm_q_col_u32(&q, 0),
            .name = mm_q_col_dup(&q, 1, a),
            .prefix = mm_q_col_dup(&q, 2, a),
            .rights = mm_q_col_dup(&q, 3, a),
            .scopes = mm_q_col_dup(&q, 4, a),
            .until = mm_q_col_dup(&q, 5, a),
            .made_us = mm_q_col_int(&q, 6),
            .used_us = mm_q_col_int(&q, 7),
        };
    return mm_q_end(&q);
}

static enum mm_code read_facts(struct mm_tx *tx, uint32_t user, int64_t now_us,
                               struct mm_access *ret)
{
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_CREDENTIAL_FACTS]);
    mm_q_int(&q, ":user", user);
    if (mm_q_row(&q)) {
        ret->has_password = mm_q_col_int(&q, 0) != 0;
        ret->password_us = mm_q_col_int(&q, 1);
        ret->must_change = mm_q_col_int(&q, 2) != 0;
        ret->has_app = mm_q_col_int(&q, 3) != 0;
        ret->password_off = mm_q_col_int(&q, 5) != 0;
    }
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_CODE_LEFT]);
    mm_q_int(&q, ":user", user);
    code = mm_q_end_int(&q, &ret->codes);
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_INVITATION_OF]);
    mm_q_int(&q, ":user", user);
    mm_q_int(&q, ":after", now_us);
    if (mm_q_row(&q)) {
        ret->invited_us = mm_q_col_int(&q, 0);
        ret->invited_until_us = mm_q_col_int(&q, 1);
    }
    return mm_q_end(&q);
}

static enum mm_code read_identity(struct mm_tx *tx, uint32_t user, struct mm_arena *a,
                                  struct mm_access *ret)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_IDENTITY_OF]);
    mm_q_int(&q, ":user", user);
    if (mm_q_row(&q)) {
        ret->issuer = mm_q_col_dup(&q, 0, a);
        ret->subject = mm_q_col_dup(&q, 1, a);
        ret->tied_us = mm_q_col_int(&q, 2);
        ret->tie_used_us = mm_q_col_int(&q, 3);
    }
    return mm_q_end(&q);
}

enum mm_code mm_access_of(struct mm_auth *auth, struct mm_tx *tx, uint32_t user,
                          struct mm_slice token, int64_t now_us, struct mm_arena *a,
                          struct mm_access *ret)
{
    struct mm_access x = {0};
    struct mm_digest here;
    enum mm_code code;

    mm_auth_digest(&auth->key, token, &here);
    code = read_facts(tx, user, now_us, &x);
    if (code == MM_OK)
        code = read_identity(tx, user, a, &x);
    if (code == MM_OK)
        code = read_sessions(tx, user, &here, now_us, a, &x);
    if (code == MM_OK)
        code = read_tokens(tx, user, a, &x);
    if (code == MM_OK)
        *ret = x;
    return code;
}

enum mm_code mm_access_own(struct mm_auth *auth, const struct mm_session *session,
                           struct mm_slice token, int64_t now_us, struct mm_arena *a,
                           struct mm_access *ret)
{
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    enum mm_code code = mm_records_read(auth->rec, mm_system_company(&hold, session->company), &tx);

    if (code != MM_OK)
        return code;
    code = mm_access_of(auth, tx, session->user, token, now_us, a, ret);
    mm_records_read_done(&tx);
    return code;
}

/* ---- ending ---- */

struct ending {
    const struct mm_target *t;
    struct mm_slice name;
    struct mm_digest keep;
    uint32_t token;
    int64_t now_us;
};

static enum mm_code work_end_session(struct mm_tx *tx, void *arg)
{
    const struct ending *e = arg;
    bool one = e->name.n > 0;
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[one ? MM_R_SESSION_END_ONE : MM_R_SESSION_END_OTHERS]);
    mm_q_int(&q, ":user", e->t->rec.id);
    if (one)
        mm_q_text(&q, ":name", e->name);
    else
        mm_q_blob(&q, ":digest", mm_digest_slice(&e->keep));
    code = one ? mm_q_end_touch(&q) : mm_q_end(&q);
    if (code != MM_OK)
        return code;
    return mm_target_note(tx, e->t, one ? "session.end" : "sessions.end", e->name, e->now_us);
}

static enum mm_code work_end_token(struct mm_tx *tx, void *arg)
{
    const struct ending *e = arg;
    char text[24];
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_TOKEN_END_OF]);
    mm_q_int(&q, ":user", e->t->rec.id);
    mm_q_int(&q, ":token", e->token);
    mm_q_int(&q, ":now", e->now_us);
    code = mm_q_end_touch(&q);
    (void)snprintf(text, sizeof(text), "token %u", e->token);
    return code == MM_OK ? mm_target_note(tx, e->t, "token.remove", mm_slice_str(text), e->now_us)
                         : code;
}

static enum mm_code work_uninvite(struct mm_tx *tx, void *arg)
{
    const struct ending *e = arg;
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_INVITATION_END]);
    mm_q_int(&q, ":user", e->t->rec.id);
    mm_q_int(&q, ":now", e->now_us);
    code = mm_q_end_touch(&q);
    return code == MM_OK ? mm_target_note(tx, e->t, "invite.end", MM_S(""), e->now_us) : code;
}

/* Do `work` for the user, if the actor may. */
static enum mm_code end(struct mm_auth *auth, const struct mm_scope *scope, uint32_t user,
                        mm_records_work work, struct ending *e)
{
    struct mm_arena a;
    struct mm_target t;
    enum mm_code code;

    mm_arena_init(&a, FACT_BYTES);
    code = mm_target_read(auth, scope, user, &a, &t);
    e->t = &t;
    if (code == MM_OK)
        code = mm_records_write(auth->rec, t.own, work, e);
    e->t = NULL;
    mm_arena_done(&a);
    return code;
}

enum mm_code mm_access_end_session(struct mm_auth *auth, const struct mm_scope *scope,
                                   uint32_t user, struct mm_slice name, struct mm_slice keep_token,
                                   int64_t now_us)
{
    struct ending e = {.name = name, .now_us = now_us};

    if (name.n >= MM_ACCESS_NAME)
        return MM_E_NOTFOUND;
    mm_auth_digest(&auth->key, keep_token, &e.keep);
    return end(auth, scope, user, work_end_session, &e);
}

enum mm_code mm_access_end_token(struct mm_auth *auth, const struct mm_scope *scope, uint32_t user,
                                 uint32_t token, int64_t now_us)
{
    struct ending e = {.token = token, .now_us = now_us};

    return end(auth, scope, user, work_end_token, &e);
}

enum mm_code mm_access_uninvite(struct mm_auth *auth, const struct mm_scope *scope, uint32_t user,
                                int64_t now_us)
{
    struct ending e = {.now_us = now_us};

    return end(auth, scope, user, work_uninvite, &e);
}

/* ---- tokens ---- */

struct new_token {
    const struct mm_target *t;
    struct mm_rec rec;
    uint32_t id;
    int64_t now_us;
};

static enum mm_code work_token(struct mm_tx *tx, void *arg)
{
    struct new_token *n = arg;
    char text[128];
    enum mm_code code = mm_rec_add(tx, &n->rec, n->now_us, &n->id);

    if (code != MM_OK)
        return code;
    (void)snprintf(text, sizeof(text), "token %u %.*s %.*s", n->id,
                   MM_S_ARG(n->rec.v[MM_F_token_rights].s),
                   MM_S_ARG(n->rec.v[MM_F_token_scopes].s));
    return mm_target_note(tx, n->t, "token.add", mm_slice_str(text), n->now_us);
}

/* The wish as a record; its texts are checked as those of forms. */
static enum mm_code fill_token(const struct mm_token_wish *wish, uint32_t user, int64_t now_us,
                               char day[MM_TIME_TEXT], struct mm_rec *rec, struct mm_fault *fault)
{
    const struct {
        int at;
        struct mm_slice text;
    } texts[] = {
        {MM_F_token_name, wish->name},
        {MM_F_token_rights, wish->rights},
        {MM_F_token_scopes, wish->scopes},
        {MM_F_token_until, mm_slice_of(day, 10)},
    };

    mm_time_text(now_us + wish->days * MM_US_PER_DAY, day);
    mm_rec_init(rec, mm_entity(MM_REG_TOKEN));
    rec->v[MM_F_token_user] = (struct mm_value){.i = user};
    for (size_t i = 0; i < MM_COUNT(texts); i++) {
        enum mm_code code = mm_rec_put(rec, texts[i].at, texts[i].text, fault);

        if (code != MM_OK)
            return MM_E_SYNTAX;
    }
    if (rec->v[MM_F_token_name].null)
        return mm_fail(fault, MM_E_SYNTAX, 0, "token.name");
    if (rec->v[MM_F_token_rights].null || mm_slice_eq(rec->v[MM_F_token_rights].s, MM_S("ingest")))
        return mm_fail(fault, MM_E_SYNTAX, 0, "token.rights");
    return MM_OK;
}

enum mm_code mm_access_token(struct mm_auth *auth, const struct mm_scope *scope, uint32_t user,
                             const struct mm_token_wish *wish, int64_t now_us,
                             char ret_token[MM_AUTH_TEXT], struct mm_fault *fault)
{
    struct mm_arena a;
    struct mm_target t;
    struct mm_digest digest;
    char day[MM_TIME_TEXT];
    struct new_token n = {.t = &t, .now_us = now_us};
    enum mm_code code;

    MM_ASSERT(wish->days >= 1 && wish->days <= MM_TOKEN_DAYS_MAX);
    mm_arena_init(&a, FACT_BYTES);
    code = mm_target_read(auth, scope, user, &a, &t);
    if (code == MM_OK)
        code = fill_token(wish, user, now_us, day, &n.rec, fault);
    if (code == MM_OK && mm_account_token(auth, &n.rec, &digest, ret_token) != MM_OK)
        code = mm_fail(fault, MM_E_SYNTAX, 0, "token.scopes");
    if (code == MM_OK)
        code = mm_records_write(auth->rec, t.own, work_token, &n);
    mm_arena_done(&a);
    return code;
}

/* ---- invitations ---- */

struct invitation {
    const struct mm_target *t;
    struct mm_digest digest;
    int64_t now_us, until_us;
};

static enum mm_code work_invite(struct mm_tx *tx, void *arg)
{
    const struct invitation *n = arg;
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_INVITATION_END]);
    mm_q_int(&q, ":user", n->t->rec.id);
    mm_q_int(&q, ":now", n->now_us);
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_INVITATION_ADD]);
    mm_q_int(&q, ":user", n->t->rec.id);
    mm_q_blob(&q, ":digest", mm_digest_slice(&n->digest));
    mm_q_int(&q, ":now", n->now_us);
    mm_q_int(&q, ":until", n->until_us);
    code = mm_q_end(&q);
    return code == MM_OK ? mm_target_note(tx, n->t, "invite", MM_S(""), n->now_us) : code;
}

enum mm_code mm_access_invite(struct mm_auth *auth, const struct mm_scope *scope, uint32_t user,
                              int64_t now_us, char ret_code[MM_INVITE_TEXT], int64_t *ret_until_us)
{
    struct mm_arena a;
    struct mm_target t;
    struct invitation n = {
        .t = &t, .now_us = now_us, .until_us = now_us + MM_INVITE_DAYS * MM_US_PER_DAY};
    char text[MM_INVITE_TEXT];
    bool formed;
    enum mm_code code;

    mm_make_groups(text, MM_INVITE_LETTERS / 4, mm_code_letters, 32);
    formed = mm_invite_digest(&auth->key, mm_slice_str(text), &n.digest);
    MM_ASSERT(formed);
    mm_arena_init(&a, FACT_BYTES);
    code = mm_target_read(auth, scope, user, &a, &t);
    if (code == MM_OK)
        code = mm_records_write(auth->rec, t.own, work_invite, &n);
    mm_arena_done(&a);
    if (code == MM_OK) {
        memcpy(ret_code, text, sizeof(text));
        *ret_until_us = n.until_us;
    }
    mm_wipe(text, sizeof(text));
    return code;
}

enum mm_code mm_invited(struct mm_auth *auth, const struct mm_digest *digest, int64_t now_us,
                        struct mm_arena *a, struct mm_target *ret)
{
    struct mm_tx *tx = NULL;
    uint32_t user = 0;
    bool found;
    struct mm_q q;
    enum mm_code code = mm_records_read(auth->rec, mm_system_scope(), &tx);

    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_INVITATION_GET]);
    mm_q_blob(&q, ":digest", mm_digest_slice(digest));
    mm_q_int(&q, ":now", now_us);
    found = mm_q_row(&q);
    if (found)
        user = mm_q_col_u32(&q, 0);
    code = mm_q_end(&q);
    if (code == MM_OK)
        code = found ? mm_rec_get(tx, mm_entity(MM_REG_USER), user, a, &ret->rec) : MM_E_AUTH;
    mm_records_read_done(&tx);
    if (code != MM_OK)
        return code;
    ret->by = user;
    (void)snprintf(ret->actor, sizeof(ret->actor), "%.*s", MM_S_ARG(ret->rec.v[MM_F_user_login].s));
    ret->own = mm_system_company(&ret->hold, ret->rec.company);
    return MM_OK;
}

struct arrival {
    const struct mm_target *t;
    struct mm_digest digest;
    struct mm_fresh fresh;
    struct mm_digest none; /* of no session: all end */
    int64_t now_us;
};

static enum mm_code work_arrival(struct mm_tx *tx, void *arg)
{
    const struct arrival *w = arg;
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_INVITATION_USE]);
    mm_q_blob(&q, ":digest", mm_digest_slice(&w->digest));
    mm_q_int(&q, ":now", w->now_us);
    code = mm_q_end_touch(&q);
    if (code == MM_E_NOTFOUND)
        return MM_E_AUTH; /* two came at the same moment, or it was taken back */
    if (code == MM_OK)
        code = mm_target_note(tx, w->t, "invite.use", MM_S(""), w->now_us);
    return code == MM_OK ? mm_fresh_write(tx, w->t, &w->fresh, false, &w->none, w->now_us) : code;
}

/* The invitation is good: set the password, or say why not. */
static enum mm_code arrive(struct mm_auth *auth, const struct mm_welcome *w,
                           const struct mm_digest *digest, const struct mm_target *t,
                           struct mm_arena *a, unsigned *ret_broken)
{
    struct arrival n = {.t = t, .digest = *digest, .now_us = w->now_us};
    enum mm_code code;

    if (w->password.n == 0)
        return MM_E_MORE;
    code = mm_fresh_password(auth, t, w->password, a, &n.fresh, ret_broken);
    if (code == MM_OK)
        code = mm_records_write(auth->rec, t->own, work_arrival, &n);
    mm_wipe(&n.fresh, sizeof(n.fresh));
    return code;
}

enum mm_code mm_access_welcome(struct mm_auth *auth, const struct mm_welcome *w, struct mm_arena *a,
                               struct mm_welcomed *ret)
{
    struct mm_welcomed out = {0};
    struct mm_digest digest;
    struct mm_target t;
    const struct mm_role *role;
    enum mm_code code = mm_guess_allowed(auth, w->peer, w->now_us, &out.wait_s), failed;

    if (code == MM_OK)
        code = mm_invite_digest(&auth->key, w->code, &digest)
                   ? mm_invited(auth, &digest, w->now_us, a, &t)
                   : MM_E_AUTH;
    if (code == MM_E_AUTH) {
        failed = mm_guess_failed(auth, w->peer, w->now_us);
        code = failed == MM_OK ? MM_E_AUTH : failed;
    } else if (code == MM_OK) {
        code = arrive(auth, w, &digest, &t, a, &out.broken);
        role = mm_role_find(t.rec.v[MM_F_user_role].s);
        out.login = t.rec.v[MM_F_user_login].s;
        out.name = t.rec.v[MM_F_user_name].s;
        out.second = role != NULL && role->second;
        out.staff = t.rec.company == MM_COMPANY_OPERATOR;
    }
    *ret = out;
    return code;
}
