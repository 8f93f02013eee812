/* app/serve.c - `mimamori serve`: every program of one machine under one supervisor. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/confine.h"
#include "base/limits.h"
#include "os/child.h"
#include "os/file.h"
#include "os/log.h"
#include "os/notify.h"
#include "serve/config.h"
#include "serve/secret.h"
#include "serve/state.h"
#include "serve/supervise.h"

enum {
    OUT_MAX = 32 * 1024,         /* os/child reads in large pieces */
    WHY_MAX = 8192,              /* one sentence with paths and a value */
    UPGRADE_MS = 30 * 60 * 1000, /* records are a few GB at most */
};
#define UPGRADE_US "1800000000"

/* In the order of their start. */
static const struct {
    const char *name;
    unsigned used; /* keys that it reads (enum mm_config_used) */
} order[] = {
    {"eventd", 0},
    {"engine", MM_USED_ENGINE},
    {"intake", MM_USED_INTAKE},
    {"worker", MM_USED_WORKER},
    {"portal", MM_USED_PORTAL},
};

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

/* What is run, and with which settings. */
struct serving {
    const char *state;
    const char *config_path; /* NULL: none */
    struct mm_config config;
    struct mm_sup_program program[MM_COUNT(order)];
    size_t programs_n;
};

static void on_ready(void *arg)
{
    const struct mm_config *c = &((const struct serving *)arg)->config;

    mm_log_info("serve", "ready: portal=%s://%s",
                mm_config_on(c, MM_CFG_PORTAL_TLS) ? "https" : "http",
                mm_config_text(c, MM_CFG_PORTAL_LISTEN));
}

/* The configuration as it stands now, good as a whole with the files that it names. Without a state
 * directory its secrets are not opened. */
static bool read_config(const char *path, const char *state, struct mm_config *ret,
                        struct mm_buf *why)
{
    struct mm_config c;

    if (mm_config_load(path, &c, why) != MM_OK)
        return false;
    if (mm_config_files(&c, why) != MM_OK ||
        (state != NULL && mm_secrets_check(&c, state, why) != MM_OK)) {
        mm_config_done(&c);
        return false;
    }
    *ret = c;
    return true;
}

/* SIGHUP: with a good configuration the programs whose keys have changed start anew. */
static void on_hup(void *arg, bool *ret, size_t n)
{
    struct serving *s = arg;
    struct mm_config now;
    struct mm_buf why;
    unsigned changed;
    bool good;

    mm_buf_init(&why, WHY_MAX);
    good = read_config(s->config_path, s->state, &now, &why);
    if (!good)
        mm_log_error("serve", "the configuration stays as it was: %.*s",
                     MM_S_ARG(mm_buf_slice(&why)));
    mm_buf_done(&why);
    if (!good)
        return;
    changed = mm_config_changed(&s->config, &now);
    if ((changed & MM_USED_SERVE) != 0)
        mm_log_warn("serve", "what changed of serve.* takes effect when serve is started anew");
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < MM_COUNT(order); k++)
            ret[i] = ret[i] || (strcmp(s->program[i].name, order[k].name) == 0 &&
                                (changed & order[k].used) != 0);
    }
    mm_config_done(&s->config);
    s->config = now;
    mm_log_info("serve", changed == 0 ? "the configuration has not changed"
                                      : "the configuration is read anew");
}

static int usage(void)
{
    fputs("usage: mimamori serve [--state DIR] [--config FILE]\n"
          "Starts every program of Mimamori on this machine and keeps them running. SIGHUP reads\n"
          "FILE anew: with a good one, the programs whose keys have changed are started anew.\n"
          "  --state DIR    where everything is kept (default " MM_STATE_DEFAULT ")\n"
          "  --config FILE  key = value lines; `mimamori config show` lists the keys\n",
          stderr);
    return 2;
}

