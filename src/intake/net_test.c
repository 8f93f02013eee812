/* intake/net_test.c - lines over sockets: whose they are, how much at once, and none lost in order.
 */
#include "intake/net.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "intake/intake_test.h"

struct world {
    struct mm_loop *loop;
    struct mm_intake *core;
    struct mm_net *net;
    struct mm_binding_table table;
    struct mm_endpoint tcp, udp;
};

static void start_rates(struct world *w, const struct mm_net_options *limits, bool private,
                        const struct mm_quota_rates *rates)
{
    const struct mm_key key = {{1}};

    *w = (struct world){.core = t_open_with((struct mm_intake_options){.rates = *rates})};
    CHECK(mm_crypt_init() == MM_OK && mm_loop_new(&w->loop) == MM_OK);
    CHECK(mm_net_new(w->loop, w->core, limits, &w->net) == MM_OK);
    CHECK(mm_endpoint_parse(MM_S("127.0.0.1:0"), &w->tcp));
    w->udp = w->tcp;
    CHECK(mm_net_listen(w->net, MM_TRANSPORT_TCP, &w->tcp, private, &w->tcp.port) == MM_OK);
    CHECK(mm_net_listen(w->net, MM_TRANSPORT_UDP, &w->udp, private, &w->udp.port) == MM_OK);
    CHECK(mm_net_listens(w->net, MM_TRANSPORT_TCP, w->tcp.port));
    mm_bindings_init(&w->table);
    CHECK(mm_bindings_parse(MM_S("7 71 here address 127.0.0.0/8\n"), &key, &w->table, NULL) ==
          MM_OK);
    mm_bindings_seal(&w->table);
    mm_net_bind(w->net, &w->table);
}

static void start(struct world *w, const struct mm_net_options *limits, bool private)
{
    start_rates(w, limits, private, &(struct mm_quota_rates){0});
}

static void finish(struct world *w)
{
    mm_net_free(&w->net);
    CHECK(mm_intake_close(&w->core, T_WAIT_MS) == MM_OK);
    mm_loop_free(&w->loop);
    mm_bindings_done(&w->table);
}

static int connect_to(struct world *w)
{
    int fd = -1;

    CHECK(mm_sock_connect(&w->tcp, &fd) == MM_OK);
    return fd;
}

