/*
 * os/file.h - the one small file layer under everything that must survive a power cut.
 *
 * Purpose   Writes, syncs and renames go through a table of operations, so that a test can
 *           put a layer underneath that loses everything since the last sync, fills the disk,
 *           or fails at the n-th write. Reading needs no table: plain helpers below.
 * Owns      Nothing; descriptors belong to the caller.
 * Threads   The real table is stateless: any thread. Each descriptor, one writer.
 * Trust     Paths are ours. Errors of the system become codes: no space and quota MM_E_FULL,
 *           no such file MM_E_NOTFOUND, exists MM_E_EXISTS, permission MM_E_DENIED, a lock
 *           held by another MM_E_BUSY, everything else MM_E_IO; errno stays for the log.
 */
#ifndef MM_OS_FILE_H
#define MM_OS_FILE_H

#include "base/base.h"
#include "base/buf.h"
#include "base/limits.h"

struct stat;

struct mm_fs_ops {
    /* open(2) with O_CLOEXEC; mode is for O_CREAT. */
    enum mm_code (*open)(void *ctx, const char *path, int flags, unsigned mode, int *ret_fd);
    void (*close)(void *ctx, int fd);
    /* All of s at offset `at`, or an error; then any part of it may have been written. */
    enum mm_code (*pwrite)(void *ctx, int fd, struct mm_slice s, uint64_t at);
    /* Contents and size are durable when this returns MM_OK (fdatasync). */
    enum mm_code (*sync)(void *ctx, int fd);
    /* Names in the directory are durable when this returns MM_OK (fsync). */
    enum mm_code (*sync_dir)(void *ctx, const char *dir);
    enum mm_code (*truncate)(void *ctx, int fd, uint64_t size);
    enum mm_code (*rename)(void *ctx, const char *from, const char *to);
    enum mm_code (*unlink)(void *ctx, const char *path);
    enum mm_code (*mkdir)(void *ctx, const char *path, unsigned mode);
};

struct mm_fs {
    const struct mm_fs_ops *ops;
    void *ctx;
};

/* The operating system's own files. */
struct mm_fs mm_fs_real(void);

/* errno as a code; 0 is a bug. */
enum mm_code mm_code_of_errno(int err);

static inline enum mm_code mm_fs_open(struct mm_fs fs, const char *path, int flags, unsigned mode,
                                      int *ret_fd)
{
    return fs.ops->open(fs.ctx, path, flags, mode, ret_fd);
}
/* Closes *fd when it is open and leaves -1. */
static inline void mm_fs_close(struct mm_fs fs, int *fd)
{
    if (*fd >= 0)
        fs.ops->close(fs.ctx, *fd);
    *fd = -1;
}
MM_MUST_USE static inline enum mm_code mm_fs_pwrite(struct mm_fs fs, int fd, struct mm_slice s,
                                                    uint64_t at)
{
    return fs.ops->pwrite(fs.ctx, fd, s, at);
}
MM_MUST_USE static inline enum mm_code mm_fs_sync(struct mm_fs fs, int fd)
{
    return fs.ops->sync(fs.ctx, fd);
}
MM_MUST_USE static inline enum mm_code mm_fs_sync_dir(struct mm_fs fs, const char *dir)
{
    return fs.ops->sync_dir(fs.ctx, dir);
}
MM_MUST_USE static inline enum mm_code mm_fs_truncate(struct mm_fs fs, int fd, uint64_t size)
{
    return fs.ops->truncate(fs.ctx, fd, size);
}
MM_MUST_USE static inline enum mm_code mm_fs_rename(struct mm_fs fs, const char *from,
                                                    const char *to)
{
    return fs.ops->rename(fs.ctx, from, to);
}
MM_MUST_USE static inline enum mm_code mm_fs_unlink(struct mm_fs fs, const char *path)
{
    return fs.ops->unlink(fs.ctx, path);
}
MM_MUST_USE static inline enum mm_code mm_fs_mkdir(struct mm_fs fs, const char *path, unsigned mode)
{
    return fs.ops->mkdir(fs.ctx, path, mode);
}

/* mkdir of path and every missing directory above it, made durable; existing ones are fine. */
MM_MUST_USE enum mm_code mm_fs_mkdirs(struct mm_fs fs, const char *path, unsigned mode);

/*
 * Take the exclusive lock of `path` (created 0600 when missing): MM_E_BUSY at once when another
 * process has it, or wait for it when `wait`. Held until *ret_fd is closed.
 */
MM_MUST_USE enum mm_code mm_file_lock(const char *path, bool wait, int *ret_fd);

/*
 * Make bytes the whole of the file, durably and at once: a new file beside it with these rights,
 * synced and renamed. After an error the file is what it was; errno says why.
 */
MM_MUST_USE enum mm_code mm_file_replace(const char *path, struct mm_slice bytes, unsigned mode);
/* The same for a file of the state directory (0600); missing directories above it are made. */
MM_MUST_USE enum mm_code mm_file_put(const char *path, struct mm_slice bytes);

/*
 * Is a file with these rights its owner's alone? Or root's, whom nobody can hide anything from,
 * with no more than reading by a group: so systemd shows what it hands over to our user.
 */
bool mm_file_private(const struct stat *st);

/*
 * Append the whole file to out. MM_E_LIMIT when it does not fit into out->max; out then holds
 * what it held before.
 */
MM_MUST_USE enum mm_code mm_file_read(const char *path, struct mm_buf *out);

/*
 * Which folder stands at path, as a word that stays its own when it gets another name: its inode
 * and, where the file system keeps that, when it was made, as inodes come back. A copy is another
 * one. MM_E_NOTFOUND also for what is no folder; links are none.
 */
enum { MM_DIR_ID_MAX = 64 }; /* three numbers of 64 bits in hexadecimal, and room */
MM_MUST_USE enum mm_code mm_dir_id(const char *path, char ret[MM_DIR_ID_MAX]);

/* "dir/name" into ret; MM_E_LIMIT when it is longer than a path of ours may be. */
MM_MUST_USE enum mm_code mm_path_join(char ret[MM_MAX_PATH], const char *dir, const char *name);

#endif
