/* store/spool/spool_contract_test.c - what any implementation of the queue must do. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "model/event.h"
#include "store/spool/spool.h"
#include "tests/harness/test.h"

enum { Q = 7, FAR = 1 << 20 };

static struct mm_spool *writer(size_t segment_max)
{
    struct mm_spool_options o = {.segment_max = segment_max};
    struct mm_spool *s = NULL;

    CHECK(mm_spool_open(mm_test_dir(), Q, &o, &s) == MM_OK);
    return s;
}

static struct mm_spool_reader *reader(uint64_t from)
{
    struct mm_spool_reader *r = NULL;

    CHECK(mm_spool_reader_open(mm_test_dir(), Q, from, &r) == MM_OK);
    return r;
}

/* Body of record i: its length varies, its text says i. */
static struct mm_slice body_of(uint64_t i, char buf[256])
{
    int n = snprintf(buf, 256, "record %llu %.*s", (unsigned long long)i, (int)(i * 37 % 200),
                     "........................................................................"
                     "........................................................................"
                     "........................................................................");

    CHECK(n > 0 && n < 256);
    return mm_slice_of(buf, (size_t)n);
}

static void append(struct mm_spool *s, uint64_t i)
{
    char buf[256];
    struct mm_spool_record rec = {.received_us = (int64_t)i * 10,
                                  .company = (uint32_t)i % 31,
                                  .source = (uint32_t)i % 7,
                                  .body = body_of(i, buf)};
    uint64_t seq = 0;

    CHECK(mm_spool_append(s, &rec, &seq) == MM_OK);
    CHECK_NUM(seq, i);
}

static void fill(struct mm_spool *s, uint64_t from, uint64_t below, uint64_t group)
{
    for (uint64_t i = from; i < below; i++) {
        append(s, i);
        if (i % group == 0)
            CHECK(mm_spool_commit(s) == MM_OK);
    }
    CHECK(mm_spool_commit(s) == MM_OK);
}

/* Reads [from, below) and checks every record; returns how many reads it took. */
static void expect(struct mm_spool_reader *r, uint64_t from, uint64_t below)
{
    struct mm_spool_record recs[64];
    size_t n = 0;

    while (from < below) {
        size_t max = below - from < MM_COUNT(recs) ? (size_t)(below - from) : MM_COUNT(recs);

        CHECK(mm_spool_read(r, recs, max, FAR, &n) == MM_OK);
        CHECK(n > 0);
        for (size_t i = 0; i < n; i++, from++) {
            char buf[256];

            CHECK_NUM(recs[i].seq, from);
            CHECK(!recs[i].damaged);
            CHECK(mm_slice_eq(recs[i].body, body_of(from, buf)));
            CHECK_NUM(recs[i].company, from % 31);
            CHECK_NUM(recs[i].received_us, (int64_t)from * 10);
        }
    }
}

