/*
 * app/relay_identity.h - who a relay is: what enrolment left in its state directory.
 *
 * Purpose   Write and read the file `identity`: the centre's address and keys, our token.
 * Owns      Nothing after return; the token is wiped by who holds the struct.
 * Threads   Any.
 * Trust     The file is ours, 0600; a line that makes no sense refuses it as a whole.
 */
#ifndef MM_APP_RELAY_IDENTITY_H
#define MM_APP_RELAY_IDENTITY_H

#include "codec/ext/crypt.h"

#define MM_RELAY_STATE_DEFAULT "/var/lib/mimamori-relay"

enum {
    MM_RELAY_URL = 512,
    MM_RELAY_TOKEN = 48,
    MM_RELAY_PIN = 64, /* "sha256//" and 44 signs */
};

struct mm_relay_identity {
    char url[MM_RELAY_URL]; /* of the centre's intake, without a slash at the end */
    char token[MM_RELAY_TOKEN];
    char pin[MM_RELAY_PIN];        /* its public key; empty: an authority vouches for its name */
    char proxy[MM_RELAY_URL];      /* empty: none */
    char proxy_user[MM_RELAY_URL]; /* "USER:PASSWORD", or empty */
    struct mm_key centre;          /* that signs our settings */
    uint32_t relay;
    uint32_t epoch;
};

/* MM_E_NOTFOUND: this machine was not enrolled; MM_E_SYNTAX. */
MM_MUST_USE enum mm_code mm_relay_identity_read(const char *state, struct mm_relay_identity *ret);
/* Durable when this returns; the directory is made. */
MM_MUST_USE enum mm_code mm_relay_identity_write(const char *state,
                                                 const struct mm_relay_identity *id);

#endif
