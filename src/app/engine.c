/* app/engine.c - `mimamori engine`: spool in; events, alerts, findings and cases out. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "app/confine.h"
#include "app/content.h"
#include "app/tables.h"
#include "base/time.h"
#include "detect/detect.h"
#include "engine/mirror.h"
#include "engine/shard.h"
#include "engine/sink.h"
#include "os/file.h"
#include "os/log.h"
#include "os/notify.h"
#include "serve/program.h"

static int usage(void)
{
    fputs("usage: mimamori engine [--state DIR] [--config FILE]\n"
          "Reads the spool, parses, applies rules, stores. SIGHUP loads formats and rules anew;\n"
          "what is added or changed under DIR/rules and DIR/formats is taken in by itself, and so "
          "are\n"
          "exceptions, values and levels of rules in the records.\n",
          stderr);
    return 2;
}

static size_t shard_count(const struct mm_config *config)
{
    uint64_t n = mm_config_number(config, MM_CFG_ENGINE_SHARDS);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (n == 0)
        n = cores > 0 ? (uint64_t)cores : 1;
    return n > MM_MASTER_SHARDS_MAX ? MM_MASTER_SHARDS_MAX : (size_t)n;
}

static bool settle_master(const char *state)
{
    return mm_confine(&(struct mm_confine){.who = MM_CONFINED_MASTER, .state = state});
}

static bool confine_shard(void)
{
    return mm_confine(&(struct mm_confine){.who = MM_CONFINED_SHARD});
}

enum {
    RULES_LOOK_S = 2,
    /* Thousands of rules take some ms of processor time to look at: a fifth of a percent of a core
     * is enough for that, as long as a change is seen within ten seconds. */
    RULES_LOOK_SHARE = 500,
    RULES_LOOK_MAX_S = 10,
    /* Who looks at a page waits; a line that was received has time: it is numbered and durable.
     * A backlog takes all that is left over (nice 5: a third of a page's share). */
    POLITE = 5,
};

/* The folders of rules and formats and how they looked when they were loaded. */
struct rule_watch {
    struct mm_shard_content *content;
    struct mm_rules_watch seen;
};

static bool rules_changed(struct rule_watch *w)
{
    const char *dirs[MM_SHARD_RULE_DIRS + 2] = {w->content->own_formats_dir, w->content->tailor};

    memcpy(dirs + 2, w->content->rule_dirs, w->content->rule_dirs_n * sizeof(dirs[0]));
    return mm_rules_changed(&w->seen, dirs, w->content->rule_dirs_n + 2);
}

/* Processor time of this thread. */
static int64_t used_us(void)
{
    struct timespec t = {0};

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * MM_US_PER_S + t.tv_nsec / 1000;
}

/* How long to wait after a look that took so long. */
static unsigned pause_s(int64_t took_us)
{
    int64_t s = took_us * RULES_LOOK_SHARE / MM_US_PER_S;

    return (unsigned)(s < RULES_LOOK_S       ? RULES_LOOK_S
                      : s > RULES_LOOK_MAX_S ? RULES_LOOK_MAX_S
                                             : s);
}

/* Looks after the folders of rules for as long as the process lives. */
static void *watch_rules(void *arg)
{
    int64_t took_us = 0;

    for (;;) {
        int64_t began_us;
        bool changed;

        (void)sleep(pause_s(took_us));
        began_us = used_us();
        changed = rules_changed(arg);
        took_us = used_us() - began_us;
        if (!changed)
            continue;
        mm_log_info("engine", "rules or formats changed: loading them anew");
        (void)kill(getpid(), SIGHUP);
    }
    return NULL;
}

/* A thread of its own, because a look takes milliseconds; without it SIGHUP still works. */
static void begin_to_watch(struct rule_watch *w)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, watch_rules, w) != 0)
        mm_log_warn("engine", "rules are not watched: send SIGHUP after changing them");
    else
        (void)pthread_detach(thread);
}

