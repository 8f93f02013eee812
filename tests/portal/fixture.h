/*
 * tests/portal/fixture.h - a portal's records with every kind of thing that pages show.
 *
 * Purpose   The same companies, sources, cases and people for unit tests and for the browser.
 * Owns      Nothing; records and auth are the caller's.
 * Threads   One.
 * Trust     Test code only. Names and telephones are invented (telephones: 000-0000-....).
 */
#ifndef MM_TESTS_PORTAL_FIXTURE_H
#define MM_TESTS_PORTAL_FIXTURE_H

#include "register/account.h"

#define FIXTURE_PASSWORD "Blue-lamp 4 desks"

struct fixture {
    struct mm_records *records;
    struct mm_auth *auth;
    int64_t now_us;
    uint32_t companies;                /* that were made; numbers from 1 */
    char totp[MM_TOTP_BASE32];         /* of the app of "soc" */
    char analyst_totp[MM_TOTP_BASE32]; /* of the app of "bunseki" */
    char auditor_totp[MM_TOTP_BASE32]; /* of the app of "kansa" */
    char owner_totp[MM_TOTP_BASE32];   /* of the app of "jigyo" */
    char few_totp[MM_TOTP_BASE32];     /* of the app of "shokibo" */
    char code[MM_CODE_TEXT];           /* a printed one-time code of "hanako" */
    char token[MM_AUTH_TEXT];          /* an API token of "jugyoin" */
};

/* Fill empty records. People: soc (administrator), bunseki (analyst), hanako (person in charge of
 * company 1), shacho (its president), jugyoin (its employee), kansa (auditor), newbie (must change
 * its password). Programmes: "shien" of all companies, whose owner is jigyo, "few" of four, whose
 * owner is shokibo. */
void fixture_fill(struct fixture *f, uint32_t companies);
/* What an app with this secret shows. */
void fixture_totp(const char base32[MM_TOTP_BASE32], int64_t now_s, char ret[7]);

#endif
