/* codec/relayset_test.c - settings come back as they were entered; others are refused by name. */
#include "codec/relayset.h"

#include "tests/harness/test.h"

TEST(relayset_comes_back_as_it_was_entered)
{
    struct mm_relayset set;
    struct mm_buf b;

    mm_buf_init(&b, MM_RELAYSET_MAX);
    CHECK(mm_relayset_write(7, 3, MM_S("udp/514 tcp/6514"),
                            MM_S("/var/log/squid/access.log*\n/srv/dhcp"), &b, NULL) == MM_OK);
    mm_buf_str(&b, "signature abc\n");
    CHECK(mm_relayset_parse(mm_buf_slice(&b), &set, NULL) == MM_OK);
    CHECK(set.relay == 7 && set.serial == 3 && set.listen_n == 2);
    CHECK(set.listen[0].via == MM_RELAY_UDP && set.listen[0].port == 514);
    CHECK(set.listen[1].via == MM_RELAY_TCP && set.listen[1].port == 6514);
    CHECK_SLICE(set.follow[0], "/var/log/squid/access.log*");
    CHECK_SLICE(set.follow[1], "/srv/dhcp");
    CHECK(set.follow[2].n == 0);
    CHECK_SLICE(set.signature, "abc");
    CHECK(set.body.n == b.n - 14);
    mm_buf_done(&b);
}

TEST(relayset_refuses_by_name)
{
#define HEAD "mimamori relay settings 1\nrelay 7\nserial 3\n"
    static const struct {
        const char *text, *what;
        enum mm_code code;
    } cases[] = {
        {"", "relay.settings", MM_E_SYNTAX},
        {"mimamori relay settings 2\n", "relay.settings", MM_E_VERSION},
        {"mimamori relay settings 1\nrelay 0\n", "relay.number", MM_E_SYNTAX},
        {"mimamori relay settings 1\nrelay 7\nserial x\n", "relay.serial", MM_E_SYNTAX},
        {HEAD "listen udp/0\n", "relay.listen", MM_E_SYNTAX},
        {HEAD "listen http/80\n", "relay.listen", MM_E_SYNTAX},
        {HEAD "follow 9 /a\n", "relay.follow", MM_E_SYNTAX},
        {HEAD "follow 1 a\n", "relay.follow", MM_E_SYNTAX},
        {HEAD "follow 2 /a\nfollow 1 /b\n", "relay.follow", MM_E_SYNTAX},
        {HEAD, "relay.signature", MM_E_SYNTAX},
        {HEAD "signature a\nmore\n", "relay.signature", MM_E_SYNTAX},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_relayset set = {.relay = 99};
        struct mm_fault f = {0};

        CHECK(mm_relayset_parse(mm_slice_str(cases[i].text), &set, &f) == cases[i].code);
        CHECK(strcmp(f.what, cases[i].what) == 0);
        CHECK(set.relay == 99);
    }
#undef HEAD
}

TEST(relayset_refuses_what_people_mistype)
{
    struct mm_fault f = {0};
    struct mm_buf b;

    mm_buf_init(&b, MM_RELAYSET_MAX);
    CHECK(mm_relayset_write(7, 1, MM_S("514"), MM_S(""), &b, &f) == MM_E_SYNTAX);
    CHECK(strcmp(f.what, "relay.listen") == 0);
    mm_buf_reset(&b);
    CHECK(mm_relayset_write(7, 1, MM_S(""), MM_S("access.log"), &b, &f) == MM_E_SYNTAX);
    CHECK(strcmp(f.what, "relay.follow") == 0);
    mm_buf_reset(&b);
    CHECK(mm_relayset_write(7, 1, MM_S(""), MM_S("/1 /2 /3 /4 /5 /6 /7 /8 /9"), &b, &f) ==
          MM_E_SYNTAX);
    mm_buf_done(&b);
}
