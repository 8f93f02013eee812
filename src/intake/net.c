/* intake/net.c - see net.h for the contract. */
#include "intake/net.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "intake/stream.h"
#include "intake/udp.h"
#include "model/event.h"

enum {
    /* Room in the spool that a chunk needs at worst: lines of one byte become items of 48, and
     * the frame that was held from before comes on top. */
    CHUNK_ROOM = MM_NET_CHUNK * 24 + 2 * MM_MAX_LINE,
    ACCEPTS_MAX = 64, /* at once, so that a flood of connections does not hold up lines */
};

static_assert((int)CHUNK_ROOM < (int)MM_SPOOL_PENDING / 2, "two chunks fit into a group");

struct conn {
    struct mm_watch watch;
    struct mm_net *net;
    struct conn *prev, *next; /* all */
    struct listener *listener;
    struct mm_endpoint peer;
    struct mm_stream stream;
    size_t slot;
    uint32_t company, source;
    uint64_t group;        /* that `now` belongs to */
    uint32_t now, before;  /* bytes read in this group and in the one before */
    int64_t half_since_us; /* monotonic, when the held half frame began; 0: none is held */
    uint64_t resyncs;      /* of the stream, counted in the page so far */
    bool paused;
};

struct listener {
    struct mm_watch watch;
    struct mm_net *net;
    enum mm_transport transport;
    uint16_t port;
    bool private;
    size_t index;
    struct mm_udp *udp;
};

struct mm_net {
    struct mm_loop *loop;
    struct mm_intake *core;
    struct mm_net_options limit;
    const struct mm_binding_table *table;
    struct listener *listener[MM_INTAKE_LISTENERS];
    size_t listeners;
    struct conn *conns; /* newest first */
    size_t conn_n, paused_n;
    bool draining;           /* nobody waits for a turn any more */
    int64_t refuse_until_us; /* out of descriptors: accepting waits */
    uint8_t chunk[MM_NET_CHUNK];
};

static struct mm_intake_listener *counters_of(const struct listener *l)
{
    return &mm_intake_page(l->net->core)->listener[l->index];
}

/* ---- whose is it ---- */

static void whose(const struct mm_net *net, const struct listener *l, const struct mm_ip *peer,
                  uint32_t *ret_company, uint32_t *ret_source)
{
    const struct mm_binding *b = NULL;

    *ret_company = *ret_source = 0;
    if (net->table == NULL)
        return;
    b = mm_bindings_listener(net->table, l->transport, l->port);
    if (b == NULL && l->private)
        b = mm_bindings_address(net->table, peer);
    if (b == NULL)
        return;
    *ret_company = b->company;
    *ret_source = b->source;
}

/* Show an unknown sender: its own entry, a free one, or that of the one silent for longest. */
static void note_unknown(struct mm_intake *core, const struct mm_ip *peer, size_t listener,
                         uint64_t lines, int64_t now_us)
{
    struct mm_intake_page *page = mm_intake_page(core);
    struct mm_intake_unknown *pick = &page->unknown[0];
    uint64_t high, low;

    memcpy(&high, peer->b, 8);
    memcpy(&low, peer->b + 8, 8);
    for (size_t i = 0; i < MM_INTAKE_UNKNOWN; i++) {
        struct mm_intake_unknown *u = &page->unknown[i];

        if (u->lines != 0 && u->peer_high == high && u->peer_low == low) {
            pick = u;
            break;
        }
        if (u->last_us < pick->last_us)
            pick = u;
    }
    if (pick->peer_high != high || pick->peer_low != low || pick->lines == 0) {
        atomic_store(&pick->lines, 0);
        pick->peer_high = high;
        pick->peer_low = low;
    }
    pick->listener = (uint32_t)listener;
    pick->last_us = now_us;
    mm_count(&pick->lines, lines);
}

/* ---- TCP ---- */

struct bunch {
    struct conn *conn;
    int64_t now_us;
    uint64_t lines, cut;
};

