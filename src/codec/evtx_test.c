/* codec/evtx_test.c - event log files built here, sound and broken in many ways. */
#include "codec/evtx.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "codec/evtx_priv.h"
#include "tests/harness/test.h"

enum { RECORDS_AT = 512 };

/* A chunk being written; offsets in it are what BinXml refers to. */
struct making {
    uint8_t *file; /* header and one chunk */
    uint8_t *c;    /* the chunk */
    size_t pos;
    size_t record; /* where the open record begins */
    size_t values; /* where the values' table begins */
    size_t value_at;
    uint64_t number;
};

static void u8(struct making *m, unsigned v)
{
    CHECK(m->pos < MM_EVTX_CHUNK);
    m->c[m->pos++] = (uint8_t)v;
}

static void u16(struct making *m, unsigned v)
{
    u8(m, v & 0xFF);
    u8(m, v >> 8 & 0xFF);
}

static void u32(struct making *m, size_t v)
{
    u16(m, (unsigned)(v & 0xFFFF));
    u16(m, (unsigned)(v >> 16 & 0xFFFF));
}

static void u64(struct making *m, uint64_t v)
{
    u32(m, (size_t)(v & 0xFFFFFFFF));
    u32(m, (size_t)(v >> 32));
}

static void set32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static void chars(struct making *m, const char *ascii)
{
    for (; *ascii != 0; ascii++)
        u16(m, (uint8_t)*ascii);
}

static void name(struct making *m, const char *ascii)
{
    u32(m, m->pos + 4);
    u32(m, 0);
    u16(m, 0);
    u16(m, (unsigned)strlen(ascii));
    chars(m, ascii);
    u16(m, 0);
}

static void open_element(struct making *m, const char *ascii, bool attributes)
{
    u8(m, attributes ? 0x41 : 0x01);
    u16(m, 0xFFFF);
    u32(m, 0);
    name(m, ascii);
    if (attributes)
        u32(m, 0);
}

static void attribute(struct making *m, const char *ascii)
{
    u8(m, 0x46);
    name(m, ascii);
}

static void text(struct making *m, const char *ascii)
{
    u8(m, 0x05);
    u8(m, 0x01);
    u16(m, (unsigned)strlen(ascii));
    chars(m, ascii);
}

static void hole(struct making *m, unsigned index)
{
    u8(m, 0x0E);
    u16(m, index);
    u8(m, 0x01);
}

static void begin(struct making *m)
{
    m->file = calloc(1, MM_EVTX_HEAD + MM_EVTX_CHUNK);
    CHECK(m->file != NULL);
    memcpy(m->file, "ElfFile", 8);
    m->c = m->file + MM_EVTX_HEAD;
    memcpy(m->c, "ElfChnk", 8);
    m->pos = RECORDS_AT;
    m->number = 0;
}

static void begin_record(struct making *m)
{
    m->record = m->pos;
    u32(m, 0x2A2A);
    u32(m, 0);
    u64(m, ++m->number);
    u64(m, UINT64_C(132531608401234560)); /* 2020-12-23T01:34:00.123456Z */
    u8(m, 0x0F), u8(m, 1), u8(m, 1), u8(m, 0);
}

static void end_record(struct making *m)
{
    size_t n;

    while ((m->pos + 4 - m->record) % 8 != 0)
        u8(m, 0);
    n = m->pos + 4 - m->record;
    u32(m, n);
    set32(m->c + m->record + 4, (uint32_t)n);
}

/* CRC-32, a bit at a time: not the way the reader does it. */
static uint32_t slow_crc(uint32_t crc, const uint8_t *p, size_t n)
{
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
    }
    return ~crc;
}

static void seal(struct making *m)
{
    set32(m->c + 48, (uint32_t)m->pos);
    set32(m->c + 52, slow_crc(0, m->c + RECORDS_AT, m->pos - RECORDS_AT));
    set32(m->c + 124, slow_crc(slow_crc(0, m->c, 120), m->c + 128, 384));
    set32(m->file + 124, slow_crc(0, m->file, 120));
}

