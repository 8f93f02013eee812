/* os/file_test.c - the file layer says what happened, in codes, and touches nothing on failure. */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"

static const char *at(char path[MM_MAX_PATH], const char *name)
{
    CHECK(mm_path_join(path, mm_test_dir(), name) == MM_OK);
    return path;
}

TEST(file_write_sync_rename_and_read_back)
{
    struct mm_fs fs = mm_fs_real();
    char a[MM_MAX_PATH], b[MM_MAX_PATH];
    struct mm_buf got;
    int fd = -1;

    CHECK(mm_fs_open(fs, at(a, "a"), O_RDWR | O_CREAT, 0600, &fd) == MM_OK);
    CHECK(mm_fs_pwrite(fs, fd, MM_S("hello"), 0) == MM_OK);
    CHECK(mm_fs_pwrite(fs, fd, MM_S("LO, world"), 3) == MM_OK);
    CHECK(mm_fs_truncate(fs, fd, 9) == MM_OK);
    CHECK(mm_fs_sync(fs, fd) == MM_OK);
    mm_fs_close(fs, &fd);
    CHECK(fd == -1);
    CHECK(mm_fs_rename(fs, a, at(b, "b")) == MM_OK);
    CHECK(mm_fs_sync_dir(fs, mm_test_dir()) == MM_OK);
    mm_buf_init(&got, 100);
    CHECK(mm_file_read(a, &got) == MM_E_NOTFOUND);
    CHECK(mm_file_read(b, &got) == MM_OK);
    CHECK_SLICE(mm_buf_slice(&got), "helLO, wo");
    CHECK(mm_fs_unlink(fs, b) == MM_OK);
    CHECK(mm_fs_unlink(fs, b) == MM_E_NOTFOUND);
    mm_buf_done(&got);
}

TEST(file_open_failure_leaves_the_descriptor_alone)
{
    struct mm_fs fs = mm_fs_real();
    char path[MM_MAX_PATH];
    int fd = -7;

    CHECK(mm_fs_open(fs, at(path, "none"), O_RDONLY, 0, &fd) == MM_E_NOTFOUND);
    CHECK(fd == -7);
    CHECK(mm_code_of_errno(ENOSPC) == MM_E_FULL);
    CHECK(mm_code_of_errno(EDQUOT) == MM_E_FULL);
    CHECK(mm_code_of_errno(EACCES) == MM_E_DENIED);
    CHECK(mm_code_of_errno(EIO) == MM_E_IO);
}

TEST(file_read_refuses_what_does_not_fit_and_keeps_the_buffer)
{
    struct mm_fs fs = mm_fs_real();
    char path[MM_MAX_PATH];
    struct mm_buf got;
    int fd = -1;

    CHECK(mm_fs_open(fs, at(path, "big"), O_RDWR | O_CREAT, 0600, &fd) == MM_OK);
    CHECK(mm_fs_truncate(fs, fd, 50000) == MM_OK);
    mm_fs_close(fs, &fd);
    mm_buf_init(&got, 40000);
    mm_buf_str(&got, "kept");
    CHECK(mm_file_read(path, &got) == MM_E_LIMIT);
    CHECK(mm_buf_ok(&got));
    CHECK_SLICE(mm_buf_slice(&got), "kept");
    mm_buf_done(&got);
}

TEST(file_mkdirs_makes_every_level_and_accepts_existing_ones)
{
    char path[MM_MAX_PATH];
    struct stat st;

    CHECK(mm_fs_mkdirs(mm_fs_real(), at(path, "x/y/z"), 0700) == MM_OK);
    CHECK(stat(path, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & 0777) == 0700);
    CHECK(mm_fs_mkdirs(mm_fs_real(), path, 0700) == MM_OK);
}

TEST(dir_id_goes_with_the_folder_and_not_with_its_name)
{
    char a[MM_MAX_PATH], b[MM_MAX_PATH], was[MM_DIR_ID_MAX], is[MM_DIR_ID_MAX] = "kept";

    CHECK(mkdir(at(a, "a"), 0700) == 0 && mkdir(at(b, "b"), 0700) == 0);
    CHECK_NUM(mm_dir_id(a, was), MM_OK);
    CHECK(renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0);
    CHECK_NUM(mm_dir_id(b, is), MM_OK);
    CHECK(strcmp(was, is) == 0);
    CHECK_NUM(mm_file_put(at(b, "b/file"), MM_S("x")), MM_OK);
    CHECK_NUM(mm_dir_id(at(b, "b"), is), MM_OK);
    CHECK(strcmp(was, is) == 0);
    CHECK_NUM(mm_dir_id(a, is), MM_OK);
    CHECK(strcmp(was, is) != 0);
    CHECK_NUM(mm_dir_id(at(a, "b/file"), is), MM_E_NOTFOUND);
    CHECK_NUM(mm_dir_id(at(a, "none"), is), MM_E_NOTFOUND);
    CHECK(symlink(b, at(a, "link")) == 0);
    CHECK_NUM(mm_dir_id(a, is), MM_E_NOTFOUND);
}

TEST(file_lock_excludes_another_process_and_ends_with_its_holder)
{
    char path[MM_MAX_PATH];
    int fd = -1, status = 0;
    pid_t pid;

    CHECK(mm_file_lock(at(path, "lock"), false, &fd) == MM_OK);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        int other = -1;
        _exit(mm_file_lock(path, false, &other) == MM_E_BUSY && other == -1 ? 0 : 1);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    (void)close(fd);
    CHECK(mm_file_lock(path, false, &fd) == MM_OK);
}

/* What the file holds. */
static void expect_file(const char *path, const char *want)
{
    struct mm_buf got;

    mm_buf_init(&got, 4096);
    CHECK_NUM(mm_file_read(path, &got), MM_OK);
    CHECK_SLICE(mm_buf_slice(&got), want);
    mm_buf_done(&got);
}

TEST(file_replace_is_all_or_nothing)
{
    char path[MM_MAX_PATH], beside[MM_MAX_PATH];
    struct stat st;

    CHECK_NUM(mm_file_replace(at(path, "whole"), MM_S("first"), 0640), MM_OK);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777 & ~0640U) == 0);
    CHECK_NUM(mm_file_replace(path, MM_S("second"), 0640), MM_OK);
    expect_file(path, "second");
    /* The file beside it cannot be made: what was there stays. */
    CHECK(mkdir(at(beside, "whole.new"), 0700) == 0);
    CHECK(mm_file_replace(path, MM_S("third"), 0640) != MM_OK);
    expect_file(path, "second");
    CHECK(mm_file_replace(at(path, "no/such/folder"), MM_S("x"), 0600) != MM_OK);
    CHECK_NUM(mm_file_put(at(path, "made/for/it"), MM_S("x")), MM_OK);
    expect_file(path, "x");
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
}
