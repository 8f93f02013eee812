/* app/rule_store.c - see rule_store.h for the contract. */
#include "app/rule_store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "coverage/wish.h"
#include "os/child.h"
#include "os/file.h"

enum { SET_WAIT_MS = 120 * 1000, SAID_MAX = 16 * 1024 * 1024, LOGIN_MAX = 256 };

static enum mm_code path_of(const char *state, struct mm_slice id, char ret[MM_MAX_PATH])
{
    int n;

    if (!mm_wish_rule_name_ok(id))
        return MM_E_RANGE;
    n = snprintf(ret, MM_MAX_PATH, "%s/rules/pages/%.*s.yml", state, MM_S_ARG(id));
    return n > 0 && n < MM_MAX_PATH ? MM_OK : MM_E_LIMIT;
}

enum mm_code mm_rule_store(const char *state, struct mm_slice id, struct mm_slice text)
{
    char path[MM_MAX_PATH];
    enum mm_code code = path_of(state, id, path);

    return code == MM_OK ? mm_file_put(path, text) : code;
}

enum mm_code mm_rule_discard(const char *state, struct mm_slice id)
{
    char path[MM_MAX_PATH];
    enum mm_code code = path_of(state, id, path);

    if (code != MM_OK)
        return code;
    if (unlink(path) != 0)
        return errno == ENOENT ? MM_E_NOTFOUND : MM_E_IO;
    *strrchr(path, '/') = 0;
    return mm_fs_sync_dir(mm_fs_real(), path);
}

/* `mimamori rules VERB --yes ... OPTION FOLDER` */
static enum mm_code exchange(const char *state, struct mm_slice name, const char *verb,
                             const char *option, struct mm_slice id, struct mm_slice who)
{
    char program[MM_MAX_PATH + 32], set[MM_WISH_RULE_NAME + 1], by[LOGIN_MAX];
    char folder[MM_DIR_ID_MAX];
    const char *const argv[] = {program, verb,   "--yes", "--json", "--state", state, "--name",
                                set,     "--by", by,      option,   folder,    NULL};
    ssize_t n = readlink("/proc/self/exe", program, MM_MAX_PATH - 1);
    struct mm_buf said;
    int status = 0;
    enum mm_code code;

    if (!mm_wish_rule_name_ok(name) || who.n >= sizeof(by) || id.n == 0 || id.n >= sizeof(folder))
        return MM_E_RANGE;
    program[n > 0 ? n : 0] = 0;
    if (strrchr(program, '/') == NULL)
        return MM_E_IO;
    memcpy(strrchr(program, '/') + 1, "mimamori-rules", sizeof("mimamori-rules"));
    (void)snprintf(set, sizeof(set), "%.*s", MM_S_ARG(name));
    (void)snprintf(by, sizeof(by), "%.*s", MM_S_ARG(who));
    (void)snprintf(folder, sizeof(folder), "%.*s", MM_S_ARG(id));
    mm_buf_init(&said, SAID_MAX);
    code = mm_child_ask(argv, (struct mm_slice){0}, SET_WAIT_MS, &said, &status);
    mm_buf_done(&said);
    if (code != MM_OK)
        return MM_E_IO;
    return status == 0 ? MM_OK : MM_E_NOTFOUND;
}

enum mm_code mm_rule_set_back(const char *state, struct mm_slice name, struct mm_slice away,
                              struct mm_slice who)
{
    return exchange(state, name, "rollback", "--away", away, who);
}

enum mm_code mm_rule_set_take(const char *state, struct mm_slice name, struct mm_slice upload,
                              struct mm_slice who)
{
    return exchange(state, name, "take", "--upload", upload, who);
}