TEST(spool_gives_back_every_field_of_a_record)
{
    struct mm_spool *s = writer(0);
    struct mm_spool_reader *r;
    struct mm_spool_record in = {.received_us = 1606000000000001,
                                 .company = 4000000000u,
                                 .source = 3000000000u,
                                 .flags = MM_EV_TRUNCATED | MM_EV_IMPORTED,
                                 .origin = {.kind = MM_ORIGIN_FILE, .id = {1, 2, 3}, .at = 99},
                                 .body = MM_S("<34>1 hello")};
    struct mm_spool_record got[4];
    size_t n = 0;

    CHECK(mm_ip_parse(MM_S("2001:db8::7"), &in.peer));
    CHECK(mm_spool_append(s, &in, NULL) == MM_OK);
    CHECK(mm_ip_parse(MM_S("192.0.2.9"), &in.peer));
    in.origin.kind = MM_ORIGIN_HTTP;
    in.body = MM_S("");
    CHECK(mm_spool_append(s, &in, NULL) == MM_OK);
    CHECK(mm_spool_commit(s) == MM_OK);
    r = reader(1);
    CHECK(mm_spool_read(r, got, 4, FAR, &n) == MM_OK);
    CHECK_NUM(n, 2);
    CHECK(got[0].company == 4000000000u && got[0].source == 3000000000u);
    CHECK_NUM(got[0].received_us, 1606000000000001);
    CHECK_NUM(got[0].flags, MM_EV_TRUNCATED | MM_EV_IMPORTED);
    CHECK(got[0].origin.kind == MM_ORIGIN_FILE && got[0].origin.at == 99);
    CHECK(memcmp(got[0].origin.id, in.origin.id, 16) == 0);
    CHECK_SLICE(got[0].body, "<34>1 hello");
    CHECK(memcmp(&got[1].peer, &in.peer, sizeof(in.peer)) == 0);
    CHECK(got[1].origin.kind == MM_ORIGIN_HTTP && got[1].body.n == 0);
    CHECK(mm_ip_parse(MM_S("2001:db8::7"), &in.peer));
    CHECK(memcmp(&got[0].peer, &in.peer, sizeof(in.peer)) == 0);
    mm_spool_reader_close(&r);
    mm_spool_close(&s);
    CHECK(s == NULL && r == NULL);
}

TEST(spool_hands_out_only_what_was_committed)
{
    struct mm_spool *s = writer(0);
    struct mm_spool_reader *r = reader(0);
    struct mm_spool_record rec;
    size_t n = 9;

    append(s, 1);
    CHECK(mm_spool_read(r, &rec, 1, FAR, &n) == MM_OK);
    CHECK_NUM(n, 0);
    CHECK(!mm_spool_wait(r, 0));
    CHECK(mm_spool_pending(s) > 0);
    CHECK(mm_spool_commit(s) == MM_OK);
    CHECK_NUM(mm_spool_pending(s), 0);
    CHECK(mm_spool_wait(r, 0));
    expect(r, 1, 2);
    /* Set aside and written, but with the next record already appended. */
    append(s, 2);
    CHECK(mm_spool_commit_begin(s));
    append(s, 3);
    CHECK(mm_spool_commit_run(s) == MM_OK);
    mm_spool_commit_end(s, MM_OK);
    CHECK_NUM(mm_spool_durable(s), 3);
    expect(r, 2, 3);
    CHECK(mm_spool_read(r, &rec, 1, FAR, &n) == MM_OK);
    CHECK_NUM(n, 0);
    mm_spool_reader_close(&r);
    mm_spool_close(&s);
}

TEST(spool_numbers_go_on_over_segments_and_restarts)
{
    struct mm_spool *s = writer(4096);
    struct mm_spool_reader *r;
    struct mm_spool_bounds b;

    fill(s, 1, 300, 7);
    mm_spool_close(&s);
    s = writer(4096);
    CHECK_NUM(mm_spool_next(s), 300);
    CHECK_NUM(mm_spool_damaged(s), 0);
    fill(s, 300, 500, 11);
    r = reader(1);
    expect(r, 1, 500);
    CHECK(mm_spool_bounds(mm_test_dir(), Q, &b) == MM_OK);
    CHECK(b.oldest == 1 && b.next == 500 && b.bytes > 0);
    mm_spool_reader_close(&r);
    for (uint64_t from = 1; from <= 500; from += 83) {
        r = reader(from);
        CHECK_NUM(mm_spool_reader_seq(r), from);
        expect(r, from, 500);
        mm_spool_reader_close(&r);
    }
    mm_spool_close(&s);
}

TEST(spool_reader_is_told_when_a_number_is_out_of_reach)
{
    struct mm_spool *s;
    struct mm_spool_reader *r = NULL;

    CHECK(mm_spool_reader_open(mm_test_dir(), Q, 1, &r) == MM_E_NOTFOUND);
    s = writer(4096);
    CHECK(mm_spool_reader_open(mm_test_dir(), Q, 2, &r) == MM_E_RANGE);
    fill(s, 1, 200, 10);
    CHECK(mm_spool_trim((struct mm_fs){0}, mm_test_dir(), Q, 150, NULL) == MM_OK);
    CHECK(mm_spool_reader_open(mm_test_dir(), Q, 1, &r) == MM_E_RANGE);
    CHECK(mm_spool_reader_open(mm_test_dir(), Q, 201, &r) == MM_E_RANGE);
    CHECK(r == NULL);
    r = reader(150);
    expect(r, 150, 200);
    mm_spool_reader_close(&r);
    mm_spool_close(&s);
}

