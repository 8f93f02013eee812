/* register/account.c - see account.h for the contract. */
#include "register/account.h"

#include <stdio.h>
#include <unistd.h>

#include "base/time.h"
#include "register/auth_priv.h"
#include "register/feature.h"
#include "register/password.h"
#include "store/records/system_scope.h"

enum {
    REUSE_MAX = 8, /* old hashes compared, whatever the rule says: each is a computation */
    FACT_BYTES = 4096,
};

/* ---- whose account, and who does it ---- */

/* The acting user's login name, or who it is at the machine. */
static enum mm_code name_actor(struct mm_tx *tx, struct mm_arena *a, struct mm_target *t)
{
    struct mm_rec rec;
    enum mm_code code;

    if (t->by == 0) {
        (void)snprintf(t->actor, sizeof(t->actor), "uid %u", (unsigned)getuid());
        return MM_OK;
    }
    code = mm_rec_get(tx, mm_entity(MM_REG_USER), t->by, a, &rec);
    if (code == MM_OK)
        (void)snprintf(t->actor, sizeof(t->actor), "%.*s", MM_S_ARG(rec.v[MM_F_user_login].s));
    return code;
}

enum mm_code mm_target_read(struct mm_auth *auth, const struct mm_scope *scope, uint32_t user,
                            struct mm_arena *a, struct mm_target *ret)
{
    bool own = mm_scope_user(scope) == user;
    struct mm_tx *tx = NULL;
    enum mm_code code;

    if (!own && mm_scope_readonly(scope))
        return MM_E_DENIED;
    code = mm_records_read(auth->rec, own ? mm_system_scope() : scope, &tx);
    if (code != MM_OK)
        return code;
    code = mm_rec_get(tx, mm_entity(MM_REG_USER), user, a, &ret->rec);
    mm_records_read_done(&tx);
    if (code == MM_OK && ret->rec.ended_us != 0)
        code = MM_E_NOTFOUND;
    if (code == MM_OK)
        code = mm_records_read(auth->rec, mm_system_scope(), &tx);
    if (code != MM_OK)
        return code;
    ret->by = mm_scope_user(scope);
    code = name_actor(tx, a, ret);
    mm_records_read_done(&tx);
    ret->own = mm_system_company(&ret->hold, ret->rec.company);
    return code;
}

enum mm_code mm_target_note(struct mm_tx *tx, const struct mm_target *t, const char *action,
                            struct mm_slice text, int64_t now_us)
{
    char object[32];

    (void)snprintf(object, sizeof(object), "user %u", t->rec.id);
    return mm_audit_add(tx, &(struct mm_audit){.time_us = now_us,
                                               .user = t->by,
                                               .actor = mm_slice_str(t->actor),
                                               .action = mm_slice_str(action),
                                               .object = mm_slice_str(object),
                                               .text = text});
}

/* ---- passwords ---- */

/* Old hashes of the user, newest first; *ret_n of them. */
static enum mm_code read_past(struct mm_auth *auth, const struct mm_target *t, bool second,
                              struct mm_arena *a, struct mm_slice ret[REUSE_MAX], size_t *ret_n)
{
    unsigned max = auth->rules.parameter[MM_PASSWORD_REUSE][second ? 1 : 0];
    struct mm_tx *tx = NULL;
    struct mm_q q;
    enum mm_code code = mm_records_read(auth->rec, t->own, &tx);
    size_t n = 0;

    if (max > REUSE_MAX)
        max = REUSE_MAX;
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_PAST_LIST]);
    mm_q_int(&q, ":user", t->rec.id);
    mm_q_int(&q, ":limit", max);
    while (n < max && mm_q_row(&q))
        ret[n++] = mm_q_col_dup(&q, 0, a);
    code = mm_q_end(&q);
    mm_records_read_done(&tx);
    *ret_n = n;
    return code;
}

