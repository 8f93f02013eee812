/* store/records/db.c - see db.h for the contract. */
#include "store/records/db.h"

#include <sqlite3.h>
#include <stdlib.h>

enum {
    /* Writers queue at records.lock, so a busy file is only recovery or a foreign tool. */
    BUSY_MS = 5000,
    /* Depth of an expression or view nesting; ours stay below 20. */
    EXPR_DEPTH_MAX = 100,
    FUNCTIONS_MAX = 4,
};

struct function {
    mm_db_test_fn test;
    mm_db_int_fn integer;
    void *arg;
};

struct mm_db {
    sqlite3 *h;
    mm_db_watcher watcher;
    void *watcher_arg;
    int wal_pages;
    struct function functions[FUNCTIONS_MAX];
    size_t function_count;
};

static sqlite3_stmt *raw(struct mm_db_stmt *st)
{
    MM_ASSERT(st != NULL);
    return (sqlite3_stmt *)st;
}

static enum mm_code code_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return MM_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return MM_E_BUSY;
    case SQLITE_FULL:
        return MM_E_FULL;
    case SQLITE_NOMEM:
        return MM_E_NOMEM;
    case SQLITE_TOOBIG:
        return MM_E_LIMIT;
    case SQLITE_AUTH:
    case SQLITE_PERM:
    case SQLITE_READONLY:
        return MM_E_DENIED;
    case SQLITE_CONSTRAINT:
        break;
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_ERROR: /* wrong SQL: ours, so a bug */
        return MM_E_BUG;
    default:
        return MM_E_IO;
    }
    if (rc == SQLITE_CONSTRAINT_TRIGGER)
        return MM_E_DENIED; /* only guards raise: ours and those of features */
    if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
        rc == SQLITE_CONSTRAINT_ROWID)
        return MM_E_EXISTS;
    if (rc == SQLITE_CONSTRAINT_FOREIGNKEY)
        return MM_E_NOTFOUND;
    return MM_E_RANGE; /* CHECK, NOT NULL, column type */
}

static int on_commit(void *arg, sqlite3 *h, const char *name, int pages)
{
    struct mm_db *db = arg;

    (void)h, (void)name;
    db->wal_pages = pages;
    return SQLITE_OK;
}

static enum mm_code configure(struct mm_db *db, enum mm_db_mode mode)
{
    int on;
    enum mm_code code;

    (void)sqlite3_extended_result_codes(db->h, 1);
    (void)sqlite3_busy_timeout(db->h, BUSY_MS);
    (void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_DEFENSIVE, 1, &on);
    (void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, &on);
    (void)sqlite3_limit(db->h, SQLITE_LIMIT_ATTACHED, 0);
    (void)sqlite3_limit(db->h, SQLITE_LIMIT_EXPR_DEPTH, EXPR_DEPTH_MAX);
    code = mm_db_exec(db, "PRAGMA foreign_keys=ON; PRAGMA synchronous=FULL;"
                          "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-4096;"
                          "PRAGMA cell_size_check=ON; PRAGMA recursive_triggers=ON;");
    if (code == MM_OK && mode == MM_DB_WRITE)
        code = mm_db_exec(db, "PRAGMA journal_mode=WAL; PRAGMA journal_size_limit=67108864;"
                              "PRAGMA wal_autocheckpoint=0;");
    /* After wal_autocheckpoint, which is itself a hook. */
    (void)sqlite3_wal_hook(db->h, on_commit, db);
    return code;
}

enum mm_code mm_db_open(const char *path, enum mm_db_mode mode, struct mm_db **ret)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    struct mm_db *db = calloc(1, sizeof(*db));
    enum mm_code code;

    MM_ASSERT(path != NULL && ret != NULL);
    if (db == NULL)
        return MM_E_NOMEM;
    if (mode == MM_DB_WRITE)
        flags |= SQLITE_OPEN_CREATE;
    if (mode == MM_DB_STILL)
        flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    code = code_of(sqlite3_open_v2(path, &db->h, flags, NULL));
    if (code == MM_OK)
        code = configure(db, mode);
    if (code != MM_OK) {
        mm_db_close(&db);
        return code;
    }
    *ret = db;
    return MM_OK;
}

void mm_db_close(struct mm_db **db)
{
    sqlite3_stmt *st;

    if (*db == NULL)
        return;
    while ((st = sqlite3_next_stmt((*db)->h, NULL)) != NULL)
        (void)sqlite3_finalize(st);
    (void)sqlite3_close((*db)->h);
    free(*db);
    *db = NULL;
}

enum mm_code mm_db_query_only(struct mm_db *db)
{
    return mm_db_exec(db, "PRAGMA query_only=ON");
}

