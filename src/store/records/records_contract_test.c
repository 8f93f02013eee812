/*
 * store/records/records_contract_test.c - what any implementation of records.h and query.h keeps:
 * migrations, atomic works, durable answers, snapshots, groups, limits, watching.
 */
#include "store/records/records.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/records/sample_test.h"
#include "tests/harness/test.h"

static enum mm_code open_with(const struct mm_feature *f, struct mm_records **ret,
                              struct mm_records_fault *fault)
{
    const struct mm_feature *features[] = {f};

    return mm_records_open(
        &(struct mm_records_options){
            .dir = mm_test_dir(), .features = features, .feature_count = 1, .version = "1.2.3"},
        ret, fault);
}

TEST(records_refuses_a_file_of_a_newer_version_and_names_it)
{
    struct mm_feature older = mm_sample_feature;
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    struct mm_records_fault fault = {0};

    mm_records_close(&rec);
    older.migration_count = 1;
    CHECK_NUM(open_with(&older, &rec, &fault), MM_E_VERSION);
    CHECK(rec == NULL);
    CHECK(strcmp(fault.what, "records.newer") == 0);
    CHECK(strcmp(fault.detail, "1.2.3 (sample 002)") == 0);
}

/* Nothing of the file may change before all of it is known to be ours. */
TEST(records_of_an_unknown_feature_are_refused_before_another_feature_is_migrated)
{
    static const struct mm_migration more[] = {{1, "added", "CREATE TABLE added(x) STRICT"}};
    const struct mm_feature unknown = {
        .name = "unknown", .migrations = more, .migration_count = MM_COUNT(more)};
    const struct mm_feature *features[] = {&unknown};
    struct mm_records_options o = {
        .dir = mm_test_dir(), .features = features, .feature_count = 1, .version = "9.9"};
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    struct mm_records_fault fault = {0};

    mm_records_close(&rec);
    CHECK_NUM(mm_records_open(&o, &rec, &fault), MM_E_VERSION);
    CHECK(strcmp(fault.what, "records.newer") == 0);
    rec = mm_sample_open(mm_test_dir()); /* not refused: `unknown` was not noted in it */
    mm_records_close(&rec);
}

TEST(records_refuses_an_edited_migration)
{
    struct mm_migration edited[2];
    struct mm_feature f = mm_sample_feature;
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    struct mm_records_fault fault = {0};

    mm_records_close(&rec);
    memcpy(edited, mm_sample_feature.migrations, sizeof(edited));
    edited[0].sql = "CREATE TABLE company(company INTEGER PRIMARY KEY) STRICT;";
    f.migrations = edited;
    CHECK_NUM(open_with(&f, &rec, &fault), MM_E_VERSION);
    CHECK(strcmp(fault.what, "records.changed") == 0);
    CHECK(strcmp(fault.detail, "sample 001-companies") == 0);
}

TEST(records_undoes_a_failed_migration_alone_and_goes_on_later)
{
    struct mm_migration broken[2];
    struct mm_feature f = mm_sample_feature;
    struct mm_records *rec = NULL;
    struct mm_records_fault fault = {0};

    memcpy(broken, mm_sample_feature.migrations, sizeof(broken));
    broken[1].sql = "CREATE TABLE thing(x INTEGER) STRICT; CREATE TABLE thing(x INTEGER) STRICT;";
    f.migrations = broken;
    CHECK(open_with(&f, &rec, &fault) != MM_OK);
    CHECK(strcmp(fault.what, "records.migration") == 0);
    CHECK(strstr(fault.detail, "sample 002-things") != NULL);
    rec = mm_sample_open(mm_test_dir()); /* 001 stands, 002 is done now */
    mm_sample_companies(rec, 2);
    mm_records_close(&rec);
}

/* Adds two things, then answers what it was told to. */
static enum mm_code work_two(struct mm_tx *tx, void *arg)
{
    for (int i = 0; i < 2; i++) {
        struct mm_q q;
        char name[16];

        (void)snprintf(name, sizeof(name), "two-%d", i);
        mm_q_begin(&q, tx, &mm_sample_stmts[SAMPLE_THING_ADD]);
        mm_q_text(&q, ":name", mm_slice_str(name));
        mm_q_null(&q, ":note");
        CHECK_NUM(mm_q_end(&q), MM_OK);
    }
    return *(enum mm_code *)arg;
}

