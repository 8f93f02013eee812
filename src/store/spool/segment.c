/* store/spool/segment.c - see segment.h for the contract. */
#include "store/spool/segment.h"

#include <endian.h>

#include "base/hash.h"

static const uint8_t magic[8] = {'M', 'M', 'S', 'P', 'O', 'O', 'L', '\n'};

enum {
    PART_PEER6 = 1,
    PART_FILE = 2, /* origin, kind file */
    PART_HTTP = 4, /* origin, kind HTTP */
    PART_ALL = PART_PEER6 | PART_FILE | PART_HTTP,
    PEER6_SIZE = 16,
    ORIGIN_SIZE = 24,
    CRC_FROM = 8, /* first byte of an item that its CRC covers */
};

static void put32(uint8_t *p, uint32_t v)
{
    v = htole32(v);
    memcpy(p, &v, 4);
}

static void put64(uint8_t *p, uint64_t v)
{
    v = htole64(v);
    memcpy(p, &v, 8);
}

/* The callers below have checked that the bytes are there. */
static uint32_t get32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, 4);
    return le32toh(v);
}

static uint64_t get64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, 8);
    return le64toh(v);
}

void mm_seg_head_encode(const struct mm_seg_head *head, uint8_t ret[MM_SEG_HEADER])
{
    memset(ret, 0, MM_SEG_HEADER);
    memcpy(ret, magic, sizeof(magic));
    put32(ret + 8, MM_SEG_VERSION);
    put64(ret + 16, head->first_seq);
    put64(ret + 24, (uint64_t)head->received_us);
    put32(ret + 32, head->salt);
    ret[36] = (uint8_t)(head->queue & 0xFF);
    ret[37] = (uint8_t)(head->queue >> 8);
    put32(ret + 12, mm_crc32c(0, mm_slice_of(ret + 16, MM_SEG_HEADER - 16)));
}

enum mm_code mm_seg_head_decode(struct mm_slice seg, struct mm_seg_head *ret)
{
    struct mm_seg_head head;

    if (seg.n < MM_SEG_HEADER || memcmp(seg.p, magic, sizeof(magic)) != 0)
        return MM_E_SYNTAX;
    if (get32(seg.p + 8) > MM_SEG_VERSION)
        return MM_E_VERSION;
    if (get32(seg.p + 12) != mm_crc32c(0, mm_slice_of(seg.p + 16, MM_SEG_HEADER - 16)))
        return MM_E_SYNTAX;
    head.first_seq = get64(seg.p + 16);
    head.received_us = (int64_t)get64(seg.p + 24);
    head.salt = get32(seg.p + 32);
    head.queue = (uint16_t)(seg.p[36] | seg.p[37] << 8);
    if (head.first_seq == 0)
        return MM_E_SYNTAX;
    *ret = head;
    return MM_OK;
}

static bool is_zero_ip(const struct mm_ip *ip)
{
    static const struct mm_ip none = {{0}};

    return memcmp(ip, &none, sizeof(none)) == 0;
}

static unsigned parts_of(const struct mm_spool_record *rec)
{
    unsigned parts = 0;

    if (!is_zero_ip(&rec->peer) && !mm_ip_is_v4(&rec->peer))
        parts |= PART_PEER6;
    if (rec->origin.kind == MM_ORIGIN_FILE)
        parts |= PART_FILE;
    if (rec->origin.kind == MM_ORIGIN_HTTP)
        parts |= PART_HTTP;
    return parts;
}

static size_t parts_size(unsigned parts)
{
    size_t n = MM_SEG_FIXED;

    if ((parts & PART_PEER6) != 0)
        n += PEER6_SIZE;
    if ((parts & (PART_FILE | PART_HTTP)) != 0)
        n += ORIGIN_SIZE;
    return n;
}

static size_t aligned(size_t n)
{
    return (n + MM_SEG_ALIGN - 1) & ~(size_t)(MM_SEG_ALIGN - 1);
}

