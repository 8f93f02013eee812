/* store/events/sieve_test.c - what sieve.h promises: above all, that no line is ever missed. */
#include "store/events/sieve.h"

#include "base/rd.h"
#include "store/events/schema.h"
#include "tests/harness/test.h"

enum { ROWS_MAX = 64, LINE_MAX = 300 };

struct rows {
    struct mm_buf bytes;
    size_t n;
    struct mm_sieve_row row[ROWS_MAX];
};

static uint64_t little(struct mm_rd *rd, size_t bytes)
{
    struct mm_slice s;
    uint64_t v = 0;

    CHECK(mm_rd_take(rd, bytes, &s));
    for (size_t i = bytes; i > 0; i--)
        v = v << 8 | s.p[i - 1];
    return v;
}

static uint64_t varint(struct mm_rd *rd)
{
    uint64_t v = 0, c = 0x80;

    for (unsigned shift = 0; c >= 0x80; shift += 7) {
        c = little(rd, 1);
        v |= (c & 0x7f) << shift;
    }
    return v;
}

static void column(struct rows *r, struct mm_rd *rd, size_t i)
{
    struct mm_slice skipped;

    CHECK(mm_rd_take(rd, varint(rd), &skipped)); /* name */
    CHECK(mm_rd_take(rd, varint(rd), &skipped)); /* type */
    for (struct mm_sieve_row *row = r->row; row < r->row + r->n; row++) {
        if (i == MM_SVC_COMPANY)
            row->company = (uint32_t)little(rd, 4);
        else if (i == MM_SVC_RECEIVED)
            row->received_us = (int64_t)little(rd, 8);
        else if (i == MM_SVC_QUEUE)
            row->queue = (uint16_t)little(rd, 2);
        else if (i == MM_SVC_FROM)
            row->from = little(rd, 8);
        else if (i == MM_SVC_TO)
            row->to = little(rd, 8);
        else if (i == MM_SVC_KEEP_DAYS)
            row->keep_days = (uint16_t)little(rd, 2);
        else if (i == MM_SVC_FORM)
            CHECK_NUM(little(rd, 1), MM_SIEVE_FORM);
        else
            CHECK(mm_rd_take(rd, varint(rd), i == MM_SVC_FOURS ? &row->fours : &row->eights));
    }
}

/* Everything the sieve has, read back from its block. */
static void take(struct mm_sieve *s, struct rows *r)
{
    struct mm_rd rd;

    *r = (struct rows){.n = 0};
    mm_buf_init(&r->bytes, 1 << 26);
    mm_sieve_flush(s);
    CHECK(mm_sieve_write(s, &r->bytes) == MM_OK);
    CHECK_NUM(mm_sieve_rows(s), 0);
    rd = mm_rd_of(mm_buf_slice(&r->bytes));
    if (mm_rd_left(&rd) == 0)
        return;
    CHECK_NUM(varint(&rd), MM_SVC_COUNT);
    r->n = varint(&rd);
    CHECK(r->n <= ROWS_MAX);
    for (size_t i = 0; i < MM_SVC_COUNT; i++)
        column(r, &rd, i);
    CHECK_NUM(mm_rd_left(&rd), 0);
}

static uint64_t rolled(uint64_t *state, uint64_t below)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state % below;
}

/* A line of letters of both cases, figures, signs and letters of other scripts: its n-th is always
 * the same. */
static struct mm_slice line_of(uint64_t n, uint8_t out[LINE_MAX])
{
    static const char *const atoms[] = {
        "GET /index", "user=",  "Tanaka",   "10.0.", "203.0.113.", "\xe6\x97\xa5\xe6\x9c\xac",
        "powershell", "\\Temp", "\xff\x00", "k",     "S",          "\xc3\x84",
        "=",          "a1b2c3", "\t",       "{",     "}",          "%s",
    };
    uint64_t state = n * UINT64_C(0x9e3779b97f4a7c15) + 1;
    size_t len = 0, atoms_n = rolled(&state, 20);

    for (size_t i = 0; i < atoms_n; i++) {
        const char *atom = atoms[rolled(&state, MM_COUNT(atoms))];
        size_t k = strlen(atom);

        memcpy(out + len, atom, k);
        len += k;
        out[len++] = (uint8_t)('0' + rolled(&state, 60));
    }
    return mm_slice_of(out, len);
}

