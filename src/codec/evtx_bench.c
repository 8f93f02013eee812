/*
 * codec/evtx_bench.c - event log files of $MIMAMORI_CORPORA into JSON, on one core, beside the
 * least that any reader must do: look at every byte once.
 *
 * Files that are mostly empty chunks would flatter it: bytes that were never written to are taken
 * out of the figure.
 */
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "codec/evtx.h"
#include "codec/evtx_priv.h"

enum { FILES_MAX = 4096, ROUNDS = 5 };

/* One file in memory; files that cannot be had are left out. */
static size_t add(const FTSENT *at, struct mm_slice *ret)
{
    size_t n = strlen(at->fts_accpath), size = (size_t)at->fts_statp->st_size;
    int fd;
    void *p;

    if (at->fts_info != FTS_F || n < 5 || strcmp(at->fts_accpath + n - 5, ".evtx") != 0 ||
        size == 0)
        return 0;
    fd = open(at->fts_accpath, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    p = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    (void)close(fd);
    if (p == MAP_FAILED)
        return 0;
    *ret = mm_slice_of(p, size);
    return 1;
}

/* All event log files below a directory. */
static size_t find(const char *dir, struct mm_slice *file)
{
    char *roots[] = {strdup(dir), NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    FTSENT *at;
    size_t n = 0;

    while (tree != NULL && n < FILES_MAX && (at = fts_read(tree)) != NULL)
        n += add(at, &file[n]);
    if (tree != NULL)
        (void)fts_close(tree);
    free(roots[0]);
    return n;
}

static double cpu_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Bytes up to where each chunk says that it is free. */
static size_t written(struct mm_slice s)
{
    size_t n = 0;

    for (size_t at = MM_EVTX_HEAD; at + 512 <= s.n; at += MM_EVTX_CHUNK)
        n += mm_min_size(mm_le32(s.p + at + 48), MM_EVTX_CHUNK);
    return n;
}

static uint64_t look(struct mm_slice s)
{
    uint64_t sum = 0;

    for (size_t at = MM_EVTX_HEAD; at + 512 <= s.n; at += MM_EVTX_CHUNK) {
        size_t n = mm_min_size(mm_le32(s.p + at + 48), s.n - at);

        for (size_t i = 0; i + 4 <= n; i += 4)
            sum = sum * 31 + mm_le32(s.p + at + i);
    }
    return sum;
}

/* Records read; what is broken is counted. */
static size_t convert(struct mm_evtx *e, struct mm_slice s, struct mm_buf *out, size_t *broken)
{
    struct mm_evtx_item item;
    size_t n = 0;

    mm_evtx_init(e, s);
    for (;;) {
        mm_evtx_next(e, &item);
        if (item.kind == MM_EVTX_END)
            break;
        if (item.kind == MM_EVTX_BROKEN) {
            (*broken)++;
            continue;
        }
        mm_buf_reset(out);
        mm_tree_json(out, item.top);
        n += mm_buf_ok(out) ? 1 : 0;
    }
    mm_evtx_done(e);
    return n;
}

int main(void)
{
    const char *corpora = getenv("MIMAMORI_CORPORA");
    struct mm_slice *file = calloc(FILES_MAX, sizeof(*file));
    struct mm_evtx *e = calloc(1, sizeof(*e));
    size_t file_n = corpora != NULL && file != NULL ? find(corpora, file) : 0;
    size_t bytes = 0, records = 0, broken = 0;
    volatile uint64_t sum = 0;
    double reading, looking;
    struct mm_buf out;

    if (file_n == 0 || e == NULL) {
        puts("skipped, no corpus");
        free(file);
        free(e);
        return 0;
    }
    mm_buf_init(&out, 64 * 1024 * 1024);
    for (size_t i = 0; i < file_n; i++)
        bytes += written(file[i]);
    looking = cpu_s();
    for (int r = 0; r < ROUNDS; r++) {
        for (size_t i = 0; i < file_n; i++)
            sum = sum + look(file[i]);
    }
    looking = cpu_s() - looking;
    reading = cpu_s();
    for (int r = 0; r < ROUNDS; r++) {
        for (size_t i = 0; i < file_n; i++)
            records += convert(e, file[i], &out, &broken);
    }
    reading = cpu_s() - reading;
    mm_buf_done(&out);
    free(file);
    free(e);
    printf("%zu files, %.1f MB written to, %zu records, %zu broken places, %d rounds\n", file_n,
           (double)bytes / 1e6, records / ROUNDS, broken / ROUNDS, ROUNDS);
    if (records == 0)
        return 1;
    printf("evtx: %.0f MB/s into JSON, %.0f records/s, %.2f x looking at every byte\n",
           (double)bytes * ROUNDS / reading / 1e6, (double)records / reading, looking / reading);
    return 0;
}
