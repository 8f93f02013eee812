/* app/worker.c - `mimamori worker`: looks for new cases in the logs, writes and sends mails. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/tables.h"
#include "base/limits.h"
#include "base/time.h"
#include "desk/desk.h"
#include "notify/notify.h"
#include "os/log.h"
#include "os/notify.h"
#include "serve/program.h"

enum { TICK_MS = 500, PASSWORD_MAX = 256, MAILS_A_TICK = 20 };

#define TICK_IDLE_US (2 * MM_US_PER_S)

struct worker {
    struct mm_records *records;
    struct mm_events_client *events;
    struct mm_mail_server server;
    char portal[300], password[PASSWORD_MAX];
    bool mail_on;
};

static int usage(void)
{
    fputs("usage: mimamori worker [--state DIR] [--config FILE]\n"
          "Looks at the logs of every new case and mails the operator's staff.\n",
          stderr);
    return 2;
}

/* The password of a file that only its owner can read. */
static bool read_password(struct worker *w, const char *path)
{
    struct stat st;
    FILE *f;
    size_t n;

    if (path[0] == 0)
        return true;
    f = fopen(path, "r");
    if (f == NULL || fstat(fileno(f), &st) != 0 || (st.st_mode & 077) != 0) {
        mm_log_error("worker",
                     "mail.password_file cannot be used: %s must be readable by its "
                     "owner only (chmod 600)",
                     path);
        if (f != NULL)
            (void)fclose(f);
        return false;
    }
    n = fread(w->password, 1, sizeof(w->password) - 1, f);
    (void)fclose(f);
    while (n > 0 && (w->password[n - 1] == '\n' || w->password[n - 1] == '\r'))
        n--;
    w->password[n] = 0;
    return true;
}

static bool prepare(struct worker *w, const char *state, const struct mm_config *config)
{
    char address[MM_MAX_PATH];
    uint64_t pause = mm_config_number(config, MM_CFG_MAIL_PAUSE);

    (void)snprintf(address, sizeof(address), "unix:%s/run/eventd-read.sock", state);
    (void)snprintf(w->portal, sizeof(w->portal), "%s://%s",
                   mm_config_on(config, MM_CFG_PORTAL_TLS) ? "https" : "http",
                   mm_config_text(config, MM_CFG_PORTAL_LISTEN));
    w->mail_on = mm_config_on(config, MM_CFG_MAIL_URL);
    w->server = (struct mm_mail_server){.url = mm_config_text(config, MM_CFG_MAIL_URL),
                                        .from = mm_config_text(config, MM_CFG_MAIL_FROM),
                                        .user = mm_config_text(config, MM_CFG_MAIL_USER),
                                        .password = w->password,
                                        .portal = w->portal,
                                        .pause_s = pause > 3600 ? 3600 : (uint32_t)pause};
    return read_password(w, mm_config_text(config, MM_CFG_MAIL_PASSWORD_FILE)) &&
           mm_app_records(state, &w->records) == MM_OK &&
           mm_events_new(mm_slice_str(address), 60 * 1000, &w->events) == MM_OK;
}

/* One round; says whether there may be more to do at once. */
static bool tick(struct worker *w)
{
    size_t looked = 0, told = 0;
    bool tried = w->mail_on;
    enum mm_code code = mm_desk_look(w->records, w->events, mm_now_us(), &looked);

    if (code != MM_OK)
        mm_log_warn("worker", "cases not looked at yet: %s", mm_code_key(code));
    code = mm_notify_cases(w->records, w->mail_on ? &w->server : NULL, mm_now_us(), &told);
    if (code != MM_OK)
        mm_log_warn("worker", "mails not written: %s", mm_code_key(code));
    for (int i = 0; i < MAILS_A_TICK && tried; i++) {
        code = mm_notify_send(w->records, &w->server, mm_now_us(), &tried);
        if (code != MM_OK) {
            mm_log_warn("worker", "outbox not written: %s", mm_code_key(code));
            return false;
        }
    }
    return looked > 0 || told > 0;
}

static int run(const char *state, const struct mm_config *config)
{
    static struct worker w;
    int64_t ticked_us = 0;
    uint64_t seen = 0;
    sigset_t set;
    int signals;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGHUP, SIG_IGN);
    signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (signals < 0 || !prepare(&w, state, config))
        return 1;
    mm_notify("READY=1");
    for (;;) {
        struct pollfd pfd = {.fd = signals, .events = POLLIN};
        bool more = false;

        /* No WATCHDOG=1: one try at a mail server may take a minute, and a worker that is killed
         * in it would send that mail again and again. Every wait here has its own time-out. */
        /* Mails and second looks come due without a change of the records. */
        if (mm_records_changed(w.records, &seen) || mm_mono_us() - ticked_us > TICK_IDLE_US) {
            ticked_us = mm_mono_us();
            more = tick(&w);
        }
        if (poll(&pfd, 1, more ? 0 : TICK_MS) > 0)
            break;
    }
    mm_events_free(&w.events);
    mm_records_close(&w.records);
    explicit_bzero(w.password, sizeof(w.password));
    return 0;
}

int main(int argc, char **argv)
{
    static const struct mm_program program = {.usage = usage, .run = run};

    return mm_program_main(&program, argc, argv);
}
