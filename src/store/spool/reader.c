/* store/spool/reader.c - see spool.h for the contract. */
#include <stdlib.h>

#include "store/spool/dir.h"
#include "store/spool/segment.h"

enum {
    /* Where the next record may stand behind a damaged one: its own length and slack. Behind
     * that only a mark is looked for, so that crafted bodies cannot make the search slow. */
    NEAR = 2 * (MM_MAX_LINE + 1024),
};

struct mm_spool_reader {
    char qdir[MM_MAX_PATH];
    const struct mm_spool_page *page;
    struct mm_slice seg; /* mapping, or empty */
    uint64_t first;      /* number of that segment */
    uint32_t salt;
    size_t pos;
    uint64_t seq;       /* next to hand out */
    uint64_t gap_below; /* records from seq to below this are damaged */
};

uint64_t mm_spool_reader_seq(const struct mm_spool_reader *r)
{
    return r->seq;
}

uint64_t mm_spool_reader_durable(const struct mm_spool_reader *r)
{
    return atomic_load_explicit(&r->page->next, memory_order_acquire);
}

bool mm_spool_wait(struct mm_spool_reader *r, int timeout_ms)
{
    return mm_page_wait(r->page, r->seq, timeout_ms);
}

static enum mm_code open_segment(struct mm_spool_reader *r, uint64_t first)
{
    char path[MM_MAX_PATH];
    struct mm_slice seg = {0};
    struct mm_seg_head head = {0};
    enum mm_code c = mm_seg_path(path, r->qdir, first, true);

    if (c == MM_OK)
        c = mm_seg_map(path, &seg);
    if (c != MM_OK)
        return c;
    c = mm_seg_head_decode(seg, &head);
    if (c == MM_E_VERSION) {
        mm_seg_unmap(&seg);
        return c;
    }
    /* A damaged header loses the salt and with it the segment: an empty one stands for it, and
     * its records are handed out as damaged. */
    mm_seg_unmap(&r->seg);
    r->seg = seg;
    r->first = first;
    r->salt = c == MM_OK ? head.salt : 0;
    r->pos =
        c == MM_OK && head.first_seq == first ? MM_SEG_HEADER : seg.n / MM_SEG_ALIGN * MM_SEG_ALIGN;
    return MM_OK;
}

/* Newest segment that begins at or below seq; or, with `above`, the first one beyond it. */
static enum mm_code pick_segment(const struct mm_spool_reader *r, bool above, uint64_t seq,
                                 uint64_t *ret)
{
    struct mm_seg_list list = {0};
    enum mm_code c = mm_seg_list(r->qdir, &list);
    bool found = false;

    if (c != MM_OK)
        return c;
    for (size_t i = 0; i < list.n; i++) {
        if (above ? list.first[i] <= seq : list.first[i] > seq)
            continue;
        *ret = list.first[i];
        found = true;
        if (above)
            break;
    }
    free(list.first);
    return found ? MM_OK : MM_E_NOTFOUND;
}

/* Nothing whole stands at pos although seq is durable: go to where it goes on. */
static enum mm_code go_on(struct mm_spool_reader *r, uint64_t durable)
{
    struct mm_seg_item item;
    uint64_t first = 0;
    enum mm_code c = MM_E_NOTFOUND;

    if (r->seg.n == 0 || r->first != r->seq)
        c = open_segment(r, r->seq);
    if (c != MM_E_NOTFOUND)
        return c;
    if (mm_seg_find(mm_slice_sub(r->seg, 0, r->pos + NEAR), r->pos, r->salt, MM_SEG_RECORD, r->seq,
                    durable, &r->pos, &item) ||
        mm_seg_find(r->seg, r->pos, r->salt, MM_SEG_MARK, r->seq, durable, &r->pos, &item)) {
        r->gap_below = item.rec.seq;
        return MM_OK;
    }
    c = pick_segment(r, true, r->seq, &first);
    if (c == MM_E_NOTFOUND)
        first = durable;
    else if (c != MM_OK)
        return c;
    r->gap_below = first < durable ? first : durable;
    return MM_OK;
}

/*
 * The record with number r->seq, and where the next item stands. MM_E_MORE: it is not at pos.
 */
