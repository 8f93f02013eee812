/* store/spool/snapshot.c - see snapshot.h for the contract. */
#include "store/spool/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/spool/dir.h"
#include "store/spool/segment.h"

enum mm_code mm_spool_hold(const char *dir, int *ret_fd)
{
    char path[MM_MAX_PATH];
    enum mm_code c = mm_path_join(path, dir, MM_SPOOL_HOLD);

    return c == MM_OK ? mm_file_lock(path, true, ret_fd) : c;
}

/* Where the records below `next` end: the writer may be working behind that. */
static size_t durable_end(struct mm_slice seg, const struct mm_seg_head *head, uint64_t next)
{
    size_t pos = MM_SEG_HEADER, end = pos;
    struct mm_seg_item item;

    for (;;) {
        enum mm_code c = mm_seg_decode(seg, pos, head->salt, &item);

        /* What the disk has lost is stepped over, as recovery does. */
        if (c == MM_E_SYNTAX && !mm_seg_find(seg, pos + MM_SEG_ALIGN, head->salt, MM_SEG_MARK,
                                             head->first_seq, next, &pos, &item))
            return end;
        if (c == MM_E_NOTFOUND || (item.type == MM_SEG_RECORD && item.rec.seq >= next) ||
            (item.type == MM_SEG_MARK && item.rec.seq > next))
            return end;
        pos += item.size;
        end = pos;
    }
}

static enum mm_code copy_newest(const char *from, const char *to, uint64_t next)
{
    struct mm_fs fs = mm_fs_real();
    struct mm_slice seg = {0};
    struct mm_seg_head head;
    int fd = -1;
    enum mm_code c = mm_seg_map(from, &seg);

    if (c != MM_OK)
        return c;
    c = mm_seg_head_decode(seg, &head);
    if (c == MM_OK)
        c = mm_fs_open(fs, to, O_WRONLY | O_CREAT | O_EXCL, 0600, &fd);
    if (c == MM_OK)
        c = mm_fs_pwrite(fs, fd, mm_slice_sub(seg, 0, durable_end(seg, &head, next)), 0);
    if (c == MM_OK)
        c = mm_fs_truncate(fs, fd, seg.n);
    mm_fs_close(fs, &fd);
    mm_seg_unmap(&seg);
    return c;
}

static enum mm_code take_segment(const char *from_dir, const char *to_dir, uint64_t first,
                                 uint64_t next, bool newest)
{
    char from[MM_MAX_PATH], to[MM_MAX_PATH];
    enum mm_code c = mm_seg_path(from, from_dir, first, true);

    if (c == MM_OK)
        c = mm_seg_path(to, to_dir, first, true);
    if (c != MM_OK)
        return c;
    if (newest)
        return copy_newest(from, to, next);
    return link(from, to) == 0 ? MM_OK : mm_code_of_errno(errno);
}

/* The page of the copy: what its writer would have published. */
static enum mm_code put_page(const char *to_dir, uint64_t next)
{
    struct mm_spool_page *page = NULL;
    enum mm_code c = mm_page_create(mm_fs_real(), to_dir, &page);

    if (c != MM_OK)
        return c;
    mm_page_publish(page, next);
    mm_page_close(page);
    return MM_OK;
}

enum mm_code mm_spool_snapshot(const char *dir, uint16_t queue, const char *to,
                               struct mm_spool_bounds *ret)
{
    char from_dir[MM_MAX_PATH], to_dir[MM_MAX_PATH];
    const struct mm_spool_page *page = NULL;
    struct mm_seg_list list = {0};
    struct mm_spool_bounds b = {0};
    enum mm_code c = mm_spool_dir(from_dir, dir, queue);

    if (c == MM_OK)
        c = mm_spool_dir(to_dir, to, queue);
    if (c == MM_OK)
        c = mm_page_open(from_dir, &page);
    if (c != MM_OK)
        return c;
    /* First what is durable, then the segments: all of it stands in these. */
    b.next = mm_page_next(page);
    mm_page_close(page);
    if (b.next == 0)
        return MM_E_NOTFOUND;
    c = mm_seg_list(from_dir, &list);
    while (list.n > 0 && list.first[list.n - 1] > b.next)
        list.n--; /* begun since */
    b.oldest = list.n > 0 ? list.first[0] : 0;
    if (c == MM_OK)
        c = mm_fs_mkdir(mm_fs_real(), to_dir, 0700);
    for (size_t i = 0; c == MM_OK && i < list.n; i++)
        c = take_segment(from_dir, to_dir, list.first[i], b.next, i + 1 == list.n);
    free(list.first);
    if (c == MM_OK)
        c = put_page(to_dir, b.next);
    if (c == MM_OK)
        *ret = b;
    return c;
}
