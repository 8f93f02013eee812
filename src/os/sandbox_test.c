/* os/sandbox_test.c - each wall is run into: what is forbidden fails, what is allowed works. */
#include "os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/file.h"
#include "tests/harness/test.h"

enum { WHOLE = 0, WRONG = 1, REFUSED = 2, ABSENT = 77 };

/* Runs body in a child, in the sandbox; its exit code, or -signal. */
static int child(const struct mm_sandbox *box, int (*body)(void))
{
    int status = 0;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        unsigned missing = 0;

        if (mm_sandbox_enter(box, &missing) != MM_OK)
            _exit(REFUSED);
        _exit(missing != 0 ? ABSENT : body());
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    status = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    if (status == ABSENT)
        mm_test_skip("this kernel lacks landlock or seccomp");
    return status;
}

static int no_files_no_net_no_processes(void)
{
    uint8_t *p = malloc(1 << 20);
    int fd[2];

    if (p == NULL || pipe(fd) != 0 || write(fd[1], "x", 1) != 1 || read(fd[0], p, 1) != 1)
        return WRONG;
    if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 || errno != EPERM)
        return WRONG;
    if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM)
        return WRONG;
    if (fork() >= 0)
        return WRONG;
    if (kill(getppid(), 0) == 0 || errno != EPERM)
        return WRONG;
    if (syscall(SYS_ptrace, 0, 0, 0, 0) == 0 || errno != EPERM)
        return WRONG;
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
               ? WHOLE
               : WRONG;
}

TEST(sandbox_that_computes_has_no_files_no_net_and_no_processes)
{
    struct mm_sandbox box = {.may = MM_MAY_COMPUTE};

    CHECK_NUM(child(&box, no_files_no_net_no_processes), WHOLE);
}

static int open_a_socket(void)
{
    (void)socket(AF_INET, SOCK_STREAM, 0);
    return WHOLE;
}

TEST(sandbox_that_kills_does_so_at_the_first_forbidden_call)
{
    struct mm_sandbox box = {.may = MM_MAY_COMPUTE, .kill = true};

    CHECK_NUM(child(&box, open_a_socket), -SIGSYS);
}

static char inside[MM_MAX_PATH], outside[MM_MAX_PATH], made[MM_MAX_PATH];

static void make_two_places(void)
{
    char path[MM_MAX_PATH];
    int fd = -1;

    CHECK(mm_path_join(inside, mm_test_dir(), "inside") == MM_OK);
    CHECK(mm_path_join(outside, mm_test_dir(), "outside") == MM_OK);
    CHECK(mm_path_join(made, inside, "made") == MM_OK);
    CHECK(mm_fs_mkdirs(mm_fs_real(), inside, 0700) == MM_OK);
    CHECK(mm_fs_mkdirs(mm_fs_real(), outside, 0700) == MM_OK);
    CHECK(mm_path_join(path, outside, "secret") == MM_OK);
    CHECK(mm_fs_open(mm_fs_real(), path, O_RDWR | O_CREAT, 0600, &fd) == MM_OK);
    mm_fs_close(mm_fs_real(), &fd);
    CHECK(mm_path_join(outside, outside, "secret") == MM_OK);
}

static int write_inside_only(void)
{
    int fd = open(made, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, "x", 1) != 1 || fdatasync(fd) != 0 || unlink(made) != 0)
        return WRONG;
    if (open(outside, O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES)
        return WRONG;
    if (unlink(outside) == 0 || errno != EACCES)
        return WRONG;
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES ? WHOLE : WRONG;
}

TEST(sandbox_with_paths_reaches_only_these)
{
    struct mm_sandbox_path paths[] = {{inside, MM_REACH_WRITE, false}};
    struct mm_sandbox box = {.may = MM_MAY_WRITE_FILES, .paths = paths, .paths_n = 1};

    make_two_places();
    CHECK_NUM(child(&box, write_inside_only), WHOLE);
}