static void take_line(void *ctx, struct mm_slice line, bool cut)
{
    struct bunch *b = ctx;
    struct conn *c = b->conn;
    struct mm_spool_record rec = {.received_us = b->now_us,
                                  .company = c->company,
                                  .source = c->source,
                                  .flags = cut ? MM_EV_TRUNCATED : 0,
                                  .peer = c->peer.ip,
                                  .body = line};
    /* There is room: CHUNK_ROOM was asked for before reading. */
    enum mm_code code = mm_intake_add_locked(c->net->core, c->slot, &rec, NULL);

    if (code != MM_OK) {
        struct mm_intake_page *page = mm_intake_page(c->net->core);

        if (c->slot != MM_SLOT_NONE) /* out of memory: counted as lost, never silent */
            mm_count(&page->source[c->slot].dropped, 1);
        return;
    }
    b->lines++;
    b->cut += cut;
}

static void count_bunch(const struct bunch *b)
{
    struct conn *c = b->conn;
    struct mm_intake_page *page = mm_intake_page(c->net->core);
    uint64_t resyncs = c->stream.resyncs - c->resyncs;

    mm_count(&counters_of(c->listener)->lines, b->lines);
    if (c->slot != MM_SLOT_NONE && b->cut > 0)
        mm_count(&page->source[c->slot].truncated, b->cut);
    if (c->slot != MM_SLOT_NONE && resyncs > 0)
        mm_count(&page->source[c->slot].resyncs, resyncs);
    c->resyncs = c->stream.resyncs;
    if (c->slot == MM_SLOT_QUARANTINE && b->lines > 0)
        note_unknown(c->net->core, &c->peer.ip, c->listener->index, b->lines, b->now_us);
}

static void count_conns(struct conn *c, int change)
{
    struct mm_intake_page *page = mm_intake_page(c->net->core);

    (void)atomic_fetch_add(&counters_of(c->listener)->connections, (uint32_t)change);
    if (c->slot != MM_SLOT_NONE)
        (void)atomic_fetch_add(&page->source[c->slot].connections, (uint32_t)change);
}

/* Whose lines this connection brings from now on; the lock is held. */
static void bind_conn(struct conn *c)
{
    whose(c->net, c->listener, &c->peer.ip, &c->company, &c->source);
    c->slot = mm_intake_slot_locked(c->net->core, c->company, c->source);
}

/* The connection has ended or is over; what was read of a last frame is handed over. */
static void close_conn(struct conn *c)
{
    struct mm_net *net = c->net;
    struct bunch b = {.conn = c, .now_us = mm_now_us()};

    mm_intake_lock(net->core);
    mm_stream_end(&c->stream, take_line, &b);
    count_bunch(&b);
    count_conns(c, -1);
    mm_intake_kick_locked(net->core);
    mm_intake_unlock(net->core);
    mm_loop_remove(net->loop, &c->watch);
    (void)close(c->watch.fd);
    mm_stream_done(&c->stream);
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        net->conns = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    net->conn_n--;
    net->paused_n -= c->paused;
    free(c);
}

/* Bytes of this connection that are read and not durable; the lock is held. */
static uint32_t undurable(struct conn *c)
{
    uint64_t group = mm_intake_group_locked(c->net->core);

    if (c->group != group) {
        c->before = c->group + 1 == group ? c->now : 0;
        c->now = 0;
        c->group = group;
    }
    if (mm_intake_durable_group_locked(c->net->core) >= group)
        c->before = 0;
    return c->now + c->before + (uint32_t)mm_stream_held(&c->stream);
}

/* May this connection read a chunk now? Half of what it may lose lies in the kernel's buffer. */
static bool may_read(struct conn *c)
{
    struct mm_intake *core = c->net->core;

    if (mm_intake_room_locked(core) < CHUNK_ROOM)
        return false;
    if (!c->net->draining && mm_intake_over_quota_locked(core, c->slot, &c->peer.ip))
        return false;
    return c->net->draining || (undurable(c) + MM_NET_CHUNK <= c->net->limit.unread_max / 2 &&
                                !mm_intake_over_share_locked(core, c->slot));
}

