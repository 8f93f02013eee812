/* backup/files.c - see files.h for the contract. */
#include "backup/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1024 * 1024 }; /* a read that keeps a disk busy, a write that does not flood it */

struct walk {
    const char *top;
    mm_tree_fn *fn;
    void *ctx;
    char below[MM_MAX_PATH]; /* of the entry being looked at */
};

static enum mm_code walk_dir(struct walk *w, int depth);

static enum mm_code walk_entry(struct walk *w, const char *name, int depth)
{
    struct mm_tree_entry e = {.path = w->below};
    size_t n = strlen(w->below);
    char path[MM_MAX_PATH];
    bool skip = false;
    struct stat st;
    int len = snprintf(w->below + n, sizeof(w->below) - n, "%s%s", n == 0 ? "" : "/", name);
    enum mm_code code = MM_OK;

    if (len < 0 || (size_t)len >= sizeof(w->below) - n)
        code = MM_E_LIMIT;
    if (code == MM_OK)
        code = mm_path_join(path, w->top, w->below);
    /* Neither file nor directory, or gone: none of ours. */
    if (code == MM_OK && lstat(path, &st) == 0 && (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode))) {
        e.is_dir = S_ISDIR(st.st_mode);
        e.size = (uint64_t)st.st_size; /* never negative */
        code = w->fn(w->ctx, &e, &skip);
        if (code == MM_OK && e.is_dir && !skip)
            code = walk_dir(w, depth + 1);
        if (code == MM_E_NOTFOUND && e.is_dir)
            code = MM_OK;
    }
    w->below[n] = 0;
    return code;
}

/* The next thing in a directory, neither itself nor the one above; NULL behind the last. */
static const char *next_name(DIR *d)
{
    const struct dirent *e = readdir(d);

    while (e != NULL && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0))
        e = readdir(d);
    return e == NULL ? NULL : e->d_name;
}

/* Bounded by MM_TREE_DEPTH. */
static enum mm_code walk_dir(struct walk *w, int depth)
{
    char path[MM_MAX_PATH];
    enum mm_code code = MM_OK;
    const char *name;
    DIR *d;

    if (depth > MM_TREE_DEPTH)
        return MM_E_LIMIT;
    if (w->below[0] == 0)
        (void)snprintf(path, sizeof(path), "%s", w->top);
    else
        code = mm_path_join(path, w->top, w->below);
    if (code != MM_OK)
        return code;
    d = opendir(path);
    if (d == NULL)
        return mm_code_of_errno(errno);
    while (code == MM_OK && (name = next_name(d)) != NULL)
        code = walk_entry(w, name, depth);
    (void)closedir(d);
    return code;
}

enum mm_code mm_tree_walk(const char *dir, mm_tree_fn *fn, void *ctx)
{
    struct walk w = {.top = dir, .fn = fn, .ctx = ctx};

    MM_ASSERT(dir != NULL && fn != NULL);
    return strlen(dir) >= MM_MAX_PATH ? MM_E_LIMIT : walk_dir(&w, 0);
}

static enum mm_code remove_at(const char *path, int depth);

/* Bounded by MM_TREE_DEPTH. */
static enum mm_code remove_dir(const char *dir, int depth)
{
    char path[MM_MAX_PATH];
    enum mm_code code = MM_OK;
    const char *name;
    DIR *d;

    if (depth > MM_TREE_DEPTH)
        return MM_E_LIMIT;
    d = opendir(dir);
    if (d == NULL)
        return errno == ENOENT ? MM_OK : mm_code_of_errno(errno);
    while (code == MM_OK && (name = next_name(d)) != NULL) {
        code = mm_path_join(path, dir, name);
        if (code == MM_OK)
            code = remove_at(path, depth);
    }
    (void)closedir(d);
    if (code == MM_OK && rmdir(dir) != 0)
        code = mm_code_of_errno(errno);
    return code;
}

/* What is no directory goes itself: of a link never what it leads to. */
static enum mm_code remove_at(const char *path, int depth)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return MM_OK;
    return errno == EISDIR ? remove_dir(path, depth + 1) : mm_code_of_errno(errno);
}

enum mm_code mm_tree_remove(const char *dir)
{
    return remove_at(dir, -1);
}

enum mm_code mm_tree_empty(const char *dir, bool *ret)
{
    DIR *d = opendir(dir);

    if (d == NULL)
        return mm_code_of_errno(errno);
    *ret = next_name(d) == NULL;
    (void)closedir(d);
    return MM_OK;
}

struct mm_copier {
    struct mm_sha256 *sha;
    uint8_t *chunk;
};

