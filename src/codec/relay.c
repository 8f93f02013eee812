/* codec/relay.c - see relay.h for the contract. */
#include "codec/relay.h"

#include "base/hash.h"
#include "base/rd.h"

static const struct mm_slice magic = MM_S_INIT("MMRELAY\n");

enum { FLAG_GAP = 1, FLAG_COPY = 2 };

static void put16(struct mm_buf *out, uint16_t v)
{
    mm_buf_byte(out, (uint8_t)(v & 0xFF));
    mm_buf_byte(out, (uint8_t)(v >> 8));
}

void mm_relay_put_head(struct mm_buf *out, const struct mm_relay_head *head)
{
    const uint64_t words[] = {head->first,
                              head->before,
                              head->instance,
                              (uint64_t)head->clock_us,
                              (uint64_t)head->oldest_us,
                              head->backlog,
                              head->disk_free,
                              head->disk_all,
                              head->serial,
                              head->version};

    mm_buf_add(out, magic);
    mm_buf_u32le(out, MM_RELAY_VERSION);
    mm_buf_u32le(out, (head->gap ? FLAG_GAP : 0U) | (head->copy ? FLAG_COPY : 0U));
    mm_buf_u32le(out, head->queue);
    mm_buf_u32le(out, head->count);
    for (size_t i = 0; i < MM_COUNT(words); i++)
        mm_buf_u64le(out, words[i]);
    static_assert(8 + 4 * 4 + sizeof(words) + 8 == MM_RELAY_HEAD, "as the header says");
    mm_buf_u64le(out, 0); /* spare */
}

void mm_relay_put_line(struct mm_buf *out, const struct mm_relay_line *line)
{
    MM_ASSERT(line->body.n <= MM_MAX_LINE);
    mm_buf_byte(out, line->via);
    mm_buf_byte(out, 0);
    put16(out, line->what);
    put16(out, line->flags);
    put16(out, 0);
    mm_buf_u64le(out, (uint64_t)line->received_us);
    mm_buf_add(out, mm_slice_of(line->peer.b, sizeof(line->peer.b)));
    mm_buf_u32le(out, (uint32_t)line->body.n);
    mm_buf_add(out, line->body);
}

/* Whether the numbers of a head can be meant so. */
static bool sane(const struct mm_relay_head *h, uint32_t flags, uint32_t queue)
{
    return flags <= (FLAG_GAP | FLAG_COPY) && queue <= UINT16_MAX && h->count <= MM_RELAY_LINES &&
           h->first > 0 && h->first <= (uint64_t)INT64_MAX - MM_RELAY_LINES && h->clock_us >= 0 &&
           h->oldest_us >= 0;
}

enum mm_code mm_relay_head(struct mm_slice in, struct mm_relay_head *ret, struct mm_slice *ret_rest,
                           struct mm_fault *fault)
{
    struct mm_rd rd = mm_rd_of(in);
    struct mm_relay_head h = {0};
    uint32_t version, flags, queue;
    uint64_t clock, oldest, spare;

    if (!mm_rd_lit(&rd, magic) || !mm_rd_u32le(&rd, &version))
        return mm_fail(fault, MM_E_SYNTAX, rd.pos, "relay.form");
    if (version != MM_RELAY_VERSION)
        return mm_fail(fault, MM_E_VERSION, magic.n, "relay.version");
    if (!mm_rd_u32le(&rd, &flags) || !mm_rd_u32le(&rd, &queue) || !mm_rd_u32le(&rd, &h.count) ||
        !mm_rd_u64le(&rd, &h.first) || !mm_rd_u64le(&rd, &h.before) ||
        !mm_rd_u64le(&rd, &h.instance) || !mm_rd_u64le(&rd, &clock) || !mm_rd_u64le(&rd, &oldest) ||
        !mm_rd_u64le(&rd, &h.backlog) || !mm_rd_u64le(&rd, &h.disk_free) ||
        !mm_rd_u64le(&rd, &h.disk_all) || !mm_rd_u64le(&rd, &h.serial) ||
        !mm_rd_u64le(&rd, &h.version) || !mm_rd_u64le(&rd, &spare))
        return mm_fail(fault, MM_E_SYNTAX, rd.pos, "relay.head");
    h.clock_us = (int64_t)clock;
    h.oldest_us = (int64_t)oldest;
    if (!sane(&h, flags, queue))
        return mm_fail(fault, MM_E_SYNTAX, magic.n, "relay.head");
    h.gap = (flags & FLAG_GAP) != 0;
    h.copy = (flags & FLAG_COPY) != 0;
    h.queue = (uint16_t)queue;
    *ret = h;
    *ret_rest = mm_rd_rest(&rd);
    return MM_OK;
}

bool mm_relay_line(struct mm_slice *rest, struct mm_relay_line *ret)
{
    struct mm_rd rd = mm_rd_of(*rest);
    struct mm_relay_line l;
    struct mm_slice fixed, peer, body;
    uint64_t received;
    uint32_t n;

    if (!mm_rd_take(&rd, 8, &fixed) || !mm_rd_u64le(&rd, &received) ||
        !mm_rd_take(&rd, sizeof(l.peer.b), &peer) || !mm_rd_u32le(&rd, &n) || n > MM_MAX_LINE ||
        !mm_rd_take(&rd, n, &body) || received > (uint64_t)INT64_MAX)
        return false;
    l = (struct mm_relay_line){.via = fixed.p[0],
                               .what = (uint16_t)(fixed.p[2] | fixed.p[3] << 8),
                               .flags = (uint16_t)(fixed.p[4] | fixed.p[5] << 8),
                               .received_us = (int64_t)received,
                               .body = body};
    if (l.via < MM_RELAY_UDP || l.via > MM_RELAY_FILE)
        return false;
    memcpy(l.peer.b, peer.p, sizeof(l.peer.b));
    *ret = l;
    *rest = mm_rd_rest(&rd);
    return true;
}

bool mm_relay_whole(const struct mm_relay_head *head, struct mm_slice rest)
{
    struct mm_relay_line line;

    for (uint32_t i = 0; i < head->count; i++) {
        if (!mm_relay_line(&rest, &line))
            return false;
    }
    return rest.n == 0;
}

uint64_t mm_relay_print(uint64_t seq, int64_t received_us, const struct mm_ip *peer,
                        struct mm_slice body)
{
    /* Fixed seeds: both ends come to the same. It tells copies apart; nothing secret rests on it.
     */
    uint64_t a = mm_hash((struct mm_seed){seq, (uint64_t)received_us},
                         mm_slice_of(peer->b, sizeof(peer->b)));
    uint64_t print = mm_hash((struct mm_seed){a, seq}, body);

    return print == 0 ? 1 : print;
}
