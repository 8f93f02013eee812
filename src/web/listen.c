/* web/listen.c - see listen.h for the contract. */
#include "web/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 256 };

bool mm_listen_parse(struct mm_slice text, struct mm_listen_addr *ret)
{
    size_t colon = SIZE_MAX;
    struct mm_slice host;
    struct mm_listen_addr a;
    uint64_t port;

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == ':')
            colon = i;
    }
    if (colon == SIZE_MAX)
        return false;
    host = mm_slice_sub(text, 0, colon);
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = mm_slice_sub(host, 1, host.n - 2);
    else if (mm_slice_find(host, ':', 0) != SIZE_MAX)
        return false;
    if (!mm_ip_parse(host, &a.ip) ||
        !mm_slice_u64(mm_slice_sub(text, colon + 1, SIZE_MAX), &port) || port > UINT16_MAX)
        return false;
    a.port = (uint16_t)port;
    *ret = a;
    return true;
}

bool mm_listen_is_loopback(const struct mm_listen_addr *addr)
{
    return mm_ip_is_loopback(&addr->ip);
}

struct mm_ip mm_listen_ip(const struct sockaddr *sa)
{
    struct mm_ip ip = {{0}};

    if (sa->sa_family == AF_INET) {
        memset(ip.b + 10, 0xff, 2);
        memcpy(ip.b + 12, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
    } else if (sa->sa_family == AF_INET6) {
        memcpy(ip.b, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
    }
    return ip;
}

static int bind_to(const struct mm_listen_addr *addr)
{
    bool v4 = mm_ip_is_v4(&addr->ip);
    int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1, rc, saved;
    struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(addr->port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(addr->port)};

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    memcpy(&in4.sin_addr, addr->ip.b + 12, 4);
    memcpy(&in6.sin6_addr, addr->ip.b, 16);
    if (v4)
        rc = bind(fd, (const struct sockaddr *)&in4, sizeof(in4));
    else
        rc = bind(fd, (const struct sockaddr *)&in6, sizeof(in6));
    if (rc == 0)
        rc = listen(fd, BACKLOG);
    if (rc == 0)
        return fd;
    saved = errno;
    (void)close(fd);
    errno = saved;
    return -1;
}

enum mm_code mm_listen_open(const struct mm_listen_addr *addr, int *ret_fd, uint16_t *ret_port)
{
    struct sockaddr_storage got = {0};
    socklen_t n = sizeof(got);
    int fd = bind_to(addr);

    if (fd < 0)
        return errno == EADDRINUSE ? MM_E_BUSY : errno == EACCES ? MM_E_DENIED : MM_E_CONFIG;
    if (getsockname(fd, (struct sockaddr *)&got, &n) != 0) {
        (void)close(fd);
        return MM_E_IO;
    }
    *ret_port = got.ss_family == AF_INET ? ntohs(((const struct sockaddr_in *)&got)->sin_port)
                                         : ntohs(((const struct sockaddr_in6 *)&got)->sin6_port);
    *ret_fd = fd;
    return MM_OK;
}
