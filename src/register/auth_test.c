/* register/auth_test.c - logging in, sessions, bearers; every way in that must stay shut. */
#include "register/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ip.h"
#include "register/audit.h"
#include "register/house_test.h"
#include "register/password.h"

/* The same for who needs none but wants one. */
static void enrol_free(struct house *h, const char *name, int64_t now_us, uint8_t secret[20])
{
    char base32[MM_TOTP_BASE32], code[7], token[MM_AUTH_TEXT];
    struct mm_session s;

    CHECK_NUM(login(h, name, PASSWORD, "", now_us, token), MM_OK);
    CHECK_NUM(mm_auth_session(h->auth, mm_slice_str(token), now_us, &h->arena, &s), MM_OK);
    CHECK_NUM(mm_account_totp(h->auth, s.scope, s.user, now_us, base32), MM_OK);
    unbase32(base32, secret);
    mm_totp_code(secret, now_us / MM_US_PER_S, code);
    CHECK_NUM(mm_account_totp_confirm(h->auth, &s, mm_slice_str(token), mm_slice_str(code), now_us),
              MM_OK);
}

TEST(auth_company_person_gets_the_scope_of_its_company)
{
    struct house h = built();
    char token[MM_AUTH_TEXT] = "";
    struct mm_session s;

    CHECK_NUM(login(&h, "hanako", PASSWORD, "", MM_REGISTER_NOW, token), MM_OK);
    CHECK_NUM(strlen(token), 43);
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(token), MM_REGISTER_NOW, &h.arena, &s), MM_OK);
    CHECK_NUM(mm_scope_kind(s.scope), MM_SCOPE_COMPANY);
    CHECK_NUM(mm_scope_company(s.scope), h.company);
    CHECK_NUM(mm_scope_user(s.scope), h.charge);
    CHECK_NUM(s.user, h.charge);
    CHECK(!mm_scope_readonly(s.scope));
    CHECK(s.rights & MM_MAY_REPORT);
    CHECK(!(s.rights & MM_MAY_PEOPLE));
    CHECK_SLICE(s.login, "hanako");
    gone(&h);
}

TEST(auth_answers_the_same_to_every_wrong_login)
{
    struct house h = built();
    char token[MM_AUTH_TEXT] = "untouched";
    struct mm_scope_hold hold;

    CHECK_NUM(login(&h, "hanako", "wrong", "", MM_REGISTER_NOW, token), MM_E_AUTH);
    CHECK_NUM(login(&h, "nobody", PASSWORD, "", MM_REGISTER_NOW, token), MM_E_AUTH);
    CHECK_NUM(login(&h, "nobody", "nobody", "", MM_REGISTER_NOW, token), MM_E_AUTH);
    CHECK_NUM(login(&h, "hanako", "", "", MM_REGISTER_NOW, token), MM_E_AUTH);
    CHECK_NUM(login(&h, "", "", "", MM_REGISTER_NOW, token), MM_E_AUTH);
    CHECK_NUM(login(&h, "HANAKO' OR 1=1 --", PASSWORD, "", MM_REGISTER_NOW, token), MM_E_AUTH);
    CHECK_NUM(mm_register_end(h.rec, mm_system_company(&hold, h.company), mm_entity(MM_REG_COMPANY),
                              h.company),
              MM_OK);
    CHECK_NUM(login(&h, "hanako", PASSWORD, "", MM_REGISTER_NOW, token), MM_E_AUTH);
    CHECK(strcmp(token, "untouched") == 0);
    gone(&h);
}

TEST(auth_user_without_a_password_cannot_log_in)
{
    struct house h = built();
    char token[MM_AUTH_TEXT];

    (void)mm_register_add(h.rec, h.company, MM_REG_USER, "login", "bare", "name", "x", "role",
                          "charge", NULL);
    CHECK_NUM(login(&h, "bare", "", "", MM_REGISTER_NOW, token), MM_E_AUTH);
    CHECK_NUM(login(&h, "bare", "nobody", "", MM_REGISTER_NOW, token), MM_E_AUTH);
    gone(&h);
}

