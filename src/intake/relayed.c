/* intake/relayed.c - see relayed.h for the contract. */
#include "intake/relayed.h"

#include <stdlib.h>

#include "base/time.h"
#include "intake/ingest.h"
#include "intake/uplink.h"

enum {
    PAST = 8,                     /* processes of a relay that were there before */
    PIECE_LINES = 256,            /* taken between two looks at the room that is left */
    PIECE_ROOM = 2 * 1024 * 1024, /* a line may be MM_MAX_LINE, a piece ends before that */
};

static_assert((int)PIECE_ROOM < (int)MM_SPOOL_PENDING / 2, "two pieces fit into a group");

/* Processes that spoke with the token of one relay and enrolment. */
struct process {
    uint32_t relay;
    uint8_t epoch;
    uint64_t now, past[PAST]; /* instances; 0: none */
    size_t past_at;
    int64_t since_us; /* when `now` spoke first */
    bool clone;
};

struct mm_relayed {
    struct mm_intake *core;
    struct mm_relay_page *page;
    struct process process[MM_RELAYS_MAX]; /* as the page's entries; under the core's lock */
};

/* One call on its way. */
struct job {
    struct mm_relayed *r;
    const struct mm_relayed_call *call;
    struct mm_relayed_answer *answer;
    struct mm_relay_head head;
    struct mm_slice rest;
    size_t at; /* of the relay, in page and process */
    struct mm_relay_place_id id;
    struct mm_relay_place *place;
    size_t slot; /* of the relay's own source */
    enum mm_code code;
};

enum mm_code mm_relayed_new(struct mm_intake *core, struct mm_relay_page *page,
                            struct mm_relayed **ret)
{
    struct mm_relayed *r = calloc(1, sizeof(*r));

    if (r == NULL)
        return MM_E_NOMEM;
    r->core = core;
    r->page = page;
    *ret = r;
    return MM_OK;
}

void mm_relayed_free(struct mm_relayed **r)
{
    free(*r);
    *r = NULL;
}

/* ---- who speaks, and whose lines they are ---- */

int mm_relayed_auth(const struct mm_binding_table *table, const struct mm_key *key,
                    struct mm_slice token, struct mm_arena *arena, struct mm_relayed_who *ret)
{
    const struct mm_binding *b, *rows;
    struct mm_binding *copy;
    struct mm_digest digest;
    size_t n = 0;

    if (token.n == 0)
        return 401;
    mm_digest_keyed(key, token, &digest);
    b = mm_bindings_relay(table, &digest);
    if (b == NULL)
        return 401;
    rows = mm_bindings_relayed(table, b->relay, &n);
    if (n > MM_RELAYED_ROWS)
        n = MM_RELAYED_ROWS;
    copy = mm_arena_alloc(arena, (n + 1) * sizeof(*copy));
    if (copy == NULL)
        return 503;
    copy[0] = *b;
    if (n > 0)
        memcpy(copy + 1, rows, n * sizeof(*copy));
    *ret = (struct mm_relayed_who){.relay = copy, .row = copy + 1, .n = n};
    return 200;
}

/* How narrowly this row names the line; 0: not at all. */
static unsigned fits(const struct mm_binding *b, const struct mm_relay_line *line)
{
    switch (b->by) {
    case MM_BY_ALL:
        return 1;
    case MM_BY_LISTENER:
        return line->via == (b->transport == MM_TRANSPORT_UDP ? MM_RELAY_UDP : MM_RELAY_TCP) &&
                       line->what == b->port
                   ? 2
                   : 0;
    case MM_BY_FILE:
        return line->via == MM_RELAY_FILE && line->what == b->port ? 2 : 0;
    case MM_BY_ADDRESS:
        return line->via != MM_RELAY_FILE && mm_cidr_has(&b->address, &line->peer)
                   ? 3U + b->address.bits
                   : 0;
    }
    return 0;
}

void mm_relayed_whose(const struct mm_relayed_who *who, const struct mm_relay_line *line,
                      uint32_t *ret_company, uint32_t *ret_source)
{
    unsigned best = 0;

    *ret_company = who->relay->company;
    *ret_source = who->relay->source;
    for (size_t i = 0; i < who->n; i++) {
        unsigned fit = who->row[i].company == who->relay->company ? fits(&who->row[i], line) : 0;

        if (fit > best) {
            best = fit;
            *ret_source = who->row[i].source;
        }
    }
}

/* ---- is it the one that was enrolled ---- */

static void refuse(struct mm_relayed_answer *a, int status, const char *why)
{
    *a = (struct mm_relayed_answer){.status = status, .why = why};
    if (status == 503 || status == 429)
        a->retry_after_s = MM_INGEST_RETRY_S;
    if (status == 409)
        a->retry_after_s = 1;
}

/* Its place in the page, made when it is new; false when there is none left. */
static bool find_relay(struct job *j)
{
    const struct mm_binding *who = j->call->who.relay;

    for (j->at = 0; j->at < MM_RELAYS_MAX; j->at++) {
        struct process *p = &j->r->process[j->at];

        if (p->relay != 0 && p->relay != who->relay)
            continue;
        if (p->relay == 0 || p->epoch != who->epoch)
            *p = (struct process){.relay = who->relay, .epoch = who->epoch};
        return true;
    }
    return false;
}

