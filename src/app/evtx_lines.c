/* app/evtx_lines.c - see evtx_lines.h for the contract. */
#include "app/evtx_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "codec/evtx.h"
#include "os/log.h"
#include "os/sandbox.h"

enum { OUT_SIZE = 1024 * 1024, BROKEN_TOLD = 20 };

static bool write_all(int fd, struct mm_buf *out)
{
    size_t at = 0;

    while (at < out->n) {
        ssize_t n = write(fd, out->p + at, out->n - at);

        if (n < 0 && errno != EINTR)
            return false;
        at += n > 0 ? (size_t)n : 0;
    }
    mm_buf_reset(out);
    return true;
}

static void tell(const struct mm_evtx_item *item, uint64_t broken)
{
    if (broken < BROKEN_TOLD)
        mm_log_warn("evtx", "not read: chunk=%llu record=%llu at=%zu why=%s",
                    (unsigned long long)item->chunk, (unsigned long long)item->record, item->at,
                    item->why);
    else if (broken == BROKEN_TOLD)
        mm_log_warn("evtx", "more is broken; the rest is not told one by one");
}

/* All records as lines; true when nothing was broken and everything was taken. */
static bool convert(struct mm_slice file, int to)
{
    struct mm_evtx *e = malloc(sizeof(*e));
    struct mm_evtx_item item;
    struct mm_buf out;
    uint64_t broken = 0;
    bool ok = e != NULL;

    mm_buf_init(&out, 64 * (size_t)OUT_SIZE);
    if (ok)
        mm_evtx_init(e, file);
    while (ok) {
        mm_evtx_next(e, &item);
        if (item.kind == MM_EVTX_END)
            break;
        if (item.kind == MM_EVTX_BROKEN) {
            tell(&item, broken++);
            continue;
        }
        mm_tree_json(&out, item.top);
        mm_buf_byte(&out, '\n');
        ok = mm_buf_ok(&out) && (out.n < OUT_SIZE || write_all(to, &out));
    }
    ok = ok && write_all(to, &out);
    mm_buf_done(&out);
    free(e);
    return ok && broken == 0;
}

static void child(struct mm_slice file, int to, int word)
{
    static const struct mm_sandbox box = {.may = MM_MAY_COMPUTE};
    unsigned missing = 0;
    char say = 'b';

    (void)signal(SIGPIPE, SIG_IGN);
    if (mm_sandbox_enter(&box, &missing) != MM_OK)
        mm_log_error("evtx", "cannot lock itself in");
    else if (convert(file, to))
        say = 'w';
    (void)!write(word, &say, 1);
    _exit(0);
}

/* The whole file in memory: pages come and go as it is read. */
static bool map(int file, struct mm_slice *ret)
{
    struct stat st;
    void *p;

    if (fstat(file, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
        return false;
    p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (p == MAP_FAILED)
        return false;
    (void)madvise(p, (size_t)st.st_size, MADV_SEQUENTIAL);
    *ret = mm_slice_of(p, (size_t)st.st_size);
    return true;
}

bool mm_evtx_lines_open(int file, struct mm_evtx_lines *ret)
{
    uint8_t first[8];
    int lines[2] = {-1, -1}, word[2] = {-1, -1};
    struct mm_slice whole = {0};
    pid_t pid = -1;

    *ret = (struct mm_evtx_lines){.fd = -1, .word = -1};
    /* A pipe cannot be looked into beforehand; nobody pipes these files. */
    if (pread(file, first, sizeof(first), 0) != (ssize_t)sizeof(first) ||
        !mm_evtx_is(mm_slice_of(first, sizeof(first))))
        return true;
    if (map(file, &whole) && pipe2(lines, O_CLOEXEC) == 0 && pipe2(word, O_CLOEXEC) == 0)
        pid = fork();
    if (pid == 0) {
        (void)close(lines[0]);
        (void)close(word[0]);
        child(whole, lines[1], word[1]);
    }
    (void)close(lines[1]);
    (void)close(word[1]);
    if (whole.p != NULL)
        (void)munmap((void *)(uintptr_t)whole.p, whole.n);
    if (pid < 0) {
        (void)close(lines[0]);
        (void)close(word[0]);
        return false;
    }
    ret->fd = lines[0];
    ret->word = word[0];
    return true;
}

bool mm_evtx_lines_close(struct mm_evtx_lines *l)
{
    char say = 0;

    if (l->fd < 0)
        return true;
    (void)close(l->fd); /* a child that still writes ends now */
    if (read(l->word, &say, 1) != 1)
        say = 0;
    (void)close(l->word);
    return say == 'w';
}
