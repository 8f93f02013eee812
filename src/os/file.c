/* os/file.c - see file.h for the contract. */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum mm_code mm_code_of_errno(int err)
{
    MM_ASSERT(err != 0);
    switch (err) {
    case ENOSPC:
    case EDQUOT:
        return MM_E_FULL;
    case ENOENT:
        return MM_E_NOTFOUND;
    case EEXIST:
        return MM_E_EXISTS;
    case EACCES:
    case EPERM:
        return MM_E_DENIED;
    case EWOULDBLOCK:
        return MM_E_BUSY;
    case ENOMEM:
        return MM_E_NOMEM;
    default:
        return MM_E_IO;
    }
}

static enum mm_code code_of(int rc)
{
    return rc == 0 ? MM_OK : mm_code_of_errno(errno);
}

static enum mm_code real_open(void *ctx, const char *path, int flags, unsigned mode, int *ret_fd)
{
    int fd = open(path, flags | O_CLOEXEC, mode);

    if (fd < 0)
        return mm_code_of_errno(errno);
    *ret_fd = fd;
    return MM_OK;
}

static void real_close(void *ctx, int fd)
{
    /* What had to be durable was synced before; an error here has no reader. */
    (void)close(fd);
}

static enum mm_code real_pwrite(void *ctx, int fd, struct mm_slice s, uint64_t at)
{
    MM_ASSERT(at <= INT64_MAX - s.n);
    while (s.n > 0) {
        ssize_t n = pwrite(fd, s.p, s.n, (off_t)at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? MM_E_IO : mm_code_of_errno(errno);
        s = mm_slice_sub(s, (size_t)n, SIZE_MAX);
        at += (uint64_t)n;
    }
    return MM_OK;
}

static enum mm_code real_sync(void *ctx, int fd)
{
    return code_of(fdatasync(fd));
}

static enum mm_code real_sync_dir(void *ctx, const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum mm_code c;

    if (fd < 0)
        return mm_code_of_errno(errno);
    c = code_of(fsync(fd));
    (void)close(fd);
    return c;
}

static enum mm_code real_truncate(void *ctx, int fd, uint64_t size)
{
    MM_ASSERT(size <= INT64_MAX);
    return code_of(ftruncate(fd, (off_t)size));
}

static enum mm_code real_rename(void *ctx, const char *from, const char *to)
{
    return code_of(rename(from, to));
}

static enum mm_code real_unlink(void *ctx, const char *path)
{
    return code_of(unlink(path));
}

static enum mm_code real_mkdir(void *ctx, const char *path, unsigned mode)
{
    return code_of(mkdir(path, mode));
}

static const struct mm_fs_ops real_ops = {
    .open = real_open,
    .close = real_close,
    .pwrite = real_pwrite,
    .sync = real_sync,
    .sync_dir = real_sync_dir,
    .truncate = real_truncate,
    .rename = real_rename,
    .unlink = real_unlink,
    .mkdir = real_mkdir,
};

struct mm_fs mm_fs_real(void)
{
    return (struct mm_fs){.ops = &real_ops, .ctx = NULL};
}

enum mm_code mm_fs_mkdirs(struct mm_fs fs, const char *path, unsigned mode)
{
    char part[MM_MAX_PATH], above[MM_MAX_PATH] = ".";
    size_t n = strlen(path);

    if (n == 0 || n >= sizeof(part))
        return MM_E_LIMIT;
    for (size_t i = 1; i <= n; i++) {
        enum mm_code c;

        if (i < n && path[i] != '/')
            continue;
        memcpy(part, path, i);
        part[i] = 0;
        c = mm_fs_mkdir(fs, part, mode);
        if (c == MM_OK)
            c = mm_fs_sync_dir(fs, above);
        if (c != MM_OK && c != MM_E_EXISTS)
            return c;
        memcpy(above, part, i + 1);
    }
    return MM_OK;
}

enum mm_code mm_file_lock(const char *path, bool wait, int *ret_fd)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int rc;