static void pause_conn(struct conn *c, bool pause)
{
    if (c->paused == pause)
        return;
    mm_loop_change(c->net->loop, &c->watch, pause ? 0 : EPOLLIN | EPOLLRDHUP);
    c->paused = pause;
    if (pause)
        c->net->paused_n++;
    else
        c->net->paused_n--;
}

/* Lines of one chunk; false when memory ran out and the connection has to end. */
static bool take_chunk(struct conn *c, size_t n)
{
    struct bunch b = {.conn = c, .now_us = mm_now_us()};
    bool ok = mm_stream_feed(&c->stream, mm_slice_of(c->net->chunk, n), take_line, &b) == MM_OK;

    /* Bytes that became no line are held (mm_stream_held) or thrown away: they wait for no commit,
     * and without a line there is none that this connection could wait for. */
    if (b.lines > 0)
        c->now += (uint32_t)n;
    count_bunch(&b);
    if (mm_stream_held(&c->stream) == 0)
        c->half_since_us = 0;
    else if (b.lines > 0 || c->half_since_us == 0)
        c->half_since_us = mm_mono_us();
    mm_intake_kick_locked(c->net->core);
    return ok;
}

static void conn_ready(void *ctx, struct mm_watch *w, uint32_t events)
{
    struct conn *c = ctx;
    struct mm_net *net = c->net;
    bool may, ok = true;
    ssize_t n;

    mm_intake_lock(net->core);
    may = may_read(c);
    if (!may && !c->paused &&
        (mm_intake_over_spool_locked(net->core, c->slot) ||
         mm_intake_over_quota_locked(net->core, c->slot, &c->peer.ip)))
        mm_intake_note_over_locked(net->core, c->slot, &c->peer.ip);
    mm_intake_unlock(net->core);
    if (!may) {
        pause_conn(c, true);
        return;
    }
    n = read(w->fd, net->chunk, sizeof(net->chunk));
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0) {
        mm_intake_lock(net->core);
        ok = take_chunk(c, (size_t)n);
        mm_intake_unlock(net->core);
    }
    if (n <= 0 || !ok)
        close_conn(c);
}

/* Whether there is room for a connection of this peer's; else *ret_hit says what it ran into.
 * Strangers leave half of all places to who is registered. */
static bool has_place(const struct listener *l, const struct mm_ip *peer, enum mm_hit *ret_hit)
{
    const struct mm_net *net = l->net;
    const struct mm_ip owner = mm_ip_owner(peer);
    uint32_t same = 0, strangers = 0, company, source;

    for (const struct conn *c = net->conns; c != NULL; c = c->next) {
        const struct mm_ip other = mm_ip_owner(&c->peer.ip);

        same += memcmp(&other, &owner, sizeof(owner)) == 0;
        strangers += c->slot == MM_SLOT_QUARANTINE;
    }
    whose(net, l, peer, &company, &source);
    *ret_hit = net->conn_n >= net->limit.conns_max                     ? MM_HIT_FULL
               : same >= net->limit.peer_max                           ? MM_HIT_PEER
               : company == 0 && strangers >= net->limit.conns_max / 2 ? MM_HIT_STRANGERS
                                                                       : MM_HITS;
    return *ret_hit == MM_HITS;
}

/* Takes over fd. */
static void add_conn(struct listener *l, int fd, const struct mm_endpoint *peer)
{
    struct mm_net *net = l->net;
    struct conn *c = NULL;
    enum mm_hit hit;

    if (has_place(l, &peer->ip, &hit))
        c = calloc(1, sizeof(*c));
    else
        mm_intake_hit(net->core, hit, &peer->ip);
    if (c == NULL) {
        mm_count(&counters_of(l)->refused, 1);
        (void)close(fd);
        return;
    }
    *c = (struct conn){.watch = {.ready = conn_ready, .ctx = c},
                       .net = net,
                       .listener = l,
                       .peer = *peer,
                       .next = net->conns};
    mm_stream_init(&c->stream, false);
    if (mm_loop_add(net->loop, &c->watch, fd, EPOLLIN | EPOLLRDHUP) != MM_OK) {
        mm_count(&counters_of(l)->refused, 1);
        (void)close(fd);
        free(c);
        return;
    }
    if (net->conns != NULL)
        net->conns->prev = c;
    net->conns = c;
    net->conn_n++;
    mm_intake_lock(net->core);
    bind_conn(c);
    count_conns(c, 1);
    mm_intake_unlock(net->core);
}

