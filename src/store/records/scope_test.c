/* store/records/scope_test.c - no statement reaches a company that its scope doesn't see. */
#include "store/records/scope.h"

#include <stdio.h>

#include "store/records/sample_test.h"
#include "store/records/scope_make.h"
#include "tests/harness/test.h"

enum { COMPANIES = 8 };

/* Companies 0..7 with i + 1 things each, all also having one named "common". */
static struct mm_records *filled(void)
{
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    struct mm_scope_hold hold;

    mm_sample_companies(rec, COMPANIES);
    for (uint32_t c = 0; c < COMPANIES; c++) {
        const struct mm_scope *one = mm_system_company(&hold, c);

        CHECK_NUM(mm_sample_add(rec, one, "common"), MM_OK);
        for (uint32_t i = 0; i < c; i++) {
            char name[32];

            (void)snprintf(name, sizeof(name), "own-%u", i);
            CHECK_NUM(mm_sample_add(rec, one, name), MM_OK);
        }
    }
    return rec;
}

static const struct mm_scope *made(struct mm_arena *a, struct mm_scope_spec spec)
{
    const struct mm_scope *s = NULL;

    CHECK_NUM(mm_scope_make(a, &spec, &s), MM_OK);
    return s;
}

TEST(scope_shows_each_kind_its_companies_and_no_other)
{
    static const uint32_t set[] = {6, 2};
    struct mm_records *rec = filled();
    struct mm_arena a;

    mm_arena_init(&a, 65536);
    for (uint32_t c = 0; c < COMPANIES; c++) {
        const struct mm_scope *s =
            made(&a, (struct mm_scope_spec){.kind = MM_SCOPE_COMPANY, .company = c});
        CHECK_NUM(mm_sample_count(rec, s), c + 1);
    }
    CHECK_NUM(mm_sample_count(rec, made(&a, (struct mm_scope_spec){.kind = MM_SCOPE_OPERATOR,
                                                                   .companies = set,
                                                                   .count = 2})),
              3 + 7);
    CHECK_NUM(mm_sample_count(rec, made(&a, (struct mm_scope_spec){.kind = MM_SCOPE_OPERATOR})), 0);
    CHECK_NUM(mm_sample_count(
                  rec, made(&a, (struct mm_scope_spec){.kind = MM_SCOPE_OPERATOR, .all = true})),
              36);
    CHECK_NUM(mm_sample_count(rec, mm_system_scope()), 36);
    mm_arena_done(&a);
    mm_records_close(&rec);
}

TEST(scope_narrows_only_to_what_it_sees)
{
    static const uint32_t set[] = {6, 2};
    struct mm_arena a;
    struct mm_scope_hold hold;
    const struct mm_scope *out = NULL, *operator_scope, *company;

    mm_arena_init(&a, 65536);
    operator_scope = made(&a, (struct mm_scope_spec){.kind = MM_SCOPE_OPERATOR,
                                                     .companies = set,
                                                     .count = 2,
                                                     .user = 7,
                                                     .role = 3,
                                                     .readonly = true});
    CHECK_NUM(mm_scope_narrow(operator_scope, 3, &hold, &out), MM_E_NOTFOUND);
    CHECK(out == NULL);
    CHECK_NUM(mm_scope_narrow(operator_scope, 6, &hold, &out), MM_OK);
    CHECK_NUM(mm_scope_company(out), 6);
    CHECK_NUM(mm_scope_user(out), 7);
    CHECK_NUM(mm_scope_role(out), 3);
    CHECK(mm_scope_readonly(out));
    company = made(&a, (struct mm_scope_spec){.kind = MM_SCOPE_COMPANY, .company = 4});
    CHECK_NUM(mm_scope_narrow(company, 5, &hold, &out), MM_E_NOTFOUND);
    CHECK_NUM(mm_scope_narrow(company, 4, &hold, &out), MM_OK);
    CHECK_NUM(mm_scope_narrow(made(&a, (struct mm_scope_spec){.kind = MM_SCOPE_PROGRAMME,
                                                              .companies = set,
                                                              .count = 2}),
                              6, &hold, &out),
              MM_E_NOTFOUND);
    mm_arena_done(&a);
}

