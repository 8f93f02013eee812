/* intake/uplink.c - see uplink.h for the contract. */
#include "intake/uplink.h"

#include <stdlib.h>
#include <sys/statvfs.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/rd.h"
#include "os/file.h"
#include "store/spool/spool.h"

enum {
    READ_MAX = 256,     /* records taken from the spool at once */
    PLACES_MAX = 4096,  /* bytes of the file of places */
    PLACES_FORM = 1,    /* its form */
    PLACE_SIZE = 3 * 8, /* queue, next, print */
};

struct queue {
    uint16_t number;
    struct mm_spool_reader *reader;
    uint64_t next;    /* the number that the centre expects */
    uint64_t print;   /* of the line before it; 0: not known, or there is none */
    uint64_t durable; /* everything of the queue is below this */
    uint64_t have;    /* below it the centre has these very lines: it took what follows them */
    int64_t oldest_us;
    bool gap; /* what was before `next` is gone */
};

struct mm_uplink {
    struct mm_uplink_options o;
    char spool[MM_MAX_PATH], places[MM_MAX_PATH];
    struct queue queue[MM_UPLINK_QUEUES];
    size_t turn; /* whose batch comes next */
    /* The batch on its way. */
    struct queue *sent;
    uint64_t sent_end, sent_print;
    bool copy;    /* the centre has numbers that this spool never had */
    bool damaged; /* behind it stands a line that the disk lost */
    uint64_t serial, handed;
    bool changed; /* since the places were saved */
};

/* ---- places ---- */

static struct queue *queue_of(struct mm_uplink *u, uint64_t number)
{
    for (size_t i = 0; i < MM_UPLINK_QUEUES; i++) {
        if (u->queue[i].number == number)
            return &u->queue[i];
    }
    return NULL;
}

static uint64_t check_of(struct mm_slice bytes)
{
    return mm_hash((struct mm_seed){0x706C61636573, PLACES_FORM}, bytes);
}

/* What is not whole counts as none: the centre says where we are. */
static void load_places(struct mm_uplink *u)
{
    uint64_t epoch, check, number, next, print;
    struct mm_buf text;
    struct mm_rd rd;

    mm_buf_init(&text, PLACES_MAX);
    if (mm_file_read(u->places, &text) == MM_OK && text.n > 8) {
        struct mm_slice body = mm_slice_sub(mm_buf_slice(&text), 8, SIZE_MAX);

        rd = mm_rd_of(mm_buf_slice(&text));
        if (mm_rd_u64le(&rd, &check) && check == check_of(body) && mm_rd_u64le(&rd, &epoch) &&
            epoch == u->o.epoch) {
            while (mm_rd_u64le(&rd, &number) && mm_rd_u64le(&rd, &next) &&
                   mm_rd_u64le(&rd, &print)) {
                struct queue *q = queue_of(u, number);

                if (q != NULL) {
                    q->next = next;
                    q->print = print;
                }
            }
        }
    }
    mm_buf_done(&text);
}

static enum mm_code write_places(const struct mm_uplink *u)
{
    struct mm_buf body, file;
    enum mm_code c = MM_E_NOMEM;

    mm_buf_init(&body, PLACES_MAX);
    mm_buf_init(&file, PLACES_MAX);
    mm_buf_u64le(&body, u->o.epoch);
    for (size_t i = 0; i < MM_UPLINK_QUEUES; i++) {
        mm_buf_u64le(&body, u->queue[i].number);
        mm_buf_u64le(&body, u->queue[i].next);
        mm_buf_u64le(&body, u->queue[i].print);
    }
    static_assert((MM_UPLINK_QUEUES + 1) * PLACE_SIZE < PLACES_MAX, "all places fit");
    mm_buf_u64le(&file, check_of(mm_buf_slice(&body)));
    mm_buf_add(&file, mm_buf_slice(&body));
    if (mm_buf_ok(&body) && mm_buf_ok(&file))
        c = mm_file_put(u->places, mm_buf_slice(&file));
    mm_buf_done(&body);
    mm_buf_done(&file);
    return c;
}

enum mm_code mm_uplink_save(struct mm_uplink *u)
{
    enum mm_code c;

