/*
 * intake/udp.h - datagrams in bunches, with the kernel's own count of what it dropped.
 *
 * Purpose   recvmmsg of many datagrams at once; SO_RXQ_OVFL read back; a small memory of who
 *           sends, so that whose a datagram is need not be looked up each time.
 * Owns      Its buffers. The socket belongs to the caller.
 * Threads   One.
 * Trust     Datagrams are hostile and so are their sender addresses.
 * Spec      RFC 5426; SO_RXQ_OVFL: a counter of 32 bits that wraps, sent along with datagrams.
 */
#ifndef MM_INTAKE_UDP_H
#define MM_INTAKE_UDP_H

#include "base/base.h"
#include "base/ip.h"
#include "os/sock.h"

enum { MM_UDP_BATCH = 64 /* datagrams a call */ };

struct mm_udp;

MM_MUST_USE enum mm_code mm_udp_new(int fd, struct mm_udp **ret);
void mm_udp_free(struct mm_udp **u);
/* Room in the spool that one bunch may need. */
size_t mm_udp_room(void);
/* Take a bunch from the socket; false when none waits. */
bool mm_udp_receive(struct mm_udp *u);
/*
 * Each datagram of the bunch without trailing CR, LF and NUL; empty ones are passed over. `take`
 * returns false when it could not keep one; returns how many so.
 */
size_t mm_udp_each(struct mm_udp *u,
                   bool (*take)(void *ctx, struct mm_slice line, const struct mm_endpoint *from),
                   void *ctx);
/* Datagrams that the kernel has dropped since the last call, as far as later datagrams told. */
uint64_t mm_udp_drops(struct mm_udp *u);

/* Whose datagrams of this address are, when it was learned and not forgotten. */
bool mm_udp_known(const struct mm_udp *u, const struct mm_ip *from, uint32_t *ret_company,
                  uint32_t *ret_source, size_t *ret_slot);
void mm_udp_learn(struct mm_udp *u, const struct mm_ip *from, uint32_t company, uint32_t source,
                  size_t slot);
void mm_udp_forget(struct mm_udp *u);

#endif
