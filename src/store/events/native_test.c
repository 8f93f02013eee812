/* store/events/native_test.c - what native.h, column.h and schema.h promise. */
#include "store/events/native.h"

#include "base/rd.h"
#include "store/events/statements.h"
#include "tests/harness/test.h"

static void add(void *ctx, struct mm_slice bytes)
{
    mm_buf_add(ctx, bytes);
}

static void want_bytes(struct mm_buf *got, const char *hex)
{
    struct mm_buf text;

    mm_buf_init(&text, 1 << 16);
    for (size_t i = 0; i < got->n; i++)
        mm_buf_fmt(&text, "%02x", got->p[i]);
    CHECK_SLICE(mm_buf_slice(&text), hex);
    mm_buf_done(&text);
}

TEST(column_of_words_is_what_clickhouse_writes)
{
    struct mm_column c;
    struct mm_buf out;

    mm_buf_init(&out, 1 << 16);
    mm_column_init(&c, MM_EC_WORD, 7);
    mm_column_text(&c, 0, MM_S("0"));
    mm_column_text(&c, 1, MM_S("1"));
    mm_column_text(&c, 2, MM_S("2"));
    mm_column_write(&c, add, &out);
    /* toLowCardinality(toString(number)) of three rows, as clickhouse 26.5 writes it. */
    want_bytes(&out, "0100000000000000"
                     "0006000000000000"
                     "0400000000000000"
                     "00013001310132"
                     "0300000000000000"
                     "010203");
    mm_column_done(&c);
    mm_buf_done(&out);
}

TEST(column_of_maps_is_what_clickhouse_writes)
{
    struct mm_column c;
    struct mm_buf out;

    mm_buf_init(&out, 1 << 16);
    mm_column_init(&c, MM_EC_MAP, 7);
    for (uint32_t row = 0; row < 3; row++) {
        char digit[1] = {(char)('0' + row)};

        mm_column_pair(&c, row, MM_S("k1"), mm_slice_of(digit, 1));
        mm_column_pair(&c, row, MM_S("k2"), MM_S("b"));
        mm_column_pairs_end(&c, row);
    }
    mm_column_write(&c, add, &out);
    want_bytes(&out, "0100000000000000"
                     "020000000000000004000000000000000600000000000000"
                     "0006000000000000"
                     "0300000000000000"
                     "00026b31026b32"
                     "0600000000000000"
                     "010201020102"
                     "013001620131016201320162");
    mm_column_done(&c);
    mm_buf_done(&out);
}

TEST(column_fills_rows_that_said_nothing)
{
    struct mm_column text, number, map;
    struct mm_buf out;

    mm_buf_init(&out, 1 << 16);
    mm_column_init(&text, MM_EC_STRING, 7);
    mm_column_init(&number, MM_EC_U16, 7);
    mm_column_init(&map, MM_EC_MAP, 7);
    mm_column_text(&text, 2, MM_S("x"));
    mm_column_pad(&text, 4);
    mm_column_write(&text, add, &out);
    want_bytes(&out, "0000017800");
    mm_buf_reset(&out);
    mm_column_uint(&number, 1, 0x1234);
    mm_column_pad(&number, 3);
    mm_column_write(&number, add, &out);
    want_bytes(&out, "000034120000");
    mm_buf_reset(&out);
    mm_column_pad(&map, 1);
    mm_column_write(&map, add, &out);
    want_bytes(&out, "01000000000000000000000000000000");
    mm_column_done(&text);
    mm_column_done(&number);
    mm_column_done(&map);
    mm_buf_done(&out);
}

TEST(column_widens_indexes_and_finds_every_word_again)
{
    struct mm_column c;
    enum { WORDS = 70000 };

    mm_column_init(&c, MM_EC_WORD, 99);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < WORDS; i++) {
            char word[40];
            int n = snprintf(word, sizeof(word), "word-with-some-length-%u", i);

            mm_column_text(&c, round * WORDS + i, mm_slice_of(word, (size_t)n));
        }
    }
    /* A few may be repeated where the table's probes end; the most are found again. */
    CHECK(c.words.n >= WORDS + 1 && c.words.n < WORDS + WORDS / 100);
    for (uint32_t i = 0; i < WORDS; i += 977) {
        uint32_t index;

        memcpy(&index, c.bytes.p + i * sizeof(index), sizeof(index));
        CHECK(index > 0 && index < c.words.n);
    }
    mm_column_reset(&c);
    CHECK_NUM(c.words.n, 1);
    mm_column_done(&c);
}

