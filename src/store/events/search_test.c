/* store/events/search_test.c - what search.h promises without a store. */
#include "store/events/search.h"

#include "store/events/schema.h"
#include "tests/harness/test.h"

enum { JST = 9 * 3600 };

struct compiled {
    struct mm_arena arena;
    struct mm_query query;
    struct mm_search_sql s;
    struct mm_fault fault;
    enum mm_code code;
};

static void compile(struct compiled *c, const char *text)
{
    struct mm_search_request r = {.company = 31,
                                  .query = &c->query,
                                  .now_us = INT64_C(1608687240000000),
                                  .zone_s = JST,
                                  .limit = 10};

    memset(c, 0, sizeof(*c));
    mm_arena_init(&c->arena, 1 << 20);
    CHECK(mm_query_parse(mm_slice_str(text), &c->arena, &c->query, NULL) == MM_OK);
    c->code = mm_search_compile(&r, (struct mm_slice){0}, &c->s, &c->fault);
}

static void done(struct compiled *c)
{
    mm_search_sql_done(&c->s);
    mm_arena_done(&c->arena);
}

/* The condition behind the company, and the values in order. */
static struct mm_slice condition(struct compiled *c)
{
    struct mm_slice sql = mm_buf_slice(&c->s.sql);
    struct mm_slice head = MM_S(" WHERE company = {company:UInt32}");
    size_t from = mm_slice_search(sql, head), to = mm_slice_search(sql, MM_S(" ORDER BY "));

    CHECK(from != SIZE_MAX && to != SIZE_MAX);
    return mm_slice_sub(sql, from + head.n, to - from - head.n);
}

