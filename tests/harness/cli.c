/* tests/harness/cli.c - see cli.h for the contract. */
#include "tests/harness/cli.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUT_MAX = 1024 * 1024, ARGS_MAX = 24 };

const char *mm_cli_path(const char *name, char path[MM_MAX_PATH])
{
    CHECK(snprintf(path, MM_MAX_PATH, "%s/%s", mm_test_dir(), name) < MM_MAX_PATH);
    return path;
}

static char *contents(const char *name)
{
    char path[MM_MAX_PATH];
    char *text = calloc(1, OUT_MAX);
    FILE *f = fopen(mm_cli_path(name, path), "rb");

    CHECK(text != NULL && f != NULL);
    CHECK(fread(text, 1, OUT_MAX - 1, f) < OUT_MAX - 1);
    (void)fclose(f);
    return text;
}

void mm_cli_put(const char *name, struct mm_slice text)
{
    char path[MM_MAX_PATH];
    FILE *f = fopen(mm_cli_path(name, path), "wb");

    CHECK(f != NULL && fwrite(text.p, 1, text.n, f) == text.n);
    (void)fclose(f);
}

static void redirect(const char *name, int to, int flags)
{
    char path[MM_MAX_PATH];
    int fd = open(mm_cli_path(name, path), flags, 0600);

    if (fd < 0 || dup2(fd, to) != to)
        _exit(99);
}

struct mm_ran mm_cli_run(const char *program, struct mm_slice in, const char *const *args)
{
    struct mm_ran r = {0};
    char *argv[ARGS_MAX + 2];
    int n = 1, status;
    pid_t pid;

    argv[0] = strdup(program);
    for (; args[n - 1] != NULL; n++) {
        CHECK(n < ARGS_MAX);
        argv[n] = strdup(args[n - 1]);
    }
    argv[n] = NULL;
    mm_cli_put("in", in);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        /* Also a program whose build directory lies elsewhere finds this tree's formats. */
        if (setenv("MIMAMORI_CONTENT", mm_test_source("content"), 1) != 0)
            _exit(97);
        redirect("in", 0, O_RDONLY);
        redirect("out", 1, O_WRONLY | O_CREAT | O_TRUNC);
        redirect("err", 2, O_WRONLY | O_CREAT | O_TRUNC);
        (void)execv(argv[0], argv);
        _exit(98);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    r.status = WEXITSTATUS(status);
    r.out = contents("out");
    r.err = contents("err");
    for (int i = 0; i < n; i++)
        free(argv[i]);
    return r;
}

void mm_ran_done(struct mm_ran *r)
{
    free(r->out);
    free(r->err);
}

int mm_cli_say(const char *program, struct mm_slice in, const char *const *args, char *out,
               size_t size)
{
    struct mm_ran r = mm_cli_run(program, in, args);
    int n = snprintf(out, size, "%s%s", r.out, r.err);

    CHECK(n >= 0 && (size_t)n < size);
    mm_ran_done(&r);
    return r.status;
}