TEST(auth_operator_needs_the_app_and_each_code_works_once)
{
    struct house h = built();
    char token[MM_AUTH_TEXT], code[7];
    uint8_t secret[MM_TOTP_SECRET];
    struct mm_session s;
    int64_t later = MM_REGISTER_NOW + 2 * MINUTE;

    enrol(&h, "ana", MM_REGISTER_NOW, secret, token);
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(token), MM_REGISTER_NOW, &h.arena, &s), MM_OK);
    CHECK_NUM(mm_scope_kind(s.scope), MM_SCOPE_OPERATOR);
    CHECK(mm_scope_sees(s.scope, h.company));
    CHECK_NUM(login(&h, "ana", PASSWORD, "", later, token), MM_E_MORE);
    CHECK_NUM(login(&h, "ana", "wrong", "", later, token), MM_E_AUTH);
    mm_totp_code(secret, later / MM_US_PER_S, code);
    CHECK_NUM(login(&h, "ana", "wrong", code, later, token), MM_E_AUTH);
    CHECK_NUM(login(&h, "ana", PASSWORD, code, later, token), MM_OK);
    CHECK_NUM(login(&h, "ana", PASSWORD, code, later, token), MM_E_AUTH);
    gone(&h);
}

TEST(auth_app_counts_until_the_next_one_was_seen_to_work)
{
    struct house h = built();
    char token[MM_AUTH_TEXT], code[7], base32[MM_TOTP_BASE32];
    uint8_t secret[MM_TOTP_SECRET], next[MM_TOTP_SECRET];
    struct mm_session s;
    int64_t later = MM_REGISTER_NOW + 2 * MINUTE;

    enrol(&h, "ana", MM_REGISTER_NOW, secret, token);
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(token), MM_REGISTER_NOW, &h.arena, &s), MM_OK);
    /* Begun and not finished. */
    CHECK_NUM(mm_account_totp_self(h.auth, &s, later, base32), MM_OK);
    CHECK_NUM(login(&h, "ana", PASSWORD, "", later, token), MM_E_MORE);
    mm_totp_code(secret, later / MM_US_PER_S, code);
    CHECK_NUM(login(&h, "ana", PASSWORD, code, later, token), MM_OK);
    /* Finished: the new one alone. */
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(token), later, &h.arena, &s), MM_OK);
    unbase32(base32, next);
    later += 2 * MINUTE;
    mm_totp_code(next, later / MM_US_PER_S, code);
    CHECK_NUM(mm_account_totp_confirm(h.auth, &s, mm_slice_str(token), mm_slice_str(code), later),
              MM_OK);
    CHECK_NUM(mm_account_totp_confirm(h.auth, &s, mm_slice_str(token), mm_slice_str(code), later),
              MM_E_AUTH);
    later += 2 * MINUTE;
    mm_totp_code(secret, later / MM_US_PER_S, code);
    CHECK_NUM(login(&h, "ana", PASSWORD, code, later, token), MM_E_AUTH);
    mm_totp_code(next, later / MM_US_PER_S, code);
    CHECK_NUM(login(&h, "ana", PASSWORD, code, later, token), MM_OK);
    gone(&h);
}

