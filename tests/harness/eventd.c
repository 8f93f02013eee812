/* tests/harness/eventd.c - see eventd.h. */
#include "tests/harness/eventd.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/rd.h"
#include "base/time.h"

enum { READY_S = 20 };

const char *mm_test_eventd_program(void)
{
#ifdef MM_EVENTD
    return access(MM_EVENTD, X_OK) == 0 ? MM_EVENTD : NULL;
#else
    return NULL;
#endif
}

static bool answers(const char *path)
{
    static const char ping[] = "GET /ping HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_sec = 2};
    char answer[64];
    bool good;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    good = connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) == 0 &&
           write(fd, ping, sizeof(ping) - 1) == (ssize_t)sizeof(ping) - 1 &&
           read(fd, answer, sizeof(answer)) > 15 && memcmp(answer, "HTTP/1.1 200 OK", 15) == 0;
    (void)close(fd);
    return good;
}

/* In the child: become eventd, under strace when `call` is given. */
static void run(const struct mm_test_eventd *e, const char *call, unsigned when)
{
    const char *program = mm_test_eventd_program();
    char log[300], inject[128], trace[64];
    int fd;

    (void)snprintf(log, sizeof(log), "%s.log", e->state);
    fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)dup2(fd, STDOUT_FILENO);
    (void)dup2(fd, STDERR_FILENO);
    if (call != NULL) {
        (void)snprintf(trace, sizeof(trace), "trace=%s", call);
        (void)snprintf(inject, sizeof(inject), "inject=%s:signal=KILL:when=%u", call, when);
        (void)execlp("strace", "strace", "-f", "-qq", "-o", "/dev/null", "-e", trace, "-e", inject,
                     program, "--state", e->state, (char *)NULL);
    } else {
        (void)execl(program, program, "--state", e->state, (char *)NULL);
    }
    _exit(127);
}

/* The process that strace started; 0 while there is none. */
static pid_t child_of(pid_t tracer)
{
    char path[64], text[64];
    uint64_t pid = 0;
    size_t n;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)tracer, (long)tracer);
    f = fopen(path, "r");
    if (f == NULL)
        return 0;
    n = fread(text, 1, sizeof(text), f);
    (void)fclose(f);
    return mm_slice_u64(mm_slice_trim(mm_slice_of(text, n)), &pid) ? (pid_t)pid : 0;
}

static bool start(struct mm_test_eventd *e, const char *state, const char *call, unsigned when)
{
    int64_t until = mm_mono_us() + READY_S * MM_US_PER_S;
    struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    pid_t first;

    MM_ASSERT(mm_test_eventd_program() != NULL);
    *e = (struct mm_test_eventd){0};
    (void)snprintf(e->state, sizeof(e->state), "%s", state);
    (void)snprintf(e->address, sizeof(e->address), "unix:%s/run/eventd.sock", state);
    fflush(NULL);
    first = fork();
    if (first == 0)
        run(e, call, when);
    e->pid = first;
    while (first > 0 && mm_mono_us() < until) {
        if (answers(e->address + strlen("unix:"))) {
            if (call != NULL) {
                e->tracer = first;
                e->pid = child_of(first);
            }
            return true;
        }
        if (waitpid(first, NULL, WNOHANG) == first) {
            e->pid = 0;
            return false;
        }
        (void)nanosleep(&pause, NULL);
    }
    mm_test_eventd_kill(e);
    return false;
}

bool mm_test_eventd_start(struct mm_test_eventd *e, const char *state)
{
    return start(e, state, NULL, 0);
}

bool mm_test_eventd_start_doomed(struct mm_test_eventd *e, const char *state, const char *call,
                                 unsigned when)
{
    return start(e, state, call, when);
}

/* Wait for it, or for the strace around it, which ends when it does. */
static int collect(struct mm_test_eventd *e, int flags, int *status)
{
    return waitpid(e->tracer > 0 ? e->tracer : e->pid, status, flags);
}

bool mm_test_eventd_alive(struct mm_test_eventd *e)
{
    if (e->pid > 0 && collect(e, WNOHANG, NULL) != 0)
        e->pid = e->tracer = 0;
    return e->pid > 0;
}

void mm_test_eventd_kill(struct mm_test_eventd *e)
{
    if (e->pid <= 0)
        return;
    (void)kill(e->pid, SIGKILL);
    (void)collect(e, 0, NULL);
    e->pid = e->tracer = 0;
}

bool mm_test_eventd_stop(struct mm_test_eventd *e)
{
    int status = -1;

    if (e->pid <= 0)
        return false;
    (void)kill(e->pid, SIGTERM);
    (void)collect(e, 0, &status);
    e->pid = e->tracer = 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void mm_test_eventd_remove(const struct mm_test_eventd *e)
{
    char log[300];

    MM_ASSERT(e->pid == 0 && e->state[0] == '/');
    (void)nftw(e->state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    (void)snprintf(log, sizeof(log), "%s.log", e->state);
    (void)unlink(log);
}

static uint64_t status_kb(struct mm_slice status, struct mm_slice key)
{
    size_t at = mm_slice_search(status, key);
    struct mm_rd rd;
    uint32_t kb = 0;

    if (at == SIZE_MAX)
        return 0;
    rd = mm_rd_of(mm_slice_sub(status, at + key.n, SIZE_MAX));
    while (mm_rd_skip(&rd, ' ') + mm_rd_skip(&rd, '\t') > 0) {
    }
    (void)mm_rd_dec(&rd, 9, &kb);
    return (uint64_t)kb * 1024;
}

struct mm_test_usage mm_test_eventd_usage(const struct mm_test_eventd *e)
{
    struct mm_test_usage u = {0};
    char path[64], text[4096];
    struct timespec cpu;
    clockid_t clock;
    FILE *f;

    if (clock_getcpuclockid(e->pid, &clock) == 0 && clock_gettime(clock, &cpu) == 0)
        u.cpu_s = (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9;
    (void)snprintf(path, sizeof(path), "/proc/%ld/status", (long)e->pid);
    f = fopen(path, "r");
    if (f != NULL) {
        struct mm_slice status = mm_slice_of(text, fread(text, 1, sizeof(text), f));

        u.rss = status_kb(status, MM_S("VmRSS:"));
        u.rss_peak = status_kb(status, MM_S("VmHWM:"));
        (void)fclose(f);
    }
    return u;
}