    if (fd < 0)
        return mm_code_of_errno(errno);
    do {
        rc = flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB);
    } while (rc != 0 && errno == EINTR);
    if (rc != 0) {
        enum mm_code c = mm_code_of_errno(errno);
        (void)close(fd);
        return c;
    }
    *ret_fd = fd;
    return MM_OK;
}

/* The directory of path; "." where it names none. */
static enum mm_code dir_of(const char *path, char ret[MM_MAX_PATH])
{
    char *slash;
    int n = snprintf(ret, MM_MAX_PATH, "%s", path);

    if (n < 0 || n >= MM_MAX_PATH)
        return MM_E_LIMIT;
    slash = strrchr(ret, '/');
    if (slash == NULL)
        (void)snprintf(ret, MM_MAX_PATH, ".");
    else
        slash[slash == ret ? 1 : 0] = 0;
    return MM_OK;
}

enum mm_code mm_file_replace(const char *path, struct mm_slice bytes, unsigned mode)
{
    struct mm_fs fs = mm_fs_real();
    char tmp[MM_MAX_PATH], dir[MM_MAX_PATH];
    int fd = -1, n = snprintf(tmp, sizeof(tmp), "%s.new", path);
    enum mm_code code = n < 0 || (size_t)n >= sizeof(tmp) ? MM_E_LIMIT : dir_of(path, dir);

    if (code == MM_OK)
        code = mm_fs_open(fs, tmp, O_WRONLY | O_CREAT | O_TRUNC, mode, &fd);
    if (code == MM_OK)
        code = mm_fs_pwrite(fs, fd, bytes, 0);
    if (code == MM_OK)
        code = mm_fs_sync(fs, fd);
    mm_fs_close(fs, &fd);
    if (code == MM_OK)
        code = mm_fs_rename(fs, tmp, path);
    return code == MM_OK ? mm_fs_sync_dir(fs, dir) : code;
}

enum mm_code mm_file_put(const char *path, struct mm_slice bytes)
{
    char dir[MM_MAX_PATH];
    enum mm_code code = dir_of(path, dir);

    if (code == MM_OK)
        code = mm_fs_mkdirs(mm_fs_real(), dir, 0700);
    return code == MM_OK ? mm_file_replace(path, bytes, 0600) : code;
}

bool mm_file_private(const struct stat *st)
{
    bool roots = st->st_uid == 0 && geteuid() != 0;

    return (st->st_mode & (roots ? 037 : 077)) == 0;
}

enum mm_code mm_file_read(const char *path, struct mm_buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t before = out->n;
    enum mm_code c = MM_OK;

    if (fd < 0)
        return mm_code_of_errno(errno);
    for (;;) {
        uint8_t chunk[16384];
        ssize_t n = read(fd, chunk, sizeof(chunk));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            c = mm_code_of_errno(errno);
        if (n <= 0)
            break;
        mm_buf_add(out, mm_slice_of(chunk, (size_t)n));
        if (!mm_buf_ok(out)) {
            c = MM_E_LIMIT;
            break;
        }
    }
    (void)close(fd);
    if (c != MM_OK) {
        out->n = before;
        out->failed = false;
    }
    return c;
}

enum mm_code mm_dir_id(const char *path, char ret[MM_DIR_ID_MAX])
{
    struct statx st = {0};

    if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_INO | STATX_BTIME, &st) != 0)
        return mm_code_of_errno(errno);
    if (!S_ISDIR(st.stx_mode))
        return MM_E_NOTFOUND;
    if ((st.stx_mask & STATX_BTIME) == 0)
        st.stx_btime = (struct statx_timestamp){0};
    (void)snprintf(ret, MM_DIR_ID_MAX, "%llx-%llx-%x", (unsigned long long)st.stx_ino,
                   (unsigned long long)st.stx_btime.tv_sec, st.stx_btime.tv_nsec);
    return MM_OK;
}

enum mm_code mm_path_join(char ret[MM_MAX_PATH], const char *dir, const char *name)
{
    char path[MM_MAX_PATH];
    int n = snprintf(path, sizeof(path), "%s/%s", dir, name);

    if (n < 0 || (size_t)n >= sizeof(path))
        return MM_E_LIMIT;
    memcpy(ret, path, (size_t)n + 1);
    return MM_OK;
}