struct mm_copier *mm_copier_new(void)
{
    struct mm_copier *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return NULL;
    c->sha = mm_sha256_new();
    c->chunk = malloc(CHUNK);
    if (c->sha == NULL || c->chunk == NULL)
        mm_copier_free(&c);
    return c;
}

void mm_copier_free(struct mm_copier **c)
{
    if (*c == NULL)
        return;
    mm_sha256_free(&(*c)->sha);
    free((*c)->chunk);
    free(*c);
    *c = NULL;
}

static bool all_zero(const uint8_t *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* Read `in` to its end; write it to `out` unless that is -1. */
static enum mm_code pump(struct mm_copier *c, int in, int out, struct mm_copied *ret)
{
    struct mm_fs fs = mm_fs_real();
    struct mm_copied done = {0};
    enum mm_code code = MM_OK;

    (void)posix_fadvise(in, 0, 0, POSIX_FADV_SEQUENTIAL);
    while (code == MM_OK) {
        ssize_t n = read(in, c->chunk, CHUNK);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            code = mm_code_of_errno(errno);
        if (n <= 0)
            break;
        mm_sha256_add(c->sha, mm_slice_of(c->chunk, (size_t)n));
        if (out >= 0 && !all_zero(c->chunk, (size_t)n))
            code = mm_fs_pwrite(fs, out, mm_slice_of(c->chunk, (size_t)n), done.size);
        done.size += (uint64_t)n;
    }
    mm_sha256_take(c->sha, done.sha256); /* also when it failed: ready for the next */
    if (code == MM_OK && out >= 0)
        code = mm_fs_truncate(fs, out, done.size);
    /* What the running system reads stays in memory, not what passes through here. */
    if (out >= 0)
        (void)posix_fadvise(in, 0, 0, POSIX_FADV_DONTNEED);
    if (code == MM_OK)
        *ret = done;
    return code;
}

/* Open a file to read. MM_E_SYNTAX: a device or a pipe, which has no end and may make us wait. */
static enum mm_code open_regular(const char *path, int *ret_fd)
{
    struct mm_fs fs = mm_fs_real();
    struct stat st;
    int fd = -1;
    enum mm_code code = mm_fs_open(fs, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, &fd);

    if (code == MM_OK && fstat(fd, &st) != 0)
        code = mm_code_of_errno(errno);
    else if (code == MM_OK && !S_ISREG(st.st_mode))
        code = MM_E_SYNTAX;
    if (code == MM_OK)
        *ret_fd = fd;
    else
        mm_fs_close(fs, &fd);
    return code;
}

enum mm_code mm_copier_digest(struct mm_copier *c, const char *path, struct mm_copied *ret)
{
    struct mm_fs fs = mm_fs_real();
    int in = -1;
    enum mm_code code = open_regular(path, &in);

    if (code == MM_OK)
        code = pump(c, in, -1, ret);
    mm_fs_close(fs, &in);
    return code;
}

enum mm_code mm_dirs_above(const char *path)
{
    char dir[MM_MAX_PATH];
    size_t n = strlen(path);

    if (n >= sizeof(dir))
        return MM_E_LIMIT;
    memcpy(dir, path, n + 1);
    for (size_t i = 1; i < n; i++) {
        if (dir[i] != '/')
            continue;
        dir[i] = 0;
        if (mkdir(dir, 0700) != 0 && errno != EEXIST)
            return mm_code_of_errno(errno);
        dir[i] = '/';
    }
    return MM_OK;
}

enum mm_code mm_copier_copy(struct mm_copier *c, const char *from, const char *to,
                            struct mm_copied *ret)
{
    struct mm_fs fs = mm_fs_real();
    int in = -1, out = -1;
    enum mm_code code = open_regular(from, &in);

    if (code == MM_OK) {
        code = mm_fs_open(fs, to, O_WRONLY | O_CREAT | O_EXCL, 0600, &out);
        if (code == MM_E_NOTFOUND) {
            code = mm_dirs_above(to);
            if (code == MM_OK)
                code = mm_fs_open(fs, to, O_WRONLY | O_CREAT | O_EXCL, 0600, &out);
        }
    }
    if (code == MM_OK)
        code = pump(c, in, out, ret);
    mm_fs_close(fs, &in);
    mm_fs_close(fs, &out);
    return code;
}

enum mm_code mm_sync_all(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum mm_code code = MM_OK;

    if (fd < 0)
        return mm_code_of_errno(errno);
    if (syncfs(fd) != 0)
        code = mm_code_of_errno(errno);
    (void)close(fd);
    return code;
}
