/* os/hits_test.c - who runs into limits is counted, and the loudest stay known. */
#include "os/hits.h"

#include <stdio.h>

#include "tests/harness/test.h"

static struct mm_ip address(const char *text)
{
    struct mm_ip ip;

    CHECK(mm_ip_parse(mm_slice_str(text), &ip));
    return ip;
}

TEST(hits_are_counted_by_limit_and_by_whom)
{
    const struct mm_ip one = address("192.0.2.1"), two = address("2001:db8::1"),
                       same = address("2001:db8::ffff");
    char path[300], text[MM_IP_TEXT];
    struct mm_hits *h = NULL;
    struct mm_hits_read r;
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/x.hits", mm_test_dir());
    CHECK(mm_hits_read(path, &r) == MM_E_NOTFOUND);
    CHECK(mm_hits_open(path, &h) == MM_OK);
    mm_hit_add(NULL, MM_HIT_RATE, &one);
    mm_hit_add(h, MM_HIT_RATE, &one);
    mm_hit_add(h, MM_HIT_RATE, NULL);
    mm_hit_add(h, MM_HIT_BODY, &two);
    mm_hit_add(h, MM_HIT_BODY, &same); /* whoever has one of these has both */
    CHECK(mm_hits_read(path, &r) == MM_OK);
    CHECK_NUM(r.count[MM_HIT_RATE], 2);
    CHECK_NUM(r.count[MM_HIT_BODY], 2);
    CHECK_NUM(r.count[MM_HIT_SLOW], 0);
    CHECK(r.last_us[MM_HIT_RATE] > 0 && r.last_us[MM_HIT_SLOW] == 0);
    CHECK_NUM(r.hitters, 2);
    CHECK(r.hitter[0].hit == MM_HIT_BODY && r.hitter[0].count == 2);
    mm_ip_text(&r.hitter[0].owner, text);
    CHECK(strcmp(text, "2001:db8::") == 0);
    CHECK(strcmp(mm_hit_name(MM_HIT_SPOOL_SHARE), "spool_share") == 0);
    mm_hits_close(&h);
    CHECK(mm_hits_open(path, &h) == MM_OK); /* another life begins at nothing */
    CHECK(mm_hits_read(path, &r) == MM_OK && r.count[MM_HIT_RATE] == 0 && r.hitters == 0);
    mm_hits_close(&h);
    f = fopen(path, "w");
    CHECK(f != NULL && fputs("MMHITS", f) >= 0 && fclose(f) == 0);
    CHECK(mm_hits_read(path, &r) == MM_E_NOTFOUND);
}

TEST(hits_remember_the_loud_among_many_quiet)
{
    const struct mm_ip loud = address("192.0.2.1");
    char path[300];
    struct mm_hits *h = NULL;
    struct mm_hits_read r;

    (void)snprintf(path, sizeof(path), "%s/y.hits", mm_test_dir());
    CHECK(mm_hits_open(path, &h) == MM_OK);
    for (int i = 0; i < 1000; i++) {
        struct mm_ip quiet = address("198.51.100.0");

        quiet.b[14] = (uint8_t)(i / 250);
        quiet.b[15] = (uint8_t)(i % 250);
        mm_hit_add(h, MM_HIT_PEER, &quiet);
        mm_hit_add(h, MM_HIT_PEER, &loud);
    }
    CHECK(mm_hits_read(path, &r) == MM_OK);
    CHECK_NUM(r.count[MM_HIT_PEER], 2000);
    CHECK_NUM(r.hitters, MM_HITTERS);
    CHECK(memcmp(&r.hitter[0].owner, &loud, sizeof(loud)) == 0);
    CHECK_NUM(r.hitter[0].count, 1000);
    mm_hits_close(&h);
}
