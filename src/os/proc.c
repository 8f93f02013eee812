/* os/proc.c - see proc.h for the contract. */
#include "os/proc.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "base/rd.h"
#include "base/time.h"
#include "os/file.h"

enum {
    STAT_MAX = 4096, /* a line of 52 numbers */
    CHILDREN_MAX = 16 * 1024,
    /* Fields of stat, counted from the one behind the name, which is field 3. */
    UTIME = 14 - 3,
    STIME = 15 - 3,
    CUTIME = 16 - 3,
    CSTIME = 17 - 3,
    RSS = 24 - 3,
    FIELDS = RSS + 1,
};

/* Processes that are still to be looked at, and those that were. */
struct tree {
    pid_t pid[MM_PROC_TREE_MAX];
    size_t n;
};

static enum mm_code read_stat(pid_t pid, uint64_t ret[FIELDS])
{
    char path[64];
    struct mm_buf text;
    struct mm_slice s;
    struct mm_rd rd = {0};
    size_t name_end = SIZE_MAX, n = 0;

    (void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
    mm_buf_init(&text, STAT_MAX);
    if (mm_file_read(path, &text) != MM_OK) {
        mm_buf_done(&text);
        return MM_E_NOTFOUND;
    }
    s = mm_buf_slice(&text);
    /* The name stands in parentheses and may hold some itself. */
    for (size_t at = 0; (at = mm_slice_find(s, ')', at)) != SIZE_MAX; at++)
        name_end = at;
    if (name_end != SIZE_MAX)
        rd = mm_rd_of(mm_slice_sub(s, name_end + 2, SIZE_MAX));
    for (; n < FIELDS; n++) {
        struct mm_slice field;

        if (!mm_rd_until(&rd, ' ', &field))
            break;
        if (!mm_slice_u64(field, &ret[n]))
            ret[n] = 0; /* a letter, or below zero: none of ours */
    }
    mm_buf_done(&text);
    return n == FIELDS ? MM_OK : MM_E_NOTFOUND;
}

/* Children of one thread. */
static void add_children(struct tree *t, const char *path)
{
    struct mm_buf text;
    struct mm_rd rd;
    struct mm_slice word;
    uint64_t pid;

    mm_buf_init(&text, CHILDREN_MAX);
    if (mm_file_read(path, &text) == MM_OK) {
        rd = mm_rd_of(mm_buf_slice(&text));
        while (mm_rd_until(&rd, ' ', &word)) { /* each is followed by a space */
            if (mm_slice_u64(word, &pid) && pid > 0 && pid <= INT32_MAX && t->n < MM_PROC_TREE_MAX)
                t->pid[t->n++] = (pid_t)pid;
        }
    }
    mm_buf_done(&text);
}

static void add_children_of(struct tree *t, pid_t pid)
{
    char path[300];
    struct dirent *e;
    DIR *d;

    (void)snprintf(path, sizeof(path), "/proc/%ld/task", (long)pid);
    d = opendir(path);
    if (d == NULL)
        return;
    while ((e = readdir(d)) != NULL) {
        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof(path), "/proc/%ld/task/%.32s/children", (long)pid, e->d_name);
        add_children(t, path);
    }
    (void)closedir(d);
}

enum mm_code mm_proc_use(pid_t pid, struct mm_proc_use *ret)
{
    struct tree tree = {.pid = {pid}, .n = 1};
    struct mm_proc_use use = {0};
    long ticks = sysconf(_SC_CLK_TCK), page = sysconf(_SC_PAGESIZE);
    uint64_t cpu = 0, pages = 0;

    MM_ASSERT(pid > 0 && ticks > 0 && page > 0 && ret != NULL);
    for (size_t i = 0; i < tree.n; i++) {
        uint64_t f[FIELDS];

        if (read_stat(tree.pid[i], f) != MM_OK) {
            if (i == 0)
                return MM_E_NOTFOUND;
            continue;
        }
        cpu += f[UTIME] + f[STIME] + f[CUTIME] + f[CSTIME];
        pages += f[RSS];
        use.processes++;
        add_children_of(&tree, tree.pid[i]);
    }
    /* A century on a thousand processors stays far below 2^63 microseconds. */
    use.cpu_us = (int64_t)(cpu * (uint64_t)MM_US_PER_S / (uint64_t)ticks);
    use.rss_bytes = pages * (uint64_t)page;
    *ret = use;
    return MM_OK;
}
