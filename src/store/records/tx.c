/* store/records/tx.c - see tx.h for the contract. */
#include "store/records/tx.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "store/records/system_scope.h"

/* What compiling one statement showed. */
struct mm_judgement {
    bool direct;  /* reads a whole company-owned table without its view */
    bool outside; /* schema change, PRAGMA, ATTACH, transaction */
};

/* ---- what the views and guards ask ---- */

/* mm_sees(company): may this row be written? */
static bool sql_sees(void *arg, int64_t value)
{
    const struct mm_tx *tx = arg;

    /* A company being added has no number yet when its guard asks. */
    if (tx->elevated)
        return true;
    return tx->scope != NULL && value >= 0 && value <= UINT32_MAX &&
           mm_scope_sees(tx->scope, (uint32_t)value);
}

/* mm_company(): the one company; NULL (no row at all) under any other scope. */
static bool sql_company(void *arg, int64_t *ret)
{
    const struct mm_tx *tx = arg;

    if (tx->scope == NULL || tx->elevated || mm_scope_kind(tx->scope) != MM_SCOPE_COMPANY)
        return false;
    *ret = mm_scope_company(tx->scope);
    return true;
}

/* mm_low() and mm_high(): the companies that the scope sees lie between them. A range lets an index
 * on company help, and costs nothing to make, whatever the number of companies. */
static bool sql_low(void *arg, int64_t *ret)
{
    const struct mm_tx *tx = arg;
    const struct mm_scope *s = tx->scope;

    if (s == NULL)
        return false;
    if (tx->elevated || s->all)
        *ret = 0;
    else if (s->kind == MM_SCOPE_COMPANY)
        *ret = s->company;
    else if (s->count > 0)
        *ret = s->companies[0];
    else
        return false;
    return true;
}

static bool sql_high(void *arg, int64_t *ret)
{
    const struct mm_tx *tx = arg;
    const struct mm_scope *s = tx->scope;

    if (s == NULL)
        return false;
    if (tx->elevated || s->all)
        *ret = UINT32_MAX;
    else if (s->kind == MM_SCOPE_COMPANY)
        *ret = s->company;
    else if (s->count > 0)
        *ret = s->companies[s->count - 1];
    else
        return false;
    return true;
}

/* ---- judging statements ---- */

static bool owned(const struct mm_tx *tx, const char *table)
{
    for (size_t i = 0; i < tx->owned_count; i++) {
        if (strcasecmp(tx->owned[i], table) == 0)
            return true;
    }
    return false;
}

static bool watch(void *arg, enum mm_db_access access, const char *table, bool stored,
                  const char *via)
{
    struct mm_tx *tx = arg;
    struct mm_judgement *j = tx->judgement;

    if (j == NULL)
        return true; /* our own transactions, views and migrations */
    if (access == MM_DB_OTHER)
        j->outside = true;
    else if (access == MM_DB_READS && stored && (via == NULL || strcasecmp(via, table) != 0) &&
             owned(tx, table))
        j->direct = true; /* not through the view of the same name */
    return !j->outside;
}

static bool word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* How often the word stands in sql, quoted or not, in any case. */
static size_t words(const char *sql, const char *word)
{
    size_t n = strlen(word), hits = 0;

    for (size_t i = 0; sql[i] != 0; i++) {
        if (strncasecmp(sql + i, word, n) == 0 && (i == 0 || !word_char(sql[i - 1])) &&
            !word_char(sql[i + n]))
            hits++;
    }
    return hits;
}

#define AGGREGATE_START "SELECT count(DISTINCT company) AS companies,"

/* The rules of query.h. MM_OK, or the code whose mm_tx_refusal says what is wrong. */
static enum mm_code judge(const struct mm_stmt *stmt, struct mm_db_stmt *st,
                          const struct mm_judgement *j)
{
    if (j->outside || mm_db_params(st) > 64)
        return MM_E_CONFIG;
    switch (stmt->kind) {
    case MM_STMT_SYSTEM:
        return MM_OK;
    case MM_STMT_WRITE:
        if (mm_db_readonly(st) || words(stmt->sql, "main") != 1 || words(stmt->sql, "temp") != 0)
            return MM_E_SYNTAX;
        return mm_db_param(st, ":company") == 0 ? MM_E_RANGE : MM_OK;
    case MM_STMT_AGGREGATE:
        if (strncmp(stmt->sql, AGGREGATE_START, sizeof(AGGREGATE_START) - 1) != 0)
            return MM_E_LIMIT;
        break;
    case MM_STMT_READ:
        break;
    }
    /* The word itself is refused too: SQLite names a CTE as if it were a view. */
    return j->direct || !mm_db_readonly(st) || words(stmt->sql, "main") != 0 ? MM_E_DENIED : MM_OK;
}

