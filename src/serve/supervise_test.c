/* serve/supervise_test.c - programs are started in order, restarted, and stopped within bounds. */
#include "serve/supervise.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "os/file.h"
#include "tests/harness/test.h"

static size_t count_lines(const char *path)
{
    FILE *f = fopen(path, "r");
    size_t n = 0;
    int c;

    if (f == NULL)
        return 0;
    while ((c = fgetc(f)) != EOF)
        n += c == '\n';
    (void)fclose(f);
    return n;
}

static void ready(void *arg)
{
    FILE *f = fopen(arg, "w");

    if (f != NULL)
        (void)fclose(f);
}

/* A supervisor of its own, which does not outlive a test that has failed. */
static pid_t run_with(const struct mm_sup_program *programs, size_t n,
                      const struct mm_sup_options *o)
{
    pid_t pid = fork();

    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)signal(SIGHUP, SIG_DFL); /* nohup ignores it, and a shell then cannot trap it */
        _exit(mm_supervise(programs, n, o) == MM_OK ? 0 : 9);
    }
    CHECK(pid > 0);
    return pid;
}

static pid_t run(const struct mm_sup_program *programs, size_t n, const char *dir, char *mark)
{
    struct mm_sup_options o = {.run_dir = dir, .on_ready = ready, .arg = mark};

    return run_with(programs, n, &o);
}