TEST(auth_printed_code_works_once_and_for_company_people_only)
{
    struct house h = built();
    char codes[3][MM_CODE_TEXT], more[1][MM_CODE_TEXT], spoken[32], token[MM_AUTH_TEXT];
    struct mm_scope_hold hold;
    const struct mm_scope *own = mm_system_company(&hold, h.company);
    int64_t now = MM_REGISTER_NOW;

    CHECK_NUM(mm_account_codes(h.auth, own, h.charge, 3, now, codes), MM_OK);
    CHECK(strcmp(codes[0], codes[1]) != 0);
    CHECK_NUM(login(&h, "hanako", codes[0], "", now, token), MM_OK);
    CHECK_NUM(login(&h, "hanako", codes[0], "", now, token), MM_E_AUTH);
    (void)snprintf(spoken, sizeof(spoken), " %.4s %.4s%.4s", codes[1], codes[1] + 5, codes[1] + 10);
    for (char *c = spoken; *c != 0; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c == '0' ? 'o' : *c;
    CHECK_NUM(login(&h, "hanako", spoken, "", now, token), MM_OK);
    CHECK_NUM(login(&h, "audie", codes[2], "", now, token), MM_E_AUTH);
    /* a new sheet ends the old one */
    CHECK_NUM(mm_account_codes(h.auth, own, h.charge, 1, now, more), MM_OK);
    CHECK_NUM(login(&h, "hanako", codes[2], "", now, token), MM_E_AUTH);
    CHECK_NUM(login(&h, "hanako", more[0], "", now, token), MM_OK);
    CHECK_NUM(mm_account_codes(h.auth, mm_system_scope(), h.analyst, 1, now, more), MM_OK);
    CHECK_NUM(login(&h, "ana", more[0], "", now, token), MM_E_AUTH);
    gone(&h);
}

TEST(auth_printed_code_stands_for_the_app_but_is_not_both_factors)
{
    struct house h = built();
    char codes[3][MM_CODE_TEXT], token[MM_AUTH_TEXT];
    uint8_t secret[MM_TOTP_SECRET];
    struct mm_scope_hold hold;
    int64_t now = MM_REGISTER_NOW, later = now + 2 * MINUTE;
    struct mm_session s;

    enrol(&h, "ana", now, secret, token);
    CHECK_NUM(mm_account_codes(h.auth, mm_system_scope(), h.analyst, 3, now, codes), MM_OK);
    CHECK_NUM(login(&h, "ana", codes[0], "", later, token), MM_E_AUTH);
    CHECK_NUM(login(&h, "ana", codes[0], codes[1], later, token), MM_E_AUTH);
    CHECK_NUM(login(&h, "ana", PASSWORD, codes[0], later, token), MM_OK);
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(token), later, &h.arena, &s), MM_OK);
    CHECK(s.scope != NULL); /* strong */
    CHECK_NUM(login(&h, "ana", PASSWORD, codes[0], later, token), MM_E_AUTH);
    CHECK_NUM(login(&h, "ana", PASSWORD, "0000-0000-0000", later, token), MM_E_AUTH);
    /* company people, who may come in by a code, need the app or the password beside it */
    enrol_free(&h, "hanako", later, secret);
    CHECK_NUM(
        mm_account_codes(h.auth, mm_system_company(&hold, h.company), h.charge, 3, now, codes),
        MM_OK);
    CHECK_NUM(login(&h, "hanako", codes[0], codes[1], later, token), MM_E_AUTH);
    CHECK_NUM(login(&h, "hanako", PASSWORD, codes[1], later, token), MM_OK);
    gone(&h);
}

TEST(auth_slows_guesses_down_and_forgives)
{
    struct house h = built();
    char token[MM_AUTH_TEXT];
    int64_t now = MM_REGISTER_NOW, wait_s = 0;
    struct mm_login l = {.login = MM_S("hanako"), .peer = MM_S("192.0.2.1"), .now_us = now};

    l.secret = MM_S("wrong");
    for (int i = 0; i < 6; i++)
        CHECK_NUM(mm_auth_login(h.auth, &l, token, &wait_s), MM_E_AUTH);
    l.secret = MM_S(PASSWORD);
    CHECK_NUM(mm_auth_login(h.auth, &l, token, &wait_s), MM_E_BUSY);
    CHECK_NUM(wait_s, 2);
    l.peer = MM_S("192.0.2.2"); /* someone else's office isn't locked out */
    CHECK_NUM(mm_auth_login(h.auth, &l, token, &wait_s), MM_OK);
    l.peer = MM_S("192.0.2.1");
    l.now_us = now + 2 * MM_US_PER_S;
    CHECK_NUM(mm_auth_login(h.auth, &l, token, &wait_s), MM_OK);
    CHECK_NUM(mm_auth_login(h.auth, &l, token, &wait_s), MM_OK); /* forgotten on success */
    gone(&h);
}

