/*
 * register/house_test.h - a register with a company and people who can log in, for tests.
 *
 * Purpose   What the tests of logins, accounts and access share.
 * Owns      The caller gives a house back with gone().
 * Threads   login() may be called from every thread.
 * Trust     Test code only.
 */
#ifndef MM_REGISTER_HOUSE_TEST_H
#define MM_REGISTER_HOUSE_TEST_H

#include "base/time.h"
#include "register/account.h"
#include "register/auth_priv.h"
#include "register/register_test.h"
#include "tests/harness/test.h"

#define PASSWORD "Blue-lamp 4 desks"
#define MINUTE (60 * MM_US_PER_S)

static const struct mm_key house_key = {.b = {7}};

/* A register with one company, and logins of several roles that all have PASSWORD. */
struct house {
    struct mm_records *rec;
    struct mm_auth *auth;
    uint32_t company, charge, analyst, auditor;
    struct mm_arena arena;
};

MM_UNUSED static uint32_t add_user(struct house *h, uint32_t company, const char *login,
                                   const char *role)
{
    struct mm_scope_hold hold;
    unsigned broken = 0;
    uint32_t id = mm_register_add(h->rec, company, MM_REG_USER, "login", login, "name", "Somebody",
                                  "role", role, NULL);

    CHECK_NUM(mm_account_password(h->auth, mm_system_company(&hold, company), id, MM_S(PASSWORD),
                                  false, MM_S(""), MM_REGISTER_NOW, &broken),
              MM_OK);
    return id;
}

MM_UNUSED static struct house built(void)
{
    struct house h = {.rec = mm_register_open()};

    CHECK_NUM(mm_auth_open_with(h.rec, &house_key, MM_PASSWORD_MEMORY_MIN, &h.auth), MM_OK);
    h.company = mm_register_company(h.rec, "alpha");
    h.charge = add_user(&h, h.company, "hanako", "charge");
    h.analyst = add_user(&h, 0, "ana", "analyst");
    h.auditor = add_user(&h, h.company, "audie", "auditor");
    mm_arena_init(&h.arena, 4 << 20);
    return h;
}

MM_UNUSED static void gone(struct house *h)
{
    mm_arena_done(&h->arena);
    mm_auth_close(&h->auth);
    mm_records_close(&h->rec);
}

MM_UNUSED static enum mm_code login(struct house *h, const char *name, const char *secret,
                                    const char *totp, int64_t now_us, char token[MM_AUTH_TEXT])
{
    int64_t wait_s = 0;

    return mm_auth_login(h->auth,
                         &(struct mm_login){.login = mm_slice_str(name),
                                            .secret = mm_slice_str(secret),
                                            .totp = mm_slice_str(totp),
                                            .peer = MM_S("192.0.2.1"),
                                            .now_us = now_us},
                         token, &wait_s);
}

/* base32 of the app back to its bytes, as the app does. */
MM_UNUSED static void unbase32(const char *text, uint8_t ret[MM_TOTP_SECRET])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint32_t bits = 0, held = 0;
    size_t n = 0;

    for (; *text != 0; text++) {
        bits = bits << 5 | (uint32_t)(strchr(letters, *text) - letters);
        held += 5;
        if (held >= 8)
            ret[n++] = (uint8_t)(bits >> (held -= 8));
    }
    CHECK_NUM(n, MM_TOTP_SECRET);
}

/* Logs in and sets the app up at `now`; leaves the app's secret. */
MM_UNUSED static void enrol(struct house *h, const char *name, int64_t now_us, uint8_t secret[20],
                            char token[MM_AUTH_TEXT])
{
    char base32[MM_TOTP_BASE32], code[7];
    struct mm_session s;

    CHECK_NUM(login(h, name, PASSWORD, "", now_us, token), MM_OK);
    CHECK_NUM(mm_auth_session(h->auth, mm_slice_str(token), now_us, &h->arena, &s), MM_OK);
    CHECK(s.scope == NULL);
    CHECK_NUM(s.rights, 0);
    CHECK_NUM(mm_account_totp_self(h->auth, &s, now_us, base32), MM_OK);
    unbase32(base32, secret);
    mm_totp_code(secret, now_us / MM_US_PER_S, code);
    CHECK_NUM(mm_account_totp_confirm(h->auth, &s, mm_slice_str(token), MM_S("000000"), now_us),
              MM_E_AUTH);
    CHECK_NUM(mm_account_totp_confirm(h->auth, &s, mm_slice_str(token), mm_slice_str(code), now_us),
              MM_OK);
}

#endif
