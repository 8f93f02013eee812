/* intake/hoard_test.c - one company's storm leaves room on the disk for the others. */
#include "intake/hoard.h"

#include "tests/harness/test.h"

enum { MIB = 1024 * 1024, LINE = 1024 };

/* A disk of so many MiB; companies in turn send until all of them would wait. */
static uint64_t fill(struct mm_hoard *h, uint64_t disk_mib, size_t storms)
{
    uint64_t left = disk_mib * MIB, seq = 0, told = 0;
    bool any = true;

    mm_hoard_room(h, left);
    while (any && left >= LINE) {
        any = false;
        for (size_t at = 1; at <= storms && left >= LINE; at++) {
            if (mm_hoard_over(h, at))
                continue;
            any = true;
            mm_hoard_add(h, at, ++seq, LINE);
            left -= LINE;
        }
        if (++told % 1024 == 0) /* the disk is looked at now and then */
            mm_hoard_room(h, left);
    }
    CHECK_NUM(mm_hoard_all(h), disk_mib * MIB - left);
    return left;
}

TEST(hoard_of_one_storm_leaves_half_of_the_room)
{
    struct mm_hoard *h = NULL;
    uint64_t left;

    CHECK(mm_hoard_new(&h) == MM_OK);
    left = fill(h, 64, 1);
    CHECK(left >= 32 * MIB - 2 * LINE && left <= 32 * MIB);
    CHECK(mm_hoard_over(h, 1));
    CHECK(!mm_hoard_over(h, 2)); /* who has sent nothing */
    mm_hoard_free(&h);
    CHECK(mm_hoard_new(&h) == MM_OK);
    left = fill(h, 64, 7); /* seven storms leave an eighth */
    CHECK(left >= 7 * MIB && left <= 8 * MIB + 8 * LINE);
    for (size_t at = 1; at <= 7; at++)
        CHECK(mm_hoard_over(h, at));
    CHECK(!mm_hoard_over(h, 8));
    mm_hoard_free(&h);
}

TEST(hoard_holds_nobody_back_before_the_disk_was_looked_at_or_while_there_is_room)
{
    struct mm_hoard *h = NULL;

    CHECK(mm_hoard_new(&h) == MM_OK);
    mm_hoard_add(h, 3, 1, 50 * MIB);
    CHECK(!mm_hoard_over(h, 3));
    mm_hoard_room(h, 50 * MIB);
    CHECK(!mm_hoard_over(h, 3));
    mm_hoard_room(h, 49 * MIB);
    CHECK(mm_hoard_over(h, 3) && !mm_hoard_over(h, 4));
    mm_hoard_room(h, 500 * (uint64_t)MIB); /* somebody has cleaned up */
    CHECK(!mm_hoard_over(h, 3));
    mm_hoard_free(&h);
}

TEST(hoard_is_given_back_as_the_engine_works_it_off)
{
    struct mm_hoard *h = NULL;
    uint64_t seq = 0;

    CHECK(mm_hoard_new(&h) == MM_OK);
    for (int i = 0; i < 3000; i++) /* 3 GB: many more pieces than there are */
        mm_hoard_add(h, (size_t)(i % 3), ++seq, MIB);
    CHECK_NUM(mm_hoard_all(h), 3000ull * MIB);
    CHECK_NUM(mm_hoard_held(h, 2), 1000ull * MIB);
    mm_hoard_room(h, 999ull * MIB);
    CHECK(mm_hoard_over(h, 0));
    mm_hoard_done(h, 1501);
    /* Half of it, but for the piece that is not done as a whole. */
    CHECK(mm_hoard_held(h, 2) >= 500ull * MIB);
    CHECK(mm_hoard_held(h, 2) <= 500ull * MIB + 1000ull * MIB / (MM_HOARD_PIECES / 2) + 2 * MIB);
    CHECK(!mm_hoard_over(h, 0));
    mm_hoard_done(h, seq);
    CHECK(mm_hoard_all(h) <= 128ull * MIB); /* the last line is not done */
    mm_hoard_done(h, seq + 1);
    CHECK_NUM(mm_hoard_all(h), 0);
    for (size_t at = 0; at < 3; at++)
        CHECK_NUM(mm_hoard_held(h, at), 0);
    mm_hoard_add(h, 0, ++seq, LINE); /* and it begins anew, finely */
    mm_hoard_add(h, 1, ++seq, MIB);
    mm_hoard_add(h, 2, ++seq, LINE);
    mm_hoard_done(h, seq);
    CHECK_NUM(mm_hoard_all(h), LINE);
    mm_hoard_free(&h);
}
