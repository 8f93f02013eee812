/*
 * store/spool/spool_power_test.c - nothing that was acknowledged is missing after a power cut,
 * whichever write it falls into and whatever it leaves of what was not synced.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/spool/spool.h"
#include "tests/harness/fault_fs.h"
#include "tests/harness/test.h"

enum { Q = 3, SEQ_MAX = 4096, GROUPS = 14, SEGMENT = 2048 };

/* One run: what was appended under which number, and what was acknowledged. */
struct run {
    struct mm_fault_fs *fault;
    char qdir[MM_MAX_PATH];
    uint32_t generation;       /* +1 with every restart: cut records come back different */
    uint32_t body_of[SEQ_MAX]; /* generation of the record with this number */
    uint64_t acked;            /* numbers below this were acknowledged */
    uint64_t trimmed;          /* numbers below this may be gone */
    uint64_t carried;          /* what the owner was told on open */
    uint64_t seed;
    bool keep; /* never trim */
};

static uint64_t chance(struct run *r)
{
    r->seed = r->seed * 6364136223846793005u + 1442695040888963407u;
    return r->seed >> 33;
}

static struct mm_slice body(uint64_t seq, uint32_t generation, char buf[600])
{
    size_t n = (size_t)snprintf(buf, 600, "%llu/%u ", (unsigned long long)seq, generation);
    size_t size = n + (size_t)(seq * 131 % 500);

    memset(buf + n, 'a' + (int)(seq % 26), size - n);
    return mm_slice_of(buf, size);
}

static void carry(void *ctx, struct mm_buf *out)
{
    struct run *r = ctx;

    mm_buf_u64le(out, r->carried);
}

static void on_carry(void *ctx, struct mm_slice carried)
{
    struct run *r = ctx;

    CHECK_NUM(carried.n, 8);
    memcpy(&r->carried, carried.p, 8);
}

/* The owner counts records; carried count plus replayed records must be all there are. */
static void on_record(void *ctx, const struct mm_spool_record *rec)
{
    struct run *r = ctx;

    if (rec->seq > r->carried)
        r->carried = rec->seq;
}

static enum mm_code open_spool(struct run *r, struct mm_spool **ret)
{
    struct mm_spool_options o = {
        .fs = mm_fault_fs_ops(r->fault),
        .segment_max = SEGMENT,
        .owner = {.ctx = r, .carry = carry, .on_carry = on_carry, .on_record = on_record}};

    r->carried = 0;
    return mm_spool_open(mm_test_dir(), Q, &o, ret);
}

/* Append and commit until done or dead; acknowledge only what a commit said is durable. */
static void work(struct run *r, struct mm_spool *s)
{
    for (int g = 0; g < GROUPS && !mm_fault_fs_is_dead(r->fault); g++) {
        for (uint64_t k = chance(r) % 4; k != UINT64_MAX; k--) {
            char buf[600];
            uint64_t seq = mm_spool_next(s);
            struct mm_spool_record rec = {.received_us = (int64_t)seq,
                                          .body = body(seq, r->generation, buf)};

            CHECK(seq < SEQ_MAX);
            CHECK(mm_spool_append(s, &rec, NULL) == MM_OK);
            r->body_of[seq] = r->generation;
            r->carried = seq;
        }
        if (mm_spool_commit(s) == MM_OK)
            r->acked = mm_spool_next(s);
        CHECK(mm_spool_durable(s) >= r->acked);
        if (chance(r) % 5 == 0 && !r->keep) {
            r->trimmed = r->acked > 6 ? r->acked - 6 : 1;
            (void)!mm_spool_trim(mm_fault_fs_ops(r->fault), mm_test_dir(), Q, r->trimmed, NULL);
        }
    }
}

static void check_all(struct run *r, uint64_t next)
{
    struct mm_spool_reader *reader = NULL;
    uint64_t from = r->trimmed > 1 ? r->trimmed : 1;

    CHECK(next >= r->acked);
    CHECK(mm_spool_reader_open(mm_test_dir(), Q, from, &reader) == MM_OK);
    while (from < next) {
        struct mm_spool_record rec;
        char buf[600];
        size_t n = 0;

        CHECK(mm_spool_read(reader, &rec, 1, 1, &n) == MM_OK);
        CHECK_NUM(n, 1);
        CHECK_NUM(rec.seq, from);
        CHECK(!rec.damaged);
        CHECK(mm_slice_eq(rec.body, body(from, r->body_of[from], buf)));
        from++;
    }
    mm_spool_reader_close(&reader);
}