size_t mm_seg_size(const struct mm_spool_record *rec)
{
    MM_ASSERT(rec->body.n <= MM_SPOOL_CARRY);
    return aligned(parts_size(parts_of(rec)) + rec->body.n);
}

void mm_seg_encode(struct mm_buf *out, uint32_t salt, const struct mm_seg_item *item)
{
    const struct mm_spool_record *rec = &item->rec;
    unsigned parts = parts_of(rec);
    size_t len = parts_size(parts) + rec->body.n;
    size_t size = aligned(len), at = MM_SEG_FIXED;
    uint8_t *p = mm_buf_room(out, size);

    MM_ASSERT(rec->body.n <= MM_SPOOL_CARRY);
    if (p == NULL)
        return;
    put32(p, (uint32_t)len);
    put64(p + 8, rec->seq);
    put64(p + 16, (uint64_t)rec->received_us);
    put32(p + 24, rec->company);
    put32(p + 28, rec->source);
    p[32] = (uint8_t)(rec->flags & 0xFF);
    p[33] = (uint8_t)(rec->flags >> 8);
    p[34] = (uint8_t)item->type;
    p[35] = (uint8_t)parts;
    if (mm_ip_is_v4(&rec->peer))
        memcpy(p + 36, rec->peer.b + 12, 4);
    else
        memset(p + 36, 0, 4);
    if ((parts & PART_PEER6) != 0) {
        memcpy(p + at, rec->peer.b, PEER6_SIZE);
        at += PEER6_SIZE;
    }
    if ((parts & (PART_FILE | PART_HTTP)) != 0) {
        memcpy(p + at, rec->origin.id, 16);
        put64(p + at + 16, rec->origin.at);
        at += ORIGIN_SIZE;
    }
    if (rec->body.n > 0)
        memcpy(p + at, rec->body.p, rec->body.n);
    memset(p + len, 0, size - len);
    put32(p + 4, mm_crc32c(salt ^ (uint32_t)len, mm_slice_of(p + CRC_FROM, len - CRC_FROM)));
    out->n += size;
}

/* Length and type can be those of an item; cheap, so that a search skips most positions. */
static bool plausible(const uint8_t *p, size_t left)
{
    size_t len = get32(p);
    unsigned type = p[34], parts = p[35];
    size_t body_max = type == MM_SEG_CARRY    ? MM_SPOOL_CARRY
                      : type == MM_SEG_RECORD ? MM_MAX_LINE
                                              : 0;

    if (type < MM_SEG_RECORD || type > MM_SEG_CARRY || (parts & ~(unsigned)PART_ALL) != 0)
        return false;
    if ((parts & PART_FILE) != 0 && (parts & PART_HTTP) != 0)
        return false;
    if (len < parts_size(parts) || len - parts_size(parts) > body_max)
        return false;
    return aligned(len) + MM_PADDING <= left;
}

static void fill(const uint8_t *p, struct mm_seg_item *ret)
{
    struct mm_spool_record *rec = &ret->rec;
    size_t len = get32(p), at = MM_SEG_FIXED;
    unsigned parts = p[35];

    *ret = (struct mm_seg_item){.type = (enum mm_seg_type)p[34], .size = aligned(len)};
    rec->seq = get64(p + 8);
    rec->received_us = (int64_t)get64(p + 16);
    rec->company = get32(p + 24);
    rec->source = get32(p + 28);
    rec->flags = (uint16_t)(p[32] | p[33] << 8);
    if (get32(p + 36) != 0) {
        rec->peer.b[10] = rec->peer.b[11] = 0xFF;
        memcpy(rec->peer.b + 12, p + 36, 4);
    }
    if ((parts & PART_PEER6) != 0) {
        memcpy(rec->peer.b, p + at, PEER6_SIZE);
        at += PEER6_SIZE;
    }
    if ((parts & (PART_FILE | PART_HTTP)) != 0) {
        rec->origin.kind = (parts & PART_FILE) != 0 ? MM_ORIGIN_FILE : MM_ORIGIN_HTTP;
        memcpy(rec->origin.id, p + at, 16);
        rec->origin.at = get64(p + at + 16);
        at += ORIGIN_SIZE;
    }
    MM_ASSERT(at <= len);
    rec->body = mm_slice_of(p + at, len - at);
}

