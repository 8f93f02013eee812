/*
 * web/guard.h - stands between the network and libmicrohttpd on every connection.
 *
 * Purpose   Accept, end TLS, hold every byte of every request against
 *           web/framing.h, and hand only checked bytes to the HTTP library
 *           through a socket pair. So what the library reads has one meaning,
 *           for the first request and for pipelined ones, in plain and in TLS,
 *           whatever version of the library Debian ships. A connection costs a
 *           thread of the library only after its first whole, checked head.
 * Owns      Its thread, its connections and the listening descriptor.
 * Threads   One thread of its own, epoll. _start and _stop from one thread.
 * Trust     Peers are hostile: time for a head, minimal pace of bodies and of
 *           reading answers, number of connections, all and per address.
 */
#ifndef MM_WEB_GUARD_H
#define MM_WEB_GUARD_H

#include <sys/socket.h>

#include "base/base.h"
#include "os/hits.h"
#include "web/tls.h"

struct mm_guard;

struct mm_guard_cfg {
    int listen_fd;      /* bound, listening, non-blocking; owned by the guard from _start on */
    struct mm_tls *tls; /* NULL: plain; must outlive the guard */
    /* At once; a new one then takes the place of the oldest without a head, else of one that the
     * address with most connections has left quiet for longest. */
    uint32_t conns_max;
    uint32_t peer_max; /* at once per IPv4 address or IPv6 /64; 0: no limit */
    int64_t head_ms;   /* for TLS handshake and head, counted from accept or from first byte */
    int64_t pace_ms;   /* in every such span a body or an answer must move 1 KiB */
    /* A new connection for the HTTP library; takes over fd in any case. False: not taken. */
    bool (*hand_over)(void *user, int fd, const struct sockaddr *peer, socklen_t peer_n);
    void *user;
    struct mm_hits *hits; /* counts who is refused, too slow, or pushed out; NULL: nobody does */
};

MM_MUST_USE enum mm_code mm_guard_start(const struct mm_guard_cfg *cfg, struct mm_guard **ret);
/* Close every connection, end the thread, close the listening descriptor. */
void mm_guard_stop(struct mm_guard **guard);

#endif
