/* store/spool/dir.c - see dir.h for the contract. */
#include "store/spool/dir.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/time.h"
#include "base/vec.h"
#include "store/spool/segment.h"

static const uint8_t page_magic[8] = {'M', 'M', 'C', 'O', 'M', 'M', 'I', 'T'};

enum { SEG_MAP_MAX = 1024 * 1024 * 1024, NAME_HEX = 16 };

static_assert(sizeof(struct mm_spool_page) <= 512, "one sector");

enum mm_code mm_spool_dir(char ret[MM_MAX_PATH], const char *dir, uint16_t queue)
{
    char name[16];

    (void)snprintf(name, sizeof(name), "q%u", (unsigned)queue);
    return mm_path_join(ret, dir, name);
}

enum mm_code mm_seg_path(char ret[MM_MAX_PATH], const char *qdir, uint64_t first, bool finished)
{
    char name[32];

    (void)snprintf(name, sizeof(name), "%016" PRIx64 ".%s", first, finished ? "seg" : "new");
    return mm_path_join(ret, qdir, name);
}

static bool seg_name(const char *name, uint64_t *ret)
{
    struct mm_slice s = mm_slice_str(name);

    return s.n == NAME_HEX + 4 && mm_slice_ends(s, MM_S(".seg")) &&
           mm_slice_hex(mm_slice_sub(s, 0, NAME_HEX), ret);
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y ? 1 : 0;
}

enum mm_code mm_seg_list(const char *qdir, struct mm_seg_list *ret)
{
    struct mm_seg_list list = {0};
    DIR *d = opendir(qdir);
    enum mm_code c = MM_OK;
    const struct dirent *e;
    size_t cap = 0;

    if (d == NULL)
        return mm_code_of_errno(errno);
    while (c == MM_OK && (e = readdir(d)) != NULL) {
        uint64_t first;

        if (!seg_name(e->d_name, &first))
            continue;
        if (!MM_VEC_ROOM(list.first, list.n, cap, MM_SPOOL_SEGMENTS_MAX)) {
            c = MM_E_LIMIT;
            break;
        }
        list.first[list.n++] = first;
    }
    (void)closedir(d);
    if (c != MM_OK) {
        free(list.first);
        return c;
    }
    if (list.n > 1)
        qsort(list.first, list.n, sizeof(list.first[0]), by_number);
    *ret = list;
    return MM_OK;
}

enum mm_code mm_seg_map(const char *path, struct mm_slice *ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum mm_code c = MM_OK;
    struct stat st;
    void *p;

    if (fd < 0)
        return mm_code_of_errno(errno);
    if (fstat(fd, &st) != 0) {
        c = mm_code_of_errno(errno);
        goto out;
    }
    if (st.st_size <= 0 || st.st_size > SEG_MAP_MAX) {
        c = MM_E_SYNTAX;
        goto out;
    }
    p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        c = mm_code_of_errno(errno);
        goto out;
    }
    *ret = mm_slice_of(p, (size_t)st.st_size);
out:
    (void)close(fd);
    return c;
}

void mm_seg_unmap(struct mm_slice *map)
{
    /* munmap wants a pointer to non-const; the pages are ours. */
    if (map->p != NULL)
        (void)munmap((void *)(uintptr_t)map->p, map->n);
    *map = (struct mm_slice){0};
}

static enum mm_code map_page(int fd, int prot, void **ret)
{
    void *p = mmap(NULL, MM_PAGE_SIZE, prot, MAP_SHARED, fd, 0);

    if (p == MAP_FAILED)
        return mm_code_of_errno(errno);
    *ret = p;
    return MM_OK;
}

enum mm_code mm_page_create(struct mm_fs fs, const char *qdir, struct mm_spool_page **ret)
{
    static const uint8_t zeros[MM_PAGE_SIZE];
    char path[MM_MAX_PATH];
    struct mm_spool_page *page;
    void *p = NULL;
    struct stat st;
    int fd = -1;
    enum mm_code c = mm_path_join(path, qdir, "commit");

    if (c == MM_OK)
        c = mm_fs_open(fs, path, O_RDWR | O_CREAT, 0600, &fd);
    if (c != MM_OK)
        return c;
    if (fstat(fd, &st) != 0)
        c = mm_code_of_errno(errno);
    /* Written, not only extended: a hole in a mapping kills the process when the disk is full. */
    if (c == MM_OK && st.st_size < MM_PAGE_SIZE)
        c = mm_fs_pwrite(fs, fd, mm_slice_of(zeros, sizeof(zeros)), 0);
    if (c == MM_OK)
        c = mm_fs_sync(fs, fd);
    if (c == MM_OK)
        c = mm_fs_sync_dir(fs, qdir);
    if (c == MM_OK)
        c = map_page(fd, PROT_READ | PROT_WRITE, &p);
    mm_fs_close(fs, &fd);
    if (c != MM_OK)
        return c;
    page = p;
    if (memcmp(page->magic, page_magic, sizeof(page_magic)) == 0 &&
        page->version > MM_PAGE_VERSION) {
        mm_page_close(page);
        return MM_E_VERSION;
    }
    if (memcmp(page->magic, page_magic, sizeof(page_magic)) != 0) {
        memset(page, 0, sizeof(*page));
        page->version = MM_PAGE_VERSION;
        memcpy(page->magic, page_magic, sizeof(page_magic));
    }
    *ret = page;
    return MM_OK;
}

