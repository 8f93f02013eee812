/* intake/udp.c - see udp.h for the contract. */
#include "intake/udp.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/hash.h"
#include "base/limits.h"

enum {
    DATAGRAM = 65536, /* longer than any: 65,507 bytes over IPv4, 65,527 over IPv6 */
    KNOWN = 1024,     /* senders remembered; a power of two */
};

static_assert((int)DATAGRAM <= (int)MM_MAX_LINE, "a datagram is never cut");

struct known {
    struct mm_ip ip;
    uint32_t company, source;
    uint32_t slot;
    bool used;
};

struct mm_udp {
    int fd;
    unsigned n; /* of the bunch */
    uint32_t last_drops;
    uint64_t drops;
    struct mmsghdr msg[MM_UDP_BATCH];
    struct iovec iov[MM_UDP_BATCH];
    struct sockaddr_storage from[MM_UDP_BATCH];
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(sizeof(uint32_t))];
    } control[MM_UDP_BATCH];
    struct known known[KNOWN];
    uint8_t *bytes;
};

size_t mm_udp_room(void)
{
    return MM_UDP_BATCH * ((size_t)DATAGRAM + 128);
}

enum mm_code mm_udp_new(int fd, struct mm_udp **ret)
{
    struct mm_udp *u = calloc(1, sizeof(*u));

    if (u == NULL)
        return MM_E_NOMEM;
    /* Untouched pages cost nothing: usual datagrams touch one of sixteen. */
    u->bytes = malloc((size_t)MM_UDP_BATCH * DATAGRAM);
    if (u->bytes == NULL) {
        free(u);
        return MM_E_NOMEM;
    }
    u->fd = fd;
    *ret = u;
    return MM_OK;
}

void mm_udp_free(struct mm_udp **u)
{
    if (*u == NULL)
        return;
    free((*u)->bytes);
    free(*u);
    *u = NULL;
}

bool mm_udp_receive(struct mm_udp *u)
{
    int n;

    for (size_t i = 0; i < MM_UDP_BATCH; i++) {
        u->iov[i] = (struct iovec){.iov_base = u->bytes + i * DATAGRAM, .iov_len = DATAGRAM};
        u->msg[i].msg_hdr = (struct msghdr){.msg_name = &u->from[i],
                                            .msg_namelen = sizeof(u->from[i]),
                                            .msg_iov = &u->iov[i],
                                            .msg_iovlen = 1,
                                            .msg_control = &u->control[i],
                                            .msg_controllen = sizeof(u->control[i])};
    }
    do {
        n = recvmmsg(u->fd, u->msg, MM_UDP_BATCH, MSG_DONTWAIT, NULL);
    } while (n < 0 && errno == EINTR);
    u->n = n < 0 ? 0 : (unsigned)n;
    return u->n > 0;
}

static void read_drops(struct mm_udp *u, struct msghdr *h)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
        uint32_t total;

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
            continue;
        memcpy(&total, CMSG_DATA(c), sizeof(total));
        u->drops += (uint32_t)(total - u->last_drops); /* also right when it wraps */
        u->last_drops = total;
    }
}

size_t mm_udp_each(struct mm_udp *u,
                   bool (*take)(void *ctx, struct mm_slice line, const struct mm_endpoint *from),
                   void *ctx)
{
    size_t lost = 0;

    for (unsigned i = 0; i < u->n; i++) {
        struct mm_slice line = mm_slice_of(u->bytes + (size_t)i * DATAGRAM, u->msg[i].msg_len);
        struct mm_endpoint from;

        read_drops(u, &u->msg[i].msg_hdr);
        while (line.n > 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r' ||
                              line.p[line.n - 1] == 0))
            line.n--;
        if (line.n == 0)
            continue;
        if (!mm_sock_endpoint(&u->from[i], &from) || !take(ctx, line, &from))
            lost++;
    }
    u->n = 0;
    return lost;
}

uint64_t mm_udp_drops(struct mm_udp *u)
{
    uint64_t n = u->drops;

    u->drops = 0;
    return n;
}

static size_t place(const struct mm_ip *ip)
{
    /* A sender that makes others forgotten costs a look-up, nothing else: no seed needed. */
    return mm_crc32c(0, mm_slice_of(ip->b, sizeof(ip->b))) & (KNOWN - 1);
}

bool mm_udp_known(const struct mm_udp *u, const struct mm_ip *from, uint32_t *ret_company,
                  uint32_t *ret_source, size_t *ret_slot)
{
    const struct known *k = &u->known[place(from)];

    if (!k->used || memcmp(&k->ip, from, sizeof(*from)) != 0)
        return false;
    *ret_company = k->company;
    *ret_source = k->source;
    *ret_slot = k->slot;
    return true;
}

void mm_udp_learn(struct mm_udp *u, const struct mm_ip *from, uint32_t company, uint32_t source,
                  size_t slot)
{
    u->known[place(from)] = (struct known){
        .ip = *from, .company = company, .source = source, .slot = (uint32_t)slot, .used = true};
}

void mm_udp_forget(struct mm_udp *u)
{
    memset(u->known, 0, sizeof(u->known));
}