TEST(auth_session_ends_by_idleness_by_age_and_by_logout)
{
    struct house h = built();
    char token[MM_AUTH_TEXT];
    struct mm_session s;
    int64_t now = MM_REGISTER_NOW;
    struct mm_slice t;

    CHECK_NUM(login(&h, "hanako", PASSWORD, "", now, token), MM_OK);
    t = mm_slice_str(token);
    CHECK_NUM(mm_auth_session(h.auth, t, now + 61 * MINUTE, &h.arena, &s), MM_E_AUTH);
    for (int i = 1; i <= 14; i++) { /* 700 of 720 minutes, never idle */
        CHECK_NUM(mm_auth_session(h.auth, t, now + i * 50 * MINUTE, &h.arena, &s), MM_OK);
        (void)mm_register_company(h.rec, (char[]){(char)('a' + i), 0}); /* behind the seen note */
    }
    CHECK_NUM(mm_auth_session(h.auth, t, now + 12 * 60 * MINUTE, &h.arena, &s), MM_E_AUTH);
    CHECK_NUM(login(&h, "hanako", PASSWORD, "", now, token), MM_OK);
    CHECK_NUM(mm_auth_session(h.auth, t, now, &h.arena, &s), MM_OK);
    CHECK_NUM(mm_auth_logout(h.auth, t), MM_OK);
    CHECK_NUM(mm_auth_session(h.auth, t, now, &h.arena, &s), MM_E_AUTH);
    CHECK_NUM(mm_auth_session(h.auth, MM_S("nonsense"), now, &h.arena, &s), MM_E_AUTH);
    CHECK_NUM(mm_auth_session(h.auth, MM_S(""), now, &h.arena, &s), MM_E_AUTH);
    gone(&h);
}

TEST(auth_session_goes_on_under_another_token)
{
    struct house h = built();
    char token[MM_AUTH_TEXT], fresh[MM_AUTH_TEXT];
    struct mm_session s, t;

    CHECK_NUM(login(&h, "hanako", PASSWORD, "", MM_REGISTER_NOW, token), MM_OK);
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(token), MM_REGISTER_NOW, &h.arena, &s), MM_OK);
    CHECK_NUM(mm_auth_renew(h.auth, mm_slice_str(token), fresh), MM_OK);
    CHECK(strcmp(token, fresh) != 0);
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(token), MM_REGISTER_NOW, &h.arena, &t),
              MM_E_AUTH);
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(fresh), MM_REGISTER_NOW, &h.arena, &t), MM_OK);
    CHECK(s.user == t.user && !mm_auth_csrf(&t, mm_slice_str(s.csrf)));
    CHECK_NUM(mm_auth_renew(h.auth, mm_slice_str(token), fresh), MM_E_AUTH);
    gone(&h);
}

TEST(auth_slows_down_who_has_a_network_of_addresses)
{
    struct house h = built();
    char token[MM_AUTH_TEXT], peer[MM_IP_TEXT];
    struct mm_login l = {
        .login = MM_S("hanako"), .secret = MM_S("wrong"), .now_us = MM_REGISTER_NOW};
    int64_t wait_s = 0;

    for (int i = 1; i <= 6; i++) { /* each from another address of one network */
        (void)snprintf(peer, sizeof(peer), "2001:db8:1:2::%d", i);
        l.peer = mm_slice_str(peer);
        CHECK_NUM(mm_auth_login(h.auth, &l, token, &wait_s), MM_E_AUTH);
    }
    l.peer = MM_S("2001:db8:1:2:ffff::1");
    CHECK_NUM(mm_auth_login(h.auth, &l, token, &wait_s), MM_E_BUSY);
    l.peer = MM_S("2001:db8:1:3::1");
    l.secret = MM_S(PASSWORD);
    CHECK_NUM(mm_auth_login(h.auth, &l, token, &wait_s), MM_OK);
    gone(&h);
}