static int read_inside_only(void)
{
    if (open(inside, O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0)
        return WRONG;
    if (open(made, O_RDWR | O_CREAT | O_CLOEXEC, 0600) >= 0 || errno != EPERM)
        return WRONG;
    return open(outside, O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES ? WHOLE : WRONG;
}

TEST(sandbox_that_reads_cannot_write)
{
    struct mm_sandbox_path paths[] = {{inside, MM_REACH_WRITE, false}};
    struct mm_sandbox box = {.may = MM_MAY_READ_FILES, .paths = paths, .paths_n = 1};

    make_two_places();
    CHECK_NUM(child(&box, read_inside_only), WHOLE);
}

TEST(sandbox_refuses_to_start_without_a_path_it_was_promised)
{
    struct mm_sandbox_path paths[] = {{"/nonexistent/place", MM_REACH_READ, false}};
    struct mm_sandbox box = {.may = MM_MAY_READ_FILES, .paths = paths, .paths_n = 1};

    CHECK_NUM(child(&box, open_a_socket), REFUSED);
}

static int internet_but_no_raw_sockets(void)
{
    if (socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0)
        return WRONG;
    if (socket(AF_PACKET, SOCK_RAW, 0) >= 0 || errno != EPERM)
        return WRONG;
    /* Without capabilities also inside an allowed domain. */
    return socket(AF_INET, SOCK_RAW, 1) < 0 ? WHOLE : WRONG;
}

TEST(sandbox_with_net_has_no_raw_sockets)
{
    struct mm_sandbox box = {.may = MM_MAY_NET};

    CHECK_NUM(child(&box, internet_but_no_raw_sockets), WHOLE);
}

static void *one(void *arg)
{
    return arg;
}

static int threads_but_no_processes(void)
{
    pthread_t t;

    if (pthread_create(&t, NULL, one, NULL) != 0 || pthread_join(t, NULL) != 0)
        return WRONG;
    return fork() < 0 ? WHOLE : WRONG;
}

TEST(sandbox_with_threads_has_no_processes)
{
    struct mm_sandbox box = {.may = MM_MAY_THREADS};

    CHECK_NUM(child(&box, threads_but_no_processes), WHOLE);
}

static int nothing_left(void)
{
    struct rlimit core = {.rlim_cur = 1}, files = {0};

    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
        return WRONG; /* prctl is forbidden but for names */
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0)
        return WRONG;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_max > 20)
        return WRONG;
    for (int i = 0; i < 30; i++) {
        if (dup(STDERR_FILENO) < 0)
            return errno == EMFILE ? WHOLE : WRONG;
    }
    return WRONG;
}

TEST(sandbox_limits_descriptors_and_core_files)
{
    struct mm_sandbox box = {.may = MM_MAY_COMPUTE, .files_max = 20};

    CHECK_NUM(child(&box, nothing_left), WHOLE);
}

TEST(sandbox_leaves_no_capability)
{
    int status = 0;
    pid_t pid = fork();

    CHECK(pid >= 0);
    if (pid == 0) {
        bool ok = mm_sandbox_no_capabilities(&(struct mm_sandbox){0}) == MM_OK;

        /* What only a capability allows: root without them is nobody special. */
        _exit(ok && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && chroot("/") != 0 ? WHOLE
                                                                                    : WRONG);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_NUM(status, 0);
}

#ifndef MM_SANITIZED /* a sanitizer's shadow is terabytes of address space */
static int too_much_memory(void)
{
    void *p =
        mmap(NULL, (size_t)1 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED && errno == ENOMEM ? WHOLE : WRONG;
}

TEST(sandbox_limits_memory)
{
    struct mm_sandbox box = {.may = MM_MAY_COMPUTE, .memory_max = (uint64_t)512 << 20};

    CHECK_NUM(child(&box, too_much_memory), WHOLE);
}
#endif

static int tells_but_does_not_connect(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/nobody/listens"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    /* The kernel looks for the name: the call itself is let through. */
    if (fd < 0 || sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) >= 0 || errno != ENOENT)
        return WRONG;
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno != EPERM)
        return WRONG;
    if (socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 || errno != EPERM)
        return WRONG;
    return socket(AF_INET, SOCK_DGRAM, 0) < 0 && errno == EPERM ? WHOLE : WRONG;
}

TEST(sandbox_that_tells_has_datagrams_and_no_connections)
{
    struct mm_sandbox box = {.may = MM_MAY_TELL};

    CHECK_NUM(child(&box, tells_but_does_not_connect), WHOLE);
}

static int listens_but_does_not_connect(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 1) != 0)
        return WRONG;
    if (socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 1) >= 0 || errno != EPERM)
        return WRONG;
    return connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0 && errno == EPERM ? WHOLE : WRONG;
}

TEST(sandbox_that_listens_connects_to_nobody)
{
    struct mm_sandbox box = {.may = MM_MAY_LISTEN};

    CHECK_NUM(child(&box, listens_but_does_not_connect), WHOLE);
}

