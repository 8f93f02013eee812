/* hunt/hits_test.c - promises of alerts that are kept. */
#include "hunt/hits.h"

#include "tests/harness/test.h"

struct seen {
    uint64_t record[8];
    size_t n;
};

static bool note(void *ctx, const struct mm_hit_place *place, const struct mm_hunt_frame *hit)
{
    struct seen *s = ctx;

    CHECK(s->n < MM_COUNT(s->record) && place->rule == hit->rule);
    s->record[s->n++] = hit->record;
    return s->n < 4;
}

static void add(struct mm_hits *h, uint32_t part, uint64_t record, int64_t time_us)
{
    struct mm_hunt_frame f = {.kind = MM_HF_HIT, .rule = 3, .record = record, .time_us = time_us};

    CHECK(mm_hits_add(h, &f, part, part) == MM_OK);
}

TEST(hits_come_in_the_order_of_files_or_of_time)
{
    struct seen files = {.n = 0}, times = {.n = 0};
    struct mm_hits h;

    CHECK(mm_hits_init(&h, mm_test_dir()) == MM_OK);
    add(&h, 1, 20, 5);
    add(&h, 0, 10, 9);
    add(&h, 1, 21, 4);
    add(&h, 0, 11, 5);
    CHECK(mm_hits_walk(&h, false, note, &files) == MM_OK);
    CHECK(files.record[0] == 10 && files.record[1] == 11 && files.record[2] == 20 &&
          files.record[3] == 21);
    CHECK(mm_hits_walk(&h, true, note, &times) == MM_OK);
    CHECK(times.record[0] == 21 && times.record[1] == 11 && times.record[2] == 20 &&
          times.record[3] == 10);
    mm_hits_done(&h);
}

TEST(hits_need_a_folder)
{
    struct mm_hits h;

    CHECK(mm_hits_init(&h, "/nonexistent") == MM_E_IO);
    mm_hits_done(&h);
}