static void one_cut(struct run *r, unsigned cut_at, enum mm_fault_rest rest)
{
    struct mm_spool *s = NULL;

    mm_fault_fs_cut_at(r->fault, cut_at);
    if (open_spool(r, &s) == MM_OK)
        work(r, s);
    mm_spool_close(&s);
    mm_fault_fs_restart(r->fault, r->qdir, rest, r->seed);
    /* The power goes again while the spool is being put in order. */
    mm_fault_fs_cut_at(r->fault, 1 + (unsigned)(chance(r) % 8));
    if (open_spool(r, &s) == MM_OK)
        mm_spool_close(&s);
    mm_fault_fs_restart(r->fault, r->qdir, rest, r->seed + 1);

    CHECK(open_spool(r, &s) == MM_OK);
    CHECK_NUM(mm_spool_damaged(s), 0);
    check_all(r, mm_spool_next(s));
    CHECK_NUM(r->carried, mm_spool_next(s) - 1);
    r->acked = mm_spool_next(s);
    r->generation++;
    work(r, s);
    CHECK_NUM(r->acked, mm_spool_next(s));
    check_all(r, mm_spool_next(s));
    mm_spool_close(&s);
}

static void start(struct run *r, uint64_t seed)
{
    char name[16];

    memset(r, 0, sizeof(*r));
    r->fault = mm_fault_fs_new();
    r->seed = seed;
    r->acked = r->trimmed = 1;
    (void)snprintf(name, sizeof(name), "q%d", Q);
    CHECK(mm_path_join(r->qdir, mm_test_dir(), name) == MM_OK);
    CHECK(mm_fs_mkdirs(mm_fs_real(), r->qdir, 0700) == MM_OK);
}

static void clear(struct run *r)
{
    DIR *d = opendir(r->qdir);
    const struct dirent *e;
    char path[MM_MAX_PATH];

    mm_fault_fs_free(&r->fault);
    CHECK(d != NULL);
    while ((e = readdir(d)) != NULL) {
        CHECK(mm_path_join(path, r->qdir, e->d_name) == MM_OK);
        (void)unlink(path); /* not "." and ".." */
    }
    (void)closedir(d);
}

/* Every operation of a run, one after another, each with every kind of rest. */
static void cut_everywhere(enum mm_fault_rest rest)
{
    unsigned total;
    static struct run r;
    struct mm_spool *s = NULL;

    start(&r, 1);
    CHECK(open_spool(&r, &s) == MM_OK);
    work(&r, s);
    mm_spool_close(&s);
    total = mm_fault_fs_count(r.fault);
    clear(&r);
    CHECK(total > 60);
    for (unsigned at = 1; at <= total; at++) {
        printf("# cut in operation %u of %u, rest %d\n", at, total, (int)rest);
        start(&r, at);
        one_cut(&r, at, rest);
        clear(&r);
    }
}

TEST(spool_power_cut_that_leaves_nothing_unsynced)
{
    cut_everywhere(MM_REST_NOTHING);
}

TEST(spool_power_cut_that_leaves_everything)
{
    cut_everywhere(MM_REST_ALL);
}

TEST(spool_power_cut_that_leaves_a_front_part)
{
    cut_everywhere(MM_REST_FRONT);
}

TEST(spool_power_cut_that_leaves_any_half_sectors)
{
    cut_everywhere(MM_REST_ANY);
}

TEST(spool_survives_cut_after_cut)
{
    static struct run r;

    start(&r, 20201223);
    for (int i = 0; i < 40; i++)
        one_cut(&r, 1 + (unsigned)(chance(&r) % 60), (enum mm_fault_rest)(i % MM_REST_COUNT));
    clear(&r);
}

