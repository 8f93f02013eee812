/*
 * app/relay_enrol.h - `mimamori relay enrol URL CODE`: this machine becomes a relay.
 *
 * Purpose   From an address and a code to an identity (app/relay_identity.h).
 * Owns      Nothing after return.
 * Threads   One.
 * Trust     Whoever answers is hostile until it has proved that it knows the code.
 * Spec      codec/ext/enrol.h; `POST /v1/relay/enrol` of the portal, twice: ask, take.
 */
#ifndef MM_APP_RELAY_ENROL_H
#define MM_APP_RELAY_ENROL_H

struct mm_relay_wish {
    const char *state, *url, *code;
    const char *proxy, *proxy_user; /* NULL: none */
};

/* An exit status; says what came of it. */
int mm_relay_enrol(const struct mm_relay_wish *wish);

#endif
