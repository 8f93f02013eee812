/* register/login.c - see auth.h for the contract: logging in and slowing guesses down. */
#include "base/buf.h"
#include "base/ip.h"
#include "base/time.h"
#include "codec/ext/totp.h"
#include "register/audit.h"
#include "register/auth_priv.h"
#include "register/feature.h"
#include "store/records/system_scope.h"

enum {
    BOX_MAX = MM_TOTP_SECRET + MM_SEAL_EXTRA,
    FORGET_S = 3600, /* failures older than this no longer count */
};

const char mm_code_letters[33] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* What is known of the login name; nothing of it goes back to the caller. */
struct account {
    bool found;
    uint32_t user, company;
    const struct mm_role *role;
    char password[MM_PASSWORD_TEXT];
    size_t password_n;
    uint8_t box[BOX_MAX];
    size_t box_n;
    int64_t totp_step; /* -1: no app that was seen to work */
};

/* ---- slowing guesses down ---------------------------------------------------------------------
 */

/* Guesses at one login from one address; from one address; at one login from anywhere. The last
 * is generous, so that a stranger can't easily lock somebody out. */
enum { GATES = 3 };
static const int64_t gate_free[GATES] = {5, 20, 50};

struct gates {
    struct mm_digest digest[GATES];
    int64_t failures[GATES];
    int64_t wait_s;  /* longest of the three; 0: go on */
    size_t from, to; /* those that count here */
};

/* The address, or whose address it is; what is none stays as it is. */
static struct mm_slice owner_of(struct mm_slice peer, char text[MM_IP_TEXT])
{
    struct mm_ip ip;

    if (!mm_ip_parse(peer, &ip))
        return mm_slice_sub(peer, 0, MM_AUTH_LOGIN_MAX);
    ip = mm_ip_owner(&ip);
    mm_ip_text(&ip, text);
    return mm_slice_str(text);
}

static void gate_digests(const struct mm_auth *auth, const struct mm_login *l, struct gates *g)
{
    char owner[MM_IP_TEXT];

    g->from = l->login.n == 0 ? 1 : 0; /* without a name there is an address only */
    g->to = l->login.n == 0 ? 2 : GATES;
    for (size_t i = g->from; i < g->to; i++) {
        struct mm_buf b;

        mm_buf_init(&b, 1024);
        mm_buf_byte(&b, (uint8_t)('0' + i));
        if (i != 1)
            mm_buf_add(&b, mm_slice_sub(l->login, 0, MM_AUTH_LOGIN_MAX));
        mm_buf_byte(&b, 0);
        if (i != 2)
            mm_buf_add(&b, owner_of(l->peer, owner));
        MM_ASSERT(mm_buf_ok(&b));
        mm_digest_keyed(&auth->key, mm_buf_slice(&b), &g->digest[i]);
        mm_buf_done(&b);
    }
}

static enum mm_code gates_read(struct mm_tx *tx, int64_t now_us, struct gates *g)
{
    enum mm_code code = MM_OK;

    for (size_t i = g->from; i < g->to && code == MM_OK; i++) {
        struct mm_q q;

        mm_q_begin(&q, tx, &mm_register_stmts[MM_R_THROTTLE_GET]);
        mm_q_blob(&q, ":digest", mm_digest_slice(&g->digest[i]));
        if (mm_q_row(&q) && now_us - mm_q_col_int(&q, 2) < FORGET_S * MM_US_PER_S) {
            int64_t wait_us = mm_q_col_int(&q, 1) - now_us;

            g->failures[i] = mm_q_col_int(&q, 0);
            if (wait_us > g->wait_s * MM_US_PER_S)
                g->wait_s = (wait_us + MM_US_PER_S - 1) / MM_US_PER_S;
        }
        code = mm_q_end(&q);
    }
    return code;
}

static int64_t wait_after(int64_t failures, int64_t free)
{
    int64_t over = failures - free;

    if (over <= 0)
        return 0;
    return over >= 10 ? MM_AUTH_THROTTLE_MAX : (int64_t)1 << over;
}

static enum mm_code gates_write(struct mm_tx *tx, int64_t now_us, const struct gates *g)
{
    struct mm_q q;
    enum mm_code code = MM_OK;

