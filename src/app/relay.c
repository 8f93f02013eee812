/* app/relay.c - `mimamori relay`: lines of a company's network, kept and handed over. */
#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/relay_enrol.h"
#include "app/relay_run.h"
#include "base/base.h"
#include "os/log.h"

enum { PAUSE_MAX_S = 30 };

static int usage(void)
{
    fputs("usage: mimamori relay enrol [--state DIR] [--proxy URL] [--proxy-user USER:PASSWORD]\n"
          "                            https://CENTRE CODE\n"
          "       mimamori relay run [--state DIR]\n"
          "A relay takes the log lines of a company's network (syslog, files), keeps them on its\n"
          "disk while the line is down, and hands each to the centre once, over HTTPS.\n"
          "  enrol  make this machine a relay: CODE is sixteen digits that the centre's staff\n"
          "         reads out (there: mimamori relays add, relays set --new-code)\n"
          "  run    work; what to listen to and which files to follow comes from the centre\n"
          "  --proxy URL    the company's proxy (http://proxy.example:8080)\n"
          "  --proxy-user   who asks it; or in the environment MIMAMORI_PROXY_USER\n"
          "  --state DIR    where everything is kept (default " MM_RELAY_STATE_DEFAULT ")\n",
          stderr);
    return 2;
}

/* The working process; it gives away what it does not need, so it is a new one each time. */
static int work(const char *state)
{
    struct mm_relay_identity id;
    enum mm_code c = mm_relay_identity_read(state, &id);
    int rc;

    if (c != MM_OK) {
        mm_log_error("relay", "%s: %s", state,
                     c == MM_E_NOTFOUND ? "this machine is no relay yet: mimamori relay enrol"
                                        : mm_code_key(c));
        return MM_RELAY_FAILED;
    }
    if (mm_crypt_init() != MM_OK || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return MM_RELAY_FAILED;
    rc = mm_relay_run(state, &id);
    mm_wipe(&id, sizeof(id));
    return rc;
}

/* Its end as an exit status. */
static int wait_for(pid_t child, const sigset_t *set, bool *ret_stop)
{
    int status = 0;

    for (;;) {
        siginfo_t info;
        int signo = sigwaitinfo(set, &info);

        if (signo == SIGTERM || signo == SIGINT) {
            *ret_stop = true;
            (void)kill(child, SIGTERM);
        }
        if (waitpid(child, &status, WNOHANG) == child)
            return WIFEXITED(status) ? WEXITSTATUS(status) : MM_RELAY_FAILED;
    }
}

/* Sleep, or false when we are told to stop. */
static bool pause_for(const sigset_t *set, int seconds)
{
    const struct timespec t = {.tv_sec = seconds};
    int signo = sigtimedwait(set, NULL, &t);

    return signo != SIGTERM && signo != SIGINT;
}

static int run(const char *state)
{
    int pause = 0, rc = 0;
    bool stop = false;
    sigset_t set, before;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, &before);
    while (!stop) {
        pid_t parent = getpid(), child = fork();

        if (child < 0)
            return 1;
        if (child == 0) {
            /* Without us nobody would start it again or stop it. */
            (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
            if (getppid() != parent)
                _exit(0);
            (void)sigprocmask(SIG_SETMASK, &before, NULL);
            _exit(work(state));
        }
        rc = wait_for(child, &set, &stop);
        pause = rc == MM_RELAY_ANEW ? 0 : pause == 0 ? 1 : pause * 2;
        pause = pause > PAUSE_MAX_S ? PAUSE_MAX_S : pause;
        if (!stop && pause > 0 && !pause_for(&set, pause))
            stop = true;
    }
    return rc == MM_RELAY_ANEW ? 0 : rc;
}

int main(int argc, char **argv)
{
    struct mm_relay_wish w = {.state = MM_RELAY_STATE_DEFAULT,
                              .proxy_user = getenv("MIMAMORI_PROXY_USER")};
    const char **rest[] = {&w.url, &w.code};
    size_t n = 0;
    bool enrol = argc > 1 && strcmp(argv[1], "enrol") == 0;

    if (argc < 2 || (!enrol && strcmp(argv[1], "run") != 0))
        return usage();
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--state") == 0 && i + 1 < argc)
            w.state = argv[++i];
        else if (strcmp(argv[i], "--proxy") == 0 && i + 1 < argc)
            w.proxy = argv[++i];
        else if (strcmp(argv[i], "--proxy-user") == 0 && i + 1 < argc)
            w.proxy_user = argv[++i];
        else if (enrol && n < MM_COUNT(rest) && argv[i][0] != '-')
            *rest[n++] = argv[i];
        else
            return usage();
    }
    if (!enrol)
        return run(w.state);
    return n == MM_COUNT(rest) ? mm_relay_enrol(&w) : usage();
}
