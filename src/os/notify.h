/*
 * os/notify.h - a process tells its supervisor that it is ready and alive.
 *
 * Purpose   The datagrams of systemd's sd_notify (READY=1, WATCHDOG=1, STOPPING=1), so that each
 *           program runs under `mimamori serve` and under systemd alike.
 * Owns      One descriptor per call; none between calls.
 * Threads   Any; no state.
 * Trust     NOTIFY_SOCKET comes from the parent's environment.
 * Spec      sd_notify(3): AF_UNIX datagram to $NOTIFY_SOCKET; abstract names begin with '@'.
 */
#ifndef MM_OS_NOTIFY_H
#define MM_OS_NOTIFY_H

#include "base/base.h"

/* Send one state line such as "READY=1". Silent where nobody listens or it cannot be sent. */
void mm_notify(const char *state);

#endif
