/* app/mimamori_test.c - the dispatcher as a process, in a folder with programs of the test's own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"

struct answer {
    int status;
    char text[4096]; /* stdout and stderr together */
};

static void copy(const char *from, const char *to)
{
    static char bytes[1 << 16];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t n;

    CHECK(in != NULL && out != NULL);
    while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
        CHECK(fwrite(bytes, 1, n, out) == n);
    CHECK(fclose(in) == 0 && fclose(out) == 0);
    CHECK(chmod(to, 0700) == 0);
}

static const char *in_dir(const char *name)
{
    static char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", mm_test_dir(), name);
    return path;
}

static void write_script(const char *name, const char *text, mode_t mode)
{
    FILE *f = fopen(in_dir(name), "w");

    CHECK(f != NULL);
    CHECK(fputs(text, f) >= 0 && fclose(f) == 0);
    CHECK(chmod(in_dir(name), mode) == 0);
}

/* A copy of the dispatcher and two programs beside it. */
static void set_up(void)
{
    copy(MM_DISPATCHER, in_dir("mimamori"));
    write_script("mimamori-help-me", "#!/bin/sh\necho \"$# $1|$2|$3\"\nexit 7\n", 0700);
    write_script("mimamori-locked", "#!/bin/sh\n", 0600);
}

static struct answer run(const char *const *args)
{
    struct answer a = {0};
    const char *argv[8] = {"mimamori"};
    size_t have = 0;
    ssize_t n;
    int fds[2];
    pid_t pid;

    for (size_t i = 0; args[i] != NULL; i++)
        argv[i + 1] = args[i];
    CHECK(pipe(fds) == 0);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        if (dup2(fds[1], 1) == 1 && dup2(fds[1], 2) == 2 && chdir("/") == 0)
            (void)execv(in_dir("mimamori"), (char *const *)(uintptr_t)argv);
        _exit(99);
    }
    (void)close(fds[1]);
    while ((n = read(fds[0], a.text + have, sizeof(a.text) - 1 - have)) > 0)
        have += (size_t)n;
    (void)close(fds[0]);
    CHECK(waitpid(pid, &a.status, 0) == pid);
    CHECK(WIFEXITED(a.status));
    a.status = WEXITSTATUS(a.status);
    return a;
}

#define RUN(...) run((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
#define CHECK_SAYS(answer, part)                                                                   \
    CHECK(mm_slice_search(mm_slice_str((answer).text), MM_S(part)) != SIZE_MAX)

TEST(mimamori_becomes_the_program_beside_it)
{
    struct answer a;

    set_up();
    a = RUN("help-me", "a b", "", "*");
    CHECK_NUM(a.status, 7);
    CHECK_SLICE(mm_slice_str(a.text), "3 a b||*\n");
}

TEST(mimamori_help_of_a_program_asks_the_program)
{
    struct answer a;

    set_up();
    a = RUN("help", "help-me");
    CHECK_NUM(a.status, 7);
    CHECK_SLICE(mm_slice_str(a.text), "1 --help||\n");
}

TEST(mimamori_refuses_an_unknown_program_with_status_2)
{
    struct answer a;

    set_up();
    a = RUN("no-such");
    CHECK_NUM(a.status, 2);
    CHECK_SAYS(a, "no program no-such");
    CHECK_NUM(RUN("help", "no-such").status, 2);
}

TEST(mimamori_refuses_names_that_would_leave_its_folder)
{
    static const char *const names[] = {"../bin/sh", "",       "--json",
                                        "a/b",       "Ingest", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

    set_up();
    for (size_t i = 0; i < MM_COUNT(names); i++) {
        struct answer a = RUN(names[i]);

        CHECK_NUM(a.status, 2);
        CHECK_SAYS(a, "mimamori help");
    }
}

TEST(mimamori_says_why_a_program_cannot_start)
{
    struct answer a;

    set_up();
    a = RUN("locked");
    CHECK_NUM(a.status, 126);
    CHECK_SAYS(a, "cannot execute");
}

TEST(mimamori_help_lists_only_programs_that_are_there)
{
    struct answer a;

    set_up();
    a = RUN("help");
    CHECK_NUM(a.status, 0);
    CHECK_SAYS(a, "usage: mimamori PROGRAM");
    CHECK_SAYS(a, "  help-me    prints its arguments\n");
    CHECK(strstr(a.text, "absent") == NULL);
}

TEST(mimamori_without_arguments_shows_the_usage_and_fails)
{
    struct answer a;

    set_up();
    a = RUN();
    CHECK_NUM(a.status, 2);
    CHECK_SAYS(a, "usage:");
}

TEST(mimamori_prints_its_version)
{
    struct answer a;

    set_up();
    a = RUN("--version");
    CHECK_NUM(a.status, 0);
    CHECK_SLICE(mm_slice_str(a.text), "mimamori " MM_VERSION "\n");
}
