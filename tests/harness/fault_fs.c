/* tests/harness/fault_fs.c - see fault_fs.h for the contract. */
#include "tests/harness/fault_fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/test.h"

enum { FILES_MAX = 512, CHANGES_MAX = 4096, FDS_MAX = 1024, HALF_SECTOR = 256 };

/* What a file holds when the power goes: `now` is read through a descriptor of our own. */
struct file {
    int fd;
    uint8_t *durable;
    size_t durable_n;
};

/* A name that now means a file (or none: -1) and is not synced yet. */
struct change {
    char name[64];
    int file;
    int pair; /* the change that must come with it (rename), or -1 */
};

struct name {
    char name[64];
    int file;
};

struct mm_fault_fs {
    struct file file[FILES_MAX];
    size_t files;
    struct name now[FILES_MAX], durable[FILES_MAX];
    size_t now_n, durable_n;
    struct change change[CHANGES_MAX];
    size_t changes;
    int file_of_fd[FDS_MAX]; /* index + 1 */
    unsigned count, cut_at, fail;
    enum mm_code fail_code;
    bool dead;
    uint64_t random;
};

static uint64_t next_random(struct mm_fault_fs *f)
{
    f->random ^= f->random << 13;
    f->random ^= f->random >> 7;
    f->random ^= f->random << 17;
    return f->random;
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

static int lookup(const struct name *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i].name, name) == 0)
            return list[i].file;
    }
    return -1;
}

static void bind_name(struct name *list, size_t *n, const char *name, int file)
{
    for (size_t i = 0; i < *n; i++) {
        if (strcmp(list[i].name, name) == 0) {
            list[i].file = file;
            if (file < 0)
                list[i] = list[--*n];
            return;
        }
    }
    if (file < 0)
        return;
    MM_ASSERT(*n < FILES_MAX && strlen(name) < sizeof(list[0].name));
    (void)snprintf(list[*n].name, sizeof(list[0].name), "%s", name);
    list[(*n)++].file = file;
}

static void note(struct mm_fault_fs *f, const char *name, int file, int pair)
{
    struct change *c = &f->change[f->changes];

    MM_ASSERT(f->changes < CHANGES_MAX && strlen(name) < sizeof(c->name));
    (void)snprintf(c->name, sizeof(c->name), "%s", name);
    c->file = file;
    c->pair = pair;
    f->changes++;
    bind_name(f->now, &f->now_n, name, file);
}

/* False: the machine is dead. *ret_cut: it dies in this operation. */
static bool alive(struct mm_fault_fs *f, bool *ret_cut)
{
    if (f->dead)
        return false;
    f->count++;
    *ret_cut = f->cut_at != 0 && f->count == f->cut_at;
    f->dead = *ret_cut;
    return true;
}

/* An operation that is atomic: when the power goes in it, it has happened or it has not. */
static bool happens(struct mm_fault_fs *f)
{
    bool cut = false;

    return alive(f, &cut) && (!cut || next_random(f) % 2 == 0);
}

static int add_file(struct mm_fault_fs *f, const char *path)
{
    MM_ASSERT(f->files < FILES_MAX);
    f->file[f->files].fd = open(path, O_RDONLY | O_CLOEXEC);
    MM_ASSERT(f->file[f->files].fd >= 0);
    return (int)f->files++;
}

static enum mm_code fault_open(void *ctx, const char *path, int flags, unsigned mode, int *ret_fd)
{
    struct mm_fault_fs *f = ctx;
    struct mm_fs real = mm_fs_real();
    const char *name = base_of(path);
    enum mm_code c;
    int fd = -1;

    if (!happens(f))
        return MM_E_IO;
    c = mm_fs_open(real, path, flags, mode, &fd);
    if (c != MM_OK)
        return c;
    MM_ASSERT(fd < FDS_MAX);
    if (lookup(f->now, f->now_n, name) < 0)
        note(f, name, add_file(f, path), -1);
    f->file_of_fd[fd] = lookup(f->now, f->now_n, name) + 1;
    if (f->dead) {
        mm_fs_close(real, &fd);
        return MM_E_IO;
    }
    *ret_fd = fd;
    return MM_OK;
}

static void fault_close(void *ctx, int fd)
{
    (void)close(fd);
}

static enum mm_code fault_pwrite(void *ctx, int fd, struct mm_slice s, uint64_t at)
{
    struct mm_fault_fs *f = ctx;
    bool cut = false;

