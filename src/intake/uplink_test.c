/*
 * intake/uplink_test.c - a relay and its centre, either of which dies at any moment: each line
 * arrives once.
 */
#include "intake/uplink.h"

#include <stdlib.h>

#include "intake/intake_test.h"
#include "intake/relayed.h"

enum { LAN = MM_RELAY_UDP << 16 | 514 };

static const struct mm_key key = {{5}};

struct world {
    char relay_dir[MM_MAX_PATH]; /* the centre's is the test's own */
    struct mm_spool *lines;      /* the relay's queues */
    struct mm_spool *file;
    struct mm_uplink *up;
    struct mm_intake *core;
    struct mm_relay_page *page;
    struct mm_relayed *relayed;
    struct mm_binding_table table;
    struct mm_arena arena;
    struct mm_relayed_who who;
    uint64_t instance;
    uint32_t dice;
};

static uint32_t roll(struct world *w, uint32_t sides)
{
    w->dice = w->dice * 1103515245 + 12345;
    return w->dice / 65536 % sides;
}

static void start_uplink(struct world *w)
{
    const struct mm_uplink_options o = {
        .state_dir = w->relay_dir, .instance = ++w->instance, .serial = 1, .epoch = 0};

    mm_uplink_free(&w->up);
    CHECK(mm_uplink_new(&o, &w->up) == MM_OK);
}

static void stop_centre(struct world *w)
{
    mm_relayed_free(&w->relayed);
    CHECK(mm_intake_close(&w->core, T_WAIT_MS) == MM_OK);
}

static void start_centre(struct world *w)
{
    w->core = t_open_with((struct mm_intake_options){.segment_max = 8192});
    CHECK(mm_relayed_new(w->core, w->page, &w->relayed) == MM_OK);
}

static struct mm_spool *open_queue(const struct world *w, uint16_t queue)
{
    const struct mm_spool_options o = {.segment_max = 8192};
    struct mm_spool *s = NULL;
    char dir[MM_MAX_PATH];

    CHECK(mm_path_join(dir, w->relay_dir, "spool") == MM_OK);
    CHECK(mm_spool_open(dir, queue, &o, &s) == MM_OK);
    return s;
}

static void begin(struct world *w)
{
    *w = (struct world){.dice = 7};
    CHECK(mm_crypt_init() == MM_OK);
    CHECK(mm_path_join(w->relay_dir, mm_test_dir(), "relay") == MM_OK);
    w->lines = open_queue(w, 0);
    w->file = open_queue(w, MM_UPLINK_FILE_QUEUE + 1);
    w->page = calloc(1, sizeof(*w->page));
    CHECK(w->page != NULL);
    mm_bindings_init(&w->table);
    CHECK(mm_bindings_parse(MM_S("3 30 all relay 7/sesame\n3 34 squid relayed 7/file/1\n"), &key,
                            &w->table, NULL) == MM_OK);
    mm_bindings_seal(&w->table);
    mm_arena_init(&w->arena, 1 << 20);
    CHECK(mm_relayed_auth(&w->table, &key, MM_S("sesame"), &w->arena, &w->who) == 200);
    start_centre(w);
    start_uplink(w);
}

static void end(struct world *w)
{
    mm_uplink_free(&w->up);
    mm_spool_close(&w->lines);
    mm_spool_close(&w->file);
    stop_centre(w);
    mm_bindings_done(&w->table);
    mm_arena_done(&w->arena);
    free(w->page);
}

static void write_lines(struct mm_spool *s, uint32_t source, uint64_t from, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        char text[64];
        struct mm_spool_record rec = {.received_us = (int64_t)i, .company = 1, .source = source};

        (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)(from + i));
        rec.body = mm_slice_str(text);
        CHECK(mm_spool_append(s, &rec, NULL) == MM_OK);
    }
    CHECK(mm_spool_commit(s) == MM_OK);
}

/* One batch there and its answer back; the answer may be lost. */
static enum mm_uplink_what step(struct world *w, bool lose)
{
    struct mm_relayed_call call = {.who = w->who, .received_us = 99};
    struct mm_relayed_answer a;
    enum mm_uplink_what what;
    struct mm_buf out, json;
    uint32_t lines;

    mm_buf_init(&out, MM_RELAY_MAX);
    mm_buf_init(&json, 4096);
    CHECK(mm_uplink_batch(w->up, 1000, &out, &lines) == MM_OK);
    call.body = mm_buf_slice(&out);
    mm_relayed_call(w->relayed, &call, &a);
    mm_relayed_json(&a, &json);
    what = lose ? mm_uplink_answer(w->up, 0, MM_S(""))
                : mm_uplink_answer(w->up, a.status, mm_buf_slice(&json));
    mm_buf_done(&out);
    mm_buf_done(&json);
    return what;
}