    for (size_t i = g->from; i < g->to && code == MM_OK; i++) {
        int64_t failures = g->failures[i] + 1;

        mm_q_begin(&q, tx, &mm_register_stmts[MM_R_THROTTLE_PUT]);
        mm_q_blob(&q, ":digest", mm_digest_slice(&g->digest[i]));
        mm_q_int(&q, ":failures", failures);
        mm_q_int(&q, ":until", now_us + wait_after(failures, gate_free[i]) * MM_US_PER_S);
        mm_q_int(&q, ":now", now_us);
        code = mm_q_end(&q);
    }
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_THROTTLE_PURGE]);
    mm_q_int(&q, ":before", now_us - FORGET_S * MM_US_PER_S);
    return mm_q_end(&q);
}

/* ---- the account --------------------------------------------------------------------------------
 */

static enum mm_code account_read(struct mm_tx *tx, struct mm_slice login, struct account *ret)
{
    struct mm_slice hash, box;
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_AUTH_USER]);
    mm_q_text(&q, ":login", login);
    if (mm_q_row(&q)) {
        hash = mm_q_col_text(&q, 3);
        box = mm_q_col_blob(&q, 4);
        ret->user = mm_q_col_u32(&q, 0);
        ret->company = mm_q_col_u32(&q, 1);
        ret->role = mm_role_find(mm_q_col_text(&q, 2));
        ret->totp_step = mm_q_col_int(&q, 5);
        ret->found = ret->role != NULL;
        if (hash.n > 0 && hash.n < sizeof(ret->password))
            memcpy(ret->password, hash.p, ret->password_n = hash.n);
        if (box.n > 0 && box.n <= sizeof(ret->box))
            memcpy(ret->box, box.p, ret->box_n = box.n);
    }
    return mm_q_end(&q);
}

static enum mm_code look(struct mm_auth *auth, const struct mm_login *l, struct gates *g,
                         struct account *acc)
{
    struct mm_tx *tx = NULL;
    enum mm_code code = mm_records_read(auth->rec, mm_system_scope(), &tx);

    if (code != MM_OK)
        return code;
    code = gates_read(tx, l->now_us, g);
    if (code == MM_OK && l->login.n <= MM_AUTH_LOGIN_MAX)
        code = account_read(tx, l->login, acc);
    mm_records_read_done(&tx);
    return code;
}

/* Exactly `count` letters of a printed code as people type and read them; false otherwise. */
static bool read_letters(struct mm_slice text, uint8_t *to, size_t count)
{
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];

        if (c == '-' || c == ' ')
            continue;
        if (c >= 'a' && c <= 'z')
            c = (uint8_t)(c - 32);
        c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c; /* as they are read */
        if (n == count || memchr(mm_code_letters, c, 32) == NULL)
            return false;
        to[n++] = c;
    }
    return n == count;
}

bool mm_code_digest(const struct mm_key *key, uint32_t user, struct mm_slice text,
                    struct mm_digest *ret)
{
    uint8_t b[8 + MM_CODE_LETTERS] = {'c',
                                      'o',
                                      'd',
                                      'e',
                                      (uint8_t)(user >> 24),
                                      (uint8_t)(user >> 16),
                                      (uint8_t)(user >> 8),
                                      (uint8_t)user};

    if (!read_letters(text, b + 8, MM_CODE_LETTERS))
        return false;
    mm_digest_keyed(key, mm_slice_of(b, sizeof(b)), ret);
    return true;
}

bool mm_invite_digest(const struct mm_key *key, struct mm_slice text, struct mm_digest *ret)
{
    uint8_t b[6 + MM_INVITE_LETTERS] = {'i', 'n', 'v', 'i', 't', 'e'};

    if (!read_letters(text, b + 6, MM_INVITE_LETTERS))
        return false;
    mm_digest_keyed(key, mm_slice_of(b, sizeof(b)), ret);
    return true;
}

