/* intake/keys_test.c - what was stored is known again, from records and from what is carried. */
#include "intake/keys.h"

#include "tests/harness/test.h"

static struct mm_keys *keys(size_t max)
{
    struct mm_keys *k = NULL;

    CHECK(mm_keys_new(max, &k) == MM_OK);
    return k;
}

static void id_of(uint32_t n, uint8_t id[16])
{
    char text[16];

    (void)snprintf(text, sizeof(text), "key-%u", n);
    mm_keys_id(7, mm_slice_str(text), id);
}

TEST(keys_are_told_apart_by_source_and_text)
{
    uint8_t a[16], b[16], c[16], again[16];

    mm_keys_id(1, MM_S("x"), a);
    mm_keys_id(2, MM_S("x"), b);
    mm_keys_id(1, MM_S("y"), c);
    mm_keys_id(1, MM_S("x"), again);
    CHECK(memcmp(a, again, 16) == 0);
    CHECK(memcmp(a, b, 16) != 0 && memcmp(a, c, 16) != 0);
}

TEST(keys_count_lines_and_forget_whole_requests_after_a_day)
{
    struct mm_keys *k = keys(10);
    uint8_t id[16];

    id_of(1, id);
    CHECK(mm_keys_find(k, id, 0) == NULL);
    mm_keys_note(k, id, 0, 3, 100);
    mm_keys_note(k, id, 1, 3, 100);
    CHECK_NUM(mm_keys_find(k, id, 100)->stored, 2);
    CHECK_NUM(mm_keys_find(k, id, 100 + 2 * MM_KEYS_LIFE_US)->stored, 2);
    mm_keys_note(k, id, 2, 3, 100);
    CHECK_NUM(mm_keys_find(k, id, 100 + MM_KEYS_LIFE_US)->stored, 3);
    CHECK(mm_keys_find(k, id, 101 + MM_KEYS_LIFE_US) == NULL);
    /* Used anew after its day. */
    mm_keys_note(k, id, 0, 3, 101 + MM_KEYS_LIFE_US);
    CHECK_NUM(mm_keys_find(k, id, 101 + MM_KEYS_LIFE_US)->stored, 1);
    mm_keys_free(&k);
    CHECK(k == NULL);
}

TEST(keys_survive_in_records_and_in_a_carry)
{
    struct mm_keys *k = keys(100), *again = keys(100);
    struct mm_buf carried;
    uint8_t id[16];

    for (uint32_t n = 0; n < 50; n++) {
        id_of(n, id);
        for (uint32_t i = 0; i <= n % 7; i++) {
            struct mm_spool_record rec = {.received_us = (int64_t)n,
                                          .origin = mm_keys_origin(id, i, 7)};

            mm_keys_replay(k, &rec);
        }
    }
    mm_buf_init(&carried, 1 << 20);
    mm_keys_carry(k, &carried);
    mm_keys_restore(again, mm_buf_slice(&carried));
    CHECK_NUM(mm_keys_count(again), 50);
    for (uint32_t n = 0; n < 50; n++) {
        id_of(n, id);
        CHECK_NUM(mm_keys_find(again, id, 0)->stored, n % 7 + 1);
        CHECK_NUM(mm_keys_find(again, id, 0)->total, 7);
        CHECK_NUM(mm_keys_find(again, id, 0)->last_us, n);
    }
    mm_buf_done(&carried);
    mm_keys_free(&k);
    mm_keys_free(&again);
}

TEST(keys_make_room_by_forgetting_the_one_used_longest_ago)
{
    struct mm_keys *k = keys(20);
    uint8_t id[16];

    for (uint32_t n = 0; n < 1000; n++) {
        id_of(n, id);
        mm_keys_note(k, id, 0, 1, 5);
        id_of(0, id); /* used again and again */
        mm_keys_note(k, id, 0, 1, 5);
    }
    CHECK_NUM(mm_keys_count(k), 20);
    CHECK(mm_keys_find(k, id, 5) != NULL);
    id_of(999, id);
    CHECK(mm_keys_find(k, id, 5) != NULL);
    id_of(981, id);
    CHECK(mm_keys_find(k, id, 5) != NULL);
    id_of(980, id);
    CHECK(mm_keys_find(k, id, 5) == NULL);
    mm_keys_free(&k);
}

TEST(keys_pass_over_carried_bytes_that_make_no_sense)
{
    struct mm_keys *k = keys(20);
    uint8_t junk[333];

    for (size_t i = 0; i < sizeof(junk); i++)
        junk[i] = (uint8_t)(i * 89);
    mm_keys_restore(k, mm_slice_of(junk, sizeof(junk)));
    CHECK_NUM(mm_keys_count(k), 0);
    mm_keys_free(&k);
}
