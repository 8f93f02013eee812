/* app/confine.c - see confine.h for the contract, confine.def for what is kept. */
#include "app/confine.h"

#include <stdio.h>
#include <unistd.h>

#include "app/content.h"
#include "os/file.h"
#include "os/log.h"

#define P(id) (1U << MM_CONFINED_##id)
#define WORKERS (P(WORKER) | P(MAILER))

enum root { STATE, CONTENT, PROGRAMS, ROOT, ROOTS };

static const struct {
    const char *name;
    unsigned may;
    bool kill, low_ports;
    uint32_t mib, files;
} processes[] = {
#define PROCESS(id, name, may, kill, low, mib, files) {name, may, kill, low, mib, files},
#define PLACE(who, root, below, reach, must)
#include "app/confine.def"
#undef PLACE
#undef PROCESS
};

static const struct {
    unsigned who;
    enum root root;
    const char *below;
    enum mm_sandbox_reach reach;
    bool must;
} places[] = {
#define PROCESS(id, name, may, kill, low, mib, files)
#define PLACE(who, root, below, reach, must) {who, root, below, MM_REACH_##reach, must},
#include "app/confine.def"
#undef PLACE
#undef PROCESS
};

static_assert(MM_COUNT(processes) == MM_CONFINED_COUNT && MM_CONFINED_COUNT <= 32, "bits of P()");

struct walls {
    struct mm_sandbox box;
    struct mm_sandbox_path path[MM_SANDBOX_PATHS_MAX];
    char text[MM_SANDBOX_PATHS_MAX][MM_MAX_PATH];
};

/* Where our programs lie: the directory of this one. */
static bool programs_dir(char ret[MM_MAX_PATH])
{
    ssize_t n = readlink("/proc/self/exe", ret, MM_MAX_PATH - 1);

    if (n <= 0)
        return false;
    ret[n] = 0;
    if (strrchr(ret, '/') == NULL)
        return false;
    *strrchr(ret, '/') = 0;
    return true;
}

static bool find_places(const struct mm_confine *c, struct walls *w)
{
    char content[MM_MAX_PATH], programs[MM_MAX_PATH];
    const char *const at[ROOTS] = {
        [STATE] = c->state,
        [CONTENT] = mm_content_path(".", content) == MM_OK ? content : NULL,
        [PROGRAMS] = programs_dir(programs) ? programs : NULL,
        [ROOT] = "",
    };
    size_t n = 0;

    MM_ASSERT(c->more_n <= MM_SANDBOX_PATHS_MAX);
    for (size_t i = 0; i < MM_COUNT(places); i++) {
        const char *root = at[places[i].root];

        if ((places[i].who & (1U << c->who)) == 0)
            continue;
        MM_ASSERT(n + c->more_n < MM_SANDBOX_PATHS_MAX);
        if (root == NULL || mm_path_join(w->text[n], root, places[i].below) != MM_OK) {
            mm_log_error(processes[c->who].name, "cannot be found: %s", places[i].below);
            return false;
        }
        if (places[i].must && access(w->text[n], F_OK) != 0) {
            mm_log_error(processes[c->who].name, "is not there: %s", w->text[n]);
            return false;
        }
        w->path[n] = (struct mm_sandbox_path){w->text[n], places[i].reach, !places[i].must};
        n++;
    }
    for (size_t i = 0; i < c->more_n; i++)
        w->path[n++] = c->more[i];
    w->box.paths = w->path;
    w->box.paths_n = n;
    return true;
}

static void set_bounds(const struct mm_confine *c, struct mm_sandbox *box)
{
    MM_ASSERT(c->who < MM_CONFINED_COUNT);
    box->may = processes[c->who].may;
    box->kill = processes[c->who].kill;
    box->low_ports = processes[c->who].low_ports;
    box->memory_max = c->memory_max != 0 ? c->memory_max : (uint64_t)processes[c->who].mib << 20;
    box->files_max = processes[c->who].files;
    box->ports = c->ports;
    box->ports_n = c->ports_n;
}

/* Was it done, or can this kernel not do it at all? */
static bool done(const struct mm_confine *c, enum mm_code code, const char *what)
{
    const char *name = processes[c->who].name;

    if (code == MM_E_NOTFOUND)
        mm_log_warn(name, "this kernel cannot bound %s", what);
    else if (code != MM_OK)
        mm_log_error(name, "cannot lock itself in (%s): %s", what, mm_code_key(code));
    return code == MM_OK || code == MM_E_NOTFOUND;
}

bool mm_confine_places(const struct mm_confine *c)
{
    struct walls w = {0};

    set_bounds(c, &w.box);
    return find_places(c, &w) && done(c, mm_sandbox_limits(&w.box), "memory and descriptors") &&
           done(c, mm_sandbox_no_capabilities(&w.box), "capabilities") &&
           done(c, mm_sandbox_paths(&w.box), "the files we see");
}

bool mm_confine_calls(const struct mm_confine *c)
{
    struct mm_sandbox box = {0};

    set_bounds(c, &box);
    return done(c, mm_sandbox_calls(&box), "our system calls");
}

bool mm_confine(const struct mm_confine *c)
{
    return mm_confine_places(c) && mm_confine_calls(c);
}