static bool code_is_there(struct mm_auth *auth, const struct account *acc,
                          const struct mm_digest *digest)
{
    struct mm_tx *tx = NULL;
    struct mm_q q;
    int64_t one = 0;

    if (mm_records_read(auth->rec, mm_system_scope(), &tx) != MM_OK)
        return false;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_AUTH_CODE]);
    mm_q_blob(&q, ":digest", mm_digest_slice(digest));
    mm_q_int(&q, ":user", acc->user);
    if (mm_q_end_int(&q, &one) != MM_OK)
        one = 0;
    mm_records_read_done(&tx);
    return one == 1;
}

/* What was proven, and what has to be used up with it. */
struct proof {
    bool by_code;
    bool instead; /* the code stands for the app's digits */
    struct mm_digest code;
    int64_t step; /* of the app; -1: none */
    bool strong;
    const struct mm_elsewhere *elsewhere; /* NULL: a password or a code of ours */
};

/* The first factor. The password is always computed, so that time says nothing about the login. */
static enum mm_code first_factor(struct mm_auth *auth, const struct mm_login *l,
                                 const struct account *acc, struct proof *p)
{
    struct mm_slice hash = mm_slice_of(acc->password, acc->password_n);
    bool usable = acc->found && acc->password_n > 0;
    enum mm_code code = mm_auth_verify(auth, usable ? hash : mm_slice_str(auth->nobody), l->secret);

    if (code == MM_OK && !usable)
        code = MM_E_AUTH;
    if (code != MM_E_AUTH || !acc->found || acc->role->place != MM_PLACE_PERSON)
        return code;
    p->by_code = mm_code_digest(&auth->key, acc->user, l->secret, &p->code) &&
                 code_is_there(auth, acc, &p->code);
    return p->by_code ? MM_OK : MM_E_AUTH;
}

static enum mm_code check_app(struct mm_auth *auth, const struct mm_login *l,
                              const struct account *acc, struct proof *p)
{
    struct mm_buf secret;
    enum mm_code code;

    mm_buf_init(&secret, BOX_MAX);
    code = mm_unseal(&auth->key, mm_slice_of(acc->box, acc->box_n), &secret);
    if (code == MM_OK &&
        (secret.n != MM_TOTP_SECRET ||
         !mm_totp_check(secret.p, l->now_us / MM_US_PER_S, l->totp, acc->totp_step, &p->step)))
        code = MM_E_AUTH;
    if (secret.p != NULL)
        mm_wipe(secret.p, secret.n);
    mm_buf_done(&secret);
    return code == MM_OK ? MM_OK : MM_E_AUTH;
}

/*
 * The second: MM_OK, MM_E_MORE (ask for it) or MM_E_AUTH. Who has lost the telephone with the app
 * uses a printed code; not who came in by one: a sheet of paper alone is no second factor.
 */
static enum mm_code second_factor(struct mm_auth *auth, const struct mm_login *l,
                                  const struct account *acc, struct proof *p)
{
    enum mm_code code;

    p->step = -1;
    p->strong = !acc->role->second;
    if (acc->totp_step < 0)
        return MM_OK; /* not set up: the session says so */
    if (l->totp.n == 0)
        return MM_E_MORE;
    if (!p->by_code && mm_code_digest(&auth->key, acc->user, l->totp, &p->code)) {
        p->by_code = p->instead = code_is_there(auth, acc, &p->code);
        code = p->by_code ? MM_OK : MM_E_AUTH;
    } else {
        code = check_app(auth, l, acc, p);
    }
    p->strong = code == MM_OK;
    return code;
}

/* ---- writing the outcome ---- */

struct outcome {
    const struct mm_login *l;
    const struct account *acc;
    const struct proof *p;
    const struct gates *g;
    struct mm_digest session;
    bool ok;
};

static enum mm_code audit(struct mm_tx *tx, const struct outcome *o, struct mm_slice action)
{
    enum mm_code code;

    if (!o->acc->found)
        return MM_OK; /* a login name that nobody has belongs to no company */
    code = mm_tx_narrow(tx, o->acc->company);
    if (code != MM_OK)
        return code;
    code = mm_audit_add(tx, &(struct mm_audit){.time_us = o->l->now_us,
                                               .user = o->acc->user,
                                               .actor = o->l->login,
                                               .action = action,
                                               .text = o->l->peer});
    mm_tx_widen(tx);
    return code;
}

