/*
 * app/play_send.h - each device of the made-up world as a real TCP sender.
 *
 * Purpose   One connection a device, from that device's own loopback address, syslog framing as
 *           the device would use it (octet counting or LF).
 * Owns      Its sockets and buffers.
 * Threads   One; writes block when intake is busy, which is how back-pressure feels to a device.
 * Trust     Sends to loopback only; refuses any other target.
 */
#ifndef MM_APP_PLAY_SEND_H
#define MM_APP_PLAY_SEND_H

#include "play/plan.h"

struct mm_senders;

/* Target is "127.x.y.z:port". MM_E_DENIED for another address, MM_E_IO, MM_E_NOMEM. */
MM_MUST_USE enum mm_code mm_senders_new(const char *target, const struct mm_world *world,
                                        struct mm_senders **ret);
/* A plan's sink; ctx is the struct mm_senders. */
bool mm_senders_line(void *ctx, uint32_t company, enum mm_device device, int64_t time_us,
                     struct mm_slice line);
/* Send what is buffered and close in order. False when a connection broke. */
MM_MUST_USE bool mm_senders_finish(struct mm_senders *s);
void mm_senders_free(struct mm_senders **s);

#endif
