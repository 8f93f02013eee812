/* register/oidc.c - see oidc.h for the contract. */
#include "register/oidc.h"

#include <stdio.h>

#include "job/job.h"
#include "register/account.h"
#include "register/auth_priv.h"
#include "register/feature.h"
#include "store/records/system_scope.h"

enum { FACT_BYTES = 16384 };

static void state_digest(const struct mm_auth *auth, struct mm_slice state, struct mm_digest *ret)
{
    uint8_t text[5 + MM_OIDC_RANDOM] = {'s', 't', 'a', 't', 'e'};
    size_t n = mm_min_size(state.n, MM_OIDC_RANDOM);

    if (n > 0)
        memcpy(text + 5, state.p, n);
    mm_digest_keyed(&auth->key, mm_slice_of(text, 5 + n), ret);
}

/* ---- coming back ---- */

struct back {
    const struct mm_oidc_back *b;
    struct mm_digest state;
};

static enum mm_code too_many(struct mm_tx *tx, const struct mm_oidc_back *b)
{
    struct mm_q q;
    bool many = true;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_SIGN_IN_OPEN]);
    mm_q_text(&q, ":peer", b->peer);
    mm_q_int(&q, ":now", b->now_us);
    if (mm_q_row(&q))
        many =
            mm_q_col_int(&q, 0) >= MM_OIDC_OPEN_MAX || mm_q_col_int(&q, 1) >= MM_OIDC_OPEN_PEER_MAX;
    code = mm_q_end(&q);
    return code == MM_OK && many ? MM_E_BUSY : code;
}

static enum mm_code purge(struct mm_tx *tx, int64_t now_us)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_SIGN_IN_PURGE]);
    mm_q_int(&q, ":now", now_us);
    return mm_q_end(&q);
}

static enum mm_code work_back(struct mm_tx *tx, void *arg)
{
    const struct back *w = arg;
    const struct mm_oidc_back *b = w->b;
    struct mm_q q;
    enum mm_code code = purge(tx, b->now_us);

    if (code == MM_OK)
        code = too_many(tx, b);
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_SIGN_IN_ADD]);
    mm_q_blob(&q, ":state", mm_digest_slice(&w->state));
    mm_q_text(&q, ":peer", b->peer);
    mm_q_int(&q, ":until", b->until_us);
    mm_q_text(&q, ":nonce", b->nonce);
    mm_q_text(&q, ":verifier", b->verifier);
    mm_q_text(&q, ":code", b->code);
    code = mm_q_end_touch(&q);
    if (code == MM_E_NOTFOUND)
        return MM_E_EXISTS;
    if (code == MM_OK)
        code = mm_tx_narrow(tx, MM_COMPANY_OPERATOR);
    if (code != MM_OK)
        return code;
    code = mm_job_add(tx, MM_JOB_SIGN_IN, mm_tx_last_id(tx), b->now_us, b->now_us);
    mm_tx_widen(tx);
    return code;
}

enum mm_code mm_oidc_back(struct mm_auth *auth, const struct mm_oidc_back *back)
{
    struct back w = {.b = back};

    if (back->code.n == 0 || back->code.n > MM_OIDC_CODE_MAX)
        return MM_E_LIMIT;
    state_digest(auth, back->state, &w.state);
    return mm_records_write(auth->rec, mm_system_scope(), work_back, &w);
}

/* ---- how far it is ---- */

struct found {
    struct mm_oidc_state state;
    struct mm_slice subject;
    bool mfa;
};

static enum mm_oidc_step step_of(struct mm_slice name)
{
    static const char *const names[] = {[MM_OIDC_BACK] = "back",
                                        [MM_OIDC_PROVEN] = "proven",
                                        [MM_OIDC_REFUSED] = "refused",
                                        [MM_OIDC_USED] = "used"};

    for (size_t i = 0; i < MM_COUNT(names); i++) {
        if (mm_slice_eq(name, mm_slice_str(names[i])))
            return (enum mm_oidc_step)i;
    }
    return MM_OIDC_REFUSED; /* the schema has no other */
}

