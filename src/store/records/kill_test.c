/*
 * store/records/kill_test.c - processes that are killed or that compete.
 *
 * kill -9 at random moments ($MIMAMORI_KILLS, default 20; $MIMAMORI_SEED): what was answered MM_OK
 * is there, works are whole or absent, migrations go on where they stopped. Writers of several
 * processes: nobody starves.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "store/records/db.h"
#include "store/records/sample_test.h"
#include "tests/harness/test.h"

enum { KILLS = 20, MIGRATIONS = 8 };

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    uint64_t v;

    return text != NULL && mm_slice_u64(mm_slice_str(text), &v) ? v : otherwise;
}

/* xorshift64*: the seed is printed, so that a failure can be had again. */
static uint64_t next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

static uint64_t seed_of(const char *what)
{
    uint64_t seed = setting("MIMAMORI_SEED", (uint64_t)mm_now_us() | 1);

    printf("# %s: MIMAMORI_SEED=%llu\n", what, (unsigned long long)seed);
    return seed;
}

static void check_whole(void)
{
    struct mm_db *db = NULL;
    struct mm_db_stmt *st = NULL;
    bool row = false;
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/records.db", mm_test_dir());
    CHECK_NUM(mm_db_open(path, MM_DB_READ, &db), MM_OK);
    CHECK_NUM(mm_db_prepare(db, "PRAGMA integrity_check", &st), MM_OK);
    CHECK_NUM(mm_db_step(st, &row), MM_OK);
    CHECK_SLICE(mm_db_bytes(st, 0), "ok");
    mm_db_finalize(&st);
    mm_db_close(&db);
}

/* ---- killed while writing ---- */

struct numbered {
    uint32_t run, thread, number;
};

/* Two rows that belong together. */
static enum mm_code work_pair(struct mm_tx *tx, void *arg)
{
    const struct numbered *w = arg;
    enum mm_code code = MM_OK;

    for (int half = 0; half < 2 && code == MM_OK; half++) {
        struct mm_q q;
        char name[64];

        (void)snprintf(name, sizeof(name), "%u.%u.%06u.%d", w->run, w->thread, w->number, half);
        mm_q_begin(&q, tx, &mm_sample_stmts[SAMPLE_THING_ADD]);
        mm_q_text(&q, ":name", mm_slice_str(name));
        mm_q_null(&q, ":note");
        code = mm_q_end(&q);
    }
    return code;
}

struct writer {
    struct mm_records *rec;
    int report;
    struct numbered at;
};

/* Writes until killed, and says each number only after it was answered. */
static void *write_for_ever(void *arg)
{
    struct writer *w = arg;
    struct mm_scope_hold hold;

    for (w->at.number = 1;; w->at.number++) {
        if (mm_records_write(w->rec, mm_system_company(&hold, 1), work_pair, &w->at) != MM_OK)
            _exit(3);
        if (write(w->report, &w->at, sizeof(w->at)) != (ssize_t)sizeof(w->at))
            _exit(4);
    }
    return NULL;
}

static pid_t start_writer(uint32_t run, int report)
{
    pid_t pid = fork();
    struct writer w[2];
    pthread_t thread;

    CHECK(pid >= 0);
    if (pid > 0)
        return pid;
    for (uint32_t i = 0; i < 2; i++) {
        w[i] = (struct writer){.report = report, .at = {.run = run, .thread = i}};
        w[i].rec = i == 0 ? mm_sample_open(mm_test_dir()) : w[0].rec;
    }
    if (pthread_create(&thread, NULL, write_for_ever, &w[1]) != 0)
        _exit(5);
    (void)write_for_ever(&w[0]);
    _exit(6);
}