/* Uses up code and step: two logins at the same moment with the same digits are one too many. */
static enum mm_code use_up(struct mm_tx *tx, const struct outcome *o)
{
    enum mm_code code = MM_OK;
    struct mm_q q;

    if (o->p->by_code) {
        mm_q_begin(&q, tx, &mm_register_stmts[MM_R_AUTH_CODE_USE]);
        mm_q_blob(&q, ":digest", mm_digest_slice(&o->p->code));
        mm_q_int(&q, ":user", o->acc->user);
        mm_q_int(&q, ":now", o->l->now_us);
        code = mm_q_end_touch(&q);
    }
    if (code == MM_OK && o->p->step >= 0) {
        mm_q_begin(&q, tx, &mm_register_stmts[MM_R_AUTH_STEP_USE]);
        mm_q_int(&q, ":step", o->p->step);
        mm_q_int(&q, ":user", o->acc->user);
        code = mm_q_end_touch(&q);
    }
    return code == MM_E_NOTFOUND ? MM_E_AUTH : code;
}

/* What the browser calls itself: its beginning, when that is plain text. */
static struct mm_slice agent_of(struct mm_slice agent)
{
    agent = mm_slice_sub(agent, 0, MM_AUTH_AGENT_MAX);
    for (size_t i = 0; i < agent.n; i++) {
        if (agent.p[i] < 0x20 || agent.p[i] > 0x7e)
            return mm_slice_sub(agent, 0, i);
    }
    return agent;
}

static enum mm_code session_add(struct mm_tx *tx, const struct outcome *o)
{
    int64_t now = o->l->now_us;
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_SESSION_PURGE]);
    mm_q_int(&q, ":now", now);
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_SESSION_ADD]);
    mm_q_blob(&q, ":digest", mm_digest_slice(&o->session));
    mm_q_int(&q, ":owner", o->acc->company);
    mm_q_int(&q, ":user", o->acc->user);
    mm_q_int(&q, ":now", now);
    mm_q_int(&q, ":expires", now + MM_AUTH_SESSION_H * 3600 * MM_US_PER_S);
    mm_q_int(&q, ":strong", o->p->strong);
    mm_q_text(&q, ":peer", o->l->peer);
    mm_q_text(&q, ":agent", agent_of(o->l->agent));
    mm_q_text(&q, ":how",
              o->p->elsewhere != NULL           ? MM_S("oidc")
              : o->p->by_code && !o->p->instead ? MM_S("code")
                                                : MM_S("password"));
    return mm_q_end(&q);
}

static enum mm_code work_outcome(struct mm_tx *tx, void *arg)
{
    const struct outcome *o = arg;
    struct mm_q q;
    enum mm_code code;

    if (!o->ok) {
        struct gates g = *o->g;

        /* Read again: of many guesses at the same moment each one counts. */
        code = gates_read(tx, o->l->now_us, &g);
        if (code == MM_OK)
            code = gates_write(tx, o->l->now_us, &g);
        return code == MM_OK ? audit(tx, o, MM_S("login.refused")) : code;
    }
    code = use_up(tx, o);
    if (code == MM_OK && o->p->elsewhere != NULL)
        code = o->p->elsewhere->with(tx, o->p->elsewhere->arg);
    if (code == MM_OK)
        code = session_add(tx, o);
    if (code == MM_OK) {
        mm_q_begin(&q, tx, &mm_register_stmts[MM_R_THROTTLE_CLEAR]);
        mm_q_blob(&q, ":digest", mm_digest_slice(&o->g->digest[0]));
        code = mm_q_end(&q);
    }
    if (code != MM_OK)
        return code;
    return audit(tx, o,
                 o->p->elsewhere != NULL ? MM_S("login.oidc")
                 : o->p->instead         ? MM_S("login.code")
                                         : MM_S("login"));
}