static enum mm_code find(struct mm_auth *auth, const struct mm_digest *state, int64_t now_us,
                         struct mm_arena *a, struct found *ret)
{
    struct mm_tx *tx = NULL;
    struct mm_q q;
    bool there;
    enum mm_code code = mm_records_read(auth->rec, mm_system_scope(), &tx);

    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_SIGN_IN_GET]);
    mm_q_blob(&q, ":state", mm_digest_slice(state));
    mm_q_int(&q, ":now", now_us);
    there = mm_q_row(&q);
    if (there)
        *ret = (struct found){
            .state = {.step = step_of(mm_q_col_text(&q, 0)), .why = mm_q_col_dup(&q, 1, a)},
            .subject = mm_q_col_dup(&q, 2, a),
            .mfa = mm_q_col_int(&q, 3) != 0};
    code = mm_q_end(&q);
    mm_records_read_done(&tx);
    return code == MM_OK && !there ? MM_E_NOTFOUND : code;
}

enum mm_code mm_oidc_look(struct mm_auth *auth, struct mm_slice state, int64_t now_us,
                          struct mm_arena *a, struct mm_oidc_state *ret)
{
    struct mm_digest digest;
    struct found f;
    enum mm_code code;

    state_digest(auth, state, &digest);
    code = find(auth, &digest, now_us, a, &f);
    if (code == MM_OK)
        *ret = f.state;
    return code;
}

/* As find, of what was proven and is not used up. */
static enum mm_code find_proven(struct mm_auth *auth, const struct mm_digest *state, int64_t now_us,
                                struct mm_arena *a, struct found *ret)
{
    enum mm_code code = find(auth, state, now_us, a, ret);

    return code == MM_OK && ret->state.step != MM_OIDC_PROVEN ? MM_E_NOTFOUND : code;
}

/* Once only: two browsers with the same ticket at the same moment are one too many. */
static enum mm_code use(struct mm_tx *tx, const struct mm_digest *state, int64_t now_us)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_SIGN_IN_USE]);
    mm_q_blob(&q, ":state", mm_digest_slice(state));
    mm_q_int(&q, ":now", now_us);
    return mm_q_end_touch(&q);
}

/* ---- tying ---- */

/* In a transaction of the user's company. The subject is what the provider calls somebody: not a
 * secret, and what an auditor compares. */
static enum mm_code tie(struct mm_tx *tx, const struct mm_target *t, struct mm_slice issuer,
                        struct mm_slice subject, int64_t now_us)
{
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_IDENTITY_ADD]);
    mm_q_int(&q, ":user", t->rec.id);
    mm_q_text(&q, ":issuer", issuer);
    mm_q_text(&q, ":subject", subject);
    mm_q_int(&q, ":now", now_us);
    code = mm_q_end_touch(&q);
    if (code == MM_E_NOTFOUND)
        return MM_E_EXISTS;
    return code == MM_OK ? mm_target_note(tx, t, "oidc.tie", subject, now_us) : code;
}

struct tying {
    const struct mm_target *t;
    struct mm_digest state;
    struct mm_slice issuer, subject;
    int64_t now_us;
};

static enum mm_code work_tie(struct mm_tx *tx, void *arg)
{
    const struct tying *w = arg;
    enum mm_code code;

    mm_tx_elevate(tx);
    code = use(tx, &w->state, w->now_us);
    mm_tx_drop(tx);
    return code == MM_OK ? tie(tx, w->t, w->issuer, w->subject, w->now_us) : code;
}

enum mm_code mm_oidc_tie(struct mm_auth *auth, const struct mm_session *session,
                         struct mm_slice state, struct mm_slice issuer, int64_t now_us)
{
    struct mm_arena a;
    struct mm_target t;
    struct found f;
    struct tying w = {.t = &t, .issuer = issuer, .now_us = now_us};
    enum mm_code code = MM_OK;

    MM_ASSERT(session->scope != NULL);
    if (session->company != MM_COMPANY_OPERATOR)
        return MM_E_DENIED;
    mm_arena_init(&a, FACT_BYTES);
    state_digest(auth, state, &w.state);
    code = find_proven(auth, &w.state, now_us, &a, &f);
    w.subject = f.subject;
    if (code == MM_OK)
        code = mm_target_read(auth, session->scope, session->user, &a, &t);
    if (code == MM_OK)
        code = mm_records_write(auth->rec, t.own, work_tie, &w);
    mm_arena_done(&a);
    return code;
}

/* ---- untying, and the password ---- */

struct change {
    const struct mm_target *t;
    struct mm_digest keep;
    bool off;
    int64_t now_us;
};

