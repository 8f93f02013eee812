/* register/relay.c - see relay.h for the contract. */
#include "register/relay.h"

#include <stdio.h>

#include "base/time.h"
#include "codec/ext/enrol.h"
#include "register/auth_priv.h"
#include "register/feature.h"
#include "store/records/system_scope.h"

enum {
    ARENA = 256 * 1024,
    CODE_TRIES = 20, /* to find four digits that are free among 10,000 */
    BOX = MM_KEY + MM_SEAL_EXTRA,
    OFFER_MAX = 2048,
};

static void sign_seed(const struct mm_auth *auth, struct mm_key *ret)
{
    struct mm_digest d;

    mm_digest_keyed(&auth->key, MM_S("mimamori relay settings 1"), &d);
    memcpy(ret->b, d.b, MM_KEY);
    mm_wipe(&d, sizeof(d));
}

/* ---- codes ---- */

struct making {
    uint32_t relay;
    struct mm_callcode code;
    struct mm_slice box;
    int64_t now_us, until_us;
    struct mm_auth *auth;
};

static enum mm_code note(struct mm_tx *tx, const char *action, uint32_t relay, const char *actor,
                         int64_t now_us)
{
    char object[32];

    (void)snprintf(object, sizeof(object), "relay %u", relay);
    return mm_audit_add(tx, &(struct mm_audit){.time_us = now_us,
                                               .actor = mm_slice_str(actor),
                                               .action = mm_slice_str(action),
                                               .object = mm_slice_str(object)});
}

static enum mm_code work_code(struct mm_tx *tx, void *arg)
{
    const struct making *m = arg;
    struct mm_arena a;
    struct mm_rec rec;
    struct mm_q q;
    enum mm_code code;

    mm_arena_init(&a, ARENA);
    code = mm_rec_get(tx, mm_entity(MM_REG_RELAY), m->relay, &a, &rec);
    if (code == MM_OK && rec.ended_us != 0)
        code = MM_E_NOTFOUND;
    mm_arena_done(&a);
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_RELAY_CODE_PUT]);
    mm_q_int(&q, ":relay", m->relay);
    mm_q_text(&q, ":code", mm_slice_str(m->code.id));
    mm_q_blob(&q, ":box", m->box);
    mm_q_int(&q, ":until", m->until_us);
    code = mm_q_end(&q);
    return code == MM_OK ? note(tx, "relay.code", m->relay, "", m->now_us) : code;
}

/* A code whose four digits nobody has, and its key in a box. */
static enum mm_code make_code(struct mm_auth *auth, struct making *m, struct mm_buf *box)
{
    uint8_t bytes[MM_CALLCODE_DIGITS - 1];
    struct mm_key key;
    enum mm_code code;

    do {
        mm_random(bytes, sizeof(bytes));
    } while (!mm_callcode_of(bytes, &m->code));
    code = mm_enrol_code_key(&m->code, auth->password_memory, &key);
    mm_buf_reset(box);
    if (code == MM_OK && !mm_seal(&auth->key, mm_slice_of(key.b, MM_KEY), box))
        code = MM_E_NOMEM;
    m->box = mm_buf_slice(box);
    mm_wipe(&key, sizeof(key));
    mm_wipe(bytes, sizeof(bytes));
    return code;
}

enum mm_code mm_relay_code(struct mm_auth *auth, const struct mm_scope *scope, uint32_t relay,
                           int64_t now_us, char ret_code[MM_CALLCODE_TEXT], int64_t *ret_until_us)
{
    struct making m = {.relay = relay,
                       .now_us = now_us,
                       .until_us = now_us + MM_RELAY_CODE_H * 3600 * MM_US_PER_S,
                       .auth = auth};
    enum mm_code code = MM_E_EXISTS;
    struct mm_buf box;

    mm_buf_init(&box, BOX);
    for (int i = 0; i < CODE_TRIES && code == MM_E_EXISTS; i++) {
        code = make_code(auth, &m, &box);
        if (code == MM_OK)
            code = mm_records_write(auth->rec, scope, work_code, &m);
    }
    mm_buf_done(&box);
    if (code == MM_OK) {
        mm_callcode_text(&m.code, ret_code);
        *ret_until_us = m.until_us;
    }
    mm_wipe(&m.code, sizeof(m.code));
    return code;
}

/* ---- settings ---- */

struct signing {
    struct mm_auth *auth;
    uint32_t relay;
    struct mm_fault *fault;
};

static enum mm_code work_sign(struct mm_tx *tx, void *arg)
{
    const struct signing *s = arg;
    struct mm_relay_state now = {0};
    uint8_t signature[MM_SIGNATURE];
    char text[MM_SIGNATURE * 4 / 3 + 8];
    struct mm_key seed;
    struct mm_arena a;
    struct mm_buf out;
    struct mm_rec rec;
    struct mm_q q;
    enum mm_code code;