/* A full disk: nothing taken is lost, numbers stay, and it goes on alone when there is room. */
static void full_disk(unsigned failures, enum mm_code code)
{
    static struct run r;
    struct mm_spool_options o = {.segment_max = SEGMENT, .pending_max = 4096};
    struct mm_spool *s = NULL;
    int refused = 0, groups = 0;

    start(&r, failures);
    o.fs = mm_fault_fs_ops(r.fault);
    CHECK(mm_spool_open(mm_test_dir(), Q, &o, &s) == MM_OK);
    for (int i = 0; i < 30; i++) {
        char buf[600];
        uint64_t seq = mm_spool_next(s);
        struct mm_spool_record rec = {.body = body(seq, 0, buf)};
        enum mm_code c;

        if (i == 10)
            mm_fault_fs_fail(r.fault, failures, code);
        c = mm_spool_append(s, &rec, NULL);
        if (c != MM_OK) {
            CHECK(c == (code == MM_E_FULL ? MM_E_FULL : MM_E_BUSY));
            refused++;
        }
        if (mm_spool_commit(s) != MM_OK) {
            groups++;
            CHECK(mm_spool_pending(s) > 0);
        }
    }
    CHECK(groups > 0);
    CHECK(failures < 20 || refused > 0);
    mm_fault_fs_fail(r.fault, 0, MM_OK);
    CHECK(mm_spool_commit(s) == MM_OK);
    CHECK_NUM(mm_spool_pending(s), 0);
    check_all(&r, mm_spool_next(s));
    mm_spool_close(&s);
    CHECK(mm_spool_open(mm_test_dir(), Q, &o, &s) == MM_OK);
    CHECK_NUM(mm_spool_next(s) + (uint64_t)refused, 31);
    mm_spool_close(&s);
    clear(&r);
}

TEST(spool_waits_for_a_full_disk_and_loses_nothing)
{
    for (unsigned failures = 1; failures <= 30; failures++)
        full_disk(failures, MM_E_FULL);
}

TEST(spool_survives_failing_writes_and_syncs)
{
    for (unsigned failures = 1; failures <= 30; failures++)
        full_disk(failures, MM_E_IO);
}

/* Flip bytes in the middle of what was committed; numbers stay contiguous and others whole. */
static void rot(struct run *r, uint64_t first_seg, size_t at, uint8_t xor)
{
    char path[MM_MAX_PATH + 32];
    uint8_t b = 0;
    int fd;

    (void)snprintf(path, sizeof(path), "%s/%016llx.seg", r->qdir, (unsigned long long)first_seg);
    fd = open(path, O_RDWR);
    CHECK(fd >= 0);
    CHECK(pread(fd, &b, 1, (off_t)at) == 1);
    b ^= xor;
    CHECK(pwrite(fd, &b, 1, (off_t)at) == 1);
    (void)close(fd);
}

TEST(spool_hands_out_rotten_records_as_damaged_and_all_others_whole)
{
    for (size_t at = 0; at < 1400; at += 7) {
        static struct run r;
        struct mm_spool *s = NULL;
        struct mm_spool_reader *reader = NULL;
        struct mm_spool_record rec;
        uint64_t damaged = 0;
        size_t n = 0;

        if (at >= 8 && at < 12)
            continue; /* the version: read as one that is too new */
        start(&r, at);
        r.keep = true;
        CHECK(open_spool(&r, &s) == MM_OK);
        work(&r, s);
        rot(&r, 1, at, 0xFF);
        CHECK(mm_spool_reader_open(mm_test_dir(), Q, 0, &reader) == MM_OK);
        for (uint64_t seq = 1; seq < r.acked; seq++) {
            char buf[600];

            CHECK(mm_spool_read(reader, &rec, 1, 1, &n) == MM_OK);
            CHECK_NUM(n, 1);
            CHECK_NUM(rec.seq, seq);
            CHECK(rec.damaged || mm_slice_eq(rec.body, body(seq, 0, buf)));
            damaged += rec.damaged;
        }
        CHECK(at < 64 || damaged <= 1);
        CHECK(at >= 64 || damaged > 1);
        mm_spool_reader_close(&reader);
        mm_spool_close(&s);
        clear(&r);
    }
}
