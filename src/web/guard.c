/* web/guard.c - see guard.h for the contract. */
#include "web/guard.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/time.h"
#include "web/framing.h"
#include "web/listen.h"

enum {
    IN_SIZE = 2 * MM_FRAMING_MAX_HEAD, /* a whole head always fits behind unsent bytes */
    OUT_SIZE = 16 * 1024,
    EVENTS_MAX = 64,
    ROUNDS_MAX = 16,             /* of one connection before the others get their turn */
    TICK_MS = 250,               /* deadlines are looked at this often */
    LINGER_US = 2 * 1000 * 1000, /* reading on so that our last words are not lost to a reset */
    PACE_BYTES = 1024,
};

enum phase { PHASE_HANDSHAKE, PHASE_OPEN, PHASE_LAST_WORDS, PHASE_LINGER, PHASE_DEAD };

/* A span in which PACE_BYTES must move. */
struct pace {
    int64_t since_us;
    uint64_t moved;
};

struct conn {
    enum phase phase;
    int fd;  /* the peer */
    int lib; /* our end of the pair; -1 before hand-over and after the library has closed */
    struct mm_tls_conn *tls;
    struct mm_framing framing;
    bool handed;     /* the library has or had this connection */
    bool peer_eof;   /* nothing more comes from the peer */
    bool refused;    /* nothing more is passed on */
    bool lib_shut;   /* the library was told that nothing more comes */
    bool want_write; /* TLS must write before it can read */
    bool fresh_head; /* the refused request is one of which the library has seen nothing */
    enum mm_code why;
    const char *what;               /* static text of the fault */
    uint32_t fd_events, lib_events; /* as registered */
    uint32_t birth;                 /* tells this connection from an earlier one in its place */
    int64_t since_us;               /* accept, or first byte of the head that is awaited */
    int64_t moved_us;               /* when bytes of the peer's came or went last */
    struct pace in_pace, out_pace;
    struct sockaddr_storage peer;
    socklen_t peer_n;
    struct mm_ip owner; /* of the peer's address: whom it counts for */
    size_t checked;     /* in[0..checked) passed the guard and awaits the library */
    size_t in_n, out_n;
    uint8_t in[IN_SIZE];
    uint8_t out[OUT_SIZE];
};

struct mm_guard {
    struct mm_guard_cfg cfg;
    int epoll, wake;
    pthread_t thread;
    struct conn **conns; /* conns_max places, NULL where free */
    atomic_bool stopping;
    uint32_t births;
};

enum { TAG_LISTEN = INT32_MAX - 1, TAG_WAKE };

/* What epoll hands back: birth and place of the connection, and which of its two descriptors. */
static uint64_t tag_of(uint32_t birth, uint32_t at, bool lib)
{
    return (uint64_t)birth << 32 | (uint64_t)at << 1 | (lib ? 1 : 0);
}

static void conn_drop(struct mm_guard *g, uint32_t at)
{
    struct conn *c = g->conns[at];

    MM_ASSERT(c != NULL);
    mm_tls_conn_free(&c->tls);
    (void)close(c->fd); /* closing takes it out of epoll: nobody else holds it */
    if (c->lib >= 0)
        (void)close(c->lib);
    free(c);
    g->conns[at] = NULL;
}

static void close_lib(struct conn *c)
{
    if (c->lib >= 0)
        (void)close(c->lib);
    c->lib = -1;
    c->lib_events = 0;
}

/* One read from the peer: true when bytes came. */
static bool pull_peer(struct conn *c)
{
    size_t n = 0;

    if (c->peer_eof || c->in_n == IN_SIZE)
        return false;
    if (c->tls != NULL) {
        enum mm_tls_step s = mm_tls_read(c->tls, c->in + c->in_n, IN_SIZE - c->in_n, &n);

        c->want_write = s == MM_TLS_WANT_WRITE;
        if (s == MM_TLS_EOF)
            c->peer_eof = true;
        else if (s == MM_TLS_FAILED)
            c->phase = PHASE_DEAD;
    } else {
        ssize_t got = recv(c->fd, c->in + c->in_n, IN_SIZE - c->in_n, 0);

        if (got == 0)
            c->peer_eof = true;
        else if (got < 0 && errno != EAGAIN && errno != EINTR)
            c->phase = PHASE_DEAD;
        n = got > 0 ? (size_t)got : 0;
    }
    c->in_n += n;
    c->in_pace.moved += n;
    return n > 0;
}