    mm_arena_init(&a, ARENA);
    mm_buf_init(&out, MM_RELAYSET_MAX);
    code = mm_rec_get(tx, mm_entity(MM_REG_RELAY), s->relay, &a, &rec);
    if (code == MM_OK)
        code = mm_relay_state(tx, s->relay, &a, &now);
    if (code == MM_OK)
        code = mm_relayset_write(
            s->relay, now.serial + 1, rec.v[MM_F_relay_listen].s,
            rec.v[MM_F_relay_follow].null ? MM_S("") : rec.v[MM_F_relay_follow].s, &out, s->fault);
    if (code == MM_OK) {
        sign_seed(s->auth, &seed);
        mm_sign(&seed, mm_buf_slice(&out), signature);
        mm_wipe(&seed, sizeof(seed));
        mm_base64url(mm_slice_of(signature, sizeof(signature)), text, sizeof(text));
        mm_buf_fmt(&out, "signature %s\n", text);
        mm_q_begin(&q, tx, &mm_register_stmts[MM_R_RELAY_SETTINGS_PUT]);
        mm_q_int(&q, ":relay", s->relay);
        mm_q_int(&q, ":serial", (int64_t)now.serial + 1);
        mm_q_text(&q, ":settings", mm_buf_slice(&out));
        code = mm_buf_ok(&out) ? mm_q_end(&q) : MM_E_LIMIT;
    }
    mm_buf_done(&out);
    mm_arena_done(&a);
    return code;
}

enum mm_code mm_relay_sign(struct mm_auth *auth, const struct mm_scope *scope, uint32_t relay,
                           struct mm_fault *fault)
{
    struct signing s = {.auth = auth, .relay = relay, .fault = fault};

    return mm_records_write(auth->rec, scope, work_sign, &s);
}

enum mm_code mm_relay_state(struct mm_tx *tx, uint32_t relay, struct mm_arena *a,
                            struct mm_relay_state *ret)
{
    struct mm_relay_state s = {0};
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_RELAY_KEY_GET]);
    mm_q_int(&q, ":relay", relay);
    if (mm_q_row(&q)) {
        s.serial = (uint64_t)mm_q_col_int(&q, 0);
        s.epoch = (uint64_t)mm_q_col_int(&q, 1);
        s.enrolled_us = mm_q_col_int(&q, 2);
        s.machine = mm_q_col_dup(&q, 3, a);
        s.code_until_us = mm_q_col_int(&q, 5) != 0 ? mm_q_col_int(&q, 4) : 0;
    }
    code = mm_q_end(&q);
    if (code == MM_OK)
        *ret = s;
    return code;
}

/* ---- who comes with a code ---- */

struct waiting {
    uint32_t relay, company;
    uint32_t epoch;
    struct mm_key code_key;
    struct mm_digest of_box;
};

static int refuse(struct mm_buf *out, int status, const char *why)
{
    mm_buf_reset(out);
    mm_buf_fmt(out, "error %s\n", why);
    return status;
}

/* The relay that waits for this code; 200, or what is answered. */
static int find_code(struct mm_auth *auth, const struct mm_relay_request *r, struct waiting *ret,
                     struct mm_buf *out)
{
    struct mm_tx *tx = NULL;
    struct mm_buf key;
    struct mm_q q;
    int status = 404;

    mm_buf_init(&key, BOX);
    if (mm_records_read(auth->rec, mm_system_scope(), &tx) != MM_OK)
        return refuse(out, 503, "relay.records");
    (void)refuse(out, 404, "relay.code.wrong");
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_RELAY_CODE_FIND]);
    mm_q_text(&q, ":code", r->code);
    if (mm_q_row(&q)) {
        ret->relay = mm_q_col_u32(&q, 0);
        ret->company = mm_q_col_u32(&q, 1);
        ret->epoch = mm_q_col_u32(&q, 5);
        if (mm_q_col_null(&q, 2)) {
            status = refuse(out, 410, "relay.code.used");
        } else if (mm_q_col_int(&q, 4) >= MM_RELAY_CODE_ASKED) {
            status = refuse(out, 410, "relay.code.tries");
        } else if (mm_q_col_int(&q, 3) <= r->now_us) {
            status = refuse(out, 410, "relay.code.old");
        } else if (mm_unseal(&auth->key, mm_q_col_blob(&q, 2), &key) == MM_OK && key.n == MM_KEY) {
            memcpy(ret->code_key.b, key.p, MM_KEY);
            mm_digest(mm_q_col_blob(&q, 2), &ret->of_box);
            status = 200;
        }
    }
    if (mm_q_end(&q) != MM_OK)
        status = refuse(out, 503, "relay.records");
    mm_records_read_done(&tx);
    if (key.n > 0)
        mm_wipe(key.p, key.n);
    mm_buf_done(&key);
    return status;
}

