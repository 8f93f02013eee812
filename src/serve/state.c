/* serve/state.c - see state.h for the contract. */
#include "serve/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/time.h"
#include "codec/ext/crypt.h"
#include "os/file.h"

#define CREDENTIAL "mimamori.key"

enum {
    KEY_NUMBER = 16 + 2, /* hexadecimal digits, a newline, NUL */
    RELEASE_MAX = 64,    /* "release ", a version, a newline */
};

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

void mm_state_newer(const char *dir, struct mm_buf *why)
{
    char path[MM_MAX_PATH];
    struct mm_buf text;
    struct mm_slice release;

    mm_buf_init(&text, RELEASE_MAX);
    if (mm_path_join(path, dir, MM_STATE_RELEASE) != MM_OK || mm_file_read(path, &text) != MM_OK)
        mm_buf_reset(&text);
    release = mm_slice_trim(mm_buf_slice(&text));
    mm_buf_fmt(why, "run %.*s or a newer one",
               MM_S_ARG(release.n == 0 ? MM_S("that release") : release));
    mm_buf_done(&text);
}

enum mm_code mm_state_release(const char *dir, const char *version)
{
    char path[MM_MAX_PATH], line[RELEASE_MAX];
    struct mm_buf text;
    struct mm_slice have;
    int n = snprintf(line, sizeof(line), "release %s\n", version);
    enum mm_code code = mm_path_join(path, dir, MM_STATE_RELEASE);

    MM_ASSERT(n > 0 && (size_t)n < sizeof(line));
    mm_buf_init(&text, RELEASE_MAX);
    if (code == MM_OK && mm_file_read(path, &text) != MM_OK)
        mm_buf_reset(&text);
    have = mm_buf_slice(&text);
    if (code == MM_OK && !mm_slice_eq(have, mm_slice_of(line, (size_t)n)))
        code = mm_file_replace(path, mm_slice_of(line, (size_t)n), 0600);
    mm_buf_done(&text);
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
        mm_buf_fmt(why, "%s: written by a newer release (layout %llu, this program knows %d); ",
                   path, (unsigned long long)version, (int)MM_STATE_VERSION);
        mm_state_newer(dir, why);
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

enum mm_code mm_state_key(const char *dir, char ret[MM_MAX_PATH])
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");

    if (credentials != NULL && mm_path_join(ret, credentials, CREDENTIAL) == MM_OK &&
        access(ret, F_OK) == 0)
        return MM_OK;
    return mm_path_join(ret, dir, "key");
}

/* Which key this is, without telling anything about it: hexadecimal digits and a newline. */
static void number_of_key(const struct mm_key *key, char ret[KEY_NUMBER])
{
    struct mm_digest d;

    mm_digest_keyed(key, MM_S("mimamori key 1"), &d);
    for (size_t i = 0; i < (KEY_NUMBER - 2) / 2; i++)
        (void)snprintf(ret + 2 * i, 3, "%02x", d.b[i]);
    ret[KEY_NUMBER - 2] = '\n';
    ret[KEY_NUMBER - 1] = 0;
}

enum mm_code mm_state_key_read(const char *path, struct mm_key *ret, struct mm_buf *why)
{
    struct mm_buf text;
    struct stat st;
    enum mm_code code = MM_OK;

    if (stat(path, &st) != 0 && errno == ENOENT)
        return MM_E_NOTFOUND;
    mm_buf_init(&text, sizeof(ret->b));
    if (stat(path, &st) != 0 || !mm_file_private(&st) || mm_file_read(path, &text) != MM_OK ||
        text.n != sizeof(ret->b)) {
        mm_buf_fmt(why, "%s: must hold %zu bytes and be readable by its owner only (chmod 600)",
                   path, sizeof(ret->b));
        code = MM_E_CONFIG;
    } else {
        memcpy(ret->b, text.p, sizeof(ret->b));
    }
    if (text.n > 0)
        mm_wipe(text.p, text.n);
    mm_buf_done(&text);
    return code;
}

/* Is the key there, and the one that this state knows? *ret_there: no; it may be made. */
static enum mm_code check_key(const char *dir, bool *ret_there, struct mm_buf *why)
{
    char path[MM_MAX_PATH], id_path[MM_MAX_PATH], number[KEY_NUMBER];
    struct mm_key key;
    struct mm_buf id;
    bool known;
    enum mm_code code = mm_state_key(dir, path);