TEST(auth_csrf_belongs_to_one_session)
{
    struct house h = built();
    char token[2][MM_AUTH_TEXT];
    struct mm_session s[2];

    for (int i = 0; i < 2; i++) {
        CHECK_NUM(login(&h, "hanako", PASSWORD, "", MM_REGISTER_NOW, token[i]), MM_OK);
        CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(token[i]), MM_REGISTER_NOW, &h.arena, &s[i]),
                  MM_OK);
    }
    CHECK(mm_auth_csrf(&s[0], mm_slice_str(s[0].csrf)));
    CHECK(!mm_auth_csrf(&s[0], mm_slice_str(s[1].csrf)));
    CHECK(!mm_auth_csrf(&s[0], MM_S("")));
    CHECK(strcmp(s[0].csrf, token[0]) != 0);
    s[0].csrf[0] = 0;
    CHECK(!mm_auth_csrf(&s[0], MM_S("")));
    gone(&h);
}

TEST(auth_auditor_reads_and_never_writes)
{
    struct house h = built();
    char token[MM_AUTH_TEXT];
    uint8_t secret[MM_TOTP_SECRET];
    struct mm_session s;
    unsigned broken = 0;
    int64_t now = MM_REGISTER_NOW;

    enrol(&h, "audie", now, secret, token);
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(token), now, &h.arena, &s), MM_OK);
    CHECK_NUM(mm_scope_company(s.scope), h.company);
    CHECK(mm_scope_readonly(s.scope));
    CHECK_NUM(mm_account_password(h.auth, s.scope, h.charge, MM_S("Another one lamp"), false,
                                  MM_S(""), now + 1, &broken),
              MM_E_DENIED);
    CHECK_NUM(mm_account_password(h.auth, s.scope, h.auditor, MM_S("Another one lamp"), false,
                                  MM_S(""), now + 1, &broken),
              MM_OK);
    gone(&h);
}

TEST(auth_owner_gets_aggregates_of_the_programmes_members)
{
    struct house h = built();
    uint32_t programme =
        mm_register_add(h.rec, 0, MM_REG_PROGRAMME, "code", "pilot", "name", "Pilot", NULL);
    char number[16], token[MM_AUTH_TEXT];
    uint8_t secret[MM_TOTP_SECRET];
    struct mm_session s;
    struct mm_scope_hold hold;
    const struct mm_scope *out = NULL;
    uint32_t owner, other = mm_register_company(h.rec, "beta");
    unsigned broken = 0;

    (void)snprintf(number, sizeof(number), "%u", programme);
    (void)mm_register_add(h.rec, h.company, MM_REG_MEMBER, "programme", number, NULL);
    owner = mm_register_add(h.rec, 0, MM_REG_USER, "login", "omar", "name", "O", "role", "owner",
                            "programme", number, NULL);
    CHECK_NUM(mm_account_password(h.auth, mm_system_scope(), owner, MM_S(PASSWORD), false, MM_S(""),
                                  MM_REGISTER_NOW, &broken),
              MM_OK);
    enrol(&h, "omar", MM_REGISTER_NOW, secret, token);
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(token), MM_REGISTER_NOW, &h.arena, &s), MM_OK);
    CHECK_NUM(mm_scope_kind(s.scope), MM_SCOPE_PROGRAMME);
    CHECK(mm_scope_sees(s.scope, h.company));
    CHECK(!mm_scope_sees(s.scope, other));
    CHECK_NUM(mm_scope_narrow(s.scope, h.company, &hold, &out), MM_E_NOTFOUND);
    gone(&h);
}

TEST(auth_schema_refuses_roles_in_the_wrong_place)
{
    struct house h = built();
    uint32_t id;

    CHECK_NUM(mm_register_try(h.rec, h.company, MM_REG_USER, &id, "login", "x", "name", "x", "role",
                              "administrator", NULL),
              MM_E_RANGE);
    CHECK_NUM(mm_register_try(h.rec, 0, MM_REG_USER, &id, "login", "x", "name", "x", "role",
                              "president", NULL),
              MM_E_RANGE);
    CHECK_NUM(mm_register_try(h.rec, 0, MM_REG_USER, &id, "login", "x", "name", "x", "role",
                              "owner", NULL),
              MM_E_RANGE);
    CHECK_NUM(mm_register_try(h.rec, h.company, MM_REG_USER, &id, "login", "ana", "name", "x",
                              "role", "charge", NULL),
              MM_E_EXISTS);
    gone(&h);
}