static void listener_ready(void *ctx, struct mm_watch *w, uint32_t events)
{
    struct listener *l = ctx;

    for (int i = 0; i < ACCEPTS_MAX; i++) {
        struct mm_endpoint peer;
        int fd = -1;
        enum mm_code c = mm_sock_accept(w->fd, &fd, &peer);

        if (c == MM_OK) {
            add_conn(l, fd, &peer);
            continue;
        }
        if (c != MM_E_MORE) {
            /* No descriptor or memory: asking again at once would only burn the processor. */
            mm_count(&counters_of(l)->refused, 1);
            mm_loop_change(l->net->loop, w, 0);
            l->net->refuse_until_us = mm_mono_us() + MM_US_PER_S;
        }
        return;
    }
}

/* ---- UDP ---- */

struct datagrams {
    struct listener *l;
    int64_t now_us;
};

/* A datagram cannot wait: it is dropped, and that is said of its source. */
static void drop_over(struct mm_intake *core, size_t slot, const struct mm_ip *peer)
{
    mm_intake_note_over_locked(core, slot, peer);
    if (slot != MM_SLOT_NONE)
        mm_count(&mm_intake_page(core)->source[slot].dropped, 1);
}

static bool take_datagram(void *ctx, struct mm_slice line, const struct mm_endpoint *from)
{
    struct datagrams *d = ctx;
    struct mm_net *net = d->l->net;
    struct mm_spool_record rec = {.received_us = d->now_us, .peer = from->ip, .body = line};
    size_t slot;

    if (!mm_udp_known(d->l->udp, &from->ip, &rec.company, &rec.source, &slot)) {
        whose(net, d->l, &from->ip, &rec.company, &rec.source);
        slot = mm_intake_slot_locked(net->core, rec.company, rec.source);
        mm_udp_learn(d->l->udp, &from->ip, rec.company, rec.source, slot);
    }
    if (mm_intake_over_spool_locked(net->core, slot) ||
        mm_intake_over_quota_locked(net->core, slot, &from->ip)) {
        drop_over(net->core, slot, &from->ip);
        return false;
    }
    if (mm_intake_add_locked(net->core, slot, &rec, NULL) != MM_OK)
        return false;
    mm_count(&counters_of(d->l)->lines, 1);
    if (slot == MM_SLOT_QUARANTINE)
        note_unknown(net->core, &from->ip, d->l->index, 1, d->now_us);
    return true;
}

/* Drops of a socket that belongs to one source are that source's. */
static void count_drops(struct listener *l)
{
    uint64_t drops = mm_udp_drops(l->udp);
    struct mm_ip none = {{0}};
    uint32_t company, source;
    size_t slot;

    if (drops == 0)
        return;
    mm_count(&counters_of(l)->dropped, drops);
    whose(l->net, l, &none, &company, &source);
    slot = mm_intake_slot_locked(l->net->core, company, source);
    if (slot != MM_SLOT_NONE)
        mm_count(&mm_intake_page(l->net->core)->source[slot].dropped, drops);
}

static void udp_ready(void *ctx, struct mm_watch *w, uint32_t events)
{
    struct listener *l = ctx;
    struct datagrams d = {.l = l};
    size_t lost;

    mm_intake_lock(l->net->core);
    if (mm_intake_room_locked(l->net->core) < mm_udp_room()) {
        mm_intake_unlock(l->net->core);
        mm_loop_change(l->net->loop, w, 0); /* until a commit has made room */
        return;
    }
    mm_intake_unlock(l->net->core);
    if (!mm_udp_receive(l->udp))
        return;
    d.now_us = mm_now_us();
    mm_intake_lock(l->net->core);
    lost = mm_udp_each(l->udp, take_datagram, &d);
    if (lost > 0) /* no memory for them: counted like those the kernel dropped */
        mm_count(&counters_of(l)->dropped, lost);
    count_drops(l);
    mm_intake_kick_locked(l->net->core);
    mm_intake_unlock(l->net->core);
}

