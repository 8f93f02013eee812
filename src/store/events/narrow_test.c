/* store/events/narrow_test.c - what narrow.h promises without a store. */
#include "store/events/narrow.h"

#include <stdio.h>

#include "store/events/rows.h"
#include "tests/harness/test.h"

#define NOW_US INT64_C(1608687240000000)

/* The question for a query; false when there is none. */
static bool ask(const char *text, struct mm_buf *out)
{
    struct mm_arena arena;
    struct mm_query q;
    bool any;

    mm_arena_init(&arena, 1 << 20);
    mm_buf_init(out, 1 << 20);
    CHECK(mm_query_parse(mm_slice_str(text), &arena, &q, NULL) == MM_OK);
    any = mm_narrow_ask(&q, NOW_US, out);
    CHECK(mm_buf_ok(out) && any == (out->n > 0));
    mm_arena_done(&arena);
    return any;
}

/* What is asked, in short: T for a piece, the rest as it stands. */
static void shorten(struct mm_slice sql, struct mm_buf *out)
{
    static const struct mm_slice piece = MM_S_INIT("bitTest(");
    size_t from = mm_slice_search(sql, MM_S(" AND ("));
    size_t to = mm_slice_search(sql, MM_S(") = 0 ORDER BY "));

    CHECK(from != SIZE_MAX && to != SIZE_MAX);
    mm_buf_init(out, 1 << 16);
    sql = mm_slice_sub(sql, from + 6, to - from - 6);
    for (size_t i = 0; i < sql.n;) {
        if (mm_slice_starts(mm_slice_sub(sql, i, sql.n - i), piece)) {
            unsigned depth = 1;

            for (i += piece.n; depth > 0; i++)
                depth += (sql.p[i] == '(') - (unsigned)(sql.p[i] == ')');
            mm_buf_byte(out, 'T');
        } else {
            mm_buf_byte(out, sql.p[i++]);
        }
    }
}

TEST(narrow_asks_for_what_every_match_must_have)
{
    static const struct {
        const char *query, *asked; /* NULL: nothing */
    } cases[] = {
        {"", NULL},
        {"abc", NULL},
        {"abcd", "(T)"},
        {"abcde", "(T * T)"},
        {"abcdefghijk", "(T * T * T * T * T * T * T * T) * (T * T + T * T)"},
        {"event.original:abcd", "(T)"},
        {"event.original:*abcd*", "(T)"},
        {"user.name:abcd", NULL},
        {"event.original:*", NULL},
        {"not abcd", NULL},
        {"abcd not efgh", "((T))"},
        {"abcd user.name:x", "((T))"},
        {"user.name:x abcd", "((T))"},
        {"abcd efgh", "((T)) * ((T))"},
        {"abcd or efgh", "((T)) + ((T))"},
        {"abcd or user.name:x", NULL},
        {"user.name:x or abcd", NULL},
        {"ab*cdef", "(T)"},
        {"abcd*efgh?xy", "(T) * (T)"},
        {"tasktask*", NULL},
        {"ab\\*cd*", "(T * T)"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_buf sql, text;
        bool any = ask(cases[i].query, &sql);

        CHECK(any == (cases[i].asked != NULL));
        if (any) {
            shorten(mm_buf_slice(&sql), &text);
            CHECK_SLICE(mm_buf_slice(&text), cases[i].asked);
            mm_buf_done(&text);
        }
        mm_buf_done(&sql);
    }
}

TEST(narrow_asks_no_further_back_than_the_search)
{
    static const char *const bound[] = {"abcd last 1m", "last 1m abcd", "user.name:x abcd last 1m"};
    static const char *const unbound[] = {"abcd", "abcd not last 1m", "abcd and (abcd or last 1m)"};
    struct mm_buf sql;

    for (size_t i = 0; i < MM_COUNT(bound); i++) {
        CHECK(ask(bound[i], &sql));
        CHECK(mm_slice_search(mm_buf_slice(&sql), MM_S("(1608687180000000, 'UTC')")) != SIZE_MAX);
        mm_buf_done(&sql);
        CHECK(ask(unbound[i], &sql));
        CHECK(mm_slice_search(mm_buf_slice(&sql), MM_S("UTC")) == SIZE_MAX);
        mm_buf_done(&sql);
    }
}

TEST(narrow_never_pastes_what_a_person_typed)
{
    struct mm_buf sql;

    CHECK(ask("\"zz') OR company = 2 --\"", &sql));
    CHECK(mm_slice_search(mm_buf_slice(&sql), MM_S("zz")) == SIZE_MAX);
    CHECK(mm_slice_search(mm_buf_slice(&sql), MM_S("--")) == SIZE_MAX);
    CHECK(mm_slice_search(mm_buf_slice(&sql), MM_S("company = {company:UInt32}")) != SIZE_MAX);
    mm_buf_done(&sql);
}

static void put_run(struct mm_buf *b, uint16_t queue, uint64_t from, uint64_t to)
{
    mm_buf_byte(b, (uint8_t)queue);
    mm_buf_byte(b, (uint8_t)(queue >> 8));
    mm_buf_u64le(b, from);
    mm_buf_u64le(b, to);
}

/* The condition that an answer leads to, without the list of no blocks. */
static void condition(struct mm_buf *answer, struct mm_buf *out)
{
    static const struct mm_slice none = MM_S_INIT("18446744073709551615");
    struct mm_buf whole;
    struct mm_slice s;

    mm_buf_init(&whole, 1 << 20);
    mm_buf_init(out, 1 << 20);
    CHECK(mm_narrow_put(mm_buf_slice(answer), &whole) == MM_OK);
    s = mm_buf_slice(&whole);
    for (size_t i = 0; i < s.n;) {
        if (mm_slice_starts(mm_slice_sub(s, i, s.n - i), none))
            i += none.n;
        else
            mm_buf_byte(out, s.p[i++]);
    }
    mm_buf_done(&whole);
}

TEST(narrow_reads_what_is_before_between_and_behind_the_runs)
{
    struct mm_buf answer, sql;

    mm_buf_init(&answer, 1 << 16);
    condition(&answer, &sql);
    CHECK_NUM(sql.n, 0);
    mm_buf_done(&sql);
    put_run(&answer, 2, 50000, 60000);
    put_run(&answer, 300, 10, 20);
    put_run(&answer, 2, 10000, 20000);
    put_run(&answer, 2, 20000, 30000);   /* touches */
    put_run(&answer, 2, 12000, 15000);   /* inside */
    put_run(&answer, 2, 55000, 70000);   /* overlaps */
    put_run(&answer, 2, 9, 9);           /* nothing */
    put_run(&answer, 2, 900000, 900001); /* far behind */
    condition(&answer, &sql);
    CHECK_SLICE(
        mm_buf_slice(&sql),
        " AND (queue NOT IN (2, 300)"
        " OR (queue = 2 AND (seq < 10000 OR seq >= 900001 OR (seq >= 70000 AND seq < 900000)"
        " OR intDiv(seq, 1024) IN ("
        ",29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48)))"
        " OR (queue = 300 AND (seq < 10 OR seq >= 20 OR intDiv(seq, 1024) IN ())))");
    mm_buf_done(&sql);
    for (size_t n = 1; n < MM_ROWS_RUN_BYTES; n++) {
        mm_buf_init(&sql, 1 << 16);
        CHECK(mm_narrow_put(mm_slice_of(answer.p, n), &sql) == MM_E_SYNTAX);
        CHECK_NUM(sql.n, 0);
    }
    mm_buf_done(&answer);
}

static size_t count(struct mm_slice s, uint8_t c)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == c;
    return n;
}

