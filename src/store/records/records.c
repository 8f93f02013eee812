/* store/records/records.c - see records.h for the contract: open, snapshots, watching. */
#include "store/records/records.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "store/records/lock.h"
#include "store/records/migrate.h"
#include "store/records/records_priv.h"
#include "store/records/tx.h"

/* The file exists with mode 0600 before SQLite makes its log beside it with the same mode. */
static enum mm_code touch(const char *path, struct mm_records_fault *fault)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0) {
        return mm_records_fail(fault, errno == ENOSPC ? MM_E_FULL : MM_E_IO, "records.io", "%s: %s",
                               path, strerror(errno));
    }
    (void)close(fd);
    return MM_OK;
}

static enum mm_code prepare_file(struct mm_records *rec, const struct mm_records_options *options,
                                 struct mm_records_fault *fault)
{
    struct mm_db *db = NULL;
    int64_t wait_us = 0;
    enum mm_code code = mm_lock_take(rec->lock_fd, &wait_us);

    if (code != MM_OK)
        return mm_records_fail(fault, code, "records.io", "records.lock: %s", strerror(errno));
    code = touch(rec->path, fault);
    if (code == MM_OK) {
        code = mm_db_open(rec->path, MM_DB_WRITE, &db);
        if (code != MM_OK)
            (void)mm_records_fail(fault, code, "records.damaged", "%s", rec->path);
    }
    if (code == MM_OK)
        code = mm_migrate(db, options, fault);
    mm_db_close(&db);
    mm_lock_drop(rec->lock_fd);
    return code;
}

enum mm_code mm_records_open(const struct mm_records_options *options, struct mm_records **ret,
                             struct mm_records_fault *fault)
{
    struct mm_records *rec = calloc(1, sizeof(*rec));
    enum mm_code code;
    int n;

    MM_ASSERT(options->dir != NULL && options->feature_count <= MM_FEATURES_MAX);
    if (rec == NULL)
        return MM_E_NOMEM;
    rec->lock_fd = -1;
    (void)pthread_mutex_init(&rec->mutex, NULL);
    mm_writer_init(&rec->writer);
    for (size_t i = 0; i < options->feature_count; i++)
        rec->features[i] = options->features[i];
    rec->feature_count = options->feature_count;
    n = snprintf(rec->path, sizeof(rec->path), "%s/records.db", options->dir);
    code = n < 0 || (size_t)n >= sizeof(rec->path) ? MM_E_LIMIT
                                                   : mm_lock_open(options->dir, &rec->lock_fd);
    if (code != MM_OK)
        (void)mm_records_fail(fault, code, "records.io", "%s: %s", options->dir, strerror(errno));
    else
        code = prepare_file(rec, options, fault);
    if (code != MM_OK) {
        mm_records_close(&rec);
        return code;
    }
    *ret = rec;
    return MM_OK;
}

void mm_records_close(struct mm_records **rec)
{
    struct mm_records *r = *rec;

    if (r == NULL)
        return;
    mm_writer_done(r);
    MM_ASSERT(r->readers == 0);
    for (size_t k = 0; k < MM_COUNT(r->pool); k++) {
        while (r->pool[k] != NULL) {
            struct mm_tx *tx = r->pool[k];

            r->pool[k] = tx->next;
            mm_tx_free(&tx);
        }
    }
    mm_db_finalize(&r->watch_stmt);
    mm_db_close(&r->watch);
    if (r->lock_fd >= 0)
        (void)close(r->lock_fd);
    (void)pthread_mutex_destroy(&r->mutex);
    free(r);
    *rec = NULL;
}

enum mm_code mm_records_read(struct mm_records *rec, const struct mm_scope *scope,
                             struct mm_tx **ret)
{
    enum mm_tx_kind kind = mm_scope_kind(scope) == MM_SCOPE_COMPANY ? MM_TX_ONE : MM_TX_MANY;
    struct mm_tx *tx;
    enum mm_code code = MM_OK;

    (void)pthread_mutex_lock(&rec->mutex);
    tx = rec->pool[kind];
    if (rec->readers == MM_RECORDS_READERS_MAX)
        code = MM_E_BUSY;
    else
        rec->readers++;
    if (code == MM_OK && tx != NULL)
        rec->pool[kind] = tx->next;
    (void)pthread_mutex_unlock(&rec->mutex);
    if (code != MM_OK)
        return code;
    if (tx == NULL)
        code = mm_tx_new(rec, rec->path, kind, &tx);
    if (code == MM_OK)
        code = mm_db_exec(tx->db, "BEGIN");
    if (code != MM_OK) {
        mm_tx_free(&tx);
        (void)pthread_mutex_lock(&rec->mutex);
        rec->readers--;
        (void)pthread_mutex_unlock(&rec->mutex);
        return code;
    }
    mm_tx_enter(tx, scope);
    *ret = tx;
    return MM_OK;
}

