/* serve/state_test.c - promises of the state directory. */
#include "serve/state.h"

#include <stdio.h>
#include <stdlib.h>
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

static void put(const char *dir, const char *name, const char *bytes, size_t n)
{
    char path[400];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "wb");
    CHECK(f != NULL && fwrite(bytes, 1, n, f) == n && fclose(f) == 0 && chmod(path, 0600) == 0);
}

TEST(state_tells_of_a_wrong_key_before_anything_is_made)
{
    char dir[256], path[300], key[MM_MAX_PATH];
    struct mm_buf why;

    mm_buf_init(&why, 4096);
    (void)snprintf(dir, sizeof(dir), "%s/s", mm_test_dir());
    CHECK(unsetenv("CREDENTIALS_DIRECTORY") == 0);
    CHECK(mm_state_prepare(dir, &why) == MM_OK);
    (void)snprintf(path, sizeof(path), "%s/rules", dir);
    CHECK(rmdir(path) == 0);
    put(dir, "key", "another key of the right length.", 32);
    CHECK(mm_state_prepare(dir, &why) == MM_E_CONFIG);
    CHECK(mm_slice_search(mm_buf_slice(&why), MM_S("not the key that this state")) != SIZE_MAX);
    CHECK(access(path, F_OK) != 0);
    (void)snprintf(key, sizeof(key), "%s/key", dir);
    CHECK(unlink(key) == 0);
    mm_buf_reset(&why);
    CHECK(mm_state_prepare(dir, &why) == MM_E_CONFIG);
    CHECK(mm_slice_search(mm_buf_slice(&why), MM_S("is gone")) != SIZE_MAX);
    CHECK(access(key, F_OK) != 0); /* no other is made in its place */
    /* Whoever wants to go on without says so. */
    (void)snprintf(path, sizeof(path), "%s/" MM_STATE_KEY_ID, dir);
    CHECK(unlink(path) == 0);
    CHECK(mm_state_prepare(dir, &why) == MM_OK);
    CHECK(access(key, F_OK) == 0 && access(path, F_OK) == 0);
    mm_buf_done(&why);
}

TEST(state_takes_its_key_from_a_credential)
{
    char dir[256], credentials[256], key[MM_MAX_PATH];
    struct mm_buf why;

    mm_buf_init(&why, 4096);
    (void)snprintf(dir, sizeof(dir), "%s/s", mm_test_dir());
    (void)snprintf(credentials, sizeof(credentials), "%s/c", mm_test_dir());
    CHECK(mkdir(credentials, 0700) == 0);
    CHECK(setenv("CREDENTIALS_DIRECTORY", credentials, 1) == 0);
    put(credentials, "mimamori.key", "a key that systemd has handed ov", 32);
    CHECK(mm_state_prepare(dir, &why) == MM_OK);
    CHECK(mm_state_key(dir, key) == MM_OK &&
          mm_slice_starts(mm_slice_str(key), mm_slice_str(credentials)));
    (void)snprintf(key, sizeof(key), "%s/key", dir);
    CHECK(access(key, F_OK) != 0); /* none lies beside what it would seal */
    /* Without it nothing starts. */
    CHECK(unsetenv("CREDENTIALS_DIRECTORY") == 0);
    CHECK(mm_state_prepare(dir, &why) == MM_E_CONFIG);
    mm_buf_done(&why);
}
