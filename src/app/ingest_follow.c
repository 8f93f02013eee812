/* app/ingest_follow.c - see ingest_follow.h for the contract. */
#include "app/ingest_follow.h"

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>

#include "base/time.h"
#include "os/log.h"

enum { IDLE_MS = 500 };

/* The directory that must be readable so that `path`, which may be a pattern, can be looked for. */
static bool dir_of(const char *path, char ret[MM_MAX_PATH])
{
    size_t fixed = strcspn(path, "*?["), n = strlen(path);
    struct stat st;

    if (n >= MM_MAX_PATH)
        return false;
    memcpy(ret, path, n + 1);
    if (fixed == n && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return true;
    ret[fixed] = 0;
    while (fixed > 0 && ret[fixed - 1] != '/')
        fixed--;
    if (fixed == 0)
        ret[fixed++] = '.';
    else if (fixed > 1)
        fixed--; /* "/var/log/" without its end; "/" stays */
    ret[fixed] = 0;
    return stat(ret, &st) == 0 && S_ISDIR(st.st_mode);
}

bool mm_ingest_follow_dirs(const char *const *paths, size_t n,
                           char room[MM_FOLLOW_PATHS][MM_MAX_PATH], struct mm_sandbox_path *ret)
{
    MM_ASSERT(n <= MM_FOLLOW_PATHS);
    for (size_t i = 0; i < n; i++) {
        if (!dir_of(paths[i], room[i])) {
            mm_log_error("ingest", "%s: there is no such directory", paths[i]);
            return false;
        }
        ret[i] = (struct mm_sandbox_path){room[i], MM_REACH_READ, false};
    }
    return true;
}

static void say(void *ctx, const char *path, const char *what)
{
    static const struct {
        const char *what, *words;
    } said[] = {
        {"unreadable", "cannot be read"},
        {"damaged", "is damaged; what could be read of it is stored"},
        {"evtx", "is a Windows event log; `mimamori ingest` without --follow takes it"},
        {"too_many", "is not followed yet: too many files are open"},
    };

    (void)ctx;
    for (size_t i = 0; i < MM_COUNT(said); i++) {
        if (strcmp(said[i].what, what) == 0)
            mm_log_warn("ingest", "%s %s", path, said[i].words);
    }
}

enum mm_code mm_ingest_follow(struct mm_import *im, const char *places, const char *const *paths,
                              size_t n, int signals)
{
    struct mm_follow_options o = {
        .import = im, .places = places, .paths = paths, .paths_n = n, .say = say};
    struct pollfd p = {.fd = signals, .events = POLLIN};
    struct mm_follow *f = NULL;
    enum mm_code c = mm_follow_new(&o, &f), saved;
    bool more = true;

    if (c != MM_OK)
        return c;
    mm_log_info("ingest", "following");
    while (c == MM_OK && poll(&p, 1, more ? 0 : IDLE_MS) == 0)
        c = mm_follow_step(f, mm_mono_us(), &more);
    saved = mm_follow_save(f);
    if (saved != MM_OK)
        mm_log_warn("ingest", "%s: %s; the next start reads files from their front", places,
                    mm_code_key(saved));
    mm_follow_free(&f);
    return c;
}