/* Names of company 1 that the file holds, as thread and number of pairs. */
static uint32_t count_pairs(struct mm_records *rec, uint32_t run, uint32_t thread,
                            uint32_t *ret_highest)
{
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    struct mm_q q;
    uint32_t rows = 0;
    char prefix[32];

    (void)snprintf(prefix, sizeof(prefix), "%u.%u.", run, thread);
    *ret_highest = 0;
    CHECK_NUM(mm_records_read(rec, mm_system_company(&hold, 1), &tx), MM_OK);
    mm_q_begin(&q, tx, &mm_sample_stmts[SAMPLE_THING_LIST]);
    while (mm_q_row(&q)) {
        struct mm_slice name = mm_q_col_text(&q, 2);
        uint64_t number = 0;

        if (!mm_slice_starts(name, mm_slice_str(prefix)))
            continue;
        CHECK(mm_slice_u64(mm_slice_sub(name, strlen(prefix), 6), &number));
        rows++;
        if (number > *ret_highest)
            *ret_highest = (uint32_t)number;
    }
    CHECK_NUM(mm_q_end(&q), MM_OK);
    mm_records_read_done(&tx);
    CHECK_NUM(rows % 2, 0); /* no half of a pair */
    return rows / 2;
}

/* What the killed writer had said, from the pipe. */
static void said_by(int fd, uint32_t ret[2])
{
    struct numbered n;

    while (read(fd, &n, sizeof(n)) == (ssize_t)sizeof(n)) {
        CHECK(n.thread < 2);
        ret[n.thread] = n.number;
    }
}

TEST(records_killed_writer_loses_nothing_it_answered_and_halves_nothing)
{
    uint64_t kills = setting("MIMAMORI_KILLS", KILLS), state = seed_of("writer"), total = 0;
    struct mm_records *rec = mm_sample_open(mm_test_dir());

    mm_sample_companies(rec, 2);
    mm_records_close(&rec);
    for (uint32_t run = 0; run < kills; run++) {
        uint32_t said[2] = {0}, highest;
        int report[2], status;
        struct pollfd none = {.fd = -1};
        pid_t pid;

        CHECK(pipe2(report, O_CLOEXEC) == 0);
        pid = start_writer(run, report[1]);
        (void)close(report[1]);
        (void)poll(&none, 1, (int)(next(&state) % 40)); /* the kill must come at any moment */
        CHECK(kill(pid, SIGKILL) == 0);
        CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
        said_by(report[0], said);
        (void)close(report[0]);
        check_whole();
        rec = mm_sample_open(mm_test_dir());
        for (uint32_t t = 0; t < 2; t++) {
            uint32_t pairs = count_pairs(rec, run, t, &highest);

            CHECK_NUM(pairs, highest); /* 1, 2, 3 ... without a hole */
            CHECK(highest == said[t] || highest == said[t] + 1);
            total += pairs;
        }
        mm_records_close(&rec);
    }
    printf("# %llu kills, %llu works written\n", (unsigned long long)kills,
           (unsigned long long)total);
    CHECK(kills < 5 || total > 0);
}

/* ---- killed while migrating -------------------------------------------------------------------
 */

static char long_sql[MIGRATIONS][256];
static struct mm_migration long_list[MIGRATIONS];

static const struct mm_feature *long_feature(void)
{
    static struct mm_feature f = {.name = "long", .migrations = long_list};

    f.migration_count = MIGRATIONS;
    for (uint32_t i = 0; i < MIGRATIONS; i++) {
        (void)snprintf(long_sql[i], sizeof(long_sql[i]),
                       "CREATE TABLE t%u(a INTEGER PRIMARY KEY, b TEXT) STRICT;"
                       "INSERT INTO t%u VALUES (1, 'x'), (2, 'y'); CREATE INDEX i%u ON t%u(b);",
                       i, i, i, i);
        long_list[i] = (struct mm_migration){.number = i + 1, .name = "t", .sql = long_sql[i]};
    }
    return &f;
}

static enum mm_code open_long(struct mm_records **ret)
{
    const struct mm_feature *features[] = {long_feature()};

    return mm_records_open(
        &(struct mm_records_options){
            .dir = mm_test_dir(), .features = features, .feature_count = 1, .version = "1"},
        ret, NULL);
}

static int64_t count_migrations(const char *path)
{
    struct mm_db *db = NULL;
    struct mm_db_stmt *st = NULL;
    bool row = false;
    int64_t n = -1;

    CHECK_NUM(mm_db_open(path, MM_DB_WRITE, &db), MM_OK);
    if (mm_db_prepare(db, "SELECT count(*) FROM mm_migration", &st) == MM_OK &&
        mm_db_step(st, &row) == MM_OK && row)
        n = mm_db_int(st, 0);
    mm_db_finalize(&st);
    mm_db_close(&db);
    return n;
}