/* A template with an attribute and two elements that are filled; returns where it is defined. */
static size_t template(struct making *m)
{
    size_t at, size_at;

    u8(m, 0x0C), u8(m, 1), u32(m, 7);
    u32(m, m->pos + 4);
    at = m->pos;
    u32(m, 0), u64(m, 0), u64(m, 0);
    size_at = m->pos;
    u32(m, 0);
    u8(m, 0x0F), u8(m, 1), u8(m, 1), u8(m, 0);
    open_element(m, "Event", false);
    u8(m, 0x02);
    open_element(m, "EventID", true);
    attribute(m, "Qualifiers");
    hole(m, 0);
    u8(m, 0x02);
    hole(m, 1);
    u8(m, 0x04);
    open_element(m, "Data", true);
    attribute(m, "Name");
    text(m, "What");
    u8(m, 0x02);
    hole(m, 2);
    u8(m, 0x04);
    u8(m, 0x04);
    u8(m, 0x00);
    set32(m->c + size_at, (uint32_t)(m->pos - size_at - 4));
    return at;
}

static void values(struct making *m, unsigned n)
{
    u32(m, n);
    m->values = m->pos;
    for (unsigned i = 0; i < n; i++)
        u32(m, 0);
    m->value_at = 0;
}

static void value(struct making *m, unsigned type, const void *p, size_t n)
{
    uint8_t *row = m->c + m->values + 4 * m->value_at++;

    row[0] = (uint8_t)n;
    row[1] = (uint8_t)(n >> 8);
    row[2] = (uint8_t)type;
    for (size_t i = 0; i < n; i++)
        u8(m, ((const uint8_t *)p)[i]);
}

static struct mm_slice whole(const struct making *m)
{
    return mm_slice_of(m->file, MM_EVTX_HEAD + MM_EVTX_CHUNK);
}

/* What can be read now, a line an item: JSON of a record, reason of what is broken. */
static void read_all(struct mm_evtx *e, struct mm_buf *out)
{
    struct mm_evtx_item item;

    for (int i = 0; i < 1000; i++) {
        mm_evtx_next(e, &item);
        if (item.kind == MM_EVTX_END)
            return;
        if (item.kind == MM_EVTX_RECORD)
            mm_tree_json(out, item.top);
        else
            mm_buf_str(out, item.why);
        mm_buf_byte(out, '\n');
    }
    CHECK(!"it does not end");
}

/* A file whose last byte is the last one that may be read: one more ends the test. */
static struct mm_slice guarded(struct mm_slice file, void **ret_map, size_t *ret_n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (file.n + page - 1) / page * page;
    uint8_t *p =
        mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    CHECK(mprotect(p + room, page, PROT_NONE) == 0);
    if (file.n > 0)
        memcpy(p + room - file.n, file.p, file.n);
    *ret_map = p;
    *ret_n = room + page;
    return mm_slice_of(p + room - file.n, file.n);
}

/* The file as a whole, and piece by piece; nothing behind it is looked at. */
static void expect(struct mm_slice unguarded, const char *want)
{
    void *map;
    size_t map_n;
    struct mm_slice file = guarded(unguarded, &map, &map_n);
    struct mm_slice chunks = mm_slice_sub(file, MM_EVTX_HEAD, SIZE_MAX);
    struct mm_evtx *e = calloc(1, sizeof(*e));
    struct mm_buf out, pieces;

    CHECK(e != NULL);
    mm_buf_init(&out, 1 << 20);
    mm_buf_init(&pieces, 1 << 20);
    mm_evtx_init(e, file);
    read_all(e, &out);
    CHECK_SLICE(mm_buf_slice(&out), want);
    mm_evtx_done(e);
    mm_evtx_init(e, mm_slice_sub(file, 0, MM_EVTX_HEAD));
    read_all(e, &pieces);
    for (uint64_t i = 0; i * MM_EVTX_CHUNK < chunks.n; i++) {
        mm_evtx_feed(e, mm_slice_sub(chunks, (size_t)i * MM_EVTX_CHUNK, MM_EVTX_CHUNK), i);
        read_all(e, &pieces);
    }
    CHECK_SLICE(mm_buf_slice(&pieces), want);
    mm_evtx_done(e);
    mm_buf_done(&out);
    mm_buf_done(&pieces);
    free(e);
    CHECK(munmap(map, map_n) == 0);
}