const char *mm_tx_refusal(enum mm_code code)
{
    switch (code) {
    case MM_OK:
        return "accepted";
    case MM_E_CONFIG:
        return "changes the schema or settings, or has more than 64 parameters";
    case MM_E_SYNTAX:
        return "a WRITE names its one target as main.TABLE and nothing else so";
    case MM_E_RANGE:
        return "a WRITE binds :company";
    case MM_E_LIMIT:
        return "an AGGREGATE starts with " AGGREGATE_START;
    case MM_E_DENIED:
        return "reads a whole company-owned table, or writes without being a WRITE";
    default:
        return "SQLite refuses it";
    }
}

/* ---- statements ---- */

static enum mm_code compile(struct mm_tx *tx, const struct mm_stmt *stmt, struct mm_prepared *ret)
{
    struct mm_judgement j = {0};
    struct mm_db_stmt *st = NULL;
    enum mm_code code;

    tx->judgement = &j;
    code = mm_db_prepare(tx->db, stmt->sql, &st);
    tx->judgement = NULL;
    if (code != MM_OK)
        return j.outside ? MM_E_CONFIG : MM_E_BUG;
    code = judge(stmt, st, &j);
    if (code != MM_OK) {
        mm_db_finalize(&st);
        return code;
    }
    *ret = (struct mm_prepared){
        .stmt = stmt,
        .sql = stmt->sql,
        .db = st,
        .company_at = stmt->kind == MM_STMT_SYSTEM ? 0 : mm_db_param(st, ":company"),
    };
    return MM_OK;
}

/* The slot of stmt, or a free one; NULL when the cache is full. */
static struct mm_prepared *slot_of(struct mm_tx *tx, const struct mm_stmt *stmt)
{
    size_t at = ((uintptr_t)stmt / _Alignof(struct mm_stmt)) * 0x9e3779b1u;

    for (size_t i = 0; i < TX_SLOTS / 4; i++) {
        struct mm_prepared *p = &tx->slots[(at + i) & (TX_SLOTS - 1)];

        if (p->stmt == stmt || p->stmt == NULL)
            return p;
    }
    return NULL;
}

enum mm_code mm_tx_prepare(struct mm_tx *tx, const struct mm_stmt *stmt, struct mm_prepared **ret)
{
    struct mm_prepared *p = slot_of(tx, stmt);
    enum mm_code code;

    if (p != NULL && p->stmt == stmt && !p->busy) {
        MM_ASSERT(p->sql == stmt->sql); /* statements are static: known by their address */
        p->busy = true;
        *ret = p;
        return MM_OK;
    }
    if (p == NULL || p->stmt != NULL) {
        p = calloc(1, sizeof(*p));
        if (p == NULL)
            return MM_E_NOMEM;
        code = compile(tx, stmt, p);
        p->transient = true;
    } else {
        code = compile(tx, stmt, p);
    }
    if (code != MM_OK) {
        if (p->transient)
            free(p);
        return code;
    }
    p->busy = true;
    *ret = p;
    return MM_OK;
}

void mm_tx_release(struct mm_tx *tx, struct mm_prepared *st)
{
    MM_ASSERT(st->busy);
    (void)tx;
    if (st->transient) {
        mm_db_finalize(&st->db);
        free(st);
        return;
    }
    mm_db_reset(st->db);
    st->busy = false;
}

/* ---- opening ---- */

/* Names of the tables that have a company column. */
static enum mm_code load_owned(struct mm_tx *tx)
{
    struct mm_db_stmt *st = NULL;
    bool row = false;
    enum mm_code code = mm_db_prepare(
        tx->db,
        "SELECT t.name FROM main.sqlite_schema t JOIN pragma_table_info(t.name, 'main') c"
        " WHERE t.type = 'table' AND c.name = 'company' ORDER BY t.name",
        &st);

    while (code == MM_OK && (code = mm_db_step(st, &row)) == MM_OK && row) {
        struct mm_slice name = mm_db_bytes(st, 0);

        if (tx->owned_count == TX_TABLES_MAX || name.n >= TX_NAME_MAX) {
            code = MM_E_LIMIT;
            break;
        }
        memcpy(tx->owned[tx->owned_count], name.p, name.n);
        tx->owned_count++;
    }
    mm_db_finalize(&st);
    return code;
}

/*
 * What the view of a table shows. Readers of one company compare, so that indexes find and order.
 * Readers of many look each row up in their set: pages end early, whatever the number of
 * companies. The writer, which mostly works in one company, also bounds a range for the index.
 */