    if (!u->changed)
        return MM_OK;
    c = write_places(u);
    if (c != MM_OK)
        return c;
    u->changed = false;
    for (size_t i = 0; i < MM_UPLINK_QUEUES; i++) {
        const struct queue *q = &u->queue[i];

        /* What the centre took from us may go: only now does a restart begin behind it. A number
         * that it merely names may be a copy's. */
        if (q->have > 1 && q->durable > 0)
            c = mm_spool_trim((struct mm_fs){0}, u->spool, q->number, q->have, NULL);
        if (c != MM_OK && c != MM_E_NOTFOUND)
            return c;
    }
    return MM_OK;
}

enum mm_code mm_uplink_new(const struct mm_uplink_options *options, struct mm_uplink **ret)
{
    struct mm_uplink *u = calloc(1, sizeof(*u));
    enum mm_code c;

    if (u == NULL)
        return MM_E_NOMEM;
    u->o = *options;
    u->serial = options->serial;
    for (size_t i = 1; i < MM_UPLINK_QUEUES; i++)
        u->queue[i].number = (uint16_t)(MM_UPLINK_FILE_QUEUE + i);
    c = mm_path_join(u->spool, options->state_dir, "spool");
    if (c == MM_OK)
        c = mm_path_join(u->places, options->state_dir, "places");
    if (c != MM_OK) {
        mm_uplink_free(&u);
        return c;
    }
    load_places(u);
    *ret = u;
    return MM_OK;
}

void mm_uplink_free(struct mm_uplink **up)
{
    if (*up == NULL)
        return;
    for (size_t i = 0; i < MM_UPLINK_QUEUES; i++)
        mm_spool_reader_close(&(*up)->queue[i].reader);
    free(*up);
    *up = NULL;
}

/* ---- what waits ---- */

/* How far the queue's writer is; a queue that is not there yet holds nothing. */
static enum mm_code look(struct mm_uplink *u, struct queue *q)
{
    struct mm_spool_bounds b = {0};
    enum mm_code c = mm_spool_bounds(u->spool, q->number, &b);

    if (c == MM_E_NOTFOUND)
        return MM_OK;
    if (c != MM_OK)
        return c;
    q->durable = b.next;
    if (q->next > b.next && q->number == 0)
        u->copy = true; /* the centre has lines that this spool never had */
    if (q->next == 0)
        q->next = b.oldest;
    if (q->next < b.oldest) {
        /* Trimmed, and not by us: a copy of the places that is older than the spool. */
        q->next = b.oldest;
        q->print = 0;
        q->gap = true;
        mm_spool_reader_close(&q->reader);
    }
    if (q->next >= q->durable)
        q->oldest_us = 0;
    return MM_OK;
}

static uint64_t waits(const struct queue *q)
{
    return q->durable > q->next ? q->durable - q->next : 0;
}

uint64_t mm_uplink_backlog(const struct mm_uplink *u)
{
    uint64_t n = 0;

    for (size_t i = 0; i < MM_UPLINK_QUEUES; i++)
        n += waits(&u->queue[i]);
    return n;
}

uint64_t mm_uplink_sent(const struct mm_uplink *u)
{
    return u->handed;
}

uint64_t mm_uplink_done(const struct mm_uplink *u)
{
    return u->queue[0].next;
}

uint64_t mm_uplink_serial(const struct mm_uplink *u)
{
    return u->serial;
}

/* ---- a batch ---- */

static enum mm_code open_at(struct mm_uplink *u, struct queue *q, uint64_t seq)
{
    if (q->reader != NULL && mm_spool_reader_seq(q->reader) == seq)
        return MM_OK;
    mm_spool_reader_close(&q->reader);
    return mm_spool_reader_open(u->spool, q->number, seq, &q->reader);
}

/* The fingerprint of the line before `next`, where it still stands in the spool. */
static void find_print(struct mm_uplink *u, struct queue *q)
{
    struct mm_spool_record rec;
    size_t n = 0;

    if (q->print != 0 || q->gap || q->next <= 1)
        return;
    if (open_at(u, q, q->next - 1) == MM_OK && mm_spool_read(q->reader, &rec, 1, 1, &n) == MM_OK &&
        n == 1 && !rec.damaged)
        q->print = mm_relay_print(rec.seq, rec.received_us, &rec.peer, rec.body);
    else
        q->gap = true; /* it cannot be shown that we go on from there */
}

