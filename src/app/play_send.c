/* app/play_send.c - see play_send.h for the contract. */
#include "app/play_send.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/play_enrol.h"
#include "base/ip.h"
#include "base/time.h"

enum {
    SEND_BYTES = 64 * 1024, /* one write */
    LINE_MAX = 8 * 1024,    /* the generator's longest line is about 700 bytes */
};

struct sender {
    int fd; /* -1: not connected yet */
    size_t n;
    uint8_t buf[SEND_BYTES];
};

struct mm_senders {
    struct sockaddr_in to;
    const struct mm_world *world;
    struct sender *sender[MM_WORLD_COMPANIES_MAX][MM_DEV_COUNT];
    int64_t hour[MM_WORLD_COMPANIES_MAX]; /* of the made-up clock, when buffers went out last */
};

enum mm_code mm_senders_new(const char *target, const struct mm_world *world,
                            struct mm_senders **ret)
{
    struct mm_slice t = mm_slice_str(target);
    size_t colon = mm_slice_find(t, ':', 0);
    struct mm_senders *s;
    struct mm_ip ip;
    uint64_t port;

    if (!mm_ip_parse(mm_slice_sub(t, 0, colon), &ip) || !mm_ip_is_v4(&ip) || ip.b[12] != 127 ||
        !mm_slice_u64(mm_slice_sub(t, colon + 1, SIZE_MAX), &port) || port > UINT16_MAX)
        return MM_E_DENIED;
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return MM_E_NOMEM;
    s->world = world;
    s->to.sin_family = AF_INET;
    s->to.sin_port = htons((uint16_t)port);
    memcpy(&s->to.sin_addr, ip.b + 12, 4);
    *ret = s;
    return MM_OK;
}

static struct sender *connect_device(struct mm_senders *s, uint32_t company, enum mm_device device)
{
    struct sender *d = calloc(1, sizeof(*d));
    struct sockaddr_in from = {.sin_family = AF_INET};
    char address[16];

    if (d == NULL)
        return NULL;
    s->sender[company][device] = d;
    mm_enrol_address(company, device, address);
    d->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (d->fd < 0 || inet_pton(AF_INET, address, &from.sin_addr) != 1 ||
        bind(d->fd, (struct sockaddr *)&from, sizeof(from)) != 0 ||
        connect(d->fd, (struct sockaddr *)&s->to, sizeof(s->to)) != 0) {
        fprintf(stderr, "mimamori: intake does not answer: %s\n", strerror(errno));
        return NULL;
    }
    return d;
}

static bool flush(struct sender *d)
{
    size_t at = 0;

    while (at < d->n) {
        ssize_t n = send(d->fd, d->buf + at, d->n - at, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            fprintf(stderr, "mimamori: intake closed the connection: %s\n", strerror(errno));
            return false;
        }
        at += (size_t)n;
    }
    d->n = 0;
    return true;
}

/* Real devices do not sit on their lines for days: once an hour all of a company's go out. */
static bool flush_hourly(struct mm_senders *s, uint32_t company, int64_t time_us)
{
    int64_t hour = time_us / (3600 * MM_US_PER_S);

    if (s->hour[company] == hour)
        return true;
    s->hour[company] = hour;
    for (size_t k = 0; k < MM_DEV_COUNT; k++) {
        if (s->sender[company][k] != NULL && !flush(s->sender[company][k]))
            return false;
    }
    return true;
}

bool mm_senders_line(void *ctx, uint32_t company, enum mm_device device, int64_t time_us,
                     struct mm_slice line)
{
    struct mm_senders *s = ctx;
    struct sender *d = s->sender[company][device];
    /* The UTM's sender counts octets, the others end lines with LF. */
    bool counts = device == MM_DEV_UTM;

    MM_ASSERT(line.n <= LINE_MAX);
    if (!flush_hourly(s, company, time_us))
        return false;
    if (d == NULL)
        d = connect_device(s, company, device);
    if (d == NULL || (d->n + line.n + 16 > SEND_BYTES && !flush(d)))
        return false;
    if (counts) {
        int n = snprintf((char *)d->buf + d->n, 16, "%zu ", line.n);
        d->n += (size_t)n;
    }
    memcpy(d->buf + d->n, line.p, line.n);
    d->n += line.n;
    if (!counts)
        d->buf[d->n++] = '\n';
    return true;
}

bool mm_senders_finish(struct mm_senders *s)
{
    bool ok = true;

    for (uint32_t i = 0; i < s->world->n; i++) {
        for (size_t k = 0; k < MM_DEV_COUNT; k++) {
            struct sender *d = s->sender[i][k];
            uint8_t none;

            if (d == NULL || d->fd < 0)
                continue;
            /* Wait for the other side's end: then every byte was read. */
            ok = flush(d) && shutdown(d->fd, SHUT_WR) == 0 && recv(d->fd, &none, 1, 0) == 0 && ok;
        }
    }
    return ok;
}

void mm_senders_free(struct mm_senders **ps)
{
    struct mm_senders *s = *ps;

    if (s == NULL)
        return;
    for (uint32_t i = 0; i < s->world->n; i++) {
        for (size_t k = 0; k < MM_DEV_COUNT; k++) {
            if (s->sender[i][k] != NULL && s->sender[i][k]->fd >= 0)
                (void)close(s->sender[i][k]->fd);
            free(s->sender[i][k]);
        }
    }
    free(s);
    *ps = NULL;
}
