/*
 * codec/ext/idtoken.h - an ID token of OpenID Connect: whose signature, for whom, how old.
 *
 * Purpose   From a provider's compact JWS and its published keys to the one thing that is wanted:
 *           which of its accounts logged in here and now.
 * Owns      Nothing; what is handed out lives in the arena that is passed.
 * Threads   Pure functions.
 * Trust     Token and keys are hostile: bounded in size and number, an algorithm counts only when
 *           it is one of the three below and fits the key's own kind, so neither "none" nor a
 *           public key used as a secret can pass. RSA keys have 2,048 to 8,192 bits.
 * Spec      RFC 7515, 7517, 7518 (RS256, ES256), 8037 (EdDSA with Ed25519), 7519; OpenID Connect
 *           Core 1.0, 3.1.3.7; amr after RFC 8176. Fuzzed by idtoken_fuzz.c.
 */
#ifndef MM_CODEC_EXT_IDTOKEN_H
#define MM_CODEC_EXT_IDTOKEN_H

#include "base/arena.h"
#include "base/base.h"

enum {
    MM_IDTOKEN_MAX = 16 * 1024, /* with groups and pictures in it they reach 6 KB */
    MM_JWKS_MAX = 64 * 1024,    /* large providers publish a dozen keys with certificates: 20 KB */
    MM_JWKS_KEYS = 64,          /* that are looked at */
    MM_IDTOKEN_SKEW_S = 120,    /* between the provider's clock and ours */
    MM_IDTOKEN_AGE_S = 600,     /* it was made for the login that waits for it */
    MM_IDTOKEN_SUBJECT_MAX = 255, /* OpenID Connect Core 2 */
};

/* What the token has to say. */
struct mm_idtoken_want {
    struct mm_slice issuer, client, nonce; /* none is empty */
    struct mm_slice acr;                   /* the class that means several factors; may be empty */
    int64_t now_s;
};

struct mm_idtoken {
    struct mm_slice subject; /* 1..MM_IDTOKEN_SUBJECT_MAX bytes of printable ASCII */
    bool mfa;                /* the provider says that it asked for more than one factor */
};

/*
 * Whose token is it? MM_E_SYNTAX, MM_E_LIMIT: token or keys are none; MM_E_AUTH: it proves nothing
 * to us. fault (may be NULL) says why, as a key below "oidc.why.". *ret is untouched then.
 */
MM_MUST_USE enum mm_code mm_idtoken_read(struct mm_slice token, struct mm_slice jwks,
                                         const struct mm_idtoken_want *want, struct mm_arena *a,
                                         struct mm_idtoken *ret, struct mm_fault *fault);

/* The two halves of it: a signature that holds gives the signed text... */
MM_MUST_USE enum mm_code mm_idtoken_verify(struct mm_slice token, struct mm_slice jwks,
                                           struct mm_arena *a, struct mm_slice *ret_claims,
                                           struct mm_fault *fault);
/* ... and that text says what was wanted. */
MM_MUST_USE enum mm_code mm_idtoken_claims(struct mm_slice claims,
                                           const struct mm_idtoken_want *want, struct mm_arena *a,
                                           struct mm_idtoken *ret, struct mm_fault *fault);

#endif
