/*
 * tests/confine/inject.c - makes a running process try system calls, so that its walls are run into
 * from inside, in the very program that is shipped and while it works.
 *
 * inject THREAD PROBE...      one line a probe: what the kernel answered (-errno), or "killed N".
 * A probe is a word of the table below, with its argument behind a colon: read:/etc/shadow.
 * The thread is stopped, made to run a `syscall` instruction of its vdso with our registers, and
 * goes on as if nothing had been. x86-64 only. Ends with 77 where tracing is not allowed.
 */
#include <arpa/inet.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"

enum { SKIP = 77, SCRATCH = 4096, RED_ZONE = 128, PAGE = 4096, PAGES = 2, ARGS = 6 };

struct victim {
    pid_t tid;
    struct user_regs_struct regs; /* as it was found */
    uint64_t gate;                /* address of a syscall instruction */
    uint64_t scratch;             /* of its stack, unused */
    int killed;                   /* by this signal, or 0 */
};

static uint64_t number(const char *text)
{
    uint64_t n;

    return mm_slice_u64(mm_slice_str(text), &n) ? n : 0;
}

/* Where the kernel has mapped its vdso. */
static uint64_t vdso_of(pid_t tid)
{
    char path[64];
    Elf64_auxv_t at;
    uint64_t found = 0;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%d/auxv", tid);
    f = fopen(path, "r");
    while (f != NULL && fread(&at, sizeof(at), 1, f) == 1) {
        if (at.a_type == AT_SYSINFO_EHDR)
            found = at.a_un.a_val;
    }
    if (f != NULL)
        (void)fclose(f);
    return found;
}

/* The address of two bytes 0F 05 in it. */
static bool find_gate(struct victim *v)
{
    uint64_t from = vdso_of(v->tid);
    uint8_t code[PAGES * PAGE];
    struct iovec mine = {.iov_base = code, .iov_len = sizeof(code)}, its[PAGES];
    ssize_t n;

    for (size_t i = 0; i < PAGES; i++)
        its[i] = (struct iovec){.iov_base = (void *)(uintptr_t)(from + i * PAGE), .iov_len = PAGE};
    n = from == 0 ? -1 : process_vm_readv(v->tid, &mine, 1, its, PAGES, 0);
    for (ssize_t i = 0; i + 1 < n; i++) {
        if (code[i] == 0x0F && code[i + 1] == 0x05) {
            v->gate = from + (uint64_t)i;
            return true;
        }
    }
    return false;
}

static bool stop(struct victim *v)
{
    int status = 0;

    if (ptrace(PTRACE_SEIZE, v->tid, NULL, NULL) != 0 ||
        ptrace(PTRACE_INTERRUPT, v->tid, NULL, NULL) != 0)
        return false;
    if (waitpid(v->tid, &status, __WALL) != v->tid || !WIFSTOPPED(status))
        return false;
    if (ptrace(PTRACE_GETREGS, v->tid, NULL, &v->regs) != 0)
        return false;
    v->scratch = (v->regs.rsp - RED_ZONE - SCRATCH) & ~UINT64_C(15);
    return find_gate(v);
}

/* Put bytes where the process can name them. */
static bool put(const struct victim *v, const void *bytes, size_t n)
{
    struct iovec mine = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = n},
                 its = {.iov_base = (void *)(uintptr_t)v->scratch, .iov_len = n};

    MM_ASSERT(n <= SCRATCH);
    return process_vm_writev(v->tid, &mine, 1, &its, 1, 0) == (ssize_t)n;
}

/* One call; its result, or 0 with v->killed. */
static int64_t call(struct victim *v, long nr, const uint64_t arg[ARGS])
{
    struct user_regs_struct r = v->regs;
    int status = 0;

    r.rip = v->gate;
    r.rax = (uint64_t)nr;
    r.orig_rax = UINT64_MAX; /* no call of its own is to be begun again now */
    r.rdi = arg[0];
    r.rsi = arg[1];
    r.rdx = arg[2];
    r.r10 = arg[3];
    r.r8 = arg[4];
    r.r9 = arg[5];
    if (ptrace(PTRACE_SETREGS, v->tid, NULL, &r) != 0 ||
        ptrace(PTRACE_SINGLESTEP, v->tid, NULL, NULL) != 0)
        return -ESRCH;
    if (waitpid(v->tid, &status, __WALL) != v->tid || WIFSIGNALED(status)) {
        v->killed = WIFSIGNALED(status) ? WTERMSIG(status) : SIGKILL;
        return 0;
    }
    if (ptrace(PTRACE_GETREGS, v->tid, NULL, &r) != 0)
        return -ESRCH;
    return (int64_t)r.rax;
}

static int64_t call2(struct victim *v, long nr, uint64_t a, uint64_t b)
{
    return call(v, nr, (const uint64_t[ARGS]){a, b});
}

/* What comes back is a descriptor that nobody wants. */
static int64_t closed(struct victim *v, int64_t fd)
{
    if (fd >= 0 && v->killed == 0)
        (void)call2(v, SYS_close, (uint64_t)fd, 0);
    return fd;
}

static int64_t open_at(struct victim *v, const char *path, int flags)
{
    if (!put(v, path, strlen(path) + 1))
        return -EFAULT;
    return closed(v, call(v, SYS_openat,
                          (const uint64_t[ARGS]){(uint64_t)(int64_t)AT_FDCWD, v->scratch,
                                                 (uint64_t)(flags | O_CLOEXEC), 0600}));
}

static int64_t try_read(struct victim *v, const char *arg)
{
    return open_at(v, arg, O_RDONLY);
}

