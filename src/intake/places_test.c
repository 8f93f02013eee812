/* intake/places_test.c - how far a relay's queue was taken comes back from records and carries. */
#include "intake/places.h"

#include "intake/keys.h"
#include "tests/harness/test.h"

static const struct mm_relay_place_id id = {.relay = 7, .queue = 1003, .epoch = 2};

static struct mm_spool_record record(uint64_t seq, const char *line)
{
    return (struct mm_spool_record){.origin = mm_places_origin(&id, seq, MM_RELAY_UDP, 55),
                                    .body = mm_slice_str(line)};
}

TEST(places_come_back_from_records)
{
    struct mm_spool_record rec = record(41, "a"), later = record(42, "b");
    struct mm_relay_place_id other = id;
    struct mm_places *p = NULL;
    int64_t received = 0;

    CHECK(mm_places_new(&p) == MM_OK);
    CHECK(mm_places_find(p, &id) == NULL);
    mm_places_replay(p, &rec);
    mm_places_replay(p, &later);
    mm_places_replay(p, &rec); /* never backwards */
    CHECK_NUM(mm_places_find(p, &id)->next, 43);
    CHECK(mm_places_find(p, &id)->print == mm_relay_print(42, 55, &rec.peer, MM_S("b")));
    CHECK(mm_places_received(&rec.origin, &received) && received == 55);
    other.epoch++;
    CHECK(mm_places_find(p, &other) == NULL);
    rec.origin = mm_keys_origin((const uint8_t[16]){1}, 0, 1);
    CHECK(!mm_places_received(&rec.origin, &received));
    mm_places_free(&p);
}

TEST(places_and_keys_share_a_carry)
{
    struct mm_spool_record rec = record(9, "x");
    struct mm_places *p = NULL, *q = NULL;
    struct mm_keys *k = NULL, *l = NULL;
    struct mm_buf carry;
    uint8_t key[16];

    CHECK(mm_places_new(&p) == MM_OK && mm_places_new(&q) == MM_OK);
    CHECK(mm_keys_new(8, &k) == MM_OK && mm_keys_new(8, &l) == MM_OK);
    mm_keys_id(3, MM_S("key"), key);
    mm_keys_note(k, key, 4, 5, 100);
    mm_places_replay(p, &rec);
    mm_keys_replay(k, &rec); /* says nothing to them */
    mm_buf_init(&carry, MM_SPOOL_CARRY);
    mm_keys_carry(k, &carry);
    mm_places_carry(p, &carry);
    mm_keys_restore(l, mm_buf_slice(&carry));
    mm_places_restore(q, mm_buf_slice(&carry));
    CHECK_NUM(mm_keys_count(l), 1);
    CHECK(mm_keys_find(l, key, 100)->stored == 5);
    CHECK_NUM(mm_places_find(q, &id)->next, 10);
    CHECK(mm_places_find(q, &id)->print == mm_places_find(p, &id)->print);
    mm_places_restore(q, mm_slice_sub(mm_buf_slice(&carry), 0, 40)); /* torn: what is whole */
    mm_buf_done(&carry);
    mm_places_free(&p);
    mm_places_free(&q);
    mm_keys_free(&k);
    mm_keys_free(&l);
}

TEST(places_are_never_pushed_out)
{
    struct mm_places *p = NULL;
    struct mm_relay_place_id i = id;

    CHECK(mm_places_new(&p) == MM_OK);
    for (i.relay = 1; i.relay <= MM_PLACES_MAX; i.relay++)
        CHECK(mm_places_get(p, &i) != NULL);
    CHECK(mm_places_get(p, &i) == NULL);
    i.relay = 1;
    CHECK(mm_places_get(p, &i) != NULL);
    mm_places_free(&p);
}