TEST(account_password_keeps_the_rules_and_ends_other_sessions)
{
    struct house h = built();
    char token[2][MM_AUTH_TEXT];
    struct mm_session s;
    unsigned broken = 0;
    int64_t now = MM_REGISTER_NOW + 1;

    for (int i = 0; i < 2; i++)
        CHECK_NUM(login(&h, "hanako", PASSWORD, "", now, token[i]), MM_OK);
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(token[0]), now, &h.arena, &s), MM_OK);
    CHECK_NUM(mm_account_password(h.auth, s.scope, h.charge, MM_S("hanako"), false,
                                  mm_slice_str(token[0]), now, &broken),
              MM_E_RANGE);
    CHECK(broken & (1u << MM_PASSWORD_LOGIN));
    CHECK(broken & (1u << MM_PASSWORD_CHARS));
    CHECK_NUM(mm_account_password(h.auth, s.scope, h.charge, MM_S(PASSWORD), false,
                                  mm_slice_str(token[0]), now, &broken),
              MM_E_RANGE);
    CHECK_NUM(broken, 1u << MM_PASSWORD_REUSE);
    CHECK_NUM(mm_account_password(h.auth, s.scope, h.analyst, MM_S("Green-lamp 5 xyz"), false,
                                  mm_slice_str(token[0]), now, &broken),
              MM_E_NOTFOUND);
    CHECK_NUM(mm_account_password(h.auth, s.scope, h.charge, MM_S("Green-lamp 5 xyz"), false,
                                  mm_slice_str(token[0]), now, &broken),
              MM_OK);
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(token[0]), now, &h.arena, &s), MM_OK);
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(token[1]), now, &h.arena, &s), MM_E_AUTH);
    CHECK_NUM(login(&h, "hanako", PASSWORD, "", now, token[1]), MM_E_AUTH);
    CHECK_NUM(login(&h, "hanako", "Green-lamp 5 xyz", "", now, token[1]), MM_OK);
    gone(&h);
}

TEST(account_made_passwords_keep_the_rules)
{
    const struct mm_password_facts nobody = {0};
    struct house h = built();
    char text[MM_PASSWORD_MADE];

    for (int i = 0; i < 100; i++) {
        mm_account_make_password(h.auth, text);
        CHECK_NUM(strlen(text), MM_PASSWORD_MADE - 1);
        CHECK_NUM(mm_password_check(&h.auth->rules, mm_slice_str(text), &nobody), 0);
    }
    gone(&h);
}

struct token_work {
    struct mm_rec rec;
    uint32_t id;
};

static enum mm_code work_token(struct mm_tx *tx, void *arg)
{
    struct token_work *w = arg;

    return mm_rec_add(tx, &w->rec, MM_REGISTER_NOW, &w->id);
}

static uint32_t add_token(struct house *h, const char *rights, uint32_t source, uint32_t user,
                          const char *until, char text[MM_AUTH_TEXT])
{
    struct token_work w = {0};
    struct mm_digest digest;
    struct mm_scope_hold hold;

    mm_rec_init(&w.rec, mm_entity(MM_REG_TOKEN));
    w.rec.v[MM_F_token_name] = (struct mm_value){.s = MM_S("t")};
    w.rec.v[MM_F_token_rights] = (struct mm_value){.s = mm_slice_str(rights)};
    w.rec.v[MM_F_token_source] = (struct mm_value){.null = source == 0, .i = source};
    w.rec.v[MM_F_token_user] = (struct mm_value){.null = user == 0, .i = user};
    w.rec.v[MM_F_token_until] = (struct mm_value){.null = until == NULL, .s = mm_slice_str(until)};
    CHECK_NUM(mm_account_token(h->auth, &w.rec, &digest, text), MM_OK);
    CHECK_NUM(mm_records_write(h->rec, mm_system_company(&hold, h->company), work_token, &w),
              MM_OK);
    return w.id;
}

