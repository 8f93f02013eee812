/* model/alert_test.c - promises of the alert's wire form. */
#include "model/alert.h"
#include "tests/harness/test.h"

TEST(alert_decodes_to_what_was_encoded)
{
    struct mm_alert a = {.seq = 1ull << 40,
                         .queue = 65535,
                         .company = 7,
                         .source = 9,
                         .received_us = -1,
                         .time_us = 1608687240000000,
                         .events = 3,
                         .level = MM_LEVEL_HIGH,
                         .rule_id = MM_S("r"),
                         .title = MM_S("t"),
                         .author = MM_S("a"),
                         .entity_field = MM_S("host.name"),
                         .entity = MM_S("PC-01"),
                         .doc = MM_S("{}"),
                         .event = MM_S("{\"a\":1}"),
                         .hidden_by = MM_S("f")};
    struct mm_alert b;
    struct mm_buf out;
    struct mm_rd rd;

    mm_buf_init(&out, 4096);
    mm_alert_encode(&out, &a);
    a.prevented = true;
    mm_alert_encode(&out, &a);
    a.prevented = false;
    a.succeeded = true;
    mm_alert_encode(&out, &a);
    rd = mm_rd_of(mm_buf_slice(&out));
    for (int i = 0; i < 3; i++) {
        CHECK(mm_alert_decode(&rd, &b));
        CHECK(b.seq == a.seq && b.queue == a.queue && b.company == 7 && b.source == 9);
        CHECK(b.received_us == -1 && b.time_us == a.time_us && b.level == MM_LEVEL_HIGH);
        CHECK(b.prevented == (i == 1) && b.succeeded == (i == 2) && b.events == 3);
        CHECK(mm_slice_eq(b.entity, a.entity) && mm_slice_eq(b.event, a.event));
        CHECK_SLICE(b.hidden_by, "f");
    }
    CHECK(mm_rd_left(&rd) == 0 && !mm_alert_decode(&rd, &b));
    mm_buf_done(&out);
}

TEST(alert_refuses_torn_and_impossible_bytes)
{
    struct mm_alert a = {.events = 1, .title = MM_S("t")}, b = {.seq = 5};
    struct mm_buf out;

    mm_buf_init(&out, 4096);
    mm_alert_encode(&out, &a);
    for (size_t n = 0; n < out.n; n++) {
        struct mm_rd rd = mm_rd_of(mm_slice_of(out.p, n));
        CHECK(!mm_alert_decode(&rd, &b) && b.seq == 5);
    }
    for (size_t at = 36; at <= 40; at += 4) { /* events, level */
        uint8_t was = out.p[at];
        struct mm_rd rd = mm_rd_of(mm_buf_slice(&out));

        out.p[at] = at == 36 ? 0 : 99;
        CHECK(!mm_alert_decode(&rd, &b));
        out.p[at] = was;
    }
    mm_buf_done(&out);
}

TEST(levels_have_their_sigma_names)
{
    enum mm_level l;

    CHECK(mm_level_find(MM_S("Critical"), &l) && l == MM_LEVEL_CRITICAL);
    CHECK(!mm_level_find(MM_S("crit"), &l) && l == MM_LEVEL_CRITICAL);
    CHECK(strcmp(mm_level_name(MM_LEVEL_LOW), "low") == 0);
}