/* ---- the whole ---- */

enum mm_code mm_net_new(struct mm_loop *loop, struct mm_intake *core,
                        const struct mm_net_options *options, struct mm_net **ret)
{
    struct mm_net *net = calloc(1, sizeof(*net));

    if (net == NULL)
        return MM_E_NOMEM;
    net->loop = loop;
    net->core = core;
    net->limit = *options;
    if (net->limit.conns_max == 0)
        net->limit.conns_max = MM_NET_CONNS;
    if (net->limit.peer_max == 0)
        net->limit.peer_max = MM_NET_CONNS_PEER;
    if (net->limit.unread_max < 4 * MM_NET_CHUNK)
        net->limit.unread_max = net->limit.unread_max == 0 ? MM_NET_UNREAD : 4 * MM_NET_CHUNK;
    if (net->limit.half_s == 0)
        net->limit.half_s = MM_NET_HALF_S;
    *ret = net;
    return MM_OK;
}

static void close_listener(struct listener *l)
{
    mm_loop_remove(l->net->loop, &l->watch);
    (void)close(l->watch.fd);
    mm_udp_free(&l->udp);
    free(l);
}

void mm_net_free(struct mm_net **netp)
{
    struct mm_net *net = *netp;

    if (net == NULL)
        return;
    while (net->conns != NULL)
        close_conn(net->conns); /* NOLINT(clang-analyzer-unix.Malloc): it takes itself out */
    for (size_t i = 0; i < net->listeners; i++)
        close_listener(net->listener[i]);
    free(net);
    *netp = NULL;
}

/* The receive buffer of accepted connections is the listener's. The kernel doubles the number
 * for its own needs, so half of half keeps a connection's unread bytes below unread_max / 2. */