/* One write to the peer: true when bytes went. */
static bool push_peer(struct conn *c)
{
    size_t n = 0;

    if (c->out_n == 0)
        return false;
    if (c->tls != NULL) {
        if (mm_tls_write(c->tls, mm_slice_of(c->out, c->out_n), &n) == MM_TLS_FAILED)
            c->phase = PHASE_DEAD;
    } else {
        ssize_t sent = send(c->fd, c->out, c->out_n, MSG_NOSIGNAL);

        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            c->phase = PHASE_DEAD;
        n = sent > 0 ? (size_t)sent : 0;
    }
    memmove(c->out, c->out + n, c->out_n - n);
    c->out_n -= n;
    c->out_pace.moved += n;
    return n > 0;
}

static void refuse(struct mm_guard *g, struct conn *c, enum mm_code why, const char *what)
{
    c->refused = true;
    c->fresh_head = mm_framing_idle(&c->framing);
    c->why = why;
    c->what = what;
    c->in_n = c->checked; /* the rest has no meaning any more */
    mm_hit_add(g->cfg.hits, MM_HIT_FRAMING, &c->owner);
}

/* Check what has come: true when more of it may be passed on. */
static bool check(struct mm_guard *g, struct conn *c, int64_t now_us)
{
    bool moved = false;

    while (!c->refused && c->in_n > c->checked) {
        struct mm_slice rest = mm_slice_of(c->in + c->checked, c->in_n - c->checked);
        struct mm_fault fault = {0};
        size_t take = 0;
        bool idle = mm_framing_idle(&c->framing), first_look = c->framing.scanned == 0;
        enum mm_code code = mm_framing_next(&c->framing, rest, &take, &fault);

        if (code != MM_OK) {
            refuse(g, c, code, fault.what);
            return true;
        }
        if (take == 0) {
            if (idle && first_look && c->handed)
                c->since_us = now_us; /* the clock of a later head starts with its first byte */
            break;
        }
        c->checked += take;
        moved = true;
    }
    return moved;
}

/* The first whole head is there: give the library its end. */
static bool hand_over(struct mm_guard *g, struct conn *c, uint32_t at)
{
    int pair[2];
    struct epoll_event ev = {.data.u64 = tag_of(c->birth, at, true)};

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    if (epoll_ctl(g->epoll, EPOLL_CTL_ADD, pair[0], &ev) != 0) {
        (void)close(pair[0]);
        (void)close(pair[1]);
        return false;
    }
    c->lib = pair[0];
    c->lib_events = 0;
    c->handed = true;
    return g->cfg.hand_over(g->cfg.user, pair[1], (const struct sockaddr *)&c->peer, c->peer_n);
}

static bool push_lib(struct conn *c)
{
    ssize_t sent;

    if (c->lib < 0)
        return false;
    if (c->checked == 0) {
        /* Everything checked is with the library; when nothing can follow, say so once. */
        if ((c->refused || c->peer_eof) && !c->lib_shut) {
            (void)shutdown(c->lib, SHUT_WR);
            c->lib_shut = true;
        }
        return false;
    }
    sent = send(c->lib, c->in, c->checked, MSG_NOSIGNAL);
    if (sent <= 0) {
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            c->in_n = c->checked = 0; /* the library listens no more; its answer still comes */
            c->refused = true;
        }
        return false;
    }
    memmove(c->in, c->in + sent, c->in_n - (size_t)sent);
    c->in_n -= (size_t)sent;
    c->checked -= (size_t)sent;
    return true;
}

static bool pull_lib(struct conn *c)
{
    ssize_t got;

    if (c->lib < 0 || c->out_n == OUT_SIZE)
        return false;
    got = recv(c->lib, c->out + c->out_n, OUT_SIZE - c->out_n, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got <= 0) {
        close_lib(c);
        return true;
    }
    c->out_n += (size_t)got;
    return true;
}

/* What a refused peer is told: a status, and the key of the rule it broke. */
static void say_refusal(struct conn *c)
{
    const char *status = c->why == MM_E_LIMIT     ? "431 Request Header Fields Too Large"
                         : c->why == MM_E_VERSION ? "505 HTTP Version Not Supported"
                                                  : "400 Bad Request";
    size_t left = OUT_SIZE - c->out_n;
    int n = snprintf((char *)c->out + c->out_n, left,
                     "HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\n"
                     "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n"
                     "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
                     "Cache-Control: no-store\r\nContent-Length: %zu\r\n"
                     "Connection: close\r\n\r\n%s\n",
                     status, strlen(c->what) + 1, c->what);

    if (n > 0 && (size_t)n < left)
        c->out_n += (size_t)n;
}

