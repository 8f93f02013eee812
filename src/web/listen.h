/*
 * web/listen.h - an address in text becomes a listening TCP socket.
 *
 * Purpose   "127.0.0.1:8080" or "[::1]:8443", without names to resolve.
 * Owns      Nothing; the caller owns the descriptor handed back.
 * Threads   Pure but for the system calls.
 * Trust     The text is configuration: refused whole when it is not exact.
 */
#ifndef MM_WEB_LISTEN_H
#define MM_WEB_LISTEN_H

#include <sys/socket.h>

#include "base/base.h"
#include "base/ip.h"

struct mm_listen_addr {
    struct mm_ip ip;
    uint16_t port;
};

/* Whole text as address and port; an IPv6 address stands in brackets. */
MM_MUST_USE bool mm_listen_parse(struct mm_slice text, struct mm_listen_addr *ret);
/* 127.0.0.0/8 or ::1. */
bool mm_listen_is_loopback(const struct mm_listen_addr *addr);
/* The address of a peer; all zero for one of another family. */
struct mm_ip mm_listen_ip(const struct sockaddr *sa);
/*
 * Bind and listen, non-blocking, close-on-exec; *ret_port is the real port (for port 0).
 * MM_E_BUSY when the address is taken, MM_E_DENIED for ports we may not have, else MM_E_CONFIG.
 */
MM_MUST_USE enum mm_code mm_listen_open(const struct mm_listen_addr *addr, int *ret_fd,
                                        uint16_t *ret_port);

#endif