TEST(records_undoes_a_refused_work_alone)
{
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    struct mm_scope_hold hold;
    const struct mm_scope *one = mm_system_company(&hold, 1);
    enum mm_code answer = MM_E_RANGE;

    mm_sample_companies(rec, 2);
    CHECK_NUM(mm_sample_add(rec, one, "before"), MM_OK);
    CHECK_NUM(mm_records_write(rec, one, work_two, &answer), MM_E_RANGE);
    CHECK_NUM(mm_sample_count(rec, one), 1);
    answer = MM_OK;
    CHECK_NUM(mm_records_write(rec, one, work_two, &answer), MM_OK);
    CHECK_NUM(mm_sample_count(rec, one), 3);
    mm_records_close(&rec);
}

TEST(records_names_constraints_by_code)
{
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    struct mm_scope_hold hold;

    mm_sample_companies(rec, 2);
    CHECK_NUM(mm_sample_add(rec, mm_system_company(&hold, 1), "a"), MM_OK);
    CHECK_NUM(mm_sample_add(rec, mm_system_company(&hold, 1), "a"), MM_E_EXISTS);
    CHECK_NUM(mm_sample_add(rec, mm_system_company(&hold, 9), "a"), MM_E_NOTFOUND);
    mm_records_close(&rec);
}

TEST(records_snapshot_stands_still_while_others_write)
{
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    struct mm_scope_hold hold;
    const struct mm_scope *one = mm_system_company(&hold, 1);
    struct mm_tx *tx = NULL;
    struct mm_q q;
    int64_t n = -1;

    mm_sample_companies(rec, 2);
    CHECK_NUM(mm_records_read(rec, one, &tx), MM_OK);
    mm_q_begin(&q, tx, &mm_sample_stmts[SAMPLE_THING_COUNT]);
    CHECK_NUM(mm_q_end_int(&q, &n), MM_OK);
    CHECK_NUM(n, 0);
    CHECK_NUM(mm_sample_add(rec, one, "later"), MM_OK);
    mm_q_begin(&q, tx, &mm_sample_stmts[SAMPLE_THING_COUNT]);
    CHECK_NUM(mm_q_end_int(&q, &n), MM_OK);
    CHECK_NUM(n, 0);
    mm_records_read_done(&tx);
    CHECK_NUM(mm_sample_count(rec, one), 1);
    mm_records_close(&rec);
}

TEST(records_refuses_writes_in_a_snapshot)
{
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    struct mm_q q;

    mm_sample_companies(rec, 2);
    CHECK_NUM(mm_records_read(rec, mm_system_company(&hold, 1), &tx), MM_OK);
    mm_q_begin(&q, tx, &mm_sample_stmts[SAMPLE_THING_ADD]);
    mm_q_text(&q, ":name", MM_S("x"));
    CHECK_NUM(mm_q_end(&q), MM_E_DENIED);
    mm_records_read_done(&tx);
    mm_records_close(&rec);
}

TEST(records_bounds_open_snapshots)
{
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    struct mm_tx *tx[MM_RECORDS_READERS_MAX] = {NULL}, *more = NULL;

    for (size_t i = 0; i < MM_COUNT(tx); i++)
        CHECK_NUM(mm_records_read(rec, mm_system_scope(), &tx[i]), MM_OK);
    CHECK_NUM(mm_records_read(rec, mm_system_scope(), &more), MM_E_BUSY);
    for (size_t i = 0; i < MM_COUNT(tx); i++)
        mm_records_read_done(&tx[i]);
    CHECK_NUM(mm_records_read(rec, mm_system_scope(), &more), MM_OK);
    mm_records_read_done(&more);
    mm_records_close(&rec);
}

TEST(records_tells_null_from_empty_and_zero)
{
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    struct mm_scope_hold hold;
    const struct mm_scope *one = mm_system_company(&hold, 1);
    struct mm_tx *tx = NULL;
    struct mm_q q;

    mm_sample_companies(rec, 2);
    CHECK_NUM(mm_sample_add(rec, one, ""), MM_OK);
    CHECK_NUM(mm_records_read(rec, one, &tx), MM_OK);
    mm_q_begin(&q, tx, &mm_sample_stmts[SAMPLE_THING_LIST]);
    CHECK(mm_q_row(&q));
    CHECK(!mm_q_col_null(&q, 2));
    CHECK_NUM(mm_q_col_text(&q, 2).n, 0);
    CHECK(mm_q_col_null(&q, 3));
    CHECK(!mm_q_row(&q));
    CHECK_NUM(mm_q_end(&q), MM_OK);
    mm_records_read_done(&tx);
    mm_records_close(&rec);
}

