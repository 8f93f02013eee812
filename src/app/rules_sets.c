/* app/rules_sets.c - see rules_sets.h for the contract. */
#include "app/rules_sets.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file.h"

enum { WALK_OPEN_MAX = 16 }; /* folders that nftw holds open; deeper ones it opens again */

static bool name_ok(const char *name)
{
    size_t n = strlen(name);

    /* "pages" holds what was made on pages, rule by rule: an exchange would take it all away. */
    if (n == 0 || n > MM_RULES_SET_NAME_MAX || strcmp(name, "pages") == 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = name[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (i > 0 && (c == '-' || c == '_'))))
            return false;
    }
    return true;
}

enum mm_code mm_rules_set_open(const char *state, const char *name, struct mm_rules_set *ret)
{
    struct mm_rules_set s = {.lock = -1};
    struct mm_fs fs = mm_fs_real();
    char lock[MM_MAX_PATH], file[MM_RULES_SET_NAME_MAX + 8];
    enum mm_code code;

    MM_ASSERT(state != NULL && name != NULL && ret != NULL);
    if (!name_ok(name))
        return MM_E_CONFIG;
    code = mm_path_join(s.rules, state, "rules");
    if (code == MM_OK)
        code = mm_path_join(s.sets, state, "rules-sets");
    if (code == MM_OK)
        code = mm_path_join(s.in, s.rules, name);
    (void)snprintf(file, sizeof(file), "%s.old", name);
    if (code == MM_OK)
        code = mm_path_join(s.old, s.sets, file);
    (void)snprintf(file, sizeof(file), "%s.new", name);
    if (code == MM_OK)
        code = mm_path_join(s.fresh, s.sets, file);
    (void)snprintf(file, sizeof(file), "%s.in", name);
    if (code == MM_OK)
        code = mm_path_join(s.packed, s.sets, file);
    if (code == MM_OK)
        code = mm_path_join(s.upload, s.sets, "upload");
    if (code == MM_OK)
        code = mm_path_join(lock, s.sets, "lock");
    if (code == MM_OK)
        code = mm_fs_mkdirs(fs, s.rules, 0700);
    if (code == MM_OK)
        code = mm_fs_mkdirs(fs, s.sets, 0700);
    if (code == MM_OK)
        code = mm_file_lock(lock, false, &s.lock);
    if (code == MM_OK)
        *ret = s;
    return code;
}

void mm_rules_set_close(struct mm_rules_set *s)
{
    mm_fs_close(mm_fs_real(), &s->lock);
}

bool mm_rules_set_is(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    return remove(path);
}

/* A folder and all in it; links are removed, not followed. */
enum mm_code mm_rules_set_drop(const char *dir)
{
    if (nftw(dir, remove_one, WALK_OPEN_MAX, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT)
        return MM_OK;
    return mm_code_of_errno(errno);
}

enum mm_code mm_rules_set_begin(const char *dir)
{
    enum mm_code code = mm_rules_set_drop(dir);

    return code == MM_OK ? mm_fs_mkdir(mm_fs_real(), dir, 0700) : code;
}

enum mm_code mm_rules_set_put(const char *in, struct mm_slice rel, struct mm_slice text)
{
    struct mm_fs fs = mm_fs_real();
    char path[MM_MAX_PATH], dir[MM_MAX_PATH];
    int fd = -1, n = snprintf(path, sizeof(path), "%s/%.*s", in, MM_S_ARG(rel));
    enum mm_code code;

    MM_ASSERT(rel.n > 0);
    if (n < 0 || (size_t)n >= sizeof(path))
        return MM_E_LIMIT;
    memcpy(dir, path, (size_t)n + 1);
    *strrchr(dir, '/') = 0;
    code = mm_rules_set_is(dir) ? MM_OK : mm_fs_mkdirs(fs, dir, 0700);
    if (code == MM_OK)
        code = mm_fs_open(fs, path, O_WRONLY | O_CREAT | O_TRUNC, 0600, &fd);
    if (code == MM_OK)
        code = mm_fs_pwrite(fs, fd, text, 0);
    mm_fs_close(fs, &fd);
    return code;
}

/* One sync for all files of a set: thousands of single ones would take minutes on a hard disk. */
static enum mm_code sync_all(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum mm_code code;

    if (fd < 0)
        return mm_code_of_errno(errno);
    code = syncfs(fd) == 0 ? MM_OK : mm_code_of_errno(errno);
    (void)close(fd);
    return code;
}

/* a comes to b; what was b comes to a when there was one. Names are durable then. */
static enum mm_code exchange(const struct mm_rules_set *s, const char *a, const char *b)
{
    struct mm_fs fs = mm_fs_real();
    bool both = mm_rules_set_is(b);
    enum mm_code code;

    if (renameat2(AT_FDCWD, a, AT_FDCWD, b, both ? RENAME_EXCHANGE : RENAME_NOREPLACE) != 0)
        return mm_code_of_errno(errno);
    code = mm_fs_sync_dir(fs, s->rules);
    return code == MM_OK ? mm_fs_sync_dir(fs, s->sets) : code;
}

enum mm_code mm_rules_set_take(const struct mm_rules_set *s)
{
    enum mm_code code = sync_all(s->fresh);

    if (code != MM_OK || !mm_rules_set_is(s->in))
        return code == MM_OK ? exchange(s, s->fresh, s->in) : code;
    code = exchange(s, s->fresh, s->old);
    if (code == MM_OK)
        code = exchange(s, s->old, s->in);
    return code == MM_OK ? mm_rules_set_drop(s->fresh) : code;
}

enum mm_code mm_rules_set_keep(const struct mm_rules_set *s)
{
    struct mm_fs fs = mm_fs_real();
    enum mm_code code = sync_all(s->packed);

    if (code == MM_OK)
        code = mm_rules_set_drop(s->upload);
    if (code == MM_OK)
        code = mm_fs_rename(fs, s->packed, s->upload);
    return code == MM_OK ? mm_fs_sync_dir(fs, s->sets) : code;
}

enum mm_code mm_rules_set_back(const struct mm_rules_set *s)
{
    return mm_rules_set_is(s->old) ? exchange(s, s->old, s->in) : MM_E_NOTFOUND;
}
