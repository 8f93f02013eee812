/* codec/evtx.c - the container: file header, chunks, records; see evtx.h for the contract. */
#include "codec/evtx.h"

#include "codec/evtx_priv.h"

enum {
    CHUNK_HEAD = 512,
    HEAD_CHECKED = 120, /* bytes of the file header and the chunk header that a checksum covers */
    TABLES_AT = 128,    /* of a chunk: string and template offsets, covered too */
    RECORD_HEAD = 24,
    RECORD_MIN = RECORD_HEAD + 4, /* the size stands at both ends */
    RECORD_ALIGN = 8,
    RECORD_MEMORY = 16 * 1024 * 1024,
    NAMES_MEMORY = 512 * 1024, /* of one chunk: each byte of it is part of few names */
};

static const uint8_t file_magic[8] = "ElfFile";
static const uint8_t chunk_magic[8] = "ElfChnk";
static const uint8_t record_magic[4] = {'*', '*', 0, 0};

/* Four bytes at a time: table k is the effect of a byte that is k places further on. */
static void crc_init(uint32_t crc[4][256])
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;

        for (int bit = 0; bit < 8; bit++)
            c = (c & 1) != 0 ? c >> 1 ^ 0xEDB88320u : c >> 1;
        crc[0][i] = c;
    }
    for (size_t k = 1; k < 4; k++) {
        for (size_t i = 0; i < 256; i++)
            crc[k][i] = crc[k - 1][i] >> 8 ^ crc[0][crc[k - 1][i] & 0xFF];
    }
}

static uint32_t crc_of(const uint32_t (*t)[256], uint32_t crc, struct mm_slice s)
{
    size_t i = 0;

    crc = ~crc;
    for (; s.n - i >= 4; i += 4) {
        crc ^= mm_le32(s.p + i);
        crc = t[3][crc & 0xFF] ^ t[2][crc >> 8 & 0xFF] ^ t[1][crc >> 16 & 0xFF] ^ t[0][crc >> 24];
    }
    for (; i < s.n; i++)
        crc = crc >> 8 ^ t[0][(crc ^ s.p[i]) & 0xFF];
    return ~crc;
}

bool mm_evtx_is(struct mm_slice first)
{
    return mm_slice_starts(first, mm_slice_of(file_magic, sizeof(file_magic)));
}

void mm_evtx_init(struct mm_evtx *e, struct mm_slice file)
{
    memset(e, 0, sizeof(*e));
    e->file = file;
    e->head_told = file.p == NULL;
    mm_arena_init(&e->record, RECORD_MEMORY);
    mm_arena_init(&e->names, NAMES_MEMORY);
    mm_buf_init(&e->text, 2 * MM_EVTX_CHUNK + 64); /* a chunk in hexadecimal */
    crc_init(e->crc);
}

void mm_evtx_feed(struct mm_evtx *e, struct mm_slice chunks, uint64_t first)
{
    MM_ASSERT(first <= (SIZE_MAX - MM_EVTX_HEAD) / MM_EVTX_CHUNK);
    e->file = chunks;
    e->base = MM_EVTX_HEAD + (size_t)first * MM_EVTX_CHUNK;
    e->chunk = first;
    e->pos = e->end = 0;
}

void mm_evtx_done(struct mm_evtx *e)
{
    mm_arena_done(&e->record);
    mm_arena_done(&e->names);
    mm_buf_done(&e->text);
}

static size_t chunk_at(const struct mm_evtx *e)
{
    return MM_EVTX_HEAD + (size_t)e->chunk * MM_EVTX_CHUNK;
}

static void broken(const struct mm_evtx *e, size_t at, const char *why, struct mm_evtx_item *ret)
{
    *ret = (struct mm_evtx_item){.kind = MM_EVTX_BROKEN,
                                 .chunk = e->chunk,
                                 .at = mm_min_size(at, e->base + e->file.n),
                                 .why = why};
}

/* The file header says nothing that its chunks do not say themselves: it is only checked. */
static bool head_is_sound(const struct mm_evtx *e)
{
    const uint8_t *p = e->file.p;

    return e->file.n >= MM_EVTX_HEAD && mm_evtx_is(e->file) &&
           crc_of(e->crc, 0, mm_slice_of(p, HEAD_CHECKED)) == mm_le32(p + HEAD_CHECKED + 4);
}

static bool all_zero(struct mm_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != 0)
            return false;
    }
    return true;
}

enum begun { BEGUN, BEGUN_DAMAGED, EMPTY, NO_CHUNK };

/* Look at the head of the chunk that comes now; sets where its records are. */
static enum begun begin_chunk(struct mm_evtx *e, struct mm_slice chunk)
{
    uint32_t free_at, crc;

