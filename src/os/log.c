/* os/log.c - see log.h for the contract. */
#include "os/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const level_name[] = {"error", "warn", "info"};
static const char *const priority[] = {"<3>", "<4>", "<6>"};
static_assert(MM_COUNT(level_name) == MM_LOG_LEVELS, "one name per level");

void mm_log(enum mm_log_level level, const char *area, const char *fmt, ...)
{
    char line[MM_LOG_MAX];
    int saved = errno;
    size_t n;
    int len;
    va_list ap;

    MM_ASSERT((size_t)level < MM_LOG_LEVELS);
    MM_ASSERT(area != NULL && fmt != NULL);
    len = snprintf(line, sizeof(line),
                   "%s%s %s: ", getenv("JOURNAL_STREAM") != NULL ? priority[level] : "",
                   level_name[level], area);
    MM_ASSERT(len > 0 && (size_t)len < sizeof(line) / 2);
    n = (size_t)len;
    va_start(ap, fmt);
    len = vsnprintf(line + n, sizeof(line) - n, fmt, ap);
    va_end(ap);
    if (len > 0)
        n = mm_min_size(n + (size_t)len, sizeof(line) - 1);
    for (size_t i = 0; i < n; i++) {
        if (line[i] < 0x20 || line[i] > 0x7e)
            line[i] = '?';
    }
    line[n++] = '\n';
    /* A log that cannot be written has nowhere to complain. */
    while (write(STDERR_FILENO, line, n) < 0 && errno == EINTR) {
    }
    errno = saved;
}
