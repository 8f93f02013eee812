/*
 * register/auth_priv.h - what login, sessions and accounts share; register only.
 *
 * Purpose   struct mm_auth, the bounded password computation, whose account is meant.
 * Owns      See auth.h.
 * Threads   load stands under hash_lock; the rest is fixed after opening.
 * Trust     See auth.h.
 */
#ifndef MM_REGISTER_AUTH_PRIV_H
#define MM_REGISTER_AUTH_PRIV_H

#include <pthread.h>

#include "register/audit.h"
#include "register/auth.h"
#include "register/entity.h"
#include "register/password.h"

struct mm_auth {
    struct mm_records *rec;
    struct mm_key key;
    pthread_mutex_t hash_lock;
    pthread_cond_t hash_free;
    struct mm_auth_load load;
    struct mm_password_rules rules;
    size_t password_memory;        /* of one computation */
    char nobody[MM_PASSWORD_TEXT]; /* hash that is computed when there is no such user */
};

/* As mm_auth_open, with that much memory for a password: tests that are not about its price. */
MM_MUST_USE enum mm_code mm_auth_open_with(struct mm_records *rec, const struct mm_key *key,
                                           size_t password_memory, struct mm_auth **ret);
/* A new session's token and the digest under which it is kept. */
void mm_session_make(const struct mm_auth *auth, char ret[MM_AUTH_TEXT],
                     struct mm_digest *ret_digest);
/*
 * Wait for one of MM_AUTH_HASHERS places; MM_E_BUSY at once when MM_AUTH_HASHERS_WAIT wait
 * already. MM_OK: hand it back with _done.
 */
MM_MUST_USE enum mm_code mm_auth_hasher(struct mm_auth *auth);
void mm_auth_hasher_done(struct mm_auth *auth);
/* In such a place: MM_OK, MM_E_AUTH for a wrong password, MM_E_BUSY for no place. */
MM_MUST_USE enum mm_code mm_auth_verify(struct mm_auth *auth, struct mm_slice hash,
                                        struct mm_slice password);
/* In such a place, as in crypt.h; MM_E_BUSY for none. */
MM_MUST_USE enum mm_code mm_auth_hash(struct mm_auth *auth, struct mm_slice password,
                                      char ret[MM_PASSWORD_TEXT]);
/* Digest of a printed code of this user; false when the text has not the form of one. */
MM_MUST_USE bool mm_code_digest(const struct mm_key *key, uint32_t user, struct mm_slice text,
                                struct mm_digest *ret);
/* The same of an invitation, which says itself whose it is. */
MM_MUST_USE bool mm_invite_digest(const struct mm_key *key, struct mm_slice text,
                                  struct mm_digest *ret);
/* Letters of printed codes: no I, L, O, U (Crockford), so that they can be read out. */
extern const char mm_code_letters[33];
enum { MM_CODE_LETTERS = 12, MM_INVITE_LETTERS = 16 };
/* Groups of four random signs out of `count`, with hyphens and a NUL: 5 * groups bytes. */
void mm_make_groups(char *ret, size_t groups, const char *letters, size_t count);

/* Whose account is changed, and by whom. */
struct mm_target {
    struct mm_rec rec; /* the user; texts in the arena */
    uint32_t by;       /* who acts; 0: somebody at the machine */
    char actor[MM_AUDIT_WORD_MAX];
    struct mm_scope_hold hold;
    const struct mm_scope *own; /* the user's company; points into hold */
};

/*
 * The user is the actor's own, or one that its scope sees and may write: what follows is then
 * written under t->own, also for an auditor's own account. MM_E_NOTFOUND, MM_E_DENIED.
 */
MM_MUST_USE enum mm_code mm_target_read(struct mm_auth *auth, const struct mm_scope *scope,
                                        uint32_t user, struct mm_arena *a, struct mm_target *ret);
/* The entry "ACTION user N" in the audit log; action is text of ours. */
MM_MUST_USE enum mm_code mm_target_note(struct mm_tx *tx, const struct mm_target *t,
                                        const char *action, struct mm_slice text, int64_t now_us);

/* What has to be proven about a password before it is written, by _password and _welcome. */
struct mm_fresh {
    char hash[MM_PASSWORD_TEXT]; /* wipe it */
};
MM_MUST_USE enum mm_code mm_fresh_password(struct mm_auth *auth, const struct mm_target *t,
                                           struct mm_slice password, struct mm_arena *a,
                                           struct mm_fresh *ret, unsigned *ret_broken);
/* Writes it, in a transaction of t->own; sessions but `keep` end. */
MM_MUST_USE enum mm_code mm_fresh_write(struct mm_tx *tx, const struct mm_target *t,
                                        const struct mm_fresh *fresh, bool must_change,
                                        const struct mm_digest *keep, int64_t now_us);

/* Somebody else has proven who it is, in place of a password. */
struct mm_elsewhere {
    bool strong;          /* no second factor of ours is asked for */
    mm_records_work with; /* done with the session, under the system scope; not MM_OK: no session */
    void *arg;
};
/* As mm_auth_login for such a login name: its secret is not looked at. MM_E_DENIED: nobody's. */
MM_MUST_USE enum mm_code mm_auth_elsewhere(struct mm_auth *auth, const struct mm_login *login,
                                           const struct mm_elsewhere *elsewhere,
                                           char ret_token[MM_AUTH_TEXT], int64_t *ret_wait_s);
/* The user whose invitation it is; MM_E_AUTH when it is none (any more). */
MM_MUST_USE enum mm_code mm_invited(struct mm_auth *auth, const struct mm_digest *digest,
                                    int64_t now_us, struct mm_arena *a, struct mm_target *ret);

/* Guesses from an address at something that has no login name: MM_E_BUSY with the wait. */
MM_MUST_USE enum mm_code mm_guess_allowed(struct mm_auth *auth, struct mm_slice peer,
                                          int64_t now_us, int64_t *ret_wait_s);
MM_MUST_USE enum mm_code mm_guess_failed(struct mm_auth *auth, struct mm_slice peer,
                                         int64_t now_us);

static inline struct mm_slice mm_digest_slice(const struct mm_digest *d)
{
    return mm_slice_of(d->b, sizeof(d->b));
}

#endif