TEST(scope_programme_reads_aggregates_of_five_companies_and_nothing_else)
{
    static const uint32_t five[] = {3, 4, 5, 6, 7};
    struct mm_records *rec = filled();
    struct mm_arena a;
    struct mm_tx *tx = NULL;
    struct mm_q q;
    int rows = 0;

    mm_arena_init(&a, 65536);
    for (size_t n = 4; n <= 5; n++) {
        const struct mm_scope *s =
            made(&a, (struct mm_scope_spec){
                         .kind = MM_SCOPE_PROGRAMME, .companies = five + 5 - n, .count = n});

        CHECK_NUM(mm_records_read(rec, s, &tx), MM_OK);
        mm_q_begin(&q, tx, &mm_sample_stmts[SAMPLE_THING_LIST]);
        CHECK(!mm_q_row(&q));
        CHECK_NUM(mm_q_end(&q), MM_E_DENIED);
        mm_q_begin(&q, tx, &mm_sample_stmts[SAMPLE_BY_NAME]);
        while (mm_q_row(&q)) {
            CHECK_NUM(mm_q_col_int(&q, 0), 5);
            rows++;
        }
        CHECK_NUM(mm_q_end(&q), MM_OK);
        mm_records_read_done(&tx);
        /* common, own-0, own-1, own-2 are had by all five; own-3 .. own-6 by fewer */
        CHECK_NUM(rows, n == 4 ? 0 : 4);
    }
    mm_arena_done(&a);
    mm_records_close(&rec);
}

TEST(scope_readonly_refuses_every_write)
{
    struct mm_records *rec = filled();
    struct mm_arena a;

    mm_arena_init(&a, 65536);
    CHECK_NUM(mm_sample_add(rec,
                            made(&a, (struct mm_scope_spec){.kind = MM_SCOPE_COMPANY,
                                                            .company = 1,
                                                            .readonly = true}),
                            "x"),
              MM_E_DENIED);
    mm_arena_done(&a);
    mm_records_close(&rec);
}

/* Statements that somebody forgot to bind to the company; each is refused or does no harm. */
static const struct mm_stmt careless[] = {
    {"read_whole", MM_STMT_READ, "SELECT count(*), max(name) FROM main.thing"},
    {"read_whole_join", MM_STMT_READ, "SELECT count(t.thing) FROM company c, main.thing t"},
    {"read_whole_sub", MM_STMT_READ, "SELECT (SELECT max(name) FROM main.thing)"},
    {"read_whole_quoted", MM_STMT_READ, "SELECT max(name) FROM \"MAIN\".[Thing]"},
    {"read_whole_cte", MM_STMT_READ,
     "WITH x AS (SELECT name FROM main.thing) SELECT max(name) FROM x"},
    {"read_whole_disguised", MM_STMT_READ,
     "WITH thing AS (SELECT name FROM main.thing) SELECT max(name) FROM thing"},
    {"write_no_company", MM_STMT_WRITE, "UPDATE main.thing SET name = 'x'"},
    {"write_as_read", MM_STMT_READ, "DELETE FROM main.thing"},
    {"write_reads_whole", MM_STMT_WRITE,
     "UPDATE main.thing SET name = (SELECT max(name) FROM main.thing) WHERE company = :company"},
    {"aggregate_without_count", MM_STMT_AGGREGATE, "SELECT 5 AS companies, name FROM thing"},
    {"pragma", MM_STMT_SYSTEM, "PRAGMA query_only = OFF"},
    {"attach", MM_STMT_SYSTEM, "ATTACH ':memory:' AS other"},
    {"drop_view", MM_STMT_SYSTEM, "DROP VIEW temp.thing"},
    {"drop_guard", MM_STMT_SYSTEM, "DROP TRIGGER temp.mm_guard_UPDATE_thing"},
};

