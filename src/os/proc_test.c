/* os/proc_test.c - a program's use counts its children, and a process that is gone is none. */
#include "os/proc.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"

TEST(a_process_counts_with_its_children)
{
    struct mm_proc_use alone, both;
    int ready[2], status;
    uint8_t c;
    pid_t pid;

    CHECK(mm_proc_use(getpid(), &alone) == MM_OK);
    CHECK(alone.processes == 1 && alone.rss_bytes > 64 * 1024 && alone.cpu_us >= 0);
    CHECK(pipe(ready) == 0);
    pid = fork();
    if (pid == 0) {
        CHECK(write(ready[1], "", 1) == 1);
        for (;;)
            (void)pause();
    }
    CHECK(pid > 0 && read(ready[0], &c, 1) == 1);
    CHECK(mm_proc_use(getpid(), &both) == MM_OK);
    CHECK(both.processes == 2 && both.rss_bytes > alone.rss_bytes);
    CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
    CHECK(mm_proc_use(pid, &both) == MM_E_NOTFOUND);
    CHECK(both.processes == 2); /* untouched */
}