static void an_event(struct mm_event *ev, uint64_t seq)
{
    mm_event_reset(ev);
    ev->company = 3;
    ev->queue = 1;
    ev->seq = seq;
    ev->format = MM_S("test");
    ev->original = MM_S("a line");
    mm_event_text(ev, MM_F_EVENT_ACTION, MM_S("deny"));
    mm_event_uint(ev, MM_F_SOURCE_BYTES, 0);
    mm_event_text(ev, MM_F_MESSAGE, MM_S("in the map"));
    ev->extra[0] = (struct mm_extra){MM_S("vendor.x"), MM_S("y")};
    ev->extra_n = 1;
}

TEST(native_block_names_every_column_once)
{
    struct mm_native *n;
    struct mm_buf out;
    struct mm_event ev;
    size_t cols_n;
    const struct mm_ecolumn *cols = mm_etable_columns(MM_ET_EVENTS, &cols_n);

    CHECK(mm_native_new(MM_ET_EVENTS, &n) == MM_OK);
    mm_buf_init(&out, 1 << 16);
    CHECK(mm_native_write(n, &out) == MM_OK);
    CHECK_NUM(out.n, 0); /* no rows, no block */
    an_event(&ev, 1);
    CHECK(mm_native_event(n, &ev) == MM_OK);
    an_event(&ev, 2);
    CHECK(mm_native_event(n, &ev) == MM_OK);
    CHECK_NUM(mm_native_rows(n), 2);
    CHECK(mm_native_bytes(n) > 12);
    CHECK(mm_native_write(n, &out) == MM_OK);
    CHECK_NUM(mm_native_rows(n), 0);
    CHECK_NUM(out.p[0], cols_n);
    CHECK_NUM(out.p[1], 2);
    for (size_t i = 0; i < cols_n; i++) {
        struct mm_buf name;

        mm_buf_init(&name, 256);
        mm_ecol_name(&name, &cols[i]);
        CHECK(mm_slice_search(mm_buf_slice(&out), mm_buf_slice(&name)) != SIZE_MAX);
        CHECK(mm_slice_find(mm_buf_slice(&name), '.', 0) == SIZE_MAX);
        mm_buf_done(&name);
    }
    mm_buf_done(&out);
    mm_native_free(&n);
    CHECK(n == NULL);
}

TEST(native_says_when_it_is_full)
{
    struct mm_native *n;
    struct mm_event ev;

    CHECK(mm_native_new(MM_ET_EVENTS, &n) == MM_OK);
    an_event(&ev, 1);
    for (size_t i = 0; i < MM_NATIVE_ROWS_MAX; i++)
        CHECK(mm_native_event(n, &ev) == MM_OK);
    CHECK(mm_native_event(n, &ev) == MM_E_LIMIT);
    CHECK_NUM(mm_native_rows(n), MM_NATIVE_ROWS_MAX);
    mm_native_reset(n);
    CHECK(mm_native_event(n, &ev) == MM_OK);
    mm_native_free(&n);
}

TEST(native_refuses_an_output_that_is_too_small)
{
    struct mm_native *n;
    struct mm_event ev;
    struct mm_buf out;

    CHECK(mm_native_new(MM_ET_EVENTS, &n) == MM_OK);
    mm_buf_init(&out, 100);
    an_event(&ev, 1);
    CHECK(mm_native_event(n, &ev) == MM_OK);
    CHECK(mm_native_write(n, &out) == MM_E_NOMEM);
    CHECK_NUM(mm_native_rows(n), 0);
    mm_buf_done(&out);
    mm_native_free(&n);
}

TEST(statements_have_no_mark_left_and_always_a_company_or_a_queue)
{
    for (int i = 0; i < MM_ST_COUNT; i++) {
        enum mm_statement st = (enum mm_statement)i;
        struct mm_buf sql;

        mm_buf_init(&sql, 1 << 16);
        mm_statement_sql(&sql, st);
        CHECK(mm_buf_ok(&sql) && sql.n > 0);
        CHECK(mm_slice_find(mm_buf_slice(&sql), '$', 0) == SIZE_MAX);
        if (mm_slice_starts(mm_buf_slice(&sql), MM_S("SELECT")) && st != MM_ST_STORE_SIZE &&
            st != MM_ST_PARTS && st != MM_ST_ERASING && st != MM_ST_ROWS &&
            st != MM_ST_COUNT_RANGE && st != MM_ST_COUNT_ALERTS_RANGE)
            CHECK(mm_slice_search(mm_buf_slice(&sql), MM_S("company = {company:UInt32}")) !=
                      SIZE_MAX ||
                  mm_slice_search(mm_buf_slice(&sql),
                                  MM_S("company IN {companies:Array(UInt32)}")) != SIZE_MAX);
        mm_buf_done(&sql);
    }
}