enum mm_code mm_db_exec(struct mm_db *db, const char *sql)
{
    return code_of(sqlite3_exec(db->h, sql, NULL, NULL, NULL));
}

bool mm_db_rollback(struct mm_db *db)
{
    return mm_db_idle(db) || mm_db_exec(db, "ROLLBACK") == MM_OK;
}

static int watch(void *arg, int action, const char *a, const char *b, const char *base,
                 const char *via)
{
    struct mm_db *db = arg;
    enum mm_db_access access;

    (void)b;
    switch (action) {
    case SQLITE_READ:
        access = MM_DB_READS;
        break;
    case SQLITE_INSERT:
        access = MM_DB_INSERTS;
        break;
    case SQLITE_UPDATE:
        access = MM_DB_UPDATES;
        break;
    case SQLITE_DELETE:
        access = MM_DB_DELETES;
        break;
    case SQLITE_SELECT:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE:
        return SQLITE_OK; /* these name no table */
    default:
        access = MM_DB_OTHER; /* schema changes, ATTACH, PRAGMA, transactions */
        break;
    }
    return db->watcher(db->watcher_arg, access, a == NULL ? "" : a,
                       base != NULL && strcmp(base, "main") == 0, via)
               ? SQLITE_OK
               : SQLITE_DENY;
}

void mm_db_watch(struct mm_db *db, mm_db_watcher fn, void *arg)
{
    MM_ASSERT(fn != NULL && db->watcher == NULL);
    db->watcher = fn;
    db->watcher_arg = arg;
    (void)sqlite3_set_authorizer(db->h, watch, db);
}

const char *mm_db_error(struct mm_db *db)
{
    return sqlite3_errmsg(db->h);
}

int64_t mm_db_rows(struct mm_db *db)
{
    return sqlite3_total_changes64(db->h);
}

int64_t mm_db_last_id(struct mm_db *db)
{
    return sqlite3_last_insert_rowid(db->h);
}

bool mm_db_idle(struct mm_db *db)
{
    return sqlite3_get_autocommit(db->h) != 0;
}

int mm_db_wal_pages(const struct mm_db *db)
{
    return db->wal_pages;
}

