/* register/oidc_test.c - who comes in by an identity of a provider, and who does not. */
#include "register/oidc.h"

#include <stdio.h>

#include "job/job.h"
#include "register/access.h"
#include "register/house_test.h"

#define ISSUER "https://id.example.jp"
#define PEER "192.0.2.7"

static enum mm_code come_back(struct house *h, const char *state, int64_t now_us)
{
    const struct mm_oidc_back back = {.state = mm_slice_str(state),
                                      .nonce = MM_S("nonce"),
                                      .verifier = MM_S("verifier"),
                                      .code = MM_S("code"),
                                      .peer = MM_S(PEER),
                                      .now_us = now_us,
                                      .until_us = now_us + 10 * MINUTE};

    return mm_oidc_back(h->auth, &back);
}

struct told {
    struct house *h;
    int64_t now_us, sign_in;
    struct mm_oidc_answer answer;
    bool asked;
};

static enum mm_code work_answer(struct mm_tx *tx, void *arg)
{
    struct told *t = arg;
    struct mm_oidc_question q;
    enum mm_code code = mm_oidc_question(tx, t->sign_in, t->now_us, &t->h->arena, &q);

    t->asked = code == MM_OK;
    if (code == MM_OK) {
        CHECK_SLICE(q.nonce, "nonce");
        CHECK_SLICE(q.verifier, "verifier");
        CHECK_SLICE(q.code, "code");
    }
    return mm_oidc_answer(tx, t->sign_in, &t->answer);
}

/* The worker's part: take the job, and say what the provider said. */
static void answer(struct house *h, const char *subject, bool mfa, int64_t now_us)
{
    struct told t = {.h = h, .now_us = now_us, .answer = {.mfa = mfa}};
    struct mm_job job;

    CHECK_NUM(mm_job_take(h->rec, MM_JOB_SIGN_IN, now_us, NULL, &job), MM_OK);
    t.sign_in = job.subject;
    t.answer.subject = mm_slice_str(subject);
    t.answer.why = MM_S("oidc.why.nonce");
    CHECK_NUM(mm_records_write(h->rec, mm_system_scope(), work_answer, &t), MM_OK);
    CHECK(t.asked);
    /* What was answered stays. */
    t.answer.subject = MM_S("somebody else");
    CHECK_NUM(mm_records_write(h->rec, mm_system_scope(), work_answer, &t), MM_OK);
    CHECK(!t.asked);
}

static void proven(struct house *h, const char *state, const char *subject, bool mfa,
                   int64_t now_us)
{
    CHECK_NUM(come_back(h, state, now_us), MM_OK);
    answer(h, subject, mfa, now_us);
}

static enum mm_code enter(struct house *h, const char *state, const char *invitation,
                          const char *totp, int64_t now_us, char token[MM_AUTH_TEXT])
{
    const struct mm_oidc_enter e = {.state = mm_slice_str(state),
                                    .issuer = MM_S(ISSUER),
                                    .ask_app = true,
                                    .invitation = mm_slice_str(invitation),
                                    .totp = mm_slice_str(totp),
                                    .peer = MM_S(PEER),
                                    .now_us = now_us};
    int64_t wait_s = 0;

    return mm_oidc_enter(h->auth, &e, token, &wait_s);
}

static struct mm_session session_of(struct house *h, const char *token, int64_t now_us)
{
    struct mm_session s;

    CHECK_NUM(mm_auth_session(h->auth, mm_slice_str(token), now_us, &h->arena, &s), MM_OK);
    return s;
}

/* "ana" with an app, logged in and tied to `subject`. */
static struct mm_session tied(struct house *h, const char *subject, int64_t now_us,
                              uint8_t secret[MM_TOTP_SECRET], char token[MM_AUTH_TEXT])
{
    struct mm_session s;

    enrol(h, "ana", now_us, secret, token);
    s = session_of(h, token, now_us);
    proven(h, "tie", subject, false, now_us);
    CHECK_NUM(mm_oidc_tie(h->auth, &s, MM_S("tie"), MM_S(ISSUER), now_us), MM_OK);
    return s;
}

