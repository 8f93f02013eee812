/* register/account.c - see account.h for the contract. */
#include "register/account.h"

#include "base/time.h"
#include "register/auth_priv.h"
#include "register/feature.h"
#include "register/password.h"
#include "store/records/system_scope.h"

enum {
    REUSE_MAX = 8, /* old hashes compared; the rule's parameter is below it */
    FACT_BYTES = 4096,
};

/* ---- passwords ---- */

struct known {
    struct mm_password_facts facts;
    struct mm_slice old[REUSE_MAX];
    size_t old_count;
};

/*
 * The user's own row and old hashes. It is the actor's own, or one that its scope sees and may
 * write: then what follows is written for that company, also for an auditor's own password.
 */
static enum mm_code read_known(struct mm_auth *auth, const struct mm_scope *scope, uint32_t user,
                               struct mm_arena *a, uint32_t *ret_company, struct known *ret)
{
    unsigned max = mm_password_parameter(MM_PASSWORD_REUSE);
    bool own = mm_scope_user(scope) == user;
    struct mm_tx *tx = NULL;
    struct mm_rec rec;
    struct mm_q q;
    enum mm_code code;

    MM_ASSERT(max <= REUSE_MAX);
    if (!own && mm_scope_readonly(scope))
        return MM_E_DENIED;
    code = mm_records_read(auth->rec, own ? mm_system_scope() : scope, &tx);
    if (code != MM_OK)
        return code;
    code = mm_rec_get(tx, mm_entity(MM_REG_USER), user, a, &rec);
    if (code == MM_OK && rec.ended_us != 0)
        code = MM_E_NOTFOUND;
    if (code == MM_OK) {
        *ret = (struct known){.facts = {.login = rec.v[MM_F_user_login].s,
                                        .fact = {rec.v[MM_F_user_name].s, rec.v[MM_F_user_mail].s},
                                        .fact_count = 2}};
        *ret_company = rec.company;
        mm_q_begin(&q, tx, &mm_register_stmts[MM_R_PAST_LIST]);
        mm_q_int(&q, ":user", user);
        mm_q_int(&q, ":limit", max);
        while (ret->old_count < max && mm_q_row(&q))
            ret->old[ret->old_count++] = mm_q_col_dup(&q, 0, a);
        code = mm_q_end(&q);
    }
    mm_records_read_done(&tx);
    return code;
}

struct new_password {
    uint32_t user, company;
    const char *hash;
    bool must_change;
    struct mm_digest keep;
    int64_t now_us;
};

static enum mm_code write_password(struct mm_tx *tx, const struct new_password *n)
{
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_CREDENTIAL_PASSWORD]);
    mm_q_int(&q, ":user", n->user);
    mm_q_text(&q, ":password", mm_slice_str(n->hash));
    mm_q_int(&q, ":now", n->now_us);
    mm_q_int(&q, ":must_change", n->must_change);
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_PAST_ADD]);
    mm_q_int(&q, ":user", n->user);
    mm_q_int(&q, ":now", n->now_us);
    mm_q_text(&q, ":password", mm_slice_str(n->hash));
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_SESSION_END_OTHERS]);
    mm_q_int(&q, ":user", n->user);
    mm_q_blob(&q, ":digest", mm_digest_slice(&n->keep));
    return mm_q_end(&q);
}

static enum mm_code work_password(struct mm_tx *tx, void *arg)
{
    return write_password(tx, arg);
}

enum mm_code mm_account_password(struct mm_auth *auth, const struct mm_scope *scope, uint32_t user,
                                 struct mm_slice password, bool must_change,
                                 struct mm_slice keep_token, int64_t now_us, unsigned *ret_broken)
{
    struct mm_arena a;
    struct known known;
    char hash[MM_PASSWORD_TEXT];
    struct new_password n = {
        .user = user, .hash = hash, .must_change = must_change, .now_us = now_us};
    struct mm_scope_hold hold;
    unsigned broken = 0;
    enum mm_code code;

