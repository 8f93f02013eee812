/* store/spool/snapshot_test.c - promises of a queue's copy. */
#include "store/spool/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/spool/dir.h"
#include "tests/harness/test.h"

enum { Q = 3, SEGMENT = 8192 };

static struct mm_spool *writer(const char *dir)
{
    struct mm_spool_options o = {.segment_max = SEGMENT};
    struct mm_spool *s = NULL;

    CHECK(mm_spool_open(dir, Q, &o, &s) == MM_OK);
    return s;
}

static void fill(struct mm_spool *s, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        struct mm_spool_record r = {.received_us = 5, .company = 1, .body = MM_S("a line")};

        CHECK(mm_spool_append(s, &r, NULL) == MM_OK);
        if (i % 10 == 9)
            CHECK(mm_spool_commit(s) == MM_OK);
    }
    CHECK(mm_spool_commit(s) == MM_OK);
}

static const char *copy_dir(char path[MM_MAX_PATH])
{
    CHECK(mm_path_join(path, mm_test_dir(), "copy") == MM_OK);
    CHECK(mkdir(path, 0700) == 0);
    return path;
}

static void expect(const char *dir, uint64_t from, uint64_t below)
{
    struct mm_spool_reader *r = NULL;
    struct mm_spool_record rec;
    size_t n = 1;

    CHECK(mm_spool_reader_open(dir, Q, from, &r) == MM_OK);
    for (uint64_t i = from; i < below; i++) {
        CHECK(mm_spool_read(r, &rec, 1, 1 << 20, &n) == MM_OK && n == 1);
        CHECK(rec.seq == i && !rec.damaged);
        CHECK_SLICE(rec.body, "a line");
    }
    CHECK(mm_spool_read(r, &rec, 1, 1 << 20, &n) == MM_OK && n == 0);
    mm_spool_reader_close(&r);
}

TEST(snapshot_holds_what_is_durable_and_numbers_go_on_behind_it)
{
    char to[MM_MAX_PATH], qdir[MM_MAX_PATH];
    struct mm_spool *s = writer(mm_test_dir());
    struct mm_spool_page *page = NULL;
    struct mm_spool_bounds b = {0};

    fill(s, 400);
    /* As if the last records were written and not yet synced: what the page does not say counts
     * for nothing. */
    CHECK(mm_spool_dir(qdir, mm_test_dir(), Q) == MM_OK);
    CHECK(mm_page_create(mm_fs_real(), qdir, &page) == MM_OK);
    mm_page_publish(page, 394);
    mm_page_close(page);
    CHECK(mm_spool_snapshot(mm_test_dir(), Q, copy_dir(to), &b) == MM_OK);
    CHECK(b.oldest == 1 && b.next == 394);
    fill(s, 50); /* the original goes on */
    mm_spool_close(&s);

    expect(to, 1, 394);
    s = writer(to);
    CHECK_NUM(mm_spool_next(s), 394);
    CHECK_NUM(mm_spool_damaged(s), 0);
    fill(s, 500);
    expect(to, 390, 894);
    mm_spool_close(&s);
    expect(mm_test_dir(), 1, 451);
}

TEST(snapshot_keeps_the_number_of_a_queue_that_was_read_to_its_end)
{
    char to[MM_MAX_PATH];
    struct mm_spool *s = writer(mm_test_dir());
    struct mm_spool_bounds b = {0};

    fill(s, 400);
    CHECK(mm_spool_trim((struct mm_fs){0}, mm_test_dir(), Q, 401, NULL) == MM_OK);
    CHECK(mm_spool_snapshot(mm_test_dir(), Q, copy_dir(to), &b) == MM_OK);
    CHECK(b.oldest > 1 && b.oldest <= 400 && b.next == 401);
    mm_spool_close(&s);
    s = writer(to);
    CHECK_NUM(mm_spool_next(s), 401);
    mm_spool_close(&s);
}

TEST(snapshot_of_no_queue_makes_nothing)
{
    char to[MM_MAX_PATH];
    struct mm_spool_bounds b = {.oldest = 77};

    CHECK(mm_spool_snapshot(mm_test_dir(), Q, copy_dir(to), &b) == MM_E_NOTFOUND);
    CHECK(b.oldest == 77);
    CHECK(rmdir(to) == 0);
}

TEST(hold_keeps_every_segment_until_it_is_given_back)
{
    struct mm_spool *s = writer(mm_test_dir());
    size_t deleted = 99;
    int hold = -1;

    fill(s, 400);
    CHECK(mm_spool_hold(mm_test_dir(), &hold) == MM_OK);
    CHECK(mm_spool_trim((struct mm_fs){0}, mm_test_dir(), Q, 401, &deleted) == MM_OK);
    CHECK_NUM(deleted, 0);
    CHECK(close(hold) == 0);
    CHECK(mm_spool_trim((struct mm_fs){0}, mm_test_dir(), Q, 401, &deleted) == MM_OK);
    CHECK(deleted > 0);
    mm_spool_close(&s);
}
