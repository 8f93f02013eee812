/* store/spool/segment_test.c - the bytes of a segment: what is accepted, refused and recovered. */
#include "store/spool/segment.h"

#include "model/event.h"
#include "tests/harness/test.h"

enum { SALT = 99 };

static void put(struct mm_buf *b, enum mm_seg_type type, uint64_t seq, struct mm_slice body)
{
    struct mm_seg_item item = {.type = type, .rec = {.seq = seq, .received_us = 5, .body = body}};

    mm_seg_encode(b, SALT, &item);
}

static void pad(struct mm_buf *b)
{
    uint8_t *p = mm_buf_room(b, MM_PADDING);

    CHECK(p != NULL);
    memset(p, 0, MM_PADDING);
    b->n += MM_PADDING;
}

static void start(struct mm_buf *b)
{
    struct mm_seg_head head = {.first_seq = 1, .salt = SALT, .queue = 4};
    uint8_t *p;

    mm_buf_init(b, 1 << 20);
    p = mm_buf_room(b, MM_SEG_HEADER);
    CHECK(p != NULL);
    mm_seg_head_encode(&head, p);
    b->n = MM_SEG_HEADER;
}

static struct mm_seg_tail recover(const struct mm_buf *b)
{
    struct mm_seg_head head;
    struct mm_seg_tail tail;

    CHECK(mm_seg_head_decode(mm_buf_slice(b), &head) == MM_OK);
    mm_seg_recover(mm_buf_slice(b), &head, NULL, &tail);
    return tail;
}

TEST(segment_header_says_what_was_written)
{
    struct mm_seg_head in = {.first_seq = 1u << 31, .received_us = -5, .salt = 7, .queue = 65535};
    struct mm_seg_head out = {0};
    uint8_t p[MM_SEG_HEADER];

    mm_seg_head_encode(&in, p);
    CHECK(mm_seg_head_decode(mm_slice_of(p, sizeof(p)), &out) == MM_OK);
    CHECK(out.first_seq == in.first_seq && out.received_us == -5);
    CHECK(out.salt == 7 && out.queue == 65535);
}

TEST(segment_header_refuses_newer_versions_and_every_flipped_byte)
{
    struct mm_seg_head in = {.first_seq = 3, .salt = 7}, out = {.salt = 1};
    uint8_t p[MM_SEG_HEADER];

    for (size_t i = 0; i < MM_SEG_HEADER; i++) {
        bool version = i >= 8 && i < 12;

        mm_seg_head_encode(&in, p);
        p[i] ^= 0x40;
        CHECK(mm_seg_head_decode(mm_slice_of(p, sizeof(p)), &out) ==
              (version ? MM_E_VERSION : MM_E_SYNTAX));
    }
    CHECK(mm_seg_head_decode(mm_slice_of(p, MM_SEG_HEADER - 1), &out) == MM_E_SYNTAX);
    CHECK_NUM(out.salt, 1);
}

TEST(segment_item_refuses_every_flipped_byte_and_a_foreign_salt)
{
    struct mm_seg_item item = {.size = 12345};
    struct mm_buf b;

    mm_buf_init(&b, 4096);
    put(&b, MM_SEG_RECORD, 1, MM_S("body of thirty bytes, or so it"));
    pad(&b);
    for (size_t i = 0; i < MM_SEG_FIXED + 30; i++) {
        b.p[i] ^= 0x10;
        CHECK(mm_seg_decode(mm_buf_slice(&b), 0, SALT, &item) != MM_OK);
        b.p[i] ^= 0x10;
    }
    CHECK(mm_seg_decode(mm_buf_slice(&b), 0, SALT + 1, &item) == MM_E_SYNTAX);
    CHECK(mm_seg_decode(mm_slice_of(b.p, b.n - 8), 0, SALT, &item) == MM_E_SYNTAX);
    CHECK_NUM(item.size, 12345);
    CHECK(mm_seg_decode(mm_buf_slice(&b), 0, SALT, &item) == MM_OK);
    CHECK_NUM(item.size, 72);
    CHECK(mm_seg_decode(mm_buf_slice(&b), 72, SALT, &item) == MM_E_NOTFOUND);
    mm_buf_done(&b);
}

TEST(segment_recovery_cuts_at_the_first_item_that_is_not_whole)
{
    struct mm_seg_tail tail;
    struct mm_buf b;
    size_t whole;

    start(&b);
    put(&b, MM_SEG_MARK, 1, MM_S(""));
    put(&b, MM_SEG_RECORD, 1, MM_S("a"));
    put(&b, MM_SEG_RECORD, 2, MM_S("b"));
    whole = b.n;
    put(&b, MM_SEG_RECORD, 3, MM_S("c"));
    put(&b, MM_SEG_RECORD, 4, MM_S("d"));
    pad(&b);
    b.p[whole + 40] ^= 1;
    tail = recover(&b);
    CHECK(tail.end == whole && tail.next == 3 && tail.damaged == 0 && tail.received_us == 5);
    mm_buf_done(&b);
}

TEST(segment_recovery_knows_rot_by_the_mark_behind_it)
{
    struct mm_seg_tail tail;
    struct mm_buf b;
    size_t whole;

    start(&b);
    put(&b, MM_SEG_RECORD, 1, MM_S("a"));
    whole = b.n;
    put(&b, MM_SEG_RECORD, 2, MM_S("b"));
    put(&b, MM_SEG_MARK, 3, MM_S(""));
    put(&b, MM_SEG_RECORD, 3, MM_S("c"));
    pad(&b);
    b.p[whole + 40] ^= 1;
    tail = recover(&b);
    CHECK(tail.end == b.n - MM_PADDING && tail.next == 4 && tail.damaged == 1);
    mm_buf_done(&b);
}

TEST(segment_recovery_ignores_a_body_that_pretends_to_be_an_item)
{
    struct mm_buf b, forged;
    struct mm_seg_item item;
    size_t at = 0;

    /* Right in every byte but for the salt, which no sender knows. */
    mm_buf_init(&forged, 4096);
    item = (struct mm_seg_item){.type = MM_SEG_RECORD, .rec = {.seq = 2, .body = MM_S("forged")}};
    mm_seg_encode(&forged, SALT + 1, &item);
    start(&b);
    put(&b, MM_SEG_RECORD, 1, mm_buf_slice(&forged));
    pad(&b);
    CHECK(
        !mm_seg_find(mm_buf_slice(&b), MM_SEG_HEADER + 8, SALT, MM_SEG_RECORD, 1, 100, &at, &item));
    CHECK(mm_seg_find(mm_buf_slice(&b), MM_SEG_HEADER + 8, SALT + 1, MM_SEG_RECORD, 1, 100, &at,
                      &item));
    mm_buf_done(&b);
    mm_buf_done(&forged);
}
