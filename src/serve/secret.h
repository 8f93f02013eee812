/*
 * serve/secret.h - secrets that the configuration hands to programs: never in plain on a disk.
 *
 * Purpose   A value of a SECRET key is `sealed:1:TEXT`, sealed with the key of the state directory
 *           as second factors are, or `credential:NAME`, which systemd (or a container) hands over.
 * Owns      Nothing; what was read goes to the caller's memory, who wipes it.
 * Threads   Before any thread is made: programs read their secrets, then lock themselves in.
 * Trust     The configuration is the operator's; slips and boxes of another key are expected. What
 *           is refused is never shown.
 * Spec      sealed:1: and base64url (RFC 4648 5, no padding) of codec/ext/crypt.h's box. A higher
 *           number is a newer release's.
 */
#ifndef MM_SERVE_SECRET_H
#define MM_SERVE_SECRET_H

#include "codec/ext/crypt.h"
#include "serve/config.h"

enum {
    MM_SECRET_MAX = 512, /* bytes of one with NUL: passwords and tokens; a path holds it sealed */
    MM_SECRET_TEXT = 768 /* its sealed text: 9 bytes, 4 for 3 of 511 and a box's 40, NUL */
};

/* What `mimamori config seal` prints. False for what is empty, has MM_SECRET_MAX bytes or more, or
 * a line's end or NUL in it. */
MM_MUST_USE bool mm_secret_seal(const struct mm_key *key, struct mm_slice secret,
                                char ret[MM_SECRET_TEXT]);

/*
 * The secret that a SECRET key hands over, NUL-terminated, without its line's end; empty where the
 * key has no value. `state` is the state directory, mm_state_prepare has seen to its key.
 * MM_E_CONFIG, MM_E_VERSION (sealed by a newer release): `why` says what to do.
 */
MM_MUST_USE enum mm_code mm_secret_read(const struct mm_config *c, enum mm_config_key k,
                                        const char *state, char ret[MM_SECRET_MAX],
                                        struct mm_buf *why);

/* Can all of them be read? As above; for who starts the programs that need them. */
MM_MUST_USE enum mm_code mm_secrets_check(const struct mm_config *c, const char *state,
                                          struct mm_buf *why);

#endif
