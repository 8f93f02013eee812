/* store/records/lock.c - see lock.h for the contract. */
#include "store/records/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/time.h"

enum mm_code mm_lock_open(const char *dir, int *ret_fd)
{
    char path[MM_MAX_PATH];
    int n = snprintf(path, sizeof(path), "%s/records.lock", dir), fd;

    if (n < 0 || (size_t)n >= sizeof(path))
        return MM_E_LIMIT;
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == ENOSPC ? MM_E_FULL : MM_E_IO;
    *ret_fd = fd;
    return MM_OK;
}

enum mm_code mm_lock_take(int fd, int64_t *ret_wait_us)
{
    int64_t from = mm_mono_us();

    while (flock(fd, LOCK_EX) != 0) {
        if (errno != EINTR)
            return MM_E_IO;
    }
    *ret_wait_us = mm_mono_us() - from;
    return MM_OK;
}

void mm_lock_drop(int fd)
{
    int rc = flock(fd, LOCK_UN);

    MM_ASSERT(rc == 0);
}
