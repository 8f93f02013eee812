/* os/meter.c - see meter.h for the contract. */
#include "os/meter.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/time.h"

static const int64_t bound[MM_METER_BOUNDS] = {1000,    2500,    5000,     10000,   25000,
                                               50000,   100000,  250000,   500000,  1000000,
                                               2500000, 5000000, 10000000, 60000000};

struct mm_meters {
    uint8_t magic[8]; /* "MMMETERS", written last */
    uint32_t version;
    uint32_t size; /* of the whole */
    struct {
        _Atomic uint64_t count[MM_METER_BOUNDS + 1];
        _Atomic uint64_t sum_us;
    } meter[MM_METERS];
};

static const uint8_t magic[8] = "MMMETERS";

int64_t mm_meter_bound(size_t bucket)
{
    MM_ASSERT(bucket < MM_METER_BOUNDS);
    return bound[bucket];
}

static enum mm_code map_new(int fd, struct mm_meters **ret)
{
    struct mm_meters *m;

    if (ftruncate(fd, (off_t)sizeof(*m)) != 0)
        return MM_E_IO;
    m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (m == MAP_FAILED)
        return MM_E_IO;
    m->version = MM_METER_VERSION;
    m->size = sizeof(*m);
    atomic_thread_fence(memory_order_release);
    memcpy(m->magic, magic, sizeof(magic));
    *ret = m;
    return MM_OK;
}

enum mm_code mm_meters_open(const char *path, struct mm_meters **ret)
{
    char fresh[MM_MAX_PATH];
    struct mm_meters *m = NULL;
    int n = snprintf(fresh, sizeof(fresh), "%s.new", path), fd;
    enum mm_code code;

    if (n < 0 || (size_t)n >= sizeof(fresh))
        return MM_E_IO;
    fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return MM_E_IO;
    code = map_new(fd, &m);
    (void)close(fd);
    /* A reader has the old page or the new one, never half of one. */
    if (code == MM_OK && rename(fresh, path) != 0) {
        mm_meters_close(&m);
        code = MM_E_IO;
    }
    if (code == MM_OK)
        *ret = m;
    return code;
}

void mm_meters_close(struct mm_meters **m)
{
    if (*m != NULL)
        (void)munmap(*m, sizeof(**m));
    *m = NULL;
}

void mm_meter_add(struct mm_meters *m, enum mm_meter meter, int64_t us)
{
    size_t at = 0;

    MM_ASSERT((size_t)meter < MM_METERS);
    if (m == NULL)
        return;
    if (us < 0)
        us = 0;
    while (at < MM_METER_BOUNDS && us > bound[at])
        at++;
    (void)atomic_fetch_add_explicit(&m->meter[meter].count[at], 1, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&m->meter[meter].sum_us, (uint64_t)us, memory_order_relaxed);
}

enum mm_code mm_meters_read(const char *path, struct mm_durations ret[MM_METERS])
{
    const struct mm_meters *m = MAP_FAILED;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool whole;

    if (fd < 0)
        return MM_E_NOTFOUND;
    if (fstat(fd, &st) == 0 && st.st_size == (off_t)sizeof(*m))
        m = mmap(NULL, sizeof(*m), PROT_READ, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (m == MAP_FAILED)
        return MM_E_NOTFOUND;
    whole = memcmp(m->magic, magic, sizeof(magic)) == 0 && m->version == MM_METER_VERSION &&
            m->size == sizeof(*m);
    for (size_t i = 0; whole && i < MM_METERS; i++) {
        for (size_t b = 0; b <= MM_METER_BOUNDS; b++)
            ret[i].count[b] = atomic_load_explicit(&m->meter[i].count[b], memory_order_relaxed);
        ret[i].sum_us = atomic_load_explicit(&m->meter[i].sum_us, memory_order_relaxed);
    }
    (void)munmap((void *)(uintptr_t)m, sizeof(*m)); /* read only, but ours */
    return whole ? MM_OK : MM_E_NOTFOUND;
}
