/* intake/relayed_test.c - lines of relays are taken once, by whose they are, and copies are shown.
 */
#include "intake/relayed.h"

#include <stdlib.h>

#include "intake/intake_test.h"

static const struct mm_key key = {{9}};

struct world {
    struct mm_intake *core;
    struct mm_relay_page *page;
    struct mm_relayed *r;
    struct mm_binding_table table;
    struct mm_arena arena;
    struct mm_relayed_who who;
};

static void open_world(struct world *w)
{
    w->core = t_open();
    CHECK(mm_relayed_new(w->core, w->page, &w->r) == MM_OK);
}

static void begin(struct world *w)
{
    const char *rows = "3 30 all relay 7/sesame\n"
                       "3 31 rtx relayed 7/192.168.1.1\n"
                       "3 32 lan relayed 7/192.168.0.0/16\n"
                       "3 33 utm relayed 7/tcp/6514\n"
                       "3 34 squid relayed 7/file/2\n"
                       "3 35 other relayed 8/192.168.1.1\n"
                       "4 41 foreign relayed 7/192.168.1.1\n";

    *w = (struct world){0};
    CHECK(mm_crypt_init() == MM_OK);
    w->page = calloc(1, sizeof(*w->page));
    CHECK(w->page != NULL);
    mm_bindings_init(&w->table);
    CHECK(mm_bindings_parse(mm_slice_str(rows), &key, &w->table, NULL) == MM_OK);
    mm_bindings_seal(&w->table);
    mm_arena_init(&w->arena, 1 << 20);
    CHECK(mm_relayed_auth(&w->table, &key, MM_S("sesame"), &w->arena, &w->who) == 200);
    open_world(w);
}

static void close_world(struct world *w)
{
    mm_relayed_free(&w->r);
    CHECK(mm_intake_close(&w->core, T_WAIT_MS) == MM_OK);
}

static void end(struct world *w)
{
    close_world(w);
    mm_bindings_done(&w->table);
    mm_arena_done(&w->arena);
    free(w->page);
}

/* Lines "first first+1 ..." of a queue whose lines are their numbers, but for those of a copy. */
struct sent {
    uint64_t first;
    uint32_t count;
    uint64_t instance;
    bool gap, copy, knows;
    uint16_t queue;
    int64_t mono_us;
};

static struct mm_slice body_of(uint64_t seq, bool copy, char room[32])
{
    (void)snprintf(room, 32, "%s%llu", copy ? "c" : "n", (unsigned long long)seq);
    return mm_slice_str(room);
}

static struct mm_relayed_answer send(struct world *w, const struct sent *s)
{
    struct mm_relayed_answer a;
    struct mm_relayed_call call = {
        .who = w->who, .received_us = 1606000000000000, .mono_us = s->mono_us};
    struct mm_relay_head h = {.gap = s->gap,
                              .copy = s->knows,
                              .queue = s->queue,
                              .count = s->count,
                              .first = s->first,
                              .instance = s->instance == 0 ? 1 : s->instance,
                              .clock_us = 1606000002000000,
                              .backlog = 5};
    struct mm_relay_line l = {.via = MM_RELAY_UDP, .what = 514, .received_us = 44};
    struct mm_buf b;
    char room[32];

    CHECK(mm_ip_parse(MM_S("10.0.0.1"), &l.peer));
    if (s->first > 1)
        h.before = mm_relay_print(s->first - 1, 44, &l.peer, body_of(s->first - 1, s->copy, room));
    mm_buf_init(&b, MM_RELAY_MAX);
    mm_relay_put_head(&b, &h);
    for (uint32_t i = 0; i < s->count; i++) {
        l.body = body_of(s->first + i, s->copy, room);
        mm_relay_put_line(&b, &l);
    }
    call.body = mm_buf_slice(&b);
    mm_relayed_call(w->r, &call, &a);
    mm_buf_done(&b);
    return a;
}

