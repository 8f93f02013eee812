/* tests/harness/runner.c - runs every TEST() of one program, each in a child, and prints TAP. */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"

enum {
    TEST_SECONDS = 60, /* a unit test that needs longer is a scenario */
    EXIT_FAILED = 1,
    EXIT_SKIPPED = 77,
};

extern const struct mm_test *const __start_mm_tests[];
extern const struct mm_test *const __stop_mm_tests[];

static char dir[64]; /* this child's own directory: one test, one process */

void mm_test_fail(const char *file, int line, const char *what)
{
    printf("# %s:%d: %s\n", file, line, what);
    fflush(stdout);
    _exit(EXIT_FAILED);
}

void mm_test_fail_slice(const char *file, int line, const char *what, struct mm_slice got,
                        struct mm_slice want)
{
    printf("# %s:%d: %s is \"%.*s\", want \"%.*s\"\n", file, line, what, MM_S_ARG(got),
           MM_S_ARG(want));
    fflush(stdout);
    _exit(EXIT_FAILED);
}

void mm_test_fail_num(const char *file, int line, const char *what, int64_t got, int64_t want)
{
    printf("# %s:%d: %s is %lld, want %lld\n", file, line, what, (long long)got, (long long)want);
    fflush(stdout);
    _exit(EXIT_FAILED);
}

void mm_test_skip(const char *why)
{
    printf("# skipped: %s\n", why);
    fflush(stdout);
    _exit(EXIT_SKIPPED);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

/* The directory of the test that runs in process pid: below $MIMAMORI_TEST_DIR where that can be
 * written to (the unit suite sets one in memory, where fdatasync waits for no disk), else /tmp. */
static void dir_of(pid_t pid, char ret[sizeof(dir)])
{
    const char *above = getenv("MIMAMORI_TEST_DIR");

    if (above == NULL || strlen(above) > 30 || access(above, W_OK | X_OK) != 0)
        above = "/tmp";
    (void)snprintf(ret, sizeof(dir), "%s/mm-test-%ld", above, (long)pid);
}

const char *mm_test_dir(void)
{
    if (dir[0] == 0) {
        dir_of(getpid(), dir);
        if (mkdir(dir, 0700) != 0 && errno != EEXIST)
            mm_test_fail(__FILE__, __LINE__, "cannot make the test's directory");
    }
    return dir;
}

const char *mm_test_source(const char *relative)
{
    static char path[1024];

    (void)snprintf(path, sizeof(path), "%s/%s", MM_SOURCE_DIR, relative);
    return path;
}

static int run_one(const struct mm_test *t)
{
    pid_t pid;
    int status;
    char leftover[sizeof(dir)];

    fflush(stdout);
    pid = fork();
    if (pid < 0)
        return EXIT_FAILED;
    if (pid == 0) {
        (void)alarm(TEST_SECONDS);
        t->run();
        fflush(stdout);
        /* exit, not _exit: sanitizers report leaks there. */
        exit(0);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    dir_of(pid, leftover);
    (void)nftw(leftover, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (WIFSIGNALED(status)) {
        printf("# killed by signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
        return EXIT_FAILED;
    }
    return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
    /* cppcheck-suppress comparePointers ; the linker makes both ends of one section */
    size_t n = (size_t)(__stop_mm_tests - __start_mm_tests);
    const char *only = argc > 1 ? argv[1] : NULL;
    int failed = 0, ran = 0;

    for (size_t i = 0; i < n; i++) {
        const struct mm_test *t = __start_mm_tests[i];
        int rc;

        if (only != NULL && strstr(t->name, only) == NULL)
            continue;
        rc = run_one(t);
        ran++;
        if (rc == EXIT_SKIPPED)
            printf("ok %d - %s # SKIP\n", ran, t->name);
        else
            printf("%s %d - %s\n", rc == 0 ? "ok" : "not ok", ran, t->name);
        failed += rc != 0 && rc != EXIT_SKIPPED;
    }
    printf("1..%d\n", ran);
    return failed == 0 && ran > 0 ? 0 : 1;
}
