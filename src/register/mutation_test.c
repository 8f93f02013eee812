/*
 * register/mutation_test.c - take the scope out of each statement of the register, one at a time:
 * every one of them must then be refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "job/job.h"
#include "register/feature.h"
#include "register/register_test.h"
#include "tests/harness/test.h"

enum { SQL_MAX = 4096, TABLES_MAX = 64 };

static char tables[TABLES_MAX][64];
static size_t table_count;

static bool word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Every table of the migrations that has a company: read from their text, not from the code that
 * is tested. */
static void find_tables(void)
{
    for (size_t m = 0; m < mm_register_feature.migration_count; m++) {
        const char *at = mm_register_feature.migrations[m].sql;

        while ((at = strstr(at, "CREATE TABLE ")) != NULL) {
            const char *end = strstr(at, ") STRICT"),
                       *company = strstr(at, "\n    company INTEGER");
            size_t n;

            at += strlen("CREATE TABLE ");
            n = strcspn(at, " (");
            CHECK(end != NULL && n < sizeof(tables[0]) && table_count < TABLES_MAX);
            if (company == NULL || company > end)
                continue;
            memcpy(tables[table_count], at, n);
            tables[table_count++][n] = 0;
        }
    }
}

/* Is the statement refused once `sql` stands in place of its own? */
static bool refused(const struct mm_stmt *stmt, const char *sql)
{
    struct mm_stmt mutant = {.name = stmt->name, .kind = stmt->kind, .sql = sql};
    struct mm_feature f = {.name = "mutant", .stmts = &mutant, .stmt_count = 1};
    const struct mm_feature *features[] = {&mm_register_feature, &mm_job_feature, &f};
    struct mm_records *rec = NULL;
    const struct mm_stmt *bad = NULL;
    char why[512];
    bool is_refused;

    CHECK_NUM(mm_records_open(&(struct mm_records_options){.dir = mm_test_dir(),
                                                           .features = features,
                                                           .feature_count = MM_COUNT(features),
                                                           .version = "1"},
                              &rec, NULL),
              MM_OK);
    is_refused = mm_records_check(rec, &bad, why, sizeof(why)) != MM_OK && bad == &mutant;
    mm_records_close(&rec);
    return is_refused;
}

/* sql with n bytes at `at` replaced. */
static const char *replaced(const char *sql, size_t at, size_t n, const char *by)
{
    static char out[SQL_MAX];
    int len = snprintf(out, sizeof(out), "%.*s%s%s", (int)at, sql, by, sql + at + n);

    CHECK(len > 0 && (size_t)len < sizeof(out));
    return out;
}

/* Reads: each bare table becomes the whole table. */
static size_t mutate_read(const struct mm_stmt *stmt)
{
    size_t mutants = 0;

    for (size_t t = 0; t < table_count; t++) {
        for (const char *at = stmt->sql; (at = strcasestr(at, tables[t])) != NULL; at++) {
            size_t n = strlen(tables[t]), from = (size_t)(at - stmt->sql);
            char by[80];

            /* Only where it names a table: behind FROM or JOIN. */
            if (from < 5 || word_char(at[n]) ||
                (strncasecmp(at - 5, "FROM ", 5) != 0 && strncasecmp(at - 5, "JOIN ", 5) != 0))
                continue;
            (void)snprintf(by, sizeof(by), "main.%s", tables[t]);
            if (!refused(stmt, replaced(stmt->sql, from, n, by)))
                mm_test_fail(__FILE__, __LINE__, stmt->name);
            mutants++;
        }
    }
    return mutants;
}

/* Writes: the binding to the company goes, by constant or by leaving the condition out. */
static size_t mutate_write(const struct mm_stmt *stmt)
{
    static const char condition[] = "company = :company";
    const char *at = strstr(stmt->sql, condition);
    size_t mutants = 1;

    if (at != NULL) {
        if (!refused(stmt,
                     replaced(stmt->sql, (size_t)(at - stmt->sql), sizeof(condition) - 1, "1 = 1")))
            mm_test_fail(__FILE__, __LINE__, stmt->name);
        mutants++;
    }
    at = strstr(stmt->sql, ":company");
    CHECK(at != NULL);
    if (!refused(stmt, replaced(stmt->sql, (size_t)(at - stmt->sql), 8, "1")))
        mm_test_fail(__FILE__, __LINE__, stmt->name);
    return mutants;
}

/* Does it name a table that is nobody's? */
static bool of_nobody(const char *sql)
{
    for (const char *const *table = mm_register_feature.shared; *table != NULL; table++) {
        char name[80];

        (void)snprintf(name, sizeof(name), "main.%s", *table);
        if (strstr(sql, name) != NULL)
            return true;
    }
    return false;
}

/* Kinds that a scope cannot run must not be given to a statement that reads what is owned. */
static size_t mutate_kind(const struct mm_stmt *stmt)
{
    struct mm_stmt as_read = *stmt;

    if (stmt->kind != MM_STMT_SYSTEM || strstr(stmt->sql, "main.") == NULL)
        return 0;
    as_read.kind = MM_STMT_READ;
    if (!of_nobody(stmt->sql) && !refused(&as_read, stmt->sql))
        mm_test_fail(__FILE__, __LINE__, stmt->name);
    return 1;
}

TEST(register_every_statement_without_its_scope_is_refused)
{
    size_t mutants = 0, statements = 0;
    struct mm_records *rec = mm_register_open();

    mm_records_close(&rec);
    find_tables();
    CHECK(table_count > 15);
    for (size_t i = 0; i < mm_register_feature.stmt_count; i++) {
        const struct mm_stmt *stmt = &mm_register_feature.stmts[i];
        size_t n = stmt->kind == MM_STMT_WRITE    ? mutate_write(stmt)
                   : stmt->kind == MM_STMT_SYSTEM ? mutate_kind(stmt)
                                                  : mutate_read(stmt);

        mutants += n;
        statements += n > 0;
    }
    printf("# %zu mutants of %zu statements, all refused\n", mutants, statements);
    CHECK(statements > 80);
}