enum mm_code mm_page_open(const char *qdir, const struct mm_spool_page **ret)
{
    char path[MM_MAX_PATH];
    struct stat st;
    void *p = NULL;
    enum mm_code c = mm_path_join(path, qdir, "commit");
    int fd;

    if (c != MM_OK)
        return c;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return mm_code_of_errno(errno);
    if (fstat(fd, &st) != 0 || st.st_size < MM_PAGE_SIZE)
        c = MM_E_NOTFOUND; /* being made right now */
    else
        c = map_page(fd, PROT_READ, &p);
    (void)close(fd);
    if (c != MM_OK)
        return c;
    *ret = p;
    return MM_OK;
}

void mm_page_close(const struct mm_spool_page *page)
{
    if (page != NULL)
        (void)munmap((void *)(uintptr_t)page, MM_PAGE_SIZE);
}

static uint32_t *futex_word(const struct mm_spool_page *page)
{
    /* The system call wants a plain pointer; it only compares the word. */
    return (uint32_t *)(uintptr_t)&page->commits;
}

void mm_page_publish(struct mm_spool_page *page, uint64_t next)
{
    page->next_not = ~next;
    atomic_store_explicit(&page->next, next, memory_order_release);
    atomic_fetch_add_explicit(&page->commits, 1, memory_order_release);
    (void)syscall(SYS_futex, futex_word(page), FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

uint64_t mm_page_next(const struct mm_spool_page *page)
{
    uint64_t next = atomic_load_explicit(&page->next, memory_order_acquire);

    return page->next_not == ~next ? next : 0;
}

bool mm_page_wait(const struct mm_spool_page *page, uint64_t below, int timeout_ms)
{
    int64_t until = mm_mono_us() + (int64_t)timeout_ms * 1000;

    for (;;) {
        uint32_t seen = atomic_load_explicit(&page->commits, memory_order_acquire);
        int64_t left;
        struct timespec ts;

        if (atomic_load_explicit(&page->next, memory_order_acquire) > below)
            return true;
        left = until - mm_mono_us();
        if (left <= 0)
            return false;
        ts = (struct timespec){.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
        (void)syscall(SYS_futex, futex_word(page), FUTEX_WAIT, seen, &ts, NULL, 0);
    }
}

enum mm_code mm_spool_bounds(const char *dir, uint16_t queue, struct mm_spool_bounds *ret)
{
    struct mm_spool_bounds b = {0};
    char qdir[MM_MAX_PATH];
    const struct mm_spool_page *page = NULL;
    struct mm_seg_list list = {0};
    enum mm_code c = mm_spool_dir(qdir, dir, queue);

    if (c == MM_OK)
        c = mm_page_open(qdir, &page);
    if (c != MM_OK)
        return c;
    c = mm_seg_list(qdir, &list);
    b.next = atomic_load_explicit(&page->next, memory_order_acquire);
    mm_page_close(page);
    if (c != MM_OK)
        return c;
    b.oldest = list.n > 0 ? list.first[0] : b.next;
    for (size_t i = 0; i < list.n; i++) {
        char path[MM_MAX_PATH];
        struct stat st;

        if (mm_seg_path(path, qdir, list.first[i], true) == MM_OK && stat(path, &st) == 0)
            b.bytes += (uint64_t)st.st_blocks * 512;
    }
    free(list.first);
    if (b.next == 0)
        return MM_E_NOTFOUND; /* made, but its writer has not opened it yet */
    *ret = b;
    return MM_OK;
}

/* Delete what lies wholly below below_seq; the caller has the hold. */
static enum mm_code trim(struct mm_fs fs, const char *qdir, uint64_t below_seq, size_t *ret_deleted)
{
    char path[MM_MAX_PATH];
    struct mm_seg_list list = {0};
    enum mm_code c = mm_seg_list(qdir, &list);

    /* A segment's successor must be durable before the segment goes: the numbers go on there. */
    if (c == MM_OK && list.n > 1 && list.first[1] <= below_seq)
        c = mm_fs_sync_dir(fs, qdir);
    for (size_t i = 0; c == MM_OK && i + 1 < list.n && list.first[i + 1] <= below_seq; i++) {
        c = mm_seg_path(path, qdir, list.first[i], true);
        if (c == MM_OK)
            c = mm_fs_unlink(fs, path);
        if (c == MM_OK)
            (*ret_deleted)++;
        if (c == MM_E_NOTFOUND)
            c = MM_OK; /* someone else trimmed it */
    }
    free(list.first);
    return c;
}

enum mm_code mm_spool_trim(struct mm_fs fs, const char *dir, uint16_t queue, uint64_t below_seq,
                           size_t *ret_deleted)
{
    char qdir[MM_MAX_PATH], path[MM_MAX_PATH];
    size_t deleted = 0;
    int hold = -1;
    enum mm_code c = mm_spool_dir(qdir, dir, queue);

    if (fs.ops == NULL)
        fs = mm_fs_real();
    if (c == MM_OK)
        c = mm_path_join(path, dir, MM_SPOOL_HOLD);
    if (c == MM_OK)
        c = mm_file_lock(path, false, &hold);
    if (c == MM_OK)
        c = trim(fs, qdir, below_seq, &deleted);
    else if (c == MM_E_BUSY)
        c = MM_OK; /* a backup is looking; the next trim finds it all */
    if (hold >= 0)
        (void)close(hold);
    if (c == MM_OK && ret_deleted != NULL)
        *ret_deleted = deleted;
    return c;
}

size_t mm_spool_queues(const char *dir, uint16_t *ret, size_t max)
{
    uint64_t there[(UINT16_MAX + 1) / 64] = {0}; /* a bit a queue: in order, however many */
    DIR *d = opendir(dir);
    const struct dirent *e;
    size_t n = 0;

    if (d == NULL)
        return 0;
    while ((e = readdir(d)) != NULL) {
        struct mm_slice s = mm_slice_str(e->d_name);
        uint64_t queue;

        if (mm_slice_starts(s, MM_S("q")) && s.n <= 6 &&
            mm_slice_u64(mm_slice_sub(s, 1, SIZE_MAX), &queue) && queue <= UINT16_MAX)
            there[queue / 64] |= UINT64_C(1) << queue % 64;
    }
    (void)closedir(d);
    for (size_t queue = 0; queue <= UINT16_MAX; queue++) {
        if ((there[queue / 64] >> queue % 64 & 1) == 0)
            continue;
        if (n < max)
            ret[n] = (uint16_t)queue; /* the loop's bound */
        n++;
    }
    return n;
}

/* The form of a file that is newer than we are, 0 for all others. */
static enum mm_code newer_form(const char *path, uint32_t *ret)
{
    uint8_t head[MM_SEG_HEADER] = {0};
    struct mm_slice bytes = mm_slice_of(head, sizeof(head));
    struct mm_seg_head seg;
    uint32_t form;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    *ret = 0;
    if (fd < 0)
        return errno == ENOENT ? MM_OK : mm_code_of_errno(errno);
    n = pread(fd, head, sizeof(head), 0);
    (void)close(fd);
    if (n < 0)
        return MM_E_IO;
    /* Both have it behind eight bytes that name them. */
    memcpy(&form, head + sizeof(page_magic), sizeof(form));
    form = le32toh(form);
    if (mm_seg_head_decode(bytes, &seg) == MM_E_VERSION ||
        (memcmp(head, page_magic, sizeof(page_magic)) == 0 && form > MM_PAGE_VERSION))
        *ret = form;
    return MM_OK;
}

/* The first file of a queue's that is newer, if any: *ret_form is not 0 then. */
static enum mm_code newer_in_queue(const char *qdir, char ret_path[MM_MAX_PATH], uint32_t *ret_form)
{
    struct mm_seg_list list = {0};
    enum mm_code c = mm_path_join(ret_path, qdir, "commit");

    if (c == MM_OK)
        c = newer_form(ret_path, ret_form);
    if (c == MM_OK && *ret_form == 0)
        c = mm_seg_list(qdir, &list);
    for (size_t i = 0; i < list.n && c == MM_OK && *ret_form == 0; i++) {
        c = mm_seg_path(ret_path, qdir, list.first[i], true);
        if (c == MM_OK)
            c = newer_form(ret_path, ret_form);
    }
    free(list.first);
    return c;
}

enum mm_code mm_spool_known(const char *dir, char ret_path[MM_MAX_PATH], uint32_t *ret_form)
{
    uint16_t queue[MM_SPOOL_QUEUES_READ];
    size_t n = mm_spool_queues(dir, queue, MM_COUNT(queue));
    char qdir[MM_MAX_PATH], path[MM_MAX_PATH];
    uint32_t form = 0;
    enum mm_code c = MM_OK;

    for (size_t i = 0; i < n && i < MM_COUNT(queue) && c == MM_OK && form == 0; i++) {
        c = mm_spool_dir(qdir, dir, queue[i]);
        if (c == MM_OK)
            c = newer_in_queue(qdir, path, &form);
    }
    if (c != MM_OK || form == 0)
        return c;
    memcpy(ret_path, path, sizeof(path));
    *ret_form = form;
    return MM_E_VERSION;
}