TEST(scope_refuses_to_compile_statements_that_pass_by_it)
{
    struct mm_records *rec = filled();
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;

    CHECK_NUM(mm_records_read(rec, mm_system_company(&hold, 1), &tx), MM_OK);
    for (size_t i = 0; i < MM_COUNT(careless); i++) {
        struct mm_feature f = {.name = "careless", .stmts = &careless[i], .stmt_count = 1};
        const struct mm_feature *features[] = {&mm_sample_feature, &f};
        struct mm_records *with = NULL;
        const struct mm_stmt *bad = NULL;
        char why[512] = "";

        CHECK_NUM(mm_records_open(&(struct mm_records_options){.dir = mm_test_dir(),
                                                               .features = features,
                                                               .feature_count = 2,
                                                               .version = "1"},
                                  &with, NULL),
                  MM_OK);
        if (mm_records_check(with, &bad, why, sizeof(why)) == MM_OK)
            mm_test_fail(__FILE__, __LINE__, careless[i].name);
        CHECK(bad == &careless[i]);
        CHECK(why[0] != 0);
        mm_records_close(&with);
    }
    mm_records_read_done(&tx);
    mm_records_close(&rec);
}

/* Well-formed but wrong: the WHERE names another company, or none. */
static const struct mm_stmt wrong[] = {
    {"update_all", MM_STMT_WRITE, "UPDATE main.thing SET note = 'x' WHERE :company IS NOT NULL"},
    {"delete_all", MM_STMT_WRITE, "DELETE FROM main.thing WHERE :company IS NOT NULL"},
    {"insert_other", MM_STMT_WRITE,
     "INSERT INTO main.thing(company, name) VALUES (:company + 1, 'planted')"},
    {"move_away", MM_STMT_WRITE,
     "UPDATE main.thing SET company = 2, name = 'm' WHERE company = :company"},
    {"steal", MM_STMT_WRITE,
     "UPDATE main.thing SET company = :company, name = 's' WHERE company = 5 AND name = 'own-3'"},
    {"upsert_other", MM_STMT_WRITE,
     "INSERT INTO main.thing(company, name) VALUES (:company + 1, 'common')"
     " ON CONFLICT DO UPDATE SET note = 'x'"},
    {"replace_other", MM_STMT_WRITE,
     "INSERT OR REPLACE INTO main.thing(thing, company, name) VALUES (8, :company, 'x')"},
};

static enum mm_code work_wrong(struct mm_tx *tx, void *arg)
{
    struct mm_q q;

    mm_q_begin(&q, tx, arg);
    return mm_q_end(&q);
}

TEST(scope_guards_refuse_rows_of_other_companies_whatever_the_statement_says)
{
    struct mm_records *rec = filled();
    struct mm_scope_hold hold;

    for (size_t i = 0; i < MM_COUNT(wrong); i++) {
        /* Statements are known by their address: not copied. const is given back in work_wrong. */
        void *stmt = (void *)(uintptr_t)&wrong[i];

        if (mm_records_write(rec, mm_system_company(&hold, 1), work_wrong, stmt) != MM_E_DENIED)
            mm_test_fail(__FILE__, __LINE__, wrong[i].name);
    }
    CHECK_NUM(mm_sample_count_all(rec), 36);
    CHECK_NUM(mm_sample_count(rec, mm_system_company(&hold, 1)), 2);
    mm_records_close(&rec);
}

static enum mm_code work_narrow(struct mm_tx *tx, void *arg)
{
    const uint32_t *company = arg;
    enum mm_code code = mm_tx_narrow(tx, *company);
    struct mm_q q;

    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_sample_stmts[SAMPLE_THING_ADD]);
    mm_q_text(&q, ":name", MM_S("narrowed"));
    mm_q_null(&q, ":note");
    code = mm_q_end(&q);
    mm_tx_widen(tx);
    return code;
}

static enum mm_code work_add_wide(struct mm_tx *tx, void *arg)
{
    struct mm_q q;

    (void)arg;
    mm_q_begin(&q, tx, &mm_sample_stmts[SAMPLE_THING_ADD]);
    mm_q_text(&q, ":name", MM_S("wide"));
    mm_q_null(&q, ":note");
    return mm_q_end(&q);
}

TEST(scope_of_many_companies_writes_only_after_narrowing)
{
    static const uint32_t set[] = {2, 6};
    struct mm_records *rec = filled();
    struct mm_arena a;
    struct mm_scope_hold hold;
    const struct mm_scope *s;
    uint32_t company = 6;

    mm_arena_init(&a, 65536);
    s = made(&a, (struct mm_scope_spec){
                     .kind = MM_SCOPE_OPERATOR, .companies = set, .count = MM_COUNT(set)});
    CHECK_NUM(mm_records_write(rec, s, work_add_wide, NULL), MM_E_DENIED);
    CHECK_NUM(mm_records_write(rec, s, work_narrow, &company), MM_OK);
    CHECK_NUM(mm_sample_count(rec, mm_system_company(&hold, 6)), 8);
    company = 5;
    CHECK_NUM(mm_records_write(rec, s, work_narrow, &company), MM_E_NOTFOUND);
    CHECK_NUM(mm_sample_count_all(rec), 37);
    mm_arena_done(&a);
    mm_records_close(&rec);
}

