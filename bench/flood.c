/*
 * bench/flood.c - many devices of many companies that send as fast as they are taken.
 *
 *     flood --to 127.0.0.1:PORT [--companies N] [--seed N] [--times N] [--each N] [--rate LINES]
 *           [--apart] [--lf]
 *
 * Every company of the pilot's world has four senders, each with 1,000 different lines in its
 * device's own format, made and framed before the clock starts; 1 line in 1,000 must alert. Each
 * sender sends its lines --times times over one connection from the address that its source is
 * bound to (the world must be the one that `mimamori play --companies N --seed N` entered).
 * Protocol: prints `ready LINES ALERTS BYTES`; starts when a line comes on standard input; prints
 * `sent LINES SECONDS` when every byte was taken and every peer has closed.
 *   --each  different lines of one sender (1,000)
 *   --rate  lines a second of all senders together (0: as fast as they are taken)
 *   --apart at a rate: a sender sends about a line at a time, as devices do, not all that is due
 *   --lf    every line ends with LF and nothing else (for other programs than ours)
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/play_enrol.h"
#include "base/time.h"
#include "bench/lines.h"
#include "os/sock.h"

enum {
    PIECE = 64 * 1024,
    TICK_MS = 5, /* of a rate */
};

struct conn {
    int fd;
    const struct mm_lines_sender *s;
    size_t at;
    uint64_t left; /* bytes still to send */
};

struct flood {
    uint64_t companies, seed, times, each, rate;
    struct mm_endpoint to;
    bool lf, apart;
    struct mm_lines lines;
    struct conn *conn;
    size_t conns;
};

static int usage(void)
{
    fputs("usage: flood --to HOST:PORT [--companies N] [--seed N] [--times N] [--each N] "
          "[--rate N] [--apart] [--lf]\n",
          stderr);
    return 2;
}

static bool parse_args(int argc, char **argv, struct flood *f)
{
    bool to = false;

    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        uint64_t *number = strcmp(name, "--companies") == 0 ? &f->companies
                           : strcmp(name, "--seed") == 0    ? &f->seed
                           : strcmp(name, "--times") == 0   ? &f->times
                           : strcmp(name, "--each") == 0    ? &f->each
                           : strcmp(name, "--rate") == 0    ? &f->rate
                                                            : NULL;

        if (strcmp(name, "--lf") == 0)
            f->lf = true;
        else if (strcmp(name, "--apart") == 0)
            f->apart = true;
        else if (i + 1 == argc)
            return false;
        else if (strcmp(name, "--to") == 0)
            to = mm_endpoint_parse(mm_slice_str(argv[++i]), &f->to);
        else if (number == NULL || !mm_slice_u64(mm_slice_str(argv[++i]), number))
            return false;
    }
    return to && mm_ip_is_v4(&f->to.ip) && f->companies > 0 && f->times > 0 &&
           f->companies <= MM_WORLD_COMPANIES_MAX && f->each > 0 && f->each <= MM_LINES;
}

static bool connect_one(const struct flood *f, struct conn *c)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    char address[16];
    struct mm_ip ip;

    mm_enrol_address(c->s->company, c->s->device, address);
    if (!mm_ip_parse(mm_slice_str(address), &ip))
        return false;
    memcpy(&from.sin_addr, ip.b + 12, 4);
    memcpy(&to.sin_addr, f->to.ip.b + 12, 4);
    to.sin_port = htons(f->to.port);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    c->left = c->s->text.n * f->times;
    return c->fd >= 0 && bind(c->fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
           connect(c->fd, (struct sockaddr *)&to, sizeof(to)) == 0;
}