static void say(int fd, const char *text)
{
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

/* Rounds of the loop until the counter has that value. */
static void until(struct world *w, _Atomic uint64_t *counter, uint64_t value)
{
    int64_t limit = mm_mono_us() + 20 * MM_US_PER_S;

    while (*counter < value) {
        CHECK(mm_mono_us() < limit);
        CHECK(mm_loop_once(w->loop, 20) == MM_OK);
        mm_net_resume(w->net);
    }
    CHECK_NUM(*counter, value);
}

static struct mm_intake_listener *tcp_counters(struct world *w)
{
    return &mm_intake_page(w->core)->listener[0];
}

TEST(net_takes_both_framings_and_the_last_line_without_end)
{
    struct world w;
    int a, b;

    start(&w, &(struct mm_net_options){0}, true);
    a = connect_to(&w);
    b = connect_to(&w);
    say(a, "one\ntwo\nthr");
    until(&w, &tcp_counters(&w)->lines, 2);
    CHECK_NUM(mm_net_connections(w.net), 2);
    CHECK_NUM(t_source(w.core, 7, 71)->connections, 2);
    say(b, "7 <34>1 a8 <34>1 bb");
    until(&w, &tcp_counters(&w)->lines, 4);
    (void)close(a);
    (void)close(b);
    until(&w, &tcp_counters(&w)->lines, 5);
    while (mm_net_connections(w.net) > 0)
        CHECK(mm_loop_once(w.loop, 20) == MM_OK);
    CHECK_NUM(t_source(w.core, 7, 71)->connections, 0);
    finish(&w);
    CHECK_SPOOL("7/71 one|7/71 two|7/71 <34>1 a|7/71 <34>1 bb|7/71 thr|");
}

TEST(net_keeps_unknown_senders_in_quarantine_and_shows_them)
{
    struct world w;
    struct mm_intake_page *page;
    int fd;

    start(&w, &(struct mm_net_options){0}, false); /* addresses count on private networks only */
    page = mm_intake_page(w.core);
    fd = connect_to(&w);
    say(fd, "who am I\nagain\n");
    until(&w, &tcp_counters(&w)->lines, 2);
    CHECK_NUM(page->source[MM_SLOT_QUARANTINE].received, 2);
    CHECK_NUM(page->unknown[0].lines, 2);
    CHECK(page->unknown[0].last_us > 0);
    /* A table that knows the listener takes effect on the open connection. */
    w.table.row[0] = (struct mm_binding){.kind = MM_BIND_LISTENER,
                                         .company = 8,
                                         .source = 81,
                                         .transport = MM_TRANSPORT_TCP,
                                         .port = w.tcp.port};
    mm_net_bind(w.net, &w.table);
    say(fd, "now known\n");
    until(&w, &tcp_counters(&w)->lines, 3);
    (void)close(fd);
    finish(&w);
    CHECK_SPOOL("0/0 who am I|0/0 again|8/81 now known|");
}

TEST(net_turns_away_connections_over_the_limits_and_counts_them)
{
    struct world w;
    int fd[5];
    char c;

    start(&w, &(struct mm_net_options){.peer_max = 3}, true);
    for (size_t i = 0; i < 5; i++)
        fd[i] = connect_to(&w);
    until(&w, &tcp_counters(&w)->refused, 2);
    CHECK_NUM(mm_net_connections(w.net), 3);
    CHECK(read(fd[3], &c, 1) <= 0 && read(fd[4], &c, 1) <= 0);
    for (size_t i = 0; i < 5; i++)
        (void)close(fd[i]);
    finish(&w);
}

TEST(net_leaves_places_to_who_is_registered)
{
    struct world w;
    struct mm_endpoint known;
    _Atomic uint64_t *turned_away;
    int fd[10];

    start(&w, &(struct mm_net_options){.conns_max = 8}, true);
    known = w.tcp;
    w.tcp.port = 0; /* here no address names a sender */
    CHECK(mm_net_listen(w.net, MM_TRANSPORT_TCP, &w.tcp, false, &w.tcp.port) == MM_OK);
    turned_away = &mm_intake_page(w.core)->listener[2].refused;
    for (size_t i = 0; i < 6; i++)
        fd[i] = connect_to(&w);
    until(&w, turned_away, 2);
    CHECK_NUM(mm_net_connections(w.net), 4);
    w.tcp = known;
    for (size_t i = 6; i < 10; i++) {
        fd[i] = connect_to(&w);
        say(fd[i], "let in\n");
    }
    until(&w, &tcp_counters(&w)->lines, 4);
    CHECK_NUM(mm_net_connections(w.net), 8);
    for (size_t i = 0; i < 10; i++)
        (void)close(fd[i]);
    finish(&w);
    CHECK_SPOOL("7/71 let in|7/71 let in|7/71 let in|7/71 let in|");
}

TEST(net_ends_a_connection_that_never_finishes_its_frame_and_keeps_what_came)
{
    struct world w;
    int fd;

    start(&w, &(struct mm_net_options){.half_s = -1}, true); /* every half frame is too old */
    fd = connect_to(&w);
    say(fd, "whole\nhalf a fra");
    until(&w, &tcp_counters(&w)->lines, 1);
    mm_net_sweep(w.net);
    CHECK_NUM(mm_net_connections(w.net), 0);
    CHECK_NUM(tcp_counters(&w)->lines, 2);
    (void)close(fd);
    finish(&w);
    CHECK_SPOOL("7/71 whole|7/71 half a fra|");
}

TEST(net_takes_datagrams_and_says_whose_they_are)
{
    struct world w;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_storage to;
    socklen_t n = sizeof(to);

    start(&w, &(struct mm_net_options){0}, true);
    CHECK(getsockname(fd, (struct sockaddr *)&to, &n) == 0);
    {
        struct mm_endpoint at = w.udp;
        uint16_t port = (uint16_t)(at.port >> 8 | at.port << 8);

        memcpy((uint8_t *)&to + 2, &port, 2);
        memcpy((uint8_t *)&to + 4, at.ip.b + 12, 4);
    }
    CHECK(connect(fd, (struct sockaddr *)&to, n) == 0);
    say(fd, "<34>datagram one\n");
    say(fd, "\n");
    say(fd, "two\nlines in one");
    until(&w, &mm_intake_page(w.core)->listener[1].lines, 2);
    (void)close(fd);
    finish(&w);
    CHECK_SPOOL("7/71 <34>datagram one|7/71 two\nlines in one|");
}

TEST(net_counts_the_datagrams_that_the_kernel_dropped)
{
    struct world w;
    struct mm_intake_listener *counters;
    struct mm_endpoint at;
    int fd = -1;
    uint64_t sent = 0;
    static char big[60000];

    start(&w, &(struct mm_net_options){0}, true);
    counters = &mm_intake_page(w.core)->listener[1];
    at = w.udp;
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    {
        uint8_t to[16] = {
            AF_INET & 0xFF, 0, (uint8_t)(at.port >> 8), (uint8_t)at.port, 127, 0, 0, 1};

        CHECK(connect(fd, (struct sockaddr *)to, sizeof(to)) == 0);
    }
    memset(big, 'x', sizeof(big));
    /* Nobody reads meanwhile: 60 MB do not fit into any buffer that a test machine grants. */
    for (int i = 0; i < 1000; i++)
        sent += send(fd, big, sizeof(big), 0) > 0;
    for (int64_t limit = mm_mono_us() + 20 * MM_US_PER_S;
         counters->lines + counters->dropped < sent;) {
        uint64_t before = counters->lines;

        CHECK(mm_mono_us() < limit);
        CHECK(mm_loop_once(w.loop, 1) == MM_OK);
        mm_net_resume(w.net);
        /* The kernel's count travels with the next datagram that it takes. */
        if (counters->lines == before)
            sent += send(fd, "tick", 4, 0) > 0;
    }
    CHECK(counters->dropped > 0);
    CHECK_NUM(counters->lines + counters->dropped, sent);
    CHECK(t_source(w.core, 7, 71)->received == counters->lines);
    (void)close(fd);
    finish(&w);
}

/* What a sender can push before it has to wait. */
static size_t push_until_blocked(struct world *w, int fd, bool serve)
{
    static char text[64 * 1024];
    size_t total = 0;

    memset(text, 'y', sizeof(text));
    for (size_t i = 99; i < sizeof(text); i += 100)
        text[i] = '\n';
    for (int idle = 0; idle < 20;) {
        ssize_t n = send(fd, text, sizeof(text), MSG_DONTWAIT | MSG_NOSIGNAL);

        idle = n > 0 ? 0 : idle + 1;
        total += n > 0 ? (size_t)n : 0;
        if (serve)
            CHECK(mm_loop_once(w->loop, 1) == MM_OK); /* no resume: as if no commit ever ended */
    }
    return total;
}

TEST(net_bounds_what_a_connection_may_have_unread_or_not_durable)
{
    struct world w;
    size_t unserved, limit = 1024 * 1024;
    int a;
    struct mm_endpoint at;
    int size = 65536;

    start(&w, &(struct mm_net_options){.unread_max = (uint32_t)limit}, true);
    at = w.tcp;
    /* Nothing is read at all: what the kernels of both sides hold. */
    CHECK(mm_sock_connect(&at, &a) == MM_OK);
    CHECK(setsockopt(a, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0);
    unserved = push_until_blocked(&w, a, false);
    CHECK(unserved > 0 && unserved < limit);
    (void)close(a);
    finish(&w);
}

/* What is thrown away of a giant waits for no commit: on a quiet evening none would come. */
TEST(net_reads_a_giant_line_to_its_end_though_nobody_else_sends)
{
    static char giant[3 * 1024 * 1024];
    const char behind[] = "\nbehind\n";
    struct world w;
    size_t at = 0;
    int fd;

    start(&w, &(struct mm_net_options){0}, true);
    fd = connect_to(&w);
    memset(giant, 'z', sizeof(giant));
    memcpy(giant + sizeof(giant) - strlen(behind), behind, strlen(behind));
    for (int64_t limit = mm_mono_us() + 20 * MM_US_PER_S; at < sizeof(giant);) {
        ssize_t n = send(fd, giant + at, sizeof(giant) - at, MSG_DONTWAIT | MSG_NOSIGNAL);

        at += n > 0 ? (size_t)n : 0;
        CHECK(mm_mono_us() < limit);
        CHECK(mm_loop_once(w.loop, 1) == MM_OK);
        mm_net_resume(w.net);
    }
    until(&w, &tcp_counters(&w)->lines, 2);
    CHECK_NUM(t_source(w.core, 7, 71)->truncated, 1);
    (void)close(fd);
    finish(&w);
}

TEST(net_drains_in_order_and_loses_nothing_that_lies_in_the_kernel)
{
    struct world w;
    struct mm_buf out;
    int fd[4];
    size_t lines = 0;

    start(&w, &(struct mm_net_options){0}, true);
    for (size_t i = 0; i < 4; i++) {
        fd[i] = connect_to(&w);
        say(fd[i], "first\n");
    }
    until(&w, &tcp_counters(&w)->lines, 4);
    for (size_t i = 0; i < 4; i++) {
        for (int k = 0; k < 1000; k++)
            say(fd[i], "a line that was sent before the stop\n");
        say(fd[i], "and a half");
    }
    mm_net_drain(w.net, 5000);
    CHECK_NUM(mm_net_connections(w.net), 0);
    finish(&w);
    mm_buf_init(&out, 1 << 24);
    t_spool(&out);
    for (size_t at = 0; (at = mm_slice_find(mm_buf_slice(&out), '|', at)) != SIZE_MAX; at++)
        lines++;
    CHECK_NUM(lines, 4 + 4 * 1001);
    mm_buf_done(&out);
    for (size_t i = 0; i < 4; i++)
        (void)close(fd[i]);
}

enum { RATE = 20 * 1024, LINE = 1024, LINES = 600 };
static_assert(LINES * LINE > 2 * RATE * MM_QUOTA_BURST_S, "more than an allowance");

TEST(net_makes_who_sends_above_its_rate_wait_and_loses_nothing)
{
    struct world w;
    const struct mm_intake_source *source;
    static char text[LINES * LINE];
    size_t at = 0;
    int fd;

    start_rates(&w, &(struct mm_net_options){0}, true, &(struct mm_quota_rates){.source = RATE});
    memset(text, 'q', sizeof(text));
    for (size_t i = LINE - 1; i < sizeof(text); i += LINE)
        text[i] = '\n';
    fd = connect_to(&w);
    for (int idle = 0; idle < 50 && at < sizeof(text);) { /* until it has to wait */
        ssize_t n = send(fd, text + at, sizeof(text) - at, MSG_DONTWAIT | MSG_NOSIGNAL);

        at += n > 0 ? (size_t)n : 0;
        idle = n > 0 ? 0 : idle + 1;
        CHECK(mm_loop_once(w.loop, 1) == MM_OK);
        mm_net_resume(w.net);
    }
    for (int i = 0; i < 50; i++) {
        CHECK(mm_loop_once(w.loop, 1) == MM_OK);
        mm_net_resume(w.net);
    }
    source = t_source(w.core, 7, 71);
    /* An allowance, the chunk with which it was used up, and what seconds have given back. */
    CHECK(source->bytes >= RATE * MM_QUOTA_BURST_S - LINE);
    CHECK(source->bytes < RATE * MM_QUOTA_BURST_S + MM_NET_CHUNK + 5 * RATE);
    CHECK(source->over > 0 && source->dropped == 0);
    (void)shutdown(fd, SHUT_WR);
    mm_net_drain(w.net, T_WAIT_MS); /* a stop in order takes what lies there */
    CHECK_NUM(t_source(w.core, 7, 71)->received, at / LINE);
    (void)close(fd);
    finish(&w);
}

TEST(net_drops_datagrams_of_a_stranger_above_its_rate_and_counts_each)
{
    struct world w;
    const struct mm_intake_source *nobody;
    struct mm_intake_listener *counters;
    static char text[LINE];
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    uint8_t to[16] = {AF_INET & 0xFF, 0, 0, 0, 127, 0, 0, 1};

    start_rates(&w, &(struct mm_net_options){0}, false, &(struct mm_quota_rates){.stranger = RATE});
    to[2] = (uint8_t)(w.udp.port >> 8);
    to[3] = (uint8_t)w.udp.port;
    CHECK(connect(fd, (struct sockaddr *)to, sizeof(to)) == 0);
    memset(text, 'q', sizeof(text));
    counters = &mm_intake_page(w.core)->listener[1];
    for (uint64_t i = 0; i < LINES; i++) {
        CHECK(send(fd, text, sizeof(text), 0) == sizeof(text));
        for (int tries = 0; counters->lines + counters->dropped <= i && tries < 1000; tries++) {
            CHECK(mm_loop_once(w.loop, 1) == MM_OK);
            mm_net_resume(w.net);
        }
    }
    nobody = &mm_intake_page(w.core)->source[MM_SLOT_QUARANTINE];
    CHECK_NUM(counters->lines + counters->dropped, LINES);
    CHECK_NUM(nobody->received, counters->lines);
    CHECK_NUM(nobody->dropped, counters->dropped);
    CHECK_NUM(nobody->over, counters->dropped);
    CHECK(counters->lines >= RATE * MM_QUOTA_BURST_S / LINE);
    CHECK(counters->dropped > LINES / 4);
    (void)close(fd);
    finish(&w);
}
