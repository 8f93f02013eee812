/* register/relay_test.c - a code makes one relay, once; settings are signed; a second one waits. */
#include "register/relay.h"

#include <stdio.h>

#include "codec/ext/enrol.h"
#include "register/house_test.h"

#define HOUR (3600 * MM_US_PER_S)

/* The other side. */
struct machine {
    struct mm_key secret, half, session, centre;
    struct mm_callcode code;
    char half_text[MM_ENROL_TEXT], token[MM_ENROL_TEXT];
};

static bool line_of(struct mm_slice text, const char *name, char ret[128])
{
    for (size_t at = 0; at < text.n;) {
        size_t lf = mm_slice_find(text, '\n', at), n = strlen(name);
        struct mm_slice line = mm_slice_sub(text, at, lf - at);

        if (mm_slice_starts(line, mm_slice_str(name)) && line.n > n && line.p[n] == ' ' &&
            line.n - n < 128) {
            memcpy(ret, line.p + n + 1, line.n - n - 1);
            ret[line.n - n - 1] = 0;
            return true;
        }
        at = lf + 1;
    }
    return false;
}

static int say(struct house *h, const struct machine *m, const char *step, const char *proof,
               int64_t now_us, char ret[2048])
{
    struct mm_relay_request r = {.step = mm_slice_str(step),
                                 .code = mm_slice_str(m->code.id),
                                 .half = mm_slice_str(m->half_text),
                                 .machine = MM_S("box"),
                                 .proof = mm_slice_str(proof),
                                 .peer = MM_S("192.0.2.5"),
                                 .url = ":8514",
                                 .pin = "sha256//x",
                                 .now_us = now_us};
    struct mm_buf out;
    int64_t wait_s = 0;
    int status;

    mm_buf_init(&out, 2048);
    status = mm_relay_enrolling(h->auth, &r, &out, &wait_s);
    CHECK(out.n < 2048);
    memcpy(ret, out.p, out.n);
    ret[out.n] = 0;
    mm_buf_done(&out);
    return status;
}

static void come(struct machine *m, const char *code)
{
    CHECK(mm_callcode_parse(mm_slice_str(code), &m->code) == MM_OK);
    mm_random(&m->secret, sizeof(m->secret));
    mm_dh_public(&m->secret, &m->half);
    mm_base64url(mm_slice_of(m->half.b, MM_KEY), m->half_text, sizeof(m->half_text));
}

/* Ask who is there, and hold the answer against the code. */
static int ask(struct house *h, struct machine *m, int64_t now_us, bool *ret_known)
{
    char text[2048], half[128], proof[128], centre[128], offer[512];
    struct mm_key theirs, code_key;
    int status = say(h, m, "ask", "", now_us, text);

    *ret_known = false;
    if (status != 200)
        return status;
    CHECK(line_of(mm_slice_str(text), "half", half) && line_of(mm_slice_str(text), "proof", proof));
    CHECK(line_of(mm_slice_str(text), "centre", centre));
    CHECK(mm_base64url_exact(mm_slice_str(half), theirs.b, MM_KEY));
    CHECK(mm_base64url_exact(mm_slice_str(centre), m->centre.b, MM_KEY));
    CHECK(mm_enrol_code_key(&m->code, MM_PASSWORD_MEMORY_MIN, &code_key) == MM_OK);
    CHECK(mm_enrol_session(&code_key, &m->secret, &m->half, &theirs, true, &m->session));
    (void)snprintf(offer, sizeof(offer), "url :8514\npin sha256//x\ncentre %s\n", centre);
    *ret_known = mm_enrol_proved(&m->session, "centre", mm_slice_str(offer), mm_slice_str(proof));
    return status;
}

static int take(struct house *h, struct machine *m, int64_t now_us, char text[2048])
{
    char proof[MM_ENROL_TEXT];

    mm_enrol_proof(&m->session, "relay", MM_S("box"), proof);
    mm_enrol_proof(&m->session, "token", MM_S(""), m->token);
    return say(h, m, "take", proof, now_us, text);
}

static uint32_t add_relay(struct house *h, const char *name)
{
    return mm_register_add(h->rec, h->company, MM_REG_RELAY, "name", name, "listen",
                           "udp/514 tcp/514", NULL);
}

static void code_of(struct house *h, uint32_t relay, int64_t now_us, char code[MM_CALLCODE_TEXT])
{
    struct mm_scope_hold hold;
    int64_t until_us = 0;

    CHECK_NUM(mm_relay_code(h->auth, mm_system_company(&hold, h->company), relay, now_us, code,
                            &until_us),
              MM_OK);
    CHECK_NUM(until_us, now_us + MM_RELAY_CODE_H * HOUR);
}

struct found {
    const char *token;
    uint32_t relay;
    uint8_t epoch;
    char mode[16];
    size_t n;
};

static bool find(void *arg, const struct mm_relay_digest *d)
{
    struct found *f = arg;
    struct mm_digest want;

    f->n++;
    mm_auth_digest(&house_key, mm_slice_str(f->token), &want);
    if (memcmp(want.b, d->digest.b, MM_DIGEST) == 0) {
        f->relay = d->relay;
        f->epoch = d->epoch;
        (void)snprintf(f->mode, sizeof(f->mode), "%.*s", MM_S_ARG(d->mode));
    }
    return true;
}

static struct found found(struct house *h, const char *token)
{
    struct found f = {.token = token};
    struct mm_tx *tx = NULL;