struct counting {
    struct mm_slice code;
    int64_t tries;
};

static enum mm_code work_count(struct mm_tx *tx, void *arg)
{
    const struct counting *c = arg;
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_RELAY_CODE_TRY]);
    mm_q_text(&q, ":code", c->code);
    mm_q_int(&q, ":tries", c->tries);
    return mm_q_end(&q);
}

static enum mm_code count_try(struct mm_auth *auth, struct mm_slice code, int64_t tries)
{
    struct counting c = {.code = code, .tries = tries};

    return mm_records_write(auth->rec, mm_system_scope(), work_count, &c);
}

/* The key of this enrolment. Our half is made of what both steps bring, so that nothing has to be
 * kept between them, and of a key that nobody else has. */
static bool session_of(const struct mm_auth *auth, const struct mm_relay_request *r,
                       const struct waiting *w, struct mm_key *ret_half, struct mm_key *ret)
{
    uint8_t all[8 + MM_DIGEST + MM_KEY] = "relay 1";
    struct mm_key theirs, secret;
    struct mm_digest d;
    bool ok;

    if (!mm_base64url_exact(r->half, theirs.b, MM_KEY))
        return false;
    memcpy(all + 8, w->of_box.b, MM_DIGEST);
    memcpy(all + 8 + MM_DIGEST, theirs.b, MM_KEY);
    mm_digest_keyed(&auth->key, mm_slice_of(all, sizeof(all)), &d);
    memcpy(secret.b, d.b, MM_KEY);
    mm_dh_public(&secret, ret_half);
    ok = mm_enrol_session(&w->code_key, &secret, &theirs, ret_half, false, ret);
    mm_wipe(&secret, sizeof(secret));
    mm_wipe(&d, sizeof(d));
    return ok;
}

static int offer(struct mm_auth *auth, const struct mm_relay_request *r, const struct waiting *w,
                 struct mm_buf *out)
{
    char half[MM_ENROL_TEXT], centre[MM_ENROL_TEXT], proof[MM_ENROL_TEXT];
    struct mm_key session, ours, seed, public_key;
    struct mm_buf text;

    if (!session_of(auth, r, w, &ours, &session))
        return refuse(out, 400, "relay.half");
    if (count_try(auth, r->code, 1) != MM_OK)
        return refuse(out, 503, "relay.records");
    sign_seed(auth, &seed);
    mm_sign_public(&seed, &public_key);
    mm_wipe(&seed, sizeof(seed));
    mm_base64url(mm_slice_of(public_key.b, MM_KEY), centre, sizeof(centre));
    mm_base64url(mm_slice_of(ours.b, MM_KEY), half, sizeof(half));
    mm_buf_init(&text, OFFER_MAX);
    mm_buf_fmt(&text, "url %s\npin %s\ncentre %s\n", r->url, r->pin, centre);
    mm_enrol_proof(&session, "centre", mm_buf_slice(&text), proof);
    mm_buf_reset(out);
    mm_buf_add(out, mm_buf_slice(&text));
    mm_buf_fmt(out, "half %s\nproof %s\n", half, proof);
    mm_buf_done(&text);
    mm_wipe(&session, sizeof(session));
    return 200;
}

struct taking {
    const struct mm_relay_request *r;
    const struct waiting *w;
    struct mm_digest digest;
    bool second;
};

static enum mm_code work_take(struct mm_tx *tx, void *arg)
{
    struct taking *t = arg;
    struct mm_q q;
    int64_t others = 0;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_RELAY_ENROLLED]);
    mm_q_text(&q, ":code", t->r->code);
    mm_q_blob(&q, ":digest", mm_digest_slice(&t->digest));
    mm_q_text(&q, ":machine", t->r->machine);
    mm_q_int(&q, ":now", t->r->now_us);
    code = mm_q_end_touch(&q);
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_RELAY_OTHERS]);
    mm_q_int(&q, ":owner", t->w->company);
    mm_q_int(&q, ":relay", t->w->relay);
    code = mm_q_end_int(&q, &others);
    if (code != MM_OK)
        return code;
    t->second = others > 0 && t->w->epoch == 0;
    if (t->second) {
        mm_q_begin(&q, tx, &mm_register_stmts[MM_R_RELAY_HOLD]);
        mm_q_int(&q, ":relay", t->w->relay);
        mm_q_int(&q, ":now", t->r->now_us);
        code = mm_q_end(&q);
    }
    if (code == MM_OK)
        code = mm_tx_narrow(tx, t->w->company);
    if (code == MM_OK) {
        code = note(tx, "relay.enrol", t->w->relay, "relay", t->r->now_us);
        mm_tx_widen(tx);
    }
    return code;
}