static int one_port_only(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)},
                             .sin_port = htons(1)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    /* Nobody listens on either: the wall answers before. */
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno != ECONNREFUSED)
        return WRONG;
    to.sin_port = htons(2);
    return connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno == EACCES ? WHOLE : WRONG;
}

TEST(sandbox_with_ports_connects_to_these_only)
{
    const uint16_t ports[] = {1};
    struct mm_sandbox box = {.may = MM_MAY_NET, .ports = ports, .ports_n = MM_COUNT(ports)};

    if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 4)
        mm_test_skip("this kernel cannot bound ports");
    CHECK_NUM(child(&box, one_port_only), WHOLE);
}

/* Calls that name a process, and what they are tried on: our parent, of the same user. */
static int reaches_no_other_process(void)
{
    struct f_owner_ex owner = {.type = F_OWNER_PID, .pid = getppid()};

    if (syscall(SYS_tgkill, getpid(), gettid(), 0) != 0)
        return WRONG;
    if (syscall(SYS_tgkill, getppid(), getppid(), 0) == 0 || errno != EPERM)
        return WRONG;
    if (prlimit(getppid(), RLIMIT_CORE, NULL, NULL) == 0 || errno != EPERM)
        return WRONG;
    if (fcntl(STDERR_FILENO, F_SETOWN_EX, &owner) == 0 || errno != EPERM)
        return WRONG;
    return fcntl(STDERR_FILENO, F_GETFL) >= 0 ? WHOLE : WRONG;
}

TEST(sandbox_reaches_no_other_process)
{
    struct mm_sandbox box = {.may = MM_MAY_NET | MM_MAY_THREADS};

    CHECK_NUM(child(&box, reaches_no_other_process), WHOLE);
}

static int forks_but_runs_nothing(void)
{
    char *const argv[] = {(char[]){"true"}, NULL};
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        (void)execv("/bin/true", argv);
        _exit(errno == EPERM ? WHOLE : WRONG);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        return WRONG;
    if (unshare(CLONE_NEWUSER) == 0 || errno != EPERM)
        return WRONG;
    return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) < 0 && errno == EPERM ? WHOLE
                                                                                         : WRONG;
}

TEST(sandbox_that_forks_runs_no_programs_and_makes_no_namespaces)
{
    struct mm_sandbox box = {.may = MM_MAY_FORK};

    CHECK_NUM(child(&box, forks_but_runs_nothing), WHOLE);
}

/* The exit status of a program that gets no arguments, or its errno. */
static int run(const char *path)
{
    char *const argv[] = {(char[]){"x"}, NULL};
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        (void)execv(path, argv);
        _exit(errno);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid ? WEXITSTATUS(status) : -1;
}

static int runs_true_only(void)
{
    return run("/bin/true") == 0 && run("/bin/echo") == EACCES ? WHOLE : WRONG;
}

TEST(sandbox_runs_only_programs_that_it_was_given)
{
    struct mm_sandbox_path paths[] = {{"/bin/true", MM_REACH_RUN, false},
                                      {"/lib64/ld-linux-x86-64.so.2", MM_REACH_RUN, false},
                                      {"/nonexistent", MM_REACH_READ, true},
                                      {"/etc", MM_REACH_READ, false},
                                      {"/usr/lib", MM_REACH_READ, false}};
    struct mm_sandbox box = {
        .may = MM_MAY_READ_FILES | MM_MAY_RUN, .paths = paths, .paths_n = MM_COUNT(paths)};

    CHECK_NUM(child(&box, runs_true_only), WHOLE);
}

static int makes_files_and_nothing_else(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (snprintf(at.sun_path, sizeof(at.sun_path), "%s/s", inside) >= (int)sizeof(at.sun_path))
        return WRONG;
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 || errno != EACCES)
        return WRONG;
    if (symlink("x", made) != 0 || unlink(made) != 0 || mkdir(made, 0700) != 0 || rmdir(made) != 0)
        return WRONG;
    return mkfifo(made, 0600) != 0 && errno == EPERM ? WHOLE : WRONG;
}

TEST(sandbox_that_writes_makes_no_sockets_and_pipes)
{
    struct mm_sandbox_path paths[] = {{inside, MM_REACH_WRITE, false}};
    struct mm_sandbox box = {.may = MM_MAY_WRITE_FILES | MM_MAY_NET, .paths = paths, .paths_n = 1};

    make_two_places();
    CHECK_NUM(child(&box, makes_files_and_nothing_else), WHOLE);
}