    if (!alive(f, &cut))
        return MM_E_IO;
    if (cut || f->fail > 0) {
        enum mm_code c = cut ? MM_E_IO : f->fail_code;

        if (f->fail > 0)
            f->fail--;
        s.n = s.n == 0 ? 0 : (size_t)(next_random(f) % s.n);
        return mm_fs_pwrite(mm_fs_real(), fd, s, at) == MM_OK ? c : MM_E_IO;
    }
    return mm_fs_pwrite(mm_fs_real(), fd, s, at);
}

static void read_now(const struct file *file, uint8_t **ret, size_t *ret_n)
{
    struct stat st;
    size_t n;

    MM_ASSERT(fstat(file->fd, &st) == 0);
    n = (size_t)st.st_size;
    *ret = malloc(n + 1);
    MM_ASSERT(*ret != NULL);
    MM_ASSERT(pread(file->fd, *ret, n, 0) == (ssize_t)n);
    *ret_n = n;
}

static enum mm_code fault_sync(void *ctx, int fd)
{
    struct mm_fault_fs *f = ctx;
    struct file *file = &f->file[f->file_of_fd[fd] - 1];
    bool cut = false;

    MM_ASSERT(f->file_of_fd[fd] > 0);
    if (!alive(f, &cut) || cut)
        return MM_E_IO;
    if (f->fail > 0) {
        f->fail--;
        return f->fail_code;
    }
    free(file->durable);
    read_now(file, &file->durable, &file->durable_n);
    return MM_OK;
}

static enum mm_code fault_sync_dir(void *ctx, const char *dir)
{
    struct mm_fault_fs *f = ctx;
    bool cut = false;

    if (!alive(f, &cut) || cut)
        return MM_E_IO;
    memcpy(f->durable, f->now, sizeof(f->now));
    f->durable_n = f->now_n;
    f->changes = 0;
    return MM_OK;
}

static enum mm_code fault_truncate(void *ctx, int fd, uint64_t size)
{
    if (!happens(ctx))
        return MM_E_IO;
    return mm_fs_truncate(mm_fs_real(), fd, size);
}

static enum mm_code fault_rename(void *ctx, const char *from, const char *to)
{
    struct mm_fault_fs *f = ctx;
    int file = lookup(f->now, f->now_n, base_of(from));
    enum mm_code c;

    if (!happens(f))
        return MM_E_IO;
    c = mm_fs_rename(mm_fs_real(), from, to);
    if (c != MM_OK)
        return c;
    note(f, base_of(to), file, -1);
    note(f, base_of(from), -1, (int)f->changes - 1);
    return f->dead ? MM_E_IO : MM_OK;
}

static enum mm_code fault_unlink(void *ctx, const char *path)
{
    struct mm_fault_fs *f = ctx;
    enum mm_code c;

    if (!happens(f))
        return MM_E_IO;
    c = mm_fs_unlink(mm_fs_real(), path);
    if (c == MM_OK)
        note(f, base_of(path), -1, -1);
    return f->dead ? MM_E_IO : c;
}

static enum mm_code fault_mkdir(void *ctx, const char *path, unsigned mode)
{
    if (!happens(ctx))
        return MM_E_IO;
    return mm_fs_mkdir(mm_fs_real(), path, mode);
}

static const struct mm_fs_ops fault_ops = {
    .open = fault_open,
    .close = fault_close,
    .pwrite = fault_pwrite,
    .sync = fault_sync,
    .sync_dir = fault_sync_dir,
    .truncate = fault_truncate,
    .rename = fault_rename,
    .unlink = fault_unlink,
    .mkdir = fault_mkdir,
};

struct mm_fault_fs *mm_fault_fs_new(void)
{
    struct mm_fault_fs *f = calloc(1, sizeof(*f));

    MM_ASSERT(f != NULL);
    f->random = 88172645463325252u;
    return f;
}

static void forget(struct mm_fault_fs *f)
{
    for (size_t i = 0; i < f->files; i++) {
        free(f->file[i].durable);
        (void)close(f->file[i].fd);
    }
    memset(f->file, 0, sizeof(f->file));
    memset(f->file_of_fd, 0, sizeof(f->file_of_fd));
    f->files = f->now_n = f->durable_n = f->changes = 0;
}

void mm_fault_fs_free(struct mm_fault_fs **f)
{
    forget(*f);
    free(*f);
    *f = NULL;
}

struct mm_fs mm_fault_fs_ops(struct mm_fault_fs *f)
{
    return (struct mm_fs){.ops = &fault_ops, .ctx = f};
}

