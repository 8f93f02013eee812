/* app/format_store.c - see format_store.h for the contract. */
#include "app/format_store.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "app/content.h"
#include "base/limits.h"
#include "os/file.h"
#include "parse/draft.h"

/* DIR/NAME.SUFFIX below the state's formats. */
static bool path_of(const char *state, struct mm_slice name, const char *suffix,
                    char ret[MM_MAX_PATH])
{
    int n = snprintf(ret, MM_MAX_PATH, "%s/formats/%.*s.%s", state, MM_S_ARG(name), suffix);

    return n > 0 && n < MM_MAX_PATH;
}

enum mm_code mm_format_store(const char *state, struct mm_slice name, struct mm_slice yaml,
                             struct mm_slice test)
{
    char dir[MM_MAX_PATH], path[MM_MAX_PATH], ours[MM_MAX_PATH + MM_DRAFT_NAME + 8];
    enum mm_code code = MM_OK;

    if (!mm_draft_name_ok(name))
        return MM_E_RANGE;
    if (mm_content_path("formats", dir) == MM_OK) {
        (void)snprintf(ours, sizeof(ours), "%s/%.*s.yaml", dir, MM_S_ARG(name));
        if (access(ours, F_OK) == 0)
            return MM_E_EXISTS;
    }
    /* The test first: a format that the engine takes in has its test beside it. */
    if (test.n > 0)
        code = path_of(state, name, "test", path) ? mm_file_put(path, test) : MM_E_LIMIT;
    if (code == MM_OK)
        code = path_of(state, name, "yaml", path) ? mm_file_put(path, yaml) : MM_E_LIMIT;
    return code;
}

enum mm_code mm_format_discard(const char *state, struct mm_slice name)
{
    char dir[MM_MAX_PATH], path[MM_MAX_PATH];

    if (!mm_draft_name_ok(name))
        return MM_E_RANGE;
    if (mm_path_join(dir, state, "formats") != MM_OK || !path_of(state, name, "yaml", path))
        return MM_E_LIMIT;
    if (unlink(path) != 0)
        return errno == ENOENT ? MM_E_NOTFOUND : MM_E_IO;
    if (path_of(state, name, "test", path) && unlink(path) != 0 && errno != ENOENT)
        return MM_E_IO;
    return mm_fs_sync_dir(mm_fs_real(), dir);
}