static enum mm_code work_count(struct mm_tx *tx, void *arg)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_sample_stmts[SAMPLE_THING_COUNT]);
    return mm_q_end_int(&q, arg);
}

TEST(scope_holds_in_reads_of_a_write_transaction_too)
{
    static const uint32_t set[] = {1, 4, 7}; /* with a company that isn't its own in between */
    struct mm_records *rec = filled();
    struct mm_arena a;
    struct mm_scope_hold hold;
    int64_t n = -1;

    mm_arena_init(&a, 65536);
    CHECK_NUM(mm_records_write(rec, mm_system_company(&hold, 4), work_count, &n), MM_OK);
    CHECK_NUM(n, 5);
    CHECK_NUM(mm_records_write(rec,
                               made(&a, (struct mm_scope_spec){.kind = MM_SCOPE_OPERATOR,
                                                               .companies = set,
                                                               .count = MM_COUNT(set)}),
                               work_count, &n),
              MM_OK);
    CHECK_NUM(n, 2 + 5 + 8);
    CHECK_NUM(mm_records_write(rec, made(&a, (struct mm_scope_spec){.kind = MM_SCOPE_OPERATOR}),
                               work_count, &n),
              MM_OK);
    CHECK_NUM(n, 0);
    CHECK_NUM(mm_records_write(rec, mm_system_scope(), work_count, &n), MM_OK);
    CHECK_NUM(n, 36);
    mm_arena_done(&a);
    mm_records_close(&rec);
}

TEST(scope_runs_system_statements_for_the_system_only)
{
    struct mm_records *rec = filled();
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    struct mm_q q;
    int64_t n = -1;

    CHECK_NUM(mm_records_read(rec, mm_system_company(&hold, 1), &tx), MM_OK);
    mm_q_begin(&q, tx, &mm_sample_stmts[SAMPLE_COUNT_ALL]);
    CHECK_NUM(mm_q_end(&q), MM_E_DENIED);
    mm_tx_elevate(tx);
    mm_q_begin(&q, tx, &mm_sample_stmts[SAMPLE_COUNT_ALL]);
    CHECK_NUM(mm_q_end_int(&q, &n), MM_OK);
    CHECK_NUM(n, 36);
    mm_tx_drop(tx);
    mm_q_begin(&q, tx, &mm_sample_stmts[SAMPLE_COUNT_ALL]);
    CHECK_NUM(mm_q_end(&q), MM_E_DENIED);
    mm_records_read_done(&tx);
    mm_records_close(&rec);
}

TEST(scope_lets_well_formed_features_pass_the_check)
{
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    const struct mm_stmt *bad = NULL;
    char why[512] = "";

    if (mm_records_check(rec, &bad, why, sizeof(why)) != MM_OK)
        mm_test_fail(__FILE__, __LINE__, why);
    mm_records_close(&rec);
}

TEST(scope_check_refuses_tables_without_a_company)
{
    static const struct mm_migration m[] = {
        {1, "orphan",
         "CREATE TABLE company(company INTEGER PRIMARY KEY) STRICT;"
         "CREATE TABLE orphan(note TEXT) STRICT;"},
    };
    struct mm_feature f = {.name = "orphan", .migrations = m, .migration_count = 1};
    const struct mm_feature *features[] = {&f};
    struct mm_records *rec = NULL;
    const struct mm_stmt *bad = NULL;
    char why[512] = "";

    CHECK_NUM(mm_records_open(&(struct mm_records_options){.dir = mm_test_dir(),
                                                           .features = features,
                                                           .feature_count = 1,
                                                           .version = "1"},
                              &rec, NULL),
              MM_OK);
    CHECK_NUM(mm_records_check(rec, &bad, why, sizeof(why)), MM_E_CONFIG);
    CHECK(strstr(why, "orphan") != NULL);
    mm_records_close(&rec);
}