TEST(oidc_a_state_comes_back_once_and_not_for_ever)
{
    struct house h = built();
    struct mm_oidc_state st;
    int64_t now = MM_REGISTER_NOW;

    CHECK_NUM(mm_oidc_look(h.auth, MM_S("s"), now, &h.arena, &st), MM_E_NOTFOUND);
    CHECK_NUM(come_back(&h, "s", now), MM_OK);
    CHECK_NUM(come_back(&h, "s", now), MM_E_EXISTS);
    CHECK_NUM(mm_oidc_look(h.auth, MM_S("s"), now, &h.arena, &st), MM_OK);
    CHECK_NUM(st.step, MM_OIDC_BACK);
    answer(&h, "", false, now);
    CHECK_NUM(mm_oidc_look(h.auth, MM_S("s"), now, &h.arena, &st), MM_OK);
    CHECK_NUM(st.step, MM_OIDC_REFUSED);
    CHECK_SLICE(st.why, "oidc.why.nonce");
    CHECK_NUM(come_back(&h, "s", now), MM_E_EXISTS);
    CHECK_NUM(mm_oidc_look(h.auth, MM_S("s"), now + 10 * MINUTE, &h.arena, &st), MM_E_NOTFOUND);
    gone(&h);
}

TEST(oidc_many_that_do_not_end_are_held_up_by_address)
{
    struct house h = built();
    char state[16];

    for (int i = 0; i < MM_OIDC_OPEN_PEER_MAX; i++) {
        (void)snprintf(state, sizeof(state), "s%d", i);
        CHECK_NUM(come_back(&h, state, MM_REGISTER_NOW), MM_OK);
    }
    CHECK_NUM(come_back(&h, "more", MM_REGISTER_NOW), MM_E_BUSY);
    CHECK_NUM(come_back(&h, "more", MM_REGISTER_NOW + 10 * MINUTE), MM_OK);
    gone(&h);
}

TEST(oidc_opens_the_tied_account_once_and_asks_for_its_app)
{
    struct house h = built();
    int64_t now = MM_REGISTER_NOW + MINUTE, later = now + 10 * MINUTE;
    char token[MM_AUTH_TEXT], code[7];
    uint8_t secret[MM_TOTP_SECRET];
    struct mm_access x;
    struct mm_session s = tied(&h, "u-17", now, secret, token);

    CHECK_NUM(enter(&h, "tie", "", "", now, token), MM_E_NOTFOUND); /* it was used for tying */
    proven(&h, "one", "u-17", false, later);
    CHECK_NUM(enter(&h, "one", "", "", later, token), MM_E_MORE);
    CHECK_NUM(enter(&h, "one", "", "123456", later, token), MM_E_AUTH);
    mm_totp_code(secret, later / MM_US_PER_S, code);
    CHECK_NUM(enter(&h, "one", "", code, later, token), MM_OK);
    CHECK_NUM(enter(&h, "one", "", code, later, token), MM_E_NOTFOUND);
    s = session_of(&h, token, later);
    CHECK(s.scope != NULL && s.user == h.analyst);
    CHECK_NUM(mm_access_own(h.auth, &s, mm_slice_str(token), later, &h.arena, &x), MM_OK);
    CHECK_NUM(x.session_n, 2);
    CHECK_SLICE(x.session[0].how, "oidc");
    CHECK_SLICE(x.session[1].how, "password");
    CHECK_SLICE(x.subject, "u-17");
    CHECK_SLICE(x.issuer, ISSUER);
    CHECK(x.tied_us == now && x.tie_used_us == later);
    /* The provider has asked for several factors: ours is not asked for. */
    proven(&h, "two", "u-17", true, later);
    CHECK_NUM(enter(&h, "two", "", "", later, token), MM_OK);
    CHECK(session_of(&h, token, later).scope != NULL);
    gone(&h);
}

TEST(oidc_strangers_and_ended_users_do_not_come_in)
{
    struct house h = built();
    int64_t now = MM_REGISTER_NOW + MINUTE;
    char token[MM_AUTH_TEXT];
    uint8_t secret[MM_TOTP_SECRET];
    struct mm_session s = tied(&h, "u-17", now, secret, token);
    struct mm_scope_hold hold;

    proven(&h, "one", "u-18", true, now);
    CHECK_NUM(enter(&h, "one", "", "", now, token), MM_E_DENIED);
    CHECK_NUM(enter(&h, "one", "", "", now, token), MM_E_NOTFOUND);
    /* The same subject of another provider is somebody else. */
    proven(&h, "two", "u-17", true, now);
    CHECK_NUM(mm_oidc_enter(h.auth,
                            &(struct mm_oidc_enter){.state = MM_S("two"),
                                                    .issuer = MM_S("https://other.example"),
                                                    .peer = MM_S(PEER),
                                                    .now_us = now},
                            token, &(int64_t){0}),
              MM_E_DENIED);
    /* One identity, one user; one user, one identity. */
    proven(&h, "three", "u-19", true, now);
    CHECK_NUM(mm_oidc_tie(h.auth, &s, MM_S("three"), MM_S(ISSUER), now), MM_E_EXISTS);
    CHECK_NUM(
        mm_register_end(h.rec, mm_system_company(&hold, 0), mm_entity(MM_REG_USER), h.analyst),
        MM_OK);
    proven(&h, "four", "u-17", true, now);
    CHECK_NUM(enter(&h, "four", "", "", now, token), MM_E_DENIED);
    gone(&h);
}

