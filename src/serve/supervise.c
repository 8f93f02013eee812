/* serve/supervise.c - see supervise.h for the contract. */
#include "serve/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/time.h"
#include "os/log.h"
#include "os/notify.h"
#include "os/proc.h"
#include "serve/vitals.h"

static_assert((int)MM_VITALS_PROGRAMS == (int)MM_SUP_PROGRAMS_MAX, "all of them are told of");

enum { TICK_MS = 200, TELL_EVERY_S = 5 };

struct child {
    const struct mm_sup_program *program;
    pid_t pid; /* 0: not running */
    bool ready;
    bool watched;     /* has sent WATCHDOG=1 in this life */
    int64_t alive_us; /* last sign of life */
    int64_t started_us;
    int64_t start_at_us; /* when to start again */
    uint32_t backoff_s;
    uint32_t restarts;
    int64_t cpu_ended_us; /* of the lives that have ended */
    bool was_ready;       /* in any life */
    bool anew;            /* told to end, so that it starts with other settings */
    int64_t kill_at_us;
};

struct sup {
    struct child child[MM_SUP_PROGRAMS_MAX];
    size_t n;
    const struct mm_sup_options *o;
    char notify_path[108]; /* sun_path */
    int notify_fd;
    int signal_fd;
    sigset_t signals;
    int lock, pause_fd;
    bool stopping; /* for good, or for a pause */
    bool ending;   /* for good */
    bool announced;
    int64_t began_us;   /* wall clock */
    int64_t written_us; /* monotonic: when its status was written last */
    int64_t stop_until_us;
    int64_t told_us; /* last sign of life of ours */
};

/* What everybody may know of the programs (serve/vitals.h). */
static void write_status(struct sup *s)
{
    struct mm_vitals v = {.written_us = mm_now_us(), .began_us = s->began_us, .n = s->n};
    struct mm_proc_use use;

    s->written_us = mm_mono_us();
    v.supervisor = (struct mm_vital){
        .name = "serve", .pid = getpid(), .ready = s->announced, .started_us = s->began_us};
    for (size_t i = 0; i < s->n; i++) {
        const struct child *c = &s->child[i];
        struct mm_vital *p = &v.program[i];

        (void)snprintf(p->name, sizeof(p->name), "%s", c->program->name);
        p->pid = c->pid;
        p->ready = c->ready;
        p->restarts = c->restarts;
        p->cpu_us = c->cpu_ended_us;
        if (c->pid == 0)
            continue;
        p->started_us = v.written_us - (s->written_us - c->started_us);
        if (mm_proc_use(c->pid, &use) == MM_OK) {
            p->cpu_us += use.cpu_us;
            p->rss_bytes = use.rss_bytes;
            p->processes = use.processes;
        }
    }
    if (mm_vitals_write(s->o->run_dir, &v) != MM_OK)
        mm_log_warn("serve", "status file not written: errno=%d", errno);
}

static void start(struct sup *s, struct child *c)
{
    pid_t pid = fork();

    if (pid == 0) {
        (void)sigprocmask(SIG_UNBLOCK, &s->signals, NULL);
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)setenv("NOTIFY_SOCKET", s->notify_path, 1);
        /* A group of its own: Ctrl-C on the terminal reaches only us, and we stop in order. */
        (void)setpgid(0, 0);
        /* execv takes the strings as non-const for historical reasons; it does not write them. */
        (void)execv(c->program->argv[0], (char *const *)(uintptr_t)c->program->argv);
        _exit(127);
    }
    c->pid = pid > 0 ? pid : 0;
    c->ready = false;
    c->watched = false;
    c->started_us = c->alive_us = mm_mono_us();
    if (pid < 0)
        c->start_at_us = mm_mono_us() + MM_US_PER_S;
    write_status(s);
}

static void ended(struct sup *s, pid_t pid, int status, const struct rusage *use)
{
    int64_t now = mm_mono_us();

    for (size_t i = 0; i < s->n; i++) {
        struct child *c = &s->child[i];

        if (c->pid != pid)
            continue;
        c->pid = 0;
        c->ready = false;
        c->cpu_ended_us += (use->ru_utime.tv_sec + use->ru_stime.tv_sec) * MM_US_PER_S +
                           use->ru_utime.tv_usec + use->ru_stime.tv_usec;
        if (c->anew) {
            c->anew = false;
            c->start_at_us = now;
        } else if (!s->stopping) {
            if (now - c->started_us > 60 * MM_US_PER_S)
                c->backoff_s = 0;
            c->start_at_us = now + c->backoff_s * MM_US_PER_S;
            c->backoff_s = c->backoff_s == 0 ? 1 : c->backoff_s * 2;
            if (c->backoff_s > s->o->pause_max_s)
                c->backoff_s = s->o->pause_max_s;
            c->restarts++;
            mm_log_error("serve", "program ended: name=%s %s=%d restarts=%u", c->program->name,
                         WIFSIGNALED(status) ? "signal" : "exit",
                         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), c->restarts);
            if (!c->was_ready && c->restarts == MM_SUP_SAY_AT)
                mm_log_error("serve", "cannot start: name=%s; its own lines above say why",
                             c->program->name);
        }
        write_status(s);
    }
}

