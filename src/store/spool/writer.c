/* store/spool/writer.c - see spool.h for the contract. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/spool/dir.h"
#include "store/spool/segment.h"

enum { PAGE = 4096 }; /* segments' sizes are whole pages */

struct mm_spool {
    struct mm_fs fs;
    struct mm_spool_owner owner;
    size_t segment_max;
    size_t pending_max;
    uint16_t queue;
    uint32_t salt; /* the same in all segments of a queue, chosen with its first */
    char qdir[MM_MAX_PATH];
    int lock_fd;
    struct mm_spool_page *page;

    /* The newest segment; seg_fd is -1 when the next group must begin another. */
    int seg_fd;
    uint64_t seg_size; /* of the file: fixed when it is made */
    uint64_t end;      /* offset behind what is durable */

    struct mm_buf fill; /* room for a mark, then what was appended and not set aside */
    uint64_t next;
    int64_t received_us; /* of the last record appended */

    struct mm_buf flush; /* the group that _run writes: its mark and records */
    struct mm_buf head;  /* header and carry of the segment that the group begins, or empty */
    uint64_t flush_first;
    uint64_t flush_next; /* numbers below this are durable when the group is */
    int64_t flush_us;    /* received time of its last record */
    int64_t durable_us;  /* and of the last durable one */
    bool flushing;       /* between _begin and _end */

    uint64_t damaged;
    bool full; /* the last commit failed for want of space */
};

uint64_t mm_spool_next(const struct mm_spool *s)
{
    return s->next;
}

uint64_t mm_spool_durable(const struct mm_spool *s)
{
    return atomic_load_explicit(&s->page->next, memory_order_acquire);
}

size_t mm_spool_pending(const struct mm_spool *s)
{
    return s->fill.n + s->flush.n;
}

size_t mm_spool_filling(const struct mm_spool *s)
{
    return s->fill.n;
}

uint64_t mm_spool_damaged(const struct mm_spool *s)
{
    return s->damaged;
}

enum mm_code mm_spool_append(struct mm_spool *s, const struct mm_spool_record *rec,
                             uint64_t *ret_seq)
{
    struct mm_seg_item item = {.type = MM_SEG_RECORD, .rec = *rec};
    size_t before = s->fill.n;

    if (rec->body.n > MM_MAX_LINE)
        return MM_E_LIMIT;
    if (before + MM_SEG_FIXED + mm_seg_size(rec) > s->pending_max)
        return s->full ? MM_E_FULL : MM_E_BUSY;
    item.rec.seq = s->next;
    if (item.rec.received_us < s->received_us)
        item.rec.received_us = s->received_us;
    if (before == 0 && mm_buf_room(&s->fill, MM_SEG_FIXED) != NULL)
        s->fill.n = MM_SEG_FIXED; /* the mark, written by _begin */
    mm_seg_encode(&s->fill, s->salt, &item);
    if (!mm_buf_ok(&s->fill)) {
        s->fill.n = before;
        s->fill.failed = false;
        return MM_E_NOMEM;
    }
    s->received_us = item.rec.received_us;
    if (ret_seq != NULL)
        *ret_seq = s->next;
    s->next++;
    return MM_OK;
}

/* Header and carry of a new segment, built in the owner's thread. */
static bool build_head(struct mm_spool *s)
{
    struct mm_seg_head head = {.first_seq = s->flush_first,
                               .received_us = s->durable_us,
                               .salt = s->salt,
                               .queue = s->queue};
    uint8_t *p;

    mm_buf_reset(&s->head);
    p = mm_buf_room(&s->head, MM_SEG_HEADER);
    if (p != NULL) {
        mm_seg_head_encode(&head, p);
        s->head.n = MM_SEG_HEADER;
    }
    if (s->owner.carry != NULL) {
        struct mm_seg_item item = {.type = MM_SEG_CARRY, .rec = {.seq = s->flush_first}};
        struct mm_buf carry;

        mm_buf_init(&carry, MM_SPOOL_CARRY);
        s->owner.carry(s->owner.ctx, &carry);
        item.rec.body = mm_buf_slice(&carry);
        if (!mm_buf_ok(&carry))
            s->head.failed = true;
        else if (carry.n > 0)
            mm_seg_encode(&s->head, s->salt, &item);
        mm_buf_done(&carry);
    }
    return mm_buf_ok(&s->head);
}

static void put_mark(struct mm_spool *s, uint64_t durable)
{
    struct mm_seg_item mark = {.type = MM_SEG_MARK, .rec = {.seq = durable}};
    size_t n = s->flush.n;

    s->flush.n = 0;
    mm_seg_encode(&s->flush, s->salt, &mark);
    MM_ASSERT(s->flush.n == MM_SEG_FIXED && mm_buf_ok(&s->flush));
    s->flush.n = n;
}

