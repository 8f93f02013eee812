/* store/records/db_test.c - what SQLite in particular has to be told, and what lies on the disk. */
#include "store/records/db.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/time.h"
#include "store/records/sample_test.h"
#include "store/records/system_scope.h"
#include "tests/harness/test.h"

TEST(records_refuses_a_file_that_is_no_database)
{
    static const struct mm_feature *const features[] = {&mm_sample_feature};
    char path[128];
    struct mm_records *rec = NULL;
    struct mm_records_fault fault = {0};
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/records.db", mm_test_dir());
    f = fopen(path, "w");
    CHECK(f != NULL);
    for (int i = 0; i < 400; i++)
        (void)fputs("this is not a database\n", f);
    (void)fclose(f);
    CHECK(mm_records_open(
              &(struct mm_records_options){
                  .dir = mm_test_dir(), .features = features, .feature_count = 1, .version = "1"},
              &rec, &fault) != MM_OK);
    CHECK(rec == NULL);
    CHECK(strcmp(fault.what, "records.damaged") == 0);
}

TEST(records_file_is_for_its_owner_only)
{
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    static const char *const names[] = {"records.db", "records.lock", "records.db-wal"};

    mm_sample_companies(rec, 1);
    for (size_t i = 0; i < MM_COUNT(names); i++) {
        char path[128];
        struct stat st;

        (void)snprintf(path, sizeof(path), "%s/%s", mm_test_dir(), names[i]);
        CHECK(stat(path, &st) == 0);
        CHECK_NUM(st.st_mode & 0777, 0600);
    }
    mm_records_close(&rec);
}

TEST(db_refuses_text_behind_a_statement)
{
    struct mm_db *db = NULL;
    struct mm_db_stmt *st = NULL;
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/x.db", mm_test_dir());
    CHECK_NUM(mm_db_open(path, MM_DB_WRITE, &db), MM_OK);
    CHECK_NUM(mm_db_prepare(db, "SELECT 1; SELECT 2", &st), MM_E_BUG);
    CHECK_NUM(mm_db_prepare(db, "", &st), MM_E_BUG);
    CHECK_NUM(mm_db_prepare(db, "SELECT", &st), MM_E_BUG);
    CHECK(st == NULL);
    mm_db_close(&db);
}

static int64_t pragma(struct mm_db *db, const char *sql)
{
    struct mm_db_stmt *st = NULL;
    bool row = false;
    int64_t v = -1;

    CHECK_NUM(mm_db_prepare(db, sql, &st), MM_OK);
    CHECK_NUM(mm_db_step(st, &row), MM_OK);
    if (row)
        v = mm_db_int(st, 0);
    mm_db_finalize(&st);
    return v;
}

TEST(db_is_durable_and_strict_on_every_connection)
{
    struct mm_db *db = NULL;
    struct mm_db_stmt *st = NULL;
    bool row = false;
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/x.db", mm_test_dir());
    for (int mode = MM_DB_WRITE; mode <= MM_DB_READ; mode++) {
        CHECK_NUM(mm_db_open(path, (enum mm_db_mode)mode, &db), MM_OK);
        CHECK_NUM(pragma(db, "PRAGMA synchronous"), 2); /* FULL: a commit is synced */
        CHECK_NUM(pragma(db, "PRAGMA foreign_keys"), 1);
        CHECK_NUM(pragma(db, "PRAGMA trusted_schema"), 0);
        CHECK_NUM(mm_db_prepare(db, "PRAGMA journal_mode", &st), MM_OK);
        CHECK_NUM(mm_db_step(st, &row), MM_OK);
        CHECK_SLICE(mm_db_bytes(st, 0), "wal");
        mm_db_finalize(&st);
        mm_db_close(&db);
    }
}

TEST(db_query_only_writes_nothing)
{
    struct mm_db *db = NULL;
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/x.db", mm_test_dir());
    CHECK_NUM(mm_db_open(path, MM_DB_WRITE, &db), MM_OK);
    CHECK_NUM(mm_db_exec(db, "CREATE TABLE t(a INTEGER) STRICT"), MM_OK);
    CHECK_NUM(mm_db_query_only(db), MM_OK);
    CHECK_NUM(mm_db_exec(db, "INSERT INTO t VALUES (1)"), MM_E_DENIED);
    mm_db_close(&db);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit r;

    CHECK(getrlimit(RLIMIT_FSIZE, &r) == 0);
    r.rlim_cur = bytes;
    CHECK(setrlimit(RLIMIT_FSIZE, &r) == 0);
}

TEST(records_full_disk_is_an_answer_and_work_goes_on_afterwards)
{
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    struct mm_scope_hold hold;
    const struct mm_scope *one = mm_system_company(&hold, 1);
    int64_t before, refused = 0;
    char name[32], why[256];

    (void)signal(SIGXFSZ, SIG_IGN); /* a full disk answers, it doesn't kill */
    mm_sample_companies(rec, 2);
    CHECK_NUM(mm_sample_add(rec, one, "before"), MM_OK);
    before = mm_sample_count(rec, one);
    limit_files(4096);
    for (int i = 0; i < 20; i++) {
        (void)snprintf(name, sizeof(name), "full-%d", i);
        refused += mm_sample_add(rec, one, name) != MM_OK;
    }
    limit_files(RLIM_INFINITY);
    CHECK_NUM(refused, 20);
    mm_records_error(rec, why, sizeof(why));
    CHECK(why[0] != 0);
    CHECK_NUM(mm_sample_count(rec, one), before);
    CHECK_NUM(mm_sample_add(rec, one, "after"), MM_OK);
    CHECK_NUM(mm_sample_count(rec, one), before + 1);
    mm_records_close(&rec);
}

struct held {
    struct mm_records *rec;
    enum mm_code code;
    _Atomic bool asked;
};

static void *add_while_held(void *arg)
{
    struct held *h = arg;
    struct mm_scope_hold hold;

    atomic_store(&h->asked, true);
    h->code = mm_sample_add(h->rec, mm_system_company(&hold, 1), "late");
    return NULL;
}

/* A foreign tool, a recovery or a machine that is busy: the time of a group is over before its
 * first work. Told MM_OK means done, also then. */
TEST(records_does_a_work_that_waited_long_for_its_transaction)
{
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    struct held h = {.rec = rec, .code = MM_E_BUG};
    struct mm_scope_hold hold;
    struct mm_db *other = NULL;
    char path[256];
    pthread_t t;
    int64_t until;

    mm_sample_companies(rec, 2);
    (void)snprintf(path, sizeof(path), "%s/records.db", mm_test_dir());
    CHECK_NUM(mm_db_open(path, MM_DB_WRITE, &other), MM_OK);
    CHECK_NUM(mm_db_exec(other, "BEGIN IMMEDIATE"), MM_OK);
    CHECK(pthread_create(&t, NULL, add_while_held, &h) == 0);
    while (!atomic_load(&h.asked))
        (void)sched_yield();
    /* Longer than a group may take (8 ms), and than the thread needs to come to its wait. */
    for (until = mm_mono_us() + 200 * 1000; mm_mono_us() < until;)
        (void)sched_yield();
    CHECK_NUM(mm_db_exec(other, "ROLLBACK"), MM_OK);
    CHECK(pthread_join(t, NULL) == 0);
    CHECK_NUM(h.code, MM_OK);
    CHECK_NUM(mm_sample_count(rec, mm_system_company(&hold, 1)), 1);
    mm_db_close(&other);
    mm_records_close(&rec);
}
