/* intake/ingest.c - see ingest.h for the contract. */
#include "intake/ingest.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "codec/charset.h"
#include "codec/ext/gzip.h"
#include "intake/bulk.h"
#include "intake/lines.h"
#include "model/event.h"

enum {
    PIECE = 32 * 1024, /* of a body between two looks at the room that is left */
    PIECE_ROOM = PIECE * 40 + 2 * MM_MAX_LINE, /* lines of one byte become items of 72 */
    RUNNING_MAX = 1024,                        /* requests at once; the server allows fewer */
};

struct mm_ingest {
    struct mm_intake *core;
    _Atomic uint64_t held;            /* unpacked bytes of the calls that run */
    uint8_t running[RUNNING_MAX][16]; /* keys of these; under the core's lock */
    size_t running_n;
};

/* One call on its way. */
struct job {
    struct mm_ingest *in;
    const struct mm_ingest_call *call;
    struct mm_ingest_answer *answer;
    size_t slot;
    bool keyed;
    uint8_t id[16];
    uint32_t total, index, skip; /* lines: of the call, met so far, stored before */
    uint64_t truncated;
    uint64_t last_seq;
    bool lists;              /* the body may be a list in JSON */
    enum mm_charset charset; /* of a body that was UTF-16 */
    enum mm_code code;
};

enum mm_code mm_ingest_new(struct mm_intake *core, struct mm_ingest **ret)
{
    struct mm_ingest *in = calloc(1, sizeof(*in));

    if (in == NULL)
        return MM_E_NOMEM;
    in->core = core;
    *ret = in;
    return MM_OK;
}

void mm_ingest_free(struct mm_ingest **in)
{
    MM_ASSERT(*in == NULL || (*in)->running_n == 0);
    free(*in);
    *in = NULL;
}

int mm_ingest_auth(const struct mm_binding_table *table, const struct mm_key *key,
                   struct mm_slice name, struct mm_slice token, uint32_t *ret_company,
                   uint32_t *ret_source)
{
    const struct mm_binding *b;
    struct mm_digest digest;
    uint64_t number;

    if (token.n == 0)
        return 401;
    mm_digest_keyed(key, token, &digest);
    b = mm_bindings_token(table, &digest);
    if (b == NULL)
        return 401;
    if (!mm_slice_eq(name, mm_slice_str(b->name)) &&
        !(mm_slice_u64(name, &number) && number == b->source))
        return 403;
    *ret_company = b->company;
    *ret_source = b->source;
    return 200;
}

static void refuse(struct mm_ingest_answer *a, int status, const char *why)
{
    *a = (struct mm_ingest_answer){.status = status, .why = why};
    if (status == 503 || status == 429)
        a->retry_after_s = MM_INGEST_RETRY_S;
    if (status == 409)
        a->retry_after_s = 1;
}

/* ---- the body ---- */

/* Unpack a gzip body into out. */
static enum mm_code unpack(struct mm_slice body, struct mm_buf *out)
{
    struct mm_gzip *z = NULL;
    enum mm_code c = mm_gzip_new(&z);

    for (size_t n = 1; c == MM_OK && (body.n > 0 || n > 0);) {
        uint8_t *room = mm_buf_room(out, PIECE);

        n = 0;
        if (room == NULL)
            c = out->max - out->n < PIECE ? MM_E_LIMIT : MM_E_NOMEM;
        else
            c = mm_gzip_read(z, &body, room, PIECE, &n);
        out->n += n;
    }
    if (c == MM_OK && !mm_gzip_whole(z))
        c = MM_E_SYNTAX;
    mm_gzip_free(&z);
    return c;
}

/* The plain text of the call in *ret; false when the answer says why not. */
static bool plain(const struct mm_ingest_call *call, struct mm_buf *unpacked, struct mm_slice *ret,
                  struct mm_ingest_answer *a)
{
    enum mm_code c;