/* Lines of a source at the centre are 1, 2, 3 ... n in order. */
static void check_arrived(uint32_t source, uint64_t n)
{
    char dir[MM_MAX_PATH];
    struct mm_spool_reader *r = NULL;
    struct mm_spool_record rec[64];
    uint64_t at = 0;
    size_t got = 1;

    CHECK(mm_path_join(dir, mm_test_dir(), "spool") == MM_OK);
    CHECK(mm_spool_reader_open(dir, MM_INTAKE_QUEUE, 0, &r) == MM_OK);
    while (got > 0) {
        CHECK(mm_spool_read(r, rec, 64, SIZE_MAX, &got) == MM_OK);
        for (size_t i = 0; i < got; i++) {
            uint64_t number = 0;

            if (rec[i].source != source)
                continue;
            CHECK(mm_slice_u64(rec[i].body, &number));
            CHECK_NUM(number, ++at);
        }
    }
    CHECK_NUM(at, n);
    mm_spool_reader_close(&r);
}

TEST(uplink_hands_over_each_line_once_whoever_dies)
{
    const uint32_t udp = mm_uplink_source(MM_RELAY_UDP, 514),
                   file = mm_uplink_source(MM_RELAY_FILE, 1);
    uint64_t sent = 0, of_file = 0;
    struct world w;

    begin(&w);
    for (int i = 0; i < 300; i++) {
        uint32_t n = roll(&w, 20);

        if (i < 250) {
            write_lines(w.lines, udp, sent + 1, n);
            sent += n;
            write_lines(w.file, file, of_file + 1, n / 2);
            of_file += n / 2;
        }
        (void)step(&w, roll(&w, 4) == 0);
        if (roll(&w, 5) == 0)
            CHECK(mm_uplink_save(w.up) == MM_OK);
        if (roll(&w, 10) == 0)
            start_uplink(&w); /* what was not saved is forgotten */
        if (roll(&w, 25) == 0) {
            stop_centre(&w);
            start_centre(&w);
        }
    }
    for (int i = 0; i < 20 && mm_uplink_backlog(w.up) + (i == 0) > 0; i++)
        CHECK(step(&w, false) == MM_UPLINK_ON);
    CHECK_NUM(mm_uplink_backlog(w.up), 0);
    check_arrived(30, sent);
    check_arrived(34, of_file);
    CHECK_NUM(w.page->relay[0].lost, 0);
    end(&w);
}

TEST(uplink_removes_what_the_centre_has)
{
    struct mm_spool_bounds b;
    char dir[MM_MAX_PATH];
    struct world w;

    begin(&w);
    write_lines(w.lines, LAN, 1, 1000);
    CHECK(mm_path_join(dir, w.relay_dir, "spool") == MM_OK);
    CHECK(mm_uplink_save(w.up) == MM_OK);
    CHECK(mm_spool_bounds(dir, 0, &b) == MM_OK && b.oldest == 1);
    write_lines(w.lines, LAN, 1001, 1000);
    while (mm_uplink_backlog(w.up) > 0 || mm_uplink_sent(w.up) == 0)
        CHECK(step(&w, false) == MM_UPLINK_ON);
    CHECK(mm_spool_bounds(dir, 0, &b) == MM_OK && b.oldest == 1); /* not before it is saved */
    CHECK(mm_uplink_save(w.up) == MM_OK);
    CHECK(mm_spool_bounds(dir, 0, &b) == MM_OK && b.oldest > 1000);
    start_uplink(&w);
    write_lines(w.lines, LAN, 2001, 1);
    CHECK(step(&w, false) == MM_UPLINK_ON);
    CHECK_NUM(mm_uplink_backlog(w.up), 0);
    CHECK_NUM(w.page->relay[0].lines, 2001);
    end(&w);
}

TEST(uplink_keeps_what_the_centre_only_says_it_has)
{
    struct mm_spool_bounds b;
    char dir[MM_MAX_PATH];
    struct world w;

    begin(&w);
    CHECK(mm_path_join(dir, w.relay_dir, "spool") == MM_OK);
    for (uint64_t from = 1; from < 2000; from += 500)
        write_lines(w.lines, LAN, from, 500); /* a segment each: some could go */
    CHECK(step(&w, true) == MM_UPLINK_LATER);
    /* A copy may have brought it there: nothing of ours was taken. */
    CHECK(mm_uplink_answer(w.up, 409, MM_S("{\"error\":\"relay.position\",\"next\":1900}")) ==
          MM_UPLINK_ON);
    CHECK_NUM(mm_uplink_backlog(w.up), 101);
    CHECK(mm_uplink_save(w.up) == MM_OK);
    CHECK(mm_spool_bounds(dir, 0, &b) == MM_OK && b.oldest == 1);
    end(&w);
}