TEST(search_compiles_terms_by_the_type_of_their_field)
{
    static const struct {
        const char *query, *sql, *values;
    } cases[] = {
        {"", "", ""},
        {"abc", " AND (positionCaseInsensitive(original, {p0:String}) > 0)", "abc|"},
        {"a*c%", " AND (original ILIKE {p0:String})", "%a%c\\%%|"},
        {"user.name:Tanaka",
         " AND (bitTest(present, 19) AND lower(user_name) = lower({p0:String}))", "Tanaka|"},
        {"user.name:t_*", " AND (bitTest(present, 19) AND user_name ILIKE {p0:String})", "t\\_%|"},
        {"user.name:*", " AND (bitTest(present, 19))", ""},
        {"source.port:[1 to 1023]",
         " AND (bitTest(present, 10) AND source_port >= {p0:UInt64} AND source_port <= "
         "{p1:UInt64})",
         "1|1023|"},
        {"source.ip:10.0.0.0/8",
         " AND (bitTest(present, 9) AND source_ip >= {p0:IPv6} AND source_ip <= {p1:IPv6})",
         "::ffff:10.0.0.0|::ffff:10.255.255.255|"},
        {"source.ip:2001:db8::1", " AND (bitTest(present, 9) AND source_ip = {p0:IPv6})",
         "2001:db8::1|"},
        {"http.response.status_code>=500",
         " AND (mapContains(more, {p0:String}) AND toUInt64OrZero(more[{p1:String}]) >= "
         "{p2:UInt64})",
         "http.response.status_code|http.response.status_code|500|"},
        {"vendor.x:y",
         " AND (mapContains(more, {p0:String}) AND lower(more[{p1:String}]) = "
         "lower({p2:String}))",
         "vendor.x|vendor.x|y|"},
        {"parsed:no", " AND (NOT (NOT bitTest(flags, 0)))", ""},
        {"source:3", " AND (source = {p0:UInt64})", "3|"},
        {"time:2020-12",
         " AND (time >= fromUnixTimestamp64Micro({p0:Int64}, 'UTC') AND time < "
         "fromUnixTimestamp64Micro({p1:Int64}, 'UTC'))",
         "1606748400000000|1609426800000000|"},
        {"time:[2020-12-23T10:34 to *]",
         " AND (time >= fromUnixTimestamp64Micro({p0:Int64}, 'UTC'))", "1608687240000000|"},
        {"last 1m", " AND (received >= fromUnixTimestamp64Micro({p0:Int64}, 'UTC'))",
         "1608687180000000|"},
        {"a or not b",
         " AND ((positionCaseInsensitive(original, {p0:String}) > 0) OR (NOT "
         "(positionCaseInsensitive(original, {p1:String}) > 0)))",
         "a|b|"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct compiled c;
        struct mm_buf values;

        compile(&c, cases[i].query);
        CHECK(c.code == MM_OK);
        CHECK_SLICE(condition(&c), cases[i].sql);
        mm_buf_init(&values, 4096);
        for (size_t k = 0; k + 1 < c.s.param_n; k++) {
            mm_buf_add(&values, c.s.param[k].value);
            mm_buf_byte(&values, '|');
        }
        CHECK_SLICE(mm_buf_slice(&values), cases[i].values);
        CHECK_SLICE(mm_slice_str(c.s.param[c.s.param_n - 1].name), "company");
        CHECK_SLICE(c.s.param[c.s.param_n - 1].value, "31");
        mm_buf_done(&values);
        done(&c);
    }
}

TEST(search_never_pastes_what_a_person_typed)
{
    static const char *const typed[] = {
        "x') OR company = 2 --", "user.name:\"'; DROP TABLE events\"", "vendor.'x:y", "a.b.c.zz:1",
        "event.original:*zz%*",
    };

    for (size_t i = 0; i < MM_COUNT(typed); i++) {
        struct mm_arena a;
        struct mm_query q;
        struct compiled c;
        struct mm_slice sql;

        mm_arena_init(&a, 1 << 20);
        if (mm_query_parse(mm_slice_str(typed[i]), &a, &q, NULL) == MM_OK) {
            compile(&c, typed[i]);
            sql = condition(&c);
            CHECK(c.code == MM_OK);
            CHECK(mm_slice_search(sql, MM_S("DROP")) == SIZE_MAX);
            CHECK(mm_slice_search(sql, MM_S("zz")) == SIZE_MAX);
            CHECK(mm_slice_search(sql, MM_S("company")) == SIZE_MAX);
            CHECK(mm_slice_search(sql, MM_S("--")) == SIZE_MAX);
            done(&c);
        }
        mm_arena_done(&a);
    }
}

TEST(search_names_the_byte_of_a_value_that_does_not_fit)
{
    static const struct {
        const char *query, *what;
        size_t at;
    } cases[] = {
        {"a source.port:https", "query.number", 2}, {"source.port:1*", "query.wildcard", 0},
        {"source.ip:10.0.0.1/8", "query.ip", 0},    {"source.ip:host", "query.ip", 0},
        {"time:yesterday", "query.time", 0},        {"time:2020-02-30", "query.time", 0},
        {"parsed:maybe", "query.yesno", 0},         {"user.name:[a to b]", "query.order", 0},
        {"x event.original>=a", "query.order", 2},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct compiled c;

        compile(&c, cases[i].query);
        CHECK(c.code == MM_E_SYNTAX);
        CHECK_SLICE(mm_slice_str(c.fault.what), cases[i].what);
        CHECK_NUM(c.fault.at, cases[i].at);
        done(&c);
    }
}

TEST(search_says_when_there_are_more_terms_than_parameters)
{
    struct mm_buf text;
    struct compiled c;

    mm_buf_init(&text, 4096);
    for (int i = 0; i < 40; i++)
        mm_buf_str(&text, "vendor.x:y ");
    mm_buf_byte(&text, 0);
    compile(&c, (const char *)text.p);
    CHECK(c.code == MM_E_LIMIT);
    CHECK_SLICE(mm_slice_str(c.fault.what), "query.terms");
    done(&c);
    mm_buf_done(&text);
}