static int run(const char *state, const struct mm_config *config, struct mm_master *master,
               size_t shards, int wake, int signals, struct rule_watch *watch)
{
    char address[MM_MAX_PATH], meters[MM_MAX_PATH];
    struct mm_records *records = NULL;
    struct mm_sink *sink = NULL;
    struct mm_sink_options o = {
        .state_dir = state,
        .events_address = address,
        .master = master,
        .shards = shards,
        .wake_fd = wake,
        /* Its bounds in config.def are those of the column. */
        .keep_days = (uint16_t)mm_config_number(config, MM_CFG_EVENTS_KEEP_DAYS),
    };
    enum mm_code code;

    (void)snprintf(address, sizeof(address), "unix:%s/run/eventd.sock", state);
    if (mm_app_records_held(state, &records) != MM_OK)
        return 1;
    o.records = records;
    if (mm_path_join(meters, state, "run/engine.meters") != MM_OK ||
        mm_meters_open(meters, &o.meters) != MM_OK)
        mm_log_warn("engine", "nothing is measured: run/engine.meters cannot be made");
    if (!mm_confine(&(struct mm_confine){.who = MM_CONFINED_SINK, .state = state})) {
        mm_meters_close(&o.meters);
        mm_records_close(&records);
        return 1;
    }
    begin_to_watch(watch);
    code = mm_sink_new(&o, &sink);
    if (code == MM_OK) {
        mm_notify("READY=1");
        code = mm_sink_run(sink, signals);
    }
    if (code != MM_OK)
        mm_log_error("engine", "ends: %s", mm_code_key(code));
    mm_sink_free(&sink);
    mm_meters_close(&o.meters);
    mm_records_close(&records);
    return code == MM_OK ? 0 : 1;
}

static int start(const char *state, const struct mm_config *config)
{
    static char formats[MM_MAX_PATH], own_formats[MM_MAX_PATH], rules[MM_MAX_PATH],
        own[MM_MAX_PATH], exceptions[MM_MAX_PATH], tailor[MM_MAX_PATH];
    static struct mm_shard_content content = {.formats_dir = formats,
                                              .own_formats_dir = own_formats,
                                              .rule_dirs = {rules, own, exceptions},
                                              .rule_dirs_n = 3,
                                              .tailor = tailor};
    static struct rule_watch watch = {.content = &content}; /* a thread outlives this function */
    struct mm_shard_ops ops = mm_shard_ops(&content);
    sigset_t set;
    size_t shards = shard_count(config);
    struct mm_master *master = NULL;
    int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int rc, signals;

    if (wake < 0 || mm_content_path("formats", formats) != MM_OK ||
        mm_content_path("rules", rules) != MM_OK) {
        mm_log_error("engine", "no content directory; set MIMAMORI_CONTENT");
        return 1;
    }
    (void)setpriority(PRIO_PROCESS, 0, POLITE);
    (void)snprintf(own, sizeof(own), "%s/rules", state);
    (void)snprintf(exceptions, sizeof(exceptions), "%s/" MM_EXCEPTIONS_DIR, state);
    (void)snprintf(tailor, sizeof(tailor), "%s/" MM_TAILOR_FILE, state);
    (void)snprintf(own_formats, sizeof(own_formats), "%s/formats", state);
    ops.settle = settle_master;
    ops.state = state;
    ops.confine = confine_shard;
    (void)rules_changed(&watch); /* how they look before they are loaded */
    if (mm_master_start(&ops, shards, wake, &master) != MM_OK) {
        mm_log_error("engine", "shards cannot be started; the lines above say why");
        return 1;
    }
    /* After the shards were forked, so that they keep their own way with signals. */
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    rc = signals < 0 ? 1 : run(state, config, master, shards, wake, signals, &watch);
    mm_master_stop(&master);
    return rc;
}

int main(int argc, char **argv)
{
    static const struct mm_program program = {.usage = usage, .run = start};

    return mm_program_main(&program, argc, argv);
}