TEST(evtx_reads_templates_where_they_are_and_where_they_were)
{
    struct making m;
    size_t at;

    begin(&m);
    begin_record(&m);
    at = template(&m);
    values(&m, 3);
    value(&m, 0x06, "\x00\x40", 2);
    value(&m, 0x06, "\x10\x12", 2);
    value(&m, 0x01, "<\0\"\0\x42\x30\x3D\xD8\x00\xDE", 10);
    end_record(&m);
    begin_record(&m);
    u8(&m, 0x0C), u8(&m, 1), u32(&m, 7), u32(&m, at);
    values(&m, 3);
    value(&m, 0x00, "", 0);
    value(&m, 0x08, "\xFF\xFF\xFF\xFF", 4);
    value(&m, 0x81, "a\0\0\0b\0\0\0", 8);
    end_record(&m);
    seal(&m);
    expect(whole(&m),
           "{\"Event\":{\"EventID\":{\"#attributes\":{\"Qualifiers\":16384},\"#text\":4624},"
           "\"What\":\"<\\\"\xE3\x81\x82\xF0\x9F\x98\x80\"}}\n"
           "{\"Event\":{\"EventID\":4294967295,\"What\":\"a\",\"What\":\"b\"}}\n");
    free(m.file);
}

TEST(evtx_values_of_every_type)
{
    static const struct {
        unsigned type;
        const char *bytes;
        size_t n;
        const char *want;
    } row[] = {
        {0x02, "abc\0", 4, "\"abc\""},
        {0x03, "\xFE", 1, "-2"},
        {0x04, "\xFE", 1, "254"},
        {0x05, "\xFE\xFF", 2, "-2"},
        {0x07, "\xFE\xFF\xFF\xFF", 4, "-2"},
        {0x09, "\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8, "-2"},
        {0x0A, "\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8, "18446744073709551614"},
        {0x0B, "\0\0\xC0\x3F", 4, "\"1.5\""},
        {0x0C, "\0\0\0\0\0\0\xF8\x3F", 8, "\"1.5\""},
        {0x0D, "\1\0\0\0", 4, "true"},
        {0x0E, "\x01\xAB", 2, "\"01AB\""},
        {0x0F, "\x25\x96\x84\x54\x78\x54\x94\x49\xA5\xBA\x3E\x3B\x03\x28\xC3\x0D", 16,
         "\"54849625-5478-4994-A5BA-3E3B0328C30D\""},
        {0x11, "\x80\x4A\x44\xB0\xCB\xD8\xD6\x01", 8, "\"2020-12-23T01:34:00.123456Z\""},
        {0x12, "\xE4\x07\x0C\0\x03\0\x17\0\x01\0\x22\0\0\0\x7B\0", 16,
         "\"2020-12-23T01:34:00.123Z\""},
        {0x13, "\1\2\0\0\0\0\0\5\x20\0\0\0\x20\2\0\0", 16, "\"S-1-5-32-544\""},
        {0x14, "\xEF\xBE\0\0", 4, "\"0xbeef\""},
        {0x15, "\0\0\0\0\0\0\x20\x80", 8, "\"0x8020000000000000\""},
        {0x88, "\1\0\0\0\2\0\0\0", 8, "1,\"What\":2"},
    };

    for (size_t i = 0; i < MM_COUNT(row); i++) {
        struct making m;
        char want[256];

        begin(&m);
        begin_record(&m);
        (void)template(&m);
        values(&m, 3);
        value(&m, 0x00, "", 0);
        value(&m, 0x06, "\1\0", 2);
        value(&m, row[i].type, row[i].bytes, row[i].n);
        end_record(&m);
        seal(&m);
        (void)snprintf(want, sizeof(want), "{\"Event\":{\"EventID\":1,\"What\":%s}}\n",
                       row[i].want);
        expect(whole(&m), want);
        free(m.file);
    }
}

/* Three records without templates. */
static void three(struct making *m, size_t at[3])
{
    begin(m);
    for (int i = 0; i < 3; i++) {
        at[i] = m->pos;
        begin_record(m);
        open_element(m, "N", false);
        u8(m, 0x02);
        text(m, i == 0 ? "0" : i == 1 ? "1" : "2");
        u8(m, 0x04);
        u8(m, 0x00);
        end_record(m);
    }
    seal(m);
}

TEST(evtx_damage_is_told_and_what_is_sound_is_read)
{
    struct making m;
    size_t at[3];

    three(&m, at);
    expect(whole(&m), "{\"N\":\"0\"}\n{\"N\":\"1\"}\n{\"N\":\"2\"}\n");
    m.file[8] ^= 1;
    expect(whole(&m), "evtx.head\n{\"N\":\"0\"}\n{\"N\":\"1\"}\n{\"N\":\"2\"}\n");
    m.file[8] ^= 1;
    m.c[at[1] + 4] ^= 8; /* the size at its beginning: not that at its end */
    expect(whole(&m), "evtx.crc\n{\"N\":\"0\"}\nevtx.record\n{\"N\":\"2\"}\n");
    m.c[at[1] + 4] ^= 8;
    m.c[at[2] + 28] = 0x1F; /* its first token */
    expect(whole(&m), "evtx.crc\n{\"N\":\"0\"}\n{\"N\":\"1\"}\nevtx.xml\n");
    m.c[at[2] + 28] = 0x01;
    m.c[130] ^= 1; /* the tables of the chunk's head */
    expect(whole(&m), "evtx.crc\n{\"N\":\"0\"}\n{\"N\":\"1\"}\n{\"N\":\"2\"}\n");
    m.c[130] ^= 1;
    expect(mm_slice_sub(whole(&m), 0, MM_EVTX_HEAD + at[2] + 9),
           "evtx.cut\n{\"N\":\"0\"}\n{\"N\":\"1\"}\nevtx.record\n");
    expect(mm_slice_sub(whole(&m), 0, MM_EVTX_HEAD + at[2] + 4), /* amid the size of a record */
           "evtx.cut\n{\"N\":\"0\"}\n{\"N\":\"1\"}\nevtx.record\n");
    expect(mm_slice_sub(whole(&m), 0, MM_EVTX_HEAD + 40), "evtx.cut\n"); /* amid a chunk's head */
    set32(m.c + 48, MM_EVTX_CHUNK + 8); /* more records than a chunk holds, in a sound head */
    set32(m.c + 124, slow_crc(slow_crc(0, m.c, 120), m.c + 128, 384));
    expect(whole(&m), "evtx.crc\n{\"N\":\"0\"}\n{\"N\":\"1\"}\n{\"N\":\"2\"}\n");
    seal(&m);
    set32(m.c + at[1] + 4, (uint32_t)(MM_EVTX_CHUNK - at[1] + 4)); /* longer than the chunk */
    expect(whole(&m), "evtx.crc\n{\"N\":\"0\"}\nevtx.record\n{\"N\":\"2\"}\n");
    set32(m.c + at[1] + 4, 8); /* shorter than its own head, and true to it */
    expect(whole(&m), "evtx.crc\n{\"N\":\"0\"}\nevtx.record\n{\"N\":\"2\"}\n");
    m.c[0] = 'X';
    expect(whole(&m), "evtx.chunk\n");
    free(m.file);
    expect(MM_S("ElfFile"), "evtx.head\n");
    expect(MM_S(""), "evtx.head\n");
}

TEST(evtx_depth_and_circles_end)
{
    struct making m;
    size_t at;

    begin(&m);
    begin_record(&m);
    for (int i = 0; i < 60; i++) {
        open_element(&m, "deep", false);
        u8(&m, 0x02);
    }
    for (int i = 0; i < 60; i++)
        u8(&m, 0x04);
    end_record(&m);
    /* A template in which it stands itself. */
    begin_record(&m);
    u8(&m, 0x0C), u8(&m, 1), u32(&m, 7), u32(&m, m.pos + 4);
    at = m.pos;
    u32(&m, 0), u64(&m, 0), u64(&m, 0), u32(&m, 15);
    u8(&m, 0x0C), u8(&m, 1), u32(&m, 7), u32(&m, at), u32(&m, 0), u8(&m, 0x00);
    u32(&m, 0);
    end_record(&m);
    seal(&m);
    expect(whole(&m), "evtx.xml\nevtx.xml\n");
    free(m.file);
}

/* A template that holds a template, and so on; the last one holds <N>0</N>. */
static void nested(struct making *m, unsigned depth)
{
    size_t size_at;

    u8(m, 0x0C), u8(m, 1), u32(m, depth), u32(m, m->pos + 4);
    u32(m, 0), u64(m, depth), u64(m, 0);
    size_at = m->pos;
    u32(m, 0);
    if (depth > 0) {
        nested(m, depth - 1);
    } else {
        open_element(m, "N", false);
        u8(m, 0x02);
        text(m, "0");
        u8(m, 0x04);
    }
    u8(m, 0x00);
    set32(m->c + size_at, (uint32_t)(m->pos - size_at - 4));
    values(m, 0);
}

TEST(evtx_templates_in_each_other_are_bounded)
{
    static const unsigned depths[] = {20, 60};

    for (size_t i = 0; i < MM_COUNT(depths); i++) {
        struct making m;

        begin(&m);
        begin_record(&m);
        nested(&m, depths[i]);
        end_record(&m);
        seal(&m);
        expect(whole(&m), i == 0 ? "{\"N\":\"0\"}\n" : "evtx.xml\n");
        free(m.file);
    }
}

/* A template of `tokens` that add nothing, `times` times in one element. */
static void repeated(struct making *m, unsigned tokens, unsigned times)
{
    size_t at, size_at;

    begin(m);
    begin_record(m);
    open_element(m, "E", false);
    u8(m, 0x02);
    u8(m, 0x0C), u8(m, 1), u32(m, 7), u32(m, m->pos + 4);
    at = m->pos;
    u32(m, 0), u64(m, 0), u64(m, 0);
    size_at = m->pos;
    u32(m, 0);
    for (unsigned i = 0; i < tokens; i++)
        u8(m, 0x0F), u8(m, 1), u8(m, 1), u8(m, 0);
    u8(m, 0x00);
    set32(m->c + size_at, (uint32_t)(m->pos - size_at - 4));
    values(m, 0);
    for (unsigned i = 1; i < times; i++)
        u8(m, 0x0C), u8(m, 1), u32(m, 7), u32(m, at), u32(m, 0);
    text(m, "x");
    u8(m, 0x04);
    u8(m, 0x00);
    end_record(m);
    seal(m);
}

/* A small record that would take as many steps as its author likes. */
TEST(evtx_work_for_one_record_is_bounded)
{
    struct making m;

    repeated(&m, 1000, 20);
    expect(whole(&m), "{\"E\":\"x\"}\n");
    free(m.file);
    repeated(&m, 1000, 100);
    expect(whole(&m), "evtx.xml\n");
    free(m.file);
}

/* Lists of small numbers in one record: their items count as steps. */
TEST(evtx_lists_in_a_record_are_bounded)
{
    static const uint8_t ones[20 * 1000] = {1};

    for (unsigned lists = 3; lists <= 4; lists++) {
        struct making m;
        struct mm_evtx *e = calloc(1, sizeof(*e));
        struct mm_evtx_item item;
        size_t size_at;

        CHECK(e != NULL);
        begin(&m);
        begin_record(&m);
        u8(&m, 0x0C), u8(&m, 1), u32(&m, 7), u32(&m, m.pos + 4);
        u32(&m, 0), u64(&m, 0), u64(&m, 0);
        size_at = m.pos;
        u32(&m, 0);
        open_element(&m, "E", false);
        u8(&m, 0x02);
        for (unsigned i = 0; i < lists; i++)
            hole(&m, 0);
        u8(&m, 0x04);
        u8(&m, 0x00);
        set32(m.c + size_at, (uint32_t)(m.pos - size_at - 4));
        values(&m, 1);
        value(&m, 0x84, ones, sizeof(ones));
        end_record(&m);
        seal(&m);
        mm_evtx_init(e, whole(&m));
        mm_evtx_next(e, &item);
        CHECK(item.kind == (lists == 3 ? MM_EVTX_RECORD : MM_EVTX_BROKEN));
        mm_evtx_done(e);
        free(e);
        free(m.file);
    }
}

TEST(evtx_tables_of_values_and_names_are_bounded)
{
    static char longer[1026];
    struct making m;

    for (unsigned n = 4096; n <= 4097; n++) {
        begin(&m);
        begin_record(&m);
        (void)template(&m);
        values(&m, n);
        value(&m, 0x00, "", 0);
        value(&m, 0x06, "\1\0", 2);
        end_record(&m);
        seal(&m);
        expect(whole(&m), n == 4096 ? "{\"Event\":{\"EventID\":1,\"What\":null}}\n" : "evtx.xml\n");
        free(m.file);
    }
    memset(longer, 'n', sizeof(longer) - 1);
    begin(&m);
    begin_record(&m);
    open_element(&m, longer, false);
    u8(&m, 0x03);
    end_record(&m);
    seal(&m);
    expect(whole(&m), "evtx.xml\n");
    free(m.file);
}
