/* serve/state.c - see state.h for the contract. */
#include "serve/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"

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

/* Write a small file at once: a new name, synced, then renamed into place. */
static enum mm_code put_file(const char *path, struct mm_slice bytes, struct mm_buf *why)
{
    char tmp[MM_MAX_PATH];
    int fd, n = snprintf(tmp, sizeof(tmp), "%s.new", path);
    bool ok;

    if (n < 0 || (size_t)n >= sizeof(tmp))
        return MM_E_LIMIT;
    fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ok = fd >= 0 && write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n && fsync(fd) == 0;
    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    if (!ok || rename(tmp, path) != 0) {
        mm_buf_fmt(why, "%s: cannot be written: %s", path, strerror(errno));
        return MM_E_IO;
    }
    return MM_OK;
}

static enum mm_code check_version(const char *path, struct mm_buf *why)
{
    char text[16];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;
    uint64_t version = 0;

    if (fd < 0 && errno == ENOENT) {
        char mine[16];
        int len = snprintf(mine, sizeof(mine), "%d\n", (int)MM_STATE_VERSION);
        return put_file(path, mm_slice_of(mine, (size_t)len), why);
    }
    n = fd < 0 ? -1 : read(fd, text, sizeof(text));
    if (fd >= 0)
        (void)close(fd);
    if (n < 0 || !mm_slice_u64(mm_slice_trim(mm_slice_of(text, (size_t)n)), &version)) {
        mm_buf_fmt(why, "%s: holds no version number; is this a state directory of Mimamori?",
                   path);
        return MM_E_VERSION;
    }
    if (version > MM_STATE_VERSION) {
        mm_buf_fmt(why,
                   "%s: written by a newer release (layout %llu, this program knows %d); run "
                   "that release or a newer one",
                   path, (unsigned long long)version, (int)MM_STATE_VERSION);
        return MM_E_VERSION;
    }
    return MM_OK;
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
    enum mm_code code = MM_OK;

    MM_ASSERT(dir != NULL && why != NULL);
    if (strlen(dir) > 80) {
        mm_buf_fmt(why, "%s: the path is too long; sockets inside it allow about 80 bytes", dir);
        return MM_E_LIMIT;
    }
    for (size_t i = 0; i < MM_COUNT(parts) && code == MM_OK; i++) {
        (void)snprintf(path, sizeof(path), "%s%s", dir, parts[i]);
        code = make_dir(path, why);
    }
    if (code == MM_OK) {
        (void)snprintf(path, sizeof(path), "%s/VERSION", dir);
        code = check_version(path, why);
    }
    if (code == MM_OK) {
        (void)snprintf(path, sizeof(path), "%s/key", dir);
        code = make_key(path, why);
    }
    return code;
}