/* One notify datagram; the kernel vouches for the sender's pid. */
static bool notified(struct sup *s)
{
    char text[256];
    union {
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {.iov_base = text, .iov_len = sizeof(text)};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    ssize_t n = recvmsg(s->notify_fd, &msg, MSG_DONTWAIT);
    struct cmsghdr *cm = n >= 0 ? CMSG_FIRSTHDR(&msg) : NULL;
    struct ucred cred;

    if (n < 0)
        return false;
    if (cm == NULL || cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_CREDENTIALS)
        return true;
    memcpy(&cred, CMSG_DATA(cm), sizeof(cred));
    for (size_t i = 0; i < s->n; i++) {
        struct child *c = &s->child[i];
        struct mm_slice t = mm_slice_of(text, (size_t)n);

        if (c->pid == 0 || c->pid != cred.pid)
            continue;
        c->alive_us = mm_mono_us();
        if (mm_slice_search(t, MM_S("WATCHDOG=1")) != SIZE_MAX)
            c->watched = true;
        if (!c->ready && mm_slice_search(t, MM_S("READY=1")) != SIZE_MAX) {
            c->ready = c->was_ready = true;
            write_status(s);
        }
    }
    return true;
}

/*
 * Start what is due, in order; a program that must be ready first holds back those behind it. True
 * when every program is there and has said that it is ready.
 */
static bool start_due(struct sup *s)
{
    int64_t now = mm_mono_us();
    bool all = true;

    for (size_t i = 0; i < s->n; i++) {
        struct child *c = &s->child[i];

        if (c->pid == 0 && now >= c->start_at_us)
            start(s, c);
        if (c->program->wait_ready && !c->ready &&
            now - c->started_us < MM_SUP_READY_S * MM_US_PER_S)
            return false;
        all = all && c->pid > 0 && (c->ready || c->program->silent);
    }
    return all;
}

static void check_watchdogs(struct sup *s)
{
    int64_t now = mm_mono_us();

    for (size_t i = 0; i < s->n; i++) {
        struct child *c = &s->child[i];

        if (c->pid > 0 && c->watched && now - c->alive_us > MM_SUP_WATCHDOG_S * MM_US_PER_S) {
            mm_log_error("serve", "watchdog fell silent: name=%s", c->program->name);
            (void)kill(c->pid, SIGKILL);
            c->watched = false;
        }
        if (c->pid > 0 && c->anew && now > c->kill_at_us)
            (void)kill(c->pid, SIGKILL);
    }
}

/* Other settings: some programs are started anew, the rest hears of it. */
static void reload(struct sup *s)
{
    bool anew[MM_SUP_PROGRAMS_MAX] = {false};

    if (s->o->on_hup != NULL)
        s->o->on_hup(s->o->arg, anew, s->n);
    for (size_t i = 0; i < s->n; i++) {
        struct child *c = &s->child[i];

        if (c->pid == 0)
            continue; /* it starts with them */
        if (anew[i]) {
            mm_log_info("serve", "started anew for other settings: name=%s", c->program->name);
            c->anew = true;
            c->kill_at_us = mm_mono_us() + MM_SUP_STOP_S * MM_US_PER_S;
            (void)kill(c->pid, SIGTERM);
        } else if (!c->program->stop_last) {
            (void)kill(c->pid, SIGHUP);
        }
    }
}

/* To our own supervisor, where there is one: children have another NOTIFY_SOCKET. */
static void tell_above(struct sup *s)
{
    int64_t now = mm_mono_us();

    if (now - s->told_us < TELL_EVERY_S * MM_US_PER_S)
        return;
    s->told_us = now;
    mm_notify("WATCHDOG=1");
}

static void signal_all(const struct sup *s, int sig, bool last)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->child[i].pid > 0 && s->child[i].program->stop_last == last)
            (void)kill(s->child[i].pid, sig);
    }
}

static bool running(const struct sup *s, bool last)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->child[i].pid > 0 && s->child[i].program->stop_last == last)
            return true;
    }
    return false;
}

/* One step of stopping; true when all is over. */
static bool stop_step(struct sup *s, bool *last_told)
{
    bool late = mm_mono_us() > s->stop_until_us;

    if (running(s, false)) {
        if (late)
            signal_all(s, SIGKILL, false);
        return false;
    }
    if (!*last_told) {
        signal_all(s, SIGTERM, true);
        *last_told = true;
        /* What is left of the ten seconds, but at least one. */
        s->stop_until_us =
            mm_mono_us() + MM_US_PER_S + (late ? 0 : s->stop_until_us - mm_mono_us());
        return !running(s, true);
    }
    if (late)
        signal_all(s, SIGKILL, true);
    return !running(s, true);
}

static void stop(struct sup *s)
{
    if (s->stopping)
        return;
    s->stopping = true;
    s->stop_until_us = mm_mono_us() + MM_SUP_STOP_S * MM_US_PER_S;
    signal_all(s, SIGTERM, false);
}

