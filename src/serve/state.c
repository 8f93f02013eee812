/* serve/state.c - see state.h for the contract. */
#include "serve/state.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/file.h"

enum { KEY_BYTES = 32 };

static enum mm_code make_dir(const char *path, struct mm_buf *why)
{
    struct stat st;

    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        mm_buf_fmt(why, "%s: cannot be made: %s", path, strerror(errno));
        return MM_E_IO;
    }
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid()) {
        mm_buf_fmt(why,
                   "%s: is not a directory of the user who runs this; choose another with "
                   "--state or change its owner",
                   path);
        return MM_E_IO;
    }
    return MM_OK;
}

static enum mm_code put_file(const char *path, struct mm_slice bytes, struct mm_buf *why)
{
    enum mm_code code = mm_file_replace(path, bytes, 0600);

    if (code != MM_OK)
        mm_buf_fmt(why, "%s: cannot be written: %s", path, strerror(errno));
    return code;
}

/* What VERSION says while a restore is under way: no number, so that every release refuses it. */
static const struct mm_slice restoring = MM_S_INIT("restoring\n");

static enum mm_code version_path(char ret[MM_MAX_PATH], const char *dir)
{
    return mm_path_join(ret, dir, "VERSION");
}

/* MM_OK, or why the directory is not ours to work on; *ret_there: it has a VERSION. */
static enum mm_code check(const char *dir, bool *ret_there, struct mm_buf *why)
{
    char path[MM_MAX_PATH];
    struct mm_buf text;
    uint64_t version = 0;
    enum mm_code code = version_path(path, dir);

    mm_buf_init(&text, 64);
    if (code == MM_OK)
        code = mm_file_read(path, &text);
    *ret_there = code != MM_E_NOTFOUND;
    if (code == MM_E_NOTFOUND) {
        code = MM_OK;
    } else if (code == MM_OK && mm_slice_eq(mm_buf_slice(&text), restoring)) {
        mm_buf_fmt(why,
                   "%s: a restore into it was not finished; remove it and run `mimamori restore` "
                   "again",
                   dir);
        code = MM_E_CONFIG;
    } else if (code != MM_OK || !mm_slice_u64(mm_slice_trim(mm_buf_slice(&text)), &version)) {
        mm_buf_fmt(why, "%s: holds no version number; is this a state directory of Mimamori?",
                   path);
        code = MM_E_VERSION;
    } else if (version > MM_STATE_VERSION) {
        mm_buf_fmt(why,
                   "%s: written by a newer release (layout %llu, this program knows %d); run "
                   "that release or a newer one",
                   path, (unsigned long long)version, (int)MM_STATE_VERSION);
        code = MM_E_VERSION;
    }
    mm_buf_done(&text);
    return code;
}

enum mm_code mm_state_check(const char *dir, struct mm_buf *why)
{
    bool there;

    MM_ASSERT(dir != NULL && why != NULL);
    return check(dir, &there, why);
}

enum mm_code mm_state_restoring(const char *dir)
{
    char path[MM_MAX_PATH];
    enum mm_code code = version_path(path, dir);

    return code == MM_OK ? mm_file_replace(path, restoring, 0600) : code;
}

static enum mm_code write_version(const char *dir)
{
    char path[MM_MAX_PATH], mine[16];
    int n = snprintf(mine, sizeof(mine), "%d\n", (int)MM_STATE_VERSION);
    enum mm_code code = version_path(path, dir);

    MM_ASSERT(n > 0 && (size_t)n < sizeof(mine));
    return code == MM_OK ? mm_file_replace(path, mm_slice_of(mine, (size_t)n), 0600) : code;
}

enum mm_code mm_state_restored(const char *dir)
{
    MM_ASSERT(dir != NULL);
    return write_version(dir);
}

static enum mm_code make_key(const char *path, struct mm_buf *why)
{
    uint8_t key[KEY_BYTES];
    struct stat st;
    enum mm_code code;

    if (stat(path, &st) == 0) {
        if (st.st_size == KEY_BYTES && (st.st_mode & 077) == 0)
            return MM_OK;
        mm_buf_fmt(why, "%s: must hold %d bytes and be readable by its owner only (chmod 600)",
                   path, (int)KEY_BYTES);
        return MM_E_CONFIG;
    }
    if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
        return MM_E_IO;
    code = put_file(path, mm_slice_of(key, sizeof(key)), why);
    explicit_bzero(key, sizeof(key));
    return code;
}

enum mm_code mm_state_prepare(const char *dir, struct mm_buf *why)
{
    static const char *const parts[] = {"", "/run", "/spool", "/rules"};
    char path[MM_MAX_PATH];
    bool there = false;
    enum mm_code code;

    MM_ASSERT(dir != NULL && why != NULL);
    if (strlen(dir) > 80) {
        mm_buf_fmt(why, "%s: the path is too long; sockets inside it allow about 80 bytes", dir);
        return MM_E_LIMIT;
    }
    code = check(dir, &there, why);
    for (size_t i = 0; i < MM_COUNT(parts) && code == MM_OK; i++) {
        (void)snprintf(path, sizeof(path), "%s%s", dir, parts[i]);
        code = make_dir(path, why);
    }
    if (code == MM_OK && !there && write_version(dir) != MM_OK) {
        mm_buf_fmt(why, "%s: VERSION cannot be written: %s", dir, strerror(errno));
        code = MM_E_IO;
    }
    if (code == MM_OK) {
        (void)snprintf(path, sizeof(path), "%s/key", dir);
        code = make_key(path, why);
    }
    return code;
}
