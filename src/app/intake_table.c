/* app/intake_table.c - see intake_table.h for the contract. */
#include "app/intake_table.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/time.h"
#include "intake/ingest.h"
#include "os/file.h"
#include "os/log.h"
#include "register/entity.h"
#include "register/relay.h"
#include "store/records/system_scope.h"
#include "triage/triage.h"

enum {
    FILE_MAX = 4 * 1024 * 1024,
    ARENA_MAX = 16 * 1024 * 1024,
    LOOK_US = 200000,
    ROUNDS_PER_TABLE = 5, /* who sends what changes seldom */
};

struct mm_tables {
    struct mm_records *records; /* or NULL, and */
    const char *file;
    struct mm_key key;
    uint64_t seen;
    struct stat read; /* the file as it was when it was read last */

    pthread_t thread;
    bool watching, stop;
    bool stale; /* the records have changed since they were read */
    void (*done)(void *ctx, uint64_t seq);
    void *ctx;

    pthread_mutex_t lock; /* the loop swaps, requests look up, the reader lays down the next */
    pthread_cond_t wake;
    struct mm_binding_table now, next;
    bool has_next;
    struct mm_binding_table last; /* what was laid down last, for the reader alone */
};

/* ---- from records ---- */

struct building {
    struct mm_binding_table *table;
    struct mm_tx *tx;
    enum mm_code code;
    size_t odd; /* rows that make no sense */
    int64_t now_us;
};

static struct mm_slice text_of(const struct mm_rec *rec, int at)
{
    return rec->v[at].null ? (struct mm_slice){0} : rec->v[at].s;
}

static void name_of(const struct mm_rec *source, char ret[MM_BINDING_NAME])
{
    struct mm_slice name = mm_slice_sub(text_of(source, MM_F_source_name), 0, MM_BINDING_NAME - 1);

    memset(ret, 0, MM_BINDING_NAME);
    if (name.n > 0)
        memcpy(ret, name.p, name.n);
}

static bool add_source(void *arg, const struct mm_rec *rec)
{
    struct building *b = arg;
    struct mm_binding row = {.company = rec->company, .source = rec->id};
    struct mm_slice bind = text_of(rec, MM_F_source_bind);
    bool ok;

    if (!mm_slice_eq(text_of(rec, MM_F_source_state), MM_S("active")))
        return true;
    name_of(rec, row.name);
    if (mm_slice_eq(bind, MM_S("listener"))) {
        row.kind = MM_BIND_LISTENER;
        ok = mm_binding_listener_parse(text_of(rec, MM_F_source_listener), &row.transport,
                                       &row.port);
    } else if (mm_slice_eq(bind, MM_S("address"))) {
        row.kind = MM_BIND_ADDRESS;
        ok = mm_cidr_parse(text_of(rec, MM_F_source_address), &row.address);
    } else if (mm_slice_eq(bind, MM_S("relay"))) {
        row.kind = MM_BIND_RELAYED;
        ok = mm_binding_behind_parse(text_of(rec, MM_F_source_listener), &row);
    } else {
        return true; /* tokens come below; files need no look-up */
    }
    if (ok)
        b->code = mm_bindings_add(b->table, &row);
    else
        b->odd++;
    return b->code == MM_OK;
}

/* Dates end at the end of their day, UTC+14 at the latest: a token is never cut off early. */
static bool is_over(const struct mm_rec *token, int64_t now_us)
{
    int64_t until;
    bool zone;

    return !token->v[MM_F_token_until].null &&
           mm_time_parse(token->v[MM_F_token_until].s, 0, &until, &zone) &&
           now_us > until + 2 * MM_US_PER_DAY;
}