/* The library will answer no more: last words, then the end. */
static void wind_up(struct conn *c, int64_t now_us)
{
    bool lib_over = c->handed ? c->lib < 0 : c->refused || c->peer_eof;

    if (c->phase == PHASE_OPEN && lib_over) {
        if (c->refused && c->fresh_head && c->what != NULL)
            say_refusal(c);
        c->phase = PHASE_LAST_WORDS;
    }
    if (c->phase == PHASE_LAST_WORDS && c->out_n == 0) {
        if (c->tls != NULL)
            mm_tls_bye(c->tls);
        (void)shutdown(c->fd, SHUT_WR);
        c->phase = c->peer_eof ? PHASE_DEAD : PHASE_LINGER;
        c->since_us = now_us;
    }
}

static void shake_hands(struct conn *c)
{
    enum mm_tls_step s = mm_tls_handshake(c->tls);

    c->want_write = s == MM_TLS_WANT_WRITE;
    if (s == MM_TLS_OK)
        c->phase = PHASE_OPEN;
    else if (s == MM_TLS_FAILED || s == MM_TLS_EOF)
        c->phase = PHASE_DEAD;
}

/* Ask epoll for what this connection waits for. */
static void watch(struct mm_guard *g, struct conn *c, uint32_t at)
{
    struct epoll_event ev = {.data.u64 = tag_of(c->birth, at, false)};
    bool reads = !c->peer_eof && c->phase != PHASE_LAST_WORDS && c->in_n < IN_SIZE;

    ev.events = (reads ? EPOLLIN : 0U) | (c->out_n > 0 || c->want_write ? EPOLLOUT : 0U);
    if (ev.events != c->fd_events && epoll_ctl(g->epoll, EPOLL_CTL_MOD, c->fd, &ev) == 0)
        c->fd_events = ev.events;
    if (c->lib < 0)
        return;
    ev.data.u64 = tag_of(c->birth, at, true);
    ev.events = (c->out_n < OUT_SIZE ? EPOLLIN : 0U) | (c->checked > 0 ? EPOLLOUT : 0U);
    if (ev.events != c->lib_events && epoll_ctl(g->epoll, EPOLL_CTL_MOD, c->lib, &ev) == 0)
        c->lib_events = ev.events;
}

/* Move bytes both ways until nothing moves or it is another's turn. */
static void pump(struct mm_guard *g, uint32_t at, int64_t now_us)
{
    struct conn *c = g->conns[at];
    bool moved = true;

    c->moved_us = now_us;
    if (c->phase == PHASE_HANDSHAKE)
        shake_hands(c);
    for (int round = 0; moved && round < ROUNDS_MAX && c->phase == PHASE_OPEN; round++) {
        moved = pull_peer(c);
        if (c->refused)
            c->in_n = c->checked; /* read on, so that the peer can finish, and throw away */
        moved |= check(g, c, now_us);
        if (!c->handed && c->checked > 0 && !hand_over(g, c, at))
            c->phase = PHASE_DEAD;
        moved |= push_lib(c);
        moved |= pull_lib(c);
        moved |= push_peer(c);
        if (c->phase == PHASE_OPEN)
            wind_up(c, now_us);
    }
    if (c->phase == PHASE_LAST_WORDS) {
        while (push_peer(c)) {
        }
        wind_up(c, now_us);
    }
    if (c->phase == PHASE_LINGER) {
        c->in_n = c->checked = 0;
        if (!pull_peer(c) && c->peer_eof)
            c->phase = PHASE_DEAD;
        c->in_n = 0;
    }
    if (c->phase == PHASE_DEAD)
        conn_drop(g, at);
    else
        watch(g, c, at);
}

