/*
 * store/records/db.h - the one wrapper around SQLite; nothing else includes sqlite3.h.
 *
 * Purpose   Open a connection with our settings, run statements, tell who touches which table.
 *           Features never include this header: they use query.h.
 * Owns      A connection owns its file handles; a prepared statement belongs to its connection.
 * Threads   A connection and its statements: one thread at a time (opened without mutexes).
 * Trust     SQL text is ours (static strings); bound values and the file's contents may be
 *           anything. Text columns are returned as bytes with a length.
 * Spec      https://sqlite.org/c3ref/intro.html; oldest version used: 3.40 (Debian 12).
 */
#ifndef MM_STORE_RECORDS_DB_H
#define MM_STORE_RECORDS_DB_H

#include "base/base.h"

struct mm_db;
struct mm_db_stmt;

enum mm_db_mode {
    MM_DB_WRITE, /* creates the file when it isn't there */
    MM_DB_READ,  /* existing file; query_only is switched on by mm_db_query_only */
    MM_DB_STILL, /* existing file that is looked at and never written, as in a backup */
};

/* What a statement being compiled asks for, seen by the watcher. */
enum mm_db_access { MM_DB_READS, MM_DB_INSERTS, MM_DB_UPDATES, MM_DB_DELETES, MM_DB_OTHER };

/*
 * Called while a statement is compiled. `stored` says that the table lies in the file and not in
 * this connection's temporary schema; `via` is the view or trigger that asks, or NULL when the
 * statement itself does. Returning false refuses the statement.
 */
typedef bool (*mm_db_watcher)(void *arg, enum mm_db_access access, const char *table, bool stored,
                              const char *via);

/* WAL, synchronous=FULL, foreign keys, defensive. *ret is untouched on failure. */
MM_MUST_USE enum mm_code mm_db_open(const char *path, enum mm_db_mode mode, struct mm_db **ret);
/* Finalizes every statement that is left. Safe on a pointer to NULL. */
void mm_db_close(struct mm_db **db);
/* From here on nothing can be written through this connection. */
MM_MUST_USE enum mm_code mm_db_query_only(struct mm_db *db);
/* Run every statement of sql; for migrations, transactions and settings. */
MM_MUST_USE enum mm_code mm_db_exec(struct mm_db *db, const char *sql);
/* Ends a transaction without its changes, if there is one. False: the connection is of no use. */
bool mm_db_rollback(struct mm_db *db);
/* Once, right after opening: changing the watcher would make every statement compile again. */
void mm_db_watch(struct mm_db *db, mm_db_watcher fn, void *arg);
/* SQLite's own words about the last failure; for operators, never for pages. Borrowed. */
const char *mm_db_error(struct mm_db *db);
/* Rows inserted, updated and deleted through this connection since it was opened. */
int64_t mm_db_rows(struct mm_db *db);
/* Rowid of the last row inserted through this connection. */
int64_t mm_db_last_id(struct mm_db *db);
/* False inside a transaction. SQLite rolls back by itself on a full disk. */
bool mm_db_idle(struct mm_db *db);
/* Pages in the write-ahead log after the last commit through this connection. */
int mm_db_wal_pages(const struct mm_db *db);
/* Move the log into the file as far as readers allow; never blocks anyone. */
void mm_db_checkpoint(struct mm_db *db);
/*
 * Make `path`, which must not be there, a copy of what this connection's snapshot sees; others go
 * on writing. One file without a log beside it. Not synced. A broken copy may stay after a failure.
 */
MM_MUST_USE enum mm_code mm_db_copy(struct mm_db *db, const char *path);
/* Write the file anew: what was deleted is gone from it and from its log. Nobody else may read. */
MM_MUST_USE enum mm_code mm_db_vacuum(struct mm_db *db);
/* SQLite's version as text ("3.40.1"). */
const char *mm_db_version(void);

/* An SQL function of one integer that answers true or false; NULL never reaches it (false). */
typedef bool (*mm_db_test_fn)(void *arg, int64_t value);
/* An SQL function of no argument that answers an integer, or NULL for false. */
typedef bool (*mm_db_int_fn)(void *arg, int64_t *ret);
MM_MUST_USE enum mm_code mm_db_test_function(struct mm_db *db, const char *name, mm_db_test_fn fn,
                                             void *arg);
MM_MUST_USE enum mm_code mm_db_int_function(struct mm_db *db, const char *name, mm_db_int_fn fn,
                                            void *arg);

/* Compile one statement. Text behind it is refused. */
MM_MUST_USE enum mm_code mm_db_prepare(struct mm_db *db, const char *sql, struct mm_db_stmt **ret);
/* Safe on a pointer to NULL. */
void mm_db_finalize(struct mm_db_stmt **st);
bool mm_db_readonly(struct mm_db_stmt *st);
/* Parameters are 1..count; 0 when there is none of that name (with its colon). */
int mm_db_params(struct mm_db_stmt *st);
int mm_db_param(struct mm_db_stmt *st, const char *name);
/* Text and blobs are copied. */
MM_MUST_USE enum mm_code mm_db_bind_int(struct mm_db_stmt *st, int at, int64_t v);
MM_MUST_USE enum mm_code mm_db_bind_text(struct mm_db_stmt *st, int at, struct mm_slice v);
MM_MUST_USE enum mm_code mm_db_bind_blob(struct mm_db_stmt *st, int at, struct mm_slice v);
MM_MUST_USE enum mm_code mm_db_bind_null(struct mm_db_stmt *st, int at);
/* MM_OK with *ret_row saying whether there is a row; otherwise why not. */
MM_MUST_USE enum mm_code mm_db_step(struct mm_db_stmt *st, bool *ret_row);
/* Ready for the next run; bindings are cleared. */
void mm_db_reset(struct mm_db_stmt *st);
int mm_db_columns(struct mm_db_stmt *st);
const char *mm_db_column_name(struct mm_db_stmt *st, int at);
bool mm_db_is_null(struct mm_db_stmt *st, int at);
/* What stands there: STRICT tables of ours hold nothing else. */
enum mm_db_type { MM_DB_NOTHING, MM_DB_INTEGER, MM_DB_TEXT, MM_DB_BLOB };
enum mm_db_type mm_db_type(struct mm_db_stmt *st, int at);
int64_t mm_db_int(struct mm_db_stmt *st, int at);
/* Bytes of a text or blob; borrowed until the next step or reset. */
struct mm_slice mm_db_bytes(struct mm_db_stmt *st, int at);

#endif
