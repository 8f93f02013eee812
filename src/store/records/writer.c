/* store/records/writer.c - the writer thread: groups what waits into one durable transaction. */
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "store/records/lock.h"
#include "store/records/records_priv.h"

enum {
    /* Works that may wait; past this callers are told to come back. */
    QUEUE_MAX = 10000,
    /* No further work is begun after this: what is left of 20 ms is for the commit's fsync. */
    GROUP_US = 8000,
    /* Works of one transaction; each has at least one row, so rows bound them too. */
    GROUP_MAX = MM_RECORDS_TX_ROWS_MAX,
    /* Log pages of 4 KiB after which the log is moved into the file: 8 MiB. */
    CHECKPOINT_PAGES = 2048,
};

struct mm_writer_job {
    struct mm_writer_job *next;
    struct mm_scope scope;
    mm_records_work work;
    mm_records_done done;
    void *arg;
    int64_t since_us;
    enum mm_code code;
    bool async; /* heap, freed by the writer; otherwise the caller's stack */
    bool finished;
};

void mm_writer_init(struct mm_writer *w)
{
    (void)pthread_mutex_init(&w->mutex, NULL);
    (void)pthread_cond_init(&w->wake, NULL);
    (void)pthread_cond_init(&w->told, NULL);
}

/* ---- the thread's side ---- */

struct group {
    struct mm_writer_job *jobs[GROUP_MAX];
    size_t count;
    size_t undone;
    int64_t rows;
    int64_t wait_us;  /* for the lock */
    int64_t work_us;  /* lock held before the commit */
    int64_t held_us;  /* lock held */
    int64_t queue_us; /* longest wait of a work */
    enum mm_code code;
    char error[256];
};

static struct mm_writer_job *pop(struct mm_writer *w)
{
    struct mm_writer_job *j;

    (void)pthread_mutex_lock(&w->mutex);
    j = w->head;
    if (j != NULL) {
        w->head = j->next;
        if (w->head == NULL)
            w->tail = NULL;
        w->waiting--;
    }
    (void)pthread_mutex_unlock(&w->mutex);
    return j;
}

static void keep_error(struct group *g, struct mm_db *db)
{
    (void)snprintf(g->error, sizeof(g->error), "%s", mm_db_error(db));
}

/* One work inside its own savepoint. The answer is about the whole transaction. */
static enum mm_code run(struct mm_tx *tx, struct mm_writer_job *j, struct group *g)
{
    enum mm_code code = mm_db_exec(tx->db, "SAVEPOINT work");

    if (code != MM_OK)
        return code;
    mm_tx_enter(tx, &j->scope);
    j->code = j->work(tx, j->arg);
    mm_tx_leave(tx);          /* asserts that every query was ended */
    if (mm_db_idle(tx->db)) { /* SQLite gave up the transaction: full disk, I/O, memory */
        keep_error(g, tx->db);
        return j->code == MM_OK ? MM_E_IO : j->code;
    }
    if (j->code == MM_OK)
        return mm_db_exec(tx->db, "RELEASE work");
    keep_error(g, tx->db);
    g->undone++;
    return mm_db_exec(tx->db, "ROLLBACK TO work; RELEASE work");
}

/* Runs works until time or rows are used up or nothing waits. */
static enum mm_code run_group(struct mm_writer *w, struct group *g, int64_t from_us)
{
    int64_t rows = mm_db_rows(w->tx->db);
    enum mm_code code = MM_OK;

    while (code == MM_OK && g->count < GROUP_MAX) {
        int64_t now = mm_mono_us();
        struct mm_writer_job *j;

        /* One work is always done: taking the transaction may have used up the time by itself. */
        if (g->count > 0 && (now - from_us > GROUP_US || g->rows >= MM_RECORDS_TX_ROWS_MAX))
            break;
        j = pop(w);
        if (j == NULL)
            break;
        if (now - j->since_us > g->queue_us)
            g->queue_us = now - j->since_us;
        g->jobs[g->count++] = j;
        code = run(w->tx, j, g);
        g->rows = mm_db_rows(w->tx->db) - rows;
    }
    return code;
}

