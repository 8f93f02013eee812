/* tests/harness/intake_proc.c - see intake_proc.h for the contract. */
#include "tests/harness/intake_proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[MM_MAX_PATH + 32];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "w");
    CHECK(f != NULL);
    CHECK(fputs(text, f) >= 0 && fclose(f) == 0);
}

/* A port that nobody uses at this moment. */
static void free_port(struct mm_endpoint *ret)
{
    int fd = -1;

    CHECK(mm_endpoint_parse(MM_S("127.0.0.1:0"), ret));
    CHECK(mm_sock_listen(ret, &fd) == MM_OK && mm_sock_local(fd, ret) == MM_OK);
    (void)close(fd);
}

static void wait_ready(int fd)
{
    char log[16384] = "";
    size_t n = 0;

    while (strstr(log, "intake: ready\n") == NULL) {
        ssize_t got = read(fd, log + n, sizeof(log) - 1 - n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            printf("# intake said: %s\n", log);
        CHECK(got > 0);
        n += (size_t)got;
        log[n] = 0;
    }
}

void mm_intake_proc_start(struct mm_intake_proc *p, const char *state)
{
    char config[MM_MAX_PATH + 16], bindings[MM_MAX_PATH + 32], text[256];
    int fd[2];

    if (p->tcp.port == 0) {
        free_port(&p->tcp);
        free_port(&p->udp);
        free_port(&p->http);
    }

    (void)snprintf(p->state, sizeof(p->state), "%s", state);
    CHECK(mkdir(state, 0700) == 0 || errno == EEXIST);
    (void)snprintf(text, sizeof(text),
                   "intake.tcp = 127.0.0.1:%u\nintake.udp = 127.0.0.1:%u\n"
                   "intake.http = 127.0.0.1:%u\nintake.private = on\n",
                   p->tcp.port, p->udp.port, p->http.port);
    write_file(state, "config", text);
    (void)snprintf(bindings, sizeof(bindings), "%s/senders", state);
    CHECK(mkdir(bindings, 0700) == 0 || errno == EEXIST);
    write_file(bindings, "bindings", "1 11 web token s3cret\n2 21 net address 127.0.0.0/8\n");
    (void)snprintf(config, sizeof(config), "%s/config", state);
    (void)snprintf(bindings, sizeof(bindings), "%s/senders/bindings", state);
    CHECK(pipe2(fd, O_CLOEXEC) == 0);
    p->pid = fork();
    CHECK(p->pid >= 0);
    if (p->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(fd[1], STDERR_FILENO);
        (void)execl(MM_INTAKE, MM_INTAKE, "--state", state, "--config", config, "--bindings",
                    bindings, (char *)NULL);
        _exit(127);
    }
    (void)close(fd[1]);
    wait_ready(fd[0]);
    /* Later lines of the log go nowhere: the pipe is closed and intake ignores that. */
    (void)close(fd[0]);
}

void mm_intake_proc_kill(struct mm_intake_proc *p)
{
    int status;

    CHECK(kill(p->pid, SIGKILL) == 0);
    CHECK(waitpid(p->pid, &status, 0) == p->pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

int mm_intake_proc_stop(struct mm_intake_proc *p)
{
    int status;

    CHECK(kill(p->pid, SIGTERM) == 0);
    CHECK(waitpid(p->pid, &status, 0) == p->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void mm_pass_ms(int ms)
{
    (void)poll(NULL, 0, ms);
}

bool mm_send_all(int fd, struct mm_slice s)
{
    while (s.n > 0) {
        ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        s = mm_slice_sub(s, (size_t)n, SIZE_MAX);
    }
    return true;
}

int mm_intake_proc_post(const struct mm_intake_proc *p, const char *key, const char *encoding,
                        struct mm_slice body, char *ret)
{
    char head[1024], own[4096], *answer = ret != NULL ? ret : own;
    size_t n = 0;
    uint64_t status = 0;
    int fd = -1, len;

    answer[0] = 0;
    if (mm_sock_connect(&p->http, &fd) != MM_OK)
        return 0;
    len = snprintf(head, sizeof(head),
                   "POST /v1/ingest/web HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                   "Authorization: Bearer s3cret\r\nContent-Length: %zu\r\n%s%s%s%s%s%s\r\n",
                   body.n, key != NULL ? "Idempotency-Key: " : "", key != NULL ? key : "",
                   key != NULL ? "\r\n" : "", encoding != NULL ? "Content-Encoding: " : "",
                   encoding != NULL ? encoding : "", encoding != NULL ? "\r\n" : "");
    CHECK(len > 0 && (size_t)len < sizeof(head));
    if (mm_send_all(fd, mm_slice_of(head, (size_t)len)))
        (void)mm_send_all(fd, body);
    for (;;) {
        ssize_t got = recv(fd, answer + n, 4095 - n, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    answer[n] = 0;
    (void)close(fd);
    /* Only an answer with its body to the end counts: "}\n" ends all of them. */
    if (n < 16 || strncmp(answer, "HTTP/1.1 ", 9) != 0 || answer[n - 1] != '\n' ||
        !mm_slice_u64(mm_slice_of(answer + 9, 3), &status))
        return 0;
    return (int)status;
}

int mm_intake_proc_connect(const struct mm_intake_proc *p)
{
    int fd = -1, size = 32768;

    if (mm_sock_connect(&p->tcp, &fd) != MM_OK)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    return fd;
}
