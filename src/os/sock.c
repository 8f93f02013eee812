/* os/sock.c - see sock.h for the contract. */
#include "os/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

#include "os/file.h"

enum {
    BACKLOG = 512,    /* a site's senders come back all at once after a power cut */
    ALIVE_IDLE_S = 60 /* then a probe every 10 s, 6 times */
};

bool mm_endpoint_parse(struct mm_slice s, struct mm_endpoint *ret)
{
    size_t colon = SIZE_MAX;
    struct mm_endpoint e;
    struct mm_slice host;
    uint64_t port;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == ':')
            colon = i;
    }
    if (colon == SIZE_MAX)
        return false;
    host = mm_slice_sub(s, 0, colon);
    if (!mm_slice_u64(mm_slice_sub(s, colon + 1, SIZE_MAX), &port) || port > UINT16_MAX)
        return false;
    if (mm_slice_starts(host, MM_S("[")) && mm_slice_ends(host, MM_S("]")))
        host = mm_slice_sub(host, 1, host.n - 2);
    else if (mm_slice_find(host, ':', 0) != SIZE_MAX)
        return false;
    if (!mm_ip_parse(host, &e.ip))
        return false;
    e.port = (uint16_t)port;
    *ret = e;
    return true;
}

void mm_endpoint_text(const struct mm_endpoint *e, char ret[MM_ENDPOINT_TEXT])
{
    char ip[MM_IP_TEXT];

    mm_ip_text(&e->ip, ip);
    (void)snprintf(ret, MM_ENDPOINT_TEXT, mm_ip_is_v4(&e->ip) ? "%s:%u" : "[%s]:%u", ip, e->port);
}

static socklen_t to_sockaddr(const struct mm_endpoint *e, struct sockaddr_storage *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (mm_ip_is_v4(&e->ip)) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(e->port)};

        memcpy(&v4.sin_addr, e->ip.b + 12, 4);
        memcpy(ret, &v4, sizeof(v4));
        return sizeof(v4);
    }
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(e->port)};

    memcpy(&v6.sin6_addr, e->ip.b, 16);
    memcpy(ret, &v6, sizeof(v6));
    return sizeof(v6);
}

bool mm_sock_endpoint(const struct sockaddr_storage *from, struct mm_endpoint *ret)
{
    struct mm_endpoint e = {0};

    if (from->ss_family == AF_INET) {
        struct sockaddr_in v4;

        memcpy(&v4, from, sizeof(v4));
        e.ip.b[10] = e.ip.b[11] = 0xFF;
        memcpy(e.ip.b + 12, &v4.sin_addr, 4);
        e.port = ntohs(v4.sin_port);
    } else if (from->ss_family == AF_INET6) {
        struct sockaddr_in6 v6;

        memcpy(&v6, from, sizeof(v6));
        memcpy(e.ip.b, &v6.sin6_addr, 16);
        e.port = ntohs(v6.sin6_port);
    } else {
        return false;
    }
    *ret = e;
    return true;
}

static int on(int fd, int level, int what)
{
    const int one = 1;

    return setsockopt(fd, level, what, &one, sizeof(one));
}

/* errno of a call on a socket that could not be made, as a code; the socket is closed. */
static enum mm_code give_up(int fd)
{
    enum mm_code c = errno == EADDRINUSE ? MM_E_EXISTS : mm_code_of_errno(errno);

    if (fd >= 0)
        (void)close(fd);
    return c;
}

/* A bound socket of that type; *ret_fd is -1 with errno set when it failed. */
static int bound(const struct mm_endpoint *at, int type)
{
    struct sockaddr_storage addr;
    socklen_t n = to_sockaddr(at, &addr);
    int fd = socket(addr.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if ((type == SOCK_STREAM && on(fd, SOL_SOCKET, SO_REUSEADDR) != 0) ||
        (addr.ss_family == AF_INET6 && on(fd, IPPROTO_IPV6, IPV6_V6ONLY) != 0) ||
        bind(fd, (const struct sockaddr *)&addr, n) != 0) {
        int saved = errno;
        (void)close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

enum mm_code mm_sock_listen(const struct mm_endpoint *at, int *ret_fd)
{
    int fd = bound(at, SOCK_STREAM);

    if (fd < 0 || listen(fd, BACKLOG) != 0)
        return give_up(fd);
    *ret_fd = fd;
    return MM_OK;
}

enum mm_code mm_sock_udp(const struct mm_endpoint *at, int buffer, int *ret_fd)
{
    int fd = bound(at, SOCK_DGRAM);

    if (fd < 0 || on(fd, SOL_SOCKET, SO_RXQ_OVFL) != 0)
        return give_up(fd);
    /* FORCE needs CAP_NET_ADMIN; without it the system's maximum is what one gets. */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) != 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
    *ret_fd = fd;
    return MM_OK;
}

enum mm_code mm_sock_connect(const struct mm_endpoint *to, int *ret_fd)
{
    struct sockaddr_storage addr;
    socklen_t n = to_sockaddr(to, &addr);
    int fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&addr, n) != 0)
        return give_up(fd);
    *ret_fd = fd;
    return MM_OK;
}

enum mm_code mm_sock_accept(int listener, int *ret_fd, struct mm_endpoint *ret_peer)
{
    const int idle = ALIVE_IDLE_S, every = 10, times = 6;
    struct sockaddr_storage addr = {0};
    socklen_t n = sizeof(addr);
    int fd;

    do {
        fd = accept4(listener, (struct sockaddr *)&addr, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (fd < 0)
        return errno == EAGAIN ? MM_E_MORE : errno == EMFILE ? MM_E_LIMIT : mm_code_of_errno(errno);
    if (!mm_sock_endpoint(&addr, ret_peer)) {
        (void)close(fd);
        return MM_E_IO;
    }
    (void)on(fd, SOL_SOCKET, SO_KEEPALIVE);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof(every));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof(times));
    *ret_fd = fd;
    return MM_OK;
}

enum mm_code mm_sock_local(int fd, struct mm_endpoint *ret)
{
    struct sockaddr_storage addr = {0};
    socklen_t n = sizeof(addr);

    if (getsockname(fd, (struct sockaddr *)&addr, &n) != 0)
        return mm_code_of_errno(errno);
    return mm_sock_endpoint(&addr, ret) ? MM_OK : MM_E_IO;
}