/* One durable transaction; g->code is what happened to it as a whole. */
static void commit_group(struct mm_records *rec, struct group *g)
{
    struct mm_writer *w = &rec->writer;
    int64_t from_us;

    if (w->tx == NULL)
        g->code = mm_tx_new(rec, rec->path, MM_TX_WRITER, &w->tx);
    if (g->code == MM_OK)
        g->code = mm_lock_take(rec->lock_fd, &g->wait_us);
    if (g->code != MM_OK)
        return;
    from_us = mm_mono_us();
    g->code = mm_db_exec(w->tx->db, "BEGIN IMMEDIATE");
    if (g->code == MM_OK)
        g->code = run_group(w, g, from_us);
    g->work_us = mm_mono_us() - from_us;
    if (g->code == MM_OK)
        g->code = mm_db_exec(w->tx->db, "COMMIT");
    if (g->code != MM_OK)
        keep_error(g, w->tx->db);
    if (!mm_db_rollback(w->tx->db))
        mm_tx_free(&w->tx); /* the next group opens another */
    g->held_us = mm_mono_us() - from_us;
    mm_lock_drop(rec->lock_fd);
}

static int64_t max64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void count(struct mm_writer *w, const struct group *g)
{
    struct mm_records_stats *s = &w->stats;

    s->commits += g->code == MM_OK && g->count > 0;
    s->works += g->count;
    s->rows += g->rows > 0 ? (uint64_t)g->rows : 0;
    s->undone += g->code == MM_OK ? g->undone : g->count;
    s->over_time += g->held_us > MM_RECORDS_TX_US_MAX;
    s->over_rows += g->rows > MM_RECORDS_TX_ROWS_MAX;
    s->group_max = g->count > s->group_max ? g->count : s->group_max;
    s->tx_max_us = max64(s->tx_max_us, g->held_us);
    s->work_max_us = max64(s->work_max_us, g->work_us);
    s->lock_wait_max_us = max64(s->lock_wait_max_us, g->wait_us);
    s->queue_wait_max_us = max64(s->queue_wait_max_us, g->queue_us);
    if (g->error[0] != 0)
        memcpy(w->error, g->error, sizeof(w->error));
}

/* Outcomes are final: tell every caller, and free what was the writer's. */
static void tell(struct mm_writer *w, struct group *g)
{
    for (size_t i = 0; i < g->count; i++) {
        struct mm_writer_job *j = g->jobs[i];

        if (g->code != MM_OK)
            j->code = g->code;
        if (j->async) {
            if (j->done != NULL)
                j->done(j->arg, j->code);
            free(j);
            g->jobs[i] = NULL;
        }
    }
    (void)pthread_mutex_lock(&w->mutex);
    count(w, g);
    for (size_t i = 0; i < g->count; i++) {
        if (g->jobs[i] != NULL)
            g->jobs[i]->finished = true;
    }
    (void)pthread_cond_broadcast(&w->told);
    (void)pthread_mutex_unlock(&w->mutex);
}

/* Waits for work; false when there is none and none will come. */
static bool wait_for_work(struct mm_writer *w)
{
    bool more;

    (void)pthread_mutex_lock(&w->mutex);
    while (w->head == NULL && !w->stop)
        (void)pthread_cond_wait(&w->wake, &w->mutex);
    more = w->head != NULL;
    (void)pthread_mutex_unlock(&w->mutex);
    return more;
}

static void *thread_main(void *arg)
{
    struct mm_records *rec = arg;
    struct mm_writer *w = &rec->writer;

    while (wait_for_work(w)) {
        struct group g = {0};

        commit_group(rec, &g);
        if (g.count == 0) {             /* could not begin: those who wait must not wait for ever */
            MM_ASSERT(g.code != MM_OK); /* nobody is told yes for a work that was not done */
            g.jobs[g.count++] = pop(w);
        }
        tell(w, &g);
        if (w->tx != NULL && mm_db_wal_pages(w->tx->db) > CHECKPOINT_PAGES)
            mm_db_checkpoint(w->tx->db);
    }
    return NULL;
}