static void read_signals(struct sup *s)
{
    struct signalfd_siginfo info;
    struct rusage use;
    int status;
    pid_t pid;

    while (read(s->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGHUP) {
            if (!s->stopping)
                reload(s);
        } else if (info.ssi_signo != SIGCHLD) {
            s->ending = true;
            mm_notify("STOPPING=1");
            stop(s);
        }
    }
    while ((pid = wait4(-1, &status, WNOHANG, &use)) > 0)
        ended(s, pid, status, &use);
}

static enum mm_code begin(struct sup *s)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int one = 1;
    int n = snprintf(s->notify_path, sizeof(s->notify_path), "%s/notify.sock", s->o->run_dir);

    if (n < 0 || (size_t)n >= sizeof(at.sun_path))
        return MM_E_LIMIT;
    memcpy(at.sun_path, s->notify_path, (size_t)n + 1);
    (void)unlink(s->notify_path);
    s->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s->notify_fd < 0 ||
        setsockopt(s->notify_fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) != 0 ||
        bind(s->notify_fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        chmod(s->notify_path, 0600) != 0)
        return MM_E_IO;
    (void)sigemptyset(&s->signals);
    (void)sigaddset(&s->signals, SIGCHLD);
    (void)sigaddset(&s->signals, SIGTERM);
    (void)sigaddset(&s->signals, SIGINT);
    (void)sigaddset(&s->signals, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &s->signals, NULL) != 0)
        return MM_E_IO;
    s->signal_fd = signalfd(-1, &s->signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signal_fd < 0 ? MM_E_IO : MM_OK;
}

/* Does somebody hold the lock that asks for a pause? */
static bool pause_wanted(const struct sup *s)
{
    if (flock(s->pause_fd, LOCK_SH | LOCK_NB) != 0)
        return errno == EWOULDBLOCK;
    (void)flock(s->pause_fd, LOCK_UN);
    return false;
}

/* All programs are stopped: leave the state to who asked, until it is done. False: to end. */
static bool stand_still(struct sup *s)
{
    mm_log_info("serve", "standing still: somebody works on the state");
    (void)flock(s->lock, LOCK_UN);
    while (pause_wanted(s) || flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
        struct pollfd pfd = {.fd = s->signal_fd, .events = POLLIN};

        (void)poll(&pfd, 1, TICK_MS);
        tell_above(s);
        read_signals(s);
        if (s->ending)
            return false;
    }
    for (size_t i = 0; i < s->n; i++) {
        s->child[i].start_at_us = s->child[i].backoff_s = 0;
        s->child[i].anew = false;
    }
    s->stopping = s->announced = false;
    return true;
}

/* Until all are stopped. */
static void run(struct sup *s)
{
    bool last_told = false;

    for (;;) {
        struct pollfd pfd[] = {{.fd = s->signal_fd, .events = POLLIN},
                               {.fd = s->notify_fd, .events = POLLIN}};

        read_signals(s);
        while (notified(s)) {
        }
        if (pause_wanted(s))
            stop(s);
        if (s->stopping) {
            if (stop_step(s, &last_told))
                return;
        } else if (start_due(s) && !s->announced) {
            s->announced = true;
            write_status(s);
            mm_notify("READY=1");
            if (s->o->on_ready != NULL)
                s->o->on_ready(s->o->arg);
        }
        check_watchdogs(s);
        if (mm_mono_us() - s->written_us > MM_VITALS_EVERY_S * MM_US_PER_S)
            write_status(s);
        tell_above(s);
        (void)poll(pfd, 2, TICK_MS);
    }
}

static enum mm_code open_locks(struct sup *s)
{
    char path[MM_MAX_PATH];

    (void)snprintf(path, sizeof(path), "%s/serve.lock", s->o->run_dir);
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    (void)snprintf(path, sizeof(path), "%s/" MM_SUP_PAUSE, s->o->run_dir);
    s->pause_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock < 0 || s->pause_fd < 0)
        return MM_E_IO;
    return flock(s->lock, LOCK_EX | LOCK_NB) == 0 ? MM_OK : MM_E_BUSY;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

enum mm_code mm_supervise(const struct mm_sup_program *programs, size_t n,
                          const struct mm_sup_options *options)
{
    struct sup s = {.n = n,
                    .o = options,
                    .notify_fd = -1,
                    .signal_fd = -1,
                    .lock = -1,
                    .pause_fd = -1,
                    .began_us = mm_now_us()};
    enum mm_code code;

    MM_ASSERT(n >= 1 && n <= MM_SUP_PROGRAMS_MAX);
    for (size_t i = 0; i < n; i++)
        s.child[i].program = &programs[i];
    code = open_locks(&s);
    if (code == MM_OK)
        code = begin(&s);
    if (code == MM_OK) {
        do
            run(&s);
        while (!s.ending && stand_still(&s));
    }
    close_fd(s.notify_fd);
    close_fd(s.signal_fd);
    close_fd(s.pause_fd);
    close_fd(s.lock);
    return code;
}