static struct mm_sieve_line numbered(uint32_t company, uint64_t seq, struct mm_slice text)
{
    return (struct mm_sieve_line){.company = company,
                                  .seq = seq,
                                  .received_us = (int64_t)seq * 10,
                                  .keep_days = 30,
                                  .text = text};
}

/* Any piece of any line, its letters in any case, must be possible in the row of its number. */
TEST(sieve_never_rules_out_what_is_there)
{
    enum { LINES = 3000, COMPANIES = 3 };
    struct mm_sieve *s;
    struct rows r;
    uint8_t text[LINE_MAX], cut[LINE_MAX];
    uint64_t state = 7, found = 0;

    CHECK(mm_sieve_new(5, &s) == MM_OK);
    for (uint64_t seq = 1; seq <= LINES; seq++) {
        struct mm_sieve_line l = numbered((uint32_t)(seq % COMPANIES), seq, line_of(seq, text));

        mm_sieve_add(s, &l);
    }
    take(s, &r);
    CHECK_NUM(r.n, COMPANIES);
    for (uint64_t seq = 1; seq <= LINES; seq++) {
        struct mm_slice t = line_of(seq, text);
        size_t from = rolled(&state, t.n + 1), n = rolled(&state, t.n - from + 1);
        struct mm_sieve_ask ask;

        for (size_t i = 0; i < n; i++) {
            uint8_t c = text[from + i], low = c | 0x20;

            cut[i] = low >= 'a' && low <= 'z' && rolled(&state, 2) == 0 ? c ^ 0x20 : c;
        }
        for (size_t i = 0; i < r.n; i++) {
            if (r.row[i].company != seq % COMPANIES)
                continue;
            CHECK(r.row[i].from <= seq && seq < r.row[i].to && r.row[i].queue == 5);
            found += mm_sieve_ask(mm_slice_of(cut, n), false, &ask);
            CHECK(mm_sieve_maybe(&ask, &r.row[i]));
            (void)mm_sieve_ask(mm_slice_of(cut, n), true, &ask);
            CHECK(mm_sieve_maybe(&ask, &r.row[i]));
        }
    }
    CHECK(found > LINES / 2);
    mm_buf_done(&r.bytes);
    mm_sieve_free(&s);
}

TEST(sieve_rules_out_most_of_what_is_not_there)
{
    struct mm_sieve *s;
    struct rows r;
    uint8_t text[LINE_MAX];
    uint64_t state = 3;
    unsigned left = 0;

    CHECK(mm_sieve_new(1, &s) == MM_OK);
    for (uint64_t seq = 1; seq <= 1000; seq++) {
        struct mm_sieve_line l = numbered(1, seq, line_of(seq, text));

        mm_sieve_add(s, &l);
    }
    take(s, &r);
    for (int i = 0; i < 100; i++) {
        struct mm_sieve_ask ask;

        for (int k = 0; k < 9; k++)
            text[k] = (uint8_t)('a' + rolled(&state, 26));
        CHECK(mm_sieve_ask(mm_slice_of(text, 9), false, &ask));
        left += mm_sieve_maybe(&ask, &r.row[0]);
    }
    CHECK(left <= 2);
    mm_buf_done(&r.bytes);
    mm_sieve_free(&s);
}

TEST(sieve_rows_of_a_company_touch_and_close_by_bytes)
{
    static uint8_t text[MM_SIEVE_TEXT_BYTES / 4];
    struct mm_sieve *s;
    struct rows r;
    uint64_t next = 11;

    CHECK(mm_sieve_new(1, &s) == MM_OK);
    for (uint64_t seq = 11; seq <= 31; seq++) {
        struct mm_sieve_line l = numbered(1, seq, mm_slice_of(text, sizeof(text)));

        mm_sieve_add(s, &l);
    }
    CHECK_NUM(mm_sieve_rows(s), 5);
    take(s, &r);
    CHECK_NUM(r.n, 6);
    for (size_t i = 0; i < r.n; i++) {
        CHECK_NUM(r.row[i].from, next);
        next = r.row[i].to;
        CHECK(r.row[i].received_us == (int64_t)(next - 1) * 10 && r.row[i].keep_days == 30);
        /* Lines all alike need the smallest of filters. */
        CHECK(r.row[i].fours.n == 64 && r.row[i].eights.n == 64);
    }
    CHECK_NUM(next, 32);
    mm_buf_done(&r.bytes);
    mm_sieve_free(&s);
}