static int64_t try_write(struct victim *v, const char *arg)
{
    return open_at(v, arg, O_WRONLY | O_CREAT);
}

static int64_t try_unlink(struct victim *v, const char *arg)
{
    return put(v, arg, strlen(arg) + 1) ? call2(v, SYS_unlink, v->scratch, 0) : -EFAULT;
}

/* argv of one word, no environment. */
static int64_t try_exec(struct victim *v, const char *arg)
{
    struct {
        uint64_t argv[2];
        char path[256];
    } at = {{v->scratch + 16, 0}, ""};

    (void)snprintf(at.path, sizeof(at.path), "%s", arg);
    return put(v, &at, sizeof(at))
               ? call(v, SYS_execve, (const uint64_t[ARGS]){v->scratch + 16, v->scratch, 0})
               : -EFAULT;
}

static int64_t make_socket(struct victim *v, int domain, int type)
{
    return call2(v, SYS_socket, (uint64_t)domain, (uint64_t)(type | SOCK_CLOEXEC));
}

static int64_t try_socket(struct victim *v, const char *arg)
{
    static const struct {
        const char *name;
        int domain, type;
    } kinds[] = {{"tcp", AF_INET, SOCK_STREAM},    {"tcp6", AF_INET6, SOCK_STREAM},
                 {"udp", AF_INET, SOCK_DGRAM},     {"raw", AF_INET, SOCK_RAW},
                 {"packet", AF_PACKET, SOCK_RAW},  {"netlink", AF_NETLINK, SOCK_RAW},
                 {"vsock", AF_VSOCK, SOCK_STREAM}, {"unix", AF_UNIX, SOCK_STREAM},
                 {"datagram", AF_UNIX, SOCK_DGRAM}};

    for (size_t i = 0; i < MM_COUNT(kinds); i++) {
        if (strcmp(kinds[i].name, arg) == 0)
            return closed(v, make_socket(v, kinds[i].domain, kinds[i].type));
    }
    return -EINVAL;
}

/* To a port of 127.0.0.1. */
static int64_t try_connect(struct victim *v, const char *arg)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number(arg))};
    int64_t fd = make_socket(v, AF_INET, SOCK_STREAM), rc;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || v->killed != 0)
        return fd;
    if (!put(v, &to, sizeof(to)))
        return -EFAULT;
    rc = call(v, SYS_connect, (const uint64_t[ARGS]){(uint64_t)fd, v->scratch, sizeof(to)});
    (void)closed(v, fd);
    return rc;
}

static int64_t try_code(struct victim *v, const char *arg)
{
    int64_t at =
        call(v, SYS_mmap,
             (const uint64_t[ARGS]){0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                                    MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)(int64_t)-1, 0});

    (void)arg;
    if (at > 0)
        (void)call2(v, SYS_munmap, (uint64_t)at, 4096);
    return at > 0 ? 0 : at;
}

/* Signal 0 only asks whether one could. */
static int64_t try_signal(struct victim *v, const char *arg)
{
    return call2(v, SYS_kill, number(arg), 0);
}

static int64_t try_thread_signal(struct victim *v, const char *arg)
{
    return call2(v, SYS_tgkill, number(arg), number(arg));
}

static int64_t try_limits(struct victim *v, const char *arg)
{
    return call2(v, SYS_prlimit64, number(arg), 0);
}

/* The kernel refuses this pair of flags by itself (EINVAL): no copy is ever made. */
static int64_t try_fork(struct victim *v, const char *arg)
{
    (void)arg;
    return call2(v, SYS_clone, CLONE_NEWUSER | CLONE_THREAD, 0);
}

/* A call that nobody of us has, with arguments that fail with EFAULT or EINVAL if it is allowed. */
static int64_t try_call(struct victim *v, const char *arg)
{
    return call(v, (long)number(arg), (const uint64_t[ARGS]){0, 0, 0, 0, 0, 0});
}

static const struct {
    const char *name;
    int64_t (*run)(struct victim *v, const char *arg);
} probes[] = {
    {"read", try_read},     {"write", try_write},
    {"unlink", try_unlink}, {"exec", try_exec},
    {"socket", try_socket}, {"connect", try_connect},
    {"code", try_code},     {"signal", try_signal},
    {"limits", try_limits}, {"thread_signal", try_thread_signal},
    {"call", try_call},     {"namespace", try_fork},
};

static int64_t run(struct victim *v, const char *text)
{
    const char *colon = strchr(text, ':');
    size_t n = colon == NULL ? strlen(text) : (size_t)(colon - text);

    for (size_t i = 0; i < MM_COUNT(probes); i++) {
        if (strlen(probes[i].name) == n && memcmp(probes[i].name, text, n) == 0)
            return probes[i].run(v, colon == NULL ? "" : colon + 1);
    }
    return -ENOSYS;
}

int main(int argc, char **argv)
{
    struct victim v = {.tid = argc > 1 ? (pid_t)number(argv[1]) : 0};

    if (argc < 3)
        return 2;
    if (!stop(&v)) {
        (void)fprintf(stderr, "inject: %s\n", strerror(errno));
        return errno == EPERM ? SKIP : 1;
    }
    for (int i = 2; i < argc && v.killed == 0; i++) {
        int64_t rc = run(&v, argv[i]);

        if (v.killed != 0)
            (void)printf("killed %d\n", v.killed);
        else
            (void)printf("%lld\n", (long long)rc);
    }
    if (v.killed == 0 && (ptrace(PTRACE_SETREGS, v.tid, NULL, &v.regs) != 0 ||
                          ptrace(PTRACE_DETACH, v.tid, NULL, NULL) != 0))
        return 1;
    return fflush(stdout) == 0 ? 0 : 1;
}
