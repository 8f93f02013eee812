/*
 * os/sock.h - sockets: addresses as text, listeners, peers.
 *
 * Purpose   One place that knows struct sockaddr. Addresses are numbers, never names: nothing
 *           here asks a resolver.
 * Owns      Nothing; descriptors belong to the caller. All are non-blocking and close on exec.
 * Threads   Pure functions over descriptors.
 * Trust     Address text is the operator's.
 */
#ifndef MM_OS_SOCK_H
#define MM_OS_SOCK_H

#include <sys/socket.h>

#include "base/base.h"
#include "base/ip.h"

struct mm_endpoint {
    struct mm_ip ip;
    uint16_t port;
};

enum { MM_ENDPOINT_TEXT = MM_IP_TEXT + 8 }; /* "[" ip "]:65535" and NUL */

/* "127.0.0.1:514", "[::1]:514". "0.0.0.0" and "[::]" mean every address of their family. */
MM_MUST_USE bool mm_endpoint_parse(struct mm_slice s, struct mm_endpoint *ret);
void mm_endpoint_text(const struct mm_endpoint *e, char ret[MM_ENDPOINT_TEXT]);

/* Listen for TCP. Port 0: any free one, see mm_sock_port. MM_E_EXISTS: the address is taken. */
MM_MUST_USE enum mm_code mm_sock_listen(const struct mm_endpoint *at, int *ret_fd);
/*
 * Bind for UDP with a receive buffer of `buffer` bytes (as much of it as the system grants) and
 * with drops reported (SO_RXQ_OVFL).
 */
MM_MUST_USE enum mm_code mm_sock_udp(const struct mm_endpoint *at, int buffer, int *ret_fd);
/* Connect by TCP and wait until it stands; blocking afterwards. For tests, benches and tools. */
MM_MUST_USE enum mm_code mm_sock_connect(const struct mm_endpoint *to, int *ret_fd);
/* The next connection, or MM_E_MORE when none waits. Keep-alive is on: dead peers are noticed. */
MM_MUST_USE enum mm_code mm_sock_accept(int listener, int *ret_fd, struct mm_endpoint *ret_peer);
/* Where a socket is bound. */
MM_MUST_USE enum mm_code mm_sock_local(int fd, struct mm_endpoint *ret);
/* An address that the kernel filled in; false when it is no internet address. */
MM_MUST_USE bool mm_sock_endpoint(const struct sockaddr_storage *from, struct mm_endpoint *ret);

#endif
