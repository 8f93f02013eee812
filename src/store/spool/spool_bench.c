/*
 * store/spool/spool_bench.c - the queue alone: records of 250 bytes appended and committed
 * in groups of 1,000, then read, on the disk of the working directory. One line of figures.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "store/spool/spool.h"

enum { RECORDS = 2000000, GROUP = 1000, BODY = 250, AT_ONCE = 1024 };

static void remove_all(const char *dir)
{
    char qdir[MM_MAX_PATH], path[MM_MAX_PATH];
    const struct dirent *e;
    DIR *d;

    (void)snprintf(qdir, sizeof(qdir), "%s/q0", dir);
    d = opendir(qdir);
    while (d != NULL && (e = readdir(d)) != NULL) {
        if (mm_path_join(path, qdir, e->d_name) == MM_OK)
            (void)unlink(path);
    }
    if (d != NULL)
        (void)closedir(d);
    (void)rmdir(qdir);
    (void)rmdir(dir);
}

static bool write_all(const char *dir)
{
    static uint8_t body[BODY];
    struct mm_spool *s = NULL;
    bool ok = mm_spool_open(dir, 0, NULL, &s) == MM_OK;

    memset(body, 'x', sizeof(body));
    for (uint32_t i = 0; ok && i < RECORDS; i++) {
        struct mm_spool_record rec = {
            .received_us = i, .company = i % 30, .source = i % 120, .body = {body, BODY}};

        ok = mm_spool_append(s, &rec, NULL) == MM_OK;
        if (ok && i % GROUP == GROUP - 1)
            ok = mm_spool_commit(s) == MM_OK;
    }
    ok = ok && mm_spool_commit(s) == MM_OK;
    mm_spool_close(&s);
    return ok;
}

static uint64_t read_all(const char *dir)
{
    static struct mm_spool_record rec[AT_ONCE];
    struct mm_spool_reader *r = NULL;
    uint64_t total = 0, bytes = 0;
    size_t n = 1;

    if (mm_spool_reader_open(dir, 0, 1, &r) != MM_OK)
        return 0;
    while (n > 0 && mm_spool_read(r, rec, AT_ONCE, SIZE_MAX, &n) == MM_OK) {
        for (size_t i = 0; i < n; i++)
            bytes += rec[i].body.n;
        total += n;
    }
    mm_spool_reader_close(&r);
    return bytes == total * BODY ? total : 0;
}

int main(void)
{
    char dir[] = "./bench-spool-XXXXXX";
    int64_t a = 0, b = 0, c = 0;
    bool ok = mkdtemp(dir) != NULL;

    if (ok) {
        a = mm_mono_us();
        ok = write_all(dir);
        b = mm_mono_us();
        ok = ok && read_all(dir) == RECORDS;
        c = mm_mono_us();
        remove_all(dir);
    }
    if (!ok) {
        fprintf(stderr, "spool: failed\n");
        return 1;
    }
    printf("spool: %.0f records/s appended and committed by %d, %.0f records/s read\n",
           RECORDS / ((double)(b - a) / 1e6), GROUP, RECORDS / ((double)(c - b) / 1e6));
    return 0;
}
