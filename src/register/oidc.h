/*
 * register/oidc.h - logging in with an identity that the operator's provider vouches for.
 *
 * Purpose   OpenID Connect, the half without a network: what a browser brought back becomes a job;
 *           what the worker has heard from the provider becomes a session, or the tie between an
 *           identity and an account. Who talks to the provider: app/oidc.c, asked by the worker.
 * Owns      The tables identity, provider, sign_in.
 * Threads   As auth.h.
 * Trust     What a browser brings comes from the network; that it is the one that began, the
 *           caller has checked (web/portal/oidc_pages.c). An identity is issuer and subject, never
 *           a mail address. Only people of the operator's own company can have one: its provider
 *           says nothing about those of others. Accounts are never made here.
 */
#ifndef MM_REGISTER_OIDC_H
#define MM_REGISTER_OIDC_H

#include "register/auth.h"

struct mm_tx;

enum {
    MM_OIDC_RANDOM = 44,       /* state, nonce, verifier: 256 bits in base64url, and a NUL */
    MM_OIDC_CODE_MAX = 2048,   /* bytes of a code; large providers' are 1,200 */
    MM_OIDC_URL_MAX = 2048,    /* of an endpoint; browsers take no longer ones everywhere */
    MM_OIDC_OPEN_MAX = 500,    /* that came back and are not through, of everybody... */
    MM_OIDC_OPEN_PEER_MAX = 20 /* ...and of one address: an office behind one */
};

/* ---- the portal's side ---- */

struct mm_oidc_back {
    struct mm_slice state, nonce, verifier; /* as they were made for this browser */
    struct mm_slice code;                   /* the provider's */
    struct mm_slice peer;
    int64_t now_us, until_us; /* until: when the browser's ticket ends */
};
/*
 * Have the worker find out who it is. MM_E_EXISTS: with this state somebody was back already;
 * MM_E_BUSY: too many are; MM_E_LIMIT: no code is that long.
 */
MM_MUST_USE enum mm_code mm_oidc_back(struct mm_auth *auth, const struct mm_oidc_back *back);

enum mm_oidc_step { MM_OIDC_BACK, MM_OIDC_PROVEN, MM_OIDC_REFUSED, MM_OIDC_USED };
struct mm_oidc_state {
    enum mm_oidc_step step;
    struct mm_slice why; /* REFUSED: key of a sentence, "oidc.why.*" */
};
/* How far it is. MM_E_NOTFOUND: nobody is back with this state, or too long ago. */
MM_MUST_USE enum mm_code mm_oidc_look(struct mm_auth *auth, struct mm_slice state, int64_t now_us,
                                      struct mm_arena *a, struct mm_oidc_state *ret);

struct mm_oidc_enter {
    struct mm_slice state, issuer;
    bool ask_app;               /* our second factor, unless the provider asked for several */
    struct mm_slice invitation; /* the code of one: ties the identity to its user; may be empty */
    struct mm_slice totp, peer, agent; /* as in struct mm_login */
    int64_t now_us;
};
/*
 * Who was proven becomes a session: MM_OK, MM_E_MORE (six digits are asked for), MM_E_BUSY as
 * mm_auth_login. MM_E_AUTH: wrong digits, or the invitation is none (any more). MM_E_NOTFOUND:
 * nobody was proven with this state; MM_E_DENIED: proven, but no account of ours is tied to it.
 * MM_E_EXISTS: with an invitation, the identity or the user is tied already.
 */
MM_MUST_USE enum mm_code mm_oidc_enter(struct mm_auth *auth, const struct mm_oidc_enter *e,
                                       char ret_token[MM_AUTH_TEXT], int64_t *ret_wait_s);

/* Tie who was proven to the session's own user. MM_E_NOTFOUND as above; MM_E_EXISTS: identity or
 * user is tied already; MM_E_DENIED: not one of the operator's people. */
MM_MUST_USE enum mm_code mm_oidc_tie(struct mm_auth *auth, const struct mm_session *session,
                                     struct mm_slice state, struct mm_slice issuer, int64_t now_us);
/*
 * Untie a user; its password counts again, sessions that were begun by the provider end, but that
 * of `keep_token`. As mm_access_end_token; MM_E_RANGE: it is who asks, and there is no password.
 */
MM_MUST_USE enum mm_code mm_oidc_untie(struct mm_auth *auth, const struct mm_scope *scope,
                                       uint32_t user, struct mm_slice keep_token, int64_t now_us);
/* Whether the user's password opens the door. MM_E_RANGE: there is no identity that would. */
MM_MUST_USE enum mm_code mm_oidc_password(struct mm_auth *auth, const struct mm_scope *scope,
                                          uint32_t user, bool on, int64_t now_us);

/* The user whose invitation this is, when it may be taken with an identity: MM_E_AUTH, MM_E_DENIED
 * (of a company), MM_E_BUSY with the wait as mm_auth_login. */
MM_MUST_USE enum mm_code mm_oidc_invited(struct mm_auth *auth, struct mm_slice code,
                                         struct mm_slice peer, int64_t now_us, int64_t *ret_wait_s);

/* Where the provider's page is, in the arena. MM_E_NOTFOUND: it was never reached. */
MM_MUST_USE enum mm_code mm_oidc_provider(struct mm_auth *auth, struct mm_slice issuer,
                                          struct mm_arena *a, struct mm_slice *ret);

/* ---- the worker's side: system scope ---- */

MM_MUST_USE enum mm_code mm_oidc_provider_note(struct mm_tx *tx, struct mm_slice issuer,
                                               struct mm_slice authorize, int64_t now_us);

struct mm_oidc_question {
    struct mm_slice nonce, verifier, code; /* in the arena */
};
/* MM_E_NOTFOUND: answered, or too old. */
MM_MUST_USE enum mm_code mm_oidc_question(struct mm_tx *tx, int64_t sign_in, int64_t now_us,
                                          struct mm_arena *a, struct mm_oidc_question *ret);

struct mm_oidc_answer {
    struct mm_slice subject; /* empty: nobody was proven, and why: */
    struct mm_slice why;
    bool mfa;
};
/* Code and verifier are forgotten. What was answered already stays as it is. */
MM_MUST_USE enum mm_code mm_oidc_answer(struct mm_tx *tx, int64_t sign_in,
                                        const struct mm_oidc_answer *answer);

#endif
