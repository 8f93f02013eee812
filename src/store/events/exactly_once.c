/* store/events/exactly_once.c - see exactly_once.h for the contract. */
#include "store/events/exactly_once.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    /* Ranges waiting to be tried: halving 2^64 positions leaves one behind at every level. */
    HALVES_MAX = 72,
    /* Single rows refused before any was taken: more than these need not be tried. */
    LATE_MAX = 64,
};

struct range {
    uint64_t from, to;
};

static const enum mm_statement whole_statement[MM_ET_COUNT] = {
    [MM_ET_EVENTS] = MM_ST_INSERT_EVENTS,
    [MM_ET_ALERTS] = MM_ST_INSERT_ALERTS,
};

static const enum mm_statement missing_statement[MM_ET_COUNT] = {
    [MM_ET_EVENTS] = MM_ST_INSERT_EVENTS_MISSING,
    [MM_ET_ALERTS] = MM_ST_INSERT_ALERTS_MISSING,
};

void mm_once_init(struct mm_once *o, enum mm_etable table, uint16_t queue, uint64_t from,
                  uint64_t to, const struct mm_slice *blocks, size_t block_n, bool maybe_stored)
{
    MM_ASSERT(o != NULL && (table == MM_ET_EVENTS || table == MM_ET_ALERTS));
    MM_ASSERT(from < to && (blocks != NULL || block_n == 0));
    *o = (struct mm_once){
        .table = table,
        .queue = queue,
        .from = from,
        .to = to,
        .blocks = blocks,
        .block_n = block_n,
        .unsure = maybe_stored,
    };
}

/* Ids of all attempts of a queue begin alike, also those of an earlier process: it may have cut its
 * batches at other positions. */
static size_t id_prefix(const struct mm_once *o, char ret[MM_EVENTS_QUERY_ID_MAX])
{
    int n = snprintf(ret, MM_EVENTS_QUERY_ID_MAX, "mimamori-%s-%u-", mm_etable_name(o->table),
                     (unsigned)o->queue);

    MM_ASSERT(n > 0 && n < MM_EVENTS_QUERY_ID_MAX);
    return (size_t)n;
}

/* Wait until nothing of this queue is running: batches of a queue are stored one after the other,
 * so what still runs is a try that nobody waits for. On a new connection: the server takes the
 * order in which connections were made for the order of what was sent on them. */
static enum mm_code settle(struct mm_once *o, struct mm_events_client *c)
{
    char prefix[MM_EVENTS_QUERY_ID_MAX];
    struct mm_events_param p = {.name = "prefix"};

    p.value = mm_slice_of(prefix, id_prefix(o, prefix));
    mm_events_drop(c);
    return mm_events_run(c, MM_ST_SETTLE, &p, 1, NULL, NULL, &o->answer);
}

static enum mm_code insert(struct mm_once *o, struct mm_events_client *c, struct range r)
{
    char id[MM_EVENTS_QUERY_ID_MAX], tmp[3][24];
    struct mm_events_param p[] = {
        {.name = "queue", .value = mm_events_u64(o->queue, tmp[0])},
        {.name = "from", .value = mm_events_u64(r.from, tmp[1])},
        {.name = "to", .value = mm_events_u64(r.to, tmp[2])},
    };
    bool missing = o->unsure;
    size_t n = id_prefix(o, id);
    int more = snprintf(id + n, sizeof(id) - n, "%" PRIu64 "-%" PRIu64 "-%" PRIu32, o->from, o->to,
                        o->attempt++);

    MM_ASSERT(more > 0 && (size_t)more < sizeof(id) - n);
    /* From here on and until it is answered well, some of it may be stored. */
    o->unsure = true;
    return mm_events_insert(c, missing ? missing_statement[o->table] : whole_statement[o->table],
                            id, p, missing ? MM_COUNT(p) : 0, o->blocks, o->block_n, &o->answer);
}

/* Is this refusal for good, and for what is in the rows? Counted, because a list of passing errors
 * is never complete. A store that is not the right one refuses everything: that is no row's fault.
 */
static bool for_good(struct mm_once *o, enum mm_code code)
{
    if (code != MM_E_SYNTAX) {
        o->same = 0;
        return false;
    }
    o->same = o->last == o->answer.exception ? o->same + 1 : 1;
    o->last = o->answer.exception;
    return o->same >= MM_ONCE_SAME_MAX;
}

/* Halving a batch: what is left to try, and what was refused while nothing had been taken yet. */
struct halving {
    struct range todo[HALVES_MAX];
    size_t todo_n;
    uint64_t late[LATE_MAX];
    size_t late_n;
    bool taken; /* some row was: the store works, so refused rows are to blame themselves */
};

/* Try one range; a refused one is halved. MM_E_BUSY: the store is not there, or takes nothing. */
static enum mm_code try_range(struct mm_once *o, struct mm_events_client *c, struct halving *h,
                              struct range r, mm_once_refused *refused, void *ctx)
{
    enum mm_code code = insert(o, c, r);
    uint64_t middle = r.from + (r.to - r.from) / 2;

    if (code == MM_OK) {
        h->taken = h->taken || o->answer.written_rows > 0;
        return MM_OK;
    }
    if (code != MM_E_SYNTAX)
        return MM_E_BUSY;
    if (r.to - r.from > 1) {
        MM_ASSERT(h->todo_n + 2 <= HALVES_MAX);
        h->todo[h->todo_n++] = (struct range){middle, r.to};
        h->todo[h->todo_n++] = (struct range){r.from, middle};
    } else if (h->taken) {
        refused(ctx, r.from, mm_slice_of(o->answer.text, o->answer.text_n));
        o->refused++;
    } else if (h->late_n == LATE_MAX) {
        return MM_E_BUSY;
    } else {
        h->late[h->late_n++] = r.from;
    }
    return MM_OK;
}

/*
 * The batch is refused for good: try halves, down to single rows, which are set aside. Every half
 * goes through the look for missing rows, so that being interrupted anywhere does no harm: the
 * next call starts over with what is not stored yet. Rows set aside twice are set aside once for
 * their caller, who keys them by number. A store that takes not one row of the batch is broken in
 * a way that has no code in client.c: then the batch waits.
 */
static enum mm_code halve(struct mm_once *o, struct mm_events_client *c, mm_once_refused *refused,
                          void *ctx)
{
    struct halving h = {.todo = {{o->from, o->to}}, .todo_n = 1};
    enum mm_code code = MM_OK;

    o->unsure = true;
    while (h.todo_n > 0 && code == MM_OK)
        code = try_range(o, c, &h, h.todo[--h.todo_n], refused, ctx);
    if (!h.taken && o->barren < MM_ONCE_BARREN_MAX) {
        o->barren++;
        return MM_E_BUSY;
    }
    h.taken = true;
    for (size_t i = 0; i < h.late_n && code == MM_OK; i++)
        code = try_range(o, c, &h, (struct range){h.late[i], h.late[i] + 1}, refused, ctx);
    return code;
}

enum mm_code mm_once_step(struct mm_once *o, struct mm_events_client *c, mm_once_refused *refused,
                          void *ctx)
{
    enum mm_code code;

    MM_ASSERT(o->from < o->to && refused != NULL);
    if (o->block_n == 0)
        return MM_OK;
    if (o->unsure) {
        code = settle(o, c);
        if (code != MM_OK)
            return MM_E_BUSY;
    }
    code = insert(o, c, (struct range){o->from, o->to});
    if (code == MM_OK)
        return MM_OK;
    if (!for_good(o, code))
        return MM_E_BUSY;
    return halve(o, c, refused, ctx);
}