void mm_fault_fs_adopt(struct mm_fault_fs *f, const char *dir)
{
    DIR *d = opendir(dir);
    const struct dirent *e;

    MM_ASSERT(d != NULL);
    forget(f);
    while ((e = readdir(d)) != NULL) {
        char path[MM_MAX_PATH];
        struct stat st;
        int file;

        MM_ASSERT(mm_path_join(path, dir, e->d_name) == MM_OK);
        if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
            continue;
        file = add_file(f, path);
        read_now(&f->file[file], &f->file[file].durable, &f->file[file].durable_n);
        bind_name(f->now, &f->now_n, e->d_name, file);
        bind_name(f->durable, &f->durable_n, e->d_name, file);
    }
    (void)closedir(d);
}

void mm_fault_fs_cut_at(struct mm_fault_fs *f, unsigned n)
{
    f->cut_at = n == 0 ? 0 : f->count + n;
}

void mm_fault_fs_fail(struct mm_fault_fs *f, unsigned n, enum mm_code code)
{
    f->fail = n;
    f->fail_code = code;
}

bool mm_fault_fs_is_dead(const struct mm_fault_fs *f)
{
    return f->dead;
}

unsigned mm_fault_fs_count(const struct mm_fault_fs *f)
{
    return f->count;
}

/* Which of the unsynced changes of names the cut left. */
static void settle_names(struct mm_fault_fs *f, enum mm_fault_rest rest)
{
    bool kept[CHANGES_MAX];
    size_t front = f->changes == 0 ? 0 : (size_t)(next_random(f) % (f->changes + 1));

    for (size_t i = 0; i < f->changes; i++) {
        const struct change *c = &f->change[i];

        if (c->pair >= 0)
            kept[i] = kept[c->pair];
        else
            kept[i] = rest == MM_REST_ALL || (rest == MM_REST_FRONT && i < front) ||
                      (rest == MM_REST_ANY && next_random(f) % 2 == 0);
        if (kept[i])
            bind_name(f->durable, &f->durable_n, c->name, c->file);
    }
}

/* Writes what the cut left of one file to path. */
static void settle_file(struct mm_fault_fs *f, const struct file *file, const char *path,
                        enum mm_fault_rest rest)
{
    uint8_t *now = NULL;
    size_t n = 0, size, front;
    FILE *out;

    read_now(file, &now, &n);
    size = rest == MM_REST_NOTHING ? file->durable_n
           : rest == MM_REST_ALL   ? n
                                   : (next_random(f) % 2 == 0 ? n : file->durable_n);
    front = (size_t)(next_random(f) % (size + 1));
    out = fopen(path, "wb");
    MM_ASSERT(out != NULL);
    for (size_t at = 0; at < size; at += HALF_SECTOR) {
        static const uint8_t zeros[HALF_SECTOR];
        size_t len = mm_min_size(HALF_SECTOR, size - at);
        bool fresh = rest == MM_REST_ALL || (rest == MM_REST_FRONT && at < front) ||
                     (rest == MM_REST_ANY && next_random(f) % 2 == 0);
        const uint8_t *from = fresh ? now : file->durable;
        size_t have = fresh ? n : file->durable_n;
        size_t part = at >= have ? 0 : mm_min_size(len, have - at);

        MM_ASSERT(part == 0 || fwrite(from + at, 1, part, out) == part);
        MM_ASSERT(part == len || fwrite(zeros, 1, len - part, out) == len - part);
    }
    MM_ASSERT(fclose(out) == 0);
    free(now);
}

void mm_fault_fs_restart(struct mm_fault_fs *f, const char *dir, enum mm_fault_rest rest,
                         uint64_t seed)
{
    char path[MM_MAX_PATH], tmp[MM_MAX_PATH];

    f->random = seed * 2654435761u + 88172645463325252u;
    settle_names(f, rest);
    for (size_t i = 0; i < f->now_n; i++) {
        if (lookup(f->durable, f->durable_n, f->now[i].name) >= 0)
            continue;
        MM_ASSERT(mm_path_join(path, dir, f->now[i].name) == MM_OK);
        MM_ASSERT(unlink(path) == 0);
    }
    for (size_t i = 0; i < f->durable_n; i++) {
        MM_ASSERT(mm_path_join(path, dir, f->durable[i].name) == MM_OK);
        MM_ASSERT(mm_path_join(tmp, dir, "settling") == MM_OK);
        settle_file(f, &f->file[f->durable[i].file], tmp, rest);
        MM_ASSERT(rename(tmp, path) == 0);
    }
    f->dead = false;
    f->cut_at = f->fail = 0;
    mm_fault_fs_adopt(f, dir);
}
