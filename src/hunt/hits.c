/* hunt/hits.c - see hits.h for the contract. */
#include "hunt/hits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/vec.h"
#include "os/file.h"

enum { WRITTEN_AT = 1024 * 1024 };

enum mm_code mm_hits_init(struct mm_hits *h, const char *dir)
{
    *h = (struct mm_hits){.fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
    mm_buf_init(&h->unwritten, WRITTEN_AT + 2 * (size_t)MM_HF_MAX);
    if (h->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
        char path[MM_MAX_PATH];

        if (mm_path_join(path, dir, "mimamori-hunt-XXXXXX") != MM_OK)
            return MM_E_LIMIT;
        h->fd = mkostemp(path, O_CLOEXEC);
        if (h->fd >= 0)
            (void)unlink(path);
    }
    return h->fd < 0 ? MM_E_IO : MM_OK;
}

void mm_hits_done(struct mm_hits *h)
{
    if (h->unwritten.max != 0 && h->fd >= 0)
        (void)close(h->fd);
    mm_buf_done(&h->unwritten);
    free(h->place);
    *h = (struct mm_hits){.fd = -1};
}

static enum mm_code write_out(struct mm_hits *h)
{
    enum mm_code c;

    if (h->unwritten.n == 0)
        return MM_OK;
    c = mm_fs_pwrite(mm_fs_real(), h->fd, mm_buf_slice(&h->unwritten), h->size);
    if (c == MM_OK)
        h->size += h->unwritten.n;
    mm_buf_reset(&h->unwritten);
    return c;
}

enum mm_code mm_hits_add(struct mm_hits *h, const struct mm_hunt_frame *hit, uint32_t part,
                         uint32_t file)
{
    if (h->n == MM_HITS_MAX) {
        h->left_out++;
        return MM_OK;
    }
    if (!MM_VEC_ROOM(h->place, h->n, h->cap, MM_HITS_MAX))
        return MM_E_NOMEM;
    h->place[h->n++] = (struct mm_hit_place){.time_us = hit->time_us,
                                             .at = h->size + h->unwritten.n,
                                             .part = part,
                                             .file = file,
                                             .rule = hit->rule};
    mm_hunt_frame_put(&h->unwritten, hit);
    return h->unwritten.n < WRITTEN_AT ? MM_OK : write_out(h);
}

static int by_file(const void *a, const void *b)
{
    const struct mm_hit_place *x = a, *y = b;

    if (x->part != y->part)
        return x->part < y->part ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at ? 1 : 0;
}

static int by_time_then_file(const void *a, const void *b)
{
    const struct mm_hit_place *x = a, *y = b;

    if (x->time_us != y->time_us)
        return x->time_us < y->time_us ? -1 : 1;
    return by_file(a, b);
}

/* The frame at a place, into buf. */
static enum mm_code load(const struct mm_hits *h, uint64_t at, struct mm_buf *buf,
                         struct mm_hunt_frame *ret)
{
    enum { FIRST = 16 * 1024 };
    size_t want = FIRST;

    for (;;) {
        uint8_t *room;
        struct mm_rd rd;
        enum mm_code c;
        ssize_t n;

        mm_buf_reset(buf);
        room = mm_buf_room(buf, want);
        if (room == NULL)
            return MM_E_NOMEM;
        n = pread(h->fd, room, want, (off_t)at);
        if (n < 0)
            return MM_E_IO;
        buf->n = (size_t)n;
        rd = mm_rd_of(mm_buf_slice(buf));
        c = mm_hunt_frame_read(&rd, ret);
        if (c != MM_E_MORE || want > MM_HF_MAX)
            return c == MM_E_MORE ? MM_E_IO : c;
        want = MM_HF_MAX + FIRST;
    }
}

enum mm_code mm_hits_walk(struct mm_hits *h, bool by_time, mm_hits_each *each, void *ctx)
{
    enum mm_code c = write_out(h);
    struct mm_hunt_frame hit;
    struct mm_buf buf;

    mm_buf_init(&buf, 2 * (size_t)MM_HF_MAX);
    if (h->n > 0)
        qsort(h->place, h->n, sizeof(*h->place), by_time ? by_time_then_file : by_file);
    for (size_t i = 0; c == MM_OK && i < h->n; i++) {
        c = load(h, h->place[i].at, &buf, &hit);
        if (c == MM_OK && !each(ctx, &h->place[i], &hit))
            break;
    }
    mm_buf_done(&buf);
    return c;
}