    CHECK(mm_records_read(h->rec, mm_system_scope(), &tx) == MM_OK);
    CHECK(mm_relay_digests(tx, find, &f) == MM_OK);
    mm_records_read_done(&tx);
    return f;
}

static void enrol_one(struct house *h, uint32_t relay, int64_t now_us, struct machine *m)
{
    char code[MM_CALLCODE_TEXT], text[2048];
    bool known;

    code_of(h, relay, now_us, code);
    come(m, code);
    CHECK_NUM(ask(h, m, now_us, &known), 200);
    CHECK(known);
    CHECK_NUM(take(h, m, now_us, text), 200);
}

TEST(relay_code_makes_one_relay_once)
{
    struct house h = built();
    int64_t now = MM_REGISTER_NOW + MINUTE;
    uint32_t relay = add_relay(&h, "office");
    struct machine m, again;
    char text[2048], why[128];
    struct found f;
    bool known;

    enrol_one(&h, relay, now, &m);
    f = found(&h, m.token);
    CHECK(f.relay == relay && f.epoch == 1 && strcmp(f.mode, "active") == 0);
    again = m;
    CHECK_NUM(ask(&h, &again, now, &known), 410); /* used */
    CHECK_NUM(say(&h, &m, "take", "", now, text), 410);
    CHECK(line_of(mm_slice_str(text), "error", why) && strcmp(why, "relay.code.used") == 0);
    enrol_one(&h, relay, now + HOUR, &again); /* a new code: the one before is out */
    CHECK_NUM(found(&h, m.token).relay, 0);
    CHECK_NUM(found(&h, again.token).epoch, 2);
    gone(&h);
}

TEST(relay_code_that_is_wrong_says_so_and_ends)
{
    struct house h = built();
    int64_t now = MM_REGISTER_NOW + MINUTE;
    uint32_t relay = add_relay(&h, "office");
    char code[MM_CALLCODE_TEXT], text[2048], why[128];
    struct machine m;
    bool known;

    code_of(&h, relay, now, code);
    come(&m, code);
    m.code.secret[0] = m.code.secret[0] == '0' ? '1' : '0';
    CHECK_NUM(ask(&h, &m, now, &known), 200);
    CHECK(!known); /* and so a relay says nothing more */
    for (int i = 0; i < MM_RELAY_CODE_WRONG; i++)
        CHECK_NUM(take(&h, &m, now + i * 15 * MINUTE, text), 404);
    CHECK_NUM(take(&h, &m, now + 2 * HOUR, text), 410);
    CHECK(line_of(mm_slice_str(text), "error", why) && strcmp(why, "relay.code.tries") == 0);
    CHECK_NUM(found(&h, "").n, 0);
    gone(&h);
}

TEST(relay_code_ends_with_its_day)
{
    struct house h = built();
    int64_t now = MM_REGISTER_NOW + MINUTE;
    uint32_t relay = add_relay(&h, "office");
    char code[MM_CALLCODE_TEXT];
    struct machine m;
    bool known;

    code_of(&h, relay, now, code);
    come(&m, code);
    CHECK_NUM(ask(&h, &m, now + MM_RELAY_CODE_H * HOUR, &known), 410);
    CHECK_NUM(ask(&h, &m, now + (MM_RELAY_CODE_H - 1) * HOUR, &known), 200);
    memcpy(m.code.id, "0000", 4);
    if (strncmp(code, "0000", 4) != 0)
        CHECK_NUM(ask(&h, &m, now, &known), 404);
    gone(&h);
}

TEST(relay_second_of_a_company_waits)
{
    struct house h = built();
    int64_t now = MM_REGISTER_NOW + MINUTE;
    struct machine first, second;

    enrol_one(&h, add_relay(&h, "office"), now, &first);
    enrol_one(&h, add_relay(&h, "works"), now, &second);
    CHECK(strcmp(found(&h, first.token).mode, "active") == 0);
    CHECK(strcmp(found(&h, second.token).mode, "held") == 0);
    gone(&h);
}

TEST(relay_settings_are_signed_with_rising_serials)
{
    struct house h = built();
    uint32_t relay = add_relay(&h, "office");
    struct mm_scope_hold hold;
    uint8_t signature[MM_SIGNATURE];
    struct mm_relayset set;
    struct mm_tx *tx = NULL;
    struct machine m;
    struct mm_buf out;

    enrol_one(&h, relay, MM_REGISTER_NOW + MINUTE, &m);
    for (int i = 0; i < 2; i++)
        CHECK_NUM(mm_relay_sign(h.auth, mm_system_company(&hold, h.company), relay, NULL), MM_OK);
    mm_buf_init(&out, MM_RELAYSET_MAX);
    CHECK(mm_records_read(h.rec, mm_system_scope(), &tx) == MM_OK);
    CHECK(mm_relay_settings(tx, relay, &out) == MM_OK);
    CHECK(mm_relay_settings(tx, relay + 1, &out) == MM_E_NOTFOUND);
    mm_records_read_done(&tx);
    CHECK(mm_relayset_parse(mm_buf_slice(&out), &set, NULL) == MM_OK);
    CHECK(set.relay == relay && set.serial == 2 && set.listen_n == 2);
    CHECK(mm_base64url_exact(set.signature, signature, sizeof(signature)));
    CHECK(mm_sign_good(&m.centre, set.body, signature));
    mm_buf_done(&out);
    gone(&h);
}