static enum mm_code take(struct mm_spool_reader *r, struct mm_spool_record *ret, size_t *ret_pos)
{
    struct mm_seg_item item;

    if (r->seq < r->gap_below) {
        *ret = (struct mm_spool_record){.seq = r->seq, .damaged = true};
        *ret_pos = r->pos;
        return MM_OK;
    }
    while (mm_seg_decode(r->seg, r->pos, r->salt, &item) == MM_OK) {
        if (item.type == MM_SEG_RECORD && item.rec.seq != r->seq)
            break;
        if (item.type == MM_SEG_RECORD) {
            *ret = item.rec;
            *ret_pos = r->pos + item.size;
            return MM_OK;
        }
        r->pos += item.size;
    }
    return MM_E_MORE;
}

enum mm_code mm_spool_read(struct mm_spool_reader *r, struct mm_spool_record *recs, size_t max,
                           size_t bytes_max, size_t *ret_n)
{
    uint64_t durable = mm_spool_reader_durable(r);
    size_t n = 0, bytes = 0;

    MM_ASSERT(recs != NULL && ret_n != NULL);
    while (n < max && r->seq < durable) {
        size_t pos = 0;
        enum mm_code c = take(r, &recs[n], &pos);

        if (c == MM_E_MORE && n > 0)
            break; /* what was handed out borrows this segment */
        if (c == MM_E_MORE) {
            c = go_on(r, durable);
            if (c != MM_OK)
                return c;
            continue;
        }
        if (n > 0 && bytes + recs[n].body.n > bytes_max)
            break;
        bytes += recs[n].body.n;
        r->pos = pos;
        r->seq++;
        n++;
    }
    *ret_n = n;
    return MM_OK;
}

/* Walk from the head of the segment to seq. */
static enum mm_code seek(struct mm_spool_reader *r, uint64_t seq)
{
    struct mm_spool_record rec;
    size_t n;

    while (r->seq < seq) {
        enum mm_code c = mm_spool_read(r, &rec, 1, 1, &n);

        if (c != MM_OK || n == 0)
            return c != MM_OK ? c : MM_E_RANGE;
    }
    return MM_OK;
}

static enum mm_code start_at(struct mm_spool_reader *r, uint64_t from_seq)
{
    uint64_t durable = mm_spool_reader_durable(r), first = 0;
    enum mm_code c;

    if (durable == 0)
        return MM_E_NOTFOUND; /* its writer has not opened it yet */
    if (from_seq > durable)
        return MM_E_RANGE;
    /* Only a segment with something durable in it is opened: the newest one may still be made
     * anew. Without one, reading starts when there is something. */
    r->seq = from_seq == 0 || from_seq < durable ? from_seq : durable - 1;
    c = pick_segment(r, from_seq == 0, r->seq, &first);
    r->seq = from_seq == 0 ? durable : from_seq;
    if (c == MM_E_NOTFOUND || (c == MM_OK && first >= durable))
        return r->seq == durable ? MM_OK : MM_E_RANGE;
    if (c == MM_OK)
        c = open_segment(r, first);
    if (c != MM_OK)
        return c == MM_E_NOTFOUND ? MM_E_RANGE : c; /* trimmed just now */
    r->seq = first;
    return from_seq == 0 ? MM_OK : seek(r, from_seq);
}

enum mm_code mm_spool_reader_open(const char *dir, uint16_t queue, uint64_t from_seq,
                                  struct mm_spool_reader **ret)
{
    struct mm_spool_reader *r = calloc(1, sizeof(*r));
    enum mm_code c;

    if (r == NULL)
        return MM_E_NOMEM;
    c = mm_spool_dir(r->qdir, dir, queue);
    if (c == MM_OK)
        c = mm_page_open(r->qdir, &r->page);
    if (c == MM_OK)
        c = start_at(r, from_seq);
    if (c != MM_OK) {
        mm_spool_reader_close(&r);
        return c;
    }
    *ret = r;
    return MM_OK;
}

void mm_spool_reader_close(struct mm_spool_reader **rp)
{
    struct mm_spool_reader *r = *rp;

    if (r == NULL)
        return;
    mm_seg_unmap(&r->seg);
    mm_page_close(r->page);
    free(r);
    *rp = NULL;
}