TEST(records_runs_one_statement_inside_its_own_rows)
{
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    struct mm_scope_hold hold;
    const struct mm_scope *one = mm_system_company(&hold, 1);
    struct mm_tx *tx = NULL;
    struct mm_q outer, inner;
    int pairs = 0;

    mm_sample_companies(rec, 2);
    CHECK_NUM(mm_sample_add(rec, one, "a"), MM_OK);
    CHECK_NUM(mm_sample_add(rec, one, "b"), MM_OK);
    CHECK_NUM(mm_records_read(rec, one, &tx), MM_OK);
    mm_q_begin(&outer, tx, &mm_sample_stmts[SAMPLE_THING_LIST]);
    while (mm_q_row(&outer)) {
        mm_q_begin(&inner, tx, &mm_sample_stmts[SAMPLE_THING_LIST]);
        while (mm_q_row(&inner))
            pairs++;
        CHECK_NUM(mm_q_end(&inner), MM_OK);
    }
    CHECK_NUM(mm_q_end(&outer), MM_OK);
    CHECK_NUM(pairs, 4);
    mm_records_read_done(&tx);
    mm_records_close(&rec);
}

TEST(records_changed_sees_commits_of_this_and_other_connections_once)
{
    struct mm_records *rec = mm_sample_open(mm_test_dir()), *other;
    uint64_t seen = 0;

    CHECK(mm_records_changed(rec, &seen));
    CHECK(!mm_records_changed(rec, &seen));
    mm_sample_companies(rec, 2);
    CHECK(mm_records_changed(rec, &seen));
    CHECK(!mm_records_changed(rec, &seen));
    other = mm_sample_open(mm_test_dir());
    CHECK(!mm_records_changed(rec, &seen)); /* opening again migrates nothing */
    mm_records_close(&other);
    mm_records_close(&rec);
}

enum { ASYNC_WORKS = 1000 };

struct async_count {
    pthread_mutex_t mutex;
    int ok, failed;
    int next; /* the writer thread's */
};

static void async_done(void *arg, enum mm_code code)
{
    struct async_count *c = arg;

    (void)pthread_mutex_lock(&c->mutex);
    *(code == MM_OK ? &c->ok : &c->failed) += 1;
    (void)pthread_mutex_unlock(&c->mutex);
}

static enum mm_code work_numbered(struct mm_tx *tx, void *arg)
{
    struct mm_q q;
    char name[32];

    (void)snprintf(name, sizeof(name), "n%d", ((struct async_count *)arg)->next++);
    mm_q_begin(&q, tx, &mm_sample_stmts[SAMPLE_THING_ADD]);
    mm_q_text(&q, ":name", mm_slice_str(name));
    mm_q_null(&q, ":note");
    return mm_q_end(&q);
}

TEST(records_groups_what_waits_within_its_limits)
{
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    struct mm_scope_hold hold;
    const struct mm_scope *one = mm_system_company(&hold, 1);
    struct async_count c = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    struct mm_records_stats s;

    mm_sample_companies(rec, 2);
    for (int i = 0; i < ASYNC_WORKS; i++)
        CHECK_NUM(mm_records_write_async(rec, one, work_numbered, async_done, &c), MM_OK);
    CHECK_NUM(mm_sample_add(rec, one, "last"), MM_OK); /* behind all of them */
    mm_records_stats(rec, &s);
    CHECK_NUM(c.ok, ASYNC_WORKS);
    CHECK_NUM(c.failed, 0);
    CHECK_NUM(mm_sample_count(rec, one), ASYNC_WORKS + 1);
    CHECK(s.commits < ASYNC_WORKS / 4);
    CHECK(s.group_max > 1 && s.group_max <= MM_RECORDS_TX_ROWS_MAX);
    CHECK_NUM(s.over_rows, 0);
    printf("# %llu works in %llu commits, lock held at most %lld us\n", (unsigned long long)s.works,
           (unsigned long long)s.commits, (long long)s.tx_max_us);
    mm_records_close(&rec);
}

TEST(records_close_finishes_what_waits)
{
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    struct mm_scope_hold hold;
    const struct mm_scope *one = mm_system_company(&hold, 1);
    struct async_count c = {0};

    mm_sample_companies(rec, 2);
    for (int i = 0; i < 50; i++)
        CHECK_NUM(mm_records_write_async(rec, one, work_numbered, NULL, &c), MM_OK);
    mm_records_close(&rec);
    CHECK(rec == NULL);
    rec = mm_sample_open(mm_test_dir());
    CHECK_NUM(mm_sample_count(rec, one), 50);
    mm_records_close(&rec);
}