TEST(spool_trim_deletes_whole_segments_and_never_the_position)
{
    struct mm_spool *s = writer(4096);
    struct mm_spool_bounds b;
    size_t deleted = 0;
    struct mm_spool_reader *r;

    fill(s, 1, 400, 9);
    CHECK(mm_spool_trim(mm_fs_real(), mm_test_dir(), Q, 100, &deleted) == MM_OK);
    CHECK(deleted > 0);
    CHECK(mm_spool_bounds(mm_test_dir(), Q, &b) == MM_OK);
    CHECK(b.oldest > 1 && b.oldest <= 100);
    CHECK(mm_spool_trim(mm_fs_real(), mm_test_dir(), Q, UINT64_MAX, &deleted) == MM_OK);
    mm_spool_close(&s);
    s = writer(4096);
    CHECK_NUM(mm_spool_next(s), 400);
    fill(s, 400, 450, 9);
    r = reader(0);
    CHECK(mm_spool_reader_seq(r) <= 400);
    mm_spool_reader_close(&r);
    r = reader(400);
    expect(r, 400, 450);
    mm_spool_reader_close(&r);
    mm_spool_close(&s);
}

TEST(spool_received_never_goes_back_even_over_a_restart)
{
    static const int64_t given[] = {1000, 900, 5, 1001};
    static const int64_t want[] = {1000, 1000, 1000, 1001};
    struct mm_spool *s = writer(0);
    struct mm_spool_reader *r;
    struct mm_spool_record rec[5];
    size_t n = 0;

    for (size_t i = 0; i < 4; i++) {
        rec[0] = (struct mm_spool_record){.received_us = given[i], .body = MM_S("x")};
        CHECK(mm_spool_append(s, &rec[0], NULL) == MM_OK);
        CHECK(mm_spool_commit(s) == MM_OK);
    }
    mm_spool_close(&s);
    s = writer(0);
    rec[0].received_us = 7;
    CHECK(mm_spool_append(s, &rec[0], NULL) == MM_OK);
    CHECK(mm_spool_commit(s) == MM_OK);
    r = reader(1);
    CHECK(mm_spool_read(r, rec, 5, FAR, &n) == MM_OK);
    CHECK_NUM(n, 5);
    for (size_t i = 0; i < 4; i++)
        CHECK_NUM(rec[i].received_us, want[i]);
    CHECK_NUM(rec[4].received_us, 1001);
    mm_spool_reader_close(&r);
    mm_spool_close(&s);
}

TEST(spool_padding_behind_every_body_can_be_read)
{
    struct mm_spool *s = writer(4096);
    struct mm_spool_reader *r;
    struct mm_spool_record recs[8];
    unsigned sum = 0;
    size_t n = 0;

    fill(s, 1, 200, 3);
    r = reader(1);
    for (uint64_t seen = 1; seen < 200; seen += n) {
        CHECK(mm_spool_read(r, recs, 8, FAR, &n) == MM_OK && n > 0);
        for (size_t i = 0; i < n; i++) {
            for (size_t k = 0; k < MM_PADDING; k++)
                sum += recs[i].body.p[recs[i].body.n + k];
        }
    }
    CHECK(sum > 0);
    mm_spool_reader_close(&r);
    mm_spool_close(&s);
}

