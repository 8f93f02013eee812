/*
 * register/relay.h - relays of companies: their codes, tokens and signed settings.
 *
 * Purpose   Make the code that is read over the telephone, take the relay that comes with it, sign
 *           what it shall listen to and follow.
 * Owns      Nothing; texts go into the caller's buffers.
 * Threads   As auth.h. Making a code costs a password: never inside a write function.
 * Trust     Who enrols is nobody until it has proved that it knows the code. Guesses are counted
 *           by code and by address. Settings are signed with a key made of the state key.
 * Spec      codec/ext/enrol.h, codec/relayset.h.
 */
#ifndef MM_REGISTER_RELAY_H
#define MM_REGISTER_RELAY_H

#include "base/buf.h"
#include "codec/callcode.h"
#include "codec/relayset.h"
#include "register/auth.h"

enum {
    MM_RELAY_CODE_H = 24,     /* a telephone call, and a second one tomorrow */
    MM_RELAY_CODE_WRONG = 5,  /* proofs that fail */
    MM_RELAY_CODE_ASKED = 50, /* questions about one code, each a thing to try secrets on */
};

/*
 * A new code for this relay of the scope's company; the one before ends. What was enrolled before
 * goes on until the new code is used. MM_E_NOTFOUND: no such relay. In the audit log.
 */
MM_MUST_USE enum mm_code mm_relay_code(struct mm_auth *auth, const struct mm_scope *scope,
                                       uint32_t relay, int64_t now_us,
                                       char ret_code[MM_CALLCODE_TEXT], int64_t *ret_until_us);
/*
 * Sign the settings that the relay's record says, with the next serial. To be called after each
 * change. MM_E_SYNTAX with fault->what "relay.listen" or "relay.follow".
 */
MM_MUST_USE enum mm_code mm_relay_sign(struct mm_auth *auth, const struct mm_scope *scope,
                                       uint32_t relay, struct mm_fault *fault);

/* What was sent to `POST /v1/relay/enrol`. */
struct mm_relay_request {
    struct mm_slice step; /* "ask", "take" */
    struct mm_slice code; /* its first four digits */
    struct mm_slice half; /* the relay's public half */
    struct mm_slice machine, proof;
    struct mm_slice peer;  /* the sender's address as text */
    const char *url, *pin; /* of intake: what is offered */
    int64_t now_us;
};

/*
 * The answer's text into out: lines "name value". Returns an HTTP status: 200, or 4xx and "error
 * KEY" (relay.code.wrong, .used, .old, .tries), 429 (*ret_wait_s), 503.
 */
int mm_relay_enrolling(struct mm_auth *auth, const struct mm_relay_request *r, struct mm_buf *out,
                       int64_t *ret_wait_s);

struct mm_relay_state {
    uint64_t serial, epoch;
    int64_t enrolled_us, code_until_us; /* 0: never; no code waits */
    struct mm_slice machine;            /* in the arena */
};
/* How it stands with a relay that the scope sees; zeros when nothing was made yet. */
MM_MUST_USE enum mm_code mm_relay_state(struct mm_tx *tx, uint32_t relay, struct mm_arena *a,
                                        struct mm_relay_state *ret);

/* Of every relay that has enrolled and not ended, for intake. */
struct mm_relay_digest {
    uint32_t relay, company;
    struct mm_digest digest;
    uint8_t epoch;
    uint64_t serial;
    struct mm_slice mode; /* relay.mode */
};
MM_MUST_USE enum mm_code mm_relay_digests(struct mm_tx *tx,
                                          bool (*each)(void *arg, const struct mm_relay_digest *d),
                                          void *arg);
/* The signed settings of a relay; MM_E_NOTFOUND. */
MM_MUST_USE enum mm_code mm_relay_settings(struct mm_tx *tx, uint32_t relay, struct mm_buf *out);

#endif