static int take(struct mm_auth *auth, const struct mm_relay_request *r, const struct waiting *w,
                struct mm_buf *out)
{
    struct taking t = {.r = r, .w = w};
    char token[MM_ENROL_TEXT], proof[MM_ENROL_TEXT];
    struct mm_key session, ours;
    enum mm_code code;

    if (r->machine.n > 64 || !session_of(auth, r, w, &ours, &session))
        return refuse(out, 400, "relay.half");
    if (!mm_enrol_proved(&session, "relay", r->machine, r->proof)) {
        mm_wipe(&session, sizeof(session));
        if (count_try(auth, r->code, MM_RELAY_CODE_ASKED / MM_RELAY_CODE_WRONG) != MM_OK)
            return refuse(out, 503, "relay.records");
        return refuse(out, 404, "relay.code.wrong");
    }
    mm_enrol_proof(&session, "token", MM_S(""), token);
    mm_auth_digest(&auth->key, mm_slice_str(token), &t.digest);
    code = mm_records_write(auth->rec, mm_system_scope(), work_take, &t);
    mm_wipe(token, sizeof(token));
    if (code == MM_OK) {
        mm_buf_reset(out);
        mm_buf_fmt(out, "relay %u\nepoch %u\n", w->relay, w->epoch + 1);
        mm_enrol_proof(&session, "taken", mm_buf_slice(out), proof);
        mm_buf_fmt(out, "proof %s\n", proof);
    }
    mm_wipe(&session, sizeof(session));
    if (code == MM_E_NOTFOUND)
        return refuse(out, 410, "relay.code.used"); /* two came at the same moment */
    return code == MM_OK ? 200 : refuse(out, 503, "relay.records");
}

int mm_relay_enrolling(struct mm_auth *auth, const struct mm_relay_request *r, struct mm_buf *out,
                       int64_t *ret_wait_s)
{
    struct waiting w = {0};
    enum mm_code code = mm_guess_allowed(auth, r->peer, r->now_us, ret_wait_s);
    int status;

    if (code != MM_OK)
        return refuse(out, code == MM_E_BUSY ? 429 : 503, "relay.tries");
    status = r->code.n == MM_CALLCODE_ID ? find_code(auth, r, &w, out)
                                         : refuse(out, 404, "relay.code.wrong");
    if (status == 200 && mm_slice_eq(r->step, MM_S("ask")))
        status = offer(auth, r, &w, out);
    else if (status == 200 && mm_slice_eq(r->step, MM_S("take")))
        status = take(auth, r, &w, out);
    else if (status == 200)
        status = refuse(out, 400, "relay.step");
    if (status == 404 && mm_guess_failed(auth, r->peer, r->now_us) != MM_OK)
        status = refuse(out, 503, "relay.records");
    mm_wipe(&w, sizeof(w));
    return status;
}

/* ---- for intake ---- */

enum mm_code mm_relay_digests(struct mm_tx *tx,
                              bool (*each)(void *arg, const struct mm_relay_digest *d), void *arg)
{
    struct mm_q q;
    bool more = true;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_RELAY_DIGESTS]);
    while (more && mm_q_row(&q)) {
        struct mm_slice digest = mm_q_col_blob(&q, 2);
        struct mm_relay_digest d = {.relay = mm_q_col_u32(&q, 0),
                                    .company = mm_q_col_u32(&q, 1),
                                    .epoch = (uint8_t)(mm_q_col_u32(&q, 3) & UINT8_MAX),
                                    .serial = (uint64_t)mm_q_col_int(&q, 4),
                                    .mode = mm_q_col_text(&q, 5)};

        if (digest.n != MM_DIGEST)
            continue;
        memcpy(d.digest.b, digest.p, MM_DIGEST);
        more = each(arg, &d);
    }
    return mm_q_end(&q);
}

enum mm_code mm_relay_settings(struct mm_tx *tx, uint32_t relay, struct mm_buf *out)
{
    enum mm_code code;
    struct mm_q q;
    bool found;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_RELAY_SETTINGS_GET]);
    mm_q_int(&q, ":relay", relay);
    found = mm_q_row(&q);
    if (found)
        mm_buf_add(out, mm_q_col_text(&q, 0));
    code = mm_q_end(&q);
    return code == MM_OK && !found ? MM_E_NOTFOUND : code;
}
