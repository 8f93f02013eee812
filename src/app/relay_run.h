/*
 * app/relay_run.h - the working process of a relay: takes lines, keeps them, hands them over.
 *
 * Purpose   Listeners and followed files as the signed settings say, the spool, the hand-over to
 *           the centre; ends when something has to begin anew.
 * Owns      Everything below the state directory while it runs; three threads.
 * Threads   Called once, in a process of its own.
 * Trust     Bytes of the network are hostile and not looked into; settings count only when the
 *           centre's key has signed them, for this relay, with a serial not below the last one.
 */
#ifndef MM_APP_RELAY_RUN_H
#define MM_APP_RELAY_RUN_H

#include "app/relay_identity.h"

enum {
    MM_RELAY_ENDED = 0, /* it was told to */
    MM_RELAY_FAILED = 1,
    MM_RELAY_ANEW = 75, /* settings have changed, or whether we may listen at all */
};

/* Until SIGTERM. Returns an exit status. */
int mm_relay_run(const char *state, const struct mm_relay_identity *id);

#endif