static void put_line(struct mm_uplink *u, struct mm_buf *out, const struct mm_spool_record *rec)
{
    const struct mm_relay_line line = {.via = (uint8_t)(rec->source >> 16),
                                       .what = (uint16_t)(rec->source & UINT16_MAX),
                                       .flags = rec->flags,
                                       .received_us = rec->received_us,
                                       .peer = rec->peer,
                                       .body = rec->body};

    mm_relay_put_line(out, &line);
    u->sent_end = rec->seq + 1;
    u->sent_print = mm_relay_print(rec->seq, rec->received_us, &rec->peer, rec->body);
}

/* Lines of q behind the head in out. A line that the disk lost ends the batch. */
static enum mm_code put_lines(struct mm_uplink *u, struct queue *q, struct mm_buf *out,
                              uint32_t *ret_n)
{
    struct mm_spool_record rec[READ_MAX];
    size_t n = 1, bytes = 0;
    enum mm_code c = open_at(u, q, q->next);

    u->damaged = false;
    while (c == MM_OK && n > 0 && !u->damaged && *ret_n < MM_RELAY_LINES && bytes < MM_RELAY_BODY) {
        size_t max = mm_min_size(READ_MAX, MM_RELAY_LINES - *ret_n);

        c = mm_spool_read(q->reader, rec, max, MM_RELAY_BODY - bytes, &n);
        for (size_t i = 0; c == MM_OK && i < n && !u->damaged; i++) {
            u->damaged = rec[i].damaged;
            if (u->damaged)
                continue;
            if (*ret_n == 0)
                q->oldest_us = rec[i].received_us;
            put_line(u, out, &rec[i]);
            bytes += rec[i].body.n;
            (*ret_n)++;
        }
    }
    if (u->damaged && *ret_n == 0) {
        q->next++; /* nothing of it can be sent */
        q->print = 0;
        q->gap = true;
    }
    return c;
}

static int64_t oldest(const struct mm_uplink *u)
{
    int64_t at = 0;

    for (size_t i = 0; i < MM_UPLINK_QUEUES; i++) {
        const struct queue *q = &u->queue[i];

        if (waits(q) > 0 && q->oldest_us > 0 && (at == 0 || q->oldest_us < at))
            at = q->oldest_us;
    }
    return at;
}

static void put_head(struct mm_uplink *u, const struct queue *q, uint32_t count, int64_t now_us,
                     struct mm_buf *out)
{
    struct mm_relay_head h = {.gap = q->gap,
                              .copy = u->copy,
                              .queue = q->number,
                              .count = count,
                              .first = q->next == 0 ? 1 : q->next,
                              .before = q->print,
                              .instance = u->o.instance,
                              .clock_us = now_us,
                              .oldest_us = oldest(u),
                              .backlog = mm_uplink_backlog(u),
                              .serial = u->o.serial,
                              .version = u->o.version};
    struct statvfs disk;

    if (statvfs(u->o.state_dir, &disk) == 0) {
        h.disk_free = (uint64_t)disk.f_bavail * disk.f_frsize;
        h.disk_all = (uint64_t)disk.f_blocks * disk.f_frsize;
    }
    mm_buf_reset(out);
    mm_relay_put_head(out, &h);
}

/* The next queue in turn that has something, or the first one for a sign of life. */
static struct queue *choose(struct mm_uplink *u)
{
    for (size_t i = 0; i < MM_UPLINK_QUEUES; i++) {
        struct queue *q = &u->queue[(u->turn + i) % MM_UPLINK_QUEUES];

        if (waits(q) > 0) {
            u->turn = (u->turn + i + 1) % MM_UPLINK_QUEUES;
            return q;
        }
    }
    return &u->queue[0];
}

