/*
 * register/access.h - what opens doors in a user's name: sessions, tokens, invitations.
 *
 * Purpose   A user, or an administrator for it, sees all of it in one place and can shut each.
 * Owns      Texts handed out live in the arena that is passed; codes and tokens go to the caller's
 *           memory and are shown once.
 * Threads   As auth.h. An invitation that is taken costs a password: never inside a write function.
 * Trust     As account.h: the caller has checked that the actor may do this (itself, or
 *           MM_MAY_PEOPLE); users that the scope doesn't see are MM_E_NOTFOUND, and a read-only
 *           scope changes only its own user. Invitations and what a browser calls itself come
 *           from the network. Each change is in the audit log of the user's company.
 */
#ifndef MM_REGISTER_ACCESS_H
#define MM_REGISTER_ACCESS_H

#include "register/account.h"

enum {
    MM_ACCESS_NAME = 17,      /* of a session in addresses: 16 hex digits and a NUL */
    MM_ACCESS_LIST_MAX = 100, /* sessions, tokens that are listed of one user */
    MM_INVITE_TEXT = 20,      /* "XXXX-XXXX-XXXX-XXXX": 80 bits, and a NUL */
    MM_INVITE_DAYS = 7,       /* a letter, a holiday, and a day */
};

struct mm_access_session {
    struct mm_slice name; /* for _end_session */
    int64_t begun_us, seen_us, until_us;
    struct mm_slice peer, agent; /* as it was begun; may be empty */
    struct mm_slice how;         /* password, code, oidc */
    bool strong;                 /* with a second factor, or where none is asked for */
    bool here;                   /* the one that asks */
};

struct mm_access_token {
    uint32_t token;
    struct mm_slice name, prefix, rights, scopes, until; /* until: a day, may be empty */
    int64_t made_us, used_us;                            /* used: 0 never */
};

struct mm_access {
    struct mm_access_session *session; /* those that are good now, the last used first */
    size_t session_n;
    struct mm_access_token *token;
    size_t token_n;
    bool has_password, must_change, has_app;
    int64_t password_us;                  /* 0: none */
    int64_t codes;                        /* printed ones that are left */
    int64_t invited_us, invited_until_us; /* 0: no invitation waits */
    bool password_off;                    /* it does not open the door */
    struct mm_slice issuer, subject;      /* of the identity that does; empty: none is tied */
    int64_t tied_us, tie_used_us;         /* 0: never */
};

/*
 * What there is of one user, under the scope of tx. `token` is the asking session's, empty for
 * none. MM_E_NOMEM; of a user that the scope doesn't see there is nothing.
 */
MM_MUST_USE enum mm_code mm_access_of(struct mm_auth *auth, struct mm_tx *tx, uint32_t user,
                                      struct mm_slice token, int64_t now_us, struct mm_arena *a,
                                      struct mm_access *ret);
/* As mm_access_of for who asks itself, whatever its scope may read. */
MM_MUST_USE enum mm_code mm_access_own(struct mm_auth *auth, const struct mm_session *session,
                                       struct mm_slice token, int64_t now_us, struct mm_arena *a,
                                       struct mm_access *ret);

/* End one session by its name, or with an empty name all but that of `keep_token` (may be empty).
 * MM_E_NOTFOUND when there is none of that name. */
MM_MUST_USE enum mm_code mm_access_end_session(struct mm_auth *auth, const struct mm_scope *scope,
                                               uint32_t user, struct mm_slice name,
                                               struct mm_slice keep_token, int64_t now_us);
/* End a token of this user: MM_E_NOTFOUND. */
MM_MUST_USE enum mm_code mm_access_end_token(struct mm_auth *auth, const struct mm_scope *scope,
                                             uint32_t user, uint32_t token, int64_t now_us);

/* What a new token of a user shall be. */
struct mm_token_wish {
    struct mm_slice name;
    struct mm_slice rights; /* read, write */
    struct mm_slice scopes; /* "see,search"; empty: all that the role has */
    int days;               /* good for so many, 1..MM_TOKEN_DAYS_MAX */
};
enum { MM_TOKEN_DAYS_MAX = 366 };

/* A new token; MM_E_SYNTAX with fault for a name, rights or scopes that are none. */
MM_MUST_USE enum mm_code mm_access_token(struct mm_auth *auth, const struct mm_scope *scope,
                                         uint32_t user, const struct mm_token_wish *wish,
                                         int64_t now_us, char ret_token[MM_AUTH_TEXT],
                                         struct mm_fault *fault);

/* A new invitation; the one before ends. */
MM_MUST_USE enum mm_code mm_access_invite(struct mm_auth *auth, const struct mm_scope *scope,
                                          uint32_t user, int64_t now_us,
                                          char ret_code[MM_INVITE_TEXT], int64_t *ret_until_us);
/* MM_E_NOTFOUND when none waits. */
MM_MUST_USE enum mm_code mm_access_uninvite(struct mm_auth *auth, const struct mm_scope *scope,
                                            uint32_t user, int64_t now_us);

struct mm_welcome {
    struct mm_slice code;     /* as people type it */
    struct mm_slice password; /* empty: only asks whose the invitation is */
    struct mm_slice peer;
    int64_t now_us;
};

/* Who came, and what was wrong. */
struct mm_welcomed {
    struct mm_slice login, name; /* in the arena; set with MM_OK, _MORE and _RANGE */
    bool second;                 /* a second factor will be asked for */
    bool staff;                  /* of the operator's own company */
    unsigned broken;             /* MM_E_RANGE: rules, as mm_password_check */
    int64_t wait_s;              /* MM_E_BUSY: as mm_auth_login */
};

/*
 * Somebody came with an invitation. MM_OK: the password is set, the invitation used up, every
 * session of the user ended. MM_E_MORE: it is good and a password is asked for. MM_E_RANGE: the
 * password breaks rules. MM_E_AUTH: no such invitation (any more). MM_E_BUSY: as mm_auth_login.
 */
MM_MUST_USE enum mm_code mm_access_welcome(struct mm_auth *auth, const struct mm_welcome *w,
                                           struct mm_arena *a, struct mm_welcomed *ret);

#endif