void mm_db_checkpoint(struct mm_db *db)
{
    (void)sqlite3_wal_checkpoint_v2(db->h, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    db->wal_pages = 0;
}

enum mm_code mm_db_copy(struct mm_db *db, const char *path)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    sqlite3 *to = NULL;
    sqlite3_backup *b = NULL;
    int rc = sqlite3_open_v2(path, &to, flags, NULL);

    if (rc == SQLITE_OK)
        b = sqlite3_backup_init(to, "main", db->h, "main");
    if (rc == SQLITE_OK && b == NULL)
        rc = sqlite3_errcode(to);
    /* All pages at one go: a snapshot is not changed by others, so nobody waits for us. */
    if (b != NULL) {
        (void)sqlite3_backup_step(b, -1);
        rc = sqlite3_backup_finish(b);
    }
    /* The copy says "with a log", as its original is: alone it can only be read without one. */
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(to, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
    (void)sqlite3_close(to);
    return code_of(rc);
}

enum mm_code mm_db_vacuum(struct mm_db *db)
{
    enum mm_code code;

    /* SQLite attaches the new file to the connection meanwhile. */
    (void)sqlite3_limit(db->h, SQLITE_LIMIT_ATTACHED, 1);
    code = mm_db_exec(db, "VACUUM");
    (void)sqlite3_limit(db->h, SQLITE_LIMIT_ATTACHED, 0);
    /* As a statement it would say in a row that it could not. */
    return code != MM_OK ? code
                         : code_of(sqlite3_wal_checkpoint_v2(
                               db->h, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL));
}

const char *mm_db_version(void)
{
    return sqlite3_libversion();
}

static void call(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct function *f = sqlite3_user_data(ctx);
    int64_t v = 0;

    if (f->test != NULL) {
        MM_ASSERT(argc == 1);
        v = sqlite3_value_type(argv[0]) == SQLITE_INTEGER &&
            f->test(f->arg, sqlite3_value_int64(argv[0]));
        sqlite3_result_int64(ctx, v);
    } else if (f->integer != NULL && f->integer(f->arg, &v)) {
        sqlite3_result_int64(ctx, v);
    } else {
        sqlite3_result_null(ctx);
    }
}

static enum mm_code function(struct mm_db *db, const char *name, int argc, struct function f)
{
    struct function *own = &db->functions[db->function_count];

    MM_ASSERT(db->function_count < FUNCTIONS_MAX);
    *own = f;
    db->function_count++;
    return code_of(sqlite3_create_function_v2(db->h, name, argc, SQLITE_UTF8 | SQLITE_INNOCUOUS,
                                              own, call, NULL, NULL, NULL));
}

enum mm_code mm_db_test_function(struct mm_db *db, const char *name, mm_db_test_fn fn, void *arg)
{
    return function(db, name, 1, (struct function){.test = fn, .arg = arg});
}

enum mm_code mm_db_int_function(struct mm_db *db, const char *name, mm_db_int_fn fn, void *arg)
{
    return function(db, name, 0, (struct function){.integer = fn, .arg = arg});
}

enum mm_code mm_db_prepare(struct mm_db *db, const char *sql, struct mm_db_stmt **ret)
{
    sqlite3_stmt *st = NULL;
    const char *tail = NULL;
    int rc = sqlite3_prepare_v3(db->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, &tail);

    if (rc != SQLITE_OK)
        return code_of(rc);
    if (st == NULL || mm_slice_trim(mm_slice_str(tail)).n != 0) {
        (void)sqlite3_finalize(st);
        return MM_E_BUG;
    }
    *ret = (struct mm_db_stmt *)st;
    return MM_OK;
}

void mm_db_finalize(struct mm_db_stmt **st)
{
    if (*st != NULL)
        (void)sqlite3_finalize(raw(*st));
    *st = NULL;
}

bool mm_db_readonly(struct mm_db_stmt *st)
{
    return sqlite3_stmt_readonly(raw(st)) != 0;
}

int mm_db_params(struct mm_db_stmt *st)
{
    return sqlite3_bind_parameter_count(raw(st));
}

int mm_db_param(struct mm_db_stmt *st, const char *name)
{
    return sqlite3_bind_parameter_index(raw(st), name);
}

enum mm_code mm_db_bind_int(struct mm_db_stmt *st, int at, int64_t v)
{
    return code_of(sqlite3_bind_int64(raw(st), at, v));
}

enum mm_code mm_db_bind_text(struct mm_db_stmt *st, int at, struct mm_slice v)
{
    /* A NULL pointer would bind NULL; empty text is not NULL. */
    return code_of(sqlite3_bind_text64(raw(st), at, v.n == 0 ? "" : (const char *)v.p, v.n,
                                       SQLITE_TRANSIENT, SQLITE_UTF8));
}

enum mm_code mm_db_bind_blob(struct mm_db_stmt *st, int at, struct mm_slice v)
{
    return code_of(
        sqlite3_bind_blob64(raw(st), at, v.n == 0 ? (const void *)"" : v.p, v.n, SQLITE_TRANSIENT));
}

enum mm_code mm_db_bind_null(struct mm_db_stmt *st, int at)
{
    return code_of(sqlite3_bind_null(raw(st), at));
}

enum mm_code mm_db_step(struct mm_db_stmt *st, bool *ret_row)
{
    int rc = sqlite3_step(raw(st));

    if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
        *ret_row = rc == SQLITE_ROW;
        return MM_OK;
    }
    return code_of(rc);
}

void mm_db_reset(struct mm_db_stmt *st)
{
    (void)sqlite3_reset(raw(st));
    (void)sqlite3_clear_bindings(raw(st));
}

int mm_db_columns(struct mm_db_stmt *st)
{
    return sqlite3_column_count(raw(st));
}

const char *mm_db_column_name(struct mm_db_stmt *st, int at)
{
    return sqlite3_column_name(raw(st), at);
}

bool mm_db_is_null(struct mm_db_stmt *st, int at)
{
    return sqlite3_column_type(raw(st), at) == SQLITE_NULL;
}

enum mm_db_type mm_db_type(struct mm_db_stmt *st, int at)
{
    switch (sqlite3_column_type(raw(st), at)) {
    case SQLITE_INTEGER:
        return MM_DB_INTEGER;
    case SQLITE_TEXT:
        return MM_DB_TEXT;
    case SQLITE_BLOB:
        return MM_DB_BLOB;
    default:
        return MM_DB_NOTHING;
    }
}

int64_t mm_db_int(struct mm_db_stmt *st, int at)
{
    return sqlite3_column_int64(raw(st), at);
}

struct mm_slice mm_db_bytes(struct mm_db_stmt *st, int at)
{
    /* The pointer first: it may convert, and then the length is the converted one's. */
    const void *p = sqlite3_column_blob(raw(st), at);
    int n = sqlite3_column_bytes(raw(st), at);

    MM_ASSERT(n >= 0);
    return p == NULL ? (struct mm_slice){0} : mm_slice_of(p, (size_t)n);
}
