/*
 * bench/send.c - sends a file's lines over many TCP connections as fast as they are taken.
 *
 * usage: send [--octet] [--times N] [--from FIRST.ADDRESS] FILE HOST:PORT CONNECTIONS
 * Every connection sends the whole file N times. --from 127.1.0.1: connection i comes from that
 * loopback address + i, so that a private listener can tell the senders apart. Prints one line:
 * lines, seconds, lines/s.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/time.h"
#include "os/sock.h"

enum { CONNS_MAX = 1024, PIECE = 64 * 1024 };

struct conn {
    int fd;
    size_t at;     /* in the text */
    uint64_t left; /* bytes still to send */
};

struct args {
    bool octet;
    uint64_t times;
    struct mm_ip from;
    bool has_from;
    const char *file;
    struct mm_endpoint to;
    uint64_t conns;
};

static int usage(void)
{
    fputs("usage: send [--octet] [--times N] [--from ADDRESS] FILE HOST:PORT CONNECTIONS\n",
          stderr);
    return 2;
}

/* The file's lines in the framing wanted; *ret_lines of them. */
static bool load(const struct args *a, struct mm_buf *out, uint64_t *ret_lines)
{
    int fd = open(a->file, O_RDONLY | O_CLOEXEC);
    struct stat st;
    struct mm_slice text;
    void *p;

    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0)
        return false;
    p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    (void)close(fd);
    if (p == MAP_FAILED)
        return false;
    text = mm_slice_of(p, (size_t)st.st_size);
    *ret_lines = 0;
    for (size_t at = 0; at < text.n;) {
        size_t lf = mm_slice_find(text, '\n', at);
        struct mm_slice line = mm_slice_sub(text, at, lf == SIZE_MAX ? SIZE_MAX : lf - at);

        at += line.n + 1;
        if (line.n == 0)
            continue;
        if (a->octet)
            mm_buf_fmt(out, "%zu ", line.n);
        mm_buf_add(out, line);
        if (!a->octet)
            mm_buf_byte(out, '\n');
        (*ret_lines)++;
    }
    (void)munmap(p, text.n);
    return mm_buf_ok(out);
}

/* Connect from the i-th address of its own. */
static bool connect_one(const struct args *a, size_t i, struct conn *c)
{
    if (!a->has_from)
        return mm_sock_connect(&a->to, &c->fd) == MM_OK;
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    uint32_t first;

    memcpy(&first, a->from.b + 12, 4);
    from.sin_addr.s_addr = htonl(ntohl(first) + (uint32_t)i);
    to.sin_port = htons(a->to.port);
    memcpy(&to.sin_addr, a->to.ip.b + 12, 4);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return c->fd >= 0 && bind(c->fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
           connect(c->fd, (struct sockaddr *)&to, sizeof(to)) == 0;
}

/* One piece, as much of it as goes; false when the connection broke. */
static bool send_some(struct conn *c, struct mm_slice text)
{
    size_t n = mm_min_size(PIECE, mm_min_size(text.n - c->at, c->left));
    ssize_t sent = send(c->fd, text.p + c->at, n, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (sent < 0)
        return errno == EAGAIN || errno == EINTR;
    c->left -= (uint64_t)sent;
    c->at = (c->at + (size_t)sent) % text.n;
    return true;
}

static bool run(const struct args *a, struct mm_slice text, struct conn *conn)
{
    struct pollfd p[CONNS_MAX];
    size_t open = a->conns;

    while (open > 0) {
        for (size_t i = 0; i < a->conns; i++)
            p[i] = (struct pollfd){.fd = conn[i].left > 0 ? conn[i].fd : -1, .events = POLLOUT};
        if (poll(p, a->conns, 10000) <= 0)
            return false;
        for (size_t i = 0; i < a->conns; i++) {
            if (p[i].revents == 0)
                continue;
            if (!send_some(&conn[i], text))
                return false;
            if (conn[i].left == 0) {
                (void)shutdown(conn[i].fd, SHUT_WR);
                open--;
            }
        }
    }
    /* Everything was read when the other side has closed, too. */
    for (size_t i = 0; i < a->conns; i++) {
        char c;

        while (read(conn[i].fd, &c, 1) > 0) {
        }
        (void)close(conn[i].fd);
    }
    return true;
}

static bool parse_args(int argc, char **argv, struct args *a)
{
    int i = 1;

    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--octet") == 0) {
            a->octet = true;
        } else if (strcmp(argv[i], "--times") == 0 && i + 1 < argc) {
            if (!mm_slice_u64(mm_slice_str(argv[++i]), &a->times) || a->times == 0)
                return false;
        } else if (strcmp(argv[i], "--from") == 0 && i + 1 < argc) {
            a->has_from = mm_ip_parse(mm_slice_str(argv[++i]), &a->from);
            if (!a->has_from)
                return false;
        } else {
            return false;
        }
    }
    if (argc - i != 3)
        return false;
    a->file = argv[i];
    return mm_endpoint_parse(mm_slice_str(argv[i + 1]), &a->to) &&
           mm_slice_u64(mm_slice_str(argv[i + 2]), &a->conns) && a->conns > 0 &&
           a->conns <= CONNS_MAX;
}

int main(int argc, char **argv)
{
    static struct conn conn[CONNS_MAX];
    struct args a = {.times = 1};
    struct mm_buf text;
    uint64_t lines = 0;
    int64_t from;
    double s;

    if (!parse_args(argc, argv, &a))
        return usage();
    mm_buf_init(&text, (size_t)4 << 30);
    if (!load(&a, &text, &lines)) {
        fprintf(stderr, "send: %s cannot be read\n", a.file);
        return 1;
    }
    for (size_t i = 0; i < a.conns; i++) {
        if (!connect_one(&a, i, &conn[i])) {
            fprintf(stderr, "send: cannot connect: %s\n", strerror(errno));
            return 1;
        }
        conn[i].left = text.n * a.times;
    }
    from = mm_mono_us();
    if (!run(&a, mm_buf_slice(&text), conn)) {
        fprintf(stderr, "send: a connection broke or stood still for 10 s\n");
        return 1;
    }
    s = (double)(mm_mono_us() - from) / 1e6;
    lines *= a.times * a.conns;
    printf("send: %llu lines in %.3f s, %.0f lines/s\n", (unsigned long long)lines, s,
           (double)lines / s);
    mm_buf_done(&text);
    return 0;
}