TEST(oidc_is_for_the_operators_people)
{
    struct house h = built();
    int64_t now = MM_REGISTER_NOW + MINUTE, wait_s = 0, until_us;
    char token[MM_AUTH_TEXT], code[MM_INVITE_TEXT];
    struct mm_scope_hold hold;
    struct mm_session s;

    CHECK_NUM(login(&h, "hanako", PASSWORD, "", now, token), MM_OK);
    s = session_of(&h, token, now);
    proven(&h, "one", "u-17", true, now);
    CHECK_NUM(mm_oidc_tie(h.auth, &s, MM_S("one"), MM_S(ISSUER), now), MM_E_DENIED);
    CHECK_NUM(mm_access_invite(h.auth, mm_system_company(&hold, h.company), h.charge, now, code,
                               &until_us),
              MM_OK);
    CHECK_NUM(mm_oidc_invited(h.auth, mm_slice_str(code), MM_S(PEER), now, &wait_s), MM_E_DENIED);
    CHECK_NUM(enter(&h, "one", code, "", now, token), MM_E_DENIED);
    gone(&h);
}

TEST(oidc_an_invitation_is_taken_with_an_identity_once)
{
    struct house h = built();
    int64_t now = MM_REGISTER_NOW + MINUTE, wait_s = 0, until_us;
    char token[MM_AUTH_TEXT], code[MM_INVITE_TEXT];
    struct mm_scope_hold hold;
    struct mm_session s;

    CHECK_NUM(mm_oidc_invited(h.auth, MM_S("0000-0000-0000-0000"), MM_S(PEER), now, &wait_s),
              MM_E_AUTH);
    CHECK_NUM(
        mm_access_invite(h.auth, mm_system_company(&hold, 0), h.analyst, now, code, &until_us),
        MM_OK);
    CHECK_NUM(mm_oidc_invited(h.auth, mm_slice_str(code), MM_S(PEER), now, &wait_s), MM_OK);
    proven(&h, "one", "u-17", false, now);
    CHECK_NUM(enter(&h, "one", code, "", now, token), MM_OK);
    s = session_of(&h, token, now);
    CHECK(s.user == h.analyst && s.scope == NULL); /* its app has to be set up first */
    proven(&h, "two", "u-18", false, now);
    CHECK_NUM(enter(&h, "two", code, "", now, token), MM_E_AUTH);
    gone(&h);
}

TEST(oidc_password_is_switched_off_and_a_new_one_switches_it_on)
{
    struct house h = built();
    int64_t now = MM_REGISTER_NOW + MINUTE, later = now + 10 * MINUTE;
    char token[MM_AUTH_TEXT], other[MM_AUTH_TEXT], code[7];
    uint8_t secret[MM_TOTP_SECRET];
    struct mm_scope_hold hold;
    unsigned broken = 0;
    struct mm_session s;

    enrol(&h, "ana", now, secret, token);
    s = session_of(&h, token, now);
    CHECK_NUM(mm_oidc_password(h.auth, s.scope, s.user, false, now), MM_E_RANGE);
    proven(&h, "tie", "u-17", false, now);
    CHECK_NUM(mm_oidc_tie(h.auth, &s, MM_S("tie"), MM_S(ISSUER), now), MM_OK);
    CHECK_NUM(mm_oidc_password(h.auth, s.scope, s.user, false, now), MM_OK);
    mm_totp_code(secret, later / MM_US_PER_S, code);
    CHECK_NUM(login(&h, "ana", PASSWORD, code, later, other), MM_E_AUTH);
    CHECK_NUM(mm_oidc_password(h.auth, s.scope, s.user, true, now), MM_OK);
    CHECK_NUM(login(&h, "ana", PASSWORD, "", later, other), MM_E_MORE);
    CHECK_NUM(mm_oidc_password(h.auth, s.scope, s.user, false, now), MM_OK);
    /* The provider is gone: somebody at the machine sets a new one. */
    CHECK_NUM(mm_account_password(h.auth, mm_system_company(&hold, 0), h.analyst,
                                  MM_S("Nine green doors 3"), false, MM_S(""), later, &broken),
              MM_OK);
    CHECK_NUM(login(&h, "ana", "Nine green doors 3", "", later, other), MM_E_MORE);
    gone(&h);
}