enum mm_code mm_fresh_password(struct mm_auth *auth, const struct mm_target *t,
                               struct mm_slice password, struct mm_arena *a, struct mm_fresh *ret,
                               unsigned *ret_broken)
{
    const struct mm_role *role = mm_role_find(t->rec.v[MM_F_user_role].s);
    const struct mm_password_facts facts = {
        .second = role != NULL && role->second,
        .login = t->rec.v[MM_F_user_login].s,
        .fact = {t->rec.v[MM_F_user_name].s, t->rec.v[MM_F_user_mail].s},
        .fact_count = 2};
    struct mm_slice old[REUSE_MAX];
    size_t old_n = 0;
    unsigned broken;
    enum mm_code code;

    if (password.n > MM_PASSWORD_MAX)
        return MM_E_LIMIT;
    code = read_past(auth, t, facts.second, a, old, &old_n);
    if (code != MM_OK)
        return code;
    broken = mm_password_check(&auth->rules, password, &facts);
    for (size_t i = 0; i < old_n && broken == 0; i++) {
        code = mm_auth_verify(auth, old[i], password);
        if (code == MM_OK)
            broken |= 1u << MM_PASSWORD_REUSE;
        else if (code != MM_E_AUTH)
            return code;
    }
    if (broken != 0) {
        *ret_broken = broken;
        return MM_E_RANGE;
    }
    return mm_auth_hash(auth, password, ret->hash);
}

enum mm_code mm_fresh_write(struct mm_tx *tx, const struct mm_target *t,
                            const struct mm_fresh *fresh, bool must_change,
                            const struct mm_digest *keep, int64_t now_us)
{
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_CREDENTIAL_PASSWORD]);
    mm_q_int(&q, ":user", t->rec.id);
    mm_q_text(&q, ":password", mm_slice_str(fresh->hash));
    mm_q_int(&q, ":now", now_us);
    mm_q_int(&q, ":must_change", must_change);
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_PAST_ADD]);
    mm_q_int(&q, ":user", t->rec.id);
    mm_q_int(&q, ":now", now_us);
    mm_q_text(&q, ":password", mm_slice_str(fresh->hash));
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_SESSION_END_OTHERS]);
    mm_q_int(&q, ":user", t->rec.id);
    mm_q_blob(&q, ":digest", mm_digest_slice(keep));
    code = mm_q_end(&q);
    return code == MM_OK ? mm_target_note(tx, t, "password.set", MM_S(""), now_us) : code;
}

struct new_password {
    const struct mm_target *t;
    struct mm_fresh fresh;
    bool must_change;
    struct mm_digest keep;
    int64_t now_us;
};

static enum mm_code work_password(struct mm_tx *tx, void *arg)
{
    const struct new_password *n = arg;

    return mm_fresh_write(tx, n->t, &n->fresh, n->must_change, &n->keep, n->now_us);
}

enum mm_code mm_account_password(struct mm_auth *auth, const struct mm_scope *scope, uint32_t user,
                                 struct mm_slice password, bool must_change,
                                 struct mm_slice keep_token, int64_t now_us, unsigned *ret_broken)
{
    struct mm_target t;
    struct new_password n = {.t = &t, .must_change = must_change, .now_us = now_us};
    struct mm_arena a;
    enum mm_code code;

    mm_arena_init(&a, FACT_BYTES * 4);
    code = mm_target_read(auth, scope, user, &a, &t);
    if (code == MM_OK)
        code = mm_fresh_password(auth, &t, password, &a, &n.fresh, ret_broken);
    mm_auth_digest(&auth->key, keep_token, &n.keep);
    if (code == MM_OK)
        code = mm_records_write(auth->rec, t.own, work_password, &n);
    mm_wipe(&n.fresh, sizeof(n.fresh));
    mm_arena_done(&a);
    return code;
}

/* Letters and digits that can't be taken for one another, in four groups. */
void mm_make_groups(char *ret, size_t groups, const char *letters, size_t count)
{
    uint8_t random[32];
    size_t at = 0;

    MM_ASSERT(groups * 4 <= sizeof(random) && 256 % count == 0);
    mm_random(random, sizeof(random));
    for (size_t i = 0; i < groups * 4; i++) {
        if (i > 0 && i % 4 == 0)
            ret[at++] = '-';
        ret[at++] = letters[random[i] % count];
    }
    ret[at] = 0;
    mm_wipe(random, sizeof(random));
}

void mm_account_make_password(const struct mm_auth *auth, char ret[MM_PASSWORD_MADE])
{
    /* 32 signs, so that every remainder is equally likely. */
    static const char letters[33] = "abcdefghijkmnopqrstuvwxy23456789";
    const struct mm_password_facts nobody = {0};

    do {
        mm_make_groups(ret, 4, letters, 32);
    } while (mm_password_check(&auth->rules, mm_slice_str(ret), &nobody) != 0);
}

/* ---- authenticator apps -------------------------------------------------------------------------
 */

struct new_totp {
    const struct mm_target *t;
    struct mm_slice box;
    int64_t step, now_us;
    struct mm_digest session;
};