static const char *const shown[MM_TX_KINDS] = {
    [MM_TX_ONE] = "company = mm_company()",
    [MM_TX_MANY] = "mm_sees(company)",
    [MM_TX_WRITER] = "company BETWEEN mm_low() AND mm_high() AND mm_sees(company)",
};

static enum mm_code make_view(struct mm_tx *tx, const char *table)
{
    char sql[512];
    int n =
        snprintf(sql, sizeof(sql), "CREATE TEMP VIEW \"%s\" AS SELECT * FROM main.\"%s\" WHERE %s",
                 table, table, shown[tx->kind]);

    MM_ASSERT(n > 0 && (size_t)n < sizeof(sql));
    return mm_db_exec(tx->db, sql);
}

static enum mm_code make_guards(struct mm_tx *tx, const char *table)
{
    static const struct {
        const char *verb;
        const char *when;
    } guards[] = {
        {"INSERT", "NOT mm_sees(NEW.company)"},
        {"UPDATE", "NOT mm_sees(OLD.company) OR NOT mm_sees(NEW.company)"},
        {"DELETE", "NOT mm_sees(OLD.company)"},
    };
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < MM_COUNT(guards) && code == MM_OK; i++) {
        char sql[640];
        int n = snprintf(sql, sizeof(sql),
                         "CREATE TEMP TRIGGER \"mm_guard_%s_%s\" BEFORE %s ON main.\"%s\" WHEN %s "
                         "BEGIN SELECT RAISE(ABORT, 'outside the scope'); END",
                         guards[i].verb, table, guards[i].verb, table, guards[i].when);

        MM_ASSERT(n > 0 && (size_t)n < sizeof(sql));
        code = mm_db_exec(tx->db, sql);
    }
    return code;
}

/* A column that points at a row of another table by that row's number alone. */
struct reference {
    char column[TX_NAME_MAX], parent[TX_NAME_MAX], key[TX_NAME_MAX];
};

static bool copy_name(struct mm_slice from, char to[TX_NAME_MAX])
{
    if (from.n == 0 || from.n >= TX_NAME_MAX)
        return false;
    memcpy(to, from.p, from.n);
    to[from.n] = 0;
    return true;
}

static enum mm_code load_references(struct mm_tx *tx, const char *table, struct reference *ret,
                                    size_t *ret_n)
{
    struct mm_db_stmt *st = NULL;
    size_t n = 0;
    bool row = false;
    enum mm_code code = mm_db_prepare(
        tx->db,
        "SELECT \"from\", \"table\", \"to\" FROM pragma_foreign_key_list(:table, 'main')"
        " GROUP BY id HAVING count(*) = 1 AND \"from\" <> 'company'",
        &st);

    if (code == MM_OK)
        code = mm_db_bind_text(st, 1, mm_slice_str(table));
    while (code == MM_OK && (code = mm_db_step(st, &row)) == MM_OK && row) {
        struct reference *r = &ret[n];

        if (n == TX_REFERENCES_MAX || !copy_name(mm_db_bytes(st, 0), r->column) ||
            !copy_name(mm_db_bytes(st, 1), r->parent) || !copy_name(mm_db_bytes(st, 2), r->key))
            code = MM_E_LIMIT;
        else if (owned(tx, r->parent))
            n++;
    }
    mm_db_finalize(&st);
    *ret_n = n;
    return code;
}

/* A row of one company hangs on no row of another: neither could be shown, erased or trusted. */
static enum mm_code make_parent_guards(struct mm_tx *tx, const char *table)
{
    static const char *const verbs[] = {"INSERT", "UPDATE"};
    struct reference refs[TX_REFERENCES_MAX + 1];
    size_t n = 0;
    enum mm_code code = load_references(tx, table, refs, &n);

    for (size_t i = 0; i < n * MM_COUNT(verbs) && code == MM_OK; i++) {
        const struct reference *r = &refs[i / MM_COUNT(verbs)];
        const char *verb = verbs[i % MM_COUNT(verbs)];
        char sql[1024];
        int len = snprintf(sql, sizeof(sql),
                           "CREATE TEMP TRIGGER \"mm_parent_%s_%s_%s\" BEFORE %s ON main.\"%s\" "
                           "WHEN (SELECT company FROM main.\"%s\" WHERE \"%s\" = NEW.\"%s\") "
                           "<> NEW.company "
                           "BEGIN SELECT RAISE(ABORT, 'outside the scope'); END",
                           verb, table, r->column, verb, table, r->parent, r->key, r->column);

        MM_ASSERT(len > 0 && (size_t)len < sizeof(sql));
        code = mm_db_exec(tx->db, sql);
    }
    return code;
}