static bool add_token(void *arg, const struct mm_rec *rec)
{
    struct building *b = arg;
    struct mm_slice digest = text_of(rec, MM_F_token_digest);
    struct mm_binding row = {.kind = MM_BIND_TOKEN, .company = rec->company};
    struct mm_rec source;
    struct mm_arena a;

    if (!mm_slice_eq(text_of(rec, MM_F_token_rights), MM_S("ingest")) || is_over(rec, b->now_us))
        return true;
    if (digest.n != MM_DIGEST || rec->v[MM_F_token_source].null) {
        b->odd++;
        return true;
    }
    memcpy(row.token.b, digest.p, MM_DIGEST);
    row.source = (uint32_t)rec->v[MM_F_token_source].i;
    mm_arena_init(&a, ARENA_MAX);
    if (mm_rec_get(b->tx, mm_entity(MM_REG_SOURCE), row.source, &a, &source) == MM_OK &&
        source.ended_us == 0 && source.company == rec->company &&
        mm_slice_eq(text_of(&source, MM_F_source_state), MM_S("active"))) {
        name_of(&source, row.name);
        b->code = mm_bindings_add(b->table, &row);
    }
    mm_arena_done(&a);
    return b->code == MM_OK;
}

static bool add_relay(void *arg, const struct mm_relay_digest *d)
{
    struct building *b = arg;
    struct mm_binding row = {.kind = MM_BIND_RELAY,
                             .company = d->company,
                             .relay = d->relay,
                             .token = d->digest,
                             .epoch = d->epoch,
                             .serial = d->serial};

    row.state = mm_slice_eq(d->mode, MM_S("active"))    ? MM_RELAY_WELCOME
                : mm_slice_eq(d->mode, MM_S("stopped")) ? MM_RELAY_STOPPED
                                                        : MM_RELAY_HELD;
    b->code = mm_bindings_add(b->table, &row);
    return b->code == MM_OK;
}

static enum mm_code read_records(struct mm_tables *t, struct mm_binding_table *ret)
{
    struct building b = {.table = ret, .now_us = mm_now_us()};
    struct mm_rec_filter all = {0};
    enum mm_code c = mm_records_read(t->records, mm_system_scope(), &b.tx);

    if (c != MM_OK)
        return c;
    c = mm_rec_each(b.tx, mm_entity(MM_REG_SOURCE), &all, add_source, &b);
    if (c == MM_OK && b.code == MM_OK)
        c = mm_rec_each(b.tx, mm_entity(MM_REG_TOKEN), &all, add_token, &b);
    if (c == MM_OK && b.code == MM_OK)
        c = mm_relay_digests(b.tx, add_relay, &b);
    mm_records_read_done(&b.tx);
    if (c == MM_OK)
        c = b.code;
    if (c == MM_OK && b.odd > 0)
        mm_log_warn("intake", "sources or tokens that cannot be used: count=%zu", b.odd);
    return c;
}

/* ---- from a file ---- */

static enum mm_code read_file(const char *file, const struct mm_key *key,
                              struct mm_binding_table *ret)
{
    struct mm_fault fault = {0};
    struct mm_buf text;
    enum mm_code c;

    mm_buf_init(&text, FILE_MAX);
    c = mm_file_read(file, &text);
    if (c == MM_OK)
        c = mm_bindings_parse(mm_buf_slice(&text), key, ret, &fault);
    if (c != MM_OK)
        mm_log_error("intake",
                     "%s line %zu: %s; a line is \"COMPANY SOURCE NAME token TOKEN\", "
                     "\"... listener tcp/PORT\" or \"... address 192.0.2.0/24\"",
                     file, fault.at, fault.what == NULL ? mm_code_key(c) : fault.what);
    mm_buf_done(&text);
    return c;
}

/* Another file, or written to: an editor does one or the other. */
static bool file_changed(struct mm_tables *t)
{
    struct stat st, *was = &t->read;
    bool same;

    if (stat(t->file, &st) != 0)
        return false; /* between two names; looked at again */
    same = st.st_dev == was->st_dev && st.st_ino == was->st_ino && st.st_size == was->st_size &&
           st.st_ctim.tv_sec == was->st_ctim.tv_sec && st.st_ctim.tv_nsec == was->st_ctim.tv_nsec;
    *was = st;
    return !same;
}