/* A process that is alive although another one took its place long ago is a copy's. */
static bool is_copy(struct process *p, uint64_t instance, int64_t now_us)
{
    if (instance == p->now)
        return false;
    for (size_t i = 0; i < PAST; i++) {
        if (p->past[i] == instance && instance != 0)
            return now_us - p->since_us > MM_RELAYED_STALE_S * MM_US_PER_S;
    }
    p->past[p->past_at++ % PAST] = p->now;
    p->now = instance;
    p->since_us = now_us;
    return false;
}

static void note(struct job *j, enum mm_relay_turned turned)
{
    struct mm_relay_live *live = &j->r->page->relay[j->at];
    const struct mm_binding *who = j->call->who.relay;
    uint64_t high, low;

    memcpy(&high, j->call->peer.b, 8);
    memcpy(&low, j->call->peer.b + 8, 8);
    atomic_store(&live->company, who->company);
    atomic_store(&live->epoch, who->epoch);
    atomic_store(&live->turned, (uint32_t)turned);
    atomic_store(&live->seen_us, j->call->received_us);
    atomic_store(&live->ahead_us, j->head.clock_us - j->call->received_us);
    atomic_store(&live->oldest_us, j->head.oldest_us);
    atomic_store(&live->backlog, j->head.backlog);
    atomic_store(&live->disk_free, j->head.disk_free);
    atomic_store(&live->disk_all, j->head.disk_all);
    atomic_store(&live->version, j->head.version);
    atomic_store(&live->serial, j->head.serial);
    atomic_store(&live->peer_high, high);
    atomic_store(&live->peer_low, low);
    atomic_store(&live->relay, who->relay);
}

static bool clone(struct job *j)
{
    j->r->process[j->at].clone = true;
    atomic_store(&j->r->page->relay[j->at].copied_us, j->call->received_us);
    note(j, MM_RELAY_CLONED);
    refuse(j->answer, 403, "relay.clone");
    return false;
}

/* May it speak? Everything that is known without looking at its lines; the lock is held. */
static bool admit(struct job *j)
{
    const struct mm_binding *who = j->call->who.relay;
    struct process *p;

    if (!find_relay(j)) {
        refuse(j->answer, 503, "relay.many");
        return false;
    }
    if (j->head.copy) { /* the one that goes on is the right one */
        /* An entry without a number would end the list for who reads it. */
        if (atomic_load(&j->r->page->relay[j->at].relay) == 0)
            note(j, MM_RELAY_CLONED);
        atomic_store(&j->r->page->relay[j->at].copied_us, j->call->received_us);
        refuse(j->answer, 403, "relay.clone");
        return false;
    }
    p = &j->r->process[j->at];
    if (p->clone || is_copy(p, j->head.instance, j->call->mono_us))
        return clone(j);
    if (who->state != MM_RELAY_WELCOME) {
        note(j, who->state);
        refuse(j->answer, 403, who->state == MM_RELAY_STOPPED ? "relay.stopped" : "relay.held");
        return false;
    }
    note(j, MM_RELAY_WELCOME);
    return true;
}

/* ---- which lines are new ---- */

/* The fingerprint of the batch's line with this number, which it holds. */
static uint64_t print_of(const struct job *j, uint64_t seq)
{
    struct mm_relay_line line = {0};
    struct mm_slice rest = j->rest;

    for (uint64_t at = j->head.first; at <= seq; at++)
        MM_ASSERT(mm_relay_line(&rest, &line)); /* mm_relay_whole has counted them */
    return mm_relay_print(seq, line.received_us, &line.peer, line.body);
}

/* Does the batch go on from what was taken last? Else the answer says what is wrong. */
static bool goes_on(struct job *j)
{
    const struct mm_relay_place *p = j->place;
    uint64_t end = j->head.first + j->head.count;

    if (p->next == 0)
        return true;
    if (j->head.first > p->next && !j->head.gap) {
        refuse(j->answer, 409, "relay.position");
        return false;
    }
    if (j->head.first == p->next && !j->head.gap)
        return j->head.before == p->print || clone(j);
    if (j->head.first >= p->next)
        return true;
    if (end < p->next) {
        refuse(j->answer, 409, "relay.position");
        return false;
    }
    return print_of(j, p->next - 1) == p->print || clone(j);
}

/* ---- taking them ---- */

static void take_line(struct job *j, uint64_t seq, const struct mm_relay_line *line)
{
    struct mm_spool_record rec = {.received_us = j->call->received_us,
                                  .flags = line->flags,
                                  .peer = line->peer,
                                  .origin =
                                      mm_places_origin(&j->id, seq, line->via, line->received_us),
                                  .body = line->body};
    struct mm_relay_live *live = &j->r->page->relay[j->at];

    mm_relayed_whose(&j->call->who, line, &rec.company, &rec.source);
    j->code = mm_intake_add_locked(
        j->r->core, mm_intake_slot_locked(j->r->core, rec.company, rec.source), &rec, NULL);
    if (j->code != MM_OK)
        return;
    j->place->next = seq + 1;
    j->place->print = mm_relay_print(seq, line->received_us, &line->peer, line->body);
    mm_count(&live->lines, 1);
}