    memset(e->name, 0, sizeof(e->name));
    mm_arena_reset(&e->names);
    e->lost = false;
    if (chunk.n < CHUNK_HEAD || memcmp(chunk.p, chunk_magic, sizeof(chunk_magic)) != 0)
        return all_zero(chunk) ? EMPTY : NO_CHUNK;
    e->pos = CHUNK_HEAD;
    e->end = chunk.n;
    free_at = mm_le32(chunk.p + 48);
    if (chunk.n < MM_EVTX_CHUNK || free_at < CHUNK_HEAD || free_at > MM_EVTX_CHUNK)
        return BEGUN_DAMAGED;
    crc = crc_of(e->crc, 0, mm_slice_of(chunk.p, HEAD_CHECKED));
    crc = crc_of(e->crc, crc, mm_slice_of(chunk.p + TABLES_AT, CHUNK_HEAD - TABLES_AT));
    if (crc != mm_le32(chunk.p + HEAD_CHECKED + 4) ||
        crc_of(e->crc, 0, mm_slice_of(chunk.p + CHUNK_HEAD, free_at - CHUNK_HEAD)) !=
            mm_le32(chunk.p + 52))
        return BEGUN_DAMAGED;
    e->end = free_at;
    return BEGUN;
}

/* Size of the record that begins at pos, or 0: there is none. */
static size_t record_size(struct mm_slice chunk, size_t pos, size_t end)
{
    uint32_t n;

    if (end - pos < RECORD_MIN || memcmp(chunk.p + pos, record_magic, sizeof(record_magic)) != 0)
        return 0;
    n = mm_le32(chunk.p + pos + 4);
    return n < RECORD_MIN || n > end - pos || mm_le32(chunk.p + pos + n - 4) != n ? 0 : n;
}

/* Behind damage: the next place that is a record. */
static bool find_record(struct mm_evtx *e, struct mm_slice chunk)
{
    size_t pos = e->pos + RECORD_ALIGN - e->pos % RECORD_ALIGN;

    while (pos < e->end && record_size(chunk, pos, e->end) == 0)
        pos += RECORD_ALIGN;
    e->pos = mm_min_size(pos, e->end);
    return e->pos < e->end;
}

static void read_record(struct mm_evtx *e, struct mm_slice chunk, size_t n,
                        struct mm_evtx_item *ret)
{
    const uint8_t *p = chunk.p + e->pos;
    struct mm_tree *top;

    mm_arena_reset(&e->record);
    *ret = (struct mm_evtx_item){.kind = MM_EVTX_RECORD,
                                 .chunk = e->chunk,
                                 .record = mm_le64(p + 8),
                                 .at = chunk_at(e) + e->pos,
                                 .written_us = mm_filetime_us(mm_le64(p + 16))};
    top = mm_arena_alloc(&e->record, sizeof(*top));
    if (top == NULL || !mm_binxml_read(e, chunk, e->pos + RECORD_HEAD, e->pos + n - 4, top) ||
        top->child == NULL) {
        ret->kind = MM_EVTX_BROKEN;
        ret->why = "evtx.xml";
    }
    ret->top = top;
    e->pos += n;
}

/* Begin the chunk; true when it has something to tell, which may be that it is damaged. */
static bool told_of_chunk(struct mm_evtx *e, struct mm_slice chunk, struct mm_evtx_item *ret)
{
    enum begun begun = begin_chunk(e, chunk);

    if (begun == BEGUN || begun == EMPTY)
        return false;
    broken(e, chunk_at(e),
           chunk.n < MM_EVTX_CHUNK ? "evtx.cut"
           : begun == NO_CHUNK     ? "evtx.chunk"
                                   : "evtx.crc",
           ret);
    e->pos = begun == NO_CHUNK ? CHUNK_HEAD : e->pos;
    return true;
}

/* The next record of the chunk, or what stands in its place; false at the chunk's end. */
static bool in_chunk(struct mm_evtx *e, struct mm_slice chunk, struct mm_evtx_item *ret)
{
    size_t n, at = e->pos;

    if (e->pos >= e->end)
        return false;
    n = record_size(chunk, e->pos, e->end);
    if (n > 0) {
        read_record(e, chunk, n, ret);
        return true;
    }
    (void)find_record(e, chunk);
    /* The rest of a damaged chunk was never written, or something stands there. */
    if (all_zero(mm_slice_sub(chunk, at, e->end - at)))
        return false;
    broken(e, chunk_at(e) + at, "evtx.record", ret);
    return true;
}

static void next_chunk(struct mm_evtx *e)
{
    e->chunk++;
    e->pos = e->end = 0;
}

void mm_evtx_next(struct mm_evtx *e, struct mm_evtx_item *ret)
{
    if (!e->head_told) {
        e->head_told = true;
        if (!head_is_sound(e)) {
            broken(e, 0, "evtx.head", ret);
            return;
        }
    }
    for (; chunk_at(e) - e->base < e->file.n; next_chunk(e)) {
        struct mm_slice chunk = mm_slice_sub(e->file, chunk_at(e) - e->base, MM_EVTX_CHUNK);

        if (e->pos == 0 && told_of_chunk(e, chunk, ret))
            return;
        if (in_chunk(e, chunk, ret))
            return;
    }
    *ret = (struct mm_evtx_item){.kind = MM_EVTX_END, .chunk = e->chunk, .at = e->base + e->file.n};
}