    if (call->body.n > MM_INGEST_BODY) {
        refuse(a, 413, "ingest.body");
        return false;
    }
    *ret = call->body;
    if (call->encoding.n == 0 || mm_slice_ieq(call->encoding, MM_S("identity")))
        return true;
    if (!mm_slice_ieq(call->encoding, MM_S("gzip"))) {
        refuse(a, 415, "ingest.encoding");
        return false;
    }
    c = unpack(call->body, unpacked);
    *ret = mm_buf_slice(unpacked);
    if (c == MM_E_LIMIT)
        refuse(a, 413, "ingest.unpacked");
    else if (c == MM_E_SYNTAX)
        refuse(a, 400, "ingest.gzip");
    else if (c != MM_OK)
        refuse(a, 503, "ingest.memory");
    return c == MM_OK;
}

/* A UTF-16 body as UTF-8: its lines end with two bytes. False without memory. */
static bool narrow(struct mm_slice *text, struct mm_buf *out, enum mm_charset *ret)
{
    enum { HEAD = 512 };
    struct mm_utf16 wide = {.cs = mm_charset_utf16(mm_slice_sub(*text, 0, HEAD))};
    uint8_t *room;

    if (wide.cs == MM_CS_UNKNOWN)
        return true;
    room = mm_buf_room(out, mm_utf16_room(text->n)); /* text is at most MM_INGEST_PLAIN */
    if (room == NULL)
        return false;
    out->n = mm_utf16_feed(&wide, *text, room);
    *text = mm_buf_slice(out);
    *ret = wide.cs;
    return true;
}

static void count_line(void *ctx, struct mm_slice line, bool cut)
{
    struct job *j = ctx;

    if (j->total < UINT32_MAX)
        j->total++;
    j->truncated += cut;
}

/* How many lines there are; false without memory. *ret_whole: nothing of a list was left out that
 * is no record. */
static bool count(struct job *j, struct mm_slice text, bool *ret_whole)
{
    const struct mm_lines_options o = {.lists = j->lists, .emit = count_line, .ctx = j};
    struct mm_lines lines;
    bool ok;

    j->total = 0;
    j->truncated = 0;
    ok = mm_lines_init(&lines, &o) == MM_OK && mm_lines_feed(&lines, text) == MM_OK &&
         mm_lines_end(&lines) == MM_OK;
    *ret_whole = mm_lines_stray(&lines) == 0;
    mm_lines_done(&lines);
    return ok;
}

/* Note every item of a body for Elasticsearch, count those that are stored. */
static void count_bulk(struct job *j, struct mm_slice text)
{
    struct mm_bulk b;
    struct mm_bulk_item item;
    struct mm_fault fault = {0};
    enum mm_code c;

    mm_bulk_init(&b, text);
    while ((c = mm_bulk_next(&b, &item, &fault)) == MM_OK) {
        mm_bulk_note(j->call->bulk, &item);
        if (item.taken)
            count_line(j, item.document, item.document.n > MM_MAX_LINE);
    }
    if (c != MM_E_NOTFOUND)
        refuse(j->answer, c == MM_E_LIMIT ? 413 : 400, fault.what);
    else if (!mm_buf_ok(j->call->bulk))
        refuse(j->answer, 503, "ingest.memory");
}

/* How many lines the call has, and whether they come as a list; else the answer says why not. */
static void measure(struct job *j, struct mm_slice text)
{
    bool ok, whole;

    if (j->call->bulk != NULL) {
        count_bulk(j, text);
    } else {
        j->lists = true;
        ok = count(j, text, &whole);
        j->lists = whole; /* a list that is broken is kept as it came: as lines */
        if (!ok || (!whole && !count(j, text, &whole)))
            refuse(j->answer, 503, "ingest.memory");
    }
    if (j->answer->status == 0 && j->total > MM_KEY_LINES_MAX)
        refuse(j->answer, 413, "ingest.lines");
}

/* ---- storing ---- */

