/* intake/lines.c - see lines.h for the contract. */
#include "intake/lines.h"

enum mm_code mm_lines_init(struct mm_lines *l, const struct mm_lines_options *o)
{
    MM_ASSERT(o->emit != NULL);
    *l = (struct mm_lines){.o = *o, .decided = !o->lists};
    mm_stream_init(&l->stream, true);
    if (o->continues == NULL)
        return MM_OK;
    return mm_join_init(&l->join, o->continues, o->continues_ctx, o->lines_max, o->emit, o->ctx);
}

void mm_lines_done(struct mm_lines *l)
{
    mm_stream_done(&l->stream);
    mm_join_done(&l->join);
    mm_cut_done(&l->cut);
}

static enum mm_code take(struct mm_lines *l, struct mm_slice in)
{
    bool joined = l->o.continues != NULL;

    if (l->listed) {
        mm_cut_feed(&l->cut, in, l->o.emit, l->o.ctx);
        return MM_OK;
    }
    return mm_stream_feed(&l->stream, in, joined ? mm_join_line : l->o.emit,
                          joined ? (void *)&l->join : l->o.ctx);
}

/* How many of these first bytes decide what the stream is, however they come: up to the end of a
 * first line that is closed, else all that are looked at. 0: not enough have come. */
static size_t deciding(struct mm_slice head)
{
    static const struct mm_slice open = MM_S_INIT("{[,");
    struct mm_slice begin;
    size_t at = 0, end;

    while (at < head.n && (head.p[at] == '\n' || head.p[at] == '\r' || head.p[at] == ' '))
        at++;
    if (at < head.n && head.p[at] != '{' && head.p[at] != '[' && head.p[at] != 0xEF)
        return at + 1; /* lines; a byte order mark begins with EF */
    end = mm_slice_find(head, '\n', at);
    begin = mm_slice_trim(mm_slice_sub(head, at, end == SIZE_MAX ? SIZE_MAX : end - at));
    if (end != SIZE_MAX && begin.n > 0 && mm_slice_find(open, begin.p[begin.n - 1], 0) == SIZE_MAX)
        return end + 1;
    return head.n < MM_CUT_HEAD ? 0 : head.n;
}

/* `n` bytes of the head decide. */
static enum mm_code decide(struct mm_lines *l, size_t n)
{
    struct mm_slice head = mm_slice_of(l->head, l->head_n), first = mm_slice_sub(head, 0, n);
    enum mm_code c = MM_OK;

    l->decided = true;
    l->listed = mm_cut_holds_records(first);
    if (l->listed)
        c = mm_cut_init(&l->cut, MM_CUT_JSON, first);
    l->cut.one_line = true;
    return c == MM_OK && head.n > 0 ? take(l, head) : c;
}

enum mm_code mm_lines_feed(struct mm_lines *l, struct mm_slice in)
{
    if (!l->decided) {
        size_t n = mm_min_size(in.n, sizeof(l->head) - l->head_n), by;
        enum mm_code c;

        if (n > 0)
            memcpy(l->head + l->head_n, in.p, n);
        l->head_n += n;
        in = mm_slice_sub(in, n, SIZE_MAX);
        by = deciding(mm_slice_of(l->head, l->head_n));
        if (by == 0)
            return MM_OK; /* in is taken: else there would be enough */
        c = decide(l, by);
        if (c != MM_OK)
            return c;
    }
    return take(l, in);
}

void mm_lines_pause(struct mm_lines *l)
{
    if (l->o.continues != NULL)
        mm_join_end(&l->join);
}

enum mm_code mm_lines_end(struct mm_lines *l)
{
    enum mm_code c = l->decided ? MM_OK : decide(l, l->head_n);
    bool joined = l->o.continues != NULL;

    if (l->listed && c == MM_OK)
        mm_cut_end(&l->cut, l->o.emit, l->o.ctx);
    mm_stream_end(&l->stream, joined ? mm_join_line : l->o.emit,
                  joined ? (void *)&l->join : l->o.ctx);
    mm_lines_pause(l);
    return c;
}

size_t mm_lines_held(const struct mm_lines *l)
{
    return l->decided ? mm_stream_held(&l->stream) : l->head_n;
}

bool mm_lines_between(const struct mm_lines *l)
{
    return l->decided && !l->listed && l->join.lines == 0 && !l->stream.skipping;
}

uint64_t mm_lines_stray(const struct mm_lines *l)
{
    return l->cut.stray;
}