TEST(auth_bearer_acts_as_its_user_within_its_rights)
{
    struct house h = built();
    char text[2][MM_AUTH_TEXT];
    struct mm_session s;
    struct mm_scope_hold hold;
    uint32_t id = add_token(&h, "read", 0, h.charge, NULL, text[0]);

    (void)add_token(&h, "write", 0, h.charge, "2020-09-13", text[1]);
    CHECK_NUM(mm_auth_bearer(h.auth, mm_slice_str(text[0]), MM_REGISTER_NOW, &h.arena, &s), MM_OK);
    CHECK_NUM(mm_scope_company(s.scope), h.company);
    CHECK(mm_scope_readonly(s.scope));
    CHECK(s.api && !(s.rights & MM_MAY_REPORT) && (s.rights & MM_MAY_SEE));
    CHECK(s.csrf[0] == 0);
    CHECK_NUM(mm_auth_bearer(h.auth, mm_slice_str(text[1]), MM_REGISTER_NOW, &h.arena, &s), MM_OK);
    CHECK(!mm_scope_readonly(s.scope) && (s.rights & MM_MAY_REPORT));
    CHECK_NUM(mm_auth_bearer(h.auth, mm_slice_str(text[1]), MM_REGISTER_NOW + MM_US_PER_DAY,
                             &h.arena, &s),
              MM_E_AUTH);
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(text[0]), MM_REGISTER_NOW, &h.arena, &s),
              MM_E_AUTH);
    CHECK_NUM(
        mm_register_end(h.rec, mm_system_company(&hold, h.company), mm_entity(MM_REG_TOKEN), id),
        MM_OK);
    CHECK_NUM(mm_auth_bearer(h.auth, mm_slice_str(text[0]), MM_REGISTER_NOW, &h.arena, &s),
              MM_E_AUTH);
    gone(&h);
}

TEST(auth_ingest_token_names_its_source_and_does_nothing_else)
{
    struct house h = built();
    char text[MM_AUTH_TEXT], other[MM_AUTH_TEXT];
    struct mm_session s;
    struct mm_scope_hold hold;
    uint32_t source =
        mm_register_add(h.rec, h.company, MM_REG_SOURCE, "name", "fw", "bind", "token", NULL);
    uint32_t company = 0, got = 0;

    (void)add_token(&h, "ingest", source, 0, NULL, text);
    (void)add_token(&h, "write", 0, h.charge, NULL, other);
    CHECK_NUM(mm_auth_ingest(h.auth, mm_slice_str(text), MM_REGISTER_NOW, &company, &got), MM_OK);
    CHECK_NUM(company, h.company);
    CHECK_NUM(got, source);
    CHECK_NUM(mm_auth_bearer(h.auth, mm_slice_str(text), MM_REGISTER_NOW, &h.arena, &s), MM_E_AUTH);
    CHECK_NUM(mm_auth_ingest(h.auth, mm_slice_str(other), MM_REGISTER_NOW, &company, &got),
              MM_E_AUTH);
    CHECK_NUM(mm_auth_ingest(h.auth, MM_S("mm_x"), MM_REGISTER_NOW, &company, &got), MM_E_AUTH);
    CHECK_NUM(mm_register_end(h.rec, mm_system_company(&hold, h.company), mm_entity(MM_REG_SOURCE),
                              source),
              MM_OK);
    CHECK_NUM(mm_auth_ingest(h.auth, mm_slice_str(text), MM_REGISTER_NOW, &company, &got),
              MM_E_AUTH);
    gone(&h);
}