static void store_line(void *ctx, struct mm_slice line, bool cut)
{
    struct job *j = ctx;
    struct mm_spool_record rec = {.received_us = j->call->received_us,
                                  .company = j->call->company,
                                  .source = j->call->source,
                                  .flags = (uint16_t)((cut ? MM_EV_TRUNCATED : 0) |
                                                      (unsigned)j->charset << MM_EV_CHARSET_SHIFT),
                                  .peer = j->call->peer,
                                  .body = line};
    uint32_t index = j->index++;

    if (j->code != MM_OK || index < j->skip)
        return;
    if (j->keyed)
        rec.origin = mm_keys_origin(j->id, index, j->total);
    j->code = mm_intake_add_locked(j->in->core, j->slot, &rec, &j->last_seq);
    if (j->code == MM_OK && j->keyed)
        mm_keys_note(mm_intake_keys_locked(j->in->core), j->id, index, j->total,
                     j->call->received_us);
}

/* All lines, a piece at a time, waiting for room between pieces. */
static void store(struct job *j, struct mm_slice text)
{
    const struct mm_lines_options o = {.lists = j->lists, .emit = store_line, .ctx = j};
    const struct mm_turn turn = {.slot = j->slot, .peer = &j->call->peer, .bytes = PIECE_ROOM};
    struct mm_lines lines;

    j->code = mm_lines_init(&lines, &o);
    for (size_t at = 0; at < text.n && j->code == MM_OK; at += PIECE) {
        enum mm_code c;

        j->code = mm_intake_wait_room_locked(j->in->core, &turn, MM_INGEST_WAIT_MS);
        c = j->code == MM_OK ? mm_lines_feed(&lines, mm_slice_sub(text, at, PIECE)) : MM_OK;
        j->code = c != MM_OK ? c : j->code;
        mm_intake_kick_locked(j->in->core);
    }
    if (j->code == MM_OK) {
        enum mm_code c = mm_lines_end(&lines);

        j->code = c != MM_OK ? c : j->code;
    }
    mm_intake_kick_locked(j->in->core);
    mm_lines_done(&lines);
}

/* Likewise the documents of a body for Elasticsearch. */
static void store_bulk(struct job *j, struct mm_slice text)
{
    const struct mm_turn turn = {.slot = j->slot, .peer = &j->call->peer, .bytes = PIECE_ROOM};
    struct mm_bulk b;
    struct mm_bulk_item item;
    size_t upto = 0;

    mm_bulk_init(&b, text);
    while (j->code == MM_OK && mm_bulk_next(&b, &item, NULL) == MM_OK) {
        if (!item.taken)
            continue;
        if (b.rd.pos > upto) {
            mm_intake_kick_locked(j->in->core);
            j->code = mm_intake_wait_room_locked(j->in->core, &turn, MM_INGEST_WAIT_MS);
            upto = b.rd.pos + PIECE;
        }
        store_line(j, mm_slice_sub(item.document, 0, MM_MAX_LINE), item.document.n > MM_MAX_LINE);
    }
    mm_intake_kick_locked(j->in->core);
}

static bool is_running(const struct mm_ingest *in, const uint8_t id[16])
{
    for (size_t i = 0; i < in->running_n; i++) {
        if (memcmp(in->running[i], id, 16) == 0)
            return true;
    }
    return false;
}

static void set_running(struct mm_ingest *in, const uint8_t id[16], bool on)
{
    if (on) {
        memcpy(in->running[in->running_n++], id, 16);
        return;
    }
    for (size_t i = 0; i < in->running_n; i++) {
        if (memcmp(in->running[i], id, 16) == 0) {
            memcpy(in->running[i], in->running[--in->running_n], 16);
            return;
        }
    }
}

/* What the key says: false when the answer is known without storing; the lock is held. */
static bool look_up(struct job *j)
{
    const struct mm_key_state *known;

    if (!j->keyed)
        return true;
    mm_keys_id(j->call->source, j->call->key, j->id);
    if (is_running(j->in, j->id) || j->in->running_n == RUNNING_MAX) {
        refuse(j->answer, 409, "ingest.key.running");
        return false;
    }
    known = mm_keys_find(mm_intake_keys_locked(j->in->core), j->id, j->call->received_us);
    if (known != NULL && known->total != j->total) {
        refuse(j->answer, 422, "ingest.key.reused");
        return false;
    }
    j->skip = known == NULL ? 0 : known->stored;
    return true;
}

