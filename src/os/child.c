/* os/child.c - see child.h for the contract. */
#include "os/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"

enum { PIECE = 16384 };

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* A child whose standard input and output are one socket: ours is *ret_fd. */
static bool begin(const char *const *argv, int *ret_fd, pid_t *ret_pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none;
    int fd[2];
    bool ok;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0)
        return false;
    if (posix_spawn_file_actions_init(&files) != 0) {
        close_fd(&fd[0]);
        close_fd(&fd[1]);
        return false;
    }
    if (posix_spawnattr_init(&attr) != 0) {
        (void)posix_spawn_file_actions_destroy(&files);
        close_fd(&fd[0]);
        close_fd(&fd[1]);
        return false;
    }
    (void)sigemptyset(&none);
    ok = posix_spawn_file_actions_adddup2(&files, fd[1], 0) == 0 &&
         posix_spawn_file_actions_adddup2(&files, fd[1], 1) == 0 &&
         posix_spawn_file_actions_addclosefrom_np(&files, 3) == 0 &&
         posix_spawnattr_setsigmask(&attr, &none) == 0 &&
         posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK) == 0 &&
         /* posix_spawn takes argv without const and changes nothing in it. */
         posix_spawn(ret_pid, argv[0], &files, &attr, (char *const *)(uintptr_t)argv, environ) == 0;
    (void)posix_spawnattr_destroy(&attr);
    (void)posix_spawn_file_actions_destroy(&files);
    close_fd(&fd[1]);
    if (!ok) {
        close_fd(&fd[0]);
        return false;
    }
    *ret_fd = fd[0];
    return true;
}

/* Send what is left of *in; its end is said once. False when the child no longer listens, which is
 * no fault: what it says counts. */
static void give(int fd, struct mm_slice *in, bool *ended)
{
    ssize_t n = in->n == 0 ? 0 : send(fd, in->p, in->n, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0)
        in->n = 0;
    else
        *in = mm_slice_sub(*in, (size_t)n, SIZE_MAX);
    if (in->n == 0 && !*ended) {
        *ended = true;
        (void)shutdown(fd, SHUT_WR);
    }
}

static enum mm_code talk(int fd, struct mm_slice in, int64_t until_us, struct mm_buf *out)
{
    bool ended = false;

    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int64_t left_us = until_us - mm_mono_us();
        uint8_t *room;
        ssize_t n;

        if (left_us <= 0)
            return MM_E_BUSY;
        if (!ended)
            p.events |= POLLOUT;
        /* At most a minute or so: it fits. */
        if (poll(&p, 1, (int)(left_us / 1000 + 1)) <= 0)
            continue;
        if (!ended && (p.revents & (POLLOUT | POLLERR | POLLHUP)) != 0)
            give(fd, &in, &ended);
        if ((p.revents & (POLLIN | POLLHUP | POLLERR)) == 0)
            continue;
        room = mm_buf_room(out, PIECE);
        if (room == NULL)
            return MM_E_LIMIT;
        n = recv(fd, room, PIECE, MSG_DONTWAIT);
        if (n == 0)
            return MM_OK;
        if (n > 0)
            out->n += (size_t)n;
        else if (errno != EAGAIN && errno != EINTR)
            return errno == ECONNRESET ? MM_OK : MM_E_IO;
    }
}

/* The end of a child that has closed its output; one that lives on behind it is killed. */
static int end_of(pid_t pid, bool good, int64_t until_us)
{
    struct pollfd p = {.fd = good ? (int)syscall(SYS_pidfd_open, pid, 0) : -1, .events = POLLIN};
    int64_t left_us = until_us - mm_mono_us();
    int status = 0;

    if (p.fd < 0 || left_us <= 0 || poll(&p, 1, (int)(left_us / 1000 + 1)) <= 0)
        (void)kill(pid, SIGKILL);
    close_fd(&p.fd);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

enum mm_code mm_child_ask(const char *const *argv, struct mm_slice in, int timeout_ms,
                          struct mm_buf *out, int *ret_status)
{
    int64_t until_us = mm_mono_us() + (int64_t)timeout_ms * 1000;
    int fd = -1, status;
    pid_t pid = -1;
    enum mm_code code;

    MM_ASSERT(argv[0] != NULL && timeout_ms > 0);
    if (!begin(argv, &fd, &pid))
        return MM_E_IO;
    code = talk(fd, in, until_us, out);
    close_fd(&fd);
    status = end_of(pid, code == MM_OK, until_us);
    if (code == MM_OK && !WIFEXITED(status))
        code = MM_E_IO;
    if (code == MM_OK)
        *ret_status = WEXITSTATUS(status);
    return code;
}