static enum mm_code set_switch(struct mm_tx *tx, const struct change *c)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_PASSWORD_SWITCH]);
    mm_q_int(&q, ":user", c->t->rec.id);
    mm_q_int(&q, ":off", c->off);
    return mm_q_end_touch(&q);
}

static enum mm_code work_untie(struct mm_tx *tx, void *arg)
{
    const struct change *c = arg;
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_IDENTITY_END]);
    mm_q_int(&q, ":user", c->t->rec.id);
    code = mm_q_end_touch(&q);
    if (code != MM_OK)
        return code;
    code = set_switch(tx, c);
    if (code == MM_E_NOTFOUND && c->t->by == c->t->rec.id)
        return MM_E_RANGE; /* it would lock itself out */
    if (code != MM_OK && code != MM_E_NOTFOUND)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_SESSION_END_OIDC]);
    mm_q_int(&q, ":user", c->t->rec.id);
    mm_q_blob(&q, ":digest", mm_digest_slice(&c->keep));
    code = mm_q_end(&q);
    return code == MM_OK ? mm_target_note(tx, c->t, "oidc.untie", MM_S(""), c->now_us) : code;
}

static enum mm_code work_password(struct mm_tx *tx, void *arg)
{
    const struct change *c = arg;
    struct mm_q q;
    bool tied;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_IDENTITY_OF]);
    mm_q_int(&q, ":user", c->t->rec.id);
    tied = mm_q_row(&q);
    code = mm_q_end(&q);
    if (code == MM_OK && c->off && !tied)
        code = MM_E_RANGE;
    if (code == MM_OK)
        code = set_switch(tx, c);
    return code == MM_OK ? mm_target_note(tx, c->t, c->off ? "password.off" : "password.on",
                                          MM_S(""), c->now_us)
                         : code;
}

static enum mm_code change(struct mm_auth *auth, const struct mm_scope *scope, uint32_t user,
                           mm_records_work work, struct change *c)
{
    struct mm_arena a;
    struct mm_target t;
    enum mm_code code;

    mm_arena_init(&a, FACT_BYTES);
    code = mm_target_read(auth, scope, user, &a, &t);
    c->t = &t;
    if (code == MM_OK)
        code = mm_records_write(auth->rec, t.own, work, c);
    c->t = NULL;
    mm_arena_done(&a);
    return code;
}

enum mm_code mm_oidc_untie(struct mm_auth *auth, const struct mm_scope *scope, uint32_t user,
                           struct mm_slice keep_token, int64_t now_us)
{
    struct change c = {.now_us = now_us};

    mm_auth_digest(&auth->key, keep_token, &c.keep);
    return change(auth, scope, user, work_untie, &c);
}

enum mm_code mm_oidc_password(struct mm_auth *auth, const struct mm_scope *scope, uint32_t user,
                              bool on, int64_t now_us)
{
    struct change c = {.off = !on, .now_us = now_us};

    return change(auth, scope, user, work_password, &c);
}

/* ---- coming in ---- */

struct entering {
    const struct mm_oidc_enter *e;
    struct mm_digest state, invitation;
    struct mm_slice subject;
    const struct mm_target *guest; /* with an invitation; else NULL */
};

static enum mm_code take_invitation(struct mm_tx *tx, const struct entering *w)
{
    struct mm_q q;
    enum mm_code code = mm_tx_narrow(tx, MM_COMPANY_OPERATOR);

    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_INVITATION_USE]);
    mm_q_blob(&q, ":digest", mm_digest_slice(&w->invitation));
    mm_q_int(&q, ":now", w->e->now_us);
    code = mm_q_end_touch(&q);
    if (code == MM_E_NOTFOUND)
        code = MM_E_AUTH; /* two came at the same moment, or it was taken back */
    if (code == MM_OK)
        code = mm_target_note(tx, w->guest, "invite.use", MM_S(""), w->e->now_us);
    if (code == MM_OK)
        code = tie(tx, w->guest, w->e->issuer, w->subject, w->e->now_us);
    mm_tx_widen(tx);
    return code;
}

static enum mm_code work_enter(struct mm_tx *tx, void *arg)
{
    const struct entering *w = arg;
    struct mm_q q;
    enum mm_code code = use(tx, &w->state, w->e->now_us);