static void answer_code(struct mm_ingest_answer *a, enum mm_code c)
{
    if (c == MM_E_FULL)
        refuse(a, 503, "ingest.full");
    else if (c == MM_E_PACE)
        refuse(a, 429, "ingest.share");
    else if (c == MM_E_NOMEM)
        refuse(a, 503, "ingest.memory");
    else
        refuse(a, 503, c == MM_E_BUSY ? "ingest.busy" : "ingest.disk");
}

static void run(struct job *j, struct mm_slice text)
{
    struct mm_intake *core = j->in->core;
    struct mm_intake_source *counters;
    uint64_t below = 0;

    mm_intake_lock(core);
    j->slot = mm_intake_slot_locked(core, j->call->company, j->call->source);
    counters = j->slot == MM_SLOT_NONE ? NULL : &mm_intake_page(core)->source[j->slot];
    if (look_up(j)) {
        if (j->keyed)
            set_running(j->in, j->id, true);
        if (j->call->bulk != NULL)
            store_bulk(j, text);
        else
            store(j, text);
        below = mm_intake_next_locked(core);
        if (counters != NULL && j->code == MM_OK) {
            mm_count(&counters->truncated, j->truncated);
            mm_count(&counters->repeated, j->skip);
        }
    }
    mm_intake_unlock(core);
    if (j->answer->status == 0) {
        /* A repetition waits, too: what it repeats may not be durable yet. */
        if (j->code == MM_OK)
            j->code = mm_intake_wait(core, below, MM_INGEST_WAIT_MS);
        if (j->keyed) {
            mm_intake_lock(core);
            set_running(j->in, j->id, false);
            mm_intake_unlock(core);
        }
        if (j->code != MM_OK)
            answer_code(j->answer, j->code);
        else
            *j->answer = (struct mm_ingest_answer){.status = 200,
                                                   .count = j->total,
                                                   .truncated = j->truncated,
                                                   .repeated = j->skip == j->total && j->total > 0};
    }
    if (j->answer->status != 200 && counters != NULL) {
        mm_intake_lock(core);
        mm_count(&counters->refused, 1);
        mm_intake_unlock(core);
    }
}

void mm_ingest_call(struct mm_ingest *in, const struct mm_ingest_call *call,
                    struct mm_ingest_answer *ret)
{
    struct job job = {.in = in, .call = call, .answer = ret, .keyed = call->key.n > 0};
    struct mm_buf unpacked, narrowed;
    struct mm_slice text;
    uint64_t held;

    *ret = (struct mm_ingest_answer){0};
    if (call->key.n > MM_INGEST_KEY) {
        refuse(ret, 400, "ingest.key.long");
        return;
    }
    if (mm_intake_condition(in->core) != MM_OK) {
        answer_code(ret, mm_intake_condition(in->core));
        return;
    }
    mm_buf_init(&unpacked, MM_INGEST_PLAIN);
    mm_buf_init(&narrowed, mm_utf16_room(MM_INGEST_PLAIN));
    if (plain(call, &unpacked, &text, ret) && call->bulk == NULL &&
        !narrow(&text, &narrowed, &job.charset))
        refuse(ret, 503, "ingest.memory");
    if (ret->status == 0) {
        held = atomic_fetch_add(&in->held, text.n) + text.n;
        measure(&job, text);
        if (ret->status == 0 && held > MM_INGEST_ALL)
            refuse(ret, 503, "ingest.busy");
        if (ret->status == 0)
            run(&job, text);
        (void)atomic_fetch_sub(&in->held, text.n);
    }
    mm_buf_done(&unpacked);
    mm_buf_done(&narrowed);
}

void mm_ingest_json(const struct mm_ingest_answer *a, struct mm_buf *out)
{
    if (a->status == 200)
        mm_buf_fmt(out, "{\"count\":%llu,\"truncated\":%llu,\"repeated\":%s}\n",
                   (unsigned long long)a->count, (unsigned long long)a->truncated,
                   a->repeated ? "true" : "false");
    else
        mm_buf_fmt(out, "{\"error\":\"%s\"}\n", a->why);
}
