/*
 * store/records/tx.h - a connection with its views, guards and statements; store/records only.
 *
 * Purpose   Where the scope meets SQLite: a bare table name is a temporary view of the rows that
 *           the scope sees, and temporary triggers on the writer refuse every other row.
 * Owns      The connection and its statement cache.
 * Threads   One thread at a time.
 * Trust     Statements are ours but may be wrong: judged when compiled (query.h has the rules).
 */
#ifndef MM_STORE_RECORDS_TX_H
#define MM_STORE_RECORDS_TX_H

#include "store/records/db.h"
#include "store/records/query.h"
#include "store/records/scope_priv.h"

enum mm_tx_kind {
    MM_TX_ONE,    /* reads of one company: views compare, so that indexes give their order */
    MM_TX_MANY,   /* reads of a set of companies, or of all */
    MM_TX_WRITER, /* the writer: guards on every table */
    MM_TX_KINDS,
};

enum {
    TX_MAGIC = 0x6d6d7478,
    /* Slots of the statement cache, a power of two; twice what all features declare. */
    TX_SLOTS = 2048,
    /* Tables of all features together. */
    TX_TABLES_MAX = 256,
    TX_NAME_MAX = 64,
    /* Columns of one table that point at other tables' rows; ours have two. */
    TX_REFERENCES_MAX = 8,
};

struct mm_prepared {
    const struct mm_stmt *stmt;
    const char *sql; /* stmt->sql when it was compiled */
    struct mm_db_stmt *db;
    int company_at; /* position of :company, 0 when there is none */
    bool busy;
    bool transient; /* a second use at the same time: finalized instead of kept */
};

struct mm_tx {
    uint32_t magic;
    enum mm_tx_kind kind;
    struct mm_records *rec;
    struct mm_db *db;
    struct mm_tx *next; /* in the pool */
    const struct mm_scope *scope;
    const struct mm_scope *outer; /* the scope before _narrow, else NULL */
    struct mm_scope_hold hold;
    bool elevated;
    size_t open; /* queries begun and not ended */
    struct mm_prepared *slots;
    size_t slot_count;
    char (*owned)[TX_NAME_MAX]; /* tables with a company column */
    size_t owned_count;
    struct mm_judgement *judgement; /* while a statement is compiled */
};

/* Opens DIR/records.db and makes views (and guards). The schema must be migrated. */
MM_MUST_USE enum mm_code mm_tx_new(struct mm_records *rec, const char *path, enum mm_tx_kind kind,
                                   struct mm_tx **ret);
void mm_tx_free(struct mm_tx **tx);
/* Puts a scope on; takes it off again. No query may be open. */
void mm_tx_enter(struct mm_tx *tx, const struct mm_scope *scope);
void mm_tx_leave(struct mm_tx *tx);
/* The statement ready to bind, from the cache or compiled and judged. */
MM_MUST_USE enum mm_code mm_tx_prepare(struct mm_tx *tx, const struct mm_stmt *stmt,
                                       struct mm_prepared **ret);
void mm_tx_release(struct mm_tx *tx, struct mm_prepared *st);
/* Why the last statement was refused, for mm_records_check: a static text. */
const char *mm_tx_refusal(enum mm_code code);

#endif
