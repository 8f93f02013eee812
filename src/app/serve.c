/* app/serve.c - `mimamori serve`: every program of one machine under one supervisor. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/rd.h"
#include "os/log.h"
#include "serve/config.h"
#include "serve/state.h"
#include "serve/supervise.h"

/* Paths of the programs; they must live as long as the supervisor runs. */
struct names {
    const char *dir;
    char path[MM_SUP_PROGRAMS_MAX][MM_MAX_PATH + 64];
    size_t n;
};

static struct mm_sup_program program(struct names *names, const char *name, const char *state,
                                     const char *config)
{
    struct mm_sup_program p = {.name = name};
    char *path = names->path[names->n++];
    size_t at = 0;

    (void)snprintf(path, sizeof(names->path[0]), "%s/mimamori-%s", names->dir, name);
    p.argv[at++] = path;
    p.argv[at++] = "--state";
    p.argv[at++] = state;
    if (config != NULL) {
        p.argv[at++] = "--config";
        p.argv[at++] = config;
    }
    MM_ASSERT(at < MM_SUP_ARGS_MAX);
    return p;
}

static void on_ready(void *arg)
{
    const struct mm_config *c = arg;

    mm_log_info("serve", "ready: portal=%s://%s",
                mm_config_on(c, MM_CFG_PORTAL_TLS) ? "https" : "http",
                mm_config_text(c, MM_CFG_PORTAL_LISTEN));
}

static int usage(void)
{
    fputs("usage: mimamori serve [--state DIR] [--config FILE]\n"
          "Starts every program of Mimamori on this machine and keeps them running.\n"
          "  --state DIR    where everything is kept (default " MM_STATE_DEFAULT ")\n"
          "  --config FILE  key = value lines; `mimamori config show` lists the keys\n",
          stderr);
    return 2;
}

/* Does serve.programs name it, as a whole word? */
static bool wanted(const struct mm_config *config, const char *name)
{
    struct mm_rd rd = mm_rd_of(mm_slice_str(mm_config_text(config, MM_CFG_SERVE_PROGRAMS)));
    struct mm_slice word;

    while (mm_rd_left(&rd) > 0) {
        if (!mm_rd_until(&rd, ' ', &word)) {
            word = mm_rd_rest(&rd);
            rd.pos = rd.in.n;
        }
        if (mm_slice_eq(word, mm_slice_str(name)))
            return true;
    }
    return false;
}

static int run(const char *state, const char *config_path, const struct mm_config *config)
{
    static const char *const order[] = {"eventd", "engine", "intake", "worker", "portal"};
    struct mm_sup_program programs[MM_COUNT(order)];
    size_t programs_n = 0;
    static struct names names;
    char run_dir[MM_MAX_PATH], dir[MM_MAX_PATH];
    ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
    struct mm_sup_options o = {
        .run_dir = run_dir,
        .pause_max_s =
            (uint32_t)mm_config_number(config, MM_CFG_SERVE_PAUSE_MAX), /* <= 1,000,000 */
        .on_ready = on_ready,
        .arg = (void *)(uintptr_t)config, /* read only */
    };
    enum mm_code code;

    if (n <= 0)
        return 1;
    dir[n] = 0;
    *strrchr(dir, '/') = 0; /* an absolute path: there is one */
    names.dir = dir;
    for (size_t i = 0; i < MM_COUNT(order); i++) {
        struct mm_sup_program *p = &programs[programs_n];

        if (!wanted(config, order[i]))
            continue;
        *p = program(&names, order[i], state, config_path);
        p->wait_ready = i == 0; /* engine and portal ask eventd at once */
        p->stop_last = i == 0;  /* the engine's last batch still needs it */
        programs_n++;
    }
    if (programs_n == 0) {
        fputs("mimamori: serve.programs names none of eventd, engine, intake, worker, portal\n",
              stderr);
        return 1;
    }
    /*
     * libchdb's allocator reads this before eventd's main. Its own setting gives pieces of 64 MiB
     * and more back to the kernel whenever they are freed; each insert has some, and touching them
     * anew took a tenth of eventd's time. What is kept is given back at rest (eventd.c).
     */
    (void)setenv("JE_MALLOC_CONF", "oversize_threshold:0", 0);
    (void)snprintf(run_dir, sizeof(run_dir), "%s/run", state);
    code = mm_supervise(programs, programs_n, &o);
    if (code == MM_E_BUSY)
        fprintf(stderr, "mimamori: another `mimamori serve` already runs on %s\n", state);
    else if (code != MM_OK)
        fprintf(stderr, "mimamori: cannot start on %s: %s\n", state, mm_code_key(code));
    return code == MM_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    const char *state = MM_STATE_DEFAULT, *config_path = NULL;
    static char config_full[MM_MAX_PATH * 4];
    struct mm_config config;
    struct mm_buf why;
    int rc = 1;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--state") == 0 && i + 1 < argc)
            state = argv[++i];
        else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            config_path = argv[++i];
        else
            return usage();
    }
    mm_buf_init(&why, 8192);
    if (config_path != NULL && realpath(config_path, config_full) != NULL)
        config_path = config_full;
    if (mm_config_load(config_path, &config, &why) != MM_OK) {
        fprintf(stderr, "mimamori: %.*s\n", MM_S_ARG(mm_buf_slice(&why)));
    } else {
        if (mm_state_prepare(state, &why) != MM_OK)
            fprintf(stderr, "mimamori: %.*s\n", MM_S_ARG(mm_buf_slice(&why)));
        else
            rc = run(state, config_path, &config);
        mm_config_done(&config);
    }
    mm_buf_done(&why);
    return rc;
}
