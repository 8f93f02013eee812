/* store/events/narrow_test.c - what narrow.h promises without a store. */
#include "store/events/narrow.h"

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
    size_t from = mm_slice_search(sql, MM_S(" AND NOT ("));
    size_t to = mm_slice_search(sql, MM_S(") ORDER BY "));

    CHECK(from != SIZE_MAX && to != SIZE_MAX);
    mm_buf_init(out, 1 << 16);
    sql = mm_slice_sub(sql, from + 10, to - from - 10);
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
        {"abcde", "(T AND T)"},
        {"abcdefghijk", "(T AND T AND T AND T AND T AND T AND T AND T) AND (T OR T OR T OR T)"},
        {"event.original:abcd", "(T)"},
        {"event.original:*abcd*", "(T)"},
        {"user.name:abcd", NULL},
        {"event.original:*", NULL},
        {"not abcd", NULL},
        {"abcd not efgh", "((T))"},
        {"abcd user.name:x", "((T))"},
        {"user.name:x abcd", "((T))"},
        {"abcd efgh", "((T)) AND ((T))"},
        {"abcd or efgh", "((T)) OR ((T))"},
        {"abcd or user.name:x", NULL},
        {"user.name:x or abcd", NULL},
        {"ab*cdef", "(T)"},
        {"abcd*efgh?xy", "(T) AND (T)"},
        {"tasktask*", NULL},
        {"ab\\*cd*", "(T AND T)"},
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
        CHECK(mm_slice_search(mm_buf_slice(&sql), MM_S("(1608600780000000, 'UTC')")) != SIZE_MAX);
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

TEST(narrow_leaves_out_runs_joined_where_they_touch)
{
    struct mm_buf answer, sql;

    mm_buf_init(&answer, 1 << 16);
    mm_buf_init(&sql, 1 << 16);
    CHECK(mm_narrow_put(mm_buf_slice(&answer), &sql) == MM_OK);
    CHECK_NUM(sql.n, 0);
    put_run(&answer, 2, 50, 60);
    put_run(&answer, 300, 10, 20);
    put_run(&answer, 2, 10, 20);
    put_run(&answer, 2, 20, 30); /* touches */
    put_run(&answer, 2, 12, 15); /* inside */
    put_run(&answer, 2, 55, 70); /* overlaps */
    CHECK(mm_narrow_put(mm_buf_slice(&answer), &sql) == MM_OK);
    CHECK_SLICE(mm_buf_slice(&sql), " AND NOT (queue = 2 AND seq >= 10 AND seq < 30)"
                                    " AND NOT (queue = 2 AND seq >= 50 AND seq < 70)"
                                    " AND NOT (queue = 300 AND seq >= 10 AND seq < 20)");
    for (size_t n = 1; n < MM_ROWS_RUN_BYTES; n++)
        CHECK(mm_narrow_put(mm_slice_of(answer.p, n), &sql) == MM_E_SYNTAX);
    mm_buf_done(&answer);
    mm_buf_done(&sql);
}

TEST(narrow_keeps_the_longest_of_many_runs)
{
    struct mm_buf answer, sql;
    size_t n = 0, at = 0;

    mm_buf_init(&answer, 1 << 20);
    mm_buf_init(&sql, 1 << 16);
    for (uint64_t i = 1; i <= 1000; i++)
        put_run(&answer, 1, i * 10000, i * 10000 + i);
    CHECK(mm_narrow_put(mm_buf_slice(&answer), &sql) == MM_OK);
    while ((at = mm_slice_find(mm_buf_slice(&sql), '<', at)) != SIZE_MAX) {
        n++;
        at++;
    }
    CHECK_NUM(n, MM_NARROW_RUNS_MAX);
    CHECK(mm_slice_search(mm_buf_slice(&sql), MM_S("seq >= 10000000 ")) != SIZE_MAX);
    CHECK(mm_slice_search(mm_buf_slice(&sql), MM_S("seq >= 10000 ")) == SIZE_MAX);
    mm_buf_done(&answer);
    mm_buf_done(&sql);
}