    if (code == MM_OK)
        code = mm_path_join(id_path, dir, MM_STATE_KEY_ID);
    if (code != MM_OK)
        return code;
    mm_buf_init(&id, 2 * KEY_NUMBER);
    known = mm_file_read(id_path, &id) == MM_OK;
    code = mm_state_key_read(path, &key, why);
    *ret_there = code == MM_OK;
    if (code == MM_E_NOTFOUND && !known) {
        code = MM_OK;
    } else if (code == MM_E_NOTFOUND) {
        mm_buf_fmt(why,
                   "%s: the key of this state is gone; put it back from where you keep it. To "
                   "go on without what was sealed (second factors, tokens, scanned pages): "
                   "remove %s",
                   path, id_path);
        code = MM_E_CONFIG;
    } else if (code == MM_OK) {
        number_of_key(&key, number);
        if (!known) {
            code = put_file(id_path, mm_slice_str(number), why);
        } else if (!mm_slice_eq(mm_buf_slice(&id), mm_slice_str(number))) {
            mm_buf_fmt(why,
                       "%s: is not the key that this state was sealed with; put the right one "
                       "there. To go on without what was sealed: remove %s",
                       path, id_path);
            code = MM_E_CONFIG;
        }
    }
    mm_wipe(&key, sizeof(key));
    mm_buf_done(&id);
    return code;
}

static enum mm_code make_key(const char *dir, struct mm_buf *why)
{
    char path[MM_MAX_PATH], id_path[MM_MAX_PATH], number[KEY_NUMBER];
    struct mm_key key;
    enum mm_code code = mm_path_join(path, dir, "key");

    if (code == MM_OK)
        code = mm_path_join(id_path, dir, MM_STATE_KEY_ID);
    if (code != MM_OK)
        return code;
    if (getrandom(key.b, sizeof(key.b), 0) != (ssize_t)sizeof(key.b))
        return MM_E_IO;
    number_of_key(&key, number);
    code = put_file(path, mm_slice_of(key.b, sizeof(key.b)), why);
    if (code == MM_OK)
        code = put_file(id_path, mm_slice_str(number), why);
    mm_wipe(&key, sizeof(key));
    return code;
}

enum mm_code mm_state_prepare(const char *dir, struct mm_buf *why)
{
    static const char *const parts[] = {"/run",        "/spool",      "/rules", "/formats",
                                        "/rules-sets", "/exceptions", "/tailor"};
    char path[MM_MAX_PATH];
    bool there = false, has_key = false;
    enum mm_code code;

    MM_ASSERT(dir != NULL && why != NULL);
    if (strlen(dir) > 80) {
        mm_buf_fmt(why, "%s: the path is too long; sockets inside it allow about 80 bytes", dir);
        return MM_E_LIMIT;
    }
    code = mm_crypt_init();
    if (code == MM_OK)
        code = check(dir, &there, why);
    if (code == MM_OK)
        code = make_dir(dir, why);
    if (code == MM_OK)
        code = check_key(dir, &has_key, why);
    for (size_t i = 0; i < MM_COUNT(parts) && code == MM_OK; i++) {
        (void)snprintf(path, sizeof(path), "%s%s", dir, parts[i]);
        code = make_dir(path, why);
    }
    if (code == MM_OK && !there && write_version(dir) != MM_OK) {
        mm_buf_fmt(why, "%s: VERSION cannot be written: %s", dir, strerror(errno));
        code = MM_E_IO;
    }
    if (code == MM_OK && !has_key)
        code = make_key(dir, why);
    return code;
}

int64_t mm_state_moment(const char *dir, const char *name)
{
    char path[MM_MAX_PATH];
    struct mm_buf text;
    int64_t us = 0;
    bool zone;

    mm_buf_init(&text, 64);
    if (mm_path_join(path, dir, name) != MM_OK || mm_file_read(path, &text) != MM_OK ||
        !mm_time_parse(mm_slice_trim(mm_buf_slice(&text)), 0, &us, &zone))
        us = 0;
    mm_buf_done(&text);
    return us;
}