TEST(narrow_says_many_gaps_more_coarsely)
{
    struct mm_buf answer, sql;

    mm_buf_init(&answer, 1 << 20);
    for (uint64_t i = 1; i <= 3000; i++)
        put_run(&answer, 1, i * 10000, i * 10000 + 5000);
    condition(&answer, &sql);
    CHECK(count(mm_buf_slice(&sql), ',') <= MM_NARROW_BLOCKS_MAX + 1);
    CHECK(mm_slice_search(mm_buf_slice(&sql), MM_S("intDiv(seq, 16384)")) != SIZE_MAX);
    mm_buf_done(&sql);
    mm_buf_reset(&answer);
    for (uint64_t i = 1; i <= 3000; i++)
        put_run(&answer, (uint16_t)(i % 9), i << 20, (i << 20) + 5000);
    condition(&answer, &sql);
    CHECK(mm_slice_starts(mm_buf_slice(&sql), MM_S(" AND (queue NOT IN (0, 1, 2, 3) OR ")));
    CHECK(sql.n < 20000);
    mm_buf_done(&sql);
    mm_buf_done(&answer);
}

/* Whatever the runs: a number that lies in none of them is read. */
TEST(narrow_leaves_out_no_number_outside_the_runs)
{
    struct mm_buf answer, sql;
    uint64_t state = 9;

    for (int round = 0; round < 30; round++) {
        uint64_t at = 1 + state % 5000, block = 0, from[40], to[40];
        struct mm_slice s;
        size_t n = 0, in;

        mm_buf_init(&answer, 1 << 16);
        for (; n < 40; n++) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
            from[n] = at;
            to[n] = at + 1 + (state >> 40) % 20000;
            at = to[n] + 1 + (state >> 20) % (n % 7 == 0 ? 3000000 : 9000);
            put_run(&answer, 1, from[n], to[n]);
        }
        condition(&answer, &sql);
        s = mm_buf_slice(&sql);
        in = mm_slice_search(s, MM_S("intDiv(seq, "));
        CHECK(in != SIZE_MAX);
        for (in += 12; s.p[in] != ')'; in++)
            block = block * 10 + (uint64_t)(s.p[in] - '0');
        for (size_t i = 0; i + 1 < n; i++) {
            uint64_t step = (from[i + 1] - to[i]) / 6 + 1;

            for (uint64_t number = to[i]; number < from[i + 1]; number += step) {
                char first[32], last[32], stretch[64];

                (void)snprintf(first, sizeof(first), ",%llu,",
                               (unsigned long long)(number / block));
                (void)snprintf(last, sizeof(last), ",%llu)", (unsigned long long)(number / block));
                (void)snprintf(stretch, sizeof(stretch), "(seq >= %llu AND seq < %llu)",
                               (unsigned long long)to[i], (unsigned long long)from[i + 1]);
                CHECK(mm_slice_search(s, mm_slice_str(first)) != SIZE_MAX ||
                      mm_slice_search(s, mm_slice_str(last)) != SIZE_MAX ||
                      mm_slice_search(s, mm_slice_str(stretch)) != SIZE_MAX);
            }
        }
        mm_buf_done(&answer);
        mm_buf_done(&sql);
    }
}