/* ---- keeping up ---- */

static enum mm_code copy_table(const struct mm_binding_table *from, struct mm_binding_table *ret)
{
    mm_bindings_init(ret);
    for (size_t i = 0; i < from->n; i++) {
        enum mm_code c = mm_bindings_add(ret, &from->row[i]);

        if (c != MM_OK) {
            mm_bindings_done(ret);
            return c;
        }
    }
    mm_bindings_seal(ret);
    return MM_OK;
}

/* Lay down what was read for the loop; the lock is not held. */
static void lay_down(struct mm_tables *t, struct mm_binding_table *fresh)
{
    struct mm_binding_table copy;

    if (copy_table(fresh, &copy) != MM_OK) {
        mm_bindings_done(fresh);
        return;
    }
    mm_bindings_done(&t->last);
    t->last = *fresh;
    MM_ASSERT(pthread_mutex_lock(&t->lock) == 0);
    mm_bindings_done(&t->next);
    t->next = copy;
    t->has_next = true;
    MM_ASSERT(pthread_mutex_unlock(&t->lock) == 0);
}

/* False when they could not be read: what stands now stays in force until the next look. */
static bool look_again(struct mm_tables *t)
{
    struct mm_binding_table fresh;
    enum mm_code code;

    mm_bindings_init(&fresh);
    code = t->file != NULL ? read_file(t->file, &t->key, &fresh) : read_records(t, &fresh);
    if (code != MM_OK) {
        mm_bindings_done(&fresh);
        return false;
    }
    mm_bindings_seal(&fresh);
    if (mm_bindings_same(&fresh, &t->last))
        mm_bindings_done(&fresh);
    else
        lay_down(t, &fresh);
    return true;
}

/* How far the engine is, when it can be read. */
static void tell_position(struct mm_tables *t)
{
    struct mm_tx *tx = NULL;
    uint64_t seq = 0;

    if (mm_records_read(t->records, mm_system_scope(), &tx) != MM_OK)
        return;
    if (mm_triage_position(tx, MM_INTAKE_QUEUE, &seq) == MM_OK)
        t->done(t->ctx, seq);
    mm_records_read_done(&tx);
}

/* One look in LOOK_US; who sends what is looked at less often. */
static void look(struct mm_tables *t, unsigned round)
{
    bool due = round % ROUNDS_PER_TABLE == 0;

    if (t->file != NULL) {
        /* A file with a mistake was told, and is not read again before it has changed. */
        if (due && file_changed(t))
            (void)look_again(t);
        return;
    }
    if (mm_records_changed(t->records, &t->seen)) {
        tell_position(t);
        t->stale = true;
    }
    if (t->stale && due)
        t->stale = !look_again(t);
}

static void *watch(void *arg)
{
    struct mm_tables *t = arg;

    MM_ASSERT(pthread_mutex_lock(&t->lock) == 0);
    for (unsigned round = 1; !t->stop; round++) {
        int64_t at = mm_mono_us() + LOOK_US;
        struct timespec until = {.tv_sec = at / MM_US_PER_S, .tv_nsec = at % MM_US_PER_S * 1000};
        int rc = pthread_cond_timedwait(&t->wake, &t->lock, &until);

        MM_ASSERT(rc == 0 || rc == ETIMEDOUT);
        if (t->stop)
            break;
        MM_ASSERT(pthread_mutex_unlock(&t->lock) == 0);
        look(t, round);
        MM_ASSERT(pthread_mutex_lock(&t->lock) == 0);
    }
    MM_ASSERT(pthread_mutex_unlock(&t->lock) == 0);
    return NULL;
}

enum mm_code mm_tables_new(struct mm_records *records, const char *file, const struct mm_key *key,
                           struct mm_tables **ret)
{
    struct mm_tables *t = calloc(1, sizeof(*t));
    struct mm_binding_table fresh;
    pthread_condattr_t attr;
    enum mm_code c;

