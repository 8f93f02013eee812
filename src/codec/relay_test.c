/* codec/relay_test.c - batches come back as they went; what is no batch is refused. */
#include "codec/relay.h"

#include "tests/harness/test.h"

static void make(struct mm_buf *b)
{
    struct mm_relay_head h = {.queue = 3,
                              .count = 2,
                              .first = 77,
                              .before = 5,
                              .instance = 9,
                              .clock_us = 1000,
                              .backlog = 12,
                              .serial = 4};
    struct mm_relay_line l = {.via = MM_RELAY_UDP,
                              .what = 514,
                              .flags = 1,
                              .received_us = 999,
                              .body = MM_S("<13>router up")};

    mm_buf_init(b, MM_RELAY_MAX);
    CHECK(mm_ip_parse(MM_S("192.168.1.1"), &l.peer));
    mm_relay_put_head(b, &h);
    CHECK(b->n == MM_RELAY_HEAD);
    mm_relay_put_line(b, &l);
    l.via = MM_RELAY_FILE;
    l.what = 1;
    l.body = MM_S("");
    mm_relay_put_line(b, &l);
    CHECK(b->n == MM_RELAY_HEAD + 2 * MM_RELAY_LINE + 13);
}

TEST(relay_batches_come_back_as_they_went)
{
    struct mm_relay_head h;
    struct mm_relay_line l;
    struct mm_slice rest;
    struct mm_ip ip;
    struct mm_buf b;

    make(&b);
    CHECK(mm_ip_parse(MM_S("192.168.1.1"), &ip));
    CHECK(mm_relay_head(mm_buf_slice(&b), &h, &rest, NULL) == MM_OK);
    CHECK(!h.gap && h.queue == 3 && h.count == 2 && h.first == 77 && h.before == 5);
    CHECK(h.instance == 9 && h.clock_us == 1000 && h.oldest_us == 0 && h.backlog == 12);
    CHECK(h.serial == 4 && mm_relay_whole(&h, rest));
    CHECK(mm_relay_line(&rest, &l) && l.via == MM_RELAY_UDP && l.what == 514 && l.flags == 1);
    CHECK(l.received_us == 999 && memcmp(&l.peer, &ip, sizeof(ip)) == 0);
    CHECK_SLICE(l.body, "<13>router up");
    CHECK(mm_relay_line(&rest, &l) && l.via == MM_RELAY_FILE && l.body.n == 0);
    CHECK(!mm_relay_line(&rest, &l));
    mm_buf_done(&b);
}

TEST(relay_refuses_what_is_no_batch)
{
    struct mm_relay_head h = {.queue = 8};
    struct mm_slice rest = MM_S("stays");
    struct mm_fault f = {0};
    struct mm_buf b;

    make(&b);
    for (size_t n = 0; n < b.n; n++) {
        enum mm_code c = mm_relay_head(mm_slice_of(b.p, n), &h, &rest, &f);

        if (n < MM_RELAY_HEAD)
            CHECK(c == MM_E_SYNTAX && f.at <= n && h.queue == 8 && rest.n == 5);
        else
            CHECK(c == MM_OK && !mm_relay_whole(&h, rest));
    }
    CHECK(mm_relay_head(mm_buf_slice(&b), &h, &rest, NULL) == MM_OK);
    h.count = 1; /* one line too many */
    CHECK(!mm_relay_whole(&h, rest));
    b.p[8] = 2;
    CHECK(mm_relay_head(mm_buf_slice(&b), &h, &rest, &f) == MM_E_VERSION);
    CHECK(strcmp(f.what, "relay.version") == 0);
    b.p[8] = 1;
    b.p[MM_RELAY_HEAD] = 4; /* via what? */
    CHECK(mm_relay_head(mm_buf_slice(&b), &h, &rest, NULL) == MM_OK && !mm_relay_whole(&h, rest));
    b.p[22] = 1; /* queue 65536 */
    CHECK(mm_relay_head(mm_buf_slice(&b), &h, &rest, NULL) == MM_E_SYNTAX);
    mm_buf_done(&b);
}

TEST(relay_print_tells_lines_apart)
{
    struct mm_ip none = {{0}}, other = {{1}};
    uint64_t a = mm_relay_print(1, 2, &none, MM_S("line"));

    CHECK(a != 0 && a == mm_relay_print(1, 2, &none, MM_S("line")));
    CHECK(a != mm_relay_print(2, 2, &none, MM_S("line")));
    CHECK(a != mm_relay_print(1, 3, &none, MM_S("line")));
    CHECK(a != mm_relay_print(1, 2, &other, MM_S("line")));
    CHECK(a != mm_relay_print(1, 2, &none, MM_S("lime")));
}
