/* serve/state_test.c - promises of the state directory. */
#include "serve/state.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/test.h"

TEST(state_is_made_once_and_found_again)
{
    char dir[256], path[300], before[32], after[32];
    struct mm_buf why;
    struct stat st;
    FILE *f;

    mm_buf_init(&why, 4096);
    (void)snprintf(dir, sizeof(dir), "%s/s", mm_test_dir());
    CHECK(mm_state_prepare(dir, &why) == MM_OK);
    (void)snprintf(path, sizeof(path), "%s/key", dir);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
    f = fopen(path, "rb");
    CHECK(f != NULL && fread(before, 1, 32, f) == 32 && fclose(f) == 0);
    CHECK(mm_state_prepare(dir, &why) == MM_OK);
    f = fopen(path, "rb");
    CHECK(f != NULL && fread(after, 1, 32, f) == 32 && fclose(f) == 0);
    CHECK(memcmp(before, after, 32) == 0);
    CHECK(chmod(path, 0644) == 0);
    CHECK(mm_state_prepare(dir, &why) == MM_E_CONFIG);
    CHECK(mm_slice_search(mm_buf_slice(&why), MM_S("chmod 600")) != SIZE_MAX);
    mm_buf_done(&why);
}

TEST(state_of_a_newer_release_is_refused_untouched)
{
    char dir[256], path[300];
    struct mm_buf why;
    FILE *f;

    mm_buf_init(&why, 4096);
    (void)snprintf(dir, sizeof(dir), "%s/s", mm_test_dir());
    CHECK(mkdir(dir, 0700) == 0);
    (void)snprintf(path, sizeof(path), "%s/VERSION", dir);
    f = fopen(path, "w");
    CHECK(f != NULL && fputs("2\n", f) >= 0 && fclose(f) == 0);
    CHECK(mm_state_prepare(dir, &why) == MM_E_VERSION);
    CHECK(mm_slice_search(mm_buf_slice(&why), MM_S("newer release (layout 2")) != SIZE_MAX);
    CHECK(mm_state_check(dir, &why) == MM_E_VERSION);
    /* Only VERSION stands there. */
    (void)snprintf(path, sizeof(path), "%s/key", dir);
    CHECK(access(path, F_OK) != 0);
    (void)snprintf(path, sizeof(path), "%s/run", dir);
    CHECK(access(path, F_OK) != 0);
    mm_buf_done(&why);
}

TEST(state_that_is_being_restored_is_refused_until_it_is_whole)
{
    char dir[256];
    struct mm_buf why;

    mm_buf_init(&why, 4096);
    (void)snprintf(dir, sizeof(dir), "%s/s", mm_test_dir());
    CHECK(mm_state_check(dir, &why) == MM_OK); /* not there yet */
    CHECK(mkdir(dir, 0700) == 0);
    CHECK(mm_state_restoring(dir) == MM_OK);
    CHECK(mm_state_check(dir, &why) == MM_E_CONFIG);
    CHECK(mm_state_prepare(dir, &why) == MM_E_CONFIG);
    CHECK(mm_slice_search(mm_buf_slice(&why), MM_S("not finished")) != SIZE_MAX);
    CHECK(mm_state_restored(dir) == MM_OK);
    CHECK(mm_state_check(dir, &why) == MM_OK);
    CHECK(mm_state_prepare(dir, &why) == MM_OK);
    mm_buf_done(&why);
}