    if (password.n > MM_PASSWORD_MAX)
        return MM_E_LIMIT;
    mm_arena_init(&a, FACT_BYTES * 4);
    code = read_known(auth, scope, user, &a, &n.company, &known);
    if (code == MM_OK) {
        broken = mm_password_check(password, &known.facts);
        for (size_t i = 0; i < known.old_count && broken == 0; i++) {
            if (mm_auth_verify(auth, known.old[i], password))
                broken |= 1u << MM_PASSWORD_REUSE;
        }
        if (broken != 0) {
            *ret_broken = broken;
            code = MM_E_RANGE;
        }
    }
    mm_arena_done(&a);
    if (code == MM_OK)
        code = mm_auth_hash(auth, password, hash);
    mm_auth_digest(&auth->key, keep_token, &n.keep);
    if (code == MM_OK)
        code = mm_records_write(auth->rec, mm_system_company(&hold, n.company), work_password, &n);
    mm_wipe(hash, sizeof(hash));
    return code;
}

/* Letters and digits that can't be taken for one another, in four groups. */
static void make_groups(char *ret, size_t groups, const char *letters, size_t count)
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

void mm_account_make_password(char ret[MM_PASSWORD_MADE])
{
    /* 32 signs, so that every remainder is equally likely. */
    static const char letters[33] = "abcdefghijkmnopqrstuvwxy23456789";
    const struct mm_password_facts nobody = {0};

    do {
        make_groups(ret, 4, letters, 32);
    } while (mm_password_check(mm_slice_str(ret), &nobody) != 0); /* about 1 in 4 has no digit */
}

/* ---- authenticator apps -------------------------------------------------------------------------
 */

struct new_totp {
    uint32_t user;
    struct mm_slice box;
    int64_t step;
    struct mm_digest session;
};

static enum mm_code work_totp(struct mm_tx *tx, void *arg)
{
    const struct new_totp *n = arg;
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_CREDENTIAL_TOTP]);
    mm_q_int(&q, ":user", n->user);
    mm_q_blob(&q, ":totp", n->box);
    return mm_q_end(&q);
}

static enum mm_code set_totp(struct mm_auth *auth, uint32_t company, uint32_t user,
                             char ret_base32[MM_TOTP_BASE32])
{
    uint8_t secret[MM_TOTP_SECRET];
    struct new_totp n = {.user = user};
    struct mm_scope_hold hold;
    struct mm_buf box;
    enum mm_code code = MM_E_NOMEM;

    mm_random(secret, sizeof(secret));
    mm_buf_init(&box, sizeof(secret) + MM_SEAL_EXTRA);
    if (mm_seal(&auth->key, mm_slice_of(secret, sizeof(secret)), &box)) {
        n.box = mm_buf_slice(&box);
        code = mm_records_write(auth->rec, mm_system_company(&hold, company), work_totp, &n);
    }
    if (code == MM_OK)
        mm_totp_base32(secret, ret_base32);
    mm_buf_done(&box);
    mm_wipe(secret, sizeof(secret));
    return code;
}

enum mm_code mm_account_totp(struct mm_auth *auth, const struct mm_scope *scope, uint32_t user,
                             char ret_base32[MM_TOTP_BASE32])
{
    struct mm_arena a;
    struct known known;
    uint32_t company = 0;
    enum mm_code code;

    mm_arena_init(&a, FACT_BYTES * 4);
    code = read_known(auth, scope, user, &a, &company, &known);
    mm_arena_done(&a);
    return code == MM_OK ? set_totp(auth, company, user, ret_base32) : code;
}

enum mm_code mm_account_totp_self(struct mm_auth *auth, const struct mm_session *session,
                                  char ret_base32[MM_TOTP_BASE32])
{
    return set_totp(auth, session->company, session->user, ret_base32);
}

static enum mm_code work_confirm(struct mm_tx *tx, void *arg)
{
    const struct new_totp *n = arg;
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_CREDENTIAL_STEP]);
    mm_q_int(&q, ":user", n->user);
    mm_q_int(&q, ":step", n->step);
    code = mm_q_end_touch(&q);
    if (code != MM_OK)
        return code;
    mm_tx_elevate(tx);
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_SESSION_STRONG]);
    mm_q_blob(&q, ":digest", mm_digest_slice(&n->session));
    mm_q_int(&q, ":user", n->user);
    code = mm_q_end_touch(&q);
    mm_tx_drop(tx);
    return code;
}