void mm_records_read_done(struct mm_tx **tx)
{
    struct mm_tx *t = *tx;
    struct mm_records *rec;

    if (t == NULL)
        return;
    MM_ASSERT(t->magic == TX_MAGIC && t->kind != MM_TX_WRITER);
    rec = t->rec;
    mm_tx_leave(t);
    if (!mm_db_rollback(t->db))
        mm_tx_free(&t);
    (void)pthread_mutex_lock(&rec->mutex);
    MM_ASSERT(rec->readers > 0);
    rec->readers--;
    if (t != NULL) {
        t->next = rec->pool[t->kind];
        rec->pool[t->kind] = t;
    }
    (void)pthread_mutex_unlock(&rec->mutex);
    *tx = NULL;
}

/* data_version is only comparable on one connection: this one is kept for it. */
static bool read_version(struct mm_records *rec, uint64_t *ret)
{
    bool row = false, ok;

    if (rec->watch == NULL && mm_db_open(rec->path, MM_DB_READ, &rec->watch) != MM_OK)
        return false;
    if (rec->watch_stmt == NULL &&
        mm_db_prepare(rec->watch, "PRAGMA data_version", &rec->watch_stmt) != MM_OK)
        return false;
    ok = mm_db_step(rec->watch_stmt, &row) == MM_OK && row;
    if (ok)
        *ret = (uint64_t)mm_db_int(rec->watch_stmt, 0) + 1; /* never 0 */
    mm_db_reset(rec->watch_stmt);
    return ok;
}

bool mm_records_changed(struct mm_records *rec, uint64_t *seen)
{
    uint64_t now = 0;
    bool changed;

    (void)pthread_mutex_lock(&rec->mutex);
    /* What can't be read is treated as changed: the caller then looks and gets the reason. */
    changed = !read_version(rec, &now) || now != *seen;
    (void)pthread_mutex_unlock(&rec->mutex);
    if (changed)
        *seen = now;
    return changed;
}

static bool listed(const struct mm_records *rec, struct mm_slice table)
{
    for (size_t i = 0; i < rec->feature_count; i++) {
        const char *const *name = rec->features[i]->shared;

        for (; name != NULL && *name != NULL; name++) {
            if (mm_slice_eq(table, mm_slice_str(*name)))
                return true;
        }
    }
    return mm_slice_eq(table, MM_S("mm_migration"));
}

/* Every table is STRICT and has a company that can't be NULL, or is listed as shared. */
static enum mm_code check_tables(struct mm_records *rec, struct mm_tx *tx, char *why, size_t size)
{
    struct mm_db_stmt *st = NULL;
    bool row = false;
    enum mm_code code =
        mm_db_prepare(tx->db,
                      "SELECT t.name, t.type, t.strict,"
                      " (SELECT max(\"notnull\" OR pk = 1) FROM pragma_table_info(t.name, 'main')"
                      "  WHERE name = 'company')"
                      " FROM pragma_table_list t"
                      " WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
                      &st);

    while (code == MM_OK && (code = mm_db_step(st, &row)) == MM_OK && row) {
        struct mm_slice name = mm_db_bytes(st, 0);
        bool strict = mm_db_int(st, 2) == 1, company = mm_db_int(st, 3) == 1;

        if (!mm_slice_eq(mm_db_bytes(st, 1), MM_S("table")) || !strict ||
            (!company && !listed(rec, name))) {
            (void)snprintf(why, size, "%.*s: not a STRICT table with a company, nor shared",
                           MM_S_ARG(name));
            code = MM_E_CONFIG;
        }
    }
    mm_db_finalize(&st);
    return code;
}

static enum mm_code check_statements(struct mm_records *rec, struct mm_tx *tx,
                                     const struct mm_stmt **ret_stmt, char *why, size_t size)
{
    for (size_t i = 0; i < rec->feature_count; i++) {
        const struct mm_feature *f = rec->features[i];

        for (size_t k = 0; k < f->stmt_count; k++) {
            struct mm_prepared *p = NULL;
            enum mm_code code;

            MM_ASSERT(f->stmts[k].sql != NULL && f->stmts[k].kind != 0);
            code = mm_tx_prepare(tx, &f->stmts[k], &p);
            if (code != MM_OK) {
                (void)snprintf(why, size, "%s %s: %s (%s)", f->name, f->stmts[k].name,
                               mm_tx_refusal(code), mm_db_error(tx->db));
                *ret_stmt = &f->stmts[k];
                return code;
            }
            mm_tx_release(tx, p);
        }
    }
    return MM_OK;
}

enum mm_code mm_records_check(struct mm_records *rec, const struct mm_stmt **ret_stmt,
                              char *ret_why, size_t size)
{
    struct mm_tx *tx = NULL;
    enum mm_code code = mm_tx_new(rec, rec->path, MM_TX_WRITER, &tx);

    if (code != MM_OK) {
        (void)snprintf(ret_why, size, "cannot open");
        return code;
    }
    code = check_tables(rec, tx, ret_why, size);
    if (code == MM_OK)
        code = check_statements(rec, tx, ret_stmt, ret_why, size);
    mm_tx_free(&tx);
    return code;
}