TEST(a_program_that_dies_is_started_again_and_a_stubborn_one_is_killed_at_stop)
{
    char dies[300], mark[300], script[600];
    const char *dir = mm_test_dir();
    int64_t until = mm_mono_us() + 20 * MM_US_PER_S, stop_from;
    int status = -1;
    pid_t pid;

    (void)snprintf(dies, sizeof(dies), "%s/dies", dir);
    (void)snprintf(mark, sizeof(mark), "%s/ready", dir);
    (void)snprintf(script, sizeof(script), "echo x >>%s; exec sleep 0.05", dies);
    {
        struct mm_sup_program programs[] = {
            {.name = "dies", .argv = {"/bin/sh", "-c", script}, .silent = true},
            {.name = "stays",
             .argv = {"/bin/sh", "-c", "exec sleep 100"},
             .silent = true,
             .stop_last = true},
        };
        pid = run(programs, 2, dir, mark);
    }
    while (count_lines(dies) < 3)
        CHECK(mm_mono_us() < until && poll(NULL, 0, 20) == 0);
    CHECK(access(mark, F_OK) == 0);
    stop_from = mm_mono_us();
    CHECK(kill(pid, SIGTERM) == 0 && waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(mm_mono_us() - stop_from < 10 * MM_US_PER_S);
}

TEST(a_second_supervisor_of_one_state_is_refused)
{
    const char *dir = mm_test_dir();
    struct mm_sup_program p = {
        .name = "stays", .argv = {"/bin/sh", "-c", "exec sleep 100"}, .silent = true};
    char mark[300];
    int64_t until = mm_mono_us() + 20 * MM_US_PER_S;
    int status;
    pid_t pid;

    (void)snprintf(mark, sizeof(mark), "%s/ready", dir);
    pid = run(&p, 1, dir, mark);
    while (access(mark, F_OK) != 0)
        CHECK(mm_mono_us() < until && poll(NULL, 0, 20) == 0);
    CHECK(mm_supervise(&p, 1, &(struct mm_sup_options){.run_dir = dir}) == MM_E_BUSY);
    CHECK(kill(pid, SIGINT) == 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 0);
}

TEST(programs_stand_still_while_somebody_has_the_pause_and_go_on_when_it_died)
{
    char starts[300], mark[300], script[600], pause[300], lock[300];
    const char *dir = mm_test_dir();
    int64_t until = mm_mono_us() + 20 * MM_US_PER_S;
    int status = -1, fd = -1, locked = -1, to_child[2];
    pid_t pid, holder;

    (void)snprintf(starts, sizeof(starts), "%s/starts", dir);
    (void)snprintf(mark, sizeof(mark), "%s/ready", dir);
    (void)snprintf(pause, sizeof(pause), "%s/" MM_SUP_PAUSE, dir);
    (void)snprintf(lock, sizeof(lock), "%s/serve.lock", dir);
    (void)snprintf(script, sizeof(script), "echo x >>%s; exec sleep 100", starts);
    {
        struct mm_sup_program programs[] = {
            {.name = "one", .argv = {"/bin/sh", "-c", script}, .silent = true},
            {.name = "two", .argv = {"/bin/sh", "-c", script}, .silent = true, .stop_last = true},
        };
        pid = run(programs, 2, dir, mark);
    }
    while (count_lines(starts) < 2)
        CHECK(mm_mono_us() < until && poll(NULL, 0, 20) == 0);
    CHECK_NUM(mm_file_lock(lock, false, &locked), MM_E_BUSY);
    /* Who has asked for the pause is killed in it. */
    CHECK(pipe(to_child) == 0);
    holder = fork();
    if (holder == 0) {
        if (mm_file_lock(pause, true, &fd) != MM_OK)
            _exit(1);
        (void)!write(to_child[1], "x", 1);
        (void)poll(NULL, 0, 100 * 1000);
        _exit(0);
    }
    CHECK(holder > 0 && read(to_child[0], script, 1) == 1);
    while (mm_file_lock(lock, false, &locked) != MM_OK)
        CHECK(mm_mono_us() < until && poll(NULL, 0, 20) == 0);
    CHECK_NUM(count_lines(starts), 2);
    CHECK(kill(holder, SIGKILL) == 0 && waitpid(holder, NULL, 0) == holder);
    (void)poll(NULL, 0, 500);
    CHECK_NUM(count_lines(starts), 2); /* the state is ours still */
    CHECK(close(locked) == 0);
    while (count_lines(starts) < 4)
        CHECK(mm_mono_us() < until && poll(NULL, 0, 20) == 0);
    CHECK_NUM(mm_file_lock(lock, false, &locked), MM_E_BUSY);
    /* It can be ended in a pause as well. */
    CHECK_NUM(mm_file_lock(pause, true, &fd), MM_OK);
    while (mm_file_lock(lock, false, &locked) != MM_OK)
        CHECK(mm_mono_us() < until && poll(NULL, 0, 20) == 0);
    CHECK(kill(pid, SIGTERM) == 0 && waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(close(fd) == 0 && close(locked) == 0);
}

TEST(ready_is_said_only_when_every_program_has_said_so)
{
    struct mm_sup_program programs[] = {
        {.name = "stays", .argv = {"/bin/sh", "-c", "exec sleep 100"}, .silent = true},
        {.name = "mute", .argv = {"/bin/sh", "-c", "exec sleep 100"}},
    };
    const char *dir = mm_test_dir();
    char mark[300], status[300];
    int64_t until = mm_mono_us() + 20 * MM_US_PER_S;
    int rc;
    pid_t pid;

    (void)snprintf(mark, sizeof(mark), "%s/ready", dir);
    (void)snprintf(status, sizeof(status), "%s/serve.json", dir);
    pid = run(programs, 2, dir, mark);
    while (access(status, F_OK) != 0)
        CHECK(mm_mono_us() < until && poll(NULL, 0, 20) == 0);
    CHECK(poll(NULL, 0, 500) == 0); /* two rounds of the supervisor */
    CHECK(access(mark, F_OK) != 0);
    CHECK(kill(pid, SIGTERM) == 0 && waitpid(pid, &rc, 0) == pid && WEXITSTATUS(rc) == 0);
}

/* The second of the programs has other settings. */
static void second_anew(void *arg, bool *ret, size_t n)
{
    CHECK(n == 2);
    ret[1] = true;
}

TEST(a_hangup_starts_anew_what_has_other_settings_and_is_passed_on_to_the_rest)
{
    char hups[300], starts[300], one[700], two[700];
    const char *dir = mm_test_dir();
    struct mm_sup_program programs[] = {
        {.name = "hears", .argv = {"/bin/sh", "-c", one}, .silent = true},
        {.name = "anew", .argv = {"/bin/sh", "-c", two}, .silent = true},
    };
    struct mm_sup_options o = {.run_dir = dir, .pause_max_s = 30, .on_hup = second_anew};
    int64_t until = mm_mono_us() + 20 * MM_US_PER_S;
    int rc;
    pid_t pid;

    (void)snprintf(hups, sizeof(hups), "%s/hups", dir);
    (void)snprintf(starts, sizeof(starts), "%s/starts", dir);
    (void)snprintf(one, sizeof(one),
                   "trap 'echo x >>%s' HUP; echo x >>%s; while :; do sleep 0.02; done", hups,
                   starts);
    (void)snprintf(two, sizeof(two), "echo x >>%s; exec sleep 100", starts);
    pid = run_with(programs, 2, &o);
    while (count_lines(starts) < 2)
        CHECK(mm_mono_us() < until && poll(NULL, 0, 5) == 0);
    CHECK(kill(pid, SIGHUP) == 0);
    while (count_lines(starts) < 3 || count_lines(hups) < 1)
        CHECK(mm_mono_us() < until && poll(NULL, 0, 5) == 0);
    CHECK(kill(pid, SIGTERM) == 0 && waitpid(pid, &rc, 0) == pid && WEXITSTATUS(rc) == 0);
    CHECK_NUM(count_lines(starts), 3);
    CHECK_NUM(count_lines(hups), 1);
}