    if (code == MM_OK && w->guest != NULL)
        code = take_invitation(tx, w);
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_IDENTITY_USED]);
    mm_q_text(&q, ":issuer", w->e->issuer);
    mm_q_text(&q, ":subject", w->subject);
    mm_q_int(&q, ":now", w->e->now_us);
    return mm_q_end_touch(&q);
}

/* The login name of who has this identity; MM_E_DENIED when nobody has. */
static enum mm_code whose(struct mm_auth *auth, struct mm_slice issuer, struct mm_slice subject,
                          struct mm_arena *a, struct mm_slice *ret)
{
    struct mm_tx *tx = NULL;
    struct mm_q q;
    struct mm_slice login = {0};
    enum mm_code code = mm_records_read(auth->rec, mm_system_scope(), &tx);

    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_IDENTITY_LOGIN]);
    mm_q_text(&q, ":issuer", issuer);
    mm_q_text(&q, ":subject", subject);
    if (mm_q_row(&q))
        login = mm_q_col_dup(&q, 0, a);
    code = mm_q_end(&q);
    mm_records_read_done(&tx);
    if (code == MM_OK)
        *ret = login;
    return code == MM_OK && login.n == 0 ? MM_E_DENIED : code;
}

struct refusal {
    struct mm_slice subject, peer;
    struct mm_digest state;
    int64_t now_us;
};

/* Somebody whom the provider knows and we do not: the operator wants to see it, once. */
static enum mm_code work_stranger(struct mm_tx *tx, void *arg)
{
    const struct refusal *r = arg;
    struct mm_q q;
    enum mm_code code;

    /* It goes on counting against who sends it, until its time is over. */
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_SIGN_IN_STRANGER]);
    mm_q_blob(&q, ":state", mm_digest_slice(&r->state));
    mm_q_int(&q, ":now", r->now_us);
    code = mm_q_end_touch(&q);
    if (code == MM_OK)
        code = mm_tx_narrow(tx, MM_COMPANY_OPERATOR);
    if (code != MM_OK)
        return code;
    code = mm_audit_add(tx, &(struct mm_audit){.time_us = r->now_us,
                                               .actor = MM_S("oidc"),
                                               .action = MM_S("login.stranger"),
                                               .object = r->peer,
                                               .text = r->subject});
    mm_tx_widen(tx);
    return code;
}

static enum mm_code refuse(struct mm_auth *auth, const struct entering *w)
{
    struct refusal r = {
        .subject = w->subject, .peer = w->e->peer, .state = w->state, .now_us = w->e->now_us};
    enum mm_code code = mm_records_write(auth->rec, mm_system_scope(), work_stranger, &r);

    return code == MM_OK ? MM_E_DENIED : code;
}

/* The guest of the invitation, of the operator's company. */
static enum mm_code guest_of(struct mm_auth *auth, struct mm_slice invitation, int64_t now_us,
                             struct mm_arena *a, struct mm_digest *ret_digest,
                             struct mm_target *ret)
{
    enum mm_code code = mm_invite_digest(&auth->key, invitation, ret_digest)
                            ? mm_invited(auth, ret_digest, now_us, a, ret)
                            : MM_E_AUTH;

    return code == MM_OK && ret->rec.company != MM_COMPANY_OPERATOR ? MM_E_DENIED : code;
}

static enum mm_code enter(struct mm_auth *auth, const struct mm_oidc_enter *e, struct mm_arena *a,
                          char ret_token[MM_AUTH_TEXT], int64_t *ret_wait_s)
{
    struct mm_login login = {
        .totp = e->totp, .peer = e->peer, .agent = e->agent, .now_us = e->now_us};
    struct entering w = {.e = e};
    struct mm_elsewhere elsewhere = {.with = work_enter, .arg = &w};
    struct mm_target guest;
    struct found f;
    enum mm_code code;

    state_digest(auth, e->state, &w.state);
    code = find_proven(auth, &w.state, e->now_us, a, &f);
    if (code != MM_OK)
        return code;
    w.subject = f.subject;
    elsewhere.strong = f.mfa || !e->ask_app;
    if (e->invitation.n > 0) {
        code = guest_of(auth, e->invitation, e->now_us, a, &w.invitation, &guest);
        w.guest = &guest;
        if (code == MM_OK)
            login.login = guest.rec.v[MM_F_user_login].s;
    } else {
        code = whose(auth, e->issuer, f.subject, a, &login.login);
        if (code == MM_E_DENIED)
            return refuse(auth, &w);
    }
    return code == MM_OK ? mm_auth_elsewhere(auth, &login, &elsewhere, ret_token, ret_wait_s)
                         : code;
}

