/* store/records/query.c - see query.h for the contract. */
#include "store/records/query.h"

#include "store/records/tx.h"

/* May this scope run this kind at all? */
static enum mm_code allowed(const struct mm_tx *tx, const struct mm_stmt *stmt)
{
    enum mm_scope_kind kind = mm_scope_kind(tx->scope);

    if (stmt->kind == MM_STMT_SYSTEM && !tx->elevated && kind != MM_SCOPE_SYSTEM)
        return MM_E_DENIED;
    if (kind == MM_SCOPE_PROGRAMME && !tx->elevated && stmt->kind != MM_STMT_AGGREGATE)
        return MM_E_DENIED;
    if (stmt->kind == MM_STMT_WRITE && tx->kind != MM_TX_WRITER)
        return MM_E_DENIED;
    return MM_OK;
}

/* :company is the scope's and nobody else's. */
static enum mm_code bind_company(struct mm_q *q)
{
    int at = q->st->company_at;

    if (at == 0)
        return MM_OK;
    if (mm_scope_kind(q->tx->scope) != MM_SCOPE_COMPANY)
        return MM_E_DENIED;
    q->bound |= UINT64_C(1) << (at - 1);
    return mm_db_bind_int(q->st->db, at, mm_scope_company(q->tx->scope));
}

void mm_q_begin(struct mm_q *q, struct mm_tx *tx, const struct mm_stmt *stmt)
{
    MM_ASSERT(tx != NULL && tx->magic == TX_MAGIC && tx->scope != NULL);
    MM_ASSERT(stmt != NULL && stmt->sql != NULL);
    *q = (struct mm_q){.tx = tx};
    q->code = allowed(tx, stmt);
    if (q->code == MM_OK)
        q->code = mm_tx_prepare(tx, stmt, &q->st);
    if (q->code != MM_OK)
        return;
    tx->open++;
    q->code = bind_company(q);
}

/* Position of a parameter that the caller may bind, or 0 when the query has failed. */
static int param(struct mm_q *q, const char *name)
{
    int at;

    if (q->st == NULL || q->code != MM_OK)
        return 0;
    MM_ASSERT(!q->stepped);
    at = mm_db_param(q->st->db, name);
    MM_ASSERT(at > 0);                  /* no such parameter */
    MM_ASSERT(at != q->st->company_at); /* the scope binds it */
    q->bound |= UINT64_C(1) << (at - 1);
    return at;
}

void mm_q_int(struct mm_q *q, const char *name, int64_t v)
{
    int at = param(q, name);

    if (at != 0)
        q->code = mm_db_bind_int(q->st->db, at, v);
}

void mm_q_text(struct mm_q *q, const char *name, struct mm_slice v)
{
    int at = param(q, name);

    if (at != 0)
        q->code = mm_db_bind_text(q->st->db, at, v);
}

void mm_q_blob(struct mm_q *q, const char *name, struct mm_slice v)
{
    int at = param(q, name);

    if (at != 0)
        q->code = mm_db_bind_blob(q->st->db, at, v);
}

void mm_q_null(struct mm_q *q, const char *name)
{
    int at = param(q, name);

    if (at != 0)
        q->code = mm_db_bind_null(q->st->db, at);
}

static bool all_bound(const struct mm_q *q)
{
    int n = mm_db_params(q->st->db);

    return n == 0 || q->bound == (UINT64_MAX >> (64 - n));
}

/* A programme scope never learns of fewer companies than could hide one another. */
static bool shown(const struct mm_q *q)
{
    return q->st->stmt->kind != MM_STMT_AGGREGATE || q->tx->elevated ||
           mm_scope_kind(q->tx->scope) != MM_SCOPE_PROGRAMME ||
           mm_db_int(q->st->db, 0) >= MM_SCOPE_COHORT_MIN;
}

bool mm_q_row(struct mm_q *q)
{
    if (q->st == NULL || q->code != MM_OK || (q->stepped && !q->row))
        return false;
    if (!q->stepped)
        MM_ASSERT(all_bound(q));
    q->stepped = true;
    do {
        q->row = false;
        q->code = mm_db_step(q->st->db, &q->row);
    } while (q->code == MM_OK && q->row && !shown(q));
    return q->row;
}

static bool has(const struct mm_q *q, int at)
{
    if (!q->row || q->code != MM_OK)
        return false;
    MM_ASSERT(at >= 0 && at < mm_db_columns(q->st->db));
    return true;
}

int64_t mm_q_col_int(struct mm_q *q, int at)
{
    return has(q, at) ? mm_db_int(q->st->db, at) : 0;
}

struct mm_slice mm_q_col_text(struct mm_q *q, int at)
{
    return has(q, at) ? mm_db_bytes(q->st->db, at) : (struct mm_slice){0};
}

struct mm_slice mm_q_col_blob(struct mm_q *q, int at)
{
    return mm_q_col_text(q, at);
}

bool mm_q_col_null(struct mm_q *q, int at)
{
    return !has(q, at) || mm_db_is_null(q->st->db, at);
}

uint32_t mm_q_col_u32(struct mm_q *q, int at)
{
    int64_t v = mm_q_col_int(q, at);

    if (v >= 0 && v <= UINT32_MAX)
        return (uint32_t)v;
    q->code = MM_E_IO;
    return 0;
}

struct mm_slice mm_q_col_dup(struct mm_q *q, int at, struct mm_arena *a)
{
    struct mm_slice s = mm_q_col_text(q, at), copy = {0};

    if (s.n > 0 && !mm_arena_dup(a, s, &copy))
        q->code = MM_E_NOMEM;
    return copy;
}

static void give_back(struct mm_q *q)
{
    if (q->st == NULL)
        return;
    mm_tx_release(q->tx, q->st);
    MM_ASSERT(q->tx->open > 0);
    q->tx->open--;
    q->st = NULL;
    q->row = false;
}

enum mm_code mm_q_end(struct mm_q *q)
{
    if (!q->stepped)
        (void)mm_q_row(q);
    give_back(q);
    return q->code;
}

enum mm_code mm_q_end_touch(struct mm_q *q)
{
    int64_t before = mm_db_rows(q->tx->db);
    enum mm_code code = mm_q_end(q);

    if (code == MM_OK && mm_db_rows(q->tx->db) == before)
        return MM_E_NOTFOUND;
    return code;
}

enum mm_code mm_q_end_int(struct mm_q *q, int64_t *ret)
{
    bool found = mm_q_row(q);
    int64_t v = mm_q_col_int(q, 0);
    enum mm_code code = mm_q_end(q);

    if (code != MM_OK)
        return code;
    if (!found)
        return MM_E_NOTFOUND;
    *ret = v;
    return MM_OK;
}

int64_t mm_tx_last_id(struct mm_tx *tx)
{
    return mm_db_last_id(tx->db);
}