/* ---- the callers' side ---- */

static enum mm_code submit(struct mm_records *rec, struct mm_writer_job *j)
{
    struct mm_writer *w = &rec->writer;
    enum mm_code code = MM_OK;

    (void)pthread_mutex_lock(&w->mutex);
    MM_ASSERT(!w->stop);
    /* A write inside a work would wait for itself. */
    MM_ASSERT(!w->started || !pthread_equal(pthread_self(), w->thread) || j->async);
    if (w->waiting >= QUEUE_MAX)
        code = MM_E_BUSY;
    if (code == MM_OK && !w->started) {
        if (pthread_create(&w->thread, NULL, thread_main, rec) != 0)
            code = MM_E_NOMEM;
        else
            w->started = true;
    }
    if (code == MM_OK) {
        j->since_us = mm_mono_us();
        if (w->tail != NULL)
            w->tail->next = j;
        else
            w->head = j;
        w->tail = j;
        w->waiting++;
        (void)pthread_cond_signal(&w->wake);
    }
    (void)pthread_mutex_unlock(&w->mutex);
    return code;
}

enum mm_code mm_records_write(struct mm_records *rec, const struct mm_scope *scope,
                              mm_records_work work, void *arg)
{
    struct mm_writer_job j = {.scope = *scope, .work = work, .arg = arg};
    enum mm_code code;

    MM_ASSERT(scope->magic == MM_SCOPE_MAGIC && work != NULL);
    if (scope->readonly)
        return MM_E_DENIED;
    code = submit(rec, &j);
    if (code != MM_OK)
        return code;
    (void)pthread_mutex_lock(&rec->writer.mutex);
    while (!j.finished)
        (void)pthread_cond_wait(&rec->writer.told, &rec->writer.mutex);
    (void)pthread_mutex_unlock(&rec->writer.mutex);
    return j.code;
}

enum mm_code mm_records_write_async(struct mm_records *rec, const struct mm_scope *scope,
                                    mm_records_work work, mm_records_done done, void *arg)
{
    struct mm_writer_job *j;
    enum mm_code code;

    MM_ASSERT(scope->magic == MM_SCOPE_MAGIC && work != NULL);
    MM_ASSERT(scope->count == 0); /* a set is borrowed and could be gone */
    if (scope->readonly)
        return MM_E_DENIED;
    j = calloc(1, sizeof(*j));
    if (j == NULL)
        return MM_E_NOMEM;
    *j = (struct mm_writer_job){
        .scope = *scope, .work = work, .done = done, .arg = arg, .async = true};
    code = submit(rec, j);
    if (code != MM_OK)
        free(j);
    return code;
}

void mm_writer_done(struct mm_records *rec)
{
    struct mm_writer *w = &rec->writer;

    (void)pthread_mutex_lock(&w->mutex);
    w->stop = true;
    (void)pthread_cond_signal(&w->wake);
    (void)pthread_mutex_unlock(&w->mutex);
    if (w->started)
        (void)pthread_join(w->thread, NULL);
    if (w->tx != NULL)
        mm_db_checkpoint(w->tx->db);
    mm_tx_free(&w->tx);
    (void)pthread_cond_destroy(&w->wake);
    (void)pthread_cond_destroy(&w->told);
    (void)pthread_mutex_destroy(&w->mutex);
}

void mm_records_stats(struct mm_records *rec, struct mm_records_stats *ret)
{
    (void)pthread_mutex_lock(&rec->writer.mutex);
    *ret = rec->writer.stats;
    (void)pthread_mutex_unlock(&rec->writer.mutex);
}

void mm_records_error(struct mm_records *rec, char *ret, size_t size)
{
    MM_ASSERT(size > 0);
    (void)pthread_mutex_lock(&rec->writer.mutex);
    (void)snprintf(ret, size, "%s", rec->writer.error);
    (void)pthread_mutex_unlock(&rec->writer.mutex);
}
