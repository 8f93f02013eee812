/* store/records/copy_test.c - promises of copied records. */
#include "store/records/copy.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "store/records/sample_test.h"
#include "tests/harness/test.h"

static struct mm_records_options options(const struct mm_feature *const *f, size_t n)
{
    return (struct mm_records_options){.features = f, .feature_count = n, .version = "1"};
}

static const char *copy_of(struct mm_records *rec, char path[MM_MAX_PATH])
{
    struct mm_tx *tx = NULL;

    (void)snprintf(path, MM_MAX_PATH, "%s/copy/records.db", mm_test_dir());
    CHECK(mm_records_read(rec, mm_system_scope(), &tx) == MM_OK);
    CHECK(mm_records_copy(tx, path) == MM_OK);
    mm_records_read_done(&tx);
    return path;
}

TEST(copy_opens_as_records_and_says_that_it_is_whole)
{
    const struct mm_feature *const f[] = {&mm_sample_feature};
    struct mm_records_options o = options(f, 1);
    char dir[MM_MAX_PATH], path[MM_MAX_PATH];
    struct mm_records_fault fault = {0};
    struct mm_records *rec = mm_sample_open(mm_test_dir());

    (void)snprintf(dir, sizeof(dir), "%s/copy", mm_test_dir());
    CHECK(mkdir(dir, 0700) == 0);
    mm_sample_companies(rec, 3);
    CHECK(mm_records_look(copy_of(rec, path), &o, &fault) == MM_OK);
    mm_records_close(&rec);
    (void)snprintf(path, sizeof(path), "%s/copy/records.db-wal", mm_test_dir());
    CHECK(access(path, F_OK) != 0);
    rec = mm_sample_open(dir);
    mm_records_close(&rec);
}

TEST(copy_that_is_newer_damaged_or_something_else_is_refused_and_named)
{
    struct mm_feature older = mm_sample_feature;
    const struct mm_feature *const f[] = {&mm_sample_feature}, *const before[] = {&older};
    struct mm_records_options now = options(f, 1), then = options(before, 1);
    char dir[MM_MAX_PATH], path[MM_MAX_PATH], junk[512];
    struct mm_records_fault fault = {0};
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    int fd;

    (void)snprintf(dir, sizeof(dir), "%s/copy", mm_test_dir());
    CHECK(mkdir(dir, 0700) == 0);
    (void)copy_of(rec, path);
    mm_records_close(&rec);
    older.migration_count = 1;
    CHECK(mm_records_look(path, &then, &fault) == MM_E_VERSION);
    CHECK(strstr(fault.detail, "sample 002") != NULL);
    memset(junk, 0x5a, sizeof(junk));
    fd = open(path, O_WRONLY | O_CLOEXEC);
    CHECK(fd >= 0 && pwrite(fd, junk, sizeof(junk), 4096) == (ssize_t)sizeof(junk));
    CHECK(close(fd) == 0);
    CHECK(mm_records_look(path, &now, &fault) == MM_E_SYNTAX);
    fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    CHECK(fd >= 0 && pwrite(fd, junk, sizeof(junk), 0) == (ssize_t)sizeof(junk)); /* no database */
    CHECK(close(fd) == 0);
    CHECK(mm_records_look(path, &now, &fault) == MM_E_SYNTAX);
    CHECK(unlink(path) == 0);
    CHECK(mm_records_look(path, &now, &fault) == MM_E_SYNTAX);
    CHECK(access(path, F_OK) != 0);
}
