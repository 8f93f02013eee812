/*
 * register/account.h - set passwords, authenticator apps, printed codes and tokens of users.
 *
 * Purpose   What a user proves itself with is made here and shown once.
 * Owns      Secrets go to the caller's memory; wipe them when shown.
 * Threads   As auth.h. Passwords cost time: never inside a write function.
 * Trust     The caller has checked that the actor may do this (itself, or MM_MAY_PEOPLE). Users
 *           that the scope doesn't see are MM_E_NOTFOUND; a read-only scope changes only its own
 *           user (MM_E_DENIED).
 */
#ifndef MM_REGISTER_ACCOUNT_H
#define MM_REGISTER_ACCOUNT_H

#include "codec/ext/totp.h"
#include "register/auth.h"
#include "register/entity.h"

enum {
    MM_CODE_TEXT = 15,     /* "XXXX-XXXX-XXXX": 60 bits, and a NUL */
    MM_CODES_MAX = 20,     /* on one printed sheet */
    MM_PASSWORD_MADE = 20, /* "xxxx-xxxx-xxxx-xxxx" with a NUL: 80 bits less those of the rules */
};

/*
 * Set a password. MM_E_RANGE when it breaks rules: *ret_broken has a bit a rule (password.h).
 * Other sessions of the user end (not `keep_token`, which may be empty). must_change: it was
 * chosen by somebody else. Each of these is in the company's audit log, with who did it.
 */
MM_MUST_USE enum mm_code mm_account_password(struct mm_auth *auth, const struct mm_scope *scope,
                                             uint32_t user, struct mm_slice password,
                                             bool must_change, struct mm_slice keep_token,
                                             int64_t now_us, unsigned *ret_broken);
/* A password that keeps every rule. */
void mm_account_make_password(const struct mm_auth *auth, char ret[MM_PASSWORD_MADE]);

/* A new secret for the user's app; it counts after _confirm. */
MM_MUST_USE enum mm_code mm_account_totp(struct mm_auth *auth, const struct mm_scope *scope,
                                         uint32_t user, int64_t now_us,
                                         char ret_base32[MM_TOTP_BASE32]);
/* As _totp for a session whose scope is still NULL. The session's own user only. */
MM_MUST_USE enum mm_code mm_account_totp_self(struct mm_auth *auth,
                                              const struct mm_session *session, int64_t now_us,
                                              char ret_base32[MM_TOTP_BASE32]);
/* The app shows `code`: the secret counts from now on and this session is strong. MM_E_AUTH. */
MM_MUST_USE enum mm_code mm_account_totp_confirm(struct mm_auth *auth,
                                                 const struct mm_session *session,
                                                 struct mm_slice token, struct mm_slice code,
                                                 int64_t now_us);

/* A new sheet of one-time codes; the unused old ones end. 1 <= count <= MM_CODES_MAX. */
MM_MUST_USE enum mm_code mm_account_codes(struct mm_auth *auth, const struct mm_scope *scope,
                                          uint32_t user, size_t count, int64_t now_us,
                                          char ret[][MM_CODE_TEXT]);

/*
 * Complete a token's record (name, source or user, rights, until) with a new secret; the caller
 * adds it with mm_rec_add. ret_token is shown once; ret_digest must outlive the record. MM_E_RANGE:
 * ingest is of a source, other rights of a user; MM_E_SYNTAX: scopes name what is no right.
 */
MM_MUST_USE enum mm_code mm_account_token(struct mm_auth *auth, struct mm_rec *token,
                                          struct mm_digest *ret_digest,
                                          char ret_token[MM_AUTH_TEXT]);

#endif
