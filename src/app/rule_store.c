/* app/rule_store.c - see rule_store.h for the contract. */
#include "app/rule_store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "coverage/wish.h"
#include "os/file.h"

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
