/*
 * store/spool/segment_fuzz.c - no segment may break these promises: what is decoded lies inside
 * the segment with its padding; recovery ends behind the last item that counts; numbers that the
 * owner is told are contiguous but for damage before a mark; what was encoded decodes to itself.
 *
 * Checksums would stop every mutation at once, so the input is first made plausible: bytes that
 * look like the head of an item get a right checksum when the input asks for it (odd bytes stay
 * wrong on purpose).
 */
#include <stdlib.h>

#include "base/hash.h"
#include "store/spool/segment.h"
#include "tests/harness/test.h"

enum { SALT = 77, SEG_MAX = 256 * 1024 };

struct seen {
    struct mm_slice seg;
    uint64_t last;
    uint64_t count;
};

static void repair(uint8_t *p, size_t n)
{
    for (size_t pos = MM_SEG_HEADER; pos + MM_SEG_FIXED <= n; pos += MM_SEG_ALIGN) {
        uint32_t len, crc;

        memcpy(&len, p + pos, 4);
        if (len < MM_SEG_FIXED || len > n - pos || (p[pos + 4] & 1) != 0)
            continue;
        crc = mm_crc32c(SALT ^ len, mm_slice_of(p + pos + 8, len - 8));
        memcpy(p + pos + 4, &crc, 4);
        pos += (len - 1) / MM_SEG_ALIGN * MM_SEG_ALIGN;
    }
}

static void inside(struct mm_slice seg, const struct mm_seg_item *item, size_t pos)
{
    MM_ASSERT(item->size >= MM_SEG_FIXED && item->size % MM_SEG_ALIGN == 0);
    MM_ASSERT(pos + item->size + MM_PADDING <= seg.n);
    MM_ASSERT(item->rec.body.p >= seg.p + pos);
    MM_ASSERT(item->rec.body.p + item->rec.body.n <= seg.p + pos + item->size);
}

static void on_record(void *ctx, const struct mm_spool_record *rec)
{
    struct seen *seen = ctx;

    MM_ASSERT(rec->body.p >= seen->seg.p && rec->body.p + rec->body.n <= seen->seg.p + seen->seg.n);
    MM_ASSERT(seen->count == 0 || rec->seq > seen->last);
    seen->last = rec->seq;
    seen->count++;
}

static void again(const struct mm_seg_item *item)
{
    struct mm_seg_item twice;
    struct mm_buf b;

    mm_buf_init(&b, SEG_MAX + 1024);
    mm_seg_encode(&b, SALT, item);
    MM_ASSERT(mm_buf_ok(&b) && b.n == mm_seg_size(&item->rec));
    MM_ASSERT(mm_buf_room(&b, MM_PADDING) != NULL);
    memset(b.p + b.n, 0, MM_PADDING);
    b.n += MM_PADDING;
    MM_ASSERT(mm_seg_decode(mm_buf_slice(&b), 0, SALT, &twice) == MM_OK);
    MM_ASSERT(twice.rec.seq == item->rec.seq && mm_slice_eq(twice.rec.body, item->rec.body));
    MM_ASSERT(memcmp(&twice.rec.peer, &item->rec.peer, sizeof(twice.rec.peer)) == 0);
    MM_ASSERT(twice.rec.origin.kind == item->rec.origin.kind);
    MM_ASSERT(memcmp(twice.rec.origin.id, item->rec.origin.id, 16) == 0);
    MM_ASSERT(twice.rec.origin.at == item->rec.origin.at);
    mm_buf_done(&b);
}

FUZZ(in)
{
    struct mm_seg_head head = {.first_seq = 1, .salt = SALT};
    struct mm_seg_tail tail;
    struct mm_seg_item item;
    size_t n = MM_SEG_HEADER + in.n, at = 0;
    uint8_t *p;

    (void)!mm_seg_head_decode(in, &head);
    head = (struct mm_seg_head){.first_seq = 1, .salt = SALT};
    if (in.n > SEG_MAX)
        return;
    p = malloc(n);
    MM_ASSERT(p != NULL);
    mm_seg_head_encode(&head, p);
    if (in.n > 0)
        memcpy(p + MM_SEG_HEADER, in.p, in.n);
    repair(p, n);

    struct seen seen = {.seg = mm_slice_of(p, n)};
    struct mm_spool_owner owner = {.ctx = &seen, .on_record = on_record};

    mm_seg_recover(seen.seg, &head, &owner, &tail);
    MM_ASSERT(tail.end >= MM_SEG_HEADER && tail.end <= n && tail.end % MM_SEG_ALIGN == 0);
    MM_ASSERT(tail.next - head.first_seq == seen.count + tail.damaged);
    for (size_t pos = MM_SEG_HEADER; pos < n; pos += MM_SEG_ALIGN) {
        if (mm_seg_decode(seen.seg, pos, SALT, &item) != MM_OK)
            continue;
        inside(seen.seg, &item, pos);
        again(&item);
        pos += item.size - MM_SEG_ALIGN;
    }
    if (mm_seg_find(seen.seg, MM_SEG_HEADER, SALT, MM_SEG_RECORD, 1, UINT64_MAX, &at, &item))
        inside(seen.seg, &item, at);
    free(p);
}
