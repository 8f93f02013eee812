/*
 * tests/harness/wall_clock.c - a library to preload: the wall clock of a process stands apart from
 * the machine's by as many seconds as stand in the file $MM_TEST_CLOCK (eight bytes, native order),
 * and follows what is written there. The monotonic clock stays as it is.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* tidy: global allowed, functions of libc that are stood in for carry no state of ours. */
static int (*real_clock)(clockid_t, struct timespec *);
static const volatile int64_t *ahead_s;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("MM_TEST_CLOCK");
    void *found = dlsym(RTLD_NEXT, "clock_gettime"), *map;
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);

    memcpy(&real_clock, &found, sizeof(real_clock)); /* ISO C has no cast for it */
    if (fd < 0)
        return;
    map = mmap(NULL, sizeof(*ahead_s), PROT_READ, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED)
        ahead_s = map;
    (void)close(fd);
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
    int rc;

    if (real_clock == NULL)
        begin(); /* asked by a constructor that came before ours */
    rc = real_clock(id, ret);
    if (rc == 0 && ahead_s != NULL && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        ret->tv_sec += *ahead_s;
    return rc;
}

time_t time(time_t *ret)
{
    struct timespec t = {0};

    (void)clock_gettime(CLOCK_REALTIME, &t);
    if (ret != NULL)
        *ret = t.tv_sec;
    return t.tv_sec;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    struct timespec t = {0};
    int rc = clock_gettime(CLOCK_REALTIME, &t);

    (void)zone;
    *ret = (struct timeval){.tv_sec = t.tv_sec, .tv_usec = t.tv_nsec / 1000};
    return rc;
}