TEST(relayed_takes_each_line_once)
{
    struct world w;
    struct mm_relayed_answer a;

    begin(&w);
    a = send(&w, &(struct sent){.first = 1, .count = 2});
    CHECK(a.status == 200 && a.next == 3);
    a = send(&w, &(struct sent){.first = 1, .count = 2}); /* its answer was lost */
    CHECK(a.status == 200 && a.next == 3);
    a = send(&w, &(struct sent){.first = 2, .count = 2}); /* overlaps */
    CHECK(a.status == 200 && a.next == 4);
    a = send(&w, &(struct sent){.first = 4, .count = 1});
    CHECK(a.status == 200 && a.next == 5);
    a = send(&w, &(struct sent){.first = 1, .count = 1}); /* long gone: it is told where it is */
    CHECK(a.status == 409 && a.next == 5 && strcmp(a.why, "relay.position") == 0);
    a = send(&w, &(struct sent){.first = 9, .count = 1}); /* those before are missing */
    CHECK(a.status == 409 && a.next == 5);
    CHECK_SPOOL("3/30 n1|3/30 n2|3/30 n3|3/30 n4|");
    CHECK_NUM(w.page->relay[0].lines, 4);
    CHECK_NUM(w.page->relay[0].ahead_us, 2000000);
    CHECK_NUM(w.page->relay[0].backlog, 5);
    end(&w);
}

TEST(relayed_knows_its_place_after_a_restart)
{
    struct world w;
    struct mm_relayed_answer a;

    begin(&w);
    CHECK(send(&w, &(struct sent){.first = 1, .count = 3}).status == 200);
    CHECK(send(&w, &(struct sent){.first = 1, .count = 1, .queue = 1001}).status == 200);
    close_world(&w);
    open_world(&w);
    a = send(&w, &(struct sent){.first = 2, .count = 3});
    CHECK(a.status == 200 && a.next == 5);
    a = send(&w, &(struct sent){.first = 1, .count = 2, .queue = 1001});
    CHECK(a.status == 200 && a.next == 3);
    CHECK_SPOOL("3/30 n1|3/30 n2|3/30 n3|3/30 n1|3/30 n4|3/30 n2|");
    end(&w);
}

TEST(relayed_takes_what_follows_a_loss_that_is_said)
{
    struct world w;
    struct mm_relayed_answer a;

    begin(&w);
    CHECK(send(&w, &(struct sent){.first = 1, .count = 1}).status == 200);
    a = send(&w, &(struct sent){.first = 5, .count = 1, .gap = true});
    CHECK(a.status == 200 && a.next == 6);
    CHECK_NUM(w.page->relay[0].lost, 3);
    CHECK_SPOOL("3/30 n1|3/30 n5|");
    end(&w);
}

TEST(relayed_refuses_a_copy_whose_lines_are_others)
{
    struct world w;
    struct mm_relayed_answer a;

    begin(&w);
    CHECK(send(&w, &(struct sent){.first = 1, .count = 2}).status == 200);
    a = send(&w, &(struct sent){.first = 3, .count = 1, .copy = true});
    CHECK(a.status == 403 && strcmp(a.why, "relay.clone") == 0);
    CHECK_NUM(w.page->relay[0].turned, MM_RELAY_CLONED);
    /* Nobody knows which of them is the right one: neither speaks any more. */
    a = send(&w, &(struct sent){.first = 3, .count = 1});
    CHECK(a.status == 403);
    CHECK_SPOOL("3/30 n1|3/30 n2|");
    end(&w);
}

TEST(relayed_refuses_a_copy_that_overlaps)
{
    struct world w;

    begin(&w);
    CHECK(send(&w, &(struct sent){.first = 1, .count = 2}).status == 200);
    CHECK(send(&w, &(struct sent){.first = 1, .count = 3, .copy = true}).status == 403);
    CHECK_SPOOL("3/30 n1|3/30 n2|");
    end(&w);
}

TEST(relayed_refuses_two_processes_that_live)
{
    const int64_t late = (MM_RELAYED_STALE_S + 1) * INT64_C(1000000);
    struct world w;
    struct sent alive = {.first = 1, .instance = 100, .mono_us = 1};

    begin(&w);
    CHECK(send(&w, &alive).status == 200);
    alive.instance = 200; /* it was started anew */
    CHECK(send(&w, &alive).status == 200);
    alive.instance = 100; /* a request that was on its way */
    alive.mono_us = 2;
    CHECK(send(&w, &alive).status == 200);
    alive.instance = 200;
    alive.mono_us = late + 1;
    CHECK(send(&w, &alive).status == 200);
    alive.instance = 100; /* no, it lives */
    CHECK(send(&w, &alive).status == 403);
    CHECK_NUM(w.page->relay[0].turned, MM_RELAY_CLONED);
    end(&w);
}

static uint32_t whose(const struct world *w, enum mm_relay_via via, uint16_t what, const char *peer)
{
    struct mm_relay_line l = {.via = (uint8_t)via, .what = what};
    uint32_t company = 0, source = 0;

    CHECK(mm_ip_parse(mm_slice_str(peer), &l.peer));
    mm_relayed_whose(&w->who, &l, &company, &source);
    CHECK_NUM(company, 3);
    return source;
}

