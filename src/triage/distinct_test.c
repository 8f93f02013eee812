/* triage/distinct_test.c - few are counted exactly, many about, and a kept sketch goes on. */
#include "triage/distinct.h"

#include <stdio.h>

#include "tests/harness/test.h"

static const struct mm_seed seed = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

static void add(struct mm_distinct *d, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        char text[32];
        int n = snprintf(text, sizeof(text), "user%zu", i);

        mm_distinct_add(d, mm_distinct_hash(d, mm_slice_of(text, (size_t)n)));
    }
}

TEST(distinct_counts_few_exactly_and_many_about)
{
    static const struct {
        size_t n, off;
    } cases[] = {{0, 0}, {1, 0}, {2, 0}, {50, 1}, {1000, 20}, {20000, 1000}, {200000, 10000}};

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        static struct mm_distinct d;
        uint64_t n;

        mm_distinct_init(&d, seed);
        add(&d, 0, cases[i].n);
        add(&d, 0, cases[i].n > 1000 ? 1000 : cases[i].n); /* again: nothing new */
        n = mm_distinct_count(&d);
        CHECK(n + cases[i].off >= cases[i].n && n <= cases[i].n + cases[i].off);
    }
}

TEST(distinct_goes_on_where_its_kept_bytes_ended)
{
    static struct mm_distinct whole, part, read;
    uint8_t kept[MM_DISTINCT_SIZE];

    mm_distinct_init(&whole, seed);
    mm_distinct_init(&part, seed);
    add(&whole, 0, 3000);
    add(&part, 0, 1000);
    mm_distinct_write(&part, kept);
    CHECK(mm_distinct_read(mm_slice_of(kept, sizeof(kept)), &read));
    add(&read, 500, 3000);
    CHECK_NUM(mm_distinct_count(&read), mm_distinct_count(&whole));
}

TEST(distinct_refuses_bytes_that_are_no_sketch)
{
    static struct mm_distinct d, before;
    uint8_t kept[MM_DISTINCT_SIZE] = {0};

    mm_distinct_init(&d, seed);
    add(&d, 0, 10);
    before = d;
    CHECK(!mm_distinct_read(mm_slice_of(kept, sizeof(kept) - 1), &d));
    CHECK(!mm_distinct_read((struct mm_slice){0}, &d));
    kept[MM_DISTINCT_SIZE - 1] = 64 - MM_DISTINCT_BITS + 2; /* no hash has its first one there */
    CHECK(!mm_distinct_read(mm_slice_of(kept, sizeof(kept)), &d));
    CHECK(memcmp(&d, &before, sizeof(d)) == 0);
    kept[MM_DISTINCT_SIZE - 1]--;
    CHECK(mm_distinct_read(mm_slice_of(kept, sizeof(kept)), &d));
}
