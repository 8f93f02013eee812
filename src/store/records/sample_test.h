/*
 * store/records/sample_test.h - a small feature for the tests of store/records.
 *
 * Purpose   Companies and their things: enough schema to hold every promise of records.h against.
 * Owns      Static tables only.
 * Threads   Constants.
 * Trust     Test code only.
 */
#ifndef MM_STORE_RECORDS_SAMPLE_TEST_H
#define MM_STORE_RECORDS_SAMPLE_TEST_H

#include "store/records/query.h"
#include "store/records/system_scope.h"

enum sample_stmt {
    SAMPLE_COMPANY_ADD,
    SAMPLE_THING_ADD,
    SAMPLE_THING_RENAME,
    SAMPLE_THING_REMOVE,
    SAMPLE_THING_LIST,
    SAMPLE_THING_GET,
    SAMPLE_THING_COUNT,
    SAMPLE_COUNT_ALL,
    SAMPLE_BY_NAME,
    SAMPLE_STMTS,
};

extern const struct mm_stmt mm_sample_stmts[SAMPLE_STMTS];
extern const struct mm_feature mm_sample_feature;

/* Opens `dir` with the sample feature; stops the test when it can't. */
struct mm_records *mm_sample_open(const char *dir);
/* Makes companies 0..count-1. */
void mm_sample_companies(struct mm_records *rec, uint32_t count);
/* Adds one thing to the company of the scope, durably. */
enum mm_code mm_sample_add(struct mm_records *rec, const struct mm_scope *scope, const char *name);
/* How many things the scope sees. */
int64_t mm_sample_count(struct mm_records *rec, const struct mm_scope *scope);
/* How many there are at all. */
int64_t mm_sample_count_all(struct mm_records *rec);

#endif