TEST(auth_database_holds_no_secret_in_plain)
{
    struct house h = built();
    char token[MM_AUTH_TEXT], api[MM_AUTH_TEXT], codes[1][MM_CODE_TEXT], path[128];
    struct mm_scope_hold hold;
    uint8_t secret[MM_TOTP_SECRET];
    struct mm_slice must_not[5];
    static uint8_t file[4 << 20];
    size_t n = 0;

    enrol(&h, "ana", MM_REGISTER_NOW, secret, token);
    (void)add_token(&h, "write", 0, h.charge, NULL, api);
    CHECK_NUM(mm_account_codes(h.auth, mm_system_company(&hold, h.company), h.charge, 1,
                               MM_REGISTER_NOW, codes),
              MM_OK);
    must_not[0] = mm_slice_str(token);
    must_not[1] = mm_slice_sub(mm_slice_str(api), 8, SIZE_MAX);
    must_not[2] = mm_slice_str(codes[0]);
    must_not[3] = mm_slice_of(secret, sizeof(secret));
    must_not[4] = MM_S(PASSWORD);
    for (int i = 0; i < 2; i++) {
        int fd;
        ssize_t got;

        (void)snprintf(path, sizeof(path), "%s/records.db%s", mm_test_dir(), i == 0 ? "" : "-wal");
        fd = open(path, O_RDONLY | O_CLOEXEC);
        CHECK(fd >= 0);
        while ((got = read(fd, file + n, sizeof(file) - n)) > 0)
            n += (size_t)got;
        (void)close(fd);
    }
    CHECK(n > 100000);
    CHECK(mm_slice_search(mm_slice_of(file, n), MM_S("hanako")) != SIZE_MAX);
    for (size_t i = 0; i < MM_COUNT(must_not); i++)
        CHECK(mm_slice_search(mm_slice_of(file, n), must_not[i]) == SIZE_MAX);
    gone(&h);
}

TEST(auth_key_file_is_32_bytes_for_its_owner)
{
    char path[128];
    struct mm_key k;
    int fd;

    (void)snprintf(path, sizeof(path), "%s/key", mm_test_dir());
    CHECK_NUM(mm_key_load(path, &k), MM_E_NOTFOUND);
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    CHECK(fd >= 0 && write(fd, house_key.b, 31) == 31);
    CHECK_NUM(mm_key_load(path, &k), MM_E_SYNTAX);
    CHECK(write(fd, house_key.b, 1) == 1);
    CHECK_NUM(mm_key_load(path, &k), MM_OK);
    CHECK(fchmod(fd, 0640) == 0);
    CHECK_NUM(mm_key_load(path, &k), MM_E_DENIED);
    CHECK(fchmod(fd, 0600) == 0 && write(fd, house_key.b, 1) == 1);
    CHECK_NUM(mm_key_load(path, &k), MM_E_SYNTAX);
    (void)close(fd);
}

struct attempt {
    struct house *h;
    const char *name, *secret;
    enum mm_code code;
    char token[MM_AUTH_TEXT];
};

static void *attempt_main(void *arg)
{
    struct attempt *a = arg;

    a->code = login(a->h, a->name, a->secret, "", MM_REGISTER_NOW, a->token);
    return NULL;
}

TEST(auth_one_code_lets_one_of_two_in_who_come_at_once)
{
    struct house h = built();
    char codes[4][MM_CODE_TEXT];
    struct mm_scope_hold hold;

    CHECK_NUM(mm_account_codes(h.auth, mm_system_company(&hold, h.company), h.charge, 4,
                               MM_REGISTER_NOW, codes),
              MM_OK);
    for (int round = 0; round < 4; round++) {
        struct attempt a[2];
        pthread_t thread[2];
        int in = 0;

        for (int i = 0; i < 2; i++) {
            a[i] = (struct attempt){.h = &h, .name = "hanako", .secret = codes[round]};
            CHECK(pthread_create(&thread[i], NULL, attempt_main, &a[i]) == 0);
        }
        for (int i = 0; i < 2; i++) {
            CHECK(pthread_join(thread[i], NULL) == 0);
            CHECK(a[i].code == MM_OK || a[i].code == MM_E_AUTH);
            in += a[i].code == MM_OK;
        }
        CHECK_NUM(in, 1);
    }
    gone(&h);
}

TEST(auth_pays_the_full_price_for_a_password)
{
    static const char full[] = "$argon2id$v=19$m=19456,t=2,p=1$";
    char text[MM_PASSWORD_TEXT];
    struct mm_records *rec = mm_register_open();
    struct mm_auth *auth = NULL;

    CHECK_NUM(mm_auth_open(rec, &house_key, &auth), MM_OK);
    CHECK(strncmp(auth->nobody, full, strlen(full)) == 0);
    CHECK_NUM(mm_auth_hash(auth, MM_S("x"), text), MM_OK);
    CHECK(strncmp(text, full, strlen(full)) == 0);
    mm_auth_close(&auth);
    mm_records_close(&rec);
}