TEST(uplink_whose_spool_is_gone_says_so)
{
    struct mm_relay_head head = {0};
    struct mm_slice rest;
    struct mm_fault fault;
    struct mm_buf out;
    struct world w;
    uint32_t lines;

    begin(&w);
    write_lines(w.lines, LAN, 1, 5);
    CHECK(step(&w, true) == MM_UPLINK_LATER);
    CHECK(mm_uplink_answer(w.up, 200, MM_S("{\"next\":6,\"serial\":1}")) == MM_UPLINK_ON);
    CHECK(mm_uplink_save(w.up) == MM_OK);
    mm_spool_close(&w.lines);
    CHECK(mm_path_join(w.relay_dir, mm_test_dir(), "empty") == MM_OK);
    w.lines = open_queue(&w, 0);
    w.file = (mm_spool_close(&w.file), open_queue(&w, MM_UPLINK_FILE_QUEUE + 1));
    write_lines(w.lines, LAN, 1, 2);
    {
        char from[MM_MAX_PATH], to[MM_MAX_PATH];
        struct mm_buf places;

        CHECK(mm_path_join(from, mm_test_dir(), "relay/places") == MM_OK);
        CHECK(mm_path_join(to, w.relay_dir, "places") == MM_OK);
        mm_buf_init(&places, 65536);
        CHECK(mm_file_read(from, &places) == MM_OK);
        CHECK(mm_file_put(to, mm_buf_slice(&places)) == MM_OK);
        mm_buf_done(&places);
    }
    start_uplink(&w);
    mm_buf_init(&out, MM_RELAY_MAX);
    CHECK(mm_uplink_batch(w.up, 1000, &out, &lines) == MM_OK);
    CHECK(mm_relay_head(mm_buf_slice(&out), &head, &rest, &fault) == MM_OK);
    CHECK(head.copy && lines == 0);
    mm_buf_done(&out);
    end(&w);
}

TEST(uplink_begins_where_the_centre_is_without_its_places)
{
    struct world w;
    char path[MM_MAX_PATH];

    begin(&w);
    write_lines(w.lines, LAN, 1, 50);
    while (mm_uplink_backlog(w.up) > 0 || mm_uplink_sent(w.up) == 0)
        CHECK(step(&w, false) == MM_UPLINK_ON);
    CHECK(mm_uplink_save(w.up) == MM_OK);
    CHECK(mm_path_join(path, w.relay_dir, "places") == MM_OK);
    CHECK(mm_file_put(path, MM_S("rubbish that is long enough to be read")) == MM_OK);
    start_uplink(&w);
    write_lines(w.lines, LAN, 51, 10);
    for (int i = 0; i < 3; i++)
        CHECK(step(&w, false) == MM_UPLINK_ON);
    check_arrived(30, 60);
    end(&w);
}

TEST(uplink_knows_that_it_is_a_copy)
{
    struct world w;

    begin(&w);
    write_lines(w.lines, LAN, 1, 5);
    CHECK(step(&w, false) == MM_UPLINK_ON);
    /* The centre has lines that this spool never had. */
    CHECK(mm_uplink_answer(w.up, 409, MM_S("{\"error\":\"relay.position\",\"next\":77}")) ==
          MM_UPLINK_COPY);
    CHECK(mm_uplink_answer(w.up, 403, MM_S("{\"error\":\"relay.clone\",\"next\":0}")) ==
          MM_UPLINK_COPY);
    end(&w);
}

TEST(uplink_understands_answers)
{
    struct world w;

    begin(&w);
    write_lines(w.lines, LAN, 1, 5);
    CHECK(step(&w, true) == MM_UPLINK_LATER);
    CHECK_NUM(mm_uplink_backlog(w.up), 5);
    CHECK(mm_uplink_answer(w.up, 401, MM_S("{\"error\":\"relay.token\",\"next\":0}")) ==
          MM_UPLINK_QUIET);
    CHECK(mm_uplink_answer(w.up, 403, MM_S("{\"error\":\"relay.stopped\",\"next\":0}")) ==
          MM_UPLINK_QUIET);
    CHECK(mm_uplink_answer(w.up, 403, MM_S("{\"error\":\"relay.held\",\"next\":0}")) ==
          MM_UPLINK_HELD);
    CHECK(mm_uplink_answer(w.up, 503, MM_S("{\"error\":\"ingest.full\",\"next\":0}")) ==
          MM_UPLINK_LATER);
    CHECK(mm_uplink_answer(w.up, 407, MM_S("<html>proxy</html>")) == MM_UPLINK_LATER);
    CHECK(mm_uplink_answer(w.up, 200, MM_S("{\"next\":6,\"serial\":9}")) == MM_UPLINK_ON);
    CHECK_NUM(mm_uplink_serial(w.up), 9);
    CHECK_NUM(mm_uplink_sent(w.up), 5);
    end(&w);
}
