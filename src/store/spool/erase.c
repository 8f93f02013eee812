/* store/spool/erase.c - see erase.h for the contract. */
#include "store/spool/erase.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/spool/dir.h"
#include "store/spool/segment.h"

enum { WRITE = 1024 * 1024 }; /* bytes of one write, and one record more */

struct rewrite {
    int fd;
    uint64_t at;
    struct mm_buf out;
    uint32_t salt;
};

static enum mm_code flush(struct rewrite *r)
{
    enum mm_code c = mm_buf_ok(&r->out) ? MM_OK : MM_E_NOMEM;

    if (c == MM_OK)
        c = mm_fs_pwrite(mm_fs_real(), r->fd, mm_buf_slice(&r->out), r->at);
    r->at += r->out.n;
    mm_buf_reset(&r->out);
    return c;
}

/* The next whole item at or behind *pos; what the disk has lost is stepped over. */
static bool next_item(struct mm_slice seg, const struct mm_seg_head *head, size_t *pos,
                      struct mm_seg_item *ret)
{
    enum mm_code c = mm_seg_decode(seg, *pos, head->salt, ret);

    if (c == MM_E_SYNTAX)
        return mm_seg_find(seg, *pos + MM_SEG_ALIGN, head->salt, MM_SEG_MARK, head->first_seq,
                           UINT64_MAX, pos, ret);
    return c == MM_OK;
}

static uint64_t count_of(struct mm_slice seg, const struct mm_seg_head *head, uint32_t company)
{
    struct mm_seg_item item;
    uint64_t n = 0;

    for (size_t pos = MM_SEG_HEADER; next_item(seg, head, &pos, &item); pos += item.size)
        n += item.type == MM_SEG_RECORD && item.rec.company == company;
    return n;
}

/* The segment without the company's lines, of the same size. */
static enum mm_code write_anew(struct mm_slice seg, const struct mm_seg_head *head,
                               uint32_t company, struct rewrite *r)
{
    struct mm_seg_item item;
    enum mm_code c = MM_OK;

    mm_buf_add(&r->out, mm_slice_sub(seg, 0, MM_SEG_HEADER));
    for (size_t pos = MM_SEG_HEADER; c == MM_OK && next_item(seg, head, &pos, &item);
         pos += item.size) {
        if (item.type == MM_SEG_RECORD && item.rec.company == company)
            item.rec =
                (struct mm_spool_record){.seq = item.rec.seq, .received_us = item.rec.received_us};
        mm_seg_encode(&r->out, r->salt, &item);
        if (r->out.n >= WRITE)
            c = flush(r);
    }
    if (c == MM_OK)
        c = flush(r);
    if (c == MM_OK)
        c = mm_fs_truncate(mm_fs_real(), r->fd, seg.n);
    return c == MM_OK ? mm_fs_sync(mm_fs_real(), r->fd) : c;
}

static enum mm_code erase_segment(const char *qdir, uint64_t first, uint32_t company,
                                  uint64_t *io_erased)
{
    struct mm_fs fs = mm_fs_real();
    char path[MM_MAX_PATH], tmp[MM_MAX_PATH];
    struct rewrite r = {.fd = -1};
    struct mm_slice seg = {0};
    struct mm_seg_head head = {0};
    uint64_t n = 0;
    enum mm_code c = mm_seg_path(path, qdir, first, true);

    mm_buf_init(&r.out, WRITE + MM_SPOOL_CARRY + (size_t)2 * MM_MAX_LINE);
    if (c == MM_OK)
        c = mm_seg_path(tmp, qdir, first, false);
    if (c == MM_OK)
        c = mm_seg_map(path, &seg);
    if (c == MM_OK)
        c = mm_seg_head_decode(seg, &head);
    if (c == MM_OK)
        n = count_of(seg, &head, company);
    if (c == MM_OK && n > 0) {
        r.salt = head.salt;
        c = mm_fs_open(fs, tmp, O_WRONLY | O_CREAT | O_TRUNC, 0600, &r.fd);
        if (c == MM_OK)
            c = write_anew(seg, &head, company, &r);
        if (c == MM_OK)
            c = mm_fs_rename(fs, tmp, path);
    }
    mm_fs_close(fs, &r.fd);
    mm_seg_unmap(&seg);
    mm_buf_done(&r.out);
    if (c == MM_OK)
        *io_erased += n;
    return c;
}

/* Segments that were being made when their maker died: lines of anybody, which nobody reads. */
static enum mm_code remove_unfinished(const char *qdir)
{
    DIR *d = opendir(qdir);
    const struct dirent *e;
    enum mm_code c = MM_OK;

    if (d == NULL)
        return mm_code_of_errno(errno);
    while (c == MM_OK && (e = readdir(d)) != NULL) {
        if (mm_slice_ends(mm_slice_str(e->d_name), MM_S(".new")) &&
            unlinkat(dirfd(d), e->d_name, 0) != 0 && errno != ENOENT)
            c = mm_code_of_errno(errno);
    }
    (void)closedir(d);
    return c;
}

enum mm_code mm_spool_erase(const char *dir, uint16_t queue, uint32_t company, uint64_t *ret_erased)
{
    char qdir[MM_MAX_PATH], path[MM_MAX_PATH];
    struct mm_seg_list list = {0};
    uint64_t erased = 0;
    int lock = -1;
    enum mm_code c = mm_spool_dir(qdir, dir, queue);

    MM_ASSERT(company > 0);
    if (c == MM_OK)
        c = mm_seg_list(qdir, &list);
    if (c == MM_OK)
        c = mm_path_join(path, qdir, "lock");
    if (c == MM_OK)
        c = mm_file_lock(path, false, &lock);
    if (c == MM_OK)
        c = remove_unfinished(qdir);
    for (size_t i = 0; c == MM_OK && i < list.n; i++)
        c = erase_segment(qdir, list.first[i], company, &erased);
    if (c == MM_OK)
        c = mm_fs_sync_dir(mm_fs_real(), qdir);
    if (lock >= 0)
        (void)close(lock);
    free(list.first);
    if (c == MM_OK)
        *ret_erased = erased;
    return c;
}