enum mm_code mm_uplink_batch(struct mm_uplink *u, int64_t now_us, struct mm_buf *out,
                             uint32_t *ret_lines)
{
    struct queue *q;
    uint32_t n = 0;
    enum mm_code c = MM_OK;
    size_t end;

    for (size_t i = 0; i < MM_UPLINK_QUEUES && c == MM_OK; i++)
        c = look(u, &u->queue[i]);
    if (c != MM_OK)
        return c;
    q = choose(u);
    u->sent = q;
    u->sent_end = q->next;
    u->sent_print = q->print;
    find_print(u, q);
    put_head(u, q, 0, now_us, out);
    if (waits(q) > 0 && !u->copy)
        c = put_lines(u, q, out, &n);
    end = out->n;
    if (c == MM_OK && mm_buf_ok(out)) {
        put_head(u, q, n, now_us, out); /* in its place, now that the lines are counted */
        MM_ASSERT(out->n == MM_RELAY_HEAD && end >= MM_RELAY_HEAD);
        out->n = end;
        *ret_lines = n;
    }
    return c != MM_OK ? c : mm_buf_ok(out) ? MM_OK : MM_E_NOMEM;
}

/* ---- an answer ---- */

/* The number behind a name in the centre's flat JSON; false when it is not there. */
static bool number_of(struct mm_slice body, struct mm_slice name, uint64_t *ret)
{
    for (size_t at = mm_slice_find(body, '"', 0); at != SIZE_MAX;
         at = mm_slice_find(body, '"', at + 1)) {
        struct mm_slice rest = mm_slice_sub(body, at, SIZE_MAX);
        size_t n = 0;

        if (!mm_slice_starts(rest, name))
            continue;
        rest = mm_slice_sub(rest, name.n, SIZE_MAX);
        while (n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9')
            n++;
        return mm_slice_u64(mm_slice_sub(rest, 0, n), ret);
    }
    return false;
}

static bool says(struct mm_slice body, struct mm_slice why)
{
    return mm_slice_starts(body, MM_S("{\"error\":\"")) &&
           mm_slice_starts(mm_slice_sub(body, 10, SIZE_MAX), why) && body.n > 10 + why.n &&
           body.p[10 + why.n] == '"';
}

static void go_to(struct mm_uplink *u, struct queue *q, uint64_t next, uint64_t print)
{
    if (next > q->next)
        u->handed += next - q->next;
    q->next = next;
    q->print = print;
    q->gap = false;
    u->changed = true;
}

/* The centre expects another number than the batch began with. */
static enum mm_uplink_what other_place(struct mm_uplink *u, uint64_t next)
{
    struct queue *q = u->sent;

    if (next == 0)
        return MM_UPLINK_LATER;
    if (next > q->durable) {
        u->copy = true;
        return MM_UPLINK_COPY;
    }
    go_to(u, q, next, 0); /* what is older than the spool becomes a gap when it is looked at */
    return MM_UPLINK_ON;
}

/* The batch is durable there. */
static enum mm_uplink_what taken(struct mm_uplink *u, uint64_t next)
{
    struct queue *q = u->sent;

    if (next == u->sent_end && next > q->next) {
        go_to(u, q, next, u->sent_print);
        q->have = next;
    } else if (u->sent_end > q->next && next != u->sent_end) {
        return other_place(u, next);
    }
    return MM_UPLINK_ON;
}

enum mm_uplink_what mm_uplink_answer(struct mm_uplink *u, int status, struct mm_slice body)
{
    uint64_t next = 0, serial;

    MM_ASSERT(u->sent != NULL);
    (void)number_of(body, MM_S("\"next\":"), &next);
    if (status == 200) {
        if (number_of(body, MM_S("\"serial\":"), &serial))
            u->serial = serial;
        return taken(u, next);
    }
    if (status == 409 && says(body, MM_S("relay.position")))
        return other_place(u, next);
    if (status == 401 || (status == 403 && says(body, MM_S("relay.stopped"))))
        return MM_UPLINK_QUIET;
    if (status == 403 && says(body, MM_S("relay.held")))
        return MM_UPLINK_HELD;
    if (status == 403 && says(body, MM_S("relay.clone")))
        return MM_UPLINK_COPY;
    return MM_UPLINK_LATER;
}
