/* eventd/sql_test.c - what sql.h promises. */
#include "eventd/sql.h"

#include "tests/harness/test.h"

TEST(sql_knows_where_a_statement_runs)
{
    static const struct {
        const char *sql;
        enum mm_sql_class is;
    } cases[] = {
        {"SELECT 1", MM_SQL_READ},
        {"  -- INSERT\n/* DROP */ select 1", MM_SQL_READ},
        {"((SELECT 1))", MM_SQL_READ},
        {"WITH 1 AS x SELECT x", MM_SQL_READ},
        {"show tables", MM_SQL_SHOW},
        {"INSERT INTO t SELECT 1", MM_SQL_INSERT},
        {"KILL QUERY WHERE 1", MM_SQL_KILL},
        {"CREATE TABLE t", MM_SQL_ADMIN},
        {"/* no end SELECT 1", MM_SQL_ADMIN},
        {"", MM_SQL_ADMIN},
        {"'SELECT'", MM_SQL_ADMIN},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++)
        CHECK_NUM(mm_sql_classify(mm_slice_str(cases[i].sql)), cases[i].is);
}

TEST(sql_takes_the_data_of_an_insert_from_a_file)
{
    static const struct {
        const char *sql;
        const char *want; /* NULL: refused with */
        enum mm_code code;
    } cases[] = {
        {"INSERT INTO t (a) FORMAT Native", "INSERT INTO t (a) SELECT * FROM file('F', 'Native')",
         MM_OK},
        {"INSERT INTO t SELECT a FROM input('a DateTime64(6, \\'UTC\\')') WHERE a > 'format' "
         "format TSV ;",
         "INSERT INTO t SELECT a FROM file('F', 'TSV', 'a DateTime64(6, \\'UTC\\')') WHERE a > "
         "'format' ",
         MM_OK},
        {"INSERT INTO t SELECT format FROM u -- FORMAT Native", NULL, MM_E_NOTFOUND},
        {"INSERT INTO t VALUES ('FORMAT Native')", NULL, MM_E_NOTFOUND},
        {"INSERT INTO t SELECT * FROM input(a) FORMAT Native", NULL, MM_E_SYNTAX},
        {"INSERT INTO t SELECT * FROM input('a) FORMAT Native", NULL, MM_E_SYNTAX},
        {"INSERT INTO t SELECT * FROM input(\"a\") FORMAT Native", NULL, MM_E_SYNTAX},
        {"INSERT INTO t FORMAT N\xc3\xa9", NULL, MM_E_SYNTAX},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_buf out;

        mm_buf_init(&out, 4096);
        CHECK_NUM(mm_sql_insert_from(mm_slice_str(cases[i].sql), "F", &out), cases[i].code);
        if (cases[i].want != NULL)
            CHECK_SLICE(mm_buf_slice(&out), cases[i].want);
        mm_buf_done(&out);
    }
}

TEST(sql_reads_the_kills_it_answers_and_no_others)
{
    struct mm_sql_kill k;

    CHECK(mm_sql_kill_parse(MM_S("KILL QUERY WHERE query_id = 'a-1' SYNC"), &k));
    CHECK(!k.prefix);
    CHECK_SLICE(k.id, "a-1");
    CHECK_NUM(k.param.n, 0);
    CHECK(mm_sql_kill_parse(MM_S("kill query where startsWith(query_id, {prefix:String}) sync;"),
                            &k));
    CHECK(k.prefix);
    CHECK_NUM(k.id.n, 0);
    CHECK_SLICE(k.param, "prefix");
    CHECK(!mm_sql_kill_parse(MM_S("KILL QUERY WHERE user = 'a'"), &k));
    CHECK(!mm_sql_kill_parse(MM_S("KILL QUERY WHERE query_id = 'a' OR 1"), &k));
    CHECK(!mm_sql_kill_parse(MM_S("KILL QUERY WHERE query_id = 'a\\''"), &k));
    CHECK(!mm_sql_kill_parse(MM_S("KILL QUERY WHERE startsWith(query_id, 'a' SYNC"), &k));
    CHECK(!mm_sql_kill_parse(MM_S("KILL MUTATION WHERE query_id = 'a'"), &k));
    CHECK(!mm_sql_kill_parse(MM_S("KILL QUERY WHERE query_id = {p:UInt8}"), &k));
}

TEST(sql_finds_the_code_of_an_exception)
{
    CHECK_NUM(mm_sql_exception_code(MM_S("Code: 243. DB::Exception: no space")), 243);
    CHECK_NUM(mm_sql_exception_code(MM_S("code 243")), 0);
    CHECK_NUM(mm_sql_exception_code(MM_S("")), 0);
}
