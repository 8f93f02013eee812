/*
 * register/auth_priv.h - what login, sessions and accounts share; register only.
 *
 * Purpose   struct mm_auth and the bounded password computation.
 * Owns      See auth.h.
 * Threads   hashers counts free computations; the rest is fixed after opening.
 * Trust     See auth.h.
 */
#ifndef MM_REGISTER_AUTH_PRIV_H
#define MM_REGISTER_AUTH_PRIV_H

#include <semaphore.h>

#include "register/auth.h"

struct mm_auth {
    struct mm_records *rec;
    struct mm_key key;
    sem_t hashers;
    size_t password_memory;        /* of one computation */
    char nobody[MM_PASSWORD_TEXT]; /* hash that is computed when there is no such user */
};

/* As mm_auth_open, with that much memory for a password: tests that are not about its price. */
MM_MUST_USE enum mm_code mm_auth_open_with(struct mm_records *rec, const struct mm_key *key,
                                           size_t password_memory, struct mm_auth **ret);
/* As in crypt.h, at most MM_AUTH_HASHERS at a time. */
bool mm_auth_verify(struct mm_auth *auth, struct mm_slice hash, struct mm_slice password);
MM_MUST_USE enum mm_code mm_auth_hash(struct mm_auth *auth, struct mm_slice password,
                                      char ret[MM_PASSWORD_TEXT]);
/* Digest of a printed code of this user; false when the text has not the form of one. */
MM_MUST_USE bool mm_code_digest(const struct mm_key *key, uint32_t user, struct mm_slice text,
                                struct mm_digest *ret);
/* Letters of printed codes: no I, L, O, U (Crockford), so that they can be read out. */
extern const char mm_code_letters[33];
enum { MM_CODE_LETTERS = 12 };

static inline struct mm_slice mm_digest_slice(const struct mm_digest *d)
{
    return mm_slice_of(d->b, sizeof(d->b));
}

#endif
