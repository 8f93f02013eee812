/*
 * store/spool/segment.h - bytes of a segment: header, items, and what survives a crash.
 *
 * Purpose   Pure encoding and decoding, so that the whole format can be fuzzed.
 * Owns      Nothing; decoded bodies borrow the segment.
 * Threads   Pure functions.
 * Trust     Segment bytes may be torn or rotten, and bodies inside may be crafted to look like
 *           items: every CRC starts from a random salt of the queue that no sender knows.
 * Spec      All numbers little-endian.
 *           Header (64 bytes): "MMSPOOL\n", u32 version, u32 CRC of bytes 16..63, u64 first
 *           number, i64 received floor, u32 salt, u16 queue, zeros.
 *           Item (8-aligned): u32 length without padding, u32 CRC of all bytes behind it
 *           (started from salt ^ length), u64 number, i64 received, u32 company, u32 source,
 *           u16 flags, u8 type, u8 parts, 4 bytes IPv4 peer; then if `parts` says so 16 bytes
 *           IPv6 peer, 24 bytes origin (id, u64 at); then the body; zeros up to 8.
 *           Length 0: nothing stands here yet. Types: a record; a mark (everything below its
 *           number was durable before it was written; one at the head of each group, so that
 *           damage before a mark is known not to be a torn tail); a carry (body = what the
 *           owner of the queue knew when the segment began).
 */
#ifndef MM_STORE_SPOOL_SEGMENT_H
#define MM_STORE_SPOOL_SEGMENT_H

#include "base/buf.h"
#include "store/spool/spool.h"

enum {
    MM_SEG_HEADER = 64,
    MM_SEG_VERSION = 1,
    MM_SEG_FIXED = 40, /* bytes of an item before its optional parts */
    MM_SEG_ALIGN = 8,
};

struct mm_seg_head {
    uint64_t first_seq;
    int64_t received_us; /* no record of this segment is older */
    uint32_t salt;
    uint16_t queue;
};

enum mm_seg_type { MM_SEG_RECORD = 1, MM_SEG_MARK = 2, MM_SEG_CARRY = 3 };

struct mm_seg_item {
    enum mm_seg_type type;
    struct mm_spool_record rec;
    size_t size; /* bytes in the segment with padding */
};

void mm_seg_head_encode(const struct mm_seg_head *head, uint8_t ret[MM_SEG_HEADER]);
/* MM_E_SYNTAX: not a segment or damaged; MM_E_VERSION: written by a newer version. */
MM_MUST_USE enum mm_code mm_seg_head_decode(struct mm_slice seg, struct mm_seg_head *ret);

/* Bytes that this record takes in a segment. */
size_t mm_seg_size(const struct mm_spool_record *rec);
/* Append one item (item->size is not read). A buffer that cannot hold it becomes failed. */
void mm_seg_encode(struct mm_buf *out, uint32_t salt, const struct mm_seg_item *item);
/*
 * The item at seg[pos]; pos is 8-aligned. MM_E_NOTFOUND: nothing was written here. MM_E_SYNTAX:
 * something was, and it is not whole, or has not MM_PADDING bytes of the segment behind it.
 */
MM_MUST_USE enum mm_code mm_seg_decode(struct mm_slice seg, size_t pos, uint32_t salt,
                                       struct mm_seg_item *ret);
/*
 * The first whole item of `type` at or behind pos whose number lies in [seq, below); *ret_pos is
 * where. False when there is none.
 */
bool mm_seg_find(struct mm_slice seg, size_t pos, uint32_t salt, enum mm_seg_type type,
                 uint64_t seq, uint64_t below, size_t *ret_pos, struct mm_seg_item *ret);

/* What stands in a segment whose writer may have died at any moment. */
struct mm_seg_tail {
    size_t end;          /* offset behind the last item that counts */
    uint64_t next;       /* number behind the last record that counts */
    int64_t received_us; /* of the last record, or the header's floor */
    uint64_t damaged;    /* committed records that cannot be read any more */
};
/* Walk the segment behind its header; `owner` gets what it carries and its records. */
void mm_seg_recover(struct mm_slice seg, const struct mm_seg_head *head,
                    const struct mm_spool_owner *owner, struct mm_seg_tail *ret);

#endif