TEST(relayed_shows_a_copy_that_knows_it_and_goes_on_with_the_other)
{
    struct world w;
    struct sent one = {.first = 1, .count = 1};

    begin(&w);
    CHECK(send(&w, &one).status == 200);
    one = (struct sent){.first = 1, .count = 0, .instance = 9, .knows = true};
    CHECK(strcmp(send(&w, &one).why, "relay.clone") == 0);
    CHECK(w.page->relay[0].copied_us > 0 && w.page->relay[0].turned == MM_RELAY_WELCOME);
    CHECK(send(&w, &(struct sent){.first = 2, .count = 1}).status == 200);
    CHECK_SPOOL("3/30 n1|3/30 n2|");
    end(&w);
}

TEST(relayed_tells_devices_apart)
{
    struct world w;

    begin(&w);
    CHECK_NUM(whose(&w, MM_RELAY_UDP, 514, "192.168.1.1"), 31);
    CHECK_NUM(whose(&w, MM_RELAY_TCP, 6514, "192.168.1.1"), 31); /* the narrowest */
    CHECK_NUM(whose(&w, MM_RELAY_UDP, 514, "192.168.1.2"), 32);
    CHECK_NUM(whose(&w, MM_RELAY_TCP, 6514, "10.0.0.9"), 33);
    CHECK_NUM(whose(&w, MM_RELAY_UDP, 6514, "10.0.0.9"), 30);
    CHECK_NUM(whose(&w, MM_RELAY_FILE, 2, "0.0.0.0"), 34);
    CHECK_NUM(whose(&w, MM_RELAY_FILE, 1, "192.168.1.1"), 30);
    end(&w);
}

TEST(relayed_turns_away_who_may_not_speak)
{
    struct mm_relayed_who who;
    struct mm_binding held;
    struct world w;

    begin(&w);
    CHECK(mm_relayed_auth(&w.table, &key, MM_S("sesam"), &w.arena, &who) == 401);
    CHECK(mm_relayed_auth(&w.table, &key, MM_S(""), &w.arena, &who) == 401);
    held = *w.who.relay;
    held.state = MM_RELAY_STOPPED;
    w.who.relay = &held;
    CHECK(strcmp(send(&w, &(struct sent){.first = 1, .count = 1}).why, "relay.stopped") == 0);
    held.state = MM_RELAY_HELD;
    CHECK(strcmp(send(&w, &(struct sent){.first = 1, .count = 1}).why, "relay.held") == 0);
    CHECK_NUM(w.page->relay[0].turned, MM_RELAY_HELD);
    CHECK_NUM(w.page->relay[0].lines, 0);
    end(&w);
}

TEST(relayed_takes_only_queues_that_a_relay_has)
{
    struct mm_relayed_answer a;
    struct world w;

    begin(&w);
    a = send(&w, &(struct sent){.first = 1, .count = 1, .queue = 2});
    CHECK(a.status == 400 && strcmp(a.why, "relay.head") == 0);
    a = send(&w, &(struct sent){.first = 1, .count = 1, .queue = 1009});
    CHECK_NUM(a.status, 400);
    a = send(&w, &(struct sent){.first = 1, .count = 1, .queue = 1008});
    CHECK_NUM(a.status, 200);
    end(&w);
}

TEST(relayed_shows_a_copy_that_speaks_first)
{
    struct mm_relayed_answer a;
    struct world w;

    begin(&w);
    a = send(&w, &(struct sent){.first = 1, .count = 0, .knows = true});
    CHECK_NUM(a.status, 403);
    CHECK(w.page->relay[0].relay != 0 && w.page->relay[0].copied_us != 0);
    end(&w);
}

TEST(relayed_answers_what_is_no_batch)
{
    struct world w;
    struct mm_relayed_answer a;
    struct mm_buf out;

    begin(&w);
    mm_relayed_call(w.r, &(struct mm_relayed_call){.who = w.who, .body = MM_S("hello")}, &a);
    CHECK(a.status == 400 && strcmp(a.why, "relay.form") == 0);
    mm_buf_init(&out, 256);
    mm_relayed_json(&a, &out);
    CHECK_SLICE(mm_buf_slice(&out), "{\"error\":\"relay.form\",\"next\":0}\n");
    mm_buf_done(&out);
    end(&w);
}
