/* os/log_test.c - a log line is one line, whatever is put into it. */
#include "os/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/harness/test.h"

/* What mm_log wrote to stderr while it was redirected into a pipe. */
static struct mm_slice captured(int pipe_read, char *buf, size_t size)
{
    ssize_t n = read(pipe_read, buf, size);

    CHECK(n > 0);
    return mm_slice_of(buf, (size_t)n);
}

static int redirect(void)
{
    int fd[2];

    CHECK(pipe(fd) == 0);
    CHECK(dup2(fd[1], STDERR_FILENO) == STDERR_FILENO);
    return fd[0];
}

TEST(log_writes_level_area_and_text)
{
    char buf[4096];
    int fd = redirect();

    errno = ENOSPC;
    mm_log_warn("spool", "disk is full queue=%d", 3);
    CHECK_SLICE(captured(fd, buf, sizeof(buf)), "warn spool: disk is full queue=3\n");
    CHECK(errno == ENOSPC);
}

TEST(log_tells_systemd_how_grave_it_is)
{
    char buf[4096];
    int fd = redirect();

    CHECK(setenv("JOURNAL_STREAM", "8:1", 1) == 0);
    mm_log_error("spool", "disk is full");
    CHECK_SLICE(captured(fd, buf, sizeof(buf)), "<3>error spool: disk is full\n");
    mm_log_info("spool", "it has room again");
    CHECK_SLICE(captured(fd, buf, sizeof(buf)), "<6>info spool: it has room again\n");
}

TEST(log_cannot_be_made_to_write_two_lines)
{
    char buf[4096];
    int fd = redirect();

    mm_log_error("intake", "name=%s", "a\nerror records: forged\x1b[2J\xe3\x81\x82");
    CHECK_SLICE(captured(fd, buf, sizeof(buf)),
                "error intake: name=a?error records: forged?[2J???\n");
}

TEST(log_cuts_a_long_line_and_still_ends_it)
{
    char buf[4096], longer[3000];
    int fd = redirect();
    struct mm_slice line;

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    mm_log_info("a", "%s", longer);
    line = captured(fd, buf, sizeof(buf));
    CHECK_NUM(line.n, MM_LOG_MAX);
    CHECK(line.p[line.n - 1] == '\n');
    CHECK(mm_slice_find(line, '\n', 0) == line.n - 1);
}