static void limit_unread(int fd, uint32_t unread_max)
{
    int size = (int)(unread_max / 4);

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static enum mm_code open_listener(struct mm_net *net, struct listener *l,
                                  const struct mm_endpoint *at, int *ret_fd)
{
    enum mm_code c;

    if (l->transport == MM_TRANSPORT_UDP) {
        c = mm_sock_udp(at, MM_NET_UDP_BUFFER, ret_fd);
        return c == MM_OK ? mm_udp_new(*ret_fd, &l->udp) : c;
    }
    c = mm_sock_listen(at, ret_fd);
    if (c == MM_OK)
        limit_unread(*ret_fd, net->limit.unread_max);
    return c;
}

enum mm_code mm_net_listen(struct mm_net *net, enum mm_transport transport,
                           const struct mm_endpoint *at, bool private, uint16_t *ret_port)
{
    struct listener *l;
    struct mm_endpoint local;
    int fd = -1;
    enum mm_code c;

    if (net->listeners == MM_INTAKE_LISTENERS)
        return MM_E_LIMIT;
    l = calloc(1, sizeof(*l));
    if (l == NULL)
        return MM_E_NOMEM;
    l->net = net;
    l->transport = transport;
    l->private = private;
    l->index = net->listeners;
    c = open_listener(net, l, at, &fd);
    if (c == MM_OK)
        c = mm_sock_local(fd, &local);
    l->watch = (struct mm_watch){
        .ready = transport == MM_TRANSPORT_UDP ? udp_ready : listener_ready, .ctx = l, .fd = fd};
    if (c == MM_OK)
        c = mm_loop_add(net->loop, &l->watch, fd, EPOLLIN);
    if (c != MM_OK) {
        if (fd >= 0)
            (void)close(fd);
        mm_udp_free(&l->udp);
        free(l);
        return c;
    }
    l->port = local.port;
    net->listener[net->listeners++] = l;
    counters_of(l)->kind = transport;
    counters_of(l)->port = l->port;
    atomic_store(&counters_of(l)->used, 1);
    *ret_port = l->port;
    return MM_OK;
}

bool mm_net_listens(const struct mm_net *net, enum mm_transport transport, uint16_t port)
{
    for (size_t i = 0; i < net->listeners; i++) {
        if (net->listener[i]->transport == transport && net->listener[i]->port == port)
            return true;
    }
    return false;
}

void mm_net_bind(struct mm_net *net, const struct mm_binding_table *table)
{
    net->table = table;
    mm_intake_lock(net->core);
    for (struct conn *c = net->conns; c != NULL; c = c->next) {
        count_conns(c, -1);
        bind_conn(c);
        count_conns(c, 1);
    }
    mm_intake_unlock(net->core);
    for (size_t i = 0; i < net->listeners; i++) {
        if (net->listener[i]->udp != NULL)
            mm_udp_forget(net->listener[i]->udp);
    }
}

void mm_net_resume(struct mm_net *net)
{
    for (size_t i = 0; i < net->listeners; i++) {
        struct listener *l = net->listener[i];

        if (l->watch.in_loop && l->watch.events == 0 && l->transport == MM_TRANSPORT_UDP)
            mm_loop_change(net->loop, &l->watch, EPOLLIN);
    }
    if (net->paused_n == 0)
        return;
    for (struct conn *c = net->conns; c != NULL; c = c->next) {
        bool may;

        if (!c->paused)
            continue;
        mm_intake_lock(net->core);
        may = may_read(c);
        mm_intake_unlock(net->core);
        if (may)
            pause_conn(c, false);
    }
}

void mm_net_sweep(struct mm_net *net)
{
    int64_t now = mm_mono_us();
    struct conn *next;

    for (struct conn *c = net->conns; c != NULL; c = next) {
        next = c->next;
        if (c->half_since_us != 0 && now - c->half_since_us > net->limit.half_s * MM_US_PER_S) {
            mm_intake_hit(net->core, MM_HIT_SLOW, &c->peer.ip);
            close_conn(c);
        }
    }
    for (size_t i = 0; i < net->listeners; i++) {
        struct listener *l = net->listener[i];

        if (l->transport == MM_TRANSPORT_TCP && l->watch.in_loop && l->watch.events == 0 &&
            now >= net->refuse_until_us)
            mm_loop_change(net->loop, &l->watch, EPOLLIN);
    }
    mm_net_resume(net);
}

/* One more chunk of every connection and socket that has something; false: nothing came. */
static bool drain_once(struct mm_net *net)
{
    size_t before = net->conn_n;
    uint64_t lines = 0, after = 0;
    struct conn *next;

    for (size_t i = 0; i < net->listeners; i++)
        lines += counters_of(net->listener[i])->lines;
    for (size_t i = 0; i < net->listeners; i++) {
        if (net->listener[i]->transport == MM_TRANSPORT_UDP)
            udp_ready(net->listener[i], &net->listener[i]->watch, EPOLLIN);
    }
    for (struct conn *c = net->conns; c != NULL; c = next) {
        next = c->next;
        conn_ready(c, &c->watch, EPOLLIN);
    }
    for (size_t i = 0; i < net->listeners; i++)
        after += counters_of(net->listener[i])->lines;
    return after != lines || net->conn_n != before;
}

void mm_net_drain(struct mm_net *net, int limit_ms)
{
    const struct mm_turn turn = {.slot = MM_SLOT_NONE, .bytes = CHUNK_ROOM};
    int64_t until = mm_mono_us() + (int64_t)limit_ms * 1000;

    net->draining = true;
    for (size_t i = 0; i < net->listeners; i++) {
        if (net->listener[i]->transport == MM_TRANSPORT_TCP)
            mm_loop_change(net->loop, &net->listener[i]->watch, 0);
    }
    while (mm_mono_us() < until && drain_once(net)) {
        mm_intake_lock(net->core);
        if (mm_intake_wait_room_locked(net->core, &turn, limit_ms) != MM_OK)
            until = 0;
        mm_intake_unlock(net->core);
        mm_net_resume(net);
    }
    while (net->conns != NULL)
        close_conn(net->conns); /* NOLINT(clang-analyzer-unix.Malloc): it takes itself out */
}

size_t mm_net_connections(const struct mm_net *net)
{
    return net->conn_n;
}
