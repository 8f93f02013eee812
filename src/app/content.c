/* app/content.c - see content.h for the contract. */
#include "app/content.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool try_dir(const char *dir, const char *part, char ret[MM_MAX_PATH], enum mm_code *code)
{
    int n;

    if (dir == NULL || dir[0] == 0 || access(dir, R_OK) != 0)
        return false;
    n = snprintf(ret, MM_MAX_PATH, "%s/%s", dir, part);
    *code = n >= 0 && n < MM_MAX_PATH ? MM_OK : MM_E_LIMIT;
    return true;
}

enum mm_code mm_content_path(const char *part, char ret[MM_MAX_PATH])
{
    enum mm_code code = MM_E_NOTFOUND;
    char exe[MM_MAX_PATH], dir[MM_MAX_PATH + 32];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

    if (try_dir(getenv("MIMAMORI_CONTENT"), part, ret, &code))
        return code;
    if (n > 0) {
        exe[n] = 0;
        /* PREFIX/lib/mimamori/mimamori-NAME has its content in PREFIX/share/mimamori/content. */
        for (int i = 0; i < 3 && strrchr(exe, '/') != NULL; i++)
            *strrchr(exe, '/') = 0;
        (void)snprintf(dir, sizeof(dir), "%s/share/mimamori/content", exe);
        if (try_dir(dir, part, ret, &code))
            return code;
        /* BUILD/src/app/mimamori-NAME: the source tree is the build directory's parent. */
        (void)snprintf(dir, sizeof(dir), "%s/../content", exe);
        if (try_dir(dir, part, ret, &code))
            return code;
    }
    return code;
}