/* A piece at a time, waiting for room between pieces. */
static void take_all(struct job *j)
{
    const struct mm_turn turn = {.slot = j->slot, .peer = &j->call->peer, .bytes = PIECE_ROOM};
    struct mm_relay_line line;
    size_t bytes = PIECE_ROOM, lines = 0;

    for (uint32_t i = 0; i < j->head.count && j->code == MM_OK; i++) {
        uint64_t seq = j->head.first + i;

        MM_ASSERT(mm_relay_line(&j->rest, &line));
        if (seq < j->place->next)
            continue;
        if (bytes + line.body.n > PIECE_ROOM / 2 || lines == PIECE_LINES) {
            mm_intake_kick_locked(j->r->core);
            j->code = mm_intake_wait_room_locked(j->r->core, &turn, MM_INGEST_WAIT_MS);
            bytes = lines = 0;
        }
        bytes += line.body.n;
        lines++;
        if (j->code == MM_OK)
            take_line(j, seq, &line);
    }
    mm_intake_kick_locked(j->r->core);
}

static void take(struct job *j)
{
    struct mm_relay_live *live = &j->r->page->relay[j->at];

    if (j->head.count == 0) { /* a sign of life takes no place */
        j->place = mm_places_find(mm_intake_places_locked(j->r->core), &j->id);
        return;
    }
    j->place = mm_places_get(mm_intake_places_locked(j->r->core), &j->id);
    if (j->place == NULL) {
        refuse(j->answer, 503, "relay.many");
        return;
    }
    if (j->place->running) {
        refuse(j->answer, 409, "relay.running");
        return;
    }
    if (!goes_on(j))
        return;
    if (j->place->next != 0 && j->head.first > j->place->next)
        mm_count(&live->lost, j->head.first - j->place->next);
    j->place->running = true;
    take_all(j);
    j->place->running = false;
}

static void answer_code(struct mm_relayed_answer *a, enum mm_code c)
{
    if (c == MM_E_PACE)
        refuse(a, 429, "ingest.share");
    else
        refuse(a, 503,
               c == MM_E_FULL   ? "ingest.full"
               : c == MM_E_BUSY ? "ingest.busy"
                                : "ingest.disk");
}

static void run(struct job *j)
{
    struct mm_intake *core = j->r->core;
    const struct mm_binding *who = j->call->who.relay;
    uint64_t below = 0, next = 0;

    mm_intake_lock(core);
    if (admit(j)) {
        j->slot = mm_intake_slot_locked(core, who->company, who->source);
        take(j);
        below = mm_intake_next_locked(core);
        next = j->place == NULL ? 0 : j->place->next;
    }
    mm_intake_unlock(core);
    /* Also before a number is told: what it speaks of may not be durable yet. */
    if (below > 0 && j->code == MM_OK)
        j->code = mm_intake_wait(core, below, MM_INGEST_WAIT_MS);
    if (j->code != MM_OK)
        answer_code(j->answer, j->code);
    else if (j->answer->status == 0)
        *j->answer = (struct mm_relayed_answer){.status = 200, .serial = who->serial};
    j->answer->next = next;
}

void mm_relayed_call(struct mm_relayed *r, const struct mm_relayed_call *call,
                     struct mm_relayed_answer *ret)
{
    struct job j = {.r = r, .call = call, .answer = ret};
    struct mm_fault fault = {0};
    enum mm_code c;

    *ret = (struct mm_relayed_answer){0};
    MM_ASSERT(call->who.relay != NULL && call->who.relay->kind == MM_BIND_RELAY);
    c = mm_relay_head(call->body, &j.head, &j.rest, &fault);
    if (c != MM_OK || !mm_relay_whole(&j.head, j.rest)) {
        refuse(ret, 400, c == MM_OK ? "relay.lines" : fault.what);
        return;
    }
    /* The queues that a relay has: made-up ones would take the places of all companies'. */
    if (j.head.queue != 0 && (j.head.queue <= MM_UPLINK_FILE_QUEUE ||
                              j.head.queue > MM_UPLINK_FILE_QUEUE + MM_RELAY_FILES)) {
        refuse(ret, 400, "relay.head");
        return;
    }
    j.id = (struct mm_relay_place_id){
        .relay = call->who.relay->relay, .queue = j.head.queue, .epoch = call->who.relay->epoch};
    run(&j);
}

void mm_relayed_json(const struct mm_relayed_answer *a, struct mm_buf *out)
{
    if (a->status != 200)
        mm_buf_fmt(out, "{\"error\":\"%s\",\"next\":%llu}\n", a->why, (unsigned long long)a->next);
    else
        mm_buf_fmt(out, "{\"next\":%llu,\"serial\":%llu}\n", (unsigned long long)a->next,
                   (unsigned long long)a->serial);
}
