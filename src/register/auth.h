/*
 * register/auth.h - from a password, a session or a token to a scope; nothing else makes scopes.
 *
 * Purpose   Log in (password or printed code, authenticator app), keep sessions, check bearers,
 *           slow guessing down. Pages get a struct mm_session and never a bare user number.
 * Owns      struct mm_auth borrows the records and copies the key. A session's scope and texts
 *           live in the arena that is passed.
 * Threads   Every function may be called from every thread. At most MM_AUTH_HASHERS passwords are
 *           computed at a time, MM_AUTH_HASHERS_WAIT wait for that; others are told to come again.
 * Trust     Everything passed in comes from the network. Wrong login, wrong password and ended
 *           company answer the same, in about the same time.
 * Spec      Digests of tokens are keyed with the state key: a stolen database logs nobody in.
 */
#ifndef MM_REGISTER_AUTH_H
#define MM_REGISTER_AUTH_H

#include "base/arena.h"
#include "codec/ext/crypt.h"
#include "register/roles.h"
#include "store/records/records.h"

enum {
    MM_AUTH_HASHERS = 2,        /* 19 MiB and one core each */
    MM_AUTH_HASHERS_WAIT = 16,  /* the last waits a third of a second; each holds a thread */
    MM_AUTH_AGENT_MAX = 200,    /* bytes kept of what a browser calls itself */
    MM_AUTH_TEXT = 48,          /* a session or API token with its NUL */
    MM_AUTH_SESSION_H = 12,     /* a working day */
    MM_AUTH_IDLE_MIN = 60,      /* a lunch break */
    MM_AUTH_LOGIN_MAX = 64,     /* fields.def: user.login */
    MM_AUTH_THROTTLE_MAX = 900, /* seconds; the longest wait */
};

struct mm_auth;
struct mm_password_rules;

/* Read a key file: exactly 32 bytes, readable by its owner only (MM_E_DENIED otherwise). */
MM_MUST_USE enum mm_code mm_key_load(const char *path, struct mm_key *ret);
/* mm_crypt_init and mm_totp_init are done here. */
MM_MUST_USE enum mm_code mm_auth_open(struct mm_records *rec, const struct mm_key *key,
                                      struct mm_auth **ret);
/* No call may be running. */
void mm_auth_close(struct mm_auth **auth);

/* Passwords being computed, and what became of the wish for it. */
struct mm_auth_load {
    uint32_t running, waiting, running_max; /* now, now, ever at once */
    uint64_t done, refused;                 /* since opening; refused: too many waited */
};
void mm_auth_load(struct mm_auth *auth, struct mm_auth_load *ret);

/* What a password must be, where it is alone or beside a second factor. */
const struct mm_password_rules *mm_auth_password_rules(const struct mm_auth *auth);

struct mm_login {
    struct mm_slice login;
    struct mm_slice secret; /* password, or a printed one-time code for company people */
    struct mm_slice totp;   /* six digits, or a printed code instead; empty at the first try */
    struct mm_slice peer;   /* the sender's address as text */
    struct mm_slice agent;  /* what its browser calls itself; shown in the list of sessions */
    int64_t now_us;
};

/*
 * MM_OK: ret_token is the session's token, for a cookie. MM_E_AUTH: no. MM_E_MORE: the password is
 * right and the six digits are asked for. MM_E_BUSY: too many failures; *ret_wait_s says how long
 * to wait, 0: only that too many log in at this moment. MM_E_IO and others: not now.
 */
MM_MUST_USE enum mm_code mm_auth_login(struct mm_auth *auth, const struct mm_login *login,
                                       char ret_token[MM_AUTH_TEXT], int64_t *ret_wait_s);

struct mm_session {
    /* NULL, and no rights, until the second factor was set up: only the page for that is shown. */
    const struct mm_scope *scope;
    uint32_t user;
    uint32_t company;
    const struct mm_role *role;
    unsigned rights; /* enum mm_right; fewer than the role's for an API token */
    struct mm_slice login, name;
    struct mm_slice language; /* empty: the browser's */
    bool must_change;         /* the password was given by somebody else */
    bool api;                 /* came with a bearer token: no cookie, so no CSRF token */
    char csrf[MM_AUTH_TEXT];  /* for forms of this session; empty for an API token */
};

/* Who has this session token? MM_E_AUTH when nobody has (any more). Text is hostile. */
MM_MUST_USE enum mm_code mm_auth_session(struct mm_auth *auth, struct mm_slice token,
                                         int64_t now_us, struct mm_arena *a,
                                         struct mm_session *ret);
/* Who has this API token (`Authorization: Bearer`)? */
MM_MUST_USE enum mm_code mm_auth_bearer(struct mm_auth *auth, struct mm_slice token, int64_t now_us,
                                        struct mm_arena *a, struct mm_session *ret);
/* Is this the CSRF token of the session? In constant time. */
bool mm_auth_csrf(const struct mm_session *session, struct mm_slice given);
/*
 * The session goes on under a new token, for what it may do has changed; the old one is nobody's.
 * MM_E_AUTH: there is no such session (any more).
 */
MM_MUST_USE enum mm_code mm_auth_renew(struct mm_auth *auth, struct mm_slice token,
                                       char ret_token[MM_AUTH_TEXT]);
MM_MUST_USE enum mm_code mm_auth_logout(struct mm_auth *auth, struct mm_slice token);

/* Which source may send with this token? For intake's HTTP endpoint. */
MM_MUST_USE enum mm_code mm_auth_ingest(struct mm_auth *auth, struct mm_slice token, int64_t now_us,
                                        uint32_t *ret_company, uint32_t *ret_source);
/* The digest under which a token is kept: to look many up without the records. */
void mm_auth_digest(const struct mm_key *key, struct mm_slice token, struct mm_digest *ret);

#endif
