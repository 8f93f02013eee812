/*
 * intake/net.h - syslog over TCP and UDP, in one thread.
 *
 * Purpose   Read sockets, find lines, say whose they are, hand them to the core; slow down who
 *           sends too much.
 * Owns      Its sockets and their buffers.
 * Threads   All functions in the loop's thread.
 * Trust     Everything read is hostile. Bounded: connections (in all and per address), bytes read
 *           and not yet durable per connection, memory per half frame, time a half frame may
 *           take. Who is over a limit waits or is turned away and counted; nothing is dropped
 *           silently.
 * Spec      RFC 6587 (TCP), RFC 5426 (UDP: one datagram, one line).
 */
#ifndef MM_INTAKE_NET_H
#define MM_INTAKE_NET_H

#include "intake/binding.h"
#include "intake/core.h"
#include "os/loop.h"
#include "os/sock.h"

enum {
    MM_NET_CONNS = 4096,          /* a machine's; each holds a descriptor */
    MM_NET_CONNS_PEER = 256,      /* of one address: a site behind one router */
    MM_NET_UNREAD = 1024 * 1024,  /* bytes of a connection that a kill of intake may lose */
    MM_NET_CHUNK = 64 * 1024,     /* read at once, so that connections take turns */
    MM_NET_HALF_S = 600,          /* a frame that is not whole by then ends its connection */
    MM_NET_UDP_BUFFER = 16777216, /* kernel buffer asked for: 0.2 s at 300,000 lines/s */
};

struct mm_net_options {
    uint32_t conns_max;  /* 0: MM_NET_CONNS */
    uint32_t peer_max;   /* 0: MM_NET_CONNS_PEER */
    uint32_t unread_max; /* 0: MM_NET_UNREAD */
    int64_t half_s;      /* 0: MM_NET_HALF_S */
};

struct mm_net;

MM_MUST_USE enum mm_code mm_net_new(struct mm_loop *loop, struct mm_intake *core,
                                    const struct mm_net_options *options, struct mm_net **ret);
/* Closes everything without reading on. */
void mm_net_free(struct mm_net **net);

/*
 * Listen at `at` (port 0: any). On a private listener addresses name sources. *ret_port: where.
 * MM_E_EXISTS: taken; MM_E_LIMIT: MM_INTAKE_LISTENERS.
 */
MM_MUST_USE enum mm_code mm_net_listen(struct mm_net *net, enum mm_transport transport,
                                       const struct mm_endpoint *at, bool private,
                                       uint16_t *ret_port);
/* Is there a listener of that kind and port? */
bool mm_net_listens(const struct mm_net *net, enum mm_transport transport, uint16_t port);
/* From now on this table says whose lines they are, also on open connections. It must outlive its
 * use: until the next _bind. */
void mm_net_bind(struct mm_net *net, const struct mm_binding_table *table);
/* A commit has ended: those that waited read on. */
void mm_net_resume(struct mm_net *net);
/* Once a second or so: half frames that take too long, the kernel's drop counts. */
void mm_net_sweep(struct mm_net *net);
/*
 * Stop in order: no new connections, take what the kernel holds already (for limit_ms at most),
 * hand over what was read of unfinished frames. Commit follows (mm_intake_close).
 */
void mm_net_drain(struct mm_net *net, int limit_ms);
size_t mm_net_connections(const struct mm_net *net);

#endif
