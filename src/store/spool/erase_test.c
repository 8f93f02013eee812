/* store/spool/erase_test.c - promises of a queue without one company's lines. */
#include "store/spool/erase.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/spool/dir.h"
#include "tests/harness/test.h"

enum { Q = 4, SEGMENT = 8192, COUNT = 600 };

static struct mm_spool *writer(void)
{
    struct mm_spool_options o = {.segment_max = SEGMENT};
    struct mm_spool *s = NULL;

    CHECK(mm_spool_open(mm_test_dir(), Q, &o, &s) == MM_OK);
    return s;
}

static void fill(struct mm_spool *s)
{
    for (uint64_t i = 0; i < COUNT; i++) {
        bool of_two = i % 3 == 0;
        struct mm_spool_record r = {.received_us = (int64_t)i,
                                    .company = of_two ? 2 : 1,
                                    .source = 9,
                                    .body = of_two ? MM_S("canary") : MM_S("another line")};

        CHECK(mm_spool_append(s, &r, NULL) == MM_OK);
        if (i % 10 == 9)
            CHECK(mm_spool_commit(s) == MM_OK);
    }
}

TEST(erase_takes_lines_out_and_leaves_their_numbers)
{
    struct mm_spool *s = writer();
    struct mm_spool_reader *r = NULL;
    struct mm_spool_record rec;
    struct mm_seg_list list = {0};
    char qdir[MM_MAX_PATH], path[MM_MAX_PATH];
    uint64_t erased = 0;
    size_t n;

    fill(s);
    CHECK(mm_spool_erase(mm_test_dir(), Q, 2, &erased) == MM_E_BUSY);
    mm_spool_close(&s);
    CHECK(mm_spool_erase(mm_test_dir(), Q, 2, &erased) == MM_OK);
    CHECK_NUM(erased, COUNT / 3);
    CHECK(mm_spool_erase(mm_test_dir(), Q, 2, &erased) == MM_OK);
    CHECK_NUM(erased, 0);

    CHECK(mm_spool_dir(qdir, mm_test_dir(), Q) == MM_OK && mm_seg_list(qdir, &list) == MM_OK);
    CHECK(list.n > 2);
    for (size_t i = 0; i < list.n; i++) {
        struct mm_slice seg = {0};

        CHECK(mm_seg_path(path, qdir, list.first[i], true) == MM_OK);
        CHECK(mm_seg_map(path, &seg) == MM_OK);
        CHECK(mm_slice_search(seg, MM_S("canary")) == SIZE_MAX);
        mm_seg_unmap(&seg);
    }
    free(list.first);
    s = writer(); /* goes on where it was */
    CHECK(mm_spool_next(s) == COUNT + 1 && mm_spool_damaged(s) == 0);
    fill(s);
    CHECK(mm_spool_reader_open(mm_test_dir(), Q, 1, &r) == MM_OK);
    for (uint64_t i = 0; i < COUNT; i++) {
        CHECK(mm_spool_read(r, &rec, 1, 1 << 20, &n) == MM_OK && n == 1);
        CHECK(rec.seq == i + 1 && !rec.damaged && rec.received_us == (int64_t)i);
        CHECK_NUM(rec.company, i % 3 == 0 ? 0 : 1);
        CHECK_SLICE(rec.body, i % 3 == 0 ? "" : "another line");
    }
    mm_spool_reader_close(&r);
    mm_spool_close(&s);
}

TEST(erase_takes_away_segments_that_were_never_finished)
{
    struct mm_spool *s = writer();
    char qdir[MM_MAX_PATH], path[MM_MAX_PATH];
    uint64_t erased = 0;
    FILE *f;

    fill(s);
    mm_spool_close(&s);
    CHECK(mm_spool_dir(qdir, mm_test_dir(), Q) == MM_OK);
    CHECK(mm_seg_path(path, qdir, 7777, false) == MM_OK);
    f = fopen(path, "w");
    CHECK(f != NULL && fputs("canary", f) >= 0 && fclose(f) == 0);
    CHECK(mm_spool_erase(mm_test_dir(), Q, 3, &erased) == MM_OK);
    CHECK_NUM(erased, 0);
    CHECK(access(path, F_OK) != 0);
}

TEST(erase_of_no_queue_says_so)
{
    uint64_t erased = 77;

    CHECK(mm_spool_erase(mm_test_dir(), Q, 2, &erased) == MM_E_NOTFOUND);
    CHECK_NUM(erased, 77);
}