TEST(records_killed_migration_goes_on_where_it_stopped)
{
    uint64_t kills = setting("MIMAMORI_KILLS", KILLS), state = seed_of("migration");
    char path[128], name[160];
    static const char *const ends[] = {"", "-wal", "-shm"};
    struct mm_records *rec = NULL;
    int partly = 0;

    (void)snprintf(path, sizeof(path), "%s/records.db", mm_test_dir());
    for (uint64_t k = 0; k < kills; k++) {
        struct pollfd none = {.fd = -1};
        pid_t pid = fork();
        int64_t done;

        CHECK(pid >= 0);
        if (pid == 0)
            _exit(open_long(&rec) == MM_OK ? 0 : 1);
        (void)poll(&none, 1, (int)(next(&state) % 50));
        (void)kill(pid, SIGKILL);
        CHECK(waitpid(pid, NULL, 0) == pid);
        done = count_migrations(path);
        partly += done > 0 && done < MIGRATIONS;
        CHECK_NUM(open_long(&rec), MM_OK);
        mm_records_close(&rec);
        CHECK_NUM(count_migrations(path), MIGRATIONS);
        check_whole();
        for (size_t i = 0; i < MM_COUNT(ends); i++) {
            (void)snprintf(name, sizeof(name), "%s%s", path, ends[i]);
            CHECK(unlink(name) == 0 || errno == ENOENT);
        }
    }
    printf("# %llu kills, %d of them between two migrations\n", (unsigned long long)kills, partly);
}

/* ---- several processes at once ------------------------------------------------------------------
 */

enum { COMPETITORS = 3, COMPETE_MS = 800, STARVED_US = 1000000 };

struct competitor {
    uint64_t works;
    int64_t wait_max_us; /* from asking to having it durable */
    int64_t lock_wait_max_us, tx_max_us;
};

static void compete(uint32_t who, int report)
{
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    struct competitor c = {0};
    struct mm_records_stats s;
    struct mm_scope_hold hold;
    int64_t until = mm_mono_us() + COMPETE_MS * 1000;
    struct numbered w = {.run = 1000, .thread = who};

    while (mm_mono_us() < until) {
        int64_t from = mm_mono_us(), took;

        w.number++;
        if (mm_records_write(rec, mm_system_company(&hold, 1), work_pair, &w) != MM_OK)
            _exit(3);
        took = mm_mono_us() - from;
        c.works++;
        c.wait_max_us = took > c.wait_max_us ? took : c.wait_max_us;
    }
    mm_records_stats(rec, &s);
    c.lock_wait_max_us = s.lock_wait_max_us;
    c.tx_max_us = s.tx_max_us;
    if (write(report, &c, sizeof(c)) != (ssize_t)sizeof(c))
        _exit(4);
    mm_records_close(&rec);
    _exit(0);
}

TEST(records_writers_of_several_processes_all_get_their_turn)
{
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    struct competitor c[COMPETITORS];
    uint64_t least = UINT64_MAX, most = 0;
    int report[2], status;

    mm_sample_companies(rec, 2);
    mm_records_close(&rec);
    CHECK(pipe2(report, O_CLOEXEC) == 0);
    for (uint32_t i = 0; i < COMPETITORS; i++) {
        pid_t pid = fork();

        CHECK(pid >= 0);
        if (pid == 0)
            compete(i, report[1]);
    }
    for (uint32_t i = 0; i < COMPETITORS; i++) {
        CHECK(read(report[0], &c[i], sizeof(c[i])) == (ssize_t)sizeof(c[i]));
        printf("# %llu works, longest wait %lld us (lock %lld), longest transaction %lld us\n",
               (unsigned long long)c[i].works, (long long)c[i].wait_max_us,
               (long long)c[i].lock_wait_max_us, (long long)c[i].tx_max_us);
        least = c[i].works < least ? c[i].works : least;
        most = c[i].works > most ? c[i].works : most;
        CHECK(c[i].wait_max_us < STARVED_US);
    }
    while (wait(&status) > 0)
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(least * 4 >= most); /* nobody is served a quarter as often as another */
    rec = mm_sample_open(mm_test_dir());
    CHECK_NUM(mm_sample_count_all(rec), 2 * (c[0].works + c[1].works + c[2].works));
    mm_records_close(&rec);
}