    MM_ASSERT((records == NULL) != (file == NULL));
    if (t == NULL)
        return MM_E_NOMEM;
    t->records = records;
    t->file = file;
    t->key = *key;
    MM_ASSERT(pthread_mutex_init(&t->lock, NULL) == 0);
    MM_ASSERT(pthread_condattr_init(&attr) == 0);
    MM_ASSERT(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    MM_ASSERT(pthread_cond_init(&t->wake, &attr) == 0);
    (void)pthread_condattr_destroy(&attr);
    mm_bindings_init(&fresh);
    if (file != NULL)
        c = file_changed(t) ? read_file(file, key, &fresh) : MM_E_NOTFOUND;
    else
        c = mm_records_changed(records, &t->seen) ? read_records(t, &fresh) : MM_OK;
    mm_bindings_seal(&fresh);
    if (c != MM_OK) {
        mm_bindings_done(&fresh);
        mm_tables_free(&t);
        return c;
    }
    mm_bindings_seal(&t->now);
    lay_down(t, &fresh);
    *ret = t;
    return MM_OK;
}

void mm_tables_free(struct mm_tables **tp)
{
    struct mm_tables *t = *tp;

    if (t == NULL)
        return;
    if (t->watching) {
        MM_ASSERT(pthread_mutex_lock(&t->lock) == 0);
        t->stop = true;
        MM_ASSERT(pthread_cond_signal(&t->wake) == 0);
        MM_ASSERT(pthread_mutex_unlock(&t->lock) == 0);
        MM_ASSERT(pthread_join(t->thread, NULL) == 0);
    }
    mm_bindings_done(&t->now);
    mm_bindings_done(&t->next);
    mm_bindings_done(&t->last);
    mm_wipe(&t->key, sizeof(t->key));
    (void)pthread_cond_destroy(&t->wake);
    (void)pthread_mutex_destroy(&t->lock);
    free(t);
    *tp = NULL;
}

enum mm_code mm_tables_watch(struct mm_tables *t, void (*done)(void *ctx, uint64_t seq), void *ctx)
{
    t->done = done;
    t->ctx = ctx;
    if (pthread_create(&t->thread, NULL, watch, t) != 0)
        return MM_E_NOMEM;
    t->watching = true;
    return MM_OK;
}

const struct mm_binding_table *mm_tables_take(struct mm_tables *t)
{
    MM_ASSERT(pthread_mutex_lock(&t->lock) == 0);
    if (t->has_next) {
        mm_bindings_done(&t->now);
        t->now = t->next;
        mm_bindings_init(&t->next);
        t->has_next = false;
    }
    MM_ASSERT(pthread_mutex_unlock(&t->lock) == 0);
    return &t->now;
}

int mm_tables_auth(struct mm_tables *t, struct mm_slice name, struct mm_slice token,
                   uint32_t *ret_company, uint32_t *ret_source)
{
    int status;

    MM_ASSERT(pthread_mutex_lock(&t->lock) == 0);
    status = mm_ingest_auth(&t->now, &t->key, name, token, ret_company, ret_source);
    MM_ASSERT(pthread_mutex_unlock(&t->lock) == 0);
    return status;
}

int mm_tables_relay(struct mm_tables *t, struct mm_slice token, struct mm_arena *arena,
                    struct mm_relayed_who *ret)
{
    int status;

    MM_ASSERT(pthread_mutex_lock(&t->lock) == 0);
    status = mm_relayed_auth(&t->now, &t->key, token, arena, ret);
    MM_ASSERT(pthread_mutex_unlock(&t->lock) == 0);
    return status;
}

enum mm_code mm_tables_settings(struct mm_tables *t, uint32_t relay, struct mm_buf *out)
{
    struct mm_tx *tx = NULL;
    enum mm_code c;

    if (t->records == NULL)
        return MM_E_NOTFOUND;
    c = mm_records_read(t->records, mm_system_scope(), &tx);
    if (c == MM_OK)
        c = mm_relay_settings(tx, relay, out);
    mm_records_read_done(&tx);
    return c;
}