static int supervise(struct serving *s)
{
    const char *state = s->state;
    char run_dir[MM_MAX_PATH];
    struct mm_sup_options o = {
        .run_dir = run_dir,
        .pause_max_s = (uint32_t)mm_config_number(&s->config, MM_CFG_SERVE_PAUSE_MAX), /* <= 3600 */
        .on_ready = on_ready,
        .on_hup = on_hup,
        .arg = s,
    };
    enum mm_code code;

    /*
     * libchdb's allocator reads this before eventd's main. Its own setting gives pieces of 64 MiB
     * and more back to the kernel whenever they are freed; each insert has some, and touching them
     * anew took a tenth of eventd's time. What is kept is given back at rest (eventd.c).
     */
    (void)setenv("JE_MALLOC_CONF", "oversize_threshold:0", 0);
    (void)snprintf(run_dir, sizeof(run_dir), "%s/run", state);
    if (!mm_confine(&(struct mm_confine){.who = MM_CONFINED_SERVE, .state = state}))
        return 1;
    code = mm_supervise(s->program, s->programs_n, &o);
    if (code == MM_E_BUSY)
        fprintf(stderr, "mimamori: another `mimamori serve` already runs on %s\n", state);
    else if (code != MM_OK)
        fprintf(stderr, "mimamori: cannot start on %s: %s\n", state, mm_code_key(code));
    return code == MM_OK ? 0 : 1;
}

/* Before the first program: is the state one that this release can work on? Tables are its matter,
 * so another program looks, and says itself what is wrong. */
static bool upgrade(const char *dir, const char *state)
{
    char path[MM_MAX_PATH + 32];
    const char *const argv[] = {path, "--state", state, NULL};
    char run[MM_MAX_PATH + 32];
    struct mm_buf out;
    enum mm_code code;
    int status = 1, lock = -1;

    /* Not below the programs of another one, which would find records that are too new for them.
     * Where the file is missing none has ever run, and nothing is made before all is well. */
    (void)snprintf(run, sizeof(run), "%s/run/serve.lock", state);
    if (access(run, F_OK) == 0 && mm_file_lock(run, false, &lock) == MM_E_BUSY) {
        fprintf(stderr, "mimamori: another `mimamori serve` already runs on %s\n", state);
        return false;
    }
    (void)snprintf(path, sizeof(path), "%s/mimamori-upgrade", dir);
    mm_notify("EXTEND_TIMEOUT_USEC=" UPGRADE_US);
    mm_buf_init(&out, OUT_MAX); /* it says nothing there */
    code = mm_child_ask(argv, (struct mm_slice){0}, UPGRADE_MS, &out, &status);
    mm_buf_done(&out);
    if (lock >= 0)
        (void)close(lock);
    if (code != MM_OK)
        fprintf(stderr, "mimamori: %s: %s\n", path, mm_code_key(code));
    return code == MM_OK && status == 0;
}

static int run(struct serving *s)
{
    static struct names names;
    char dir[MM_MAX_PATH];
    ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);

    if (n <= 0)
        return 1;
    dir[n] = 0;
    *strrchr(dir, '/') = 0; /* an absolute path: there is one */
    if (!upgrade(dir, s->state))
        return 1;
    names.dir = dir;
    for (size_t i = 0; i < MM_COUNT(order); i++) {
        struct mm_sup_program *p = &s->program[s->programs_n];

        if (!mm_config_has_word(&s->config, MM_CFG_SERVE_PROGRAMS, order[i].name))
            continue;
        *p = program(&names, order[i].name, s->state, s->config_path);
        p->wait_ready = i == 0; /* engine and portal ask eventd at once */
        p->stop_last = i == 0;  /* the engine's last batch still needs it */
        s->programs_n++;
    }
    return supervise(s);
}

int main(int argc, char **argv)
{
    static char config_full[MM_MAX_PATH * 4];
    static struct serving s = {.state = MM_STATE_DEFAULT};
    struct mm_buf why;
    int rc = 1;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--state") == 0 && i + 1 < argc)
            s.state = argv[++i];
        else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            s.config_path = argv[++i];
        else
            return usage();
    }
    if (s.config_path != NULL && realpath(s.config_path, config_full) != NULL)
        s.config_path = config_full;
    mm_buf_init(&why, WHY_MAX);
    /* A fault of the configuration is told before a state is made. */
    if (read_config(s.config_path, NULL, &s.config, &why) &&
        mm_state_prepare(s.state, &why) == MM_OK &&
        mm_secrets_check(&s.config, s.state, &why) == MM_OK)
        rc = run(&s);
    if (why.n > 0)
        fprintf(stderr, "mimamori: %.*s\n", MM_S_ARG(mm_buf_slice(&why)));
    mm_buf_done(&why);
    mm_config_done(&s.config);
    return rc;
}