enum mm_code mm_oidc_enter(struct mm_auth *auth, const struct mm_oidc_enter *e,
                           char ret_token[MM_AUTH_TEXT], int64_t *ret_wait_s)
{
    struct mm_arena a;
    enum mm_code code;

    *ret_wait_s = 0;
    mm_arena_init(&a, FACT_BYTES);
    code = enter(auth, e, &a, ret_token, ret_wait_s);
    mm_arena_done(&a);
    return code;
}

enum mm_code mm_oidc_invited(struct mm_auth *auth, struct mm_slice code, struct mm_slice peer,
                             int64_t now_us, int64_t *ret_wait_s)
{
    struct mm_arena a;
    struct mm_digest digest;
    struct mm_target guest;
    enum mm_code rc = mm_guess_allowed(auth, peer, now_us, ret_wait_s), failed;

    if (rc != MM_OK)
        return rc;
    mm_arena_init(&a, FACT_BYTES);
    rc = guest_of(auth, code, now_us, &a, &digest, &guest);
    mm_arena_done(&a);
    if (rc != MM_E_AUTH)
        return rc;
    failed = mm_guess_failed(auth, peer, now_us);
    return failed == MM_OK ? MM_E_AUTH : failed;
}

/* ---- the provider ---- */

enum mm_code mm_oidc_provider(struct mm_auth *auth, struct mm_slice issuer, struct mm_arena *a,
                              struct mm_slice *ret)
{
    struct mm_tx *tx = NULL;
    struct mm_q q;
    struct mm_slice url = {0};
    enum mm_code code = mm_records_read(auth->rec, mm_system_scope(), &tx);

    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_PROVIDER_GET]);
    mm_q_text(&q, ":issuer", issuer);
    if (mm_q_row(&q))
        url = mm_q_col_dup(&q, 0, a);
    code = mm_q_end(&q);
    mm_records_read_done(&tx);
    if (code == MM_OK && url.n == 0)
        code = MM_E_NOTFOUND;
    if (code == MM_OK)
        *ret = url;
    return code;
}

enum mm_code mm_oidc_provider_note(struct mm_tx *tx, struct mm_slice issuer,
                                   struct mm_slice authorize, int64_t now_us)
{
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_PROVIDER_OTHERS]);
    mm_q_text(&q, ":issuer", issuer);
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_PROVIDER_PUT]);
    mm_q_text(&q, ":issuer", issuer);
    mm_q_text(&q, ":authorize", authorize);
    mm_q_int(&q, ":now", now_us);
    return mm_q_end(&q);
}

enum mm_code mm_oidc_question(struct mm_tx *tx, int64_t sign_in, int64_t now_us, struct mm_arena *a,
                              struct mm_oidc_question *ret)
{
    struct mm_q q;
    bool there;
    struct mm_oidc_question out = {0};
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_SIGN_IN_QUESTION]);
    mm_q_int(&q, ":id", sign_in);
    mm_q_int(&q, ":now", now_us);
    there = mm_q_row(&q);
    if (there)
        out = (struct mm_oidc_question){.nonce = mm_q_col_dup(&q, 0, a),
                                        .verifier = mm_q_col_dup(&q, 1, a),
                                        .code = mm_q_col_dup(&q, 2, a)};
    code = mm_q_end(&q);
    if (code == MM_OK && there)
        *ret = out;
    return code == MM_OK && !there ? MM_E_NOTFOUND : code;
}

enum mm_code mm_oidc_answer(struct mm_tx *tx, int64_t sign_in, const struct mm_oidc_answer *answer)
{
    bool proven = answer->subject.n > 0;
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_SIGN_IN_ANSWER]);
    mm_q_int(&q, ":id", sign_in);
    mm_q_text(&q, ":step", proven ? MM_S("proven") : MM_S("refused"));
    mm_q_int(&q, ":mfa", proven && answer->mfa);
    if (proven) {
        mm_q_text(&q, ":subject", answer->subject);
        mm_q_null(&q, ":why");
    } else {
        mm_q_null(&q, ":subject");
        mm_q_text(&q, ":why", answer->why);
    }
    return mm_q_end(&q);
}