static enum mm_code work_totp(struct mm_tx *tx, void *arg)
{
    const struct new_totp *n = arg;
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx,
               &mm_register_stmts[n->t->by == n->t->rec.id ? MM_R_CREDENTIAL_TOTP
                                                           : MM_R_CREDENTIAL_TOTP_RESET]);
    mm_q_int(&q, ":user", n->t->rec.id);
    mm_q_blob(&q, ":totp", n->box);
    code = mm_q_end(&q);
    return code == MM_OK ? mm_target_note(tx, n->t, "totp.begin", MM_S(""), n->now_us) : code;
}

static enum mm_code set_totp(struct mm_auth *auth, const struct mm_target *t, int64_t now_us,
                             char ret_base32[MM_TOTP_BASE32])
{
    uint8_t secret[MM_TOTP_SECRET];
    struct new_totp n = {.t = t, .now_us = now_us};
    struct mm_buf box;
    enum mm_code code = MM_E_NOMEM;

    mm_random(secret, sizeof(secret));
    mm_buf_init(&box, sizeof(secret) + MM_SEAL_EXTRA);
    if (mm_seal(&auth->key, mm_slice_of(secret, sizeof(secret)), &box)) {
        n.box = mm_buf_slice(&box);
        code = mm_records_write(auth->rec, t->own, work_totp, &n);
    }
    if (code == MM_OK)
        mm_totp_base32(secret, ret_base32);
    mm_buf_done(&box);
    mm_wipe(secret, sizeof(secret));
    return code;
}

enum mm_code mm_account_totp(struct mm_auth *auth, const struct mm_scope *scope, uint32_t user,
                             int64_t now_us, char ret_base32[MM_TOTP_BASE32])
{
    struct mm_arena a;
    struct mm_target t;
    enum mm_code code;

    mm_arena_init(&a, FACT_BYTES * 4);
    code = mm_target_read(auth, scope, user, &a, &t);
    if (code == MM_OK)
        code = set_totp(auth, &t, now_us, ret_base32);
    mm_arena_done(&a);
    return code;
}

/* A session acts for itself, also one that has no scope yet. */
static void target_of(const struct mm_session *session, struct mm_target *ret)
{
    *ret = (struct mm_target){.rec = {.id = session->user, .company = session->company},
                              .by = session->user};
    (void)snprintf(ret->actor, sizeof(ret->actor), "%.*s", MM_S_ARG(session->login));
    ret->own = mm_system_company(&ret->hold, session->company);
}

enum mm_code mm_account_totp_self(struct mm_auth *auth, const struct mm_session *session,
                                  int64_t now_us, char ret_base32[MM_TOTP_BASE32])
{
    struct mm_target t;

    target_of(session, &t);
    return set_totp(auth, &t, now_us, ret_base32);
}

static enum mm_code work_confirm(struct mm_tx *tx, void *arg)
{
    const struct new_totp *n = arg;
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_CREDENTIAL_STEP]);
    mm_q_int(&q, ":user", n->t->rec.id);
    mm_q_int(&q, ":step", n->step);
    code = mm_q_end_touch(&q);
    if (code != MM_OK)
        return code;
    mm_tx_elevate(tx);
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_SESSION_STRONG]);
    mm_q_blob(&q, ":digest", mm_digest_slice(&n->session));
    mm_q_int(&q, ":user", n->t->rec.id);
    code = mm_q_end_touch(&q);
    mm_tx_drop(tx);
    return code == MM_OK ? mm_target_note(tx, n->t, "totp.set", MM_S(""), n->now_us) : code;
}

/* The sealed secret of the app that is being set up, opened, or why not. */
static enum mm_code read_totp(struct mm_auth *auth, const struct mm_scope *scope, uint32_t user,
                              struct mm_buf *secret)
{
    struct mm_tx *tx = NULL;
    struct mm_q q;
    enum mm_code code = mm_records_read(auth->rec, scope, &tx), opened = MM_E_AUTH;

    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_CREDENTIAL_GET]);
    mm_q_int(&q, ":user", user);
    if (mm_q_row(&q))
        opened = mm_unseal(&auth->key, mm_q_col_blob(&q, 1), secret);
    code = mm_q_end(&q);
    mm_records_read_done(&tx);
    if (code != MM_OK)
        return code;
    return opened == MM_OK && secret->n == MM_TOTP_SECRET ? MM_OK : MM_E_AUTH;
}

