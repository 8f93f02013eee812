/* detect/stamp.c - has anything changed in the folders of rules? */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "detect/detect.h"

/* Names, sizes and times, summed so that the order of a folder doesn't count. Bounded by depth. */
static uint64_t stamp_path(const char *path, size_t depth)
{
    uint64_t sum = mm_hash((struct mm_seed){3, 5}, mm_slice_str(path));
    struct dirent *e;
    struct stat st;
    DIR *dir;

    /* Links to files count as what they point to; links to folders are not followed, as in load. */
    if (lstat(path, &st) != 0)
        return sum;
    if (S_ISLNK(st.st_mode) && (stat(path, &st) != 0 || (S_ISDIR(st.st_mode) && depth > 0)))
        return sum;
    if (!S_ISDIR(st.st_mode)) {
        const uint64_t facts[] = {(uint64_t)st.st_ino, (uint64_t)st.st_size,
                                  (uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec};

        return sum + mm_hash((struct mm_seed){7, sum}, mm_slice_of(facts, sizeof(facts)));
    }
    dir = depth < MM_RULES_MAX_DEPTH ? opendir(path) : NULL;
    while (dir != NULL && (e = readdir(dir)) != NULL) {
        char sub[MM_MAX_PATH];
        int n = snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);

        if (e->d_name[0] != '.' && n > 0 && (size_t)n < sizeof(sub))
            sum += stamp_path(sub, depth + 1);
    }
    if (dir != NULL)
        (void)closedir(dir);
    return sum;
}

uint64_t mm_rules_stamp(const char *const *paths, size_t path_n)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < path_n; i++)
        sum += stamp_path(paths[i], 0);
    return sum;
}

bool mm_rules_changed(struct mm_rules_watch *w, const char *const *paths, size_t path_n)
{
    uint64_t now = mm_rules_stamp(paths, path_n);
    bool still = now == w->seen;

    w->seen = now;
    if (!w->begun) { /* the first look is what was loaded */
        w->begun = true;
        w->taken = now;
        return false;
    }
    if (now == w->taken || !still) /* somebody is still copying: wait until it is the same twice */
        return false;
    w->taken = now;
    return true;
}