/* The sealed secret opened, or why not. */
static enum mm_code read_totp(struct mm_auth *auth, const struct mm_scope *scope, uint32_t user,
                              struct mm_buf *secret, int64_t *ret_step)
{
    struct mm_tx *tx = NULL;
    struct mm_q q;
    enum mm_code code = mm_records_read(auth->rec, scope, &tx), opened = MM_E_AUTH;

    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_CREDENTIAL_GET]);
    mm_q_int(&q, ":user", user);
    if (mm_q_row(&q)) {
        opened = mm_unseal(&auth->key, mm_q_col_blob(&q, 1), secret);
        *ret_step = mm_q_col_int(&q, 2);
    }
    code = mm_q_end(&q);
    mm_records_read_done(&tx);
    if (code != MM_OK)
        return code;
    return opened == MM_OK && secret->n == MM_TOTP_SECRET ? MM_OK : MM_E_AUTH;
}

enum mm_code mm_account_totp_confirm(struct mm_auth *auth, const struct mm_session *session,
                                     struct mm_slice token, struct mm_slice code, int64_t now_us)
{
    struct new_totp n = {.user = session->user};
    struct mm_scope_hold hold;
    const struct mm_scope *own = mm_system_company(&hold, session->company);
    struct mm_buf secret;
    int64_t last = -1;
    enum mm_code rc;

    mm_buf_init(&secret, MM_TOTP_SECRET + MM_SEAL_EXTRA);
    rc = read_totp(auth, own, session->user, &secret, &last);
    if (rc == MM_OK && !mm_totp_check(secret.p, now_us / MM_US_PER_S, code, last, &n.step))
        rc = MM_E_AUTH;
    if (secret.p != NULL)
        mm_wipe(secret.p, secret.n);
    mm_buf_done(&secret);
    if (rc != MM_OK)
        return rc;
    mm_auth_digest(&auth->key, token, &n.session);
    rc = mm_records_write(auth->rec, own, work_confirm, &n);
    return rc == MM_E_NOTFOUND ? MM_E_AUTH : rc;
}

/* ---- printed codes and tokens -------------------------------------------------------------------
 */

struct new_codes {
    uint32_t user;
    struct mm_digest digest[MM_CODES_MAX];
    size_t count;
    int64_t now_us;
};

static enum mm_code write_codes(struct mm_tx *tx, const struct new_codes *n)
{
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_CODE_CLEAR]);
    mm_q_int(&q, ":user", n->user);
    code = mm_q_end(&q);
    for (size_t i = 0; i < n->count && code == MM_OK; i++) {
        mm_q_begin(&q, tx, &mm_register_stmts[MM_R_CODE_ADD]);
        mm_q_blob(&q, ":digest", mm_digest_slice(&n->digest[i]));
        mm_q_int(&q, ":user", n->user);
        mm_q_int(&q, ":now", n->now_us);
        code = mm_q_end(&q);
    }
    return code;
}

static enum mm_code work_codes(struct mm_tx *tx, void *arg)
{
    return write_codes(tx, arg);
}

enum mm_code mm_account_codes(struct mm_auth *auth, const struct mm_scope *scope, uint32_t user,
                              size_t count, int64_t now_us, char ret[][MM_CODE_TEXT])
{
    struct new_codes n = {.user = user, .count = count, .now_us = now_us};
    struct mm_scope_hold hold;
    struct mm_arena a;
    struct known known;
    uint32_t company = 0;
    enum mm_code code;

    MM_ASSERT(count >= 1 && count <= MM_CODES_MAX);
    mm_arena_init(&a, FACT_BYTES * 4);
    code = read_known(auth, scope, user, &a, &company, &known);
    mm_arena_done(&a);
    if (code != MM_OK)
        return code;
    for (size_t i = 0; i < count; i++) {
        bool formed;

        make_groups(ret[i], 3, mm_code_letters, 32);
        formed = mm_code_digest(&auth->key, user, mm_slice_str(ret[i]), &n.digest[i]);
        MM_ASSERT(formed);
    }
    return mm_records_write(auth->rec, mm_system_company(&hold, company), work_codes, &n);
}

enum mm_code mm_account_token(struct mm_auth *auth, struct mm_rec *token,
                              struct mm_digest *ret_digest, char ret_token[MM_AUTH_TEXT])
{
    uint8_t random[32];
    bool ingest = mm_slice_eq(token->v[MM_F_token_rights].s, MM_S("ingest"));
    struct mm_slice text;

    MM_ASSERT(token->entity->id == MM_REG_TOKEN && token->id == 0);
    if (token->v[MM_F_token_source].null == ingest || token->v[MM_F_token_user].null != ingest)
        return MM_E_RANGE; /* ingest is of a source, the rest of a user */
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