static enum mm_code furnish(struct mm_tx *tx)
{
    enum mm_code code = load_owned(tx);

    for (size_t i = 0; i < tx->owned_count && code == MM_OK; i++) {
        code = make_view(tx, tx->owned[i]);
        if (code == MM_OK && tx->kind == MM_TX_WRITER)
            code = make_guards(tx, tx->owned[i]);
        if (code == MM_OK && tx->kind == MM_TX_WRITER)
            code = make_parent_guards(tx, tx->owned[i]);
    }
    if (code == MM_OK && tx->kind != MM_TX_WRITER)
        code = mm_db_query_only(tx->db);
    return code;
}

enum mm_code mm_tx_new(struct mm_records *rec, const char *path, enum mm_tx_kind kind,
                       struct mm_tx **ret)
{
    struct mm_tx *tx = calloc(1, sizeof(*tx));
    enum mm_code code;

    if (tx == NULL)
        return MM_E_NOMEM;
    *tx = (struct mm_tx){.magic = TX_MAGIC, .kind = kind, .rec = rec};
    tx->slots = calloc(TX_SLOTS, sizeof(*tx->slots));
    tx->owned = calloc(TX_TABLES_MAX, sizeof(*tx->owned));
    code = tx->slots == NULL || tx->owned == NULL
               ? MM_E_NOMEM
               : mm_db_open(path, kind == MM_TX_WRITER ? MM_DB_WRITE : MM_DB_READ, &tx->db);
    if (code == MM_OK)
        code = mm_db_int_function(tx->db, "mm_company", sql_company, tx);
    if (code == MM_OK)
        code = mm_db_int_function(tx->db, "mm_low", sql_low, tx);
    if (code == MM_OK)
        code = mm_db_int_function(tx->db, "mm_high", sql_high, tx);
    if (code == MM_OK)
        code = mm_db_test_function(tx->db, "mm_sees", sql_sees, tx);
    if (code == MM_OK) {
        mm_db_watch(tx->db, watch, tx);
        code = furnish(tx);
    }
    if (code != MM_OK) {
        mm_tx_free(&tx);
        return code;
    }
    *ret = tx;
    return MM_OK;
}

void mm_tx_free(struct mm_tx **tx)
{
    if (*tx == NULL)
        return;
    MM_ASSERT((*tx)->magic == TX_MAGIC && (*tx)->open == 0);
    mm_db_close(&(*tx)->db); /* finalizes the cached statements */
    free((*tx)->slots);
    free((*tx)->owned);
    (*tx)->magic = 0;
    free(*tx);
    *tx = NULL;
}

/* ---- scopes ---- */

static void wear(struct mm_tx *tx, const struct mm_scope *scope)
{
    MM_ASSERT(tx != NULL && tx->magic == TX_MAGIC);
    MM_ASSERT(tx->open == 0); /* a running statement keeps the scope it began under */
    tx->scope = scope;
}

void mm_tx_enter(struct mm_tx *tx, const struct mm_scope *scope)
{
    MM_ASSERT(scope != NULL && scope->magic == MM_SCOPE_MAGIC);
    wear(tx, scope);
    tx->outer = NULL;
    tx->elevated = false;
}

void mm_tx_leave(struct mm_tx *tx)
{
    wear(tx, NULL);
    tx->outer = NULL;
    tx->elevated = false;
}

const struct mm_scope *mm_tx_scope(const struct mm_tx *tx)
{
    MM_ASSERT(tx->scope != NULL);
    return tx->scope;
}

enum mm_code mm_tx_narrow(struct mm_tx *tx, uint32_t company)
{
    const struct mm_scope *narrow = NULL, *outer = tx->scope;
    enum mm_code code;

    MM_ASSERT(tx->outer == NULL);
    code = mm_scope_narrow(outer, company, &tx->hold, &narrow);
    if (code != MM_OK)
        return code;
    wear(tx, narrow);
    tx->outer = outer;
    return MM_OK;
}

void mm_tx_widen(struct mm_tx *tx)
{
    MM_ASSERT(tx->outer != NULL);
    wear(tx, tx->outer);
    tx->outer = NULL;
}

void mm_tx_elevate(struct mm_tx *tx)
{
    MM_ASSERT(!tx->elevated);
    wear(tx, tx->scope);
    tx->elevated = true;
}

void mm_tx_drop(struct mm_tx *tx)
{
    MM_ASSERT(tx->elevated);
    wear(tx, tx->scope);
    tx->elevated = false;
}