/* Whether it was proven (MM_OK) or not (MM_E_AUTH) is written down; with a session when it was. */
static enum mm_code settle(struct mm_auth *auth, struct outcome *o, enum mm_code code,
                           char ret_token[MM_AUTH_TEXT])
{
    char token[MM_AUTH_TEXT];
    enum mm_code written;

    o->ok = code == MM_OK;
    mm_session_make(auth, token, &o->session);
    written = mm_records_write(auth->rec, mm_system_scope(), work_outcome, o);
    if (written == MM_OK && code == MM_OK)
        memcpy(ret_token, token, sizeof(token));
    return written != MM_OK ? written : code;
}

enum mm_code mm_auth_login(struct mm_auth *auth, const struct mm_login *login,
                           char ret_token[MM_AUTH_TEXT], int64_t *ret_wait_s)
{
    struct account acc = {.totp_step = -1};
    struct proof p = {.step = -1};
    struct gates g = {0};
    struct outcome o = {.l = login, .acc = &acc, .p = &p, .g = &g};
    enum mm_code code;

    gate_digests(auth, login, &g);
    code = look(auth, login, &g, &acc);
    if (code != MM_OK)
        return code;
    *ret_wait_s = g.wait_s;
    if (g.wait_s > 0)
        return MM_E_BUSY;
    code = first_factor(auth, login, &acc, &p);
    if (code == MM_OK)
        code = second_factor(auth, login, &acc, &p);
    if (code == MM_OK || code == MM_E_AUTH)
        code = settle(auth, &o, code, ret_token);
    mm_wipe(&acc, sizeof(acc));
    return code;
}

enum mm_code mm_auth_elsewhere(struct mm_auth *auth, const struct mm_login *login,
                               const struct mm_elsewhere *elsewhere, char ret_token[MM_AUTH_TEXT],
                               int64_t *ret_wait_s)
{
    struct account acc = {.totp_step = -1};
    /* Guesses slow down who has to show digits; nobody can lock out who has to show nothing. */
    struct proof p = {.step = -1, .elsewhere = elsewhere, .strong = true};
    struct gates g = {0};
    struct outcome o = {.l = login, .acc = &acc, .p = &p, .g = &g};
    enum mm_code code;

    gate_digests(auth, login, &g);
    code = look(auth, login, &g, &acc);
    *ret_wait_s = g.wait_s;
    if (code == MM_OK)
        code = g.wait_s > 0 && !elsewhere->strong ? MM_E_BUSY : acc.found ? MM_OK : MM_E_DENIED;
    if (code == MM_OK && !elsewhere->strong)
        code = second_factor(auth, login, &acc, &p);
    if (code == MM_OK || code == MM_E_AUTH)
        code = settle(auth, &o, code, ret_token);
    mm_wipe(&acc, sizeof(acc));
    return code;
}

/* ---- guesses at what has no login name ---- */

enum mm_code mm_guess_allowed(struct mm_auth *auth, struct mm_slice peer, int64_t now_us,
                              int64_t *ret_wait_s)
{
    const struct mm_login l = {.peer = peer, .now_us = now_us};
    struct gates g = {0};
    struct mm_tx *tx = NULL;
    enum mm_code code;

    gate_digests(auth, &l, &g);
    code = mm_records_read(auth->rec, mm_system_scope(), &tx);
    if (code != MM_OK)
        return code;
    code = gates_read(tx, now_us, &g);
    mm_records_read_done(&tx);
    if (code != MM_OK)
        return code;
    *ret_wait_s = g.wait_s;
    return g.wait_s > 0 ? MM_E_BUSY : MM_OK;
}

struct guess {
    struct gates g;
    int64_t now_us;
};

static enum mm_code work_guess(struct mm_tx *tx, void *arg)
{
    struct guess *w = arg;
    enum mm_code code = gates_read(tx, w->now_us, &w->g);

    return code == MM_OK ? gates_write(tx, w->now_us, &w->g) : code;
}

enum mm_code mm_guess_failed(struct mm_auth *auth, struct mm_slice peer, int64_t now_us)
{
    const struct mm_login l = {.peer = peer, .now_us = now_us};
    struct guess w = {.now_us = now_us};

    gate_digests(auth, &l, &w.g);
    return mm_records_write(auth->rec, mm_system_scope(), work_guess, &w);
}
