/*
 * tests/harness/records.h - a records database for the test of one feature.
 *
 * Purpose   Companies 0 (the operator's own), 1 and 2 without the register, and every statement of
 *           the features checked when it is opened.
 * Owns      The caller closes the records.
 * Threads   Test code.
 * Trust     Test code only.
 */
#ifndef MM_TESTS_HARNESS_RECORDS_H
#define MM_TESTS_HARNESS_RECORDS_H

#include "store/records/query.h"
#include "tests/harness/test.h"

/* Stands in for the register: everything else refers to its companies. */
static const struct mm_migration mm_test_company_migrations[] = {
    {1, "companies",
     "CREATE TABLE company(company INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;"
     "INSERT INTO company VALUES (0, 'operator'), (1, 'a'), (2, 'b');"
     "CREATE TABLE device(company INTEGER NOT NULL REFERENCES company(company), "
     "name TEXT NOT NULL, address TEXT, ended_us INTEGER) STRICT;"
     "INSERT INTO device VALUES (1, 'router', '192.0.2.1', NULL), (2, 'nas', NULL, NULL);"},
};
MM_UNUSED static const struct mm_feature mm_test_companies = {
    .name = "register",
    .migrations = mm_test_company_migrations,
    .migration_count = 1,
};

/* Records in the test's directory with these n features. */
MM_UNUSED static struct mm_records *mm_test_records(const struct mm_feature *const *features,
                                                    size_t n)
{
    struct mm_records_options options = {
        .dir = mm_test_dir(), .features = features, .feature_count = n, .version = "1.0.0"};
    struct mm_records *rec = NULL;
    const struct mm_stmt *bad = NULL;
    char why[200] = "";

    CHECK_NUM(mm_records_open(&options, &rec, NULL), MM_OK);
    if (mm_records_check(rec, &bad, why, sizeof(why)) != MM_OK) {
        printf("# %s: %s\n", bad == NULL ? "?" : bad->name, why);
        CHECK(!"a statement is refused");
    }
    return rec;
}

#endif