enum mm_code mm_account_totp_confirm(struct mm_auth *auth, const struct mm_session *session,
                                     struct mm_slice token, struct mm_slice code, int64_t now_us)
{
    struct mm_target t;
    struct new_totp n = {.t = &t, .now_us = now_us};
    struct mm_buf secret;
    enum mm_code rc;

    target_of(session, &t);
    mm_buf_init(&secret, MM_TOTP_SECRET + MM_SEAL_EXTRA);
    rc = read_totp(auth, t.own, session->user, &secret);
    if (rc == MM_OK && !mm_totp_check(secret.p, now_us / MM_US_PER_S, code, -1, &n.step))
        rc = MM_E_AUTH;
    if (secret.p != NULL)
        mm_wipe(secret.p, secret.n);
    mm_buf_done(&secret);
    if (rc != MM_OK)
        return rc;
    mm_auth_digest(&auth->key, token, &n.session);
    rc = mm_records_write(auth->rec, t.own, work_confirm, &n);
    return rc == MM_E_NOTFOUND ? MM_E_AUTH : rc;
}

/* ---- printed codes and tokens -------------------------------------------------------------------
 */

struct new_codes {
    const struct mm_target *t;
    struct mm_digest digest[MM_CODES_MAX];
    size_t count;
    int64_t now_us;
};

static enum mm_code work_codes(struct mm_tx *tx, void *arg)
{
    const struct new_codes *n = arg;
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_CODE_CLEAR]);
    mm_q_int(&q, ":user", n->t->rec.id);
    code = mm_q_end(&q);
    for (size_t i = 0; i < n->count && code == MM_OK; i++) {
        mm_q_begin(&q, tx, &mm_register_stmts[MM_R_CODE_ADD]);
        mm_q_blob(&q, ":digest", mm_digest_slice(&n->digest[i]));
        mm_q_int(&q, ":user", n->t->rec.id);
        mm_q_int(&q, ":now", n->now_us);
        code = mm_q_end(&q);
    }
    return code == MM_OK ? mm_target_note(tx, n->t, "codes.make", MM_S(""), n->now_us) : code;
}

enum mm_code mm_account_codes(struct mm_auth *auth, const struct mm_scope *scope, uint32_t user,
                              size_t count, int64_t now_us, char ret[][MM_CODE_TEXT])
{
    struct mm_target t;
    struct new_codes n = {.t = &t, .count = count, .now_us = now_us};
    struct mm_arena a;
    enum mm_code code;

    MM_ASSERT(count >= 1 && count <= MM_CODES_MAX);
    mm_arena_init(&a, FACT_BYTES * 4);
    code = mm_target_read(auth, scope, user, &a, &t);
    for (size_t i = 0; i < count && code == MM_OK; i++) {
        bool formed;

        mm_make_groups(ret[i], MM_CODE_LETTERS / 4, mm_code_letters, 32);
        formed = mm_code_digest(&auth->key, user, mm_slice_str(ret[i]), &n.digest[i]);
        MM_ASSERT(formed);
    }
    if (code == MM_OK)
        code = mm_records_write(auth->rec, t.own, work_codes, &n);
    mm_arena_done(&a);
    return code;
}

enum mm_code mm_account_token(struct mm_auth *auth, struct mm_rec *token,
                              struct mm_digest *ret_digest, char ret_token[MM_AUTH_TEXT])
{
    uint8_t random[32];
    bool ingest = mm_slice_eq(token->v[MM_F_token_rights].s, MM_S("ingest"));
    struct mm_slice text;
    unsigned scopes;

    MM_ASSERT(token->entity->id == MM_REG_TOKEN && token->id == 0);
    if (token->v[MM_F_token_source].null == ingest || token->v[MM_F_token_user].null != ingest)
        return MM_E_RANGE; /* ingest is of a source, the rest of a user */
    if (!token->v[MM_F_token_scopes].null &&
        (ingest || mm_rights_parse(token->v[MM_F_token_scopes].s, &scopes) != MM_OK))
        return MM_E_SYNTAX;
    mm_random(random, sizeof(random));
    memcpy(ret_token, "mm_", 3);
    mm_base64url(mm_slice_of(random, sizeof(random)), ret_token + 3, MM_AUTH_TEXT - 3);
    mm_wipe(random, sizeof(random));
    text = mm_slice_str(ret_token);
    mm_auth_digest(&auth->key, text, ret_digest);
    token->v[MM_F_token_digest] = (struct mm_value){.s = mm_digest_slice(ret_digest)};
    token->v[MM_F_token_prefix] = (struct mm_value){.s = mm_slice_sub(text, 0, 8)};
    return MM_OK;
}