TEST(spool_read_respects_both_limits_but_always_gives_one)
{
    struct mm_spool *s = writer(0);
    struct mm_spool_reader *r;
    struct mm_spool_record recs[100];
    size_t n = 0;

    fill(s, 1, 101, 1000);
    r = reader(1);
    CHECK(mm_spool_read(r, recs, 3, FAR, &n) == MM_OK);
    CHECK_NUM(n, 3);
    CHECK(mm_spool_read(r, recs, 100, 1, &n) == MM_OK);
    CHECK_NUM(n, 1);
    CHECK(mm_spool_read(r, recs, 100, 1000, &n) == MM_OK);
    CHECK(n > 1 && n < 96);
    mm_spool_reader_close(&r);
    mm_spool_close(&s);
}

TEST(spool_has_one_writer_at_a_time)
{
    struct mm_spool *s = writer(0), *other = NULL;

    CHECK(mm_spool_open(mm_test_dir(), Q, NULL, &other) == MM_E_BUSY);
    CHECK(other == NULL);
    CHECK(mm_spool_open(mm_test_dir(), Q + 1, NULL, &other) == MM_OK);
    mm_spool_close(&other);
    mm_spool_close(&s);
    s = writer(0);
    mm_spool_close(&s);
}

TEST(spool_refuses_a_body_that_is_too_long_and_pending_that_is_too_much)
{
    struct mm_spool_options o = {.pending_max = 200 * 1024};
    static uint8_t big[MM_MAX_LINE + 1];
    struct mm_spool *s = NULL;
    struct mm_spool_record rec = {.body = mm_slice_of(big, MM_MAX_LINE + 1)};
    int taken = 0;

    CHECK(mm_spool_open(mm_test_dir(), Q, &o, &s) == MM_OK);
    CHECK(mm_spool_append(s, &rec, NULL) == MM_E_LIMIT);
    rec.body.n = MM_MAX_LINE;
    while (mm_spool_append(s, &rec, NULL) == MM_OK)
        taken++;
    CHECK_NUM(taken, 3);
    CHECK(mm_spool_append(s, &rec, NULL) == MM_E_BUSY);
    CHECK_NUM(mm_spool_next(s), 4);
    CHECK(mm_spool_commit(s) == MM_OK);
    CHECK(mm_spool_append(s, &rec, NULL) == MM_OK);
    mm_spool_close(&s);
}

TEST(spool_lists_its_queues)
{
    uint16_t q[8];
    struct mm_spool *s = NULL;
    static const uint16_t want[] = {0, 2, 7, 10};

    CHECK_NUM(mm_spool_queues(mm_test_dir(), q, 8), 0);
    for (size_t i = MM_COUNT(want); i > 0; i--) {
        CHECK(mm_spool_open(mm_test_dir(), want[i - 1], NULL, &s) == MM_OK);
        mm_spool_close(&s);
    }
    CHECK_NUM(mm_spool_queues(mm_test_dir(), q, 8), 4);
    CHECK(memcmp(q, want, sizeof(want)) == 0);
    memset(q, 0, sizeof(q));
    CHECK_NUM(mm_spool_queues(mm_test_dir(), q, 2), 4);
    CHECK_NUM(q[0], 0);
    CHECK_NUM(q[1], 2);
    CHECK_NUM(q[2], 0);
}

/* The first queue is intake's: it must be found, however many others there are. */
TEST(spool_finds_its_lowest_queues_among_many)
{
    uint16_t q[MM_SPOOL_QUEUES_READ];
    char dir[MM_MAX_PATH], name[16];
    size_t n = MM_SPOOL_QUEUES_READ + 40;

    for (size_t i = 0; i < n; i++) { /* mixed: a directory may keep the order, or turn it round */
        (void)snprintf(name, sizeof(name), "q%zu", i * 37 % n * 7);
        CHECK(mm_path_join(dir, mm_test_dir(), name) == MM_OK && mkdir(dir, 0700) == 0);
    }
    CHECK_NUM(mm_spool_queues(mm_test_dir(), q, MM_SPOOL_QUEUES_READ), n);
    for (size_t i = 0; i < MM_SPOOL_QUEUES_READ; i++)
        CHECK_NUM(q[i], i * 7);
}