/* Up to `most` bytes, as much of it as goes; *ret_n of them. False when the connection broke. */
static bool send_some(struct conn *c, size_t most, size_t *ret_n)
{
    size_t n = mm_min_size(mm_min_size(PIECE, most), mm_min_size(c->s->text.n - c->at, c->left));
    ssize_t sent = send(c->fd, c->s->text.p + c->at, n, MSG_DONTWAIT | MSG_NOSIGNAL);

    *ret_n = sent < 0 ? 0 : (size_t)sent;
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR;
    c->left -= (uint64_t)sent;
    c->at = (c->at + (size_t)sent) % c->s->text.n;
    if (c->left == 0)
        (void)shutdown(c->fd, SHUT_WR);
    return true;
}

/* As fast as they are taken. */
static bool run_free(struct flood *f, struct pollfd *p)
{
    size_t open = f->conns, n;

    while (open > 0) {
        for (size_t i = 0; i < f->conns; i++)
            p[i] =
                (struct pollfd){.fd = f->conn[i].left > 0 ? f->conn[i].fd : -1, .events = POLLOUT};
        if (poll(p, f->conns, 60000) <= 0)
            return false;
        for (size_t i = 0; i < f->conns; i++) {
            if (p[i].revents == 0)
                continue;
            if (!send_some(&f->conn[i], PIECE, &n))
                return false;
            open -= f->conn[i].left == 0;
        }
    }
    return true;
}

/* At a rate: every few milliseconds the senders in turn send what is due, counted in their lines,
 * which differ in length. */
static bool run_rate(struct flood *f)
{
    double per_us = (double)f->rate / 1e6, sent = 0;
    int64_t start = mm_mono_us();
    size_t open = f->conns, turn = 0, n;

    while (open > 0) {
        double due = (double)(mm_mono_us() - start) * per_us;

        for (size_t i = 0; i < f->conns && sent < due; i++, turn++) {
            struct conn *c = &f->conn[turn % f->conns];
            double line = (double)c->s->text.n / f->lines.each, most;

            if (c->left == 0)
                continue;
            most = f->apart ? due - sent < 1 ? due - sent : 1 : due - sent;
            if (!send_some(c, (size_t)(most * line) + 1, &n))
                return false;
            sent += (double)n / line;
            open -= c->left == 0;
        }
        (void)poll(NULL, 0, TICK_MS);
    }
    return true;
}

/* Everything was read when the other side has closed, too. */
static void wait_closed(struct flood *f)
{
    for (size_t i = 0; i < f->conns; i++) {
        char c;

        while (read(f->conn[i].fd, &c, 1) > 0) {
        }
        (void)close(f->conn[i].fd);
    }
}

int main(int argc, char **argv)
{
    static struct pollfd polled[MM_LINES_SENDERS_MAX];
    struct flood f = {.companies = 31, .seed = 1, .times = 1, .each = MM_LINES};
    int64_t start;
    char go;

    if (!parse_args(argc, argv, &f))
        return usage();
    f.conn = calloc(MM_LINES_SENDERS_MAX, sizeof(*f.conn));
    if (f.conn == NULL ||
        !mm_lines_make(f.seed, (uint32_t)f.companies, (uint32_t)f.each, f.lf, &f.lines))
        return 1;
    f.conns = f.lines.senders;
    for (size_t i = 0; i < f.conns; i++) {
        f.conn[i].s = &f.lines.sender[i];
        if (!connect_one(&f, &f.conn[i])) {
            fprintf(stderr, "flood: cannot connect: %s\n", strerror(errno));
            return 1;
        }
    }
    printf("ready %llu %llu %llu\n", (unsigned long long)(f.conns * f.each * f.times),
           (unsigned long long)(f.lines.alerts * f.times),
           (unsigned long long)(f.lines.bytes * f.times));
    (void)fflush(stdout);
    if (read(STDIN_FILENO, &go, 1) != 1)
        return 1;
    start = mm_mono_us();
    if (f.rate > 0 ? !run_rate(&f) : !run_free(&f, polled)) {
        fputs("flood: a connection broke or stood still for a minute\n", stderr);
        return 1;
    }
    wait_closed(&f);
    printf("sent %llu %.3f\n", (unsigned long long)(f.conns * f.each * f.times),
           (double)(mm_mono_us() - start) / 1e6);
    return 0;
}