enum mm_code mm_seg_decode(struct mm_slice seg, size_t pos, uint32_t salt, struct mm_seg_item *ret)
{
    const uint8_t *p;
    size_t left, len;

    MM_ASSERT(pos % MM_SEG_ALIGN == 0);
    if (pos >= seg.n || seg.n - pos < MM_SEG_FIXED)
        return MM_E_NOTFOUND;
    p = seg.p + pos;
    left = seg.n - pos;
    len = get32(p);
    if (len == 0)
        return MM_E_NOTFOUND;
    if (!plausible(p, left))
        return MM_E_SYNTAX;
    if (get32(p + 4) != mm_crc32c(salt ^ (uint32_t)len, mm_slice_of(p + CRC_FROM, len - CRC_FROM)))
        return MM_E_SYNTAX;
    fill(p, ret);
    return MM_OK;
}

bool mm_seg_find(struct mm_slice seg, size_t pos, uint32_t salt, enum mm_seg_type type,
                 uint64_t seq, uint64_t below, size_t *ret_pos, struct mm_seg_item *ret)
{
    for (; pos < seg.n && seg.n - pos >= MM_SEG_FIXED; pos += MM_SEG_ALIGN) {
        const uint8_t *p = seg.p + pos;
        struct mm_seg_item item;
        uint64_t at;

        /* Type and number first: a CRC over what some body pretends to be would make the
         * search quadratic. */
        if (p[34] != (uint8_t)type || get32(p) == 0)
            continue;
        at = get64(p + 8);
        if (at < seq || at >= below || mm_seg_decode(seg, pos, salt, &item) != MM_OK)
            continue;
        *ret_pos = pos;
        *ret = item;
        return true;
    }
    return false;
}

void mm_seg_recover(struct mm_slice seg, const struct mm_seg_head *head,
                    const struct mm_spool_owner *owner, struct mm_seg_tail *ret)
{
    struct mm_seg_tail tail = {
        .end = MM_SEG_HEADER, .next = head->first_seq, .received_us = head->received_us};
    struct mm_seg_item item;
    size_t pos = MM_SEG_HEADER;

    for (;;) {
        bool whole = mm_seg_decode(seg, pos, head->salt, &item) == MM_OK;

        if (whole && item.type == MM_SEG_RECORD)
            whole = item.rec.seq == tail.next && item.rec.received_us >= tail.received_us;
        if (whole && item.type == MM_SEG_MARK)
            whole = item.rec.seq <= tail.next;
        if (!whole) {
            /* A later mark proves that what stood here was durable once: the disk lost it.
             * Without one it is the tail of a write that never finished. */
            if (!mm_seg_find(seg, pos + MM_SEG_ALIGN, head->salt, MM_SEG_MARK, tail.next,
                             UINT64_MAX, &pos, &item))
                break;
            tail.damaged += item.rec.seq - tail.next;
            tail.next = item.rec.seq;
        }
        if (item.type == MM_SEG_RECORD) {
            tail.next++;
            tail.received_us = item.rec.received_us;
            if (owner != NULL && owner->on_record != NULL)
                owner->on_record(owner->ctx, &item.rec);
        }
        if (item.type == MM_SEG_CARRY && owner != NULL && owner->on_carry != NULL)
            owner->on_carry(owner->ctx, item.rec.body);
        pos += item.size;
        tail.end = pos;
    }
    *ret = tail;
}