TEST(sieve_begins_anew_where_numbers_go_back)
{
    static const uint64_t numbers[] = {5, 6, 7, 6, 7, 8};
    struct mm_sieve *s;
    struct rows r;

    CHECK(mm_sieve_new(1, &s) == MM_OK);
    for (size_t i = 0; i < MM_COUNT(numbers); i++) {
        struct mm_sieve_line l = numbered(1, numbers[i], MM_S("a line"));

        mm_sieve_add(s, &l);
    }
    take(s, &r);
    CHECK_NUM(r.n, 2);
    CHECK(r.row[0].from == 5 && r.row[0].to == 8);
    CHECK(r.row[1].from == 6 && r.row[1].to == 9);
    mm_buf_done(&r.bytes);
    mm_sieve_free(&s);
}

/* More companies than places: some lines get no row, and no row claims a line that it has not. */
TEST(sieve_has_a_bounded_number_of_filters)
{
    struct mm_sieve *s;
    uint64_t seq = 1;

    CHECK(mm_sieve_new(1, &s) == MM_OK);
    for (uint32_t company = 1; company <= 2 * MM_SIEVE_COMPANIES_MAX; company++, seq++) {
        struct mm_sieve_line l = numbered(company, seq, MM_S("a line"));

        mm_sieve_add(s, &l);
    }
    mm_sieve_flush(s);
    CHECK(mm_sieve_rows(s) > MM_SIEVE_COMPANIES_MAX / 2);
    CHECK(mm_sieve_rows(s) <= MM_SIEVE_COMPANIES_MAX);
    mm_sieve_free(&s);
    CHECK(s == NULL);
    mm_sieve_free(&s);
}

TEST(sieve_a_silent_company_gives_up_its_place_and_claims_no_gap)
{
    struct mm_sieve *s;
    struct rows r;
    uint64_t late = 2 + MM_SIEVE_IDLE_NUMBERS + MM_SIEVE_COMPANIES_MAX;
    unsigned first = 0;

    CHECK(mm_sieve_new(1, &s) == MM_OK);
    for (uint64_t i = 0; i < 2; i++) {
        struct mm_sieve_line l = numbered(1, i == 0 ? 1 : late + 10000, MM_S("the first company"));

        mm_sieve_add(s, &l);
        /* Everybody else comes in between, and takes every place. */
        for (uint32_t company = 2; i == 0 && company <= 4 * MM_SIEVE_COMPANIES_MAX; company++) {
            l = numbered(company, late + company, MM_S("another"));
            mm_sieve_add(s, &l);
        }
    }
    mm_sieve_flush(s);
    CHECK(mm_sieve_rows(s) > ROWS_MAX);
    mm_sieve_free(&s);
    /* Alone, it keeps its place, and its row speaks for the silence too. */
    CHECK(mm_sieve_new(1, &s) == MM_OK);
    for (uint64_t i = 0; i < 2; i++) {
        struct mm_sieve_line l = numbered(1, i == 0 ? 1 : late, MM_S("the first company"));

        mm_sieve_add(s, &l);
    }
    take(s, &r);
    for (size_t i = 0; i < r.n; i++)
        first += r.row[i].company == 1 && r.row[i].from == 1 && r.row[i].to == late + 1;
    CHECK_NUM(first, 1);
    mm_buf_done(&r.bytes);
    mm_sieve_free(&s);
}

TEST(sieve_asks_only_for_pieces_that_have_one_form)
{
    static const struct {
        struct mm_slice text;
        bool folds, fours, eights;
    } cases[] = {
        {MM_S_INIT(""), false, false, false},
        {MM_S_INIT("abc"), false, false, false},
        {MM_S_INIT("abcd"), false, true, false},
        {MM_S_INIT("abcdefgh"), false, true, false},
        {MM_S_INIT("abcdefghi"), false, true, true},
        {MM_S_INIT("tasktask"), false, true, false},
        {MM_S_INIT("tasktask"), true, false, false}, /* k and s have a third form */
        {MM_S_INIT("\xc3\xa4\xc3\xb6"), false, true, false},
        {MM_S_INIT("\xc3\xa4\xc3\xb6"), true, false, false}, /* other letters fold otherwise */
        {MM_S_INIT("\xc3\xa4word"), true, true, false},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_sieve_ask ask;

        CHECK(mm_sieve_ask(cases[i].text, cases[i].folds, &ask) == cases[i].fours);
        CHECK((ask.alignments[MM_SIEVE_FOURS] > 0) == cases[i].fours);
        CHECK((ask.alignments[MM_SIEVE_EIGHTS] > 0) == cases[i].eights);
    }
}