bool mm_spool_commit_begin(struct mm_spool *s)
{
    struct mm_buf empty = s->flush;

    MM_ASSERT(!s->flushing);
    if (s->flush.n == 0 && s->fill.n == 0)
        return false;
    s->flushing = true;
    /* A group that failed before goes again with the head it had: a carry made now would speak
     * of records that are not in it. */
    if (s->flush.n > 0)
        return true;
    s->flush_first = mm_spool_durable(s);
    mm_buf_reset(&s->head);
    if ((s->seg_fd < 0 || s->end + s->fill.n > s->segment_max) && !build_head(s))
        return true; /* _run says so; everything stays in fill */
    s->flush = s->fill;
    s->fill = empty;
    s->flush_next = s->next;
    s->flush_us = s->received_us;
    put_mark(s, s->flush_first);
    return true;
}

static enum mm_code write_new_segment(struct mm_spool *s)
{
    uint64_t size = s->head.n + s->flush.n;
    char tmp[MM_MAX_PATH], path[MM_MAX_PATH];
    int fd = -1;
    enum mm_code c;

    if (size < s->segment_max)
        size = s->segment_max;
    size = (size + MM_PADDING + PAGE - 1) / PAGE * PAGE;
    c = mm_seg_path(tmp, s->qdir, s->flush_first, false);
    if (c == MM_OK)
        c = mm_seg_path(path, s->qdir, s->flush_first, true);
    if (c == MM_OK)
        c = mm_fs_open(s->fs, tmp, O_RDWR | O_CREAT | O_TRUNC, 0600, &fd);
    if (c == MM_OK)
        c = mm_fs_truncate(s->fs, fd, size);
    if (c == MM_OK)
        c = mm_fs_pwrite(s->fs, fd, mm_buf_slice(&s->head), 0);
    if (c == MM_OK)
        c = mm_fs_pwrite(s->fs, fd, mm_buf_slice(&s->flush), s->head.n);
    /* Its contents are durable before its name is: what it carries speaks of its records. */
    if (c == MM_OK)
        c = mm_fs_sync(s->fs, fd);
    if (c == MM_OK)
        c = mm_fs_rename(s->fs, tmp, path);
    if (c == MM_OK)
        c = mm_fs_sync_dir(s->fs, s->qdir);
    if (c != MM_OK) {
        if (fd >= 0)
            (void)s->fs.ops->unlink(s->fs.ctx, tmp); /* gives the space back; may be gone */
        mm_fs_close(s->fs, &fd);
        return c;
    }
    mm_fs_close(s->fs, &s->seg_fd);
    s->seg_fd = fd;
    s->seg_size = size;
    s->end = s->head.n + s->flush.n;
    return MM_OK;
}

static enum mm_code write_group(struct mm_spool *s)
{
    enum mm_code c;

    MM_ASSERT(s->end + s->flush.n + MM_PADDING <= s->seg_size);
    c = mm_fs_pwrite(s->fs, s->seg_fd, mm_buf_slice(&s->flush), s->end);
    if (c == MM_OK)
        c = mm_fs_sync(s->fs, s->seg_fd);
    if (c == MM_OK)
        s->end += s->flush.n;
    /* After a failure the next try writes the same bytes to the same place: pages that a failed
     * sync may have dropped are dirty again, and nobody reads behind what is published. */
    return c;
}

enum mm_code mm_spool_commit_run(struct mm_spool *s)
{
    enum mm_code c;

    MM_ASSERT(s->flushing);
    if (s->flush.n == 0)
        return MM_E_NOMEM; /* no room for the head of a segment */
    c = s->head.n > 0 ? write_new_segment(s) : write_group(s);
    if (c == MM_OK)
        mm_page_publish(s->page, s->flush_next);
    return c;
}

void mm_spool_commit_end(struct mm_spool *s, enum mm_code result)
{
    MM_ASSERT(s->flushing);
    s->flushing = false;
    s->full = result == MM_E_FULL;
    if (result == MM_OK) {
        s->durable_us = s->flush_us;
        mm_buf_reset(&s->flush);
        mm_buf_reset(&s->head);
    }
}

enum mm_code mm_spool_commit(struct mm_spool *s)
{
    /* Twice: what an earlier failure left, then what was appended since. */
    for (int i = 0; i < 2 && mm_spool_commit_begin(s); i++) {
        enum mm_code c = mm_spool_commit_run(s);

        mm_spool_commit_end(s, c);
        if (c != MM_OK)
            return c;
    }
    return MM_OK;
}

/* Overwrite what a torn write left behind `end`, so that nothing of it is ever read again. */
static enum mm_code wipe_tail(struct mm_spool *s, struct mm_slice seg)
{
    static const uint8_t zeros[PAGE];
    uint64_t last = seg.n, at = s->end;

    while (last > at && seg.p[last - 1] == 0)
        last--;
    while (at < last) {
        size_t n = mm_min_size(sizeof(zeros), last - at);
        enum mm_code c = mm_fs_pwrite(s->fs, s->seg_fd, mm_slice_of(zeros, n), at);

        if (c != MM_OK)
            return c;
        at += n;
    }
    return MM_OK;
}