static bool same_owner(const struct mm_ip *a, const struct mm_ip *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/*
 * The connection of whoever has most of them that has moved nothing for longest; none where nobody
 * has two more than the peer: slow requests, open pages and idle connections of a few addresses
 * then keep nobody else out. Square in the number of connections, which is bounded and full here.
 */
static uint32_t most_greedy(const struct mm_guard *g, const struct mm_ip *owner)
{
    uint32_t own = 0, most = 0, greedy = UINT32_MAX;

    for (uint32_t i = 0; i < g->cfg.conns_max; i++)
        own += same_owner(&g->conns[i]->owner, owner);
    for (uint32_t i = 0; i < g->cfg.conns_max; i++) {
        uint32_t n = 0;

        for (uint32_t k = 0; k < g->cfg.conns_max; k++)
            n += same_owner(&g->conns[i]->owner, &g->conns[k]->owner);
        if (n > most || (n == most && g->conns[i]->moved_us < g->conns[greedy]->moved_us)) {
            most = n;
            greedy = i;
        }
    }
    return most >= own + 2 ? greedy : UINT32_MAX;
}

/* A free place, if need be that of the oldest connection without a whole head. */
static bool find_place(struct mm_guard *g, const struct mm_ip *owner, uint32_t *ret)
{
    uint32_t same = 0, free_at = UINT32_MAX, oldest = UINT32_MAX;

    for (uint32_t i = 0; i < g->cfg.conns_max; i++) {
        struct conn *c = g->conns[i];

        if (c == NULL) {
            free_at = i;
            continue;
        }
        same += same_owner(&c->owner, owner);
        if (!c->handed && (oldest == UINT32_MAX || c->since_us < g->conns[oldest]->since_us))
            oldest = i;
    }
    if (g->cfg.peer_max > 0 && same >= g->cfg.peer_max) {
        mm_hit_add(g->cfg.hits, MM_HIT_PEER, owner);
        return false;
    }
    if (free_at == UINT32_MAX && oldest == UINT32_MAX)
        oldest = most_greedy(g, owner);
    if (free_at == UINT32_MAX && oldest == UINT32_MAX) {
        mm_hit_add(g->cfg.hits, MM_HIT_FULL, owner);
        return false;
    }
    if (free_at == UINT32_MAX) {
        mm_hit_add(g->cfg.hits, MM_HIT_PUSHED, &g->conns[oldest]->owner);
        conn_drop(g, oldest);
        free_at = oldest;
    }
    *ret = free_at;
    return true;
}

/* One accepted descriptor becomes a connection, or is closed. */
static void welcome(struct mm_guard *g, int fd, const struct sockaddr_storage *peer,
                    socklen_t peer_n, int64_t now_us)
{
    const struct mm_ip ip = mm_listen_ip((const struct sockaddr *)peer), owner = mm_ip_owner(&ip);
    struct conn *c;
    uint32_t at;
    int one = 1;
    struct epoll_event ev = {.events = EPOLLIN};

    if (!find_place(g, &owner, &at)) {
        (void)close(fd);
        return;
    }
    c = calloc(1, sizeof(*c));
    if (c == NULL) {
        (void)close(fd);
        return;
    }
    c->fd = fd;
    c->lib = -1;
    c->peer = *peer;
    c->peer_n = peer_n;
    c->owner = owner;
    c->since_us = c->moved_us = c->in_pace.since_us = c->out_pace.since_us = now_us;
    c->phase = g->cfg.tls == NULL ? PHASE_OPEN : PHASE_HANDSHAKE;
    c->fd_events = EPOLLIN;
    c->birth = ++g->births;
    ev.data.u64 = tag_of(c->birth, at, false);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    g->conns[at] = c;
    if (g->cfg.tls != NULL)
        c->tls = mm_tls_conn_new(g->cfg.tls, fd);
    if ((g->cfg.tls != NULL && c->tls == NULL) || epoll_ctl(g->epoll, EPOLL_CTL_ADD, fd, &ev) != 0)
        conn_drop(g, at);
}

static void accept_all(struct mm_guard *g, int64_t now_us)
{
    for (int i = 0; i < EVENTS_MAX; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t n = sizeof(peer);
        int fd =
            accept4(g->cfg.listen_fd, (struct sockaddr *)&peer, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0)
            return;
        welcome(g, fd, &peer, n, now_us);
    }
}

/* True when less than PACE_BYTES moved in the last whole span. */
static bool too_slow(struct pace *p, bool active, int64_t now_us, int64_t span_us)
{
    if (!active) {
        *p = (struct pace){.since_us = now_us};
        return false;
    }
    if (now_us - p->since_us < span_us)
        return false;
    if (p->moved < PACE_BYTES)
        return true;
    *p = (struct pace){.since_us = now_us};
    return false;
}

static bool overdue(struct mm_guard *g, struct conn *c, int64_t now_us)
{
    int64_t head_us = g->cfg.head_ms * 1000, span_us = g->cfg.pace_ms * 1000;
    bool head_begun = mm_framing_idle(&c->framing) && c->in_n > c->checked;
    bool in_body = !mm_framing_idle(&c->framing) && !c->refused && c->in_n < IN_SIZE;

    if (c->phase == PHASE_LINGER)
        return now_us - c->since_us > LINGER_US;
    if ((!c->handed || head_begun) && now_us - c->since_us > head_us)
        return true;
    return too_slow(&c->in_pace, in_body, now_us, span_us) ||
           too_slow(&c->out_pace, c->out_n > 0, now_us, span_us);
}

static void look_at_clock(struct mm_guard *g, int64_t now_us)
{
    for (uint32_t i = 0; i < g->cfg.conns_max; i++) {
        struct conn *c = g->conns[i];

        if (c != NULL && overdue(g, c, now_us)) {
            if (c->phase != PHASE_LINGER)
                mm_hit_add(g->cfg.hits, MM_HIT_SLOW, &c->owner);
            conn_drop(g, i);
        }
    }
}

static void on_event(struct mm_guard *g, const struct epoll_event *ev, int64_t now_us)
{
    uint32_t at = (uint32_t)ev->data.u64 >> 1;
    bool lib = (ev->data.u64 & 1) != 0;

    if (at == TAG_LISTEN) {
        accept_all(g, now_us);
        return;
    }
    if (at == TAG_WAKE || at >= g->cfg.conns_max || g->conns[at] == NULL)
        return;
    /* An earlier event of the same round may have dropped the one that this event is of. */
    if (g->conns[at]->birth != (uint32_t)(ev->data.u64 >> 32))
        return;
    if (!lib && (ev->events & (EPOLLERR | EPOLLHUP)) != 0) {
        conn_drop(g, at);
        return;
    }
    pump(g, at, now_us);
}

static void *run(void *arg)
{
    struct mm_guard *g = arg;
    struct epoll_event ev[EVENTS_MAX];
    int64_t looked_us = 0;

    while (!atomic_load(&g->stopping)) {
        int n = epoll_wait(g->epoll, ev, EVENTS_MAX, TICK_MS);
        int64_t now_us = mm_mono_us();

        for (int i = 0; i < n; i++)
            on_event(g, &ev[i], now_us);
        if (now_us - looked_us >= TICK_MS * 1000) {
            look_at_clock(g, now_us);
            looked_us = now_us;
        }
    }
    for (uint32_t i = 0; i < g->cfg.conns_max; i++) {
        if (g->conns[i] != NULL)
            conn_drop(g, i);
    }
    return NULL;
}

static void guard_free(struct mm_guard **guard)
{
    struct mm_guard *g = *guard;

    if (g->epoll >= 0)
        (void)close(g->epoll);
    if (g->wake >= 0)
        (void)close(g->wake);
    (void)close(g->cfg.listen_fd);
    free(g->conns);
    free(g);
    *guard = NULL;
}

static bool add_watch(struct mm_guard *g, int fd, uint32_t tag)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.u64 = tag_of(0, tag, false)};

    return epoll_ctl(g->epoll, EPOLL_CTL_ADD, fd, &ev) == 0;
}

