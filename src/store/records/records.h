/*
 * store/records/records.h - what people and machines must not forget: one SQLite file.
 *
 * Purpose   Open the records of a state directory, read them in snapshots, write them through one
 *           thread that groups what waits. Statements are in query.h, scopes in scope.h.
 * Owns      struct mm_records owns the file handles, the lock and the writer thread. A
 *           transaction is borrowed from it and lives until mm_records_read_done, or for the
 *           length of the write function.
 * Threads   struct mm_records may be used by every thread. A transaction belongs to the thread
 *           that has it.
 * Trust     The file is ours but may be damaged, newer, or on a full disk: all of these are
 *           answers, never crashes.
 * Spec      WAL, synchronous=FULL, STRICT tables. Every write transaction holds the side lock
 *           records.lock (flock) because SQLite's own waiting polls and starves.
 *
 * How a feature gets tables (nothing else has to be touched):
 *   1. src/FEATURE/migrations/NNN-what.sql, numbered from 001 without gaps, never edited after
 *      they were released. Every table is STRICT and has a column `company INTEGER NOT NULL`
 *      that references company(company), unless its data belongs to nobody: such a table is named
 *      in the feature's `shared` list.
 *   2. src/FEATURE/statements.def with one row MM_STMT(id, kind, sql) a statement; see query.h.
 *   3. In src/FEATURE/meson.build: a custom_target with embed_sql (copy src/register/meson.build).
 *   4. A struct mm_feature (copy src/register/feature.c) and one line in src/app/tables.c.
 */
#ifndef MM_STORE_RECORDS_RECORDS_H
#define MM_STORE_RECORDS_RECORDS_H

#include "base/base.h"
#include "store/records/scope.h"

struct mm_records;
struct mm_tx;

enum {
    /* A write transaction ends at whichever comes first; what was over is counted. */
    MM_RECORDS_TX_US_MAX = 20000,
    MM_RECORDS_TX_ROWS_MAX = 300,
    /* Snapshots open at once in one process: portal threads and their streams. */
    MM_RECORDS_READERS_MAX = 64,
    MM_FEATURES_MAX = 32,
};

struct mm_migration {
    uint32_t number; /* 1, 2, 3 ... */
    const char *name;
    const char *sql;
};

struct mm_stmt;

/* What a feature brings along. Static; order in a list is the order of migration. */
struct mm_feature {
    const char *name; /* "register" */
    const struct mm_migration *migrations;
    size_t migration_count;
    const struct mm_stmt *stmts;
    size_t stmt_count;
    const char *const *shared; /* tables without a company, NULL-terminated; may be NULL */
};

/* Why the records could not be opened. */
struct mm_records_fault {
    const char *what; /* stable key: records.newer, records.changed, records.io ... */
    char detail[256]; /* SQLite's or errno's words, or the version that is needed */
};

struct mm_records_options {
    const char *dir; /* state directory; must exist */
    const struct mm_feature *const *features;
    size_t feature_count;
    const char *version; /* of this program, written beside the migrations it applies */
};

/*
 * Open DIR/records.db, create it when it isn't there, apply the migrations that are missing (each
 * in its own transaction, so that a killed one is simply done again). MM_E_VERSION when the file
 * was written by a newer Mimamori (detail holds its version) or a released migration was edited.
 * *ret untouched on failure. fault may be NULL.
 */
MM_MUST_USE enum mm_code mm_records_open(const struct mm_records_options *options,
                                         struct mm_records **ret, struct mm_records_fault *fault);
/* Finishes what waits, then closes. No transaction may be open. Leaves NULL. */
void mm_records_close(struct mm_records **rec);

/*
 * A snapshot of everything committed so far, read under `scope`, which must outlive it.
 * MM_E_BUSY when MM_RECORDS_READERS_MAX are open already.
 */
MM_MUST_USE enum mm_code mm_records_read(struct mm_records *rec, const struct mm_scope *scope,
                                         struct mm_tx **ret);
/* Ends the snapshot and leaves NULL. Every statement must have been ended. Safe on NULL. */
void mm_records_read_done(struct mm_tx **tx);

/* Work inside a write transaction. MM_OK keeps its changes, anything else undoes them alone. */
typedef enum mm_code (*mm_records_work)(struct mm_tx *tx, void *arg);

/*
 * Run `work` on the writer thread and wait until its changes are durable. Returns what it
 * returned, or why they could not be made durable (then nothing of it is there). Called exactly
 * once, or never when the answer is MM_E_BUSY, _DENIED (read-only scope), _IO or _FULL. May wait
 * for other processes. Never call it while this thread has a write transaction.
 */
MM_MUST_USE enum mm_code mm_records_write(struct mm_records *rec, const struct mm_scope *scope,
                                          mm_records_work work, void *arg);

/* Called on the writer thread when the outcome is known; it must not block. */
typedef void (*mm_records_done)(void *arg, enum mm_code code);

/*
 * As _write without waiting; `done` (may be NULL) is called exactly once if this returns MM_OK.
 * Company and system scopes only: they are copied.
 */
MM_MUST_USE enum mm_code mm_records_write_async(struct mm_records *rec,
                                                const struct mm_scope *scope, mm_records_work work,
                                                mm_records_done done, void *arg);

/* The scope this transaction runs under now. */
const struct mm_scope *mm_tx_scope(const struct mm_tx *tx);
/*
 * From here to _widen the transaction sees one company of its scope: for an operator's work in
 * one company. MM_E_NOTFOUND when the scope doesn't see it. No statement may be open. In a
 * snapshot it is right but slow: narrow the scope (mm_scope_narrow) before mm_records_read.
 */
MM_MUST_USE enum mm_code mm_tx_narrow(struct mm_tx *tx, uint32_t company);
void mm_tx_widen(struct mm_tx *tx);

/*
 * True when anything was committed (by any process, this one included) since the last call with
 * the same *seen; start with *seen = 0, which answers true once. Cheap enough to poll.
 */
bool mm_records_changed(struct mm_records *rec, uint64_t *seen);

struct mm_records_stats {
    uint64_t commits;
    uint64_t works; /* write functions run */
    uint64_t rows;
    uint64_t undone;           /* works that were rolled back */
    uint64_t over_time;        /* transactions longer than MM_RECORDS_TX_US_MAX, commit included */
    uint64_t over_rows;        /* transactions of more than MM_RECORDS_TX_ROWS_MAX rows */
    uint64_t group_max;        /* works in one transaction */
    int64_t tx_max_us;         /* lock held, commit included */
    int64_t work_max_us;       /* lock held before the commit */
    int64_t lock_wait_max_us;  /* waiting for records.lock */
    int64_t queue_wait_max_us; /* from _write to the start of the work */
};

void mm_records_stats(struct mm_records *rec, struct mm_records_stats *ret);
/* SQLite's words about the last failure of a write transaction; for the operator's log. */
void mm_records_error(struct mm_records *rec, char *ret, size_t size);

#endif
