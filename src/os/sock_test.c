/* os/sock_test.c - addresses read back as written; listeners, peers and drops work on loopback. */
#include "os/sock.h"

#include <poll.h>
#include <unistd.h>

#include "tests/harness/test.h"

TEST(endpoint_reads_what_it_writes_and_refuses_the_rest)
{
    static const char *const good[] = {"127.0.0.1:514", "0.0.0.0:0", "[::1]:65535",
                                       "[2001:db8::2]:1"};
    static const char *const bad[] = {"",
                                      "514",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "::1:514",
                                      "[::1]514",
                                      "127.0.0.1:65536",
                                      "localhost:1",
                                      "[::1]:-1",
                                      "127.0.0.1:x",
                                      "[:1",
                                      "]:1"};
    struct mm_endpoint e = {.port = 7};
    char text[MM_ENDPOINT_TEXT];

    for (size_t i = 0; i < MM_COUNT(bad); i++) {
        CHECK(!mm_endpoint_parse(mm_slice_str(bad[i]), &e));
        CHECK_NUM(e.port, 7);
    }
    for (size_t i = 0; i < MM_COUNT(good); i++) {
        CHECK(mm_endpoint_parse(mm_slice_str(good[i]), &e));
        mm_endpoint_text(&e, text);
        CHECK(strcmp(text, good[i]) == 0);
    }
}

static struct mm_endpoint loopback(const char *text)
{
    struct mm_endpoint e;

    CHECK(mm_endpoint_parse(mm_slice_str(text), &e));
    return e;
}

static void tcp_once(const char *at)
{
    struct mm_endpoint e = loopback(at), peer, local;
    int listener = -1, client = -1, server = -1;
    struct pollfd p;
    char buf[4];

    CHECK(mm_sock_listen(&e, &listener) == MM_OK);
    CHECK(mm_sock_local(listener, &e) == MM_OK);
    CHECK(e.port != 0);
    CHECK(mm_sock_listen(&e, &server) == MM_E_EXISTS);
    CHECK(mm_sock_accept(listener, &server, &peer) == MM_E_MORE);
    CHECK_NUM(server, -1);
    CHECK(mm_sock_connect(&e, &client) == MM_OK);
    p = (struct pollfd){.fd = listener, .events = POLLIN};
    CHECK(poll(&p, 1, 5000) == 1);
    CHECK(mm_sock_accept(listener, &server, &peer) == MM_OK);
    CHECK(mm_sock_local(client, &local) == MM_OK);
    CHECK(memcmp(&peer, &local, sizeof(peer)) == 0);
    CHECK(write(client, "hi", 2) == 2);
    p.fd = server;
    CHECK(poll(&p, 1, 5000) == 1);
    CHECK(read(server, buf, sizeof(buf)) == 2);
    CHECK(read(server, buf, sizeof(buf)) == -1); /* non-blocking */
    (void)close(client);
    (void)close(server);
    (void)close(listener);
}

TEST(sock_listens_accepts_and_names_the_peer)
{
    tcp_once("127.0.0.1:0");
}

TEST(sock_speaks_ipv6)
{
    struct mm_endpoint e = loopback("[::1]:0");
    int fd = -1;

    if (mm_sock_listen(&e, &fd) != MM_OK)
        mm_test_skip("no IPv6 loopback here");
    (void)close(fd);
    tcp_once("[::1]:0");
}

TEST(sock_udp_is_bound_with_its_buffer)
{
    struct mm_endpoint e = loopback("127.0.0.1:0");
    int fd = -1, size = 0;
    socklen_t n = sizeof(size);

    CHECK(mm_sock_udp(&e, 128 * 1024, &fd) == MM_OK);
    CHECK(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &n) == 0);
    CHECK(size >= 128 * 1024);
    (void)close(fd);
}