enum mm_code mm_guard_start(const struct mm_guard_cfg *cfg, struct mm_guard **ret)
{
    struct mm_guard *g = calloc(1, sizeof(*g));

    MM_ASSERT(cfg != NULL && ret != NULL && cfg->listen_fd >= 0 && cfg->hand_over != NULL);
    MM_ASSERT(cfg->conns_max > 0 && cfg->conns_max < TAG_LISTEN);
    MM_ASSERT(cfg->head_ms > 0 && cfg->pace_ms > 0);
    if (g == NULL) {
        (void)close(cfg->listen_fd);
        return MM_E_NOMEM;
    }
    g->cfg = *cfg;
    g->conns = calloc(cfg->conns_max, sizeof(*g->conns));
    g->epoll = epoll_create1(EPOLL_CLOEXEC);
    g->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (g->conns == NULL || g->epoll < 0 || g->wake < 0 ||
        !add_watch(g, cfg->listen_fd, TAG_LISTEN) || !add_watch(g, g->wake, TAG_WAKE) ||
        pthread_create(&g->thread, NULL, run, g) != 0) {
        guard_free(&g);
        return MM_E_NOMEM;
    }
    *ret = g;
    return MM_OK;
}

void mm_guard_stop(struct mm_guard **guard)
{
    struct mm_guard *g = *guard;
    uint64_t one = 1;

    if (g == NULL)
        return;
    atomic_store(&g->stopping, true);
    if (write(g->wake, &one, sizeof(one)) < 0) {
        /* Full counter: the thread is being woken already. */
    }
    (void)pthread_join(g->thread, NULL);
    guard_free(guard);
}