TEST(oidc_a_password_of_somebody_elses_choice_is_not_asked_for)
{
    struct house h = built();
    int64_t now = MM_REGISTER_NOW + MINUTE;
    char token[MM_AUTH_TEXT];
    uint8_t secret[MM_TOTP_SECRET];
    struct mm_scope_hold hold;
    unsigned broken = 0;
    struct mm_session s = tied(&h, "u-17", now, secret, token);

    CHECK(s.scope != NULL);
    CHECK_NUM(mm_account_password(h.auth, mm_system_company(&hold, 0), h.analyst,
                                  MM_S("Nine green doors 3"), true, MM_S(""), now, &broken),
              MM_OK);
    proven(&h, "one", "u-17", true, now);
    CHECK_NUM(enter(&h, "one", "", "", now, token), MM_OK);
    CHECK(!session_of(&h, token, now).must_change);
    gone(&h);
}

TEST(oidc_guesses_of_others_lock_nobody_out_who_is_proven)
{
    struct house h = built();
    int64_t now = MM_REGISTER_NOW + MINUTE;
    char token[MM_AUTH_TEXT];
    uint8_t secret[MM_TOTP_SECRET];
    struct mm_session s = tied(&h, "u-17", now, secret, token);

    CHECK(s.scope != NULL);
    for (int i = 0; i < 60; i++)
        (void)!login(&h, "ana", "wrong", "", now, token);
    CHECK_NUM(login(&h, "ana", PASSWORD, "", now, token), MM_E_BUSY);
    proven(&h, "one", "u-17", true, now);
    CHECK_NUM(enter(&h, "one", "", "", now, token), MM_OK);
    gone(&h);
}

TEST(oidc_untying_ends_what_it_opened)
{
    struct house h = built();
    int64_t now = MM_REGISTER_NOW + MINUTE, later = now + 10 * MINUTE;
    char token[MM_AUTH_TEXT], other[MM_AUTH_TEXT];
    uint8_t secret[MM_TOTP_SECRET];
    struct mm_session s = tied(&h, "u-17", now, secret, token), gone_one;

    CHECK_NUM(mm_oidc_password(h.auth, s.scope, s.user, false, now), MM_OK);
    proven(&h, "one", "u-17", true, later);
    CHECK_NUM(enter(&h, "one", "", "", later, other), MM_OK);
    CHECK_NUM(mm_oidc_untie(h.auth, s.scope, s.user, mm_slice_str(token), later), MM_OK);
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(other), later, &h.arena, &gone_one), MM_E_AUTH);
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(token), later, &h.arena, &gone_one), MM_OK);
    CHECK_NUM(mm_oidc_untie(h.auth, s.scope, s.user, mm_slice_str(token), later), MM_E_NOTFOUND);
    CHECK_NUM(login(&h, "ana", PASSWORD, "", later, other), MM_E_MORE); /* it counts again */
    proven(&h, "two", "u-17", true, later);
    CHECK_NUM(enter(&h, "two", "", "", later, other), MM_E_DENIED);
    gone(&h);
}

static enum mm_code note_provider(struct mm_tx *tx, void *arg)
{
    const struct told *t = arg;

    return mm_oidc_provider_note(tx, MM_S(ISSUER), MM_S(ISSUER "/auth"), t->now_us);
}

TEST(oidc_the_provider_is_the_one_that_was_noted)
{
    struct house h = built();
    struct told t = {.h = &h, .now_us = MM_REGISTER_NOW};
    struct mm_slice url;

    CHECK_NUM(mm_oidc_provider(h.auth, MM_S(ISSUER), &h.arena, &url), MM_E_NOTFOUND);
    CHECK_NUM(mm_records_write(h.rec, mm_system_scope(), note_provider, &t), MM_OK);
    CHECK_NUM(mm_oidc_provider(h.auth, MM_S(ISSUER), &h.arena, &url), MM_OK);
    CHECK_SLICE(url, ISSUER "/auth");
    CHECK_NUM(mm_oidc_provider(h.auth, MM_S("https://other.example"), &h.arena, &url),
              MM_E_NOTFOUND);
    gone(&h);
}