static enum mm_code recover_segment(struct mm_spool *s, uint64_t first, uint64_t published)
{
    char path[MM_MAX_PATH];
    struct mm_slice seg = {0};
    struct mm_seg_head head = {0};
    struct mm_seg_tail tail = {0};
    enum mm_code c = mm_seg_path(path, s->qdir, first, true);

    if (c == MM_OK)
        c = mm_seg_map(path, &seg);
    if (c == MM_OK)
        c = mm_seg_head_decode(seg, &head);
    if (c == MM_OK && (head.first_seq != first || head.queue != s->queue))
        c = MM_E_SYNTAX;
    if (c != MM_OK)
        goto out;
    mm_seg_recover(seg, &head, &s->owner, &tail);
    s->salt = head.salt;
    s->end = tail.end;
    s->seg_size = seg.n;
    s->damaged = tail.damaged;
    s->received_us = s->durable_us = tail.received_us;
    s->next = tail.next;
    c = mm_fs_open(s->fs, path, O_RDWR, 0, &s->seg_fd);
    if (published > s->next) {
        /* The disk forgot records that were published. Their numbers are gone for good; what
         * can still be read of them stays, and a new segment begins behind them. */
        s->damaged += published - s->next;
        s->next = published;
        mm_fs_close(s->fs, &s->seg_fd);
        goto out;
    }
    if (c == MM_OK)
        c = wipe_tail(s, seg);
    if (c == MM_OK)
        c = mm_fs_sync(s->fs, s->seg_fd);
out:
    mm_seg_unmap(&seg);
    return c;
}

/* What a writer that died left half made. */
static enum mm_code remove_unfinished(struct mm_spool *s)
{
    char path[MM_MAX_PATH];
    enum mm_code c = mm_seg_path(path, s->qdir, s->next, false);

    if (c == MM_OK)
        c = mm_fs_unlink(s->fs, path);
    return c == MM_E_NOTFOUND ? MM_OK : c;
}

static enum mm_code recover(struct mm_spool *s)
{
    struct mm_seg_list list = {0};
    uint64_t published = mm_page_next(s->page);
    enum mm_code c = mm_seg_list(s->qdir, &list);

    s->next = published > 1 ? published : 1;
    if (c == MM_OK && list.n > 0)
        c = recover_segment(s, list.first[list.n - 1], published);
    else if (c == MM_OK && getrandom(&s->salt, sizeof(s->salt), 0) != sizeof(s->salt))
        c = MM_E_IO;
    if (c == MM_OK)
        c = remove_unfinished(s);
    if (c == MM_OK)
        mm_page_publish(s->page, s->next);
    free(list.first);
    return c;
}

static enum mm_code open_queue(struct mm_spool *s, const char *dir, bool wait)
{
    char path[MM_MAX_PATH];
    enum mm_code c = mm_spool_dir(s->qdir, dir, s->queue);

    if (c == MM_OK)
        c = mm_fs_mkdirs(s->fs, s->qdir, 0700);
    if (c == MM_OK)
        c = mm_path_join(path, s->qdir, "lock");
    if (c == MM_OK)
        c = mm_file_lock(path, wait, &s->lock_fd);
    if (c == MM_OK)
        c = mm_page_create(s->fs, s->qdir, &s->page);
    if (c == MM_OK)
        c = recover(s);
    return c;
}

enum mm_code mm_spool_open(const char *dir, uint16_t queue, const struct mm_spool_options *options,
                           struct mm_spool **ret)
{
    static const struct mm_spool_options defaults = {0};
    const struct mm_spool_options *o = options != NULL ? options : &defaults;
    struct mm_spool *s = calloc(1, sizeof(*s));
    enum mm_code c;

    if (s == NULL)
        return MM_E_NOMEM;
    s->fs = o->fs.ops != NULL ? o->fs : mm_fs_real();
    s->owner = o->owner;
    s->segment_max = o->segment_max != 0 ? o->segment_max : MM_SPOOL_SEGMENT;
    s->pending_max = o->pending_max != 0 ? o->pending_max : MM_SPOOL_PENDING;
    s->queue = queue;
    s->lock_fd = s->seg_fd = -1;
    mm_buf_init(&s->fill, s->pending_max);
    mm_buf_init(&s->flush, s->pending_max);
    mm_buf_init(&s->head, MM_SEG_HEADER + 2 * (size_t)MM_SPOOL_CARRY);
    c = open_queue(s, dir, o->wait);
    if (c != MM_OK) {
        mm_spool_close(&s);
        return c;
    }
    *ret = s;
    return MM_OK;
}

void mm_spool_close(struct mm_spool **sp)
{
    struct mm_spool *s = *sp;

    if (s == NULL)
        return;
    MM_ASSERT(!s->flushing);
    mm_fs_close(s->fs, &s->seg_fd);
    mm_page_close(s->page);
    if (s->lock_fd >= 0)
        (void)close(s->lock_fd);
    mm_buf_done(&s->fill);
    mm_buf_done(&s->flush);
    mm_buf_done(&s->head);
    free(s);
    *sp = NULL;
}
